//! What an ordinary day costs a phone: one app over the real server, in virtual time and without a fault, with everything counted.
//!
//! The day is that of `docs/battery.md`. Its numbers are what a phone pays for: wake-ups, requests, bytes, transactions.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Request, header};
use ayumi_core::chat::{ChatError, NewMessage, PageFrom};
use ayumi_core::steps::{CounterSample, StepEvent};
use ayumi_core::sync::engine::{
    Command, HttpAnswer, Input, Instruction, NoAnswer, Now, Phase, Reply, RequestBody, RequestId, Signal,
};
use ayumi_core::sync::outbox::OperationState;
use ayumi_core::time::UtcMillis;
use ayumi_core::weight::{MassUnit, NewWeighIn, WeighInTime};
use ayumi_protocol::cursor::{Audience, LogName};
use ayumi_protocol::session::ConsentVersion;

use super::backend::Working;
use super::phone::Phone;
use super::world::{Template, World, to_answer, to_http};

/// From a request to its answer on an ordinary mobile network.
const ROUND_TRIP: Duration = Duration::from_millis(120);
/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;
/// How the app and the real driver pack what they send.
const PACKED_FROM_BYTES: usize = 1024;

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

    /// The platform wakes the app: it stores the steps of the last hour and exchanges once.
    pub fn background_job(&mut self, steps: u32) {
        self.start();
        self.input(Input::Signal(Signal::Background));
        if steps > 0 {
            self.walk(steps);
        }
        self.input(Input::Command(Command::SyncOnce));
        self.pass(Duration::from_secs(5));
        self.end();
    }

    /// She asks for something that only the server knows, from an app that does nothing else.
    pub fn ask(&mut self, command: Command) -> Vec<Reply> {
        self.start();
        self.input(Input::Command(command));
        self.pass(Duration::from_secs(5));
        self.end();
        std::mem::take(&mut self.replies)
    }

    /// Sessions that the server still keeps open for her.
    #[must_use]
    pub fn open_sessions(&self) -> usize {
        let device = uuid::Uuid::from_u128(self.world.phones[0].device);
        let device = ayumi_protocol::id::DeviceId::from_uuid(device);
        let rows = super::backend::at_once(self.world.backend.server.read(device, |tx, device| {
            ayumi_server::server::boxed(async move {
                Ok(tx
                    .query(
                        "SELECT session_id FROM session WHERE device_id = $1 AND ended_at_ms IS NULL",
                        &[(*device).into()],
                    )
                    .await?)
            })
        }));
        rows.expect("the sessions of the server").len()
    }

    /// Steps of the last hour, a sample every six minutes.
    fn walk(&mut self, steps: u32) {
        let elapsed = 10 * HOUR_MS + i64::try_from(self.now.as_millis()).unwrap_or(0);
        let wall = self.wall();
        let first = self.counter;
        self.counter += steps;
        let samples: Vec<StepEvent> = (1..=10_i64)
            .map(|tenth| {
                let ago = (10 - tenth) * HOUR_MS / 10;
                StepEvent::Counter(CounterSample {
                    source: "phone".to_owned(),
                    boot: Some("1".to_owned()),
                    count: Some(f64::from(first) + f64::from(steps) * tenth as f64 / 10.0),
                    event_elapsed_ms: elapsed - ago,
                    received_elapsed_ms: elapsed - ago,
                    received_at: wall.plus(-ago),
                    zone: None,
                })
            })
            .collect();
        self.on_phone(|phone, _, _| {
            app_of(phone).steps().record(&samples).expect("steps");
        });
        self.input(Input::Enqueued);
    }

    /// The app stays in touch from now on, and nothing more was said by the platform.
    pub fn go_live(&mut self) {
        self.start();
        self.input(Input::Command(Command::GoLive));
        self.pass(Duration::from_secs(20));
    }

    /// She opens the app and looks at home and at the conversation.
    pub fn open(&mut self) {
        self.start();
        self.input(Input::Signal(Signal::Foreground));
        self.input(Input::Command(Command::GoLive));
        self.pass(Duration::from_secs(20));
        self.on_phone(|phone, _, _| {
            let case_id = phone.cases[0];
            let app = app_of(phone);
            app.home(app.today().expect("a date")).expect("home");
            app.chat()
                .timeline(case_id, PageFrom::Newest, 50, &std::collections::BTreeSet::new())
                .expect("a page");
        });
    }

    /// She puts the phone away.
    pub fn put_away(&mut self) {
        self.input(Input::Signal(Signal::Background));
        self.pass(Duration::from_secs(2));
        self.end();
    }

    /// She writes, with a photo of a phone's camera or without.
    pub fn write(&mut self, text: &str, photo: Option<&[u8]>) {
        self.try_to_write(text, photo).expect("it waits");
    }

    /// The same where it may be refused.
    ///
    /// Errors: those of sending.
    pub fn try_to_write(&mut self, text: &str, photo: Option<&[u8]>) -> Result<(), ChatError> {
        let sent = self.on_phone(|phone, wall, _| {
            if let Some(process) = &phone.process {
                process.clock.set(wall);
            }
            let case_id = phone.cases[0];
            let chat = app_of(phone).chat();
            let pictures = photo
                .map(|bytes| chat.add_picture(case_id, bytes).expect("a picture"))
                .into_iter()
                .collect();
            let message = NewMessage {
                text: text.to_owned(),
                pictures,
                reply_to: None,
            };
            chat.send(case_id, message).map(|_| ())
        });
        self.input(Input::Enqueued);
        sent
    }

    /// She types her weight.
    pub fn weigh(&mut self) {
        self.on_phone(|phone, wall, _| {
            let weigh_in = NewWeighIn {
                when: WeighInTime::Timed {
                    at: wall,
                    sub_ms_ns: 0,
                    offset_s: 9 * 3600,
                    zone: None,
                },
                typed: "63.4".to_owned(),
                unit: MassUnit::Kilogram,
                waist: None,
                source: "typed".to_owned(),
            };
            app_of(phone).weight().record(&weigh_in).expect("a weigh-in");
        });
        self.input(Input::Enqueued);
    }

    /// She has read everything.
    pub fn read(&mut self) {
        self.on_phone(|phone, _, _| {
            let case_id = phone.cases[0];
            let app = app_of(phone);
            let log = LogName {
                case_id,
                audience: Audience::Care,
            };
            if let Some(replica) = app.shown_replica(log).expect("a replica") {
                app.chat().mark_read(case_id, replica.cursor.seq).expect("a mark");
            }
        });
        self.input(Input::Enqueued);
    }

    /// The dietitian opens her own phone, whose costs are not counted, and reads or writes.
    pub fn dietitian(&mut self, text: Option<&str>) {
        let (wall, case_id) = (self.wall(), self.world.phones[0].cases[0]);
        let phone = self.world.phones.last_mut().expect("the dietitian's phone");
        phone.start(wall);
        let mut inputs = vec![
            Input::Started {
                tokens: phone.tokens(),
            },
            Input::Command(Command::SyncOnce),
        ];
        if let Some(text) = text {
            let message = NewMessage::text(text);
            app_of(phone).chat().send(case_id, message).expect("it waits");
        }
        while !inputs.is_empty() {
            let input = inputs.remove(0);
            for instruction in phone.step(self.now, wall, input) {
                match instruction {
                    Instruction::Http { id, request } => {
                        let working = self.world.backend.begin(to_http(&request, None));
                        let answer = to_answer(super::backend::at_once(working));
                        inputs.push(Input::Answered {
                            id,
                            result: Ok(answer),
                        });
                    }
                    Instruction::SaveTokens { tokens } => {
                        phone.set_tokens(Some(tokens));
                        inputs.push(Input::TokensSaved { is_saved: true });
                    }
                    Instruction::LoadTokens => {
                        inputs.push(Input::TokensLoaded {
                            tokens: phone.tokens(),
                        });
                    }
                    _ => {}
                }
            }
        }
        let process = phone.process.take().expect("it runs");
        process.app.close().expect("it closes");
    }

    /// Messages that her phone shows.
    #[must_use]
    pub fn messages(&mut self) -> usize {
        let wall = self.wall();
        let phone = &mut self.world.phones[0];
        phone.start(wall);
        let case_id = phone.cases[0];
        let page = app_of(phone)
            .chat()
            .timeline(case_id, PageFrom::Newest, 50, &std::collections::BTreeSet::new())
            .expect("a page");
        phone.kill();
        page.items.len()
    }

    /// The whole day of `docs/battery.md`, with the photo at noon or without.
    pub fn live(&mut self, has_photo: bool) {
        let photo = has_photo.then(photo);
        for hour in 0..24_u32 {
            self.until(f64::from(hour));
            let steps = if (7..22).contains(&hour) { 480 } else { 0 };
            self.background_job(steps);
            match hour {
                7 => {
                    self.until(7.25);
                    self.open();
                    self.weigh();
                    self.pass(Duration::from_mins(3));
                    self.put_away();
                }
                // Her work begins; the session of a member of the staff does not last a day without it.
                9 => self.dietitian(None),
                12 => {
                    self.until(12.5);
                    self.open();
                    self.write("お昼は焼き魚とごはんを少なめにしました。", photo.as_deref());
                    self.pass(Duration::from_mins(4));
                    self.put_away();
                }
                15 => {
                    self.until(15.4);
                    self.dietitian(Some("とてもよいですね。野菜を先に食べるともっとよくなります。"));
                    // A push message: the platform wakes the app once more.
                    self.background_job(0);
                }
                18 => {
                    self.until(18.2);
                    self.open();
                    self.read();
                    self.pass(Duration::from_mins(1));
                    self.write("やってみます。", None);
                    self.pass(Duration::from_mins(4));
                    self.put_away();
                }
                21 => {
                    self.until(21.5);
                    self.open();
                    self.write("今日は夕食のあとに歩きました。", None);
                    self.pass(Duration::from_mins(3));
                    self.put_away();
                }
                _ => {}
            }
        }
        self.until(24.0);
    }

    /// An app that stays in memory behind others for some hours, with nothing to send.
    pub fn lie_idle(&mut self, hours: u64) -> Costs {
        self.start();
        self.input(Input::Signal(Signal::Foreground));
        self.input(Input::Command(Command::GoLive));
        self.pass(Duration::from_mins(1));
        self.input(Input::Signal(Signal::Background));
        self.pass(Duration::from_mins(1));
        let before = self.costs;
        self.pass(Duration::from_hours(hours));
        let idle = self.costs - before;
        self.end();
        idle
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
