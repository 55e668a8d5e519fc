//! Snapshots on a phone: the beginning of a log in one piece, for a replica that has little of its log yet.
//!
//! ```text
//!   first page ─▶ far behind? ─▶ offer ─▶ parts into memory ─▶ hash ─▶ 1,000 entries a transaction ─▶ pages from there on
//!                                  └────────────┴─────────────────┴──────────┴── any failure: given up, pages bring the rest
//! ```
//!
//! One at a time. The row is the truth about how far it is; the bytes go with the process, and pages bring what they had left.
//! What applies items is `replica`, what decides is `engine/snapshot.rs`. Source: sync.md 6.7.

mod held;
pub(crate) mod sql;

use ayumi_protocol::cursor::Seq;
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::SnapshotId;

pub use held::HeldSnapshots;

/// Where a snapshot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SnapshotState {
    /// It is fetched, then applied.
    Open,
    /// All its entries are in the replica.
    Applied,
    /// It could not be had, or was of no use: pages bring what it did not.
    GivenUp,
}

impl SnapshotState {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Applied => "applied",
            Self::GivenUp => "given_up",
        }
    }

    /// A word of a later version goes on by pages, which loses nothing.
    fn from_word(word: &str) -> Self {
        match word {
            "open" => Self::Open,
            "applied" => Self::Applied,
            _ => Self::GivenUp,
        }
    }
}

/// The snapshot of one replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogSnapshot {
    pub replica_id: i64,
    pub state: SnapshotState,
    pub snapshot_id: SnapshotId,
    pub up_to_seq: Seq,
    pub sha256: Sha256,
    pub length_bytes: u64,
    pub decompressed_bytes: u64,
    /// Of the file, from its start, that are here.
    pub fetched_bytes: u64,
    /// Of what it holds, from its start, whose entries are in the replica.
    pub applied_bytes: u64,
}

impl LogSnapshot {
    pub(crate) const fn is_fetched(&self) -> bool {
        self.fetched_bytes >= self.length_bytes
    }
}
