//! Statements over `setting_due`.

use rusqlite::Result as SqlResult;

use crate::store::{Reader, WriteTransaction};

pub(super) fn set_setting_due(tx: &WriteTransaction<'_>, key: &str) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("INSERT INTO setting_due (key) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([key])?;
    Ok(())
}

pub(super) fn set_setting_reported(tx: &WriteTransaction<'_>, key: &str) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("DELETE FROM setting_due WHERE key = ?1")?
        .execute([key])?;
    Ok(())
}

pub(super) fn settings_due(reader: &Reader<'_>) -> SqlResult<Vec<String>> {
    reader
        .connection()
        .prepare_cached("SELECT key FROM setting_due ORDER BY key")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Whether a setting changed on this phone since it was last reported.
pub(crate) fn is_setting_due(reader: &Reader<'_>, key: &str) -> SqlResult<bool> {
    reader
        .connection()
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM setting_due WHERE key = ?1)")?
        .query_row([key], |row| row.get(0))
}
