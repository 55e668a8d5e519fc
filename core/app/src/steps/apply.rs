//! Feeding events to the store: one transaction in, notes out, hours and days up to date at the end of it.
//!
//! A batch keeps the state of each counter in memory and remembers which instants it touched; the dates behind those
//! instants are derived once, when the batch ends or when a correction needs today's number. Everything is in the
//! caller's transaction: a crash loses all of the batch or nothing of it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;

use super::StepError;
use super::counter::{self, CheckedSample, CounterState};
use super::derive::{View, derive, instants_of};
use super::reading::{
    CounterSample, IntervalRecord, NoteCode, NoteSubject, PlatformBucket, ReadingNote, StepEvent,
};
use super::report;
use super::sql::{self, SourceKind};
use crate::readings::{self, OwnCase};
use crate::settings;
use crate::store::zones::{self as zone_table, ZoneHistory};
use crate::store::{Topic, WriteTransaction};
use crate::time::{DAY_MS, DateRange, DayStart, UtcMillis, ZoneCache};

/// Most steps that a record, a bucket or a correction may hold.
const MOST_STEPS: i64 = 1_000_000;
/// Longest record or bucket.
const LONGEST_RECORD_MS: i64 = 31 * DAY_MS;
/// Dates derived at a time; bounds the memory of a full rebuild.
const DATES_PER_CHUNK: u32 = 62;

/// What a batch did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StepReport {
    /// Remarks, in the order in which they arose. A sample that was held back can get the same remark twice: when it
    /// was held and when it was dated.
    pub notes: Vec<ReadingNote>,
    /// Samples held back until a sample of their boot has a sane clock: (position in the batch, number of the sample).
    pub held: Vec<(usize, i64)>,
}

/// One batch in progress.
pub(super) struct StepBatch<'t, 'c> {
    tx: &'t WriteTransaction<'c>,
    day_start: DayStart,
    report: StepReport,
    subject: NoteSubject,
    sources: BTreeMap<String, (i64, SourceKind)>,
    counters: BTreeMap<i64, CounterProgress>,
    zones: ZoneCache,
    zone_ids: BTreeMap<&'static str, i64>,
    zones_by_id: BTreeMap<i64, Tz>,
    /// Read when the first reading without a zone comes.
    zone_history: Option<ZoneHistory>,
    touched: Vec<(UtcMillis, UtcMillis)>,
    /// Dates to derive, whatever was touched.
    touched_dates: Vec<DateRange>,
    has_changed: bool,
    /// Her own case; what changes is reported to it, and reports of other phones join it.
    own: Option<OwnCase>,
}

/// The state of one counter source while a batch runs.
struct CounterProgress {
    state: Option<CounterState>,
    past_boots: BTreeSet<String>,
    has_held: bool,
    has_changed: bool,
}

/// A reading that is not stored, and why.
struct Refused(NoteCode, &'static str);

impl<'t, 'c> StepBatch<'t, 'c> {
    pub(super) fn new(tx: &'t WriteTransaction<'c>, day_start: DayStart) -> Result<Self, StepError> {
        let zones_by_id = zone_table::zones(tx)?;
        Ok(Self {
            tx,
            day_start,
            report: StepReport::default(),
            subject: NoteSubject::Event(0),
            sources: BTreeMap::new(),
            counters: BTreeMap::new(),
            zones: ZoneCache::default(),
            zone_ids: zones_by_id.iter().map(|(id, zone)| (zone.name(), *id)).collect(),
            zones_by_id,
            zone_history: None,
            touched: Vec::new(),
            touched_dates: Vec::new(),
            has_changed: false,
            own: readings::own_case(tx)?,
        })
    }

    pub(super) fn apply(&mut self, position: usize, event: &StepEvent) -> Result<(), StepError> {
        self.subject = NoteSubject::Event(position);
        if let Some(detail) = empty_name(event) {
            self.note(NoteCode::Rejected, detail);
            return Ok(());
        }
        let refused = match event {
            StepEvent::Counter(sample) => self.counter(position, sample)?,
            StepEvent::Interval(record) => self.interval(record)?,
            StepEvent::Bucket(bucket) => self.bucket(bucket)?,
            StepEvent::Delete { source, id } => self.delete(source, id)?,
            StepEvent::Priority(names) => self.priority(names)?,
            StepEvent::Pause { at } => self.pause(*at)?,
            StepEvent::Resume { at } => self.resume(*at)?,
            StepEvent::Exclude { start, end, reason } => self.exclude(*start, *end, reason.as_deref())?,
            StepEvent::Adjust { date, steps } => self.adjust(*date, *steps)?,
        };
        if let Err(Refused(code, detail)) = refused {
            self.note(code, detail);
        }
        Ok(())
    }

    /// Stores the counters' states, derives what was touched and hands over the notes.
    pub(super) fn finish(mut self) -> Result<StepReport, StepError> {
        for (source_id, progress) in &self.counters {
            if let Some(state) = progress.state.as_ref().filter(|_| progress.has_changed) {
                sql::store_counter_state(self.tx, *source_id, state)?;
            }
        }
        self.derive_touched()?;
        if self.has_changed {
            self.tx.notify(Topic::Steps);
            if self.own.is_some() {
                self.tx.notify(Topic::Outbox);
            }
        }
        Ok(self.report)
    }

    /// Drops the derived view and derives all of it again.
    pub(super) fn rebuild(&mut self) -> Result<(), StepError> {
        sql::clear_derived(self.tx)?;
        self.touched.clear();
        if let Some((first, last)) = sql::span_of_readings(self.tx)? {
            self.touch(first, last);
        }
        if let Some(own) = self.own {
            let dates = report::dates_of_others(self.tx, own)?;
            self.touched_dates
                .extend(dates.into_iter().map(DateRange::single));
            // Dates that were reported and are no longer measured.
            report::sql::set_range_due(self.tx, DateRange::ALL)?;
        }
        self.derive_touched()
    }

    /// Derives dates about which other phones said something; this one has nothing new to report.
    pub(super) fn derive_dates(&mut self, dates: &BTreeSet<NaiveDate>) -> Result<(), StepError> {
        let dates = dates.iter().copied().map(DateRange::single).collect();
        for range in in_order(dates) {
            self.derive_in_chunks(range)?;
        }
        Ok(())
    }

    fn note(&mut self, code: NoteCode, detail: &'static str) {
        self.report.notes.push(ReadingNote {
            about: self.subject,
            code,
            detail,
        });
    }

    fn touch(&mut self, from: UtcMillis, to: UtcMillis) {
        self.has_changed = true;
        match self.touched.last_mut() {
            // Readings mostly arrive in order: grow the last stretch instead of collecting thousands.
            Some(last) if last.0 <= from && from <= last.1.plus(DAY_MS) => last.1 = last.1.max(to),
            _ => self.touched.push((from, to)),
        }
    }

    // Sources and zones -------------------------------------------------------------------------------------------

    fn source(&mut self, name: &str) -> Result<Option<(i64, SourceKind)>, StepError> {
        if let Some(known) = self.sources.get(name) {
            return Ok(Some(*known));
        }
        let found = sql::source(self.tx, name)?;
        if let Some(found) = found {
            self.sources.insert(name.to_owned(), found);
        }
        Ok(found)
    }

    /// The id of a source of this kind, made if it is new; `None` if it has another kind.
    fn source_of_kind(&mut self, name: &str, kind: SourceKind) -> Result<Option<i64>, StepError> {
        if let Some((id, known)) = self.source(name)? {
            return Ok((known == kind).then_some(id));
        }
        let id = sql::insert_source(self.tx, name, kind)?;
        self.sources.insert(name.to_owned(), (id, kind));
        Ok(Some(id))
    }

    /// A zone given with the item wins over the zone history.
    fn zone_id(&mut self, given: Option<Tz>, at: UtcMillis) -> Result<i64, StepError> {
        let zone = if let Some(zone) = given {
            zone
        } else {
            if self.zone_history.is_none() {
                self.zone_history = Some(zone_table::history(self.tx)?);
            }
            self.zone_history
                .as_ref()
                .and_then(|history| history.at(at))
                .ok_or(StepError::NoZone)?
        };
        if let Some(id) = self.zone_ids.get(zone.name()) {
            return Ok(*id);
        }
        let id = zone_table::zone_id(self.tx, zone)?;
        self.zone_ids.insert(zone.name(), id);
        self.zones_by_id.insert(id, zone);
        Ok(id)
    }

    // Counter -----------------------------------------------------------------------------------------------------

    fn counter(&mut self, position: usize, sample: &CounterSample) -> Result<Result<(), Refused>, StepError> {
        if self
            .source(&sample.source)?
            .is_some_and(|(_, kind)| kind != SourceKind::Counter)
        {
            return Ok(Err(Refused(NoteCode::Rejected, OTHER_KIND)));
        }
        let Some(checked) = counter::check(sample) else {
            return Ok(Err(Refused(NoteCode::Rejected, "count or uptime is impossible")));
        };
        let Some(source_id) = self.source_of_kind(&sample.source, SourceKind::Counter)? else {
            return Ok(Err(Refused(NoteCode::Rejected, OTHER_KIND)));
        };
        // A clock that was never set does not say when the phone was where: it is where its shell said last.
        let zone_at = if checked.received_at.is_plausible() {
            checked.received_at
        } else {
            UtcMillis(i64::MAX)
        };
        let zone_id = self.zone_id(sample.zone, zone_at)?;
        if !self.counters.contains_key(&source_id) {
            let progress = CounterProgress {
                state: sql::counter_state(self.tx, source_id)?,
                past_boots: sql::past_boots(self.tx, source_id)?,
                has_held: !sql::held_samples(self.tx, source_id)?.is_empty(),
                has_changed: false,
            };
            self.counters.insert(source_id, progress);
        }
        if !checked.received_at.is_plausible() {
            let held_id = sql::hold_sample(self.tx, source_id, zone_id, &checked)?;
            if let Some(progress) = self.counters.get_mut(&source_id) {
                progress.has_held = true;
            }
            self.report.held.push((position, held_id));
            return Ok(Err(Refused(
                NoteCode::ClockSuspect,
                "the wall clock was not set; waiting for a sane one",
            )));
        }
        if self
            .counters
            .get(&source_id)
            .is_some_and(|progress| progress.has_held)
        {
            self.date_held_samples(source_id, &checked)?;
        }
        self.subject = NoteSubject::Event(position);
        self.count(source_id, zone_id, &checked)?;
        Ok(Ok(()))
    }

    /// Dates the held samples of the boot of `later` and counts them as if they had arrived with a sane clock.
    fn date_held_samples(&mut self, source_id: i64, later: &CheckedSample) -> Result<(), StepError> {
        let mut still_held = false;
        for held in sql::held_samples(self.tx, source_id)? {
            if let Some(dated) = counter::date_held(&held.sample, later) {
                let position = self.report.held.iter().find(|(_, id)| *id == held.held_id);
                self.subject = position.map_or(NoteSubject::Held(held.held_id), |(position, _)| {
                    NoteSubject::Event(*position)
                });
                sql::release_held(self.tx, held.held_id)?;
                self.count(source_id, held.zone_id, &dated)?;
            } else {
                still_held = true;
            }
        }
        if let Some(progress) = self.counters.get_mut(&source_id) {
            progress.has_held = still_held;
        }
        Ok(())
    }

    fn count(&mut self, source_id: i64, zone_id: i64, sample: &CheckedSample) -> Result<(), StepError> {
        let Some(progress) = self.counters.get_mut(&source_id) else {
            return Ok(());
        };
        let is_past_boot = sample
            .boot
            .as_ref()
            .is_some_and(|boot| progress.past_boots.contains(boot));
        let outcome = counter::process(progress.state.as_ref(), sample, is_past_boot);
        if let Some((state, evidence)) = outcome.accepted {
            let replaced = progress.state.as_ref().and_then(|old| old.boot.clone());
            if let (Some(old), Some(new)) = (replaced, &state.boot)
                && old != *new
            {
                sql::insert_past_boot(self.tx, source_id, &old)?;
                progress.past_boots.insert(old);
            }
            progress.state = Some(state);
            progress.has_changed = true;
            sql::insert_counter_sample(self.tx, source_id, zone_id, sample, &evidence)?;
            self.touch(evidence.from, evidence.to);
        }
        for code in outcome.notes {
            self.note(code, counter_detail(code));
        }
        Ok(())
    }

    // Records -----------------------------------------------------------------------------------------------------

    fn interval(&mut self, record: &IntervalRecord) -> Result<Result<(), Refused>, StepError> {
        if self
            .source(&record.source)?
            .is_some_and(|(_, kind)| kind != SourceKind::Interval)
        {
            return Ok(Err(Refused(NoteCode::Rejected, OTHER_KIND)));
        }
        if let Some(limit) = broken_limit(record.start, record.end, record.steps) {
            return Ok(Err(Refused(NoteCode::Rejected, limit)));
        }
        let Some(source_id) = self.source_of_kind(&record.source, SourceKind::Interval)? else {
            return Ok(Err(Refused(NoteCode::Rejected, OTHER_KIND)));
        };
        let zone_id = self.zone_id(record.zone, record.start)?;
        if let Some(stored) = sql::interval(self.tx, source_id, &record.id)? {
            if stored.is_deleted {
                if record.modified <= stored.modified {
                    return Ok(Err(Refused(NoteCode::Stale, "deleted, and not modified since")));
                }
            } else {
                let zone_name = |id: i64| self.zones_by_id.get(&id).map(|zone| zone.name());
                let rank = |modified, steps, end, start, zone| (modified, steps, end, start, zone_name(zone));
                let arriving = rank(record.modified, record.steps, record.end, record.start, zone_id);
                let known = rank(
                    stored.modified,
                    stored.steps,
                    stored.end,
                    stored.start,
                    stored.zone_id,
                );
                match arriving.cmp(&known) {
                    std::cmp::Ordering::Equal => {
                        return Ok(Err(Refused(
                            NoteCode::Duplicate,
                            "this version is stored already",
                        )));
                    }
                    std::cmp::Ordering::Less => {
                        return Ok(Err(Refused(NoteCode::Stale, "a later version is stored")));
                    }
                    std::cmp::Ordering::Greater => self.touch(stored.start, stored.end),
                }
            }
        }
        sql::put_interval(self.tx, source_id, zone_id, record)?;
        self.touch(record.start, record.end);
        Ok(Ok(()))
    }

    fn delete(&mut self, source: &str, record_id: &str) -> Result<Result<(), Refused>, StepError> {
        let source_id = match self.source(source)? {
            None => return Ok(Err(Refused(NoteCode::Stale, "no record of this source is known"))),
            Some((id, SourceKind::Interval)) => id,
            Some(_) => return Ok(Err(Refused(NoteCode::Rejected, OTHER_KIND))),
        };
        match sql::interval(self.tx, source_id, record_id)? {
            None => Ok(Err(Refused(NoteCode::Stale, "the record is not known"))),
            Some(stored) if stored.is_deleted => Ok(Err(Refused(NoteCode::Duplicate, "deleted already"))),
            Some(stored) => {
                sql::mark_interval_deleted(self.tx, stored.interval_id)?;
                self.touch(stored.start, stored.end);
                Ok(Ok(()))
            }
        }
    }

    fn bucket(&mut self, bucket: &PlatformBucket) -> Result<Result<(), Refused>, StepError> {
        if self
            .source(&bucket.source)?
            .is_some_and(|(_, kind)| kind != SourceKind::Bucket)
        {
            return Ok(Err(Refused(NoteCode::Rejected, OTHER_KIND)));
        }
        let Some(steps) = bucket.steps else {
            return Ok(Err(Refused(
                NoteCode::Rejected,
                "a failed read says nothing; what was stored stays",
            )));
        };
        if bucket.end <= bucket.start {
            return Ok(Err(Refused(NoteCode::Rejected, END_NOT_AFTER_START)));
        }
        if let Some(limit) = broken_limit(bucket.start, bucket.end, steps) {
            return Ok(Err(Refused(NoteCode::Rejected, limit)));
        }
        if bucket
            .retained_from
            .is_some_and(|retained_from| bucket.end <= retained_from)
        {
            return Ok(Err(Refused(
                NoteCode::Rejected,
                "the platform no longer knows this time",
            )));
        }
        let Some(source_id) = self.source_of_kind(&bucket.source, SourceKind::Bucket)? else {
            return Ok(Err(Refused(NoteCode::Rejected, OTHER_KIND)));
        };
        let is_partial = bucket
            .retained_from
            .is_some_and(|retained_from| bucket.start < retained_from);
        if let Some(stored) = sql::bucket(self.tx, source_id, bucket.start, bucket.end)? {
            if bucket.queried_at < stored.queried_at {
                return Ok(Err(Refused(NoteCode::Stale, "a later query is stored")));
            }
            if bucket.queried_at == stored.queried_at && steps == stored.steps {
                return Ok(Err(Refused(NoteCode::Duplicate, "this query is stored already")));
            }
            if steps < stored.steps && bucket.queried_at == stored.queried_at {
                return Ok(Err(Refused(NoteCode::Stale, "the same query said more")));
            }
            if is_partial && steps <= stored.steps {
                return Ok(Err(Refused(
                    NoteCode::Stale,
                    "reaches beyond the platform's memory",
                )));
            }
        }
        let zone_id = self.zone_id(bucket.zone, bucket.start)?;
        sql::put_bucket(self.tx, source_id, zone_id, bucket, steps, is_partial)?;
        self.touch(bucket.start, bucket.end);
        Ok(Ok(()))
    }

    // Controls ----------------------------------------------------------------------------------------------------

    fn priority(&mut self, names: &[String]) -> Result<Result<(), Refused>, StepError> {
        let distinct: BTreeSet<&String> = names.iter().collect();
        if distinct.len() != names.len() {
            return Ok(Err(Refused(NoteCode::Rejected, "a source is named twice")));
        }
        if sql::priority(self.tx)? != names {
            sql::replace_priority(self.tx, names)?;
            readings::setting_changed(self.tx, settings::STEP_PRIORITY)?;
            self.touch_from(UtcMillis(i64::MIN))?;
        }
        Ok(Ok(()))
    }

    fn pause(&mut self, at: UtcMillis) -> Result<Result<(), Refused>, StepError> {
        if !at.is_plausible() {
            return Ok(Err(Refused(NoteCode::Rejected, OUTSIDE_YEARS)));
        }
        if sql::open_pause(self.tx)?.is_some() {
            return Ok(Err(Refused(NoteCode::Duplicate, "counting is paused already")));
        }
        sql::insert_pause(self.tx, at)?;
        self.touch_from(at)?;
        self.note_window(at, at)?;
        Ok(Ok(()))
    }

    fn resume(&mut self, at: UtcMillis) -> Result<Result<(), Refused>, StepError> {
        if !at.is_plausible() {
            return Ok(Err(Refused(NoteCode::Rejected, OUTSIDE_YEARS)));
        }
        match sql::open_pause(self.tx)? {
            Some((pause_id, start)) if start <= at => {
                sql::end_pause(self.tx, pause_id, at)?;
                self.touch_from(start)?;
                self.note_window(start, at)?;
                Ok(Ok(()))
            }
            Some(_) => Ok(Err(Refused(NoteCode::Rejected, "ends before the pause began"))),
            None => Ok(Err(Refused(NoteCode::Rejected, "counting is not paused"))),
        }
    }

    fn exclude(
        &mut self,
        start: UtcMillis,
        end: UtcMillis,
        reason: Option<&str>,
    ) -> Result<Result<(), Refused>, StepError> {
        if start >= end {
            return Ok(Err(Refused(NoteCode::Rejected, END_NOT_AFTER_START)));
        }
        if !start.is_plausible() || !end.is_plausible() {
            return Ok(Err(Refused(NoteCode::Rejected, OUTSIDE_YEARS)));
        }
        sql::insert_exclusion(self.tx, start, end, reason)?;
        self.touch(start, end);
        self.note_window(start, end)?;
        Ok(Ok(()))
    }

    fn adjust(&mut self, date: NaiveDate, steps: Option<i64>) -> Result<Result<(), Refused>, StepError> {
        let Some(steps) = steps else {
            self.take_correction_back(date)?;
            self.has_changed = true;
            return Ok(Ok(()));
        };
        if !(0..=MOST_STEPS).contains(&steps) {
            return Ok(Err(Refused(NoteCode::Rejected, OUTSIDE_STEPS)));
        }
        self.derive_touched()?;
        let counted = sql::sensor_steps(self.tx, date)?.unwrap_or(0);
        sql::put_adjustment(self.tx, date, steps.saturating_sub(counted), steps)?;
        self.note_correction(date)?;
        self.has_changed = true;
        Ok(Ok(()))
    }

    /// A correction that another phone made comes back when this one's goes away, so it is answered with a correction by 0.
    fn take_correction_back(&mut self, date: NaiveDate) -> Result<(), StepError> {
        match self.own {
            Some(own) if report::others_correct(self.tx, own, date)? => {
                self.derive_touched()?;
                let counted = sql::sensor_steps(self.tx, date)?.unwrap_or(0);
                sql::put_adjustment(self.tx, date, 0, counted)?;
            }
            _ => sql::remove_adjustment(self.tx, date)?,
        }
        self.note_correction(date)
    }

    fn note_correction(&mut self, date: NaiveDate) -> Result<(), StepError> {
        if self.own.is_some() {
            report::sql::set_due(self.tx, date, true)?;
            self.touched_dates.push(DateRange::single(date));
        }
        Ok(())
    }

    /// Stretches that do not count may lie where nothing was measured, and are reported all the same.
    fn note_window(&mut self, from: UtcMillis, to: UtcMillis) -> Result<(), StepError> {
        if self.own.is_some() {
            for range in self.dates_of(&[(from, to)], Vec::new()) {
                for date in range.dates() {
                    report::sql::set_due(self.tx, date, false)?;
                }
            }
        }
        Ok(())
    }

    // Deriving ----------------------------------------------------------------------------------------------------

    /// Everything stored from `from` on may look different now.
    fn touch_from(&mut self, from: UtcMillis) -> Result<(), StepError> {
        self.has_changed = true;
        if let Some((first, last)) = sql::span_of_readings(self.tx)?
            && from <= last
        {
            self.touched.push((from.max(first), last));
        }
        Ok(())
    }

    fn derive_touched(&mut self) -> Result<(), StepError> {
        let touched = std::mem::take(&mut self.touched);
        let dates = std::mem::take(&mut self.touched_dates);
        for range in self.dates_of(&touched, dates) {
            self.derive_in_chunks(range)?;
            if self.own.is_some() {
                report::sql::set_range_due(self.tx, range)?;
            }
        }
        Ok(())
    }

    fn derive_in_chunks(&mut self, range: DateRange) -> Result<(), StepError> {
        let mut from = range.from;
        while from < range.until {
            let chunk_end = from
                .checked_add_days(Days::new(u64::from(DATES_PER_CHUNK)))
                .unwrap_or(range.until);
            let chunk = DateRange {
                from,
                until: chunk_end.min(range.until),
            };
            self.derive_range(chunk)?;
            from = chunk.until;
        }
        Ok(())
    }

    fn derive_range(&mut self, range: DateRange) -> Result<(), StepError> {
        let (first, last) = instants_of(range);
        let readings = sql::readings(self.tx, first, last, &self.zones_by_id)?;
        let windows = sql::windows(self.tx, first, last)?;
        let view = View {
            day_start: self.day_start,
            zone: None,
        };
        let mut derived = derive(readings, &windows, range, view, &mut self.zones);
        if let Some(own) = self.own {
            let others = report::Others::load(self.tx, own, range)?;
            others.join_derived(&mut derived, self.day_start, &mut self.zones);
            let corrections = others.corrections(self.tx)?;
            report::sql::replace_log_corrections(self.tx, range, &corrections)?;
            for day in derived.days.values() {
                self.zone_id(Some(day.zone), UtcMillis(0))?;
            }
        }
        sql::replace_derived(self.tx, range, &derived, &self.zone_ids)?;
        Ok(())
    }

    /// The dates that the touched instants may belong to, in any zone of this person, and other dates, as disjoint ranges in order.
    fn dates_of(&mut self, touched: &[(UtcMillis, UtcMillis)], more: Vec<DateRange>) -> Vec<DateRange> {
        let mut ranges = more;
        for &(from, to) in touched {
            for zone in self.zones_by_id.values() {
                ranges.push(self.zones.get(*zone).dates_between(from, to, self.day_start));
            }
        }
        in_order(ranges)
    }
}

/// Ranges made disjoint, in order.
fn in_order(mut ranges: Vec<DateRange>) -> Vec<DateRange> {
    ranges.sort_unstable();
    let mut merged: Vec<DateRange> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.from <= last.until => last.until = last.until.max(range.until),
            _ => merged.push(range),
        }
    }
    merged
}

const OTHER_KIND: &str = "the source has another kind";
const END_NOT_AFTER_START: &str = "the end is not after the start";
const OUTSIDE_YEARS: &str = "the time is not in the years 2000 to 2099";
const OUTSIDE_STEPS: &str = "the steps are not 0 to 1,000,000";

/// The first limit that a record or bucket breaks. Source: steps.md 5.
fn broken_limit(start: UtcMillis, end: UtcMillis, steps: i64) -> Option<&'static str> {
    if start < UtcMillis::YEAR_2000 || end >= UtcMillis::YEAR_2100 {
        Some(OUTSIDE_YEARS)
    } else if end < start {
        Some("the end is before the start")
    } else if end.since(start) > LONGEST_RECORD_MS {
        Some("longer than 31 days")
    } else if !(0..=MOST_STEPS).contains(&steps) {
        Some(OUTSIDE_STEPS)
    } else {
        None
    }
}

/// What is wrong with an event that leaves a name or an identity empty: nothing could ever be told apart by it.
fn empty_name(event: &StepEvent) -> Option<&'static str> {
    const SOURCE: &str = "the name of a source is empty";
    const RECORD: &str = "the identity of the record is empty";
    match event {
        StepEvent::Counter(sample) if sample.source.is_empty() => Some(SOURCE),
        StepEvent::Counter(sample) if sample.boot.as_deref() == Some("") => {
            Some("the identity of the boot is empty")
        }
        StepEvent::Interval(record) if record.source.is_empty() => Some(SOURCE),
        StepEvent::Interval(record) if record.id.is_empty() => Some(RECORD),
        StepEvent::Bucket(bucket) if bucket.source.is_empty() => Some(SOURCE),
        StepEvent::Delete { source, .. } if source.is_empty() => Some(SOURCE),
        StepEvent::Delete { id, .. } if id.is_empty() => Some(RECORD),
        StepEvent::Priority(names) if names.iter().any(String::is_empty) => Some(SOURCE),
        _ => None,
    }
}

const fn counter_detail(code: NoteCode) -> &'static str {
    match code {
        NoteCode::ClockSuspect => "the event time does not fit the time of receipt; receipt time used",
        NoteCode::Duplicate => "delivered again",
        NoteCode::Glitch => "the counter slipped back; nothing counted",
        NoteCode::Quarantined => "more than can be walked in the time; kept, not counted",
        NoteCode::Reboot => "first sample after a restart of the phone",
        NoteCode::Rejected => "impossible content",
        NoteCode::Saturated => "the counter is at the end of its precision",
        NoteCode::SensorRestart => "the sensor began again from 0",
        NoteCode::Stale => "older than the last sample, or of an earlier boot",
    }
}
