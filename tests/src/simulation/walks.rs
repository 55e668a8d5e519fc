//! What simulated people walk, and how their phones learn of it: a watch that every phone of a person reads, and the step counter of
//! each phone.
//!
//! ```text
//!              even hours                              odd hours
//!   watch ── records, at most one a quarter      counter ── samples, at most one an hour
//!     │        changed, lowered, withdrawn          │         restarts of the phone
//!     └──────────────┐        ┌─────────────────────┘
//!                    phone reads: all of it or the latest, in any order, with what it has read before
//! ```
//!
//! The hours lie in the three days before a run, so that clocks which jump during it change no date. What was read is told to the
//! oracle in its own terms once the call has returned.

use std::collections::BTreeMap;

use ayumi_core::steps::{CounterSample, IntervalRecord, StepEvent};
use ayumi_core::time::{HOUR_MS, MINUTE_MS, Tz, UtcMillis};
use chrono::Datelike as _;

use super::phone::Phone;
use super::random::Dice;
use crate::oracle::{self, PhoneEvent};

/// Hours in which people walk, counted from the first.
const HOURS: i64 = 72;
/// From the beginning of an hour to a sample of the counter.
const SAMPLE_MS: i64 = 50 * MINUTE_MS;
/// Most steps between two samples: with two seconds for each the interval stays in its hour.
const MOST_STEPS: u64 = 900;

/// A record of a watch.
#[derive(Debug, Clone, Copy)]
struct Record {
    hour: i64,
    quarter: i64,
    /// Counts its changes.
    version: i64,
    /// As it was before the last change.
    before: u32,
    /// `None`: the watch has withdrawn it.
    steps: Option<u32>,
}

/// A sample of a counter.
#[derive(Debug, Clone, Copy)]
struct Sample {
    hour: i64,
    boot: i64,
    /// The hour in which the phone was started.
    boot_hour: i64,
    count: u32,
    /// Steps since the sample before.
    steps: u32,
}

/// Everything that was walked in a run.
#[derive(Debug)]
pub struct Walks {
    /// Beginning of the first hour.
    start: UtcMillis,
    /// By account.
    watches: BTreeMap<u128, Vec<Record>>,
    /// By phone.
    counters: BTreeMap<usize, Vec<Sample>>,
}

impl Walks {
    /// Nobody has walked; `now` is the beginning of the run.
    #[must_use]
    pub const fn new(now: UtcMillis) -> Self {
        let hour = UtcMillis(now.0 - now.0.rem_euclid(HOUR_MS));
        Self {
            start: hour.plus(-(HOURS + 1) * HOUR_MS),
            watches: BTreeMap::new(),
            counters: BTreeMap::new(),
        }
    }

    /// Somebody walks, or her watch changes its mind; and then her phone reads, or not yet. Returns what was stored.
    pub fn go_on(&mut self, phone: &Phone, index: usize, dice: &mut Dice) -> Vec<PhoneEvent> {
        match dice.below(10) {
            0..4 => self.wear_watch(phone.account, dice),
            4..6 => self.change_record(phone.account, dice),
            6..9 => self.carry_phone(index, dice),
            _ => {}
        }
        if dice.happens(300) {
            return Vec::new();
        }
        let mut records = self.watches.get(&phone.account).cloned().unwrap_or_default();
        if dice.happens(300) {
            // The platform asks for what is new.
            let newest = records.len().saturating_sub(3);
            records.drain(..newest);
        }
        if dice.happens(300) {
            records.reverse();
        }
        if dice.happens(200) {
            records.extend_from_within(..);
        }
        let samples = self.counters.get(&index).cloned().unwrap_or_default();
        self.read(phone, index, &records, &samples)
    }

    /// A phone reads everything there is.
    pub fn read_all(&self, phone: &Phone, index: usize) -> Vec<PhoneEvent> {
        let records = self.watches.get(&phone.account).cloned().unwrap_or_default();
        let samples = self.counters.get(&index).cloned().unwrap_or_default();
        self.read(phone, index, &records, &samples)
    }

    fn wear_watch(&mut self, account: u128, dice: &mut Dice) {
        let hour = i64::try_from(dice.below(36)).unwrap_or(0) * 2;
        let quarter = i64::try_from(dice.below(4)).unwrap_or(0);
        let records = self.watches.entry(account).or_default();
        let is_free = |record: &Record| (record.hour, record.quarter) != (hour, quarter);
        if records.iter().all(is_free) {
            records.push(Record {
                hour,
                quarter,
                version: 1,
                before: 0,
                steps: Some(number(dice.below(1500))),
            });
        }
    }

    fn change_record(&mut self, account: u128, dice: &mut Dice) {
        let records = self.watches.entry(account).or_default();
        let place = usize::try_from(dice.below(records.len() as u64)).unwrap_or(0);
        let Some(record) = records.get_mut(place) else {
            return;
        };
        record.version += 1;
        record.before = record.steps.unwrap_or(0);
        record.steps = (!dice.happens(150)).then(|| number(dice.below(1500)));
    }

    fn carry_phone(&mut self, index: usize, dice: &mut Dice) {
        let samples = self.counters.entry(index).or_default();
        // The first sample says where the counter stands, and nothing of steps.
        let last = samples.last().copied().unwrap_or(Sample {
            hour: -1,
            boot: 1,
            boot_hour: -20,
            count: number(dice.below(5000)),
            steps: 0,
        });
        if samples.is_empty() {
            samples.push(last);
        }
        let hour = last.hour + 2 * (1 + i64::try_from(dice.below(3)).unwrap_or(0));
        if hour >= HOURS {
            return;
        }
        // An unchanged counter would prove that nobody walked since the sample before, on whatever dates that was.
        let steps = number(1 + dice.below(MOST_STEPS));
        let next = if dice.happens(150) {
            Sample {
                hour,
                boot: last.boot + 1,
                boot_hour: hour,
                count: steps,
                steps,
            }
        } else {
            Sample {
                hour,
                count: last.count + steps,
                steps,
                ..last
            }
        };
        samples.push(next);
    }

    fn read(&self, phone: &Phone, index: usize, records: &[Record], samples: &[Sample]) -> Vec<PhoneEvent> {
        let Some(process) = &phone.process else {
            return Vec::new();
        };
        let Some(case) = phone.cases.first().filter(|_| !phone.is_staff) else {
            return Vec::new();
        };
        let case = case.as_uuid().as_u128();
        let mut events = Vec::new();
        let mut read = Vec::new();
        for record in records {
            events.extend(self.events_of_record(record));
            let name = format!("watch {} {}", record.hour, record.quarter);
            read.push(self.reading(case, record.hour, &name, record.steps));
        }
        for sample in samples {
            events.push(self.event_of_sample(index, sample));
            let name = format!("counter {}", sample.hour);
            read.push(self.reading(case, sample.hour, &name, Some(sample.steps)));
        }
        match process.app.steps().record(&events) {
            Ok(_) => read.into_iter().map(PhoneEvent::HasRead).collect(),
            // Nothing of it was stored; it is read again later.
            Err(_) => Vec::new(),
        }
    }

    /// The date on which screens are looked at.
    #[must_use]
    pub fn today(&self) -> chrono::NaiveDate {
        civil_date(self.hour(HOURS))
    }

    fn hour(&self, hour: i64) -> UtcMillis {
        self.start.plus((hour + 1) * HOUR_MS)
    }

    /// A changed record comes with what it was before now and then: a platform repeats itself.
    fn events_of_record(&self, record: &Record) -> Vec<StepEvent> {
        let (source, id) = ("watch".to_owned(), format!("{}-{}", record.hour, record.quarter));
        let start = self.hour(record.hour).plus(record.quarter * 15 * MINUTE_MS);
        let of_version = |version: i64, steps: u32| {
            StepEvent::Interval(IntervalRecord {
                source: source.clone(),
                id: id.clone(),
                start,
                end: start.plus(15 * MINUTE_MS),
                steps: i64::from(steps),
                modified: start.plus(version),
                zone: Some(Tz::Asia__Tokyo),
            })
        };
        let mut events = Vec::new();
        if record.version > 1 && record.quarter == 0 {
            events.push(of_version(record.version - 1, record.before));
        }
        match record.steps {
            Some(steps) => events.push(of_version(record.version, steps)),
            None => events.push(StepEvent::Delete { source, id }),
        }
        events
    }

    fn event_of_sample(&self, index: usize, sample: &Sample) -> StepEvent {
        let at = self.hour(sample.hour).plus(SAMPLE_MS);
        let elapsed_ms = (sample.hour - sample.boot_hour) * HOUR_MS + SAMPLE_MS;
        StepEvent::Counter(CounterSample {
            source: format!("counter {index}"),
            boot: Some(sample.boot.to_string()),
            count: Some(f64::from(sample.count)),
            event_elapsed_ms: elapsed_ms,
            received_elapsed_ms: elapsed_ms,
            received_at: at,
            zone: Some(Tz::Asia__Tokyo),
        })
    }

    fn reading(&self, case: u128, hour: i64, name: &str, steps: Option<u32>) -> oracle::Reading {
        let (date, hour) = civil(self.hour(hour));
        oracle::Reading {
            case,
            date,
            hour,
            name: super::record::fingerprint(name),
            steps,
        }
    }
}

/// Date and hour in Japan.
fn civil(at: UtcMillis) -> (u32, u32) {
    let hour = at.plus(9 * HOUR_MS).0.rem_euclid(24 * HOUR_MS) / HOUR_MS;
    (number_of(civil_date(at)), u32::try_from(hour).unwrap_or(0))
}

fn civil_date(at: UtcMillis) -> chrono::NaiveDate {
    let local = chrono::DateTime::from_timestamp_millis(at.plus(9 * HOUR_MS).0);
    local.expect("an instant").date_naive()
}

/// A date as the oracle writes it.
pub fn number_of(date: chrono::NaiveDate) -> u32 {
    u32::try_from(date.year()).unwrap_or(0) * 10_000 + date.month() * 100 + date.day()
}

fn number(drawn: u64) -> u32 {
    u32::try_from(drawn).unwrap_or(0)
}
