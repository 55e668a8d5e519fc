//! Invitations: one person, one code that is shown once.

use ayumi_protocol::id::{AccountId, SocietyId};
use ayumi_protocol::time::{LocalDate, UtcMillis};
use uuid::Uuid;

use super::sql;
use crate::accounts::code::Code;
use crate::accounts::slow_hash;
use crate::audit::{self, Act, Chain};
use crate::server::{Server, boxed};
use crate::store::{Fault, Value};

/// Who is invited.
#[derive(Clone)]
pub struct Invitation {
    /// Her society.
    pub society_id: SocietyId,
    /// Her name.
    pub name: String,
    /// How it is read, if that is known.
    pub name_reading: Option<String>,
    /// With it the code is hers.
    pub birth_date: LocalDate,
    /// Who guides her from the start, if that is known.
    pub dietitian_id: Option<AccountId>,
    /// The society's own reference.
    pub external_ref: Option<String>,
}

/// Shows nothing of the person.
impl std::fmt::Debug for Invitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invitation").finish_non_exhaustive()
    }
}

/// Makes an invitation; the code is for her letter and is not kept.
pub async fn make(server: &Server, invitation: Invitation, made_by: AccountId) -> Result<String, Fault> {
    struct Made {
        invitation: Invitation,
        id: Uuid,
        code_prefix: String,
        code_hash: String,
        by: AccountId,
        now: UtcMillis,
        expires_at: UtcMillis,
    }
    let code = Code::random(&server.host);
    let code_hash = slow_hash::hash(&server.host, &server.policy, &code.rest).await?;
    let now = server.host.now();
    let life = i64::try_from(server.policy.invitation_life.as_millis()).unwrap_or(i64::MAX);
    let made = Made {
        invitation,
        id: server.host.new_uuid(),
        code_prefix: code.prefix.clone(),
        code_hash,
        by: made_by,
        now,
        expires_at: UtcMillis(now.0.saturating_add(life)),
    };
    server
        .write(made, |tx, made| {
            boxed(async move {
                let who = &made.invitation;
                let values: [Value; 12] = [
                    made.id.into(),
                    who.society_id.into(),
                    made.code_prefix.as_str().into(),
                    made.code_hash.as_str().into(),
                    who.name.as_str().into(),
                    who.name_reading.as_deref().into(),
                    who.birth_date.to_string().into(),
                    who.dietitian_id.into(),
                    who.external_ref.as_deref().into(),
                    made.by.into(),
                    made.now.into(),
                    made.expires_at.into(),
                ];
                tx.execute(sql::INSERT_INVITATION, &values).await?;
                let mut act = Act::by_server(made.now, "invitation.made", "");
                act.actor_id = made.by;
                act.object_id = Some(made.id);
                Ok(audit::record(tx, Chain::Server, &act).await?)
            })
        })
        .await?;
    Ok(code.show())
}
