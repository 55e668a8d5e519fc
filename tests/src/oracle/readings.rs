//! Judges the steps of a day by the readings that phones took in (I8).
//!
//! The rule of sync.md, section 3.2: what one phone says about an hour is the sum of the readings that it holds of that hour, each
//! once, however often and in whatever order it was read. Of several phones of one person the larger amount of each hour counts, never
//! the sum. A day is the sum of its hours.
//!
//! A phone whose files went back to a copy, or are gone, may have reported more than it holds now, and what was reported stays; so it is
//! with one that signed in again and reports under another name since, and with all phones after a restore of the server, when one says
//! again what another had said. The truth of such an hour is a range: from what the phones hold
//! to the most that they ever held. Everywhere else it is one number.

use std::collections::{BTreeMap, BTreeSet};

use super::anomaly::{Invariant, Word};
use super::checker::{Checker, Phone};
use super::history::{Case, Device, Lane, Reading, RowState};

/// Readings by what they are of: case, date, hour, name.
pub(super) type Readings = BTreeMap<(Case, u32, u32, u64), Option<u32>>;

/// What a day may be.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Truth {
    /// What phones hold; `None`: nothing is measured.
    least: Option<u32>,
    /// What they may have said.
    most: Option<u32>,
}

impl Checker {
    pub(super) fn has_read(&mut self, device: Device, reading: Reading) {
        self.disturb(self.at_ms);
        let Reading {
            case,
            date,
            hour,
            name,
            steps,
        } = reading;
        let phone = self.phones.entry(device).or_default();
        phone.files.readings.insert((case, date, hour, name), steps);
        if let Some(amount) = amount_of(&phone.files.readings, case, date, hour) {
            let most = phone.most_steps.entry((case, date, hour)).or_default();
            *most = (*most).max(amount);
        }
    }

    /// A screen is never above everything that was ever measured; whether it is the truth shows in the end.
    pub(super) fn day_drawn(&mut self, device: Device, case: Case, date: u32, steps: Option<u32>) {
        let phone = self.phones.entry(device).or_default();
        phone.days_drawn.insert((case, date), steps);
        let ever = self.truth_of(case, date, |_| true).most;
        let word = match (ever, steps) {
            (None, Some(_)) => Word::Unexpected,
            (Some(ever), Some(drawn)) if drawn > ever => Word::Duplicated,
            _ => return,
        };
        let rule = "no step counts twice, whoever measured it";
        self.object((Invariant::I8, word), Some(device), None, &[], rule);
    }

    /// The state after the end: every screen draws the same, and what the phones say.
    pub(super) fn judge_days(&mut self, devices: &[Device]) {
        let mut drawn: BTreeMap<(Case, u32), BTreeSet<Option<u32>>> = BTreeMap::new();
        for device in devices {
            let Some(phone) = self.phones.get(device).filter(|phone| phone.is_able()) else {
                continue;
            };
            for ((case, date), steps) in phone.days_drawn.clone() {
                drawn.entry((case, date)).or_default().insert(steps);
                let truth = self.truth_of(case, date, |phone| phone.has_said_more || self.holds_back(phone));
                let word = match (truth.most, steps) {
                    (None, Some(_)) => Word::Unexpected,
                    (Some(most), Some(drawn)) if drawn > most => Word::Duplicated,
                    (_, steps) if steps < truth.least => Word::Lost,
                    _ => continue,
                };
                let rule = "the steps of a day are those of its readings, each once";
                self.object((Invariant::I8, word), Some(*device), None, &[], rule);
            }
        }
        if drawn.values().any(|numbers| numbers.len() > 1) {
            let rule = "every screen draws the same steps of a day";
            self.object((Invariant::I8, Word::Diverged), None, None, &[], rule);
        }
    }

    /// Whether a phone has a reading that waits for its owner.
    fn holds_back(&self, phone: &Phone) -> bool {
        let mut rows = phone.shown.iter().flat_map(|shown| &shown.outbox);
        rows.any(|row| {
            let known = self.ops.get(&row.op);
            row.state == RowState::Parked && known.is_some_and(|known| known.enqueue.lane == Lane::Readings)
        })
    }

    /// The larger amount of each hour over all phones. What an `uncertain` one says lies between what it holds and the most that it
    /// ever held, and nobody else may have heard of it yet.
    fn truth_of(&self, case: Case, date: u32, uncertain: impl Fn(&Phone) -> bool) -> Truth {
        let mut hours: BTreeMap<u32, Truth> = BTreeMap::new();
        for phone in self.phones.values() {
            let is_uncertain = uncertain(phone);
            let is_held_back = self.holds_back(phone);
            let of_date = phone.files.readings.keys();
            let held: BTreeSet<u32> = of_date
                .filter(|(of, on, ..)| (*of, *on) == (case, date))
                .map(|(_, _, hour, _)| *hour)
                .collect();
            for hour in held {
                let amount = amount_of(&phone.files.readings, case, date, hour);
                let truth = hours.entry(hour).or_default();
                truth.most = truth.most.max(amount);
                if !is_held_back {
                    truth.least = truth.least.max(amount);
                }
            }
            let ever = phone.most_steps.iter().filter(|_| is_uncertain);
            for ((of, on, hour), amount) in ever {
                if (*of, *on) == (case, date) {
                    let truth = hours.entry(*hour).or_default();
                    truth.most = truth.most.max(Some(*amount));
                }
            }
        }
        let sum = |amounts: Vec<Option<u32>>| {
            let measured: Vec<u32> = amounts.into_iter().flatten().collect();
            (!measured.is_empty()).then(|| measured.into_iter().fold(0_u32, u32::saturating_add))
        };
        Truth {
            least: sum(hours.values().map(|truth| truth.least).collect()),
            most: sum(hours.values().map(|truth| truth.most).collect()),
        }
    }
}

/// What a phone holds of an hour; `None`: nothing, or everything was withdrawn.
fn amount_of(readings: &Readings, case: Case, date: u32, hour: u32) -> Option<u32> {
    let of_hour = readings.range((case, date, hour, 0)..=(case, date, hour, u64::MAX));
    let mut steps = of_hour.filter_map(|(_, steps)| *steps).peekable();
    steps.peek()?;
    Some(steps.fold(0, u32::saturating_add))
}
