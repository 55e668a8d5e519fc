//! The engine: a state machine between the store and the network. Inputs go in, one transaction is committed, instructions come out.
//!
//! ```text
//!            inputs: commands, signals, answers, timer                 instructions: requests, timer, tokens
//!   driver ──────────────────────────────────────────▶  step  ──────────────────────────────────────────────▶ driver
//!                                                        │ one IMMEDIATE transaction
//!                                                        ▼
//!                                                      store
//! ```
//!
//! A step takes the input in, then starts whatever can be started: a pull, a push for each lane, uploads, pictures. What cannot be
//! started yet says when, and the earliest of these moments becomes the timer.
//!
//! Invariants:
//!
//! - Instructions are handed out after the commit. A crash between the two repeats work and never loses it.
//! - The memory of the engine changes only with the commit. If the transaction fails, the request that was answered counts as
//!   unanswered, and everything waits a little.
//! - No clock, no randomness, no thread and no socket inside. `now` has two readings: delays go by the monotonic one, and the wall
//!   clock is only shown, compared with the age of a message, and never ordered by.
//! - At most one push in flight for each log and lane, one pull, two uploads, one refresh.
//!
//! | File | What it decides |
//! | --- | --- |
//! | `request.rs` | what goes in and comes out |
//! | `verdict.rs` | what an answer means |
//! | `retry.rs` | when a failed thing is tried again |
//! | `memory.rs` | everything that is forgotten with the process |
//! | `session.rs` | sign-in, tokens, refresh, what blocks a session |
//! | `push.rs` | which operations leave, and what becomes of them |
//! | `pull.rs` | which logs are read, and pages |
//! | `upload.rs` | pictures on their way out |
//! | `plan.rs` | pictures that the operating system sends |
//! | `snapshot.rs` | the beginning of a log as one file, for a new phone |
//! | `fetch.rs` | pictures on their way in, the caseload |
//! | `status.rs` | what a screen shows of all this |
//! | `canonical.rs` | when two engines will do the same, for a search through states |
//!
//! Source: sync.md 4, 6, 9, 10, 11, 12.

#[cfg(feature = "state-search")]
mod canonical;
mod errand;
mod fetch;
mod memory;
mod plan;
mod pull;
mod push;
mod request;
mod retry;
mod session;
mod snapshot;
mod status;
#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "tests: an overflow is a failed test"
)]
mod tests;
mod upload;
mod verdict;

use std::collections::BTreeSet;
use std::time::Duration;

use ayumi_protocol::cursor::{Epoch, LogName};
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::OpId;
use ayumi_protocol::limits;
use ayumi_protocol::session::Secret;
use ayumi_protocol::version::{AppVersion, PROTOCOL_VERSION, headers};
use ayumi_protocol::wire::Wire;
use uuid::Uuid;

#[cfg(feature = "net")]
pub(crate) use plan::completed_upload;
pub use request::{
    Command, CommandError, HttpAnswer, HttpRequest, Input, Instruction, Method, NoAnswer, PlannedUpload,
    Question, Reply, RequestBody, RequestId, SignIn, Signal, Trouble,
};
pub use status::{Blocked, Phase, SnapshotProgress, SyncStatus, UploadProgress};

use memory::{Errand, Flight, Memory, Mode, Session};
use retry::Kick;

use super::account::{self, Account};
use crate::clock::Random;
use crate::store::{Reader, Store, StoreError, Topic, WriteTransaction, settings as settings_table};
use crate::sync::snapshots::HeldSnapshots;
use crate::time::UtcMillis;

/// The present moment by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// A clock that only goes forwards, from any start; may stand still while the device sleeps.
    pub monotonic: Duration,
    /// The phone's clock.
    pub wall: UtcMillis,
}

/// The files that an engine looks at and keeps.
pub trait Files {
    /// Length in bytes of a file of the attachments; `None` if it is gone.
    fn attachment_length(&self, sha256: Sha256) -> Result<Option<u64>, StoreError>;

    /// Keeps a picture of somebody else in the cache. Its hash was checked.
    fn keep_picture(&self, sha256: Sha256, bytes: &[u8]) -> Result<(), StoreError>;

    /// Whether a picture of somebody else is in the cache.
    fn has_picture(&self, sha256: Sha256) -> Result<bool, StoreError>;

    /// Snapshots while they are fetched and applied; forgotten with the process.
    fn snapshots(&self) -> &HeldSnapshots;
}

/// What an engine is told once.
#[derive(Debug, Clone, Copy)]
pub struct EngineConfig {
    /// The version of the app, which the server may find too old.
    pub app_version: AppVersion,
    /// Whether messages that could not be sent for a day wait until their author says that they still hold.
    pub asks_about_old_messages: bool,
    /// Entries that a snapshot has to save before it is asked for: usually [`SNAPSHOT_WORTH_ENTRIES`](limits::SNAPSHOT_WORTH_ENTRIES).
    pub snapshot_worth_entries: i64,
}

/// How much was exchanged in one run of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exchanged {
    /// Operations that the server acknowledged.
    pub sent: u64,
    /// Entries that were taken in.
    pub received: u64,
}

/// The engine of one phone. Made anew at each start: what it remembers itself is forgotten with the process.
#[derive(Debug, Clone)]
pub struct Engine {
    config: EngineConfig,
    memory: Memory,
    /// Inputs whose transaction failed and that nobody repeats, in their order.
    again: Vec<Input>,
}

impl Engine {
    /// An engine that has heard nothing yet. The first input is [`Input::Started`].
    #[must_use]
    pub fn new(config: EngineConfig) -> Self {
        Self {
            config,
            memory: Memory::default(),
            again: Vec::new(),
        }
    }

    /// Takes an input in, in one transaction, and tells what to do after it.
    ///
    /// Errors: none is lost on the way. If the store fails, the engine waits and tries again, and the error is reported beside the
    /// instructions that are then to be carried out.
    pub fn step(
        &mut self,
        store: &Store,
        files: &dyn Files,
        now: Now,
        random: &dyn Random,
        input: Input,
    ) -> (Vec<Instruction>, Result<(), StoreError>) {
        let answered = match &input {
            Input::Answered { id, .. } => Some(*id),
            _ => None,
        };
        let kept = matches!(
            input,
            Input::Started { .. }
                | Input::Command(_)
                | Input::TokensSaved { .. }
                | Input::TokensLoaded { .. }
        )
        .then(|| input.clone());
        let again = self.again.clone();
        let mut memory = self.memory.clone();
        let before = memory.shown();
        let stepped = store.write(|tx| {
            let mut step = Step {
                tx,
                files,
                now,
                random,
                config: &self.config,
                memory: &mut memory,
                instructions: Vec::new(),
                wake_at: None,
            };
            for earlier in again {
                step.take_in(earlier)?;
            }
            step.take_in(input)?;
            step.advance()?;
            if step.memory.shown() != before {
                step.tx.notify(Topic::Sync);
                step.instructions.push(Instruction::StatusChanged);
            }
            let timer = step.timer();
            let mut instructions = step.instructions;
            instructions.extend(timer);
            Ok::<_, StoreError>(instructions)
        });
        match stepped {
            Ok(instructions) => {
                self.memory = memory;
                self.again.clear();
                (instructions, Ok(()))
            }
            Err(error) => {
                self.again.extend(kept);
                (self.wait_for_storage(now, random, answered), Err(error))
            }
        }
    }

    /// Whether nothing is in flight and no timer runs: a single exchange is over.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.memory.flights.is_empty() && self.memory.timer.is_none()
    }

    /// Whether nothing more can be exchanged now, except news that have not happened yet. What failed is tried again later.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let may_still_try = self.memory.mode == Mode::Once && self.memory.timer.is_some();
        !self.memory.is_busy() && !may_still_try
    }

    /// Whether somebody who gave a command still gets a [`Reply`].
    #[must_use]
    pub fn owes_reply(&self) -> bool {
        let is_beginning = matches!(self.memory.session, Session::Saving { answer: Some(_), .. });
        let is_asking = |flight: &Flight| {
            matches!(
                flight,
                Flight::SignIn { .. } | Flight::Errand { .. } | Flight::UploadPlan(_)
            )
        };
        let is_kept = |input: &Input| matches!(input, Input::Command(_) | Input::TokensSaved { .. });
        is_beginning
            || self.memory.has_errands()
            || self.again.iter().any(is_kept)
            || self.memory.flights.values().any(is_asking)
    }

    /// What was exchanged in this run.
    #[must_use]
    pub const fn exchanged(&self) -> Exchanged {
        self.memory.exchanged
    }

    /// The operations that are in flight at this moment.
    #[must_use]
    pub fn sending(&self) -> BTreeSet<OpId> {
        self.memory.sending()
    }

    /// What a screen shows of the engine.
    ///
    /// Errors: those of reading the outbox.
    pub fn status(&self, reader: &Reader<'_>, now: Now) -> Result<SyncStatus, StoreError> {
        status::status(&self.memory, reader, now)
    }

    /// The transaction failed: what was answered counts as unanswered, and everything rests for a while.
    fn wait_for_storage(
        &mut self,
        now: Now,
        random: &dyn Random,
        answered: Option<RequestId>,
    ) -> Vec<Instruction> {
        let memory = &mut self.memory;
        let flight = answered.and_then(|id| memory.flights.remove(&id));
        if let Some(Flight::Pull(_)) = flight {
            // A pull is asked for when there is a reason, and the reason is still there.
            memory.pull.is_wanted = true;
        }
        memory.storage.fail(now.monotonic, random, None, false);
        let after = memory
            .storage
            .not_before()
            .map_or(Duration::ZERO, |at| at.saturating_sub(now.monotonic));
        memory.timer = memory.storage.not_before();
        vec![Instruction::SetTimer { after }, Instruction::StatusChanged]
    }
}

/// One step: the transaction, the moment, and the memory that counts once it is committed.
struct Step<'a> {
    tx: &'a WriteTransaction<'a>,
    files: &'a dyn Files,
    now: Now,
    random: &'a dyn Random,
    config: &'a EngineConfig,
    memory: &'a mut Memory,
    instructions: Vec<Instruction>,
    /// The earliest moment at which something can be started that cannot be now.
    wake_at: Option<Duration>,
}

impl Step<'_> {
    fn take_in(&mut self, input: Input) -> Result<(), StoreError> {
        match input {
            Input::Started { tokens } => self.started(tokens)?,
            Input::Command(command) => self.command(command)?,
            Input::Signal(signal) => self.signal(signal),
            Input::Enqueued => self.kick(Kick::Any),
            Input::Answered { id, result } => {
                // A request that was taken back has no flight.
                if let Some(flight) = self.memory.flights.remove(&id) {
                    self.answered(flight, &result)?;
                }
            }
            Input::TimerFired => self.memory.timer = None,
            Input::TokensSaved { is_saved } => self.tokens_saved(is_saved)?,
            Input::TokensLoaded { tokens } => self.tokens_loaded(tokens)?,
        }
        Ok(())
    }

    fn command(&mut self, command: Command) -> Result<(), StoreError> {
        match command {
            Command::GoLive => {
                self.memory.mode = Mode::Live;
                self.memory.is_in_front = true;
                self.memory.probes_suspension = true;
                self.begin_round();
            }
            Command::SyncOnce => {
                if self.memory.mode == Mode::Stopped {
                    self.memory.mode = Mode::Once;
                }
                self.begin_round();
            }
            Command::Stop => {
                self.memory.mode = Mode::Stopped;
                self.abort_all();
            }
            Command::SignIn(sign_in) => self.sign_in(&sign_in)?,
            Command::SignOut => self.take_errand(Errand::SignOut),
            Command::OpenCase(case_id) => self.memory.open_case = case_id,
            Command::Ask(question) => self.take_errand(Errand::Ask(question)),
            Command::PlanUpload => self.take_errand(Errand::PlanUpload),
            Command::UploadEnded { log, sha256 } => self.upload_ended((log, sha256)),
        }
        Ok(())
    }

    /// Everything is looked at anew: what waits is tried, logs are read, the caseload is asked for.
    fn begin_round(&mut self) {
        self.memory.pull.is_wanted = true;
        self.memory.has_pushed = false;
        self.memory.caseload_due = Some(self.now.monotonic);
        self.kick(Kick::Any);
        self.interrupt_long_poll();
    }

    fn signal(&mut self, signal: Signal) {
        match signal {
            Signal::Foreground => {
                self.memory.is_in_front = true;
                self.memory.planned.clear();
                self.memory.probes_suspension = true;
                // Whether a text still waits for her is asked anew: it may have been agreed to on another phone.
                self.memory.needs_consent = false;
                self.begin_round();
            }
            Signal::Background => {
                self.memory.is_in_front = false;
                // Nobody waits for it: the next job tries again.
                self.memory.later_kick = None;
                self.interrupt_long_poll();
            }
            Signal::Connectivity => self.kick_for_connectivity(),
            Signal::PushHint | Signal::Unlocked => self.begin_round(),
        }
    }

    /// Lets everything that waits try at once, at most once a second.
    fn kick(&mut self, kick: Kick) {
        const APART: Duration = Duration::from_secs(1);
        let now = self.now.monotonic;
        let at = self
            .memory
            .last_kick_at
            .map_or(now, |last| last.saturating_add(APART));
        if at > now {
            // Nothing to come back for: an exchange that is done would last a second longer, with a wake-up at its end.
            if !self.memory.is_moved_by(kick, now) {
                return;
            }
            let later = self
                .memory
                .later_kick
                .map_or(kick, |(_, earlier)| earlier.max(kick));
            self.memory.later_kick = Some((at, later));
            return;
        }
        self.memory.last_kick_at = Some(now);
        self.memory.later_kick = None;
        self.memory.kick_all(kick, now);
    }

    /// A network that comes and goes every second must not begin the delays anew each time.
    fn kick_for_connectivity(&mut self) {
        const APART: Duration = Duration::from_secs(30);
        let now = self.now.monotonic;
        let may_reset = self
            .memory
            .last_reset_at
            .is_none_or(|last| now.saturating_sub(last) >= APART);
        self.memory.pull.is_wanted = true;
        if may_reset {
            self.memory.last_reset_at = Some(now);
            self.kick(Kick::Reset);
        } else if self.may_wait()
            && self.memory.later_kick.is_none()
            && self.memory.is_moved_by(Kick::Reset, now)
        {
            // The delays began anew a moment ago and are short still; the next reset is soon enough.
            let at = self.memory.last_reset_at.unwrap_or(now).saturating_add(APART);
            self.memory.later_kick = Some((at, Kick::Reset));
        }
    }

    fn answered(&mut self, flight: Flight, result: &Result<HttpAnswer, NoAnswer>) -> Result<(), StoreError> {
        match flight {
            Flight::SignIn { kept } => {
                self.signed_in(kept, result);
                Ok(())
            }
            Flight::Refresh => self.refreshed(result),
            Flight::Errand {
                errand,
                generation,
                is_second,
            } => self.errand_done(errand, generation, is_second, result),
            Flight::Pull(pull) => self.pulled(&pull, result),
            Flight::Push(push) => self.pushed(&push, result),
            Flight::Upload(upload) => self.uploaded(&upload, result),
            Flight::UploadPlan(upload) => self.upload_planned(&upload, result),
            Flight::Picture(picture) => self.picture_arrived(picture, result),
            Flight::Caseload { generation } => self.caseload_arrived(generation, result),
            Flight::SnapshotOffer(offer) => self.snapshot_offered(offer, result),
            Flight::SnapshotPart(part) => self.snapshot_part_arrived(part, result),
        }
    }

    /// Starts whatever can be started.
    fn advance(&mut self) -> Result<(), StoreError> {
        self.memory.snapshots.is_applying = false;
        if let Some((at, kick)) = self.memory.later_kick {
            if at <= self.now.monotonic {
                self.kick(kick);
            } else {
                self.wake(at);
            }
        }
        if !self.memory.storage.is_due(self.now.monotonic) {
            self.wake_or_never(self.memory.storage.not_before());
            return Ok(());
        }
        if self.memory.mode == Mode::Stopped && !self.memory.has_errands() {
            return Ok(());
        }
        let Some(account) = account::read(self.tx)? else {
            return self.give_errands_up(None);
        };
        if !self.session_is_usable(&account)? {
            if !self.may_become_usable(&account) {
                self.give_errands_up(Some(&account))?;
            }
            return Ok(());
        }
        self.run_errands(&account)?;
        if self.memory.mode == Mode::Stopped {
            return Ok(());
        }
        self.fetch_caseload(&account);
        self.read_snapshot(&account)?;
        if self.memory.mode == Mode::Live {
            self.pull(&account)?;
        }
        self.push(&account)?;
        // A lane may have found that it needs to know what is in the log first, and taken a waiting pull back.
        self.pull(&account)?;
        self.upload(&account)?;
        self.fetch_pictures()
    }

    /// Whether timers may be armed and long polls begun: somebody looks at the app.
    fn may_wait(&self) -> bool {
        self.memory.mode == Mode::Live && self.memory.is_in_front
    }

    /// Something can be started at `at` and not now.
    fn wake(&mut self, at: Duration) {
        self.wake_at = Some(self.wake_at.map_or(at, |earlier| earlier.min(at)));
    }

    fn wake_or_never(&mut self, at: Option<Duration>) {
        if let Some(at) = at {
            self.wake(at);
        }
    }

    /// Whether a thing may be tried now; if not, it asks to be woken, as far as timers are allowed.
    fn is_due(&mut self, retry: retry::Retry) -> bool {
        if retry.is_due(self.now.monotonic) {
            return true;
        }
        // Without anybody in front the operating system's next job tries again. Two quick tries are worth the wait for it.
        if self.may_wait() || (retry.failures() <= 2 && !retry.is_asked()) {
            self.wake_or_never(retry.not_before());
        }
        false
    }

    /// The instruction that makes the timer what this step found.
    fn timer(&mut self) -> Option<Instruction> {
        if self.wake_at == self.memory.timer {
            return None;
        }
        self.memory.timer = self.wake_at;
        Some(match self.wake_at {
            Some(at) => Instruction::SetTimer {
                after: at.saturating_sub(self.now.monotonic),
            },
            None => Instruction::ClearTimer,
        })
    }

    /// Sends a request as the person who is signed in.
    fn send(&mut self, flight: Flight, call: Call) {
        let token = match &self.memory.session {
            Session::Ready { tokens, .. } => Some(tokens.access_token.clone()),
            _ => None,
        };
        self.send_with(flight, call, token);
    }

    fn send_with(&mut self, flight: Flight, call: Call, token: Option<Secret>) {
        let id = self.memory.next_id();
        let mut headers = vec![
            (headers::PROTOCOL, PROTOCOL_VERSION.to_string()),
            (headers::REQUEST_ID, self.new_uuid().to_string()),
        ];
        headers.extend(call.headers);
        self.memory.flights.insert(id, flight);
        self.instructions.push(Instruction::Http {
            id,
            request: HttpRequest {
                method: call.method,
                path: call.path,
                headers,
                token,
                body: call.body,
                deadline: call.deadline,
                most_answer_bytes: call.most_answer_bytes,
            },
        });
    }

    fn new_uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// Takes every request back; whether the server has seen it is unknown, which is ordinary.
    fn abort_all(&mut self) {
        for (id, _) in std::mem::take(&mut self.memory.flights) {
            self.instructions.push(Instruction::Abort { id });
        }
    }

    /// The incarnation of the server's store that was heard of last.
    fn known_epoch(&self) -> Result<Epoch, StoreError> {
        let text = settings_table::get(self.tx, SERVER_EPOCH)?;
        // Before the server has told, no log has anything: it will say that the epoch is another one.
        Ok(text
            .as_deref()
            .and_then(Epoch::parse)
            .unwrap_or_else(|| Epoch::from_uuid(Uuid::nil())))
    }

    fn note_epoch(&self, epoch: Epoch) -> Result<(), StoreError> {
        if self.known_epoch()? != epoch {
            settings_table::set(self.tx, SERVER_EPOCH, Some(&epoch.to_string()))?;
        }
        Ok(())
    }

    /// A request that worked: the connection is there, the token is good, and if this step is committed, there is room for what came.
    fn note_success(&mut self) {
        self.memory.storage.succeed();
        self.memory.trouble = None;
        self.memory.last_success_at = Some(self.now.wall);
        self.memory.token_is_proven = true;
        self.memory.refresh.succeed();
        self.kick(Kick::Success);
    }
}

/// Name of the setting that keeps the last epoch.
const SERVER_EPOCH: &str = "sync.epoch";

/// What a request is made of, before it has a number and a token.
struct Call {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: RequestBody,
    deadline: Duration,
    most_answer_bytes: usize,
}

impl Call {
    /// A request with a JSON body.
    fn post<Request: Wire, Answer: Wire>(path: &str, request: &Request) -> Result<Self, StoreError> {
        let body = request.write().map_err(|_| StoreError::Bug {
            where_: "every request has a form in JSON",
        })?;
        Ok(Self {
            method: Method::Post,
            path: path.to_owned(),
            headers: Vec::new(),
            body: RequestBody::Json(body),
            deadline: limits::REQUEST_DEADLINE,
            most_answer_bytes: Answer::MOST_BYTES,
        })
    }

    /// A request without a body.
    fn get<Answer: Wire>(path: &str) -> Self {
        Self {
            method: Method::Get,
            path: path.to_owned(),
            headers: Vec::new(),
            body: RequestBody::Empty,
            deadline: limits::REQUEST_DEADLINE,
            most_answer_bytes: Answer::MOST_BYTES,
        }
    }
}

/// Whether anything of a log may be sent or read by an account: its own case, or a case of its caseload.
fn is_own_case(account: &Account, log: LogName) -> bool {
    account.case_id == Some(log.case_id)
}
