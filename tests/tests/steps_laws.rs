//! Laws 74 to 76 of steps.md over random days: conservation, order, repetition, rebuild.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ayumi_core::app::{App, Config};
use ayumi_core::clock::ManualClock;
use ayumi_core::steps::{StepEvent, parse_replay};
use ayumi_core::time::{DayStart, Tz, UtcMillis};
use ayumi_tests::phone::{SeededRandom, shown};
use ayumi_tests::scenario::{Outcome, Scenario};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Noon of 2026-03-28 UTC: within a day of the clock change in Berlin.
const ORIGIN_MS: i64 = 1_774_699_200_000;
const MINUTE_MS: i64 = 60_000;

fn zone() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!(null),
        json!("Europe/Berlin"),
        json!("Asia/Tokyo"),
        json!("Australia/Lord_Howe"),
        json!("America/New_York"),
    ])
}

fn interval() -> impl Strategy<Value = Value> {
    (0..4u8, 0..12u8, 0..2000i64, prop_oneof![Just(0i64), 1..300i64], 0..3000i64, 0..4i64, zone()).prop_map(
        |(source, id, start, minutes, steps, modified, zone)| {
            json!({"type": "interval", "source": format!("w{source}"), "id": format!("{id}"),
                "start_ms": ORIGIN_MS + start * MINUTE_MS, "end_ms": ORIGIN_MS + (start + minutes) * MINUTE_MS,
                "steps": steps, "modified_ms": modified, "zone": zone})
        },
    )
}

fn counter() -> impl Strategy<Value = Value> {
    (0..3u8, 0..40_000i64, 0..2000i64, 0..90i64, zone()).prop_map(|(boot, count, at, late, zone)| {
        let elapsed = 100_000_000 + at * MINUTE_MS;
        json!({"type": "counter", "source": "phone", "boot": format!("b{boot}"), "count": count,
            "event_elapsed_ms": elapsed, "received_elapsed_ms": elapsed + late * MINUTE_MS,
            "received_at_ms": ORIGIN_MS + (at + late) * MINUTE_MS, "zone": zone})
    })
}

/// Samples whose boot is not always known and whose wall clock is not always set.
fn wild_counter() -> impl Strategy<Value = Value> {
    (counter(), any::<bool>(), 0..4u8).prop_map(|(mut line, has_boot, clock)| {
        if !has_boot {
            line["boot"] = json!(null);
        }
        if clock == 0 {
            line["received_at_ms"] = line["received_elapsed_ms"].clone(); // as if 1970 were the boot
        }
        line
    })
}

fn bucket() -> impl Strategy<Value = Value> {
    (
        0..30i64,
        1..4i64,
        prop::option::of(0..5000i64),
        0..5i64,
        prop::option::of(0..30i64),
    )
        .prop_map(|(hour, hours, steps, queried, retained)| {
            json!({"type": "bucket", "source": "platform", "start_ms": ORIGIN_MS + hour * 60 * MINUTE_MS,
                "end_ms": ORIGIN_MS + (hour + hours) * 60 * MINUTE_MS, "steps": steps,
                "queried_at_ms": ORIGIN_MS + queried * MINUTE_MS,
                "retained_from_ms": retained.map(|hour| ORIGIN_MS + hour * 60 * MINUTE_MS)})
        })
}

fn control() -> impl Strategy<Value = Value> {
    let instant = (0..2300i64).prop_map(|minute| ORIGIN_MS + minute * MINUTE_MS);
    prop_oneof![
        instant
            .clone()
            .prop_map(|at| json!({"type": "pause", "at_ms": at})),
        instant
            .clone()
            .prop_map(|at| json!({"type": "resume", "at_ms": at})),
        (instant, 1..500i64).prop_map(|(start, minutes)| {
            json!({"type": "exclude", "start_ms": start, "end_ms": start + minutes * MINUTE_MS})
        }),
        (28..31u8, prop::option::of(0..9000i64)).prop_map(|(day, steps)| {
            json!({"type": "adjust", "date": format!("2026-03-{day}"), "steps": steps})
        }),
        (0..4u8, 0..12u8).prop_map(|(source, id)| {
            json!({"type": "delete", "source": format!("w{source}"), "id": format!("{id}")})
        }),
        Just(json!(["w3", "phone", "w1"])).prop_shuffle_list(),
    ]
}

/// Shuffles the names of a priority line.
trait ShuffleList {
    fn prop_shuffle_list(self) -> BoxedStrategy<Value>;
}

impl ShuffleList for Just<Value> {
    fn prop_shuffle_list(self) -> BoxedStrategy<Value> {
        let names: Vec<String> = serde_json::from_value(self.0).unwrap();
        Just(names)
            .prop_shuffle()
            .prop_map(|names| json!({"type": "priority", "sources": names}))
            .boxed()
    }
}

fn anything() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(
        prop_oneof![4 => interval(), 4 => counter(), 2 => bucket(), 1 => control()],
        1..60,
    )
}

/// As [`anything`], with samples that wait for a sane clock.
fn anything_wild() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(
        prop_oneof![3 => interval(), 2 => counter(), 3 => wild_counter(), 2 => bucket(), 1 => control()],
        1..60,
    )
}

/// The same events within two hours of the hour that repeats in New York, 2026-11-01 06:00 UTC, of somebody who was
/// never anywhere else: another zone would have its own dates derived and hide a date that was forgotten.
fn moved_to_autumn(mut lines: Vec<Value>) -> Vec<Value> {
    const CHANGE_MS: i64 = 1_793_512_800_000;
    let keys = [
        "start_ms",
        "end_ms",
        "at_ms",
        "received_at_ms",
        "retained_from_ms",
    ];
    for line in &mut lines {
        line["zone"] = json!(null);
        for key in keys {
            if let Some(at) = line[key].as_i64().filter(|at| *at >= ORIGIN_MS) {
                line[key] = json!(CHANGE_MS + (at - ORIGIN_MS - 1000 * MINUTE_MS) / 8);
            }
        }
    }
    lines
}

fn run(lines: Vec<Value>) -> Outcome {
    Scenario::berlin().with_day_start("04:30").with_lines(lines).run()
}

fn events(lines: &[Value]) -> Vec<StepEvent> {
    let text: String = lines.iter().map(|line| line.to_string() + "\n").collect();
    let lines = parse_replay(text.as_bytes()).unwrap();
    lines.into_iter().filter_map(|line| line.event).collect()
}

fn app_in(folder: &Path, zone: Tz, day_start: &str) -> App {
    let app = App::open(Config {
        folder: folder.to_owned(),
        key: None,
        zone,
        clock: Arc::new(ManualClock::new(UtcMillis(ORIGIN_MS))),
        random: Arc::new(SeededRandom::new(1)),
        server: None,
    })
    .unwrap();
    app.set_day_start(DayStart::parse(day_start).unwrap()).unwrap();
    app
}

/// Everything but the line numbers of the notes.
fn view(outcome: &Outcome) -> Value {
    let output = serde_json::to_value(&outcome.output).unwrap();
    let codes: BTreeMap<&str, usize> = outcome
        .output
        .notes
        .iter()
        .fold(BTreeMap::new(), |mut sum, note| {
            *sum.entry(note.code).or_default() += 1;
            sum
        });
    json!({"days": output["days"], "hours": output["hours"], "total": output["total_steps"], "codes": codes})
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn row_74_hours_add_up_to_days_and_days_to_the_total(lines in anything_wild()) {
        let output = run(lines).output;
        let sensor: i64 = output.days.iter().filter_map(|day| day.sensor_steps).sum();
        prop_assert_eq!(output.hours.iter().map(|hour| hour.steps).sum::<i64>(), sensor);
        prop_assert_eq!(output.days.iter().filter_map(|day| day.steps).sum::<i64>(), output.total_steps);
        prop_assert!(output.hours.iter().all(|hour| hour.steps > 0));
        prop_assert!(output.days.iter().all(|day| day.steps.is_none_or(|steps| steps >= 0)));
        for day in &output.days {
            let of_hours: i64 =
                output.hours.iter().filter(|hour| hour.date == day.date).map(|hour| hour.steps).sum();
            prop_assert_eq!(of_hours, day.sensor_steps.unwrap_or(0));
        }
    }

    #[test]
    fn row_74_the_hours_a_day_shows_add_up_to_its_sensor_steps_wherever_she_was(
        lines in anything(), day_start in prop::sample::select(vec!["00:00", "04:30"])
    ) {
        let folder = tempfile::tempdir().unwrap();
        let app = app_in(folder.path(), Tz::Europe__Berlin, day_start);
        app.steps().record(&events(&lines)).unwrap();
        for day in shown(&app).0 {
            let hours = app.steps().day_by_hour(day.date).unwrap().hours;
            let of_hours: i64 = hours.iter().filter_map(|hour| hour.steps).sum();
            prop_assert_eq!(of_hours, day.sensor_steps.unwrap_or(0), "{}", day.date);
            prop_assert!(hours.iter().all(|hour| hour.slot.date == day.date));
            for pair in hours.windows(2) {
                let both_walked = pair.iter().all(|hour| hour.steps.is_some_and(|steps| steps > 0));
                prop_assert!(pair[0].slot.from < pair[1].slot.from);
                prop_assert!(pair[0].slot.until <= pair[1].slot.from || both_walked, "{:?}", pair);
            }
        }
    }

    #[test]
    fn row_74_one_counter_counts_what_its_samples_say(deltas in prop::collection::vec((1..180i64, 0..150i64), 1..60)) {
        let (mut at, mut count) = (0, 1000);
        let mut lines = Vec::new();
        for (minutes, pace) in deltas {
            at += minutes;
            count += minutes * pace;
            lines.push(json!({"type": "counter", "source": "phone", "boot": "1", "count": count,
                "event_elapsed_ms": at * MINUTE_MS, "received_elapsed_ms": at * MINUTE_MS,
                "received_at_ms": ORIGIN_MS + at * MINUTE_MS}));
        }
        let first = lines[0]["count"].as_i64().unwrap();
        prop_assert_eq!(run(lines).total(), count - first);
    }

    #[test]
    fn row_75_order_and_repetition_of_interval_records_do_not_matter(
        (lines, shuffled) in prop::collection::vec(interval(), 1..40).prop_flat_map(|lines| {
            let twice: Vec<Value> = lines.iter().chain(&lines).cloned().collect();
            (Just(lines), Just(twice).prop_shuffle())
        })
    ) {
        let (once, again) = (run(lines).output, run(shuffled).output);
        prop_assert_eq!((once.total_steps, once.days, once.hours), (again.total_steps, again.days, again.hours));
    }

    #[test]
    fn row_76_a_restart_at_any_place_changes_nothing(lines in anything_wild(), place in 0..60usize) {
        let mut interrupted = lines.clone();
        interrupted.insert(place.min(lines.len()), json!({"type": "restart"}));
        prop_assert_eq!(view(&run(interrupted)), view(&run(lines)));
    }

    #[test]
    fn row_76_hours_and_days_dropped_and_rebuilt_are_the_same(
        lines in anything_wild().prop_map(moved_to_autumn)
    ) {
        let folder = tempfile::tempdir().unwrap();
        // Inside the hour that repeats: 1 November comes, goes and comes again.
        let app = app_in(folder.path(), Tz::America__New_York, "01:45");
        for event in &events(&lines) {
            app.steps().record(std::slice::from_ref(event)).unwrap();
        }
        let derived = shown(&app);
        app.steps().rebuild().unwrap();
        prop_assert_eq!(shown(&app), derived);
    }

    #[test]
    fn row_76_one_event_at_a_time_gives_the_same_as_all_at_once(lines in anything_wild()) {
        let apart: Vec<Value> = lines.iter().flat_map(|line| [line.clone(), json!({"type": "restart"})]).collect();
        prop_assert_eq!(view(&run(apart)), view(&run(lines)));
    }

    #[test]
    fn lines_that_are_stale_or_duplicate_change_nothing_but_notes(lines in anything()) {
        let all = run(lines.clone());
        let ignored: Vec<usize> =
            all.output.notes.iter().filter(|note| ["stale", "duplicate", "rejected"].contains(&note.code)).map(|note| note.line).collect();
        let kept: Vec<Value> =
            (1..).zip(&lines).filter(|(line, _)| !ignored.contains(line)).map(|(_, line)| line.clone()).collect();
        let kept = run(kept).output;
        prop_assert_eq!((kept.total_steps, kept.days, kept.hours), (all.output.total_steps, all.output.days, all.output.hours));
    }
}
