//! What went through the proxy, for assertions, transcripts and figures.

use std::fmt;

/// Bytes and counts, as the client sees its wire. TLS and TCP add their own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Connections that the client opened.
    pub connections: u64,
    /// Requests whose head arrived at the proxy.
    pub requests: u64,
    /// Bytes from the client, heads included.
    pub bytes_up: u64,
    /// Bytes to the client, heads included, as far as its socket took them.
    pub bytes_down: u64,
}

/// One request and what became of it.
///
/// `Debug` leaves the bodies out. Tests of signing in have tokens in their bodies: a transcript that is kept masks them.
#[derive(Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Its place among all requests, from 0.
    pub number: usize,
    /// For example `POST`.
    pub method: String,
    /// Path and query, for example `/v1/push`.
    pub path: String,
    /// Fields in their order. The value of `Authorization` is replaced by `hidden`.
    pub request_headers: Vec<(String, String)>,
    /// As it was sent, without the frames of the chunked encoding; what was read of it when it was cut.
    pub request_body: Vec<u8>,
    /// The name of what was done to it; `passed` if nothing.
    pub treatment: &'static str,
    /// How often the whole request was given to the server.
    pub deliveries: u32,
    /// The server's own status, if it answered.
    pub server_status: Option<u16>,
    /// The status that was sent to the client, if any was.
    pub status: Option<u16>,
    /// Fields sent to the client.
    pub response_headers: Vec<(String, String)>,
    /// The body meant for the client; bodies without end and unpacked bombs are not kept.
    pub response_body: Vec<u8>,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Exchange")
            .field("number", &self.number)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("treatment", &self.treatment)
            .field("deliveries", &self.deliveries)
            .field("server_status", &self.server_status)
            .field("status", &self.status)
            .field("request_body_bytes", &self.request_body.len())
            .field("response_body_bytes", &self.response_body.len())
            .finish_non_exhaustive()
    }
}
