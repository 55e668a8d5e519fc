//! The engine in a form in which two that will do the same are equal. For a search that recognises states it has seen; nothing that
//! ships has it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::memory::{Flight, Memory};
use super::request::RequestId;
use super::retry::Retry;
use super::{Engine, Exchanged};

/// Moments that are further away than this are equal: nothing but the caseload is asked for so late.
const FAR: Duration = Duration::from_secs(400);
/// Where they are put.
const FARTHEST: Duration = Duration::from_mins(10);
/// A kick is remembered for this long, and a change of the network.
const KICKS_APART: Duration = Duration::from_secs(1);
const RESETS_APART: Duration = Duration::from_secs(30);

impl Engine {
    /// The monotonic clock of every canonical engine: it goes on from here.
    pub const CANONICAL_NOW: Duration = Duration::from_hours(10);

    /// This engine as if it were [`Self::CANONICAL_NOW`] instead of `now` and its requests in flight were the only ones it ever made,
    /// with their new numbers.
    ///
    /// What decides nothing is forgotten: how much was exchanged, and which operations were claimed in this process. The latter decides
    /// once the process has died [`Outgoing::SUSPECT`](crate::sync::outbox::Outgoing::SUSPECT) times over one operation: a search with as
    /// many kills may not use this.
    #[must_use]
    pub fn canonical(&self, now: Duration) -> (Self, BTreeMap<RequestId, RequestId>) {
        let mut engine = self.clone();
        let memory = &mut engine.memory;
        let numbers = memory.renumber();
        let moment = |at: Duration| canonical(at, now);
        memory.started_at = Self::CANONICAL_NOW;
        memory.timer = memory.timer.map(moment);
        memory.caseload_due = memory.caseload_due.map(moment);
        memory.later_kick = memory.later_kick.map(|(at, kick)| (moment(at), kick));
        memory.last_kick_at = recent(memory.last_kick_at, now, KICKS_APART);
        memory.last_reset_at = recent(memory.last_reset_at, now, RESETS_APART);
        memory.exchanged = Exchanged::default();
        memory.tried.clear();
        for retry in [
            &mut memory.refresh,
            &mut memory.storage,
            &mut memory.pictures,
            &mut memory.caseload,
            &mut memory.pull.retry,
            &mut memory.snapshots.retry,
        ] {
            *retry = retry.canonical(moment);
        }
        canonical_retries(&mut memory.lanes, moment);
        canonical_retries(&mut memory.uploads, moment);
        canonical_retries(&mut memory.pull.by_log, moment);
        (engine, numbers)
    }

    /// When its timer ends, from `now` on; `None` without one.
    #[must_use]
    pub fn timer_after(&self, now: Duration) -> Option<Duration> {
        self.memory.timer.map(|at| at.saturating_sub(now))
    }
}

impl Memory {
    /// Numbers the requests in flight anew, and the pulls, as far as nothing refers to their old numbers.
    fn renumber(&mut self) -> BTreeMap<RequestId, RequestId> {
        let mut numbers = BTreeMap::new();
        for ((old, flight), number) in std::mem::take(&mut self.flights).into_iter().zip(1..) {
            numbers.insert(old, RequestId(number));
            self.flights.insert(RequestId(number), flight);
        }
        self.set_last_id(numbers.len() as u64);
        if self.pull.looked_for.is_empty() {
            self.pull.started = 0;
            self.pull.asked.clear();
            self.pull.completed.clear();
            for flight in self.flights.values_mut() {
                if let Flight::Pull(pull) = flight {
                    self.pull.started = 1;
                    pull.number = 1;
                }
            }
        }
        numbers
    }
}

/// A moment that is past is the present.
fn canonical(at: Duration, now: Duration) -> Duration {
    let ahead = at.saturating_sub(now);
    let ahead = if ahead > FAR { FARTHEST } else { ahead };
    Engine::CANONICAL_NOW.saturating_add(ahead)
}

/// A past moment, as long as it counts.
fn recent(at: Option<Duration>, now: Duration, counts: Duration) -> Option<Duration> {
    let ago = now.saturating_sub(at?);
    (ago < counts).then(|| Engine::CANONICAL_NOW.saturating_sub(ago))
}

/// One that never failed is as none.
fn canonical_retries<Key: Ord>(
    retries: &mut BTreeMap<Key, Retry>,
    moment: impl Fn(Duration) -> Duration + Copy,
) {
    retries.retain(|_, retry| *retry != Retry::default());
    for retry in retries.values_mut() {
        *retry = retry.canonical(moment);
    }
}
