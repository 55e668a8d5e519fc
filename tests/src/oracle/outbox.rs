//! Judges what a phone does with its own operations, and keeps the order of their last enqueue.
//!
//! The place of an operation is the one of its last enqueue: the enqueue itself, or the moment at which its author sent it
//! again or confirmed it. Both go to the tail. Rewriting in place keeps the place.

use std::collections::BTreeMap;

use super::anomaly::{Invariant, Word};
use super::checker::{Checker, Files, Known, OpenAttempt, Placement};
use super::history::{Departure, Device, Enqueue, Fingerprint, Kind, OpId};

impl Checker {
    pub(super) fn enqueued(&mut self, device: Device, enqueue: &Enqueue) {
        self.disturb(self.at_ms);
        let lane = (enqueue.log.case, enqueue.lane);
        let (index, at_ms) = (self.index, self.at_ms);
        let phone = self.phones.entry(device).or_default();
        let account = phone.account;
        let files = &mut phone.files;
        let replaced = enqueue
            .replaces
            .and_then(|old| files.placements.get(&old).cloned());
        let tail = files.tails.get(&lane).copied();
        let mut placement = Placement {
            local_order: enqueue.local_order,
            placed: index,
            unsure: !enqueue.returned,
            ..Placement::default()
        };
        if enqueue.replaces == Some(enqueue.op)
            && let Some(old) = &replaced
        {
            placement.clone_from(old);
            if enqueue.returned {
                placement.payloads.clear();
            }
        }
        placement.payloads.insert(enqueue.payload);
        let replaced_after_sending = replaced.as_ref().is_some_and(|old| old.attempted);
        let takes_old_place = replaced
            .as_ref()
            .is_some_and(|old| old.local_order == enqueue.local_order);
        let overtakes = enqueue.returned
            && enqueue.replaces != Some(enqueue.op)
            && !takes_old_place
            && tail.is_some_and(|tail| enqueue.local_order <= tail);
        if enqueue.returned {
            let last = files.tails.entry(lane).or_default();
            *last = (*last).max(enqueue.local_order);
            if let Some(old) = enqueue.replaces.filter(|old| *old != enqueue.op) {
                files.owed.remove(&old);
                if let Some(placement) = files.placements.get_mut(&old) {
                    placement.passed = true;
                }
            }
            if let Some(account) = account {
                files.owed.insert(enqueue.op, account);
            }
            match enqueue.kind {
                Kind::ConsentWithdrawn => {
                    // It goes ahead of everything, so also of requests that may still be under way.
                    for overtaken in files.placements.values_mut() {
                        let sent = overtaken.open.drain(..).map(|open| open.at_ms);
                        overtaken.wandering.extend(sent);
                    }
                    files.withdrawn.insert(enqueue.log.case, enqueue.op);
                }
                Kind::ConsentGiven => {
                    files.withdrawn.remove(&enqueue.log.case);
                }
                Kind::Message | Kind::Other | Kind::System => {}
            }
        }
        let made_twice = enqueue.replaces != Some(enqueue.op)
            && files.placements.contains_key(&enqueue.op)
            && enqueue.returned;
        files.placements.insert(enqueue.op, placement);
        if let Some(old) = enqueue.replaces.filter(|old| *old != enqueue.op)
            && enqueue.returned
        {
            self.given_up(device, old, !replaced_after_sending);
        }
        self.ops.insert(
            enqueue.op,
            Known {
                enqueue: enqueue.clone(),
                account,
                enqueued_ms: at_ms,
                cancelled: false,
            },
        );
        let log = Some(enqueue.log);
        if replaced_after_sending {
            let rule = "what may have been sent is never replaced or rewritten";
            let ops = [enqueue.op, enqueue.replaces.unwrap_or_default()];
            self.object((Invariant::I1, Word::Altered), Some(device), log, &ops, rule);
        }
        if overtakes {
            let rule = "a new operation goes to the tail of its lane";
            self.object(
                (Invariant::I3, Word::Reordered),
                Some(device),
                log,
                &[enqueue.op],
                rule,
            );
        }
        if made_twice {
            let rule = "an id is given to one operation";
            self.object(
                (Invariant::I2, Word::Duplicated),
                Some(device),
                log,
                &[enqueue.op],
                rule,
            );
        }
    }

    pub(super) fn attempted(&mut self, device: Device, op: OpId, payload: Fingerprint, attempt: u32) {
        let at_ms = self.at_ms;
        let known = self.ops.get(&op).cloned();
        let phone = self.phones.entry(device).or_default();
        let foreign = known.as_ref().is_some_and(|known| known.account != phone.account);
        let held = known.as_ref().is_some_and(|known| {
            phone
                .files
                .withdrawn
                .get(&known.enqueue.log.case)
                .is_some_and(|withdrawal| {
                    let place_of = |op| {
                        phone
                            .files
                            .placements
                            .get(op)
                            .map(|placement| placement.local_order)
                    };
                    let is_earlier_word =
                        known.enqueue.kind == Kind::ConsentGiven && place_of(&op) < place_of(withdrawal);
                    // One withdrawal that waits behind another is still one.
                    known.enqueue.kind != Kind::ConsentWithdrawn && !is_earlier_word
                })
        });
        let (mut altered, mut passed) = (false, false);
        if let Some(placement) = phone.files.placements.get_mut(&op) {
            altered = !placement.payloads.contains(&payload);
            passed = placement.passed;
            // What left once is what it is from now on.
            placement.payloads = [payload].into();
            placement.attempted = true;
            placement.open.push(OpenAttempt { attempt, at_ms });
        }
        let log = known.map(|known| known.enqueue.log);
        if altered {
            let rule = "every attempt sends the bytes that were enqueued";
            self.object((Invariant::I1, Word::Altered), Some(device), log, &[op], rule);
        }
        if passed {
            let rule = "what left its lane goes only when its author says so";
            self.object((Invariant::I1, Word::Unexpected), Some(device), log, &[op], rule);
        }
        if held {
            let rule = "with consent withdrawn only the withdrawal is sent";
            self.object((Invariant::I7, Word::Leaked), Some(device), log, &[op], rule);
        }
        if foreign {
            let rule = "an operation is sent by its own account only";
            self.object((Invariant::I7, Word::Leaked), Some(device), log, &[op], rule);
        }
    }

    pub(super) fn answered(&mut self, device: Device, op: OpId, attempt: u32) {
        let phone = self.phones.entry(device).or_default();
        if let Some(placement) = phone.files.placements.get_mut(&op) {
            placement.open.retain(|open| open.attempt != attempt);
        }
    }

    pub(super) fn discarded(&mut self, device: Device, op: OpId) {
        self.disturb(self.at_ms);
        let mut never_sent = false;
        let phone = self.phones.entry(device).or_default();
        phone.files.owed.remove(&op);
        if let Some(placement) = phone.files.placements.get_mut(&op) {
            placement.passed = true;
            never_sent = !placement.attempted;
        }
        self.given_up(device, op, never_sent);
    }

    /// It may not arrive any more, unless bytes of it left, or another phone has a copy of the files or its entry.
    fn given_up(&mut self, device: Device, op: OpId, never_sent: bool) {
        let elsewhere = self
            .phones
            .iter()
            .any(|(other, phone)| *other != device && phone.files.placements.contains_key(&op));
        let was_stored = !self.stored_bytes(op).is_empty();
        if let Some(known) = self.ops.get_mut(&op) {
            known.cancelled = never_sent && !elsewhere && !was_stored;
        }
    }

    pub(super) fn placed_at_the_tail(&mut self, device: Device, op: OpId, local_order: u64) {
        self.disturb(self.at_ms);
        let index = self.index;
        let Some(enqueue) = self.ops.get(&op).map(|known| known.enqueue.clone()) else {
            let rule = "only what was enqueued can be sent again";
            self.object((Invariant::I1, Word::Unexpected), Some(device), None, &[op], rule);
            return;
        };
        let stored = self.stored_bytes(op);
        let phone = self.phones.entry(device).or_default();
        let last = phone
            .files
            .tails
            .entry((enqueue.log.case, enqueue.lane))
            .or_default();
        let overtakes = local_order <= *last;
        *last = (*last).max(local_order);
        let placement = phone.files.placements.entry(op).or_default();
        if placement.payloads.is_empty() {
            placement.payloads = stored;
        }
        placement.local_order = local_order;
        placement.placed = index;
        placement.passed = false;
        placement.unsure = false;
        placement
            .wandering
            .extend(placement.open.drain(..).map(|open| open.at_ms));
        if overtakes {
            let rule = "what is sent again or confirmed goes to the tail";
            self.object(
                (Invariant::I3, Word::Reordered),
                Some(device),
                Some(enqueue.log),
                &[op],
                rule,
            );
        }
    }

    pub(super) fn signed_out(&mut self, device: Device, departure: Departure) {
        let phone = self.phones.entry(device).or_default();
        let account = phone.account.take();
        if departure == Departure::Kept {
            return;
        }
        let (owed, others): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut phone.files.owed)
            .into_iter()
            .partition(|(_, owner)| Some(*owner) == account);
        // What another account left here lies in stores of its own.
        let mut placements = std::mem::take(&mut phone.files.placements);
        let attempted = placements.iter().filter(|(_, placement)| placement.attempted);
        phone.former.extend(attempted.map(|(op, _)| *op));
        placements.retain(|op, _| others.contains_key(op));
        phone.files = Files {
            owed: others,
            placements,
            ..Files::default()
        };
        phone.cursors.clear();
        phone.shown = None;
        phone.waiting.clear();
        if let Departure::ErasedAfterWarning(warned_of) = departure {
            // What a restore of the server took away is not unsent: the phone cannot warn of what it cannot know.
            let lost: Vec<OpId> = owed
                .into_keys()
                .filter(|op| {
                    self.incarnations
                        .iter()
                        .all(|store| !store.place_of.contains_key(op))
                })
                .collect();
            if lost.len() > warned_of {
                let rule = "unsent operations are removed only after a warning with their count";
                self.object((Invariant::I1, Word::Lost), Some(device), None, &lost, rule);
            }
        }
    }
}
