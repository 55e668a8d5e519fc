//! Reading the logs. Source: sync.md 3.4, 6, 7, 13.1.

use std::time::Duration;

use ayumi_protocol::cursor::LogName;
use ayumi_protocol::limits;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::pull::{LogAnswer, LogCursor, PageError, PullAnswer, PullRequest};

use super::memory::{Flight, Mode, PullFlight};
use super::request::{HttpAnswer, Instruction, NoAnswer, Trouble};
use super::retry::below;
use super::verdict::{self, Verdict};
use super::{Call, Step, is_own_case};
use crate::deliberate::{Bug, is_made};
use crate::store::StoreError;
use crate::sync::account::Account;
use crate::sync::outbox;
use crate::sync::replica::{self, ApplyError, Replica};

impl Step<'_> {
    pub(super) fn pull(&mut self, account: &Account) -> Result<(), StoreError> {
        let is_flying = self
            .memory
            .flights
            .values()
            .any(|flight| matches!(flight, Flight::Pull(_)));
        if self.memory.pull.started > 12 && is_made(Bug::StopsReading) {
            return Ok(());
        }
        // Without anybody in front there is nothing to wait for: news are asked for while there is a reason.
        if is_flying || !(self.memory.pull.is_wanted || self.may_wait()) {
            return Ok(());
        }
        if !self.is_due(self.memory.pull.retry) {
            return Ok(());
        }
        // A single exchange pushes first: the same pull then brings the news and what was pushed.
        let mut flights = self.memory.flights.values();
        let is_pushing = flights.any(|flight| matches!(flight, Flight::Push(_)));
        if self.memory.mode == Mode::Once && is_pushing && !self.memory.has_pushed {
            return Ok(());
        }
        let mut logs = Vec::new();
        for replica in self.in_wanted_order(account)? {
            if self.memory.snapshots.turn == Some(replica.log) {
                // Its beginning comes as one file, and pages would only bring the same.
                continue;
            }
            let retry = self
                .memory
                .pull
                .by_log
                .get(&replica.log)
                .copied()
                .unwrap_or_default();
            if self.is_due(retry) {
                logs.push(replica);
            }
        }
        logs.truncate(limits::PULL_LOGS);
        if logs.is_empty() {
            self.memory.pull.is_wanted = false;
            return Ok(());
        }
        let waits = !self.memory.pull.is_wanted && self.may_wait();
        let wait = if waits { self.long_poll() } else { Duration::ZERO };
        let page_entries = if self.memory.is_in_front {
            limits::PAGE_ENTRIES_FOREGROUND
        } else {
            limits::PAGE_ENTRIES
        };
        let request = PullRequest {
            logs: logs
                .iter()
                .map(|replica| LogCursor {
                    log: replica.log,
                    cursor: replica.cursor,
                })
                .collect(),
            page_entries: u32::try_from(page_entries).unwrap_or(1),
            wait_ms: u32::try_from(wait.as_millis()).unwrap_or(0),
        };
        let mut call = Call::post::<_, PullAnswer>("/v1/pull", &request)?;
        if waits {
            call.deadline = wait.saturating_add(limits::LONG_POLL_MARGIN);
        }
        self.memory.pull.is_wanted = false;
        self.memory.pull.started = self.memory.pull.started.saturating_add(1);
        let number = self.memory.pull.started;
        for replica in &logs {
            self.memory.pull.asked.insert(replica.log, number);
        }
        let flight = PullFlight {
            number,
            waits,
            logs: logs.iter().map(|replica| replica.log).collect(),
            generation: self.memory.generation(),
        };
        self.send(Flight::Pull(flight), call);
        Ok(())
    }

    /// The open case first, then where an old message is looked for; the others by what they still miss, then by id.
    pub(super) fn in_wanted_order(&self, account: &Account) -> Result<Vec<Replica>, StoreError> {
        let mut replicas = replica::all_growing(self.tx)?;
        let open = self.memory.open_case.or(account.case_id);
        replicas.sort_by_key(|replica| {
            (
                Some(replica.log.case_id) != open,
                !self.memory.pull.looked_for.contains_key(&replica.log),
                replica.cursor.seq >= replica.head,
                replica.log,
            )
        });
        Ok(replicas)
    }

    /// How long the server may wait for news: drawn anew each time, so that phones do not come in step.
    fn long_poll(&self) -> Duration {
        let span = limits::LONG_POLL_MOST.saturating_sub(limits::LONG_POLL_LEAST);
        let span_ms = u64::try_from(span.as_millis()).unwrap_or(0);
        let more = below(self.random, span_ms.saturating_add(1));
        limits::LONG_POLL_LEAST.saturating_add(Duration::from_millis(more))
    }

    /// There is a reason to ask at once: a request that only waits for news is taken back.
    pub(super) fn interrupt_long_poll(&mut self) {
        let waiting: Vec<_> = self
            .memory
            .flights
            .iter()
            .filter(|(_, flight)| matches!(flight, Flight::Pull(PullFlight { waits: true, .. })))
            .map(|(id, _)| *id)
            .collect();
        for id in waiting {
            self.memory.flights.remove(&id);
            self.instructions.push(Instruction::Abort { id });
        }
    }

    /// An operation was acknowledged. A request that waits brings its entry by itself; without one the next pull is asked for.
    pub(super) fn interrupt_long_poll_once_settling(&mut self) {
        let waits = self
            .memory
            .flights
            .values()
            .any(|flight| matches!(flight, Flight::Pull(PullFlight { waits: true, .. })));
        if waits {
            self.memory.pull.is_wanted = false;
        }
    }

    pub(super) fn pulled(
        &mut self,
        flight: &PullFlight,
        result: &Result<HttpAnswer, NoAnswer>,
    ) -> Result<(), StoreError> {
        match verdict::of_json::<PullAnswer>(result, self.now.wall) {
            Verdict::Done(answer) => {
                self.note_success();
                self.not_suspended()?;
                self.memory.pull.retry.succeed();
                self.note_epoch(answer.epoch)?;
                let mut has_more = answer.has_more;
                for log in &answer.logs {
                    match self.take_log(flight, log, &answer)? {
                        Taken::AtEnd => self.log_completed(flight, log.log),
                        Taken::More => has_more = true,
                        Taken::Nothing => {}
                    }
                }
                if !answer.has_more {
                    // A log that is not listed has nothing new: one that was read again, and is shorter now, is complete.
                    for log in &flight.logs {
                        if !answer.logs.iter().any(|listed| listed.log == *log) {
                            replica::nothing_new(self.tx, self.now.wall, *log)?;
                            self.log_completed(flight, *log);
                        }
                    }
                }
                self.memory.snapshots.is_to_be_looked_at = true;
                if has_more {
                    self.memory.pull.is_wanted = true;
                }
                // What was acknowledged and has not come back yet is asked for, unless a long poll will bring it.
                if !self.may_wait() && !answer.logs.is_empty() && outbox::sql::has_sent(self.tx)? {
                    self.memory.pull.is_wanted = true;
                }
                Ok(())
            }
            Verdict::Again { trouble, asked } => {
                self.pull_failed(trouble, asked);
                Ok(())
            }
            Verdict::Refused { code } => {
                if self.is_about_session(&code, flight.generation)? {
                    // Asked again with the next token, also where nobody waits for news.
                    self.memory.pull.is_wanted = true;
                } else {
                    self.pull_failed(Trouble::ServerTrouble, None);
                }
                Ok(())
            }
        }
    }

    fn pull_failed(&mut self, trouble: Trouble, asked: Option<Duration>) {
        self.memory.trouble = Some(trouble);
        self.memory.pull.is_wanted = true;
        self.memory.pull.retry.fail(
            self.now.monotonic,
            self.random,
            asked,
            trouble != Trouble::ServerTrouble,
        );
    }

    /// Everything that a log held when a pull was asked is here.
    fn log_completed(&mut self, flight: &PullFlight, log: LogName) {
        self.memory.pull.completed.insert(log, flight.number);
        self.memory.pull.by_log.remove(&log);
    }

    /// Takes in the news of one log.
    fn take_log(
        &mut self,
        flight: &PullFlight,
        answer: &LogAnswer,
        whole: &PullAnswer,
    ) -> Result<Taken, StoreError> {
        // A log that was not asked for is nobody's.
        if !flight.logs.contains(&answer.log) {
            return Ok(Taken::Nothing);
        }
        if let Some(page) = &answer.page {
            return match replica::apply_page(self.tx, self.now.wall, answer.log, page) {
                Ok(applied) => {
                    self.memory.pull.by_log.remove(&answer.log);
                    let received = &mut self.memory.exchanged.received;
                    *received = received.saturating_add(page.entries.len() as u64);
                    Ok(if applied.has_more {
                        Taken::More
                    } else {
                        Taken::AtEnd
                    })
                }
                Err(ApplyError::Page(PageError::OtherBase)) => Ok(Taken::Nothing),
                Err(ApplyError::Page(PageError::Gap { .. })) => {
                    self.memory.pull.gaps = self.memory.pull.gaps.saturating_add(1);
                    tracing::warn!(case = %answer.log.case_id, "a page with a gap was dropped");
                    self.log_failed(answer);
                    Ok(Taken::Nothing)
                }
                Err(ApplyError::Store(error)) => Err(error),
            };
        }
        match answer.refusal_code() {
            Some(ProblemCode::EpochChanged) => {
                let replica = replica::growing(self.tx, answer.log)?;
                let is_same = replica.is_some_and(|replica| replica.cursor.epoch == whole.epoch);
                if is_same
                    && replica.is_some_and(|replica| replica.cursor.seq == ayumi_protocol::cursor::Seq::START)
                {
                    // Another incarnation of the same epoch, at its start: nothing would change.
                    self.log_failed(answer);
                    return Ok(Taken::Nothing);
                }
                replica::restart(self.tx, answer.log, whole.epoch)?;
                Ok(Taken::More)
            }
            Some(ProblemCode::NotFound) => {
                let account = crate::sync::account::read(self.tx)?;
                if account.is_some_and(|account| is_own_case(&account, answer.log)) {
                    // Her own case is not lost because a server says so.
                    self.log_failed(answer);
                } else {
                    replica::lose_case(self.tx, answer.log.case_id)?;
                }
                Ok(Taken::Nothing)
            }
            _ => {
                self.log_failed(answer);
                Ok(Taken::Nothing)
            }
        }
    }

    fn log_failed(&mut self, answer: &LogAnswer) {
        let asked = answer
            .refusal
            .as_ref()
            .and_then(|refusal| refusal.retry_after_ms)
            .map(Duration::from_millis);
        let (now, random) = (self.now.monotonic, self.random);
        let pull = &mut self.memory.pull;
        let retry = pull.by_log.entry(answer.log).or_default();
        retry.fail(now, random, asked, false);
        // It was not asked, as far as anybody is concerned who looks for something in it.
        pull.asked.remove(&answer.log);
    }
}

/// What became of one log in an answer.
enum Taken {
    /// It is here up to its end.
    AtEnd,
    /// More of it follows.
    More,
    /// It failed, or was not asked for, or is not read any more.
    Nothing,
}
