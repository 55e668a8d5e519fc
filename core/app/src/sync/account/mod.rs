//! Who is signed in on this phone. One account at a time; another one comes only after everything of the first is gone.

mod sql;

use ayumi_protocol::id::{AccountId, CaseId, DeviceId};
use ayumi_protocol::session::ConsentVersion;

use crate::store::{Reader, StoreError, WriteTransaction, settings as settings_table};
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

/// The account on this phone, if somebody signed in.
pub fn read(reader: &Reader<'_>) -> Result<Option<Account>, StoreError> {
    Ok(sql::read(reader)?)
}

/// Writes the account of a session that has begun, over that of an earlier session of the same person.
pub(crate) fn write(tx: &WriteTransaction<'_>, account: &Account) -> Result<(), StoreError> {
    let before = sql::read(tx)?.filter(|before| before.device_id != account.device_id);
    if let Some(before) = before {
        let mut former = former_devices(tx)?;
        former.push(before.device_id.to_string());
        settings_table::set(tx, FORMER_DEVICES, Some(&former.join(" ")))?;
    }
    Ok(sql::write(tx, account)?)
}

/// The setting with the names that this phone had with the server, one for each earlier sign-in.
const FORMER_DEVICES: &str = "sync.former_devices";

fn former_devices(reader: &Reader<'_>) -> Result<Vec<String>, StoreError> {
    let text = settings_table::get(reader, FORMER_DEVICES)?.unwrap_or_default();
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

/// Whether a device of the log is this phone, under its present name or one from before it signed in again.
pub(crate) fn is_this_phone(reader: &Reader<'_>, device_id: DeviceId) -> Result<bool, StoreError> {
    let is_present = sql::read(reader)?.is_some_and(|account| account.device_id == device_id);
    Ok(is_present || former_devices(reader)?.contains(&device_id.to_string()))
}

/// Notes what the server said about the session.
pub(crate) fn set_session(tx: &WriteTransaction<'_>, session: SessionState) -> Result<(), StoreError> {
    Ok(sql::set_session(tx, session)?)
}
