//! The replay command for weight: a strict CSV in, the days and the summary out. Source: weight.md section 10.

use chrono::NaiveDate;
use serde::{Serialize, Serializer};

use super::goal::{GoalReason, GoalWeight, Latest, goal_status, is_reached};
use super::{MassUnit, Reading, Tau, WeighInTime, Weight, WeightTextError, day_values, slope, trend};
use crate::time::{DayStart, UtcMillis, format_date, parse_date};

const HEADER: &str = "at,weight_kg";

/// The options of the command.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ReplayOptions {
    /// Time constant of the trend.
    pub tau: Tau,
    /// Goal weight.
    pub goal: Option<GoalWeight>,
    /// Where the day begins.
    pub day_start: DayStart,
    /// Today, for `stale`; the date of the last reading if not given.
    pub today: Option<NaiveDate>,
}

/// The answer; serialised, it is the JSON of weight.md 10.2.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplayOutput {
    /// Dates with at least one reading, ascending.
    pub days: Vec<ReplayDay>,
    /// What the last day says.
    pub summary: ReplaySummary,
}

/// One date of the answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplayDay {
    /// `YYYY-MM-DD`.
    pub date: String,
    /// Readings of the date, double imports counted once.
    pub readings: u32,
    /// Day value in kilograms.
    #[serde(serialize_with = "four_decimals")]
    pub day_value_kg: f64,
    /// Trend in kilograms.
    #[serde(serialize_with = "four_decimals")]
    pub trend_kg: f64,
}

/// The end of the answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplaySummary {
    /// Trend of the last day, `None` without data.
    #[serde(serialize_with = "four_decimals_or_null")]
    pub latest_trend_kg: Option<f64>,
    /// Slope, `None` if its gates are not passed.
    #[serde(serialize_with = "four_decimals_or_null")]
    pub slope_kg_per_week: Option<f64>,
    /// `YYYY-MM-DD`, only with [`GoalReason::Ok`].
    pub goal_date: Option<String>,
    /// Why there is a goal date or none.
    pub goal_reason: GoalReason,
}

/// Why a file is malformed, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct ReplayError {
    /// Line, from 1, blank ones counted.
    pub line: usize,
    /// What is wrong with it.
    pub reason: ReplayReason,
}

/// What is wrong with a line of a replay file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplayReason {
    /// Bytes that are not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// The first line that is not blank is another one.
    #[error("the header at,weight_kg is missing")]
    NoHeader,
    /// More or fewer than two fields.
    #[error("not two fields")]
    NotTwoFields,
    /// The first field is neither a date nor a date-time with an offset.
    #[error("not a date such as 2026-04-01 nor a date-time such as 2026-04-01T07:05:00+09:00")]
    BadTime,
    /// The second field is not a plain decimal number.
    #[error("not a weight such as 70.4")]
    BadWeight,
    /// The second field lies outside 2 to 500 kg.
    #[error("the weight is not between 2 and 500 kg")]
    WeightOutOfRange,
}

/// Reads a replay file.
///
/// Shapes: the readings in the order of the rows, times in any order.
/// Errors: the first malformed line, see [`ReplayReason`].
/// Source: weight.md 10.1.
pub fn parse_replay(file: &[u8]) -> Result<Vec<Reading>, ReplayError> {
    let mut readings = Vec::new();
    let mut has_header = false;
    for (line, bytes) in (1..).zip(file.split_inclusive(|byte| *byte == b'\n')) {
        let error = |reason| ReplayError { line, reason };
        let text = std::str::from_utf8(bytes).map_err(|_| error(ReplayReason::NotUtf8))?;
        // A carriage return counts as an end of line only before a line feed; elsewhere it is a stray character.
        let text = text
            .strip_suffix("\r\n")
            .or_else(|| text.strip_suffix('\n'))
            .unwrap_or(text);
        let text = trim_blanks(text);
        if text.is_empty() {
            continue;
        }
        if has_header {
            readings.push(parse_row(text).map_err(error)?);
        } else if text == HEADER {
            has_header = true;
        } else {
            return Err(error(ReplayReason::NoHeader));
        }
    }
    if has_header {
        Ok(readings)
    } else {
        Err(ReplayError {
            line: 1,
            reason: ReplayReason::NoHeader,
        })
    }
}

/// Replays a file: reads it, derives days and trend, and sums up.
///
/// Errors: as [`parse_replay`].
/// Source: weight.md section 10.
pub fn replay(file: &[u8], options: &ReplayOptions) -> Result<ReplayOutput, ReplayError> {
    let readings = parse_replay(file)?;
    let days = trend(None, &day_values(&readings, options.day_start), options.tau);
    let slope = slope(&days);
    let latest = days.last().map(|day| Latest {
        date: day.date,
        trend_kg: day.trend_kg,
    });
    let today = options
        .today
        .or(latest.map(|latest| latest.date))
        .unwrap_or_default();
    let values = || days.iter().map(|day| day.trend_kg);
    let goal = goal_status(
        options.goal,
        latest,
        today,
        |goal| is_reached(goal, values(), values().rev()),
        slope.as_ref(),
    );
    Ok(ReplayOutput {
        summary: ReplaySummary {
            latest_trend_kg: latest.map(|latest| latest.trend_kg),
            slope_kg_per_week: slope.map(|slope| slope.kg_per_week()),
            goal_date: goal.date.map(format_date),
            goal_reason: goal.reason,
        },
        days: days
            .iter()
            .map(|day| ReplayDay {
                date: format_date(day.date),
                readings: day.readings,
                day_value_kg: day.weight.kilograms(),
                trend_kg: day.trend_kg,
            })
            .collect(),
    })
}

fn trim_blanks(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

fn parse_row(row: &str) -> Result<Reading, ReplayReason> {
    let (at, weight) = row
        .split_once(',')
        .filter(|(_, weight)| !weight.contains(','))
        .ok_or(ReplayReason::NotTwoFields)?;
    let when = parse_at(trim_blanks(at)).ok_or(ReplayReason::BadTime)?;
    let weight = trim_blanks(weight);
    // `Weight::parse` forgives any white space around a number; here only blanks may stand there.
    if weight.contains(|c: char| c.is_whitespace()) {
        return Err(ReplayReason::BadWeight);
    }
    let weight = Weight::parse(weight, MassUnit::Kilogram).map_err(|error| match error {
        WeightTextError::OutOfRange => ReplayReason::WeightOutOfRange,
        WeightTextError::Malformed | WeightTextError::TooManyDigits => ReplayReason::BadWeight,
    })?;
    Ok(Reading { when, weight })
}

/// A plain date, or an RFC 3339 date-time with seconds 00 to 59 and an offset. Of a fraction nine digits count.
fn parse_at(text: &str) -> Option<WeighInTime> {
    let Some((date, time)) = text.split_once(['T', 't']) else {
        return parse_date(text).map(WeighInTime::DateOnly);
    };
    let date = parse_date(date)?;
    let (clock, rest) = time.split_at_checked(8)?;
    let [h0, h1, b':', m0, m1, b':', s0, s1] = *<&[u8; 8]>::try_from(clock.as_bytes()).ok()? else {
        return None;
    };
    let local = date.and_hms_opt(two_digits(h0, h1)?, two_digits(m0, m1)?, two_digits(s0, s1)?)?;
    let (fraction, offset) = match rest.strip_prefix('.') {
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit()).filter(|end| *end > 0)?;
            rest.split_at_checked(end)?
        }
        None => ("", rest),
    };
    let offset_s = parse_offset(offset)?;
    let nanoseconds = fraction
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(9)
        .fold(0_u32, |value, digit| {
            value.saturating_mul(10).saturating_add(u32::from(digit & 0x0f))
        });
    let whole_s = local.and_utc().timestamp().saturating_sub(i64::from(offset_s));
    Some(WeighInTime::Timed {
        at: UtcMillis(whole_s.saturating_mul(1000)).plus(i64::from(nanoseconds / 1_000_000)),
        sub_ms_ns: nanoseconds % 1_000_000,
        offset_s,
        zone: None,
    })
}

/// `Z`, `z` or `+hh:mm`, in seconds.
fn parse_offset(text: &str) -> Option<i32> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] = *<&[u8; 6]>::try_from(text.as_bytes()).ok()? else {
        return None;
    };
    let (hours, minutes) = (two_digits(h0, h1)?, two_digits(m0, m1)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = i32::try_from(
        hours
            .saturating_mul(3600)
            .saturating_add(minutes.saturating_mul(60)),
    )
    .ok()?;
    Some(if sign == b'-' {
        seconds.saturating_neg()
    } else {
        seconds
    })
}

fn two_digits(tens: u8, ones: u8) -> Option<u32> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u32::from(byte & 0x0f));
    Some(digit(tens)?.saturating_mul(10).saturating_add(digit(ones)?))
}

/// Half away from zero to four decimals, without a negative zero. Only for printing.
fn rounded(number: f64) -> f64 {
    // `f64::round` rounds halves away from zero; adding 0 turns -0 into 0.
    (number * 10_000.0).round() / 10_000.0 + 0.0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn four_decimals<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(rounded(*number))
}

#[expect(clippy::ref_option, reason = "the signature that serde asks for")]
fn four_decimals_or_null<S: Serializer>(number: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match number {
        Some(number) => four_decimals(number, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]
#[path = "replay_tests.rs"]
mod tests;
