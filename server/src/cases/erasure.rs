//! Erasure: a body disappears, its place stays.
//!
//! The body is blanked, an `entry.erased` tells every replica, snapshots that may hold it are taken away, and pictures that no other
//! body names are left to the collector. The hash of the body stays: a phone that sends the operation again is told where it is.
//!
//! Source: sync.md 3.3.

use std::collections::BTreeSet;

use ayumi_protocol::body::{Body, BodyReading, EntryErased, ErasureReason, RawBody};
use ayumi_protocol::cursor::{LogName, Seq};
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::OpId;
use ayumi_protocol::kind::{Kind, KindName};
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::time::UtcMillis;

use super::append::{SystemEntry, attachments, by_system};
use super::{snapshots, sql};
use crate::audit::{self, Act, Chain};
use crate::server::{Server, boxed};
use crate::store::{Fault, StoreError, Transaction, Value};
use crate::uploads;

/// What an erasure did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erased {
    /// The body is gone; the entry at this place says so.
    Now(Seq),
    /// It was gone already, and nothing was done.
    Before,
}

struct Input {
    log: LogName,
    target_seq: Seq,
    reason: ErasureReason,
    op_id: OpId,
    now: UtcMillis,
}

/// Erases the body of an entry.
///
/// Errors: `not_found` without the case or the entry; `invalid_value` for an entry that tells of an erasure itself.
pub async fn erase(
    server: &Server,
    log: LogName,
    target_seq: Seq,
    reason: ErasureReason,
) -> Result<Erased, Fault> {
    let input = Input {
        log,
        target_seq,
        reason,
        op_id: OpId::from_uuid(server.host.new_uuid()),
        now: server.host.now(),
    };
    let erased = server
        .write(input, |tx, input| boxed(erase_in(tx, input)))
        .await?;
    // After the commit: whoever waits for news of the case reads on.
    server.waiters.hint(log.case_id);
    Ok(erased)
}

async fn erase_in(tx: &mut dyn Transaction, input: &Input) -> Result<Erased, Fault> {
    let LogName { case_id, audience } = input.log;
    // Whoever writes to the case, makes a snapshot of it or collects its pictures waits for this lock.
    tx.execute(uploads::sql::LOCK_CASE, &[case_id.into()]).await?;
    let name: [Value; 3] = [case_id.into(), audience.into(), input.target_seq.into()];
    let row = tx.row(sql::ENTRY_TO_ERASE, &name).await?;
    let row = row.ok_or(ProblemCode::NotFound)?;
    let kind: String = row.get(0)?;
    if kind == Kind::EntryErased.as_str() {
        return Err(ProblemCode::InvalidValue.into());
    }
    let Some(body) = row.get::<Option<String>>(2)? else {
        return Ok(Erased::Before);
    };
    tx.execute(sql::BLANK_ENTRY, &name).await?;
    let tombstone = EntryErased {
        target_seq: input.target_seq,
        reason: input.reason.clone(),
    };
    let entry = SystemEntry {
        case_id,
        audience,
        op_id: input.op_id,
        kind: Kind::EntryErased,
        body: RawBody::of(&tombstone).map_err(|_| ProblemCode::InternalFault)?,
        now: input.now,
    };
    let seq = by_system(tx, &entry).await?;
    snapshots::forget(tx, input.log, input.now).await?;
    forget_pictures(tx, input.log, pictures(&kind, row.get(1)?, &body)).await?;
    let mut act = Act::by_server(input.now, "entry.erased", "");
    act.audience = Some(audience);
    act.from_seq = Some(input.target_seq);
    act.to_seq = Some(input.target_seq);
    audit::record(tx, Chain::Case(case_id), &act).await?;
    Ok(Erased::Now(seq))
}

/// The pictures and thumbnails that a body names; none if nobody here can read it.
fn pictures(kind: &str, body_version: u16, body: &str) -> BTreeSet<Sha256> {
    let body = (|| {
        let (kind, raw) = (KindName::from_word(kind)?, RawBody::from_text(body).ok()?);
        match Body::read(&kind, body_version, &raw) {
            Ok(BodyReading::Known(body)) => Some(body),
            _ => None,
        }
    })();
    let named = body.as_ref().map_or(&[][..], attachments).iter();
    named
        .flat_map(|attachment| [attachment.sha256, attachment.thumbnail.sha256])
        .collect()
}

/// Bodies that are read at once.
const PORTION: i64 = 50;

/// Lets the collector have those pictures that no body of the log names any more.
async fn forget_pictures(
    tx: &mut dyn Transaction,
    log: LogName,
    mut unnamed: BTreeSet<Sha256>,
) -> Result<(), StoreError> {
    let mut last = Seq::START;
    // A use does not say by which entry, so the bodies that are left are asked.
    while !unnamed.is_empty() {
        let from: [Value; 4] = [
            log.case_id.into(),
            log.audience.into(),
            last.into(),
            PORTION.into(),
        ];
        let rows = tx.query(sql::ENTRIES_WITH_PICTURES, &from).await?;
        for row in &rows {
            last = row.get(0)?;
            for named in pictures(&row.get::<String>(1)?, row.get(2)?, &row.get::<String>(3)?) {
                unnamed.remove(&named);
            }
        }
        if rows.is_empty() {
            break;
        }
    }
    for sha256 in unnamed {
        let name: [Value; 3] = [log.case_id.into(), log.audience.into(), sha256.into()];
        tx.execute(sql::DELETE_PICTURE_USE, &name).await?;
        tx.execute(sql::AGE_UPLOAD, &name).await?;
    }
    Ok(())
}
