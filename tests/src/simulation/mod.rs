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
//! | `run/faults.rs` | what happens to networks, clocks, files and the server |
//! | `people.rs` | what people do |
//! | `record.rs` | what happened, as the oracle reads it |
//! | `run.rs` | the loop |
//! | `logs.rs` | what is logged |
//! | `new_phone.rs` | a new phone and the snapshots of the server, request by request |
//! | `random.rs` | chance |
//! | `day.rs` | an ordinary day of one phone without faults, counted |
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
mod logs;
mod network;
#[cfg(test)]
mod new_phone;
mod people;
mod phone;
mod random;
mod record;
mod run;
mod world;
pub mod worlds;

use std::collections::BTreeMap;

use ayumi_core::deliberate::Bug;

use crate::oracle::{Anomaly, Invariant};

pub use day::{Costs, Day, Weather, photo};
pub use run::run;
pub use world::Template;

/// For each invariant that a run can break a bug of the core that breaks it.
///
/// The others: I5 and I8 are broken by the server and by readings, and have their own tests; I10 needs a cache with a budget.
pub const BUGS: &[(Invariant, Bug)] = &[
    (Invariant::I1, Bug::LosesOnFailure),
    (Invariant::I2, Bug::NewIdAtSecondTry),
    (Invariant::I3, Bug::LastFirst),
    (Invariant::I4, Bug::CursorAhead),
    (Invariant::I6, Bug::StopsReading),
    (Invariant::I7, Bug::SendsWithoutConsent),
    (Invariant::I9, Bug::Spins),
    (Invariant::I11, Bug::LogsTheText),
    (Invariant::I12, Bug::RemovesPictureEarly),
];

/// How a run is to be.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How long faults go on, in virtual minutes.
    pub minutes: u64,
    /// Print each event.
    pub is_verbose: bool,
    /// The bug that is made on purpose.
    pub bug: Option<Bug>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            minutes: 40,
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
