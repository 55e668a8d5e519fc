//! Stories about the store, and what they share.

mod connections;
mod life;
mod schema;
mod transactions;

use std::path::Path;

use tempfile::TempDir;

use super::{Store, StoreConfig, StoreError};

/// A store in a folder that goes when the test ends.
pub(super) fn new_store() -> (TempDir, Store) {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    (folder, store)
}

/// Opens a folder that needs no recovery.
pub(super) fn open(folder: &Path) -> Store {
    let (store, recovery) = try_open(folder).unwrap();
    assert_eq!(recovery, None);
    store
}

pub(super) fn try_open(folder: &Path) -> Result<(Store, Option<super::Recovery>), StoreError> {
    Store::open(config(folder))
}

pub(super) fn config(folder: &Path) -> StoreConfig {
    StoreConfig {
        folder: folder.to_owned(),
        key: None,
    }
}

/// Bytes of every file of the folder but `lock` and `dirty`, which say nothing about data.
pub(super) fn bytes_of(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            files.extend(
                bytes_of(&entry.path())
                    .into_iter()
                    .map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)),
            );
        } else if name != "lock" && name != "dirty" {
            files.push((name, std::fs::read(entry.path()).unwrap()));
        }
    }
    files.sort();
    files
}
