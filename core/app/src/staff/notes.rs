//! Notes of the staff about a case, in a log that no participant has.
//!
//! ```text
//!   fold of the staff log, by number ─┐
//!   lost entries of others ───────────┼─ by place ─▶ edits and deletions that wait are drawn over it ─▶ notes
//!   own notes that wait ──────────────┘
//! ```
//!
//! The rules are those of messages: what nobody has seen is changed in its place, what somebody may have seen is followed by another
//! operation, only the author changes a note, and a deletion wins for ever. One thing is simpler: there is no tray. What was refused
//! stands in the list and says so. Source: sync.md 3.6, 4.4, 6.3.

use std::fmt;

use ayumi_protocol::body::{Body, BodyReading, NoteDeleted, NoteEdited, NotePosted, NoteTopic};
use ayumi_protocol::cursor::Seq;
use ayumi_protocol::entry::Entry;
use ayumi_protocol::id::{AccountId, CaseId, OpId};
use ayumi_protocol::limits::{LimitError, LimitReason};
use ayumi_protocol::session::Role;
use ayumi_protocol::version::AppVersion;

use super::{Staff, StaffError, signed_in, sql, staff_log};
use crate::case;
use crate::chat::{Attention, Author, Delivery};
use crate::store::{Reader, Topic, WriteTransaction};
use crate::sync::outbox::{self, NewOperation, OperationState, Outgoing};
use crate::sync::replica;
use crate::time::UtcMillis;

/// A note as it is written.
#[derive(Clone, PartialEq, Eq)]
pub struct NewNote {
    /// What it is for.
    pub topic: NoteTopic,
    /// The text; not empty, as long as a message at most.
    pub text: String,
    /// The entry of the care log that it is about.
    pub about_seq: Option<Seq>,
}

impl NewNote {
    /// Something to remember.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            topic: NoteTopic::Note,
            text: text.into(),
            about_seq: None,
        }
    }
}

/// Without what was written.
impl fmt::Debug for NewNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewNote")
            .field("topic", &self.topic)
            .field("about_seq", &self.about_seq)
            .finish_non_exhaustive()
    }
}

/// A note as it is shown.
#[derive(Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own that a screen shows"
)]
pub struct Note {
    /// Its identity.
    pub op_id: OpId,
    /// Its number in the staff log; `None`: not there.
    pub seq: Option<Seq>,
    /// Who wrote it.
    pub author: Author,
    /// What it is for.
    pub topic: NoteTopic,
    /// The entry of the care log that it is about.
    pub about_seq: Option<Seq>,
    /// The text as it reads now. `None`: deleted, erased, or to be read by a newer app.
    pub text: Option<String>,
    /// The author's clock when it was written.
    pub occurred_at: UtcMillis,
    /// The author's local time minus UTC at that moment, in minutes.
    pub utc_offset_min: i16,
    /// The server's clock when it was recorded; `None`: not sent yet, or lost.
    pub recorded_at: Option<UtcMillis>,
    /// How far an own note has come, never `Read`; `None` for those of others.
    pub delivery: Option<Delivery>,
    /// Its author has changed it after it was recorded.
    pub is_edited: bool,
    /// An own edit or deletion that is shown already is not in the log yet.
    pub has_unsent_change: bool,
    /// An own edit or deletion that was refused, and is not shown.
    pub refused_change: Option<RefusedChange>,
    /// Deleted by its author.
    pub is_deleted: bool,
    /// Its content was removed on the server.
    pub is_erased: bool,
    /// A restored server lost it; it comes back when its author's phone offers it again.
    pub is_lost: bool,
    /// The app that is needed to read it; `None`: this one reads it.
    pub needs_app: Option<AppVersion>,
}

/// Without names and texts.
impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Note")
            .field("op_id", &self.op_id)
            .field("seq", &self.seq)
            .field("delivery", &self.delivery)
            .field("is_deleted", &self.is_deleted)
            .finish_non_exhaustive()
    }
}

/// A change of a note that the server refused.
#[derive(Clone, PartialEq, Eq)]
pub struct RefusedChange {
    /// The operation, for [`Staff::send_note_again`] and [`Staff::discard_note`].
    pub op_id: OpId,
    /// The text; `None`: a deletion.
    pub text: Option<String>,
    /// Why.
    pub reason: Attention,
}

/// Without what was written.
impl fmt::Debug for RefusedChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefusedChange")
            .field("op_id", &self.op_id)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// A note of the fold, of the outbox, or one that a restored server lost.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Stored {
    pub seq: Option<Seq>,
    pub op_id: OpId,
    pub author_id: AccountId,
    pub author_role: Role,
    pub topic: NoteTopic,
    pub about_seq: Option<Seq>,
    pub text: Option<String>,
    pub is_deleted: bool,
    pub is_erased: bool,
    pub is_edited: bool,
    pub needs_app: Option<AppVersion>,
    pub occurred_at: UtcMillis,
    pub utc_offset_min: i16,
    pub recorded_at: Option<UtcMillis>,
    pub is_lost: bool,
    pub has_unsent_change: bool,
    pub refused_change: Option<RefusedChange>,
    pub outgoing: Option<Box<Outgoing>>,
}

impl Stored {
    fn of_outgoing(outgoing: &Outgoing, posted: NotePosted, author_id: AccountId) -> Self {
        let operation = &outgoing.operation;
        Self {
            seq: outgoing.server_seq,
            op_id: operation.op_id,
            author_id,
            author_role: Role::Dietitian,
            topic: posted.topic,
            about_seq: posted.about_seq,
            text: Some(posted.text),
            is_deleted: false,
            is_erased: false,
            is_edited: false,
            needs_app: None,
            occurred_at: operation.occurred_at_ms.into(),
            utc_offset_min: operation.utc_offset_min.minutes(),
            recorded_at: outgoing.recorded_at,
            is_lost: false,
            has_unsent_change: false,
            refused_change: None,
            outgoing: Some(Box::new(outgoing.clone())),
        }
    }

    fn of_lost(entry: &Entry, posted: NotePosted) -> Self {
        Self {
            seq: None,
            op_id: entry.op_id,
            author_id: entry.author_id,
            author_role: entry.author_role.clone(),
            topic: posted.topic,
            about_seq: posted.about_seq,
            text: Some(posted.text),
            is_deleted: false,
            is_erased: false,
            is_edited: false,
            needs_app: None,
            occurred_at: entry.occurred_at_ms.into(),
            utc_offset_min: entry.utc_offset_min.minutes(),
            recorded_at: None,
            is_lost: true,
            has_unsent_change: false,
            refused_change: None,
            outgoing: None,
        }
    }

    /// Whether an edit can still show on it.
    fn can_change(&self) -> bool {
        !self.is_deleted && !self.is_erased && self.needs_app.is_none()
    }

    /// Draws a change over it, by the rules of the fold: only its author's, and a deletion wins for ever.
    fn apply(&mut self, author_id: AccountId, text: Option<String>, is_unsent: bool) {
        if author_id != self.author_id || !self.can_change() {
            return;
        }
        self.has_unsent_change |= is_unsent;
        self.is_deleted = text.is_none();
        self.is_edited |= text.is_some();
        self.text = text;
    }

    fn delivery(&self) -> Delivery {
        let Some(outgoing) = &self.outgoing else {
            return if self.seq.is_some() {
                Delivery::Sent
            } else {
                Delivery::Waiting
            };
        };
        match (Attention::of(outgoing), outgoing.state) {
            (Some(attention), _) => Delivery::NeedsAttention(attention),
            (None, OperationState::Sent) => Delivery::Sent,
            (None, _) => Delivery::Waiting,
        }
    }

    /// Whether it is still to be acknowledged, so that what belongs to it has to come after it.
    fn waits(&self) -> bool {
        let outgoing = self.outgoing.as_ref();
        outgoing.is_some_and(|outgoing| outgoing.state != OperationState::Sent)
    }

    fn is_refused(&self) -> bool {
        let outgoing = self.outgoing.as_ref();
        outgoing.is_some_and(|outgoing| is_refused(outgoing))
    }
}

fn is_refused(outgoing: &Outgoing) -> bool {
    matches!(
        outgoing.state,
        OperationState::Parked | OperationState::NeedsConfirmation
    )
}

/// What an operation does to the notes.
enum Said {
    Posted(NotePosted),
    /// Another text, or `None`: deleted.
    Changed(OpId, Option<String>),
}

impl Said {
    fn of_body(body: Body) -> Option<Self> {
        match body {
            Body::NotePosted(posted) => Some(Self::Posted(posted)),
            Body::NoteEdited(edited) => Some(Self::Changed(edited.target, Some(edited.text))),
            Body::NoteDeleted(deleted) => Some(Self::Changed(deleted.target, None)),
            _ => None,
        }
    }

    fn of(outgoing: &Outgoing) -> Option<Self> {
        let operation = &outgoing.operation;
        match Body::read(&operation.kind, operation.body_version, &operation.body) {
            Ok(BodyReading::Known(body)) => Self::of_body(body),
            _ => None,
        }
    }

    fn of_entry(entry: &Entry) -> Option<Self> {
        match entry.read_body() {
            Ok(Some(BodyReading::Known(body))) => Self::of_body(body),
            _ => None,
        }
    }
}

/// The notes of a case as they read now, in the order of the log, with own ones that wait behind them.
fn read(reader: &Reader<'_>, case_id: CaseId, own: AccountId) -> Result<Vec<Stored>, StaffError> {
    let log = staff_log(case_id);
    let mut notes = sql::notes(reader, case_id)?;
    let mut changes = Vec::new();
    for (after, entry) in replica::sql::lost(reader, log)? {
        match Said::of_entry(&entry) {
            Some(Said::Posted(posted)) => {
                let is_behind = |note: &Stored| note.seq.is_none_or(|seq| seq <= after);
                let place = notes.iter().take_while(|note| is_behind(note)).count();
                notes.insert(place, Stored::of_lost(&entry, posted));
            }
            Some(Said::Changed(target, text)) => changes.push((target, entry.author_id, text, false)),
            None => {}
        }
    }
    let mut refused = Vec::new();
    for outgoing in outbox::sql::talk_of_log(reader, log)? {
        match Said::of(&outgoing) {
            Some(Said::Posted(posted)) => notes.push(Stored::of_outgoing(&outgoing, posted, own)),
            Some(Said::Changed(target, text)) if is_refused(&outgoing) => refused.push((
                target,
                RefusedChange {
                    op_id: outgoing.operation.op_id,
                    text,
                    reason: Attention::of(&outgoing).unwrap_or(Attention::KeepsFailing),
                },
            )),
            Some(Said::Changed(target, text)) => {
                changes.push((target, own, text, outgoing.state != OperationState::Sent));
            }
            None => {}
        }
    }
    for note in &mut notes {
        let op_id = note.op_id;
        for (_, author_id, text, is_unsent) in changes.iter().filter(|(target, ..)| *target == op_id) {
            note.apply(*author_id, text.clone(), *is_unsent);
        }
        if !note.is_refused() {
            let of_note = refused.iter().rev().find(|(target, _)| *target == op_id);
            note.refused_change = of_note.map(|(_, change)| change.clone());
        }
    }
    Ok(notes)
}

impl Staff<'_> {
    /// The notes about a case, oldest first: what the log holds, then what was written here and is not in it yet.
    ///
    /// Errors: `SignedOut`; `NotStaff`; `Store`. A case that is not on this phone has no notes.
    pub fn notes(&self, case_id: CaseId) -> Result<Vec<Note>, StaffError> {
        self.store.read(|reader| {
            let own = signed_in(reader)?.account_id;
            let record = case::record(reader, case_id)?;
            let acting = record.map_or_else(Vec::new, |record| record.acting);
            let name = |author: AccountId| {
                let staff = acting.iter().find(|staff| staff.account_id == author);
                staff.map(|staff| staff.name.clone())
            };
            let shown = |note: Stored| {
                let is_own = note.author_id == own;
                Note {
                    op_id: note.op_id,
                    seq: note.seq,
                    delivery: is_own.then(|| note.delivery()),
                    author: Author {
                        account_id: note.author_id,
                        name: name(note.author_id),
                        role: note.author_role,
                        is_own,
                    },
                    topic: note.topic,
                    about_seq: note.about_seq,
                    text: note.text,
                    occurred_at: note.occurred_at,
                    utc_offset_min: note.utc_offset_min,
                    recorded_at: note.recorded_at,
                    is_edited: note.is_edited,
                    has_unsent_change: note.has_unsent_change,
                    refused_change: note.refused_change,
                    is_deleted: note.is_deleted,
                    is_erased: note.is_erased,
                    is_lost: note.is_lost,
                    needs_app: note.needs_app,
                }
            };
            Ok(read(reader, case_id, own)?.into_iter().map(shown).collect())
        })
    }

    /// Adds a note. Returns its identity.
    ///
    /// Errors: `Limit`; `NoSuchCase` if the staff log of the case is not on this phone; `SignedOut`; `NotStaff`; `Store`.
    pub fn add_note(&self, case_id: CaseId, note: NewNote) -> Result<OpId, StaffError> {
        self.store.write(|tx| {
            signed_in(tx)?;
            let posted = NotePosted {
                topic: note.topic,
                text: note.text,
                about_seq: note.about_seq,
            };
            self.say(tx, case_id, posted.into(), None)
        })
    }

    /// Gives an own note another text. The same text again changes nothing. Returns its identity, which is another one only for a note
    /// that was refused: that is said anew.
    ///
    /// Errors: `Limit`; `NotOwn`; `NoSuchNote` if it is not there, deleted or erased; `SignedOut`; `NotStaff`; `Store`.
    pub fn edit_note(&self, case_id: CaseId, op_id: OpId, text: &str) -> Result<OpId, StaffError> {
        self.store.write(|tx| {
            let note = changeable(tx, case_id, op_id)?;
            discard_refused_change(tx, &note)?;
            if note.text.as_deref() == Some(text) {
                return Ok(op_id);
            }
            check_said(text)?;
            let posted = NotePosted {
                topic: note.topic.clone(),
                text: text.to_owned(),
                about_seq: note.about_seq,
            };
            if note.is_refused() {
                outbox::discard(tx, op_id)?;
                return self.say(tx, case_id, posted.into(), None);
            }
            if note.outgoing.is_some() && outbox::rewrite_unsent(tx, op_id, &posted.into())? {
                tx.notify(Topic::Case(case_id));
                return Ok(op_id);
            }
            let edited = NoteEdited {
                target: op_id,
                text: text.to_owned(),
            };
            self.say(tx, case_id, edited.into(), Some(&note))?;
            Ok(op_id)
        })
    }

    /// Deletes an own note. One that nobody has seen is taken back.
    ///
    /// Errors: `NotOwn`; `NoSuchNote` if it is not there, deleted or erased; `SignedOut`; `NotStaff`; `Store`.
    pub fn delete_note(&self, case_id: CaseId, op_id: OpId) -> Result<(), StaffError> {
        self.store.write(|tx| {
            let note = changeable(tx, case_id, op_id)?;
            tx.notify(Topic::Case(case_id));
            if note.is_refused() {
                return Ok(outbox::discard(tx, op_id)?);
            }
            if outbox::cancel_unsent(tx, op_id)? {
                return Ok(());
            }
            discard_refused_change(tx, &note)?;
            self.say(tx, case_id, NoteDeleted { target: op_id }.into(), Some(&note))?;
            Ok(())
        })
    }

    /// Sends a refused note, or a refused change of one, after all: as it is, under its id.
    ///
    /// Errors: `NoSuchNote` if it is neither; `NoSuchCase` if the case is not on this phone any more; `SignedOut`; `NotStaff`; `Store`.
    pub fn send_note_again(&self, op_id: OpId) -> Result<(), StaffError> {
        self.store.write(|tx| {
            let outgoing = refused_note(tx, op_id)?;
            outbox::send_again(tx, self.clock.now(), op_id)?;
            tx.notify(Topic::Case(outgoing.log.case_id));
            Ok(())
        })
    }

    /// Throws a refused note, or a refused change of one, away.
    ///
    /// Errors: `NoSuchNote` if it is neither; `SignedOut`; `NotStaff`; `Store`.
    pub fn discard_note(&self, op_id: OpId) -> Result<(), StaffError> {
        self.store.write(|tx| {
            let outgoing = refused_note(tx, op_id)?;
            outbox::discard(tx, op_id)?;
            tx.notify(Topic::Case(outgoing.log.case_id));
            Ok(())
        })
    }

    /// Puts an operation into the outbox of the staff log. A change of a note that was not sent yet gives its place to this one: of
    /// several changes only the last counts.
    fn say(
        &self,
        tx: &WriteTransaction<'_>,
        case_id: CaseId,
        body: Body,
        changed: Option<&Stored>,
    ) -> Result<OpId, StaffError> {
        let new = NewOperation {
            log: staff_log(case_id),
            body,
            subject: changed.map(|note| format!("note:{}", note.op_id)),
            depends_on: changed.filter(|note| note.waits()).map(|note| note.op_id),
            min_app_version: None,
        };
        let op_id = outbox::enqueue(tx, self.moment(), new)?;
        tx.notify(Topic::Case(case_id));
        Ok(op_id)
    }
}

/// An own note that can be changed.
fn changeable(tx: &WriteTransaction<'_>, case_id: CaseId, op_id: OpId) -> Result<Stored, StaffError> {
    let own = signed_in(tx)?.account_id;
    let found = read(tx, case_id, own)?
        .into_iter()
        .find(|note| note.op_id == op_id && note.can_change() && !note.is_lost)
        .ok_or(StaffError::NoSuchNote)?;
    if found.author_id == own {
        Ok(found)
    } else {
        Err(StaffError::NotOwn)
    }
}

/// What she says of a note now takes the place of what was refused.
fn discard_refused_change(tx: &WriteTransaction<'_>, note: &Stored) -> Result<(), StaffError> {
    if let Some(change) = &note.refused_change {
        outbox::discard(tx, change.op_id)?;
    }
    Ok(())
}

fn refused_note(tx: &WriteTransaction<'_>, op_id: OpId) -> Result<Outgoing, StaffError> {
    signed_in(tx)?;
    outbox::sql::find(tx, op_id)?
        .filter(|outgoing| is_refused(outgoing) && Said::of(outgoing).is_some())
        .ok_or(StaffError::NoSuchNote)
}

fn check_said(text: &str) -> Result<(), LimitError> {
    if text.trim().is_empty() {
        return Err(LimitError {
            field: "text",
            reason: LimitReason::Empty,
        });
    }
    Ok(())
}
