//! Statements over `draft` and `draft_picture`.

use ayumi_protocol::body::Attachment;
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::{CaseId, OpId};
use rusqlite::{OptionalExtension as _, Result as SqlResult};

use super::super::timeline::sql::{attachment, limit};
use super::Draft;
use crate::store::{Reader, WriteTransaction};
use crate::sync::columns::{parsed, parsed_option};
use crate::time::UtcMillis;

pub(in super::super) fn find(reader: &Reader<'_>, case_id: CaseId) -> SqlResult<Option<Draft>> {
    let draft = reader
        .connection()
        .prepare_cached(
            "SELECT text, reply_to, template_text, changed_at_ms
             FROM draft
             WHERE case_id = ?1",
        )?
        .query_row([case_id.to_string()], |row| {
            Ok(Draft {
                text: row.get(0)?,
                reply_to: parsed_option(row, 1, "an operation", OpId::parse)?,
                template_text: row.get(2)?,
                pictures: Vec::new(),
                changed_at: UtcMillis(row.get(3)?),
            })
        })
        .optional()?;
    let Some(mut draft) = draft else {
        return Ok(None);
    };
    draft.pictures = pictures(reader, case_id)?;
    Ok(Some(draft))
}

pub(in super::super) fn pictures(reader: &Reader<'_>, case_id: CaseId) -> SqlResult<Vec<Attachment>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT sha256, length_bytes, width_px, height_px, thumbnail_sha256, thumbnail_length_bytes, thumbnail_width_px,
                thumbnail_height_px
             FROM draft_picture
             WHERE case_id = ?1
             ORDER BY position",
        )?
        .query_map([case_id.to_string()], |row| attachment(row, 0))?
        .collect()
}

/// Writes the draft with its pictures over what is there.
pub(in super::super) fn write(tx: &WriteTransaction<'_>, case_id: CaseId, draft: &Draft) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO draft (case_id, text, reply_to, template_text, changed_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (case_id) DO UPDATE
             SET text = excluded.text,
                 reply_to = excluded.reply_to,
                 template_text = excluded.template_text,
                 changed_at_ms = excluded.changed_at_ms",
        )?
        .execute((
            case_id.to_string(),
            &draft.text,
            draft.reply_to.map(|id| id.to_string()),
            &draft.template_text,
            draft.changed_at.0,
        ))?;
    delete_pictures(tx, case_id)?;
    for (position, picture) in draft.pictures.iter().enumerate() {
        insert_picture(tx, case_id, position, picture)?;
    }
    Ok(())
}

fn insert_picture(
    tx: &WriteTransaction<'_>,
    case_id: CaseId,
    position: usize,
    picture: &Attachment,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO draft_picture (case_id, position, sha256, length_bytes, width_px, height_px, thumbnail_sha256,
                thumbnail_length_bytes, thumbnail_width_px, thumbnail_height_px)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute((
            case_id.to_string(),
            limit(position),
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

fn delete_pictures(tx: &WriteTransaction<'_>, case_id: CaseId) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("DELETE FROM draft_picture WHERE case_id = ?1")?
        .execute([case_id.to_string()])?;
    Ok(())
}

/// Removes a draft. Returns whether there was one.
pub(in super::super) fn delete(tx: &WriteTransaction<'_>, case_id: CaseId) -> SqlResult<bool> {
    delete_pictures(tx, case_id)?;
    let deleted = tx
        .connection()
        .prepare_cached("DELETE FROM draft WHERE case_id = ?1")?
        .execute([case_id.to_string()])?;
    Ok(deleted > 0)
}

/// Files that drafts name.
pub(in super::super) fn files(reader: &Reader<'_>) -> SqlResult<Vec<Sha256>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT sha256 FROM draft_picture
             UNION
             SELECT thumbnail_sha256 FROM draft_picture",
        )?
        .query_map([], |row| parsed(row, 0, "a hash", Sha256::parse))?
        .collect()
}
