//! Who may read and write which log of a case, decided in the transaction of the act.
//!
//! | role | care | staff | advice |
//! | --- | --- | --- | --- |
//! | participant, own case | yes | no | yes |
//! | dietitian, in the society and assigned | yes | yes | no |
//! | adviser, in the society, once there is a question | no | no | yes |
//! | everybody else | no | no | no |
//!
//! A log that is not somebody's is answered like one that does not exist.

use ayumi_protocol::cursor::{Audience, LogName, Seq};
use ayumi_protocol::id::{AccountId, CaseId, SocietyId};
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::session::Role;

use super::sql;
use crate::accounts::principal::Principal;
use crate::store::{Fault, Transaction};

/// A case that the principal may reach, as it is at this moment.
#[derive(Debug, Clone)]
pub struct CaseAccess {
    /// The case.
    pub case_id: CaseId,
    /// Its society.
    pub society_id: SocietyId,
    /// The participant.
    pub participant_id: AccountId,
    /// In which role the principal reaches it.
    pub role: Role,
    /// End of the log that was asked for.
    pub head_seq: Seq,
    /// `none`, `given`, `withdrawn`.
    pub consent: Consent,
}

/// What she has said about the processing of her data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consent {
    /// Nothing yet.
    None,
    /// Yes, to this version of the text.
    Given(String),
    /// No longer.
    Withdrawn,
}

/// Lets somebody reach a log, or refuses.
///
/// Errors: `not_found`, whether there is no such log or it is not hers.
/// Source: sync.md 3.6 and 6.1, DESIGN.md, Backend.
pub async fn reach_log(
    tx: &mut dyn Transaction,
    principal: &Principal,
    log: LogName,
) -> Result<CaseAccess, Fault> {
    let not_found = || Fault::from(ProblemCode::NotFound);
    let row = tx
        .row(sql::CASE_HEAD, &[log.case_id.into()])
        .await?
        .ok_or_else(not_found)?;
    let (society_id, participant_id): (SocietyId, AccountId) = (row.get(0)?, row.get(1)?);
    let head_seq: Seq = match log.audience {
        Audience::Care => row.get(2)?,
        Audience::Staff => row.get(3)?,
        Audience::Advice => row.get(4)?,
    };
    let consent = match row.get::<String>(5)?.as_str() {
        "given" => Consent::Given(row.get::<Option<String>>(6)?.unwrap_or_default()),
        "withdrawn" => Consent::Withdrawn,
        _ => Consent::None,
    };
    let role = if participant_id == principal.account_id {
        Role::Participant
    } else {
        match log.audience {
            Audience::Care | Audience::Staff => {
                let key = [log.case_id.into(), principal.account_id.into()];
                let is_assigned = principal.has_role(&Role::Dietitian, society_id)
                    && tx.row(sql::ASSIGNMENT, &key).await?.is_some();
                is_assigned.then_some(Role::Dietitian).ok_or_else(not_found)?
            }
            // An adviser works from a queue over the whole society; a case without a question is none of hers.
            Audience::Advice => {
                let is_asked = principal.has_role(&Role::Adviser, society_id) && head_seq > Seq::START;
                is_asked.then_some(Role::Adviser).ok_or_else(not_found)?
            }
        }
    };
    if !log.audience.readers().contains(&role) {
        return Err(not_found());
    }
    Ok(CaseAccess {
        case_id: log.case_id,
        society_id,
        participant_id,
        role,
        head_seq,
        consent,
    })
}
