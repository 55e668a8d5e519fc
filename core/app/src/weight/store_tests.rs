//! Stories and laws of the module over a real store.

use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::app::{App, Config};
use crate::clock::ManualClock;
use crate::store::StoreError;
use crate::time::{DayStart, Tz, UtcMillis, parse_date};

/// Different bytes at each call, the same in each run.
#[derive(Debug, Default)]
struct Counting(std::sync::atomic::AtomicU64);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self
            .0
            .fetch_add(1, std::sync::atomic::Ordering::SeqCst)
            .to_be_bytes();
        bytes.fill(0);
        for (byte, digit) in bytes.iter_mut().rev().zip(number.iter().rev()) {
            *byte = *digit;
        }
    }
}

/// 2026-04-15T00:00:00Z.
const NOW: UtcMillis = UtcMillis(1_776_211_200_000);

/// An app in a folder that goes when the test ends.
struct Phone {
    folder: TempDir,
    app: Option<App>,
    random: Arc<Counting>,
}

impl Phone {
    fn new() -> Self {
        let mut phone = Self {
            folder: TempDir::new().unwrap(),
            app: None,
            random: Arc::default(),
        };
        phone.restart();
        phone
    }

    /// As after a kill: nothing is closed in an orderly way.
    fn restart(&mut self) {
        drop(self.app.take());
        self.app = Some(
            App::open(Config {
                folder: self.folder.path().to_owned(),
                zone: Tz::Asia__Tokyo,
                clock: Arc::new(ManualClock::new(NOW)),
                random: self.random.clone(),
            })
            .unwrap(),
        );
    }

    fn app(&self) -> &App {
        self.app.as_ref().unwrap()
    }

    fn weight(&self) -> Weights<'_> {
        self.app().weight()
    }

    fn add(&self, when: WeighInTime, typed: &str) -> Recorded {
        self.weight().record(&kilograms(when, typed)).unwrap()
    }

    fn import(&self, weigh_ins: &[NewWeighIn]) -> Result<u64, WeightError> {
        let weight = self.weight();
        weight.store.write(|tx| weight.import(tx, weigh_ins))
    }

    fn days(&self) -> Vec<WeightDay> {
        self.weight().days(ALWAYS).unwrap()
    }

    fn list(&self) -> Vec<(String, String)> {
        self.weight()
            .weigh_ins(ALWAYS)
            .unwrap()
            .into_iter()
            .map(|weigh_in| (weigh_in.date.to_string(), weigh_in.typed))
            .collect()
    }
}

const ALWAYS: DateRange = DateRange {
    from: NaiveDate::MIN,
    until: NaiveDate::MAX,
};

fn on(date: &str) -> WeighInTime {
    WeighInTime::DateOnly(parse_date(date).unwrap())
}

/// A time of 2026-04, given as (day, hour, minute) in Tokyo.
fn at(day: i64, hour: i64, minute: i64) -> WeighInTime {
    WeighInTime::Timed {
        at: UtcMillis(NOW.0 + (((day - 15) * 24 + hour - 9) * 60 + minute) * 60_000),
        sub_ms_ns: 0,
        offset_s: 9 * 3600,
        zone: Some(Tz::Asia__Tokyo),
    }
}

fn kilograms(when: WeighInTime, typed: &str) -> NewWeighIn {
    NewWeighIn {
        when,
        typed: typed.to_owned(),
        unit: MassUnit::Kilogram,
        waist: None,
        source: "typed".to_owned(),
    }
}

#[test]
fn what_was_typed_is_there_with_its_day_and_trend_after_a_restart() {
    let mut phone = Phone::new();
    phone.add(at(1, 7, 0), "70.0");
    phone.add(at(1, 21, 0), "71.0");
    phone.add(on("2026-04-04"), "69.0");
    for _ in 0..2 {
        let days = phone.days();
        assert_eq!(days.len(), 2);
        assert_eq!((days[0].readings, days[0].weight.ten_grams()), (2, 7000));
        assert!((days[1].trend_kg - 69.729).abs() < 1e-6);
        assert_eq!(
            phone.list(),
            [
                ("2026-04-01".to_owned(), "70.0".to_owned()),
                ("2026-04-01".to_owned(), "71.0".to_owned()),
                ("2026-04-04".to_owned(), "69.0".to_owned())
            ]
        );
        phone.restart();
    }
}
