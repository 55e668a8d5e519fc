//! Cases and their logs.

pub mod access;
pub(crate) mod sql;
