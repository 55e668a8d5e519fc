//! What a finger, a key or a screen reader finds at a place of a chart. Source: charts.md sections 8 and 9.
//!
//! Every value and every gap is one **stop**. A finger finds the stop at a position, keys and screen readers walk from stop to
//! stop, so that nothing is hidden from a person who cannot see the chart.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use serde::Serialize;

use super::model::{
    Axis, Bucket, BucketUnit, Chart, Gap, GapReason, LineKind, MarkKind, Point, Role, Spread, Subject,
    TimeLabel, ValueLabel, ValueUnit,
};
use crate::time::DateRange;
use crate::weight::MassUnit;

#[cfg(test)]
mod tests;

/// A line's gap is told from here on, in buckets from the nearest point.
const HALF_A_BUCKET: f64 = 0.5;

/// What is selected.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Selection {
    /// Number of the stop, from 0.
    pub stop: usize,
    /// First and last bucket; one and the same but for gaps.
    pub buckets: (usize, usize),
    /// The dates or the hour.
    pub when: TimeLabel,
    /// Position on the x axis: of the value, or of the middle of the gap.
    pub x: f64,
    /// The value, or why there is none.
    pub found: Found,
    /// What is spoken, in this order.
    pub spoken: Vec<SpokenPart>,
}

/// What lies at a stop.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "key", rename_all = "snake_case")]
pub enum Found {
    /// A value.
    Value(SelectedValue),
    /// No value.
    Gap {
        /// Why.
        reason: GapReason,
    },
}

/// A value with what belongs to it. Every number is `None` if values are concealed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SelectedValue {
    /// Position on the value axis.
    pub y: f64,
    /// What counts: the steps of a day with her correction, the mean of a week or month, a weight.
    pub value: Option<ValueLabel>,
    /// How far her correction moved the day, signed; `None` without one.
    pub correction: Option<ValueLabel>,
    /// The trend at a weight.
    pub trend: Option<ValueLabel>,
    /// Smallest and largest day value of a week or month of weights.
    pub spread: Option<Spread>,
    /// Sum of a week or month of steps.
    pub total: Option<ValueLabel>,
    /// Days with data behind the value.
    pub measured_days: u32,
    /// Value minus goal, signed; `None` without a goal.
    pub difference_to_goal: Option<ValueLabel>,
    /// The bucket is not over yet.
    pub is_incomplete: bool,
}

/// A part of what a screen reader says; the shell puts each into words.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "part", rename_all = "snake_case")]
pub enum SpokenPart {
    /// When.
    Time {
        /// The dates or the hour.
        when: TimeLabel,
    },
    /// A value with its unit.
    Value {
        /// The value.
        value: ValueLabel,
    },
    /// A measured zero, which is not "no data".
    Zero,
    /// No value, and why.
    NoValue {
        /// Why.
        reason: GapReason,
    },
    /// The value is a mean.
    MeanOf {
        /// Over so many days.
        measured_days: u32,
    },
    /// A correction is part of the value.
    Correction {
        /// Signed.
        value: ValueLabel,
    },
    /// The trend there.
    Trend {
        /// The trend.
        value: ValueLabel,
    },
    /// Value minus goal.
    DifferenceToGoal {
        /// Signed.
        value: ValueLabel,
    },
    /// The bucket is not over yet.
    Incomplete,
    /// Something to know about the bucket.
    Mark {
        /// What.
        mark: MarkKind,
    },
}

/// A place to stop at.
#[derive(Debug, Clone, Copy)]
enum Stop<'a> {
    Value(&'a Point),
    Gap(&'a Gap),
}

impl Stop<'_> {
    /// Where it begins, in buckets.
    fn start(&self) -> f64 {
        match self {
            Self::Value(point) => point.index,
            Self::Gap(gap) => gap.from as f64,
        }
    }
}

impl Chart {
    /// What lies at a position of the x axis, 0 to 1; beyond an end the end.
    ///
    /// Bars: the bucket that contains it. Lines: the nearest point, of two equally near ones the earlier; in a gap, more than
    /// half a bucket away from any point, the gap. `None` if the chart has no bucket.
    #[must_use]
    pub fn select(&self, x: f64) -> Option<Selection> {
        let index = self.axis().index(x);
        let stops = self.stops();
        let (stop, _) = match self.subject {
            Subject::Steps => stops
                .iter()
                .enumerate()
                .rfind(|(_, stop)| stop.start() <= index)
                .or_else(|| stops.iter().enumerate().next())?,
            Subject::Weight => Self::nearest(&stops, index)?,
        };
        self.selection(&stops, stop)
    }

    /// What lies in a bucket, for a keyboard or a screen reader; `None` if there is no such bucket.
    #[must_use]
    pub fn select_bucket(&self, bucket: usize) -> Option<Selection> {
        if bucket >= self.buckets.len() {
            return None;
        }
        match self.axis() {
            // The middle of an hour lies nearest to the readings of that hour.
            Axis::Clock(_) => self.select(self.x_of(bucket as f64 + HALF_A_BUCKET)),
            _ => self.select(self.x_of(bucket as f64)),
        }
    }

    /// The stop behind; the last one stays where it is.
    #[must_use]
    pub fn next(&self, selection: &Selection) -> Option<Selection> {
        let stops = self.stops();
        let last = stops.len().checked_sub(1)?;
        self.selection(&stops, selection.stop.saturating_add(1).min(last))
    }

    /// The stop before; the first one stays where it is.
    #[must_use]
    pub fn previous(&self, selection: &Selection) -> Option<Selection> {
        let stops = self.stops();
        let last = stops.len().checked_sub(1)?;
        self.selection(&stops, selection.stop.saturating_sub(1).min(last))
    }

    /// Every value and gap in reading order: one node of a screen reader each.
    #[must_use]
    pub fn spoken(&self) -> Vec<Selection> {
        let stops = self.stops();
        (0..stops.len())
            .filter_map(|stop| self.selection(&stops, stop))
            .collect()
    }

    const fn axis(&self) -> Axis {
        Axis::of(self.subject, self.bucket_unit, self.buckets.len())
    }

    fn points(&self, role: Role) -> impl Iterator<Item = &Point> {
        self.series
            .iter()
            .filter(move |series| series.role == role)
            .flat_map(|series| &series.runs)
            .flat_map(|run| &run.points)
    }

    /// Values and gaps from left to right. A day that was only entered by hand has no bar, so its correction is the value.
    fn stops(&self) -> Vec<Stop<'_>> {
        let values: Vec<&Point> = match self.subject {
            Subject::Weight => self.points(Role::RawPoint).collect(),
            Subject::Steps => {
                let mut values: Vec<&Point> = self.points(Role::Bar).collect();
                let has_bar: BTreeSet<usize> = values.iter().map(|point| point.index as usize).collect();
                values.extend(
                    self.points(Role::CorrectionAdded)
                        .filter(|point| !has_bar.contains(&(point.index as usize))),
                );
                values
            }
        };
        let mut stops: Vec<Stop<'_>> = values
            .into_iter()
            .map(Stop::Value)
            // A gap between two readings of neighbouring weeks has no bucket of its own to stop at.
            .chain(
                self.gaps
                    .iter()
                    .filter(|gap| !gap.is_between_buckets())
                    .map(Stop::Gap),
            )
            .collect();
        stops.sort_by(|one, other| one.start().total_cmp(&other.start()));
        stops
    }

    fn nearest<'s, 'a>(stops: &'s [Stop<'a>], index: f64) -> Option<(usize, &'s Stop<'a>)> {
        let distance = |stop: &Stop<'_>| match stop {
            Stop::Value(point) => (point.index - index).abs(),
            Stop::Gap(_) => f64::INFINITY,
        };
        let nearest = stops
            .iter()
            .enumerate()
            .min_by(|(_, one), (_, other)| distance(one).total_cmp(&distance(other)));
        let gap = stops.iter().enumerate().find(|(_, stop)| match stop {
            Stop::Gap(gap) => {
                let bucket = index.round();
                gap.from as f64 <= bucket && bucket <= gap.to as f64
            }
            Stop::Value(_) => false,
        });
        match nearest {
            Some((_, stop)) if distance(stop) <= HALF_A_BUCKET => nearest,
            // The hours of one date end behind its last bucket, so an empty date is asked beyond it.
            _ => gap.or(nearest),
        }
    }

    fn selection(&self, stops: &[Stop<'_>], stop: usize) -> Option<Selection> {
        match *stops.get(stop)? {
            Stop::Value(point) => self.selected_value(stop, point),
            Stop::Gap(gap) => self.selected_gap(stop, gap),
        }
    }

    fn selected_gap(&self, stop: usize, gap: &Gap) -> Option<Selection> {
        let (first, last) = (self.buckets.get(gap.from)?, self.buckets.get(gap.to)?);
        let is_whole_date = self.bucket_unit == BucketUnit::Hour && gap.is_all_of(self.buckets.len());
        let when = match (first.label, last.label) {
            (label, _) if gap.from == gap.to && !is_whole_date => label,
            (TimeLabel::Hour { hour: from }, TimeLabel::Hour { hour: to }) if !is_whole_date => {
                TimeLabel::Hours { from, to }
            }
            _ => TimeLabel::of(DateRange {
                from: first.dates.from,
                until: last.dates.until,
            }),
        };
        let reason = gap.reason;
        let mut spoken = vec![SpokenPart::Time { when }, SpokenPart::NoValue { reason }];
        spoken.extend(self.spoken_marks(gap.from..=gap.to));
        Some(Selection {
            stop,
            buckets: (gap.from, gap.to),
            when,
            x: self.x_of(f64::midpoint(gap.from as f64, gap.to as f64)),
            found: Found::Gap { reason },
            spoken,
        })
    }

    fn selected_value(&self, stop: usize, point: &Point) -> Option<Selection> {
        let index = point.index as usize; // indexes are not negative
        let bucket = self.buckets.get(index)?;
        let is_at = |other: &&Point| other.index.total_cmp(&point.index).is_eq();
        let added = self.points(Role::CorrectionAdded).find(is_at);
        let removed = self.points(Role::CorrectionRemoved).find(is_at);
        let trend = self.points(Role::Trend).find(is_at);
        let bar = self.points(Role::Bar).find(is_at);
        let steps_of = |point: Option<&Point>| point.and_then(|point| point.value).unwrap_or(0.0) as i64;
        let (value, correction, number) = match self.subject {
            Subject::Weight => (point.label, None, point.value),
            Subject::Steps => {
                let steps = steps_of(bar).saturating_add(steps_of(added));
                let moved = steps_of(added).saturating_sub(steps_of(removed));
                let correction =
                    (added.is_some() || removed.is_some()).then_some(ValueLabel::Steps { steps: moved });
                (Some(ValueLabel::Steps { steps }), correction, Some(steps as f64))
            }
        };
        let selected = SelectedValue {
            y: added.unwrap_or(point).y,
            value,
            correction,
            trend: trend.and_then(|trend| trend.label),
            spread: point.spread,
            total: bucket.total,
            measured_days: bucket.measured_days,
            difference_to_goal: number.and_then(|number| self.difference_to_goal(number)),
            is_incomplete: bucket.is_incomplete,
        };
        Some(Selection {
            stop,
            buckets: (index, index),
            when: bucket.label,
            x: point.x,
            found: Found::Value(selected),
            spoken: self.spoken_parts(index, bucket, &selected),
        })
    }

    fn difference_to_goal(&self, value: f64) -> Option<ValueLabel> {
        let goal = self
            .lines
            .iter()
            .find(|line| line.kind == LineKind::Goal)?
            .value?;
        let difference = value - goal;
        let unit = match self.value_unit {
            ValueUnit::Steps => {
                return Some(ValueLabel::Steps {
                    steps: difference as i64, // both are whole steps
                });
            }
            ValueUnit::Kilograms => MassUnit::Kilogram,
            ValueUnit::Pounds | ValueUnit::Stone => MassUnit::Pound,
        };
        Some(ValueLabel::weight_difference(difference, 1, unit))
    }

    fn spoken_parts(&self, index: usize, bucket: &Bucket, selected: &SelectedValue) -> Vec<SpokenPart> {
        let value = selected.value.map(|value| match value {
            ValueLabel::Steps { steps: 0 } => SpokenPart::Zero,
            value => SpokenPart::Value { value },
        });
        let mean = (selected.measured_days > 1).then_some(SpokenPart::MeanOf {
            measured_days: selected.measured_days,
        });
        let mut spoken = vec![SpokenPart::Time { when: bucket.label }];
        spoken.extend(value);
        spoken.extend(mean);
        spoken.extend(selected.correction.map(|value| SpokenPart::Correction { value }));
        spoken.extend(selected.trend.map(|value| SpokenPart::Trend { value }));
        spoken.extend(
            selected
                .difference_to_goal
                .map(|value| SpokenPart::DifferenceToGoal { value }),
        );
        spoken.extend(selected.is_incomplete.then_some(SpokenPart::Incomplete));
        spoken.extend(self.spoken_marks(index..=index));
        spoken
    }

    /// The marks of some buckets. That today is not over is spoken as an incomplete value.
    fn spoken_marks(&self, buckets: RangeInclusive<usize>) -> impl Iterator<Item = SpokenPart> {
        self.marks
            .iter()
            .filter(move |mark| buckets.contains(&mark.index) && mark.kind != MarkKind::Today)
            .map(|mark| SpokenPart::Mark { mark: mark.kind })
    }
}
