//! Who asks: an access token, and what its session, account and roles say at this moment.

use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::{AccountId, DeviceId, SocietyId};
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::session::{Role, RoleInSociety};
use ayumi_protocol::time::UtcMillis;
use uuid::Uuid;

use super::sql;
use crate::store::{Fault, StoreError, Transaction, Value};

/// What a request shows of itself.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// SHA-256 of the access token.
    pub token_hash: Sha256,
    /// The server's clock when the request came.
    pub now: UtcMillis,
    /// Of the request, for logs and audit.
    pub request_id: String,
}

/// The one who asks. Read in the transaction of the act, so that whatever was revoked before is revoked for it.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The account.
    pub account_id: AccountId,
    /// The session.
    pub session_id: Uuid,
    /// The device to which it is bound.
    pub device_id: DeviceId,
    /// Staff, not a participant.
    pub is_staff: bool,
    /// Roles per society.
    pub roles: Vec<RoleInSociety>,
    /// When the request came.
    pub now: UtcMillis,
    /// Its id.
    pub request_id: String,
}

impl Principal {
    /// Whether the account has this role in that society.
    #[must_use]
    pub fn has_role(&self, role: &Role, society_id: SocietyId) -> bool {
        self.roles
            .iter()
            .any(|held| held.society_id == society_id && held.role == *role)
    }

    /// The role under which an act is written that belongs to no society.
    #[must_use]
    pub fn any_role(&self) -> Role {
        self.roles
            .first()
            .map_or(Role::Participant, |held| held.role.clone())
    }

    /// Whether the account has this role in any society.
    #[must_use]
    pub fn has_role_anywhere(&self, role: &Role) -> bool {
        self.roles.iter().any(|held| held.role == *role)
    }
}

/// Finds out who asks.
///
/// The first use of a pair of tokens is written down, because its predecessor is dead from then on (sync.md 12.3).
///
/// Errors: `token_expired`, `session_revoked`, `account_suspended`, `account_deleted`; `NeedsWrite` at the first use of a pair
/// in a transaction that only reads.
pub async fn authenticate(tx: &mut dyn Transaction, credentials: &Credentials) -> Result<Principal, Fault> {
    let Some(row) = tx
        .row(sql::TOKEN_SESSION, &[credentials.token_hash.into()])
        .await?
    else {
        return Err(ProblemCode::TokenExpired.into());
    };
    let now = credentials.now;
    let (account_id, session_id): (AccountId, Uuid) = (row.get(0)?, row.get(1)?);
    let generation: i64 = row.get(2)?;
    match row.get::<String>(11)?.as_str() {
        "active" => {}
        "suspended" => return Err(ProblemCode::AccountSuspended.into()),
        _ => return Err(ProblemCode::AccountDeleted.into()),
    }
    let has_ended = row.get::<Option<UtcMillis>>(9)?.is_some()
        || row.get::<UtcMillis>(7)? <= now
        || row.get::<UtcMillis>(8)? <= now;
    if has_ended {
        return Err(ProblemCode::SessionRevoked.into());
    }
    let is_refresh: bool = row.get(3)?;
    if is_refresh || row.get::<UtcMillis>(4)? <= now {
        return Err(ProblemCode::TokenExpired.into());
    }
    if row.get::<Option<UtcMillis>>(5)?.is_none() {
        if !tx.is_writing() {
            return Err(Fault::NeedsWrite);
        }
        let pair: [Value; 4] = [
            account_id.into(),
            session_id.into(),
            generation.into(),
            now.into(),
        ];
        tx.execute(sql::MARK_PAIR_USED, &pair).await?;
    }
    Ok(Principal {
        account_id,
        session_id,
        device_id: row.get(6)?,
        is_staff: row.get(10)?,
        roles: roles(tx, account_id).await?,
        now,
        request_id: credentials.request_id.clone(),
    })
}

/// The roles of an account.
pub async fn roles(
    tx: &mut dyn Transaction,
    account_id: AccountId,
) -> Result<Vec<RoleInSociety>, StoreError> {
    let rows = tx.query(sql::ROLES, &[account_id.into()]).await?;
    rows.iter()
        .map(|row| {
            let role: String = row.get(1)?;
            Ok(RoleInSociety {
                society_id: row.get(0)?,
                role: Role::from_word(&role).ok_or(StoreError::Bug {
                    what: "a stored role is no word",
                })?,
            })
        })
        .collect()
}
