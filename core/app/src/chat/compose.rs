//! Writing: sending, editing and deleting. What nobody has seen is changed in its place; what somebody may have seen is followed by
//! another operation. Source: sync.md 4.4.

use std::fmt;

use ayumi_protocol::body::{Attachment, AuthoredBy, Body, MessageDeleted, MessageEdited, MessagePosted};
use ayumi_protocol::id::{CaseId, OpId};
use ayumi_protocol::limits::{LimitError, LimitReason};

use super::draft;
use super::message::{Message, Talk, care, is_in_conversation};
use super::timeline::Conversation;
use super::{Chat, ChatError};
use crate::deliberate::{Bug, is_made};
use crate::store::{Topic, WriteTransaction};
use crate::sync::account::{self, Account};
use crate::sync::outbox::{self, NewOperation, OperationState, Outgoing};
use crate::sync::uploads;

/// What is sent.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct NewMessage {
    /// The text; may be empty beside a picture.
    pub text: String,
    /// Pictures as [`Chat::add_picture`] answered them, in their order.
    pub pictures: Vec<Attachment>,
    /// The message that it answers.
    pub reply_to: Option<OpId>,
}

impl NewMessage {
    /// A text alone.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }
}

/// Without what was written.
impl fmt::Debug for NewMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewMessage")
            .field("pictures", &self.pictures.len())
            .field("reply_to", &self.reply_to)
            .finish_non_exhaustive()
    }
}

impl Chat<'_> {
    /// Sends a message: from here on it waits on this phone and is never lost. The draft of the conversation is emptied with it.
    ///
    /// Errors: `TemplateUnchanged` if the draft began as a template that it still is; `Limit`; `PictureMissing`; `NoSuchMessage` if
    /// what it answers is not in the conversation; `NoSuchCase`; `SignedOut`; `Store`.
    pub fn send(&self, case_id: CaseId, message: NewMessage) -> Result<OpId, ChatError> {
        self.send_with(case_id, message, None)
    }

    /// The same for a text that began as `template`, whatever the draft says.
    ///
    /// Errors: as [`Self::send`]; `TemplateUnchanged` if only white space around it differs.
    pub fn send_from_template(
        &self,
        case_id: CaseId,
        message: NewMessage,
        template: &str,
    ) -> Result<OpId, ChatError> {
        self.send_with(case_id, message, Some(template))
    }

    fn send_with(
        &self,
        case_id: CaseId,
        message: NewMessage,
        template: Option<&str>,
    ) -> Result<OpId, ChatError> {
        for picture in &message.pictures {
            if !self.files.has(picture)? {
                return Err(ChatError::PictureMissing);
            }
        }
        if is_made(Bug::LogsTheText) {
            tracing::info!(text = message.text, "a message is sent");
        }
        self.store.write(|tx| {
            signed_in(tx)?;
            let began_as = draft::template(tx, case_id)?;
            let is_unchanged = |template: &str| template.trim() == message.text.trim();
            if template.into_iter().chain(began_as.as_deref()).any(is_unchanged) {
                return Err(ChatError::TemplateUnchanged);
            }
            let op_id = self.post(tx, case_id, message)?;
            draft::sql::delete(tx, case_id)?;
            Ok(op_id)
        })
    }

    /// Puts a message into the outbox, with the files that it needs.
    pub(super) fn post(
        &self,
        tx: &WriteTransaction<'_>,
        case_id: CaseId,
        message: NewMessage,
    ) -> Result<OpId, ChatError> {
        let pictures = message.pictures.clone();
        let quoted = message.reply_to;
        let body = MessagePosted {
            text: message.text,
            attachments: message.pictures,
            reply_to: quoted,
            authored_by: AuthoredBy::Human,
            triage: Vec::new(),
        };
        let mut new = NewOperation::care(case_id, body);
        if let Some(quoted) = quoted {
            let found = quotable(tx, case_id, quoted)?.ok_or(ChatError::NoSuchMessage)?;
            if waits(&found) {
                new = new.after(quoted);
            }
        }
        let op_id = outbox::enqueue(tx, self.moment(), new)?;
        uploads::need_pictures(tx, care(case_id), op_id, &pictures)?;
        if is_made(Bug::RemovesPictureEarly) {
            for picture in &pictures {
                self.files.attachments.remove(picture.sha256)?;
            }
        }
        tx.notify(Topic::Case(case_id));
        Ok(op_id)
    }

    /// Gives an own message another text; its pictures and what it answers stay. The same text again changes nothing.
    ///
    /// Errors: `Limit`; `NotOwn`; `NoSuchMessage` if it is not in the conversation (what was not sent is for
    /// [`Self::edit_and_send_again`]), deleted or erased; `SignedOut`; `Store`.
    pub fn edit(&self, case_id: CaseId, op_id: OpId, text: &str) -> Result<(), ChatError> {
        self.store.write(|tx| {
            let message = changeable(tx, case_id, op_id)?;
            if message.text.as_deref() == Some(text) {
                return Ok(());
            }
            check_said(text, &message.pictures)?;
            tx.notify(Topic::Case(case_id));
            if let Some(outgoing) = &message.outgoing
                && let Some(Talk::Posted(mut posted)) = Talk::of(outgoing)
            {
                text.clone_into(&mut posted.text);
                if outbox::rewrite_unsent(tx, op_id, &posted.into())? {
                    return Ok(());
                }
            }
            let edited = MessageEdited {
                target: op_id,
                text: text.to_owned(),
                triage: Vec::new(),
            };
            self.follow(tx, case_id, &message, edited)
        })
    }

    /// Deletes an own message. One that nobody has seen is taken back, and its text goes into the draft if that is empty.
    ///
    /// Errors: `NotOwn`; `NoSuchMessage` if it is not in the conversation (what was not sent is for [`Self::discard`]), deleted or
    /// erased; `SignedOut`; `Store`.
    pub fn delete(&self, case_id: CaseId, op_id: OpId) -> Result<(), ChatError> {
        self.store.write(|tx| {
            let message = changeable(tx, case_id, op_id)?;
            tx.notify(Topic::Case(case_id));
            if let Some(outgoing) = &message.outgoing
                && outgoing.attempts == 0
                && outgoing.state != OperationState::Sent
            {
                release_replies(tx, op_id, None)?;
                if outbox::cancel_unsent(tx, op_id)? {
                    let text = message.text.unwrap_or_default();
                    let now = self.clock.now();
                    return draft::restore(tx, now, case_id, text, message.reply_to, message.pictures);
                }
            }
            self.follow(tx, case_id, &message, MessageDeleted { target: op_id })
        })
    }

    /// Puts a change of a message behind it. One that was not sent yet gives its place to this one: of several changes only the
    /// last counts.
    fn follow(
        &self,
        tx: &WriteTransaction<'_>,
        case_id: CaseId,
        message: &Message,
        change: impl Into<Body>,
    ) -> Result<(), ChatError> {
        let mut new = NewOperation::care(case_id, change).about(format!("message:{}", message.op_id));
        if waits(message) {
            new = new.after(message.op_id);
        }
        outbox::enqueue(tx, self.moment(), new)?;
        Ok(())
    }
}

fn signed_in(tx: &WriteTransaction<'_>) -> Result<Account, ChatError> {
    account::read(tx)?.ok_or(ChatError::SignedOut)
}

/// Whether a message is still to be acknowledged, so that what belongs to it has to come after it.
fn waits(message: &Message) -> bool {
    let outgoing = message.outgoing.as_ref();
    outgoing.is_some_and(|outgoing| outgoing.state != OperationState::Sent)
}

/// The message that is to be answered; `None` if it is not in the conversation, or lost for now: the server would refuse the answer.
pub(super) fn quotable(
    tx: &WriteTransaction<'_>,
    case_id: CaseId,
    quoted: OpId,
) -> Result<Option<Message>, ChatError> {
    let found = Conversation::open(tx, case_id)?.find(quoted)?;
    Ok(found.filter(|message| !message.is_lost))
}

/// An own message in the conversation that can be changed.
fn changeable(tx: &WriteTransaction<'_>, case_id: CaseId, op_id: OpId) -> Result<Message, ChatError> {
    let account = signed_in(tx)?;
    let message = Conversation::open(tx, case_id)?.find(op_id)?;
    let message = message
        .filter(|message| message.can_change() && !message.is_lost)
        .ok_or(ChatError::NoSuchMessage)?;
    if message.author_id == account.account_id {
        Ok(message)
    } else {
        Err(ChatError::NotOwn)
    }
}

/// A message says something: a text, or a picture.
pub(super) fn check_said(text: &str, pictures: &[Attachment]) -> Result<(), LimitError> {
    if pictures.is_empty() && text.trim().is_empty() {
        return Err(LimitError {
            field: "text",
            reason: LimitReason::Empty,
        });
    }
    Ok(())
}

/// Replies outlive the message that they quote: they come after `instead`, or after nothing, and quote it if their bytes may still
/// change.
pub(super) fn release_replies(
    tx: &WriteTransaction<'_>,
    quoted: OpId,
    instead: Option<OpId>,
) -> Result<Vec<OpId>, ChatError> {
    let mut released = Vec::new();
    for child in outbox::sql::dependents(tx, quoted)? {
        let Some(outgoing) = outbox::sql::find(tx, child)? else {
            continue;
        };
        let Some(Talk::Posted(mut posted)) = Talk::of(&outgoing) else {
            continue;
        };
        posted.reply_to = instead;
        outbox::rewrite_unsent(tx, child, &posted.into())?;
        outbox::sql::set_parent(tx, child, instead)?;
        released.push(child);
    }
    Ok(released)
}

/// Whether what a message of the tray quotes has gone: the server would refuse it again.
pub(super) fn has_lost_quote(
    tx: &WriteTransaction<'_>,
    case_id: CaseId,
    posted: &MessagePosted,
) -> Result<bool, ChatError> {
    match posted.reply_to {
        Some(quoted) => Ok(quotable(tx, case_id, quoted)?.is_none()),
        None => Ok(false),
    }
}

/// What waits in the tray of a conversation.
pub(super) fn of_tray(tx: &WriteTransaction<'_>, op_id: OpId) -> Result<Outgoing, ChatError> {
    outbox::sql::find(tx, op_id)?
        .filter(|outgoing| !is_in_conversation(outgoing))
        .ok_or(ChatError::NoSuchMessage)
}
