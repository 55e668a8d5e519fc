//! Dates on which the person did not want to be counted at all. Source: steps.md section 7.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::day_by_hour::zone_of_unmeasured;
use super::{StepError, derive, report, sql};
use crate::settings;
use crate::store::{Reader, zones as zone_table};
use crate::time::{DAY_MS, DateRange, DayStart, UtcMillis, ZoneCache, date_of_local};

/// [`Steps::paused_dates`](super::Steps::paused_dates) within a read that does more.
pub(super) fn paused_dates(reader: &Reader<'_>, range: DateRange) -> Result<BTreeSet<NaiveDate>, StepError> {
    let (first, last) = derive::instants_of(range);
    let paused = joined(sql::windows(reader, first, last)?.paused);
    let history = zone_table::history(reader)?;
    let day_start = settings::day_start(reader)?;
    let mut zones = ZoneCache::default();
    let mut dates = BTreeSet::new();
    for (from, until) in paused {
        for date in dates_near(from.max(first), until.min(last), range) {
            let zone = zone_of_unmeasured(reader, &history, date)?;
            let stretches = zones.get(zone).stretches_of(date, day_start);
            let is_inside = |(start, end): &(UtcMillis, UtcMillis)| from <= *start && *end <= until;
            if !stretches.is_empty() && stretches.iter().all(is_inside) {
                dates.insert(date);
            }
        }
    }
    if let Some(others) = report::others_of(reader, range)? {
        dates.extend(others.paused_dates(day_start, &mut zones));
    }
    Ok(dates)
}

/// Whether the stretches of a date lie in pauses from first to last.
pub(super) fn is_paused(
    paused: Vec<(UtcMillis, UtcMillis)>,
    date: NaiveDate,
    zone: Tz,
    day_start: DayStart,
    zones: &mut ZoneCache,
) -> bool {
    let paused = joined(paused);
    let stretches = zones.get(zone).stretches_of(date, day_start);
    let is_covered = |(start, end): &(UtcMillis, UtcMillis)| {
        paused.iter().any(|(from, until)| from <= start && end <= until)
    };
    !stretches.is_empty() && stretches.iter().all(is_covered)
}

/// Windows in order, those that touch made one.
fn joined(mut windows: Vec<(UtcMillis, UtcMillis)>) -> Vec<(UtcMillis, UtcMillis)> {
    windows.sort_unstable();
    let mut joined: Vec<(UtcMillis, UtcMillis)> = Vec::new();
    for (from, until) in windows {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(until),
            _ => joined.push((from, until)),
        }
    }
    joined
}

/// The dates of `range` that any zone may have between two instants.
fn dates_near(from: UtcMillis, until: UtcMillis, range: DateRange) -> impl Iterator<Item = NaiveDate> {
    let near = |at: UtcMillis, days: i64| date_of_local(at.plus(days.saturating_mul(DAY_MS)));
    DateRange {
        from: near(from, -1).max(range.from),
        until: near(until, 2).min(range.until),
    }
    .dates()
}
