//! Scenarios 1 to 27 and 49 to 53 of steps.md: one counter, restarts and everything that is not a step.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]

use ayumi_tests::scenario::{Outcome, Scenario, local_ms};
use serde_json::json;

const DAY: &str = "2026-04-15";
const NEXT_DAY: &str = "2026-04-16";

fn hour(at: &str, steps: i64) -> (String, i64) {
    (at.to_owned(), steps)
}

fn span(outcome: &Outcome) -> Vec<i64> {
    outcome.output.hours.iter().map(|hour| hour.steps).collect()
}

#[test]
fn row_01_the_first_reading_ever_counts_nothing_but_the_date_is_measured() {
    let outcome = Scenario::berlin().sample("b1", "10:00", 48_213).run();
    assert_eq!((outcome.total(), outcome.day(DAY)), (0, Some(0)));
    assert!(outcome.notes().is_empty() && outcome.hours().is_empty());
}

#[test]
fn row_02_a_plain_delta_lies_in_the_gap_between_two_samples() {
    let outcome = Scenario::berlin()
        .sample("b1", "10:00", 48_213)
        .sample("b1", "10:10", 48_813)
        .run();
    assert_eq!(outcome.hours(), [hour("10:00", 600)]);
    // The gap is shorter than 2 s a step, so the interval starts at the first sample: moved to 9:55 it straddles 10:00.
    let outcome = Scenario::berlin()
        .sample("b1", "09:55", 0)
        .sample("b1", "10:05", 600)
        .run();
    assert_eq!(outcome.hours(), [hour("09:00", 300), hour("10:00", 300)]);
}

#[test]
fn row_03_steps_after_an_idle_night_belong_to_the_morning() {
    let outcome = Scenario::berlin()
        .sample("b1", "22:00", 1000)
        .sample("b1", "+1 07:30", 1050)
        .run();
    assert_eq!((outcome.day(DAY), outcome.day(NEXT_DAY)), (Some(0), Some(50)));
    // 50 steps look back 100 s: 7:28:20. An end at 7:01:40 leaves exactly the part before 7:00 empty.
    let outcome = Scenario::berlin()
        .sample("b1", "22:00", 1000)
        .sample("b1", "+1 07:01:40", 1050)
        .run();
    assert_eq!(outcome.hours(), [hour("07:00", 50)]);
    let outcome = Scenario::berlin()
        .sample("b1", "22:00", 1000)
        .sample("b1", "+1 07:00:50", 1050)
        .run();
    assert_eq!(outcome.hours(), [hour("06:00", 25), hour("07:00", 25)]);
}

#[test]
fn row_04_a_small_delta_looks_back_one_minute() {
    let outcome = Scenario::berlin()
        .sample("b1", "08:00", 1000)
        .sample("b1", "09:00", 1011)
        .run();
    assert_eq!(outcome.hours(), [hour("08:00", 11)]);
    let outcome = Scenario::berlin()
        .sample("b1", "08:00", 1000)
        .sample("b1", "09:00:30", 1010)
        .run();
    assert_eq!(outcome.hours(), [hour("08:00", 5), hour("09:00", 5)]);
}

#[test]
fn row_05_the_same_event_delivered_again_counts_once() {
    let outcome = Scenario::berlin()
        .sample("b1", "10:00", 0)
        .sample("b1", "10:10", 600)
        .sample("b1", "10:10", 600)
        .sample("b1", "10:10", 600)
        .run();
    assert_eq!(
        (outcome.total(), outcome.notes()),
        (600, vec![(3, "duplicate"), (4, "duplicate")])
    );
}

#[test]
fn row_06_a_later_event_with_the_same_count_moves_the_earliest_start() {
    let base = Scenario::berlin()
        .sample("b1", "09:50", 0)
        .sample("b1", "10:10", 600)
        .sample("b1", "10:20", 600);
    assert_eq!(base.run().total(), 600);
    let outcome = base.sample("b1", "11:20", 2400).run();
    assert_eq!(
        outcome.hours(),
        [hour("09:00", 300), hour("10:00", 300 + 1200), hour("11:00", 600)]
    );
}

#[test]
fn rows_07_and_08_a_sample_out_of_order_is_stale_and_the_next_one_counts_from_the_last() {
    let scenario = Scenario::berlin()
        .sample("b1", "09:55", 0)
        .sample("b1", "10:05", 120)
        .sample("b1", "10:00", 100);
    let outcome = scenario.run();
    assert_eq!((outcome.total(), outcome.notes()), (120, vec![(3, "stale")]));
    assert_eq!(scenario.sample("b1", "10:06", 130).run().total(), 130);
}

#[test]
fn row_09_a_batch_received_later_lies_where_it_was_walked() {
    let scenario = Scenario::berlin().sample("b1", "10:00:00", 0);
    let (booted, received) = (scenario.at("2026-04-01 00:00"), scenario.at("10:30"));
    let mut batch =
        Scenario::berlin().sample_at("b1", booted, scenario.at("10:00:00"), scenario.at("10:00:00"), 0);
    for (second, count) in [(10, 10), (20, 20), (30, 30), (40, 40), (50, 50)] {
        batch = batch.sample_at(
            "b1",
            booted,
            scenario.at("10:00:00") + second * 1000,
            received,
            count,
        );
    }
    let outcome = batch.run();
    assert_eq!((outcome.total(), outcome.hours()), (50, vec![hour("10:00", 50)]));
    // Walked up to 10:00 and received in the next hour.
    let (from, received) = (scenario.at("09:59:10"), scenario.at("10:30"));
    let mut batch = Scenario::berlin().sample_at("b1", booted, from, from, 0);
    for second in 1i64..=5 {
        batch = batch.sample_at("b1", booted, from + second * 10_000, received, second * 10);
    }
    assert_eq!(batch.run().hours(), [hour("09:00", 50)]);
}

#[test]
fn row_10_a_lost_fifo_costs_resolution_but_no_steps() {
    let outcome = Scenario::berlin()
        .sample("b1", "10:00", 0)
        .sample("b1", "10:30", 900)
        .run();
    assert_eq!(outcome.hours(), [hour("10:00", 900)]);
    let outcome = Scenario::berlin()
        .sample("b1", "09:45", 0)
        .sample("b1", "10:15", 900)
        .run();
    assert_eq!(outcome.hours(), [hour("09:00", 450), hour("10:00", 450)]);
}

#[test]
fn rows_11_and_12_a_reboot_counts_the_new_boot_only() {
    let outcome = Scenario::berlin()
        .sample("b1", "12:00", 5000)
        .sample_since("b2", "12:10", "12:30", 150)
        .run();
    assert_eq!((outcome.total(), outcome.notes()), (150, vec![(2, "reboot")]));
    let outcome = Scenario::berlin()
        .sample("b1", "18:00", 22_300)
        .sample_since("b2", "20:00", "20:10", 40)
        .run();
    assert_eq!(outcome.total(), 40);
}

#[test]
fn rows_13_and_14_a_higher_count_after_a_reboot_is_still_a_reboot() {
    let outcome = Scenario::berlin()
        .sample("b1", "12:00", 300)
        .sample_since("b2", "13:00", "20:00", 2500)
        .run();
    assert_eq!(outcome.total(), 2500);
    // 2,500 steps look back 5,000 s: [18:36:40, 20:00).
    assert_eq!(outcome.hours(), [hour("18:00", 700), hour("19:00", 1800)]);
    // Uptime longer than before: b1 ran one hour, b2 seven.
    let outcome = Scenario::berlin()
        .sample_since("b1", "11:00", "12:00", 300)
        .sample_since("b2", "13:00", "20:00", 2500)
        .run();
    assert_eq!(outcome.total(), 2500);
}

#[test]
fn row_15_a_soft_reboot_that_keeps_the_counter_is_a_plain_delta() {
    let outcome = Scenario::berlin()
        .sample("b1", "09:00", 9800)
        .sample("b1", "09:05", 9830)
        .run();
    assert_eq!((outcome.total(), outcome.notes()), (30, vec![]));
}

#[test]
fn row_16_a_reboot_over_midnight_leaves_the_old_day_alone() {
    let outcome = Scenario::berlin()
        .sample("b1", "23:50", 7000)
        .sample_since("b2", "+1 00:05", "+1 00:20", 100)
        .run();
    assert_eq!((outcome.day(DAY), outcome.day(NEXT_DAY)), (Some(0), Some(100)));
    assert_eq!(outcome.hours(), [hour("00:00", 100)]);
}

#[test]
fn row_17_days_with_the_phone_off_are_unknown() {
    let outcome = Scenario::berlin()
        .sample("b1", "2026-04-13 20:00", 5000)
        .sample_since("b2", "2026-04-16 08:00", "2026-04-16 08:30", 600)
        .run();
    assert_eq!(outcome.dates().len(), 4);
    assert_eq!(
        (
            outcome.day("2026-04-14"),
            outcome.day("2026-04-15"),
            outcome.day("2026-04-16")
        ),
        (None, None, Some(600))
    );
}

#[test]
fn row_18_a_boot_that_was_never_sampled_is_not_missed() {
    let outcome = Scenario::berlin()
        .sample("b1", "10:00", 500)
        .sample_since("b3", "11:00", "11:30", 70)
        .run();
    assert_eq!(outcome.total(), 70);
}

#[test]
fn row_19_without_boot_ids_three_seconds_of_drift_are_the_same_boot() {
    let counter = |received: &str, elapsed_ms: i64, count: i64, drift_ms: i64| {
        json!({"type": "counter", "source": "phone", "boot": null, "count": count, "event_elapsed_ms": elapsed_ms,
            "received_elapsed_ms": elapsed_ms, "received_at_ms": local_ms("Europe/Berlin", received) + drift_ms})
    };
    let outcome = Scenario::berlin()
        .line(counter("10:00", 3_600_000, 100, 0))
        .line(counter("10:10", 4_200_000, 160, 3000))
        .run();
    assert_eq!((outcome.total(), outcome.notes()), (60, vec![]));
}

#[test]
fn row_20_a_counter_that_slips_back_counts_nothing_and_goes_on() {
    let outcome = Scenario::berlin()
        .sample("b1", "10:00", 5000)
        .sample("b1", "10:01", 4998)
        .sample("b1", "10:02", 5010)
        .run();
    assert_eq!((outcome.total(), outcome.notes()), (12, vec![(2, "glitch")]));
}

#[test]
fn rows_21_and_22_a_sensor_that_begins_again_counts_from_zero() {
    let scenario = Scenario::berlin()
        .sample("b1", "10:00", 5000)
        .sample("b1", "10:30", 40);
    let outcome = scenario.run();
    assert_eq!(
        (outcome.total(), outcome.notes()),
        (40, vec![(2, "sensor_restart")])
    );
    assert_eq!(scenario.sample("b1", "11:00", 400).run().total(), 400);
}

#[test]
fn row_23_a_huge_jump_is_quarantined_and_the_next_delta_counts() {
    let outcome = Scenario::berlin()
        .sample("b1", "10:00", 6_000)
        .sample("b1", "10:05", 536_876_864)
        .sample("b1", "10:06", 536_876_924)
        .run();
    // 16,777,216 is passed, but the count moved, so nothing is saturated.
    assert_eq!((outcome.total(), outcome.notes()), (60, vec![(2, "quarantined")]));
}

#[test]
fn row_24_a_vendor_counter_beyond_18030_an_hour_is_quarantined() {
    let outcome = Scenario::berlin()
        .sample("b1", "10:00", 0)
        .sample("b1", "11:00", 120_000)
        .run();
    assert_eq!((outcome.total(), outcome.notes()), (0, vec![(2, "quarantined")]));
    let outcome = Scenario::berlin()
        .sample("b1", "10:00", 0)
        .sample("b1", "11:00", 18_030)
        .run();
    assert_eq!((outcome.total(), outcome.notes()), (18_030, vec![]));
}

#[test]
fn row_25_a_catch_up_after_five_hours_is_spread_over_them() {
    let outcome = Scenario::berlin()
        .sample("b1", "10:00", 0)
        .sample("b1", "15:00", 9000)
        .run();
    assert_eq!(span(&outcome), [1800; 5]);
}

#[test]
fn row_26_counts_that_cannot_be_are_rejected_and_fractions_cut() {
    let counter = |time: &str, count: serde_json::Value| {
        let at = local_ms("Europe/Berlin", time);
        let elapsed = at - local_ms("Europe/Berlin", "2026-04-15 00:00");
        json!({"type": "counter", "source": "phone", "boot": "b", "count": count, "event_elapsed_ms": elapsed,
            "received_elapsed_ms": elapsed, "received_at_ms": at})
    };
    let outcome = Scenario::berlin()
        .line(counter("10:00", json!(0)))
        .line(counter("10:01", json!(null)))
        .line(counter("10:02", json!(-5)))
        .line(counter("10:03", json!(3e9)))
        .line(counter("10:04", json!(10.5)))
        .run();
    assert_eq!(outcome.total(), 10);
    assert_eq!(
        outcome.notes(),
        [(2, "rejected"), (3, "rejected"), (4, "rejected")]
    );
}

#[test]
fn row_27_at_the_end_of_float_precision_nothing_is_proved() {
    let outcome = Scenario::berlin()
        .sample("b1", "10:00", 16_777_216)
        .sample("b1", "11:00", 16_777_216)
        .run();
    assert_eq!((outcome.total(), outcome.notes()), (0, vec![(2, "saturated")]));
}

#[test]
fn row_49_a_killed_process_goes_on_from_what_it_stored() {
    let outcome = Scenario::berlin()
        .sample("b1", "09:00", 1000)
        .restart()
        .sample("b1", "13:00", 3400)
        .run();
    assert_eq!(outcome.total(), 2400);
}

#[test]
fn rows_50_and_51_a_sample_delivered_again_after_a_crash_or_by_two_listeners_counts_once() {
    let outcome = Scenario::berlin()
        .sample("b1", "09:00", 1000)
        .sample("b1", "09:10", 1100)
        .restart()
        .sample("b1", "09:10", 1100)
        .sample("b1", "09:20", 1200)
        .sample("b1", "09:20", 1200)
        .run();
    assert_eq!(
        (outcome.total(), outcome.notes()),
        (200, vec![(4, "duplicate"), (6, "duplicate")])
    );
}

#[test]
fn row_52_steps_after_a_lost_permission_do_not_prove_the_hours_before() {
    let outcome = Scenario::berlin()
        .sample("b1", "2026-04-13 20:00", 100)
        .sample("b1", "2026-04-15 09:00", 150)
        .run();
    assert_eq!(outcome.total(), 50);
    assert_eq!(outcome.day("2026-04-14"), None, "nobody measured the day between");
    // An unchanged counter proves that nobody walked.
    let outcome = Scenario::berlin()
        .sample("b1", "2026-04-13 20:00", 100)
        .sample("b1", "2026-04-15 09:00", 100)
        .run();
    assert_eq!(outcome.day("2026-04-14"), Some(0));
}

#[test]
fn row_53_steps_during_a_pause_do_not_count() {
    let pause = |kind: &str, at: &str| json!({"type": kind, "at_ms": local_ms("Europe/Berlin", at)});
    let outcome = Scenario::berlin()
        .sample("b1", "10:00", 1000)
        .line(pause("pause", "10:00"))
        .sample("b1", "11:00", 1500)
        .line(pause("resume", "11:00"))
        .sample("b1", "12:00", 1600)
        .run();
    assert_eq!((outcome.total(), outcome.notes()), (100, vec![]));
}

#[test]
fn a_pause_in_a_pause_is_a_duplicate_and_a_resume_before_it_is_rejected() {
    let pause = |kind: &str, at: &str| json!({"type": kind, "at_ms": local_ms("Europe/Berlin", at)});
    let outcome = Scenario::berlin()
        .line(pause("resume", "10:00"))
        .line(pause("pause", "10:00"))
        .line(pause("pause", "10:30"))
        .line(pause("resume", "09:00"))
        .line(pause("pause", "1999-12-31 10:00"))
        .interval("11:00", "12:00", 100)
        .run();
    assert_eq!(
        outcome.notes(),
        [
            (1, "rejected"),
            (3, "duplicate"),
            (4, "rejected"),
            (5, "rejected")
        ]
    );
    assert_eq!(
        (outcome.total(), outcome.dates()),
        (0, vec![]),
        "a pause without an end lasts, and nothing is measured"
    );
}

#[test]
fn a_paused_day_is_unknown_and_an_excluded_one_is_measured() {
    let window = |kind: &str| {
        let (start, end) = (
            local_ms("Europe/Berlin", "00:00"),
            local_ms("Europe/Berlin", "+1 00:00"),
        );
        match kind {
            "exclude" => {
                vec![json!({"type": "exclude", "start_ms": start, "end_ms": end, "reason": "vehicle"})]
            }
            _ => vec![
                json!({"type": "pause", "at_ms": start}),
                json!({"type": "resume", "at_ms": end}),
            ],
        }
    };
    for (kind, expected) in [("exclude", Some(0)), ("pause", None)] {
        let mut scenario = Scenario::berlin().interval("10:00", "11:00", 500);
        for line in window(kind) {
            scenario = scenario.line(line);
        }
        assert_eq!(scenario.run().day(DAY), expected, "{kind}");
    }
}

#[test]
fn a_past_boot_is_stale_for_ever() {
    let outcome = Scenario::berlin()
        .sample("b1", "10:00", 100)
        .sample_since("b2", "11:00", "11:30", 10)
        .restart()
        .sample("b1", "12:00", 900)
        .sample_since("b2", "11:00", "12:30", 30)
        .run();
    assert_eq!(
        (outcome.total(), outcome.notes()),
        (30, vec![(2, "reboot"), (4, "stale")])
    );
}

#[test]
fn the_example_of_the_format_comes_out() {
    let file = r#"{"type":"counter","source":"phone","boot":"7","count":100,"event_elapsed_ms":3600000,"received_elapsed_ms":3600000,"received_at_ms":1775001600000}
{"type":"counter","source":"phone","boot":"7","count":100,"event_elapsed_ms":6600000,"received_elapsed_ms":6600000,"received_at_ms":1775004600000}
{"type":"counter","source":"phone","boot":"7","count":700,"event_elapsed_ms":7800000,"received_elapsed_ms":7800000,"received_at_ms":1775005800000}
"#;
    let output = ayumi_tests::scenario::replay(file.as_bytes(), "Asia/Tokyo", "00:00").output;
    let json = serde_json::to_value(&output).expect("JSON");
    assert_eq!(
        json,
        json!({
            "total_steps": 600,
            "days": [{"date": "2026-04-01", "steps": 600, "sensor_steps": 600, "adjustment_steps": 0}],
            "hours": [
                {"start_ms": 1_775_001_600_000i64, "date": "2026-04-01", "steps": 300},
                {"start_ms": 1_775_005_200_000i64, "date": "2026-04-01", "steps": 300}
            ],
            "notes": []
        })
    );
}
