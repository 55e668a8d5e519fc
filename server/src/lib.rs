//! The backend of Ayumi: societies, people, and one append-only, gap-free log for each case.
//!
//! ```text
//!   http ── one file per resource: reads the request, runs one transaction, writes the answer
//!    │
//!   accounts  societies  cases  uploads  audit ── rules, and statements in sql.rs, written once for both stores
//!    │
//!   store ── one trait, two engines: embedded SQLite, PostgreSQL
//! ```
//!
//! A node keeps nothing but waiting long polls and rate buckets; all truth is in the store, pictures are in an object store.
//! Time, randomness, timers and threads are handed in ([`host::Host`]): with the SQLite store everything a phone talks to
//! also runs in one thread and in virtual time.

pub mod accounts;
pub mod admin;
pub mod audit;
pub mod cases;
pub mod deliberate;
pub mod host;
pub mod http;
pub mod jobs;
pub mod metrics;
pub mod policy;
pub mod rates;
pub mod serve;
pub mod server;
pub mod settings;
pub mod societies;
pub mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod uploads;
pub mod waiting;
