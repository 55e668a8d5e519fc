//! One serving process for each folder.
//!
//! The embedded store would bear two: SQLite keeps their transactions apart. Their long polls, rates and jobs would not know of
//! each other, and both would delete what the other has just begun to upload.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::path::Path;

const FILE: &str = "serving.lock";

/// Makes folders that nobody but their owner opens, on Unix: what is in them is about somebody's health. One that is there already
/// stays as its owner made it.
pub(crate) fn private_folder() -> DirBuilder {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has modes"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

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
        let file = private_folder()
            .recursive(true)
            .create(folder)
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

    #[cfg(unix)]
    #[test]
    fn folders_that_are_made_open_for_their_owner_alone_and_others_stay_as_they_are() {
        use std::fs::{Permissions, metadata, set_permissions};
        use std::os::unix::fs::PermissionsExt as _;

        let mode = |path: &Path| metadata(path).unwrap().permissions().mode() & 0o777;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        drop(FolderLock::take(&data).unwrap());
        assert_eq!(mode(&data), 0o700);
        let elsewhere = folder.path().join("elsewhere");
        crate::uploads::objects::in_folder(&elsewhere.join("objects")).unwrap();
        assert_eq!(mode(&elsewhere), 0o700, "it is made first without a lock");
        assert_eq!(mode(&elsewhere.join("objects")), 0o700);
        set_permissions(&data, Permissions::from_mode(0o750)).unwrap();
        drop(FolderLock::take(&data).unwrap());
        assert_eq!(mode(&data), 0o750);
    }
}
