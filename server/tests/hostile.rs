//! Requests that no app sends, through a socket to the real program. Source: faults.md F75.
//!
//! Each gets a clear refusal, or its connection is closed where HTTP says so. Afterwards nothing has changed in the store, others
//! are served, and the memory of the process has stayed where it was.

#![cfg(target_os = "linux")]
#![allow(missing_docs, unreachable_pub, reason = "a test")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test may stop at the first surprise"
)]

#[path = "support/process.rs"]
mod process;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::Shutdown;

use flate2::Compression;
use flate2::write::GzEncoder;
use process::{MOST_KIB, Node, read_reply, request};
use serde_json::Value;

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A case with the statuses that are a clear refusal; 0 stands for a closed connection.
type Case = (&'static str, Vec<u8>, &'static [u16]);

fn malformed(node: &Node) -> Vec<Case> {
    let json = |text: &str| node.json("/v1/push", text);
    let plain = |text: &str| text.as_bytes().to_vec();
    let pull = |seq: &str, entries: &str| {
        let mut text = node.pull().to_string();
        text = text.replace("\"seq\":0", &format!("\"seq\":{seq}"));
        node.json("/v1/pull", &text.replace(":10", &format!(":{entries}")))
    };
    let token = &node.token;
    let patch = |path: &str| {
        plain(&format!(
            "PATCH {path} HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\nauthorization: Bearer {token}\r\n\r\n"
        ))
    };
    let open = "[".repeat(100_000);
    let closed = "]".repeat(100_000);
    let both_lengths = "content-length: 5\r\ncontent-length: 6";
    vec![
        ("another method", request("DELETE", "/v1/push", "", b""), &[405]),
        ("an invented method", request("BREW", "/v1/push", "", b""), &[405]),
        (
            "another type",
            node.post("/v1/push", "content-type: text/xml\r\n", b"<a/>"),
            &[415],
        ),
        ("no type", node.post("/v1/push", "", b"{}"), &[415]),
        ("nothing", json(""), &[400]),
        ("open brackets", json(&open), &[400]),
        ("deep nesting", json(&format!("{open}{closed}")), &[400]),
        (
            "deep nesting in a field that nobody knows",
            json(&node.push("{}").replacen(
                '{',
                &format!("{{\"x\":{}1{},", &open[..50_000], &closed[..50_000]),
                1,
            )),
            // What a reader does not know it skips, however deep it is; the operation itself is refused.
            &[200, 400],
        ),
        ("a huge number", pull("1e999", "10"), &[400]),
        (
            "a number beyond 64 bits",
            pull("99999999999999999999999", "10"),
            &[400],
        ),
        ("a negative place", pull("-1", "10"), &[400, 422]),
        ("half an entry", pull("0", "0.5"), &[400]),
        ("digits without end", pull(&"9".repeat(100_000), "10"), &[400]),
        (
            "a field twice",
            json(&node.push("{}").replacen('{', "{\"lane\":\"talk\",", 1)),
            &[400],
        ),
        (
            "no UTF-8",
            node.post(
                "/v1/push",
                "content-type: application/json\r\n",
                b"{\"lane\":\"\xff\xfe\"}",
            ),
            &[400],
        ),
        (
            "half a surrogate",
            json(&node.push("{}").replace("talk", "\\ud800")),
            &[400],
        ),
        (
            "a long body",
            json(&format!("\"{}\"", "a".repeat(300 << 10))),
            &[413],
        ),
        (
            "an announced terabyte",
            node.head("/v1/push", "content-length: 1099511627776"),
            &[413],
        ),
        (
            "a length beyond 64 bits",
            node.head("/v1/push", "content-length: 99999999999999999999999"),
            &[400, 0],
        ),
        ("two lengths", node.head("/v1/push", both_lengths), &[400, 0]),
        (
            "a negative length",
            node.head("/v1/push", "content-length: -1"),
            &[400, 0],
        ),
        (
            "an unknown framing",
            node.head("/v1/push", "transfer-encoding: sideways"),
            &[400, 0],
        ),
        (
            "a chunk of no length",
            [
                node.head("/v1/push", "transfer-encoding: chunked"),
                plain("zz\r\n{}\r\n0\r\n\r\n"),
            ]
            .concat(),
            &[400],
        ),
        (
            "a coding that is not read",
            node.post(
                "/v1/push",
                "content-type: application/json\r\ncontent-encoding: br\r\n",
                b"{}",
            ),
            &[415],
        ),
        (
            "no gzip",
            node.post(
                "/v1/push",
                "content-type: application/json\r\ncontent-encoding: gzip\r\n",
                b"{}",
            ),
            &[400],
        ),
        ("a path upwards", patch("/v1/uploads/../../../etc/passwd"), &[404]),
        (
            "a hidden path upwards",
            patch("/v1/uploads/..%2f..%2f..%2fetc%2fpasswd"),
            &[404],
        ),
        (
            "a doubly hidden path",
            patch("/v1/uploads/%252e%252e%252fpasswd"),
            &[404],
        ),
        ("a zero in a path", patch("/v1/uploads/%00"), &[404]),
        ("no UTF-8 in a path", patch("/v1/uploads/%ff%fe"), &[400, 404]),
        (
            "a path without end",
            patch(&format!("/v1/uploads/{}", "a".repeat(60_000))),
            &[404, 414, 431],
        ),
        (
            "another version of HTTP",
            plain("GET /v1/server HTTP/7.3\r\n\r\n"),
            &[400, 505, 0],
        ),
        ("no HTTP", plain("\r\n\r\nhello\r\n\r\n"), &[400, 0]),
        (
            "a greeting of TLS",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(20),
            &[400, 0],
        ),
        (
            "a zero in a field",
            plain("GET /v1/server HTTP/1.1\r\nhost: a\0b\r\n\r\n"),
            &[400, 0],
        ),
        (
            "a field without a name",
            plain("GET /v1/server HTTP/1.1\r\n: a\r\n\r\n"),
            &[400, 0],
        ),
        (
            "long fields",
            request(
                "GET",
                "/v1/server",
                &format!("cookie: {}\r\n", "a".repeat(20 << 10)),
                b"",
            ),
            &[431],
        ),
        (
            "many fields",
            request("GET", "/v1/server", &"cookie: a\r\n".repeat(1000), b""),
            &[431],
        ),
        (
            "fields without end",
            request(
                "GET",
                "/v1/server",
                &"cookie: aaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(100_000),
                b"",
            ),
            &[431, 0],
        ),
        (
            "a token of zeros",
            plain(&format!(
                "POST /v1/pull HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2\r\nauthorization: Bearer {}\r\n\r\n{{}}",
                "0".repeat(10_000)
            )),
            &[400, 401],
        ),
    ]
}

#[test]
fn a_malformed_request_is_refused_clearly_and_changes_nothing() {
    let mut node = Node::start();
    for (name, bytes, expected) in malformed(&node) {
        let reply = node.send(&bytes);
        let status = reply.status.unwrap_or(0);
        let text = String::from_utf8_lossy(&reply.body);
        assert!(expected.contains(&status), "{name}: {status} {text}");
        if status >= 400 && text.starts_with('{') {
            let problem: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(problem["status"], status, "{name}: {problem}");
        }
        node.assert_unharmed(name);
    }
}

#[test]
fn a_body_that_is_nested_deeply_is_refused_operation_by_operation_at_most() {
    let mut node = Node::start();
    let nested = format!("{{\"x\":{}1{}}}", "[".repeat(30_000), "]".repeat(30_000));
    let reply = node.send(&node.json("/v1/push", &node.push(&nested)));
    match reply.status.unwrap() {
        200 => {
            let answer: Value = serde_json::from_slice(&reply.body).unwrap();
            assert!(answer["results"][0]["code"].is_string(), "{answer}");
        }
        status => assert_eq!(status, 400),
    }
    node.assert_unharmed("a nested body");
}

#[test]
fn garbage_behind_a_request_ends_the_connection_after_its_answer() {
    let mut node = Node::start();
    let mut bytes = request("GET", "/v1/server", "", b"");
    bytes.extend_from_slice(b"\x00\x01 garbage \xff\r\n\r\n");
    bytes.extend_from_slice(&node.json("/v1/push", "{}"));
    let mut stream = node.connect();
    stream.write_all(&bytes).unwrap();
    let mut answers = Vec::new();
    // Its end is the end of the connection.
    if let Err(error) = stream.read_to_end(&mut answers) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    let answers = String::from_utf8(answers).unwrap();
    let statuses: Vec<&str> = answers
        .lines()
        .filter_map(|line| line.strip_prefix("HTTP/1.1 "))
        .map(|line| &line[..3])
        .collect();
    assert!(statuses == ["200", "400"] || statuses == ["200"], "{answers}");
    node.assert_unharmed("garbage in a pipeline");
}

#[test]
fn a_length_and_chunks_at_once_are_not_two_requests() {
    let mut node = Node::start();
    let hidden = "POST /v1/session/end HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n";
    let mut bytes = node.head("/v1/push", "content-length: 4\r\ntransfer-encoding: chunked");
    bytes.extend_from_slice(format!("0\r\n\r\n{hidden}").as_bytes());
    let mut stream = node.connect();
    stream.write_all(&bytes).unwrap();
    let reply = read_reply(&mut stream);
    assert!([Some(400), None].contains(&reply.status), "{reply:?}");
    // Whatever follows on that connection was framed by somebody else: it is not answered as a request of ours.
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    let rest = String::from_utf8_lossy(&rest);
    assert!(!rest.contains(" 200 "), "{rest}");
    node.assert_unharmed("two framings");
}

#[test]
fn whoever_is_slow_is_cut_off_and_holds_up_nobody() {
    let mut node = Node::start();
    let chunked = node.head("/v1/push", "transfer-encoding: chunked");
    let half_a_head = b"POST /v1/push HTTP/1.1\r\nhost: a\r\ncontent-ty".to_vec();
    let half_a_body = [
        node.head("/v1/push", "content-length: 1000"),
        b"{\"log\":".to_vec(),
    ]
    .concat();
    let no_end = [chunked, b"7\r\n{\"log\":\r\n".to_vec()].concat();
    let kinds: [(&[u8], &[u16]); 4] = [
        (b"", &[0]),
        (&half_a_head, &[0, 408]),
        (&half_a_body, &[408]),
        (&no_end, &[408]),
    ];
    let mut connections = Vec::new();
    for _ in 0..50 {
        for (bytes, expected) in kinds {
            let mut stream = node.connect();
            stream.write_all(bytes).unwrap();
            connections.push((stream, expected));
        }
    }
    // While two hundred of them are open.
    let reply = node.send(&node.json("/v1/pull", &node.pull().to_string()));
    assert_eq!(reply.status, Some(200));
    for (stream, expected) in &mut connections {
        let status = read_reply(stream).status.unwrap_or(0);
        assert!(expected.contains(&status), "{status} instead of {expected:?}");
    }
    drop(connections);
    node.assert_unharmed("slow requests");
}

#[test]
fn whoever_takes_nothing_of_an_answer_is_cut_off() {
    let mut node = Node::start_with(&["--taking-seconds", "1"]);
    let mut stream = node.connect();
    // Asks for far more than all buffers hold, and reads nothing: until it is cut off it cannot even go on asking.
    let asked = request("GET", "/v1/openapi.json", "", b"").repeat(1_000_000);
    let error = stream.write_all(&asked).unwrap_err();
    assert!(
        [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe].contains(&error.kind()),
        "{error}"
    );
    node.assert_unharmed("an answer that nobody takes");
}

#[test]
fn bombs_and_floods_from_many_sides_leave_memory_where_it_was() {
    let mut node = Node::start();
    let gzip = "content-type: application/json\r\ncontent-encoding: gzip\r\n";
    let bomb = node.post("/v1/push", gzip, &packed(&vec![b' '; 200 << 20]));
    let many_members = packed(b"").repeat(10_000);
    let empty = node.post("/v1/push", gzip, &many_members);
    let fields = request(
        "GET",
        "/v1/server",
        &format!("cookie: {}\r\n", "a".repeat(4 << 20)),
        b"",
    );
    let chunk = [b"10000\r\n".to_vec(), vec![b' '; 0x10000], b"\r\n".to_vec()].concat();
    let chunks = [
        node.head("/v1/push", "transfer-encoding: chunked"),
        chunk.repeat(64),
    ]
    .concat();
    let floods: [(&str, &[u8], &[u16]); 4] = [
        ("a bomb", &bomb, &[413]),
        ("many empty members", &empty, &[400, 413]),
        ("fields", &fields, &[431, 0]),
        // The refusal may get lost under what is still being sent.
        ("chunks", &chunks, &[413, 0]),
    ];
    let most_kib = std::thread::scope(|scope| {
        let node = &node;
        let senders: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(move || {
                    for _ in 0..4 {
                        for (name, bytes, expected) in floods {
                            let status = node.send(bytes).status.unwrap_or(0);
                            assert!(expected.contains(&status), "{name}: {status}");
                        }
                    }
                })
            })
            .collect();
        let mut most_kib = 0;
        while senders.iter().any(|sender| !sender.is_finished()) {
            most_kib = most_kib.max(node.resident_kib());
            std::thread::yield_now();
        }
        most_kib
    });
    assert!(most_kib < MOST_KIB, "{most_kib} KiB at its height");
    node.assert_unharmed("bombs and floods");
    // A connection that the other side gave up in the middle is forgotten as well.
    for _ in 0..100 {
        let mut stream = node.connect();
        let _ = stream.write_all(&chunks[..1000]);
        let _ = stream.shutdown(Shutdown::Both);
    }
    node.assert_unharmed("cut connections");
}
