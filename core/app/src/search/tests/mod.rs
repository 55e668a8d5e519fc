//! Stories and laws of the whole module over a real store, on both engines.

mod editions;
mod engine;
mod erasure;
mod oracle;

use tempfile::TempDir;

use super::{MESSAGES, Query};
use crate::store::{DatabaseKey, Store, StoreConfig, StoreError};

/// A store in a folder that goes when the test ends.
fn new_store() -> (TempDir, Store) {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    (folder, store)
}

fn open(folder: &TempDir) -> Store {
    let key = cfg!(feature = "sqlcipher").then(|| DatabaseKey::new([7; 32]));
    let config = StoreConfig {
        folder: folder.path().to_owned(),
        key,
    };
    Store::open(config).unwrap().0
}

/// Puts messages into the index, with the ids 1, 2, 3 and so on.
fn put_all(store: &Store, texts: &[&str]) {
    store
        .write_cache::<_, StoreError>(|tx| {
            (1..)
                .zip(texts)
                .try_for_each(|(id, text)| MESSAGES.put(tx, id, [text]))
        })
        .unwrap();
}

/// Ids of the messages that a search finds, highest first.
fn find(store: &Store, typed: &str) -> Vec<i64> {
    let Some(query) = Query::parse(typed) else {
        return Vec::new();
    };
    store
        .read_cache::<_, StoreError>(|reader| MESSAGES.newest(reader, &query, None, u32::MAX))
        .unwrap()
}
