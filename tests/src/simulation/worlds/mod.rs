//! Small worlds, exhaustively: two phones and the server, every order in which what can happen happens.
//!
//! The simulator draws what happens; here nothing is drawn. A participant's phone and her dietitian's phone each write a few messages
//! into one conversation, and a few faults happen. At every moment the search makes each choice there is ([`Choice`]): somebody writes, a
//! request arrives, an answer arrives, a timer ends, or a fault happens. It goes on from every state that it has not seen.
//!
//! ```text
//!   State: phone × phone × server × what is on its way × what may still happen
//!     │ Choice                                     every state: what holds in each (I1 to I4)
//!     ▼                                            every quiet state: a history for oracle::check (I1 to I12)
//!   State …
//! ```
//!
//! The phones are the real app with the real engine over real files, the server is the real router over its real store. A choice
//! concerns one of the three, so each of them has states and steps of its own: a step is made once by the real code, from a copy of the
//! files and of the engine, and remembered. A world with millions of states needs only some thousands of such steps.
//!
//! What makes two states the same, and what is left out:
//!
//! - A phone is its file without the search index, and its engine in canonical form
//!   ([`Engine::canonical`](ayumi_core::sync::engine::Engine::canonical)). Its clock moves by a second with each of its own events, and to
//!   the end of its timer: the two phones and the server share no time. Delays have no jitter.
//! - The server is its store without the audit and without what is counted against abuse.
//! - A request that waits for news is on its way until there are some: the server is asked in each state whether it would hold it. An
//!   answer without news is left out; the phone would ask the same again.
//! - A timer ends only while its phone waits for nothing but news. That the server's caseload is looked at every ten minutes is left out.
//! - A lost request and a lost answer are noticed when they are lost: until then nobody can tell that they are.
//! - Of requests that nobody waits for any more (doubled, or their phone was killed), those that only read are left out. The others may
//!   arrive at any time, or never.
//! - A killed app is opened again at once: what happens to a dead phone is what happened before it died.
//! - The server is set back to what it held at the beginning, or with [`Options::backs_up`] also to what it held at any one moment.
//!
//! With [`Options::faulty`] only one phone is tried, and a world may be larger: the other one exchanges at once all that there is, and
//! only when its owner writes is a choice. All that a phone ever learns of the other one is what stands in the log, and there it can
//! be anywhere.
//!
//! A quiet state is one in which nothing more happens by itself, whether faults are left or not. The oracle judges the shortest way to it;
//! other ways to the same state differ in nothing that can still be seen.
//!
//! | File | What it is |
//! | --- | --- |
//! | `state.rs` | a state, and the choices |
//! | `small_world.rs` | what can happen in a state, and what comes of it |
//! | `judge.rs` | what has to hold in each state, and the history for the oracle |
//! | `phones.rs`, `servers.rs` | the real parts, their states and their steps |
//! | `interned.rs` | values that are kept once and named by a number |
//! | `unordered.rs` | maps and sets without an order |
//! | `image.rs` | a database file in memory, and when two are the same |
//! | `wire.rs` | requests and answers |
//! | `search.rs` | the search, and the walk along one path |

mod image;
mod interned;
mod judge;
mod phones;
mod search;
mod servers;
mod small_world;
mod state;
mod unordered;
mod wire;

use std::fmt;

use ayumi_core::deliberate::Bug;

use crate::oracle::{Anomaly, Word};

pub use search::{search, walk};
pub use state::Choice;

/// How a small world is to be.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Messages that each of the two writes.
    pub operations: u8,
    /// Faults that happen, at most 2: one operation whose sending kills the process three times is tried in another way, which the
    /// canonical form of an engine does not tell apart.
    pub faults: u8,
    /// The only phone, 0 or 1, whose network takes time and to which faults happen; the other one exchanges at once all that there is.
    /// `None` for both.
    pub faulty: Option<u8>,
    /// The server may be backed up once at any moment.
    pub backs_up: bool,
    /// States after which the search gives up; `None` for all there are.
    pub most_states: Option<u64>,
    /// Paths with anomalies after which it gives up.
    pub most_anomalies: usize,
    /// Print how far it is.
    pub is_verbose: bool,
    /// The bug that is made on purpose.
    pub bug: Option<Bug>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            operations: 1,
            faults: 1,
            faulty: None,
            backs_up: false,
            most_states: None,
            most_anomalies: 5,
            is_verbose: false,
            bug: None,
        }
    }
}

/// What a search found.
#[derive(Debug, Clone)]
pub struct Report {
    /// Different states.
    pub states: u64,
    /// Choices that were made.
    pub transitions: u64,
    /// Quiet states, each judged by the oracle.
    pub terminal: u64,
    /// Choices from the beginning to the farthest state.
    pub depth: u32,
    /// Different states of the two phones.
    pub phone_states: u64,
    /// Different states of the server.
    pub server_states: u64,
    /// Steps of the real code.
    pub steps: u64,
    /// Every state was visited.
    pub is_complete: bool,
    /// States that were seen and not visited, if not.
    pub waiting: u64,
    /// Paths with what is objected to on them.
    pub failures: Vec<(Vec<Choice>, Vec<Anomaly>)>,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            states: 0,
            transitions: 0,
            terminal: 0,
            depth: 0,
            phone_states: 0,
            server_states: 0,
            steps: 0,
            is_complete: true,
            waiting: 0,
            failures: Vec::new(),
        }
    }
}

impl Report {
    fn count(&self, word: Word) -> usize {
        self.failures
            .iter()
            .flat_map(|(_, anomalies)| anomalies)
            .filter(|anomaly| anomaly.word == word)
            .count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "states visited {}, transitions {}, terminal {}, depth {}, lost {}, doubled {}, reordered {}",
            self.states,
            self.transitions,
            self.terminal,
            self.depth,
            self.count(Word::Lost),
            self.count(Word::Duplicated),
            self.count(Word::Reordered),
        )?;
        if self.steps > 0 {
            write!(
                f,
                "; {} states of phones and {} of the server by {} steps of the real code",
                self.phone_states, self.server_states, self.steps
            )?;
        }
        if !self.is_complete {
            write!(f, "; NOT complete, {} more states were seen", self.waiting)?;
        }
        Ok(())
    }
}
