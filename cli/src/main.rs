//! `ayumi`: the whole app in a terminal, without a phone.
//!
//! Only translation: arguments to calls, answers to text. Rules live in the core.

mod arguments;
mod commands;
mod connection;
mod context;
mod demo_words;
mod exchange_words;
mod failure;
mod files;
mod labels;
mod picture;
mod secret_input;
mod text;
mod words;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::Arguments;
use crate::failure::Failure;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match commands::run(&arguments) {
        // A reader that went away (`ayumi ... | head`) is not a failure of ours.
        Ok(()) | Err(Failure::ReaderGone) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "{failure}");
            ExitCode::from(failure.exit_status())
        }
    }
}
