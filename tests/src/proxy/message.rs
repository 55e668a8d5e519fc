//! HTTP/1.1 messages as bytes and as parts (RFC 9112): just enough to forward one, to cut one and to change one.
//!
//! The bytes that came are kept, so that what passes through is not touched at all.

use std::fmt::Write as _;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt};

/// A head longer than this is no head of ours.
const MAX_HEAD_BYTES: usize = 1 << 20;
/// Bytes asked of a socket at a time.
const READ_BYTES: usize = 16 << 10;

/// Reads a socket ahead and counts what came.
#[derive(Debug)]
pub(super) struct Input<R> {
    socket: R,
    ahead: Vec<u8>,
    /// Bytes that came from sockets so far.
    total: Arc<AtomicU64>,
}

impl<R: AsyncRead + Unpin> Input<R> {
    pub(super) fn new(socket: R, total: Arc<AtomicU64>) -> Self {
        Self {
            socket,
            ahead: Vec::new(),
            total,
        }
    }

    /// Waits for more bytes; 0 says that the other side has closed.
    async fn more(&mut self) -> io::Result<usize> {
        self.ahead.reserve(READ_BYTES);
        let count = self.socket.read_buf(&mut self.ahead).await?;
        self.total.fetch_add(count as u64, Ordering::SeqCst);
        Ok(count)
    }

    async fn must_have_more(&mut self) -> io::Result<()> {
        match self.more().await? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Returns once the other side has closed or broken the connection.
    ///
    /// May be cancelled: bytes that arrive meanwhile are kept.
    pub(super) async fn gone(&mut self) {
        while self.more().await.unwrap_or(0) > 0 {}
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        let rest = self.ahead.split_off(count);
        std::mem::replace(&mut self.ahead, rest)
    }

    /// The next head with its empty line; `None` if the connection ends before one begins.
    pub(super) async fn head(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(end) = find(&self.ahead, b"\r\n\r\n") {
                return Ok(Some(self.take(end + 4)));
            }
            if self.ahead.len() > MAX_HEAD_BYTES {
                return Err(ErrorKind::InvalidData.into());
            }
            if self.more().await? == 0 {
                return if self.ahead.is_empty() {
                    Ok(None)
                } else {
                    Err(ErrorKind::UnexpectedEof.into())
                };
            }
        }
    }

    /// At most `limit` bytes, at least one.
    pub(super) async fn some(&mut self, limit: usize) -> io::Result<Vec<u8>> {
        if self.ahead.is_empty() {
            self.must_have_more().await?;
        }
        Ok(self.take(limit.min(self.ahead.len())))
    }

    async fn exactly(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.ahead.len() < count {
            self.must_have_more().await?;
        }
        Ok(self.take(count))
    }

    async fn line(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(end) = find(&self.ahead, b"\r\n") {
                return Ok(self.take(end + 2));
            }
            self.must_have_more().await?;
        }
    }

    /// A body: as it came, and without the frames of the chunked encoding.
    pub(super) async fn body(&mut self, framing: Framing) -> io::Result<(Vec<u8>, Vec<u8>)> {
        match framing {
            Framing::None => Ok((Vec::new(), Vec::new())),
            Framing::Length(count) => {
                let body = self.exactly(count).await?;
                Ok((body.clone(), body))
            }
            Framing::UntilClosed => {
                while self.more().await? > 0 {}
                let body = self.take(self.ahead.len());
                Ok((body.clone(), body))
            }
            Framing::Chunked => self.chunks().await,
        }
    }

    async fn chunks(&mut self) -> io::Result<(Vec<u8>, Vec<u8>)> {
        let (mut wire, mut plain) = (Vec::new(), Vec::new());
        loop {
            let line = self.line().await?;
            let text = String::from_utf8_lossy(&line);
            let digits = text.split([';', '\r']).next().unwrap_or_default().trim();
            let count = usize::from_str_radix(digits, 16).map_err(|_| ErrorKind::InvalidData)?;
            wire.extend_from_slice(&line);
            if count == 0 {
                break;
            }
            let chunk = self.exactly(count + 2).await?;
            plain.extend_from_slice(&chunk[..count]);
            wire.extend_from_slice(&chunk);
        }
        loop {
            let trailer = self.line().await?;
            wire.extend_from_slice(&trailer);
            if trailer == b"\r\n" {
                return Ok((wire, plain));
            }
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// How the end of a body is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    None,
    Length(usize),
    Chunked,
    UntilClosed,
}

/// A head: its first line and its fields in their order.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) first_line: String,
    pub(super) headers: Vec<(String, String)>,
}

impl Head {
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split("\r\n").filter(|line| !line.is_empty());
        let first_line = lines.next().unwrap_or_default().to_owned();
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        Self { first_line, headers }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.first_line);
        for (name, value) in &self.headers {
            // Writing to a string cannot fail.
            let _ = write!(text, "{name}: {value}\r\n");
        }
        text.push_str("\r\n");
        text.into_bytes()
    }

    fn word(&self, index: usize) -> &str {
        self.first_line.split(' ').nth(index).unwrap_or_default()
    }

    pub(super) fn method(&self) -> &str {
        self.word(0)
    }

    /// Path and query of a request.
    pub(super) fn path(&self) -> &str {
        self.word(1)
    }

    pub(super) fn status(&self) -> u16 {
        self.word(1).parse().unwrap_or(0)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    /// The fields for the record.
    pub(super) fn without_secrets(&self) -> Vec<(String, String)> {
        let hidden = |(name, value): &(String, String)| {
            let value = if name.eq_ignore_ascii_case("authorization") {
                "hidden"
            } else {
                value
            };
            (name.clone(), value.to_owned())
        };
        self.headers.iter().map(hidden).collect()
    }

    fn coded(&self) -> Option<Framing> {
        let chunked = self
            .get("transfer-encoding")
            .is_some_and(|value| value.to_ascii_lowercase().contains("chunked"));
        if chunked {
            return Some(Framing::Chunked);
        }
        Some(Framing::Length(self.get("content-length")?.parse().ok()?))
    }

    pub(super) fn request_framing(&self) -> Framing {
        self.coded().unwrap_or(Framing::None)
    }

    /// `method` is that of the request.
    pub(super) fn response_framing(&self, method: &str) -> Framing {
        if method == "HEAD" || matches!(self.status(), 100..=199 | 204 | 304) {
            return Framing::None;
        }
        self.coded().unwrap_or(Framing::UntilClosed)
    }

    pub(super) fn ends_connection(&self) -> bool {
        self.get("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

/// A whole request or answer.
#[derive(Clone)]
pub(super) struct Message {
    pub(super) head: Head,
    /// The bytes as they came.
    pub(super) wire: Vec<u8>,
    /// Bytes of `wire` that are the head.
    pub(super) head_bytes: usize,
    /// The body without the frames of its encoding.
    pub(super) body: Vec<u8>,
}

impl Message {
    pub(super) fn came(raw_head: &[u8], head: Head, (wire_body, body): (Vec<u8>, Vec<u8>)) -> Self {
        let mut wire = raw_head.to_vec();
        wire.extend_from_slice(&wire_body);
        Self {
            head,
            wire,
            head_bytes: raw_head.len(),
            body,
        }
    }

    /// A message with this body and no frames. `length` is what it says of itself.
    pub(super) fn made(mut head: Head, body: Vec<u8>, length: usize) -> Self {
        head.remove("transfer-encoding");
        head.set("content-length", &length.to_string());
        let raw_head = head.bytes();
        Self::came(&raw_head, head, (body.clone(), body))
    }
}
