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
use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use process::{Node, read_reply};
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
