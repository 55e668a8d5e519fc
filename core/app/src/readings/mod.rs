//! Steps, weight and settings through the log: what this phone reports of them, and what it takes over from other phones of the same
//! person.
//!
//! ```text
//!  weigh-in ── same transaction ───────────────────────────▶ outbox      weight:<id>
//!  steps, settings ── due ── before lanes are filled ──────▶ outbox      steps:<date>, setting:<key>
//!
//!  page of the own log ── folds of `case` ── take_over ──▶ settings, then steps, then weigh-ins
//! ```
//!
//! Invariants:
//!
//! - What waits to be reported, or waits in the outbox, wins over the log until its own entry has come back or it was discarded.
//! - Taking over looks at the last word of the log and at what is there; where they agree nothing is written. So own entries that come
//!   back change nothing, a log that is folded again changes nothing, and a phone that lost its file gets everything back.
//! - Without an own case nothing is due: [`report_everything`] gathers it when she signs in.
//!
//! Source: sync.md 3.2, 4.4, 6.4, 6.7.

mod sql;
#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]
mod tests;

use ayumi_protocol::body::{Body, BodyReading};
use ayumi_protocol::cursor::{Audience, LogName, Seq};
use ayumi_protocol::entry::Entry;
use ayumi_protocol::id::{CaseId, DeviceId};

use crate::settings;
use crate::steps::{self, StepError};
use crate::store::{Reader, StoreError, Topic, WriteTransaction};
use crate::sync::outbox::{self, EnqueueError, Moment, NewOperation};
use crate::sync::{account, replica};
use crate::time::NaiveDate;
use crate::weight::{self, WeightError};

pub(crate) use sql::is_setting_due;

/// Her own case and this phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OwnCase {
    /// The case of the one who is signed in.
    pub case_id: CaseId,
    /// This phone, as its reports name it.
    pub device_id: DeviceId,
}

impl OwnCase {
    const fn log(self) -> LogName {
        LogName {
            case_id: self.case_id,
            audience: Audience::Care,
        }
    }
}

/// The own case on this phone; `None` for staff, without an account, and until its log is replicated.
pub(crate) fn own_case(reader: &Reader<'_>) -> Result<Option<OwnCase>, StoreError> {
    let Some(account) = account::read(reader)? else {
        return Ok(None);
    };
    let own = account.case_id.map(|case_id| OwnCase {
        case_id,
        device_id: account.device_id,
    });
    match own {
        Some(own) if replica::is_known(reader, own.log())? => Ok(Some(own)),
        _ => Ok(None),
    }
}

/// Whether the own log was read as far as the server last told. The entry that opens a case stands in every log, so a log of which
/// nothing is there was never read.
pub(crate) fn has_read_log(reader: &Reader<'_>, own: OwnCase) -> Result<bool, StoreError> {
    let replica = replica::shown(reader, own.log())?;
    Ok(replica.is_some_and(|replica| replica.cursor.seq > Seq::START && replica.cursor.seq >= replica.head))
}

/// Puts a report into the outbox. `false`: the server would never take it; it stays on this phone, and nothing else waits for it.
pub(crate) fn enqueue(
    tx: &WriteTransaction<'_>,
    moment: Moment<'_>,
    own: OwnCase,
    body: impl Into<Body>,
    subject: String,
) -> Result<bool, StoreError> {
    match outbox::enqueue(tx, moment, NewOperation::care(own.case_id, body).about(subject)) {
        Ok(_) => Ok(true),
        Err(EnqueueError::Store(error)) => Err(error),
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a reading stays on this phone alone"
            );
            Ok(false)
        }
    }
}

/// Whether an own operation about something is still in the outbox, in whatever state.
pub(crate) fn is_waiting(reader: &Reader<'_>, own: OwnCase, subject: &str) -> Result<bool, StoreError> {
    Ok(outbox::sql::has_subject(reader, own.log(), subject)?)
}

/// What an operation is about, as its subject in the outbox; `None` for kinds of which each counts.
pub(crate) fn subject_of(body: &Body) -> Option<String> {
    match body {
        Body::StepsDay(day) => Some(format!("steps:{}", day.date)),
        Body::WeightRecorded(weight) => Some(weight_subject(&weight.weight_id)),
        Body::WeightDeleted(weight) => Some(weight_subject(&weight.weight_id)),
        Body::SettingsChanged(setting) => Some(setting_subject(setting.key.as_str())),
        _ => None,
    }
}

pub(crate) fn weight_subject(id: &dyn std::fmt::Display) -> String {
    format!("weight:{id}")
}

pub(crate) fn setting_subject(key: &str) -> String {
    format!("setting:{key}")
}

/// Notes that a setting changed on this phone.
pub(crate) fn setting_changed(tx: &WriteTransaction<'_>, key: &str) -> Result<(), StoreError> {
    if own_case(tx)?.is_some() {
        sql::set_setting_due(tx, key)?;
        tx.notify(Topic::Outbox);
    }
    Ok(())
}

/// What a call of [`report_due`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Reported {
    /// Operations that were put into the outbox, or took the place of one that waited there.
    pub operations: usize,
    /// More is due.
    pub has_more: bool,
}

/// Puts what changed since it was last reported into the outbox: settings, then at most `most` dates of steps, the latest first.
///
/// Called before the lanes are filled, in the same transaction; `today` is the person's date now. Cheap if nothing is due.
pub(crate) fn report_due(
    tx: &WriteTransaction<'_>,
    moment: Moment<'_>,
    today: NaiveDate,
    most: usize,
) -> Result<Reported, StoreError> {
    let Some(own) = own_case(tx)? else {
        return Ok(Reported::default());
    };
    let mut operations = 0_usize;
    for key in sql::settings_due(tx)? {
        sql::set_setting_reported(tx, &key)?;
        operations = operations.saturating_add(usize::from(settings::report(tx, moment, own, &key)?));
    }
    let steps = steps::report_due(tx, moment, today, most).map_err(of_steps)?;
    Ok(Reported {
        operations: operations.saturating_add(steps.operations),
        has_more: steps.has_more,
    })
}

/// Has everything that was entered before she signed in reported. Called once, when the own case is new to this phone, in the
/// transaction that adds it.
pub(crate) fn report_everything(tx: &WriteTransaction<'_>, moment: Moment<'_>) -> Result<(), StoreError> {
    let Some(own) = own_case(tx)? else {
        return Ok(());
    };
    for key in settings::reported_keys_in_use(tx)? {
        sql::set_setting_due(tx, key)?;
    }
    steps::report_everything(tx).map_err(of_steps)?;
    weight::report_everything(tx, moment, own).map_err(of_weight)?;
    tx.notify(Topic::Outbox);
    Ok(())
}

/// Takes over what the own log says behind a place, once a page of it was folded.
pub(crate) fn take_over(tx: &WriteTransaction<'_>, log: LogName, after: Seq) -> Result<(), StoreError> {
    let Some(own) = own_case(tx)?.filter(|own| own.log() == log) else {
        return Ok(());
    };
    let changed = settings::take_over(tx, own, after)?;
    let derives_steps = changed.day_start || changed.source_priority;
    steps::take_over(tx, own, after, derives_steps).map_err(of_steps)?;
    weight::take_over(tx, own, after, changed.day_start, changed.tau).map_err(of_weight)
}

/// Keeps an entry of another phone of hers that a restored server has lost and that this phone must not offer in its own name. `false`:
/// every phone of hers may offer it.
pub(crate) fn adopt(tx: &WriteTransaction<'_>, log: LogName, lost: &Entry) -> Result<bool, StoreError> {
    if own_case(tx)?.is_none_or(|own| own.log() != log) || account::is_this_phone(tx, lost.device_id)? {
        return Ok(false);
    }
    match lost.read_body() {
        Ok(Some(BodyReading::Known(Body::StepsDay(day)))) => {
            steps::adopt(tx, &day).map_err(of_steps)?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// The own operation about something was discarded, or the entry about it erased: the last word of the log counts again.
pub(crate) fn reconsider(tx: &WriteTransaction<'_>, log: LogName, subject: &str) -> Result<(), StoreError> {
    let Some(own) = own_case(tx)?.filter(|own| own.log() == log) else {
        return Ok(());
    };
    if let Some(id) = subject.strip_prefix("weight:") {
        weight::take_over_one(tx, own, id).map_err(of_weight)
    } else if subject.starts_with("setting:") {
        take_over(tx, log, Seq::START)
    } else {
        Ok(())
    }
}

const REFUSES_NOTHING: StoreError = StoreError::Bug {
    where_: "what is stored or was reported refuses nothing",
};

fn of_steps(error: StepError) -> StoreError {
    match error {
        StepError::Store(error) => error,
        _ => REFUSES_NOTHING,
    }
}

fn of_weight(error: WeightError) -> StoreError {
    match error {
        WeightError::Store(error) => error,
        _ => REFUSES_NOTHING,
    }
}
