//! Stories and laws of the module over a real store, and what they share. A rule has its tests beside it.

mod entries;
mod imports;
mod storage;
mod undo;
mod vectors;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use super::*;
use crate::app::{App, Config};
use crate::clock::ManualClock;
use crate::time::{Tz, UtcMillis, parse_date};

/// 2026-04-15T00:00:00Z, nine in the morning in Tokyo.
const NOW: UtcMillis = UtcMillis(1_776_211_200_000);

const ALWAYS: DateRange = DateRange {
    from: NaiveDate::MIN,
    until: NaiveDate::MAX,
};

/// Other bytes at each call, the same in each run.
#[derive(Debug, Default)]
struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        bytes.fill(0);
        for (byte, digit) in bytes.iter_mut().rev().zip(number.iter().rev()) {
            *byte = *digit;
        }
    }
}

/// The person's phone in Tokyo, with a folder that goes when the test ends.
struct Phone {
    folder: TempDir,
    app: Option<App>,
    random: Arc<dyn Random>,
}

impl Phone {
    fn new() -> Self {
        Self::with(Arc::new(Counting::default()))
    }

    fn with(random: Arc<dyn Random>) -> Self {
        let mut phone = Self {
            folder: TempDir::new().unwrap(),
            app: None,
            random,
        };
        phone.restart();
        phone
    }

    /// As after a kill: nothing is closed in an orderly way.
    fn restart(&mut self) {
        drop(self.app.take());
        let app = App::open(Config {
            folder: self.folder.path().to_owned(),
            key: None,
            zone: Tz::Asia__Tokyo,
            clock: Arc::new(ManualClock::new(NOW)),
            random: Arc::clone(&self.random),
            server: None,
        });
        self.app = Some(app.unwrap());
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

    /// (day of the month, typed text) of every weigh-in.
    fn list(&self) -> Vec<(u32, String)> {
        use chrono::Datelike as _;
        let weigh_ins = self.weight().weigh_ins(ALWAYS).unwrap();
        weigh_ins
            .into_iter()
            .map(|weigh_in| (weigh_in.date.day(), weigh_in.typed))
            .collect()
    }

    /// Everything that a person can see of weight.
    fn shown(&self) -> (Vec<WeighIn>, Vec<(WeightDay, u64)>, WeightSummary) {
        let days = self.days();
        (
            self.weight().weigh_ins(ALWAYS).unwrap(),
            days.iter().map(|day| (*day, day.trend_kg.to_bits())).collect(),
            self.weight().summary(date("2026-04-15")).unwrap(),
        )
    }

    /// The rows of both derived tables, byte for byte.
    fn derived(&self) -> Vec<String> {
        let rows = |statement: &str| {
            self.weight().store.read::<_, WeightError>(|reader| {
                let mut statement = reader.connection().prepare(statement)?;
                let columns = statement.column_count();
                let rows = statement.query_map([], |row| {
                    (0..columns)
                        .map(|column| match row.get_ref(column)? {
                            rusqlite::types::ValueRef::Real(number) => Ok(format!("{:x}", number.to_bits())),
                            other => Ok(format!("{other:?}")),
                        })
                        .collect::<Result<Vec<_>, _>>()
                })?;
                Ok(rows.map(|row| row.unwrap().join(" ")).collect::<Vec<_>>())
            })
        };
        let mut all = rows(
            "SELECT date, is_date_only, weighed_at_ms, sub_ms_ns, arrival, change_id, weigh_in_id, has_waist
             FROM weight_reading ORDER BY date, is_date_only, weighed_at_ms, sub_ms_ns, arrival",
        )
        .unwrap();
        all.extend(
            rows("SELECT date, readings, weight_10g, trend_kg FROM weight_day ORDER BY date").unwrap(),
        );
        all
    }

    fn execute(&self, statement: &str) {
        self.weight()
            .store
            .write::<_, WeightError>(|tx| Ok(tx.connection().execute_batch(statement)?))
            .unwrap();
    }
}

fn date(text: &str) -> NaiveDate {
    parse_date(text).unwrap()
}

fn on(text: &str) -> WeighInTime {
    WeighInTime::DateOnly(date(text))
}

/// A time of April 2026 in Tokyo.
fn at(day: i64, hour: i64, minute: i64) -> WeighInTime {
    WeighInTime::Timed {
        at: NOW.plus((((day - 15) * 24 + hour - 9) * 60 + minute) * 60_000),
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

fn with_waist(when: WeighInTime, typed: &str, mm: u32) -> NewWeighIn {
    NewWeighIn {
        waist: Waist::from_millimetres(mm),
        ..kilograms(when, typed)
    }
}

fn imported(when: WeighInTime, typed: &str) -> NewWeighIn {
    NewWeighIn {
        source: "libra".to_owned(),
        ..kilograms(when, typed)
    }
}

fn typed(typed: &str, unit: MassUnit) -> TypedWeight {
    TypedWeight {
        typed: typed.to_owned(),
        unit,
    }
}

fn data(path: &str) -> String {
    let path = format!("{}/../../tests/data/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

#[track_caller]
fn assert_near(actual: f64, expected: f64, tolerance: f64) {
    assert!(
        (actual - expected).abs() <= tolerance,
        "{actual} is not {expected}"
    );
}

#[test]
fn listeners_hear_of_each_change_and_of_no_failed_one() {
    use crate::store::Topic;
    let phone = Phone::new();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&heard);
    let weight = phone.weight();
    let _subscription = weight
        .store
        .subscribe(move |topic| listener.lock().unwrap().push(topic));
    let id = phone.add(at(1, 7, 0), "70").id;
    weight.record(&kilograms(at(1, 7, 0), "501")).unwrap_err();
    weight.edit(id, &WeighInEdit::default()).unwrap();
    phone.import(&[kilograms(at(1, 7, 0), "70.0")]).unwrap();
    weight.set_display_unit(MassUnit::Pound).unwrap();
    weight.delete(id).unwrap();
    weight.undo().unwrap();
    assert_eq!(
        *heard.lock().unwrap(),
        [
            Topic::Everything,
            Topic::Weight,
            Topic::Settings,
            Topic::Weight,
            Topic::Weight
        ]
    );
}
