//! Pictures on their way out: announced, sent in parts from the offset that the server has, complete with the last byte.
//!
//! The same bytes in the same log are the same upload, so whoever announces them again is told how far they are. Source: sync.md 9.

use std::time::Duration;

use ayumi_protocol::body::PictureType;
use ayumi_protocol::limits;
use ayumi_protocol::problem::{ProblemClass, ProblemCode};
use ayumi_protocol::upload::{UploadAnswer, UploadRequest};
use ayumi_protocol::version::headers;
use ayumi_protocol::wire::Wire;

use super::memory::{Flight, UploadFlight};
use super::request::{HttpAnswer, Method, NoAnswer, RequestBody, Trouble};
use super::verdict::{self, Verdict};
use super::{Call, Step};
use crate::store::{StoreError, Topic};
use crate::sync::account::Account;
use crate::sync::outbox::{self, park_reason};
use crate::sync::uploads::sql;

impl Step<'_> {
    pub(super) fn upload(&mut self, account: &Account) -> Result<(), StoreError> {
        for upload in sql::uploads_to_do(self.tx)? {
            let flying = self
                .memory
                .flights
                .values()
                .filter_map(|flight| match flight {
                    Flight::Upload(flight) => Some((flight.log, flight.sha256)),
                    _ => None,
                })
                .collect::<Vec<_>>();
            if flying.len() >= limits::UPLOADS_IN_FLIGHT {
                return Ok(());
            }
            let key = (upload.log, upload.sha256);
            let retry = self.memory.uploads.get(&key).copied().unwrap_or_default();
            if flying.contains(&key) || self.is_closed(account, upload.log)? || !self.is_due(retry) {
                continue;
            }
            self.upload_on(&upload)?;
        }
        Ok(())
    }

    /// The next request of one upload.
    fn upload_on(&mut self, upload: &sql::Upload) -> Result<(), StoreError> {
        let key = (upload.log, upload.sha256);
        let generation = self.memory.generation();
        let offset = self.memory.offsets.get(&key).copied();
        let (Some(upload_id), Some(offset_bytes)) = (upload.upload_id, offset) else {
            let call = announcement(upload)?;
            let flight = UploadFlight {
                log: upload.log,
                sha256: upload.sha256,
                part_bytes: 0,
                generation,
            };
            self.send(Flight::Upload(flight), call);
            return Ok(());
        };
        // Only now is the file needed: a server that has the bytes already does not ask for them.
        if self.files.attachment_length(upload.sha256)? != Some(u64::from(upload.length_bytes)) {
            return self.park_for(upload, park_reason::ATTACHMENT_MISSING);
        }
        let left = upload.length_bytes.saturating_sub(offset_bytes);
        let part_bytes = left.min(limits::UPLOAD_PART_BYTES);
        let call = Call {
            method: Method::Patch,
            path: format!("/v1/uploads/{upload_id}"),
            headers: vec![(headers::UPLOAD_OFFSET, offset_bytes.to_string())],
            body: RequestBody::FilePart {
                sha256: upload.sha256,
                offset_bytes,
                length_bytes: part_bytes,
            },
            deadline: limits::upload_deadline(u64::from(part_bytes)),
            most_answer_bytes: UploadAnswer::MOST_BYTES,
        };
        let flight = UploadFlight {
            log: upload.log,
            sha256: upload.sha256,
            part_bytes,
            generation,
        };
        self.send(Flight::Upload(flight), call);
        Ok(())
    }

    pub(super) fn park_for(&mut self, upload: &sql::Upload, reason: &str) -> Result<(), StoreError> {
        for op_id in sql::operations_of_file(self.tx, upload.log, upload.sha256)? {
            outbox::park(self.tx, op_id, reason)?;
        }
        Ok(())
    }

    pub(super) fn uploaded(
        &mut self,
        flight: &UploadFlight,
        result: &Result<HttpAnswer, NoAnswer>,
    ) -> Result<(), StoreError> {
        let key = (flight.log, flight.sha256);
        // Settled or taken back meanwhile.
        let Some(mut upload) = sql::find_upload(self.tx, flight.log, flight.sha256)? else {
            self.memory.uploads.remove(&key);
            self.memory.offsets.remove(&key);
            return Ok(());
        };
        match verdict::of_json::<UploadAnswer>(result, self.now.wall) {
            Verdict::Done(answer) => {
                self.note_success();
                let is_progress = flight.part_bytes == 0
                    || answer.is_complete
                    || self.memory.offsets.get(&key) != Some(&answer.offset_bytes);
                upload.upload_id = Some(answer.upload_id);
                upload.is_complete = answer.is_complete;
                self.memory
                    .offsets
                    .insert(key, answer.offset_bytes.min(upload.length_bytes));
                sql::save_upload(self.tx, &upload)?;
                self.tx.notify(Topic::Outbox);
                if answer.is_complete {
                    self.memory.uploads.remove(&key);
                    self.memory.offsets.remove(&key);
                } else if is_progress && answer.offset_bytes < upload.length_bytes {
                    self.retry_of(key).succeed();
                } else {
                    // Every byte is there and the server does not say so, or a part changed nothing: not at once again.
                    self.upload_failed(key, Trouble::ServerTrouble, None);
                    self.memory.offsets.remove(&key);
                }
            }
            Verdict::Again { trouble, asked } => {
                // Where the server stands is unknown now.
                self.memory.offsets.remove(&key);
                self.upload_failed(key, trouble, asked);
            }
            Verdict::Refused { code } => {
                if !self.is_about_session(&code, flight.generation)? {
                    self.upload_refused(key, upload, &code, result)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn upload_refused(
        &mut self,
        key: UploadKey,
        mut upload: sql::Upload,
        code: &ProblemCode,
        result: &Result<HttpAnswer, NoAnswer>,
    ) -> Result<(), StoreError> {
        match code {
            ProblemCode::OffsetMismatch => {
                let offset = result
                    .as_ref()
                    .ok()
                    .and_then(|answer| answer.upload_offset.as_deref())
                    .and_then(|text| text.trim().parse::<u32>().ok())
                    .filter(|offset| *offset < upload.length_bytes);
                match offset {
                    Some(offset) if self.memory.offsets.get(&key) != Some(&offset) => {
                        self.memory.offsets.insert(key, offset);
                    }
                    // It does not say where it stands, or says what was tried: it is asked anew, after a while.
                    _ => {
                        self.memory.offsets.remove(&key);
                        self.upload_failed(key, Trouble::ServerTrouble, None);
                    }
                }
            }
            // The server has forgotten the upload: it is announced again.
            ProblemCode::NotFound if upload.upload_id.is_some() => {
                upload.upload_id = None;
                self.memory.offsets.remove(&key);
                sql::save_upload(self.tx, &upload)?;
                self.upload_failed(key, Trouble::ServerTrouble, None);
            }
            ProblemCode::HashMismatch if upload.restarts == 0 => {
                upload.restarts = 1;
                upload.upload_id = None;
                self.memory.offsets.remove(&key);
                sql::save_upload(self.tx, &upload)?;
            }
            _ if code.class() == ProblemClass::Permanent => {
                self.memory.offsets.remove(&key);
                self.park_for(&upload, code.as_str())?;
            }
            ProblemCode::ConsentRequired | ProblemCode::ConsentWithdrawn => {
                self.memory.needs_consent = true;
            }
            _ => self.upload_failed(key, Trouble::ServerTrouble, None),
        }
        Ok(())
    }

    pub(super) fn upload_failed(&mut self, key: UploadKey, trouble: Trouble, asked: Option<Duration>) {
        let (now, random) = (self.now.monotonic, self.random);
        self.memory.trouble = Some(trouble);
        self.retry_of(key)
            .fail(now, random, asked, trouble != Trouble::ServerTrouble);
    }

    fn retry_of(&mut self, key: UploadKey) -> &mut super::retry::Retry {
        self.memory.uploads.entry(key).or_default()
    }
}

/// Announces an upload; the answer tells how far it is.
pub(super) fn announcement(upload: &sql::Upload) -> Result<Call, StoreError> {
    let request = UploadRequest {
        log: upload.log,
        sha256: upload.sha256,
        length_bytes: upload.length_bytes,
        media_type: PictureType::Jpeg,
        width_px: upload.width_px,
        height_px: upload.height_px,
    };
    Call::post::<_, UploadAnswer>("/v1/uploads", &request)
}

pub(super) type UploadKey = (ayumi_protocol::cursor::LogName, ayumi_protocol::hash::Sha256);
