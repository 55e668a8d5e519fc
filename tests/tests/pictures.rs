//! What the app makes of a photo is what the server takes: the two judge metadata, dimensions and length by code of their own.
//!
//! The sources are files of several encoders, the corpus of the fuzz target: colours at half the resolution, progressive,
//! with restarts, in four inks, with a palette, with sixteen bits. All show red and green above blue and yellow.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]

use std::fs;
use std::path::Path;

use ayumi_core::pictures::{PictureError, prepare, sha256_of};
use ayumi_protocol::limits;
use ayumi_server::uploads::picture_header::{Format, PictureFault, inspect};

fn source(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/pictures");
    fs::read(folder.join(name)).unwrap()
}

const SOURCES: [&str; 7] = [
    "half_colours.jpg",
    "progressive.jpg",
    "restarts.jpg",
    "lying.jpg",
    "four_inks.jpg",
    "palette.png",
    "sixteen_bits.png",
];

#[test]
fn what_the_app_prepares_is_what_the_server_takes() {
    for name in SOURCES {
        let prepared = prepare(&source(name)).unwrap();
        for picture in [&prepared.picture, &prepared.thumbnail] {
            let header = inspect(&picture.bytes).unwrap();
            assert_eq!(header.format, Format::Jpeg);
            assert_eq!(
                (header.width_px, header.height_px),
                (picture.width_px, picture.height_px)
            );
            assert_eq!(picture.sha256, sha256_of(&picture.bytes));
            assert!(picture.length_bytes() <= limits::PICTURE_BYTES);
        }
    }
}

#[test]
fn the_colours_are_those_of_the_source_whoever_encoded_it() {
    let (red, green, blue, yellow) = ([220, 30, 30], [30, 200, 30], [30, 30, 220], [220, 220, 30]);
    for name in SOURCES {
        let bytes = prepare(&source(name)).unwrap().picture.bytes;
        let image = image::load_from_memory(&bytes).unwrap().into_rgb8();
        assert_eq!(image.dimensions(), (32, 32));
        // This one says that it was held sideways: what was left below is above on the left.
        let expected = match name {
            "lying.jpg" => [blue, red, yellow, green],
            _ => [red, green, blue, yellow],
        };
        let places = [(8, 8), (24, 8), (8, 24), (24, 24)];
        for ((x, y), expected) in places.into_iter().zip(expected) {
            let pixel = image.get_pixel(x, y).0;
            let is_near = pixel
                .iter()
                .zip(expected)
                .all(|(value, expected): (&u8, u8)| value.abs_diff(expected) < 16);
            assert!(is_near, "{name} at {x}, {y}: {pixel:?} is not {expected:?}");
        }
    }
}

#[test]
fn the_server_refuses_the_photo_itself_where_it_says_how_it_was_held() {
    let source = source("lying.jpg");
    assert_eq!(inspect(&source), Err(PictureFault::Metadata));
    assert!(inspect(&prepare(&source).unwrap().picture.bytes).is_ok());
}

#[test]
fn what_was_prepared_may_be_prepared_again() {
    for name in SOURCES {
        let once = prepare(&source(name)).unwrap().picture;
        let twice = prepare(&once.bytes).unwrap().picture;
        assert_eq!((once.width_px, once.height_px), (twice.width_px, twice.height_px));
    }
}

#[test]
fn a_prepared_picture_that_was_cut_is_refused_on_both_sides() {
    let whole = prepare(&source("progressive.jpg")).unwrap().picture.bytes;
    for length in 3..whole.len() {
        assert_eq!(inspect(&whole[..length]), Err(PictureFault::Form));
        assert_eq!(prepare(&whole[..length]), Err(PictureError::Damaged));
    }
}
