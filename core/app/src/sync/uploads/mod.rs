//! The files of own messages on their way to the server: which there are, and how far each is. The bytes are in `user/attachments`.
//!
//! A message waits in its lane until every file that it names is complete on the server; what sends them is `engine/upload.rs`, or the
//! operating system by a plan (`net/plan.rs`), which takes the rest of a picture as a slice file.
//! Source: sync.md 9.

#[cfg_attr(
    not(feature = "net"),
    allow(dead_code, reason = "slices are written for a driver over a network")
)]
mod slices;
pub(crate) mod sql;

use std::collections::BTreeSet;

use ayumi_protocol::body::Attachment;
use ayumi_protocol::cursor::LogName;
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::OpId;

use crate::store::{Reader, StoreError, WriteTransaction};

pub(crate) use slices::SliceFolder;

/// The pictures that are still to be sent: of others no slice is needed.
pub(crate) fn hashes_to_do(reader: &Reader<'_>) -> Result<BTreeSet<Sha256>, StoreError> {
    let uploads = sql::uploads_to_do(reader)?;
    Ok(uploads.into_iter().map(|upload| upload.sha256).collect())
}

/// Names the pictures of a message, and their thumbnails, as files that the server has to have before the message is sent.
pub(crate) fn need_pictures(
    tx: &WriteTransaction<'_>,
    log: LogName,
    op_id: OpId,
    pictures: &[Attachment],
) -> Result<(), StoreError> {
    for picture in pictures {
        let whole = sql::Upload {
            log,
            sha256: picture.sha256,
            length_bytes: picture.length_bytes,
            width_px: picture.width_px,
            height_px: picture.height_px,
            is_thumbnail: false,
            upload_id: None,
            is_complete: false,
            restarts: 0,
        };
        let thumbnail = sql::Upload {
            sha256: picture.thumbnail.sha256,
            length_bytes: picture.thumbnail.length_bytes,
            width_px: picture.thumbnail.width_px,
            height_px: picture.thumbnail.height_px,
            is_thumbnail: true,
            ..whole.clone()
        };
        sql::need_file(tx, op_id, &whole)?;
        sql::need_file(tx, op_id, &thumbnail)?;
    }
    Ok(())
}
