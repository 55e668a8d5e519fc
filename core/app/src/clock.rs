//! Time and randomness as values that are handed in.
//!
//! Nothing else in the core reads the wall clock or makes a random number: a test that holds both can replay a month in
//! a second, and twice with the same result.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::time::UtcMillis;

/// Tells the time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present instant. It may jump in both directions: people and networks set clocks.
    fn now(&self) -> UtcMillis;
}

/// Tells how much time has passed.
pub trait MonotonicClock: Send + Sync + std::fmt::Debug {
    /// Time since a start of its own. It never goes back; it may stand still while the device sleeps.
    fn now(&self) -> Duration;
}

/// Makes random bytes, for ids.
pub trait Random: Send + Sync + std::fmt::Debug {
    /// Fills `bytes` with unpredictable values.
    fn fill(&self, bytes: &mut [u8]);
}

/// The wall clock of the device.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the wall clock"
    )]
    fn now(&self) -> UtcMillis {
        let now = SystemTime::now();
        // A clock before 1970 is a clock that was never set; its distance still orders instants.
        let millis = match now.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, i64::saturating_neg),
        };
        UtcMillis(millis)
    }
}

/// The monotonic clock of the device, from when this was made.
#[derive(Debug, Clone, Copy)]
pub struct SystemMonotonicClock {
    start: Instant,
}

impl SystemMonotonicClock {
    /// A clock that starts now.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "with `now` the one place that reads the monotonic clock"
    )]
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Default for SystemMonotonicClock {
    fn default() -> Self {
        Self::new()
    }
}

impl MonotonicClock for SystemMonotonicClock {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }
}

/// A monotonic clock that stands still until it is moved.
#[derive(Debug, Default)]
pub struct ManualMonotonicClock {
    now_ms: AtomicU64,
}

impl ManualMonotonicClock {
    /// Moves forwards.
    pub fn advance(&self, by: Duration) {
        let by_ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        let later = self.now_ms.load(Ordering::SeqCst).saturating_add(by_ms);
        self.now_ms.store(later, Ordering::SeqCst);
    }
}

impl MonotonicClock for ManualMonotonicClock {
    fn now(&self) -> Duration {
        Duration::from_millis(self.now_ms.load(Ordering::SeqCst))
    }
}

/// A clock that stands still until it is moved, in either direction.
#[derive(Debug)]
pub struct ManualClock {
    now_ms: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub const fn new(now: UtcMillis) -> Self {
        Self {
            now_ms: AtomicI64::new(now.0),
        }
    }

    /// Shows `now` from here on.
    pub fn set(&self, now: UtcMillis) {
        self.now_ms.store(now.0, Ordering::SeqCst);
    }

    /// Moves by `ms` milliseconds, back if negative.
    pub fn advance(&self, ms: i64) {
        self.set(self.now().plus(ms));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UtcMillis {
        UtcMillis(self.now_ms.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_both_ways() {
        let clock = ManualClock::new(UtcMillis(1_000));
        clock.advance(500);
        assert_eq!(clock.now(), UtcMillis(1_500));
        clock.advance(-700);
        assert_eq!(clock.now(), UtcMillis(800));
        clock.set(UtcMillis(-1));
        assert_eq!(clock.now(), UtcMillis(-1));
    }

    #[test]
    fn monotonic_clocks_only_go_forwards() {
        let clock = ManualMonotonicClock::default();
        clock.advance(Duration::from_millis(500));
        assert_eq!(clock.now(), Duration::from_millis(500));
        let clock = SystemMonotonicClock::new();
        let earlier = clock.now();
        assert!(clock.now() >= earlier);
    }

    #[test]
    fn the_system_clock_shows_this_century() {
        assert!(SystemClock.now().is_plausible());
    }
}
