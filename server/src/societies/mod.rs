//! Societies: tenants, their consent texts, invitations, and who acts for which case.

pub mod assignment;
pub mod coordination;
pub mod invitations;
pub(crate) mod sql;

use ayumi_protocol::id::SocietyId;
use ayumi_protocol::limits;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::session::{ConsentTextAnswer, ConsentVersion};
use ayumi_protocol::time::UtcMillis;

use crate::accounts::principal::{Credentials, authenticate};
use crate::audit::{self, Act, Chain};
use crate::http::extract::sha256;
use crate::server::{Server, boxed};
use crate::store::{Fault, StoreError, Transaction, Value};

/// Makes a society. `code` is its short name in commands; `name` is what people read.
///
/// Errors: `invalid_value`, if a society has that code already, or one of them is empty or too long.
pub async fn create(server: &Server, code: &str, name: &str) -> Result<SocietyId, Fault> {
    if !limits::is_line(code) || !limits::is_line(name) || code.contains(char::is_whitespace) {
        return Err(ProblemCode::InvalidValue.into());
    }
    let society_id = SocietyId::from_uuid(server.host.new_uuid());
    let input = (society_id, code.to_owned(), name.to_owned(), server.host.now());
    server
        .write(input, |tx, (society_id, code, name, now)| {
            boxed(async move {
                let values: [Value; 4] = [
                    (*society_id).into(),
                    code.as_str().into(),
                    name.as_str().into(),
                    (*now).into(),
                ];
                if tx.execute(sql::INSERT_SOCIETY, &values).await? == 0 {
                    return Err(ProblemCode::InvalidValue.into());
                }
                let mut act = Act::by_server(*now, "society.made", "");
                act.object_id = Some(*society_id.as_uuid());
                Ok(audit::record(tx, Chain::Server, &act).await?)
            })
        })
        .await?;
    Ok(society_id)
}

/// A society, for an operator's list.
#[derive(Debug, Clone)]
pub struct Society {
    /// Its id.
    pub society_id: SocietyId,
    /// Its short name in commands.
    pub code: String,
    /// Its name for people.
    pub name: String,
}

/// All societies, by their code.
pub async fn list(server: &Server) -> Result<Vec<Society>, Fault> {
    server
        .read((), |tx, ()| {
            boxed(async move {
                let rows = tx.query(sql::SOCIETIES, &[]).await?;
                let societies = rows.iter().map(|row| {
                    Ok(Society {
                        society_id: row.get(0)?,
                        code: row.get(1)?,
                        name: row.get(2)?,
                    })
                });
                Ok(societies.collect::<Result<_, StoreError>>()?)
            })
        })
        .await
}

/// The society with this code.
///
/// Errors: `not_found`.
pub async fn find(server: &Server, code: &str) -> Result<SocietyId, Fault> {
    server
        .read(code.to_owned(), |tx, code| {
            boxed(async move {
                let row = tx.row(sql::SOCIETY_BY_CODE, &[code.as_str().into()]).await?;
                Ok(row.ok_or(ProblemCode::NotFound)?.get(0)?)
            })
        })
        .await
}

/// Adds a version of the text to which participants consent; it is in force from now on.
///
/// Errors: `invalid_value`, if the version is no word, the text is empty or too long, or the society has the version already: what
/// somebody agreed to is never changed.
pub async fn add_consent_text(
    server: &Server,
    society_id: SocietyId,
    version: &str,
    text: &str,
) -> Result<(), Fault> {
    struct Text {
        society_id: SocietyId,
        version: String,
        content: String,
        now: UtcMillis,
    }
    ConsentVersion::from_word(version).ok_or(ProblemCode::InvalidValue)?;
    if text.trim().is_empty() || text.chars().count() > limits::CONSENT_TEXT_CHARS {
        return Err(ProblemCode::InvalidValue.into());
    }
    let input = Text {
        society_id,
        version: version.to_owned(),
        content: text.to_owned(),
        now: server.host.now(),
    };
    server
        .write(input, |tx, input| {
            boxed(async move {
                let values: [Value; 5] = [
                    input.society_id.into(),
                    input.version.as_str().into(),
                    input.content.as_str().into(),
                    sha256(input.content.as_bytes()).into(),
                    input.now.into(),
                ];
                if tx.execute(sql::INSERT_CONSENT_TEXT, &values).await? == 0 {
                    return Err(ProblemCode::InvalidValue.into());
                }
                let mut act = Act::by_server(input.now, "consent_text.added", "");
                act.object_id = Some(*input.society_id.as_uuid());
                Ok(audit::record(tx, Chain::Server, &act).await?)
            })
        })
        .await
}

/// The text to which the participant who asks would consent now.
///
/// Errors: `not_found` for staff, and in a society without a text.
pub async fn consent_text(
    tx: &mut dyn Transaction,
    credentials: &Credentials,
) -> Result<ConsentTextAnswer, Fault> {
    let principal = authenticate(tx, credentials).await?;
    let key = [principal.account_id.into(), principal.now.into()];
    let row = tx.row(sql::CONSENT_TEXT_OF_ACCOUNT, &key).await?;
    let row = row.ok_or(ProblemCode::NotFound)?;
    let version: String = row.get(0)?;
    Ok(ConsentTextAnswer {
        server_time_ms: principal.now,
        version: ConsentVersion::from_word(&version).ok_or(StoreError::Bug {
            what: "a stored version of a consent text is no word",
        })?,
        text: row.get(1)?,
        text_sha256: row.get(2)?,
    })
}
