//! Calendar ticks: on the first hour, day, week or month of something, never at even distances of seconds.
//!
//! Source: charts.md section 5.

use chrono::Datelike as _;

use super::nice;
use crate::time::{CalendarUnit, DateRange, NaiveDate, WeekStart};

/// The distance between two ticks of a time axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TickStep {
    /// Local hours: 1, 3, 6 or 12.
    Hours(u8),
    /// Every day.
    Day,
    /// The first day of each week.
    Week,
    /// The first day of each month.
    Month,
    /// January, April, July and October.
    Quarter,
    /// January of every n-th year.
    Years(u16),
}

/// The ladder with the length of each rung in days.
const LADDER: [(TickStep, f64); 9] = [
    (TickStep::Hours(1), 1.0 / 24.0),
    (TickStep::Hours(3), 3.0 / 24.0),
    (TickStep::Hours(6), 6.0 / 24.0),
    (TickStep::Hours(12), 12.0 / 24.0),
    (TickStep::Day, 1.0),
    (TickStep::Week, 7.0),
    (TickStep::Month, 30.0),
    (TickStep::Quarter, 90.0),
    (TickStep::Years(1), 365.0),
];

/// The step that gives about `count` ticks over `span_days`.
///
/// Between two rungs the nearer one by ratio, the upper one if they are equal; above a year whole years with the step of
/// nice ticks. `count` 0 is taken as 1.
#[must_use]
pub fn tick_step(span_days: f64, count: u32) -> TickStep {
    let count = count.max(1);
    let target = span_days / f64::from(count);
    let above = LADDER.iter().position(|(_, days)| *days >= target);
    let Some(above) = above else {
        let years = nice::ticks(0.0, span_days / 365.0, count);
        let step = years
            .get(1)
            .map_or(1.0, |second| second - years.first().unwrap_or(&0.0));
        return TickStep::Years(step.max(1.0) as u16); // a person's data span decades at most
    };
    let upper = LADDER.get(above);
    let lower = above.checked_sub(1).and_then(|below| LADDER.get(below));
    match (lower, upper) {
        (Some((step, days)), Some((_, upper))) if target / days < upper / target => *step,
        (_, Some((step, _))) => *step,
        _ => TickStep::Years(1),
    }
}

impl TickStep {
    /// Whether a bucket of dates contains the first date of a unit of this step; hours are found by their label instead.
    #[must_use]
    pub fn starts_in(self, dates: DateRange, week_start: WeekStart) -> bool {
        let Some(last) = dates.last() else { return false };
        let first_of_unit = match self {
            Self::Hours(_) => return false,
            Self::Day => last,
            Self::Week => CalendarUnit::Week(week_start).dates_around(last).from,
            Self::Month => first_of_month(last, 1),
            Self::Quarter => first_of_month(last, 3),
            Self::Years(years) => {
                let years = i32::from(years.max(1));
                let year = last.year().saturating_sub(last.year().rem_euclid(years));
                NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or(last)
            }
        };
        dates.contains(first_of_unit)
    }
}

/// The first date of the block of `months` months that contains `date`, counted from January.
fn first_of_month(date: NaiveDate, months: u32) -> NaiveDate {
    let month0 = date
        .month0()
        .saturating_sub(date.month0().checked_rem(months).unwrap_or(0));
    date.with_day(1)
        .and_then(|first| first.with_month0(month0))
        .unwrap_or(date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_date;

    #[test]
    fn the_step_is_that_of_the_vectors() {
        for (span, count, expected) in [
            (1.0, 4, TickStep::Hours(6)),
            (1.0, 8, TickStep::Hours(3)),
            (7.0, 7, TickStep::Day),
            (14.0, 7, TickStep::Day),
            (28.0, 4, TickStep::Week),
            (30.0, 5, TickStep::Week),
            (90.0, 6, TickStep::Month),
            (91.0, 3, TickStep::Month),
            (365.0, 6, TickStep::Quarter),
            (365.0, 12, TickStep::Month),
            (730.0, 6, TickStep::Quarter),
            (1095.0, 4, TickStep::Years(1)),
            (3650.0, 5, TickStep::Years(2)),
        ] {
            assert_eq!(tick_step(span, count), expected, "{span} days, {count} ticks");
        }
    }

    #[test]
    fn ticks_sit_on_the_first_date_of_their_unit() {
        let starts = |step: TickStep, date: &str| {
            step.starts_in(DateRange::single(parse_date(date).unwrap()), WeekStart::Sunday)
        };
        assert!(starts(TickStep::Week, "2026-04-05") && !starts(TickStep::Week, "2026-04-06"));
        assert!(starts(TickStep::Month, "2026-05-01") && !starts(TickStep::Month, "2026-05-02"));
        assert!(starts(TickStep::Quarter, "2026-04-01") && !starts(TickStep::Quarter, "2026-05-01"));
        assert!(starts(TickStep::Years(2), "2026-01-01") && !starts(TickStep::Years(2), "2027-01-01"));
        // A week that contains the first of a month carries the month's tick.
        let week = DateRange {
            from: parse_date("2026-03-29").unwrap(),
            until: parse_date("2026-04-05").unwrap(),
        };
        assert!(TickStep::Month.starts_in(week, WeekStart::Sunday));
    }
}
