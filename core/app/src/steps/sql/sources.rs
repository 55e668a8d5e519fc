//! Statements over sources and their order.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, params};

use super::{SourceKind, SqlResult};
use crate::store::{Reader, WriteTransaction};

pub(crate) fn source(reader: &Reader<'_>, name: &str) -> SqlResult<Option<(i64, SourceKind)>> {
    reader
        .connection()
        .prepare_cached("SELECT source_id, kind FROM step_source WHERE name = ?1")?
        .query_row([name], |row| {
            let kind: String = row.get(1)?;
            Ok((
                row.get(0)?,
                SourceKind::from_text(&kind).ok_or(rusqlite::Error::InvalidQuery)?,
            ))
        })
        .optional()
}

pub(crate) fn insert_source(tx: &WriteTransaction<'_>, name: &str, kind: SourceKind) -> SqlResult<i64> {
    let connection = tx.connection();
    connection
        .prepare_cached("INSERT INTO step_source (name, kind) VALUES (?1, ?2)")?
        .execute(params![name, kind.as_str()])?;
    Ok(connection.last_insert_rowid())
}

/// Source ids in the person's order: named ones first, the others in byte order of their names.
pub(crate) fn source_order(reader: &Reader<'_>) -> SqlResult<BTreeMap<i64, usize>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT step_source.source_id
             FROM step_source LEFT JOIN step_priority USING (name)
             ORDER BY step_priority.position IS NULL, step_priority.position, CAST(step_source.name AS BLOB)",
        )?
        .query_map([], |row| row.get(0))?
        .enumerate()
        .map(|(position, id)| Ok((id?, position)))
        .collect()
}

pub(crate) fn priority(reader: &Reader<'_>) -> SqlResult<Vec<String>> {
    reader
        .connection()
        .prepare_cached("SELECT name FROM step_priority ORDER BY position")?
        .query_map([], |row| row.get(0))?
        .collect()
}

pub(crate) fn replace_priority(tx: &WriteTransaction<'_>, names: &[String]) -> SqlResult<()> {
    let connection = tx.connection();
    connection
        .prepare_cached("DELETE FROM step_priority")?
        .execute([])?;
    let mut insert =
        connection.prepare_cached("INSERT INTO step_priority (position, name) VALUES (?1, ?2)")?;
    for (position, name) in (0i64..).zip(names) {
        insert.execute(params![position, name])?;
    }
    Ok(())
}
