//! What a coordinator sees of her society, and does for it. Never a chat, a reading or a question.
//!
//! Whether she may is decided in the transaction of the act. What belongs to another society is answered like what does not exist.

use std::collections::BTreeMap;

use ayumi_protocol::body::Qualification;
use ayumi_protocol::coordination::{
    AccountStatus, AccountStatusRequest, ActingMember, AssignmentRequest, CaseOverview, CasesAnswer,
    CasesRequest, ConsentState, InvitationState, InvitationSummary, InvitationsAnswer, InvitationsRequest,
    RevokeSessionRequest, StaffAnswer, StaffMember, StaffRequest, WithdrawInvitationRequest,
};
use ayumi_protocol::id::{AccountId, CaseId, InvitationId, OpId, SocietyId};
use ayumi_protocol::limits;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::session::{Role, RoleInSociety};
use ayumi_protocol::time::UtcMillis;
use uuid::Uuid;

use super::assignment::{self, Acting};
use super::sql;
use crate::accounts::principal::{Credentials, Principal, authenticate, roles};
use crate::accounts::{devices, session, staff};
use crate::audit::{self, Act, Chain};
use crate::store::{Fault, Row, StoreError, Transaction, Value};

/// A request with the token that came with it.
pub type Request<T> = (Credentials, T);

/// Items of a page and one more, which tells whether there are more.
#[expect(clippy::cast_possible_wrap, reason = "a small constant")]
const PAGE: i64 = limits::LIST_ITEMS as i64 + 1;

/// Rows in which a page of staff and one member more stand with all their roles: dietitian, adviser, coordinator, administrator.
#[expect(clippy::cast_possible_wrap, reason = "a small constant")]
const STAFF_ROWS: i64 = 4 * (limits::STAFF_ITEMS as i64 + 1);

/// Finds out who asks; she must be a coordinator of the society.
pub(super) async fn coordinator(
    tx: &mut dyn Transaction,
    credentials: &Credentials,
    society_id: SocietyId,
) -> Result<Principal, Fault> {
    let principal = authenticate(tx, credentials).await?;
    if principal.has_role(&Role::Coordinator, society_id) {
        return Ok(principal);
    }
    Err(ProblemCode::Forbidden.into())
}

/// The role in which somebody manages accounts of a society, if she does.
fn managing_role(principal: &Principal, society_id: SocietyId) -> Option<Role> {
    [Role::Administrator, Role::Coordinator]
        .into_iter()
        .find(|role| principal.has_role(role, society_id))
}

fn manages_anything(principal: &Principal) -> bool {
    principal.has_role_anywhere(&Role::Administrator) || principal.has_role_anywhere(&Role::Coordinator)
}

/// A page of the invitations of a society, without their codes.
///
/// Errors: `forbidden`.
pub async fn invitations(
    tx: &mut dyn Transaction,
    (credentials, request): &Request<InvitationsRequest>,
) -> Result<InvitationsAnswer, Fault> {
    let principal = coordinator(tx, credentials, request.society_id).await?;
    let page = invitation_page(tx, request.society_id, request.after, principal.now);
    let (invitations, has_more) = page.await?;
    Ok(InvitationsAnswer {
        server_time_ms: principal.now,
        invitations,
        has_more,
    })
}

/// A page of the invitations of a society after one of them, and whether there are more.
pub(crate) async fn invitation_page(
    tx: &mut dyn Transaction,
    society_id: SocietyId,
    after: Option<InvitationId>,
    now: UtcMillis,
) -> Result<(Vec<InvitationSummary>, bool), Fault> {
    let after = after.map_or(Uuid::nil(), |id| *id.as_uuid());
    let values: [Value; 3] = [society_id.into(), after.into(), PAGE.into()];
    let rows = tx.query(sql::INVITATIONS_OF_SOCIETY, &values).await?;
    let (page, has_more) = page(&rows);
    let summaries = page.iter().map(|row| summary(row, now));
    Ok((summaries.collect::<Result<_, StoreError>>()?, has_more))
}

fn page(rows: &[Row]) -> (&[Row], bool) {
    rows.get(..limits::LIST_ITEMS)
        .map_or((rows, false), |page| (page, rows.len() > limits::LIST_ITEMS))
}

fn summary(row: &Row, now: UtcMillis) -> Result<InvitationSummary, StoreError> {
    let expires_at_ms: UtcMillis = row.get(4)?;
    let state = if row.get::<Option<UtcMillis>>(5)?.is_some() {
        InvitationState::Used
    } else if row.get::<Option<UtcMillis>>(6)?.is_some() {
        InvitationState::Withdrawn
    } else if expires_at_ms <= now {
        InvitationState::Expired
    } else {
        InvitationState::Open
    };
    Ok(InvitationSummary {
        invitation_id: row.get(0)?,
        name: row.get(1)?,
        external_ref: row.get(2)?,
        state,
        made_at_ms: row.get(3)?,
        expires_at_ms,
    })
}

/// Takes an invitation back. Twice is as good as once.
///
/// Errors: `forbidden`; `not_found` for one of another society, and for one that was used.
pub async fn withdraw_invitation(
    tx: &mut dyn Transaction,
    (credentials, request): &Request<WithdrawInvitationRequest>,
) -> Result<UtcMillis, Fault> {
    let principal = authenticate(tx, credentials).await?;
    if !principal.has_role_anywhere(&Role::Coordinator) {
        return Err(ProblemCode::Forbidden.into());
    }
    let id = [request.invitation_id.into()];
    let row = tx.row(sql::SOCIETY_OF_INVITATION, &id).await?;
    let society_id: SocietyId = row.ok_or(ProblemCode::NotFound)?.get(0)?;
    if !principal.has_role(&Role::Coordinator, society_id) {
        return Err(ProblemCode::NotFound.into());
    }
    let values: [Value; 2] = [request.invitation_id.into(), principal.now.into()];
    if tx.execute(sql::WITHDRAW_INVITATION, &values).await? == 0 {
        return Err(ProblemCode::NotFound.into());
    }
    let mut act = Act::done(&principal, Role::Coordinator, "invitation.withdrawn");
    act.object_id = Some(*request.invitation_id.as_uuid());
    audit::record(tx, Chain::Account(principal.account_id), &act).await?;
    Ok(principal.now)
}

/// A page of the cases of a society, with who acts for each.
///
/// Errors: `forbidden`.
pub async fn cases(
    tx: &mut dyn Transaction,
    (credentials, request): &Request<CasesRequest>,
) -> Result<CasesAnswer, Fault> {
    let principal = coordinator(tx, credentials, request.society_id).await?;
    let page = case_page(tx, request.society_id, request.after);
    let (cases, has_more) = page.await?;
    Ok(CasesAnswer {
        server_time_ms: principal.now,
        cases,
        has_more,
    })
}

/// A page of the cases of a society after one of them, and whether there are more.
pub(crate) async fn case_page(
    tx: &mut dyn Transaction,
    society_id: SocietyId,
    after: Option<CaseId>,
) -> Result<(Vec<CaseOverview>, bool), Fault> {
    let after = after.map_or(Uuid::nil(), |id| *id.as_uuid());
    let values: [Value; 3] = [society_id.into(), after.into(), PAGE.into()];
    let rows = tx.query(sql::CASES_OF_SOCIETY, &values).await?;
    let (page, has_more) = page(&rows);
    let mut acting: BTreeMap<CaseId, Vec<ActingMember>> = BTreeMap::new();
    if let Some(last) = page.last() {
        let last: CaseId = last.get(0)?;
        let values: [Value; 3] = [society_id.into(), after.into(), last.into()];
        for row in tx.query(sql::ACTING_OF_CASES, &values).await? {
            acting.entry(row.get(0)?).or_default().push(ActingMember {
                account_id: row.get(1)?,
                is_substitute: row.get(2)?,
            });
        }
    }
    let overviews = page.iter().map(|row| {
        let case_id: CaseId = row.get(0)?;
        let consent: String = row.get(4)?;
        Ok(CaseOverview {
            case_id,
            account_id: row.get(1)?,
            name: row.get(2)?,
            opened_at_ms: row.get(3)?,
            consent: ConsentState::from_word(&consent).ok_or(StoreError::Bug {
                what: "a stored consent is no word",
            })?,
            acting: acting.remove(&case_id).unwrap_or_default(),
            last_participant_entry_at_ms: row.get(5)?,
            last_staff_entry_at_ms: row.get(6)?,
        })
    });
    Ok((overviews.collect::<Result<_, StoreError>>()?, has_more))
}

/// Sets who acts for a case. What is set already changes nothing, so a repeat is harmless.
///
/// Errors: `forbidden`; `not_found` for a case of another society; `invalid_value` for one who is no dietitian of the society.
pub async fn assign(
    tx: &mut dyn Transaction,
    ((credentials, request), op_id): &(Request<AssignmentRequest>, OpId),
) -> Result<UtcMillis, Fault> {
    let principal = authenticate(tx, credentials).await?;
    if !principal.has_role_anywhere(&Role::Coordinator) {
        return Err(ProblemCode::Forbidden.into());
    }
    let row = tx.row(sql::SOCIETY_OF_CASE, &[request.case_id.into()]).await?;
    let society_id: SocietyId = row.ok_or(ProblemCode::NotFound)?.get(0)?;
    if !principal.has_role(&Role::Coordinator, society_id) {
        return Err(ProblemCode::NotFound.into());
    }
    let acting: Vec<Acting> = request
        .acting
        .iter()
        .map(|member| Acting {
            account_id: member.account_id,
            is_substitute: member.is_substitute,
        })
        .collect();
    if assignment::is_set(tx, request.case_id, &acting).await? {
        return Ok(principal.now);
    }
    assignment::set(tx, request.case_id, &acting, *op_id, principal.now).await?;
    let mut act = Act::done(&principal, Role::Coordinator, "assignment.changed");
    act.object_id = Some(*op_id.as_uuid());
    audit::record(tx, Chain::Case(request.case_id), &act).await?;
    Ok(principal.now)
}

/// A page of the staff of a society with their signed-in devices.
///
/// Errors: `forbidden`.
pub async fn staff_of_society(
    tx: &mut dyn Transaction,
    (credentials, request): &Request<StaffRequest>,
) -> Result<StaffAnswer, Fault> {
    let principal = authenticate(tx, credentials).await?;
    if managing_role(&principal, request.society_id).is_none() {
        return Err(ProblemCode::Forbidden.into());
    }
    let after = request.after.map_or(Uuid::nil(), |id| *id.as_uuid());
    let values: [Value; 3] = [request.society_id.into(), after.into(), STAFF_ROWS.into()];
    let rows = tx.query(crate::accounts::sql::STAFF_OF_SOCIETY, &values).await?;
    let mut members: Vec<StaffMember> = Vec::new();
    for row in &rows {
        let role: String = row.get(2)?;
        let role = Role::from_word(&role).ok_or(StoreError::Bug {
            what: "a stored role is no word",
        })?;
        let account_id: AccountId = row.get(0)?;
        match members.last_mut() {
            Some(member) if member.account_id == account_id => member.roles.push(role),
            _ => members.push(member(row, role)?),
        }
    }
    let has_more = members.len() > limits::STAFF_ITEMS;
    members.truncate(limits::STAFF_ITEMS);
    for member in &mut members {
        let devices = devices::signed_in(tx, member.account_id, principal.now, limits::STAFF_DEVICES);
        member.devices = devices.await?;
    }
    Ok(StaffAnswer {
        server_time_ms: principal.now,
        staff: members,
        has_more,
    })
}

fn member(row: &Row, role: Role) -> Result<StaffMember, StoreError> {
    let qualification: Option<String> = row.get(3)?;
    let status: String = row.get(4)?;
    Ok(StaffMember {
        account_id: row.get(0)?,
        name: row.get(1)?,
        roles: vec![role],
        qualification: qualification.and_then(|word| Qualification::from_word(&word)),
        status: AccountStatus::from_word(&status).ok_or(StoreError::Bug {
            what: "a stored status is no word",
        })?,
        devices: Vec::new(),
    })
}

/// Whether somebody decides over what an account does in this role: an administrator of the society, or its coordinator if the role is
/// not that of an administrator.
fn may_manage(principal: &Principal, held: &RoleInSociety) -> bool {
    match managing_role(principal, held.society_id) {
        Some(Role::Administrator) => true,
        Some(_) => held.role != Role::Administrator,
        None => false,
    }
}

/// Ends the session of somebody else's device, or all sessions of an account.
///
/// One device can be lost anywhere; all sessions of somebody who works for other societies too are ended by one who manages all of them.
///
/// Errors: `forbidden` for those who manage no accounts, and for a coordinator about an administrator; `not_found` for an account of
/// another society or a device without a session.
pub async fn revoke_session(
    tx: &mut dyn Transaction,
    (credentials, request): &Request<RevokeSessionRequest>,
) -> Result<UtcMillis, Fault> {
    let principal = authenticate(tx, credentials).await?;
    if !manages_anything(&principal) {
        return Err(ProblemCode::Forbidden.into());
    }
    let account_id = request.account_id;
    let held = roles(tx, account_id).await?;
    let role = held
        .iter()
        .find_map(|held| managing_role(&principal, held.society_id))
        .ok_or(ProblemCode::NotFound)?;
    let mut managed = held.iter().map(|held| may_manage(&principal, held));
    let is_administrator = held.iter().any(|held| held.role == Role::Administrator);
    let may_end = if request.device_id.is_some() && !is_administrator {
        managed.any(|is_managed| is_managed)
    } else {
        managed.all(|is_managed| is_managed)
    };
    if !may_end {
        return Err(ProblemCode::Forbidden.into());
    }
    if let Some(device_id) = request.device_id {
        let key = [account_id.into(), device_id.into()];
        let row = tx.row(crate::accounts::sql::SESSION_OF_DEVICE, &key).await?;
        let session_id: Uuid = row.ok_or(ProblemCode::NotFound)?.get(0)?;
        session::end(tx, account_id, session_id, "revoked", principal.now).await?;
    } else {
        session::end_all(tx, account_id, "revoked", principal.now).await?;
    }
    let mut act = Act::done(&principal, role, "session.revoked");
    act.object_id = request.device_id.map(|device_id| *device_id.as_uuid());
    audit::record(tx, Chain::Account(account_id), &act).await?;
    Ok(principal.now)
}

/// Suspends an account or lets it go on.
///
/// It takes effect in all societies of the account, so whoever does it manages all of them. Nobody does it to herself, and a coordinator
/// not to an administrator.
///
/// Errors: `forbidden`; `not_found` for an account of other societies alone.
pub async fn set_account_status(
    tx: &mut dyn Transaction,
    (credentials, request): &Request<AccountStatusRequest>,
) -> Result<UtcMillis, Fault> {
    let principal = authenticate(tx, credentials).await?;
    if !manages_anything(&principal) || request.account_id == principal.account_id {
        return Err(ProblemCode::Forbidden.into());
    }
    let held = roles(tx, request.account_id).await?;
    let role = held
        .iter()
        .find_map(|held| managing_role(&principal, held.society_id))
        .ok_or(ProblemCode::NotFound)?;
    if !held.iter().all(|held| may_manage(&principal, held)) {
        return Err(ProblemCode::Forbidden.into());
    }
    let (is_active, what) = match request.status {
        AccountStatus::Active => (true, "account.resumed"),
        AccountStatus::Suspended => (false, "account.suspended"),
        AccountStatus::Other(_) => return Err(ProblemCode::InvalidValue.into()),
    };
    staff::change_status(tx, request.account_id, is_active).await?;
    let act = Act::done(&principal, role, what);
    audit::record(tx, Chain::Account(request.account_id), &act).await?;
    Ok(principal.now)
}
