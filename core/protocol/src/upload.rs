//! Uploads of pictures: created, sent in parts from the offset that the server knows, complete when the last byte is there.
//!
//! A small protocol in the shape of tus 1.0. The parts themselves are bytes with header fields, see [`headers`](crate::version::headers).

use serde::{Deserialize, Serialize};

use crate::body::PictureType;
use crate::cursor::LogName;
use crate::hash::Sha256;
use crate::id::UploadId;
use crate::limits::{self, LimitError, check};
use crate::time::UtcMillis;
use crate::wire::Wire;

/// Announces a picture or a thumbnail. The same hash in the same log brings back the upload that is there, so a repeat is free.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UploadRequest {
    /// The log of the message that will name it.
    pub log: LogName,
    /// Hash of the bytes, after metadata was taken out.
    pub sha256: Sha256,
    /// How many there are.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 10_485_760))]
    pub length_bytes: u32,
    /// Their format.
    pub media_type: PictureType,
    /// Width.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 2048))]
    pub width_px: u32,
    /// Height.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 2048))]
    pub height_px: u32,
}

impl Wire for UploadRequest {
    const MOST_BYTES: usize = limits::SMALL_REQUEST_BYTES;

    fn check(&self) -> Result<(), LimitError> {
        check::range("length_bytes", self.length_bytes, 1, limits::PICTURE_BYTES)?;
        check::range("width_px", self.width_px, 1, limits::PICTURE_EDGE_PX)?;
        check::range("height_px", self.height_px, 1, limits::PICTURE_EDGE_PX)
    }
}

/// How far an upload has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UploadAnswer {
    /// The server's clock.
    pub server_time_ms: UtcMillis,
    /// The upload.
    pub upload_id: UploadId,
    /// Bytes that the server has, whatever the phone believed.
    pub offset_bytes: u32,
    /// The last byte is there, and the hash fits.
    pub is_complete: bool,
}

impl Wire for UploadAnswer {
    const MOST_BYTES: usize = limits::SMALL_ANSWER_BYTES;
}

/// Asks for the bytes of a picture, by its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PictureRequest {
    /// The log in which a message names it.
    pub log: LogName,
    /// Hash of the bytes.
    pub sha256: Sha256,
}

impl Wire for PictureRequest {
    const MOST_BYTES: usize = limits::SMALL_REQUEST_BYTES;
}
