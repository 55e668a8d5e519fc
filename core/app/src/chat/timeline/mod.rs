//! A part of a conversation, as a screen shows it.
//!
//! ```text
//!   fold of the log, by number ─┐
//!   lost entries of others ─────┼─ by place ─▶ edits and deletions that wait are drawn over it ─▶ page
//!   own messages that wait ─────┘
//! ```
//!
//! Law: at every moment each operation is one item at most. What was acknowledged stays an own message until its entry is pulled,
//! and leaves the outbox in the transaction that folds it. Source: sync.md 6.3; faults.md C4.

pub(super) mod sql;

use std::collections::{BTreeMap, BTreeSet};

use ayumi_protocol::body::Attachment;
use ayumi_protocol::cursor::Seq;
use ayumi_protocol::id::{CaseId, OpId};
use ayumi_protocol::session::Role;

use self::sql as shown;
use super::ChatError;
use super::files::ChatFiles;
use super::item::{Attention, Author, Delivery, PageFrom, Place, ReplyPreview, TimelineItem, TimelinePage};
use super::message::{Change, Message, Talk, care, is_in_conversation};
use crate::case::{self, CaseRecord};
use crate::store::Reader;
use crate::sync::account::{self, Account};
use crate::sync::outbox::{self, OperationState};
use crate::sync::replica;

/// What a screen needs beside the rows of the page.
pub(super) struct Conversation<'r> {
    reader: &'r Reader<'r>,
    case_id: CaseId,
    account: Account,
    /// Own messages that wait or are not pulled yet, in their order.
    own: Vec<Message>,
    /// What others wrote and a restored server lost, in its place.
    lost: Vec<Message>,
    /// Edits and deletions to draw over, by what they are about, each in its order.
    changes: BTreeMap<OpId, Vec<Change>>,
    not_sent: u32,
}

impl<'r> Conversation<'r> {
    pub(super) fn open(reader: &'r Reader<'r>, case_id: CaseId) -> Result<Self, ChatError> {
        let account = account::read(reader)?.ok_or(ChatError::SignedOut)?;
        let mut conversation = Self {
            reader,
            case_id,
            account,
            own: Vec::new(),
            lost: Vec::new(),
            changes: BTreeMap::new(),
            not_sent: 0,
        };
        conversation.read_lost()?;
        conversation.read_outbox()?;
        Ok(conversation)
    }

    fn read_lost(&mut self) -> Result<(), ChatError> {
        for (after, entry) in replica::sql::lost(self.reader, care(self.case_id))? {
            match Talk::of_entry(&entry) {
                Some(Talk::Posted(posted)) => self.lost.push(Message::of_lost(after, &entry, posted)),
                // The person has seen it changed. What was deleted does not come back because a server forgot it.
                Some(talk) => self.note(talk.into_change(entry.author_id, false)),
                None => {}
            }
        }
        Ok(())
    }

    fn read_outbox(&mut self) -> Result<(), ChatError> {
        let talk = outbox::sql::talk_of_log(self.reader, care(self.case_id))?;
        self.not_sent = super::tray::count(&talk);
        for outgoing in talk.iter().filter(|outgoing| is_in_conversation(outgoing)) {
            match Talk::of(outgoing) {
                Some(Talk::Posted(posted)) => {
                    // Settled with its entry, so this never meets; but nothing may show one message twice.
                    let op_id = outgoing.operation.op_id;
                    if shown::by_operation(self.reader, self.case_id, op_id)?.is_none() {
                        let (author, role) = (self.account.account_id, self.own_role());
                        self.own
                            .push(Message::of_outgoing(outgoing, posted, author, role));
                    }
                }
                Some(talk) => {
                    let is_unsent = outgoing.state != OperationState::Sent;
                    self.note(talk.into_change(self.account.account_id, is_unsent));
                }
                None => {}
            }
        }
        Ok(())
    }

    fn note(&mut self, change: Option<Change>) {
        if let Some(change) = change {
            self.changes.entry(change.target).or_default().push(change);
        }
    }

    fn own_role(&self) -> Role {
        if self.account.is_staff() {
            Role::Dietitian
        } else {
            Role::Participant
        }
    }

    /// Whose reading makes an own message read.
    fn other_role(&self) -> Role {
        if self.account.is_staff() {
            Role::Participant
        } else {
            Role::Dietitian
        }
    }

    /// The messages of a page in their order, changes drawn over them, and whether more stands in the direction it was read in.
    fn messages(&self, from: PageFrom, limit: usize) -> Result<(Vec<Message>, bool), ChatError> {
        let more = limit.saturating_add(1);
        let others = || self.lost.iter().chain(&self.own);
        let (mut found, is_forward) = match from {
            PageFrom::Newest | PageFrom::Before(_) => {
                let end = match from {
                    PageFrom::Before(place) => place,
                    _ => Place::END,
                };
                let mut found = shown::before(self.reader, self.case_id, end.recorded_before(), more)?;
                found.extend(others().filter(|message| message.place < end).cloned());
                (found, false)
            }
            PageFrom::After(place) => {
                let mut found = shown::after(self.reader, self.case_id, place.recorded_after(), more)?;
                found.extend(others().filter(|message| message.place > place).cloned());
                (found, true)
            }
        };
        found.sort_by_key(|message| message.place);
        let has_more = found.len() > limit;
        if is_forward {
            found.truncate(limit);
        } else {
            found.drain(..found.len().saturating_sub(limit));
        }
        self.attach_pictures(&mut found)?;
        for message in &mut found {
            self.draw_over(message);
        }
        Ok((found, has_more))
    }

    fn attach_pictures(&self, messages: &mut [Message]) -> Result<(), ChatError> {
        let recorded = || messages.iter().filter_map(recorded_seq);
        let (Some(from), Some(to)) = (recorded().min(), recorded().max()) else {
            return Ok(());
        };
        let mut pictures: BTreeMap<Seq, Vec<Attachment>> = BTreeMap::new();
        for (seq, picture) in shown::pictures(self.reader, self.case_id, from, to)? {
            pictures.entry(seq).or_default().push(picture);
        }
        for message in messages {
            if let Some(found) = recorded_seq(message).and_then(|seq| pictures.remove(&seq)) {
                message.pictures = found;
            }
        }
        Ok(())
    }

    /// The message of the fold at a place, as it reads now.
    pub(super) fn at(&self, seq: i64) -> Result<Option<Message>, ChatError> {
        let Some(message) = shown::by_seq(self.reader, self.case_id, seq)? else {
            return Ok(None);
        };
        let mut one = [message];
        self.attach_pictures(&mut one)?;
        let [mut message] = one;
        self.draw_over(&mut message);
        Ok(Some(message))
    }

    /// Own messages that are not in the fold, the newest first, as they read now.
    pub(super) fn own_newest_first(&self) -> Vec<Message> {
        let mut own = self.own.clone();
        own.reverse();
        for message in &mut own {
            self.draw_over(message);
        }
        own
    }

    fn draw_over(&self, message: &mut Message) {
        for change in self.changes.get(&message.op_id).into_iter().flatten() {
            message.apply(change);
        }
    }

    /// A message by its operation, wherever it is, as it reads now.
    pub(super) fn find(&self, op_id: OpId) -> Result<Option<Message>, ChatError> {
        let elsewhere = || {
            self.own
                .iter()
                .chain(&self.lost)
                .find(|message| message.op_id == op_id)
        };
        let mut message = match shown::by_operation(self.reader, self.case_id, op_id)? {
            Some(message) => {
                let mut one = [message];
                self.attach_pictures(&mut one)?;
                let [message] = one;
                message
            }
            None => match elsewhere() {
                Some(message) => message.clone(),
                None => return Ok(None),
            },
        };
        self.draw_over(&mut message);
        Ok(Some(message))
    }

    pub(super) fn page(
        &self,
        from: PageFrom,
        limit: usize,
        sending: &BTreeSet<OpId>,
        files: &ChatFiles,
    ) -> Result<TimelinePage, ChatError> {
        let (messages, has_more) = self.messages(from, limit)?;
        let (has_older, has_newer) = match from {
            PageFrom::Newest => (has_more, false),
            PageFrom::Before(_) => (has_more, true),
            PageFrom::After(_) => (true, has_more),
        };
        Ok(TimelinePage {
            items: self.items(messages, sending, files)?,
            has_older,
            has_newer,
            not_sent: self.not_sent,
        })
    }

    /// Messages as a screen shows them.
    pub(super) fn items(
        &self,
        messages: Vec<Message>,
        sending: &BTreeSet<OpId>,
        files: &ChatFiles,
    ) -> Result<Vec<TimelineItem>, ChatError> {
        let record = case::record(self.reader, self.case_id)?;
        let record = record.as_ref();
        let read = shown::read_by_role(self.reader, care(self.case_id), &self.other_role())?;
        let mut items = Vec::with_capacity(messages.len());
        for message in messages {
            let reply_to = match message.reply_to {
                Some(op_id) => Some(self.preview(op_id, record)?),
                None => None,
            };
            let author = self.author(&message, record);
            let delivery = author.is_own.then(|| delivery(&message, sending, read));
            items.push(TimelineItem {
                op_id: message.op_id,
                place: message.place,
                seq: message.seq,
                author,
                text: message.text,
                pictures: files.pictures(message.pictures)?,
                reply_to,
                occurred_at: message.occurred_at,
                utc_offset_min: message.utc_offset_min,
                recorded_at: message.recorded_at,
                delivery,
                is_edited: message.is_edited,
                has_unsent_change: message.has_unsent_change,
                is_deleted: message.is_deleted,
                is_erased: message.is_erased,
                is_automated: message.is_automated,
                is_lost: message.is_lost,
                needs_app: message.needs_app,
            });
        }
        Ok(items)
    }

    fn preview(&self, op_id: OpId, record: Option<&CaseRecord>) -> Result<ReplyPreview, ChatError> {
        let found = self.find(op_id)?;
        Ok(ReplyPreview {
            op_id,
            author: found.as_ref().map(|message| self.author(message, record)),
            has_pictures: found.as_ref().is_some_and(|message| !message.pictures.is_empty()),
            text: found
                .and_then(|message| message.text)
                .map(|text| text.chars().take(ReplyPreview::CHARACTERS).collect()),
        })
    }

    fn author(&self, message: &Message, record: Option<&CaseRecord>) -> Author {
        let name = record.and_then(|record| {
            if message.author_role == Role::Participant {
                return record.name.clone();
            }
            let mut acting = record.acting.iter();
            acting
                .find(|staff| staff.account_id == message.author_id)
                .map(|staff| staff.name.clone())
        });
        Author {
            account_id: message.author_id,
            role: message.author_role.clone(),
            name,
            is_own: message.author_id == self.account.account_id,
        }
    }
}

/// The number of a message of the fold, whose pictures stand in their own table.
fn recorded_seq(message: &Message) -> Option<Seq> {
    message.seq.filter(|_| message.outgoing.is_none())
}

/// How far an own message has come. `read`: the place up to which the other side has read. Source: sync.md 4.3.
fn delivery(message: &Message, sending: &BTreeSet<OpId>, read: i64) -> Delivery {
    let Some(outgoing) = &message.outgoing else {
        return match message.seq {
            Some(seq) if seq.number() <= read => Delivery::Read,
            Some(_) => Delivery::Sent,
            None => Delivery::Waiting,
        };
    };
    if let Some(attention) = Attention::of(outgoing) {
        return Delivery::NeedsAttention(attention);
    }
    match outgoing.state {
        OperationState::Sent => Delivery::Sent,
        _ if sending.contains(&message.op_id) => Delivery::Sending,
        _ => Delivery::Waiting,
    }
}
