//! One participant's picture, and messages that begin as templates.

use super::*;
use crate::chat::{ChatError, NewMessage};
use crate::time::parse_date;

fn template(text: &str) -> MessageTemplate {
    MessageTemplate {
        title: "初回".to_owned(),
        text: text.to_owned(),
    }
}

fn phone_with_case() -> (Phone, Log) {
    let mut log = care_log(1, "山田 花子");
    log.append(&her(1), said("こんにちは"));
    let phone = Phone::new(&dietitian(), &[&log]);
    phone.pull(&log);
    (phone, log)
}

#[test]
fn a_picture_is_who_she_is_what_was_said_and_her_numbers() {
    let (phone, _) = phone_with_case();
    let today = parse_date("2026-04-15").unwrap();
    let picture = phone
        .staff()
        .participant(case(1), today, 50, &BTreeSet::new())
        .unwrap();
    assert_eq!(picture.record.name.as_deref(), Some("山田 花子"));
    assert_eq!(picture.record.acting.len(), 2);
    assert_eq!((picture.page.items.len(), picture.unread), (1, 1));
    assert_eq!(
        picture.home.steps.steps, None,
        "nothing was reported, which is not 0"
    );
    assert!(!picture.is_summary);
    let none = phone.staff().participant(case(2), today, 50, &BTreeSet::new());
    assert!(matches!(none, Err(StaffError::NoSuchCase)));
}

#[test]
fn a_template_is_filled_with_what_is_known_and_keeps_the_rest_to_be_seen() {
    let (phone, _) = phone_with_case();
    let text = "{name}さん、{own_name}です。返信は{reply_hours}。{目標}を{";
    let filled = phone
        .staff()
        .begin_with_template(case(1), &template(text))
        .unwrap();
    assert_eq!(filled, "山田 花子さん、佐藤です。返信は平日 9–17 時。{目標}を{");
    let draft = phone.app().chat().draft(case(1)).unwrap().unwrap();
    assert_eq!(draft.text, filled);
    assert_eq!(draft.template_text, Some(filled));
}

#[test]
fn a_template_is_not_sent_as_it_is() {
    let (phone, _) = phone_with_case();
    let filled = phone
        .staff()
        .begin_with_template(case(1), &template("{name}さん、いかがですか。"))
        .unwrap();
    let chat = phone.app().chat();
    let unchanged = chat.send(case(1), NewMessage::text(format!(" {filled}\n")));
    assert!(matches!(unchanged, Err(ChatError::TemplateUnchanged)));
    chat.send(case(1), NewMessage::text(format!("{filled}散歩はできましたか。")))
        .unwrap();
}

#[test]
fn a_name_with_braces_is_a_name() {
    let mut log = care_log(1, "{own_name}");
    log.append(&her(1), said("一"));
    let phone = Phone::new(&dietitian(), &[&log]);
    phone.pull(&log);
    let filled = phone
        .staff()
        .begin_with_template(case(1), &template("{name}さん"))
        .unwrap();
    assert_eq!(filled, "{own_name}さん");
}

#[test]
fn templates_are_kept_in_their_order_and_within_their_limits() {
    let (mut phone, _) = phone_with_case();
    assert_eq!(phone.staff().templates().unwrap(), []);
    let two = [template("二"), template("一")];
    phone.staff().set_templates(&two).unwrap();
    phone.restart();
    assert_eq!(phone.staff().templates().unwrap(), two);
    let staff = phone.staff();
    for wrong in [
        template(" "),
        template(&"あ".repeat(TemplateLimits::TEXT_CHARS + 1)),
        MessageTemplate {
            title: String::new(),
            ..template("一")
        },
    ] {
        assert!(matches!(staff.set_templates(&[wrong]), Err(StaffError::Limit(_))));
    }
    assert!(matches!(
        staff.set_templates(&vec![template("一"); TemplateLimits::COUNT + 1]),
        Err(StaffError::Limit(_))
    ));
    assert_eq!(staff.templates().unwrap(), two, "nothing was changed");
    staff.set_templates(&[]).unwrap();
    assert_eq!(staff.templates().unwrap(), []);
}
