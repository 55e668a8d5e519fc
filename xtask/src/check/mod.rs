//! `cargo xtask check`: what the compiler does not prove. Everything is in check mode; nothing is changed.

mod dependencies;
mod layers;
mod licences;
mod packages;
mod sources;

use std::process::ExitCode;

use crate::repository::{Repository, must};
use crate::steps::{Step, run_all};

/// The checks, quick ones first.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "format",
        run: |repository| format(repository).into(),
    },
    Step {
        name: "layers",
        run: |repository| layers(repository).into(),
    },
    Step {
        name: "sources",
        run: |repository| sources(repository).into(),
    },
    Step {
        name: "dependencies",
        run: |repository| dependencies(repository).into(),
    },
    Step {
        name: "lint",
        run: |repository| lint(repository).into(),
    },
];

/// Runs all checks and closes with their table.
pub(crate) fn run(repository: &Repository, _arguments: &[String]) -> ExitCode {
    run_all(repository, STEPS)
}

fn format(repository: &Repository) -> Result<(), String> {
    must(&mut repository.cargo(&["fmt", "--all", "--", "--check"]))?;
    let fuzz = "tests/fuzz/Cargo.toml"; // a workspace of its own, which --all does not reach
    if repository.root.join(fuzz).exists() {
        must(&mut repository.cargo(&["fmt", "--manifest-path", fuzz, "--", "--check"]))?;
    }
    Ok(())
}

fn lint(repository: &Repository) -> Result<(), String> {
    let arguments = [
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    must(&mut repository.cargo(&arguments))
}

fn layers(repository: &Repository) -> Result<(), String> {
    let packages = packages::read(repository)?;
    report(&layers::findings(&packages))
}

fn sources(repository: &Repository) -> Result<(), String> {
    report(&sources::findings(&repository.root)?)
}

fn dependencies(repository: &Repository) -> Result<(), String> {
    let packages = packages::read(repository)?;
    let page = "docs/dependencies.md";
    let argued =
        std::fs::read_to_string(repository.root.join(page)).map_err(|error| format!("{page}: {error}"))?;
    let mut findings = dependencies::findings(&packages, &argued);
    findings.extend(licences::findings(&packages));
    findings.extend(licences::unlicensed_fonts(&sources::files(&repository.root)?));
    report(&findings)
}

/// Turns findings into the reason of a failure, the number first because the table shows one line.
fn report(findings: &[String]) -> Result<(), String> {
    if findings.is_empty() {
        return Ok(());
    }
    Err(format!("{} findings\n{}", findings.len(), findings.join("\n")))
}
