//! What a person enters or an import brings, and what is handed back.

use chrono::{Datelike as _, NaiveDate};
use chrono_tz::Tz;

use super::{Waist, WeighInId, Weight};
use crate::time::{DayStart, UtcMillis};

/// The unit in which a weight was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MassUnit {
    /// Kilograms.
    Kilogram,
    /// Pounds of 0.45359237 kg.
    Pound,
    /// Stone of 14 lb; typed as `10 st 4` or as a decimal number of stone.
    Stone,
}

impl MassUnit {
    /// The usual short form, `kg`, `lb` or `st`; the same in every language.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Kilogram => "kg",
            Self::Pound => "lb",
            Self::Stone => "st",
        }
    }

    /// The unit with this short form.
    #[must_use]
    pub fn from_symbol(symbol: &str) -> Option<Self> {
        [Self::Kilogram, Self::Pound, Self::Stone]
            .into_iter()
            .find(|unit| unit.symbol() == symbol)
    }
}

/// When a weigh-in happened: an instant with its local offset, or a date without a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeighInTime {
    /// A moment.
    Timed {
        /// The instant, cut to milliseconds.
        at: UtcMillis,
        /// Nanoseconds after `at`, 0 to 999,999. Exports carry them and two readings may differ in them alone.
        sub_ms_ns: u32,
        /// Local time minus UTC at that moment, in seconds.
        offset_s: i32,
        /// The zone, where it is known.
        zone: Option<Tz>,
    },
    /// A date; the time of day is not known and never made up.
    DateOnly(NaiveDate),
}

/// No place was ever further from UTC.
const WIDEST_OFFSET_S: u32 = 24 * 3600;

impl WeighInTime {
    /// Whether the date lies in the years 2000 to 2099 and every part is possible.
    ///
    /// A clock that was never set and a slip in the year are refused: no trend can hold both 1970 and today. The
    /// calendar date decides and not the instant, because New Year's morning in Tokyo is still the old year in UTC.
    #[must_use]
    pub fn is_plausible(&self) -> bool {
        let is_possible = match *self {
            Self::Timed {
                sub_ms_ns, offset_s, ..
            } => sub_ms_ns <= 999_999 && offset_s.unsigned_abs() < WIDEST_OFFSET_S,
            Self::DateOnly(_) => true,
        };
        is_possible && (2000..2100).contains(&self.date(DayStart::MIDNIGHT).year())
    }
}

/// A weigh-in to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWeighIn {
    /// When.
    pub when: WeighInTime,
    /// The digits as typed, for example `63.5`.
    pub typed: String,
    /// The unit of `typed`.
    pub unit: MassUnit,
    /// Waist circumference, if measured.
    pub waist: Option<Waist>,
    /// Where it came from: `typed` for the person herself, else the name of the import.
    pub source: String,
}

/// A weight as it was typed, not yet read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedWeight {
    /// The digits as typed.
    pub typed: String,
    /// Their unit.
    pub unit: MassUnit,
}

/// What to change of a weigh-in. The default changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WeighInEdit {
    /// Another time; `None` keeps it.
    pub when: Option<WeighInTime>,
    /// Another weight; `None` keeps it.
    pub weight: Option<TypedWeight>,
    /// What happens to the waist.
    pub waist: WaistEdit,
}

/// What an edit does to the waist of a weigh-in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WaistEdit {
    /// Leaves it.
    #[default]
    Keep,
    /// Takes it away: it was not measured.
    Remove,
    /// Sets another one.
    Set(Waist),
}

/// A weigh-in as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeighIn {
    /// Its name.
    pub id: WeighInId,
    /// The person's date (day start applied).
    pub date: NaiveDate,
    /// When.
    pub when: WeighInTime,
    /// The digits as typed.
    pub typed: String,
    /// The unit of `typed`.
    pub unit: MassUnit,
    /// What was typed, in units of 10 g.
    pub weight: Weight,
    /// Waist circumference, if measured.
    pub waist: Option<Waist>,
    /// `typed`, or the name of the import.
    pub source: String,
}
