//! The app against the real server on real sockets, through a proxy that misbehaves. Source: faults.md F31 to F50, C11.
//!
//! Nothing is lost, doubled or reordered, a screen gets a status, and nothing panics.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ayumi_core::chat::{NewMessage, PageFrom};
use ayumi_core::clock::{MonotonicClock as _, SystemMonotonicClock};
use ayumi_core::net::SyncError;
use ayumi_core::secret::SecretStore as _;
use ayumi_core::store::StoreError;
use ayumi_core::sync::engine::{Blocked, CommandError, Phase, Signal, Trouble};
use ayumi_core::time::UtcMillis;
use ayumi_protocol::id::CaseId;
use ayumi_tests::proxy::{Of, Portion, Proxy};
use ayumi_tests::real_server::{Certificates, PATIENCE, RealPhone, RealServer, born};

/// Texts of a conversation, oldest first.
fn texts(phone: &RealPhone, case_id: CaseId) -> Vec<String> {
    let sending = phone.app.sync().sending();
    let page = phone
        .app
        .chat()
        .timeline(case_id, PageFrom::Newest, 100, &sending)
        .unwrap();
    let mut texts: Vec<String> = page.items.into_iter().filter_map(|item| item.text).collect();
    texts.sort();
    texts
}

fn say(phone: &RealPhone, case_id: CaseId, text: &str) {
    phone.app.chat().send(case_id, NewMessage::text(text)).unwrap();
}

/// A participant behind a proxy, enrolled, and her dietitian without one, who knows the case.
struct Pair {
    server: RealServer,
    proxy: Proxy,
    participant: RealPhone,
    dietitian: RealPhone,
    case_id: CaseId,
}

impl Pair {
    fn new() -> Self {
        let server = RealServer::start();
        let proxy = Proxy::before(server.address);
        let participant = RealPhone::new(&proxy.url(), 1);
        let case_id = participant.enrol(&server);
        let dietitian = RealPhone::new(&server.url(), 2);
        server.sign_dietitian_in(&dietitian);
        Self {
            server,
            proxy,
            participant,
            dietitian,
            case_id,
        }
    }

    fn say(&self, text: &str) {
        say(&self.participant, self.case_id, text);
    }

    /// One exchange of the participant. Returns what is wrong afterwards.
    fn exchange(&self) -> Option<Trouble> {
        let outcome = self.participant.app.sync().sync_now(PATIENCE).unwrap();
        assert!(outcome.is_complete);
        outcome.status.trouble
    }

    /// Everything that the dietitian reads, after an exchange of each.
    fn read(&self) -> Vec<String> {
        let outcome = self.dietitian.app.sync().sync_now(PATIENCE).unwrap();
        assert!(
            outcome.is_complete && outcome.status.trouble.is_none(),
            "{outcome:?}"
        );
        texts(&self.dietitian, self.case_id)
    }

    /// What was said arrives once, and nothing waits any more.
    fn arrives_once(&self, expected: &[&str]) {
        assert_eq!(self.exchange(), None);
        assert_eq!(self.participant.app.sync().pending().unwrap().unsent, 0);
        assert_eq!(self.read(), expected);
        assert_eq!(texts(&self.participant, self.case_id), expected);
    }

    /// Nothing arrived, nothing is lost, nothing is parked.
    fn still_waits(&self) {
        let waiting = self.participant.app.sync().pending().unwrap();
        assert_eq!((waiting.unsent, waiting.attention), (1, 0));
    }
}

#[test]
fn a_message_of_a_participant_reaches_her_dietitian_and_the_answer_comes_back() {
    let pair = Pair::new();
    pair.say("hello");
    pair.arrives_once(&["hello"]);
    say(&pair.dietitian, pair.case_id, "welcome");
    assert_eq!(pair.read(), ["hello", "welcome"]);
    let outcome = pair.participant.app.sync().sync_now(PATIENCE).unwrap();
    assert_eq!((outcome.sent, outcome.received), (0, 1), "{outcome:?}");
    assert_eq!(texts(&pair.participant, pair.case_id), ["hello", "welcome"]);
}

#[test]
fn an_exchange_in_which_nothing_fails_waits_for_no_timer() {
    let pair = Pair::new();
    for text in ["one", "two", "three"] {
        pair.say(text);
        assert_eq!(pair.exchange(), None);
    }
    assert_eq!(pair.participant.app.sync().counts().timers, 0);
}

#[test]
fn f32_a_response_lost_after_the_commit_is_asked_for_again_and_the_message_is_there_once() {
    let pair = Pair::new();
    pair.say("once");
    let lost = pair.proxy.next_to("/v1/push").response_lost();
    pair.arrives_once(&["once"]);
    assert_eq!(
        (lost.happened(), pair.proxy.requests_to("/v1/push") >= 2),
        (1, true)
    );
}

#[test]
fn f33_a_gateway_that_gives_up_after_the_commit_doubles_nothing() {
    for status in [502, 504] {
        let pair = Pair::new();
        pair.say("once");
        let said = pair.proxy.next_to("/v1/push").answers(status).after_the_server();
        pair.arrives_once(&["once"]);
        assert_eq!(said.rule().happened(), 1);
    }
}

#[test]
fn f34_a_request_that_is_delivered_twice_stores_one_message() {
    let pair = Pair::new();
    for of in [Of::First, Of::Second] {
        pair.proxy.next_to("/v1/push").duplicated_with_answer(of);
    }
    pair.say("one");
    pair.arrives_once(&["one"]);
    pair.say("two");
    pair.arrives_once(&["one", "two"]);
}

#[test]
fn f35_an_old_page_that_arrives_late_changes_nothing() {
    let pair = Pair::new();
    pair.say("one");
    pair.arrives_once(&["one"]);
    let late = pair.proxy.next_to("/v1/pull").old_answer_again();
    pair.say("two");
    assert_eq!(pair.exchange(), None);
    pair.arrives_once(&["one", "two"]);
    assert_eq!(late.happened(), 1);
}

#[test]
fn f36_a_page_that_is_cut_off_in_its_content_is_read_again() {
    let pair = Pair::new();
    pair.say("one");
    for portion in [1, 50, 99] {
        pair.proxy
            .next_to("/v1/pull")
            .content_truncated_to(Portion::Percent(portion));
        pair.proxy
            .next_to("/v1/pull")
            .response_cut_after(usize::from(portion));
    }
    for _ in 0..4 {
        pair.exchange();
    }
    pair.arrives_once(&["one"]);
}

#[test]
fn f37_whoever_else_answers_is_no_server_and_no_message_is_parked() {
    let pair = Pair::new();
    pair.say("one");
    for index in 0..3 {
        let push = pair.proxy.every_to("/v1/");
        let _rule = match index {
            0 => push.captive_portal().rule(),
            1 => push.answers(403).rule(),
            _ => push.content_type("text/html"),
        };
        assert_eq!(pair.exchange(), Some(Trouble::CaptivePortal), "{index}");
        pair.proxy.behaves();
        let waiting = pair.participant.app.sync().pending().unwrap();
        assert_eq!(waiting.attention, 0);
    }
    pair.arrives_once(&["one"]);
}

#[test]
fn f38_a_redirect_is_not_followed_and_takes_no_token_elsewhere() {
    let pair = Pair::new();
    let elsewhere = Proxy::before(pair.server.address);
    pair.say("one");
    pair.proxy
        .every()
        .redirected_to(&format!("{}/v1/push", elsewhere.url()));
    assert_eq!(pair.exchange(), Some(Trouble::CaptivePortal));
    pair.still_waits();
    assert_eq!(elsewhere.traffic().connections, 0);
    pair.proxy.behaves();
    pair.arrives_once(&["one"]);
}

#[test]
fn f39_a_server_that_cannot_prove_who_it_is_gets_nothing() {
    let files = Certificates::of_repository();
    let authority = std::fs::read(&files.authority).unwrap();
    let server = RealServer::start_with(Some(files));
    let url = format!("https://localhost:{}", server.address.port());
    let code = server.invitation();
    let enrol = |phone: &RealPhone| phone.app.sync().enrol(&code, born(), PATIENCE);

    let stranger = RealPhone::new(&url, 1);
    let refused = enrol(&stranger).unwrap_err();
    assert!(
        matches!(
            refused,
            SyncError::Command(CommandError::Unreachable(Trouble::Tls))
        ),
        "{refused:?}"
    );
    // The certificate has dates, and this phone does not know today's.
    stranger.clock.set(UtcMillis(0));
    let refused = enrol(&stranger).unwrap_err();
    assert!(
        matches!(
            refused,
            SyncError::Command(CommandError::Unreachable(Trouble::ClockSuspect))
        ),
        "{refused:?}"
    );
    let broken = RealPhone::with(&url, 2, |config| {
        config.root_certificates = Some(b"none".to_vec());
    });
    assert!(matches!(enrol(&broken).unwrap_err(), SyncError::Tls(_)));

    let known = RealPhone::with(&url, 3, |config| {
        config.root_certificates = Some(authority.clone());
    });
    let case_id = known.enrol(&server);
    say(&known, case_id, "encrypted");
    let outcome = known.app.sync().sync_now(PATIENCE).unwrap();
    assert_eq!((outcome.sent, outcome.waiting.unsent), (1, 0), "{outcome:?}");
}

#[test]
fn f40_a_caller_comes_back_at_its_limit_from_an_answer_that_trickles_and_what_was_sent_is_not_sent_twice() {
    let pair = Pair::new();
    pair.say("slow");
    let gate = pair.proxy.next_to("/v1/push").response_trickles();
    let clock = SystemMonotonicClock::new();
    let outcome = pair
        .participant
        .app
        .sync()
        .sync_now(Duration::from_millis(50))
        .unwrap();
    assert!(!outcome.is_complete && clock.now() < Duration::from_secs(10));
    assert_eq!(outcome.status.phase, Phase::Syncing);
    gate.open();
    pair.arrives_once(&["slow"]);
    assert_eq!(pair.proxy.requests_to("/v1/push"), 2);
}

#[test]
fn f41_an_upload_that_breaks_off_goes_on_from_the_offset_of_the_server() {
    let pair = Pair::new();
    let app = &pair.participant.app;
    let picture = app.chat().add_picture(pair.case_id, &noise()).unwrap();
    let message = NewMessage {
        pictures: vec![picture],
        ..NewMessage::text("lunch")
    };
    app.chat().send(pair.case_id, message).unwrap();
    let cut = pair
        .proxy
        .next_to("/v1/uploads")
        .with_method("PATCH")
        .request_cut_after(Portion::Percent(90));
    for _ in 0..6 {
        pair.exchange();
    }
    pair.arrives_once(&["lunch"]);
    assert_eq!(cut.happened(), 1);
    let offsets: Vec<String> = pair
        .proxy
        .exchanges()
        .iter()
        .filter(|exchange| exchange.method == "PATCH")
        .flat_map(|exchange| exchange.request_headers.clone())
        .filter_map(|(name, value)| (name == "upload-offset").then_some(value))
        .collect();
    assert!(offsets.iter().any(|offset| offset != "0"), "{offsets:?}");
}

/// A picture that does not become small.
fn noise() -> Vec<u8> {
    let mut state = 1_u32;
    let image = image::RgbImage::from_fn(900, 700, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        image::Rgb([(state >> 24) as u8, (state >> 16) as u8, (state >> 8) as u8])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

#[test]
fn f43_a_wait_that_was_asked_for_is_kept_whatever_comes_and_pulls_go_on() {
    for asked in ["3600", "1000000000", "Fri, 31 Dec 2100 23:59:59 GMT"] {
        let pair = Pair::new();
        let before = pair.proxy.requests_to("/v1/push");
        pair.proxy
            .every_to("/v1/push")
            .answers(429)
            .with_retry_after(asked);
        pair.say("later");
        pair.exchange();
        pair.participant.app.sync().signal(Signal::Connectivity);
        pair.participant.app.sync().signal(Signal::Foreground);
        let pulls = pair.proxy.requests_to("/v1/pull");
        pair.exchange();
        assert_eq!(pair.proxy.requests_to("/v1/push"), before + 1, "{asked}");
        assert!(pair.proxy.requests_to("/v1/pull") > pulls);
        pair.still_waits();
    }
}

#[test]
fn f46_a_network_without_a_way_is_offline_and_its_return_sends_what_waits() {
    let pair = Pair::new();
    pair.say("tunnel");
    pair.proxy.network_goes_away();
    assert_eq!(pair.exchange(), Some(Trouble::Offline));
    pair.still_waits();
    pair.proxy.network_comes_back();
    pair.arrives_once(&["tunnel"]);
}

#[test]
fn f48_bodies_without_end_bombs_and_lying_lengths_are_stopped_and_nothing_is_lost() {
    type Treat = fn(&Proxy);
    let pair = Pair::new();
    pair.say("one");
    let bad: [(&str, Treat, Trouble); 5] = [
        (
            "bomb",
            |proxy| drop(proxy.every().gzip_bomb_of(2 << 30)),
            Trouble::CaptivePortal,
        ),
        (
            "endless",
            |proxy| drop(proxy.every().endless_body()),
            Trouble::CaptivePortal,
        ),
        (
            "too long",
            |proxy| drop(proxy.every().length_wrong_by(1000)),
            Trouble::Offline,
        ),
        (
            "too short",
            |proxy| drop(proxy.every().length_wrong_by(-5)),
            Trouble::ServerTrouble,
        ),
        (
            "huge head",
            |proxy| drop(proxy.every().header_of(2 << 20)),
            Trouble::Offline,
        ),
    ];
    for (name, treat, trouble) in bad {
        treat(&pair.proxy);
        let seen = pair.exchange();
        assert!(seen.is_some(), "{name}");
        if name != "too short" {
            assert_eq!(seen, Some(trouble), "{name}");
        }
        pair.proxy.behaves();
        assert_eq!(
            pair.participant.app.sync().pending().unwrap().attention,
            0,
            "{name}"
        );
    }
    pair.arrives_once(&["one"]);
}

#[test]
fn f31_a_phone_that_slept_tries_at_once_when_it_comes_back_and_goes_on_by_itself() {
    let pair = Pair::new();
    let app = &pair.participant.app;
    let (told, news) = mpsc::channel();
    let _subscription = app.subscribe(move |topic| told.send(topic).unwrap_or_default());
    pair.proxy.network_goes_away();
    app.sync().start().unwrap();
    pair.say("asleep");
    app.pause().unwrap();
    assert!(matches!(
        app.sync().sync_now(PATIENCE),
        Err(SyncError::Store(StoreError::Closed))
    ));
    pair.proxy.network_comes_back();
    app.resume().unwrap();
    while app.sync().pending().unwrap().unsent > 0 {
        news.recv_timeout(PATIENCE).unwrap();
    }
    assert_eq!(pair.read(), ["asleep"]);
}

#[test]
fn an_app_in_front_hears_an_answer_without_asking_and_sends_what_is_written() {
    let pair = Pair::new();
    let app = &pair.participant.app;
    let (told, news) = mpsc::channel();
    let _subscription = app.subscribe(move |topic| told.send(topic).unwrap_or_default());
    app.sync().start().unwrap();
    pair.say("hello");
    while app.sync().pending().unwrap().unsent > 0 {
        news.recv_timeout(PATIENCE).unwrap();
    }
    assert_eq!(pair.read(), ["hello"]);
    say(&pair.dietitian, pair.case_id, "welcome");
    pair.read();
    while texts(&pair.participant, pair.case_id) != ["hello", "welcome"] {
        news.recv_timeout(PATIENCE).unwrap();
    }
    let clock = SystemMonotonicClock::new();
    app.pause().unwrap();
    assert!(clock.now() < Duration::from_secs(3), "a long poll is taken back");
}

#[test]
fn nothing_runs_while_the_app_is_behind_and_idle() {
    let pair = Pair::new();
    let sync = pair.participant.app.sync();
    sync.start().unwrap();
    assert!(sync.sync_now(PATIENCE).unwrap().is_complete);
    sync.signal(Signal::Background);
    let (told, news) = mpsc::channel();
    let _subscription = pair
        .participant
        .app
        .subscribe(move |topic| told.send(topic).unwrap_or_default());
    while !sync.is_idle() {
        let _ = news.recv_timeout(Duration::from_millis(20));
    }
    let before = (sync.counts(), pair.proxy.traffic().requests);
    // Nothing is in flight and no timer is set; a while of real time shows that nothing else wakes either.
    let (_kept, silence) = mpsc::channel::<()>();
    silence.recv_timeout(Duration::from_secs(3)).unwrap_err();
    assert_eq!((sync.counts(), pair.proxy.traffic().requests), before);
}

#[test]
fn c11_callers_at_the_same_time_share_one_exchange() {
    let pair = Pair::new();
    pair.say("one");
    let before = pair.proxy.requests_to("/v1/push");
    let gate = pair.proxy.next_to("/v1/push").response_held();
    thread::scope(|scope| {
        let callers: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| pair.participant.app.sync().sync_now(PATIENCE).unwrap()))
            .collect();
        gate.block_until_reached_by(1);
        gate.open();
        for caller in callers {
            assert!(caller.join().unwrap().is_complete);
        }
    });
    assert_eq!(pair.proxy.requests_to("/v1/push"), before + 1);
    pair.arrives_once(&["one"]);
}

#[test]
fn everything_about_the_life_of_an_app_may_be_called_in_the_middle_of_everything_else() {
    let pair = Pair::new();
    let app = &pair.participant.app;
    thread::scope(|scope| {
        for thread in 0..4_u32 {
            scope.spawn(move || {
                for turn in 0..12_u32 {
                    match (thread + turn) % 6 {
                        0 => drop(app.pause()),
                        1 | 2 => drop(app.resume()),
                        3 => drop(app.sync().start()),
                        4 => drop(app.sync().sync_now(Duration::from_millis(30))),
                        _ => drop(app.sync().stop()),
                    }
                }
            });
        }
    });
    app.resume().unwrap();
    pair.say("still there");
    pair.arrives_once(&["still there"]);
    app.close().unwrap();
    app.close().unwrap();
    app.pause().unwrap();
    assert!(matches!(
        app.sync().start(),
        Err(SyncError::Store(StoreError::Closed))
    ));
}

#[test]
fn a_session_survives_a_restart_and_goes_with_the_data() {
    let pair = Pair::new();
    let app = &pair.participant.app;
    app.pause().unwrap();
    app.resume().unwrap();
    pair.say("after");
    pair.arrives_once(&["after"]);
    assert!(pair.participant.secrets.load().unwrap().is_some());
    app.sync().sign_out(PATIENCE).unwrap();
    assert!(pair.participant.secrets.load().unwrap().is_none());
    assert_eq!(
        app.sync().status().unwrap().phase,
        Phase::Blocked(Blocked::SessionOver)
    );
    app.wipe().unwrap();
    app.wipe().unwrap();
    assert!(matches!(
        app.sync().sync_now(PATIENCE),
        Err(SyncError::Store(StoreError::Closed))
    ));
}

#[test]
fn a_code_that_is_wrong_is_refused_and_a_listener_may_not_wait() {
    let server = RealServer::start();
    let phone = RealPhone::new(&server.url(), 1);
    let sync = phone.app.sync();
    assert_eq!(sync.status().unwrap().phase, Phase::Blocked(Blocked::SignedOut));
    let refused = sync.enrol("AAAA-AAAA-AAAA-AAAA", born(), PATIENCE).unwrap_err();
    assert!(
        matches!(refused, SyncError::Command(CommandError::Refused(_))),
        "{refused:?}"
    );
    assert!(matches!(
        sync.consent_text(PATIENCE),
        Err(SyncError::Command(CommandError::SignedOut))
    ));
}
