//! Enrolment: the code of an invitation and a birth date become an account, a case and a session.
//!
//! The slow hash is computed between two transactions, so that it holds up nobody; that the invitation is unused is checked in the
//! second one, by a change that only one of two at once can make. Unknown, used, expired, withdrawn and not hers are one answer.
//!
//! Source: sync.md 5.2 and 12.1, faults.md F62.

use ayumi_protocol::body::{CaseOpened, RawBody};
use ayumi_protocol::cursor::Audience;
use ayumi_protocol::id::{AccountId, CaseId, DeviceId, OpId, SocietyId};
use ayumi_protocol::kind::Kind;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::session::{EnrolRequest, Role, SessionAnswer};
use ayumi_protocol::time::UtcMillis;
use ayumi_protocol::wire::Wire as _;
use uuid::Uuid;

use super::code::Code;
use super::idempotency::{self, Begun, Keyed};
use super::session::{self, Lives, NewSession};
use super::{attempts, slow_hash, sql};
use crate::audit::{self, Act, Chain};
use crate::cases::append::{self, SystemEntry};
use crate::http::client_address::ClientAddress;
use crate::http::extract::sha256;
use crate::server::{Server, boxed};
use crate::societies;
use crate::societies::assignment::{self, Acting};
use crate::store::{Fault, StoreError, Transaction, Value};

/// Enrols a participant.
///
/// A repeat under the same key brings the same session, until its first use.
///
/// Errors: `code_refused`; `rate_limited`; `idempotency_key_reused`.
pub async fn enrol(
    server: &Server,
    request: EnrolRequest,
    key: Uuid,
    address: ClientAddress,
    request_id: String,
) -> Result<SessionAnswer, Fault> {
    let now = server.host.now();
    let lives = Lives::of(&server.policy, false);
    let request_sha256 = sha256(&request.write().map_err(|_| ProblemCode::InternalFault)?);
    let code = Code::parse(request.code.expose());
    attempts::count_address(server, address, now).await?;
    // What cannot be a code tries none: its typist must not lock out everybody else who mistypes.
    if let Some(code) = &code {
        attempts::count(server, &format!("enrol/{}", code.prefix), now).await?;
    }
    let presented = idempotency::presented(code.as_ref(), key);
    let keyed = Keyed {
        endpoint: "/v1/enrol",
        key,
        request_sha256,
        presented: presented.clone(),
        lives,
        now,
    };
    if let Some(answer) = idempotency::repeated(server, &keyed).await? {
        return Ok(answer);
    }

    let prefix = code.as_ref().map(|code| code.prefix.clone()).unwrap_or_default();
    let candidates = server
        .read((prefix, now), |tx, (prefix, now)| {
            boxed(candidates(tx, prefix, *now))
        })
        .await?;
    let (ids, hashes): (Vec<Uuid>, Vec<String>) = candidates.into_iter().unzip();
    let rest = code.map(|code| code.rest).unwrap_or_default();
    let found = slow_hash::find(&server.host, &server.policy, &rest, hashes).await?;
    let Some(invitation_id) = found.and_then(|index| ids.get(index).copied()) else {
        // The same request may have been served meanwhile, through another connection or node.
        let repeated = idempotency::repeated(server, &keyed).await?;
        return repeated.ok_or_else(|| ProblemCode::CodeRefused.into());
    };
    let host = &server.host;
    let enrolment = Enrolment {
        invitation_id,
        birth_date: request.birth_date.to_string(),
        account_id: AccountId::from_uuid(host.new_uuid()),
        case_id: CaseId::from_uuid(host.new_uuid()),
        opened_op: OpId::from_uuid(host.new_uuid()),
        assigned_op: OpId::from_uuid(host.new_uuid()),
        session: NewSession {
            session_id: host.new_uuid(),
            device_id: DeviceId::from_uuid(host.new_uuid()),
            device: request.device,
            salt: host.random_bytes(),
            presented,
            now,
            lives,
        },
        keyed,
        request_id,
    };
    server
        .write(enrolment, |tx, enrolment| boxed(redeem(tx, enrolment)))
        .await
}

async fn candidates(
    tx: &mut dyn Transaction,
    prefix: &str,
    now: UtcMillis,
) -> Result<Vec<(Uuid, String)>, Fault> {
    let rows = tx
        .query(sql::INVITATIONS_BY_PREFIX, &[prefix.into(), now.into()])
        .await?;
    let pairs = rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?)));
    Ok(pairs.collect::<Result<_, StoreError>>()?)
}

struct Enrolment {
    invitation_id: Uuid,
    birth_date: String,
    account_id: AccountId,
    case_id: CaseId,
    opened_op: OpId,
    assigned_op: OpId,
    session: NewSession,
    keyed: Keyed,
    request_id: String,
}

async fn redeem(tx: &mut dyn Transaction, enrolment: &Enrolment) -> Result<SessionAnswer, Fault> {
    let now = enrolment.session.now;
    let account_id = enrolment.account_id;
    let values: [Value; 4] = [
        enrolment.invitation_id.into(),
        enrolment.birth_date.as_str().into(),
        now.into(),
        account_id.into(),
    ];
    let Some(row) = tx.row(sql::REDEEM_INVITATION, &values).await? else {
        // The same request may have come twice at once.
        let repeated = idempotency::repeat(tx, &enrolment.keyed).await?;
        return repeated.ok_or_else(|| ProblemCode::CodeRefused.into());
    };
    let society_id: SocietyId = row.get(0)?;
    let (name, name_reading): (String, Option<String>) = (row.get(1)?, row.get(2)?);
    let dietitian_id: Option<AccountId> = row.get(3)?;
    tx.execute(
        sql::INSERT_PARTICIPANT,
        &[
            account_id.into(),
            name.as_str().into(),
            name_reading.as_deref().into(),
            enrolment.birth_date.as_str().into(),
            now.into(),
        ],
    )
    .await?;
    let role: [Value; 3] = [
        account_id.into(),
        society_id.into(),
        Role::Participant.as_str().into(),
    ];
    tx.execute(sql::INSERT_ROLE, &role).await?;
    let case: [Value; 6] = [
        enrolment.case_id.into(),
        society_id.into(),
        account_id.into(),
        name.as_str().into(),
        now.into(),
        [0_u8; 32].into(),
    ];
    tx.execute(sql::OPEN_CASE, &case).await?;
    let society = tx.row(sql::SOCIETY_NAME, &[society_id.into()]).await?;
    let society = society.ok_or(StoreError::Bug {
        what: "an invitation is of no society",
    })?;
    let opened = CaseOpened {
        name,
        name_reading,
        society_id,
        society_name: society.get(0)?,
    };
    let body = RawBody::of(&opened).map_err(|_| ProblemCode::InternalFault)?;
    let entry = SystemEntry {
        case_id: enrolment.case_id,
        audience: Audience::Care,
        op_id: enrolment.opened_op,
        kind: Kind::CaseOpened,
        body,
        now,
    };
    append::by_system(tx, &entry).await?;
    // Whoever was to guide her may have left since the letter: then nobody is assigned yet, and she begins all the same.
    let guide = match dietitian_id {
        Some(account_id) => {
            let key = [society_id.into(), account_id.into()];
            let row = tx.row(societies::sql::DIETITIAN_OF_SOCIETY, &key).await?;
            row.map(|_| account_id)
        }
        None => None,
    };
    if let Some(account_id) = guide {
        let acting = [Acting {
            account_id,
            is_substitute: false,
        }];
        assignment::set(tx, enrolment.case_id, &acting, enrolment.assigned_op, now).await?;
    }
    let tokens = session::begin(tx, account_id, &enrolment.session).await?;
    let mut act = Act::by_server(now, "enrolled", &enrolment.request_id);
    act.actor_id = account_id;
    act.actor_role = Role::Participant;
    act.device_id = enrolment.session.device_id;
    act.object_id = Some(enrolment.invitation_id);
    audit::record(tx, Chain::Case(enrolment.case_id), &act).await?;
    let begun = Begun {
        account_id,
        session_id: enrolment.session.session_id,
        device_id: enrolment.session.device_id,
        case_id: enrolment.case_id,
        society_id,
    };
    idempotency::remember(tx, &enrolment.keyed, &begun).await?;
    begun.answer(tx, tokens, now).await
}
