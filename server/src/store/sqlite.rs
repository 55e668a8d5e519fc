//! The embedded engine: one file, one writer, group commit.
//!
//! The writer takes all works that wait, runs each in a savepoint of its own inside one transaction, commits once, and only
//! then tells them: one fsync serves them all, and a work that fails disturbs none of its neighbours.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use ayumi_protocol::cursor::Epoch;
use futures_util::FutureExt as _;
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql};
use tokio::sync::oneshot;

use super::repeat::Repeats;
use super::{Engine, Fault, Figures, Row, Store, StoreError, Transaction, Value, Work};
use crate::host::{Boxed, Host};

/// Where the works run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Running {
    /// In a writer thread and some reader threads.
    OnThreads {
        /// Reader threads, 1 or more.
        readers: usize,
    },
    /// In the thread that asks, at once: for a simulation. Everything the store returns is ready when it is first polled.
    Inline,
}

/// The file in the folder.
const FILE: &str = "ayumi.db";

/// How long one try waits for a lock that another process holds, such as a command of the operator.
const BUSY: Duration = Duration::from_secs(1);

/// Works that share one fsync at most: the last of them waits for all.
const GROUP: usize = 64;

/// The embedded store.
pub struct SqliteStore {
    path: PathBuf,
    is_closed: Arc<AtomicBool>,
    writer: Runner,
    readers: Runner,
    repeats: Repeats,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

/// Gives a new store its epoch.
struct Begin(Epoch);

impl Work for Begin {
    fn run<'t>(&'t self, tx: &'t mut dyn Transaction) -> Boxed<'t, Result<(), Fault>> {
        Box::pin(async move { Ok(super::state::begin(tx, self.0).await?) })
    }
}

enum Runner {
    Inline(Mutex<Connection>),
    Threads(Threads),
}

struct Threads {
    sender: Mutex<Option<Sender<Job>>>,
    handles: Mutex<Vec<thread::JoinHandle<()>>>,
    /// Works that no thread has taken yet.
    queue: Arc<AtomicUsize>,
}

impl Threads {
    fn new(sender: Sender<Job>, handles: Vec<thread::JoinHandle<()>>, queue: Arc<AtomicUsize>) -> Self {
        Self {
            sender: Mutex::new(Some(sender)),
            handles: Mutex::new(handles),
            queue,
        }
    }
}

struct Job {
    work: Arc<dyn Work>,
    done: oneshot::Sender<Result<(), Fault>>,
}

impl SqliteStore {
    /// Opens the store in a folder, makes it if there is none, and brings its schema up to date.
    ///
    /// Errors: `Unavailable` if the file cannot be opened, `Schema` if it was made by a newer program.
    pub fn open(folder: &Path, running: Running, host: &Host) -> Result<Self, StoreError> {
        let path = &folder.join(FILE);
        let is_closed = Arc::new(AtomicBool::new(false));
        let mut writer = connect(path, true)?;
        super::migrate::sqlite(&mut writer)?;
        let begin = Begin(Epoch::from_uuid(host.random_uuid()));
        write_group(&mut writer, &[Arc::new(begin)])
            .into_iter()
            .find_map(Result::err)
            .map_or(Ok(()), |fault| match fault {
                Fault::Store(error) => Err(error),
                Fault::Refused(_) | Fault::NeedsWrite => Err(StoreError::Bug {
                    what: "a new store refused its epoch",
                }),
            })?;
        // Later a held lock is not waited for in one go, which would hold up every other writer of this process with it.
        let busy = match running {
            Running::Inline => Duration::ZERO,
            Running::OnThreads { .. } => BUSY,
        };
        writer.busy_timeout(busy).map_err(|error| store_error(&error))?;
        let (writer, readers) = match running {
            Running::Inline => (
                Runner::Inline(Mutex::new(writer)),
                Runner::Inline(Mutex::new(connect(path, false)?)),
            ),
            Running::OnThreads { readers } => {
                let (sender, jobs) = mpsc::channel();
                let queue = Arc::new(AtomicUsize::new(0));
                let taken = Arc::clone(&queue);
                let handle = spawn("store-writer", move || write_jobs(writer, &jobs, &taken))?;
                let writer = Runner::Threads(Threads::new(sender, vec![handle], queue));
                let (sender, jobs) = mpsc::channel();
                let jobs = Arc::new(Mutex::new(jobs));
                let queue = Arc::new(AtomicUsize::new(0));
                let handles = (0..readers.max(1))
                    .map(|_| {
                        let (connection, jobs) = (connect(path, false)?, Arc::clone(&jobs));
                        let taken = Arc::clone(&queue);
                        spawn("store-reader", move || read_jobs(connection, &jobs, &taken))
                    })
                    .collect::<Result<_, _>>()?;
                (writer, Runner::Threads(Threads::new(sender, handles, queue)))
            }
        };
        Ok(Self {
            path: path.to_owned(),
            is_closed,
            writer,
            readers,
            repeats: Repeats::new(host.clone()),
        })
    }

    async fn run(&self, runner: &Runner, work: Arc<dyn Work>, is_writing: bool) -> Result<(), Fault> {
        if self.is_closed.load(Ordering::SeqCst) {
            return Err(StoreError::Closed.into());
        }
        let mut tries = self.repeats.begin();
        loop {
            let result = runner.run(Arc::clone(&work), is_writing).await;
            if !tries.again(&result).await {
                return result;
            }
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Store for SqliteStore {
    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    fn run_write(&self, work: Arc<dyn Work>) -> Boxed<'_, Result<(), Fault>> {
        Box::pin(self.run(&self.writer, work, true))
    }

    fn run_read(&self, work: Arc<dyn Work>) -> Boxed<'_, Result<(), Fault>> {
        Box::pin(self.run(&self.readers, work, false))
    }

    fn figures(&self) -> Figures {
        Figures {
            queue: self.writer.queue().saturating_add(self.readers.queue()),
            repeats: self.repeats.count(),
        }
    }

    fn close(&self) -> Boxed<'_, ()> {
        self.is_closed.store(true, Ordering::SeqCst);
        let handles: Vec<_> = [&self.writer, &self.readers]
            .into_iter()
            .flat_map(Runner::stop)
            .collect();
        for handle in handles {
            // A thread that panicked has nothing left to finish.
            let _ = handle.join();
        }
        Box::pin(std::future::ready(()))
    }
}

impl Runner {
    fn run(&self, work: Arc<dyn Work>, is_writing: bool) -> Boxed<'_, Result<(), Fault>> {
        match self {
            Self::Inline(connection) => {
                let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                let result = if is_writing {
                    write_group(&mut connection, std::slice::from_ref(&work))
                        .pop()
                        .unwrap_or(Err(StoreError::Bug {
                            what: "a group lost a work",
                        }
                        .into()))
                } else {
                    read_one(&mut connection, &*work)
                };
                Box::pin(std::future::ready(result))
            }
            Self::Threads(threads) => {
                let (done, result) = oneshot::channel();
                let sender = threads.sender.lock().unwrap_or_else(PoisonError::into_inner);
                threads.queue.fetch_add(1, Ordering::Relaxed);
                let is_sent = sender
                    .as_ref()
                    .is_some_and(|sender| sender.send(Job { work, done }).is_ok());
                if !is_sent {
                    threads.queue.fetch_sub(1, Ordering::Relaxed);
                }
                Box::pin(async move {
                    if !is_sent {
                        return Err(StoreError::Closed.into());
                    }
                    result.await.unwrap_or(Err(StoreError::OutcomeUnknown.into()))
                })
            }
        }
    }

    fn stop(&self) -> Vec<thread::JoinHandle<()>> {
        match self {
            Self::Inline(_) => Vec::new(),
            Self::Threads(Threads { sender, handles, .. }) => {
                sender.lock().unwrap_or_else(PoisonError::into_inner).take();
                std::mem::take(&mut handles.lock().unwrap_or_else(PoisonError::into_inner))
            }
        }
    }

    fn queue(&self) -> usize {
        match self {
            Self::Inline(_) => 0,
            Self::Threads(threads) => threads.queue.load(Ordering::Relaxed),
        }
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<thread::JoinHandle<()>, StoreError> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// The writer thread: ends when the store is closed and nothing waits any more.
fn write_jobs(mut connection: Connection, jobs: &Receiver<Job>, queue: &AtomicUsize) {
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        group.extend(jobs.try_iter().take(GROUP - 1));
        queue.fetch_sub(group.len(), Ordering::Relaxed);
        let works: Vec<_> = group.iter().map(|job| Arc::clone(&job.work)).collect();
        let results = write_group(&mut connection, &works);
        for (job, result) in group.into_iter().zip(results) {
            // Whoever asked may have gone away; the work is done all the same.
            let _ = job.done.send(result);
        }
    }
}

/// A reader thread.
fn read_jobs(mut connection: Connection, jobs: &Mutex<Receiver<Job>>, queue: &AtomicUsize) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        queue.fetch_sub(1, Ordering::Relaxed);
        let result = read_one(&mut connection, &*job.work);
        let _ = job.done.send(result);
    }
}

/// Runs works in one transaction, each in its savepoint, and commits.
fn write_group(connection: &mut Connection, works: &[Arc<dyn Work>]) -> Vec<Result<(), Fault>> {
    let mut results = Vec::with_capacity(works.len());
    let committed = (|| {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for work in works {
            connection.execute_batch("SAVEPOINT work")?;
            let result = run(connection, &**work, true);
            if result.is_err() {
                connection.execute_batch("ROLLBACK TO work")?;
            }
            connection.execute_batch("RELEASE work")?;
            results.push(result);
        }
        connection.execute_batch("COMMIT")
    })();
    if let Err(error) = committed {
        if !connection.is_autocommit() {
            // If this fails too, the next BEGIN will tell.
            let _ = connection.execute_batch("ROLLBACK");
        }
        return works.iter().map(|_| Err(store_error(&error).into())).collect();
    }
    results
}

fn read_one(connection: &mut Connection, work: &dyn Work) -> Result<(), Fault> {
    connection
        .execute_batch("BEGIN DEFERRED")
        .map_err(|error| store_error(&error))?;
    let result = run(connection, work, false);
    connection
        .execute_batch("ROLLBACK")
        .map_err(|error| store_error(&error))?;
    result
}

fn run(connection: &mut Connection, work: &dyn Work, is_writing: bool) -> Result<(), Fault> {
    let mut tx = SqliteTransaction {
        connection,
        is_writing,
        has_failed: false,
    };
    // A work that panics must not end the thread that everybody's works run on.
    let work = AssertUnwindSafe(|| work.run(&mut tx).now_or_never());
    let result = catch_unwind(work).unwrap_or(Some(Err(StoreError::Bug {
        what: "a work panicked",
    }
    .into())));
    // SQLite could keep the rest. PostgreSQL could not, and a work must not depend on the engine.
    let result = if tx.has_failed && matches!(result, Some(Ok(()))) {
        Some(Err(StoreError::WENT_ON.into()))
    } else {
        result
    };
    result.unwrap_or(Err(StoreError::Bug {
        what: "a work waited for something else than its transaction",
    }
    .into()))
}

struct SqliteTransaction<'c> {
    connection: &'c mut Connection,
    is_writing: bool,
    has_failed: bool,
}

impl SqliteTransaction<'_> {
    fn run<T>(
        &self,
        sql: &'static str,
        values: &[Value],
        read: impl FnOnce(&mut rusqlite::Rows<'_>, usize) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(sql)
            .map_err(|error| store_error(&error))?;
        bind(&mut statement, values).map_err(|error| store_error(&error))?;
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        read(&mut rows, columns).map_err(|error| store_error(&error))
    }
}

/// Binds by name: SQLite numbers `$1`, `$2` by their first appearance and not by their number.
fn bind(statement: &mut rusqlite::Statement<'_>, values: &[Value]) -> rusqlite::Result<()> {
    const NAMES: [&str; 33] = [
        "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15",
        "$16", "$17", "$18", "$19", "$20", "$21", "$22", "$23", "$24", "$25", "$26", "$27", "$28", "$29",
        "$30", "$31", "$32", "$33",
    ];
    if values.len() > NAMES.len() {
        return Err(rusqlite::Error::InvalidParameterCount(values.len(), NAMES.len()));
    }
    for (name, value) in NAMES.iter().zip(values) {
        let index = statement
            .parameter_index(name)?
            .ok_or_else(|| rusqlite::Error::InvalidParameterName((*name).to_owned()))?;
        statement.raw_bind_parameter(index, value)?;
    }
    Ok(())
}

impl Transaction for SqliteTransaction<'_> {
    fn is_writing(&self) -> bool {
        self.is_writing
    }

    fn execute<'a>(
        &'a mut self,
        sql: &'static str,
        values: &'a [Value],
    ) -> Boxed<'a, Result<u64, StoreError>> {
        let result = self.run(sql, values, |rows, _| {
            while rows.next()?.is_some() {}
            Ok(())
        });
        self.has_failed |= result.is_err();
        Box::pin(std::future::ready(result.map(|()| self.connection.changes())))
    }

    fn query<'a>(
        &'a mut self,
        sql: &'static str,
        values: &'a [Value],
    ) -> Boxed<'a, Result<Vec<Row>, StoreError>> {
        let result = self.run(sql, values, |rows, columns| {
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                let values = (0..columns)
                    .map(|column| Ok(value_of(row.get_ref(column)?)))
                    .collect::<rusqlite::Result<_>>()?;
                all.push(Row(values));
            }
            Ok(all)
        });
        self.has_failed |= result.is_err();
        Box::pin(std::future::ready(result))
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Uuid(uuid) => ValueRef::Blob(uuid.as_bytes()),
        }))
    }
}

fn value_of(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Integer(number) => Value::Integer(number),
        // No column of the schema holds a float; one that did would be read as no type at all.
        ValueRef::Null | ValueRef::Real(_) => Value::Null,
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

fn connect(path: &Path, is_writer: bool) -> Result<Connection, StoreError> {
    let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags |= if is_writer {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
    } else {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    };
    (|| {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.set_prepared_statement_cache_capacity(256);
        // A plan must not hang on the values that are bound: the library is built with STAT4, and without this a new value may
        // have the statement parsed and planned again.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        if is_writer {
            // What is erased shall not stay in the free space of the file.
            connection.execute_batch(
                "PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = FULL;
                 PRAGMA secure_delete = ON;",
            )?;
        }
        connection.execute_batch(
            "PRAGMA foreign_keys = ON;
             PRAGMA cache_size = -65536;",
        )?;
        Ok(connection)
    })()
    .map_err(|error| store_error(&error))
}

fn store_error(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Contended,
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::SystemIoFailure) => {
            StoreError::Unavailable(error.to_string())
        }
        _ => StoreError::Statement(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::server::boxed;
    use crate::store::write;

    #[test]
    fn what_is_erased_is_not_in_the_file_any_more() {
        const TEXT: &str = "a simulated text that somebody wants to be erased";
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path(), Running::Inline, &Host::system()).unwrap();
        let path = store.path().to_owned();
        for sql in [
            "INSERT INTO society (society_id, code, name, created_at_ms) VALUES ($1, 'x', $2, 0)",
            "DELETE FROM society WHERE society_id = $1 AND name = $2",
        ] {
            let written = write(&store, sql, |tx, sql| {
                boxed(async move { Ok(tx.execute(sql, &[Uuid::nil().into(), TEXT.into()]).await?) })
            });
            assert_eq!(written.now_or_never().unwrap().unwrap(), 1, "{sql}");
        }
        drop(store);
        let connection = Connection::open(&path).unwrap();
        let is_busy: i64 = connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .unwrap();
        assert_eq!(is_busy, 0);
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes
            .windows(TEXT.len() - 8)
            .any(|window| window == &TEXT.as_bytes()[8..]);
        assert!(!found);
    }
}
