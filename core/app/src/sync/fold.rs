//! The fold: what the entries of a log amount to. Each module folds its own kinds into its own tables.
//!
//! Laws, each a test: folding page by page is folding at once; the fold of a snapshot is the fold of the log; folding again gives the
//! same rows. So a fold looks at nothing but the entry and the rows that earlier entries of the same log made.
//! Own operations that wait are drawn over the fold when a screen is read, and are never a part of it.

use ayumi_protocol::body::BodyReading;
use ayumi_protocol::cursor::{LogName, Seq};
use ayumi_protocol::entry::Entry;

use crate::store::{StoreError, WriteTransaction};
use crate::{case, chat, staff};

/// Version of the rules of all folds. Raised with every change of one, so that each file is folded again at its next start.
pub(crate) const RULES_VERSION: i64 = 1;

/// What a fold may look at beside the entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Folding<'a> {
    /// Where the rows are.
    pub tx: &'a WriteTransaction<'a>,
    /// The log.
    pub log: LogName,
}

/// Folds one entry, the next of its log.
///
/// An unknown kind, a newer version and a body that cannot be read are passed over: they stay in the replica and are folded after an
/// update. So is a thinned entry: a later one says more.
pub(crate) fn entry(tx: &WriteTransaction<'_>, log: LogName, entry: &Entry) -> Result<(), StoreError> {
    if entry.body_version == 0 {
        return Ok(());
    }
    let folding = Folding { tx, log };
    case::fold::activity(&folding, entry)?;
    staff::fold::activity(&folding, entry)?;
    match entry.read_body() {
        Ok(Some(BodyReading::Known(body))) => {
            case::fold::entry(&folding, entry, &body)?;
            staff::fold::entry(&folding, entry, &body)?;
            chat::fold::entry(&folding, entry, &body)
        }
        Ok(None | Some(BodyReading::UnknownKind | BodyReading::NewerVersion)) => {
            staff::fold::unreadable(&folding, entry)?;
            chat::fold::unreadable(&folding, entry)
        }
        Err(_) => {
            tracing::debug!(
                kind = entry.kind.as_str(),
                "a body that its kind does not have is passed over"
            );
            Ok(())
        }
    }
}

/// The body of an entry is gone: so is what was made of it.
pub(crate) fn erased(tx: &WriteTransaction<'_>, log: LogName, target: Seq) -> Result<(), StoreError> {
    chat::fold::erased(tx, log, target)?;
    staff::fold::erased(tx, log, target)?;
    case::fold::erased(tx, log, target)
}

/// Removes everything that was folded from a log.
pub(crate) fn clear(tx: &WriteTransaction<'_>, log: LogName) -> Result<(), StoreError> {
    chat::fold::clear(tx, log)?;
    staff::fold::clear(tx, log)?;
    case::fold::clear(tx, log)
}
