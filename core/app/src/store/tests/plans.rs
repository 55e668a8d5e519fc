//! Plans of the statements behind screens and incoming readings: none reads a whole table that grows.
//!
//! The statements are not listed, they are overheard: whatever a module sends while it works is explained. A new module
//! adds its calls to [`work`]. Weight pins its statements by a list of its own, beside its stories.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

use super::super::connection::Role;
use super::super::{State, Store, StoreError, zones};
use super::{new_store, strings};
use crate::steps::{CounterSample, IntervalRecord, PlatformBucket, StepEvent, Steps};
use crate::time::{DAY_MS, DateRange, HOUR_MS, NaiveDate, Tz, UtcMillis};

/// Tables with a handful of rows in any life: reading all of them is the plan.
const FEW_ROWS: &[&str] = &[
    "account",
    "setting_due",
    "setting",
    "zone",
    "zone_history",
    "step_source",
    "step_priority",
    "step_pause",
    "step_exclusion",
    "step_held_sample",
];

const NOON: UtcMillis = UtcMillis(1_790_000_000_000);

fn sample(boot: &str, count: f64, hours: i64, received_at: UtcMillis) -> StepEvent {
    StepEvent::Counter(CounterSample {
        source: "phone".to_owned(),
        boot: Some(boot.to_owned()),
        count: Some(count),
        event_elapsed_ms: hours * HOUR_MS,
        received_elapsed_ms: hours * HOUR_MS,
        received_at,
        zone: Some(Tz::Asia__Tokyo),
    })
}

fn record(steps: i64, modified: i64) -> StepEvent {
    StepEvent::Interval(IntervalRecord {
        source: "watch".to_owned(),
        id: "walk".to_owned(),
        start: NOON,
        end: NOON.plus(HOUR_MS),
        steps,
        modified: UtcMillis(modified),
        zone: None,
    })
}

fn bucket(steps: i64, queried_at: UtcMillis) -> StepEvent {
    StepEvent::Bucket(PlatformBucket {
        source: "platform".to_owned(),
        start: NOON,
        end: NOON.plus(HOUR_MS),
        steps: Some(steps),
        queried_at,
        retained_from: None,
        zone: None,
    })
}

/// What happens once in a while and derives everything again: reading all of it is the purpose.
fn prepare(store: &Store) {
    store
        .write::<_, StoreError>(|tx| zones::report_zone(tx, UtcMillis(0), Tz::Asia__Tokyo))
        .unwrap();
    let steps = Steps::new(store);
    steps.set_goal(Some(5)).unwrap();
    let order = StepEvent::Priority(vec!["watch".to_owned(), "phone".to_owned()]);
    steps.record(&[order]).unwrap();
}

/// Everything that a day brings, and everything that a screen asks.
fn work(store: &Store) {
    let steps = Steps::new(store);
    let today = NaiveDate::from_ymd_opt(2026, 9, 21).unwrap();
    let report = steps
        .record(&[
            sample("first", 10.0, 1, NOON),
            sample("first", 30.0, 2, NOON.plus(HOUR_MS)),
            // Held until a sample of its boot has a sane clock.
            sample("second", 5.0, 1, UtcMillis(1_000)),
            sample("second", 8.0, 2, NOON.plus(4 * HOUR_MS)),
            record(100, 1),
            record(120, 2),
            StepEvent::Delete {
                source: "watch".to_owned(),
                id: "walk".to_owned(),
            },
            bucket(50, NOON.plus(HOUR_MS)),
            bucket(60, NOON.plus(2 * HOUR_MS)),
            StepEvent::Pause {
                at: NOON.plus(DAY_MS),
            },
            StepEvent::Resume {
                at: NOON.plus(DAY_MS + HOUR_MS),
            },
            StepEvent::Exclude {
                start: NOON,
                end: NOON.plus(60_000),
                reason: None,
            },
            StepEvent::Adjust {
                date: today,
                steps: Some(9),
            },
            StepEvent::Adjust {
                date: today,
                steps: None,
            },
        ])
        .unwrap();
    assert!(
        !report.held.is_empty(),
        "a sample was held, or its statements were not heard"
    );
    let range = DateRange {
        from: today.pred_opt().unwrap(),
        until: today.succ_opt().unwrap(),
    };
    assert!(!steps.days(range).unwrap().is_empty());
    assert!(!steps.hours(range).unwrap().is_empty());
    steps.span().unwrap();
    steps.day_by_hour(today).unwrap();
    steps.programme_days(range).unwrap();
    steps.current_streak(today).unwrap();
    steps.priority().unwrap();
}

fn overheard(store: &Store) -> BTreeSet<String> {
    prepare(store);
    let heard = Arc::new(Mutex::new(BTreeSet::new()));
    let session = match &*store.state() {
        State::Open(session) => Arc::clone(session),
        _ => panic!("not open"),
    };
    // The reader that is lent first is the one that is lent again.
    for role in [Role::UserWriter, Role::UserReader] {
        let heard = Arc::clone(&heard);
        let listen = move |event: TraceEvent<'_>| {
            if let TraceEvent::Stmt(statement, _) = event {
                heard.lock().unwrap().insert(statement.sql().into_owned());
            }
        };
        let mut lent = session.lend(role).unwrap();
        let connection = lent.connection().unwrap();
        connection
            .trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(listen))
            .unwrap();
    }
    work(store);
    let heard = heard.lock().unwrap().clone();
    let is_explained = |sql: &&String| {
        ["SELECT", "INSERT", "UPDATE", "DELETE"]
            .iter()
            .any(|verb| sql.trim_start().starts_with(verb))
    };
    heard.iter().filter(is_explained).cloned().collect()
}

/// Tables that a statement reads from end to end.
fn scanned(connection: &Connection, sql: &str) -> Vec<String> {
    let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    // The values do not matter, and none are bound.
    let mut rows = plan.raw_query();
    let mut tables = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let detail: String = row.get(3).unwrap();
        if let Some(what) = detail.strip_prefix("SCAN ") {
            tables.push(what.split(' ').next().unwrap().to_owned());
        }
    }
    tables
}

#[test]
fn no_statement_of_a_screen_or_a_reading_scans_a_table_that_grows() {
    let (_folder, store) = new_store();
    let statements = overheard(&store);
    assert!(statements.len() > 30, "{} statements", statements.len());
    let scans = store
        .read::<_, StoreError>(|reader| {
            let connection = reader.connection();
            let tables = strings(connection, "SELECT name FROM sqlite_schema WHERE type = 'table'");
            let mut scans = Vec::new();
            for sql in &statements {
                for table in scanned(connection, sql) {
                    if tables.contains(&table) && !FEW_ROWS.contains(&table.as_str()) {
                        scans.push(format!("{table} is scanned by {sql}"));
                    }
                }
            }
            Ok(scans)
        })
        .unwrap();
    assert_eq!(scans, [""; 0], "{}", scans.join("\n"));
}

#[test]
fn a_scan_would_be_noticed() {
    let (_folder, store) = new_store();
    store
        .read::<_, StoreError>(|reader| {
            let connection = reader.connection();
            assert_eq!(
                scanned(
                    connection,
                    "SELECT steps FROM step_interval WHERE modified_ms > ?1"
                ),
                ["step_interval"]
            );
            assert_eq!(
                scanned(
                    connection,
                    "SELECT steps FROM step_interval WHERE interval_id = ?1"
                ),
                [""; 0]
            );
            Ok(())
        })
        .unwrap();
}
