//! The exchange of the model: push, pull, the server's log, and what a changed epoch asks for.

use super::super::history::{
    Answer, Attachment, Body, Entry, FoldedEntry, Kind, Lane, OpId, PhoneEvent, RequestEnd, RowState,
    ServerEvent, Target,
};
use super::phone::Row;
use super::{Bug, CARE, Fate, HOUR_MS, Model, PARTICIPANT, Request};

/// Age from which a message is asked about.
const OLD_MS: u64 = 24 * HOUR_MS;
/// What a failure costs.
const FAILED: RequestEnd = RequestEnd::Failure { asked_wait_ms: 0 };

/// What the server answers to a push.
pub(super) enum Verdict {
    Stored(u64),
    Refused,
    /// Pull first, or consent is withdrawn.
    NotNow,
}

impl Model {
    /// The row that would go now: the first queued one of the lane, or the withdrawal alone.
    fn next_row(&self, phone: usize, lane: Lane) -> Option<usize> {
        let files = &self.phones[phone].files;
        let may_go = |row: &Row| {
            let held = files.withdrawn.is_some_and(|withdrawal| withdrawal != row.op);
            let asked = row.state == RowState::NeedsConfirmation && self.has(Bug::SendUnconfirmed);
            (row.state == RowState::Queued || asked)
                && self.lane(row.op) == lane
                && (!held || self.has(Bug::IgnoreWithdrawal))
        };
        if self.has(Bug::OvertakeInTheLane) {
            files.rows.iter().rposition(may_go)
        } else {
            files.rows.iter().position(may_go)
        }
    }

    fn is_old(&self, row: &Row) -> bool {
        self.kind(row.op) == Kind::Message
            && row.state == RowState::Queued
            && !row.reoffered
            && self.now_ms.saturating_sub(row.born_ms) >= OLD_MS
    }

    pub(super) fn push(&mut self, phone: usize, lane: Lane, fate: Fate) {
        // Old messages leave the lane first, after a pull when they may have arrived long ago.
        while let Some(at) = self.next_row(phone, lane) {
            let row = self.phones[phone].files.rows[at].clone();
            if !self.is_old(&row) {
                break;
            }
            if row.attempts > 0 {
                self.pull(phone, false);
            }
            if self.phones[phone]
                .files
                .rows
                .iter()
                .any(|left| left.op == row.op && self.is_old(left))
            {
                self.set_aside(phone, row.op, RowState::NeedsConfirmation);
                self.show(phone);
            }
        }
        let Some(at) = self.next_row(phone, lane) else {
            return;
        };
        let device = self.device(phone);
        let account = self.phones[phone].account;
        let row = &mut self.phones[phone].files.rows[at];
        row.attempts += 1;
        let (op, attempt, mut payload) = (row.op, row.attempts, row.payload);
        if self.has(Bug::NewBytesPerAttempt) {
            payload += u64::from(attempt) - 1;
        }
        let target = Target::Lane(CARE.case, lane);
        let deadline_ms = 30_000;
        self.note(phone, PhoneEvent::RequestStarted { target, deadline_ms });
        self.note(phone, PhoneEvent::Attempted { op, payload, attempt });
        let complete = !self.has(Bug::TakeHalfPhotos);
        let photo = Attachment {
            complete,
            hash_matches: true,
        };
        let photos = self.ops.get(&op).map_or(0, |enqueue| enqueue.attachments);
        let sent_op = if self.has(Bug::NewIdPerAttempt) && attempt > 1 {
            self.next_id()
        } else {
            op
        };
        let request = Request {
            entry: Entry {
                log: CARE,
                seq: 0,
                op: sent_op,
                author: Some(account),
                device: Some(device),
                kind: self.kind(op),
                payload,
                attachments: vec![photo; usize::try_from(photos).unwrap_or(0)],
            },
            epoch: self.phones[phone].files.epoch,
        };
        let verdict = match fate {
            Fate::RequestLost => None,
            Fate::Late => {
                self.late.push(request);
                None
            }
            Fate::ResponseLost => {
                self.accept(&request);
                None
            }
            Fate::Twice => {
                self.accept(&request);
                Some(self.accept(&request))
            }
            Fate::Arrives => Some(self.accept(&request)),
            // Whoever knows the entry answers with it, whatever else it would say.
            Fate::Refused if self.place(op).is_some() => Some(self.accept(&request)),
            Fate::Refused => Some(Verdict::Refused),
        };
        let end = match verdict {
            Some(Verdict::Stored(seq)) => {
                self.note(
                    phone,
                    PhoneEvent::Answered {
                        op,
                        attempt,
                        answer: Answer::Stored,
                    },
                );
                if self.has(Bug::RemoveAtAcknowledgement) {
                    self.phones[phone].files.rows.remove(at);
                } else {
                    self.phones[phone].files.rows[at].state = RowState::Sent(seq);
                }
                RequestEnd::Progress
            }
            Some(Verdict::Refused) => {
                self.note(
                    phone,
                    PhoneEvent::Answered {
                        op,
                        attempt,
                        answer: Answer::Refused,
                    },
                );
                self.set_aside(phone, op, RowState::Parked);
                RequestEnd::Progress
            }
            Some(Verdict::NotNow) | None => FAILED,
        };
        let never_ends = self.has(Bug::WaitForEver) && end == FAILED;
        if !never_ends {
            self.note(phone, PhoneEvent::RequestEnded { target, end });
        }
        if self.has(Bug::RetryAtOnce) && end == FAILED {
            for _ in 0..100 {
                self.note(phone, PhoneEvent::RequestStarted { target, deadline_ms });
                self.note(phone, PhoneEvent::RequestEnded { target, end });
            }
        }
    }

    fn place(&self, op: OpId) -> Option<&Entry> {
        self.log.iter().find(|entry| entry.op == op)
    }

    /// The server takes a request: one transaction.
    pub(super) fn accept(&mut self, request: &Request) -> Verdict {
        if request.epoch != self.epoch {
            return Verdict::NotNow;
        }
        if let Some(stored) = self.place(request.entry.op)
            && !self.has(Bug::SkipTheDedupe)
        {
            return if stored.payload == request.entry.payload {
                Verdict::Stored(stored.seq)
            } else {
                Verdict::Refused
            };
        }
        let is_consent = matches!(request.entry.kind, Kind::ConsentGiven | Kind::ConsentWithdrawn);
        let needs_consent = request.entry.author == Some(PARTICIPANT) && !is_consent;
        if needs_consent && !self.has_consent() && !self.has(Bug::IgnoreWithdrawal) {
            return Verdict::NotNow;
        }
        let mut entry = request.entry.clone();
        entry.seq = self.head() + if self.has(Bug::BurnNumbers) { 2 } else { 1 };
        let seq = entry.seq;
        self.log.push(entry.clone());
        self.authors.extend(entry.author.map(|author| (entry.op, author)));
        self.server(ServerEvent::Appended(entry));
        Verdict::Stored(seq)
    }

    pub(super) fn pull(&mut self, phone: usize, lost: bool) {
        let target = Target::Pull;
        let deadline_ms = 30_000;
        self.note(phone, PhoneEvent::RequestStarted { target, deadline_ms });
        let account = self.phones[phone].account;
        self.server(ServerEvent::Served { account, log: CARE });
        if lost {
            self.note(phone, PhoneEvent::RequestEnded { target, end: FAILED });
            return;
        }
        let epoch_changed = self.phones[phone].files.epoch != self.epoch;
        let cursor = if epoch_changed {
            0
        } else {
            self.phones[phone].files.cursor
        };
        let mut page: Vec<FoldedEntry> = self
            .log
            .iter()
            .filter(|entry| entry.seq > cursor)
            .map(|entry| FoldedEntry {
                seq: entry.seq,
                op: entry.op,
                body: Body::Whole(entry.payload),
            })
            .collect();
        let reached = page.last().map_or(cursor, |entry| entry.seq);
        if self.has(Bug::SkipAnEntry) && page.len() > 1 {
            page.remove(0);
        }
        let keeps_rows = self.has(Bug::KeepSettledRows);
        let forgets = self.has(Bug::ForgetTheCursor);
        let files = &mut self.phones[phone].files;
        let old = if epoch_changed {
            std::mem::take(&mut files.replica)
        } else {
            Vec::new()
        };
        files.epoch = self.epoch;
        if !forgets || epoch_changed {
            files.cursor = reached;
        }
        files.replica.extend(page);
        let settled: Vec<OpId> = files.replica.iter().map(|entry| entry.op).collect();
        files.rows.retain(|row| keeps_rows || !settled.contains(&row.op));
        if epoch_changed {
            self.offer_again(phone, &old);
        }
        self.note(
            phone,
            PhoneEvent::RequestEnded {
                target,
                end: RequestEnd::Progress,
            },
        );
    }

    /// What this account wrote and the new log has not goes back to the outbox, in its old order, ahead of what waits.
    fn offer_again(&mut self, phone: usize, old: &[FoldedEntry]) {
        let account = self.phones[phone].account;
        let mut offers = Vec::new();
        for entry in old {
            let wrote = self.authors.get(&entry.op).copied();
            let mine = wrote == Some(account) || self.has(Bug::OfferOthers);
            let Body::Whole(payload) = entry.body else {
                continue;
            };
            if mine && self.place(entry.op).is_none() && !self.has(Bug::OfferNothing) {
                offers.push(Row {
                    op: entry.op,
                    order: 0,
                    payload,
                    state: RowState::Queued,
                    attempts: 1,
                    reoffered: true,
                    born_ms: self.now_ms,
                });
            }
        }
        if self.has(Bug::OfferBackwards) {
            offers.reverse();
        }
        // What was acknowledged and not pulled goes again too, behind what was pulled, in its own order.
        let rows = &mut self.phones[phone].files.rows;
        let (mut sent, waiting): (Vec<Row>, Vec<Row>) = std::mem::take(rows)
            .into_iter()
            .partition(|row| matches!(row.state, RowState::Sent(_)));
        sent.sort_by_key(|row| row.order);
        for row in &mut sent {
            row.state = RowState::Queued;
            row.reoffered = true;
        }
        *rows = sent;
        rows.extend(waiting);
        let at = if self.bug == Some(Bug::OfferAtTheTail) {
            rows.len()
        } else {
            0
        };
        rows.splice(at..at, offers);
    }
}
