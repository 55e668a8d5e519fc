//! Staff, and the cases they act for.

use ayumi_protocol::id::{AccountId, CaseId, OpId, SocietyId};
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::session::Role;

use super::{explain, failed, societies, table};
use crate::accounts::session;
use crate::accounts::staff::{self, FirstCredentials, NewStaff};
use crate::audit::{self, Act, Chain};
use crate::server::{Server, boxed};
use crate::societies::assignment::{self, Acting};
use crate::societies::coordination;

pub(super) async fn create_staff(server: &Server, new: NewStaff) -> Result<String, String> {
    let login = new.login.clone();
    let made = staff::create(server, new).await.map_err(|fault| {
        let why = "the login is taken or has other characters than lower-case letters, digits and `. _ - @ +`, or the name is empty or too long";
        explain(&fault, &ProblemCode::InvalidValue, why)
    })?;
    Ok(credentials(&login, &made))
}

pub(super) async fn renew_staff(server: &Server, login: &str) -> Result<String, String> {
    let made = staff::renew(server, login)
        .await
        .map_err(|fault| explain(&fault, &ProblemCode::NotFound, NO_ACCOUNT))?;
    Ok(credentials(login, &made))
}

const NO_ACCOUNT: &str = "there is no such account: `admin staff-list` shows those of a society";

/// How somebody signs in; it is printed once.
pub(super) fn credentials(login: &str, made: &FirstCredentials) -> String {
    let FirstCredentials {
        account_id,
        password,
        second_factor,
    } = made;
    format!(
        "login\t{login}\npassword\t{}\nsecond factor\t{}\nid\t{account_id}",
        password.0.as_str(),
        second_factor.0.as_str()
    )
}

pub(super) async fn set_role(
    server: &Server,
    login: &str,
    society: &str,
    role: Role,
    is_held: bool,
) -> Result<String, String> {
    let society_id = societies::find(server, society).await?;
    staff::set_role(server, login, society_id, role.clone(), is_held)
        .await
        .map_err(|fault| explain(&fault, &ProblemCode::NotFound, NO_ACCOUNT))?;
    let what = if is_held { "is" } else { "is no longer" };
    Ok(format!("{login} {what} {} in {society}", role.as_str()))
}

pub(super) async fn list_staff(server: &Server, society: &str) -> Result<String, String> {
    let society_id = societies::find(server, society).await?;
    let staff = staff::list(server, society_id)
        .await
        .map_err(|fault| failed(&fault))?;
    let lines = staff.into_iter().map(|line| {
        let id = line.account_id.to_string();
        vec![line.login, line.role, line.status, line.name, id]
    });
    Ok(table(&["login", "role", "status", "name", "id"], lines))
}

pub(super) async fn list_cases(server: &Server, society: &str) -> Result<String, String> {
    let society_id: SocietyId = societies::find(server, society).await?;
    let mut lines = Vec::new();
    let mut after = None;
    loop {
        let input = (society_id, after);
        let page = server.read(input, |tx, (society_id, after)| {
            boxed(coordination::case_page(tx, *society_id, *after))
        });
        let (page, has_more) = page.await.map_err(|fault| failed(&fault))?;
        after = page.last().map(|case| case.case_id);
        lines.extend(page.into_iter().map(|case| {
            let acting: Vec<String> = case.acting.iter().map(|one| one.account_id.to_string()).collect();
            vec![
                case.case_id.to_string(),
                case.consent.as_str().to_owned(),
                case.name,
                case.account_id.to_string(),
                acting.join(" "),
            ]
        }));
        if !has_more {
            return Ok(table(&["case", "consent", "name", "account", "acting"], lines));
        }
    }
}

pub(super) async fn assign(
    server: &Server,
    case: &str,
    dietitian: &str,
    substitutes: &[String],
) -> Result<String, String> {
    let case_id = CaseId::parse(case).ok_or("this is no id of a case: `admin case-list` shows them")?;
    let mut acting = Vec::new();
    for (login, is_substitute) in
        std::iter::once((dietitian, false)).chain(substitutes.iter().map(|login| (login.as_str(), true)))
    {
        acting.push(Acting {
            account_id: find(server, login).await?,
            is_substitute,
        });
    }
    let op_id = OpId::from_uuid(server.host.new_uuid());
    let input = (case_id, acting, op_id, server.host.now());
    server
        .write(input, |tx, (case_id, acting, op_id, now)| {
            boxed(async move {
                assignment::set(tx, *case_id, acting, *op_id, *now).await?;
                let mut act = Act::by_server(*now, "assignment.changed", "");
                act.object_id = Some(*op_id.as_uuid());
                Ok(audit::record(tx, Chain::Case(*case_id), &act).await?)
            })
        })
        .await
        .map_err(|fault| match &fault {
            crate::store::Fault::Refused(refused) if refused.code == ProblemCode::InvalidValue => {
                "somebody of them is no dietitian of her society, or stands twice".to_owned()
            }
            fault => explain(
                fault,
                &ProblemCode::NotFound,
                "there is no such case: `admin case-list` shows them",
            ),
        })?;
    Ok("assigned".to_owned())
}

async fn find(server: &Server, account: &str) -> Result<AccountId, String> {
    staff::resolve(server, account)
        .await
        .map_err(|fault| explain(&fault, &ProblemCode::NotFound, NO_ACCOUNT))
}

pub(super) async fn set_status(server: &Server, account: &str, is_active: bool) -> Result<String, String> {
    let account_id = find(server, account).await?;
    staff::set_status(server, account_id, is_active)
        .await
        .map_err(|fault| explain(&fault, &ProblemCode::NotFound, NO_ACCOUNT))?;
    Ok(if is_active { "resumed" } else { "suspended" }.to_owned())
}

pub(super) async fn end_sessions(server: &Server, account: &str) -> Result<String, String> {
    let account_id = find(server, account).await?;
    server
        .write((account_id, server.host.now()), |tx, (account_id, now)| {
            boxed(async move {
                session::end_all(tx, *account_id, "revoked", *now).await?;
                let act = Act::by_server(*now, "session.revoked", "");
                Ok(audit::record(tx, Chain::Account(*account_id), &act).await?)
            })
        })
        .await
        .map_err(|fault| failed(&fault))?;
    Ok("all sessions have ended".to_owned())
}
