//! Jobs of a phone whose app is not open, hours after its token has expired: what is news arrives, and nothing is left running.
//!
//! The app, its engine and the server are the real ones, in virtual time. Source: sync.md 12, 13.

use ayumi_core::sync::engine::{Command, Question, Reply};
use ayumi_tests::simulation::Day;

const fn uncounted() -> u64 {
    0
}

#[test]
fn hours_later_a_job_with_nothing_to_send_refreshes_once_and_brings_the_news() {
    let mut day = Day::begin(&uncounted);
    day.background_job(0);
    day.until(3.0);
    day.dietitian(Some("welcome"));
    assert_eq!(day.messages(), 0);
    let before = day.costs();
    day.background_job(0);
    assert_eq!(day.messages(), 1);
    let costs = day.costs() - before;
    assert_eq!(costs.requests, 2, "refreshed, pulled");
    assert_eq!(costs.timers, 0, "nothing waits, so nothing wakes the phone");
}

#[test]
fn a_job_pushes_before_it_pulls_so_that_one_pull_is_enough() {
    let mut day = Day::begin(&uncounted);
    let before = day.costs();
    day.background_job(480);
    assert_eq!((day.costs() - before).requests, 2, "pushed, pulled");
}

#[test]
fn a_question_that_meets_an_old_token_is_answered_after_a_refresh() {
    let mut day = Day::begin(&uncounted);
    day.until(3.0);
    let replies = day.ask(Command::Ask(Question::TransferCode(None)));
    assert!(matches!(replies[..], [Reply::TransferCode(Ok(_))]), "{replies:?}");
    let replies = day.ask(Command::Ask(Question::ConsentText));
    assert!(matches!(replies[..], [Reply::ConsentText(Ok(_))]), "{replies:?}");
}

#[test]
fn signing_out_with_an_old_token_ends_the_session_on_the_server_too() {
    let mut day = Day::begin(&uncounted);
    day.until(3.0);
    assert_eq!(day.open_sessions(), 1);
    let replies = day.ask(Command::SignOut);
    assert!(matches!(replies[..], [Reply::SignOut(Ok(()))]), "{replies:?}");
    assert_eq!(day.open_sessions(), 0);
    let replies = day.ask(Command::Ask(Question::ConsentText));
    assert!(matches!(replies[..], [Reply::ConsentText(Err(_))]), "{replies:?}");
}
