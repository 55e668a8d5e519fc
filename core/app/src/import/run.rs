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
use super::weight_csv::{self, WeightColumns};
use super::{
    Counted, DETECT_BYTES, Format, ImportError, ImportReason, Progress, Record, Records, Skipped, check,
    detect, hex, trendweight,
};
use crate::steps::{self, NoteCode, StepError, StepEvent};
use crate::store::{Store, StoreError};
use crate::time::{Tz, UtcMillis};
use crate::weight::{MassUnit, NewWeighIn, WeightError, Weights};

/// Records per transaction: enough that the fsync of each is lost in the work, few enough that a broken-off import repeats
/// little and the bar moves.
const BATCH_RECORDS: usize = 2_000;
/// Records between two looks at the progress while checking.
const RECORDS_PER_NOTICE: u64 = 1_000;
/// Bytes hashed between two looks at the progress.
const HASHED_AT_ONCE: usize = 1 << 16;

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

/// Why an import could not be planned or carried through.
#[derive(Debug, thiserror::Error)]
pub enum ImportFailure {
    /// The file, or a record in it, cannot be read; nothing of it was stored by this run.
    #[error("read the file: {0}")]
    File(#[from] ImportError),
    /// The content is that of no known format: name the format, or choose the columns of a table.
    #[error("recognise the format of the file")]
    UnknownFormat,
    /// The table holds several persons: choose one of them.
    #[error("tell which of {} persons is meant", .0.len())]
    WhichPerson(Vec<String>),
    /// The table holds nobody of the chosen id.
    #[error("find the chosen person in the table")]
    NoSuchPerson(Vec<String>),
    /// The table's columns have to be chosen.
    #[error("tell which column holds what")]
    WhichColumns(Vec<String>),
    /// The table has no column of a chosen name: choose another.
    #[error("find a chosen column in the table")]
    NoSuchColumn {
        /// The name that was chosen.
        chosen: String,
        /// The columns there are.
        columns: Vec<String>,
    },
    /// The file does not say in which unit its weights are: choose one.
    #[error("tell the unit of the weights: the file does not name it, choose one")]
    WhichUnit,
    /// A choice decides nothing about this file, which may not be the one that was meant: leave the choice out.
    #[error("use the chosen {0}: the file needs no such choice, leave it out")]
    WithoutEffect(ImportChoice),
    /// Steps were refused.
    #[error(transparent)]
    Steps(#[from] StepError),
    /// A weigh-in was refused.
    #[error(transparent)]
    Weight(#[from] WeightError),
    /// The store failed; complete batches stay, and the import can be taken up again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The watcher stopped it; complete batches stay, and the import can be taken up again.
    #[error("finish the import: it was stopped, and goes on from there when it is started again")]
    Stopped,
}

impl From<rusqlite::Error> for ImportFailure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

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

impl ImportPlan {
    /// Everything that decides what comes out of the same bytes.
    fn parts(&self) -> Vec<String> {
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

fn opened<R>(open: &impl Fn() -> io::Result<R>) -> Result<R, ImportError> {
    open().map_err(unreadable)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape map_err asks for")]
fn unreadable(error: io::Error) -> ImportError {
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
mod tests {
    use std::fmt::Write as _;
    use std::io::Cursor;
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::app::{App, Config};
    use crate::clock::{ManualClock, Random};
    use crate::time::DateRange;

    #[derive(Debug, Default)]
    struct Counting(std::sync::atomic::AtomicU64);

    impl Random for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            let number = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            bytes.fill(0);
            bytes[..8].copy_from_slice(&number.to_be_bytes());
        }
    }

    fn app(folder: &Path) -> App {
        App::open(Config {
            folder: folder.to_owned(),
            key: None,
            zone: Tz::Asia__Tokyo,
            clock: Arc::new(ManualClock::new(UtcMillis(1_775_001_600_000))),
            random: Arc::new(Counting::default()),
            server: None,
        })
        .unwrap()
    }

    /// Minutes of two persons, enough for several batches.
    fn minutes() -> String {
        let mut text = "Id,ActivityHour".to_owned();
        for minute in 0..60 {
            let _ = write!(text, ",Steps{minute:02}");
        }
        text.push('\n');
        for person in [1, 2] {
            for hour in 0..96 {
                let _ = write!(
                    text,
                    "{person},4/{}/2016 {}:00:00 {}",
                    12 + hour / 24,
                    (hour % 12 + 11) % 12 + 1,
                    if hour % 24 < 12 { "AM" } else { "PM" }
                );
                for minute in 0..60 {
                    let _ = write!(text, ",{}", (minute + hour) % 3 * person);
                }
                text.push('\n');
            }
        }
        text
    }

    fn bytes(text: &str) -> impl Fn() -> io::Result<Cursor<Vec<u8>>> {
        let text = text.as_bytes().to_vec();
        move || Ok(Cursor::new(text.clone()))
    }

    fn import(app: &App, text: &str, plan: &ImportPlan) -> Result<ImportReport, ImportFailure> {
        app.import(bytes(text), plan, &mut |_| ControlFlow::Continue(()))
    }

    fn first_person() -> ImportPlan {
        ImportPlan::FitabaseSteps {
            person: "1".to_owned(),
            zone: Tz::Asia__Tokyo,
        }
    }

    fn days(app: &App) -> Vec<crate::steps::DaySteps> {
        app.steps().days(DateRange::ALL).unwrap()
    }

    #[test]
    fn the_same_file_twice_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path());
        let first = import(&app, &minutes(), &first_person()).unwrap();
        assert!(
            first.records > BATCH_RECORDS as u64 && first.new_steps == first.records,
            "{first:?}"
        );
        let stored = days(&app);
        let again = import(&app, &minutes(), &first_person()).unwrap();
        assert!(again.was_complete && again.new_steps == 0, "{again:?}");
        assert_eq!(days(&app), stored);
    }

    #[test]
    fn a_stopped_import_goes_on_where_it_stopped_and_ends_as_if_it_had_not() {
        let whole = tempfile::tempdir().unwrap();
        let expected = {
            let app = app(whole.path());
            import(&app, &minutes(), &first_person()).unwrap();
            days(&app)
        };
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path());
        let stopped = app.import(bytes(&minutes()), &first_person(), &mut |progress| {
            if progress.stage == ImportStage::Storing {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        assert!(matches!(stopped, Err(ImportFailure::Stopped)));
        assert!(days(&app).len() < expected.len(), "one batch is stored");
        let rest = import(&app, &minutes(), &first_person()).unwrap();
        assert_eq!(rest.resumed_after, BATCH_RECORDS as u64);
        assert_eq!(rest.new_steps + rest.resumed_after, rest.records);
        assert_eq!(days(&app), expected);
    }

    #[test]
    fn a_bad_row_at_the_end_is_named_and_nothing_before_it_is_stored() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path());
        let text = "at,weight_kg\n2026-03-01,70\n2026-03-02,seventy\n";
        let failed = import(&app, text, &ImportPlan::WeightCsv);
        let Err(ImportFailure::File(error)) = failed else {
            panic!("{failed:?}")
        };
        assert_eq!(error.line, Some(3));
        assert_eq!(app.weight().weigh_ins(DateRange::ALL).unwrap(), []);
    }

    #[test]
    fn what_a_damaged_page_lost_comes_back_with_the_same_file() {
        const PAGE: usize = 4096;
        let folder = tempfile::tempdir().unwrap();
        let expected = {
            let app = app(folder.path());
            import(&app, &minutes(), &first_person()).unwrap();
            let days = days(&app);
            app.close().unwrap();
            days
        };
        // A leaf in the middle of the file, where the minutes lie; `dirty` makes the next start look at every page.
        let path = folder.path().join("user/user.db");
        let mut bytes = std::fs::read(&path).unwrap();
        let leaf = (bytes.len() / PAGE / 2..bytes.len() / PAGE)
            .find(|page| bytes[page * PAGE] == 13)
            .unwrap();
        bytes[leaf * PAGE..(leaf + 1) * PAGE].fill(0xFF);
        std::fs::write(&path, bytes).unwrap();
        std::fs::write(folder.path().join("dirty"), "").unwrap();

        let app = app(folder.path());
        assert!(app.recovery().is_some());
        assert_ne!(days(&app), expected, "something was lost");
        assert!(!import(&app, &minutes(), &first_person()).unwrap().was_complete);
        assert_eq!(days(&app), expected);
    }

    #[test]
    fn another_person_of_the_same_table_is_another_import() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path());
        import(&app, &minutes(), &first_person()).unwrap();
        let second = ImportPlan::FitabaseSteps {
            person: "2".to_owned(),
            zone: Tz::Asia__Tokyo,
        };
        assert!(!import(&app, &minutes(), &second).unwrap().was_complete);
    }

    #[test]
    fn progress_never_goes_back_within_a_stage_and_never_beyond_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path());
        let mut seen: Vec<ImportProgress> = Vec::new();
        app.import(bytes(&minutes()), &first_person(), &mut |progress| {
            seen.push(progress);
            ControlFlow::Continue(())
        })
        .unwrap();
        assert!(seen.is_sorted_by_key(|progress| (progress.stage, progress.bytes)));
        assert!(seen.iter().all(|progress| progress.bytes <= progress.total_bytes));
        assert!(seen.iter().any(|progress| progress.stage == ImportStage::Storing));
    }

    #[test]
    fn a_plan_asks_for_what_the_file_does_not_say() {
        let plan_of = |text: &str, name: &str, choices: &ImportChoices| {
            plan(bytes(text), name, Tz::Asia__Tokyo, choices)
        };
        let nothing = ImportChoices::default();
        assert!(
            matches!(plan_of(&minutes(), "m.csv", &nothing), Err(ImportFailure::WhichPerson(ids)) if ids == ["1", "2"])
        );
        let person = |id: &str| ImportChoices {
            person: Some(id.to_owned()),
            ..ImportChoices::default()
        };
        assert_eq!(
            plan_of(&minutes(), "m.csv", &person("1")).unwrap(),
            first_person()
        );
        assert!(matches!(
            plan_of(&minutes(), "m.csv", &person("3")),
            Err(ImportFailure::NoSuchPerson(_))
        ));
        assert!(
            matches!(plan_of("day,mass\n", "w.csv", &nothing), Err(ImportFailure::WhichColumns(names)) if names == ["day", "mass"])
        );
        assert!(matches!(
            plan_of("\u{1}\u{2}", "w.bin", &nothing),
            Err(ImportFailure::UnknownFormat)
        ));
        let chosen = |weight: &str| ImportChoices {
            columns: Some(columns("day", weight)),
            ..ImportChoices::default()
        };
        assert!(plan_of("day,mass\n", "w.csv", &chosen("Mass")).is_ok());
        assert!(
            matches!(plan_of("day,mass\n", "w.csv", &chosen("kg")), Err(ImportFailure::NoSuchColumn { chosen, columns })
                if chosen == "kg" && columns == ["day", "mass"])
        );
        let scale = "Date,Time,Weight,Body Fat %\n";
        assert!(matches!(
            plan_of(scale, "w.csv", &nothing),
            Err(ImportFailure::WhichUnit)
        ));
        let pounds = ImportChoices {
            unit: Some(MassUnit::Pound),
            ..ImportChoices::default()
        };
        assert!(plan_of(scale, "w.csv", &pounds).is_ok());
    }

    fn columns(date: &str, weight: &str) -> WeightColumns {
        WeightColumns {
            date: date.to_owned(),
            time: None,
            weight: weight.to_owned(),
            unit: MassUnit::Kilogram,
            waist: None,
            dates: crate::import::DateOrder::YearFirst,
            zone: Some(Tz::Asia__Tokyo),
        }
    }

    #[test]
    fn a_choice_that_decides_nothing_about_the_file_is_refused() {
        let refused = |text: &str, choices: ImportChoices| match plan(
            bytes(text),
            "a.csv",
            Tz::Asia__Tokyo,
            &choices,
        ) {
            Err(ImportFailure::WithoutEffect(choice)) => choice,
            other => panic!("{text} {other:?}"),
        };
        let nothing = ImportChoices::default;
        let (plain, named) = ("at,weight_kg\n", "date,weight_lb,fat_ratio\n");
        let person = ImportChoices {
            person: Some("1".to_owned()),
            ..nothing()
        };
        assert_eq!(refused(plain, person), ImportChoice::Person);
        for text in [plain, named] {
            let unit = ImportChoices {
                unit: Some(MassUnit::Pound),
                ..nothing()
            };
            assert_eq!(refused(text, unit), ImportChoice::Unit);
        }
        let with_columns = ImportChoices {
            format: Some(Format::Libra),
            columns: Some(columns("day", "mass")),
            ..nothing()
        };
        assert_eq!(refused(plain, with_columns), ImportChoice::Columns);
        let zone = ImportChoices {
            zone: Some(Tz::UTC),
            ..nothing()
        };
        assert_eq!(refused(plain, zone), ImportChoice::Zone);
    }

    #[test]
    fn the_chosen_zone_is_that_of_the_times_in_the_file() {
        let zone = ImportChoices {
            zone: Some(Tz::UTC),
            ..ImportChoices::default()
        };
        let planned = |text: &str, choices: &ImportChoices| {
            plan(bytes(text), "a.csv", Tz::Asia__Tokyo, choices).unwrap()
        };
        assert_eq!(
            planned("date,weight_kg,fat_ratio\n", &zone),
            ImportPlan::TrendWeight(Tz::UTC, None)
        );
        let table = ImportChoices {
            columns: Some(columns("day", "mass")),
            ..zone
        };
        assert!(
            matches!(planned("day,mass\n", &table), ImportPlan::ChosenCsv(columns) if columns.zone == Some(Tz::UTC))
        );
    }
}
