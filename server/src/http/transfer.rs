//! `POST /v1/transfer-code` and `POST /v1/transfer`: another phone for the same account.

use axum::extract::State;
use ayumi_protocol::session::{SessionAnswer, TransferCodeAnswer, TransferCodeRequest, TransferRequest};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Problems, Rejection};
use super::client_address::ClientAddress;
use super::extract::{Asked, Caller, IdempotencyKey, Received};
use crate::accounts::transfer;
use crate::server::Server;

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(make_code))
        .routes(routes!(transfer))
}

/// Makes a code that brings an account to another phone: for oneself, or for a participant whom one guides or coordinates.
#[utoipa::path(
    post, path = "/v1/transfer-code",
    request_body = TransferCodeRequest,
    responses((status = 200, description = "Done", body = TransferCodeAnswer), Problems),
    security(("bearer" = [])),
)]
async fn make_code(
    State(server): State<Server>,
    Caller(credentials): Caller,
    Received(request): Received<TransferCodeRequest>,
) -> Result<Answer<TransferCodeAnswer>, Rejection> {
    let answer = transfer::make_code(&server, credentials, request).await?;
    Ok(Answer(answer))
}

/// Redeems a transfer code together with a birth date. A repeat under the same key brings the same session.
#[utoipa::path(
    post, path = "/v1/transfer",
    request_body = TransferRequest,
    params(("idempotency-key" = Uuid, Header, description = "Made once for each thing that is wanted; a repeat brings the same answer")),
    responses((status = 200, description = "Done", body = SessionAnswer), Problems),
)]
async fn transfer(
    State(server): State<Server>,
    Asked { request_id }: Asked,
    address: ClientAddress,
    IdempotencyKey(key): IdempotencyKey,
    Received(request): Received<TransferRequest>,
) -> Result<Answer<SessionAnswer>, Rejection> {
    Ok(Answer(
        transfer::transfer(&server, request, key, address, request_id).await?,
    ))
}
