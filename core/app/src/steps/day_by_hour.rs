//! One date by the hour, with unmeasured hours told apart from hours without steps. Source: steps.md sections 4 and 6.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::{DaySteps, StepError, derive, derive_now, sql};
use crate::settings;
use crate::store::{Reader, zones as zone_table};
use crate::time::{DateRange, HOUR_MS, HourSlot, UtcMillis, ZoneCache};

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

/// The zone whose hours a date shows: where it was last measured, else where the phone was at noon, else where the
/// person was measured nearest, else Japan, as everywhere else without a zone.
fn zone_of(reader: &Reader<'_>, date: NaiveDate, zones: &BTreeMap<i64, Tz>) -> Result<Tz, StepError> {
    let named = |id: Option<i64>| id.and_then(|id| zones.get(&id).copied());
    if let Some(zone) = named(sql::zone_of_day(reader, date)?) {
        return Ok(zone);
    }
    let midnight = date.and_time(chrono::NaiveTime::MIN).and_utc();
    let noon = UtcMillis(midnight.timestamp_millis()).plus(12 * HOUR_MS);
    if let Some(zone) = zone_table::history(reader)?.at(noon) {
        return Ok(zone);
    }
    Ok(named(sql::zone_of_nearest_day(reader, date)?).unwrap_or(Tz::Asia__Tokyo))
}

/// [`Steps::day_by_hour`](super::Steps::day_by_hour) within a read that does more.
pub(super) fn day_by_hour(reader: &Reader<'_>, date: NaiveDate) -> Result<DayByHour, StepError> {
    let range = DateRange::single(date);
    let day_start = settings::day_start(reader)?;
    let zones = zone_table::zones(reader)?;
    let (derived, readings) = derive_now(
        reader,
        range,
        derive::View {
            day_start,
            zone: None,
        },
    )?;
    let zone = zone_of(reader, date, &zones)?;
    let mut cache = ZoneCache::default();
    let mut slots: BTreeMap<UtcMillis, HourSlot> = cache
        .get(zone)
        .slots_of(date, day_start)
        .into_iter()
        .map(|slot| (slot.from, slot))
        .collect();
    // On a travel day steps may lie in slots of another zone; they are shown where they were walked.
    for reading in readings.iter().filter(|reading| reading.zone != zone) {
        for at in [reading.from, reading.to] {
            let slot = cache.get(reading.zone).slot(at, day_start);
            if derived.hours.contains_key(&(date, slot.from)) {
                slots.entry(slot.from).or_insert(slot);
            }
        }
    }
    let windows = {
        let first = slots.values().next().map_or(UtcMillis(0), |slot| slot.from);
        let last = slots.values().next_back().map_or(UtcMillis(0), |slot| slot.until);
        sql::windows(reader, first, last)?
    };
    let is_measured = |slot: &HourSlot| {
        readings
            .iter()
            .any(|reading| reading.measures(slot.from, slot.until))
    };
    let hours = slots
        .values()
        .map(|slot| {
            let steps = derived.hours.get(&(date, slot.from)).copied();
            HourOfDay {
                slot: *slot,
                steps: steps.or_else(|| is_measured(slot).then_some(0)),
            }
        })
        .collect();
    let day = sql::days(reader, range)?
        .first()
        .copied()
        .unwrap_or_else(|| DaySteps::unknown(date));
    Ok(DayByHour {
        hours,
        paused: windows.paused,
        excluded: windows.excluded,
        day,
    })
}
