//! The bytes of snapshots while they are fetched and applied: in memory alone. They hold a whole log in a form that anybody can read, and
//! no file of it lies beside the encrypted ones ([record 7](../../../../../docs/adr/0007-plain-files.md)). What goes with the process is not
//! fetched again: pages bring it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, Read as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ayumi_protocol::hash::Sha256;
use flate2::read::GzDecoder;
use sha2::Digest as _;

/// Half and whole snapshots, each under its hash. Clones hold the same.
#[derive(Clone, Default)]
pub struct HeldSnapshots {
    held: Arc<Mutex<BTreeMap<Sha256, Vec<u8>>>>,
}

/// Only how many: the bytes are what people wrote.
impl fmt::Debug for HeldSnapshots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeldSnapshots({})", self.held().len())
    }
}

impl HeldSnapshots {
    fn held(&self) -> MutexGuard<'_, BTreeMap<Sha256, Vec<u8>>> {
        // Bytes are checked by their hash, whatever happened to whoever wrote them.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many bytes are here.
    #[must_use]
    pub fn length(&self, sha256: Sha256) -> u64 {
        self.held().get(&sha256).map_or(0, |bytes| bytes.len() as u64)
    }

    /// Puts bytes at their place, and cuts off what was behind it. Bytes that would leave a gap are dropped.
    pub fn write(&self, sha256: Sha256, offset_bytes: u64, bytes: &[u8]) {
        let mut held = self.held();
        let here = held.entry(sha256).or_default();
        if let Ok(offset) = usize::try_from(offset_bytes)
            && offset <= here.len()
        {
            here.truncate(offset);
            here.extend_from_slice(bytes);
        }
    }

    /// Whether the bytes that are here have the hash that they are named by.
    #[must_use]
    pub fn is_whole(&self, sha256: Sha256) -> bool {
        self.held().get(&sha256).is_some_and(|bytes| {
            let sum: [u8; 32] = sha2::Sha256::digest(bytes).into();
            Sha256::from_bytes(sum) == sha256
        })
    }

    /// At most `most` bytes of what a snapshot holds, unpacked, from a place on. Never unpacks more, whatever the bytes say.
    ///
    /// Errors: bytes that are missing, are not packed, or were cut off.
    pub fn unpack(&self, sha256: Sha256, from_bytes: u64, most: u64) -> io::Result<Vec<u8>> {
        let held = self.held();
        let packed = held
            .get(&sha256)
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let mut content = GzDecoder::new(packed.as_slice());
        io::copy(&mut content.by_ref().take(from_bytes), &mut io::sink())?;
        let mut bytes = Vec::new();
        content.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Forgets all but these.
    pub fn keep_only(&self, keep: &BTreeSet<Sha256>) {
        self.held().retain(|sha256, _| keep.contains(sha256));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::pictures::sha256_of;

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn parts_that_come_twice_or_after_a_cut_make_the_whole_file() {
        let held = HeldSnapshots::default();
        let content: Vec<u8> = (0..9_000_u32).flat_map(u32::to_be_bytes).collect();
        let file = packed(&content);
        let sha256 = sha256_of(&file);
        assert_eq!(held.length(sha256), 0);
        assert!(!held.is_whole(sha256));
        let half = file.len() / 2;
        held.write(sha256, 0, &file[..half]);
        held.write(sha256, half as u64, &file[half..]);
        held.write(sha256, 100, &file[100..half]);
        assert_eq!(held.length(sha256), half as u64);
        assert!(!held.is_whole(sha256));
        held.write(sha256, half as u64, &file[half..]);
        assert!(held.is_whole(sha256));
        assert_eq!(held.unpack(sha256, 0, 1 << 20).unwrap(), content);
        assert_eq!(held.unpack(sha256, 10, 5).unwrap(), content[10..15]);
        assert_eq!(held.unpack(sha256, content.len() as u64, 5).unwrap(), b"");
    }

    #[test]
    fn a_bomb_is_unpacked_no_further_than_asked_for() {
        let held = HeldSnapshots::default();
        let file = packed(&vec![0; 50_000_000]);
        assert!(file.len() < 100_000);
        let sha256 = sha256_of(&file);
        held.write(sha256, 0, &file);
        assert_eq!(held.unpack(sha256, 0, 1000).unwrap().len(), 1000);
    }

    #[test]
    fn what_is_missing_cut_off_or_not_packed_is_an_error() {
        let held = HeldSnapshots::default();
        let file = packed(b"content");
        let sha256 = sha256_of(&file);
        assert!(held.unpack(sha256, 0, 10).is_err());
        held.write(sha256, 0, &file[..file.len() - 1]);
        assert!(held.unpack(sha256, 0, 10).is_err());
        held.write(sha256, 0, b"content");
        assert!(held.unpack(sha256, 0, 10).is_err());
    }

    #[test]
    fn bytes_that_leave_a_gap_are_dropped_and_only_what_is_needed_stays() {
        let held = HeldSnapshots::default();
        let (kept, gone) = (sha256_of(b"kept"), sha256_of(b"gone"));
        held.write(kept, 2, b"pt");
        assert_eq!(held.length(kept), 0);
        held.write(kept, 0, b"kept");
        held.clone().write(gone, 0, b"gone");
        held.keep_only(&BTreeSet::from([kept]));
        assert_eq!((held.length(kept), held.length(gone)), (4, 0));
        assert_eq!(format!("{held:?}"), "HeldSnapshots(1)");
    }
}
