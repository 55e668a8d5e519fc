//! Pictures.

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::upload::PictureRequest;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Problems, Rejection};
use super::extract::{Caller, Received};
use crate::server::Server;
use crate::uploads::{deliver, objects};

pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new().routes(routes!(read_picture))
}

/// The bytes of a picture that an entry of the log names.
#[utoipa::path(
    post, path = "/v1/picture",
    request_body = PictureRequest,
    responses((status = 200, description = "The bytes", content_type = "image/jpeg"), Problems),
    security(("bearer" = [])),
)]
async fn read_picture(
    State(server): State<Server>,
    Caller(credentials): Caller,
    Received(request): Received<PictureRequest>,
) -> Result<Response, Rejection> {
    let picture = deliver::find_picture(&server, credentials, request).await?;
    let key = picture.object_key.ok_or(ProblemCode::NotFound)?;
    let bytes = objects::get(&server, &key).await?.into_stream();
    let header_fields = [
        (header::CONTENT_TYPE, picture.media_type),
        (header::CONTENT_LENGTH, picture.length_bytes.to_string()),
        (header::ETAG, format!("\"{}\"", picture.sha256)),
        (header::CONTENT_DISPOSITION, "attachment".to_owned()),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((header_fields, Body::from_stream(bytes)).into_response())
}
