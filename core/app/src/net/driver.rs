//! Starting and stopping the thread, in the middle of anything and from any thread.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use ayumi_protocol::id::CaseId;
use ayumi_protocol::session::Tokens;
use zeroize::Zeroizing;

use super::http::Traffic;
use super::run::{Event, Run};
use super::sync::SyncError;
use super::tls;
use crate::chat::ChatFiles;
use crate::clock::{Clock, Random};
use crate::secret::SecretError;
use crate::server::ServerConfig;
use crate::store::{Store, StoreError, Subscription, Topic};
use crate::sync::engine::{Command, Engine, EngineConfig, Exchanged, Input, Now, Signal};

/// How long a step may go on before the files are closed under it.
const GRACE: Duration = Duration::from_secs(1);
/// How long the thread then gets to notice. With [`GRACE`] and the store's own time this stays around the 5 s that iOS grants.
const NOTICE: Duration = Duration::from_millis(500);

thread_local! {
    /// Whether this is a thread that steps an engine: what it writes is no news to it, and it must not wait for itself.
    static IS_ENGINE: Cell<bool> = const { Cell::new(false) };
}

/// Whether the caller is a listener that was told by the thread itself.
pub(super) fn is_inside() -> bool {
    IS_ENGINE.get()
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the thread and its callers share.
pub(super) struct Shared {
    pub(super) config: ServerConfig,
    pub(super) store: Arc<Store>,
    pub(super) files: ChatFiles,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    /// The engine after its last step, for the screen.
    pub(super) shown: Mutex<Engine>,
    pub(super) steps: AtomicU64,
    pub(super) timers: AtomicU64,
    pub(super) traffic: Arc<Traffic>,
    /// The secret store cannot be read at present.
    pub(super) is_locked: AtomicBool,
    /// The account was deleted, and with it everything here.
    pub(super) is_deleted: AtomicBool,
}

impl Shared {
    pub(super) fn new_engine(&self) -> Engine {
        new_engine(&self.config)
    }

    /// What was exchanged since the thread was started last.
    pub(super) fn exchanged(&self) -> Exchanged {
        lock(&self.shown).exchanged()
    }

    pub(super) fn now(&self) -> Now {
        Now {
            monotonic: self.config.monotonic.now(),
            wall: self.clock.now(),
        }
    }

    /// The tokens. Text that is no pair of tokens is none.
    pub(super) fn load_tokens(&self) -> Result<Option<Tokens>, SecretError> {
        let text = self.config.secrets.load()?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    pub(super) fn save_tokens(&self, tokens: &Tokens) -> bool {
        let Ok(text) = serde_json::to_string(tokens).map(Zeroizing::new) else {
            return false;
        };
        let saved = self.config.secrets.save(&text);
        if let Err(error) = saved {
            tracing::warn!(%error, "the session could not be kept");
        }
        saved.is_ok()
    }

    pub(super) fn forget_tokens(&self) {
        if let Err(error) = self.config.secrets.delete() {
            tracing::warn!(%error, "the session could not be removed");
        }
    }
}

fn new_engine(config: &ServerConfig) -> Engine {
    Engine::new(EngineConfig {
        app_version: config.device.app_version,
        asks_about_old_messages: true,
        snapshot_worth_entries: ayumi_protocol::limits::SNAPSHOT_WORTH_ENTRIES,
    })
}

/// The thread, seen from outside.
struct Handle {
    queue: Sender<Event>,
    is_over: Arc<AtomicBool>,
    /// Disconnected at its end.
    ended: Receiver<()>,
}

impl Handle {
    fn has_ended(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
            || matches!(self.ended.try_recv(), Err(mpsc::TryRecvError::Disconnected))
    }

    fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        drop(self.queue.send(Event::End));
    }

    fn wait(&self, limit: Duration) {
        // A listener that was told by the thread itself must not wait for it.
        if !is_inside() {
            let _ = self.ended.recv_timeout(limit);
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Standing {
    #[default]
    Open,
    Paused,
    Closed,
}

#[derive(Default)]
struct State {
    standing: Standing,
    run: Option<Handle>,
    /// What goes on after a pause.
    is_live: bool,
    is_behind: bool,
    open_case: Option<CaseId>,
}

impl State {
    /// The queue of the thread, which is started if there is none.
    fn queue(&mut self, shared: &Arc<Shared>) -> Result<Sender<Event>, SyncError> {
        if shared.is_deleted.load(Ordering::SeqCst) {
            return Err(SyncError::AccountDeleted);
        }
        if self.standing != Standing::Open {
            return Err(StoreError::Closed.into());
        }
        if let Some(run) = self.run.as_ref().filter(|run| !run.has_ended()) {
            return Ok(run.queue.clone());
        }
        let run = start(shared)?;
        let queue = run.queue.clone();
        self.run = Some(run);
        if self.open_case.is_some() {
            let command = Command::OpenCase(self.open_case);
            drop(queue.send(Event::Input(Input::Command(command))));
        }
        if self.is_live {
            drop(queue.send(Event::Live(true)));
            if self.is_behind {
                drop(queue.send(Event::Input(Input::Signal(Signal::Background))));
            }
        }
        Ok(queue)
    }
}

fn start(shared: &Arc<Shared>) -> Result<Handle, SyncError> {
    let tls = tls::config(shared.config.root_certificates.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        // Names are looked up and files read there.
        .max_blocking_threads(4)
        .thread_name("ayumi-net")
        .enable_all()
        .build()
        .map_err(StoreError::from)?;
    let (queue, events) = mpsc::channel();
    let (ending, ended) = mpsc::channel();
    let is_over = Arc::new(AtomicBool::new(false));
    let run = Run::new(
        Arc::clone(shared),
        Arc::clone(&is_over),
        tls,
        runtime,
        queue.clone(),
    );
    let work = move || {
        IS_ENGINE.set(true);
        run.work(&events);
        drop(ending);
    };
    std::thread::Builder::new()
        .name("ayumi-sync".to_owned())
        .spawn(work)
        .map_err(StoreError::from)?;
    Ok(Handle {
        queue,
        is_over,
        ended,
    })
}

/// The driver of an app that has a server.
pub(crate) struct Driver {
    shared: Arc<Shared>,
    state: Arc<Mutex<State>>,
    _told_of_writes: Subscription,
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Driver")
    }
}

impl Drop for Driver {
    /// A thread whose app is only dropped must not go on without anybody to stop it. It closes nothing.
    fn drop(&mut self) {
        if let Some(run) = lock(&self.state).run.take() {
            run.end();
        }
    }
}

impl Driver {
    /// Starts nothing yet.
    pub(crate) fn new(
        config: ServerConfig,
        store: Arc<Store>,
        files: ChatFiles,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        let engine = new_engine(&config);
        let state = Arc::new(Mutex::new(State::default()));
        let told = Arc::downgrade(&state);
        let told_of_writes = store.subscribe(move |topic| {
            if topic == Topic::Outbox && !is_inside() {
                written(&told);
            }
        });
        Self {
            shared: Arc::new(Shared {
                config,
                store,
                files,
                clock,
                random,
                shown: Mutex::new(engine),
                steps: AtomicU64::new(0),
                timers: AtomicU64::new(0),
                traffic: Arc::default(),
                is_locked: AtomicBool::new(false),
                is_deleted: AtomicBool::new(false),
            }),
            state,
            _told_of_writes: told_of_writes,
        }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Tells the thread something, and starts it for that.
    pub(super) fn send(&self, event: Event) -> Result<(), SyncError> {
        let queue = lock(&self.state).queue(&self.shared)?;
        queue.send(event).map_err(|_| StoreError::Closed.into())
    }

    pub(super) fn set_live(&self, is_live: bool) -> Result<(), SyncError> {
        let mut state = lock(&self.state);
        if is_live {
            state.is_live = false;
            let queue = state.queue(&self.shared)?;
            state.is_live = true;
            state.is_behind = false;
            drop(queue.send(Event::Live(true)));
            return Ok(());
        }
        state.is_live = false;
        if let Some(run) = &state.run {
            drop(run.queue.send(Event::Live(false)));
        }
        Ok(())
    }

    /// Passes on what the platform noticed, if anything runs that it could matter to.
    pub(super) fn signal(&self, signal: Signal) {
        let mut state = lock(&self.state);
        match signal {
            Signal::Foreground => state.is_behind = false,
            Signal::Background => state.is_behind = true,
            Signal::Connectivity | Signal::PushHint | Signal::Unlocked => {}
        }
        if let Some(run) = &state.run {
            drop(run.queue.send(Event::Input(Input::Signal(signal))));
        }
    }

    /// Tells the thread something that matters only while it runs.
    pub(super) fn mention(&self, command: Command) {
        if let Some(run) = &lock(&self.state).run {
            drop(run.queue.send(Event::Input(Input::Command(command))));
        }
    }

    pub(super) fn open_case(&self, case_id: Option<CaseId>) {
        let mut state = lock(&self.state);
        state.open_case = case_id;
        if let Some(run) = &state.run {
            let command = Command::OpenCase(case_id);
            drop(run.queue.send(Event::Input(Input::Command(command))));
        }
    }

    /// Takes back what is in flight and ends the thread around `close`, which closes the files.
    fn stop<T>(&self, standing: Standing, close: impl FnOnce() -> T) -> T {
        let run = {
            let mut state = lock(&self.state);
            if state.standing != Standing::Closed {
                state.standing = standing;
            }
            state.run.take()
        };
        if let Some(run) = &run {
            run.end();
            run.wait(GRACE);
        }
        let closed = close();
        if let Some(run) = &run {
            // A step that was still at work got `Closed`.
            run.wait(NOTICE);
        }
        closed
    }

    pub(crate) fn pause<T>(&self, close: impl FnOnce() -> T) -> T {
        self.stop(Standing::Paused, close)
    }

    pub(crate) fn close<T>(&self, close: impl FnOnce() -> T) -> T {
        self.stop(Standing::Closed, close)
    }

    /// As `close`, and the session goes with the files.
    pub(crate) fn wipe<T>(&self, close: impl FnOnce() -> T) -> T {
        let closed = self.close(close);
        self.shared.forget_tokens();
        closed
    }

    /// The files are open again: what ran before goes on, and tries everything at once.
    pub(crate) fn resume(&self) {
        let mut state = lock(&self.state);
        if state.standing == Standing::Paused {
            state.standing = Standing::Open;
        }
        if state.is_live
            && let Err(error) = state.queue(&self.shared)
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the exchange does not go on"
            );
        }
    }
}

/// Something was put into the outbox.
fn written(state: &Weak<Mutex<State>>) {
    if let Some(state) = state.upgrade()
        && let Some(run) = &lock(&state).run
    {
        drop(run.queue.send(Event::Input(Input::Enqueued)));
    }
}
