//! Tries to sign in, counted in the store, so that several nodes count together.

use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::time::UtcMillis;

use super::sql;
use crate::http::client_address::ClientAddress;
use crate::http::extract::sha256;
use crate::server::{Server, boxed};
use crate::store::{Fault, Refused, Value};

const HOUR_MS: i64 = 3_600_000;

/// Counts a try by where it comes from. Enrolment, sign-in and transfer share the count. In process there is no address, and
/// nothing is counted.
///
/// Errors: `rate_limited` until the hour is over.
pub(crate) async fn count_address(
    server: &Server,
    address: ClientAddress,
    now: UtcMillis,
) -> Result<(), Fault> {
    match address.network() {
        Some(network) => count(server, &format!("address/{network}"), now).await,
        None => Ok(()),
    }
}

/// Tries of one login from everywhere, as a multiple of those from one address.
const LOGIN_FACTOR: u32 = 10;

/// Counts a try of a login: few from one network, and more from all of them together, so that a stranger cannot lock somebody out by
/// trying from one address.
///
/// Errors: `rate_limited` until the hour is over.
pub(crate) async fn count_login(
    server: &Server,
    login: &str,
    address: ClientAddress,
    now: UtcMillis,
) -> Result<(), Fault> {
    let network = address.network().unwrap_or_default();
    count(server, &format!("staff/{login}/{network}"), now).await?;
    let most = server.policy.sign_ins_per_hour.saturating_mul(LOGIN_FACTOR);
    count_at_most(server, &format!("staff/{login}"), now, most).await
}

/// Counts a try. `scope` names what is tried; only its hash is kept, for a day.
///
/// Errors: `rate_limited` until the hour is over.
pub(crate) async fn count(server: &Server, scope: &str, now: UtcMillis) -> Result<(), Fault> {
    count_at_most(server, scope, now, server.policy.sign_ins_per_hour).await
}

async fn count_at_most(server: &Server, scope: &str, now: UtcMillis, most: u32) -> Result<(), Fault> {
    let scope = sha256(scope.as_bytes()).to_string();
    let hour = now.0.div_euclid(HOUR_MS);
    let count: i64 = server
        .write((scope, hour), |tx, (scope, hour)| {
            boxed(async move {
                let key: [Value; 2] = [scope.as_str().into(), (*hour).into()];
                let row = tx.row(sql::COUNT_ATTEMPT, &key).await?;
                Ok(row.map_or(Ok(1), |row| row.get(0))?)
            })
        })
        .await?;
    if count <= i64::from(most) {
        return Ok(());
    }
    let left = HOUR_MS.saturating_sub(now.0.rem_euclid(HOUR_MS));
    Err(Fault::Refused(Refused {
        code: ProblemCode::RateLimited,
        retry_after_ms: u64::try_from(left).ok(),
    }))
}
