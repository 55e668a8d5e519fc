//! What screens ask for: streaks, one day by the hour, the programme's days, a moved day start, old readings dropped.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]

use ayumi_core::app::App;
use ayumi_core::steps::{IntervalRecord, StepEvent, longest_streak};
use ayumi_core::time::{DateRange, DayStart, NaiveDate, Tz, UtcMillis, parse_date};
use ayumi_tests::phone::{batches, open, shown};
use ayumi_tests::scenario::local_ms;

fn date(text: &str) -> NaiveDate {
    parse_date(text).unwrap()
}

fn record(zone: Tz, start: &str, end: &str, steps: i64) -> StepEvent {
    StepEvent::Interval(IntervalRecord {
        source: "watch".to_owned(),
        id: format!("{zone} {start}"),
        start: UtcMillis(local_ms(zone.name(), start)),
        end: UtcMillis(local_ms(zone.name(), end)),
        steps,
        modified: UtcMillis(0),
        zone: Some(zone),
    })
}

fn app_with(events: &[StepEvent]) -> (tempfile::TempDir, App) {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    app.steps().record(events).unwrap();
    (folder, app)
}

fn day(number: u8, steps: i64) -> StepEvent {
    record(
        Tz::Asia__Tokyo,
        &format!("2026-04-{number:02} 10:00"),
        &format!("2026-04-{number:02} 11:00"),
        steps,
    )
}

#[test]
fn a_streak_is_alive_while_todays_goal_can_still_be_met() {
    let (_folder, app) = app_with(&[
        day(1, 9000),
        day(2, 3000),
        day(3, 8000),
        day(4, 8000),
        day(5, 100),
        day(8, 9000),
    ]);
    app.steps().set_goal(Some(8000)).unwrap();
    let streak = |today: &str| {
        app.steps()
            .current_streak(date(today))
            .unwrap()
            .map(|streak| streak.days)
    };
    assert_eq!(streak("2026-04-04"), Some(2));
    assert_eq!(streak("2026-04-05"), Some(2), "today has 100 steps so far");
    assert_eq!(streak("2026-04-06"), None, "yesterday missed the goal");
    assert_eq!(streak("2026-04-08"), Some(1));
    assert_eq!(streak("2026-04-10"), None, "yesterday is unknown");
    let all = app
        .steps()
        .days(DateRange {
            from: date("2026-04-01"),
            until: date("2026-05-01"),
        })
        .unwrap();
    assert_eq!(longest_streak(&all, 8000, &|_| false).unwrap().days, 2);
    app.steps().set_goal(None).unwrap();
    assert_eq!(streak("2026-04-04"), None);
    assert!(app.steps().set_goal(Some(0)).is_err());
}

#[test]
fn row_52_hours_without_evidence_are_not_shown_as_zero() {
    let (_folder, app) = app_with(&[
        record(Tz::Europe__Berlin, "2026-03-29 00:30", "2026-03-29 04:10", 320),
        record(Tz::Europe__Berlin, "2026-03-29 12:00", "2026-03-29 13:00", 0),
    ]);
    let view = app.steps().day_by_hour(date("2026-03-29")).unwrap();
    assert_eq!(view.hours.len(), 23, "the clock went forward");
    let at = |hour: u8| {
        view.hours
            .iter()
            .find(|slot| slot.slot.local_hour == hour)
            .and_then(|slot| slot.steps)
    };
    assert_eq!(
        (at(0), at(1), at(3), at(4)),
        (Some(60), Some(120), Some(120), Some(20))
    );
    assert_eq!((at(2), at(5), at(12), at(13)), (None, None, Some(0), None));
}

#[test]
fn a_travel_day_is_marked_and_shows_the_steps_of_both_zones() {
    let (_folder, app) = app_with(&[
        record(Tz::Asia__Shanghai, "2026-04-15 08:00", "2026-04-15 09:00", 4000),
        record(Tz::Asia__Kolkata, "2026-04-15 20:00", "2026-04-15 21:00", 500),
    ]);
    let view = app.steps().day_by_hour(date("2026-04-15")).unwrap();
    assert!(view.day.is_travel_day);
    assert_eq!(view.hours.iter().filter_map(|hour| hour.steps).sum::<i64>(), 4500);
    assert!(
        view.hours
            .windows(2)
            .all(|pair| pair[0].slot.from < pair[1].slot.from)
    );
}

/// The clock hours shown, with their steps where something was measured; slots in order, one beside the other.
#[track_caller]
fn hours_of(app: &App, on: &str) -> (Vec<u8>, Vec<(u8, i64)>) {
    let hours = app.steps().day_by_hour(date(on)).unwrap().hours;
    assert!(
        hours
            .windows(2)
            .all(|pair| pair[0].slot.until <= pair[1].slot.from),
        "{hours:?}"
    );
    let measured = hours
        .iter()
        .filter_map(|hour| Some((hour.slot.local_hour, hour.steps?)));
    (
        hours.iter().map(|hour| hour.slot.local_hour).collect(),
        measured.collect(),
    )
}

#[test]
fn a_flight_from_tokyo_to_los_angeles_loses_no_hour_and_shows_each_by_the_clock_on_its_wall() {
    let (_folder, app) = app_with(&[
        record(Tz::Asia__Tokyo, "2026-04-15 08:00", "2026-04-15 13:00", 5000),
        record(
            Tz::America__Los_Angeles,
            "2026-04-15 12:00",
            "2026-04-15 13:00",
            1000,
        ),
    ]);
    let (clock, measured) = hours_of(&app, "2026-04-15");
    assert_eq!(
        measured,
        [
            (8, 1000),
            (9, 1000),
            (10, 1000),
            (11, 1000),
            (12, 1000),
            (12, 1000)
        ]
    );
    // The date ended in Tokyo at 8:00 in Los Angeles, where it went on.
    assert_eq!(clock, (0..24).chain(8..24).collect::<Vec<u8>>());
}

#[test]
fn a_flight_from_tokyo_to_kolkata_shows_no_walked_half_hour_as_a_measured_zero_of_tokyo() {
    let (_folder, app) = app_with(&[
        record(Tz::Asia__Tokyo, "2026-04-15 08:00", "2026-04-15 12:00", 400),
        record(Tz::Asia__Kolkata, "2026-04-15 15:00", "2026-04-15 16:00", 600),
    ]);
    let (clock, measured) = hours_of(&app, "2026-04-15");
    assert_eq!(measured, [(8, 100), (9, 100), (10, 100), (11, 100), (15, 600)]);
    // 15:00 in Kolkata was 18:30 in Tokyo.
    assert_eq!(clock, (0..18).chain(15..24).collect::<Vec<u8>>());
}

#[test]
fn row_42_a_flight_back_over_midnight_shows_each_date_by_the_zones_she_was_in() {
    let (_folder, app) = app_with(&[
        record(Tz::Pacific__Noumea, "2026-04-15 09:00", "2026-04-15 10:00", 900),
        record(Tz::Pacific__Noumea, "2026-04-16 00:10", "2026-04-16 00:40", 3000),
        record(Tz::Asia__Singapore, "2026-04-15 22:30", "2026-04-15 22:50", 200),
        record(Tz::Asia__Singapore, "2026-04-16 10:00", "2026-04-16 11:00", 500),
    ]);
    let (clock, measured) = hours_of(&app, "2026-04-15");
    assert_eq!(measured, [(9, 900), (22, 200)]);
    assert_eq!(clock, (0..24).chain(22..24).collect::<Vec<u8>>());
    let (clock, measured) = hours_of(&app, "2026-04-16");
    assert_eq!(measured, [(0, 3000), (10, 500)]);
    assert_eq!(clock, (0..1).chain(0..24).collect::<Vec<u8>>());
}

#[test]
fn a_paused_hour_is_not_a_measured_zero() {
    let at = |clock: &str| UtcMillis(local_ms("Asia/Tokyo", &format!("2026-04-15 {clock}")));
    let (_folder, app) = app_with(&[
        record(Tz::Asia__Tokyo, "2026-04-15 10:00", "2026-04-15 16:00", 0),
        StepEvent::Pause { at: at("12:00") },
        StepEvent::Resume { at: at("14:00") },
    ]);
    let (_, measured) = hours_of(&app, "2026-04-15");
    assert_eq!(measured, [(10, 0), (11, 0), (14, 0), (15, 0)]);
}

#[test]
fn the_programme_counts_days_in_japan_whatever_the_person_sees() {
    let (_folder, app) = app_with(&[record(
        Tz::America__New_York,
        "2026-04-15 20:00",
        "2026-04-15 21:00",
        700,
    )]);
    let range = DateRange {
        from: date("2026-04-14"),
        until: date("2026-04-18"),
    };
    assert_eq!(
        app.steps().programme_days(range).unwrap(),
        [(date("2026-04-16"), 700)]
    );
    assert_eq!(app.steps().days(range).unwrap()[0].date, date("2026-04-15"));
}

#[test]
fn a_moved_day_start_derives_everything_again_and_back() {
    let (_folder, app) = app_with(&[record(
        Tz::Asia__Tokyo,
        "2026-04-15 02:00",
        "2026-04-15 02:30",
        1000,
    )]);
    let before = shown(&app);
    app.set_day_start(DayStart::parse("05:00").unwrap()).unwrap();
    assert_eq!(shown(&app).0[0].date, date("2026-04-14"));
    app.set_day_start(DayStart::MIDNIGHT).unwrap();
    assert_eq!(shown(&app), before);
}

#[test]
fn dropping_old_raw_samples_changes_no_total_now_or_after_a_rebuild() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    let batches = batches();
    for batch in &batches {
        app.steps().record(batch).unwrap();
    }
    let before = shown(&app);
    app.steps()
        .drop_old_readings(UtcMillis(1_800_000_000_000))
        .unwrap();
    app.steps().rebuild().unwrap();
    assert_eq!(shown(&app), before);
    app.steps().record(&batches[3]).unwrap();
    assert_eq!(
        shown(&app),
        before,
        "a sample delivered again is still recognised"
    );
}

#[test]
fn a_reading_without_a_zone_takes_the_zone_of_its_time() {
    let (_folder, app) = app_with(&[]);
    let at = |text: &str| UtcMillis(local_ms("UTC", text));
    // The phone was opened in UTC in April 2016; the history knows no more.
    let bucket = |start: &str, end: &str| {
        StepEvent::Interval(IntervalRecord {
            source: "w".to_owned(),
            id: start.to_owned(),
            start: at(start),
            end: at(end),
            steps: 10,
            modified: UtcMillis(0),
            zone: None,
        })
    };
    app.steps()
        .record(&[bucket("2010-01-01 23:00", "2010-01-01 23:10")])
        .unwrap();
    assert_eq!(shown(&app).0[0].date, date("2010-01-01"));
}
