//! SIGKILL at random moments during ingestion: what is shown afterwards equals an uninterrupted run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use ayumi_tests::fitabase::Dice;
use ayumi_tests::phone::{batches, open, shown};

/// How often to strike; `cargo xtask test` and `cargo xtask kill` ask for more.
fn rounds() -> u32 {
    std::env::var("AYUMI_KILL_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(20)
}

#[test]
fn killed_at_random_moments_the_totals_equal_an_uninterrupted_run() {
    let batches = batches();
    let quiet = tempfile::tempdir().unwrap();
    let expected = {
        let app = open(quiet.path());
        for batch in &batches {
            app.steps().record(batch).unwrap();
        }
        shown(&app)
    };

    let mut dice = Dice(2026);
    let (mut kills, mut runs) = (0, 0);
    while kills < rounds() {
        runs += 1;
        let folder = tempfile::tempdir().unwrap();
        let mut stored = 0usize;
        while stored < batches.len() {
            // A phone delivers again what it does not know to be stored: one batch more than was acknowledged.
            let mut child = Command::new(env!("CARGO_BIN_EXE_ingest"))
                .arg(folder.path())
                .arg(stored.saturating_sub(1).to_string())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let output = BufReader::new(child.stdout.take().unwrap());
            // The last life is not cut short.
            let delay = (kills < rounds()).then(|| Duration::from_micros(dice.below(250_000)));
            std::thread::spawn(move || {
                if let Some(delay) = delay {
                    std::thread::sleep(delay);
                    let _ = child.kill();
                }
                let _ = child.wait();
            });
            for line in output.lines().map_while(Result::ok) {
                stored = line.parse::<usize>().unwrap() + 1;
            }
            kills += u32::from(stored < batches.len());
        }
        let app = open(folder.path());
        assert_eq!(shown(&app), expected, "run {runs} after {kills} kills");
        app.steps().rebuild().unwrap();
        assert_eq!(shown(&app), expected, "rebuilt from the readings");
    }
    println!("{kills} kills over {runs} runs");
}
