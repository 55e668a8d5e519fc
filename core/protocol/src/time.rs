//! Instants, dates and zones as they travel. Nothing here reads a clock or computes with days.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::word::{Text, bounded};

/// Largest whole number that every JSON reader keeps exactly: 2^53 - 1.
pub(crate) const LARGEST_EXACT: i64 = (1 << 53) - 1;

/// An instant in milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// Any instant is accepted, also 1970 and a far future: a wrong clock is no reason to lose a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct UtcMillis(pub i64);

impl<'de> Deserialize<'de> for UtcMillis {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bounded(deserializer, &(-LARGEST_EXACT..=LARGEST_EXACT)).map(Self)
    }
}

schema_of!(UtcMillis => crate::schema::integer(
    "An instant in milliseconds since 1970-01-01T00:00:00Z, without leap seconds.",
    -LARGEST_EXACT,
    LARGEST_EXACT,
));

/// A calendar date, 0001-01-01 to 9999-12-31; travels as `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalDate {
    year: u16,
    month: u8,
    day: u8,
}

impl LocalDate {
    /// The date; `None` if there is no such day.
    #[must_use]
    pub const fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if is_leap => 29,
            2 => 28,
            _ => return None,
        };
        if year == 0 || year > 9999 || day == 0 || day > days {
            return None;
        }
        Some(Self { year, month, day })
    }

    /// Year, month and day, both from 1.
    #[must_use]
    pub const fn parts(self) -> (u16, u8, u8) {
        (self.year, self.month, self.day)
    }

    /// Reads `YYYY-MM-DD`; `None` for another form and for a day that does not exist.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut number = |digits: usize| -> Option<u16> {
            let part = parts.next()?;
            let is_number = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| part.parse().ok())?
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        if parts.next().is_some() {
            return None;
        }
        Self::new(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
    }
}

impl fmt::Display for LocalDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Text for LocalDate {
    const EXPECTED: &'static str = "a date as YYYY-MM-DD";

    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Serialize for LocalDate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LocalDate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::word::deserialize(deserializer)
    }
}

schema_of!(LocalDate => crate::schema::date("A calendar date."));

/// The IANA name of a zone, for example `Asia/Tokyo`. Its form is checked, not whether such a zone exists: tables of zones differ
/// from device to device, and the offset travels beside the name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZoneName(Box<str>);

/// Names in use have at most 32 characters.
const LONGEST_ZONE_BYTES: usize = 64;

impl ZoneName {
    /// Reads a name; `None` unless it has 1 to 64 ASCII letters, digits and `/ _ - +`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_name = (1..=LONGEST_ZONE_BYTES).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"/_-+".contains(&byte));
        is_name.then(|| Self(text.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Text for ZoneName {
    const EXPECTED: &'static str = "the name of a zone";

    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Serialize for ZoneName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ZoneName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::word::deserialize(deserializer)
    }
}

schema_of!(ZoneName => crate::schema::text("The IANA name of a zone, for example `Asia/Tokyo`.", "^[A-Za-z0-9/_+-]{1,64}$"));

/// Local time minus UTC in minutes, -1,439 to 1,439.
///
/// It travels beside the name of the zone because the rules of zones change, and an old message keeps its time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct UtcOffset(i16);

/// No place was ever a day or more away from UTC.
const WIDEST_OFFSET_MIN: i16 = 24 * 60 - 1;

impl UtcOffset {
    /// An offset in minutes; `None` for a day or more.
    #[must_use]
    pub const fn from_minutes(minutes: i16) -> Option<Self> {
        if minutes < -WIDEST_OFFSET_MIN || minutes > WIDEST_OFFSET_MIN {
            return None;
        }
        Some(Self(minutes))
    }

    /// The offset in minutes.
    #[must_use]
    pub const fn minutes(self) -> i16 {
        self.0
    }
}

impl<'de> Deserialize<'de> for UtcOffset {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bounded(deserializer, &(-WIDEST_OFFSET_MIN..=WIDEST_OFFSET_MIN)).map(Self)
    }
}

schema_of!(UtcOffset => crate::schema::integer(
    "Local time minus UTC in minutes.",
    (-WIDEST_OFFSET_MIN).into(),
    WIDEST_OFFSET_MIN.into(),
));

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_days_that_exist_are_dates() {
        for text in ["2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"] {
            assert_eq!(LocalDate::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "2023-02-29",
            "1900-02-29",
            "2024-13-01",
            "2024-00-01",
            "2024-04-31",
            "2024-4-1",
            "24-04-01",
            "0000-01-01",
            "2024-01-01-",
            "2024-01-0x",
            "+024-01-01",
        ] {
            assert_eq!(LocalDate::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_that_a_reader_could_round_is_no_instant() {
        assert_eq!(
            serde_json::from_str::<UtcMillis>("-86400000").unwrap(),
            UtcMillis(-86_400_000)
        );
        for text in ["9007199254740992", "1e3", "1.5", "\"1\"", "null"] {
            assert!(serde_json::from_str::<UtcMillis>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_zone_is_a_name_and_no_path() {
        for name in ["Asia/Tokyo", "Etc/GMT+9", "America/Port-au-Prince", "UTC"] {
            assert_eq!(ZoneName::parse(name).unwrap().as_str(), name);
        }
        for name in ["", "../etc/passwd", "Asia Tokyo", "東京", &"A".repeat(65)] {
            assert_eq!(ZoneName::parse(name), None, "{name}");
        }
    }

    #[test]
    fn an_offset_is_less_than_a_day() {
        assert_eq!(serde_json::from_str::<UtcOffset>("540").unwrap().minutes(), 540);
        for text in ["1440", "-1440", "40000"] {
            assert!(serde_json::from_str::<UtcOffset>(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_date_is_read_as_it_is_written(year in 1u16..=9999, month in 1u8..=12, day in 1u8..=28) {
            let date = LocalDate::new(year, month, day).unwrap();
            prop_assert_eq!(LocalDate::parse(&date.to_string()), Some(date));
        }
    }
}
