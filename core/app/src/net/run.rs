//! The thread: takes inputs from its queue, steps the engine, and carries out what it says.

use std::collections::VecDeque;
use std::collections::btree_map::{BTreeMap, Entry};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender};
use std::time::Duration;

use ayumi_protocol::session::Tokens;
use rustls::ClientConfig;
use tokio::runtime::Runtime;
use tokio::task::AbortHandle;

use super::driver::{Shared, lock};
use super::http::Connections;
use super::sync::SyncError;
use crate::store::{StoreError, Topic};
use crate::sync::account;
use crate::sync::engine::{
    Command, CommandError, Engine, HttpRequest, Input, Instruction, NoAnswer, Reply, RequestId,
};

/// Where somebody waits.
pub(super) type Answer<T> = SyncSender<Result<T, SyncError>>;

/// What the thread is told.
pub(super) enum Event {
    /// For the engine.
    Input(Input),
    /// A command whose answer somebody waits for.
    Asked {
        command: Command,
        kind: Kind,
        answer: Answer<Reply>,
    },
    /// Somebody waits until everything is exchanged.
    Settle { answer: Answer<()> },
    /// The engine stays in touch from now on, or not any more.
    Live(bool),
    /// The end.
    End,
}

/// Which reply belongs to whom. Only one of a kind is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    SignIn,
    SignOut,
    ConsentText,
    TransferCode,
    UploadPlan,
}

impl Kind {
    const fn of(reply: &Reply) -> Self {
        match reply {
            Reply::SignIn(_) => Self::SignIn,
            Reply::SignOut(_) => Self::SignOut,
            Reply::ConsentText(_) => Self::ConsentText,
            Reply::TransferCode(_) => Self::TransferCode,
            Reply::UploadPlan(_) => Self::UploadPlan,
        }
    }
}

/// The thread and what it holds.
pub(super) struct Run {
    shared: Arc<Shared>,
    /// Set from outside: nothing is begun any more.
    is_over: Arc<AtomicBool>,
    engine: Engine,
    tls: ClientConfig,
    runtime: Runtime,
    connections: Option<Connections>,
    queue: Sender<Event>,
    flights: BTreeMap<RequestId, AbortHandle>,
    /// Inputs that instructions brought, before anything from outside.
    inner: VecDeque<Input>,
    /// When the timer fires, by the monotonic clock.
    timer: Option<Duration>,
    is_live: bool,
    /// The secret store was not read yet, or could not be: it is tried with the next event.
    needs_tokens: bool,
    waiting: BTreeMap<Kind, Answer<Reply>>,
    settling: Vec<Answer<()>>,
}

impl Run {
    pub(super) fn new(
        shared: Arc<Shared>,
        is_over: Arc<AtomicBool>,
        tls: ClientConfig,
        runtime: Runtime,
        queue: Sender<Event>,
    ) -> Self {
        Self {
            engine: shared.new_engine(),
            shared,
            is_over,
            tls,
            runtime,
            connections: None,
            queue,
            flights: BTreeMap::new(),
            inner: VecDeque::new(),
            timer: None,
            is_live: false,
            needs_tokens: true,
            waiting: BTreeMap::new(),
            settling: Vec::new(),
        }
    }

    /// Until the end. Whoever still waits then is told by the end of its channel.
    pub(super) fn work(mut self, events: &Receiver<Event>) {
        while !self.is_over()
            && let Some(event) = self.next(events)
        {
            if self.is_over() {
                break;
            }
            if self.needs_tokens {
                self.start();
            }
            self.take(event);
            self.settle();
            if self.engine.is_idle() {
                self.connections = None;
            }
        }
        for flight in self.flights.values() {
            flight.abort();
        }
        self.connections = None;
        self.runtime.shutdown_background();
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Waits for an event, or for the timer. Without a timer there is no wake-up.
    fn next(&mut self, events: &Receiver<Event>) -> Option<Event> {
        let Some(at) = self.timer else {
            return events.recv().ok();
        };
        let wait = at.saturating_sub(self.shared.config.monotonic.now());
        match events.recv_timeout(wait) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => {
                self.timer = None;
                self.shared.timers.fetch_add(1, Ordering::Relaxed);
                Some(Event::Input(Input::TimerFired))
            }
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::End => self.is_over.store(true, Ordering::SeqCst),
            Event::Input(input) => {
                if let Input::Answered { id, .. } = &input {
                    self.flights.remove(id);
                }
                self.feed(input);
            }
            Event::Live(is_live) => {
                self.is_live = is_live;
                let command = if is_live { Command::GoLive } else { Command::Stop };
                self.feed(Input::Command(command));
            }
            Event::Settle { answer } => {
                let is_first = self.settling.is_empty();
                self.settling.push(answer);
                // Whoever comes while others wait shares their run.
                if is_first {
                    self.feed(Input::Command(Command::SyncOnce));
                }
            }
            Event::Asked {
                command,
                kind,
                answer,
            } => match self.waiting.entry(kind) {
                Entry::Occupied(_) => tell(&answer, Err(SyncError::Command(CommandError::Busy))),
                Entry::Vacant(place) => {
                    place.insert(answer);
                    self.feed(Input::Command(command));
                }
            },
        }
    }

    /// Tells the engine which session there is.
    fn start(&mut self) {
        match self.stored_session() {
            Ok(tokens) => {
                self.needs_tokens = false;
                self.shared.is_locked.store(false, Ordering::SeqCst);
                self.feed(Input::Started { tokens });
            }
            Err(StoreError::Closed) => self.is_over.store(true, Ordering::SeqCst),
            // Not knowing the session is not having none.
            Err(error) => {
                self.shared.is_locked.store(true, Ordering::SeqCst);
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the session cannot be read yet"
                );
            }
        }
    }

    /// The tokens of the account on this phone. Those that an earlier installation left behind are removed.
    fn stored_session(&self) -> Result<Option<Tokens>, StoreError> {
        let has_account = self.shared.store.read(account::read)?.is_some();
        let stored = self.shared.load_tokens().map_err(|_| StoreError::Locked)?;
        if has_account || stored.is_none() {
            return Ok(stored);
        }
        tracing::info!("a session without an account is removed");
        self.shared.forget_tokens();
        Ok(None)
    }

    /// Steps the engine with an input and everything that follows from it at once.
    fn feed(&mut self, input: Input) {
        self.inner.push_back(input);
        while !self.is_over()
            && let Some(input) = self.inner.pop_front()
        {
            let now = self.shared.now();
            let shared = &self.shared;
            let (instructions, stepped) =
                self.engine
                    .step(&shared.store, &shared.files, now, shared.random.as_ref(), input);
            shared.steps.fetch_add(1, Ordering::Relaxed);
            // Before anybody is told that it changed.
            lock(&shared.shown).clone_from(&self.engine);
            match stepped {
                Ok(()) => {}
                Err(StoreError::Closed) => {
                    self.is_over.store(true, Ordering::SeqCst);
                    return;
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the exchange waits for the store"
                    );
                }
            }
            for instruction in instructions {
                self.carry_out(instruction);
            }
        }
        if !self.engine.owes_reply() {
            // Taken back with the requests: by a stop, or because the session ended.
            for (_, answer) in std::mem::take(&mut self.waiting) {
                tell(&answer, Err(SyncError::TakenBack));
            }
        }
    }

    fn carry_out(&mut self, instruction: Instruction) {
        match instruction {
            Instruction::Http { id, request } => self.send(id, request),
            Instruction::Abort { id } => {
                if let Some(flight) = self.flights.remove(&id) {
                    flight.abort();
                }
            }
            Instruction::SetTimer { after } => {
                self.timer = Some(self.shared.config.monotonic.now().saturating_add(after));
            }
            Instruction::ClearTimer => self.timer = None,
            Instruction::SaveTokens { tokens } => {
                let is_saved = self.shared.save_tokens(&tokens);
                self.inner.push_back(Input::TokensSaved { is_saved });
            }
            Instruction::LoadTokens => {
                let tokens = self.shared.load_tokens();
                if let Ok(tokens) = tokens {
                    self.inner.push_back(Input::TokensLoaded { tokens });
                } else {
                    // As after a start: once it can be read, the engine is told what it holds.
                    self.shared.is_locked.store(true, Ordering::SeqCst);
                    self.needs_tokens = true;
                }
            }
            Instruction::ForgetTokens => self.shared.forget_tokens(),
            Instruction::Wipe => self.wipe(),
            Instruction::Reply(reply) => {
                if let Some(answer) = self.waiting.remove(&Kind::of(&reply)) {
                    tell(&answer, Ok(reply));
                }
            }
            Instruction::StatusChanged => self.shared.store.tell(Topic::Sync),
        }
    }

    fn send(&mut self, id: RequestId, request: HttpRequest) {
        if self.connections.is_none() {
            let shared = &self.shared;
            self.connections = Connections::new(
                shared.config.address.clone(),
                self.tls.clone(),
                shared.files.clone(),
                Arc::clone(&shared.traffic),
            );
        }
        let Some(connections) = self.connections.clone() else {
            let result = Err(NoAnswer::Tls);
            self.inner.push_back(Input::Answered { id, result });
            return;
        };
        let queue = self.queue.clone();
        let task = self.runtime.spawn(async move {
            let result = connections.exchange(request).await;
            // Nobody listens any more at the end.
            drop(queue.send(Event::Input(Input::Answered { id, result })));
        });
        self.flights.insert(id, task.abort_handle());
    }

    /// The account was deleted.
    fn wipe(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.shared.is_deleted.store(true, Ordering::SeqCst);
        self.shared.forget_tokens();
        if let Err(error) = self.shared.store.wipe() {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the folder could not be erased"
            );
        }
        self.shared.store.tell(Topic::Everything);
    }

    /// Answers those who wait for an exchange, if there is nothing more to exchange now.
    fn settle(&mut self) {
        if self.settling.is_empty() || self.is_over() || !self.engine.is_settled() {
            return;
        }
        if !self.is_live {
            self.feed(Input::Command(Command::Stop));
        }
        for answer in std::mem::take(&mut self.settling) {
            tell(&answer, Ok(()));
        }
    }
}

/// Whoever waited may have given up.
fn tell<T>(answer: &Answer<T>, result: Result<T, SyncError>) {
    drop(answer.try_send(result));
}
