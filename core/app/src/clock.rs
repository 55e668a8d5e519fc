//! Time and randomness, handed in: the only file of the core that reads the wall clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::UNIX_EPOCH;

use crate::time::UtcMillis;

/// Tells the time. Production reads the phone's clock, tests and the simulator move their own.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present instant.
    fn now(&self) -> UtcMillis;
}

/// Gives random bytes. The core never takes randomness by itself, so a run can be repeated from a seed.
pub trait Random: Send + Sync + std::fmt::Debug {
    /// Fills `bytes` with unpredictable bytes, or repeatable ones in a test.
    fn fill(&self, bytes: &mut [u8]);
}

/// The wall clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everything else is handed"
    )]
    fn now(&self) -> UtcMillis {
        let now = std::time::SystemTime::now();
        let signed = |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        match now.duration_since(UNIX_EPOCH) {
            Ok(since) => UtcMillis(signed(since)),
            Err(before) => UtcMillis(signed(before.duration()).saturating_neg()),
        }
    }
}

/// A clock that a test moves, in both directions.
#[derive(Debug, Default)]
pub struct ManualClock {
    now_ms: AtomicI64,
}

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub const fn at(now: UtcMillis) -> Self {
        Self {
            now_ms: AtomicI64::new(now.0),
        }
    }

    /// Puts the clock to `now`, earlier or later.
    pub fn set(&self, now: UtcMillis) {
        self.now_ms.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UtcMillis {
        UtcMillis(self.now_ms.load(Ordering::SeqCst))
    }
}
