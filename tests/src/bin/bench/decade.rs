//! Ten years of one person: opening, the home screen and the charts, each beside raw SQLite reading the same rows.

use std::path::Path;
use std::time::Duration;

use ayumi_core::app::{App, ChartRequest};
use ayumi_core::charts::Span;
use ayumi_core::time::WeekStart;
use ayumi_tests::decade::{YEARS, fill, last_date};
use ayumi_tests::phone::open;
use rusqlite::{Connection, OpenFlags};

use crate::figures::{Figure, Table, median};

const RUNS: usize = 101;

pub(crate) fn measure(table: &mut Table) {
    let folder = tempfile::tempdir().expect("a folder");
    eprintln!("storing ten years of readings …");
    let (readings, weigh_ins) = fill(folder.path());
    let database = folder.path().join("user/user.db");
    let bytes = std::fs::metadata(&database).expect("the database").len();
    table.note(
        "ten years of one simulated person",
        format!("{readings} step readings, {weigh_ins} weigh-ins"),
    );
    table.note(
        "database per year",
        format!("{:.1} MB", bytes as f64 / 1e6 / YEARS as f64),
    );
    opening(table, folder.path(), &database);
    let app = open(folder.path());
    let raw = reader(&database);
    home(table, &app, &raw);
    charts(table, &app, &raw);
}

fn reader(database: &Path) -> Connection {
    Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the database")
}

/// Opening includes the lock, the check of the version, three connections and the first answer.
fn opening(table: &mut Table, folder: &Path, database: &Path) {
    let measured = median(RUNS, |_| {
        let app = open(folder);
        app.home(last_date()).expect("a home screen");
        app.close().expect("a closed app");
    });
    let limit = median(RUNS, |_| {
        let raw = Connection::open(database).expect("the database");
        raw.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
            .expect("pragmas");
        raw_home(&raw);
        raw.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
            .expect("a checkpoint");
    });
    table.add(&Figure {
        what: "open ten years, answer the home screen, close",
        measured,
        limit: Some((limit, "one raw connection doing the same")),
        target: "15 ms",
        is_met: measured <= Duration::from_millis(15),
    });
}

fn home(table: &mut Table, app: &App, raw: &Connection) {
    let measured = median(RUNS, |_| drop(app.home(last_date()).expect("a home screen")));
    let limit = median(RUNS, |_| raw_home(raw));
    table.add(&Figure {
        what: "home summary",
        measured,
        limit: Some((limit, "raw reads of a week of days and a month of trend")),
        target: "1 ms",
        is_met: measured <= Duration::from_millis(1),
    });
}

fn charts(table: &mut Table, app: &App, raw: &Connection) {
    for (span, days, target_ms) in [(Span::Month, 30, 1), (Span::Year, 365, 1), (Span::All, 3_653, 3)] {
        let request = ChartRequest {
            span,
            end: last_date(),
            today: last_date(),
            week_start: WeekStart::Monday,
            conceal_values: false,
        };
        let target = Duration::from_millis(target_ms);
        let steps = median(RUNS, |_| drop(app.step_chart(&request).expect("a chart")));
        let limit = median(RUNS, |_| {
            read(
                raw,
                "SELECT date, sensor_steps FROM step_day ORDER BY date DESC LIMIT ?1",
                days,
            );
        });
        table.add(&Figure {
            what: &format!("step chart of {days} days"),
            measured: steps,
            limit: Some((limit, "raw read of the same days")),
            target: &format!("{target_ms} ms"),
            is_met: steps <= target,
        });
        let weight = median(RUNS, |_| drop(app.weight_chart(&request).expect("a chart")));
        let limit = median(RUNS, |_| {
            read(
                raw,
                "SELECT date, weight_10g, trend_kg FROM weight_day ORDER BY date DESC LIMIT ?1",
                days,
            );
        });
        table.add(&Figure {
            what: &format!("weight chart of {days} days"),
            measured: weight,
            limit: Some((limit, "raw read of the same days")),
            target: &format!("{target_ms} ms"),
            is_met: weight <= target,
        });
    }
}

fn raw_home(raw: &Connection) {
    read(
        raw,
        "SELECT date, sensor_steps FROM step_day ORDER BY date DESC LIMIT ?1",
        7,
    );
    read(
        raw,
        "SELECT date, weight_10g, trend_kg FROM weight_day ORDER BY date DESC LIMIT ?1",
        28,
    );
}

/// Fetches every column of every row, and keeps none.
fn read(raw: &Connection, sql: &str, limit: i64) {
    let mut statement = raw.prepare_cached(sql).expect("a statement");
    let columns = statement.column_count();
    let mut rows = statement.query([limit]).expect("rows");
    while let Some(row) = rows.next().expect("a row") {
        for column in 0..columns {
            std::hint::black_box(row.get_ref(column).expect("a value"));
        }
    }
}
