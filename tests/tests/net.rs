//! The app against the real server on real sockets, through a proxy that misbehaves. Source: faults.md F31 to F50, C11.
//!
//! Nothing is lost, doubled or reordered, a screen gets a status, and nothing panics.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may stop at the first surprise"
)]

use std::time::Duration;

use ayumi_core::chat::{NewMessage, PageFrom};
use ayumi_core::net::SyncError;
use ayumi_core::sync::engine::{Phase, Signal, Trouble};
use ayumi_protocol::id::CaseId;
use ayumi_tests::proxy::{Portion, Proxy};
use ayumi_tests::real_server::{Certificates, PATIENCE, RealPhone, RealServer};

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
