//! One file per command.

mod account;
mod chart;
mod conversation;
mod demo;
mod exchange;
mod export;
mod goal;
mod home;
mod import;
mod live;
mod replay;
mod settings;
mod staff;
mod steps;
mod weight;

use std::io::Write as _;

use crate::arguments::{Arguments, Command};
use crate::context::Context;
use crate::failure::Failure;

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let common = &arguments.common;
    let in_app = |work: &dyn Fn(&Context) -> Result<(), Failure>| Context::with(common, work);
    match &arguments.command {
        Command::Home(shown) => in_app(&|context| home::run(context, *shown)),
        Command::Steps(steps) => in_app(&|context| steps::run(context, steps)),
        Command::Weight(weight) => in_app(&|context| weight::run(context, weight)),
        Command::Goal { action } => in_app(&|context| goal::run(context, action.as_ref())),
        Command::Chart(chart) => in_app(&|context| chart::run(context, chart)),
        Command::Settings { action } => in_app(&|context| settings::run(context, action.as_ref())),
        Command::Enrol(enrol) => account::enrol(common, enrol),
        Command::Consent(consent) => in_app(&|context| account::consent(context, consent)),
        Command::Chat(chat) => in_app(&|context| {
            let case_id = context.own_case()?;
            conversation::run(context, case_id, chat.view, chat.action.as_ref())
        }),
        Command::Sync(sync) => in_app(&|context| exchange::run(context, *sync)),
        Command::TransferCode(wait) => in_app(&|context| account::transfer_code(context, None, *wait)),
        Command::SignOut(sign_out) => in_app(&|context| account::sign_out(context, *sign_out)),
        Command::Staff(action) => staff::run(common, action),
        Command::Import(import) => in_app(&|context| import::run(context, import)),
        Command::Export(export) => in_app(&|context| export::run(context, export)),
        Command::Demo(demo) => demo::run(common, demo),
        Command::Replay(replay) => replay::run(replay),
    }
}

/// One line of JSON on standard output.
fn print_json(output: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(output)
        .map_err(|error| Failure::Core(format!("write the answer as JSON: {error}")))?;
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(())
}
