//! Damaged files that were set aside: where they go, and for how long they are kept.
//!
//! `user.corrupt-<n>` lies beside its `-wal` and `-shm`, and beside `user.corrupt-<n>.since`, the instant from which the
//! 30 days count. The store knows no clock, so the note is made by the first call that brings one.
//!
//! Source: storage.md 5, step 7.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::StoreError;
use super::folder::{Folder, has_content, remove_file, sync_folder, with_side_files};
use crate::time::{DAY_MS, UtcMillis};

/// Long enough for a person to notice what is missing and for support to answer.
const KEPT_MS: i64 = 30 * DAY_MS;

const NAME: &str = "user.corrupt-";

/// Moves the damaged file into the quarantine, its side files first: a file whose log has stayed behind would be read
/// as complete, while a log without its file is found again by the same number.
pub(super) fn set_aside(folder: &Folder) -> Result<PathBuf, StoreError> {
    let quarantine = folder.quarantine();
    fs::create_dir_all(&quarantine)?;
    let named = |number: u32| quarantine.join(format!("{NAME}{number}"));
    let mut number = 1_u32;
    while named(number).exists() {
        number = number.saturating_add(1);
    }
    let [log, _, file] = with_side_files(&folder.user_db());
    if number > 1 && !file.exists() && !has_content(&log)? {
        // A start that was killed had moved it already.
        return Ok(named(number.saturating_sub(1)));
    }
    // A log that lost its file gets an empty one: what has a number has a file.
    drop(File::options().create(true).append(true).open(file)?);
    let target = named(number);
    for (from, to) in with_side_files(&folder.user_db())
        .iter()
        .zip(with_side_files(&target))
    {
        match fs::rename(from, to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    sync_folder(&quarantine)?;
    Ok(target)
}

/// Deletes what was set aside 30 days before `now` or earlier.
///
/// A clock that was never set says nothing about age. A note from the future comes from a clock that was wrong then, and
/// is made again.
pub(super) fn drop_old(folder: &Folder, now: UtcMillis) -> Result<(), StoreError> {
    if !now.is_plausible() {
        return Ok(());
    }
    for file in files(&folder.quarantine())? {
        let mut note = file.clone().into_os_string();
        note.push(".since");
        let note = PathBuf::from(note);
        match since(&note)? {
            Some(since) if since <= now => {
                if now.since(since) >= KEPT_MS {
                    remove(&file, &note)?;
                }
            }
            _ => fs::write(&note, now.0.to_string())?,
        }
    }
    Ok(())
}

/// The note goes first: the number is used again, and an old note would cut the time of the next file short. The file
/// goes last: a log without its file would be taken for the log of the next one.
fn remove(file: &Path, note: &Path) -> Result<(), StoreError> {
    remove_file(note)?;
    for file in with_side_files(file) {
        remove_file(&file)?;
    }
    tracing::info!("a file in quarantine was deleted after its 30 days");
    Ok(())
}

fn files(quarantine: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = match fs::read_dir(quarantine) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(NAME));
        if number.is_some_and(|number| number.parse::<u32>().is_ok()) {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// `None` without a note, and for one that was cut off while it was written.
fn since(note: &Path) -> Result<Option<UtcMillis>, StoreError> {
    match fs::read_to_string(note) {
        Ok(text) => Ok(text
            .parse()
            .ok()
            .map(UtcMillis)
            .filter(|since| since.is_plausible())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
