//! What every request and every answer has: packing, bounds, an id, a line in the log, numbers. In virtual time, without a socket.

#![allow(missing_docs, unreachable_pub, reason = "a test")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod support;

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, header};
use ayumi_protocol::time::LocalDate;
use ayumi_server::societies::invitations::{self, Invitation};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use support::{World, request, respond};

/// The result of a future that has to be ready at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().unwrap()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn push(world: &World, number: u32, text: &str) -> Value {
    let (_, answer) = now(world.send(request("GET", "/v1/server", None, &Value::Null)));
    json!({
        "log": { "case_id": world.here.participant.case_id.to_string(), "audience": "care" },
        "epoch": answer["epoch"], "lane": "talk",
        "operations": [{
            "op_id": format!("018f0000-0000-7000-8000-{number:012x}"), "kind": "message.posted", "body_version": 1,
            "occurred_at_ms": 1_790_000_000_000_i64, "zone": "Asia/Tokyo", "utc_offset_min": 540,
            "body": { "text": text, "authored_by": "person" },
        }],
    })
}

fn post(world: &World, path: &str, encoding: &str, body: Vec<u8>) -> Response<Body> {
    let token = &world.here.participant.person.token;
    let request = Request::post(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONTENT_ENCODING, encoding)
        .body(Body::from(body))
        .unwrap();
    now(respond(&world.server, request))
}

fn read(response: Response<Body>) -> Vec<u8> {
    now(to_bytes(response.into_body(), 8 << 20)).unwrap().to_vec()
}

fn code(response: Response<Body>) -> (u16, Value) {
    let status = response.status().as_u16();
    let problem: Value = serde_json::from_slice(&read(response)).unwrap();
    assert_eq!(problem["status"], status, "{problem}");
    (status, problem["code"].clone())
}

#[test]
fn a_packed_request_is_read_and_one_that_unpacks_beyond_its_limit_is_not() {
    let world = now(World::new(1));
    let message = push(&world, 1, "Simulated.").to_string();
    assert_eq!(
        post(&world, "/v1/push", "gzip", packed(message.as_bytes())).status(),
        200
    );
    assert_eq!(
        post(&world, "/v1/push", "identity", message.clone().into()).status(),
        200
    );

    let bomb = packed(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 100 << 10, "small on the way");
    assert_eq!(
        code(post(&world, "/v1/push", "gzip", bomb)),
        (413, json!("too_large"))
    );

    let mut cut = packed(message.as_bytes());
    cut.truncate(40);
    for (encoding, body) in [("gzip", cut), ("gzip", message.clone().into())] {
        assert_eq!(
            code(post(&world, "/v1/push", encoding, body)),
            (400, json!("malformed"))
        );
    }
    for encoding in ["br", "gzip, gzip", "x"] {
        let refused = code(post(&world, "/v1/push", encoding, packed(message.as_bytes())));
        assert_eq!(refused, (415, json!("unsupported_media_type")));
    }
}

#[test]
fn a_long_answer_is_packed_for_whoever_asks_and_a_short_one_never() {
    let world = now(World::new(1));
    let her = world.here.participant.person.token.clone();
    let text = "歩いた。".repeat(1000);
    let message = push(&world, 1, &text);
    now(world.send(request("POST", "/v1/push", Some(&her), &message)));
    let pull = json!({
        "logs": [{ "log": message["log"], "cursor": { "epoch": message["epoch"], "seq": 0 } }],
        "page_entries": 100, "wait_ms": 0,
    });
    let ask = |path: &str, accepted: Option<&'static str>| {
        let body = if path == "/v1/pull" { &pull } else { &Value::Null };
        let method = if path == "/v1/pull" { "POST" } else { "GET" };
        let mut request = request(method, path, Some(&her), body);
        if let Some(accepted) = accepted {
            let accepted = accepted.parse().unwrap();
            request.headers_mut().insert(header::ACCEPT_ENCODING, accepted);
        }
        now(respond(&world.server, request))
    };
    let plain = ask("/v1/pull", None);
    assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
    let plain = read(plain);

    let answer = ask("/v1/pull", Some("gzip"));
    assert_eq!(answer.headers()[header::CONTENT_ENCODING], "gzip");
    assert!(
        answer.headers()[header::VARY]
            .to_str()
            .unwrap()
            .contains("accept-encoding")
    );
    let bytes = read(answer);
    assert!(bytes.len() * 4 < plain.len());
    let mut unpacked = Vec::new();
    GzDecoder::new(&bytes[..]).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain);

    let refused = ask("/v1/pull", Some("gzip;q=0, br"));
    assert!(!refused.headers().contains_key(header::CONTENT_ENCODING));
    let unknown = ask("/v1/nothing", Some("gzip"));
    assert!(!unknown.headers().contains_key(header::CONTENT_ENCODING));
}

#[test]
fn header_fields_beyond_their_limit_are_a_problem_with_its_own_status() {
    let world = now(World::new(1));
    let mut long = request("GET", "/v1/server", None, &Value::Null);
    long.headers_mut()
        .insert("cookie", "x".repeat(17 << 10).parse().unwrap());
    assert_eq!(code(now(respond(&world.server, long))), (431, json!("too_large")));
}

#[test]
fn every_answer_carries_the_id_of_its_request() {
    let world = now(World::new(1));
    let ask = |path: &str, id: Option<&'static str>| {
        let mut request = request("GET", path, None, &Value::Null);
        if let Some(id) = id {
            request
                .headers_mut()
                .insert("ayumi-request-id", id.parse().unwrap());
        }
        let answer = now(respond(&world.server, request));
        answer.headers()["ayumi-request-id"].to_str().unwrap().to_owned()
    };
    let id = "0191d2b0-0000-7000-8000-000000000001";
    assert_eq!(ask("/v1/server", Some(id)), id);
    assert_eq!(ask("/v1/nothing", Some(id)), id, "also of a refusal");
    let made = ask("/v1/server", Some("her name"));
    assert!(
        uuid::Uuid::try_parse(&made).is_ok(),
        "what is no id is not repeated: {made}"
    );
    assert_ne!(ask("/v1/server", None), made);
}

/// Log lines of this thread.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[test]
fn the_log_has_one_line_for_each_request_and_nothing_of_anybody() {
    let lines = Lines::default();
    let writer = lines.clone();
    let this = std::thread::current().id();
    let log = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || -> Box<dyn std::io::Write> {
            if std::thread::current().id() == this {
                Box::new(writer.clone())
            } else {
                Box::new(std::io::sink())
            }
        })
        .finish();
    // For all threads, because whether a line is wanted at all is remembered across them; only this one's are kept.
    tracing::subscriber::set_global_default(log).unwrap();

    let world = now(World::new(1));
    let name = "Hanako Simulated";
    let invitation = Invitation {
        society_id: world.here.society_id,
        name: name.to_owned(),
        name_reading: Some("はなこ".to_owned()),
        birth_date: LocalDate::parse("1975-04-01").unwrap(),
        dietitian_id: Some(world.here.dietitian.account_id),
        external_ref: Some("S-4711".to_owned()),
    };
    let invitation = now(invitations::make(&world.server, invitation)).unwrap();
    let body = json!({
        "code": invitation, "birth_date": "1975-04-01",
        "device": { "platform": "ios", "model": "Simulated Phone 3", "app_version": "1.0.0" },
    });
    let key = "5f8c1f0e-8f5e-4c3a-9d61-0b7c2a9e4d11";
    let mut enrol = request("POST", "/v1/enrol?birth_date=1975-04-01", None, &body);
    enrol
        .headers_mut()
        .insert("idempotency-key", key.parse().unwrap());
    let id = "0191d2b0-0000-7000-8000-000000000001";
    enrol
        .headers_mut()
        .insert("ayumi-request-id", id.parse().unwrap());
    let (status, session) = now(world.send(enrol));
    assert_eq!(status, 200, "{session}");
    let upload = "/v1/uploads/018f0000-0000-7000-8000-00000000abcd";
    let her = world.here.participant.person.token.clone();
    now(world.send(request("HEAD", upload, Some(&her), &Value::Null)));
    let message = push(&world, 7, "Two dumplings, 68.4 kg");
    let (status, _) = now(world.send(request("POST", "/v1/push", Some(&her), &message)));
    assert_eq!(status, 200);
    now(world.send(request("GET", "/v1/Hanako", Some(&her), &Value::Null)));
    let mut wrong = request("POST", "/v1/push", Some(&her), &Value::Null);
    *wrong.body_mut() = Body::from("{\"dumplings\":");
    now(world.send(wrong));

    let text = lines.text();
    let tokens = &session["tokens"];
    for forbidden in [
        name,
        "Hanako",
        "はなこ",
        "S-4711",
        "1975",
        "Phone 3",
        "umplings",
        "68.4",
        &invitation,
        key,
        tokens["access_token"].as_str().unwrap(),
        tokens["refresh_token"].as_str().unwrap(),
        &her,
        "00000000abcd",
        world.here.participant.case_id.to_string().as_str(),
        session["account_id"].as_str().unwrap(),
    ] {
        assert!(
            !text.contains(forbidden),
            "{forbidden} stands in the log:\n{text}"
        );
    }
    let events: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["fields"].clone())
        .filter(|fields| fields["message"] == "request")
        .collect();
    let seen: Vec<String> = events
        .iter()
        .map(|event| {
            let word = |name: &str| event[name].as_str().unwrap().to_owned();
            format!("{} {} {}", word("method"), word("path"), event["status"])
        })
        .collect();
    assert_eq!(
        seen,
        [
            "POST /v1/enrol 200",
            "HEAD /v1/uploads/{upload_id} 404",
            "GET /v1/server 200",
            "POST /v1/push 200",
            "GET unmatched 404",
            "POST /v1/push 415",
        ]
    );
    assert_eq!(events[0]["request_id"], id);
    assert!(events[0]["bytes"].as_u64().unwrap() > 100, "{}", events[0]);
}

#[test]
fn numbers_count_by_pattern_and_class_and_a_phone_cannot_add_labels() {
    let world = now(World::new(1));
    let her = world.here.participant.person.token.clone();
    for number in 0..100 {
        let path = format!("/v1/uploads/018f0000-0000-7000-8000-{number:012x}");
        now(world.send(request("HEAD", &path, Some(&her), &Value::Null)));
        now(world.send(request(
            &format!("VERB{number}"),
            &format!("/{number}"),
            None,
            &Value::Null,
        )));
    }
    let message = push(&world, 1, "Simulated.");
    now(world.send(request("POST", "/v1/push", Some(&her), &message)));
    let pull = json!({
        "logs": [{ "log": message["log"], "cursor": { "epoch": message["epoch"], "seq": 1 } }],
        "page_entries": 100, "wait_ms": 20_000,
    });
    let mut poll = Box::pin(world.send(request("POST", "/v1/pull", Some(&her), &pull)));
    assert!(poll.as_mut().now_or_never().is_none());
    let numbers = |world: &World| world.server.metrics.write(&world.server).unwrap();
    assert!(numbers(&world).contains("ayumi_waiting_polls 1\n"));
    world.time.advance(Duration::from_secs(3));
    // The phone goes away.
    drop(poll);

    let text = numbers(&world);
    for line in [
        r#"ayumi_requests_total{method="POST",path="/v1/push",status="2xx"} 1"#,
        r#"ayumi_requests_total{method="HEAD",path="/v1/uploads/{upload_id}",status="4xx"} 100"#,
        r#"ayumi_requests_total{method="other",path="unmatched",status="4xx"} 100"#,
        r#"ayumi_requests_total{method="POST",path="/v1/pull",status="4xx"} 1"#,
        r#"ayumi_request_duration_seconds_sum{method="POST",path="/v1/pull"} 3.0"#,
        "ayumi_waiting_polls 0",
        "ayumi_store_queue 0",
        "ayumi_store_repeats_total 0",
        r#"ayumi_build_info{version="0.1.0"} 1"#,
        "# EOF",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is missing:\n{text}"
        );
    }
    assert!(text.lines().count() < 200, "{text}");
    assert!(!text.contains(&her) && !text.contains("VERB7"));
}
