//! Folds messages, their pictures and read marks.

use ayumi_protocol::body::{AuthoredBy, Body};
use ayumi_protocol::cursor::{Audience, LogName, Seq};
use ayumi_protocol::entry::Entry;

use super::sql::{self, FoldedMessage};
use crate::store::{StoreError, WriteTransaction};
use crate::sync::fold::Folding;

/// Folds an entry of a kind that belongs here.
pub(crate) fn entry(folding: &Folding<'_>, entry: &Entry, body: &Body) -> Result<(), StoreError> {
    let Folding { tx, log } = *folding;
    match body {
        Body::MessageRead(read) => {
            sql::advance_read_mark(tx, log, entry, read.up_to_seq)?;
            return Ok(());
        }
        _ if log.audience != Audience::Care => return Ok(()),
        Body::MessagePosted(posted) => {
            let message = FoldedMessage {
                text: Some(&posted.text),
                reply_to: posted.reply_to,
                is_automated: posted.authored_by == AuthoredBy::Automated,
                is_erased: false,
            };
            sql::insert_message(tx, log.case_id, entry, &message)?;
            for (position, picture) in posted.attachments.iter().enumerate() {
                sql::insert_picture(tx, log.case_id, entry.seq, position, picture)?;
                // Own ones too: they may come from another device. One that is here is not fetched.
                crate::sync::pictures::want(tx, log, picture.thumbnail.sha256)?;
            }
        }
        Body::MessageEdited(edited) => {
            sql::edit(
                tx,
                log.case_id,
                edited.target,
                entry.author_id,
                &edited.text,
                entry.seq,
            )?;
        }
        Body::MessageDeleted(deleted) => {
            sql::delete(tx, log.case_id, deleted.target, entry.author_id)?;
        }
        _ => {}
    }
    Ok(())
}

/// Folds an entry that has no body, or one that this version cannot read: a message that was erased keeps its place, and one that
/// must not be overlooked says that it needs a newer app.
pub(crate) fn unreadable(folding: &Folding<'_>, entry: &Entry) -> Result<(), StoreError> {
    let Folding { tx, log, .. } = *folding;
    let is_message = entry.kind.as_str() == "message.posted";
    // An entry of body version 0 was thinned: a later one says more, and nothing is missing.
    let is_shown = entry.body_version > 0 && (is_message || entry.min_app_version.is_some());
    if log.audience != Audience::Care || !is_shown {
        return Ok(());
    }
    let message = FoldedMessage {
        text: None,
        reply_to: None,
        is_automated: false,
        is_erased: entry.body.is_none(),
    };
    Ok(sql::insert_message(tx, log.case_id, entry, &message)?)
}

/// The body of an entry is gone.
pub(crate) fn erased(tx: &WriteTransaction<'_>, log: LogName, target: Seq) -> Result<(), StoreError> {
    if log.audience == Audience::Care {
        for picture in super::timeline::sql::pictures(tx, log.case_id, target, target)? {
            for sha256 in [picture.1.sha256, picture.1.thumbnail.sha256] {
                crate::sync::pictures::forget(tx, log, sha256)?;
                crate::sync::uploads::sql::keep_no_longer(tx, log, sha256)?;
            }
        }
        sql::erase(tx, log.case_id, target)?;
    }
    Ok(())
}

/// Removes everything that was folded from a log.
pub(crate) fn clear(tx: &WriteTransaction<'_>, log: LogName) -> Result<(), StoreError> {
    sql::clear_read_marks(tx, log)?;
    if log.audience == Audience::Care {
        sql::clear_messages(tx, log.case_id)?;
    }
    Ok(())
}
