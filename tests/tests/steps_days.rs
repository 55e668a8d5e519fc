//! Scenarios 28 to 48 and 73 of steps.md: midnight, clock changes, flights, clocks that lie.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]

use ayumi_tests::scenario::{Outcome, Scenario, local_ms};
use serde_json::{Value, json};

const DAY: &str = "2026-04-15";
const NEXT_DAY: &str = "2026-04-16";

fn steps(outcome: &Outcome) -> Vec<i64> {
    outcome.output.hours.iter().map(|hour| hour.steps).collect()
}

fn two_days(outcome: &Outcome) -> (Option<i64>, Option<i64>) {
    (outcome.day(DAY), outcome.day(NEXT_DAY))
}

/// An interval in another zone than the scenario's default.
fn interval_in(zone: &str, id: &str, start: &str, end: &str, steps: i64) -> Value {
    json!({"type": "interval", "source": "watch", "id": id, "start_ms": local_ms(zone, start),
        "end_ms": local_ms(zone, end), "steps": steps, "modified_ms": 1, "zone": zone})
}

#[test]
fn rows_28_and_29_an_interval_over_midnight_is_split_in_proportion() {
    assert_eq!(
        two_days(&Scenario::berlin().interval("23:55", "+1 00:05", 100).run()),
        (Some(50), Some(50))
    );
    assert_eq!(
        two_days(&Scenario::berlin().interval("23:59", "+1 00:02", 100).run()),
        (Some(33), Some(67))
    );
}

#[test]
fn row_30_a_batch_received_after_midnight_stays_on_the_old_day() {
    let mut scenario = Scenario::berlin();
    let (booted, received) = (scenario.at("2026-04-10 00:00"), scenario.at("+1 00:20"));
    for (time, count) in [
        ("23:10", 0),
        ("23:20", 100),
        ("23:30", 200),
        ("23:40", 300),
        ("23:50", 400),
    ] {
        scenario = scenario
            .clone()
            .sample_at("b1", booted, scenario.at(time), received, count);
    }
    assert_eq!(two_days(&scenario.run()), (Some(400), None));
}

#[test]
fn rows_31_and_32_the_first_delta_after_midnight_is_shared() {
    let outcome = Scenario::berlin()
        .sample("b1", "23:59:30", 1000)
        .sample("b1", "+1 00:00:30", 1060)
        .run();
    assert_eq!(two_days(&outcome), (Some(30), Some(30)));
    let outcome = Scenario::berlin()
        .sample("b1", "23:00", 1000)
        .sample("b1", "+1 01:00", 8200)
        .run();
    assert_eq!(two_days(&outcome), (Some(3600), Some(3600)));
}

#[test]
fn row_33_an_interval_that_ends_at_midnight_touches_only_the_old_day() {
    let outcome = Scenario::berlin().interval("23:50", "+1 00:00", 200).run();
    assert_eq!((outcome.dates(), outcome.day(DAY)), (vec![DAY], Some(200)));
}

#[test]
fn row_34_a_record_without_duration_lies_in_the_slot_that_contains_it() {
    let outcome = Scenario::berlin().interval("12:00", "12:00", 10).run();
    assert_eq!(outcome.hours(), [("12:00".to_owned(), 10)]);
}

#[test]
fn rows_35_and_36_days_of_23_and_25_hours_are_filled_evenly() {
    let outcome = Scenario::berlin()
        .interval("2026-03-29 00:00", "2026-03-30 00:00", 230)
        .run();
    assert_eq!(
        (steps(&outcome), outcome.dates()),
        (vec![10; 23], vec!["2026-03-29"])
    );
    let outcome = Scenario::in_zone("America/New_York")
        .interval("2026-11-01 00:00", "2026-11-02 00:00", 250)
        .run();
    assert_eq!(
        (steps(&outcome), outcome.dates()),
        (vec![10; 25], vec!["2026-11-01"])
    );
}

#[test]
fn row_37_the_repeated_hour_is_two_slots_of_one_day() {
    let first = local_ms("Europe/Berlin", "2026-10-25 02:10");
    let at = |id: &str, start: i64, steps: i64| {
        json!({"type": "interval", "source": "watch", "id": id, "start_ms": start, "end_ms": start + 600_000,
            "steps": steps, "modified_ms": 1})
    };
    let outcome = Scenario::berlin()
        .line(at("a", first, 100))
        .line(at("b", first + 3_600_000, 70))
        .run();
    assert_eq!(
        (steps(&outcome), outcome.day("2026-10-25")),
        (vec![100, 70], Some(170))
    );
}

#[test]
fn row_39_a_day_without_midnight_starts_at_one() {
    let cairo = Scenario::in_zone("Africa/Cairo");
    let start = cairo.at("2026-04-23 23:50");
    let outcome = cairo
        .line(
            json!({"type": "interval", "source": "watch", "id": "a", "start_ms": start,
            "end_ms": start + 1_200_000, "steps": 20, "modified_ms": 1, "zone": "Africa/Cairo"}),
        )
        .run();
    assert_eq!(
        (outcome.day("2026-04-23"), outcome.day("2026-04-24")),
        (Some(10), Some(10))
    );
    assert_eq!(
        outcome.hours(),
        [("23:00".to_owned(), 10), ("01:00".to_owned(), 10)]
    );
}

#[test]
fn row_40_a_half_hour_change_gives_a_day_of_23_and_a_half_hours() {
    let outcome = Scenario::in_zone("Australia/Lord_Howe")
        .interval("2026-10-04 00:00", "2026-10-05 00:00", 47)
        .run();
    let hours = steps(&outcome);
    assert_eq!(
        (hours.len(), hours.iter().sum::<i64>(), outcome.day("2026-10-04")),
        (24, 47, Some(47))
    );
    // The clock goes from 02:00 to 02:30, so the slot from 02:30 lasts half an hour.
    assert!(
        outcome.hours().contains(&("02:30".to_owned(), 1)),
        "{:?}",
        outcome.hours()
    );
}

#[test]
fn row_41_a_flight_west_on_one_date_resets_nothing() {
    let outcome = Scenario::in_zone("Asia/Shanghai")
        .line(interval_in("Asia/Shanghai", "a", "08:00", "09:00", 4000))
        .line(interval_in("Asia/Bangkok", "b", "20:00", "21:00", 500))
        .run();
    assert_eq!((outcome.dates(), outcome.day(DAY)), (vec![DAY], Some(4500)));
}

#[test]
fn row_42_a_flight_back_over_midnight_goes_on_with_each_date() {
    let outcome = Scenario::in_zone("Australia/Sydney")
        .line(interval_in("Pacific/Noumea", "a", "+1 00:10", "+1 01:10", 3000))
        .line(interval_in("Asia/Shanghai", "b", "22:30", "22:40", 200))
        .line(interval_in("Asia/Shanghai", "c", "+1 09:00", "+1 10:00", 100))
        .run();
    assert_eq!(two_days(&outcome), (Some(200), Some(3100)));
}

#[test]
fn row_43_a_phone_at_a_border_counts_its_steps_once() {
    let mut scenario = Scenario::in_zone("Europe/Lisbon").sample("b1", "12:00", 1000);
    let booted = scenario.at("2026-04-01 00:00");
    scenario = Scenario::in_zone("Europe/Lisbon").sample_at(
        "b1",
        booted,
        scenario.at("12:00"),
        scenario.at("12:00"),
        0,
    );
    for (minute, zone) in (1i64..=10).zip(["Europe/Madrid", "Europe/Lisbon"].into_iter().cycle()) {
        let at = scenario.at("12:00") + minute * 60_000;
        scenario = scenario.line(json!({"type": "counter", "source": "phone", "boot": "b1", "count": minute * 2,
            "event_elapsed_ms": at - booted, "received_elapsed_ms": at - booted, "received_at_ms": at, "zone": zone}));
    }
    assert_eq!(scenario.run().total(), 20);
}

#[test]
fn row_44_a_date_that_did_not_exist_is_null() {
    let outcome = Scenario::in_zone("Pacific/Apia")
        .interval("2011-12-29 10:00", "2011-12-29 11:00", 100)
        .interval("2011-12-31 10:00", "2011-12-31 11:00", 100)
        .run();
    assert_eq!(outcome.dates(), ["2011-12-29", "2011-12-30", "2011-12-31"]);
    assert_eq!(outcome.day("2011-12-30"), None);
}

#[test]
fn row_45_a_later_change_of_zone_moves_nothing() {
    let outcome = Scenario::in_zone("America/New_York")
        .line(interval_in("Europe/Berlin", "a", "23:30", "23:40", 5000))
        .line(interval_in("America/New_York", "b", "+1 08:00", "+1 08:10", 10))
        .run();
    assert_eq!(two_days(&outcome), (Some(5000), Some(10)));
}

#[test]
fn row_46_a_clock_set_back_one_day_counts_once_on_the_date_of_receipt() {
    let counter = |elapsed_s: i64, received: &str, count: i64| {
        json!({"type": "counter", "source": "phone", "boot": "b1", "count": count,
            "event_elapsed_ms": elapsed_s * 1000, "received_elapsed_ms": elapsed_s * 1000,
            "received_at_ms": local_ms("Europe/Berlin", received)})
    };
    let outcome = Scenario::berlin()
        .line(counter(100, "+1 12:00:00", 0))
        .line(counter(160, "12:01:00", 60))
        .run();
    assert_eq!((outcome.total(), two_days(&outcome)), (60, (Some(60), Some(0))));
}

#[test]
fn row_47_samples_from_a_clock_in_1970_are_dated_by_the_first_sane_one() {
    let counter = |boot: Value, elapsed_s: i64, received_ms: i64, count: i64| {
        json!({"type": "counter", "source": "phone", "boot": boot, "count": count,
            "event_elapsed_ms": elapsed_s * 1000, "received_elapsed_ms": elapsed_s * 1000,
            "received_at_ms": received_ms})
    };
    let now = local_ms("Europe/Berlin", "12:00");
    for boot in [json!("b1"), json!(null)] {
        let outcome = Scenario::berlin()
            .line(counter(boot.clone(), 3600, 3_600_000, 0))
            .line(counter(boot.clone(), 7200, 7_200_000, 900))
            .restart()
            .line(counter(boot.clone(), 10_800, now, 1000))
            .run();
        assert_eq!(outcome.total(), 1000, "{boot}");
        assert_eq!(outcome.notes(), [(1, "clock_suspect"), (2, "clock_suspect")]);
        // 900 steps look back 1,800 s from the event an hour before noon.
        assert_eq!(
            outcome.hours(),
            [("10:00".to_owned(), 900), ("11:00".to_owned(), 100)]
        );
    }
    // A sample of another boot does not date them: they are never counted.
    let outcome = Scenario::berlin()
        .line(counter(json!("b1"), 3600, 3_600_000, 0))
        .line(counter(json!("b2"), 7200, now, 500))
        .run();
    assert_eq!(outcome.total(), 0);
}

#[test]
fn row_48_a_sensor_time_in_another_base_gives_way_to_the_time_of_receipt() {
    for event_elapsed_ms in [-1, 100_000_001, 100_000_000 - 86_400_001] {
        let sample = |seconds: i64, event: Option<i64>, count: i64| {
            let elapsed = 100_000_000 + seconds * 1000;
            json!({"type": "counter", "source": "phone", "boot": "b1", "count": count,
                "event_elapsed_ms": event.unwrap_or(elapsed), "received_elapsed_ms": elapsed,
                "received_at_ms": local_ms("Europe/Berlin", "12:00") + seconds * 1000})
        };
        let outcome = Scenario::berlin()
            .line(sample(-600, None, 0))
            .line(sample(0, Some(event_elapsed_ms), 50))
            .run();
        assert_eq!(
            (outcome.total(), outcome.notes()),
            (50, vec![(2, "clock_suspect")])
        );
        assert_eq!(outcome.hours(), [("11:00".to_owned(), 50)]);
    }
}

#[test]
fn row_73_a_day_that_starts_at_five_keeps_the_night() {
    let outcome = Scenario::berlin()
        .with_day_start("05:00")
        .interval("02:00", "02:30", 1000)
        .run();
    assert_eq!(outcome.dates(), ["2026-04-14"]);
    let outcome = Scenario::berlin()
        .with_day_start("04:30")
        .interval("04:00", "05:00", 60)
        .run();
    assert_eq!(
        (outcome.day("2026-04-14"), outcome.day("2026-04-15")),
        (Some(30), Some(30))
    );
    assert_eq!(
        outcome.hours(),
        [("04:00".to_owned(), 30), ("04:30".to_owned(), 30)]
    );
}

#[test]
fn a_day_start_inside_the_repeated_hour_follows_the_wall_clock() {
    let first = local_ms("Europe/Berlin", "2026-10-25 02:00");
    let outcome = Scenario::berlin()
        .with_day_start("02:15")
        .line(json!({"type": "interval", "source": "w", "id": "a", "start_ms": first, "end_ms": first + 7_200_000,
            "steps": 120, "modified_ms": 1}))
        .run();
    // 02:00-02:15 twice belongs to the day before, 02:15-03:00 twice to the day itself.
    assert_eq!(
        (outcome.day("2026-10-24"), outcome.day("2026-10-25")),
        (Some(30), Some(90))
    );
    assert_eq!(steps(&outcome), [15, 45, 15, 45]);
}

#[test]
fn a_date_between_two_instants_of_its_neighbour_keeps_its_steps() {
    // At 02:00 the clock goes back to 01:00, and the day starts at 01:45: 1 November comes, goes, and comes again.
    let outcome = Scenario::in_zone("America/New_York")
        .with_day_start("01:45")
        .interval("2026-10-31 20:00", "2026-11-01 01:15", 315)
        .line(
            json!({"type": "interval", "source": "watch", "id": "over", "start_ms": 1_793_509_200_000_i64,
            "end_ms": 1_793_513_700_000_i64, "steps": 75, "modified_ms": 1, "zone": "America/New_York"}),
        )
        .run();
    assert_eq!(outcome.total(), 375);
    assert_eq!(
        (outcome.day("2026-10-31"), outcome.day("2026-11-01")),
        (Some(360), Some(15))
    );
    // At 00:01 the clock goes back to 23:01.
    let outcome = Scenario::in_zone("America/St_Johns")
        .line(
            json!({"type": "interval", "source": "watch", "id": "over", "start_ms": 1_162_088_880_000_i64,
            "end_ms": 1_162_089_660_000_i64, "steps": 13, "modified_ms": 1, "zone": "America/St_Johns"}),
        )
        .run();
    assert_eq!(
        (outcome.day("2006-10-28"), outcome.day("2006-10-29")),
        (Some(12), Some(1))
    );
}
