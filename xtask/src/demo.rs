//! `cargo xtask demo`: the README's first command.

use std::process::{Command, ExitCode};

use crate::repository::{Repository, end, must};

/// Runs `ayumi demo` with the given arguments, for speed in the release profile.
pub(crate) fn run(repository: &Repository, arguments: &[String]) -> ExitCode {
    if !repository.target.join("release").join("ayumi").exists() {
        eprintln!(
            "The first build, server included, takes some minutes; after that the demonstration takes seconds."
        );
    }
    end(must(command(repository).args(arguments)))
}

/// `ayumi demo`, to which arguments can be added.
pub(crate) fn command(repository: &Repository) -> Command {
    repository.cargo(&[
        "run",
        "--release",
        "--locked",
        "--package",
        "ayumi-cli",
        "--",
        "demo",
    ])
}
