//! The checker: walks over a history once, in order, and notes every breach.
//!
//! [`Checker`] holds what the histories have said so far; the files beside this one judge each kind of event with it.
//!
//! | File | Judges |
//! | --- | --- |
//! | `checker.rs` | the walk, the state, and what needs none (I8, I10, I11, I12, photos) |
//! | `outbox.rs` | what a phone does with its own operations (I1, I3, withdrawn consent) |
//! | `appends.rs` | what the server's store does (I1, I2, I3, I4, I5, I7) |
//! | `screens.rs` | what a phone could show (I1, I2, I3, I4, I6, I7) |
//! | `readings.rs` | the steps of days (I8) |
//! | `liveness.rs` | requests and time (I9) |
//! | `ending.rs` | the state after the end (I6, I7, I8) |

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::anomaly::{Anomaly, Invariant, Word};
use super::history::{
    Account, Bounds, Case, Departure, Device, Enqueue, Entry, Epoch, FileCheck, Fingerprint, Happening,
    History, Lane, Log, Millis, OpId, PhoneEvent, RowState, Shown, Target, WorldEvent,
};
use super::readings::Readings;

/// Every breach of I1 to I12 in a history, each once, in the order in which they were seen. Empty means clean.
pub fn check(history: &History) -> Vec<Anomaly> {
    let mut checker = Checker {
        bounds: history.bounds,
        ..Checker::default()
    };
    for (index, record) in history.records.iter().enumerate() {
        checker.index = index;
        checker.at_ms = record.at_ms;
        match &record.what {
            Happening::Phone(device, event) => checker.phone_event(*device, event),
            Happening::Server(event) => checker.server_event(event),
            Happening::World(event) => checker.world_event(*event),
        }
    }
    checker.at_ms = history.ended_at_ms;
    checker.end();
    checker.found
}

/// An attempt whose outcome the network may still decide.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenAttempt {
    pub(super) attempt: u32,
    pub(super) at_ms: Millis,
}

/// Where an operation stands in the order of one device: its last enqueue.
#[derive(Debug, Clone, Default)]
pub(super) struct Placement {
    /// The device's own order.
    pub(super) local_order: u64,
    /// Index of the record that placed it.
    pub(super) placed: usize,
    /// Bytes that it may have; one value unless an enqueue did not return.
    pub(super) payloads: BTreeSet<Fingerprint>,
    /// Some bytes left at some time.
    pub(super) attempted: bool,
    /// Attempts at this place without a final answer.
    pub(super) open: Vec<OpenAttempt>,
    /// When attempts at earlier places left that never got one.
    pub(super) wandering: Vec<Millis>,
    /// It left its lane: parked, awaiting confirmation, or given up.
    pub(super) passed: bool,
    /// The enqueue did not return, so its place is what the outbox shows.
    pub(super) unsure: bool,
}

/// What a device has seen of an entry in one replica.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) seq: u64,
    pub(super) last: usize,
    pub(super) whole: bool,
}

/// What lies in a device's files, so what a backup copies.
#[derive(Debug, Clone, Default)]
pub(super) struct Files {
    pub(super) placements: BTreeMap<OpId, Placement>,
    /// The last place given in each lane.
    pub(super) tails: BTreeMap<(Case, Lane), u64>,
    /// Operations whose enqueue returned and which were not given up, with their account.
    pub(super) owed: BTreeMap<OpId, Account>,
    /// The replicas by the epoch's position in the server's life.
    pub(super) replicas: BTreeMap<(usize, Log), BTreeMap<OpId, Seen>>,
    /// Cases whose consent is withdrawn here.
    pub(super) withdrawn: BTreeMap<Case, OpId>,
    /// What step sources said.
    pub(super) readings: Readings,
}

/// A request under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenRequest {
    pub(super) started_ms: Millis,
    pub(super) deadline_ms: Millis,
}

/// One device.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "conditions that come and go independently"
)]
pub(super) struct Phone {
    pub(super) files: Files,
    pub(super) account: Option<Account>,
    pub(super) running: bool,
    pub(super) foreground: bool,
    pub(super) network: bool,
    pub(super) blocked: bool,
    /// Since when all conditions of sending hold.
    pub(super) able_since: Millis,
    pub(super) cursors: BTreeMap<Log, (usize, u64)>,
    pub(super) shown: Option<Shown>,
    /// Attempted in stores that were erased since: a request may still be under way.
    pub(super) former: BTreeSet<OpId>,
    /// Under way.
    pub(super) requests: BTreeMap<Target, Vec<OpenRequest>>,
    /// When a target was tried last, or may be tried again.
    pub(super) tried: BTreeMap<Target, Millis>,
    /// Since when a lane has something to send.
    pub(super) waiting: BTreeMap<(Case, Lane), Millis>,
    pub(super) failures: BTreeMap<Target, VecDeque<Millis>>,
    /// The most that was ever held of an hour, by case, date and hour.
    pub(super) most_steps: BTreeMap<(Case, u32, u32), u32>,
    /// It may have reported more than its files hold: they went back to a copy or were gone, or it reports under another name now.
    pub(super) has_said_more: bool,
    /// The steps of days as they were last drawn.
    pub(super) days_drawn: BTreeMap<(Case, u32), Option<u32>>,
}

impl Default for Phone {
    fn default() -> Self {
        Self {
            files: Files::default(),
            account: None,
            running: true,
            foreground: true,
            network: true,
            blocked: false,
            able_since: 0,
            cursors: BTreeMap::new(),
            shown: None,
            former: BTreeSet::new(),
            requests: BTreeMap::new(),
            tried: BTreeMap::new(),
            waiting: BTreeMap::new(),
            failures: BTreeMap::new(),
            most_steps: BTreeMap::new(),
            has_said_more: false,
            days_drawn: BTreeMap::new(),
        }
    }
}

impl Phone {
    /// Whether it could send and read now.
    pub(super) const fn is_able(&self) -> bool {
        self.account.is_some() && self.running && self.foreground && self.network && !self.blocked
    }
}

/// What is known of an operation wherever it is.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) enqueue: Enqueue,
    pub(super) account: Option<Account>,
    pub(super) enqueued_ms: Millis,
    /// Given up everywhere before any byte left.
    pub(super) cancelled: bool,
}

/// An account's right to a log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Access {
    pub(super) granted: bool,
    pub(super) replicates: bool,
    /// Epoch position and head when the right ended.
    pub(super) ended_at: (usize, u64),
}

/// Greatest keys of one device's lane in one log of one epoch, see `appends.rs`.
#[derive(Debug, Clone, Default)]
pub(super) struct LaneOrder {
    pub(super) last_placed: Option<u64>,
    pub(super) last_reoffered: BTreeMap<usize, u64>,
}

/// One incarnation of the store.
#[derive(Debug, Clone, Default)]
pub(super) struct Incarnation {
    pub(super) logs: BTreeMap<Log, BTreeMap<u64, Entry>>,
    pub(super) place_of: BTreeMap<OpId, (Log, u64)>,
    /// By log and blanked number: the number that says so.
    pub(super) erased: BTreeMap<(Log, u64), u64>,
    pub(super) lanes: BTreeMap<(Log, Device, Lane), LaneOrder>,
}

impl Incarnation {
    pub(super) fn head(&self, log: Log) -> u64 {
        self.logs
            .get(&log)
            .and_then(|entries| entries.keys().next_back())
            .copied()
            .unwrap_or(0)
    }
}

/// What the histories have said so far, and what was found.
#[derive(Debug, Default)]
pub(super) struct Checker {
    pub(super) bounds: Bounds,
    pub(super) index: usize,
    pub(super) at_ms: Millis,
    pub(super) phones: BTreeMap<Device, Phone>,
    pub(super) ops: BTreeMap<OpId, Known>,
    pub(super) epochs: Vec<Epoch>,
    pub(super) incarnations: Vec<Incarnation>,
    pub(super) access: BTreeMap<(Account, Log), Access>,
    pub(super) backups: BTreeMap<u64, Files>,
    /// Folded states of equal cursors, for those that have everything.
    pub(super) folds: BTreeMap<(usize, Log, u64), (Fingerprint, Device)>,
    pub(super) lasting_faults: u32,
    pub(super) last_disturbance_ms: Millis,
    /// What was objected to already, with its time left out.
    seen: BTreeSet<Anomaly>,
    pub(super) found: Vec<Anomaly>,
}

impl Checker {
    /// Position of the current epoch; 0 before the store was created.
    pub(super) fn now(&self) -> usize {
        self.incarnations.len().saturating_sub(1)
    }

    pub(super) fn current(&self) -> Option<&Incarnation> {
        self.incarnations.last()
    }

    pub(super) fn is_in_log(&self, op: OpId) -> bool {
        self.current()
            .is_some_and(|store| store.place_of.contains_key(&op))
    }

    /// Notes a breach, the first time only.
    pub(super) fn object(
        &mut self,
        (invariant, word): (Invariant, Word),
        device: Option<Device>,
        log: Option<Log>,
        ops: &[OpId],
        rule: &'static str,
    ) {
        let mut anomaly = Anomaly {
            invariant,
            word,
            at_ms: 0,
            device,
            log,
            ops: ops.to_vec(),
            rule,
        };
        if self.seen.insert(anomaly.clone()) {
            anomaly.at_ms = self.at_ms;
            self.found.push(anomaly);
        }
    }

    pub(super) fn disturb(&mut self, until_ms: Millis) {
        self.last_disturbance_ms = self.last_disturbance_ms.max(until_ms);
    }

    fn world_event(&mut self, event: WorldEvent) {
        self.disturb(self.at_ms);
        match event {
            WorldEvent::FaultBegan => self.lasting_faults += 1,
            WorldEvent::FaultEnded => self.lasting_faults = self.lasting_faults.saturating_sub(1),
        }
    }

    fn phone_event(&mut self, device: Device, event: &PhoneEvent) {
        self.judge_time(device);
        match event {
            PhoneEvent::Enqueued(enqueue) => self.enqueued(device, enqueue),
            PhoneEvent::Attempted { op, payload, attempt } => self.attempted(device, *op, *payload, *attempt),
            PhoneEvent::Answered { op, attempt, .. } => self.answered(device, *op, *attempt),
            PhoneEvent::Discarded(op) => self.discarded(device, *op),
            PhoneEvent::ConsentSeen(case) => {
                let phone = self.phones.entry(device).or_default();
                phone.files.withdrawn.remove(case);
            }
            PhoneEvent::SentAgain { op, local_order } | PhoneEvent::Confirmed { op, local_order } => {
                self.placed_at_the_tail(device, *op, *local_order);
            }
            PhoneEvent::Shown(shown) => self.shown(device, shown),
            PhoneEvent::PhotoVisible {
                op,
                complete,
                hash_matches,
            } => self.photo_visible(device, *op, *complete, *hash_matches),
            PhoneEvent::StepsOfDay { source, shown, .. } => self.steps_of_day(device, *source, *shown),
            PhoneEvent::HasRead(reading) => self.has_read(device, *reading),
            PhoneEvent::DayDrawn { case, date, steps } => self.day_drawn(device, *case, *date, *steps),
            PhoneEvent::CacheSize {
                bytes,
                budget,
                largest_item,
            } => {
                if *bytes > budget.saturating_add(*largest_item) {
                    let rule = "the cache is at most its budget plus one item";
                    self.object((Invariant::I10, Word::Oversized), Some(device), None, &[], rule);
                }
            }
            PhoneEvent::FileCheck(check) => self.file_check(device, *check),
            PhoneEvent::Leak(_) => {
                let rule = "no token, name, text or value outside the stores";
                self.object((Invariant::I11, Word::Leaked), Some(device), None, &[], rule);
            }
            PhoneEvent::Panicked => {
                let rule = "no panic crosses the border of the library";
                self.object((Invariant::I12, Word::Damaged), Some(device), None, &[], rule);
            }
            PhoneEvent::Remains(_) => {
                let rule = "nothing of an account stays after it is gone";
                self.object((Invariant::I7, Word::Leaked), Some(device), None, &[], rule);
            }
            PhoneEvent::RequestStarted { target, deadline_ms } => {
                self.request_started(device, *target, *deadline_ms);
            }
            PhoneEvent::RequestEnded { target, end } => self.request_ended(device, *target, *end),
            PhoneEvent::SignedIn(_)
            | PhoneEvent::SignedOut(_)
            | PhoneEvent::Killed
            | PhoneEvent::Restarted
            | PhoneEvent::BackedUp { .. }
            | PhoneEvent::RestoredFromBackup { .. }
            | PhoneEvent::CaseLost(_)
            | PhoneEvent::Salvaged
            | PhoneEvent::Blocked(_)
            | PhoneEvent::Foreground(_)
            | PhoneEvent::Network(_) => self.life_of_phone(device, event),
        }
    }

    fn life_of_phone(&mut self, device: Device, event: &PhoneEvent) {
        self.disturb(self.at_ms);
        if let PhoneEvent::SignedOut(departure) = event {
            self.signed_out(device, *departure);
        }
        let copied = match event {
            PhoneEvent::RestoredFromBackup { backup } => self.backups.get(backup).cloned(),
            _ => None,
        };
        if let Some(files) = &copied {
            // What was given up since the copy is in it as it was.
            let is_live =
                |(op, placement): &(&OpId, &Placement)| !placement.passed || files.owed.contains_key(*op);
            for (op, _) in files.placements.iter().filter(is_live) {
                if let Some(known) = self.ops.get_mut(op) {
                    known.cancelled = false;
                }
            }
        }
        let begins_anew = match event {
            PhoneEvent::RestoredFromBackup { .. } => true,
            PhoneEvent::SignedOut(departure) => *departure != Departure::Kept,
            _ => false,
        };
        if begins_anew && let Some(store) = self.incarnations.last_mut() {
            // New files count their places from the beginning.
            store.lanes.retain(|(_, owner, _), _| *owner != device);
        }
        let at_ms = self.at_ms;
        let phone = self.phones.entry(device).or_default();
        let was_able = phone.is_able();
        match event {
            PhoneEvent::SignedIn(account) => {
                // Signed in once more, it speaks under another name, and what it said before stays as well.
                phone.has_said_more |= phone.account == Some(*account);
                phone.account = Some(*account);
                phone.running = true;
                phone.foreground = true;
            }
            PhoneEvent::Killed => phone.running = false,
            PhoneEvent::Restarted => phone.running = true,
            PhoneEvent::BackedUp { backup } => {
                self.backups.insert(*backup, phone.files.clone());
            }
            PhoneEvent::RestoredFromBackup { .. } => {
                phone.files = copied.unwrap_or_default();
                phone.has_said_more = true;
                phone.account = None;
                phone.cursors.clear();
                phone.shown = None;
                phone.waiting.clear();
            }
            PhoneEvent::CaseLost(case) => {
                phone.cursors.retain(|log, _| log.case != *case);
                phone.days_drawn.retain(|(of, _), _| of != case);
                let rows: BTreeSet<OpId> = phone
                    .shown
                    .iter()
                    .flat_map(|shown| &shown.outbox)
                    .filter(|row| !matches!(row.state, RowState::Sent(_)))
                    .map(|row| row.op)
                    .collect();
                let ops = &self.ops;
                phone.files.owed.retain(|op, _| {
                    rows.contains(op) || ops.get(op).is_none_or(|known| known.enqueue.log.case != *case)
                });
                phone.files.replicas.retain(|(_, log), _| log.case != *case);
            }
            PhoneEvent::Salvaged => {
                phone.cursors.clear();
                phone.files.replicas.clear();
                let store = self.incarnations.last();
                phone
                    .files
                    .owed
                    .retain(|op, _| store.is_none_or(|store| !store.place_of.contains_key(op)));
            }
            PhoneEvent::Blocked(blocked) => phone.blocked = *blocked,
            PhoneEvent::Foreground(foreground) => phone.foreground = *foreground,
            PhoneEvent::Network(network) => phone.network = *network,
            _ => {}
        }
        if !phone.running || !phone.foreground || phone.account.is_none() {
            phone.requests.clear();
        }
        if phone.is_able() && (!was_able || matches!(event, PhoneEvent::Restarted)) {
            phone.able_since = at_ms;
        }
    }

    fn photo_visible(&mut self, device: Device, op: OpId, complete: bool, hash_matches: bool) {
        let own = self.phones.get(&device).and_then(|phone| phone.account);
        let author = self.ops.get(&op).and_then(|known| known.account);
        if !hash_matches || (!complete && own != author) {
            let rule = "a message is never visible to the other side without its whole photo";
            self.object((Invariant::I5, Word::Incomplete), Some(device), None, &[op], rule);
        }
    }

    fn steps_of_day(&mut self, device: Device, source: Option<u32>, shown: Option<u32>) {
        let word = match (source, shown) {
            (None, Some(_)) => Word::Unexpected,
            (Some(truth), Some(drawn)) if drawn > truth => Word::Duplicated,
            (Some(truth), Some(drawn)) if drawn == truth => return,
            (Some(_), _) => Word::Lost,
            (None, None) => return,
        };
        let rule = "the steps of a day equal what the source says";
        self.object((Invariant::I8, word), Some(device), None, &[], rule);
    }

    fn file_check(&mut self, device: Device, check: FileCheck) {
        if check != FileCheck::SOUND {
            let rule = "files are sound, complete and without leftovers";
            self.object((Invariant::I12, Word::Damaged), Some(device), None, &[], rule);
        }
    }
}
