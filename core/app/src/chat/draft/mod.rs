//! What a person is writing. It survives a kill, and nothing but sending or the person empties it.

pub(super) mod sql;

use std::fmt;

use ayumi_protocol::body::Attachment;
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::{CaseId, OpId};
use ayumi_protocol::limits::{self, LimitError, LimitReason};

use super::{Chat, ChatError};
use crate::pictures;
use crate::store::{Reader, Topic, WriteTransaction};
use crate::time::UtcMillis;

/// What a person is writing.
#[derive(Clone, PartialEq, Eq)]
pub struct Draft {
    /// As typed so far; of any length, because nothing typed is refused.
    pub text: String,
    /// The message that it answers.
    pub reply_to: Option<OpId>,
    /// The template that it began as. It is not sent unchanged.
    pub template_text: Option<String>,
    /// Its pictures in their order, made ready and safe on this phone.
    pub pictures: Vec<Attachment>,
    /// When it was changed last, by this phone's clock.
    pub changed_at: UtcMillis,
}

impl Draft {
    fn new(now: UtcMillis) -> Self {
        Self {
            text: String::new(),
            reply_to: None,
            template_text: None,
            pictures: Vec::new(),
            changed_at: now,
        }
    }

    fn is_empty(&self) -> bool {
        self.text.is_empty() && self.reply_to.is_none() && self.pictures.is_empty()
    }
}

/// Without what was typed.
impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft")
            .field("pictures", &self.pictures.len())
            .field("changed_at", &self.changed_at)
            .finish_non_exhaustive()
    }
}

impl Chat<'_> {
    /// What was being written in a conversation, if anything.
    ///
    /// Errors: `Store`.
    pub fn draft(&self, case_id: CaseId) -> Result<Option<Draft>, ChatError> {
        self.store.read(|reader| Ok(sql::find(reader, case_id)?))
    }

    /// Keeps what is being written; its pictures and its template stay. An empty text without a reply and pictures is no draft.
    ///
    /// Errors: `Store`.
    pub fn set_draft(&self, case_id: CaseId, text: &str, reply_to: Option<OpId>) -> Result<(), ChatError> {
        self.change_draft(case_id, |draft| {
            text.clone_into(&mut draft.text);
            draft.reply_to = reply_to;
            Ok(())
        })
    }

    /// Begins a draft with a template, in the place of the text that was there. It has to be changed before it is sent.
    ///
    /// Errors: `Store`.
    pub fn begin_with_template(&self, case_id: CaseId, template: &str) -> Result<(), ChatError> {
        self.change_draft(case_id, |draft| {
            template.clone_into(&mut draft.text);
            draft.template_text = Some(template.to_owned());
            Ok(())
        })
    }

    /// Makes a photo ready, keeps it safe and adds it to the draft. `source`: the bytes of a JPEG or PNG.
    ///
    /// Takes about a second for a large photo; not for a thread that draws.
    /// Errors: `Picture`; `Limit` for one picture too many, before anything is decoded; `Store`.
    pub fn add_picture(&self, case_id: CaseId, source: &[u8]) -> Result<Attachment, ChatError> {
        let present = self
            .store
            .read(|reader| sql::pictures(reader, case_id).map_err(ChatError::from))?;
        check_room(&present)?;
        let prepared = pictures::prepare(source)?;
        let attachment = self.files.store(&prepared)?;
        self.change_draft(case_id, |draft| {
            check_room(&draft.pictures)?;
            draft.pictures.push(attachment.clone());
            Ok(())
        })?;
        Ok(attachment)
    }

    /// Takes a picture out of the draft; one that is not there does nothing. Its files go with the next collection.
    ///
    /// Errors: `Store`.
    pub fn remove_picture(&self, case_id: CaseId, sha256: Sha256) -> Result<(), ChatError> {
        self.change_draft(case_id, |draft| {
            let place = draft.pictures.iter().position(|picture| picture.sha256 == sha256);
            if let Some(place) = place {
                draft.pictures.remove(place);
            }
            Ok(())
        })
    }

    fn change_draft(
        &self,
        case_id: CaseId,
        change: impl FnOnce(&mut Draft) -> Result<(), ChatError>,
    ) -> Result<(), ChatError> {
        let now = self.clock.now();
        self.store.write(|tx| {
            let before = sql::find(tx, case_id)?;
            let mut draft = before.clone().unwrap_or_else(|| Draft::new(now));
            change(&mut draft)?;
            if before.as_ref() == Some(&draft) {
                return Ok(());
            }
            draft.changed_at = now;
            if draft.is_empty() {
                sql::delete(tx, case_id)?;
            } else {
                sql::write(tx, case_id, &draft)?;
            }
            tx.notify(Topic::Case(case_id));
            Ok(())
        })
    }
}

fn check_room(pictures: &[Attachment]) -> Result<(), LimitError> {
    if pictures.len() < limits::PICTURES {
        return Ok(());
    }
    Err(LimitError {
        field: "attachments",
        reason: LimitReason::TooLong {
            most: limits::PICTURES,
        },
    })
}

/// Puts what was taken back into the draft, if nothing is being written.
pub(super) fn restore(
    tx: &WriteTransaction<'_>,
    now: UtcMillis,
    case_id: CaseId,
    text: String,
    reply_to: Option<OpId>,
    pictures: Vec<Attachment>,
) -> Result<(), ChatError> {
    if sql::find(tx, case_id)?.is_some() {
        return Ok(());
    }
    let draft = Draft {
        text,
        reply_to,
        template_text: None,
        pictures,
        changed_at: now,
    };
    Ok(sql::write(tx, case_id, &draft)?)
}

/// The template with which the draft began.
pub(super) fn template(reader: &Reader<'_>, case_id: CaseId) -> Result<Option<String>, ChatError> {
    Ok(sql::find(reader, case_id)?.and_then(|draft| draft.template_text))
}
