//! Handing out a picture.

use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::session::Role;
use ayumi_protocol::upload::PictureRequest;

use super::{Upload, sql};
use crate::accounts::principal::{self, Credentials};
use crate::audit::{self, Act, Chain};
use crate::cases::access;
use crate::server::{Server, boxed};
use crate::store::{Fault, Transaction, Value};

/// Finds a complete picture that the caller may see; that staff read it is written down.
///
/// Errors: of a token; `not_found`, also while no entry names it, but for the one who uploaded it.
pub async fn find_picture(
    server: &Server,
    credentials: Credentials,
    request: PictureRequest,
) -> Result<Upload, Fault> {
    server
        .read((credentials, request), |tx, input| {
            boxed(async move { find_in(tx, &input.0, &input.1).await })
        })
        .await
}

async fn find_in(
    tx: &mut dyn Transaction,
    credentials: &Credentials,
    request: &PictureRequest,
) -> Result<Upload, Fault> {
    let log = request.log;
    let principal = principal::authenticate(tx, credentials).await?;
    let access = access::reach_log(tx, &principal, log).await?;
    if let Some(code) = access.reading_refusal() {
        return Err(code.into());
    }
    let name: [Value; 3] = [log.case_id.into(), log.audience.into(), request.sha256.into()];
    let row = tx.row(sql::UPLOAD_BY_HASH, &name).await?;
    let upload = Upload::from_row(&row.ok_or(ProblemCode::NotFound)?)?;
    let is_open =
        upload.account_id == principal.account_id || tx.row(sql::PICTURE_USE, &name).await?.is_some();
    if upload.object_key.is_none() || !is_open {
        return Err(ProblemCode::NotFound.into());
    }
    if access.role != Role::Participant {
        if !tx.is_writing() {
            return Err(Fault::NeedsWrite);
        }
        let mut act = Act::done(&principal, access.role, "picture.read");
        act.audience = Some(log.audience);
        act.object_id = Some(*upload.upload_id.as_uuid());
        audit::record(tx, Chain::Case(log.case_id), &act).await?;
    }
    Ok(upload)
}
