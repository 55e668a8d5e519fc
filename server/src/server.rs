//! One node: what every request needs, behind one pointer.

use std::sync::Arc;

use object_store::ObjectStore;

use crate::host::{Boxed, Host};
use crate::metrics::Metrics;
use crate::policy::Policy;
use crate::rates::Rates;
use crate::store::{self, Fault, Store, WorkFn};
use crate::waiting::Waiters;

/// A node. Cloning it costs a counter.
#[derive(Debug, Clone)]
pub struct Server(Arc<Parts>);

/// What a node consists of.
#[derive(Debug)]
pub struct Parts {
    /// Time, randomness, threads.
    pub host: Host,
    /// Everything that is kept but pictures.
    pub store: Arc<dyn Store>,
    /// Pictures and snapshots.
    pub objects: Arc<dyn ObjectStore>,
    /// What the operator set.
    pub policy: Policy,
    /// Long polls that wait for news.
    pub waiters: Waiters,
    /// How much each device may still push.
    pub rates: Rates,
    /// Numbers for its operator.
    pub metrics: Metrics,
}

impl Parts {
    /// The parts of a node that serves nobody yet.
    #[must_use]
    pub fn new(host: Host, store: Arc<dyn Store>, objects: Arc<dyn ObjectStore>, policy: Policy) -> Self {
        Self {
            waiters: Waiters::new(host.time.clone()),
            rates: Rates::new(host.time.clone(), &policy),
            metrics: Metrics::default(),
            host,
            store,
            objects,
            policy,
        }
    }
}

impl std::ops::Deref for Server {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Server {
    /// A node over its parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Runs a work that may write; see [`store::write`].
    pub async fn write<I, T>(&self, input: I, work: WorkFn<I, T>) -> Result<T, Fault>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
    {
        store::write(&*self.store, input, work).await
    }

    /// Runs a work that only reads, or writes if it finds that it has to; see [`store::read`].
    pub async fn read<I, T>(&self, input: I, work: WorkFn<I, T>) -> Result<T, Fault>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
    {
        store::read(&*self.store, input, work).await
    }
}

/// Puts the future of a work behind a pointer: `boxed(async move { ... })`.
pub fn boxed<'t, T>(future: impl Future<Output = T> + Send + 't) -> Boxed<'t, T> {
    Box::pin(future)
}
