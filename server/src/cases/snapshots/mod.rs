//! Snapshots: the beginning of a log as one compressed file, for a phone that has nothing yet.
//!
//! ```text
//!   make ── a job: reads a log twice, first to see which entries a later one makes superfluous, then to write
//!     │
//!   offer ── the newest of this incarnation of the store, to whoever may read the log
//!     │
//!   deliver ── by ranges, so that a lost connection costs little
//! ```
//!
//! A snapshot is an object and a row. The object is named as garbage before its first byte is written, and no longer in the
//! transaction that makes its row: whatever fails in between leaves nothing behind.
//!
//! Source: sync.md 6.7, 7, 15.5.

pub mod deliver;
mod encoder;
pub mod make;
pub(crate) mod sql;

use ayumi_protocol::cursor::LogName;
use ayumi_protocol::snapshot::{Snapshot, SnapshotAnswer, SnapshotRequest};
use ayumi_protocol::time::UtcMillis;

use super::{access, refusals};
use crate::accounts::principal::{Credentials, authenticate};
use crate::server::{Server, boxed};
use crate::store::{Fault, Refused, StoreError, Transaction, Value, state};
use crate::uploads;

/// Tells the newest snapshot of a log, if there is one.
///
/// Errors: those of [`authenticate`]; `not_found`, whether there is no such log or it is not hers; `consent_required`,
/// `consent_withdrawn` for staff.
pub async fn offer(
    server: &Server,
    credentials: Credentials,
    request: SnapshotRequest,
) -> Result<SnapshotAnswer, Fault> {
    let outcome = server.read((credentials, request), |tx, (credentials, request)| {
        boxed(offer_in(tx, credentials, request.log))
    });
    outcome.await?.map_err(Fault::Refused)
}

async fn offer_in(
    tx: &mut dyn Transaction,
    credentials: &Credentials,
    log: LogName,
) -> Result<Result<SnapshotAnswer, Refused>, Fault> {
    let principal = authenticate(tx, credentials).await?;
    let access = match access::reach_log(tx, &principal, log).await {
        Err(Fault::Refused(refused)) => {
            refusals::record(tx, &principal, "snapshot.read_refused", log, &refused).await?;
            return Ok(Err(refused));
        }
        other => other?,
    };
    if let Some(code) = access.reading_refusal() {
        return Err(code.into());
    }
    let epoch = state::epoch(tx).await?;
    let values: [Value; 4] = [
        log.case_id.into(),
        log.audience.into(),
        epoch.into(),
        access.head_seq.into(),
    ];
    let snapshot = match tx.row(sql::NEWEST, &values).await? {
        None => None,
        Some(row) => Some(Snapshot {
            snapshot_id: row.get(0)?,
            epoch,
            up_to_seq: row.get(1)?,
            length_bytes: row.get(2)?,
            decompressed_bytes: row.get(3)?,
            sha256: row.get(4)?,
        }),
    };
    Ok(Ok(SnapshotAnswer {
        server_time_ms: principal.now,
        snapshot,
    }))
}

/// Takes away all snapshots of a log: a body that they hold has to disappear.
pub(crate) async fn forget(tx: &mut dyn Transaction, log: LogName, now: UtcMillis) -> Result<(), StoreError> {
    let name: [Value; 2] = [log.case_id.into(), log.audience.into()];
    for row in tx.query(sql::DELETE_ALL_OF_LOG, &name).await? {
        let garbage: [Value; 2] = [row.get::<String>(0)?.into(), now.into()];
        tx.execute(uploads::sql::INSERT_GARBAGE, &garbage).await?;
    }
    Ok(())
}
