//! `cargo xtask simulate`: phones and the server in virtual time, with faults drawn from seeds.

use std::process::ExitCode;

use crate::repository::{Repository, end, must};
use crate::steps::Outcome;

/// Seeds of one run of the test command: about a minute on two cores.
const SEEDS_IN_TEST: &str = "60";

/// The step of the test command: first that the checker can fail, then that it does not.
pub(crate) fn step(repository: &Repository) -> Outcome {
    let proven = must(program(repository, "simulate").arg("--prove"));
    proven
        .and_then(|()| must(program(repository, "simulate").args(["--seeds", SEEDS_IN_TEST])))
        .into()
}

/// Runs the simulator with the given arguments, in the profile that is made for it.
pub(crate) fn run(repository: &Repository, arguments: &[String]) -> ExitCode {
    end(must(program(repository, "simulate").args(arguments)))
}

/// A program of the simulation, in the profile that is made for it.
pub(crate) fn program(repository: &Repository, name: &str) -> std::process::Command {
    repository.cargo(&[
        "run",
        "--profile",
        "simulate",
        "--locked",
        "--package",
        "ayumi-tests",
        "--bin",
        name,
        "--",
    ])
}
