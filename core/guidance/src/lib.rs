//! Rules of specific health guidance: functions from values to values, with the source of each rule beside it.

pub mod goals;
pub mod triage;
