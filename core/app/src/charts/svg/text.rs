//! Text in a picture: its width before anybody has drawn it, and its characters made safe.

/// Stands for what was cut off.
const ELLIPSIS: char = '…';
/// Between values that stand in a row.
pub(super) const SEPARATOR: &str = " · ";
/// What the writer itself puts between and behind words; a font for pictures needs it beside the characters of the words.
pub const OWN_CHARACTERS: [char; 2] = [ELLIPSIS, '·'];

/// About how wide `text` is in pixels at a font size.
///
/// An upper estimate over common sans-serif faces: a label that is thought too wide is dropped, one that is thought too
/// narrow would overlap. Chinese, Japanese and Korean characters fill a square.
pub(super) fn width(text: &str, size_px: f64) -> f64 {
    text.chars().map(advance).sum::<f64>() * size_px
}

/// The text, or as much of it as fits with an ellipsis behind it.
pub(super) fn fitted(text: &str, size_px: f64, room_px: f64) -> String {
    if width(text, size_px) <= room_px {
        return text.to_owned();
    }
    let room = room_px - advance(ELLIPSIS) * size_px;
    let mut used = 0.0;
    let mut kept: String = text
        .chars()
        .take_while(|character| {
            used += advance(*character) * size_px;
            used <= room
        })
        .collect();
    kept.push(ELLIPSIS);
    kept
}

/// Every how many-th of the labels can stand without touching its neighbour; each label is (from, to) in pixels, in order.
pub(super) fn stride(labels: &[(f64, f64)], distance_px: f64) -> usize {
    (1..=labels.len().max(1))
        .find(|stride| {
            let kept: Vec<_> = labels.iter().step_by(*stride).collect();
            kept.windows(2).all(|pair| match pair {
                [(_, end), (start, _)] => end + distance_px <= *start,
                _ => true,
            })
        })
        .unwrap_or(1)
}

fn advance(character: char) -> f64 {
    match character {
        ' ' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | 'i' | 'j' | 'l' | 'I' => 0.32,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | '/' | '·' => 0.42,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '—' => 0.95,
        '+' | '−' | '<' | '>' | '=' | '~' => 0.84,
        'A'..='Z' => 0.74,
        // East Asian Wide and Fullwidth (Unicode Standard Annex 11), the blocks that occur in running text.
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe4f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{20000}'..='\u{3fffd}' => 1.0,
        _ => 0.62,
    }
}

/// The text with the five characters of XML replaced, and control characters, which XML cannot hold, left out.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(' '),
            other if other.is_control() || matches!(other, '\u{fffe}' | '\u{ffff}') => {}
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_japanese_character_is_as_wide_as_the_font_is_high() {
        assert!((width("歩数", 12.0) - 24.0).abs() < 1e-9);
        assert!(width("12", 12.0) < 16.0);
    }

    #[test]
    fn labels_thin_out_evenly_until_none_touches_its_neighbour() {
        let labels: Vec<_> = (0..10)
            .map(|at| (f64::from(at) * 10.0, f64::from(at) * 10.0 + 18.0))
            .collect();
        assert_eq!(stride(&labels, 4.0), 3);
        assert_eq!(stride(&[], 4.0), 1);
    }

    #[test]
    fn a_text_without_room_ends_in_an_ellipsis() {
        assert_eq!(fitted("steps", 10.0, 100.0), "steps");
        let short = fitted("a very long title", 10.0, 60.0);
        assert!(short.ends_with('…') && width(&short, 10.0) <= 60.0, "{short}");
    }

    #[test]
    fn what_stands_between_words_is_among_the_characters_a_font_needs() {
        for character in SEPARATOR.trim().chars().chain(fitted("abc", 10.0, 0.0).chars()) {
            assert!(OWN_CHARACTERS.contains(&character), "{character}");
        }
    }

    #[test]
    fn markup_in_a_label_stays_text() {
        assert_eq!(escape("<b a='1'>&\"\u{0}"), "&lt;b a=&#39;1&#39;&gt;&amp;&quot;");
    }
}
