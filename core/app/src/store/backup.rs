//! A copy of `user.db` while it is in use. Copying the file itself would miss what is still in its write-ahead log.

use std::fs::File;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::connection::{Role, connect};
use super::folder::{remove_file, with_side_files};
use super::{DatabaseKey, StoreError};

/// All pages in one step: a copy in several begins again whenever somebody writes.
const ALL_PAGES: i32 = -1;

/// Copies the file of `source` to `path`, which must not exist.
pub(super) fn backup(source: &Connection, path: &Path, key: Option<&DatabaseKey>) -> Result<(), StoreError> {
    // Made first and by us, so that nobody's file is overwritten.
    drop(File::options().create_new(true).write(true).open(path)?);
    let copied = copy(source, path, key);
    if copied.is_err() {
        for file in with_side_files(path) {
            remove_file(&file)?;
        }
    }
    copied
}

fn copy(source: &Connection, path: &Path, key: Option<&DatabaseKey>) -> Result<(), StoreError> {
    let mut target = connect(path, Role::UserWriter, key)?;
    match Backup::new(source, &mut target)?.step(ALL_PAGES)? {
        StepResult::Done => {}
        _ => return Err(StoreError::InUse),
    }
    // A file to give away has no log beside it.
    target.pragma_update(None, "journal_mode", "delete")?;
    Ok(())
}
