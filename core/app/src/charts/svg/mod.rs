//! A chart as one SVG picture, in the words of a [`LabelFormatter`].
//!
//! The picture adds nothing to the model: positions become pixels, roles become colours and shapes, keys become words.
//! The same chart, words and options always give the same bytes.
//!
//! ```text
//! theme.rs    colours by role
//! text.rs     the width of a text, and its characters made safe
//! canvas.rs   shapes as elements
//! layout.rs   where plot, axes and legend stand
//! missing.rs  where a value is missing, and where that is said
//! plot.rs     what is inside the plot
//! legend.rs   what the shapes mean
//! ```

mod canvas;
mod layout;
mod legend;
mod missing;
mod plot;
#[cfg(test)]
mod tests;
mod text;
mod theme;

pub use text::OWN_CHARACTERS;
pub use theme::Theme;

use canvas::{Anchor, Canvas, Frame, Px, Stroke, TextStyle};
use layout::Layout;

use super::labels::LabelFormatter;
use super::model::Chart;

/// How a picture is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SvgOptions {
    /// Width in CSS pixels, taken as 240 to 8,000.
    pub width_px: u32,
    /// Height in CSS pixels, taken as 180 to 8,000.
    pub height_px: u32,
    /// Colours.
    pub theme: Theme,
    /// CSS font families, first choice first.
    pub font_family: String,
}

impl Default for SvgOptions {
    fn default() -> Self {
        Self {
            width_px: 880,
            height_px: 440,
            theme: Theme::Light,
            font_family: "Inter, 'Noto Sans JP', 'Hiragino Sans', 'Noto Sans', sans-serif".to_owned(),
        }
    }
}

/// Sizes of text in pixels.
const TITLE_PX: f64 = 18.0;
const LARGE_VALUE_PX: f64 = 32.0;
const LABEL_PX: f64 = 12.5;

/// Writes the chart as one SVG document: an image to assistive technology, named by its title and described by its summary.
///
/// Shapes: UTF-8, no ids, no scripts, no external references, so that it can be put into a page beside others.
#[must_use]
pub fn write(chart: &Chart, labels: &dyn LabelFormatter, options: &SvgOptions) -> String {
    let (width, height) = (
        f64::from(options.width_px.clamp(240, 8000)),
        f64::from(options.height_px.clamp(180, 8000)),
    );
    let layout = Layout::new(chart, labels, width, height);
    let palette = options.theme.palette();
    let mut canvas = Canvas::default();
    canvas.rectangle(layout.picture, 14.0, palette.ground);
    let heading = |size_px: f64, colour: &'static str, is_bold: bool| TextStyle {
        size_px,
        colour,
        is_bold,
        anchor: Anchor::Start,
        halo: None,
    };
    let room = width - 2.0 * layout::MARGIN;
    let title = labels.title(chart);
    canvas.text(
        layout::MARGIN,
        36.0,
        &text::fitted(&title, TITLE_PX * 1.06, room),
        &heading(TITLE_PX, palette.ink, true),
    );
    canvas.text(
        layout::MARGIN,
        57.0,
        &text::fitted(&labels.time(&chart.facts.period), LABEL_PX, room),
        &heading(LABEL_PX, palette.faint_ink, false),
    );
    if chart.is_empty() {
        draw_empty_state(&mut canvas, chart, labels, &layout, palette);
    } else {
        plot::draw(&mut canvas, chart, labels, &layout, palette);
    }
    legend::draw(&mut canvas, &layout, palette);
    format!(
        concat!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" "#,
            r#"viewBox="0 0 {width} {height}" role="img" aria-label="{title}" font-family="{font}">"#,
            "\n<title>{title}</title>\n<desc>{summary}</desc>\n{elements}</svg>\n"
        ),
        width = Px(width),
        height = Px(height),
        title = text::escape(&title),
        font = text::escape(&options.font_family),
        summary = text::escape(&labels.summary(&chart.facts)),
        elements = canvas.into_elements(),
    )
}

/// A chart without a value: a quiet frame that says so. Weigh-ins that have no place on the axis stand there in large digits.
fn draw_empty_state(
    canvas: &mut Canvas,
    chart: &Chart,
    labels: &dyn LabelFormatter,
    layout: &Layout,
    palette: &theme::Palette,
) {
    let plot = Frame {
        left: layout::MARGIN,
        right: layout.picture.right - layout::MARGIN,
        ..layout.plot
    };
    canvas.rectangle_outline(
        plot,
        10.0,
        Stroke {
            colour: palette.axis,
            width_px: 1.2,
            dash: "5 6",
        },
    );
    if !chart.untimed.is_empty() {
        draw_untimed(canvas, chart, labels, plot, palette);
        return;
    }
    let words = labels.gap(chart.empty_reason());
    canvas.text(
        f64::midpoint(plot.left, plot.right),
        f64::midpoint(plot.top, plot.bottom) + 5.0,
        &text::fitted(&words, 15.0, plot.width() - 24.0),
        &TextStyle {
            size_px: 15.0,
            colour: palette.faint_ink,
            is_bold: false,
            anchor: Anchor::Middle,
            halo: None,
        },
    );
}

/// The weigh-ins without a time of day, as large as they fit, and why they are not on an axis.
fn draw_untimed(
    canvas: &mut Canvas,
    chart: &Chart,
    labels: &dyn LabelFormatter,
    plot: Frame,
    palette: &theme::Palette,
) {
    let values: Vec<String> = chart
        .untimed
        .iter()
        .map(|value| match value {
            Some(value) => labels.value(value),
            None => labels.untimed(None),
        })
        .collect();
    let values = values.join(text::SEPARATOR);
    let room = plot.width() - 24.0;
    let size_px = [LARGE_VALUE_PX, TITLE_PX]
        .into_iter()
        .find(|size_px| text::width(&values, *size_px) <= room)
        .unwrap_or(LABEL_PX);
    let (centre, middle) = (
        f64::midpoint(plot.left, plot.right),
        f64::midpoint(plot.top, plot.bottom),
    );
    let style = |size_px: f64, colour: &'static str, is_bold: bool| TextStyle {
        size_px,
        colour,
        is_bold,
        anchor: Anchor::Middle,
        halo: None,
    };
    canvas.text(
        centre,
        middle + size_px * 0.1,
        &text::fitted(&values, size_px, room),
        &style(size_px, palette.ink, true),
    );
    canvas.text(
        centre,
        middle + size_px * 0.1 + LABEL_PX * 1.9,
        &text::fitted(&labels.without_time_of_day(), LABEL_PX, room),
        &style(LABEL_PX, palette.faint_ink, false),
    );
}
