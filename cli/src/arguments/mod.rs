//! The command line: what can be asked for.

mod exchange;
mod import;
mod parse;
mod weight;

use std::path::PathBuf;

use ayumi_core::time::{DayStart, NaiveDate, Tz};
use ayumi_core::weight::{GoalWeight, Tau};
use clap::{Args, Parser, Subcommand};

use parse::{
    date, date_of_century, day_start, goal_weight, moment, source_name, step_count, tau, typed_or_none, zone,
};

pub(crate) use exchange::{
    ChatAction, ChatArguments, ChatView, ConsentArguments, EnrolArguments, NoteAction, OneMessage, Reach,
    SignOutArguments, StaffAction, SyncArguments, Wait,
};
pub(crate) use import::ImportArguments;
pub(crate) use parse::{OrNone, Stamp};
pub(crate) use weight::{Checkup, Unit, WeightAction, WeightAdd, WeightArguments, WeightEdit, WeightList};

/// What `Failure::exit_status` gives.
const EXIT_STATUS: &str = "Exit status: 0 done; 1 a file does not hold what it should, or something failed; 2 the command line can be corrected";

/// Ayumi in a terminal: steps, weight and their trends.
#[derive(Debug, Parser)]
#[command(name = "ayumi", version, propagate_version = true, max_term_width = 110, after_help = EXIT_STATUS)]
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
    /// Zone you are in, for example Asia/Tokyo [default: `AYUMI_ZONE` in the environment, else the computer's]
    // Not `env`: it would also fill the `--zone` of a replay, whose result must not depend on the computer.
    #[arg(long, global = true, value_name = "ZONE", value_parser = zone)]
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
    /// Sign in with the code of an invitation, or with one of another phone
    Enrol(EnrolArguments),
    /// The text of consent: read it, agree, or leave
    Consent(ConsentArguments),
    /// The conversation with your dietitian
    Chat(ChatArguments),
    /// Exchange with the server, and how that stands
    Sync(SyncArguments),
    /// A code with which you sign in on another phone
    TransferCode(Wait),
    /// End the session and delete the data on this computer
    SignOut(SignOutArguments),
    /// The work of a dietitian: cases, conversations, notes
    #[command(subcommand)]
    Staff(StaffAction),
    /// Bring readings of another app in; the same file twice changes nothing
    Import(ImportArguments),
    /// Write everything you entered into files
    Export(ExportArguments),
    /// Show everything on real measurements: home screen, charts, two phones that talk through a server, one page
    Demo(DemoArguments),
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
        /// The day, YYYY-MM-DD, in the years 2000 to 2099
        #[arg(value_name = "DATE", value_parser = date_of_century)]
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
        /// Names of sources, each of at most 200 characters
        #[arg(value_name = "SOURCE", value_parser = source_name)]
        sources: Vec<String>,
    },
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Moment {
    /// When, RFC 3339 such as 2026-04-01T08:00:00+09:00 [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub at: Option<Stamp>,
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

/// Wide enough for a month of bars with their labels.
const WIDTH: u32 = 880;
const HEIGHT: u32 = 440;
/// Sharp on the screens of this decade.
const SCALE: u8 = 2;

/// How a picture looks.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Look {
    /// Light or dark background
    #[arg(long, value_name = "THEME", default_value = "light")]
    pub theme: ThemeChoice,
    /// Width in units of the picture, 240 to 4000
    #[arg(long, value_name = "N", default_value_t = WIDTH, value_parser = clap::value_parser!(u32).range(240..=4000))]
    pub width: u32,
    /// Height, 180 to 4000
    #[arg(long, value_name = "N", default_value_t = HEIGHT, value_parser = clap::value_parser!(u32).range(180..=4000))]
    pub height: u32,
    /// Pixels of a PNG per unit, 1 to 4
    #[arg(long, value_name = "N", default_value_t = SCALE, value_parser = clap::value_parser!(u8).range(1..=4))]
    pub scale: u8,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::Light,
            width: WIDTH,
            height: HEIGHT,
            scale: SCALE,
        }
    }
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

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// Folder for the files; made if it is missing
    #[arg(value_name = "DIR")]
    pub into: PathBuf,
    /// Which form [default: both]
    #[arg(long, value_name = "FORM")]
    pub form: Option<ExportForm>,
}

/// A form of exported files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ExportForm {
    /// One table for each kind of entry.
    Csv,
    /// One file with everything.
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Folder for the charts and the page [default: target/demo in the repository]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Keep the phones and the server in this folder, one folder each [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    pub database: Option<PathBuf>,
    /// Folder with the measurements [default: tests/data in the repository]
    #[arg(long, value_name = "DIR")]
    pub measurements: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Replay {
    /// Step readings as JSON lines
    Steps(ReplaySteps),
    /// Weigh-ins as CSV with the header `at,weight_kg`
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
    /// The date on which the goal is judged, YYYY-MM-DD [default: the date of the last reading]
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub today: Option<NaiveDate>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn no_argument_of_a_command_hides_a_common_one() {
        fn check(command: &clap::Command, common: &BTreeSet<String>) {
            for command in command.get_subcommands() {
                for argument in command.get_arguments() {
                    let id = argument.get_id().as_str();
                    // A replay has its own zone and today on purpose: its result must not depend on the computer.
                    let is_meant =
                        [("steps", "zone"), ("weight", "today")].contains(&(command.get_name(), id));
                    assert!(is_meant || !common.contains(id), "{} {id}", command.get_name());
                }
                check(command, common);
            }
        }
        let command = Arguments::command();
        let globals = command
            .get_arguments()
            .filter(|argument| argument.is_global_set());
        let common: BTreeSet<String> = globals.map(|argument| argument.get_id().to_string()).collect();
        assert_eq!(common.len(), 4);
        check(&command, &common);
    }
}
