//! What a log says about its case: who she is, whether she consents, who acts for her, and when somebody last wrote.

pub(crate) mod fold;
pub(crate) mod reported;
mod sql;

use ayumi_protocol::body::{ActingStaff, AssignmentChanged, Body, ConsentGiven, ConsentWithdrawn};
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::{CaseId, OpId, SocietyId};
use ayumi_protocol::session::ConsentVersion;

use crate::clock::{Clock, Random};
use crate::store::{Reader, Store, StoreError};
use crate::sync::account;
use crate::sync::outbox::{self, EnqueueError, Moment, NewOperation};
use crate::time::UtcMillis;

/// What she has said about the processing of her data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consent {
    /// Nothing yet.
    None,
    /// Yes, to this version of the text.
    Given(ConsentVersion),
    /// No longer.
    Withdrawn,
}

/// A case as its log tells it.
#[derive(Clone, PartialEq, Eq)]
pub struct CaseRecord {
    /// The case.
    pub case_id: CaseId,
    /// Her name as her society invited her; `None` until that entry has arrived.
    pub name: Option<String>,
    /// How it is read.
    pub name_reading: Option<String>,
    /// Her society.
    pub society_id: Option<SocietyId>,
    /// Its name.
    pub society_name: Option<String>,
    /// Her consent.
    pub consent: Consent,
    /// Who may act, the dietitian first; with name, picture and reply hours, so that she sees offline who answers.
    pub acting: Vec<ActingStaff>,
    /// Her last entry, by the server's clock.
    pub last_participant_at: Option<UtcMillis>,
    /// The last message of the staff, by the server's clock.
    pub last_staff_at: Option<UtcMillis>,
}

/// Only whose: the rest is about a person.
impl std::fmt::Debug for CaseRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CaseRecord")
            .field("case_id", &self.case_id)
            .finish_non_exhaustive()
    }
}

/// The cases on this phone: her own, or those of a member of the staff.
#[derive(Debug, Clone, Copy)]
pub struct Cases<'a> {
    store: &'a Store,
    clock: &'a dyn Clock,
    random: &'a dyn Random,
}

impl<'a> Cases<'a> {
    pub(crate) const fn new(store: &'a Store, clock: &'a dyn Clock, random: &'a dyn Random) -> Self {
        Self { store, clock, random }
    }

    /// The record of a case; `None` until anything of its log has arrived.
    pub fn record(&self, case_id: CaseId) -> Result<Option<CaseRecord>, StoreError> {
        self.store.read(|reader| record(reader, case_id))
    }

    /// The records of every case on this phone, ascending by id.
    pub fn records(&self) -> Result<Vec<CaseRecord>, StoreError> {
        self.store.read(records)
    }

    /// She agrees to a text, which was on her screen. What waited for that is sent after it.
    ///
    /// Errors: `SignedOut` if nobody is signed in, or a member of the staff is; `Store`.
    pub fn give_consent(
        &self,
        text_version: ConsentVersion,
        text_sha256: Sha256,
    ) -> Result<OpId, EnqueueError> {
        self.say(ConsentGiven {
            text_version,
            text_sha256,
        })
    }

    /// She leaves. From now on nothing but this is sent, until she agrees again.
    ///
    /// Errors: as [`give_consent`](Self::give_consent); `Gone` if she has not agreed to anything.
    pub fn withdraw_consent(&self) -> Result<OpId, EnqueueError> {
        let account = self.store.read(account::read)?.ok_or(EnqueueError::SignedOut)?;
        let case_id = account.case_id.ok_or(EnqueueError::SignedOut)?;
        let given = match self.record(case_id)?.map(|record| record.consent) {
            Some(Consent::Given(version)) => Some(version),
            _ => account.consent_version,
        };
        let text_version = given.ok_or(EnqueueError::Gone)?;
        self.say(ConsentWithdrawn { text_version })
    }

    fn say(&self, body: impl Into<Body>) -> Result<OpId, EnqueueError> {
        let body = body.into();
        self.store.write(|tx| {
            let account = account::read(tx)?.ok_or(EnqueueError::SignedOut)?;
            let case_id = account.case_id.ok_or(EnqueueError::SignedOut)?;
            let moment = Moment {
                now: self.clock.now(),
                random: self.random,
            };
            outbox::enqueue(tx, moment, NewOperation::care(case_id, body))
        })
    }
}

/// The record of a case, if anything of its log has arrived.
pub fn record(reader: &Reader<'_>, case_id: CaseId) -> Result<Option<CaseRecord>, StoreError> {
    Ok(sql::find(reader, case_id)?)
}

/// The records of every case on this phone, ascending by id.
pub fn records(reader: &Reader<'_>) -> Result<Vec<CaseRecord>, StoreError> {
    Ok(sql::all(reader)?)
}

fn acting_of(json: Option<&str>) -> Vec<ActingStaff> {
    json.and_then(|text| serde_json::from_str::<AssignmentChanged>(text).ok())
        .map_or_else(Vec::new, |body| body.acting)
}
