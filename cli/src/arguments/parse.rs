//! Texts of the command line as values; the error says what would have been right.

use ayumi_core::steps::LONGEST_SOURCE_NAME;
use ayumi_core::time::{DayStart, NaiveDate, Tz, UtcMillis, parse_date, parse_zone};
use ayumi_core::weight::{GoalWeight, Tau, Waist};
use ayumi_protocol::time::LocalDate;

/// A value, or the word `none` for taking it away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrNone<T>(pub Option<T>);

/// A moment as typed, with the offset that was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub at: UtcMillis,
    /// The nanoseconds after `at`, 0 to 999,999.
    pub sub_ms_ns: u32,
    pub offset_s: i32,
}

fn or_none<T>(text: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Result<OrNone<T>, String> {
    if text == "none" {
        Ok(OrNone(None))
    } else {
        read(text).map(|value| OrNone(Some(value)))
    }
}

pub(super) fn birth_date(text: &str) -> Result<LocalDate, String> {
    LocalDate::parse(text).ok_or_else(|| "not a date written YYYY-MM-DD".to_owned())
}

pub(super) fn step_count(text: &str) -> Result<OrNone<i64>, String> {
    or_none(text, |text| {
        text.parse()
            .map_err(|_| "not a whole number of steps, nor the word none".to_owned())
    })
}

pub(super) fn typed_or_none(text: &str) -> Result<OrNone<String>, String> {
    or_none(text, |text| Ok(text.to_owned()))
}

pub(super) fn waist(text: &str) -> Result<Waist, String> {
    Waist::parse_centimetres(text).map_err(|_| "not a waist from 10 to 300 cm such as 84.5".to_owned())
}

pub(super) fn waist_or_none(text: &str) -> Result<OrNone<Waist>, String> {
    or_none(text, waist)
}

pub(super) fn moment(text: &str) -> Result<Stamp, String> {
    let moment = chrono::DateTime::parse_from_rfc3339(text).map_err(|_| {
        "not a time written YYYY-MM-DDTHH:MM:SS with an offset such as +09:00 or Z".to_owned()
    })?;
    let nanos = moment.timestamp_subsec_nanos();
    // How chrono holds a leap second, which no instant of ours can express.
    if nanos >= 1_000_000_000 {
        return Err("not a time: seconds go from 00 to 59".to_owned());
    }
    Ok(Stamp {
        at: UtcMillis(moment.timestamp_millis()),
        sub_ms_ns: nanos % 1_000_000,
        offset_s: moment.offset().local_minus_utc(),
    })
}

pub(super) fn tau(text: &str) -> Result<Tau, String> {
    text.parse()
        .ok()
        .and_then(Tau::from_days)
        .ok_or_else(|| "not a number of days from 0.1 to 1000".to_owned())
}

pub(super) fn goal_weight(text: &str) -> Result<GoalWeight, String> {
    text.parse()
        .ok()
        .and_then(GoalWeight::from_kilograms)
        .ok_or_else(|| "not a weight from 2 to 500 kg".to_owned())
}

pub(super) fn zone(text: &str) -> Result<Tz, String> {
    parse_zone(text).ok_or_else(|| "not an IANA zone name; Asia/Tokyo is one".to_owned())
}

pub(super) fn date(text: &str) -> Result<NaiveDate, String> {
    parse_date(text).ok_or_else(|| "not an existing date written YYYY-MM-DD".to_owned())
}

/// A date that a person can have walked on.
pub(super) fn date_of_century(text: &str) -> Result<NaiveDate, String> {
    let date = date(text)?;
    if (2000..2100).contains(&chrono::Datelike::year(&date)) {
        Ok(date)
    } else {
        Err("not in the years 2000 to 2099".to_owned())
    }
}

pub(super) fn source_name(text: &str) -> Result<String, String> {
    if text.is_empty() {
        Err("the name of a source is not empty".to_owned())
    } else if text.chars().count() > LONGEST_SOURCE_NAME {
        Err(format!(
            "the name of a source has at most {LONGEST_SOURCE_NAME} characters"
        ))
    } else {
        Ok(text.to_owned())
    }
}

pub(super) fn day_start(text: &str) -> Result<DayStart, String> {
    DayStart::parse(text).ok_or_else(|| "not a time of day written HH:MM, 00:00 to 23:59".to_owned())
}
