//! What travels between an app and the server: the entries of the case logs, and the requests and answers around them.
//!
//! ```text
//!  phone                                               server
//!    PushRequest { Operation, Operation, … }  ─────▶   appends entries, in order
//!    PushAnswer  { stored, refused, … }       ◀─────
//!    PullRequest { cursor of each log }       ─────▶   reads on from the cursors
//!    PullAnswer  { Page { Entry, Entry, … } } ◀─────
//! ```
//!
//! Four rules hold for every type here:
//!
//! 1. **Readers are tolerant.** A field, a kind, a role or a word that a later version adds is no error. An [`Entry`](entry::Entry)
//!    also keeps what it does not know, so that an old phone loses nothing that a later version of it will understand.
//! 2. **A body is written once.** From then on it is bytes ([`RawBody`](body::RawBody)): hashed as received, stored as received, sent as
//!    stored. A body that was read and written again could differ in a byte, and a harmless repeat would become a conflict.
//! 3. **Within a version of a body fields are only added, and only optional ones.** What an old reader must not overlook is a new version.
//! 4. **Everything is bounded.** [`limits`] has every size, rate and length with its reason; [`Wire::parse`](wire::Wire::parse) holds a request to them.
//!
//! Nothing here does I/O, reads a clock, draws a random number, or knows a rule of the programme.
//! What a person wrote or measured never appears in `Debug` output or in an error.

#[macro_use]
mod word;

pub mod body;
pub mod caseload;
pub mod coordination;
pub mod cursor;
pub mod entry;
pub mod fuzz;
pub mod hash;
pub mod id;
pub mod kind;
pub mod limits;
pub mod operation;
pub mod problem;
pub mod pull;
pub mod push;
#[cfg(feature = "openapi")]
mod schema;
pub mod session;
pub mod snapshot;
pub mod thinning;
pub mod time;
pub mod unknown;
pub mod upload;
pub mod version;
pub mod wire;

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod property_tests;

pub use word::OtherWord;
