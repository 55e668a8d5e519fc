//! `POST /v1/staff/sign-in`: staff begin.

use axum::extract::State;
use ayumi_protocol::session::{SessionAnswer, StaffSignInRequest};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Problems, Rejection};
use super::client_address::ClientAddress;
use super::extract::{Asked, Received};
use crate::accounts::staff_sign_in;
use crate::server::Server;

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(sign_in))
}

/// Signs a member of the staff in, by password and second factor together.
#[utoipa::path(
    post, path = "/v1/staff/sign-in",
    request_body = StaffSignInRequest,
    responses((status = 200, description = "Done", body = SessionAnswer), Problems),
)]
async fn sign_in(
    State(server): State<Server>,
    Asked { request_id }: Asked,
    address: ClientAddress,
    Received(request): Received<StaffSignInRequest>,
) -> Result<Answer<SessionAnswer>, Rejection> {
    let answer = staff_sign_in::sign_in(&server, request, address, request_id).await?;
    Ok(Answer(answer))
}
