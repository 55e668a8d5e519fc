//! Long polls that wait for news, and the hints that wake them.
//!
//! A waiter is a slot in a map and a waker, nothing else: no transaction, no connection, no thread. A hint only says that a case may have
//! something new; whoever wakes up reads the store. A lost hint costs time, never data: at the latest the poll itself ends.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ayumi_protocol::id::{CaseId, DeviceId};

use crate::host::Time;

/// The long polls of a node.
#[derive(Clone)]
pub struct Waiters {
    time: Arc<dyn Time>,
    state: Arc<Mutex<State>>,
    notifier: Arc<OnceLock<Arc<dyn Notifier>>>,
}

/// Tells other nodes that a case may have something new. A hint and nothing that anybody relies on: it may come late, twice or
/// not at all, and costs the asker neither time nor an error.
pub trait Notifier: Send + Sync + fmt::Debug {
    /// Passes a hint on.
    fn notify(&self, case_id: CaseId);
}

impl fmt::Debug for Waiters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiters")
            .field("count", &self.count())
            .finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    next_id: u64,
    is_draining: bool,
    slots: BTreeMap<u64, Slot>,
    /// Who waits for a case.
    cases: BTreeSet<(CaseId, u64)>,
    /// The one waiter of a device.
    devices: BTreeMap<DeviceId, u64>,
}

struct Slot {
    device_id: DeviceId,
    cases: Box<[CaseId]>,
    woken: Option<Woken>,
    waker: Option<Waker>,
}

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// There may be news.
    Hint,
    /// The time was over.
    TimeOver,
    /// The same device asks again: this request answers that there is nothing.
    Replaced,
    /// The node shuts down: this request answers that there is nothing.
    Draining,
}

impl Waiters {
    /// A node at which nobody waits.
    #[must_use]
    pub fn new(time: Arc<dyn Time>) -> Self {
        Self {
            time,
            state: Arc::default(),
            notifier: Arc::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many wait.
    #[must_use]
    pub fn count(&self) -> usize {
        self.state().slots.len()
    }

    /// Begins to wait for some cases. It is called before the store is read, so that nothing falls between reading and waiting.
    #[must_use]
    pub fn register(&self, device_id: DeviceId, mut cases: Vec<CaseId>) -> Waiter {
        cases.sort_unstable();
        cases.dedup();
        let mut state = self.state();
        let id = state.next_id;
        state.next_id = id.wrapping_add(1);
        state.replace(device_id);
        state.devices.insert(device_id, id);
        for case_id in &cases {
            state.cases.insert((*case_id, id));
        }
        let woken = state.is_draining.then_some(Woken::Draining);
        let slot = Slot {
            device_id,
            cases: cases.into(),
            woken,
            waker: None,
        };
        state.slots.insert(id, slot);
        Waiter {
            waiters: self.clone(),
            id,
        }
    }

    /// The same device asks again: its older poll ends.
    pub fn replace(&self, device_id: DeviceId) {
        self.state().replace(device_id);
    }

    /// Hints go to other nodes as well from now on. Without this call there are none: the node is alone, or the others look for
    /// themselves. The first of several notifiers stays.
    pub fn pass_on_to(&self, notifier: Arc<dyn Notifier>) {
        let _ = self.notifier.set(notifier);
    }

    /// A case may have something new, because of a request to this node.
    pub fn hint(&self, case_id: CaseId) {
        self.hint_here(case_id);
        if let Some(notifier) = self.notifier.get() {
            notifier.notify(case_id);
        }
    }

    /// A case may have something new, as another node says or the store shows.
    pub fn hint_here(&self, case_id: CaseId) {
        let mut state = self.state();
        let range = (case_id, u64::MIN)..=(case_id, u64::MAX);
        let ids: Vec<u64> = state.cases.range(range).map(|(_, id)| *id).collect();
        for id in ids {
            state.wake(id, Woken::Hint);
        }
    }

    /// The cases that somebody waits for.
    #[must_use]
    pub fn cases(&self) -> Vec<CaseId> {
        let mut cases: Vec<CaseId> = self.state().cases.iter().map(|(case_id, _)| *case_id).collect();
        cases.dedup();
        cases
    }

    /// Ends all waits, present and later ones: the node shuts down.
    pub fn drain(&self) {
        let mut state = self.state();
        state.is_draining = true;
        let ids: Vec<u64> = state.slots.keys().copied().collect();
        for id in ids {
            state.wake(id, Woken::Draining);
        }
    }
}

impl State {
    fn replace(&mut self, device_id: DeviceId) {
        if let Some(before) = self.devices.remove(&device_id) {
            self.wake(before, Woken::Replaced);
        }
    }

    fn wake(&mut self, id: u64, woken: Woken) {
        if let Some(slot) = self.slots.get_mut(&id) {
            // A hint does not hide that the device asks anew.
            if slot.woken.is_none() || woken != Woken::Hint {
                slot.woken = Some(woken);
            }
            if let Some(waker) = slot.waker.take() {
                waker.wake();
            }
        }
    }
}

/// One long poll. Dropping it ends the wait.
#[derive(Debug)]
pub struct Waiter {
    waiters: Waiters,
    id: u64,
}

impl Waiter {
    /// Waits for a hint, at most this long. A hint since the last call, or since the registration, counts.
    pub async fn wait(&self, most: Duration) -> Woken {
        let mut sleep = self.waiters.time.sleep(most);
        std::future::poll_fn(move |context| {
            if let Some(woken) = self.poll(context) {
                return Poll::Ready(woken);
            }
            sleep.as_mut().poll(context).map(|()| Woken::TimeOver)
        })
        .await
    }

    fn poll(&self, context: &Context<'_>) -> Option<Woken> {
        let mut state = self.waiters.state();
        let slot = state.slots.get_mut(&self.id)?;
        let woken = slot.woken.take();
        if woken.is_none() {
            slot.waker = Some(context.waker().clone());
        }
        woken
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut state = self.waiters.state();
        if let Some(slot) = state.slots.remove(&self.id) {
            for case_id in slot.cases {
                state.cases.remove(&(case_id, self.id));
            }
            if state.devices.get(&slot.device_id) == Some(&self.id) {
                state.devices.remove(&slot.device_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt as _;
    use uuid::Uuid;

    use super::*;
    use crate::host::ManualTime;

    fn case(number: u128) -> CaseId {
        CaseId::from_uuid(Uuid::from_u128(number))
    }

    fn device(number: u128) -> DeviceId {
        DeviceId::from_uuid(Uuid::from_u128(number))
    }

    fn waiters() -> (Waiters, ManualTime) {
        let time = ManualTime::default();
        (Waiters::new(Arc::new(time.clone())), time)
    }

    const WAIT: Duration = Duration::from_secs(20);

    #[test]
    fn a_hint_wakes_whoever_waits_for_its_case_and_nobody_else() {
        let (waiters, _time) = waiters();
        let one = waiters.register(device(1), vec![case(1), case(2)]);
        let two = waiters.register(device(2), vec![case(3)]);
        let (mut first, mut second) = (pin!(one.wait(WAIT)), pin!(two.wait(WAIT)));
        assert_eq!(first.as_mut().now_or_never(), None);
        assert_eq!(second.as_mut().now_or_never(), None);
        waiters.hint(case(2));
        assert_eq!(first.now_or_never(), Some(Woken::Hint));
        assert_eq!(second.now_or_never(), None);
    }

    #[test]
    fn a_hint_between_the_registration_and_the_wait_is_not_lost() {
        let (waiters, _time) = waiters();
        let waiter = waiters.register(device(1), vec![case(1)]);
        waiters.hint(case(1));
        assert_eq!(waiter.wait(WAIT).now_or_never(), Some(Woken::Hint));
    }

    #[test]
    fn a_wait_ends_with_its_time_and_leaves_nothing_behind() {
        let (waiters, time) = waiters();
        let waiter = waiters.register(device(1), vec![case(1)]);
        {
            let mut wait = pin!(waiter.wait(WAIT));
            assert_eq!(wait.as_mut().now_or_never(), None);
            time.advance(WAIT);
            assert_eq!(wait.now_or_never(), Some(Woken::TimeOver));
        }
        drop(waiter);
        assert_eq!(waiters.count(), 0);
        assert!(waiters.cases().is_empty());
        assert_eq!(time.next_timer(), None);
    }

    #[test]
    fn a_second_poll_of_a_device_ends_its_first() {
        let (waiters, _time) = waiters();
        let first = waiters.register(device(1), vec![case(1)]);
        let second = waiters.register(device(1), vec![case(1)]);
        assert_eq!(first.wait(WAIT).now_or_never(), Some(Woken::Replaced));
        assert_eq!(second.wait(WAIT).now_or_never(), None);
        drop(first);
        waiters.hint(case(1));
        assert_eq!(second.wait(WAIT).now_or_never(), Some(Woken::Hint));
    }

    #[test]
    fn a_node_that_shuts_down_lets_nobody_wait_f76() {
        let (waiters, _time) = waiters();
        let waiter = waiters.register(device(1), vec![case(1)]);
        waiters.drain();
        assert_eq!(waiter.wait(WAIT).now_or_never(), Some(Woken::Draining));
        let late = waiters.register(device(2), vec![case(1)]);
        assert_eq!(late.wait(WAIT).now_or_never(), Some(Woken::Draining));
    }

    #[derive(Debug, Default)]
    struct Noted(Mutex<Vec<CaseId>>);

    impl Notifier for Noted {
        fn notify(&self, case_id: CaseId) {
            self.0.lock().unwrap().push(case_id);
        }
    }

    #[test]
    fn what_another_node_says_is_not_said_again() {
        let (waiters, _time) = waiters();
        let noted = Arc::new(Noted::default());
        waiters.pass_on_to(noted.clone());
        let waiter = waiters.register(device(1), vec![case(1)]);
        waiters.hint_here(case(1));
        assert_eq!(waiter.wait(WAIT).now_or_never(), Some(Woken::Hint));
        assert!(noted.0.lock().unwrap().is_empty());
        waiters.hint(case(1));
        assert_eq!(waiter.wait(WAIT).now_or_never(), Some(Woken::Hint));
        assert_eq!(*noted.0.lock().unwrap(), [case(1)]);
    }
}
