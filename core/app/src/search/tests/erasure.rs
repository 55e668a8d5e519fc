//! What was removed is not left in any byte of the cache.

use std::path::Path;

use super::super::MESSAGES;
use super::new_store;
use crate::store::StoreError;

/// How often a marker stands in the files of the cache.
fn count(folder: &Path, marker: &str) -> usize {
    std::fs::read_dir(folder.join("cache"))
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .map(|bytes| {
            bytes
                .windows(marker.len())
                .filter(|window| *window == marker.as_bytes())
                .count()
        })
        .sum()
}

/// A word and a pair of rare kanji: tokens as they stand in the index.
const MARKERS: [&str; 2] = ["zqmarker4711", "鰤鱈"];

#[test]
fn words_of_a_removed_or_replaced_message_leave_the_files_with_the_checkpoint() {
    for way in ["removed", "replaced", "removed in steps", "built again"] {
        let (folder, store) = new_store();
        // Each in a transaction of its own, so that the index has parts of several sizes, as after months of use.
        for id in 0..120 {
            let text = if id % 10 == 7 {
                format!("{} と {} を{id}回", MARKERS[0], MARKERS[1])
            } else {
                format!("体重は{id}キロ")
            };
            store
                .write_cache::<_, StoreError>(|tx| MESSAGES.put(tx, id, [&text]))
                .unwrap();
        }
        store.pause().unwrap();
        if !cfg!(feature = "sqlcipher") {
            assert!(MARKERS.iter().all(|marker| count(folder.path(), marker) > 0));
        }
        store.resume().unwrap();
        let ids: Vec<i64> = (0..120).filter(|id| id % 10 == 7).collect();
        let write = |ids: &[i64]| {
            store
                .write_cache::<_, StoreError>(|tx| match way {
                    "replaced" => ids
                        .iter()
                        .try_for_each(|id| MESSAGES.put(tx, *id, ["消しました"])),
                    _ => MESSAGES.remove(tx, ids),
                })
                .unwrap();
        };
        match way {
            "removed in steps" => ids.chunks(1).for_each(write),
            // A log that is gone takes its words along.
            "built again" => store
                .write_cache::<_, StoreError>(|tx| {
                    tx.connection()
                        .execute("UPDATE search_edition SET normaliser_version = 0", [])?;
                    assert_eq!(MESSAGES.due(tx, &std::collections::BTreeMap::new())?, None);
                    Ok(())
                })
                .unwrap(),
            _ => write(&ids),
        }
        store.pause().unwrap();
        for marker in MARKERS {
            assert_eq!(count(folder.path(), marker), 0, "{way}: {marker}");
        }
    }
}
