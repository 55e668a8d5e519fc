//! Accounts, roles, sessions, and the ways to get one.

pub mod principal;
pub(crate) mod sql;
