//! Steps: raw readings in, hours and days out.
//!
//! What was measured is kept (counter samples, interval records, platform buckets); hours and days are derived from it
//! and can be dropped and rebuilt at any time. Source of every rule here: steps.md.
//!
//! ```text
//! reading.rs   what a shell hands in
//! counter.rs   cumulative counter → steps between two instants           (3)
//! apply.rs     one batch in one transaction; records, buckets, controls  (5.1, 5.2, 7, 8)
//! visible.rs   which source counts at each instant                       (5.3)
//! split.rs     parts that add up                                         (5.4)
//! derive.rs    hours, days, measured or not                              (4, 6)
//! summary.rs   goals, streaks, averages
//! replay.rs    the inspection format                                     (9)
//! sql.rs       every statement
//! ```

mod apply;
mod counter;
mod derive;
mod reading;
mod replay;
mod split;
mod sql;
mod summary;
mod visible;

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;

pub use apply::StepReport;
pub use reading::{
    CounterSample, IntervalRecord, NoteCode, NoteSubject, PlatformBucket, ReadingNote, StepEvent,
};
pub use replay::{ReplayError, ReplayLine, ReplayOutput, ReplayRun, parse_replay};
pub use summary::{DaySteps, HourSteps, Streak, longest_streak, mean_of_known_days, with_unknown_dates};

use crate::settings;
use crate::store::{Reader, Store, StoreError, Topic, WriteTransaction, zones as zone_table};
use crate::time::{DAY_MS, DateRange, DayStart, HourSlot, UtcMillis, ZoneCache, date_is_skipped};

/// Raw counter samples are kept this long (steps.md 8.5).
const RAW_SAMPLES_KEPT_MS: i64 = 90 * DAY_MS;
/// Tombstones of deleted records are kept this long after the record's end (steps.md 8.5).
const TOMBSTONES_KEPT_MS: i64 = 365 * DAY_MS;

/// Why something about steps could not be done.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A reading came without a zone before the shell ever reported one.
    #[error("date the reading: no zone is known yet, report the phone's zone first")]
    NoZone,
    /// A goal outside 1 to 1,000,000 steps a day.
    #[error("set the goal: it is not between 1 and 1,000,000 steps a day")]
    GoalOutOfRange,
}

impl From<rusqlite::Error> for StepError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

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

/// The steps of the person whose store this is.
#[derive(Debug, Clone, Copy)]
pub struct Steps<'a> {
    store: &'a Store,
}

impl<'a> Steps<'a> {
    pub(crate) const fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// Stores a batch of events and brings hours and days up to date, in one transaction.
    ///
    /// Repeating a batch changes no total. Impossible content is no error: it gets the note `rejected` and the rest of
    /// the batch goes on. Errors: `NoZone` if an event has no zone and none was ever reported; `Store`.
    pub fn record(&self, events: &[StepEvent]) -> Result<StepReport, StepError> {
        self.store.write(|tx| record(tx, events))
    }

    /// Drops hours and days and derives them again from the readings; the result is the same to the byte.
    pub fn rebuild(&self) -> Result<(), StepError> {
        self.store.write(rebuild)
    }

    /// Drops what may be dropped with age: the raw part of old counter samples, old tombstones. No total changes.
    pub fn drop_old_readings(&self, now: UtcMillis) -> Result<(), StepError> {
        self.store.write(|tx| {
            sql::drop_raw_samples(tx, now.plus(-RAW_SAMPLES_KEPT_MS))?;
            sql::drop_tombstones(tx, now.plus(-TOMBSTONES_KEPT_MS))?;
            Ok(())
        })
    }

    /// Measured or corrected dates of a range, in order; the others are unknown.
    pub fn days(&self, range: DateRange) -> Result<Vec<DaySteps>, StepError> {
        self.store.read(|reader| Ok(sql::days(reader, range)?))
    }

    /// First and last date that is measured or corrected.
    pub fn span(&self) -> Result<Option<(NaiveDate, NaiveDate)>, StepError> {
        self.store.read(|reader| Ok(sql::span_of_days(reader)?))
    }

    /// Hour slots with steps whose date lies in the range, ascending by first instant, then date.
    pub fn hours(&self, range: DateRange) -> Result<Vec<HourSteps>, StepError> {
        self.store.read(|reader| Ok(sql::hours(reader, range)?))
    }

    /// One date by the hour, with unmeasured hours told apart from hours without steps.
    pub fn day_by_hour(&self, date: NaiveDate) -> Result<DayByHour, StepError> {
        self.store.read(|reader| day_by_hour(reader, date))
    }

    /// The days that the programme counts: every zone replaced by Japan's, days from midnight (steps.md section 4).
    ///
    /// Computed from the readings on every call; ask for months, not for years. Corrections are by the person's own
    /// date and are not part of it.
    pub fn programme_days(&self, range: DateRange) -> Result<Vec<(NaiveDate, i64)>, StepError> {
        self.store.read(|reader| {
            let view = derive::View {
                day_start: DayStart::MIDNIGHT,
                zone: Some(Tz::Asia__Tokyo),
            };
            let (derived, _) = derive_now(reader, range, view)?;
            Ok(derived
                .days
                .into_iter()
                .map(|(date, day)| (date, day.sensor_steps))
                .collect())
        })
    }

    /// The daily goal in steps, if one is set.
    pub fn goal(&self) -> Result<Option<i64>, StepError> {
        self.store.read(|reader| Ok(settings::step_goal(reader)?))
    }

    /// Sets the daily goal, 1 to 1,000,000 steps, or takes it away. Errors: `GoalOutOfRange`.
    pub fn set_goal(&self, goal: Option<i64>) -> Result<(), StepError> {
        if goal.is_some_and(|goal| !(1..=1_000_000).contains(&goal)) {
            return Err(StepError::GoalOutOfRange);
        }
        self.store.write(|tx| {
            tx.notify(Topic::Settings);
            Ok(settings::set_step_goal(tx, goal)?)
        })
    }

    /// The streak that is alive on `today`: it ends today, or yesterday if today's goal can still be met.
    ///
    /// `None` without a goal or a streak. Reads back only as far as the streak goes.
    pub fn current_streak(&self, today: NaiveDate) -> Result<Option<Streak>, StepError> {
        self.store.read(|reader| current_streak(reader, today))
    }

    /// The order of the sources, best first.
    pub fn priority(&self) -> Result<Vec<String>, StepError> {
        self.store.read(|reader| Ok(sql::priority(reader)?))
    }
}

fn record(tx: &WriteTransaction<'_>, events: &[StepEvent]) -> Result<StepReport, StepError> {
    let mut batch = apply::StepBatch::new(tx, settings::day_start(tx)?)?;
    for (position, event) in events.iter().enumerate() {
        batch.apply(position, event)?;
    }
    batch.finish()
}

/// [`Steps::rebuild`] in a transaction that does more.
pub(crate) fn rebuild(tx: &WriteTransaction<'_>) -> Result<(), StepError> {
    apply::StepBatch::new(tx, settings::day_start(tx)?)?.rebuild()
}

/// Derives a range from the readings without storing it.
fn derive_now(
    reader: &Reader<'_>,
    range: DateRange,
    view: derive::View,
) -> Result<(derive::DerivedSteps, Vec<derive::StoredReading>), StepError> {
    let (first, last) = derive::instants_of(range);
    let readings = sql::readings(reader, first, last, &zone_table::zones(reader)?)?;
    let windows = sql::windows(reader, first, last)?;
    let derived = derive::derive(readings.clone(), &windows, range, view, &mut ZoneCache::default());
    Ok((derived, readings))
}

fn day_by_hour(reader: &Reader<'_>, date: NaiveDate) -> Result<DayByHour, StepError> {
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
    let zone = match sql::zone_of_day(reader, date)?.and_then(|id| zones.get(&id).copied()) {
        Some(zone) => zone,
        None => {
            let noon = date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis();
            zone_table::history(reader)?
                .at(UtcMillis(noon))
                .ok_or(StepError::NoZone)?
        }
    };
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

fn current_streak(reader: &Reader<'_>, today: NaiveDate) -> Result<Option<Streak>, StepError> {
    let Some(goal) = settings::step_goal(reader)? else {
        return Ok(None);
    };
    let zone = zone_table::history(reader)?.latest();
    let is_skipped = |date: NaiveDate| zone.is_some_and(|zone| date_is_skipped(zone, date));
    let mut counter = summary::StreakCounter::new(goal, &is_skipped);
    let mut streak: Option<Streak> = None;
    let range = DateRange {
        from: NaiveDate::MIN,
        until: DateRange::single(today).until,
    };
    let yesterday = today.checked_sub_days(Days::new(1));
    sql::days_backwards(reader, range, |day| {
        if day.date == today && day.steps.is_none_or(|steps| steps < goal) {
            return true; // today can still be met
        }
        if streak.is_none() && day.date != today && Some(day.date) != yesterday {
            return false;
        }
        match counter.next(&day) {
            // A gap starts a new streak, which is not the one that is alive.
            Some(next) if streak.is_none_or(|streak| next.days > streak.days) => {
                streak = Some(next);
                true
            }
            _ => false,
        }
    })?;
    Ok(streak)
}
