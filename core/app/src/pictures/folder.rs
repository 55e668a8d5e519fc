//! Files named by their hash: own photos before they are settled, and pictures fetched from the server.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use ayumi_protocol::hash::Sha256;

use super::sha256_of;
use crate::store::{StoreError, remove_file, sync_folder};
use crate::time::{HOUR_MS, UtcMillis};

/// Age beyond which a file without a row was left by a run that ended between the two. The row follows its file within
/// seconds; an hour also covers a phone that slept in between.
const ORPHAN_MS: i64 = HOUR_MS;

/// End of the names of files that are being written.
const PART: &str = ".part";

/// Files of one content that are written at the same time, or were left behind within the hour.
const PARTS: u32 = 1000;

/// Whether a file must survive a power loss once it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// It must: own photos, which exist nowhere else.
    Synced,
    /// It need not: it can be fetched again. After a power loss it may have other bytes, which
    /// [`AttachmentFolder::read_verified`] finds out.
    Cache,
}

/// A folder whose files are named by the SHA-256 of their bytes: `user/attachments`, `cache/images`.
///
/// A file under such a name is whole, because it got the name when it was. Files of other names are none of this
/// type's business and stay. Missing files are `None`: only the caller knows whether one should be there.
///
/// All calls may run at the same time, in one process. None holds anything open.
#[derive(Debug, Clone)]
pub struct AttachmentFolder {
    path: PathBuf,
    durability: Durability,
}

impl AttachmentFolder {
    /// The folder at `path`, which is made when the first file is stored.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, durability: Durability) -> Self {
        Self {
            path: path.into(),
            durability,
        }
    }

    /// Where the file of this hash lies, or would lie: for the system's own upload, which takes a path.
    #[must_use]
    pub fn path_of(&self, sha256: Sha256) -> PathBuf {
        self.path.join(sha256.to_string())
    }

    /// Stores a file under its hash, which is the answer. When this returns it is whole and, if the folder is
    /// [`Durability::Synced`], survives a power loss.
    ///
    /// A file that is there already is replaced by the same bytes: that mends one whose bytes were lost, and makes an old one
    /// young, so that no collection takes it before its row is written.
    ///
    /// Errors: `StorageFull`, `Locked`, `Io`. Nothing is then left behind; a file that was there is as it was.
    pub fn store(&self, bytes: &[u8]) -> Result<Sha256, StoreError> {
        let sha256 = sha256_of(bytes);
        self.put(sha256, |file| file.write_all(bytes))?;
        Ok(sha256)
    }

    fn put(&self, sha256: Sha256, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), StoreError> {
        self.create()?;
        let (part, mut file) = self.create_part(sha256)?;
        let written = write(&mut file).and_then(|()| match self.durability {
            Durability::Synced => file.sync_all(),
            Durability::Cache => Ok(()),
        });
        // Windows renames no file that is open.
        drop(file);
        if let Err(error) = written.and_then(|()| fs::rename(&part, self.path_of(sha256))) {
            // A full disk still deletes. Should it fail, the collection comes.
            let _ = fs::remove_file(&part);
            return Err(error.into());
        }
        match self.durability {
            Durability::Synced => sync_folder(&self.path),
            Durability::Cache => Ok(()),
        }
    }

    /// Makes the folder. Its own name is synced in the folder above, or a power loss would take it with all its files.
    fn create(&self) -> Result<(), StoreError> {
        if self.path.is_dir() {
            return Ok(());
        }
        fs::create_dir_all(&self.path)?;
        match (self.durability, self.path.parent()) {
            (Durability::Synced, Some(above)) => sync_folder(above),
            _ => Ok(()),
        }
    }

    /// Opens a file of a name that nobody uses. Two who store the same bytes at once write two files, and the names meet in
    /// the rename.
    fn create_part(&self, sha256: Sha256) -> Result<(PathBuf, File), StoreError> {
        for number in 0..PARTS {
            let part = self.path.join(format!("{sha256}.{number}{PART}"));
            match File::options().create_new(true).write(true).open(&part) {
                Ok(file) => return Ok((part, file)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Io(io::ErrorKind::AlreadyExists.into()))
    }

    /// The file, open for reading; `None` if there is none.
    ///
    /// Errors: `Locked`, `Io`.
    pub fn open(&self, sha256: Sha256) -> Result<Option<File>, StoreError> {
        found(File::open(self.path_of(sha256)))
    }

    /// Its bytes as they are now; `None` if there is none.
    ///
    /// Errors: `Locked`, `Io`.
    pub fn read(&self, sha256: Sha256) -> Result<Option<Vec<u8>>, StoreError> {
        found(fs::read(self.path_of(sha256)))
    }

    /// Its bytes, if they still have this hash; `None` if they have not, or there is no file. Both mean to the caller: fetch it
    /// again, or tell that it is missing.
    ///
    /// Errors: `Locked`, `Io`.
    pub fn read_verified(&self, sha256: Sha256) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read(sha256)?.filter(|bytes| sha256_of(bytes) == sha256))
    }

    /// Its length in bytes; `None` if there is none.
    ///
    /// Errors: `Locked`, `Io`.
    pub fn length(&self, sha256: Sha256) -> Result<Option<u64>, StoreError> {
        Ok(found(fs::metadata(self.path_of(sha256)))?.map(|metadata| metadata.len()))
    }

    /// Whether there is a file of this hash.
    ///
    /// Errors: `Locked`, `Io`.
    pub fn exists(&self, sha256: Sha256) -> Result<bool, StoreError> {
        Ok(self.length(sha256)?.is_some())
    }

    /// Deletes the file, if there is one.
    ///
    /// Errors: `Locked`, `Io`.
    pub fn remove(&self, sha256: Sha256) -> Result<(), StoreError> {
        remove_file(&self.path_of(sha256))
    }

    /// Deletes files older than an hour that are not in `keep`, and what was left of writing as long ago. Answers how many.
    ///
    /// `keep` must have been read after the start of this run, so that it holds the rows of all files that are older. Ages
    /// are measured by the time the file system wrote: a file from the future, after the clock was set back, stays.
    ///
    /// Errors: `Locked`, `Io`; the files before the failure are deleted.
    pub fn collect(&self, keep: &BTreeSet<Sha256>, now: UtcMillis) -> Result<usize, StoreError> {
        let Some(entries) = found(fs::read_dir(&self.path))? else {
            return Ok(0);
        };
        let mut count: usize = 0;
        for entry in entries {
            let entry = entry?;
            let is_ours = match name_of(&entry.file_name()) {
                Some(Name::Whole(sha256)) => !keep.contains(&sha256),
                Some(Name::Part) => true,
                None => false,
            };
            // A file may vanish between the listing and here.
            let Some(metadata) = found(entry.metadata())?.filter(|_| is_ours) else {
                continue;
            };
            if metadata.is_file() && now.since(modified(&metadata)?) > ORPHAN_MS {
                remove_file(&entry.path())?;
                count = count.saturating_add(1);
            }
        }
        Ok(count)
    }

    /// Where the folder is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

enum Name {
    Whole(Sha256),
    Part,
}

/// `None`: a name that is not made here.
fn name_of(name: &OsStr) -> Option<Name> {
    let name = name.to_str()?;
    if let Some(sha256) = Sha256::parse(name) {
        return Some(Name::Whole(sha256));
    }
    let (sha256, number) = name.strip_suffix(PART)?.split_once('.')?;
    Sha256::parse(sha256)?;
    number
        .parse()
        .is_ok_and(|number: u32| number < PARTS)
        .then_some(Name::Part)
}

fn found<T>(result: io::Result<T>) -> Result<Option<T>, StoreError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn modified(metadata: &Metadata) -> Result<UtcMillis, StoreError> {
    let millis = match metadata.modified()?.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, i64::saturating_neg),
    };
    Ok(UtcMillis(millis))
}

#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "tests: an overflow is a failed test"
)]
mod tests {
    use std::io::Read as _;
    use std::time::Duration;

    use super::*;

    const HOUR: u64 = 3600;
    /// 2026-11-01T00:00:00Z.
    const NOW_S: u64 = 1_793_491_200;
    const NOW: UtcMillis = UtcMillis(1_793_491_200_000);

    fn folder() -> (tempfile::TempDir, AttachmentFolder) {
        let root = tempfile::tempdir().unwrap();
        let folder = AttachmentFolder::new(root.path().join("user/attachments"), Durability::Synced);
        (root, folder)
    }

    fn names(folder: &AttachmentFolder) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn make_old(path: &Path, age_s: u64) {
        let at = UNIX_EPOCH + Duration::from_secs(NOW_S - age_s);
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(at).unwrap();
    }

    #[test]
    fn a_file_is_found_by_the_hash_of_its_bytes() {
        for durability in [Durability::Synced, Durability::Cache] {
            let root = tempfile::tempdir().unwrap();
            let folder = AttachmentFolder::new(root.path().join("images"), durability);
            let sha256 = folder.store(b"abc").unwrap();
            assert_eq!(
                names(&folder),
                ["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"]
            );
            assert_eq!(folder.read(sha256).unwrap().unwrap(), b"abc");
            assert_eq!(folder.read_verified(sha256).unwrap().unwrap(), b"abc");
            assert_eq!(folder.length(sha256).unwrap(), Some(3));
            assert!(folder.exists(sha256).unwrap());
            let mut bytes = Vec::new();
            let mut file = folder.open(sha256).unwrap().unwrap();
            file.read_to_end(&mut bytes).unwrap();
            assert_eq!(bytes, b"abc");
            folder.remove(sha256).unwrap();
            folder.remove(sha256).unwrap();
            assert!(names(&folder).is_empty());
        }
    }

    #[test]
    fn a_missing_file_and_a_missing_folder_are_an_answer_and_no_error() {
        let (_root, folder) = folder();
        let sha256 = sha256_of(b"abc");
        assert!(folder.open(sha256).unwrap().is_none());
        assert_eq!(folder.read(sha256).unwrap(), None);
        assert_eq!(folder.read_verified(sha256).unwrap(), None);
        assert_eq!(folder.length(sha256).unwrap(), None);
        assert!(!folder.exists(sha256).unwrap());
        folder.remove(sha256).unwrap();
        assert_eq!(folder.collect(&BTreeSet::new(), NOW).unwrap(), 0);
    }

    #[test]
    fn bytes_that_changed_on_the_disk_are_not_handed_out_as_verified_and_storing_mends_them() {
        let (_root, folder) = folder();
        let sha256 = folder.store(b"abc").unwrap();
        fs::write(folder.path_of(sha256), b"ab").unwrap();
        assert_eq!(folder.read_verified(sha256).unwrap(), None);
        assert_eq!(folder.store(b"abc").unwrap(), sha256);
        assert_eq!(folder.read_verified(sha256).unwrap().unwrap(), b"abc");
        assert_eq!(names(&folder).len(), 1);
    }

    #[test]
    fn a_full_disk_leaves_nothing_behind_and_harms_nothing() {
        let (_root, folder) = folder();
        let kept = folder.store(b"kept").unwrap();
        for sha256 in [sha256_of(b"new"), kept] {
            let error = folder
                .put(sha256, |file| {
                    file.write_all(b"ha")?;
                    Err(io::ErrorKind::StorageFull.into())
                })
                .unwrap_err();
            assert!(matches!(error, StoreError::StorageFull));
        }
        assert_eq!(names(&folder), [kept.to_string()]);
        assert_eq!(folder.read_verified(kept).unwrap().unwrap(), b"kept");
    }

    #[test]
    fn what_a_killed_run_left_is_not_in_the_way_of_the_next() {
        let (_root, folder) = folder();
        let sha256 = folder.store(b"abc").unwrap();
        let part = folder.path().join(format!("{sha256}.0.part"));
        fs::write(&part, b"a").unwrap();
        folder.store(b"abc").unwrap();
        assert_eq!(fs::read(part).unwrap(), b"a");
        assert_eq!(folder.read_verified(sha256).unwrap().unwrap(), b"abc");
    }

    #[test]
    fn files_without_a_row_go_after_an_hour_and_everything_else_stays() {
        let (_root, folder) = folder();
        let row = folder.store(b"with a row").unwrap();
        let orphan = folder.store(b"without a row").unwrap();
        let young = folder.store(b"its row is being written").unwrap();
        let future = folder.store(b"the clock was set back").unwrap();
        for sha256 in [row, orphan] {
            make_old(&folder.path_of(sha256), HOUR + 1);
        }
        make_old(&folder.path_of(young), HOUR);
        let future_at = UNIX_EPOCH + Duration::from_secs(NOW_S + HOUR);
        let file = File::options().write(true).open(folder.path_of(future)).unwrap();
        file.set_modified(future_at).unwrap();
        let other = |name: String, age_s| {
            fs::write(folder.path().join(&name), b"x").unwrap();
            make_old(&folder.path().join(&name), age_s);
            name
        };
        other(format!("{row}.0.part"), HOUR + 1);
        let strangers = [
            other(format!("{row}.1.part"), HOUR - 1),
            other(".nomedia".into(), HOUR * 99),
            other(format!("{orphan}.jpg"), HOUR * 99),
            other("x.0.part".into(), HOUR * 99),
            other(format!("{orphan}.x.part"), HOUR * 99),
            other(orphan.to_string().to_uppercase(), HOUR * 99),
        ];
        fs::create_dir(folder.path().join(sha256_of(b"a folder").to_string())).unwrap();

        assert_eq!(folder.collect(&BTreeSet::from([row]), NOW).unwrap(), 2);
        let mut left: Vec<_> = strangers.into();
        left.extend([row, young, future, sha256_of(b"a folder")].map(|sha256| sha256.to_string()));
        left.sort();
        assert_eq!(names(&folder), left);
        assert_eq!(folder.collect(&BTreeSet::from([row]), NOW).unwrap(), 0);
    }

    #[test]
    fn storing_an_old_file_again_makes_it_young() {
        let (_root, folder) = folder();
        let sha256 = folder.store(b"abc").unwrap();
        make_old(&folder.path_of(sha256), HOUR * 5);
        let old = modified(&fs::metadata(folder.path_of(sha256)).unwrap()).unwrap();
        folder.store(b"abc").unwrap();
        let young = modified(&fs::metadata(folder.path_of(sha256)).unwrap()).unwrap();
        assert_ne!(old, young);
    }

    #[test]
    fn many_may_store_the_same_bytes_at_once() {
        let (_root, folder) = folder();
        let bytes = vec![7; 100_000];
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| folder.store(&bytes).unwrap());
            }
        });
        assert_eq!(names(&folder), [sha256_of(&bytes).to_string()]);
        assert_eq!(folder.read_verified(sha256_of(&bytes)).unwrap().unwrap(), bytes);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_may_not_be_read_is_locked_and_not_empty() {
        use std::os::unix::fs::PermissionsExt as _;

        let (_root, folder) = folder();
        let sha256 = folder.store(b"abc").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o000)).unwrap();
        // Root may read everything.
        if fs::read_dir(folder.path()).is_err() {
            assert!(matches!(folder.read(sha256), Err(StoreError::Locked)));
            assert!(matches!(
                folder.collect(&BTreeSet::new(), NOW),
                Err(StoreError::Locked)
            ));
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    }
}
