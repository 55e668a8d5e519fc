//! Step charts: bars from the same days as every total. Source: charts.md section 10.

use super::gaps;
use super::model::{
    Axis, Bucket, BucketUnit, Chart, DatedValue, Facts, Gap, GapReason, Line, LineKind, Mark, MarkKind,
    Point, Role, Run, Series, Span, Subject, TimeLabel, ValueLabel, ValueTick, ValueUnit, count,
};
use super::range::{GoalPlace, ValueRange, step_range};
use super::time_axis::date_ticks;
use crate::steps::{DaySteps, StepRollUp, days_inside, longest_streak, mean_without_today, roll_up_steps};
use crate::time::{DateRange, NaiveDate, WeekStart};

#[cfg(test)]
mod tests;

/// What a step chart over dates is made of.
#[derive(Clone, Copy)]
pub struct StepChartInput<'a> {
    /// The range that was asked for; not [`Span::Day`].
    pub span: Span,
    /// The dates shown.
    pub dates: DateRange,
    /// Measured or corrected days in order of date; others are unknown. Days outside of `dates` do not matter.
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
    /// Whether counting was paused on a date from its first to its last instant.
    pub is_paused: &'a dyn Fn(NaiveDate) -> bool,
}

/// The step chart of a range of dates.
///
/// Shapes: one bucket per day, week or month in order; a bucket without data is a gap, a measured zero is a bar of height 0.
#[must_use]
pub fn step_chart(input: &StepChartInput<'_>) -> Chart {
    let unit = BucketUnit::for_days(input.dates.len());
    let days = days_inside(input.days, input.dates);
    let buckets = unit.buckets(input.dates, input.week_start);
    let roll_ups: Vec<StepRollUp> = buckets
        .iter()
        .map(|dates| roll_up_steps(days, *dates, input.today))
        .collect();
    let parts: Vec<Option<BarParts>> = roll_ups
        .iter()
        .map(|roll_up| match (unit, days_inside(days, roll_up.dates)) {
            (BucketUnit::Day, [day]) => BarParts::of_day(day),
            _ => roll_up.mean.map(BarParts::of_mean),
        })
        .collect();
    let axis = Axis::Bars(buckets.len());
    let range = parts
        .iter()
        .flatten()
        .map(BarParts::head)
        .max()
        .map(|largest| step_range(largest, input.goal));
    let gaps = step_gaps(&roll_ups, input);
    Chart {
        subject: Subject::Steps,
        span: input.span,
        bucket_unit: unit,
        value_unit: ValueUnit::Steps,
        value_ends: range.as_ref().map(|range| (range.lower, range.upper)),
        buckets: roll_ups.iter().map(|roll_up| bucket(unit, roll_up)).collect(),
        series: range
            .as_ref()
            .map(|range| series(axis, range, &parts))
            .unwrap_or_default(),
        value_ticks: range.as_ref().map(value_ticks).unwrap_or_default(),
        time_ticks: date_ticks(axis, &buckets, input.span, input.week_start),
        lines: lines(days, input, range.as_ref()),
        marks: marks(days, &buckets, input.today),
        shades: Vec::new(),
        untimed: Vec::new(),
        facts: facts(days, input, &gaps),
        gaps,
    }
}

/// A bar cut into what sensors counted and what the person changed.
#[derive(Debug, Clone, Copy)]
struct BarParts {
    /// Sensor steps that count; `None` on a day that was only entered by hand.
    sensor: Option<i64>,
    /// Steps added on top.
    added: Option<i64>,
    /// Steps taken away; they reach above the total.
    removed: Option<i64>,
}

impl BarParts {
    fn of_day(day: &DaySteps) -> Option<Self> {
        let total = day.steps?;
        let sensor = day.sensor_steps.unwrap_or(0);
        let difference = total.saturating_sub(sensor);
        Some(Self {
            sensor: day.sensor_steps.map(|sensor| sensor.min(total)),
            // A day entered by hand as 0 is a known day: it has a part, of height 0.
            added: (difference > 0 || day.sensor_steps.is_none()).then_some(difference),
            removed: (difference < 0).then_some(difference.saturating_neg()),
        })
    }

    const fn of_mean(mean: i64) -> Self {
        Self {
            sensor: Some(mean),
            added: None,
            removed: None,
        }
    }

    /// Where the drawing ends.
    fn head(&self) -> i64 {
        [self.sensor, self.added, self.removed]
            .into_iter()
            .flatten()
            .fold(0, i64::saturating_add)
    }

    /// Foot and head of the part that a role draws.
    fn part(&self, role: Role) -> Option<(i64, i64)> {
        let foot = self.sensor.unwrap_or(0);
        match role {
            Role::Bar => self.sensor.map(|sensor| (0, sensor)),
            Role::CorrectionAdded => self.added.map(|steps| (foot, foot.saturating_add(steps))),
            Role::CorrectionRemoved => self.removed.map(|steps| (foot, foot.saturating_add(steps))),
            Role::RawPoint | Role::Trend | Role::Projection => None,
        }
    }
}

fn bucket(unit: BucketUnit, roll_up: &StepRollUp) -> Bucket {
    Bucket {
        label: unit.label(roll_up.dates),
        dates: roll_up.dates,
        instants: None,
        is_incomplete: roll_up.is_incomplete,
        measured_days: roll_up.measured_days,
        total: roll_up.sum.map(|steps| ValueLabel::Steps { steps }),
    }
}

fn series(axis: Axis, range: &ValueRange, parts: &[Option<BarParts>]) -> Vec<Series> {
    [Role::Bar, Role::CorrectionAdded, Role::CorrectionRemoved]
        .into_iter()
        .map(|role| {
            bars(
                role,
                axis,
                range,
                parts.iter().map(|parts| parts.as_ref()?.part(role)),
            )
        })
        .filter(|series| !series.runs.is_empty())
        .collect()
}

/// Bars from foot to head, one place of the axis each, split into runs where a place has none.
pub(super) fn bars(
    role: Role,
    axis: Axis,
    range: &ValueRange,
    parts: impl Iterator<Item = Option<(i64, i64)>>,
) -> Series {
    let mut runs: Vec<Run> = Vec::new();
    let mut is_joined = false;
    for (index, part) in parts.enumerate() {
        let Some((foot, head)) = part else {
            is_joined = false;
            continue;
        };
        let steps = head.saturating_sub(foot);
        let point = Point {
            index: index as f64,
            x: axis.x(index as f64),
            y: range.position(head as f64),
            base_y: range.position(foot as f64),
            value: Some(steps as f64),
            label: Some(ValueLabel::Steps { steps }),
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

pub(super) fn value_ticks(range: &ValueRange) -> Vec<ValueTick> {
    range
        .ticks
        .iter()
        .map(|value| ValueTick {
            y: range.position(*value),
            label: Some(ValueLabel::Steps { steps: *value as i64 }),
        })
        .collect()
}

fn step_gaps(roll_ups: &[StepRollUp], input: &StepChartInput<'_>) -> Vec<Gap> {
    // What is still to come does not keep a week from being a paused one.
    let is_paused = |dates: DateRange| {
        let mut so_far = dates.dates().take_while(|date| *date <= input.today);
        so_far.all(input.is_paused)
    };
    let reason = |dates: DateRange| match gaps::reason_of_dates(dates, input.today, input.first_measured) {
        GapReason::NoData | GapReason::BeforeFirst if is_paused(dates) => GapReason::Paused,
        reason => reason,
    };
    let reasons: Vec<_> = roll_ups
        .iter()
        .map(|roll_up| (roll_up.measured_days == 0).then(|| reason(roll_up.dates)))
        .collect();
    gaps::collect(&reasons)
}

fn lines(days: &[DaySteps], input: &StepChartInput<'_>, range: Option<&ValueRange>) -> Vec<Line> {
    let Some(range) = range else { return Vec::new() };
    let line = |kind: LineKind, steps: i64| Line {
        kind,
        y: Some(range.position(steps as f64)),
        place: GoalPlace::Inside,
        value: Some(steps as f64),
        label: Some(ValueLabel::Steps { steps }),
    };
    let goal = input.goal.map(|goal| line(LineKind::Goal, goal));
    let average = mean_without_today(days, input.today).map(|mean| line(LineKind::Average, mean));
    goal.into_iter().chain(average).collect()
}

/// What is to be known about each bucket: each kind once, steps that were not believed added up.
fn marks(days: &[DaySteps], buckets: &[DateRange], today: NaiveDate) -> Vec<Mark> {
    let mut marks = Vec::new();
    for (index, dates) in buckets.iter().enumerate() {
        let days = days_inside(days, *dates);
        let quarantined = days
            .iter()
            .map(|day| day.quarantined_steps)
            .fold(0, i64::saturating_add);
        let kinds = [
            (days.iter().any(|day| day.is_travel_day), MarkKind::ZoneChange),
            (
                days.iter().any(|day| day.correction.is_some()),
                MarkKind::Corrected,
            ),
            (quarantined > 0, MarkKind::Quarantined { steps: quarantined }),
            (dates.contains(today), MarkKind::Today),
        ];
        marks.extend(
            kinds
                .into_iter()
                .filter_map(|(is_true, kind)| is_true.then_some(Mark { index, kind })),
        );
    }
    marks
}

fn facts(days: &[DaySteps], input: &StepChartInput<'_>, gaps: &[Gap]) -> Facts {
    let known = || days.iter().filter(|day| day.steps.is_some());
    let is_over = |day: &&DaySteps| day.date != input.today;
    let dated = |day: &DaySteps| {
        Some(DatedValue {
            when: TimeLabel::Day { date: day.date },
            value: ValueLabel::Steps { steps: day.steps? },
        })
    };
    // The day that is running is no minimum, but it can already be the maximum.
    let smallest = known()
        .filter(is_over)
        .min_by_key(|day| (day.steps, day.date))
        .or_else(|| known().next());
    let largest = known().max_by_key(|day| (day.steps, std::cmp::Reverse(day.date)));
    let sum = known().filter_map(|day| day.steps).fold(0, i64::saturating_add);
    let measured_days = count(known().count());
    Facts {
        period: TimeLabel::of(input.dates),
        measured_days,
        days: input.dates.len(),
        minimum: smallest.and_then(dated),
        maximum: largest.and_then(dated),
        mean: mean_without_today(days, input.today).map(|steps| ValueLabel::Steps { steps }),
        total: (measured_days > 0).then_some(ValueLabel::Steps { steps: sum }),
        direction: None,
        change_per_week: None,
        change_days: None,
        is_real_change: None,
        goal_days: input
            .goal
            .map(|goal| count(known().filter(|day| day.meets(goal)).count())),
        longest_streak_days: input
            .goal
            .map(|goal| longest_streak(days, goal, input.is_skipped).map_or(0, |streak| streak.days)),
        gaps: gaps::missing(gaps),
        marks: Vec::new(),
    }
}
