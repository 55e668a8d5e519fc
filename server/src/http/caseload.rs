//! `GET /v1/staff/caseload`: the cases of a member of the staff.

use axum::extract::State;
use ayumi_protocol::caseload::CaseloadAnswer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Problems, Rejection};
use super::extract::Caller;
use crate::cases::caseload;
use crate::server::Server;

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(caseload))
}

/// The cases that are assigned to whoever asks, the last one active first, each with the logs to replicate.
#[utoipa::path(
    get, path = "/v1/staff/caseload",
    responses((status = 200, description = "Done", body = CaseloadAnswer), Problems),
    security(("bearer" = [])),
)]
async fn caseload(
    State(server): State<Server>,
    Caller(credentials): Caller,
) -> Result<Answer<CaseloadAnswer>, Rejection> {
    Ok(Answer(caseload::read(&server, credentials).await?))
}
