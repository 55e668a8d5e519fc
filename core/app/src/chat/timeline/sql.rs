//! Reading the conversation: `message`, `message_picture` and `read_mark`.

use ayumi_protocol::body::{Attachment, PictureType, Thumbnail};
use ayumi_protocol::cursor::{LogName, Seq};
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::{AccountId, CaseId, OpId};
use ayumi_protocol::session::Role;
use ayumi_protocol::version::AppVersion;
use rusqlite::{OptionalExtension as _, Result as SqlResult, Row};

use super::super::item::Place;
use super::super::message::Message;
use super::super::read_marks::UNREAD_MOST;
use crate::store::Reader;
use crate::sync::columns::{parsed, parsed_option, unexpected};
use crate::time::UtcMillis;

macro_rules! columns {
    () => {
        "seq, op_id, author_id, author_role, text, is_deleted, is_erased, edited_seq, reply_to, is_automated, min_app_version,
         occurred_at_ms, utc_offset_min, recorded_at_ms"
    };
}

fn message(row: &Row<'_>) -> SqlResult<Message> {
    let seq = Seq::new(row.get(0)?).ok_or_else(|| unexpected(0, "a place"))?;
    Ok(Message {
        place: Place::recorded(seq),
        seq: Some(seq),
        op_id: parsed(row, 1, "an operation", OpId::parse)?,
        author_id: parsed(row, 2, "an account", AccountId::parse)?,
        author_role: parsed(row, 3, "a role", Role::from_word)?,
        text: row.get(4)?,
        pictures: Vec::new(),
        is_deleted: row.get(5)?,
        is_erased: row.get(6)?,
        is_edited: row.get::<_, Option<i64>>(7)?.is_some(),
        reply_to: parsed_option(row, 8, "an operation", OpId::parse)?,
        is_automated: row.get(9)?,
        needs_app: parsed_option(row, 10, "a version", AppVersion::parse)?,
        occurred_at: UtcMillis(row.get(11)?),
        utc_offset_min: row.get(12)?,
        recorded_at: Some(UtcMillis(row.get(13)?)),
        is_lost: false,
        has_unsent_change: false,
        outgoing: None,
    })
}

const BEFORE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM message
     WHERE case_id = ?1 AND seq < ?2
     ORDER BY seq DESC
     LIMIT ?3"
);

/// The last messages before a number, the newest first.
pub(in super::super) fn before(
    reader: &Reader<'_>,
    case_id: CaseId,
    seq: i64,
    most: usize,
) -> SqlResult<Vec<Message>> {
    reader
        .connection()
        .prepare_cached(BEFORE)?
        .query_map((case_id.to_string(), seq, limit(most)), message)?
        .collect()
}

const AFTER: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM message
     WHERE case_id = ?1 AND seq > ?2
     ORDER BY seq
     LIMIT ?3"
);

/// The first messages after a number, the oldest first.
pub(in super::super) fn after(
    reader: &Reader<'_>,
    case_id: CaseId,
    seq: i64,
    most: usize,
) -> SqlResult<Vec<Message>> {
    reader
        .connection()
        .prepare_cached(AFTER)?
        .query_map((case_id.to_string(), seq, limit(most)), message)?
        .collect()
}

const BY_OPERATION: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM message WHERE case_id = ?1 AND op_id = ?2"
);

/// The message of an operation, without its pictures.
pub(in super::super) fn by_operation(
    reader: &Reader<'_>,
    case_id: CaseId,
    op_id: OpId,
) -> SqlResult<Option<Message>> {
    reader
        .connection()
        .prepare_cached(BY_OPERATION)?
        .query_row((case_id.to_string(), op_id.to_string()), message)
        .optional()
}

const BY_SEQ: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM message WHERE case_id = ?1 AND seq = ?2"
);

/// The message at a place, without its pictures.
pub(in super::super) fn by_seq(reader: &Reader<'_>, case_id: CaseId, seq: i64) -> SqlResult<Option<Message>> {
    reader
        .connection()
        .prepare_cached(BY_SEQ)?
        .query_row((case_id.to_string(), seq), message)
        .optional()
}

/// The places of all messages of a conversation.
pub(in super::super) fn all_seqs(reader: &Reader<'_>, case_id: CaseId) -> SqlResult<Vec<i64>> {
    reader
        .connection()
        .prepare_cached("SELECT seq FROM message WHERE case_id = ?1")?
        .query_map([case_id.to_string()], |row| row.get(0))?
        .collect()
}

const PICTURES: &str =
    "SELECT seq, sha256, length_bytes, width_px, height_px, thumbnail_sha256, thumbnail_length_bytes,
        thumbnail_width_px, thumbnail_height_px
     FROM message_picture
     WHERE case_id = ?1 AND seq BETWEEN ?2 AND ?3
     ORDER BY seq, position";

/// The pictures of the messages of a stretch, each with the number of its message.
pub(in super::super) fn pictures(
    reader: &Reader<'_>,
    case_id: CaseId,
    from: Seq,
    to: Seq,
) -> SqlResult<Vec<(Seq, Attachment)>> {
    reader
        .connection()
        .prepare_cached(PICTURES)?
        .query_map((case_id.to_string(), from.number(), to.number()), |row| {
            let seq = Seq::new(row.get(0)?).ok_or_else(|| unexpected(0, "a place"))?;
            Ok((seq, attachment(row, 1)?))
        })?
        .collect()
}

/// A picture from eight columns.
pub(in super::super) fn attachment(row: &Row<'_>, first: usize) -> SqlResult<Attachment> {
    let at = |offset: usize| first.saturating_add(offset);
    Ok(Attachment {
        sha256: parsed(row, at(0), "a hash", Sha256::parse)?,
        media_type: PictureType::Jpeg,
        length_bytes: row.get(at(1))?,
        width_px: row.get(at(2))?,
        height_px: row.get(at(3))?,
        thumbnail: Thumbnail {
            sha256: parsed(row, at(4), "a hash", Sha256::parse)?,
            length_bytes: row.get(at(5))?,
            width_px: row.get(at(6))?,
            height_px: row.get(at(7))?,
        },
    })
}

const READ_BY_ROLE: &str = "SELECT MAX(up_to_seq) FROM read_mark
     WHERE case_id = ?1 AND audience = ?2 AND reader_role = ?3";

/// How far anybody in a role has read a log; 0: nobody has.
pub(in super::super) fn read_by_role(reader: &Reader<'_>, log: LogName, role: &Role) -> SqlResult<i64> {
    let mark: Option<i64> = reader.connection().prepare_cached(READ_BY_ROLE)?.query_row(
        (log.case_id.to_string(), log.audience.as_str(), role.as_str()),
        |row| row.get(0),
    )?;
    Ok(mark.unwrap_or(0))
}

const READ_BY: &str = "SELECT up_to_seq FROM read_mark
     WHERE case_id = ?1 AND audience = ?2 AND reader_id = ?3";

/// How far an account has read a log, as the log says; 0: not at all.
pub(in super::super) fn read_by(reader: &Reader<'_>, log: LogName, account_id: AccountId) -> SqlResult<i64> {
    let mark: Option<i64> = reader
        .connection()
        .prepare_cached(READ_BY)?
        .query_row(
            (
                log.case_id.to_string(),
                log.audience.as_str(),
                account_id.to_string(),
            ),
            |row| row.get(0),
        )
        .optional()?;
    Ok(mark.unwrap_or(0))
}

const UNREAD: &str = "SELECT COUNT(*) FROM (
         SELECT 1 FROM message
         WHERE case_id = ?1 AND seq > ?2 AND author_id <> ?3 AND is_deleted = 0 AND is_erased = 0
         LIMIT ?4)";

/// Messages of others after a number that can be read; counting stops at [`UNREAD_MOST`].
pub(in super::super) fn unread(
    reader: &Reader<'_>,
    case_id: CaseId,
    after: i64,
    own: AccountId,
) -> SqlResult<u32> {
    reader.connection().prepare_cached(UNREAD)?.query_row(
        (case_id.to_string(), after, own.to_string(), UNREAD_MOST),
        |row| row.get(0),
    )
}

pub(in super::super) fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

/// The statements behind a screen, whose plans a test pins.
#[cfg(test)]
pub(in super::super) const HOT_STATEMENTS: &[(&str, &str)] = &[
    ("before", BEFORE),
    ("after", AFTER),
    ("by operation", BY_OPERATION),
    ("by seq", BY_SEQ),
    ("pictures", PICTURES),
    ("read by role", READ_BY_ROLE),
    ("read by", READ_BY),
    ("unread", UNREAD),
];
