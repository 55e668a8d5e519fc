//! One file per command.

mod chart;
mod demo;
mod export;
mod goal;
mod home;
mod import;
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
        Command::Home(shown) => home::run(common, *shown),
        Command::Steps(steps) => steps::run(common, steps),
        Command::Weight(weight) => weight::run(common, weight),
        Command::Goal { action } => goal::run(common, action.as_ref()),
        Command::Chart(chart) => chart::run(common, chart),
        Command::Settings { action } => settings::run(common, action.as_ref()),
        Command::Import(import) => import::run(common, import),
        Command::Export(export) => export::run(common, export),
        Command::Demo(demo) => demo::run(common, demo),
        Command::Replay(replay) => replay::run(replay, common.today),
    }
}

/// One line of JSON on standard output.
fn print_json(output: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(output)
        .map_err(|error| Failure::Core(format!("write the answer as JSON: {error}")))?;
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(())
}
