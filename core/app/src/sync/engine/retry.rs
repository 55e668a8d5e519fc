//! When a failed thing is tried again.
//!
//! `delay(n) = min(300 s, 1 s · 2ⁿ) · u` with `u` between 0.75 and 1.25. The failure itself arms the timer; a kick lets a waiting
//! thing try at once, but not earlier than a server asked for. Nothing here is persisted: a restart is a kick.
//!
//! Source: sync.md 4.5, 4.6.

use std::time::Duration;

use ayumi_protocol::limits;

use crate::clock::Random;
use crate::deliberate::{Bug, is_made};

/// Longest delay, before jitter: a phone in a tunnel tries again within five minutes of leaving it.
const CAP_S: u64 = 300;

/// The state of one thing that may fail: a lane, the pull, an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub(super) struct Retry {
    failures: u32,
    not_before: Option<Duration>,
    /// A server asked for the wait: no kick shortens it.
    is_asked: bool,
    /// The server was not reached: any success elsewhere is a reason to try.
    is_unreachable: bool,
}

impl Retry {
    /// Whether it may be tried at `now`.
    pub(super) fn is_due(&self, now: Duration) -> bool {
        self.not_before.is_none_or(|at| at <= now)
    }

    /// When it may be tried; `None` for at once.
    pub(super) const fn not_before(&self) -> Option<Duration> {
        self.not_before
    }

    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }

    pub(super) const fn is_asked(&self) -> bool {
        self.is_asked
    }

    /// It worked.
    pub(super) const fn succeed(&mut self) {
        *self = Self {
            failures: 0,
            not_before: None,
            is_asked: false,
            is_unreachable: false,
        };
    }

    /// It failed at `now`; `asked` is the wait that a server asked for.
    pub(super) fn fail(
        &mut self,
        now: Duration,
        random: &dyn Random,
        asked: Option<Duration>,
        is_unreachable: bool,
    ) {
        let wait = asked.map_or_else(
            || delay(self.failures, random),
            |asked| asked.min(limits::RETRY_AFTER_MOST),
        );
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(now.saturating_add(wait));
        self.is_asked = asked.is_some();
        self.is_unreachable = is_unreachable;
    }

    /// Waits as long as the longest delay, without having failed: for what only a newer server can take.
    pub(super) fn hold(&mut self, now: Duration, random: &dyn Random) {
        self.not_before = Some(now.saturating_add(delay(u32::MAX, random)));
        self.is_asked = false;
        self.is_unreachable = false;
    }

    /// Whether a kick would change anything.
    pub(super) fn is_moved_by(&self, kick: Kick, now: Duration) -> bool {
        let waits = !self.is_due(now);
        match kick {
            _ if self.is_asked && waits => false,
            Kick::Success => self.is_unreachable && waits,
            Kick::Any => waits,
            Kick::Reset => waits || self.failures > 0,
        }
    }

    /// The same with its moment on another clock; failures that lead to the same delay are the same.
    #[cfg(feature = "state-search")]
    pub(super) fn canonical(self, moment: impl Fn(Duration) -> Duration) -> Self {
        const ALL_ALIKE: u32 = 9;
        Self {
            failures: self.failures.min(ALL_ALIKE),
            not_before: self.not_before.map(moment),
            ..self
        }
    }

    /// A reason to try at once.
    pub(super) fn kick(&mut self, kick: Kick, now: Duration) {
        if !self.is_moved_by(kick, now) {
            return;
        }
        self.not_before = None;
        if kick == Kick::Reset {
            self.failures = 0;
        }
    }
}

/// Why something is tried before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kick {
    /// Another request succeeded. Helps only what could not reach the server: what it refused it would refuse again, at once and again.
    Success,
    /// Foreground, unlock, a push, a new operation, a new token.
    Any,
    /// The network changed: as [`Any`](Self::Any), and the delays begin anew.
    Reset,
}

/// The delay after `failures` failures.
pub(super) fn delay(failures: u32, random: &dyn Random) -> Duration {
    if is_made(Bug::Spins) {
        return Duration::from_millis(10);
    }
    let nominal_s = 1_u64
        .checked_shl(failures)
        .filter(|_| failures < 32)
        .unwrap_or(CAP_S)
        .min(CAP_S);
    // 750 to 1,250 thousandths.
    let permille = 750_u64.saturating_add(below(random, 501));
    Duration::from_millis(nominal_s.saturating_mul(permille))
}

/// A number below `end`, which is small: the bias of the remainder is below a millionth.
pub(super) fn below(random: &dyn Random, end: u64) -> u64 {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    (u64::from_le_bytes(bytes) >> 16).checked_rem(end).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Always the same bytes.
    #[derive(Debug)]
    struct Constant(u8);

    impl Random for Constant {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn delays_double_up_to_five_minutes_within_a_quarter() {
        for byte in [0_u8, 1, 77, 255] {
            let random = Constant(byte);
            for (failures, nominal_s) in (0..).zip([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]) {
                let delay = delay(failures, &random).as_millis();
                assert!(
                    delay >= nominal_s * 750 && delay <= nominal_s * 1250,
                    "{failures}: {delay}"
                );
            }
            assert!(super::delay(u32::MAX, &random) <= Duration::from_secs(375));
        }
    }

    #[test]
    fn a_wait_that_a_server_asked_for_is_bounded_and_no_kick_shortens_it() {
        let random = Constant(0);
        let mut retry = Retry::default();
        retry.fail(
            Duration::ZERO,
            &random,
            Some(Duration::from_secs(1_000_000_000)),
            false,
        );
        assert_eq!(retry.not_before(), Some(Duration::from_hours(1)));
        retry.kick(Kick::Reset, Duration::from_secs(5));
        assert!(!retry.is_due(Duration::from_secs(3599)));
        assert!(retry.is_due(Duration::from_hours(1)));
    }

    #[test]
    fn a_success_elsewhere_helps_only_what_could_not_reach_the_server() {
        let random = Constant(0);
        let (mut unreachable, mut refused) = (Retry::default(), Retry::default());
        unreachable.fail(Duration::ZERO, &random, None, true);
        refused.fail(Duration::ZERO, &random, None, false);
        for retry in [&mut unreachable, &mut refused] {
            retry.kick(Kick::Success, Duration::ZERO);
        }
        assert!(unreachable.is_due(Duration::ZERO));
        assert!(!refused.is_due(Duration::ZERO));
        refused.kick(Kick::Any, Duration::ZERO);
        assert!(refused.is_due(Duration::ZERO));
        assert_eq!(refused.failures(), 1);
        refused.kick(Kick::Reset, Duration::ZERO);
        assert_eq!(refused.failures(), 0);
    }

    #[test]
    fn a_kick_moves_what_waits_and_nothing_else() {
        let random = Constant(0);
        let mut retry = Retry::default();
        for kick in [Kick::Success, Kick::Any, Kick::Reset] {
            assert!(!retry.is_moved_by(kick, Duration::ZERO), "{kick:?}");
        }
        retry.fail(Duration::ZERO, &random, None, false);
        assert!(!retry.is_moved_by(Kick::Success, Duration::ZERO));
        assert!(retry.is_moved_by(Kick::Any, Duration::ZERO));
        // Its time has come: only the count of its failures is left to be forgotten.
        let later = Duration::from_mins(1);
        assert!(!retry.is_moved_by(Kick::Any, later));
        assert!(retry.is_moved_by(Kick::Reset, later));
    }
}
