//! Pictures of other people's messages: which are still to be fetched into the cache.

use ayumi_protocol::cursor::LogName;
use ayumi_protocol::hash::Sha256;
use rusqlite::Result as SqlResult;

use super::columns::parsed;
use super::outbox::sql::log_at;
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
    Ok(insert(tx, log, sha256, false)?)
}

/// Has a picture fetched before others, because somebody looks at its message.
pub(crate) fn want_opened(tx: &WriteTransaction<'_>, log: LogName, sha256: Sha256) -> Result<(), StoreError> {
    Ok(insert(tx, log, sha256, true)?)
}

fn insert(tx: &WriteTransaction<'_>, log: LogName, sha256: Sha256, is_opened: bool) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO picture_to_fetch (case_id, audience, sha256, is_opened)
             VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (case_id, audience, sha256) DO UPDATE
             SET is_opened = MAX(is_opened, excluded.is_opened)",
        )?
        .execute((
            log.case_id.to_string(),
            log.audience.as_str(),
            sha256.to_string(),
            is_opened,
        ))?;
    Ok(())
}

/// A picture has arrived, or will never.
pub(crate) fn forget(tx: &WriteTransaction<'_>, log: LogName, sha256: Sha256) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("DELETE FROM picture_to_fetch WHERE case_id = ?1 AND audience = ?2 AND sha256 = ?3")?
        .execute((log.case_id.to_string(), log.audience.as_str(), sha256.to_string()))?;
    Ok(())
}

/// What is to be fetched, what somebody looks at first; at most `most`.
pub(crate) fn wanted(reader: &Reader<'_>, most: usize) -> Result<Vec<WantedPicture>, StoreError> {
    Ok(reader
        .connection()
        .prepare_cached(
            "SELECT case_id, audience, sha256, is_opened FROM picture_to_fetch
             ORDER BY is_opened DESC, case_id, audience, sha256
             LIMIT ?1",
        )?
        .query_map([i64::try_from(most).unwrap_or(i64::MAX)], |row| {
            Ok(WantedPicture {
                log: log_at(row, 0)?,
                sha256: parsed(row, 2, "a hash", Sha256::parse)?,
                is_opened: row.get(3)?,
            })
        })?
        .collect::<SqlResult<_>>()?)
}
