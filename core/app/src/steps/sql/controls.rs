//! Statements over what the person said: pauses, exclusions, corrections.

use chrono::NaiveDate;
use rusqlite::{OptionalExtension as _, params};

use super::{SqlResult, date_of};
use crate::steps::derive::Windows;
use crate::steps::{Correction, Exclusion, Pause};
use crate::store::{Reader, WriteTransaction};
use crate::time::{UtcMillis, format_date};

/// The pause that was not ended yet.
pub(crate) fn open_pause(reader: &Reader<'_>) -> SqlResult<Option<(i64, UtcMillis)>> {
    reader
        .connection()
        .prepare_cached("SELECT pause_id, start_ms FROM step_pause WHERE end_ms IS NULL")?
        .query_row([], |row| Ok((row.get(0)?, UtcMillis(row.get(1)?))))
        .optional()
}

pub(crate) fn insert_pause(tx: &WriteTransaction<'_>, start: UtcMillis) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("INSERT INTO step_pause (start_ms) VALUES (?1)")?
        .execute([start.0])?;
    Ok(())
}

pub(crate) fn end_pause(tx: &WriteTransaction<'_>, pause_id: i64, end: UtcMillis) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("UPDATE step_pause SET end_ms = ?2 WHERE pause_id = ?1")?
        .execute(params![pause_id, end.0])?;
    Ok(())
}

pub(crate) fn insert_exclusion(
    tx: &WriteTransaction<'_>,
    start: UtcMillis,
    end: UtcMillis,
    reason: Option<&str>,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("INSERT INTO step_exclusion (start_ms, end_ms, reason) VALUES (?1, ?2, ?3)")?
        .execute(params![start.0, end.0, reason])?;
    Ok(())
}

/// Pauses and exclusions that touch `[from, to]`. A pause that was not ended lasts for ever.
pub(crate) fn windows(reader: &Reader<'_>, from: UtcMillis, to: UtcMillis) -> SqlResult<Windows> {
    let connection = reader.connection();
    let window = |row: &rusqlite::Row<'_>| Ok((UtcMillis(row.get(0)?), UtcMillis(row.get(1)?)));
    let paused = connection
        .prepare_cached(
            "SELECT start_ms, ifnull(end_ms, 9223372036854775807)
             FROM step_pause
             WHERE start_ms <= ?2 AND ifnull(end_ms, 9223372036854775807) >= ?1",
        )?
        .query_map([from.0, to.0], window)?
        .collect::<SqlResult<_>>()?;
    let excluded = connection
        .prepare_cached("SELECT start_ms, end_ms FROM step_exclusion WHERE start_ms <= ?2 AND end_ms >= ?1")?
        .query_map([from.0, to.0], window)?
        .collect::<SqlResult<_>>()?;
    Ok(Windows { paused, excluded })
}

/// Every pause in order of its start; one that was not ended has no end.
pub(crate) fn pauses(reader: &Reader<'_>) -> SqlResult<Vec<Pause>> {
    reader
        .connection()
        .prepare_cached("SELECT start_ms, end_ms FROM step_pause ORDER BY start_ms, pause_id")?
        .query_map([], |row| {
            Ok(Pause {
                start: UtcMillis(row.get(0)?),
                end: row.get::<_, Option<i64>>(1)?.map(UtcMillis),
            })
        })?
        .collect()
}

/// Every exclusion in order of its start.
pub(crate) fn exclusions(reader: &Reader<'_>) -> SqlResult<Vec<Exclusion>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT start_ms, end_ms, reason
             FROM step_exclusion
             ORDER BY start_ms, exclusion_id",
        )?
        .query_map([], |row| {
            Ok(Exclusion {
                start: UtcMillis(row.get(0)?),
                end: UtcMillis(row.get(1)?),
                reason: row.get(2)?,
            })
        })?
        .collect()
}

/// Every correction in order of its date.
pub(crate) fn corrections(reader: &Reader<'_>) -> SqlResult<Vec<Correction>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT date, requested_steps, correction
             FROM step_adjustment
             ORDER BY date",
        )?
        .query_map([], |row| {
            Ok(Correction {
                date: date_of(row)?,
                requested_steps: row.get(1)?,
                correction: row.get(2)?,
            })
        })?
        .collect()
}

pub(crate) fn put_adjustment(
    tx: &WriteTransaction<'_>,
    date: NaiveDate,
    correction: i64,
    requested_steps: i64,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO step_adjustment (date, correction, requested_steps)
             VALUES (?1, ?2, ?3)
             ON CONFLICT (date) DO UPDATE
             SET correction = excluded.correction, requested_steps = excluded.requested_steps",
        )?
        .execute(params![format_date(date), correction, requested_steps])?;
    Ok(())
}

pub(crate) fn remove_adjustment(tx: &WriteTransaction<'_>, date: NaiveDate) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("DELETE FROM step_adjustment WHERE date = ?1")?
        .execute([format_date(date)])?;
    Ok(())
}
