//! `POST /v1/pull`: reads logs on from their cursors.

use axum::extract::State;
use ayumi_protocol::pull::{PullAnswer, PullRequest};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Problems, Rejection};
use super::extract::{Caller, Received};
use crate::cases::pull::{self, PullInput};
use crate::server::Server;

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(pull))
}

/// Brings what is new in the logs that a phone replicates; waits for news if there are none and the request says so.
#[utoipa::path(
    post, path = "/v1/pull",
    request_body = PullRequest,
    responses((status = 200, description = "Done", body = PullAnswer), Problems),
    security(("bearer" = [])),
)]
async fn pull(
    State(server): State<Server>,
    Caller(credentials): Caller,
    Received(request): Received<PullRequest>,
) -> Result<Answer<PullAnswer>, Rejection> {
    let input = PullInput { credentials, request };
    Ok(Answer(pull::pull(&server, input).await?))
}
