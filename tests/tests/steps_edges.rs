//! The exact edges of the rules of steps.md: one millisecond, one step or one rank on either side of each limit.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]

use ayumi_tests::scenario::{Outcome, Scenario, local_ms};
use serde_json::{Value, json};

const DAY: &str = "2026-04-15";
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 86_400_000;
/// Uptime of the phone at noon.
const UPTIME_MS: i64 = 100_000_000;

fn noon() -> i64 {
    local_ms("Europe/Berlin", "12:00")
}

/// A sample received at once, `ms` after noon, of a boot without a name whose boot instant is off by `drift_ms`.
fn nameless(ms: i64, count: i64, drift_ms: i64) -> Value {
    json!({"type": "counter", "source": "phone", "boot": null, "count": count,
        "event_elapsed_ms": UPTIME_MS + ms, "received_elapsed_ms": UPTIME_MS + ms,
        "received_at_ms": noon() + ms + drift_ms})
}

fn sample(ms: i64, count: i64) -> Value {
    let mut line = nameless(ms, count, 0);
    line["boot"] = json!("b1");
    line
}

fn record(source: &str, id: &str, start: i64, end: i64, steps: i64, modified: i64) -> Value {
    json!({"type": "interval", "source": source, "id": id, "start_ms": start, "end_ms": end, "steps": steps,
        "modified_ms": modified})
}

fn bucket(start: i64, end: i64, steps: i64, queried: i64, retained: Option<i64>) -> Value {
    json!({"type": "bucket", "source": "healthkit", "start_ms": start, "end_ms": end, "steps": steps,
        "queried_at_ms": queried, "retained_from_ms": retained})
}

fn at(kind: &str, ms: i64) -> Value {
    json!({"type": kind, "at_ms": ms})
}

fn run(lines: impl IntoIterator<Item = Value>) -> Outcome {
    Scenario::berlin().with_lines(lines.into_iter().collect()).run()
}

#[test]
fn a_short_gap_counts_as_one_second_and_has_an_allowance_of_thirty_steps() {
    for (gap_ms, most) in [(1, 35), (1000, 35), (1001, 35), (1200, 36), (60_000, 330)] {
        let counted = |steps: i64| run([sample(0, 0), sample(gap_ms, steps)]).total();
        assert_eq!((counted(most), counted(most + 1)), (most, 0), "{gap_ms} ms");
    }
}

#[test]
fn a_lower_count_is_a_restart_of_the_sensor_at_five_steps_a_second_and_a_glitch_above() {
    let code = |count: i64, gap_ms: i64| run([sample(0, 5000), sample(gap_ms, count)]).notes()[0].1;
    assert_eq!(code(40, 8000), "sensor_restart");
    assert_eq!(code(40, 7999), "glitch");
    assert_eq!(code(0, 1), "sensor_restart");
}

#[test]
fn without_boot_ids_five_minutes_of_drift_are_the_same_boot_and_a_millisecond_more_is_another() {
    let notes = |drift_ms: i64| run([nameless(0, 100, 0), nameless(600_000, 110, drift_ms)]).notes();
    assert_eq!((notes(300_000), notes(-300_000)), (vec![], vec![]));
    assert_eq!(
        (notes(300_001), notes(-300_001)),
        (vec![(2, "reboot")], vec![(2, "reboot")])
    );
}

#[test]
fn without_boot_ids_a_held_sample_is_of_the_boot_that_ran_at_least_as_long() {
    let total = |elapsed_ms: i64| {
        let mut held = nameless(0, 10, 0);
        held["received_at_ms"] = json!(0);
        let outcome = run([held, nameless(elapsed_ms, 40, 0)]);
        (outcome.total(), outcome.notes().len())
    };
    assert_eq!(total(60_000), (30, 1));
    assert_eq!(total(-1), (0, 1), "never dated");
    assert_eq!(total(0), (0, 2), "dated, and the later one is stale");
}

#[test]
fn an_event_may_be_24_hours_older_than_its_receipt_and_not_a_millisecond_more() {
    let notes = |age_ms: i64| {
        let mut line = sample(0, 50);
        line["event_elapsed_ms"] = json!(UPTIME_MS - age_ms);
        run([sample(-DAY_MS - 600_000, 0), line]).notes()
    };
    assert_eq!(notes(DAY_MS), []);
    assert_eq!(notes(DAY_MS + 1), [(2, "clock_suspect")]);
}

#[test]
fn the_same_event_with_another_count_is_stale_and_not_a_duplicate() {
    let outcome = run([sample(0, 0), sample(600_000, 60), sample(600_000, 61)]);
    assert_eq!((outcome.total(), outcome.notes()), (60, vec![(3, "stale")]));
}

#[test]
fn a_sample_that_is_not_believed_proves_its_own_instant_and_no_day_before() {
    let later = 3 * DAY_MS;
    for (first, second, code) in [
        (5000, 9_000_000, Some("quarantined")),
        (90_000_000, 80_000_000, Some("glitch")),
        (5000, 0, Some("sensor_restart")),
        (16_777_216, 16_777_216, Some("saturated")),
    ] {
        let outcome = run([sample(0, first), sample(later, second)]);
        assert_eq!(outcome.notes().first().map(|note| note.1), code);
        assert_eq!(
            (
                outcome.day(DAY),
                outcome.day("2026-04-16"),
                outcome.day("2026-04-18")
            ),
            (Some(0), None, Some(0)),
            "{code:?}"
        );
    }
    let unchanged = run([sample(0, 5000), sample(later, 5000)]);
    assert_eq!(
        unchanged.day("2026-04-16"),
        Some(0),
        "an unchanged counter proves it"
    );
}

#[test]
fn a_pause_takes_its_first_instant_away_and_leaves_the_instant_of_the_resume() {
    let instant = |ms: i64| {
        run([
            at("pause", noon()),
            at("resume", noon() + 1000),
            record("w", "a", noon() + ms, noon() + ms, 7, 1),
        ])
        .day(DAY)
    };
    assert_eq!(
        [instant(-1), instant(0), instant(999), instant(1000)],
        [Some(7), None, None, Some(7)]
    );
}

#[test]
fn a_resume_at_the_instant_of_the_pause_is_valid_and_takes_nothing_away() {
    let outcome = run([
        record("w", "a", noon() - 1000, noon() + 1000, 20, 1),
        at("pause", noon()),
        at("resume", noon()),
    ]);
    assert_eq!((outcome.total(), outcome.notes()), (20, vec![]));
}

#[test]
fn a_bucket_that_begins_with_the_platforms_memory_is_whole_and_one_that_ends_there_is_forgotten() {
    let (start, end) = (noon(), noon() + HOUR_MS);
    let second = |steps: i64, queried: i64, retained: i64| {
        let outcome = run([
            bucket(start, end, 500, 1, None),
            bucket(start, end, steps, queried, Some(retained)),
        ]);
        (outcome.total(), outcome.notes())
    };
    assert_eq!(
        second(400, 2, start),
        (400, vec![]),
        "whole: a later query may lower"
    );
    assert_eq!(second(400, 2, start + 1), (500, vec![(2, "stale")]));
    assert_eq!(second(600, 2, start + 1), (600, vec![]));
    assert_eq!(second(400, 2, end - 1), (500, vec![(2, "stale")]));
    assert_eq!(second(600, 2, end), (500, vec![(2, "rejected")]));
    assert_eq!(
        second(500, 2, start + 1),
        (500, vec![(2, "stale")]),
        "equal does not replace"
    );
    assert_eq!(
        second(600, 1, start + 1),
        (600, vec![]),
        "the same query saw more"
    );
}

#[test]
fn a_partial_bucket_ranks_below_every_other_of_its_source() {
    let (start, end) = (noon(), noon() + HOUR_MS);
    let outcome = run([
        bucket(start, end, 100, 1, None),
        bucket(start, end + 1, 999, 2, Some(start + 1)),
    ]);
    // Of the partial one only the millisecond after the whole one is left.
    assert_eq!(outcome.total(), 100);
}

#[test]
fn readings_may_begin_with_the_year_2000_and_end_a_millisecond_before_2100() {
    let (first, end) = (946_684_800_000, 4_102_444_800_000);
    let outcome = run([
        record("w", "a", first, first + 1000, 5, 1),
        record("w", "b", end - 1000, end - 1, 6, 1),
        bucket(first, first + 1, 0, 1, None),
        at("pause", first),
        at("resume", first),
        at("pause", first - 1),
        at("pause", end),
        json!({"type": "exclude", "start_ms": first, "end_ms": end}),
        json!({"type": "exclude", "start_ms": first, "end_ms": first}),
    ]);
    assert_eq!(outcome.total(), 11);
    assert_eq!(
        outcome.notes(),
        [(6, "rejected"), (7, "rejected"), (8, "rejected"), (9, "rejected")]
    );
    let mut sane = sample(0, 0);
    sane["received_at_ms"] = json!(first);
    let mut insane = sane.clone();
    insane["received_at_ms"] = json!(first - 1);
    let mut future = sane.clone();
    future["received_at_ms"] = json!(end);
    assert_eq!(run([sane]).notes(), []);
    assert_eq!(run([insane]).notes(), [(1, "clock_suspect")]);
    assert_eq!(run([future]).notes(), [(1, "clock_suspect")]);
}

#[test]
fn uptime_ends_with_3650_days_and_the_count_with_31_bits() {
    let notes = |elapsed_ms: i64, count: Value| {
        run([
            json!({"type": "counter", "source": "phone", "count": count, "event_elapsed_ms": elapsed_ms,
            "received_elapsed_ms": elapsed_ms, "received_at_ms": noon()}),
        ])
        .notes()
    };
    assert_eq!(notes(315_360_000_000, json!(2_147_483_647_i64)), []);
    assert_eq!(notes(315_360_000_001, json!(0)), [(1, "rejected")]);
    assert_eq!(notes(-1, json!(0)), [(1, "rejected")]);
    assert_eq!(notes(0, json!(2_147_483_648_i64)), [(1, "rejected")]);
}

#[test]
fn of_records_of_one_source_the_rank_decides_in_its_order() {
    let (start, end) = (noon(), noon() + 10_000);
    // Each pair differs in one place of the rank; the second ranks higher, whatever the order of arrival.
    for (name, lower, higher, total) in [
        (
            "modified",
            record("w", "a", start, end, 100, 1),
            record("w", "b", start, end, 10, 2),
            10,
        ),
        (
            "start",
            record("w", "b", start, end, 100, 1),
            record("w", "a", start + 5000, end, 10, 1),
            60,
        ),
        (
            "end",
            record("w", "b", start, end, 100, 1),
            record("w", "a", start, end + 10_000, 20, 1),
            20,
        ),
        (
            "steps",
            record("w", "b", start, end, 10, 1),
            record("w", "a", start, end, 11, 1),
            11,
        ),
    ] {
        assert_eq!(run([lower.clone(), higher.clone()]).total(), total, "{name}");
        assert_eq!(run([higher, lower]).total(), total, "{name}");
    }
    // Equal but for the id: the greater id in bytes is believed, and with it its zone.
    let in_zone = |id: &str, zone: &str| {
        let mut line = record("w", id, start, end, 10, 1);
        line["zone"] = json!(zone);
        line
    };
    let outcome = run([
        in_zone("b", "Pacific/Kiritimati"),
        in_zone("a", "UTC"),
        in_zone("B", "UTC"),
    ]);
    assert_eq!((outcome.day("2026-04-16"), outcome.day(DAY)), (Some(10), Some(0)));
}

#[test]
fn of_versions_of_one_record_modified_steps_end_start_and_zone_decide_in_this_order() {
    let (start, end) = (noon(), noon() + 10_000);
    let mut in_utc = record("w", "a", start + 1, end + 1, 3, 2);
    in_utc["zone"] = json!("UTC");
    let versions = [
        record("w", "a", start, end, 9, 1),
        record("w", "a", start + 2, end - 1, 2, 2),
        record("w", "a", start + 3, end - 1, 3, 2),
        record("w", "a", start, end + 1, 3, 2),
        record("w", "a", start + 1, end + 1, 3, 2),
        in_utc,
    ];
    for (index, higher) in versions.iter().enumerate() {
        for lower in &versions[..index] {
            assert_eq!(
                run([lower.clone(), higher.clone()]).notes(),
                [],
                "{lower} {higher}"
            );
            assert_eq!(
                run([higher.clone(), lower.clone()]).notes(),
                [(2, "stale")],
                "{lower} {higher}"
            );
        }
        assert_eq!(run([higher.clone(), higher.clone()]).notes(), [(2, "duplicate")]);
    }
}

#[test]
fn a_version_that_moves_a_record_takes_its_steps_along() {
    let moved = noon() - 5 * DAY_MS;
    let before = record("w", "a", noon(), noon() + 1000, 5, 1);
    let after = record("w", "a", moved, moved + 1000, 5, 2);
    let outcome = run([before.clone(), json!({"type": "restart"}), after.clone()]);
    assert_eq!((outcome.total(), outcome.dates()), (5, vec!["2026-04-10"]));
    assert_eq!(run([before, after]).dates(), ["2026-04-10"]);
}

#[test]
fn controls_reach_back_to_what_was_stored_before_a_restart() {
    let restart = json!({"type": "restart"});
    let walk = || {
        [
            record("phone", "p", noon(), noon() + HOUR_MS, 60, 1),
            record(
                "watch",
                "w",
                noon() + 3 * DAY_MS,
                noon() + 3 * DAY_MS + HOUR_MS,
                70,
                1,
            ),
            record(
                "phone",
                "q",
                noon() + 3 * DAY_MS,
                noon() + 3 * DAY_MS + HOUR_MS,
                600,
                1,
            ),
            restart.clone(),
        ]
    };
    let with = |lines: &[Value]| run(walk().into_iter().chain(lines.iter().cloned())).total();
    assert_eq!(with(&[]), 660);
    assert_eq!(with(&[json!({"type": "priority", "sources": ["watch"]})]), 130);
    assert_eq!(with(&[at("pause", noon())]), 0, "a pause without an end");
    assert_eq!(
        with(&[
            at("pause", noon()),
            restart.clone(),
            at("resume", noon() + 4 * DAY_MS)
        ]),
        0
    );
    assert_eq!(
        with(&[
            at("pause", noon()),
            restart.clone(),
            at("resume", noon() + HOUR_MS / 2)
        ]),
        630
    );
    let exclude = json!({"type": "exclude", "start_ms": noon() - DAY_MS, "end_ms": noon() + 4 * DAY_MS});
    assert_eq!(with(&[exclude]), 0);
}

#[test]
fn a_reading_of_many_weeks_is_found_from_each_of_its_days() {
    let month = 31 * DAY_MS;
    let long = record("w", "long", noon(), noon() + month, 31_000, 1);
    let outcome = run([
        long.clone(),
        json!({"type": "restart"}),
        record(
            "w",
            "late",
            noon() + 15 * DAY_MS,
            noon() + 15 * DAY_MS + 1000,
            5,
            2,
        ),
    ]);
    // The newer record hides its second of the long one, at most one step; the days around keep theirs.
    assert!(
        (31_004..=31_005).contains(&outcome.total()),
        "{}",
        outcome.total()
    );
    assert!(outcome.output.days.iter().all(|day| day.steps.unwrap() > 400));
    // Three years of an unchanged counter, derived in chunks, leave no date out.
    let outcome = run([sample(0, 5), sample(1000 * DAY_MS, 5)]);
    assert_eq!(outcome.dates().len(), 1001);
    assert!(outcome.output.days.iter().all(|day| day.steps == Some(0)));
}

#[test]
fn a_batch_in_any_order_of_time_touches_every_date_of_it() {
    let outcome = run([
        record("w", "month", noon(), noon() + 20 * DAY_MS, 2000, 1),
        record("w", "short", noon() + 1000, noon() + 2000, 0, 1),
        record(
            "w",
            "before",
            noon() - 9 * DAY_MS,
            noon() - 9 * DAY_MS + 1000,
            3,
            1,
        ),
    ]);
    assert_eq!(outcome.output.days.len(), 30);
    assert_eq!(outcome.day("2026-05-05"), Some(50));
}
