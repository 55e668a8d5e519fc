//! What the shapes of a picture mean: a row of samples with their names below the chart, and the symbols themselves.

use super::LABEL_PX;
use super::canvas::{Anchor, Canvas, Frame, Slant, Stroke, TextStyle};
use super::layout::{Layout, MARGIN};
use super::text;
use super::theme::Palette;
use crate::charts::labels::LabelFormatter;
use crate::charts::model::{Chart, GapReason, Line, LineKind, MarkKind, Role, ValueLabel};
use crate::charts::range::GoalPlace;

/// Height of a row.
pub(super) const ROW_PX: f64 = 22.0;
const SAMPLE_PX: f64 = 18.0;
const AFTER_SAMPLE_PX: f64 = 7.0;
const AFTER_ITEM_PX: f64 = 20.0;

/// Names in this order, whatever covers what in the picture.
const ROLES: [Role; 6] = [
    Role::Bar,
    Role::CorrectionAdded,
    Role::CorrectionRemoved,
    Role::Trend,
    Role::RawPoint,
    Role::Projection,
];

/// What a sample shows.
#[derive(Clone, Copy, PartialEq)]
enum Sample {
    /// Goal or average, where the picture has no room for its label.
    Line(Line),
    Series(Role),
    /// Missing data of which a stretch is too narrow for its word.
    Gap(GapReason),
    Mark(MarkKind),
    Shade {
        is_paused: bool,
    },
    /// A weigh-in without a place on the time axis.
    Untimed(Option<ValueLabel>),
}

struct Item {
    sample: Sample,
    name: String,
    /// Left end, from the margin.
    left: f64,
    /// Right end of the name.
    right: f64,
}

/// Samples in rows.
pub(super) struct Legend {
    rows: Vec<Vec<Item>>,
    /// Top of the first row in the picture.
    pub(super) top: f64,
}

impl Legend {
    /// Names whatever does not explain itself: a chart of plain bars alone needs no legend.
    ///
    /// What matters most stands first, so that the last row is the one to be given up. `lines` and `unnamed_gaps` are those
    /// whose names do not stand in the plot.
    pub(super) fn new(
        chart: &Chart,
        labels: &dyn LabelFormatter,
        lines: &[Line],
        unnamed_gaps: &[GapReason],
        room_px: f64,
    ) -> Self {
        let mut rows: Vec<Vec<Item>> = Vec::new();
        // The picture of an empty chart says in words what there is.
        if chart.is_empty() {
            return Self { rows, top: 0.0 };
        }
        for sample in samples(chart, lines, unnamed_gaps) {
            let name = match sample {
                Sample::Line(line) => labels.line(line.kind, line.label.as_ref()),
                Sample::Series(role) => labels.series(role),
                Sample::Gap(reason) => labels.gap(reason),
                Sample::Mark(kind) => labels.mark(&kind, chart.subject),
                Sample::Untimed(value) => labels.untimed(value.as_ref()),
                Sample::Shade { is_paused } => labels.shade(is_paused),
            };
            let name = text::fitted(&name, LABEL_PX, room_px - SAMPLE_PX - AFTER_SAMPLE_PX);
            let width = SAMPLE_PX + AFTER_SAMPLE_PX + text::width(&name, LABEL_PX);
            let left_in = |row: &[Item]| row.last().map_or(0.0, |item| item.right + AFTER_ITEM_PX);
            let item = |left: f64| Item {
                sample,
                name,
                left,
                right: left + width,
            };
            // The first row with room, so that short names fill what long ones leave.
            match rows.iter_mut().find(|row| left_in(row) + width <= room_px) {
                Some(row) => {
                    let left = left_in(row);
                    row.push(item(left));
                }
                None => rows.push(vec![item(0.0)]),
            }
        }
        Self { rows, top: 0.0 }
    }

    pub(super) const fn rows(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn drop_last_row(&mut self) {
        self.rows.pop();
    }
}

/// What needs a name, the most important first.
fn samples(chart: &Chart, lines: &[Line], unnamed_gaps: &[GapReason]) -> Vec<Sample> {
    let mut samples: Vec<Sample> = lines.iter().copied().map(Sample::Line).collect();
    let is_plain = chart.series.iter().all(|series| series.role == Role::Bar);
    for role in ROLES {
        let mut drawn = chart.series.iter().filter(|series| !series.runs.is_empty());
        if !is_plain && drawn.any(|series| series.role == role) {
            samples.push(Sample::Series(role));
        }
    }
    samples.extend(chart.untimed.iter().map(|value| Sample::Untimed(*value)));
    samples.extend(unnamed_gaps.iter().copied().map(Sample::Gap));
    for is_paused in [true, false] {
        if chart.shades.iter().any(|shade| shade.is_paused == is_paused) {
            samples.push(Sample::Shade { is_paused });
        }
    }
    samples.extend(marks_once(chart).into_iter().map(Sample::Mark));
    samples
}

/// Each kind of mark once, steps that were not believed added up. Corrections come last: the bars show them too.
fn marks_once(chart: &Chart) -> Vec<MarkKind> {
    let mut kinds: Vec<MarkKind> = Vec::new();
    let mut quarantined = 0i64;
    for mark in &chart.marks {
        if let MarkKind::Quarantined { steps } = mark.kind {
            quarantined = quarantined.saturating_add(steps);
        } else if !kinds.contains(&mark.kind) {
            kinds.push(mark.kind);
        }
    }
    if quarantined > 0 {
        kinds.push(MarkKind::Quarantined { steps: quarantined });
    }
    kinds.sort_by_key(|kind| match kind {
        MarkKind::Quarantined { .. } => 0,
        MarkKind::ZoneChange => 1,
        MarkKind::Today => 2,
        MarkKind::Corrected => 3,
    });
    kinds
}

pub(super) fn draw(canvas: &mut Canvas, layout: &Layout, palette: &Palette) {
    let style = TextStyle {
        size_px: LABEL_PX,
        colour: palette.faint_ink,
        is_bold: false,
        anchor: Anchor::Start,
        halo: None,
    };
    for (row, items) in layout.legend.rows.iter().enumerate() {
        let middle = layout.legend.top + (row as f64 + 0.5) * ROW_PX;
        for item in items {
            let left = MARGIN + item.left;
            draw_sample(canvas, item.sample, left, middle, palette);
            canvas.text(
                left + SAMPLE_PX + AFTER_SAMPLE_PX,
                middle + LABEL_PX * 0.36,
                &item.name,
                &style,
            );
        }
    }
}

fn draw_sample(canvas: &mut Canvas, sample: Sample, left: f64, middle: f64, palette: &Palette) {
    let centre = (left + SAMPLE_PX / 2.0, middle);
    let square = Frame {
        left: left + 3.0,
        top: middle - 6.0,
        right: left + 15.0,
        bottom: middle + 6.0,
    };
    let sample_frame = Frame {
        left,
        right: left + SAMPLE_PX,
        ..square
    };
    let (start, end) = ((left, middle), (left + SAMPLE_PX, middle));
    match sample {
        Sample::Line(Line { y: Some(_), kind, .. }) => canvas.line(start, end, line(kind, palette)),
        Sample::Line(Line { kind, place, .. }) => arrow(canvas, centre, place, line(kind, palette).colour),
        Sample::Gap(reason) => {
            gap(canvas, sample_frame, reason, palette);
            // The few lines of so small a stretch are seen only with an edge around them.
            canvas.rectangle_outline(sample_frame, 2.0, Stroke::full(palette.axis, 1.0));
        }
        Sample::Series(Role::Bar) => canvas.rectangle(square, 3.0, palette.bar),
        Sample::Series(Role::CorrectionAdded) => correction_added(canvas, square, 3.0, palette),
        Sample::Series(Role::CorrectionRemoved) => correction_removed(canvas, square, 3.0, palette),
        Sample::Series(Role::RawPoint) => canvas.dot(centre, 3.2, palette.raw_point),
        Sample::Series(Role::Trend) => {
            canvas.polyline(&[start, end], Stroke::full(palette.trend, 2.6));
        }
        Sample::Series(Role::Projection) => canvas.line(start, end, projection(palette)),
        Sample::Shade { is_paused } => shade(canvas, square, is_paused, palette),
        Sample::Mark(kind) => mark(canvas, kind, centre, palette),
        Sample::Untimed(_) => canvas.ring(centre, 3.4, "none", Stroke::full(palette.raw_point, 1.6)),
    }
}

/// A bar that is not over: a pale inside, and the outline of a bar.
pub(super) fn unfinished_bar(canvas: &mut Canvas, frame: Frame, radius: f64, palette: &Palette) {
    let inset = Frame {
        left: frame.left + 0.8,
        top: frame.top + 0.8,
        right: frame.right - 0.8,
        bottom: frame.bottom,
    };
    let outline = Stroke::full(palette.bar, 1.6);
    canvas.bar(inset, radius, palette.unfinished_bar, Some(outline));
}

/// Steps added by hand: hatched, with an outline.
pub(super) fn correction_added(canvas: &mut Canvas, frame: Frame, radius: f64, palette: &Palette) {
    let stroke = Stroke::full(palette.correction, 1.4);
    canvas.bar(frame, radius, palette.ground, Some(stroke));
    let inside = Frame {
        left: frame.left + 0.7,
        top: frame.top + (radius * 0.4).min(frame.height() / 2.0),
        right: frame.right - 0.7,
        bottom: frame.bottom,
    };
    canvas.hatch(inside, 4.5, Slant::Rising, stroke);
}

/// Steps taken away by hand: an empty, dashed outline.
pub(super) fn correction_removed(canvas: &mut Canvas, frame: Frame, radius: f64, palette: &Palette) {
    let stroke = Stroke {
        colour: palette.correction,
        width_px: 1.4,
        dash: "3 3",
    };
    canvas.bar(frame, radius, "none", Some(stroke));
}

pub(super) const fn projection(palette: &Palette) -> Stroke {
    Stroke {
        colour: palette.trend,
        width_px: 2.0,
        dash: "6 5",
    }
}

/// Goal dashed, average dotted.
pub(super) const fn line(kind: LineKind, palette: &Palette) -> Stroke {
    let (colour, dash) = match kind {
        LineKind::Goal => (palette.goal, "8 5"),
        LineKind::Average => (palette.average, "1.5 4"),
    };
    Stroke {
        colour,
        width_px: 1.6,
        dash,
    }
}

/// Says that a goal lies beyond the axis.
pub(super) fn arrow(canvas: &mut Canvas, (x, y): (f64, f64), place: GoalPlace, colour: &'static str) {
    let up = if place == GoalPlace::Below { -1.0 } else { 1.0 };
    canvas.polygon(
        &[
            (x - 4.0, y + 3.0 * up),
            (x + 4.0, y + 3.0 * up),
            (x, y - 4.0 * up),
        ],
        colour,
        Stroke::full(colour, 1.0),
    );
}

/// Missing data: a soft hatching, never a zero. A pause looks alike by the hour and by the day.
pub(super) fn gap(canvas: &mut Canvas, frame: Frame, reason: GapReason, palette: &Palette) {
    if reason == GapReason::Paused {
        shade(canvas, frame, true, palette);
    } else {
        canvas.hatch(frame, 9.0, Slant::Rising, Stroke::full(palette.hatch, 1.2));
    }
}

/// A stretch that does not count: hatched if paused, the other way than missing data; dotted if excluded.
pub(super) fn shade(canvas: &mut Canvas, frame: Frame, is_paused: bool, palette: &Palette) {
    let stroke = Stroke {
        colour: palette.axis,
        width_px: if is_paused { 1.2 } else { 2.0 },
        dash: if is_paused { "" } else { "2 4" },
    };
    let slant = if is_paused { Slant::Falling } else { Slant::Rising };
    canvas.hatch(frame, 7.0, slant, stroke);
}

/// The symbol of a mark around its centre, at most 12 pixels high: each kind has a shape of its own.
pub(super) fn mark(canvas: &mut Canvas, kind: MarkKind, centre: (f64, f64), palette: &Palette) {
    let (x, y) = centre;
    match kind {
        MarkKind::Today => canvas.polygon(
            &[(x - 4.5, y + 3.5), (x + 4.5, y + 3.5), (x, y - 3.5)],
            palette.ink,
            Stroke::full(palette.ink, 1.0),
        ),
        MarkKind::ZoneChange => {
            let stroke = Stroke::full(palette.trend, 1.5);
            canvas.ring(centre, 5.0, "none", stroke);
            canvas.polyline(&[(x, y - 3.0), (x, y), (x + 2.4, y + 1.4)], stroke);
        }
        MarkKind::Corrected => canvas.polygon(
            &[(x, y - 5.0), (x + 5.0, y), (x, y + 5.0), (x - 5.0, y)],
            palette.correction,
            Stroke::full(palette.correction, 1.0),
        ),
        MarkKind::Quarantined { .. } => {
            let stroke = Stroke::full(palette.goal, 1.6);
            canvas.polygon(
                &[(x - 5.5, y + 4.5), (x + 5.5, y + 4.5), (x, y - 5.0)],
                "none",
                stroke,
            );
            canvas.line((x, y - 1.6), (x, y + 2.6), stroke);
        }
    }
}
