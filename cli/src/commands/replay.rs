//! `ayumi replay`: the inspection formats of steps.md and weight.md, through the real store and rules.

use std::path::Path;

use ayumi_core::steps::{ReplayRun, parse_replay};
use ayumi_core::weight::ReplayOptions;

use crate::arguments::{Replay, ReplaySteps, ReplayWeight};
use crate::commands::print_json;
use crate::failure::Failure;

pub(crate) fn run(replay: &Replay) -> Result<(), Failure> {
    match replay {
        Replay::Steps(options) => steps(options),
        Replay::Weight(options) => weight(options),
    }
}

fn steps(options: &ReplaySteps) -> Result<(), Failure> {
    let file = read(&options.file)?;
    let lines = parse_replay(&file).map_err(|error| malformed(&options.file, error.line, error.reason))?;
    let folder = tempfile::tempdir().map_err(|error| Failure::file(&std::env::temp_dir(), &error))?;
    let run = ReplayRun {
        zone: options.zone,
        day_start: options.day_start,
    };
    print_json(&run.run(folder.path(), &lines)?)
}

fn weight(options: &ReplayWeight) -> Result<(), Failure> {
    let file = read(&options.file)?;
    let replay_options = ReplayOptions {
        tau: options.tau_days,
        goal: options.goal_kg,
        day_start: options.day_start,
        today: options.today,
    };
    let output = ayumi_core::weight::replay(&file, &replay_options)
        .map_err(|error| malformed(&options.file, error.line, error.reason.to_string()))?;
    print_json(&output)
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| Failure::file(file, &error))
}

fn malformed(file: &Path, line: usize, reason: String) -> Failure {
    Failure::Malformed {
        file: file.display().to_string(),
        line: line as u64,
        reason,
    }
}
