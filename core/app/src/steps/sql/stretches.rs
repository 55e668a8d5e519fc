//! Statements that read every kind of stored reading alike, for the derivation.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use rusqlite::params;

use super::sources::source_order;
use super::{LENGTH_CLASSES, SqlResult};
use crate::steps::derive::{StoredKind, StoredReading};
use crate::store::Reader;
use crate::time::UtcMillis;

/// Every stored reading that touches `[from, to]`, both ends included.
pub(crate) fn readings(
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
pub(crate) fn span_of_readings(reader: &Reader<'_>) -> SqlResult<Option<(UtcMillis, UtcMillis)>> {
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
