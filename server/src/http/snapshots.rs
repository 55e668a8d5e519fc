//! `POST /v1/snapshot` and `GET /v1/snapshots/{snapshot_id}`: the beginning of a log as one file.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ayumi_protocol::id::SnapshotId;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::snapshot::{SnapshotAnswer, SnapshotRequest};
use ayumi_protocol::version::media_types;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Problems, Rejection};
use super::extract::{Caller, Received};
use crate::cases::snapshots::deliver::{self, AskedRange, Delivered, DeliveryInput};
use crate::cases::snapshots::offer;
use crate::server::Server;
use crate::uploads::objects;

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(ask_snapshot))
        .routes(routes!(read_snapshot))
}

/// Tells the newest snapshot of a log, if there is one: a new phone takes it and pulls from its end on.
#[utoipa::path(
    post, path = "/v1/snapshot",
    request_body = SnapshotRequest,
    responses((status = 200, description = "The snapshot, if there is one", body = SnapshotAnswer), Problems),
    security(("bearer" = [])),
)]
async fn ask_snapshot(
    State(server): State<Server>,
    Caller(credentials): Caller,
    Received(request): Received<SnapshotRequest>,
) -> Result<Answer<SnapshotAnswer>, Rejection> {
    Ok(Answer(offer(&server, credentials, request).await?))
}

/// The bytes of a snapshot, whole or one range of them.
#[utoipa::path(
    get, path = "/v1/snapshots/{snapshot_id}",
    params(
        ("snapshot_id" = Uuid, Path, description = "From `POST /v1/snapshot`"),
        ("range" = Option<String>, Header, description = "One range of bytes; several are answered by the whole file"),
        ("if-range" = Option<String>, Header, description = "The ETag of an earlier answer: the range counts only for the same file"),
    ),
    responses(
        (status = 200, description = "The whole file", body = Vec<u8>, content_type = "application/gzip"),
        (status = 206, description = "The range; Content-Range says which", body = Vec<u8>, content_type = "application/gzip"),
        Problems,
    ),
    security(("bearer" = [])),
)]
async fn read_snapshot(
    State(server): State<Server>,
    Caller(credentials): Caller,
    Path(snapshot_id): Path<String>,
    header_fields: HeaderMap,
) -> Result<Response, Rejection> {
    let text = |name: header::HeaderName| header_fields.get(name).and_then(|value| value.to_str().ok());
    let input = DeliveryInput {
        credentials,
        snapshot_id: SnapshotId::parse(&snapshot_id).ok_or(ProblemCode::NotFound)?,
        range: text(header::RANGE).and_then(AskedRange::parse),
        if_range: text(header::IF_RANGE).map(str::to_owned),
    };
    let delivery = deliver::find(&server, input).await?;
    let whole = delivery.length_bytes;
    let (status, range, bytes) = match delivery.range {
        Delivered::Nothing => {
            let refused = Rejection::from(ProblemCode::RangeUnsatisfiable).into_response();
            return Ok(with_range(refused, &format!("bytes */{whole}")));
        }
        Delivered::Whole => (
            StatusCode::OK,
            0..whole,
            objects::get(&server, &delivery.object_key).await?,
        ),
        Delivered::Part(range) => (
            StatusCode::PARTIAL_CONTENT,
            range.clone(),
            objects::get_range(&server, &delivery.object_key, range).await?,
        ),
    };
    let fields = [
        (header::CONTENT_TYPE, media_types::SNAPSHOT.to_owned()),
        (
            header::CONTENT_LENGTH,
            range.end.saturating_sub(range.start).to_string(),
        ),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::ETAG, deliver::etag(&delivery.sha256)),
        (header::CONTENT_DISPOSITION, "attachment".to_owned()),
        (
            header::CACHE_CONTROL,
            "private, no-store, no-transform".to_owned(),
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    let response = (status, fields, Body::from_stream(bytes.into_stream())).into_response();
    if status == StatusCode::OK {
        return Ok(response);
    }
    let (first, last) = (range.start, range.end.saturating_sub(1));
    Ok(with_range(response, &format!("bytes {first}-{last}/{whole}")))
}

fn with_range(mut response: Response, range: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(range) {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    response
}
