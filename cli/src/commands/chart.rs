//! `ayumi chart`: one chart into one file.

use std::path::Path;

use ayumi_core::app::ChartRequest;
use ayumi_core::charts::svg::{self, SvgOptions, Theme};
use ayumi_core::charts::{Chart, Span};

use crate::arguments::{ChartArguments, ChartSubject, Look, Range, ThemeChoice};
use crate::context::Context;
use crate::failure::Failure;
use crate::files::write_whole;
use crate::labels::Labels;
use crate::picture;

/// What a viewer without the embedded font draws letters with.
const FONT_FAMILIES: &str = "'M PLUS 1', 'Hiragino Sans', 'Noto Sans JP', 'Noto Sans CJK JP', sans-serif";

pub(crate) fn run(context: &Context, arguments: &ChartArguments) -> Result<(), Failure> {
    let kind = PictureKind::of(&arguments.out)?;
    let request = ChartRequest {
        span: arguments.range.span(),
        end: arguments.end.unwrap_or(context.today),
        today: context.today,
        week_start: context.week_start(arguments.week_start),
        conceal_values: arguments.conceal,
    };
    let chart = chart(context, arguments.subject, &request)?;
    let svg = svg_of(&chart, context.labels, arguments.look);
    write_whole(&arguments.out, &kind.bytes(svg, arguments.look.scale)?)
}

/// The chart of a subject.
pub(crate) fn chart(
    context: &Context,
    subject: ChartSubject,
    request: &ChartRequest,
) -> Result<Chart, Failure> {
    Ok(match subject {
        ChartSubject::Steps => context.app.step_chart(request)?,
        ChartSubject::Weight => context.app.weight_chart(request)?,
    })
}

/// The kind of a picture, from the ending of its file.
#[derive(Clone, Copy)]
enum PictureKind {
    Svg,
    Png,
}

impl PictureKind {
    fn of(file: &Path) -> Result<Self, Failure> {
        let ending = file.extension().map(std::ffi::OsStr::to_ascii_lowercase);
        match ending.as_ref().and_then(|ending| ending.to_str()) {
            Some("svg") => Ok(Self::Svg),
            Some("png") => Ok(Self::Png),
            _ => Err(Failure::file(file, &"the name must end in .svg or .png")),
        }
    }

    fn bytes(self, svg: String, scale: u8) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Svg => Ok(svg.into_bytes()),
            Self::Png => Ok(picture::png(&svg, scale)?),
        }
    }
}

/// A chart as SVG text.
pub(crate) fn svg_of(chart: &Chart, labels: Labels, look: Look) -> String {
    let options = SvgOptions {
        width_px: look.width,
        height_px: look.height,
        theme: match look.theme {
            ThemeChoice::Light => Theme::Light,
            ThemeChoice::Dark => Theme::Dark,
        },
        font_family: FONT_FAMILIES.to_owned(),
    };
    svg::write(chart, &labels, &options)
}

impl Range {
    const fn span(self) -> Span {
        match self {
            Self::Day => Span::Day,
            Self::Week => Span::Week,
            Self::Month => Span::Month,
            Self::Quarter => Span::Quarter,
            Self::Year => Span::Year,
            Self::All => Span::All,
        }
    }
}

impl ChartSubject {
    /// The word on the command line and in the names of files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Weight => "weight",
        }
    }
}
