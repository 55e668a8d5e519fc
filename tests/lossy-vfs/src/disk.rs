//! The state behind one file layer: images of files, faults to come, counts.

use std::collections::BTreeMap;
use std::ffi::c_int;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::ffi;

use crate::fault::{Call, Failure, Fault};
use crate::image::{Dice, Image, Losses};

/// A file that is open, or has writes that are not synced.
#[derive(Debug)]
pub(crate) struct Tracked {
    pub(crate) image: Image,
    handles: usize,
    /// Shared by all handles that were opened before the next power loss.
    dead: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) files: BTreeMap<String, Tracked>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) calls: BTreeMap<Call, u64>,
    /// Bytes by which files may still grow.
    pub(crate) space: Option<u64>,
    pub(crate) lies_about_sync: bool,
    pub(crate) really_syncs: bool,
    pub(crate) losses: Losses,
}

/// One lock around everything: a call of SQLite and its effect on the image are one step, also for a power loss.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    state: Mutex<State>,
}

impl Disk {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A panic of a test that holds it leaves whole values behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Counts a call and decides whether it fails.
    ///
    /// Errors: the code for SQLite.
    pub(crate) fn call(&mut self, call: Call, path: &str) -> Result<(), c_int> {
        let count = self.calls.entry(call).or_default();
        *count = count.saturating_add(1);
        let mut struck = None;
        for fault in &mut self.faults {
            if fault.strikes(call, path) && struck.is_none() {
                struck = Some((fault.failure, fault.under.clone()));
            }
        }
        match struck {
            None => Ok(()),
            Some((Failure::Io, _)) => Err(call.error()),
            Some((Failure::Full, _)) => Err(ffi::SQLITE_FULL),
            Some((Failure::PowerLoss(seed), under)) => {
                // What the real file says afterwards is found at the next open.
                drop(self.lose_power(&under, seed));
                Err(call.error())
            }
        }
    }

    /// Takes note of an opened file. `content` is what it holds.
    pub(crate) fn opened(
        &mut self,
        path: &str,
        content: impl FnOnce() -> Result<Vec<u8>, c_int>,
    ) -> Result<Arc<AtomicBool>, c_int> {
        if let Some(tracked) = self.files.get_mut(path) {
            // Between its last handle and this one somebody may have put another file in its place.
            if tracked.handles == 0 {
                let content = content()?;
                if content != tracked.image.current() {
                    tracked.image = Image::durable(content);
                }
            }
            tracked.handles = tracked.handles.saturating_add(1);
            return Ok(Arc::clone(&tracked.dead));
        }
        let dead = Arc::new(AtomicBool::new(false));
        let tracked = Tracked {
            image: Image::durable(content()?),
            handles: 1,
            dead: Arc::clone(&dead),
        };
        self.files.insert(path.to_owned(), tracked);
        Ok(dead)
    }

    pub(crate) fn closed(&mut self, path: &str, dead: &Arc<AtomicBool>) {
        let Some(tracked) = self.files.get_mut(path) else {
            return;
        };
        if !Arc::ptr_eq(&tracked.dead, dead) {
            return;
        }
        tracked.handles = tracked.handles.saturating_sub(1);
        if tracked.handles == 0 && tracked.image.is_synced() {
            self.files.remove(path);
        }
    }

    /// Takes the space that a file of `size` bytes needs to reach to `end`.
    pub(crate) fn grow(&mut self, size: u64, end: u64) -> Result<(), c_int> {
        if let Some(space) = &mut self.space {
            *space = space
                .checked_sub(end.saturating_sub(size))
                .ok_or(ffi::SQLITE_FULL)?;
        }
        Ok(())
    }

    pub(crate) fn give_back(&mut self, bytes: u64) {
        if let Some(space) = &mut self.space {
            *space = space.saturating_add(bytes);
        }
    }

    /// See `LossyVfs::lose_power`.
    pub(crate) fn lose_power(&mut self, under: &str, seed: u64) -> std::io::Result<Losses> {
        let mut losses = Losses::default();
        let paths: Vec<String> = self
            .files
            .keys()
            .filter(|path| path.starts_with(under))
            .cloned()
            .collect();
        let mut first_error = None;
        for path in paths {
            let Some(tracked) = self.files.remove(&path) else {
                continue;
            };
            tracked.dead.store(true, Ordering::SeqCst);
            // By the name within the folder, so that a run in another folder loses the same.
            let name = path.get(under.len()..).unwrap_or_default();
            let mut dice = Dice(seed);
            for byte in name.bytes() {
                dice = Dice(dice.next() ^ u64::from(byte));
            }
            match cut_off(&path, tracked.image, &mut dice) {
                Ok(lost) => losses.add(lost),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        self.losses.add(losses);
        first_error.map_or(Ok(losses), Err)
    }
}

/// Puts what is left of a file in its place, as a new file: connections from before keep the old one and its locks.
fn cut_off(path: &str, image: Image, dice: &mut Dice) -> std::io::Result<Losses> {
    // Its content is gone with the process that had it mapped; it is built anew from the log.
    let index = format!("{path}-shm");
    match std::fs::remove_file(&index) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    match std::fs::read(path) {
        // Put there by other means than this layer, and so taken as durable; or deleted.
        Ok(content) if content != image.current() => return Ok(Losses::default()),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Losses::default()),
        Err(error) => return Err(error),
        Ok(_) => {}
    }
    let (content, losses) = image.after_power_loss(dice);
    let beside = format!("{path}.after-power-loss");
    std::fs::write(&beside, content)?;
    std::fs::rename(&beside, Path::new(path))?;
    Ok(losses)
}
