//! Statements over `account`.

use ayumi_protocol::id::{AccountId, CaseId, DeviceId};
use ayumi_protocol::session::ConsentVersion;
use rusqlite::{OptionalExtension as _, Result as SqlResult, Row};

use super::{Account, SessionState};
use crate::store::{Reader, WriteTransaction};
use crate::sync::columns::{parsed, parsed_option};
use crate::time::UtcMillis;

fn account(row: &Row<'_>) -> SqlResult<Account> {
    Ok(Account {
        account_id: parsed(row, 0, "an account", AccountId::parse)?,
        device_id: parsed(row, 1, "a device", DeviceId::parse)?,
        case_id: parsed_option(row, 2, "a case", CaseId::parse)?,
        session: SessionState::from_word(&row.get::<_, String>(3)?),
        consent_version: parsed_option(row, 4, "a version", ConsentVersion::from_word)?,
        signed_in_at: UtcMillis(row.get(5)?),
    })
}

pub(super) fn read(reader: &Reader<'_>) -> SqlResult<Option<Account>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT account_id, device_id, case_id, session, consent_version, signed_in_at_ms
             FROM account
             LIMIT 1",
        )?
        .query_row([], account)
        .optional()
}

pub(super) fn write(tx: &WriteTransaction<'_>, account: &Account) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO account (account_id, device_id, case_id, session, consent_version, signed_in_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (account_id) DO UPDATE
             SET device_id = excluded.device_id,
                 case_id = excluded.case_id,
                 session = excluded.session,
                 consent_version = excluded.consent_version,
                 signed_in_at_ms = excluded.signed_in_at_ms",
        )?
        .execute((
            account.account_id.to_string(),
            account.device_id.to_string(),
            account.case_id.map(|id| id.to_string()),
            account.session.as_str(),
            account.consent_version.as_ref().map(ConsentVersion::as_str),
            account.signed_in_at.0,
        ))?;
    Ok(())
}

pub(super) fn set_session(tx: &WriteTransaction<'_>, session: SessionState) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("UPDATE account SET session = ?1")?
        .execute([session.as_str()])?;
    Ok(())
}
