//! What is measured and marked: steps, weight, articles, settings.

use serde::{Deserialize, Serialize};

use super::{Check, each};
use crate::id::{ArticleId, WeighInId};
use crate::limits::{self, LimitError, check};
use crate::time::{LocalDate, UtcMillis, ZoneName};

/// `steps.day`: all that is known about one date on one device. Raw readings stay on the phone.
///
/// Missing is not zero: `sensor_steps` is absent on a date that was not measured, and an hour without a slot was not measured either.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepsDay {
    /// Her date, with her day start applied.
    pub date: LocalDate,
    /// Rises with each report of this device about this date; the highest counts.
    pub revision: u32,
    /// What the sensors counted: the sum of `hours`; absent if nothing was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000))]
    pub sensor_steps: Option<i64>,
    /// Her own correction, as a difference to the sensors; it belongs to the day and to no hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = -1_000_000, maximum = 1_000_000))]
    pub correction_steps: Option<i64>,
    /// Steps that were not believed and not counted.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 0))]
    pub quarantined_steps: i64,
    /// The zone in which the date was lived, the last one on a day of travel.
    pub zone: ZoneName,
    /// The date covered more or less than a day because she changed zones.
    #[serde(default)]
    pub is_travel_day: bool,
    /// The measured hours in their order, those with 0 steps included.
    #[cfg_attr(feature = "openapi", schema(max_items = 100))]
    pub hours: Vec<HourSlot>,
    /// Stretches in which she had stopped the counting, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 200))]
    pub paused: Vec<Span>,
    /// Stretches that do not count, in their order; why is not told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 200))]
    pub excluded: Vec<Span>,
}

/// The sensor steps of one hour slot.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HourSlot {
    /// First instant of the slot.
    pub start_at_ms: UtcMillis,
    /// Sensor steps.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1_000_000))]
    pub steps: i64,
}

/// A stretch of time, its end not included.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Span {
    /// First instant.
    pub from_at_ms: UtcMillis,
    /// First instant after it.
    pub to_at_ms: UtcMillis,
}

impl Check for StepsDay {
    fn check(&self) -> Result<(), LimitError> {
        if let Some(steps) = self.sensor_steps {
            check::range("sensor_steps", steps, 0, limits::STEPS)?;
        }
        if let Some(steps) = self.correction_steps {
            check::range("correction_steps", steps, -limits::STEPS, limits::STEPS)?;
        }
        check::range("quarantined_steps", self.quarantined_steps, 0, i64::MAX)?;
        each("hours", &self.hours, limits::HOUR_SLOTS, |slot| {
            check::range("steps", slot.steps, 0, limits::STEPS)
        })?;
        check::agree(
            "hours",
            self.hours.is_sorted_by(|a, b| a.start_at_ms < b.start_at_ms),
        )?;
        // At most 100 slots of a million each.
        let sum: i64 = self.hours.iter().map(|slot| slot.steps).sum();
        check::agree("sensor_steps", self.sensor_steps.unwrap_or(0) == sum)?;
        let span = |span: &Span| check::agree("to_at_ms", span.from_at_ms < span.to_at_ms);
        each("paused", &self.paused, limits::SPANS, span)?;
        each("excluded", &self.excluded, limits::SPANS, span)
    }
}

words! {
    /// The unit in which a weight was typed.
    pub enum MassUnit: "a unit of mass" {
        /// Kilograms.
        Kilogram = "kg",
        /// Pounds of 0.45359237 kg.
        Pound = "lb",
        /// Stone of 14 lb.
        Stone = "st",
    }
}

word_type! {
    /// Where a weigh-in came from: `typed` for the person herself, else the name of the import.
    pub struct WeightSource: "the source of a weigh-in"
}

/// When a weigh-in happened. A date without a time stays one: no time of day is made up.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Measured {
    /// A moment.
    At {
        /// The instant.
        at_ms: UtcMillis,
        /// Nanoseconds after it, 0 to 999,999: exports carry them, and two readings may differ in them alone.
        #[serde(default)]
        sub_ms_ns: u32,
        /// Local time minus UTC at that moment, in seconds, less than a day.
        utc_offset_s: i32,
        /// The zone, where it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        zone: Option<ZoneName>,
    },
    /// A date of which no time is known.
    On(LocalDate),
}

/// `weight.recorded`: a weigh-in, new or edited; it stands for the whole weigh-in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WeightRecorded {
    /// The weigh-in, over all its edits.
    pub weight_id: WeighInId,
    /// When she stood on the scale.
    pub measured: Measured,
    /// The digits as typed.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    pub typed: String,
    /// Their unit.
    pub unit: MassUnit,
    /// The weight in units of 10 g.
    #[cfg_attr(feature = "openapi", schema(minimum = 200, maximum = 50000))]
    pub weight_10g: u32,
    /// Waist circumference (腹囲) in millimetres, if it was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 100, maximum = 3000))]
    pub waist_mm: Option<u32>,
    /// Where it came from.
    pub source: WeightSource,
}

/// 24 hours; no offset reaches it.
const DAY_S: i32 = 86_400;

impl Check for WeightRecorded {
    fn check(&self) -> Result<(), LimitError> {
        if let Measured::At {
            sub_ms_ns,
            utc_offset_s,
            ..
        } = self.measured
        {
            check::range("sub_ms_ns", sub_ms_ns, 0, 999_999)?;
            check::range("utc_offset_s", utc_offset_s, 1 - DAY_S, DAY_S - 1)?;
        }
        check::text("typed", &self.typed, limits::TYPED_CHARS)?;
        check_measures(Some(self.weight_10g), self.waist_mm)
    }
}

/// Weight and waist, wherever they stand.
pub(super) fn check_measures(weight_10g: Option<u32>, waist_mm: Option<u32>) -> Result<(), LimitError> {
    if let Some(weight) = weight_10g {
        check::range(
            "weight_10g",
            weight,
            limits::WEIGHT_LEAST_10G,
            limits::WEIGHT_MOST_10G,
        )?;
    }
    waist_mm.map_or(Ok(()), |waist| {
        check::range("waist_mm", waist, limits::WAIST_LEAST_MM, limits::WAIST_MOST_MM)
    })
}

/// `weight.deleted`: a weigh-in is taken back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WeightDeleted {
    /// The weigh-in.
    pub weight_id: WeighInId,
}

impl Check for WeightDeleted {}

/// `article.bookmarked`: a bookmark set or taken away.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ArticleBookmarked {
    /// The article.
    pub article_id: ArticleId,
    /// Whether it is marked from now on.
    pub is_bookmarked: bool,
}

impl Check for ArticleBookmarked {}

/// `article.read`: how far an article was read.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ArticleRead {
    /// The article.
    pub article_id: ArticleId,
    /// The version that was read.
    pub version: u32,
    /// How far down, in thousandths; 1,000 is the end.
    #[cfg_attr(feature = "openapi", schema(maximum = 1000))]
    pub read_permille: u16,
}

impl Check for ArticleRead {
    fn check(&self) -> Result<(), LimitError> {
        check::range("read_permille", self.read_permille, 0, 1000)
    }
}

word_type! {
    /// The name of a setting, for example `steps.goal`.
    pub struct SettingKey: "the name of a setting"
}

/// `settings.changed`: a choice of hers, so that a new phone has it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SettingsChanged {
    /// The setting.
    pub key: SettingKey,
    /// Its value in the form that the setting has; null takes it back.
    #[serde(deserialize_with = "crate::word::nullable")]
    #[cfg_attr(feature = "openapi", schema(required = true, max_length = 4096))]
    pub value: Option<String>,
}

impl Check for SettingsChanged {
    fn check(&self) -> Result<(), LimitError> {
        check::length(
            "value",
            self.value.as_ref().map_or(0, String::len),
            limits::SETTING_BYTES,
        )
    }
}

silent_debug!(
    StepsDay,
    HourSlot,
    Span,
    Measured,
    WeightRecorded,
    WeightDeleted,
    ArticleBookmarked,
    ArticleRead,
    SettingsChanged
);

#[cfg(test)]
mod tests {
    use super::*;

    fn day(sensor_steps: Option<i64>, hours: &[(i64, i64)]) -> StepsDay {
        StepsDay {
            date: LocalDate::parse("2026-04-01").unwrap(),
            revision: 1,
            sensor_steps,
            correction_steps: None,
            quarantined_steps: 0,
            zone: ZoneName::parse("Asia/Tokyo").unwrap(),
            is_travel_day: false,
            hours: hours
                .iter()
                .map(|&(hour, steps)| HourSlot {
                    start_at_ms: UtcMillis(hour.saturating_mul(3_600_000)),
                    steps,
                })
                .collect(),
            paused: Vec::new(),
            excluded: Vec::new(),
        }
    }

    #[test]
    fn the_hours_of_a_day_add_up_to_its_sensor_steps() {
        assert_eq!(day(Some(30), &[(7, 10), (8, 20)]).check(), Ok(()));
        assert_eq!(day(Some(0), &[(7, 0)]).check(), Ok(()));
        assert_eq!(
            day(None, &[]).check(),
            Ok(()),
            "only corrected, or nothing any more"
        );
        for wrong in [
            day(Some(31), &[(7, 10), (8, 20)]),
            day(None, &[(7, 10)]),
            day(Some(30), &[(8, 20), (7, 10)]),
            day(Some(20), &[(8, 10), (8, 10)]),
            day(Some(-1), &[(8, -1)]),
        ] {
            assert!(wrong.check().is_err());
        }
    }

    #[test]
    fn a_date_that_was_not_measured_has_no_number_at_all() {
        let json = serde_json::to_string(&day(None, &[])).unwrap();
        assert!(!json.contains("sensor_steps"), "{json}");
    }

    #[test]
    fn a_weight_of_another_unit_is_refused() {
        assert_eq!(check_measures(Some(6350), Some(845)), Ok(()));
        assert_eq!(check_measures(None, None), Ok(()));
        for (weight_10g, waist_mm) in [
            (Some(199), None),
            (Some(50_001), None),
            (None, Some(99)),
            (None, Some(3001)),
        ] {
            assert!(check_measures(weight_10g, waist_mm).is_err());
        }
    }
}
