//! Dates and times as exports write them.

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, Timelike as _};

use super::ImportReason;
use crate::time::{HOUR_MS, UtcMillis, ZoneOffsets, parse_date};
use crate::weight::WeighInTime;

/// How a file writes dates. An ISO date (`2026-04-01`, `2026/4/1`) is understood in every order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DateOrder {
    /// Year first.
    #[default]
    YearFirst,
    /// `M/D/YYYY`, as in the United States.
    MonthFirst,
    /// `D/M/YYYY` or `D.M.YYYY`.
    DayFirst,
}

/// A date with what else was written beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) date: NaiveDate,
    pub(super) time: Option<NaiveTime>,
    pub(super) offset_s: Option<i32>,
}

/// Reads a date, then nothing or `T` or a space and a time of day, then nothing or an offset.
pub(super) fn parse_written(text: &str, order: DateOrder) -> Option<Written> {
    let text = text.trim();
    let (date, rest) = text.split_once(['T', 't', ' ']).unwrap_or((text, ""));
    let date = parse_ordered_date(date, order)?;
    // Years outside are a wrong order or two-digit years; nobody's scale remembers them.
    if !(1900..2100).contains(&date.year()) {
        return None;
    }
    if rest.is_empty() {
        return (date_only_length(text) == text.len()).then_some(Written {
            date,
            time: None,
            offset_s: None,
        });
    }
    let (time, offset_s) = split_offset(rest.trim_start())?;
    Some(Written {
        date,
        time: Some(parse_time(time.trim_end())?),
        offset_s,
    })
}

/// Length of the part before a separator: a `T` with nothing behind it is no date.
fn date_only_length(text: &str) -> usize {
    text.find(['T', 't', ' ']).unwrap_or(text.len())
}

fn parse_ordered_date(text: &str, order: DateOrder) -> Option<NaiveDate> {
    if let Some(date) = parse_date(text) {
        return Some(date);
    }
    let mut parts = text.split(['/', '.']);
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    let number = |part: &str, longest: usize| -> Option<u32> {
        let is_number = (1..=longest).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { part.parse().ok() } else { None }
    };
    let (year, month, day) = match order {
        _ if first.len() == 4 => (first, second, third),
        DateOrder::YearFirst => return None,
        DateOrder::MonthFirst => (third, first, second),
        DateOrder::DayFirst => (third, second, first),
    };
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let year = i32::try_from(number(year, 4)?).ok()?;
    NaiveDate::from_ymd_opt(year, number(month, 2)?, number(day, 2)?)
}

/// Splits `Z`, `+09:00` or `+0900` off the end of a time.
fn split_offset(text: &str) -> Option<(&str, Option<i32>)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Some((time, Some(0)));
    }
    let Some(sign_at) = text.rfind(['+', '-']) else {
        return Some((text, None));
    };
    let (time, offset) = text.split_at_checked(sign_at)?;
    let digits: Vec<u8> = offset.bytes().skip(1).filter(|byte| *byte != b':').collect();
    let is_form = matches!(
        (offset.len(), offset.as_bytes().get(3)),
        (6, Some(b':')) | (5, Some(b'0'..=b'9'))
    );
    let [h1, h0, m1, m0] = *digits.as_slice() else {
        return None;
    };
    if !is_form || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let pair = |tens: u8, ones: u8| {
        i32::from(tens & 0x0f)
            .saturating_mul(10)
            .saturating_add(i32::from(ones & 0x0f))
    };
    let (hours, minutes) = (pair(h1, h0), pair(m1, m0));
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = hours
        .saturating_mul(3600)
        .saturating_add(minutes.saturating_mul(60));
    let seconds = if offset.starts_with('-') {
        seconds.saturating_neg()
    } else {
        seconds
    };
    Some((time, Some(seconds)))
}

/// Reads `7:05`, `07:05:00`, `07:05:00.25`, each also with `AM` or `PM` (12 hours).
fn parse_time(text: &str) -> Option<NaiveTime> {
    let (clock, half) = match text.split_once(' ') {
        Some((clock, half)) if half.eq_ignore_ascii_case("am") => (clock, Some(0)),
        Some((clock, half)) if half.eq_ignore_ascii_case("pm") => (clock, Some(12)),
        Some(_) => return None,
        None => (text, None),
    };
    let mut parts = clock.split(':');
    let (hour, minute) = (parts.next()?, parts.next()?);
    let (second, fraction) = match parts.next() {
        None => ("00", None),
        Some(second) => match second.split_once('.') {
            None => (second, None),
            Some((second, fraction)) => (second, Some(fraction)),
        },
    };
    let two = |part: &str, shortest: usize| -> Option<u32> {
        let is_number =
            (shortest..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { part.parse().ok() } else { None }
    };
    let (hour, minute, second) = (two(hour, 1)?, two(minute, 2)?, two(second, 2)?);
    if parts.next().is_some() {
        return None;
    }
    let hour = match half {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(afternoon) => (hour % 12).saturating_add(afternoon),
    };
    // Nine digits count, more are read and dropped.
    let nanos = match fraction {
        None => 0,
        Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => digits
            .bytes()
            .chain(std::iter::repeat(b'0'))
            .take(9)
            .fold(0u32, |sum, digit| {
                sum.saturating_mul(10).saturating_add(u32::from(digit & 0x0f))
            }),
        Some(_) => return None,
    };
    NaiveTime::from_hms_nano_opt(hour, minute, second, nanos)
}

/// Where a wall-clock time lies on the time line of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Located {
    /// It happened once.
    Once(UtcMillis),
    /// The clock was put back and showed it twice.
    Twice(UtcMillis, UtcMillis),
    /// The clock was put forward over it, at `at`; it would have been shown `late_ms` after that.
    Never { at: UtcMillis, late_ms: i64 },
}

/// Finds a wall-clock time, given in milliseconds as if it were UTC, in a zone.
pub(super) fn locate(offsets: &mut ZoneOffsets, local_ms: i64) -> Located {
    // No zone was ever more than 16 hours from UTC, so every candidate lies within.
    let last = UtcMillis(local_ms.saturating_add(16 * HOUR_MS));
    let mut period = offsets.period(UtcMillis(local_ms.saturating_sub(16 * HOUR_MS)));
    let mut found: Option<UtcMillis> = None;
    let mut gap = None;
    loop {
        let at = UtcMillis(local_ms.saturating_sub(period.offset_ms));
        if period.from <= at && at < period.until {
            if let Some(first) = found {
                return Located::Twice(first, at);
            }
            found = Some(at);
        }
        if period.until > last {
            break;
        }
        let next = offsets.period(period.until);
        let late_ms = local_ms
            .saturating_sub(period.offset_ms)
            .saturating_sub(next.from.0);
        let is_skipped = late_ms >= 0 && local_ms < next.from.0.saturating_add(next.offset_ms);
        if is_skipped {
            gap = Some(Located::Never {
                at: next.from,
                late_ms,
            });
        }
        period = next;
    }
    match (found, gap) {
        (Some(at), _) => Located::Once(at),
        (None, Some(gap)) => gap,
        // Not reachable: a time that is in no period lies in a gap between two.
        (None, None) => Located::Once(UtcMillis(local_ms)),
    }
}

/// The moment of a weigh-in.
///
/// With an offset it is that instant. Without one the zone decides: of a time shown twice the first is taken, a time
/// that the clock skipped is moved forward by the length of the gap. Without a time of day it is a date.
/// Errors: a time of day with neither offset nor zone.
pub(super) fn moment(
    field: &str,
    written: Written,
    zone: Option<&mut ZoneOffsets>,
) -> Result<WeighInTime, ImportReason> {
    let Some(time) = written.time else {
        return Ok(WeighInTime::DateOnly(written.date));
    };
    let local_ms = local_millis(written.date.and_time(time));
    let sub_ms_ns = time.nanosecond() % 1_000_000;
    match (written.offset_s, zone) {
        (Some(offset_s), _) => Ok(WeighInTime::Timed {
            at: UtcMillis(local_ms.saturating_sub(i64::from(offset_s).saturating_mul(1000))),
            sub_ms_ns,
            offset_s,
            zone: None,
        }),
        (None, Some(offsets)) => {
            let at = match locate(offsets, local_ms) {
                Located::Once(at) | Located::Twice(at, _) => at,
                Located::Never { at, late_ms } => at.plus(late_ms),
            };
            Ok(in_zone(at, sub_ms_ns, offsets))
        }
        (None, None) => Err(ImportReason::bad(
            field.to_owned(),
            "has neither an offset nor a zone",
        )),
    }
}

/// An instant with the offset that a zone had then.
pub(super) fn in_zone(at: UtcMillis, sub_ms_ns: u32, offsets: &mut ZoneOffsets) -> WeighInTime {
    WeighInTime::Timed {
        at,
        sub_ms_ns,
        offset_s: i32::try_from(offsets.period(at).offset_ms / 1000).unwrap_or(0),
        zone: Some(offsets.zone()),
    }
}

/// A wall-clock time in milliseconds, as if it were UTC.
pub(super) fn local_millis(local: NaiveDateTime) -> i64 {
    local.and_utc().timestamp_millis()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Tz, parse_zone};

    fn zone(name: &str) -> ZoneOffsets {
        ZoneOffsets::new(parse_zone(name).unwrap())
    }

    fn read(text: &str, order: DateOrder) -> Option<String> {
        let written = parse_written(text, order)?;
        Some(format!(
            "{} {:?} {:?}",
            written.date, written.time, written.offset_s
        ))
    }

    #[test]
    fn common_forms_of_a_date_are_understood() {
        use DateOrder::{DayFirst, MonthFirst, YearFirst};
        for (text, order, date) in [
            ("2026-04-01", YearFirst, "2026-04-01"),
            ("2026/4/1", YearFirst, "2026-04-01"),
            ("4/1/2026", MonthFirst, "2026-04-01"),
            ("04/01/2026", DayFirst, "2026-01-04"),
            ("1.4.2026", DayFirst, "2026-04-01"),
            ("2026-04-01", DayFirst, "2026-04-01"),
        ] {
            assert_eq!(read(text, order), Some(format!("{date} None None")), "{text}");
        }
        for (text, order) in [
            ("4/1/2026", YearFirst),
            ("13/1/2026", MonthFirst),
            ("1/13/2026", DayFirst),
            ("1/1/26", MonthFirst),
            ("2026-02-30", YearFirst),
            ("2026-4-1", YearFirst),
            ("0026-04-01", YearFirst),
            ("2026-04-01T", YearFirst),
            ("2026-04-01 ", YearFirst),
            ("", YearFirst),
            ("today", YearFirst),
        ] {
            let understood = read(text, order);
            assert_eq!(understood.is_some(), text.ends_with(' '), "{text}");
        }
    }

    #[test]
    fn common_forms_of_a_time_are_understood() {
        use DateOrder::{MonthFirst, YearFirst};
        for (text, order, rest) in [
            (
                "2026-04-01T07:05:00+09:00",
                YearFirst,
                "Some(07:05:00) Some(32400)",
            ),
            ("2026-04-01t07:05:00.25z", YearFirst, "Some(07:05:00.250) Some(0)"),
            (
                "2026-04-01 07:05:00 -0330",
                YearFirst,
                "Some(07:05:00) Some(-12600)",
            ),
            ("2026-04-01 7:05", YearFirst, "Some(07:05:00) None"),
            ("4/1/2026 12:05:09 AM", MonthFirst, "Some(00:05:09) None"),
            ("4/1/2026 12:05 pm", MonthFirst, "Some(12:05:00) None"),
            ("4/1/2026 11:59:59 PM", MonthFirst, "Some(23:59:59) None"),
            (
                "2026-04-01T00:00:00.1234567899Z",
                YearFirst,
                "Some(00:00:00.123456789) Some(0)",
            ),
        ] {
            assert_eq!(read(text, order), Some(format!("2026-04-01 {rest}")), "{text}");
        }
        for text in [
            "2026-04-01T24:00:00Z",
            "2026-04-01T07:60:00Z",
            "2026-04-01T07:05:60Z",
            "2026-04-01T07",
            "2026-04-01T07:05:00.",
            "2026-04-01T07:05:00+9",
            "2026-04-01T07:05:00+09:0",
            "2026-04-01T07:05:00+0é",
            "2026-04-01T07:05:00+24:00",
            "2026-04-01 13:05 PM",
            "2026-04-01 0:05 AM",
            "2026-04-01 07:05:00 XM",
            "2026-04-01T07:05:00:00",
        ] {
            assert_eq!(read(text, YearFirst), None, "{text}");
        }
    }

    #[test]
    fn a_local_time_is_found_in_its_zone_also_when_the_clock_changes() {
        let local = |text: &str| {
            let written = parse_written(text, DateOrder::YearFirst).unwrap();
            local_millis(written.date.and_time(written.time.unwrap()))
        };
        let at = |text: &str| UtcMillis(local(text));
        for (name, text, expected) in [
            (
                "Asia/Tokyo",
                "2026-04-01 07:00",
                Located::Once(at("2026-03-31 22:00")),
            ),
            (
                "Europe/Berlin",
                "2026-10-25 02:10",
                Located::Twice(at("2026-10-25 00:10"), at("2026-10-25 01:10")),
            ),
            (
                "Europe/Berlin",
                "2026-03-29 02:10",
                Located::Never {
                    at: at("2026-03-29 01:00"),
                    late_ms: 600_000,
                },
            ),
            (
                "Europe/Berlin",
                "2026-03-29 03:00",
                Located::Once(at("2026-03-29 01:00")),
            ),
            (
                "Pacific/Apia",
                "2011-12-30 12:00",
                Located::Never {
                    at: at("2011-12-30 10:00"),
                    late_ms: 12 * HOUR_MS,
                },
            ),
            (
                "Asia/Tokyo",
                "2026-01-01 00:00",
                Located::Once(at("2025-12-31 15:00")),
            ),
        ] {
            assert_eq!(locate(&mut zone(name), local(text)), expected, "{name} {text}");
        }
    }

    #[test]
    fn a_weigh_in_at_a_time_the_clock_skipped_is_moved_forward() {
        let written = parse_written("2026-03-29 02:10", DateOrder::YearFirst).unwrap();
        let when = moment("at", written, Some(&mut zone("Europe/Berlin"))).unwrap();
        let ten_past_one_utc = UtcMillis(1_774_746_600_000);
        let expected = WeighInTime::Timed {
            at: ten_past_one_utc,
            sub_ms_ns: 0,
            offset_s: 7200,
            zone: Some(Tz::Europe__Berlin),
        };
        assert_eq!(when, expected);
    }

    #[test]
    fn a_time_without_offset_or_zone_is_refused() {
        let written = parse_written("2026-03-29 02:10", DateOrder::YearFirst).unwrap();
        let error = moment("at", written, None).unwrap_err();
        assert_eq!(error.to_string(), "at has neither an offset nor a zone");
    }
}
