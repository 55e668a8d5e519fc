//! The cache as an open file: damage while it is used, and what takes it along.

use std::sync::mpsc;

use super::super::connection::{Role, read};
use super::super::{CacheTransaction, Store, StoreError, settings};
use super::{connection_to, make_file, new_store, open, try_open};
use crate::search::{MESSAGES, Query};
use crate::store::MIGRATIONS;

fn put(store: &Store, text: &str) {
    store
        .write_cache::<_, StoreError>(|tx| (1..=200).try_for_each(|id| MESSAGES.put(tx, id, [text])))
        .unwrap();
}

fn find(store: &Store, typed: &str) -> Result<usize, StoreError> {
    let query = Query::parse(typed).unwrap();
    store
        .read_cache(|reader| MESSAGES.newest(reader, &query, None, 1_000))
        .map(|ids| ids.len())
}

fn run(store: &Store, sql: &str) {
    store
        .write_cache::<_, StoreError>(|tx| Ok(tx.connection().execute_batch(sql)?))
        .unwrap();
}

#[test]
fn what_is_in_the_cache_is_there_after_a_pause_and_a_restart() {
    let (folder, store) = new_store();
    put(&store, "糖質");
    store.pause().unwrap();
    let left = super::bytes_of(&folder.path().join("cache"));
    assert_eq!(
        left.into_keys().collect::<Vec<_>>(),
        ["cache.db"],
        "the log is in the file"
    );
    store.resume().unwrap();
    assert_eq!(find(&store, "糖質").unwrap(), 200);
    store.close().unwrap();
    let store = open(folder.path());
    assert_eq!(find(&store, "糖質").unwrap(), 200);
}

#[test]
fn damage_that_is_met_makes_an_empty_cache_and_no_error_and_leaves_user_db_alone() {
    let damages = [
        ("a table is gone", "DROP TABLE search_position"),
        ("an index is gone", "DROP TABLE message_fts"),
        (
            "a column is another one",
            "ALTER TABLE search_position RENAME COLUMN seq TO seqq",
        ),
        (
            "pages of the index are gone",
            "DELETE FROM message_fts_data WHERE id > 10",
        ),
        (
            "pages of the index hold nothing",
            "UPDATE message_fts_data SET block = x'' WHERE id > 10",
        ),
        (
            "an epoch is none",
            "INSERT INTO search_position VALUES ('message_fts', 'live', 'care', 'no epoch', 1)",
        ),
    ];
    for (what, sql) in damages {
        let (folder, store) = new_store();
        store
            .write::<_, StoreError>(|tx| settings::set(tx, "name", Some("kept")))
            .unwrap();
        put(&store, "糖質");
        run(&store, sql);
        // Connections that have not yet read the pages.
        store.pause().unwrap();
        store.resume().unwrap();
        for _ in 0..2 {
            let found = find(&store, "糖質").unwrap();
            assert!(found == 0 || found == 200, "{what}: {found}");
            let due =
                store.write_cache::<_, StoreError>(|tx| MESSAGES.due(tx, &std::collections::BTreeMap::new()));
            assert_eq!(due.unwrap(), None, "{what}");
        }
        put(&store, "塩分");
        assert_eq!(find(&store, "塩分").unwrap(), 200, "{what}");
        store.close().unwrap();
        assert!(!folder.path().join("dirty").exists(), "{what}");
        let cache = connection_to(folder.path(), Role::CacheWriter);
        assert_eq!(read(&cache, "quick_check").unwrap(), "ok", "{what}");
        drop(cache);
        let value = open(folder.path())
            .read::<_, StoreError>(|reader| settings::get(reader, "name"))
            .unwrap();
        assert_eq!(value.as_deref(), Some("kept"), "{what}");
    }
}

#[test]
fn no_changed_byte_of_the_cache_is_an_error() {
    let (folder, store) = new_store();
    put(&store, "糖質と水");
    store.close().unwrap();
    let path = folder.path().join("cache/cache.db");
    let sound = std::fs::read(&path).unwrap();
    for position in (0..sound.len()).step_by(sound.len() / 150) {
        let mut bytes = sound.clone();
        bytes[position] ^= 0x41;
        std::fs::write(&path, bytes).unwrap();
        // Nothing tells the start to look closely.
        let store = open(folder.path());
        find(&store, "糖質").unwrap();
        store
            .write_cache::<_, StoreError>(|tx| {
                MESSAGES.put(tx, 1, ["塩分"])?;
                MESSAGES.remove(tx, &[2])
            })
            .unwrap();
        store.close().unwrap();
        assert!(!folder.path().join("dirty").exists(), "byte {position}");
    }
}

#[test]
fn work_that_met_damage_runs_again_on_the_empty_cache_and_only_once() {
    let (_folder, store) = new_store();
    put(&store, "糖質");
    let mut found = Vec::new();
    let broken = |tx: &CacheTransaction<'_>| -> Result<(), StoreError> {
        tx.connection().execute_batch("SELECT 1 FROM no_such_table")?;
        Ok(())
    };
    let result = store.write_cache::<(), StoreError>(|tx| {
        let query = Query::parse("糖質").unwrap();
        found.push(MESSAGES.newest(tx, &query, None, 1_000)?.len());
        broken(tx)
    });
    assert!(matches!(result, Err(StoreError::Sqlite(_))), "{result:?}");
    assert_eq!(found, [200, 0]);
    find(&store, "糖質").unwrap();
}

#[test]
fn an_error_of_the_work_takes_the_write_back_and_keeps_the_cache() {
    let (_folder, store) = new_store();
    put(&store, "糖質");
    let mut runs = 0;
    let result = store.write_cache::<(), StoreError>(|tx| {
        runs += 1;
        MESSAGES.remove(tx, &[1])?;
        Err(StoreError::Bug { where_: "a test" })
    });
    assert!(matches!(result, Err(StoreError::Bug { .. })));
    assert_eq!(runs, 1);
    assert_eq!(find(&store, "糖質").unwrap(), 200);
}

#[test]
fn several_threads_that_meet_damage_wait_for_one_new_cache() {
    let (_folder, store) = new_store();
    for _ in 0..5 {
        put(&store, "糖質");
        run(&store, "DROP TABLE message_fts");
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| assert_eq!(find(&store, "糖質").unwrap(), 0));
                scope.spawn(|| {
                    store
                        .write_cache::<_, StoreError>(|tx| MESSAGES.put(tx, 1, ["水"]))
                        .unwrap();
                });
            }
        });
        assert_eq!(find(&store, "水").unwrap(), 1);
    }
}

#[test]
fn a_cache_is_made_again_only_when_nobody_uses_it_and_a_pause_ends_the_wait() {
    let (_folder, store) = new_store();
    put(&store, "糖質");
    let (began, has_begun) = mpsc::channel();
    let (end, may_end) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let store = &store;
        let reading = scope.spawn(move || {
            store.read_cache::<_, StoreError>(|_| {
                began.send(()).unwrap();
                may_end.recv().unwrap();
                Ok(())
            })
        });
        has_begun.recv().unwrap();
        let meeting = scope.spawn(|| {
            store.write_cache::<_, StoreError>(|tx| {
                Ok(tx.connection().execute_batch("SELECT 1 FROM nothing")?)
            })
        });
        // It waits for the reader, and the pause for both of them.
        let pausing = scope.spawn(|| store.pause());
        assert!(matches!(
            meeting.join().unwrap(),
            Err(StoreError::Closed | StoreError::Sqlite(_))
        ));
        end.send(()).unwrap();
        reading.join().unwrap().unwrap();
        pausing.join().unwrap().unwrap();
    });
    store.resume().unwrap();
    find(&store, "糖質").unwrap();
}

#[test]
fn a_thread_has_one_connection_of_either_file() {
    let (_folder, store) = new_store();
    let inside =
        |inner: Result<(), StoreError>| assert!(matches!(inner, Err(StoreError::Bug { .. })), "{inner:?}");
    store
        .write::<_, StoreError>(|_| {
            inside(store.read_cache(|_| Ok(())));
            inside(store.write_cache(|_| Ok(())));
            Ok(())
        })
        .unwrap();
    store
        .read_cache::<_, StoreError>(|_| {
            inside(store.read(|_| Ok(())));
            inside(store.write_cache(|_| Ok(())));
            inside(store.pause());
            inside(store.wipe());
            Ok(())
        })
        .unwrap();
    store.write_cache::<(), StoreError>(|_| Ok(())).unwrap();
}

#[test]
fn a_closed_store_has_no_cache() {
    let (_folder, store) = new_store();
    store.pause().unwrap();
    assert!(matches!(find(&store, "糖質"), Err(StoreError::Closed)));
    store.close().unwrap();
    assert!(matches!(
        store.write_cache::<(), StoreError>(|_| Ok(())),
        Err(StoreError::Closed)
    ));
}

#[test]
fn a_pause_interrupts_a_search_and_the_cache_is_kept() {
    const ENDLESS: &str =
        "WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up) SELECT max(n) FROM up";
    let (_folder, store) = new_store();
    put(&store, "糖質");
    let (began, has_begun) = mpsc::channel();
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            store.read_cache::<i64, StoreError>(|reader| {
                began.send(()).unwrap();
                Ok(reader.connection().query_row(ENDLESS, [], |row| row.get(0))?)
            })
        });
        has_begun.recv().unwrap();
        store.pause().unwrap();
        assert!(matches!(reading.join().unwrap(), Err(StoreError::Closed)));
    });
    store.resume().unwrap();
    assert_eq!(find(&store, "糖質").unwrap(), 200);
}

#[test]
fn a_user_db_that_is_new_or_recovered_takes_the_cache_along() {
    let files = |folder: &std::path::Path| folder.join("user/user.db");
    for what in ["gone", "damaged"] {
        let (folder, store) = new_store();
        put(&store, "糖質");
        store.close().unwrap();
        if what == "gone" {
            std::fs::remove_file(files(folder.path())).unwrap();
        } else {
            let mut bytes = std::fs::read(files(folder.path())).unwrap();
            bytes[4096..4200].fill(0xff);
            std::fs::write(files(folder.path()), bytes).unwrap();
            super::mark_unclean(folder.path());
        }
        let (store, recovery) = try_open(folder.path()).unwrap();
        assert_eq!(recovery.is_some(), what == "damaged");
        assert_eq!(find(&store, "糖質").unwrap(), 0, "{what}");
    }
}

#[test]
fn a_start_that_finds_no_cache_makes_one() {
    let folder = tempfile::TempDir::new().unwrap();
    make_file(folder.path(), MIGRATIONS, 3);
    let store = open(folder.path());
    assert_eq!(find(&store, "糖質").unwrap(), 0);
}
