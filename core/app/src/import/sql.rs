//! Statements over the table of imports.

use rusqlite::{OptionalExtension as _, Result as SqlResult};

use crate::store::{Reader, WriteTransaction};
use crate::time::UtcMillis;

/// How far an import came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StoredRun {
    /// Records stored, from the start of the file.
    pub records: u64,
    /// Whether the whole file is stored.
    pub is_complete: bool,
}

pub(super) fn run(reader: &Reader<'_>, key: &str) -> SqlResult<Option<StoredRun>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT stored_records, is_complete \
             FROM import_run \
             WHERE import_key = ?1",
        )?
        .query_row([key], |row| {
            Ok(StoredRun {
                records: row.get::<_, i64>(0)?.unsigned_abs(),
                is_complete: row.get(1)?,
            })
        })
        .optional()
}

pub(super) fn put_run(tx: &WriteTransaction<'_>, key: &str, run: StoredRun, now: UtcMillis) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO import_run (import_key, stored_records, is_complete, changed_at_ms) \
             VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (import_key) DO UPDATE SET \
                 stored_records = excluded.stored_records, \
                 is_complete = excluded.is_complete, \
                 changed_at_ms = excluded.changed_at_ms",
        )?
        .execute((key, run.records.cast_signed(), run.is_complete, now.0))?;
    Ok(())
}
