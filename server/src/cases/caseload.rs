//! The cases that a member of the staff acts for, with the ends of their logs.
//!
//! Source: sync.md 3.5 and 15.5.

use ayumi_protocol::caseload::{CaseSummary, CaseloadAnswer, LogHead};
use ayumi_protocol::cursor::Audience;
use ayumi_protocol::limits;
use ayumi_protocol::problem::ProblemCode;

use super::sql;
use crate::accounts::principal::{Credentials, authenticate};
use crate::audit::{self, Act, Chain};
use crate::server::{Server, boxed};
use crate::store::{Fault, Row, StoreError, Transaction, Value};

/// The caseload of whoever asks; empty for staff who act for nobody. At most [`limits::PULL_LOGS`] cases, the last active first.
///
/// That names were read is written to the chain of the account: one row, and not one in each case.
///
/// Errors: those of [`authenticate`]; `forbidden` for a participant.
pub async fn read(server: &Server, credentials: Credentials) -> Result<CaseloadAnswer, Fault> {
    server
        .read(credentials, |tx, credentials| boxed(read_in(tx, credentials)))
        .await
}

async fn read_in(tx: &mut dyn Transaction, credentials: &Credentials) -> Result<CaseloadAnswer, Fault> {
    let principal = authenticate(tx, credentials).await?;
    if !principal.is_staff {
        return Err(ProblemCode::Forbidden.into());
    }
    let most = i64::try_from(limits::PULL_LOGS).unwrap_or(i64::MAX);
    let values: [Value; 2] = [principal.account_id.into(), most.into()];
    let rows = tx.query(sql::CASELOAD, &values).await?;
    let cases = rows.iter().map(summary).collect::<Result<Vec<_>, _>>()?;
    if !cases.is_empty() {
        if !tx.is_writing() {
            return Err(Fault::NeedsWrite);
        }
        let act = Act::done(&principal, principal.any_role(), "caseload.read");
        audit::record(tx, Chain::Account(principal.account_id), &act).await?;
    }
    Ok(CaseloadAnswer {
        server_time_ms: principal.now,
        cases,
    })
}

fn summary(row: &Row) -> Result<CaseSummary, StoreError> {
    // Without consent the staff reads no log, and what happens in it is none of theirs. That the case is theirs they may know.
    let is_open = row.get::<String>(4)? == "given";
    let heads = [(Audience::Care, 5), (Audience::Staff, 6)].into_iter();
    let heads = heads
        .filter(|_| is_open)
        .map(|(audience, column)| {
            Ok(LogHead {
                audience,
                head_seq: row.get(column)?,
            })
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(CaseSummary {
        case_id: row.get(0)?,
        society_id: row.get(1)?,
        name: row.get(2)?,
        is_substitute: row.get(3)?,
        heads,
        last_participant_entry_at_ms: if is_open { row.get(7)? } else { None },
        last_staff_entry_at_ms: if is_open { row.get(8)? } else { None },
    })
}
