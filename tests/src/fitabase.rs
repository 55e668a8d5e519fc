//! The published minutes of 33 real persons, and the same minutes as a phone's counter would have told them.

use std::collections::BTreeMap;

use ayumi_core::steps::{CounterSample, ReplayLine, StepEvent};
use ayumi_core::time::UtcMillis;
use chrono::NaiveDateTime;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;

/// Hours of one person: first instant (local time read as UTC) and the steps of its sixty minutes.
pub type MinuteHours = BTreeMap<i64, [i64; 60]>;

/// Folder with the real measurements.
#[must_use]
pub fn data_folder() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data")
}

/// Minutes of every person by her id.
#[must_use]
pub fn minutes_by_person() -> BTreeMap<String, MinuteHours> {
    let mut persons: BTreeMap<String, MinuteHours> = BTreeMap::new();
    for row in rows("fitabase/minuteStepsWide_merged.csv") {
        let mut minutes = [0; 60];
        for (minute, field) in minutes.iter_mut().zip(row.iter().skip(2)) {
            *minute = field.parse().expect("a number of steps");
        }
        persons
            .entry(row[0].to_owned())
            .or_default()
            .insert(hour_ms(&row[1]), minutes);
    }
    persons
}

/// Published hour totals of every person.
#[must_use]
pub fn hours_by_person() -> BTreeMap<String, BTreeMap<i64, i64>> {
    let mut persons: BTreeMap<String, BTreeMap<i64, i64>> = BTreeMap::new();
    for row in rows("fitabase/hourlySteps_merged.csv") {
        let steps = row[2].parse().expect("a number of steps");
        persons
            .entry(row[0].to_owned())
            .or_default()
            .insert(hour_ms(&row[1]), steps);
    }
    persons
}

fn rows(file: &str) -> Vec<csv::StringRecord> {
    csv::Reader::from_path(data_folder().join(file))
        .expect("the data file")
        .into_records()
        .map(|row| row.expect("a row"))
        .collect()
}

fn hour_ms(text: &str) -> i64 {
    NaiveDateTime::parse_from_str(text, "%m/%d/%Y %I:%M:%S %p")
        .expect("an hour")
        .and_utc()
        .timestamp_millis()
}

/// A small deterministic generator (`SplitMix64`), so that a failing run can be repeated.
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// True once in `odds`.
    pub fn one_in(&mut self, odds: u64) -> bool {
        self.below(odds) == 0
    }
}

/// Turns a person's minutes into counter samples with everything that goes wrong on a phone.
///
/// An event at the end of each minute with steps, and one with an unchanged count at the start of each minute that
/// follows an idle one, so that the look-back of a busy minute cannot leave it. Injected: reboots in idle minutes, repeated
/// deliveries, late batches, batches shuffled within a clock hour, restarts of the process. Hour totals must survive all
/// of it (steps.md section 13).
#[must_use]
pub fn as_counter(hours: &MinuteHours, seed: u64) -> Vec<ReplayLine> {
    let mut dice = Dice(seed);
    let first = *hours.keys().next().expect("a person with data");
    let mut phone = Phone {
        boot: 1,
        booted: first - 3 * 24 * HOUR_MS,
        count: 4_000,
    };
    let mut lines: Vec<ReplayLine> = Vec::new();
    let mut last_event = i64::MIN;
    for (&hour, minutes) in hours {
        let mut batch: Vec<(i64, Phone)> = Vec::new();
        let mut has_reboot = false;
        for (minute, &steps) in (0i64..).zip(minutes) {
            let from = hour + minute * MINUTE_MS;
            if steps == 0 {
                if dice.one_in(4_000) && last_event < from {
                    phone = Phone {
                        boot: phone.boot + 1,
                        booted: from + 20_000,
                        count: 0,
                    };
                    has_reboot = true;
                }
                continue;
            }
            if last_event < from {
                batch.push((from.max(phone.booted), phone));
            }
            phone.count += steps;
            last_event = from + MINUTE_MS;
            batch.push((last_event, phone));
        }
        let delay = if dice.one_in(5) {
            HOUR_MS + i64::try_from(dice.below(3_000_000)).expect("small")
        } else {
            250
        };
        let received = batch.last().map_or(hour, |(event, _)| event + delay);
        // The first sample of an hour arrives first: without it the steps before a shuffled sample would reach back.
        if dice.one_in(3) && !has_reboot && batch.len() > 2 {
            for from in (2..batch.len()).rev() {
                let to = 1 + usize::try_from(dice.below(from as u64)).expect("small");
                batch.swap(from, to);
            }
        }
        for (event, phone) in batch {
            let line = phone.sample(event, received.max(event));
            lines.push(line.clone());
            if dice.one_in(15) {
                lines.push(line);
            }
        }
        if dice.one_in(150) {
            lines.push(ReplayLine { line: 0, event: None });
        }
    }
    for (number, line) in (1..).zip(&mut lines) {
        line.line = number;
    }
    lines
}

#[derive(Debug, Clone, Copy)]
struct Phone {
    boot: i64,
    booted: i64,
    count: i64,
}

impl Phone {
    fn sample(self, event: i64, received: i64) -> ReplayLine {
        let sample = CounterSample {
            source: "phone".to_owned(),
            boot: Some(self.boot.to_string()),
            count: Some(self.count as f64),
            event_elapsed_ms: event - self.booted,
            received_elapsed_ms: received - self.booted,
            received_at: UtcMillis(received),
            zone: None,
        };
        ReplayLine {
            line: 0,
            event: Some(StepEvent::Counter(sample)),
        }
    }
}
