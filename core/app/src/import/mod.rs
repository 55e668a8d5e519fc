//! Other apps' exports, turned into our readings one at a time.
//!
//! A parser is an iterator over [`Record`]s: it pulls from a reader, holds at most one row, element or data point of the
//! file (plus the few weigh-ins named below), and knows no database. The caller batches records into transactions.
//!
//! ```text
//! file ── Counted (bytes for a progress bar) ── BufReader ── one parser ── Record, Record, … ── the caller's batches
//! ```
//!
//! How a shell imports a file: [`plan`] names the format from the first bytes and asks for what the file does not say;
//! [`crate::app::App::import`] checks the whole file, then stores it in batches that can be taken up again (`run.rs`).
//!
//! Errors about the content of one record leave the iterator usable, so a caller that prefers to go on may do so.
//! After an error of the file itself (not XML, cut off, unreadable) the iterator ends.
//!
//! Records have the same identity each time: importing a file twice changes nothing. Names of sources: `apple-health:`
//! with the name of the device or app, together at most
//! [`LONGEST_SOURCE_NAME`](crate::steps::LONGEST_SOURCE_NAME) characters, `google-fit`, `fitabase`, `libra`, `trendweight`, `csv`.

pub mod apple_health;
mod decimal;
mod failure;
mod file;
pub mod fitabase;
pub mod google_fit;
mod input;
pub mod libra;
mod plan;
mod run;
mod sql;
mod table;
pub mod trendweight;
pub mod weight_csv;
mod when;

use std::borrow::Cow;
use std::io;

use crate::steps::IntervalRecord;
use crate::time::{DAY_MS, UtcMillis};
use crate::weight::{NewWeighIn, WeighInTime};

pub use decimal::LengthUnit;
pub use failure::ImportFailure;
pub use file::{Counted, DETECT_BYTES, Format, Progress, detect};
pub use plan::{ImportChoice, ImportChoices, ImportPlan, plan};
pub use run::{ImportProgress, ImportReport, ImportStage};

use file::hex;
pub(crate) use run::run;
pub use when::DateOrder;

/// One reading found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// Steps between two instants.
    Steps(IntervalRecord),
    /// A weigh-in.
    WeighIn(NewWeighIn),
}

/// Readings pulled from a file, in an order that is the same each time.
pub trait Records: Iterator<Item = Result<Record, ImportError>> {
    /// What was left out so far, so that the person can be told.
    fn skipped(&self) -> Skipped {
        Skipped::default()
    }
}

/// Content that was understood and left out on purpose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Waist measurements without a weigh-in at the same moment.
    pub waists_without_weight: u64,
    /// Libra's midnight placeholders of a weigh-in that is there with its real time.
    pub midnight_twins: u64,
    /// Rows without a weight that was really measured: empty or interpolated.
    pub rows_without_weight: u64,
    /// Google Fit data points that are not step counts.
    pub other_data_points: u64,
}

/// Why a file, or one record of it, could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ImportError {
    /// Line of the file (of the XML file inside an archive), from 1; `None` if the file as a whole is meant.
    pub line: Option<u64>,
    /// Why.
    pub reason: ImportReason,
}

/// Reasons of an [`ImportError`]. The texts name fields and columns, never what stood in them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportReason {
    /// The reader failed; for a compressed file also when its content is damaged.
    #[error("the file could not be read: {0}")]
    Io(io::ErrorKind),
    /// Not an archive, a damaged one, or an encrypted one.
    #[error("not a readable zip archive")]
    Archive,
    /// The file is not what its format asks for.
    #[error("not well-formed {0}")]
    Malformed(&'static str),
    /// Bytes that are not UTF-8.
    #[error("not UTF-8 text")]
    NotUtf8,
    /// A column, key, attribute or part of the file is not there.
    #[error("{0} is missing")]
    Missing(Cow<'static, str>),
    /// A field holds something it cannot hold.
    #[error("{field} {problem}")]
    Bad {
        /// Name of the column, key or attribute.
        field: Cow<'static, str>,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// More than the importer is willing to hold in memory.
    #[error("{0}")]
    TooLarge(&'static str),
}

impl ImportReason {
    fn bad(field: impl Into<Cow<'static, str>>, problem: &'static str) -> Self {
        Self::Bad {
            field: field.into(),
            problem,
        }
    }

    fn missing(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Missing(what.into())
    }

    fn at(self, line: u64) -> ImportError {
        ImportError {
            line: Some(line),
            reason: self,
        }
    }

    fn of_file(self) -> ImportError {
        ImportError {
            line: None,
            reason: self,
        }
    }
}

/// Reads a whole file without keeping anything.
///
/// Shapes: `records` as a parser gives them. Returns their number, the length for a progress bar.
/// Errors: the first one found.
pub fn check(records: impl Iterator<Item = Result<Record, ImportError>>) -> Result<u64, ImportError> {
    let mut count = 0u64;
    for record in records {
        record?;
        count = count.saturating_add(1);
    }
    Ok(count)
}

/// The largest number of steps in one record. Source: steps.md 5.
const MAX_STEPS: i64 = 1_000_000;
/// The longest record. Source: steps.md 5.
const MAX_LENGTH_MS: i64 = 31 * DAY_MS;

/// Refuses what the store would refuse as well, while the line is still known. Source: steps.md 5, common limits.
fn checked_interval(record: IntervalRecord) -> Result<IntervalRecord, ImportReason> {
    if record.end < record.start {
        return Err(ImportReason::bad("the end", "lies before the start"));
    }
    if !record.start.is_plausible() || !record.end.is_plausible() {
        return Err(outside_the_century());
    }
    if record.end.since(record.start) > MAX_LENGTH_MS {
        return Err(ImportReason::bad("the record", "is longer than 31 days"));
    }
    if !(0..=MAX_STEPS).contains(&record.steps) {
        return Err(ImportReason::bad(
            "the number of steps",
            "is outside 0 to 1,000,000",
        ));
    }
    Ok(record)
}

/// The same for the time of a weigh-in. Source: weight.md 2.
fn checked_time(when: WeighInTime) -> Result<WeighInTime, ImportReason> {
    if when.is_plausible() {
        Ok(when)
    } else {
        Err(outside_the_century())
    }
}

fn outside_the_century() -> ImportReason {
    ImportReason::bad("the time", "lies outside the years 2000 to 2099")
}

/// Milliseconds of an instant given in nanoseconds, cut off towards the past.
fn millis_of_nanos(nanos: i64) -> UtcMillis {
    UtcMillis(nanos.div_euclid(1_000_000))
}

#[cfg(test)]
mod tests;
