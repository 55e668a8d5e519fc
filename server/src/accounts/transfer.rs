//! Another phone: a transfer code for an account and its birth date become a session, and the old phone's ends.
//!
//! The code is shown on the old phone, or by her dietitian or coordinator to whom she speaks. It is used once, within minutes.
//! Source: sync.md 12.1.

use ayumi_protocol::cursor::Audience;
use ayumi_protocol::id::{AccountId, CaseId, DeviceId};
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::session::{
    Role, Secret, SessionAnswer, TransferCodeAnswer, TransferCodeRequest, TransferRequest,
};
use ayumi_protocol::time::UtcMillis;
use ayumi_protocol::wire::Wire as _;
use uuid::Uuid;

use super::code::Code;
use super::idempotency::{self, Begun, Keyed};
use super::principal::{Credentials, Principal, authenticate};
use super::session::{self, Lives, NewSession};
use super::{attempts, slow_hash, sql};
use crate::audit::{self, Act, Chain};
use crate::cases::access::read_cases;
use crate::http::client_address::ClientAddress;
use crate::http::extract::sha256;
use crate::server::{Server, boxed};
use crate::store::{Fault, StoreError, Transaction, Value};

/// Makes a transfer code; an older one of the same account is void from then on.
///
/// Errors: those of [`authenticate`]; `not_found`, if the case is not that of whoever asks, of her dietitian or of her coordinator.
pub async fn make_code(
    server: &Server,
    credentials: Credentials,
    request: TransferCodeRequest,
) -> Result<TransferCodeAnswer, Fault> {
    // Nobody makes this node compute a slow hash who may not have a code. The write asks again.
    let asked = (credentials.clone(), request.clone());
    let allowed = server.read(asked, |tx, (credentials, request)| {
        boxed(async move { owner(tx, credentials, request).await.map(|_| ()) })
    });
    allowed.await?;
    let code = Code::random(&server.host);
    let code_hash = slow_hash::hash(&server.host, &server.policy, &code.rest).await?;
    let life_ms = u64::try_from(server.policy.transfer_code_life.as_millis()).unwrap_or(u64::MAX);
    let now = credentials.now;
    let new = NewCode {
        credentials,
        request,
        code_prefix: code.prefix.clone(),
        code_hash,
        expires_at: UtcMillis(now.0.saturating_add_unsigned(life_ms)),
    };
    server.write(new, |tx, new| boxed(save_code(tx, new))).await?;
    Ok(TransferCodeAnswer {
        server_time_ms: now,
        code: Secret::new(code.show()),
        expires_in_ms: life_ms,
    })
}

struct NewCode {
    credentials: Credentials,
    request: TransferCodeRequest,
    code_prefix: String,
    code_hash: String,
    expires_at: UtcMillis,
}

/// Whose account a code is asked for.
struct Owner {
    case_id: CaseId,
    account_id: AccountId,
    /// Of whoever asks.
    role: Role,
}

async fn owner(
    tx: &mut dyn Transaction,
    credentials: &Credentials,
    request: &TransferCodeRequest,
) -> Result<(Principal, Owner), Fault> {
    let principal = authenticate(tx, credentials).await?;
    let owner = if let Some(case_id) = request.case_id {
        let cases = read_cases(tx, &principal, &[case_id]).await?;
        let case = cases.get(&case_id).ok_or(ProblemCode::NotFound)?;
        let role = match case.reach(&principal, Audience::Care) {
            Some(access) => access.role,
            None if principal.has_role(&Role::Coordinator, case.society_id()) => Role::Coordinator,
            None => return Err(ProblemCode::NotFound.into()),
        };
        Owner {
            case_id,
            account_id: case.participant_id(),
            role,
        }
    } else {
        let row = tx
            .row(sql::CASE_OF_ACCOUNT, &[principal.account_id.into()])
            .await?;
        Owner {
            case_id: row.ok_or(ProblemCode::NotFound)?.get(0)?,
            account_id: principal.account_id,
            role: Role::Participant,
        }
    };
    Ok((principal, owner))
}

async fn save_code(tx: &mut dyn Transaction, new: &NewCode) -> Result<(), Fault> {
    let (principal, owner) = owner(tx, &new.credentials, &new.request).await?;
    let Owner {
        case_id,
        account_id,
        role,
    } = owner;
    let values: [Value; 6] = [
        account_id.into(),
        new.code_prefix.as_str().into(),
        new.code_hash.as_str().into(),
        principal.account_id.into(),
        principal.now.into(),
        new.expires_at.into(),
    ];
    tx.execute(sql::SAVE_TRANSFER_CODE, &values).await?;
    let mut act = Act::done(&principal, role, "transfer_code.made");
    act.object_id = Some(*account_id.as_uuid());
    Ok(audit::record(tx, Chain::Case(case_id), &act).await?)
}

/// Signs in on another phone.
///
/// A repeat under the same key brings the same session, until its first use.
///
/// Errors: `code_refused`; `rate_limited`; `idempotency_key_reused`.
pub async fn transfer(
    server: &Server,
    request: TransferRequest,
    key: Uuid,
    address: ClientAddress,
    request_id: String,
) -> Result<SessionAnswer, Fault> {
    let now = server.host.now();
    let lives = Lives::of(&server.policy, false);
    let request_sha256 = sha256(&request.write().map_err(|_| ProblemCode::InternalFault)?);
    let code = Code::parse(request.code.expose());
    let prefix = code.as_ref().map(|code| code.prefix.clone()).unwrap_or_default();
    attempts::count_address(server, address, now).await?;
    if code.is_some() {
        attempts::count(server, &format!("transfer/{prefix}"), now).await?;
    }
    let presented = idempotency::presented(code.as_ref(), key);
    let keyed = Keyed {
        endpoint: "/v1/transfer",
        key,
        request_sha256,
        presented: presented.clone(),
        lives,
        now,
    };
    if let Some(answer) = idempotency::repeated(server, &keyed).await? {
        return Ok(answer);
    }
    let candidates = server.read((prefix, now), |tx, (prefix, now)| {
        boxed(async move {
            let key: [Value; 2] = [prefix.as_str().into(), (*now).into()];
            let rows = tx.query(sql::TRANSFER_CODES_BY_PREFIX, &key).await?;
            let pairs = rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?)));
            Ok(pairs.collect::<Result<Vec<(AccountId, String)>, StoreError>>()?)
        })
    });
    let (ids, hashes): (Vec<AccountId>, Vec<String>) = candidates.await?.into_iter().unzip();
    let rest = code.map(|code| code.rest).unwrap_or_default();
    let found = slow_hash::find(&server.host, &server.policy, &rest, hashes.clone()).await?;
    let found = found.and_then(|index| Some((*ids.get(index)?, hashes.get(index)?.clone())));
    let Some((account_id, code_hash)) = found else {
        // The same request may have been served meanwhile, through another connection or node.
        let repeated = idempotency::repeated(server, &keyed).await?;
        return repeated.ok_or_else(|| ProblemCode::CodeRefused.into());
    };
    let moving = Moving {
        account_id,
        code_hash,
        birth_date: request.birth_date.to_string(),
        keeps_old_device: request.keeps_old_device,
        session: NewSession {
            session_id: server.host.new_uuid(),
            device_id: DeviceId::from_uuid(server.host.new_uuid()),
            device: request.device,
            salt: server.host.random_bytes(),
            presented,
            now,
            lives,
        },
        keyed,
        request_id,
    };
    server.write(moving, |tx, moving| boxed(redeem(tx, moving))).await
}

struct Moving {
    account_id: AccountId,
    code_hash: String,
    birth_date: String,
    keeps_old_device: bool,
    session: NewSession,
    keyed: Keyed,
    request_id: String,
}

async fn redeem(tx: &mut dyn Transaction, moving: &Moving) -> Result<SessionAnswer, Fault> {
    let (account_id, now) = (moving.account_id, moving.session.now);
    let values: [Value; 4] = [
        account_id.into(),
        moving.code_hash.as_str().into(),
        moving.birth_date.as_str().into(),
        now.into(),
    ];
    if tx.execute(sql::REDEEM_TRANSFER_CODE, &values).await? == 0 {
        // The same request may have come twice at once.
        let repeated = idempotency::repeat(tx, &moving.keyed).await?;
        return repeated.ok_or_else(|| ProblemCode::CodeRefused.into());
    }
    let row = tx.row(sql::CASE_OF_ACCOUNT, &[account_id.into()]).await?;
    let row = row.ok_or(StoreError::Bug {
        what: "a transfer code is of no participant",
    })?;
    let begun = Begun {
        account_id,
        session_id: moving.session.session_id,
        device_id: moving.session.device_id,
        case_id: row.get(0)?,
        society_id: row.get(1)?,
    };
    if !moving.keeps_old_device {
        session::end_all(tx, account_id, "transferred", now).await?;
    }
    let tokens = session::begin(tx, account_id, &moving.session).await?;
    let mut act = Act::by_server(now, "transferred", &moving.request_id);
    act.actor_id = account_id;
    act.actor_role = Role::Participant;
    act.device_id = begun.device_id;
    audit::record(tx, Chain::Case(begun.case_id), &act).await?;
    idempotency::remember(tx, &moving.keyed, &begun).await?;
    begun.answer(tx, tokens, now).await
}
