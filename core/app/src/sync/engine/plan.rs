//! Pictures that the operating system sends, while the app is suspended. Source: sync.md 9.4.
//!
//! Each is announced anew for its plan, so that a plan begins where the server stands. The engine goes on sending the same pictures when
//! it runs: the server takes each byte once, from whoever comes first.

use ayumi_protocol::upload::UploadAnswer;
use ayumi_protocol::version::{PROTOCOL_VERSION, headers};

use super::Step;
use super::memory::{Errand, Flight, Session, UploadFlight};
use super::request::{CommandError, HttpAnswer, Instruction, NoAnswer, PlannedUpload, Reply, Trouble};
use super::retry::Kick;
use super::upload::{UploadKey, announcement};
use super::verdict::{self, Verdict};
use crate::store::{StoreError, Topic};
use crate::sync::account::Account;
use crate::sync::outbox::park_reason;
use crate::sync::uploads::sql;

impl Step<'_> {
    /// The session is usable. What the engine itself is sending, or has to wait with, is left to it.
    pub(super) fn plan_upload(&mut self, account: &Account) -> Result<(), StoreError> {
        for upload in sql::uploads_to_do(self.tx)? {
            let key = (upload.log, upload.sha256);
            let is_flying =
                self.memory.flights.values().any(
                    |flight| matches!(flight, Flight::Upload(flight) if (flight.log, flight.sha256) == key),
                );
            let retry = self.memory.uploads.get(&key).copied().unwrap_or_default();
            if is_flying
                || !retry.is_due(self.now.monotonic)
                || self.memory.planned.contains(&key)
                || self.is_closed(account, upload.log)?
            {
                continue;
            }
            let flight = UploadFlight {
                log: upload.log,
                sha256: upload.sha256,
                part_bytes: 0,
                generation: self.memory.generation(),
            };
            self.send(Flight::UploadPlan(flight), announcement(&upload)?);
            return Ok(());
        }
        self.reply_plan(Ok(None));
        Ok(())
    }

    /// In the same step: the session may not be usable any more.
    fn plan_another(&mut self) {
        self.memory.errands.push(Errand::PlanUpload);
    }

    /// It may be planned again if it is still to be sent, and how far it is has to be asked.
    pub(super) fn upload_ended(&mut self, key: UploadKey) {
        self.memory.planned.remove(&key);
        self.memory.offsets.remove(&key);
        self.kick(Kick::Any);
    }

    fn reply_plan(&mut self, result: Result<Option<PlannedUpload>, CommandError>) {
        self.instructions
            .push(Instruction::Reply(Reply::UploadPlan(result)));
    }

    pub(super) fn upload_planned(
        &mut self,
        flight: &UploadFlight,
        result: &Result<HttpAnswer, NoAnswer>,
    ) -> Result<(), StoreError> {
        let key = (flight.log, flight.sha256);
        let upload = sql::find_upload(self.tx, flight.log, flight.sha256)?;
        // Sent, settled or taken back meanwhile: perhaps there is another one.
        let Some(mut upload) = upload.filter(|upload| !upload.is_complete) else {
            self.plan_another();
            return Ok(());
        };
        match verdict::of_json::<UploadAnswer>(result, self.now.wall) {
            Verdict::Done(answer) => {
                self.note_success();
                upload.upload_id = Some(answer.upload_id);
                upload.is_complete = answer.is_complete;
                sql::save_upload(self.tx, &upload)?;
                self.tx.notify(Topic::Outbox);
                if answer.is_complete || answer.offset_bytes >= upload.length_bytes {
                    self.memory.planned.insert(key);
                    self.plan_another();
                    return Ok(());
                }
                let length = self.files.attachment_length(upload.sha256)?;
                if length != Some(u64::from(upload.length_bytes)) {
                    self.park_for(&upload, park_reason::ATTACHMENT_MISSING)?;
                    self.plan_another();
                    return Ok(());
                }
                let Session::Ready { tokens, .. } = &self.memory.session else {
                    self.reply_plan(Err(CommandError::Unreachable(Trouble::Offline)));
                    return Ok(());
                };
                let planned = PlannedUpload {
                    log: upload.log,
                    sha256: upload.sha256,
                    offset_bytes: answer.offset_bytes,
                    length_bytes: upload.length_bytes,
                    path: format!("/v1/uploads/{}", answer.upload_id),
                    headers: vec![
                        (headers::PROTOCOL, PROTOCOL_VERSION.to_string()),
                        (headers::REQUEST_ID, self.new_uuid().to_string()),
                        (headers::UPLOAD_OFFSET, answer.offset_bytes.to_string()),
                    ],
                    token: tokens.access_token.clone(),
                };
                self.memory.planned.insert(key);
                self.reply_plan(Ok(Some(planned)));
            }
            Verdict::Again { trouble, asked } => {
                self.upload_failed(key, trouble, asked);
                self.reply_plan(Err(CommandError::Unreachable(trouble)));
            }
            Verdict::Refused { code } => {
                if self.is_about_session(&code, flight.generation)? {
                    self.reply_plan(Err(CommandError::Unreachable(Trouble::Offline)));
                } else {
                    self.upload_refused(key, upload, &code, result)?;
                    self.reply_plan(Err(CommandError::Refused(code)));
                }
            }
        }
        Ok(())
    }
}

/// The upload of which an answer says that the server has every byte.
#[cfg(feature = "net")]
pub(crate) fn completed_upload(
    result: &Result<HttpAnswer, NoAnswer>,
    wall: crate::time::UtcMillis,
) -> Option<ayumi_protocol::id::UploadId> {
    match verdict::of_json::<UploadAnswer>(result, wall) {
        Verdict::Done(answer) if answer.is_complete => Some(answer.upload_id),
        _ => None,
    }
}
