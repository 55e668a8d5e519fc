//! From an invitation to a first message, and the life of a session. Source: sync.md 12, faults.md F52 to F56 and F62.

#![allow(missing_docs, unreachable_pub, reason = "a test")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod support;

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use ayumi_protocol::time::LocalDate;
use ayumi_server::http::client_address::ClientAddress;
use ayumi_server::societies::invitations::{self, Invitation};
use serde_json::{Value, json};
use support::{Meeting, World, request};

const KEY: &str = "5f8c1f0e-8f5e-4c3a-9d61-0b7c2a9e4d11";

async fn invite(world: &World) -> String {
    let invitation = Invitation {
        society_id: world.here.society_id,
        name: "Simulated".to_owned(),
        name_reading: None,
        birth_date: LocalDate::parse("1975-04-01").unwrap(),
        dietitian_id: Some(world.here.dietitian.account_id),
        external_ref: None,
    };
    invitations::make(&world.server, invitation).await.unwrap()
}

async fn enrol(world: &World, code: &str, birth_date: &str, key: &str) -> (u16, Value) {
    enrol_from(world, ClientAddress(None), code, birth_date, key).await
}

async fn enrol_from(
    world: &World,
    address: ClientAddress,
    code: &str,
    birth_date: &str,
    key: &str,
) -> (u16, Value) {
    let mut request = enrolment(code, birth_date, key);
    request.extensions_mut().insert(address);
    let (status, answer) = world.send(request).await;
    (status.as_u16(), answer)
}

fn enrolment(code: &str, birth_date: &str, key: &str) -> Request<Body> {
    let body = json!({
        "code": code, "birth_date": birth_date,
        "device": { "platform": "ios", "model": "simulated", "app_version": "1.0.0" },
    });
    let mut request = request("POST", "/v1/enrol", None, &body);
    request
        .headers_mut()
        .insert("idempotency-key", key.parse().unwrap());
    request
}

async fn refresh(world: &World, session: &Value, token: &str) -> (u16, Value) {
    let body = json!({ "refresh_token": token, "device_id": session["device_id"], "app_version": "1.0.0" });
    let (status, answer) = world
        .send(request("POST", "/v1/session/refresh", None, &body))
        .await;
    (status.as_u16(), answer)
}

async fn pull(world: &World, session: &Value, token: &str) -> (u16, Value) {
    let body = json!({
        "logs": [{
            "log": { "case_id": session["case_id"], "audience": "care" },
            "cursor": { "epoch": session["epoch"], "seq": 0 },
        }],
        "page_entries": 10,
    });
    let (status, answer) = world.send(request("POST", "/v1/pull", Some(token), &body)).await;
    (status.as_u16(), answer)
}

fn token<'a>(answer: &'a Value, which: &str) -> &'a str {
    answer["tokens"][which].as_str().unwrap()
}

async fn enrolled(world: &World) -> Value {
    let code = invite(world).await;
    let (status, session) = enrol(world, &code, "1975-04-01", KEY).await;
    assert_eq!(status, 200, "{session}");
    session
}

#[tokio::test]
async fn an_invitation_and_a_birth_date_become_a_case_with_its_dietitian() {
    let world = World::new(1).await;
    let session = enrolled(&world).await;
    let (status, page) = pull(&world, &session, token(&session, "access_token")).await;
    assert_eq!(status, 200, "{page}");
    let entries = page["logs"][0]["page"]["entries"].as_array().unwrap();
    let kinds: Vec<&Value> = entries.iter().map(|entry| &entry["kind"]).collect();
    assert_eq!(kinds, ["case.opened", "assignment.changed"]);
    let acting = &entries[1]["body"]["acting"][0];
    assert_eq!(acting["account_id"], json!(world.here.dietitian.account_id));
}

#[tokio::test]
async fn she_can_say_nothing_before_she_has_agreed_to_the_text_in_force() {
    let world = World::new(1).await;
    let session = enrolled(&world).await;
    let access = token(&session, "access_token");
    let push = |number: u64, kind: &str, body: Value| {
        json!({
            "log": { "case_id": session["case_id"], "audience": "care" }, "epoch": session["epoch"], "lane": "talk",
            "operations": [{
                "op_id": format!("018f0000-0000-7000-8000-{number:012x}"), "kind": kind, "body_version": 1,
                "occurred_at_ms": 1_790_000_000_000_i64, "zone": "Asia/Tokyo", "utc_offset_min": 540, "body": body,
            }],
        })
    };
    let message = |number| {
        push(
            number,
            "message.posted",
            json!({ "text": "Simulated.", "authored_by": "person" }),
        )
    };
    let result = |answer: &Value| answer["results"][0].clone();
    let send = |body: Value| world.send(request("POST", "/v1/push", Some(access), &body));

    let (_, early) = send(message(1)).await;
    assert_eq!(result(&early)["code"], "consent_required", "{early}");
    let text = "A simulated text of consent.";
    let hash = ayumi_server::http::extract::sha256(text.as_bytes()).to_string();
    let given = |number, hash: &str| {
        let body = json!({ "text_version": "1", "text_sha256": hash });
        push(number, "consent.given", body)
    };
    let (_, other_text) = send(given(2, &"0".repeat(64))).await;
    assert_eq!(result(&other_text)["code"], "consent_required", "{other_text}");
    let (_, agreed) = send(given(3, &hash)).await;
    assert_eq!(result(&agreed)["outcome"], "stored", "{agreed}");
    // The message that was refused is sent again under its own id.
    let (_, after) = send(message(1)).await;
    assert_eq!(result(&after)["outcome"], "stored", "{after}");
}

#[tokio::test]
async fn f62_a_code_works_once_and_every_wrong_try_gets_the_same_answer() {
    let world = World::new(1).await;
    let code = invite(&world).await;
    let other = "6f8c1f0e-8f5e-4c3a-9d61-0b7c2a9e4d12";
    let (status, wrong_date) = enrol(&world, &code, "1975-04-02", other).await;
    assert_eq!((status, &wrong_date["code"]), (403, &json!("code_refused")));
    let (_, unknown) = enrol(&world, "0000-0000-0000", "1975-04-01", other).await;
    assert_eq!(unknown, wrong_date);
    let (_, nonsense) = enrol(&world, "nonsense", "1975-04-01", other).await;
    assert_eq!(nonsense, wrong_date);
    let (status, _) = enrol(&world, &code.to_lowercase(), "1975-04-01", KEY).await;
    assert_eq!(status, 200);
    let (_, used) = enrol(&world, &code, "1975-04-01", other).await;
    assert_eq!(used, wrong_date);
}

#[tokio::test]
async fn f62_a_code_that_is_redeemed_twice_at_once_becomes_one_case() {
    let world = World::new(1).await;
    let code = invite(&world).await;
    let other = "6f8c1f0e-8f5e-4c3a-9d61-0b7c2a9e4d12";
    let (one, two) = tokio::join!(
        enrol(&world, &code, "1975-04-01", KEY),
        enrol(&world, &code, "1975-04-01", other),
    );
    let mut statuses = [one.0, two.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403]);
}

#[tokio::test]
async fn f62_trying_a_code_again_and_again_is_stopped_for_an_hour() {
    let world = World::new(1).await;
    for _ in 0..world.server.policy.sign_ins_per_hour {
        assert_eq!(enrol(&world, "0000-0000-0000", "1975-04-01", KEY).await.0, 403);
    }
    let (status, answer) = enrol(&world, "0000-1111-1111", "1975-04-01", KEY).await;
    assert_eq!((status, &answer["code"]), (429, &json!("rate_limited")));
    assert!(answer["retry_after_ms"].as_u64().unwrap() <= 3_600_000);
    world.time.advance(Duration::from_hours(1));
    assert_eq!(enrol(&world, "0000-1111-1111", "1975-04-01", KEY).await.0, 403);
}

#[tokio::test]
async fn f62_one_address_that_tries_one_code_after_the_other_is_stopped_too() {
    let world = World::new(1).await;
    let from = |text: &str| ClientAddress(Some(text.parse().unwrap()));
    let code = |number: u32| format!("{number:04}-0000-0000");
    for number in 0..world.server.policy.sign_ins_per_hour {
        let (status, _) = enrol_from(&world, from("2001:db8::1"), &code(number), "1975-04-01", KEY).await;
        assert_eq!(status, 403);
    }
    let (status, _) = enrol_from(&world, from("2001:db8::2"), &code(98), "1975-04-01", KEY).await;
    assert_eq!(status, 429, "another address of the same household");
    let (status, _) = enrol_from(&world, from("2001:db8:0:1::1"), &code(99), "1975-04-01", KEY).await;
    assert_eq!(status, 403, "another household");
    world.time.advance(Duration::from_hours(1));
    let (status, _) = enrol_from(&world, from("2001:db8::1"), &code(97), "1975-04-01", KEY).await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn an_enrolment_whose_answer_was_lost_is_repeated_until_its_session_is_used() {
    let world = World::new(1).await;
    let code = invite(&world).await;
    let (_, first) = enrol(&world, &code, "1975-04-01", KEY).await;
    let (status, again) = enrol(&world, &code, "1975-04-01", KEY).await;
    assert_eq!((status, &again), (200, &first));
    let (status, other) = enrol(&world, &code, "1975-04-02", KEY).await;
    assert_eq!((status, &other["code"]), (422, &json!("idempotency_key_reused")));
    assert_eq!(pull(&world, &first, token(&first, "access_token")).await.0, 200);
    let (status, late) = enrol(&world, &code, "1975-04-01", KEY).await;
    assert_eq!((status, &late["code"]), (403, &json!("code_refused")));
}

#[tokio::test]
async fn an_enrolment_that_comes_twice_at_once_is_one_and_has_one_answer() {
    let world = World::new(1).await;
    let code = invite(&world).await;
    let node = Meeting::node_beside(&world.server, 2);
    let ask = || support::send(&node, enrolment(&code, "1975-04-01", KEY));
    let (first, second) = tokio::join!(ask(), ask());
    assert_eq!(first.0, 200, "{}", first.1);
    assert_eq!(first, second);
}

#[tokio::test]
async fn f52_f53_a_refresh_whose_answer_was_lost_brings_the_same_pair_again() {
    let world = World::new(1).await;
    let session = enrolled(&world).await;
    let old = token(&session, "refresh_token");
    let (_, first) = refresh(&world, &session, old).await;
    world.time.advance(Duration::from_hours(48));
    let (status, again) = refresh(&world, &session, old).await;
    assert_eq!(status, 200, "{again}");
    assert_eq!(again["tokens"], first["tokens"]);
    let access = token(&again, "access_token");
    assert_eq!(
        pull(&world, &session, access).await.0,
        200,
        "its life begins anew"
    );
    assert_eq!(
        refresh(&world, &session, token(&again, "refresh_token")).await.0,
        200
    );
}

#[tokio::test]
async fn f55_a_refresh_token_whose_successor_was_used_ends_the_session_for_both() {
    let world = World::new(1).await;
    let session = enrolled(&world).await;
    let old = token(&session, "refresh_token");
    let (_, next) = refresh(&world, &session, old).await;
    let access = token(&next, "access_token");
    assert_eq!(pull(&world, &session, access).await.0, 200);
    world.time.advance(Duration::from_mins(6));
    let (status, stolen) = refresh(&world, &session, old).await;
    assert_eq!((status, &stolen["code"]), (401, &json!("session_revoked")));
    let (status, ended) = pull(&world, &session, access).await;
    assert_eq!((status, &ended["code"]), (401, &json!("session_revoked")));
}

#[tokio::test]
async fn a_copy_of_a_refresh_that_the_network_held_back_ends_nothing_and_brings_nothing() {
    let world = World::new(1).await;
    let session = enrolled(&world).await;
    let old = token(&session, "refresh_token");
    let (_, next) = refresh(&world, &session, old).await;
    let access = token(&next, "access_token");
    assert_eq!(pull(&world, &session, access).await.0, 200);
    world.time.advance(Duration::from_secs(90));
    let (status, late) = refresh(&world, &session, old).await;
    assert_eq!((status, &late["code"]), (401, &json!("token_rotated")));
    assert!(late.get("tokens").is_none());
    assert_eq!(pull(&world, &session, access).await.0, 200);
}

#[tokio::test]
async fn a_refresh_from_another_device_ends_the_session() {
    let world = World::new(1).await;
    let session = enrolled(&world).await;
    let mut elsewhere = session.clone();
    elsewhere["device_id"] = json!(world.here.dietitian.device_id);
    let refresh_token = token(&session, "refresh_token");
    assert_eq!(refresh(&world, &elsewhere, refresh_token).await.0, 401);
    assert_eq!(refresh(&world, &session, refresh_token).await.0, 401);
}

#[tokio::test]
async fn an_unused_pair_is_not_brought_again_after_a_week() {
    let world = World::new(1).await;
    let session = enrolled(&world).await;
    let old = token(&session, "refresh_token");
    assert_eq!(refresh(&world, &session, old).await.0, 200);
    world.time.advance(Duration::from_hours(7 * 24 + 1));
    assert_eq!(refresh(&world, &session, old).await.0, 401);
}

#[tokio::test]
async fn an_access_token_expires_and_a_session_that_was_ended_stays_ended() {
    let world = World::new(1).await;
    let session = enrolled(&world).await;
    let access = token(&session, "access_token");
    world.time.advance(Duration::from_mins(16));
    let (_, expired) = pull(&world, &session, access).await;
    assert_eq!(expired["code"], "token_expired");
    let (_, next) = refresh(&world, &session, token(&session, "refresh_token")).await;
    let access = token(&next, "access_token");
    let body = json!({ "device_id": session["device_id"] });
    let (status, _) = world
        .send(request("POST", "/v1/session/end", Some(access), &body))
        .await;
    assert_eq!(status, 200);
    let (_, ended) = pull(&world, &session, access).await;
    assert_eq!(ended["code"], "session_revoked");
    assert_eq!(
        refresh(&world, &session, token(&next, "refresh_token")).await.0,
        401
    );
}

async fn push_all(world: &World, session: &Value, operations: &[(u64, &str, Value)]) -> Vec<Value> {
    let operations: Vec<Value> = operations
        .iter()
        .map(|(number, kind, body)| {
            json!({
                "op_id": format!("018f0000-0000-7000-8000-{number:012x}"), "kind": kind, "body_version": 1,
                "occurred_at_ms": 1_790_000_000_000_i64, "zone": "Asia/Tokyo", "utc_offset_min": 540, "body": body,
            })
        })
        .collect();
    let body = json!({
        "log": { "case_id": session["case_id"], "audience": "care" }, "epoch": session["epoch"], "lane": "talk",
        "operations": operations,
    });
    let access = Some(token(session, "access_token"));
    let (_, answer) = world.send(request("POST", "/v1/push", access, &body)).await;
    let results = answer["results"].as_array().cloned().unwrap_or_default();
    results
        .into_iter()
        .map(|result| match result["outcome"].as_str() {
            Some("refused") => result["code"].clone(),
            _ => result["outcome"].clone(),
        })
        .collect()
}

fn agrees(version: &str, text: &str) -> Value {
    let hash = ayumi_server::http::extract::sha256(text.as_bytes()).to_string();
    json!({ "text_version": version, "text_sha256": hash })
}

#[tokio::test]
async fn a_new_text_stops_her_until_she_agrees_to_it() {
    let world = World::new(1).await;
    let session = enrolled(&world).await;
    let says = || json!({ "text": "Simulated.", "authored_by": "person" });
    let first = ("consent.given", agrees("1", "A simulated text of consent."));
    let began = push_all(
        &world,
        &session,
        &[(1, first.0, first.1), (2, "message.posted", says())],
    )
    .await;
    assert_eq!(began, ["stored", "stored"]);
    world.time.advance(Duration::from_secs(1));
    ayumi_server::societies::add_consent_text(&world.server, world.here.society_id, "2", "Another text.")
        .await
        .unwrap();
    let stopped = push_all(&world, &session, &[(3, "message.posted", says())]).await;
    assert_eq!(stopped, ["consent_required"]);
    let both = [
        (4, "consent.given", agrees("2", "Another text.")),
        (3, "message.posted", says()),
    ];
    assert_eq!(push_all(&world, &session, &both).await, ["stored", "stored"]);
}

#[tokio::test]
async fn what_follows_a_withdrawal_in_the_same_batch_is_refused() {
    let world = World::new(1).await;
    let session = enrolled(&world).await;
    let says = || json!({ "text": "Simulated.", "authored_by": "person" });
    let operations = [
        (1, "consent.given", agrees("1", "A simulated text of consent.")),
        (2, "consent.withdrawn", json!({ "text_version": "1" })),
        (3, "message.posted", says()),
    ];
    let results = push_all(&world, &session, &operations).await;
    assert_eq!(results, ["stored", "stored", "consent_withdrawn"]);
}

#[tokio::test]
async fn she_begins_although_the_dietitian_of_her_letter_has_left() {
    let world = World::new(1).await;
    let code = invite(&world).await;
    let left = "DELETE FROM role WHERE role = 'dietitian'";
    world.insert(vec![(left, Vec::new())]).await;
    let (status, session) = enrol(&world, &code, "1975-04-01", KEY).await;
    assert_eq!(status, 200, "{session}");
    let (_, page) = pull(&world, &session, token(&session, "access_token")).await;
    let entries = page["logs"][0]["page"]["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1, "nobody is assigned yet: {page}");
}
