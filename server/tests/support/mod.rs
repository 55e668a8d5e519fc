//! A small world for tests of the interface: two societies with everybody in them, over one node in one thread.
//!
//! The people here are simulated. Rows are written directly, so that a test of rights does not depend on how rights are given.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use ayumi_protocol::id::{AccountId, CaseId, DeviceId, SocietyId};
use ayumi_server::host::{Boxed, Executor, Host, ManualTime};
use ayumi_server::http::extract::sha256;
use ayumi_server::policy::Policy;
use ayumi_server::server::{Parts, Server, boxed};
use ayumi_server::store::{Store, Value};
use tokio::sync::Barrier;
use tower::ServiceExt as _;
use uuid::Uuid;

/// Somebody with a session.
#[derive(Debug, Clone)]
pub struct Person {
    pub account_id: AccountId,
    pub device_id: DeviceId,
    pub token: String,
}

/// One participant and her case.
#[derive(Debug, Clone)]
pub struct Participant {
    pub person: Person,
    pub case_id: CaseId,
}

/// Everybody of one society.
#[derive(Debug)]
#[expect(clippy::struct_field_names, reason = "an id is named after what it names")]
pub struct Society {
    pub society_id: SocietyId,
    pub participant: Participant,
    pub other_participant: Participant,
    pub dietitian: Person,
    pub unassigned_dietitian: Person,
    pub adviser: Person,
    pub coordinator: Person,
    pub administrator: Person,
}

/// Two societies that have nothing to do with each other.
pub struct World {
    pub server: Server,
    pub time: ManualTime,
    pub here: Society,
    pub elsewhere: Society,
    folder: Option<tempfile::TempDir>,
}

/// A statement with its values.
type Row = (&'static str, Vec<Value>);

impl World {
    /// Over SQLite, in one thread and in virtual time.
    pub async fn new(seed: u64) -> Self {
        let (host, time) = ayumi_server::testing::seeded_host(seed);
        let (folder, store) = ayumi_server::testing::sqlite();
        let mut world = Self::on(host, store).await;
        world.time = time;
        world.folder = Some(folder);
        world
    }

    /// Over a store of any kind.
    pub async fn on(host: Host, store: Arc<dyn Store>) -> Self {
        let server = node(host, store);
        let here = Society::insert(&server, "here").await;
        let elsewhere = Society::insert(&server, "elsewhere").await;
        Self {
            server,
            time: ManualTime::default(),
            here,
            elsewhere,
            folder: None,
        }
    }

    /// Sends a request to the node and reads its answer.
    pub async fn send(&self, request: Request<Body>) -> (StatusCode, serde_json::Value) {
        send(&self.server, request).await
    }

    /// Writes rows.
    pub async fn insert(&self, rows: Vec<Row>) {
        insert(&self.server, rows).await;
    }
}

/// A node over a store, with pictures in memory.
pub fn node(host: Host, store: Arc<dyn Store>) -> Server {
    node_with(host, store, Policy::default())
}

/// A node with settings of its own.
pub fn node_with(host: Host, store: Arc<dyn Store>, policy: Policy) -> Server {
    let objects = Arc::new(object_store::memory::InMemory::new());
    Server::new(Parts::new(host, store, objects, policy))
}

/// Rates that no test reaches.
pub fn without_rates() -> Policy {
    Policy {
        pushes_per_minute: u32::MAX,
        push_burst: u32::MAX,
        sign_ins_per_hour: u32::MAX,
        ..Policy::default()
    }
}

/// Begins with a long work when as many are there: requests that came at once are all past their first look.
#[derive(Debug)]
pub struct Meeting(Arc<Barrier>);

impl Meeting {
    /// Another node over the store of one, at which so many long works begin at once.
    pub fn node_beside(server: &Server, works: usize) -> Server {
        let mut host = server.host.clone();
        host.executor = Arc::new(Self(Arc::new(Barrier::new(works))));
        node(host, Arc::clone(&server.store))
    }
}

impl Executor for Meeting {
    fn run(&self, work: Box<dyn FnOnce() + Send>) -> Boxed<'static, ()> {
        let barrier = Arc::clone(&self.0);
        Box::pin(async move {
            barrier.wait().await;
            work();
        })
    }
}

/// Sends a request to a node and reads its answer.
pub async fn send(server: &Server, request: Request<Body>) -> (StatusCode, serde_json::Value) {
    let response = respond(server, request).await;
    let status = response.status();
    let bytes = to_bytes(response.into_body(), 8 << 20).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

/// Sends a request to a node.
pub async fn respond(server: &Server, request: Request<Body>) -> Response<Body> {
    let router = ayumi_server::http::router(server.clone());
    router.oneshot(request).await.unwrap()
}

/// A request with a token, or without one.
pub fn request(method: &str, path: &str, token: Option<&str>, body: &serde_json::Value) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    if body.is_null() {
        request.body(Body::empty()).unwrap()
    } else {
        request
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap()
    }
}

async fn insert(server: &Server, rows: Vec<Row>) {
    server
        .write(rows, |tx, rows| {
            boxed(async move {
                for (sql, values) in rows {
                    tx.execute(sql, values).await?;
                }
                Ok(())
            })
        })
        .await
        .unwrap();
}

impl Society {
    async fn insert(server: &Server, code: &str) -> Self {
        let society_id = SocietyId::from_uuid(server.host.new_uuid());
        let now = server.host.now();
        let text = "A simulated text of consent.";
        insert(
            server,
            vec![
                (
                    "INSERT INTO society (society_id, code, name, created_at_ms) VALUES ($1, $2, $2, $3)",
                    vec![society_id.into(), code.into(), now.into()],
                ),
                (
                    "INSERT INTO consent_text (society_id, version, text, text_sha256, in_force_from_ms) VALUES ($1, '1', $2, $3, $4)",
                    vec![society_id.into(), text.into(), sha256(text.as_bytes()).into(), now.into()],
                ),
            ],
        )
        .await;
        let participant = Participant::insert(server, society_id).await;
        let other_participant = Participant::insert(server, society_id).await;
        let dietitian = Person::insert(server, society_id, "dietitian").await;
        insert(
            server,
            vec![(
                "INSERT INTO assignment (case_id, account_id, is_substitute, assigned_at_ms) VALUES ($1, $2, 0, $3)",
                vec![participant.case_id.into(), dietitian.account_id.into(), now.into()],
            )],
        )
        .await;
        Self {
            society_id,
            participant,
            other_participant,
            dietitian,
            unassigned_dietitian: Person::insert(server, society_id, "dietitian").await,
            adviser: Person::insert(server, society_id, "adviser").await,
            coordinator: Person::insert(server, society_id, "coordinator").await,
            administrator: Person::insert(server, society_id, "administrator").await,
        }
    }
}

impl Participant {
    async fn insert(server: &Server, society_id: SocietyId) -> Self {
        let person = Person::insert(server, society_id, "participant").await;
        let case_id = CaseId::from_uuid(server.host.new_uuid());
        insert(
            server,
            vec![(
                "INSERT INTO case_head (case_id, society_id, account_id, name, opened_at_ms, care_seq, staff_seq, advice_seq,
                     audit_seq, audit_hash, consent, consent_version)
                 VALUES ($1, $2, $3, 'Simulated', $4, 0, 0, 0, 0, $5, 'given', '1')",
                vec![
                    case_id.into(),
                    society_id.into(),
                    person.account_id.into(),
                    server.host.now().into(),
                    [0_u8; 32].into(),
                ],
            )],
        )
        .await;
        Self { person, case_id }
    }
}

impl Person {
    /// An account with one role and one session that has been used before.
    pub async fn insert(server: &Server, society_id: SocietyId, role: &str) -> Self {
        let host = &server.host;
        let account_id = AccountId::from_uuid(host.new_uuid());
        let device_id = DeviceId::from_uuid(host.new_uuid());
        let (session_id, now) = (host.new_uuid(), host.now());
        let token = host.random_uuid().to_string();
        let refresh = host.random_uuid().to_string();
        let (hash, refresh_hash) = (sha256(token.as_bytes()), sha256(refresh.as_bytes()));
        let later = now.0.saturating_add(30 * 24 * 3_600_000);
        let is_staff = role != "participant";
        let login = is_staff.then(|| Uuid::to_string(account_id.as_uuid()));
        insert(
            server,
            vec![
                (
                    "INSERT INTO account (account_id, is_staff, name, birth_date, login, status, created_at_ms)
                     VALUES ($1, $2, 'Simulated', '1975-04-01', $3, 'active', $4)",
                    vec![account_id.into(), is_staff.into(), login.into(), now.into()],
                ),
                (
                    "INSERT INTO role (account_id, society_id, role) VALUES ($1, $2, $3)",
                    vec![account_id.into(), society_id.into(), role.into()],
                ),
                (
                    "INSERT INTO session (account_id, session_id, device_id, platform, model, app_version, signed_in_at_ms,
                         last_seen_at_ms, expires_at_ms, idle_expires_at_ms)
                     VALUES ($1, $2, $3, 'ios', 'simulated', '1.0.0', $4, $4, $5, $5)",
                    vec![account_id.into(), session_id.into(), device_id.into(), now.into(), later.into()],
                ),
                (
                    "INSERT INTO token_pair (account_id, session_id, generation, salt, access_hash, refresh_hash, made_at_ms,
                         access_expires_at_ms, first_used_at_ms)
                     VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $6)",
                    vec![
                        account_id.into(),
                        session_id.into(),
                        [0_u8; 32].into(),
                        hash.into(),
                        refresh_hash.into(),
                        now.into(),
                        later.into(),
                    ],
                ),
                (
                    "INSERT INTO token (token_hash, account_id, session_id, generation, is_refresh) VALUES ($1, $2, $3, 1, 0)",
                    vec![hash.into(), account_id.into(), session_id.into()],
                ),
                (
                    "INSERT INTO token (token_hash, account_id, session_id, generation, is_refresh) VALUES ($1, $2, $3, 1, 1)",
                    vec![refresh_hash.into(), account_id.into(), session_id.into()],
                ),
            ],
        )
        .await;
        Self {
            account_id,
            device_id,
            token,
        }
    }
}
