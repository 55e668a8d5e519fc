//! Who there is: made once through the real enrolment and sign-in, and copied for each run.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use ayumi_core::sync::engine::{Command, Input, Instruction, Method, Reply, RequestBody, SignIn};
use ayumi_core::sync::engine::{HttpAnswer, HttpRequest};
use ayumi_core::time::UtcMillis;
use ayumi_protocol::body::Qualification;
use ayumi_protocol::id::{CaseId, DeviceId, SocietyId};
use ayumi_protocol::session::{
    DeviceDescription, EnrolRequest, Platform, Role, Secret, Tokens, TransferRequest,
};
use ayumi_protocol::time::LocalDate;
use ayumi_server::accounts::staff::{self, NewStaff};
use ayumi_server::host::ManualTime;
use ayumi_server::societies;
use ayumi_server::societies::invitations::{self, Invitation};
use object_store::memory::InMemory;

use super::backend::{Backend, at_once, copy_folder};
use super::operator::{Credentials, Operator};
use super::phone::{APP_VERSION, Phone};
use super::random::SharedDice;

/// The place of the dietitian's phone among the phones.
pub const DIETITIAN: usize = 3;
/// That of the other one.
pub const COLLEAGUE: usize = 4;

/// A world in which everybody has signed in and consented, to be copied.
pub struct Template {
    folder: tempfile::TempDir,
    phones: Vec<TemplatePhone>,
    operator: Operator,
    staff: Vec<Credentials>,
    now: UtcMillis,
    monotonic: Duration,
}

struct TemplatePhone {
    name: &'static str,
    tokens: Option<Tokens>,
    device: u128,
    account: u128,
    cases: Vec<CaseId>,
    is_staff: bool,
}

/// The world of one run.
pub struct World {
    /// The server.
    pub backend: Backend,
    /// The phones: her phone, another participant's phone, her tablet, the dietitian's, and that of a dietitian who has no case yet.
    pub phones: Vec<Phone>,
    /// The coordinator.
    pub operator: Operator,
    /// With what the dietitians sign in.
    pub staff: Vec<Credentials>,
    /// The wall clock when it begins.
    pub now: UtcMillis,
    /// The monotonic clock when it begins.
    pub monotonic: Duration,
    /// Where it keeps copies.
    pub folder: tempfile::TempDir,
}

/// A folder in memory if there is one: with a real disk under it a thousand runs would take hours.
fn temporary() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        tempfile::TempDir::new_in(memory)
    } else {
        tempfile::TempDir::new()
    };
    folder.expect("a temporary folder")
}

/// Turns a request of the engine into one of the router.
#[must_use]
pub fn to_http(request: &HttpRequest, part: Option<Vec<u8>>) -> Request<Body> {
    let method = match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Patch => "PATCH",
    };
    let mut builder = Request::builder().method(method).uri(&request.path);
    for (name, value) in &request.headers {
        builder = builder.header(*name, value);
    }
    if let Some(token) = &request.token {
        builder = builder.header(header::AUTHORIZATION, format!("Bearer {}", token.expose()));
    }
    let body = match (&request.body, part) {
        (RequestBody::Empty, _) => Body::empty(),
        (RequestBody::Json(bytes), _) => {
            builder = builder.header(header::CONTENT_TYPE, "application/json");
            Body::from(bytes.clone())
        }
        (RequestBody::FilePart { .. }, part) => {
            builder = builder.header(header::CONTENT_TYPE, "application/offset+octet-stream");
            Body::from(part.unwrap_or_default())
        }
    };
    builder.body(body).expect("a request of the engine is a request")
}

/// Entries of a page of a simulated phone: simulated logs are short, and the first page must not bring them whole.
pub const PAGE_ENTRIES: u32 = 15;

/// The same request, with small pages.
#[must_use]
pub fn with_small_pages(request: &HttpRequest, page_entries: u32) -> HttpRequest {
    let mut request = request.clone();
    if request.path == "/v1/pull"
        && let RequestBody::Json(bytes) = &mut request.body
        && let Ok(mut pull) = serde_json::from_slice::<serde_json::Value>(bytes)
    {
        pull["page_entries"] = serde_json::json!(page_entries);
        *bytes = pull.to_string().into_bytes();
    }
    request
}

/// Turns an answer of the router into one for the engine.
#[must_use]
pub fn to_answer(response: axum::http::Response<Body>) -> HttpAnswer {
    let text = |name: &str| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    HttpAnswer {
        status: response.status().as_u16(),
        content_type: text("content-type"),
        retry_after: text("retry-after"),
        date: text("date"),
        upload_offset: text("upload-offset"),
        body: Backend::bytes(response),
    }
}

/// What a simulated phone says about itself.
#[must_use]
pub fn device() -> DeviceDescription {
    DeviceDescription {
        platform: Platform::Desktop,
        model: "simulated".to_owned(),
        app_version: APP_VERSION,
    }
}

impl Template {
    /// Makes the world: one society with its coordinator, a dietitian with two cases and one without, a participant with a phone and a tablet, another with a phone.
    #[must_use]
    pub fn new() -> Self {
        let folder = temporary();
        let time = ManualTime::new(ayumi_server::testing::START);
        let random = SharedDice::new(1);
        let backend = Backend::open(
            &folder.path().join("server"),
            time.clone(),
            random.clone(),
            Arc::new(InMemory::new()),
        );
        let server = &backend.server;
        let society_id =
            at_once(societies::create(server, "simulated", "Simulated society")).expect("a society");
        at_once(societies::add_consent_text(
            server,
            society_id,
            "1",
            "A simulated text.",
        ))
        .expect("a text");
        let hire = |login: &'static str, role: Role| {
            let new = NewStaff {
                login: login.to_owned(),
                name: format!("Simulated {login}"),
                roles: vec![(society_id, role)],
                qualification: Some(Qualification::RegisteredDietitian),
                reply_hours: Some("9-17".to_owned()),
            };
            let made = at_once(staff::create(server, new)).expect("a member of the staff");
            Credentials {
                account_id: made.account_id,
                login,
                password: made.password.0.as_str().to_owned(),
                second_factor: made.second_factor.0.as_str().to_owned(),
            }
        };
        let dietitian = hire("dietitian", Role::Dietitian);
        let colleague = hire("colleague", Role::Dietitian);
        let operator = Operator::new(hire("coordinator", Role::Coordinator));
        let birth_date = LocalDate::new(1975, 4, 1).expect("a date");
        let invite = |number: u32| {
            let invitation = Invitation {
                society_id,
                name: format!("Simulated participant {number}"),
                name_reading: None,
                birth_date,
                dietitian_id: Some(dietitian.account_id),
                external_ref: None,
            };
            at_once(invitations::make(server, invitation)).expect("an invitation")
        };
        let mut phones = Vec::new();
        let mut add = |name: &'static str, sign_in: SignIn, consents: bool| {
            phones.push(sign_in_phone(
                &backend,
                folder.path(),
                name,
                sign_in,
                consents,
                &random,
            ));
        };
        for (number, name) in [(1, "her phone"), (2, "another's phone")] {
            let request = EnrolRequest {
                code: Secret::new(invite(number)),
                birth_date,
                device: device(),
            };
            add(name, SignIn::Enrol(request), true);
        }
        time.advance(Duration::from_secs(1));
        let code = transfer_code(&backend, folder.path(), &phones[0]);
        let mut add = |name: &'static str, sign_in: SignIn| {
            phones.push(sign_in_phone(
                &backend,
                folder.path(),
                name,
                sign_in,
                false,
                &random,
            ));
        };
        add(
            "her tablet",
            SignIn::Transfer(TransferRequest {
                code,
                birth_date,
                device: device(),
                keeps_old_device: true,
            }),
        );
        add(
            "the dietitian's phone",
            SignIn::Staff(dietitian.sign_in(&backend)),
        );
        add(
            "the colleague's phone",
            SignIn::Staff(colleague.sign_in(&backend)),
        );
        let own: Vec<CaseId> = phones
            .iter()
            .take(2)
            .flat_map(|phone| phone.cases.clone())
            .collect();
        for phone in phones.iter_mut().filter(|phone| phone.is_staff) {
            phone.cases.clone_from(&own);
        }
        time.advance(Duration::from_secs(1));
        let monotonic = {
            use ayumi_server::host::Time as _;
            time.monotonic()
        };
        let now = UtcMillis(backend.server.host.now().0);
        at_once(backend.server.store.close());
        drop(backend);
        let _: SocietyId = society_id;
        Self {
            folder,
            phones,
            operator,
            staff: vec![dietitian, colleague],
            now,
            monotonic,
        }
    }

    /// A copy for one run.
    #[must_use]
    pub fn copy(&self, seed: u64) -> World {
        let folder = temporary();
        copy_folder(self.folder.path(), folder.path());
        let time = ManualTime::new(ayumi_protocol::time::UtcMillis(self.now.0));
        let backend = Backend::open(
            &folder.path().join("server"),
            time,
            SharedDice::new(seed ^ 0x5e1f),
            Arc::new(InMemory::new()),
        );
        let phones = self
            .phones
            .iter()
            .zip(1..)
            .map(|(made, number)| {
                let random = SharedDice::new(seed.wrapping_mul(31).wrapping_add(number));
                let mut phone = Phone::new(
                    made.name,
                    phone_folder(folder.path(), made.name),
                    made.tokens.clone(),
                    random,
                );
                phone.device = made.device;
                phone.device_id = DeviceId::from_uuid(uuid::Uuid::from_u128(made.device));
                phone.account = made.account;
                phone.cases.clone_from(&made.cases);
                phone.is_staff = made.is_staff;
                phone
            })
            .collect();
        let _ = self.monotonic;
        World {
            backend,
            phones,
            operator: self.operator.clone(),
            staff: self.staff.clone(),
            now: self.now,
            monotonic: Duration::ZERO,
            folder,
        }
    }
}

impl Default for Template {
    fn default() -> Self {
        Self::new()
    }
}

fn phone_folder(root: &Path, name: &str) -> PathBuf {
    root.join("phones").join(name.replace([' ', '\''], "-"))
}

/// The digits that an authenticator shows.
pub(super) fn one_time_code(address: &str, now_ms: i64) -> String {
    let secret = address
        .split("secret=")
        .nth(1)
        .and_then(|rest| rest.split('&').next())
        .expect("a secret");
    let bytes = base32(secret);
    ayumi_server::accounts::second_factor::digits(&bytes, now_ms).expect("digits")
}

/// Reads base32 without padding.
fn base32(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0_u32);
    for character in text.bytes().filter(|byte| *byte != b'=') {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'2'..=b'7' => character - b'2' + 26,
            other => panic!("{other} is no base32"),
        };
        bits = (bits << 5) | u32::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).expect("a byte"));
        }
    }
    bytes
}

/// Carries out instructions over a network without faults until there are none, and returns the replies.
pub fn settle(backend: &Backend, phone: &mut Phone, first: Vec<Instruction>) -> Vec<Reply> {
    let mut replies = Vec::new();
    let mut todo = std::collections::VecDeque::from(first);
    while let Some(instruction) = todo.pop_front() {
        let input = match instruction {
            Instruction::Http { id, request } => {
                let response = at_once(backend.begin(to_http(&request, None)));
                Input::Answered {
                    id,
                    result: Ok(to_answer(response)),
                }
            }
            Instruction::SaveTokens { tokens } => {
                phone.set_tokens(Some(tokens));
                Input::TokensSaved { is_saved: true }
            }
            Instruction::Reply(reply) => {
                replies.push(reply);
                continue;
            }
            _ => continue,
        };
        let now = UtcMillis(backend.server.host.now().0);
        todo.extend(phone.step(Duration::ZERO, now, input));
    }
    replies
}

fn sign_in_phone(
    backend: &Backend,
    root: &Path,
    name: &'static str,
    sign_in: SignIn,
    consents: bool,
    random: &SharedDice,
) -> TemplatePhone {
    let now = UtcMillis(backend.server.host.now().0);
    let mut phone = Phone::new(name, phone_folder(root, name), None, random.clone());
    phone.start(now);
    let step = |phone: &mut Phone, input: Input| {
        let instructions = phone.step(Duration::ZERO, now, input);
        settle(backend, phone, instructions)
    };
    step(&mut phone, Input::Started { tokens: None });
    let replies = step(&mut phone, Input::Command(Command::SignIn(sign_in)));
    assert!(
        matches!(replies.first(), Some(Reply::SignIn(Ok(_)))),
        "{name}: {replies:?}"
    );
    if consents {
        let app = &phone.process.as_ref().expect("it runs").app;
        let text = ayumi_core::pictures::sha256_of(b"A simulated text.");
        let version = ayumi_protocol::session::ConsentVersion::from_word("1").expect("a version");
        app.cases().give_consent(version, text).expect("consent");
    }
    step(&mut phone, Input::Command(Command::SyncOnce));
    step(&mut phone, Input::Command(Command::Stop));
    let process = phone.process.take().expect("it runs");
    let account = process.app.account().expect("a store").expect("an account");
    assert!(
        process.app.outbox().expect("a store").is_empty(),
        "{name}: something waits"
    );
    process.app.close().expect("it closes");
    TemplatePhone {
        name,
        tokens: phone.tokens(),
        device: account.device_id.as_uuid().as_u128(),
        account: account.account_id.as_uuid().as_u128(),
        cases: account.case_id.into_iter().collect(),
        is_staff: account.is_staff(),
    }
}

/// A code with which her second device signs in.
fn transfer_code(backend: &Backend, root: &Path, made: &TemplatePhone) -> Secret {
    let now = UtcMillis(backend.server.host.now().0);
    let mut phone = Phone::new(
        made.name,
        phone_folder(root, made.name),
        made.tokens.clone(),
        SharedDice::new(7),
    );
    phone.start(now);
    let started = Input::Started {
        tokens: phone.tokens(),
    };
    let first = phone.step(Duration::ZERO, now, started);
    settle(backend, &mut phone, first);
    let ask = Command::Ask(ayumi_core::sync::engine::Question::TransferCode(None));
    let first = phone.step(Duration::ZERO, now, Input::Command(ask));
    let replies = settle(backend, &mut phone, first);
    let code = match replies.first() {
        Some(Reply::TransferCode(Ok(answer))) => answer.code.clone(),
        other => panic!("a code: {other:?}"),
    };
    let process = phone.process.take().expect("it runs");
    process.app.close().expect("it closes");
    code
}
