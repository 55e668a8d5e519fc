//! The simulator: several phones and the real server in one thread and in virtual time, with faults drawn from a seed.
//!
//! ```text
//!   people ──▶ App, Engine (the real ones) ──▶ network ──▶ router of the server (the real one) over its store
//!                 │                               │                 │
//!                 └────────────── what happened ──┴─────────────────┘──▶ oracle::check ──▶ anomalies
//! ```
//!
//! One seed is one run, and the same seed is the same run to the last event: [`Outcome::trace`] is the same number. Everybody in a run
//! is simulated.
//!
//! | File | What it is |
//! | --- | --- |
//! | `world.rs` | who there is, made once and copied for each run |
//! | `phone.rs` | an app with its engine, which can be killed, backed up and set back |
//! | `backend.rs` | the server |
//! | `network.rs` | what becomes of a request |
//! | `disk.rs` | the disk under everything: it can be full, and lose power |
//! | `operator.rs` | what a coordinator does |
//! | `run/faults.rs` | what happens to networks, clocks, files and the server |
//! | `run/desk.rs` | what happens to sessions, accounts, cases and entries |
//! | `run/requests.rs` | requests on their way, and their answers |
//! | `run/explain.rs` | what a verbose run prints of an anomaly |
//! | `people.rs` | what people do |
//! | `walks.rs` | what people walk, and how their phones learn of it |
//! | `record.rs` | what happened, as the oracle reads it |
//! | `run.rs` | the loop |
//! | `logs.rs` | what is logged |
//! | `new_phone/` | a new phone and the snapshots of the server, request by request |
//! | `random.rs` | chance |
//! | `day.rs`, `day/acts.rs` | an ordinary day of one phone without faults, counted, and what is done in it |
//! | `worlds/` | small worlds without chance: every order of what can happen in them |

#![expect(
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a simulator: a surprise ends the run and names the seed"
)]
#![expect(
    unreachable_pub,
    reason = "the parts of the simulator are private modules: `pub` says what the others of them use"
)]
#![expect(
    clippy::print_stderr,
    reason = "a run that is asked to be verbose prints its events"
)]

mod backend;
mod day;
mod disk;
mod logs;
mod network;
#[cfg(test)]
mod new_phone;
mod operator;
mod people;
mod phone;
mod random;
mod record;
mod run;
mod walks;
mod world;
pub mod worlds;

use std::collections::BTreeMap;

use ayumi_core::deliberate::Bug;
use ayumi_server::deliberate::Bug as ServerBug;

use crate::oracle::{Anomaly, Invariant};

pub use day::{Costs, Day, Weather, photo};
pub use run::run;
pub use world::Template;

/// A bug that is made on purpose, on the side where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// Every phone has it.
    Core(ayumi_core::deliberate::Bug),
    /// The server has it.
    Server(ayumi_server::deliberate::Bug),
}

/// Makes a bug in this thread, instead of the one before; `None` for none.
fn make(mistake: Option<Mistake>) {
    let (core, server) = match mistake {
        Some(Mistake::Core(bug)) => (Some(bug), None),
        Some(Mistake::Server(bug)) => (None, Some(bug)),
        None => (None, None),
    };
    ayumi_core::deliberate::make(core);
    ayumi_server::deliberate::make(server);
}

/// For each invariant that a run can break bugs that break it.
///
/// The other one: I10 needs a cache with a budget.
pub const BUGS: &[(Invariant, Mistake)] = &[
    (Invariant::I1, Mistake::Core(Bug::LosesOnFailure)),
    (Invariant::I2, Mistake::Core(Bug::NewIdAtSecondTry)),
    (Invariant::I3, Mistake::Core(Bug::LastFirst)),
    (Invariant::I4, Mistake::Core(Bug::CursorAhead)),
    (Invariant::I5, Mistake::Server(ServerBug::AnnouncedIsComplete)),
    (Invariant::I5, Mistake::Server(ServerBug::KeepsHalfPictures)),
    (Invariant::I6, Mistake::Core(Bug::StopsReading)),
    (Invariant::I7, Mistake::Core(Bug::SendsWithoutConsent)),
    (Invariant::I8, Mistake::Core(Bug::AddsPhones)),
    (Invariant::I8, Mistake::Core(Bug::ReportsOnce)),
    (Invariant::I9, Mistake::Core(Bug::Spins)),
    (Invariant::I11, Mistake::Core(Bug::LogsTheText)),
    (Invariant::I12, Mistake::Core(Bug::RemovesPictureEarly)),
];

/// How a run is to be.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How long faults go on, in virtual minutes.
    pub minutes: u64,
    /// Phones read steps.
    pub has_walks: bool,
    /// Print each event.
    pub is_verbose: bool,
    /// The bug that is made on purpose.
    pub bug: Option<Mistake>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            minutes: 40,
            has_walks: false,
            is_verbose: false,
            bug: None,
        }
    }
}

/// What came of a run.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// Operations that people caused.
    pub operations: u64,
    /// Events.
    pub events: u64,
    /// Faults by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// What the checker objects to.
    pub anomalies: Vec<Anomaly>,
    /// A number made of every event in its order.
    pub trace: u64,
}
