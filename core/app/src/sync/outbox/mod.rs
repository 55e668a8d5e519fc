//! The outbox: what the person did and the server does not have yet.
//!
//! ```text
//!              ┌── transient, killed ──┐
//!              ▼                       │
//! commit ─▶ queued ─▶ (sending) ───────┤── stored ─▶ sent ── its entry is pulled ─▶ (gone)
//!            ▲  ▲                      │
//!            │  └─ send again ── parked ◀── refused for good
//!            └─ confirmed ── needs_confirmation ◀── a message older than a day, just before it would be sent
//! ```
//!
//! Invariants:
//!
//! - The row and what it belongs to are committed together, before any network. Its id is made then and never again.
//! - Sending is a thing of memory: after a restart everything without an answer is `queued` under its old id.
//! - The attempt is counted and committed before the first byte leaves, so `attempts = 0` means that nobody has seen it. From the
//!   first attempt on the bytes never change.
//! - A lane is sent in the order of `local_seq`. What is parked or waits for its author has left the lane.
//! - Nothing is removed but by its author, by its own entry, or by a newer one that takes its place before either was sent.
//!
//! Source: sync.md 4.

pub(crate) mod sql;

use ayumi_protocol::body::{Body, RawBody};
use ayumi_protocol::cursor::{Lane, LogName, Seq};
use ayumi_protocol::id::{CaseId, OpId};
use ayumi_protocol::kind::{Kind, KindName};
use ayumi_protocol::limits::{self, LimitError};
use ayumi_protocol::operation::Operation;
use ayumi_protocol::time::{UtcOffset, ZoneName};
use ayumi_protocol::version::AppVersion;
use chrono_tz::Tz;

use crate::clock::Random;
use crate::store::{Reader, StoreError, Topic, WriteTransaction, zones as zone_table};
use crate::sync::uploads;
use crate::time::{UtcMillis, ZoneOffsets};

/// Where an operation stands, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperationState {
    /// To be sent; also while its pictures are uploaded or a timer runs.
    Queued,
    /// Acknowledged; drawn as an own operation until its entry is pulled.
    Sent,
    /// Refused for good; waits for its author.
    Parked,
    /// A message too old to be sent without asking.
    NeedsConfirmation,
}

impl OperationState {
    /// The word in the column.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Parked => "parked",
            Self::NeedsConfirmation => "needs_confirmation",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Queued, Self::Sent, Self::Parked, Self::NeedsConfirmation]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// Why an operation is parked, beside the codes of the server.
pub mod park_reason {
    /// A file of its pictures is gone from this phone.
    pub const ATTACHMENT_MISSING: &str = "attachment_missing";
    /// What it belongs to was parked.
    pub const PARENT_PARKED: &str = "parent_parked";
    /// The case is no longer assigned to the one who wrote it.
    pub const NO_LONGER_ASSIGNED: &str = "no_longer_assigned";
}

/// An operation of this phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its log.
    pub log: LogName,
    /// Its lane.
    pub lane: Lane,
    /// Its place among all operations of this phone.
    pub local_seq: i64,
    /// What is sent.
    pub operation: Operation,
    /// What has to be sent before it, and is parked with it.
    pub depends_on: Option<OpId>,
    /// Where it stands.
    pub state: OperationState,
    /// Claims so far.
    pub attempts: u32,
    /// Claims since the last outcome of any kind.
    pub unresolved: u32,
    /// From when its age counts.
    pub old_from: UtcMillis,
    /// Its place in the log, once acknowledged.
    pub server_seq: Option<Seq>,
    /// The server's clock, once acknowledged.
    pub recorded_at: Option<UtcMillis>,
    /// Why it is parked.
    pub park_reason: Option<String>,
    /// It was in the log of a server that lost it.
    pub is_reoffered: bool,
}

impl Outgoing {
    /// The kind, if this version knows it; a file may hold operations of a later one.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        self.operation.kind.known()
    }

    /// From this many claims without an outcome on it is tried ever more slowly after a start.
    pub const SUSPECT: u32 = 3;
    /// From this many on the person is told.
    pub const SUSPICIOUS: u32 = 5;

    /// Whether the person has to look at it.
    #[must_use]
    pub fn needs_attention(&self) -> bool {
        match self.state {
            OperationState::Parked | OperationState::NeedsConfirmation => true,
            OperationState::Queued => self.unresolved >= Self::SUSPICIOUS,
            OperationState::Sent => false,
        }
    }
}

/// Why something could not be put into the outbox.
#[derive(Debug, thiserror::Error)]
pub enum EnqueueError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A value is beyond what the server takes.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// Nobody is signed in.
    #[error("send something: nobody is signed in")]
    SignedOut,
    /// The case is not on this phone.
    #[error("send something: this phone has no such case")]
    NoSuchCase,
    /// There is no such operation, or it is past the point where this can be done.
    #[error("change what waits to be sent: it is gone or has been sent")]
    Gone,
}

impl From<rusqlite::Error> for EnqueueError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What goes into the outbox.
#[derive(Debug, Clone)]
pub struct NewOperation {
    /// Its log.
    pub log: LogName,
    /// What it says.
    pub body: Body,
    /// What it is about. While a queued operation of the same log with the same subject was never attempted, this one takes its place.
    pub subject: Option<String>,
    /// An operation of this phone that has to be sent first.
    pub depends_on: Option<OpId>,
    /// An older app says that it needs an update to show it.
    pub min_app_version: Option<AppVersion>,
}

impl NewOperation {
    /// An operation for the care log of a case that depends on nothing and that nothing replaces.
    #[must_use]
    pub fn care(case_id: CaseId, body: impl Into<Body>) -> Self {
        Self {
            log: LogName {
                case_id,
                audience: ayumi_protocol::cursor::Audience::Care,
            },
            body: body.into(),
            subject: None,
            depends_on: None,
            min_app_version: None,
        }
    }

    /// The same, about something of which only the newest counts.
    #[must_use]
    pub fn about(mut self, subject: String) -> Self {
        self.subject = Some(subject);
        self
    }

    /// The same, after another operation.
    #[must_use]
    pub const fn after(mut self, op_id: OpId) -> Self {
        self.depends_on = Some(op_id);
        self
    }
}

/// Time, place and chance at the moment of an input.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The phone's clock.
    pub now: UtcMillis,
    /// Randomness for the id.
    pub random: &'a dyn Random,
}

/// Puts an operation into the outbox, in the transaction of what it belongs to. Returns its id.
///
/// One that is about the same and was never attempted is replaced in its place and keeps its id.
///
/// Errors: `Limit` if the server would never take it; `NoSuchCase`; `Store`.
pub(crate) fn enqueue(
    tx: &WriteTransaction<'_>,
    moment: Moment<'_>,
    new: NewOperation,
) -> Result<OpId, EnqueueError> {
    let NewOperation {
        log,
        body,
        subject,
        depends_on,
        min_app_version,
    } = new;
    body.check()?;
    let kind = body.kind();
    let Some(lane) = kind.lane() else {
        return Err(StoreError::Bug {
            where_: "a phone sends only kinds that have a lane",
        }
        .into());
    };
    if !super::replica::is_known(tx, log)? {
        return Err(EnqueueError::NoSuchCase);
    }
    let body = raw(&body)?;
    let (zone, utc_offset_min) = place(tx, moment.now)?;
    let mut operation = Operation {
        op_id: new_id(tx, moment)?,
        kind: KindName::from(kind),
        body_version: kind.newest_body_version(),
        occurred_at_ms: moment.now.into(),
        zone,
        utc_offset_min,
        min_app_version,
        body,
    };
    if let Some(subject) = &subject
        && let Some(replaced) = sql::unsent_about(tx, log, subject)?
    {
        operation.op_id = replaced;
        sql::rewrite(tx, &operation, moment.now)?;
    } else {
        let outgoing = Outgoing {
            log,
            lane,
            local_seq: sql::tail(tx)?,
            operation: operation.clone(),
            depends_on,
            state: OperationState::Queued,
            attempts: 0,
            unresolved: 0,
            old_from: moment.now,
            server_seq: None,
            recorded_at: None,
            park_reason: None,
            is_reoffered: false,
        };
        sql::insert(tx, &outgoing, subject.as_deref())?;
    }
    if kind == Kind::ConsentGiven {
        // What waited for consent is said again after it: it goes to the tail, behind the consent.
        sql::move_waiting_to_tail(tx, log, operation.op_id)?;
    }
    tx.notify(Topic::Outbox);
    Ok(operation.op_id)
}

/// Rewrites the body of an operation that nobody has seen. Returns whether it was possible.
pub(crate) fn rewrite_unsent(
    tx: &WriteTransaction<'_>,
    op_id: OpId,
    body: &Body,
) -> Result<bool, EnqueueError> {
    body.check()?;
    let changed = sql::rewrite_body(tx, op_id, raw(body)?.as_str())?;
    if changed {
        tx.notify(Topic::Outbox);
    }
    Ok(changed)
}

/// Takes back an operation that nobody has seen, with what depends on it. Returns whether it was possible.
pub(crate) fn cancel_unsent(tx: &WriteTransaction<'_>, op_id: OpId) -> Result<bool, StoreError> {
    let Some(outgoing) = sql::find(tx, op_id)? else {
        return Ok(false);
    };
    if outgoing.attempts > 0 || outgoing.state == OperationState::Sent {
        return Ok(false);
    }
    remove(tx, op_id)?;
    Ok(true)
}

/// Discards an operation that is parked or waits for its author, with what depends on it. Only its author asks for this.
///
/// Errors: `Gone` if it is neither.
pub(crate) fn discard(tx: &WriteTransaction<'_>, op_id: OpId) -> Result<(), EnqueueError> {
    let Some(outgoing) = sql::find(tx, op_id)?.filter(|outgoing| {
        matches!(
            outgoing.state,
            OperationState::Parked | OperationState::NeedsConfirmation
        )
    }) else {
        return Err(EnqueueError::Gone);
    };
    let subject = sql::subject(tx, op_id)?;
    remove(tx, op_id)?;
    if let Some(subject) = subject {
        crate::readings::reconsider(tx, outgoing.log, &subject)?;
    }
    Ok(())
}

/// Sends a parked or old operation after all: at the tail, under its id, with its bytes. What was parked with it follows it.
///
/// Errors: `Gone` if it is neither; `NoSuchCase` if its case is not on this phone any more.
pub(crate) fn send_again(tx: &WriteTransaction<'_>, now: UtcMillis, op_id: OpId) -> Result<(), EnqueueError> {
    let Some(outgoing) = sql::find(tx, op_id)?.filter(|outgoing| {
        matches!(
            outgoing.state,
            OperationState::Parked | OperationState::NeedsConfirmation
        )
    }) else {
        return Err(EnqueueError::Gone);
    };
    // Nothing is sent to a log that is not here: it would wait without an end, and no longer lie in the tray.
    if !super::replica::is_known(tx, outgoing.log)? {
        return Err(EnqueueError::NoSuchCase);
    }
    for op_id in with_dependents(tx, op_id)? {
        sql::requeue(tx, op_id, now)?;
    }
    tx.notify(Topic::Outbox);
    Ok(())
}

/// Parks an operation and everything that depends on it.
pub(crate) fn park(tx: &WriteTransaction<'_>, op_id: OpId, reason: &str) -> Result<(), StoreError> {
    let mut reason = reason;
    for op_id in with_dependents(tx, op_id)? {
        sql::set_parked(tx, op_id, reason)?;
        reason = park_reason::PARENT_PARKED;
    }
    tx.notify(Topic::Outbox);
    Ok(())
}

/// Has the author asked before an old message is sent, with everything that depends on it.
pub(crate) fn ask(tx: &WriteTransaction<'_>, op_id: OpId) -> Result<(), StoreError> {
    for op_id in with_dependents(tx, op_id)? {
        sql::set_needs_confirmation(tx, op_id)?;
    }
    tx.notify(Topic::Outbox);
    Ok(())
}

/// Removes an operation with what depends on it, and the files that nothing else names.
fn remove(tx: &WriteTransaction<'_>, op_id: OpId) -> Result<(), StoreError> {
    for op_id in with_dependents(tx, op_id)? {
        sql::delete(tx, op_id)?;
    }
    uploads::sql::delete_uploads_without_operation(tx)?;
    tx.notify(Topic::Outbox);
    Ok(())
}

/// An operation and what depends on it, directly or not, in the order in which they were made. What is sent already is left out.
pub(crate) fn with_dependents(reader: &Reader<'_>, op_id: OpId) -> Result<Vec<OpId>, StoreError> {
    let mut found = vec![op_id];
    let mut next = 0;
    while let Some(parent) = found.get(next) {
        for child in sql::dependents(reader, *parent)? {
            if !found.contains(&child) {
                found.push(child);
            }
        }
        next = next.saturating_add(1);
    }
    Ok(found)
}

/// How much waits, for a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waiting {
    /// Operations that are not acknowledged.
    pub unsent: u32,
    /// Operations that wait for their author.
    pub attention: u32,
}

/// How much waits.
pub fn waiting(reader: &Reader<'_>) -> Result<Waiting, StoreError> {
    Ok(sql::waiting(reader)?)
}

fn raw(body: &Body) -> Result<RawBody, EnqueueError> {
    let raw = body.to_raw().map_err(|_| StoreError::Bug {
        where_: "every body has a form in JSON",
    })?;
    if raw.as_str().len() > limits::BODY_BYTES {
        return Err(LimitError {
            field: "body",
            reason: limits::LimitReason::TooLong {
                most: limits::BODY_BYTES,
            },
        }
        .into());
    }
    Ok(raw)
}

/// A new id. A random source that repeats itself must not make one operation of two, so an id that is taken is counted on.
fn new_id(reader: &Reader<'_>, moment: Moment<'_>) -> Result<OpId, StoreError> {
    // A clock before 1970 was never set; all such ids carry 1970 and differ by their random part.
    let millis = u64::try_from(moment.now.0).unwrap_or(0);
    let mut bytes = [0; 10];
    moment.random.fill(&mut bytes);
    loop {
        let id = OpId::new(millis, &bytes);
        if !sql::is_taken(reader, id)? {
            return Ok(id);
        }
        for byte in bytes.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }
}

/// The zone in which the phone is, and its offset now.
pub(crate) fn place(reader: &Reader<'_>, now: UtcMillis) -> Result<(ZoneName, UtcOffset), StoreError> {
    let zone = zone_table::history(reader)?.latest().unwrap_or(Tz::Asia__Tokyo);
    let offset_min = ZoneOffsets::new(zone).period(now).offset_ms / crate::time::MINUTE_MS;
    let offset = i16::try_from(offset_min).ok().and_then(UtcOffset::from_minutes);
    ZoneName::parse(zone.name()).zip(offset).ok_or(StoreError::Bug {
        where_: "every zone of the database has a name and an offset that travel",
    })
}
