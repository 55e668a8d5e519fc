//! What a handler takes from a request.

use std::io::Read as _;

use axum::body::HttpBody as _;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use ayumi_protocol::hash::Sha256 as Sum;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::version::{headers, is_served, media_types};
use ayumi_protocol::wire::Wire;
use flate2::read::MultiGzDecoder;
use futures_util::StreamExt as _;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::answer::Rejection;
use super::observe::RequestId;
use crate::accounts::principal::Credentials;
use crate::server::Server;

/// The body of a request: of the right content type, within its limits, and of the form of its type.
#[derive(Debug)]
pub struct Received<T>(pub T);

impl<T: Wire> FromRequest<Server> for Received<T> {
    type Rejection = Rejection;

    async fn from_request(request: Request, _server: &Server) -> Result<Self, Rejection> {
        let is_json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| {
                let essence = value.split(';').next().unwrap_or_default();
                essence.trim().eq_ignore_ascii_case(media_types::JSON)
            });
        if !is_json {
            return Err(ProblemCode::UnsupportedMediaType.into());
        }
        let coding = coding(request.headers())?;
        // What announces itself as too long is not waited for.
        let announced = request.body().size_hint().lower();
        if announced > u64::try_from(T::MOST_BYTES).unwrap_or(u64::MAX) {
            return Err(ProblemCode::TooLarge.into());
        }
        let mut bytes = Vec::new();
        let mut chunks = request.into_body().into_data_stream();
        while let Some(chunk) = chunks.next().await {
            // Chunks that are none, or a connection that is gone.
            let chunk = chunk.map_err(|_| ProblemCode::Malformed)?;
            if bytes.len().saturating_add(chunk.len()) > T::MOST_BYTES {
                return Err(ProblemCode::TooLarge.into());
            }
            bytes.extend_from_slice(&chunk);
        }
        if coding == Coding::Gzip {
            bytes = unpack(&bytes, T::MOST_BYTES)?;
        }
        T::parse(&bytes)
            .map(Self)
            .map_err(|error| error.problem_code().into())
    }
}

/// How a body was packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
}

fn coding(headers: &HeaderMap) -> Result<Coding, ProblemCode> {
    match headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None => Ok(Coding::Identity),
        Some(word) if word.eq_ignore_ascii_case(b"identity") => Ok(Coding::Identity),
        Some(word) if word.eq_ignore_ascii_case(b"gzip") => Ok(Coding::Gzip),
        Some(_) => Err(ProblemCode::UnsupportedMediaType),
    }
}

/// Unpacks a body that may be `most` bytes long, and stops there: what a bomb would become beyond it is never made.
fn unpack(packed: &[u8], most: usize) -> Result<Vec<u8>, ProblemCode> {
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    MultiGzDecoder::new(packed)
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|_| ProblemCode::Malformed)?;
    if bytes.len() > most {
        return Err(ProblemCode::TooLarge);
    }
    Ok(bytes)
}

/// The access token of a request with what goes with it.
#[derive(Debug)]
pub struct Caller(pub Credentials);

impl FromRequestParts<Server> for Caller {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Rejection> {
        let Asked { request_id } = Asked::from_request_parts(parts, server).await?;
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or(ProblemCode::TokenMissing)?;
        Ok(Self(Credentials {
            token_hash: sha256(token.as_bytes()),
            now: server.host.now(),
            request_id,
        }))
    }
}

/// A request of a version that is served, with its id.
#[derive(Debug)]
pub struct Asked {
    /// From the phone, or made here.
    pub request_id: String,
}

impl FromRequestParts<Server> for Asked {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Rejection> {
        // A request that names no version is read as one of the newest: `curl` need not know it.
        if let Some(version) = text(&parts.headers, headers::PROTOCOL)
            && !version.parse().is_ok_and(is_served)
        {
            return Err(ProblemCode::UpgradeRequired.into());
        }
        Ok(Self {
            request_id: match parts.extensions.get::<RequestId>() {
                Some(RequestId(id)) => id.clone(),
                None => server.host.random_uuid().to_string(),
            },
        })
    }
}

/// The id that a phone gave its request, if it is a UUID; anything else stays out of logs and audit.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    let text = text(headers, headers::REQUEST_ID)?;
    Uuid::try_parse(text).ok().map(|uuid| uuid.to_string())
}

/// The key under which the answer of a request is remembered.
#[derive(Debug, Clone, Copy)]
pub struct IdempotencyKey(pub Uuid);

impl FromRequestParts<Server> for IdempotencyKey {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _server: &Server) -> Result<Self, Rejection> {
        let text =
            text(&parts.headers, headers::IDEMPOTENCY_KEY).ok_or(ProblemCode::IdempotencyKeyMissing)?;
        let key = Uuid::try_parse(text).map_err(|_| ProblemCode::InvalidValue)?;
        Ok(Self(key))
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The sum by which tokens and bodies are known.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Sum {
    Sum::from_bytes(Sha256::digest(bytes).into())
}
