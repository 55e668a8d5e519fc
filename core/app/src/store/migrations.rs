//! The ladder of `user.db`.
//!
//! The version of a file is the number of steps it has climbed, so a version is never typed and cannot be mistyped.
//! New files climb the same ladder; there is no second way to create the schema. Rules for a new step: append it,
//! never change an old one, say why, delete or rewrite no row that a person entered. Source: storage.md 4.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// One step of the ladder.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// What the step makes possible, in one sentence.
    pub why: &'static str,
    /// Its statements. Frozen with the release that ships it.
    pub sql: &'static str,
}

/// Every step, oldest first.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        why: "settings, zone names kept once so that readings hold a small id, and versions of derived tables",
        sql: include_str!("migrations/base.sql"),
    },
    Migration {
        why: "raw step readings of every kind, and the hours and days derived from them",
        sql: include_str!("migrations/steps.sql"),
    },
    Migration {
        why: "every change of a weigh-in, and the readings, days and trend derived from them",
        sql: include_str!("migrations/weight.sql"),
    },
    Migration {
        why: "how far each import of a file came, so that a broken-off one goes on",
        sql: include_str!("migrations/import.sql"),
    },
    Migration {
        why: "who is signed in, what waits to be sent, and copies of the logs of the server",
        sql: include_str!("migrations/sync.sql"),
    },
    Migration {
        why: "drafts, and the conversation as the log tells it",
        sql: include_str!("migrations/chat.sql"),
    },
    Migration {
        why: "what a log says about its case, and which steps this phone still has to report",
        sql: include_str!("migrations/case.sql"),
    },
];

/// Tables that a salvage leaves empty. Those whose rows follow from other rows: without a row in `derived_view` their modules
/// derive them again. How far imports came: what a lost page held is brought back by importing the file again. And what the
/// server has: it is pulled again, and what it has lost meanwhile is offered to it by the phones of its authors.
pub(super) const TABLES_MADE_AGAIN: &[&str] = &[
    "derived_view",
    "import_run",
    "step_hour",
    "step_day",
    "weight_reading",
    "weight_day",
    "replica",
    "log_entry",
    "log_snapshot",
    "lost_entry",
    "picture_to_fetch",
    "message",
    "message_picture",
    "read_mark",
    "case_record",
    "case_step_day",
    "case_weigh_in",
    "case_setting",
    "note",
    "case_summary",
    "step_log_correction",
];

/// The version a file has once all of `steps` have been climbed.
pub(super) fn newest(steps: &[Migration]) -> i64 {
    i64::try_from(steps.len()).unwrap_or(i64::MAX)
}

/// The version of an open file, 0 for a new one.
///
/// Errors: `TooNew` if it climbed a longer ladder; `Damaged` for a negative number, which no release wrote.
pub(super) fn version(connection: &Connection, steps: &[Migration]) -> Result<i64, StoreError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = newest(steps);
    if found > known {
        return Err(StoreError::TooNew { found, known });
    }
    if found < 0 {
        return Err(StoreError::Damaged);
    }
    Ok(found)
}

/// Whether tables and columns are those that the ladder makes up to `version`.
///
/// Names, types and keys are compared and not the statements, which two releases of SQLite may keep differently.
pub(super) fn has_expected_schema(
    connection: &Connection,
    steps: &[Migration],
    version: i64,
) -> Result<bool, StoreError> {
    let climbed = usize::try_from(version).unwrap_or(usize::MAX);
    Ok(columns(connection)? == columns(&model(steps.get(..climbed).unwrap_or(steps))?)?)
}

/// An empty database in memory that has climbed `steps`.
pub(super) fn model(steps: &[Migration]) -> Result<Connection, StoreError> {
    let mut model = Connection::open_in_memory()?;
    migrate(&mut model, steps)?;
    Ok(model)
}

/// Table, column, declared type and place in the primary key of every column.
fn columns(connection: &Connection) -> Result<Vec<(String, String, String, i64)>, StoreError> {
    let columns = connection
        .prepare(
            "SELECT list.name, info.name, info.type, info.pk \
             FROM pragma_table_list AS list JOIN pragma_table_xinfo(list.name) AS info \
             WHERE list.schema = 'main' AND list.name NOT LIKE 'sqlite!_%' ESCAPE '!' \
             ORDER BY list.name, info.cid",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<Result<_, _>>()?;
    Ok(columns)
}

/// Climbs every pending step in one IMMEDIATE transaction, version included: killed anywhere, the file is old or new.
///
/// Errors: as [`version`]; `MigrationFailed` if a step or the check of its references fails; `Damaged` if a reference was
/// broken before. The file is then as before.
pub(super) fn migrate(connection: &mut Connection, steps: &[Migration]) -> Result<(), StoreError> {
    let from = version(connection, steps)?;
    let to = newest(steps);
    if from == to {
        return Ok(());
    }
    // Rebuilding a table drops one that others refer to. The pragma does nothing inside a transaction, so it is set
    // here for every step, and the references are checked before the commit.
    connection.execute_batch("PRAGMA foreign_keys = OFF")?;
    let climbed = match climb(connection, steps, from, to) {
        // No step could ever pass: the orphans have to go first.
        Err(StoreError::MigrationFailed { source: None, .. }) if has_orphans(connection)? => {
            Err(StoreError::Damaged)
        }
        other => other,
    };
    connection.execute_batch("PRAGMA foreign_keys = ON")?;
    climbed?;
    tracing::info!(from, to, "database migrated");
    Ok(())
}

/// Whether a row refers to a row that is gone.
fn has_orphans(connection: &Connection) -> Result<bool, StoreError> {
    Ok(connection
        .prepare("PRAGMA foreign_key_check")?
        .query([])?
        .next()?
        .is_some())
}

fn climb(connection: &mut Connection, steps: &[Migration], from: i64, to: i64) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let pending = steps.iter().skip(usize::try_from(from).unwrap_or(usize::MAX));
    for step in pending {
        transaction
            .execute_batch(step.sql)
            .map_err(|source| failed(from, to, step.why, source))?;
    }
    if has_orphans(&transaction)? {
        return Err(StoreError::MigrationFailed {
            from,
            to,
            why: "a row refers to a row that is gone",
            source: None,
        });
    }
    transaction.pragma_update(None, "user_version", to)?;
    transaction.commit()?;
    Ok(())
}

/// A full disk, damage and an interruption keep their own meaning; everything else is the step's fault.
fn failed(from: i64, to: i64, why: &'static str, source: rusqlite::Error) -> StoreError {
    match StoreError::from(source) {
        StoreError::Sqlite(source) => StoreError::MigrationFailed {
            from,
            to,
            why,
            source: Some(source),
        },
        other => other,
    }
}
