//! What was not sent: parked messages, and messages too old to be sent without asking. They have left their place in the
//! conversation and wait here, with a count that cannot be overlooked. Source: sync.md 4.8, 4.9.

use std::collections::BTreeSet;

use ayumi_protocol::body::{MessageEdited, MessagePosted};
use ayumi_protocol::id::{CaseId, OpId};

use super::compose::{NewMessage, check_said, has_lost_quote, of_tray, release_replies};
use super::item::{Attention, NotSent, NotSentKind};
use super::message::{Talk, care, is_in_conversation};
use super::{Chat, ChatError};
use crate::store::{Topic, WriteTransaction};
use crate::sync::outbox::{self, NewOperation, OperationState, Outgoing};

/// Operations of the tray with what they say, without the changes of a message that lies there too: those go with it.
fn tray(talk: &[Outgoing]) -> Vec<(&Outgoing, Talk)> {
    let stuck: Vec<(&Outgoing, Talk)> = talk
        .iter()
        .filter(|outgoing| !is_in_conversation(outgoing))
        .filter_map(|outgoing| Some((outgoing, Talk::of(outgoing)?)))
        .collect();
    let messages: BTreeSet<OpId> = stuck
        .iter()
        .filter(|(_, talk)| matches!(talk, Talk::Posted(_)))
        .map(|(outgoing, _)| outgoing.operation.op_id)
        .collect();
    let goes_along = |outgoing: &Outgoing, talk: &Talk| {
        !matches!(talk, Talk::Posted(_))
            && outgoing
                .depends_on
                .is_some_and(|parent| messages.contains(&parent))
    };
    stuck
        .into_iter()
        .filter(|(outgoing, talk)| !goes_along(outgoing, talk))
        .collect()
}

/// How many lie in the tray.
pub(super) fn count(talk: &[Outgoing]) -> u32 {
    u32::try_from(tray(talk).len()).unwrap_or(u32::MAX)
}

impl Chat<'_> {
    /// What was not sent and waits for its author, in the order in which it was written.
    ///
    /// Errors: `Store`.
    pub fn not_sent(&self, case_id: CaseId) -> Result<Vec<NotSent>, ChatError> {
        self.store.read(|reader| {
            let talk = outbox::sql::talk_of_log(reader, care(case_id))?;
            tray(&talk)
                .into_iter()
                .map(|(outgoing, said)| self.not_sent_item(&talk, outgoing, said))
                .collect()
        })
    }

    fn not_sent_item(
        &self,
        talk: &[Outgoing],
        outgoing: &Outgoing,
        said: Talk,
    ) -> Result<NotSent, ChatError> {
        let operation = &outgoing.operation;
        let (kind, mut text, mut pictures) = match said {
            Talk::Posted(posted) => (NotSentKind::Message, Some(posted.text), posted.attachments),
            Talk::Edited { target, text } => (NotSentKind::Edit { target }, Some(text), Vec::new()),
            Talk::Deleted { target } => (NotSentKind::Deletion { target }, None, Vec::new()),
        };
        for change in changes_of(talk, operation.op_id) {
            text = change;
            if text.is_none() {
                pictures.clear();
            }
        }
        Ok(NotSent {
            op_id: operation.op_id,
            kind,
            text,
            pictures: self.files.pictures(pictures)?,
            occurred_at: operation.occurred_at_ms.into(),
            utc_offset_min: operation.utc_offset_min.minutes(),
            reason: Attention::of(outgoing).unwrap_or(Attention::KeepsFailing),
        })
    }

    /// Sends something of the tray after all, as it is: at the end of what waits. What was parked with it follows it.
    ///
    /// Answers the id under which it goes: its own, or another one if it quoted what has gone and somebody may have seen its bytes. It
    /// quotes nothing then.
    /// Errors: `NoSuchMessage` if it is not in the tray; `NoSuchCase` if the case is not on this phone any more; `Store`.
    pub fn retry(&self, op_id: OpId) -> Result<OpId, ChatError> {
        self.store.write(|tx| self.send_again(tx, op_id))
    }

    /// Says that a message that has become old is still meant. It is sent with its original time. Answers as [`Self::retry`].
    ///
    /// Errors: `NoSuchMessage` if it is not asked about; `NoSuchCase`; `Store`.
    pub fn confirm(&self, op_id: OpId) -> Result<OpId, ChatError> {
        self.store.write(|tx| {
            if of_tray(tx, op_id)?.state != OperationState::NeedsConfirmation {
                return Err(ChatError::NoSuchMessage);
            }
            self.send_again(tx, op_id)
        })
    }

    fn send_again(&self, tx: &WriteTransaction<'_>, op_id: OpId) -> Result<OpId, ChatError> {
        let outgoing = of_tray(tx, op_id)?;
        let case_id = outgoing.log.case_id;
        tx.notify(Topic::Case(case_id));
        if let Some(Talk::Posted(mut posted)) = Talk::of(&outgoing)
            && has_lost_quote(tx, case_id, &posted)?
        {
            if outgoing.attempts > 0 {
                let text = posted.text.clone();
                return self.say_instead(tx, op_id, case_id, &text, &posted);
            }
            posted.reply_to = None;
            outbox::rewrite_unsent(tx, op_id, &posted.into())?;
            outbox::sql::set_parent(tx, op_id, None)?;
        }
        outbox::send_again(tx, self.clock.now(), op_id)?;
        Ok(op_id)
    }

    /// Sends a message or an edit of the tray with another text. It is a new utterance and gets a new id, which is the answer; the
    /// same text keeps the id. Replies to it that were parked with it follow it.
    ///
    /// Errors: `Limit`; `NoSuchMessage` if it is not in the tray, or a deletion; `PictureMissing`; `Store`.
    pub fn edit_and_send_again(&self, op_id: OpId, text: &str) -> Result<OpId, ChatError> {
        self.store.write(|tx| {
            let outgoing = of_tray(tx, op_id)?;
            let case_id = outgoing.log.case_id;
            let new_id = match Talk::of(&outgoing).ok_or(ChatError::NoSuchMessage)? {
                Talk::Posted(posted) => {
                    let talk = outbox::sql::talk_of_log(tx, outgoing.log)?;
                    let is_changed = changes_of(&talk, op_id).next().is_some();
                    if posted.text == text && !is_changed {
                        return self.send_again(tx, op_id);
                    }
                    check_said(text, &posted.attachments)?;
                    for picture in &posted.attachments {
                        if !self.files.has(picture)? {
                            return Err(ChatError::PictureMissing);
                        }
                    }
                    self.say_instead(tx, op_id, case_id, text, &posted)?
                }
                Talk::Edited { target, text: before } => {
                    if before == text {
                        return self.send_again(tx, op_id);
                    }
                    let edited = MessageEdited {
                        target,
                        text: text.to_owned(),
                        triage: Vec::new(),
                    };
                    outbox::discard(tx, op_id)?;
                    outbox::enqueue(tx, self.moment(), NewOperation::care(case_id, edited))?
                }
                Talk::Deleted { .. } => return Err(ChatError::NoSuchMessage),
            };
            tx.notify(Topic::Case(case_id));
            Ok(new_id)
        })
    }

    fn say_instead(
        &self,
        tx: &WriteTransaction<'_>,
        op_id: OpId,
        case_id: CaseId,
        text: &str,
        posted: &MessagePosted,
    ) -> Result<OpId, ChatError> {
        let said = |reply_to| NewMessage {
            text: text.to_owned(),
            pictures: posted.attachments.clone(),
            reply_to,
        };
        // If what it quoted has gone, what is said now still stands.
        let has_lost_quote = has_lost_quote(tx, case_id, posted)?;
        let quoted = posted.reply_to.filter(|_| !has_lost_quote);
        let new_id = self.post(tx, case_id, said(quoted))?;
        let replies = release_replies(tx, op_id, Some(new_id))?;
        outbox::discard(tx, op_id)?;
        for reply in replies {
            if of_tray(tx, reply).is_ok() {
                outbox::send_again(tx, self.clock.now(), reply)?;
            }
        }
        Ok(new_id)
    }

    /// Throws something of the tray away, with its edits. Replies to it stay.
    ///
    /// Errors: `NoSuchMessage` if it is not in the tray; `Store`.
    pub fn discard(&self, op_id: OpId) -> Result<(), ChatError> {
        self.store.write(|tx| {
            let outgoing = of_tray(tx, op_id)?;
            release_replies(tx, op_id, None)?;
            outbox::discard(tx, op_id)?;
            tx.notify(Topic::Case(outgoing.log.case_id));
            Ok(())
        })
    }
}

/// The texts that an own message of the outbox got later, in their order; `None`: it was deleted.
fn changes_of(talk: &[Outgoing], op_id: OpId) -> impl Iterator<Item = Option<String>> {
    talk.iter().filter_map(move |outgoing| match Talk::of(outgoing)? {
        Talk::Edited { target, text } if target == op_id => Some(Some(text)),
        Talk::Deleted { target } if target == op_id => Some(None),
        _ => None,
    })
}
