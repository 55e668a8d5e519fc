//! The real server and real phones as processes of their own, and who judges what they leave behind.
//!
//! ```text
//!   her phone ──────┐                                         ┌── observer: the rows and files of the server
//!                   ├── a proxy that misbehaves ── the server ┤
//!   her dietitian's ┘                                         └── judge: what was told, and what is there
//! ```
//!
//! Invariants:
//! - Whoever looks at the server is no server: rows are read with SQLite itself, files as files.
//! - The judge knows only what was told to be written, what a process said before it ended, and what is seen afterwards. It shares no
//!   rule with the code it judges, and its own tests show that it finds each thing that it looks for.

pub mod judge;
pub mod observer;
pub mod phone;
pub mod programs;
pub mod server;
