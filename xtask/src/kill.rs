//! `cargo xtask kill`: the kill harness on real processes.

use std::process::ExitCode;

use crate::repository::{Repository, end, must};

/// The number of kills that the product promises to survive; also what `test` runs.
pub(crate) const ROUNDS: u32 = 200;

/// Runs the harness with the given number of rounds.
pub(crate) fn run(repository: &Repository, arguments: &[String]) -> ExitCode {
    let rounds = match arguments {
        [] => Ok(ROUNDS),
        [rounds] => rounds
            .parse()
            .map_err(|_| format!("{rounds} is not a number of rounds")),
        _ => Err("kill takes one number of rounds".to_owned()),
    };
    match rounds {
        Ok(rounds) => end(rounds_of(repository, rounds)),
        Err(reason) => crate::misuse(&reason),
    }
}

/// Kills `rounds` times. The whole workspace is named so that the build of `cargo test` is used again.
pub(crate) fn rounds_of(repository: &Repository, rounds: u32) -> Result<(), String> {
    let arguments = [
        "test",
        "--locked",
        "--workspace",
        "--test",
        "kill",
        "--",
        "--nocapture",
    ];
    must(
        repository
            .cargo(&arguments)
            .env("AYUMI_KILL_ROUNDS", rounds.to_string()),
    )
}
