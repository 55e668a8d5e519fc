//! Pictures of other people's messages: which are still to be fetched into the cache.

mod sql;

use ayumi_protocol::cursor::LogName;
use ayumi_protocol::hash::Sha256;

use crate::store::{Reader, StoreError, WriteTransaction};

/// A picture to fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WantedPicture {
    pub log: LogName,
    pub sha256: Sha256,
    pub is_opened: bool,
}

/// Has a picture fetched when there is a connection.
pub(crate) fn want(tx: &WriteTransaction<'_>, log: LogName, sha256: Sha256) -> Result<(), StoreError> {
    Ok(sql::insert(tx, log, sha256, false)?)
}

/// Has a picture fetched before others, because somebody looks at its message.
pub(crate) fn want_opened(tx: &WriteTransaction<'_>, log: LogName, sha256: Sha256) -> Result<(), StoreError> {
    Ok(sql::insert(tx, log, sha256, true)?)
}

/// A picture has arrived, or will never.
pub(crate) fn forget(tx: &WriteTransaction<'_>, log: LogName, sha256: Sha256) -> Result<(), StoreError> {
    Ok(sql::delete(tx, log, sha256)?)
}

/// What is to be fetched, what somebody looks at first; at most `most`.
pub(crate) fn wanted(reader: &Reader<'_>, most: usize) -> Result<Vec<WantedPicture>, StoreError> {
    Ok(sql::wanted(reader, most)?)
}
