//! Slice files: the rest of a picture as a file of its own, for an operating system that uploads whole files. They lie in `cache/slices`.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::PathBuf;

use ayumi_protocol::hash::Sha256;

use crate::store::{StoreError, remove_file, remove_others};

/// End of the name of a slice that is being written.
const PART: &str = ".part";

/// The folder of slices. Each is named by the hash of the whole picture and the place of its first byte in it.
///
/// Nothing in it is needed by this app itself: a slice that goes makes an upload of the system fail, and the next plan writes another.
#[derive(Debug, Clone)]
pub(crate) struct SliceFolder {
    path: PathBuf,
}

impl SliceFolder {
    /// The folder at `path`, which is made with the first slice.
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where a slice lies.
    pub(crate) fn path_of(&self, sha256: Sha256, offset_bytes: u32) -> PathBuf {
        self.path.join(format!("{sha256}-{offset_bytes}"))
    }

    /// Writes the bytes of a picture from a place on to its end. A slice of that name is whole: it got the name when it was.
    ///
    /// Errors: `StorageFull`, `Locked`, `Io`, also if the picture is shorter than it was.
    pub(crate) fn write(
        &self,
        sha256: Sha256,
        mut picture: File,
        offset_bytes: u32,
        length_bytes: u32,
    ) -> Result<PathBuf, StoreError> {
        fs::create_dir_all(&self.path)?;
        picture.seek(SeekFrom::Start(u64::from(offset_bytes)))?;
        let left = u64::from(length_bytes.saturating_sub(offset_bytes));
        let whole = self.path_of(sha256, offset_bytes);
        let mut part = whole.clone().into_os_string();
        part.push(PART);
        let part = PathBuf::from(part);
        let copied = File::create(&part).and_then(|mut file| io::copy(&mut picture.take(left), &mut file));
        let written = match copied {
            Ok(copied) if copied == left => fs::rename(&part, &whole),
            Ok(_) => Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            // A full disk still deletes. Should it fail, the next plan does.
            let _ = fs::remove_file(&part);
            return Err(error.into());
        }
        Ok(whole)
    }

    /// Deletes a slice, if it is there.
    ///
    /// Errors: `Locked`, `Io`.
    pub(crate) fn remove(&self, sha256: Sha256, offset_bytes: u32) -> Result<(), StoreError> {
        remove_file(&self.path_of(sha256, offset_bytes))
    }

    /// Deletes the slices of every other picture, and what was left of writing. Answers how many.
    ///
    /// Errors: `Locked`, `Io`; those before the failure are deleted.
    pub(crate) fn keep_only(&self, pictures: &BTreeSet<Sha256>) -> Result<usize, StoreError> {
        remove_others(&self.path, |name| {
            name.split_once('-')
                .filter(|(_, offset)| offset.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|(sha256, _)| Sha256::parse(sha256))
                .is_some_and(|sha256| pictures.contains(&sha256))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::sha256_of;

    #[test]
    fn a_slice_is_the_rest_of_its_picture_and_goes_with_it() {
        let root = tempfile::tempdir().unwrap();
        let folder = SliceFolder::new(root.path().join("cache/slices"));
        assert_eq!(folder.keep_only(&BTreeSet::new()).unwrap(), 0);
        let picture = root.path().join("picture");
        fs::write(&picture, b"0123456789").unwrap();
        let sha256 = sha256_of(b"0123456789");
        let open = || File::open(&picture).unwrap();
        let slice = folder.write(sha256, open(), 4, 10).unwrap();
        assert_eq!(fs::read(&slice).unwrap(), b"456789");
        let again = folder.write(sha256, open(), 4, 10).unwrap();
        assert_eq!(again, slice);
        let whole = folder.write(sha256, open(), 0, 10).unwrap();
        assert!(
            folder.write(sha256, open(), 3, 11).is_err(),
            "shorter than it was"
        );
        assert_eq!(fs::read_dir(root.path().join("cache/slices")).unwrap().count(), 2);

        fs::write(
            root.path().join("cache/slices").join(format!("{sha256}-7.part")),
            b"x",
        )
        .unwrap();
        assert_eq!(folder.keep_only(&BTreeSet::from([sha256])).unwrap(), 1);
        folder.remove(sha256, 4).unwrap();
        folder.remove(sha256, 4).unwrap();
        assert!(whole.exists() && !slice.exists());
        assert_eq!(folder.keep_only(&BTreeSet::new()).unwrap(), 1);
    }
}
