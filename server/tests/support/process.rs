//! The real program in a folder of its own, with one participant, and sockets to it. The person is simulated.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// Long enough for a machine that does much else; nothing waits for it unless the test fails.
const PATIENCE: Duration = Duration::from_mins(1);
/// How much memory the program may hold after everything and at its height, in KiB. An idle one holds a tenth.
pub const MOST_KIB: u64 = 200 * 1024;
/// How much more than before, in KiB: the caches of the store fill up, bodies must not stay.
const MOST_GROWTH_KIB: u64 = 100 * 1024;

/// The program, and one participant of it.
pub struct Node {
    pub child: Child,
    folder: TempDir,
    pub address: SocketAddr,
    /// Health and numbers.
    pub internal: SocketAddr,
    pub token: String,
    pub case_id: String,
    pub epoch: String,
    before: BTreeMap<String, i64>,
    pub before_kib: u64,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// `None` if the connection was closed without an answer.
    pub status: Option<u16>,
    pub body: Vec<u8>,
}

fn free_addresses() -> [SocketAddr; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap())
}

fn program(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ayumi-server"));
    command.arg("--data").arg(folder.path().join("data"));
    command
}

fn admin(folder: &TempDir, arguments: &[&str]) -> String {
    let output = program(folder).arg("admin").args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

impl Node {
    /// One with deadlines of a second.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// One with more arguments.
    pub fn start_with(arguments: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        admin(&folder, &["society-create", "simulated", "Simulated"]);
        let text = folder.path().join("consent.txt");
        std::fs::write(&text, "A simulated text of consent.").unwrap();
        admin(
            &folder,
            &["consent-text", "simulated", "1", text.to_str().unwrap()],
        );
        let invited = ["invitation-create", "simulated", "Simulated", "1975-04-01"];
        let code = admin(&folder, &invited).trim().to_owned();
        let [address, internal] = free_addresses();
        let child = program(&folder)
            .args(["--header-seconds", "1", "--request-seconds", "1"])
            .args(arguments)
            .arg("--listen")
            .arg(address.to_string())
            .arg("--internal-listen")
            .arg(internal.to_string())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut node = Self {
            child,
            folder,
            address,
            internal,
            token: String::new(),
            case_id: String::new(),
            epoch: String::new(),
            before: BTreeMap::new(),
            before_kib: 0,
        };
        node.await_readiness();
        let enrol = json!({
            "code": code, "birth_date": "1975-04-01",
            "device": { "platform": "ios", "model": "simulated", "app_version": "1.0.0" },
        });
        let key = "idempotency-key: 5f8c1f0e-8f5e-4c3a-9d61-0b7c2a9e4d11\r\n";
        let session = node.send(&request("POST", "/v1/enrol", key, enrol.to_string().as_bytes()));
        let session: Value = serde_json::from_slice(&session.body).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        node.token = text(&session["tokens"]["access_token"]);
        node.case_id = text(&session["case_id"]);
        node.epoch = text(&session["epoch"]);
        let pulled = node.send(&node.json("/v1/pull", &node.pull().to_string()));
        assert_eq!(
            pulled.status,
            Some(200),
            "{}",
            String::from_utf8_lossy(&pulled.body)
        );
        node.before = node.rows();
        node.before_kib = node.resident_kib();
        node
    }

    fn await_readiness(&mut self) {
        while [self.address, self.internal]
            .into_iter()
            .any(|place| TcpStream::connect(place).is_err())
        {
            assert!(self.child.try_wait().unwrap().is_none(), "the program has ended");
            std::thread::yield_now();
        }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends bytes on a connection of their own and reads one answer.
    pub fn send(&self, bytes: &[u8]) -> Reply {
        let mut stream = self.connect();
        // It may refuse before it has read everything.
        let _ = stream.write_all(bytes);
        read_reply(&mut stream)
    }

    /// A well-formed request of the participant with this text as its JSON.
    pub fn json(&self, path: &str, text: &str) -> Vec<u8> {
        self.post(path, "content-type: application/json\r\n", text.as_bytes())
    }

    pub fn post(&self, path: &str, fields: &str, body: &[u8]) -> Vec<u8> {
        let fields = format!("authorization: Bearer {}\r\n{fields}", self.token);
        request_with("POST", path, &fields, body)
    }

    /// The beginning of a request whose body is still to come.
    pub fn head(&self, path: &str, framing: &str) -> Vec<u8> {
        let token = &self.token;
        format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nauthorization: Bearer {token}\r\n{framing}\r\n\r\n"
        )
        .into_bytes()
    }

    pub fn pull(&self) -> Value {
        json!({
            "logs": [{
                "log": { "case_id": self.case_id, "audience": "care" },
                "cursor": { "epoch": self.epoch, "seq": 0 },
            }],
            "page_entries": 10,
        })
    }

    pub fn push(&self, body: &str) -> String {
        let (case_id, epoch) = (&self.case_id, &self.epoch);
        format!(
            r#"{{"log":{{"case_id":"{case_id}","audience":"care"}},"epoch":"{epoch}","lane":"talk","operations":[{{
                "op_id":"018f0000-0000-7000-8000-000000000001","kind":"message.posted","body_version":1,
                "occurred_at_ms":1790000000000,"zone":"Asia/Tokyo","utc_offset_min":540,"body":{body}}}]}}"#
        )
    }

    /// How many rows each table has.
    fn rows(&self) -> BTreeMap<String, i64> {
        let file = self.folder.path().join("data").join("ayumi.db");
        let store = rusqlite::Connection::open(file).unwrap();
        let mut tables = store
            .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
            .unwrap();
        let names: Vec<String> = tables
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let count = |name: String| {
            let sql = format!("SELECT COUNT(*) FROM \"{name}\"");
            let count = store.query_row(&sql, [], |row| row.get(0)).unwrap();
            (name, count)
        };
        names.into_iter().map(count).collect()
    }

    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Others are served, nothing was stored, and memory was given back.
    pub fn assert_unharmed(&mut self, after: &str) {
        assert!(
            self.child.try_wait().unwrap().is_none(),
            "it has ended after {after}"
        );
        let reply = self.send(&self.json("/v1/pull", &self.pull().to_string()));
        assert_eq!(reply.status, Some(200), "after {after}");
        assert_eq!(self.rows(), self.before, "after {after}");
        let kib = self.resident_kib();
        assert!(kib < MOST_KIB, "{kib} KiB after {after}");
        assert!(
            kib < self.before_kib + MOST_GROWTH_KIB,
            "{kib} KiB after {after}, {} before",
            self.before_kib
        );
    }
}

pub fn request(method: &str, path: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    request_with(
        method,
        path,
        &format!("content-type: application/json\r\n{fields}"),
        body,
    )
}

pub fn request_with(method: &str, path: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut bytes =
        format!("{method} {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n{fields}\r\n")
            .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Reads one answer, or the end of the connection.
pub fn read_reply(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 << 10];
    loop {
        if let Some(reply) = whole(&bytes) {
            return reply;
        }
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            // Closed while something of ours was still on its way.
            Err(error) if [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe].contains(&error.kind()) => {
                break;
            }
            Err(error) => panic!("neither an answer nor an end: {error}"),
        }
    }
    assert!(
        bytes.is_empty(),
        "half an answer: {}",
        String::from_utf8_lossy(&bytes)
    );
    Reply {
        status: None,
        body: Vec::new(),
    }
}

fn whole(bytes: &[u8]) -> Option<Reply> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let length = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")
                .map(str::to_owned)
        })
        .map_or(0, |length| length.trim().parse().unwrap());
    let body = bytes.get(end + 4..end + 4 + length)?.to_vec();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Some(Reply {
        status: Some(status),
        body,
    })
}
