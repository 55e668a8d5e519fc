//! Running a work again when other transactions came first. Source: sync.md 15.2, faults.md F67.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Fault, StoreError};
use crate::host::Host;

/// A work runs at most so often. Two writers of one case meet now and then, never eight times in a row without trouble elsewhere.
const TRIES: u32 = 8;
/// First pause between two tries; each is twice the one before, and drawn between a half and the whole of it.
const FIRST_PAUSE: Duration = Duration::from_millis(4);

/// Repeats works, and counts how often.
#[derive(Debug)]
pub(super) struct Repeats {
    host: Host,
    count: AtomicU64,
}

impl Repeats {
    pub(super) const fn new(host: Host) -> Self {
        Self {
            host,
            count: AtomicU64::new(0),
        }
    }

    /// Repeats since the start.
    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// The tries of one work.
    pub(super) const fn begin(&self) -> Tries<'_> {
        Tries {
            repeats: self,
            left: TRIES,
            pause: FIRST_PAUSE,
        }
    }
}

/// What is left of the tries of one work.
pub(super) struct Tries<'r> {
    repeats: &'r Repeats,
    left: u32,
    pause: Duration,
}

impl Tries<'_> {
    /// Whether to try again after this result; if so, a pause has passed.
    pub(super) async fn again(&mut self, result: &Result<(), Fault>) -> bool {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 || !matches!(result, Err(Fault::Store(StoreError::Contended))) {
            return false;
        }
        let Repeats { host, count } = self.repeats;
        // Between a half and the whole, in steps of a 512th.
        let [random] = host.random_bytes();
        let share = f64::from(u16::from(random).saturating_add(256)) / 512.0;
        host.time.sleep(self.pause.mul_f64(share)).await;
        self.pause = self.pause.saturating_mul(2);
        count.fetch_add(1, Ordering::Relaxed);
        true
    }
}
