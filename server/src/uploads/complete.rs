//! The last byte of an upload is there: is it what was announced?

use axum::body::Bytes;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::time::UtcMillis;
use tokio::sync::Semaphore;

use super::picture_header::{PictureFault, inspect};
use super::{Upload, collect, objects, sql};
use crate::deliberate::{Bug, is_made};
use crate::http::extract::sha256;
use crate::server::{Server, boxed};
use crate::store::{Fault, Transaction, Value};

/// Completions of a node at a time: each holds a whole picture in memory, twice at most.
static COMPLETIONS: Semaphore = Semaphore::const_new(4);

struct Input {
    upload: Upload,
    /// Name of the whole object; `None`: begin again.
    key: Option<String>,
    now: UtcMillis,
}

/// Completes an upload if it stands before its completion.
///
/// Errors: `hash_mismatch`, `metadata_present`, `picture_refused`, after which the upload begins again at 0; `unavailable`,
/// after which the next request tries again; `offset_mismatch` if a second request was faster.
pub(super) async fn complete_whole(server: &Server, upload: &mut Upload) -> Result<(), Fault> {
    if upload.object_key.is_none() && upload.offset_bytes == upload.length_bytes {
        complete(server, upload).await?;
    }
    Ok(())
}

/// Checks an upload of which every byte is there, and makes one object of its parts.
async fn complete(server: &Server, upload: &mut Upload) -> Result<(), Fault> {
    let _turn = COMPLETIONS
        .acquire()
        .await
        .map_err(|_| ProblemCode::Unavailable)?;
    let bytes = read_parts(server, upload).await?;
    let checked = {
        let (upload, bytes) = (upload.clone(), bytes.clone());
        server.host.compute(move || check(&upload, &bytes)).await
    };
    if let Err(code) = checked.ok_or(ProblemCode::InternalFault)? {
        // A second request that was faster took the parts away: that is no fault of the picture.
        let is_first = settle(server, upload, None).await?;
        return Err(if is_first {
            code
        } else {
            ProblemCode::OffsetMismatch
        }
        .into());
    }
    let key = objects::new_key(&server.host);
    collect::announce(server, &key).await?;
    let kept = if is_made(Bug::KeepsHalfPictures) {
        bytes.slice(..bytes.len() / 2)
    } else {
        bytes
    };
    objects::put(server, &key, kept).await?;
    if settle(server, upload, Some(key.clone())).await? {
        upload.object_key = Some(key);
        return Ok(());
    }
    // A second request was faster, with the same bytes. This object stays garbage.
    Err(ProblemCode::OffsetMismatch.into())
}

async fn read_parts(server: &Server, upload: &Upload) -> Result<Bytes, Fault> {
    let keys: Vec<String> = server
        .read(upload.clone(), |tx, upload| {
            boxed(async move { Ok(part_keys(tx, upload).await?) })
        })
        .await?;
    let mut bytes = Vec::with_capacity(usize::try_from(upload.length_bytes).unwrap_or(0));
    for key in keys {
        bytes.extend_from_slice(&objects::read(server, &key).await?);
    }
    Ok(bytes.into())
}

async fn part_keys(
    tx: &mut dyn Transaction,
    upload: &Upload,
) -> Result<Vec<String>, crate::store::StoreError> {
    let name: [Value; 2] = [upload.log.case_id.into(), upload.upload_id.into()];
    let rows = tx.query(sql::PARTS, &name).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

fn check(upload: &Upload, bytes: &[u8]) -> Result<(), ProblemCode> {
    if sha256(bytes) != upload.sha256 {
        return Err(ProblemCode::HashMismatch);
    }
    let header = inspect(bytes).map_err(PictureFault::problem_code)?;
    let is_announced = header.format.media_type() == upload.media_type
        && header.width_px == upload.width_px
        && header.height_px == upload.height_px;
    is_announced.then_some(()).ok_or(ProblemCode::PictureRefused)
}

/// Names the whole object, or puts the upload back to its beginning; the parts become garbage. False if somebody else did it.
async fn settle(server: &Server, upload: &Upload, key: Option<String>) -> Result<bool, Fault> {
    let input = Input {
        upload: upload.clone(),
        key,
        now: server.host.now(),
    };
    server
        .write(input, |tx, input| {
            boxed(async move { settle_in(tx, input).await })
        })
        .await
}

async fn settle_in(tx: &mut dyn Transaction, input: &Input) -> Result<bool, Fault> {
    let (case_id, upload_id) = (input.upload.log.case_id, input.upload.upload_id);
    let changed = if let Some(key) = &input.key {
        let values: [Value; 4] = [
            case_id.into(),
            upload_id.into(),
            key.as_str().into(),
            input.now.into(),
        ];
        tx.execute(sql::COMPLETE, &values).await?
    } else {
        let values: [Value; 3] = [case_id.into(), upload_id.into(), input.now.into()];
        tx.execute(sql::RESTART, &values).await?
    };
    if changed == 0 {
        return Ok(false);
    }
    if let Some(key) = &input.key
        && !collect::take_from_garbage(tx, key, input.now).await?
    {
        return Err(ProblemCode::Unavailable.into());
    }
    for key in part_keys(tx, &input.upload).await? {
        tx.execute(sql::INSERT_GARBAGE, &[key.into(), input.now.into()])
            .await?;
    }
    tx.execute(sql::DELETE_PARTS, &[case_id.into(), upload_id.into()])
        .await?;
    Ok(true)
}
