//! The files of snapshots while they are fetched and applied: `cache/snapshots`, each named by its hash. As pictures they are protected by the
//! operating system alone, so they go as soon as they are applied or given up.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use ayumi_protocol::hash::Sha256;
use flate2::read::GzDecoder;
use sha2::Digest as _;

use crate::store::{StoreError, remove_others};

/// A folder of half and whole snapshots. Nothing in it is safe from anybody: what is missing is fetched again.
#[derive(Debug, Clone)]
pub struct SnapshotFolder {
    path: PathBuf,
}

impl SnapshotFolder {
    /// The folder at `path`, which is made when the first bytes come.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where the folder is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn path_of(&self, sha256: Sha256) -> PathBuf {
        self.path.join(sha256.to_string())
    }

    fn open(&self, sha256: Sha256) -> Result<Option<File>, StoreError> {
        match File::open(self.path_of(sha256)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// How many bytes are here; 0 without a file.
    ///
    /// Errors: `Locked`, `Io`.
    pub fn length(&self, sha256: Sha256) -> Result<u64, StoreError> {
        match self.open(sha256)? {
            Some(file) => Ok(file.metadata()?.len()),
            None => Ok(0),
        }
    }

    /// Puts bytes at their place, and cuts off what was behind it.
    ///
    /// Errors: `StorageFull`, `Locked`, `Io`.
    pub fn write(&self, sha256: Sha256, offset_bytes: u64, bytes: &[u8]) -> Result<(), StoreError> {
        fs::create_dir_all(&self.path)?;
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.path_of(sha256))?;
        file.set_len(offset_bytes)?;
        file.seek(SeekFrom::Start(offset_bytes))?;
        file.write_all(bytes)?;
        Ok(())
    }

    /// Whether the bytes that are here have the hash that they are named by.
    ///
    /// Errors: `Locked`, `Io`.
    pub fn is_whole(&self, sha256: Sha256) -> Result<bool, StoreError> {
        let Some(mut file) = self.open(sha256)? else {
            return Ok(false);
        };
        let mut hasher = sha2::Sha256::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = file.read(&mut buffer)?;
            let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else {
                let sum: [u8; 32] = hasher.finalize().into();
                return Ok(Sha256::from_bytes(sum) == sha256);
            };
            hasher.update(read);
        }
    }

    /// At most `most` bytes of what the file holds, unpacked, from a place on. Never unpacks more, whatever the file says.
    ///
    /// Errors: `Locked`, `Io`, also for a file that is missing, is not packed, or was cut off.
    pub fn unpack(&self, sha256: Sha256, from_bytes: u64, most: u64) -> Result<Vec<u8>, StoreError> {
        let file = self
            .open(sha256)?
            .ok_or_else(|| StoreError::Io(io::ErrorKind::NotFound.into()))?;
        let mut content = GzDecoder::new(BufReader::new(file));
        io::copy(&mut content.by_ref().take(from_bytes), &mut io::sink())?;
        let mut bytes = Vec::new();
        content.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Deletes every file but these. Answers how many.
    ///
    /// Errors: `Locked`, `Io`; the files before the failure are deleted.
    pub fn keep_only(&self, keep: &BTreeSet<Sha256>) -> Result<usize, StoreError> {
        remove_others(&self.path, |name| {
            Sha256::parse(name).is_some_and(|sha256| keep.contains(&sha256))
        })
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::pictures::sha256_of;

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn folder() -> (tempfile::TempDir, SnapshotFolder) {
        let root = tempfile::tempdir().unwrap();
        let folder = SnapshotFolder::new(root.path().join("cache/snapshots"));
        (root, folder)
    }

    #[test]
    fn parts_that_come_twice_or_after_a_cut_make_the_whole_file() {
        let (_root, folder) = folder();
        let content: Vec<u8> = (0..9_000_u32).flat_map(u32::to_be_bytes).collect();
        let file = packed(&content);
        let sha256 = sha256_of(&file);
        assert_eq!(folder.length(sha256).unwrap(), 0);
        assert!(!folder.is_whole(sha256).unwrap());
        let half = file.len() / 2;
        folder.write(sha256, 0, &file[..half]).unwrap();
        folder.write(sha256, half as u64, &file[half..]).unwrap();
        folder.write(sha256, 100, &file[100..half]).unwrap();
        assert_eq!(folder.length(sha256).unwrap(), half as u64);
        assert!(!folder.is_whole(sha256).unwrap());
        folder.write(sha256, half as u64, &file[half..]).unwrap();
        assert!(folder.is_whole(sha256).unwrap());
        assert_eq!(folder.unpack(sha256, 0, 1 << 20).unwrap(), content);
        assert_eq!(folder.unpack(sha256, 10, 5).unwrap(), content[10..15]);
        assert_eq!(folder.unpack(sha256, content.len() as u64, 5).unwrap(), b"");
    }

    #[test]
    fn a_bomb_is_unpacked_no_further_than_asked_for() {
        let (_root, folder) = folder();
        let file = packed(&vec![0; 50_000_000]);
        assert!(file.len() < 100_000);
        let sha256 = sha256_of(&file);
        folder.write(sha256, 0, &file).unwrap();
        assert_eq!(folder.unpack(sha256, 0, 1000).unwrap().len(), 1000);
    }

    #[test]
    fn what_is_missing_cut_off_or_not_packed_is_an_error() {
        let (_root, folder) = folder();
        let file = packed(b"content");
        let sha256 = sha256_of(&file);
        assert!(folder.unpack(sha256, 0, 10).is_err());
        folder.write(sha256, 0, &file[..file.len() - 1]).unwrap();
        assert!(folder.unpack(sha256, 0, 10).is_err());
        folder.write(sha256, 0, b"content").unwrap();
        assert!(folder.unpack(sha256, 0, 10).is_err());
    }

    #[test]
    fn only_files_that_are_still_needed_stay() {
        let (_root, folder) = folder();
        assert_eq!(folder.keep_only(&BTreeSet::new()).unwrap(), 0);
        let (kept, gone) = (sha256_of(b"kept"), sha256_of(b"gone"));
        folder.write(kept, 0, b"kept").unwrap();
        folder.write(gone, 0, b"gone").unwrap();
        assert_eq!(folder.keep_only(&BTreeSet::from([kept])).unwrap(), 1);
        assert_eq!(folder.length(kept).unwrap(), 4);
        assert_eq!(folder.length(gone).unwrap(), 0);
    }
}
