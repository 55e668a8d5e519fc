//! Judges what the server's store does, entry by entry: numbers, origin, bytes, photos, rights, and the order of each lane.
//!
//! The order of one device's lane in one log is judged among the entries that this device's sessions appended **in the present
//! epoch**. Each has a key:
//!
//! - An entry of an earlier epoch that the device had pulled and now offers again: its number there. Those come in their old
//!   order and before everything else of the lane. Entries last seen in different epochs are not compared with each other.
//! - Everything else: its place, that of its last enqueue on that device.
//!
//! The place counts that was in force at the append. When the network may still have carried an attempt from an earlier place
//! (parked after a lost answer, sent again while the first request wandered about), nobody can say which of the two arrived, and
//! the entry is not judged. An answered attempt cannot wander, and none does so for longer than `Bounds::wandering_ms`.

use std::collections::{BTreeMap, BTreeSet};

use super::anomaly::{Invariant, Word};
use super::checker::{Access, Checker, Incarnation, Phone};
use super::history::{Account, Device, Entry, Epoch, Fingerprint, Kind, Log, Millis, OpId, ServerEvent};

/// Where an entry stands in the order of its device's lane.
enum Key {
    Reoffered { epoch: usize, seq: u64 },
    Placed(u64),
    Unknowable,
}

impl Checker {
    pub(super) fn server_event(&mut self, event: &ServerEvent) {
        match event {
            ServerEvent::Created(epoch) => {
                self.epochs.push(*epoch);
                self.incarnations.push(Incarnation::default());
            }
            ServerEvent::Appended(entry) => self.appended(entry),
            ServerEvent::Restored { epoch, heads } => self.restored(*epoch, heads),
            ServerEvent::Erased {
                log,
                target_seq,
                by_seq,
            } => {
                self.disturb(self.at_ms);
                if let Some(store) = self.incarnations.last_mut() {
                    store.erased.insert((*log, *target_seq), *by_seq);
                }
            }
            ServerEvent::Access {
                account,
                log,
                granted,
                replicates,
            } => {
                self.disturb(self.at_ms);
                let head = self.current().map_or(0, |store| store.head(*log));
                let access = Access {
                    granted: *granted,
                    replicates: *replicates,
                    ended_at: (self.now(), head),
                };
                self.access.insert((*account, *log), access);
            }
            ServerEvent::Served { account, log } => {
                if !self.may_read(*account, *log) {
                    let rule = "a request gets no entry of a log that its account may not read";
                    self.object((Invariant::I7, Word::Leaked), None, Some(*log), &[], rule);
                }
            }
        }
    }

    pub(super) fn may_read(&self, account: Account, log: Log) -> bool {
        self.access
            .get(&(account, log))
            .is_some_and(|access| access.granted)
    }

    fn restored(&mut self, epoch: Epoch, heads: &BTreeMap<Log, u64>) {
        self.disturb(self.at_ms);
        if self.epochs.contains(&epoch) {
            let rule = "a restored store has an epoch of its own";
            self.object((Invariant::I4, Word::Stale), None, None, &[], rule);
        }
        let mut store = Incarnation::default();
        if let Some(old) = self.incarnations.last() {
            for (log, entries) in &old.logs {
                let head = heads.get(log).copied().unwrap_or(0);
                let kept: BTreeMap<u64, Entry> = entries
                    .range(..=head)
                    .map(|(seq, entry)| (*seq, entry.clone()))
                    .collect();
                for entry in kept.values() {
                    store.place_of.insert(entry.op, (*log, entry.seq));
                }
                store.logs.insert(*log, kept);
            }
            for ((log, target), by) in &old.erased {
                if *by <= heads.get(log).copied().unwrap_or(0) {
                    store.erased.insert((*log, *target), *by);
                }
            }
        }
        self.epochs.push(epoch);
        self.incarnations.push(store);
        // What one phone had reported and the store has lost, another phone of the person may say again, and goes on saying.
        for phone in self.phones.values_mut() {
            phone.has_said_more = true;
        }
    }

    fn appended(&mut self, entry: &Entry) {
        self.disturb(self.at_ms);
        let (log, op) = (Some(entry.log), entry.op);
        let head = self.current().map_or(0, |store| store.head(entry.log));
        if entry.seq > head + 1 {
            let rule = "numbers of a log have no gap";
            self.object((Invariant::I4, Word::Skipped), None, log, &[op], rule);
        }
        if entry.seq <= head {
            let rule = "numbers of a log only rise";
            self.object((Invariant::I4, Word::NonMonotonic), None, log, &[op], rule);
        }
        if self.is_in_log(op) {
            let rule = "one operation is at most one entry";
            self.object((Invariant::I2, Word::Duplicated), None, log, &[op], rule);
        }
        if entry
            .attachments
            .iter()
            .any(|photo| !photo.complete || !photo.hash_matches)
        {
            let rule = "a message enters the log with whole photos only";
            self.object((Invariant::I5, Word::Incomplete), None, log, &[op], rule);
        }
        if let (Some(author), Some(device)) = (entry.author, entry.device) {
            self.judge_origin(entry, author, device);
            self.judge_bytes(entry, device);
            self.judge_order(entry, device);
        } else if entry.kind != Kind::System {
            let rule = "an entry has an author unless the server made it";
            self.object((Invariant::I2, Word::Unexpected), None, log, &[op], rule);
        }
        if let Some(store) = self.incarnations.last_mut() {
            store.place_of.insert(op, (entry.log, entry.seq));
            store
                .logs
                .entry(entry.log)
                .or_default()
                .insert(entry.seq, entry.clone());
        }
    }

    fn judge_origin(&mut self, entry: &Entry, author: Account, device: Device) {
        let (log, op) = (Some(entry.log), entry.op);
        if !self.may_read(author, entry.log) {
            let rule = "only who has the case writes to its logs";
            self.object((Invariant::I7, Word::Leaked), None, log, &[op], rule);
        }
        let Some(known) = self.ops.get(&op).cloned() else {
            let rule = "an entry comes from an operation that somebody enqueued";
            self.object((Invariant::I2, Word::Unexpected), Some(device), log, &[op], rule);
            return;
        };
        if known.account != Some(author) {
            let rule = "an operation is sent by its own account only";
            self.object((Invariant::I7, Word::Leaked), Some(device), log, &[op], rule);
        }
        if known.cancelled {
            let rule = "what was given up before it was sent never arrives";
            self.object((Invariant::I1, Word::Unexpected), Some(device), log, &[op], rule);
        }
        if known.enqueue.log != entry.log {
            let rule = "an operation becomes an entry of its own log";
            self.object((Invariant::I7, Word::Leaked), Some(device), log, &[op], rule);
        }
        if usize::try_from(known.enqueue.attachments) != Ok(entry.attachments.len()) {
            let rule = "a message has all the photos that it was enqueued with";
            self.object((Invariant::I5, Word::Incomplete), Some(device), log, &[op], rule);
        }
        if let Some(target) = known.enqueue.depends_on
            && !self.is_in_log(target)
        {
            let rule = "an operation follows the one that it depends on";
            self.object(
                (Invariant::I3, Word::Reordered),
                Some(device),
                log,
                &[op, target],
                rule,
            );
        }
    }

    fn judge_bytes(&mut self, entry: &Entry, device: Device) {
        let here = self
            .phones
            .get(&device)
            .and_then(|phone| phone.files.placements.get(&entry.op))
            .map(|placement| placement.payloads.contains(&entry.payload));
        // A device that offers what another one of its account wrote has the bytes from the log.
        let before = self.stored_bytes(entry.op).contains(&entry.payload);
        if here == Some(false) && !before {
            let rule = "the log holds the bytes that were enqueued";
            self.object(
                (Invariant::I1, Word::Altered),
                Some(device),
                Some(entry.log),
                &[entry.op],
                rule,
            );
        }
        let known_before = self.ops.contains_key(&entry.op);
        let formerly = self
            .phones
            .get(&device)
            .is_some_and(|phone| phone.former.contains(&entry.op));
        if here.is_none() && !before && known_before && !formerly {
            let rule = "a device sends only what it enqueued, restored or had pulled";
            self.object(
                (Invariant::I2, Word::Unexpected),
                Some(device),
                Some(entry.log),
                &[entry.op],
                rule,
            );
        }
    }

    fn judge_order(&mut self, entry: &Entry, device: Device) {
        let Some(lane) = self.ops.get(&entry.op).map(|known| known.enqueue.lane) else {
            return;
        };
        let now = self.now();
        let key = self.phones.get(&device).map_or(Key::Unknowable, |phone| {
            key_of(phone, entry, now, self.at_ms, self.bounds.wandering_ms)
        });
        let Some(store) = self.incarnations.last_mut() else {
            return;
        };
        let order = store.lanes.entry((entry.log, device, lane)).or_default();
        // A withdrawal overtakes: what it held comes later, from an earlier place.
        let overtakes = entry.kind == Kind::ConsentWithdrawn;
        let reordered = match key {
            Key::Unknowable => false,
            Key::Reoffered { epoch, seq } => {
                let last = order.last_reoffered.entry(epoch).or_default();
                let late = seq < *last;
                if !overtakes {
                    *last = (*last).max(seq);
                }
                late || order.last_placed.is_some()
            }
            Key::Placed(place) => {
                let late = order.last_placed.is_some_and(|last| place < last);
                if !overtakes {
                    order.last_placed = order.last_placed.max(Some(place));
                }
                late
            }
        };
        if reordered {
            let rule = "entries of one device in one lane come in the order of their last enqueue";
            self.object(
                (Invariant::I3, Word::Reordered),
                Some(device),
                Some(entry.log),
                &[entry.op],
                rule,
            );
        }
    }

    /// The bytes under which an operation was ever stored.
    pub(super) fn stored_bytes(&self, op: OpId) -> BTreeSet<Fingerprint> {
        let entry_in = |store: &Incarnation| {
            let (log, seq) = store.place_of.get(&op)?;
            store.logs.get(log)?.get(seq).map(|entry| entry.payload)
        };
        self.incarnations.iter().filter_map(entry_in).collect()
    }

    /// Where an operation has ever been acknowledged under this number.
    pub(super) fn was_stored_at(&self, op: OpId, seq: u64) -> bool {
        self.incarnations
            .iter()
            .any(|store| store.place_of.get(&op).is_some_and(|(_, place)| *place == seq))
    }
}

fn key_of(phone: &Phone, entry: &Entry, now: usize, at_ms: Millis, wandering_ms: Millis) -> Key {
    let placement = phone.files.placements.get(&entry.op);
    let reoffered = phone
        .files
        .replicas
        .range(..(now, entry.log))
        .rev()
        .filter(|((epoch, log), _)| *epoch < now && *log == entry.log)
        .find_map(|((epoch, _), replica)| replica.get(&entry.op).map(|seen| (*epoch, *seen)));
    let may_wander = |sent: Millis| at_ms.saturating_sub(sent) <= wandering_ms;
    let is_unknowable = placement.is_none_or(|placement| {
        placement.passed || placement.unsure || placement.wandering.iter().any(|sent| may_wander(*sent))
    });
    match (reoffered, placement) {
        (Some((epoch, seen)), None) => Key::Reoffered { epoch, seq: seen.seq },
        (_, _) if is_unknowable => Key::Unknowable,
        (Some((epoch, seen)), Some(placement)) if placement.placed < seen.last => {
            Key::Reoffered { epoch, seq: seen.seq }
        }
        (_, Some(placement)) => Key::Placed(placement.local_order),
        (None, None) => Key::Unknowable,
    }
}
