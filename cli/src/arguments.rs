//! The command line.

use std::path::PathBuf;

use ayumi_core::time::{DayStart, NaiveDate, Tz, UtcMillis, parse_date, parse_zone};
use ayumi_core::weight::{GoalWeight, Tau, Waist};
use clap::{Args, Parser, Subcommand};

/// Ayumi in a terminal: steps, weight and their trends.
#[derive(Debug, Parser)]
#[command(name = "ayumi", version, propagate_version = true, max_term_width = 110)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

/// Where the data are, and how to show them.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// Folder with the data [default: ayumi in the user's data folder]
    #[arg(long, global = true, value_name = "DIR", env = "AYUMI_FOLDER")]
    pub folder: Option<PathBuf>,
    /// Zone you are in, for example Asia/Tokyo [default: the computer's]
    #[arg(long, global = true, value_name = "ZONE", value_parser = zone, env = "AYUMI_ZONE")]
    pub zone: Option<Tz>,
    /// The date to take for today, YYYY-MM-DD [default: the computer's]
    #[arg(long, global = true, value_name = "DATE", value_parser = date)]
    pub today: Option<NaiveDate>,
    /// Language of labels: ja or en [default: from LANG]
    #[arg(long, global = true, value_name = "LANGUAGE")]
    pub language: Option<Language>,
}

/// Language of labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Language {
    /// Japanese.
    Ja,
    /// English.
    En,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Today at a glance: steps, streak, weight trend, goals
    Home(Shown),
    /// Days of steps, and what can be corrected about them
    Steps(StepsArguments),
    /// Weigh-ins and their trend
    Weight(WeightArguments),
    /// The goals: show, set or take away
    Goal {
        #[command(subcommand)]
        action: Option<GoalAction>,
    },
    /// Draw a chart into a file
    Chart(ChartArguments),
    /// Choices: unit of weights, time constant of the trend, start of the day
    Settings {
        #[command(subcommand)]
        action: Option<SettingsAction>,
    },
    /// Run the rules over a file and print what comes out, as JSON
    #[command(subcommand)]
    Replay(Replay),
}

/// How an answer is printed.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Shown {
    /// Print JSON for programs in place of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct StepsArguments {
    /// How many days, 1 to 3660
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=3660))]
    pub days: u32,
    /// The last day [default: today]
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub end: Option<NaiveDate>,
    #[command(flatten)]
    pub shown: Shown,
    #[command(subcommand)]
    pub action: Option<StepsAction>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StepsAction {
    /// Correct a day to a number of steps; none takes the correction back
    Adjust {
        /// The day, YYYY-MM-DD
        #[arg(value_name = "DATE", value_parser = date)]
        date: NaiveDate,
        /// 0 to 1,000,000, or none
        #[arg(value_name = "STEPS|none", value_parser = step_count)]
        steps: OrNone<i64>,
    },
    /// Stop counting
    Pause(Moment),
    /// Count again
    Resume(Moment),
    /// Leave a stretch of time out, for example a ride on a bumpy road
    Exclude {
        /// First moment that does not count, RFC 3339 such as 2026-04-01T08:00:00+09:00
        #[arg(value_name = "START", value_parser = moment)]
        start: Stamp,
        /// First moment that counts again
        #[arg(value_name = "END", value_parser = moment)]
        end: Stamp,
        /// Why, in a word
        #[arg(long, value_name = "WORD")]
        reason: Option<String>,
    },
    /// Show the order in which sources are believed, or set it, best first
    Priority {
        /// Names of sources
        #[arg(value_name = "SOURCE")]
        sources: Vec<String>,
    },
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Moment {
    /// When, RFC 3339 such as 2026-04-01T08:00:00+09:00 [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub at: Option<Stamp>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct WeightArguments {
    #[command(flatten)]
    pub list: WeightList,
    #[command(subcommand)]
    pub action: Option<WeightAction>,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct WeightList {
    /// How many of the newest weigh-ins, 1 to 100,000
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub newest: u32,
    #[command(flatten)]
    pub shown: Shown,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WeightAction {
    /// Record a weigh-in
    Add(WeightAdd),
    /// The newest weigh-ins with the trend of their day
    List(WeightList),
    /// Change a weigh-in; what is not named stays
    Edit(WeightEdit),
    /// Take a weigh-in away
    Delete {
        /// Its id as listed, or the beginning of it
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Take the newest change back: an entry, an edit or a deletion; again for the one before it
    Undo,
    /// Record the weight and waist of the checkup, from which the goals of the programme are counted
    Checkup {
        /// Weight in kg as typed, or none
        #[arg(value_name = "KG|none", value_parser = typed_or_none)]
        weight: OrNone<String>,
        /// Waist in cm
        #[arg(long, value_name = "CM", value_parser = waist)]
        waist: Option<Waist>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct WeightAdd {
    /// The number as it stands on the scale: 63.5, or '10 st 4' for stone
    #[arg(value_name = "WEIGHT")]
    pub weight: String,
    /// Its unit [default: the unit of weights that was chosen]
    #[arg(long, value_name = "UNIT")]
    pub unit: Option<Unit>,
    /// The day, if the time does not matter, YYYY-MM-DD
    #[arg(long, value_name = "DATE", value_parser = date, conflicts_with = "at")]
    pub date: Option<NaiveDate>,
    /// The moment, RFC 3339 such as 2026-04-01T07:00:00+09:00 [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub at: Option<Stamp>,
    /// Waist in cm
    #[arg(long, value_name = "CM", value_parser = waist)]
    pub waist: Option<Waist>,
}

#[derive(Debug, Args)]
pub(crate) struct WeightEdit {
    /// Its id as listed, or the beginning of it
    #[arg(value_name = "ID")]
    pub id: String,
    /// The right number
    #[arg(long, value_name = "WEIGHT", required_unless_present_any = ["date", "at", "waist"])]
    pub weight: Option<String>,
    /// The unit of the number [default: the one it had]
    #[arg(long, value_name = "UNIT", requires = "weight")]
    pub unit: Option<Unit>,
    /// The right day, YYYY-MM-DD
    #[arg(long, value_name = "DATE", value_parser = date, conflicts_with = "at")]
    pub date: Option<NaiveDate>,
    /// The right moment, RFC 3339
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub at: Option<Stamp>,
    /// The right waist in cm, or none
    #[arg(long, value_name = "CM|none", value_parser = waist_or_none)]
    pub waist: Option<OrNone<Waist>>,
}

/// A unit of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Unit {
    /// Kilograms.
    Kg,
    /// Pounds.
    Lb,
    /// Stone and pounds.
    St,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GoalAction {
    /// Steps a day
    Steps {
        /// 1 to 1,000,000, or none
        #[arg(value_name = "STEPS|none", value_parser = step_count)]
        goal: OrNone<i64>,
    },
    /// Body weight
    Weight {
        /// The weight, or none
        #[arg(value_name = "WEIGHT|none", value_parser = typed_or_none)]
        goal: OrNone<String>,
        /// Its unit [default: the unit of weights that was chosen]
        #[arg(long, value_name = "UNIT")]
        unit: Option<Unit>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ChartArguments {
    /// What to draw
    #[arg(value_name = "SUBJECT")]
    pub subject: ChartSubject,
    /// How much time
    #[arg(long, value_name = "RANGE", default_value = "month")]
    pub range: Range,
    /// The last day [default: today]
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub end: Option<NaiveDate>,
    /// The file to write; its ending, .svg or .png, names the kind
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    #[command(flatten)]
    pub look: Look,
    /// On which day weeks begin [default: sunday in Japanese, monday in English]
    #[arg(long, value_name = "DAY")]
    pub week_start: Option<WeekStartChoice>,
    /// Leave the numbers of a weight chart out
    #[arg(long)]
    pub conceal: bool,
}

/// How a picture looks.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Look {
    /// Light or dark background
    #[arg(long, value_name = "THEME", default_value = "light")]
    pub theme: ThemeChoice,
    /// Width in units of the picture, 240 to 4000
    #[arg(long, value_name = "N", default_value_t = 800, value_parser = clap::value_parser!(u32).range(240..=4000))]
    pub width: u32,
    /// Height, 160 to 4000
    #[arg(long, value_name = "N", default_value_t = 400, value_parser = clap::value_parser!(u32).range(160..=4000))]
    pub height: u32,
    /// Pixels of a PNG per unit, 1 to 4
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=4))]
    pub scale: u8,
}

/// What a chart is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ChartSubject {
    /// Steps, as bars.
    Steps,
    /// Weight, as dots with a trend line.
    Weight,
}

/// How much time a chart shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Range {
    /// One day by the hour.
    Day,
    /// 7 days.
    Week,
    /// 30 days.
    Month,
    /// 91 days.
    Quarter,
    /// 365 days.
    Year,
    /// From the first day with data.
    All,
}

/// The day on which weeks begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum WeekStartChoice {
    /// As in ISO weeks.
    Monday,
    /// As in Japan.
    Sunday,
    /// As in much of the Arab world.
    Saturday,
}

/// Background of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ThemeChoice {
    /// White.
    Light,
    /// Near black.
    Dark,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SettingsAction {
    /// The unit in which weights are shown and typed
    Unit {
        /// kg, lb or st
        unit: Unit,
    },
    /// How slowly the trend follows
    TrendDays {
        /// Time constant in days, 0.1 to 1000; 9.4912216 is the default, 7 follows faster
        #[arg(value_name = "DAYS", value_parser = tau)]
        days: Tau,
    },
    /// When a day starts; the days of steps and weight are computed anew
    DayStart {
        /// HH:MM
        #[arg(value_name = "HH:MM", value_parser = day_start)]
        at: DayStart,
    },
}

/// A value, or the word `none` for taking it away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrNone<T>(pub Option<T>);

/// A moment as typed, with the offset that was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub at: UtcMillis,
    pub offset_s: i32,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Replay {
    /// Step readings as JSON lines
    Steps(ReplaySteps),
    /// Weigh-ins as CSV with the header at,weight_kg
    Weight(ReplayWeight),
}

#[derive(Debug, Args)]
pub(crate) struct ReplaySteps {
    /// File with one event a line
    pub file: PathBuf,
    /// Zone of items that carry none
    #[arg(long, value_name = "ZONE", value_parser = zone, default_value = "Asia/Tokyo")]
    pub zone: Tz,
    /// When a day starts, HH:MM
    #[arg(long, value_name = "HH:MM", value_parser = day_start, default_value = "00:00")]
    pub day_start: DayStart,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayWeight {
    /// File with one weigh-in a line
    pub file: PathBuf,
    /// Time constant of the trend in days, 0.1 to 1000
    #[arg(long, value_name = "DAYS", value_parser = tau, default_value = "9.4912216")]
    pub tau_days: Tau,
    /// Goal weight in kg, 2 to 500
    #[arg(long, value_name = "KG", value_parser = goal_weight)]
    pub goal_kg: Option<GoalWeight>,
    /// When a day starts, HH:MM
    #[arg(long, value_name = "HH:MM", value_parser = day_start, default_value = "00:00")]
    pub day_start: DayStart,
}

fn or_none<T>(text: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Result<OrNone<T>, String> {
    if text == "none" {
        Ok(OrNone(None))
    } else {
        read(text).map(|value| OrNone(Some(value)))
    }
}

fn step_count(text: &str) -> Result<OrNone<i64>, String> {
    or_none(text, |text| {
        text.parse().map_err(|_| "not a whole number of steps, nor the word none".to_owned())
    })
}

fn typed_or_none(text: &str) -> Result<OrNone<String>, String> {
    or_none(text, |text| Ok(text.to_owned()))
}

/// Centimetres with at most one decimal, as millimetres.
fn waist(text: &str) -> Result<Waist, String> {
    let (whole, tenth) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let millimetres = (is_digits(whole) && is_digits(tenth) && tenth.len() == 1)
        .then(|| format!("{whole}{tenth}").parse().ok())
        .flatten();
    millimetres
        .and_then(Waist::from_millimetres)
        .ok_or_else(|| "not a waist from 10 to 300 cm with at most one decimal, such as 84.5".to_owned())
}

fn waist_or_none(text: &str) -> Result<OrNone<Waist>, String> {
    or_none(text, waist)
}

fn moment(text: &str) -> Result<Stamp, String> {
    chrono::DateTime::parse_from_rfc3339(text)
        .map(|moment| Stamp {
            at: UtcMillis(moment.timestamp_millis()),
            offset_s: moment.offset().local_minus_utc(),
        })
        .map_err(|_| "not a time written YYYY-MM-DDTHH:MM:SS with an offset such as +09:00 or Z".to_owned())
}

fn tau(text: &str) -> Result<Tau, String> {
    text.parse()
        .ok()
        .and_then(Tau::from_days)
        .ok_or_else(|| "not a number of days from 0.1 to 1000".to_owned())
}

fn goal_weight(text: &str) -> Result<GoalWeight, String> {
    text.parse()
        .ok()
        .and_then(GoalWeight::from_kilograms)
        .ok_or_else(|| "not a weight from 2 to 500 kg".to_owned())
}

fn zone(text: &str) -> Result<Tz, String> {
    parse_zone(text).ok_or_else(|| "not an IANA zone name; Asia/Tokyo is one".to_owned())
}

fn date(text: &str) -> Result<NaiveDate, String> {
    parse_date(text).ok_or_else(|| "not an existing date written YYYY-MM-DD".to_owned())
}

fn day_start(text: &str) -> Result<DayStart, String> {
    DayStart::parse(text).ok_or_else(|| "not a time of day written HH:MM, 00:00 to 23:59".to_owned())
}
