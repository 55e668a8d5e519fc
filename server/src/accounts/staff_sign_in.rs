//! Staff sign in: password and second factor in one request, so that neither can be tried alone.
//!
//! Which of them was wrong is not said, and a name that does not exist takes as long as one that does. Each time step of the second factor
//! is used once, by a change of the account's row that only one of two at once can make.
//!
//! Source: sync.md 12.1.

use ayumi_protocol::id::{AccountId, DeviceId};
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::session::{Role, SessionAnswer, StaffSignInRequest};

use super::principal::roles;
use super::session::{self, Lives, NewSession, Zeroing};
use super::{attempts, second_factor, slow_hash, sql};
use crate::audit::{self, Act, Chain};
use crate::http::client_address::ClientAddress;
use crate::server::{Server, boxed};
use crate::store::{Fault, Refused, Transaction, Value, state};

/// Signs a member of the staff in.
///
/// Errors: `credentials_refused`; `rate_limited`; `account_suspended`, only to somebody who has both.
pub async fn sign_in(
    server: &Server,
    request: StaffSignInRequest,
    address: ClientAddress,
    request_id: String,
) -> Result<SessionAnswer, Fault> {
    let now = server.host.now();
    let login = request.login.trim().to_lowercase();
    attempts::count_address(server, address, now).await?;
    attempts::count_login(server, &login, address, now).await?;
    let found = server.read(login, |tx, login| boxed(find(tx, login))).await?;
    let hashes = found
        .iter()
        .map(|account| account.password_hash.clone())
        .collect();
    let password = request.password.expose();
    let is_password = slow_hash::find(&server.host, &server.policy, password, hashes).await?;
    let Some(account) = found else {
        return Err(ProblemCode::CredentialsRefused.into());
    };
    let step = second_factor::matching_step(&account.totp_secret, request.one_time_code.expose(), now.0)?;
    let random: [u8; 32] = server.host.random_bytes();
    let attempt = Attempt {
        account_id: account.account_id,
        step: is_password.and(step),
        session: NewSession {
            session_id: server.host.new_uuid(),
            device_id: DeviceId::from_uuid(server.host.new_uuid()),
            device: request.device,
            salt: server.host.random_bytes(),
            // A repeat is another sign-in, with other digits; nothing has to follow again from the request.
            presented: Zeroing(
                ayumi_protocol::hash::Sha256::from_bytes(random)
                    .to_string()
                    .into(),
            ),
            now,
            lives: Lives::of(&server.policy, true),
        },
        request_id,
    };
    let outcome = server
        .write(attempt, |tx, attempt| boxed(begin(tx, attempt)))
        .await?;
    outcome.map_err(Fault::Refused)
}

struct Found {
    account_id: AccountId,
    password_hash: String,
    totp_secret: Vec<u8>,
}

async fn find(tx: &mut dyn Transaction, login: &str) -> Result<Option<Found>, Fault> {
    let Some(row) = tx.row(sql::STAFF_BY_LOGIN, &[login.into()]).await? else {
        return Ok(None);
    };
    let (password_hash, totp_secret): (Option<String>, Option<Vec<u8>>) = (row.get(1)?, row.get(2)?);
    let (Some(password_hash), Some(totp_secret)) = (password_hash, totp_secret) else {
        return Ok(None);
    };
    Ok(Some(Found {
        account_id: row.get(0)?,
        password_hash,
        totp_secret,
    }))
}

struct Attempt {
    account_id: AccountId,
    /// The time step of the second factor, if that and the password were right.
    step: Option<i64>,
    session: NewSession,
    request_id: String,
}

async fn begin(tx: &mut dyn Transaction, attempt: &Attempt) -> Result<Result<SessionAnswer, Refused>, Fault> {
    let (account_id, now) = (attempt.account_id, attempt.session.now);
    let refusal = match attempt.step {
        None => Some(ProblemCode::CredentialsRefused),
        Some(step) => {
            let values: [Value; 2] = [account_id.into(), step.into()];
            if tx.execute(sql::USE_TIME_STEP, &values).await? == 0 {
                Some(ProblemCode::CredentialsRefused)
            } else {
                refusal_of_status(tx, account_id).await?
            }
        }
    };
    let held = roles(tx, account_id).await?;
    let role = held.first().map_or(Role::Administrator, |held| held.role.clone());
    let mut act = Act::by_server(now, "staff.signed_in", &attempt.request_id);
    act.actor_id = account_id;
    act.actor_role = role;
    act.device_id = attempt.session.device_id;
    if let Some(code) = refusal {
        // The refusal is written down and therefore no error of the transaction.
        code.as_str().clone_into(&mut act.outcome);
        act.device_id = DeviceId::SYSTEM;
        audit::record(tx, Chain::Account(account_id), &act).await?;
        return Ok(Err(code.into()));
    }
    let tokens = session::begin(tx, account_id, &attempt.session).await?;
    audit::record(tx, Chain::Account(account_id), &act).await?;
    Ok(Ok(SessionAnswer {
        server_time_ms: now,
        account_id,
        device_id: attempt.session.device_id,
        roles: held,
        case_id: None,
        consent_version: None,
        epoch: state::epoch(tx).await?,
        tokens,
    }))
}

async fn refusal_of_status(
    tx: &mut dyn Transaction,
    account_id: AccountId,
) -> Result<Option<ProblemCode>, Fault> {
    let row = tx.row(sql::ACCOUNT_STATUS, &[account_id.into()]).await?;
    let status: String = row.ok_or(ProblemCode::CredentialsRefused)?.get(0)?;
    Ok(match status.as_str() {
        "active" => None,
        "suspended" => Some(ProblemCode::AccountSuspended),
        _ => Some(ProblemCode::CredentialsRefused),
    })
}
