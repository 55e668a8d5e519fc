//! The phone's side of the model without the network: what its owner does, and what its screen shows.

use super::super::history::{
    Account, Device, Enqueue, Epoch, Fingerprint, FoldedEntry, Item, ItemState, Kind, Lane, LogView, Millis,
    OpId, OutboxRow, PhoneEvent, RowState, Shown,
};
use super::{Bug, CARE, Model};

/// One operation in the outbox.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) op: OpId,
    pub(super) order: u64,
    pub(super) payload: Fingerprint,
    pub(super) state: RowState,
    pub(super) attempts: u32,
    pub(super) reoffered: bool,
    pub(super) born_ms: Millis,
}

/// What one account has on one phone; rows stand in the order in which they go.
#[derive(Debug, Clone, Default)]
pub(super) struct Files {
    pub(super) rows: Vec<Row>,
    pub(super) epoch: Epoch,
    pub(super) replica: Vec<FoldedEntry>,
    pub(super) cursor: u64,
    pub(super) last_order: u64,
    /// The withdrawal, while consent is withdrawn.
    pub(super) withdrawn: Option<OpId>,
}

/// A phone.
#[derive(Debug, Clone)]
pub(super) struct Phone {
    pub(super) device: Device,
    pub(super) account: Account,
    pub(super) files: Files,
}

impl Phone {
    pub(super) fn new(account: Account) -> Self {
        Self {
            device: 0,
            account,
            files: Files::default(),
        }
    }

    pub(super) fn unsent(&self) -> usize {
        let rows = self.files.rows.iter();
        rows.filter(|row| !matches!(row.state, RowState::Sent(_))).count()
    }
}

impl Row {
    fn is_untouched(&self) -> bool {
        self.state == RowState::Queued && self.attempts == 0 && !self.reoffered
    }
}

impl Model {
    fn draft(&mut self, phone: usize, kind: Kind, lane: Lane) -> Enqueue {
        let op = self.next_id();
        let files = &mut self.phones[phone].files;
        files.last_order += 1;
        Enqueue {
            op,
            log: CARE,
            lane,
            kind,
            local_order: files.last_order,
            payload: u64::try_from(op).unwrap_or_default() * 1_000,
            attachments: 0,
            coalescing_key: None,
            replaces: None,
            depends_on: None,
            returned: true,
        }
    }

    /// Commits an enqueue; its row takes the place of `at`, or goes to the tail.
    fn enqueue(&mut self, phone: usize, enqueue: Enqueue, at: Option<usize>) {
        let row = Row {
            op: enqueue.op,
            order: enqueue.local_order,
            payload: enqueue.payload,
            state: RowState::Queued,
            attempts: 0,
            reoffered: false,
            born_ms: self.now_ms,
        };
        self.ops.insert(enqueue.op, enqueue.clone());
        let rows = &mut self.phones[phone].files.rows;
        match at {
            Some(at) => rows[at] = row,
            None => rows.push(row),
        }
        self.note(phone, PhoneEvent::Enqueued(enqueue));
    }

    pub(super) fn say(&mut self, phone: usize, attachments: u32, returned: bool) {
        let mut message = self.draft(phone, Kind::Message, Lane::Talk);
        message.attachments = attachments;
        message.returned = returned;
        self.enqueue(phone, message, None);
    }

    pub(super) fn say_and_die(&mut self, phone: usize, committed: bool) {
        if committed {
            self.say(phone, 0, false);
        } else {
            let mut message = self.draft(phone, Kind::Message, Lane::Talk);
            message.returned = false;
            self.note(phone, PhoneEvent::Enqueued(message));
        }
        self.note(phone, PhoneEvent::Killed);
        self.note(phone, PhoneEvent::Restarted);
    }

    /// Position of the last own message that is still in the outbox, or the message itself when it has settled.
    fn last_message(&self, phone: usize) -> Option<Result<usize, OpId>> {
        let phone = &self.phones[phone];
        let is_message = |op| self.kind(op) == Kind::Message;
        if let Some(at) = phone.files.rows.iter().rposition(|row| is_message(row.op)) {
            return Some(Ok(at));
        }
        let replica = phone.files.replica.iter().rev();
        let author = |op: &OpId| self.authors.get(op).copied();
        replica
            .map(|entry| entry.op)
            .find(|op| is_message(*op) && author(op) == Some(phone.account))
            .map(Err)
    }

    pub(super) fn edit(&mut self, phone: usize) {
        match self.last_message(phone) {
            None => {}
            Some(Ok(at)) if self.phones[phone].files.rows[at].is_untouched() => {
                let row = &mut self.phones[phone].files.rows[at];
                row.payload += 1;
                let (op, payload) = (row.op, row.payload);
                let Some(old) = self.ops.get(&op) else { return };
                let enqueue = Enqueue {
                    payload,
                    replaces: Some(op),
                    returned: true,
                    ..old.clone()
                };
                self.ops.insert(op, enqueue.clone());
                self.note(phone, PhoneEvent::Enqueued(enqueue));
            }
            Some(target) => self.append_about(phone, target),
        }
    }

    pub(super) fn delete(&mut self, phone: usize) {
        match self.last_message(phone) {
            None => {}
            Some(Ok(at)) if self.phones[phone].files.rows[at].is_untouched() => {
                let row = self.phones[phone].files.rows.remove(at);
                self.note(phone, PhoneEvent::Discarded(row.op));
            }
            Some(target) => self.append_about(phone, target),
        }
    }

    /// An edit or deletion as an operation of its own.
    fn append_about(&mut self, phone: usize, target: Result<usize, OpId>) {
        let mut about = self.draft(phone, Kind::Other, Lane::Talk);
        if let Ok(at) = target {
            let row = &self.phones[phone].files.rows[at];
            if !matches!(row.state, RowState::Queued | RowState::Sent(_)) {
                return;
            }
            about.depends_on = Some(row.op);
        }
        self.enqueue(phone, about, None);
    }

    pub(super) fn walk(&mut self, phone: usize) {
        if self.phones[phone].account != super::PARTICIPANT {
            return;
        }
        let steps = self.steps.entry(phone).or_default();
        *steps += 100;
        let total = *steps;
        let key = u64::try_from(phone).unwrap_or_default();
        let replaces_sent = self.has(Bug::ReplaceSentTotals);
        let rows = &self.phones[phone].files.rows;
        let is_older = |row: &Row| {
            let same = self
                .ops
                .get(&row.op)
                .is_some_and(|old| old.coalescing_key == Some(key));
            same && (row.is_untouched() || (replaces_sent && row.state == RowState::Queued))
        };
        let at = rows
            .iter()
            .position(is_older)
            .filter(|_| !self.has(Bug::PileUpTotals));
        let mut reading = self.draft(phone, Kind::Other, Lane::Readings);
        reading.coalescing_key = Some(key);
        if let Some(at) = at {
            let old = &self.phones[phone].files.rows[at];
            (reading.replaces, reading.local_order) = (Some(old.op), old.order);
        }
        self.totals.insert(reading.op, (phone, total));
        self.enqueue(phone, reading, at);
    }

    pub(super) fn steps_on_screen(&self, phone: usize) -> Option<u32> {
        let mut by_phone = std::collections::BTreeMap::new();
        for entry in &self.phones[phone].files.replica {
            if let Some((owner, total)) = self.totals.get(&entry.op) {
                let day: &mut u32 = by_phone.entry(*owner).or_default();
                *day = if self.has(Bug::SumRevisions) {
                    *day + total
                } else {
                    (*day).max(*total)
                };
            }
        }
        by_phone.into_values().max()
    }

    /// Takes a row and all that depends on it out of the lane.
    pub(super) fn set_aside(&mut self, phone: usize, op: OpId, state: RowState) {
        let mut aside = vec![op];
        for at in 0..self.phones[phone].files.rows.len() {
            let row = &self.phones[phone].files.rows[at];
            let depends_on = self.ops.get(&row.op).and_then(|enqueue| enqueue.depends_on);
            let follows = depends_on.is_some_and(|target| aside.contains(&target))
                && row.state == RowState::Queued
                && !self.has(Bug::LeaveDependents);
            if row.op == op || follows {
                aside.push(row.op);
                self.phones[phone].files.rows[at].state = state;
            }
        }
        if self.has(Bug::DropParked) && state == RowState::Parked {
            self.phones[phone].files.rows.retain(|row| row.state != state);
        }
    }

    fn move_to_tail(&mut self, phone: usize, at: usize, in_place: bool) -> (OpId, u64) {
        let now_ms = self.now_ms;
        let files = &mut self.phones[phone].files;
        files.last_order += 1;
        let mut row = files.rows.remove(at);
        row.order = files.last_order;
        row.state = RowState::Queued;
        row.reoffered = false;
        row.born_ms = now_ms;
        let placed = (row.op, row.order);
        let at = if in_place { at } else { files.rows.len() };
        files.rows.insert(at, row);
        placed
    }

    fn position(&self, phone: usize, is_it: impl Fn(&Row) -> bool) -> Option<usize> {
        self.phones[phone].files.rows.iter().position(is_it)
    }

    /// The first row in that state which follows nothing that is set aside itself.
    fn first_aside(&self, phone: usize, state: RowState) -> Option<usize> {
        let rows = &self.phones[phone].files.rows;
        let is_aside = |op| {
            let asides = |row: &&Row| matches!(row.state, RowState::Parked | RowState::NeedsConfirmation);
            rows.iter().filter(asides).any(|row| row.op == op)
        };
        let depends_on = |op| self.ops.get(&op).and_then(|enqueue| enqueue.depends_on);
        self.position(phone, |row| {
            row.state == state && !depends_on(row.op).is_some_and(is_aside)
        })
    }

    pub(super) fn send_again(&mut self, phone: usize) {
        if let Some(at) = self.first_aside(phone, RowState::Parked) {
            let (op, local_order) = self.move_to_tail(phone, at, self.has(Bug::SendAgainInPlace));
            self.note(phone, PhoneEvent::SentAgain { op, local_order });
        }
    }

    pub(super) fn confirm(&mut self, phone: usize) {
        if let Some(at) = self.first_aside(phone, RowState::NeedsConfirmation) {
            let (op, local_order) = self.move_to_tail(phone, at, self.has(Bug::ConfirmInPlace));
            self.note(phone, PhoneEvent::Confirmed { op, local_order });
        }
    }

    pub(super) fn discard(&mut self, phone: usize) {
        let is_aside = |row: &Row| matches!(row.state, RowState::Parked | RowState::NeedsConfirmation);
        let Some(at) = self.position(phone, is_aside) else {
            return;
        };
        let mut gone = vec![self.phones[phone].files.rows[at].op];
        let rows = std::mem::take(&mut self.phones[phone].files.rows);
        for row in rows {
            let depends_on = self.ops.get(&row.op).and_then(|enqueue| enqueue.depends_on);
            if gone.contains(&row.op) || depends_on.is_some_and(|target| gone.contains(&target)) {
                gone.push(row.op);
                self.note(phone, PhoneEvent::Discarded(row.op));
            } else {
                self.phones[phone].files.rows.push(row);
            }
        }
    }

    pub(super) fn withdraw(&mut self, phone: usize) {
        if self.phones[phone].account != super::PARTICIPANT || self.phones[phone].files.withdrawn.is_some() {
            return;
        }
        let withdrawal = self.draft(phone, Kind::ConsentWithdrawn, Lane::Talk);
        self.phones[phone].files.withdrawn = Some(withdrawal.op);
        self.enqueue(phone, withdrawal, None);
        // It goes ahead of everything.
        self.phones[phone].files.rows.rotate_right(1);
    }

    pub(super) fn consent(&mut self, phone: usize) {
        let Some(withdrawal) = self.phones[phone].files.withdrawn.take() else {
            return;
        };
        let consent = self.draft(phone, Kind::ConsentGiven, Lane::Talk);
        let consent_op = consent.op;
        self.enqueue(phone, consent, None);
        if self.has(Bug::ReleaseInPlace) {
            self.phones[phone].files.rows.rotate_right(1);
        }
        let rows = self.phones[phone].files.rows.iter();
        let held: Vec<OpId> = rows
            .filter(|row| row.state == RowState::Queued && row.op != withdrawal && row.op != consent_op)
            .map(|row| row.op)
            .collect();
        for op in held {
            if self.has(Bug::ReleaseInPlace) {
                break;
            }
            if let Some(at) = self.position(phone, |row| row.op == op) {
                let (op, local_order) = self.move_to_tail(phone, at, false);
                self.note(phone, PhoneEvent::SentAgain { op, local_order });
            }
        }
    }

    pub(super) fn show(&mut self, phone: usize) {
        let shown = self.screen(phone);
        self.note(phone, PhoneEvent::Shown(shown));
    }

    pub(super) fn screen(&self, phone: usize) -> Shown {
        let files = &self.phones[phone].files;
        let settled = files.replica.iter();
        let mut items: Vec<Item> = settled
            .map(|entry| (entry.op, ItemState::Settled(entry.seq)))
            .chain(files.rows.iter().map(|row| {
                let state = match row.state {
                    RowState::Queued | RowState::Sent(_) => ItemState::Pending,
                    RowState::Parked | RowState::NeedsConfirmation => ItemState::NotSent,
                };
                (row.op, state)
            }))
            .map(|(op, state)| Item { op, state })
            .collect();
        items.retain(|item| self.kind(item.op) == Kind::Message);
        let drift = u64::from(self.has(Bug::FoldDifferently) && phone == 2);
        let view = LogView {
            log: CARE,
            epoch: files.epoch,
            cursor: files.cursor,
            entries: files.replica.clone(),
            items,
            folded: Some(files.cursor * 2 + drift),
        };
        let outbox = files
            .rows
            .iter()
            .map(|row| OutboxRow {
                op: row.op,
                state: row.state,
                local_order: row.order,
                attempts: row.attempts,
                reoffered: row.reoffered,
            })
            .collect();
        // A phone that has never pulled has no replica yet.
        let logs = if files.epoch == 0 { Vec::new() } else { vec![view] };
        Shown { logs, outbox }
    }
}
