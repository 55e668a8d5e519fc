//! `cargo xtask test`: the README's second command and all that CI runs.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use crate::repository::{Repository, answer, must};
use crate::steps::{Outcome, Step, run_all};
use crate::{check, contract, demo, kill, prepare, simulate, tools, worlds};

const PREPARE: Step = Step {
    name: "prepare",
    run: prepare::run,
};

const STEPS: &[Step] = &[
    Step {
        name: "tests",
        run: |repository| tests(repository).into(),
    },
    Step {
        name: "core without features",
        run: |repository| bare_core(repository).into(),
    },
    Step {
        name: "encrypted engine",
        run: encrypted_engine,
    },
    Step {
        name: "kill",
        run: |repository| kill::rounds_of(repository, kill::ROUNDS).into(),
    },
    Step {
        name: "kill server",
        run: |repository| {
            kill::rounds_of_server(repository, kill::SERVER_ROUNDS_IN_TEST, kill::BOTH_STORES).into()
        },
    },
    Step {
        name: "kill sync",
        run: |repository| kill::rounds_of_sync(repository, kill::SYNC_ROUNDS_IN_TEST, kill::SYNC_SEED).into(),
    },
    Step {
        name: "simulation",
        run: simulate::step,
    },
    Step {
        name: "worlds",
        run: worlds::step,
    },
    Step {
        name: "file faults",
        run: file_faults,
    },
    Step {
        name: "contract",
        run: contract::step,
    },
    Step {
        name: "demonstration",
        run: |repository| demonstration(repository).into(),
    },
    Step {
        name: "documentation",
        run: |repository| documentation(repository).into(),
    },
];

/// Runs everything, also after a failure, and closes with a table and the counts.
pub(crate) fn run(repository: &Repository, _arguments: &[String]) -> ExitCode {
    run_all(
        repository,
        [&PREPARE].into_iter().chain(check::STEPS).chain(STEPS),
    )
}

fn tests(repository: &Repository) -> Result<(), String> {
    let mut command = repository.cargo(&["test", "--locked", "--workspace", "--no-fail-fast"]);
    // A run that checks must not rewrite the snapshots it compares with.
    must(command.env("INSTA_UPDATE", "no"))
}

/// The core as a phone without importers has it: the workspace build always has them turned on.
fn bare_core(repository: &Repository) -> Result<(), String> {
    let arguments = [
        "clippy",
        "--locked",
        "--package",
        "ayumi-core",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    must(&mut repository.cargo(&arguments))
}

/// The store over `SQLCipher`. One build holds one engine, so this is a run of its own, in a folder of its own.
fn encrypted_engine(repository: &Repository) -> Outcome {
    let missing = tools::missing(repository);
    if !missing.is_empty() {
        return Outcome::Skipped(format!("cannot build OpenSSL without {}", tools::names(&missing)));
    }
    let arguments = [
        "test",
        "--locked",
        "--package",
        "ayumi-core",
        "--features",
        "sqlcipher-openssl,import",
        "--lib",
        "store::",
    ];
    let folder = repository.target.join("encrypted");
    must(
        repository
            .cargo(&arguments)
            .env("CARGO_TARGET_DIR", folder)
            .env("INSTA_UPDATE", "no"),
    )
    .into()
}

/// File operations of a real process fail. Among `tests` they would say that they cannot run and pass; here it is counted.
fn file_faults(repository: &Repository) -> Outcome {
    let works = answer(&mut repository.command("strace", &["-o", "/dev/null", "true"]));
    if let Err(said) = works {
        return Outcome::Skipped(format!("strace cannot trace here: {said}"));
    }
    let arguments = ["test", "--locked", "--workspace", "--test", "file_faults"];
    must(&mut repository.cargo(&arguments)).into()
}

/// The README's first command, into a folder that goes away, and a look at what it wrote.
fn demonstration(repository: &Repository) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    must(demo::command(repository).arg("--out").arg(folder.path()))?;
    let lacking = lacking(folder.path())?;
    if lacking.is_empty() {
        Ok(())
    } else {
        Err(format!("the demonstration wrote {}", lacking.join(", ")))
    }
}

/// What a demonstration's folder should hold and does not: a page, drawings and pictures, none of them empty.
fn lacking(folder: &Path) -> Result<Vec<String>, String> {
    let problem = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut kinds = vec!["html", "svg", "png"];
    let mut lacking = Vec::new();
    for entry in fs::read_dir(folder).map_err(problem)? {
        let path = entry.map_err(problem)?.path();
        let size = fs::metadata(&path).map_err(problem)?.len();
        if size == 0 {
            lacking.push(format!("{} empty", path.display()));
        }
        kinds.retain(|kind| path.extension().is_none_or(|extension| extension != *kind));
    }
    lacking.extend(kinds.iter().map(|kind| format!("no .{kind} file")));
    Ok(lacking)
}

fn documentation(repository: &Repository) -> Result<(), String> {
    let arguments = ["doc", "--locked", "--workspace", "--no-deps"];
    must(repository.cargo(&arguments).env("RUSTDOCFLAGS", "-D warnings"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demonstration_that_wrote_everything_lacks_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["index.html", "weight.svg", "weight.png"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        assert_eq!(lacking(folder.path()).unwrap(), [""; 0]);
    }

    #[test]
    fn a_demonstration_without_pictures_or_with_an_empty_page_is_found() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("index.html"), "").unwrap();
        fs::write(folder.path().join("weight.svg"), "x").unwrap();
        let lacking = lacking(folder.path()).unwrap();
        assert_eq!(lacking.len(), 2, "{lacking:?}");
        assert!(lacking.iter().any(|line| line.ends_with("index.html empty")));
        assert!(lacking.iter().any(|line| line == "no .png file"));
    }
}
