//! Judges the state after the end: did everything that can come together come together?

use std::collections::BTreeMap;

use super::anomaly::{Invariant, Word};
use super::checker::Checker;
use super::history::{Device, Fingerprint, Log, OpId, RowState, Shown};

impl Checker {
    pub(super) fn end(&mut self) {
        let devices: Vec<Device> = self.phones.keys().copied().collect();
        for device in &devices {
            self.judge_time(*device);
        }
        let quiet_since = self.last_disturbance_ms.saturating_add(self.bounds.converge_ms);
        if self.lasting_faults > 0 || self.at_ms < quiet_since {
            return;
        }
        self.judge_days(&devices);
        let mut folds: BTreeMap<Log, Fingerprint> = BTreeMap::new();
        for device in devices {
            let Some(phone) = self.phones.get(&device) else {
                continue;
            };
            if !phone.is_able() {
                continue;
            }
            let account = phone.account.unwrap_or_default();
            let shown = phone.shown.clone().unwrap_or_default();
            let wanted: Vec<Log> = self
                .access
                .iter()
                .filter(|((owner, _), access)| *owner == account && access.granted && access.replicates)
                .map(|((_, log), _)| *log)
                .collect();
            self.judge_replicas(device, &shown, &wanted, &mut folds);
            for view in &shown.logs {
                if !self.may_read(account, view.log) {
                    let rule = "a replica goes when its account has lost the case";
                    self.object(
                        (Invariant::I7, Word::Leaked),
                        Some(device),
                        Some(view.log),
                        &[],
                        rule,
                    );
                }
            }
            let unsent: Vec<OpId> = shown
                .outbox
                .iter()
                .filter(|row| matches!(row.state, RowState::Queued | RowState::Sent(_)))
                .map(|row| row.op)
                .collect();
            if !unsent.is_empty() {
                let rule = "outboxes are empty in time, except for what waits for its author";
                self.object((Invariant::I6, Word::Stale), Some(device), None, &unsent, rule);
            }
        }
    }

    fn judge_replicas(
        &mut self,
        device: Device,
        shown: &Shown,
        wanted: &[Log],
        folds: &mut BTreeMap<Log, Fingerprint>,
    ) {
        for log in wanted {
            let head = self.current().map_or(0, |store| store.head(*log));
            let view = shown.logs.iter().find(|view| view.log == *log);
            let is_current = view.map_or(head == 0, |view| {
                view.cursor == head && self.position(view) == Some(self.now())
            });
            if !is_current {
                let rule = "every replica reaches the head of its log in time";
                self.object((Invariant::I6, Word::Stale), Some(device), Some(*log), &[], rule);
                continue;
            }
            if let Some(folded) = view.and_then(|view| view.folded)
                && *folds.entry(*log).or_insert(folded) != folded
            {
                let rule = "all replicas of a case are equal in the end";
                self.object(
                    (Invariant::I6, Word::Diverged),
                    Some(device),
                    Some(*log),
                    &[],
                    rule,
                );
            }
        }
    }
}
