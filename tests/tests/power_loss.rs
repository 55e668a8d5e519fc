//! The real app on a disk that loses power or fails: what was answered with yes is there afterwards.
//!
//! The layer below SQLite is this process's default one, which the app finds without being told. Its folders lie in memory
//! where the system has such a place: the layer keeps book of syncs itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::print_stdout,
    reason = "a panic in a test is a failed test"
)]

use std::path::Path;
use std::sync::{Arc, OnceLock};

use ayumi_core::app::{App, Config};
use ayumi_core::clock::ManualClock;
use ayumi_core::steps::StepEvent;
use ayumi_core::time::{Tz, UtcMillis};
use ayumi_lossy_vfs::{Call, Failure, Fault, Losses, LossyVfs};
use ayumi_tests::phone::{SeededRandom, batches, shown};
use tempfile::TempDir;

/// Batches per life: enough that the log is written back to the file at least once.
const BATCHES: usize = 40;

/// The first batches of one real person, read once.
fn readings() -> &'static [Vec<StepEvent>] {
    static READINGS: OnceLock<Vec<Vec<StepEvent>>> = OnceLock::new();
    READINGS.get_or_init(|| batches().into_iter().take(BATCHES).collect())
}

fn disk() -> &'static LossyVfs {
    static DISK: OnceLock<LossyVfs> = OnceLock::new();
    DISK.get_or_init(|| LossyVfs::default_named("lossy").unwrap())
}

/// A folder and the beginning of the full paths in it.
fn folder() -> (TempDir, String) {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    let folder = folder.unwrap();
    let path = format!("{}/", folder.path().canonicalize().unwrap().display());
    (folder, path)
}

fn try_open(folder: &Path) -> Result<App, ayumi_core::store::StoreError> {
    App::open(Config {
        folder: folder.to_owned(),
        key: None,
        zone: Tz::UTC,
        clock: Arc::new(ManualClock::new(UtcMillis(1_460_000_000_000))),
        random: Arc::new(SeededRandom::new(1)),
        server: None,
    })
}

/// Stores batches until one is refused; how many were accepted.
fn live(folder: &Path, batches: &[Vec<StepEvent>]) -> usize {
    let Ok(app) = try_open(folder) else {
        return 0;
    };
    batches
        .iter()
        .take_while(|batch| app.steps().record(batch).is_ok())
        .count()
}

/// What is shown after the first batches, for every number of them.
fn prefixes(batches: &[Vec<StepEvent>]) -> Vec<String> {
    let (folder, _) = folder();
    let app = try_open(folder.path()).unwrap();
    let mut all = vec![format!("{:?}", shown(&app))];
    for batch in batches {
        app.steps().record(batch).unwrap();
        all.push(format!("{:?}", shown(&app)));
    }
    all
}

/// Opens the folder again and looks at it; delivers what is missing and looks again.
fn check(folder: &Path, batches: &[Vec<StepEvent>], expected: &[String], accepted: usize, what: &str) {
    let app = try_open(folder).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(app.recovery().is_none(), "{what}: nothing may look damaged");
    let now = format!("{:?}", shown(&app));
    // The batch that was refused may be there: its answer was lost, not its bytes.
    assert!(
        expected[accepted..].iter().take(2).any(|known| *known == now),
        "{what}: {accepted} batches were accepted and something else is shown"
    );
    for batch in &batches[accepted..] {
        app.steps().record(batch).unwrap();
    }
    assert_eq!(format!("{:?}", shown(&app)), *expected.last().unwrap(), "{what}");
}

fn run_with(fault: impl FnOnce(&str) -> Fault, expected: &[String], what: &str) -> (usize, Losses) {
    let batches = readings();
    let (folder, under) = folder();
    disk().fail(fault(&under));
    let accepted = live(folder.path(), batches);
    disk().heal();
    // Whatever is open and not synced goes, also when the fault came too late to strike.
    let losses = disk().lose_power(&under, 7).unwrap();
    check(folder.path(), batches, expected, accepted, what);
    (accepted, losses)
}

/// Calls of one life.
fn calls(call: Option<Call>) -> u64 {
    let count = || call.map_or_else(|| disk().calls(), |call| disk().calls_of(call));
    let before = count();
    let (folder, _) = folder();
    live(folder.path(), readings());
    count() - before
}

/// One test, because the disk and its counts are the process's.
#[test]
fn f10_f14_what_was_accepted_survives_power_loss_at_any_sync_and_an_error_at_any_call() {
    // The app reads its data with this layer or not at all.
    disk();
    let expected = prefixes(readings());
    let syncs = calls(Some(Call::Sync));
    assert!(
        syncs > BATCHES as u64,
        "{syncs} syncs: the app is not on the lossy disk"
    );
    let before = disk().losses();
    let (mut cut_short, mut runs) = (0, 0);
    for nth in (1..=syncs).step_by(3) {
        let (accepted, _) = run_with(
            |under| {
                Fault::at(nth)
                    .of(Call::Sync)
                    .under(under)
                    .with(Failure::PowerLoss(nth))
            },
            &expected,
            &format!("power lost at sync {nth}"),
        );
        runs += 1;
        cut_short += u32::from(accepted < BATCHES);
    }
    let losses = disk().losses();
    println!(
        "{runs} losses of power over {syncs} syncs, {cut_short} in the middle: {before:?} to {losses:?}"
    );
    assert!(cut_short * 10 > runs * 8, "{cut_short} of {runs}");
    assert!(losses.dropped > before.dropped + 20);

    let all = calls(None);
    let mut refused = 0;
    // A prime, so that every kind of call has its turn.
    for nth in (1..=all).step_by(97) {
        let (accepted, _) = run_with(
            |under| Fault::at(nth).under(under).from_then_on(),
            &expected,
            &format!("call {nth} fails"),
        );
        refused += u32::from(accepted < BATCHES);
    }
    println!("{all} calls, {refused} lives refused a batch");
}
