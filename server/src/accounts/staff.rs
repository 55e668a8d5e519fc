//! Accounts of staff, made by an operator: name, roles, password and second factor.

use ayumi_protocol::body::Qualification;
use ayumi_protocol::id::{AccountId, SocietyId};
use ayumi_protocol::limits;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::session::Role;
use ayumi_protocol::time::UtcMillis;
use uuid::Uuid;

use super::code::Code;
use super::session::{self, Zeroing};
use super::{second_factor, slow_hash, sql};
use crate::audit::{self, Act, Chain};
use crate::server::{Server, boxed};
use crate::store::{Fault, StoreError, Transaction, Value};

/// What is known of a new member.
#[derive(Clone)]
pub struct NewStaff {
    /// Signs in with it: 1 to 64 lower-case letters, digits and `. _ - @ +`.
    pub login: String,
    /// For people.
    pub name: String,
    /// What they are, in which society.
    pub roles: Vec<(SocietyId, Role)>,
    /// Of those who guide.
    pub qualification: Option<Qualification>,
    /// When an answer can be expected, in their own words.
    pub reply_hours: Option<String>,
}

/// Shows nothing of the person.
impl std::fmt::Debug for NewStaff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewStaff").finish_non_exhaustive()
    }
}

/// With what somebody signs in for the first time. It is shown once; the password is kept as a slow hash.
#[derive(Debug, Clone)]
pub struct FirstCredentials {
    /// The account.
    pub account_id: AccountId,
    /// 80 random bits.
    pub password: Zeroing,
    /// What an authenticator reads.
    pub second_factor: Zeroing,
}

/// Makes an account.
///
/// Errors: `invalid_value` for a login that is taken or malformed, a name that is empty or too long, or a role that is not one of staff.
pub async fn create(server: &Server, new: NewStaff) -> Result<FirstCredentials, Fault> {
    let is_login = |character: char| {
        character.is_ascii_lowercase()
            || character.is_ascii_digit()
            || matches!(character, '.' | '_' | '-' | '@' | '+')
    };
    let has_login = (1..=64).contains(&new.login.len()) && new.login.chars().all(is_login);
    let has_roles = !new.roles.is_empty() && new.roles.iter().all(|(_, role)| is_staff_role(role));
    if !has_login
        || !limits::is_line(&new.name)
        || !new.reply_hours.as_deref().is_none_or(limits::is_line)
        || !has_roles
    {
        return Err(ProblemCode::InvalidValue.into());
    }
    let made = Secrets::make(server).await?;
    let login = new.login.clone();
    let input = Creation {
        account_id: AccountId::from_uuid(server.host.new_uuid()),
        new,
        password_hash: made.password_hash.clone(),
        totp_secret: made.totp_secret,
        now: server.host.now(),
    };
    let account_id = input.account_id;
    server.write(input, |tx, input| boxed(insert(tx, input))).await?;
    made.into_credentials(account_id, &login)
}

fn is_staff_role(role: &Role) -> bool {
    matches!(
        role,
        Role::Dietitian | Role::Adviser | Role::Coordinator | Role::Administrator
    )
}

struct Secrets {
    password: Zeroing,
    password_hash: String,
    totp_secret: [u8; second_factor::SECRET_BYTES],
}

impl Secrets {
    async fn make(server: &Server) -> Result<Self, Fault> {
        // Two codes have 120 bits; 80 of them are plenty and can still be typed.
        let (first, second) = (Code::random(&server.host), Code::random(&server.host));
        let password = format!("{}-{}", first.show(), second.prefix);
        let password_hash = slow_hash::hash(&server.host, &server.policy, &password).await?;
        Ok(Self {
            password: Zeroing(password.into()),
            password_hash,
            totp_secret: second_factor::new_secret(&server.host),
        })
    }

    fn into_credentials(self, account_id: AccountId, login: &str) -> Result<FirstCredentials, Fault> {
        let address = second_factor::address(&self.totp_secret, login)?;
        Ok(FirstCredentials {
            account_id,
            password: self.password,
            second_factor: Zeroing(address.into()),
        })
    }
}

struct Creation {
    account_id: AccountId,
    new: NewStaff,
    password_hash: String,
    totp_secret: [u8; second_factor::SECRET_BYTES],
    now: UtcMillis,
}

async fn insert(tx: &mut dyn Transaction, input: &Creation) -> Result<(), Fault> {
    let new = &input.new;
    let values: [Value; 8] = [
        input.account_id.into(),
        new.name.as_str().into(),
        new.login.as_str().into(),
        input.password_hash.as_str().into(),
        input.totp_secret.into(),
        new.qualification.as_ref().map(Qualification::as_str).into(),
        new.reply_hours.as_deref().into(),
        input.now.into(),
    ];
    if tx.execute(sql::INSERT_STAFF, &values).await? == 0 {
        return Err(ProblemCode::InvalidValue.into());
    }
    for (society_id, role) in &new.roles {
        let values: [Value; 3] = [
            input.account_id.into(),
            (*society_id).into(),
            role.as_str().into(),
        ];
        tx.execute(sql::INSERT_ROLE, &values).await?;
    }
    record(tx, input.account_id, "staff.made", input.now).await
}

async fn record(
    tx: &mut dyn Transaction,
    account_id: AccountId,
    what: &'static str,
    now: UtcMillis,
) -> Result<(), Fault> {
    let mut act = Act::by_server(now, what, "");
    act.object_id = Some(*account_id.as_uuid());
    Ok(audit::record(tx, Chain::Account(account_id), &act).await?)
}

/// The account of a login.
///
/// Errors: `not_found`.
pub async fn find(server: &Server, login: &str) -> Result<AccountId, Fault> {
    server
        .read(login.to_owned(), |tx, login| {
            boxed(async move {
                let row = tx.row(sql::STAFF_BY_LOGIN, &[login.as_str().into()]).await?;
                Ok(row.ok_or(ProblemCode::NotFound)?.get(0)?)
            })
        })
        .await
}

/// Gives another password and another second factor, for somebody who lost theirs, and ends all sessions of the account.
///
/// Errors: `not_found`.
pub async fn renew(server: &Server, login: &str) -> Result<FirstCredentials, Fault> {
    struct Renewal {
        account_id: AccountId,
        password_hash: String,
        totp_secret: [u8; second_factor::SECRET_BYTES],
        now: UtcMillis,
    }
    let account_id = find(server, login).await?;
    let made = Secrets::make(server).await?;
    let renewal = Renewal {
        account_id,
        password_hash: made.password_hash.clone(),
        totp_secret: made.totp_secret,
        now: server.host.now(),
    };
    server
        .write(renewal, |tx, renewal| {
            boxed(async move {
                let values: [Value; 3] = [
                    renewal.account_id.into(),
                    renewal.password_hash.as_str().into(),
                    renewal.totp_secret.into(),
                ];
                tx.execute(sql::RENEW_CREDENTIALS, &values).await?;
                session::end_all(tx, renewal.account_id, "revoked", renewal.now).await?;
                record(tx, renewal.account_id, "staff.credentials_renewed", renewal.now).await
            })
        })
        .await?;
    made.into_credentials(account_id, login)
}

/// Gives a role in a society, or takes it away. Without a role in a society nothing of it can be reached, from the next request on.
///
/// Errors: `not_found` without the account; `invalid_value` for a role that is not one of staff.
pub async fn set_role(
    server: &Server,
    login: &str,
    society_id: SocietyId,
    role: Role,
    is_held: bool,
) -> Result<(), Fault> {
    if !is_staff_role(&role) {
        return Err(ProblemCode::InvalidValue.into());
    }
    let account_id = find(server, login).await?;
    let input = (account_id, society_id, role, is_held, server.host.now());
    server
        .write(input, |tx, (account_id, society_id, role, is_held, now)| {
            boxed(async move {
                let values: [Value; 3] = [(*account_id).into(), (*society_id).into(), role.as_str().into()];
                let (statement, what) = if *is_held {
                    (sql::INSERT_ROLE, "role.given")
                } else {
                    (sql::DELETE_ROLE, "role.taken")
                };
                tx.execute(statement, &values).await?;
                record(tx, *account_id, what, *now).await
            })
        })
        .await
}

/// Suspends an account, or lets it go on, by an operator.
///
/// Errors: `not_found`.
pub async fn set_status(server: &Server, account_id: AccountId, is_active: bool) -> Result<(), Fault> {
    let input = (account_id, is_active, server.host.now());
    server
        .write(input, |tx, (account_id, is_active, now)| {
            boxed(async move {
                change_status(tx, *account_id, *is_active).await?;
                let what = if *is_active {
                    "account.resumed"
                } else {
                    "account.suspended"
                };
                record(tx, *account_id, what, *now).await
            })
        })
        .await
}

/// Suspends an account or lets it go on. Sessions stay, so that nobody has to sign in again after a mistake.
///
/// Errors: `not_found`, also for a deleted account.
pub(crate) async fn change_status(
    tx: &mut dyn Transaction,
    account_id: AccountId,
    is_active: bool,
) -> Result<(), Fault> {
    let status = if is_active { "active" } else { "suspended" };
    let values: [Value; 2] = [account_id.into(), status.into()];
    if tx.execute(sql::SET_STATUS, &values).await? == 0 {
        return Err(ProblemCode::NotFound.into());
    }
    Ok(())
}

/// One role of somebody, for an operator's list.
#[derive(Clone)]
pub struct StaffLine {
    /// The account.
    pub account_id: AccountId,
    /// Signs in with it.
    pub login: String,
    /// For people.
    pub name: String,
    /// In the society that was asked for.
    pub role: String,
    /// `active` or `suspended`.
    pub status: String,
}

/// Everybody of a society, a line for each role.
pub async fn list(server: &Server, society_id: SocietyId) -> Result<Vec<StaffLine>, Fault> {
    server
        .read(society_id, |tx, society_id| {
            boxed(async move {
                let values: [Value; 3] = [(*society_id).into(), Uuid::nil().into(), i64::MAX.into()];
                let rows = tx.query(sql::STAFF_OF_SOCIETY, &values).await?;
                let lines = rows.iter().map(|row| {
                    Ok(StaffLine {
                        account_id: row.get(0)?,
                        name: row.get(1)?,
                        role: row.get(2)?,
                        status: row.get(4)?,
                        login: row.get::<Option<String>>(5)?.unwrap_or_default(),
                    })
                });
                Ok(lines.collect::<Result<_, StoreError>>()?)
            })
        })
        .await
}

/// The id of an account in a command: its login, or a UUID.
///
/// Errors: `not_found`.
pub async fn resolve(server: &Server, text: &str) -> Result<AccountId, Fault> {
    match Uuid::try_parse(text) {
        Ok(id) => Ok(AccountId::from_uuid(id)),
        Err(_) => find(server, text).await,
    }
}
