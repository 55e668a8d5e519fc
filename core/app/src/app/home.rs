//! The home screen: one call, one state of the data, few rows.

use ayumi_protocol::id::CaseId;

use crate::settings;
use crate::steps::case::CaseSteps;
use crate::steps::{self, DaySteps, Streak, mean_without_today, with_unknown_dates};
use crate::store::Reader;
use crate::time::{DateRange, NaiveDate};
use crate::weight::{self, CaseWeights, MassUnit, WeightSummary};

/// Dates of the small step chart on the home screen.
const WEEK_DAYS: u32 = 7;

/// What a person sees first.
#[derive(Debug, Clone, PartialEq)]
pub struct Home {
    /// The date it is about.
    pub today: NaiveDate,
    /// Steps of today so far; unknown if nothing was measured yet, which is not 0.
    pub steps: DaySteps,
    /// Daily goal in steps, if one is set.
    pub step_goal: Option<i64>,
    /// The streak that is alive today.
    pub streak: Option<Streak>,
    /// The seven dates that end today, in order, with unknown ones.
    pub week: Vec<DaySteps>,
    /// Mean steps of the measured days of the week, without today unless it is the only one.
    pub week_mean: Option<i64>,
    /// Weight: trend, change, goal.
    pub weight: WeightSummary,
    /// The unit in which she wants weights shown.
    pub unit: MassUnit,
}

pub(super) fn home(reader: &Reader<'_>, today: NaiveDate) -> Result<Home, super::AppError> {
    let days = steps::days(reader, week_of(today))?;
    Ok(assembled(
        today,
        &days,
        settings::step_goal(reader)?,
        steps::current_streak(reader, today)?,
        weight::summary(reader, today)?,
        settings::weight_unit(reader)?,
    ))
}

/// The same of a case, as its log tells it.
pub(crate) fn home_of_case(
    reader: &Reader<'_>,
    case_id: CaseId,
    today: NaiveDate,
) -> Result<Home, super::AppError> {
    let chosen = settings::of_case(reader, case_id)?;
    let mut steps = CaseSteps::new(reader, case_id, &chosen);
    let weights = CaseWeights::load(reader, case_id, &chosen)?;
    let days = steps.days(week_of(today))?;
    Ok(assembled(
        today,
        &days,
        chosen.step_goal,
        steps.current_streak(today)?,
        weights.summary(today),
        chosen.weight_unit,
    ))
}

fn week_of(today: NaiveDate) -> DateRange {
    DateRange::ending_on(today, WEEK_DAYS)
}

fn assembled(
    today: NaiveDate,
    days: &[DaySteps],
    step_goal: Option<i64>,
    streak: Option<Streak>,
    weight: WeightSummary,
    unit: MassUnit,
) -> Home {
    let week = with_unknown_dates(days, week_of(today));
    Home {
        today,
        steps: week.last().copied().unwrap_or_else(|| DaySteps::unknown(today)),
        step_goal,
        streak,
        week_mean: mean_without_today(&week, today),
        week,
        weight,
        unit,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::app::{App, Config};
    use crate::clock::{ManualClock, Random};
    use crate::steps::StepEvent;
    use crate::time::{Tz, UtcMillis, parse_date};
    use crate::weight::{NewWeighIn, WeighInTime};

    #[derive(Debug)]
    struct Same;

    impl Random for Same {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    fn app(folder: &std::path::Path) -> App {
        App::open(Config {
            folder: folder.to_owned(),
            key: None,
            zone: Tz::Asia__Tokyo,
            clock: Arc::new(ManualClock::new(UtcMillis(1_775_001_600_000))),
            random: Arc::new(Same),
            server: None,
        })
        .unwrap()
    }

    #[test]
    fn an_empty_app_knows_nothing_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let home = app(folder.path())
            .home(parse_date("2026-04-01").unwrap())
            .unwrap();
        assert_eq!(
            (home.steps.steps, home.week_mean, home.streak),
            (None, None, None)
        );
        assert_eq!(home.week.len(), 7);
        assert_eq!(home.weight.latest, None);
    }

    #[test]
    fn today_is_shown_and_left_out_of_the_mean() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path());
        let day = |date: &str, steps| StepEvent::Adjust {
            date: parse_date(date).unwrap(),
            steps: Some(steps),
        };
        app.steps()
            .record(&[
                day("2026-03-29", 4000),
                day("2026-03-31", 6000),
                day("2026-04-01", 100),
            ])
            .unwrap();
        app.steps().set_goal(Some(5000)).unwrap();
        let home = app.home(parse_date("2026-04-01").unwrap()).unwrap();
        assert_eq!((home.steps.steps, home.week_mean), (Some(100), Some(5000)));
        assert_eq!(home.streak.map(|streak| streak.days), Some(1));
    }

    #[test]
    fn an_export_gives_back_what_was_typed() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path());
        app.weight()
            .record(&NewWeighIn {
                when: WeighInTime::DateOnly(parse_date("2026-03-31").unwrap()),
                typed: "140.50".to_owned(),
                unit: MassUnit::Pound,
                waist: None,
                source: "typed".to_owned(),
            })
            .unwrap();
        let export = app.export().unwrap();
        let [weigh_in] = export.weigh_ins.as_slice() else {
            panic!("one weigh-in")
        };
        assert_eq!(
            (
                weigh_in.at.as_str(),
                weigh_in.typed.as_str(),
                weigh_in.unit,
                weigh_in.weight_kg.as_str()
            ),
            ("2026-03-31", "140.50", "lb", "63.73")
        );
        assert_eq!(export.settings.day_start, "00:00");
    }
}
