//! Accounts, roles, sessions, and the ways to get one.

pub(crate) mod attempts;
pub(crate) mod code;
pub mod devices;
pub mod enrolment;
pub(crate) mod idempotency;
pub mod principal;
pub mod second_factor;
pub mod session;
pub(crate) mod slow_hash;
pub(crate) mod sql;
pub mod staff;
pub mod staff_sign_in;
pub(crate) mod token;
pub mod transfer;
