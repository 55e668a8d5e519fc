//! Steps: raw readings in, hours and days out.
//!
//! What was measured is kept (counter samples, interval records, platform buckets); hours and days are derived from it
//! and can be dropped and rebuilt at any time. Source of every rule here: steps.md.
//!
//! ```text
//! reading.rs      what a shell hands in
//! counter.rs      cumulative counter → steps between two instants           (3)
//! apply.rs        one batch in one transaction; records, buckets, controls  (5.1, 5.2, 7, 8)
//! visible.rs      which source counts at each instant                       (5.3)
//! split.rs        parts that add up                                         (5.4)
//! derive.rs       hours, days, measured or not                              (4, 6)
//! day_by_hour.rs  one date by the hour, wherever she was                    (4, 6)
//! paused_dates.rs dates that were not to be counted at all                  (7)
//! merge.rs        several phones of one person
//! report/         what goes to the log, and what is taken over from it
//! case.rs         the same days for any case, from its log
//! summary.rs      goals, streaks, averages, weeks and months
//! replay.rs       the inspection format                                     (9)
//! sql.rs          every statement
//! ```

mod apply;
pub(crate) mod case;
mod counter;
mod day_by_hour;
mod derive;
pub(crate) mod merge;
mod paused_dates;
mod reading;
mod replay;
pub(crate) mod report;
mod split;
mod sql;
mod summary;
mod visible;

use std::collections::BTreeSet;

use chrono::NaiveDate;
use chrono_tz::Tz;

pub use apply::StepReport;
pub use day_by_hour::{DayByHour, HourOfDay};
pub use reading::{
    CounterSample, IntervalRecord, LONGEST_SOURCE_NAME, NoteCode, NoteSubject, PlatformBucket, ReadingNote,
    StepEvent,
};
pub use replay::{ReplayError, ReplayLine, ReplayOutput, ReplayRun, parse_replay};
pub(crate) use summary::days_inside;
pub use summary::{
    DaySteps, HourSteps, StepRollUp, Streak, longest_streak, mean_of_known_days, mean_without_today,
    roll_up_steps, with_unknown_dates,
};

pub(crate) use report::{adopt, report_due, report_everything, take_over};
pub(crate) use sql::{corrections, days, exclusions, pauses, priority, replace_priority};

use crate::settings;
use crate::store::{Reader, Store, StoreError, Topic, WriteTransaction, zones as zone_table};
use crate::time::{CalendarUnit, DAY_MS, DateRange, DayStart, UtcMillis, ZoneCache};

/// Raw counter samples are kept this long (steps.md 8.5).
const RAW_SAMPLES_KEPT_MS: i64 = 90 * DAY_MS;
/// Tombstones of deleted records are kept this long after the record's end (steps.md 8.5).
const TOMBSTONES_KEPT_MS: i64 = 365 * DAY_MS;

/// Version of the rules of this module that lead from readings to hours and days. Raised with every change of one, so
/// that each file is derived again at its next start.
pub(crate) const RULES_VERSION: i64 = 1;

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

/// A stretch in which the person stopped counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// First instant that does not count.
    pub start: UtcMillis,
    /// First instant that counts again; `None` if she has not gone on yet.
    pub end: Option<UtcMillis>,
}

/// A stretch whose steps do not count, for example in a vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// First instant that does not count.
    pub start: UtcMillis,
    /// First instant that counts again.
    pub end: UtcMillis,
    /// Why, as it was given.
    pub reason: Option<String>,
}

/// A day that the person corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correction {
    /// Her date.
    pub date: NaiveDate,
    /// The number of steps she said it was, 0 to 1,000,000.
    pub requested_steps: i64,
    /// The difference to the sensor when she said so; later sensor steps add to it.
    pub correction: i64,
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

    /// The weeks or months that have a date in `range`, whole and in order, also those without data.
    ///
    /// `today` is the person's date now: it leaves the mean unless it is alone, and marks its unit as incomplete.
    pub fn roll_ups(
        &self,
        range: DateRange,
        unit: CalendarUnit,
        today: NaiveDate,
    ) -> Result<Vec<StepRollUp>, StepError> {
        let units = summary::units_of(unit, range);
        let (Some(first), Some(last)) = (units.first(), units.last()) else {
            return Ok(Vec::new());
        };
        let days = self.days(DateRange {
            from: first.from,
            until: last.until,
        })?;
        let mut rest = days.as_slice();
        Ok(units
            .iter()
            .map(|dates| {
                let (inside, after) = rest.split_at(rest.partition_point(|day| day.date < dates.until));
                rest = after;
                roll_up_steps(inside, *dates, today)
            })
            .collect())
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
        self.store.read(|reader| day_by_hour::day_by_hour(reader, date))
    }

    /// Dates of a range that lie in pauses from their first to their last instant, in the zone where the phone was on them.
    pub fn paused_dates(&self, range: DateRange) -> Result<BTreeSet<NaiveDate>, StepError> {
        self.store
            .read(|reader| paused_dates::paused_dates(reader, range))
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
            Ok(derive_now(reader, range, view)?
                .derived
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
            tx.notify(Topic::Steps);
            Ok(settings::set_step_goal(tx, goal)?)
        })
    }

    /// The streak that is alive on `today`: it ends today, or on the date before if today's goal can still be met.
    ///
    /// `None` without a goal or a streak. Reads back only as far as the streak goes.
    pub fn current_streak(&self, today: NaiveDate) -> Result<Option<Streak>, StepError> {
        self.store.read(|reader| current_streak(reader, today))
    }

    /// Every pause, in order of its start.
    pub fn pauses(&self) -> Result<Vec<Pause>, StepError> {
        self.store.read(|reader| Ok(sql::pauses(reader)?))
    }

    /// Every stretch that does not count, in order of its start.
    pub fn exclusions(&self) -> Result<Vec<Exclusion>, StepError> {
        self.store.read(|reader| Ok(sql::exclusions(reader)?))
    }

    /// Every corrected day, in order of its date.
    pub fn corrections(&self) -> Result<Vec<Correction>, StepError> {
        self.store.read(|reader| Ok(sql::corrections(reader)?))
    }

    /// The order of the sources, best first.
    pub fn priority(&self) -> Result<Vec<String>, StepError> {
        self.store.read(|reader| Ok(sql::priority(reader)?))
    }
}

/// Stores a batch inside a transaction of the caller. See [`Steps::record`].
pub(crate) fn record(tx: &WriteTransaction<'_>, events: &[StepEvent]) -> Result<StepReport, StepError> {
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

/// A range derived from the readings without storing it.
struct DerivedNow {
    derived: derive::DerivedSteps,
    readings: Vec<derive::StoredReading>,
    windows: derive::Windows,
}

fn derive_now(reader: &Reader<'_>, range: DateRange, view: derive::View) -> Result<DerivedNow, StepError> {
    let (first, last) = derive::instants_of(range);
    let readings = sql::readings(reader, first, last, &zone_table::zones(reader)?)?;
    let windows = sql::windows(reader, first, last)?;
    let derived = derive::derive(readings.clone(), &windows, range, view, &mut ZoneCache::default());
    Ok(DerivedNow {
        derived,
        readings,
        windows,
    })
}

/// [`Steps::current_streak`] within a read that does more.
pub(crate) fn current_streak(reader: &Reader<'_>, today: NaiveDate) -> Result<Option<Streak>, StepError> {
    let Some(goal) = settings::step_goal(reader)? else {
        return Ok(None);
    };
    let history = zone_table::history(reader)?;
    let range = DateRange {
        from: NaiveDate::MIN,
        until: DateRange::single(today).until,
    };
    let walk = |more: &mut dyn FnMut(DaySteps) -> bool| sql::days_backwards(reader, range, more);
    streak_alive(goal, today, &|date| history.is_skipped(date), walk)
}

/// The streak that is alive on `today`. `walk` hands over the known dates up to today, latest first, as long as it is asked for more.
fn streak_alive<E>(
    goal: i64,
    today: NaiveDate,
    is_skipped: &dyn Fn(NaiveDate) -> bool,
    walk: impl FnOnce(&mut dyn FnMut(DaySteps) -> bool) -> Result<(), E>,
) -> Result<Option<Streak>, StepError>
where
    StepError: From<E>,
{
    let mut counter = summary::StreakCounter::new(goal, is_skipped);
    let mut streak: Option<Streak> = None;
    walk(&mut |day| {
        if day.date == today && !day.meets(goal) {
            return true; // today can still be met
        }
        if streak.is_none() && day.date != today && !counter.touches(day.date, today) {
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

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::store::StoreConfig;
    use crate::time::{HOUR_MS, WeekStart, parse_date};

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let config = StoreConfig {
            folder: folder.path().to_owned(),
            key: None,
        };
        let (store, _) = Store::open(config).unwrap();
        (folder, store)
    }

    fn date(text: &str) -> NaiveDate {
        parse_date(text).unwrap()
    }

    fn midnight_utc(text: &str) -> UtcMillis {
        let midnight = date(text).and_time(chrono::NaiveTime::MIN).and_utc();
        UtcMillis(midnight.timestamp_millis())
    }

    /// One hour of walking that ends at 13:00 UTC.
    fn walk(on: &str, steps: i64, zone: Option<Tz>) -> StepEvent {
        let start = midnight_utc(on).plus(12 * HOUR_MS);
        StepEvent::Interval(IntervalRecord {
            source: "watch".to_owned(),
            id: on.to_owned(),
            start,
            end: start.plus(HOUR_MS),
            steps,
            modified: UtcMillis(0),
            zone,
        })
    }

    fn zone_shown(store: &Store, on: &str) -> i64 {
        let view = Steps::new(store).day_by_hour(date(on)).unwrap();
        assert!(view.hours.iter().all(|hour| hour.steps.is_none()));
        midnight_utc(on).since(view.hours[0].slot.from) / HOUR_MS
    }

    #[test]
    fn an_unmeasured_date_shows_the_hours_of_the_zone_where_the_phone_was_at_noon() {
        let (_folder, store) = store();
        store
            .write(|tx| {
                zone_table::report_zone(tx, midnight_utc("2026-04-01"), Tz::Asia__Tokyo)?;
                let morning = midnight_utc("2026-04-10").plus(6 * HOUR_MS);
                zone_table::report_zone(tx, morning, Tz::Europe__Berlin)
            })
            .unwrap();
        assert_eq!(zone_shown(&store, "2026-04-09"), 9);
        assert_eq!(zone_shown(&store, "2026-04-10"), 2);
    }

    #[test]
    fn without_a_reported_zone_an_unmeasured_date_shows_the_hours_of_the_nearest_measured_one() {
        let (_folder, store) = store();
        assert_eq!(zone_shown(&store, "2026-04-05"), 9, "nothing is known");
        Steps::new(&store)
            .record(&[
                walk("2026-04-10", 1, Some(Tz::Europe__Berlin)),
                walk("2026-04-20", 1, Some(Tz::Asia__Dubai)),
            ])
            .unwrap();
        assert_eq!(zone_shown(&store, "2026-04-05"), 2);
        assert_eq!(zone_shown(&store, "2026-04-19"), 2);
        assert_eq!(zone_shown(&store, "2026-04-21"), 4);
    }

    #[test]
    fn a_sample_from_a_clock_that_was_never_set_is_in_the_zone_reported_last() {
        let (_folder, store) = store();
        store
            .write(|tx| {
                zone_table::report_zone(tx, midnight_utc("2026-04-01"), Tz::Pacific__Honolulu)?;
                zone_table::report_zone(tx, midnight_utc("2026-04-10"), Tz::Asia__Tokyo)
            })
            .unwrap();
        let sample = |received_at: UtcMillis, elapsed_ms: i64| {
            StepEvent::Counter(CounterSample {
                source: "phone".to_owned(),
                boot: None,
                count: Some(0.0),
                event_elapsed_ms: elapsed_ms,
                received_elapsed_ms: elapsed_ms,
                received_at,
                zone: None,
            })
        };
        let sane = midnight_utc("2026-04-15").plus(20 * HOUR_MS);
        let steps = Steps::new(&store);
        steps
            .record(&[sample(UtcMillis(0), 0), sample(sane, 3 * HOUR_MS)])
            .unwrap();
        // From 17:00 to 20:00 UTC it was the 16th in Tokyo throughout, and the 15th in Honolulu.
        assert_eq!(
            steps.span().unwrap(),
            Some((date("2026-04-16"), date("2026-04-16")))
        );
    }

    #[test]
    fn a_reading_without_a_name_is_rejected_and_stores_nothing() {
        let (_folder, store) = store();
        let steps = Steps::new(&store);
        let sample = |source: &str, boot: &str| {
            StepEvent::Counter(CounterSample {
                source: source.to_owned(),
                boot: Some(boot.to_owned()),
                count: Some(5.0),
                event_elapsed_ms: 0,
                received_elapsed_ms: 0,
                received_at: midnight_utc("2026-04-10"),
                zone: Some(Tz::UTC),
            })
        };
        let record = |source: &str, id: &str| {
            StepEvent::Interval(IntervalRecord {
                source: source.to_owned(),
                id: id.to_owned(),
                start: midnight_utc("2026-04-10"),
                end: midnight_utc("2026-04-10").plus(HOUR_MS),
                steps: 5,
                modified: UtcMillis(0),
                zone: Some(Tz::UTC),
            })
        };
        let delete = |source: &str, id: &str| StepEvent::Delete {
            source: source.to_owned(),
            id: id.to_owned(),
        };
        let events = [
            sample("", "1"),
            sample("phone", ""),
            record("", "a"),
            record("watch", ""),
            StepEvent::Bucket(PlatformBucket {
                source: String::new(),
                start: midnight_utc("2026-04-10"),
                end: midnight_utc("2026-04-10").plus(HOUR_MS),
                steps: Some(5),
                queried_at: UtcMillis(0),
                retained_from: None,
                zone: Some(Tz::UTC),
            }),
            delete("", "a"),
            delete("watch", ""),
            StepEvent::Priority(vec!["watch".to_owned(), String::new()]),
        ];
        let report = steps.record(&events).unwrap();
        assert_eq!(report.notes.len(), events.len());
        for note in report.notes {
            assert!(
                note.code == NoteCode::Rejected && note.detail.ends_with("is empty"),
                "{note:?}"
            );
        }
        assert_eq!(steps.span().unwrap(), None);
        assert_eq!(steps.priority().unwrap(), [""; 0]);
    }

    #[test]
    fn a_rejected_event_names_the_limit_that_it_breaks() {
        let (_folder, store) = store();
        let noon = midnight_utc("2026-04-10");
        let record = |start: UtcMillis, end: UtcMillis, count| {
            StepEvent::Interval(IntervalRecord {
                source: "watch".to_owned(),
                id: "a".to_owned(),
                start,
                end,
                steps: count,
                modified: UtcMillis(0),
                zone: Some(Tz::UTC),
            })
        };
        let exclude = |start, end| StepEvent::Exclude {
            start,
            end,
            reason: None,
        };
        let adjust = StepEvent::Adjust {
            date: date("2026-04-10"),
            steps: Some(1_000_001),
        };
        for (event, limit) in [
            (record(UtcMillis(0), noon, 1), "2000 to 2099"),
            (record(noon, noon.plus(-1), 1), "before the start"),
            (record(noon, noon.plus(32 * DAY_MS), 1), "31 days"),
            (record(noon, noon, -1), "0 to 1,000,000"),
            (exclude(noon, noon), "not after the start"),
            (exclude(UtcMillis(0), noon), "2000 to 2099"),
            (StepEvent::Pause { at: UtcMillis(0) }, "2000 to 2099"),
            (adjust, "0 to 1,000,000"),
        ] {
            let report = Steps::new(&store).record(std::slice::from_ref(&event)).unwrap();
            let [note] = report.notes.as_slice() else {
                panic!("{event:?} {report:?}")
            };
            assert_eq!(note.code, NoteCode::Rejected);
            assert!(note.detail.contains(limit), "{event:?} {}", note.detail);
        }
    }

    #[test]
    fn whoever_watches_steps_hears_of_a_new_goal() {
        let (_folder, store) = store();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&heard);
        let _subscription = store.subscribe(move |topic| listener.lock().unwrap().push(topic));
        Steps::new(&store).set_goal(Some(8000)).unwrap();
        assert_eq!(*heard.lock().unwrap(), [Topic::Everything, Topic::Steps]);
    }

    #[test]
    fn a_late_reading_derives_its_own_date_and_no_other() {
        let (_folder, store) = store();
        let steps = Steps::new(&store);
        let zone = Some(Tz::UTC);
        let dates = ["2026-04-10", "2026-04-12", "2026-04-14"];
        steps.record(&dates.map(|on| walk(on, 100, zone))).unwrap();
        // Other numbers than the readings say: whoever derives these dates again mends them.
        let marked = derive::DerivedDay {
            sensor_steps: 7,
            quarantined_steps: 0,
            zone: Tz::UTC,
            is_travel_day: false,
        };
        store
            .write(|tx| {
                let zone_ids = BTreeMap::from([(Tz::UTC.name(), zone_table::zone_id(tx, Tz::UTC)?)]);
                for on in dates.map(date) {
                    let derived = derive::DerivedSteps {
                        hours: BTreeMap::new(),
                        days: BTreeMap::from([(on, marked)]),
                    };
                    sql::replace_derived(tx, DateRange::single(on), &derived, &zone_ids)?;
                }
                Ok::<_, StepError>(())
            })
            .unwrap();
        let shown = || -> Vec<Option<i64>> {
            let range = DateRange {
                from: date(dates[0]),
                until: date("2026-04-15"),
            };
            steps.days(range).unwrap().iter().map(|day| day.steps).collect()
        };
        let late = StepEvent::Interval(IntervalRecord {
            source: "phone".to_owned(),
            id: "late".to_owned(),
            start: midnight_utc("2026-04-12").plus(20 * HOUR_MS),
            end: midnight_utc("2026-04-12").plus(21 * HOUR_MS),
            steps: 11,
            modified: UtcMillis(0),
            zone,
        });
        steps.record(&[late]).unwrap();
        assert_eq!(shown(), [Some(7), Some(111), Some(7)]);
        steps.rebuild().unwrap();
        assert_eq!(shown(), [Some(100), Some(111), Some(100)]);
    }

    #[test]
    fn a_streak_is_alive_after_a_date_that_the_zone_skipped() {
        let (_folder, store) = store();
        let steps = Steps::new(&store);
        let zone = Tz::Pacific__Apia;
        store
            .write(|tx| zone_table::report_zone(tx, midnight_utc("2011-12-01"), zone))
            .unwrap();
        // 13:00 UTC is 03:00 on the same date in Apia, before the jump of 30 December.
        steps
            .record(&["2011-12-28", "2011-12-29"].map(|on| walk(on, 9000, Some(zone))))
            .unwrap();
        steps.set_goal(Some(8000)).unwrap();
        let alive = |today: &str| {
            steps
                .current_streak(date(today))
                .unwrap()
                .map(|streak| streak.days)
        };
        assert_eq!(alive("2011-12-31"), Some(2), "there was no 30 December");
        store
            .write(|tx| zone_table::report_zone(tx, midnight_utc("2012-06-01"), Tz::Asia__Tokyo))
            .unwrap();
        assert_eq!(
            alive("2011-12-31"),
            Some(2),
            "nor is there one now that she is in Tokyo"
        );
        assert_eq!(alive("2012-01-01"), None);
    }

    #[test]
    fn weeks_are_whole_and_add_up_to_their_days() {
        let (_folder, store) = store();
        let steps = Steps::new(&store);
        let walks = [
            ("2026-12-27", 1),
            ("2026-12-28", 10),
            ("2027-01-03", 100),
            ("2027-01-11", 1000),
        ];
        steps
            .record(&walks.map(|(on, count)| walk(on, count, Some(Tz::UTC))))
            .unwrap();
        let range = DateRange {
            from: date("2026-12-30"),
            until: date("2027-01-12"),
        };
        let sums = |unit: CalendarUnit| -> Vec<Option<i64>> {
            let units = steps.roll_ups(range, unit, date("2027-02-01")).unwrap();
            units.iter().map(|unit| unit.sum).collect()
        };
        assert_eq!(
            sums(CalendarUnit::Week(WeekStart::Monday)),
            [Some(110), None, Some(1000)]
        );
        assert_eq!(
            sums(CalendarUnit::Week(WeekStart::Sunday)),
            [Some(11), Some(100), Some(1000)]
        );
        assert_eq!(sums(CalendarUnit::Month), [Some(11), Some(1100)]);
        let none = DateRange {
            from: range.from,
            until: range.from,
        };
        assert!(
            steps
                .roll_ups(none, CalendarUnit::Month, range.from)
                .unwrap()
                .is_empty()
        );
    }
}
