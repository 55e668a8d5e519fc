//! Statements over interval records and platform buckets.

use rusqlite::{OptionalExtension as _, params};

use super::{SqlResult, length_class};
use crate::steps::reading::{IntervalRecord, PlatformBucket};
use crate::store::{Reader, WriteTransaction};
use crate::time::UtcMillis;

/// An interval record or its tombstone.
pub(crate) struct StoredInterval {
    pub interval_id: i64,
    pub start: UtcMillis,
    pub end: UtcMillis,
    pub steps: i64,
    pub modified: UtcMillis,
    pub zone_id: i64,
    pub is_deleted: bool,
}

pub(crate) fn interval(
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

pub(crate) fn put_interval(
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

pub(crate) fn mark_interval_deleted(tx: &WriteTransaction<'_>, interval_id: i64) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("UPDATE step_interval SET is_deleted = 1 WHERE interval_id = ?1")?
        .execute([interval_id])?;
    Ok(())
}

/// What is stored of a platform bucket, as far as a newer query needs it.
pub(crate) struct StoredBucket {
    pub steps: i64,
    pub queried_at: UtcMillis,
}

pub(crate) fn bucket(
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

pub(crate) fn put_bucket(
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
