//! What a server takes from the machine it runs on: the time, randomness, timers, and threads for long work.
//!
//! Nothing else here reads a clock, draws a random number, sleeps or starts a thread. A test that hands in [`ManualTime`],
//! a seeded random source and [`Inline`] has the whole server in one thread, and the same run twice.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ayumi_protocol::time::UtcMillis;

/// A future behind a pointer, as traits that are used as objects need it.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Tells the time and wakes up later.
pub trait Time: Send + Sync + Debug {
    /// The present instant, UTC. It may jump in both directions, so no order and no duration follows from it.
    fn now(&self) -> UtcMillis;

    /// Time since some fixed moment of this process; it never goes back.
    fn monotonic(&self) -> Duration;

    /// Ends after this long.
    fn sleep(&self, duration: Duration) -> Boxed<'static, ()>;
}

/// Makes random bytes, for ids, tokens and codes.
pub trait Random: Send + Sync + Debug {
    /// Fills `bytes` with unpredictable values.
    fn fill(&self, bytes: &mut [u8]);
}

/// Runs work that computes for long, such as a slow hash, where it holds up nobody.
pub trait Executor: Send + Sync + Debug {
    /// Runs `work` and ends when it has ended.
    fn run(&self, work: Box<dyn FnOnce() + Send>) -> Boxed<'static, ()>;
}

/// All of it, as a server is started with it.
#[derive(Debug, Clone)]
pub struct Host {
    /// The clock and the timers.
    pub time: Arc<dyn Time>,
    /// The random source.
    pub random: Arc<dyn Random>,
    /// Threads for long work.
    pub executor: Arc<dyn Executor>,
}

impl Host {
    /// The machine itself: its clock, its random source, tokio's timers and threads.
    #[must_use]
    pub fn system() -> Self {
        Self {
            time: Arc::new(SystemTime::default()),
            random: Arc::new(SystemRandom),
            executor: Arc::new(BlockingThreads),
        }
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> UtcMillis {
        self.time.now()
    }

    /// Random bytes.
    #[must_use]
    pub fn random_bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        bytes
    }

    /// A random UUID of version 4.
    #[must_use]
    pub fn random_uuid(&self) -> uuid::Uuid {
        uuid::Builder::from_random_bytes(self.random_bytes()).into_uuid()
    }

    /// A UUID of version 7: it sorts by the time it was made, which keeps an index compact and orders nothing else.
    #[must_use]
    pub fn new_uuid(&self) -> uuid::Uuid {
        let unix_ms = u64::try_from(self.now().0).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(unix_ms, &self.random_bytes()).into_uuid()
    }

    /// Runs long work through the executor and brings its result.
    pub async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let result = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&result);
        let work = Box::new(move || {
            let value = work();
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        });
        self.executor.run(work).await;
        result.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The clock of the machine, and tokio's timers.
#[derive(Debug)]
struct SystemTime {
    started: std::time::Instant,
}

impl Default for SystemTime {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    fn default() -> Self {
        Self {
            started: std::time::Instant::now(),
        }
    }
}

impl Time for SystemTime {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    fn now(&self) -> UtcMillis {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        // A server whose clock stands before 1970 was never set; nothing orders by it.
        UtcMillis(since_1970.map_or(0, |after| i64::try_from(after.as_millis()).unwrap_or(i64::MAX)))
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Boxed<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// The operating system's randomness.
#[derive(Debug)]
struct SystemRandom;

impl Random for SystemRandom {
    #[expect(
        clippy::expect_used,
        reason = "a server without randomness must not hand out tokens"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system has randomness");
    }
}

/// tokio's threads for work that blocks.
#[derive(Debug)]
struct BlockingThreads;

impl Executor for BlockingThreads {
    fn run(&self, work: Box<dyn FnOnce() + Send>) -> Boxed<'static, ()> {
        Box::pin(async move {
            // It fails only if the work panics; then the caller finds no result.
            let _ = tokio::task::spawn_blocking(work).await;
        })
    }
}

/// Runs everything at once, in the thread that asks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inline;

impl Executor for Inline {
    fn run(&self, work: Box<dyn FnOnce() + Send>) -> Boxed<'static, ()> {
        work();
        Box::pin(std::future::ready(()))
    }
}

/// Time that stands still until it is moved: the clock and the timers of a simulation.
#[derive(Debug, Clone, Default)]
pub struct ManualTime {
    state: Arc<Mutex<ManualState>>,
}

#[derive(Debug, Default)]
struct ManualState {
    now_ms: i64,
    monotonic: Duration,
    next_timer: u64,
    /// Timers by the moment they end and the order in which they were set.
    timers: BTreeMap<(Duration, u64), Option<Waker>>,
}

impl ManualTime {
    /// A clock that shows `now`.
    #[must_use]
    pub fn new(now: UtcMillis) -> Self {
        let time = Self::default();
        time.set(now);
        time
    }

    fn state(&self) -> std::sync::MutexGuard<'_, ManualState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the clock, forward or back; timers do not notice.
    pub fn set(&self, now: UtcMillis) {
        self.state().now_ms = now.0;
    }

    /// Lets time pass, and wakes every timer that ends within it.
    pub fn advance(&self, duration: Duration) {
        let mut state = self.state();
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        state.now_ms = state.now_ms.saturating_add(millis);
        state.monotonic = state.monotonic.saturating_add(duration);
        let reached = (state.monotonic, u64::MAX);
        let later = state.timers.split_off(&reached);
        let ended = std::mem::replace(&mut state.timers, later);
        drop(state);
        for waker in ended.into_values().flatten() {
            waker.wake();
        }
    }

    /// How long until the next timer ends; `None` if nobody waits for one.
    #[must_use]
    pub fn next_timer(&self) -> Option<Duration> {
        let state = self.state();
        let ((moment, _), _) = state.timers.first_key_value()?;
        Some(moment.saturating_sub(state.monotonic))
    }
}

impl Time for ManualTime {
    fn now(&self) -> UtcMillis {
        UtcMillis(self.state().now_ms)
    }

    fn monotonic(&self) -> Duration {
        self.state().monotonic
    }

    fn sleep(&self, duration: Duration) -> Boxed<'static, ()> {
        let mut state = self.state();
        let key = (state.monotonic.saturating_add(duration), state.next_timer);
        state.next_timer = state.next_timer.saturating_add(1);
        state.timers.insert(key, None);
        drop(state);
        Box::pin(ManualSleep {
            time: self.clone(),
            key,
        })
    }
}

struct ManualSleep {
    time: ManualTime,
    key: (Duration, u64),
}

impl Future for ManualSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match self.time.state().timers.get_mut(&self.key) {
            None => Poll::Ready(()),
            Some(waker) => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for ManualSleep {
    fn drop(&mut self) {
        self.time.state().timers.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_timer_ends_when_time_has_passed_and_not_when_the_clock_is_set() {
        let time = ManualTime::new(UtcMillis(1_000));
        let mut sleep = time.sleep(Duration::from_secs(2));
        assert_eq!(time.next_timer(), Some(Duration::from_secs(2)));
        time.set(UtcMillis(1_000_000));
        assert!(sleep.as_mut().now_or_never().is_none());
        time.advance(Duration::from_secs(2));
        assert!(sleep.now_or_never().is_some());
        assert_eq!(time.now(), UtcMillis(1_002_000));
        assert_eq!(time.next_timer(), None);
    }

    #[test]
    fn a_timer_that_nobody_waits_for_any_more_is_gone() {
        let time = ManualTime::default();
        drop(time.sleep(Duration::from_secs(1)));
        assert_eq!(time.next_timer(), None);
    }
}
