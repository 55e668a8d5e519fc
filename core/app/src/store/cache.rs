//! `cache.db`: what can be had again. Whatever is wrong with it, it is deleted and made anew, and its owners fill it.
//!
//! Invariants:
//!
//! - There is no ladder: a file with another [`CACHE_VERSION`] is deleted. Raise the number with any change of the layout.
//! - A damaged cache is an empty cache. Work that meets the damage runs a second time, on an empty file; nobody sees an error.
//! - What refers to rows of `user.db` must not outlive them: a new or recovered `user.db` takes the cache along.
//! - `cache.db` is never attached to `user.db`, and a thread has one of them at a time.
//!
//! Source: storage.md 1, 2, 5.

use std::fmt;
use std::ops::Deref;

use rusqlite::{Connection, TransactionBehavior};

use super::connection::{Role, configure, connect, read};
use super::folder::{Folder, has_content};
use super::{DatabaseKey, Store, StoreError, error};
use crate::search;

/// Version of the layout of `cache.db`. Another one in the file means delete and refill.
pub(super) const CACHE_VERSION: i64 = 2;

/// The two connections to an open cache.
#[derive(Debug)]
pub(super) struct Cache {
    pub(super) writer: Connection,
    pub(super) reader: Connection,
}

/// Opens `cache.db`, makes it if it is missing, and makes it again if it is damaged or of another layout.
///
/// `examine` looks at every page. Errors: `StorageFull`; what making it again answers.
pub(super) fn prepare(
    folder: &Folder,
    key: Option<&DatabaseKey>,
    examine: bool,
) -> Result<Cache, StoreError> {
    match open(folder, key, examine) {
        Ok(cache) => Ok(cache),
        Err(StoreError::StorageFull) => Err(StoreError::StorageFull),
        Err(error) => {
            tracing::info!(error = &error as &dyn std::error::Error, "cache made again");
            make_again(folder, key)
        }
    }
}

/// Deletes the folder of the cache, which no connection has open, and makes an empty one.
pub(super) fn make_again(folder: &Folder, key: Option<&DatabaseKey>) -> Result<Cache, StoreError> {
    folder.erase_cache()?;
    open(folder, key, false)
}

fn open(folder: &Folder, key: Option<&DatabaseKey>, examine: bool) -> Result<Cache, StoreError> {
    let path = folder.cache_db();
    let is_new = !has_content(&path)?;
    let mut writer = connect(&path, Role::CacheWriter, key)?;
    let found: i64 = read(&writer, "user_version")?.parse().unwrap_or(-1);
    let is_usable = is_new || (found == CACHE_VERSION && (!examine || is_sound(&writer)?));
    if !is_usable {
        return Err(StoreError::Damaged);
    }
    configure(&writer, Role::CacheWriter)?;
    if is_new {
        lay_out(&mut writer)?;
    }
    let reader = connect(&path, Role::CacheReader, key)?;
    configure(&reader, Role::CacheReader)?;
    Ok(Cache { writer, reader })
}

/// Whether a quick look over the pages of every table finds no damage.
///
/// Table by table, because a look at the whole file also compares every index of FTS5 with itself, which takes ten times as
/// long as all the rest, at every start after the system has ended the app. What that would find is met, and healed, in use.
fn is_sound(writer: &Connection) -> Result<bool, StoreError> {
    let mut statement = writer.prepare(
        "SELECT name, type \
         FROM pragma_table_list \
         WHERE schema = 'main' AND type IN ('table', 'shadow', 'virtual')",
    )?;
    let tables = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<Vec<(String, String)>, _>>()?;
    let mut look = writer.prepare(
        "SELECT quick_check \
         FROM pragma_quick_check(?1) \
         LIMIT 1",
    )?;
    for (table, kind) in tables {
        if kind == "virtual" {
            // FTS5 reads its definition when the first statement names it. The name is quoted: it may be damaged.
            drop(writer.prepare(&format!("SELECT 1 FROM \"{}\"", table.replace('"', "\"\"")))?);
            continue;
        }
        let verdict: String = look.query_row([table], |row| row.get(0))?;
        if verdict != "ok" {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Every table of the cache, and the version with them: a half-made file has none and is deleted at the next start.
fn lay_out(writer: &mut Connection) -> Result<(), StoreError> {
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    search::create_tables(&transaction)?;
    transaction.pragma_update(None, "user_version", CACHE_VERSION)?;
    transaction.commit()?;
    Ok(())
}

impl Store {
    /// Runs `work` in one read transaction on the cache.
    ///
    /// If it meets damage it runs again, on a new and empty cache. Errors: those of `work`; `Closed`; `StorageFull` if the
    /// cache cannot be made; `Bug` inside another call of the same thread, also one on `user.db`.
    pub fn read_cache<T, E: From<StoreError>>(
        &self,
        mut work: impl FnMut(&CacheReader<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.with_cache(Role::CacheReader, |connection| {
            let transaction = connection
                .transaction_with_behavior(TransactionBehavior::Deferred)
                .map_err(StoreError::from)?;
            work(&CacheReader {
                connection: &transaction,
            })
        })
    }

    /// Runs `work` in one write transaction on the cache, commits if it answers `Ok`, takes everything back if not.
    ///
    /// A commit survives the death of the app, but maybe not a loss of power: what is written must be what can be had again.
    /// If `work` meets damage it runs again, on a new and empty cache: it must not rely on what an earlier transaction read.
    /// Errors: as [`Self::read_cache`]; `StorageFull`.
    pub fn write_cache<T, E: From<StoreError>>(
        &self,
        mut work: impl FnMut(&CacheTransaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.with_cache(Role::CacheWriter, |connection| {
            let transaction = connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(StoreError::from)?;
            let value = work(&CacheTransaction {
                reader: CacheReader {
                    connection: &transaction,
                },
            })?;
            transaction.commit().map_err(StoreError::from)?;
            Ok(value)
        })
    }

    fn with_cache<T, E: From<StoreError>>(
        &self,
        role: Role,
        mut attempt: impl FnMut(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let session = self.session()?;
        let mut is_first = true;
        loop {
            let mut lent = session.lend(role)?;
            let generation = lent.cache_generation();
            error::forget_damage();
            let result = attempt(lent.connection()?);
            drop(lent);
            if result.is_ok() || !is_first || !error::unusable_cache_was_met() {
                return result;
            }
            session.renew_cache(generation)?;
            is_first = false;
        }
    }
}

/// The right to read the cache, within one transaction.
pub struct CacheReader<'c> {
    connection: &'c Connection,
}

impl CacheReader<'_> {
    /// The connection, for the statements in a module's `sql.rs`.
    pub(crate) fn connection(&self) -> &Connection {
        self.connection
    }
}

impl fmt::Debug for CacheReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CacheReader")
    }
}

/// The right to write the cache, within one transaction. Can be used wherever a [`CacheReader`] is asked for.
pub struct CacheTransaction<'c> {
    reader: CacheReader<'c>,
}

impl<'c> Deref for CacheTransaction<'c> {
    type Target = CacheReader<'c>;

    fn deref(&self) -> &Self::Target {
        &self.reader
    }
}

impl fmt::Debug for CacheTransaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CacheTransaction")
    }
}
