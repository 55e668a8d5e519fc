//! Format and dimensions of a picture, and whether it is there to its end. Nothing is decoded or allocated.
//!
//! The decoders fill what is missing at the end of a cut JPEG with grey, and accept a PNG without its end. A person would
//! send half a plate without being told, so the structure is read to its end here.

use ayumi_protocol::limits;

use super::PictureError;

/// The format of a source, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Jpeg,
    Png,
}

/// What a picture says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) format: Format,
    pub(super) width_px: u32,
    pub(super) height_px: u32,
}

const JPEG: &[u8] = &[0xff, 0xd8, 0xff];
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Reads the structure of a picture to its end.
///
/// Errors: `NotSupported` for another format; `TooManyPixels` from the header alone, whatever follows; `Damaged`.
pub(super) fn read(source: &[u8]) -> Result<Header, PictureError> {
    let (format, size) = if source.starts_with(JPEG) {
        (Format::Jpeg, jpeg(source)?)
    } else if source.starts_with(PNG) {
        (Format::Png, png(source)?)
    } else {
        return Err(PictureError::NotSupported);
    };
    let (width_px, height_px) = size.ok_or(PictureError::Damaged)?;
    Ok(Header {
        format,
        width_px,
        height_px,
    })
}

fn check(width_px: u32, height_px: u32) -> Result<(u32, u32), PictureError> {
    match u64::from(width_px).saturating_mul(height_px.into()) {
        0 => Err(PictureError::Damaged),
        1..=limits::PICTURE_PIXELS => Ok((width_px, height_px)),
        _ => Err(PictureError::TooManyPixels),
    }
}

/// The dimensions of a JPEG that has its end; `None` if it is cut. What follows the end, as in moving photos, is not read.
///
/// Source: ITU-T T.81, annex B.
fn jpeg(source: &[u8]) -> Result<Option<(u32, u32)>, PictureError> {
    let mut size = None;
    let mut rest = source;
    while let Some((marker, tail)) = next_marker(rest) {
        rest = tail;
        match marker {
            // The start, restarts in coded data, and a marker without meaning: none of them has a segment.
            0x01 | 0xd0..=0xd8 => continue,
            0xd9 => return Ok(size),
            _ => {}
        }
        let Some((segment, tail)) = segment(rest) else {
            return Ok(None);
        };
        rest = tail;
        // Start of frame, of every process; the three between them are tables.
        if matches!(marker, 0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf) && size.is_none() {
            let [_, h1, h0, w1, w0, ..] = segment else {
                return Ok(None);
            };
            let edge = |high, low| u32::from(u16::from_be_bytes([high, low]));
            size = Some(check(edge(*w1, *w0), edge(*h1, *h0))?);
        }
    }
    Ok(None)
}

/// The next marker and what follows it. Coded data, fill bytes and stray bytes are passed over.
fn next_marker(mut rest: &[u8]) -> Option<(u8, &[u8])> {
    loop {
        let at = rest.iter().position(|byte| *byte == 0xff)?;
        let (_, tail) = rest.split_at_checked(at.checked_add(1)?)?;
        match tail.split_first()? {
            (0x00, after) => rest = after,
            (0xff, _) => rest = tail,
            (marker, after) => return Some((*marker, after)),
        }
    }
}

fn segment(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = rest.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)).checked_sub(2)?)
}

/// The dimensions of a PNG that has its end; `None` if it is cut or does not begin with its header.
///
/// Source: W3C PNG, third edition, section 5.
fn png(source: &[u8]) -> Result<Option<(u32, u32)>, PictureError> {
    let mut size = None;
    let mut rest = source.strip_prefix(PNG).unwrap_or_default();
    while let Some((kind, data, tail)) = chunk(rest) {
        rest = tail;
        match (kind, size) {
            (b"IHDR", None) => {
                let Some((width, data)) = data.split_first_chunk() else {
                    return Ok(None);
                };
                let Some(height) = data.first_chunk() else {
                    return Ok(None);
                };
                size = Some(check(u32::from_be_bytes(*width), u32::from_be_bytes(*height))?);
            }
            (_, None) => return Ok(None),
            (b"IEND", _) => return Ok(size),
            _ => {}
        }
    }
    Ok(None)
}

/// Kind and data of a chunk, and what follows its check sum.
fn chunk(rest: &[u8]) -> Option<(&[u8; 4], &[u8], &[u8])> {
    let (length, rest) = rest.split_first_chunk()?;
    let (kind, rest) = rest.split_first_chunk()?;
    let (data, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    let (_, rest) = rest.split_at_checked(4)?;
    Some((kind, data, rest))
}
