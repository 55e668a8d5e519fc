//! Keys: the right one opens, any other one changes nothing.

use super::super::{DatabaseKey, Store, StoreConfig, StoreError};

#[test]
#[cfg(not(feature = "sqlcipher"))]
fn a_key_is_refused_by_a_build_without_encryption() {
    let folder = tempfile::TempDir::new().unwrap();
    let refused = Store::open(StoreConfig {
        folder: folder.path().to_owned(),
        key: Some(DatabaseKey::new([1; 32])),
    });
    assert!(matches!(refused, Err(StoreError::KeyNotSupported)));
    assert!(!folder.path().join("user").exists());
}

#[cfg(feature = "sqlcipher")]
mod encrypted {
    use std::path::Path;

    use super::super::super::connection::{Role, connect};
    use super::super::super::settings;
    use super::super::{bytes_of, mark_unclean};
    use super::*;

    const MARKER: &str = "marker-4711";

    fn open_with(folder: &Path, key: Option<u8>) -> Result<Store, StoreError> {
        let (store, recovery) = Store::open(StoreConfig {
            folder: folder.to_owned(),
            key: key.map(|byte| DatabaseKey::new([byte; 32])),
        })?;
        assert_eq!(recovery, None);
        Ok(store)
    }

    fn folder_with_marker() -> tempfile::TempDir {
        let folder = tempfile::TempDir::new().unwrap();
        let store = open_with(folder.path(), Some(1)).unwrap();
        store
            .write::<_, StoreError>(|tx| settings::set(tx, "name", Some(MARKER)))
            .unwrap();
        store.close().unwrap();
        folder
    }

    fn marker_of(store: &Store) -> Option<String> {
        store
            .read::<_, StoreError>(|reader| settings::get(reader, "name"))
            .unwrap()
    }

    #[test]
    fn nothing_readable_stands_in_the_files() {
        let folder = folder_with_marker();
        let store = open_with(folder.path(), Some(1)).unwrap();
        assert_eq!(marker_of(&store).as_deref(), Some(MARKER));
        store
            .write::<_, StoreError>(|tx| settings::set(tx, "second", Some(MARKER)))
            .unwrap();
        for (name, bytes) in bytes_of(folder.path()) {
            for text in [MARKER.as_bytes(), b"SQLite format 3", b"CREATE TABLE"] {
                let is_there = bytes.windows(text.len()).any(|window| window == text);
                assert!(!is_there, "{name}: {}", String::from_utf8_lossy(text));
            }
        }
    }

    #[test]
    fn a_wrong_or_missing_key_is_lost_and_changes_not_a_byte() {
        let folder = folder_with_marker();
        let before = bytes_of(folder.path());
        for is_unclean in [false, true] {
            for key in [Some(2), None] {
                if is_unclean {
                    mark_unclean(folder.path());
                }
                assert!(
                    matches!(open_with(folder.path(), key), Err(StoreError::KeyLost)),
                    "{key:?}"
                );
                assert_eq!(bytes_of(folder.path()), before, "{key:?}");
            }
        }
        assert_eq!(
            marker_of(&open_with(folder.path(), Some(1)).unwrap()).as_deref(),
            Some(MARKER)
        );
    }

    #[test]
    fn a_wrong_key_is_lost_even_without_the_fingerprint() {
        let folder = folder_with_marker();
        std::fs::remove_file(folder.path().join("user/user.db.key")).unwrap();
        assert!(matches!(
            open_with(folder.path(), Some(2)),
            Err(StoreError::KeyLost)
        ));
        assert_eq!(
            marker_of(&open_with(folder.path(), Some(1)).unwrap()).as_deref(),
            Some(MARKER)
        );
        assert!(
            folder.path().join("user/user.db.key").exists(),
            "the key that fits is noted again"
        );
    }

    #[test]
    fn a_key_given_to_a_plain_file_is_not_damage() {
        let folder = tempfile::TempDir::new().unwrap();
        open_with(folder.path(), None).unwrap().close().unwrap();
        let before = bytes_of(folder.path());
        assert!(matches!(
            open_with(folder.path(), Some(1)),
            Err(StoreError::KeyLost)
        ));
        assert_eq!(bytes_of(folder.path()), before);
    }

    #[test]
    fn an_encrypted_file_that_is_damaged_is_salvaged_with_its_key_and_not_without() {
        let folder = folder_with_marker();
        let path = folder.path().join("user/user.db");
        let root: u32 = connect(&path, Role::UserReader, Some(&DatabaseKey::new([1; 32])))
            .unwrap()
            .query_row(
                "SELECT rootpage FROM sqlite_schema WHERE name = 'step_day'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[(root as usize - 1) * 4096 + 100] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        mark_unclean(folder.path());
        assert!(matches!(
            open_with(folder.path(), Some(2)),
            Err(StoreError::KeyLost)
        ));
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        let (store, recovery) = Store::open(StoreConfig {
            folder: folder.path().to_owned(),
            key: Some(DatabaseKey::new([1; 32])),
        })
        .unwrap();
        assert!(recovery.is_some());
        assert_eq!(marker_of(&store).as_deref(), Some(MARKER));
    }

    #[test]
    fn a_copy_has_the_key_of_its_store() {
        let folder = folder_with_marker();
        let store = open_with(folder.path(), Some(1)).unwrap();
        let other = tempfile::TempDir::new().unwrap();
        std::fs::create_dir(other.path().join("user")).unwrap();
        store.backup_to(&other.path().join("user/user.db")).unwrap();
        assert!(matches!(
            open_with(other.path(), Some(2)),
            Err(StoreError::KeyLost)
        ));
        assert_eq!(
            marker_of(&open_with(other.path(), Some(1)).unwrap()).as_deref(),
            Some(MARKER)
        );
    }

    #[test]
    fn another_person_may_begin_with_another_key_after_a_wipe() {
        let folder = folder_with_marker();
        let store = open_with(folder.path(), Some(1)).unwrap();
        store.wipe().unwrap();
        assert_eq!(marker_of(&open_with(folder.path(), Some(2)).unwrap()), None);
    }

    #[test]
    fn a_key_is_forgotten_by_closing_and_not_by_pausing() {
        let folder = folder_with_marker();
        let store = open_with(folder.path(), Some(1)).unwrap();
        store.pause().unwrap();
        store.resume().unwrap();
        let refused = store.read::<_, StoreError>(|_| Ok(store.close())).unwrap();
        assert!(matches!(refused, Err(StoreError::Bug { .. })));
        store.pause().unwrap();
        store.resume().unwrap();
        assert_eq!(marker_of(&store).as_deref(), Some(MARKER));
        store.close().unwrap();
        assert!(store.lifecycle.lock().unwrap().key.is_none());
    }
}
