//! Snapshots: a ready-made prefix of a log for a new phone.
//!
//! The file is the sequence, compressed by gzip, of [`SnapshotItem`]s, one JSON value after the other, for the entries 1 to `up_to_seq` without a
//! gap. A line break after each value is for the eye; a body may hold line breaks too, so [`read_items`] goes by values.

use serde::{Deserialize, Serialize};

use crate::cursor::{Epoch, LogName, Seq};
use crate::entry::Entry;
use crate::hash::Sha256;
use crate::id::SnapshotId;
use crate::kind::KindName;
use crate::limits;
use crate::time::UtcMillis;
use crate::wire::{ParseError, Wire};

/// Asks whether there is a snapshot of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SnapshotRequest {
    /// The log.
    pub log: LogName,
}

impl Wire for SnapshotRequest {
    const MOST_BYTES: usize = limits::SMALL_REQUEST_BYTES;
}

/// The newest snapshot of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SnapshotAnswer {
    /// The server's clock.
    pub server_time_ms: UtcMillis,
    /// The snapshot; absent if there is none, and pulling from the start is as good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Snapshot>,
}

impl Wire for SnapshotAnswer {
    const MOST_BYTES: usize = limits::SMALL_ANSWER_BYTES;
}

/// A file that never changes; it is fetched by ranges, so that a lost connection costs little.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Snapshot {
    /// Its id: random, and of use only to a session that may read the log.
    pub snapshot_id: SnapshotId,
    /// Incarnation of the store that it was made from.
    pub epoch: Epoch,
    /// The last entry in it; pulling goes on from here.
    pub up_to_seq: Seq,
    /// Length of the compressed file.
    pub length_bytes: u64,
    /// Length of what it holds.
    pub decompressed_bytes: u64,
    /// Hash of the compressed file.
    pub sha256: Sha256,
}

/// One entry of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SnapshotItem {
    /// The entry.
    Entry(Box<Entry>),
    /// An entry that can no longer change what is shown: see [`thinning`](crate::thinning).
    Thinned {
        /// Its place, so that the numbers have no gap.
        seq: Seq,
        /// Its kind.
        kind: KindName,
    },
}

impl SnapshotItem {
    /// The place.
    #[must_use]
    pub const fn seq(&self) -> Seq {
        match self {
            Self::Entry(entry) => entry.seq,
            Self::Thinned { seq, .. } => *seq,
        }
    }
}

/// Reads the decompressed content item by item, so that no more than one is held.
///
/// Shapes: items in the order of the file; the first error is the last item.
/// Errors: as [`Wire::parse`]. Whether numbers have gaps is for the caller to see.
pub fn read_items(bytes: &[u8]) -> impl Iterator<Item = Result<SnapshotItem, ParseError>> {
    let mut items = serde_json::Deserializer::from_slice(bytes).into_iter::<SnapshotItem>();
    let mut has_failed = false;
    std::iter::from_fn(move || {
        if has_failed {
            return None;
        }
        let item = items.next()?;
        has_failed = item.is_err();
        Some(item.map_err(ParseError::from))
    })
}
