//! One file per command.

mod replay;

use crate::arguments::{Arguments, Command};
use crate::failure::Failure;

pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Replay(replay) => replay::run(&replay, arguments.common.today),
    }
}
