//! Every statement over the tables of steps.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use chrono_tz::Tz;
use rusqlite::{OptionalExtension as _, params};

use super::counter::{CheckedSample, CounterState, Evidence};
use super::derive::{DerivedDay, DerivedSteps, StoredKind, StoredReading, Windows};
use super::reading::{IntervalRecord, PlatformBucket};
use super::summary::{DaySteps, HourSteps};
use super::{Correction, Exclusion, Pause};
use crate::store::{Reader, WriteTransaction};
use crate::time::{DAY_MS, DateRange, HOUR_MS, UtcMillis, format_date, parse_date};

type SqlResult<T> = Result<T, rusqlite::Error>;

/// The kind of a source, fixed by its first reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SourceKind {
    Counter,
    Interval,
    Bucket,
}

impl SourceKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Interval => "interval",
            Self::Bucket => "bucket",
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        [Self::Counter, Self::Interval, Self::Bucket]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// Longest reading of each length class, in ms. Readings are indexed by `(length_class, end)`, so those that touch a
/// window end between its start and its end plus this length: a bounded scan, however long other readings are.
const LENGTH_CLASSES: [(i64, i64); 4] = [(0, HOUR_MS), (1, DAY_MS), (2, 31 * DAY_MS), (3, 3_651 * DAY_MS)];

fn length_class(from: UtcMillis, to: UtcMillis) -> i64 {
    let length = to.since(from);
    LENGTH_CLASSES
        .iter()
        .find(|(_, longest)| length <= *longest)
        .map_or(3, |(class, _)| *class)
}

// Sources ---------------------------------------------------------------------------------------------------------

pub(super) fn source(reader: &Reader<'_>, name: &str) -> SqlResult<Option<(i64, SourceKind)>> {
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

pub(super) fn insert_source(tx: &WriteTransaction<'_>, name: &str, kind: SourceKind) -> SqlResult<i64> {
    let connection = tx.connection();
    connection
        .prepare_cached("INSERT INTO step_source (name, kind) VALUES (?1, ?2)")?
        .execute(params![name, kind.as_str()])?;
    Ok(connection.last_insert_rowid())
}

/// Source ids in the person's order: named ones first, the others in byte order of their names.
pub(super) fn source_order(reader: &Reader<'_>) -> SqlResult<BTreeMap<i64, usize>> {
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

// Counter ---------------------------------------------------------------------------------------------------------

pub(super) fn counter_state(reader: &Reader<'_>, source_id: i64) -> SqlResult<Option<CounterState>> {
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

pub(super) fn store_counter_state(
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

pub(super) fn past_boots(reader: &Reader<'_>, source_id: i64) -> SqlResult<BTreeSet<String>> {
    reader
        .connection()
        .prepare_cached("SELECT boot FROM step_past_boot WHERE source_id = ?1")?
        .query_map([source_id], |row| row.get(0))?
        .collect()
}

pub(super) fn insert_past_boot(tx: &WriteTransaction<'_>, source_id: i64, boot: &str) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("INSERT OR IGNORE INTO step_past_boot (source_id, boot) VALUES (?1, ?2)")?
        .execute(params![source_id, boot])?;
    Ok(())
}

pub(super) fn insert_counter_sample(
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

pub(super) fn hold_sample(
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
pub(super) struct HeldSample {
    pub held_id: i64,
    pub zone_id: i64,
    pub sample: CheckedSample,
}

/// Held samples of a source in the order of their arrival.
pub(super) fn held_samples(reader: &Reader<'_>, source_id: i64) -> SqlResult<Vec<HeldSample>> {
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
pub(super) fn release_held(tx: &WriteTransaction<'_>, held_id: i64) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("DELETE FROM step_held_sample WHERE held_id = ?1")?
        .execute([held_id])?;
    Ok(())
}

/// Blanks the raw part of samples received before `before`. What they proved stays (steps.md section 8.5).
pub(super) fn drop_raw_samples(tx: &WriteTransaction<'_>, before: UtcMillis) -> SqlResult<usize> {
    tx.connection()
        .prepare_cached(
            "UPDATE step_counter_sample
             SET boot = NULL, count = NULL, event_elapsed_ms = NULL, received_elapsed_ms = NULL, received_at_ms = NULL
             WHERE received_at_ms < ?1",
        )?
        .execute([before.0])
}

/// Removes the tombstones of records that ended before `before`.
pub(super) fn drop_tombstones(tx: &WriteTransaction<'_>, before: UtcMillis) -> SqlResult<usize> {
    tx.connection()
        .prepare_cached("DELETE FROM step_interval WHERE is_deleted = 1 AND end_ms < ?1")?
        .execute([before.0])
}

// Records ---------------------------------------------------------------------------------------------------------

/// An interval record or its tombstone.
pub(super) struct StoredInterval {
    pub interval_id: i64,
    pub start: UtcMillis,
    pub end: UtcMillis,
    pub steps: i64,
    pub modified: UtcMillis,
    pub zone_id: i64,
    pub is_deleted: bool,
}

pub(super) fn interval(
    reader: &Reader<'_>,
    source_id: i64,
    record_id: &str,
) -> SqlResult<Option<StoredInterval>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT interval_id, start_ms, end_ms, steps, modified_ms, zone_id, is_deleted
             FROM step_interval
             WHERE source_id = ?1 AND record_id = ?2",
        )?
        .query_row(params![source_id, record_id], |row| {
            Ok(StoredInterval {
                interval_id: row.get(0)?,
                start: UtcMillis(row.get(1)?),
                end: UtcMillis(row.get(2)?),
                steps: row.get(3)?,
                modified: UtcMillis(row.get(4)?),
                zone_id: row.get(5)?,
                is_deleted: row.get(6)?,
            })
        })
        .optional()
}

pub(super) fn put_interval(
    tx: &WriteTransaction<'_>,
    source_id: i64,
    zone_id: i64,
    record: &IntervalRecord,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO step_interval
                 (source_id, record_id, start_ms, end_ms, steps, modified_ms, zone_id, is_deleted, length_class)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8)
             ON CONFLICT (source_id, record_id) DO UPDATE
             SET start_ms = excluded.start_ms, end_ms = excluded.end_ms, steps = excluded.steps,
                 modified_ms = excluded.modified_ms, zone_id = excluded.zone_id, is_deleted = 0,
                 length_class = excluded.length_class",
        )?
        .execute(params![
            source_id,
            record.id,
            record.start.0,
            record.end.0,
            record.steps,
            record.modified.0,
            zone_id,
            length_class(record.start, record.end),
        ])?;
    Ok(())
}

pub(super) fn mark_interval_deleted(tx: &WriteTransaction<'_>, interval_id: i64) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("UPDATE step_interval SET is_deleted = 1 WHERE interval_id = ?1")?
        .execute([interval_id])?;
    Ok(())
}

/// What is stored of a platform bucket, as far as a newer query needs it.
pub(super) struct StoredBucket {
    pub steps: i64,
    pub queried_at: UtcMillis,
}

pub(super) fn bucket(
    reader: &Reader<'_>,
    source_id: i64,
    start: UtcMillis,
    end: UtcMillis,
) -> SqlResult<Option<StoredBucket>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT steps, queried_at_ms FROM step_bucket WHERE source_id = ?1 AND start_ms = ?2 AND end_ms = ?3",
        )?
        .query_row(params![source_id, start.0, end.0], |row| {
            Ok(StoredBucket { steps: row.get(0)?, queried_at: UtcMillis(row.get(1)?) })
        })
        .optional()
}

pub(super) fn put_bucket(
    tx: &WriteTransaction<'_>,
    source_id: i64,
    zone_id: i64,
    bucket: &PlatformBucket,
    steps: i64,
    is_partial: bool,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO step_bucket
                 (source_id, start_ms, end_ms, steps, queried_at_ms, is_partial, zone_id, length_class)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (source_id, start_ms, end_ms) DO UPDATE
             SET steps = excluded.steps, queried_at_ms = excluded.queried_at_ms,
                 is_partial = excluded.is_partial, zone_id = excluded.zone_id",
        )?
        .execute(params![
            source_id,
            bucket.start.0,
            bucket.end.0,
            steps,
            bucket.queried_at.0,
            is_partial,
            zone_id,
            length_class(bucket.start, bucket.end),
        ])?;
    Ok(())
}

// Windows and corrections -----------------------------------------------------------------------------------------

/// The pause that was not ended yet.
pub(super) fn open_pause(reader: &Reader<'_>) -> SqlResult<Option<(i64, UtcMillis)>> {
    reader
        .connection()
        .prepare_cached("SELECT pause_id, start_ms FROM step_pause WHERE end_ms IS NULL")?
        .query_row([], |row| Ok((row.get(0)?, UtcMillis(row.get(1)?))))
        .optional()
}

pub(super) fn insert_pause(tx: &WriteTransaction<'_>, start: UtcMillis) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("INSERT INTO step_pause (start_ms) VALUES (?1)")?
        .execute([start.0])?;
    Ok(())
}

pub(super) fn end_pause(tx: &WriteTransaction<'_>, pause_id: i64, end: UtcMillis) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("UPDATE step_pause SET end_ms = ?2 WHERE pause_id = ?1")?
        .execute(params![pause_id, end.0])?;
    Ok(())
}

pub(super) fn insert_exclusion(
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
pub(super) fn windows(reader: &Reader<'_>, from: UtcMillis, to: UtcMillis) -> SqlResult<Windows> {
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

pub(super) fn put_adjustment(
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

pub(super) fn remove_adjustment(tx: &WriteTransaction<'_>, date: NaiveDate) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("DELETE FROM step_adjustment WHERE date = ?1")?
        .execute([format_date(date)])?;
    Ok(())
}

// Readings for the derivation -------------------------------------------------------------------------------------

/// Every stored reading that touches `[from, to]`, both ends included.
pub(super) fn readings(
    reader: &Reader<'_>,
    from: UtcMillis,
    to: UtcMillis,
    zones: &BTreeMap<i64, Tz>,
) -> SqlResult<Vec<StoredReading>> {
    let order = source_order(reader)?;
    let connection = reader.connection();
    let mut found = Vec::new();
    let mut samples = connection.prepare_cached(
        "SELECT source_id, zone_id, from_ms, to_ms, steps, quarantined_steps
         FROM step_counter_sample
         WHERE length_class = ?1 AND to_ms BETWEEN ?2 AND ?3 AND from_ms <= ?4",
    )?;
    let mut intervals = connection.prepare_cached(
        "SELECT source_id, zone_id, start_ms, end_ms, steps, modified_ms, record_id
         FROM step_interval
         WHERE is_deleted = 0 AND length_class = ?1 AND end_ms BETWEEN ?2 AND ?3 AND start_ms <= ?4",
    )?;
    let mut buckets = connection.prepare_cached(
        "SELECT source_id, zone_id, start_ms, end_ms, steps, queried_at_ms, is_partial
         FROM step_bucket
         WHERE length_class = ?1 AND end_ms BETWEEN ?2 AND ?3 AND start_ms <= ?4",
    )?;
    for (class, longest) in LENGTH_CLASSES {
        let bounds = params![class, from.0, to.plus(longest).0, to.0];
        let mut add = |row: &rusqlite::Row<'_>, kind: StoredKind| -> SqlResult<()> {
            let source_id: i64 = row.get(0)?;
            let zone_id: i64 = row.get(1)?;
            found.push(StoredReading {
                source: order
                    .get(&source_id)
                    .copied()
                    .ok_or(rusqlite::Error::QueryReturnedNoRows)?,
                kind,
                from: UtcMillis(row.get(2)?),
                to: UtcMillis(row.get(3)?),
                steps: row.get(4)?,
                zone: zones
                    .get(&zone_id)
                    .copied()
                    .ok_or(rusqlite::Error::QueryReturnedNoRows)?,
            });
            Ok(())
        };
        let mut rows = samples.query(bounds)?;
        while let Some(row) = rows.next()? {
            add(
                row,
                StoredKind::Counter {
                    quarantined_steps: row.get(5)?,
                },
            )?;
        }
        let mut rows = intervals.query(bounds)?;
        while let Some(row) = rows.next()? {
            let id = row.get::<_, String>(6)?.into_bytes();
            add(
                row,
                StoredKind::Record {
                    is_complete: true,
                    modified: UtcMillis(row.get(5)?),
                    id,
                },
            )?;
        }
        let mut rows = buckets.query(bounds)?;
        while let Some(row) = rows.next()? {
            let is_partial: bool = row.get(6)?;
            let kind = StoredKind::Record {
                is_complete: !is_partial,
                modified: UtcMillis(row.get(5)?),
                id: Vec::new(),
            };
            add(row, kind)?;
        }
    }
    Ok(found)
}

/// First and last instant that any reading touches.
pub(super) fn span_of_readings(reader: &Reader<'_>) -> SqlResult<Option<(UtcMillis, UtcMillis)>> {
    // One aggregate per statement and class: each is found at one end of an index, however long the history is.
    // Of each table: first end, last end, and first start of those that end by a given instant.
    const STATEMENTS: [[&str; 3]; 3] = [
        [
            "SELECT min(to_ms) FROM step_counter_sample WHERE length_class = ?1",
            "SELECT max(to_ms) FROM step_counter_sample WHERE length_class = ?1",
            "SELECT min(from_ms) FROM step_counter_sample WHERE length_class = ?1 AND to_ms <= ?2",
        ],
        [
            "SELECT min(end_ms) FROM step_interval WHERE is_deleted = 0 AND length_class = ?1",
            "SELECT max(end_ms) FROM step_interval WHERE is_deleted = 0 AND length_class = ?1",
            "SELECT min(start_ms) FROM step_interval WHERE is_deleted = 0 AND length_class = ?1 AND end_ms <= ?2",
        ],
        [
            "SELECT min(end_ms) FROM step_bucket WHERE length_class = ?1",
            "SELECT max(end_ms) FROM step_bucket WHERE length_class = ?1",
            "SELECT min(start_ms) FROM step_bucket WHERE length_class = ?1 AND end_ms <= ?2",
        ],
    ];
    let connection = reader.connection();
    let mut span: Option<(i64, i64)> = None;
    for [first_end, last_end, first_start] in STATEMENTS {
        let mut first_end = connection.prepare_cached(first_end)?;
        let mut last_end = connection.prepare_cached(last_end)?;
        let mut first_start = connection.prepare_cached(first_start)?;
        for (class, longest) in LENGTH_CLASSES {
            let Some(end) = first_end.query_row([class], |row| row.get::<_, Option<i64>>(0))? else {
                continue;
            };
            // The reading that begins first ends at most one class length after the first end.
            let first: i64 =
                first_start.query_row(params![class, end.saturating_add(longest)], |row| row.get(0))?;
            let last: i64 = last_end.query_row([class], |row| row.get(0))?;
            span = Some(span.map_or((first, last), |(from, to)| (from.min(first), to.max(last))));
        }
    }
    Ok(span.map(|(first, last)| (UtcMillis(first), UtcMillis(last))))
}

// The derived view ------------------------------------------------------------------------------------------------

pub(super) fn clear_derived(tx: &WriteTransaction<'_>) -> SqlResult<()> {
    let connection = tx.connection();
    connection.prepare_cached("DELETE FROM step_hour")?.execute([])?;
    connection.prepare_cached("DELETE FROM step_day")?.execute([])?;
    connection
        .prepare_cached("DELETE FROM step_log_correction")?
        .execute([])?;
    Ok(())
}

pub(super) fn replace_derived(
    tx: &WriteTransaction<'_>,
    range: DateRange,
    derived: &DerivedSteps,
    zone_ids: &BTreeMap<&'static str, i64>,
) -> SqlResult<()> {
    let connection = tx.connection();
    connection
        .prepare_cached("DELETE FROM step_hour WHERE date BETWEEN ?1 AND ?2")?
        .execute(range.text_ends())?;
    connection
        .prepare_cached("DELETE FROM step_day WHERE date BETWEEN ?1 AND ?2")?
        .execute(range.text_ends())?;
    let mut insert_hour =
        connection.prepare_cached("INSERT INTO step_hour (date, start_ms, steps) VALUES (?1, ?2, ?3)")?;
    for ((date, start), steps) in &derived.hours {
        insert_hour.execute(params![format_date(*date), start.0, steps])?;
    }
    let mut insert_day = connection.prepare_cached(
        "INSERT INTO step_day (date, sensor_steps, quarantined_steps, zone_id, is_travel_day)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (
        date,
        DerivedDay {
            sensor_steps,
            quarantined_steps,
            zone,
            is_travel_day,
        },
    ) in &derived.days
    {
        let zone_id = zone_ids
            .get(zone.name())
            .ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        insert_day.execute(params![
            format_date(*date),
            sensor_steps,
            quarantined_steps,
            zone_id,
            is_travel_day
        ])?;
    }
    Ok(())
}

pub(super) fn sensor_steps(reader: &Reader<'_>, date: NaiveDate) -> SqlResult<Option<i64>> {
    reader
        .connection()
        .prepare_cached("SELECT sensor_steps FROM step_day WHERE date = ?1")?
        .query_row([format_date(date)], |row| row.get(0))
        .optional()
}

const DAYS_IN_RANGE: &str = "
    SELECT step_day.date, sensor_steps, quarantined_steps, is_travel_day,
           ifnull(step_log_correction.correction, step_adjustment.correction)
    FROM step_day
        LEFT JOIN step_adjustment ON step_adjustment.date = step_day.date
        LEFT JOIN step_log_correction ON step_log_correction.date = step_day.date
    WHERE step_day.date BETWEEN ?1 AND ?2
    UNION ALL
    SELECT step_adjustment.date, NULL, 0, 0, correction
    FROM step_adjustment
    WHERE step_adjustment.date BETWEEN ?1 AND ?2
      AND NOT EXISTS (SELECT 1 FROM step_day WHERE step_day.date = step_adjustment.date)
      AND NOT EXISTS (SELECT 1 FROM step_log_correction WHERE step_log_correction.date = step_adjustment.date)
    UNION ALL
    SELECT step_log_correction.date, NULL, 0, 0, correction
    FROM step_log_correction
    WHERE step_log_correction.date BETWEEN ?1 AND ?2
      AND NOT EXISTS (SELECT 1 FROM step_day WHERE step_day.date = step_log_correction.date)";

/// The date in the first column.
fn date_of(row: &rusqlite::Row<'_>) -> SqlResult<NaiveDate> {
    let text = row.get_ref(0)?.as_str().ok();
    text.and_then(parse_date).ok_or(rusqlite::Error::InvalidQuery)
}

fn day_of(row: &rusqlite::Row<'_>) -> SqlResult<DaySteps> {
    Ok(DaySteps::new(
        date_of(row)?,
        row.get(1)?,
        row.get(4)?,
        row.get(2)?,
        row.get(3)?,
    ))
}

/// Dates of a range that are measured or corrected, in order.
///
/// Two plain reads and a merge: a join would search the corrections once for each of ten years of days, and few are corrected.
pub(crate) fn days(reader: &Reader<'_>, range: DateRange) -> SqlResult<Vec<DaySteps>> {
    let connection = reader.connection();
    let mut corrections: BTreeMap<NaiveDate, i64> = connection
        .prepare_cached("SELECT date, correction FROM step_adjustment WHERE date BETWEEN ?1 AND ?2")?
        .query_map(range.text_ends(), |row| Ok((date_of(row)?, row.get(1)?)))?
        .collect::<SqlResult<_>>()?;
    let of_other_phones: Vec<(NaiveDate, i64)> = connection
        .prepare_cached("SELECT date, correction FROM step_log_correction WHERE date BETWEEN ?1 AND ?2")?
        .query_map(range.text_ends(), |row| Ok((date_of(row)?, row.get(1)?)))?
        .collect::<SqlResult<_>>()?;
    corrections.extend(of_other_phones);
    let mut days: Vec<DaySteps> = connection
        .prepare_cached(
            "SELECT date, sensor_steps, quarantined_steps, is_travel_day
             FROM step_day
             WHERE date BETWEEN ?1 AND ?2
             ORDER BY date",
        )?
        .query_map(range.text_ends(), |row| {
            let date = date_of(row)?;
            let correction = corrections.remove(&date);
            Ok(DaySteps::new(
                date,
                row.get(1)?,
                correction,
                row.get(2)?,
                row.get(3)?,
            ))
        })?
        .collect::<SqlResult<_>>()?;
    if !corrections.is_empty() {
        let unmeasured = corrections.into_iter();
        days.extend(
            unmeasured.map(|(date, correction)| DaySteps::new(date, None, Some(correction), 0, false)),
        );
        days.sort_unstable_by_key(|day| day.date);
    }
    Ok(days)
}

/// Hands over the dates of a range that are measured or corrected, latest first, until `more` says no.
pub(super) fn days_backwards(
    reader: &Reader<'_>,
    range: DateRange,
    mut more: impl FnMut(DaySteps) -> bool,
) -> SqlResult<()> {
    let mut statement = reader
        .connection()
        .prepare_cached(&format!("{DAYS_IN_RANGE} ORDER BY 1 DESC"))?;
    let mut rows = statement.query(range.text_ends())?;
    while let Some(row) = rows.next()? {
        if !more(day_of(row)?) {
            break;
        }
    }
    Ok(())
}

/// First and last date that is measured or corrected.
pub(super) fn span_of_days(reader: &Reader<'_>) -> SqlResult<Option<(NaiveDate, NaiveDate)>> {
    reader
        .connection()
        .prepare_cached(
            // One aggregate per SELECT: SQLite finds min or max at one end of the index, but scans for both at once.
            "SELECT min(first), max(last)
             FROM (
                 SELECT
                     (SELECT min(date) FROM step_day) AS first,
                     (SELECT max(date) FROM step_day) AS last
                 UNION ALL
                 SELECT
                     (SELECT min(date) FROM step_adjustment),
                     (SELECT max(date) FROM step_adjustment)
                 UNION ALL
                 SELECT
                     (SELECT min(date) FROM step_log_correction),
                     (SELECT max(date) FROM step_log_correction)
             )",
        )?
        .query_row([], |row| {
            let ends: (Option<String>, Option<String>) = (row.get(0)?, row.get(1)?);
            Ok(ends
                .0
                .as_deref()
                .and_then(parse_date)
                .zip(ends.1.as_deref().and_then(parse_date)))
        })
}

/// Hour slots with steps whose date lies in the range, ascending by first instant, then date.
pub(super) fn hours(reader: &Reader<'_>, range: DateRange) -> SqlResult<Vec<HourSteps>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT date, start_ms, steps FROM step_hour WHERE date BETWEEN ?1 AND ?2 ORDER BY start_ms, date",
        )?
        .query_map(range.text_ends(), |row| {
            Ok(HourSteps { date: date_of(row)?, start: UtcMillis(row.get(1)?), steps: row.get(2)? })
        })?
        .collect()
}

/// The zone of the last measured date before `date`, or of the first one after it.
pub(super) fn zone_of_nearest_day(reader: &Reader<'_>, date: NaiveDate) -> SqlResult<Option<i64>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT zone_id
             FROM step_day
             WHERE date = ifnull((SELECT max(date) FROM step_day WHERE date < ?1),
                                 (SELECT min(date) FROM step_day WHERE date > ?1))",
        )?
        .query_row([format_date(date)], |row| row.get(0))
        .optional()
}
