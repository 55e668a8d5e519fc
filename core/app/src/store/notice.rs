//! Who wants to know what changed, and telling them after the commit.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use ayumi_protocol::id::CaseId;

/// What a notice is about. A notice carries no data: whoever hears it reads again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Topic {
    /// Read everything again.
    Everything,
    /// Step readings, corrections, totals or the goal.
    Steps,
    /// Weigh-ins or the goal.
    Weight,
    /// Settings.
    Settings,
    /// What waits to be sent, and where it stands.
    Outbox,
    /// The log of a case: its conversation, its readings, who acts for it.
    Case(CaseId),
    /// Whether the phone is in touch with the server.
    Sync,
}

type Listener = Arc<dyn Fn(Topic) + Send + Sync>;

#[derive(Default)]
struct Listeners {
    next_id: u64,
    by_id: BTreeMap<u64, Listener>,
}

/// The listeners of one store.
#[derive(Default)]
pub(super) struct Notices {
    listeners: Mutex<Listeners>,
}

impl Notices {
    fn lock(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells every listener each topic once. The list is copied first: a listener may subscribe, cancel or read.
    pub(super) fn deliver(&self, mut topics: BTreeSet<Topic>) {
        if topics.is_empty() {
            return;
        }
        if topics.contains(&Topic::Everything) {
            topics = BTreeSet::from([Topic::Everything]);
        }
        let listeners: Vec<Listener> = self.lock().by_id.values().cloned().collect();
        for listener in listeners {
            for topic in &topics {
                listener(*topic);
            }
        }
    }

    pub(super) fn subscribe(self: &Arc<Self>, listener: Listener) -> Subscription {
        let first = Arc::clone(&listener);
        let id = {
            let mut listeners = self.lock();
            let id = listeners.next_id;
            listeners.next_id = id.wrapping_add(1);
            listeners.by_id.insert(id, listener);
            id
        };
        // Registered first: a change between the two calls is told twice rather than not at all.
        first(Topic::Everything);
        Subscription {
            id,
            notices: Arc::downgrade(self),
        }
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Notices({})", self.lock().by_id.len())
    }
}

/// Keeps a listener subscribed. Dropping it cancels; a notice that is just being delivered may still arrive.
#[derive(Debug)]
#[must_use = "dropping a subscription cancels it"]
pub struct Subscription {
    id: u64,
    notices: Weak<Notices>,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(notices) = self.notices.upgrade() {
            // Dropped after the lock: what the listener owns may itself cancel something.
            let listener = notices.lock().by_id.remove(&self.id);
            drop(listener);
        }
    }
}
