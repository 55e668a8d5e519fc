//! The finished description of a chart, as plain records.
//!
//! Positions run from 0 to 1, left to right and bottom to top. Labels are keys with arguments, never sentences: digits,
//! separators and month names belong to the shell's locale. Source: charts.md section 1.

use chrono::Datelike as _;
use serde::Serialize;

use super::range::GoalPlace;
use super::weight::in_unit;
use crate::time::{CalendarUnit, DateRange, NaiveDate, UtcMillis};
use crate::weight::{MassUnit, ShownWeight, Weight};

/// How much time a chart shows; every range but the day is rolling and ends on a chosen date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// One date by the hour.
    Day,
    /// 7 dates.
    Week,
    /// 30 dates.
    Month,
    /// 91 dates.
    Quarter,
    /// 365 dates.
    Year,
    /// From the first date with data.
    All,
}

impl Span {
    /// The dates shown; `first` is the first date with data, for [`Span::All`].
    #[must_use]
    pub fn dates(self, end: NaiveDate, first: Option<NaiveDate>) -> DateRange {
        let days = match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 91,
            Self::Year => 365,
            Self::All => {
                let last = DateRange::single(end);
                return DateRange {
                    from: first.unwrap_or(end).min(end),
                    until: last.until,
                };
            }
        };
        DateRange::ending_on(end, days)
    }
}

/// What one place on the x axis stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BucketUnit {
    /// One hour slot.
    Hour,
    /// One date.
    Day,
    /// One week, or what of it is visible.
    Week,
    /// One month, or what of it is visible.
    Month,
}

impl BucketUnit {
    /// Days up to 31 days, weeks up to 26 weeks, months beyond. Source: charts.md section 6.
    #[must_use]
    pub const fn for_days(days: u32) -> Self {
        match days {
            0..=31 => Self::Day,
            32..=182 => Self::Week,
            _ => Self::Month,
        }
    }

    /// The visible dates cut into buckets, in order.
    #[must_use]
    pub fn buckets(self, dates: DateRange, week_start: crate::time::WeekStart) -> Vec<DateRange> {
        let unit = match self {
            Self::Hour | Self::Day => return dates.dates().map(DateRange::single).collect(),
            Self::Week => CalendarUnit::Week(week_start),
            Self::Month => CalendarUnit::Month,
        };
        let mut buckets = Vec::new();
        let mut from = dates.from;
        while from < dates.until {
            let until = unit.dates_around(from).until.min(dates.until);
            buckets.push(DateRange { from, until });
            from = until;
        }
        buckets
    }

    /// How a bucket is named: a month that is wholly shown by its name, everything else by its dates.
    #[must_use]
    pub fn label(self, dates: DateRange) -> TimeLabel {
        match self {
            Self::Month if CalendarUnit::Month.dates_around(dates.from) == dates => TimeLabel::Month {
                year: dates.from.year(),
                month: dates.from.month(),
            },
            _ => TimeLabel::of(dates),
        }
    }
}

/// A moment or a stretch of time to be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "key", rename_all = "snake_case")]
pub enum TimeLabel {
    /// An hour of the day.
    Hour {
        /// 0 to 23.
        hour: u8,
    },
    /// Several hours of a day, both included; the last is the smaller one where the day runs over midnight.
    Hours {
        /// First hour, 0 to 23.
        from: u8,
        /// Last hour, 0 to 23.
        to: u8,
    },
    /// A date; on an axis its day of the month is enough.
    Day {
        /// The date.
        date: NaiveDate,
    },
    /// A month.
    Month {
        /// The year.
        year: i32,
        /// 1 to 12.
        month: u32,
    },
    /// A year.
    Year {
        /// The year.
        year: i32,
    },
    /// Several dates, both ends included.
    Dates {
        /// First date.
        from: NaiveDate,
        /// Last date.
        to: NaiveDate,
    },
}

impl TimeLabel {
    /// The label of a bucket of dates.
    #[must_use]
    pub fn of(dates: DateRange) -> Self {
        match dates.last() {
            Some(last) if last != dates.from => Self::Dates {
                from: dates.from,
                to: last,
            },
            _ => Self::Day { date: dates.from },
        }
    }
}

/// A value to be written or spoken.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "key", rename_all = "snake_case")]
pub enum ValueLabel {
    /// Steps.
    Steps {
        /// Whole steps.
        steps: i64,
    },
    /// Kilograms.
    Kilograms {
        /// The value.
        value: f64,
        /// Digits after the point.
        decimals: u8,
    },
    /// Pounds.
    Pounds {
        /// The value.
        value: f64,
        /// Digits after the point.
        decimals: u8,
    },
    /// Stone and pounds, already carried.
    Stone {
        /// Whole stone.
        stone: i32,
        /// The pounds that are left, 0 to below 14.
        pounds: f64,
        /// Digits after the point of the pounds.
        decimals: u8,
    },
}

const POUNDS_PER_STONE: f64 = 14.0;

impl ValueLabel {
    /// A computed weight, rounded half away from zero; `value` is in kilograms for kilograms, else in pounds.
    #[must_use]
    pub fn weight(value: f64, decimals: u8, unit: MassUnit) -> Self {
        let value = rounded(value, decimals);
        match unit {
            MassUnit::Kilogram => Self::Kilograms { value, decimals },
            MassUnit::Pound => Self::Pounds { value, decimals },
            MassUnit::Stone => {
                let stone = (value / POUNDS_PER_STONE).floor();
                Self::Stone {
                    stone: stone as i32, // at most 80 stone
                    pounds: rounded(value - stone * POUNDS_PER_STONE, decimals),
                    decimals,
                }
            }
        }
    }

    /// A weight that was entered, with one decimal from its exact value. Source: weight.md section 2.
    #[must_use]
    pub fn of_weight(weight: Weight, unit: MassUnit) -> Self {
        match weight.shown_in(unit) {
            ShownWeight::Kilogram { tenths } => Self::Kilograms {
                value: f64::from(tenths) / 10.0,
                decimals: 1,
            },
            ShownWeight::Pound { tenths } => Self::Pounds {
                value: f64::from(tenths) / 10.0,
                decimals: 1,
            },
            ShownWeight::Stone { stone, pound_tenths } => Self::Stone {
                stone,
                pounds: f64::from(pound_tenths) / 10.0,
                decimals: 1,
            },
        }
    }

    /// A computed weight in kilograms, such as a trend, in its unit of display.
    #[must_use]
    pub fn of_kilograms(kg: f64, decimals: u8, unit: MassUnit) -> Self {
        Self::weight(in_unit(kg, unit), decimals, unit)
    }

    /// A difference in kilograms in its unit of display; stone are told in pounds.
    #[must_use]
    pub fn of_kilograms_difference(kg: f64, decimals: u8, unit: MassUnit) -> Self {
        Self::weight_difference(in_unit(kg, unit), decimals, unit)
    }

    /// A difference of weights; stone are told in pounds, which may have a sign.
    #[must_use]
    pub fn weight_difference(value: f64, decimals: u8, unit: MassUnit) -> Self {
        match unit {
            MassUnit::Kilogram => Self::weight(value, decimals, unit),
            MassUnit::Pound | MassUnit::Stone => Self::weight(value, decimals, MassUnit::Pound),
        }
    }
}

/// Half away from zero, without a negative zero.
fn rounded(value: f64, decimals: u8) -> f64 {
    let scale = 10f64.powi(i32::from(decimals));
    (value * scale).round() / scale + 0.0
}

/// What a series or a bar stands for; the shell gives each role a colour *and* a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sensor steps, or the mean of a week or month.
    Bar,
    /// Steps that a correction added on top.
    CorrectionAdded,
    /// Steps that a correction took away; they are not part of the total.
    CorrectionRemoved,
    /// Weigh-ins, or the mean of a week or month.
    RawPoint,
    /// The trend.
    Trend,
    /// Where the trend would go.
    Projection,
}

/// One value of a series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// Place on the x axis in buckets; whole but for weigh-ins inside a day and the end of a projection.
    pub index: f64,
    /// Position of `index`.
    pub x: f64,
    /// Position of the value.
    pub y: f64,
    /// Position of the foot of a bar; 0 for a bar that stands on the axis.
    pub base_y: f64,
    /// The value in the unit of display, unrounded; `None` if values are concealed.
    pub value: Option<f64>,
    /// How the value is written and spoken; `None` if values are concealed.
    pub label: Option<ValueLabel>,
    /// Smallest and largest day value, if the point is the mean of several days.
    pub spread: Option<Spread>,
}

/// From the smallest to the largest day value of a week or month.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// Position of the smallest.
    pub low_y: f64,
    /// Position of the largest.
    pub high_y: f64,
    /// The smallest; `None` if values are concealed.
    pub lowest: Option<ValueLabel>,
    /// The largest; `None` if values are concealed.
    pub highest: Option<ValueLabel>,
}

/// Consecutive points without a gap. A run of one point is drawn as a dot.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// In order of x, at least one.
    pub points: Vec<Point>,
}

/// Values of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Series {
    /// What they stand for.
    pub role: Role,
    /// Whether neighbouring points belong to one line.
    pub is_continuous: bool,
    /// Runs in order.
    pub runs: Vec<Run>,
}

/// Why a stretch of the x axis has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// Nothing was measured.
    NoData,
    /// The person paused counting.
    Paused,
    /// Before the first measurement ever.
    BeforeFirst,
    /// After today.
    Future,
}

/// A stretch of buckets without a value, or the place between two buckets where a line breaks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Gap {
    /// First bucket of the gap.
    pub from: usize,
    /// Last bucket of the gap, included; the one before `from` if no bucket lies in the gap.
    pub to: usize,
    /// Why.
    pub reason: GapReason,
    /// The points of the trend on both sides, ((x, y), (x, y)), if a dashed connection may be drawn.
    pub bridge: Option<((f64, f64), (f64, f64))>,
}

impl Gap {
    /// Two neighbouring buckets have values that are not joined: `earlier` and the one behind it.
    pub(super) const fn between_buckets(earlier: usize) -> Self {
        Self {
            from: earlier.saturating_add(1),
            to: earlier,
            reason: GapReason::NoData,
            bridge: None,
        }
    }

    /// Whether no bucket lies in the gap: the readings of two neighbouring weeks or months are too far apart to be joined.
    #[must_use]
    pub const fn is_between_buckets(&self) -> bool {
        self.to < self.from
    }

    /// Whether there is nothing else in a chart of so many buckets.
    #[must_use]
    pub const fn is_all_of(&self, buckets: usize) -> bool {
        self.from == 0 && self.to.saturating_add(1) == buckets
    }
}

/// One place on the x axis.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bucket {
    /// How it is named when it is selected. Dates and instants follow from it or stay inside the core.
    pub label: TimeLabel,
    /// First date.
    #[serde(skip)]
    pub dates: DateRange,
    /// First instant and first instant after it, for hours.
    #[serde(skip)]
    pub instants: Option<(UtcMillis, UtcMillis)>,
    /// The bucket is not over yet.
    pub is_incomplete: bool,
    /// Days with data inside; of an hour 1 if it was measured.
    pub measured_days: u32,
    /// Sum over the bucket; `None` without data, and for weights.
    pub total: Option<ValueLabel>,
}

/// A tick of the value axis.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ValueTick {
    /// Position.
    pub y: f64,
    /// What stands beside it; `None` if values are concealed.
    pub label: Option<ValueLabel>,
}

/// A tick of the time axis.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TimeTick {
    /// The bucket it belongs to.
    pub index: usize,
    /// Position of the bucket.
    pub x: f64,
    /// What stands below it.
    pub label: TimeLabel,
    /// The first tick and each change of month or year: the label names the larger unit too.
    pub is_first_of_unit: bool,
}

/// A horizontal line across the chart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Line {
    /// What it stands for.
    pub kind: LineKind,
    /// Position, or `None` if the goal lies beyond the axis.
    pub y: Option<f64>,
    /// Where the goal lies.
    pub place: GoalPlace,
    /// The value in the unit of display; `None` if values are concealed.
    pub value: Option<f64>,
    /// How it is written; `None` if values are concealed.
    pub label: Option<ValueLabel>,
}

/// What a horizontal line stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// The person's goal.
    Goal,
    /// The mean of the measured days.
    Average,
}

/// Something to know about one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// The bucket.
    pub index: usize,
    /// What.
    pub kind: MarkKind,
}

/// Kinds of marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "key", rename_all = "snake_case")]
pub enum MarkKind {
    /// Today, not over yet.
    Today,
    /// The date covered more or less than a day.
    ZoneChange,
    /// The person corrected the day.
    Corrected,
    /// Steps that were not believed.
    Quarantined {
        /// How many were not counted.
        steps: i64,
    },
}

/// A stretch of an hour chart that does not count.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Shade {
    /// Position of its left end.
    pub from_x: f64,
    /// Position of its right end.
    pub to_x: f64,
    /// Whether it was paused; else excluded.
    pub is_paused: bool,
}

/// A value with its date.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DatedValue {
    /// The bucket's name.
    pub when: TimeLabel,
    /// The value.
    pub value: ValueLabel,
}

/// Where a trend goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Downwards.
    Falling,
    /// Upwards.
    Rising,
    /// Less than 0.05 kg a week.
    Steady,
}

/// What a person would say about the chart. Source: charts.md section 9.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Facts {
    /// The dates shown.
    pub period: TimeLabel,
    /// Days with data.
    pub measured_days: u32,
    /// Days shown.
    pub days: u32,
    /// Smallest value; `None` without data or if values are concealed.
    pub minimum: Option<DatedValue>,
    /// Largest value.
    pub maximum: Option<DatedValue>,
    /// Mean of the measured days.
    pub mean: Option<ValueLabel>,
    /// Sum of the measured days; `None` for weights.
    pub total: Option<ValueLabel>,
    /// Where the trend goes.
    pub direction: Option<Direction>,
    /// Change of the trend per week; kilograms or pounds, signed.
    pub change_per_week: Option<ValueLabel>,
    /// Days with a weigh-in behind the change.
    pub change_days: Option<u32>,
    /// Whether the change is more than chance.
    pub is_real_change: Option<bool>,
    /// Days on which the goal was met, if there is one.
    pub goal_days: Option<u32>,
    /// Longest streak within the period, in days.
    pub longest_streak_days: Option<u32>,
    /// Number of gaps.
    pub gaps: u32,
    /// What is to be known about the one date of an hour chart, where its marks belong to no hour; else empty.
    pub marks: Vec<MarkKind>,
}

/// What the chart is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Steps, as bars.
    Steps,
    /// Weight, as lines.
    Weight,
}

/// The unit of the value axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueUnit {
    /// Steps.
    Steps,
    /// Kilograms.
    Kilograms,
    /// Pounds.
    Pounds,
    /// Pounds by value, written as stone and pounds.
    Stone,
}

impl From<MassUnit> for ValueUnit {
    fn from(unit: MassUnit) -> Self {
        match unit {
            MassUnit::Kilogram => Self::Kilograms,
            MassUnit::Pound => Self::Pounds,
            MassUnit::Stone => Self::Stone,
        }
    }
}

/// A chart, ready to be drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Chart {
    /// What it is about.
    pub subject: Subject,
    /// Range that was asked for.
    pub span: Span,
    /// What a bucket stands for.
    pub bucket_unit: BucketUnit,
    /// Unit of all values.
    pub value_unit: ValueUnit,
    /// Values at the bottom and the top of the value axis; `None` without data or if values are concealed.
    pub value_ends: Option<(f64, f64)>,
    /// Places on the x axis.
    pub buckets: Vec<Bucket>,
    /// Values.
    pub series: Vec<Series>,
    /// Stretches without values.
    pub gaps: Vec<Gap>,
    /// Ticks of the value axis; empty if there is no data, the shell then shows an empty state.
    pub value_ticks: Vec<ValueTick>,
    /// Ticks of the time axis.
    pub time_ticks: Vec<TimeTick>,
    /// Goal and average.
    pub lines: Vec<Line>,
    /// Marks, in order of their bucket.
    pub marks: Vec<Mark>,
    /// Stretches that do not count, in hour charts.
    pub shades: Vec<Shade>,
    /// Weigh-ins of a one-day chart that have no time of day and so no place on its axis; `None` if values are concealed.
    pub untimed: Vec<Option<ValueLabel>>,
    /// The summary.
    pub facts: Facts,
}

impl Chart {
    /// Whether there is anything to draw.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.series.iter().all(|series| series.runs.is_empty())
    }

    /// Why an empty chart has nothing to draw: the reason of its gaps, without what is still to come if there is more.
    #[must_use]
    pub fn empty_reason(&self) -> GapReason {
        let mut reasons = self.gaps.iter().map(|gap| gap.reason);
        let is_past = |reason: &GapReason| *reason != GapReason::Future;
        let mut past = reasons.clone().filter(is_past);
        match past.next() {
            Some(reason) if past.all(|other| other == reason) => reason,
            Some(_) => GapReason::NoData,
            None => reasons.next().unwrap_or(GapReason::NoData),
        }
    }

    /// A point with its time; `None` if values are concealed.
    #[must_use]
    pub fn dated(&self, point: &Point) -> Option<DatedValue> {
        let bucket = self.buckets.get(point.index as usize)?; // indexes are not negative
        Some(DatedValue {
            when: bucket.label,
            value: point.label?,
        })
    }

    /// Position of a bucket: the middle of a bar, or the place of a line's point.
    #[must_use]
    pub fn x_of(&self, index: f64) -> f64 {
        Axis::of(self.subject, self.bucket_unit, self.buckets.len()).x(index)
    }
}

/// How bucket indexes become positions. Source: charts.md section 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    /// Bars stand in the middle of their place.
    Bars(usize),
    /// Lines begin and end at the edges.
    Lines(usize),
    /// Weigh-ins of one date lie between the hours: index 6.5 is half an hour after the start of the seventh.
    Clock(usize),
}

impl Axis {
    pub(super) const fn of(subject: Subject, unit: BucketUnit, buckets: usize) -> Self {
        match (subject, unit) {
            (Subject::Steps, _) => Self::Bars(buckets),
            (Subject::Weight, BucketUnit::Hour) => Self::Clock(buckets),
            (Subject::Weight, _) => Self::Lines(buckets),
        }
    }

    /// Position of a bucket index, 0 to 1.
    pub(super) fn x(self, index: f64) -> f64 {
        match self {
            Self::Bars(buckets) if buckets > 0 => (index + 0.5) / buckets as f64,
            Self::Lines(buckets) if buckets > 1 => index / (buckets as f64 - 1.0),
            Self::Clock(buckets) if buckets > 0 => index / buckets as f64,
            _ => 0.5,
        }
    }

    /// The bucket index at a position, whole for bars; positions beyond an end are taken as the end.
    pub(super) fn index(self, x: f64) -> f64 {
        let x = if x.is_nan() { 0.0 } else { x.clamp(0.0, 1.0) };
        match self {
            Self::Bars(buckets) => (x * buckets as f64).floor().min(buckets as f64 - 1.0).max(0.0),
            Self::Lines(buckets) => x * (buckets as f64 - 1.0).max(0.0),
            Self::Clock(buckets) => x * buckets as f64,
        }
    }
}

/// Counts are small; a count beyond 32 bits cannot come from dates.
pub(super) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
