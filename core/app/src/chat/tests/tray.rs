//! What was not sent: parked messages and old ones.

use super::*;
use crate::store::WriteTransaction;
use crate::sync::outbox::park_reason;

#[test]
fn a_refused_message_leaves_the_conversation_for_the_tray_and_comes_back_at_the_end() {
    let (phone, mut log) = her_phone();
    let refused = phone.say("一");
    let other = phone.say("二");
    phone.claim(refused);
    phone.park(refused, "forbidden");
    assert_eq!(phone.texts(), ["二"]);
    let tray = phone.tray();
    assert_eq!((tray[0].op_id, tray[0].text.as_deref()), (refused, Some("一")));
    assert_eq!(tray[0].reason, Attention::Refused("forbidden".to_owned()));
    assert!(matches!(
        phone.chat().edit(case(1), refused, "x"),
        Err(ChatError::NoSuchMessage)
    ));
    assert!(matches!(
        phone.chat().delete(case(1), refused),
        Err(ChatError::NoSuchMessage)
    ));
    assert!(matches!(phone.chat().retry(other), Err(ChatError::NoSuchMessage)));
    assert!(matches!(
        phone.chat().confirm(refused),
        Err(ChatError::NoSuchMessage)
    ));

    phone.chat().retry(refused).unwrap();
    assert_eq!(phone.texts(), ["二", "一"]);
    assert!(phone.tray().is_empty());
    phone.sync(&mut log);
    assert_eq!(phone.texts(), ["二", "一"]);
    assert_eq!(log.place_of(refused), Some(seq(2)), "under its id");
}

#[test]
fn sent_again_with_another_text_it_is_a_new_utterance_and_replies_follow_it() {
    let (phone, mut log) = her_phone();
    let refused = phone.say("一");
    let reply = NewMessage {
        reply_to: Some(refused),
        ..NewMessage::text("答え")
    };
    let reply = phone.chat().send(case(1), reply).unwrap();
    phone.claim(refused);
    phone.chat().edit(case(1), refused, "一の二").unwrap();
    phone.park(refused, "forbidden");
    let tray = phone.tray();
    assert_eq!(tray.len(), 2, "the edit lies with its message");
    assert_eq!(tray[0].text.as_deref(), Some("一の二"));
    assert_eq!(
        (tray[1].op_id, &tray[1].reason),
        (reply, &Attention::ParentNotSent)
    );

    let again = phone.chat().edit_and_send_again(refused, "一の三").unwrap();
    assert_ne!(again, refused);
    assert!(phone.tray().is_empty());
    assert_eq!(phone.texts(), ["一の三", "答え"]);
    assert_eq!(phone.item(reply).reply_to.unwrap().op_id, again);
    phone.sync(&mut log);
    assert_eq!(phone.texts(), ["一の三", "答え"]);
    assert_eq!(log.entries.len(), 2);
}

#[test]
fn what_was_written_to_a_case_that_is_gone_is_not_sent_again_and_stays_in_the_tray() {
    let (phone, _log) = her_phone();
    let kept = phone.say("一");
    let lost = |tx: &WriteTransaction<'_>| crate::sync::replica::lose_case(tx, case(1));
    phone.store().write(lost).unwrap();
    for sent in [
        phone.chat().retry(kept),
        phone.chat().edit_and_send_again(kept, "一"),
    ] {
        assert!(matches!(sent, Err(ChatError::NoSuchCase)), "{sent:?}");
    }
    let left = phone.chat().not_sent(case(1)).unwrap();
    assert_eq!((left.len(), left[0].op_id), (1, kept));
    assert_eq!(left[0].reason, Attention::NoLongerAssigned);
}

#[test]
fn the_same_text_again_keeps_the_id() {
    let (phone, _log) = her_phone();
    let refused = phone.say("一");
    phone.park(refused, "forbidden");
    assert_eq!(phone.chat().edit_and_send_again(refused, "一").unwrap(), refused);
    let empty = {
        phone.park(refused, "forbidden");
        phone.chat().edit_and_send_again(refused, " ")
    };
    assert!(matches!(empty, Err(ChatError::Limit(_))));
    assert_eq!(phone.tray().len(), 1);
}

#[test]
fn discarding_takes_the_message_and_its_edits_and_leaves_replies() {
    let (phone, mut log) = her_phone();
    let refused = phone.say("一");
    let reply = NewMessage {
        reply_to: Some(refused),
        ..NewMessage::text("答え")
    };
    let reply = phone.chat().send(case(1), reply).unwrap();
    phone.claim(refused);
    phone.chat().edit(case(1), refused, "一の二").unwrap();
    phone.park(refused, "forbidden");
    phone.chat().discard(refused).unwrap();
    assert!(matches!(
        phone.chat().discard(refused),
        Err(ChatError::NoSuchMessage)
    ));
    assert_eq!(phone.tray()[0].op_id, reply);
    phone.chat().retry(reply).unwrap();
    phone.sync(&mut log);
    assert_eq!(phone.texts(), ["答え"]);
    assert_eq!(phone.item(reply).reply_to, None);
}

#[test]
fn a_reply_is_sent_alone_when_what_it_quotes_stays_in_the_tray() {
    let (phone, mut log) = her_phone();
    let refused = phone.say("一");
    let replies = ["答え", "もう一つ"].map(|text| {
        let reply = NewMessage {
            reply_to: Some(refused),
            ..NewMessage::text(text)
        };
        phone.chat().send(case(1), reply).unwrap()
    });
    // The second one may have been seen, so its bytes do not change any more.
    phone.claim(refused);
    phone.claim(replies[1]);
    phone.park(refused, "forbidden");
    assert_eq!(phone.tray().len(), 3);
    assert_eq!(phone.chat().retry(replies[0]).unwrap(), replies[0]);
    assert_ne!(phone.chat().retry(replies[1]).unwrap(), replies[1]);
    assert_eq!(phone.tray().len(), 1);
    phone.sync(&mut log);
    assert_eq!(phone.texts(), ["答え", "もう一つ"]);
    assert!(phone.items().iter().all(|item| item.reply_to.is_none()));
    assert_eq!(phone.tray()[0].op_id, refused);
}

#[test]
fn an_old_message_is_asked_about_and_sent_with_its_own_time_or_thrown_away() {
    let (phone, mut log) = her_phone();
    let old = phone.say("めまいがします");
    let older = phone.say("昨日の話");
    phone.clock.advance(25 * 3_600_000);
    phone.ask(old);
    phone.ask(older);
    assert!(phone.items().is_empty());
    assert_eq!(phone.tray().len(), 2);
    assert_eq!(phone.tray()[0].reason, Attention::TooOld);
    assert_eq!(phone.tray()[0].occurred_at, NOW);
    phone.chat().confirm(old).unwrap();
    phone.chat().discard(older).unwrap();
    phone.sync(&mut log);
    assert_eq!(phone.texts(), ["めまいがします"]);
    assert_eq!(phone.item(old).occurred_at, NOW);
    assert_eq!(log.entries.len(), 1);
}

#[test]
fn a_refused_edit_lies_in_the_tray_and_the_message_reads_as_before() {
    let (phone, mut log) = her_phone();
    let op_id = phone.say("一");
    phone.sync(&mut log);
    phone.chat().edit(case(1), op_id, "二").unwrap();
    let edit = phone.next(&log, Lane::Talk).unwrap().operation.op_id;
    phone.claim(edit);
    phone.park(edit, "forbidden");
    assert_eq!(phone.texts(), ["一"]);
    let tray = phone.tray();
    assert_eq!(tray[0].kind, NotSentKind::Edit { target: op_id });
    let again = phone.chat().edit_and_send_again(edit, "三").unwrap();
    assert_ne!(again, edit);
    assert_eq!(phone.texts(), ["三"]);
    assert!(phone.tray().is_empty());
    phone.sync(&mut log);
    assert_eq!(phone.texts(), ["三"]);
}

#[test]
fn every_reason_of_the_outbox_has_its_own_name() {
    let (phone, _log) = her_phone();
    for (reason, attention) in [
        (park_reason::ATTACHMENT_MISSING, Attention::PictureMissing),
        (park_reason::PARENT_PARKED, Attention::ParentNotSent),
        (park_reason::NO_LONGER_ASSIGNED, Attention::NoLongerAssigned),
        ("too_large", Attention::Refused("too_large".to_owned())),
    ] {
        let op_id = phone.say("一");
        phone.park(op_id, reason);
        assert_eq!(phone.tray()[0].reason, attention);
        phone.chat().discard(op_id).unwrap();
    }
    assert_eq!(phone.waiting(), 0);
}

#[test]
fn a_message_deleted_before_it_was_refused_shows_no_text_in_the_tray() {
    let (phone, _log) = her_phone();
    let op_id = phone.say("一");
    phone.claim(op_id);
    phone.chat().delete(case(1), op_id).unwrap();
    phone.park(op_id, "forbidden");
    let tray = phone.tray();
    assert_eq!((tray.len(), tray[0].text.as_deref()), (1, None));
    phone.chat().discard(op_id).unwrap();
    assert_eq!(phone.waiting(), 0);
}
