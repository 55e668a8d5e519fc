//! Distance to the goals of the programme (fourth period): loss of weight and waist against the checkup of the year.
//!
//! Everything is an integer, so nothing is rounded wrongly: weights in **10 g** as the app stores them, waists in
//! **millimetres** (0.1 cm, the unit of the rule). The relative form compares in 0.1 units: 1 mm is one of them, 10 g are a
//! tenth of one; both sides are multiplied instead of dividing. What is missing is unknown, never 0.
//!
//! Source: guidance-rules.md section 5.2 and rows R21 to R24.

/// A weight and a waist of one day, either of which may not have been measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BodyMeasures {
    /// Body weight in units of 10 g.
    pub weight_10g: Option<u32>,
    /// Waist circumference (腹囲) in millimetres.
    pub waist_mm: Option<u32>,
}

/// How far one goal is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GoalDistance {
    /// Weight still to lose in units of 10 g, 0 once lost; `None` if it is unknown.
    pub remaining_weight_10g: Option<u32>,
    /// Waist still to lose in millimetres, 0 once lost; `None` if it is unknown.
    pub remaining_waist_mm: Option<u32>,
}

/// How far the goals of the programme are away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgrammeGoals {
    /// Main goal: at least 2.0 kg and at least 2.0 cm less (R21).
    pub main: GoalDistance,
    /// Main goal in its relative form: at least 2.4 % of the checkup weight in kg, and as many cm (R22).
    pub main_relative: GoalDistance,
    /// Minor goal: at least 1.0 kg and at least 1.0 cm less (R23).
    pub minor: GoalDistance,
}

/// The goal that counts; main and minor exclude each other (R23, R24).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReachedGoal {
    /// The main goal, in either form.
    Main,
    /// The minor goal, and not the main one.
    Minor,
    /// Neither.
    Neither,
}

/// R21: 2.0 kg.
const MAIN_WEIGHT_10G: u32 = 200;
/// R21: 2.0 cm.
const MAIN_WAIST_MM: u32 = 20;
/// R22: 2.4 % of the checkup weight.
const MAIN_RELATIVE_PER_MILLE: u32 = 24;
/// R23: 1.0 kg.
const MINOR_WEIGHT_10G: u32 = 100;
/// R23: 1.0 cm.
const MINOR_WAIST_MM: u32 = 10;

impl GoalDistance {
    /// Whether the goal is reached: `Some(true)` if both parts are, `Some(false)` if one is known to be missing, `None` if
    /// what is unknown decides.
    #[must_use]
    pub fn is_reached(&self) -> Option<bool> {
        match (self.remaining_weight_10g, self.remaining_waist_mm) {
            (Some(0), Some(0)) => Some(true),
            (Some(1..), _) | (_, Some(1..)) => Some(false),
            _ => None,
        }
    }
}

impl ProgrammeGoals {
    /// The goal that counts, or `None` if what is unknown decides. Source: rows R21 to R24.
    #[must_use]
    pub fn reached(&self) -> Option<ReachedGoal> {
        match (self.main.is_reached(), self.main_relative.is_reached()) {
            (Some(true), _) | (_, Some(true)) => Some(ReachedGoal::Main),
            (Some(false), Some(false)) => Some(if self.minor.is_reached()? {
                ReachedGoal::Minor
            } else {
                ReachedGoal::Neither
            }),
            _ => None,
        }
    }
}

/// The distance from the measures of `now` to each goal, counted from the `checkup` of the year.
///
/// Units: weights in 10 g, waists in millimetres. A gain adds to the distance.
/// Errors: none; without the checkup value or the present one of a part, that part is unknown. The relative form needs the
/// checkup weight for the waist too.
/// Source: guidance-rules.md rows R21, R22 (both losses × 1000 ≥ 24 × checkup weight, in 0.1 units), R23.
#[must_use]
pub fn programme_goals(checkup: BodyMeasures, now: BodyMeasures) -> ProgrammeGoals {
    let distance = |weight_10g: Option<u32>, waist_mm: Option<u32>| GoalDistance {
        remaining_weight_10g: remaining(checkup.weight_10g, now.weight_10g, weight_10g),
        remaining_waist_mm: remaining(checkup.waist_mm, now.waist_mm, waist_mm),
    };
    // loss × 1000 ≥ 24 × weight holds from the smallest whole loss that is at least 24 × weight / 1000. In 0.1 units the
    // weight is weight_10g / 10, hence another factor of 10 for the waist.
    let relative = checkup
        .weight_10g
        .map(|weight| weight.saturating_mul(MAIN_RELATIVE_PER_MILLE));
    ProgrammeGoals {
        main: distance(Some(MAIN_WEIGHT_10G), Some(MAIN_WAIST_MM)),
        main_relative: distance(
            relative.map(|share| share.div_ceil(1000)),
            relative.map(|share| share.div_ceil(10_000)),
        ),
        minor: distance(Some(MINOR_WEIGHT_10G), Some(MINOR_WAIST_MM)),
    }
}

/// What is still to lose of `wanted`, in the unit of the arguments.
fn remaining(checkup: Option<u32>, now: Option<u32>, wanted: Option<u32>) -> Option<u32> {
    let goal = i64::from(checkup?).saturating_sub(i64::from(wanted?));
    u32::try_from(i64::from(now?).saturating_sub(goal).max(0)).ok()
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn measures(weight_10g: u32, waist_mm: u32) -> BodyMeasures {
        BodyMeasures {
            weight_10g: Some(weight_10g),
            waist_mm: Some(waist_mm),
        }
    }

    const CHECKUP: BodyMeasures = BodyMeasures {
        weight_10g: Some(8000),
        waist_mm: Some(900),
    };

    fn reached(now: BodyMeasures) -> Option<ReachedGoal> {
        programme_goals(CHECKUP, now).reached()
    }

    #[test]
    fn r21_two_kilograms_and_two_centimetres_reach_the_main_goal() {
        let main = |now| programme_goals(CHECKUP, now).main.is_reached();
        assert_eq!(main(measures(7800, 880)), Some(true));
        assert_eq!(main(measures(7801, 880)), Some(false));
        assert_eq!(main(measures(7800, 881)), Some(false));
        assert_eq!(reached(measures(7800, 880)), Some(ReachedGoal::Main));
        let goals = programme_goals(CHECKUP, measures(7905, 915));
        assert_eq!(goals.main.remaining_weight_10g, Some(105));
        assert_eq!(goals.main.remaining_waist_mm, Some(35));
    }

    #[test]
    fn r22_light_persons_reach_the_main_goal_by_their_share() {
        // 2.4 % of 60.0 kg are 1.44 kg and 1.44 cm: 1.44 kg do, of the waist the next tenth, 1.5 cm.
        let checkup = measures(6000, 850);
        let relative = |now| programme_goals(checkup, now).main_relative.is_reached();
        assert_eq!(relative(measures(5856, 835)), Some(true));
        assert_eq!(relative(measures(5857, 835)), Some(false));
        assert_eq!(relative(measures(5856, 836)), Some(false));
        assert_eq!(
            programme_goals(checkup, measures(5856, 835)).reached(),
            Some(ReachedGoal::Main)
        );
    }

    #[test]
    fn r23_one_kilogram_and_one_centimetre_reach_the_minor_goal() {
        assert_eq!(reached(measures(7900, 890)), Some(ReachedGoal::Minor));
        assert_eq!(reached(measures(7901, 890)), Some(ReachedGoal::Neither));
        assert_eq!(reached(measures(7900, 891)), Some(ReachedGoal::Neither));
    }

    #[test]
    fn what_was_not_measured_is_unknown_and_not_zero() {
        let without_waist = BodyMeasures {
            waist_mm: None,
            ..measures(7000, 0)
        };
        let goals = programme_goals(CHECKUP, without_waist);
        assert_eq!(goals.main.remaining_weight_10g, Some(0));
        assert_eq!(goals.main.remaining_waist_mm, None);
        assert_eq!((goals.main.is_reached(), goals.reached()), (None, None));

        let goals = programme_goals(BodyMeasures::default(), measures(7000, 800));
        assert_eq!(goals.minor.remaining_weight_10g, None);
        assert_eq!(goals.reached(), None);

        // A weight that is still too high decides without the waist.
        let heavy = BodyMeasures {
            waist_mm: None,
            ..measures(7950, 0)
        };
        assert_eq!(reached(heavy), Some(ReachedGoal::Neither));
    }

    proptest! {
        #[test]
        fn r22_the_remaining_loss_agrees_with_the_text_of_the_rule(
            weight in 200_u32..50_000, now in 200_u32..50_000, waist in 400_u32..2000, waist_now in 400_u32..2000
        ) {
            let goals = programme_goals(measures(weight, waist), measures(now, waist_now));
            let (loss, waist_loss) = (i64::from(weight) - i64::from(now), i64::from(waist) - i64::from(waist_now));
            let by_the_text = loss * 1000 >= 24 * i64::from(weight)
                && waist_loss * 10_000 >= 24 * i64::from(weight);
            prop_assert_eq!(goals.main_relative.is_reached(), Some(by_the_text));
        }

        #[test]
        fn the_minor_goal_lies_on_the_way_to_the_main_one(
            now in 200_u32..50_000, waist_now in 400_u32..2000
        ) {
            let goals = programme_goals(CHECKUP, measures(now, waist_now));
            prop_assert!(goals.main.is_reached() != Some(true) || goals.minor.is_reached() == Some(true));
        }
    }
}
