//! How far somebody has read. A mark moves forward only, and goes out at most every five seconds. Source: sync.md 8.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use ayumi_protocol::body::{Body, BodyReading, MessageRead};
use ayumi_protocol::cursor::{Audience, Seq};
use ayumi_protocol::id::{AccountId, CaseId};

use super::message::care;
use super::timeline::sql as shown;
use super::{Chat, ChatError};
use crate::store::{Reader, Topic};
use crate::sync::outbox::{self, NewOperation, OperationState};
use crate::sync::{account, replica};
use crate::time::UtcMillis;

/// Shortest time between two operations that say how far somebody has read.
const PAUSE_MS: i64 = 5_000;

/// The highest count of unread messages; it stands for that many or more, so that a long log which nobody on this phone has read
/// costs no more than a short one.
pub const UNREAD_MOST: u32 = 1_000;

/// When this phone last made a mark of each case. Only memory: after a start the first one may go at once.
#[derive(Debug, Default)]
pub(crate) struct MarkTimes(Mutex<BTreeMap<CaseId, UtcMillis>>);

impl MarkTimes {
    /// From when on another mark may be made, if that is later than now. A clock that was set back holds nothing up.
    fn next_after(&self, case_id: CaseId, now: UtcMillis) -> Option<UtcMillis> {
        let times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = times.get(&case_id)?;
        let is_soon = (0..PAUSE_MS).contains(&now.since(*last));
        is_soon.then(|| last.plus(PAUSE_MS))
    }

    fn note(&self, case_id: CaseId, now: UtcMillis) {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        times.insert(case_id, now);
    }
}

/// What became of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marked {
    /// It waits to be sent.
    Yes,
    /// Everything up to there was read already.
    NothingNew,
    /// Another one was sent a moment ago: mark again at this time, if the conversation is still on the screen.
    TooSoon(UtcMillis),
}

/// The messages of a case that were not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unread {
    /// The case.
    pub case_id: CaseId,
    /// How many messages of others stand behind the last one that was read; at most [`UNREAD_MOST`].
    pub count: u32,
}

/// What is about how far a care log was read.
fn subject() -> String {
    format!("read:{}", Audience::Care)
}

/// How far this person has read: as the log says, and as waits to be sent.
fn own_mark(reader: &Reader<'_>, case_id: CaseId, own: AccountId) -> Result<i64, ChatError> {
    let mut mark = shown::read_by(reader, care(case_id), own)?;
    for outgoing in outbox::sql::about(reader, care(case_id), &subject())? {
        let operation = &outgoing.operation;
        if outgoing.state != OperationState::Parked
            && let Ok(BodyReading::Known(Body::MessageRead(read))) =
                Body::read(&operation.kind, operation.body_version, &operation.body)
        {
            mark = mark.max(read.up_to_seq.number());
        }
    }
    Ok(mark)
}

impl Chat<'_> {
    /// Notes that everything up to a place was on an open screen in the foreground. Moves forward only, and not beyond what this phone
    /// has; a mark that was not sent yet is replaced.
    ///
    /// Errors: `NoSuchCase`; `SignedOut`; `Store`.
    pub fn mark_read(&self, case_id: CaseId, up_to: Seq) -> Result<Marked, ChatError> {
        let now = self.clock.now();
        let log = care(case_id);
        let marked = self.store.write::<_, ChatError>(|tx| {
            let account = account::read(tx)?.ok_or(ChatError::SignedOut)?;
            let replica = replica::shown(tx, log)?.ok_or(ChatError::NoSuchCase)?;
            let up_to = up_to.min(replica.cursor.seq);
            if up_to.number() <= own_mark(tx, case_id, account.account_id)? {
                return Ok(Marked::NothingNew);
            }
            let waits = |outgoing: &outbox::Outgoing| {
                outgoing.attempts == 0 && outgoing.state == OperationState::Queued
            };
            let replaces = outbox::sql::about(tx, log, &subject())?.iter().any(waits);
            if let Some(next) = self.marks.next_after(case_id, now).filter(|_| !replaces) {
                return Ok(Marked::TooSoon(next));
            }
            let read = MessageRead { up_to_seq: up_to };
            outbox::enqueue(
                tx,
                self.moment(),
                NewOperation::care(case_id, read).about(subject()),
            )?;
            tx.notify(Topic::Case(case_id));
            Ok(Marked::Yes)
        })?;
        if marked == Marked::Yes {
            self.marks.note(case_id, now);
        }
        Ok(marked)
    }

    /// How many messages of others in a conversation were not read, at most [`UNREAD_MOST`]; none if nobody is signed in.
    ///
    /// Errors: `Store`.
    pub fn unread(&self, case_id: CaseId) -> Result<u32, ChatError> {
        self.store.read(|reader| unread_in(reader, case_id))
    }

    /// The same for every case on this phone, ascending by case; those with nothing unread too.
    ///
    /// Errors: `Store`.
    pub fn unread_of_all(&self) -> Result<Vec<Unread>, ChatError> {
        self.store.read(|reader| {
            let Some(account) = account::read(reader)? else {
                return Ok(Vec::new());
            };
            replica::all_growing(reader)?
                .iter()
                .filter(|replica| replica.log.audience == Audience::Care)
                .map(|replica| {
                    let case_id = replica.log.case_id;
                    let count = unread(reader, case_id, account.account_id)?;
                    Ok(Unread { case_id, count })
                })
                .collect()
        })
    }
}

/// The same as [`Chat::unread`], from the state of the data that a reader sees.
pub(crate) fn unread_in(reader: &Reader<'_>, case_id: CaseId) -> Result<u32, ChatError> {
    match account::read(reader)? {
        Some(account) => unread(reader, case_id, account.account_id),
        None => Ok(0),
    }
}

pub(super) fn unread(reader: &Reader<'_>, case_id: CaseId, own: AccountId) -> Result<u32, ChatError> {
    let mark = own_mark(reader, case_id, own)?;
    Ok(shown::unread(reader, case_id, mark, own)?)
}
