//! The n-th file operation fails: an error that says what to do, no panic, nothing lost that was answered with yes.
//!
//! strace makes system calls of a real process fail, so no layer of ours lies between SQLite and the failing disk. Without
//! strace (not on Linux, or not installed) these tests say so and show nothing.
//! `AYUMI_FAULTS=all` fails every single operation instead of a few of each kind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a panic in a test is a failed test"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use ayumi_core::store::MIGRATIONS;
use ayumi_core::time::{DateRange, NaiveDate};
use ayumi_tests::{old_file, phone};

/// System calls by which an app and SQLite touch files.
const CALLS: &[&str] = &[
    "openat",
    "pread64",
    "pwrite64",
    "write",
    "fsync",
    "fdatasync",
    "ftruncate",
    "unlink",
    "rename",
    "mkdir",
    "flock",
    "fcntl",
];

fn has_strace() -> bool {
    let works = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !works {
        println!("not run: strace is not here, or may not trace");
    }
    works
}

fn traced(program: &str, folder: &Path, options: &[String]) -> Output {
    Command::new("strace")
        .args(["-f", "-qq", "-e", "signal=none"])
        .args(options)
        .arg(program)
        .arg(folder)
        .output()
        .unwrap()
}

/// For each kind of call its first and last number among those that come after the folder was first touched.
fn operations(program: &str, folder: &Path) -> BTreeMap<&'static str, (usize, usize)> {
    let log = tempfile::NamedTempFile::new().unwrap();
    let options = [
        "-o".to_owned(),
        log.path().display().to_string(),
        "-e".to_owned(),
        format!("trace={}", CALLS.join(",")),
    ];
    assert!(traced(program, folder, &options).status.success());
    let text = std::fs::read_to_string(log.path()).unwrap();
    let folder = folder.display().to_string();
    let mut counts: BTreeMap<&'static str, (usize, usize)> = BTreeMap::new();
    let mut seen: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut is_ours = false;
    for line in text.lines() {
        // With -f a line begins with the number of its thread.
        let line = line.trim_start_matches(|character: char| character.is_ascii_digit() || character == ' ');
        let Some(kind) = CALLS.iter().find(|kind| line.starts_with(&format!("{kind}("))) else {
            continue;
        };
        is_ours |= line.contains(&folder);
        let number = seen.entry(kind).or_default();
        *number += 1;
        // Writing to standard output is not what is tested.
        if is_ours && !line.starts_with("write(1,") {
            counts.entry(kind).or_insert((*number, *number)).1 = *number;
        }
    }
    counts
}

/// Which of the operations from `first` to `last` fail in this run.
fn chosen(first: usize, last: usize, few: usize) -> Vec<usize> {
    if std::env::var("AYUMI_FAULTS").is_ok_and(|value| value == "all") {
        return (first..=last).collect();
    }
    let count = (last - first + 1).min(few);
    (0..count)
        .map(|place| first + (last - first) * place / count.max(2).saturating_sub(1).max(1))
        .collect()
}

fn injecting(kind: &str, error: &str, when: &str) -> [String; 6] {
    [
        "-o".to_owned(),
        "/dev/null".to_owned(),
        "-e".to_owned(),
        format!("trace={kind}"),
        "-e".to_owned(),
        format!("inject={kind}:error={error}:when={when}"),
    ]
}

/// Opens the folder with a sound disk and finds everything that was answered with yes.
fn assert_kept(folder: &Path, said: &str, what: &str) {
    let app = phone::open(folder);
    // SQLite takes a place on the disk that cannot be read for a damaged page, and rightly so.
    if !what.starts_with("pread64") {
        assert_eq!(app.recovery(), None, "{what}: this is no damage\n{said}");
    }
    let days = app
        .steps()
        .days(DateRange {
            from: NaiveDate::MIN,
            until: NaiveDate::MAX,
        })
        .unwrap();
    let steps: Vec<i64> = days
        .iter()
        .filter_map(|day| day.steps)
        .filter(|steps| *steps > 0)
        .collect();
    for line in said.lines() {
        let answered = line
            .strip_prefix("record ")
            .and_then(|rest| rest.strip_suffix(" ok"));
        if let Some(day) = answered {
            let expected = day.parse::<i64>().unwrap() + 1;
            assert!(steps.contains(&expected), "{what}: {line} is lost\n{said}");
        }
    }
    app.close().unwrap();
}

#[test]
fn whichever_file_operation_fails_nothing_answered_is_lost_and_nothing_panics() {
    if !has_strace() {
        return;
    }
    let program = env!("CARGO_BIN_EXE_calls");
    let counted = tempfile::tempdir().unwrap();
    let operations = operations(program, counted.path());
    for kind in ["openat", "pwrite64", "fsync", "unlink", "flock"] {
        assert!(operations.contains_key(kind), "no {kind}: {operations:?}");
    }
    let (mut runs, mut errors) = (0, 0);
    for (kind, (first, last)) in operations {
        for number in chosen(first, last, 5) {
            let folder = tempfile::tempdir().unwrap();
            let output = traced(
                program,
                folder.path(),
                &injecting(kind, "EIO", &number.to_string()),
            );
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let what = format!("{kind} number {number} failed");
            assert!(
                output.status.success(),
                "{what}\n{said}\n{}",
                String::from_utf8_lossy(&output.stderr)
            );
            runs += 1;
            errors += usize::from(said.lines().any(|line| !line.ends_with(" ok")));
            assert_kept(folder.path(), &said, &what);
        }
    }
    println!("{runs} operations failed, {errors} of them were told");
    assert!(
        errors > runs / 5,
        "{errors} of {runs}: hardly any failure was met"
    );
}

#[test]
fn a_disk_that_fills_up_is_told_as_such_and_nothing_answered_is_lost() {
    if !has_strace() {
        return;
    }
    let program = env!("CARGO_BIN_EXE_calls");
    let counted = tempfile::tempdir().unwrap();
    let (first, last) = operations(program, counted.path())["pwrite64"];
    let mut told = 0;
    for number in chosen(first, last, 12) {
        let folder = tempfile::tempdir().unwrap();
        // From this write on there is no space.
        let output = traced(
            program,
            folder.path(),
            &injecting("pwrite64", "ENOSPC", &format!("{number}+")),
        );
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "write {number}\n{said}");
        for line in said.lines().filter(|line| !line.ends_with(" ok")) {
            assert!(
                line.contains("StorageFull") || line.contains("Closed"),
                "write {number}: {line}\n{said}"
            );
            told += 1;
        }
        assert_kept(folder.path(), &said, &format!("no space from write {number} on"));
    }
    assert!(told > 0);
}

#[test]
fn a_disk_that_is_full_while_an_old_file_climbs_leaves_it_whole() {
    if !has_strace() {
        return;
    }
    let program = env!("CARGO_BIN_EXE_opener");
    let counted = tempfile::tempdir().unwrap();
    old_file::make(counted.path(), 1, 300);
    let (first, last) = operations(program, counted.path())["pwrite64"];
    for number in chosen(first, last, 12) {
        let folder = tempfile::tempdir().unwrap();
        old_file::make(folder.path(), 1, 300);
        let output = traced(
            program,
            folder.path(),
            &injecting("pwrite64", "ENOSPC", &format!("{number}+")),
        );
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let what = format!("no space from write {number} on: {said}");
        assert!(said.trim() == "open" || said.contains("StorageFull"), "{what}");
        let (version, rows) = old_file::look(folder.path());
        assert!(
            version == 1 || version == MIGRATIONS.len(),
            "{what}: version {version}"
        );
        assert_eq!(rows, 300, "{what}");
        // There is space again.
        phone::open(folder.path()).close().unwrap();
        assert_eq!(old_file::look(folder.path()), (MIGRATIONS.len(), 300), "{what}");
    }
}
