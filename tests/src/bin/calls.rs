//! An app whose every public call is made once while its file operations fail: the victim of `tests/tests/file_faults.rs`.
//!
//! `calls FOLDER` writes one line for each call, `name ok` or `name` with the error; it never gives up and never panics.
//! Day n of `record n` has n + 1 steps.
#![expect(clippy::print_stdout, reason = "a child of tests talks by standard output")]

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

use ayumi_core::app::{App, Config};
use ayumi_core::clock::ManualClock;
use ayumi_core::steps::{IntervalRecord, StepEvent};
use ayumi_core::time::{DAY_MS, DateRange, HOUR_MS, NaiveDate, Tz, UtcMillis};
use ayumi_core::weight::{MassUnit, NewWeighIn, WeighInTime};
use ayumi_tests::phone::SeededRandom;

/// 2026-01-01T12:00:00Z.
const NOON: UtcMillis = UtcMillis(1_767_268_800_000);

fn open(folder: &Path) -> Option<App> {
    let app = App::open(Config {
        folder: folder.to_owned(),
        key: None,
        zone: Tz::UTC,
        clock: Arc::new(ManualClock::new(NOON)),
        random: Arc::new(SeededRandom::new(1)),
        server: None,
    });
    tell("open", &app);
    app.ok()
}

fn tell<T, E: Debug>(name: &str, result: &Result<T, E>) {
    match result {
        Ok(_) => println!("{name} ok"),
        Err(error) => println!("{name} {error:?}"),
    }
}

fn record(app: &App, day: i64) {
    let start = NOON.plus(day.saturating_mul(DAY_MS));
    let event = StepEvent::Interval(IntervalRecord {
        source: "watch".to_owned(),
        id: day.to_string(),
        start,
        end: start.plus(HOUR_MS),
        steps: day.saturating_add(1),
        modified: start,
        zone: Some(Tz::UTC),
    });
    tell(&format!("record {day}"), &app.steps().record(&[event]));
}

fn read(app: &App) {
    let range = DateRange {
        from: NaiveDate::MIN,
        until: NaiveDate::MAX,
    };
    tell("days", &app.steps().days(range));
    tell("weigh-ins", &app.weight().weigh_ins(range));
}

fn main() {
    let Some(folder) = std::env::args_os().nth(1) else {
        return;
    };
    let folder = Path::new(&folder);
    if let Some(app) = open(folder) {
        (0..3).for_each(|day| record(&app, day));
        let weigh_in = NewWeighIn {
            when: WeighInTime::Timed {
                at: NOON,
                sub_ms_ns: 0,
                offset_s: 0,
                zone: None,
            },
            typed: "63.5".to_owned(),
            unit: MassUnit::Kilogram,
            waist: None,
            source: "typed".to_owned(),
        };
        tell("weigh", &app.weight().record(&weigh_in));
        read(&app);
        tell("backup", &app.backup_to(&folder.join("copy.db")));
        tell("pause", &app.pause());
        tell("resume", &app.resume());
        (3..6).for_each(|day| record(&app, day));
        read(&app);
        tell("close", &app.close());
    }
    if let Some(app) = open(folder) {
        record(&app, 6);
        read(&app);
        tell("close", &app.close());
    }
}
