//! Cases and their logs.

pub mod access;
pub mod append;
pub mod caseload;
pub mod erasure;
pub mod pull;
pub(crate) mod refusals;
pub mod snapshots;
pub(crate) mod sql;
