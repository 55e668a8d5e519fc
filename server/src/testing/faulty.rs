//! A store that fails now and then, as a seed says.

use std::sync::Arc;

use super::SeededRandom;
use crate::host::{Boxed, Random as _};
use crate::store::{Engine, Fault, Figures, Store, StoreError, Work};

/// How often each failure comes, in 256ths of all works. Together at most 256.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rates {
    /// `Contended`: nothing was done.
    pub contended: u8,
    /// `Unavailable`: nothing was done.
    pub unavailable: u8,
    /// `OutcomeUnknown` of a work that was committed. Reading works fail with `Unavailable` instead.
    pub unknown_but_done: u8,
    /// `OutcomeUnknown` of a work that was not even run. Reading works fail with `Unavailable` instead.
    pub unknown_and_not_done: u8,
}

/// Passes works on to another store, or fails.
#[derive(Debug)]
pub struct Faulty {
    inner: Arc<dyn Store>,
    random: SeededRandom,
    rates: Rates,
}

impl Faulty {
    /// Fails as often as `rates` say, at the works that `seed` says.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>, seed: u64, rates: Rates) -> Self {
        Self {
            inner,
            random: SeededRandom::new(seed),
            rates,
        }
    }

    async fn run(&self, work: Arc<dyn Work>, is_writing: bool) -> Result<(), Fault> {
        let mut drawn = [0];
        self.random.fill(&mut drawn);
        let [drawn] = drawn;
        let mut drawn = u16::from(drawn);
        let mut hits = |rate: u8| {
            let is_hit = drawn < u16::from(rate);
            drawn = drawn.saturating_sub(u16::from(rate));
            // What was hit once must not be hit again by a later rate.
            if is_hit {
                drawn = u16::MAX;
            }
            is_hit
        };
        let unavailable = || StoreError::Unavailable("it was told to fail".to_owned());
        if hits(self.rates.contended) {
            return Err(StoreError::Contended.into());
        }
        if hits(self.rates.unavailable) {
            return Err(unavailable().into());
        }
        let is_done = hits(self.rates.unknown_but_done);
        if is_done || hits(self.rates.unknown_and_not_done) {
            if !is_writing {
                return Err(unavailable().into());
            }
            if is_done {
                self.inner.run_write(work).await?;
            }
            return Err(StoreError::OutcomeUnknown.into());
        }
        if is_writing {
            self.inner.run_write(work).await
        } else {
            self.inner.run_read(work).await
        }
    }
}

impl Store for Faulty {
    fn engine(&self) -> Engine {
        self.inner.engine()
    }

    fn run_write(&self, work: Arc<dyn Work>) -> Boxed<'_, Result<(), Fault>> {
        Box::pin(self.run(work, true))
    }

    fn run_read(&self, work: Arc<dyn Work>) -> Boxed<'_, Result<(), Fault>> {
        Box::pin(self.run(work, false))
    }

    fn figures(&self) -> Figures {
        self.inner.figures()
    }

    fn close(&self) -> Boxed<'_, ()> {
        self.inner.close()
    }
}
