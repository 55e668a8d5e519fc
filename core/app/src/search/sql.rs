//! The tables of search, all in `cache.db`.
//!
//! Names of tables and columns cannot be bound. They come from the constants of [`super::table`] only, never from a text.

use std::collections::BTreeMap;

use rusqlite::types::{Type, Value};
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};
use uuid::Uuid;

use super::table::{Edition, Position};
use crate::store::StoreError;

/// What every table of search needs beside its own index.
pub(super) const BOOKKEEPING: &str = "
-- Which normaliser made an index. The edition 'next' is there while an index is being built again.
CREATE TABLE search_edition (
  index_name TEXT NOT NULL,
  edition TEXT NOT NULL CHECK (edition IN ('live', 'next')),
  normaliser_version INTEGER NOT NULL,
  PRIMARY KEY (index_name, edition)
) STRICT, WITHOUT ROWID;

-- How far an index has followed each log. Written in the transaction that wrote the documents.
CREATE TABLE search_position (
  index_name TEXT NOT NULL,
  edition TEXT NOT NULL,
  log TEXT NOT NULL,
  epoch TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (index_name, edition, log)
) STRICT, WITHOUT ROWID;
";

/// Name of the table of one edition.
pub(super) fn table_name(index: &str, edition: Edition) -> String {
    match edition {
        Edition::Live => index.to_owned(),
        Edition::Next => format!("{index}_next"),
    }
}

/// Makes an empty index and notes by which normaliser it will be filled.
pub(super) fn create(
    connection: &Connection,
    index: &str,
    columns: &[&str],
    edition: Edition,
    normaliser_version: i64,
) -> Result<(), StoreError> {
    // The tokens are made by us: `unicode61` has only to keep them as they are. One-character searches are prefix searches.
    connection.execute_batch(&format!(
        "CREATE VIRTUAL TABLE {table} USING fts5(\
           {columns}, \
           content = '', \
           contentless_delete = 1, \
           prefix = '1', \
           tokenize = \"unicode61 remove_diacritics 0\"\
         )",
        table = table_name(index, edition),
        columns = columns.join(", "),
    ))?;
    connection
        .prepare_cached(
            "INSERT INTO search_edition (index_name, edition, normaliser_version) \
             VALUES (?1, ?2, ?3)",
        )?
        .execute((index, edition.name(), normaliser_version))?;
    Ok(())
}

/// Deletes an index with its positions, also one that is not there.
pub(super) fn drop_edition(connection: &Connection, index: &str, edition: Edition) -> Result<(), StoreError> {
    connection.execute_batch(&format!("DROP TABLE IF EXISTS {}", table_name(index, edition)))?;
    connection
        .prepare_cached("DELETE FROM search_edition WHERE index_name = ?1 AND edition = ?2")?
        .execute((index, edition.name()))?;
    forget_positions(connection, index, edition)
}

/// Deletes the positions of an index.
pub(super) fn forget_positions(
    connection: &Connection,
    index: &str,
    edition: Edition,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM search_position WHERE index_name = ?1 AND edition = ?2")?
        .execute((index, edition.name()))?;
    Ok(())
}

/// Puts the next edition in the place of the live one.
pub(super) fn swap(connection: &Connection, index: &str) -> Result<(), StoreError> {
    drop_edition(connection, index, Edition::Live)?;
    connection.execute_batch(&format!(
        "ALTER TABLE {next} RENAME TO {live}",
        next = table_name(index, Edition::Next),
        live = table_name(index, Edition::Live),
    ))?;
    for table in ["search_edition", "search_position"] {
        connection
            .prepare_cached(&format!(
                "UPDATE {table} \
                 SET edition = ?2 \
                 WHERE index_name = ?1 AND edition = ?3"
            ))?
            .execute((index, Edition::Live.name(), Edition::Next.name()))?;
    }
    Ok(())
}

/// The normaliser that made an edition, or `None` if there is no such edition.
pub(super) fn normaliser_version(
    connection: &Connection,
    index: &str,
    edition: Edition,
) -> Result<Option<i64>, StoreError> {
    let version = connection
        .prepare_cached(
            "SELECT normaliser_version \
             FROM search_edition \
             WHERE index_name = ?1 AND edition = ?2",
        )?
        .query_row((index, edition.name()), |row| row.get(0))
        .optional()?;
    Ok(version)
}

/// How far an edition has followed each log.
pub(super) fn positions(
    connection: &Connection,
    index: &str,
    edition: Edition,
) -> Result<BTreeMap<String, Position>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT log, epoch, seq \
         FROM search_position \
         WHERE index_name = ?1 AND edition = ?2",
    )?;
    let rows = statement.query_map((index, edition.name()), |row| {
        let epoch = Uuid::try_parse(row.get_ref(1)?.as_str()?)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(1, Type::Text, Box::new(error)))?;
        let position = Position {
            epoch,
            seq: row.get(2)?,
        };
        Ok((row.get(0)?, position))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Notes how far an edition has followed a log.
pub(super) fn set_position(
    connection: &Connection,
    index: &str,
    edition: Edition,
    log: &str,
    position: Position,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO search_position (index_name, edition, log, epoch, seq) \
             VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT (index_name, edition, log) DO UPDATE \
             SET epoch = excluded.epoch, seq = excluded.seq",
        )?
        .execute((
            index,
            edition.name(),
            log,
            position.epoch.hyphenated().to_string(),
            position.seq,
        ))?;
    Ok(())
}

/// Adds a document that is not in the table.
pub(super) fn insert(
    connection: &Connection,
    table: &str,
    columns: &[&str],
    id: i64,
    tokens: &[String],
) -> Result<(), StoreError> {
    let places: Vec<String> = (2..)
        .take(columns.len())
        .map(|place| format!("?{place}"))
        .collect();
    let mut statement = connection.prepare_cached(&format!(
        "INSERT INTO {table} (rowid, {columns}) \
         VALUES (?1, {places})",
        columns = columns.join(", "),
        places = places.join(", "),
    ))?;
    let values =
        std::iter::once(Value::Integer(id)).chain(tokens.iter().map(|tokens| Value::Text(tokens.clone())));
    statement.execute(params_from_iter(values))?;
    Ok(())
}

/// Removes a document. Answers whether it was there.
pub(super) fn delete(connection: &Connection, table: &str, id: i64) -> Result<bool, StoreError> {
    let deleted = connection
        .prepare_cached(&format!("DELETE FROM {table} WHERE rowid = ?1"))?
        .execute([id])?;
    Ok(deleted > 0)
}

/// Writes the whole index anew, without the tokens of documents that were removed or replaced.
pub(super) fn purge(connection: &Connection, table: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached(&format!("INSERT INTO {table} ({table}) VALUES ('optimize')"))?
        .execute([])?;
    Ok(())
}

/// Ids below `before` that match, highest first.
pub(super) fn newest(
    connection: &Connection,
    table: &str,
    expression: &str,
    before: i64,
    limit: u32,
) -> Result<Vec<i64>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT rowid \
         FROM {table} \
         WHERE {table} MATCH ?1 AND rowid < ?2 \
         ORDER BY rowid DESC \
         LIMIT ?3"
    ))?;
    let rows = statement.query_map((expression, before, limit), |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Every id that matches, highest first.
pub(super) fn all(connection: &Connection, table: &str, expression: &str) -> Result<Vec<i64>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT rowid \
         FROM {table} \
         WHERE {table} MATCH ?1 \
         ORDER BY rowid DESC"
    ))?;
    let rows = statement.query_map([expression], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Ids and their weights, the best, which has the lowest number, first.
pub(super) fn by_bm25(
    connection: &Connection,
    table: &str,
    weights: &[f64],
    expression: &str,
    limit: u32,
) -> Result<Vec<(i64, f64)>, StoreError> {
    let weights: Vec<String> = weights.iter().map(|weight| format!("{weight:.1}")).collect();
    let mut statement = connection.prepare_cached(&format!(
        "SELECT rowid, bm25({table}, {weights}) AS weight \
         FROM {table} \
         WHERE {table} MATCH ?1 \
         ORDER BY weight, rowid DESC \
         LIMIT ?2",
        weights = weights.join(", "),
    ))?;
    let rows = statement.query_map((expression, limit), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
