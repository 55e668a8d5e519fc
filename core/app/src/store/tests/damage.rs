//! Damaged files: never a crash, and no row is lost that can still be read.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::TempDir;

use super::super::connection::{Role, connect};
use super::super::migrations::{MIGRATIONS, TABLES_MADE_AGAIN};
use super::super::{Recovery, Store, StoreError, settings};
use super::{
    Contents, bytes_of, connection_to, contents, copy_folder, key, make_file, mark_unclean, open, rows_of,
    strings, try_open,
};

/// Enough for tables of several pages with inner pages above them.
const ROWS: i64 = 120;
const PAGE: usize = 4096;

struct Original {
    folder: TempDir,
    contents: Contents,
    /// Columns of the primary key of each table.
    keys: BTreeMap<String, Vec<String>>,
    bytes: Vec<u8>,
}

fn original() -> Original {
    original_of(ROWS)
}

fn original_of(rows: i64) -> Original {
    let folder = TempDir::new().unwrap();
    make_file(folder.path(), MIGRATIONS, rows);
    let reader = connection_to(folder.path(), Role::UserReader);
    let contents = contents(&reader);
    let key_of = |table: &String| {
        strings(
            &reader,
            &format!("SELECT name FROM pragma_table_xinfo('{table}') WHERE pk > 0 ORDER BY pk"),
        )
    };
    let keys = contents
        .keys()
        .map(|table| (table.clone(), key_of(table)))
        .collect();
    drop(reader);
    let bytes = std::fs::read(folder.path().join("user/user.db")).unwrap();
    Original {
        folder,
        contents,
        keys,
        bytes,
    }
}

impl Original {
    /// A folder with `bytes` in place of the file, as a start finds it that follows an unclean end.
    fn damaged(&self, bytes: &[u8]) -> TempDir {
        let folder = TempDir::new().unwrap();
        copy_folder(self.folder.path(), folder.path());
        std::fs::write(folder.path().join("user/user.db"), bytes).unwrap();
        mark_unclean(folder.path());
        folder
    }

    /// How many rows of each table can be fetched one by one from the damaged file, as they were.
    ///
    /// Independent of the salvage: it knows every key, and asks for each.
    fn readable_rows(&self, folder: &Path) -> BTreeMap<String, usize> {
        let path = folder.join("user/user.db");
        let again = || connect(&path, Role::UserReader, key().as_ref()).ok();
        let mut connection = again();
        let mut readable = BTreeMap::new();
        for (table, (columns, rows)) in &self.contents {
            let conditions: Vec<String> = self.keys[table]
                .iter()
                .enumerate()
                .map(|(place, column)| format!("{column} = ?{}", place + 1))
                .collect();
            let sql = format!(
                "SELECT {} FROM {table} WHERE {}",
                columns.join(", "),
                conditions.join(" AND ")
            );
            let places: Vec<usize> = self.keys[table]
                .iter()
                .map(|key| columns.iter().position(|column| column == key).unwrap())
                .collect();
            let mut count = 0;
            for row in rows {
                let key: Vec<&Value> = places.iter().map(|place| &row[*place]).collect();
                let found = connection.as_ref().map(|connection| {
                    connection
                        .prepare_cached(&sql)?
                        .query_row(rusqlite::params_from_iter(key), |found| {
                            (0..columns.len())
                                .map(|place| found.get(place))
                                .collect::<Result<Vec<Value>, _>>()
                        })
                });
                match found {
                    Some(Ok(found)) => count += usize::from(found == *row),
                    // An encrypted connection answers nothing more after a page that was changed.
                    Some(Err(rusqlite::Error::SqliteFailure(..))) => connection = again(),
                    _ => {}
                }
            }
            readable.insert(table.clone(), count);
        }
        readable
    }
}

/// The rows of each table of an open store that has to be sound by now.
fn rows_in(store: &Store) -> BTreeMap<String, usize> {
    store
        .read::<_, StoreError>(|reader| {
            let connection = reader.connection();
            assert_eq!(strings(connection, "PRAGMA integrity_check"), ["ok"]);
            assert_eq!(
                strings(connection, "SELECT \"table\" FROM pragma_foreign_key_check"),
                [""; 0]
            );
            Ok(counts_of(connection))
        })
        .unwrap()
}

/// As [`rows_in`]; but a file that was left in its place passed only a quick check, which compares no index with its
/// table and no row with its parent.
fn rows_after(store: &Store, recovery: Option<&Recovery>) -> BTreeMap<String, usize> {
    if recovery.is_some() {
        return rows_in(store);
    }
    store
        .read::<_, StoreError>(|reader| {
            assert_eq!(strings(reader.connection(), "PRAGMA quick_check"), ["ok"]);
            Ok(counts_of(reader.connection()))
        })
        .unwrap()
}

fn counts_of(connection: &Connection) -> BTreeMap<String, usize> {
    let counts = contents(connection).into_iter();
    counts.map(|(table, (_, rows))| (table, rows.len())).collect()
}

fn assert_nothing_readable_is_lost(
    found: &BTreeMap<String, usize>,
    readable: &BTreeMap<String, usize>,
    recovery: Option<&Recovery>,
    what: &str,
) {
    for (table, readable) in readable {
        if recovery.is_none() || !TABLES_MADE_AGAIN.contains(&table.as_str()) {
            assert!(
                found[table] >= *readable,
                "{what}: {table}: {} of {readable}",
                found[table]
            );
        }
    }
    if let Some(recovery) = recovery {
        let sum: usize = found.values().sum();
        assert_eq!(recovery.salvaged_rows, sum as u64, "{what}");
    }
}

/// A repeatable byte position in a page.
fn position_in(page: usize) -> usize {
    (page.wrapping_mul(2_654_435_761) >> 7) % PAGE
}

#[test]
fn a_flipped_byte_in_any_page_loses_no_row_that_can_be_read() {
    let original = original();
    let pages = original.bytes.len() / PAGE;
    assert!(pages > 60, "{pages} pages");
    let (mut quarantines, mut readable_rows) = (0, 0);
    let first_page = (0..100).step_by(7).chain([100, 105, 107, 120, 4000]);
    let others = (1..pages).map(|page| page * PAGE + position_in(page));
    // The header of a page and its pointers decide most: they are hit in every third page as well.
    let headers = (1..pages).step_by(3).map(|page| page * PAGE + page % 24);
    for position in first_page.chain(others).chain(headers) {
        let mut bytes = original.bytes.clone();
        bytes[position] ^= 1 << (position % 8);
        let folder = original.damaged(&bytes);
        let readable = original.readable_rows(folder.path());
        let what = format!("byte {} of page {}", position % PAGE, position / PAGE + 1);
        match try_open(folder.path()) {
            Ok((store, recovery)) => {
                if let Some(recovery) = &recovery {
                    quarantines += 1;
                    assert_eq!(
                        std::fs::read(&recovery.set_aside).unwrap(),
                        bytes,
                        "{what}: set aside unchanged"
                    );
                }
                let found = rows_after(&store, recovery.as_ref());
                assert_nothing_readable_is_lost(&found, &readable, recovery.as_ref(), &what);
                store.close().unwrap();
            }
            // The bytes of the version: a higher one belongs to a newer app, which is not ours to doubt.
            Err(StoreError::TooNew { .. }) => assert!((60..64).contains(&position), "{what}"),
            Err(error) => panic!("{what}: {error:?}"),
        }
        readable_rows += readable.values().sum::<usize>();
    }
    assert!(quarantines > 20, "{quarantines}");
    assert!(readable_rows > 10_000, "{readable_rows}");
}

#[test]
fn a_table_whose_first_and_last_page_are_damaged_keeps_what_lies_between() {
    if key().is_some() {
        return; // the pages of an encrypted file cannot be told apart from outside
    }
    let original = original_of(ROWS * 4);
    let leaves = leaves_of(&original, "step_interval");
    assert!(leaves.len() > 5, "{leaves:?}");
    let (first, last) = (leaves[0], leaves[leaves.len() - 1]);
    let alternate: Vec<usize> = leaves.iter().copied().step_by(2).collect();
    for damaged in [vec![first, last], alternate] {
        let mut bytes = original.bytes.clone();
        for page in &damaged {
            bytes[(page - 1) * PAGE..page * PAGE].fill(0xFF);
        }
        let folder = original.damaged(&bytes);
        let readable = original.readable_rows(folder.path());
        assert!(readable["step_interval"] > 0);
        let (store, recovery) = try_open(folder.path()).unwrap();
        assert!(recovery.is_some());
        let found = rows_after(&store, recovery.as_ref());
        assert_nothing_readable_is_lost(&found, &readable, recovery.as_ref(), &format!("{damaged:?}"));
    }
}

/// Pages of a table that hold its rows, in order.
fn leaves_of(original: &Original, table: &str) -> Vec<usize> {
    let reader = connection_to(original.folder.path(), Role::UserReader);
    let root: i64 = reader
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = ?1",
            [table],
            |row| row.get(0),
        )
        .unwrap();
    let root = usize::try_from(root).unwrap();
    let page = &original.bytes[(root - 1) * PAGE..root * PAGE];
    let number = |at: usize| u32::from_be_bytes(page[at..at + 4].try_into().unwrap()) as usize;
    // An interior page of a table begins with 5; its cells begin with the page of a child.
    if page[0] != 5 {
        return vec![root];
    }
    let cells = usize::from(u16::from_be_bytes([page[3], page[4]]));
    let cell = |index: usize| usize::from(u16::from_be_bytes([page[12 + 2 * index], page[13 + 2 * index]]));
    (0..cells)
        .map(|index| number(cell(index)))
        .chain([number(8)])
        .collect()
}

#[test]
fn a_file_cut_off_anywhere_gives_what_can_be_read() {
    let original = original();
    let length = original.bytes.len();
    for kept in (0..length)
        .step_by(PAGE * 5 + 1234)
        .chain([1, 15, 16, 99, 100, 511, 512, PAGE, length - 1])
    {
        let folder = original.damaged(&original.bytes[..kept]);
        let readable = original.readable_rows(folder.path());
        let (store, recovery) =
            try_open(folder.path()).unwrap_or_else(|error| panic!("{kept} bytes: {error:?}"));
        // Less than a page may be missing from an end that holds nothing.
        if kept == 0 || kept + PAGE <= length {
            assert_eq!(recovery.is_some(), kept > 0, "{kept} bytes");
        }
        let found = rows_after(&store, recovery.as_ref());
        assert_nothing_readable_is_lost(&found, &readable, recovery.as_ref(), &format!("{kept} bytes"));
        store.close().unwrap();
    }
}

#[test]
fn a_file_that_is_no_database_is_set_aside() {
    let original = original();
    for bytes in [
        vec![b'x'; 10],
        vec![0; PAGE * 2],
        b"SQLite format 3\0 and then nothing of the kind".to_vec(),
    ] {
        let folder = original.damaged(&bytes);
        let (store, recovery) = try_open(folder.path()).unwrap();
        let recovery = recovery.unwrap();
        assert_eq!(recovery.salvaged_rows, 0);
        assert_eq!(std::fs::read(&recovery.set_aside).unwrap(), bytes);
        store.close().unwrap();
        open(folder.path()).close().unwrap();
    }
}

#[test]
fn a_file_of_another_application_is_set_aside_and_not_touched() {
    let folder = TempDir::new().unwrap();
    make_file(folder.path(), &[], 0);
    let path = folder.path().join("user/user.db");
    for file in super::super::folder::with_side_files(&path) {
        super::super::folder::remove_file(&file).unwrap();
    }
    {
        let foreign = connect(&path, Role::UserWriter, key().as_ref()).unwrap();
        foreign
            .execute_batch("CREATE TABLE setting (other INTEGER); INSERT INTO setting (other) VALUES (1)")
            .unwrap();
    }
    let before = std::fs::read(&path).unwrap();
    let (_store, recovery) = try_open(folder.path()).unwrap();
    let recovery = recovery.unwrap();
    assert_eq!(recovery.salvaged_rows, 0);
    assert_eq!(std::fs::read(&recovery.set_aside).unwrap(), before);
}

#[test]
fn a_version_that_was_damaged_downwards_loses_no_table() {
    let original = original();
    for version in 0..MIGRATIONS.len() {
        let folder = original.damaged(&original.bytes);
        connection_to(folder.path(), Role::UserWriter)
            .pragma_update(None, "user_version", i64::try_from(version).unwrap())
            .unwrap();
        let (store, recovery) = try_open(folder.path()).unwrap();
        assert!(recovery.is_some());
        let found = rows_in(&store);
        for (table, (_, rows)) in &original.contents {
            if !TABLES_MADE_AGAIN.contains(&table.as_str()) {
                assert_eq!(found[table], rows.len(), "{table} at version {version}");
            }
        }
    }
}

#[test]
fn a_column_that_lost_its_name_is_found_after_an_unclean_end() {
    let original = original();
    let folder = original.damaged(&original.bytes);
    connection_to(folder.path(), Role::UserWriter)
        .execute_batch("ALTER TABLE step_pause RENAME COLUMN end_ms TO end_mz")
        .unwrap();
    let (store, recovery) = try_open(folder.path()).unwrap();
    assert!(recovery.is_some());
    assert_eq!(
        rows_in(&store)["step_interval"],
        original.contents["step_interval"].1.len()
    );
}

#[test]
fn a_salvage_keeps_values_to_the_byte_and_leaves_derived_tables_empty() {
    let original = original();
    let folder = original.damaged(&original.bytes);
    // One damaged page of a derived table: nothing else is touched.
    connection_to(folder.path(), Role::UserWriter)
        .execute_batch("ALTER TABLE step_hour RENAME COLUMN steps TO stepz")
        .unwrap();
    let (store, recovery) = try_open(folder.path()).unwrap();
    assert!(recovery.is_some());
    let after = store
        .read::<_, StoreError>(|reader| Ok(contents(reader.connection())))
        .unwrap();
    for (table, (_, rows)) in &after {
        if TABLES_MADE_AGAIN.contains(&table.as_str()) {
            assert_eq!(rows.len(), 0, "{table}");
        } else {
            assert_eq!(rows, &original.contents[table].1, "{table}");
        }
    }
}

#[test]
fn an_id_that_was_used_is_not_used_again_after_a_salvage() {
    let original = original();
    let folder = original.damaged(&original.bytes);
    connection_to(folder.path(), Role::UserWriter)
        .execute_batch(
            "DELETE FROM step_held_sample;
             DELETE FROM step_pause WHERE pause_id > 5;
             ALTER TABLE step_hour RENAME COLUMN steps TO stepz",
        )
        .unwrap();
    let (store, _) = try_open(folder.path()).unwrap();
    let next: (i64, i64) = store
        .write::<_, StoreError>(|tx| {
            let connection = tx.connection();
            connection.execute("INSERT INTO step_pause (start_ms) VALUES (1)", [])?;
            let pause = connection.last_insert_rowid();
            connection.execute(
                "INSERT INTO step_held_sample (source_id, count, event_elapsed_ms, received_elapsed_ms, received_at_ms, zone_id)
                 VALUES (1, 1, 1, 1, 1, 1)",
                [],
            )?;
            Ok((pause, connection.last_insert_rowid()))
        })
        .unwrap();
    assert_eq!(next, (ROWS + 1, ROWS + 1));
}

#[test]
fn a_reading_whose_zone_or_source_was_lost_stays() {
    let original = original();
    let folder = original.damaged(&original.bytes);
    connection_to(folder.path(), Role::UserWriter)
        .execute_batch(
            "PRAGMA foreign_keys = OFF;
             DELETE FROM zone WHERE zone_id = 3;
             DELETE FROM step_source WHERE source_id IN (4, 5);
             ALTER TABLE step_hour RENAME COLUMN steps TO stepz",
        )
        .unwrap();
    let (store, _) = try_open(folder.path()).unwrap();
    let found = rows_in(&store);
    for table in [
        "zone",
        "step_source",
        "step_interval",
        "step_counter_sample",
        "zone_history",
    ] {
        assert_eq!(found[table], original.contents[table].1.len(), "{table}");
    }
    let names = store
        .read::<_, StoreError>(|reader| {
            Ok(strings(
                reader.connection(),
                "SELECT name FROM zone WHERE zone_id = 3",
            ))
        })
        .unwrap();
    assert_eq!(names, ["lost-3"]);
}

#[test]
fn a_reference_that_was_broken_before_a_migration_does_not_stop_it() {
    let folder = TempDir::new().unwrap();
    make_file(folder.path(), &MIGRATIONS[..1], 20);
    connection_to(folder.path(), Role::UserWriter)
        .execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM zone WHERE zone_id = 3")
        .unwrap();
    let (store, recovery) = try_open(folder.path()).unwrap();
    assert!(recovery.is_some());
    assert_eq!(rows_in(&store)["zone_history"], 20);
}

#[test]
fn damage_met_while_reading_is_repaired_at_the_next_start() {
    let original = original();
    let folder = TempDir::new().unwrap();
    copy_folder(original.folder.path(), folder.path());
    let mut bytes = original.bytes.clone();
    let root: usize = {
        let reader = connection_to(folder.path(), Role::UserReader);
        let root: i64 = reader
            .query_row(
                "SELECT rootpage FROM sqlite_schema WHERE name = 'step_interval'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        usize::try_from(root).unwrap()
    };
    bytes[(root - 1) * PAGE..][..8].fill(0xff);
    std::fs::write(folder.path().join("user/user.db"), &bytes).unwrap();

    // After a clean end nobody looks at every page.
    let store = open(folder.path());
    let met = store.read::<_, StoreError>(|reader| {
        let count: i64 =
            reader
                .connection()
                .query_row("SELECT sum(steps) FROM step_interval NOT INDEXED", [], |row| {
                    row.get(0)
                })?;
        Ok(count)
    });
    assert!(matches!(met, Err(StoreError::Damaged)), "{met:?}");
    store.pause().unwrap();
    let recovery = store.resume().unwrap().unwrap();
    assert_eq!(std::fs::read(&recovery.set_aside).unwrap(), bytes);
    assert_eq!(
        rows_in(&store)["step_bucket"],
        original.contents["step_bucket"].1.len()
    );
    store.pause().unwrap();
    assert_eq!(store.resume().unwrap(), None);
}

#[test]
fn text_that_is_none_any_more_is_repaired_at_the_next_start() {
    let (folder, store) = super::new_store();
    let set = "INSERT INTO setting (key, value) VALUES ('name', CAST(x'61ff62' AS TEXT))";
    store
        .write::<_, StoreError>(|tx| Ok(tx.connection().execute(set, [])?))
        .unwrap();
    let read = |store: &Store| store.read::<_, StoreError>(|reader| settings::get(reader, "name"));
    assert!(matches!(read(&store), Err(StoreError::Damaged)));
    // Killed before it was closed.
    let killed = TempDir::new().unwrap();
    copy_folder(folder.path(), killed.path());
    std::fs::copy(folder.path().join("dirty"), killed.path().join("dirty")).unwrap();
    let (store, recovery) = try_open(killed.path()).unwrap();
    assert!(recovery.is_some());
    assert_eq!(read(&store).unwrap().as_deref(), Some("a\u{fffd}b"));
    store.close().unwrap();
    assert_eq!(read(&open(killed.path())).unwrap().as_deref(), Some("a\u{fffd}b"));
}

#[test]
fn an_index_that_lost_a_row_is_made_again_once_it_was_noticed() {
    let original = original();
    let folder = TempDir::new().unwrap();
    copy_folder(original.folder.path(), folder.path());
    let store = open(folder.path());
    store
        .write::<(), StoreError>(|_| {
            Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(11), None).into())
        })
        .unwrap_err();
    store.close().unwrap();
    let (store, recovery) = try_open(folder.path()).unwrap();
    assert!(
        recovery.is_some(),
        "what a call met counts, and not what a quick look sees"
    );
    assert_eq!(
        rows_in(&store)["step_interval"],
        original.contents["step_interval"].1.len()
    );
}

/// Leaves files in the folder `user` as a killed start leaves them.
type Arrange<'a> = &'a dyn Fn(&Path);

#[test]
fn a_salvage_that_was_killed_anywhere_is_finished_by_the_next_start() {
    let original = original();
    let mut bytes = original.bytes.clone();
    bytes[PAGE * 3..PAGE * 3 + 8].fill(0xff);
    let expected = {
        let folder = original.damaged(&bytes);
        let (store, recovery) = try_open(folder.path()).unwrap();
        (rows_in(&store), recovery.unwrap().salvaged_rows)
    };
    // The file that a completed salvage renames.
    let salvaged = {
        let folder = original.damaged(&bytes);
        let (store, _) = try_open(folder.path()).unwrap();
        store.close().unwrap();
        std::fs::read(folder.path().join("user/user.db")).unwrap()
    };
    let arrangements: [(&str, Arrange<'_>); 4] = [
        ("while rows are copied", &|user| {
            std::fs::write(user.join("user.db.salvage"), &salvaged[..PAGE * 2]).unwrap();
            std::fs::write(user.join("user.db.salvage-wal"), b"half a frame").unwrap();
        }),
        ("before anything is set aside", &|user| {
            std::fs::write(user.join("user.db.salvaged"), &salvaged).unwrap();
        }),
        ("between log and file", &|user| {
            std::fs::write(user.join("user.db.salvaged"), &salvaged).unwrap();
            std::fs::create_dir(user.join("quarantine")).unwrap();
            std::fs::write(user.join("quarantine/user.corrupt-1-wal"), b"").unwrap();
        }),
        ("before the new file takes the name", &|user| {
            std::fs::write(user.join("user.db.salvaged"), &salvaged).unwrap();
            std::fs::create_dir(user.join("quarantine")).unwrap();
            std::fs::rename(user.join("user.db"), user.join("quarantine/user.corrupt-1")).unwrap();
        }),
    ];
    for (when, arrange) in arrangements {
        let folder = original.damaged(&bytes);
        arrange(&folder.path().join("user"));
        let (store, recovery) = try_open(folder.path()).unwrap();
        let recovery = recovery.unwrap_or_else(|| panic!("killed {when}: nothing was told"));
        assert_eq!(
            (rows_in(&store), recovery.salvaged_rows),
            expected,
            "killed {when}"
        );
        assert_eq!(
            std::fs::read(&recovery.set_aside).unwrap(),
            bytes,
            "killed {when}"
        );
        store.close().unwrap();
        open(folder.path()).close().unwrap();
    }
}

#[test]
fn a_log_with_a_flipped_byte_gives_an_earlier_state_and_no_half_of_a_write() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    store.pause().unwrap();
    store.resume().unwrap();
    for n in 1..=10 {
        store
            .write::<_, StoreError>(|tx| {
                settings::set(tx, "first", Some(&n.to_string()))?;
                settings::set(tx, "second", Some(&n.to_string()))
            })
            .unwrap();
    }
    let killed = TempDir::new().unwrap();
    copy_folder(folder.path(), killed.path());
    let log = bytes_of(killed.path())["user/user.db-wal"].clone();
    for position in (0..log.len()).step_by(997) {
        let copy = TempDir::new().unwrap();
        copy_folder(killed.path(), copy.path());
        std::fs::remove_file(copy.path().join("user/user.db-shm")).unwrap();
        let mut bytes = log.clone();
        bytes[position] ^= 0x10;
        std::fs::write(copy.path().join("user/user.db-wal"), bytes).unwrap();
        mark_unclean(copy.path());
        let store = open(copy.path());
        let (first, second) = store
            .read::<_, StoreError>(|reader| {
                Ok((settings::get(reader, "first")?, settings::get(reader, "second")?))
            })
            .unwrap();
        assert_eq!(first, second, "byte {position}");
    }
}

#[test]
fn a_file_whose_log_is_gone_opens_as_it_was_at_its_last_checkpoint() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let set = |value: &str| store.write::<_, StoreError>(|tx| settings::set(tx, "name", Some(value)));
    set("kept").unwrap();
    store.pause().unwrap();
    store.resume().unwrap();
    set("in the log").unwrap();
    let without_log = TempDir::new().unwrap();
    copy_folder(folder.path(), without_log.path());
    for side in ["-wal", "-shm"] {
        std::fs::remove_file(without_log.path().join(format!("user/user.db{side}"))).unwrap();
    }
    let store = open(without_log.path());
    let value = store
        .read::<_, StoreError>(|reader| settings::get(reader, "name"))
        .unwrap();
    assert_eq!(value.as_deref(), Some("kept"));
}

#[test]
fn a_log_whose_file_is_gone_is_set_aside_and_not_deleted() {
    for file in [None, Some(0), Some(300)] {
        let folder = TempDir::new().unwrap();
        let store = open(folder.path());
        store
            .write::<_, StoreError>(|tx| settings::set(tx, "name", Some("in the log")))
            .unwrap();
        let killed = TempDir::new().unwrap();
        copy_folder(folder.path(), killed.path());
        let files = bytes_of(&killed.path().join("user"));
        std::fs::remove_file(killed.path().join("user/user.db-shm")).unwrap();
        std::fs::remove_file(killed.path().join("user/user.db")).unwrap();
        if let Some(length) = file {
            std::fs::write(killed.path().join("user/user.db"), &files["user.db"][..length]).unwrap();
        }
        let (store, recovery) = try_open(killed.path()).unwrap();
        assert_eq!(recovery.unwrap().salvaged_rows, 0);
        let kept = bytes_of(&killed.path().join("user/quarantine"));
        assert_eq!(kept["user.corrupt-1-wal"], files["user.db-wal"]);
        assert_eq!(kept["user.corrupt-1"].len(), file.unwrap_or_default());
        store.close().unwrap();
        open(killed.path()).close().unwrap();
    }
}

#[test]
fn a_new_file_whose_log_is_gone_is_a_new_file() {
    let folder = TempDir::new().unwrap();
    let _store = open(folder.path());
    // Not one checkpoint yet: everything but the first page is in the log.
    let without_log = TempDir::new().unwrap();
    copy_folder(folder.path(), without_log.path());
    for side in ["-wal", "-shm"] {
        std::fs::remove_file(without_log.path().join(format!("user/user.db{side}"))).unwrap();
    }
    mark_unclean(without_log.path());
    let store = open(without_log.path());
    assert_eq!(rows_in(&store).values().sum::<usize>(), 0);
    let columns = ["key".to_owned()];
    let settings = store
        .read::<_, StoreError>(|reader| Ok(rows_of(reader.connection(), "setting", &columns)))
        .unwrap();
    assert_eq!(settings.len(), 0);
}

#[test]
fn a_salvage_is_not_begun_on_a_full_disk_or_when_it_is_interrupted() {
    // Reading past trouble is right for damage alone.
    fn passed_over(error: StoreError) -> bool {
        super::super::recovery::readable(Err::<(), _>(error)).is_ok()
    }
    assert!(passed_over(StoreError::Damaged));
    assert!(!passed_over(StoreError::StorageFull));
    assert!(!passed_over(StoreError::Closed));
}
