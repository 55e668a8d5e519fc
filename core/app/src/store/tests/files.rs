//! Files around the database: the cache, copies, and what is left of deleted text.

use std::path::Path;

use tempfile::TempDir;

use super::super::connection::{Role, read};
use super::super::migrations::MIGRATIONS;
use super::super::{Store, StoreError, settings};
use super::{bytes_of, config, connection_to, contents, make_file, mark_unclean, new_store, open, try_open};
use crate::search::{ARTICLES, MESSAGES};

const PAGE: usize = 4096;

/// Opens and closes the store, and uses every index in between: damage inside one is met in use.
fn open_and_use_the_cache(folder: &Path) {
    let store = open(folder);
    store
        .write_cache::<_, StoreError>(|tx| {
            MESSAGES.put(tx, 1, ["糖質"])?;
            MESSAGES.remove(tx, &[1])?;
            ARTICLES.put(tx, 1, ["塩分", "水"])?;
            ARTICLES.remove(tx, &[1])
        })
        .unwrap();
    store.close().unwrap();
}

fn assert_cache_is_as_new(folder: &Path, what: &str) {
    let cache = connection_to(folder, Role::CacheWriter);
    assert_eq!(read(&cache, "user_version").unwrap(), "2", "{what}");
    drop(cache);
    // What no statement meets may stay, such as a wrong entry in the map that only a vacuum reads.
    open_and_use_the_cache(folder);
}

#[test]
fn the_cache_may_be_thrown_away_in_any_state() {
    let (folder, store) = new_store();
    store
        .write::<_, StoreError>(|tx| settings::set(tx, "name", Some("kept")))
        .unwrap();
    store.close().unwrap();
    let cache = folder.path().join("cache");
    let path = cache.join("cache.db");
    let sound = std::fs::read(&path).unwrap();

    let mut states: Vec<(String, Vec<u8>)> = (0..=sound.len())
        .step_by(1024)
        .map(|kept| (format!("cut to {kept} bytes"), sound[..kept].to_vec()))
        .collect();
    for position in (0..sound.len()).step_by(257) {
        let mut bytes = sound.clone();
        bytes[position] ^= 0x41;
        states.push((format!("byte {position} changed"), bytes));
    }
    states.push(("zeros".to_owned(), vec![0; PAGE * 3]));
    states.push((
        "another text".to_owned(),
        b"no database at all, but long enough to look at".to_vec(),
    ));
    for (what, bytes) in states {
        std::fs::write(&path, bytes).unwrap();
        std::fs::write(cache.join("cache.db-wal"), b"no log").unwrap();
        mark_unclean(folder.path());
        open_and_use_the_cache(folder.path());
        assert_cache_is_as_new(folder.path(), &what);
    }
    let arrangements: [(&str, &dyn Fn()); 3] = [
        ("the folder is gone", &|| std::fs::remove_dir_all(&cache).unwrap()),
        ("a folder has its name", &|| {
            std::fs::remove_file(&path).unwrap();
            std::fs::create_dir(&path).unwrap();
        }),
        ("it has another layout", &|| {
            connection_to(folder.path(), Role::CacheWriter)
                .pragma_update(None, "user_version", 99)
                .unwrap();
        }),
    ];
    for (what, arrange) in arrangements {
        arrange();
        open_and_use_the_cache(folder.path());
        assert_cache_is_as_new(folder.path(), what);
    }
    let store = open(folder.path());
    let value = store
        .read::<_, StoreError>(|reader| settings::get(reader, "name"))
        .unwrap();
    assert_eq!(value.as_deref(), Some("kept"));
}

#[test]
fn a_copy_has_what_is_still_in_the_log_and_opens_as_a_store() {
    let source = TempDir::new().unwrap();
    make_file(source.path(), MIGRATIONS, 50);
    let store = open(source.path());
    store
        .write::<_, StoreError>(|tx| settings::set(tx, "late", Some("in the log")))
        .unwrap();
    let target = TempDir::new().unwrap();
    super::copy_folder(source.path(), target.path());
    for name in ["user.db", "user.db-wal", "user.db-shm"] {
        std::fs::remove_file(target.path().join("user").join(name)).unwrap();
    }
    let path = target.path().join("user/user.db");
    store.backup_to(&path).unwrap();
    assert_eq!(
        bytes_of(&target.path().join("user"))
            .into_keys()
            .filter(|name| name.starts_with("user.db-"))
            .count(),
        0,
        "a copy is one file"
    );
    let expected = store
        .read::<_, StoreError>(|reader| Ok(contents(reader.connection())))
        .unwrap();
    let copy = open(target.path());
    let found = copy
        .read::<_, StoreError>(|reader| Ok(contents(reader.connection())))
        .unwrap();
    assert_eq!(found, expected);

    // Nobody's file is overwritten, and a copy that fails leaves nothing behind.
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(store.backup_to(&path), Err(StoreError::Io(_))));
    assert_eq!(std::fs::read(&path).unwrap(), before);
    store.pause().unwrap();
    let other = target.path().join("copy.db");
    assert!(matches!(store.backup_to(&other), Err(StoreError::Closed)));
    assert!(!other.exists());
}

fn holds(folder: &Path, marker: &str) -> Vec<String> {
    bytes_of(folder)
        .into_iter()
        .filter(|(_, bytes)| {
            bytes
                .windows(marker.len())
                .any(|window| window == marker.as_bytes())
        })
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn wiping_leaves_no_marker_in_any_file() {
    const MARKER: &str = "秘密の目印 marker-4711";
    for state in ["open", "paused", "closed", "wiped"] {
        let folder = TempDir::new().unwrap();
        let write = |store: &Store| {
            store
                .write::<_, StoreError>(|tx| {
                    (0..200).try_for_each(|n| settings::set(tx, &format!("key {n}"), Some(MARKER)))
                })
                .unwrap();
        };
        let store = open(folder.path());
        write(&store);
        store.close().unwrap();
        // A damaged file with the marker, so that the quarantine holds it as well.
        let path = folder.path().join("user/user.db");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[PAGE..PAGE + 8].fill(0xff);
        bytes.extend_from_slice(MARKER.as_bytes());
        std::fs::write(&path, bytes).unwrap();
        mark_unclean(folder.path());
        let (store, recovery) = try_open(folder.path()).unwrap();
        assert!(recovery.is_some());
        write(&store);
        std::fs::write(folder.path().join("cache/picture"), MARKER).unwrap();
        std::fs::write(folder.path().join("user/attachment"), MARKER).unwrap();
        assert!(holds(folder.path(), MARKER).len() >= 3);
        match state {
            "paused" => store.pause().unwrap(),
            "closed" => store.close().unwrap(),
            "wiped" => store.wipe().unwrap(),
            _ => {}
        }
        store.wipe().unwrap();
        assert_eq!(holds(folder.path(), MARKER), [""; 0], "{state}");
        let left: Vec<String> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(left, ["lock"], "{state}");
        assert!(matches!(store.resume(), Err(StoreError::Closed)));
        // The folder is as good as new, for another person too.
        let (fresh, recovery) = try_open(folder.path()).unwrap();
        assert_eq!(recovery, None);
        assert_eq!(
            fresh
                .read::<_, StoreError>(|reader| settings::get(reader, "key 1"))
                .unwrap(),
            None
        );
    }
}

#[test]
fn wiping_a_folder_that_another_instance_uses_is_refused() {
    let (folder, store) = new_store();
    store.pause().unwrap();
    let other = open(folder.path());
    other
        .write::<_, StoreError>(|tx| settings::set(tx, "name", Some("value")))
        .unwrap();
    assert!(matches!(store.wipe(), Err(StoreError::InUse)));
    let value = other
        .read::<_, StoreError>(|reader| settings::get(reader, "name"))
        .unwrap();
    assert_eq!(value.as_deref(), Some("value"));
    other.close().unwrap();
    store.wipe().unwrap();
    assert!(!folder.path().join("user").exists());
}

#[test]
fn deleted_text_does_not_survive_in_the_file() {
    const MARKER: &str = "deleted-marker-4711";
    let (folder, store) = new_store();
    let set = |value: Option<&str>| {
        store
            .write::<_, StoreError>(|tx| {
                (0..50).try_for_each(|n| settings::set(tx, &format!("key {n}"), value))
            })
            .unwrap();
    };
    set(Some(MARKER));
    set(None);
    store.pause().unwrap();
    assert_eq!(holds(folder.path(), MARKER), [""; 0]);
}

#[test]
fn a_folder_without_rights_is_locked_and_not_new() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, store) = new_store();
    store.close().unwrap();
    let rights = |mode: u32| {
        std::fs::set_permissions(
            folder.path().join("user/user.db"),
            std::fs::Permissions::from_mode(mode),
        )
        .unwrap();
    };
    rights(0o000);
    let is_administrator = std::fs::File::open(folder.path().join("user/user.db")).is_ok();
    let result = Store::open(config(folder.path()));
    rights(0o600);
    if is_administrator {
        eprintln!("nothing is refused to an administrator: only the reopening was tested");
    } else {
        assert!(matches!(result, Err(StoreError::Locked)));
    }
    drop(result);
    open(folder.path()).close().unwrap();
}
