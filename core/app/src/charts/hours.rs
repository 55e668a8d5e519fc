//! The step chart of one date by the hour. Source: charts.md sections 5 and 10.

use super::gaps;
use super::model::{
    Axis, Bucket, BucketUnit, Chart, DatedValue, Facts, Gap, GapReason, Mark, MarkKind, Role, Shade, Span,
    Subject, TimeLabel, ValueLabel, ValueUnit,
};
use super::range::step_range;
use super::steps::{bars, value_ticks};
use super::time_axis::hour_ticks;
use crate::steps::{DayByHour, HourOfDay};
use crate::time::{DateRange, NaiveDate, UtcMillis};

#[cfg(test)]
mod tests;

/// What an hour chart is made of.
#[derive(Debug, Clone, Copy)]
pub struct HourChartInput<'a> {
    /// The date shown.
    pub date: NaiveDate,
    /// The date by the hour.
    pub view: &'a DayByHour,
    /// The person's date now: its hours are those of which some can be to come, and every hour of a later date is.
    pub today: NaiveDate,
    /// The instant up to which anything can have been measured today.
    pub now: UtcMillis,
    /// First date that was ever measured.
    pub first_measured: Option<NaiveDate>,
}

/// One date by the hour.
///
/// Shapes: one bar per hour slot, 23 to 25 on most dates. Corrections belong to the day: no bar shows them, a mark on the first
/// bucket says that there is one; the mark of today stands on the running hour.
#[must_use]
pub fn hour_chart(input: &HourChartInput<'_>) -> Chart {
    let view = input.view;
    let axis = Axis::Bars(view.hours.len());
    let range = view
        .hours
        .iter()
        .filter_map(|hour| hour.steps)
        .max()
        .map(|largest| step_range(largest, None));
    let gaps = hour_gaps(input);
    let marks = marks(input);
    Chart {
        subject: Subject::Steps,
        span: Span::Day,
        bucket_unit: BucketUnit::Hour,
        value_unit: ValueUnit::Steps,
        value_ends: range.as_ref().map(|range| (range.lower, range.upper)),
        buckets: view.hours.iter().map(|hour| bucket(input, hour)).collect(),
        series: range
            .iter()
            .map(|range| {
                let parts = view.hours.iter().map(|hour| hour.steps.map(|steps| (0, steps)));
                bars(Role::Bar, axis, range, parts)
            })
            .collect(),
        value_ticks: range.as_ref().map(value_ticks).unwrap_or_default(),
        time_ticks: hour_ticks(axis, view.hours.iter().map(|hour| hour.slot.local_hour)),
        lines: Vec::new(),
        shades: shades(view),
        untimed: Vec::new(),
        facts: facts(input, &gaps, &marks),
        marks,
        gaps,
    }
}

fn label(hour: &HourOfDay) -> TimeLabel {
    TimeLabel::Hour {
        hour: hour.slot.local_hour,
    }
}

fn bucket(input: &HourChartInput<'_>, hour: &HourOfDay) -> Bucket {
    Bucket {
        label: label(hour),
        dates: DateRange::single(input.date),
        instants: Some((hour.slot.from, hour.slot.until)),
        is_incomplete: is_after_now(input, hour.slot.until),
        measured_days: u32::from(hour.steps.is_some()),
        total: hour.steps.map(|steps| ValueLabel::Steps { steps }),
    }
}

/// Whether an instant of the date shown is still to come.
fn is_after_now(input: &HourChartInput<'_>, at: UtcMillis) -> bool {
    input.date > input.today || (input.date == input.today && at > input.now)
}

fn hour_gaps(input: &HourChartInput<'_>) -> Vec<Gap> {
    let is_paused = |hour: &HourOfDay| {
        input
            .view
            .paused
            .iter()
            .any(|(from, to)| *from < hour.slot.until && hour.slot.from < *to)
    };
    let reason = |hour: &HourOfDay| {
        if is_after_now(input, hour.slot.from) {
            GapReason::Future
        } else if is_paused(hour) {
            GapReason::Paused
        } else if input.first_measured.is_none_or(|first| input.date < first) {
            GapReason::BeforeFirst
        } else {
            GapReason::NoData
        }
    };
    let reasons: Vec<_> = input
        .view
        .hours
        .iter()
        .map(|hour| hour.steps.is_none().then(|| reason(hour)))
        .collect();
    gaps::collect(&reasons)
}

/// What is to be known about the date as a whole, on the first bucket, and today on the hour that is running.
fn marks(input: &HourChartInput<'_>) -> Vec<Mark> {
    let (day, hours) = (input.view.day, &input.view.hours);
    let steps = day.quarantined_steps;
    let running = hours
        .partition_point(|hour| hour.slot.until <= input.now)
        .min(hours.len().saturating_sub(1));
    [
        (day.is_travel_day, 0, MarkKind::ZoneChange),
        (day.correction.is_some(), 0, MarkKind::Corrected),
        (steps > 0, 0, MarkKind::Quarantined { steps }),
        (input.date == input.today, running, MarkKind::Today),
    ]
    .into_iter()
    .filter_map(|(is_true, index, kind)| is_true.then_some(Mark { index, kind }))
    .collect()
}

/// Paused and excluded stretches, cut to the date.
fn shades(view: &DayByHour) -> Vec<Shade> {
    let hours = view.hours.len().max(1) as f64;
    let position = |at: UtcMillis| {
        let index = view.hours.partition_point(|hour| hour.slot.until <= at);
        let share_of_hour = view.hours.get(index).map_or(0.0, |hour| {
            let length = hour.slot.until.since(hour.slot.from).max(1);
            at.since(hour.slot.from).clamp(0, length) as f64 / length as f64
        });
        (index as f64 + share_of_hour) / hours
    };
    let of_kind = |windows: &[(UtcMillis, UtcMillis)], is_paused: bool| -> Vec<Shade> {
        windows
            .iter()
            .map(|(from, to)| Shade {
                from_x: position(*from),
                to_x: position(*to),
                is_paused,
            })
            .filter(|shade| shade.from_x < shade.to_x)
            .collect()
    };
    let mut shades = of_kind(&view.paused, true);
    shades.extend(of_kind(&view.excluded, false));
    shades
}

fn facts(input: &HourChartInput<'_>, gaps: &[Gap], marks: &[Mark]) -> Facts {
    let known = || {
        input.view.hours.iter().filter_map(|hour| {
            Some(DatedValue {
                when: label(hour),
                value: ValueLabel::Steps { steps: hour.steps? },
            })
        })
    };
    let steps = |dated: &DatedValue| match dated.value {
        ValueLabel::Steps { steps } => steps,
        _ => 0,
    };
    let day = input.view.day;
    Facts {
        period: TimeLabel::Day { date: input.date },
        measured_days: u32::from(day.steps.is_some()),
        days: 1,
        minimum: known().min_by_key(steps),
        // Of equal hours the first, as for the minimum.
        maximum: known().rev().max_by_key(steps),
        mean: None,
        total: day.steps.map(|steps| ValueLabel::Steps { steps }),
        direction: None,
        change_per_week: None,
        change_days: None,
        is_real_change: None,
        goal_days: None,
        longest_streak_days: None,
        gaps: gaps::missing(gaps),
        marks: marks.iter().map(|mark| mark.kind).collect(),
    }
}
