//! Statements over `upload` and `outbox_file`.

use ayumi_protocol::cursor::LogName;
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::{OpId, UploadId};
use rusqlite::{OptionalExtension as _, Result as SqlResult, Row};

use crate::store::{Reader, WriteTransaction};
use crate::sync::columns::{parsed, parsed_option};
use crate::sync::outbox::sql::log_at;
use crate::time::UtcMillis;

/// Forgets uploads whose operation was taken back before it was settled.
pub(crate) fn delete_uploads_without_operation(tx: &WriteTransaction<'_>) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "DELETE FROM upload
             WHERE kept_until_ms IS NULL
               AND NOT EXISTS (SELECT 1 FROM outbox_file AS file WHERE file.sha256 = upload.sha256)",
        )?
        .execute([])?;
    Ok(())
}

/// A restored server may have lost the files of a log: each is announced again, which costs nothing if it has them.
pub(crate) fn uploads_may_be_lost(tx: &WriteTransaction<'_>, log: LogName) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "UPDATE upload
             SET is_complete = 0, upload_id = NULL
             WHERE case_id = ?1 AND audience = ?2",
        )?
        .execute((log.case_id.to_string(), log.audience.as_str()))?;
    Ok(())
}

/// A file on its way to the server.
#[expect(
    clippy::struct_field_names,
    reason = "`upload_id` is the name that the protocol and the column have"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Upload {
    pub log: LogName,
    pub sha256: Sha256,
    pub length_bytes: u32,
    pub width_px: u32,
    pub height_px: u32,
    pub is_thumbnail: bool,
    pub upload_id: Option<UploadId>,
    pub is_complete: bool,
    pub restarts: u32,
}

macro_rules! upload_columns {
    () => {
        "case_id, audience, sha256, length_bytes, width_px, height_px, is_thumbnail, upload_id, is_complete, restarts"
    };
}

fn upload(row: &Row<'_>) -> SqlResult<Upload> {
    Ok(Upload {
        log: log_at(row, 0)?,
        sha256: parsed(row, 2, "a hash", Sha256::parse)?,
        length_bytes: row.get(3)?,
        width_px: row.get(4)?,
        height_px: row.get(5)?,
        is_thumbnail: row.get(6)?,
        upload_id: parsed_option(row, 7, "an upload", UploadId::parse)?,
        is_complete: row.get(8)?,
        restarts: row.get(9)?,
    })
}

/// Names a file that an operation needs. A file that was sent to the same log before is not sent again.
pub(crate) fn need_file(tx: &WriteTransaction<'_>, op_id: OpId, upload: &Upload) -> SqlResult<()> {
    let connection = tx.connection();
    connection
        .prepare_cached(
            "INSERT INTO upload (case_id, audience, sha256, length_bytes, width_px, height_px, is_thumbnail)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (case_id, audience, sha256) DO UPDATE
             SET kept_until_ms = NULL",
        )?
        .execute((
            upload.log.case_id.to_string(),
            upload.log.audience.as_str(),
            upload.sha256.to_string(),
            upload.length_bytes,
            upload.width_px,
            upload.height_px,
            upload.is_thumbnail,
        ))?;
    connection
        .prepare_cached(
            "INSERT INTO outbox_file (op_id, sha256)
             VALUES (?1, ?2)
             ON CONFLICT DO NOTHING",
        )?
        .execute((op_id.to_string(), upload.sha256.to_string()))?;
    Ok(())
}

/// Files that are not complete on the server and that a queued operation needs: thumbnails first, then in the order of the operations.
pub(crate) fn uploads_to_do(reader: &Reader<'_>) -> SqlResult<Vec<Upload>> {
    reader
        .connection()
        .prepare_cached(concat!(
            "SELECT ",
            upload_columns!(),
            " FROM upload
             JOIN (SELECT file.sha256 AS needed, outbox.case_id AS of_case, outbox.audience AS of_audience,
                          MIN(outbox.local_seq) AS place
                   FROM outbox_file AS file
                   JOIN outbox ON outbox.op_id = file.op_id
                   WHERE outbox.state = 'queued'
                   GROUP BY file.sha256, outbox.case_id, outbox.audience)
               ON needed = sha256 AND of_case = case_id AND of_audience = audience
             WHERE is_complete = 0
             ORDER BY is_thumbnail DESC, place, sha256"
        ))?
        .query_map([], upload)?
        .collect()
}

pub(crate) fn find_upload(reader: &Reader<'_>, log: LogName, sha256: Sha256) -> SqlResult<Option<Upload>> {
    reader
        .connection()
        .prepare_cached(concat!(
            "SELECT ",
            upload_columns!(),
            " FROM upload WHERE case_id = ?1 AND audience = ?2 AND sha256 = ?3"
        ))?
        .query_row(
            (log.case_id.to_string(), log.audience.as_str(), sha256.to_string()),
            upload,
        )
        .optional()
}

/// Notes what is known of an upload: its name on the server, whether it is complete, how often it began again.
pub(crate) fn save_upload(tx: &WriteTransaction<'_>, upload: &Upload) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "UPDATE upload
             SET upload_id = ?4, is_complete = ?5, restarts = ?6
             WHERE case_id = ?1 AND audience = ?2 AND sha256 = ?3",
        )?
        .execute((
            upload.log.case_id.to_string(),
            upload.log.audience.as_str(),
            upload.sha256.to_string(),
            upload.upload_id.map(|id| id.to_string()),
            upload.is_complete,
            upload.restarts,
        ))?;
    Ok(())
}

/// The operations that need a file of a log and are not acknowledged.
pub(crate) fn operations_of_file(reader: &Reader<'_>, log: LogName, sha256: Sha256) -> SqlResult<Vec<OpId>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT file.op_id FROM outbox_file AS file
             JOIN outbox ON outbox.op_id = file.op_id
             WHERE file.sha256 = ?1 AND outbox.case_id = ?2 AND outbox.audience = ?3 AND outbox.state <> 'sent'
             ORDER BY outbox.local_seq",
        )?
        .query_map(
            (sha256.to_string(), log.case_id.to_string(), log.audience.as_str()),
            |row| parsed(row, 0, "an operation", OpId::parse),
        )?
        .collect()
}

/// Whether every file of an operation is complete on the server.
pub(crate) fn files_are_complete(reader: &Reader<'_>, log: LogName, op_id: OpId) -> SqlResult<bool> {
    reader
        .connection()
        .prepare_cached(
            "SELECT NOT EXISTS (
                 SELECT 1 FROM outbox_file AS file
                 LEFT JOIN upload
                   ON upload.sha256 = file.sha256 AND upload.case_id = ?2 AND upload.audience = ?3
                 WHERE file.op_id = ?1 AND IFNULL(upload.is_complete, 0) = 0)",
        )?
        .query_row(
            (op_id.to_string(), log.case_id.to_string(), log.audience.as_str()),
            |row| row.get(0),
        )
}

/// The server says that files of an operation are not complete: all of them are looked at again.
pub(crate) fn files_are_incomplete(tx: &WriteTransaction<'_>, log: LogName, op_id: OpId) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "UPDATE upload
             SET is_complete = 0, upload_id = NULL
             WHERE case_id = ?2 AND audience = ?3 AND sha256 IN (SELECT sha256 FROM outbox_file WHERE op_id = ?1)",
        )?
        .execute((op_id.to_string(), log.case_id.to_string(), log.audience.as_str()))?;
    Ok(())
}

/// The file of a settled message need not be kept for a server that is restored: its message was erased.
pub(crate) fn keep_no_longer(tx: &WriteTransaction<'_>, log: LogName, sha256: Sha256) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "UPDATE upload
             SET kept_until_ms = 0
             WHERE case_id = ?1 AND audience = ?2 AND sha256 = ?3 AND kept_until_ms IS NOT NULL",
        )?
        .execute((log.case_id.to_string(), log.audience.as_str(), sha256.to_string()))?;
    Ok(())
}

/// Files that have to stay in the folder: of operations, and of settled messages for a while.
pub(crate) fn files_in_use(reader: &Reader<'_>, now: UtcMillis) -> SqlResult<Vec<Sha256>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT sha256 FROM upload
             WHERE kept_until_ms IS NULL OR kept_until_ms > ?1
             UNION
             SELECT sha256 FROM outbox_file",
        )?
        .query_map([now.0], |row| parsed(row, 0, "a hash", Sha256::parse))?
        .collect()
}

/// Forgets uploads whose files need not be kept any longer.
pub(crate) fn forget_old_uploads(tx: &WriteTransaction<'_>, now: UtcMillis) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("DELETE FROM upload WHERE kept_until_ms <= ?1")?
        .execute([now.0])?;
    Ok(())
}
