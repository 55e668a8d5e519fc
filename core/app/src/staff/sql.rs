//! Statements over `note` and `case_summary`.

use ayumi_protocol::body::{NotePosted, NoteTopic};
use ayumi_protocol::caseload::CaseSummary;
use ayumi_protocol::cursor::Seq;
use ayumi_protocol::entry::Entry;
use ayumi_protocol::id::{AccountId, CaseId, OpId, SocietyId};
use ayumi_protocol::session::Role;
use ayumi_protocol::version::AppVersion;
use rusqlite::{OptionalExtension as _, Result as SqlResult, Row};

use super::caseload::Summary;
use super::notes::Stored;
use crate::store::{Reader, WriteTransaction};
use crate::sync::columns::{parsed, parsed_option, unexpected};
use crate::time::UtcMillis;

/// `posted`: `None` if there is no body, or none that this version reads.
pub(super) fn insert_note(
    tx: &WriteTransaction<'_>,
    case_id: CaseId,
    entry: &Entry,
    posted: Option<&NotePosted>,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO note (case_id, seq, op_id, author_id, author_role, topic, about_seq, text, is_deleted, is_erased,
                edited_seq, min_app_version, occurred_at_ms, utc_offset_min, recorded_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, NULL, ?10, ?11, ?12, ?13)",
        )?
        .execute((
            case_id.to_string(),
            entry.seq.number(),
            entry.op_id.to_string(),
            entry.author_id.to_string(),
            entry.author_role.as_str(),
            posted.map_or(NoteTopic::Note.as_str(), |posted| posted.topic.as_str()),
            posted.and_then(|posted| posted.about_seq).map(Seq::number),
            posted.map(|posted| posted.text.as_str()),
            entry.body.is_none(),
            entry.min_app_version.map(|version| version.to_string()),
            entry.occurred_at_ms.0,
            entry.utc_offset_min.minutes(),
            entry.recorded_at_ms.0,
        ))?;
    Ok(())
}

/// Another text for a note of the same author. A deleted or erased one stays what it is.
pub(super) fn edit_note(
    tx: &WriteTransaction<'_>,
    case_id: CaseId,
    target: OpId,
    author_id: AccountId,
    text: &str,
    seq: Seq,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "UPDATE note
             SET text = ?4, edited_seq = ?5
             WHERE case_id = ?1 AND op_id = ?2 AND author_id = ?3 AND is_deleted = 0 AND is_erased = 0
               AND min_app_version IS NULL",
        )?
        .execute((
            case_id.to_string(),
            target.to_string(),
            author_id.to_string(),
            text,
            seq.number(),
        ))?;
    Ok(())
}

/// As for a message: nothing is left of its edits.
pub(super) fn delete_note(
    tx: &WriteTransaction<'_>,
    case_id: CaseId,
    target: OpId,
    author_id: AccountId,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "UPDATE note
             SET text = NULL, is_deleted = 1, edited_seq = NULL
             WHERE case_id = ?1 AND op_id = ?2 AND author_id = ?3",
        )?
        .execute([case_id.to_string(), target.to_string(), author_id.to_string()])?;
    Ok(())
}

/// What is left is what a fold makes of an entry without a body.
pub(super) fn erase_note(tx: &WriteTransaction<'_>, case_id: CaseId, seq: Seq) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "UPDATE note
             SET text = NULL, is_erased = 1, edited_seq = NULL, topic = ?3, about_seq = NULL
             WHERE case_id = ?1 AND seq = ?2",
        )?
        .execute((case_id.to_string(), seq.number(), NoteTopic::Note.as_str()))?;
    Ok(())
}

pub(super) fn clear_notes(tx: &WriteTransaction<'_>, case_id: CaseId) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("DELETE FROM note WHERE case_id = ?1")?
        .execute([case_id.to_string()])?;
    Ok(())
}

fn note(row: &Row<'_>) -> SqlResult<Stored> {
    let seq = Seq::new(row.get(0)?).ok_or_else(|| unexpected(0, "a place"))?;
    Ok(Stored {
        seq: Some(seq),
        op_id: parsed(row, 1, "an operation", OpId::parse)?,
        author_id: parsed(row, 2, "an account", AccountId::parse)?,
        author_role: parsed(row, 3, "a role", Role::from_word)?,
        topic: parsed(row, 4, "a topic", NoteTopic::from_word)?,
        about_seq: row.get::<_, Option<i64>>(5)?.and_then(Seq::new),
        text: row.get(6)?,
        is_deleted: row.get(7)?,
        is_erased: row.get(8)?,
        is_edited: row.get::<_, Option<i64>>(9)?.is_some(),
        needs_app: parsed_option(row, 10, "a version", AppVersion::parse)?,
        occurred_at: UtcMillis(row.get(11)?),
        utc_offset_min: row.get(12)?,
        recorded_at: Some(UtcMillis(row.get(13)?)),
        is_lost: false,
        has_unsent_change: false,
        refused_change: None,
        outgoing: None,
    })
}

const NOTES: &str =
    "SELECT seq, op_id, author_id, author_role, topic, about_seq, text, is_deleted, is_erased, edited_seq,
        min_app_version, occurred_at_ms, utc_offset_min, recorded_at_ms
     FROM note
     WHERE case_id = ?1
     ORDER BY seq";

/// The notes of a case, in their order.
pub(super) fn notes(reader: &Reader<'_>, case_id: CaseId) -> SqlResult<Vec<Stored>> {
    reader
        .connection()
        .prepare_cached(NOTES)?
        .query_map([case_id.to_string()], note)?
        .collect()
}

pub(super) fn insert_summary(tx: &WriteTransaction<'_>, case: &CaseSummary) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO case_summary (case_id, society_id, name, is_substitute, last_participant_at_ms, last_staff_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO NOTHING",
        )?
        .execute((
            case.case_id.to_string(),
            case.society_id.to_string(),
            &case.name,
            case.is_substitute,
            case.last_participant_entry_at_ms.map(|at| at.0),
            case.last_staff_entry_at_ms.map(|at| at.0),
        ))?;
    Ok(())
}

pub(super) fn delete_summary(tx: &WriteTransaction<'_>, case_id: CaseId) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("DELETE FROM case_summary WHERE case_id = ?1")?
        .execute([case_id.to_string()])?;
    Ok(())
}

pub(super) fn delete_summaries(tx: &WriteTransaction<'_>) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("DELETE FROM case_summary")?
        .execute([])?;
    Ok(())
}

const SUMMARIES: &str =
    "SELECT case_id, society_id, name, is_substitute, last_participant_at_ms, last_staff_at_ms
     FROM case_summary
     ORDER BY case_id";

fn summary(row: &Row<'_>) -> SqlResult<Summary> {
    Ok(Summary {
        case_id: parsed(row, 0, "a case", CaseId::parse)?,
        society_id: parsed(row, 1, "a society", SocietyId::parse)?,
        name: row.get(2)?,
        is_substitute: row.get(3)?,
        last_participant_at: row.get::<_, Option<i64>>(4)?.map(UtcMillis),
        last_staff_at: row.get::<_, Option<i64>>(5)?.map(UtcMillis),
    })
}

pub(super) fn summaries(reader: &Reader<'_>) -> SqlResult<Vec<Summary>> {
    reader
        .connection()
        .prepare_cached(SUMMARIES)?
        .query_map([], summary)?
        .collect()
}

const SUMMARY: &str =
    "SELECT case_id, society_id, name, is_substitute, last_participant_at_ms, last_staff_at_ms
     FROM case_summary
     WHERE case_id = ?1";

pub(super) fn find_summary(reader: &Reader<'_>, case_id: CaseId) -> SqlResult<Option<Summary>> {
    reader
        .connection()
        .prepare_cached(SUMMARY)?
        .query_row([case_id.to_string()], summary)
        .optional()
}

/// The statements behind a screen, whose plans a test pins. `case_summary` has a row for a case of which nothing has arrived, and is
/// read as a whole.
#[cfg(test)]
pub(super) const HOT_STATEMENTS: &[(&str, &str)] = &[("notes", NOTES), ("summary", SUMMARY)];
