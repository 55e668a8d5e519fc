//! `POST /v1/session/refresh` and `POST /v1/session/end`.

use axum::extract::State;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::session::{DoneAnswer, EndSessionRequest, RefreshAnswer, RefreshRequest};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::answer::{Answer, Problems, Rejection};
use super::extract::{Asked, Caller, Received, sha256};
use crate::accounts::principal::{Credentials, authenticate};
use crate::accounts::session::{self, Lives, RefreshInput};
use crate::accounts::sql;
use crate::audit::{self, Act, Chain};
use crate::server::{Server, boxed};
use crate::store::{Fault, Transaction};

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(refresh)).routes(routes!(end))
}

/// Brings the next pair of tokens; the same pair again until it is first used.
#[utoipa::path(
    post, path = "/v1/session/refresh",
    request_body = RefreshRequest,
    responses((status = 200, description = "Done", body = RefreshAnswer), Problems),
)]
async fn refresh(
    State(server): State<Server>,
    Asked { request_id }: Asked,
    Received(request): Received<RefreshRequest>,
) -> Result<Answer<RefreshAnswer>, Rejection> {
    let now = server.host.now();
    let input = RefreshInput {
        token_hash: sha256(request.refresh_token.expose().as_bytes()),
        request,
        salt: server.host.random_bytes(),
        now,
        lives: [Lives::of(&server.policy, false), Lives::of(&server.policy, true)],
        request_id,
    };
    let outcome = server
        .write(input, |tx, input| boxed(session::refresh(tx, input)))
        .await?;
    let tokens = outcome.map_err(Rejection)?;
    Ok(Answer(RefreshAnswer {
        server_time_ms: now,
        tokens,
    }))
}

/// Ends the session of one of one's own devices; of this one when somebody signs out.
#[utoipa::path(
    post, path = "/v1/session/end",
    request_body = EndSessionRequest,
    responses((status = 200, description = "Done", body = DoneAnswer), Problems),
    security(("bearer" = [])),
)]
async fn end(
    State(server): State<Server>,
    Caller(credentials): Caller,
    Received(request): Received<EndSessionRequest>,
) -> Result<Answer<DoneAnswer>, Rejection> {
    let now = credentials.now;
    server
        .write((credentials, request), |tx, (credentials, request)| {
            boxed(end_own(tx, credentials, request))
        })
        .await?;
    Ok(Answer(DoneAnswer { server_time_ms: now }))
}

async fn end_own(
    tx: &mut dyn Transaction,
    credentials: &Credentials,
    request: &EndSessionRequest,
) -> Result<(), Fault> {
    let principal = authenticate(tx, credentials).await?;
    let key = [principal.account_id.into(), request.device_id.into()];
    let row = tx.row(sql::SESSION_OF_DEVICE, &key).await?;
    let session_id: Uuid = row.ok_or(ProblemCode::NotFound)?.get(0)?;
    session::end(tx, principal.account_id, session_id, "signed_out", principal.now).await?;
    let role = principal.any_role();
    let mut act = Act::done(&principal, role, "session.ended");
    act.object_id = Some(*request.device_id.as_uuid());
    Ok(audit::record(tx, Chain::Account(principal.account_id), &act).await?)
}
