//! Uploads of pictures.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ayumi_protocol::id::UploadId;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::upload::{UploadAnswer, UploadRequest};
use ayumi_protocol::version::{headers, media_types};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Problems, Rejection};
use super::extract::{Caller, Received};
use crate::accounts::principal::Credentials;
use crate::server::Server;
use crate::store::Fault;
use crate::uploads::{self, Upload, create, receive};

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(create_upload))
        .routes(routes!(upload_offset, send_part))
}

/// Announces a picture, or brings back the upload of the same bytes in the same log.
#[utoipa::path(
    post, path = "/v1/uploads",
    request_body = UploadRequest,
    responses((status = 200, description = "How far the upload has come", body = UploadAnswer), Problems),
    security(("bearer" = [])),
)]
async fn create_upload(
    State(server): State<Server>,
    Caller(credentials): Caller,
    Received(request): Received<UploadRequest>,
) -> Result<Response, Rejection> {
    let upload = create::create(&server, credentials, request).await?;
    Ok(answer(&server, &upload))
}

/// How many bytes the server has.
#[utoipa::path(
    head, path = "/v1/uploads/{upload_id}",
    params(("upload_id" = Uuid, Path, description = "The upload")),
    responses((status = 200, description = "Upload-Offset and Upload-Length"), Problems),
    security(("bearer" = [])),
)]
async fn upload_offset(
    State(server): State<Server>,
    Caller(credentials): Caller,
    Path(upload_id): Path<String>,
) -> Result<Response, Rejection> {
    let upload = uploads::find(&server, credentials, parse_id(&upload_id)?).await?;
    Ok((StatusCode::OK, progress(&upload)).into_response())
}

/// Sends bytes from the offset that the server has.
#[utoipa::path(
    patch, path = "/v1/uploads/{upload_id}",
    params(
        ("upload_id" = Uuid, Path, description = "The upload"),
        ("upload-offset" = u32, Header, description = "How many bytes the server has"),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses((status = 200, description = "How far the upload has come", body = UploadAnswer), Problems),
    security(("bearer" = [])),
)]
async fn send_part(
    State(server): State<Server>,
    Caller(credentials): Caller,
    Path(upload_id): Path<String>,
    header_fields: HeaderMap,
    body: Body,
) -> Result<Response, Rejection> {
    let upload_id = parse_id(&upload_id)?;
    let offset_bytes = part_offset(&header_fields)?;
    let upload = uploads::find_to_write(&server, credentials.clone(), upload_id).await?;
    match receive::receive(&server, upload, offset_bytes, body).await {
        Ok(upload) => Ok(answer(&server, &upload)),
        Err(Fault::Refused(refused)) if refused.code == ProblemCode::OffsetMismatch => {
            offset_mismatch(&server, credentials, upload_id).await
        }
        Err(fault) => Err(fault.into()),
    }
}

async fn offset_mismatch(
    server: &Server,
    credentials: Credentials,
    upload_id: UploadId,
) -> Result<Response, Rejection> {
    let upload = uploads::find(server, credentials, upload_id).await?;
    let refusal = Rejection::from(ProblemCode::OffsetMismatch);
    let mut response = refusal.into_response();
    response
        .headers_mut()
        .insert(headers::UPLOAD_OFFSET, upload.offset_bytes.into());
    Ok(response)
}

fn answer(server: &Server, upload: &Upload) -> Response {
    (progress(upload), Answer(upload.answer(server.host.now()))).into_response()
}

fn progress(upload: &Upload) -> [(&'static str, String); 2] {
    [
        (headers::UPLOAD_OFFSET, upload.offset_bytes.to_string()),
        (headers::UPLOAD_LENGTH, upload.length_bytes.to_string()),
    ]
}

fn parse_id(text: &str) -> Result<UploadId, ProblemCode> {
    UploadId::parse(text).ok_or(ProblemCode::NotFound)
}

fn part_offset(header_fields: &HeaderMap) -> Result<u32, ProblemCode> {
    let text = |name: &str| header_fields.get(name).and_then(|value| value.to_str().ok());
    if text(header::CONTENT_TYPE.as_str()) != Some(media_types::UPLOAD_PART) {
        return Err(ProblemCode::UnsupportedMediaType);
    }
    // Pictures are packed already; offsets and the hash are those of the bytes themselves.
    if header_fields.contains_key(header::CONTENT_ENCODING) {
        return Err(ProblemCode::UnsupportedMediaType);
    }
    let offset = text(headers::UPLOAD_OFFSET).ok_or(ProblemCode::Malformed)?;
    offset.parse().map_err(|_| ProblemCode::Malformed)
}
