//! Charts from what is stored: the queries of one chart, and nothing that the charts themselves decide.

use std::collections::BTreeSet;

use ayumi_protocol::id::CaseId;
use chrono::{Days, NaiveDate};

use super::App;
use crate::charts::{
    Chart, ClockedWeight, HourChartInput, Span, StepChartInput, WeighInChartInput, WeightChartInput,
    hour_chart, step_chart, weigh_in_chart, weight_chart,
};
use crate::settings;
use crate::steps::case::CaseSteps;
use crate::steps::{DayByHour, DaySteps, StepError};
use crate::store::zones as zone_table;
use crate::time::{DAY_MS, DateRange, DayStart, UtcMillis, WeekStart, date_is_skipped};
use crate::weight::{
    CaseWeights, GoalWeight, MassUnit, WINDOW_DAYS, WeighIn, WeighInTime, WeightDay, WeightError,
    WeightSummary, slope,
};

/// Further away a reading outside of the window joins no line inside.
const JOINED_ACROSS_EDGE_DAYS: u64 = 7;

/// Which chart to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChartRequest {
    /// How much time it shows.
    pub span: Span,
    /// The last date shown.
    pub end: NaiveDate,
    /// The person's date now.
    pub today: NaiveDate,
    /// On which weekday her weeks begin.
    pub week_start: WeekStart,
    /// Whether a weight chart shows shape and direction without any number. Steps are not concealed.
    pub conceal_values: bool,
}

impl App {
    /// The chart of steps: by the hour for a day, else by day, week or month.
    ///
    /// Errors: `Store`.
    pub fn step_chart(&self, request: &ChartRequest) -> Result<Chart, StepError> {
        let steps = self.steps();
        let first_measured = steps.span()?.map(|(first, _)| first);
        if request.span == Span::Day {
            let view = steps.day_by_hour(request.end)?;
            return Ok(hours(request, &view, first_measured, self.clock.now()));
        }
        let dates = request.span.dates(request.end, first_measured);
        let zones = self.store.read(zone_table::history)?;
        Ok(days_of_steps(
            request,
            &StepData {
                dates,
                first_measured,
                days: steps.days(dates)?,
                goal: steps.goal()?,
                paused: steps.paused_dates(dates)?,
            },
            &|date| zones.is_skipped(date),
        ))
    }

    /// The chart of steps of a case, as its log tells it: for her dietitian. Once everything is sent and read it equals
    /// [`Self::step_chart`] on her own phone, but for the unmeasured hours of a day of travel.
    ///
    /// Errors: `Store`. A case that is not on this phone has an empty chart.
    pub fn case_step_chart(&self, case_id: CaseId, request: &ChartRequest) -> Result<Chart, StepError> {
        self.store.read(|reader| {
            let chosen = settings::of_case(reader, case_id)?;
            let mut steps = CaseSteps::new(reader, case_id, &chosen);
            let first_measured = steps.first_known()?;
            if request.span == Span::Day {
                let view = steps.day_by_hour(request.end)?;
                return Ok(hours(request, &view, first_measured, self.clock.now()));
            }
            let dates = request.span.dates(request.end, first_measured);
            let data = StepData {
                dates,
                first_measured,
                days: steps.days(dates)?,
                goal: chosen.step_goal,
                paused: steps.paused_dates(dates)?,
            };
            let zone = steps.zone_near(request.end)?;
            Ok(days_of_steps(request, &data, &|date| date_is_skipped(zone, date)))
        })
    }

    /// The chart of weight: every reading for a day, else by day, week or month.
    ///
    /// Errors: `Store`.
    pub fn weight_chart(&self, request: &ChartRequest) -> Result<Chart, WeightError> {
        let weight = self.weight();
        let data = WeightData {
            first_reading: weight.span()?.map(|(first, _)| first),
            unit: weight.display_unit()?,
            goal: weight.goal()?.map(|goal| GoalWeight::from(goal.weight)),
            day_start: self.day_start()?,
        };
        if request.span == Span::Day {
            return Ok(weights_of_day(
                request,
                &data,
                &weight.weigh_ins(DateRange::single(request.end))?,
            ));
        }
        let dates = request.span.dates(request.end, data.first_reading);
        let days = weight.days(with_surroundings(dates))?;
        days_of_weight(request, &data, dates, &days, || weight.summary(request.today))
    }

    /// The chart of weight of a case, as its log tells it: for her dietitian. Once everything is sent and read it equals
    /// [`Self::weight_chart`] on her own phone.
    ///
    /// Errors: `Store`. A case that is not on this phone has an empty chart.
    pub fn case_weight_chart(&self, case_id: CaseId, request: &ChartRequest) -> Result<Chart, WeightError> {
        self.store.read(|reader| {
            let chosen = settings::of_case(reader, case_id)?;
            let weights = CaseWeights::load(reader, case_id, &chosen)?;
            let data = WeightData {
                first_reading: weights.first_reading(),
                unit: chosen.weight_unit,
                goal: chosen
                    .weight_goal
                    .as_ref()
                    .map(|goal| GoalWeight::from(goal.weight)),
                day_start: chosen.day_start,
            };
            if request.span == Span::Day {
                let weigh_ins = weights.weigh_ins(DateRange::single(request.end));
                return Ok(weights_of_day(request, &data, &weigh_ins));
            }
            let dates = request.span.dates(request.end, data.first_reading);
            let days = weights.days(with_surroundings(dates));
            days_of_weight(request, &data, dates, days, || Ok(weights.summary(request.today)))
        })
    }
}

/// What a chart of steps over dates shows, whoever's they are.
struct StepData {
    dates: DateRange,
    first_measured: Option<NaiveDate>,
    days: Vec<DaySteps>,
    goal: Option<i64>,
    paused: BTreeSet<NaiveDate>,
}

fn hours(
    request: &ChartRequest,
    view: &DayByHour,
    first_measured: Option<NaiveDate>,
    now: UtcMillis,
) -> Chart {
    hour_chart(&HourChartInput {
        date: request.end,
        view,
        today: request.today,
        now,
        first_measured,
    })
}

fn days_of_steps(request: &ChartRequest, data: &StepData, is_skipped: &dyn Fn(NaiveDate) -> bool) -> Chart {
    step_chart(&StepChartInput {
        span: request.span,
        dates: data.dates,
        days: &data.days,
        goal: data.goal,
        today: request.today,
        first_measured: data.first_measured,
        week_start: request.week_start,
        is_skipped,
        is_paused: &|date| data.paused.contains(&date),
    })
}

/// What every chart of weight knows, whoever's it is.
struct WeightData {
    first_reading: Option<NaiveDate>,
    unit: MassUnit,
    goal: Option<GoalWeight>,
    day_start: DayStart,
}

fn weights_of_day(request: &ChartRequest, data: &WeightData, weigh_ins: &[WeighIn]) -> Chart {
    let clocked: Vec<ClockedWeight> = weigh_ins.iter().map(clocked).collect();
    weigh_in_chart(&WeighInChartInput {
        date: request.end,
        weigh_ins: &clocked,
        first_reading: data.first_reading,
        goal: data.goal,
        unit: data.unit,
        today: request.today,
        day_start: data.day_start,
        conceal_values: request.conceal_values,
    })
}

/// Shapes: `days` of `dates` with their surroundings. `summary` is asked only where the date of the goal may be shown.
fn days_of_weight(
    request: &ChartRequest,
    data: &WeightData,
    dates: DateRange,
    days: &[WeightDay],
    summary: impl FnOnce() -> Result<WeightSummary, WeightError>,
) -> Result<Chart, WeightError> {
    let up_to_end = days.get(..days.partition_point(|day| day.date < dates.until));
    let slope = slope(up_to_end.unwrap_or(&[]));
    // The future is drawn behind the last reading up to today, not behind the last one that happens to be visible.
    let last_shown = up_to_end.and_then(<[_]>::last).map(|day| day.date);
    let goal_date = match last_shown {
        Some(last_shown) if data.goal.is_some() && dates.contains(last_shown) => {
            let summary = summary()?;
            let is_latest = summary.latest.is_some_and(|latest| latest.date == last_shown);
            let date = summary.goal_status.date_to_show(request.today);
            date.filter(|_| is_latest)
        }
        _ => None,
    };
    Ok(weight_chart(&WeightChartInput {
        span: request.span,
        dates,
        days,
        first_reading: data.first_reading,
        goal: data.goal,
        goal_date,
        slope: slope.as_ref(),
        unit: data.unit,
        today: request.today,
        week_start: request.week_start,
        conceal_values: request.conceal_values,
    }))
}

/// Before the window as much as the slope of its first reading needs, behind it what may join a line at its edge.
fn with_surroundings(dates: DateRange) -> DateRange {
    let before = Days::new(u64::from(WINDOW_DAYS));
    let behind = Days::new(JOINED_ACROSS_EDGE_DAYS);
    DateRange {
        from: dates.from.checked_sub_days(before).unwrap_or(dates.from),
        until: dates.until.checked_add_days(behind).unwrap_or(dates.until),
    }
}

/// A weigh-in by the clock on the wall where it happened.
fn clocked(weigh_in: &WeighIn) -> ClockedWeight {
    ClockedWeight {
        clock_ms: match weigh_in.when {
            WeighInTime::Timed { at, offset_s, .. } => {
                let local = at.plus(i64::from(offset_s).saturating_mul(1000));
                Some(local.0.rem_euclid(DAY_MS))
            }
            WeighInTime::DateOnly(_) => None,
        },
        weight: weigh_in.weight,
    }
}
