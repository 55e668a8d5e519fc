//! What a person enters or an import brings.

use chrono::NaiveDate;
use chrono_tz::Tz;

use crate::time::UtcMillis;

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

/// A weigh-in to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWeighIn {
    /// When.
    pub when: WeighInTime,
    /// The digits as typed, for example `63.5`.
    pub typed: String,
    /// The unit of `typed`.
    pub unit: MassUnit,
    /// Waist circumference in millimetres, if measured.
    pub waist_mm: Option<u32>,
    /// Where it came from: `typed` for the person herself, else the name of the import.
    pub source: String,
}
