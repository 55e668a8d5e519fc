//! `cargo xtask kill`: the kill harnesses on real processes, of the core, of the server, and of both with a network between them.

use std::process::ExitCode;

use crate::repository::{Repository, end, must};

/// The number of kills that the product promises to survive; also what `test` runs.
pub(crate) const ROUNDS: u32 = 200;

/// Kills of a server on each store, by hand.
const SERVER_ROUNDS: u32 = 100;

/// Kills of a server on each store that `test` runs: each takes a second.
pub(crate) const SERVER_ROUNDS_IN_TEST: u32 = 5;

/// Rounds with a server and two phones, by hand.
const SYNC_ROUNDS: u32 = 100;

/// Rounds with a server and two phones that `test` runs: each takes some seconds.
pub(crate) const SYNC_ROUNDS_IN_TEST: u32 = 8;

/// From what faults, moments and photos follow unless a seed is given.
pub(crate) const SYNC_SEED: u32 = 2026;

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Core { rounds: u32 },
    Server { rounds: u32, store: &'static str },
    Sync { rounds: u32, seed: u32 },
}

/// Runs the harness with the given number of rounds.
pub(crate) fn run(repository: &Repository, arguments: &[String]) -> ExitCode {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match read(&arguments) {
        Ok(Asked::Core { rounds }) => end(rounds_of(repository, rounds)),
        Ok(Asked::Server { rounds, store }) => end(rounds_of_server(repository, rounds, store)),
        Ok(Asked::Sync { rounds, seed }) => end(rounds_of_sync(repository, rounds, seed)),
        Err(reason) => crate::misuse(&reason),
    }
}

fn read(arguments: &[&str]) -> Result<Asked, String> {
    let number = |text: &str| {
        text.parse()
            .map_err(|_| format!("{text} is not a number of rounds"))
    };
    match arguments {
        [] => Ok(Asked::Core { rounds: ROUNDS }),
        ["server", options @ ..] => {
            let (mut rounds, mut store) = (SERVER_ROUNDS, BOTH_STORES);
            let mut options = options.iter();
            while let Some(option) = options.next() {
                match (*option, options.next().copied()) {
                    ("--rounds", Some(text)) => rounds = number(text)?,
                    ("--store", Some("sqlite")) => store = "on_sqlite",
                    ("--store", Some("postgres" | "postgresql")) => store = "on_postgresql",
                    _ => return Err("kill server takes --rounds N and --store sqlite|postgres".to_owned()),
                }
            }
            Ok(Asked::Server { rounds, store })
        }
        ["sync", options @ ..] => {
            let (mut rounds, mut seed) = (SYNC_ROUNDS, SYNC_SEED);
            let mut options = options.iter();
            while let Some(option) = options.next() {
                match (*option, options.next().copied()) {
                    ("--rounds", Some(text)) => rounds = number(text)?,
                    ("--seed", Some(text)) => {
                        seed = text.parse().map_err(|_| format!("{text} is not a seed"))?;
                    }
                    _ => return Err("kill sync takes --rounds N and --seed S".to_owned()),
                }
            }
            Ok(Asked::Sync { rounds, seed })
        }
        [rounds] => Ok(Asked::Core {
            rounds: number(rounds)?,
        }),
        _ => Err("kill takes one number of rounds, or `server` or `sync` with its options".to_owned()),
    }
}

/// Kills the core `rounds` times. The whole workspace is named so that the build of `cargo test` is used again.
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

/// Part of the names of the tests of both stores.
pub(crate) const BOTH_STORES: &str = "a_server_on";

/// Kills a server `rounds` times on each store whose tests have `store` in their names.
pub(crate) fn rounds_of_server(repository: &Repository, rounds: u32, store: &str) -> Result<(), String> {
    let arguments = [
        "test",
        "--locked",
        "--workspace",
        "--test",
        "kill_server",
        "--",
        "--nocapture",
        "--test-threads=1",
        store,
    ];
    must(
        repository
            .cargo(&arguments)
            .env("AYUMI_KILL_ROUNDS", rounds.to_string()),
    )
}

/// Kills a server or one of two phones `rounds` times.
pub(crate) fn rounds_of_sync(repository: &Repository, rounds: u32, seed: u32) -> Result<(), String> {
    let arguments = [
        "test",
        "--locked",
        "--workspace",
        "--test",
        "kill_sync",
        "--",
        "--nocapture",
    ];
    must(
        repository
            .cargo(&arguments)
            .env("AYUMI_KILL_ROUNDS", rounds.to_string())
            .env("AYUMI_KILL_SEED", seed.to_string()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_and_store_of_a_server_are_read_in_any_order() {
        let server = |rounds, store| Ok(Asked::Server { rounds, store });
        assert_eq!(read(&["server"]), server(SERVER_ROUNDS, BOTH_STORES));
        let both = ["server", "--store", "postgres", "--rounds", "7"];
        assert_eq!(read(&both), server(7, "on_postgresql"));
        assert_eq!(read(&["7"]), Ok(Asked::Core { rounds: 7 }));
    }

    #[test]
    fn rounds_and_seed_of_server_and_phones_are_read_in_any_order() {
        let sync = |rounds, seed| Ok(Asked::Sync { rounds, seed });
        assert_eq!(read(&["sync"]), sync(SYNC_ROUNDS, SYNC_SEED));
        assert_eq!(read(&["sync", "--seed", "3", "--rounds", "7"]), sync(7, 3));
    }

    #[test]
    fn what_is_no_number_and_no_store_is_refused() {
        for arguments in [
            ["sync", "--seed", "x"],
            ["sync", "--store", "sqlite"],
            ["server", "--store", "paper"],
            ["server", "--rounds", "many"],
            ["7", "8", "9"],
        ] {
            assert!(read(&arguments).is_err(), "{arguments:?}");
        }
        assert!(read(&["server", "--rounds"]).is_err());
        assert!(read(&["sync", "7"]).is_err());
    }
}
