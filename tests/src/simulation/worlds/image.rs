//! A database file between two steps, kept in memory, and what makes two of them the same.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sha2::{Digest as _, Sha256};

const PAGE_BYTES: usize = 4096;

/// The bytes of a database file. Pages that did not change since the step before are shared with it.
#[derive(Clone, Default)]
pub struct Image(Vec<Arc<[u8]>>);

impl Image {
    /// Reads a file that no connection has open.
    pub fn read(path: &Path, before: Option<&Self>) -> Self {
        let bytes = std::fs::read(path).expect("a database file");
        let pages = bytes.chunks(PAGE_BYTES).enumerate().map(|(index, page)| {
            let old = before.and_then(|image| image.0.get(index));
            old.filter(|old| ***old == *page)
                .map_or_else(|| Arc::from(page), Arc::clone)
        });
        Self(pages.collect())
    }

    /// Makes it the file at `path`, instead of the one that is there.
    pub fn write(&self, path: &Path) {
        for suffix in ["-wal", "-shm"] {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            let _ = std::fs::remove_file(name);
        }
        let bytes: Vec<u8> = self.0.iter().flat_map(|page| page.iter().copied()).collect();
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, bytes).expect("a database file");
    }
}

/// The sum of everything in a file that can decide what happens next: all tables except those whose names begin with one of
/// `except_tables`, without the columns in `except_columns`. Also takes the log of the file into the file.
pub fn content_of(path: &Path, except_tables: &[&str], except_columns: &[&str]) -> [u8; 32] {
    let connection = Connection::open(path).expect("a database file");
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .expect("a checkpoint");
    let mut tables = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .expect("a schema");
    let tables: Vec<String> = tables
        .query_map([], |row| row.get(0))
        .expect("tables")
        .collect::<Result<_, _>>()
        .expect("names");
    let mut sum = Sha256::new();
    for table in tables {
        if except_tables.iter().any(|except| table.starts_with(except)) {
            continue;
        }
        let mut statement = connection
            .prepare(&format!("SELECT * FROM {table}"))
            .expect("a table");
        let columns: Vec<usize> = statement
            .column_names()
            .enumerate()
            .filter(|(_, name)| !except_columns.contains(name))
            .map(|(index, _)| index)
            .collect();
        let mut rows = statement.query([]).expect("rows");
        sum.update(table.as_bytes());
        while let Some(row) = rows.next().expect("a row") {
            sum.update(b"\nrow");
            for column in &columns {
                match row.get_ref(*column).expect("a value") {
                    ValueRef::Null => sum.update(b"\0null"),
                    ValueRef::Integer(number) => sum.update(number.to_le_bytes()),
                    ValueRef::Real(number) => sum.update(number.to_le_bytes()),
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                        sum.update(bytes.len().to_le_bytes());
                        sum.update(bytes);
                    }
                }
            }
        }
    }
    sum.finalize().into()
}
