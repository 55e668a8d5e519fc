//! The table of sync.md 4.7, row by row.

use ayumi_protocol::session::DoneAnswer;

use super::*;

const WALL: UtcMillis = UtcMillis(1_795_000_000_000);

fn answer(status: u16, content_type: &str, body: &[u8]) -> HttpAnswer {
    HttpAnswer {
        status,
        content_type: Some(content_type.to_owned()),
        retry_after: None,
        date: None,
        upload_offset: None,
        body: body.to_vec(),
    }
}

fn problem(code: ProblemCode) -> HttpAnswer {
    let status = code.status();
    let document = Problem::new(code, None, WALL.into());
    answer(
        status,
        "application/problem+json; charset=utf-8",
        &document.write().unwrap(),
    )
}

fn verdict(answer: HttpAnswer) -> Verdict<DoneAnswer> {
    of_json(&Ok(answer), WALL)
}

#[track_caller]
fn assert_again(answer: HttpAnswer, expected: Trouble) {
    match verdict(answer) {
        Verdict::Again { trouble, asked: None } => assert_eq!(trouble, expected),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_success_is_json_of_the_expected_form() {
    let done = answer(200, "application/json", br#"{"server_time_ms":1}"#);
    assert!(matches!(verdict(done), Verdict::Done(DoneAnswer { .. })));
}

#[test]
fn f37_what_a_captive_portal_says_is_no_success_and_refuses_nothing() {
    assert_again(
        answer(200, "text/html", b"<html>sign in</html>"),
        Trouble::CaptivePortal,
    );
    assert_again(
        answer(204, "application/octet-stream", b""),
        Trouble::CaptivePortal,
    );
    assert_again(answer(302, "application/json", b"{}"), Trouble::CaptivePortal);
    for status in [400, 401, 403, 404, 413, 422, 426] {
        assert_again(answer(status, "text/html", b"no"), Trouble::CaptivePortal);
        // The content type of a problem, and none of ours inside.
        assert_again(
            answer(status, "application/problem+json", br#"{"title":"No"}"#),
            Trouble::CaptivePortal,
        );
        // A problem of ours under another content type may be anybody's.
        let mut bare = problem(ProblemCode::Forbidden);
        bare.content_type = Some("text/plain".into());
        assert_again(bare, Trouble::CaptivePortal);
    }
}

#[test]
fn f36_an_answer_that_was_cut_off_is_tried_again() {
    assert_again(
        answer(200, "application/json", br#"{"server_time_"#),
        Trouble::ServerTrouble,
    );
}

#[test]
fn servers_and_balancers_in_trouble_are_tried_again() {
    for status in [408, 425, 429, 500, 502, 503, 504, 520, 529, 599] {
        assert_again(answer(status, "text/html", b""), Trouble::ServerTrouble);
    }
}

#[test]
fn without_an_answer_nothing_is_known() {
    for (none, expected) in [
        (NoAnswer::Unreachable, Trouble::Offline),
        (NoAnswer::Broken, Trouble::Offline),
        (NoAnswer::Deadline, Trouble::Offline),
        (NoAnswer::Aborted, Trouble::Offline),
        (NoAnswer::Tls, Trouble::Tls),
        (NoAnswer::TooLong, Trouble::CaptivePortal),
        (NoAnswer::Redirected, Trouble::CaptivePortal),
        (NoAnswer::FileUnreadable, Trouble::ServerTrouble),
    ] {
        match of_json::<DoneAnswer>(&Err(none), WALL) {
            Verdict::Again { trouble, asked: None } => assert_eq!(trouble, expected),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn f29_a_clock_that_was_never_set_is_suspected_and_not_the_server() {
    for wall in [UtcMillis(0), UtcMillis::YEAR_2100] {
        match of_json::<DoneAnswer>(&Err(NoAnswer::Tls), wall) {
            Verdict::Again { trouble, .. } => assert_eq!(trouble, Trouble::ClockSuspect),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn every_code_of_the_server_is_obeyed_by_its_class() {
    for code in ProblemCode::KNOWN {
        match (code.class(), verdict(problem(code.clone()))) {
            (ProblemClass::Transient, Verdict::Again { trouble, .. }) => {
                assert_eq!(trouble, Trouble::ServerTrouble);
            }
            (
                ProblemClass::Blocked | ProblemClass::Dependency | ProblemClass::Permanent,
                Verdict::Refused { code: refused },
            ) => assert_eq!(refused, *code),
            (class, other) => panic!("{code}: {class:?} {other:?}"),
        }
    }
    // A word of a later server blocks and parks nothing.
    let later = br#"{"type":"x","title":"x","status":403,"code":"moon_phase","server_time_ms":1}"#;
    assert_again(
        answer(403, "application/problem+json", later),
        Trouble::ServerTrouble,
    );
}

fn asked(answer: HttpAnswer) -> Option<Duration> {
    match verdict(answer) {
        Verdict::Again { asked, .. } => asked,
        other => panic!("{other:?}"),
    }
}

#[test]
fn f43_a_wait_is_read_in_every_form_and_bounded_to_an_hour() {
    let with = |retry_after: &str, date: Option<&str>| {
        let mut answer = answer(503, "text/html", b"");
        answer.retry_after = Some(retry_after.to_owned());
        answer.date = date.map(str::to_owned);
        asked(answer)
    };
    assert_eq!(with("30", None), Some(Duration::from_secs(30)));
    assert_eq!(with(" 0 ", None), Some(Duration::ZERO));
    assert_eq!(with("1000000000", None), Some(Duration::from_hours(1)));
    assert_eq!(
        with("99999999999999999999999", None),
        Some(Duration::from_hours(1))
    );
    // By the clock of the sender, whatever the phone's says.
    assert_eq!(
        with(
            "Fri, 01 Jan 2100 00:00:45 GMT",
            Some("Fri, 01 Jan 2100 00:00:00 GMT")
        ),
        Some(Duration::from_secs(45))
    );
    assert_eq!(with("Thu, 01 Jan 1970 00:00:00 GMT", None), Some(Duration::ZERO));
    for nonsense in ["", "-5", "soon", "1.5", "Fri, 99 Jan 2100"] {
        assert_eq!(with(nonsense, None), None, "{nonsense}");
    }
    // A portal does not silence a phone.
    let mut portal = answer(403, "text/html", b"");
    portal.retry_after = Some("3600".to_owned());
    assert_eq!(asked(portal), None);
    // The server's own wait, in its document.
    let document = Problem::new(ProblemCode::RateLimited, Some(2500), WALL.into());
    let limited = answer(429, "application/problem+json", &document.write().unwrap());
    assert_eq!(asked(limited), Some(Duration::from_millis(2500)));
}
