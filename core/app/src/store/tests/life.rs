//! Opening, pausing, resuming, closing, wiping.

use super::super::{StoreError, settings};
use super::{config, new_store, open, try_open};

#[test]
fn a_second_instance_on_the_folder_is_refused() {
    let (folder, store) = new_store();
    assert!(matches!(try_open(folder.path()), Err(StoreError::InUse)));
    store.pause().unwrap();
    let second = open(folder.path());
    assert!(matches!(store.resume(), Err(StoreError::InUse)));
    second.close().unwrap();
    store.resume().unwrap();
    store.read::<(), StoreError>(|_| Ok(())).unwrap();
}

#[test]
fn a_paused_store_refuses_work_until_it_is_resumed() {
    let (folder, store) = new_store();
    store.pause().unwrap();
    store.pause().unwrap();
    assert!(matches!(
        store.read::<(), StoreError>(|_| Ok(())),
        Err(StoreError::Closed)
    ));
    assert!(matches!(
        store.write::<(), StoreError>(|_| Ok(())),
        Err(StoreError::Closed)
    ));
    assert!(!folder.path().join("user/user.db-wal").exists());
    assert!(!folder.path().join("dirty").exists());
    store.resume().unwrap();
    store.resume().unwrap();
    assert!(folder.path().join("dirty").exists());
    store
        .write::<_, StoreError>(|tx| settings::set(tx, "name", Some("value")))
        .unwrap();
}

#[test]
fn a_closed_store_stays_closed() {
    let (folder, store) = new_store();
    store.close().unwrap();
    store.close().unwrap();
    store.pause().unwrap();
    assert!(matches!(store.resume(), Err(StoreError::Closed)));
    open(folder.path()).close().unwrap();
}

#[test]
fn a_key_is_refused_by_a_build_without_encryption() {
    if cfg!(feature = "sqlcipher") {
        return;
    }
    let folder = tempfile::TempDir::new().unwrap();
    let mut config = config(folder.path());
    config.key = Some(super::super::DatabaseKey::new([1; 32]));
    assert!(matches!(
        super::super::Store::open(config),
        Err(StoreError::KeyNotSupported)
    ));
}
