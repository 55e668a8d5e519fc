//! Taking bytes of an upload.

use axum::body::{Body, Bytes};
use ayumi_protocol::limits;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::time::UtcMillis;
use futures_util::StreamExt as _;

use super::{Upload, collect, complete, objects, sql};
use crate::server::{Server, boxed};
use crate::store::{Fault, Value};

/// Takes bytes from `offset_bytes` on, and completes the upload with the last one.
///
/// What came before a cut connection is kept. Of more bytes than announced, those behind the last whole part before the surplus
/// are not.
///
/// Errors: `offset_mismatch` if the server has another number of bytes, also when a second request was faster; `too_large`;
/// `request_timeout` if the body was cut; `unavailable` if the object store failed; at completion `hash_mismatch`,
/// `metadata_present`, `picture_refused`, after which the upload begins again at 0.
pub async fn receive(
    server: &Server,
    mut upload: Upload,
    offset_bytes: u32,
    body: Body,
) -> Result<Upload, Fault> {
    if upload.offset_bytes != offset_bytes {
        return Err(ProblemCode::OffsetMismatch.into());
    }
    let most_in_part = usize::try_from(limits::UPLOAD_PART_BYTES).unwrap_or(usize::MAX);
    let mut stream = body.into_data_stream();
    let mut buffer: Vec<u8> = Vec::new();
    let mut is_cut = false;
    while let Some(frame) = stream.next().await {
        let Ok(frame) = frame else {
            is_cut = true;
            break;
        };
        let left = upload.length_bytes.saturating_sub(upload.offset_bytes);
        let has = buffer.len().saturating_add(frame.len());
        if u32::try_from(has).map_or(true, |has| has > left) {
            return Err(ProblemCode::TooLarge.into());
        }
        buffer.extend_from_slice(&frame);
        while buffer.len() >= most_in_part {
            let rest = buffer.split_off(most_in_part);
            let part = std::mem::replace(&mut buffer, rest);
            keep_part(server, &mut upload, part.into()).await?;
        }
    }
    if !buffer.is_empty() {
        keep_part(server, &mut upload, buffer.into()).await?;
    }
    if is_cut {
        return Err(ProblemCode::RequestTimeout.into());
    }
    complete::complete_whole(server, &mut upload).await?;
    Ok(upload)
}

struct Part {
    upload: Upload,
    length_bytes: u32,
    key: String,
    now: UtcMillis,
}

/// Makes a part durable, then known. One that does not become known is garbage.
async fn keep_part(server: &Server, upload: &mut Upload, bytes: Bytes) -> Result<(), Fault> {
    let length_bytes = u32::try_from(bytes.len()).map_err(|_| ProblemCode::TooLarge)?;
    let key = objects::new_key(&server.host);
    collect::announce(server, &key).await?;
    objects::put(server, &key, bytes).await?;
    let part = Part {
        upload: upload.clone(),
        length_bytes,
        key,
        now: server.host.now(),
    };
    let new_offset = upload.offset_bytes.saturating_add(length_bytes);
    server
        .write(part, |tx, part| {
            boxed(async move {
                let Upload {
                    log,
                    upload_id,
                    offset_bytes,
                    ..
                } = part.upload;
                let new_offset = offset_bytes.saturating_add(part.length_bytes);
                let advance: [Value; 5] = [
                    log.case_id.into(),
                    upload_id.into(),
                    offset_bytes.into(),
                    new_offset.into(),
                    part.now.into(),
                ];
                if tx.execute(sql::ADVANCE, &advance).await? == 0 {
                    return Err(ProblemCode::OffsetMismatch.into());
                }
                if !collect::take_from_garbage(tx, &part.key, part.now).await? {
                    return Err(ProblemCode::Unavailable.into());
                }
                let row: [Value; 5] = [
                    log.case_id.into(),
                    upload_id.into(),
                    offset_bytes.into(),
                    part.length_bytes.into(),
                    part.key.as_str().into(),
                ];
                tx.execute(sql::INSERT_PART, &row).await?;
                Ok(())
            })
        })
        .await?;
    upload.offset_bytes = new_offset;
    Ok(())
}
