//! After the server was restored: the log that was read again takes the place of the one that was shown.
//!
//! What this account wrote and the server has lost goes back into the outbox, in its old order and with its old bytes, ahead of what
//! waits there; but for the steps that another phone of hers reported, which count for the phone that sends them: they join what this
//! phone reports itself. What others wrote and the server has lost is kept aside and shown as lost. Source: sync.md 7.

use ayumi_protocol::body::{Body, BodyReading};
use ayumi_protocol::cursor::{LogName, Seq};
use ayumi_protocol::entry::Entry;
use ayumi_protocol::id::AccountId;
use ayumi_protocol::kind::Kind;

use super::{Replica, refold_log, settle, sql};
use crate::readings;
use crate::store::{StoreError, WriteTransaction};
use crate::sync::outbox::{self, OperationState, Outgoing};
use crate::sync::uploads;
use crate::time::UtcMillis;

/// Swaps once the log was read to its end. Returns whether it did.
pub(crate) fn swap_if_complete(
    tx: &WriteTransaction<'_>,
    now: UtcMillis,
    own: Option<AccountId>,
    log: LogName,
    has_more: bool,
) -> Result<bool, StoreError> {
    let Some(fresh) = sql::find(tx, log, false)? else {
        return Ok(false);
    };
    if has_more || fresh.cursor.seq < fresh.head {
        return Ok(false);
    }
    if let Some(old) = sql::find(tx, log, true)? {
        compare(tx, now, own, &old, &fresh)?;
        sql::delete(tx, old.id)?;
    }
    sql::show(tx, fresh.id)?;
    uploads::sql::uploads_may_be_lost(tx, log)?;
    refold_log(
        tx,
        &Replica {
            is_shown: true,
            ..fresh
        },
    )?;
    tracing::info!(case = %log.case_id, audience = log.audience.as_str(), "a log was read again");
    Ok(true)
}

fn compare(
    tx: &WriteTransaction<'_>,
    now: UtcMillis,
    own: Option<AccountId>,
    old: &Replica,
    fresh: &Replica,
) -> Result<(), StoreError> {
    // What waits or was acknowledged and has come back after all is settled; what was acknowledged and has not is sent again.
    for op_id in outbox::sql::operations_of_log(tx, old.log)? {
        if sql::has_operation(tx, fresh.id, op_id)? {
            settle(tx, now, op_id)?;
        }
    }
    outbox::sql::unsend(tx, old.log)?;
    for op_id in sql::lost_operations(tx, old.log)? {
        if sql::has_operation(tx, fresh.id, op_id)? {
            sql::delete_lost(tx, old.log, op_id)?;
        }
    }
    let missing = sql::missing(tx, old.id, fresh.id)?;
    // Each goes in front of the one that follows it.
    for entry in missing.iter().rev().filter(|entry| Some(entry.author_id) == own) {
        if !readings::adopt(tx, old.log, entry)? {
            offer_again(tx, now, old.log, entry)?;
        }
    }
    for entry in missing.iter().filter(|entry| Some(entry.author_id) != own) {
        // Thinned and erased entries say nothing that could be missed.
        if entry.body.is_some() {
            let after = sql::last_common(tx, old.id, fresh.id, entry.seq)?.unwrap_or(Seq::START);
            sql::insert_lost(tx, old.log, after, entry)?;
        }
    }
    Ok(())
}

fn offer_again(
    tx: &WriteTransaction<'_>,
    now: UtcMillis,
    log: LogName,
    entry: &Entry,
) -> Result<(), StoreError> {
    let lane = entry.kind.known().and_then(Kind::lane);
    // An entry without bytes was superseded or erased: there is nothing to offer.
    let (Some(operation), Some(lane)) = (entry.to_operation(), lane) else {
        return Ok(());
    };
    let outgoing = Outgoing {
        log,
        lane,
        local_seq: outbox::sql::front(tx)?,
        operation,
        depends_on: None,
        state: OperationState::Queued,
        attempts: 1,
        unresolved: 0,
        old_from: now,
        server_seq: None,
        recorded_at: None,
        park_reason: None,
        is_reoffered: true,
    };
    let body = match entry.read_body() {
        Ok(Some(BodyReading::Known(body))) => Some(body),
        _ => None,
    };
    // A reading that is offered again still counts before what the server has kept about the same.
    let subject = body.as_ref().and_then(crate::readings::subject_of);
    if outbox::sql::insert_reoffered(tx, &outgoing, subject.as_deref())?
        && let Some(Body::MessagePosted(message)) = body
    {
        uploads::need_pictures(tx, log, entry.op_id, &message.attachments)?;
    }
    Ok(())
}
