//! What an ordinary day costs a phone: one app over the real server, in virtual time and without a fault, with everything counted.
//!
//! The day is that of `docs/battery.md`. Its numbers are what a phone pays for: wake-ups, requests, bytes, transactions.

mod acts;

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Request, header};
use ayumi_core::net::PACKED_FROM_BYTES;
use ayumi_core::sync::engine::{
    Command, HttpAnswer, Input, Instruction, NoAnswer, Now, Phase, Reply, RequestBody, RequestId, Signal,
};
use ayumi_core::sync::outbox::OperationState;
use ayumi_core::time::UtcMillis;
use ayumi_protocol::session::ConsentVersion;

use super::backend::Working;
use super::phone::Phone;
use super::world::{Template, World, to_answer, to_http};

/// From a request to its answer on an ordinary mobile network.
const ROUND_TRIP: Duration = Duration::from_millis(120);
/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Costs {
    /// Times the app was started, by its owner or by the platform.
    pub starts: u64,
    /// Times a timer of the engine ended.
    pub timers: u64,
    /// Steps of the engine: each is one transaction, most of which write nothing.
    pub steps: u64,
    /// Requests.
    pub requests: u64,
    /// Requests for a new token.
    pub refreshes: u64,
    /// Requests that were there to wait for news.
    pub long_polls: u64,
    /// Bytes of request bodies, packed.
    pub sent_bytes: u64,
    /// Bytes of answer bodies, packed.
    pub received_bytes: u64,
    /// Bytes of the heads of both as HTTP/1.1 writes them, at most.
    pub head_bytes: u64,
    /// Syncs of database files, if somebody counts them.
    pub syncs: u64,
}

impl std::ops::Sub for Costs {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            starts: self.starts - before.starts,
            timers: self.timers - before.timers,
            steps: self.steps - before.steps,
            requests: self.requests - before.requests,
            refreshes: self.refreshes - before.refreshes,
            long_polls: self.long_polls - before.long_polls,
            sent_bytes: self.sent_bytes - before.sent_bytes,
            received_bytes: self.received_bytes - before.received_bytes,
            head_bytes: self.head_bytes - before.head_bytes,
            syncs: self.syncs - before.syncs,
        }
    }
}

/// A request that the server works on.
struct Held {
    id: RequestId,
    working: Working,
}

/// What becomes of her requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// The server answers.
    Good,
    /// There is no network.
    Away,
    /// Somebody answers everything with this status.
    Status(u16),
    /// The server refuses everything as malformed.
    Malformed,
}

/// A participant's phone, her dietitian's, and the server.
pub struct Day<'s> {
    world: World,
    /// Since the beginning.
    now: Duration,
    held: Vec<Held>,
    arriving: Vec<(Duration, Input)>,
    replies: Vec<Reply>,
    costs: Costs,
    counter: u32,
    weather: Weather,
    syncs: &'s dyn Fn() -> u64,
}

impl<'s> Day<'s> {
    /// Midnight. `syncs` tells how often this process has synchronised database files so far.
    #[must_use]
    pub fn begin(syncs: &'s dyn Fn() -> u64) -> Self {
        Self {
            world: Template::new().copy(1),
            now: Duration::ZERO,
            held: Vec::new(),
            arriving: Vec::new(),
            replies: Vec::new(),
            costs: Costs::default(),
            counter: 1000,
            weather: Weather::Good,
            syncs,
        }
    }

    /// What was counted so far.
    #[must_use]
    pub const fn costs(&self) -> Costs {
        self.costs
    }

    fn wall(&self) -> UtcMillis {
        let passed = i64::try_from(self.now.as_millis()).unwrap_or(i64::MAX);
        self.world.now.plus(passed)
    }

    /// Something that the phone does itself: what it synchronises is its own cost.
    fn on_phone<T>(&mut self, work: impl FnOnce(&mut Phone, UtcMillis, Duration) -> T) -> T {
        let (wall, now, before) = (self.wall(), self.now, (self.syncs)());
        let done = work(&mut self.world.phones[0], wall, now);
        self.costs.syncs += (self.syncs)() - before;
        done
    }

    fn input(&mut self, input: Input) {
        self.costs.steps += 1;
        // What the store could not do the engine does later.
        let instructions = self.on_phone(|phone, wall, now| phone.try_step(now, wall, input).0);
        for instruction in instructions {
            self.carry_out(instruction);
        }
    }

    fn carry_out(&mut self, instruction: Instruction) {
        let phone = &mut self.world.phones[0];
        let Some(process) = &mut phone.process else { return };
        match instruction {
            Instruction::SetTimer { after } => process.timer = Some(self.now + after),
            Instruction::ClearTimer => process.timer = None,
            Instruction::SaveTokens { tokens } => {
                phone.set_tokens(Some(tokens));
                self.input(Input::TokensSaved { is_saved: true });
            }
            Instruction::LoadTokens => {
                let tokens = phone.tokens();
                self.input(Input::TokensLoaded { tokens });
            }
            Instruction::Reply(reply) => self.replies.push(reply),
            Instruction::ForgetTokens => phone.set_tokens(None),
            Instruction::Abort { id } => self.held.retain(|held| held.id != id),
            Instruction::Http { id, request } => {
                let part = match &request.body {
                    RequestBody::FilePart {
                        sha256,
                        offset_bytes,
                        length_bytes,
                    } => Some(
                        process
                            .app
                            .read_part(*sha256, *offset_bytes, *length_bytes)
                            .expect("an own picture"),
                    ),
                    _ => None,
                };
                let body = match (&request.body, &part) {
                    (RequestBody::Json(bytes), _) => packed_bytes(bytes),
                    (_, part) => part.as_ref().map_or(0, Vec::len),
                };
                let waits = matches!(&request.body, RequestBody::Json(bytes) if waits_for_news(bytes));
                let mut request = to_http(&request, part);
                request
                    .headers_mut()
                    .insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
                self.costs.requests += 1;
                self.costs.refreshes += u64::from(request.uri().path() == "/v1/session/refresh");
                self.costs.long_polls += u64::from(waits);
                self.costs.sent_bytes += body as u64;
                self.costs.head_bytes += head_bytes(&request);
                let result = match self.weather {
                    Weather::Good => {
                        let working = self.world.backend.begin(request);
                        self.held.push(Held { id, working });
                        return;
                    }
                    Weather::Away => Err(NoAnswer::Unreachable),
                    Weather::Malformed => Ok(HttpAnswer {
                        status: 400,
                        content_type: Some("application/problem+json".to_owned()),
                        retry_after: None,
                        date: None,
                        upload_offset: None,
                        body: br#"{"type":"urn:ayumi:problem:malformed","title":"Malformed","status":400,"code":"malformed","server_time_ms":0}"#
                            .to_vec(),
                    }),
                    Weather::Status(status) => Ok(HttpAnswer {
                        status,
                        content_type: Some("text/html".to_owned()),
                        retry_after: None,
                        date: None,
                        upload_offset: None,
                        body: Vec::new(),
                    }),
                };
                let at = self.now + ROUND_TRIP;
                self.arriving.push((at, Input::Answered { id, result }));
            }
            _ => {}
        }
    }

    /// Looks which requests the server has answered; their answers arrive a little later.
    fn poll(&mut self) {
        use std::task::{Context, Poll, Waker};
        let mut context = Context::from_waker(Waker::noop());
        let mut index = 0;
        while let Some(held) = self.held.get_mut(index) {
            let Poll::Ready(response) = held.working.as_mut().poll(&mut context) else {
                index += 1;
                continue;
            };
            let id = self.held.remove(index).id;
            let heads = response.headers().iter();
            self.costs.head_bytes += 17
                + heads
                    .map(|(name, value)| (name.as_str().len() + value.len() + 4) as u64)
                    .sum::<u64>();
            let is_packed = response.headers().get(header::CONTENT_ENCODING).is_some();
            let mut answer = to_answer(response);
            self.costs.received_bytes += answer.body.len() as u64;
            if is_packed {
                answer.body = unpacked(&answer.body);
            }
            let at = self.now + ROUND_TRIP;
            self.arriving.push((
                at,
                Input::Answered {
                    id,
                    result: Ok(answer),
                },
            ));
        }
    }

    /// Lets time pass, with everything that the phone does meanwhile; stops early where nothing can happen any more.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            self.poll();
            let timer = self.world.phones[0]
                .process
                .as_ref()
                .and_then(|process| process.timer);
            let server = self.world.backend.time.next_timer().map(|wait| self.now + wait);
            let arriving = self.arriving.iter().map(|(at, _)| *at).min();
            let next = [timer, server, arriving]
                .into_iter()
                .flatten()
                .min()
                .unwrap_or(end);
            let reached = next.min(end);
            self.world.backend.time.advance(reached.saturating_sub(self.now));
            self.now = reached;
            if next > end || (timer.is_none() && server.is_none() && arriving.is_none()) {
                return;
            }
            if let Some(index) = self.arriving.iter().position(|(at, _)| *at <= reached) {
                let (_, input) = self.arriving.remove(index);
                self.input(input);
            } else if timer.is_some_and(|at| at <= reached) {
                if let Some(process) = &mut self.world.phones[0].process {
                    process.timer = None;
                }
                self.costs.timers += 1;
                self.input(Input::TimerFired);
            } else {
                self.poll();
            }
        }
    }

    /// Lets time pass until an hour of the day.
    pub fn until(&mut self, hour: f64) {
        let at = Duration::from_secs_f64(hour * 3600.0);
        self.pass(at.saturating_sub(self.now));
    }

    /// Starts the app.
    fn start(&mut self) {
        self.costs.starts += 1;
        self.on_phone(|phone, wall, _| phone.start(wall));
        let tokens = self.world.phones[0].tokens();
        self.input(Input::Started { tokens });
    }

    /// Ends it as a platform does that asked it to: what it holds open is closed.
    fn end(&mut self) {
        self.input(Input::Command(Command::Stop));
        self.held.clear();
        self.arriving.clear();
        self.on_phone(|phone, _, _| {
            if let Some(process) = phone.process.take() {
                process.app.close().expect("it closes");
            }
        });
    }

    /// From now on her requests end so. What is under way when a network goes away breaks off; the platform tells the app.
    pub fn set_weather(&mut self, weather: Weather) {
        self.weather = weather;
        if weather == Weather::Away {
            for held in std::mem::take(&mut self.held) {
                let result = Err(NoAnswer::Broken);
                self.arriving
                    .push((self.now, Input::Answered { id: held.id, result }));
            }
        }
        if self.world.phones[0].process.is_some() {
            self.input(Input::Signal(Signal::Connectivity));
        }
    }

    /// She withdraws her consent, gives it again, and withdraws it.
    pub fn change_her_mind(&mut self) {
        self.on_phone(|phone, _, _| {
            let cases = app_of(phone).cases();
            let version = ConsentVersion::from_word("1").expect("a version");
            let text = ayumi_core::pictures::sha256_of(b"A simulated text.");
            cases.withdraw_consent().expect("it waits");
            cases.give_consent(version, text).expect("it waits");
            cases.withdraw_consent().expect("it waits");
        });
        self.input(Input::Enqueued);
    }

    /// Something that only an administrator does, as a statement over the server's store.
    pub fn on_server(&mut self, sql: &'static str) {
        let work = self.world.backend.server.write(sql, |tx, sql| {
            ayumi_server::server::boxed(async move { Ok(tx.execute(sql, &[]).await?) })
        });
        super::backend::at_once(work).expect("the store of the server");
    }

    /// What her running app says of the exchange.
    #[must_use]
    pub fn phase(&self) -> Phase {
        let process = self.world.phones[0].process.as_ref().expect("the app runs");
        let now = Now {
            monotonic: self.now,
            wall: self.wall(),
        };
        process.app.status(&process.engine, now).expect("a status").phase
    }

    /// How many of her operations are in a state, in her running app.
    #[must_use]
    pub fn waiting(&self, state: OperationState) -> usize {
        let outbox = app_of(&self.world.phones[0]).outbox().expect("the outbox");
        outbox.iter().filter(|outgoing| outgoing.state == state).count()
    }

    /// Hands a command to the running app, and gives it some seconds.
    pub fn command(&mut self, command: Command) -> Vec<Reply> {
        self.input(Input::Command(command));
        self.pass(Duration::from_secs(5));
        std::mem::take(&mut self.replies)
    }
}

fn app_of(phone: &Phone) -> &ayumi_core::app::App {
    &phone.process.as_ref().expect("the app runs").app
}

/// Whether a request is there to wait.
fn waits_for_news(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(body)
        .is_ok_and(|body| body["wait_ms"].as_u64().is_some_and(|wait| wait > 0))
}

/// A photo as a camera makes it: of a size that has to become smaller, with grain that does not pack well.
#[must_use]
pub fn photo() -> Vec<u8> {
    let mut dice = super::random::Dice::new(1);
    let mut shade = |base: u32| u8::try_from((base + dice.below(24) as u32).min(255)).unwrap_or(255);
    let pixels = image::RgbImage::from_fn(2016, 1512, |x, y| {
        image::Rgb([shade(x / 9), shade(y / 7), shade((x + y) / 20)])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    pixels
        .write_to(&mut bytes, image::ImageFormat::Jpeg)
        .expect("a picture");
    bytes.into_inner()
}

/// A head as HTTP/1.1 writes it, without what the connection adds.
fn head_bytes(request: &Request<Body>) -> u64 {
    let line = request.method().as_str().len() + request.uri().to_string().len() + 12;
    let fields: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    (line + fields) as u64
}

fn packed_bytes(body: &[u8]) -> usize {
    use std::io::Write as _;
    if body.len() < PACKED_FROM_BYTES {
        return body.len();
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body).expect("memory");
    encoder.finish().expect("memory").len().min(body.len())
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    use std::io::Read as _;
    let mut body = Vec::new();
    flate2::read::GzDecoder::new(bytes)
        .read_to_end(&mut body)
        .expect("the server packs rightly");
    body
}
