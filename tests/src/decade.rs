//! Ten years of one simulated person: a counter sample for each minute with steps, a weigh-in on most mornings.
//!
//! The person is made up from a seed; only the sizes are meant to be true to life.

use std::path::Path;

use ayumi_core::app::App;
use ayumi_core::steps::{CounterSample, StepEvent};
use ayumi_core::time::{DAY_MS, HOUR_MS, MINUTE_MS, NaiveDate, UtcMillis};
use ayumi_core::weight::{MassUnit, NewWeighIn, WeighInTime};

use crate::fitabase::Dice;
use crate::phone;

/// Years of data.
pub const YEARS: i64 = 10;
/// 2016-01-01T00:00:00Z.
const FIRST_MS: i64 = 1_451_606_400_000;
/// Dates with data.
const DAYS: i64 = 3_653;
/// Walks of a day.
const WALKS: i64 = 6;
/// Readings per transaction, a few days of them.
const BATCH: usize = 2_000;

/// The last date with data.
#[must_use]
pub fn last_date() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 12, 31).expect("a date")
}

/// Fills an empty folder and closes it.
///
/// Returns the number of step readings and of weigh-ins.
pub fn fill(folder: &Path) -> (usize, usize) {
    let app = phone::open(folder);
    let events = counter_samples();
    for batch in events.chunks(BATCH) {
        app.steps().record(batch).expect("a stored batch");
    }
    app.steps().set_goal(Some(8_000)).expect("a goal");
    let weigh_ins = weigh_ins(&app);
    app.close().expect("a closed app");
    (events.len(), weigh_ins)
}

/// One reading a minute of activity, about 120 minutes a day, the phone rebooted every month or so.
fn counter_samples() -> Vec<StepEvent> {
    let mut dice = Dice(10);
    let mut events = Vec::new();
    let (mut boot, mut booted, mut count) = (1_i64, FIRST_MS - HOUR_MS, 0_i64);
    for day in 0..DAYS {
        // One day in fifty the phone stays at home.
        if dice.one_in(50) {
            continue;
        }
        if dice.one_in(30) {
            (boot, booted, count) = (boot + 1, FIRST_MS + day * DAY_MS, 0);
        }
        for walk in 0..WALKS {
            let start = FIRST_MS + day * DAY_MS + (7 + 2 * walk) * HOUR_MS + minutes(&mut dice, 60);
            let length = 10 + i64::try_from(dice.below(20)).expect("small");
            for minute in 0..length {
                count += 40 + i64::try_from(dice.below(70)).expect("small");
                let event = start + minute * MINUTE_MS;
                events.push(StepEvent::Counter(CounterSample {
                    source: "phone".to_owned(),
                    boot: Some(boot.to_string()),
                    count: Some(count as f64),
                    event_elapsed_ms: event - booted,
                    received_elapsed_ms: event - booted + 250,
                    received_at: UtcMillis(event + 250),
                    zone: None,
                }));
            }
        }
    }
    events
}

/// Six mornings of seven, up and down around a slow loss.
fn weigh_ins(app: &App) -> usize {
    let mut dice = Dice(11);
    let mut stored = 0;
    for day in (0..DAYS).filter(|day| day % 7 != 3) {
        let grams = 78_000 - day * 4 + i64::try_from(dice.below(1_600)).expect("small");
        app.weight()
            .record(&NewWeighIn {
                when: WeighInTime::Timed {
                    at: UtcMillis(FIRST_MS + day * DAY_MS + 6 * HOUR_MS + minutes(&mut dice, 90)),
                    sub_ms_ns: 0,
                    offset_s: 0,
                    zone: None,
                },
                typed: format!("{}.{}", grams / 1_000, grams % 1_000 / 100),
                unit: MassUnit::Kilogram,
                waist: None,
                source: "typed".to_owned(),
            })
            .expect("a stored weigh-in");
        stored += 1;
    }
    stored
}

fn minutes(dice: &mut Dice, below: u64) -> i64 {
    i64::try_from(dice.below(below)).expect("small") * MINUTE_MS
}
