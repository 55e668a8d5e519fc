//! `cargo xtask`: the one entry to everything that people and CI run in this repository.
//!
//! `main` only dispatches. Each command has a file of its own; `repository` starts programs, `steps` runs and counts
//! a list of checks, `tools` knows which programs the build needs and where to get them.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command runner speaks to the person at the terminal; nothing links it"
)]

mod bench;
mod check;
mod contract;
mod demo;
mod doctor;
mod fixture;
mod fuzz;
mod kill;
mod prepare;
mod repository;
mod simulate;
mod steps;
mod test;
mod tools;
mod worlds;

use std::process::ExitCode;

use crate::repository::Repository;

/// One command: its name with arguments, what it does, and the function behind it.
struct Command {
    name: &'static str,
    arguments: &'static str,
    does: &'static str,
    run: fn(&Repository, &[String]) -> ExitCode,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "demo",
        arguments: "[ARGUMENTS]",
        does: "real measurements, two phones and a server, one page; arguments go to `ayumi demo`",
        run: demo::run,
    },
    Command {
        name: "test",
        arguments: "",
        does: "installs what is missing, then runs every check and test; CI runs this and nothing else",
        run: test::run,
    },
    Command {
        name: "check",
        arguments: "",
        does: "format, lint, layers, sources, policy; changes nothing (part of test)",
        run: check::run,
    },
    Command {
        name: "kill",
        arguments: "[ROUNDS | server [--rounds N] [--store sqlite|postgres] | sync [--rounds N] [--seed S]]",
        does: "kills real processes at random moments and compares what they left [default: the core, 200 rounds; server: 100 on each store; sync, a server and two phones: 100]",
        run: kill::run,
    },
    Command {
        name: "simulate",
        arguments: "[--seeds N | --seed S] [--minutes M] [--verbose]",
        does: "several phones and the real server in virtual time with faults from a seed, judged by an independent checker [default: 100 seeds]",
        run: simulate::run,
    },
    Command {
        name: "worlds",
        arguments: "[--operations N] [--faults N] [--backups] [--path CHOICES] [--prove]",
        does: "two phones and the real server in a small world: every order of what can happen [default: 1 message each, 1 fault]",
        run: worlds::run,
    },
    Command {
        name: "contract",
        arguments: "[EXAMPLES]",
        does: "generated requests to a running server, held to its own description [default: 5 examples each]",
        run: contract::run,
    },
    Command {
        name: "fuzz",
        arguments: "[--minutes N]",
        does: "fuzzes every parser, one after the other [default: 10 minutes each]",
        run: fuzz::run,
    },
    Command {
        name: "bench",
        arguments: "[WHAT | server [--seconds N]]",
        does: "figures of the design, each beside the bare limit of the same run",
        run: bench::run,
    },
    Command {
        name: "fixture",
        arguments: "[transcript]",
        does: "makes the database fixture of this version, or records its requests with their answers",
        run: fixture::run,
    },
    Command {
        name: "doctor",
        arguments: "",
        does: "looks for the tools, says what is missing and how to get it",
        run: doctor::run,
    },
];

/// Exit status of a command line that was not understood, as shells and clap use it.
const MISUSE: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        eprint!("{}", usage());
        return ExitCode::from(MISUSE);
    };
    if ["help", "--help", "-h"].contains(&name.as_str()) {
        print!("{}", usage());
        return ExitCode::SUCCESS;
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        eprint!("no command is called {name}\n\n{}", usage());
        return ExitCode::from(MISUSE);
    };
    if command.arguments.is_empty() && !rest.is_empty() {
        return misuse(&format!(
            "{name} takes no arguments, but was given: {}",
            rest.join(" ")
        ));
    }
    (command.run)(&Repository::here(), rest)
}

/// Says what was wrong with a command line and gives the exit status for it.
fn misuse(reason: &str) -> ExitCode {
    eprintln!("{reason}\n`cargo xtask help` lists the commands.");
    ExitCode::from(MISUSE)
}

fn usage() -> String {
    let heads: Vec<String> = COMMANDS
        .iter()
        .map(|command| format!("{} {}", command.name, command.arguments))
        .collect();
    let width = heads.iter().map(String::len).max().unwrap_or(0);
    let lines = COMMANDS
        .iter()
        .zip(&heads)
        .map(|(command, head)| format!("  {head:width$}  {}\n", command.does));
    format!("usage: cargo xtask COMMAND\n\n{}", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usage_names_every_command_once() {
        let usage = usage();
        for command in COMMANDS {
            assert_eq!(
                usage.matches(&format!("\n  {} ", command.name)).count(),
                1,
                "{}",
                command.name
            );
        }
    }
}
