//! What both engines promise to a work, and that all statements stay in what all engines understand. Source: sync.md 15.2, 16.

#![allow(missing_docs, unreachable_pub, reason = "a test")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may stop at the first surprise"
)]

mod audit;
mod backup;
mod conformance;
mod contention;
mod faulty;
mod postgres;
mod subset;
