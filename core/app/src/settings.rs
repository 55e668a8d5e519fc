//! What the person chose, as typed values over the store's `setting` table.

use ayumi_guidance::goals::BodyMeasures;

use crate::store::{Reader, StoreError, WriteTransaction, settings as table};
use crate::time::DayStart;
use crate::weight::{MassUnit, Tau, TypedWeight, Weight, WeightGoal};

const DAY_START: &str = "day_start";
const STEP_GOAL: &str = "steps.goal";
/// Symbol of the unit, a space, the digits as typed.
const WEIGHT_GOAL: &str = "weight.goal";
const WEIGHT_UNIT: &str = "weight.unit";
/// In days, with as many digits as bring back the same bits.
const WEIGHT_TAU: &str = "weight.tau";
/// In units of 10 g.
const CHECKUP_WEIGHT: &str = "checkup.weight_10g";
/// In millimetres.
const CHECKUP_WAIST: &str = "checkup.waist_mm";

/// Where the person's day begins; midnight unless she chose otherwise.
pub(crate) fn day_start(reader: &Reader<'_>) -> Result<DayStart, StoreError> {
    Ok(table::get(reader, DAY_START)?
        .as_deref()
        .and_then(DayStart::parse)
        .unwrap_or_default())
}

pub(crate) fn set_day_start(tx: &WriteTransaction<'_>, day_start: DayStart) -> Result<(), StoreError> {
    table::set(tx, DAY_START, Some(&day_start.to_string()))
}

/// Daily goal in steps.
pub(crate) fn step_goal(reader: &Reader<'_>) -> Result<Option<i64>, StoreError> {
    Ok(table::get(reader, STEP_GOAL)?.and_then(|text| text.parse().ok()))
}

pub(crate) fn set_step_goal(tx: &WriteTransaction<'_>, goal: Option<i64>) -> Result<(), StoreError> {
    table::set(tx, STEP_GOAL, goal.map(|goal| goal.to_string()).as_deref())
}

/// Her goal weight.
pub(crate) fn weight_goal(reader: &Reader<'_>) -> Result<Option<WeightGoal>, StoreError> {
    let text = table::get(reader, WEIGHT_GOAL)?;
    Ok(text.as_deref().and_then(|text| {
        let (symbol, typed) = text.split_once(' ')?;
        let unit = MassUnit::from_symbol(symbol)?;
        let weight = Weight::parse(typed, unit).ok()?;
        let typed = TypedWeight {
            typed: typed.to_owned(),
            unit,
        };
        Some(WeightGoal { typed, weight })
    }))
}

pub(crate) fn set_weight_goal(
    tx: &WriteTransaction<'_>,
    goal: Option<&TypedWeight>,
) -> Result<(), StoreError> {
    let text = goal.map(|goal| format!("{} {}", goal.unit.symbol(), goal.typed));
    table::set(tx, WEIGHT_GOAL, text.as_deref())
}

/// The unit in which weights are shown; kilograms unless she chose another.
pub(crate) fn weight_unit(reader: &Reader<'_>) -> Result<MassUnit, StoreError> {
    Ok(table::get(reader, WEIGHT_UNIT)?
        .as_deref()
        .and_then(MassUnit::from_symbol)
        .unwrap_or(MassUnit::Kilogram))
}

pub(crate) fn set_weight_unit(tx: &WriteTransaction<'_>, unit: MassUnit) -> Result<(), StoreError> {
    table::set(tx, WEIGHT_UNIT, Some(unit.symbol()))
}

/// The time constant of the weight trend.
pub(crate) fn weight_tau(reader: &Reader<'_>) -> Result<Tau, StoreError> {
    Ok(table::get(reader, WEIGHT_TAU)?
        .and_then(|text| text.parse().ok())
        .and_then(Tau::from_days)
        .unwrap_or_default())
}

pub(crate) fn set_weight_tau(tx: &WriteTransaction<'_>, tau: Tau) -> Result<(), StoreError> {
    table::set(tx, WEIGHT_TAU, Some(&tau.days().to_string()))
}

/// Weight and waist of the checkup of the year; what is not set is unknown.
pub(crate) fn checkup(reader: &Reader<'_>) -> Result<BodyMeasures, StoreError> {
    let number = |key| Ok::<_, StoreError>(table::get(reader, key)?.and_then(|text| text.parse().ok()));
    Ok(BodyMeasures {
        weight_10g: number(CHECKUP_WEIGHT)?,
        waist_mm: number(CHECKUP_WAIST)?,
    })
}

pub(crate) fn set_checkup(tx: &WriteTransaction<'_>, checkup: BodyMeasures) -> Result<(), StoreError> {
    for (key, number) in [
        (CHECKUP_WEIGHT, checkup.weight_10g),
        (CHECKUP_WAIST, checkup.waist_mm),
    ] {
        table::set(tx, key, number.map(|number| number.to_string()).as_deref())?;
    }
    Ok(())
}
