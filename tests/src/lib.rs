//! Shared helpers of the tests that cross crates.
#![expect(
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    clippy::missing_panics_doc,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests: a panic is a failed test"
)]

pub mod decade;
pub mod fitabase;
pub mod fixture;
pub mod old_file;
pub mod oracle;
pub mod phone;
#[cfg(unix)]
pub mod processes;
pub mod proxy;
pub mod real_server;
pub mod scenario;
pub mod simulation;
pub mod transcript;
