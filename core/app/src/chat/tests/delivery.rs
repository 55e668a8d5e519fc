//! Each state that a screen shows, and what writing, editing and deleting does in each of them.

use super::*;

fn delivery(phone: &Phone, op_id: OpId) -> Delivery {
    phone.item(op_id).delivery.unwrap()
}

#[test]
fn a_message_waits_is_sent_and_is_read_under_one_id() {
    let (phone, mut log) = her_phone();
    let op_id = phone.say("昼は「おにぎり」でした");
    assert_eq!(delivery(&phone, op_id), Delivery::Waiting);
    let item = phone.item(op_id);
    assert!(item.author.is_own);
    assert_eq!((item.seq, item.recorded_at), (None, None));
    assert_eq!((item.occurred_at, item.utc_offset_min), (NOW, 540));

    phone.claim(op_id);
    let sending = phone.page_sending(&[op_id]).items.remove(0);
    assert_eq!(sending.delivery, Some(Delivery::Sending));
    assert_eq!(
        delivery(&phone, op_id),
        Delivery::Waiting,
        "after a restart it waits again"
    );

    phone.send_next(&mut log, Lane::Talk);
    assert_eq!(delivery(&phone, op_id), Delivery::Sent);
    phone.pull(&log);
    assert_eq!(delivery(&phone, op_id), Delivery::Sent);
    assert_eq!(phone.waiting(), 0);
    assert_eq!(phone.item(op_id).seq, Some(seq(1)));
    assert!(phone.item(op_id).recorded_at.is_some());

    log.append(&dietitian(), read(1));
    phone.pull(&log);
    assert_eq!(delivery(&phone, op_id), Delivery::Read);
}

#[test]
fn her_own_reading_and_that_of_colleagues_makes_nothing_read() {
    let mut log = Log::care(case(1));
    let phone = Phone::new(&dietitian(), &[&log]);
    let op_id = phone.say("お元気ですか");
    phone.sync(&mut log);
    log.append(&dietitian(), read(1));
    log.append(&Person::dietitian(2), read(1));
    phone.pull(&log);
    assert_eq!(delivery(&phone, op_id), Delivery::Sent);
    log.append(&her(), read(1));
    phone.pull(&log);
    assert_eq!(delivery(&phone, op_id), Delivery::Read);
}

#[test]
fn a_message_whose_sending_keeps_ending_the_app_stays_in_its_place_and_says_so() {
    let (phone, _log) = her_phone();
    let op_id = phone.say("はい");
    for _ in 0..5 {
        phone.claim(op_id);
    }
    assert_eq!(
        delivery(&phone, op_id),
        Delivery::NeedsAttention(Attention::KeepsFailing)
    );
    assert!(phone.tray().is_empty());
}

#[test]
fn what_nobody_has_seen_is_edited_in_its_place_and_says_nothing_of_it() {
    let (phone, mut log) = her_phone();
    let op_id = phone.say("おはよ");
    phone.chat().edit(case(1), op_id, "おはよう").unwrap();
    let item = phone.item(op_id);
    assert_eq!(item.text.as_deref(), Some("おはよう"));
    assert!(!item.is_edited && !item.has_unsent_change);
    phone.sync(&mut log);
    assert_eq!(log.entries.len(), 1);
    assert_eq!(phone.texts(), ["おはよう"]);
}

#[test]
fn what_may_have_been_seen_is_edited_by_another_operation_behind_it() {
    let (phone, mut log) = her_phone();
    let op_id = phone.say("おはよ");
    phone.claim(op_id);
    phone.chat().edit(case(1), op_id, "おはよう").unwrap();
    phone.chat().edit(case(1), op_id, "おはようございます").unwrap();
    assert_eq!(
        phone.waiting(),
        2,
        "of two edits that nobody has seen the last one counts"
    );
    let item = phone.item(op_id);
    assert_eq!(item.text.as_deref(), Some("おはようございます"));
    assert!(item.is_edited && item.has_unsent_change);
    let first = phone.send_next(&mut log, Lane::Talk);
    assert_eq!(first, Some(op_id));
    phone.sync(&mut log);
    assert_eq!(log.entries.len(), 2);
    let item = phone.item(op_id);
    assert_eq!(item.text.as_deref(), Some("おはようございます"));
    assert!(item.is_edited && !item.has_unsent_change);
}

#[test]
fn a_settled_message_is_edited_and_deleted_by_plain_operations() {
    let (phone, mut log) = her_phone();
    let op_id = phone.say("おはよ");
    phone.sync(&mut log);
    phone.chat().edit(case(1), op_id, "おはよう").unwrap();
    phone.chat().edit(case(1), op_id, "おはよう").unwrap();
    assert_eq!(phone.waiting(), 1);
    assert_eq!(phone.texts(), ["おはよう"]);
    phone.sync(&mut log);
    phone.chat().delete(case(1), op_id).unwrap();
    assert!(phone.item(op_id).is_deleted);
    assert_eq!(phone.texts(), ["-"]);
    phone.sync(&mut log);
    assert!(phone.item(op_id).is_deleted);
    assert_eq!(log.entries.len(), 3);
    let again = phone.chat().edit(case(1), op_id, "x");
    assert!(matches!(again, Err(ChatError::NoSuchMessage)));
}

#[test]
fn deleting_what_nobody_has_seen_takes_it_back_and_gives_the_text_back() {
    let (phone, mut log) = her_phone();
    let kept = phone.say("これは残る");
    let reply = NewMessage {
        reply_to: Some(kept),
        ..NewMessage::text("まだ書きかけ")
    };
    let op_id = phone.chat().send(case(1), reply).unwrap();
    phone.chat().delete(case(1), op_id).unwrap();
    assert_eq!(phone.texts(), ["これは残る"]);
    let draft = phone.chat().draft(case(1)).unwrap().unwrap();
    assert_eq!(
        (draft.text.as_str(), draft.reply_to),
        ("まだ書きかけ", Some(kept))
    );
    phone.sync(&mut log);
    assert_eq!(log.entries.len(), 1);

    let op_id = phone.say("二つ目");
    phone.chat().set_draft(case(1), "三つ目", None).unwrap();
    phone.chat().delete(case(1), op_id).unwrap();
    let draft = phone.chat().draft(case(1)).unwrap().unwrap();
    assert_eq!(draft.text, "三つ目", "what is being written is not overwritten");
}

#[test]
fn deleting_what_may_have_been_seen_sends_a_deletion_behind_it_in_the_place_of_an_edit() {
    let (phone, mut log) = her_phone();
    let op_id = phone.say("違います");
    phone.claim(op_id);
    phone.chat().edit(case(1), op_id, "違う").unwrap();
    phone.chat().delete(case(1), op_id).unwrap();
    assert_eq!(phone.waiting(), 2);
    assert_eq!(phone.texts(), ["-"]);
    assert!(phone.chat().draft(case(1)).unwrap().is_none());
    phone.sync(&mut log);
    assert_eq!(phone.texts(), ["-"]);
    let kinds: Vec<_> = log.entries.iter().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(kinds, ["message.posted", "message.deleted"]);
}

#[test]
fn a_reply_outlives_the_unsent_message_that_it_quotes() {
    let (phone, mut log) = her_phone();
    let first = phone.say("一");
    let reply = NewMessage {
        reply_to: Some(first),
        ..NewMessage::text("二")
    };
    let reply = phone.chat().send(case(1), reply).unwrap();
    let preview = phone.item(reply).reply_to.unwrap();
    assert_eq!((preview.op_id, preview.text.as_deref()), (first, Some("一")));
    phone.chat().delete(case(1), first).unwrap();
    assert_eq!(phone.texts(), ["二"]);
    assert_eq!(phone.item(reply).reply_to, None);
    phone.sync(&mut log);
    assert_eq!(phone.texts(), ["二"]);
}

#[test]
fn only_its_author_changes_a_message() {
    let (phone, mut log) = her_phone();
    let theirs = log.append(&dietitian(), said("いかがですか"));
    phone.pull(&log);
    let edit = phone.chat().edit(case(1), theirs, "x");
    assert!(matches!(edit, Err(ChatError::NotOwn)));
    assert!(matches!(
        phone.chat().delete(case(1), theirs),
        Err(ChatError::NotOwn)
    ));
    // Nor does the fold believe somebody who tries.
    log.append(&dietitian(), said("はい"));
    log.append(&her(), edited(theirs, "嘘"));
    log.append(&her(), MessageDeleted { target: theirs });
    phone.pull(&log);
    assert_eq!(phone.texts(), ["いかがですか", "はい"]);
}

#[test]
fn nothing_too_long_too_many_or_empty_is_sent_and_the_draft_stays() {
    let (phone, mut log) = her_phone();
    phone.chat().set_draft(case(1), "下書き", None).unwrap();
    for text in ["", " \n", &"歩".repeat(5_001)] {
        let sent = phone.chat().send(case(1), NewMessage::text(text));
        assert!(matches!(sent, Err(ChatError::Limit(_))));
    }
    let op_id = {
        let other = phone.say("はい");
        phone.chat().set_draft(case(1), "下書き", None).unwrap();
        other
    };
    phone.sync(&mut log);
    for text in ["", &"歩".repeat(5_001)] {
        let edit = phone.chat().edit(case(1), op_id, text);
        assert!(matches!(edit, Err(ChatError::Limit(_))));
    }
    let unknown = NewMessage {
        reply_to: Some(OpId::from_uuid(*case(9).as_uuid())),
        ..NewMessage::text("はい")
    };
    let sent = phone.chat().send(case(1), unknown);
    assert!(matches!(sent, Err(ChatError::NoSuchMessage)));
    let sent = phone.chat().send(case(2), NewMessage::text("はい"));
    assert!(matches!(sent, Err(ChatError::NoSuchCase)));
    assert_eq!(phone.chat().draft(case(1)).unwrap().unwrap().text, "下書き");
    assert_eq!(phone.waiting(), 0);
}

#[test]
fn on_two_devices_both_messages_appear_and_a_deletion_wins_over_a_later_edit() {
    let mut log = Log::care(case(1));
    let phone = Phone::new(&her(), &[&log]);
    let tablet = Phone::new(&her().on_device(2), &[&log]);
    let first = phone.say("電話から");
    tablet.say("タブレットから");
    tablet.say("もう一つ");
    phone.sync(&mut log);
    tablet.sync(&mut log);
    phone.pull(&log);
    assert_eq!(phone.texts(), ["電話から", "タブレットから", "もう一つ"]);
    assert_eq!(phone.texts(), tablet.texts());
    assert!(tablet.items().iter().all(|item| item.author.is_own));

    phone.chat().delete(case(1), first).unwrap();
    tablet.chat().edit(case(1), first, "書き直し").unwrap();
    assert_eq!(tablet.texts()[0], "書き直し");
    phone.sync(&mut log);
    tablet.sync(&mut log);
    phone.pull(&log);
    assert_eq!(phone.texts()[0], "-");
    assert_eq!(phone.texts(), tablet.texts());
}

#[test]
fn what_a_later_version_of_the_app_wrote_says_that_it_needs_one() {
    let (phone, mut log) = her_phone();
    log.append(&dietitian(), said("読める"));
    log.append(&dietitian(), said("新しい"));
    let entry = log.entries.last_mut().unwrap();
    entry.body_version = 2;
    entry.min_app_version = ayumi_protocol::version::AppVersion::parse("9.0.0");
    phone.pull(&log);
    let item = phone.items().pop().unwrap();
    assert_eq!((item.text, item.needs_app.is_some()), (None, true));
}

#[test]
fn names_come_from_the_log_and_texts_never_reach_debug_output() {
    use ayumi_protocol::body::{ActingStaff, AssignmentChanged, Qualification};
    let (phone, mut log) = her_phone();
    log.append(
        &Person::server(),
        AssignmentChanged {
            acting: vec![ActingStaff {
                account_id: dietitian().account_id,
                role: dietitian().role,
                name: "佐藤".to_owned(),
                qualification: Qualification::from_word("registered_dietitian").unwrap(),
                picture_sha256: None,
                reply_hours: "平日 9時から17時".to_owned(),
                is_substitute: false,
            }],
        },
    );
    log.append(&dietitian(), said("secret-text"));
    phone.pull(&log);
    let item = phone.items().pop().unwrap();
    assert_eq!(item.author.name.as_deref(), Some("佐藤"));
    let hours = phone.chat().reply_hours(case(1)).unwrap();
    assert_eq!(hours.as_deref(), Some("平日 9時から17時"));
    phone.chat().set_draft(case(1), "secret-draft", None).unwrap();
    let shown = format!(
        "{:?} {:?} {:?} {:?}",
        phone.page(),
        phone.chat().draft(case(1)).unwrap(),
        NewMessage::text("secret-new"),
        phone.chat()
    );
    assert!(!shown.contains("secret") && !shown.contains("佐藤"), "{shown}");
}

#[test]
fn an_own_operation_that_a_snapshot_brings_back_without_its_name_is_settled_before_and_after_its_answer() {
    for is_answered_first in [true, false] {
        let (phone, mut log) = her_phone();
        log.append(&dietitian(), said("one"));
        phone.pull_page(&log, 1);
        phone.app().chat().mark_read(case(1), seq(1)).unwrap();
        let outgoing = phone.next(&log, Lane::Readings).unwrap();
        let op_id = outgoing.operation.op_id;
        phone.claim(op_id);
        let place = log.append_operation(&phone.who, outgoing.operation);
        // Her other device read further, so the server has no use for the first mark.
        log.append(&dietitian(), said("two"));
        log.append(&her().on_device(2), read(3));
        if is_answered_first {
            phone.acknowledge(&log, op_id);
        }
        phone.apply_snapshot(&log, &log.items(), 2);
        if !is_answered_first {
            assert_eq!(phone.app().outbox().unwrap().len(), 1, "it is sent again");
            phone.acknowledge(&log, op_id);
            phone
                .store()
                .write::<_, crate::store::StoreError>(|tx| {
                    assert!(crate::sync::replica::is_thinned(tx, log.name, place)?);
                    crate::sync::replica::settle_thinned(tx, NOW, op_id)
                })
                .unwrap();
        }
        assert!(phone.app().outbox().unwrap().is_empty());
        let marks = phone.rows("SELECT up_to_seq FROM read_mark");
        assert_eq!(marks, ["Integer(3)"]);
    }
}
