//! The command line of `ayumi import`.

use std::path::PathBuf;

use ayumi_core::import::{DateOrder, Format, LengthUnit};
use ayumi_core::time::Tz;
use clap::Args;

use super::Unit;
use super::parse::zone;

#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// The file as the other app wrote it
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Its format [default: found by its content]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<FormatChoice>,
    /// Which person, in a table of several
    #[arg(long, value_name = "ID")]
    pub person: Option<String>,
    /// Unit of weights, where the file names none
    #[arg(long, value_name = "UNIT")]
    pub unit: Option<Unit>,
    /// Zone of the times in the file that carry none [default: where you are]
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    pub file_zone: Option<Tz>,
    #[command(flatten)]
    pub columns: ColumnArguments,
}

/// What stands where in a table of unknown origin.
#[derive(Debug, Args)]
#[command(next_help_heading = "Columns of a table of unknown origin")]
pub(crate) struct ColumnArguments {
    /// Name of the column with the date, or with date and time
    #[arg(long, value_name = "NAME", requires = "weight_column")]
    pub date_column: Option<String>,
    /// Name of the column with the weight
    #[arg(long, value_name = "NAME", requires = "date_column")]
    pub weight_column: Option<String>,
    /// Name of a column with the time of day
    #[arg(long, value_name = "NAME", requires = "date_column")]
    pub time_column: Option<String>,
    /// Name of a column with the waist
    #[arg(long, value_name = "NAME", requires = "date_column")]
    pub waist_column: Option<String>,
    /// Unit of the waist
    #[arg(long, value_name = "UNIT", requires = "waist_column", default_value = "cm")]
    pub waist_unit: WaistUnit,
    /// How dates are written
    #[arg(long, value_name = "ORDER", requires = "date_column", default_value = "ymd")]
    pub date_order: DateOrderChoice,
}

/// A format of another app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FormatChoice {
    /// `export.zip` of Apple Health
    AppleHealthZip,
    /// `export.xml` of Apple Health
    AppleHealthXml,
    /// Derived step counts of a Google Takeout archive, JSON
    GoogleFit,
    /// Fitabase minuteStepsWide, CSV
    FitabaseSteps,
    /// Fitabase weightLogInfo, CSV
    FitabaseWeight,
    /// Libra, CSV
    Libra,
    /// TrendWeight, CSV
    Trendweight,
    /// CSV with the header `at,weight_kg`
    WeightCsv,
    /// A table whose columns you name
    Table,
}

/// A unit of waists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum WaistUnit {
    /// Centimetres
    Cm,
    /// Inches
    In,
}

/// Order of year, month and day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum DateOrderChoice {
    /// 2026-04-01
    Ymd,
    /// 1.4.2026
    Dmy,
    /// 4/1/2026
    Mdy,
}

impl From<FormatChoice> for Format {
    fn from(choice: FormatChoice) -> Self {
        match choice {
            FormatChoice::AppleHealthZip => Self::AppleHealthZip,
            FormatChoice::AppleHealthXml => Self::AppleHealthXml,
            FormatChoice::GoogleFit => Self::GoogleFitJson,
            FormatChoice::FitabaseSteps => Self::FitabaseSteps,
            FormatChoice::FitabaseWeight => Self::FitabaseWeight,
            FormatChoice::Libra => Self::Libra,
            FormatChoice::Trendweight => Self::TrendWeight,
            FormatChoice::WeightCsv => Self::WeightCsv,
            FormatChoice::Table => Self::OtherCsv,
        }
    }
}

impl From<WaistUnit> for LengthUnit {
    fn from(unit: WaistUnit) -> Self {
        match unit {
            WaistUnit::Cm => Self::Centimetre,
            WaistUnit::In => Self::Inch,
        }
    }
}

impl From<DateOrderChoice> for DateOrder {
    fn from(order: DateOrderChoice) -> Self {
        match order {
            DateOrderChoice::Ymd => Self::YearFirst,
            DateOrderChoice::Dmy => Self::DayFirst,
            DateOrderChoice::Mdy => Self::MonthFirst,
        }
    }
}
