//! Statements over `replica`, `log_entry` and `lost_entry`.

use ayumi_protocol::body::RawBody;
use ayumi_protocol::cursor::{Cursor, Epoch, LogName, Seq};
use ayumi_protocol::entry::Entry;
use ayumi_protocol::id::{AccountId, DeviceId, OpId};
use ayumi_protocol::kind::{Kind, KindName};
use ayumi_protocol::session::Role;
use ayumi_protocol::time::{UtcOffset, ZoneName};
use ayumi_protocol::version::AppVersion;
use rusqlite::{OptionalExtension as _, Result as SqlResult, Row};

use super::Replica;
use crate::store::{Reader, StoreError, WriteTransaction};
use crate::sync::columns::{parsed, parsed_option, unexpected};
use crate::sync::outbox::sql::log_at;
use crate::sync::snapshots;

fn seq_at(row: &Row<'_>, column: usize) -> SqlResult<Seq> {
    Seq::new(row.get(column)?).ok_or_else(|| unexpected(column, "a place"))
}

fn replica(row: &Row<'_>) -> SqlResult<Replica> {
    Ok(Replica {
        id: row.get(0)?,
        log: log_at(row, 1)?,
        cursor: Cursor {
            epoch: parsed(row, 3, "an epoch", Epoch::parse)?,
            seq: seq_at(row, 4)?,
        },
        head: seq_at(row, 5)?,
        is_shown: row.get(6)?,
    })
}

pub(super) fn find(reader: &Reader<'_>, log: LogName, is_shown: bool) -> SqlResult<Option<Replica>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT replica_id, case_id, audience, epoch, seq, head_seq, is_shown
             FROM replica
             WHERE case_id = ?1 AND audience = ?2 AND is_shown = ?3",
        )?
        .query_row(
            (log.case_id.to_string(), log.audience.as_str(), is_shown),
            replica,
        )
        .optional()
}

pub(super) fn all(reader: &Reader<'_>) -> SqlResult<Vec<Replica>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT replica_id, case_id, audience, epoch, seq, head_seq, is_shown
             FROM replica
             ORDER BY case_id, audience, is_shown",
        )?
        .query_map([], replica)?
        .collect()
}

pub(super) fn find_by_id(reader: &Reader<'_>, replica_id: i64) -> SqlResult<Option<Replica>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT replica_id, case_id, audience, epoch, seq, head_seq, is_shown
             FROM replica
             WHERE replica_id = ?1",
        )?
        .query_row([replica_id], replica)
        .optional()
}

pub(super) fn insert(tx: &WriteTransaction<'_>, log: LogName, epoch: Epoch, is_shown: bool) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO replica (case_id, audience, epoch, seq, head_seq, is_shown)
             VALUES (?1, ?2, ?3, 0, 0, ?4)",
        )?
        .execute((
            log.case_id.to_string(),
            log.audience.as_str(),
            epoch.to_string(),
            is_shown,
        ))?;
    Ok(())
}

pub(super) fn advance(tx: &WriteTransaction<'_>, replica_id: i64, seq: Seq, head: Seq) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "UPDATE replica
             SET seq = ?2, head_seq = ?3
             WHERE replica_id = ?1",
        )?
        .execute((replica_id, seq.number(), head.number()))?;
    Ok(())
}

pub(super) fn show(tx: &WriteTransaction<'_>, replica_id: i64) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("UPDATE replica SET is_shown = 1 WHERE replica_id = ?1")?
        .execute([replica_id])?;
    Ok(())
}

pub(super) fn delete(tx: &WriteTransaction<'_>, replica_id: i64) -> SqlResult<()> {
    let connection = tx.connection();
    connection
        .prepare_cached("DELETE FROM log_entry WHERE replica_id = ?1")?
        .execute([replica_id])?;
    snapshots::sql::delete(tx, replica_id)?;
    connection
        .prepare_cached("DELETE FROM replica WHERE replica_id = ?1")?
        .execute([replica_id])?;
    Ok(())
}

pub(super) fn insert_entry(
    tx: &WriteTransaction<'_>,
    replica_id: i64,
    entry: &Entry,
) -> Result<(), StoreError> {
    let unknown = if entry.unknown.is_empty() {
        None
    } else {
        Some(
            serde_json::to_string(&entry.unknown).map_err(|_| StoreError::Bug {
                where_: "unknown fields are written as they came",
            })?,
        )
    };
    tx.connection()
        .prepare_cached(
            "INSERT INTO log_entry (replica_id, seq, op_id, author_id, author_role, device_id, kind, body_version,
                occurred_at_ms, zone, utc_offset_min, recorded_at_ms, min_app_version, body, unknown)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?
        .execute(rusqlite::params![
            replica_id,
            entry.seq.number(),
            entry.op_id.to_string(),
            entry.author_id.to_string(),
            entry.author_role.as_str(),
            entry.device_id.to_string(),
            entry.kind.as_str(),
            entry.body_version,
            entry.occurred_at_ms.0,
            entry.zone.as_str(),
            entry.utc_offset_min.minutes(),
            entry.recorded_at_ms.0,
            entry.min_app_version.map(|version| version.to_string()),
            entry.body.as_ref().map(RawBody::as_str),
            unknown,
        ])?;
    Ok(())
}

macro_rules! columns {
    () => {
        "seq, op_id, author_id, author_role, device_id, kind, body_version, occurred_at_ms, zone, utc_offset_min,
         recorded_at_ms, min_app_version, body, unknown"
    };
}

fn entry(row: &Row<'_>) -> SqlResult<Entry> {
    let offset: i16 = row.get(9)?;
    Ok(Entry {
        seq: seq_at(row, 0)?,
        op_id: parsed(row, 1, "an operation", OpId::parse)?,
        author_id: parsed(row, 2, "an account", AccountId::parse)?,
        author_role: parsed(row, 3, "a role", Role::from_word)?,
        device_id: parsed(row, 4, "a device", DeviceId::parse)?,
        kind: parsed(row, 5, "a kind", KindName::from_word)?,
        body_version: row.get(6)?,
        occurred_at_ms: ayumi_protocol::time::UtcMillis(row.get(7)?),
        zone: parsed(row, 8, "a zone", ZoneName::parse)?,
        utc_offset_min: UtcOffset::from_minutes(offset).ok_or_else(|| unexpected(9, "an offset"))?,
        recorded_at_ms: ayumi_protocol::time::UtcMillis(row.get(10)?),
        min_app_version: parsed_option(row, 11, "a version", AppVersion::parse)?,
        body: parsed_option(row, 12, "a body", |text| RawBody::from_text(text).ok())?,
        unknown: parsed_option(row, 13, "fields", |text| serde_json::from_str(text).ok())?
            .unwrap_or_default(),
    })
}

/// Entries after a place, at most `most`, in their order.
pub(crate) fn entries_after(
    reader: &Reader<'_>,
    replica_id: i64,
    after: Seq,
    most: usize,
) -> SqlResult<Vec<Entry>> {
    reader
        .connection()
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM log_entry
             WHERE replica_id = ?1 AND seq > ?2
             ORDER BY seq
             LIMIT ?3"
        ))?
        .query_map(
            (
                replica_id,
                after.number(),
                i64::try_from(most).unwrap_or(i64::MAX),
            ),
            entry,
        )?
        .collect()
}

pub(super) fn blank(tx: &WriteTransaction<'_>, replica_id: i64, seq: Seq) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "UPDATE log_entry
             SET body = NULL, unknown = NULL
             WHERE replica_id = ?1 AND seq = ?2",
        )?
        .execute((replica_id, seq.number()))?;
    Ok(())
}

/// Whether there is an entry of a kind at a place.
pub(crate) fn is_of_kind(reader: &Reader<'_>, replica_id: i64, seq: Seq, kind: Kind) -> SqlResult<bool> {
    reader
        .connection()
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM log_entry WHERE replica_id = ?1 AND seq = ?2 AND kind = ?3)",
        )?
        .query_row((replica_id, seq.number(), kind.as_str()), |row| row.get(0))
}

/// Whether the entry at a place stands there without anything but its kind.
pub(super) fn is_thinned(reader: &Reader<'_>, replica_id: i64, seq: Seq) -> SqlResult<bool> {
    reader
        .connection()
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM log_entry WHERE replica_id = ?1 AND seq = ?2 AND body_version = 0)",
        )?
        .query_row((replica_id, seq.number()), |row| row.get(0))
}

pub(crate) fn has_operation(reader: &Reader<'_>, replica_id: i64, op_id: OpId) -> SqlResult<bool> {
    reader
        .connection()
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM log_entry WHERE replica_id = ?1 AND op_id = ?2)")?
        .query_row((replica_id, op_id.to_string()), |row| row.get(0))
}

/// Entries of one replica whose operation another one does not have, in their order.
pub(super) fn missing(reader: &Reader<'_>, old: i64, fresh: i64) -> SqlResult<Vec<Entry>> {
    reader
        .connection()
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM log_entry AS gone
             WHERE replica_id = ?1
               AND NOT EXISTS (
                   SELECT 1 FROM log_entry AS kept
                   WHERE kept.replica_id = ?2 AND kept.op_id = gone.op_id)
             ORDER BY seq"
        ))?
        .query_map((old, fresh), entry)?
        .collect()
}

/// The place in the fresh replica of the last entry before `seq` that both have.
pub(super) fn last_common(reader: &Reader<'_>, old: i64, fresh: i64, seq: Seq) -> SqlResult<Option<Seq>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT kept.seq FROM log_entry AS gone
             JOIN log_entry AS kept ON kept.replica_id = ?2 AND kept.op_id = gone.op_id
             WHERE gone.replica_id = ?1 AND gone.seq < ?3
             ORDER BY gone.seq DESC
             LIMIT 1",
        )?
        .query_row((old, fresh, seq.number()), |row| seq_at(row, 0))
        .optional()
}

pub(super) fn insert_lost(
    tx: &WriteTransaction<'_>,
    log: LogName,
    after: Seq,
    entry: &Entry,
) -> Result<(), StoreError> {
    let text = serde_json::to_string(entry).map_err(|_| StoreError::Bug {
        where_: "every entry has a form in JSON",
    })?;
    tx.connection()
        .prepare_cached(
            "INSERT INTO lost_entry (case_id, audience, op_id, after_seq, old_seq, entry)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO NOTHING",
        )?
        .execute((
            log.case_id.to_string(),
            log.audience.as_str(),
            entry.op_id.to_string(),
            after.number(),
            entry.seq.number(),
            text,
        ))?;
    Ok(())
}

pub(super) fn delete_lost(tx: &WriteTransaction<'_>, log: LogName, op_id: OpId) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("DELETE FROM lost_entry WHERE case_id = ?1 AND audience = ?2 AND op_id = ?3")?
        .execute((log.case_id.to_string(), log.audience.as_str(), op_id.to_string()))?;
    Ok(())
}

pub(super) fn delete_all_lost(tx: &WriteTransaction<'_>, log: LogName) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("DELETE FROM lost_entry WHERE case_id = ?1 AND audience = ?2")?
        .execute((log.case_id.to_string(), log.audience.as_str()))?;
    Ok(())
}

pub(super) fn lost_operations(reader: &Reader<'_>, log: LogName) -> SqlResult<Vec<OpId>> {
    reader
        .connection()
        .prepare_cached("SELECT op_id FROM lost_entry WHERE case_id = ?1 AND audience = ?2")?
        .query_map((log.case_id.to_string(), log.audience.as_str()), |row| {
            parsed(row, 0, "an operation", OpId::parse)
        })?
        .collect()
}

/// Entries of others that a restored server has lost, each with the place behind which it stood, in their order.
pub(crate) fn lost(reader: &Reader<'_>, log: LogName) -> SqlResult<Vec<(Seq, Entry)>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT after_seq, entry FROM lost_entry
             WHERE case_id = ?1 AND audience = ?2
             ORDER BY after_seq, old_seq",
        )?
        .query_map((log.case_id.to_string(), log.audience.as_str()), |row| {
            let entry = parsed(row, 1, "an entry", |text| serde_json::from_str(text).ok())?;
            Ok((seq_at(row, 0)?, entry))
        })?
        .collect()
}
