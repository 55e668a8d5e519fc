//! The weight chart of one date: every reading by its time of day. Source: charts.md sections 6, 7 and 11.

use super::lttb::largest_triangles;
use super::model::{
    Axis, Bucket, BucketUnit, Chart, DatedValue, Facts, Gap, Point, Role, Run, Series, Span, Subject,
    TimeLabel, ValueLabel, ValueUnit,
};
use super::time_axis::hour_ticks;
use super::weight::{Scale, in_unit};
use super::{concealed, gaps};
use crate::time::{DAY_MS, DateRange, DayStart, HOUR_MS, NaiveDate};
use crate::weight::{GoalWeight, MassUnit, Weight};

#[cfg(test)]
mod tests;

/// More readings of one date than this are more than a picture can show apart; nobody types so many, an import may bring them.
const MOST_DRAWN: usize = 400;

/// One reading of the date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockedWeight {
    /// Its local time in milliseconds after midnight; `None` if only the date is known.
    pub clock_ms: Option<i64>,
    /// The weight.
    pub weight: Weight,
}

/// What the weight chart of one date is made of.
#[derive(Debug, Clone, Copy)]
pub struct WeighInChartInput<'a> {
    /// The date shown.
    pub date: NaiveDate,
    /// Every reading of the date.
    pub weigh_ins: &'a [ClockedWeight],
    /// Date of the first reading ever.
    pub first_reading: Option<NaiveDate>,
    /// The person's goal.
    pub goal: Option<GoalWeight>,
    /// Unit of display.
    pub unit: MassUnit,
    /// The person's date now.
    pub today: NaiveDate,
    /// Where her day begins.
    pub day_start: DayStart,
    /// Whether the chart shows the shape without any number.
    pub conceal_values: bool,
}

/// Every reading of one date by its own clock.
///
/// Shapes: one bucket per hour of the clock from the start of the day, 24, or 25 if the day starts inside an hour. The clock is
/// that of the reading, so a change of zone moves nothing. Readings without a time are in [`Chart::untimed`].
#[must_use]
pub fn weigh_in_chart(input: &WeighInChartInput<'_>) -> Chart {
    let hours = ClockHours::new(input.day_start);
    let axis = Axis::Clock(hours.edges_ms.len());
    let mut timed: Vec<(f64, Weight)> = input
        .weigh_ins
        .iter()
        .filter_map(|weigh_in| Some((hours.index_of(weigh_in.clock_ms?), weigh_in.weight)))
        .collect();
    timed.sort_by(|one, other| one.0.total_cmp(&other.0));
    let scale = Scale::around(
        timed.iter().map(|(_, weight)| weight.kilograms()),
        input.goal,
        input.unit,
    );
    let gaps = day_gap(input, hours.edges_ms.len());
    let chart = Chart {
        subject: Subject::Weight,
        span: Span::Day,
        bucket_unit: BucketUnit::Hour,
        value_unit: ValueUnit::from(input.unit),
        value_ends: scale.as_ref().map(|scale| (scale.range.lower, scale.range.upper)),
        buckets: hours
            .labels()
            .enumerate()
            .map(|(index, hour)| Bucket {
                label: TimeLabel::Hour { hour },
                dates: DateRange::single(input.date),
                instants: None,
                is_incomplete: input.date >= input.today,
                measured_days: u32::from(timed.iter().any(|(at, _)| *at as usize == index)),
                total: None,
            })
            .collect(),
        series: scale
            .as_ref()
            .map(|scale| readings(&timed, scale, axis, input.unit))
            .into_iter()
            .collect(),
        value_ticks: scale.as_ref().map(Scale::ticks).unwrap_or_default(),
        time_ticks: hour_ticks(axis, hours.labels()),
        lines: scale.as_ref().and_then(Scale::goal_line).into_iter().collect(),
        marks: Vec::new(),
        shades: Vec::new(),
        untimed: input
            .weigh_ins
            .iter()
            .filter(|weigh_in| weigh_in.clock_ms.is_none())
            .map(|weigh_in| Some(ValueLabel::of_weight(weigh_in.weight, input.unit)))
            .collect(),
        facts: facts(input, &hours, &gaps),
        gaps,
    };
    if input.conceal_values {
        concealed(chart)
    } else {
        chart
    }
}

/// The hours of the clock from the start of the day.
struct ClockHours {
    /// Start of each hour in milliseconds after the start of the day, ascending from 0.
    edges_ms: Vec<i64>,
    day_start_ms: i64,
}

impl ClockHours {
    fn new(day_start: DayStart) -> Self {
        let day_start_ms = day_start.millis();
        let first_whole = day_start_ms
            .checked_rem(HOUR_MS)
            .filter(|inside| *inside > 0)
            .map_or(0, |inside| HOUR_MS.saturating_sub(inside));
        let whole_hours = (0..24)
            .map(|hour: i64| first_whole.saturating_add(hour.saturating_mul(HOUR_MS)))
            .filter(|edge| *edge < DAY_MS);
        let edges_ms = std::iter::once(0)
            .filter(|_| first_whole > 0)
            .chain(whole_hours)
            .collect();
        Self {
            edges_ms,
            day_start_ms,
        }
    }

    /// The hour on the clock of each bucket.
    fn labels(&self) -> impl Iterator<Item = u8> {
        self.edges_ms
            .iter()
            .map(|edge| (self.day_start_ms.saturating_add(*edge).rem_euclid(DAY_MS) / HOUR_MS) as u8) // below 24
    }

    /// Where a time of day lies, in buckets.
    fn index_of(&self, clock_ms: i64) -> f64 {
        let after_start = clock_ms.saturating_sub(self.day_start_ms).rem_euclid(DAY_MS);
        let next = self.edges_ms.partition_point(|edge| *edge <= after_start);
        let index = next.saturating_sub(1);
        let from = self.edges_ms.get(index).copied().unwrap_or(0);
        let until = self.edges_ms.get(next).copied().unwrap_or(DAY_MS);
        let inside = after_start.saturating_sub(from) as f64 / until.saturating_sub(from).max(1) as f64;
        index as f64 + inside
    }
}

fn readings(timed: &[(f64, Weight)], scale: &Scale, axis: Axis, unit: MassUnit) -> Series {
    let places: Vec<(f64, f64)> = timed
        .iter()
        .map(|(index, weight)| (*index, weight.kilograms()))
        .collect();
    let points = largest_triangles(&places, MOST_DRAWN)
        .into_iter()
        .filter_map(|kept| timed.get(kept))
        .map(|(index, weight)| {
            let value = in_unit(weight.kilograms(), unit);
            Point {
                index: *index,
                x: axis.x(*index),
                y: scale.range.position(value),
                base_y: 0.0,
                value: Some(value),
                label: Some(ValueLabel::of_weight(*weight, unit)),
                spread: None,
            }
        })
        .collect();
    Series {
        role: Role::RawPoint,
        is_continuous: false,
        runs: vec![Run { points }],
    }
}

/// A date without a reading is one gap; otherwise hours without one are nothing special.
fn day_gap(input: &WeighInChartInput<'_>, hours: usize) -> Vec<Gap> {
    if !input.weigh_ins.is_empty() {
        return Vec::new();
    }
    let reason = gaps::reason_of_dates(DateRange::single(input.date), input.today, input.first_reading);
    gaps::collect(&vec![Some(reason); hours])
}

fn facts(input: &WeighInChartInput<'_>, hours: &ClockHours, gaps: &[Gap]) -> Facts {
    let dated = |weigh_in: &ClockedWeight| {
        let hour = weigh_in
            .clock_ms
            .and_then(|clock_ms| hours.labels().nth(hours.index_of(clock_ms) as usize));
        DatedValue {
            when: hour.map_or(TimeLabel::Day { date: input.date }, |hour| TimeLabel::Hour {
                hour,
            }),
            value: ValueLabel::of_weight(weigh_in.weight, input.unit),
        }
    };
    let weigh_ins = || input.weigh_ins.iter();
    Facts {
        period: TimeLabel::Day { date: input.date },
        measured_days: u32::from(!input.weigh_ins.is_empty()),
        days: 1,
        minimum: weigh_ins().min_by_key(|weigh_in| weigh_in.weight).map(dated),
        maximum: weigh_ins()
            .rev()
            .max_by_key(|weigh_in| weigh_in.weight)
            .map(dated),
        mean: None,
        total: None,
        direction: None,
        change_per_week: None,
        change_days: None,
        is_real_change: None,
        goal_days: None,
        longest_streak_days: None,
        gaps: gaps::missing(gaps),
        marks: Vec::new(),
    }
}
