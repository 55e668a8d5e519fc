//! How fast the trend moves, and whether that means anything. Source: weight.md section 5.

use chrono::NaiveDate;

use super::WeightDay;
use crate::time::DateRange;

/// Dates in the window that ends with the last reading.
pub const WINDOW_DAYS: u32 = 28;
/// Fewer days with readings say nothing about a direction.
const FEWEST_READING_DAYS: u32 = 4;
/// A shorter span says more about water than about weight.
const SHORTEST_SPAN_DAYS: i64 = 7;
/// Energy of a kilogram of body weight, an estimate (3,500 kcal per lb is 7,716).
const KCAL_PER_KG: f64 = 7700.0;

/// The slope of the trend over the 28 dates that end with the last reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slope {
    /// Kilograms a day, negative for a loss.
    pub kg_per_day: f64,
    /// Standard error of [`Self::kg_per_day`].
    pub standard_error_kg_per_day: f64,
    /// Days with readings behind it, at least 4.
    pub reading_days: u32,
    /// First date with a reading in the window.
    pub from: NaiveDate,
    /// Last date with a reading, at least 7 days after `from`.
    pub to: NaiveDate,
}

impl Slope {
    /// Kilograms a week, the form that is shown.
    #[must_use]
    pub fn kg_per_week(&self) -> f64 {
        self.kg_per_day * 7.0
    }

    /// Whether the change is real: more than two standard errors from zero. The gates were passed, else there would
    /// be no slope.
    #[must_use]
    pub fn is_real_change(&self) -> bool {
        self.kg_per_day.abs() > 2.0 * self.standard_error_kg_per_day
    }

    /// Kilocalories a day that such a change corresponds to at 7,700 kcal per kg; always labelled an estimate.
    #[must_use]
    pub fn estimated_kcal_per_day(&self) -> f64 {
        self.kg_per_day * KCAL_PER_KG
    }

    /// Days from the first to the last reading in the window.
    #[must_use]
    pub fn span_days(&self) -> i64 {
        self.to.signed_duration_since(self.from).num_days()
    }
}

/// The days that lie in the 28 dates ending with the last of `days`, which ascends by date.
#[must_use]
pub fn window(days: &[WeightDay]) -> &[WeightDay] {
    let Some(last) = days.last() else {
        return days;
    };
    let from = DateRange::ending_on(last.date, WINDOW_DAYS).from;
    let start = days.partition_point(|day| day.date < from);
    days.get(start..).unwrap_or(&[])
}

/// The slope of the trend, or `None` if the gates are not passed: at least 4 days with readings in the window and at
/// least 7 days between the first and the last of them.
///
/// Shapes: `days` ascends by date, one entry per date with a reading; days before the window do not matter.
/// Source: weight.md section 5.
#[must_use]
pub fn slope(days: &[WeightDay]) -> Option<Slope> {
    let days = window(days);
    let (from, to) = (days.first()?.date, days.last()?.date);
    let reading_days = u32::try_from(days.len()).ok()?;
    if reading_days < FEWEST_READING_DAYS || to.signed_duration_since(from).num_days() < SHORTEST_SPAN_DAYS {
        return None;
    }
    let points = points(days, |day| day.trend_kg);
    let line = Line::fit(&points)?;
    Some(Slope {
        kg_per_day: line.slope,
        standard_error_kg_per_day: line.standard_error(&points)?,
        reading_days,
        from,
        to,
    })
}

/// (days since the first date, value) of each day.
pub(super) fn points(days: &[WeightDay], value: impl Fn(&WeightDay) -> f64) -> Vec<(f64, f64)> {
    let Some(first) = days.first() else {
        return Vec::new();
    };
    days.iter()
        .map(|day| {
            let x = day.date.signed_duration_since(first.date).num_days();
            (x as f64, value(day))
        })
        .collect()
}

/// A least squares line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    slope: f64,
    /// A point on the line: the means.
    middle: (f64, f64),
    /// Sum of the squared distances of x from its mean.
    spread: f64,
}

impl Line {
    /// Ordinary least squares of y against x; `None` without two different x.
    pub(super) fn fit(points: &[(f64, f64)]) -> Option<Self> {
        // Measured from the first point: equal values then give exactly 0, not the rounding of their mean.
        let (x0, y0) = *points.first()?;
        let n = points.len() as f64;
        let mean_x = points.iter().map(|(x, _)| x - x0).sum::<f64>() / n;
        let mean_y = points.iter().map(|(_, y)| y - y0).sum::<f64>() / n;
        let (spread, product) = points.iter().fold((0.0, 0.0), |(spread, product), (x, y)| {
            let (dx, dy) = (x - x0 - mean_x, y - y0 - mean_y);
            (spread + dx * dx, product + dx * dy)
        });
        (spread > 0.0).then(|| Self {
            slope: product / spread,
            middle: (x0 + mean_x, y0 + mean_y),
            spread,
        })
    }

    /// What the points differ from the line, in their order.
    pub(super) fn residuals(&self, points: &[(f64, f64)]) -> Vec<f64> {
        points
            .iter()
            .map(|(x, y)| (y - self.middle.1) - self.slope * (x - self.middle.0))
            .collect()
    }

    /// Standard deviation of the residuals with n - 2 degrees of freedom; `None` below 3 points.
    pub(super) fn residual_deviation(&self, points: &[(f64, f64)]) -> Option<f64> {
        let freedom = points.len().checked_sub(2).filter(|freedom| *freedom > 0)?;
        let squares: f64 = self.residuals(points).iter().map(|r| r * r).sum();
        Some((squares / freedom as f64).sqrt())
    }

    fn standard_error(&self, points: &[(f64, f64)]) -> Option<f64> {
        Some(self.residual_deviation(points)? / self.spread.sqrt())
    }
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]
mod tests {
    use super::super::trend::tests::trend_of;
    use super::*;

    fn fitted(points: &[(f64, f64)]) -> f64 {
        Line::fit(points).unwrap().slope
    }

    #[test]
    fn f6_least_squares_go_by_date_not_by_index() {
        let by_date = fitted(&[(0.0, 80.0), (1.0, 79.9), (3.0, 79.7), (7.0, 79.3)]);
        assert!((by_date + 0.1).abs() < 1e-12);
        let by_index = fitted(&[(0.0, 80.0), (1.0, 79.9), (2.0, 79.7), (3.0, 79.3)]);
        assert!((by_index + 0.23).abs() < 1e-12);
        let week: Vec<_> = (0..7)
            .map(f64::from)
            .zip([80.0, 79.8, 79.9, 79.5, 79.6, 79.2, 79.1])
            .collect();
        assert!((fitted(&week) + 0.15).abs() < 1e-12);
        assert!((fitted(&week) * 7.0 + 1.05).abs() < 1e-12);
    }

    #[test]
    fn f7_energy_is_7700_kcal_a_kilogram() {
        let date = NaiveDate::from_ymd_opt(2026, 4, 1).unwrap();
        let slope = Slope {
            kg_per_day: -0.15,
            standard_error_kg_per_day: 0.0,
            reading_days: 7,
            from: date,
            to: date,
        };
        assert!((slope.estimated_kcal_per_day() + 1155.0).abs() < 1e-9);
        assert!((3500.0_f64 / 0.453_592_37 - 7716.0).abs() < 0.5);
    }

    #[test]
    fn the_gates_count_days_with_readings_and_their_span() {
        assert!(slope(&[]).is_none());
        assert!(slope(&trend_of(&[(0, 80.0), (4, 79.0), (7, 79.0)])).is_none());
        assert!(
            slope(&trend_of(&[
                (0, 80.0),
                (1, 79.0),
                (2, 79.0),
                (3, 79.0),
                (6, 78.0)
            ]))
            .is_none()
        );
        let open = slope(&trend_of(&[(0, 80.0), (1, 79.0), (2, 79.0), (7, 79.0)])).unwrap();
        assert_eq!((open.reading_days, open.span_days()), (4, 7));
    }

    #[test]
    fn the_window_has_28_dates_and_ends_with_the_last_reading() {
        // Day 0 lies 28 days before the last and is outside, day 1 is inside.
        let days = trend_of(&[(0, 90.0), (1, 80.0), (10, 80.0), (20, 80.0), (28, 80.0)]);
        assert_eq!(window(&days).len(), 4);
        assert_eq!(slope(&days).unwrap().from, days[1].date);
    }

    #[test]
    fn a_change_is_real_when_the_slope_leaves_two_standard_errors() {
        let falling: Vec<_> = (0..28).map(|day| (day, 80.0 - 0.1 * day as f64)).collect();
        assert!(slope(&trend_of(&falling)).unwrap().is_real_change());
        let steady: Vec<_> = (0..28).map(|day| (day, 80.13)).collect();
        let steady = slope(&trend_of(&steady)).unwrap();
        assert!(!steady.is_real_change());
        assert!(steady.kg_per_day.abs() < f64::MIN_POSITIVE);
        // Up and down without a direction: the slope of the trend is smaller than its doubt.
        let waves: Vec<_> = (0..28)
            .map(|day| (day, 80.0 + f64::from((37 * day as i32 + 5) % 11 - 5) / 10.0))
            .collect();
        assert!(!slope(&trend_of(&waves)).unwrap().is_real_change());
    }

    #[test]
    fn the_standard_error_is_the_textbook_one() {
        // x = 0, 1, 2, 3 and y = 0, 1, 1, 2: slope 0.6, residual sum of squares 0.2, spread 5.
        let points = [(0.0, 0.0), (1.0, 1.0), (2.0, 1.0), (3.0, 2.0)];
        let line = Line::fit(&points).unwrap();
        assert!((line.slope - 0.6).abs() < 1e-12);
        assert!((line.standard_error(&points).unwrap() - (0.1_f64 / 5.0).sqrt()).abs() < 1e-12);
    }
}
