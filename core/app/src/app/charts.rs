//! Charts from what is stored: the queries of one chart, and nothing that the charts themselves decide.

use chrono::{Days, NaiveDate};

use super::App;
use crate::charts::{
    Chart, ClockedWeight, HourChartInput, Span, StepChartInput, WeighInChartInput, WeightChartInput,
    hour_chart, step_chart, weigh_in_chart, weight_chart,
};
use crate::steps::StepError;
use crate::store::zones as zone_table;
use crate::time::{DAY_MS, DateRange, WeekStart};
use crate::weight::{GoalWeight, WINDOW_DAYS, WeighIn, WeighInTime, WeightError, slope};

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
            return Ok(hour_chart(&HourChartInput {
                date: request.end,
                view: &steps.day_by_hour(request.end)?,
                today: request.today,
                now: self.clock.now(),
                first_measured,
            }));
        }
        let dates = request.span.dates(request.end, first_measured);
        let zones = self.store.read(zone_table::history)?;
        let paused = steps.paused_dates(dates)?;
        Ok(step_chart(&StepChartInput {
            span: request.span,
            dates,
            days: &steps.days(dates)?,
            goal: steps.goal()?,
            today: request.today,
            first_measured,
            week_start: request.week_start,
            is_skipped: &|date| zones.is_skipped(date),
            is_paused: &|date| paused.contains(&date),
        }))
    }

    /// The chart of weight: every reading for a day, else by day, week or month.
    ///
    /// Errors: `Store`.
    pub fn weight_chart(&self, request: &ChartRequest) -> Result<Chart, WeightError> {
        let weight = self.weight();
        let first_reading = weight.span()?.map(|(first, _)| first);
        let unit = weight.display_unit()?;
        let goal = weight.goal()?.map(|goal| GoalWeight::from(goal.weight));
        if request.span == Span::Day {
            let weigh_ins = weight.weigh_ins(DateRange::single(request.end))?;
            let clocked: Vec<ClockedWeight> = weigh_ins.iter().map(clocked).collect();
            return Ok(weigh_in_chart(&WeighInChartInput {
                date: request.end,
                weigh_ins: &clocked,
                first_reading,
                goal,
                unit,
                today: request.today,
                day_start: self.day_start()?,
                conceal_values: request.conceal_values,
            }));
        }
        let dates = request.span.dates(request.end, first_reading);
        let days = weight.days(with_surroundings(dates))?;
        let up_to_end = days.get(..days.partition_point(|day| day.date < dates.until));
        let slope = slope(up_to_end.unwrap_or(&[]));
        // The future is drawn behind the last reading up to today, not behind the last one that happens to be visible.
        let last_shown = up_to_end.and_then(<[_]>::last).map(|day| day.date);
        let goal_date = match last_shown {
            Some(last_shown) if goal.is_some() && dates.contains(last_shown) => {
                let summary = weight.summary(request.today)?;
                let is_latest = summary.latest.is_some_and(|latest| latest.date == last_shown);
                let date = summary.goal_status.date_to_show(request.today);
                date.filter(|_| is_latest)
            }
            _ => None,
        };
        Ok(weight_chart(&WeightChartInput {
            span: request.span,
            dates,
            days: &days,
            first_reading,
            goal,
            goal_date,
            slope: slope.as_ref(),
            unit,
            today: request.today,
            week_start: request.week_start,
            conceal_values: request.conceal_values,
        }))
    }
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
