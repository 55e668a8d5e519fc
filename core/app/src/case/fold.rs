//! Folds what entries say about the case itself, and which steps, weigh-ins and settings its phones reported.

use ayumi_protocol::body::{Body, RawBody};
use ayumi_protocol::cursor::{Audience, LogName, Seq};
use ayumi_protocol::entry::Entry;
use ayumi_protocol::session::Role;

use super::sql;
use crate::readings;
use crate::store::{StoreError, Topic, WriteTransaction};
use crate::sync::fold::Folding;

/// Notes when somebody last wrote; also for kinds that this version does not know.
pub(crate) fn activity(folding: &Folding<'_>, entry: &Entry) -> Result<(), StoreError> {
    if folding.log.audience != Audience::Care {
        return Ok(());
    }
    let at = entry.recorded_at_ms.0;
    match entry.author_role {
        Role::Participant => sql::note_participant(folding.tx, folding.log.case_id, at)?,
        Role::Dietitian if entry.kind.as_str().starts_with("message.p") => {
            sql::note_staff(folding.tx, folding.log.case_id, at)?;
        }
        _ => {}
    }
    Ok(())
}

/// Folds an entry of a kind that belongs here.
pub(crate) fn entry(folding: &Folding<'_>, entry: &Entry, body: &Body) -> Result<(), StoreError> {
    let Folding { tx, log, .. } = *folding;
    let case_id = log.case_id;
    let text = entry.body.as_ref().map(RawBody::as_str).unwrap_or_default();
    match body {
        Body::CaseOpened(opened) => sql::set_opened(tx, case_id, opened)?,
        Body::AssignmentChanged(_) => sql::set_acting(tx, case_id, text)?,
        Body::ConsentGiven(given) => {
            sql::set_consent(tx, case_id, "given", Some(given.text_version.as_str()))?;
        }
        Body::ConsentWithdrawn(_) => sql::set_consent(tx, case_id, "withdrawn", None)?,
        Body::StepsDay(day) => {
            sql::report_steps(tx, case_id, day, entry, text)?;
            tx.notify(Topic::Steps);
        }
        Body::WeightRecorded(weight) => {
            sql::report_weigh_in(tx, case_id, weight.weight_id, entry, Some(text))?;
            tx.notify(Topic::Weight);
        }
        Body::WeightDeleted(weight) => {
            sql::report_weigh_in(tx, case_id, weight.weight_id, entry, None)?;
            tx.notify(Topic::Weight);
        }
        Body::SettingsChanged(setting) => {
            sql::report_setting(tx, case_id, setting, entry)?;
            tx.notify(Topic::Settings);
        }
        _ => {}
    }
    Ok(())
}

/// Removes what an entry said whose body is gone.
pub(crate) fn erased(tx: &WriteTransaction<'_>, log: LogName, target: Seq) -> Result<(), StoreError> {
    if log.audience == Audience::Care {
        for weigh_in_id in sql::erase_weigh_in(tx, log.case_id, target)? {
            readings::reconsider(tx, log, &readings::weight_subject(&weigh_in_id))?;
        }
    }
    Ok(())
}

/// Removes everything that was folded from a log.
pub(crate) fn clear(tx: &WriteTransaction<'_>, log: LogName) -> Result<(), StoreError> {
    if log.audience == Audience::Care {
        sql::clear(tx, log.case_id)?;
    }
    Ok(())
}
