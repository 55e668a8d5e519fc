//! The caseload of a member of the staff, as the server sees it: what is shown until the replicas have arrived, and which logs to replicate.

use serde::{Deserialize, Serialize};

use crate::cursor::{Audience, Seq};
use crate::id::{CaseId, SocietyId};
use crate::limits::{self, LimitError, check};
use crate::time::UtcMillis;
use crate::wire::Wire;

/// The cases that are assigned to the one who asks, in any society.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CaseloadAnswer {
    /// The server's clock.
    pub server_time_ms: UtcMillis,
    /// The cases, the last one active first.
    #[cfg_attr(feature = "openapi", schema(max_items = 1000))]
    pub cases: Vec<CaseSummary>,
}

impl Wire for CaseloadAnswer {
    const MOST_BYTES: usize = limits::SMALL_ANSWER_BYTES;

    fn check(&self) -> Result<(), LimitError> {
        check::length("cases", self.cases.len(), limits::PULL_LOGS)
    }
}

/// One case of a caseload. What is due and unread follows from the log and is not told here.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CaseSummary {
    /// The case.
    pub case_id: CaseId,
    /// Her society.
    pub society_id: SocietyId,
    /// Her name.
    pub name: String,
    /// The one who asks stands in for her dietitian.
    pub is_substitute: bool,
    /// The logs to replicate, each with its end.
    pub heads: Vec<LogHead>,
    /// When she last wrote or recorded anything; absent if she never did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_participant_entry_at_ms: Option<UtcMillis>,
    /// When the staff last wrote anything; absent if it never did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_staff_entry_at_ms: Option<UtcMillis>,
}

/// The end of one log of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogHead {
    /// Which log.
    pub audience: Audience,
    /// Place of its last entry; 0 for an empty log.
    pub head_seq: Seq,
}

silent_debug!(CaseSummary);
