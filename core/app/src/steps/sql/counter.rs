//! Statements over counters: what is known of each, its boots, its samples and those that are held back.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension as _, params};

use super::{SqlResult, length_class};
use crate::steps::counter::{CheckedSample, CounterState, Evidence};
use crate::store::{Reader, WriteTransaction};
use crate::time::UtcMillis;

pub(crate) fn counter_state(reader: &Reader<'_>, source_id: i64) -> SqlResult<Option<CounterState>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT boot, boot_wall_ms, count, event_elapsed_ms FROM step_counter_state WHERE source_id = ?1",
        )?
        .query_row([source_id], |row| {
            Ok(CounterState {
                boot: row.get(0)?,
                boot_wall: UtcMillis(row.get(1)?),
                count: row.get(2)?,
                event_elapsed_ms: row.get(3)?,
            })
        })
        .optional()
}

pub(crate) fn store_counter_state(
    tx: &WriteTransaction<'_>,
    source_id: i64,
    state: &CounterState,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO step_counter_state (source_id, boot, boot_wall_ms, count, event_elapsed_ms)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (source_id) DO UPDATE
             SET boot = excluded.boot, boot_wall_ms = excluded.boot_wall_ms,
                 count = excluded.count, event_elapsed_ms = excluded.event_elapsed_ms",
        )?
        .execute(params![
            source_id,
            state.boot,
            state.boot_wall.0,
            state.count,
            state.event_elapsed_ms
        ])?;
    Ok(())
}

pub(crate) fn past_boots(reader: &Reader<'_>, source_id: i64) -> SqlResult<BTreeSet<String>> {
    reader
        .connection()
        .prepare_cached("SELECT boot FROM step_past_boot WHERE source_id = ?1")?
        .query_map([source_id], |row| row.get(0))?
        .collect()
}

pub(crate) fn insert_past_boot(tx: &WriteTransaction<'_>, source_id: i64, boot: &str) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("INSERT OR IGNORE INTO step_past_boot (source_id, boot) VALUES (?1, ?2)")?
        .execute(params![source_id, boot])?;
    Ok(())
}

pub(crate) fn insert_counter_sample(
    tx: &WriteTransaction<'_>,
    source_id: i64,
    zone_id: i64,
    sample: &CheckedSample,
    evidence: &Evidence,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO step_counter_sample
                 (source_id, zone_id, boot, count, event_elapsed_ms, received_elapsed_ms, received_at_ms,
                  from_ms, to_ms, steps, quarantined_steps, length_class)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            source_id,
            zone_id,
            sample.boot,
            sample.count,
            sample.event_elapsed_ms,
            sample.received_elapsed_ms,
            sample.received_at.0,
            evidence.from.0,
            evidence.to.0,
            evidence.steps,
            evidence.quarantined_steps,
            length_class(evidence.from, evidence.to),
        ])?;
    Ok(())
}

pub(crate) fn hold_sample(
    tx: &WriteTransaction<'_>,
    source_id: i64,
    zone_id: i64,
    sample: &CheckedSample,
) -> SqlResult<i64> {
    let connection = tx.connection();
    connection
        .prepare_cached(
            "INSERT INTO step_held_sample
                 (source_id, boot, count, event_elapsed_ms, received_elapsed_ms, received_at_ms, zone_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            source_id,
            sample.boot,
            sample.count,
            sample.event_elapsed_ms,
            sample.received_elapsed_ms,
            sample.received_at.0,
            zone_id,
        ])?;
    Ok(connection.last_insert_rowid())
}

/// A sample that waits for a sane clock.
pub(crate) struct HeldSample {
    pub held_id: i64,
    pub zone_id: i64,
    pub sample: CheckedSample,
}

/// Held samples of a source in the order of their arrival.
pub(crate) fn held_samples(reader: &Reader<'_>, source_id: i64) -> SqlResult<Vec<HeldSample>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT held_id, zone_id, boot, count, event_elapsed_ms, received_elapsed_ms, received_at_ms
             FROM step_held_sample
             WHERE source_id = ?1
             ORDER BY held_id",
        )?
        .query_map([source_id], |row| {
            Ok(HeldSample {
                held_id: row.get(0)?,
                zone_id: row.get(1)?,
                sample: CheckedSample {
                    boot: row.get(2)?,
                    count: row.get(3)?,
                    event_elapsed_ms: row.get(4)?,
                    received_elapsed_ms: row.get(5)?,
                    received_at: UtcMillis(row.get(6)?),
                },
            })
        })?
        .collect()
}

/// Takes a held sample out, once it was dated and processed.
pub(crate) fn release_held(tx: &WriteTransaction<'_>, held_id: i64) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("DELETE FROM step_held_sample WHERE held_id = ?1")?
        .execute([held_id])?;
    Ok(())
}

/// Blanks the raw part of samples received before `before`. What they proved stays (steps.md section 8.5).
pub(crate) fn drop_raw_samples(tx: &WriteTransaction<'_>, before: UtcMillis) -> SqlResult<usize> {
    tx.connection()
        .prepare_cached(
            "UPDATE step_counter_sample
             SET boot = NULL, count = NULL, event_elapsed_ms = NULL, received_elapsed_ms = NULL, received_at_ms = NULL
             WHERE received_at_ms < ?1",
        )?
        .execute([before.0])
}

/// Removes the tombstones of records that ended before `before`.
pub(crate) fn drop_tombstones(tx: &WriteTransaction<'_>, before: UtcMillis) -> SqlResult<usize> {
    tx.connection()
        .prepare_cached("DELETE FROM step_interval WHERE is_deleted = 1 AND end_ms < ?1")?
        .execute([before.0])
}
