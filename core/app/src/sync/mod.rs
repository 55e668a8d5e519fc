//! Sync: how an entry typed on one phone reaches the other exactly once and in order, whatever the network, the process or the
//! server does in between.
//!
//! ```text
//!   chat, steps, weight ── one transaction ──▶ outbox ──┐                      ┌── fold ──▶ chat, case
//!                                                       ▼                      │
//!   driver (net, simulator) ── inputs ──▶ engine ── one transaction a step ──▶ replica
//!                           ◀── instructions, after the commit ──┘
//! ```
//!
//! | Part | What it is |
//! | --- | --- |
//! | `account` | who is signed in |
//! | `outbox` | what waits to be sent |
//! | `replica` | copies of the logs of the server |
//! | `fold` | what entries amount to, in the tables of the modules |
//! | `engine` | the state machine; it does no I/O but its own transaction, and is handed time and randomness |
//! | `uploads` | pictures of own messages on their way to the server |
//! | `pictures` | pictures of others that are still to be fetched |
//! | `snapshots` | beginnings of logs as files, for a new phone |
//!
//! Source: sync.md.

pub mod account;
pub(crate) mod columns;
pub mod engine;
pub(crate) mod fold;
pub mod outbox;
pub(crate) mod pictures;
pub mod replica;
pub mod snapshots;
#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "tests: an overflow is a failed test"
)]
pub(crate) mod test_support;
pub(crate) mod uploads;
