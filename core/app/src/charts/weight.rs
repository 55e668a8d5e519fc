//! Weight charts: the readings, and the trend through them. Source: charts.md sections 2, 3, 6 and 11.
//!
//! The trend comes computed over all data and is only cut here: smoothing that began at the left edge of the window would
//! show a different past for every range.
//!
//! A line joins two columns if the last reading of one and the first of the next are at most 7 days apart, whatever a column
//! stands for. So there is a gap between two neighbouring weeks or months too, with no bucket of its own
//! ([`Gap::is_between_buckets`]). A gap inside one column has no place in the picture.

use super::model::{
    Axis, Bucket, BucketUnit, Chart, DatedValue, Direction, Facts, Gap, GapReason, Line, LineKind, Mark,
    MarkKind, Point, Role, Run, Series, Span, Spread, Subject, TimeLabel, ValueLabel, ValueTick, ValueUnit,
    count,
};
use super::nice::decimals;
use super::range::{GoalPlace, ValueRange, weight_range};
use super::time_axis::date_ticks;
use super::{concealed, gaps};
use crate::time::{CalendarUnit, DateRange, NaiveDate, WeekStart};
use crate::weight::{FLAT_KG_PER_WEEK, GoalWeight, MassUnit, Slope, WeightDay, roll_up};

#[cfg(test)]
mod tests;

/// Readings further apart than this are not joined: nothing is known about the time between.
const FURTHEST_JOINED_DAYS: i64 = 7;
/// One pound in kilograms, exactly.
const KG_PER_POUND: f64 = 0.453_592_37;
/// Digits of a weight that was computed.
const WEIGHT_DECIMALS: u8 = 1;
/// Digits of a change per week: below 0.05 kg it counts as none.
const CHANGE_DECIMALS: u8 = 2;

/// What a weight chart over dates is made of.
#[derive(Debug, Clone, Copy)]
pub struct WeightChartInput<'a> {
    /// The range that was asked for; not [`Span::Day`].
    pub span: Span,
    /// The dates shown.
    pub dates: DateRange,
    /// Days with a reading in order of date, with the trend over all data. Of those outside `dates` only the nearest on
    /// either side matters, if it lies within 7 dates: it tells whether there is a gap at the edge.
    pub days: &'a [WeightDay],
    /// Date of the first reading ever.
    pub first_reading: Option<NaiveDate>,
    /// The person's goal.
    pub goal: Option<GoalWeight>,
    /// The projected date of the goal, only with [`GoalReason::Ok`](crate::weight::GoalReason::Ok), and only if the last of
    /// `days` is the last reading ever.
    pub goal_date: Option<NaiveDate>,
    /// The slope that ends with the last reading in `dates`.
    pub slope: Option<&'a Slope>,
    /// Unit of display.
    pub unit: MassUnit,
    /// The person's date now.
    pub today: NaiveDate,
    /// On which weekday her weeks begin.
    pub week_start: WeekStart,
    /// Whether the chart shows shape and direction without any number.
    pub conceal_values: bool,
}

/// The weight chart of a range of dates.
///
/// Shapes: one bucket per day, week or month in order. Series: readings (a day value, or the mean of a week or month with its
/// spread), the trend (of a week or month at its last reading), and the projection if there is one: then buckets follow behind
/// `dates` up to the goal date, but at most half as many days as `dates` has, so that the past keeps its place; a line that
/// would go on ends at the edge.
/// Units: those of `unit`; stone are drawn in pounds and labelled in stone.
#[must_use]
pub fn weight_chart(input: &WeightChartInput<'_>) -> Chart {
    let unit = BucketUnit::for_days(input.dates.len());
    let days = inside(input.days, input.dates);
    let shown_dates = with_room_for_projection(input, days);
    let buckets = unit.buckets(shown_dates, input.week_start);
    let axis = Axis::Lines(buckets.len());
    let columns = columns(unit, days, &buckets, input);
    let scale = Scale::of(days, input);

    let mut series = Vec::new();
    let mut goal_line = None;
    let mut value_ticks = Vec::new();
    let mut gaps = gaps_between(&columns, &buckets, input);
    if let Some(scale) = &scale {
        let trend = joined(axis, Role::Trend, &columns, |column| {
            scale.point(in_unit(column.trend_kg, input.unit), None)
        });
        add_bridges(&mut gaps, &trend.runs);
        series.push(joined(axis, Role::RawPoint, &columns, |column| {
            scale.point(column.value, Some(column))
        }));
        series.extend(projection(input, scale, &trend, &buckets, axis));
        series.push(trend);
        goal_line = scale.goal_line();
        value_ticks = scale.ticks();
    }
    let chart = Chart {
        subject: Subject::Weight,
        span: input.span,
        bucket_unit: unit,
        value_unit: ValueUnit::from(input.unit),
        value_ends: scale.as_ref().map(|scale| (scale.range.lower, scale.range.upper)),
        buckets: buckets
            .iter()
            .zip(&columns)
            .map(|(dates, column)| Bucket {
                label: unit.label(*dates),
                dates: *dates,
                instants: None,
                is_incomplete: dates.until > input.today,
                measured_days: column.as_ref().map_or(0, |column| column.days),
                total: None,
            })
            .collect(),
        series,
        value_ticks,
        time_ticks: date_ticks(axis, &buckets, input.span, input.week_start),
        lines: goal_line.into_iter().collect(),
        marks: buckets
            .iter()
            .position(|dates| dates.contains(input.today))
            .map(|index| Mark {
                index,
                kind: MarkKind::Today,
            })
            .into_iter()
            .collect(),
        shades: Vec::new(),
        untimed: Vec::new(),
        facts: facts(days, input, &gaps),
        gaps,
    };
    if input.conceal_values {
        concealed(chart)
    } else {
        chart
    }
}

/// Kilograms in the unit that is drawn; stone are drawn in pounds.
pub(super) fn in_unit(kg: f64, unit: MassUnit) -> f64 {
    match unit {
        MassUnit::Kilogram => kg,
        MassUnit::Pound | MassUnit::Stone => kg / KG_PER_POUND,
    }
}

fn inside(days: &[WeightDay], dates: DateRange) -> &[WeightDay] {
    let from = days.partition_point(|day| day.date < dates.from);
    let until = days.partition_point(|day| day.date < dates.until).max(from);
    days.get(from..until).unwrap_or(&[])
}

/// The value axis of a weight chart.
pub(super) struct Scale {
    pub(super) range: ValueRange,
    unit: MassUnit,
    goal: Option<(f64, GoalPlace)>,
}

impl Scale {
    fn of(days: &[WeightDay], input: &WeightChartInput<'_>) -> Option<Self> {
        let values = days.iter().flat_map(|day| [day.weight.kilograms(), day.trend_kg]);
        Self::around(values, input.goal, input.unit)
    }

    /// The axis around values in kilograms; `None` without any.
    pub(super) fn around(
        values_kg: impl Iterator<Item = f64> + Clone,
        goal: Option<GoalWeight>,
        unit: MassUnit,
    ) -> Option<Self> {
        let values = values_kg.map(|kg| in_unit(kg, unit));
        let lowest = values.clone().reduce(f64::min)?;
        let highest = values.reduce(f64::max)?;
        let goal = goal.map(|goal| in_unit(goal.kilograms(), unit));
        let (range, place) = weight_range(lowest, highest, goal, unit);
        Some(Self {
            range,
            unit,
            goal: goal.map(|goal| (goal, place)),
        })
    }

    /// A point without its place on the x axis yet.
    fn point(&self, value: f64, column: Option<&Column>) -> Point {
        let spread = column.and_then(|column| column.spread);
        Point {
            index: 0.0,
            x: 0.0,
            y: self.range.position(value),
            base_y: 0.0,
            value: Some(value),
            label: Some(
                column
                    .and_then(|column| column.label)
                    .unwrap_or_else(|| ValueLabel::weight(value, WEIGHT_DECIMALS, self.unit)),
            ),
            spread: spread.map(|(lowest, highest)| Spread {
                low_y: self.range.position(in_unit(lowest.kilograms(), self.unit)),
                high_y: self.range.position(in_unit(highest.kilograms(), self.unit)),
                lowest: Some(ValueLabel::of_weight(lowest, self.unit)),
                highest: Some(ValueLabel::of_weight(highest, self.unit)),
            }),
        }
    }

    pub(super) fn goal_line(&self) -> Option<Line> {
        let (goal, place) = self.goal?;
        Some(Line {
            kind: LineKind::Goal,
            y: (place == GoalPlace::Inside).then(|| self.range.position(goal)),
            place,
            value: Some(goal),
            label: Some(ValueLabel::weight(goal, WEIGHT_DECIMALS, self.unit)),
        })
    }

    pub(super) fn ticks(&self) -> Vec<ValueTick> {
        let decimals = decimals(&self.range.ticks);
        self.range
            .ticks
            .iter()
            .map(|value| ValueTick {
                y: self.range.position(*value),
                label: Some(ValueLabel::weight(*value, decimals, self.unit)),
            })
            .collect()
    }
}

/// What a bucket with readings holds.
struct Column {
    /// Day value, or the mean of the day values, in the unit that is drawn.
    value: f64,
    /// The exact label of a day value.
    label: Option<ValueLabel>,
    /// Smallest and largest day value of a week or month.
    spread: Option<(crate::weight::Weight, crate::weight::Weight)>,
    trend_kg: f64,
    /// Days with a reading.
    days: u32,
    first_reading: NaiveDate,
    last_reading: NaiveDate,
}

impl Column {
    /// Whether the line goes on from here to the next column with readings.
    fn is_joined_to(&self, next: &Self) -> bool {
        let distance = next.first_reading.signed_duration_since(self.last_reading);
        distance.num_days() <= FURTHEST_JOINED_DAYS
    }
}

fn columns(
    unit: BucketUnit,
    days: &[WeightDay],
    buckets: &[DateRange],
    input: &WeightChartInput<'_>,
) -> Vec<Option<Column>> {
    let mut columns: Vec<Option<Column>> = buckets.iter().map(|_| None).collect();
    let mut put = |date: NaiveDate, column: Column| {
        let index = buckets.partition_point(|dates| dates.until <= date);
        if let Some(place) = columns.get_mut(index) {
            *place = Some(column);
        }
    };
    let calendar_unit = match unit {
        BucketUnit::Hour | BucketUnit::Day => {
            for day in days {
                let column = Column {
                    value: in_unit(day.weight.kilograms(), input.unit),
                    label: Some(ValueLabel::of_weight(day.weight, input.unit)),
                    spread: None,
                    trend_kg: day.trend_kg,
                    days: 1,
                    first_reading: day.date,
                    last_reading: day.date,
                };
                put(day.date, column);
            }
            return columns;
        }
        BucketUnit::Week => CalendarUnit::Week(input.week_start),
        BucketUnit::Month => CalendarUnit::Month,
    };
    for unit in roll_up(days, calendar_unit) {
        let [Some(first), Some(last)] = ends(inside(days, unit.dates)) else {
            continue;
        };
        let column = Column {
            value: in_unit(unit.mean_kg, input.unit),
            label: None,
            spread: Some((unit.minimum, unit.maximum)),
            trend_kg: unit.trend_kg,
            days: unit.days,
            first_reading: first.date,
            last_reading: last.date,
        };
        put(unit.dates.from.max(input.dates.from), column);
    }
    columns
}

fn ends(days: &[WeightDay]) -> [Option<&WeightDay>; 2] {
    [days.first(), days.last()]
}

fn joined(axis: Axis, role: Role, columns: &[Option<Column>], point: impl Fn(&Column) -> Point) -> Series {
    let mut runs: Vec<Run> = Vec::new();
    let mut previous: Option<&Column> = None;
    for (index, column) in columns.iter().enumerate() {
        let Some(column) = column else { continue };
        let point = Point {
            index: index as f64,
            x: axis.x(index as f64),
            ..point(column)
        };
        let goes_on = previous.is_some_and(|previous| previous.is_joined_to(column));
        match runs.last_mut().filter(|_| goes_on) {
            Some(run) => run.points.push(point),
            None => runs.push(Run { points: vec![point] }),
        }
        previous = Some(column);
    }
    Series {
        role,
        is_continuous: role == Role::Trend,
        runs,
    }
}

fn gaps_between(columns: &[Option<Column>], buckets: &[DateRange], input: &WeightChartInput<'_>) -> Vec<Gap> {
    let reasons: Vec<Option<GapReason>> = buckets
        .iter()
        .zip(columns)
        .map(|(dates, column)| {
            let is_gap = column.is_none() && is_far_from_readings(dates.from, input);
            is_gap.then(|| gaps::reason_of_dates(*dates, input.today, input.first_reading))
        })
        .collect();
    let mut gaps = gaps::collect(&reasons);
    gaps.extend(columns.windows(2).enumerate().filter_map(|(index, pair)| {
        let [Some(earlier), Some(later)] = pair else {
            return None;
        };
        (!earlier.is_joined_to(later)).then(|| Gap::between_buckets(index))
    }));
    gaps.sort_by_key(|gap| gap.from);
    gaps
}

/// Whether a date without a reading lies in a gap: between two readings more than 7 days apart, or more than 7 days of which
/// lie behind the last one.
fn is_far_from_readings(date: NaiveDate, input: &WeightChartInput<'_>) -> bool {
    let next = input.days.partition_point(|day| day.date < date);
    let before = next.checked_sub(1).and_then(|index| input.days.get(index));
    let Some(before) = before.filter(|_| date <= input.today) else {
        return true;
    };
    let after = input.days.get(next).map_or(input.today, |day| day.date);
    after.signed_duration_since(before.date).num_days() > FURTHEST_JOINED_DAYS
}

/// A dashed connection may lead over a gap from the trend's last point before it to the first behind it.
fn add_bridges(gaps: &mut [Gap], runs: &[Run]) {
    let points: Vec<&Point> = runs.iter().flat_map(|run| &run.points).collect();
    for gap in gaps.iter_mut().filter(|gap| gap.reason == GapReason::NoData) {
        let next = points.partition_point(|point| point.index < gap.from as f64);
        let before = next.checked_sub(1).and_then(|index| points.get(index));
        if let (Some(before), Some(after)) = (before, points.get(next)) {
            gap.bridge = Some(((before.x, before.y), (after.x, after.y)));
        }
    }
}

/// The dates of the x axis: those asked for, and behind them room for the projection.
fn with_room_for_projection(input: &WeightChartInput<'_>, days: &[WeightDay]) -> DateRange {
    let (Some(goal_date), Some(_)) = (input.goal_date, days.last()) else {
        return input.dates;
    };
    let most = u64::from(input.dates.len() / 2);
    let furthest = input
        .dates
        .until
        .checked_add_days(chrono::Days::new(most))
        .unwrap_or(input.dates.until);
    let until = DateRange::single(goal_date).until.min(furthest);
    DateRange {
        from: input.dates.from,
        until: until.max(input.dates.until),
    }
}

/// A straight line from the last trend to the goal on its date, cut where it leaves the picture. Not drawn if both lie in the
/// same bucket.
fn projection(
    input: &WeightChartInput<'_>,
    scale: &Scale,
    trend: &Series,
    buckets: &[DateRange],
    axis: Axis,
) -> Option<Series> {
    let goal_date = input.goal_date?;
    let (goal, place) = scale.goal?;
    let start = *trend.runs.last()?.points.last()?;
    let start_value = start.value?;
    let last = buckets.last()?;
    let last_index = buckets.len().checked_sub(1)? as f64;
    let end_index = if goal_date < last.until {
        buckets.partition_point(|dates| dates.until <= goal_date) as f64
    } else {
        let beyond = goal_date.signed_duration_since(last.from).num_days();
        last_index + beyond as f64 / f64::from(last.len().max(1))
    };
    if end_index <= start.index {
        return None;
    }
    let edge_value = match place {
        GoalPlace::Inside => goal,
        GoalPlace::Above => scale.range.upper,
        GoalPlace::Below => scale.range.lower,
    };
    let share_by_date = (last_index - start.index) / (end_index - start.index);
    let share_by_value = if place == GoalPlace::Inside {
        1.0
    } else {
        (edge_value - start_value) / (goal - start_value)
    };
    let share = share_by_date.min(share_by_value).clamp(0.0, 1.0);
    if share <= 0.0 {
        return None;
    }
    let index = start.index + share * (end_index - start.index);
    let value = start_value + share * (goal - start_value);
    let is_at_goal = share >= 1.0;
    let end = Point {
        index,
        x: axis.x(index),
        y: scale.range.position(value),
        base_y: 0.0,
        // On the way nothing is known: only the goal is a value.
        value: is_at_goal.then_some(goal),
        label: is_at_goal.then(|| ValueLabel::weight(goal, WEIGHT_DECIMALS, input.unit)),
        spread: None,
    };
    Some(Series {
        role: Role::Projection,
        is_continuous: true,
        runs: vec![Run {
            points: vec![start, end],
        }],
    })
}

fn facts(days: &[WeightDay], input: &WeightChartInput<'_>, gaps: &[Gap]) -> Facts {
    let dated = |day: &WeightDay| DatedValue {
        when: TimeLabel::Day { date: day.date },
        value: ValueLabel::of_weight(day.weight, input.unit),
    };
    let slope = input.slope.filter(|_| !days.is_empty());
    // A whole number of 10 g, so the mean is rounded once.
    let sum: i64 = days
        .iter()
        .map(|day| i64::from(day.weight.ten_grams()))
        .fold(0, i64::saturating_add);
    let mean_kg = sum as f64 / (days.len().max(1) as f64 * 100.0);
    Facts {
        period: TimeLabel::of(input.dates),
        measured_days: count(days.len()),
        days: input.dates.len(),
        minimum: days.iter().min_by_key(|day| (day.weight, day.date)).map(dated),
        maximum: days
            .iter()
            .max_by_key(|day| (day.weight, std::cmp::Reverse(day.date)))
            .map(dated),
        mean: (!days.is_empty())
            .then(|| ValueLabel::weight(in_unit(mean_kg, input.unit), WEIGHT_DECIMALS, input.unit)),
        total: None,
        direction: slope.map(direction),
        change_per_week: slope.map(|slope| {
            let change = in_unit(slope.kg_per_week(), input.unit);
            ValueLabel::weight_difference(change, CHANGE_DECIMALS, input.unit)
        }),
        change_days: slope.map(|slope| slope.reading_days),
        is_real_change: slope.map(Slope::is_real_change),
        goal_days: None,
        longest_streak_days: None,
        gaps: gaps::missing(gaps),
        marks: Vec::new(),
    }
}

fn direction(slope: &Slope) -> Direction {
    let kg_per_week = slope.kg_per_week();
    if kg_per_week.abs() < FLAT_KG_PER_WEEK {
        Direction::Steady
    } else if kg_per_week < 0.0 {
        Direction::Falling
    } else {
        Direction::Rising
    }
}
