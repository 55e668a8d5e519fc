//! Writing files so that a broken-off command leaves the old one or none.

use std::io::Write as _;
use std::path::Path;

use crate::failure::Failure;

/// Writes a file beside its place and moves it there when it is whole.
pub(crate) fn write_whole(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failure = |error: std::io::Error| Failure::file(file, &error);
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut unfinished = tempfile::Builder::new()
        .prefix(".ayumi-")
        .tempfile_in(folder)
        .map_err(failure)?;
    unfinished.write_all(bytes).map_err(failure)?;
    let finished = unfinished.persist(file).map_err(|error| failure(error.error))?;
    readable(&finished).map_err(failure)
}

/// Temporary files are for their owner alone; a picture or an export is an ordinary file.
#[cfg(unix)]
fn readable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.svg");
        write_whole(&file, b"one").unwrap();
        write_whole(&file, b"two").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("missing").join("a.svg");
        let failure = write_whole(&file, b"").unwrap_err().to_string();
        assert!(failure.contains("a.svg"), "{failure}");
    }
}
