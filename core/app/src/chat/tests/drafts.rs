//! Drafts, their pictures and files, templates.

use std::fs;

use super::*;

fn draft(phone: &Phone) -> Option<Draft> {
    phone.chat().draft(case(1)).unwrap()
}

fn files(phone: &Phone) -> usize {
    let folder = phone.folder().join("user/attachments");
    fs::read_dir(folder).map_or(0, Iterator::count)
}

#[test]
fn a_draft_with_its_pictures_survives_a_kill_and_goes_with_sending() {
    let (mut phone, mut log) = her_phone();
    let quoted = phone.say("いつ？");
    phone.chat().set_draft(case(1), "昼ごはん", Some(quoted)).unwrap();
    let first = phone.chat().add_picture(case(1), &photo(10)).unwrap();
    let second = phone.chat().add_picture(case(1), &photo(200)).unwrap();
    phone.restart();
    let kept = draft(&phone).unwrap();
    assert_eq!((kept.text.as_str(), kept.reply_to), ("昼ごはん", Some(quoted)));
    assert_eq!(kept.pictures, [first.clone(), second.clone()]);

    phone.chat().remove_picture(case(1), first.sha256).unwrap();
    phone.chat().remove_picture(case(1), first.sha256).unwrap();
    let kept = draft(&phone).unwrap();
    assert_eq!(kept.pictures, std::slice::from_ref(&second));
    let message = NewMessage {
        text: kept.text,
        pictures: kept.pictures,
        reply_to: kept.reply_to,
    };
    let op_id = phone.chat().send(case(1), message).unwrap();
    assert_eq!(draft(&phone), None);
    let shown = phone.item(op_id);
    assert!(matches!(shown.pictures[0].thumbnail, PictureFile::Here(_)));
    assert_eq!(shown.pictures[0].attachment, second);
    phone.sync(&mut log);
    assert_eq!(
        phone.item(op_id).pictures,
        shown.pictures,
        "still here after it is settled"
    );
}

#[test]
fn an_empty_draft_is_none_and_one_that_does_not_change_tells_nobody() {
    let (phone, _log) = her_phone();
    phone.chat().set_draft(case(1), "あ", None).unwrap();
    let before = draft(&phone).unwrap();
    phone.clock.advance(1_000);
    phone.chat().set_draft(case(1), "あ", None).unwrap();
    assert_eq!(draft(&phone), Some(before));
    phone.chat().set_draft(case(1), "", None).unwrap();
    assert_eq!(draft(&phone), None);
    phone.chat().add_picture(case(1), &photo(1)).unwrap();
    assert!(draft(&phone).is_some(), "pictures alone are a draft");
}

#[test]
fn a_fifth_picture_and_what_is_no_picture_are_refused_and_the_draft_stays() {
    let (phone, _log) = her_phone();
    for grey in 0..4 {
        phone.chat().add_picture(case(1), &photo(grey * 50)).unwrap();
    }
    let fifth = phone.chat().add_picture(case(1), &photo(255));
    assert!(matches!(
        fifth,
        Err(ChatError::Limit(error)) if error.reason == LimitReason::TooLong { most: 4 }
    ));
    let other = phone.chat().add_picture(case(2), b"no picture");
    assert!(matches!(other, Err(ChatError::Picture(_))));
    assert_eq!(draft(&phone).unwrap().pictures.len(), 4);
}

#[test]
fn a_picture_whose_file_is_gone_is_not_sent() {
    let (phone, _log) = her_phone();
    let picture = phone.chat().add_picture(case(1), &photo(10)).unwrap();
    fs::remove_dir_all(phone.folder().join("user/attachments")).unwrap();
    let message = NewMessage {
        pictures: vec![picture],
        ..NewMessage::default()
    };
    let sent = phone.chat().send(case(1), message);
    assert!(matches!(sent, Err(ChatError::PictureMissing)));
    assert!(draft(&phone).is_some());
    assert_eq!(phone.waiting(), 0);
}

#[test]
fn a_picture_taken_back_with_its_message_is_in_the_draft_again() {
    let (phone, _log) = her_phone();
    let picture = phone.chat().add_picture(case(1), &photo(10)).unwrap();
    let message = NewMessage {
        pictures: vec![picture.clone()],
        ..NewMessage::default()
    };
    let op_id = phone.chat().send(case(1), message).unwrap();
    phone.chat().delete(case(1), op_id).unwrap();
    assert_eq!(draft(&phone).unwrap().pictures, [picture]);
    assert!(phone.rows("SELECT sha256 FROM upload").is_empty());
}

#[test]
fn a_start_collects_files_that_nothing_names_and_no_other() {
    let (mut phone, mut log) = her_phone();
    let kept = phone.chat().add_picture(case(1), &photo(10)).unwrap();
    let sent = phone.chat().add_picture(case(2), &photo(100)).unwrap();
    let dropped = phone.chat().add_picture(case(1), &photo(200)).unwrap();
    phone.chat().remove_picture(case(1), dropped.sha256).unwrap();
    let message = NewMessage {
        pictures: vec![sent.clone()],
        ..NewMessage::default()
    };
    phone.chat().send(case(1), message).unwrap();
    phone.chat().set_draft(case(1), "", None).unwrap();
    let kept_again = phone.chat().add_picture(case(1), &photo(10)).unwrap();
    assert_eq!(kept, kept_again);
    phone.sync(&mut log);
    // So small a picture is its own thumbnail.
    assert_eq!(files(&phone), 3);
    phone.restart();
    assert_eq!(
        files(&phone),
        3,
        "a file younger than an hour may still get its row"
    );
    let an_hour_ago = std::time::UNIX_EPOCH + std::time::Duration::from_millis(NOW.0 as u64 - 3_600_001);
    for entry in fs::read_dir(phone.folder().join("user/attachments")).unwrap() {
        let file = fs::File::options()
            .write(true)
            .open(entry.unwrap().path())
            .unwrap();
        file.set_modified(an_hour_ago).unwrap();
    }
    phone.restart();
    assert_eq!(files(&phone), 2);
    assert!(phone.chat().files.has(&kept).unwrap());
    assert!(phone.chat().files.has(&sent).unwrap());
}

#[test]
fn an_unchanged_template_is_not_sent() {
    let log = Log::care(case(1));
    let phone = Phone::new(&dietitian(), &[&log]);
    phone
        .chat()
        .begin_with_template(case(1), "今週もお疲れさまでした。")
        .unwrap();
    for text in ["今週もお疲れさまでした。", " 今週もお疲れさまでした。\n"] {
        let sent = phone.chat().send(case(1), NewMessage::text(text));
        assert!(matches!(sent, Err(ChatError::TemplateUnchanged)));
        let sent =
            phone
                .chat()
                .send_from_template(case(1), NewMessage::text(text), "今週もお疲れさまでした。");
        assert!(matches!(sent, Err(ChatError::TemplateUnchanged)));
    }
    phone
        .chat()
        .set_draft(case(1), "今週もお疲れさまでした。歩数が増えましたね。", None)
        .unwrap();
    assert!(draft(&phone).unwrap().template_text.is_some());
    phone.say("今週もお疲れさまでした。歩数が増えましたね。");
    assert_eq!(draft(&phone), None);
}
