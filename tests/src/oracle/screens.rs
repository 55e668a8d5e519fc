//! Judges what one device could show after a step.

use std::collections::{BTreeMap, BTreeSet};

use super::anomaly::{Invariant, Word};
use super::checker::{Checker, Placement, Seen};
use super::history::{Account, Body, Device, ItemState, LogView, OpId, OutboxRow, RowState, Shown};

impl Checker {
    pub(super) fn shown(&mut self, device: Device, shown: &Shown) {
        let account = self.phones.entry(device).or_default().account;
        let Some(account) = account else {
            if !shown.logs.is_empty() || !shown.outbox.is_empty() {
                let rule = "nothing is shown while nobody is signed in";
                self.object((Invariant::I7, Word::Leaked), Some(device), None, &[], rule);
            }
            return;
        };
        let shown = &self.with_thinned(shown);
        let mut settled = BTreeSet::new();
        for view in &shown.logs {
            self.judge_right(device, account, view);
            self.judge_prefix(device, view);
            self.judge_items(device, view);
            for entry in &view.entries {
                settled.insert(entry.op);
            }
        }
        self.judge_rows(device, account, shown, &settled);
        self.judge_piles(device, shown);
        self.remember(device, shown);
        self.judge_promises(device, account, shown, &settled);
        self.note_lanes(device, shown);
        if let Some(phone) = self.phones.get_mut(&device) {
            phone.shown = Some(shown.clone());
        }
    }

    /// A replica knows no more of a thinned entry than its number; which operation it was the server has.
    fn with_thinned(&self, shown: &Shown) -> Shown {
        let mut shown = shown.clone();
        for view in &mut shown.logs {
            let position = self.position(view);
            let held = position
                .and_then(|position| self.incarnations.get(position))
                .and_then(|store| store.logs.get(&view.log));
            for entry in &mut view.entries {
                if entry.body == Body::Thinned
                    && let Some(held) = held.and_then(|entries| entries.get(&entry.seq))
                {
                    entry.op = held.op;
                }
            }
        }
        shown
    }

    fn judge_right(&mut self, device: Device, account: Account, view: &LogView) {
        let reached = (self.position(view), view.cursor);
        let allowed = match self.access.get(&(account, view.log)) {
            None => false,
            Some(access) if access.granted => true,
            // What was there before stays until the next request; what came later is not for him.
            Some(access) => match reached.0 {
                Some(epoch) => (epoch, reached.1) <= access.ended_at,
                None => true,
            },
        };
        if !allowed {
            let rule = "a device shows only logs that its account may read";
            self.object(
                (Invariant::I7, Word::Leaked),
                Some(device),
                Some(view.log),
                &[],
                rule,
            );
        }
    }

    /// Position of a view's epoch in the life of the store.
    pub(super) fn position(&self, view: &LogView) -> Option<usize> {
        self.epochs.iter().rposition(|epoch| *epoch == view.epoch)
    }

    fn judge_prefix(&mut self, device: Device, view: &LogView) {
        let log = Some(view.log);
        let Some(position) = self.position(view) else {
            let rule = "a cursor names an epoch that the server has had";
            self.object((Invariant::I4, Word::Diverged), Some(device), log, &[], rule);
            return;
        };
        let before = self
            .phones
            .get(&device)
            .and_then(|phone| phone.cursors.get(&view.log))
            .copied();
        if before.is_some_and(|before| (position, view.cursor) < before) {
            let rule = "a cursor never goes back within an epoch, nor to an earlier epoch";
            self.object((Invariant::I4, Word::NonMonotonic), Some(device), log, &[], rule);
        }
        if let Some(phone) = self.phones.get_mut(&device) {
            phone.cursors.insert(view.log, (position, view.cursor));
        }
        let mut breaches: Vec<(Invariant, Word, OpId, &'static str)> = Vec::new();
        let mut expected = 1;
        let mut seen = BTreeSet::new();
        let mut is_whole = true;
        let store = self.incarnations.get(position);
        for entry in &view.entries {
            if !seen.insert(entry.op) {
                breaches.push((
                    Invariant::I2,
                    Word::Duplicated,
                    entry.op,
                    "a replica holds an operation once",
                ));
            }
            if entry.seq > expected {
                breaches.push((
                    Invariant::I4,
                    Word::Skipped,
                    entry.op,
                    "every reader has folded a prefix",
                ));
            } else if entry.seq < expected {
                breaches.push((
                    Invariant::I4,
                    Word::NonMonotonic,
                    entry.op,
                    "a replica is in the order of numbers",
                ));
            }
            expected = entry.seq + 1;
            let held = store.and_then(|store| store.logs.get(&view.log)?.get(&entry.seq));
            match held {
                None => breaches.push((
                    Invariant::I4,
                    Word::Unexpected,
                    entry.op,
                    "a replica holds nothing that the server never had",
                )),
                Some(held) if held.op != entry.op => breaches.push((
                    Invariant::I4,
                    Word::Diverged,
                    entry.op,
                    "a replica holds the server's entry under each number",
                )),
                Some(held) => {
                    let erased_by = store.and_then(|store| store.erased.get(&(view.log, entry.seq)).copied());
                    match entry.body {
                        Body::Whole(payload) => {
                            if payload != held.payload {
                                breaches.push((
                                    Invariant::I4,
                                    Word::Diverged,
                                    entry.op,
                                    "a replica holds the server's bytes",
                                ));
                            }
                            if erased_by.is_some_and(|by| view.cursor >= by) {
                                breaches.push((
                                    Invariant::I7,
                                    Word::Leaked,
                                    entry.op,
                                    "an erased body disappears when its erasure is folded",
                                ));
                            }
                        }
                        Body::Erased if erased_by.is_none() => breaches.push((
                            Invariant::I1,
                            Word::Lost,
                            entry.op,
                            "a body disappears only by an erasure",
                        )),
                        Body::Thinned | Body::Erased => {}
                    }
                }
            }
            is_whole &= matches!(entry.body, Body::Whole(_));
        }
        if expected != view.cursor + 1 && breaches.is_empty() {
            let rule = "a reader has folded everything up to its cursor and nothing beyond";
            self.object((Invariant::I4, Word::Skipped), Some(device), log, &[], rule);
        }
        for (invariant, word, op, rule) in breaches {
            self.object((invariant, word), Some(device), log, &[op], rule);
        }
        if let Some(folded) = view.folded
            && is_whole
        {
            let first = *self
                .folds
                .entry((position, view.log, view.cursor))
                .or_insert((folded, device));
            if first.0 != folded {
                let rule = "two replicas at one cursor are equal";
                self.object((Invariant::I6, Word::Diverged), Some(device), log, &[], rule);
            }
        }
    }

    fn judge_items(&mut self, device: Device, view: &LogView) {
        let mut seen = BTreeSet::new();
        let mut last = 0;
        for item in &view.items {
            if !seen.insert(item.op) {
                let rule = "one operation is at most one item on a screen";
                self.object(
                    (Invariant::I2, Word::Duplicated),
                    Some(device),
                    Some(view.log),
                    &[item.op],
                    rule,
                );
            }
            if let ItemState::Settled(seq) = item.state {
                if seq < last {
                    let rule = "settled items stand in the order of the log";
                    self.object(
                        (Invariant::I3, Word::Reordered),
                        Some(device),
                        Some(view.log),
                        &[item.op],
                        rule,
                    );
                }
                last = last.max(seq);
            }
        }
    }

    fn judge_rows(&mut self, device: Device, account: Account, shown: &Shown, settled: &BTreeSet<OpId>) {
        let mut seen = BTreeSet::new();
        for row in &shown.outbox {
            let known = self.ops.get(&row.op);
            let log = known.map(|known| known.enqueue.log);
            let foreign = known.is_some_and(|known| known.account != Some(account));
            if known.is_none() {
                let rule = "an outbox holds only what was enqueued";
                self.object(
                    (Invariant::I2, Word::Unexpected),
                    Some(device),
                    None,
                    &[row.op],
                    rule,
                );
            }
            if foreign {
                let rule = "an outbox shows only operations of the account that is signed in";
                self.object((Invariant::I7, Word::Leaked), Some(device), log, &[row.op], rule);
            }
            if !seen.insert(row.op) {
                let rule = "an outbox holds an operation once";
                self.object(
                    (Invariant::I2, Word::Duplicated),
                    Some(device),
                    log,
                    &[row.op],
                    rule,
                );
            }
            if settled.contains(&row.op) {
                let rule = "an operation leaves the outbox in the step that folds its entry";
                self.object(
                    (Invariant::I2, Word::Duplicated),
                    Some(device),
                    log,
                    &[row.op],
                    rule,
                );
            }
            if let RowState::Sent(seq) = row.state
                && !self.was_stored_at(row.op, seq)
            {
                let rule = "what is shown as sent is in the log under that number";
                self.object((Invariant::I1, Word::Lost), Some(device), log, &[row.op], rule);
            }
            let stored = self.stored_bytes(row.op);
            let Some(phone) = self.phones.get_mut(&device) else {
                continue;
            };
            // What another device of the account wrote, offered again by this one, has no place of its own here.
            let was_pulled = phone
                .files
                .replicas
                .values()
                .any(|replica| replica.contains_key(&row.op));
            if was_pulled && !phone.files.placements.contains_key(&row.op) {
                let placement = Placement {
                    payloads: stored,
                    ..Placement::default()
                };
                phone.files.placements.insert(row.op, placement);
            }
            if let Some(placement) = phone.files.placements.get_mut(&row.op) {
                if placement.unsure {
                    placement.unsure = false;
                    placement.local_order = row.local_order;
                }
                placement.passed = matches!(row.state, RowState::Parked | RowState::NeedsConfirmation);
            }
        }
    }

    fn judge_piles(&mut self, device: Device, shown: &Shown) {
        let is_fresh =
            |row: &&OutboxRow| row.state == RowState::Queued && row.attempts == 0 && !row.reoffered;
        let mut last = BTreeMap::new();
        for row in shown.outbox.iter().filter(is_fresh) {
            let Some(enqueue) = self.ops.get(&row.op).map(|known| known.enqueue.clone()) else {
                continue;
            };
            let Some(key) = enqueue.coalescing_key else {
                continue;
            };
            if let Some(other) = last.insert((enqueue.log, key), row.op) {
                let rule = "a newer read mark or day total takes the place of one that was never sent";
                let ops = [row.op, other];
                self.object(
                    (Invariant::I9, Word::Duplicated),
                    Some(device),
                    Some(enqueue.log),
                    &ops,
                    rule,
                );
            }
        }
    }

    /// Keeps which entries this device has had, for what it may have to offer again.
    fn remember(&mut self, device: Device, shown: &Shown) {
        let last = self.index;
        for view in &shown.logs {
            let Some(position) = self.position(view) else {
                continue;
            };
            let replica: BTreeMap<OpId, Seen> = view
                .entries
                .iter()
                .map(|entry| {
                    let whole = matches!(entry.body, Body::Whole(_));
                    let seq = entry.seq;
                    (entry.op, Seen { seq, last, whole })
                })
                .collect();
            if let Some(phone) = self.phones.get_mut(&device) {
                for entry in &view.entries {
                    // Whatever was decided about it before, and whatever it was here: it has settled as it is in the log.
                    if let Some(placement) = phone.files.placements.get_mut(&entry.op) {
                        placement.passed = false;
                        if let Body::Whole(payload) = entry.body {
                            placement.payloads = [payload].into();
                        }
                    }
                }
                phone.files.replicas.insert((position, view.log), replica);
            }
        }
    }

    /// I1: whatever was promised here is in the log, in the outbox, or in a replica of a store that is no more. And it is on
    /// the screen at every moment: an acknowledged operation stays in the overlay until its own entry arrives (sync.md 6.3).
    fn judge_promises(&mut self, device: Device, account: Account, shown: &Shown, settled: &BTreeSet<OpId>) {
        let Some(phone) = self.phones.get(&device) else {
            return;
        };
        let rows: BTreeSet<OpId> = shown.outbox.iter().map(|row| row.op).collect();
        let invisible: Vec<OpId> = phone
            .files
            .owed
            .iter()
            .filter(|(op, owner)| **owner == account && !rows.contains(*op) && !settled.contains(*op))
            .map(|(op, _)| *op)
            // What a snapshot thinned or an erasure blanked has no bytes to be offered again.
            .filter(|op| {
                let mut replicas = phone.files.replicas.values().rev();
                let seen = replicas.find_map(|replica| replica.get(op));
                self.is_in_log(*op) || seen.is_none_or(|seen| seen.whole)
            })
            .collect();
        for op in invisible {
            let log = self.ops.get(&op).map(|known| known.enqueue.log);
            if self.is_in_log(op) {
                let rule = "what its author has seen does not vanish until its entry arrives";
                self.object(
                    (Invariant::I1, Word::NonMonotonic),
                    Some(device),
                    log,
                    &[op],
                    rule,
                );
            } else {
                let rule = "an enqueued operation is in the log, or visible on its device";
                self.object((Invariant::I1, Word::Lost), Some(device), log, &[op], rule);
            }
        }
    }
}
