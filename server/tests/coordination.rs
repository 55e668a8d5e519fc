//! Staff sign in, a coordinator runs her society, and a participant changes her phone. Source: sync.md 12.1, DESIGN.md, Backend.

#![allow(missing_docs, unreachable_pub, reason = "a test")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ayumi_protocol::session::Role;
use ayumi_server::accounts::second_factor;
use ayumi_server::accounts::staff::{self, FirstCredentials, NewStaff};
use ayumi_server::host::{Boxed, Executor, Time as _};
use ayumi_server::store::Fault;
use serde_json::{Value, json};
use support::{Meeting, World, request};

const KEY: &str = "5f8c1f0e-8f5e-4c3a-9d61-0b7c2a9e4d11";
const OTHER_KEY: &str = "5f8c1f0e-8f5e-4c3a-9d61-0b7c2a9e4d12";

async fn hire(world: &World, login: &str) -> Result<FirstCredentials, Fault> {
    let new = NewStaff {
        login: login.to_owned(),
        name: "Simulated".to_owned(),
        roles: vec![(world.here.society_id, Role::Dietitian)],
        qualification: None,
        reply_hours: None,
    };
    staff::create(&world.server, new).await
}

/// The digits that the authenticator of a new member shows now.
fn digits(world: &World, hired: &FirstCredentials) -> String {
    let address = &hired.second_factor.0;
    let secret = address.split("secret=").nth(1).unwrap();
    let secret = secret.split('&').next().unwrap();
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    second_factor::digits(secret.as_ref(), world.time.now().0).unwrap()
}

async fn sign_in(world: &World, login: &str, password: &str, digits: &str) -> (u16, Value) {
    let body = json!({
        "login": login, "password": password, "one_time_code": digits,
        "device": { "platform": "desktop", "model": "simulated", "app_version": "1.0.0" },
    });
    let request = request("POST", "/v1/staff/sign-in", None, &body);
    let (status, answer) = world.send(request).await;
    (status.as_u16(), answer)
}

async fn post(world: &World, path: &str, token: &str, body: Value) -> (u16, Value) {
    let (status, answer) = world.send(request("POST", path, Some(token), &body)).await;
    (status.as_u16(), answer)
}

async fn post_keyed(world: &World, path: &str, token: Option<&str>, key: &str, body: &Value) -> (u16, Value) {
    let mut request = request("POST", path, token, body);
    let key = key.parse().unwrap();
    request.headers_mut().insert("idempotency-key", key);
    let (status, answer) = world.send(request).await;
    (status.as_u16(), answer)
}

#[tokio::test]
async fn staff_sign_in_with_password_and_second_factor_and_each_digits_work_once() {
    let world = World::new(1).await;
    let hired = hire(&world, "sato").await.unwrap();
    let shown = digits(&world, &hired);
    let (status, session) = sign_in(&world, " Sato ", &hired.password.0, &shown).await;
    assert_eq!(status, 200, "{session}");
    assert_eq!(session["roles"][0]["role"], "dietitian");
    assert!(session.get("case_id").is_none());
    let access = session["tokens"]["access_token"].as_str().unwrap();
    let devices = request("GET", "/v1/session/devices", Some(access), &Value::Null);
    let (_, devices) = world.send(devices).await;
    assert_eq!(devices["devices"][0]["device_id"], session["device_id"]);

    let (status, again) = sign_in(&world, "sato", &hired.password.0, &shown).await;
    assert_eq!((status, &again["code"]), (401, &json!("credentials_refused")));
    world.time.advance(Duration::from_secs(30));
    let (status, _) = sign_in(&world, "sato", &hired.password.0, &digits(&world, &hired)).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_wrong_password_wrong_digits_and_an_unknown_name_are_one_answer() {
    let world = World::new(1).await;
    let hired = hire(&world, "sato").await.unwrap();
    let shown = digits(&world, &hired);
    for (login, password, digits) in [
        ("sato", "wrong", shown.as_str()),
        ("sato", hired.password.0.as_str(), "000000"),
        ("suzuki", hired.password.0.as_str(), shown.as_str()),
    ] {
        let (status, answer) = sign_in(&world, login, password, digits).await;
        assert_eq!(
            (status, &answer["code"]),
            (401, &json!("credentials_refused")),
            "{login}"
        );
    }
    // Digits that came with a wrong password were not used up.
    let (status, _) = sign_in(&world, "sato", &hired.password.0, &shown).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn passwords_can_be_tried_ten_times_an_hour() {
    let world = World::new(1).await;
    let hired = hire(&world, "sato").await.unwrap();
    for _ in 0..10 {
        assert_eq!(sign_in(&world, "sato", "wrong", "000000").await.0, 401);
    }
    let (status, answer) = sign_in(&world, "sato", &hired.password.0, &digits(&world, &hired)).await;
    assert_eq!((status, &answer["code"]), (429, &json!("rate_limited")));
    world.time.advance(Duration::from_hours(1));
    let (status, _) = sign_in(&world, "sato", &hired.password.0, &digits(&world, &hired)).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_login_is_given_once_and_new_credentials_end_the_old_sessions() {
    let world = World::new(1).await;
    let hired = hire(&world, "sato").await.unwrap();
    assert!(hire(&world, "sato").await.is_err());
    assert!(hire(&world, "佐藤").await.is_err());
    let (_, session) = sign_in(&world, "sato", &hired.password.0, &digits(&world, &hired)).await;
    let renewed = staff::renew(&world.server, "sato").await.unwrap();
    let access = session["tokens"]["access_token"].as_str().unwrap();
    let devices = request("GET", "/v1/session/devices", Some(access), &Value::Null);
    let (_, refused) = world.send(devices).await;
    assert_eq!(refused["code"], "session_revoked");
    let old = digits(&world, &hired);
    assert_eq!(sign_in(&world, "sato", &hired.password.0, &old).await.0, 401);
    let new = digits(&world, &renewed);
    assert_eq!(sign_in(&world, "sato", &renewed.password.0, &new).await.0, 200);
}

#[tokio::test]
async fn an_invitation_that_is_asked_for_again_is_the_same_with_another_code() {
    let world = World::new(1).await;
    let coordinator = world.here.coordinator.token.as_str();
    let token = Some(coordinator);
    let path = "/v1/coordination/invitation";
    let body = json!({
        "society_id": world.here.society_id.to_string(), "name": "Simulated", "birth_date": "1975-04-01",
        "dietitian_id": world.here.dietitian.account_id.to_string(),
    });
    let (status, first) = post_keyed(&world, path, token, KEY, &body).await;
    assert_eq!(status, 200, "{first}");
    let (_, second) = post_keyed(&world, path, token, KEY, &body).await;
    assert_eq!(first["invitation_id"], second["invitation_id"]);
    assert_ne!(first["code"], second["code"]);
    let enrolment = |code: &Value| {
        json!({
            "code": code, "birth_date": "1975-04-01",
            "device": { "platform": "ios", "model": "simulated", "app_version": "1.0.0" },
        })
    };
    let (status, _) = post_keyed(&world, "/v1/enrol", None, KEY, &enrolment(&first["code"])).await;
    assert_eq!(status, 403, "the code that was replaced is void");
    let (status, _) = post_keyed(&world, "/v1/enrol", None, OTHER_KEY, &enrolment(&second["code"])).await;
    assert_eq!(status, 200);
    let (status, _) = post_keyed(&world, path, token, KEY, &body).await;
    assert_eq!(status, 404, "a used invitation gets no other code");

    let mut other = body.clone();
    other["name"] = json!("Another");
    let (_, reused) = post_keyed(&world, path, token, KEY, &other).await;
    assert_eq!(reused["code"], "idempotency_key_reused");
    let list = json!({ "society_id": world.here.society_id.to_string() });
    let (_, listed) = post(&world, "/v1/coordination/invitations", coordinator, list).await;
    let listed = listed["invitations"].as_array().unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["state"], "used");
}

#[tokio::test]
async fn a_dietitian_of_another_society_is_neither_invited_with_nor_assigned() {
    let world = World::new(1).await;
    let token = world.here.coordinator.token.as_str();
    let foreign = world.elsewhere.dietitian.account_id.to_string();
    let body = json!({
        "society_id": world.here.society_id.to_string(), "name": "Simulated", "birth_date": "1975-04-01",
        "dietitian_id": foreign,
    });
    let (status, _) = post_keyed(&world, "/v1/coordination/invitation", Some(token), KEY, &body).await;
    assert_eq!(status, 422);
    let body = json!({
        "case_id": world.here.participant.case_id.to_string(),
        "acting": [{ "account_id": foreign, "is_substitute": false }],
    });
    let (status, _) = post(&world, "/v1/coordination/assignment", token, body).await;
    assert_eq!(status, 422);
}

async fn read_as(world: &World, token: &str) -> Value {
    let (_, server) = world.send(request("GET", "/v1/server", None, &Value::Null)).await;
    let log = json!({ "case_id": world.here.participant.case_id.to_string(), "audience": "care" });
    let body = json!({
        "logs": [{ "log": log, "cursor": { "epoch": server["epoch"], "seq": 0 } }], "page_entries": 10,
    });
    post(world, "/v1/pull", token, body).await.1["logs"][0].clone()
}

#[tokio::test]
async fn a_substitution_takes_effect_with_the_next_request_and_she_is_told_once() {
    let world = World::new(1).await;
    let here = &world.here;
    let body = json!({
        "case_id": here.participant.case_id.to_string(),
        "acting": [{ "account_id": here.unassigned_dietitian.account_id.to_string(), "is_substitute": true }],
    });
    for _ in 0..2 {
        let (status, answer) = post(
            &world,
            "/v1/coordination/assignment",
            &here.coordinator.token,
            body.clone(),
        )
        .await;
        assert_eq!(status, 200, "{answer}");
    }
    let hers = read_as(&world, &here.participant.person.token).await;
    let entries = hers["page"]["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1, "{hers}");
    assert_eq!(entries[0]["kind"], "assignment.changed");
    let before = read_as(&world, &here.dietitian.token).await;
    assert_eq!(before["refusal"]["code"], "not_found");
    let after = read_as(&world, &here.unassigned_dietitian.token).await;
    assert_eq!(after["page"]["entries"].as_array().unwrap().len(), 1);
    let list = json!({ "society_id": here.society_id.to_string() });
    let (_, cases) = post(&world, "/v1/coordination/cases", &here.coordinator.token, list).await;
    let cases = cases["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 2);
    assert_eq!(cases[0]["acting"][0]["is_substitute"], true);
    assert_eq!(cases[1]["acting"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn a_suspended_account_is_stopped_and_goes_on_where_it_was() {
    let world = World::new(1).await;
    let here = &world.here;
    let set = |status: &str| {
        let body = json!({ "account_id": here.dietitian.account_id.to_string(), "status": status });
        post(&world, "/v1/coordination/account", &here.coordinator.token, body)
    };
    assert_eq!(set("suspended").await.0, 200);
    let devices = || {
        request(
            "GET",
            "/v1/session/devices",
            Some(&here.dietitian.token),
            &Value::Null,
        )
    };
    assert_eq!(world.send(devices()).await.1["code"], "account_suspended");
    assert_eq!(set("active").await.0, 200);
    assert_eq!(world.send(devices()).await.0.as_u16(), 200);
    assert_eq!(set("deleted").await.0, 422);
}

#[tokio::test]
async fn somebody_who_works_for_another_society_too_is_not_suspended_by_one_alone() {
    let world = World::new(1).await;
    let here = &world.here;
    let elsewhere = world.elsewhere.society_id.into();
    world
        .insert(vec![(
            "INSERT INTO role (account_id, society_id, role) VALUES ($1, $2, 'dietitian')",
            vec![here.dietitian.account_id.into(), elsewhere],
        )])
        .await;
    let body = json!({ "account_id": here.dietitian.account_id.to_string(), "status": "suspended" });
    let (status, _) = post(&world, "/v1/coordination/account", &here.coordinator.token, body).await;
    assert_eq!(status, 403);
    let own = json!({ "account_id": here.administrator.account_id.to_string(), "status": "suspended" });
    let (status, _) = post(&world, "/v1/coordination/account", &here.administrator.token, own).await;
    assert_eq!(status, 403, "nobody locks herself out");
}

#[tokio::test]
async fn a_new_phone_takes_over_with_a_code_and_the_birth_date() {
    let world = World::new(1).await;
    let own = &world.here.participant;
    let (status, code) = post(&world, "/v1/transfer-code", &own.person.token, json!({})).await;
    assert_eq!(status, 200, "{code}");
    let transfer = |birth_date: &str| {
        json!({
            "code": code["code"], "birth_date": birth_date,
            "device": { "platform": "android", "model": "simulated", "app_version": "1.0.0" },
        })
    };
    let (status, refused) = post_keyed(&world, "/v1/transfer", None, KEY, &transfer("1980-01-01")).await;
    assert_eq!((status, &refused["code"]), (403, &json!("code_refused")));
    let (status, session) =
        post_keyed(&world, "/v1/transfer", None, OTHER_KEY, &transfer("1975-04-01")).await;
    assert_eq!(status, 200, "{session}");
    assert_eq!(session["case_id"], json!(own.case_id.to_string()));
    let (_, again) = post_keyed(&world, "/v1/transfer", None, OTHER_KEY, &transfer("1975-04-01")).await;
    assert_eq!(again["tokens"], session["tokens"], "a lost answer costs nothing");
    let old = request(
        "GET",
        "/v1/session/devices",
        Some(&own.person.token),
        &Value::Null,
    );
    assert_eq!(world.send(old).await.1["code"], "session_revoked");
    let access = session["tokens"]["access_token"].as_str().unwrap();
    let new = request("GET", "/v1/session/devices", Some(access), &Value::Null);
    let (_, devices) = world.send(new).await;
    assert_eq!(devices["devices"].as_array().unwrap().len(), 1);
    let (status, _) = post_keyed(&world, "/v1/transfer", None, KEY, &transfer("1975-04-01")).await;
    assert_eq!(status, 403, "a code is used once");
}

#[tokio::test]
async fn a_move_to_a_new_phone_that_comes_twice_at_once_is_one_and_has_one_answer() {
    let world = World::new(1).await;
    let token = &world.here.participant.person.token;
    let (_, code) = post(&world, "/v1/transfer-code", token, json!({})).await;
    let body = json!({
        "code": code["code"], "birth_date": "1975-04-01",
        "device": { "platform": "android", "model": "simulated", "app_version": "1.0.0" },
    });
    let node = Meeting::node_beside(&world.server, 2);
    let ask = || {
        let mut request = request("POST", "/v1/transfer", None, &body);
        let key = KEY.parse().unwrap();
        request.headers_mut().insert("idempotency-key", key);
        support::send(&node, request)
    };
    let (first, second) = tokio::join!(ask(), ask());
    assert_eq!(first.0, 200, "{}", first.1);
    assert_eq!(first, second);
}

#[tokio::test]
async fn a_transfer_code_lives_ten_minutes_and_both_phones_stay_if_she_wants() {
    let world = World::new(1).await;
    let own = &world.here.participant;
    let code = |world: &World| {
        let body = json!({ "case_id": own.case_id.to_string() });
        let request = request(
            "POST",
            "/v1/transfer-code",
            Some(&world.here.dietitian.token),
            &body,
        );
        let server = world.server.clone();
        async move { support::send(&server, request).await.1["code"].clone() }
    };
    let transfer = |code: &Value| {
        json!({
            "code": code, "birth_date": "1975-04-01", "keeps_old_device": true,
            "device": { "platform": "android", "model": "simulated", "app_version": "1.0.0" },
        })
    };
    let late = code(&world).await;
    world.time.advance(Duration::from_mins(10));
    assert_eq!(
        post_keyed(&world, "/v1/transfer", None, KEY, &transfer(&late))
            .await
            .0,
        403
    );
    let first = code(&world).await;
    let second = code(&world).await;
    let (status, _) = post_keyed(&world, "/v1/transfer", None, KEY, &transfer(&first)).await;
    assert_eq!(status, 403, "a newer code voids an older one");
    let (status, _) = post_keyed(&world, "/v1/transfer", None, OTHER_KEY, &transfer(&second)).await;
    assert_eq!(status, 200);
    let old = request(
        "GET",
        "/v1/session/devices",
        Some(&own.person.token),
        &Value::Null,
    );
    let (_, devices) = world.send(old).await;
    assert_eq!(devices["devices"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn she_reads_the_text_that_she_agrees_to() {
    let world = World::new(1).await;
    let token = Some(world.here.participant.person.token.as_str());
    let (_, text) = world
        .send(request("GET", "/v1/consent-text", token, &Value::Null))
        .await;
    assert_eq!(text["text"], "A simulated text of consent.");
    let hash = ayumi_server::http::extract::sha256(b"A simulated text of consent.").to_string();
    assert_eq!(text["text_sha256"], json!(hash));
}

/// Counts long works.
#[derive(Debug, Default)]
struct Counting(Arc<AtomicUsize>);

impl Executor for Counting {
    fn run(&self, work: Box<dyn FnOnce() + Send>) -> Boxed<'static, ()> {
        self.0.fetch_add(1, Ordering::SeqCst);
        work();
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test]
async fn whoever_may_not_have_a_code_makes_a_node_compute_nothing_slow() {
    let (mut host, _time) = ayumi_server::testing::seeded_host(1);
    let computed = Arc::new(AtomicUsize::new(0));
    host.executor = Arc::new(Counting(Arc::clone(&computed)));
    let (_folder, store) = ayumi_server::testing::sqlite();
    let world = World::on(host, store).await;
    let invitation = json!({
        "society_id": world.here.society_id.to_string(), "name": "Simulated", "birth_date": "1975-04-01",
    });
    let case = json!({ "case_id": world.here.participant.case_id.to_string() });
    let tokens = [
        ("made-up", 401),
        (&world.here.unassigned_dietitian.token, 403),
        (&world.elsewhere.coordinator.token, 403),
    ];
    for (token, expected) in tokens {
        let path = "/v1/coordination/invitation";
        let (status, _) = post_keyed(&world, path, Some(token), KEY, &invitation).await;
        assert_eq!(status, expected);
        let (status, _) = post(&world, "/v1/transfer-code", token, case.clone()).await;
        assert!([401, 404].contains(&status), "{status}");
    }
    assert_eq!(computed.load(Ordering::SeqCst), 0);
    let (status, _) = post(&world, "/v1/transfer-code", &world.here.dietitian.token, case).await;
    assert_eq!((status, computed.load(Ordering::SeqCst)), (200, 1));
}
