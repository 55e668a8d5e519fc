//! What a coordinator does for her society: inviting, assigning, and seeing to it that lost phones and departed staff have no access.
//!
//! She never sees a chat, a reading or a question; these types hold no field for one.

use serde::{Deserialize, Serialize};

use crate::body::Qualification;
use crate::id::{AccountId, CaseId, DeviceId, InvitationId, SocietyId};
use crate::limits::{self, LimitError, LimitReason, check};
use crate::session::{DeviceSummary, Role, Secret};
use crate::time::{LocalDate, UtcMillis};
use crate::wire::Wire;

/// Invites one person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitationRequest {
    /// Her society.
    pub society_id: SocietyId,
    /// Her name.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub name: String,
    /// How it is read, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub name_reading: Option<String>,
    /// With it the code is hers.
    pub birth_date: LocalDate,
    /// Who guides her from the start; absent if that is decided later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dietitian_id: Option<AccountId>,
    /// The society's own reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub external_ref: Option<String>,
}

impl Wire for InvitationRequest {
    const MOST_BYTES: usize = limits::SMALL_REQUEST_BYTES;

    fn check(&self) -> Result<(), LimitError> {
        check::text("name", &self.name, limits::LINE_CHARS)?;
        check::column("name", &self.name, limits::LINE_CHARS)?;
        for (field, text) in [
            ("name_reading", &self.name_reading),
            ("external_ref", &self.external_ref),
        ] {
            if let Some(text) = text {
                check::text(field, text, limits::LINE_CHARS)?;
                check::column(field, text, limits::LINE_CHARS)?;
            }
        }
        Ok(())
    }
}

/// An invitation with its code. A repeat of the request replaces the code, because the server keeps only a hash of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitationAnswer {
    /// The server's clock.
    pub server_time_ms: UtcMillis,
    /// The invitation.
    pub invitation_id: InvitationId,
    /// The code for her letter, shown once.
    pub code: Secret,
    /// Until when it can be used.
    pub expires_at_ms: UtcMillis,
}

impl Wire for InvitationAnswer {
    const MOST_BYTES: usize = limits::SMALL_ANSWER_BYTES;
}

/// Takes an invitation back, as long as nobody has used it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WithdrawInvitationRequest {
    /// The invitation.
    pub invitation_id: InvitationId,
}

impl Wire for WithdrawInvitationRequest {
    const MOST_BYTES: usize = limits::SMALL_REQUEST_BYTES;
}

/// Asks for the invitations of a society.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitationsRequest {
    /// The society.
    pub society_id: SocietyId,
    /// The last invitation of the page before; absent for the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<InvitationId>,
}

impl Wire for InvitationsRequest {
    const MOST_BYTES: usize = limits::SMALL_REQUEST_BYTES;
}

/// Invitations in the order in which they were made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitationsAnswer {
    /// The server's clock.
    pub server_time_ms: UtcMillis,
    /// A page of at most [`limits::LIST_ITEMS`].
    pub invitations: Vec<InvitationSummary>,
    /// There are more, after the last one.
    pub has_more: bool,
}

impl Wire for InvitationsAnswer {
    const MOST_BYTES: usize = limits::SMALL_ANSWER_BYTES;
}

open_words! {
    /// What became of an invitation.
    pub enum InvitationState: "the state of an invitation" {
        /// Its code can be used.
        Open = "open",
        /// She has enrolled.
        Used = "used",
        /// Its time is over.
        Expired = "expired",
        /// It was taken back.
        Withdrawn = "withdrawn",
    }
}

/// An invitation, without its code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitationSummary {
    /// The invitation.
    pub invitation_id: InvitationId,
    /// Who is invited.
    pub name: String,
    /// The society's own reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_ref: Option<String>,
    /// What became of it.
    pub state: InvitationState,
    /// When it was made.
    pub made_at_ms: UtcMillis,
    /// Until when its code can be used.
    pub expires_at_ms: UtcMillis,
}

/// Asks for the cases of a society.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CasesRequest {
    /// The society.
    pub society_id: SocietyId,
    /// The last case of the page before; absent for the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<CaseId>,
}

impl Wire for CasesRequest {
    const MOST_BYTES: usize = limits::SMALL_REQUEST_BYTES;
}

/// Cases in the order in which they were opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CasesAnswer {
    /// The server's clock.
    pub server_time_ms: UtcMillis,
    /// A page of at most [`limits::LIST_ITEMS`].
    pub cases: Vec<CaseOverview>,
    /// There are more, after the last one.
    pub has_more: bool,
}

impl Wire for CasesAnswer {
    const MOST_BYTES: usize = limits::SMALL_ANSWER_BYTES;
}

open_words! {
    /// What a participant has said about the processing of her data.
    pub enum ConsentState: "the state of a consent" {
        /// Nothing yet.
        None = "none",
        /// Yes.
        Given = "given",
        /// No longer.
        Withdrawn = "withdrawn",
    }
}

/// What a coordinator sees of a case.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CaseOverview {
    /// The case.
    pub case_id: CaseId,
    /// The participant's account, for a lost phone.
    pub account_id: AccountId,
    /// Her name.
    pub name: String,
    /// When she enrolled.
    pub opened_at_ms: UtcMillis,
    /// Whether she agreed.
    pub consent: ConsentState,
    /// Who acts for her.
    pub acting: Vec<ActingMember>,
    /// When she last wrote or recorded anything; absent if she never did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_participant_entry_at_ms: Option<UtcMillis>,
    /// When staff last wrote anything; absent if they never did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_staff_entry_at_ms: Option<UtcMillis>,
}

/// Somebody who acts for a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActingMember {
    /// A dietitian of the society of the case.
    pub account_id: AccountId,
    /// Stands in for her dietitian.
    pub is_substitute: bool,
}

/// Sets who acts for a case, all of them at once. Those who are not named lose access with their next request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssignmentRequest {
    /// The case.
    pub case_id: CaseId,
    /// Her dietitian and substitutes; at least one.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 20))]
    pub acting: Vec<ActingMember>,
}

impl Wire for AssignmentRequest {
    const MOST_BYTES: usize = limits::SMALL_REQUEST_BYTES;

    fn check(&self) -> Result<(), LimitError> {
        if self.acting.is_empty() {
            return check::fail("acting", LimitReason::Empty);
        }
        check::length("acting", self.acting.len(), limits::ACTING_STAFF)
    }
}

/// Asks for the staff of a society.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StaffRequest {
    /// The society.
    pub society_id: SocietyId,
    /// The last account of the page before; absent for the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<AccountId>,
}

impl Wire for StaffRequest {
    const MOST_BYTES: usize = limits::SMALL_REQUEST_BYTES;
}

/// The staff of a society.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StaffAnswer {
    /// The server's clock.
    pub server_time_ms: UtcMillis,
    /// A page of at most [`limits::STAFF_ITEMS`], in the order in which the accounts were made.
    pub staff: Vec<StaffMember>,
    /// There are more, after the last one.
    pub has_more: bool,
}

impl Wire for StaffAnswer {
    const MOST_BYTES: usize = limits::SMALL_ANSWER_BYTES;
}

open_words! {
    /// Whether an account can be used.
    pub enum AccountStatus: "the status of an account" {
        /// It can.
        Active = "active",
        /// Not for now; nothing is lost.
        Suspended = "suspended",
    }
}

/// A member of the staff.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StaffMember {
    /// The account.
    pub account_id: AccountId,
    /// The name.
    pub name: String,
    /// What they are in this society.
    pub roles: Vec<Role>,
    /// Absent if none was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qualification: Option<Qualification>,
    /// Whether they can sign in.
    pub status: AccountStatus,
    /// Signed-in devices, the last one seen first, at most [`limits::STAFF_DEVICES`].
    pub devices: Vec<DeviceSummary>,
}

/// Ends the session of somebody else's device: of a lost phone, or of staff who left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RevokeSessionRequest {
    /// Whose.
    pub account_id: AccountId,
    /// Which device; absent for all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<DeviceId>,
}

impl Wire for RevokeSessionRequest {
    const MOST_BYTES: usize = limits::SMALL_REQUEST_BYTES;
}

/// Stops an account, or lets it go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountStatusRequest {
    /// Whose.
    pub account_id: AccountId,
    /// What it is from now on.
    pub status: AccountStatus,
}

impl Wire for AccountStatusRequest {
    const MOST_BYTES: usize = limits::SMALL_REQUEST_BYTES;
}

silent_debug!(InvitationRequest, InvitationSummary, CaseOverview, StaffMember);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_no_database_stores_is_refused_before_it_gets_there() {
        let request = |name: &str| {
            let text = format!(
                "{{\"society_id\":\"019d4000-0000-7000-8000-0000000000e1\",\"name\":\"{name}\",\"birth_date\":\"1979-05-14\"}}"
            );
            InvitationRequest::parse(text.as_bytes()).map(|_| ())
        };
        assert_eq!(request("Simulated"), Ok(()));
        assert!(request("Simu\\u0000lated").is_err());
    }
}
