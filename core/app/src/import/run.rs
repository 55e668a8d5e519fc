//! One import from start to end: everything is checked first, then stored in batches that can be taken up again.
//!
//! ```text
//! key: hash of the content and the plan ─▶ was it imported before? ─ yes ─▶ nothing to do
//!                                                │ no, or broken off
//!                          check the whole file ─▶ skip what is stored ─▶ batch, batch, …
//! ```
//!
//! Invariants: a bad record is found before the first batch, so nothing is half imported; a batch and the number of records
//! stored so far are one transaction, so a kill loses no record and doubles none; the same file twice changes nothing.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use sha2::{Digest as _, Sha256};

use super::apple_health::{AppleHealth, HealthArchive};
use super::fitabase::{self, MinuteSteps};
use super::google_fit::GoogleFit;
use super::libra::Libra;
use super::sql::{self, StoredRun};
use super::{
    Counted, ImportError, ImportFailure, ImportPlan, ImportReason, Progress, Record, Records, Skipped, check,
    hex, trendweight, weight_csv,
};
use crate::steps::{self, NoteCode, StepEvent};
use crate::store::Store;
use crate::time::UtcMillis;
use crate::weight::{NewWeighIn, Weights};

/// Records per transaction: enough that the fsync of each is lost in the work, few enough that a broken-off import repeats
/// little and the bar moves.
const BATCH_RECORDS: usize = 2_000;
/// Records between two looks at the progress while checking.
const RECORDS_PER_NOTICE: u64 = 1_000;
/// Bytes hashed between two looks at the progress.
const HASHED_AT_ONCE: usize = 1 << 16;

/// What an import is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImportStage {
    /// Reading the file to recognise it.
    Recognising,
    /// Reading every record without storing anything.
    Checking,
    /// Storing.
    Storing,
}

/// How far a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportProgress {
    /// The stage.
    pub stage: ImportStage,
    /// Position in the file.
    pub bytes: u64,
    /// Length of the file.
    pub total_bytes: u64,
}

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportReport {
    /// Records in the file.
    pub records: u64,
    /// Of these, stored by an earlier run that was broken off.
    pub resumed_after: u64,
    /// The whole file was imported before; nothing was done.
    pub was_complete: bool,
    /// Step records that were new or newer than what was stored.
    pub new_steps: u64,
    /// Weigh-ins that were new.
    pub new_weigh_ins: u64,
    /// Step records that the rules refused, for example of a source that delivers another kind.
    pub rejected: u64,
    /// What the file holds and was left out on purpose; in a resumed run, of the whole file.
    pub skipped: Skipped,
}

/// Runs an import. See [`crate::app::App::import`].
pub(crate) fn run<R: Read + Seek>(
    store: &Store,
    weights: Weights<'_>,
    now: UtcMillis,
    open: impl Fn() -> io::Result<R>,
    plan: &ImportPlan,
    watch: &mut dyn FnMut(ImportProgress) -> ControlFlow<()>,
) -> Result<ImportReport, ImportFailure> {
    let mut watched = Watched {
        total_bytes: opened(&open)?.seek(SeekFrom::End(0)).map_err(unreadable)?,
        watch,
    };
    let key = key(opened(&open)?, plan, &mut watched)?;
    let before = store.read(|reader| sql::run(reader, &key).map_err(ImportFailure::from))?;
    if let Some(run) = before.filter(|run| run.is_complete) {
        return Ok(ImportReport {
            records: run.records,
            was_complete: true,
            ..ImportReport::default()
        });
    }
    let resumed_after = before.map_or(0, |run| run.records);

    let (counted, progress) = Counted::new(opened(&open)?);
    let mut records = 0u64;
    with_records(counted, plan, |file| {
        for record in &mut *file {
            record?;
            records = records.saturating_add(1);
            if records.is_multiple_of(RECORDS_PER_NOTICE) {
                watched.tell(ImportStage::Checking, &progress)?;
            }
        }
        Ok(())
    })?;

    let mut report = ImportReport {
        records,
        resumed_after,
        ..ImportReport::default()
    };
    let (counted, progress) = Counted::new(opened(&open)?);
    with_records(counted, plan, |file| {
        if resumed_after > 0 {
            let stored = usize::try_from(resumed_after).unwrap_or(usize::MAX);
            check(Iterator::take(&mut *file, stored))?;
        }
        let mut stored = resumed_after;
        loop {
            let batch: Vec<Record> = Iterator::take(&mut *file, BATCH_RECORDS).collect::<Result<_, _>>()?;
            stored = stored.saturating_add(batch.len() as u64);
            let run = StoredRun {
                records: stored,
                is_complete: batch.len() < BATCH_RECORDS,
            };
            store_batch(store, weights, now, &key, batch, run, &mut report)?;
            watched.tell(ImportStage::Storing, &progress)?;
            if run.is_complete {
                report.skipped = file.skipped();
                return Ok(());
            }
        }
    })?;
    Ok(report)
}

/// Stores one batch and how far the file is stored with it, in one transaction.
fn store_batch(
    store: &Store,
    weights: Weights<'_>,
    now: UtcMillis,
    key: &str,
    batch: Vec<Record>,
    run: StoredRun,
    report: &mut ImportReport,
) -> Result<(), ImportFailure> {
    let mut events: Vec<StepEvent> = Vec::new();
    let mut weigh_ins: Vec<NewWeighIn> = Vec::new();
    for record in batch {
        match record {
            Record::Steps(record) => events.push(StepEvent::Interval(record)),
            Record::WeighIn(weigh_in) => weigh_ins.push(weigh_in),
        }
    }
    let (notes, added) = store.write(|tx| {
        let notes = steps::record(tx, &events)?.notes;
        let added = weights.import(tx, &weigh_ins)?;
        sql::put_run(tx, key, run, now)?;
        Ok::<_, ImportFailure>((notes, added))
    })?;
    let count = |codes: &[NoteCode]| notes.iter().filter(|note| codes.contains(&note.code)).count() as u64;
    let rejected = count(&[NoteCode::Rejected]);
    let known = count(&[NoteCode::Duplicate, NoteCode::Stale]);
    let new = (events.len() as u64).saturating_sub(rejected.saturating_add(known));
    report.rejected = report.rejected.saturating_add(rejected);
    report.new_steps = report.new_steps.saturating_add(new);
    report.new_weigh_ins = report.new_weigh_ins.saturating_add(added);
    Ok(())
}

/// Opens the parser of a plan over a reader and hands it on.
fn with_records<R: Read + Seek, T>(
    reader: R,
    plan: &ImportPlan,
    work: impl FnOnce(&mut dyn Records) -> Result<T, ImportFailure>,
) -> Result<T, ImportFailure> {
    fn buffered<R: Read>(reader: R) -> impl BufRead {
        BufReader::with_capacity(1 << 16, reader)
    }
    match plan {
        ImportPlan::AppleHealthZip(zone) => {
            let mut archive = HealthArchive::open(reader)?;
            work(&mut AppleHealth::new(archive.xml()?, *zone))
        }
        ImportPlan::AppleHealthXml(zone) => work(&mut AppleHealth::new(buffered(reader), *zone)),
        ImportPlan::GoogleFit => work(&mut GoogleFit::new(buffered(reader))),
        ImportPlan::FitabaseSteps { person, zone } => {
            work(&mut MinuteSteps::open(buffered(reader), person, *zone)?)
        }
        ImportPlan::FitabaseWeight { person, zone } => {
            work(&mut fitabase::weights(buffered(reader), person, *zone)?)
        }
        ImportPlan::Libra(zone) => work(&mut Libra::new(buffered(reader), *zone)),
        ImportPlan::TrendWeight(zone, unit) => work(&mut trendweight::open(buffered(reader), *zone, *unit)?),
        ImportPlan::WeightCsv => work(&mut weight_csv::plain(buffered(reader))?),
        ImportPlan::ChosenCsv(columns) => work(&mut weight_csv::chosen(buffered(reader), columns)?),
    }
}

/// The progress notices of one import.
struct Watched<'w> {
    total_bytes: u64,
    watch: &'w mut dyn FnMut(ImportProgress) -> ControlFlow<()>,
}

impl Watched<'_> {
    fn tell(&mut self, stage: ImportStage, progress: &Progress) -> Result<(), ImportFailure> {
        self.tell_bytes(stage, progress.bytes())
    }

    fn tell_bytes(&mut self, stage: ImportStage, bytes: u64) -> Result<(), ImportFailure> {
        let now = ImportProgress {
            stage,
            bytes: bytes.min(self.total_bytes),
            total_bytes: self.total_bytes,
        };
        match (self.watch)(now) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(ImportFailure::Stopped),
        }
    }
}

/// Names a file's content together with the way it is read, in hex: another person of the same table is another import.
fn key(mut file: impl Read, plan: &ImportPlan, watched: &mut Watched<'_>) -> Result<String, ImportFailure> {
    let mut hash = Sha256::new();
    // The names of formats and zones are fixed, columns and persons come from the table; lengths keep them apart.
    for part in plan.parts() {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let mut piece = vec![0; HASHED_AT_ONCE];
    let mut bytes = 0u64;
    loop {
        let read = match file.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(error).into()),
        };
        hash.update(piece.get(..read).unwrap_or_default());
        bytes = bytes.saturating_add(read as u64);
        watched.tell_bytes(ImportStage::Recognising, bytes)?;
    }
    Ok(hex(&hash.finalize()))
}

pub(super) fn opened<R>(open: &impl Fn() -> io::Result<R>) -> Result<R, ImportError> {
    open().map_err(unreadable)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape map_err asks for")]
pub(super) fn unreadable(error: io::Error) -> ImportError {
    ImportReason::Io(error.kind()).of_file()
}

impl fmt::Display for ImportStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Recognising => "recognising",
            Self::Checking => "checking",
            Self::Storing => "storing",
        })
    }
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]
pub(super) mod tests;
