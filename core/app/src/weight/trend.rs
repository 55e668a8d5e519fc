//! The trend: a time-aware exponential average of the day values.
//!
//! It lags: on a straight line it sits `(1 - a)/a` days' worth behind the truth, 9 days at the default. So it is called
//! the trend, never the current weight. Source: weight.md section 4.

use chrono::NaiveDate;

use super::{DayValue, Weight};

/// The time constant of the trend, in days, 0.1 to 1,000.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tau(f64);

/// A date with readings: its value and the trend there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightDay {
    /// The person's date.
    pub date: NaiveDate,
    /// Readings of the date, at least 1.
    pub readings: u32,
    /// The day value.
    pub weight: Weight,
    /// The trend in kilograms, unrounded.
    pub trend_kg: f64,
}

impl Tau {
    /// Makes `1 - e^(-1/tau)` 0.1 to nine digits: on daily weigh-ins the classic tenth a day.
    pub const DEFAULT: Self = Self(9.491_221_6);
    /// Follows faster (0.133 a day); the other choice a person has.
    pub const ONE_WEEK: Self = Self(7.0);

    /// A time constant of `days`; `None` outside 0.1 to 1,000.
    #[must_use]
    pub fn from_days(days: f64) -> Option<Self> {
        (0.1..=1000.0).contains(&days).then_some(Self(days))
    }

    /// The time constant in days.
    #[must_use]
    pub const fn days(self) -> f64 {
        self.0
    }

    /// The share of the difference that the trend takes up after `days`: `1 - e^(-days/tau)`.
    fn share_after(self, days: i64) -> f64 {
        // exp_m1 keeps the digits that 1 - exp loses when the share is small.
        -(-(days as f64) / self.0).exp_m1()
    }
}

impl Default for Tau {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The trend on each of the days, going on from what came before.
///
/// Shapes: `days` ascends by date, one entry per date with a reading; the result has the same dates. `before` is the last date
/// before `days` and its trend, or `None` if `days` begins with the very first reading. Computing the rest from any day on
/// gives the same bits as computing everything.
/// Units: kilograms.
/// Source: weight.md section 4.
#[must_use]
pub fn trend(before: Option<(NaiveDate, f64)>, days: &[DayValue], tau: Tau) -> Vec<WeightDay> {
    let mut last = before;
    days.iter()
        .map(|day| {
            let weight = day.weight.kilograms();
            let trend_kg = last.map_or(weight, |(date, trend_kg)| {
                let share = tau.share_after(day.date.signed_duration_since(date).num_days());
                trend_kg + share * (weight - trend_kg)
            });
            last = Some((day.date, trend_kg));
            WeightDay {
                date: day.date,
                readings: day.readings,
                weight: day.weight,
                trend_kg,
            }
        })
        .collect()
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]
pub(super) mod tests {
    use super::*;
    use chrono::Days;
    use proptest::prelude::*;

    /// Day values given as (days since 2026-01-01, kilograms).
    pub(in super::super) fn days(values: &[(u64, f64)]) -> Vec<DayValue> {
        let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        values
            .iter()
            .map(|(day, kg)| DayValue {
                date: first + Days::new(*day),
                readings: 1,
                weight: Weight::from_ten_grams((kg * 100.0).round() as i32).unwrap(),
            })
            .collect()
    }

    pub(in super::super) fn trend_of(values: &[(u64, f64)]) -> Vec<WeightDay> {
        trend(None, &days(values), Tau::DEFAULT)
    }

    fn last_trend(values: &[(u64, f64)], tau: Tau) -> f64 {
        trend(None, &days(values), tau).last().unwrap().trend_kg
    }

    #[track_caller]
    fn assert_near(actual: f64, expected: f64, tolerance: f64) {
        assert!(
            (actual - expected).abs() <= tolerance,
            "{actual} is not {expected}"
        );
    }

    #[test]
    fn f2_daily_readings_follow_the_classic_tenth_a_day() {
        let example = trend_of(&[(0, 173.6), (1, 172.5), (2, 171.5), (3, 172.0), (4, 171.5)]);
        for (day, expected) in example
            .iter()
            .skip(1)
            .zip([173.49, 173.291, 173.1619, 172.995_71])
        {
            assert_near(day.trend_kg, expected, 1e-5);
        }
        let mut alternating = vec![(0, 177.0)];
        alternating.extend((1..=30).map(|day| (day, if day % 2 == 1 { 174.0 } else { 176.0 })));
        let trend = trend_of(&alternating);
        for (day, expected) in [(1, 176.7), (7, 175.8788), (14, 175.4981), (30, 175.1352)] {
            assert_near(trend[day].trend_kg, expected, 5e-5);
        }
    }

    #[test]
    fn f2_step_response_and_weights_of_past_days() {
        let mut step = vec![(0, 100.0)];
        step.extend((1..=30).map(|day| (day, 200.0)));
        let trend = trend_of(&step);
        for (day, percent) in [(7, 52.17), (14, 77.12), (21, 89.06), (29, 95.29)] {
            assert_near(trend[day].trend_kg - 100.0, percent, 5e-3);
        }
        // A single deviation of 100 kg, `age` days ago.
        for (age, share) in [
            (0, 0.1),
            (1, 0.09),
            (2, 0.081),
            (7, 0.0478),
            (14, 0.0229),
            (30, 0.0042),
        ] {
            let mut pulse = vec![(0, 100.0), (1, 200.0)];
            pulse.extend((2..2 + age).map(|day| (day, 100.0)));
            assert_near((last_trend(&pulse, Tau::DEFAULT) - 100.0) / 100.0, share, 5e-5);
        }
    }

    #[test]
    fn f3_on_a_straight_line_the_trend_lags_nine_days() {
        let falling: Vec<_> = (0..400).map(|day| (day, 120.0 - 0.1 * day as f64)).collect();
        let trend = trend_of(&falling);
        let last = trend.last().unwrap();
        assert_near(last.trend_kg - last.weight.kilograms(), 0.9, 1e-6);
    }

    #[test]
    fn f5_gaps_are_time_aware_and_nothing_is_interpolated() {
        assert_near(
            last_trend(&[(0, 60.0), (7, 61.0)], Tau::ONE_WEEK),
            60.632_120_558_8,
            1e-9,
        );
        assert_near(last_trend(&[(0, 150.0), (3, 148.0)], Tau::DEFAULT), 149.458, 1e-6);
        assert_near(
            last_trend(&[(0, 150.0), (3, 148.0)], Tau::ONE_WEEK),
            149.302_878,
            1e-6,
        );
    }

    #[test]
    fn a_time_constant_outside_its_range_is_refused() {
        for days in [0.099, 1000.1, f64::NAN, f64::INFINITY, -1.0] {
            assert_eq!(Tau::from_days(days), None);
        }
        assert_eq!(Tau::from_days(7.0), Some(Tau::ONE_WEEK));
    }

    /// Ascending days with gaps of 1 to 40 days and any accepted weight.
    pub(in super::super) fn any_days() -> impl Strategy<Value = Vec<DayValue>> {
        let first = NaiveDate::from_ymd_opt(2020, 1, 1).unwrap();
        prop::collection::vec((1_u64..40, 4000_i32..12_000), 0..60).prop_map(move |steps| {
            let mut date = first;
            steps
                .into_iter()
                .map(|(gap, units)| {
                    date = date + Days::new(gap);
                    DayValue {
                        date,
                        readings: 1,
                        weight: Weight::from_ten_grams(units).unwrap(),
                    }
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn going_on_from_any_day_gives_the_same_bits_as_starting_over(days in any_days(), cut in 0_usize..60) {
            let full = trend(None, &days, Tau::DEFAULT);
            let cut = cut.min(days.len());
            let before = full[..cut].last().map(|day| (day.date, day.trend_kg));
            let rest = trend(before, &days[cut..], Tau::DEFAULT);
            prop_assert_eq!(rest.len(), full.len() - cut);
            for (left, right) in rest.iter().zip(&full[cut..]) {
                prop_assert_eq!(left.trend_kg.to_bits(), right.trend_kg.to_bits());
            }
        }

        #[test]
        fn moving_all_dates_moves_the_trend(days in any_days(), shift in 0_u64..5000) {
            let moved: Vec<_> = days
                .iter()
                .map(|day| DayValue { date: day.date + Days::new(shift), ..*day })
                .collect();
            let (still, moved) = (trend(None, &days, Tau::DEFAULT), trend(None, &moved, Tau::DEFAULT));
            for (left, right) in still.iter().zip(&moved) {
                prop_assert_eq!(left.date + Days::new(shift), right.date);
                prop_assert_eq!(left.trend_kg.to_bits(), right.trend_kg.to_bits());
            }
        }
    }
}
