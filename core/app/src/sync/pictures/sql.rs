//! Statements over `picture_to_fetch`.

use ayumi_protocol::cursor::LogName;
use ayumi_protocol::hash::Sha256;
use rusqlite::Result as SqlResult;

use super::WantedPicture;
use crate::store::{Reader, WriteTransaction};
use crate::sync::columns::parsed;
use crate::sync::outbox::sql::log_at;

pub(super) fn insert(
    tx: &WriteTransaction<'_>,
    log: LogName,
    sha256: Sha256,
    is_opened: bool,
) -> SqlResult<()> {
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

pub(super) fn delete(tx: &WriteTransaction<'_>, log: LogName, sha256: Sha256) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "DELETE FROM picture_to_fetch
             WHERE case_id = ?1 AND audience = ?2 AND sha256 = ?3",
        )?
        .execute((log.case_id.to_string(), log.audience.as_str(), sha256.to_string()))?;
    Ok(())
}

pub(super) fn wanted(reader: &Reader<'_>, most: usize) -> SqlResult<Vec<WantedPicture>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT case_id, audience, sha256, is_opened
             FROM picture_to_fetch
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
        .collect()
}
