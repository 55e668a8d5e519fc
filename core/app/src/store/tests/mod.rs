//! Stories about the store, and what they share.
//!
//! Every one of them runs over both engines: a build with the feature `sqlcipher` gives each store a key.

mod cache;
mod connections;
mod damage;
mod files;
mod keys;
mod ladder;
mod life;
mod plans;
mod quarantine;
mod schema;
mod transactions;

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, params_from_iter};
use tempfile::TempDir;

use super::connection::{Role, configure, connect};
use super::folder::Folder;
use super::migrations::{Migration, migrate};
use super::session::checkpoint;
use super::{DatabaseKey, Store, StoreConfig, StoreError};

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
        key: key(),
    }
}

/// The key of every test store: one if the engine can encrypt.
pub(super) fn key() -> Option<DatabaseKey> {
    cfg!(feature = "sqlcipher").then(|| DatabaseKey::new([7; 32]))
}

/// A connection past the store, to a file that no store has open.
pub(super) fn connection_to(folder: &Path, role: Role) -> Connection {
    let folder = Folder::new(folder);
    let path = if role.is_of_cache() {
        folder.cache_db()
    } else {
        folder.user_db()
    };
    let connection = connect(&path, role, key().as_ref()).unwrap();
    configure(&connection, role).unwrap();
    connection
}

/// Makes the file that an app with these steps would have left behind, with `rows` rows in every table.
pub(super) fn make_file(folder: &Path, steps: &[Migration], rows: i64) {
    let files = Folder::new(folder);
    files.create().unwrap();
    files
        .store_fingerprint(key().map(|key| key.fingerprint()).as_deref())
        .unwrap();
    let mut writer = connection_to(folder, Role::UserWriter);
    migrate(&mut writer, steps).unwrap();
    fill(&writer, rows);
    checkpoint(&writer).unwrap();
}

/// Lets the next start believe that the last one did not end well.
pub(super) fn mark_unclean(folder: &Path) {
    Folder::new(folder).mark_dirty().unwrap();
}

pub(super) fn strings(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

pub(super) fn table_names(connection: &Connection) -> Vec<String> {
    strings(
        connection,
        "SELECT name FROM pragma_table_list \
         WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name",
    )
}

/// Puts `rows` rows into every table, whatever tables there are: numbers that refer where they should, missing values
/// where they may be missing, and text that a naive copy would harm.
pub(super) fn fill(connection: &Connection, rows: i64) {
    connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    for table in table_names(connection) {
        let parents = strings(
            connection,
            &format!("SELECT \"from\" FROM pragma_foreign_key_list('{table}')"),
        );
        let mut statement = connection
            .prepare("SELECT name, type, \"notnull\" = 0 AND pk = 0, pk > 0 FROM pragma_table_xinfo(?1) ORDER BY cid")
            .unwrap();
        let columns: Vec<(String, String, bool, bool)> = statement
            .query_map([&table], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let names: Vec<&str> = columns.iter().map(|(name, ..)| name.as_str()).collect();
        let places = vec!["?"; columns.len()].join(", ");
        let mut insert = connection
            .prepare(&format!(
                "INSERT INTO {table} ({}) VALUES ({places})",
                names.join(", ")
            ))
            .unwrap();
        for row in 1..=rows {
            let values = columns.iter().map(|(name, kind, may_miss, is_key)| {
                if *may_miss && row % 3 == 0 {
                    return Value::Null;
                }
                match kind.as_str() {
                    "INTEGER" if parents.contains(name) || *is_key => Value::Integer(row),
                    "INTEGER" if name.starts_with("is_") => Value::Integer(row % 2),
                    "INTEGER" => Value::Integer(row * 1_000_003),
                    "TEXT" => Value::Text(format!("{table}.{name} {row} 歩み😀か\u{3099}")),
                    "REAL" => Value::Real(row as f64 / 3.0),
                    other => panic!("{table}.{name}: say how to fill {other}"),
                }
            });
            insert.execute(params_from_iter(values)).unwrap();
        }
    }
    connection.execute_batch("COMMIT").unwrap();
    assert_eq!(
        strings(connection, "SELECT \"table\" FROM pragma_foreign_key_check"),
        [""; 0]
    );
    connection.execute_batch("PRAGMA foreign_keys = ON").unwrap();
}

/// Every table's columns and rows.
pub(super) type Contents = BTreeMap<String, (Vec<String>, Vec<Vec<Value>>)>;

pub(super) fn contents(connection: &Connection) -> Contents {
    let columns_of = |table: &String| {
        strings(
            connection,
            &format!("SELECT name FROM pragma_table_xinfo('{table}') ORDER BY cid"),
        )
    };
    table_names(connection)
        .into_iter()
        .map(|table| {
            let columns = columns_of(&table);
            let rows = rows_of(connection, &table, &columns);
            (table, (columns, rows))
        })
        .collect()
}

pub(super) fn rows_of(connection: &Connection, table: &str, columns: &[String]) -> Vec<Vec<Value>> {
    let order: Vec<String> = (1..=columns.len()).map(|place| place.to_string()).collect();
    let mut statement = connection
        .prepare(&format!(
            "SELECT {} FROM {table} ORDER BY {}",
            columns.join(", "),
            order.join(", ")
        ))
        .unwrap();
    let rows = statement.query_map([], |row| {
        let value = |place| {
            Ok(match row.get_ref(place)? {
                // A damaged file may hold text that is none.
                ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
                _ => row.get(place)?,
            })
        };
        (0..columns.len()).map(value).collect()
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

/// Bytes of every file of the folder but `lock` and `dirty`, which say nothing about data.
pub(super) fn bytes_of(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            let inner = bytes_of(&entry.path());
            files.extend(
                inner
                    .into_iter()
                    .map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)),
            );
        } else if name != "lock" && name != "dirty" {
            files.insert(name, std::fs::read(entry.path()).unwrap());
        }
    }
    files
}

/// Copies files as they lie there, as a killed process leaves them.
pub(super) fn copy_folder(from: &Path, to: &Path) {
    for (name, bytes) in bytes_of(from) {
        let path = to.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}
