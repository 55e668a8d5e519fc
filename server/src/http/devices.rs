//! `GET /v1/session/devices` and `POST /v1/session/push-token`.

use axum::extract::State;
use ayumi_protocol::session::{DevicesAnswer, DoneAnswer, PushTokenRequest};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Problems, Rejection};
use super::extract::{Caller, Received};
use crate::accounts::devices;
use crate::server::{Server, boxed};

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(save_push_token))
}

/// Lists one's own signed-in devices.
#[utoipa::path(
    get, path = "/v1/session/devices",
    responses((status = 200, description = "Done", body = DevicesAnswer), Problems),
    security(("bearer" = [])),
)]
async fn list(
    State(server): State<Server>,
    Caller(credentials): Caller,
) -> Result<Answer<DevicesAnswer>, Rejection> {
    let server_time_ms = credentials.now;
    let devices = server.read(credentials, |tx, credentials| {
        boxed(devices::own(tx, credentials))
    });
    Ok(Answer(DevicesAnswer {
        server_time_ms,
        devices: devices.await?,
    }))
}

/// Tells where push hints for this device go, or that there shall be none.
#[utoipa::path(
    post, path = "/v1/session/push-token",
    request_body = PushTokenRequest,
    responses((status = 200, description = "Done", body = DoneAnswer), Problems),
    security(("bearer" = [])),
)]
async fn save_push_token(
    State(server): State<Server>,
    Caller(credentials): Caller,
    Received(request): Received<PushTokenRequest>,
) -> Result<Answer<DoneAnswer>, Rejection> {
    let server_time_ms = credentials.now;
    let input = (credentials, request);
    let saved = server.write(input, |tx, input| boxed(devices::save_push_token(tx, input)));
    saved.await?;
    Ok(Answer(DoneAnswer { server_time_ms }))
}
