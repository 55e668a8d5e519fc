//! Chance that a seed repeats.

use std::sync::{Arc, Mutex, PoisonError};

use ayumi_core::clock::Random;

/// A stream of random numbers (`SplitMix64`).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The stream of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number below `end`; 0 for 0.
    pub const fn below(&mut self, end: u64) -> u64 {
        match self.next().checked_rem(end) {
            Some(number) => number,
            None => 0,
        }
    }

    /// Whether something of `permille` in a thousand happens.
    pub const fn happens(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    /// One of a list that is not empty.
    pub fn one_of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let index = usize::try_from(self.below(list.len() as u64)).unwrap_or(0);
        &list[index]
    }
}

/// The random source of one phone or of the server.
#[derive(Debug, Clone)]
pub struct SharedDice {
    dice: Arc<Mutex<Dice>>,
    has_jitter: bool,
}

impl SharedDice {
    /// The stream of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            dice: Arc::new(Mutex::new(Dice::new(seed))),
            has_jitter: true,
        }
    }

    /// The stream of a seed for ids; a single number, which is what delays are drawn by, is always 0.
    #[must_use]
    pub fn for_ids(seed: u64) -> Self {
        Self {
            has_jitter: false,
            ..Self::new(seed)
        }
    }

    fn bytes(&self, bytes: &mut [u8]) {
        if !self.has_jitter && bytes.len() == 8 {
            bytes.fill(0);
            return;
        }
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in bytes.chunks_mut(8) {
            let word = dice.next().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}

impl Random for SharedDice {
    fn fill(&self, bytes: &mut [u8]) {
        self.bytes(bytes);
    }
}

impl ayumi_server::host::Random for SharedDice {
    fn fill(&self, bytes: &mut [u8]) {
        self.bytes(bytes);
    }
}
