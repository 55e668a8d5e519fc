//! Announcing an upload.

use ayumi_protocol::id::UploadId;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::upload::UploadRequest;

use super::{Upload, check_consent, complete, find, sql};
use crate::accounts::principal::{self, Credentials};
use crate::audit::{self, Act, Chain};
use crate::cases::access;
use crate::server::{Server, boxed};
use crate::store::{Fault, Refused, Transaction, Value};

const DAY_MS: i64 = 24 * 3600 * 1000;

struct Input {
    credentials: Credentials,
    request: UploadRequest,
    upload_id: UploadId,
    bytes_per_day: i64,
}

/// Makes an upload, or brings back the one with the same hash in the same log. The announced length counts towards the day's
/// amount once, when the upload is made. One that stands before its completion is completed: whoever has sent every byte has
/// nothing else left to ask for.
///
/// Errors: of a token; `not_found`, `consent_required`, `consent_withdrawn`; `picture_refused` for a content type that is not
/// served; `invalid_value` if the hash was announced with another length or other dimensions; `upload_quota_reached` with the time until the next day (UTC);
/// at completion those of [`receive`](super::receive::receive).
pub async fn create(
    server: &Server,
    credentials: Credentials,
    request: UploadRequest,
) -> Result<Upload, Fault> {
    let input = Input {
        credentials: credentials.clone(),
        request,
        upload_id: UploadId::from_uuid(server.host.new_uuid()),
        bytes_per_day: i64::try_from(server.policy.upload_bytes_per_day).unwrap_or(i64::MAX),
    };
    let mut upload = server
        .write(input, |tx, input| {
            boxed(async move { create_in(tx, input).await })
        })
        .await?;
    match complete::complete_whole(server, &mut upload).await {
        // A request that brings bytes was faster.
        Err(Fault::Refused(refused)) if refused.code == ProblemCode::OffsetMismatch => {
            find(server, credentials, upload.upload_id).await
        }
        completed => completed.map(|()| upload),
    }
}

async fn create_in(tx: &mut dyn Transaction, input: &Input) -> Result<Upload, Fault> {
    let request = &input.request;
    let log = request.log;
    let principal = principal::authenticate(tx, &input.credentials).await?;
    let access = access::reach_log(tx, &principal, log).await?;
    check_consent(&access)?;
    if !matches!(request.media_type.as_str(), "image/jpeg" | "image/png") {
        return Err(ProblemCode::PictureRefused.into());
    }
    tx.execute(sql::LOCK_CASE, &[log.case_id.into()]).await?;
    let hash: [Value; 3] = [log.case_id.into(), log.audience.into(), request.sha256.into()];
    if let Some(row) = tx.row(sql::UPLOAD_BY_HASH, &hash).await? {
        let upload = Upload::from_row(&row)?;
        let is_same = upload.length_bytes == request.length_bytes
            && upload.width_px == request.width_px
            && upload.height_px == request.height_px
            && upload.media_type == request.media_type.as_str();
        if !is_same {
            return Err(ProblemCode::InvalidValue.into());
        }
        let touch: [Value; 3] = [log.case_id.into(), upload.upload_id.into(), principal.now.into()];
        tx.execute(sql::TOUCH, &touch).await?;
        return Ok(upload);
    }
    let day = principal.now.0.div_euclid(DAY_MS);
    let used = tx
        .row(sql::QUOTA, &[principal.account_id.into(), day.into()])
        .await?;
    let used: i64 = used.map_or(Ok(0), |row| row.get(0))?;
    if used.saturating_add(request.length_bytes.into()) > input.bytes_per_day {
        let left_ms = DAY_MS.saturating_sub(principal.now.0.rem_euclid(DAY_MS));
        return Err(Fault::Refused(Refused {
            code: ProblemCode::UploadQuotaReached,
            retry_after_ms: u64::try_from(left_ms).ok(),
        }));
    }
    let amount: [Value; 3] = [
        principal.account_id.into(),
        day.into(),
        request.length_bytes.into(),
    ];
    tx.execute(sql::ADD_QUOTA, &amount).await?;
    let row: [Value; 10] = [
        log.case_id.into(),
        input.upload_id.into(),
        log.audience.into(),
        request.sha256.into(),
        request.length_bytes.into(),
        request.media_type.as_str().into(),
        request.width_px.into(),
        request.height_px.into(),
        principal.account_id.into(),
        principal.now.into(),
    ];
    tx.execute(sql::INSERT_UPLOAD, &row).await?;
    let mut act = Act::done(&principal, access.role, "upload.created");
    act.audience = Some(log.audience);
    act.object_id = Some(*input.upload_id.as_uuid());
    audit::record(tx, Chain::Case(log.case_id), &act).await?;
    Ok(Upload {
        log,
        upload_id: input.upload_id,
        sha256: request.sha256,
        length_bytes: request.length_bytes,
        media_type: request.media_type.as_str().to_owned(),
        width_px: request.width_px,
        height_px: request.height_px,
        account_id: principal.account_id,
        offset_bytes: 0,
        object_key: None,
    })
}
