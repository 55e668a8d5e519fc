//! Pictures: announced, sent in parts, checked, delivered.
//!
//! ```text
//!   create ── a row, quota counted
//!     │
//!   receive ── each part becomes an object, then a row and the new offset in one transaction
//!     │
//!   complete ── hash, structure and dimensions; the whole becomes one object; parts become garbage
//!     │
//!   deliver ── to whom the log is open, once an entry names it
//! ```
//!
//! An upload whose offset is its length and that has no object yet stands before its completion: its announcement, and any part with
//! no bytes, tries it again. So a node or an object store may fail at any place, and whoever comes second finds nothing to do.

pub mod collect;
mod complete;
pub mod create;
pub mod deliver;
pub mod objects;
pub mod picture_header;
pub mod receive;
pub(crate) mod sql;

use ayumi_protocol::cursor::LogName;
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::{AccountId, UploadId};
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::time::UtcMillis;
use ayumi_protocol::upload::UploadAnswer;

use crate::accounts::principal::{self, Credentials};
use crate::cases::access::{self, CaseAccess, Consent};
use crate::deliberate::{Bug, is_made};
use crate::server::{Server, boxed};
use crate::store::{Fault, Row, StoreError, Transaction};

/// An upload, as it is at one moment.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The log of the message that will name it.
    pub log: LogName,
    /// Its id.
    pub upload_id: UploadId,
    /// Announced hash.
    pub sha256: Sha256,
    /// Announced length in bytes.
    pub length_bytes: u32,
    /// Announced content type.
    pub media_type: String,
    /// Announced width in pixels.
    pub width_px: u32,
    /// Announced height in pixels.
    pub height_px: u32,
    /// Who announced it.
    pub account_id: AccountId,
    /// Bytes that are kept.
    pub offset_bytes: u32,
    /// Name of the whole object; `None`: not complete.
    pub object_key: Option<String>,
}

impl Upload {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            log: LogName {
                case_id: row.get(0)?,
                audience: row.get(1)?,
            },
            upload_id: row.get(2)?,
            sha256: row.get(3)?,
            length_bytes: row.get(4)?,
            media_type: row.get(5)?,
            width_px: row.get(6)?,
            height_px: row.get(7)?,
            account_id: row.get(8)?,
            offset_bytes: row.get(9)?,
            object_key: row.get(10)?,
        })
    }

    /// What a phone is told of it.
    #[must_use]
    pub fn answer(&self, now: UtcMillis) -> UploadAnswer {
        UploadAnswer {
            server_time_ms: now,
            upload_id: self.upload_id,
            offset_bytes: self.offset_bytes,
            is_complete: self.object_key.is_some() || is_made(Bug::AnnouncedIsComplete),
        }
    }
}

/// Finds an upload that the caller may see at this moment.
///
/// Errors: of a token; `not_found`, whether there is no such upload or its log is closed to the caller.
pub async fn find(server: &Server, credentials: Credentials, upload_id: UploadId) -> Result<Upload, Fault> {
    server
        .read((credentials, upload_id), |tx, input| {
            boxed(async move {
                reach_upload(tx, &input.0, input.1)
                    .await
                    .map(|(upload, _)| upload)
            })
        })
        .await
}

/// As [`find`], for somebody who is going to send bytes.
///
/// Errors: as [`find`]; `consent_required`, `consent_withdrawn`.
pub async fn find_to_write(
    server: &Server,
    credentials: Credentials,
    upload_id: UploadId,
) -> Result<Upload, Fault> {
    server
        .read((credentials, upload_id), |tx, input| {
            boxed(async move {
                let (upload, access) = reach_upload(tx, &input.0, input.1).await?;
                check_consent(&access)?;
                Ok(upload)
            })
        })
        .await
}

async fn reach_upload(
    tx: &mut dyn Transaction,
    credentials: &Credentials,
    upload_id: UploadId,
) -> Result<(Upload, CaseAccess), Fault> {
    let principal = principal::authenticate(tx, credentials).await?;
    let row = tx.row(sql::UPLOAD, &[upload_id.into()]).await?;
    let upload = Upload::from_row(&row.ok_or(ProblemCode::NotFound)?)?;
    let access = access::reach_log(tx, &principal, upload.log).await?;
    Ok((upload, access))
}

fn check_consent(access: &CaseAccess) -> Result<(), Fault> {
    match access.consent {
        Consent::Given(_) => Ok(()),
        Consent::None => Err(ProblemCode::ConsentRequired.into()),
        Consent::Withdrawn => Err(ProblemCode::ConsentWithdrawn.into()),
    }
}

#[cfg(test)]
mod tests;
