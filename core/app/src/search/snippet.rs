//! A short piece of a text around what was found, with the places to be marked.

use std::fmt;
use std::ops::Range;

use super::normalise::normalise;
use super::query::Query;

/// A piece of a text that was found, as the person wrote it.
#[derive(Clone, PartialEq, Eq)]
pub struct Snippet {
    /// The piece.
    pub text: String,
    /// Bytes of `text` to be marked, in order, none touching the next.
    pub marks: Vec<Range<usize>>,
    /// Whether the text begins before the piece.
    pub is_cut_before: bool,
    /// Whether the text goes on after the piece.
    pub is_cut_after: bool,
}

impl fmt::Debug for Snippet {
    /// Without the text: it is what a person wrote.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Snippet({} marks)", self.marks.len())
    }
}

impl Query {
    /// At most about `characters` characters of a text, with the first place that was found in the first third.
    ///
    /// `None` if the text does not hold all that is searched for: the index was behind, and the hit is none. A place longer
    /// than `characters` is shown whole.
    pub fn snippet(&self, original: &str, characters: usize) -> Option<Snippet> {
        let normalised = normalise(original);
        let places = self.places(&normalised);
        let first = places.first()?.clone();
        // Only here may a text be cut: a mark stays with its character.
        let cuts: Vec<usize> = normalised
            .piece_starts()
            .chain(std::iter::once(original.len()))
            .collect();
        let at_first = cuts.partition_point(|cut| *cut < first.start);
        let start = cuts
            .get(at_first.saturating_sub(characters / 3))
            .copied()
            .unwrap_or_default();
        let from_start = cuts.partition_point(|cut| *cut < start);
        let end = cuts
            .get(from_start.saturating_add(characters))
            .copied()
            .unwrap_or(original.len())
            .max(first.end);
        // White space at the ends holds nothing, and no piece of it is counted.
        let start = if from_start == 0 { 0 } else { start };
        let marks = places
            .iter()
            .filter(|place| place.start < end)
            .map(|place| place.start.saturating_sub(start)..place.end.min(end).saturating_sub(start))
            .collect();
        Some(Snippet {
            text: original.get(start..end)?.to_owned(),
            marks,
            is_cut_before: start > 0,
            is_cut_after: end < original.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The piece with its marks in brackets, and … where it is cut.
    fn shown(typed: &str, text: &str, characters: usize) -> Option<String> {
        let snippet = Query::parse(typed).unwrap().snippet(text, characters)?;
        let mut shown = String::new();
        let mut last = 0;
        for mark in &snippet.marks {
            shown += snippet.text.get(last..mark.start).unwrap();
            shown += "[";
            shown += snippet.text.get(mark.clone()).unwrap();
            shown += "]";
            last = mark.end;
        }
        shown += snippet.text.get(last..).unwrap();
        let dots = |is_cut| if is_cut { "…" } else { "" };
        Some(format!(
            "{}{shown}{}",
            dots(snippet.is_cut_before),
            dots(snippet.is_cut_after)
        ))
    }

    #[test]
    fn a_piece_around_the_first_place_is_shown_with_all_its_marks() {
        for (typed, text, characters, expected) in [
            ("糖質", "糖質", 10, Some("[糖質]")),
            (
                "糖質",
                "今日は糖質を控えて、糖質の少ない夕食",
                100,
                Some("今日は[糖質]を控えて、[糖質]の少ない夕食"),
            ),
            (
                "糖質",
                "一二三四五六七八九糖質を控えた夕食",
                6,
                Some("…八九[糖質]を控…"),
            ),
            ("がむ", "x か\u{3099}ム y", 100, Some("x [か\u{3099}ム] y")),
            (
                "がむ",
                "か\u{3099}か\u{3099}か\u{3099}か\u{3099}む",
                3,
                Some("…か\u{3099}[か\u{3099}む]"),
            ),
            ("とる", "水１㍑", 100, Some("水１[㍑]")),
            ("一二三四五六", "〇一二三四五六七", 3, Some("〇[一二三四五六]…")),
            ("塩 糖質", "糖質と塩", 100, Some("[糖質]と[塩]")),
            ("塩 糖質", "糖質と砂糖", 100, None),
            ("水", "  水  ", 100, Some("  [水]  ")),
        ] {
            assert_eq!(
                shown(typed, text, characters).as_deref(),
                expected,
                "{typed} in {text}"
            );
        }
    }

    #[test]
    fn what_a_person_wrote_is_not_shown_by_debug() {
        let snippet = Query::parse("糖質").unwrap().snippet("糖質", 5);
        assert_eq!(format!("{snippet:?}"), "Some(Snippet(1 marks))");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_snippet_is_a_part_of_the_text_and_begins_its_marks_where_the_places_begin(
            text in any::<String>(),
            start in 0_usize..20,
            length in 1_usize..4,
            characters in 0_usize..40,
        ) {
            let typed: String = text.chars().skip(start).take(length).collect();
            let Some(query) = Query::parse(&typed) else { return Ok(()) };
            let places = query.places_in(&text);
            let snippet = query.snippet(&text, characters);
            prop_assert_eq!(snippet.is_some(), !places.is_empty());
            let Some(snippet) = snippet else { return Ok(()) };
            prop_assert!(text.contains(&snippet.text));
            prop_assert!(!snippet.marks.is_empty());
            for mark in &snippet.marks {
                prop_assert!(snippet.text.get(mark.clone()).is_some_and(|marked| !marked.is_empty()));
            }
            let first = snippet.text.get(snippet.marks[0].clone()).unwrap();
            prop_assert_eq!(first, text.get(places[0].clone()).unwrap());
        }
    }
}
