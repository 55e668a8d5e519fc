//! Invitations: one person, one code that is shown once.

use ayumi_protocol::coordination::{InvitationAnswer, InvitationRequest};
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::{AccountId, InvitationId, SocietyId};
use ayumi_protocol::limits;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::session::{Role, Secret};
use ayumi_protocol::time::{LocalDate, UtcMillis};
use ayumi_protocol::wire::Wire as _;
use uuid::Uuid;

use super::{coordination, sql};
use crate::accounts;
use crate::accounts::code::Code;
use crate::accounts::principal::Credentials;
use crate::accounts::slow_hash;
use crate::audit::{self, Act, Chain};
use crate::http::extract::sha256;
use crate::server::{Server, boxed};
use crate::store::{Fault, StoreError, Transaction, Value};

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

impl From<InvitationRequest> for Invitation {
    fn from(request: InvitationRequest) -> Self {
        Self {
            society_id: request.society_id,
            name: request.name,
            name_reading: request.name_reading,
            birth_date: request.birth_date,
            dietitian_id: request.dietitian_id,
            external_ref: request.external_ref,
        }
    }
}

/// A code in the two forms in which it is kept, with the row it is for.
struct Made {
    invitation: Invitation,
    invitation_id: InvitationId,
    code_prefix: String,
    code_hash: String,
    now: UtcMillis,
    expires_at: UtcMillis,
}

impl Made {
    async fn new(server: &Server, invitation: Invitation) -> Result<(Self, Code), Fault> {
        let code = Code::random(&server.host);
        let code_hash = slow_hash::hash(&server.host, &server.policy, &code.rest).await?;
        let now = server.host.now();
        let life = i64::try_from(server.policy.invitation_life.as_millis()).unwrap_or(i64::MAX);
        let made = Self {
            invitation,
            invitation_id: InvitationId::from_uuid(server.host.new_uuid()),
            code_prefix: code.prefix.clone(),
            code_hash,
            now,
            expires_at: UtcMillis(now.0.saturating_add(life)),
        };
        Ok((made, code))
    }

    async fn insert(&self, tx: &mut dyn Transaction, by: AccountId) -> Result<(), Fault> {
        let who = &self.invitation;
        if let Some(dietitian_id) = who.dietitian_id {
            let key = [who.society_id.into(), dietitian_id.into()];
            tx.row(sql::DIETITIAN_OF_SOCIETY, &key)
                .await?
                .ok_or(ProblemCode::InvalidValue)?;
        }
        let values: [Value; 12] = [
            self.invitation_id.into(),
            who.society_id.into(),
            self.code_prefix.as_str().into(),
            self.code_hash.as_str().into(),
            who.name.as_str().into(),
            who.name_reading.as_deref().into(),
            who.birth_date.to_string().into(),
            who.dietitian_id.into(),
            who.external_ref.as_deref().into(),
            by.into(),
            self.now.into(),
            self.expires_at.into(),
        ];
        tx.execute(sql::INSERT_INVITATION, &values).await?;
        Ok(())
    }
}

/// Makes an invitation at the command line; the code is for her letter and is not kept.
///
/// Errors: `invalid_value` for a name that is empty or too long, and for a dietitian who is none of the society.
pub async fn make(server: &Server, invitation: Invitation) -> Result<String, Fault> {
    let optional = [&invitation.name_reading, &invitation.external_ref];
    let are_lines = optional.into_iter().flatten().all(|text| limits::is_line(text));
    if !limits::is_line(&invitation.name) || !are_lines {
        return Err(ProblemCode::InvalidValue.into());
    }
    let (made, code) = Made::new(server, invitation).await?;
    server
        .write(made, |tx, made| {
            boxed(async move {
                made.insert(tx, AccountId::SYSTEM).await?;
                let mut act = Act::by_server(made.now, "invitation.made", "");
                act.object_id = Some(*made.invitation_id.as_uuid());
                Ok(audit::record(tx, Chain::Server, &act).await?)
            })
        })
        .await?;
    Ok(code.show())
}

/// Whether somebody with this reference of the society was invited already, and the invitation was not taken back.
///
/// Errors: the store's.
pub async fn is_invited(server: &Server, society_id: SocietyId, external_ref: &str) -> Result<bool, Fault> {
    server
        .read(
            (society_id, external_ref.to_owned()),
            |tx, (society_id, external_ref)| {
                boxed(async move {
                    let key = [(*society_id).into(), external_ref.as_str().into()];
                    Ok(tx.row(sql::INVITATION_BY_REFERENCE, &key).await?.is_some())
                })
            },
        )
        .await
}

/// A coordinator's request under its key.
struct Requested {
    credentials: Credentials,
    key: Uuid,
    request_sha256: Sha256,
    made: Made,
}

/// Makes an invitation for a coordinator.
///
/// A repeat under the same key brings the same invitation with another code: the first is kept nowhere.
///
/// Errors: `forbidden`; `invalid_value` for a dietitian who is none of the society; `idempotency_key_reused`; `in_progress` for a
/// repeat while the first is at it; `not_found` for a repeat after the invitation was used or taken back.
pub async fn request(
    server: &Server,
    credentials: Credentials,
    key: Uuid,
    request: InvitationRequest,
) -> Result<InvitationAnswer, Fault> {
    let request_sha256 = sha256(&request.write().map_err(|_| ProblemCode::InternalFault)?);
    // Nobody makes this node compute a slow hash who may not invite. The write asks again.
    let asked = (credentials.clone(), request.society_id);
    let allowed = server.read(asked, |tx, (credentials, society_id)| {
        boxed(async move {
            coordination::coordinator(tx, credentials, *society_id)
                .await
                .map(|_| ())
        })
    });
    allowed.await?;
    let (made, code) = Made::new(server, request.into()).await?;
    let requested = Requested {
        credentials,
        key,
        request_sha256,
        made,
    };
    let (invitation_id, expires_at_ms) = server
        .write(requested, |tx, requested| boxed(insert_or_renew(tx, requested)))
        .await?;
    Ok(InvitationAnswer {
        server_time_ms: server.host.now(),
        invitation_id,
        code: Secret::new(code.show()),
        expires_at_ms,
    })
}

async fn insert_or_renew(
    tx: &mut dyn Transaction,
    requested: &Requested,
) -> Result<(InvitationId, UtcMillis), Fault> {
    let made = &requested.made;
    let society_id = made.invitation.society_id;
    let principal = coordination::coordinator(tx, &requested.credentials, society_id).await?;
    let requester = principal.account_id.to_string();
    let key: [Value; 2] = [requester.as_str().into(), requested.key.into()];
    let remembered = tx.row(accounts::sql::REMEMBERED, &key).await?;
    let (what, invitation_id, expires_at) = if let Some(row) = remembered {
        if row.get::<Sha256>(0)? != requested.request_sha256 {
            return Err(ProblemCode::IdempotencyKeyReused.into());
        }
        let invitation_id = InvitationId::parse(&row.get::<String>(1)?).ok_or(StoreError::Bug {
            what: "a remembered invitation cannot be read",
        })?;
        let values: [Value; 3] = [
            invitation_id.into(),
            made.code_prefix.as_str().into(),
            made.code_hash.as_str().into(),
        ];
        let row = tx.row(sql::RENEW_INVITATION, &values).await?;
        let expires_at: UtcMillis = row.ok_or(ProblemCode::NotFound)?.get(0)?;
        ("invitation.code_renewed", invitation_id, expires_at)
    } else {
        let remembered: [Value; 5] = [
            requester.as_str().into(),
            requested.key.into(),
            requested.request_sha256.into(),
            made.invitation_id.to_string().into(),
            principal.now.into(),
        ];
        if tx.execute(accounts::sql::REMEMBER, &remembered).await? == 0 {
            return Err(ProblemCode::InProgress.into());
        }
        made.insert(tx, principal.account_id).await?;
        ("invitation.made", made.invitation_id, made.expires_at)
    };
    let mut act = Act::done(&principal, Role::Coordinator, what);
    act.object_id = Some(*invitation_id.as_uuid());
    audit::record(tx, Chain::Account(principal.account_id), &act).await?;
    Ok((invitation_id, expires_at))
}
