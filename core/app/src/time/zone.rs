//! Offsets of a zone as stretches of constant offset, and what follows from them: local dates and hour slots.
//!
//! chrono-tz answers "which offset at this instant" but does not list its transitions. [`ZoneOffsets`] finds them by
//! asking every six hours over one calendar year at a time and halving each interval whose ends differ, and keeps the
//! result. Two changes of offset within six hours that cancel each other would be missed; the time-zone database has
//! none since 1970.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use chrono::{
    DateTime, Datelike as _, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset as _,
    TimeZone as _,
};
use chrono_tz::Tz;

use super::{DAY_MS, DateRange, DayStart, HOUR_MS, UtcMillis};

/// Reads an IANA zone name such as `Asia/Tokyo`, in its exact spelling.
#[must_use]
pub fn parse_zone(name: &str) -> Option<Tz> {
    Tz::from_str(name).ok()
}

/// A stretch of time in which a zone keeps one offset from UTC: `[from, until)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetPeriod {
    /// First instant of the stretch, or the start of the scanned year if the offset came from before it.
    pub from: UtcMillis,
    /// First instant after the stretch.
    pub until: UtcMillis,
    /// Local time minus UTC, in milliseconds.
    pub offset_ms: i64,
}

/// One hour of a person's day as the wall clock shows it: `[from, until)`.
///
/// Normally 60 minutes; shorter where the offset changes, or the day starts, inside an hour.
/// The hour that repeats in autumn is two slots. Source: steps.md section 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HourSlot {
    /// First instant; with [`Self::date`] it names the slot.
    pub from: UtcMillis,
    /// First instant after the slot.
    pub until: UtcMillis,
    /// The person's date (day start applied).
    pub date: NaiveDate,
    /// The local clock hour, 0 to 23.
    pub local_hour: u8,
}

/// The offsets of one zone, found on demand and kept.
#[derive(Debug)]
pub struct ZoneOffsets {
    zone: Tz,
    years: BTreeMap<i32, Vec<OffsetPeriod>>,
    latest: Option<OffsetPeriod>,
}

impl ZoneOffsets {
    /// Offsets of `zone`; nothing is computed yet.
    #[must_use]
    pub const fn new(zone: Tz) -> Self {
        Self {
            zone,
            years: BTreeMap::new(),
            latest: None,
        }
    }

    /// The zone these offsets belong to.
    #[must_use]
    pub const fn zone(&self) -> Tz {
        self.zone
    }

    /// The stretch of constant offset that contains `at`.
    pub fn period(&mut self, at: UtcMillis) -> OffsetPeriod {
        if let Some(period) = self
            .latest
            .filter(|period| period.from <= at && at < period.until)
        {
            return period;
        }
        let year = year_of(at);
        let zone = self.zone;
        let periods = self.years.entry(year).or_insert_with(|| scan_year(zone, year));
        let index = periods.partition_point(|period| period.until <= at);
        let period = periods.get(index).copied().unwrap_or_else(|| OffsetPeriod {
            from: at,
            until: at.plus(1),
            offset_ms: offset_ms(zone, at),
        });
        self.latest = Some(period);
        period
    }

    /// The person's date of an instant: the calendar date of local time minus the day start.
    pub fn date_of(&mut self, at: UtcMillis, day_start: DayStart) -> NaiveDate {
        let offset = self.period(at).offset_ms;
        date_of_local(at.plus(offset).plus(day_start.millis().saturating_neg()))
    }

    /// The hour slot that contains an instant.
    pub fn slot(&mut self, at: UtcMillis, day_start: DayStart) -> HourSlot {
        let period = self.period(at);
        let local = at.plus(period.offset_ms).0;
        let hour_from = local.saturating_sub(local.rem_euclid(HOUR_MS));
        let mut from = hour_from;
        let mut until = hour_from.saturating_add(HOUR_MS);
        // The day start may cut the local hour in two.
        let day_edge = hour_from
            .saturating_sub(hour_from.rem_euclid(DAY_MS))
            .saturating_add(day_start.millis());
        if from < day_edge && day_edge < until {
            if local < day_edge {
                until = day_edge;
            } else {
                from = day_edge;
            }
        }
        let utc = |local: i64| UtcMillis(local.saturating_sub(period.offset_ms));
        let (mut from, mut until) = (utc(from), utc(until));
        // Years are scanned apart, so a period that ends with the year may go on with the same offset in the next.
        // Only a real change of offset ends a slot.
        if until > period.until && self.period(period.until).offset_ms != period.offset_ms {
            until = period.until;
        }
        if from < period.from {
            let before = period.from.plus(-1);
            if self.period(before).offset_ms != period.offset_ms {
                from = period.from;
            }
        }
        HourSlot {
            from,
            until,
            date: date_of_local(UtcMillis(local.saturating_sub(day_start.millis()))),
            local_hour: u8::try_from(local.rem_euclid(DAY_MS) / HOUR_MS).unwrap_or(0),
        }
    }

    /// The instants that carry a date, as disjoint stretches in order.
    ///
    /// Usually one of 24 hours; none for a date that the zone skipped (Apia 2011-12-30); two where the day starts
    /// inside the hour that repeats in autumn.
    pub fn stretches_of(&mut self, date: NaiveDate, day_start: DayStart) -> Vec<(UtcMillis, UtcMillis)> {
        let first = local_millis(date).saturating_add(day_start.millis());
        let Some(next) = date.checked_add_days(Days::new(1)) else {
            return Vec::new();
        };
        let last = local_millis(next).saturating_add(day_start.millis());
        let mut stretches: Vec<(UtcMillis, UtcMillis)> = Vec::new();
        // No zone was ever more than 16 hours from UTC.
        let mut at = UtcMillis(first.saturating_sub(WIDEST_OFFSET_MS));
        let end = UtcMillis(last.saturating_add(WIDEST_OFFSET_MS));
        while at < end {
            let period = self.period(at);
            let from = UtcMillis(first.saturating_sub(period.offset_ms)).max(at);
            let until = UtcMillis(last.saturating_sub(period.offset_ms)).min(period.until);
            if from < until {
                match stretches.last_mut() {
                    Some(previous) if previous.1 == from => previous.1 = until,
                    _ => stretches.push((from, until)),
                }
            }
            at = period.until.max(at.plus(1));
        }
        stretches
    }

    /// The dates that the instants of `[from, to]` carry, both ends included, from the earliest to the latest.
    ///
    /// The ends alone do not say it: where the wall clock goes back over the start of the day, two instants of one
    /// date have instants of its neighbour between them (St. John's, 2006-10-29: 00:01 became 23:01 again).
    pub fn dates_between(&mut self, from: UtcMillis, to: UtcMillis, day_start: DayStart) -> DateRange {
        let mut first = self.date_of(from, day_start);
        let mut last = first;
        let mut at = from;
        while at <= to {
            // Within one offset the date only grows, so its ends say everything.
            let period = self.period(at);
            let until = period.until.max(at.plus(1));
            first = first.min(self.date_of(at, day_start));
            last = last.max(self.date_of(to.min(until.plus(-1)), day_start));
            at = until;
        }
        DateRange {
            from: first,
            until: DateRange::single(last).until,
        }
    }

    /// Every hour slot of a date, in order.
    pub fn slots_of(&mut self, date: NaiveDate, day_start: DayStart) -> Vec<HourSlot> {
        let mut slots = Vec::with_capacity(25);
        for (from, until) in self.stretches_of(date, day_start) {
            let mut at = from;
            while at < until {
                let slot = self.slot(at, day_start);
                slots.push(slot);
                at = slot.until.max(at.plus(1));
            }
        }
        slots
    }
}

/// Half a day more than any zone's distance from UTC, as a search margin.
const WIDEST_OFFSET_MS: i64 = 16 * HOUR_MS;

/// The zones of one computation, each scanned once.
#[derive(Debug, Default)]
pub struct ZoneCache {
    zones: Vec<ZoneOffsets>,
}

impl ZoneCache {
    /// The offsets of `zone`. A person has one or two zones, so a list is searched faster than a map.
    pub fn get(&mut self, zone: Tz) -> &mut ZoneOffsets {
        let known = self.zones.iter().position(|known| known.zone == zone);
        let index = known.unwrap_or(self.zones.len());
        if known.is_none() {
            self.zones.push(ZoneOffsets::new(zone));
        }
        #[expect(clippy::indexing_slicing, reason = "the index was just found or pushed")]
        &mut self.zones[index]
    }
}

/// Whether a zone skipped a calendar date altogether, as Apia did on 2011-12-30.
#[must_use]
pub fn date_is_skipped(zone: Tz, date: NaiveDate) -> bool {
    // A date whose noon was shown by a clock existed. Streaks ask this for every gap of ten years.
    let noon = date.and_time(NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default());
    if !matches!(zone.from_local_datetime(&noon), LocalResult::None) {
        return false;
    }
    ZoneOffsets::new(zone)
        .stretches_of(date, DayStart::MIDNIGHT)
        .is_empty()
}

fn offset_ms(zone: Tz, at: UtcMillis) -> i64 {
    DateTime::from_timestamp_millis(at.0).map_or(0, |utc| {
        i64::from(
            zone.offset_from_utc_datetime(&utc.naive_utc())
                .fix()
                .local_minus_utc(),
        )
        .saturating_mul(1000)
    })
}

fn year_of(at: UtcMillis) -> i32 {
    DateTime::from_timestamp_millis(at.0).map_or(0, |utc| utc.year())
}

/// The calendar date of an instant that is already local time; kept at the ends of the calendar.
pub(crate) fn date_of_local(local: UtcMillis) -> NaiveDate {
    DateTime::from_timestamp_millis(local.0).map_or(
        if local.0 < 0 {
            NaiveDate::MIN
        } else {
            NaiveDate::MAX
        },
        |at| at.date_naive(),
    )
}

fn local_millis(date: NaiveDate) -> i64 {
    NaiveDateTime::from(date).and_utc().timestamp_millis()
}

/// Offsets of one UTC calendar year, in order, without gaps.
fn scan_year(zone: Tz, year: i32) -> Vec<OffsetPeriod> {
    let first_of = |year: i32| NaiveDate::from_ymd_opt(year, 1, 1).map(local_millis);
    let (Some(start), Some(end)) = (first_of(year), first_of(year.saturating_add(1))) else {
        return Vec::new();
    };
    let mut periods = Vec::with_capacity(3);
    let mut from = start;
    let mut offset = offset_ms(zone, UtcMillis(start));
    let mut known_until = start;
    while known_until < end {
        let probe = known_until.saturating_add(6 * HOUR_MS).min(end);
        let next = offset_ms(zone, UtcMillis(probe));
        if next != offset {
            let change = first_instant_with_another_offset(zone, known_until, probe, offset);
            // A change at the very end belongs to the next year.
            if change < end {
                periods.push(OffsetPeriod {
                    from: UtcMillis(from),
                    until: UtcMillis(change),
                    offset_ms: offset,
                });
                from = change;
                offset = next;
            }
        }
        known_until = probe;
    }
    periods.push(OffsetPeriod {
        from: UtcMillis(from),
        until: UtcMillis(end),
        offset_ms: offset,
    });
    periods
}

/// Halves `[same, other]` down to the first millisecond whose offset is not `offset`.
fn first_instant_with_another_offset(zone: Tz, mut same: i64, mut other: i64, offset: i64) -> i64 {
    while other.saturating_sub(same) > 1 {
        let middle = i64::midpoint(same, other);
        if offset_ms(zone, UtcMillis(middle)) == offset {
            same = middle;
        } else {
            other = middle;
        }
    }
    other
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]
mod tests {
    use super::*;
    use crate::time::{MINUTE_MS, parse_date};

    fn day_length_hours(zone: &str, date: &str) -> f64 {
        let stretches = ZoneOffsets::new(parse_zone(zone).unwrap())
            .stretches_of(parse_date(date).unwrap(), DayStart::MIDNIGHT);
        stretches
            .iter()
            .map(|(from, until)| until.since(*from))
            .sum::<i64>() as f64
            / HOUR_MS as f64
    }

    #[test]
    fn days_have_23_or_23_5_or_24_or_24_5_or_25_hours() {
        for (zone, date, hours) in [
            ("Europe/Berlin", "2026-03-29", 23.0),
            ("America/New_York", "2026-11-01", 25.0),
            ("Australia/Lord_Howe", "2026-10-04", 23.5),
            ("Australia/Lord_Howe", "2026-04-05", 24.5),
            ("Asia/Tokyo", "2026-03-29", 24.0),
            ("Pacific/Apia", "2011-12-30", 0.0),
            ("Pacific/Apia", "2011-12-31", 24.0),
            ("Pacific/Apia", "2011-12-29", 24.0),
        ] {
            assert!(
                (day_length_hours(zone, date) - hours).abs() < 1e-9,
                "{zone} {date}"
            );
        }
        assert!(date_is_skipped(
            parse_zone("Pacific/Apia").unwrap(),
            parse_date("2011-12-30").unwrap()
        ));
    }

    #[test]
    fn a_day_without_midnight_starts_at_one_o_clock() {
        for (zone, date) in [
            ("Africa/Cairo", "2026-04-24"),
            ("Asia/Beirut", "2026-03-29"),
            ("Atlantic/Azores", "2026-03-29"),
            ("America/Havana", "2026-03-08"),
            ("America/Santiago", "2026-09-06"),
        ] {
            let slots = ZoneOffsets::new(parse_zone(zone).unwrap())
                .slots_of(parse_date(date).unwrap(), DayStart::MIDNIGHT);
            assert_eq!((slots.len(), slots[0].local_hour), (23, 1), "{zone}");
        }
    }

    #[test]
    fn slots_tile_a_day_and_are_found_from_any_instant_inside() {
        let half_past_four = DayStart::parse("04:30").unwrap();
        let quarter_past_two = DayStart::parse("02:15").unwrap();
        for (zone, date, day_start) in [
            ("Europe/Berlin", "2026-10-25", DayStart::MIDNIGHT),
            ("Europe/Berlin", "2026-10-25", quarter_past_two),
            ("Europe/Berlin", "2026-10-24", quarter_past_two),
            ("Australia/Lord_Howe", "2026-10-04", half_past_four),
            ("Asia/Tokyo", "2025-12-31", DayStart::MIDNIGHT),
            ("Pacific/Apia", "2011-12-31", DayStart::MIDNIGHT),
            ("Asia/Kathmandu", "2026-01-01", half_past_four),
        ] {
            let mut offsets = ZoneOffsets::new(parse_zone(zone).unwrap());
            let date = parse_date(date).unwrap();
            let stretches = offsets.stretches_of(date, day_start);
            let slots = offsets.slots_of(date, day_start);
            let covered: i64 = slots.iter().map(|slot| slot.until.since(slot.from)).sum();
            assert_eq!(
                covered,
                stretches
                    .iter()
                    .map(|(from, until)| until.since(*from))
                    .sum::<i64>(),
                "{zone}"
            );
            for slot in slots {
                assert_eq!(slot.date, date);
                for at in [slot.from, slot.from.plus(1), slot.until.plus(-1)] {
                    assert_eq!(offsets.slot(at, day_start), slot, "{zone}");
                    assert_eq!(offsets.date_of(at, day_start), date);
                }
            }
        }
    }

    #[test]
    fn a_clock_that_goes_back_over_the_start_of_the_day_puts_a_date_between_two_instants_of_its_neighbour() {
        for (zone, day_start, from, minutes, first, last) in [
            // 23:45 to 24:00 = 23:00: the minute from 23:59 belongs to the next day.
            (
                "Asia/Tehran",
                "23:59",
                1_663_787_700_000,
                15,
                "2022-09-20",
                "2022-09-21",
            ),
            // 23:58 to 23:11 of the second pass, with one minute after midnight between.
            (
                "America/St_Johns",
                "00:00",
                1_162_088_880_000,
                13,
                "2006-10-28",
                "2006-10-29",
            ),
            // 00:00 of the first pass to 00:00 of the second.
            (
                "America/St_Johns",
                "00:00",
                1_162_089_000_000,
                60,
                "2006-10-28",
                "2006-10-29",
            ),
            (
                "America/St_Johns",
                "00:00",
                1_162_089_000_000,
                0,
                "2006-10-29",
                "2006-10-29",
            ),
        ] {
            let from = UtcMillis(from);
            let range = ZoneOffsets::new(parse_zone(zone).unwrap()).dates_between(
                from,
                from.plus(minutes * MINUTE_MS),
                DayStart::parse(day_start).unwrap(),
            );
            assert_eq!(range.from, parse_date(first).unwrap(), "{zone} {minutes}");
            assert_eq!(range.last(), parse_date(last), "{zone} {minutes}");
        }
    }

    #[test]
    fn a_day_start_inside_the_repeated_hour_gives_a_day_in_two_stretches() {
        let day_start = DayStart::parse("02:15").unwrap();
        let mut offsets = ZoneOffsets::new(parse_zone("Europe/Berlin").unwrap());
        assert_eq!(
            offsets
                .stretches_of(parse_date("2026-10-24").unwrap(), day_start)
                .len(),
            2
        );
        assert_eq!(
            offsets
                .stretches_of(parse_date("2026-10-25").unwrap(), day_start)
                .len(),
            2
        );
    }
}
