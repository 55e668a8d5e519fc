//! Sessions: one per device, with a pair of tokens that is replaced again and again.
//!
//! ```text
//!   pair 1 ──refresh──▶ pair 2 ──refresh──▶ pair 3
//!     └─ the same refresh again: pair 2 again, until pair 2 is used for the first time, and for a week at most
//!     └─ after that: somebody else has the token; the session ends for both
//! ```
//!
//! Source: sync.md 12.2 to 12.4, faults.md F51 to F56.

use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::{AccountId, DeviceId};
use ayumi_protocol::limits;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::session::{DeviceDescription, RefreshRequest, Role, Tokens};
use ayumi_protocol::time::UtcMillis;
use uuid::Uuid;

use super::sql;
use super::token::Pair;
use crate::audit::{self, Act, Chain};
use crate::policy::Policy;
use crate::store::{Fault, Refused, StoreError, Transaction, Value};

/// What a new session begins with; made outside the transaction.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Id of the session.
    pub session_id: Uuid,
    /// Id of the device from now on.
    pub device_id: DeviceId,
    /// What the device says about itself.
    pub device: DeviceDescription,
    /// Salt of the first pair.
    pub salt: [u8; 32],
    /// What the first pair follows from. It is secret and not kept.
    pub presented: Zeroing,
    /// The server's clock.
    pub now: UtcMillis,
    /// Lifetimes.
    pub lives: Lives,
}

/// A secret text that shows itself to nobody and is overwritten after use.
#[derive(Clone)]
pub struct Zeroing(pub zeroize::Zeroizing<String>);

impl std::fmt::Debug for Zeroing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Zeroing(..)")
    }
}

/// How long a session and its tokens live. Units: milliseconds.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "the unit is part of the name")]
pub struct Lives {
    access_ms: i64,
    idle_ms: i64,
    absolute_ms: i64,
    grace_ms: i64,
}

impl Lives {
    /// Those of a participant or of staff.
    #[must_use]
    pub fn of(policy: &Policy, is_staff: bool) -> Self {
        let ms = |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let (idle, absolute) = if is_staff {
            (policy.staff_idle, policy.staff_session)
        } else {
            (policy.participant_idle, policy.participant_session)
        };
        Self {
            access_ms: ms(policy.access_token_life),
            idle_ms: ms(idle),
            absolute_ms: ms(absolute),
            grace_ms: ms(policy.refresh_grace),
        }
    }

    fn access_expires_in_ms(self) -> u64 {
        u64::try_from(self.access_ms).unwrap_or(0)
    }
}

fn after(now: UtcMillis, ms: i64) -> UtcMillis {
    UtcMillis(now.0.saturating_add(ms))
}

/// Begins a session and brings its first tokens.
pub async fn begin(
    tx: &mut dyn Transaction,
    account_id: AccountId,
    new: &NewSession,
) -> Result<Tokens, StoreError> {
    tx.execute(
        sql::INSERT_SESSION,
        &[
            account_id.into(),
            new.session_id.into(),
            new.device_id.into(),
            new.device.platform.as_str().into(),
            new.device.model.as_str().into(),
            new.device.app_version.to_string().into(),
            new.now.into(),
            after(new.now, new.lives.absolute_ms).into(),
            after(new.now, new.lives.idle_ms).into(),
        ],
    )
    .await?;
    let pair = Pair::derive(&new.presented.0, &new.salt)?;
    insert_pair(
        tx,
        (account_id, new.session_id),
        1,
        &new.salt,
        &pair,
        new.now,
        new.lives,
    )
    .await?;
    Ok(pair.into_tokens(new.lives.access_expires_in_ms()))
}

/// The first tokens of a session once more, for a request that is repeated because its answer was lost; `None` once they were used.
pub async fn begin_again(
    tx: &mut dyn Transaction,
    account_id: AccountId,
    session_id: Uuid,
    presented: &str,
    lives: Lives,
    now: UtcMillis,
) -> Result<Option<Tokens>, StoreError> {
    let session = (account_id, session_id);
    let Some((salt, first_used)) = pair_of(tx, session, 1).await? else {
        return Ok(None);
    };
    if first_used.is_some() {
        return Ok(None);
    }
    extend(tx, session, 1, now, lives).await?;
    let pair = Pair::derive(presented, &salt)?;
    Ok(Some(pair.into_tokens(lives.access_expires_in_ms())))
}

async fn insert_pair(
    tx: &mut dyn Transaction,
    (account_id, session_id): (AccountId, Uuid),
    generation: i64,
    salt: &[u8],
    pair: &Pair,
    now: UtcMillis,
    lives: Lives,
) -> Result<(), StoreError> {
    tx.execute(
        sql::INSERT_PAIR,
        &[
            account_id.into(),
            session_id.into(),
            generation.into(),
            salt.into(),
            pair.access_hash().into(),
            pair.refresh_hash().into(),
            now.into(),
            after(now, lives.access_ms).into(),
        ],
    )
    .await?;
    for (hash, is_refresh) in [(pair.access_hash(), false), (pair.refresh_hash(), true)] {
        let token: [Value; 5] = [
            hash.into(),
            account_id.into(),
            session_id.into(),
            generation.into(),
            is_refresh.into(),
        ];
        tx.execute(sql::INSERT_TOKEN, &token).await?;
    }
    Ok(())
}

/// Salt and first use of a pair; `None` if there is no such pair.
async fn pair_of(
    tx: &mut dyn Transaction,
    (account_id, session_id): (AccountId, Uuid),
    generation: i64,
) -> Result<Option<(Vec<u8>, Option<UtcMillis>)>, StoreError> {
    let key: [Value; 3] = [account_id.into(), session_id.into(), generation.into()];
    let row = tx.row(sql::PAIR, &key).await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

async fn extend(
    tx: &mut dyn Transaction,
    (account_id, session_id): (AccountId, Uuid),
    generation: i64,
    now: UtcMillis,
    lives: Lives,
) -> Result<(), StoreError> {
    let expiry: [Value; 4] = [
        account_id.into(),
        session_id.into(),
        generation.into(),
        after(now, lives.access_ms).into(),
    ];
    tx.execute(sql::EXTEND_PAIR, &expiry).await?;
    Ok(())
}

/// A refresh, with everything that is drawn for it.
#[derive(Debug)]
pub struct RefreshInput {
    /// What the phone sent.
    pub request: RefreshRequest,
    /// SHA-256 of its token.
    pub token_hash: Sha256,
    /// Salt of the next pair, if one is made.
    pub salt: [u8; 32],
    /// The server's clock.
    pub now: UtcMillis,
    /// Lifetimes of a participant, and of staff.
    pub lives: [Lives; 2],
    /// Of the request.
    pub request_id: String,
}

/// Brings the next pair of tokens, or the same one again while it is unused.
///
/// A token whose successor was used already, five minutes ago or more, is in two hands: the session ends for both. A phone that was restored from an old backup
/// is one of those hands; it signs in again and keeps what waits to be sent.
///
/// Errors: `session_revoked` for an unknown token, an ended session, another device; `token_rotated` for a copy that the network held
/// back; `account_suspended`, `account_deleted`. A theft is an `Ok` with the refusal `session_revoked`, because the end of the session and its audit row have to stay.
pub async fn refresh(
    tx: &mut dyn Transaction,
    input: &RefreshInput,
) -> Result<Result<Tokens, Refused>, Fault> {
    let revoked = || Fault::from(ProblemCode::SessionRevoked);
    let row = tx
        .row(sql::TOKEN_SESSION, &[input.token_hash.into()])
        .await?
        .ok_or_else(revoked)?;
    let session: (AccountId, Uuid) = (row.get(0)?, row.get(1)?);
    let (account_id, session_id) = session;
    let generation: i64 = row.get(2)?;
    match row.get::<String>(11)?.as_str() {
        "active" => {}
        "suspended" => return Err(ProblemCode::AccountSuspended.into()),
        _ => return Err(ProblemCode::AccountDeleted.into()),
    }
    let now = input.now;
    let has_ended = row.get::<Option<UtcMillis>>(9)?.is_some()
        || row.get::<UtcMillis>(7)? <= now
        || row.get::<UtcMillis>(8)? <= now;
    let is_refresh: bool = row.get(3)?;
    if has_ended || !is_refresh {
        return Err(revoked());
    }
    let device_id: DeviceId = row.get(6)?;
    if device_id != input.request.device_id {
        return end_for_theft(tx, session, device_id, input).await;
    }
    let is_staff: bool = row.get(10)?;
    let [participant, staff] = input.lives;
    let lives = if is_staff { staff } else { participant };
    // Two refreshes at once, on two nodes: the second waits here and then finds what the first has made.
    let lock: [Value; 3] = [account_id.into(), session_id.into(), now.into()];
    if tx.execute(sql::LOCK_SESSION, &lock).await? == 0 {
        return Err(revoked());
    }
    let presented = input.request.refresh_token.expose();
    let next = generation.saturating_add(1);
    if let Some((salt, first_used)) = pair_of(tx, session, next).await? {
        let made = row_time(tx, session, next).await?;
        let is_within_grace = now.0 < made.0.saturating_add(lives.grace_ms);
        if let Some(first_used) = first_used {
            let wanders_ms = i64::try_from(limits::REFRESH_WANDERS.as_millis()).unwrap_or(0);
            if now.0 < first_used.0.saturating_add(wanders_ms) {
                // A copy of the request that brought the successor, late: nobody waits for its answer, and it gets no token.
                return Err(ProblemCode::TokenRotated.into());
            }
            return end_for_theft(tx, session, device_id, input).await;
        }
        if !is_within_grace {
            return end_for_theft(tx, session, device_id, input).await;
        }
        extend(tx, session, next, now, lives).await?;
        let pair = Pair::derive(presented, &salt)?;
        return Ok(Ok(pair.into_tokens(lives.access_expires_in_ms())));
    }
    // The refresh is a use of this pair: its own predecessor is dead from now on.
    let used: [Value; 4] = [
        account_id.into(),
        session_id.into(),
        generation.into(),
        now.into(),
    ];
    tx.execute(sql::MARK_PAIR_USED, &used).await?;
    let pair = Pair::derive(presented, &input.salt)?;
    insert_pair(tx, session, next, &input.salt, &pair, now, lives).await?;
    let seen: [Value; 5] = [
        account_id.into(),
        session_id.into(),
        now.into(),
        after(now, lives.idle_ms).into(),
        input.request.app_version.to_string().into(),
    ];
    tx.execute(sql::SEE_SESSION, &seen).await?;
    // Access tokens of dead pairs are of no use to anybody; dead refresh tokens stay, so that their use is seen as theft.
    let dead: [Value; 3] = [
        account_id.into(),
        session_id.into(),
        generation.saturating_sub(1).into(),
    ];
    tx.execute(sql::DROP_DEAD_ACCESS, &dead).await?;
    Ok(Ok(pair.into_tokens(lives.access_expires_in_ms())))
}

async fn row_time(
    tx: &mut dyn Transaction,
    (account_id, session_id): (AccountId, Uuid),
    generation: i64,
) -> Result<UtcMillis, StoreError> {
    let key: [Value; 3] = [account_id.into(), session_id.into(), generation.into()];
    let row = tx.row(sql::PAIR_MADE, &key).await?;
    row.ok_or(StoreError::Bug {
        what: "a pair has no row",
    })?
    .get(0)
}

async fn end_for_theft(
    tx: &mut dyn Transaction,
    (account_id, session_id): (AccountId, Uuid),
    device_id: DeviceId,
    input: &RefreshInput,
) -> Result<Result<Tokens, Refused>, Fault> {
    end(tx, account_id, session_id, "token_reused", input.now).await?;
    let mut act = Act::by_server(input.now, "token.reused", &input.request_id);
    act.actor_id = account_id;
    act.actor_role = Role::System;
    act.device_id = device_id;
    ProblemCode::SessionRevoked.as_str().clone_into(&mut act.outcome);
    audit::record(tx, Chain::Account(account_id), &act).await?;
    Ok(Err(ProblemCode::SessionRevoked.into()))
}

/// Ends a session, for good. Ending it twice changes nothing; `true` if it went on until now.
pub async fn end(
    tx: &mut dyn Transaction,
    account_id: AccountId,
    session_id: Uuid,
    reason: &str,
    now: UtcMillis,
) -> Result<bool, StoreError> {
    let values: [Value; 4] = [account_id.into(), session_id.into(), now.into(), reason.into()];
    Ok(tx.execute(sql::END_SESSION, &values).await? > 0)
}

/// Ends all sessions of an account.
pub async fn end_all(
    tx: &mut dyn Transaction,
    account_id: AccountId,
    reason: &str,
    now: UtcMillis,
) -> Result<(), StoreError> {
    let values: [Value; 3] = [account_id.into(), now.into(), reason.into()];
    tx.execute(sql::END_ALL_SESSIONS, &values).await?;
    Ok(())
}
