//! Hand-made histories. A [`Stage`] writes events down and obeys no rule: what it is told happens, right or wrong.

mod broken;
mod corners;

use super::*;

pub(super) const HER: Account = 10;
pub(super) const HIS: Account = 20;
pub(super) const STRANGER: Account = 30;
pub(super) const PHONE: Device = 1;
pub(super) const DIETITIAN: Device = 2;
pub(super) const TABLET: Device = 3;
pub(super) const CARE: Log = Log {
    case: 7,
    audience: Audience::Care,
};
pub(super) const STAFF: Log = Log {
    case: 7,
    audience: Audience::Staff,
};
pub(super) const HOUR: Millis = 3_600_000;
pub(super) const QUEUED: RowState = RowState::Queued;
pub(super) const PARKED: RowState = RowState::Parked;
pub(super) const ASKED: RowState = RowState::NeedsConfirmation;

/// What a stage remembers of an operation.
#[derive(Clone)]
struct Played {
    enqueue: Enqueue,
    attempts: u32,
}

/// A history in the making.
#[derive(Clone)]
pub(super) struct Stage {
    pub(super) history: History,
    pub(super) now: Millis,
    epochs: Vec<(Epoch, Vec<Entry>)>,
    ops: std::collections::BTreeMap<OpId, Played>,
    orders: std::collections::BTreeMap<Device, u64>,
    owners: std::collections::BTreeMap<Device, Account>,
}

impl Stage {
    /// A participant's phone, her dietitian's phone and a server that has just begun.
    pub(super) fn new() -> Self {
        let mut stage = Self {
            history: History::default(),
            now: 0,
            epochs: vec![(100, Vec::new())],
            ops: std::collections::BTreeMap::new(),
            orders: std::collections::BTreeMap::new(),
            owners: std::collections::BTreeMap::new(),
        };
        stage.server(ServerEvent::Created(100));
        for (account, log) in [(HER, CARE), (HIS, CARE), (HIS, STAFF)] {
            stage.access(account, log, true);
        }
        stage.signs_in(PHONE, HER);
        stage.signs_in(DIETITIAN, HIS);
        stage
    }

    pub(super) fn phone(&mut self, device: Device, event: PhoneEvent) -> &mut Self {
        self.now += 1;
        self.history.phone(self.now, device, event);
        self
    }

    pub(super) fn server(&mut self, event: ServerEvent) -> &mut Self {
        self.now += 1;
        self.history.server(self.now, event);
        self
    }

    pub(super) fn passes(&mut self, ms: Millis) -> &mut Self {
        self.now += ms;
        self.history.ended_at_ms = self.now;
        self
    }

    pub(super) fn signs_in(&mut self, device: Device, account: Account) -> &mut Self {
        self.owners.insert(device, account);
        self.phone(device, PhoneEvent::SignedIn(account))
    }

    pub(super) fn access(&mut self, account: Account, log: Log, granted: bool) -> &mut Self {
        self.server(ServerEvent::Access {
            account,
            log,
            granted,
            replicates: true,
        })
    }

    /// The next place in a device's order.
    pub(super) fn next_place(&mut self, device: Device) -> u64 {
        let last = self.orders.entry(device).or_default();
        *last += 1;
        *last
    }

    /// A plain enqueue, not yet written down.
    pub(super) fn draft(&mut self, device: Device, op: OpId) -> Enqueue {
        Enqueue {
            op,
            log: CARE,
            lane: Lane::Talk,
            kind: Kind::Message,
            local_order: self.next_place(device),
            payload: u64::try_from(op).unwrap() * 1_000,
            attachments: 0,
            coalescing_key: None,
            replaces: None,
            depends_on: None,
            returned: true,
        }
    }

    pub(super) fn enqueues(&mut self, device: Device, enqueue: Enqueue) -> &mut Self {
        self.ops.insert(
            enqueue.op,
            Played {
                enqueue: enqueue.clone(),
                attempts: 0,
            },
        );
        self.phone(device, PhoneEvent::Enqueued(enqueue))
    }

    /// A message is enqueued.
    pub(super) fn says(&mut self, device: Device, op: OpId) -> &mut Self {
        let draft = self.draft(device, op);
        self.enqueues(device, draft)
    }

    /// Its bytes leave.
    pub(super) fn tries(&mut self, device: Device, op: OpId) -> &mut Self {
        let played = self.ops.get_mut(&op).unwrap();
        played.attempts += 1;
        let (payload, attempt) = (played.enqueue.payload, played.attempts);
        self.phone(device, PhoneEvent::Attempted { op, payload, attempt })
    }

    pub(super) fn is_refused(&mut self, device: Device, op: OpId) -> &mut Self {
        let attempt = self.ops[&op].attempts;
        let answer = Answer::Refused;
        self.phone(device, PhoneEvent::Answered { op, attempt, answer })
    }

    /// The entry that the server would make of it now.
    pub(super) fn entry(&self, device: Device, op: OpId) -> Entry {
        let enqueue = &self.ops[&op].enqueue;
        let whole = Attachment {
            complete: true,
            hash_matches: true,
        };
        Entry {
            log: CARE,
            seq: self.head() + 1,
            op,
            author: self.owners.get(&device).copied(),
            device: Some(device),
            kind: enqueue.kind,
            payload: enqueue.payload,
            attachments: vec![whole; usize::try_from(enqueue.attachments).unwrap()],
        }
    }

    pub(super) fn head(&self) -> u64 {
        self.epochs.last().unwrap().1.last().map_or(0, |entry| entry.seq)
    }

    pub(super) fn appends(&mut self, entry: Entry) -> &mut Self {
        self.epochs.last_mut().unwrap().1.push(entry.clone());
        self.server(ServerEvent::Appended(entry))
    }

    /// The server stores it under the next number.
    pub(super) fn stores(&mut self, device: Device, op: OpId) -> &mut Self {
        let entry = self.entry(device, op);
        self.appends(entry)
    }

    /// Tried, stored, acknowledged and pulled, with nothing else waiting.
    pub(super) fn sends(&mut self, device: Device, op: OpId) -> &mut Self {
        self.tries(device, op).stores(device, op)
    }

    /// The server goes back to its first `head` entries.
    pub(super) fn goes_back(&mut self, epoch: Epoch, head: u64) -> &mut Self {
        let mut kept = self.epochs.last().unwrap().1.clone();
        kept.retain(|entry| entry.seq <= head);
        self.epochs.push((epoch, kept));
        let heads = [(CARE, head)].into();
        self.server(ServerEvent::Restored { epoch, heads })
    }

    /// A view of the present log up to `cursor`, with the rows drawn behind it.
    pub(super) fn view(&self, epoch: Epoch, cursor: u64, rows: &[(OpId, RowState)]) -> Shown {
        let entries: Vec<FoldedEntry> = self
            .epochs
            .iter()
            .find(|(known, _)| *known == epoch)
            .unwrap()
            .1
            .iter()
            .filter(|entry| entry.seq <= cursor)
            .map(|entry| FoldedEntry {
                seq: entry.seq,
                op: entry.op,
                body: Body::Whole(entry.payload),
            })
            .collect();
        let settled = entries
            .iter()
            .map(|entry| (entry.op, ItemState::Settled(entry.seq)));
        let overlay = rows.iter().map(|(op, state)| match state {
            RowState::Queued | RowState::Sent(_) => (*op, ItemState::Pending),
            RowState::Parked | RowState::NeedsConfirmation => (*op, ItemState::NotSent),
        });
        let items = settled
            .chain(overlay)
            .filter(|(op, _)| {
                self.ops
                    .get(op)
                    .is_none_or(|played| played.enqueue.kind == Kind::Message)
            })
            .map(|(op, state)| Item { op, state })
            .collect();
        let outbox = rows
            .iter()
            .map(|(op, state)| OutboxRow {
                op: *op,
                state: *state,
                local_order: self.ops[op].enqueue.local_order,
                attempts: self.ops[op].attempts,
                reoffered: false,
            })
            .collect();
        let log = LogView {
            log: CARE,
            epoch,
            cursor,
            entries,
            items,
            folded: Some(cursor),
        };
        Shown {
            logs: vec![log],
            outbox,
        }
    }

    /// A device shows the first `cursor` entries of the present log and these rows.
    pub(super) fn shows(&mut self, device: Device, cursor: u64, rows: &[(OpId, RowState)]) -> &mut Self {
        let epoch = self.epochs.last().unwrap().0;
        self.shows_of(device, epoch, cursor, rows)
    }

    /// The same of a given epoch.
    pub(super) fn shows_of(
        &mut self,
        device: Device,
        epoch: Epoch,
        cursor: u64,
        rows: &[(OpId, RowState)],
    ) -> &mut Self {
        let shown = self.view(epoch, cursor, rows);
        self.phone(device, PhoneEvent::Shown(shown))
    }

    pub(super) fn sends_again(&mut self, device: Device, op: OpId) -> &mut Self {
        let local_order = self.next_place(device);
        self.phone(device, PhoneEvent::SentAgain { op, local_order })
    }

    pub(super) fn confirms(&mut self, device: Device, op: OpId) -> &mut Self {
        let local_order = self.next_place(device);
        self.phone(device, PhoneEvent::Confirmed { op, local_order })
    }

    /// Nothing to object to.
    #[track_caller]
    pub(super) fn is_clean(&self) {
        let found = check(&self.history);
        assert!(
            found.is_empty(),
            "objected to a correct history: {}",
            in_words(&found)
        );
    }

    /// Exactly these kinds of objections.
    #[track_caller]
    pub(super) fn is_objected_to(&self, expected: &[(Invariant, Word)]) {
        let found = check(&self.history);
        let kinds: std::collections::BTreeSet<_> = found
            .iter()
            .map(|anomaly| (anomaly.invariant, anomaly.word))
            .collect();
        let expected: std::collections::BTreeSet<_> = expected.iter().copied().collect();
        assert_eq!(kinds, expected, "{}", in_words(&found));
    }
}

fn in_words(found: &[Anomaly]) -> String {
    found
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}
