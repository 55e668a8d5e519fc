//! Statements over `outbox`, `outbox_file` and `upload`.

use std::collections::{BTreeMap, BTreeSet};

use ayumi_protocol::body::RawBody;
use ayumi_protocol::cursor::{Audience, Lane, LogName, Seq};
use ayumi_protocol::id::{CaseId, OpId};
use ayumi_protocol::kind::{Kind, KindName};
use ayumi_protocol::operation::Operation;
use ayumi_protocol::time::{UtcOffset, ZoneName};
use ayumi_protocol::version::AppVersion;
use rusqlite::{OptionalExtension as _, Result as SqlResult, Row};

use super::{OperationState, Outgoing, Waiting};
use crate::store::{Reader, WriteTransaction};
use crate::sync::columns::{parsed, parsed_option, unexpected};
use crate::time::UtcMillis;

macro_rules! columns {
    () => {
        "case_id, audience, lane, local_seq, op_id, kind, body_version, body, occurred_at_ms, zone, utc_offset_min,
         min_app_version, depends_on, state, attempts, unresolved, old_from_ms, server_seq, recorded_at_ms, park_reason,
         is_reoffered"
    };
}

pub(crate) fn log_at(row: &Row<'_>, column: usize) -> SqlResult<LogName> {
    Ok(LogName {
        case_id: parsed(row, column, "a case", CaseId::parse)?,
        audience: parsed(row, column.saturating_add(1), "an audience", Audience::from_word)?,
    })
}

fn seq_at(row: &Row<'_>, column: usize) -> SqlResult<Option<Seq>> {
    let number: Option<i64> = row.get(column)?;
    number
        .map(|number| Seq::new(number).ok_or_else(|| unexpected(column, "a place")))
        .transpose()
}

fn outgoing(row: &Row<'_>) -> SqlResult<Outgoing> {
    let offset: i16 = row.get(10)?;
    Ok(Outgoing {
        log: log_at(row, 0)?,
        lane: parsed(row, 2, "a lane", Lane::from_word)?,
        local_seq: row.get(3)?,
        operation: Operation {
            op_id: parsed(row, 4, "an operation", OpId::parse)?,
            kind: parsed(row, 5, "a kind", KindName::from_word)?,
            body_version: row.get(6)?,
            body: parsed(row, 7, "a body", |text| RawBody::from_text(text).ok())?,
            occurred_at_ms: ayumi_protocol::time::UtcMillis(row.get(8)?),
            zone: parsed(row, 9, "a zone", ZoneName::parse)?,
            utc_offset_min: UtcOffset::from_minutes(offset).ok_or_else(|| unexpected(10, "an offset"))?,
            min_app_version: parsed_option(row, 11, "a version", AppVersion::parse)?,
        },
        depends_on: parsed_option(row, 12, "an operation", OpId::parse)?,
        state: parsed(row, 13, "a state", OperationState::from_word)?,
        attempts: row.get(14)?,
        unresolved: row.get(15)?,
        old_from: UtcMillis(row.get(16)?),
        server_seq: seq_at(row, 17)?,
        recorded_at: row.get::<_, Option<i64>>(18)?.map(UtcMillis),
        park_reason: row.get(19)?,
        is_reoffered: row.get(20)?,
    })
}

pub(super) fn insert(tx: &WriteTransaction<'_>, outgoing: &Outgoing, subject: Option<&str>) -> SqlResult<()> {
    let operation = &outgoing.operation;
    tx.connection()
        .prepare_cached(
            "INSERT INTO outbox (op_id, local_seq, case_id, audience, lane, kind, body_version, body, occurred_at_ms, zone,
                utc_offset_min, min_app_version, subject, depends_on, state, attempts, unresolved, old_from_ms, is_reoffered)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
        )?
        .execute(rusqlite::params![
            operation.op_id.to_string(),
            outgoing.local_seq,
            outgoing.log.case_id.to_string(),
            outgoing.log.audience.as_str(),
            outgoing.lane.as_str(),
            operation.kind.as_str(),
            operation.body_version,
            operation.body.as_str(),
            operation.occurred_at_ms.0,
            operation.zone.as_str(),
            operation.utc_offset_min.minutes(),
            operation.min_app_version.map(|version| version.to_string()),
            subject,
            outgoing.depends_on.map(|id| id.to_string()),
            outgoing.state.as_str(),
            outgoing.attempts,
            outgoing.unresolved,
            outgoing.old_from.0,
            outgoing.is_reoffered,
        ])?;
    Ok(())
}

/// Puts an operation that a restored server has lost back into its lane, ahead of everything in it. `false`: it is there already.
pub(crate) fn insert_reoffered(
    tx: &WriteTransaction<'_>,
    outgoing: &Outgoing,
    subject: Option<&str>,
) -> SqlResult<bool> {
    if find(tx, outgoing.operation.op_id)?.is_some() {
        return Ok(false);
    }
    insert(tx, outgoing, subject)?;
    Ok(true)
}

/// Whether an id is used by an operation or an entry on this phone.
pub(super) fn is_taken(reader: &Reader<'_>, op_id: OpId) -> SqlResult<bool> {
    reader
        .connection()
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM outbox WHERE op_id = ?1)")?
        .query_row([op_id.to_string()], |row| row.get(0))
}

/// The place behind every operation that there was.
pub(crate) fn tail(reader: &Reader<'_>) -> SqlResult<i64> {
    let last: Option<i64> = reader
        .connection()
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(last.unwrap_or(0).max(0).saturating_add(1))
}

/// Gives an operation the place behind every other one.
fn move_to_tail(tx: &WriteTransaction<'_>, op_id: &str) -> SqlResult<()> {
    let tail = tail(tx)?;
    let connection = tx.connection();
    connection
        .prepare_cached("UPDATE outbox SET local_seq = ?2 WHERE op_id = ?1")?
        .execute((op_id, tail))?;
    // A place that was given by an update is not counted by SQLite itself.
    connection
        .prepare_cached("UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'outbox'")?
        .execute([tail])?;
    Ok(())
}

/// The place in front of every other operation.
pub(crate) fn front(reader: &Reader<'_>) -> SqlResult<i64> {
    let first: Option<i64> = reader
        .connection()
        .prepare_cached("SELECT MIN(local_seq) FROM outbox")?
        .query_row([], |row| row.get(0))?;
    Ok(first.unwrap_or(0).saturating_sub(1))
}

pub(crate) fn find(reader: &Reader<'_>, op_id: OpId) -> SqlResult<Option<Outgoing>> {
    reader
        .connection()
        .prepare_cached(concat!("SELECT ", columns!(), " FROM outbox WHERE op_id = ?1"))?
        .query_row([op_id.to_string()], outgoing)
        .optional()
}

/// A queued operation about something that was never attempted.
pub(super) fn unsent_about(reader: &Reader<'_>, log: LogName, subject: &str) -> SqlResult<Option<OpId>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT op_id FROM outbox
             WHERE case_id = ?1 AND audience = ?2 AND subject = ?3 AND state = 'queued' AND attempts = 0
             ORDER BY local_seq DESC
             LIMIT 1",
        )?
        .query_row((log.case_id.to_string(), log.audience.as_str(), subject), |row| {
            parsed(row, 0, "an operation", OpId::parse)
        })
        .optional()
}

/// Whether any operation about something is there, in whatever state.
pub(crate) fn has_subject(reader: &Reader<'_>, log: LogName, subject: &str) -> SqlResult<bool> {
    reader
        .connection()
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM outbox WHERE case_id = ?1 AND audience = ?2 AND subject = ?3)",
        )?
        .query_row((log.case_id.to_string(), log.audience.as_str(), subject), |row| {
            row.get(0)
        })
}

/// Both lanes are named, so that the index leads past everything that waits.
pub(crate) const SENT_BETWEEN: &str = "SELECT server_seq, op_id FROM outbox
     WHERE case_id = ?1 AND audience = ?2 AND lane IN ('talk', 'readings') AND state = 'sent'
       AND server_seq BETWEEN ?3 AND ?4";

/// The acknowledged operations of a log from one place to another, both included, by their places.
pub(crate) fn sent_between(
    reader: &Reader<'_>,
    log: LogName,
    first: Seq,
    last: Seq,
) -> SqlResult<BTreeMap<Seq, OpId>> {
    reader
        .connection()
        .prepare_cached(SENT_BETWEEN)?
        .query_map(
            (
                log.case_id.to_string(),
                log.audience.as_str(),
                first.number(),
                last.number(),
            ),
            |row| {
                let seq = seq_at(row, 0)?.ok_or_else(|| unexpected(0, "a place"))?;
                Ok((seq, parsed(row, 1, "an operation", OpId::parse)?))
            },
        )?
        .collect()
}

/// What an operation is about.
pub(crate) fn subject(reader: &Reader<'_>, op_id: OpId) -> SqlResult<Option<String>> {
    let subject = reader
        .connection()
        .prepare_cached("SELECT subject FROM outbox WHERE op_id = ?1")?
        .query_row([op_id.to_string()], |row| row.get(0))
        .optional()?;
    Ok(subject.flatten())
}

/// Another body and another moment for an operation that was never attempted.
pub(super) fn rewrite(tx: &WriteTransaction<'_>, operation: &Operation, now: UtcMillis) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "UPDATE outbox
             SET kind = ?2, body_version = ?3, body = ?4, occurred_at_ms = ?5, zone = ?6, utc_offset_min = ?7, old_from_ms = ?8
             WHERE op_id = ?1 AND attempts = 0",
        )?
        .execute((
            operation.op_id.to_string(),
            operation.kind.as_str(),
            operation.body_version,
            operation.body.as_str(),
            operation.occurred_at_ms.0,
            operation.zone.as_str(),
            operation.utc_offset_min.minutes(),
            now.0,
        ))?;
    Ok(())
}

pub(super) fn rewrite_body(tx: &WriteTransaction<'_>, op_id: OpId, body: &str) -> SqlResult<bool> {
    let changed = tx
        .connection()
        .prepare_cached(
            "UPDATE outbox
             SET body = ?2
             WHERE op_id = ?1 AND attempts = 0 AND state <> 'sent'",
        )?
        .execute((op_id.to_string(), body))?;
    Ok(changed > 0)
}

pub(crate) fn delete(tx: &WriteTransaction<'_>, op_id: OpId) -> SqlResult<bool> {
    let id = op_id.to_string();
    let connection = tx.connection();
    connection
        .prepare_cached("DELETE FROM outbox_file WHERE op_id = ?1")?
        .execute([&id])?;
    let deleted = connection
        .prepare_cached("DELETE FROM outbox WHERE op_id = ?1")?
        .execute([&id])?;
    Ok(deleted > 0)
}

/// Operations that name another as their parent and are not acknowledged.
pub(crate) fn dependents(reader: &Reader<'_>, op_id: OpId) -> SqlResult<Vec<OpId>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT op_id FROM outbox
             WHERE depends_on = ?1 AND state <> 'sent'
             ORDER BY local_seq",
        )?
        .query_map([op_id.to_string()], |row| {
            parsed(row, 0, "an operation", OpId::parse)
        })?
        .collect()
}

/// Puts an operation back into its lane, at the tail.
pub(super) fn requeue(tx: &WriteTransaction<'_>, op_id: OpId, now: UtcMillis) -> SqlResult<()> {
    let op_id = op_id.to_string();
    move_to_tail(tx, &op_id)?;
    tx.connection()
        .prepare_cached(
            "UPDATE outbox
             SET state = 'queued', old_from_ms = ?2, park_reason = NULL
             WHERE op_id = ?1",
        )?
        .execute((op_id, now.0))?;
    Ok(())
}

/// Moves everything queued in a log to the tail, in its order, behind the operation that was just put there.
pub(super) fn move_waiting_to_tail(tx: &WriteTransaction<'_>, log: LogName, behind: OpId) -> SqlResult<()> {
    let waiting: Vec<String> = tx
        .connection()
        .prepare_cached(
            "SELECT op_id FROM outbox
             WHERE case_id = ?1 AND audience = ?2 AND state = 'queued' AND op_id <> ?3
               AND kind NOT IN ('consent.given', 'consent.withdrawn')
             ORDER BY local_seq",
        )?
        .query_map(
            (log.case_id.to_string(), log.audience.as_str(), behind.to_string()),
            |row| row.get(0),
        )?
        .collect::<SqlResult<_>>()?;
    for op_id in waiting {
        move_to_tail(tx, &op_id)?;
    }
    Ok(())
}

pub(super) fn set_parked(tx: &WriteTransaction<'_>, op_id: OpId, reason: &str) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "UPDATE outbox
             SET state = 'parked', park_reason = ?2, unresolved = 0
             WHERE op_id = ?1 AND state <> 'sent'",
        )?
        .execute((op_id.to_string(), reason))?;
    Ok(())
}

pub(super) fn set_needs_confirmation(tx: &WriteTransaction<'_>, op_id: OpId) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "UPDATE outbox
             SET state = 'needs_confirmation'
             WHERE op_id = ?1 AND state = 'queued'",
        )?
        .execute([op_id.to_string()])?;
    Ok(())
}

/// Counts an attempt, before its bytes leave.
pub(crate) fn claim(tx: &WriteTransaction<'_>, op_id: OpId) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "UPDATE outbox
             SET attempts = attempts + 1, unresolved = unresolved + 1
             WHERE op_id = ?1",
        )?
        .execute([op_id.to_string()])?;
    Ok(())
}

/// Notes that an attempt had an outcome, and what went wrong with it.
pub(crate) fn resolve(tx: &WriteTransaction<'_>, op_id: OpId, error: Option<&str>) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "UPDATE outbox
             SET unresolved = 0, last_error = ?2
             WHERE op_id = ?1",
        )?
        .execute((op_id.to_string(), error))?;
    Ok(())
}

/// Notes the place that the server gave. An operation that was settled or discarded meanwhile stays gone.
pub(crate) fn set_sent(
    tx: &WriteTransaction<'_>,
    op_id: OpId,
    seq: Seq,
    recorded_at: UtcMillis,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "UPDATE outbox
             SET state = 'sent', server_seq = ?2, recorded_at_ms = ?3, unresolved = 0, last_error = NULL, park_reason = NULL
             WHERE op_id = ?1",
        )?
        .execute((op_id.to_string(), seq.number(), recorded_at.0))?;
    Ok(())
}

/// Removes a settled operation; its pictures are kept until `keep_until`. Returns whether there was one.
pub(crate) fn settle(tx: &WriteTransaction<'_>, op_id: OpId, keep_until: UtcMillis) -> SqlResult<bool> {
    tx.connection()
        .prepare_cached(
            "UPDATE upload
             SET kept_until_ms = ?2
             WHERE sha256 IN (SELECT sha256 FROM outbox_file WHERE op_id = ?1)",
        )?
        .execute((op_id.to_string(), keep_until.0))?;
    delete(tx, op_id)
}

/// The operations of a log.
pub(crate) fn operations_of_log(reader: &Reader<'_>, log: LogName) -> SqlResult<Vec<OpId>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT op_id FROM outbox
             WHERE case_id = ?1 AND audience = ?2
             ORDER BY local_seq",
        )?
        .query_map((log.case_id.to_string(), log.audience.as_str()), |row| {
            parsed(row, 0, "an operation", OpId::parse)
        })?
        .collect()
}

/// Removes what was acknowledged for a case that is lost: it is in the log.
pub(crate) fn delete_sent_of_case(tx: &WriteTransaction<'_>, case_id: CaseId) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("DELETE FROM outbox WHERE case_id = ?1 AND state = 'sent'")?
        .execute([case_id.to_string()])?;
    Ok(())
}

/// Acknowledged operations of a log have to be sent again: the server that acknowledged them was restored.
pub(crate) fn unsend(tx: &WriteTransaction<'_>, log: LogName) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "UPDATE outbox
             SET state = 'queued', server_seq = NULL, recorded_at_ms = NULL
             WHERE case_id = ?1 AND audience = ?2 AND state = 'sent'",
        )?
        .execute((log.case_id.to_string(), log.audience.as_str()))?;
    Ok(())
}

/// Everything of a log that is not acknowledged, in its order.
pub(crate) fn unsent_of_case(reader: &Reader<'_>, case_id: CaseId) -> SqlResult<Vec<OpId>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT op_id FROM outbox
             WHERE case_id = ?1 AND state <> 'sent'
             ORDER BY local_seq",
        )?
        .query_map([case_id.to_string()], |row| {
            parsed(row, 0, "an operation", OpId::parse)
        })?
        .collect()
}

pub(crate) const NEXT_OF_LANE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM outbox
     WHERE case_id = ?1 AND audience = ?2 AND lane = ?3 AND state = 'queued'
     ORDER BY local_seq
     LIMIT ?4"
);

/// The first queued operations of a lane, in their order.
pub(crate) fn next_of_lane(
    reader: &Reader<'_>,
    log: LogName,
    lane: Lane,
    most: usize,
) -> SqlResult<Vec<Outgoing>> {
    reader
        .connection()
        .prepare_cached(NEXT_OF_LANE)?
        .query_map(
            (
                log.case_id.to_string(),
                log.audience.as_str(),
                lane.as_str(),
                i64::try_from(most).unwrap_or(i64::MAX),
            ),
            outgoing,
        )?
        .collect()
}

/// The lanes that have something queued.
pub(crate) fn lanes_with_work(reader: &Reader<'_>) -> SqlResult<Vec<(LogName, Lane)>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT DISTINCT case_id, audience, lane FROM outbox
             WHERE state = 'queued'
             ORDER BY case_id, audience, lane",
        )?
        .query_map([], |row| {
            Ok((log_at(row, 0)?, parsed(row, 2, "a lane", Lane::from_word)?))
        })?
        .collect()
}

/// The consent operations of a log that are not acknowledged, in their order.
pub(crate) fn unsent_consent(reader: &Reader<'_>, log: LogName) -> SqlResult<Vec<Outgoing>> {
    reader
        .connection()
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM outbox
             WHERE case_id = ?1 AND audience = ?2 AND lane = 'talk' AND state = 'queued'
               AND kind IN ('consent.given', 'consent.withdrawn')
             ORDER BY local_seq"
        ))?
        .query_map((log.case_id.to_string(), log.audience.as_str()), outgoing)?
        .collect()
}

/// What a participant said last about consent and what has not come back yet, with where it stands.
pub(crate) fn last_consent(
    reader: &Reader<'_>,
    case_id: CaseId,
) -> SqlResult<Option<(Kind, OperationState)>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT kind, state FROM outbox
             WHERE case_id = ?1 AND audience = 'care' AND lane = 'talk'
               AND kind IN ('consent.given', 'consent.withdrawn') AND state IN ('queued', 'sent')
             ORDER BY local_seq DESC
             LIMIT 1",
        )?
        .query_row([case_id.to_string()], |row| {
            Ok((
                parsed(row, 0, "a kind", Kind::from_word)?,
                parsed(row, 1, "a state", OperationState::from_word)?,
            ))
        })
        .optional()
}

/// Has an operation sent alone, to find out whether it is the one that the server cannot read.
pub(crate) fn send_alone(tx: &WriteTransaction<'_>, op_id: OpId) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("UPDATE outbox SET unresolved = MAX(unresolved, 2) WHERE op_id = ?1")?
        .execute([op_id.to_string()])?;
    Ok(())
}

pub(crate) const TALK_OF_LOG: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM outbox
     WHERE case_id = ?1 AND audience = ?2 AND lane = 'talk'
     ORDER BY local_seq"
);

/// Everything of the talk lane of a log, in its order, however much waits in the other lane.
pub(crate) fn talk_of_log(reader: &Reader<'_>, log: LogName) -> SqlResult<Vec<Outgoing>> {
    reader
        .connection()
        .prepare_cached(TALK_OF_LOG)?
        .query_map((log.case_id.to_string(), log.audience.as_str()), outgoing)?
        .collect()
}

pub(crate) const ABOUT: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM outbox
     WHERE case_id = ?1 AND audience = ?2 AND subject = ?3
     ORDER BY local_seq"
);

/// Operations of a log about one subject, in their order.
pub(crate) fn about(reader: &Reader<'_>, log: LogName, subject: &str) -> SqlResult<Vec<Outgoing>> {
    reader
        .connection()
        .prepare_cached(ABOUT)?
        .query_map(
            (log.case_id.to_string(), log.audience.as_str(), subject),
            outgoing,
        )?
        .collect()
}

/// Of these cases, an array of ids in JSON, those with anything in the outbox.
pub(crate) const CASES_WITH_WORK: &str = "SELECT asked.value FROM json_each(?1) AS asked
     WHERE EXISTS (SELECT 1 FROM outbox WHERE case_id = asked.value)";

pub(crate) fn cases_with_work(reader: &Reader<'_>, asked: &str) -> SqlResult<BTreeSet<CaseId>> {
    reader
        .connection()
        .prepare_cached(CASES_WITH_WORK)?
        .query_map([asked], |row| parsed(row, 0, "a case", CaseId::parse))?
        .collect()
}

/// Has an operation come after another one, or after none.
pub(crate) fn set_parent(tx: &WriteTransaction<'_>, op_id: OpId, parent: Option<OpId>) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("UPDATE outbox SET depends_on = ?2 WHERE op_id = ?1")?
        .execute((op_id.to_string(), parent.map(|id| id.to_string())))?;
    Ok(())
}

/// Every operation, in its order.
pub(crate) fn all(reader: &Reader<'_>) -> SqlResult<Vec<Outgoing>> {
    reader
        .connection()
        .prepare_cached(concat!("SELECT ", columns!(), " FROM outbox ORDER BY local_seq"))?
        .query_map([], outgoing)?
        .collect()
}

pub(super) fn waiting(reader: &Reader<'_>) -> SqlResult<Waiting> {
    reader
        .connection()
        .prepare_cached(
            "SELECT COUNT(*) FILTER (WHERE state <> 'sent'),
                    COUNT(*) FILTER (WHERE state IN ('parked', 'needs_confirmation') OR (state = 'queued' AND unresolved >= ?1))
             FROM outbox",
        )?
        .query_row([Outgoing::SUSPICIOUS], |row| {
            Ok(Waiting {
                unsent: row.get(0)?,
                attention: row.get(1)?,
            })
        })
}

/// Whether any operation of a log is acknowledged and not pulled yet.
pub(crate) fn has_sent(reader: &Reader<'_>) -> SqlResult<bool> {
    reader
        .connection()
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM outbox WHERE state = 'sent')")?
        .query_row([], |row| row.get(0))
}
