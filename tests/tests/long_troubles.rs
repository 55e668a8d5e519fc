//! Troubles that last: days without a server, a network that comes and goes, sessions that end.
//!
//! The app, its engine and the server are the real ones, in virtual time, so that three days take a second. Source: faults.md F44,
//! F45, F51, F54, F56, F57.

use std::time::Duration;

use ayumi_core::sync::engine::{Blocked, Command, Phase, Question, Reply, SignIn};
use ayumi_core::sync::outbox::OperationState;
use ayumi_protocol::session::{DeviceDescription, Platform, TransferRequest};
use ayumi_protocol::time::LocalDate;
use ayumi_protocol::version::AppVersion;
use ayumi_tests::simulation::{Day, Weather, photo};

const fn uncounted() -> u64 {
    0
}

/// Tries within an hour of a thing that fails: nine that double, then one in five minutes or somewhat less.
const TRIES_AN_HOUR: u64 = 9 + 14;

#[test]
fn f44_after_three_days_of_503_readings_are_sent_and_the_old_message_is_asked_about() {
    let mut day = Day::begin(&uncounted);
    day.set_weather(Weather::Status(503));
    day.open();
    day.write("old", None);
    day.weigh();
    let before = day.costs();
    day.pass(Duration::from_hours(1));
    let hour = day.costs() - before;
    assert!(
        hour.requests <= 3 * TRIES_AN_HOUR,
        "the pull and two lanes: {hour:?}"
    );
    assert!(hour.timers <= hour.requests, "{hour:?}");
    day.put_away();
    let before = day.costs();
    for job in 2..74 {
        day.until(f64::from(job));
        day.background_job(0);
    }
    let days = day.costs() - before;
    assert!(
        days.requests <= 72 * 3 * 3,
        "at most three tries of each thing in a job: {days:?}"
    );
    day.set_weather(Weather::Good);
    day.open();
    assert_eq!(day.waiting(OperationState::Queued), 0);
    assert_eq!(day.waiting(OperationState::NeedsConfirmation), 1);
}

#[test]
fn f45_a_network_that_comes_and_goes_for_an_hour_makes_no_storm_and_lets_the_queue_out() {
    let mut day = Day::begin(&uncounted);
    day.set_weather(Weather::Away);
    day.open();
    day.write("between two stations", None);
    let before = day.costs();
    for _ in 0..1800 {
        day.set_weather(Weather::Good);
        day.pass(Duration::from_secs(1));
        day.set_weather(Weather::Away);
        day.pass(Duration::from_secs(1));
    }
    let hour = day.costs() - before;
    // The network itself causes nothing but once in half a minute; what succeeds in a good second begins the delays anew.
    assert!(hour.requests <= 2_400, "two in three seconds: {hour:?}");
    assert_eq!(day.waiting(OperationState::Queued), 0);
}

#[test]
fn f51_a_token_that_expires_in_the_middle_of_an_upload_costs_one_refresh_and_the_photo_arrives() {
    let mut day = Day::begin(&uncounted);
    day.open();
    // The tokens are two seconds older than the day, which is twenty seconds old.
    day.pass(Duration::from_millis(877_950));
    let before = day.costs();
    day.write("lunch", Some(&photo()));
    day.pass(Duration::from_secs(30));
    assert_eq!((day.costs() - before).refreshes, 1);
    assert_eq!(day.waiting(OperationState::Queued), 0);
    day.put_away();
    assert_eq!(day.messages(), 1);
}

#[test]
fn f54_several_requests_that_meet_an_old_token_at_once_cause_one_refresh() {
    let mut day = Day::begin(&uncounted);
    day.open();
    day.set_weather(Weather::Away);
    day.pass(Duration::from_mins(20));
    day.write("one", None);
    day.weigh();
    day.pass(Duration::from_mins(1));
    let before = day.costs();
    day.set_weather(Weather::Good);
    day.pass(Duration::from_mins(6));
    let costs = day.costs() - before;
    assert_eq!(costs.refreshes, 1, "{costs:?}");
    assert_eq!(day.waiting(OperationState::Queued), 0);
}

#[test]
fn f56_a_session_that_was_ended_stops_everything_keeps_what_waits_and_goes_on_after_signing_in() {
    let mut day = Day::begin(&uncounted);
    let replies = day.ask(Command::Ask(Question::TransferCode(None)));
    let [Reply::TransferCode(Ok(answer))] = &replies[..] else {
        panic!("{replies:?}")
    };
    let code = answer.code.clone();
    day.on_server("UPDATE session SET ended_at_ms = 1, end_reason = 'revoked'");
    day.open();
    day.write("kept", None);
    day.pass(Duration::from_secs(10));
    assert_eq!(day.phase(), Phase::Blocked(Blocked::SessionOver));
    assert_eq!(day.waiting(OperationState::Queued), 1);
    let before = day.costs();
    day.pass(Duration::from_mins(5));
    assert_eq!((day.costs() - before).requests, 0);
    let transfer = TransferRequest {
        code,
        birth_date: LocalDate::new(1975, 4, 1).expect("a date"),
        device: DeviceDescription {
            platform: Platform::Desktop,
            model: "simulated".to_owned(),
            app_version: AppVersion::parse("1.0.0").expect("a version"),
        },
        keeps_old_device: false,
    };
    let replies = day.command(Command::SignIn(SignIn::Transfer(transfer)));
    assert!(matches!(replies[..], [Reply::SignIn(Ok(_))]), "{replies:?}");
    day.pass(Duration::from_secs(30));
    assert_eq!(day.waiting(OperationState::Queued), 0);
    day.put_away();
    assert_eq!(day.messages(), 1);
}

#[test]
fn f57_a_suspended_account_asks_once_a_day_and_in_front_and_goes_on_where_it_was() {
    let mut day = Day::begin(&uncounted);
    day.background_job(0);
    day.on_server("UPDATE account SET status = 'suspended'");
    for hour in 1..=2 {
        day.until(f64::from(hour));
        day.background_job(0);
    }
    let before = day.costs();
    for hour in 3..=49 {
        day.until(f64::from(hour));
        day.background_job(0);
    }
    let costs = day.costs() - before;
    assert!(
        (1..=4).contains(&costs.requests),
        "two days, one or two requests for each probe: {costs:?}"
    );
    day.open();
    assert_eq!(day.phase(), Phase::Blocked(Blocked::Suspended));
    day.write("kept", None);
    day.put_away();
    day.on_server("UPDATE account SET status = 'active'");
    day.open();
    day.pass(Duration::from_secs(10));
    assert_eq!(day.waiting(OperationState::Queued), 0);
}

#[test]
fn f57_a_suspended_account_is_asked_about_when_she_opens_the_app_again_within_the_day() {
    let mut day = Day::begin(&uncounted);
    day.on_server("UPDATE account SET status = 'suspended'");
    day.background_job(0);
    day.on_server("UPDATE account SET status = 'active'");
    day.until(1.0);
    day.background_job(0);
    day.go_live();
    day.write("kept", None);
    day.pass(Duration::from_secs(10));
    assert_eq!(day.waiting(OperationState::Queued), 0);
}

#[test]
fn consents_that_a_server_cannot_read_go_one_by_one_and_without_haste() {
    let mut day = Day::begin(&uncounted);
    day.open();
    day.set_weather(Weather::Malformed);
    day.change_her_mind();
    let before = day.costs();
    day.pass(Duration::from_mins(10));
    let costs = day.costs() - before;
    assert!(costs.requests <= 40, "{costs:?}");
    assert_eq!(day.waiting(OperationState::Parked), 3);
}

#[test]
fn a_plan_for_an_upload_that_meets_an_old_token_is_made_after_a_refresh() {
    let mut day = Day::begin(&uncounted);
    day.set_weather(Weather::Away);
    day.open();
    day.write("lunch", Some(&photo()));
    day.put_away();
    day.until(3.0);
    day.set_weather(Weather::Good);
    let replies = day.ask(Command::PlanUpload);
    assert!(
        matches!(replies[..], [Reply::UploadPlan(Ok(Some(_)))]),
        "{replies:?}"
    );
}
