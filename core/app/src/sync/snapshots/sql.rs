//! Statements over `log_snapshot`.

use ayumi_protocol::cursor::Seq;
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::SnapshotId;
use rusqlite::{OptionalExtension as _, Result as SqlResult, Row};

use super::{LogSnapshot, SnapshotState};
use crate::store::{Reader, WriteTransaction};
use crate::sync::columns::{parsed, unexpected};

macro_rules! columns {
    () => {
        "replica_id, state, snapshot_id, up_to_seq, sha256, length_bytes, decompressed_bytes, fetched_bytes, applied_bytes"
    };
}

fn bytes_at(row: &Row<'_>, column: usize) -> SqlResult<u64> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| unexpected(column, "a number of bytes"))
}

fn number(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn snapshot(row: &Row<'_>) -> SqlResult<LogSnapshot> {
    Ok(LogSnapshot {
        replica_id: row.get(0)?,
        state: SnapshotState::from_word(&row.get::<_, String>(1)?),
        snapshot_id: parsed(row, 2, "a snapshot", SnapshotId::parse)?,
        up_to_seq: Seq::new(row.get(3)?).ok_or_else(|| unexpected(3, "a place"))?,
        sha256: parsed(row, 4, "a hash", Sha256::parse)?,
        length_bytes: bytes_at(row, 5)?,
        decompressed_bytes: bytes_at(row, 6)?,
        fetched_bytes: bytes_at(row, 7)?,
        applied_bytes: bytes_at(row, 8)?,
    })
}

/// The snapshot of a replica, whatever its state.
pub(crate) fn find(reader: &Reader<'_>, replica_id: i64) -> SqlResult<Option<LogSnapshot>> {
    reader
        .connection()
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM log_snapshot
             WHERE replica_id = ?1"
        ))?
        .query_row([replica_id], snapshot)
        .optional()
}

/// Those that are being fetched or applied.
pub(crate) fn open(reader: &Reader<'_>) -> SqlResult<Vec<LogSnapshot>> {
    reader
        .connection()
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM log_snapshot
             WHERE state = 'open'
             ORDER BY replica_id"
        ))?
        .query_map([], snapshot)?
        .collect()
}

pub(crate) fn insert(tx: &WriteTransaction<'_>, snapshot: &LogSnapshot) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO log_snapshot (replica_id, state, snapshot_id, up_to_seq, sha256, length_bytes, decompressed_bytes,
                fetched_bytes, applied_bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT DO NOTHING",
        )?
        .execute((
            snapshot.replica_id,
            snapshot.state.as_str(),
            snapshot.snapshot_id.to_string(),
            snapshot.up_to_seq.number(),
            snapshot.sha256.to_string(),
            number(snapshot.length_bytes),
            number(snapshot.decompressed_bytes),
            number(snapshot.fetched_bytes),
            number(snapshot.applied_bytes),
        ))?;
    Ok(())
}

/// Notes how far one is.
pub(crate) fn save(tx: &WriteTransaction<'_>, snapshot: &LogSnapshot) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "UPDATE log_snapshot
             SET state = ?2, fetched_bytes = ?3, applied_bytes = ?4
             WHERE replica_id = ?1",
        )?
        .execute((
            snapshot.replica_id,
            snapshot.state.as_str(),
            number(snapshot.fetched_bytes),
            number(snapshot.applied_bytes),
        ))?;
    Ok(())
}

pub(crate) fn delete(tx: &WriteTransaction<'_>, replica_id: i64) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("DELETE FROM log_snapshot WHERE replica_id = ?1")?
        .execute([replica_id])?;
    Ok(())
}
