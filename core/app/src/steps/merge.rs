//! What several phones of one person say about one date, made into one day. Source: sync.md 3.2.
//!
//! ```text
//! phone A   07 ▓▓▓▓ 08 ▓▓▓▓ 09 ░░░░
//! phone B                   09 ▓▓▓▓ 10 ▓▓▓▓
//! the day   07 ▓▓▓▓ 08 ▓▓▓▓ 09 ▓▓▓▓ 10 ▓▓▓▓      the larger amount of each slot, never the sum
//! ```
//!
//! Invariants: no instant counts twice, so the day of a change of phones may come out low and never double; the order of the reports
//! does not matter; one report alone comes out as it is; a date is measured if any phone measured it.

use std::collections::{BTreeMap, BTreeSet};

use ayumi_protocol::body::{Span, StepsDay};
use ayumi_protocol::id::DeviceId;
use chrono::NaiveDate;
use chrono_tz::Tz;

use super::day_by_hour::{HourOfDay, fill};
use super::{DayByHour, DaySteps};
use crate::deliberate::{Bug, is_made};
use crate::time::{DayStart, HOUR_MS, HourSlot, UtcMillis, ZoneCache, parse_zone};

/// What one phone says about one date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PhoneDay {
    /// Sensor steps by the first instant of their slot.
    pub hours: BTreeMap<UtcMillis, i64>,
    /// Something was measured.
    pub is_measured: bool,
    /// Steps that were not believed.
    pub quarantined_steps: i64,
    /// Zone of the date.
    pub zone: Tz,
    /// The zone changed on the date.
    pub is_travel_day: bool,
    /// Stretches in which counting was paused.
    pub paused: Vec<(UtcMillis, UtcMillis)>,
    /// Stretches that do not count.
    pub excluded: Vec<(UtcMillis, UtcMillis)>,
}

impl PhoneDay {
    /// What a report says. A zone that this build does not know stands for Japan.
    pub(crate) fn of_report(report: &StepsDay) -> Self {
        let spans = |spans: &[Span]| {
            spans
                .iter()
                .map(|span| (UtcMillis(span.from_at_ms.0), UtcMillis(span.to_at_ms.0)))
                .collect()
        };
        Self {
            hours: report
                .hours
                .iter()
                .map(|slot| (UtcMillis(slot.start_at_ms.0), slot.steps.max(0)))
                .collect(),
            is_measured: report.sensor_steps.is_some(),
            quarantined_steps: report.quarantined_steps,
            zone: parse_zone(report.zone.as_str()).unwrap_or(Tz::Asia__Tokyo),
            is_travel_day: report.is_travel_day,
            paused: spans(&report.paused),
            excluded: spans(&report.excluded),
        }
    }

    /// A date of which nothing is known but where she was.
    pub(crate) const fn unmeasured(zone: Tz) -> Self {
        Self {
            hours: BTreeMap::new(),
            is_measured: false,
            quarantined_steps: 0,
            zone,
            is_travel_day: false,
            paused: Vec::new(),
            excluded: Vec::new(),
        }
    }

    /// The sum of the hours; `None` if nothing was measured.
    pub(crate) fn sensor_steps(&self) -> Option<i64> {
        self.is_measured.then(|| {
            self.hours
                .values()
                .fold(0_i64, |sum, steps| sum.saturating_add(*steps))
        })
    }

    /// When it was last walked, and where: the zone of the day is that of the phone that counted last.
    fn last_walk(&self) -> (bool, UtcMillis, &'static str) {
        let walked = self.hours.iter().rev().find(|(_, steps)| **steps > 0);
        let at = walked.map_or(UtcMillis(i64::MIN), |(at, _)| *at);
        (self.is_measured, at, self.zone.name())
    }
}

/// Makes one day of what several phones say; `None` without any.
pub(crate) fn merged(days: &[PhoneDay], day_start: DayStart, zones: &mut ZoneCache) -> Option<PhoneDay> {
    let latest = days.iter().max_by_key(|day| day.last_walk())?;
    let mut merged = PhoneDay {
        hours: BTreeMap::new(),
        ..latest.clone()
    };
    if let [day] = days {
        merged.hours.clone_from(&day.hours);
        return Some(merged);
    }
    let mut slots: BTreeMap<UtcMillis, Slot> = BTreeMap::new();
    for (phone, day) in days.iter().enumerate() {
        merged.is_measured |= day.is_measured;
        merged.is_travel_day |= day.is_travel_day;
        merged.quarantined_steps = merged.quarantined_steps.max(day.quarantined_steps);
        for (start, steps) in &day.hours {
            let until = end_of_slot(*start, day.zone, day_start, zones);
            let slot = slots.entry(*start).or_insert_with(|| Slot {
                until,
                steps: *steps,
                phones: BTreeSet::new(),
            });
            slot.until = slot.until.max(until);
            slot.steps = if is_made(Bug::AddsPhones) && !slot.phones.is_empty() {
                slot.steps.saturating_add(*steps)
            } else {
                slot.steps.max(*steps)
            };
            slot.phones.insert(phone);
        }
    }
    merged.hours = without_overlap(slots);
    merged.paused = united(days.iter().flat_map(|day| &day.paused));
    merged.excluded = united(days.iter().flat_map(|day| &day.excluded));
    Some(merged)
}

/// One slot of any phone.
struct Slot {
    until: UtcMillis,
    steps: i64,
    /// The phones that have it; slots of one phone do not overlap, whatever their ends look like from here.
    phones: BTreeSet<usize>,
}

/// Of slots of different phones that overlap without beginning together the larger one stays.
fn without_overlap(slots: BTreeMap<UtcMillis, Slot>) -> BTreeMap<UtcMillis, i64> {
    let mut by_size: Vec<(UtcMillis, Slot)> = slots.into_iter().collect();
    by_size.sort_by(|a, b| b.1.steps.cmp(&a.1.steps).then(a.0.cmp(&b.0)));
    let mut kept: BTreeMap<UtcMillis, Slot> = BTreeMap::new();
    for (start, slot) in by_size {
        // No slot is longer than an hour, so only neighbours can reach into it.
        let near = UtcMillis(start.0.saturating_sub(HOUR_MS))..slot.until.max(start.plus(1));
        let is_free = kept.range(near).all(|(other_start, other)| {
            let overlaps = *other_start < slot.until && start < other.until;
            !overlaps || !other.phones.is_disjoint(&slot.phones)
        });
        if is_free {
            kept.insert(start, slot);
        }
    }
    kept.into_iter()
        .map(|(start, slot)| (start, slot.steps))
        .collect()
}

/// Every stretch once, in order.
fn united<'a>(spans: impl Iterator<Item = &'a (UtcMillis, UtcMillis)>) -> Vec<(UtcMillis, UtcMillis)> {
    spans.copied().collect::<BTreeSet<_>>().into_iter().collect()
}

fn end_of_slot(start: UtcMillis, zone: Tz, day_start: DayStart, zones: &mut ZoneCache) -> UtcMillis {
    let slot = zones.get(zone).slot(start, day_start);
    // A slot of another zone of a day of travel: an hour is the most it can be.
    if slot.from == start {
        slot.until
    } else {
        start.plus(HOUR_MS)
    }
}

/// A merged day by the hour: what was measured, and between it the hours of its zone that nobody measured.
pub(crate) fn day_by_hour(
    date: NaiveDate,
    phones: &PhoneDay,
    day: DaySteps,
    day_start: DayStart,
    zones: &mut ZoneCache,
) -> DayByHour {
    let mut hours = Vec::new();
    for (start, steps) in &phones.hours {
        let slot = zones.get(phones.zone).slot(*start, day_start);
        let slot = if slot.from == *start && slot.date == date {
            slot
        } else {
            HourSlot {
                from: *start,
                until: start.plus(HOUR_MS),
                date,
                local_hour: slot.local_hour,
            }
        };
        hours.push(HourOfDay {
            slot,
            steps: Some(*steps),
        });
    }
    let unmeasured = zones.get(phones.zone).slots_of(date, day_start);
    fill(
        &mut hours,
        unmeasured.into_iter().map(|slot| HourOfDay { slot, steps: None }),
    );
    let is_near = |window: &(UtcMillis, UtcMillis)| {
        let touches = |hour: &HourOfDay| window.0 < hour.slot.until && hour.slot.from < window.1;
        hours.iter().any(touches)
    };
    DayByHour {
        paused: phones.paused.iter().copied().filter(is_near).collect(),
        excluded: phones.excluded.iter().copied().filter(is_near).collect(),
        hours,
        day,
    }
}

/// A correction that a phone reported: the highest revision counts, then the higher device.
pub(crate) type ReportedCorrection = (u32, DeviceId, i64);

/// The correction of some reports that counts.
pub(crate) fn correction_of(
    reported: impl IntoIterator<Item = ReportedCorrection>,
) -> Option<ReportedCorrection> {
    reported.into_iter().max()
}
