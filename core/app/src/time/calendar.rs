//! Weeks and months as ranges of dates.

use chrono::{Datelike as _, Days, NaiveDate};

use super::DateRange;

/// The weekday on which a person's weeks begin; it comes from her locale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeekStart {
    /// ISO weeks.
    Monday,
    /// As in Japan and the United States.
    Sunday,
    /// As in much of the Arab world.
    Saturday,
}

/// A calendar unit that days are gathered in. Each date is in exactly one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalendarUnit {
    /// Seven dates.
    Week(WeekStart),
    /// A calendar month.
    Month,
}

impl CalendarUnit {
    /// The dates of the unit that contains `date`.
    #[must_use]
    pub fn dates_around(self, date: NaiveDate) -> DateRange {
        match self {
            Self::Week(start) => {
                let weekday = date.weekday();
                let since_start = match start {
                    WeekStart::Monday => weekday.num_days_from_monday(),
                    WeekStart::Sunday => weekday.num_days_from_sunday(),
                    WeekStart::Saturday => weekday.num_days_from_sunday().saturating_add(1) % 7,
                };
                let until_end = 6_u32.saturating_sub(since_start);
                let last = date
                    .checked_add_days(Days::new(u64::from(until_end)))
                    .unwrap_or(NaiveDate::MAX);
                DateRange::ending_on(last, 7)
            }
            Self::Month => {
                let from = date.with_day(1).unwrap_or(date);
                let until = from
                    .checked_add_months(chrono::Months::new(1))
                    .unwrap_or(NaiveDate::MAX);
                DateRange { from, until }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_date;

    #[test]
    fn row_70_weeks_are_half_open_and_no_date_is_in_two() {
        let date = |text: &str| parse_date(text).unwrap();
        for (start, first) in [
            (WeekStart::Monday, "2026-12-28"),
            (WeekStart::Sunday, "2026-12-27"),
            (WeekStart::Saturday, "2026-12-26"),
        ] {
            let week = CalendarUnit::Week(start).dates_around(date("2026-12-31"));
            assert_eq!((week.from, week.len()), (date(first), 7));
            for day in week.dates() {
                assert_eq!(CalendarUnit::Week(start).dates_around(day), week);
            }
            assert_ne!(CalendarUnit::Week(start).dates_around(week.until), week);
        }
        // ISO week 53 of 2026 runs into the new year.
        let week = CalendarUnit::Week(WeekStart::Monday).dates_around(date("2027-01-03"));
        assert_eq!(
            (week.from.iso_week().week(), week.last()),
            (53, Some(date("2027-01-03")))
        );
    }

    #[test]
    fn a_month_has_its_own_length() {
        for (day, length) in [("2024-02-10", 29), ("2026-02-28", 28), ("2026-12-31", 31)] {
            assert_eq!(
                CalendarUnit::Month.dates_around(parse_date(day).unwrap()).len(),
                length
            );
        }
    }
}
