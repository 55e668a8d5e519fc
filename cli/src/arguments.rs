//! The command line.

use std::path::PathBuf;

use ayumi_core::time::{DayStart, NaiveDate, Tz, parse_date, parse_zone};
use ayumi_core::weight::{GoalWeight, Tau};
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
    /// Run the rules over a file and print what comes out, as JSON
    #[command(subcommand)]
    Replay(Replay),
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
