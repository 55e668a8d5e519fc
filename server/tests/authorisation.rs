//! Every role against every endpoint, for a case of her own, another case, and another society. Source: faults.md 4.9 and F63.
//!
//! An endpoint of the description that is missing from the table fails the first test.

#![allow(missing_docs, unreachable_pub, reason = "a test")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod support;

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use object_store::ObjectStoreExt as _;
use serde_json::{Value, json};
use support::{Person, World, request};

/// The callers, in the order of the columns. All requests concern the participant `own`, her case and her society.
const CALLERS: [&str; 11] = [
    "own",                  // the participant herself
    "other participant",    // of the same society
    "foreign participant",  // of another society
    "dietitian",            // assigned to her
    "unassigned dietitian", // of the same society
    "foreign dietitian",    // of another society
    "adviser",              // of the same society
    "foreign adviser",      // of another society
    "coordinator",          // of the same society
    "foreign coordinator",  // of another society
    "administrator",        // of the same society
];

/// What each caller gets: a status, or `-` inside a success for one log that is answered as not found.
const TABLE: &[(&str, &str)] = &[
    //                                        own  oth  for  diet unas fdie advi fadv coor fcoo admi
    (
        "POST /v1/push care",
        "200  404  404  200  404  404  404  404  404  404  404",
    ),
    (
        "POST /v1/push staff",
        "404  404  404  200  404  404  404  404  404  404  404",
    ),
    (
        "POST /v1/push advice",
        "200  404  404  404  404  404  404  404  404  404  404",
    ),
    (
        "POST /v1/push advice with a question",
        "200  404  404  404  404  404  200  404  404  404  404",
    ),
    (
        "POST /v1/pull care",
        "200  -    -    200  -    -    -    -    -    -    -  ",
    ),
    (
        "POST /v1/pull staff",
        "-    -    -    200  -    -    -    -    -    -    -  ",
    ),
    (
        "POST /v1/pull advice with a question",
        "200  -    -    -    -    -    200  -    -    -    -  ",
    ),
    (
        "POST /v1/snapshot care",
        "200  404  404  200  404  404  404  404  404  404  404",
    ),
    (
        "POST /v1/snapshot staff",
        "404  404  404  200  404  404  404  404  404  404  404",
    ),
    (
        "POST /v1/snapshot advice with a question",
        "200  404  404  404  404  404  200  404  404  404  404",
    ),
    (
        "GET /v1/snapshots/{snapshot_id}",
        "200  404  404  200  404  404  404  404  404  404  404",
    ),
    (
        "GET /v1/staff/caseload",
        "403  403  403  200  200  200  200  200  200  200  200",
    ),
    (
        "POST /v1/uploads",
        "200  404  404  200  404  404  404  404  404  404  404",
    ),
    (
        "HEAD /v1/uploads/{upload_id}",
        "200  404  404  200  404  404  404  404  404  404  404",
    ),
    (
        "PATCH /v1/uploads/{upload_id}",
        "409  404  404  409  404  404  404  404  404  404  404",
    ),
    (
        "POST /v1/picture",
        "200  404  404  200  404  404  404  404  404  404  404",
    ),
    (
        "POST /v1/picture after she withdrew",
        "200  404  404  403  404  404  404  404  404  404  404",
    ),
    (
        "POST /v1/session/end own device",
        "200  200  200  200  200  200  200  200  200  200  200",
    ),
    (
        "POST /v1/session/end her device",
        "200  404  404  404  404  404  404  404  404  404  404",
    ),
    (
        "GET /v1/session/devices",
        "200  200  200  200  200  200  200  200  200  200  200",
    ),
    (
        "POST /v1/session/push-token",
        "200  200  200  200  200  200  200  200  200  200  200",
    ),
    (
        "GET /v1/consent-text",
        "200  200  200  404  404  404  404  404  404  404  404",
    ),
    (
        "POST /v1/transfer-code own",
        "200  200  200  404  404  404  404  404  404  404  404",
    ),
    (
        "POST /v1/transfer-code hers",
        "200  404  404  200  404  404  404  404  200  404  404",
    ),
    (
        "POST /v1/coordination/invitation",
        "403  403  403  403  403  403  403  403  200  403  403",
    ),
    (
        "POST /v1/coordination/invitation/withdraw",
        "403  403  403  403  403  403  403  403  200  404  403",
    ),
    (
        "POST /v1/coordination/invitations",
        "403  403  403  403  403  403  403  403  200  403  403",
    ),
    (
        "POST /v1/coordination/cases",
        "403  403  403  403  403  403  403  403  200  403  403",
    ),
    (
        "POST /v1/coordination/assignment",
        "403  403  403  403  403  403  403  403  200  404  403",
    ),
    (
        "POST /v1/coordination/staff",
        "403  403  403  403  403  403  403  403  200  403  200",
    ),
    (
        "POST /v1/coordination/session/end",
        "403  403  403  403  403  403  403  403  200  404  200",
    ),
    (
        "POST /v1/coordination/session/end of an administrator",
        "403  403  403  403  403  403  403  403  403  404  200",
    ),
    (
        "POST /v1/coordination/account her",
        "403  403  403  403  403  403  403  403  200  404  200",
    ),
    (
        "POST /v1/coordination/account an administrator",
        "403  403  403  403  403  403  403  403  403  404  403",
    ),
];

/// Endpoints for somebody who has no session yet; they have tests of their own.
const WITHOUT_SESSION: &[&str] = &[
    "GET /v1/server",
    "GET /v1/openapi.json",
    "POST /v1/enrol",
    "POST /v1/transfer",
    "POST /v1/staff/sign-in",
    "POST /v1/session/refresh",
];

#[test]
fn every_endpoint_of_the_description_stands_in_the_table() {
    let description = ayumi_server::http::resources().into_openapi().to_json().unwrap();
    let description: Value = serde_json::from_str(&description).unwrap();
    let described: BTreeSet<String> = description["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let endpoint = |row: &str| row.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let listed: BTreeSet<String> = TABLE
        .iter()
        .map(|(row, _)| endpoint(row))
        .chain(WITHOUT_SESSION.iter().map(|row| (*row).to_owned()))
        .collect();
    assert_eq!(described, listed);
}

#[tokio::test]
async fn every_role_gets_what_the_table_says_f63() {
    let mut wrong = Vec::new();
    for (row, cells) in TABLE {
        let cells: Vec<&str> = cells.split_whitespace().collect();
        assert_eq!(cells.len(), CALLERS.len(), "{row}");
        for (caller, expected) in CALLERS.iter().zip(cells) {
            // Each cell in a world of its own: no answer depends on what another caller did before.
            let world = World::new(7).await;
            let person = person(&world, caller);
            let request = build(&world, row, &person).await;
            let got = verdict(&world, request).await;
            if got != expected {
                wrong.push(format!("{row}, {caller}: {got} and not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn nobody_gets_anywhere_without_a_session_that_is_valid_at_this_moment() {
    for (change, status, code) in [
        ("", StatusCode::UNAUTHORIZED, "token_missing"),
        (
            "UPDATE session SET ended_at_ms = 1, end_reason = 'revoked'",
            StatusCode::UNAUTHORIZED,
            "session_revoked",
        ),
        (
            "UPDATE session SET expires_at_ms = 1",
            StatusCode::UNAUTHORIZED,
            "session_revoked",
        ),
        (
            "UPDATE session SET idle_expires_at_ms = 1",
            StatusCode::UNAUTHORIZED,
            "session_revoked",
        ),
        (
            "UPDATE token_pair SET access_expires_at_ms = 1",
            StatusCode::UNAUTHORIZED,
            "token_expired",
        ),
        ("DELETE FROM token", StatusCode::UNAUTHORIZED, "token_expired"),
        (
            "UPDATE account SET status = 'suspended'",
            StatusCode::FORBIDDEN,
            "account_suspended",
        ),
        (
            "UPDATE account SET status = 'deleted'",
            StatusCode::UNAUTHORIZED,
            "account_deleted",
        ),
    ] {
        let world = World::new(3).await;
        let mut caller = world.here.participant.person.clone();
        if change.is_empty() {
            caller.token.clear();
        } else {
            world.insert(vec![(change, Vec::new())]).await;
        }
        for (row, _) in TABLE {
            let request = build(&world, row, &caller).await;
            let is_head = request.method() == "HEAD";
            let (got, body) = world.send(request).await;
            assert_eq!(got, status, "{row} after {change}: {body}");
            if !is_head {
                assert_eq!(body["code"], code, "{row} after {change}");
            }
        }
    }
}

fn person(world: &World, caller: &str) -> Person {
    let (here, elsewhere) = (&world.here, &world.elsewhere);
    match caller {
        "own" => &here.participant.person,
        "other participant" => &here.other_participant.person,
        "foreign participant" => &elsewhere.participant.person,
        "dietitian" => &here.dietitian,
        "unassigned dietitian" => &here.unassigned_dietitian,
        "foreign dietitian" => &elsewhere.dietitian,
        "adviser" => &here.adviser,
        "foreign adviser" => &elsewhere.adviser,
        "coordinator" => &here.coordinator,
        "foreign coordinator" => &elsewhere.coordinator,
        "administrator" => &here.administrator,
        other => panic!("no such caller: {other}"),
    }
    .clone()
}

/// What came back: the status, or `-` if the one log of a pull was answered as not found.
async fn verdict(world: &World, request: Request<Body>) -> String {
    let (status, body) = world.send(request).await;
    if body["logs"][0]["refusal"]["code"] == "not_found" {
        return "-".to_owned();
    }
    status.as_u16().to_string()
}

/// The request of a row, by this person, about the participant `own`.
async fn build(world: &World, row: &str, by: &Person) -> Request<Body> {
    let words: Vec<&str> = row.split(' ').collect();
    let (method, path) = (words[0], words[1]);
    let detail = words[2..].join(" ");
    let here = &world.here;
    let case_id = here.participant.case_id.to_string();
    let society_id = here.society_id.to_string();
    if detail.ends_with("with a question") {
        ask(world).await;
    }
    let audience = detail
        .split(' ')
        .next()
        .filter(|word| !word.is_empty())
        .unwrap_or("care");
    let log = json!({ "case_id": case_id, "audience": audience });
    let sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let picture = json!({
        "log": log, "sha256": sha256, "length_bytes": 1000, "media_type": "image/jpeg", "width_px": 10, "height_px": 10,
    });
    let token = (!by.token.is_empty()).then_some(by.token.as_str());
    let epoch = epoch(world).await;
    let body = match path {
        "/v1/push" => {
            let operation = match (audience, detail.contains("question"), by.account_id) {
                ("staff", ..) => ("note.posted", json!({ "topic": "other", "text": "Simulated." })),
                ("advice", _, account) if account == here.participant.person.account_id => {
                    ("question.asked", json!({ "text": "Simulated?" }))
                }
                ("advice", true, _) => (
                    "question.answered",
                    json!({ "question": QUESTION, "text": "Simulated.", "advises_doctor": false }),
                ),
                ("advice", ..) => ("question.asked", json!({ "text": "Simulated?" })),
                _ => (
                    "message.posted",
                    json!({ "text": "Simulated.", "authored_by": "person" }),
                ),
            };
            push(&log, &epoch, "018f0000-0000-7000-8000-000000000001", operation)
        }
        "/v1/pull" => json!({
            "logs": [{ "log": log, "cursor": { "epoch": epoch, "seq": 0 } }], "page_entries": 10,
        }),
        "/v1/session/push-token" => json!({ "service": "fcm", "token": "simulated" }),
        "/v1/transfer-code" if detail == "hers" => json!({ "case_id": case_id }),
        "/v1/transfer-code" => json!({}),
        "/v1/coordination/invitation" => json!({
            "society_id": society_id, "name": "Simulated", "birth_date": "1975-04-01",
        }),
        "/v1/coordination/invitation/withdraw" => json!({ "invitation_id": invite(world).await }),
        "/v1/coordination/assignment" => json!({
            "case_id": case_id,
            "acting": [{ "account_id": here.dietitian.account_id.to_string(), "is_substitute": false }],
        }),
        "/v1/coordination/invitations" | "/v1/coordination/cases" | "/v1/coordination/staff" => {
            json!({ "society_id": society_id })
        }
        "/v1/coordination/session/end" if detail == "of an administrator" => json!({
            "account_id": here.administrator.account_id.to_string(),
            "device_id": here.administrator.device_id.to_string(),
        }),
        "/v1/coordination/session/end" => json!({
            "account_id": here.participant.person.account_id.to_string(),
            "device_id": here.participant.person.device_id.to_string(),
        }),
        "/v1/coordination/account" => {
            let whose = if detail == "her" {
                &here.participant.person
            } else {
                &here.administrator
            };
            json!({ "account_id": whose.account_id.to_string(), "status": "suspended" })
        }
        "/v1/uploads" => picture,
        "/v1/picture" => {
            post_picture(world, sha256).await;
            if detail == "after she withdrew" {
                let withdrawn = "UPDATE case_head SET consent = 'withdrawn'";
                world.insert(vec![(withdrawn, Vec::new())]).await;
            }
            json!({ "log": { "case_id": case_id, "audience": "care" }, "sha256": sha256 })
        }
        "/v1/snapshot" => json!({ "log": log }),
        "/v1/snapshots/{snapshot_id}" => {
            let path = format!("/v1/snapshots/{}", snapshot(world).await);
            return request(method, &path, token, &Value::Null);
        }
        "/v1/session/end" if detail == "own device" => json!({ "device_id": by.device_id }),
        "/v1/session/end" => json!({ "device_id": here.participant.person.device_id }),
        "/v1/uploads/{upload_id}" => {
            let upload_id = announce(world, &picture).await;
            let mut part = request(method, &format!("/v1/uploads/{upload_id}"), token, &Value::Null);
            if method == "PATCH" {
                let headers = part.headers_mut();
                headers.insert("content-type", "application/offset+octet-stream".parse().unwrap());
                headers.insert("upload-offset", "5".parse().unwrap());
            }
            return part;
        }
        _ => Value::Null,
    };
    let mut request = request(method, path, token, &body);
    let key = "5f8c1f0e-8f5e-4c3a-9d61-0b7c2a9e4d11".parse().unwrap();
    request.headers_mut().insert("idempotency-key", key);
    request
}

const QUESTION: &str = "018f0000-0000-7000-8000-0000000000aa";

fn push(log: &Value, epoch: &str, op_id: &str, (kind, body): (&str, Value)) -> Value {
    json!({
        "log": log, "epoch": epoch, "lane": "talk",
        "operations": [{
            "op_id": op_id, "kind": kind, "body_version": 1, "occurred_at_ms": 1_790_000_000_000_i64,
            "zone": "Asia/Tokyo", "utc_offset_min": 540, "body": body,
        }],
    })
}

async fn epoch(world: &World) -> String {
    let (_, answer) = world.send(request("GET", "/v1/server", None, &Value::Null)).await;
    answer["epoch"].as_str().unwrap().to_owned()
}

/// The participant asks the advisers something, whoever calls afterwards.
async fn ask(world: &World) {
    let own = &world.here.participant;
    let log = json!({ "case_id": own.case_id.to_string(), "audience": "advice" });
    let operation = ("question.asked", json!({ "text": "Simulated?" }));
    let body = push(&log, &epoch(world).await, QUESTION, operation);
    world
        .send(request("POST", "/v1/push", Some(&own.person.token), &body))
        .await;
}

/// The participant announces a picture, whoever calls afterwards.
async fn announce(world: &World, picture: &Value) -> String {
    let token = &world.here.participant.person.token;
    let (_, answer) = world
        .send(request("POST", "/v1/uploads", Some(token), picture))
        .await;
    answer["upload_id"]
        .as_str()
        .unwrap_or("5f8c1f0e-8f5e-4c3a-9d61-0b7c2a9e4d12")
        .to_owned()
}

/// She has posted a picture, whoever calls afterwards.
async fn post_picture(world: &World, sha256: &str) {
    let own = &world.here.participant;
    let hash = ayumi_protocol::hash::Sha256::parse(sha256).unwrap();
    let key = object_store::path::Path::from("pictures/simulated");
    world
        .server
        .objects
        .put(&key, b"simulated".to_vec().into())
        .await
        .unwrap();
    let now = world.server.host.now();
    let upload = "INSERT INTO upload (case_id, upload_id, audience, sha256, length_bytes, media_type, width_px, height_px, account_id,
             offset_bytes, object_key, made_at_ms, touched_at_ms)
         VALUES ($1, $2, 'care', $3, 9, 'image/jpeg', 1, 1, $4, 9, 'pictures/simulated', $5, $5)
         ON CONFLICT (case_id, audience, sha256) DO NOTHING";
    let used = "INSERT INTO picture_use (case_id, audience, sha256) VALUES ($1, 'care', $2)
         ON CONFLICT (case_id, audience, sha256) DO NOTHING";
    let upload_id = world.server.host.new_uuid();
    let whose = own.person.account_id;
    world
        .insert(vec![
            (
                upload,
                vec![
                    own.case_id.into(),
                    upload_id.into(),
                    hash.into(),
                    whose.into(),
                    now.into(),
                ],
            ),
            (used, vec![own.case_id.into(), hash.into()]),
        ])
        .await;
}

/// The coordinator has invited somebody, whoever calls afterwards.
async fn invite(world: &World) -> String {
    let body = json!({
        "society_id": world.here.society_id.to_string(), "name": "Simulated", "birth_date": "1975-04-01",
    });
    let token = &world.here.coordinator.token;
    let mut invitation = request("POST", "/v1/coordination/invitation", Some(token), &body);
    let key = "5f8c1f0e-8f5e-4c3a-9d61-0b7c2a9e4d13".parse().unwrap();
    invitation.headers_mut().insert("idempotency-key", key);
    let (_, answer) = world.send(invitation).await;
    answer["invitation_id"]
        .as_str()
        .unwrap_or("5f8c1f0e-8f5e-4c3a-9d61-0b7c2a9e4d12")
        .to_owned()
}

/// There is a snapshot of her care log, whoever calls afterwards.
async fn snapshot(world: &World) -> String {
    let id = "5f8c1f0e-8f5e-4c3a-9d61-0b7c2a9e4d14";
    let row = "INSERT INTO snapshot (case_id, audience, snapshot_id, epoch, up_to_seq, length_bytes, decompressed_bytes, sha256, object_key, made_at_ms)
         SELECT $1, 'care', $2, value, 0, 1, 1, $3, 'snapshots/x', 0 FROM server_state WHERE key = 'epoch'";
    let case_id = world.here.participant.case_id;
    let values = vec![
        case_id.into(),
        uuid::Uuid::parse_str(id).unwrap().into(),
        [0_u8; 32].into(),
    ];
    world.insert(vec![(row, values)]).await;
    let object = object_store::path::Path::from("snapshots/x");
    object_store::ObjectStoreExt::put(&*world.server.objects, &object, "x".into())
        .await
        .unwrap();
    id.to_owned()
}
