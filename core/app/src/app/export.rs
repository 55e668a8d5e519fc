//! Everything the person entered, as plain records for a shell to write down.
//!
//! What she typed comes back exactly; day totals stand beside it, so that the numbers she saw can be taken along. Raw sensor
//! readings are not part of it.

use chrono::{DateTime, FixedOffset, SecondsFormat, TimeDelta};
use serde::Serialize;

use super::AppError;
use crate::settings;
use crate::steps;
use crate::store::{Reader, zones as zone_table};
use crate::time::{DateRange, Tz, UtcMillis, format_date};
use crate::weight::{self, Waist, WeighIn, WeighInTime};

/// Version of the form below; a reader of another version should not guess.
const FORMAT_VERSION: u32 = 1;

/// Everything the person entered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Export {
    /// Always `ayumi`.
    pub format: &'static str,
    /// Version of this form.
    pub format_version: u32,
    /// Epoch ms UTC at which it was made.
    pub exported_at_ms: UtcMillis,
    /// The zone she was in last, as an IANA name.
    pub zone: Option<&'static str>,
    /// What she chose.
    pub settings: ExportedSettings,
    /// Weigh-ins that she has not deleted, ascending by date, then time.
    pub weigh_ins: Vec<ExportedWeighIn>,
    /// Days that she corrected, ascending.
    pub step_corrections: Vec<ExportedCorrection>,
    /// Stretches in which she stopped counting, ascending by start.
    pub step_pauses: Vec<ExportedPause>,
    /// Stretches that do not count, ascending by start.
    pub step_exclusions: Vec<ExportedExclusion>,
    /// Days with steps, ascending; what is not listed is unknown.
    pub step_days: Vec<ExportedDay>,
}

/// Settings that have a meaning outside the app.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExportedSettings {
    /// Wall-clock time at which her day begins, `HH:MM`.
    pub day_start: String,
    /// Daily goal in steps.
    pub step_goal: Option<i64>,
    /// Order of the step sources, best first.
    pub step_source_priority: Vec<String>,
    /// Unit in which weights are shown: `kg`, `lb` or `st`.
    pub weight_unit: &'static str,
    /// Goal weight as typed.
    pub weight_goal: Option<String>,
    /// Unit of the goal weight.
    pub weight_goal_unit: Option<&'static str>,
    /// Time constant of the trend in days.
    pub weight_trend_days: f64,
    /// Weight at the checkup, in units of 10 g.
    pub checkup_weight_10g: Option<u32>,
    /// Waist at the checkup, in millimetres.
    pub checkup_waist_mm: Option<u32>,
}

/// One weigh-in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExportedWeighIn {
    /// Its id.
    pub id: String,
    /// Local time with offset (RFC 3339), or a plain date if no time is known.
    pub at: String,
    /// The digits as typed.
    pub typed: String,
    /// The unit in which they were typed: `kg`, `lb` or `st`.
    pub unit: &'static str,
    /// The stored weight in kilograms with two decimals, as every computation sees it.
    pub weight_kg: String,
    /// Waist in millimetres; `None` if it was not measured.
    pub waist_mm: Option<u32>,
    /// `typed`, or the import it came with.
    pub source: String,
}

/// A corrected day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExportedCorrection {
    /// Her date.
    pub date: String,
    /// The steps she said it was.
    pub requested_steps: i64,
    /// The difference to the sensor at that time.
    pub correction: i64,
}

/// A pause.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExportedPause {
    /// Epoch ms UTC, first instant that does not count.
    pub start_ms: UtcMillis,
    /// Epoch ms UTC, first instant that counts again; `None` if it has not ended.
    pub end_ms: Option<UtcMillis>,
}

/// A stretch that does not count.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExportedExclusion {
    /// Epoch ms UTC, first instant that does not count.
    pub start_ms: UtcMillis,
    /// Epoch ms UTC, first instant that counts again.
    pub end_ms: UtcMillis,
    /// Why, as it was given.
    pub reason: Option<String>,
}

/// A day with steps.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExportedDay {
    /// Her date.
    pub date: String,
    /// What is shown.
    pub steps: Option<i64>,
    /// What the sensors counted; `None` if nothing was measured.
    pub sensor_steps: Option<i64>,
}

pub(super) fn export(reader: &Reader<'_>, now: UtcMillis) -> Result<Export, AppError> {
    let all = DateRange::ALL;
    let goal = settings::weight_goal(reader)?;
    let checkup = settings::checkup(reader)?;
    Ok(Export {
        format: "ayumi",
        format_version: FORMAT_VERSION,
        exported_at_ms: now,
        zone: zone_table::history(reader)?.latest().map(Tz::name),
        settings: ExportedSettings {
            day_start: settings::day_start(reader)?.to_string(),
            step_goal: settings::step_goal(reader)?,
            step_source_priority: steps::priority(reader)?,
            weight_unit: settings::weight_unit(reader)?.symbol(),
            weight_goal_unit: goal.as_ref().map(|goal| goal.typed.unit.symbol()),
            weight_goal: goal.map(|goal| goal.typed.typed),
            weight_trend_days: settings::weight_tau(reader)?.days(),
            checkup_weight_10g: checkup.weight_10g,
            checkup_waist_mm: checkup.waist_mm,
        },
        weigh_ins: weight::weigh_ins(reader, all)?
            .into_iter()
            .map(weigh_in)
            .collect(),
        step_corrections: steps::corrections(reader)?
            .into_iter()
            .map(|correction| ExportedCorrection {
                date: format_date(correction.date),
                requested_steps: correction.requested_steps,
                correction: correction.correction,
            })
            .collect(),
        step_pauses: steps::pauses(reader)?
            .into_iter()
            .map(|pause| ExportedPause {
                start_ms: pause.start,
                end_ms: pause.end,
            })
            .collect(),
        step_exclusions: steps::exclusions(reader)?
            .into_iter()
            .map(|exclusion| ExportedExclusion {
                start_ms: exclusion.start,
                end_ms: exclusion.end,
                reason: exclusion.reason,
            })
            .collect(),
        step_days: steps::days(reader, all)?
            .into_iter()
            .map(|day| ExportedDay {
                date: format_date(day.date),
                steps: day.steps,
                sensor_steps: day.sensor_steps,
            })
            .collect(),
    })
}

fn weigh_in(weigh_in: WeighIn) -> ExportedWeighIn {
    ExportedWeighIn {
        id: weigh_in.id.to_string(),
        at: match weigh_in.when {
            WeighInTime::DateOnly(date) => format_date(date),
            WeighInTime::Timed {
                at,
                sub_ms_ns,
                offset_s,
                ..
            } => rfc3339(at, sub_ms_ns, offset_s),
        },
        unit: weigh_in.unit.symbol(),
        typed: weigh_in.typed,
        weight_kg: format!(
            "{}.{:02}",
            weigh_in.weight.ten_grams() / 100,
            weigh_in.weight.ten_grams() % 100
        ),
        waist_mm: weigh_in.waist.map(Waist::millimetres),
        source: weigh_in.source,
    }
}

/// Local time with its offset, to the digit that was stored.
///
/// An instant or offset that chrono cannot express is not stored; it would be written as plain milliseconds.
fn rfc3339(at: UtcMillis, sub_ms_ns: u32, offset_s: i32) -> String {
    let local = DateTime::from_timestamp_millis(at.0)
        .and_then(|utc| utc.checked_add_signed(TimeDelta::nanoseconds(i64::from(sub_ms_ns))))
        .zip(FixedOffset::east_opt(offset_s))
        .map(|(utc, offset)| utc.with_timezone(&offset));
    local.map_or_else(
        || at.0.to_string(),
        |local| local.to_rfc3339_opts(SecondsFormat::AutoSi, true),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_with_its_offset_and_no_digit_is_lost() {
        let at = UtcMillis(1_775_001_600_000);
        assert_eq!(rfc3339(at, 0, 9 * 3600), "2026-04-01T09:00:00+09:00");
        assert_eq!(rfc3339(at.plus(250), 120, 0), "2026-04-01T00:00:00.250000120Z");
    }
}
