//! What the phones of a case reported: steps, weigh-ins and settings, as the log last told.
//!
//! A body that this version cannot read is passed over, as everywhere in a log.

mod sql;

pub(crate) use sql::{
    StepReport, WeighInWord, each_step_report, highest_revision, setting, settings_after, step_reports,
    step_reports_after, weigh_in, weigh_ins_after,
};
