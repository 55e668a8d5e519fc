//! One form for texts that look alike, the same for index and query, and the way back to the text as it was written.

use std::fmt;
use std::ops::Range;

use unicode_normalization::char::{canonical_combining_class, decompose_compatible, is_combining_mark};
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

/// Version of [`normalise`] and of the tokens. Another one in an index means that it is built again.
///
/// Raise it with any change of either, and with an update of the tables of Unicode that changes what they answer.
pub const NORMALISER_VERSION: i64 = 1;

/// A text in the form that is searched, and the place of each of its characters in the original.
#[derive(Clone, PartialEq, Eq)]
pub struct Normalised {
    text: String,
    /// Per character of `text`: bytes of the original that it came from.
    places: Vec<Range<usize>>,
}

impl Normalised {
    /// The text in the form that is searched.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Bytes of the original behind some characters, counted from the first. `None` if there are none such.
    ///
    /// They begin and end between characters of the original, never between a character and its marks.
    pub fn place(&self, characters: Range<usize>) -> Option<Range<usize>> {
        let places = self.places.get(characters)?;
        Some(places.first()?.start..places.last()?.end)
    }

    /// Where the pieces of the original begin that show something, in order.
    pub(super) fn piece_starts(&self) -> impl Iterator<Item = usize> + '_ {
        let mut last = None;
        self.places
            .iter()
            .map(|place| place.start)
            .filter(move |start| last.replace(*start) != Some(*start))
    }

    fn push(&mut self, character: char, place: &Range<usize>) {
        self.text.push(character);
        self.places.push(place.clone());
    }
}

impl fmt::Debug for Normalised {
    /// Without the text: it is what a person wrote.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Normalised({} characters)", self.places.len())
    }
}

/// Brings a text into the form that is searched.
///
/// In this order: NFKC; invisible characters and marks that compose with nothing are removed; lower case; katakana becomes
/// hiragana; white space becomes one space between words. Nothing else is folded. Source: content.md 9.
pub fn normalise(original: &str) -> Normalised {
    let mut normalised = Normalised {
        text: String::with_capacity(original.len()),
        places: Vec::with_capacity(original.len() / 2),
    };
    // A space that is written only if something follows.
    let mut space: Option<Range<usize>> = None;
    for place in pieces(original) {
        let piece = original.get(place.clone()).unwrap_or_default();
        for composed in piece.nfkc() {
            if composed.is_whitespace() {
                space.get_or_insert_with(|| place.clone());
                continue;
            }
            if is_removed(composed) {
                continue;
            }
            // Lower case of İ is an i and a mark.
            for lower in composed.to_lowercase().filter(|lower| !is_removed(*lower)) {
                if let Some(space) = space.take()
                    && !normalised.places.is_empty()
                {
                    normalised.push(' ', &space);
                }
                normalised.push(folded(lower), &place);
            }
        }
    }
    normalised
}

/// Cuts a text where normalisation cannot reach across, so that each piece can be composed by itself.
fn pieces(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut begins = text
        .char_indices()
        .filter(|(_, character)| begins_piece(*character))
        .map(|(at, _)| at)
        .skip_while(|at| *at == 0);
    let mut next = (!text.is_empty()).then_some(0);
    std::iter::from_fn(move || {
        let start = next?;
        next = begins.next();
        Some(start..next.unwrap_or(text.len()))
    })
}

/// Whether nothing of this character composes with what stands before it.
fn begins_piece(character: char) -> bool {
    if character.is_ascii() {
        return true;
    }
    let mut first = None;
    // Half-width voice marks decompose into marks.
    decompose_compatible(character, |part| {
        first.get_or_insert(part);
    });
    first.is_none_or(|first| {
        canonical_combining_class(first) == 0
            && !is_combining_mark(first)
            && is_nfc_quick(std::iter::once(first)) == IsNormalized::Yes
    })
}

/// Whether a character is invisible, or a mark that found nothing to compose with.
fn is_removed(character: char) -> bool {
    is_combining_mark(character) || is_invisible(character)
}

/// Characters of format and fillers (Unicode `Default_Ignorable_Code_Point`, and the rest of category `Cf` that shows
/// nothing). Variation selectors are marks.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Katakana from ァ to ヶ as hiragana, the σ at the end of a word as any other (both are small Σ), the rest as it is.
fn folded(character: char) -> char {
    /// From a katakana to its hiragana.
    const DISTANCE: u32 = 0x60;
    match character {
        'ァ'..='ヶ' => u32::from(character)
            .checked_sub(DISTANCE)
            .and_then(char::from_u32)
            .unwrap_or(character),
        'ς' => 'σ',
        _ => character,
    }
}

#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "tests: an overflow is a failed test"
)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::char::is_public_assigned;

    use super::*;

    fn form(text: &str) -> String {
        normalise(text).text().to_owned()
    }

    #[test]
    fn texts_that_look_alike_have_one_form() {
        for (written, searched) in [
            ("か\u{3099}", "が"),
            ("ガ", "が"),
            ("ｶﾞ", "が"),
            ("ﾊﾟﾝ", "ぱん"),
            ("リットル", "りっとる"),
            ("㍑", "りっとる"),
            ("㎏", "kg"),
            ("㎎／㎗", "mg/dl"),
            ("ＨｂＡ１ｃ", "hba1c"),
            ("HbA1c", "hba1c"),
            ("葛\u{fe00}", "葛"),
            ("葛\u{e0100}切り", "葛切り"),
            ("糖\u{200b}質", "糖質"),
            ("糖\u{ad}質\u{feff}", "糖質"),
            ("あ\u{3099}", "あ"),
            ("e\u{301}", "é"),
            ("É", "é"),
            ("İ", "i"),
            ("ヶ月", "ゖ月"),
            ("コーヒー", "こーひー"),
            ("ｺｰﾋｰ", "こーひー"),
            ("時々・〆切", "時々・〆切"),
            ("𠮟る", "𠮟る"),
            ("１／２", "1/2"),
            ("①", "1"),
            ("Ⅱ型", "ii型"),
            ("ΟΔΟΣ", "οδοσ"),
            ("οδος", "οδοσ"),
            ("ヴ", "ゔ"),
            ("う\u{3099}", "ゔ"),
        ] {
            assert_eq!(form(written), searched, "{written}");
        }
    }

    #[test]
    fn white_space_becomes_one_space_between_words() {
        assert_eq!(form("  朝\u{3000}\n\t昼  夜 \r\n"), "朝 昼 夜");
        assert_eq!(form(" \u{3000}\u{a0}"), "");
        assert_eq!(form(""), "");
    }

    #[test]
    fn nothing_else_is_folded() {
        // Long vowels, small kana, kanji variants and long marks tell words apart.
        for (one, other) in [("びょういん", "びよういん"), ("斉", "齊"), ("ビル", "ビール")]
        {
            assert_ne!(form(one), form(other));
        }
    }

    #[test]
    fn every_character_finds_its_way_back() {
        let original = "x㍑ｶﾞか\u{3099}葛\u{fe00}z";
        let normalised = normalise(original);
        assert_eq!(normalised.text(), "xりっとるがが葛z");
        let behind = |characters: Range<usize>| original.get(normalised.place(characters).unwrap()).unwrap();
        assert_eq!(behind(0..1), "x");
        for part in 1..5 {
            assert_eq!(behind(part..part + 1), "㍑");
        }
        assert_eq!(behind(5..6), "ｶﾞ");
        assert_eq!(behind(6..7), "か\u{3099}");
        assert_eq!(behind(7..8), "葛\u{fe00}");
        assert_eq!(behind(5..8), "ｶﾞか\u{3099}葛\u{fe00}");
        assert_eq!(normalised.place(8..10), None);
        assert_eq!(normalised.place(3..3), None);
    }

    #[test]
    fn what_a_person_wrote_is_not_shown_by_debug() {
        assert_eq!(format!("{:?}", normalise("糖質")), "Normalised(2 characters)");
    }

    #[test]
    fn every_character_of_unicode_keeps_its_form() {
        for character in ('\0'..=char::MAX).filter(|character| is_public_assigned(*character)) {
            let once = form(&format!("a{character}b"));
            assert_eq!(form(&once), once, "U+{:04X}", u32::from(character));
        }
    }

    /// Characters that compose, decompose, vanish or fold.
    fn awkward() -> impl Strategy<Value = String> {
        let awkward: Vec<char> = "aIİéかガｶﾞﾟﾊ\u{3099}\u{309a}\u{301}\u{323}葛\u{fe00}\u{200b}ー々㍑㎏ 　\n한\u{1112}\u{1161}\u{11ab}😀\u{200d}"
            .chars()
            .collect();
        prop_oneof![
            prop::collection::vec(prop::sample::select(awkward), 0..24)
                .prop_map(|characters| characters.into_iter().collect()),
            any::<String>(),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn pieces_compose_to_what_the_whole_composes_to(text in awkward()) {
            let joined: String = pieces(&text).map(|place| text.get(place).unwrap().nfkc().collect::<String>()).collect();
            prop_assert_eq!(joined, text.nfkc().collect::<String>());
        }

        #[test]
        fn composed_and_decomposed_have_one_form(text in awkward()) {
            let searched = form(&text);
            prop_assert_eq!(&form(&text.nfd().collect::<String>()), &searched);
            prop_assert_eq!(&form(&text.nfkc().collect::<String>()), &searched);
            prop_assert_eq!(&form(&text.nfkd().collect::<String>()), &searched);
        }

        #[test]
        fn places_are_whole_characters_in_order(text in awkward()) {
            let normalised = normalise(&text);
            prop_assert_eq!(normalised.text().chars().count(), normalised.places.len());
            let mut last = 0;
            for number in 0..normalised.places.len() {
                let place = normalised.place(number..number + 1).unwrap();
                prop_assert!(place.start >= last && place.start < place.end);
                prop_assert!(text.get(place.clone()).is_some());
                last = place.start;
            }
        }
    }
}
