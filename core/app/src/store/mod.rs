//! The store: two database files, one writer, and one promise. What a person typed is never lost, and never deleted by
//! the app on its own.
//!
//! `user/user.db` holds what she entered and what follows from it. `cache/cache.db` holds what can be fetched again and
//! may go at any time. Nothing in the first depends on the second, and no transaction spans both.
//!
//! ```text
//!            open                pause, close
//!   (none) ───────▶ open ──────────────────────▶ paused ──┐
//!                    ▲ │                            │     │ close
//!                    │ └── wipe ──▶ closed ◀── wipe ┘     ▼
//!                    └────────── resume ─────────────── (paused only)
//! ```
//!
//! Invariants:
//!
//! - One connection writes; every write is `BEGIN IMMEDIATE`. A read that turns into a write fails in SQLite whatever the
//!   time-out, so a reading function takes a [`Reader`], a writing one a [`WriteTransaction`], and only the second can
//!   stand for the first.
//! - A thread holds one connection at a time, of either file. A call inside a call is a `Bug`, not a wait without end.
//! - Listeners are told after the commit, outside every lock, and read for themselves.
//! - Closing is a call, never a destructor: collectors on the other side of the boundary run late or not at all. A store
//!   that is only dropped leaves `dirty` behind and the next start examines the file.
//!
//! Source: storage.md.

mod backup;
mod cache;
mod connection;
mod error;
mod folder;
mod key;
mod migrations;
mod notice;
mod open;
mod quarantine;
mod recovery;
mod session;
mod sql;
#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "tests: an overflow is a failed test"
)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

pub use cache::{CacheReader, CacheTransaction};
pub use error::StoreError;
pub(crate) use folder::{remove_file, remove_others, sync_folder};
pub use key::DatabaseKey;
pub use migrations::{MIGRATIONS, Migration};
pub use notice::{Subscription, Topic};
pub use recovery::Recovery;
pub use sql::{derived, settings, zones};

use connection::Role;
use folder::Folder;
use notice::Notices;
use open::Opening;
use session::Session;

use crate::time::UtcMillis;

/// Where the data lie and how they are locked.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The data folder, private to the app. Made if it is missing.
    pub folder: PathBuf,
    /// Key of both files; `None` leaves them plain. Only builds with the feature `sqlcipher` take one.
    pub key: Option<DatabaseKey>,
}

/// The open data folder. Every method can be called from any thread.
#[derive(Debug)]
pub struct Store {
    state: Mutex<State>,
    /// Held by whoever changes the state. Holds the configuration, whose key is forgotten at the end.
    lifecycle: Mutex<StoreConfig>,
    opening: Opening,
    notices: Arc<Notices>,
}

#[derive(Debug)]
enum State {
    Open(Arc<Session>),
    Paused,
    Closed,
}

/// How long a call that changes the state waits between two attempts to interrupt another one.
const TURN: Duration = Duration::from_millis(20);

impl Store {
    /// Opens the folder, makes it if needed, and migrates it. No network.
    ///
    /// A damaged `user.db` is set aside, its readable rows are saved into a new one, and the report is the second value.
    ///
    /// Errors: `InUse`, `TooNew`, `MigrationFailed`, `KeyLost`, `KeyNotSupported`, `Locked`, `StorageFull`; all of them
    /// leave what is there as it is.
    pub fn open(config: StoreConfig) -> Result<(Self, Option<Recovery>), StoreError> {
        let opening = Opening::default();
        let (session, recovery) = open::open(&config, &opening)?;
        let store = Self {
            state: Mutex::new(State::Open(Arc::new(session))),
            lifecycle: Mutex::new(config),
            opening,
            notices: Arc::default(),
        };
        Ok((store, recovery))
    }

    /// Runs `work` in one read transaction: it sees one state of the data, whatever is written meanwhile.
    ///
    /// Keep it short: a long reader keeps the write-ahead log growing. Errors: those of `work`; `Closed`; `Bug` inside
    /// another call of the same thread.
    pub fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Reader<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let session = self.session()?;
        let mut lent = session.lend(Role::UserReader)?;
        noting_damage(&session, || {
            let transaction = lent
                .connection()?
                .transaction_with_behavior(TransactionBehavior::Deferred)
                .map_err(StoreError::from)?;
            work(&Reader {
                connection: &transaction,
            })
        })
    }

    /// Runs `work` in one write transaction, commits if it answers `Ok`, takes everything back if it answers `Err`.
    ///
    /// When it returns `Ok` the change survives power loss. Listeners are told before it returns.
    ///
    /// Errors: those of `work`; `Closed`; `StorageFull`; `Bug` inside another call of the same thread.
    pub fn write<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&WriteTransaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let session = self.session()?;
        let mut lent = session.lend(Role::UserWriter)?;
        let (value, topics) = noting_damage(&session, || {
            let transaction = lent
                .connection()?
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(StoreError::from)?;
            let writing = WriteTransaction {
                reader: Reader {
                    connection: &transaction,
                },
                topics: RefCell::default(),
            };
            let value = work(&writing)?;
            let topics = writing.topics.take();
            transaction.commit().map_err(StoreError::from)?;
            Ok::<_, E>((value, topics))
        })?;
        drop(lent);
        drop(session);
        self.notices.deliver(topics);
        Ok(value)
    }

    /// Calls `listener` once with [`Topic::Everything`], then after each commit once for each topic that changed.
    ///
    /// It runs on the thread that wrote, before `write` returns: it should note the topic and return.
    pub fn subscribe(&self, listener: impl Fn(Topic) + Send + Sync + 'static) -> Subscription {
        self.notices.subscribe(Arc::new(listener))
    }

    /// Tells listeners about something that no transaction changed.
    #[cfg(feature = "net")]
    pub(crate) fn tell(&self, topic: Topic) {
        self.notices.deliver(BTreeSet::from([topic]));
    }

    /// Closes the files and frees the folder until [`Self::resume`], usually because the app goes to the background.
    ///
    /// Work in progress has a quarter of a second to end by itself, then it is interrupted and answers `Closed`. At most
    /// 5 s. Doing it twice, or to a closed store, does nothing.
    pub fn pause(&self) -> Result<(), StoreError> {
        let _config = self.take_turn();
        self.shut(State::Paused)
    }

    /// Opens a paused store again, and answers as [`Self::open`] if it found damage. An open store stays as it is.
    ///
    /// Errors: as [`Self::open`], the store is then still paused; `Closed` after `close` or `wipe`, or if another thread
    /// pauses meanwhile.
    pub fn resume(&self) -> Result<Option<Recovery>, StoreError> {
        let config = self.lifecycle.lock().unwrap_or_else(PoisonError::into_inner);
        match *self.state() {
            State::Open(_) => return Ok(None),
            State::Closed => return Err(StoreError::Closed),
            State::Paused => {}
        }
        let (session, recovery) = open::open(&config, &self.opening)?;
        *self.state() = State::Open(Arc::new(session));
        drop(config);
        self.notices.deliver(BTreeSet::from([Topic::Everything]));
        Ok(recovery)
    }

    /// Closes the store for good. Later calls answer `Closed`; closing again does nothing.
    pub fn close(&self) -> Result<(), StoreError> {
        let mut config = self.take_turn();
        let closed = self.shut(State::Closed);
        if !matches!(closed, Err(StoreError::Bug { .. })) {
            config.key = None;
        }
        closed
    }

    /// Deletes everything in the folder, quarantine included, and closes the store. Only the empty lock file stays.
    ///
    /// Works on an open, paused or closed store, and again. Errors: `InUse` if another instance has opened the folder.
    pub fn wipe(&self) -> Result<(), StoreError> {
        let mut config = self.take_turn();
        let folder = Folder::new(&config.folder);
        // What cannot be brought into the file before it is deleted does not matter.
        match self.shut(State::Closed) {
            Err(StoreError::Bug { where_ }) => return Err(StoreError::Bug { where_ }),
            Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "closing before wiping"),
            Ok(()) => {}
        }
        config.key = None;
        let lock = folder.lock()?;
        folder.erase(&lock)
    }

    /// Writes a copy of `user.db` as of now to `path`, under the same key. The file must not exist yet.
    ///
    /// Errors: `Io` if there is a file already; `Closed`; `StorageFull`. A copy that failed is deleted.
    pub fn backup_to(&self, path: &Path) -> Result<(), StoreError> {
        let key = self
            .lifecycle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .key
            .clone();
        let session = self.session()?;
        let mut lent = session.lend(Role::UserReader)?;
        noting_damage(&session, || {
            backup::backup(lent.connection()?, path, key.as_ref())
        })
    }

    /// Deletes damaged files that were set aside 30 days before `now` or earlier. A file that was not dated yet is dated.
    ///
    /// Errors: `Closed`; file system trouble.
    pub fn drop_old_quarantine(&self, now: UtcMillis) -> Result<(), StoreError> {
        let config = self.lifecycle.lock().unwrap_or_else(PoisonError::into_inner);
        self.session()?;
        quarantine::drop_old(&Folder::new(&config.folder), now)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn session(&self) -> Result<Arc<Session>, StoreError> {
        match &*self.state() {
            State::Open(session) => Ok(Arc::clone(session)),
            State::Paused | State::Closed => Err(StoreError::Closed),
        }
    }

    /// Waits until nobody else changes the state, and interrupts whoever is opening the files meanwhile.
    fn take_turn(&self) -> MutexGuard<'_, StoreConfig> {
        loop {
            match self.lifecycle.try_lock() {
                Ok(guard) => return guard,
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
            self.opening.interrupt();
            std::thread::sleep(TURN);
        }
    }

    fn shut(&self, to: State) -> Result<(), StoreError> {
        let mut state = self.state();
        let session = match &*state {
            State::Open(session) => Arc::clone(session),
            State::Paused => {
                *state = to;
                return Ok(());
            }
            State::Closed => return Ok(()),
        };
        drop(state);
        let closed = session.close();
        if !matches!(closed, Err(StoreError::Bug { .. })) {
            *self.state() = to;
            tracing::info!("store closed");
        }
        closed
    }
}

/// Runs `work` and remembers for the next start if it met a damaged page.
fn noting_damage<T, E>(session: &Session, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    error::forget_damage();
    let result = work();
    if error::damage_was_met() {
        session.note_damage();
    }
    result
}

/// The right to read, within one transaction.
pub struct Reader<'c> {
    connection: &'c Connection,
}

impl Reader<'_> {
    /// The connection, for the statements in a module's `sql.rs`.
    pub(crate) fn connection(&self) -> &Connection {
        self.connection
    }
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader")
    }
}

/// The right to write, within one transaction. Can be used wherever a [`Reader`] is asked for.
pub struct WriteTransaction<'c> {
    reader: Reader<'c>,
    topics: RefCell<BTreeSet<Topic>>,
}

impl WriteTransaction<'_> {
    /// Tells listeners about `topic` once the transaction is committed. Saying it twice is saying it once.
    pub fn notify(&self, topic: Topic) {
        self.topics.borrow_mut().insert(topic);
    }
}

impl<'c> Deref for WriteTransaction<'c> {
    type Target = Reader<'c>;

    fn deref(&self) -> &Self::Target {
        &self.reader
    }
}

impl fmt::Debug for WriteTransaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteTransaction")
    }
}
