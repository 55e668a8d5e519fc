//! Numbers, bars and texts for a terminal.

use crate::failure::Failure;

/// `12345` as `12,345`.
pub(crate) fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && digits.len().saturating_sub(position) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// A number with its sign, also after rounding: `-0.41`, `+0.20`, `0.00`.
pub(crate) fn signed(value: f64, decimals: usize) -> String {
    let text = format!("{value:+.decimals$}");
    let is_zero = text
        .chars()
        .all(|character| !character.is_ascii_digit() || character == '0');
    if is_zero {
        text.trim_start_matches(['+', '-']).to_owned()
    } else {
        text
    }
}

/// Cells that a text takes in a terminal: Japanese characters take two.
pub(crate) fn cells(text: &str) -> usize {
    text.chars().fold(0, |sum: usize, character| {
        let is_wide =
            matches!(character, '\u{3000}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff60}');
        sum.saturating_add(if is_wide { 2 } else { 1 })
    })
}

/// `text` with spaces after it up to `width` cells.
pub(crate) fn left(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(cells(text))))
}

/// `text` with spaces before it up to `width` cells.
pub(crate) fn right(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(cells(text))))
}

/// A bar of at most 30 cells in eighths, in proportion to `largest`.
pub(crate) fn bar(value: i64, largest: i64) -> String {
    const CELLS: i64 = 30;
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = value
        .max(0)
        .saturating_mul(CELLS * 8)
        .checked_div(largest)
        .unwrap_or(0)
        .min(CELLS * 8);
    let whole = usize::try_from(eighths / 8).unwrap_or(0);
    let rest = usize::try_from(eighths % 8)
        .ok()
        .and_then(|part| PARTS.get(part))
        .unwrap_or(&"");
    format!("{}{rest}", "█".repeat(whole))
}

/// A text of somebody else without what a terminal would take for a command.
pub(crate) fn printable(text: &str) -> String {
    let shown = |character: char| {
        if character.is_control() {
            '\u{fffd}'
        } else {
            character
        }
    };
    text.chars().map(shown).collect()
}

/// A text of the command line; `-` stands for standard input.
pub(crate) fn typed_text(text: &str) -> Result<String, Failure> {
    if text != "-" {
        return Ok(text.to_owned());
    }
    let typed = std::io::read_to_string(std::io::stdin())
        .map_err(|error| Failure::Core(format!("read standard input: {error}")))?;
    Ok(typed.trim_end().to_owned())
}

/// Characters of an id that are shown: enough to tell what stands on one screen apart.
const ID_CHARACTERS: usize = 6;

/// The end of an id, which is its random part.
pub(crate) fn short_id(id: &impl ToString) -> String {
    let id = id.to_string();
    let first = id.chars().count().saturating_sub(ID_CHARACTERS);
    id.chars().skip(first).collect()
}

/// The one of `known` whose id ends with what was typed.
pub(crate) fn chosen<T: ToString>(
    typed: &str,
    known: impl IntoIterator<Item = T>,
    what: &str,
) -> Result<T, Failure> {
    let end = typed.trim_start_matches('#').to_lowercase();
    let mut fitting = known.into_iter().filter(|id| id.to_string().ends_with(&end));
    match (fitting.next(), fitting.next()) {
        _ if end.len() < 4 => Err(Failure::Usage(format!(
            "name the {what} by at least 4 characters of its id"
        ))),
        (Some(one), None) => Ok(one),
        (None, _) => Err(Failure::Usage(format!(
            "no {what} that is shown has the id {typed}"
        ))),
        (Some(_), Some(_)) => Err(Failure::Usage(format!(
            "several of what is shown have ids that end with {typed}: name more of it"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
            (-1000, "-1,000"),
        ] {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn a_change_has_a_sign_unless_it_rounds_to_zero() {
        for (value, text) in [(-0.412, "-0.41"), (0.2, "+0.20"), (-0.001, "0.00"), (0.0, "0.00")] {
            assert_eq!(signed(value, 2), text);
        }
    }

    #[test]
    fn japanese_takes_two_cells_a_character() {
        assert_eq!(cells("今日 5"), 6);
        assert_eq!(left("今日", 6), "今日  ");
        assert_eq!(right("記録なし", 10), "  記録なし");
    }

    #[test]
    fn what_somebody_wrote_cannot_command_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\u{9b}c"), "a\u{fffd}[2Jb\u{fffd}c");
    }

    #[test]
    fn an_id_is_named_by_its_end_if_that_is_enough() {
        let known = || ["00-aaaabb", "00-ccccbb"].map(str::to_owned);
        assert_eq!(short_id(&"00-aaaabb"), "aaaabb");
        assert_eq!(chosen("#aaaabb", known(), "message").unwrap(), "00-aaaabb");
        assert_eq!(chosen("AABB", known(), "message").unwrap(), "00-aaaabb");
        for wrong in ["bb", "", "dddd"] {
            assert!(chosen(wrong, known(), "message").is_err(), "{wrong}");
        }
        let same = ["1-abcd", "2-abcd"].map(str::to_owned);
        assert!(chosen("abcd", same, "message").is_err());
    }

    #[test]
    fn bars_are_in_proportion_and_never_overflow() {
        assert_eq!(bar(0, 0), "");
        assert_eq!(bar(100, 100).chars().count(), 30);
        assert_eq!(bar(200, 100).chars().count(), 30);
        assert_eq!(bar(1, 240), "▏");
    }
}
