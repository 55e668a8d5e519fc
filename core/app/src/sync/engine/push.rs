//! Which operations leave, in which order, and what becomes of them.
//!
//! A lane is sent from its head. What stops the head stops the lane, except what has left it: a parked operation, a message that
//! waits for its author. Source: sync.md 4.

use std::collections::BTreeMap;
use std::time::Duration;

use ayumi_protocol::cursor::{Lane, LogName};
use ayumi_protocol::id::OpId;
use ayumi_protocol::kind::Kind;
use ayumi_protocol::limits;
use ayumi_protocol::operation::RawOperation;
use ayumi_protocol::problem::{ProblemClass, ProblemCode};
use ayumi_protocol::push::{OperationOutcome, PushAnswer, PushRequest};

use super::memory::{Flight, PushFlight};
use super::request::{HttpAnswer, NoAnswer, Trouble};
use super::retry::{Retry, delay};
use super::verdict::{self, Verdict};
use super::{Call, Step, is_own_case};
use crate::case::{self, Consent};
use crate::deliberate::{Bug, is_made};
use crate::store::StoreError;
use crate::sync::account::Account;
use crate::sync::outbox::{self, OperationState, Outgoing, sql};
use crate::sync::replica;
use crate::sync::uploads;
use crate::time::DAY_MS;

/// A message that could not be sent for this long is not sent without asking its author.
const OLD_MS: i64 = DAY_MS;
/// Bytes of a push around its operations, rounded up.
const AROUND_BYTES: usize = 1024;

/// What an account with a case may send at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    Open,
    /// Consent waits to be given or withdrawn: that first, alone.
    ConsentFirst,
    /// Nothing: consent was withdrawn, or is asked for.
    Closed,
}

/// What the head of a lane allows.
enum Head {
    /// Send these.
    Batch(Vec<Outgoing>),
    /// Nothing can be sent.
    Nothing,
    /// Something left the lane: look again.
    Changed,
}

impl Step<'_> {
    pub(super) fn push(&mut self, account: &Account) -> Result<(), StoreError> {
        crate::app::report_due(self.tx, self.now.wall, self.random)?;
        self.forget_what_was_found()?;
        for (log, lane) in sql::lanes_with_work(self.tx)? {
            let is_flying =
                self.memory.flights.values().any(
                    |flight| matches!(flight, Flight::Push(push) if push.log == log && push.lane == lane),
                );
            if is_flying {
                continue;
            }
            let retry = self.memory.lanes.get(&(log, lane)).copied().unwrap_or_default();
            if self.is_due(retry) {
                self.push_lane(account, log, lane)?;
            }
        }
        Ok(())
    }

    fn push_lane(&mut self, account: &Account, log: LogName, lane: Lane) -> Result<(), StoreError> {
        let Some(replica) = replica::growing(self.tx, log)? else {
            return Ok(());
        };
        // The log is being read again after the server was restored: what is lost has to be offered first.
        if !replica.is_shown {
            return Ok(());
        }
        let mut batch = match self.gate(account, log)? {
            Gate::ConsentFirst if lane == Lane::Talk => {
                // What she said of it earlier goes with it, before it: a copy that is still under way comes too late then.
                let mut said = sql::unsent_consent(self.tx, log)?;
                // If one of them may be what kills the process, or what the server cannot read, they go one by one.
                let is_suspect = said.iter().any(|outgoing| outgoing.unresolved >= 2);
                said.truncate(if is_suspect { 1 } else { limits::PUSH_OPERATIONS });
                said
            }
            Gate::Closed | Gate::ConsentFirst => return Ok(()),
            Gate::Open => loop {
                match self.head(log, lane)? {
                    Head::Batch(batch) => break batch,
                    Head::Nothing => return Ok(()),
                    Head::Changed => {}
                }
            },
        };
        let mut operations = Vec::with_capacity(batch.len());
        let mut op_ids = Vec::with_capacity(batch.len());
        for outgoing in &mut batch {
            sql::claim(self.tx, outgoing.operation.op_id)?;
            self.memory.tried.insert(outgoing.operation.op_id);
            if outgoing.attempts == 1 && is_made(Bug::NewIdAtSecondTry) {
                outgoing.operation.op_id = OpId::from_uuid(self.new_uuid());
            }
            let raw = RawOperation::of(&outgoing.operation).map_err(|_| StoreError::Bug {
                where_: "every operation has a form in JSON",
            })?;
            operations.push(raw);
            op_ids.push(outgoing.operation.op_id);
        }
        if op_ids.is_empty() {
            return Ok(());
        }
        let request = PushRequest {
            log,
            epoch: replica.cursor.epoch,
            lane,
            operations,
        };
        let call = Call::post::<_, PushAnswer>("/v1/push", &request)?;
        let generation = self.memory.generation();
        let flight = PushFlight {
            log,
            lane,
            op_ids,
            epoch: replica.cursor.epoch,
            generation,
            consents: self.memory.consents,
        };
        self.send(Flight::Push(flight), call);
        Ok(())
    }

    /// Whether consent stands before everything else. Uploads obey it too.
    pub(super) fn is_closed(&self, account: &Account, log: LogName) -> Result<bool, StoreError> {
        Ok(self.gate(account, log)? != Gate::Open)
    }

    fn gate(&self, account: &Account, log: LogName) -> Result<Gate, StoreError> {
        if !is_own_case(account, log) || is_made(Bug::SendsWithoutConsent) {
            return Ok(Gate::Open);
        }
        // What she said last counts on this phone at once, whether it has come back from the server or not.
        let last = sql::last_consent(self.tx, log.case_id)?;
        let is_withdrawn = match last {
            Some((Kind::ConsentWithdrawn, OperationState::Queued)) => return Ok(Gate::ConsentFirst),
            // Consent stands in its lane before what was said after it, so it need not overtake anything: it does so only if the
            // server takes nothing without it.
            Some((Kind::ConsentGiven, OperationState::Queued)) => {
                return Ok(if self.memory.needs_consent {
                    Gate::ConsentFirst
                } else {
                    Gate::Open
                });
            }
            Some((kind, _)) => kind == Kind::ConsentWithdrawn,
            None => {
                case::record(self.tx, log.case_id)?.is_some_and(|record| record.consent == Consent::Withdrawn)
            }
        };
        Ok(if is_withdrawn || self.memory.needs_consent {
            Gate::Closed
        } else {
            Gate::Open
        })
    }

    /// The operations at the head of a lane that can be sent together.
    fn head(&mut self, log: LogName, lane: Lane) -> Result<Head, StoreError> {
        let mut batch: Vec<Outgoing> = Vec::new();
        let mut bytes = AROUND_BYTES;
        let mut waiting = sql::next_of_lane(self.tx, log, lane, limits::PUSH_OPERATIONS)?;
        if is_made(Bug::LastFirst) {
            waiting.reverse();
        }
        for outgoing in waiting {
            let op_id = outgoing.operation.op_id;
            if self.is_old(&outgoing) {
                if outgoing.attempts == 0 || self.was_looked_for(log, op_id) {
                    outbox::ask(self.tx, op_id)?;
                    self.memory.pull.looked_for.remove(&log);
                    return Ok(Head::Changed);
                }
                break;
            }
            match self.parent(&outgoing, &batch)? {
                Parent::Sent => {}
                Parent::Waits => break,
                Parent::Left => return Ok(Head::Changed),
            }
            if !uploads::sql::files_are_complete(self.tx, log, op_id)? {
                break;
            }
            if !self.may_try(&outgoing) {
                break;
            }
            // One that was claimed twice without an outcome may be what kills the process: it goes alone.
            let is_suspect = outgoing.unresolved >= 2;
            if is_suspect && !batch.is_empty() {
                break;
            }
            // Rounded up: what stands around a body has a fixed size.
            let length = outgoing
                .operation
                .body
                .as_str()
                .len()
                .saturating_add(limits::OPERATION_BYTES.saturating_sub(limits::BODY_BYTES));
            bytes = bytes.saturating_add(length);
            if bytes > limits::PUSH_BYTES && !batch.is_empty() {
                break;
            }
            batch.push(outgoing);
            if is_suspect {
                break;
            }
        }
        Ok(if batch.is_empty() {
            Head::Nothing
        } else {
            Head::Batch(batch)
        })
    }

    fn is_old(&self, outgoing: &Outgoing) -> bool {
        self.config.asks_about_old_messages
            && outgoing.kind() == Some(Kind::MessagePosted)
            && self.now.wall.since(outgoing.old_from) > OLD_MS
    }

    /// Old messages that came back by a pull, or are no longer old, need not be looked for: another attempt would begin anew.
    fn forget_what_was_found(&mut self) -> Result<(), StoreError> {
        let mut looked_for = std::mem::take(&mut self.memory.pull.looked_for);
        let mut found = Vec::new();
        for (log, (op_id, _)) in &looked_for {
            let outgoing = sql::find(self.tx, *op_id)?;
            if !outgoing
                .is_some_and(|outgoing| outgoing.state == OperationState::Queued && self.is_old(&outgoing))
            {
                found.push(*log);
            }
        }
        for log in found {
            looked_for.remove(&log);
        }
        self.memory.pull.looked_for = looked_for;
        Ok(())
    }

    /// Whether its log was read to its end since a message that was tried had to be looked for in it; asks for that if not.
    fn was_looked_for(&mut self, log: LogName, op_id: OpId) -> bool {
        let pull = &mut self.memory.pull;
        let next = pull.started.saturating_add(1);
        let looked_for = pull.looked_for.entry(log).or_insert((op_id, next));
        if looked_for.0 != op_id {
            *looked_for = (op_id, next);
        }
        let needed = looked_for.1;
        let is_since =
            |pulls: &BTreeMap<LogName, u64>| pulls.get(&log).is_some_and(|number| *number >= needed);
        if is_since(&pull.completed) {
            return true;
        }
        let is_asked = is_since(&pull.asked);
        let retry = pull.by_log.get(&log).copied().unwrap_or_default();
        // Pages of a log wait for its snapshot, and a log that failed alone for its own delay.
        if !is_asked && self.memory.snapshots.turn != Some(log) && self.is_due(retry) {
            self.memory.pull.is_wanted = true;
            self.interrupt_long_poll();
        }
        false
    }

    /// Where the operation stands that has to be sent before this one.
    fn parent(&mut self, outgoing: &Outgoing, batch: &[Outgoing]) -> Result<Parent, StoreError> {
        let Some(parent_id) = outgoing.depends_on else {
            return Ok(Parent::Sent);
        };
        if batch.iter().any(|earlier| earlier.operation.op_id == parent_id) {
            return Ok(Parent::Sent);
        }
        let op_id = outgoing.operation.op_id;
        let Some(parent) = sql::find(self.tx, parent_id)? else {
            return Ok(Parent::Sent);
        };
        match parent.state {
            OperationState::Sent => Ok(Parent::Sent),
            OperationState::Queued => Ok(Parent::Waits),
            OperationState::Parked => {
                outbox::park(self.tx, op_id, outbox::park_reason::PARENT_PARKED)?;
                Ok(Parent::Left)
            }
            OperationState::NeedsConfirmation => {
                outbox::ask(self.tx, op_id)?;
                Ok(Parent::Left)
            }
        }
    }

    /// An operation whose claims had no outcome is tried ever later after each start, and no kick shortens that.
    fn may_try(&mut self, outgoing: &Outgoing) -> bool {
        if outgoing.unresolved < Outgoing::SUSPECT || self.memory.tried.contains(&outgoing.operation.op_id) {
            return true;
        }
        // Without jitter, so that the moment is the same whenever it is asked for.
        let wait = delay(outgoing.unresolved, &NoJitter);
        let at = self.memory.started_at.saturating_add(wait);
        if at <= self.now.monotonic {
            return true;
        }
        if self.may_wait() {
            self.wake(at);
        }
        false
    }

    pub(super) fn pushed(
        &mut self,
        flight: &PushFlight,
        result: &Result<HttpAnswer, NoAnswer>,
    ) -> Result<(), StoreError> {
        let PushFlight {
            log,
            lane,
            ref op_ids,
            generation,
            ..
        } = *flight;
        self.memory.has_pushed = true;
        match verdict::of_json::<PushAnswer>(result, self.now.wall) {
            Verdict::Done(answer) => {
                self.note_success();
                self.not_suspended()?;
                self.lane(log, lane).succeed();
                self.memory.pull.is_wanted = true;
                self.interrupt_long_poll_once_settling();
                let present = replica::growing(self.tx, log)?.map(|replica| replica.cursor.epoch);
                let is_late = present.is_some_and(|epoch| epoch != flight.epoch);
                if is_late && !is_made(Bug::TakesLateAnswers) {
                    // What it stored, the server has lost since, and this phone knows it: nothing would ever bring it back.
                    return self.resolve(op_ids, None);
                }
                self.take_results(flight, &answer)
            }
            Verdict::Again { trouble, asked } => {
                if is_made(Bug::LosesOnFailure) {
                    for op_id in op_ids {
                        sql::delete(self.tx, *op_id)?;
                    }
                }
                // That nobody answered is an outcome too: only a process that died in between leaves none.
                self.resolve(op_ids, Some("transient"))?;
                self.lane_failed(log, lane, trouble, asked);
                Ok(())
            }
            Verdict::Refused { code } => {
                self.resolve(op_ids, Some(code.as_str()))?;
                if self.is_about_session(&code, generation)? {
                    return Ok(());
                }
                self.refused_whole(flight, &code)
            }
        }
    }

    /// What became of each operation.
    fn take_results(&mut self, flight: &PushFlight, answer: &PushAnswer) -> Result<(), StoreError> {
        // Results stand in the order of the operations, and name them; one that names another is no result.
        for (op_id, result) in flight.op_ids.iter().zip(&answer.results) {
            if result.op_id.is_some_and(|named| named != *op_id) {
                self.lane_failed(flight.log, flight.lane, Trouble::ServerTrouble, None);
                return Ok(());
            }
            match &result.outcome {
                OperationOutcome::Stored { seq, recorded_at_ms }
                | OperationOutcome::Duplicate { seq, recorded_at_ms } => {
                    self.stored(*op_id, *seq, (*recorded_at_ms).into())?;
                }
                OperationOutcome::Refused(refusal) => {
                    sql::resolve(self.tx, *op_id, Some(refusal.code.as_str()))?;
                    let asked = refusal.retry_after_ms.map(Duration::from_millis);
                    self.refused(flight, *op_id, &refusal.code, asked)?;
                }
                OperationOutcome::NotTried => sql::resolve(self.tx, *op_id, None)?,
                OperationOutcome::Unknown => {
                    self.lane_failed(flight.log, flight.lane, Trouble::ServerTrouble, None);
                }
            }
        }
        if answer.results.len() < flight.op_ids.len() {
            self.lane_failed(flight.log, flight.lane, Trouble::ServerTrouble, None);
        }
        Ok(())
    }

    fn stored(
        &mut self,
        op_id: OpId,
        seq: ayumi_protocol::cursor::Seq,
        recorded_at: crate::time::UtcMillis,
    ) -> Result<(), StoreError> {
        self.memory.exchanged.sent = self.memory.exchanged.sent.saturating_add(1);
        let Some(outgoing) = sql::find(self.tx, op_id)? else {
            // Its entry was pulled before the answer came.
            return Ok(());
        };
        if outgoing.kind() == Some(Kind::ConsentGiven) {
            self.memory.needs_consent = false;
            self.memory.consents = self.memory.consents.saturating_add(1);
        }
        sql::set_sent(self.tx, op_id, seq, recorded_at)?;
        // It was sent before this phone lost its copy of the log, and came back without its name.
        if replica::is_thinned(self.tx, outgoing.log, seq)? {
            let subject = replica::settle_thinned(self.tx, self.now.wall, op_id)?;
            if let Some(subject) = subject {
                crate::readings::reconsider(self.tx, outgoing.log, &subject)?;
            }
        }
        self.tx.notify(crate::store::Topic::Outbox);
        Ok(())
    }

    /// The push as a whole was refused: no operation of it was tried.
    fn refused_whole(&mut self, flight: &PushFlight, code: &ProblemCode) -> Result<(), StoreError> {
        match code {
            ProblemCode::NotFound => {
                // The log is not hers any more, or the server lost the case: only a pull can tell.
                self.memory.pull.is_wanted = true;
                self.lane_failed(flight.log, flight.lane, Trouble::ServerTrouble, None);
                Ok(())
            }
            ProblemCode::TooLarge | ProblemCode::Malformed | ProblemCode::InvalidValue
                if flight.op_ids.len() > 1 =>
            {
                // One of them is to blame: they go one by one, and the one is found.
                for op_id in &flight.op_ids {
                    sql::send_alone(self.tx, *op_id)?;
                }
                Ok(())
            }
            _ => match flight.op_ids.first() {
                Some(first) => self.refused(flight, *first, code, None),
                None => Ok(()),
            },
        }
    }

    /// One operation was refused.
    fn refused(
        &mut self,
        flight: &PushFlight,
        op_id: OpId,
        code: &ProblemCode,
        asked: Option<Duration>,
    ) -> Result<(), StoreError> {
        let PushFlight { log, lane, .. } = *flight;
        match code.class() {
            ProblemClass::Permanent => outbox::park(self.tx, op_id, code.as_str())?,
            ProblemClass::Transient => self.lane_failed(log, lane, Trouble::ServerTrouble, asked),
            ProblemClass::Blocked => match code {
                ProblemCode::ConsentRequired | ProblemCode::ConsentWithdrawn => {
                    self.consent_refused(flight)?;
                }
                _ => {
                    self.is_about_session(code, flight.generation)?;
                }
            },
            ProblemClass::Dependency => match code {
                ProblemCode::AttachmentIncomplete => {
                    uploads::sql::files_are_incomplete(self.tx, log, op_id)?;
                    self.memory.offsets.retain(|(of, _), _| *of != log);
                    // A server that keeps saying so is not asked faster than any other that fails.
                    self.lane_failed(log, lane, Trouble::ServerTrouble, None);
                }
                ProblemCode::EpochChanged => {
                    self.memory.pull.is_wanted = true;
                    self.interrupt_long_poll();
                    self.lane_failed(log, lane, Trouble::ServerTrouble, None);
                }
                // The server is older than this app: what it cannot take is held back until it can.
                _ => self.hold(log, lane),
            },
        }
        Ok(())
    }

    /// The participant is asked for consent; staff wait until she has given it.
    fn consent_refused(&mut self, flight: &PushFlight) -> Result<(), StoreError> {
        let PushFlight { log, lane, .. } = *flight;
        let account = crate::sync::account::read(self.tx)?;
        if account.is_some_and(|account| is_own_case(&account, log)) {
            // A refusal that crossed her consent on its way is out of date.
            self.memory.needs_consent = flight.consents == self.memory.consents;
        } else {
            self.hold(log, lane);
        }
        Ok(())
    }

    fn hold(&mut self, log: LogName, lane: Lane) {
        let (now, random) = (self.now.monotonic, self.random);
        self.lane(log, lane).hold(now, random);
    }

    fn lane_failed(&mut self, log: LogName, lane: Lane, trouble: Trouble, asked: Option<Duration>) {
        let (now, random) = (self.now.monotonic, self.random);
        self.memory.trouble = Some(trouble);
        self.lane(log, lane)
            .fail(now, random, asked, trouble != Trouble::ServerTrouble);
    }

    fn lane(&mut self, log: LogName, lane: Lane) -> &mut Retry {
        self.memory.lanes.entry((log, lane)).or_default()
    }

    fn resolve(&mut self, op_ids: &[OpId], error: Option<&str>) -> Result<(), StoreError> {
        for op_id in op_ids {
            sql::resolve(self.tx, *op_id, error)?;
        }
        Ok(())
    }
}

/// Where a parent stands.
enum Parent {
    Sent,
    Waits,
    /// It has left the lane, and what depends on it did so now.
    Left,
}

/// Randomness that is none.
#[derive(Debug)]
struct NoJitter;

impl crate::clock::Random for NoJitter {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}
