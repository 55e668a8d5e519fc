//! After the server was restored from a backup.

use super::*;

#[test]
fn what_others_wrote_and_the_server_lost_is_shown_in_its_place_until_it_comes_back() {
    let (phone, mut log) = her_phone();
    log.append(&dietitian(), said("一"));
    let mine = phone.say("二");
    phone.sync(&mut log);
    let lost = log.append(&dietitian(), said("三"));
    let gone = log.append(&dietitian(), said("消した"));
    log.append(&dietitian(), edited(lost, "三の二"));
    log.append(&dietitian(), MessageDeleted { target: gone });
    phone.pull(&log);
    let before = phone.texts();
    assert_eq!(before, ["一", "二", "三の二", "-"]);

    let mut restored = log.restored(1);
    phone.pull(&restored);
    // Hers waits to be sent again, behind what was lost: it will get a later place.
    assert_eq!(phone.texts(), ["一", "三の二", "-", "二"]);
    assert!(phone.item(lost).is_lost);
    assert_eq!(phone.item(lost).recorded_at, None);
    assert_eq!(phone.item(mine).delivery, Some(Delivery::Waiting));
    for limit in 1..4 {
        let none = BTreeSet::new();
        let page = phone
            .chat()
            .timeline(case(1), PageFrom::Newest, limit, &none)
            .unwrap();
        let older = phone
            .chat()
            .timeline(case(1), PageFrom::Before(page.items[0].place), 9, &none)
            .unwrap();
        assert_eq!(page.items.len() + older.items.len(), 4);
        let newer = phone
            .chat()
            .timeline(case(1), PageFrom::After(older.items[0].place), 9, &none)
            .unwrap();
        assert_eq!(newer.items.len(), 3);
    }

    phone.sync(&mut restored);
    assert_eq!(phone.texts(), ["一", "三の二", "-", "二"]);
    // Her dietitian's phone offers its own again.
    for entry in &log.entries[2..] {
        restored.append_operation(&dietitian(), entry.to_operation().unwrap());
    }
    phone.pull(&restored);
    assert_eq!(phone.texts(), ["一", "二", "三の二", "-"]);
    assert!(phone.items().iter().all(|item| !item.is_lost));
}

#[test]
fn what_is_erased_while_a_log_is_read_again_is_not_shown_afterwards() {
    let (phone, mut log) = her_phone();
    log.append(&dietitian(), said("一"));
    log.append(&dietitian(), said("二"));
    phone.pull(&log);
    let mut restored = log.restored(2);
    assert!(phone.pull_page(&restored, 1));
    restored.erase(seq(1));
    phone.pull(&restored);
    assert_eq!(phone.texts(), ["-", "二"]);
    assert!(
        phone
            .rows("SELECT body FROM log_entry WHERE seq = 1")
            .iter()
            .all(|body| body == "Null")
    );
}
