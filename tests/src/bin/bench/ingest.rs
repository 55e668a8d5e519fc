//! Storing a batch of step readings, durable, beside raw rusqlite inserting the same rows.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use ayumi_core::steps::{NoteCode, NoteSubject, ReplayLine, ReplayRun, StepEvent};
use ayumi_core::time::{DayStart, Tz};
use ayumi_tests::fitabase::{as_counter, minutes_by_person};
use ayumi_tests::phone::{batches, open};
use rusqlite::{Connection, params_from_iter, types::Value};

use crate::figures::{Figure, Table, median};

const RUNS: usize = 7;

pub(crate) fn measure(table: &mut Table) {
    let events = readings_that_say_something_new();
    let last = tempfile::tempdir().expect("a folder");
    let measured = median(RUNS, |run| {
        let folder = if run == 0 {
            last.path().to_owned()
        } else {
            last.path().join(run.to_string())
        };
        record(&folder, &events);
    });
    // Opening an empty folder is not part of the claim.
    let opening = median(RUNS, |run| drop(open(&last.path().join(format!("empty{run}")))));
    let measured = measured.saturating_sub(opening);
    let source = Connection::open(last.path().join("user/user.db")).expect("the database");
    let tables = ["step_counter_sample", "step_hour", "step_day"];
    let rows: Vec<(String, Vec<Vec<Value>>)> = tables.iter().map(|name| rows_of(&source, name)).collect();
    let count: usize = rows.iter().map(|(_, rows)| rows.len()).sum();
    let limit = raw(last.path(), &rows);
    table.add(&Figure {
        what: &format!(
            "store {} readings in one durable batch, with hours and days",
            events.len()
        ),
        measured,
        limit: Some((limit, &format!("raw insert of the same {count} rows"))),
        target: "within 2x",
        is_met: measured.as_secs_f64() <= 2.0 * limit.as_secs_f64(),
    });
    replay(table);
    table.note(
        "readings stored per second",
        format!("{:.0}", events.len() as f64 / measured.as_secs_f64()),
    );
}

/// Repetitions store no row, so raw inserts of the rows would have nothing to compare them with.
fn readings_that_say_something_new() -> Vec<StepEvent> {
    let events: Vec<StepEvent> = batches().into_iter().flatten().collect();
    let folder = tempfile::tempdir().expect("a folder");
    let report = open(folder.path())
        .steps()
        .record(&events)
        .expect("a stored batch");
    let ignored: BTreeSet<usize> = report
        .notes
        .iter()
        .filter(|note| matches!(note.code, NoteCode::Duplicate | NoteCode::Stale))
        .filter_map(|note| match note.about {
            NoteSubject::Event(position) => Some(position),
            NoteSubject::Held(_) => None,
        })
        .collect();
    let all = events.into_iter().enumerate();
    all.filter(|(position, _)| !ignored.contains(position))
        .map(|(_, event)| event)
        .collect()
}

fn record(folder: &Path, events: &[StepEvent]) {
    open(folder).steps().record(events).expect("a stored batch");
}

/// A statement that inserts rows of a table, and all of its rows.
pub(crate) fn rows_of(source: &Connection, table: &str) -> (String, Vec<Vec<Value>>) {
    // The name comes from a fixed list.
    let mut statement = source
        .prepare(&format!("SELECT * FROM {table}"))
        .expect("a table");
    let columns = statement.column_count();
    let rows = statement
        .query_map([], |row| (0..columns).map(|column| row.get(column)).collect())
        .expect("rows")
        .collect::<Result<_, _>>()
        .expect("rows");
    let marks = vec!["?"; columns].join(", ");
    (format!("INSERT INTO {table} VALUES ({marks})"), rows)
}

/// The same rows into the same tables and indexes, in one transaction with the same pragmas, and nothing else.
fn raw(folder: &Path, rows: &[(String, Vec<Vec<Value>>)]) -> Duration {
    let databases: Vec<Connection> = (0..RUNS)
        .map(|run| {
            let raw = folder.join(format!("raw{run}"));
            drop(open(&raw));
            let connection = Connection::open(raw.join("user/user.db")).expect("a database");
            connection
                .pragma_update(None, "synchronous", "FULL")
                .expect("a pragma");
            connection
                .pragma_update(None, "foreign_keys", "OFF")
                .expect("a pragma");
            connection
        })
        .collect();
    median(RUNS, |run| {
        let connection = &databases[run];
        connection
            .execute_batch("BEGIN IMMEDIATE")
            .expect("a transaction");
        for (insert, rows) in rows {
            let mut statement = connection.prepare_cached(insert).expect("a statement");
            for row in rows {
                statement.execute(params_from_iter(row)).expect("a row");
            }
        }
        connection.execute_batch("COMMIT").expect("a commit");
    })
}

/// All real persons in one file, each with a phone of her own, restarts of the process included.
fn replay(table: &mut Table) {
    let lines: Vec<ReplayLine> = (1u64..)
        .zip(minutes_by_person())
        .flat_map(|(seed, (person, minutes))| {
            as_counter(&minutes, seed).into_iter().map(move |mut line| {
                if let Some(StepEvent::Counter(sample)) = &mut line.event {
                    sample.source.clone_from(&person);
                }
                line
            })
        })
        .collect();
    let restarts = lines.iter().filter(|line| line.event.is_none()).count();
    let measured = median(1, |_| {
        let folder = tempfile::tempdir().expect("a folder");
        let run = ReplayRun {
            zone: Tz::UTC,
            day_start: DayStart::MIDNIGHT,
        };
        run.run(folder.path(), &lines).expect("a run");
    });
    table.add(&Figure {
        what: &format!(
            "replay {} counter lines of 33 persons with {restarts} restarts",
            lines.len()
        ),
        measured,
        limit: None,
        target: "under a minute",
        is_met: measured < Duration::from_mins(1),
    });
}
