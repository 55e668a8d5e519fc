//! Tries to reach what is not somebody's, written to the audit chain of whoever tried.

use ayumi_protocol::cursor::LogName;

use crate::accounts::principal::Principal;
use crate::audit::{self, Act, Chain};
use crate::store::{Fault, Refused, Transaction, Value};

/// Refused tries of one account that are written in an hour: enough to see that somebody tries, too few to fill a disk.
const ROWS_PER_HOUR: i64 = 60;
const HOUR_MS: i64 = 3_600_000;

/// Writes a refused try.
///
/// Errors: `NeedsWrite` in a transaction that only reads.
pub(crate) async fn record(
    tx: &mut dyn Transaction,
    principal: &Principal,
    act: &'static str,
    log: LogName,
    refused: &Refused,
) -> Result<(), Fault> {
    if !tx.is_writing() {
        return Err(Fault::NeedsWrite);
    }
    let scope = format!("refused/{}", principal.account_id);
    let key: [Value; 2] = [scope.into(), principal.now.0.div_euclid(HOUR_MS).into()];
    let row = tx.row(crate::accounts::sql::COUNT_ATTEMPT, &key).await?;
    let count: i64 = row.map_or(Ok(0), |row| row.get(0))?;
    if count > ROWS_PER_HOUR {
        return Ok(());
    }
    let role = principal.any_role();
    let mut act = Act::done(principal, role, act);
    refused.code.as_str().clone_into(&mut act.outcome);
    act.audience = Some(log.audience);
    act.object_id = Some(*log.case_id.as_uuid());
    // Not into the chain of the case: a stranger must not be able to write there.
    audit::record(tx, Chain::Account(principal.account_id), &act).await?;
    Ok(())
}
