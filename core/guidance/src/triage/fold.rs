//! One form for texts that say the same, and the way back to the text as it was written.
//!
//! Wider than the form that is searched (content.md 9): what is ignored here may hide a cry for help, what is found too
//! often costs a glance. So marks, white space, line breaks, punctuation and long vowels do not count.

use std::ops::Range;

use unicode_normalization::char::{compose, decompose_compatible, is_combining_mark};

/// The voice marks of kana, which make another sound; every other mark is dropped.
const VOICE_MARKS: [char; 2] = ['\u{3099}', '\u{309a}'];

/// A character that counts.
#[derive(Clone)]
pub(super) struct Character {
    /// Its folded form.
    pub(super) folded: char,
    /// Bytes of the original that it came from, with its marks.
    pub(super) place: Range<usize>,
    /// How many places before it, from the beginning of the text, had something that was dropped.
    pub(super) breaks: usize,
    /// How many of those places had the end of a sentence.
    pub(super) sentence_ends: usize,
}

/// The characters of a text that count.
///
/// NFKD, voice marks composed and other marks dropped, lower case, katakana as hiragana, small vowels as large ones; only
/// letters and digits stay, without the mark of a long vowel.
pub(super) fn fold(text: &str) -> Vec<Character> {
    let mut folding = Folding {
        characters: Vec::with_capacity(text.len() / 3),
        ..Folding::default()
    };
    for (start, written) in text.char_indices() {
        let place = start..start.saturating_add(written.len_utf8());
        decompose_compatible(written, |part| folding.take(part, &place));
    }
    folding.characters
}

#[derive(Default)]
struct Folding {
    characters: Vec<Character>,
    /// Whether a mark that follows belongs to the last character. A plain space may stand between: the spacing voice marks
    /// ゛ and ゜ decompose into one and a mark.
    takes_marks: bool,
    has_break: bool,
    has_sentence_end: bool,
}

impl Folding {
    fn take(&mut self, part: char, place: &Range<usize>) {
        if is_combining_mark(part) {
            self.mark(part, place);
            return;
        }
        if is_long_vowel(part) {
            self.takes_marks = false;
            return;
        }
        for lower in part.to_lowercase().filter(|lower| !is_combining_mark(*lower)) {
            if lower.is_alphanumeric() {
                self.push(folded(lower), place);
            } else {
                self.has_break = true;
                self.has_sentence_end |= matches!(lower, '。' | '!' | '?');
                self.takes_marks &= lower == ' ';
            }
        }
    }

    fn mark(&mut self, mark: char, place: &Range<usize>) {
        if !self.takes_marks {
            return;
        }
        let Some(last) = self.characters.last_mut() else {
            return;
        };
        if VOICE_MARKS.contains(&mark)
            && let Some(voiced) = compose(last.folded, mark)
        {
            last.folded = voiced;
            // The space of a spacing mark was none.
            self.has_break = false;
        }
        last.place.end = place.end;
    }

    fn push(&mut self, folded: char, place: &Range<usize>) {
        let (breaks, sentence_ends) = self
            .characters
            .last()
            .map_or((0, 0), |last| (last.breaks, last.sentence_ends));
        self.characters.push(Character {
            folded,
            place: place.clone(),
            breaks: breaks.saturating_add(usize::from(self.has_break)),
            sentence_ends: sentence_ends.saturating_add(usize::from(self.has_sentence_end)),
        });
        self.takes_marks = true;
        self.has_break = false;
        self.has_sentence_end = false;
    }
}

/// Marks that only draw a sound out: 死にたーい, むねがいたい〜.
fn is_long_vowel(part: char) -> bool {
    matches!(part, 'ー' | '〜' | '~' | '〰')
}

/// Katakana as hiragana, small vowels as large ones, the rest as it is. The small っ and ゃゅょ tell words apart: ふらつく is
/// not ふらっと.
fn folded(character: char) -> char {
    /// From a katakana to its hiragana.
    const DISTANCE: u32 = 0x60;
    let hiragana = match character {
        'ァ'..='ヶ' => u32::from(character)
            .checked_sub(DISTANCE)
            .and_then(char::from_u32)
            .unwrap_or(character),
        _ => character,
    };
    match hiragana {
        'ぁ' => 'あ',
        'ぃ' => 'い',
        'ぅ' => 'う',
        'ぇ' => 'え',
        'ぉ' => 'お',
        _ => hiragana,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> String {
        fold(text).iter().map(|character| character.folded).collect()
    }

    #[test]
    fn texts_that_say_the_same_have_one_form() {
        for (written, expected) in [
            ("ムネガイタイ", "むねがいたい"),
            ("ﾑﾈｶﾞｲﾀｲ", "むねがいたい"),
            ("むねか\u{3099}いたい", "むねがいたい"),
            ("むねか゛いたい", "むねがいたい"),
            ("死 に\nた、い……", "死にたい"),
            ("死にたーい〜", "死にたい"),
            ("痛ぃ", "痛い"),
            ("ふらっと", "ふらっと"),
            ("ＤＶ", "dv"),
            ("GLP-1", "glp1"),
            ("É🙂ぱ", "eぱ"),
            ("①㎏", "1kg"),
            ("", ""),
        ] {
            assert_eq!(form(written), expected, "{written}");
        }
    }

    #[test]
    fn a_mark_belongs_to_its_character_and_to_none_across_a_line() {
        let characters = fold("か\u{3099}\nか\n\u{3099}");
        let places: Vec<_> = characters
            .iter()
            .map(|character| character.place.clone())
            .collect();
        assert_eq!(places, [0..6, 7..10]);
        assert_eq!(form("か\n\u{3099}"), "か");
    }

    #[test]
    fn what_was_dropped_is_counted_once_for_each_place() {
        let characters = fold("a。。！b c\u{301}dー");
        let dropped: Vec<_> = characters
            .iter()
            .map(|character| (character.breaks, character.sentence_ends))
            .collect();
        assert_eq!(dropped, [(0, 0), (1, 1), (2, 1), (2, 1)]);
    }
}
