//! A new phone of a participant against the real server, request by request and in virtual time: by a snapshot it shows what it shows
//! by pages, whatever happens to the snapshot on the way. Source: faults.md C10.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use ayumi_core::chat::{PageFrom, TimelineItem};
use ayumi_core::sync::engine::{
    Command, HttpAnswer, HttpRequest, Input, Instruction, NoAnswer, Now, Question, Reply, RequestBody, SignIn,
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

use super::backend::at_once;
use super::phone::Phone;
use super::random::{Dice, SharedDice};
use super::world::{Template, World, device, settle, to_answer, to_http};

/// What becomes of an answer on its way to a phone.
type Network<'a> = dyn FnMut(&HttpRequest, HttpAnswer) -> Result<HttpAnswer, NoAnswer> + 'a;

/// Nothing happens to an answer.
#[expect(clippy::unnecessary_wraps, reason = "a network, of which some have no answer")]
fn untouched(_: &HttpRequest, answer: HttpAnswer) -> Result<HttpAnswer, NoAnswer> {
    Ok(answer)
}

fn is_part(request: &HttpRequest) -> bool {
    request.path.starts_with("/v1/snapshots/")
}

fn is_question(request: &HttpRequest) -> bool {
    request.path == "/v1/snapshot"
}

/// A pull of few entries: simulated logs are short, and the first page must not bring them whole.
fn with_small_pages(request: &HttpRequest) -> HttpRequest {
    let mut request = request.clone();
    if request.path == "/v1/pull"
        && let RequestBody::Json(bytes) = &mut request.body
    {
        let mut pull: Value = serde_json::from_slice(bytes).unwrap();
        pull["page_entries"] = json!(10);
        *bytes = pull.to_string().into_bytes();
    }
    request
}

fn problem(code: ProblemCode) -> HttpAnswer {
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
struct Shows {
    items: Vec<TimelineItem>,
    record: String,
    home: String,
    days: String,
    weigh_ins: String,
    folded: Vec<String>,
    seq: Seq,
}

/// Two phones show the same; says where they do not.
fn assert_same(shown: &Shows, expected: &Shows, what: &str) {
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
struct Story {
    world: World,
    log: LogName,
    operations: u64,
    /// Messages, each with the phone that said it.
    messages: Vec<(usize, u64)>,
    /// Requests of the phone that was driven last, by path.
    requests: Vec<String>,
    phones: u64,
}

impl Story {
    fn new(template: &Template, seed: u64) -> Self {
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
    fn push(&mut self, phone: usize, lane: &str, bodies: &[(&str, Value)]) {
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
    fn write(&mut self, dice: &mut Dice, entries: u64) {
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

    fn make_snapshots(&self) {
        at_once(make_snapshots(&self.world.backend.server, 100)).unwrap();
    }

    fn erase(&self, seq: u64) {
        let target = Seq::new(i64::try_from(seq).unwrap()).unwrap();
        let _ = at_once(erase(
            &self.world.backend.server,
            self.log,
            target,
            ErasureReason::Requested,
        ));
    }

    fn renew_epoch(&self) {
        let epoch = Epoch::from_uuid(self.world.backend.server.host.new_uuid());
        at_once(self.world.backend.server.write(epoch, |tx, epoch| {
            boxed(async move { Ok(state::renew(tx, *epoch).await?) })
        }))
        .unwrap();
    }

    fn wall(&self) -> UtcMillis {
        UtcMillis(self.world.backend.server.host.now().0)
    }

    /// A phone on which she signed in with a code of her first one. Nothing is read yet.
    fn new_phone(&mut self) -> Phone {
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
    fn drive(&mut self, phone: &mut Phone, network: &mut Network<'_>, most: usize) -> bool {
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
                    let small = with_small_pages(&request);
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

    fn shows(&self, phone: &Phone) -> Shows {
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
    fn by_pages(&mut self) -> Shows {
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

    fn asked(&self, path: &str) -> usize {
        self.requests
            .iter()
            .filter(|asked| asked.starts_with(path))
            .count()
    }

    fn files(phone: &Phone) -> usize {
        std::fs::read_dir(phone.folder.join("cache/snapshots")).map_or(0, Iterator::count)
    }

    /// A new phone behind a network ends with everything, without the file, and without asking for ever.
    fn ends_with_everything(&mut self, network: &mut Network<'_>) -> Phone {
        let expected = self.by_pages();
        let mut phone = self.new_phone();
        assert!(self.drive(&mut phone, network, 10_000), "it comes to an end");
        assert_same(&self.shows(&phone), &expected, &format!("{:?}", self.requests));
        assert_eq!(Self::files(&phone), 0);
        phone
    }
}

fn op_id(number: u64) -> String {
    format!("018f0000-0000-7000-8000-{number:012x}")
}

fn weight_id(number: u64) -> String {
    format!("018f0000-0000-7000-9000-{number:012x}")
}

/// The rows that folds made, without what is this phone's own.
fn folded(phone: &Phone) -> Vec<String> {
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

#[test]
fn c10_the_fold_of_a_snapshot_is_the_fold_of_the_log() {
    let template = Template::new();
    for seed in 0..12 {
        let mut story = Story::new(&template, seed);
        let mut dice = Dice::new(seed);
        story.write(&mut dice, 40 + seed * 5);
        story.make_snapshots();
        // Entries that come after it, and while the phone reads.
        story.write(&mut dice, seed * 2);
        let phone = story.ends_with_everything(&mut untouched);
        assert_eq!(
            (story.asked("/v1/snapshot") >= 2, story.asked("/v1/snapshots/")),
            (true, 1),
            "{seed}"
        );
        // A body that made others superfluous is erased: they count again, and are fetched.
        let mut phone = phone;
        for _ in 0..3 {
            story.erase(2 + dice.below(40));
        }
        story.write(&mut dice, 3);
        assert!(story.drive(&mut phone, &mut untouched, 10_000));
        let shown = story.shows(&phone);
        assert_same(&shown, &story.by_pages(), &format!("erased {seed}"));
    }
}

/// A log of three portions, and its snapshot.
fn long(template: &Template) -> Story {
    let mut story = Story::new(template, 1);
    let bodies: Vec<_> = (1..2300)
        .map(|number| ("message.read", json!({ "up_to_seq": number })))
        .collect();
    story.push(0, "readings", &bodies);
    story.write(&mut Dice::new(1), 30);
    story.make_snapshots();
    story
}

#[test]
fn c10_a_phone_that_is_killed_in_the_middle_goes_on_where_it_was() {
    let template = Template::new();
    let mut story = long(&template);
    let expected = story.by_pages();
    // Small parts, so that there is a middle of the file too.
    let mut small = |request: &HttpRequest, mut answer: HttpAnswer| {
        if is_part(request) {
            answer.body.truncate(2_000);
        }
        Ok(answer)
    };
    let mut phone = story.new_phone();
    assert!(story.drive(&mut phone, &mut small, 10_000));
    let parts = story.asked("/v1/snapshots/");
    assert!(parts > 3, "{parts}");
    assert_same(&story.shows(&phone), &expected, "small parts");
    for most in (1..40).step_by(3) {
        let mut phone = story.new_phone();
        let mut all_parts = 0;
        let mut most = most;
        while !story.drive(&mut phone, &mut small, most) {
            all_parts += story.asked("/v1/snapshots/");
            // Later kills come later, so that the story ends.
            most += 2;
        }
        all_parts += story.asked("/v1/snapshots/");
        assert_same(&story.shows(&phone), &expected, "killed");
        assert!(
            all_parts <= parts + 8,
            "a kill costs a part, and not the file: {all_parts}"
        );
        assert_eq!(Story::files(&phone), 0);
    }
}

#[test]
fn c10_whatever_is_wrong_with_a_snapshot_pages_bring_the_same() {
    type Change = fn(&HttpRequest, HttpAnswer) -> Result<HttpAnswer, NoAnswer>;
    let changes: &[(&str, Change)] = &[
        ("it is gone", |request, answer| {
            Ok(if is_part(request) {
                problem(ProblemCode::NotFound)
            } else {
                answer
            })
        }),
        ("other bytes", |request, mut answer| {
            if is_part(request) {
                answer.body.reverse();
            }
            Ok(answer)
        }),
        ("one other byte", |request, mut answer| {
            if is_part(request) {
                let middle = answer.body.len() / 2;
                answer.body[middle] ^= 1;
            }
            Ok(answer)
        }),
        ("more bytes than told", |request, mut answer| {
            if is_part(request) {
                answer.body.extend([0; 100]);
            }
            Ok(answer)
        }),
        ("no bytes", |request, mut answer| {
            if is_part(request) {
                answer.body.clear();
            }
            Ok(answer)
        }),
        ("a page to sign in", |request, mut answer| {
            if is_part(request) {
                answer.content_type = Some("text/html".to_owned());
            }
            Ok(answer)
        }),
        ("the server is in trouble for ever", |request, answer| {
            Ok(if is_part(request) {
                problem(ProblemCode::Unavailable)
            } else {
                answer
            })
        }),
        ("the question is never answered", |request, answer| {
            if is_question(request) {
                Err(NoAnswer::Deadline)
            } else {
                Ok(answer)
            }
        }),
        ("the parts never end", |request, answer| {
            if is_part(request) {
                Err(NoAnswer::Broken)
            } else {
                Ok(answer)
            }
        }),
        ("an answer too long", |request, answer| {
            if is_part(request) {
                Err(NoAnswer::TooLong)
            } else {
                Ok(answer)
            }
        }),
        ("another question than was asked", |request, mut answer| {
            if is_question(request) {
                answer.body = b"{\"server_time_ms\":1}".to_vec();
            }
            Ok(answer)
        }),
    ];
    let template = Template::new();
    let mut story = Story::new(&template, 3);
    story.write(&mut Dice::new(3), 60);
    story.make_snapshots();
    story.write(&mut Dice::new(4), 5);
    for (what, change) in changes {
        let mut network = *change;
        let mut phone = story.ends_with_everything(&mut network);
        // It is not tried again, neither at the next exchange nor after a start.
        for _ in 0..2 {
            assert!(!story.drive(&mut phone, &mut untouched, 0));
            assert!(story.drive(&mut phone, &mut untouched, 10_000), "{what}");
            assert_eq!(story.asked("/v1/snapshot"), 0, "{what}");
        }
    }
}

/// Changes what the server says of its snapshot.
fn announced(answer: &mut HttpAnswer, change: impl FnOnce(&mut Value)) {
    let mut body: Value = serde_json::from_slice(&answer.body).unwrap();
    if body["snapshot"].is_object() {
        change(&mut body["snapshot"]);
    }
    answer.body = body.to_string().into_bytes();
}

#[test]
fn c10_a_snapshot_that_was_made_badly_is_applied_as_far_as_it_is_good_and_no_further() {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use sha2::Digest as _;
    use std::io::{Read as _, Write as _};

    let template = Template::new();
    let mut story = Story::new(&template, 5);
    story.write(&mut Dice::new(5), 60);
    story.make_snapshots();
    // What the server would send.
    let mut whole = Vec::new();
    let mut phone = story.new_phone();
    let mut keep = |request: &HttpRequest, answer: HttpAnswer| {
        if is_part(request) {
            whole.extend_from_slice(&answer.body);
        }
        Ok(answer)
    };
    story.drive(&mut phone, &mut keep, 10_000);
    let mut text = String::new();
    flate2::read::GzDecoder::new(whole.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let without = |gone: usize| {
        let mut lines = lines.clone();
        lines.remove(gone);
        lines.join("\n")
    };
    let contents = [
        String::new(),
        "no items".to_owned(),
        without(30),
        lines[..20].join("\n"),
        format!(
            "{}\n{{\"entry\":{{\"seq\":41}}}}\n{}",
            lines[..40].join("\n"),
            lines[41..].join("\n")
        ),
        " ".repeat(3_000_000),
        format!("{{\"entry\":{{\"unknown\":\"{}\"}}}}", "x".repeat(3_000_000)),
        [text.as_str(), text.as_str()].concat(),
    ];
    for content in &contents {
        for lies in [false, true] {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(content.as_bytes()).unwrap();
            let file = encoder.finish().unwrap();
            let sum: [u8; 32] = sha2::Sha256::digest(&file).into();
            let sha256 = ayumi_protocol::hash::Sha256::from_bytes(sum).to_string();
            let told = if lies { 1_000_000 } else { content.len().max(1) };
            let mut network = |request: &HttpRequest, mut answer: HttpAnswer| {
                if is_question(request) {
                    announced(&mut answer, |snapshot| {
                        snapshot["length_bytes"] = json!(file.len());
                        snapshot["decompressed_bytes"] = json!(told);
                        snapshot["sha256"] = json!(sha256);
                    });
                }
                if is_part(request) {
                    answer.status = 200;
                    answer.body.clone_from(&file);
                }
                Ok(answer)
            };
            story.ends_with_everything(&mut network);
        }
    }
    // Sizes that nobody may have are not even fetched.
    for (name, value) in [
        ("length_bytes", json!(0)),
        ("length_bytes", json!(1_u64 << 40)),
        ("decompressed_bytes", json!(1_u64 << 40)),
        ("up_to_seq", json!(1)),
        ("epoch", json!("018f0000-0000-7000-8000-000000000001")),
    ] {
        let mut network = |request: &HttpRequest, mut answer: HttpAnswer| {
            if is_question(request) {
                announced(&mut answer, |snapshot| snapshot[name] = value.clone());
            }
            Ok(answer)
        };
        story.ends_with_everything(&mut network);
        assert_eq!(story.asked("/v1/snapshots/"), 0, "{name}");
    }
}

#[test]
fn c10_a_server_that_becomes_another_incarnation_in_the_middle_is_read_from_the_start() {
    let template = Template::new();
    let mut story = long(&template);
    let mut phone = story.new_phone();
    let mut small = |request: &HttpRequest, mut answer: HttpAnswer| {
        if is_part(request) {
            answer.body.truncate(2_000);
        }
        Ok(answer)
    };
    assert!(!story.drive(&mut phone, &mut small, 12));
    assert!(story.asked("/v1/snapshots/") > 0 && Story::files(&phone) == 0);
    let process = phone.process.as_ref().unwrap();
    let now = Now {
        monotonic: Duration::ZERO,
        wall: story.wall(),
    };
    let status = process.app.status(&process.engine, now).unwrap();
    let progress = status.snapshot.unwrap();
    assert_eq!(progress.log, story.log);
    assert!(progress.fetched_bytes > 0 && progress.fetched_bytes <= progress.length_bytes);
    assert!(progress.applied_entries < progress.entries);
    story.renew_epoch();
    assert!(story.drive(&mut phone, &mut small, 10_000));
    let shown = story.shows(&phone);
    assert_same(&shown, &story.by_pages(), "another epoch");
    assert_eq!(Story::files(&phone), 0);

    // Also when half of it was applied.
    let mut phone = story.new_phone();
    story.make_snapshots();
    let mut steps = 1;
    while story.new_phone_is_before(&mut phone, steps) {
        steps += 1;
    }
    story.renew_epoch();
    assert!(story.drive(&mut phone, &mut untouched, 10_000));
    let shown = story.shows(&phone);
    assert_same(&shown, &story.by_pages(), "another epoch");
    let app = &phone.process.as_ref().unwrap().app;
    assert!(
        app.outbox().unwrap().is_empty(),
        "nothing thinned is offered again"
    );
}

impl Story {
    /// Drives a phone some steps. Returns whether it has not yet applied a portion.
    fn new_phone_is_before(&mut self, phone: &mut Phone, steps: usize) -> bool {
        assert!(
            !self.drive(phone, &mut untouched, steps),
            "a portion comes before the end"
        );
        let app = &phone.process.as_ref().unwrap().app;
        let replica = app.shown_replica(self.log).unwrap().unwrap();
        replica.cursor.seq < Seq::new(1_000).unwrap()
    }
}

#[test]
fn a_short_log_and_a_phone_that_is_not_new_ask_for_no_snapshot() {
    let template = Template::new();
    let mut story = Story::new(&template, 7);
    story.write(&mut Dice::new(7), 5);
    let mut phone = story.new_phone();
    assert!(story.drive(&mut phone, &mut untouched, 10_000));
    assert_eq!(story.asked("/v1/snapshot"), 0, "its first page is its last");
    story.write(&mut Dice::new(8), 600);
    assert!(story.drive(&mut phone, &mut untouched, 10_000));
    assert_eq!(story.asked("/v1/snapshot"), 1, "there is none");
    assert!(!story.drive(&mut phone, &mut untouched, 0));
    story.write(&mut Dice::new(9), 60);
    story.make_snapshots();
    assert!(story.drive(&mut phone, &mut untouched, 10_000));
    assert_eq!(story.asked("/v1/snapshot"), 0, "it has more than a page");
}

#[test]
fn c10_a_dietitian_who_has_little_of_a_case_reads_it_from_a_snapshot_too_and_sees_the_same() {
    let template = Template::new();
    let mut shown = Vec::new();
    for is_offered in [true, false] {
        let mut story = Story::new(&template, 11);
        story.write(&mut Dice::new(11), 80);
        story.make_snapshots();
        story.write(&mut Dice::new(12), 4);
        let mut phone = story.world.phones.remove(3);
        phone.start(story.wall());
        let started = Input::Started {
            tokens: phone.tokens(),
        };
        let wall = story.wall();
        let _ = phone.step(Duration::ZERO, wall, started);
        let mut network = |request: &HttpRequest, answer: HttpAnswer| {
            Ok(if is_question(request) && !is_offered {
                problem(ProblemCode::NotFound)
            } else {
                answer
            })
        };
        assert!(story.drive(&mut phone, &mut network, 10_000));
        assert_eq!(story.asked("/v1/snapshots/"), usize::from(is_offered));
        assert_eq!(Story::files(&phone), 0);
        shown.push(story.shows(&phone));
    }
    assert_same(&shown[0], &shown[1], "a dietitian");
}
