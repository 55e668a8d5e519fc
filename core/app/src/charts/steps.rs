//! Step charts: bars from the same days and hours as every total. Source: charts.md section 10.

use chrono::Datelike as _;

use super::calendar::{TickStep, tick_step};
use super::model::{
    Bucket, BucketUnit, Chart, DatedValue, Facts, Gap, GapReason, Line, LineKind, Mark, MarkKind, Point,
    Role, Run, Series, Shade, Span, Subject, TimeLabel, TimeTick, ValueLabel, ValueTick, x_position,
};
use super::range::{GoalPlace, ValueRange, step_range};
use crate::steps::{DayByHour, DaySteps, longest_streak, mean_of_known_days, with_unknown_dates};
use crate::time::{DateRange, NaiveDate, WeekStart};

/// What a step chart over dates is made of.
#[derive(Clone, Copy)]
pub struct StepChartInput<'a> {
    /// The range that was asked for; not [`Span::Day`].
    pub span: Span,
    /// The dates shown.
    pub dates: DateRange,
    /// Measured or corrected days in order of date; others are unknown.
    pub days: &'a [DaySteps],
    /// Daily goal.
    pub goal: Option<i64>,
    /// The person's date now; it is not over yet.
    pub today: NaiveDate,
    /// First date that was ever measured.
    pub first_measured: Option<NaiveDate>,
    /// On which weekday her weeks begin.
    pub week_start: WeekStart,
    /// Whether her zone skipped a calendar date; such a date does not break a streak.
    pub is_skipped: &'a dyn Fn(NaiveDate) -> bool,
}

/// The steps of one week, month or other run of dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepRollUp {
    /// The dates, also those without data.
    pub dates: DateRange,
    /// Sum of the days' steps.
    pub sum: i64,
    /// Days with data.
    pub measured_days: u32,
    /// Mean of the measured days, without today unless it is the only one; `None` without a measured day.
    pub mean: Option<i64>,
    /// Today or a later date lies inside.
    pub is_incomplete: bool,
}

/// Gathers the days of `dates`. Sums over weeks equal sums over days. Source: charts.md section 6.
#[must_use]
pub fn roll_up_steps(days: &[DaySteps], dates: DateRange, today: NaiveDate) -> StepRollUp {
    let known: Vec<DaySteps> = days
        .iter()
        .copied()
        .filter(|day| dates.contains(day.date) && day.steps.is_some())
        .collect();
    StepRollUp {
        dates,
        sum: known
            .iter()
            .filter_map(|day| day.steps)
            .fold(0, i64::saturating_add),
        measured_days: u32::try_from(known.len()).unwrap_or(u32::MAX),
        mean: mean_of_known_days(&without_today(&known, today)),
        is_incomplete: dates.until > today,
    }
}

/// Today is not over: averages leave it out unless it is the only day.
fn without_today(days: &[DaySteps], today: NaiveDate) -> Vec<DaySteps> {
    let past: Vec<DaySteps> = days
        .iter()
        .copied()
        .filter(|day| day.date != today && day.steps.is_some())
        .collect();
    if past.is_empty() { days.to_vec() } else { past }
}

/// The step chart of a range of dates.
///
/// Shapes: one bucket per day, week or month in order; a bucket without data is a gap, a measured zero is a bar of height 0.
#[must_use]
pub fn step_chart(input: &StepChartInput<'_>) -> Chart {
    let unit = BucketUnit::for_days(input.dates.len());
    let buckets = unit.buckets(input.dates, input.week_start);
    let roll_ups: Vec<StepRollUp> = buckets
        .iter()
        .map(|dates| roll_up_steps(input.days, *dates, input.today))
        .collect();
    let count = buckets.len();
    let largest = roll_ups.iter().filter_map(|roll_up| roll_up.mean).max();
    let tallest = input
        .days
        .iter()
        .filter_map(|day| day.sensor_steps)
        .max()
        .filter(|_| unit == BucketUnit::Day);
    let range = largest.map(|largest| step_range(largest.max(tallest.unwrap_or(0)), input.goal));

    let mut series = Vec::new();
    if let Some(range) = &range {
        series.push(bars(Role::Bar, count, range, |index| {
            let roll_up = roll_ups.get(index)?;
            let total = roll_up.mean?;
            let sensor = match (unit, day_of(input.days, roll_up.dates)) {
                (BucketUnit::Day, Some(day)) => day.sensor_steps.unwrap_or(0).min(total),
                _ => total,
            };
            Some((0, sensor))
        }));
        for (role, wanted) in [(Role::CorrectionAdded, 1), (Role::CorrectionRemoved, -1)] {
            let part = bars(role, count, range, |index| {
                let day =
                    day_of(input.days, roll_ups.get(index)?.dates).filter(|_| unit == BucketUnit::Day)?;
                let (sensor, total) = (day.sensor_steps.unwrap_or(0), day.steps?);
                (total.cmp(&sensor) as i8 == wanted).then(|| (sensor.min(total), sensor.max(total)))
            });
            if !part.runs.is_empty() {
                series.push(part);
            }
        }
    }
    Chart {
        subject: Subject::Steps,
        span: input.span,
        bucket_unit: unit,
        buckets: roll_ups
            .iter()
            .map(|roll_up| Bucket {
                label: TimeLabel::of(roll_up.dates),
                dates: roll_up.dates,
                instants: None,
                is_incomplete: roll_up.is_incomplete,
            })
            .collect(),
        series,
        gaps: gaps(&roll_ups, input.today, input.first_measured),
        value_ticks: range.as_ref().map(value_ticks).unwrap_or_default(),
        time_ticks: time_ticks(Subject::Steps, &buckets, input.span, input.week_start),
        lines: lines(input, range.as_ref()),
        marks: marks(input, &buckets),
        shades: Vec::new(),
        untimed: Vec::new(),
        facts: facts(input, &roll_ups),
    }
}

/// One date by the hour.
///
/// Shapes: one bar per hour slot, 23 to 25 on most dates. Corrections belong to the day and are only marked.
#[must_use]
pub fn hour_chart(date: NaiveDate, view: &DayByHour, today: NaiveDate) -> Chart {
    let count = view.hours.len();
    let values = |index: usize| view.hours.get(index).and_then(|hour| hour.steps);
    let largest = (0..count).filter_map(values).max();
    let range = largest.map(|largest| step_range(largest, None));
    let series = range
        .iter()
        .map(|range| {
            bars(Role::Bar, count, range, |index| {
                values(index).map(|steps| (0, steps))
            })
        })
        .collect();
    let first = view.hours.first().map(|hour| hour.slot.from);
    let position = |at: crate::time::UtcMillis| {
        let index = view.hours.partition_point(|hour| hour.slot.until <= at);
        let inside = view.hours.get(index).map_or(0.0, |hour| {
            (at.since(hour.slot.from).max(0)) as f64 / hour.slot.until.since(hour.slot.from).max(1) as f64
        });
        (index as f64 + inside) / count.max(1) as f64
    };
    let shade = |windows: &[(crate::time::UtcMillis, crate::time::UtcMillis)], is_paused: bool| {
        windows
            .iter()
            .map(|(from, to)| Shade {
                from_x: position(first.map_or(*from, |first| first.max(*from))),
                to_x: position(*to),
                is_paused,
            })
            .collect::<Vec<_>>()
    };
    let mut ticks = Vec::new();
    let mut seen = Vec::new();
    for (index, hour) in view.hours.iter().enumerate() {
        let label = hour.slot.local_hour;
        if label % 6 == 0 && !seen.contains(&label) {
            seen.push(label);
            ticks.push(TimeTick {
                index,
                x: x_position(Subject::Steps, index as f64, count),
                label: TimeLabel::Hour { hour: label },
                is_first_of_unit: false,
            });
        }
    }
    let measured = view.hours.iter().filter(|hour| hour.steps.is_some()).count();
    let dated = |index: usize| {
        let hour = view.hours.get(index)?;
        Some(DatedValue {
            when: TimeLabel::Hour {
                hour: hour.slot.local_hour,
            },
            value: ValueLabel::Steps { steps: hour.steps? },
        })
    };
    let extreme = |is_better: fn(i64, i64) -> bool| {
        let mut best: Option<(usize, i64)> = None;
        for index in 0..count {
            if let Some(steps) = values(index)
                && best.is_none_or(|(_, known)| is_better(steps, known))
            {
                best = Some((index, steps));
            }
        }
        best.and_then(|(index, _)| dated(index))
    };
    let gap_values: Vec<Option<GapReason>> = (0..count)
        .map(|index| {
            let hour = view.hours.get(index)?;
            if hour.steps.is_some() {
                return None;
            }
            let is_paused = view
                .paused
                .iter()
                .any(|(from, to)| *from < hour.slot.until && hour.slot.from < *to);
            Some(if is_paused {
                GapReason::Paused
            } else {
                GapReason::NoData
            })
        })
        .collect();
    let gaps = collect_gaps(&gap_values);
    let mut marks = Vec::new();
    if view.day.correction.is_some() {
        marks.push(Mark {
            index: 0,
            kind: MarkKind::Corrected,
        });
    }
    if view.day.quarantined_steps > 0 {
        marks.push(Mark {
            index: 0,
            kind: MarkKind::Quarantined {
                steps: view.day.quarantined_steps,
            },
        });
    }
    if view.day.is_travel_day {
        marks.push(Mark {
            index: 0,
            kind: MarkKind::ZoneChange,
        });
    }
    Chart {
        subject: Subject::Steps,
        span: Span::Day,
        bucket_unit: BucketUnit::Hour,
        buckets: view
            .hours
            .iter()
            .map(|hour| Bucket {
                label: TimeLabel::Hour {
                    hour: hour.slot.local_hour,
                },
                dates: DateRange::single(date),
                instants: Some((hour.slot.from, hour.slot.until)),
                is_incomplete: date >= today,
            })
            .collect(),
        series,
        value_ticks: range.as_ref().map(value_ticks).unwrap_or_default(),
        time_ticks: ticks,
        lines: Vec::new(),
        marks,
        shades: shade(&view.paused, true)
            .into_iter()
            .chain(shade(&view.excluded, false))
            .collect(),
        untimed: Vec::new(),
        facts: Facts {
            period: TimeLabel::Day { date },
            measured_days: u32::from(measured > 0),
            days: 1,
            minimum: extreme(|new, known| new < known),
            maximum: extreme(|new, known| new > known),
            mean: view.day.steps.map(|steps| ValueLabel::Steps { steps }),
            direction: None,
            change_per_week: None,
            is_real_change: None,
            goal_days: None,
            longest_streak_days: None,
            gaps: u32::try_from(gaps.len()).unwrap_or(u32::MAX),
        },
        gaps,
    }
}

fn day_of(days: &[DaySteps], dates: DateRange) -> Option<&DaySteps> {
    days.binary_search_by_key(&dates.from, |day| day.date)
        .ok()
        .and_then(|index| days.get(index))
}

/// Bars from foot to head, split into runs where a bucket has none.
fn bars(role: Role, count: usize, range: &ValueRange, part: impl Fn(usize) -> Option<(i64, i64)>) -> Series {
    let mut runs: Vec<Run> = Vec::new();
    let mut is_joined = false;
    for index in 0..count {
        let Some((foot, head)) = part(index) else {
            is_joined = false;
            continue;
        };
        let point = Point {
            index: index as f64,
            x: x_position(Subject::Steps, index as f64, count),
            y: range.position(head as f64),
            base_y: range.position(foot as f64),
            value: Some(head.saturating_sub(foot) as f64),
            label: Some(ValueLabel::Steps {
                steps: head.saturating_sub(foot),
            }),
            spread: None,
        };
        match runs.last_mut().filter(|_| is_joined) {
            Some(run) => run.points.push(point),
            None => runs.push(Run { points: vec![point] }),
        }
        is_joined = true;
    }
    Series {
        role,
        is_continuous: false,
        runs,
    }
}

fn value_ticks(range: &ValueRange) -> Vec<ValueTick> {
    range
        .ticks
        .iter()
        .map(|value| ValueTick {
            y: range.position(*value),
            label: Some(ValueLabel::Steps { steps: *value as i64 }), // ticks of whole numbers
        })
        .collect()
}

fn gaps(roll_ups: &[StepRollUp], today: NaiveDate, first_measured: Option<NaiveDate>) -> Vec<Gap> {
    let reasons: Vec<Option<GapReason>> = roll_ups
        .iter()
        .map(|roll_up| {
            if roll_up.measured_days > 0 {
                None
            } else if roll_up.dates.from > today {
                Some(GapReason::Future)
            } else if first_measured.is_none_or(|first| roll_up.dates.until <= first) {
                Some(GapReason::BeforeFirst)
            } else {
                Some(GapReason::NoData)
            }
        })
        .collect();
    collect_gaps(&reasons)
}

/// Neighbouring buckets without data for the same reason are one gap.
pub(super) fn collect_gaps(reasons: &[Option<GapReason>]) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = Vec::new();
    for (index, reason) in reasons.iter().enumerate() {
        let Some(reason) = *reason else { continue };
        match gaps.last_mut() {
            Some(gap) if gap.to.saturating_add(1) == index && gap.reason == reason => gap.to = index,
            _ => gaps.push(Gap {
                from: index,
                to: index,
                reason,
                bridge: None,
            }),
        }
    }
    gaps
}

/// How many ticks a range wants; a tick below every place of a week, fewer on longer ranges.
const fn wanted_ticks(span: Span) -> u32 {
    match span {
        Span::Day => 4,
        Span::Week => 7,
        Span::Month => 5,
        Span::Quarter => 3,
        Span::Year => 12,
        Span::All => 6,
    }
}

pub(super) fn time_ticks(
    subject: Subject,
    buckets: &[DateRange],
    span: Span,
    week_start: WeekStart,
) -> Vec<TimeTick> {
    let days: u32 = buckets.iter().map(|dates| dates.len()).sum();
    let step = tick_step(f64::from(days), wanted_ticks(span));
    let mut previous: Option<NaiveDate> = None;
    let mut ticks = Vec::new();
    for (index, dates) in buckets.iter().enumerate() {
        if !step.starts_in(*dates, week_start) {
            continue;
        }
        let Some(date) = dates.last() else { continue };
        let (label, is_first_of_unit) = match step {
            TickStep::Hours(_) | TickStep::Day | TickStep::Week => (
                TimeLabel::Day { date: dates.from },
                previous.is_none_or(|previous| previous.month() != dates.from.month()),
            ),
            TickStep::Month | TickStep::Quarter => (
                TimeLabel::Month {
                    year: date.year(),
                    month: date.month(),
                },
                previous.is_none_or(|previous| previous.year() != date.year()),
            ),
            TickStep::Years(_) => (TimeLabel::Year { year: date.year() }, true),
        };
        previous = Some(if matches!(label, TimeLabel::Day { .. }) {
            dates.from
        } else {
            date
        });
        ticks.push(TimeTick {
            index,
            x: x_position(subject, index as f64, buckets.len()),
            label,
            is_first_of_unit,
        });
    }
    ticks
}

fn lines(input: &StepChartInput<'_>, range: Option<&ValueRange>) -> Vec<Line> {
    let Some(range) = range else { return Vec::new() };
    let line = |kind: LineKind, steps: i64| Line {
        kind,
        y: Some(range.position(steps as f64)),
        place: GoalPlace::Inside,
        label: Some(ValueLabel::Steps { steps }),
    };
    let average = mean_of_known_days(&without_today(&known(input), input.today));
    let average = average.map(|mean| line(LineKind::Average, mean));
    input
        .goal
        .map(|goal| line(LineKind::Goal, goal))
        .into_iter()
        .chain(average)
        .collect()
}

fn known(input: &StepChartInput<'_>) -> Vec<DaySteps> {
    input
        .days
        .iter()
        .copied()
        .filter(|day| input.dates.contains(day.date) && day.steps.is_some())
        .collect()
}

fn marks(input: &StepChartInput<'_>, buckets: &[DateRange]) -> Vec<Mark> {
    let mut marks = Vec::new();
    for (index, dates) in buckets.iter().enumerate() {
        let days = input.days.iter().filter(|day| dates.contains(day.date));
        let mut quarantined = 0i64;
        let mut kinds = Vec::new();
        for day in days {
            quarantined = quarantined.saturating_add(day.quarantined_steps);
            if day.is_travel_day {
                kinds.push(MarkKind::ZoneChange);
            }
            if day.correction.is_some() {
                kinds.push(MarkKind::Corrected);
            }
        }
        if quarantined > 0 {
            kinds.push(MarkKind::Quarantined { steps: quarantined });
        }
        if dates.contains(input.today) {
            kinds.push(MarkKind::Today);
        }
        kinds.dedup();
        marks.extend(kinds.into_iter().map(|kind| Mark { index, kind }));
    }
    marks
}

fn facts(input: &StepChartInput<'_>, roll_ups: &[StepRollUp]) -> Facts {
    let known = known(input);
    let complete = without_today(&known, input.today);
    let dated = |day: &DaySteps| {
        Some(DatedValue {
            when: TimeLabel::Day { date: day.date },
            value: ValueLabel::Steps { steps: day.steps? },
        })
    };
    let all = with_unknown_dates(input.days, input.dates);
    let gaps = gaps(roll_ups, input.today, input.first_measured);
    Facts {
        period: TimeLabel::of(input.dates),
        measured_days: u32::try_from(known.len()).unwrap_or(u32::MAX),
        days: input.dates.len(),
        minimum: complete
            .iter()
            .min_by_key(|day| (day.steps, day.date))
            .and_then(dated),
        maximum: known
            .iter()
            .max_by_key(|day| (day.steps, std::cmp::Reverse(day.date)))
            .and_then(dated),
        mean: mean_of_known_days(&complete).map(|steps| ValueLabel::Steps { steps }),
        direction: None,
        change_per_week: None,
        is_real_change: None,
        goal_days: input.goal.map(|goal| {
            u32::try_from(
                known
                    .iter()
                    .filter(|day| day.steps.is_some_and(|steps| steps >= goal))
                    .count(),
            )
            .unwrap_or(u32::MAX)
        }),
        longest_streak_days: input
            .goal
            .map(|goal| longest_streak(&all, goal, input.is_skipped).map_or(0, |streak| streak.days)),
        gaps: u32::try_from(gaps.iter().filter(|gap| gap.reason == GapReason::NoData).count())
            .unwrap_or(u32::MAX),
    }
}
