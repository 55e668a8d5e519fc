//! Who needs her first, and where the answer comes from.

use ayumi_protocol::caseload::{CaseSummary, CaseloadAnswer, LogHead};

use super::*;
use crate::chat::NewMessage;
use crate::store::WriteTransaction;
use crate::sync::outbox;
use crate::sync::replica;
use crate::time::{DAY_MS, UtcMillis};

fn write(phone: &Phone, work: impl FnOnce(&WriteTransaction<'_>) -> Result<(), StoreError>) {
    phone.store().write(work).unwrap();
}

fn summary(number: u64, name: &str) -> CaseSummary {
    CaseSummary {
        case_id: case(number),
        society_id: society(),
        name: name.to_owned(),
        is_substitute: true,
        heads: vec![LogHead {
            audience: Audience::Care,
            head_seq: seq(3),
        }],
        last_participant_entry_at_ms: Some(NOW.into()),
        last_staff_entry_at_ms: None,
    }
}

fn answer(cases: Vec<CaseSummary>) -> CaseloadAnswer {
    CaseloadAnswer {
        server_time_ms: NOW.into(),
        cases,
    }
}

#[test]
fn who_waits_longest_comes_first_then_the_unread_then_the_silent_then_the_rest_by_name() {
    let mut waits_less = care_log(1, "い");
    let mut waits_more = care_log(2, "ろ");
    let mut unread = care_log(3, "は");
    let mut silent = care_log(4, "に");
    let mut silent_longer = care_log(5, "ほ");
    let quiet_b = care_log(6, "へ");
    let quiet_a = care_log(7, "あ");
    // The log's clock counts its entries: the first message of one is earlier than that of the other.
    waits_less.append(&Person::server(), opened("い", "い"));
    waits_less.append(&her(1), said("今日は?"));
    waits_more.append(&her(2), said("先に書いた"));
    waits_more.append(&her(2), said("もう一つ"));
    unread.append(&her(3), said("質問"));
    unread.append(&colleague(), said("代わりに答えた"));
    silent.append(&her(4), said("はい"));
    silent.append(&dietitian(), said("いいですね"));
    silent.append(&her(4), read(4));
    silent_longer.append(&her(5), said("はい"));
    silent_longer.append(&dietitian(), said("いいですね"));
    let logs = [
        &waits_less,
        &waits_more,
        &unread,
        &silent,
        &silent_longer,
        &quiet_b,
        &quiet_a,
    ];
    let phone = Phone::new(&dietitian(), &logs);
    for log in logs {
        phone.pull(log);
    }
    // What she has read of both.
    for (number, up_to) in [(4, 4), (5, 4)] {
        phone.app().chat().mark_read(case(number), seq(up_to)).unwrap();
    }
    assert_eq!(
        phone.needs()[3..],
        [
            ("あ".to_owned(), Need::Nothing),
            ("に".to_owned(), Need::Nothing),
            ("へ".to_owned(), Need::Nothing),
            ("ほ".to_owned(), Need::Nothing),
        ]
    );
    phone.clock.set(NOW.plus(8 * DAY_MS));
    assert_eq!(
        phone.needs(),
        [
            ("ろ".to_owned(), Need::Answer),
            ("い".to_owned(), Need::Answer),
            ("は".to_owned(), Need::Reading),
            ("に".to_owned(), Need::Silence),
            ("ほ".to_owned(), Need::Silence),
            ("あ".to_owned(), Need::Nothing),
            ("へ".to_owned(), Need::Nothing),
        ]
        .map(|(name, need)| (name, need))
    );
}

#[test]
fn of_two_who_are_silent_the_longer_silence_comes_first() {
    let mut long = care_log(1, "わ");
    long.append(&her(1), read(1));
    let mut longer = care_log(2, "ん");
    longer.append(&her(2), read(1));
    longer.entries[2].recorded_at_ms = NOW.plus(-2 * DAY_MS).into();
    let phone = Phone::new(&dietitian(), &[&long, &longer]);
    phone.pull(&long);
    phone.pull(&longer);
    phone.clock.set(NOW.plus(9 * DAY_MS));
    assert_eq!(phone.needs()[0].0, "ん");
    assert_eq!(phone.line(2).silent_days, Some(11));
    phone.clock.set(NOW.plus(-5 * DAY_MS));
    assert_eq!(phone.line(2).silent_days, Some(0), "a clock that was set back");
}

#[test]
fn an_answer_ends_the_wait_when_it_is_written_and_a_refused_one_does_not() {
    let mut log = care_log(1, "山田");
    log.append(&her(1), said("どうすれば?"));
    let phone = Phone::new(&dietitian(), &[&log]);
    phone.pull(&log);
    let asked_at = UtcMillis::from(log.entries[2].recorded_at_ms);
    assert_eq!(phone.line(1).waiting_since, Some(asked_at));
    assert_eq!(phone.line(1).unread, 1);

    let op_id = phone
        .app()
        .chat()
        .send(case(1), NewMessage::text("こうです"))
        .unwrap();
    assert_eq!(phone.line(1).waiting_since, None);
    phone.park(op_id, "forbidden");
    let line = phone.line(1);
    assert_eq!((line.waiting_since, line.not_sent), (Some(asked_at), 1));
    phone.app().chat().retry(op_id).unwrap();
    phone.sync(&mut log);
    let line = phone.line(1);
    assert_eq!((line.waiting_since, line.not_sent), (None, 0));
    assert!(line.last_staff_at.is_some());

    // Taking the answer back leaves her waiting; what no person wrote is none.
    phone.app().chat().delete(case(1), op_id).unwrap();
    phone.sync(&mut log);
    assert_eq!(phone.line(1).waiting_since, Some(asked_at));
    let automatic = MessagePosted {
        authored_by: AuthoredBy::Automated,
        ..said("受け付けました")
    };
    log.append(&colleague(), automatic);
    phone.pull(&log);
    assert_eq!(phone.line(1).waiting_since, Some(asked_at));
}

#[test]
fn what_the_participant_took_back_waits_for_no_answer() {
    let mut log = care_log(1, "山田");
    let asked = log.append(&her(1), said("間違い"));
    log.append(&her(1), ayumi_protocol::body::MessageDeleted { target: asked });
    let phone = Phone::new(&dietitian(), &[&log]);
    phone.pull(&log);
    let line = phone.line(1);
    assert_eq!(
        (line.waiting_since, line.unread, line.need),
        (None, 0, Need::Nothing)
    );
}

#[test]
fn reading_counts_before_the_mark_is_sent() {
    let mut log = care_log(1, "山田");
    log.append(&her(1), said("一"));
    log.append(&her(1), said("二"));
    let phone = Phone::new(&dietitian(), &[&log]);
    phone.pull(&log);
    phone.app().chat().mark_read(case(1), seq(3)).unwrap();
    assert_eq!(phone.line(1).unread, 1);
    phone.sync(&mut log);
    assert_eq!(phone.line(1).unread, 1);
    assert_eq!(phone.line(1).unread, phone.app().chat().unread(case(1)).unwrap());
}

#[test]
fn the_summary_of_the_server_stands_in_until_the_log_begins_to_arrive() {
    let log = care_log(1, "山田");
    let phone = Phone::new(&dietitian(), &[&log]);
    assert_eq!(phone.needs(), [("-".to_owned(), Need::Nothing)]);
    assert!(phone.line(1).is_replicating);
    write(&phone, |tx| {
        keep_summaries(tx, &answer(vec![summary(1, "要約"), summary(2, "他の")]))
    });
    let line = phone.line(1);
    assert_eq!(line.name.as_deref(), Some("要約"));
    assert!(line.is_summary && line.is_replicating && line.is_substitute);
    assert_eq!(line.last_participant_at, Some(NOW));
    assert_eq!(phone.needs().len(), 2);

    phone.pull_page(&log, 1);
    let line = phone.line(1);
    assert_eq!(line.name.as_deref(), Some("山田"));
    assert!(!line.is_summary && line.is_replicating && !line.is_substitute);
    phone.pull(&log);
    assert!(!phone.line(1).is_replicating);
    // A later answer does not bring it back, and one without a case takes that of the case away.
    write(&phone, |tx| keep_summaries(tx, &answer(vec![summary(1, "要約")])));
    assert_eq!(phone.needs(), [("山田".to_owned(), Need::Nothing)]);
}

#[test]
fn a_case_that_is_taken_away_leaves_nothing_behind() {
    let log = care_log(1, "山田");
    let mut notes = notes_log(1);
    notes.append(&colleague(), super::notes::posted("引き継ぎ"));
    let phone = Phone::new(&dietitian(), &[&log, &notes]);
    write(&phone, |tx| keep_summaries(tx, &answer(vec![summary(1, "要約")])));
    phone.pull(&notes);
    write(&phone, |tx| replica::lose_case(tx, case(1)));
    assert_eq!(phone.needs(), []);
    assert_eq!(phone.rows(FOLDED), [""; 0]);
    assert_eq!(phone.rows("SELECT case_id, name FROM case_summary"), [""; 0]);
}

#[test]
fn nothing_is_asked_for_somebody_who_has_left() {
    let mut log = care_log(1, "山田");
    log.append(&her(1), said("やめます"));
    log.append(
        &her(1),
        ayumi_protocol::body::ConsentWithdrawn {
            text_version: ayumi_protocol::session::ConsentVersion::from_word("1").unwrap(),
        },
    );
    let phone = Phone::new(&dietitian(), &[&log]);
    phone.pull(&log);
    assert_eq!(phone.needs(), [("山田".to_owned(), Need::Nothing)]);
}

#[test]
fn who_replaces_the_dietitian_knows_that_she_does() {
    let log = care_log(1, "山田");
    let phone = Phone::new(&colleague(), &[&log]);
    phone.pull(&log);
    assert!(phone.line(1).is_substitute);
}

#[test]
fn a_participant_has_no_caseload() {
    let log = care_log(1, "山田");
    let phone = Phone::new(&her(1), &[&log]);
    assert!(matches!(phone.staff().caseload(), Err(StaffError::NotStaff)));
    assert!(matches!(phone.staff().templates(), Err(StaffError::NotStaff)));
}

#[test]
fn the_caseload_reads_no_log_and_no_table_of_messages_as_a_whole() {
    let phone = Phone::new(&dietitian(), &[]);
    let statements = crate::chat::OVERVIEW_STATEMENTS
        .iter()
        .chain(sql::HOT_STATEMENTS)
        .chain(&[("with work", outbox::sql::CASES_WITH_WORK)]);
    for (name, statement) in statements {
        let mut is_search = false;
        for step in phone.plan(statement) {
            // Subqueries name themselves and hand their rows on, and the list of cases is read and sorted once.
            let is_of_list = [
                "SCAN asked",
                "CO-ROUTINE",
                "SCAN (subquery",
                "USE TEMP B-TREE FOR ORDER BY",
            ]
            .iter()
            .any(|start| step.starts_with(start));
            let is_name = step.starts_with("CORRELATED SCALAR SUBQUERY")
                || step.starts_with("SCALAR SUBQUERY")
                || step.starts_with("LIST SUBQUERY");
            is_search |= step.starts_with("SEARCH");
            assert!(
                step.starts_with("SEARCH") || is_of_list || is_name,
                "{name}: {step}"
            );
        }
        assert!(is_search, "{name}");
    }
}

/// Three hundred cases with conversations, for a look at the time that a caseload takes.
#[test]
fn three_hundred_cases_are_one_answer() {
    let mut logs = Vec::new();
    for number in 1..=300 {
        let mut log = care_log(number, "山田");
        for round in 0..20 {
            log.append(&her(number), said("質問"));
            if round < 19 || number % 3 > 0 {
                log.append(&dietitian(), said("答え"));
            }
        }
        log.append(&dietitian(), read(30));
        logs.push(log);
    }
    let all: Vec<&Log> = logs.iter().collect();
    let phone = Phone::new(&dietitian(), &all);
    for log in &logs {
        phone.pull(log);
    }
    let lines = phone.staff().caseload().unwrap();
    assert_eq!(lines.len(), 300);
    assert_eq!(lines.iter().filter(|line| line.need == Need::Answer).count(), 100);
    assert!(
        lines.iter().all(|line| line.unread == 6 && !line.is_replicating),
        "{:?}",
        lines[0].unread
    );
    assert_eq!(lines[0].last_participant_at.map(|at| at > NOW), Some(true));
}
