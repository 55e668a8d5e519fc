//! Sources are made here: encoded by the crate `image`, with segments and chunks written by hand.

use std::io::Cursor;
use std::sync::LazyLock;

use ayumi_protocol::limits;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GrayAlphaImage, ImageFormat, Luma, LumaA, Rgb, RgbImage, Rgba};
use proptest::prelude::*;

use super::prepare::encode;
use super::*;

const RED: [u8; 3] = [220, 30, 30];
const GREEN: [u8; 3] = [30, 200, 30];
const BLUE: [u8; 3] = [30, 30, 220];
const YELLOW: [u8; 3] = [220, 220, 30];

/// Red, green above blue, yellow; each quarter is whole blocks of the encoder.
fn quarters(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb(match (x < width / 2, y < height / 2) {
            (true, true) => RED,
            (false, true) => GREEN,
            (true, false) => BLUE,
            (false, false) => YELLOW,
        })
    })
}

fn jpeg(image: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 95)
        .encode_image(image)
        .unwrap();
    bytes
}

fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A TIFF structure of big-endian values with the orientation, a camera and a place.
fn exif(orientation: u8) -> Vec<u8> {
    let mut bytes = b"MM\0*\0\0\0\x08\0\x03".to_vec();
    bytes.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    // Make: 12 bytes of text at offset 50; GPS directory at offset 62.
    bytes.extend([0x01, 0x0f, 0, 2, 0, 0, 0, 12, 0, 0, 0, 50]);
    bytes.extend([0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 62]);
    bytes.extend([0, 0, 0, 0]);
    bytes.extend(b"CAMERAMAKER\0");
    bytes.extend([0, 1, 0, 1, 0, 2, 0, 0, 0, 2]);
    bytes.extend(b"N\0\0\0\0\0\0\0");
    bytes.extend(b"GPSPLACE");
    bytes
}

/// The JPEG with one more segment behind its start.
fn with_segment(jpeg: &[u8], marker: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff, marker];
    bytes.extend(u16::try_from(payload.len() + 2).unwrap().to_be_bytes());
    bytes.extend(payload);
    bytes.extend(&jpeg[2..]);
    bytes
}

fn with_exif(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    with_segment(jpeg, 0xe1, &[b"Exif\0\0".as_slice(), &exif(orientation)].concat())
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [&kind, data].concat();
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&length, body.as_slice(), &crc(&body).to_be_bytes()].concat()
}

/// The PNG with one more chunk behind its header.
fn with_chunk(png: &[u8], kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let (front, rest) = png.split_at(33);
    [front, &chunk(kind, data), rest].concat()
}

fn png_header(width: u32, height: u32) -> Vec<u8> {
    let data = [
        width.to_be_bytes().as_slice(),
        &height.to_be_bytes(),
        &[8, 2, 0, 0, 0],
    ]
    .concat();
    [b"\x89PNG\r\n\x1a\n".as_slice(), &chunk(*b"IHDR", &data)].concat()
}

fn jpeg_header(width: u16, height: u16) -> Vec<u8> {
    let ([h1, h0], [w1, w0]) = (height.to_be_bytes(), width.to_be_bytes());
    let frame = [8, h1, h0, w1, w0, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
    with_segment(&[0xff, 0xd8], 0xc0, &frame)
}

fn decoded(picture: &EncodedPicture) -> RgbImage {
    let image = image::load_from_memory_with_format(&picture.bytes, ImageFormat::Jpeg).unwrap();
    assert_eq!(
        (image.width(), image.height()),
        (picture.width_px, picture.height_px)
    );
    image.into_rgb8()
}

#[track_caller]
fn assert_near(pixel: Rgb<u8>, expected: [u8; 3]) {
    let is_near = pixel
        .0
        .iter()
        .zip(expected)
        .all(|(value, expected)| value.abs_diff(expected) < 16);
    assert!(is_near, "{pixel:?} is not {expected:?}");
}

/// The colours in the middle of the quarters: left and right above, left and right below.
#[track_caller]
fn assert_quarters(picture: &EncodedPicture, expected: [[u8; 3]; 4]) {
    let image = decoded(picture);
    let (width, height) = image.dimensions();
    let places = [(1, 1), (3, 1), (1, 3), (3, 3)];
    for ((x, y), expected) in places.into_iter().zip(expected) {
        assert_near(*image.get_pixel(width * x / 4, height * y / 4), expected);
    }
}

/// Upright quarters of an image that is stored as red, green, blue, yellow. Source: TIFF 6.0, tag Orientation.
const UPRIGHT: [(u8, [[u8; 3]; 4]); 8] = [
    (1, [RED, GREEN, BLUE, YELLOW]),
    (2, [GREEN, RED, YELLOW, BLUE]),
    (3, [YELLOW, BLUE, GREEN, RED]),
    (4, [BLUE, YELLOW, RED, GREEN]),
    (5, [RED, BLUE, GREEN, YELLOW]),
    (6, [BLUE, RED, YELLOW, GREEN]),
    (7, [YELLOW, GREEN, BLUE, RED]),
    (8, [GREEN, YELLOW, RED, BLUE]),
];

#[test]
fn every_orientation_is_applied_to_the_pixels() {
    let image = quarters(64, 32);
    for (orientation, expected) in UPRIGHT {
        let sources = [
            with_exif(&jpeg(&image), orientation),
            with_chunk(&png(image.clone()), *b"eXIf", &exif(orientation)),
        ];
        for source in sources {
            let prepared = prepare(&source).unwrap();
            let is_turned = orientation >= 5;
            for picture in [&prepared.picture, &prepared.thumbnail] {
                assert_eq!(
                    (picture.width_px, picture.height_px),
                    if is_turned { (32, 64) } else { (64, 32) },
                    "orientation {orientation}"
                );
                assert_quarters(picture, expected);
            }
        }
    }
}

#[test]
fn an_orientation_that_does_not_exist_is_none() {
    for orientation in [0, 9, 255] {
        let prepared = prepare(&with_exif(&jpeg(&quarters(64, 32)), orientation)).unwrap();
        assert_quarters(&prepared.picture, UPRIGHT[0].1);
    }
}

#[test]
fn a_large_photo_is_turned_after_it_was_scaled() {
    let prepared = prepare(&with_exif(&jpeg(&quarters(3000, 1500)), 6)).unwrap();
    let (picture, thumbnail) = (&prepared.picture, &prepared.thumbnail);
    assert_eq!((picture.width_px, picture.height_px), (1024, 2048));
    assert_eq!((thumbnail.width_px, thumbnail.height_px), (160, 320));
    assert_quarters(picture, UPRIGHT[5].1);
    assert_quarters(thumbnail, UPRIGHT[5].1);
    let attachment = prepared.attachment();
    assert_eq!(attachment.sha256, sha256_of(&picture.bytes));
    assert_eq!(attachment.thumbnail.sha256, sha256_of(&thumbnail.bytes));
    assert_eq!(
        usize::try_from(attachment.length_bytes).unwrap(),
        picture.bytes.len()
    );
}

#[test]
fn place_camera_comment_and_profile_do_not_leave_the_phone() {
    let hidden: [&[u8]; 6] = [
        b"GPSPLACE",
        b"CAMERAMAKER",
        b"HIDDENXMP",
        b"HIDDENPROFILE",
        b"HIDDENCOMMENT",
        b"HIDDENTRAILER",
    ];
    let mut photo = with_exif(&jpeg(&quarters(64, 32)), 1);
    photo = with_segment(&photo, 0xe1, b"http://ns.adobe.com/xap/1.0/\0HIDDENXMP");
    photo = with_segment(&photo, 0xe2, b"ICC_PROFILE\0\x01\x01HIDDENPROFILE");
    photo = with_segment(&photo, 0xfe, b"HIDDENCOMMENT");
    photo.extend(b"HIDDENTRAILER");
    let mut screen = with_chunk(&png(quarters(64, 32)), *b"eXIf", &exif(1));
    screen = with_chunk(&screen, *b"tEXt", b"Comment\0HIDDENCOMMENT");
    screen = with_chunk(&screen, *b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0HIDDENXMP");
    screen.extend(b"HIDDENTRAILER");
    let contains = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    for source in [photo, screen] {
        assert!(hidden.iter().filter(|text| contains(&source, text)).count() >= 4);
        let prepared = prepare(&source).unwrap();
        for picture in [&prepared.picture, &prepared.thumbnail] {
            for text in hidden {
                assert!(!contains(&picture.bytes, text));
            }
            assert!(!contains(&picture.bytes, b"Exif"));
            let again = with_exif(&picture.bytes, 1);
            assert_eq!(prepare(&again).unwrap().picture.width_px, 64);
        }
    }
}

#[test]
fn the_same_bytes_give_the_same_files() {
    let source = jpeg(&quarters(300, 200));
    assert_eq!(prepare(&source).unwrap(), prepare(&source).unwrap());
}

#[test]
fn a_small_picture_is_never_made_larger() {
    for (width, height) in [(1, 1), (7, 3), (320, 200), (321, 200), (2048, 16)] {
        let prepared = prepare(&png(quarters(width, height))).unwrap();
        let (picture, thumbnail) = (prepared.picture, prepared.thumbnail);
        assert_eq!((picture.width_px, picture.height_px), (width, height));
        assert!(thumbnail.width_px <= width && thumbnail.height_px <= height);
        assert!(thumbnail.width_px.max(thumbnail.height_px) <= limits::THUMBNAIL_EDGE_PX);
    }
}

#[test]
fn a_picture_of_one_pixel_width_keeps_it() {
    for (width, height) in [(1, 50_000), (50_000, 1)] {
        for source in [png(quarters(width, height)), jpeg(&quarters(width, height))] {
            let prepared = prepare(&source).unwrap();
            let size = |picture: &EncodedPicture| (picture.width_px, picture.height_px);
            let expected = |edge| if width == 1 { (1, edge) } else { (edge, 1) };
            assert_eq!(size(&prepared.picture), expected(2048));
            assert_eq!(size(&prepared.thumbnail), expected(320));
        }
    }
}

#[test]
fn every_kind_of_png_becomes_the_same_colours() {
    let rgb = DynamicImage::ImageRgb8(quarters(64, 32));
    let sources = [
        rgb.clone(),
        DynamicImage::ImageRgba8(rgb.to_rgba8()),
        DynamicImage::ImageRgb16(rgb.to_rgb16()),
        DynamicImage::ImageRgba16(rgb.to_rgba16()),
    ];
    for source in sources {
        assert_quarters(&prepare(&png(source)).unwrap().picture, UPRIGHT[0].1);
    }
    let grey = image::GrayImage::from_pixel(16, 16, Luma([90]));
    let grey = DynamicImage::ImageLuma8(grey);
    let sources = [
        grey.clone(),
        DynamicImage::ImageLumaA8(grey.to_luma_alpha8()),
        DynamicImage::ImageLuma16(grey.to_luma16()),
        DynamicImage::ImageLumaA16(grey.to_luma_alpha16()),
    ];
    for source in sources {
        let prepared = prepare(&png(source)).unwrap();
        assert_near(*decoded(&prepared.picture).get_pixel(8, 8), [90; 3]);
    }
}

#[test]
fn a_grey_jpeg_stays_grey() {
    let mut source = Vec::new();
    JpegEncoder::new(&mut source)
        .encode_image(&image::GrayImage::from_pixel(16, 16, Luma([90])))
        .unwrap();
    let prepared = prepare(&source).unwrap();
    assert_near(*decoded(&prepared.picture).get_pixel(8, 8), [90; 3]);
}

#[test]
fn what_is_transparent_shows_white_paper() {
    let clear = image::RgbaImage::from_pixel(16, 16, Rgba([0, 0, 0, 0]));
    let half = image::RgbaImage::from_pixel(16, 16, Rgba([255, 0, 0, 128]));
    let grey = GrayAlphaImage::from_pixel(16, 16, LumaA([0, 51]));
    for (source, expected) in [
        (png(clear), [255; 3]),
        (png(half), [255, 127, 127]),
        (png(grey), [204; 3]),
    ] {
        let prepared = prepare(&source).unwrap();
        assert_near(*decoded(&prepared.picture).get_pixel(8, 8), expected);
    }
}

#[test]
fn an_animated_png_becomes_its_first_frame() {
    let first = png(quarters(64, 32));
    let second = png(RgbImage::from_pixel(64, 32, Rgb(BLUE)));
    // Behind IHDR: an animation of two frames, the first of which is the picture itself.
    let frame_control = |number: u32| {
        let mut data = Vec::new();
        for value in [number, 64, 32, 0, 0] {
            data.extend(value.to_be_bytes());
        }
        data.extend([0, 1, 0, 10, 0, 0]);
        chunk(*b"fcTL", &data)
    };
    let pixels_of = |png: &[u8]| {
        let at = png.windows(4).position(|kind| kind == b"IDAT").unwrap();
        let length = u32::from_be_bytes(png[at - 4..at].try_into().unwrap());
        png[at + 4..at + 4 + usize::try_from(length).unwrap()].to_vec()
    };
    let source = [
        &first[..33],
        &chunk(*b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]),
        &frame_control(0),
        &chunk(*b"IDAT", &pixels_of(&first)),
        &frame_control(1),
        &chunk(*b"fdAT", &[&[0, 0, 0, 2], pixels_of(&second).as_slice()].concat()),
        &chunk(*b"IEND", b""),
    ]
    .concat();
    assert_quarters(&prepare(&source).unwrap().picture, UPRIGHT[0].1);
}

#[test]
fn too_many_pixels_are_refused_from_the_header_alone() {
    // 200 megapixels, and the largest that can be said; no pixel follows. A decoder would ask for 600 MB and more.
    for source in [
        jpeg_header(20_000, 10_000),
        jpeg_header(u16::MAX, u16::MAX),
        png_header(20_000, 10_000),
        png_header(u32::MAX, u32::MAX),
        png_header(50_001, 1_000),
    ] {
        assert_eq!(prepare(&source), Err(PictureError::TooManyPixels));
    }
    // At the limit it is the missing end that is complained of.
    assert_eq!(prepare(&png_header(50_000, 1_000)), Err(PictureError::Damaged));
    assert_eq!(prepare(&jpeg_header(50_000, 1_000)), Err(PictureError::Damaged));
}

#[test]
fn a_png_whose_few_bytes_claim_much_is_refused() {
    let pixels = png(RgbImage::new(1, 1));
    let bomb = [&png_header(60_000, 60_000), &pixels[33..]].concat();
    assert_eq!(prepare(&bomb), Err(PictureError::TooManyPixels));
    let bluff = [&png_header(600, 600), &pixels[33..]].concat();
    assert_eq!(prepare(&bluff), Err(PictureError::Damaged));
}

#[test]
fn other_formats_are_told_apart_from_damage() {
    for source in [
        b"".as_slice(),
        b"GIF89a",
        b"RIFF\0\0\0\0WEBP",
        b"\0\0\0\x18ftypheic",
        b"%PDF-1.7",
        &[0xff, 0xd8],
    ] {
        assert_eq!(prepare(source), Err(PictureError::NotSupported));
    }
    for source in [
        jpeg_header(0, 10),
        png_header(0, 10),
        b"\x89PNG\r\n\x1a\n".to_vec(),
        vec![0xff, 0xd8, 0xff, 0xd9],
    ] {
        assert_eq!(prepare(&source), Err(PictureError::Damaged));
    }
}

#[test]
fn the_quality_is_lowered_until_the_picture_fits() {
    let noise = RgbImage::from_fn(128, 128, |x, y| {
        let mixed = x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503).rotate_left(13);
        let [a, b, c, _] = mixed.wrapping_mul(mixed | 1).to_be_bytes();
        Rgb([a, b, c])
    });
    let best = encode(&noise, limits::PICTURE_BYTES).unwrap();
    let smaller = encode(&noise, best.length_bytes() - 1).unwrap();
    assert!(smaller.bytes.len() < best.bytes.len());
    assert_eq!(decoded(&smaller).dimensions(), (128, 128));
    assert_eq!(encode(&noise, 100), Err(PictureError::TooLarge));
}

#[test]
fn nothing_of_a_picture_is_in_its_debug_text() {
    let prepared = prepare(&jpeg(&quarters(16, 16))).unwrap();
    let text = format!("{prepared:?}");
    assert!(text.contains("width_px: 16"));
    assert!(!text.contains("bytes: ["));
    assert!(!text.contains(&prepared.picture.sha256.to_string()));
}

/// Real files of both formats, small so that thousands of them are read.
static SOURCES: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
    let image = quarters(48, 32);
    [
        with_exif(&jpeg(&image), 6),
        png(image.clone()),
        with_chunk(
            &png(DynamicImage::ImageRgba16(DynamicImage::from(image).to_rgba16())),
            *b"eXIf",
            &exif(8),
        ),
    ]
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_picture_that_is_cut_anywhere_is_damaged(which in 0_usize..3, cut: prop::sample::Index) {
        let source = &SOURCES[which];
        let length = 8 + cut.index(source.len() - 8);
        prop_assert_eq!(prepare(&source[..length]), Err(PictureError::Damaged));
    }

    #[test]
    fn no_change_of_a_real_picture_brings_it_down(
        which in 0_usize..3,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut source = SOURCES[which].clone();
        for (at, byte) in changes {
            let at = at.index(source.len());
            source[at] = byte;
        }
        if let Ok(prepared) = prepare(&source) {
            prop_assert!(prepared.picture.width_px <= limits::PICTURE_EDGE_PX);
            prop_assert!(prepared.picture.height_px <= limits::PICTURE_EDGE_PX);
        }
    }

    #[test]
    fn no_bytes_behind_a_right_beginning_bring_it_down(
        which in 0_usize..3,
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        kept: prop::sample::Index,
    ) {
        let source = &SOURCES[which];
        let _ = prepare(&[&source[..kept.index(source.len())], bytes.as_slice()].concat());
        let _ = prepare(&bytes);
    }
}
