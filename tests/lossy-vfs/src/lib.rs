//! A file layer under SQLite that loses power, fails and fills up on demand.
//!
//! ```text
//!   SQLite ── LossyVfs ── the default layer ── real files
//!                │
//!                └── per file: what the disk surely has, and the writes since the last sync
//! ```
//!
//! Writes go to the real files at once, so that every connection sees them. Beside them the layer keeps what a power loss
//! would leave: [`LossyVfs::lose_power`] throws the dice over the writes since each file's last sync, puts the result in
//! the place of the files, and makes every connection from before fail for good. Source: faults.md 4.4.
//!
//! Syncs are counted and obeyed in this book-keeping, but the real disk is not asked to sync unless
//! [`LossyVfs::really_sync`] says so. Together with a folder in memory (`/dev/shm` on Linux) a simulated phone then pays
//! for no disk at all.
//!
//! Rules and limits:
//! - Files are told apart by full path. A folder is named by the beginning of its path, links resolved.
//! - A file that was created or deleted stays so after a power loss.
//! - A write is torn at multiples of 512 bytes inside it; bytes outside it are never harmed. SQLite counts on that
//!   (`SQLITE_IOCAP_POWERSAFE_OVERWRITE`).
//! - A file that other means than this layer have changed while no connection had it open counts as durable.
//! - For one process: the layer reads files past the locks that other processes hold.
//! - Mappings are refused, because writes through them would pass unseen. The index of the log is a real mapping of the
//!   default layer.
//! - Works where the default layer is SQLite's `unix`.

mod disk;
mod fault;
#[expect(unsafe_code, reason = "SQLite asks for C functions")]
mod ffi;
mod image;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use fault::{Call, Failure, Fault};
pub use image::Losses;

use disk::Disk;

/// A file layer. Made known by [`LossyVfs::named`]; unknown to new connections once it is dropped.
#[derive(Debug)]
pub struct LossyVfs {
    name: String,
    disk: Arc<Disk>,
    vfs: usize,
}

impl Drop for LossyVfs {
    fn drop(&mut self) {
        ffi::unregister(self.vfs);
    }
}

/// A copy of the databases in a folder: a backup of a phone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot(BTreeMap<PathBuf, Vec<u8>>);

impl Snapshot {
    /// Names and bytes of its files.
    #[must_use]
    pub fn sizes(&self) -> Vec<(PathBuf, u64)> {
        let size = |(name, content): (&PathBuf, &Vec<u8>)| (name.clone(), content.len() as u64);
        self.0.iter().map(size).collect()
    }
}

impl LossyVfs {
    /// Makes a layer known to SQLite under a name, for `Connection::open_with_flags_and_vfs`.
    ///
    /// A second layer of the same name hides the first. A few hundred bytes per layer are never freed.
    ///
    /// Errors: SQLite's code as an `io::Error`.
    pub fn named(name: &str) -> io::Result<Self> {
        Self::registered(name, false)
    }

    /// As [`LossyVfs::named`], and every connection of this process that names no layer gets this one: the way to put the
    /// real core on it. Faults are told apart by [`Fault::under`].
    pub fn default_named(name: &str) -> io::Result<Self> {
        Self::registered(name, true)
    }

    fn registered(name: &str, as_default: bool) -> io::Result<Self> {
        let disk = Arc::new(Disk::default());
        let vfs = ffi::register(name, Arc::clone(&disk), as_default)
            .map_err(|code| io::Error::other(format!("SQLite refused the layer with code {code}")))?;
        Ok(Self {
            name: name.to_owned(),
            disk,
            vfs,
        })
    }

    /// The name for `Connection::open_with_flags_and_vfs`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Power is lost for every database file whose full path begins with `under`; all if empty.
    ///
    /// Connections to them fail from now on with I/O errors; new ones find what the disk had. The same seed and the same
    /// writes lose the same; only the salts of a log differ, which SQLite draws itself. Files that this layer does not know are left alone.
    ///
    /// Errors: of the real files.
    pub fn lose_power(&self, under: &str, seed: u64) -> io::Result<Losses> {
        self.disk.state().lose_power(under, seed)
    }

    /// A failure to come; any number of them may be waiting.
    pub fn fail(&self, fault: Fault) {
        self.disk.state().faults.push(fault);
    }

    /// Forgets all failures to come and the limit of space.
    pub fn heal(&self) {
        let mut state = self.disk.state();
        state.faults.clear();
        state.space = None;
    }

    /// Forgets the failures to come that were made for this beginning of paths.
    pub fn heal_under(&self, under: &str) {
        self.disk.state().faults.retain(|fault| fault.under != under);
    }

    /// Bytes by which files may grow before `SQLITE_FULL`. Deleting and cutting gives space back; writing over what is
    /// there needs none. The index of the log is not counted.
    pub fn leave_space(&self, bytes: u64) {
        self.disk.state().space = Some(bytes);
    }

    /// Calls so far, for loops over the n-th call.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.disk.state().calls.values().sum()
    }

    /// Calls of one kind so far.
    #[must_use]
    pub fn calls_of(&self, call: Call) -> u64 {
        self.disk.state().calls.get(&call).copied().unwrap_or(0)
    }

    /// What all power losses took so far.
    #[must_use]
    pub fn losses(&self) -> Losses {
        self.disk.state().losses
    }

    /// Whether a sync also reaches the real disk. Off at first.
    pub fn really_sync(&self, yes: bool) {
        self.disk.state().really_syncs = yes;
    }

    /// A disk that says it synced and did not. Proves that a test would notice lost writes.
    pub fn lie_about_sync(&self, yes: bool) {
        self.disk.state().lies_about_sync = yes;
    }

    /// Copies the files of a folder, without those of folders inside it and without indexes of logs, as a reader sees them.
    ///
    /// Nobody may write meanwhile: a database and its log are copied one after the other.
    ///
    /// Errors: of the real files.
    pub fn snapshot(&self, folder: &Path) -> io::Result<Snapshot> {
        let mut files = BTreeMap::new();
        let folder = folder.canonicalize()?;
        let state = self.disk.state();
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let name = PathBuf::from(entry.file_name());
            if !entry.file_type()?.is_file() || name.to_string_lossy().ends_with("-shm") {
                continue;
            }
            // An open file is not opened a second time: closing that one would drop the locks of the first.
            let known = entry.path().to_str().and_then(|path| state.files.get(path));
            let content = match known {
                Some(tracked) => tracked.image.current(),
                None => std::fs::read(entry.path())?,
            };
            files.insert(name, content);
        }
        Ok(Snapshot(files))
    }

    /// Fills a folder with the files of a snapshot; what else is in it stays. For a folder without open connections.
    ///
    /// Errors: of the real files.
    pub fn restore(&self, snapshot: &Snapshot, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let folder = folder.canonicalize()?;
        let mut state = self.disk.state();
        for (name, content) in &snapshot.0 {
            let path = folder.join(name);
            std::fs::write(&path, content)?;
            if let Some(path) = path.to_str() {
                state.files.remove(path);
            }
        }
        Ok(())
    }
}
