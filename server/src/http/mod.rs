//! The interface that phones and staff talk to: one file per resource.
//!
//! A handler reads its request through an extractor, runs one transaction, and answers with a type of the protocol. Everything that
//! goes wrong leaves as [`Refused`](crate::store::Refused), and one layer writes the problem document.

pub mod answer;
mod caseload;
mod consent_text;
mod coordination;
mod devices;
mod enrolment;
pub mod extract;
mod pictures;
mod pull;
mod push;
mod server_info;
mod sessions;
mod snapshots;
mod staff_sign_in;
mod transfer;
mod uploads;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;

use crate::server::Server;

/// All resources, with their description. Each file adds its own routes.
#[must_use]
pub fn resources() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .merge(server_info::routes())
        .merge(enrolment::routes())
        .merge(transfer::routes())
        .merge(staff_sign_in::routes())
        .merge(sessions::routes())
        .merge(devices::routes())
        .merge(consent_text::routes())
        .merge(push::routes())
        .merge(pull::routes())
        .merge(snapshots::routes())
        .merge(caseload::routes())
        .merge(uploads::routes())
        .merge(pictures::routes())
        .merge(coordination::routes())
}

/// The interface over a node, without anything that belongs to sockets: it needs no runtime, so a simulation can call it.
pub fn router(server: Server) -> Router {
    let (router, _description) = resources().split_for_parts();
    let problems = axum::middleware::from_fn_with_state(server.clone(), answer::write_problems);
    router.layer(problems).with_state(server)
}
