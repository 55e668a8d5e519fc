//! A phone for tests that need a real folder: one real person's readings in small batches.

use std::path::Path;
use std::sync::Arc;

use ayumi_core::app::{App, Config};
use ayumi_core::clock::{ManualClock, Random};
use ayumi_core::steps::{DaySteps, HourSteps, StepEvent};
use ayumi_core::time::{DateRange, NaiveDate, Tz, UtcMillis};

use crate::fitabase::{Dice, as_counter, minutes_by_person};

/// The person whose readings are stored.
const PERSON: &str = "8877689391";
/// Readings per transaction: small, so that a kill finds many places to strike.
const BATCH: usize = 25;

/// Repeatable bytes.
#[derive(Debug)]
pub struct SeededRandom(std::sync::Mutex<Dice>);

impl SeededRandom {
    /// Bytes that follow from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(std::sync::Mutex::new(Dice(seed)))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let mut dice = self.0.lock().expect("no panic while rolling");
        for byte in bytes {
            *byte = u8::try_from(dice.below(256)).expect("below 256");
        }
    }
}

/// Opens a folder with a clock that stands still.
#[must_use]
pub fn open(folder: &Path) -> App {
    App::open(Config {
        folder: folder.to_owned(),
        key: None,
        zone: Tz::UTC,
        clock: Arc::new(ManualClock::new(UtcMillis(1_460_000_000_000))),
        random: Arc::new(SeededRandom::new(1)),
        server: None,
    })
    .expect("an app")
}

/// The readings, in the order in which the phone delivers them.
#[must_use]
pub fn batches() -> Vec<Vec<StepEvent>> {
    let minutes = minutes_by_person().remove(PERSON).expect("the person");
    let events: Vec<StepEvent> = as_counter(&minutes, 7)
        .into_iter()
        .filter_map(|line| line.event)
        .collect();
    events.chunks(BATCH).map(<[StepEvent]>::to_vec).collect()
}

/// Everything the app shows about steps.
#[must_use]
pub fn shown(app: &App) -> (Vec<DaySteps>, Vec<HourSteps>) {
    let all = DateRange {
        from: NaiveDate::MIN,
        until: NaiveDate::from_ymd_opt(2100, 1, 1).expect("a date"),
    };
    (
        app.steps().days(all).expect("days"),
        app.steps().hours(all).expect("hours"),
    )
}
