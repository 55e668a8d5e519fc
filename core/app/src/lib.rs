//! The Ayumi app without a screen: steps, weight, charts and the store under them.
//!
//! A module is a folder with its rules (pure functions), its SQL and its tests. Modules meet in [`app::App`], never in
//! each other's tables. Time and randomness are handed in.

pub mod app;
pub mod case;
pub mod charts;
pub mod chat;
pub mod clock;
pub mod deliberate;
#[cfg(feature = "import")]
pub mod import;
#[cfg(feature = "net")]
pub mod net;
pub mod pictures;
mod readings;
pub mod search;
pub mod secret;
pub mod server;
mod settings;
pub mod staff;
pub mod steps;
pub mod store;
pub mod sync;
pub mod time;
pub mod weight;
