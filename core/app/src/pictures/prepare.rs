//! From the bytes of a gallery's file to the two files that are sent.

use std::fmt;

use ayumi_protocol::body::{Attachment, PictureType, Thumbnail};
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::limits;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, RgbImage};

use super::scale::{Scaler, size_within};
use super::{PictureError, decode, header, sha256_of};

/// Qualities of the encoder, 1 to 100, tried until the picture is small enough. At the first one a photo of 2,048 pixels
/// takes about a megabyte and shows no blocks.
const QUALITIES: [u8; 5] = [82, 70, 55, 40, 20];

/// A JPEG without anything but its pixels.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodedPicture {
    /// The file, at most [`PICTURE_BYTES`](limits::PICTURE_BYTES).
    pub bytes: Vec<u8>,
    /// Its sum, which names it from here on.
    pub sha256: Sha256,
    /// Width in pixels, upright; at least 1.
    pub width_px: u32,
    /// Height in pixels, upright; at least 1.
    pub height_px: u32,
}

impl EncodedPicture {
    /// Bytes of the file.
    #[must_use]
    pub fn length_bytes(&self) -> u32 {
        // Bounded by PICTURE_BYTES.
        u32::try_from(self.bytes.len()).unwrap_or(u32::MAX)
    }
}

impl fmt::Debug for EncodedPicture {
    /// Neither the picture nor its sum, by which it could be recognised.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncodedPicture")
            .field("length_bytes", &self.bytes.len())
            .field("width_px", &self.width_px)
            .field("height_px", &self.height_px)
            .finish_non_exhaustive()
    }
}

/// A photo as it is sent, and its small copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedPicture {
    /// Long edge at most [`PICTURE_EDGE_PX`](limits::PICTURE_EDGE_PX).
    pub picture: EncodedPicture,
    /// Long edge at most [`THUMBNAIL_EDGE_PX`](limits::THUMBNAIL_EDGE_PX).
    pub thumbnail: EncodedPicture,
}

impl PreparedPicture {
    /// What the message says of the picture.
    #[must_use]
    pub fn attachment(&self) -> Attachment {
        Attachment {
            sha256: self.picture.sha256,
            media_type: PictureType::Jpeg,
            length_bytes: self.picture.length_bytes(),
            width_px: self.picture.width_px,
            height_px: self.picture.height_px,
            thumbnail: Thumbnail {
                sha256: self.thumbnail.sha256,
                length_bytes: self.thumbnail.length_bytes(),
                width_px: self.thumbnail.width_px,
                height_px: self.thumbnail.height_px,
            },
        }
    }
}

/// Makes of a JPEG or PNG what is sent: upright, on white, not larger than the limits and never larger than it was, encoded
/// anew, with a thumbnail. The same bytes in give the same bytes out.
///
/// Of an animated PNG the picture that viewers without animation show is taken. A colour profile is dropped without being
/// applied: colours of a wide screen become a little paler.
///
/// A photo of 12 megapixels takes 0.3 s on a computer and 45 MB, the dearest within the limits up to half a gigabyte: not for a
/// thread that draws, and one at a time.
///
/// Errors: `NotSupported`; `TooManyPixels`, before anything is decoded; `Damaged`; `OutOfMemory`; `TooLarge`.
pub fn prepare(source: &[u8]) -> Result<PreparedPicture, PictureError> {
    let header = header::read(source)?;
    let raster = decode::decode(header, source)?;
    let from = (header.width_px, header.height_px);
    let scaled = scale(from, limits::PICTURE_EDGE_PX, |take| raster.for_each_row(take))?;
    let mut upright = DynamicImage::ImageRgb8(scaled);
    upright.apply_orientation(raster.orientation);
    // The largest allocation by far.
    drop(raster);
    let picture = upright.into_rgb8();

    let bytes_per_row = usize::try_from(picture.width()).unwrap_or(0).saturating_mul(3);
    let thumbnail = scale(picture.dimensions(), limits::THUMBNAIL_EDGE_PX, |take| {
        picture.as_raw().chunks_exact(bytes_per_row.max(1)).for_each(take);
    })?;
    Ok(PreparedPicture {
        thumbnail: encode(&thumbnail, limits::PICTURE_BYTES)?,
        picture: encode(&picture, limits::PICTURE_BYTES)?,
    })
}

fn scale(
    from: (u32, u32),
    edge: u32,
    rows: impl FnOnce(&mut dyn FnMut(&[u8])),
) -> Result<RgbImage, PictureError> {
    let to = size_within(from.0, from.1, edge);
    let mut scaler = Scaler::new(from, to);
    rows(&mut |row| scaler.push(row));
    RgbImage::from_raw(to.0, to.1, scaler.into_pixels()).ok_or(PictureError::Damaged)
}

/// Encodes at the best quality that stays within `most_bytes`.
pub(super) fn encode(image: &RgbImage, most_bytes: u32) -> Result<EncodedPicture, PictureError> {
    for quality in QUALITIES {
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(image)?;
        if u32::try_from(bytes.len()).is_ok_and(|length| length <= most_bytes) {
            return Ok(EncodedPicture {
                sha256: sha256_of(&bytes),
                bytes,
                width_px: image.width(),
                height_px: image.height(),
            });
        }
    }
    Err(PictureError::TooLarge)
}
