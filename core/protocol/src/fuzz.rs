//! Every request through the way by which a stranger's bytes come in. For fuzz targets and generated tests: it answers nothing, and
//! all that can go wrong is a panic.

use crate::body::Body;
use crate::operation::Operation;
use crate::pull::PullRequest;
use crate::push::PushRequest;
use crate::session::{
    EndSessionRequest, EnrolRequest, PushTokenRequest, RefreshRequest, StaffSignInRequest,
    TransferCodeRequest, TransferRequest,
};
use crate::snapshot::SnapshotRequest;
use crate::upload::{PictureRequest, UploadRequest};
use crate::wire::Wire;

/// A name for messages of a test, and what reads the bytes.
pub type Target = (&'static str, fn(&[u8]));

/// Every request of the protocol, by name.
pub const REQUESTS: &[Target] = &[
    ("end_session", read::<EndSessionRequest>),
    ("enrol", read::<EnrolRequest>),
    ("picture", read::<PictureRequest>),
    ("pull", read::<PullRequest>),
    ("push", push),
    ("push_token", read::<PushTokenRequest>),
    ("refresh", read::<RefreshRequest>),
    ("snapshot", read::<SnapshotRequest>),
    ("staff_sign_in", read::<StaffSignInRequest>),
    ("transfer", read::<TransferRequest>),
    ("transfer_code", read::<TransferCodeRequest>),
    ("upload", read::<UploadRequest>),
];

/// Reads a message, and writes what was accepted.
fn read<T: Wire>(bytes: &[u8]) {
    if let Ok(value) = T::parse(bytes) {
        let _ = value.write();
    }
}

/// Reads a push with all its operations and their bodies.
fn push(bytes: &[u8]) {
    let Ok(request) = PushRequest::parse(bytes) else {
        return;
    };
    for raw in &request.operations {
        let _ = raw.op_id();
        if let Ok(operation) = raw.read() {
            operation_body(&operation);
        }
    }
}

fn operation_body(operation: &Operation) {
    let _ = Body::accept(&operation.kind, operation.body_version, &operation.body);
}
