//! The range of the value axis. Source: charts.md section 3.

use super::nice::{nice, ticks};
use crate::weight::MassUnit;

/// Ticks wanted on a step axis.
const STEP_TICKS: u32 = 4;
/// Ticks wanted on a weight axis.
const WEIGHT_TICKS: u32 = 5;

/// A value axis: its ends and its ticks.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueRange {
    /// Value at the bottom.
    pub lower: f64,
    /// Value at the top, above `lower`.
    pub upper: f64,
    /// Round values between the ends, ascending.
    pub ticks: Vec<f64>,
}

impl ValueRange {
    /// Where a value lies, 0 at the bottom and 1 at the top.
    #[must_use]
    pub fn position(&self, value: f64) -> f64 {
        (value - self.lower) / (self.upper - self.lower)
    }
}

/// Where the goal lies if it is too far away to be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GoalPlace {
    /// It is drawn.
    Inside,
    /// It lies above the axis.
    Above,
    /// It lies below the axis.
    Below,
}

/// The axis of bars: it starts at 0. `goal` is the goal that is shown.
#[must_use]
pub fn step_range(largest: i64, goal: Option<i64>) -> ValueRange {
    let largest = largest.max(goal.unwrap_or(0)).max(0);
    let upper = if largest == 0 {
        1000.0
    } else {
        nice(0.0, largest as f64, STEP_TICKS).1
    };
    ValueRange {
        lower: 0.0,
        upper,
        // There is no half step: on a very low axis fewer ticks remain.
        ticks: ticks(0.0, upper, STEP_TICKS)
            .into_iter()
            .filter(|tick| tick.fract().abs() <= 0.0)
            .collect(),
    }
}

/// The axis of weights: it does not start at 0, and is padded so that small changes do not look large.
///
/// `lowest` and `highest` are the extremes of the visible day values and trend values in `unit`; stone are drawn in pounds.
/// The goal widens the axis if it is near enough.
#[must_use]
pub fn weight_range(lowest: f64, highest: f64, goal: Option<f64>, unit: MassUnit) -> (ValueRange, GoalPlace) {
    let smallest_pad = if unit == MassUnit::Kilogram { 1.0 } else { 2.0 };
    let pad = f64::max(smallest_pad, (highest - lowest) / 10.0);
    let near = (highest - lowest) + 2.0 * pad;
    let (mut lowest, mut highest) = (lowest, highest);
    let mut place = GoalPlace::Inside;
    if let Some(goal) = goal {
        if goal < lowest - near {
            place = GoalPlace::Below;
        } else if goal > highest + near {
            place = GoalPlace::Above;
        } else {
            lowest = lowest.min(goal);
            highest = highest.max(goal);
        }
    }
    let (lower, upper) = nice(lowest - pad, highest + pad, WEIGHT_TICKS);
    (
        ValueRange {
            lower,
            upper,
            ticks: ticks(lower, upper, WEIGHT_TICKS),
        },
        place,
    )
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "nice values are exact")]
mod tests {
    use super::*;

    fn spacing(range: &ValueRange) -> f64 {
        range.ticks[1] - range.ticks[0]
    }

    #[test]
    fn step_axes_are_those_of_the_vectors() {
        for (largest, upper, by) in [
            (950, 1000.0, 200.0),
            (6000, 6000.0, 2000.0),
            (8000, 8000.0, 2000.0),
            (12_000, 12_000.0, 2000.0),
            (36_019, 40_000.0, 10_000.0),
            (0, 1000.0, 200.0),
        ] {
            let range = step_range(largest, None);
            assert_eq!(
                (range.lower, range.upper, spacing(&range)),
                (0.0, upper, by),
                "{largest}"
            );
        }
        assert_eq!(step_range(950, Some(8000)).upper, 8000.0);
        assert_eq!(step_range(1, None).ticks, [0.0, 1.0]);
    }

    #[test]
    fn weight_axes_are_those_of_the_vectors() {
        for (lowest, highest, lower, upper, by) in [
            (72.4, 72.9, 71.0, 74.0, 0.5),
            (52.6, 52.6, 51.5, 54.0, 0.5),
            (79.8, 80.2, 78.5, 81.5, 0.5),
            (60.2, 66.8, 58.0, 68.0, 2.0),
            (88.58, 99.47, 85.0, 105.0, 5.0),
        ] {
            let (range, _) = weight_range(lowest, highest, None, MassUnit::Kilogram);
            assert_eq!(
                (range.lower, range.upper, spacing(&range)),
                (lower, upper, by),
                "{lowest}..{highest}"
            );
        }
    }

    #[test]
    fn a_goal_far_away_is_named_instead_of_flattening_the_line() {
        let place = |goal: f64| weight_range(70.0, 71.0, Some(goal), MassUnit::Kilogram).1;
        assert_eq!(place(67.0), GoalPlace::Inside);
        assert_eq!(place(66.9), GoalPlace::Below);
        assert_eq!(place(74.1), GoalPlace::Above);
        let (range, _) = weight_range(70.0, 71.0, Some(68.0), MassUnit::Kilogram);
        assert!(range.lower <= 67.0 && range.position(68.0) > 0.0);
    }
}
