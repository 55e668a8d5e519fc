//! Cutting a normalised text into what the index holds: pairs of characters where a script has no spaces, words elsewhere.
//!
//! Why the last character of a run stands alone behind its pairs: every other character begins a pair. Without it a search
//! for one character would miss it at the end of a run, and a phrase could match across the end of a sentence, because the
//! last pair of one run and the first of the next would be neighbours. Source: content.md 9.

use std::ops::Range;

/// How a run is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    /// Kanji and kana, written without spaces: overlapping pairs.
    Cjk,
    /// Letters and digits of all other scripts: one word.
    Word,
}

/// Neighbouring characters of one script.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Run<'t> {
    pub(super) script: Script,
    pub(super) text: &'t str,
    /// Its characters in the text, counted from the first.
    pub(super) characters: Range<usize>,
}

/// The runs of a normalised text. Everything that is neither letter nor digit separates.
pub(super) fn runs(normalised: &str) -> impl Iterator<Item = Run<'_>> {
    let mut characters = normalised.char_indices().enumerate().peekable();
    std::iter::from_fn(move || {
        loop {
            let (first, (start, character)) = characters.next()?;
            let Some(script) = script_of(character) else {
                continue;
            };
            let (mut last, mut end) = (first, start.saturating_add(character.len_utf8()));
            while let Some((number, (at, next))) =
                characters.next_if(|(_, (_, next))| script_of(*next) == Some(script))
            {
                (last, end) = (number, at.saturating_add(next.len_utf8()));
            }
            return Some(Run {
                script,
                text: normalised.get(start..end).unwrap_or_default(),
                characters: first..last.saturating_add(1),
            });
        }
    })
}

/// The tokens of a normalised text, joined by spaces: what the index is given.
pub(super) fn document_tokens(normalised: &str) -> String {
    let mut tokens = String::with_capacity(normalised.len().saturating_mul(2));
    for run in runs(normalised) {
        match run.script {
            Script::Word => push(&mut tokens, run.text),
            Script::Cjk => {
                for pair in pairs(run.text) {
                    push(&mut tokens, pair);
                }
                if let Some((at, _)) = run.text.char_indices().next_back() {
                    push(&mut tokens, run.text.get(at..).unwrap_or_default());
                }
            }
        }
    }
    tokens
}

fn push(tokens: &mut String, token: &str) {
    if !tokens.is_empty() {
        tokens.push(' ');
    }
    tokens.push_str(token);
}

/// Overlapping pairs of characters; none of a single one.
pub(super) fn pairs(run: &str) -> impl Iterator<Item = &str> {
    let ends = run
        .char_indices()
        .map(|(at, character)| at.saturating_add(character.len_utf8()))
        .skip(1);
    run.char_indices()
        .zip(ends)
        .filter_map(|((start, _), end)| run.get(start..end))
}

/// How a character is cut, or `None` if it separates.
fn script_of(character: char) -> Option<Script> {
    if is_cjk(character) {
        Some(Script::Cjk)
    } else if character.is_alphanumeric() && !is_split_by_engine(character) {
        Some(Script::Word)
    } else {
        None
    }
}

/// Letters to the standard library that `unicode61` takes for marks or signs, some of them emoji (🅰). They separate here
/// too, or the index would hold other tokens than we think. A test compares all of Unicode.
fn is_split_by_engine(character: char) -> bool {
    matches!(
        character,
        '\u{19b0}'..='\u{19c0}' | '\u{19c8}'..='\u{19c9}' | '\u{1cf2}'..='\u{1cf3}' | '\u{1f130}'..='\u{1f189}'
    )
}

/// Kanji of all planes, kana, and the marks that are written in their place: ー 々 〇 ゝ ゞ 〆.
fn is_cjk(character: char) -> bool {
    matches!(
        character,
        '々'..='〇'
            | '\u{3021}'..='\u{3029}'
            | '\u{3031}'..='\u{3035}'
            | '\u{3038}'..='\u{303c}'
            | 'ぁ'..='ゖ'
            | 'ゝ'..='ゟ'
            | 'ァ'..='ヺ'
            | 'ー'..='ヿ'
            | '\u{31f0}'..='\u{31ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{1aff0}'..='\u{1afff}'
            | '\u{1b000}'..='\u{1b16f}'
            | '\u{20000}'..='\u{3fffd}'
    ) && character.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::super::normalise::normalise;
    use super::*;

    fn tokens(text: &str) -> String {
        document_tokens(normalise(text).text())
    }

    #[test]
    fn kanji_and_kana_become_pairs_and_the_last_character() {
        for (text, expected) in [
            ("冷水。糖質制限", "冷水 水 糖質 質制 制限 限"),
            ("水", "水"),
            ("人々", "人々 々"),
            ("コーヒー", "こー ーひ ひー ー"),
            ("〆切 〇月", "〆切 切 〇月 月"),
            ("𠮟る", "𠮟る る"),
            ("HbA1cが高い", "hba1c が高 高い い"),
            ("100kcalのご飯", "100kcal のご ご飯 飯"),
            ("1.5 mg/dL", "1 5 mg dl"),
            ("体重・血圧〜脈拍", "体重 重 血圧 圧 脈拍 拍"),
            ("😀ー😀🅰", "ー"),
            ("…！？%—", ""),
            ("", ""),
        ] {
            assert_eq!(tokens(text), expected, "{text}");
        }
    }

    #[test]
    fn a_run_knows_where_its_characters_are() {
        let text = "a 糖質 b1";
        let found: Vec<_> = runs(text)
            .map(|run| (run.text.to_owned(), run.characters))
            .collect();
        assert_eq!(
            found,
            [
                ("a".to_owned(), 0..1),
                ("糖質".to_owned(), 2..4),
                ("b1".to_owned(), 5..7)
            ]
        );
    }
}
