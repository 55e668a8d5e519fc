//! What a log says about its case: who she is, whether she consents, who acts for her, and when somebody last wrote.

pub(crate) mod fold;
pub(crate) mod reported;
mod sql;

use ayumi_protocol::body::{ActingStaff, AssignmentChanged};
use ayumi_protocol::id::{CaseId, SocietyId};
use ayumi_protocol::session::ConsentVersion;

use crate::store::{Reader, StoreError};
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
