//! Instants, local dates and zones.
//!
//! Three kinds of time that are never mixed: [`UtcMillis`] (an instant), a calendar date
//! ([`chrono::NaiveDate`], the key of everything a person sees), and [`DayStart`] (where her day begins).
//! [`ZoneOffsets`] translates between them; nothing here adds 24 hours to reach the next day.
//!
//! Source: steps.md section 4.

mod calendar;
mod date;
mod zone;

pub use calendar::{CalendarUnit, WeekStart};
pub use chrono::NaiveDate;
pub use chrono_tz::Tz;
pub(crate) use date::last_text;
pub use date::{DateRange, format_date, parse_date};
pub(crate) use zone::date_of_local;
pub use zone::{HourSlot, OffsetPeriod, ZoneCache, ZoneOffsets, date_is_skipped, parse_zone};

/// Milliseconds in a minute, an hour and a UTC day (never a local day).
pub const MINUTE_MS: i64 = 60_000;
/// Milliseconds in an hour.
pub const HOUR_MS: i64 = 3_600_000;
/// Milliseconds in 24 hours. A length, never the way to the next local date.
pub const DAY_MS: i64 = 86_400_000;

/// An instant in milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct UtcMillis(pub i64);

impl UtcMillis {
    /// 2000-01-01T00:00:00Z: earlier readings come from a clock that was never set (steps.md 3.1, 5).
    pub const YEAR_2000: Self = Self(946_684_800_000);
    /// 2100-01-01T00:00:00Z: the end, not included, of the instants a reading may carry.
    pub const YEAR_2100: Self = Self(4_102_444_800_000);

    /// This instant moved by `ms`, kept at the ends of the range instead of wrapping.
    #[must_use]
    pub const fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this instant, negative if it lies before.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whether the instant lies in `[2000-01-01, 2100-01-01)` UTC.
    #[must_use]
    pub const fn is_plausible(self) -> bool {
        self.0 >= Self::YEAR_2000.0 && self.0 < Self::YEAR_2100.0
    }
}

impl From<ayumi_protocol::time::UtcMillis> for UtcMillis {
    fn from(at: ayumi_protocol::time::UtcMillis) -> Self {
        Self(at.0)
    }
}

impl From<UtcMillis> for ayumi_protocol::time::UtcMillis {
    fn from(at: UtcMillis) -> Self {
        Self(at.0)
    }
}

/// The wall-clock minute at which a person's day begins, `00:00` unless she chose another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct DayStart {
    minutes: u16,
}

impl DayStart {
    /// The day begins at midnight.
    pub const MIDNIGHT: Self = Self { minutes: 0 };

    /// A day start of `minutes` after midnight, 0 to 1,439; `None` outside.
    #[must_use]
    pub const fn from_minutes(minutes: u16) -> Option<Self> {
        if minutes < 1440 {
            Some(Self { minutes })
        } else {
            None
        }
    }

    /// Reads `HH:MM`, 00:00 to 23:59, two digits each.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (hours, minutes) = text.split_once(':')?;
        let two_digits = |part: &str| -> Option<u16> {
            (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse().ok())?
        };
        let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
        if hours < 24 && minutes < 60 {
            Self::from_minutes(hours.checked_mul(60)?.checked_add(minutes)?)
        } else {
            None
        }
    }

    /// Minutes after midnight, 0 to 1,439.
    #[must_use]
    pub const fn minutes(self) -> u16 {
        self.minutes
    }

    /// Milliseconds after midnight.
    #[must_use]
    pub const fn millis(self) -> i64 {
        (self.minutes as i64).saturating_mul(MINUTE_MS)
    }
}

impl std::fmt::Display for DayStart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}
