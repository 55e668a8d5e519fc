//! The life of a made-up person that fills every table, and what the app shows of it: the content of the frozen databases.
//!
//! A frozen database is never made again, so this file may change with every version: it says what the next one holds.

mod exchange;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ayumi_core::app::{App, Config};
use ayumi_core::clock::ManualClock;
use ayumi_core::import::ImportPlan;
use ayumi_core::steps::{CounterSample, IntervalRecord, PlatformBucket, StepEvent};
use ayumi_core::time::{DAY_MS, DateRange, DayStart, HOUR_MS, NaiveDate, Tz, UtcMillis};
use ayumi_core::weight::{
    BodyMeasures, MassUnit, NewWeighIn, TypedWeight, Waist, WaistEdit, WeighInEdit, WeighInTime,
};
use serde_json::{Value, json};

use crate::fitabase::Dice;
use crate::phone::SeededRandom;

pub use exchange::{Pushed, exchange};

/// 2026-01-05T00:00:00Z, a Monday.
const START: UtcMillis = UtcMillis(1_767_571_200_000);
/// Days of the life.
const DAYS: i64 = 60;
/// When it ends.
const END: UtcMillis = UtcMillis(1_767_571_200_000 + DAYS * DAY_MS);

/// Where the frozen databases and what they show lie.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/databases")
}

/// Opens a folder at the end of the life, always with the same clock and the same random numbers.
#[must_use]
pub fn open(folder: &Path) -> App {
    App::open(Config {
        folder: folder.to_owned(),
        key: None,
        zone: Tz::Asia__Tokyo,
        clock: Arc::new(ManualClock::new(END)),
        random: Arc::new(SeededRandom::new(20_260_105)),
        server: None,
    })
    .expect("an app")
}

/// Lives the life: every kind of reading, correction and change, and text that a naive copy would harm.
pub fn live(app: &App) {
    app.report_zone(Tz::Europe__Berlin).expect("a zone");
    app.report_zone(Tz::Asia__Tokyo).expect("a zone");
    let mut dice = Dice(2026);
    for day in 0..DAYS {
        let events = steps_of_day(day, &mut dice);
        app.steps().record(&events).expect("a day of steps");
    }
    app.steps().record(&once()).expect("what happens once");
    // The raw part of the first samples is gone by now, what they proved is not.
    let soon = START.plus(100 * DAY_MS);
    app.steps().drop_old_readings(soon).expect("old readings dropped");
    app.steps().record(&[held()]).expect("a sample that is held");
    app.steps().set_goal(Some(8_000)).expect("a goal");
    app.set_day_start(DayStart::parse("03:30").expect("a day start"))
        .expect("a day start");
    weigh(app);
    import(app);
}

/// Writes into the closed file of a life what sync and chat leave behind: the life has no server to talk to.
pub fn converse(folder: &Path) {
    rusqlite::Connection::open(folder.join("user/user.db"))
        .expect("a file")
        .execute_batch(concat!(
            "PRAGMA foreign_keys = ON; BEGIN IMMEDIATE; ",
            include_str!("fixture/conversation.sql"),
            " COMMIT;"
        ))
        .expect("a conversation");
}

/// A file of another app, half of which is known already.
fn import(app: &App) {
    const FILE: &[u8] =
        b"at,weight_kg\n2026-01-04T22:00:00+00:00,72.4\n2025-12-24T07:00:00+09:00,73.15\n2025-12-26,73.0\n";
    let report = app
        .import(
            || Ok(std::io::Cursor::new(FILE)),
            &ImportPlan::WeightCsv,
            &mut |_| ControlFlow::Continue(()),
        )
        .expect("an import");
    assert!(report.new_weigh_ins > 0);
}

fn steps_of_day(day: i64, dice: &mut Dice) -> Vec<StepEvent> {
    let midnight = START.plus(day * DAY_MS);
    let zone = if (20..24).contains(&day) {
        Tz::Europe__Berlin
    } else {
        Tz::Asia__Tokyo
    };
    // Restarted every ten days.
    let (boot, uptime_days) = (format!("boot-{}", day / 10), day % 10);
    let mut events = Vec::new();
    for hour in [8, 12, 18] {
        let elapsed_ms = uptime_days * DAY_MS + hour * HOUR_MS;
        let count = (uptime_days * 24 + hour) * 300 + i64::try_from(dice.below(100)).expect("a small number");
        events.push(StepEvent::Counter(CounterSample {
            source: "phone".to_owned(),
            boot: Some(boot.clone()),
            count: Some(count as f64),
            event_elapsed_ms: elapsed_ms,
            received_elapsed_ms: elapsed_ms + 60_000,
            received_at: midnight.plus(hour * HOUR_MS + 60_000),
            zone: Some(zone),
        }));
    }
    for hour in [7, 13] {
        events.push(StepEvent::Interval(IntervalRecord {
            source: "時計 😀 か\u{3099}".to_owned(),
            id: format!("{day}-{hour}"),
            start: midnight.plus(hour * HOUR_MS),
            end: midnight.plus((hour + 1) * HOUR_MS),
            steps: i64::try_from(dice.below(4_000)).expect("a small number"),
            modified: midnight.plus(hour * HOUR_MS),
            zone: Some(zone),
        }));
    }
    if day % 5 == 0 {
        events.push(StepEvent::Bucket(PlatformBucket {
            source: "platform".to_owned(),
            start: midnight,
            end: midnight.plus(DAY_MS),
            steps: Some(i64::try_from(dice.below(9_000)).expect("a small number")),
            // Every other one was asked for before it was over.
            queried_at: midnight.plus(if day % 10 == 0 { DAY_MS / 2 } else { 2 * DAY_MS }),
            retained_from: None,
            zone: None,
        }));
    }
    events
}

/// Corrections, deletions, pauses and the like.
fn once() -> Vec<StepEvent> {
    let at = |day: i64, hour: i64| START.plus(day * DAY_MS + hour * HOUR_MS);
    let date = |day: u32| NaiveDate::from_ymd_opt(2026, 1, day).expect("a date of January");
    vec![
        StepEvent::Delete {
            source: "時計 😀 か\u{3099}".to_owned(),
            id: "3-7".to_owned(),
        },
        StepEvent::Exclude {
            start: at(6, 12),
            end: at(6, 14),
            reason: Some("𠮷野家への電車 🚃 か\u{3099}".to_owned()),
        },
        StepEvent::Exclude {
            start: at(7, 7),
            end: at(7, 8),
            reason: None,
        },
        StepEvent::Adjust {
            date: date(10),
            steps: Some(12_345),
        },
        StepEvent::Adjust {
            date: date(3),
            steps: Some(500),
        },
        StepEvent::Priority(vec![
            "時計 😀 か\u{3099}".to_owned(),
            "phone".to_owned(),
            "never seen".to_owned(),
        ]),
        StepEvent::Pause { at: at(15, 0) },
        StepEvent::Resume { at: at(15, 12) },
        StepEvent::Pause { at: at(58, 0) },
    ]
}

/// A sample whose clock was not set yet.
fn held() -> StepEvent {
    StepEvent::Counter(CounterSample {
        source: "phone".to_owned(),
        boot: Some("boot-held".to_owned()),
        count: Some(77.0),
        event_elapsed_ms: 1_000,
        received_elapsed_ms: 2_000,
        received_at: UtcMillis(2_000),
        zone: None,
    })
}

fn weigh(app: &App) {
    let weight = app.weight();
    let waist = |mm| Some(Waist::from_millimetres(mm).expect("a waist"));
    let mut ids = Vec::new();
    let typed = [
        (MassUnit::Kilogram, "72.4", waist(912)),
        (MassUnit::Pound, "159.2", None),
        (MassUnit::Stone, "11 st 4", waist(905)),
    ];
    for day in (0..DAYS).step_by(2) {
        let (unit, digits, waist) = typed[usize::try_from(day / 2 % 3).expect("a place")];
        let when = if day % 4 == 0 {
            WeighInTime::Timed {
                at: START.plus(day * DAY_MS - 2 * HOUR_MS),
                sub_ms_ns: if day % 8 == 0 { 123_456 } else { 0 },
                offset_s: 32_400,
                zone: Some(Tz::Asia__Tokyo),
            }
        } else {
            let after = chrono::Days::new(day.unsigned_abs());
            WeighInTime::DateOnly(
                NaiveDate::from_ymd_opt(2026, 1, 5)
                    .and_then(|date| date.checked_add_days(after))
                    .expect("a date"),
            )
        };
        let recorded = weight
            .record(&NewWeighIn {
                when,
                typed: digits.to_owned(),
                unit,
                waist,
                source: "typed".to_owned(),
            })
            .expect("a weigh-in");
        ids.push(recorded.id);
    }
    let edit = WeighInEdit {
        weight: Some(TypedWeight {
            typed: "71.95".to_owned(),
            unit: MassUnit::Kilogram,
        }),
        waist: WaistEdit::Set(Waist::from_millimetres(899).expect("a waist")),
        ..WeighInEdit::default()
    };
    weight.edit(ids[4], &edit).expect("an edit");
    let without_waist = WeighInEdit {
        waist: WaistEdit::Remove,
        ..WeighInEdit::default()
    };
    weight.edit(ids[2], &without_waist).expect("an edit");
    weight.delete(ids[7]).expect("a deletion");
    weight.delete(ids[8]).expect("a deletion that is taken back");
    weight.undo().expect("an undo").expect("something to undo");
    let goal = TypedWeight {
        typed: "10 st 8".to_owned(),
        unit: MassUnit::Stone,
    };
    weight.set_goal(Some(&goal)).expect("a goal");
    weight.set_display_unit(MassUnit::Pound).expect("a unit");
    let checkup = BodyMeasures {
        weight_10g: Some(7_300),
        waist_mm: Some(920),
    };
    weight.set_checkup(checkup).expect("a checkup");
}

/// Everything the app shows of a life, in a form that later versions can compare: plain values under plain names.
#[must_use]
pub fn shown(app: &App) -> Value {
    let all = DateRange {
        from: NaiveDate::from_ymd_opt(2000, 1, 1).expect("a date"),
        until: NaiveDate::from_ymd_opt(2100, 1, 1).expect("a date"),
    };
    let today = app.today().expect("today");
    let steps = app.steps();
    let days = steps.days(all).expect("days");
    let hours = steps.hours(all).expect("hours");
    let weight = app.weight();
    let programme = steps
        .programme_days(DateRange {
            from: NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date"),
            until: NaiveDate::from_ymd_opt(2026, 4, 1).expect("a date"),
        })
        .expect("programme days");
    json!({
        "today": today.to_string(),
        "total_steps": days.iter().filter_map(|day| day.steps).sum::<i64>(),
        "step_days": days
            .iter()
            .map(|day| json!([day.date.to_string(), day.sensor_steps, day.correction, day.quarantined_steps, day.is_travel_day]))
            .collect::<Vec<_>>(),
        "step_hours": hours
            .iter()
            .map(|hour| json!([hour.date.to_string(), hour.start.0, hour.steps]))
            .collect::<Vec<_>>(),
        "programme_days": programme
            .iter()
            .map(|(date, steps)| json!([date.to_string(), steps]))
            .collect::<Vec<_>>(),
        "step_goal": steps.goal().expect("a goal"),
        "sources": steps.priority().expect("an order"),
        "weigh_ins": weight
            .weigh_ins(all)
            .expect("weigh-ins")
            .iter()
            .map(|weigh_in| json!([
                weigh_in.id.to_string(),
                weigh_in.date.to_string(),
                weigh_in.typed,
                weigh_in.unit.symbol(),
                weigh_in.weight.ten_grams(),
                weigh_in.waist.map(Waist::millimetres),
                weigh_in.source,
            ]))
            .collect::<Vec<_>>(),
        // The trend in milligrams: later versions may add up in another order.
        "weight_days": weight
            .days(all)
            .expect("days")
            .iter()
            .map(|day| json!([day.date.to_string(), day.readings, day.weight.ten_grams(), (day.trend_kg * 1e6).round() as i64]))
            .collect::<Vec<_>>(),
        "weight_goal": weight.goal().expect("a goal").map(|goal| json!([goal.typed.typed, goal.typed.unit.symbol()])),
        "weight_unit": weight.display_unit().expect("a unit").symbol(),
    })
}
