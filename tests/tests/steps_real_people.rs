//! All 33 real persons: their minutes as a counter with faults give back the published hours exactly.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]

use std::collections::BTreeMap;

use ayumi_core::steps::ReplayRun;
use ayumi_core::time::{DayStart, Tz};
use ayumi_tests::fitabase::{as_counter, hours_by_person, minutes_by_person};

#[test]
fn every_published_hour_of_33_persons_comes_out_of_a_faulty_counter() {
    let published = hours_by_person();
    let run = ReplayRun {
        zone: Tz::UTC,
        day_start: DayStart::MIDNIGHT,
    };
    let (mut compared, mut lines, mut reboots) = (0, 0, 0);
    for (seed, (person, minutes)) in (1u64..).zip(minutes_by_person()) {
        let events = as_counter(&minutes, seed);
        let folder = tempfile::tempdir().unwrap();
        let output = run.run(folder.path(), &events).unwrap();
        let hours: BTreeMap<i64, i64> = output
            .hours
            .iter()
            .map(|hour| (hour.start_ms, hour.steps))
            .collect();
        for hour in minutes.keys() {
            if let Some(expected) = published[&person].get(hour) {
                assert_eq!(
                    hours.get(hour).copied().unwrap_or(0),
                    *expected,
                    "person {person}, hour {hour}"
                );
                compared += 1;
            }
        }
        lines += events.len();
        reboots += output.notes.iter().filter(|note| note.code == "reboot").count();
        assert!(
            output
                .notes
                .iter()
                .all(|note| ["duplicate", "stale", "reboot"].contains(&note.code))
        );
    }
    assert_eq!(compared, 21_307);
    assert!(
        lines > 250_000 && reboots > 100,
        "{lines} lines, {reboots} reboots: the faults were really there"
    );
}
