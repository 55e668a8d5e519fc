//! Rates of pushes: one bucket for each device and one for each account, in the memory of the node.
//!
//! A bucket is one instant: when it will be full again. A bucket that is full is the same as none, so it is dropped, and what
//! is held is bounded by the devices that pushed within the last minutes. Only devices with a valid token get one.
//!
//! Source: sync.md 15.4.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::{AccountId, DeviceId};
use ayumi_protocol::problem::ProblemCode;

use crate::accounts::principal::{Credentials, authenticate};
use crate::host::Time;
use crate::policy::Policy;
use crate::server::{Server, boxed};
use crate::store::{Fault, Refused};

/// Devices of one account that may push at their full rate: a telephone, a tablet, and the new one during a change.
const DEVICES: u32 = 3;
/// Entries below which nobody looks for old ones.
const SWEEP_LEAST: usize = 1024;

/// The buckets of a node.
#[derive(Debug)]
pub struct Rates {
    time: Arc<dyn Time>,
    device: Rate,
    account: Rate,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    devices: Buckets<DeviceId>,
    accounts: Buckets<AccountId>,
    /// Whose token it is, and until when that is remembered: a device does not change during the life of a token.
    tokens: BTreeMap<Sha256, Known>,
    tokens_after_sweep: usize,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    device_id: DeviceId,
    account_id: AccountId,
    until: Duration,
}

/// How fast a bucket fills and how much it holds, both as time.
#[derive(Debug, Clone, Copy)]
struct Rate {
    /// For one request.
    every: Duration,
    /// For all that it holds.
    whole: Duration,
}

impl Rate {
    /// At least one a minute and one at once, whatever is set: nobody is shut out by a zero.
    fn new(per_minute: u32, burst: u32) -> Self {
        let every = Duration::from_mins(1)
            .checked_div(per_minute.max(1))
            .unwrap_or(Duration::from_mins(1));
        Self {
            every,
            whole: every.saturating_mul(burst.max(1)),
        }
    }
}

/// When each bucket that is not full will be full again.
#[derive(Debug)]
struct Buckets<K> {
    full_at: BTreeMap<K, Duration>,
    after_sweep: usize,
}

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self {
            full_at: BTreeMap::new(),
            after_sweep: 0,
        }
    }
}

impl<K: Ord> Buckets<K> {
    /// When the bucket would be full again after one more request.
    ///
    /// Errors: how long to wait until there is room for one.
    fn after_one(&self, key: &K, rate: Rate, now: Duration) -> Result<Duration, Duration> {
        let full_at = self.full_at.get(key).copied().unwrap_or(now).max(now);
        let after = full_at.saturating_add(rate.every);
        let room_until = now.saturating_add(rate.whole);
        if after > room_until {
            return Err(after.saturating_sub(room_until));
        }
        Ok(after)
    }

    fn set(&mut self, key: K, full_at: Duration, now: Duration) {
        self.full_at.insert(key, full_at);
        if self.full_at.len() >= sweep_at(self.after_sweep) {
            self.full_at.retain(|_, full_at| *full_at > now);
            self.after_sweep = self.full_at.len();
        }
    }
}

/// Looking for old entries costs nothing in the mean when it happens at twice the number that was left last time.
fn sweep_at(after_sweep: usize) -> usize {
    after_sweep.saturating_mul(2).max(SWEEP_LEAST)
}

impl Rates {
    /// Full buckets, of the size and speed that the policy says.
    #[must_use]
    pub fn new(time: Arc<dyn Time>, policy: &Policy) -> Self {
        let (per_minute, burst) = (policy.pushes_per_minute, policy.push_burst);
        Self {
            time,
            device: Rate::new(per_minute, burst),
            account: Rate::new(per_minute.saturating_mul(DEVICES), burst.saturating_mul(DEVICES)),
            state: Mutex::default(),
        }
    }

    /// Takes one push out of both buckets, or out of none.
    fn take(&self, device_id: DeviceId, account_id: AccountId) -> Result<(), Refused> {
        let now = self.time.monotonic();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let device = state.devices.after_one(&device_id, self.device, now);
        let account = state.accounts.after_one(&account_id, self.account, now);
        match (device, account) {
            (Ok(device), Ok(account)) => {
                state.devices.set(device_id, device, now);
                state.accounts.set(account_id, account, now);
                Ok(())
            }
            (device, account) => {
                let wait = device.err().max(account.err()).unwrap_or_default();
                // Rounded up: who comes back after it gets in.
                let wait_ms = wait.as_micros().div_ceil(1000);
                Err(Refused {
                    code: ProblemCode::RateLimited,
                    retry_after_ms: u64::try_from(wait_ms).ok(),
                })
            }
        }
    }

    fn known(&self, token_hash: &Sha256) -> Option<Known> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.tokens.get(token_hash).copied()
    }

    fn remember(&self, token_hash: Sha256, known: Known) {
        let now = self.time.monotonic();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.tokens.insert(token_hash, known);
        if state.tokens.len() >= sweep_at(state.tokens_after_sweep) {
            state.tokens.retain(|_, known| known.until > now);
            state.tokens_after_sweep = state.tokens.len();
        }
    }

    /// Buckets and tokens that are held.
    #[must_use]
    pub fn count(&self) -> usize {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let buckets = state
            .devices
            .full_at
            .len()
            .saturating_add(state.accounts.full_at.len());
        buckets.saturating_add(state.tokens.len())
    }
}

/// Lets a push in, or tells how long to wait.
///
/// Whose token it is, is asked once in its life; whether it is still valid, the transaction of the push asks itself.
///
/// Errors: `rate_limited`; those of [`authenticate`] and of the store.
pub async fn let_push_in(server: &Server, credentials: &Credentials) -> Result<(), Fault> {
    let rates = &server.rates;
    let known = if let Some(known) = rates.known(&credentials.token_hash) {
        known
    } else {
        let principal = server
            .read(credentials.clone(), |tx, credentials| {
                boxed(authenticate(tx, credentials))
            })
            .await?;
        let life = server.policy.access_token_life;
        let known = Known {
            device_id: principal.device_id,
            account_id: principal.account_id,
            until: rates.time.monotonic().saturating_add(life),
        };
        rates.remember(credentials.token_hash, known);
        known
    };
    rates
        .take(known.device_id, known.account_id)
        .map_err(Fault::Refused)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::host::ManualTime;

    fn rates(pushes_per_minute: u32, push_burst: u32) -> (Rates, ManualTime) {
        let time = ManualTime::default();
        let policy = Policy {
            pushes_per_minute,
            push_burst,
            ..Policy::default()
        };
        (Rates::new(Arc::new(time.clone()), &policy), time)
    }

    fn device(number: u128) -> DeviceId {
        DeviceId::from_uuid(Uuid::from_u128(number))
    }

    fn account(number: u128) -> AccountId {
        AccountId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn a_device_has_its_burst_and_then_its_rate() {
        let (rates, time) = rates(60, 3);
        let take = || rates.take(device(1), account(1));
        for _ in 0..3 {
            take().unwrap();
        }
        let refused = take().unwrap_err();
        assert_eq!(refused.code, ProblemCode::RateLimited);
        assert_eq!(refused.retry_after_ms, Some(1000));
        time.advance(Duration::from_millis(999));
        assert_eq!(take().unwrap_err().retry_after_ms, Some(1));
        time.advance(Duration::from_millis(1));
        take().unwrap();
        assert!(take().is_err());
        time.advance(Duration::from_hours(1));
        for _ in 0..3 {
            take().unwrap();
        }
        assert!(
            take().is_err(),
            "an hour of silence saves up no more than the burst"
        );
    }

    #[test]
    fn a_refused_push_costs_nothing_and_another_device_does_not_notice() {
        let (rates, time) = rates(60, 1);
        rates.take(device(1), account(1)).unwrap();
        for _ in 0..100 {
            assert!(rates.take(device(1), account(1)).is_err());
        }
        rates.take(device(2), account(2)).unwrap();
        time.advance(Duration::from_secs(1));
        rates.take(device(1), account(1)).unwrap();
    }

    #[test]
    fn many_devices_of_one_account_share_what_three_may_send() {
        let (rates, _time) = rates(60, 2);
        let is_in = |number| rates.take(device(number), account(1)).is_ok();
        assert_eq!((0..20).filter(|number| is_in(*number)).count(), 6);
    }

    #[test]
    fn idle_buckets_and_old_tokens_are_dropped() {
        let (rates, time) = rates(60, 120);
        for number in 0..100_000_u32 {
            let number = u128::from(number);
            rates.take(device(number), account(number)).unwrap();
            let known = Known {
                device_id: device(number),
                account_id: account(number),
                until: rates.time.monotonic().saturating_add(Duration::from_secs(2)),
            };
            let mut hash = [0_u8; 32];
            hash[..16].copy_from_slice(&number.to_be_bytes());
            rates.remember(Sha256::from_bytes(hash), known);
            time.advance(Duration::from_millis(10));
        }
        assert!(rates.count() < 4 * SWEEP_LEAST, "{}", rates.count());
    }

    #[test]
    fn a_rate_of_zero_still_lets_one_through() {
        let (rates, time) = rates(0, 0);
        rates.take(device(1), account(1)).unwrap();
        assert_eq!(
            rates.take(device(1), account(1)).unwrap_err().retry_after_ms,
            Some(60_000)
        );
        time.advance(Duration::from_mins(1));
        rates.take(device(1), account(1)).unwrap();
    }
}
