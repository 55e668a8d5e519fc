//! An app that is opened: the other process of `tests/tests/processes.rs`.
//!
//! `opener FOLDER` writes `open`, or the error it got instead, waits until standard input ends, and closes.
#![expect(clippy::print_stdout, reason = "a child of tests talks by standard output")]

use std::io::Read as _;
use std::process::ExitCode;
use std::sync::Arc;

use ayumi_core::app::{App, Config};
use ayumi_core::clock::ManualClock;
use ayumi_core::time::{Tz, UtcMillis};
use ayumi_tests::phone::SeededRandom;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        return ExitCode::FAILURE;
    };
    let app = App::open(Config {
        folder: folder.into(),
        key: None,
        zone: Tz::UTC,
        clock: Arc::new(ManualClock::new(UtcMillis(1_790_000_000_000))),
        random: Arc::new(SeededRandom::new(1)),
        server: None,
    });
    match app {
        Ok(app) => {
            println!("open");
            let mut nothing = Vec::new();
            let ended = std::io::stdin().read_to_end(&mut nothing);
            match app.close() {
                Ok(()) if ended.is_ok() => ExitCode::SUCCESS,
                _ => ExitCode::FAILURE,
            }
        }
        Err(error) => {
            println!("{error:?}");
            ExitCode::SUCCESS
        }
    }
}
