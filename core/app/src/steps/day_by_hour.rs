//! One date by the hour, wherever the person was. Source: steps.md sections 4 and 6.
//!
//! On a travel day two zones call different instants by the same date. The time line is cut into **stays** by the zone of
//! what was measured, and each stay shows the hours of its own zone alone:
//!
//! ```text
//! measured    Tokyo ▓▓▓▓▓▓         ▓▓▓▓ Kolkata
//! stays       Tokyo ───────────────┤├── Kolkata
//! hours       8  9  10 … 16  17  18   15  16  17 …
//! ```
//!
//! Invariants: the hours add up to the sensor steps of the date; no instant lies in two hours, unless steps were counted
//! in both (two devices that disagree about the zone).

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::{DaySteps, StepError, derive, derive_now, merge, report, sql};
use crate::settings;
use crate::store::{Reader, zones as zone_table};
use crate::time::{DateRange, HourSlot, UtcMillis, ZoneCache};

/// One hour of a day chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourOfDay {
    /// The slot.
    pub slot: HourSlot,
    /// Sensor steps; `None` if nothing measured any part of the slot.
    pub steps: Option<i64>,
}

/// One date by the hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayByHour {
    /// Every hour slot of the date, in order; 23 to 25 on most dates, others on travel days.
    pub hours: Vec<HourOfDay>,
    /// Stretches of the date in which counting was paused.
    pub paused: Vec<(UtcMillis, UtcMillis)>,
    /// Stretches of the date that do not count (vehicle and the like).
    pub excluded: Vec<(UtcMillis, UtcMillis)>,
    /// The date as a whole; its correction belongs to no hour.
    pub day: DaySteps,
}

/// The zone whose hours a date without any measurement shows: where the phone was at noon, else where the person was
/// measured nearest, else Japan, as everywhere else without a zone.
pub(super) fn zone_of_unmeasured(
    reader: &Reader<'_>,
    history: &zone_table::ZoneHistory,
    date: NaiveDate,
) -> Result<Tz, StepError> {
    if let Some(zone) = history.on(date) {
        return Ok(zone);
    }
    let nearest = sql::zone_of_nearest_day(reader, date)?;
    let zones = zone_table::zones(reader)?;
    Ok(nearest
        .and_then(|id| zones.get(&id).copied())
        .unwrap_or(Tz::Asia__Tokyo))
}

/// [`zone_of_unmeasured`] where the zone history is not at hand.
pub(super) fn zone_here(reader: &Reader<'_>, date: NaiveDate) -> Result<Tz, StepError> {
    zone_of_unmeasured(reader, &zone_table::history(reader)?, date)
}

/// [`Steps::day_by_hour`](super::Steps::day_by_hour) within a read that does more.
pub(super) fn day_by_hour(reader: &Reader<'_>, date: NaiveDate) -> Result<DayByHour, StepError> {
    let Some(others) = report::others_of(reader, DateRange::single(date))? else {
        return Ok(of_own_readings(reader, date)?.0);
    };
    let day_start = settings::day_start(reader)?;
    let mut zones = ZoneCache::default();
    let own = report::phone_day(reader, date)?;
    let day = day_of(reader, date)?;
    match others.join(date, Some(own), day_start, &mut zones) {
        Some(joined) => Ok(merge::day_by_hour(date, &joined, day, day_start, &mut zones)),
        None => Ok(of_own_readings(reader, date)?.0),
    }
}

fn day_of(reader: &Reader<'_>, date: NaiveDate) -> Result<DaySteps, StepError> {
    let days = sql::days(reader, DateRange::single(date))?;
    Ok(days.first().copied().unwrap_or_else(|| DaySteps::unknown(date)))
}

/// A date by the hour as the readings of this phone alone tell it, and what they say about the date as a whole.
pub(super) fn of_own_readings(
    reader: &Reader<'_>,
    date: NaiveDate,
) -> Result<(DayByHour, Option<derive::DerivedDay>), StepError> {
    let range = DateRange::single(date);
    let view = derive::View {
        day_start: settings::day_start(reader)?,
        zone: None,
    };
    let loaded = derive_now(reader, range, view)?;
    let mut cache = ZoneCache::default();
    let mut hours_in = |zone: Tz| cache.get(zone).slots_of(date, view.day_start);
    let mut evidence = Evidence::default();
    for reading in &loaded.readings {
        let slots = evidence
            .slots
            .entry(reading.zone.name())
            .or_insert_with(|| hours_in(reading.zone));
        for (from, last) in reading.measured(derive::instants_of(range), &loaded.windows.paused) {
            evidence.stretches.push(MeasuredStretch {
                from,
                until: last.plus(1),
                zone: reading.zone,
                is_on_date: touched(slots, from, last).next().is_some(),
            });
        }
    }
    let shown = if evidence.stretches.iter().any(|stretch| stretch.is_on_date) {
        let steps = |slot: &HourSlot| loaded.derived.hours.get(&(date, slot.from)).copied();
        evidence.hours(steps)
    } else {
        let slots = hours_in(zone_of_unmeasured(reader, &zone_table::history(reader)?, date)?);
        slots
            .into_iter()
            .map(|slot| HourOfDay { slot, steps: None })
            .collect()
    };
    let touches_date = |window: &(UtcMillis, UtcMillis)| {
        let is_inside = |hour: &HourOfDay| window.0 < hour.slot.until && hour.slot.from < window.1;
        shown.iter().any(is_inside)
    };
    let mut windows = loaded.windows;
    windows.paused.retain(touches_date);
    windows.excluded.retain(touches_date);
    let day = DayByHour {
        hours: shown,
        paused: windows.paused,
        excluded: windows.excluded,
        day: day_of(reader, date)?,
    };
    Ok((day, loaded.derived.days.get(&date).copied()))
}

/// A stretch `[from, until)` that a reading of a zone measured.
#[derive(Debug, Clone, Copy)]
struct MeasuredStretch {
    from: UtcMillis,
    until: UtcMillis,
    zone: Tz,
    /// Whether the zone calls any of it by the date shown.
    is_on_date: bool,
}

/// A stretch `[from, until)` of the time line in which the person was in one zone.
#[derive(Debug, Clone, Copy)]
struct Stay {
    from: UtcMillis,
    until: UtcMillis,
    zone: Tz,
    /// Whether what was measured first lies on the date shown.
    begins_on_date: bool,
}

/// What was measured on a date and around it.
#[derive(Debug, Default)]
struct Evidence {
    stretches: Vec<MeasuredStretch>,
    /// The hours of the date in each zone, in order.
    slots: BTreeMap<&'static str, Vec<HourSlot>>,
}

impl Evidence {
    /// The hours of a date on which something was measured.
    ///
    /// Hours with steps are kept whatever else there is; then measured ones, then the others of each stay, as far as they
    /// find room.
    fn hours(mut self, steps: impl Fn(&HourSlot) -> Option<i64>) -> Vec<HourOfDay> {
        let zones: BTreeSet<&str> = self
            .stretches
            .iter()
            .filter(|stretch| stretch.is_on_date)
            .map(|stretch| stretch.zone.name())
            .collect();
        // A zone in which the date was never measured shows none of its hours and cuts no others.
        self.stretches
            .retain(|stretch| zones.contains(stretch.zone.name()));
        self.stretches
            .sort_by_key(|stretch| (stretch.from, stretch.until, stretch.zone.name()));
        let mut measured: BTreeMap<UtcMillis, HourSlot> = BTreeMap::new();
        for stretch in &self.stretches {
            for slot in touched(self.slots_in(stretch.zone), stretch.from, stretch.until.plus(-1)) {
                measured.entry(slot.from).or_insert(*slot);
            }
        }
        let (mut hours, zeros): (Vec<HourOfDay>, Vec<HourOfDay>) = measured
            .into_values()
            .map(|slot| HourOfDay {
                slot,
                steps: Some(steps(&slot).unwrap_or(0)),
            })
            .partition(|hour| hour.steps > Some(0));
        fill(&mut hours, zeros);
        let stays = self.stays();
        let unmeasured = stays.iter().flat_map(|stay| {
            let is_inside = |slot: &&HourSlot| stay.from <= slot.from && slot.until <= stay.until;
            let slots = self.slots_in(stay.zone).iter().filter(is_inside);
            slots.map(|slot| HourOfDay {
                slot: *slot,
                steps: None,
            })
        });
        fill(&mut hours, unmeasured);
        hours
    }

    fn slots_in(&self, zone: Tz) -> &[HourSlot] {
        self.slots.get(zone.name()).map_or(&[], Vec::as_slice)
    }

    /// The time line cut by the zone of what was measured, from its beginning to its end.
    ///
    /// Where nothing was measured between two stays, the later one begins when the date is over in the zone of the earlier
    /// one, at the latest where it was first measured.
    fn stays(&self) -> Vec<Stay> {
        let mut stays = self.measured_stays();
        let mut from = UtcMillis(i64::MIN);
        for index in 0..stays.len() {
            let next = stays.get(index.saturating_add(1)).copied();
            let Some(stay) = stays.get_mut(index) else { break };
            let end_of_date = self
                .slots_in(stay.zone)
                .last()
                .map_or(stay.until, |slot| slot.until);
            stay.from = from;
            stay.until = match next {
                Some(next) if next.begins_on_date => next.from.min(end_of_date.max(stay.until)),
                Some(next) => next.from,
                None => UtcMillis(i64::MAX),
            };
            from = stay.until;
        }
        stays
    }

    /// The stretches without overlap, neighbours of one zone joined. Where two zones were measured at once, the one whose
    /// stretch began last counts.
    fn measured_stays(&self) -> Vec<Stay> {
        let mut edges: Vec<(UtcMillis, usize, bool)> = Vec::new();
        for (index, stretch) in self.stretches.iter().enumerate() {
            edges.push((stretch.from, index, true));
            edges.push((stretch.until, index, false));
        }
        edges.sort_unstable();
        let mut stays: Vec<Stay> = Vec::new();
        let mut open: BTreeSet<usize> = BTreeSet::new();
        let mut since = UtcMillis(i64::MIN);
        for (at, index, is_start) in edges {
            // Stretches are in order of their start.
            let latest = open.last().and_then(|index| self.stretches.get(*index));
            if let Some(stretch) = latest.filter(|_| since < at) {
                match stays.last_mut() {
                    Some(stay) if stay.zone == stretch.zone => stay.until = at,
                    _ => stays.push(Stay {
                        from: since,
                        until: at,
                        zone: stretch.zone,
                        begins_on_date: stretch.is_on_date,
                    }),
                }
            }
            since = at;
            if is_start {
                open.insert(index);
            } else {
                open.remove(&index);
            }
        }
        stays
    }
}

/// The slots that have an instant in `[from, last]`.
fn touched(slots: &[HourSlot], from: UtcMillis, last: UtcMillis) -> impl Iterator<Item = &HourSlot> {
    let first = slots.partition_point(|slot| slot.until <= from);
    slots.iter().skip(first).take_while(move |slot| slot.from <= last)
}

/// Adds the hours that overlap none that is there already; all stay in order of their start.
pub(super) fn fill(hours: &mut Vec<HourOfDay>, more: impl IntoIterator<Item = HourOfDay>) {
    for hour in more {
        let place = hours.partition_point(|known| known.slot.from < hour.slot.from);
        let before = place.checked_sub(1).and_then(|before| hours.get(before));
        let has_room = before.is_none_or(|before| before.slot.until <= hour.slot.from)
            && hours
                .get(place)
                .is_none_or(|after| hour.slot.until <= after.slot.from);
        if has_room {
            hours.insert(place, hour);
        }
    }
}
