//! Answers: JSON of a type of the protocol, or a problem document.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ayumi_protocol::problem::{Problem, ProblemCode};
use ayumi_protocol::version::media_types;
use ayumi_protocol::wire::Wire;
use utoipa::openapi::{self, RefOr};
use utoipa::{IntoResponses, ToSchema as _};

use crate::server::Server;
use crate::store::{Fault, Refused};

/// A success. It concerns a person, so nobody in between may keep it.
#[derive(Debug)]
pub struct Answer<T>(pub T);

impl<T: Wire> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        match self.0.write() {
            Ok(bytes) => ([(header::CONTENT_TYPE, media_types::JSON)], bytes).into_response(),
            Err(error) => {
                tracing::error!(%error, "an answer cannot be written");
                Refused::from(ProblemCode::InternalFault).into_response()
            }
        }
    }
}

/// What a handler returns when it does not succeed.
#[derive(Debug)]
pub struct Rejection(pub Refused);

impl From<Fault> for Rejection {
    fn from(fault: Fault) -> Self {
        // Expected refusals are no errors; a store that fails is one.
        match &fault {
            Fault::Refused(_) => {}
            Fault::Store(error) => tracing::error!(%error, "a request failed"),
            Fault::NeedsWrite => tracing::error!("a work wanted to write and could not"),
        }
        Self(fault.to_refused())
    }
}

impl From<ProblemCode> for Rejection {
    fn from(code: ProblemCode) -> Self {
        Self(code.into())
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl IntoResponse for Refused {
    /// Only the status; [`write_problems`] adds the document, because it knows the time.
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The problem documents with which any request may be answered, by status, in the description of the interface.
#[derive(Debug)]
pub(crate) struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        let mut codes: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
        for code in ProblemCode::KNOWN {
            codes.entry(code.status()).or_default().push(code.as_str());
        }
        let too_many_fields = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.as_u16();
        codes.insert(too_many_fields, vec![ProblemCode::TooLarge.as_str()]);
        let response = |codes: Vec<&str>| {
            openapi::ResponseBuilder::new()
                .description(codes.join(", "))
                .content(
                    media_types::PROBLEM,
                    openapi::ContentBuilder::new()
                        .schema(Some(openapi::Ref::from_schema_name(Problem::name())))
                        .build(),
                )
                .build()
        };
        codes
            .into_iter()
            .map(|(status, codes)| (status.to_string(), RefOr::T(response(codes))))
            .collect()
    }
}

/// Writes the problem document of every refusal, also of those that the framework made, and the header fields of every answer.
pub async fn write_problems(State(server): State<Server>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let refused = response.extensions_mut().remove::<Refused>();
    // A document that an inner layer wrote stays.
    let is_written = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value == media_types::PROBLEM);
    let framework = framework_refusal(response.status()).filter(|_| !is_written);
    let refused = refused.or_else(|| framework.map(Refused::from));
    if let Some(refused) = refused {
        let mut problem = Problem::new(refused.code.clone(), refused.retry_after_ms, server.host.now());
        // One code may go with more than one status: too large are bodies and header fields.
        problem.status = response.status().as_u16();
        if let Ok(bytes) = problem.write() {
            *response.body_mut() = Body::from(bytes);
        }
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        set(headers, header::CONTENT_TYPE, media_types::PROBLEM);
        if let Some(wait_ms) = refused.retry_after_ms {
            headers.insert(header::RETRY_AFTER, wait_ms.div_ceil(1000).into());
        }
    }
    let headers = response.headers_mut();
    set(headers, header::CACHE_CONTROL, "no-store");
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    response
}

fn set(headers: &mut HeaderMap, name: header::HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}

/// The code of a refusal that no handler made.
fn framework_refusal(status: StatusCode) -> Option<ProblemCode> {
    match status {
        StatusCode::NOT_FOUND => Some(ProblemCode::NotFound),
        StatusCode::METHOD_NOT_ALLOWED => Some(ProblemCode::MethodNotAllowed),
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            Some(ProblemCode::TooLarge)
        }
        StatusCode::REQUEST_TIMEOUT => Some(ProblemCode::RequestTimeout),
        status if status.is_client_error() => Some(ProblemCode::Malformed),
        status if status.is_server_error() => Some(ProblemCode::InternalFault),
        _ => None,
    }
}
