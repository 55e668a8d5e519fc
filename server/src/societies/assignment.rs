//! Who acts for a case: her dietitian and substitutes.
//!
//! The rows change in the transaction that tells her so, so whoever is no longer among them loses access with the next request.

use ayumi_protocol::body::{ActingStaff, AssignmentChanged, Qualification, RawBody};
use ayumi_protocol::cursor::Audience;
use ayumi_protocol::id::{AccountId, CaseId, OpId};
use ayumi_protocol::kind::Kind;
use ayumi_protocol::limits;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::session::Role;
use ayumi_protocol::time::UtcMillis;

use super::sql;
use crate::cases::append::{self, SystemEntry};
use crate::store::{Fault, StoreError, Transaction, Value};

/// One who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acting {
    /// A dietitian of the society of the case.
    pub account_id: AccountId,
    /// Stands in for another.
    pub is_substitute: bool,
}

/// Whether exactly these act for a case already. The case is locked from here on, so that it stays true until the end of the transaction.
///
/// Errors: `not_found` for a case that does not exist.
pub async fn is_set(tx: &mut dyn Transaction, case_id: CaseId, acting: &[Acting]) -> Result<bool, Fault> {
    append::lock(tx, case_id).await?;
    let rows = tx.query(sql::ACTING_OF_CASE, &[case_id.into()]).await?;
    let present = rows.iter().map(|row| {
        Ok(Acting {
            account_id: row.get(0)?,
            is_substitute: row.get(1)?,
        })
    });
    let present = present.collect::<Result<Vec<Acting>, StoreError>>()?;
    let is_same = |one: &Acting| present.contains(one);
    Ok(present.len() == acting.len() && acting.iter().all(is_same))
}

/// Sets who acts for a case, all of them at once.
///
/// Errors: `invalid_value` for nobody, too many, one twice, or one who is no dietitian of her society; `not_found` for a case that does
/// not exist.
pub async fn set(
    tx: &mut dyn Transaction,
    case_id: CaseId,
    acting: &[Acting],
    op_id: OpId,
    now: UtcMillis,
) -> Result<(), Fault> {
    let mut ids: Vec<AccountId> = acting.iter().map(|one| one.account_id).collect();
    ids.sort_unstable();
    ids.dedup();
    if acting.is_empty() || acting.len() > limits::ACTING_STAFF || ids.len() != acting.len() {
        return Err(ProblemCode::InvalidValue.into());
    }
    // Before anything is read or removed: two coordinators at once must not leave the rows of both.
    append::lock(tx, case_id).await?;
    tx.execute(sql::CLEAR_ASSIGNMENT, &[case_id.into()]).await?;
    let mut staff = Vec::new();
    for one in acting {
        let key: [Value; 2] = [case_id.into(), one.account_id.into()];
        let row = tx
            .row(sql::ACTING, &key)
            .await?
            .ok_or(ProblemCode::InvalidValue)?;
        let values: [Value; 4] = [
            case_id.into(),
            one.account_id.into(),
            one.is_substitute.into(),
            now.into(),
        ];
        tx.execute(sql::INSERT_ASSIGNMENT, &values).await?;
        let qualification: Option<String> = row.get(1)?;
        staff.push(ActingStaff {
            account_id: one.account_id,
            role: Role::Dietitian,
            name: row.get(0)?,
            qualification: qualification
                .and_then(|word| Qualification::from_word(&word))
                .unwrap_or(Qualification::RegisteredDietitian),
            picture_sha256: row.get(3)?,
            reply_hours: row.get::<Option<String>>(2)?.unwrap_or_default(),
            is_substitute: one.is_substitute,
        });
    }
    let body = RawBody::of(&AssignmentChanged { acting: staff });
    let entry = SystemEntry {
        case_id,
        audience: Audience::Care,
        op_id,
        kind: Kind::AssignmentChanged,
        body: body.map_err(|_| ProblemCode::InternalFault)?,
        now,
    };
    append::by_system(tx, &entry).await?;
    Ok(())
}
