//! `cargo xtask fixture`: a database file of this version for later versions to open, and its requests for later servers to answer.

use std::process::ExitCode;

use crate::repository::{Repository, end, must};

/// Runs the fixture maker.
pub(crate) fn run(repository: &Repository, arguments: &[String]) -> ExitCode {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if !matches!(arguments.as_slice(), [] | ["transcript"]) {
        return crate::misuse("fixture takes nothing, or the word `transcript`");
    }
    let program = [
        "run",
        "--locked",
        "--package",
        "ayumi-tests",
        "--bin",
        "fixture",
        "--",
    ];
    end(must(repository.cargo(&program).args(arguments)))
}
