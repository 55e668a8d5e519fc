//! Accounts, roles, sessions, and the ways to get one.

pub(crate) mod attempts;
pub(crate) mod code;
pub mod enrolment;
pub mod principal;
pub mod session;
pub(crate) mod slow_hash;
pub(crate) mod sql;
pub(crate) mod token;
