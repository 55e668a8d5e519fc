//! `cargo xtask fixture`: a database file of this version, for later versions to open.

use std::process::ExitCode;

use crate::repository::{Repository, end, must};

/// Runs the fixture maker.
pub(crate) fn run(repository: &Repository, _arguments: &[String]) -> ExitCode {
    end(must(&mut repository.cargo(&[
        "run",
        "--locked",
        "--package",
        "ayumi-tests",
        "--bin",
        "fixture",
    ])))
}
