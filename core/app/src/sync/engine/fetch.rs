//! What is fetched beside the logs: pictures of others, and the caseload of staff.

use std::time::Duration;

use ayumi_protocol::caseload::CaseloadAnswer;
use ayumi_protocol::cursor::LogName;
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::limits;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::upload::PictureRequest;
use sha2::Digest as _;

use super::memory::{Flight, PictureFlight};
use super::request::{HttpAnswer, NoAnswer, Trouble};
use super::verdict::{self, Verdict};
use super::{Call, Step};
use crate::staff;
use crate::store::{StoreError, Topic};
use crate::sync::account::Account;
use crate::sync::{pictures, replica};

/// The caseload of a member of the staff who looks at the app is asked for this often: assignments change a few times a week.
const CASELOAD_EVERY: Duration = Duration::from_mins(10);

impl Step<'_> {
    pub(super) fn fetch_pictures(&mut self) -> Result<(), StoreError> {
        let is_flying = self
            .memory
            .flights
            .values()
            .any(|flight| matches!(flight, Flight::Picture(_)));
        if is_flying {
            return Ok(());
        }
        while let Some(picture) = pictures::wanted(self.tx, 1)?.first().copied() {
            if self.files.has_picture(picture.sha256)? {
                pictures::forget(self.tx, picture.log, picture.sha256)?;
                continue;
            }
            if !self.is_due(self.memory.pictures) {
                return Ok(());
            }
            let request = PictureRequest {
                log: picture.log,
                sha256: picture.sha256,
            };
            let mut call = Call::post::<_, CaseloadAnswer>("/v1/picture", &request)?;
            call.most_answer_bytes = limits::PICTURE_BYTES as usize;
            call.deadline = limits::upload_deadline(u64::from(limits::PICTURE_BYTES));
            let generation = self.memory.generation();
            self.send(Flight::Picture(PictureFlight { picture, generation }), call);
            return Ok(());
        }
        Ok(())
    }

    pub(super) fn picture_arrived(
        &mut self,
        flight: PictureFlight,
        result: &Result<HttpAnswer, NoAnswer>,
    ) -> Result<(), StoreError> {
        let PictureFlight { picture, generation } = flight;
        let is_of = |answer: &HttpAnswer| {
            let sum: [u8; 32] = sha2::Sha256::digest(&answer.body).into();
            (Sha256::from_bytes(sum) == picture.sha256).then_some(())
        };
        match verdict::judge(result, self.now.wall, "image/jpeg", is_of) {
            Verdict::Done(()) => {
                self.note_success();
                self.memory.pictures.succeed();
                if let Ok(answer) = result {
                    self.files.keep_picture(picture.sha256, &answer.body)?;
                }
                pictures::forget(self.tx, picture.log, picture.sha256)?;
                self.tx.notify(Topic::Case(picture.log.case_id));
            }
            Verdict::Again { trouble, asked } => {
                self.memory.pictures.fail(
                    self.now.monotonic,
                    self.random,
                    asked,
                    trouble != Trouble::ServerTrouble,
                );
            }
            Verdict::Refused { code } => {
                if self.is_about_session(&code, generation)? {
                    return Ok(());
                }
                match code {
                    // Erased meanwhile, or the case is not hers any more.
                    ProblemCode::NotFound | ProblemCode::Forbidden => {
                        pictures::forget(self.tx, picture.log, picture.sha256)?;
                    }
                    _ => self
                        .memory
                        .pictures
                        .fail(self.now.monotonic, self.random, None, false),
                }
            }
        }
        Ok(())
    }

    pub(super) fn fetch_caseload(&mut self, account: &Account) {
        if !account.is_staff() {
            return;
        }
        let is_flying = self
            .memory
            .flights
            .values()
            .any(|flight| matches!(flight, Flight::Caseload { .. }));
        let Some(due) = self.memory.caseload_due.filter(|_| !is_flying) else {
            return;
        };
        if due > self.now.monotonic {
            if self.may_wait() {
                self.wake(due);
            }
            return;
        }
        if self.is_due(self.memory.caseload) {
            let call = Call::get::<CaseloadAnswer>("/v1/staff/caseload");
            let generation = self.memory.generation();
            self.send(Flight::Caseload { generation }, call);
        }
    }

    pub(super) fn caseload_arrived(
        &mut self,
        generation: u64,
        result: &Result<HttpAnswer, NoAnswer>,
    ) -> Result<(), StoreError> {
        match verdict::of_json::<CaseloadAnswer>(result, self.now.wall) {
            Verdict::Done(answer) => {
                self.note_success();
                self.not_suspended()?;
                self.memory.caseload.succeed();
                self.memory.caseload_due = Some(self.now.monotonic.saturating_add(CASELOAD_EVERY));
                let epoch = self.known_epoch()?;
                let mut is_new = false;
                for case in &answer.cases {
                    for head in &case.heads {
                        let log = LogName {
                            case_id: case.case_id,
                            audience: head.audience,
                        };
                        is_new |= !replica::is_known(self.tx, log)?;
                        replica::add(self.tx, log, epoch)?;
                    }
                }
                staff::keep_summaries(self.tx, &answer)?;
                if is_new {
                    self.memory.pull.is_wanted = true;
                    self.interrupt_long_poll();
                }
            }
            Verdict::Again { trouble, asked } => {
                self.memory.trouble = Some(trouble);
                self.memory.caseload.fail(
                    self.now.monotonic,
                    self.random,
                    asked,
                    trouble != Trouble::ServerTrouble,
                );
            }
            Verdict::Refused { code } => {
                if !self.is_about_session(&code, generation)? {
                    self.memory
                        .caseload
                        .fail(self.now.monotonic, self.random, None, false);
                }
            }
        }
        Ok(())
    }
}
