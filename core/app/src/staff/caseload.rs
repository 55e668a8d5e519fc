//! The caseload: one line for each case, the one that needs her most first. Source: sync.md 3.5; programme.md, start of the day.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ayumi_protocol::caseload::CaseloadAnswer;
use ayumi_protocol::cursor::{Audience, LogName, Seq};
use ayumi_protocol::id::{CaseId, SocietyId};

use super::{Staff, StaffError, signed_in, sql};
use crate::case::{self, CaseRecord, Consent};
use crate::chat;
use crate::store::{Reader, StoreError, Topic, WriteTransaction};
use crate::sync::replica;
use crate::time::{DAY_MS, UtcMillis};

/// A participant of whom nothing has arrived for this many days is silent. Her phone reports steps by itself, so a week without
/// anything means that the app is not used, or gone.
pub const SILENT_DAYS: u32 = 7;

/// What a case asks of her, the most pressing first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// A message of the participant has no answer.
    Answer,
    /// Something was not read, though nothing waits for an answer.
    Reading,
    /// The participant is silent.
    Silence,
    /// Nothing.
    Nothing,
}

/// One case of a caseload.
#[derive(Clone, PartialEq, Eq)]
pub struct CaseloadLine {
    /// The case.
    pub case_id: CaseId,
    /// Her name; `None` until anything has arrived.
    pub name: Option<String>,
    /// How it is read.
    pub name_reading: Option<String>,
    /// Her society.
    pub society_id: Option<SocietyId>,
    /// Its name; not told by the server's summary.
    pub society_name: Option<String>,
    /// Her consent; `Consent::None` too until her log has arrived.
    pub consent: Consent,
    /// Who is signed in stands in for her dietitian.
    pub is_substitute: bool,
    /// Messages of others that were not read, at most [`chat::UNREAD_MOST`](crate::chat::UNREAD_MOST).
    pub unread: u32,
    /// When her first message without an answer was recorded, by the server's clock. An answer that waits to be sent is one; one that
    /// was refused is not.
    pub waiting_since: Option<UtcMillis>,
    /// Own messages that were not sent and wait for their author.
    pub not_sent: u32,
    /// Her last entry of any kind, by the server's clock.
    pub last_participant_at: Option<UtcMillis>,
    /// The last message of the staff, by the server's clock.
    pub last_staff_at: Option<UtcMillis>,
    /// Whole days since her last entry, by this phone's clock; `None` if she never wrote.
    pub silent_days: Option<u32>,
    /// Not everything that the server has is on this phone yet, so the line may be out of date.
    pub is_replicating: bool,
    /// It is the server's summary: nothing of her log has arrived.
    pub is_summary: bool,
    /// What it asks of her.
    pub need: Need,
}

/// Only whose, and what is to be done: the rest is about a person.
impl fmt::Debug for CaseloadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaseloadLine")
            .field("case_id", &self.case_id)
            .field("need", &self.need)
            .field("is_replicating", &self.is_replicating)
            .finish_non_exhaustive()
    }
}

/// What the server said of a case of which nothing has arrived.
#[derive(Clone)]
pub(super) struct Summary {
    pub case_id: CaseId,
    pub society_id: SocietyId,
    pub name: String,
    pub is_substitute: bool,
    pub last_participant_at: Option<UtcMillis>,
    pub last_staff_at: Option<UtcMillis>,
}

impl Staff<'_> {
    /// Her cases, from one state of the data: first who waits for an answer, the longest wait first; then what was not read; then who
    /// is silent, the longest silence first; then the rest by name.
    ///
    /// Errors: `SignedOut`; `NotStaff`; `Store`.
    pub fn caseload(&self) -> Result<Vec<CaseloadLine>, StaffError> {
        let now = self.clock.now();
        self.store.read(|reader| caseload(reader, now))
    }
}

fn caseload(reader: &Reader<'_>, now: UtcMillis) -> Result<Vec<CaseloadLine>, StaffError> {
    let account = signed_in(reader)?;
    let mut lines: BTreeMap<CaseId, CaseloadLine> = BTreeMap::new();
    for replica in replica::all_growing(reader)? {
        let Replicated {
            case_id,
            is_replicating,
        } = replicated(&replica);
        let line = lines.entry(case_id).or_insert_with(|| empty(case_id));
        line.is_replicating |= is_replicating;
    }
    for summary in sql::summaries(reader)? {
        let line = lines
            .entry(summary.case_id)
            .or_insert_with(|| empty(summary.case_id));
        line.name = Some(summary.name);
        line.society_id = Some(summary.society_id);
        line.is_substitute = summary.is_substitute;
        line.last_participant_at = summary.last_participant_at;
        line.last_staff_at = summary.last_staff_at;
        line.is_replicating = true;
        line.is_summary = true;
    }
    for record in case::records(reader)? {
        if let Some(line) = lines.get_mut(&record.case_id) {
            line.take_record(record, account.account_id);
        }
    }
    let cases: BTreeSet<CaseId> = lines.keys().copied().collect();
    for state in chat::states(reader, &cases, account.account_id)? {
        if let Some(line) = lines.get_mut(&state.case_id) {
            line.unread = state.unread;
            line.waiting_since = state.waiting_since;
            line.not_sent = state.not_sent;
        }
    }
    let mut lines: Vec<CaseloadLine> = lines.into_values().collect();
    for line in &mut lines {
        line.silent_days = line.last_participant_at.map(|at| days_between(at, now));
        line.need = line.need();
    }
    lines.sort_by(|one, other| one.order().cmp(&other.order()));
    Ok(lines)
}

struct Replicated {
    case_id: CaseId,
    is_replicating: bool,
}

fn replicated(replica: &replica::Replica) -> Replicated {
    let is_empty_care = replica.log.audience == Audience::Care && replica.cursor.seq == Seq::START;
    Replicated {
        case_id: replica.log.case_id,
        // Every care log has an entry that opens the case, so an empty copy is one that nothing was read into.
        is_replicating: is_empty_care || !replica.is_shown || replica.cursor.seq < replica.head,
    }
}

const fn empty(case_id: CaseId) -> CaseloadLine {
    CaseloadLine {
        case_id,
        name: None,
        name_reading: None,
        society_id: None,
        society_name: None,
        consent: Consent::None,
        is_substitute: false,
        unread: 0,
        waiting_since: None,
        not_sent: 0,
        last_participant_at: None,
        last_staff_at: None,
        silent_days: None,
        is_replicating: false,
        is_summary: false,
        need: Need::Nothing,
    }
}

/// A clock that was set back makes nobody silent.
fn days_between(from: UtcMillis, to: UtcMillis) -> u32 {
    u32::try_from(to.since(from).max(0) / DAY_MS).unwrap_or(u32::MAX)
}

impl CaseloadLine {
    fn take_record(&mut self, record: CaseRecord, own: ayumi_protocol::id::AccountId) {
        self.is_substitute = record
            .acting
            .iter()
            .any(|staff| staff.account_id == own && staff.is_substitute);
        self.name = record.name;
        self.name_reading = record.name_reading;
        self.society_id = record.society_id;
        self.society_name = record.society_name;
        self.consent = record.consent;
        self.last_participant_at = record.last_participant_at;
        self.last_staff_at = record.last_staff_at;
    }

    fn need(&self) -> Need {
        let is_over = self.consent == Consent::Withdrawn;
        let is_silent = self.silent_days.is_some_and(|days| days >= SILENT_DAYS);
        match self {
            // Nothing may be written to somebody who has left.
            _ if is_over => Need::Nothing,
            Self {
                waiting_since: Some(_),
                ..
            } => Need::Answer,
            Self { unread: 1.., .. } => Need::Reading,
            _ if is_silent => Need::Silence,
            _ => Need::Nothing,
        }
    }

    /// Smaller comes first. What decides within a need stands behind it; a case decides between equals, so that a list stands still.
    fn order(&self) -> impl Ord + '_ {
        let waiting = self
            .waiting_since
            .filter(|_| self.need == Need::Answer)
            .map(|since| since.0);
        let unread = Reverse(if self.need == Need::Reading {
            self.unread
        } else {
            0
        });
        let silent = match self.need {
            Need::Silence => Reverse(self.silent_days),
            _ => Reverse(None),
        };
        let name = self.name_reading.as_deref().or(self.name.as_deref());
        (self.need, waiting, unread, silent, name, self.case_id)
    }
}

/// Keeps what the server said of the cases of which nothing has arrived, in the place of what it said before.
pub(crate) fn keep_summaries(tx: &WriteTransaction<'_>, answer: &CaseloadAnswer) -> Result<(), StoreError> {
    sql::delete_summaries(tx)?;
    for case in &answer.cases {
        let log = LogName {
            case_id: case.case_id,
            audience: Audience::Care,
        };
        let shown = replica::shown(tx, log)?;
        if shown.is_none_or(|replica| replica.cursor.seq == Seq::START) {
            sql::insert_summary(tx, case)?;
            tx.notify(Topic::Case(case.case_id));
        }
    }
    Ok(())
}

/// The case is not hers any more.
pub(crate) fn forget_summary(tx: &WriteTransaction<'_>, case_id: CaseId) -> Result<(), StoreError> {
    Ok(sql::delete_summary(tx, case_id)?)
}
