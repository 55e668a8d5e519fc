//! What happens when `user.db` is damaged: the readable rows move into a new file, the damaged one is set aside.
//!
//! ```text
//! user.db (damaged) ──rows──▶ user.db.salvage ──complete──▶ user.db.salvaged
//! user.db, -wal, -shm ──▶ quarantine/user.corrupt-<n>       user.db.salvaged ──▶ user.db
//! ```
//!
//! Each arrow of the second line is a rename, and the name `user.db.salvaged` says that the rows are complete. Killed
//! anywhere, the next start either begins the salvage again from the untouched file or finishes the renames. Nothing is
//! deleted. Source: storage.md 5.
//!
//! Limit: a table is found by the schema. Where a page of the schema cannot be read, the tables that it names cannot
//! either, and in an encrypted file no table at all. Their rows are in the quarantine.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, Row, Transaction, TransactionBehavior, params_from_iter};

use super::connection::{Role, configure, connect};
use super::folder::{Folder, has_content, is_stump, remove_file, sync_folder, with_side_files};
use super::migrations::{MIGRATIONS, TABLES_MADE_AGAIN, migrate, model, version};
use super::open::Opening;
use super::quarantine::set_aside;
use super::session::checkpoint;
use super::{DatabaseKey, StoreError};

/// What became of a damaged `user.db`. The person is told plainly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Rows in the new file. Derived tables are empty and count nothing; `App::open` has their modules rebuild them.
    pub salvaged_rows: u64,
    /// The damaged file, kept for a deeper recovery. Its `-wal` and `-shm` lie beside it.
    pub set_aside: PathBuf,
}

/// Rows that other rows refer to, made again when they were lost, so that those others can stay.
///
/// The name says what happened; whoever reads it must cope with a name it does not know.
pub(super) const LOST_PARENTS: &[(&str, &str)] = &[
    (
        "zone",
        "INSERT INTO zone (zone_id, name) VALUES (?1, 'lost-' || ?1)",
    ),
    (
        "step_source",
        "INSERT INTO step_source (source_id, name, kind) VALUES (?1, 'lost-' || ?1, 'unknown')",
    ),
];

/// Attempts to reach rows between unreadable pages of one table, without any success: enough to find the first readable
/// page by halving, and few for a table none of whose pages can be reached. In an encrypted file each failed attempt opens
/// the file again, which takes about a millisecond.
const PROBES: u32 = 300;
/// More attempts for each one that gave rows: about two for each row of an unreadable page beside a readable one.
const PROBES_PER_SUCCESS: u32 = 600;
/// A row takes more bytes than this, so the size of a file bounds the ids that were given out one after the other.
const SMALLEST_ROW_BYTES: i64 = 8;

/// Replaces a damaged `user.db` by a new file with every row that can be read.
///
/// Errors: `StorageFull`, `Closed` when interrupted, file system trouble. The damaged file is then still in its place.
pub(super) fn recover(
    folder: &Folder,
    key: Option<&DatabaseKey>,
    opening: &Opening,
) -> Result<Recovery, StoreError> {
    tracing::warn!("the database is damaged: saving what can be read");
    let path = folder.salvaged_db().with_extension("salvage");
    for stale in with_side_files(&path) {
        remove_file(&stale)?;
    }
    let mut new = connect(&path, Role::UserWriter, key)?;
    configure(&new, Role::UserWriter)?;
    let source = if is_stump(&folder.user_db())? {
        Err(StoreError::Damaged)
    } else {
        Source::open(folder.user_db(), key, opening)
    };
    match source {
        Ok(mut source) => salvage(&mut source, &mut new)?,
        Err(StoreError::Damaged) => tracing::warn!("not even the first page can be read"),
        Err(error) => return Err(error),
    }
    migrate(&mut new, MIGRATIONS)?;
    // What was counted last may be lost: from here on nobody may believe that the server has not seen an operation.
    new.execute("UPDATE outbox SET attempts = 1 WHERE attempts = 0", [])?;
    checkpoint(&new)?;
    drop(new);
    std::fs::rename(&path, folder.salvaged_db())?;
    sync_folder(&folder.user())?;
    finish(folder, key)?.ok_or(StoreError::Bug {
        where_: "a salvaged file that was just renamed is there",
    })
}

/// Puts a completed salvage in place of the damaged file. Does nothing if there is none.
pub(super) fn finish(folder: &Folder, key: Option<&DatabaseKey>) -> Result<Option<Recovery>, StoreError> {
    let salvaged = folder.salvaged_db();
    if !has_content(&salvaged)? {
        return Ok(None);
    }
    let set_aside = set_aside(folder)?;
    std::fs::rename(&salvaged, folder.user_db())?;
    sync_folder(&folder.user())?;
    let connection = connect(&folder.user_db(), Role::UserReader, key)?;
    let mut salvaged_rows = 0_u64;
    for table in tables(&connection)? {
        // Dynamic SQL: the name comes from our own schema.
        let count: i64 =
            connection.query_row(&format!("SELECT count(*) FROM {}", table.name), [], |row| {
                row.get(0)
            })?;
        salvaged_rows = salvaged_rows.saturating_add(count.unsigned_abs());
    }
    // The name of the file is the support code: a number, and nothing of the person's.
    let support_code = set_aside
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    tracing::warn!(salvaged_rows, support_code, "a damaged database was replaced");
    Ok(Some(Recovery {
        salvaged_rows,
        set_aside,
    }))
}

struct Table {
    name: String,
    has_rowid: bool,
    /// Stored columns in order.
    columns: Vec<String>,
    /// The primary key of a table without rowid.
    key: Vec<String>,
}

/// The tables whose rows cannot be had again.
fn tables(connection: &Connection) -> Result<Vec<Table>, StoreError> {
    let mut list = connection.prepare(
        "SELECT name, wr FROM pragma_table_list \
         WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name",
    )?;
    let mut columns =
        connection.prepare("SELECT name, pk FROM pragma_table_xinfo(?1) WHERE hidden = 0 ORDER BY cid")?;
    let mut tables = Vec::new();
    let mut rows = list.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        if TABLES_MADE_AGAIN.contains(&name.as_str()) {
            continue;
        }
        let described = columns
            .query_map([&name], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<Vec<(String, i64)>, _>>()?;
        let mut key: Vec<_> = described.iter().filter(|(_, place)| *place > 0).collect();
        key.sort_by_key(|(_, place)| *place);
        tables.push(Table {
            has_rowid: row.get::<_, i64>(1)? == 0,
            key: key.into_iter().map(|(name, _)| name.clone()).collect(),
            columns: described.into_iter().map(|(name, _)| name).collect(),
            name,
        });
    }
    Ok(tables)
}

/// The damaged file, read-only.
struct Source<'a> {
    path: PathBuf,
    key: Option<&'a DatabaseKey>,
    opening: &'a Opening,
    connection: Connection,
}

impl<'a> Source<'a> {
    fn open(path: PathBuf, key: Option<&'a DatabaseKey>, opening: &'a Opening) -> Result<Self, StoreError> {
        let connection = Self::connect(&path, key, opening)?;
        Ok(Self {
            path,
            key,
            opening,
            connection,
        })
    }

    fn connect(path: &Path, key: Option<&DatabaseKey>, opening: &Opening) -> Result<Connection, StoreError> {
        let connection = connect(path, Role::UserReader, key)?;
        // Lets SQLite pass over entries of a damaged schema; the connection cannot write anyway.
        connection.execute_batch("PRAGMA writable_schema = ON")?;
        opening.works_with(Some(&connection));
        Ok(connection)
    }

    /// Makes it possible to read on after a damaged page: once SQLCipher has met one, its connection answers nothing more.
    fn go_on(&mut self) -> Result<(), StoreError> {
        if self.key.is_some()
            && let Some(connection) = readable(Self::connect(&self.path, self.key, self.opening))?
        {
            self.connection = connection;
        }
        Ok(())
    }

    /// What `read` answers, or `None` where the file cannot be read.
    fn try_read<T>(
        &mut self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let answer = readable(read(&self.connection))?;
        if answer.is_none() {
            self.go_on()?;
        }
        Ok(answer)
    }
}

/// Copies every readable row of `source` into `new`, which is still empty.
fn salvage(source: &mut Source<'_>, new: &mut Connection) -> Result<(), StoreError> {
    // Rows go into the schema they were written for, and climb the rest of the ladder with it.
    migrate(new, MIGRATIONS.get(..height(source)?).unwrap_or(MIGRATIONS))?;
    // A child may be readable where its parent is not.
    new.execute_batch("PRAGMA foreign_keys = OFF")?;
    let transaction = new.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for table in tables(&transaction)? {
        if table.has_rowid {
            salvage_by_rowid(source, &transaction, &table)?;
        } else {
            salvage_from_both_ends(source, &transaction, &table)?;
        }
    }
    keep_used_ids(source, &transaction)?;
    for table in tables(&transaction)? {
        replace_lost_parents(&transaction, &table)?;
    }
    transaction.commit()?;
    new.execute_batch("PRAGMA foreign_keys = ON")?;
    Ok(())
}

/// How many steps the damaged file had climbed.
///
/// Its own word may be damaged, so it is not believed below the first height that has all of its tables: rows of a table
/// that the new file lacks would be left behind.
fn height(source: &mut Source<'_>) -> Result<usize, StoreError> {
    let said = source
        .try_read(|damaged| version(damaged, MIGRATIONS))?
        .and_then(|found| usize::try_from(found).ok())
        .unwrap_or_default();
    let names = |connection: &Connection| -> Result<BTreeSet<String>, StoreError> {
        Ok(tables(connection)?.into_iter().map(|table| table.name).collect())
    };
    let Some(mut found) = source.try_read(names)? else {
        return Ok(if said > 0 { said } else { MIGRATIONS.len() });
    };
    let known = names(&model(MIGRATIONS)?)?;
    found.retain(|name| known.contains(name));
    for height in said.max(1)..MIGRATIONS.len() {
        if names(&model(MIGRATIONS.get(..height).unwrap_or(MIGRATIONS))?)?.is_superset(&found) {
            return Ok(height);
        }
    }
    Ok(MIGRATIONS.len())
}

/// What was read from the damaged file, or `None` where it cannot be read: a salvage goes on past it. It does not go on
/// past a full disk or an interruption.
pub(super) fn readable<T>(read: Result<T, impl Into<StoreError>>) -> Result<Option<T>, StoreError> {
    match read.map_err(Into::into) {
        Ok(value) => Ok(Some(value)),
        Err(error @ (StoreError::StorageFull | StoreError::Closed)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// Reads ascending to the first unreadable page, descending to the last one, and then halves what lies between.
///
/// That a query came to its end proves nothing: one changed byte makes an id that lies behind the range, and SQLite reads no
/// further. A range is done when looking from its other side shows no row either.
fn salvage_by_rowid(source: &mut Source<'_>, new: &Transaction<'_>, table: &Table) -> Result<(), StoreError> {
    let columns = table.columns.join(", ");
    let select = |direction: &str| {
        // Dynamic SQL: names come from our own schema.
        format!(
            "SELECT rowid, {columns} FROM {} NOT INDEXED \
             WHERE rowid BETWEEN ?1 AND ?2 ORDER BY rowid {direction}",
            table.name
        )
    };
    let (upwards, downwards) = (select("ASC"), select("DESC"));
    let mut copy = Copy::new(new, table)?;
    let likely = likely_last_id(source)?;
    // Ids are given out from 1, so the last range of the list comes first and the others are hardly ever worth a look.
    let mut ranges = vec![(i64::MIN, 0), (likely.saturating_add(1), i64::MAX), (1, likely)];
    let mut probes = PROBES;
    while let Some((low, high)) = ranges.pop().filter(|_| probes > 0) {
        probes = probes.saturating_sub(1);
        let whole = (low, high);
        let mut last_low = None;
        let upward = copy.all(source, &upwards, &[low, high], &mut last_low)?;
        if upward == Reach::Nothing {
            return Ok(());
        }
        // A changed id may lie outside of the range; the next one must not be larger than this one.
        let low = last_low.map_or(low, |id| low.max(id.saturating_add(1)));
        if low > high || last_low == Some(i64::MAX) {
            continue;
        }
        let mut last_high = None;
        let downward = copy.all(source, &downwards, &[low, high], &mut last_high)?;
        if upward == Reach::End && downward == Reach::End && last_high.is_none() {
            continue;
        }
        let high = last_high.map_or(high, |id| high.min(id.saturating_sub(1)));
        if last_low.or(last_high).is_some() {
            probes = probes.saturating_add(PROBES_PER_SUCCESS);
        }
        if low == high && whole != (low, high) {
            ranges.push((low, high));
        } else if low < high {
            let middle = low.midpoint(high);
            ranges.push((middle.saturating_add(1), high));
            // The lower half last, so that it comes first: the far end is mostly empty.
            ranges.push((low, middle));
        }
    }
    Ok(())
}

/// No id above this was given out in a file of this size, unless most rows before it were deleted.
fn likely_last_id(source: &mut Source<'_>) -> Result<i64, StoreError> {
    let bytes = source.try_read(|damaged| {
        let pragma = |name| damaged.pragma_query_value::<i64, _>(None, name, |row| row.get(0));
        Ok(pragma("page_count")?.saturating_mul(pragma("page_size")?))
    })?;
    Ok(bytes.map_or(i64::from(u32::MAX), |bytes| bytes / SMALLEST_ROW_BYTES))
}

fn salvage_from_both_ends(
    source: &mut Source<'_>,
    new: &Transaction<'_>,
    table: &Table,
) -> Result<(), StoreError> {
    let columns = table.columns.join(", ");
    let mut copy = Copy::new(new, table)?;
    for direction in ["ASC", "DESC"] {
        let order: Vec<String> = table
            .key
            .iter()
            .map(|name| format!("{name} {direction}"))
            .collect();
        // Dynamic SQL: names come from our own schema.
        let select = format!(
            "SELECT 0, {columns} FROM {} ORDER BY {}",
            table.name,
            order.join(", ")
        );
        if copy.all(source, &select, &[], &mut None)? != Reach::Damage {
            return Ok(());
        }
    }
    Ok(())
}

/// How far a query came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// To its last row.
    End,
    /// To a page that cannot be read.
    Damage,
    /// Nowhere: the file knows no such table, or not these columns.
    Nothing,
}

/// Writes rows into the new file.
struct Copy<'t> {
    insert: rusqlite::Statement<'t>,
    table: &'t str,
    columns: usize,
}

impl<'t> Copy<'t> {
    fn new(new: &'t Transaction<'_>, table: &'t Table) -> Result<Self, StoreError> {
        let places: Vec<&str> = table.columns.iter().map(|_| "?").collect();
        // Dynamic SQL: names come from our own schema. IGNORE: rows read from both ends are copied once.
        let insert = new.prepare(&format!(
            "INSERT OR IGNORE INTO {} ({}) VALUES ({})",
            table.name,
            table.columns.join(", "),
            places.join(", ")
        ))?;
        Ok(Self {
            insert,
            table: &table.name,
            columns: table.columns.len(),
        })
    }

    /// Copies the rows of a query, `last` being the rowid of the latest one.
    fn all(
        &mut self,
        source: &mut Source<'_>,
        select: &str,
        bounds: &[i64],
        last: &mut Option<i64>,
    ) -> Result<Reach, StoreError> {
        let Some(mut statement) = readable(source.connection.prepare_cached(select))? else {
            tracing::warn!(table = self.table, "table cannot be read");
            source.go_on()?;
            return Ok(Reach::Nothing);
        };
        let is_complete = match readable(statement.query(params_from_iter(bounds)))? {
            Some(rows) => self.rows(rows, last)?,
            None => false,
        };
        drop(statement);
        if is_complete {
            return Ok(Reach::End);
        }
        source.go_on()?;
        Ok(Reach::Damage)
    }

    /// Answers whether it came to the end.
    fn rows(&mut self, mut rows: rusqlite::Rows<'_>, last: &mut Option<i64>) -> Result<bool, StoreError> {
        while let Some(next) = readable(rows.next())? {
            let Some(row) = next else { return Ok(true) };
            self.one(row)?;
            *last = row.get(0).ok();
        }
        Ok(false)
    }

    fn one(&mut self, row: &Row<'_>) -> Result<(), StoreError> {
        let mut values = Vec::with_capacity(self.columns);
        for index in 1..=self.columns {
            values.push(match row.get_ref(index)? {
                // Bytes that are no text any more would make the row unreadable for its module.
                ValueRef::Text(bytes) => ToSqlOutput::from(String::from_utf8_lossy(bytes).into_owned()),
                value => ToSqlOutput::Borrowed(value),
            });
        }
        match self.insert.execute(params_from_iter(values)) {
            Ok(_) => Ok(()),
            // A flipped bit gave the value a type or an emptiness that the column refuses.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Ids of AUTOINCREMENT tables are never used again, not even those of rows that were deleted or lost.
fn keep_used_ids(source: &mut Source<'_>, new: &Transaction<'_>) -> Result<(), StoreError> {
    let used = source.try_read(|damaged| {
        let mut statement = damaged.prepare("SELECT name, seq FROM sqlite_sequence")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        // What stands before an unreadable row is worth having.
        Ok(rows.map_while(Result::ok).collect::<Vec<(String, i64)>>())
    })?;
    for (name, last) in used.unwrap_or_default() {
        new.execute(
            "UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1",
            (&name, last),
        )?;
        new.execute(
            "INSERT INTO sqlite_sequence (name, seq) SELECT ?1, ?2 \
             WHERE EXISTS (SELECT 1 FROM pragma_table_list WHERE name = ?1) \
             AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?1)",
            (&name, last),
        )?;
    }
    Ok(())
}

fn replace_lost_parents(new: &Transaction<'_>, child: &Table) -> Result<(), StoreError> {
    let mut list = new.prepare(
        "SELECT f.\"table\", f.\"from\", p.name FROM pragma_foreign_key_list(?1) AS f \
         JOIN pragma_table_xinfo(f.\"table\") AS p ON p.pk = 1",
    )?;
    let references = list
        .query_map([&child.name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<Vec<(String, String, String)>, _>>()?;
    for (parent, column, parent_key) in references {
        // Dynamic SQL: names come from our own schema.
        let orphans = format!(
            "FROM {child} WHERE {column} IS NOT NULL AND {column} NOT IN (SELECT {parent_key} FROM {parent})",
            child = child.name
        );
        if let Some((_, insert)) = LOST_PARENTS.iter().find(|(name, _)| *name == parent) {
            let lost = new
                .prepare(&format!("SELECT DISTINCT {column} {orphans}"))?
                .query_map([], |row| row.get(0))?
                .collect::<Result<Vec<i64>, _>>()?;
            for id in lost {
                tracing::warn!(parent, id, "a row that others refer to was lost");
                new.execute(insert, [id])?;
            }
        } else {
            // Every reference must hold, or no later migration passes its check. A test sees to it that each parent is
            // in the list.
            new.execute(&format!("DELETE {orphans}"), [])?;
        }
    }
    Ok(())
}
