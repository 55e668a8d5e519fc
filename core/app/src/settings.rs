//! What the person chose, as typed values over the store's `setting` table.

use ayumi_guidance::goals::BodyMeasures;
use ayumi_protocol::body::{SettingKey, SettingsChanged};
use ayumi_protocol::cursor::Seq;

use crate::case::reported;
use crate::readings::{self, OwnCase};
use crate::steps;
use crate::store::{Reader, StoreError, Topic, WriteTransaction, settings as table};
use crate::sync::outbox::Moment;
use crate::time::DayStart;
use crate::weight::{MassUnit, Tau, TypedWeight, Waist, Weight, WeightGoal};

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

/// The names of sources as a JSON array, best first. It has a table of its own.
pub(crate) const STEP_PRIORITY: &str = "steps.priority";

/// What a new phone has to know, and the dietitian's to draw the same charts.
const REPORTED: [&str; 8] = [
    DAY_START,
    STEP_GOAL,
    STEP_PRIORITY,
    WEIGHT_GOAL,
    WEIGHT_UNIT,
    WEIGHT_TAU,
    CHECKUP_WEIGHT,
    CHECKUP_WAIST,
];

/// Sets a setting of the person and has it reported.
fn set(tx: &WriteTransaction<'_>, key: &str, value: Option<&str>) -> Result<(), StoreError> {
    table::set(tx, key, value)?;
    readings::setting_changed(tx, key)
}

/// Where the person's day begins; midnight unless she chose otherwise.
pub(crate) fn day_start(reader: &Reader<'_>) -> Result<DayStart, StoreError> {
    Ok(day_start_of(table::get(reader, DAY_START)?.as_deref()))
}

fn day_start_of(text: Option<&str>) -> DayStart {
    text.and_then(DayStart::parse).unwrap_or_default()
}

pub(crate) fn set_day_start(tx: &WriteTransaction<'_>, day_start: DayStart) -> Result<(), StoreError> {
    set(tx, DAY_START, Some(&day_start.to_string()))
}

/// Daily goal in steps.
pub(crate) fn step_goal(reader: &Reader<'_>) -> Result<Option<i64>, StoreError> {
    Ok(step_goal_of(table::get(reader, STEP_GOAL)?.as_deref()))
}

fn step_goal_of(text: Option<&str>) -> Option<i64> {
    text?.parse().ok()
}

pub(crate) fn set_step_goal(tx: &WriteTransaction<'_>, goal: Option<i64>) -> Result<(), StoreError> {
    set(tx, STEP_GOAL, goal.map(|goal| goal.to_string()).as_deref())
}

/// Her goal weight.
pub(crate) fn weight_goal(reader: &Reader<'_>) -> Result<Option<WeightGoal>, StoreError> {
    Ok(weight_goal_of(table::get(reader, WEIGHT_GOAL)?.as_deref()))
}

fn weight_goal_of(text: Option<&str>) -> Option<WeightGoal> {
    let (symbol, typed) = text?.split_once(' ')?;
    let unit = MassUnit::from_symbol(symbol)?;
    let weight = Weight::parse(typed, unit).ok()?;
    let typed = TypedWeight {
        typed: typed.to_owned(),
        unit,
    };
    Some(WeightGoal { typed, weight })
}

pub(crate) fn set_weight_goal(
    tx: &WriteTransaction<'_>,
    goal: Option<&TypedWeight>,
) -> Result<(), StoreError> {
    let text = goal.map(|goal| format!("{} {}", goal.unit.symbol(), goal.typed));
    set(tx, WEIGHT_GOAL, text.as_deref())
}

/// The unit in which weights are shown; kilograms unless she chose another.
pub(crate) fn weight_unit(reader: &Reader<'_>) -> Result<MassUnit, StoreError> {
    Ok(weight_unit_of(table::get(reader, WEIGHT_UNIT)?.as_deref()))
}

fn weight_unit_of(text: Option<&str>) -> MassUnit {
    text.and_then(MassUnit::from_symbol).unwrap_or(MassUnit::Kilogram)
}

pub(crate) fn set_weight_unit(tx: &WriteTransaction<'_>, unit: MassUnit) -> Result<(), StoreError> {
    set(tx, WEIGHT_UNIT, Some(unit.symbol()))
}

/// The time constant of the weight trend.
pub(crate) fn weight_tau(reader: &Reader<'_>) -> Result<Tau, StoreError> {
    Ok(weight_tau_of(table::get(reader, WEIGHT_TAU)?.as_deref()))
}

fn weight_tau_of(text: Option<&str>) -> Tau {
    text.and_then(|text| text.parse().ok())
        .and_then(Tau::from_days)
        .unwrap_or_default()
}

pub(crate) fn set_weight_tau(tx: &WriteTransaction<'_>, tau: Tau) -> Result<(), StoreError> {
    set(tx, WEIGHT_TAU, Some(&tau.days().to_string()))
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
        set(tx, key, number.map(|number| number.to_string()).as_deref())?;
    }
    Ok(())
}

/// What a case chose, as far as its charts need it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CaseSettings {
    pub day_start: DayStart,
    pub step_goal: Option<i64>,
    pub weight_goal: Option<WeightGoal>,
    pub weight_unit: MassUnit,
    pub weight_tau: Tau,
    pub checkup: BodyMeasures,
}

/// The settings of a case as its log tells them.
pub(crate) fn of_case(
    reader: &Reader<'_>,
    case_id: ayumi_protocol::id::CaseId,
) -> Result<CaseSettings, StoreError> {
    let value = |key| reported::setting(reader, case_id, key);
    let number = |key| Ok::<_, StoreError>(value(key)?.and_then(|text| text.parse().ok()));
    Ok(CaseSettings {
        day_start: day_start_of(value(DAY_START)?.as_deref()),
        step_goal: step_goal_of(value(STEP_GOAL)?.as_deref()),
        weight_goal: weight_goal_of(value(WEIGHT_GOAL)?.as_deref()),
        weight_unit: weight_unit_of(value(WEIGHT_UNIT)?.as_deref()),
        weight_tau: weight_tau_of(value(WEIGHT_TAU)?.as_deref()),
        checkup: BodyMeasures {
            weight_10g: number(CHECKUP_WEIGHT)?,
            waist_mm: number(CHECKUP_WAIST)?,
        },
    })
}

// Through the log -------------------------------------------------------------------------------------------------

/// The value of a reported setting as it travels; `None`: not set.
fn value(reader: &Reader<'_>, key: &str) -> Result<Option<String>, StoreError> {
    if key != STEP_PRIORITY {
        return table::get(reader, key);
    }
    let names = steps::priority(reader)?;
    if names.is_empty() {
        return Ok(None);
    }
    let text = serde_json::to_string(&names).map_err(|_| StoreError::Bug {
        where_: "a list of names has a form in JSON",
    })?;
    Ok(Some(text))
}

/// Whether a value of the log can be one of the setting: another one is passed over, as if it had not been written.
fn is_possible(key: &str, value: &str) -> bool {
    match key {
        DAY_START => DayStart::parse(value).is_some(),
        STEP_GOAL => step_goal_of(Some(value)).is_some_and(|goal| (1..=1_000_000).contains(&goal)),
        STEP_PRIORITY => serde_json::from_str::<Vec<String>>(value).is_ok(),
        WEIGHT_GOAL => weight_goal_of(Some(value)).is_some(),
        WEIGHT_UNIT => MassUnit::from_symbol(value).is_some(),
        WEIGHT_TAU => value.parse().ok().and_then(Tau::from_days).is_some(),
        CHECKUP_WEIGHT => value.parse().ok().and_then(Weight::from_ten_grams).is_some(),
        CHECKUP_WAIST => value.parse().ok().and_then(Waist::from_millimetres).is_some(),
        _ => false,
    }
}

/// Settings that the person has set, among those that are reported.
pub(crate) fn reported_keys_in_use(reader: &Reader<'_>) -> Result<Vec<&'static str>, StoreError> {
    let mut keys = Vec::new();
    for key in REPORTED {
        if value(reader, key)?.is_some() {
            keys.push(key);
        }
    }
    Ok(keys)
}

/// Puts a setting into the outbox, unless the log says the same already. Returns whether it did.
pub(crate) fn report(
    tx: &WriteTransaction<'_>,
    moment: Moment<'_>,
    own: OwnCase,
    key: &str,
) -> Result<bool, StoreError> {
    let subject = readings::setting_subject(key);
    let value = value(tx, key)?;
    if !readings::is_waiting(tx, own, &subject)? && reported::setting(tx, own.case_id, key)? == value {
        return Ok(false);
    }
    let Some(key) = SettingKey::from_word(key).filter(|_| REPORTED.contains(&key)) else {
        return Ok(false);
    };
    readings::enqueue(tx, moment, own, SettingsChanged { key, value }, subject)
}

/// Which settings that something is derived by were taken over.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TakenOver {
    pub day_start: bool,
    pub source_priority: bool,
    pub tau: bool,
}

/// Takes over what the own log says about settings behind a place, but for those of which an own change waits.
pub(crate) fn take_over(
    tx: &WriteTransaction<'_>,
    own: OwnCase,
    after: Seq,
) -> Result<TakenOver, StoreError> {
    let mut taken = TakenOver::default();
    for (key, logged) in reported::settings_after(tx, own.case_id, after)? {
        let is_known = REPORTED.contains(&key.as_str());
        let is_possible = logged.as_deref().is_none_or(|logged| is_possible(&key, logged));
        if !is_known
            || !is_possible
            || value(tx, &key)? == logged
            || readings::is_setting_due(tx, &key)?
            || readings::is_waiting(tx, own, &readings::setting_subject(&key))?
        {
            continue;
        }
        match key.as_str() {
            STEP_PRIORITY => {
                let names: Vec<String> = logged
                    .and_then(|logged| serde_json::from_str(&logged).ok())
                    .unwrap_or_default();
                steps::replace_priority(tx, &names)?;
            }
            _ => table::set(tx, &key, logged.as_deref())?,
        }
        taken.day_start |= key == DAY_START;
        taken.source_priority |= key == STEP_PRIORITY;
        taken.tau |= key == WEIGHT_TAU;
        for topic in [Topic::Settings, Topic::Steps, Topic::Weight] {
            tx.notify(topic);
        }
    }
    Ok(taken)
}
