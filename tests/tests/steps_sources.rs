//! Scenarios 54 to 72 of steps.md, and the vectors of section 11: several sources, versions, corrections, calendars.
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

fn delete(source: &str, id: &str) -> Value {
    json!({"type": "delete", "source": source, "id": id})
}

fn adjust(date: &str, steps: Option<i64>) -> Value {
    json!({"type": "adjust", "date": date, "steps": steps})
}

#[test]
fn row_54_live_totals_since_the_morning_replace_each_other() {
    let outcome = Scenario::berlin()
        .bucket("08:00", "09:00", Some(50), "09:00", None)
        .bucket("08:00", "10:00", Some(120), "10:00", None)
        .bucket("08:00", "11:00", Some(300), "11:00", None)
        .run();
    assert_eq!(outcome.total(), 300);
}

#[test]
fn row_55_an_hour_asked_again_takes_the_last_answer() {
    let outcome = Scenario::berlin()
        .bucket("08:00", "09:00", Some(500), "09:00", None)
        .bucket("08:00", "09:00", Some(500), "09:00", None)
        .bucket("08:00", "09:00", Some(520), "10:00", None)
        .bucket("08:00", "09:00", Some(510), "09:30", None)
        .bucket("08:00", "09:00", Some(519), "10:00", None)
        .run();
    assert_eq!(
        (outcome.total(), outcome.notes()),
        (520, vec![(2, "duplicate"), (4, "stale"), (5, "stale")])
    );
    let lowered = Scenario::berlin()
        .bucket("08:00", "09:00", Some(500), "09:00", None)
        .bucket("08:00", "09:00", Some(400), "10:00", None)
        .run();
    assert_eq!(lowered.total(), 400, "a later query may know better");
}

#[test]
fn row_56_a_query_beyond_the_platforms_memory_lowers_nothing() {
    let whole = Scenario::berlin().bucket("00:00", "+1 00:00", Some(8000), "+1 01:00", None);
    let outcome = whole
        .clone()
        .bucket("00:00", "+1 00:00", Some(2100), "2026-04-22 12:00", Some("12:00"))
        .run();
    assert_eq!((outcome.total(), outcome.notes()), (8000, vec![(2, "stale")]));
    let outcome = whole
        .bucket(
            "00:00",
            "+1 00:00",
            Some(0),
            "2026-04-25 12:00",
            Some("2026-04-18 12:00"),
        )
        .run();
    assert_eq!((outcome.total(), outcome.notes()), (8000, vec![(2, "rejected")]));
}

#[test]
fn row_57_a_failed_query_keeps_the_old_value() {
    let outcome = Scenario::berlin()
        .bucket("08:00", "09:00", Some(500), "09:00", None)
        .bucket("08:00", "09:00", None, "10:00", None)
        .run();
    assert_eq!((outcome.total(), outcome.notes()), (500, vec![(2, "rejected")]));
}

#[test]
fn row_58_days_that_the_platform_forgot_are_null() {
    let mut scenario = Scenario::berlin().bucket(
        "2026-04-05 00:00",
        "2026-04-06 00:00",
        Some(10),
        "2026-04-06 00:00",
        None,
    );
    for day in 8..15 {
        let (from, to) = (
            format!("2026-04-{day:02} 00:00"),
            format!("2026-04-{:02} 00:00", day + 1),
        );
        scenario = scenario.bucket(
            &from,
            &to,
            Some(1000),
            "2026-04-15 12:00",
            Some("2026-04-08 00:00"),
        );
    }
    let outcome = scenario.run();
    assert_eq!(
        (outcome.day("2026-04-06"), outcome.day("2026-04-07")),
        (None, None)
    );
    assert_eq!((outcome.day("2026-04-08"), outcome.total()), (Some(1000), 7010));
}

#[test]
fn rows_59_and_60_of_several_versions_the_latest_counts() {
    let version = |steps: i64, modified: i64| {
        Scenario::berlin()
            .record("watch", "A", "08:00", "09:00", steps, modified)
            .lines()[0]
            .clone()
    };
    let outcome = Scenario::berlin()
        .line(version(100, 1))
        .line(version(100, 1))
        .run();
    assert_eq!((outcome.total(), outcome.notes()), (100, vec![(2, "duplicate")]));
    let outcome = Scenario::berlin()
        .line(version(100, 1))
        .line(version(140, 2))
        .line(version(100, 1))
        .run();
    assert_eq!((outcome.total(), outcome.notes()), (140, vec![(3, "stale")]));
}

#[test]
fn row_61_a_deleted_record_stops_counting_until_it_is_modified_again() {
    let record = |steps: i64, modified: i64| {
        Scenario::berlin()
            .record("watch", "A", "08:00", "09:00", steps, modified)
            .lines()[0]
            .clone()
    };
    let outcome = Scenario::berlin()
        .line(delete("watch", "A"))
        .line(record(100, 5))
        .line(delete("watch", "B"))
        .line(delete("watch", "A"))
        .line(delete("watch", "A"))
        .line(record(100, 5))
        .run();
    assert_eq!(outcome.total(), 0);
    assert_eq!(
        outcome.notes(),
        [(1, "stale"), (3, "stale"), (5, "duplicate"), (6, "stale")]
    );
    assert!(outcome.dates().is_empty(), "a deleted record proves nothing");
    let revived = Scenario::berlin()
        .line(record(100, 5))
        .line(delete("watch", "A"))
        .line(record(70, 6))
        .run();
    assert_eq!(revived.total(), 70);
}

#[test]
fn row_62_the_same_walk_counts_once_by_the_better_source() {
    let scenario = Scenario::berlin()
        .record("phone", "p", "08:00", "09:00", 6000, 1)
        .record("watch", "w", "08:00", "09:00", 6200, 1);
    let first = |names: Value| {
        scenario
            .clone()
            .line(json!({"type": "priority", "sources": names}))
            .run()
            .total()
    };
    assert_eq!(first(json!(["watch", "phone"])), 6200);
    assert_eq!(first(json!(["phone", "watch"])), 6000);
    assert_eq!(
        scenario.run().total(),
        6000,
        "without a list the sources are in byte order"
    );
    let twice = scenario
        .line(json!({"type": "priority", "sources": ["watch", "watch"]}))
        .run();
    assert_eq!((twice.total(), twice.notes()), (6000, vec![(3, "rejected")]));
}

#[test]
fn row_63_complementary_sources_add_up() {
    let outcome = Scenario::berlin()
        .record("phone", "p", "08:00", "09:00", 2000, 1)
        .record("watch", "w", "18:00", "19:00", 7000, 1)
        .run();
    assert_eq!(outcome.total(), 9000);
}

#[test]
fn row_65_a_growing_sample_is_not_added_up() {
    let mut scenario = Scenario::berlin();
    for (modified, (end, steps)) in (1i64..).zip([("10:00", 3000), ("11:00", 3500), ("12:00", 4000)]) {
        scenario = scenario.record("app", end, "00:00", end, steps, modified);
    }
    assert_eq!(scenario.run().total(), 4000);
}

#[test]
fn rows_66_and_v22_the_77_real_records_give_5084() {
    let csv = include_str!("../data/aosp-healthconnect/real_steps_77.csv");
    let mut scenario = Scenario::in_zone("America/Los_Angeles");
    for (id, row) in csv.lines().skip(1).enumerate() {
        let field: Vec<i64> = row
            .split(',')
            .map(|text| text.parse().expect("a number"))
            .collect();
        scenario = scenario.line(
            json!({"type": "interval", "source": "phone", "id": id.to_string(),
            "start_ms": field[0], "end_ms": field[1], "steps": field[2], "modified_ms": field[4]}),
        );
    }
    assert_eq!(scenario.lines().len(), 77);
    assert_eq!(scenario.run().total(), 5084);
}

#[test]
fn row_67_a_renamed_source_neither_doubles_nor_loses() {
    let outcome = Scenario::berlin()
        .record("old", "a", "08:00", "09:00", 1000, 1)
        .record("old", "b", "09:00", "10:00", 2000, 1)
        .record("new", "c", "09:00", "10:00", 2000, 1)
        .record("new", "d", "10:00", "11:00", 3000, 1)
        .run();
    assert_eq!(outcome.total(), 6000);
}

#[test]
fn row_68_a_correction_stays_a_difference_and_touches_no_hour() {
    let scenario = Scenario::berlin()
        .interval("2026-04-14 10:00", "2026-04-14 11:00", 800)
        .interval("10:00", "11:00", 5000)
        .line(adjust(DAY, Some(7000)));
    let outcome = scenario.run();
    assert_eq!(
        (outcome.day(DAY), outcome.day("2026-04-14")),
        (Some(7000), Some(800))
    );
    assert_eq!(
        outcome.output.hours.iter().map(|hour| hour.steps).sum::<i64>(),
        5800
    );
    assert_eq!(outcome.output.days[1].adjustment_steps, 2000);
    let outcome = scenario.clone().interval("12:00", "12:10", 100).run();
    assert_eq!(
        (outcome.day(DAY), outcome.output.days[1].sensor_steps),
        (Some(7100), Some(5100))
    );
    assert_eq!(
        scenario.clone().line(adjust(DAY, None)).run().day(DAY),
        Some(5000)
    );
    assert_eq!(
        scenario.line(adjust(DAY, Some(1_000_001))).run().notes(),
        [(4, "rejected")]
    );
}

#[test]
fn a_correction_of_an_unmeasured_day_is_listed_and_a_day_never_falls_below_zero() {
    let outcome = Scenario::berlin().line(adjust(DAY, Some(0))).run();
    assert_eq!(
        (outcome.day(DAY), outcome.output.days[0].sensor_steps),
        (Some(0), None)
    );
    // The record behind the correction is deleted: 0 + (1,000 - 5,000) shows 0.
    let outcome = Scenario::berlin()
        .record("watch", "A", "10:00", "11:00", 5000, 1)
        .line(adjust(DAY, Some(1000)))
        .line(delete("watch", "A"))
        .run();
    assert_eq!(
        (outcome.day(DAY), outcome.output.days[0].adjustment_steps),
        (Some(0), -4000)
    );
}

#[test]
fn row_69_steps_in_a_vehicle_do_not_count_and_come_back_with_nothing_lost() {
    let exclude = json!({"type": "exclude", "start_ms": local_ms("Europe/Berlin", "09:00"),
        "end_ms": local_ms("Europe/Berlin", "09:40"), "reason": "vehicle"});
    let outcome = Scenario::berlin()
        .interval("08:00", "10:00", 1200)
        .line(exclude)
        .run();
    assert_eq!((outcome.total(), outcome.day(DAY)), (800, Some(800)));
}

#[test]
fn row_71_steps_of_the_first_of_a_month_are_in_the_new_month_only() {
    let outcome = Scenario::berlin()
        .interval("2026-05-01 00:00", "2026-05-01 00:10", 400)
        .run();
    assert_eq!(outcome.dates(), ["2026-05-01"]);
}

#[test]
fn a_source_has_one_kind_and_a_zero_record_hides_nothing() {
    let outcome = Scenario::berlin()
        .record("phone", "a", "08:00", "09:00", 10, 1)
        .sample("b1", "10:00", 5)
        .line(
            json!({"type": "bucket", "source": "phone", "start_ms": local_ms("Europe/Berlin", "08:00"),
            "end_ms": local_ms("Europe/Berlin", "09:00"), "steps": 7, "queried_at_ms": 1}),
        )
        .record("healthkit", "z", "08:00", "09:00", 0, 1)
        .run();
    assert_eq!(
        (outcome.total(), outcome.notes()),
        (10, vec![(2, "rejected"), (3, "rejected")])
    );
}

#[test]
fn limits_of_records_and_buckets_are_checked() {
    let record = |start: i64, end: i64, steps: i64| {
        json!({"type": "interval", "source": "w", "id": "x", "start_ms": start, "end_ms": end, "steps": steps,
            "modified_ms": 1})
    };
    let day = 86_400_000i64;
    let outcome = Scenario::berlin()
        .line(record(946_684_799_999, 946_684_800_000, 1))
        .line(record(4_102_444_799_000, 4_102_444_800_000, 1))
        .line(record(day * 20_000, day * 20_031 + 1, 1))
        .line(record(day * 20_000, day * 20_000 - 1, 1))
        .line(record(day * 20_000, day * 20_001, -1))
        .line(record(day * 20_000, day * 20_001, 1_000_001))
        .line(record(day * 20_000, day * 20_031, 1_000_000))
        .run();
    assert_eq!(
        outcome.notes(),
        (1..=6).map(|line| (line, "rejected")).collect::<Vec<_>>()
    );
    assert_eq!(outcome.total(), 1_000_000);
}

// The vectors of Health Connect's aggregator: one unit is six minutes, so the windows 10, 20, 30 are hours. -----------

const UNIT_MS: i64 = 360_000;
/// Unit 10 is 2026-04-15 01:00 UTC.
const ORIGIN_MS: i64 = 1_776_211_200_000;

/// A record as the table writes it: start, end, value, priority (`None` = an app without one), modified.
type VectorRecord = (i64, i64, i64, Option<i64>, i64);

/// Steps per window; a window without any is 0.
fn windows(records: &[VectorRecord], edges: &[i64]) -> Vec<i64> {
    let mut priorities: Vec<i64> = records.iter().filter_map(|record| record.3).collect();
    priorities.sort_unstable();
    priorities.dedup();
    priorities.reverse();
    let names: Vec<String> = priorities.iter().map(|priority| format!("p{priority}")).collect();
    let mut scenario = Scenario::in_zone("UTC").line(json!({"type": "priority", "sources": names}));
    for (id, (start, end, value, priority, modified)) in records.iter().enumerate() {
        let source = priority.map_or("none".to_owned(), |priority| format!("p{priority}"));
        scenario = scenario.line(json!({"type": "interval", "source": source, "id": id.to_string(),
            "start_ms": ORIGIN_MS + start * UNIT_MS, "end_ms": ORIGIN_MS + end * UNIT_MS, "steps": value,
            "modified_ms": modified}));
    }
    let outcome: Outcome = scenario.run();
    edges
        .windows(2)
        .map(|window| {
            let range = ORIGIN_MS + window[0] * UNIT_MS..ORIGIN_MS + window[1] * UNIT_MS;
            outcome
                .output
                .hours
                .iter()
                .filter(|hour| range.contains(&hour.start_ms))
                .map(|hour| hour.steps)
                .sum()
        })
        .collect()
}

/// One test for each vector: its name, the records, the edges of the windows, the steps expected in each window.
macro_rules! vectors {
    ($($name:ident: $records:expr, $edges:expr => $expected:expr;)+) => {
        $(#[test]
        fn $name() {
            assert_eq!(windows(&$records, &$edges), $expected);
        })+
    };
}

vectors! {
    vector_v01_one_record_fills_its_window: [(10, 20, 10, Some(100), 1)], [10, 20] => [10];
    vector_v02_a_moment_at_the_start_of_a_window_is_inside: [(10, 10, 10, Some(1), 1)], [10, 20] => [10];
    vector_v03_a_moment_at_the_end_of_a_window_is_outside: [(20, 20, 10, Some(1), 1)], [10, 20] => [0];
    vector_v04_of_two_moments_the_better_source_counts: [(15, 15, 10, Some(100), 10), (15, 15, 20, Some(200), 20)], [10, 20] => [20];
    vector_v05_of_two_moments_the_better_source_counts_whatever_was_modified_later: [(15, 15, 10, Some(200), 10), (15, 15, 20, Some(100), 20)], [10, 20] => [10];
    vector_v06_a_better_record_hides_the_rest_of_a_worse_one: [(15, 27, 12, Some(1), 10), (22, 35, 130, Some(2), 10)], [10, 20, 30, 40] => [5, 82, 50];
    vector_v07_a_better_record_that_begins_before_a_window_hides_from_its_start: [(15, 27, 12, Some(1), 10), (19, 30, 110, Some(2), 10)], [10, 20, 30, 40] => [14, 100, 0];
    vector_v08_a_worse_record_counts_where_the_better_one_has_ended: [(15, 27, 12, Some(2), 10), (19, 30, 110, Some(1), 10)], [10, 20, 30, 40] => [5, 37, 0];
    vector_v09_records_side_by_side_add_up: [(10, 12, 10, Some(100), 10), (12, 14, 20, Some(200), 20)], [10, 20] => [30];
    vector_v10_a_better_moment_at_the_start_of_a_worse_record_adds: [(10, 10, 10, Some(2), 10), (10, 15, 20, Some(1), 20)], [10, 20] => [30];
    vector_v11_a_better_moment_inside_a_worse_record_adds: [(12, 12, 10, Some(2), 10), (10, 15, 20, Some(1), 20)], [10, 20] => [30];
    vector_v12_a_better_moment_at_the_end_of_a_worse_record_adds: [(15, 15, 10, Some(2), 10), (10, 15, 20, Some(1), 20)], [10, 20] => [30];
    vector_v13_a_worse_moment_at_the_start_of_a_better_record_is_hidden: [(10, 10, 10, Some(1), 10), (10, 15, 20, Some(2), 20)], [10, 20] => [20];
    vector_v14_without_priority_the_later_modification_counts: [(10, 20, 10, None, 10), (10, 20, 20, None, 20)], [10, 20] => [20];
    vector_v15_in_one_source_the_later_modification_counts: [(10, 20, 20, Some(1), 10), (10, 20, 15, Some(1), 1)], [10, 20] => [20];
    vector_v16_in_one_source_the_later_modification_hides_the_start_of_the_other: [(10, 17, 7, Some(1), 10), (12, 20, 80, Some(1), 1)], [10, 20] => [37];
    vector_v17_in_one_source_the_later_modification_counts_where_they_overlap: [(10, 17, 7, Some(1), 1), (12, 20, 80, Some(1), 10)], [10, 20] => [82];
    vector_v18_unlisted_sources_count_last: [ (10, 20, 15, Some(1), 1), (10, 20, 20, None, 10), (10, 20, 25, None, 20), ], [10, 20] => [15];
    vector_v19_a_moment_where_two_records_meet_is_hidden_by_a_better_record: [ (10, 12, 10, Some(1), 10), (12, 12, 10, Some(2), 10), (12, 14, 20, Some(3), 20), ], [10, 20] => [30];
    vector_v20_the_best_moment_where_two_records_meet_adds: [ (10, 12, 10, Some(1), 10), (12, 12, 10, Some(4), 10), (12, 14, 20, Some(3), 20), ], [10, 20] => [40];
    vector_v21_an_app_without_priority_counts_where_the_platform_counts_nothing: [(10, 20, 5, None, 1)], [10, 20] => [5];
}

#[test]
fn row_64_a_partial_overlap_is_split_at_the_better_source() {
    assert_eq!(
        windows(
            &[(15, 27, 12, Some(1), 10), (22, 35, 130, Some(2), 10)],
            &[10, 20, 30, 40]
        ),
        [5, 82, 50]
    );
}
