//! The own echo: one item at every moment, whichever of acknowledgement and entry comes first.

use super::*;

#[test]
fn acknowledged_first_then_pulled_it_is_one_item_at_every_moment() {
    let (phone, mut log) = her_phone();
    let before = log.append(&dietitian(), said("どうですか"));
    let op_id = phone.say("元気です");
    assert_eq!(phone.texts(), ["元気です"]);
    phone.claim(op_id);
    log.append_operation(
        &phone.who.clone(),
        phone.next(&log, Lane::Talk).unwrap().operation,
    );
    phone.acknowledge(&log, op_id);
    assert_eq!(phone.texts(), ["元気です"]);
    log.append(&dietitian(), said("よかった"));
    // The page ends before the own entry.
    phone.pull_page(&log, 1);
    assert_eq!(phone.texts(), ["どうですか", "元気です"]);
    phone.pull_page(&log, 1);
    assert_eq!(phone.texts(), ["どうですか", "元気です"]);
    phone.pull(&log);
    assert_eq!(phone.texts(), ["どうですか", "元気です", "よかった"]);
    assert_eq!(phone.items()[0].op_id, before);
    assert_eq!(phone.items()[1].op_id, op_id);
}

#[test]
fn pulled_first_it_is_settled_and_the_late_answer_changes_nothing() {
    let (mut phone, mut log) = her_phone();
    let op_id = phone.say("元気です");
    phone.claim(op_id);
    log.append_operation(
        &phone.who.clone(),
        phone.next(&log, Lane::Talk).unwrap().operation,
    );
    // The response is lost with the process.
    phone.restart();
    assert_eq!(phone.texts(), ["元気です"]);
    phone.pull(&log);
    assert_eq!(phone.texts(), ["元気です"]);
    assert_eq!(phone.waiting(), 0);
    phone.acknowledge(&log, op_id);
    assert_eq!(phone.texts(), ["元気です"]);
    assert_eq!(phone.item(op_id).delivery, Some(Delivery::Sent));
}

#[test]
fn a_message_committed_before_a_kill_waits_once_after_it() {
    let (mut phone, mut log) = her_phone();
    let op_id = phone.say("一");
    phone.restart();
    assert_eq!(phone.item(op_id).delivery, Some(Delivery::Waiting));
    phone.claim(op_id);
    phone.restart();
    assert_eq!(phone.texts(), ["一"]);
    // Sent twice under one id, because the first answer was lost.
    let operation = phone.next(&log, Lane::Talk).unwrap().operation;
    log.append_operation(&phone.who.clone(), operation);
    phone.sync(&mut log);
    assert_eq!(log.entries.len(), 1);
    assert_eq!(phone.texts(), ["一"]);
}

#[test]
fn pages_in_both_directions_meet_without_a_gap_or_a_repeat() {
    let (phone, mut log) = her_phone();
    for number in 0..25 {
        log.append(&dietitian(), said(&format!("{number}")));
        log.append(&dietitian(), read(number + 1));
    }
    phone.pull(&log);
    for number in 25..30 {
        phone.say(&format!("{number}"));
    }
    let all: Vec<String> = (0..30).map(|number| number.to_string()).collect();
    assert_eq!(phone.texts(), all);
    let none = BTreeSet::new();
    for limit in 1..8 {
        let mut pages = vec![
            phone
                .chat()
                .timeline(case(1), PageFrom::Newest, limit, &none)
                .unwrap(),
        ];
        while pages[0].has_older {
            let first = pages[0].items[0].place;
            let older = phone
                .chat()
                .timeline(case(1), PageFrom::Before(first), limit, &none);
            pages.insert(0, older.unwrap());
        }
        let text = |item: &TimelineItem| item.text.clone().unwrap();
        let backwards: Vec<String> = pages
            .iter()
            .flat_map(|page| page.items.iter().map(text))
            .collect();
        assert_eq!(backwards, all, "{limit}");
        let mut forwards = vec![all[0].clone()];
        let mut last = pages[0].items[0].place;
        loop {
            let page = phone
                .chat()
                .timeline(case(1), PageFrom::After(last), limit, &none)
                .unwrap();
            forwards.extend(page.items.iter().map(text));
            last = page.items.last().unwrap().place;
            if !page.has_newer {
                break;
            }
        }
        assert_eq!(forwards, all, "{limit}");
    }
}
