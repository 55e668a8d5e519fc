//! SVG into PNG, with a font of our own.
//!
//! The core draws SVG; the pixels are the same on every machine because the letters come from the subset in `cli/fonts` and
//! never from the system. Source: docs/adr/0004-pictures.md.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

/// The family of the embedded font.
const FONT_FAMILY: &str = "M PLUS 1";

const REGULAR: &[u8] = include_bytes!("../fonts/Mplus1-Regular-subset.otf");
const SEMI_BOLD: &[u8] = include_bytes!("../fonts/Mplus1-SemiBold-subset.otf");

/// Why an SVG could not become a PNG. Neither can happen to a chart of the core; the text names the place of the bug.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PictureError {
    /// The SVG cannot be read.
    #[error("read the picture as SVG: {0}")]
    Svg(#[from] resvg::usvg::Error),
    /// No memory for the pixels, or none wanted.
    #[error("make room for the pixels of the picture")]
    Size,
    /// The pixels could not be packed.
    #[error("write the picture as PNG: {0}")]
    Png(String),
}

/// The pixels of an SVG, `scale` of them for each of its units, as a PNG file.
pub(crate) fn png(svg: &str, scale: u8) -> Result<Vec<u8>, PictureError> {
    let tree = tree(svg)?;
    let scale = f32::from(scale);
    let pixels = |length: f32| (length * scale).round() as u32; // at most 4000 units times 4
    let mut pixmap =
        Pixmap::new(pixels(tree.size().width()), pixels(tree.size().height())).ok_or(PictureError::Size)?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    pixmap
        .encode_png()
        .map_err(|error| PictureError::Png(error.to_string()))
}

fn tree(svg: &str) -> Result<Tree, resvg::usvg::Error> {
    let mut fonts = Database::new();
    fonts.load_font_data(REGULAR.to_vec());
    fonts.load_font_data(SEMI_BOLD.to_vec());
    fonts.set_sans_serif_family(FONT_FAMILY);
    let options = Options {
        font_family: FONT_FAMILY.to_owned(),
        fontdb: Arc::new(fonts),
        ..Options::default()
    };
    Tree::from_str(svg, &options)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ayumi_core::charts::svg::OWN_CHARACTERS;
    use resvg::usvg::Node;

    use super::*;
    use crate::arguments::Language;
    use crate::words::Text as _;
    use crate::words::Word;

    /// The characters of a text, without spaces, for which the font has no glyph.
    fn missing(text: &str, weight: &str) -> BTreeSet<char> {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
        let svg = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>\
             <text y='9' font-weight='{weight}'>{escaped}</text></svg>"
        );
        let mut missing: BTreeSet<char> = text.chars().filter(|character| *character != ' ').collect();
        // A text without any glyph is left out of the tree altogether.
        if let Some(Node::Text(text)) = tree(&svg).unwrap().root().children().first() {
            for glyph in text.layouted().iter().flat_map(|span| &span.positioned_glyphs) {
                if glyph.id.0 != 0 {
                    missing.retain(|character| !glyph.text.contains(*character));
                }
            }
        }
        missing
    }

    #[test]
    fn both_fonts_have_every_character_of_every_text_and_those_the_picture_adds() {
        let mut characters: BTreeSet<char> = (' '..='~').collect();
        for word in Word::ALL {
            characters.extend(word.template(Language::En).chars());
            characters.extend(word.template(Language::Ja).chars());
        }
        characters.extend(OWN_CHARACTERS);
        let text: String = characters.into_iter().collect();
        for weight in ["400", "600"] {
            let missing = missing(&text, weight);
            assert!(
                missing.is_empty(),
                "make the subset again (cli/fonts/README.md): {missing:?}"
            );
        }
        assert_eq!(
            missing("歩鬱", "400"),
            BTreeSet::from(['鬱']),
            "the check itself finds what is missing"
        );
    }

    #[test]
    fn a_picture_has_the_size_of_its_svg_times_the_scale() {
        let svg = "<svg xmlns='http://www.w3.org/2000/svg' width='30' height='20'><rect width='30' height='20'/></svg>";
        let png = png(svg, 2).unwrap();
        assert_eq!(&png[1..4], b"PNG");
        assert_eq!(&png[16..24], [0, 0, 0, 60, 0, 0, 0, 40]);
    }

    #[test]
    fn what_is_no_svg_is_an_error() {
        assert!(png("<svg", 1).is_err());
    }
}
