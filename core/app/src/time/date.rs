//! Calendar dates: the text form and half-open ranges.

use chrono::{Datelike, Days, NaiveDate};

/// Reads `YYYY-MM-DD`: exactly four, two and two digits, an existing Gregorian date.
#[must_use]
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let bytes: &[u8; 10] = text.as_bytes().try_into().ok()?;
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *bytes else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0u32, |sum, digit| {
            digit
                .is_ascii_digit()
                .then(|| sum.saturating_mul(10).saturating_add(u32::from(*digit & 0x0f)))
        })
    };
    NaiveDate::from_ymd_opt(
        i32::try_from(number(&[y0, y1, y2, y3])?).ok()?,
        number(&[m0, m1])?,
        number(&[d0, d1])?,
    )
}

/// Writes `YYYY-MM-DD`. Much faster than `Display`, which matters for ten years of days.
#[must_use]
pub fn format_date(date: NaiveDate) -> String {
    let (year, month, day) = (date.year(), date.month(), date.day());
    if !(0..=9999).contains(&year) {
        return date.to_string();
    }
    let digit = |number: u32| char::from_digit(number % 10, 10).unwrap_or('0');
    let year = year.unsigned_abs();
    [
        digit(year / 1000),
        digit(year / 100),
        digit(year / 10),
        digit(year),
        '-',
        digit(month / 10),
        digit(month),
        '-',
        digit(day / 10),
        digit(day),
    ]
    .iter()
    .collect()
}

/// A half-open range of calendar dates, `[from, until)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateRange {
    /// First date of the range.
    pub from: NaiveDate,
    /// First date after the range.
    pub until: NaiveDate,
}

impl DateRange {
    /// Every date that text keys keep in order: the years 0 to 9999.
    pub const ALL: Self = Self {
        from: match NaiveDate::from_ymd_opt(0, 1, 1) {
            Some(date) => date,
            None => NaiveDate::MIN,
        },
        until: match NaiveDate::from_ymd_opt(9999, 12, 31) {
            Some(date) => date,
            None => NaiveDate::MAX,
        },
    };

    /// The range of exactly one date (empty at the end of the calendar, in the year 262142).
    #[must_use]
    pub fn single(date: NaiveDate) -> Self {
        Self {
            from: date,
            until: next_date(date),
        }
    }

    /// The `days` dates that end with `last`.
    #[must_use]
    pub fn ending_on(last: NaiveDate, days: u32) -> Self {
        let until = next_date(last);
        Self {
            from: until
                .checked_sub_days(Days::new(u64::from(days)))
                .unwrap_or(NaiveDate::MIN),
            until,
        }
    }

    /// Number of dates in the range, 0 if it is empty.
    #[must_use]
    pub fn len(self) -> u32 {
        u32::try_from(self.until.signed_duration_since(self.from).num_days()).unwrap_or(0)
    }

    /// Whether no date lies in the range.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.until <= self.from
    }

    /// Whether `date` lies in the range.
    #[must_use]
    pub fn contains(self, date: NaiveDate) -> bool {
        self.from <= date && date < self.until
    }

    /// The last date, or `None` if the range is empty.
    #[must_use]
    pub fn last(self) -> Option<NaiveDate> {
        if self.is_empty() {
            None
        } else {
            self.until.pred_opt()
        }
    }

    /// First and last date as texts, between which the texts of exactly its dates sort.
    ///
    /// The last date and not the first one after it, and never a year beyond 9999: only dates with four digits sort. An
    /// empty range gives two ends between which nothing lies.
    pub(crate) fn text_ends(self) -> [String; 2] {
        self.last().map_or_else(
            || ["1".to_owned(), "0".to_owned()],
            |last| [format_date(self.from), last_text(last)],
        )
    }

    /// Every date in order.
    pub fn dates(self) -> impl DoubleEndedIterator<Item = NaiveDate> {
        let from = self.from;
        (0..u64::from(self.len())).filter_map(move |n| from.checked_add_days(Days::new(n)))
    }
}

/// The text behind which no text of a date up to `date` sorts; only dates with four digits of the year are ever stored.
pub(crate) fn last_text(date: NaiveDate) -> String {
    let last_sortable = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or(NaiveDate::MAX);
    format_date(date.min(last_sortable))
}

fn next_date(date: NaiveDate) -> NaiveDate {
    date.succ_opt().unwrap_or(NaiveDate::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_and_written_in_one_form_only() {
        for text in ["2026-04-01", "0000-01-01", "9999-12-31", "2024-02-29"] {
            assert_eq!(format_date(parse_date(text).unwrap()), text);
        }
        for text in [
            "2026-4-01",
            "2026-02-29",
            "2026-13-01",
            "20260401",
            "2026-04-01 ",
            "+026-04-01",
            "２０26-04",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[test]
    fn the_texts_of_a_range_have_its_dates_between_them() {
        let date = |text: &str| parse_date(text).unwrap();
        let lies_in = |range: DateRange, text: &str| {
            let [first, last] = range.text_ends();
            first.as_str() <= text && text <= last.as_str()
        };
        let all = DateRange {
            from: NaiveDate::MIN,
            until: NaiveDate::MAX,
        };
        assert!(lies_in(all, "0000-01-01") && lies_in(all, "9999-12-31"));
        let empty = DateRange {
            from: date("2026-04-02"),
            until: date("2026-04-02"),
        };
        assert!(!lies_in(empty, "2026-04-02") && !lies_in(empty, "2026-04-01"));
        let single = DateRange::single(date("2026-04-02"));
        assert!(lies_in(single, "2026-04-02") && !lies_in(single, "2026-04-03"));
    }

    #[test]
    fn a_range_that_ends_on_a_date_includes_it() {
        let last = parse_date("2026-03-01").unwrap();
        let week = DateRange::ending_on(last, 7);
        assert_eq!(week.len(), 7);
        assert_eq!(week.last(), Some(last));
        assert_eq!(
            week.dates().map(format_date).next().as_deref(),
            Some("2026-02-23")
        );
        assert!(!week.contains(week.until));
    }
}
