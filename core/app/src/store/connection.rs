//! Opening one connection: its flags, key, pragmas and limits.
//!
//! Deliberately absent: `ANALYZE` and `PRAGMA optimize` (they made plans worse elsewhere; plans are pinned by tests),
//! `synchronous = OFF`, `journal_mode = MEMORY`, shared cache. Source: storage.md 2.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use super::{DatabaseKey, StoreError};

/// What a connection is for. Each role has a column in the tables of pragmas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The one connection that writes `user.db`.
    UserWriter,
    /// A connection that reads `user.db`.
    UserReader,
    /// The one connection that writes `cache.db`.
    CacheWriter,
    /// The connection that reads `cache.db`.
    CacheReader,
}

impl Role {
    /// Whether it has no right to write.
    const fn only_reads(self) -> bool {
        matches!(self, Self::UserReader | Self::CacheReader)
    }

    /// Whether it belongs to `cache.db`.
    pub(super) const fn is_of_cache(self) -> bool {
        matches!(self, Self::CacheWriter | Self::CacheReader)
    }
}

/// A setting of SQLite and why it has its value.
#[derive(Debug)]
pub(super) struct Pragma {
    pub(super) name: &'static str,
    user_writer: &'static str,
    user_reader: &'static str,
    cache_writer: &'static str,
    cache_reader: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "read by people and by a test"))]
    pub(super) why: &'static str,
}

impl Pragma {
    const fn same(name: &'static str, value: &'static str, why: &'static str) -> Self {
        Self::each(name, [value, value, value, value], why)
    }

    /// Values of the writer and the readers of `user.db`, then of those of `cache.db`.
    const fn each(name: &'static str, values: [&'static str; 4], why: &'static str) -> Self {
        let [user_writer, user_reader, cache_writer, cache_reader] = values;
        Self {
            name,
            user_writer,
            user_reader,
            cache_writer,
            cache_reader,
            why,
        }
    }

    pub(super) const fn value(&self, role: Role) -> &'static str {
        match role {
            Role::UserWriter => self.user_writer,
            Role::UserReader => self.user_reader,
            Role::CacheWriter => self.cache_writer,
            Role::CacheReader => self.cache_reader,
        }
    }
}

/// "AYUM" and "AYUC" as big-endian numbers.
const USER_APPLICATION_ID: &str = "1096373581";
const CACHE_APPLICATION_ID: &str = "1096373571";

const FULL_SYNC: &str = if cfg!(target_vendor = "apple") { "1" } else { "0" };

/// Written once into a new file, in this order, and only compared afterwards: writing them again would change the file.
pub(super) const NEW_FILE_PRAGMAS: &[Pragma] = &[
    Pragma::same(
        "auto_vacuum",
        "2",
        "incremental: gives space back in small steps while idle; must precede everything that writes, or it stays 0",
    ),
    Pragma::each(
        "application_id",
        [
            USER_APPLICATION_ID,
            USER_APPLICATION_ID,
            CACHE_APPLICATION_ID,
            CACHE_APPLICATION_ID,
        ],
        "recognises the file in support and refuses a foreign one",
    ),
    Pragma::same(
        "journal_mode",
        "wal",
        "readers never block the writer; one fsync per commit instead of several",
    ),
];

/// Set on every connection, in this order.
pub(super) const CONNECTION_PRAGMAS: &[Pragma] = &[
    Pragma::each(
        "synchronous",
        ["2", "2", "1", "1"],
        "a commit of what a person entered survives power loss (FULL); the cache may lose its last commits (NORMAL)",
    ),
    Pragma::same(
        "fullfsync",
        FULL_SYNC,
        "on Apple systems a plain fsync does not empty the drive's cache",
    ),
    Pragma::same("checkpoint_fullfsync", FULL_SYNC, "as fullfsync, for checkpoints"),
    Pragma::same(
        "foreign_keys",
        "1",
        "the bundled build turns it on, a system build does not",
    ),
    Pragma::same(
        "busy_timeout",
        "5000",
        "only a second process can be busy: wait, then report",
    ),
    Pragma::same(
        "temp_store",
        "2",
        "in memory: Android has no usable temporary folder, and no text leaks into temporary files",
    ),
    Pragma::same(
        "secure_delete",
        "1",
        "deleted text must not survive in free pages, nor the words of an erased message in those of the index",
    ),
    Pragma::each(
        "cache_size",
        ["-2048", "-512", "-1024", "-1024"],
        "KiB of memory; the whole data set of a participant fits easily",
    ),
    Pragma::same(
        "journal_size_limit",
        "10485760",
        "lets the write-ahead log shrink after a checkpoint",
    ),
    Pragma::same(
        "wal_autocheckpoint",
        "1000",
        "pages; the default, stated so that nobody wonders",
    ),
    Pragma::same(
        "mmap_size",
        "0",
        "an I/O error inside a mapping is a signal that kills the process; a protected file becomes unreadable at lock",
    ),
    Pragma::same("trusted_schema", "0", "a tampered schema must not call functions"),
    Pragma::each(
        "query_only",
        ["0", "1", "0", "1"],
        "second guard of the readers behind the read-only open flag",
    ),
];

/// Longest row. A message body has 16 KiB; anything near this is an attack or a mistake.
const MAX_ROW_BYTES: i32 = 16 << 20;
/// Longest statement. A migration step is the longest text we send.
const MAX_SQL_BYTES: i32 = 1 << 20;
/// Statements kept prepared per connection: more than all hot statements of one module, so that none is parsed twice.
const PREPARED_STATEMENTS: usize = 64;

/// Opens a file and proves that the key fits, without changing a byte of it and without pragmas.
///
/// Errors: `Damaged` if it is no database, or none with this key.
pub(super) fn connect(path: &Path, role: Role, key: Option<&DatabaseKey>) -> Result<Connection, StoreError> {
    let access = match role {
        Role::UserReader | Role::CacheReader => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Role::UserWriter | Role::CacheWriter => {
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
        }
    };
    // Connections are lent to one thread at a time, so SQLite's own mutexes would only cost.
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // A file that is refused must keep its write-ahead log as it is. `configure` takes this back.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    if let Some(key) = key {
        unlock(&connection, key)?;
    }
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_ROW_BYTES)?;
    connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, MAX_SQL_BYTES)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    // The first statement that reads the file decides about the key.
    connection.pragma_query_value(None, "schema_version", |row| row.get::<_, i64>(0))?;
    Ok(connection)
}

#[cfg(feature = "sqlcipher")]
fn unlock(connection: &Connection, key: &DatabaseKey) -> Result<(), StoreError> {
    // SQLCipher prints error lines of its own, past our rules for logs.
    connection.execute_batch("PRAGMA cipher_log_level = NONE")?;
    let digits = key.hex();
    let mut statement = zeroize::Zeroizing::new(String::with_capacity(96));
    statement.push_str("PRAGMA key = \"x'");
    statement.push_str(&digits);
    statement.push_str("'\"");
    connection.execute_batch(&statement)?;
    // Locking every page of memory is far too slow on Android.
    connection.execute_batch("PRAGMA cipher_memory_security = OFF")?;
    Ok(())
}

#[cfg(not(feature = "sqlcipher"))]
fn unlock(_connection: &Connection, _key: &DatabaseKey) -> Result<(), StoreError> {
    Err(StoreError::KeyNotSupported)
}

/// Gives an open connection its pragmas; a new file also gets those that are written into it.
///
/// Errors: `Damaged` if the file belongs to another application, which is then set aside like a damaged one.
pub(super) fn configure(connection: &Connection, role: Role) -> Result<(), StoreError> {
    // Until the first migration is committed a start may have been killed between any two of these.
    let is_new = !role.only_reads() && read(connection, "user_version")? == "0";
    for pragma in NEW_FILE_PRAGMAS {
        let value = pragma.value(role);
        // A copy made for export has no log, and may come back as the file.
        let sets_wal = !role.only_reads() && pragma.name == "journal_mode";
        if is_new || (sets_wal && read(connection, pragma.name)? != value) {
            set(connection, pragma.name, value)?;
        } else if pragma.name == "application_id" && read(connection, pragma.name)? != value {
            tracing::warn!("the database belongs to another application");
            return Err(StoreError::Damaged);
        }
    }
    for pragma in CONNECTION_PRAGMAS {
        set(connection, pragma.name, pragma.value(role))?;
    }
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(())
}

/// Sets a pragma. Dynamic SQL, built from the two lists above only.
fn set(connection: &Connection, name: &str, value: &str) -> Result<(), StoreError> {
    connection.execute_batch(&format!("PRAGMA {name} = {value}"))?;
    Ok(())
}

/// A pragma's value as text.
pub(super) fn read(connection: &Connection, name: &str) -> Result<String, StoreError> {
    let value = connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))?;
    Ok(match value {
        rusqlite::types::Value::Integer(number) => number.to_string(),
        rusqlite::types::Value::Text(text) => text,
        _ => String::new(),
    })
}

/// Whether the file holds no table at all.
pub(super) fn is_empty(connection: &Connection) -> Result<bool, StoreError> {
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(tables == 0)
}

/// Whether a quick look over every page finds no damage. Indexes are not compared with their tables.
pub(super) fn is_sound(connection: &Connection) -> Result<bool, StoreError> {
    let verdict: String = connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    Ok(verdict == "ok")
}
