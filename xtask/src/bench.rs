//! `cargo xtask bench [WHAT]`: figures beside the bare limit of the same run.

use std::process::ExitCode;

use crate::repository::{Repository, end, must};

/// Runs the benchmark program with the given arguments.
pub(crate) fn run(repository: &Repository, arguments: &[String]) -> ExitCode {
    let mut command = repository.cargo(&[
        "run",
        "--release",
        "--locked",
        "--package",
        "ayumi-tests",
        "--bin",
        "bench",
        "--",
    ]);
    end(must(command.args(arguments)))
}
