//! Folding: statements that write `message`, `message_picture` and `read_mark`. Reading them is in `timeline/sql.rs`.

use ayumi_protocol::body::Attachment;
use ayumi_protocol::cursor::{LogName, Seq};
use ayumi_protocol::entry::Entry;
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::{AccountId, CaseId, OpId};
use rusqlite::{OptionalExtension as _, Result as SqlResult};

use crate::store::{Reader, WriteTransaction};
use crate::sync::columns::parsed;

/// What the fold reads out of the body of a message.
pub(super) struct FoldedMessage<'a> {
    pub text: Option<&'a str>,
    pub reply_to: Option<OpId>,
    pub is_automated: bool,
    pub is_erased: bool,
}

pub(super) fn insert_message(
    tx: &WriteTransaction<'_>,
    case_id: CaseId,
    entry: &Entry,
    message: &FoldedMessage<'_>,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO message (case_id, seq, op_id, author_id, author_role, text, is_deleted, is_erased, edited_seq, reply_to,
                is_automated, min_app_version, occurred_at_ms, utc_offset_min, recorded_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, NULL, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute((
            case_id.to_string(),
            entry.seq.number(),
            entry.op_id.to_string(),
            entry.author_id.to_string(),
            entry.author_role.as_str(),
            message.text,
            message.is_erased,
            message.reply_to.map(|id| id.to_string()),
            message.is_automated,
            entry.min_app_version.map(|version| version.to_string()),
            entry.occurred_at_ms.0,
            entry.utc_offset_min.minutes(),
            entry.recorded_at_ms.0,
        ))?;
    Ok(())
}

pub(super) fn insert_picture(
    tx: &WriteTransaction<'_>,
    case_id: CaseId,
    seq: Seq,
    position: usize,
    picture: &Attachment,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO message_picture (case_id, seq, position, sha256, length_bytes, width_px, height_px, thumbnail_sha256,
                thumbnail_length_bytes, thumbnail_width_px, thumbnail_height_px)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute((
            case_id.to_string(),
            seq.number(),
            i64::try_from(position).unwrap_or(i64::MAX),
            picture.sha256.to_string(),
            picture.length_bytes,
            picture.width_px,
            picture.height_px,
            picture.thumbnail.sha256.to_string(),
            picture.thumbnail.length_bytes,
            picture.thumbnail.width_px,
            picture.thumbnail.height_px,
        ))?;
    Ok(())
}

/// Another text for a message of the same author. A deleted or erased one stays what it is.
pub(super) fn edit(
    tx: &WriteTransaction<'_>,
    case_id: CaseId,
    target: OpId,
    author_id: AccountId,
    text: &str,
    seq: Seq,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "UPDATE message
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

/// A deleted message tells nothing of its edits: an edit behind the deletion has no effect, and yet thins the ones before it.
pub(super) fn delete(
    tx: &WriteTransaction<'_>,
    case_id: CaseId,
    target: OpId,
    author_id: AccountId,
) -> SqlResult<()> {
    let keys = [case_id.to_string(), target.to_string(), author_id.to_string()];
    let seq: Option<i64> = tx
        .connection()
        .prepare_cached(
            "UPDATE message
             SET text = NULL, is_deleted = 1, edited_seq = NULL
             WHERE case_id = ?1 AND op_id = ?2 AND author_id = ?3
             RETURNING seq",
        )?
        .query_row(rusqlite::params_from_iter(&keys), |row| row.get(0))
        .optional()?;
    match seq {
        Some(seq) => remove_pictures(tx, case_id, seq),
        None => Ok(()),
    }
}

/// The text of the message at a place is gone. What is left is what a fold makes of an entry without a body.
pub(super) fn erase(tx: &WriteTransaction<'_>, case_id: CaseId, seq: Seq) -> SqlResult<()> {
    remove_pictures(tx, case_id, seq.number())?;
    tx.connection()
        .prepare_cached(
            "UPDATE message
             SET text = NULL, is_erased = 1, edited_seq = NULL, reply_to = NULL, is_automated = 0
             WHERE case_id = ?1 AND seq = ?2",
        )?
        .execute((case_id.to_string(), seq.number()))?;
    Ok(())
}

/// Removes the pictures of a message, and notes that their files have to go.
fn remove_pictures(tx: &WriteTransaction<'_>, case_id: CaseId, seq: i64) -> SqlResult<()> {
    let case_id = case_id.to_string();
    for statement in [
        "INSERT INTO picture_to_delete (sha256)
         SELECT sha256 FROM message_picture WHERE case_id = ?1 AND seq = ?2
         UNION
         SELECT thumbnail_sha256 FROM message_picture WHERE case_id = ?1 AND seq = ?2
         ON CONFLICT DO NOTHING",
        "DELETE FROM message_picture WHERE case_id = ?1 AND seq = ?2",
    ] {
        tx.connection()
            .prepare_cached(statement)?
            .execute((&case_id, seq))?;
    }
    Ok(())
}

/// Files of pictures whose message was deleted or erased.
pub(super) fn pictures_to_delete(reader: &Reader<'_>) -> SqlResult<Vec<Sha256>> {
    reader
        .connection()
        .prepare_cached("SELECT sha256 FROM picture_to_delete")?
        .query_map([], |row| parsed(row, 0, "a hash", Sha256::parse))?
        .collect()
}

/// The thumbnails of all messages.
pub(super) fn thumbnails(reader: &Reader<'_>) -> SqlResult<Vec<Sha256>> {
    reader
        .connection()
        .prepare_cached("SELECT thumbnail_sha256 FROM message_picture")?
        .query_map([], |row| parsed(row, 0, "a hash", Sha256::parse))?
        .collect()
}

/// Whether a message has a picture with this file, large or small.
pub(super) fn is_named(reader: &Reader<'_>, sha256: Sha256) -> SqlResult<bool> {
    reader
        .connection()
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM message_picture WHERE sha256 = ?1)
                 OR EXISTS (SELECT 1 FROM message_picture WHERE thumbnail_sha256 = ?1)",
        )?
        .query_row([sha256.to_string()], |row| row.get(0))
}

pub(super) fn forget_pictures_to_delete(tx: &WriteTransaction<'_>, done: &[Sha256]) -> SqlResult<()> {
    for sha256 in done {
        tx.connection()
            .prepare_cached("DELETE FROM picture_to_delete WHERE sha256 = ?1")?
            .execute([sha256.to_string()])?;
    }
    Ok(())
}

pub(super) fn advance_read_mark(
    tx: &WriteTransaction<'_>,
    log: LogName,
    entry: &Entry,
    up_to: Seq,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO read_mark (case_id, audience, reader_id, reader_role, up_to_seq)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (case_id, audience, reader_id) DO UPDATE
             SET up_to_seq = MAX(up_to_seq, excluded.up_to_seq)",
        )?
        .execute((
            log.case_id.to_string(),
            log.audience.as_str(),
            entry.author_id.to_string(),
            entry.author_role.as_str(),
            up_to.number(),
        ))?;
    Ok(())
}

pub(super) fn clear_read_marks(tx: &WriteTransaction<'_>, log: LogName) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("DELETE FROM read_mark WHERE case_id = ?1 AND audience = ?2")?
        .execute((log.case_id.to_string(), log.audience.as_str()))?;
    Ok(())
}

pub(super) fn clear_messages(tx: &WriteTransaction<'_>, case_id: CaseId) -> SqlResult<()> {
    for statement in [
        "DELETE FROM message_picture WHERE case_id = ?1",
        "DELETE FROM message WHERE case_id = ?1",
    ] {
        tx.connection()
            .prepare_cached(statement)?
            .execute([case_id.to_string()])?;
    }
    Ok(())
}
