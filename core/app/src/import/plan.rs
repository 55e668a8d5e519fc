//! How a file is to be read: what the file says itself, what a person has to say, and what is said in vain.

use std::fmt;
use std::io::{self, BufReader, Read, Seek};

use super::run::{opened, unreadable};
use super::weight_csv::{self, WeightColumns};
use super::{DETECT_BYTES, Format, ImportFailure, detect, fitabase, trendweight};
use crate::time::Tz;
use crate::weight::MassUnit;

/// How a file is to be read: its format with everything that the file itself does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportPlan {
    /// `export.zip` of Apple Health; weigh-ins without a zone of their own get the local time of the zone.
    AppleHealthZip(Tz),
    /// `export.xml` of Apple Health, likewise.
    AppleHealthXml(Tz),
    /// A list of step counts from a Google Takeout archive.
    GoogleFit,
    /// The minutes of one person of a Fitabase table, whose clock showed the zone.
    FitabaseSteps {
        /// Her id in the table.
        person: String,
        /// Her zone.
        zone: Tz,
    },
    /// The weights of one person of a Fitabase table, likewise.
    FitabaseWeight {
        /// Her id in the table.
        person: String,
        /// Her zone.
        zone: Tz,
    },
    /// Libra CSV; the zone tells which rows are midnight placeholders.
    Libra(Tz),
    /// `TrendWeight` CSV with the zone of its times and the unit of its weights, if its header does not name one.
    TrendWeight(Tz, Option<MassUnit>),
    /// CSV with the header `at,weight_kg`.
    WeightCsv,
    /// A table with the columns that the person chose.
    ChosenCsv(WeightColumns),
}

/// What a person may have to say about a file.
#[derive(Debug, Clone, Default)]
pub struct ImportChoices {
    /// The format; found by content if it is not given.
    pub format: Option<Format>,
    /// Which person of a table of several.
    pub person: Option<String>,
    /// The unit of weights, where the file does not say.
    pub unit: Option<MassUnit>,
    /// The columns of a table of unknown origin.
    pub columns: Option<WeightColumns>,
    /// The zone of the times in the file that carry none, if it is not the one the person is in.
    pub zone: Option<Tz>,
}

/// One of the [`ImportChoices`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportChoice {
    /// Which person.
    Person,
    /// The unit of weights.
    Unit,
    /// The columns.
    Columns,
    /// The zone.
    Zone,
}

impl fmt::Display for ImportChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Person => "person",
            Self::Unit => "unit",
            Self::Columns => "columns",
            Self::Zone => "zone",
        })
    }
}

impl ImportChoices {
    /// The first choice that was made and decides nothing about a file of this format.
    fn without_effect_on(&self, format: Format) -> Option<ImportChoice> {
        let has_persons = matches!(format, Format::FitabaseSteps | Format::FitabaseWeight);
        let is_table = format == Format::OtherCsv;
        // These two hold nothing but instants, or times with their offset.
        let has_zone = !matches!(format, Format::GoogleFitJson | Format::WeightCsv);
        [
            (ImportChoice::Person, self.person.is_some() && !has_persons),
            (
                ImportChoice::Unit,
                self.unit.is_some() && !is_table && format != Format::TrendWeight,
            ),
            (ImportChoice::Columns, self.columns.is_some() && !is_table),
            (ImportChoice::Zone, self.zone.is_some() && !has_zone),
        ]
        .into_iter()
        .find_map(|(choice, is_without_effect)| is_without_effect.then_some(choice))
    }
}

/// Finds out how a file is to be read.
///
/// Shapes: `open` gives the file from its start, each time it is called; `file_name` only decides whether an unknown table is
/// worth asking about. Times without a zone are those of the chosen zone, else of `zone`, where the person is.
/// Errors: `UnknownFormat`; `WhichPerson`, `NoSuchPerson`, `WhichColumns` and `NoSuchColumn` with what there is to choose from;
/// `WhichUnit`; `WithoutEffect`; `File`.
pub fn plan<R: Read + Seek>(
    open: impl Fn() -> io::Result<R>,
    file_name: &str,
    zone: Tz,
    choices: &ImportChoices,
) -> Result<ImportPlan, ImportFailure> {
    let format = match (choices.format, &choices.columns) {
        (Some(format), _) => format,
        (None, Some(_)) => Format::OtherCsv,
        (None, None) => {
            let mut first_bytes = Vec::new();
            opened(&open)?
                .take(DETECT_BYTES as u64)
                .read_to_end(&mut first_bytes)
                .map_err(unreadable)?;
            detect(&first_bytes, file_name).ok_or(ImportFailure::UnknownFormat)?
        }
    };
    if let Some(choice) = choices.without_effect_on(format) {
        return Err(ImportFailure::WithoutEffect(choice));
    }
    let zone = choices.zone.unwrap_or(zone);
    Ok(match format {
        Format::AppleHealthZip => ImportPlan::AppleHealthZip(zone),
        Format::AppleHealthXml => ImportPlan::AppleHealthXml(zone),
        Format::GoogleFitJson => ImportPlan::GoogleFit,
        Format::FitabaseSteps => ImportPlan::FitabaseSteps {
            person: person(&open, choices)?,
            zone,
        },
        Format::FitabaseWeight => ImportPlan::FitabaseWeight {
            person: person(&open, choices)?,
            zone,
        },
        Format::Libra => ImportPlan::Libra(zone),
        Format::TrendWeight => {
            let names_unit = trendweight::names_unit(BufReader::new(opened(&open)?))?;
            match (names_unit, choices.unit) {
                (true, Some(_)) => return Err(ImportFailure::WithoutEffect(ImportChoice::Unit)),
                (false, None) => return Err(ImportFailure::WhichUnit),
                (_, unit) => ImportPlan::TrendWeight(zone, unit),
            }
        }
        Format::WeightCsv => ImportPlan::WeightCsv,
        Format::OtherCsv => {
            let file = BufReader::new(opened(&open)?);
            let Some(chosen) = &choices.columns else {
                return Err(ImportFailure::WhichColumns(weight_csv::columns(file)?));
            };
            if let Some((chosen, columns)) = weight_csv::missing_column(file, chosen)? {
                return Err(ImportFailure::NoSuchColumn { chosen, columns });
            }
            ImportPlan::ChosenCsv(WeightColumns {
                zone: choices.zone.or(chosen.zone),
                ..chosen.clone()
            })
        }
    })
}

/// The chosen person of a table, or the only one in it.
fn person<R: Read + Seek>(
    open: &impl Fn() -> io::Result<R>,
    choices: &ImportChoices,
) -> Result<String, ImportFailure> {
    let mut persons = fitabase::persons(BufReader::new(opened(open)?))?;
    match &choices.person {
        Some(person) if persons.contains(person) => Ok(person.clone()),
        Some(_) => Err(ImportFailure::NoSuchPerson(persons)),
        None if persons.len() == 1 => persons.pop().ok_or(ImportFailure::WhichPerson(persons)),
        None => Err(ImportFailure::WhichPerson(persons)),
    }
}

impl ImportPlan {
    /// Everything that decides what comes out of the same bytes.
    pub(super) fn parts(&self) -> Vec<String> {
        let zone = |zone: &Tz| zone.name().to_owned();
        match self {
            Self::AppleHealthZip(z) => vec!["apple-health-zip".to_owned(), zone(z)],
            Self::AppleHealthXml(z) => vec!["apple-health-xml".to_owned(), zone(z)],
            Self::GoogleFit => vec!["google-fit".to_owned()],
            Self::FitabaseSteps { person, zone: z } => {
                vec!["fitabase-steps".to_owned(), person.clone(), zone(z)]
            }
            Self::FitabaseWeight { person, zone: z } => {
                vec!["fitabase-weight".to_owned(), person.clone(), zone(z)]
            }
            Self::Libra(z) => vec!["libra".to_owned(), zone(z)],
            Self::TrendWeight(z, unit) => vec!["trendweight".to_owned(), zone(z), format!("{unit:?}")],
            Self::WeightCsv => vec!["weight-csv".to_owned()],
            Self::ChosenCsv(columns) => vec!["chosen-csv".to_owned(), format!("{columns:?}")],
        }
    }
}

#[cfg(test)]
mod tests;
