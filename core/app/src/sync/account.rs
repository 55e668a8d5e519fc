//! Who is signed in on this phone. One account at a time; another one comes only after everything of the first is gone.

use ayumi_protocol::id::{AccountId, CaseId, DeviceId};
use ayumi_protocol::session::ConsentVersion;
use rusqlite::{OptionalExtension as _, Row};

use super::columns::{parsed, parsed_option};
use crate::store::{Reader, StoreError, WriteTransaction};
use crate::time::UtcMillis;

/// Whether the server still takes requests of this session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionState {
    /// Yes.
    Active,
    /// The account is stopped for now: data stay readable, and the phone asks once a day.
    Suspended,
    /// The session was ended by the server: the same person may sign in again and go on.
    Revoked,
}

impl SessionState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
        }
    }

    /// A word of a later version stops sending, which loses nothing.
    fn from_word(word: &str) -> Self {
        match word {
            "active" => Self::Active,
            "suspended" => Self::Suspended,
            _ => Self::Revoked,
        }
    }
}

/// The account on this phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Who signed in.
    pub account_id: AccountId,
    /// This phone as the server knows it.
    pub device_id: DeviceId,
    /// Her own case; `None` for staff.
    pub case_id: Option<CaseId>,
    /// Whether requests are answered.
    pub session: SessionState,
    /// The text of consent that was in force at sign-in.
    pub consent_version: Option<ConsentVersion>,
    /// When she signed in, by the phone's clock.
    pub signed_in_at: UtcMillis,
}

impl Account {
    /// Whether it is a member of the staff.
    #[must_use]
    pub const fn is_staff(&self) -> bool {
        self.case_id.is_none()
    }
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        account_id: parsed(row, 0, "an account", AccountId::parse)?,
        device_id: parsed(row, 1, "a device", DeviceId::parse)?,
        case_id: parsed_option(row, 2, "a case", CaseId::parse)?,
        session: SessionState::from_word(&row.get::<_, String>(3)?),
        consent_version: parsed_option(row, 4, "a version", ConsentVersion::from_word)?,
        signed_in_at: UtcMillis(row.get(5)?),
    })
}

/// The account on this phone, if somebody signed in.
pub fn read(reader: &Reader<'_>) -> Result<Option<Account>, StoreError> {
    Ok(reader
        .connection()
        .prepare_cached(
            "SELECT account_id, device_id, case_id, session, consent_version, signed_in_at_ms
             FROM account
             LIMIT 1",
        )?
        .query_row([], account)
        .optional()?)
}

/// Writes the account of a session that has begun, over that of an earlier session of the same person.
pub(crate) fn write(tx: &WriteTransaction<'_>, account: &Account) -> Result<(), StoreError> {
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

/// Notes what the server said about the session.
pub(crate) fn set_session(tx: &WriteTransaction<'_>, session: SessionState) -> Result<(), StoreError> {
    tx.connection()
        .prepare_cached("UPDATE account SET session = ?1")?
        .execute([session.as_str()])?;
    Ok(())
}
