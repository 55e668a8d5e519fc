//! What a coordinator does from her desk: she ends sessions, suspends accounts, moves cases and makes codes for new phones. All of it
//! through the router, as the web page of a coordinator would.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use ayumi_core::sync::engine::SignIn;
use ayumi_protocol::coordination::{
    AccountStatus, AccountStatusRequest, ActingMember, AssignmentRequest, RevokeSessionRequest,
};
use ayumi_protocol::id::{AccountId, CaseId, DeviceId};
use ayumi_protocol::session::{
    Secret, SessionAnswer, StaffSignInRequest, TransferCodeAnswer, TransferCodeRequest, TransferRequest,
};
use ayumi_protocol::time::LocalDate;
use ayumi_protocol::wire::Wire;

use super::backend::{Backend, at_once};
use super::world::{device, one_time_code};

/// With what a member of the staff signs in.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The account.
    pub account_id: AccountId,
    /// Its login.
    pub login: &'static str,
    /// Its password.
    pub password: String,
    /// What its authenticator knows.
    pub second_factor: String,
}

impl Credentials {
    /// A sign-in at this moment of the server. A code of thirty seconds is used once.
    #[must_use]
    pub fn sign_in(&self, backend: &Backend) -> StaffSignInRequest {
        StaffSignInRequest {
            login: self.login.to_owned(),
            password: Secret::new(self.password.clone()),
            one_time_code: Secret::new(one_time_code(&self.second_factor, backend.server.host.now().0)),
            device: device(),
        }
    }
}

/// The coordinator.
#[derive(Debug, Clone)]
pub struct Operator {
    /// Who she is.
    pub credentials: Credentials,
    /// Her access token and when she signed in.
    session: Option<(Secret, Duration)>,
    keys: u128,
}

impl Operator {
    /// She has not signed in yet.
    #[must_use]
    pub const fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            session: None,
            keys: 0,
        }
    }

    /// Ends the session of a device. `false`: the server did not do it.
    pub fn end_session(&mut self, backend: &Backend, account: u128, device_id: DeviceId) -> bool {
        let request = RevokeSessionRequest {
            account_id: account_of(account),
            device_id: Some(device_id),
        };
        self.ask(backend, "/v1/coordination/session/end", &request)
            .is_some()
    }

    /// Suspends an account, or lets it go on.
    pub fn set_status(&mut self, backend: &Backend, account: u128, status: AccountStatus) -> bool {
        let request = AccountStatusRequest {
            account_id: account_of(account),
            status,
        };
        self.ask(backend, "/v1/coordination/account", &request).is_some()
    }

    /// Gives a case to a dietitian alone.
    pub fn assign(&mut self, backend: &Backend, case_id: CaseId, account: u128) -> bool {
        let request = AssignmentRequest {
            case_id,
            acting: vec![ActingMember {
                account_id: account_of(account),
                is_substitute: false,
            }],
        };
        self.ask(backend, "/v1/coordination/assignment", &request)
            .is_some()
    }

    /// With what a participant signs in on a phone; her other phones stay signed in.
    pub fn transfer(&mut self, backend: &Backend, case_id: CaseId) -> Option<SignIn> {
        let request = TransferCodeRequest {
            case_id: Some(case_id),
        };
        let answer = self.ask(backend, "/v1/transfer-code", &request)?;
        Some(SignIn::Transfer(TransferRequest {
            code: TransferCodeAnswer::parse(&answer).ok()?.code,
            birth_date: LocalDate::new(1975, 4, 1)?,
            device: device(),
            keeps_old_device: true,
        }))
    }

    fn ask<Asked: Wire>(&mut self, backend: &Backend, path: &str, request: &Asked) -> Option<Vec<u8>> {
        use ayumi_server::host::Time as _;
        let now = backend.time.monotonic();
        let is_signed_in = self
            .session
            .as_ref()
            .is_some_and(|(_, since)| now.saturating_sub(*since) < Duration::from_mins(10));
        if !is_signed_in {
            let sign_in = self.credentials.sign_in(backend);
            let answer = self.post(backend, "/v1/staff/sign-in", None, &sign_in)?;
            let token = SessionAnswer::parse(&answer).ok()?.tokens.access_token;
            self.session = Some((token, now));
        }
        let token = self.session.as_ref().map(|(token, _)| token.clone());
        self.post(backend, path, token, request)
    }

    fn post<Asked: Wire>(
        &mut self,
        backend: &Backend,
        path: &str,
        token: Option<Secret>,
        request: &Asked,
    ) -> Option<Vec<u8>> {
        self.keys += 1;
        let mut builder = Request::builder()
            .method("POST")
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", uuid::Uuid::from_u128(self.keys).to_string());
        if let Some(token) = token {
            builder = builder.header(header::AUTHORIZATION, format!("Bearer {}", token.expose()));
        }
        let body = request.write().expect("a request");
        let request = builder.body(Body::from(body)).expect("a request");
        let response = at_once(backend.begin(request));
        let is_done = response.status().is_success();
        let bytes = Backend::bytes(response);
        is_done.then_some(bytes)
    }
}

fn account_of(account: u128) -> AccountId {
    AccountId::from_uuid(uuid::Uuid::from_u128(account))
}
