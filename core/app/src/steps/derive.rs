//! Hours and days from readings: a pure function over everything that touches a range of dates.
//!
//! ```text
//! readings ──sort by source order and rank──▶ sweep (visible.rs) ──▶ stretches that count
//!     │                                                                  │ split at hour slots (split.rs)
//!     └──evidence minus pauses──▶ measured dates                         ▼
//!                                   └───────────────▶ DerivedSteps { hours, days }
//! ```
//!
//! What counts at an instant depends only on the readings that touch that instant, so any range of dates can be derived
//! alone; the incremental view relies on it. Source: steps.md sections 4 to 6.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;

use super::split::share_before;
use super::visible::{Overlap, SweepItem, visible_stretches};
use crate::time::{DateRange, DayStart, UtcMillis, ZoneCache};

/// One stored reading of any kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredReading {
    /// Position of its source in the person's order, 0 is best.
    pub source: usize,
    pub kind: StoredKind,
    pub from: UtcMillis,
    pub to: UtcMillis,
    pub steps: i64,
    pub zone: Tz,
}

/// What distinguishes counter intervals from records.
///
/// The order of the fields of `Record` is the rank within a source, smallest first (steps.md 5.3); start, end and steps
/// come between `modified` and `id` and are read from the reading itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StoredKind {
    /// A difference of one counter; `to` itself is measured too.
    Counter { quarantined_steps: i64 },
    /// An interval record or a platform bucket.
    Record {
        is_complete: bool,
        modified: UtcMillis,
        id: Vec<u8>,
    },
}

/// Windows in which nothing counts, half-open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Windows {
    /// The person paused counting: not measured either.
    pub paused: Vec<(UtcMillis, UtcMillis)>,
    /// Vehicle and the like: measured, but not counted.
    pub excluded: Vec<(UtcMillis, UtcMillis)>,
}

/// How instants become dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct View {
    pub day_start: DayStart,
    /// The programme's view replaces every zone by Japan's; the person's own view keeps them (`None`).
    pub zone: Option<Tz>,
}

/// What is known about one measured date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DerivedDay {
    pub sensor_steps: i64,
    pub quarantined_steps: i64,
    /// Zone of the last instant that was measured on the date.
    pub zone: Tz,
    pub is_travel_day: bool,
}

/// Hours and days of a range of dates; a date without evidence is absent, an hour without steps too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct DerivedSteps {
    pub hours: BTreeMap<(NaiveDate, UtcMillis), i64>,
    pub days: BTreeMap<NaiveDate, DerivedDay>,
}

/// The instants that any zone may call a date of `range`: what must be loaded to derive it.
pub(crate) fn instants_of(range: DateRange) -> (UtcMillis, UtcMillis) {
    // 14 h of day start and offset on one side, 12 h and the day start on the other; 40 h covers both with room.
    const MARGIN_MS: i64 = 40 * 3_600_000;
    let midnight =
        |date: NaiveDate| UtcMillis(date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis());
    (
        midnight(range.from).plus(-MARGIN_MS),
        midnight(range.until).plus(MARGIN_MS),
    )
}

/// Derives the dates of `range` from the readings and windows that touch them.
///
/// Shapes: `readings` in any order, at least all that touch [`instants_of`]`(range)`; more do no harm.
pub(crate) fn derive(
    mut readings: Vec<StoredReading>,
    windows: &Windows,
    range: DateRange,
    view: View,
    zones: &mut ZoneCache,
) -> DerivedSteps {
    let mut derived = DerivedSteps::default();
    readings.sort_by(|a, b| a.rank().cmp(&b.rank()));
    let items: Vec<SweepItem> = readings.iter().map(StoredReading::sweep_item).collect();
    let blocked: Vec<_> = windows.paused.iter().chain(&windows.excluded).copied().collect();
    // A reading can be years long; only the part near the range is split.
    let (first, last) = instants_of(range);
    visible_stretches(&items, &blocked, |index, from, to| {
        let near = (from.max(first), to.min(last));
        if let Some(reading) = readings.get(index)
            && (near.0 < near.1 || from == to)
        {
            add_to_slots(&mut derived.hours, reading, near, range, view, zones);
        }
    });
    let mut measured = MeasuredDates {
        range,
        view,
        zones,
        stretches: BTreeMap::new(),
        dates: BTreeMap::new(),
    };
    for reading in &readings {
        measured.add(reading, &windows.paused);
    }
    let dates = measured.dates;
    for (date, seen) in dates {
        let sensor_steps = derived
            .hours
            .range((date, UtcMillis(i64::MIN))..=(date, UtcMillis(i64::MAX)))
            .fold(0i64, |sum, (_, steps)| sum.saturating_add(*steps));
        let Some(zone) = seen.latest_zone() else { continue };
        let day = DerivedDay {
            sensor_steps,
            quarantined_steps: seen.quarantined_steps,
            zone,
            is_travel_day: seen.has_two_offsets(date, zones),
        };
        derived.days.insert(date, day);
    }
    derived
}

impl StoredReading {
    /// Sources apart, best first; within a source smaller is worse.
    fn rank(&self) -> impl Ord + use<'_> {
        let (is_complete, modified, id) = match &self.kind {
            StoredKind::Counter { .. } => (true, UtcMillis(0), &[][..]),
            StoredKind::Record {
                is_complete,
                modified,
                id,
            } => (*is_complete, *modified, id.as_slice()),
        };
        (
            self.source,
            is_complete,
            modified,
            self.from,
            self.to,
            self.steps,
            id,
        )
    }

    fn sweep_item(&self) -> SweepItem {
        let is_counter = matches!(self.kind, StoredKind::Counter { .. });
        SweepItem {
            source: self.source,
            overlap: if is_counter {
                Overlap::AddsUp
            } else {
                Overlap::Replaces
            },
            from: self.from,
            to: self.to,
            steps: self.steps,
        }
    }

    /// The measured instants, both ends included (steps.md section 6).
    fn evidence(&self) -> (UtcMillis, UtcMillis) {
        match self.kind {
            StoredKind::Record { .. } if self.to > self.from => (self.from, self.to.plus(-1)),
            _ => (self.from, self.to),
        }
    }

    /// What the reading measured within `[first, last]`, without what she paused, in order; both ends included.
    ///
    /// Evidence can be years long (an unchanged counter), so only the part near the dates asked for is wanted.
    pub(super) fn measured(
        &self,
        (first, last): (UtcMillis, UtcMillis),
        paused: &[(UtcMillis, UtcMillis)],
    ) -> Vec<(UtcMillis, UtcMillis)> {
        let (from, until) = self.evidence();
        let mut rest = vec![(from.max(first), until.min(last))];
        rest.retain(|(from, until)| from <= until);
        for &(pause_from, pause_until) in paused {
            rest = rest
                .into_iter()
                .flat_map(|(from, until)| {
                    [
                        (from, until.min(pause_from.plus(-1))),
                        (from.max(pause_until), until),
                    ]
                })
                .filter(|(from, until)| from <= until)
                .collect();
        }
        rest
    }
}

fn add_to_slots(
    hours: &mut BTreeMap<(NaiveDate, UtcMillis), i64>,
    reading: &StoredReading,
    (from, to): (UtcMillis, UtcMillis),
    range: DateRange,
    view: View,
    zones: &mut ZoneCache,
) {
    let offsets = zones.get(view.zone.unwrap_or(reading.zone));
    let share = |at: UtcMillis| share_before(reading.from, reading.to, reading.steps, at);
    let mut at = from;
    let mut counted = share(from);
    loop {
        let slot = offsets.slot(at, view.day_start);
        let end = slot.until.min(to);
        // A reading without duration belongs whole to the slot that contains it.
        let until_end = if reading.from == reading.to {
            reading.steps
        } else {
            share(end)
        };
        let steps = until_end.saturating_sub(counted);
        if steps > 0 && range.contains(slot.date) {
            let total = hours.entry((slot.date, slot.from)).or_default();
            *total = total.saturating_add(steps);
        }
        counted = until_end;
        at = end;
        if at >= to {
            return;
        }
    }
}

/// Collects on which dates something was measured.
struct MeasuredDates<'z> {
    range: DateRange,
    view: View,
    zones: &'z mut ZoneCache,
    stretches: BTreeMap<(&'static str, NaiveDate), Vec<(UtcMillis, UtcMillis)>>,
    dates: BTreeMap<NaiveDate, SeenDate>,
}

#[derive(Default)]
struct SeenDate {
    /// Last measured instant per zone.
    zones: BTreeMap<&'static str, (UtcMillis, Tz)>,
    quarantined_steps: i64,
}

impl SeenDate {
    fn latest_zone(&self) -> Option<Tz> {
        self.zones
            .values()
            .max_by_key(|(at, zone)| (*at, zone.name()))
            .map(|(_, zone)| *zone)
    }

    /// Whether two of the zones of the date differ in their distance from UTC.
    fn has_two_offsets(&self, date: NaiveDate, zones: &mut ZoneCache) -> bool {
        let noon = UtcMillis(date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis())
            .plus(12 * 3_600_000);
        let mut offsets = self
            .zones
            .values()
            .map(|(_, zone)| zones.get(*zone).period(noon).offset_ms);
        let first = offsets.next();
        self.zones.len() > 1 && offsets.any(|offset| Some(offset) != first)
    }
}

impl MeasuredDates<'_> {
    fn add(&mut self, reading: &StoredReading, paused: &[(UtcMillis, UtcMillis)]) {
        let zone = self.view.zone.unwrap_or(reading.zone);
        if let StoredKind::Counter { quarantined_steps } = reading.kind
            && quarantined_steps > 0
        {
            let date = self.zones.get(zone).date_of(reading.to, self.view.day_start);
            if self.range.contains(date) {
                let seen = self.dates.entry(date).or_default();
                seen.quarantined_steps = seen.quarantined_steps.saturating_add(quarantined_steps);
            }
        }
        for (from, last) in reading.measured(instants_of(self.range), paused) {
            self.add_stretch(from, last, zone);
        }
    }

    fn add_stretch(&mut self, from: UtcMillis, until: UtcMillis, zone: Tz) {
        let offsets = self.zones.get(zone);
        let slot = offsets.slot(from, self.view.day_start);
        if until < slot.until {
            self.note(slot.date, until, zone);
            return;
        }
        let last_date = offsets.date_of(until, self.view.day_start);
        // A day start inside the repeated hour can put a date between two instants of its neighbour: look one further.
        let first = slot
            .date
            .min(last_date)
            .checked_sub_days(Days::new(1))
            .unwrap_or(NaiveDate::MIN);
        let end = slot
            .date
            .max(last_date)
            .checked_add_days(Days::new(2))
            .unwrap_or(NaiveDate::MAX);
        let candidates = DateRange {
            from: first.max(self.range.from),
            until: end.min(self.range.until),
        };
        for date in candidates.dates() {
            let day_start = self.view.day_start;
            let zones = &mut *self.zones;
            let stretches = self
                .stretches
                .entry((zone.name(), date))
                .or_insert_with(|| zones.get(zone).stretches_of(date, day_start));
            let latest = stretches
                .iter()
                .filter(|(stretch_from, stretch_until)| *stretch_from <= until && from < *stretch_until)
                .map(|(_, stretch_until)| until.min(stretch_until.plus(-1)))
                .max();
            if let Some(latest) = latest {
                self.note(date, latest, zone);
            }
        }
    }

    fn note(&mut self, date: NaiveDate, at: UtcMillis, zone: Tz) {
        if self.range.contains(date) {
            let latest = self
                .dates
                .entry(date)
                .or_default()
                .zones
                .entry(zone.name())
                .or_insert((at, zone));
            latest.0 = latest.0.max(at);
        }
    }
}
