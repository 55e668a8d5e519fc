//! What is asked once and somebody waits for: the text of consent, a code for another phone, a plan for an upload, the end of the session.
//!
//! An errand waits for a usable token, is sent, and is sent once more if that token was refused. It is never left without a reply.

use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::session::{
    ConsentTextAnswer, DoneAnswer, EndSessionRequest, TransferCodeAnswer, TransferCodeRequest,
};
use ayumi_protocol::wire::Wire;

use super::memory::{Errand, Flight, Session};
use super::request::{CommandError, HttpAnswer, Instruction, NoAnswer, Question, Reply, Trouble};
use super::retry::Kick;
use super::verdict::{self, Verdict};
use super::{Call, Step};
use crate::store::StoreError;
use crate::sync::account::{Account, SessionState};

impl Step<'_> {
    /// Somebody waits for it, so a token is fetched at once.
    pub(super) fn take_errand(&mut self, errand: Errand) {
        self.memory.errands.push(errand);
        self.memory.refresh.kick(Kick::Any, self.now.monotonic);
    }

    /// Sends what waits. The session is usable.
    pub(super) fn run_errands(&mut self, account: &Account) -> Result<(), StoreError> {
        for errand in std::mem::take(&mut self.memory.errands) {
            self.run_errand(errand, account, false)?;
        }
        for errand in std::mem::take(&mut self.memory.second_errands) {
            self.run_errand(errand, account, true)?;
        }
        Ok(())
    }

    /// What is in flight is answered by nobody any more: whoever waits for it is told with the others.
    pub(super) fn keep_errands(&mut self) {
        for flight in self.memory.flights.values() {
            match flight {
                Flight::Errand { errand, .. } => self.memory.errands.push(*errand),
                Flight::UploadPlan(_) => self.memory.errands.push(Errand::PlanUpload),
                _ => {}
            }
        }
        self.memory
            .flights
            .retain(|_, flight| !matches!(flight, Flight::Errand { .. } | Flight::UploadPlan(_)));
    }

    fn run_errand(&mut self, errand: Errand, account: &Account, is_second: bool) -> Result<(), StoreError> {
        let call = match errand {
            Errand::PlanUpload => return self.plan_upload(account),
            Errand::Ask(Question::ConsentText) => Call::get::<ConsentTextAnswer>("/v1/consent-text"),
            Errand::Ask(Question::TransferCode(case_id)) => {
                Call::post::<_, TransferCodeAnswer>("/v1/transfer-code", &TransferCodeRequest { case_id })?
            }
            Errand::SignOut => {
                let request = EndSessionRequest {
                    device_id: account.device_id,
                };
                Call::post::<_, DoneAnswer>("/v1/session/end", &request)?
            }
        };
        let flight = Flight::Errand {
            errand,
            generation: self.memory.generation(),
            is_second,
        };
        self.send(flight, call);
        Ok(())
    }

    /// Nothing comes of the session as it is: whoever waits is told.
    pub(super) fn give_errands_up(&mut self, account: Option<&Account>) -> Result<(), StoreError> {
        let mut errands = std::mem::take(&mut self.memory.errands);
        errands.append(&mut self.memory.second_errands);
        if errands.is_empty() {
            return Ok(());
        }
        let error = if self.memory.needs_update {
            CommandError::Refused(ProblemCode::UpgradeRequired)
        } else if account.is_some_and(|account| account.session == SessionState::Suspended) {
            CommandError::Refused(ProblemCode::AccountSuspended)
        } else if matches!(self.memory.session, Session::None) {
            CommandError::SignedOut
        } else {
            CommandError::Unreachable(self.memory.trouble.unwrap_or(Trouble::Offline))
        };
        for errand in errands {
            self.fail_errand(errand, error.clone())?;
        }
        Ok(())
    }

    fn fail_errand(&mut self, errand: Errand, error: CommandError) -> Result<(), StoreError> {
        let reply = match errand {
            Errand::Ask(Question::ConsentText) => Reply::ConsentText(Err(error)),
            Errand::Ask(Question::TransferCode(_)) => Reply::TransferCode(Err(error)),
            Errand::PlanUpload => Reply::UploadPlan(Err(error)),
            Errand::SignOut if matches!(error, CommandError::Unreachable(_)) => Reply::SignOut(Err(error)),
            // A session that the server does not take any more has ended too: what is on the phone may go.
            Errand::SignOut => {
                self.session_over()?;
                Reply::SignOut(Ok(()))
            }
        };
        self.instructions.push(Instruction::Reply(reply));
        Ok(())
    }

    pub(super) fn errand_done(
        &mut self,
        errand: Errand,
        generation: u64,
        is_second: bool,
        result: &Result<HttpAnswer, NoAnswer>,
    ) -> Result<(), StoreError> {
        let refused = match errand {
            Errand::Ask(Question::ConsentText) => match self.answer_of(result) {
                Ok(text) => {
                    self.reply(Reply::ConsentText(Ok(text)));
                    return Ok(());
                }
                Err(refused) => refused,
            },
            Errand::Ask(Question::TransferCode(_)) => match self.answer_of(result) {
                Ok(code) => {
                    self.reply(Reply::TransferCode(Ok(code)));
                    return Ok(());
                }
                Err(refused) => refused,
            },
            // Its request is a flight of its own.
            Errand::PlanUpload => return Ok(()),
            Errand::SignOut => match self.answer_of::<DoneAnswer>(result) {
                Ok(_) => {
                    self.session_over()?;
                    self.reply(Reply::SignOut(Ok(())));
                    return Ok(());
                }
                Err(refused) => refused,
            },
        };
        if let CommandError::Refused(code) = &refused
            && self.is_about_session(code, generation)?
        {
            let is_token = matches!(
                code,
                ProblemCode::TokenExpired | ProblemCode::TokenMissing | ProblemCode::TokenRotated
            );
            if is_token && !is_second {
                self.memory.second_errands.push(errand);
                return Ok(());
            }
            if is_token {
                return self.fail_errand(errand, CommandError::Unreachable(Trouble::ServerTrouble));
            }
        }
        self.fail_errand(errand, refused)
    }

    fn answer_of<T: Wire>(&mut self, result: &Result<HttpAnswer, NoAnswer>) -> Result<T, CommandError> {
        match verdict::of_json::<T>(result, self.now.wall) {
            Verdict::Done(answer) => {
                self.note_success();
                Ok(answer)
            }
            Verdict::Again { trouble, .. } => Err(CommandError::Unreachable(trouble)),
            Verdict::Refused { code } => Err(CommandError::Refused(code)),
        }
    }

    fn reply(&mut self, reply: Reply) {
        self.instructions.push(Instruction::Reply(reply));
    }
}
