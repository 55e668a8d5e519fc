//! `cargo xtask contract`: the description of the server's interface against a running server, with generated requests.

use std::process::ExitCode;

use crate::repository::{Repository, end, must};
use crate::steps::Outcome;
use crate::tools;

/// Generated requests of each kind for each endpoint and caller; a minute altogether.
const EXAMPLES: u32 = 5;

/// Runs it with another number of examples.
pub(crate) fn run(repository: &Repository, arguments: &[String]) -> ExitCode {
    let examples = match arguments {
        [] => Ok(EXAMPLES),
        [examples] => examples
            .parse()
            .map_err(|_| format!("{examples} is not a number of examples")),
        _ => Err("contract takes one number of examples".to_owned()),
    };
    match examples {
        Ok(examples) => end(with_examples(repository, examples)),
        Err(reason) => crate::misuse(&reason),
    }
}

/// The step of `test`.
pub(crate) fn step(repository: &Repository) -> Outcome {
    let missing = tools::missing(repository);
    if missing.is_empty() {
        with_examples(repository, EXAMPLES).into()
    } else {
        Outcome::Skipped(format!("needs {}", tools::names(&missing)))
    }
}

fn with_examples(repository: &Repository, examples: u32) -> Result<(), String> {
    let python = environment(repository)?;
    // The whole workspace is named so that the build of `cargo test` is used again.
    must(&mut repository.cargo(&["test", "--locked", "--workspace", "--no-run"]))?;
    let program = repository.target.join("debug").join("ayumi-server");
    let script = repository.root.join("server/tests/contract/contract.py");
    must(
        repository
            .command(&python, &[])
            .arg(script)
            .arg(program)
            .arg(examples.to_string()),
    )
}

/// A Python of its own with the pinned packages; made once for each list of packages.
fn environment(repository: &Repository) -> Result<String, String> {
    let requirements = repository.root.join("server/tests/contract/requirements.txt");
    let folder = repository.target.join("contract");
    let (python, installed) = (folder.join("bin/python"), folder.join("requirements.txt"));
    let wanted = std::fs::read(&requirements)
        .map_err(|error| format!("cannot read {}: {error}", requirements.display()))?;
    let python = python.display().to_string();
    if std::fs::read(&installed).is_ok_and(|present| present == wanted) {
        return Ok(python);
    }
    let folder = folder.display().to_string();
    must(&mut repository.command("python3", &["-m", "venv", "--clear", &folder]))?;
    let requirements = requirements.display().to_string();
    let install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        "--requirement",
        &requirements,
    ];
    must(&mut repository.command(&python, &install))?;
    // Only after everything is there: an interrupted installation is made anew.
    std::fs::write(&installed, wanted)
        .map_err(|error| format!("cannot write {}: {error}", installed.display()))?;
    Ok(python)
}
