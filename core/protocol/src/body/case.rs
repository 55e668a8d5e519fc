//! The case itself: consent, who may act, erasure.

use serde::{Deserialize, Serialize};

use super::course::Qualification;
use super::{Check, each};
use crate::cursor::Seq;
use crate::hash::Sha256;
use crate::id::{AccountId, SocietyId};
use crate::limits::{self, LimitError, check};
use crate::session::{ConsentVersion, Role};

/// `consent.given`: she agrees to a text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsentGiven {
    /// Version of the text.
    pub text_version: ConsentVersion,
    /// Hash of the text that was on her screen.
    pub text_sha256: Sha256,
}

impl Check for ConsentGiven {}

/// `consent.withdrawn`: she leaves. No reason is asked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsentWithdrawn {
    /// Version of the text to which she had agreed.
    pub text_version: ConsentVersion,
}

impl Check for ConsentWithdrawn {}

/// `case.opened`: who she is, as her society invited her.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CaseOpened {
    /// Her name.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub name: String,
    /// How it is read (よみがな), if the society told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub name_reading: Option<String>,
    /// Her society.
    pub society_id: SocietyId,
    /// Its name.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub society_name: String,
}

impl Check for CaseOpened {
    fn check(&self) -> Result<(), LimitError> {
        check::text("name", &self.name, limits::LINE_CHARS)?;
        if let Some(reading) = &self.name_reading {
            check::text("name_reading", reading, limits::LINE_CHARS)?;
        }
        check::text("society_name", &self.society_name, limits::LINE_CHARS)
    }
}

/// `assignment.changed`: everybody who may act for the case, so that she sees offline who answers.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssignmentChanged {
    /// The dietitian first, then the substitutes; empty while nobody is assigned.
    #[cfg_attr(feature = "openapi", schema(max_items = 20))]
    pub acting: Vec<ActingStaff>,
}

/// Somebody who may act for a case.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActingStaff {
    /// The account.
    pub account_id: AccountId,
    /// In which role.
    pub role: Role,
    /// The name that she sees.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub name: String,
    /// The profession that she sees.
    pub qualification: Qualification,
    /// The picture that she sees, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture_sha256: Option<Sha256>,
    /// When an answer can be expected, in the staff's own words.
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub reply_hours: String,
    /// Stands in for the dietitian.
    pub is_substitute: bool,
}

impl Check for AssignmentChanged {
    fn check(&self) -> Result<(), LimitError> {
        each("acting", &self.acting, limits::ACTING_STAFF, |staff| {
            check::text("name", &staff.name, limits::LINE_CHARS)?;
            check::chars("reply_hours", &staff.reply_hours, limits::LINE_CHARS)
        })
    }
}

open_words! {
    /// Why a body was erased.
    pub enum ErasureReason: "the reason of an erasure" {
        /// She asked for it.
        Requested = "requested",
        /// It was never meant to be there.
        Accidental = "accidental",
        /// Its term has ended.
        TermEnded = "term_ended",
    }
}

/// `entry.erased`: the body of an earlier entry of this log is gone; its place, author and kind stay.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EntryErased {
    /// The entry.
    pub target_seq: Seq,
    /// Why.
    pub reason: ErasureReason,
}

impl Check for EntryErased {
    fn check(&self) -> Result<(), LimitError> {
        check::range("target_seq", self.target_seq.number(), 1, i64::MAX)
    }
}

silent_debug!(
    ConsentGiven,
    ConsentWithdrawn,
    CaseOpened,
    AssignmentChanged,
    ActingStaff,
    EntryErased
);
