//! Support for tests: everything a server takes from its machine, repeatable from a seed.

#![allow(
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    reason = "a test may stop at the first surprise"
)]

mod faulty;
pub mod postgres;
pub mod program;

use std::sync::{Arc, Mutex, PoisonError};

use ayumi_protocol::time::UtcMillis;
use tempfile::TempDir;

pub use faulty::{Faulty, Rates};

use crate::host::{Host, Inline, ManualTime, Random};
use crate::store::{Running, SqliteStore, Store};

/// 1 September 2026, 09:00 in Tokyo: when time begins in tests.
pub const START: UtcMillis = UtcMillis(1_788_220_800_000);

/// A host in one thread and in virtual time, and the time that moves it.
#[must_use]
pub fn seeded_host(seed: u64) -> (Host, ManualTime) {
    let time = ManualTime::new(START);
    let host = Host {
        time: Arc::new(time.clone()),
        random: Arc::new(SeededRandom::new(seed)),
        executor: Arc::new(Inline),
    };
    (host, time)
}

/// An embedded store in a folder that goes away with it, run in the thread that asks.
///
/// # Panics
/// If the folder or the store cannot be made.
#[must_use]
pub fn sqlite() -> (TempDir, Arc<dyn Store>) {
    let folder = TempDir::new().expect("a temporary folder");
    let (host, _) = seeded_host(0);
    let store = SqliteStore::open(folder.path(), Running::Inline, &host).expect("a new store");
    (folder, Arc::new(store))
}

/// Random bytes that a seed repeats (`SplitMix64`). Nothing outside tests may use it.
#[derive(Debug)]
pub struct SeededRandom(Mutex<u64>);

impl SeededRandom {
    /// The source of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in bytes.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = *state;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^= word >> 31;
            for (byte, random) in chunk.iter_mut().zip(word.to_le_bytes()) {
                *byte = random;
            }
        }
    }
}
