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

use std::collections::BTreeMap;

use ayumi_protocol::cursor::{Audience, LogName, Seq};
use ayumi_protocol::id::{AccountId, CaseId, SocietyId};
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::session::Role;
use ayumi_protocol::time::UtcMillis;

use super::sql;
use crate::accounts::principal::Principal;
use crate::store::{Fault, Row, StoreError, Transaction, Value};

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

impl CaseAccess {
    /// Why the log is not read although it may be reached: a withdrawal ends the staff's reading at once. She herself keeps what is hers.
    #[must_use]
    pub fn reading_refusal(&self) -> Option<ProblemCode> {
        match (&self.role, &self.consent) {
            (Role::Participant, _) | (_, Consent::Given(_)) => None,
            (_, Consent::Withdrawn) => Some(ProblemCode::ConsentWithdrawn),
            (_, Consent::None) => Some(ProblemCode::ConsentRequired),
        }
    }
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

/// A case as it stands, with what is needed to decide who may reach its logs.
#[derive(Debug, Clone)]
pub(crate) struct CaseRow {
    case_id: CaseId,
    society_id: SocietyId,
    participant_id: AccountId,
    care_seq: Seq,
    staff_seq: Seq,
    advice_seq: Seq,
    consent: Consent,
    is_assigned: bool,
}

/// Cases that one statement asks for; fewer are padded, so that there is one statement.
const PORTION: usize = 32;

/// Reads cases, by their ids; those that do not exist are left out.
pub(crate) async fn read_cases(
    tx: &mut dyn Transaction,
    principal: &Principal,
    case_ids: &[CaseId],
) -> Result<BTreeMap<CaseId, CaseRow>, StoreError> {
    let mut cases = BTreeMap::new();
    // A push, and the long poll of a participant: 31 paddings would cost more than the case.
    if let [case_id] = case_ids {
        let values: [Value; 2] = [principal.account_id.into(), (*case_id).into()];
        if let Some(row) = tx.row(sql::CASE, &values).await? {
            cases.insert(*case_id, CaseRow::read(&row)?);
        }
        return Ok(cases);
    }
    for portion in case_ids.chunks(PORTION) {
        let padding = portion.last().into_iter().cycle();
        let ids = portion
            .iter()
            .chain(padding)
            .take(PORTION)
            .map(|id| Value::from(*id));
        let values: Vec<Value> = std::iter::once(principal.account_id.into()).chain(ids).collect();
        for row in tx.query(sql::CASES, &values).await? {
            let case = CaseRow::read(&row)?;
            cases.insert(case.case_id, case);
        }
    }
    Ok(cases)
}

impl CaseRow {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let consent = match row.get::<String>(6)?.as_str() {
            "given" => Consent::Given(row.get::<Option<String>>(7)?.unwrap_or_default()),
            "withdrawn" => Consent::Withdrawn,
            _ => Consent::None,
        };
        Ok(Self {
            case_id: row.get(0)?,
            society_id: row.get(1)?,
            participant_id: row.get(2)?,
            care_seq: row.get(3)?,
            staff_seq: row.get(4)?,
            advice_seq: row.get(5)?,
            consent,
            is_assigned: row.get::<Option<UtcMillis>>(8)?.is_some(),
        })
    }

    /// Its society.
    pub(crate) const fn society_id(&self) -> SocietyId {
        self.society_id
    }

    /// Whose case it is.
    pub(crate) const fn participant_id(&self) -> AccountId {
        self.participant_id
    }

    /// Lets somebody reach a log of the case; `None` if it is not hers.
    pub(crate) fn reach(&self, principal: &Principal, audience: Audience) -> Option<CaseAccess> {
        let head_seq = match audience {
            Audience::Care => self.care_seq,
            Audience::Staff => self.staff_seq,
            Audience::Advice => self.advice_seq,
        };
        let is_dietitian = self.is_assigned && principal.has_role(&Role::Dietitian, self.society_id);
        let is_adviser = principal.has_role(&Role::Adviser, self.society_id);
        let role = match audience {
            _ if self.participant_id == principal.account_id => Role::Participant,
            Audience::Care | Audience::Staff if is_dietitian => Role::Dietitian,
            // An adviser works from a queue over the whole society; a case without a question is none of hers.
            Audience::Advice if is_adviser && head_seq > Seq::START => Role::Adviser,
            Audience::Care | Audience::Staff | Audience::Advice => return None,
        };
        audience.readers().contains(&role).then(|| CaseAccess {
            case_id: self.case_id,
            society_id: self.society_id,
            participant_id: self.participant_id,
            role,
            head_seq,
            consent: self.consent.clone(),
        })
    }
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
    let cases = read_cases(tx, principal, &[log.case_id]).await?;
    let access = cases
        .get(&log.case_id)
        .and_then(|case| case.reach(principal, log.audience));
    access.ok_or_else(|| ProblemCode::NotFound.into())
}
