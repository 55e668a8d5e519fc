//! The ticks of the time axis: which buckets carry one and what stands below. Source: charts.md section 5.

use chrono::Datelike as _;

use super::calendar::{TickStep, tick_step};
use super::model::{Axis, Span, TimeLabel, TimeTick};
use crate::time::{DateRange, NaiveDate, WeekStart};

/// Hours at which a one-day chart has ticks.
const TICK_HOURS: [u8; 4] = [0, 6, 12, 18];

/// How many ticks a range wants: one below every place of a week, fewer on longer ranges.
const fn wanted_ticks(span: Span) -> u32 {
    match span {
        Span::Day => 4,
        Span::Week => 7,
        Span::Month => 5,
        Span::Quarter => 3,
        Span::Year => 12,
        Span::All => 6,
    }
}

/// The ticks of buckets of dates.
pub(super) fn date_ticks(
    axis: Axis,
    buckets: &[DateRange],
    span: Span,
    week_start: WeekStart,
) -> Vec<TimeTick> {
    let days: u32 = buckets.iter().map(|dates| dates.len()).sum();
    let step = match tick_step(f64::from(days), wanted_ticks(span)) {
        TickStep::Hours(_) => TickStep::Day, // all of time may be a single date
        step => step,
    };
    let mut previous: Option<NaiveDate> = None;
    let mut ticks = Vec::new();
    for (index, dates) in buckets.iter().enumerate() {
        let Some(last) = dates.last().filter(|_| step.starts_in(*dates, week_start)) else {
            continue;
        };
        // A month begins inside the week that carries its tick, so its name is that of the last date.
        let (label, date) = match step {
            TickStep::Hours(_) | TickStep::Day | TickStep::Week => {
                (TimeLabel::Day { date: dates.from }, dates.from)
            }
            TickStep::Month | TickStep::Quarter => (
                TimeLabel::Month {
                    year: last.year(),
                    month: last.month(),
                },
                last,
            ),
            TickStep::Years(_) => (TimeLabel::Year { year: last.year() }, last),
        };
        let is_same_unit = |previous: NaiveDate| match label {
            TimeLabel::Day { .. } => (previous.year(), previous.month()) == (date.year(), date.month()),
            TimeLabel::Month { .. } => previous.year() == date.year(),
            _ => false,
        };
        ticks.push(TimeTick {
            index,
            x: axis.x(index as f64),
            label,
            is_first_of_unit: !previous.is_some_and(is_same_unit),
        });
        previous = Some(date);
    }
    ticks
}

/// Ticks at 0, 6, 12 and 18 o'clock, found by the local hour of each bucket: an hour may be missing, and one that comes twice
/// has its tick on the first.
pub(super) fn hour_ticks(axis: Axis, local_hours: impl Iterator<Item = u8>) -> Vec<TimeTick> {
    let mut ticks: Vec<TimeTick> = Vec::new();
    for (index, hour) in local_hours.enumerate() {
        let label = TimeLabel::Hour { hour };
        if TICK_HOURS.contains(&hour) && ticks.iter().all(|tick| tick.label != label) {
            ticks.push(TimeTick {
                index,
                x: axis.x(index as f64),
                label,
                is_first_of_unit: false,
            });
        }
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::model::BucketUnit;
    use crate::time::parse_date;

    fn ticks_of(span: Span, from: &str, until: &str) -> Vec<(usize, TimeLabel, bool)> {
        let dates = DateRange {
            from: parse_date(from).unwrap(),
            until: parse_date(until).unwrap(),
        };
        let buckets = BucketUnit::for_days(dates.len()).buckets(dates, WeekStart::Monday);
        date_ticks(Axis::Bars(buckets.len()), &buckets, span, WeekStart::Monday)
            .into_iter()
            .map(|tick| (tick.index, tick.label, tick.is_first_of_unit))
            .collect()
    }

    #[test]
    fn a_month_of_days_has_ticks_on_mondays_and_names_each_change_of_month() {
        let day = |date: &str| TimeLabel::Day {
            date: parse_date(date).unwrap(),
        };
        assert_eq!(
            ticks_of(Span::Month, "2026-03-17", "2026-04-16"),
            [
                (6, day("2026-03-23"), true),
                (13, day("2026-03-30"), false),
                (20, day("2026-04-06"), true),
                (27, day("2026-04-13"), false),
            ]
        );
    }

    #[test]
    fn a_quarter_of_weeks_has_the_tick_of_a_month_on_the_week_that_contains_its_first() {
        let month = |month| TimeLabel::Month { year: 2026, month };
        assert_eq!(
            ticks_of(Span::Quarter, "2026-01-15", "2026-04-16"),
            [
                (2, month(2), true),  // 26 January to 1 February
                (6, month(3), false), // 23 February to 1 March
                (11, month(4), false),
            ]
        );
    }

    #[test]
    fn a_rolling_year_has_a_tick_on_each_month_that_begins_in_it() {
        let ticks = ticks_of(Span::Year, "2025-04-16", "2026-04-16");
        assert_eq!((ticks.len(), ticks[0].0), (12, 1));
        assert_eq!(
            ticks
                .iter()
                .filter(|(_, _, is_first)| *is_first)
                .map(|(_, label, _)| *label)
                .collect::<Vec<_>>(),
            [
                TimeLabel::Month { year: 2025, month: 5 },
                TimeLabel::Month { year: 2026, month: 1 }
            ]
        );
    }

    #[test]
    fn all_of_time_has_ticks_even_if_it_is_one_date() {
        assert_eq!(ticks_of(Span::All, "2026-04-16", "2026-04-17").len(), 1);
        let years = ticks_of(Span::All, "2016-04-16", "2026-04-16");
        assert_eq!(years[0].1, TimeLabel::Year { year: 2018 });
        assert_eq!(years.len(), 5);
    }
}
