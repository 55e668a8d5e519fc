//! Folds the notes of the staff log, and notes that a care log has begun to arrive.

use ayumi_protocol::body::Body;
use ayumi_protocol::cursor::{Audience, LogName, Seq};
use ayumi_protocol::entry::Entry;

use super::sql;
use crate::store::{StoreError, WriteTransaction};
use crate::sync::fold::Folding;

/// The first entry of a care log tells more than the server's summary of the case did.
pub(crate) fn activity(folding: &Folding<'_>, entry: &Entry) -> Result<(), StoreError> {
    if folding.log.audience == Audience::Care && entry.seq.number() == 1 {
        sql::delete_summary(folding.tx, folding.log.case_id)?;
    }
    Ok(())
}

/// Folds an entry of a kind that belongs here.
pub(crate) fn entry(folding: &Folding<'_>, entry: &Entry, body: &Body) -> Result<(), StoreError> {
    let Folding { tx, log, .. } = *folding;
    if log.audience != Audience::Staff {
        return Ok(());
    }
    let (case_id, author_id) = (log.case_id, entry.author_id);
    match body {
        Body::NotePosted(posted) => sql::insert_note(tx, case_id, entry, Some(posted))?,
        Body::NoteEdited(edited) => {
            sql::edit_note(tx, case_id, edited.target, author_id, &edited.text, entry.seq)?;
        }
        Body::NoteDeleted(deleted) => sql::delete_note(tx, case_id, deleted.target, author_id)?,
        _ => {}
    }
    Ok(())
}

/// Folds an entry that has no body, or one that this version cannot read: a note keeps its place.
pub(crate) fn unreadable(folding: &Folding<'_>, entry: &Entry) -> Result<(), StoreError> {
    let Folding { tx, log, .. } = *folding;
    if log.audience == Audience::Staff && entry.body_version > 0 && entry.kind.as_str() == "note.posted" {
        sql::insert_note(tx, log.case_id, entry, None)?;
    }
    Ok(())
}

/// The body of an entry is gone.
pub(crate) fn erased(tx: &WriteTransaction<'_>, log: LogName, target: Seq) -> Result<(), StoreError> {
    if log.audience == Audience::Staff {
        sql::erase_note(tx, log.case_id, target)?;
    }
    Ok(())
}

/// Removes everything that was folded from a log.
pub(crate) fn clear(tx: &WriteTransaction<'_>, log: LogName) -> Result<(), StoreError> {
    if log.audience == Audience::Staff {
        sql::clear_notes(tx, log.case_id)?;
    }
    Ok(())
}
