//! What is written down of every request, and its id.
//!
//! One event in the log when the answer has been sent, or when the phone has gone away: method, the pattern of the path (never
//! the path itself, which may hold ids), status, duration, bytes, and the id of the request. Nothing of anybody.
//!
//! Source: faults.md 7 (ASVS 16.2).

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use ayumi_protocol::version::headers;
use http_body::{Frame, SizeHint};

use super::extract::request_id;
use crate::server::Server;

/// The id of a request: that of the phone, or one made here.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// The status in log and metrics of a request whose phone went away before it was answered.
pub const GONE_AWAY: u16 = 499;

/// Gives a request its id, repeats the id in the answer, and writes the request down once it has ended.
pub async fn observe(State(server): State<Server>, mut request: Request, next: Next) -> Response {
    let id = request_id(request.headers()).unwrap_or_else(|| server.host.random_uuid().to_string());
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut observed = Observed {
        method: word(request.method()),
        path: request.extensions().get::<MatchedPath>().cloned(),
        started: server.host.time.monotonic(),
        status: GONE_AWAY,
        bytes: 0,
        id,
        server,
    };
    let mut response = next.run(request).await;
    observed.status = response.status().as_u16();
    if let Ok(id) = HeaderValue::from_str(&observed.id) {
        response.headers_mut().insert(headers::REQUEST_ID, id);
    }
    response.map(|inner| Body::new(ObservedBody { inner, observed }))
}

/// A phone may invent methods; log and metrics know those that there are.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Writes itself down when it is dropped.
struct Observed {
    server: Server,
    method: &'static str,
    path: Option<MatchedPath>,
    started: Duration,
    status: u16,
    bytes: u64,
    id: String,
}

impl Drop for Observed {
    fn drop(&mut self) {
        let took = self.server.host.time.monotonic().saturating_sub(self.started);
        let path = self.path.as_ref().map_or("unmatched", MatchedPath::as_str);
        self.server.metrics.request(self.method, path, self.status, took);
        tracing::info!(
            method = self.method,
            path,
            status = self.status,
            ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            bytes = self.bytes,
            request_id = self.id,
            "request",
        );
    }
}

/// A body whose bytes are counted. Its end is the end of the request.
struct ObservedBody {
    inner: Body,
    observed: Observed,
}

impl HttpBody for ObservedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
            self.observed.bytes = self.observed.bytes.saturating_add(bytes);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
