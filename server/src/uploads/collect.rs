//! Removing uploads that no entry names, and objects that no row names.

use std::time::Duration;

use ayumi_protocol::id::{CaseId, UploadId};
use ayumi_protocol::time::UtcMillis;

use super::{objects, sql};
use crate::server::{Server, boxed};
use crate::store::{Fault, StoreError, Transaction, Value};

/// An object is removed so long after its last row: who is reading it now has finished by then.
const GARBAGE_KEPT: Duration = Duration::from_hours(1);

/// An object has to be named so long after its name was made: well before it is removed, also by a node whose clock differs.
const NAMED_WITHIN: Duration = Duration::from_mins(30);

/// Makes the name of a new object known as garbage, before the object is written: whatever ends this process then, it is removed.
/// [`take_from_garbage`] is for the transaction that names it.
///
/// Errors: the store's.
pub(crate) async fn announce(server: &Server, key: &str) -> Result<(), Fault> {
    server
        .write((key.to_owned(), server.host.now()), |tx, (key, now)| {
            boxed(async move {
                let garbage: [Value; 2] = [key.as_str().into(), (*now).into()];
                tx.execute(sql::INSERT_GARBAGE, &garbage).await?;
                Ok(())
            })
        })
        .await
}

/// Takes an announced object out of the garbage, to be named in the same transaction. False: it took so long that the object may
/// have been removed.
///
/// Errors: the store's.
pub(crate) async fn take_from_garbage(
    tx: &mut dyn Transaction,
    key: &str,
    now: UtcMillis,
) -> Result<bool, StoreError> {
    let values: [Value; 2] = [key.into(), ago(now, NAMED_WITHIN).into()];
    Ok(tx.execute(sql::DELETE_YOUNG_GARBAGE, &values).await? > 0)
}

/// The instant so long ago.
#[must_use]
pub(crate) fn ago(now: UtcMillis, duration: Duration) -> UtcMillis {
    UtcMillis(
        now.0
            .saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
    )
}

struct Stale {
    case_id: CaseId,
    upload_id: UploadId,
    before: UtcMillis,
    now: UtcMillis,
}

/// Takes away at most `limit` uploads that nobody touched for as long as the policy says and that no entry names. Their objects
/// become garbage.
///
/// Errors: the store's.
pub async fn collect_uploads(server: &Server, limit: i64) -> Result<(), Fault> {
    let now = server.host.now();
    let before = ago(now, server.policy.upload_kept);
    let found: Vec<(CaseId, UploadId)> = server
        .read((before, limit), |tx, input| {
            boxed(async move {
                let rows = tx.query(sql::STALE, &[input.0.into(), input.1.into()]).await?;
                let ids = rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?)));
                ids.collect::<Result<_, Fault>>()
            })
        })
        .await?;
    for (case_id, upload_id) in found {
        let stale = Stale {
            case_id,
            upload_id,
            before,
            now,
        };
        server
            .write(stale, |tx, stale| {
                boxed(async move { take_away(tx, stale).await })
            })
            .await?;
    }
    Ok(())
}

async fn take_away(tx: &mut dyn Transaction, stale: &Stale) -> Result<(), Fault> {
    // An append holds this lock while it names a picture.
    tx.execute(sql::LOCK_CASE, &[stale.case_id.into()]).await?;
    let name: [Value; 2] = [stale.case_id.into(), stale.upload_id.into()];
    let values: [Value; 3] = [stale.case_id.into(), stale.upload_id.into(), stale.before.into()];
    let Some(row) = tx.row(sql::DELETE_STALE, &values).await? else {
        return Ok(());
    };
    let mut keys: Vec<String> = row.get::<Option<String>>(0)?.into_iter().collect();
    for row in tx.query(sql::PARTS, &name).await? {
        keys.push(row.get(0)?);
    }
    for key in keys {
        let garbage: [Value; 2] = [key.into(), stale.now.into()];
        tx.execute(sql::INSERT_GARBAGE, &garbage).await?;
    }
    tx.execute(sql::DELETE_PARTS, &name).await?;
    Ok(())
}

/// Removes at most `limit` objects that no row names for an hour: the object first, then its row, so that none is forgotten.
///
/// Errors: the store's; `unavailable` if the object store failed, and the rest is left to the next run.
pub async fn empty_garbage(server: &Server, limit: i64) -> Result<(), Fault> {
    let before = ago(server.host.now(), GARBAGE_KEPT);
    let keys: Vec<String> = server
        .read((before, limit), |tx, input| {
            boxed(async move {
                let rows = tx
                    .query(sql::OLD_GARBAGE, &[input.0.into(), input.1.into()])
                    .await?;
                rows.iter()
                    .map(|row| Ok(row.get(0)?))
                    .collect::<Result<_, Fault>>()
            })
        })
        .await?;
    for key in keys {
        objects::delete(server, &key).await?;
        server
            .write(key, |tx, key| {
                boxed(async move {
                    tx.execute(sql::DELETE_GARBAGE, &[key.as_str().into()]).await?;
                    Ok(())
                })
            })
            .await?;
    }
    Ok(())
}
