//! Imports from start to end, stopped, repeated, and of damaged files.

use std::fmt::Write as _;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::app::{App, Config};
use crate::clock::{ManualClock, Random};
use crate::time::{DateRange, Tz};

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
pub(in crate::import) fn minutes() -> String {
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

pub(in crate::import) fn bytes(text: &str) -> impl Fn() -> io::Result<Cursor<Vec<u8>>> {
    let text = text.as_bytes().to_vec();
    move || Ok(Cursor::new(text.clone()))
}

fn import(app: &App, text: &str, plan: &ImportPlan) -> Result<ImportReport, ImportFailure> {
    app.import(bytes(text), plan, &mut |_| ControlFlow::Continue(()))
}

pub(in crate::import) fn first_person() -> ImportPlan {
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
