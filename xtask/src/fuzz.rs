//! `cargo xtask fuzz [--minutes N]`: every parser against inputs nobody thought of.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use crate::repository::{Repository, end, must};
use crate::tools::{CARGO_FUZZ, NIGHTLY};

/// Folder of the fuzz targets, a workspace of its own because it needs the nightly compiler.
const FOLDER: &str = "tests/fuzz";

/// Time for each target when none is given: what a parser must survive before it is released.
const MINUTES: u64 = 10;

/// Fuzzes each target in turn and stops at the first finding.
pub(crate) fn run(repository: &Repository, arguments: &[String]) -> ExitCode {
    match minutes(arguments) {
        Ok(minutes) => end(fuzz(repository, minutes)),
        Err(reason) => crate::misuse(&reason),
    }
}

/// Minutes from the command line, at least one.
fn minutes(arguments: &[String]) -> Result<u64, String> {
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [] => Ok(MINUTES),
        ["--minutes", number] => match number.parse() {
            Ok(minutes @ 1..=10_000) => Ok(minutes),
            _ => Err(format!("{number} is not a number of minutes from 1 to 10000")),
        },
        _ => Err(format!(
            "fuzz takes --minutes N, but was given: {}",
            arguments.join(" ")
        )),
    }
}

fn fuzz(repository: &Repository, minutes: u64) -> Result<(), String> {
    for tool in [NIGHTLY, CARGO_FUZZ] {
        let said = tool.look(repository);
        said.map_err(|said| format!("{} is missing: {}\n({said})", tool.name, tool.elsewhere))?;
    }
    let targets = targets(&repository.root.join(FOLDER).join("fuzz_targets"))?;
    println!(
        "{} targets, {minutes} minutes each: {}",
        targets.len(),
        targets.join(", ")
    );
    let time = format!("-max_total_time={}", minutes.saturating_mul(60));
    for target in &targets {
        // New inputs go to the first folder; the committed corpus is the second and stays small.
        let found = repository.target.join("fuzz-corpus").join(target);
        fs::create_dir_all(&found)
            .map_err(|error| format!("{} could not be made: {error}", found.display()))?;
        let committed = repository.root.join(FOLDER).join("corpus").join(target);
        let mut command = repository.cargo(&["+nightly", "fuzz", "run", "--fuzz-dir", FOLDER, target]);
        command.arg(found);
        if committed.is_dir() {
            command.arg(committed);
        }
        must(command.args(["--", &time]))?;
    }
    println!(
        "{} targets ran {minutes} minutes each without a finding",
        targets.len()
    );
    Ok(())
}

/// Names of the targets in a folder, in order.
fn targets(folder: &Path) -> Result<Vec<String>, String> {
    let problem = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(problem)? {
        let path = entry.map_err(problem)?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    if names.is_empty() {
        return Err(format!("{} has no fuzz target", folder.display()));
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn minutes_are_ten_unless_given() {
        assert_eq!(minutes(&words("")), Ok(10));
        assert_eq!(minutes(&words("--minutes 3")), Ok(3));
    }

    #[test]
    fn minutes_that_make_no_sense_are_refused() {
        for line in ["--minutes", "--minutes 0", "--minutes ten", "--hours 1", "3"] {
            assert!(minutes(&words(line)).is_err(), "{line}");
        }
    }

    #[test]
    fn targets_are_the_rust_files_of_the_folder_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["libra.rs", "apple_health.rs", "notes.md"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(targets(folder.path()).unwrap(), ["apple_health", "libra"]);
    }

    #[test]
    fn a_folder_without_targets_is_an_error_and_not_an_empty_success() {
        assert!(targets(tempfile::tempdir().unwrap().path()).is_err());
    }
}
