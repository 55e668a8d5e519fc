//! One serving process for each folder.
//!
//! The embedded store would bear two: SQLite keeps their transactions apart. Their long polls, rates and jobs would not know of
//! each other, and both would delete what the other has just begun to upload.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

const FILE: &str = "serving.lock";

/// Held while a process serves a folder. The operating system lets go of it when the process ends, however that happens.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the lock of a folder, which is made if there is none.
    ///
    /// Errors: a sentence that says what to do.
    pub fn take(folder: &Path) -> Result<Self, String> {
        let path = folder.join(FILE);
        let file = std::fs::create_dir_all(folder)
            .and_then(|()| OpenOptions::new().create(true).append(true).open(&path))
            .map_err(|error| {
                format!(
                    "cannot make {}: {error}; choose another folder by --data",
                    path.display()
                )
            })?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(format!(
                "another server serves {}: stop it, choose another folder by --data, or let several servers share a PostgreSQL \
                 database by --store",
                folder.display()
            )),
            Err(TryLockError::Error(error)) => Err(format!("cannot lock {}: {error}", path.display())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_served_once_and_is_free_when_that_ends() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let first = FolderLock::take(&data).unwrap();
        let refused = FolderLock::take(&data).unwrap_err();
        assert!(
            refused.contains("--data") && refused.contains("stop it"),
            "{refused}"
        );
        drop(first);
        FolderLock::take(&data).unwrap();
    }
}
