//! Why a file becomes no picture, by what a person can do about it.

use image::ImageError;

/// Why a file becomes no picture. Nothing was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// Neither JPEG nor PNG by its first bytes, or a rare kind of them (lossless, arithmetic, twelve bits).
    #[error("read the picture: its format is not supported")]
    NotSupported,
    /// More than [`PICTURE_PIXELS`](ayumi_protocol::limits::PICTURE_PIXELS), or more memory than decoding may take. Nothing was decoded.
    #[error("read the picture: it has too many pixels")]
    TooManyPixels,
    /// Cut, or not of the structure of its format.
    #[error("read the picture: it is damaged")]
    Damaged,
    /// The system has no memory to decode it in. It may work later.
    #[error("read the picture: there is not enough memory")]
    OutOfMemory,
    /// More than [`PICTURE_BYTES`](ayumi_protocol::limits::PICTURE_BYTES) even at the lowest quality. No picture is known that is.
    #[error("encode the picture: it stays too large")]
    TooLarge,
}

impl From<ImageError> for PictureError {
    /// The text of the decoder is dropped: it may repeat what stands in the file.
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(_) => Self::TooManyPixels,
            ImageError::Unsupported(_) => Self::NotSupported,
            _ => Self::Damaged,
        }
    }
}
