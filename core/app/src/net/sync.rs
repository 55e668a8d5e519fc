//! The calls of a shell. Each is plain and blocking, and those that wait for the network take a limit.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use ayumi_protocol::id::{AccountId, CaseId, OpId};
use ayumi_protocol::session::{
    ConsentTextAnswer, EnrolRequest, Secret, StaffSignInRequest, TransferCodeAnswer, TransferRequest,
};
use ayumi_protocol::time::LocalDate;

use super::driver::{Driver, is_inside};
use super::run::{Answer, Event, Kind};
use super::tls::TlsError;
use crate::store::{Store, StoreError};
use crate::sync::engine::{
    Blocked, Command, CommandError, Phase, Question, Reply, SignIn, Signal, SyncStatus,
};
use crate::sync::outbox::{self, Waiting};

/// Why an exchange with the server did not come about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// The app was opened without a server.
    #[error("reach the server: none is configured")]
    NoServer,
    /// The configured root certificates cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The store failed; `Closed` after `pause`, `close` and `wipe`, also in the middle of the call.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server, or the state of this phone, does not allow it.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The limit of time ran out. What was begun goes on, and a repetition brings its result.
    #[error("wait for the server: it takes longer than the limit")]
    LimitReached,
    /// The request was taken back: by `stop`, or because the session ended.
    #[error("wait for the server: the request was taken back")]
    TakenBack,
    /// The account was deleted, and everything on this phone with it.
    #[error("reach the server: the account was deleted")]
    AccountDeleted,
    /// A listener called something that waits.
    #[error("wait for the server inside a listener")]
    InsideListener,
}

/// What an exchange brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncOutcome {
    /// Everything that could be exchanged now was; otherwise the limit ran out and the exchange goes on.
    pub is_complete: bool,
    /// Operations that the server acknowledged meanwhile.
    pub sent: u64,
    /// Entries that arrived meanwhile, own ones included.
    pub received: u64,
    /// What still waits.
    pub waiting: Waiting,
    /// The status afterwards.
    pub status: SyncStatus,
}

/// What the exchange has cost since the app was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Steps of the engine: each is one transaction.
    pub steps: u64,
    /// How often the timer woke the thread.
    pub timers: u64,
    /// Requests.
    pub requests: u64,
    /// Bytes of request bodies, packed. Heads and TLS come on top.
    pub sent_bytes: u64,
    /// Bytes of answer bodies, packed.
    pub received_bytes: u64,
}

/// The exchange with the server.
#[derive(Debug, Clone, Copy)]
pub struct Sync<'a> {
    pub(super) driver: Option<&'a Driver>,
    pub(super) store: &'a Store,
}

impl<'a> Sync<'a> {
    pub(crate) const fn new(driver: Option<&'a Driver>, store: &'a Store) -> Self {
        Self { driver, store }
    }

    pub(super) fn driver(&self) -> Result<&'a Driver, SyncError> {
        self.driver.ok_or(SyncError::NoServer)
    }

    /// Stays in touch with the server from now on, while the app is in front; goes on by itself after `pause` and `resume`.
    ///
    /// Errors: `NoServer`; `Tls`; `Store`.
    pub fn start(&self) -> Result<(), SyncError> {
        self.driver()?.set_live(true)
    }

    /// Stops that. Requests in flight are taken back.
    pub fn stop(&self) -> Result<(), SyncError> {
        self.driver()?.set_live(false)
    }

    /// Exchanges what there is, and waits for it at most `limit`. Calls at the same time share one exchange.
    ///
    /// That the server cannot be reached is no error of the call: the status says so.
    /// Errors: `NoServer`; `Tls`; `Store`; `AccountDeleted`; `InsideListener`.
    pub fn sync_now(&self, limit: Duration) -> Result<SyncOutcome, SyncError> {
        let driver = self.driver()?;
        let before = driver.shared().exchanged();
        let waited = Self::wait(driver, limit, |answer| Event::Settle { answer });
        let is_complete = match waited {
            Ok(()) => true,
            Err(SyncError::LimitReached) => false,
            Err(error) => return Err(error),
        };
        let after = driver.shared().exchanged();
        Ok(SyncOutcome {
            is_complete,
            sent: after.sent.saturating_sub(before.sent),
            received: after.received.saturating_sub(before.received),
            waiting: self.pending()?,
            status: self.status()?,
        })
    }

    /// Tells what the platform noticed. Costs nothing while nothing runs.
    pub fn signal(&self, signal: Signal) {
        if let Some(driver) = self.driver {
            driver.signal(signal);
        }
    }

    /// What a screen shows.
    ///
    /// Errors: `NoServer`; `Store`.
    pub fn status(&self) -> Result<SyncStatus, SyncError> {
        let shared = self.driver()?.shared();
        let engine = super::driver::lock(&shared.shown).clone();
        let now = shared.now();
        let mut status = self.store.read(|reader| engine.status(reader, now))?;
        if shared.is_locked.load(Ordering::SeqCst) {
            status.phase = Phase::Blocked(Blocked::Storage);
        }
        Ok(status)
    }

    /// The operations that are on their way at this moment, for a conversation on screen.
    #[must_use]
    pub fn sending(&self) -> BTreeSet<OpId> {
        self.driver
            .map(|driver| super::driver::lock(&driver.shared().shown).sending())
            .unwrap_or_default()
    }

    /// How much waits to be sent: a person is told before she signs out.
    pub fn pending(&self) -> Result<Waiting, StoreError> {
        self.store.read(outbox::waiting)
    }

    /// Signs a participant in with the code of her invitation.
    ///
    /// Errors: `Command`; `LimitReached`; those of [`sync_now`](Self::sync_now).
    pub fn enrol(&self, code: &str, birth_date: LocalDate, limit: Duration) -> Result<AccountId, SyncError> {
        let device = self.driver()?.shared().config.device.clone();
        self.sign_in(
            SignIn::Enrol(EnrolRequest {
                code: Secret::new(code.to_owned()),
                birth_date,
                device,
            }),
            limit,
        )
    }

    /// Signs a participant in on another phone, or again, with a transfer code. `keeps_old_device` leaves the old phone signed in.
    ///
    /// Errors: as [`enrol`](Self::enrol).
    pub fn transfer(
        &self,
        code: &str,
        birth_date: LocalDate,
        keeps_old_device: bool,
        limit: Duration,
    ) -> Result<AccountId, SyncError> {
        let device = self.driver()?.shared().config.device.clone();
        self.sign_in(
            SignIn::Transfer(TransferRequest {
                code: Secret::new(code.to_owned()),
                birth_date,
                device,
                keeps_old_device,
            }),
            limit,
        )
    }

    /// Signs a member of the staff in.
    ///
    /// Errors: as [`enrol`](Self::enrol).
    pub fn staff_sign_in(
        &self,
        login: &str,
        password: &str,
        one_time_code: &str,
        limit: Duration,
    ) -> Result<AccountId, SyncError> {
        let device = self.driver()?.shared().config.device.clone();
        self.sign_in(
            SignIn::Staff(StaffSignInRequest {
                login: login.to_owned(),
                password: Secret::new(password.to_owned()),
                one_time_code: Secret::new(one_time_code.to_owned()),
                device,
            }),
            limit,
        )
    }

    fn sign_in(&self, sign_in: SignIn, limit: Duration) -> Result<AccountId, SyncError> {
        match self.ask(Command::SignIn(sign_in), Kind::SignIn, limit)? {
            Reply::SignIn(result) => Ok(result?),
            _ => Err(SyncError::TakenBack),
        }
    }

    /// Ends the session on the server. What is on the phone stays until [`App::wipe`](crate::app::App::wipe), which the shell calls
    /// after it has said how much is [pending](Self::pending). With a suspended account, or an app that is too old for the server, it ends on
    /// this phone alone.
    ///
    /// Errors: as [`enrol`](Self::enrol); the session then goes on.
    pub fn sign_out(&self, limit: Duration) -> Result<(), SyncError> {
        match self.ask(Command::SignOut, Kind::SignOut, limit)? {
            Reply::SignOut(result) => Ok(result?),
            _ => Err(SyncError::TakenBack),
        }
    }

    /// The text to which she is asked to consent.
    ///
    /// Errors: as [`enrol`](Self::enrol).
    pub fn consent_text(&self, limit: Duration) -> Result<ConsentTextAnswer, SyncError> {
        match self.ask(Command::Ask(Question::ConsentText), Kind::ConsentText, limit)? {
            Reply::ConsentText(result) => Ok(result?),
            _ => Err(SyncError::TakenBack),
        }
    }

    /// A code with which she signs in on another phone; staff name the case.
    ///
    /// Errors: as [`enrol`](Self::enrol).
    pub fn transfer_code(
        &self,
        case_id: Option<CaseId>,
        limit: Duration,
    ) -> Result<TransferCodeAnswer, SyncError> {
        let command = Command::Ask(Question::TransferCode(case_id));
        match self.ask(command, Kind::TransferCode, limit)? {
            Reply::TransferCode(result) => Ok(result?),
            _ => Err(SyncError::TakenBack),
        }
    }

    /// The conversation of a case is on screen, or none: its log is read first.
    pub fn open_case(&self, case_id: Option<CaseId>) {
        if let Some(driver) = self.driver {
            driver.open_case(case_id);
        }
    }

    /// Whether nothing is in flight and no timer is set: nothing happens until somebody does something.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.driver
            .is_none_or(|driver| super::driver::lock(&driver.shared().shown).is_idle())
    }

    /// What the exchange has cost so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let Some(shared) = self.driver.map(Driver::shared) else {
            return Counts::default();
        };
        let read = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
        Counts {
            steps: read(&shared.steps),
            timers: read(&shared.timers),
            requests: read(&shared.traffic.requests),
            sent_bytes: read(&shared.traffic.sent_bytes),
            received_bytes: read(&shared.traffic.received_bytes),
        }
    }

    pub(super) fn ask(&self, command: Command, kind: Kind, limit: Duration) -> Result<Reply, SyncError> {
        Self::wait(self.driver()?, limit, |answer| Event::Asked {
            command,
            kind,
            answer,
        })
    }

    fn wait<T>(
        driver: &Driver,
        limit: Duration,
        event: impl FnOnce(Answer<T>) -> Event,
    ) -> Result<T, SyncError> {
        if is_inside() {
            return Err(SyncError::InsideListener);
        }
        // Room for the answer, so that the thread never waits for who asked.
        let (answer, answered) = sync_channel(1);
        driver.send(event(answer))?;
        match answered.recv_timeout(limit) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => Err(SyncError::LimitReached),
            Err(RecvTimeoutError::Disconnected) if driver.shared().is_deleted.load(Ordering::SeqCst) => {
                Err(SyncError::AccountDeleted)
            }
            Err(RecvTimeoutError::Disconnected) => Err(StoreError::Closed.into()),
        }
    }
}
