//! What lies below: query plans and erasure.

use super::*;
use crate::sync::outbox;

#[test]
fn hot_statements_search_and_never_sort_or_read_a_whole_table() {
    let (phone, _log) = her_phone();
    let of_outbox = [
        ("talk of log", outbox::sql::TALK_OF_LOG),
        ("about", outbox::sql::ABOUT),
    ];
    for (name, statement) in sql::shown::HOT_STATEMENTS.iter().chain(&of_outbox) {
        let plan = phone.rows(&format!("EXPLAIN QUERY PLAN {statement}"));
        for step in plan {
            let few = *name == "about" && step.contains("TEMP B-TREE FOR ORDER BY");
            let may_sort = few || (*name == "talk of log" && step.contains("TEMP B-TREE"));
            assert!(step.contains("SEARCH") || may_sort, "{name}: {step}");
        }
    }
}

#[test]
fn an_erased_message_loses_its_text_and_pictures_and_keeps_its_place() {
    let (phone, mut log) = her_phone();
    let first = phone.say("一");
    phone.chat().add_picture(case(1), &photo(7)).unwrap();
    let pictures = phone.chat().draft(case(1)).unwrap().unwrap().pictures;
    let message = NewMessage {
        text: "secret".to_owned(),
        pictures,
        reply_to: Some(first),
    };
    let op_id = phone.chat().send(case(1), message).unwrap();
    phone.sync(&mut log);
    log.erase(seq(2));
    phone.pull(&log);
    let item = phone.item(op_id);
    assert!(item.is_erased && item.text.is_none() && item.pictures.is_empty());
    assert_eq!(
        phone.rows("SELECT 1 FROM log_entry WHERE body LIKE '%secret%'"),
        [""; 0]
    );
    assert_eq!(
        phone.rows("SELECT 1 FROM message WHERE text LIKE '%secret%'"),
        [""; 0]
    );
    assert!(matches!(
        phone.chat().edit(case(1), op_id, "x"),
        Err(ChatError::NoSuchMessage)
    ));
}
