//! From what a person types to an expression of FTS5, and to the places in a text that it found.

use std::fmt;
use std::ops::Range;

use super::normalise::{Normalised, normalise};
use super::tokens::{Run, Script, pairs, runs};

/// Characters of a normalised search text that count; the rest is ignored. Nobody types more, and a pasted page is found
/// by its beginning.
pub const QUERY_CHARACTERS: usize = 200;

/// A search that has something to look for.
///
/// The expression is built from tokens only and every token is quoted, so no input is an error of FTS5 or of SQL:
/// `NEAR(`, `*`, `-`, `:`, `^` and `"` have no meaning. Source: content.md 9.
#[derive(Clone, PartialEq, Eq)]
pub struct Query {
    expression: String,
    runs: Vec<QueryRun>,
}

#[derive(Clone, PartialEq, Eq)]
struct QueryRun {
    script: Script,
    text: String,
}

impl Query {
    /// Reads what a person typed. `None` if nothing is left to search for: empty, emoji, punctuation.
    ///
    /// A run of kanji or kana is found anywhere, a word only as a whole; of several, all must occur.
    pub fn parse(typed: &str) -> Option<Self> {
        let normalised = normalise(typed);
        let text = normalised.text();
        let end = text
            .char_indices()
            .nth(QUERY_CHARACTERS)
            .map_or(text.len(), |(at, _)| at);
        let kept = text.get(..end).unwrap_or_default();
        let mut runs_kept: Vec<QueryRun> = Vec::new();
        let mut expression = String::new();
        for run in runs(kept) {
            let run_kept = QueryRun {
                script: run.script,
                text: run.text.to_owned(),
            };
            // Twice the same asks for nothing new.
            if runs_kept.contains(&run_kept) {
                continue;
            }
            if !expression.is_empty() {
                expression.push_str(" AND ");
            }
            push_expression(&mut expression, &run);
            runs_kept.push(run_kept);
        }
        (!runs_kept.is_empty()).then_some(Self {
            expression,
            runs: runs_kept,
        })
    }

    /// The expression for `MATCH`. Tokens hold letters and digits only.
    pub(super) fn expression(&self) -> &str {
        &self.expression
    }

    /// Whether it is one single kanji or kana, which nearly every text contains: such a search is ordered without
    /// weighing every hit.
    pub fn is_single_character(&self) -> bool {
        match self.runs.as_slice() {
            [run] => run.script == Script::Cjk && run.text.chars().nth(1).is_none(),
            _ => false,
        }
    }

    /// Where a text has what is searched for: bytes of the original, in order, none touching the next.
    ///
    /// Empty unless all of it occurs, by the same rule as the index.
    pub fn places_in(&self, original: &str) -> Vec<Range<usize>> {
        self.places(&normalise(original))
    }

    pub(super) fn places(&self, normalised: &Normalised) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for wanted in &self.runs {
            let before = found.len();
            for run in runs(normalised.text()).filter(|run| run.script == wanted.script) {
                match run.script {
                    Script::Word if run.text == wanted.text => found.push(run.characters),
                    Script::Word => {}
                    Script::Cjk => found.extend(occurrences(&run, &wanted.text)),
                }
            }
            if found.len() == before {
                return Vec::new();
            }
        }
        found.sort_by_key(|characters| (characters.start, characters.end));
        let mut places: Vec<Range<usize>> = Vec::with_capacity(found.len());
        for place in found
            .into_iter()
            .filter_map(|characters| normalised.place(characters))
        {
            match places.last_mut() {
                Some(last) if place.start <= last.end => last.end = last.end.max(place.end),
                _ => places.push(place),
            }
        }
        places
    }
}

impl fmt::Debug for Query {
    /// Without the text: it is what a person typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Query({} runs)", self.runs.len())
    }
}

/// Where `wanted` stands in a run, also overlapping itself.
fn occurrences<'r>(run: &'r Run<'_>, wanted: &'r str) -> impl Iterator<Item = Range<usize>> + 'r {
    let length = wanted.chars().count();
    run.characters
        .clone()
        .zip(run.text.char_indices())
        .filter(move |(_, (at, _))| run.text.get(*at..).is_some_and(|rest| rest.starts_with(wanted)))
        .map(move |(first, _)| first..first.saturating_add(length))
}

fn push_expression(expression: &mut String, run: &Run<'_>) {
    expression.push('"');
    let mut pairs_of_run = pairs(run.text).peekable();
    if run.script == Script::Word || pairs_of_run.peek().is_none() {
        expression.push_str(run.text);
    } else {
        for (number, pair) in pairs_of_run.enumerate() {
            if number > 0 {
                expression.push(' ');
            }
            expression.push_str(pair);
        }
    }
    expression.push('"');
    if run.script == Script::Cjk && run.characters.len() == 1 {
        // Every character but the last of a run is the first of a pair.
        expression.push('*');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expression(typed: &str) -> Option<String> {
        Query::parse(typed).map(|query| query.expression().to_owned())
    }

    #[test]
    fn the_expression_is_built_from_tokens() {
        for (typed, expected) in [
            ("糖質制限", Some("\"糖質 質制 制限\"")),
            ("糖質", Some("\"糖質\"")),
            ("水", Some("\"水\"*")),
            ("HbA1c", Some("\"hba1c\"")),
            ("１型糖尿病", Some("\"1\" AND \"型糖 糖尿 尿病\"")),
            ("水 塩", Some("\"水\"* AND \"塩\"*")),
            ("水 水", Some("\"水\"*")),
            ("NEAR(水 塩)", Some("\"near\" AND \"水\"* AND \"塩\"*")),
            ("body:糖質*", Some("\"body\" AND \"糖質\"")),
            ("糖質 OR 塩分", Some("\"糖質\" AND \"or\" AND \"塩分\"")),
            ("\"糖質", Some("\"糖質\"")),
            ("^糖質 -塩", Some("\"糖質\" AND \"塩\"*")),
            ("か\u{3099}", Some("\"が\"*")),
            ("ｶﾞ", Some("\"が\"*")),
            ("", None),
            (" 　\n", None),
            ("😀👍🏽", None),
            ("\"", None),
            ("*", None),
            ("NEAR(", Some("\"near\"")),
            ("'; DROP TABLE x; --", Some("\"drop\" AND \"table\" AND \"x\"")),
            ("\0", None),
        ] {
            assert_eq!(expression(typed).as_deref(), expected, "{typed}");
        }
    }

    #[test]
    fn a_long_input_is_cut() {
        let long = "糖質".repeat(5_000);
        let query = Query::parse(&long).unwrap();
        assert_eq!(query.runs[0].text.chars().count(), QUERY_CHARACTERS);
        assert_eq!(query, Query::parse(&"糖質".repeat(QUERY_CHARACTERS / 2)).unwrap());
        let spaced = "あ い ".repeat(2_500);
        assert_eq!(expression(&spaced).as_deref(), Some("\"あ\"* AND \"い\"*"));
    }

    #[test]
    fn one_single_character_is_recognised() {
        for (typed, expected) in [
            ("水", true),
            ("ｶﾞ", true),
            ("糖質", false),
            ("a", false),
            ("水 塩", false),
        ] {
            assert_eq!(
                Query::parse(typed).unwrap().is_single_character(),
                expected,
                "{typed}"
            );
        }
    }

    #[test]
    fn places_are_those_of_the_original() {
        let found = |typed: &str, text: &str| -> Vec<String> {
            Query::parse(typed)
                .unwrap()
                .places_in(text)
                .into_iter()
                .map(|place| text.get(place).unwrap().to_owned())
                .collect()
        };
        assert_eq!(
            found("がむ", "ｶﾞﾑとガムとか\u{3099}む"),
            ["ｶﾞﾑ", "ガム", "か\u{3099}む"]
        );
        assert_eq!(found("糖質制限", "冷水。糖質制限と糖質"), ["糖質制限"]);
        assert_eq!(found("ああ", "あああ"), ["あああ"]);
        assert_eq!(found("hba1c", "HbA1cとＨｂＡ１ｃ"), ["HbA1c", "ＨｂＡ１ｃ"]);
        assert_eq!(found("a1c", "HbA1c"), [""; 0]);
        assert_eq!(found("水質", "冷水。質"), [""; 0]);
        assert_eq!(found("糖質 塩分", "糖質だけ"), [""; 0]);
        assert_eq!(found("糖質 塩分", "塩分と糖質"), ["塩分", "糖質"]);
        assert_eq!(found("とる", "１㍑"), ["㍑"]);
    }

    #[test]
    fn what_a_person_typed_is_not_shown_by_debug() {
        assert_eq!(format!("{:?}", Query::parse("糖質 塩").unwrap()), "Query(2 runs)");
    }
}
