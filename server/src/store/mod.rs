//! Where everything is kept: one trait, two engines.
//!
//! ```text
//!   write(&store, input, work)          work: fn(&mut dyn Transaction, &Input) -> future
//!        │
//!        ├── SqliteStore     one writer, many works share one fsync; readers apart
//!        └── PostgresStore   a pool; a serialization failure repeats the work
//! ```
//!
//! Statements are written once, in the `sql.rs` of the module that owns the table, and both engines run them: they stay in the
//! subset that SQLite, `PostgreSQL` and the engines compatible with it accept (sync.md 16). Only the schema exists twice.
//!
//! A *work* is a function that runs inside one transaction. Four rules:
//!
//! 1. It may run more than once: after a serialization failure the engine repeats it. So everything random and every time is
//!    in its input, and it touches nothing but the transaction.
//! 2. An `Err` rolls everything back, a refusal too. What has to be kept about a refusal is part of an `Ok`.
//! 3. After a failed statement it ends: `PostgreSQL` answers nothing more in that transaction.
//! 4. It awaits the transaction and nothing else. SQLite runs it in one go inside the writer.

pub mod backup;
mod fault;
mod folder_lock;
mod migrate;
mod postgres;
mod postgres_hints;
mod postgres_tls;
mod repeat;
pub(crate) mod sql;
mod sqlite;
pub mod state;
mod value;

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

pub use fault::{Fault, Refused, StoreError};
pub use folder_lock::FolderLock;
pub(crate) use folder_lock::private_folder;
pub use migrate::postgres as migrate_postgres;
pub use postgres::{PostgresSettings, PostgresStore};
pub use postgres_hints::exchange_hints;
pub use sqlite::{Running, SqliteStore};
pub use value::{FromValue, Row, Value};

use crate::host::Boxed;

/// An open transaction of either engine.
pub trait Transaction: Send {
    /// Whether it may write. A work that finds something to write in a read transaction returns [`Fault::NeedsWrite`].
    fn is_writing(&self) -> bool;

    /// Runs a statement and tells how many rows it changed. Parameters are `$1`, `$2` and so on.
    fn execute<'a>(
        &'a mut self,
        sql: &'static str,
        values: &'a [Value],
    ) -> Boxed<'a, Result<u64, StoreError>>;

    /// Runs a statement and brings its rows, all of them: a statement limits itself.
    fn query<'a>(
        &'a mut self,
        sql: &'static str,
        values: &'a [Value],
    ) -> Boxed<'a, Result<Vec<Row>, StoreError>>;
}

impl dyn Transaction + '_ {
    /// The only row of a statement, if it has one.
    pub async fn row(&mut self, sql: &'static str, values: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, values).await?.into_iter().next())
    }
}

/// Something that runs in one transaction; see the rules above.
pub trait Work: Send + Sync {
    /// Runs it.
    fn run<'t>(&'t self, tx: &'t mut dyn Transaction) -> Boxed<'t, Result<(), Fault>>;
}

/// Which engine it is, for metrics, logs and a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded.
    Sqlite,
    /// `PostgreSQL` or an engine compatible with it.
    Postgres,
}

impl Engine {
    /// Its name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
        }
    }
}

/// What an operator may want to know of a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Works that wait to be run.
    pub queue: usize,
    /// Transactions that were run again because others came first, since the start.
    pub repeats: u64,
}

/// Keeps everything. Use it through [`write()`] and [`read`].
pub trait Store: Send + Sync + Debug {
    /// Which engine it is.
    fn engine(&self) -> Engine;

    /// Runs a work that may write, and commits it if it ends well.
    fn run_write(&self, work: Arc<dyn Work>) -> Boxed<'_, Result<(), Fault>>;

    /// Runs a work that only reads, over one consistent state.
    fn run_read(&self, work: Arc<dyn Work>) -> Boxed<'_, Result<(), Fault>>;

    /// What its operator may want to know of it.
    fn figures(&self) -> Figures {
        Figures::default()
    }

    /// Ends it: what is being written is finished, later work fails.
    fn close(&self) -> Boxed<'_, ()>;
}

/// A function that runs in a transaction, over its input.
pub type WorkFn<I, T> = for<'t> fn(&'t mut dyn Transaction, &'t I) -> Boxed<'t, Result<T, Fault>>;

/// Runs `work` in a transaction that may write.
///
/// Errors: `Refused` by the work itself; `Store` if the store failed or does not know whether it committed. Nothing was written
/// then, but for the last case, in which a repeat with the same ids finds out.
pub async fn write<I, T>(store: &dyn Store, input: I, work: WorkFn<I, T>) -> Result<T, Fault>
where
    I: Send + Sync + 'static,
    T: Send + 'static,
{
    let job = Arc::new(Job::new(input, work));
    store.run_write(Arc::clone(&job) as Arc<dyn Work>).await?;
    job.take()
}

/// Runs `work` in a transaction that only reads; if it finds something to write, in one that may.
///
/// Errors: as [`write()`].
pub async fn read<I, T>(store: &dyn Store, input: I, work: WorkFn<I, T>) -> Result<T, Fault>
where
    I: Send + Sync + 'static,
    T: Send + 'static,
{
    let job = Arc::new(Job::new(input, work));
    match store.run_read(Arc::clone(&job) as Arc<dyn Work>).await {
        Err(Fault::NeedsWrite) => store.run_write(Arc::clone(&job) as Arc<dyn Work>).await?,
        other => other?,
    }
    job.take()
}

/// A work with a place for its result.
struct Job<I, T> {
    input: I,
    work: WorkFn<I, T>,
    result: Mutex<Option<T>>,
}

impl<I, T> Job<I, T> {
    const fn new(input: I, work: WorkFn<I, T>) -> Self {
        Self {
            input,
            work,
            result: Mutex::new(None),
        }
    }

    fn take(&self) -> Result<T, Fault> {
        let mut slot = self.result.lock().unwrap_or_else(PoisonError::into_inner);
        slot.take().ok_or(Fault::Store(StoreError::Bug {
            what: "a work ended without a result",
        }))
    }
}

impl<I: Send + Sync, T: Send> Work for Job<I, T> {
    fn run<'t>(&'t self, tx: &'t mut dyn Transaction) -> Boxed<'t, Result<(), Fault>> {
        Box::pin(async move {
            let value = (self.work)(tx, &self.input).await?;
            *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
            Ok(())
        })
    }
}
