//! A gate stands where a real network would let time pass: what waits there goes on when the test says so.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

/// Holds requests, answers or single bytes back. Clones are the same gate.
///
/// A gate that is never opened holds until the client gives up or the proxy is dropped.
#[derive(Debug, Clone)]
pub struct Gate {
    permits: Arc<Semaphore>,
    arrivals: Arc<watch::Sender<usize>>,
}

impl Gate {
    pub(super) fn closed() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(0)),
            arrivals: Arc::new(watch::Sender::new(0)),
        }
    }

    /// Lets everything through, from now on.
    pub fn open(&self) {
        self.permits.close();
    }

    /// Lets `count` more through: messages, or bytes of an answer that trickles.
    pub fn let_through(&self, count: usize) {
        self.permits.add_permits(count);
    }

    /// How many have come to the gate so far.
    #[must_use]
    pub fn arrivals(&self) -> usize {
        *self.arrivals.borrow()
    }

    /// Returns once `count` have come to the gate.
    pub async fn reached_by(&self, count: usize) {
        let mut seen = self.arrivals.subscribe();
        // The sender lives as long as `self`.
        drop(seen.wait_for(|arrived| *arrived >= count).await);
    }

    /// As [`Gate::reached_by`], for a test without a runtime.
    ///
    /// # Panics
    /// Inside a runtime, whose thread it would block.
    pub fn block_until_reached_by(&self, count: usize) {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime")
            .block_on(self.reached_by(count));
    }

    pub(super) async fn pass(&self) {
        self.arrivals.send_modify(|arrived| *arrived += 1);
        if let Ok(permit) = self.permits.acquire().await {
            permit.forget();
        }
    }
}
