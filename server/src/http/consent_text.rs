//! `GET /v1/consent-text`: what a participant agrees to.

use axum::extract::State;
use ayumi_protocol::session::ConsentTextAnswer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Problems, Rejection};
use super::extract::Caller;
use crate::server::{Server, boxed};
use crate::societies;

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(consent_text))
}

/// The text of consent that is in force in one's society.
#[utoipa::path(
    get, path = "/v1/consent-text",
    responses((status = 200, description = "Done", body = ConsentTextAnswer), Problems),
    security(("bearer" = [])),
)]
async fn consent_text(
    State(server): State<Server>,
    Caller(credentials): Caller,
) -> Result<Answer<ConsentTextAnswer>, Rejection> {
    let text = server.read(credentials, |tx, credentials| {
        boxed(societies::consent_text(tx, credentials))
    });
    Ok(Answer(text.await?))
}
