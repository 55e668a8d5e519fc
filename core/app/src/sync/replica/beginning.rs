//! Items of a snapshot, applied to a replica that is shown and has little of its log yet.

use ayumi_protocol::cursor::Seq;
use ayumi_protocol::entry::Entry;
use ayumi_protocol::id::{AccountId, DeviceId, OpId};
use ayumi_protocol::kind::KindName;
use ayumi_protocol::session::Role;
use ayumi_protocol::snapshot::SnapshotItem;
use ayumi_protocol::time::{UtcOffset, ZoneName};
use uuid::Uuid;

use super::{Replica, erased_place, refold_log, settle_thinned, sql, take_in};
use crate::readings;
use crate::store::{StoreError, Topic, WriteTransaction};
use crate::sync::{account, outbox};
use crate::time::UtcMillis;

/// Why items were not applied.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ItemsError {
    /// Numbers have a gap, or go beyond what was announced. Nothing was applied.
    #[error("apply a snapshot: its entries have a gap")]
    Gap,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for ItemsError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Applies items behind the cursor of a replica, none beyond `up_to`; those that it has already are passed over. Returns the cursor after them and
/// how many entries were new.
///
/// Errors: `Gap`, before anything is written; `Store`.
pub(crate) fn apply_items(
    tx: &WriteTransaction<'_>,
    now: UtcMillis,
    replica: &Replica,
    up_to: Seq,
    items: &[SnapshotItem],
) -> Result<(Seq, u64), ItemsError> {
    let base = replica.cursor.seq;
    let mut last = base;
    for item in items.iter().filter(|item| item.seq() > base) {
        if Some(item.seq()) != last.next() || item.seq() > up_to {
            return Err(ItemsError::Gap);
        }
        last = item.seq();
    }
    let own = account::read(tx)?.map(|account| account.account_id);
    let sent = outbox::sql::sent_between(tx, replica.log, base, last)?;
    let (mut is_undone, mut count) = (false, 0_u64);
    for item in items.iter().filter(|item| item.seq() > base) {
        match item {
            SnapshotItem::Entry(entry) => {
                sql::insert_entry(tx, replica.id, entry)?;
                if let Some(target) = erased_place(entry) {
                    sql::blank(tx, replica.id, target)?;
                }
                is_undone |= take_in(tx, now, own, replica, entry)?;
            }
            SnapshotItem::Thinned { seq, kind } => {
                sql::insert_entry(tx, replica.id, &thinned(*seq, kind.clone())?)?;
                // What was reported about the same is taken over below, by what says more.
                if let Some(op_id) = sent.get(seq) {
                    settle_thinned(tx, now, *op_id)?;
                }
            }
        }
        count = count.saturating_add(1);
    }
    if is_undone {
        refold_log(tx, replica)?;
    }
    if count > 0 {
        readings::take_over(tx, replica.log, base)?;
        sql::advance(tx, replica.id, last, replica.head.max(last))?;
        tx.notify(Topic::Case(replica.log.case_id));
    }
    Ok((last, count))
}

/// The row of an entry of which only place and kind are known.
fn thinned(seq: Seq, kind: KindName) -> Result<Entry, StoreError> {
    const PLACEHOLDER: StoreError = StoreError::Bug {
        where_: "a thinned entry has a row",
    };
    Ok(Entry {
        seq,
        op_id: OpId::from_uuid(Uuid::nil()),
        author_id: AccountId::SYSTEM,
        author_role: Role::System,
        device_id: DeviceId::SYSTEM,
        kind,
        body_version: 0,
        occurred_at_ms: ayumi_protocol::time::UtcMillis(0),
        zone: ZoneName::parse("UTC").ok_or(PLACEHOLDER)?,
        utc_offset_min: UtcOffset::from_minutes(0).ok_or(PLACEHOLDER)?,
        recorded_at_ms: ayumi_protocol::time::UtcMillis(0),
        min_app_version: None,
        body: None,
        unknown: ayumi_protocol::unknown::UnknownFields::default(),
    })
}
