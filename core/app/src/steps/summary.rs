//! Days as a person sees them, and what follows from a list of them: goals, streaks, averages.
//!
//! Everything here reads the same list of days, so no two screens can disagree. Missing is not zero: a date without
//! data breaks a streak and is left out of an average. Source: steps.md sections 7 and 9.3.

use chrono::NaiveDate;

use crate::time::{CalendarUnit, DateRange, UtcMillis};

/// The steps of one date of the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaySteps {
    /// Her date (day start applied).
    pub date: NaiveDate,
    /// What the sensors counted; `None` on a date that was not measured.
    pub sensor_steps: Option<i64>,
    /// Her own correction as a difference, fixed when it was made; `None` without one.
    pub correction: Option<i64>,
    /// What is shown: `max(0, sensor + correction)`, or `None` if both are missing.
    pub steps: Option<i64>,
    /// Steps that were not believed and not counted.
    pub quarantined_steps: i64,
    /// The date covered more or less than a day because she changed zones.
    pub is_travel_day: bool,
}

impl DaySteps {
    pub(crate) fn new(
        date: NaiveDate,
        sensor_steps: Option<i64>,
        correction: Option<i64>,
        quarantined_steps: i64,
        is_travel_day: bool,
    ) -> Self {
        let is_known = sensor_steps.is_some() || correction.is_some();
        let sum = sensor_steps.unwrap_or(0).saturating_add(correction.unwrap_or(0));
        let steps = is_known.then(|| sum.max(0));
        Self {
            date,
            sensor_steps,
            correction,
            steps,
            quarantined_steps,
            is_travel_day,
        }
    }

    /// Whether the person met a goal of `goal` steps on the date. A date without data never does.
    #[must_use]
    pub fn meets(&self, goal: i64) -> bool {
        self.steps.is_some_and(|steps| steps >= goal)
    }

    /// How many steps are still missing to a goal, 0 if it is met; `None` on a date without data.
    #[must_use]
    pub fn missing_to(&self, goal: i64) -> Option<i64> {
        self.steps.map(|steps| goal.saturating_sub(steps).max(0))
    }

    /// A date about which nothing is known.
    #[must_use]
    pub fn unknown(date: NaiveDate) -> Self {
        Self::new(date, None, None, 0, false)
    }
}

/// The sensor steps of one hour slot; slots without steps are not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourSteps {
    /// The person's date of the slot.
    pub date: NaiveDate,
    /// First instant of the slot.
    pub start: UtcMillis,
    /// Sensor steps, more than 0.
    pub steps: i64,
}

/// Every date of `range`, with the unknown ones filled in.
///
/// Shapes: `known` in order of date, each at most once; dates outside the range are dropped.
#[must_use]
pub fn with_unknown_dates(known: &[DaySteps], range: DateRange) -> Vec<DaySteps> {
    let mut known = known
        .iter()
        .copied()
        .filter(|day| range.contains(day.date))
        .peekable();
    range
        .dates()
        .map(|date| {
            known
                .next_if(|day| day.date == date)
                .unwrap_or_else(|| DaySteps::unknown(date))
        })
        .collect()
}

/// Consecutive dates on which the goal was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streak {
    /// First date.
    pub from: NaiveDate,
    /// Last date, included.
    pub to: NaiveDate,
    /// Number of dates on which the goal was met; a date that her zone skipped does not count and does not break.
    pub days: u32,
}

/// Follows a list of days, in either direction, and keeps the streaks apart.
pub(crate) struct StreakCounter<'f> {
    goal: i64,
    is_skipped: &'f dyn Fn(NaiveDate) -> bool,
    current: Option<Streak>,
}

impl<'f> StreakCounter<'f> {
    /// `is_skipped` says whether the person's zone left a calendar date out.
    pub(crate) fn new(goal: i64, is_skipped: &'f dyn Fn(NaiveDate) -> bool) -> Self {
        Self {
            goal,
            is_skipped,
            current: None,
        }
    }

    /// Takes the next day and gives the streak it belongs to, or `None` if the goal was missed.
    pub(crate) fn next(&mut self, day: &DaySteps) -> Option<Streak> {
        if !day.meets(self.goal) {
            self.current = None;
            return None;
        }
        self.current = Some(match self.current {
            Some(streak) if self.touches(streak.to, day.date) => Streak {
                to: day.date,
                days: streak.days.saturating_add(1),
                ..streak
            },
            Some(streak) if self.touches(day.date, streak.from) => Streak {
                from: day.date,
                days: streak.days.saturating_add(1),
                ..streak
            },
            _ => Streak {
                from: day.date,
                to: day.date,
                days: 1,
            },
        });
        self.current
    }

    /// Whether no existing date lies between the two.
    pub(crate) fn touches(&self, earlier: NaiveDate, later: NaiveDate) -> bool {
        let between = DateRange {
            from: earlier.succ_opt().unwrap_or(earlier),
            until: later,
        };
        // Zones skip single dates; a longer gap is a gap without asking.
        earlier < later && between.len() <= 2 && between.dates().all(self.is_skipped)
    }
}

/// The longest streak of a list of days in order of date; of equal ones the latest. `None` if the goal was never met.
#[must_use]
pub fn longest_streak(
    days: &[DaySteps],
    goal: i64,
    is_skipped: &dyn Fn(NaiveDate) -> bool,
) -> Option<Streak> {
    let mut counter = StreakCounter::new(goal, is_skipped);
    days.iter()
        .filter_map(|day| counter.next(day))
        .max_by_key(|streak| (streak.days, streak.to))
}

/// Mean steps of the measured days, rounded half up; `None` without one. Source: steps.md 7 and scenario 72.
#[must_use]
pub fn mean_of_known_days(days: &[DaySteps]) -> Option<i64> {
    let known: Vec<i64> = days.iter().filter_map(|day| day.steps).collect();
    let count = i64::try_from(known.len()).ok().filter(|count| *count > 0)?;
    let sum = known.iter().fold(0i64, |sum, steps| sum.saturating_add(*steps));
    sum.saturating_mul(2)
        .saturating_add(count)
        .checked_div(count.saturating_mul(2))
}

/// The steps of one week, month or other run of dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepRollUp {
    /// The dates, also those without data.
    pub dates: DateRange,
    /// Sum of the days' steps; `None` without a day with data.
    pub sum: Option<i64>,
    /// Days with data.
    pub measured_days: u32,
    /// Mean of the measured days, without today unless it is the only one; `None` without a measured day.
    pub mean: Option<i64>,
    /// Today or a later date lies inside.
    pub is_incomplete: bool,
}

/// Gathers the days of `dates`. Sums over weeks equal sums over days.
///
/// Shapes: `days` in order of date, each at most once; those outside of `dates` do not matter.
/// Source: charts.md section 6.
#[must_use]
pub fn roll_up_steps(days: &[DaySteps], dates: DateRange, today: NaiveDate) -> StepRollUp {
    let days = days_inside(days, dates);
    let known = days.iter().filter_map(|day| day.steps);
    StepRollUp {
        dates,
        sum: known.clone().reduce(i64::saturating_add),
        measured_days: u32::try_from(known.count()).unwrap_or(u32::MAX),
        mean: mean_without_today(days, today),
        is_incomplete: dates.until > today,
    }
}

/// The days of a range, found by halving: a chart of many buckets must not look at every day for each.
pub(crate) fn days_inside(days: &[DaySteps], dates: DateRange) -> &[DaySteps] {
    let from = days.partition_point(|day| day.date < dates.from);
    let until = days.partition_point(|day| day.date < dates.until).max(from);
    days.get(from..until).unwrap_or(&[])
}

/// Mean steps of the measured days without today, which is not over, unless it is the only one.
#[must_use]
pub fn mean_without_today(days: &[DaySteps], today: NaiveDate) -> Option<i64> {
    let is_past = |day: &&DaySteps| day.date != today && day.steps.is_some();
    let past: Vec<DaySteps> = days.iter().filter(is_past).copied().collect();
    mean_of_known_days(if past.is_empty() { days } else { &past })
}

/// The whole weeks or months that have a date in `range`, in order.
pub(crate) fn units_of(unit: CalendarUnit, range: DateRange) -> Vec<DateRange> {
    let mut units = Vec::new();
    let mut date = range.from;
    while date < range.until {
        let dates = unit.dates_around(date);
        units.push(dates);
        if dates.until <= date {
            break; // the calendar ends here
        }
        date = dates.until;
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{WeekStart, date_is_skipped, parse_date, parse_zone};

    fn day(date: &str, steps: Option<i64>) -> DaySteps {
        DaySteps::new(parse_date(date).unwrap(), steps, None, 0, false)
    }

    #[test]
    fn row_38_a_streak_runs_over_the_clock_change() {
        let days = [
            day("2026-03-28", Some(6100)),
            day("2026-03-29", Some(11_508)),
            day("2026-03-30", Some(6037)),
            day("2026-03-31", Some(6635)),
        ];
        assert_eq!(longest_streak(&days, 6000, &|_| false).unwrap().days, 4);
    }

    #[test]
    fn row_44_a_date_that_did_not_exist_does_not_break_a_streak() {
        let apia = parse_zone("Pacific/Apia").unwrap();
        let days = [day("2011-12-29", Some(7000)), day("2011-12-31", Some(7000))];
        assert_eq!(
            longest_streak(&days, 6000, &|date| date_is_skipped(apia, date))
                .unwrap()
                .days,
            2
        );
        assert_eq!(longest_streak(&days, 6000, &|_| false).unwrap().days, 1);
    }

    #[test]
    fn row_72_an_average_leaves_days_without_data_out() {
        let days = [
            day("2026-04-01", Some(6000)),
            day("2026-04-02", None),
            day("2026-04-03", Some(0)),
            day("2026-04-04", Some(9000)),
        ];
        assert_eq!(mean_of_known_days(&days), Some(5000));
        assert_eq!(mean_of_known_days(&days[1..2]), None);
    }

    #[test]
    fn a_day_never_falls_below_zero_and_a_correction_of_zero_is_a_known_day() {
        let date = parse_date("2026-04-01").unwrap();
        assert_eq!(
            DaySteps::new(date, Some(100), Some(-500), 0, false).steps,
            Some(0)
        );
        assert_eq!(DaySteps::new(date, None, Some(0), 0, false).steps, Some(0));
        assert_eq!(DaySteps::unknown(date).steps, None);
    }

    #[test]
    fn a_goal_is_met_from_its_number_on_and_never_on_a_date_without_data() {
        for (steps, meets, missing) in [
            (Some(7999), false, Some(1)),
            (Some(8000), true, Some(0)),
            (Some(8001), true, Some(0)),
            (None, false, None),
        ] {
            let day = day("2026-04-01", steps);
            assert_eq!(
                (day.meets(8000), day.missing_to(8000)),
                (meets, missing),
                "{steps:?}"
            );
        }
    }

    #[test]
    fn a_week_without_data_has_no_sum_and_today_does_not_lower_the_mean() {
        let days = [
            day("2026-04-06", Some(6000)),
            day("2026-04-07", None),
            day("2026-04-08", Some(0)),
            day("2026-04-09", Some(90)),
            day("2026-04-20", Some(0)),
        ];
        let range = DateRange {
            from: parse_date("2026-04-08").unwrap(),
            until: parse_date("2026-04-21").unwrap(),
        };
        let today = parse_date("2026-04-09").unwrap();
        let weeks: Vec<_> = units_of(CalendarUnit::Week(WeekStart::Monday), range)
            .into_iter()
            .map(|dates| roll_up_steps(&days, dates, today))
            .collect();
        let seen: Vec<_> = weeks
            .iter()
            .map(|week| (week.sum, week.measured_days, week.mean, week.is_incomplete))
            .collect();
        assert_eq!(
            seen,
            [
                (Some(6090), 3, Some(3000), true),
                (None, 0, None, true),
                (Some(0), 1, Some(0), true)
            ]
        );
        assert_eq!(
            weeks[0].dates.from,
            parse_date("2026-04-06").unwrap(),
            "weeks are whole"
        );
        let last_week = roll_up_steps(&days, weeks[0].dates, weeks[0].dates.until);
        assert!(!last_week.is_incomplete);
        assert_eq!(last_week.mean, Some(2030));
    }

    #[test]
    fn a_streak_is_the_same_forwards_and_backwards() {
        let days = [
            day("2026-04-01", Some(1)),
            day("2026-04-02", Some(9)),
            day("2026-04-03", Some(9)),
            day("2026-04-05", Some(9)),
        ];
        let mut reversed = days;
        reversed.reverse();
        let mut counter = StreakCounter::new(5, &|_| false);
        let backwards = reversed
            .iter()
            .filter_map(|day| counter.next(day))
            .max_by_key(|streak| streak.days);
        assert_eq!(longest_streak(&days, 5, &|_| false), backwards);
    }
}
