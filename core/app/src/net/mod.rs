//! The exchange with a real server: the driver of the engine, and the part of the app that a shell talks to.
//!
//! ```text
//!   shell ──▶ Sync ──▶ queue ──▶ thread: Engine::step ──▶ instructions ──▶ tokio: requests
//!   local writes ──▶ ▲ ▲                                                      │
//!                    │ └──────────────── answers ─────────────────────────────┘
//!                    └── timer, secret store: in the thread itself
//! ```
//!
//! | File | What it does |
//! | --- | --- |
//! | `sync.rs` | the calls of a shell, each with a limit of time |
//! | `driver.rs` | starts and stops the thread, in the middle of anything |
//! | `run.rs` | the thread: one engine, one queue, one timer |
//! | `http.rs` | one request |
//! | `plan.rs` | uploads that the operating system makes |
//! | `unpack.rs` | bodies within bounds |
//! | `tls.rs` | whom the app trusts |
//!
//! Invariants:
//!
//! - The driver knows nothing about lanes, states or retries. It carries out instructions in their order, after the commit.
//! - No lock is held while the store, the secret store, a listener or the network is called.
//! - The thread is started by the first call that needs it and ends with `pause`, `close` and `wipe`. When nothing is in flight and no
//!   timer is set it sleeps without an end, and no connection is open.
//! - Pausing forgets the memory of the engine. Nothing is lost by that, and coming back tries everything at once.
//!
//! Source: sync.md 10, 13; storage.md 6.

mod driver;
mod http;
mod plan;
mod run;
mod sync;
mod tls;
mod unpack;

pub(crate) use driver::Driver;
pub use plan::{UploadPlan, UploadPlanId, UploadResult};
pub use sync::{Counts, Sync, SyncError, SyncOutcome};
pub use tls::TlsError;
pub use unpack::PACKED_FROM_BYTES;
