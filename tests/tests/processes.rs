//! Two processes and one folder: the second is refused, and a killed one leaves the old file or the new one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a panic in a test is a failed test"
)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ayumi_core::store::MIGRATIONS;
use ayumi_tests::fitabase::Dice;
use ayumi_tests::old_file;

fn opener(folder: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_opener"))
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What the process says of its opening.
fn said(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    line.trim().to_owned()
}

fn ends_well(mut child: Child) {
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_second_process_is_refused_until_the_first_has_closed_or_died() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = opener(folder.path());
    assert_eq!(said(&mut first), "open");
    let mut second = opener(folder.path());
    assert_eq!(said(&mut second), "InUse");
    ends_well(second);
    ends_well(first);
    let mut third = opener(folder.path());
    assert_eq!(said(&mut third), "open");
    third.kill().unwrap();
    third.wait().unwrap();
    let mut fourth = opener(folder.path());
    assert_eq!(said(&mut fourth), "open");
    ends_well(fourth);
}

#[test]
fn killed_at_random_moments_of_its_start_an_old_file_is_the_old_or_the_new_one() {
    let mut dice = Dice(8);
    let (mut old, mut new) = (0, 0);
    for round in 0..30_usize {
        let folder = tempfile::tempdir().unwrap();
        let height = 1 + round % (MIGRATIONS.len() - 1);
        old_file::make(folder.path(), height, 500);
        let mut child = opener(folder.path());
        std::thread::sleep(Duration::from_micros(dice.below(30_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        let copy = tempfile::tempdir().unwrap();
        std::fs::create_dir(copy.path().join("user")).unwrap();
        for name in ["user.db", "user.db-wal"] {
            let from = folder.path().join("user").join(name);
            if from.exists() {
                std::fs::copy(from, copy.path().join("user").join(name)).unwrap();
            }
        }
        let (version, rows) = old_file::look(copy.path());
        assert!(
            version == height || version == MIGRATIONS.len(),
            "version {version} between the ages"
        );
        assert_eq!(rows, 500);
        if version == height {
            old += 1;
        } else {
            new += 1;
        }
        let mut child = opener(folder.path());
        assert_eq!(said(&mut child), "open");
        ends_well(child);
        assert_eq!(old_file::look(folder.path()), (MIGRATIONS.len(), 500));
    }
    println!("{old} were killed before the commit, {new} after it");
}
