//! `GET /v1/server`: what a server says about itself.

use axum::extract::State;
use ayumi_protocol::kind::{Kind, KindName};
use ayumi_protocol::version::{AcceptedKind, OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION, ServerAnswer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Problems, Rejection};
use super::extract::Asked;
use crate::server::{Server, boxed};
use crate::store::state;

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(server_info))
}

/// The versions, the kinds and the incarnation that this server serves.
#[utoipa::path(
    get, path = "/v1/server",
    responses((status = 200, description = "Done", body = ServerAnswer), Problems),
)]
async fn server_info(State(server): State<Server>, _asked: Asked) -> Result<Answer<ServerAnswer>, Rejection> {
    let epoch = server
        .read((), |tx, ()| boxed(async move { Ok(state::epoch(tx).await?) }))
        .await?;
    let sent = Kind::ALL.iter().filter(|kind| kind.lane().is_some());
    Ok(Answer(ServerAnswer {
        server_time_ms: server.host.now(),
        oldest_protocol: OLDEST_PROTOCOL_VERSION,
        newest_protocol: PROTOCOL_VERSION,
        epoch,
        kinds: sent
            .map(|kind| AcceptedKind {
                kind: KindName::from(*kind),
                newest_body_version: kind.newest_body_version(),
            })
            .collect(),
    }))
}
