//! How restless the weight is, whether it stands still, and which weekdays stand out. Source: weight.md section 8.
//!
//! All three look at **residuals**: day values of the window minus their own least squares line. Without removing the line a
//! steady loss looks restless and shows a false weekday pattern (openScale #1453).

use chrono::{Datelike as _, Days, NaiveDate};

use super::slope::{Line, points, window};
use super::{Slope, Weight, WeightDay};
use crate::time::DateRange;

const STABLE_BELOW_KG: f64 = 0.5;
const NORMAL_BELOW_KG: f64 = 1.0;
const PLATEAU_BELOW_KG_PER_WEEK: f64 = 0.1;
const PLATEAU_FEWEST_DAYS: u32 = 8;
const PLATEAU_SHORTEST_SPAN_DAYS: i64 = 21;
const WEEKDAY_FEWEST_READINGS: u32 = 3;

/// How much day values scatter around their line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VolatilityLevel {
    /// Below 0.5 kg.
    Stable,
    /// Below 1.0 kg.
    Normal,
    /// 1.0 kg or more.
    Volatile,
}

/// Standard deviation of the residuals in the 28-day window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Volatility {
    /// In kilograms, with n - 2 degrees of freedom.
    pub deviation_kg: f64,
    /// Its class.
    pub level: VolatilityLevel,
}

/// The volatility of the window that ends with the last day; `None` with fewer than three days in it.
///
/// Shapes: `days` ascends by date; days before the window do not matter.
#[must_use]
pub fn volatility(days: &[WeightDay]) -> Option<Volatility> {
    let points = points(window(days), |day| day.weight.kilograms());
    let deviation_kg = Line::fit(&points)?.residual_deviation(&points)?;
    let level = if deviation_kg < STABLE_BELOW_KG {
        VolatilityLevel::Stable
    } else if deviation_kg < NORMAL_BELOW_KG {
        VolatilityLevel::Normal
    } else {
        VolatilityLevel::Volatile
    };
    Some(Volatility { deviation_kg, level })
}

/// Whether the weight stands still: at least 8 days with readings spanning at least 21 days of the window, and a trend
/// that moves less than 0.1 kg a week.
#[must_use]
pub fn is_plateau(slope: &Slope) -> bool {
    slope.reading_days >= PLATEAU_FEWEST_DAYS
        && slope.span_days() >= PLATEAU_SHORTEST_SPAN_DAYS
        && slope.kg_per_week().abs() < PLATEAU_BELOW_KG_PER_WEEK
}

/// Mean residual in kilograms of each weekday, Monday first; `None` for a weekday with fewer than 3 readings in the window.
///
/// Shapes: `days` ascends by date; days before the window do not matter.
#[must_use]
pub fn weekday_pattern(days: &[WeightDay]) -> [Option<f64>; 7] {
    let days = window(days);
    let points = points(days, |day| day.weight.kilograms());
    let Some(line) = Line::fit(&points) else {
        return [None; 7];
    };
    let mut sums = [(0.0, 0_u32); 7];
    for (day, residual) in days.iter().zip(line.residuals(&points)) {
        let weekday = day.date.weekday().num_days_from_monday() as usize;
        if let Some((sum, count)) = sums.get_mut(weekday) {
            *sum += residual;
            *count = count.saturating_add(1);
        }
    }
    sums.map(|(sum, count)| (count >= WEEKDAY_FEWEST_READINGS).then(|| sum / f64::from(count)))
}

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

/// A calendar unit that day values are gathered in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RollUpUnit {
    /// Seven dates.
    Week(WeekStart),
    /// A calendar month.
    Month,
}

/// The day values of one week or month with at least one reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RollUp {
    /// The dates of the unit, also those without a reading.
    pub dates: DateRange,
    /// Days with a reading, at least 1.
    pub days: u32,
    /// Mean of the day values in kilograms.
    pub mean_kg: f64,
    /// Smallest day value.
    pub minimum: Weight,
    /// Largest day value.
    pub maximum: Weight,
    /// Trend at the last reading of the unit, in kilograms.
    pub trend_kg: f64,
}

impl RollUpUnit {
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

/// Day values gathered by week or month.
///
/// Shapes: `days` ascends by date; the result ascends, one entry per unit with at least one reading: a unit without one has
/// no value.
/// Source: weight.md section 8, charts.md section 6.
#[must_use]
pub fn roll_up(days: &[WeightDay], unit: RollUpUnit) -> Vec<RollUp> {
    let mut rest = days;
    let mut result = Vec::new();
    while let Some(first) = rest.first() {
        let dates = unit.dates_around(first.date);
        let (inside, after) = rest.split_at(rest.partition_point(|day| day.date < dates.until).max(1));
        rest = after;
        let weights = || inside.iter().map(|day| day.weight);
        let (Some(minimum), Some(maximum), Some(last)) = (weights().min(), weights().max(), inside.last())
        else {
            break;
        };
        // The sum is a whole number of 10 g, so the mean is rounded once.
        let sum: i64 = weights().map(|weight| i64::from(weight.ten_grams())).sum();
        result.push(RollUp {
            dates,
            days: u32::try_from(inside.len()).unwrap_or(u32::MAX),
            mean_kg: sum as f64 / (inside.len() as f64 * 100.0),
            minimum,
            maximum,
            trend_kg: last.trend_kg,
        });
    }
    result
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]
mod tests {
    use super::super::slope::slope;
    use super::super::trend::tests::{any_days, trend_of};
    use super::super::{Tau, trend};
    use super::*;
    use crate::time::parse_date;
    use proptest::prelude::*;

    #[test]
    fn f16_a_steady_loss_is_stable_no_plateau_and_has_no_weekday_pattern() {
        let falling: Vec<_> = (0..40).map(|day| (day, 90.0 - 0.1 * day as f64)).collect();
        let days = trend_of(&falling);
        assert!(!is_plateau(&slope(&days).unwrap()));
        assert_eq!(volatility(&days).unwrap().level, VolatilityLevel::Stable);
        for mean in weekday_pattern(&days) {
            assert!(mean.unwrap().abs() < 1e-9);
        }
    }

    #[test]
    fn a_plateau_needs_eight_days_over_three_weeks_and_a_still_trend() {
        let still = |days: &[u64]| trend_of(&days.iter().map(|day| (*day, 70.0)).collect::<Vec<_>>());
        let plateau = |days: &[u64]| is_plateau(&slope(&still(days)).unwrap());
        assert!(plateau(&[0, 3, 6, 9, 12, 15, 18, 21]));
        assert!(!plateau(&[0, 3, 6, 9, 12, 15, 21]));
        assert!(!plateau(&[1, 3, 6, 9, 12, 15, 18, 21]));
    }

    #[test]
    fn volatility_has_three_levels() {
        let level = |swing: f64| {
            let days: Vec<_> = (0..28)
                .map(|day| (day, 70.0 + if day % 2 == 0 { swing } else { -swing }))
                .collect();
            volatility(&trend_of(&days)).unwrap().level
        };
        assert_eq!(level(0.4), VolatilityLevel::Stable);
        assert_eq!(level(0.9), VolatilityLevel::Normal);
        assert_eq!(level(1.1), VolatilityLevel::Volatile);
        assert_eq!(volatility(&trend_of(&[(0, 70.0), (1, 71.0)])), None);
    }

    #[test]
    fn a_heavy_monday_shows_and_a_weekday_with_two_readings_does_not() {
        // 2026-01-01 is a Thursday, so day 4 is a Monday. The last week lacks its Wednesday.
        let days: Vec<_> = (0..28)
            .filter(|day| ![6, 13, 27].contains(day))
            .map(|day| (day, if day % 7 == 4 { 71.0 } else { 70.0 }))
            .collect();
        let pattern = weekday_pattern(&trend_of(&days));
        assert!(pattern[0].unwrap() > 0.8);
        assert_eq!(pattern[2], None);
        assert!(pattern[5].unwrap() < 0.0);
    }

    #[test]
    fn weeks_start_where_the_locale_says_and_months_have_their_own_length() {
        let date = parse_date("2026-04-01").unwrap(); // a Wednesday
        for (start, from) in [
            (WeekStart::Monday, "2026-03-30"),
            (WeekStart::Sunday, "2026-03-29"),
            (WeekStart::Saturday, "2026-03-28"),
        ] {
            let week = RollUpUnit::Week(start).dates_around(date);
            assert_eq!((week.from, week.len()), (parse_date(from).unwrap(), 7));
            assert_eq!(RollUpUnit::Week(start).dates_around(week.from), week);
            assert_eq!(RollUpUnit::Week(start).dates_around(week.last().unwrap()), week);
        }
        let february = RollUpUnit::Month.dates_around(parse_date("2024-02-29").unwrap());
        assert_eq!((february.len(), february.from.day()), (29, 1));
    }

    #[test]
    fn a_week_without_a_reading_has_no_value() {
        let weeks = roll_up(
            &trend_of(&[(0, 60.0), (1, 65.0), (20, 70.0)]),
            RollUpUnit::Week(WeekStart::Monday),
        );
        assert_eq!(weeks.len(), 2);
        assert!((weeks[0].mean_kg - 62.5).abs() < 1e-12);
        assert_eq!(
            (
                weeks[0].days,
                weeks[0].minimum.ten_grams(),
                weeks[0].maximum.ten_grams()
            ),
            (2, 6000, 6500)
        );
        assert!((weeks[0].trend_kg - 60.5).abs() < 1e-9);
        assert!((weeks[1].mean_kg - 70.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn every_day_is_in_exactly_one_unit(days in any_days()) {
            let days = trend(None, &days, Tau::DEFAULT);
            for unit in [RollUpUnit::Week(WeekStart::Saturday), RollUpUnit::Month] {
                let units = roll_up(&days, unit);
                prop_assert_eq!(units.iter().map(|unit| unit.days as usize).sum::<usize>(), days.len());
                prop_assert!(units.windows(2).all(|pair| pair[0].dates.until <= pair[1].dates.from));
            }
        }
    }
}
