//! Read marks and unread counts.

use super::*;

fn conversation() -> (Phone, Log) {
    let (phone, mut log) = her_phone();
    for text in ["一", "二", "三"] {
        log.append(&dietitian(), said(text));
    }
    phone.pull(&log);
    (phone, log)
}

fn unread(phone: &Phone) -> u32 {
    phone.chat().unread(case(1)).unwrap()
}

fn mark(phone: &Phone, up_to: i64) -> Marked {
    phone.chat().mark_read(case(1), seq(up_to)).unwrap()
}

#[test]
fn a_mark_counts_at_once_moves_forward_only_and_not_beyond_what_is_here() {
    let (phone, mut log) = conversation();
    assert_eq!(unread(&phone), 3);
    assert_eq!(mark(&phone, 2), Marked::Yes);
    assert_eq!(unread(&phone), 1);
    assert_eq!(mark(&phone, 1), Marked::NothingNew);
    assert_eq!(mark(&phone, 900), Marked::Yes);
    assert_eq!(unread(&phone), 0);
    assert_eq!(phone.waiting(), 1, "a mark that nobody has seen is replaced");
    phone.sync(&mut log);
    assert_eq!(unread(&phone), 0);
    assert_eq!(mark(&phone, 3), Marked::NothingNew);
    log.append(&dietitian(), said("四"));
    phone.pull(&log);
    assert_eq!(unread(&phone), 1, "the mark went to 3, not to what came later");
}

#[test]
fn a_second_operation_waits_five_seconds_and_an_unsent_one_is_replaced_at_once() {
    let (phone, mut log) = conversation();
    assert_eq!(mark(&phone, 1), Marked::Yes);
    phone.clock.advance(1_000);
    assert_eq!(mark(&phone, 2), Marked::Yes);
    phone.claim(phone.next(&log, Lane::Readings).unwrap().operation.op_id);
    phone.clock.advance(1_000);
    assert_eq!(mark(&phone, 3), Marked::TooSoon(NOW.plus(6_000)));
    assert_eq!(unread(&phone), 1);
    phone.clock.advance(4_000);
    assert_eq!(mark(&phone, 3), Marked::Yes);
    phone.sync(&mut log);
    let marks: Vec<_> = log
        .entries
        .iter()
        .filter(|entry| entry.kind.as_str() == "message.read")
        .collect();
    assert_eq!(marks.len(), 2);
    assert_eq!(phone.rows("SELECT up_to_seq FROM read_mark"), ["Integer(3)"]);
}

#[test]
fn a_clock_that_was_set_back_holds_no_mark_up() {
    let (phone, log) = conversation();
    assert_eq!(mark(&phone, 1), Marked::Yes);
    phone.claim(phone.next(&log, Lane::Readings).unwrap().operation.op_id);
    phone.clock.advance(-3_600_000);
    assert_eq!(mark(&phone, 2), Marked::Yes);
}

#[test]
fn marks_of_two_devices_merge_by_the_highest_and_never_move_back() {
    let mut log = Log::care(case(1));
    let phone = Phone::new(&her(), &[&log]);
    let tablet = Phone::new(&her().on_device(2), &[&log]);
    for text in ["一", "二", "三"] {
        log.append(&dietitian(), said(text));
    }
    phone.pull(&log);
    tablet.pull(&log);
    mark(&phone, 1);
    mark(&tablet, 3);
    tablet.sync(&mut log);
    phone.sync(&mut log);
    tablet.pull(&log);
    assert_eq!((unread(&phone), unread(&tablet)), (0, 0));
    assert_eq!(
        phone.rows("SELECT * FROM read_mark"),
        tablet.rows("SELECT * FROM read_mark")
    );
}

#[test]
fn own_deleted_and_erased_messages_are_not_unread() {
    let (phone, mut log) = her_phone();
    let gone = log.append(&dietitian(), said("一"));
    log.append(&dietitian(), said("二"));
    log.append(&her().on_device(2), said("三"));
    log.append(&dietitian(), MessageDeleted { target: gone });
    log.append(&dietitian(), said("四"));
    phone.pull(&log);
    assert_eq!(unread(&phone), 2);
    log.erase(seq(2));
    phone.pull(&log);
    assert_eq!(unread(&phone), 1);
}

#[test]
fn a_dietitian_sees_at_once_which_of_her_cases_have_something_unread() {
    let (mut one, two) = (Log::care(case(1)), Log::care(case(2)));
    let phone = Phone::new(&dietitian(), &[&one, &two]);
    one.append(&her(), said("一"));
    phone.pull(&one);
    let unread = phone.chat().unread_of_all().unwrap();
    let counts: Vec<_> = unread
        .iter()
        .map(|unread| (unread.case_id, unread.count))
        .collect();
    assert_eq!(counts, [(case(1), 1), (case(2), 0)]);
    let unknown = phone.chat().mark_read(case(3), seq(1));
    assert!(matches!(unknown, Err(ChatError::NoSuchCase)));
}
