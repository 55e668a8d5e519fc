//! Cases and their logs.

pub mod access;
pub mod append;
pub mod caseload;
pub mod pull;
pub(crate) mod refusals;
pub(crate) mod sql;
