//! The caseload, snapshots and erasure, over the interface of a node in virtual time.

#![allow(missing_docs, unreachable_pub, reason = "a test")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may stop at the first surprise"
)]

mod support;

#[path = "cases/caseload.rs"]
mod caseload;
#[path = "cases/erasure.rs"]
mod erasure;
#[path = "cases/logs.rs"]
mod logs;
#[path = "cases/pull.rs"]
mod pull;
#[path = "cases/snapshots.rs"]
mod snapshots;
