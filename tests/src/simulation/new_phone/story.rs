//! A server with a long log, a new phone, and a network of which each answer can be changed.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use ayumi_core::chat::{PageFrom, TimelineItem};
use ayumi_core::sync::engine::{
    Command, HttpAnswer, HttpRequest, Input, Instruction, NoAnswer, Question, Reply, SignIn,
};
use ayumi_core::time::{DateRange, NaiveDate, UtcMillis};
use ayumi_protocol::body::ErasureReason;
use ayumi_protocol::cursor::{Audience, Epoch, LogName, Seq};
use ayumi_protocol::problem::{Problem, ProblemCode};
use ayumi_protocol::session::TransferRequest;
use ayumi_protocol::time::LocalDate;
use ayumi_protocol::wire::Wire as _;
use ayumi_server::cases::erasure::erase;
use ayumi_server::cases::snapshots::make::make_snapshots;
use ayumi_server::server::boxed;
use ayumi_server::store::state;
use serde_json::{Value, json};

use crate::simulation::backend::at_once;
use crate::simulation::phone::Phone;
use crate::simulation::random::{Dice, SharedDice};
use crate::simulation::world::{Template, World, device, settle, to_answer, to_http, with_small_pages};

/// What becomes of an answer on its way to a phone.
pub(super) type Network<'a> = dyn FnMut(&HttpRequest, HttpAnswer) -> Result<HttpAnswer, NoAnswer> + 'a;

/// Nothing happens to an answer.
#[expect(clippy::unnecessary_wraps, reason = "a network, of which some have no answer")]
pub(super) fn untouched(_: &HttpRequest, answer: HttpAnswer) -> Result<HttpAnswer, NoAnswer> {
    Ok(answer)
}

pub(super) fn is_part(request: &HttpRequest) -> bool {
    request.path.starts_with("/v1/snapshots/")
}

pub(super) fn is_question(request: &HttpRequest) -> bool {
    request.path == "/v1/snapshot"
}

pub(super) fn problem(code: ProblemCode) -> HttpAnswer {
    let document = Problem::new(code, None, ayumi_protocol::time::UtcMillis(0));
    HttpAnswer {
        status: document.status,
        content_type: Some("application/problem+json".to_owned()),
        retry_after: None,
        date: None,
        upload_offset: None,
        body: document.write().unwrap(),
    }
}

/// Everything a phone shows of a case.
#[derive(Debug, PartialEq)]
pub(super) struct Shows {
    pub(super) items: Vec<TimelineItem>,
    pub(super) record: String,
    pub(super) home: String,
    pub(super) days: String,
    pub(super) weigh_ins: String,
    pub(super) folded: Vec<String>,
    pub(super) seq: Seq,
}

/// Two phones show the same; says where they do not.
pub(super) fn assert_same(shown: &Shows, expected: &Shows, what: &str) {
    assert_eq!(shown.seq, expected.seq, "{what}");
    for (shown, expected) in shown.folded.iter().zip(&expected.folded) {
        assert_eq!(shown, expected, "{what}");
    }
    assert_eq!(shown.folded.len(), expected.folded.len(), "{what}");
    assert_eq!(shown.record, expected.record, "{what}");
    assert_eq!(shown.home, expected.home, "{what}");
    assert!(shown == expected, "{what}");
}

/// A server with a long log, and requests that its phones made.
pub(super) struct Story {
    pub(super) world: World,
    pub(super) log: LogName,
    pub(super) operations: u64,
    /// Messages, each with the phone that said it.
    pub(super) messages: Vec<(usize, u64)>,
    /// Requests of the phone that was driven last, by path.
    pub(super) requests: Vec<String>,
    pub(super) phones: u64,
}

impl Story {
    pub(super) fn new(template: &Template, seed: u64) -> Self {
        let world = template.copy(seed);
        let log = LogName {
            case_id: world.phones[0].cases[0],
            audience: Audience::Care,
        };
        Self {
            world,
            log,
            operations: 0,
            messages: Vec::new(),
            requests: Vec::new(),
            phones: 0,
        }
    }

    /// Appends operations as one of the phones.
    pub(super) fn push(&mut self, phone: usize, lane: &str, bodies: &[(&str, Value)]) {
        let token = self.world.phones[phone].tokens().unwrap().access_token;
        for batch in bodies.chunks(50) {
            let operations: Vec<Value> = batch
                .iter()
                .map(|(kind, body)| {
                    self.operations += 1;
                    json!({
                        "op_id": op_id(self.operations), "kind": kind, "body_version": 1,
                        "occurred_at_ms": 1_775_002_380_000_i64 + i64::try_from(self.operations).unwrap() * 1000,
                        "zone": "Asia/Tokyo", "utc_offset_min": 540, "body": body,
                    })
                })
                .collect();
            let push = json!({
                "log": self.log, "epoch": self.world.backend.epoch(), "lane": lane, "operations": operations,
            });
            let request = Request::builder()
                .method("POST")
                .uri("/v1/push")
                .header(header::CONTENT_TYPE, "application/json")
                .header(header::AUTHORIZATION, format!("Bearer {}", token.expose()))
                .header(
                    "ayumi-protocol",
                    ayumi_protocol::version::PROTOCOL_VERSION.to_string(),
                )
                .body(Body::from(push.to_string()))
                .unwrap();
            let answer = to_answer(at_once(self.world.backend.begin(request)));
            let text = String::from_utf8_lossy(&answer.body);
            assert_eq!(answer.status, 200, "{text}");
            let count = text.matches("\"outcome\":\"stored\"").count();
            assert_eq!(count, operations.len(), "{text}");
            self.world.backend.time.advance(Duration::from_secs(1));
        }
    }

    /// A log in which many entries say something about the same: messages with edits, marks, days, weigh-ins, settings.
    pub(super) fn write(&mut self, dice: &mut Dice, entries: u64) {
        for _ in 0..entries {
            let few = dice.below(4);
            let by = *dice.one_of(&[0, 0, 2, 3]);
            let own: Vec<u64> = self
                .messages
                .iter()
                .filter(|(author, _)| (*author == 3) == (by == 3))
                .map(|(_, number)| *number)
                .collect();
            let earlier = if own.is_empty() {
                None
            } else {
                Some(op_id(*dice.one_of(&own)))
            };
            // What is measured is hers, on either of her devices.
            let hers = if by == 3 { 0 } else { by };
            let (by, lane, kind, body) = match (dice.below(9), earlier) {
                (0 | 1, _) | (2, None) => (
                    by,
                    "talk",
                    "message.posted",
                    json!({ "text": format!("simulated {}", dice.next()), "authored_by": "person" }),
                ),
                (2, Some(earlier)) => (
                    by,
                    "talk",
                    "message.edited",
                    json!({ "target": earlier, "text": format!("edited {}", dice.next()) }),
                ),
                (3, Some(earlier)) if few == 0 => {
                    (by, "talk", "message.deleted", json!({ "target": earlier }))
                }
                (3 | 4, _) => (
                    by,
                    "readings",
                    "message.read",
                    json!({ "up_to_seq": 1 + dice.below(self.operations.max(1)) }),
                ),
                (5, _) => {
                    let steps = dice.below(9000);
                    let start = 1_774_998_000_000_u64 + few * 86_400_000;
                    (
                        hers,
                        "readings",
                        "steps.day",
                        json!({
                            "date": format!("2026-04-0{}", 1 + few), "revision": 1 + dice.below(9), "sensor_steps": steps,
                            "correction_steps": 0, "quarantined_steps": 0, "zone": "Asia/Tokyo", "is_travel_day": false,
                            "hours": [{ "start_at_ms": start, "steps": steps }], "paused": [], "excluded": [],
                        }),
                    )
                }
                (6, _) => {
                    let number = 500 + dice.below(200);
                    (
                        hers,
                        "readings",
                        "weight.recorded",
                        json!({
                            "weight_id": weight_id(few),
                            "measured": { "at": { "at_ms": 1_775_001_000_000_i64 + i64::try_from(few).unwrap() * 86_400_000,
                                "sub_ms_ns": 0, "utc_offset_s": 32400, "zone": "Asia/Tokyo" } },
                            "typed": format!("{}.{}", number / 10, number % 10), "unit": "kg", "weight_10g": number * 10, "source": "typed",
                        }),
                    )
                }
                (7, _) if few == 0 => (
                    hers,
                    "readings",
                    "weight.deleted",
                    json!({ "weight_id": weight_id(dice.below(4)) }),
                ),
                (7, _) => (
                    hers,
                    "readings",
                    "article.bookmarked",
                    json!({ "article_id": format!("recipe-000{few}"), "is_bookmarked": dice.happens(500) }),
                ),
                _ => (
                    hers,
                    "readings",
                    "settings.changed",
                    json!({ "key": "steps.goal", "value": format!("{}", 6000 + 500 * dice.below(9)) }),
                ),
            };
            self.push(by, lane, &[(kind, body)]);
            if kind == "message.posted" {
                self.messages.push((by, self.operations));
            }
        }
    }

    pub(super) fn make_snapshots(&self) {
        at_once(make_snapshots(&self.world.backend.server, 100)).unwrap();
    }

    pub(super) fn erase(&self, seq: u64) {
        let target = Seq::new(i64::try_from(seq).unwrap()).unwrap();
        let _ = at_once(erase(
            &self.world.backend.server,
            self.log,
            target,
            ErasureReason::Requested,
        ));
    }

    pub(super) fn renew_epoch(&self) {
        let epoch = Epoch::from_uuid(self.world.backend.server.host.new_uuid());
        at_once(self.world.backend.server.write(epoch, |tx, epoch| {
            boxed(async move { Ok(state::renew(tx, *epoch).await?) })
        }))
        .unwrap();
    }

    pub(super) fn wall(&self) -> UtcMillis {
        UtcMillis(self.world.backend.server.host.now().0)
    }

    /// A phone on which she signed in with a code of her first one. Nothing is read yet.
    pub(super) fn new_phone(&mut self) -> Phone {
        let now = self.wall();
        let Self { world, phones, .. } = self;
        let World {
            backend,
            phones: old,
            folder,
            ..
        } = world;
        let old = &mut old[0];
        old.start(now);
        let started = Input::Started { tokens: old.tokens() };
        let first = old.step(Duration::ZERO, now, started);
        settle(backend, old, first);
        let ask = Input::Command(Command::Ask(Question::TransferCode(None)));
        let first = old.step(Duration::ZERO, now, ask);
        let replies = settle(backend, old, first);
        old.kill();
        let [Reply::TransferCode(Ok(answer))] = replies.as_slice() else {
            panic!("a code: {replies:?}");
        };
        *phones += 1;
        let place = folder.path().join("phones").join(format!("new-{phones}"));
        let mut phone = Phone::new("her new phone", place, None, SharedDice::new(1000 + *phones));
        phone.start(now);
        phone.step(Duration::ZERO, now, Input::Started { tokens: None });
        let sign_in = SignIn::Transfer(TransferRequest {
            code: answer.code.clone(),
            birth_date: LocalDate::new(1975, 4, 1).unwrap(),
            device: device(),
            keeps_old_device: true,
        });
        let first = phone.step(Duration::ZERO, now, Input::Command(Command::SignIn(sign_in)));
        let replies = settle(backend, &mut phone, first);
        assert!(
            matches!(replies.as_slice(), [Reply::SignIn(Ok(_))]),
            "{replies:?}"
        );
        phone
    }

    /// Lets a phone exchange everything. After `most` steps it is killed in the middle; returns whether it came to its end.
    pub(super) fn drive(&mut self, phone: &mut Phone, network: &mut Network<'_>, most: usize) -> bool {
        // Long after it signed in: timers of that time are over.
        let mut monotonic = Duration::from_mins(10);
        let mut todo = std::collections::VecDeque::from([Instruction::StatusChanged]);
        let first = phone.step(monotonic, self.wall(), Input::Command(Command::SyncOnce));
        todo.extend(first);
        self.requests.clear();
        for _ in 0..most {
            let input = match todo.pop_front() {
                Some(Instruction::Http { id, request }) => {
                    self.requests.push(request.path.clone());
                    let small = with_small_pages(&request, 10);
                    let answer = to_answer(at_once(self.world.backend.begin(to_http(&small, None))));
                    let result = network(&request, answer);
                    Input::Answered { id, result }
                }
                Some(Instruction::SaveTokens { tokens }) => {
                    phone.set_tokens(Some(tokens));
                    Input::TokensSaved { is_saved: true }
                }
                Some(Instruction::SetTimer { after }) => {
                    let process = phone.process.as_mut().unwrap();
                    process.timer = Some(monotonic + after);
                    continue;
                }
                Some(Instruction::ClearTimer) => {
                    phone.process.as_mut().unwrap().timer = None;
                    continue;
                }
                Some(_) => continue,
                None => {
                    let process = phone.process.as_mut().unwrap();
                    let Some(at) = process.timer.take() else {
                        return true;
                    };
                    let wait = at.saturating_sub(monotonic);
                    monotonic += wait;
                    self.world.backend.time.advance(wait);
                    Input::TimerFired
                }
            };
            let wall = self.wall();
            todo.extend(phone.step(monotonic, wall, input));
        }
        phone.kill();
        phone.start(self.wall());
        let started = Input::Started {
            tokens: phone.tokens(),
        };
        let _ = phone.step(Duration::ZERO, self.wall(), started);
        false
    }

    pub(super) fn shows(&self, phone: &Phone) -> Shows {
        let app = &phone.process.as_ref().unwrap().app;
        let mut items: Vec<TimelineItem> = Vec::new();
        let mut from = PageFrom::Newest;
        loop {
            let page = app
                .chat()
                .timeline(self.log.case_id, from, 100, &BTreeSet::new())
                .unwrap();
            let first = page.items.first().map(|item| item.place);
            items.splice(0..0, page.items);
            match first {
                Some(first) if page.has_older => from = PageFrom::Before(first),
                _ => break,
            }
        }
        let date = |day| NaiveDate::from_ymd_opt(2026, 4, day).unwrap();
        let range = DateRange {
            from: date(1),
            until: date(30),
        };
        let homes = (
            app.home(date(4)).unwrap(),
            app.case_home(self.log.case_id, date(4)).unwrap(),
        );
        let weigh_ins: Vec<_> = app
            .weight()
            .days(range)
            .unwrap()
            .into_iter()
            .map(|day| format!("{day:?}"))
            .collect();
        Shows {
            items,
            record: format!("{:?}", app.cases().record(self.log.case_id).unwrap()),
            home: format!("{homes:?}"),
            days: format!("{:?}", app.steps().days(range).unwrap()),
            weigh_ins: format!("{weigh_ins:?}"),
            folded: folded(phone),
            seq: app.shown_replica(self.log).unwrap().unwrap().cursor.seq,
        }
    }

    /// What a phone shows that read everything by pages.
    pub(super) fn by_pages(&mut self) -> Shows {
        let mut phone = self.new_phone();
        let mut none = |request: &HttpRequest, answer: HttpAnswer| {
            Ok(if is_question(request) {
                problem(ProblemCode::NotFound)
            } else {
                answer
            })
        };
        assert!(self.drive(&mut phone, &mut none, 10_000));
        assert!(
            !self
                .requests
                .iter()
                .any(|path| path.starts_with("/v1/snapshots/"))
        );
        self.shows(&phone)
    }

    pub(super) fn asked(&self, path: &str) -> usize {
        self.requests
            .iter()
            .filter(|asked| asked.starts_with(path))
            .count()
    }

    pub(super) fn files(phone: &Phone) -> usize {
        std::fs::read_dir(phone.folder.join("cache/snapshots")).map_or(0, Iterator::count)
    }

    /// A new phone behind a network ends with everything, without the file, and without asking for ever.
    pub(super) fn ends_with_everything(&mut self, network: &mut Network<'_>) -> Phone {
        let expected = self.by_pages();
        let mut phone = self.new_phone();
        assert!(self.drive(&mut phone, network, 10_000), "it comes to an end");
        assert_same(&self.shows(&phone), &expected, &format!("{:?}", self.requests));
        assert_eq!(Self::files(&phone), 0);
        phone
    }
}

pub(super) fn op_id(number: u64) -> String {
    format!("018f0000-0000-7000-8000-{number:012x}")
}

pub(super) fn weight_id(number: u64) -> String {
    format!("018f0000-0000-7000-9000-{number:012x}")
}

/// The rows that folds made, without what is this phone's own.
pub(super) fn folded(phone: &Phone) -> Vec<String> {
    let connection = rusqlite::Connection::open(phone.folder.join("user/user.db")).unwrap();
    let mut rows = Vec::new();
    for (table, order) in [
        ("message", "case_id, seq"),
        ("read_mark", "case_id, audience, reader_id"),
        ("case_record", "case_id"),
        ("case_step_day", "case_id, device_id, date"),
        ("case_weigh_in", "case_id, weigh_in_id"),
        ("case_setting", "case_id, key"),
    ] {
        let mut statement = connection
            .prepare(&format!("SELECT * FROM {table} ORDER BY {order}"))
            .unwrap();
        let columns = statement.column_count();
        let found = statement
            .query_map([], |row| {
                let values: Result<Vec<_>, _> = (0..columns)
                    .map(|column| row.get_ref(column).map(|value| format!("{value:?}")))
                    .collect();
                Ok(format!("{table} {}", values?.join(" ")))
            })
            .unwrap();
        rows.extend(found.map(Result::unwrap));
    }
    rows
}
