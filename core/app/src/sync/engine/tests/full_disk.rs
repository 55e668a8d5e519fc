//! A phone whose disk is full. Source: faults.md F11, F12.

use ayumi_protocol::push::{OperationOutcome, OperationResult, PushAnswer};

use super::*;
use crate::chat::{ChatError, PageFrom};
use crate::sync::test_support::seq;

/// From now on the file may not grow beyond this; `None` for no more than it is.
fn set_room(phone: &Phone, pages: Option<i64>) {
    phone
        .store()
        .write::<_, StoreError>(|tx| {
            let connection = tx.connection();
            let present: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
            // Free pages would be room.
            let free: i64 = connection.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
            assert_eq!(free, 0);
            Ok(connection.pragma_update(None, "max_page_count", pages.unwrap_or(present))?)
        })
        .unwrap();
}

const ROOM: Option<i64> = Some(1_000_000);

fn texts(phone: &Phone) -> Vec<String> {
    let page = phone
        .app()
        .chat()
        .timeline(case(1), PageFrom::Newest, 100, &BTreeSet::new());
    let items = page.unwrap().items.into_iter();
    items.map(|item| item.text.unwrap_or_default()).collect()
}

#[test]
fn f12_on_a_full_disk_what_fits_goes_on_the_rest_waits_and_nothing_is_lost_or_doubled() {
    let mut log = Log::care(case(1));
    let phone = Phone::new(&Person::participant(1), &[&log]);
    phone.app().chat().send(case(1), NewMessage::text("一")).unwrap();
    let mut driven = Driven::live(phone, NOW);
    let (pull, _) = driven.take_pull();
    let (push, _) = driven.take("/v1/push");
    set_room(&driven.phone, None);

    // The state of what was sent fits into its row.
    let outgoing = driven.outbox().remove(0);
    let op_id = outgoing.operation.op_id;
    let place = log.append_operation(&driven.phone.who, outgoing.operation);
    let stored = PushAnswer {
        server_time_ms: NOW.into(),
        epoch: log.epoch,
        results: vec![OperationResult {
            op_id: Some(op_id),
            outcome: OperationOutcome::Stored {
                seq: place,
                recorded_at_ms: NOW.into(),
            },
        }],
    };
    driven.answer(push, Ok(json(&stored))).unwrap();
    assert_eq!(driven.states(), [OperationState::Sent]);

    // A page of long messages does not.
    for number in 0..40 {
        log.append(
            &Person::dietitian(1),
            said(&format!("{number}{}", "長".repeat(1500))),
        );
    }
    let news = || vec![page(&log, log.page(Seq::START, 100))];
    let refused = driven.answer_pull(pull, news());
    assert!(matches!(refused, Err(StoreError::StorageFull)), "{refused:?}");
    assert_eq!(driven.status().phase, Phase::Blocked(Blocked::Storage));
    assert_eq!(texts(&driven.phone), ["一"], "what is here can be read");

    // For an hour it is tried again, ever more slowly.
    let mut tries = 0;
    for _ in 0..3600 {
        driven.pass(Duration::from_secs(1));
        while driven.in_flight().contains(&"/v1/pull") {
            let (pull, request) = driven.take_pull();
            assert_eq!(
                asked_from(&request, &log),
                Some(Seq::START),
                "a page comes whole or not at all"
            );
            tries += 1;
            let refused = driven.answer_pull(pull, news());
            assert!(matches!(refused, Err(StoreError::StorageFull)), "{refused:?}");
        }
    }
    assert!((10..=30).contains(&tries), "{tries} tries in an hour");
    assert_eq!(driven.states(), [OperationState::Sent]);

    // There is room again, and she looks.
    set_room(&driven.phone, ROOM);
    driven.step(Input::Signal(Signal::Foreground)).unwrap();
    let (pull, _) = driven.take_pull();
    driven.answer_pull(pull, news()).unwrap();
    assert_eq!(driven.states(), []);
    assert_eq!(texts(&driven.phone).len(), 41);
    assert_eq!(
        texts(&driven.phone).iter().filter(|text| *text == "一").count(),
        1
    );
    let (_, request) = driven.take_pull();
    assert_eq!(asked_from(&request, &log), Some(seq(41)));
    assert!(
        driven
            .requests
            .iter()
            .all(|(_, request)| request.path != "/v1/push"),
        "sent once"
    );
}

#[test]
fn f12_a_single_exchange_on_a_full_disk_asks_again_for_the_page_that_did_not_fit() {
    let mut log = Log::care(case(1));
    for number in 0..40 {
        log.append(
            &Person::dietitian(1),
            said(&format!("{number}{}", "長".repeat(1500))),
        );
    }
    let mut driven = Driven::live(Phone::new(&Person::participant(1), &[&log]), NOW);
    driven.step(Input::Command(Command::Stop)).unwrap();
    driven.step(Input::Command(Command::SyncOnce)).unwrap();
    let (pull, _) = driven.take_pull();
    set_room(&driven.phone, None);
    let news = || vec![page(&log, log.page(Seq::START, 100))];
    assert!(driven.answer_pull(pull, news()).is_err());
    set_room(&driven.phone, ROOM);
    driven.pass(Duration::from_secs(2));
    let (pull, _) = driven.take_pull();
    driven.answer_pull(pull, news()).unwrap();
    assert_eq!(texts(&driven.phone).len(), 40);
}

#[test]
fn f11_a_message_that_meets_a_full_disk_stays_a_draft_and_leaves_no_half_row() {
    let log = Log::care(case(1));
    let phone = Phone::new(&Person::participant(1), &[&log]);
    let text = "長".repeat(3000);
    phone.app().chat().set_draft(case(1), "長い", None).unwrap();
    set_room(&phone, None);
    let refused = phone.app().chat().send(case(1), NewMessage::text(&text));
    assert!(
        matches!(refused, Err(ChatError::Store(StoreError::StorageFull))),
        "{refused:?}"
    );
    let draft = phone.app().chat().draft(case(1)).unwrap().unwrap();
    assert_eq!(draft.text, "長い");
    assert_eq!(phone.rows("SELECT 1 FROM outbox"), [""; 0]);
    set_room(&phone, ROOM);
    phone.app().chat().send(case(1), NewMessage::text(&text)).unwrap();
    assert_eq!(phone.rows("SELECT attempts FROM outbox").len(), 1);
    assert_eq!(phone.app().chat().draft(case(1)).unwrap(), None);
}
