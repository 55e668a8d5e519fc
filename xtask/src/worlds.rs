//! `cargo xtask worlds`: every order of what can happen to two phones and the server, in a world small enough for that.

use std::process::ExitCode;

use crate::repository::{Repository, end, must};
use crate::steps::Outcome;

/// The world of the test command: the largest that takes about half a minute of one core.
const WORLD_IN_TEST: [&str; 4] = ["--operations", "1", "--faults", "1"];

/// The step of the test command: first that the search can find something, then that it finds nothing.
pub(crate) fn step(repository: &Repository) -> Outcome {
    let proven = must(command(repository).arg("--prove"));
    proven
        .and_then(|()| must(command(repository).args(WORLD_IN_TEST)))
        .into()
}

/// Runs the search with the given arguments, in the profile that is made for it.
pub(crate) fn run(repository: &Repository, arguments: &[String]) -> ExitCode {
    end(must(command(repository).args(arguments)))
}

fn command(repository: &Repository) -> std::process::Command {
    repository.cargo(&[
        "run",
        "--profile",
        "simulate",
        "--locked",
        "--package",
        "ayumi-tests",
        "--bin",
        "worlds",
        "--",
    ])
}
