//! Sign-ins with a code that are repeated under their `Idempotency-Key`: the same session again, until its first use.
//!
//! What is remembered are ids. The tokens are secret and follow again from the code and the key, which only the phone has together.
//! Source: sync.md 5.2.

use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::{AccountId, CaseId, DeviceId, SocietyId};
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::session::{ConsentVersion, Role, RoleInSociety, SessionAnswer, Tokens};
use ayumi_protocol::time::UtcMillis;
use uuid::Uuid;

use super::code::Code;
use super::session::{self, Lives, Zeroing};
use super::sql;
use crate::cases::append::consent_in_force;
use crate::server::{Server, boxed};
use crate::store::{Fault, StoreError, Transaction, Value, state};

/// A request under its key.
#[derive(Debug, Clone)]
pub(super) struct Keyed {
    /// The address of the endpoint: the one who asks has no account yet.
    pub(super) endpoint: &'static str,
    pub(super) key: Uuid,
    pub(super) request_sha256: Sha256,
    /// What the first tokens follow from.
    pub(super) presented: Zeroing,
    pub(super) lives: Lives,
    pub(super) now: UtcMillis,
}

/// What the first pair of tokens follows from: neither the code nor the key alone.
pub(super) fn presented(code: Option<&Code>, key: Uuid) -> Zeroing {
    Zeroing(format!("{}{key}", code.map(Code::text).unwrap_or_default()).into())
}

/// A participant's session that has begun.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "an id is named after what it names")]
pub(super) struct Begun {
    pub(super) account_id: AccountId,
    pub(super) session_id: Uuid,
    pub(super) device_id: DeviceId,
    pub(super) case_id: CaseId,
    pub(super) society_id: SocietyId,
}

impl Begun {
    fn write(&self) -> String {
        let Self {
            account_id,
            session_id,
            device_id,
            case_id,
            society_id,
        } = self;
        format!("{account_id} {session_id} {device_id} {case_id} {society_id}")
    }

    fn read(ids: &str) -> Option<Self> {
        let mut ids = ids.split(' ').map_while(|id| Uuid::try_parse(id).ok());
        Some(Self {
            account_id: AccountId::from_uuid(ids.next()?),
            session_id: ids.next()?,
            device_id: DeviceId::from_uuid(ids.next()?),
            case_id: CaseId::from_uuid(ids.next()?),
            society_id: SocietyId::from_uuid(ids.next()?),
        })
    }

    /// The answer to whoever signed in.
    pub(super) async fn answer(
        &self,
        tx: &mut dyn Transaction,
        tokens: Tokens,
        now: UtcMillis,
    ) -> Result<SessionAnswer, Fault> {
        let consent = consent_in_force(tx, self.society_id, now).await?;
        Ok(SessionAnswer {
            server_time_ms: now,
            account_id: self.account_id,
            device_id: self.device_id,
            roles: vec![RoleInSociety {
                society_id: self.society_id,
                role: Role::Participant,
            }],
            case_id: Some(self.case_id),
            consent_version: consent.and_then(|(version, _)| ConsentVersion::from_word(&version)),
            epoch: state::epoch(tx).await?,
            tokens,
        })
    }
}

/// The answer to a repeat; `None` for a request that comes for the first time.
///
/// Errors: `idempotency_key_reused`; `code_refused` once the tokens were used.
pub(super) async fn repeat(tx: &mut dyn Transaction, keyed: &Keyed) -> Result<Option<SessionAnswer>, Fault> {
    let key: [Value; 2] = [keyed.endpoint.into(), keyed.key.into()];
    let Some(row) = tx.row(sql::REMEMBERED, &key).await? else {
        return Ok(None);
    };
    if row.get::<Sha256>(0)? != keyed.request_sha256 {
        return Err(ProblemCode::IdempotencyKeyReused.into());
    }
    let begun = Begun::read(&row.get::<String>(1)?).ok_or(StoreError::Bug {
        what: "a remembered sign-in cannot be read",
    })?;
    let tokens = session::begin_again(
        tx,
        begun.account_id,
        begun.session_id,
        &keyed.presented.0,
        keyed.lives,
        keyed.now,
    )
    .await?
    .ok_or(ProblemCode::CodeRefused)?;
    begun.answer(tx, tokens, keyed.now).await.map(Some)
}

/// As [`repeat`], in a transaction of its own.
///
/// Errors: as [`repeat`].
pub(super) async fn repeated(server: &Server, keyed: &Keyed) -> Result<Option<SessionAnswer>, Fault> {
    server
        .write(keyed.clone(), |tx, keyed| boxed(repeat(tx, keyed)))
        .await
}

/// Remembers a session under the key of its request.
///
/// Errors: `in_progress`, if another request has it since this one looked.
pub(super) async fn remember(tx: &mut dyn Transaction, keyed: &Keyed, begun: &Begun) -> Result<(), Fault> {
    let values: [Value; 5] = [
        keyed.endpoint.into(),
        keyed.key.into(),
        keyed.request_sha256.into(),
        begun.write().into(),
        keyed.now.into(),
    ];
    if tx.execute(sql::REMEMBER, &values).await? == 0 {
        return Err(ProblemCode::InProgress.into());
    }
    Ok(())
}
