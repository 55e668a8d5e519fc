//! One request and its answer over reqwest. Knows the rules of transport and nothing of what is sent.
//!
//! No redirect is followed, no cookie kept, and no proxy taken from the environment: a variable that somebody set for a browser must
//! not lead a phone's messages elsewhere.
//!
//! Source: faults.md F36–F48, NETWORK-1.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ayumi_protocol::version::{headers, media_types};
use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderValue, RETRY_AFTER,
};
use reqwest::redirect::Policy;
use rustls::ClientConfig;

use super::unpack::{UnpackError, Unpacking, pack};
use crate::chat::ChatFiles;
use crate::server::ServerAddress;
use crate::sync::engine::{HttpAnswer, HttpRequest, Method, NoAnswer, RequestBody};

/// A connection that does not come about within this never will.
const CONNECT_WITHIN: Duration = Duration::from_secs(15);
/// What a packed answer may be longer on the wire than unpacked: the frame around text that cannot be packed.
const PACKING_BYTES: usize = 64 * 1024;

/// Bytes and requests so far.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    pub(super) requests: AtomicU64,
    pub(super) sent_bytes: AtomicU64,
    pub(super) received_bytes: AtomicU64,
}

/// Connections to one server.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    client: reqwest::Client,
    address: ServerAddress,
    files: ChatFiles,
    traffic: Arc<Traffic>,
}

impl Connections {
    /// Opens nothing yet. `None` if the library refuses its settings.
    pub(super) fn new(
        address: ServerAddress,
        tls: ClientConfig,
        files: ChatFiles,
        traffic: Arc<Traffic>,
    ) -> Option<Self> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(address.is_encrypted())
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(CONNECT_WITHIN)
            // The driver drops all connections when nothing is in flight: no timer is needed to find old ones.
            .pool_idle_timeout(None)
            .user_agent(concat!("ayumi/", env!("CARGO_PKG_VERSION")))
            .build();
        match client {
            Ok(client) => Some(Self {
                client,
                address,
                files,
                traffic,
            }),
            Err(error) => {
                tracing::error!(error = &error as &dyn Error, "no client can be made");
                None
            }
        }
    }

    /// Sends a request and reads its answer, within its deadline.
    pub(super) async fn exchange(self, request: HttpRequest) -> Result<HttpAnswer, NoAnswer> {
        let deadline = request.deadline;
        match tokio::time::timeout(deadline, self.exchange_at_leisure(request)).await {
            Ok(result) => result,
            Err(_) => Err(NoAnswer::Deadline),
        }
    }

    async fn exchange_at_leisure(&self, request: HttpRequest) -> Result<HttpAnswer, NoAnswer> {
        let most = request.most_answer_bytes;
        let request = self.build(request).await?;
        self.traffic.requests.fetch_add(1, Ordering::Relaxed);
        let mut response = self.client.execute(request).await.map_err(|error| why(&error))?;
        let status = response.status().as_u16();
        if response.status().is_redirection() {
            return Err(NoAnswer::Redirected);
        }
        let text = |name: &str| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let mut answer = HttpAnswer {
            status,
            content_type: text(CONTENT_TYPE.as_str()),
            retry_after: text(RETRY_AFTER.as_str()),
            date: text(DATE.as_str()),
            upload_offset: text(headers::UPLOAD_OFFSET),
            body: Vec::new(),
        };
        let is_packed = match text(CONTENT_ENCODING.as_str()).as_deref() {
            None | Some("identity" | "") => false,
            Some("gzip" | "x-gzip") => true,
            // Nobody asked for another one: whoever answers is not the server, and nothing of it is read.
            Some(_) => {
                answer.content_type = None;
                return Ok(answer);
            }
        };
        let most_on_the_wire = most.saturating_add(if is_packed { PACKING_BYTES } else { 0 });
        let told = response
            .content_length()
            .and_then(|length| usize::try_from(length).ok());
        if told.is_some_and(|told| told > most_on_the_wire) {
            return Err(NoAnswer::TooLong);
        }
        let mut unpacking = Unpacking::new(is_packed, most);
        let mut on_the_wire = 0_usize;
        while let Some(chunk) = response.chunk().await.map_err(|error| why(&error))? {
            on_the_wire = on_the_wire.saturating_add(chunk.len());
            self.traffic
                .received_bytes
                .fetch_add(chunk.len() as u64, Ordering::Relaxed);
            if on_the_wire > most_on_the_wire {
                return Err(NoAnswer::TooLong);
            }
            unpacking.take(&chunk).map_err(no_answer)?;
        }
        // An answer without a body is not packed, whatever its head says.
        if on_the_wire > 0 {
            answer.body = unpacking.finish().map_err(no_answer)?;
        }
        Ok(answer)
    }

    async fn build(&self, request: HttpRequest) -> Result<reqwest::Request, NoAnswer> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Patch => reqwest::Method::PATCH,
        };
        let url = format!("{}{}", self.address.as_str(), request.path);
        let mut building = self.client.request(method, url).header(ACCEPT_ENCODING, "gzip");
        for (name, value) in request.headers {
            building = building.header(name, value);
        }
        if let Some(token) = &request.token {
            let mut value =
                HeaderValue::try_from(format!("Bearer {}", token.expose())).map_err(|_| NoAnswer::Aborted)?;
            value.set_sensitive(true);
            building = building.header(AUTHORIZATION, value);
        }
        let body = match request.body {
            RequestBody::Empty => None,
            RequestBody::Json(body) => {
                building = building.header(CONTENT_TYPE, media_types::JSON);
                match pack(&body) {
                    Some(packed) => {
                        building = building.header(CONTENT_ENCODING, "gzip");
                        Some(packed)
                    }
                    None => Some(body),
                }
            }
            RequestBody::FilePart {
                sha256,
                offset_bytes,
                length_bytes,
            } => {
                building = building.header(CONTENT_TYPE, media_types::UPLOAD_PART);
                let files = self.files.clone();
                // At most a mebibyte, whole: its length is told in the head.
                let part =
                    tokio::task::spawn_blocking(move || files.read_part(sha256, offset_bytes, length_bytes));
                Some(
                    part.await
                        .ok()
                        .and_then(Result::ok)
                        .ok_or(NoAnswer::FileUnreadable)?,
                )
            }
        };
        if let Some(body) = body {
            self.traffic
                .sent_bytes
                .fetch_add(body.len() as u64, Ordering::Relaxed);
            building = building.body(body);
        }
        building.build().map_err(|error| {
            tracing::error!(
                error = &error.without_url() as &dyn Error,
                "a request cannot be built"
            );
            NoAnswer::Aborted
        })
    }
}

const fn no_answer(error: UnpackError) -> NoAnswer {
    match error {
        UnpackError::TooLong => NoAnswer::TooLong,
        UnpackError::Broken => NoAnswer::Broken,
    }
}

/// Why there is no answer, from what lies under the error of the library.
fn why(error: &reqwest::Error) -> NoAnswer {
    if is_of_tls(error) {
        NoAnswer::Tls
    } else if error.is_connect() {
        NoAnswer::Unreachable
    } else if error.is_timeout() {
        NoAnswer::Deadline
    } else if error.is_redirect() {
        NoAnswer::Redirected
    } else {
        NoAnswer::Broken
    }
}

/// Whether TLS failed. A connection that merely ended during the handshake is none of that.
fn is_of_tls(error: &reqwest::Error) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = next {
        if error.is::<rustls::Error>() {
            return true;
        }
        // The source of such an error is that of what it holds, which would itself be passed over.
        let held = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .map(|held| held as &(dyn Error + 'static));
        next = held.or_else(|| error.source());
    }
    false
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::super::tls;
    use super::*;

    /// What a server that says `said` to everything, and then nothing, leads to.
    fn answered(said: &'static [u8]) -> Result<HttpAnswer, NoAnswer> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 4096];
            let _ = stream.read(&mut head);
            stream.write_all(said).unwrap();
            // Stays open until the client goes.
            let _ = stream.read(&mut head);
        });
        exchanged(&url)
    }

    fn exchanged(url: &str) -> Result<HttpAnswer, NoAnswer> {
        let folder = tempfile::tempdir().unwrap();
        let connections = Connections::new(
            ServerAddress::parse(url).unwrap(),
            tls::config(None).unwrap(),
            ChatFiles::new(folder.path()),
            Arc::default(),
        );
        let request = HttpRequest {
            method: Method::Get,
            path: "/v1/server".to_owned(),
            headers: Vec::new(),
            token: None,
            body: RequestBody::Empty,
            deadline: Duration::from_millis(300),
            most_answer_bytes: 100,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(connections.unwrap().exchange(request))
    }

    #[test]
    fn f40_f47_an_answer_that_does_not_end_is_over_at_the_deadline() {
        for said in [
            b"" as &[u8],
            b"HTTP/1.1 200 OK\r\ncontent-le",
            b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{",
        ] {
            assert_eq!(answered(said), Err(NoAnswer::Deadline));
        }
    }

    #[test]
    fn what_is_no_http_or_longer_than_asked_for_is_no_answer() {
        assert_eq!(answered(b"SSH-2.0-nobody\r\n\r\n"), Err(NoAnswer::Broken));
        let told = b"HTTP/1.1 200 OK\r\ncontent-length: 5000000000\r\n\r\n{";
        assert_eq!(answered(told), Err(NoAnswer::TooLong));
        let moved = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(answered(moved), Err(NoAnswer::Redirected));
    }

    #[test]
    fn an_answer_in_a_packing_that_nobody_asked_for_is_somebody_elses() {
        let answer = answered(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: br\r\ncontent-length: 2\r\n\r\n{}",
        )
        .unwrap();
        assert_eq!((answer.content_type, answer.body.len()), (None, 0));
    }

    #[test]
    fn a_port_where_nobody_listens_is_unreachable_and_one_without_tls_proves_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        assert_eq!(
            exchanged(&format!("http://{address}")),
            Err(NoAnswer::Unreachable)
        );
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut hello = [0; 4096];
            let _ = stream.read(&mut hello);
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        });
        assert_eq!(exchanged(&format!("https://{address}")), Err(NoAnswer::Tls));
    }
}
