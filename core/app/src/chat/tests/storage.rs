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
    // What waits of a log may be thousands of rows: only what was sent is read.
    let by_state = "(case_id=? AND audience=? AND lane=? AND state=?)";
    let plan = phone.plan(outbox::sql::SENT_BETWEEN);
    assert!(
        matches!(&plan[..], [step] if step.ends_with(by_state)),
        "{plan:?}"
    );
    for (name, statement) in timeline::sql::HOT_STATEMENTS.iter().chain(&of_outbox) {
        for step in phone.plan(statement) {
            // What waits of one case is sorted: a handful.
            let is_few = of_outbox.iter().any(|(few, _)| few == name);
            let is_sorting = is_few && step == "USE TEMP B-TREE FOR ORDER BY";
            let is_subquery =
                step.contains("SUBQUERY") || step.starts_with("CO-ROUTINE") || step == "SCAN (subquery-1)";
            assert!(
                step.starts_with("SEARCH") || is_sorting || is_subquery,
                "{name}: {step}"
            );
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

#[test]
fn the_files_of_an_erased_message_leave_the_phone() {
    let (phone, mut log) = her_phone();
    let own = phone.chat().add_picture(case(1), &photo(7)).unwrap();
    let message = NewMessage {
        pictures: vec![own.clone()],
        ..NewMessage::default()
    };
    phone.chat().send(case(1), message).unwrap();
    phone.sync(&mut log);
    let (kept, gone) = (picture(b"kept"), picture(b"gone"));
    for attachments in [vec![kept.clone(), gone.clone()], vec![kept.clone()]] {
        log.append(
            &dietitian(),
            MessagePosted {
                attachments,
                ..said("写真")
            },
        );
    }
    phone.pull(&log);
    let images = &phone.chat().files.images;
    images.store(b"kept").unwrap();
    images.store(b"gone").unwrap();
    assert_eq!(phone.rows("SELECT 1 FROM picture_to_fetch").len(), 3);
    log.erase(seq(1));
    log.erase(seq(2));
    phone.pull(&log);
    phone.chat().delete_pictures_of_the_gone().unwrap();
    assert!(!phone.chat().files.has(&own).unwrap());
    assert!(images.exists(kept.sha256).unwrap(), "another message has it");
    assert!(!images.exists(gone.sha256).unwrap());
    assert!(phone.rows("SELECT 1 FROM picture_to_delete").is_empty());
}

/// A picture whose large and small file are the same.
fn picture(bytes: &[u8]) -> ayumi_protocol::body::Attachment {
    let sha256 = crate::pictures::sha256_of(bytes);
    ayumi_protocol::body::Attachment {
        sha256,
        media_type: ayumi_protocol::body::PictureType::Jpeg,
        length_bytes: 4,
        width_px: 8,
        height_px: 6,
        thumbnail: ayumi_protocol::body::Thumbnail {
            sha256,
            length_bytes: 4,
            width_px: 8,
            height_px: 6,
        },
    }
}

#[test]
fn another_device_of_her_own_fetches_the_thumbnails_of_what_she_sent() {
    let mut log = Log::care(case(1));
    let phone = Phone::new(&her(), &[&log]);
    let tablet = Phone::new(&her().on_device(2), &[&log]);
    let own = phone.chat().add_picture(case(1), &photo(7)).unwrap();
    let message = NewMessage {
        pictures: vec![own.clone()],
        ..NewMessage::default()
    };
    let op_id = phone.chat().send(case(1), message).unwrap();
    phone.sync(&mut log);
    tablet.pull(&log);
    let shown = tablet.item(op_id).pictures.remove(0);
    assert_eq!(shown.thumbnail, PictureFile::ToBeFetched(own.thumbnail.sha256));
    assert_eq!(
        tablet.rows("SELECT is_opened FROM picture_to_fetch"),
        ["Integer(0)"]
    );
    tablet
        .chat()
        .fetch_picture(case(1), own.thumbnail.sha256)
        .unwrap();
    assert_eq!(
        tablet.rows("SELECT is_opened FROM picture_to_fetch"),
        ["Integer(1)"]
    );
    assert!(matches!(
        phone.item(op_id).pictures[0].thumbnail,
        PictureFile::Here(_)
    ));
}
