//! Days of steps, and what is left out of them.

use insta::assert_snapshot;

use super::Person;

#[test]
fn steps_of_days_are_shown_with_goal_and_correction_and_days_without_data_are_no_zero() {
    let person = Person::new();
    person.says(&["goal", "steps", "8000"]);
    person.says(&["steps", "adjust", "2026-04-08", "9000"]);
    person.says(&["steps", "adjust", "2026-04-10", "0"]);
    assert_snapshot!(person.says(&["steps", "--days", "4"]), @r"
    2026-04-07 Tue    no data
    2026-04-08 Wed      9,000  ██████████████████████████████ ✓ ✎
    2026-04-09 Thu    no data
    2026-04-10 Fri          0   ✎
    9,000 steps a day on average without today, 2 of 4 days measured
    ");
    person.says(&["steps", "adjust", "2026-04-08", "none"]);
    person.says(&["steps", "adjust", "2026-04-10", "none"]);
    assert_snapshot!(person.says(&["steps", "--days", "4"]), @r"
    2026-04-07 Tue    no data
    2026-04-08 Wed    no data
    2026-04-09 Thu    no data
    2026-04-10 Fri    no data
    Nothing was measured in these 4 days.
    ");
}

#[test]
fn counting_is_paused_and_resumed_and_stretches_are_left_out() {
    let person = Person::new();
    assert_snapshot!(
        person.says(&["steps", "pause", "--at", "2026-04-01T08:00:00+09:00"]),
        @"Counting is paused from 2026-04-01 08:00 on. Count again with: ayumi steps resume"
    );
    assert_snapshot!(
        person.says(&["steps", "resume", "--at", "2026-04-01T00:00:00Z"]),
        @"Counting goes on from 2026-04-01 09:00."
    );
    let said = person.says(&[
        "steps",
        "exclude",
        "2026-04-02T08:00:00+09:00",
        "2026-04-02T09:00:00+09:00",
        "--reason",
        "bus",
    ]);
    assert_snapshot!(said, @"Steps from 2026-04-02 08:00 to 2026-04-02 09:00 do not count.");
    let state = person.state();
    assert!(state.contains("1774998000000"), "{state}");
    assert!(state.contains("bus"), "{state}");
    assert_snapshot!(
        person.says(&["steps", "priority"]),
        @"No order of sources was chosen: the first by name counts."
    );
    let said = person.says(&["steps", "priority", "watch", "phone"]);
    assert_snapshot!(said, @r"
    Of the same time the first of these sources counts:
    1. watch
    2. phone
    ");
    assert_eq!(person.says(&["steps", "priority"]), said);
}
