//! What the home screen says about weight, from the last 28 dates and as little else as decides.

use ayumi_guidance::goals::{BodyMeasures, ProgrammeGoals, programme_goals};
use chrono::NaiveDate;

use super::{
    GoalStatus, GoalWeight, Latest, Slope, TypedWeight, Volatility, WINDOW_DAYS, Waist, WeighIn, Weight,
    WeightDay, WeightError, goal_status, is_plateau, slope, sql, volatility,
};
use crate::settings;
use crate::store::Reader;
use crate::time::DateRange;

/// A goal weight as the person typed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightGoal {
    /// The digits and their unit.
    pub typed: TypedWeight,
    /// What was typed, in units of 10 g.
    pub weight: Weight,
}

/// A waist and the person's date on which it was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaistReading {
    /// Her date.
    pub date: NaiveDate,
    /// The waist.
    pub waist: Waist,
}

/// Weight at a glance, from the dates up to today: a weigh-in that was dated ahead by mistake hides nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightSummary {
    /// The last date with a reading, today at the latest: its day value and trend.
    pub latest: Option<WeightDay>,
    /// The last weigh-in by date and time, as typed; of one date, a weigh-in without a time counts as the later one.
    pub latest_weigh_in: Option<WeighIn>,
    /// The last waist, which may be older than the weight.
    pub latest_waist: Option<WaistReading>,
    /// How fast the trend moves and whether the change is real; `None` with too few readings.
    pub slope: Option<Slope>,
    /// Her own goal.
    pub goal: Option<WeightGoal>,
    /// What can be said about it today.
    pub goal_status: GoalStatus,
    /// How much the day values scatter; `None` with too few readings.
    pub volatility: Option<Volatility>,
    /// Whether the weight stands still.
    pub is_plateau: bool,
    /// Distance to the goals of the programme, counted from the checkup.
    ///
    /// The present weight is the latest **day value**, not the trend: the final evaluation asks for a measured weight and
    /// waist (guidance-rules.md R19, R21 to R23), and the trend would hide up to nine days' worth of a steady loss.
    pub programme: ProgrammeGoals,
}

/// What a summary is made of, wherever it comes from.
pub(super) struct SummaryParts<'a> {
    pub today: NaiveDate,
    /// The last day with a reading up to today.
    pub latest: Option<WeightDay>,
    /// The days of the window that ends with it.
    pub days: &'a [WeightDay],
    pub latest_weigh_in: Option<WeighIn>,
    pub latest_waist: Option<WaistReading>,
    pub goal: Option<WeightGoal>,
    pub checkup: BodyMeasures,
}

/// `is_reached` says whether a goal is reached by the days up to today; it is asked at most once.
pub(super) fn summarise(
    parts: SummaryParts<'_>,
    is_reached: impl FnOnce(GoalWeight) -> bool,
) -> WeightSummary {
    let slope = slope(parts.days);
    let goal_status = goal_status(
        parts.goal.as_ref().map(|goal| goal.weight.into()),
        parts.latest.map(|day| Latest {
            date: day.date,
            trend_kg: day.trend_kg,
        }),
        parts.today,
        is_reached,
        slope.as_ref(),
    );
    let now = BodyMeasures {
        weight_10g: parts.latest.map(|day| day.weight.ten_grams().unsigned_abs()),
        waist_mm: parts.latest_waist.map(|reading| reading.waist.millimetres()),
    };
    WeightSummary {
        latest: parts.latest,
        latest_weigh_in: parts.latest_weigh_in,
        latest_waist: parts.latest_waist,
        is_plateau: slope.as_ref().is_some_and(is_plateau),
        slope,
        goal: parts.goal,
        goal_status,
        volatility: volatility(parts.days),
        programme: programme_goals(parts.checkup, now),
    }
}

pub(crate) fn summary(reader: &Reader<'_>, today: NaiveDate) -> Result<WeightSummary, WeightError> {
    let latest = sql::last_day(reader, today)?;
    let days = match latest {
        Some(latest) => sql::days(reader, DateRange::ending_on(latest.date, WINDOW_DAYS))?,
        None => Vec::new(),
    };
    let parts = SummaryParts {
        today,
        latest,
        days: &days,
        latest_weigh_in: sql::latest_weigh_in(reader, today)?,
        latest_waist: sql::latest_waist(reader, today)?,
        goal: settings::weight_goal(reader)?,
        checkup: settings::checkup(reader)?,
    };
    let mut failed = None;
    let summary = summarise(parts, |goal| {
        sql::is_reached(reader, goal, today).unwrap_or_else(|error| {
            failed = Some(error);
            false
        })
    });
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(summary),
    }
}
