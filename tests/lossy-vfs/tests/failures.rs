//! Calls that fail and disks that are full: errors come as values, and the database works again afterwards.
#![expect(
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    reason = "tests: a panic is a failed test"
)]

mod scenario;

use ayumi_lossy_vfs::{Call, Failure, Fault};
use rusqlite::ErrorCode;
use scenario::{Bench, ROWS};

/// Fails each call of the scenario in turn and finishes the work afterwards.
fn each_call_fails(journal: &str, fault: impl Fn(u64) -> Fault) -> u64 {
    let calls = {
        let bench = Bench::new();
        bench.run(journal, "FULL");
        bench.vfs.calls()
    };
    let mut noticed = 0;
    // Every third: the loop is long, and calls beside each other are alike.
    for nth in (1..=calls).step_by(3) {
        let bench = Bench::new();
        bench.vfs.fail(fault(nth));
        let (result, committed) = bench.tried(journal, "FULL");
        noticed += u64::from(result.is_err());
        bench.vfs.heal();
        let outcome = bench.reopened(committed);
        assert!(
            outcome.is_sound && outcome.found >= committed,
            "call {nth}: {outcome:?}"
        );
        bench.tried(journal, "FULL").0.expect("works again");
        assert_eq!(bench.reopened(ROWS).found, ROWS, "call {nth}");
    }
    noticed
}

#[test]
fn f14_an_io_error_at_any_call_loses_nothing_and_the_work_can_be_finished() {
    assert!(each_call_fails("wal", Fault::at) > 50);
}

#[test]
fn f14_a_disk_that_is_broken_from_any_call_on_loses_nothing() {
    assert!(each_call_fails("wal", |nth| Fault::at(nth).from_then_on()) > 50);
}

#[test]
fn a_full_disk_at_any_write_loses_nothing() {
    assert!(each_call_fails("wal", |nth| Fault::at(nth).of(Call::Write).with(Failure::Full)) > 10);
}

#[test]
fn each_kind_of_call_can_fail_alone() {
    for call in [
        Call::Open,
        Call::Access,
        Call::Read,
        Call::Write,
        Call::Sync,
        Call::Size,
        Call::Lock,
        Call::IndexMap,
        Call::IndexLock,
    ] {
        let bench = Bench::new();
        bench.vfs.fail(Fault::at(1).of(call).from_then_on());
        assert!(bench.tried("wal", "FULL").0.is_err(), "{call:?}");
        assert!(bench.vfs.calls_of(call) > 0, "{call:?}");
    }
    // Without a log: its end is a deletion, or a cut.
    for (journal, call) in [("delete", Call::Delete), ("truncate", Call::Truncate)] {
        let bench = Bench::new();
        bench.vfs.fail(Fault::at(1).of(call).from_then_on());
        assert!(bench.tried(journal, "FULL").0.is_err(), "{call:?}");
    }
}

#[test]
fn a_fault_for_another_folder_does_not_strike() {
    let bench = Bench::new();
    bench.vfs.fail(Fault::at(1).under("/elsewhere/").from_then_on());
    bench.tried("wal", "FULL").0.expect("no fault");
    let bench = Bench::new();
    bench.vfs.fail(Fault::at(1).under(bench.path()).from_then_on());
    assert!(bench.tried("wal", "FULL").0.is_err());
}

#[test]
fn f11_a_full_disk_says_so_and_works_on_when_space_returns() {
    let bench = Bench::new();
    let connection = bench.connect().expect("a connection");
    Bench::prepare(&connection, "wal", "FULL").expect("a table");
    bench.vfs.leave_space(40_000);
    let mut row = 0;
    let error = loop {
        match Bench::insert(&connection, row) {
            Ok(()) => row += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DiskFull));
    assert!(row > 2, "{row} rows fitted");
    assert_eq!(Bench::count(&connection).expect("reads go on"), row);
    assert!(Bench::insert(&connection, row).is_err());
    bench.vfs.heal();
    Bench::insert(&connection, row).expect("works without another connection");
    drop(connection);
    assert!(bench.reopened(row).is_sound);
}

#[test]
fn threads_share_the_layer_and_the_index_of_the_log() {
    let bench = Bench::new();
    let writer = bench.connect().expect("a connection");
    Bench::prepare(&writer, "wal", "NORMAL").expect("a table");
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let reader = bench.connect().expect("a connection");
                let mut last = 0;
                while last < 200 {
                    let count = Bench::count(&reader).expect("a count");
                    assert!(count >= last, "a reader went back");
                    last = count;
                }
            });
        }
        for row in 0..200 {
            Bench::insert(&writer, row).expect("a row");
        }
    });
}
