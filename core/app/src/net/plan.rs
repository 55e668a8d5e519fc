//! Uploads by the operating system: it goes on while the app is suspended, and takes whole files.
//!
//! ```text
//!   next_upload_plan ─▶ the server tells its offset ─▶ slice file ─▶ plan ─▶ shell ─▶ system
//!   report_upload_result ◀───────────────────────────────────────────────── shell ◀── system: late, twice, never
//! ```
//!
//! The app itself sends the same pictures whenever it runs. Neither knows of the other: the offset of the server decides, so whoever
//! comes second finds nothing to do. A result is therefore only good news or none, and a lost one costs a question. Source: sync.md 9.4.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use ayumi_protocol::cursor::{Audience, LogName};
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::CaseId;
use ayumi_protocol::version::media_types;

use super::run::Kind;
use super::sync::{Sync, SyncError};
use crate::store::{StoreError, Topic};
use crate::sync::engine::{Command, HttpAnswer, NoAnswer, PlannedUpload, Reply, completed_upload};
use crate::sync::uploads;

/// Which plan a result belongs to. Its text goes where the system keeps something with an upload, and comes back after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadPlanId {
    log: LogName,
    sha256: Sha256,
    offset_bytes: u32,
}

impl UploadPlanId {
    /// Reads the text of a plan; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let id = Self {
            log: LogName {
                case_id: CaseId::parse(parts.next()?)?,
                audience: Audience::from_word(parts.next()?)?,
            },
            sha256: Sha256::parse(parts.next()?)?,
            offset_bytes: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(id)
    }
}

impl fmt::Display for UploadPlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            log,
            sha256,
            offset_bytes,
        } = self;
        write!(
            f,
            "{}/{}/{sha256}/{offset_bytes}",
            log.case_id,
            log.audience.as_str()
        )
    }
}

/// One upload as the system makes it: a request whose body is a file.
#[derive(Clone, PartialEq, Eq)]
pub struct UploadPlan {
    /// For the result.
    pub id: UploadPlanId,
    /// Method: `PATCH`.
    pub method: &'static str,
    /// The whole address.
    pub url: String,
    /// Header fields, names in lower case, the session's token among them: it may be too old once the system begins, which is an ordinary
    /// result.
    pub headers: Vec<(&'static str, String)>,
    /// The body. Stays until the result is reported or the picture is sent; may go any time after that.
    pub file: PathBuf,
    /// Place of the first byte of the file in the picture.
    pub offset_bytes: u32,
    /// Bytes of the file.
    pub length_bytes: u32,
}

/// Without header fields and address: the token is among them.
impl fmt::Debug for UploadPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "UploadPlan({} bytes from {})",
            self.length_bytes, self.offset_bytes
        )
    }
}

/// What the system says of an upload.
#[derive(Clone, PartialEq, Eq)]
pub enum UploadResult {
    /// The server answered.
    Answered {
        /// Status.
        status: u16,
        /// `Content-Type`.
        content_type: Option<String>,
        /// Body.
        body: Vec<u8>,
    },
    /// There was no answer: no connection, taken back, the app was ended by its user.
    Failed,
}

/// Only the status.
impl fmt::Debug for UploadResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered { status, .. } => write!(f, "Answered({status})"),
            Self::Failed => f.write_str("Failed"),
        }
    }
}

impl Sync<'_> {
    /// The next picture for the system to upload, thumbnails first; `None` if there is nothing that was not planned since the app came to
    /// the front. Asks the server where it stands, and writes the rest of the picture into a file.
    ///
    /// Called again until it says `None`, before the app is suspended, and after a result was reported.
    /// Errors: as [`sync_now`](Self::sync_now), and `Command` if the server cannot be asked now.
    pub fn next_upload_plan(&self, limit: Duration) -> Result<Option<UploadPlan>, SyncError> {
        let planned = match self.ask(Command::PlanUpload, Kind::UploadPlan, limit)? {
            Reply::UploadPlan(planned) => planned?,
            _ => return Err(SyncError::TakenBack),
        };
        let Some(planned) = planned else {
            self.delete_slices_of_the_sent()?;
            return Ok(None);
        };
        let (log, sha256) = (planned.log, planned.sha256);
        let plan = self
            .delete_slices_of_the_sent()
            .and_then(|()| self.slice(planned));
        if plan.is_err() {
            // Nobody has this plan: it may be asked for again.
            self.driver()?.mention(Command::UploadEnded { log, sha256 });
        }
        plan.map(Some)
    }

    /// Writes the rest of a picture into a file of its own.
    fn slice(&self, planned: PlannedUpload) -> Result<UploadPlan, SyncError> {
        let shared = self.driver()?.shared();
        let picture = shared.files.attachments.open(planned.sha256)?;
        let picture = picture.ok_or_else(|| StoreError::Io(std::io::ErrorKind::NotFound.into()))?;
        let PlannedUpload {
            log,
            sha256,
            offset_bytes,
            length_bytes,
            ..
        } = planned;
        let file = shared
            .files
            .slices
            .write(sha256, picture, offset_bytes, length_bytes)?;
        let mut headers = planned.headers;
        headers.push(("content-type", media_types::UPLOAD_PART.to_owned()));
        headers.push(("authorization", format!("Bearer {}", planned.token.expose())));
        Ok(UploadPlan {
            id: UploadPlanId {
                log,
                sha256,
                offset_bytes,
            },
            method: "PATCH",
            url: format!("{}{}", shared.config.address.as_str(), planned.path),
            headers,
            file,
            offset_bytes,
            length_bytes: length_bytes.saturating_sub(offset_bytes),
        })
    }

    /// Takes in what the system says of a plan, and deletes its file. May come late, twice, after a restart, or never.
    ///
    /// Only that the server has the whole picture is kept; everything else the next exchange finds out by itself.
    /// Errors: `NoServer`; `Store`.
    pub fn report_upload_result(&self, id: UploadPlanId, result: &UploadResult) -> Result<(), SyncError> {
        let shared = self.driver()?.shared();
        let result = match result {
            UploadResult::Answered {
                status,
                content_type,
                body,
            } => Ok(HttpAnswer {
                status: *status,
                content_type: content_type.clone(),
                retry_after: None,
                date: None,
                upload_offset: None,
                body: body.clone(),
            }),
            UploadResult::Failed => Err(NoAnswer::Broken),
        };
        let completed = completed_upload(&result, shared.clock.now());
        self.store.write::<_, StoreError>(|tx| {
            let upload = uploads::sql::find_upload(tx, id.log, id.sha256)?;
            // Settled meanwhile, sent by the app itself, or announced anew: nothing of it is news.
            if let Some(mut upload) = upload
                && !upload.is_complete
                && completed.is_some()
                && upload.upload_id == completed
            {
                upload.is_complete = true;
                uploads::sql::save_upload(tx, &upload)?;
            }
            tx.notify(Topic::Outbox);
            Ok(())
        })?;
        self.driver()?.mention(Command::UploadEnded {
            log: id.log,
            sha256: id.sha256,
        });
        shared.files.slices.remove(id.sha256, id.offset_bytes)?;
        self.delete_slices_of_the_sent()
    }

    fn delete_slices_of_the_sent(&self) -> Result<(), SyncError> {
        let to_do: BTreeSet<Sha256> = self.store.read(uploads::hashes_to_do)?;
        self.driver()?.shared().files.slices.keep_only(&to_do)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_known_again_by_its_text_and_tells_no_token() {
        let id = UploadPlanId {
            log: LogName {
                case_id: CaseId::from_uuid(uuid::Uuid::from_u128(7)),
                audience: Audience::Care,
            },
            sha256: crate::pictures::sha256_of(b"picture"),
            offset_bytes: 1_048_576,
        };
        assert_eq!(UploadPlanId::parse(&id.to_string()), Some(id));
        for text in [
            "",
            "a/b/c/d",
            &format!("{id}/1"),
            &id.to_string().replace("care", "x"),
        ] {
            assert_eq!(UploadPlanId::parse(text), None, "{text}");
        }
        let plan = UploadPlan {
            id,
            method: "PATCH",
            url: String::new(),
            headers: vec![("authorization", "Bearer secret".to_owned())],
            file: PathBuf::new(),
            offset_bytes: 0,
            length_bytes: 1,
        };
        assert!(!format!("{plan:?}").contains("secret"));
    }
}
