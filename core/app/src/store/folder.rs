//! The data folder: where each file lies, the lock and the marker of an unclean end.
//!
//! ```text
//! lock                    held while the store is open; a second instance is refused
//! dirty                   exists while open; found at start = the last run did not end well; holds "damaged" once a
//!                         damaged page was met
//! user/user.db            what a person entered
//! user/user.db.key        fingerprint of its key, if it is encrypted
//! user/user.db.salvaged   while a damaged file is being replaced
//! user/quarantine/        damaged files, set aside for 30 days
//! cache/cache.db          may go at any time
//! ```
//!
//! Source: storage.md 1.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::StoreError;

#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: PathBuf,
}

/// How the last run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LastEnd {
    /// Closed, or there was none.
    Clean,
    /// Killed, or it lost its power.
    Unclean,
    /// It met a damaged page of `user.db`.
    Damaged,
}

/// What stands in `dirty` once damage was met.
const DAMAGED: &[u8] = b"damaged";

/// Holds the folder until it is dropped, also by the death of the process.
#[derive(Debug)]
pub(super) struct FolderLock {
    file: File,
}

impl Drop for FolderLock {
    /// Closing the file is not enough: a process that is just being started holds a copy of it until it runs its program.
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::debug!(error = &error as &dyn std::error::Error, "unlocking the folder");
        }
    }
}

impl Folder {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    pub(super) fn user(&self) -> PathBuf {
        self.root.join("user")
    }

    pub(super) fn user_db(&self) -> PathBuf {
        self.user().join("user.db")
    }

    pub(super) fn fingerprint(&self) -> PathBuf {
        self.user().join("user.db.key")
    }

    pub(super) fn salvaged_db(&self) -> PathBuf {
        self.user().join("user.db.salvaged")
    }

    pub(super) fn quarantine(&self) -> PathBuf {
        self.user().join("quarantine")
    }

    pub(super) fn cache(&self) -> PathBuf {
        self.root.join("cache")
    }

    pub(super) fn cache_db(&self) -> PathBuf {
        self.cache().join("cache.db")
    }

    fn dirty(&self) -> PathBuf {
        self.root.join("dirty")
    }

    pub(super) fn create(&self) -> Result<(), StoreError> {
        fs::create_dir_all(self.user())?;
        fs::create_dir_all(self.cache())?;
        Ok(())
    }

    /// Takes the folder for this instance.
    ///
    /// Errors: `InUse` if another instance, in this process or another, has it.
    pub(super) fn lock(&self) -> Result<FolderLock, StoreError> {
        fs::create_dir_all(&self.root)?;
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.root.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(FolderLock { file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Notes that the store is open. Answers how the last run ended, by the note that it left.
    ///
    /// Not synced: a killed process keeps the note anyway, and after a power loss the next commit's own sync has
    /// carried it along on the journalling file systems of phones.
    pub(super) fn mark_dirty(&self) -> Result<LastEnd, StoreError> {
        match File::options().create_new(true).write(true).open(self.dirty()) {
            Ok(_) => Ok(LastEnd::Clean),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let note = fs::read(self.dirty())?;
                Ok(if note == DAMAGED {
                    LastEnd::Damaged
                } else {
                    LastEnd::Unclean
                })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Notes that a damaged page was met: the next start replaces the file, whatever a quick look says.
    pub(super) fn mark_damaged(&self) -> Result<(), StoreError> {
        Ok(fs::write(self.dirty(), DAMAGED)?)
    }

    /// Takes [`Self::mark_damaged`] back once the file was replaced.
    pub(super) fn mark_repaired(&self) -> Result<(), StoreError> {
        Ok(fs::write(self.dirty(), b"")?)
    }

    pub(super) fn clear_dirty(&self) -> Result<(), StoreError> {
        remove_file(&self.dirty())
    }

    /// The fingerprint stored beside `user.db`, if there is one.
    pub(super) fn stored_fingerprint(&self) -> Result<Option<String>, StoreError> {
        match fs::read(self.fingerprint()) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Stores or removes the fingerprint, durably: without it a wrong key looks like a damaged file.
    pub(super) fn store_fingerprint(&self, fingerprint: Option<&str>) -> Result<(), StoreError> {
        let Some(fingerprint) = fingerprint else {
            return remove_file(&self.fingerprint());
        };
        let new = self.fingerprint().with_extension("key-new");
        let mut file = File::create(&new)?;
        file.write_all(fingerprint.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, self.fingerprint())?;
        sync_folder(&self.user())
    }

    /// Deletes everything but the lock, which the caller holds: a lock file that is deleted and made again could be
    /// held twice.
    pub(super) fn erase(&self, _held: &FolderLock) -> Result<(), StoreError> {
        remove_folder(&self.user())?;
        remove_folder(&self.cache())?;
        self.clear_dirty()
    }

    pub(super) fn erase_cache(&self) -> Result<(), StoreError> {
        remove_folder(&self.cache())?;
        fs::create_dir_all(self.cache())?;
        Ok(())
    }
}

/// The file and the two that SQLite keeps beside it.
pub(super) fn with_side_files(path: &Path) -> [PathBuf; 3] {
    ["-wal", "-shm", ""].map(|suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    })
}

/// Whether a database file is there in part: less than its smallest page, or nothing but its log.
///
/// SQLite takes such a file for a new one, writes over it and deletes the log.
pub(super) fn is_stump(path: &Path) -> Result<bool, StoreError> {
    const SMALLEST_PAGE: u64 = 512;
    let length = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error.into()),
    };
    let [log, ..] = with_side_files(path);
    Ok(length < SMALLEST_PAGE && (length > 0 || has_content(&log)?))
}

/// Whether the file exists and holds anything.
pub(super) fn has_content(path: &Path) -> Result<bool, StoreError> {
    match File::open(path).and_then(|file| file.metadata()) {
        Ok(metadata) => Ok(metadata.len() > 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn remove_file(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Deletes the files of a folder whose names are not kept. Answers how many; a folder that is not there has none.
///
/// Errors: `Locked`, `Io`; the files before the failure are deleted.
pub(crate) fn remove_others(folder: &Path, is_kept: impl Fn(&str) -> bool) -> Result<usize, StoreError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error.into()),
    };
    let mut count: usize = 0;
    for entry in entries {
        let entry = entry?;
        if !entry.file_name().to_str().is_some_and(&is_kept) {
            remove_file(&entry.path())?;
            count = count.saturating_add(1);
        }
    }
    Ok(count)
}

fn remove_folder(path: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Makes renames inside the folder durable. Where folders cannot be opened (Windows) the file system sees to it.
pub(crate) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    if cfg!(unix) {
        File::open(path)?.sync_all()?;
    }
    Ok(())
}
