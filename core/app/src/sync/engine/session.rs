//! Sign-in, tokens and what stops a session.
//!
//! ```text
//!   Ready ── token_expired ──▶ Stale ── refresh ──▶ Saving ── saved ──▶ Ready (next generation)
//!                                │
//!                                └── token_rotated ──▶ Loading ── a newer pair ──▶ Ready
//!                                                          └── the same pair: the session is over
//! ```
//!
//! A refresh whose answer is lost is repeated with the same token and brings the same pair, so it signs nobody out. A new pair is used
//! only after the secret store has it. Source: sync.md 12.

use std::time::Duration;

use ayumi_protocol::cursor::{Audience, LogName};
use ayumi_protocol::id::AccountId;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::session::{RefreshAnswer, RefreshRequest, SessionAnswer, Tokens};
use ayumi_protocol::version::headers;
use sha2::{Digest as _, Sha256};

use super::memory::{Flight, Session};
use super::request::{CommandError, HttpAnswer, Instruction, NoAnswer, Reply, SignIn, Trouble};
use super::retry::Kick;
use super::verdict::{self, Verdict};
use super::{Call, Step};
use crate::store::{StoreError, Topic, settings};
use crate::sync::account::{self, Account, SessionState};
use crate::sync::replica;
use crate::time::UtcMillis;

/// A suspended account is asked about again this often.
const PROBE_EVERY: Duration = Duration::from_hours(24);
/// Name of the setting that keeps when a suspended account was asked about last, in epoch ms UTC by this phone's clock.
const PROBED_AT: &str = "sync.suspension_probed_at";
/// Name of the setting that keeps until when the access token is accepted, in epoch ms UTC by this phone's clock.
const ACCESS_UNTIL: &str = "sync.access_until";

impl Step<'_> {
    pub(super) fn started(&mut self, tokens: Option<Tokens>) -> Result<(), StoreError> {
        self.memory.started_at = self.now.monotonic;
        let left = self.until_probe()?;
        self.memory.probes_suspension = left.is_none();
        self.memory.probe_due_at = left.map(|left| self.now.monotonic.saturating_add(left));
        self.memory.snapshots.is_to_be_looked_at = true;
        self.memory.session = match tokens {
            // Asking with a token that has expired would cost a refused request each time the platform wakes the app. The clock may be
            // wrong: then a refresh is spent, or a refusal after all.
            Some(tokens) if self.access_has_expired()? => Session::Stale {
                tokens,
                generation: 1,
            },
            Some(tokens) => Session::Ready {
                tokens,
                generation: 1,
            },
            None => Session::None,
        };
        // A file that was lost has an account and no replicas, or neither: what there is to read is known from the account.
        if let Some(account) = account::read(self.tx)? {
            self.replicate_own_case(&account)?;
        }
        Ok(())
    }

    /// How long until a suspended account is asked about without a reason: a process that starts each hour must not ask each hour. `None`
    /// if that is due, or if the clock cannot tell.
    fn until_probe(&self) -> Result<Option<Duration>, StoreError> {
        let text = settings::get(self.tx, PROBED_AT)?;
        let probed_at = text.and_then(|text| text.parse().ok()).map(UtcMillis);
        let passed = probed_at.and_then(|at| u64::try_from(self.now.wall.since(at)).ok());
        let left = passed.and_then(|passed| PROBE_EVERY.checked_sub(Duration::from_millis(passed)));
        Ok(left.filter(|left| !left.is_zero()))
    }

    fn access_has_expired(&self) -> Result<bool, StoreError> {
        let text = settings::get(self.tx, ACCESS_UNTIL)?;
        let until = text.and_then(|text| text.parse().ok()).map(UtcMillis);
        Ok(until.is_some_and(|until| until <= self.now.wall))
    }

    fn note_access(&self, tokens: &Tokens) -> Result<(), StoreError> {
        let lasts_ms = i64::try_from(tokens.access_expires_in_ms).unwrap_or(i64::MAX);
        let until = self.now.wall.plus(lasts_ms);
        settings::set(self.tx, ACCESS_UNTIL, Some(&until.0.to_string()))
    }

    fn replicate_own_case(&mut self, account: &Account) -> Result<(), StoreError> {
        let Some(case_id) = account.case_id else {
            return Ok(());
        };
        let epoch = self.known_epoch()?;
        for audience in [Audience::Care, Audience::Advice] {
            replica::add(self.tx, LogName { case_id, audience }, epoch)?;
        }
        Ok(())
    }

    /// Whether anything can be asked with the session as it is; starts what makes it usable again.
    pub(super) fn session_is_usable(&mut self, account: &Account) -> Result<bool, StoreError> {
        if self.memory.needs_update {
            return Ok(false);
        }
        match account.session {
            SessionState::Active => {}
            SessionState::Revoked => return Ok(false),
            SessionState::Suspended => {
                if !self.may_probe() {
                    return Ok(false);
                }
            }
        }
        let tokens = match &self.memory.session {
            Session::Ready { .. } => return Ok(true),
            Session::None | Session::Saving { .. } | Session::Loading { .. } => return Ok(false),
            Session::Stale { tokens, .. } => tokens.clone(),
        };
        if !self.is_refreshing() && self.is_due(self.memory.refresh) {
            let request = RefreshRequest {
                refresh_token: tokens.refresh_token,
                device_id: account.device_id,
                app_version: self.config.app_version,
            };
            let call = Call::post::<_, RefreshAnswer>("/v1/session/refresh", &request)?;
            self.send_with(Flight::Refresh, call, None);
        }
        Ok(false)
    }

    /// Whether a new token is on its way.
    fn is_refreshing(&self) -> bool {
        let mut flights = self.memory.flights.values();
        flights.any(|flight| matches!(flight, Flight::Refresh | Flight::SignIn { .. }))
    }

    /// Whether what is under way may make the session usable: a token is fetched or kept.
    pub(super) fn may_become_usable(&self, account: &Account) -> bool {
        account.session == SessionState::Active
            && match self.memory.session {
                Session::None | Session::Ready { .. } => false,
                Session::Stale { .. } => self.is_refreshing(),
                Session::Saving { .. } | Session::Loading { .. } => true,
            }
    }

    /// A suspended account asks once a day, and when the app comes to the front.
    fn may_probe(&mut self) -> bool {
        let now = self.now.monotonic;
        let due_at = self.memory.probe_due_at;
        if self.memory.probes_suspension || due_at.is_some_and(|at| at <= now) {
            return true;
        }
        if self.may_wait() {
            self.wake_or_never(due_at);
        }
        false
    }

    pub(super) fn refreshed(&mut self, result: &Result<HttpAnswer, NoAnswer>) -> Result<(), StoreError> {
        let Session::Stale { tokens, generation } = self.memory.session.clone() else {
            return Ok(());
        };
        match verdict::of_json::<RefreshAnswer>(result, self.now.wall) {
            Verdict::Done(answer) => {
                self.save(answer.tokens, generation.saturating_add(1), None);
            }
            Verdict::Again { trouble, asked } => self.refresh_failed(trouble, asked),
            Verdict::Refused { code } => match code {
                ProblemCode::TokenRotated => {
                    self.memory.session = Session::Loading { tokens, generation };
                    self.instructions.push(Instruction::LoadTokens);
                }
                ProblemCode::AccountSuspended => {
                    self.suspended()?;
                    self.refresh_failed(Trouble::ServerTrouble, None);
                }
                ProblemCode::AccountDeleted => self.account_deleted()?,
                ProblemCode::UpgradeRequired => self.memory.needs_update = true,
                // Whatever else the server has against this token, no other one will come of it.
                _ => self.session_over()?,
            },
        }
        Ok(())
    }

    fn refresh_failed(&mut self, trouble: Trouble, asked: Option<Duration>) {
        self.memory.trouble = Some(trouble);
        self.memory.refresh.fail(
            self.now.monotonic,
            self.random,
            asked,
            trouble != Trouble::ServerTrouble,
        );
    }

    fn save(&mut self, tokens: Tokens, generation: u64, answer: Option<Box<SessionAnswer>>) {
        self.instructions.push(Instruction::SaveTokens {
            tokens: tokens.clone(),
        });
        self.memory.session = Session::Saving {
            tokens,
            generation,
            answer,
        };
    }

    pub(super) fn tokens_saved(&mut self, is_saved: bool) -> Result<(), StoreError> {
        let Session::Saving {
            tokens,
            generation,
            answer,
        } = std::mem::take(&mut self.memory.session)
        else {
            return Ok(());
        };
        if !is_saved && answer.is_some() {
            // The session begins nowhere; the same code brings the same answer when she tries again.
            self.reply_sign_in(Err(CommandError::NotSaved));
            return Ok(());
        }
        if !is_saved {
            // The old pair still brings this one.
            self.memory.session = Session::Stale { tokens, generation };
            self.instructions.push(Instruction::LoadTokens);
            self.refresh_failed(Trouble::ServerTrouble, None);
            return Ok(());
        }
        if let Some(answer) = answer {
            self.begin_session(&answer)?;
        }
        self.note_access(&tokens)?;
        self.memory.session = Session::Ready { tokens, generation };
        self.memory.token_is_proven = false;
        self.kick(Kick::Any);
        Ok(())
    }

    pub(super) fn tokens_loaded(&mut self, loaded: Option<Tokens>) -> Result<(), StoreError> {
        match std::mem::take(&mut self.memory.session) {
            Session::Loading { tokens, generation } => match loaded {
                Some(newer) if newer.refresh_token.expose() != tokens.refresh_token.expose() => {
                    self.memory.session = Session::Ready {
                        tokens: newer,
                        generation: generation.saturating_add(1),
                    };
                }
                // A successor of this token was used, and it is not here: somebody else has it.
                _ => self.session_over()?,
            },
            // A pair that could not be saved: go on from the one that was.
            Session::Stale { generation, .. } => {
                self.memory.session = match loaded {
                    Some(tokens) => Session::Stale { tokens, generation },
                    None => Session::None,
                };
            }
            other => self.memory.session = other,
        }
        Ok(())
    }

    /// Handles a refusal that is about the session and not about what was asked. Returns whether it was one.
    pub(super) fn is_about_session(
        &mut self,
        code: &ProblemCode,
        generation: u64,
    ) -> Result<bool, StoreError> {
        match code {
            ProblemCode::TokenExpired | ProblemCode::TokenMissing | ProblemCode::TokenRotated => {
                self.token_refused(generation);
            }
            ProblemCode::SessionRevoked => {
                if generation == self.memory.generation() {
                    self.session_over()?;
                }
            }
            ProblemCode::AccountDeleted => self.account_deleted()?,
            ProblemCode::AccountSuspended => self.suspended()?,
            ProblemCode::UpgradeRequired => self.memory.needs_update = true,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// An access token is too old. Of several refusals of one token the first causes a refresh.
    fn token_refused(&mut self, generation: u64) {
        if let Session::Ready {
            tokens,
            generation: present,
        } = &self.memory.session
            && *present == generation
        {
            let tokens = tokens.clone();
            if !self.memory.token_is_proven && generation > 1 {
                // A pair that was never accepted: the next one is not fetched at once, and again, and again.
                self.refresh_failed(Trouble::ServerTrouble, None);
            }
            self.memory.session = Session::Stale { tokens, generation };
        }
    }

    pub(super) fn session_over(&mut self) -> Result<(), StoreError> {
        account::set_session(self.tx, SessionState::Revoked)?;
        self.memory.session = Session::None;
        self.keep_errands();
        self.instructions.push(Instruction::ForgetTokens);
        self.abort_all();
        tracing::info!("the session is over");
        Ok(())
    }

    fn suspended(&mut self) -> Result<(), StoreError> {
        account::set_session(self.tx, SessionState::Suspended)?;
        self.memory.probes_suspension = false;
        self.memory.probe_due_at = Some(self.now.monotonic.saturating_add(PROBE_EVERY));
        settings::set(self.tx, PROBED_AT, Some(&self.now.wall.0.to_string()))?;
        Ok(())
    }

    /// An answer to a probe: the account is no longer suspended.
    pub(super) fn not_suspended(&mut self) -> Result<(), StoreError> {
        if account::read(self.tx)?.is_some_and(|account| account.session == SessionState::Suspended) {
            account::set_session(self.tx, SessionState::Active)?;
        }
        Ok(())
    }

    fn account_deleted(&mut self) -> Result<(), StoreError> {
        account::set_session(self.tx, SessionState::Revoked)?;
        self.memory.session = Session::None;
        self.keep_errands();
        self.abort_all();
        self.instructions.push(Instruction::ForgetTokens);
        self.instructions.push(Instruction::Wipe);
        tracing::info!("the account was deleted");
        Ok(())
    }

    pub(super) fn sign_in(&mut self, sign_in: &SignIn) -> Result<(), StoreError> {
        let is_busy = matches!(self.memory.session, Session::Saving { .. })
            || self
                .memory
                .flights
                .values()
                .any(|flight| matches!(flight, Flight::SignIn { .. }));
        if is_busy {
            self.reply_sign_in(Err(CommandError::Busy));
            return Ok(());
        }
        let mut call = match sign_in {
            SignIn::Enrol(request) => Call::post::<_, SessionAnswer>("/v1/enrol", request)?,
            SignIn::Transfer(request) => Call::post::<_, SessionAnswer>("/v1/transfer", request)?,
            SignIn::Staff(request) => Call::post::<_, SessionAnswer>("/v1/staff/sign-in", request)?,
        };
        if let super::RequestBody::Json(body) = &call.body {
            // The same code from the same phone is the same request: an answer that was lost is given again.
            call.headers
                .push((headers::IDEMPOTENCY_KEY, key_of(body).to_string()));
        }
        let kept = account::read(self.tx)?.map(|account| account.account_id);
        self.send_with(Flight::SignIn { kept }, call, None);
        Ok(())
    }

    pub(super) fn signed_in(&mut self, kept: Option<AccountId>, result: &Result<HttpAnswer, NoAnswer>) {
        match verdict::of_json::<SessionAnswer>(result, self.now.wall) {
            Verdict::Done(answer) if kept.is_some_and(|kept| kept != answer.account_id) => {
                self.reply_sign_in(Err(CommandError::AnotherAccount));
            }
            Verdict::Done(answer) => {
                let generation = self.memory.generation().saturating_add(1);
                self.save(answer.tokens.clone(), generation, Some(Box::new(answer)));
            }
            Verdict::Again { trouble, .. } => {
                self.memory.trouble = Some(trouble);
                self.reply_sign_in(Err(CommandError::Unreachable(trouble)));
            }
            Verdict::Refused { code } => {
                if code == ProblemCode::UpgradeRequired {
                    self.memory.needs_update = true;
                }
                self.reply_sign_in(Err(CommandError::Refused(code)));
            }
        }
    }

    fn begin_session(&mut self, answer: &SessionAnswer) -> Result<(), StoreError> {
        let account = Account {
            account_id: answer.account_id,
            device_id: answer.device_id,
            case_id: answer.case_id,
            session: SessionState::Active,
            consent_version: answer.consent_version.clone(),
            signed_in_at: self.now.wall,
        };
        let is_new = account::read(self.tx)?.is_none();
        account::write(self.tx, &account)?;
        self.note_epoch(answer.epoch)?;
        self.replicate_own_case(&account)?;
        if is_new {
            crate::app::report_everything(self.tx, self.now.wall, self.random)?;
        }
        self.memory.needs_update = false;
        self.memory.trouble = None;
        self.memory.refresh.succeed();
        self.begin_round();
        self.tx.notify(Topic::Everything);
        tracing::info!(is_staff = account.is_staff(), "signed in");
        self.reply_sign_in(Ok(answer.account_id));
        Ok(())
    }

    fn reply_sign_in(&mut self, result: Result<AccountId, CommandError>) {
        self.instructions.push(Instruction::Reply(Reply::SignIn(result)));
    }
}

/// The key under which the server remembers a sign-in: made of the request itself, so that it need not be kept anywhere.
fn key_of(body: &[u8]) -> uuid::Uuid {
    let sum: [u8; 32] = Sha256::digest(body).into();
    let (first, _) = sum.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
    uuid::Builder::from_custom_bytes(*first).into_uuid()
}
