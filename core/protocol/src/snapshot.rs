//! Snapshots: a ready-made prefix of a log for a new phone.
//!
//! The file is the sequence, compressed by gzip, of [`SnapshotItem`]s, one JSON value after the other, for the entries 1 to `up_to_seq` without a
//! gap. A line break after each value is for the eye; a body may hold line breaks too, so [`read_items`] goes by values.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::StreamDeserializer;
use serde_json::de::SliceRead;

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
#[must_use]
pub fn read_items(bytes: &[u8]) -> SnapshotItems<'_> {
    SnapshotItems {
        items: serde_json::Deserializer::from_slice(bytes).into_iter(),
        read_bytes: 0,
        has_failed: false,
    }
}

/// The items in some bytes. See [`read_items`].
pub struct SnapshotItems<'a> {
    items: StreamDeserializer<'a, SliceRead<'a>, SnapshotItem>,
    read_bytes: usize,
    has_failed: bool,
}

impl SnapshotItems<'_> {
    /// Where the last item that was read ends, in bytes from the start: whoever has a part of the content goes on from there.
    #[must_use]
    pub const fn read_bytes(&self) -> usize {
        self.read_bytes
    }
}

/// Only how far it came: items hold what a person wrote.
impl fmt::Debug for SnapshotItems<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SnapshotItems({} bytes read)", self.read_bytes)
    }
}

impl Iterator for SnapshotItems<'_> {
    type Item = Result<SnapshotItem, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        let item = self.items.next()?;
        match item {
            Ok(item) => {
                self.read_bytes = self.items.byte_offset();
                Some(Ok(item))
            }
            Err(error) => {
                self.has_failed = true;
                Some(Err(error.into()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_content_is_read_as_far_as_its_items_are_whole_and_the_next_part_goes_on_there() {
        let text = "{\"thinned\":{\"seq\":1,\"kind\":\"message.read\"}}\n{\"thinned\":{\"seq\":2,\"kind\":\"message.read\"}}\n";
        for cut in 0..=text.len() {
            let mut first = read_items(&text.as_bytes()[..cut]);
            let before = first.by_ref().filter_map(Result::ok).count();
            let read = first.read_bytes();
            assert!(read <= cut);
            let after = read_items(&text.as_bytes()[read..]).map(Result::unwrap).count();
            assert_eq!(before + after, 2, "{cut}");
        }
    }
}
