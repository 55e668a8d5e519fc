//! A small database on a layer of its own: one row per transaction, so that what is missing can be counted.
#![allow(dead_code, reason = "each test file uses its part")]
#![expect(
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    reason = "helpers of tests: a panic is a failed test"
)]

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use ayumi_lossy_vfs::LossyVfs;
use rusqlite::{Connection, OpenFlags, params};
use tempfile::TempDir;

/// Transactions of the scenario.
pub(crate) const ROWS: i64 = 30;

/// What is found after a power loss.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// `integrity_check` is clean, and the rows are the first ones, whole.
    pub(crate) is_sound: bool,
    /// Transactions whose commit returned.
    pub(crate) committed: i64,
    /// Transactions that are there.
    pub(crate) found: i64,
}

pub(crate) struct Bench {
    pub(crate) vfs: LossyVfs,
    directory: TempDir,
    path: String,
}

fn bytes_of(row: i64) -> Vec<u8> {
    // Longer than a page now and then.
    vec![(row % 251) as u8; (row * 397 % 6_000) as usize]
}

impl Bench {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("bench-{}", NUMBER.fetch_add(1, Ordering::SeqCst));
        let directory = tempfile::tempdir().expect("a folder");
        let path = directory
            .path()
            .canonicalize()
            .expect("a path")
            .display()
            .to_string();
        Self {
            vfs: LossyVfs::named(&name).expect("a layer"),
            directory,
            path,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        Path::new(&self.path)
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn open(&self, folder: &Path) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        Connection::open_with_flags_and_vfs(folder.join("rows.db"), flags, self.vfs.name())
    }

    pub(crate) fn connect(&self) -> rusqlite::Result<Connection> {
        self.open(self.folder())
    }

    /// A database in a folder beside.
    pub(crate) fn neighbour(&self, name: &str) -> Connection {
        let folder = self.folder().join(name);
        std::fs::create_dir(&folder).expect("a folder");
        self.open(&folder).expect("a connection")
    }

    pub(crate) fn prepare(connection: &Connection, journal: &str, synchronous: &str) -> rusqlite::Result<()> {
        // Few pages between checkpoints, so that a short scenario has many; a small cache, so that it reads.
        connection.execute_batch(&format!(
            "PRAGMA journal_mode = {journal};
             PRAGMA synchronous = {synchronous};
             PRAGMA wal_autocheckpoint = 8;
             PRAGMA journal_size_limit = 16384;
             PRAGMA cache_size = 4;
             CREATE TABLE IF NOT EXISTS rows (row INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
             CREATE INDEX IF NOT EXISTS rows_by_bytes ON rows (bytes);"
        ))
    }

    pub(crate) fn insert(connection: &Connection, row: i64) -> rusqlite::Result<()> {
        connection
            .execute(
                "INSERT INTO rows (row, bytes) VALUES (?1, ?2)",
                params![row, bytes_of(row)],
            )
            .map(|_| ())
    }

    pub(crate) fn count(connection: &Connection) -> rusqlite::Result<i64> {
        connection.query_row("SELECT count(*) FROM rows", [], |row| row.get(0))
    }

    /// Inserts rows until one fails; how many commits returned.
    pub(crate) fn run(&self, journal: &str, synchronous: &str) -> i64 {
        self.tried(journal, synchronous).1
    }

    /// As `run`, with the first error.
    pub(crate) fn tried(&self, journal: &str, synchronous: &str) -> (rusqlite::Result<()>, i64) {
        let mut committed = 0;
        let mut work = || -> rusqlite::Result<()> {
            let connection = self.connect()?;
            Self::prepare(&connection, journal, synchronous)?;
            for row in Self::count(&connection)?..ROWS {
                Self::insert(&connection, row)?;
                committed = row + 1;
            }
            Ok(())
        };
        let result = work();
        (result, committed)
    }

    pub(crate) fn reopened(&self, committed: i64) -> Outcome {
        let look = || -> rusqlite::Result<(bool, i64)> {
            let connection = self.connect()?;
            let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
            let tables: i64 =
                connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            if tables == 0 {
                return Ok((verdict == "ok", 0));
            }
            let mut statement = connection.prepare("SELECT row, bytes FROM rows ORDER BY row")?;
            let rows: Vec<(i64, Vec<u8>)> = statement
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            let whole = (0..)
                .zip(&rows)
                .all(|(row, found)| found.0 == row && found.1 == bytes_of(row));
            Ok((
                verdict == "ok" && whole,
                i64::try_from(rows.len()).expect("few rows"),
            ))
        };
        let (is_sound, found) = look().unwrap_or((false, 0));
        Outcome {
            is_sound,
            committed,
            found,
        }
    }
}
