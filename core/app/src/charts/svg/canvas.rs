//! The few shapes that a chart is made of, as SVG elements.
//!
//! No element has an id: several charts stand in one page, and ids would meet. So hatching is drawn line by line
//! instead of by a pattern.

use std::fmt::{self, Write as _};

use super::text::escape;

/// A rectangle in pixels, from the top left corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Frame {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// Pixels of a position on the x axis.
    pub(super) fn x(&self, position: f64) -> f64 {
        self.left + position * self.width()
    }

    /// Pixels of a position on the y axis, which runs upwards.
    pub(super) fn y(&self, position: f64) -> f64 {
        self.bottom - position * self.height()
    }
}

/// A coordinate with at most one digit after the point: a tenth of a pixel is below what anybody sees, and short files
/// compress well.
#[derive(Clone, Copy)]
pub(super) struct Px(pub(super) f64);

impl fmt::Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round() as i64; // a picture is at most some thousand pixels wide
        if tenths < 0 {
            f.write_str("-")?;
        }
        let tenths = tenths.unsigned_abs();
        match tenths % 10 {
            0 => write!(f, "{}", tenths / 10),
            rest => write!(f, "{}.{rest}", tenths / 10),
        }
    }
}

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// Which way the lines of a hatching lean: what means something else leans the other way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slant {
    /// Up to the right.
    Rising,
    /// Down to the right.
    Falling,
}

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextStyle {
    pub(super) size_px: f64,
    pub(super) colour: &'static str,
    pub(super) is_bold: bool,
    pub(super) anchor: Anchor,
    /// Colour around the letters, where they stand on values.
    pub(super) halo: Option<&'static str>,
}

/// How a line looks; `dash` is empty for a full line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stroke {
    pub(super) colour: &'static str,
    pub(super) width_px: f64,
    pub(super) dash: &'static str,
}

impl Stroke {
    pub(super) const fn full(colour: &'static str, width_px: f64) -> Self {
        Self {
            colour,
            width_px,
            dash: "",
        }
    }
}

impl fmt::Display for Stroke {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            r#"stroke="{}" stroke-width="{}""#,
            self.colour,
            Px(self.width_px)
        )?;
        if !self.dash.is_empty() {
            write!(f, r#" stroke-dasharray="{}""#, self.dash)?;
        }
        Ok(())
    }
}

/// The elements of a picture, in the order in which they cover each other.
#[derive(Default)]
pub(super) struct Canvas {
    elements: String,
}

impl Canvas {
    pub(super) fn into_elements(self) -> String {
        self.elements
    }

    fn push(&mut self, element: fmt::Arguments<'_>) {
        // Writing to a `String` cannot fail.
        let _ = self.elements.write_fmt(element);
        self.elements.push('\n');
    }

    /// Elements that belong together, with the words a pointer or a screen reader finds there.
    pub(super) fn group(&mut self, title: &str, draw: impl FnOnce(&mut Self)) {
        self.push(format_args!("<g><title>{}</title>", escape(title)));
        draw(self);
        self.push(format_args!("</g>"));
    }

    pub(super) fn text(&mut self, x: f64, y: f64, text: &str, style: &TextStyle) {
        let weight = if style.is_bold {
            r#" font-weight="600""#
        } else {
            ""
        };
        let anchor = match style.anchor {
            Anchor::Start => String::new(),
            other => format!(r#" text-anchor="{}""#, other.name()),
        };
        let halo = style.halo.map_or_else(String::new, |colour| {
            format!(r#" stroke="{colour}" stroke-width="4" stroke-linejoin="round" paint-order="stroke""#)
        });
        self.push(format_args!(
            r#"<text x="{}" y="{}" font-size="{}" fill="{}"{weight}{anchor}{halo}>{}</text>"#,
            Px(x),
            Px(y),
            Px(style.size_px),
            style.colour,
            escape(text)
        ));
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: Stroke) {
        self.push(format_args!(
            r#"<path d="M{} {}L{} {}" fill="none" {stroke}/>"#,
            Px(from.0),
            Px(from.1),
            Px(to.0),
            Px(to.1)
        ));
    }

    /// Straight pieces from point to point: what lies between two readings is not known, so nothing is rounded there.
    pub(super) fn polyline(&mut self, points: &[(f64, f64)], stroke: Stroke) {
        let mut path = String::new();
        for (index, (x, y)) in points.iter().enumerate() {
            path.push(if index == 0 { 'M' } else { 'L' });
            let _ = write!(path, "{} {}", Px(*x), Px(*y));
        }
        self.push(format_args!(
            r#"<path d="{path}" fill="none" {stroke} stroke-linejoin="round" stroke-linecap="round"/>"#
        ));
    }

    pub(super) fn dot(&mut self, centre: (f64, f64), radius: f64, fill: &str) {
        self.push(format_args!(
            r#"<circle cx="{}" cy="{}" r="{}" fill="{fill}"/>"#,
            Px(centre.0),
            Px(centre.1),
            Px(radius)
        ));
    }

    pub(super) fn ring(&mut self, centre: (f64, f64), radius: f64, fill: &str, stroke: Stroke) {
        self.push(format_args!(
            r#"<circle cx="{}" cy="{}" r="{}" fill="{fill}" {stroke}/>"#,
            Px(centre.0),
            Px(centre.1),
            Px(radius)
        ));
    }

    pub(super) fn rectangle(&mut self, frame: Frame, radius: f64, fill: &str) {
        self.push(format_args!(
            r#"<rect x="{}" y="{}" width="{}" height="{}" rx="{}" fill="{fill}"/>"#,
            Px(frame.left),
            Px(frame.top),
            Px(frame.width()),
            Px(frame.height()),
            Px(radius)
        ));
    }

    pub(super) fn rectangle_outline(&mut self, frame: Frame, radius: f64, stroke: Stroke) {
        self.push(format_args!(
            r#"<rect x="{}" y="{}" width="{}" height="{}" rx="{}" fill="none" {stroke}/>"#,
            Px(frame.left),
            Px(frame.top),
            Px(frame.width()),
            Px(frame.height()),
            Px(radius)
        ));
    }

    /// A closed shape through corners.
    pub(super) fn polygon(&mut self, corners: &[(f64, f64)], fill: &str, stroke: Stroke) {
        let points: Vec<String> = corners
            .iter()
            .map(|(x, y)| format!("{},{}", Px(*x), Px(*y)))
            .collect();
        self.push(format_args!(
            r#"<polygon points="{}" fill="{fill}" {stroke} stroke-linejoin="round"/>"#,
            points.join(" ")
        ));
    }

    /// A bar with a round head and a straight foot; `outline` is drawn inside.
    pub(super) fn bar(&mut self, frame: Frame, radius: f64, fill: &str, outline: Option<Stroke>) {
        let radius = radius.min(frame.width() / 2.0).min(frame.height()).max(0.0);
        let outline = outline.map_or_else(String::new, |stroke| format!(" {stroke}"));
        let Frame {
            left,
            top,
            right,
            bottom,
        } = frame;
        self.push(format_args!(
            r#"<path d="M{} {}V{}Q{} {} {} {}H{}Q{} {} {} {}V{}Z" fill="{fill}"{outline}/>"#,
            Px(left),
            Px(bottom),
            Px(top + radius),
            Px(left),
            Px(top),
            Px(left + radius),
            Px(top),
            Px(right - radius),
            Px(right),
            Px(top),
            Px(right),
            Px(top + radius),
            Px(bottom)
        ));
    }

    /// Slanted lines that fill a frame, each cut at its edges.
    pub(super) fn hatch(&mut self, frame: Frame, distance_px: f64, slant: Slant, stroke: Stroke) {
        let (width, height) = (frame.width(), frame.height());
        if width <= 0.0 || height <= 0.0 || distance_px <= 0.0 {
            return;
        }
        let across = |x: f64| match slant {
            Slant::Rising => frame.left + x,
            Slant::Falling => frame.right - x,
        };
        let mut path = String::new();
        // On the line with offset c, (x - left) + (y - top) = c: it rises to the right, and its mirror image falls.
        let lines = ((width + height) / distance_px) as u32; // bounded by the size of the picture
        for line in 0..=lines {
            let offset = (f64::from(line) + 0.5) * distance_px;
            let (from_x, to_x) = (f64::max(0.0, offset - height), f64::min(width, offset));
            if from_x < to_x {
                let _ = write!(
                    path,
                    "M{} {}L{} {}",
                    Px(across(from_x)),
                    Px(frame.top + offset - from_x),
                    Px(across(to_x)),
                    Px(frame.top + offset - to_x)
                );
            }
        }
        if !path.is_empty() {
            self.push(format_args!(r#"<path d="{path}" fill="none" {stroke}/>"#));
        }
    }
}
