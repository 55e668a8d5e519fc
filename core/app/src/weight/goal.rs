//! The person's own goal weight: whether it is reached, and when it may be. Source: weight.md section 6.

use chrono::{Days, NaiveDate};

use super::Slope;

/// 2.5 lb: a reached goal stays reached until the trend is further away than this.
const BAND_KG: f64 = 1.134;
/// After a fortnight without a reading nothing is said about the future.
const STALE_DAYS: i64 = 14;
/// Slower than this a week is no movement.
pub(crate) const FLAT_KG_PER_WEEK: f64 = 0.05;
/// Half a year: further ahead a straight line is fantasy.
const FURTHEST_DAYS: f64 = 183.0;
/// Rounding of a quotient that should be whole must not cost a day.
const FORGIVEN_DAYS: f64 = 1e-9;

/// A goal weight in kilograms, 2 to 500, unrounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GoalWeight(f64);

impl GoalWeight {
    /// A goal of `kg`; `None` outside 2 to 500.
    #[must_use]
    pub fn from_kilograms(kg: f64) -> Option<Self> {
        (2.0..=500.0).contains(&kg).then_some(Self(kg))
    }

    /// The goal in kilograms.
    #[must_use]
    pub const fn kilograms(self) -> f64 {
        self.0
    }
}

impl From<super::Weight> for GoalWeight {
    fn from(weight: super::Weight) -> Self {
        Self(weight.kilograms())
    }
}

/// Why there is a goal date, or why there is none. The first that applies, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GoalReason {
    /// No goal is set.
    NoGoal,
    /// There is no reading.
    NoData,
    /// The last reading is more than 14 days old.
    Stale,
    /// The goal is reached and kept.
    Reached,
    /// There is no slope.
    TooFewReadings,
    /// Less than 0.05 kg a week.
    Flat,
    /// Away from the goal.
    WrongDirection,
    /// More than 183 days at this rate.
    TooFar,
    /// There is a date.
    Ok,
}

/// What can be said about the goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GoalStatus {
    /// Why.
    pub reason: GoalReason,
    /// The projected date, only with [`GoalReason::Ok`]. It counts from the last reading, so it may lie before today.
    pub date: Option<NaiveDate>,
}

impl GoalStatus {
    const fn without_date(reason: GoalReason) -> Self {
        Self { reason, date: None }
    }

    /// The date to tell a person: never one in the past.
    #[must_use]
    pub fn date_to_show(&self, today: NaiveDate) -> Option<NaiveDate> {
        self.date.filter(|date| *date >= today)
    }
}

/// The last reading: its date and the trend there in kilograms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latest {
    /// Date of the last reading.
    pub date: NaiveDate,
    /// Trend of that date.
    pub trend_kg: f64,
}

/// What can be said about the goal today.
///
/// `is_reached` comes from [`is_reached`] and is only asked if it can matter.
/// Source: weight.md section 6, the table of reasons.
pub fn goal_status(
    goal: Option<GoalWeight>,
    latest: Option<Latest>,
    today: NaiveDate,
    is_reached: impl FnOnce(GoalWeight) -> bool,
    slope: Option<&Slope>,
) -> GoalStatus {
    let Some(goal) = goal else {
        return GoalStatus::without_date(GoalReason::NoGoal);
    };
    let Some(latest) = latest else {
        return GoalStatus::without_date(GoalReason::NoData);
    };
    if today.signed_duration_since(latest.date).num_days() > STALE_DAYS {
        return GoalStatus::without_date(GoalReason::Stale);
    }
    if is_reached(goal) {
        return GoalStatus::without_date(GoalReason::Reached);
    }
    let Some(slope) = slope else {
        return GoalStatus::without_date(GoalReason::TooFewReadings);
    };
    if slope.kg_per_week().abs() < FLAT_KG_PER_WEEK {
        return GoalStatus::without_date(GoalReason::Flat);
    }
    let days = (goal.0 - latest.trend_kg) / slope.kg_per_day;
    if days < 0.0 {
        return GoalStatus::without_date(GoalReason::WrongDirection);
    }
    if days > FURTHEST_DAYS {
        return GoalStatus::without_date(GoalReason::TooFar);
    }
    // 0 to 183, so the cast keeps the number.
    let days = (days - FORGIVEN_DAYS).ceil().max(0.0) as u64;
    GoalStatus {
        reason: GoalReason::Ok,
        date: latest.date.checked_add_days(Days::new(days)),
    }
}

/// Whether the goal is reached and kept.
///
/// Shapes: `oldest_first` and `newest_first` are the same trend values in kilograms, one per day with a reading, walked from
/// either end; no more is taken from them than decides, so both may be queries.
/// The side one comes from is the sign of first trend minus goal (if they are equal: the side on which the trend first leaves
/// the band). Touching or crossing the goal from that side reaches it; being more than 1.134 kg away on that side
/// opens it again. So the latest day that does either decides.
/// Source: weight.md section 6, reached.
pub fn is_reached(
    goal: GoalWeight,
    oldest_first: impl IntoIterator<Item = f64>,
    newest_first: impl IntoIterator<Item = f64>,
) -> bool {
    let mut distances = oldest_first.into_iter().map(|trend_kg| trend_kg - goal.0);
    let Some(first) = distances.next() else {
        return false;
    };
    let starts_at_goal = first.abs() <= 0.0;
    let side = if starts_at_goal {
        match distances.find(|distance| distance.abs() > BAND_KG) {
            Some(distance) => distance.signum(),
            None => return true,
        }
    } else {
        first.signum()
    };
    newest_first
        .into_iter()
        .map(|trend_kg| (trend_kg - goal.0) * side)
        .find_map(|ahead| {
            if ahead <= 0.0 {
                Some(true)
            } else if ahead > BAND_KG {
                Some(false)
            } else {
                None
            }
        })
        .unwrap_or(false)
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reached(goal: f64, trend: &[f64]) -> bool {
        is_reached(
            GoalWeight::from_kilograms(goal).unwrap(),
            trend.iter().copied(),
            trend.iter().rev().copied(),
        )
    }

    fn date(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 4, day).unwrap()
    }

    fn status(goal: f64, trend_kg: f64, kg_per_day: Option<f64>, today: u32, is_reached: bool) -> GoalStatus {
        let slope = kg_per_day.map(|kg_per_day| Slope {
            kg_per_day,
            standard_error_kg_per_day: 0.0,
            reading_days: 8,
            from: date(1),
            to: date(8),
        });
        goal_status(
            GoalWeight::from_kilograms(goal),
            Some(Latest {
                date: date(8),
                trend_kg,
            }),
            NaiveDate::from_ymd_opt(2026, 4, today).unwrap(),
            |_| is_reached,
            slope.as_ref(),
        )
    }

    #[test]
    fn f8_reasons_come_in_order_and_only_ok_has_a_date() {
        use GoalReason::*;
        assert_eq!(goal_status(None, None, date(1), |_| true, None).reason, NoGoal);
        let goal = GoalWeight::from_kilograms(60.0);
        assert_eq!(goal_status(goal, None, date(1), |_| true, None).reason, NoData);
        for (status, reason) in [
            (status(60.0, 70.0, Some(-0.1), 23, true), Stale),
            (status(60.0, 70.0, Some(-0.1), 22, true), Reached),
            (status(60.0, 70.0, None, 8, false), TooFewReadings),
            (status(60.0, 70.0, Some(-0.0071), 8, false), Flat),
            (status(60.0, 70.0, Some(0.0071), 8, false), Flat),
            (status(60.0, 70.0, Some(0.1), 8, false), WrongDirection),
            (status(60.0, 70.0, Some(-0.0546), 8, false), TooFar),
        ] {
            assert_eq!((status.reason, status.date), (reason, None));
        }
        let ok = status(69.0, 70.0, Some(-0.1), 8, false);
        assert_eq!((ok.reason, ok.date), (Ok, Some(date(18))));
    }

    #[test]
    fn f8_the_date_is_rounded_up_to_a_whole_day_and_never_shown_once_past() {
        assert_eq!(status(69.0, 69.95, Some(-0.1), 8, false).date, Some(date(18)));
        // 0.3 / 0.1 is a little more than 3 in floats.
        assert_eq!(status(70.0, 70.3, Some(-0.1), 8, false).date, Some(date(11)));
        // Exactly 183 days are not too far.
        assert_eq!(
            status(60.0, 82.875, Some(-0.125), 8, false).reason,
            GoalReason::Ok
        );
        let soon = status(69.9, 70.0, Some(-0.1), 20, false);
        assert_eq!(soon.date, Some(date(9)));
        assert_eq!(soon.date_to_show(date(20)), None);
        assert_eq!(soon.date_to_show(date(9)), Some(date(9)));
    }

    #[test]
    fn f8_a_goal_is_reached_by_touching_and_kept_within_the_band() {
        assert!(!reached(60.0, &[]));
        assert!(!reached(60.0, &[62.0, 61.0, 60.1]));
        assert!(reached(60.0, &[62.0, 60.0]));
        assert!(reached(60.0, &[62.0, 59.0, 61.1]));
        assert!(!reached(60.0, &[62.0, 59.0, 61.2]));
        assert!(!reached(60.0, &[62.0, 59.0, 61.2, 60.5]));
        assert!(reached(60.0, &[62.0, 59.0, 61.2, 60.5, 59.9]));
        // Further on the other side is still reached: the goal was to lose.
        assert!(reached(60.0, &[62.0, 59.0, 50.0]));
        // The same from below.
        assert!(reached(60.0, &[58.0, 60.5, 59.0]));
        assert!(!reached(60.0, &[58.0, 60.5, 58.8]));
    }

    #[test]
    fn f8_starting_at_the_goal_the_side_is_where_the_band_is_left_first() {
        assert!(reached(60.0, &[60.0]));
        assert!(reached(60.0, &[60.0, 61.0, 59.0]));
        assert!(!reached(60.0, &[60.0, 61.2]));
        assert!(reached(60.0, &[60.0, 61.2, 60.0, 58.0]));
        assert!(!reached(60.0, &[60.0, 58.8]));
    }

    #[test]
    fn a_goal_outside_two_to_five_hundred_is_refused() {
        for kg in [1.99, 500.01, f64::NAN, f64::INFINITY] {
            assert_eq!(GoalWeight::from_kilograms(kg), None);
        }
    }

    /// The rule as the text tells it, walking forwards through all days.
    fn reached_by_the_text(goal: f64, trend: &[f64]) -> bool {
        let Some(first) = trend.first() else { return false };
        let mut side = if (first - goal).abs() <= 0.0 {
            0.0
        } else {
            (first - goal).signum()
        };
        let mut reached = false;
        for kg in trend {
            let distance = kg - goal;
            if side.abs() <= 0.0 {
                reached = true;
                if distance.abs() > BAND_KG {
                    side = distance.signum();
                }
            }
            if distance * side <= 0.0 {
                reached = true;
            } else if distance * side > BAND_KG {
                reached = false;
            }
        }
        reached
    }

    proptest! {
        #[test]
        fn looking_back_from_the_end_agrees_with_walking_through_all_days(
            tenths in prop::collection::vec(580_i32..620, 0..40)
        ) {
            let trend: Vec<f64> = tenths.iter().map(|tenths| f64::from(*tenths) / 10.0).collect();
            prop_assert_eq!(reached(60.0, &trend), reached_by_the_text(60.0, &trend));
        }
    }
}
