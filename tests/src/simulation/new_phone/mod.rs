//! A new phone of a participant against the real server, request by request and in virtual time: by a snapshot it shows what it shows
//! by pages, whatever happens to the snapshot on the way. Source: faults.md C10.

mod story;

use std::time::Duration;

use ayumi_core::sync::engine::{HttpAnswer, HttpRequest, Input, NoAnswer, Now};
use ayumi_protocol::cursor::Seq;
use ayumi_protocol::problem::ProblemCode;
use serde_json::{Value, json};

use self::story::{Story, assert_same, is_part, is_question, problem, untouched};
use super::phone::Phone;
use super::random::Dice;
use super::world::Template;

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
