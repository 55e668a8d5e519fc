//! `POST /v1/push`: appends operations to a log.

use axum::extract::State;
use ayumi_protocol::push::{OperationOutcome, OperationResult, PushAnswer, PushRequest};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Problems, Rejection};
use super::extract::{Caller, Received};
use crate::cases::append::{self, PushInput};
use crate::rates;
use crate::server::{Server, boxed};

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(push))
}

/// Appends up to 50 operations of one lane to one log, in their order, and tells what became of each.
#[utoipa::path(
    post, path = "/v1/push",
    request_body = PushRequest,
    responses((status = 200, description = "Done", body = PushAnswer), Problems),
    security(("bearer" = [])),
)]
async fn push(
    State(server): State<Server>,
    Caller(credentials): Caller,
    Received(request): Received<PushRequest>,
) -> Result<Answer<PushAnswer>, Rejection> {
    let case_id = request.log.case_id;
    rates::let_push_in(&server, &credentials).await?;
    let input = PushInput::prepare(credentials, &request);
    let outcome = server
        .write(input, |tx, input| boxed(append::push(tx, input)))
        .await?;
    let answer = outcome.map_err(Rejection)?;
    let is_stored = |result: &OperationResult| matches!(result.outcome, OperationOutcome::Stored { .. });
    if answer.results.iter().any(is_stored) {
        // After the commit: a hint and nothing that anybody relies on.
        server.waiters.hint(case_id);
    }
    Ok(Answer(answer))
}
