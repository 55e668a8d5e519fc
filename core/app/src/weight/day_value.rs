//! One value per date, from however many readings. Source: weight.md sections 2 and 3.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::{WeighInTime, Weight};
use crate::time::{DayStart, UtcMillis, date_of_local};

/// A weigh-in as the rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// When.
    pub when: WeighInTime,
    /// How much.
    pub weight: Weight,
}

/// The weight of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayValue {
    /// The person's date (day start applied).
    pub date: NaiveDate,
    /// Readings of the date, at least 1, double imports counted once.
    pub readings: u32,
    /// The first reading.
    pub weight: Weight,
}

impl WeighInTime {
    /// The person's date: the calendar date of local time minus the day start; a plain date is that date.
    /// Source: weight.md section 3.
    #[must_use]
    pub fn date(&self, day_start: DayStart) -> NaiveDate {
        match *self {
            Self::Timed { at, offset_s, .. } => {
                let local = at.plus(i64::from(offset_s).saturating_mul(1000));
                date_of_local(local.plus(day_start.millis().saturating_neg()))
            }
            Self::DateOnly(date) => date,
        }
    }

    /// The zone, where there is a time and the zone is known.
    pub(super) const fn zone(&self) -> Option<Tz> {
        match *self {
            Self::Timed { zone, .. } => zone,
            Self::DateOnly(_) => None,
        }
    }

    /// What two readings of one date must share, besides the weight, to be one reading imported twice.
    pub(crate) fn identity(&self) -> Identity {
        match *self {
            Self::Timed {
                at,
                sub_ms_ns,
                offset_s,
                ..
            } => Identity::Timed(at, sub_ms_ns, offset_s),
            Self::DateOnly(date) => Identity::DateOnly(date),
        }
    }
}

/// Local time with offset, or a plain date. Timed ones come first, by instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Identity {
    /// Instant, nanoseconds after it, offset in seconds: together the local time.
    Timed(UtcMillis, u32, i32),
    /// A date without a time.
    DateOnly(NaiveDate),
}

/// The day values of a series of readings.
///
/// Shapes: `readings` in the order of arrival, which decides only between equal instants and between plain dates; the
/// result ascends by date, with one entry per date that has a reading.
/// Source: weight.md sections 2 (double imports) and 3.
#[must_use]
pub fn day_values(readings: &[Reading], day_start: DayStart) -> Vec<DayValue> {
    let mut dates: BTreeMap<NaiveDate, Vec<&Reading>> = BTreeMap::new();
    for reading in readings {
        dates
            .entry(reading.when.date(day_start))
            .or_default()
            .push(reading);
    }
    dates
        .into_iter()
        .filter_map(|(date, readings)| {
            let distinct: BTreeSet<_> = readings
                .iter()
                .map(|reading| (reading.when.identity(), reading.weight))
                .collect();
            // `min_by_key` keeps the first of equal keys, which is the order of arrival.
            let first = readings.iter().min_by_key(|reading| match reading.when {
                WeighInTime::Timed { at, sub_ms_ns, .. } => (0, at.0, sub_ms_ns),
                WeighInTime::DateOnly(_) => (1, 0, 0),
            })?;
            Some(DayValue {
                date,
                readings: u32::try_from(distinct.len()).unwrap_or(u32::MAX),
                weight: first.weight,
            })
        })
        .collect()
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]
mod tests {
    use super::*;
    use crate::time::parse_date;

    fn timed(at: i64, offset_s: i32, units: i32) -> Reading {
        Reading {
            when: WeighInTime::Timed {
                at: UtcMillis(at),
                sub_ms_ns: 0,
                offset_s,
                zone: None,
            },
            weight: Weight::from_ten_grams(units).unwrap(),
        }
    }

    fn plain(date: &str, units: i32) -> Reading {
        Reading {
            when: WeighInTime::DateOnly(parse_date(date).unwrap()),
            weight: Weight::from_ten_grams(units).unwrap(),
        }
    }

    fn values(readings: &[Reading], day_start: DayStart) -> Vec<(String, u32, i32)> {
        day_values(readings, day_start)
            .iter()
            .map(|day| (day.date.to_string(), day.readings, day.weight.ten_grams()))
            .collect()
    }

    /// 2026-04-01T00:00:00Z.
    const APRIL: i64 = 1_775_001_600_000;
    const HOUR: i64 = 3_600_000;

    #[test]
    fn f13_the_first_timed_reading_counts_and_a_plain_date_only_without_one() {
        let midnight = DayStart::MIDNIGHT;
        let evening = timed(APRIL + 20 * HOUR, 0, 7100);
        let morning = timed(APRIL + 7 * HOUR, 0, 7000);
        let date_only = plain("2026-04-01", 6900);
        assert_eq!(
            values(&[date_only, evening, morning], midnight),
            [("2026-04-01".into(), 3, 7000)]
        );
        assert_eq!(
            values(&[evening, date_only], midnight),
            [("2026-04-01".into(), 2, 7100)]
        );
        assert_eq!(
            values(&[date_only, plain("2026-04-01", 6800)], midnight),
            [("2026-04-01".into(), 2, 6900)]
        );
        assert_eq!(
            date_only.when,
            WeighInTime::DateOnly(parse_date("2026-04-01").unwrap())
        );
    }

    #[test]
    fn equal_instants_keep_the_order_of_arrival() {
        let first = timed(APRIL, 0, 7000);
        let second = timed(APRIL, 0, 6000);
        assert_eq!(values(&[first, second], DayStart::MIDNIGHT)[0].2, 7000);
        assert_eq!(values(&[second, first], DayStart::MIDNIGHT)[0].2, 6000);
    }

    #[test]
    fn the_day_starts_where_the_person_says_and_ends_before_the_next() {
        let at_three = DayStart::parse("03:00").unwrap();
        let readings = [timed(APRIL + 2 * HOUR, 0, 7000), timed(APRIL + 3 * HOUR, 0, 7100)];
        assert_eq!(
            values(&readings, at_three),
            [("2026-03-31".into(), 1, 7000), ("2026-04-01".into(), 1, 7100)]
        );
        // One o'clock of 2 April in Tokyo is still 1 April for her; a plain date knows no day start.
        let tokyo = timed(APRIL + 16 * HOUR, 9 * 3600, 7000);
        assert_eq!(
            values(&[tokyo, plain("2026-04-01", 6900)], at_three),
            [("2026-04-01".into(), 2, 7000)]
        );
    }

    #[test]
    fn a_reading_imported_twice_counts_once_and_another_offset_is_another_reading() {
        let readings = [
            timed(APRIL, 0, 7000),
            timed(APRIL, 0, 7000),
            timed(APRIL, 3600, 7000),
            timed(APRIL, 0, 7001),
            plain("2026-04-01", 7000),
            plain("2026-04-01", 7000),
        ];
        assert_eq!(
            values(&readings, DayStart::MIDNIGHT),
            [("2026-04-01".into(), 4, 7000)]
        );
    }
}
