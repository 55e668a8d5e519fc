//! Questions about a surprising weight. The reading is kept whatever the answer. Source: weight.md section 7.
//!
//! A date ahead of the clock is a question as well, asked when nothing about the value is. A refusal would shut out
//! whoever's phone shows a wrong year, and undo mends a slip as quickly as a second attempt.

use super::WeighInTime;
use crate::time::{DAY_MS, UtcMillis};

/// What the person is asked about a weight she typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlausibilityQuestion {
    /// Were pounds entered as kilograms?
    PoundsAsKilograms,
    /// Were kilograms entered as pounds?
    KilogramsAsPounds,
    /// Was stone entered as kilograms, or kilograms as stone?
    StoneMixUp,
    /// Is the decimal point in the wrong place?
    DecimalPoint,
    /// Is so large a change right?
    UnusualChange,
    /// Is the date right? It lies more than a day ahead.
    FutureDate,
}

/// What is known before the reading: the last day before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Before {
    /// Trend of that day, in kilograms.
    pub trend_kg: f64,
    /// Days from that day to the reading, at least 1.
    pub days: i64,
}

/// Further ahead is a slip in the date. Nearer, the date has begun somewhere on earth, or a clock is a little wrong.
const AHEAD_MS: i64 = DAY_MS;

const POUNDS_PER_KG: f64 = 2.2046;
const KG_PER_STONE: f64 = 6.35;
/// A ratio this close is a slip rather than a change.
const RATIO_TOLERANCE: f64 = 0.02;

/// The first question that applies to a weight of `kg`, if any.
///
/// Units: kilograms, days. `kg` may lie outside the accepted range: then the question is the hint beside the refusal.
/// Source: weight.md section 7.
#[must_use]
pub fn question(kg: f64, before: Before) -> Option<PlausibilityQuestion> {
    let ratio = kg / before.trend_kg;
    let is_near = |target: f64| (ratio / target - 1.0).abs() <= RATIO_TOLERANCE;
    let unusual_kg = 3.0_f64.max(0.04 * before.trend_kg) * 1.0_f64.max(before.days as f64 / 3.0).sqrt();
    if is_near(POUNDS_PER_KG) {
        Some(PlausibilityQuestion::PoundsAsKilograms)
    } else if is_near(1.0 / POUNDS_PER_KG) {
        Some(PlausibilityQuestion::KilogramsAsPounds)
    } else if is_near(1.0 / KG_PER_STONE) || is_near(KG_PER_STONE) {
        Some(PlausibilityQuestion::StoneMixUp)
    } else if is_near(10.0) || is_near(0.1) {
        Some(PlausibilityQuestion::DecimalPoint)
    } else if (kg - before.trend_kg).abs() > unusual_kg {
        Some(PlausibilityQuestion::UnusualChange)
    } else {
        None
    }
}

/// Whether a weigh-in lies more than a day ahead of `now`; a plain date counts from its midnight in UTC.
pub(super) fn lies_ahead(when: WeighInTime, now: UtcMillis) -> bool {
    let at = match when {
        WeighInTime::Timed { at, .. } => at,
        WeighInTime::DateOnly(date) => {
            UtcMillis(date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis())
        }
    };
    at.since(now) > AHEAD_MS
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]
mod tests {
    use super::*;

    #[test]
    fn f12_each_slip_is_asked_about_and_an_ordinary_weight_is_not() {
        use PlausibilityQuestion::*;
        for (kg, days, expected) in [
            (176.4, 1, Some(PoundsAsKilograms)),
            (36.3, 1, Some(KilogramsAsPounds)),
            (12.6, 1, Some(StoneMixUp)),
            (80.0 * 6.35, 1, Some(StoneMixUp)),
            (8.0, 1, Some(DecimalPoint)),
            (800.0, 1, Some(DecimalPoint)),
            (83.4, 1, Some(UnusualChange)),
            (83.4, 60, None),
            (82.9, 1, None),
            (76.0, 2, Some(UnusualChange)),
        ] {
            assert_eq!(
                question(kg, Before { trend_kg: 80.0, days }),
                expected,
                "{kg} after {days} days"
            );
        }
        // 660 at a trend of 66 is refused, and this is the hint.
        let before = Before {
            trend_kg: 66.0,
            days: 1,
        };
        assert_eq!(question(660.0, before), Some(DecimalPoint));
    }
}
