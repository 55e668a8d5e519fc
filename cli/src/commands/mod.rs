//! One file per command.

mod chart;
mod goal;
mod replay;
mod settings;
mod steps;
mod weight;

use std::io::Write as _;

use crate::arguments::{Arguments, Command};
use crate::failure::Failure;

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let common = &arguments.common;
    match &arguments.command {
        Command::Steps(steps) => steps::run(common, steps),
        Command::Weight(weight) => weight::run(common, weight),
        Command::Chart(chart) => chart::run(common, chart),
        Command::Goal { action } => goal::run(common, action.as_ref()),
        Command::Settings { action } => settings::run(common, action.as_ref()),
        Command::Replay(replay) => replay::run(replay, common.today),
        _ => Ok(()),
    }
}

/// One line of JSON on standard output.
fn print_json(output: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(output)
        .map_err(|error| Failure::Core(format!("write the answer as JSON: {error}")))?;
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(())
}
