//! From entries to the bytes of a snapshot, with no more in memory than one part of the file.

use std::collections::BTreeMap;
use std::io::Write as _;

use axum::body::Bytes;
use ayumi_protocol::body::BodyReading;
use ayumi_protocol::cursor::Seq;
use ayumi_protocol::entry::Entry;
use ayumi_protocol::hash::Sha256 as Sum;
use ayumi_protocol::snapshot::SnapshotItem;
use ayumi_protocol::thinning::{Thinning, ThinningKey, is_thinnable, thinning};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use crate::store::StoreError;

/// The highest rank of everything that entries are about, with the last place that has it: one pass over the log fills it.
#[derive(Debug, Default)]
pub(super) struct Ranks(BTreeMap<ThinningKey, (i64, Seq)>);

impl Ranks {
    /// Takes note of an entry.
    pub(super) fn note(&mut self, entry: &Entry) {
        if let Some(Thinning { key, rank }) = rank(entry) {
            let highest = self.0.entry(key).or_insert((rank, entry.seq));
            *highest = (rank, entry.seq).max(*highest);
        }
    }

    /// The entry as it stands in the snapshot: without its body if a later one says more.
    pub(super) fn item(&self, entry: Entry) -> SnapshotItem {
        let is_superfluous = rank(&entry).is_some_and(|thinning| {
            self.0
                .get(&thinning.key)
                .is_some_and(|(highest, last)| *highest > thinning.rank && *last > entry.seq)
        });
        if is_superfluous {
            SnapshotItem::Thinned {
                seq: entry.seq,
                kind: entry.kind,
            }
        } else {
            SnapshotItem::Entry(Box::new(entry))
        }
    }
}

/// What an entry is about; `None` for one that stays whole, such as an erased one or one whose body nobody here can read.
fn rank(entry: &Entry) -> Option<Thinning> {
    if !is_thinnable(entry.kind.known()?) {
        return None;
    }
    match entry.read_body() {
        Ok(Some(BodyReading::Known(body))) => thinning(entry, &body),
        _ => None,
    }
}

/// Compresses items and counts what goes in and out.
#[derive(Debug)]
pub(super) struct Encoder {
    gzip: GzEncoder<Vec<u8>>,
    hasher: Sha256,
    /// Bytes before compression.
    pub(super) decompressed_bytes: u64,
    /// Bytes that were taken.
    length_bytes: u64,
}

/// What is known of a finished file.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) length_bytes: u64,
    pub(super) decompressed_bytes: u64,
    pub(super) sha256: Sum,
}

const FAULT: StoreError = StoreError::Bug {
    what: "a stored entry cannot be written into a snapshot",
};

impl Encoder {
    pub(super) fn new() -> Self {
        Self {
            // Without a time in its header: the same entries make the same file.
            gzip: GzEncoder::new(Vec::new(), Compression::default()),
            hasher: Sha256::new(),
            decompressed_bytes: 0,
            length_bytes: 0,
        }
    }

    /// Writes an item.
    pub(super) fn add(&mut self, item: &SnapshotItem) -> Result<(), StoreError> {
        let mut line = serde_json::to_vec(item).map_err(|_| FAULT)?;
        line.push(b'\n');
        self.gzip.write_all(&line).map_err(|_| FAULT)?;
        self.decompressed_bytes = self.decompressed_bytes.saturating_add(line.len() as u64);
        Ok(())
    }

    /// Takes a part of exactly this many bytes, once there is one.
    pub(super) fn take(&mut self, part_bytes: usize) -> Option<Bytes> {
        let buffer = self.gzip.get_mut();
        if buffer.len() < part_bytes {
            return None;
        }
        let rest = buffer.split_off(part_bytes);
        let part = std::mem::replace(buffer, rest);
        Some(self.count(part))
    }

    /// Ends the file and takes what is left of it.
    pub(super) fn finish(&mut self) -> Result<(Bytes, File), StoreError> {
        self.gzip.try_finish().map_err(|_| FAULT)?;
        let rest = std::mem::take(self.gzip.get_mut());
        let rest = self.count(rest);
        let file = File {
            length_bytes: self.length_bytes,
            decompressed_bytes: self.decompressed_bytes,
            sha256: Sum::from_bytes(self.hasher.finalize_reset().into()),
        };
        Ok((rest, file))
    }

    fn count(&mut self, part: Vec<u8>) -> Bytes {
        self.hasher.update(&part);
        self.length_bytes = self.length_bytes.saturating_add(part.len() as u64);
        part.into()
    }
}
