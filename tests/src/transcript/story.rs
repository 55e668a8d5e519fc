//! What is recorded: the life of two people with the app, so that it makes each request that it can make.

use std::path::Path;

use ayumi_core::chat::NewMessage;
use ayumi_core::clock::Clock as _;
use ayumi_core::staff::NewNote;
use ayumi_core::steps::{IntervalRecord, StepEvent};
use ayumi_core::time::{HOUR_MS, Tz};
use ayumi_core::weight::{MassUnit, NewWeighIn, TypedWeight, Waist, WeighInEdit, WeighInTime};
use ayumi_protocol::cursor::Seq;
use ayumi_protocol::id::CaseId;

use super::{Recorded, taken, with_placeholders};
use crate::proxy::Proxy;
use crate::real_server::{PATIENCE, RealPhone, RealServer, born};

/// Lives it with real apps against the real server, and brings what went over the wire.
///
/// # Panics
/// If anything fails.
#[must_use]
pub fn record() -> Vec<Recorded> {
    let server = RealServer::start();
    let proxy = Proxy::before(server.address);
    proxy.serves_one_at_a_time();
    let invitation = server.invitation();
    let her = RealPhone::new(&proxy.url(), 1);
    let sync = her.app.sync();
    sync.enrol(&invitation, born(), PATIENCE).expect("a session");
    let text = sync.consent_text(PATIENCE).expect("the text");
    let consent = her.app.cases().give_consent(text.version, text.text_sha256);
    consent.expect("consent");
    exchange(&her);
    let account = her.app.account().expect("an account").expect("an account");
    let case_id = account.case_id.expect("a case");

    converse(&her, case_id);
    measure(&her);
    exchange(&her);

    let dietitian = RealPhone::new(&proxy.url(), 2);
    let (password, one_time_code) = server.credentials();
    dietitian
        .app
        .sync()
        .staff_sign_in("dietitian", &password, &one_time_code, PATIENCE)
        .expect("a session");
    exchange(&dietitian);
    answer(&dietitian, case_id);

    // A token that is no longer taken: the app gets a new pair, and goes on.
    let refused = r#"{"type":"about:blank","title":"simulated","status":401,"code":"token_expired","server_time_ms":1}"#;
    proxy
        .next_to("/v1/pull")
        .answers(401)
        .with_body("application/problem+json", refused);
    exchange(&her);
    her.app
        .chat()
        .mark_read(case_id, Seq::new(12).expect("a place"))
        .expect("a mark");
    exchange(&her);

    let code = sync.transfer_code(None, PATIENCE).expect("a code");
    let new = RealPhone::new(&proxy.url(), 3);
    new.app
        .sync()
        .transfer(code.code.expose(), born(), false, PATIENCE)
        .expect("a session");
    exchange(&new);
    new.app.cases().withdraw_consent().expect("a withdrawal");
    exchange(&new);
    for phone in [&new, &dietitian] {
        phone.app.sync().sign_out(PATIENCE).expect("the end of a session");
    }

    let exchanges = proxy.exchanges();
    let passed = exchanges.iter().filter(|exchange| exchange.treatment == "passed");
    let recorded = passed.map(|exchange| taken(&proxy, exchange)).collect();
    let given = [
        ("invitation", invitation),
        ("password", password),
        ("one_time_code", one_time_code),
    ];
    with_placeholders(recorded, &given)
}

fn exchange(phone: &RealPhone) {
    let outcome = phone.app.sync().sync_now(PATIENCE).expect("an exchange");
    assert!(outcome.is_complete && outcome.waiting.unsent == 0, "{outcome:?}");
}

fn converse(her: &RealPhone, case_id: CaseId) {
    let chat = her.app.chat();
    let photo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/tests/support/grey.jpg");
    let photo = std::fs::read(photo).expect("a photo");
    let picture = chat.add_picture(case_id, &photo).expect("a picture");
    let first = NewMessage {
        text: "昼は「おにぎり」でした 🍙 か\u{3099}".to_owned(),
        pictures: vec![picture],
        reply_to: None,
    };
    let first = chat.send(case_id, first).expect("a message");
    let second = NewMessage {
        text: "simulated".to_owned(),
        pictures: Vec::new(),
        reply_to: Some(first),
    };
    let second = chat.send(case_id, second).expect("a message");
    // So long that the app packs it.
    chat.send(case_id, NewMessage::text("長い文".repeat(500)))
        .expect("a message");
    exchange(her);
    chat.edit(case_id, first, "昼は「おむすび」でした")
        .expect("an edit");
    chat.delete(case_id, second).expect("a deletion");
}

fn measure(her: &RealPhone) {
    let now = her.clock.now();
    let steps = IntervalRecord {
        source: "watch".to_owned(),
        id: "simulated".to_owned(),
        start: now.plus(-30 * HOUR_MS),
        end: now.plus(-29 * HOUR_MS),
        steps: 4321,
        modified: now.plus(-29 * HOUR_MS),
        zone: Some(Tz::Asia__Tokyo),
    };
    her.app
        .steps()
        .record(&[StepEvent::Interval(steps)])
        .expect("steps");
    her.app.steps().set_goal(Some(8000)).expect("a goal");
    let weight = her.app.weight();
    let weigh_in = |hours: i64| NewWeighIn {
        when: WeighInTime::Timed {
            at: now.plus(-hours * HOUR_MS),
            sub_ms_ns: 0,
            offset_s: 32_400,
            zone: Some(Tz::Asia__Tokyo),
        },
        typed: "63.2".to_owned(),
        unit: MassUnit::Kilogram,
        waist: Waist::from_millimetres(912),
        source: "typed".to_owned(),
    };
    let kept = weight.record(&weigh_in(3)).expect("a weigh-in");
    let taken_back = weight.record(&weigh_in(50)).expect("a weigh-in");
    exchange(her);
    let edit = WeighInEdit {
        weight: Some(TypedWeight {
            typed: "63.1".to_owned(),
            unit: MassUnit::Kilogram,
        }),
        ..WeighInEdit::default()
    };
    weight.edit(kept.id, &edit).expect("an edit");
    weight.delete(taken_back.id).expect("a deletion");
}

fn answer(dietitian: &RealPhone, case_id: CaseId) {
    let (chat, staff) = (dietitian.app.chat(), dietitian.app.staff());
    chat.send(case_id, NewMessage::text("よいですね"))
        .expect("an answer");
    chat.mark_read(case_id, Seq::new(3).expect("a place"))
        .expect("a mark");
    let note = staff
        .add_note(case_id, NewNote::text("初回の食事"))
        .expect("a note");
    let other = staff
        .add_note(case_id, NewNote::text("simulated"))
        .expect("a note");
    exchange(dietitian);
    staff.edit_note(case_id, note, "初回の食事、昼").expect("an edit");
    staff.delete_note(case_id, other).expect("a deletion");
    // Whoever opens a picture asks for the whole of it.
    let sending = dietitian.app.sync().sending();
    let page = chat.timeline(case_id, ayumi_core::chat::PageFrom::Newest, 100, &sending);
    for picture in page.expect("a page").items.iter().flat_map(|item| &item.pictures) {
        let sha256 = picture.attachment.sha256;
        chat.fetch_picture(case_id, sha256).expect("a wish");
    }
    exchange(dietitian);
}
