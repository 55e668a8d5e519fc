//! Sockets, TLS, deadlines and the end: everything around the interface that a simulation does without.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use ayumi_protocol::limits;
use ayumi_protocol::problem::ProblemCode;

use crate::http::client_address::{self, TrustedProxies};
use crate::server::{Server, boxed};
use crate::settings::Serving;
use crate::store::{Refused, state};
use crate::{cases, http, jobs, metrics};

/// How long waiting and running requests get when the node is told to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// How long a connection may take to say what it wants.
const FIRST_REQUEST: Duration = Duration::from_secs(10);

/// Serves until the process is told to stop; then ends what is running, and closes the store.
///
/// Errors: a sentence that says what to do.
pub async fn serve(server: Server, serving: &Serving) -> Result<(), String> {
    let handle = Handle::new();
    tokio::spawn(stop_when_told(server.clone(), handle.clone()));
    tokio::spawn(cases::pull::keep_polling(server.clone()));
    tokio::spawn(jobs::keep_running(server.clone()));
    if let Some(address) = serving.internal_listen {
        let health = health(server.clone());
        tokio::spawn(async move {
            let served = axum_server::bind(address).serve(health.into_make_service()).await;
            if let Err(error) = served {
                tracing::error!(%error, "health checks are not served");
            }
        });
    }
    let service = http::router_with(server.clone(), |router| {
        router.layer(middleware::from_fn(deadline))
    })
    .layer(middleware::from_fn_with_state(
        TrustedProxies::new(&serving.trusted_proxies),
        client_address::note,
    ))
    .into_make_service_with_connect_info::<SocketAddr>();
    let address = serving.listen;
    let served = match (&serving.tls_certificate, &serving.tls_key) {
        (Some(certificate), Some(key)) => {
            let config = RustlsConfig::from_pem_file(certificate, key)
                .await
                .map_err(|error| format!("cannot use the certificate or its key: {error}"))?;
            axum_server::bind_rustls(address, config)
                .handle(handle)
                .first_request_timeout(FIRST_REQUEST)
                .serve(service)
                .await
        }
        _ => {
            axum_server::bind(address)
                .handle(handle)
                .first_request_timeout(FIRST_REQUEST)
                .serve(service)
                .await
        }
    };
    server.store.close().await;
    served.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("{address} is in use: stop the other program, or choose another address by --listen")
        }
        _ => format!("cannot serve on {address}: {error}"),
    })
}

async fn stop_when_told(server: Server, handle: Handle<SocketAddr>) {
    told().await;
    tracing::info!("stopping");
    server.waiters.drain();
    handle.graceful_shutdown(Some(DRAIN));
}

/// Ends with SIGTERM or Ctrl-C.
async fn told() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    // Without a handler for signals it serves until it is killed.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Ends a request that takes longer than its phone waits for it.
async fn deadline(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let most = if path == "/v1/pull" {
        limits::LONG_POLL_MOST.saturating_add(limits::LONG_POLL_MARGIN)
    } else if path.starts_with("/v1/uploads/") {
        limits::upload_deadline(u64::from(limits::PICTURE_BYTES))
    } else {
        limits::REQUEST_DEADLINE
    };
    match tokio::time::timeout(most, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Refused::from(ProblemCode::RequestTimeout).into_response(),
    }
}

/// Whether the process runs, and whether it can answer. Nothing of anybody.
fn health(server: Server) -> Router {
    Router::new()
        .route("/health/live", get(|| async { StatusCode::NO_CONTENT }))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(server)
}

async fn ready(State(server): State<Server>) -> StatusCode {
    let read = server.read((), |tx, ()| boxed(async move { Ok(state::epoch(tx).await?) }));
    match read.await {
        Ok(_) => StatusCode::NO_CONTENT,
        Err(error) => {
            tracing::warn!(%error, "not ready");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

async fn metrics(State(server): State<Server>) -> Response {
    match server.metrics.write(&server) {
        Ok(text) => ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
