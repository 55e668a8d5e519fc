//! The command line of `ayumi weight`.

use ayumi_core::time::NaiveDate;
use ayumi_core::weight::{MassUnit, Waist};
use clap::{Args, Subcommand};

use super::parse::{date, moment, typed_or_none, waist, waist_or_none};
use super::{OrNone, Shown, Stamp};

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
        /// Its id: the end of it, as listed, or its beginning
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Take the newest change back: an entry, an edit or a deletion; again for the one before it
    Undo,
    /// Record the weight and waist of the checkup, from which the goals of the programme are counted
    Checkup(Checkup),
}

#[derive(Debug, Args)]
pub(crate) struct Checkup {
    /// Weight as typed, or none; show both values if nothing is named
    #[arg(value_name = "WEIGHT|none", value_parser = typed_or_none)]
    pub weight: Option<OrNone<String>>,
    /// Unit of the weight [default: the unit of weights that was chosen]
    #[arg(long, value_name = "UNIT", requires = "weight")]
    pub unit: Option<Unit>,
    /// Waist in cm, or none
    #[arg(long, value_name = "CM|none", value_parser = waist_or_none)]
    pub waist: Option<OrNone<Waist>>,
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
    /// Its id: the end of it, as listed, or its beginning
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

impl From<Unit> for MassUnit {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::Kg => Self::Kilogram,
            Unit::Lb => Self::Pound,
            Unit::St => Self::Stone,
        }
    }
}
