//! `/v1/coordination/...`: what a coordinator does for her society.

use axum::extract::State;
use ayumi_protocol::coordination::{
    AccountStatusRequest, AssignmentRequest, CasesAnswer, CasesRequest, InvitationAnswer, InvitationRequest,
    InvitationsAnswer, InvitationsRequest, RevokeSessionRequest, StaffAnswer, StaffRequest,
    WithdrawInvitationRequest,
};
use ayumi_protocol::id::OpId;
use ayumi_protocol::session::DoneAnswer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Problems, Rejection};
use super::extract::{Caller, IdempotencyKey, Received};
use crate::server::{Server, boxed};
use crate::societies::{coordination, invitations};

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(invite))
        .routes(routes!(withdraw_invitation))
        .routes(routes!(list_invitations))
        .routes(routes!(list_cases))
        .routes(routes!(assign))
        .routes(routes!(list_staff))
        .routes(routes!(revoke_session))
        .routes(routes!(set_account_status))
}

/// Invites one person and shows the code for her letter.
#[utoipa::path(
    post, path = "/v1/coordination/invitation",
    request_body = InvitationRequest,
    params(("idempotency-key" = Uuid, Header, description = "Made once for each thing that is wanted; a repeat brings the same answer")),
    responses((status = 200, description = "Done", body = InvitationAnswer), Problems),
    security(("bearer" = [])),
)]
async fn invite(
    State(server): State<Server>,
    Caller(credentials): Caller,
    IdempotencyKey(key): IdempotencyKey,
    Received(request): Received<InvitationRequest>,
) -> Result<Answer<InvitationAnswer>, Rejection> {
    let answer = invitations::request(&server, credentials, key, request).await?;
    Ok(Answer(answer))
}

/// Takes an invitation back that nobody has used.
#[utoipa::path(
    post, path = "/v1/coordination/invitation/withdraw",
    request_body = WithdrawInvitationRequest,
    responses((status = 200, description = "Done", body = DoneAnswer), Problems),
    security(("bearer" = [])),
)]
async fn withdraw_invitation(
    State(server): State<Server>,
    Caller(credentials): Caller,
    Received(request): Received<WithdrawInvitationRequest>,
) -> Result<Answer<DoneAnswer>, Rejection> {
    let input = (credentials, request);
    let done = server.write(input, |tx, input| {
        boxed(coordination::withdraw_invitation(tx, input))
    });
    let server_time_ms = done.await?;
    Ok(Answer(DoneAnswer { server_time_ms }))
}

/// Lists the invitations of a society, without their codes.
#[utoipa::path(
    post, path = "/v1/coordination/invitations",
    request_body = InvitationsRequest,
    responses((status = 200, description = "Done", body = InvitationsAnswer), Problems),
    security(("bearer" = [])),
)]
async fn list_invitations(
    State(server): State<Server>,
    Caller(credentials): Caller,
    Received(request): Received<InvitationsRequest>,
) -> Result<Answer<InvitationsAnswer>, Rejection> {
    let input = (credentials, request);
    let page = server.read(input, |tx, input| boxed(coordination::invitations(tx, input)));
    Ok(Answer(page.await?))
}

/// Lists the cases of a society with their consent and who acts for each.
#[utoipa::path(
    post, path = "/v1/coordination/cases",
    request_body = CasesRequest,
    responses((status = 200, description = "Done", body = CasesAnswer), Problems),
    security(("bearer" = [])),
)]
async fn list_cases(
    State(server): State<Server>,
    Caller(credentials): Caller,
    Received(request): Received<CasesRequest>,
) -> Result<Answer<CasesAnswer>, Rejection> {
    let input = (credentials, request);
    let page = server.read(input, |tx, input| boxed(coordination::cases(tx, input)));
    Ok(Answer(page.await?))
}

/// Sets the dietitian and the substitutes of a case.
#[utoipa::path(
    post, path = "/v1/coordination/assignment",
    request_body = AssignmentRequest,
    responses((status = 200, description = "Done", body = DoneAnswer), Problems),
    security(("bearer" = [])),
)]
async fn assign(
    State(server): State<Server>,
    Caller(credentials): Caller,
    Received(request): Received<AssignmentRequest>,
) -> Result<Answer<DoneAnswer>, Rejection> {
    let case_id = request.case_id;
    let op_id = OpId::from_uuid(server.host.new_uuid());
    let input = ((credentials, request), op_id);
    let done = server.write(input, |tx, input| boxed(coordination::assign(tx, input)));
    let server_time_ms = done.await?;
    server.waiters.hint(case_id);
    Ok(Answer(DoneAnswer { server_time_ms }))
}

/// Lists the staff of a society with their signed-in devices.
#[utoipa::path(
    post, path = "/v1/coordination/staff",
    request_body = StaffRequest,
    responses((status = 200, description = "Done", body = StaffAnswer), Problems),
    security(("bearer" = [])),
)]
async fn list_staff(
    State(server): State<Server>,
    Caller(credentials): Caller,
    Received(request): Received<StaffRequest>,
) -> Result<Answer<StaffAnswer>, Rejection> {
    let input = (credentials, request);
    let staff = server.read(input, |tx, input| {
        boxed(coordination::staff_of_society(tx, input))
    });
    Ok(Answer(staff.await?))
}

/// Ends the session of a lost phone, or all sessions of somebody who left.
#[utoipa::path(
    post, path = "/v1/coordination/session/end",
    request_body = RevokeSessionRequest,
    responses((status = 200, description = "Done", body = DoneAnswer), Problems),
    security(("bearer" = [])),
)]
async fn revoke_session(
    State(server): State<Server>,
    Caller(credentials): Caller,
    Received(request): Received<RevokeSessionRequest>,
) -> Result<Answer<DoneAnswer>, Rejection> {
    let input = (credentials, request);
    let done = server.write(input, |tx, input| boxed(coordination::revoke_session(tx, input)));
    let server_time_ms = done.await?;
    Ok(Answer(DoneAnswer { server_time_ms }))
}

/// Suspends an account, or lets it go on.
#[utoipa::path(
    post, path = "/v1/coordination/account",
    request_body = AccountStatusRequest,
    responses((status = 200, description = "Done", body = DoneAnswer), Problems),
    security(("bearer" = [])),
)]
async fn set_account_status(
    State(server): State<Server>,
    Caller(credentials): Caller,
    Received(request): Received<AccountStatusRequest>,
) -> Result<Answer<DoneAnswer>, Rejection> {
    let input = (credentials, request);
    let done = server.write(input, |tx, input| {
        boxed(coordination::set_account_status(tx, input))
    });
    let server_time_ms = done.await?;
    Ok(Answer(DoneAnswer { server_time_ms }))
}
