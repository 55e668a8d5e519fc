//! The clients: one task and one connection each.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use ayumi_server::host::Host;
use ayumi_server::testing::program::request;
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::people::{People, Person};
use crate::process::Measured;

/// Who puts how much on the server, and for how long.
#[derive(Debug)]
pub(crate) struct Load<'l> {
    pub host: &'l Host,
    pub people: &'l People,
    pub time: Duration,
}

#[derive(Debug)]
pub(crate) struct Pushed {
    pub per_second: f64,
    pub median: Duration,
    pub p99: Duration,
    pub cpu_per_operation_us: f64,
}

#[derive(Debug)]
pub(crate) struct Waiting {
    pub resident_before_mb: f64,
    pub resident_mb: f64,
    pub bytes_each: f64,
    pub cpu_idle_percent: f64,
}

/// Before the clock runs: connections, caches, first pages.
const WARM_UP: Duration = Duration::from_millis(500);
/// Pushes a second of the steady load, and the clients that share them.
const STEADY: u32 = 100;
const STEADY_CLIENTS: u32 = 20;
/// Connections that are opened at once.
const OPENING: usize = 100;

impl Load<'_> {
    fn now(&self) -> Duration {
        self.host.time.monotonic()
    }

    /// Each client pushes the next batch when the last one is answered.
    pub(crate) async fn push(&self, measured: &Measured, clients: usize, per_push: usize) -> Pushed {
        let address = measured.program.address();
        let start = self.now() + WARM_UP;
        let end = start + self.time;
        let pushing = self.people.all[..clients].iter().map(|person| async move {
            let mut client = Client::connect(address).await.expect("a connection");
            let mut latencies = Vec::new();
            loop {
                let bytes = self.push_of(person, per_push);
                let sent = self.now();
                client.ask(&bytes).await.expect("an answer");
                let answered = self.now();
                if answered > end {
                    return latencies;
                }
                if sent >= start {
                    latencies.push(answered.saturating_sub(sent));
                }
            }
        });
        let processor = async {
            self.host.time.sleep(WARM_UP).await;
            let before = measured.cpu_seconds();
            self.host.time.sleep(self.time).await;
            measured.cpu_seconds() - before
        };
        let (latencies, cpu) = futures_util::join!(join_all(pushing), processor);
        Pushed::of(latencies, per_push, self.time, cpu)
    }

    /// Pushes of one operation at fixed moments, whatever the answers take: a late answer does not spare the server the next request.
    pub(crate) async fn push_steadily(&self, measured: &Measured) -> Pushed {
        let address = measured.program.address();
        let start = self.now() + WARM_UP;
        let rounds = (self.time.as_secs_f64() * 2.0 * f64::from(STEADY / STEADY_CLIENTS)) as u32;
        let period = Duration::from_secs(1) / (STEADY / STEADY_CLIENTS);
        let before = measured.cpu_seconds();
        let pushing = (0..STEADY_CLIENTS).map(|number| async move {
            let person = &self.people.all[number as usize];
            let mut client = Client::connect(address).await.expect("a connection");
            let mut latencies = Vec::new();
            for round in 0..rounds {
                let due = start + period * round + Duration::from_secs(1) / STEADY * number;
                self.host.time.sleep(due.saturating_sub(self.now())).await;
                client.ask(&self.push_of(person, 1)).await.expect("an answer");
                latencies.push(self.now().saturating_sub(due));
            }
            latencies
        });
        let latencies = join_all(pushing).await;
        let took = self.now().saturating_sub(start);
        Pushed::of(latencies, 1, took, measured.cpu_seconds() - before)
    }

    fn push_of(&self, person: &Person, per_push: usize) -> Vec<u8> {
        let mut operations = String::new();
        for number in 0..per_push {
            let comma = if number == 0 { "" } else { "," };
            let _ = write!(
                operations,
                r#"{comma}{{"op_id":"{}","kind":"message.posted","body_version":1,"occurred_at_ms":1790000000000,"zone":"Asia/Tokyo","utc_offset_min":540,"body":{{"text":"今日は八千歩、歩きました。明日も続けます。","authored_by":"human"}}}}"#,
                self.host.new_uuid(),
            );
        }
        let body = format!(
            r#"{{"log":{{"case_id":"{}","audience":"care"}},"epoch":"{}","lane":"talk","operations":[{operations}]}}"#,
            person.case_id, self.people.epoch,
        );
        request("POST", "/v1/push", Some(&person.token), &[], body.as_bytes())
    }

    /// Lets many people wait, each with one log, and looks at the server while nothing happens.
    pub(crate) async fn wait(&self, measured: &Measured, count: usize) -> Waiting {
        let address = measured.program.address();
        let resident_before = measured.resident_bytes();
        let people: Vec<&Person> = self.people.all.iter().rev().take(count).collect();
        let mut waiting = Vec::with_capacity(count);
        for portion in people.chunks(OPENING) {
            let opening = portion.iter().map(|person| async move {
                let body = format!(
                    r#"{{"logs":[{{"log":{{"case_id":"{}","audience":"care"}},"cursor":{{"epoch":"{}","seq":0}}}}],"page_entries":100,"wait_ms":25000}}"#,
                    person.case_id, self.people.epoch,
                );
                let mut client = Client::connect(address).await.expect("a connection");
                let bytes = request("POST", "/v1/pull", Some(&person.token), &[], body.as_bytes());
                client.stream.write_all(&bytes).await.expect("a request");
                client
            });
            waiting.extend(join_all(opening).await);
        }
        // The last of them are read and wait.
        self.host.time.sleep(Duration::from_secs(2)).await;
        let before = measured.cpu_seconds();
        let idle = Duration::from_secs(10);
        self.host.time.sleep(idle).await;
        let cpu = measured.cpu_seconds() - before;
        let resident = measured.resident_bytes();
        let has_answer = |client: &Client| client.stream.try_read(&mut [0; 1]).is_ok();
        let answered = waiting.iter().filter(|client| has_answer(client)).count();
        assert_eq!(answered, 0, "long polls that do not wait");
        Waiting {
            resident_before_mb: resident_before / 1e6,
            resident_mb: resident / 1e6,
            bytes_each: (resident - resident_before) / count as f64,
            cpu_idle_percent: cpu / idle.as_secs_f64() * 100.0,
        }
    }
}

impl Pushed {
    fn of(latencies: Vec<Vec<Duration>>, per_push: usize, time: Duration, cpu_seconds: f64) -> Self {
        let mut latencies: Vec<Duration> = latencies.into_iter().flatten().collect();
        latencies.sort_unstable();
        let operations = (latencies.len() * per_push) as f64;
        let of_a_hundred = |place: usize| {
            let index = latencies.len() * place / 100;
            latencies.get(index).copied().unwrap_or_default()
        };
        Self {
            per_second: operations / time.as_secs_f64(),
            median: of_a_hundred(50),
            p99: of_a_hundred(99),
            cpu_per_operation_us: cpu_seconds * 1e6 / operations.max(1.0),
        }
    }
}

/// One connection that is kept.
struct Client {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Client {
    async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            answer: Vec::new(),
        })
    }

    /// Sends a request and reads its answer, in which every operation is stored.
    async fn ask(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.write_all(request).await?;
        self.answer.clear();
        let mut whole = None;
        while whole.is_none_or(|whole| self.answer.len() < whole) {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            whole = whole.or_else(|| whole_length(&self.answer));
        }
        let text = String::from_utf8_lossy(&self.answer);
        if !text.starts_with("HTTP/1.1 200") || text.contains("\"refused\"") {
            return Err(io::Error::other(text.into_owned()));
        }
        Ok(())
    }
}

/// Length of an answer with its head, once the head is there.
fn whole_length(answer: &[u8]) -> Option<usize> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))?;
    Some(end + 4 + length.trim().parse::<usize>().ok()?)
}
