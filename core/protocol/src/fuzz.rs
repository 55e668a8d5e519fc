//! Every request by the way in which a stranger's bytes come in, for fuzz targets and generated tests.

use crate::body::{Body, BodyReading};
use crate::coordination::{
    AccountStatusRequest, AssignmentRequest, CasesRequest, InvitationRequest, InvitationsRequest,
    RevokeSessionRequest, StaffRequest, WithdrawInvitationRequest,
};
use crate::pull::PullRequest;
use crate::push::PushRequest;
use crate::session::{
    EndSessionRequest, EnrolRequest, PushTokenRequest, RefreshRequest, StaffSignInRequest,
    TransferCodeRequest, TransferRequest,
};
use crate::snapshot::SnapshotRequest;
use crate::upload::{PictureRequest, UploadRequest};
use crate::wire::Wire;

/// Reads bytes as a message and writes it again; `None` if they are none.
///
/// What was written is accepted again and written to the same bytes.
pub type ReadAndWrite = fn(&[u8]) -> Option<Vec<u8>>;

/// Every request of the protocol, by the name of its golden file.
pub const REQUESTS: &[(&str, ReadAndWrite)] = &[
    ("account_status", read_and_write::<AccountStatusRequest>),
    ("assignment", read_and_write::<AssignmentRequest>),
    ("cases", read_and_write::<CasesRequest>),
    ("end_session", read_and_write::<EndSessionRequest>),
    ("enrol", read_and_write::<EnrolRequest>),
    ("invitation", read_and_write::<InvitationRequest>),
    ("invitations", read_and_write::<InvitationsRequest>),
    ("picture", read_and_write::<PictureRequest>),
    ("pull", read_and_write::<PullRequest>),
    ("push", push),
    ("push_token", read_and_write::<PushTokenRequest>),
    ("refresh", read_and_write::<RefreshRequest>),
    ("revoke_session", read_and_write::<RevokeSessionRequest>),
    ("snapshot", read_and_write::<SnapshotRequest>),
    ("staff", read_and_write::<StaffRequest>),
    ("staff_sign_in", read_and_write::<StaffSignInRequest>),
    ("transfer", read_and_write::<TransferRequest>),
    ("transfer_code", read_and_write::<TransferCodeRequest>),
    ("upload", read_and_write::<UploadRequest>),
    ("withdraw_invitation", read_and_write::<WithdrawInvitationRequest>),
];

/// As [`ReadAndWrite`], for any message.
#[must_use]
pub fn read_and_write<T: Wire>(bytes: &[u8]) -> Option<Vec<u8>> {
    T::parse(bytes).ok()?.write().ok()
}

/// A push with all its operations and their bodies.
fn push(bytes: &[u8]) -> Option<Vec<u8>> {
    let request = PushRequest::parse(bytes).ok()?;
    for operation in request.operations.iter().filter_map(|raw| raw.read().ok()) {
        let accepted = Body::accept(&operation.kind, operation.body_version, &operation.body);
        if let Ok(BodyReading::Known(body)) = accepted {
            body.to_raw().ok()?;
        }
    }
    request.write().ok()
}
