//! Where plot, axes, line labels and legend stand, so that nothing overlaps or leaves the picture.

use super::LABEL_PX;
use super::canvas::Frame;
use super::legend::{Legend, ROW_PX};
use super::missing::drawn_gaps;
use super::text;
use crate::charts::labels::LabelFormatter;
use crate::charts::model::{BucketUnit, Chart, GapReason, MarkKind};

/// Free space at the edges of the picture.
pub(super) const MARGIN: f64 = 24.0;
/// From the top of the picture to the end of title and period.
const HEADER_PX: f64 = 82.0;
/// The same in a low picture.
const LOW_HEADER_PX: f64 = 75.0;
/// A picture below this height is low.
const LOW_PX: f64 = 360.0;
/// Height of the symbol of today and of the labels below the time axis.
const TIME_AXIS_PX: f64 = 34.0;
/// Height of one symbol above the plot.
pub(super) const MARK_PX: f64 = 16.0;
/// A wider label of a line stands in the legend instead of beside the plot: inside it would lie over bars.
const WIDEST_LABEL_SHARE: f64 = 0.24;
/// Symbols of neighbouring buckets must not touch; on a narrower axis the legend alone names them.
const LEAST_BUCKET_FOR_MARKS_PX: f64 = 13.0;
/// Share of the picture's height that is left for values; the legend gives up rows for it.
const LEAST_PLOT_SHARE: f64 = 0.45;

/// The places of one picture.
pub(super) struct Layout {
    pub(super) picture: Frame,
    pub(super) plot: Frame,
    /// Whether labels of goal and average stand to the right of the plot; else in the legend.
    pub(super) has_gutter: bool,
    /// Whether symbols stand above the plot.
    pub(super) has_marks: bool,
    pub(super) legend: Legend,
}

impl Layout {
    pub(super) fn new(chart: &Chart, labels: &dyn LabelFormatter, width: f64, height: f64) -> Self {
        let widest = |texts: &mut dyn Iterator<Item = String>| {
            texts.map(|text| text::width(&text, LABEL_PX)).fold(0.0, f64::max)
        };
        let value_labels = widest(
            &mut chart
                .value_ticks
                .iter()
                .filter_map(|tick| Some(labels.value_tick(tick.label.as_ref()?))),
        );
        let line_labels = widest(
            &mut chart
                .lines
                .iter()
                .map(|line| labels.line(line.kind, line.label.as_ref())),
        );
        let has_gutter = line_labels > 0.0 && line_labels <= width * WIDEST_LABEL_SHARE;
        let left = MARGIN
            + if value_labels > 0.0 {
                value_labels + 10.0
            } else {
                0.0
            };
        let right = width - MARGIN - if has_gutter { line_labels + 10.0 } else { 0.0 };
        let has_room_for_marks =
            (right - left) / chart.buckets.len().max(1) as f64 >= LEAST_BUCKET_FOR_MARKS_PX;
        let rows_of_marks = if has_room_for_marks { mark_rows(chart) } else { 0 };
        let header = if height < LOW_PX { LOW_HEADER_PX } else { HEADER_PX };
        let top = header + MARK_PX * rows_of_marks as f64;
        let bottom_with = |rows: usize| {
            height - 12.0 - rows as f64 * ROW_PX - if chart.is_empty() { 12.0 } else { TIME_AXIS_PX }
        };
        let least = height * LEAST_PLOT_SHARE;
        // A word that has room in the lowest plot has it in any.
        let lowest_plot = Frame {
            left,
            top,
            right,
            bottom: bottom_with(0).min(top + least),
        };
        let mut unnamed_gaps: Vec<GapReason> = Vec::new();
        for gap in drawn_gaps(chart, labels, lowest_plot) {
            if gap.word_at.is_none() && !unnamed_gaps.contains(&gap.reason) {
                unnamed_gaps.push(gap.reason);
            }
        }
        let lines = if has_gutter { &[] } else { chart.lines.as_slice() };
        let mut legend = Legend::new(chart, labels, lines, &unnamed_gaps, width - 2.0 * MARGIN);
        while legend.rows() > 0 && bottom_with(legend.rows()) - top < least {
            legend.drop_last_row();
        }
        let bottom = bottom_with(legend.rows()).max(top + 1.0);
        legend.top = height - 16.0 - legend.rows() as f64 * ROW_PX;
        Self {
            picture: Frame {
                left: 0.0,
                top: 0.0,
                right: width,
                bottom: height,
            },
            plot: Frame {
                left,
                top,
                right,
                bottom,
            },
            has_gutter,
            has_marks: rows_of_marks > 0,
            legend,
        }
    }
}

/// Whether ticks can stand at uneven distances: those of hours do where the person changed zones.
pub(super) fn has_uneven_ticks(chart: &Chart) -> bool {
    chart.bucket_unit == BucketUnit::Hour
}

/// How many symbols stand above each other at most. Today has its place below the axis, and the marks of an hour chart
/// belong to the whole day: they stand in the legend alone.
fn mark_rows(chart: &Chart) -> usize {
    if chart.bucket_unit == BucketUnit::Hour {
        return 0;
    }
    let marks: Vec<usize> = chart
        .marks
        .iter()
        .filter(|mark| mark.kind != MarkKind::Today)
        .map(|mark| mark.index)
        .collect();
    marks
        .chunk_by(|one, next| one == next)
        .map(<[usize]>::len)
        .max()
        .unwrap_or(0)
}
