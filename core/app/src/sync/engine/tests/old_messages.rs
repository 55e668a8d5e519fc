//! A message that could not be sent for a day and was tried: its log is read to its end before its author is asked. Source: sync.md 4.9.

use ayumi_protocol::problem::ProblemCode;

use super::*;
use crate::time::DAY_MS;

/// A dietitian with two cases, a day after a message to the first one was tried without an answer. The first pull, which the start asks
/// for, is answered; the one that looks for the message is in flight.
fn the_day_after() -> (Driven, [Log; 2]) {
    let logs = [1, 2].map(|number| Log::care(case(number)));
    let phone = Phone::new(&Person::dietitian(1), &[&logs[0], &logs[1]]);
    let op_id = phone.app().chat().send(case(1), NewMessage::text("一")).unwrap();
    phone.claim(op_id);
    let mut driven = Driven::live(phone, NOW.plus(DAY_MS + 60_000));
    let (first, _) = driven.take_pull();
    driven.answer_pull(first, Vec::new()).unwrap();
    (driven, logs)
}

fn failing(log: &Log) -> LogAnswer {
    LogAnswer {
        log: log.name,
        page: None,
        refusal: Some(ProblemCode::Unavailable.into()),
    }
}

#[test]
fn nobody_is_asked_before_the_log_of_the_message_was_read_though_all_others_were() {
    let (mut driven, mut logs) = the_day_after();
    let (id, _) = driven.take_pull();
    driven.answer_pull(id, vec![failing(&logs[0])]).unwrap();
    assert_eq!(driven.states(), [OperationState::Queued], "nobody looked");

    // The message had arrived. Its log is asked as soon as its delay is over, though a request waits for news of the others.
    let outgoing = driven.outbox().remove(0);
    logs[0].append_operation(&driven.phone.who, outgoing.operation);
    driven.pass(Duration::from_secs(2));
    let (id, request) = driven.take_pull();
    assert!(
        request.logs.iter().any(|cursor| cursor.log == logs[0].name),
        "{request:?}"
    );
    assert_eq!(request.wait_ms, 0);
    let news = page(&logs[0], logs[0].page(Seq::START, 100));
    driven.answer_pull(id, vec![news]).unwrap();
    assert_eq!(driven.states(), [], "delivered, and asked about by nobody");
}

#[test]
fn a_log_that_fails_keeps_no_message_of_another_log_waiting() {
    let (mut driven, logs) = the_day_after();
    let (id, _) = driven.take_pull();
    driven.answer_pull(id, vec![failing(&logs[1])]).unwrap();
    assert_eq!(driven.states(), [OperationState::NeedsConfirmation]);
}

#[test]
fn a_log_that_goes_on_failing_is_asked_ever_more_slowly_and_the_message_waits() {
    let (mut driven, logs) = the_day_after();
    let mut asked = 0;
    for _ in 0..3600 {
        // A request that waits for news of the other log gets none within this hour.
        while let Some((id, request)) = driven.take_pull_at_once() {
            asked += 1;
            let has_it = request.logs.iter().any(|cursor| cursor.log == logs[0].name);
            let failed = if has_it {
                vec![failing(&logs[0])]
            } else {
                Vec::new()
            };
            driven.answer_pull(id, failed).unwrap();
        }
        driven.pass(Duration::from_secs(1));
    }
    assert_eq!(driven.states(), [OperationState::Queued]);
    assert!((10..=50).contains(&asked), "{asked} requests in an hour");
}
