//! The compiled program as a process, and somebody who talks to it over a socket: for what only a real process shows.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// `ayumi-server`, serving. Dropping it kills it.
#[derive(Debug)]
pub struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    /// Starts the program at an address that nobody listens on, without a log, and does not wait until it answers.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(executable: &Path, arguments: &[&str]) -> Self {
        // What it says about clients and databases that are torn away is no news here.
        let mut command = Command::new(executable);
        Self::run(command.args(arguments).env("AYUMI_LOG_LEVEL", "off"))
    }

    /// As [`Program::start`], with the log of an ordinary server, which nobody reads: for a measurement.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start_logging(executable: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(executable);
        let command = command.args(arguments).env_remove("AYUMI_LOG_LEVEL");
        Self::run(command.stderr(Stdio::null()))
    }

    fn run(command: &mut Command) -> Self {
        let address = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port");
        let child = command
            .env("AYUMI_LISTEN", address.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("a started server");
        Self { child, address }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it answers.
    ///
    /// # Panics
    /// If it has ended, or does not answer within half a minute.
    pub fn wait_until_ready(&mut self) {
        for _ in 0..1500 {
            let ended = self.child.try_wait().expect("a process of ours");
            assert!(ended.is_none(), "the server ended with {ended:?}");
            let answer = Client::new(self.address, None).call("GET", "/v1/server", &[], b"");
            if answer.is_ok_and(|answer| answer.status == 200) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        unreachable!("the server does not answer");
    }

    /// SIGKILL: the process gets no chance to finish anything.
    ///
    /// # Panics
    /// If it had ended by itself before.
    pub fn kill(mut self) {
        let ended = self.child.try_wait().expect("a process of ours");
        assert!(ended.is_none(), "the server ended by itself with {ended:?}");
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A phone with one connection that it keeps, in a thread of its own.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    token: Option<String>,
    connection: Option<BufReader<TcpStream>>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// Of HTTP.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Longer than any answer takes: a server that is being killed must not hold up its clients for ever.
const ANSWER_MOST: Duration = Duration::from_mins(1);

impl Client {
    /// Somebody who will ask at this address, with an access token if she has one.
    #[must_use]
    pub const fn new(address: SocketAddr, token: Option<String>) -> Self {
        Self {
            address,
            token,
            connection: None,
        }
    }

    /// Sends JSON and reads the answer.
    ///
    /// Errors: those of the socket; whether the request was carried out is unknown then.
    pub fn post(&mut self, path: &str, body: &[u8]) -> io::Result<Answer> {
        self.call("POST", path, &[], body)
    }

    /// Sends a request and reads the answer. After an error the next request makes a new connection.
    ///
    /// Errors: as [`Client::post`].
    pub fn call(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Answer> {
        let mut connection = if let Some(connection) = self.connection.take() {
            connection
        } else {
            let stream = TcpStream::connect(self.address)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(ANSWER_MOST))?;
            BufReader::new(stream)
        };
        let request = request(method, path, self.token.as_deref(), headers, body);
        connection.get_mut().write_all(&request)?;
        let (status, length) = read_head(&mut connection)?;
        let mut body = vec![0; length];
        connection.read_exact(&mut body)?;
        self.connection = Some(connection);
        Ok(Answer { status, body })
    }
}

/// The bytes of a request in HTTP/1.1.
#[must_use]
pub fn request(
    method: &str,
    path: &str,
    token: Option<&str>,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Vec<u8> {
    use std::fmt::Write as _;
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    if let Some(token) = token {
        let _ = write!(head, "authorization: Bearer {token}\r\n");
    }
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Status and length of the body.
fn read_head(connection: &mut BufReader<TcpStream>) -> io::Result<(u16, usize)> {
    let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let mut line = String::new();
    connection.read_line(&mut line)?;
    let status = line
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3))
        .and_then(|status| status.parse().ok())
        .ok_or_else(cut)?;
    let mut length = 0;
    loop {
        line.clear();
        connection.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else {
            return if line == "\r\n" {
                Ok((status, length))
            } else {
                Err(cut())
            };
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(|_| cut())?;
        }
    }
}
