//! What a picture says of itself before anything is decoded: its format, its dimensions, and that it carries nothing else.
//!
//! Places, cameras and times travel in segments beside the pixels. The phone takes them out before it hashes; here they are
//! refused, by a list of what a picture needs and not of what is known to be harmful. Nothing is decompressed, so a bomb
//! costs no more than its bytes. Source: sync.md 9.2.

use ayumi_protocol::limits;
use ayumi_protocol::problem::ProblemCode;

/// The format of a picture, by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
}

impl Format {
    /// Its content type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

/// What a picture says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Format.
    pub format: Format,
    /// Width in pixels.
    pub width_px: u32,
    /// Height in pixels.
    pub height_px: u32,
}

/// Why bytes are no picture that is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PictureFault {
    /// It carries something beside its pixels.
    #[error("accept a picture: it carries metadata")]
    Metadata,
    /// Another format, cut, of impossible dimensions, or of a structure that no encoder writes.
    #[error("accept a picture: it is not of the announced form")]
    Form,
}

impl PictureFault {
    /// What a phone is told.
    #[must_use]
    pub const fn problem_code(self) -> ProblemCode {
        match self {
            Self::Metadata => ProblemCode::MetadataPresent,
            Self::Form => ProblemCode::PictureRefused,
        }
    }
}

/// Reads the structure of a picture to its end.
///
/// Errors: `Metadata` for anything but pixels, tables and a colour profile, also behind the end of the picture; `Form` for
/// everything else that is no JPEG or PNG within the limits.
pub fn inspect(bytes: &[u8]) -> Result<Header, PictureFault> {
    let header = if let Some(rest) = bytes.strip_prefix(&[0xff, 0xd8]) {
        jpeg(Reader { rest })?
    } else if let Some(rest) = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n") {
        png(Reader { rest })?
    } else {
        return Err(PictureFault::Form);
    };
    let pixels = u64::from(header.width_px).saturating_mul(u64::from(header.height_px));
    let is_within = pixels > 0
        && pixels <= limits::PICTURE_PIXELS
        && header.width_px.max(header.height_px) <= limits::PICTURE_EDGE_PX;
    is_within.then_some(header).ok_or(PictureFault::Form)
}

/// Bytes from the front, never beyond the end.
struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    fn take(&mut self, count: usize) -> Result<&'b [u8], PictureFault> {
        let (front, rest) = self.rest.split_at_checked(count).ok_or(PictureFault::Form)?;
        self.rest = rest;
        Ok(front)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PictureFault> {
        self.take(N)?.try_into().map_err(|_| PictureFault::Form)
    }

    fn byte(&mut self) -> Result<u8, PictureFault> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    const fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next marker of a JPEG; fill bytes before it are allowed.
    fn marker(&mut self) -> Result<u8, PictureFault> {
        if self.byte()? != 0xff {
            return Err(PictureFault::Form);
        }
        loop {
            match self.byte()? {
                0xff => {}
                marker => return Ok(marker),
            }
        }
    }

    /// The payload of a JPEG segment.
    fn segment(&mut self) -> Result<&'b [u8], PictureFault> {
        let length = usize::from(u16::from_be_bytes(self.array()?));
        self.take(length.checked_sub(2).ok_or(PictureFault::Form)?)
    }

    /// Goes on to the marker that ends the coded data of a scan.
    fn skip_scan(&mut self) -> Result<(), PictureFault> {
        loop {
            let next = self
                .rest
                .iter()
                .position(|byte| *byte == 0xff)
                .ok_or(PictureFault::Form)?;
            self.take(next)?;
            match self.rest.get(1) {
                // A byte of data that looks like a marker, and restart markers.
                Some(0x00 | 0xd0..=0xd7) => {
                    self.take(2)?;
                }
                Some(0xff) => {
                    self.take(1)?;
                }
                Some(_) => return Ok(()),
                None => return Err(PictureFault::Form),
            }
        }
    }
}

/// Source: ITU-T T.81, annex B.
fn jpeg(mut reader: Reader<'_>) -> Result<Header, PictureFault> {
    let mut size = None;
    let mut has_scan = false;
    loop {
        match reader.marker()? {
            0xd9 => break,
            // Start of frame, of every process; the three between them are tables.
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let [_, h1, h0, w1, w0, ..] = reader.segment()? else {
                    return Err(PictureFault::Form);
                };
                let frame = (u16::from_be_bytes([*w1, *w0]), u16::from_be_bytes([*h1, *h0]));
                if size.replace(frame).is_some() {
                    return Err(PictureFault::Form);
                }
            }
            0xda => {
                reader.segment()?;
                reader.skip_scan()?;
                has_scan = true;
            }
            // Quantisation, Huffman and arithmetic tables, restart interval.
            0xdb | 0xc4 | 0xcc | 0xdd => {
                reader.segment()?;
            }
            marker @ 0xe0..=0xef => {
                let payload = reader.segment()?;
                if !is_needed(marker, payload) {
                    return Err(PictureFault::Metadata);
                }
            }
            0xfe => return Err(PictureFault::Metadata),
            _ => return Err(PictureFault::Form),
        }
    }
    if !reader.is_at_end() {
        return Err(PictureFault::Metadata);
    }
    let (width, height) = size.filter(|_| has_scan).ok_or(PictureFault::Form)?;
    Ok(Header {
        format: Format::Jpeg,
        width_px: width.into(),
        height_px: height.into(),
    })
}

/// Application segments without which colours or proportions are wrong: JFIF without its thumbnail, a profile, Adobe's transform.
fn is_needed(marker: u8, payload: &[u8]) -> bool {
    match marker {
        0xe0 => payload.starts_with(b"JFIF\0") && payload.len() == 14 && payload.ends_with(&[0, 0]),
        0xe2 => payload.starts_with(b"ICC_PROFILE\0"),
        0xee => payload.starts_with(b"Adobe") && payload.len() == 12,
        _ => false,
    }
}

/// Source: W3C PNG, third edition, section 5.
fn png(mut reader: Reader<'_>) -> Result<Header, PictureFault> {
    let mut size = None;
    let mut has_data = false;
    loop {
        let length = usize::try_from(u32::from_be_bytes(reader.array()?)).map_err(|_| PictureFault::Form)?;
        let kind: [u8; 4] = reader.array()?;
        let mut data = Reader {
            rest: reader.take(length)?,
        };
        reader.take(4)?;
        match (&kind, size) {
            (b"IHDR", None) if length == 13 => {
                size = Some((
                    u32::from_be_bytes(data.array()?),
                    u32::from_be_bytes(data.array()?),
                ));
            }
            (b"IHDR", _) | (_, None) => return Err(PictureFault::Form),
            (b"IEND", _) => break,
            (b"IDAT", _) => has_data = true,
            (
                b"PLTE" | b"tRNS" | b"cHRM" | b"gAMA" | b"iCCP" | b"sBIT" | b"sRGB" | b"cICP" | b"bKGD"
                | b"pHYs",
                _,
            ) => {}
            _ => return Err(PictureFault::Metadata),
        }
    }
    if !reader.is_at_end() {
        return Err(PictureFault::Metadata);
    }
    let (width_px, height_px) = size.filter(|_| has_data).ok_or(PictureFault::Form)?;
    Ok(Header {
        format: Format::Png,
        width_px,
        height_px,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A JPEG of the right structure, with one more segment in front of the frame.
    pub(crate) fn jpeg_of(width: u16, height: u16, extra: Option<(u8, &[u8])>) -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8];
        let mut segment = |marker: u8, payload: &[u8]| {
            bytes.extend([0xff, marker]);
            bytes.extend(
                u16::try_from(payload.len().saturating_add(2))
                    .unwrap()
                    .to_be_bytes(),
            );
            bytes.extend(payload);
        };
        segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
        if let Some((marker, payload)) = extra {
            segment(marker, payload);
        }
        let (h, w) = (height.to_be_bytes(), width.to_be_bytes());
        segment(0xc0, &[8, h[0], h[1], w[0], w[1], 1, 1, 0x11, 0]);
        segment(0xda, &[1, 1, 0, 0, 63, 0]);
        bytes.extend([0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56, 0xff, 0xd9]);
        bytes
    }

    fn png_of(width: u32, height: u32, extra: Option<&[u8; 4]>) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        let mut chunk = |kind: &[u8; 4], data: &[u8]| {
            bytes.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
            bytes.extend(kind);
            bytes.extend(data);
            bytes.extend([0; 4]);
        };
        let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
        chunk(b"IHDR", &[size.as_slice(), &[8, 2, 0, 0, 0]].concat());
        if let Some(kind) = extra {
            chunk(kind, b"x");
        }
        chunk(b"IDAT", b"data");
        chunk(b"IEND", b"");
        bytes
    }

    #[test]
    fn a_picture_tells_its_format_and_dimensions() {
        let jpeg = inspect(&jpeg_of(640, 480, None)).unwrap();
        assert_eq!(
            (jpeg.format, jpeg.width_px, jpeg.height_px),
            (Format::Jpeg, 640, 480)
        );
        let png = inspect(&png_of(30, 20, Some(b"gAMA"))).unwrap();
        assert_eq!((png.format, png.width_px, png.height_px), (Format::Png, 30, 20));
        assert!(inspect(&jpeg_of(640, 480, Some((0xe2, b"ICC_PROFILE\0\x01\x01x")))).is_ok());
        assert!(inspect(&jpeg_of(640, 480, Some((0xee, b"Adobe\0\x64\0\0\0\0\x01")))).is_ok());
    }

    #[test]
    fn metadata_in_any_place_is_refused() {
        for extra in [
            (0xe1, b"Exif\0\0".as_slice()),
            (0xe1, b"http://ns.adobe.com/xap/1.0/\0"),
            (0xe2, b"MPF\0"),
            (0xed, b"Photoshop 3.0\0"),
            (0xe0, b"JFXX\0"),
            (0xfe, b"a comment"),
        ] {
            assert_eq!(
                inspect(&jpeg_of(64, 48, Some(extra))),
                Err(PictureFault::Metadata)
            );
        }
        for kind in [b"eXIf", b"tEXt", b"iTXt", b"zTXt", b"tIME", b"prVt"] {
            assert_eq!(inspect(&png_of(64, 48, Some(kind))), Err(PictureFault::Metadata));
        }
        for mut bytes in [jpeg_of(64, 48, None), png_of(64, 48, None)] {
            bytes.push(0);
            assert_eq!(inspect(&bytes), Err(PictureFault::Metadata));
        }
    }

    #[test]
    fn what_is_no_picture_or_too_large_is_refused() {
        for bytes in [
            b"GIF89a".to_vec(),
            Vec::new(),
            jpeg_of(0, 10, None),
            jpeg_of(2049, 10, None),
            png_of(u32::MAX, u32::MAX, None),
        ] {
            assert_eq!(inspect(&bytes), Err(PictureFault::Form));
        }
    }

    proptest! {
        #[test]
        fn a_picture_that_is_cut_anywhere_is_refused(part in 0.0_f64..1.0, is_png: bool) {
            let bytes = if is_png { png_of(64, 48, None) } else { jpeg_of(64, 48, None) };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "small numbers")]
            let end = (bytes.len() as f64 * part) as usize;
            prop_assert_eq!(inspect(&bytes[..end]), Err(PictureFault::Form));
        }

        #[test]
        fn no_bytes_bring_it_down(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8), is_png: bool) {
            let mut bytes = if is_png { png_of(64, 48, None) } else { jpeg_of(64, 48, None) };
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let _ = inspect(&bytes);
        }
    }
}
