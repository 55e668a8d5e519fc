//! `POST /v1/enrol`: a participant begins.

use axum::extract::State;
use ayumi_protocol::session::{EnrolRequest, SessionAnswer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Problems, Rejection};
use super::client_address::ClientAddress;
use super::extract::{Asked, IdempotencyKey, Received};
use crate::accounts::enrolment;
use crate::server::Server;

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(enrol))
}

/// Redeems the code of an invitation together with a birth date. A repeat under the same key brings the same session.
#[utoipa::path(
    post, path = "/v1/enrol",
    request_body = EnrolRequest,
    params(("idempotency-key" = Uuid, Header, description = "Made once for each thing that is wanted; a repeat brings the same answer")),
    responses((status = 200, description = "Done", body = SessionAnswer), Problems),
)]
async fn enrol(
    State(server): State<Server>,
    Asked { request_id }: Asked,
    IdempotencyKey(key): IdempotencyKey,
    address: ClientAddress,
    Received(request): Received<EnrolRequest>,
) -> Result<Answer<SessionAnswer>, Rejection> {
    Ok(Answer(
        enrolment::enrol(&server, request, key, address, request_id).await?,
    ))
}
