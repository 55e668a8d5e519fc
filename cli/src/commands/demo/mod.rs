//! `ayumi demo`: the main job on real measurements, from an empty folder to a page with every chart, and then two phones that talk
//! through a server.
//!
//! Two persons of two years share one database, because each gives only half of what one person would: steps of one, weights
//! of the other. So every question is asked twice, on the last date of each.
//!
//! That database is the phone of a simulated participant. `story` has her talk with a simulated dietitian, `stage` holds the phones, the
//! server and the network between them, and `verdict` compares what was written with what arrived.

mod both_charts;
mod conversation;
mod killed;
mod measurements;
mod network;
mod page;
mod phones_page;
mod server;
mod stage;
mod story;
mod verdict;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use ayumi_core::app::ChartRequest;
use ayumi_core::charts::{Chart, LabelFormatter as _, Span, ValueLabel};
use ayumi_core::import::ImportChoices;
use ayumi_core::steps::{DaySteps, with_unknown_dates};
use ayumi_core::time::{DateRange, NaiveDate, Tz, format_date};
use ayumi_core::weight::{MassUnit, TypedWeight, WeightDay};

use self::both_charts::CasePictures;
use self::measurements::{Measurements, PERSON, STEPS_ORIGIN, WEIGHTS_ORIGIN};
use self::page::{ChartPictures, Origin, Section, Table, Themed};
use self::stage::Stage;
use self::story::{LastDates, Story};
use crate::arguments::{ChartSubject, Common, DemoArguments, Look, ThemeChoice};
use crate::commands::chart::{chart, svg_of};
use crate::commands::home::{HomeRow, print_rows, step_rows, weight_rows};
use crate::commands::import::import_file;
use crate::commands::steps::print_days;
use crate::context::Context;
use crate::demo_words::Told;
use crate::failure::Failure;
use crate::files::write_whole;
use crate::picture;
use crate::text::{right, thousands};
use crate::words::Word;

/// An example: the steps a day that Japan's health promotion plan asks of adults of working age.
const STEP_GOAL: i64 = 8000;
/// An example: near enough to be reached at the rate of the data.
const WEIGHT_GOAL_KG: &str = "88";
/// Where the pictures go if nothing else is said, in the repository or the present folder.
const OUT: &str = "target/demo";
/// Dates of the tables.
const TABLE_DAYS: u32 = 7;

/// Every range, and the word for it in the name of a file.
const SPANS: [(Span, &str); 6] = [
    (Span::Month, "month"),
    (Span::Week, "week"),
    (Span::Day, "day"),
    (Span::Quarter, "quarter"),
    (Span::Year, "year"),
    (Span::All, "all"),
];

pub(crate) fn run(common: &Common, arguments: &DemoArguments) -> Result<(), Failure> {
    let measurements = Measurements::find(arguments.measurements.as_deref())?;
    let out = match (&arguments.out, &measurements.repository) {
        (Some(out), _) => out.clone(),
        (None, Some(repository)) => repository.join(OUT),
        (None, None) => PathBuf::from(OUT),
    };
    std::fs::create_dir_all(&out).map_err(|error| Failure::file(&out, &error))?;
    let temporary = tempfile::tempdir().map_err(|error| Failure::file(&std::env::temp_dir(), &error))?;
    let database = arguments.database.as_deref().unwrap_or_else(|| temporary.path());
    // The data name no zone. A fixed one without clock changes gives the same pictures everywhere.
    let common = Common {
        zone: Some(common.zone.unwrap_or(Tz::Asia__Tokyo)),
        ..common.clone()
    };
    let stage = Stage::set_up(&common, database)?;
    say(stage.labels.word(Word::DemoHeading))?;
    say("")?;
    let (sections, last) = stage.with_phone(&stage.participant, |context| {
        measured(context, &measurements, &out)
    })?;
    say(stage.labels.word(Told::Heading))?;
    say("")?;
    let story = story::play(&stage, last)?;
    finish(&stage, &measurements, &out, &sections, &story)
}

/// The participant's own screens, of what was measured.
fn measured(
    context: &Context,
    measurements: &Measurements,
    out: &Path,
) -> Result<([Section; 2], LastDates), Failure> {
    import(context, measurements)?;
    let steps = steps_part(context)?;
    let weight = weight_part(context)?;
    for part in [&steps, &weight] {
        part.print(context)?;
    }
    let last = LastDates {
        steps: steps.span.1,
        weight: weight.span.1,
    };
    Ok((
        [steps.section(context, out)?, weight.section(context, out)?],
        last,
    ))
}

/// Says what became of the messages and where everything comes from, and writes the page.
fn finish(
    stage: &Stage,
    measurements: &Measurements,
    out: &Path,
    sections: &[Section],
    story: &Story,
) -> Result<(), Failure> {
    let labels = stage.labels;
    let verdict = story.verdict;
    say("")?;
    say(&labels.say(
        Told::VerdictLine,
        &[
            ("written", &verdict.written),
            ("server", &verdict.on_server),
            ("lost", &verdict.lost),
            ("doubled", &verdict.doubled),
            ("turned", &verdict.out_of_order),
        ],
    ))?;
    let both = |are_equal: bool, yes: Told, no: Told| labels.word(if are_equal { yes } else { no });
    say(both(verdict.are_equal, Told::Equal, Told::NotEqual))?;
    say(both(
        story.charts.are_equal,
        Told::ChartsEqual,
        Told::ChartsDiffer,
    ))?;
    say("")?;
    let goals = labels.say(
        Word::DemoGoals,
        &[
            ("steps", &labels.steps(STEP_GOAL)),
            ("weight", &labels.typed_weight(WEIGHT_GOAL_KG, MassUnit::Kilogram)),
        ],
    );
    let origins = [
        Origin {
            text: STEPS_ORIGIN,
            licence: None,
        },
        Origin {
            text: WEIGHTS_ORIGIN,
            licence: Some(measurements.weights_licence.clone()),
        },
    ];
    let phones = phones_page::section(labels, story);
    let html = page::page(labels, sections, &phones, &goals, &origins);
    let page = out.join("index.html");
    write_whole(&page, html.as_bytes())?;
    say(labels.word(Word::DemoTwoPersons))?;
    say(&goals)?;
    say("")?;
    say(labels.word(Word::DemoOrigins))?;
    for origin in &origins {
        say(origin.text)?;
    }
    write_whole(&out.join("origins.txt"), origins_text(&origins).as_bytes())?;
    say("")?;
    say(&labels.say(Word::DemoWrote, &[("file", &page.display())]))?;
    if verdict.is_clean() && story.charts.are_equal {
        Ok(())
    } else {
        Err(Failure::Core(
            "find every message once and in order, and the same charts, on both phones".to_owned(),
        ))
    }
}

/// What has to go along with the pictures wherever they are taken.
fn origins_text(origins: &[Origin]) -> String {
    let mut text = String::new();
    for origin in origins {
        for part in [Some(origin.text), origin.licence.as_deref()]
            .into_iter()
            .flatten()
        {
            text.push_str(part.trim());
            text.push_str("\n\n");
        }
    }
    text
}

fn say(line: &str) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// Brings both persons in and sets the example goals.
fn import(context: &Context, measurements: &Measurements) -> Result<(), Failure> {
    let person = ImportChoices {
        person: Some(PERSON.to_owned()),
        ..ImportChoices::default()
    };
    let steps = import_file(context, &measurements.steps, &person)?;
    let weights = import_file(context, &measurements.weights, &ImportChoices::default())?;
    context.app.steps().set_goal(Some(STEP_GOAL))?;
    context.app.weight().set_goal(Some(&TypedWeight {
        typed: WEIGHT_GOAL_KG.to_owned(),
        unit: MassUnit::Kilogram,
    }))?;
    let number = |records: u64| thousands(i64::try_from(records).unwrap_or(i64::MAX));
    let (steps, weights) = (number(steps.records), number(weights.records));
    say(&context
        .labels
        .say(Word::DemoImported, &[("steps", &steps), ("weights", &weights)]))?;
    say("")
}

/// What one person's half of the demonstration shows.
struct Part {
    subject: ChartSubject,
    /// First and last date of the data.
    span: (NaiveDate, NaiveDate),
    title: String,
    note: String,
    home: Vec<HomeRow>,
    recent: Recent,
}

/// The last days, as a table.
enum Recent {
    Steps(Vec<DaySteps>),
    Weight(Vec<WeightDay>),
}

fn steps_part(context: &Context) -> Result<Part, Failure> {
    let labels = context.labels;
    let span = context.app.steps().span()?.ok_or_else(no_data)?;
    let home = context.app.home(span.1)?;
    let period = labels.dates(span.0, span.1);
    let range = DateRange::ending_on(span.1, TABLE_DAYS);
    Ok(Part {
        subject: ChartSubject::Steps,
        span,
        title: labels.say(Word::DemoSteps, &[("period", &period)]),
        note: labels.word(Word::DemoBars).to_owned(),
        home: step_rows(&home, labels),
        recent: Recent::Steps(with_unknown_dates(&context.app.steps().days(range)?, range)),
    })
}

fn weight_part(context: &Context) -> Result<Part, Failure> {
    let labels = context.labels;
    let span = context.app.weight().span()?.ok_or_else(no_data)?;
    let home = context.app.home(span.1)?;
    let period = labels.dates(span.0, span.1);
    let range = DateRange::ending_on(span.1, TABLE_DAYS);
    Ok(Part {
        subject: ChartSubject::Weight,
        span,
        title: labels.say(Word::DemoWeight, &[("period", &period)]),
        note: labels.word(Word::DemoLine).to_owned(),
        home: weight_rows(&home, labels),
        recent: Recent::Weight(context.app.weight().days(range)?),
    })
}

fn no_data() -> Failure {
    Failure::Usage("the measurements of the demonstration hold no record of the person it shows".to_owned())
}

impl Part {
    fn print(&self, context: &Context) -> Result<(), Failure> {
        let labels = context.labels;
        say(&self.title)?;
        say("")?;
        let date = labels.date(self.span.1);
        say(&labels.say(Word::DemoHome, &[("date", &date)]))?;
        print_rows(&self.home)?;
        say("")?;
        say(labels.word(self.recent.title()))?;
        match &self.recent {
            Recent::Steps(days) => {
                print_days(context, days, DateRange::ending_on(self.span.1, TABLE_DAYS))?;
            }
            Recent::Weight(days) => {
                for day in days {
                    let [weight, trend] = weight_and_trend(context, day);
                    let date = format!("{} {}", format_date(day.date), labels.weekday(day.date));
                    say(&format!("{date}  {}  {}", right(&weight, 10), right(&trend, 10)))?;
                }
            }
        }
        say("")
    }

    /// Draws every range into files, and again in the sizes of the page.
    fn section(self, context: &Context, out: &Path) -> Result<Section, Failure> {
        let labels = context.labels;
        let mut charts = Vec::new();
        let mut periods = Vec::new();
        for (span, name) in SPANS {
            let request = chart_request(context, self.span.1, span);
            let chart = chart(context, self.subject, &request)?;
            write_files(context, &chart, out, &format!("{}-{name}", self.subject.name()))?;
            // All of a month's data are the month again; once is enough on a page.
            if periods.contains(&chart.facts.period) {
                continue;
            }
            periods.push(chart.facts.period);
            charts.push(pictures(context, &chart, matches!(span, Span::Month | Span::All)));
        }
        let date = labels.date(self.span.1);
        Ok(Section {
            title: self.title,
            note: self.note,
            home_title: labels.say(Word::DemoHome, &[("date", &date)]),
            home: self.home,
            table_title: labels.word(self.recent.title()).to_owned(),
            table: self.recent.table(context),
            charts,
        })
    }
}

impl Recent {
    const fn title(&self) -> Word {
        match self {
            Self::Steps(_) => Word::DemoWeek,
            Self::Weight(_) => Word::DemoRecent,
        }
    }

    fn table(&self, context: &Context) -> Table {
        let labels = context.labels;
        let head = |words: &[Word]| words.iter().map(|word| labels.word(*word).to_owned()).collect();
        match self {
            Self::Steps(days) => Table {
                head: head(&[Word::DemoDate, Word::SeriesSteps]),
                rows: days
                    .iter()
                    .map(|day| {
                        let steps = day
                            .steps
                            .map_or_else(|| labels.word(Word::NoData).to_owned(), thousands);
                        vec![labels.weekday_and_date(day.date), steps]
                    })
                    .collect(),
            },
            Self::Weight(days) => Table {
                head: head(&[Word::DemoDate, Word::SeriesWeight, Word::SeriesTrend]),
                rows: days
                    .iter()
                    .map(|day| {
                        let [weight, trend] = weight_and_trend(context, day);
                        vec![labels.weekday_and_date(day.date), weight, trend]
                    })
                    .collect(),
            },
        }
    }
}

/// The day value and the trend of a date, in kilograms.
fn weight_and_trend(context: &Context, day: &WeightDay) -> [String; 2] {
    let labels = context.labels;
    let trend = ValueLabel::of_kilograms(day.trend_kg, 1, MassUnit::Kilogram);
    [
        labels.weight(day.weight, MassUnit::Kilogram),
        labels.value(&trend),
    ]
}

/// The chart of a range that ends with the data.
fn chart_request(context: &Context, end: NaiveDate, span: Span) -> ChartRequest {
    ChartRequest {
        span,
        end,
        today: end,
        week_start: context.week_start(None),
        conceal_values: false,
    }
}

/// A chart in the sizes of the page.
fn pictures(context: &Context, chart: &Chart, is_wide: bool) -> ChartPictures {
    let size = if is_wide { (1118, 420) } else { (550, 340) };
    ChartPictures {
        is_wide,
        broad: themed(context, chart, size),
        narrow: themed(context, chart, (360, 320)),
    }
}

fn themed(context: &Context, chart: &Chart, (width, height): (u32, u32)) -> Themed {
    let drawn = |theme: ThemeChoice| {
        let look = Look {
            theme,
            width,
            height,
            ..Look::default()
        };
        svg_of(chart, context.labels, look)
    };
    Themed {
        light: drawn(ThemeChoice::Light),
        dark: drawn(ThemeChoice::Dark),
    }
}

fn write_files(context: &Context, chart: &Chart, out: &Path, name: &str) -> Result<(), Failure> {
    let look = Look::default();
    let svg = svg_of(chart, context.labels, look);
    write_whole(&out.join(format!("{name}.png")), &picture::png(&svg, look.scale)?)?;
    write_whole(&out.join(format!("{name}.svg")), svg.as_bytes())
}
