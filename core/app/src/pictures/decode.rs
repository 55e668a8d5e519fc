//! Pixels of a source, row by row as eight-bit red, green and blue.

use std::io::Cursor;

use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::metadata::Orientation;
use image::{ColorType, ImageDecoder, Limits};

use super::PictureError;
use super::header::{Format, Header};

/// Bytes that a decoder may hold. The dearest picture within the limits is a progressive JPEG of 50 megapixels: three bytes
/// of a pixel and up to six of its coefficients.
const DECODER_BYTES: u64 = 512 * 1024 * 1024;

/// A decoded source, in the format its decoder gives.
pub(super) struct Raster {
    bytes: Vec<u8>,
    bytes_per_row: usize,
    color: ColorType,
    /// How it has to be turned to stand upright.
    pub(super) orientation: Orientation,
}

/// Decodes a source whose header was read.
///
/// Errors: `NotSupported`, `TooManyPixels`, `Damaged`, `OutOfMemory`.
pub(super) fn decode(header: Header, source: &[u8]) -> Result<Raster, PictureError> {
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(header.width_px);
    limits.max_image_height = Some(header.height_px);
    limits.max_alloc = Some(DECODER_BYTES);
    match header.format {
        Format::Jpeg => {
            let mut decoder = JpegDecoder::new(Cursor::new(source))?;
            decoder.set_limits(limits)?;
            read(decoder, header)
        }
        Format::Png => read(PngDecoder::with_limits(Cursor::new(source), limits)?, header),
    }
}

fn read(mut decoder: impl ImageDecoder, header: Header) -> Result<Raster, PictureError> {
    // The decoder has read the header for itself. Where the two differ, the file is made to be read in two ways.
    if decoder.dimensions() != (header.width_px, header.height_px) {
        return Err(PictureError::Damaged);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let color = decoder.color_type();
    let total = decoder.total_bytes();
    if total > DECODER_BYTES {
        return Err(PictureError::TooManyPixels);
    }
    let total = usize::try_from(total).map_err(|_| PictureError::TooManyPixels)?;
    let bytes_per_row = usize::try_from(header.width_px)
        .unwrap_or(usize::MAX)
        .saturating_mul(color.bytes_per_pixel().into());
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(total)
        .map_err(|_| PictureError::OutOfMemory)?;
    bytes.resize(total, 0);
    decoder.read_image(&mut bytes)?;
    Ok(Raster {
        bytes,
        bytes_per_row,
        color,
        orientation,
    })
}

impl Raster {
    /// Hands every row to `take` as red, green, blue, from the top. What is transparent shows white paper.
    pub(super) fn for_each_row(&self, mut take: impl FnMut(&[u8])) {
        let mut rgb = Vec::new();
        for row in self.bytes.chunks_exact(self.bytes_per_row.max(1)) {
            if self.color == ColorType::Rgb8 {
                take(row);
                continue;
            }
            rgb.clear();
            match self.color {
                ColorType::L8 => rgb.extend(row.iter().flat_map(|grey| [*grey; 3])),
                ColorType::La8 => pixels::<2>(row, &mut rgb, |[grey, alpha]| on_white([grey; 3], alpha)),
                ColorType::Rgba8 => pixels::<4>(row, &mut rgb, |[r, g, b, alpha]| on_white([r, g, b], alpha)),
                ColorType::L16 => pixels::<2>(row, &mut rgb, |grey| [eight_bits(grey); 3]),
                ColorType::La16 => pixels::<4>(row, &mut rgb, |[g1, g0, a1, a0]| {
                    on_white([eight_bits([g1, g0]); 3], eight_bits([a1, a0]))
                }),
                ColorType::Rgb16 => pixels::<6>(row, &mut rgb, |[r1, r0, g1, g0, b1, b0]| {
                    [[r1, r0], [g1, g0], [b1, b0]].map(eight_bits)
                }),
                ColorType::Rgba16 => pixels::<8>(row, &mut rgb, |[r1, r0, g1, g0, b1, b0, a1, a0]| {
                    on_white(
                        [[r1, r0], [g1, g0], [b1, b0]].map(eight_bits),
                        eight_bits([a1, a0]),
                    )
                }),
                // Neither decoder gives floats.
                _ => {}
            }
            take(&rgb);
        }
    }
}

fn pixels<const N: usize>(row: &[u8], rgb: &mut Vec<u8>, color_of: impl Fn([u8; N]) -> [u8; 3]) {
    rgb.extend(row.as_chunks::<N>().0.iter().flat_map(|pixel| color_of(*pixel)));
}

/// A value of 16 bits, as the decoder lays it in memory, to the nearest of 8.
fn eight_bits(value: [u8; 2]) -> u8 {
    let value = u32::from(u16::from_ne_bytes(value));
    u8::try_from(value.saturating_mul(255).saturating_add(32_767) / 65_535).unwrap_or(u8::MAX)
}

fn on_white(color: [u8; 3], alpha: u8) -> [u8; 3] {
    let paper = u32::from(u8::MAX.saturating_sub(alpha)).saturating_mul(255);
    color.map(|value| {
        let value = u32::from(value).saturating_mul(alpha.into());
        u8::try_from(value.saturating_add(paper).saturating_add(127) / 255).unwrap_or(u8::MAX)
    })
}
