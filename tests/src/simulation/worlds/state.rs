//! A small world between two events, and what can happen in it next.

use std::fmt;
use std::str::FromStr;

use super::interned::Number;
use super::phones::{Flight, PhoneState};
use super::servers::ServerState;
use super::wire::{AnswerNumber, RequestNumber};

/// Where a request is that a phone waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// On its way there, or held by the server until there are news.
    There(RequestNumber),
    /// Its answer is on its way back.
    Back(RequestNumber, AnswerNumber),
}

/// One phone with what is between it and the server.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Side {
    /// Its state.
    pub phone: PhoneState,
    /// How much its owner has done.
    pub done: u8,
    /// What it waits for, in the order of the numbers.
    pub flights: Vec<(Flight, Place)>,
}

/// A world. Its parts are known by their numbers, so that hundreds of millions of worlds have room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct State {
    /// The phones, each with what is between it and the server.
    pub sides: [Number<Side>; 2],
    /// The server.
    pub server: ServerState,
    /// The copy to which it can be set back.
    pub backup: ServerState,
    /// Requests that nobody waits for and that may still arrive, in order.
    pub strays: Number<Strays>,
    /// The copy is not the one from the beginning.
    pub is_backed_up: bool,
    /// Faults that may still happen.
    pub faults: u8,
}

/// Requests that nobody waits for, in the order of their numbers.
pub type Strays = Vec<RequestNumber>;

/// Something that can happen. The first number is that of the phone, the second that of the request among those it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Choice {
    /// The owner of a phone writes the next message.
    Person(u8),
    /// A request reaches the server, which commits and answers.
    Arrive(u8, Flight),
    /// An answer reaches the phone.
    Answer(u8, Flight),
    /// The timer of a phone ends.
    Timer(u8),
    /// A request that nobody waits for reaches the server; the number is its place among those.
    Stray(u8),
    /// The server is backed up.
    BackUp,
    /// A fault: a request is lost on its way there, or its answer after the commit, and the phone notices.
    Lose(u8, Flight),
    /// A fault: a request is doubled, and the second one may arrive whenever it likes.
    Double(u8, Flight),
    /// A fault: the process of a phone is killed, and its owner opens the app again.
    Kill(u8),
    /// A fault: the server is set back to its backup.
    Restore,
}

impl Choice {
    /// Whether it counts against the faults of a world.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        matches!(
            self,
            Self::Lose(..) | Self::Double(..) | Self::Kill(_) | Self::Restore
        )
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(phone) => write!(f, "write.{phone}"),
            Self::Arrive(phone, flight) => write!(f, "arrive.{phone}.{flight}"),
            Self::Answer(phone, flight) => write!(f, "answer.{phone}.{flight}"),
            Self::Timer(phone) => write!(f, "timer.{phone}"),
            Self::Stray(number) => write!(f, "stray.{number}"),
            Self::BackUp => f.write_str("backup"),
            Self::Lose(phone, flight) => write!(f, "lose.{phone}.{flight}"),
            Self::Double(phone, flight) => write!(f, "double.{phone}.{flight}"),
            Self::Kill(phone) => write!(f, "kill.{phone}"),
            Self::Restore => f.write_str("restore"),
        }
    }
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text} is no choice");
        let mut words = text.trim().split('.');
        let word = words.next().unwrap_or_default();
        let mut number = || {
            let number = words.next().and_then(|word| word.parse::<u8>().ok());
            number.ok_or_else(wrong)
        };
        Ok(match word {
            "write" => Self::Person(number()?),
            "arrive" => Self::Arrive(number()?, number()?),
            "answer" => Self::Answer(number()?, number()?),
            "timer" => Self::Timer(number()?),
            "stray" => Self::Stray(number()?),
            "backup" => Self::BackUp,
            "lose" => Self::Lose(number()?, number()?),
            "double" => Self::Double(number()?, number()?),
            "kill" => Self::Kill(number()?),
            "restore" => Self::Restore,
            _ => return Err(wrong()),
        })
    }
}
