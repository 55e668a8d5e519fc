//! Numbers and bars for a terminal.

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

/// A bar of at most 30 cells in eighths, in proportion to `largest`.
pub(crate) fn bar(value: i64, largest: i64) -> String {
    const CELLS: i64 = 30;
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = value.max(0).saturating_mul(CELLS * 8).checked_div(largest).unwrap_or(0).min(CELLS * 8);
    let whole = usize::try_from(eighths / 8).unwrap_or(0);
    let rest = usize::try_from(eighths % 8).ok().and_then(|part| PARTS.get(part)).unwrap_or(&"");
    format!("{}{rest}", "█".repeat(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1000, "-1,000")] {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn bars_are_in_proportion_and_never_overflow() {
        assert_eq!(bar(0, 0), "");
        assert_eq!(bar(100, 100).chars().count(), 30);
        assert_eq!(bar(200, 100).chars().count(), 30);
        assert_eq!(bar(1, 240), "▏");
    }
}
