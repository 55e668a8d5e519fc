//! The engine of a phone against answers that a test gives, request by request: what a real server does not do on demand.

mod full_disk;
mod old_messages;
mod ranges;

use ayumi_protocol::body::{AuthoredBy, MessagePosted};
use ayumi_protocol::cursor::Seq;
use ayumi_protocol::pull::{LogAnswer, Page, PullAnswer, PullRequest};
use ayumi_protocol::session::Tokens;

use super::*;
use crate::chat::{ChatFiles, NewMessage};
use crate::sync::outbox::{OperationState, Outgoing};
use crate::sync::test_support::{Counting, Log, NOW, Person, Phone, case};

/// A phone whose engine is driven by hand.
struct Driven {
    phone: Phone,
    engine: Engine,
    files: ChatFiles,
    random: Counting,
    monotonic: Duration,
    wall: UtcMillis,
    /// Requests that are not answered yet, in their order.
    requests: Vec<(RequestId, HttpRequest)>,
    /// When the timer ends.
    timer: Option<Duration>,
}

impl Driven {
    /// A phone on which somebody is signed in and whose app is in front.
    fn live(phone: Phone, wall: UtcMillis) -> Self {
        let mut driven = Self {
            files: ChatFiles::new(phone.folder()),
            phone,
            engine: Engine::new(EngineConfig {
                app_version: AppVersion::parse("1.0.0").unwrap(),
                asks_about_old_messages: true,
                snapshot_worth_entries: 100,
            }),
            random: Counting::default(),
            monotonic: Duration::from_hours(1),
            wall,
            requests: Vec::new(),
            timer: None,
        };
        let tokens = Tokens {
            access_token: Secret::new("an access token of a test".to_owned()),
            access_expires_in_ms: 900_000,
            refresh_token: Secret::new("a refresh token of a test".to_owned()),
        };
        let started = Input::Started { tokens: Some(tokens) };
        driven.step(started).unwrap();
        driven.step(Input::Command(Command::GoLive)).unwrap();
        driven
    }

    fn now(&self) -> Now {
        Now {
            monotonic: self.monotonic,
            wall: self.wall,
        }
    }

    fn step(&mut self, input: Input) -> Result<(), StoreError> {
        let now = self.now();
        let (instructions, result) =
            self.engine
                .step(self.phone.store(), &self.files, now, &self.random, input);
        for instruction in instructions {
            match instruction {
                Instruction::Http { id, request } => self.requests.push((id, request)),
                Instruction::Abort { id } => self.requests.retain(|(of, _)| *of != id),
                Instruction::SetTimer { after } => self.timer = Some(self.monotonic + after),
                Instruction::ClearTimer => self.timer = None,
                _ => {}
            }
        }
        result
    }

    /// Time passes; the timer fires as often as it does.
    fn pass(&mut self, time: Duration) {
        let until = self.monotonic + time;
        while let Some(at) = self.timer.filter(|at| *at <= until) {
            self.wall = self
                .wall
                .plus(i64::try_from((at.saturating_sub(self.monotonic)).as_millis()).unwrap());
            self.monotonic = self.monotonic.max(at);
            self.timer = None;
            let _ = self.step(Input::TimerFired);
        }
        self.wall = self
            .wall
            .plus(i64::try_from(until.saturating_sub(self.monotonic).as_millis()).unwrap());
        self.monotonic = until;
    }

    /// Paths of what is in flight.
    fn in_flight(&self) -> Vec<&str> {
        let paths = self.requests.iter();
        paths.map(|(_, request)| request.path.as_str()).collect()
    }

    /// The first request to a path that is in flight; from now on it is no longer.
    #[track_caller]
    fn take(&mut self, path: &str) -> (RequestId, HttpRequest) {
        let place = self
            .requests
            .iter()
            .position(|(_, request)| request.path.starts_with(path));
        let Some(place) = place else {
            panic!("{path} is not asked: {:?}", self.in_flight());
        };
        self.requests.remove(place)
    }

    /// The pull in flight; from now on it is no longer.
    #[track_caller]
    fn take_pull(&mut self) -> (RequestId, PullRequest) {
        let (id, request) = self.take("/v1/pull");
        (id, read_pull(&request))
    }

    /// The same, unless there is none or it waits for news.
    fn take_pull_at_once(&mut self) -> Option<(RequestId, PullRequest)> {
        let is_pull = |request: &HttpRequest| request.path == "/v1/pull";
        let (_, request) = self.requests.iter().find(|(_, request)| is_pull(request))?;
        (read_pull(request).wait_ms == 0).then(|| self.take_pull())
    }

    fn answer(&mut self, id: RequestId, result: Result<HttpAnswer, NoAnswer>) -> Result<(), StoreError> {
        self.step(Input::Answered { id, result })
    }

    /// Answers a pull with news of some logs, and none of the others.
    fn answer_pull(&mut self, id: RequestId, logs: Vec<LogAnswer>) -> Result<(), StoreError> {
        let answer = PullAnswer {
            server_time_ms: NOW.into(),
            epoch: Log::care(case(1)).epoch,
            logs,
            has_more: false,
        };
        self.answer(id, Ok(json(&answer)))
    }

    /// Everything in the outbox.
    fn outbox(&self) -> Vec<Outgoing> {
        let read = |reader: &Reader<'_>| Ok(crate::sync::outbox::sql::all(reader)?);
        self.phone.store().read::<_, StoreError>(read).unwrap()
    }

    fn states(&self) -> Vec<OperationState> {
        self.outbox().iter().map(|outgoing| outgoing.state).collect()
    }

    fn status(&self) -> SyncStatus {
        let read = |reader: &Reader<'_>| self.engine.status(reader, self.now());
        self.phone.store().read::<_, StoreError>(read).unwrap()
    }
}

fn said(text: &str) -> MessagePosted {
    MessagePosted {
        text: text.to_owned(),
        attachments: Vec::new(),
        reply_to: None,
        authored_by: AuthoredBy::Human,
        triage: Vec::new(),
    }
}

fn read_pull(request: &HttpRequest) -> PullRequest {
    let RequestBody::Json(body) = &request.body else {
        panic!("a pull is JSON");
    };
    PullRequest::parse(body).unwrap()
}

/// From where a pull asks for a log; `None` if it does not.
fn asked_from(request: &PullRequest, log: &Log) -> Option<Seq> {
    let cursor = request.logs.iter().find(|cursor| cursor.log == log.name);
    cursor.map(|cursor| cursor.cursor.seq)
}

fn json(answer: &impl Wire) -> HttpAnswer {
    HttpAnswer {
        status: 200,
        content_type: Some("application/json".to_owned()),
        retry_after: None,
        date: None,
        upload_offset: None,
        body: answer.write().unwrap(),
    }
}

fn page(log: &Log, page: Page) -> LogAnswer {
    LogAnswer {
        log: log.name,
        page: Some(page),
        refusal: None,
    }
}
