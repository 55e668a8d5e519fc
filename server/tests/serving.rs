//! What the program does around its interface: health, numbers, and its end. Source: faults.md F76, sync.md 15.6.

#![cfg(target_os = "linux")]
#![allow(missing_docs, unreachable_pub, reason = "a test")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may stop at the first surprise"
)]

#[path = "support/process.rs"]
mod process;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;

use process::{Node, read_reply, request};
use serde_json::Value;

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn health_and_numbers_are_at_the_internal_address_alone() {
    let node = Node::start();
    for path in ["/health/live", "/health/ready", "/metrics"] {
        assert!(get(node.address, path).starts_with("HTTP/1.1 404 "), "{path}");
    }
    for path in ["/health/live", "/health/ready"] {
        assert!(get(node.internal, path).starts_with("HTTP/1.1 204 "), "{path}");
    }
    let numbers = get(node.internal, "/metrics");
    let expected = r#"ayumi_requests_total{method="POST",path="/v1/enrol",status="2xx"} 1"#;
    assert!(numbers.contains(expected), "{numbers}");
    assert!(!numbers.contains(&node.case_id), "nothing of anybody");
}

#[test]
fn a_node_that_nobody_could_watch_does_not_serve() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ended = Command::new(env!("CARGO_BIN_EXE_ayumi-server"))
        .arg("--data")
        .arg(folder.path())
        .args(["--listen", "127.0.0.1:0", "--internal-listen"])
        .arg(taken.local_addr().unwrap().to_string())
        .output()
        .unwrap();
    assert!(!ended.status.success());
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(
        said.contains("is in use") && said.contains("--internal-listen"),
        "{said}"
    );
}

#[test]
fn waiting_polls_are_answered_with_nothing_when_it_is_told_to_stop_f76() {
    let mut node = Node::start();
    let mut waiting = node.pull();
    // From the end of the log on: it has one entry.
    waiting["logs"][0]["cursor"]["seq"] = 1.into();
    waiting["wait_ms"] = 25_000.into();
    let numbers = |node: &Node| get(node.internal, "/metrics");
    let mut poll = node.connect();
    poll.write_all(&node.json("/v1/pull", &waiting.to_string()))
        .unwrap();
    while !numbers(&node).contains("ayumi_waiting_polls 1\n") {
        std::thread::yield_now();
    }
    let id = node.child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    let reply = read_reply(&mut poll);
    assert_eq!(reply.status, Some(200));
    let answer: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(answer["logs"], serde_json::json!([]));
    assert!(
        node.child.wait().unwrap().success(),
        "it ends by itself, and well"
    );
}

/// The hour of a node's clock, by which tries are counted.
fn hour(node: &Node) -> i64 {
    let reply = node.send(&request("GET", "/v1/server", "", b""));
    let answer: Value = serde_json::from_slice(&reply.body).unwrap();
    answer["server_time_ms"].as_i64().unwrap() / 3_600_000
}

/// What enrolments that a proxy says to come from these addresses are answered with; each tries another code, so that only the
/// address counts. `None` if the hour has turned meanwhile.
fn tries(arguments: &[&str]) -> Option<[u16; 5]> {
    let node = Node::start_with(arguments);
    let before = hour(&node);
    let mut tried = 0;
    let statuses = [1, 1, 1, 1, 2].map(|last| {
        tried += 1;
        let body = serde_json::json!({
            "code": format!("{tried:04}-0000-0000"), "birth_date": "1975-04-01",
            "device": { "platform": "ios", "model": "simulated", "app_version": "1.0.0" },
        });
        let key = "idempotency-key: 5f8c1f0e-8f5e-4c3a-9d61-0b7c2a9e4d12";
        let fields = format!("{key}\r\nx-forwarded-for: 192.0.2.{tried}, 198.51.100.{last}\r\n");
        let reply = node.send(&request(
            "POST",
            "/v1/enrol",
            &fields,
            body.to_string().as_bytes(),
        ));
        reply.status.unwrap()
    });
    (hour(&node) == before).then_some(statuses)
}

#[test]
fn a_proxy_that_the_operator_names_tells_where_a_try_came_from_and_no_other_does() {
    let within_an_hour =
        |arguments: &[&str]| std::iter::repeat_with(|| tries(arguments)).find_map(|found| found);
    let named = within_an_hour(&["--trusted-proxy", "127.0.0.1", "--sign-ins-per-hour", "3"]);
    assert_eq!(named, Some([403, 403, 403, 429, 403]));
    // All come from this machine, which has enrolled somebody before.
    let unnamed = within_an_hour(&["--sign-ins-per-hour", "3"]).unwrap();
    assert_eq!(unnamed[2..], [429, 429, 429]);
}
