//! Replicas: copies of the logs of the server, read page by page from a cursor.
//!
//! ```text
//!   page ─▶ does it follow the cursor, without a gap? ─▶ entries ─▶ settle own operations ─▶ fold ─▶ cursor      one transaction
//!
//!   snapshot ─▶ items, in the same way, into a replica that has little yet ─▶ pages from there on
//!
//!   epoch changed ─▶ a second replica, not shown ─▶ pages … ─▶ complete: compare, offer again, swap, fold anew
//! ```
//!
//! Invariants:
//!
//! - A page is applied whole or not at all, together with what follows from it and with its cursor.
//! - A replica holds a prefix of its log. What screens show is the fold of that prefix and the own operations that wait.
//! - Entries of others that a restored server has lost are kept and marked, and never sent by this phone.
//! - A thinned entry, of body version 0, has a place and a kind and nothing else. A log that is read again is read by pages: only whole
//!   entries can be compared.
//!
//! Source: sync.md 6, 7.

mod beginning;
pub(crate) mod sql;
mod swap;

use ayumi_protocol::body::{Body, BodyReading};
use ayumi_protocol::cursor::{Audience, Cursor, Epoch, LogName, Seq};
use ayumi_protocol::entry::Entry;
use ayumi_protocol::id::{AccountId, CaseId, OpId};
use ayumi_protocol::kind::Kind;
use ayumi_protocol::pull::{Page, PageError};

use super::outbox::{self, park_reason};
use super::{account, fold, snapshots};
use crate::deliberate::{Bug, is_made};
use crate::readings;
use crate::store::{Reader, StoreError, Topic, WriteTransaction};
use crate::time::{DAY_MS, UtcMillis};

pub(crate) use beginning::{ItemsError, apply_items};
pub(crate) use swap::swap_if_complete;

/// How long the originals of sent pictures are kept for a server that is restored.
const ORIGINALS_KEPT_MS: i64 = 30 * DAY_MS;

/// A copy of one log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replica {
    /// Its id on this phone.
    pub id: i64,
    /// The log.
    pub log: LogName,
    /// How far it was read.
    pub cursor: Cursor,
    /// End of the log as the server last told.
    pub head: Seq,
    /// Screens show it; otherwise it is being read again after the server was restored.
    pub is_shown: bool,
}

/// Why a page was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// It is late, repeated, or has a gap.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for ApplyError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The replica of this id.
pub(crate) fn by_id(reader: &Reader<'_>, replica_id: i64) -> Result<Option<Replica>, StoreError> {
    Ok(sql::find_by_id(reader, replica_id)?)
}

/// Whether this phone replicates a log.
pub(crate) fn is_known(reader: &Reader<'_>, log: LogName) -> Result<bool, StoreError> {
    Ok(sql::find(reader, log, true)?.is_some())
}

/// The replica that screens show.
pub fn shown(reader: &Reader<'_>, log: LogName) -> Result<Option<Replica>, StoreError> {
    Ok(sql::find(reader, log, true)?)
}

/// The replica that pages go to: the one that is being read again, else the one that is shown.
pub(crate) fn growing(reader: &Reader<'_>, log: LogName) -> Result<Option<Replica>, StoreError> {
    match sql::find(reader, log, false)? {
        Some(fresh) => Ok(Some(fresh)),
        None => shown(reader, log),
    }
}

/// Every replica that pages go to, one for each log.
pub(crate) fn all_growing(reader: &Reader<'_>) -> Result<Vec<Replica>, StoreError> {
    // The one that is read again comes first among those of a log.
    let mut growing = sql::all(reader)?;
    growing.dedup_by_key(|replica| replica.log);
    Ok(growing)
}

/// Begins to replicate a log, if this phone does not do so yet.
pub(crate) fn add(tx: &WriteTransaction<'_>, log: LogName, epoch: Epoch) -> Result<(), StoreError> {
    if !is_known(tx, log)? {
        sql::insert(tx, log, epoch, true)?;
        tx.notify(Topic::Case(log.case_id));
    }
    Ok(())
}

/// Reads a log again from its start, because the server is another incarnation, or because the present replica does not have every body
/// that counts. The present one is shown until that is done.
pub(crate) fn restart(tx: &WriteTransaction<'_>, log: LogName, epoch: Epoch) -> Result<(), StoreError> {
    if let Some(fresh) = sql::find(tx, log, false)? {
        sql::delete(tx, fresh.id)?;
    }
    sql::insert(tx, log, epoch, false)?;
    tracing::info!(case = %log.case_id, audience = log.audience.as_str(), "a log is read again from its start");
    Ok(())
}

/// What a page changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Applied {
    /// More follows.
    pub has_more: bool,
    /// The replica that was read again took the place of the one that was shown.
    pub swapped: bool,
}

/// Applies a page to the replica that grows.
///
/// Errors: `Page` for one that is late, repeated or has a gap; nothing of it is applied. A log that this phone no longer replicates
/// is a late page too.
pub(crate) fn apply_page(
    tx: &WriteTransaction<'_>,
    now: UtcMillis,
    log: LogName,
    page: &Page,
) -> Result<Applied, ApplyError> {
    let replica = growing(tx, log)?.ok_or(PageError::OtherBase)?;
    let cursor = page.follow(replica.cursor)?;
    let account = account::read(tx)?;
    let own = account.as_ref().map(|account| account.account_id);
    // Up to here a snapshot may have left out what a later entry says; once that one is erased, the earlier counts again.
    let thinned_up_to = snapshots::sql::find(tx, replica.id)?
        .filter(|snapshot| snapshot.applied_bytes > 0)
        .map_or(Seq::START, |snapshot| snapshot.up_to_seq);
    let (mut is_undone, mut misses_bodies) = (false, false);
    let stored = if page.entries.len() > 1 && is_made(Bug::CursorAhead) {
        page.entries.split_last().map_or(&[][..], |(_, rest)| rest)
    } else {
        &page.entries
    };
    for entry in stored {
        sql::insert_entry(tx, replica.id, entry)?;
        if let Some(target) = erased_place(entry) {
            // Also while it is not shown: the entry may have been read before it was erased.
            sql::blank(tx, replica.id, target)?;
        }
        if replica.is_shown && take_in(tx, now, own, &replica, entry)? {
            is_undone = true;
            misses_bodies |= erased_place(entry).is_some_and(|target| target <= thinned_up_to);
        }
    }
    if is_undone {
        refold_log(tx, &replica)?;
    }
    if replica.is_shown {
        readings::take_over(tx, log, replica.cursor.seq)?;
    }
    let head = page.head_seq.max(cursor.seq);
    sql::advance(tx, replica.id, cursor.seq, head)?;
    let swapped = !replica.is_shown && swap_if_complete(tx, now, own, log, page.has_more)?;
    if !page.entries.is_empty() && (replica.is_shown || swapped) {
        tx.notify(Topic::Case(log.case_id));
    }
    if misses_bodies {
        restart(tx, log, cursor.epoch)?;
    }
    Ok(Applied {
        has_more: page.has_more || misses_bodies,
        swapped,
    })
}

/// The server has nothing after the cursor of a log. One that is being read again may be complete by that, and even empty.
pub(crate) fn nothing_new(tx: &WriteTransaction<'_>, now: UtcMillis, log: LogName) -> Result<(), StoreError> {
    let own = account::read(tx)?.map(|account| account.account_id);
    if swap_if_complete(tx, now, own, log, false)? {
        tx.notify(Topic::Case(log.case_id));
    }
    Ok(())
}

/// The place whose body an entry removes, if it does.
pub(crate) fn erased_place(entry: &Entry) -> Option<Seq> {
    match entry.read_body() {
        Ok(Some(BodyReading::Known(Body::EntryErased(erased)))) => Some(erased.target_seq),
        _ => None,
    }
}

/// What one entry of a shown replica changes. Returns whether the log has to be folded again, because what was erased had changed
/// what earlier entries say: an edit, a reading, a mark.
fn take_in(
    tx: &WriteTransaction<'_>,
    now: UtcMillis,
    own: Option<AccountId>,
    replica: &Replica,
    entry: &Entry,
) -> Result<bool, StoreError> {
    let log = replica.log;
    if Some(entry.author_id) == own {
        settle(tx, now, entry.op_id)?;
    }
    sql::delete_lost(tx, log, entry.op_id)?;
    let mut is_undone = false;
    if let Some(target) = erased_place(entry) {
        fold::erased(tx, log, target)?;
        is_undone = !sql::is_of_kind(tx, replica.id, target, Kind::MessagePosted)?;
    }
    fold::entry(tx, log, entry)?;
    Ok(is_undone)
}

/// An own operation has come back: it leaves the outbox.
fn settle(tx: &WriteTransaction<'_>, now: UtcMillis, op_id: OpId) -> Result<(), StoreError> {
    if outbox::sql::settle(tx, op_id, now.plus(ORIGINALS_KEPT_MS))? {
        tx.notify(Topic::Outbox);
    }
    Ok(())
}

/// Whether the entry of a log at a place is here without anything but its kind, in the replica that is shown and grows.
pub(crate) fn is_thinned(reader: &Reader<'_>, log: LogName, seq: Seq) -> Result<bool, StoreError> {
    match growing(reader, log)?.filter(|replica| replica.is_shown) {
        Some(replica) => Ok(sql::is_thinned(reader, replica.id, seq)?),
        None => Ok(false),
    }
}

/// An acknowledged operation whose entry is a thinned one: it has come back, without its name. Answers what it was about.
pub(crate) fn settle_thinned(
    tx: &WriteTransaction<'_>,
    now: UtcMillis,
    op_id: OpId,
) -> Result<Option<String>, StoreError> {
    let subject = outbox::sql::subject(tx, op_id)?;
    settle(tx, now, op_id)?;
    Ok(subject)
}

/// Removes a case that is no longer assigned to the one who is signed in. What she wrote and did not send is parked, not deleted.
pub(crate) fn lose_case(tx: &WriteTransaction<'_>, case_id: CaseId) -> Result<(), StoreError> {
    for op_id in outbox::sql::unsent_of_case(tx, case_id)? {
        outbox::park(tx, op_id, park_reason::NO_LONGER_ASSIGNED)?;
    }
    outbox::sql::delete_sent_of_case(tx, case_id)?;
    for audience in Audience::ALL {
        let log = LogName {
            case_id,
            audience: *audience,
        };
        for is_shown in [true, false] {
            if let Some(replica) = sql::find(tx, log, is_shown)? {
                sql::delete(tx, replica.id)?;
            }
        }
        sql::delete_all_lost(tx, log)?;
        fold::clear(tx, log)?;
    }
    crate::staff::forget_summary(tx, case_id)?;
    tx.notify(Topic::Case(case_id));
    tx.notify(Topic::Outbox);
    Ok(())
}

/// Folds every shown replica again from its first entry. The result is the same as before, unless the rules changed.
pub(crate) fn refold(tx: &WriteTransaction<'_>) -> Result<(), StoreError> {
    for replica in sql::all(tx)? {
        if replica.is_shown {
            refold_log(tx, &replica)?;
        }
    }
    Ok(())
}

fn refold_log(tx: &WriteTransaction<'_>, replica: &Replica) -> Result<(), StoreError> {
    fold::clear(tx, replica.log)?;
    let mut after = Seq::START;
    loop {
        let entries = sql::entries_after(tx, replica.id, after, REFOLD_PORTION)?;
        for entry in &entries {
            fold::entry(tx, replica.log, entry)?;
        }
        let Some(last) = entries.last() else {
            return readings::take_over(tx, replica.log, Seq::START);
        };
        after = last.seq;
    }
}

/// Entries in memory while a log is folded again.
const REFOLD_PORTION: usize = 500;
