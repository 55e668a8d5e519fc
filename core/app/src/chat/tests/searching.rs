//! Search in a conversation.

use super::*;

fn found(phone: &Phone, typed: &str) -> Vec<String> {
    let page = phone.chat().search(case(1), typed, None, 50).unwrap();
    assert!(page.is_complete);
    page.found
        .into_iter()
        .map(|found| found.item.text.unwrap())
        .collect()
}

#[test]
fn what_was_said_is_found_the_newest_first_and_so_is_what_waits() {
    let (phone, mut log) = her_phone();
    log.append(&dietitian(), said("昼ごはんは野菜から食べましょう"));
    log.append(&dietitian(), said("夜ごはん"));
    phone.pull(&log);
    phone.say("朝ごはんを食べました");
    assert_eq!(
        found(&phone, "ごはん"),
        [
            "朝ごはんを食べました",
            "夜ごはん",
            "昼ごはんは野菜から食べましょう"
        ]
    );
    assert_eq!(found(&phone, "ごはん 野菜"), ["昼ごはんは野菜から食べましょう"]);
    phone.sync(&mut log);
    assert_eq!(found(&phone, "朝"), ["朝ごはんを食べました"]);
    let nothing = phone.chat().search(case(1), "🍙", None, 5).unwrap();
    assert!(nothing.is_empty_query && nothing.found.is_empty());
    let unknown = phone.chat().search(case(2), "朝", None, 5);
    assert!(matches!(unknown, Err(ChatError::NoSuchCase)));
}

#[test]
fn deleted_erased_and_replaced_words_are_found_no_more() {
    let (phone, mut log) = her_phone();
    let changed = log.append(&dietitian(), said("体重はりんご"));
    let deleted = log.append(&dietitian(), said("体重はみかん"));
    log.append(&dietitian(), said("体重はぶどう"));
    phone.pull(&log);
    assert_eq!(found(&phone, "体重").len(), 3);
    log.append(&dietitian(), edited(changed, "体重はもも"));
    log.append(&dietitian(), MessageDeleted { target: deleted });
    log.erase(seq(3));
    phone.pull(&log);
    assert_eq!(found(&phone, "体重"), ["体重はもも"]);
    for gone in ["りんご", "みかん", "ぶどう"] {
        assert_eq!(found(&phone, gone), [""; 0]);
    }
    // The edit is erased: the message reads as before.
    log.erase(seq(4));
    phone.pull(&log);
    assert_eq!(found(&phone, "りんご"), ["体重はりんご"]);
    assert_eq!(found(&phone, "もも"), [""; 0]);
}

#[test]
fn pages_follow_each_other_within_one_case() {
    let (mut one, mut two) = (Log::care(case(1)), Log::care(case(2)));
    for number in 0..7 {
        one.append(&her(), said(&format!("一 歩いた{number}")));
        two.append(&Person::participant(2), said("二 歩いた"));
    }
    let phone = Phone::new(&dietitian(), &[&one, &two]);
    phone.pull(&one);
    phone.pull(&two);
    for case_number in [1, 2] {
        let mut seqs = Vec::new();
        let mut before = None;
        loop {
            let page = phone.chat().search(case(case_number), "歩", before, 3).unwrap();
            seqs.extend(page.found.iter().map(|found| found.item.seq.unwrap().number()));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(seqs, [7, 6, 5, 4, 3, 2, 1]);
    }
}

#[test]
fn a_log_that_was_read_again_is_searched_as_it_is_now() {
    let (phone, mut log) = her_phone();
    log.append(&dietitian(), said("残る言葉"));
    log.append(&dietitian(), said("消える言葉"));
    phone.pull(&log);
    assert_eq!(found(&phone, "言葉").len(), 2);
    let mut restored = log.restored(1);
    restored.append(&dietitian(), said("新しい言葉"));
    phone.pull(&restored);
    assert_eq!(found(&phone, "言葉"), ["新しい言葉", "残る言葉"]);
}
