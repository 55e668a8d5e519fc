//! The interface that phones and staff talk to: one file per resource.
//!
//! A handler reads its request through an extractor, runs one transaction, and answers with a type of the protocol. Everything that
//! goes wrong leaves as [`Refused`], and one layer writes the problem document.

pub mod answer;
mod caseload;
pub mod client_address;
mod consent_text;
mod coordination;
pub mod description;
mod devices;
mod enrolment;
pub mod extract;
pub mod observe;
mod pictures;
mod pull;
mod push;
mod server_info;
mod sessions;
mod snapshots;
mod staff_sign_in;
mod transfer;
mod uploads;

use std::any::Any;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::Request;
use axum::http::{Extensions, HeaderMap, StatusCode, Version, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use ayumi_protocol::limits;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::version::media_types;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;

use crate::server::Server;
use crate::store::Refused;

/// All resources, with their description. Each file adds its own routes.
#[must_use]
pub fn resources() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .merge(server_info::routes())
        .merge(description::routes())
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
    router_with(server, |router| router)
}

/// The interface with something around its handlers, such as deadlines, whose refusals get their documents as well.
pub fn router_with(server: Server, around: impl FnOnce(Router<Server>) -> Router<Server>) -> Router {
    // The description is made along with the routes and takes far longer than they do, so both are made once.
    static ROUTES: LazyLock<Router<Server>> = LazyLock::new(|| resources().split_for_parts().0);
    let router = ROUTES.clone().layer(CatchPanicLayer::custom(panicked));
    framed(server, around(router))
}

/// What every answer has: a document if it is a refusal, gzip if it is asked for, an id, and a line in the log.
fn framed(server: Server, router: Router<Server>) -> Router {
    let problems = middleware::from_fn_with_state(server.clone(), answer::write_problems);
    let observe = middleware::from_fn_with_state(server.clone(), observe::observe);
    router
        .layer(middleware::from_fn(bound_header_fields))
        .layer(problems)
        .layer(CompressionLayer::new().compress_when(is_worth_packing))
        .layer(observe)
        .with_state(server)
}

/// Long JSON. Pictures and snapshots are packed already, and a short answer would grow.
fn is_worth_packing(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    const LEAST_BYTES: u64 = 1024;
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes() == media_types::JSON.as_bytes());
    let length: Option<u64> = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    is_json && length.is_none_or(|length| length >= LEAST_BYTES)
}

/// The answer to a request whose handler panicked. What the panic said may hold something of somebody, so it is not repeated.
fn panicked(_said: Box<dyn Any + Send>) -> Response {
    tracing::error!("a handler panicked");
    Refused::from(ProblemCode::InternalFault).into_response()
}

/// Refuses a request whose header fields are longer than anything an app sends. The socket itself holds a wider bound.
async fn bound_header_fields(request: Request, next: Next) -> Response {
    let bytes = request.headers().iter().fold(0_usize, |bytes, (name, value)| {
        bytes
            .saturating_add(name.as_str().len())
            .saturating_add(value.len())
    });
    if bytes > limits::HEADER_BYTES {
        return StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::{Body, to_bytes};
    use axum::routing::get;
    use futures_util::FutureExt as _;
    use tower::ServiceExt as _;

    use super::*;
    use crate::policy::Policy;
    use crate::server::Parts;
    use crate::testing;

    async fn panics() -> StatusCode {
        panic!("the weight of somebody");
    }

    #[test]
    fn a_handler_that_panics_answers_a_problem_and_the_node_goes_on() {
        let (host, _time) = testing::seeded_host(1);
        let (_folder, store) = testing::sqlite();
        let objects = Arc::new(object_store::memory::InMemory::new());
        let server = Server::new(Parts::new(host, store, objects, Policy::default()));
        let router = router_with(server, |router| {
            router
                .route("/panics", get(panics))
                .layer(CatchPanicLayer::custom(panicked))
        });
        for _ in 0..2 {
            let request = Request::get("/panics").body(Body::empty()).unwrap();
            let response = router.clone().oneshot(request).now_or_never().unwrap().unwrap();
            assert_eq!(response.status(), 500);
            let body = to_bytes(response.into_body(), 4096)
                .now_or_never()
                .unwrap()
                .unwrap();
            let text = String::from_utf8(body.to_vec()).unwrap();
            assert!(
                text.contains("internal_fault") && !text.contains("somebody"),
                "{text}"
            );
        }
        let request = Request::get("/v1/server").body(Body::empty()).unwrap();
        let response = router.oneshot(request).now_or_never().unwrap().unwrap();
        assert_eq!(response.status(), 200);
    }
}
