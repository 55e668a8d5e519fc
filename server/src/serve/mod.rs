//! Sockets, TLS, deadlines and the end: everything around the interface that a simulation does without.

mod taking;
mod watched;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Address, Handle, Server as Listening};
use ayumi_protocol::limits;
use ayumi_protocol::problem::ProblemCode;

use crate::host::Time;
use crate::http::client_address::{self, TrustedProxies};
use crate::server::{Server, boxed};
use crate::settings::Serving;
use crate::store::{Refused, state};
use crate::{cases, http, jobs, metrics};
use taking::Taking;

/// How long waiting and running requests get when the node is told to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// What a connection may hold of a request head before it is refused without a document. [`limits::HEADER_BYTES`] is the bound
/// that phones are told about; beyond this nothing is even kept.
const HEAD_BYTES: usize = 4 * limits::HEADER_BYTES;
/// Requests at once on one connection: a phone has a long poll, two uploads, and a screen.
const STREAMS: u32 = 32;

/// Serves at the address of the settings until the process is told to stop; then ends what is running, and closes the store.
///
/// Errors: a sentence that says what to do.
pub async fn serve(server: Server, serving: &Serving) -> Result<(), String> {
    match TcpListener::bind(serving.listen) {
        Ok(listener) => serve_on(server, listener, serving).await,
        Err(error) => {
            server.store.close().await;
            Err(cannot_serve(serving.listen, "--listen", &error))
        }
    }
}

/// The same at a socket that is bound already: whoever bound it knows that nobody else answers there.
///
/// Errors: as [`serve`].
pub async fn serve_on(server: Server, listener: TcpListener, serving: &Serving) -> Result<(), String> {
    let handle = Handle::new();
    if let Some(address) = serving.internal_listen {
        let unusable = |error: io::Error| cannot_serve(address, "--internal-listen", &error);
        // Bound here, so that a node nobody could watch does not serve.
        let listener = TcpListener::bind(address).map_err(unusable)?;
        let health = health(server.clone());
        let mut listening = axum_server::from_tcp(listener).map_err(unusable)?;
        bound(&mut listening, Duration::from_secs(serving.header_seconds));
        tokio::spawn(async move {
            let served = listening.serve(health.into_make_service()).await;
            if let Err(error) = served {
                tracing::error!(%error, "health checks are not served");
            }
        });
    }
    tokio::spawn(stop_when_told(server.clone(), handle.clone()));
    tokio::spawn(cases::pull::keep_polling(server.clone()));
    tokio::spawn(jobs::keep_running(server.clone()));
    let deadlines = Deadlines {
        request: Duration::from_secs(serving.request_seconds),
        taking: Duration::from_secs(serving.taking_seconds),
        time: Arc::clone(&server.host.time),
    };
    let service = http::router_with(server.clone(), |router| {
        router.layer(middleware::from_fn_with_state(deadlines, deadline))
    })
    .layer(middleware::from_fn_with_state(
        TrustedProxies::new(&serving.trusted_proxies),
        client_address::note,
    ))
    .into_make_service_with_connect_info::<SocketAddr>();
    let unusable = |error: io::Error| cannot_serve(serving.listen, "--listen", &error);
    let headers_within = Duration::from_secs(serving.header_seconds);
    let taking = Taking(Duration::from_secs(serving.taking_seconds));
    let served = if let (Some(certificate), Some(key)) = (&serving.tls_certificate, &serving.tls_key) {
        let config = RustlsConfig::from_pem_file(certificate, key)
            .await
            .map_err(|error| format!("cannot use the certificate or its key: {error}"))?;
        let mut listening = axum_server::from_tcp(listener)
            .map_err(unusable)?
            .acceptor(RustlsAcceptor::new(config).acceptor(taking))
            .handle(handle)
            .first_request_timeout(headers_within);
        bound(&mut listening, headers_within);
        listening.serve(service).await
    } else {
        let mut listening = axum_server::from_tcp(listener)
            .map_err(unusable)?
            .acceptor(taking)
            .handle(handle)
            .first_request_timeout(headers_within);
        bound(&mut listening, headers_within);
        listening.serve(service).await
    };
    server.store.close().await;
    served.map_err(unusable)
}

fn cannot_serve(address: SocketAddr, option: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("{address} is in use: stop the other program, or choose another address by {option}")
        }
        _ => format!("cannot serve on {address}: {error}"),
    }
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

/// What one connection may take of memory and time before a request has arrived.
fn bound<A: Address, Accepting>(listening: &mut Listening<A, Accepting>, headers_within: Duration) {
    let connection = listening.http_builder();
    connection
        .http1()
        .header_read_timeout(headers_within)
        .max_buf_size(HEAD_BYTES);
    connection
        .http2()
        .max_header_list_size(u32::try_from(HEAD_BYTES).unwrap_or(u32::MAX))
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(headers_within)
        .keep_alive_timeout(headers_within);
}

/// How long requests and their answers may take.
#[derive(Debug, Clone)]
struct Deadlines {
    request: Duration,
    taking: Duration,
    time: Arc<dyn Time>,
}

/// Ends a request that takes longer than its phone waits for it, and an answer that nobody takes.
async fn deadline(State(deadlines): State<Deadlines>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let most = if path == "/v1/pull" {
        limits::LONG_POLL_MOST.saturating_add(limits::LONG_POLL_MARGIN)
    } else if path.starts_with("/v1/uploads/") {
        limits::upload_deadline(u64::from(limits::PICTURE_BYTES))
    } else {
        deadlines.request
    };
    match tokio::time::timeout(most, next.run(request)).await {
        Ok(response) => watched::watch(response, &deadlines.time, deadlines.taking),
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
