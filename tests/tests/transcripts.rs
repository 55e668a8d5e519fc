//! Requests of every recorded version of the app, answered by today's server: the same statuses, and nothing of an answer is gone (F73).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic in a test is a failed test"
)]

use std::collections::BTreeSet;
use std::fs;

use ayumi_tests::real_server::RealServer;
use ayumi_tests::transcript::{Recorded, folder, read, record, replay, written};

/// What the app asks of a server; an upload ends with its id. Without the two requests for a snapshot: a log that is long enough for
/// one would make the file too long to be read; `new_phone.rs` shows them.
const REQUESTS: &[&str] = &[
    "GET /v1/consent-text",
    "GET /v1/staff/caseload",
    "PATCH /v1/uploads/",
    "POST /v1/enrol",
    "POST /v1/picture",
    "POST /v1/pull",
    "POST /v1/push",
    "POST /v1/session/end",
    "POST /v1/session/refresh",
    "POST /v1/staff/sign-in",
    "POST /v1/transfer",
    "POST /v1/transfer-code",
    "POST /v1/uploads",
];

/// What the app pushes.
const KINDS: &[&str] = &[
    "consent.given",
    "consent.withdrawn",
    "message.deleted",
    "message.edited",
    "message.posted",
    "message.read",
    "note.deleted",
    "note.edited",
    "note.posted",
    "settings.changed",
    "steps.day",
    "weight.deleted",
    "weight.recorded",
];

fn requests(transcript: &[Recorded]) -> BTreeSet<String> {
    let named = |exchange: &Recorded| {
        let path = match exchange.path.strip_prefix("/v1/uploads/") {
            Some(_) => "/v1/uploads/",
            None => &exchange.path,
        };
        format!("{} {path}", exchange.method)
    };
    transcript.iter().map(named).collect()
}

fn kinds(transcript: &[Recorded]) -> BTreeSet<String> {
    let mut kinds = BTreeSet::new();
    for exchange in transcript.iter().filter(|exchange| exchange.path == "/v1/push") {
        let body = exchange.body.json().unwrap();
        for operation in body["operations"].as_array().unwrap() {
            kinds.insert(operation["kind"].as_str().unwrap().to_owned());
        }
    }
    kinds
}

#[test]
fn f73_every_recorded_version_of_the_app_is_answered_as_it_was() {
    let entries: Vec<_> = fs::read_dir(folder()).unwrap().collect();
    assert!(!entries.is_empty(), "no version is recorded");
    for entry in entries {
        let path = entry.unwrap().path();
        let transcript = read(&fs::read_to_string(&path).unwrap());
        assert!(!transcript.is_empty(), "{}", path.display());
        let found = replay(&transcript, &RealServer::start());
        assert!(found.is_empty(), "{}:\n{}", path.display(), found.join("\n"));
    }
}

#[test]
fn what_would_be_recorded_today_has_every_request_and_kind_and_can_be_played_again() {
    let transcript = record();
    let expected =
        |names: &[&str]| -> BTreeSet<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    assert_eq!(requests(&transcript), expected(REQUESTS));
    assert_eq!(kinds(&transcript), expected(KINDS));
    let text = written("0.0.0", &transcript);
    let again = read(&text);
    assert_eq!(written("0.0.0", &again), text);
    let found = replay(&again, &RealServer::start());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_server_that_answers_otherwise_is_found() {
    let mut transcript = record();
    for exchange in &mut transcript {
        if exchange.path == "/v1/consent-text" {
            exchange.status = 404;
        }
    }
    let found = replay(&transcript, &RealServer::start());
    assert!(
        !found.is_empty()
            && found
                .iter()
                .all(|line| line.contains("the status was 404 and is 200")),
        "{found:?}"
    );
}
