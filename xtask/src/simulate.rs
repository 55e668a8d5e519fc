//! `cargo xtask simulate`: phones and the server in virtual time, with faults drawn from seeds.

use std::process::ExitCode;

use crate::repository::{Repository, end, must};

/// Runs the simulator with the given arguments, in the profile that is made for it.
pub(crate) fn run(repository: &Repository, arguments: &[String]) -> ExitCode {
    let mut command = repository.cargo(&[
        "run",
        "--profile",
        "simulate",
        "--locked",
        "--package",
        "ayumi-tests",
        "--bin",
        "simulate",
        "--",
    ]);
    end(must(command.args(arguments)))
}
