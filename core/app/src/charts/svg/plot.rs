//! What is inside the plot: grid, gaps, bars, points, lines, and the labels of both axes.

use super::canvas::{Anchor, Canvas, Frame, Stroke, TextStyle};
use super::layout::{self, Layout, MARGIN, MARK_PX};
use super::missing::{DrawnGap, drawn_gaps};
use super::theme::Palette;
use super::{LABEL_PX, legend, text};
use crate::charts::labels::LabelFormatter;
use crate::charts::model::{Chart, Line, MarkKind, Point, Role, Run, Series};
use crate::charts::range::GoalPlace;

/// Between neighbouring labels of the time axis at least.
const TICK_DISTANCE_PX: f64 = 8.0;
/// Share of a bucket's width that its bar takes.
const BAR_SHARE: f64 = 0.68;
const WIDEST_BAR_PX: f64 = 52.0;
const BAR_RADIUS_PX: f64 = 5.0;
/// A measured zero is a thin stub: something was measured, unlike in a gap.
const ZERO_BAR_PX: f64 = 3.0;
/// Above this many points a large dot each would make a band.
const MANY_POINTS: usize = 150;

/// From one label of a line to the next.
const LINE_LABEL_PX: f64 = LABEL_PX + 4.0;

/// One picture being drawn.
struct Plot<'a> {
    chart: &'a Chart,
    labels: &'a dyn LabelFormatter,
    layout: &'a Layout,
    palette: &'static Palette,
}

pub(super) fn draw(
    canvas: &mut Canvas,
    chart: &Chart,
    labels: &dyn LabelFormatter,
    layout: &Layout,
    palette: &'static Palette,
) {
    let plot = Plot {
        chart,
        labels,
        layout,
        palette,
    };
    plot.draw_value_axis(canvas);
    let gaps = drawn_gaps(chart, labels, layout.plot);
    plot.draw_gaps(canvas, &gaps);
    plot.draw_shades(canvas);
    plot.draw_series(canvas);
    plot.draw_lines(canvas);
    plot.draw_gap_words(canvas, &gaps);
    plot.draw_time_axis(canvas);
    plot.draw_marks(canvas);
}

impl Plot<'_> {
    const fn frame(&self) -> Frame {
        self.layout.plot
    }

    const fn label_style(&self, anchor: Anchor) -> TextStyle {
        TextStyle {
            size_px: LABEL_PX,
            colour: self.palette.faint_ink,
            is_bold: false,
            anchor,
            halo: None,
        }
    }

    fn draw_value_axis(&self, canvas: &mut Canvas) {
        let frame = self.frame();
        let mut heights: Vec<(f64, f64)> = self
            .chart
            .value_ticks
            .iter()
            .map(|tick| (frame.y(tick.y) - 7.0, frame.y(tick.y) + 7.0))
            .collect();
        heights.sort_by(|one, other| one.0.total_cmp(&other.0));
        let stride = text::stride(&heights, 2.0);
        for (index, tick) in self.chart.value_ticks.iter().enumerate() {
            let y = frame.y(tick.y);
            canvas.line(
                (frame.left, y),
                (frame.right, y),
                Stroke::full(self.palette.grid, 1.0),
            );
            let has_room = index.checked_rem(stride) == Some(0);
            if let Some(label) = tick.label.as_ref().filter(|_| has_room) {
                canvas.text(
                    frame.left - 10.0,
                    y + LABEL_PX * 0.36,
                    &self.labels.value_tick(label),
                    &self.label_style(Anchor::End),
                );
            }
        }
    }

    /// Ticks that would touch are thinned out evenly; a month or year named by a tick that fell out is named by the next. On a
    /// travel day two hours can stand close to each other and the others far apart: there the second of the two falls out.
    fn draw_time_axis(&self, canvas: &mut Canvas) {
        let frame = self.frame();
        canvas.line(
            (frame.left, frame.bottom),
            (frame.right, frame.bottom),
            Stroke::full(self.palette.axis, 1.2),
        );
        let ticks = &self.chart.time_ticks;
        let placed = |stride: usize| {
            let mut is_first = false;
            let mut placed = Vec::new();
            for (index, tick) in ticks.iter().enumerate() {
                is_first |= tick.is_first_of_unit;
                if index.checked_rem(stride) != Some(0) {
                    continue;
                }
                let mut tick = *tick;
                tick.is_first_of_unit = is_first;
                is_first = false;
                let words = self.labels.time_tick(&tick);
                let half = text::width(&words, LABEL_PX) / 2.0;
                let picture = self.layout.picture;
                let centre = frame
                    .x(tick.x)
                    .min(picture.right - MARGIN / 2.0 - half)
                    .max(MARGIN / 2.0 + half);
                placed.push((tick, words, centre, half));
            }
            placed
        };
        let kept = if layout::has_uneven_ticks(self.chart) {
            let mut taken_until = f64::NEG_INFINITY;
            let mut kept = placed(1);
            kept.retain(|(_, _, centre, half)| {
                let has_room = taken_until + TICK_DISTANCE_PX <= centre - half;
                if has_room {
                    taken_until = centre + half;
                }
                has_room
            });
            Some(kept)
        } else {
            (1..=ticks.len().max(1)).map(placed).find(|placed| {
                let extents: Vec<_> = placed
                    .iter()
                    .map(|(_, _, centre, half)| (centre - half, centre + half))
                    .collect();
                text::stride(&extents, TICK_DISTANCE_PX) == 1
            })
        };
        for (tick, words, centre, _) in kept.unwrap_or_default() {
            let x = frame.x(tick.x);
            canvas.line(
                (x, frame.bottom),
                (x, frame.bottom + 4.0),
                Stroke::full(self.palette.axis, 1.2),
            );
            canvas.text(
                centre,
                frame.bottom + 24.0,
                &words,
                &self.label_style(Anchor::Middle),
            );
        }
    }

    /// The word for a gap, where there is room.
    fn draw_gap_words(&self, canvas: &mut Canvas, gaps: &[DrawnGap]) {
        let style = TextStyle {
            halo: Some(self.palette.ground),
            ..self.label_style(Anchor::Middle)
        };
        for gap in gaps {
            if let Some((centre, baseline)) = gap.word_at {
                canvas.text(centre, baseline, &gap.words, &style);
            }
        }
    }

    /// Missing data are hatched; where the line may be continued over them, it is dotted.
    fn draw_gaps(&self, canvas: &mut Canvas, gaps: &[DrawnGap]) {
        for gap in gaps {
            canvas.group(&gap.words, |canvas| {
                for stretch in &gap.stretches {
                    legend::gap(canvas, *stretch, gap.reason, self.palette);
                }
            });
        }
        for ((from_x, from_y), (to_x, to_y)) in self.chart.gaps.iter().filter_map(|gap| gap.bridge) {
            let frame = self.frame();
            canvas.line(
                (frame.x(from_x), frame.y(from_y)),
                (frame.x(to_x), frame.y(to_y)),
                Stroke {
                    colour: self.palette.trend,
                    width_px: 1.5,
                    dash: "2 5",
                },
            );
        }
    }

    fn draw_shades(&self, canvas: &mut Canvas) {
        for stretch in &self.chart.shades {
            let frame = Frame {
                left: self.frame().x(stretch.from_x),
                right: self.frame().x(stretch.to_x),
                ..self.frame()
            };
            canvas.group(&self.labels.shade(stretch.is_paused), |canvas| {
                legend::shade(canvas, frame, stretch.is_paused, self.palette);
            });
        }
    }

    fn draw_series(&self, canvas: &mut Canvas) {
        for series in &self.chart.series {
            match series.role {
                Role::Bar | Role::CorrectionAdded | Role::CorrectionRemoved => {
                    self.draw_bars(canvas, series);
                }
                Role::RawPoint => self.draw_points(canvas, series),
                Role::Trend => self.draw_trend(canvas, series),
                Role::Projection => self.draw_projection(canvas, series),
            }
        }
    }

    fn draw_bars(&self, canvas: &mut Canvas, series: &Series) {
        let frame = self.frame();
        let bucket_px = frame.width() / self.chart.buckets.len().max(1) as f64;
        let width = (bucket_px * BAR_SHARE).min(WIDEST_BAR_PX);
        for point in series.runs.iter().flat_map(|run| &run.points) {
            let (head, foot) = (frame.y(point.y), frame.y(point.base_y));
            let bar = Frame {
                left: frame.x(point.x) - width / 2.0,
                right: frame.x(point.x) + width / 2.0,
                top: head.min(foot - ZERO_BAR_PX),
                bottom: foot,
            };
            self.with_words(canvas, point, |canvas| match series.role {
                Role::CorrectionAdded => {
                    legend::correction_added(canvas, bar, BAR_RADIUS_PX, self.palette);
                }
                Role::CorrectionRemoved => {
                    legend::correction_removed(canvas, bar, BAR_RADIUS_PX, self.palette);
                }
                _ => {
                    let is_covered = self.has_correction_on(point);
                    let is_unfinished = self
                        .chart
                        .buckets
                        .get(point.index as usize)
                        .is_some_and(|bucket| bucket.is_incomplete);
                    let radius = if is_covered { 0.0 } else { BAR_RADIUS_PX };
                    if is_unfinished {
                        legend::unfinished_bar(canvas, bar, radius, self.palette);
                    } else {
                        canvas.bar(bar, radius, self.palette.bar, None);
                    }
                }
            });
        }
    }

    /// Whether a correction stands on the bar; its head is straight then.
    fn has_correction_on(&self, bar: &Point) -> bool {
        self.chart
            .series
            .iter()
            .filter(|series| matches!(series.role, Role::CorrectionAdded | Role::CorrectionRemoved))
            .flat_map(|series| &series.runs)
            .flat_map(|run| &run.points)
            .any(|point| point.index.total_cmp(&bar.index).is_eq())
    }

    /// Draws with the date and value of the point as its words, unless they are concealed.
    fn with_words(&self, canvas: &mut Canvas, point: &Point, draw: impl FnOnce(&mut Canvas)) {
        match self.chart.dated(point) {
            Some(dated) => canvas.group(&self.labels.dated(&dated), draw),
            None => draw(canvas),
        }
    }

    fn draw_points(&self, canvas: &mut Canvas, series: &Series) {
        let frame = self.frame();
        let count: usize = series.runs.iter().map(|run| run.points.len()).sum();
        let radius = if count > MANY_POINTS { 1.8 } else { 3.0 };
        for point in series.runs.iter().flat_map(|run| &run.points) {
            let centre = (frame.x(point.x), frame.y(point.y));
            self.with_words(canvas, point, |canvas| {
                if let Some(spread) = point.spread {
                    canvas.polyline(
                        &[
                            (centre.0, frame.y(spread.low_y)),
                            (centre.0, frame.y(spread.high_y)),
                        ],
                        Stroke::full(self.palette.raw_point, 1.5),
                    );
                }
                canvas.dot(centre, radius, self.palette.raw_point);
            });
        }
    }

    fn pixels(&self, run: &Run) -> Vec<(f64, f64)> {
        let frame = self.frame();
        run.points
            .iter()
            .map(|point| (frame.x(point.x), frame.y(point.y)))
            .collect()
    }

    fn draw_trend(&self, canvas: &mut Canvas, series: &Series) {
        let runs: Vec<_> = series.runs.iter().map(|run| self.pixels(run)).collect();
        for points in &runs {
            if let [only] = points.as_slice() {
                canvas.dot(*only, 4.0, self.palette.trend);
            } else {
                canvas.polyline(points, Stroke::full(self.palette.trend, 2.6));
            }
        }
        if let Some(last) = runs.last().and_then(|points| points.last()) {
            let rim = Stroke::full(self.palette.ground, 2.0);
            canvas.ring(*last, 5.0, self.palette.trend, rim);
        }
    }

    fn draw_projection(&self, canvas: &mut Canvas, series: &Series) {
        for points in series.runs.iter().map(|run| self.pixels(run)) {
            canvas.polyline(&points, legend::projection(self.palette));
            let goal = self
                .chart
                .lines
                .iter()
                .filter_map(|line| line.y)
                .map(|y| self.frame().y(y));
            // A projection that ends at the edge of the picture goes on, so it gets no end.
            if let Some(end) = points
                .last()
                .filter(|end| goal.clone().any(|goal| (goal - end.1).abs() < 0.5))
            {
                let rim = Stroke::full(self.palette.trend, 2.0);
                canvas.ring(*end, 4.5, self.palette.ground, rim);
            }
        }
    }

    /// Goal and average, with their labels beside the plot, moved apart where they would touch; without room there the legend
    /// names them.
    fn draw_lines(&self, canvas: &mut Canvas) {
        let frame = self.frame();
        let mut placed: Vec<(&Line, f64)> = Vec::new();
        for line in &self.chart.lines {
            let at = match (line.y, line.place) {
                (Some(y), _) => frame.y(y),
                (None, GoalPlace::Below) => frame.bottom - 8.0,
                (None, _) => frame.top + 8.0,
            };
            let stroke = legend::line(line.kind, self.palette);
            if line.y.is_some() {
                canvas.line((frame.left, at), (frame.right, at), stroke);
            } else {
                legend::arrow(canvas, (frame.right - 2.0, at), line.place, stroke.colour);
            }
            placed.push((line, at));
        }
        if !self.layout.has_gutter {
            return;
        }
        placed.sort_by(|one, other| one.1.total_cmp(&other.1));
        let mut baselines: Vec<f64> = placed.iter().map(|(_, at)| at + LABEL_PX * 0.36).collect();
        let mut highest = frame.top + 4.0;
        for baseline in &mut baselines {
            *baseline = baseline.max(highest);
            highest = *baseline + LINE_LABEL_PX;
        }
        let mut lowest = frame.bottom;
        for baseline in baselines.iter_mut().rev() {
            *baseline = baseline.min(lowest);
            lowest = *baseline - LINE_LABEL_PX;
        }
        for ((line, _), baseline) in placed.into_iter().zip(baselines) {
            let style = TextStyle {
                colour: legend::line(line.kind, self.palette).colour,
                is_bold: true,
                ..self.label_style(Anchor::Start)
            };
            let words = self.labels.line(line.kind, line.label.as_ref());
            canvas.text(frame.right + 10.0, baseline, &words, &style);
        }
    }

    fn draw_marks(&self, canvas: &mut Canvas) {
        let frame = self.frame();
        let mut above = (None, 0.0);
        for mark in &self.chart.marks {
            let x = frame.x(self.chart.x_of(mark.index as f64));
            let centre = if mark.kind == MarkKind::Today {
                (x, frame.bottom + 5.0)
            } else if self.layout.has_marks {
                above = match above {
                    (Some(index), height) if index == mark.index => (Some(index), height + MARK_PX),
                    _ => (Some(mark.index), 0.0),
                };
                (x, frame.top - MARK_PX / 2.0 - above.1)
            } else {
                continue;
            };
            canvas.group(&self.labels.mark(&mark.kind, self.chart.subject), |canvas| {
                legend::mark(canvas, mark.kind, centre, self.palette);
            });
        }
    }
}
