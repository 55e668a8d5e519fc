//! `cargo xtask worlds`: every order of what can happen to two phones and the server, in a world small enough for that.

use std::process::ExitCode;

use crate::repository::{Repository, end, must};
use crate::simulate::program;
use crate::steps::Outcome;

/// The world of the test command: the largest that takes about half a minute of one core.
const WORLD_IN_TEST: [&str; 4] = ["--operations", "1", "--faults", "1"];

/// The step of the test command: first that the search can find something, then that it finds nothing.
pub(crate) fn step(repository: &Repository) -> Outcome {
    let proven = must(program(repository, "worlds").arg("--prove"));
    proven
        .and_then(|()| must(program(repository, "worlds").args(WORLD_IN_TEST)))
        .into()
}

/// Runs the search with the given arguments, in the profile that is made for it.
pub(crate) fn run(repository: &Repository, arguments: &[String]) -> ExitCode {
    end(must(program(repository, "worlds").args(arguments)))
}
