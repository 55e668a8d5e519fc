//! A server that counts: it answers every whole request with how many it has had.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a server for tests: a panic is a failed test"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

#[derive(Default)]
struct Seen {
    heads: Vec<String>,
    bodies: Vec<String>,
    /// What had come of bodies whose connection ended too early.
    parts: Vec<String>,
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Seen>,
    changed: Condvar,
}

/// Its threads end with the process.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared::default());
        let of_threads = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&of_threads);
                thread::spawn(move || while answer(&shared, &stream).is_some() {});
            }
        });
        Self { address, shared }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whole requests so far.
    pub(crate) fn count(&self) -> usize {
        self.bodies().len()
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        self.shared.seen.lock().expect("no panic").bodies.clone()
    }

    pub(crate) fn heads(&self) -> Vec<String> {
        self.shared.seen.lock().expect("no panic").heads.clone()
    }

    pub(crate) fn wait_for_count(&self, count: usize) {
        let seen = self.shared.seen.lock().expect("no panic");
        let missing = |seen: &mut Seen| seen.bodies.len() < count;
        drop(self.shared.changed.wait_while(seen, missing).expect("no panic"));
    }

    /// The first body that broke off.
    pub(crate) fn wait_for_part(&self) -> String {
        let seen = self.shared.seen.lock().expect("no panic");
        let none = |seen: &mut Seen| seen.parts.is_empty();
        self.shared
            .changed
            .wait_while(seen, none)
            .expect("no panic")
            .parts[0]
            .clone()
    }
}

/// `None` at the end of the connection.
fn answer(shared: &Shared, mut stream: &TcpStream) -> Option<()> {
    // Requests follow their answers here, so that nothing is lost with the buffer.
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let body = body(&mut reader, &head);
    let mut seen = shared.seen.lock().expect("no panic");
    let body = match body {
        Ok(body) => body,
        Err(part) => {
            seen.parts.push(part);
            shared.changed.notify_all();
            return None;
        }
    };
    seen.bodies.push(body);
    let text = format!("{{\"count\":{}}}", seen.bodies.len());
    let start = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let answer = if head.contains("/v1/chunked") {
        format!(
            "{start}transfer-encoding: chunked\r\n\r\n{:x}\r\n{text}\r\n0\r\n\r\n",
            text.len()
        )
    } else {
        let body = if head.starts_with("HEAD") {
            ""
        } else {
            text.as_str()
        };
        format!("{start}content-length: {}\r\n\r\n{body}", text.len())
    };
    let ends = head.contains("connection: close");
    seen.heads.push(head);
    shared.changed.notify_all();
    drop(seen);
    stream.write_all(answer.as_bytes()).ok()?;
    (!ends).then_some(())
}

/// The body, or what came of it.
fn body(reader: &mut impl BufRead, head: &str) -> Result<String, String> {
    if head.contains("transfer-encoding: chunked") {
        let mut body = String::new();
        loop {
            let mut line = String::new();
            drop(reader.read_line(&mut line));
            let count = usize::from_str_radix(line.trim(), 16).map_err(|_| body.clone())?;
            let mut chunk = vec![0; count + 2];
            reader.read_exact(&mut chunk).map_err(|_| body.clone())?;
            if count == 0 {
                return Ok(body);
            }
            body.push_str(&String::from_utf8_lossy(&chunk[..count]));
        }
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |digits| digits.parse().expect("a length"));
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body).unwrap_or(0);
    let text = String::from_utf8_lossy(&body).into_owned();
    if (body.len() as u64) < length {
        Err(text)
    } else {
        Ok(text)
    }
}
