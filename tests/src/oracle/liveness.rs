//! Judges requests by time: no lane waits too long for its next try, nothing spins, nothing hangs.
//!
//! A lane is expected to try when its phone runs in the foreground, is signed in, not blocked, and its network works. Time
//! counts from the moment at which all of that holds and the lane has something to send, or from its last try, or from the end
//! of the wait that a server asked for. While a lane has to wait for a pull (the epoch changed; an old message that was
//! attempted), pulls are its tries. A lane whose head depends on something that is not in the log yet is not expected to try.

use std::collections::BTreeSet;

use super::anomaly::{Invariant, Word};
use super::checker::{Checker, OpenRequest};
use super::history::{Case, Device, Lane, Millis, RequestEnd, RowState, Shown, Target};

/// Age from which a message is not sent silently (sync.md 4.9).
const OLD_MESSAGE_MS: Millis = 86_400_000;
/// Window in which failed requests are counted.
const MINUTE_MS: Millis = 60_000;

impl Checker {
    /// Called before each event of a phone and at the end: what should have happened meanwhile?
    pub(super) fn judge_time(&mut self, device: Device) {
        let at_ms = self.at_ms;
        let Some(phone) = self.phones.get(&device) else {
            return;
        };
        let grace_ms = self.bounds.grace_ms;
        let hung = phone
            .requests
            .values()
            .flatten()
            .any(|open| at_ms > open.started_ms + open.deadline_ms + grace_ms);
        let mut stalled = Vec::new();
        if phone.is_able() {
            for (lane, since) in &phone.waiting {
                let target = Target::Lane(lane.0, lane.1);
                if phone.requests.contains_key(&target) || phone.requests.contains_key(&Target::Session) {
                    continue;
                }
                let mut last = (*since).max(phone.able_since);
                for tried in [
                    Some(target),
                    Some(Target::Session),
                    self.pulls_first(device, *lane),
                ]
                .into_iter()
                .flatten()
                {
                    last = last.max(phone.tried.get(&tried).copied().unwrap_or(0));
                }
                if at_ms > last + self.bounds.try_again_ms {
                    stalled.push(*lane);
                }
            }
        }
        if hung {
            let rule = "a request ends at its deadline";
            self.object((Invariant::I9, Word::Hung), Some(device), None, &[], rule);
        }
        for lane in stalled {
            let ops: Vec<_> = self.head_of(device, lane).into_iter().collect();
            let log = ops
                .first()
                .and_then(|op| self.ops.get(op))
                .map(|known| known.enqueue.log);
            let rule = "a lane with something to send tries within the back-off cap and one deadline";
            self.object((Invariant::I9, Word::Stalled), Some(device), log, &ops, rule);
        }
    }

    pub(super) fn request_started(&mut self, device: Device, target: Target, deadline_ms: Millis) {
        let started_ms = self.at_ms;
        let phone = self.phones.entry(device).or_default();
        let open = OpenRequest {
            started_ms,
            deadline_ms,
        };
        phone.requests.entry(target).or_default().push(open);
        let tried = phone.tried.entry(target).or_default();
        *tried = (*tried).max(started_ms);
    }

    pub(super) fn request_ended(&mut self, device: Device, target: Target, end: RequestEnd) {
        let at_ms = self.at_ms;
        let most = self.bounds.failures_per_minute;
        let phone = self.phones.entry(device).or_default();
        if let Some(open) = phone.requests.get_mut(&target) {
            if open.len() > 1 {
                // Which of them it was is not told: the one that has to end first. A part of a picture takes longer than a push.
                let ends = |open: &OpenRequest| open.started_ms.saturating_add(open.deadline_ms);
                let first = open.iter().enumerate().min_by_key(|(_, open)| ends(open));
                if let Some((index, _)) = first {
                    open.remove(index);
                }
            } else {
                phone.requests.remove(&target);
            }
        }
        let tried = phone.tried.entry(target).or_default();
        let failures = phone.failures.entry(target).or_default();
        let mut spins = false;
        let mut until_ms = at_ms;
        match end {
            RequestEnd::Progress => failures.clear(),
            RequestEnd::Failure { asked_wait_ms } => {
                until_ms = at_ms + asked_wait_ms;
                failures.push_back(at_ms);
                while failures.front().is_some_and(|first| first + MINUTE_MS <= at_ms) {
                    failures.pop_front();
                }
                spins = failures.len() > most;
            }
        }
        *tried = (*tried).max(until_ms);
        if until_ms > at_ms {
            self.disturb(until_ms);
        }
        if spins {
            let rule = "a failing target is tried at most about once a second";
            self.object((Invariant::I9, Word::Spinning), Some(device), None, &[], rule);
        }
    }

    /// Notes which lanes have something to send.
    pub(super) fn note_lanes(&mut self, device: Device, shown: &Shown) {
        let at_ms = self.at_ms;
        let mut heads: Vec<((Case, Lane), bool)> = Vec::new();
        let mut seen = BTreeSet::new();
        for row in shown.outbox.iter().filter(|row| row.state == RowState::Queued) {
            if let Some(enqueue) = self.ops.get(&row.op).map(|known| &known.enqueue)
                && seen.insert((enqueue.log.case, enqueue.lane))
            {
                let waits_for_another = enqueue.depends_on.is_some_and(|op| !self.is_in_log(op));
                heads.push(((enqueue.log.case, enqueue.lane), waits_for_another));
            }
        }
        let phone = self.phones.entry(device).or_default();
        phone.waiting.retain(|lane, _| heads.contains(&(*lane, false)));
        for (lane, waits_for_another) in heads {
            if !waits_for_another {
                phone.waiting.entry(lane).or_insert(at_ms);
            }
        }
    }

    fn head_of(&self, device: Device, lane: (Case, Lane)) -> Option<super::history::OpId> {
        let shown = self.phones.get(&device)?.shown.as_ref()?;
        shown
            .outbox
            .iter()
            .filter(|row| row.state == RowState::Queued)
            .map(|row| row.op)
            .find(|op| {
                self.ops
                    .get(op)
                    .is_some_and(|known| (known.enqueue.log.case, known.enqueue.lane) == lane)
            })
    }

    /// The pull, when this lane has to wait for one.
    fn pulls_first(&self, device: Device, lane: (Case, Lane)) -> Option<Target> {
        let shown = self.phones.get(&device)?.shown.as_ref()?;
        let is_outdated = shown
            .logs
            .iter()
            .any(|view| view.log.case == lane.0 && self.position(view) != Some(self.now()));
        let head = self.head_of(device, lane);
        let is_old = head.and_then(|op| self.ops.get(&op)).is_some_and(|known| {
            lane.1 == Lane::Talk && self.at_ms.saturating_sub(known.enqueued_ms) >= OLD_MESSAGE_MS
        });
        (is_outdated || is_old).then_some(Target::Pull)
    }
}
