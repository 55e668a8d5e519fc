//! A phone that counts: the victim of the kill harness (`tests/tests/kill.rs`).
//!
//! `ingest FOLDER FROM` stores the readings of one real person in small batches, beginning with batch FROM, and writes
//! the number of each batch to standard output once it is durable.
#![expect(clippy::expect_used, reason = "a victim of tests: a panic is a failed test")]

use std::io::Write as _;

use ayumi_tests::phone::{batches, open};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("a folder");
    let from: usize = arguments
        .next()
        .and_then(|text| text.parse().ok())
        .expect("a batch number");
    let app = open(folder.as_ref());
    let mut stdout = std::io::stdout();
    for (number, batch) in batches().iter().enumerate().skip(from) {
        app.steps().record(batch).expect("a stored batch");
        writeln!(stdout, "{number}")
            .and_then(|()| stdout.flush())
            .expect("a parent that listens");
    }
}
