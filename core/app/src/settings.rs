//! What the person chose, as typed values over the store's `setting` table.

use crate::store::{Reader, StoreError, WriteTransaction, settings as table};
use crate::time::DayStart;

const DAY_START: &str = "day_start";
const STEP_GOAL: &str = "steps.goal";

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
