//! The Ayumi app without a screen: steps, weight, charts and the store under them.
//!
//! A module is a folder with its rules (pure functions), its SQL and its tests. Modules meet in `App`, never in each
//! other's tables. Time and randomness are handed in.

#[cfg(feature = "import")]
pub mod import;
pub mod steps;
pub mod time;
pub mod weight;
