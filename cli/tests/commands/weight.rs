//! Weighing in, and what surprises.

use insta::assert_snapshot;

use super::{Person, with_weights};

#[test]
fn a_weigh_in_is_recorded_listed_edited_deleted_and_all_is_taken_back() {
    let person = Person::new();
    let said = person.says(&["weight", "add", "63.5", "--waist", "84.5"]);
    assert_snapshot!(Person::without_ids(&said), @"Recorded as #the-id# 2026-04-10 63.5 kg.");
    let listed = person.says(&["weight", "list"]);
    assert_snapshot!(Person::without_ids(&listed), @"#the-id#  2026-04-10             63.5 kg       63.5 kg   84.5 cm");
    let id = listed.split_whitespace().next().unwrap().to_owned();

    assert_snapshot!(Person::without_ids(&person.says(&["weight", "edit", &id, "--weight", "63.4"])), @"Changed #the-id# 2026-04-10 63.4 kg.");
    assert_snapshot!(Person::without_ids(&person.says(&["weight", "delete", &id])), @"Deleted #the-id#. Take it back with: ayumi weight undo");
    assert_snapshot!(person.says(&["weight"]), @"no weigh-in yet");
    for _ in 0..3 {
        person.says(&["weight", "undo"]);
    }
    assert_snapshot!(person.says(&["weight", "undo"]), @"There is nothing to take back.");
}

#[test]
fn a_surprising_weight_is_kept_and_asked_about() {
    let person = Person::new();
    with_weights(&person);
    let said = person.says(&["weight", "add", "139.5"]);
    assert_snapshot!(Person::without_ids(&said), @r"
    Recorded as #the-id# 2026-04-10 139.5 kg.
    Is 139.5 kg right? It looks like pounds entered as kilograms.
    It is kept. If it is wrong: ayumi weight undo
    ");
    assert!(person.says(&["weight"]).contains("139.5 kg"));
}

#[test]
fn an_edit_that_changes_nothing_says_so_and_offers_no_undo() {
    let person = Person::new();
    with_weights(&person);
    person.says(&["weight", "add", "139.5"]);
    let listed = person.says(&["weight", "list", "--newest", "1"]);
    let id = listed.split_whitespace().next().unwrap();
    let said = person.says(&["weight", "edit", id, "--weight", "139.5"]);
    assert_snapshot!(Person::without_ids(&said), @"Nothing changed: #the-id# 2026-04-10 139.5 kg");
}

#[test]
fn a_weigh_in_dated_decades_ahead_does_not_blind_the_home_screen() {
    let person = Person::new();
    with_weights(&person);
    person.says(&["goal", "weight", "62.5"]);
    let before = person.says(&["home"]);
    person.says(&["weight", "add", "63", "--date", "2062-04-10"]);
    assert_eq!(person.says(&["home"]), before);
    assert!(
        person
            .says(&["weight", "list", "--newest", "1"])
            .contains("2062-04-10")
    );
}

#[test]
fn what_is_no_weight_is_refused_with_its_reason() {
    let person = Person::new();
    with_weights(&person);
    for (arguments, reason) in [
        (&["weight", "add", "heavy"][..], "not a number"),
        (&["weight", "add", "1.9"], "2 and 500 kg"),
        (&["weight", "add", "630"], "decimal point"),
        (&["weight", "add", "63.5", "--unit", "oz"], "oz"),
        (&["weight", "add", "63.5", "--date", "2026-02-30"], "--date"),
        (&["weight", "add", "63.5", "--date", "1999-12-31"], "2000 to 2099"),
        (&["weight", "add", "63.5", "--at", "2026-04-01T07:00:00"], "--at"),
        (
            &["weight", "add", "63.5", "--at", "2026-03-31T23:59:60Z"],
            "seconds go from 00 to 59",
        ),
        (&["weight", "add", "63.5", "--waist", "845"], "10 to 300 cm"),
        (&["weight", "add"], "WEIGHT"),
        (&["weight", "edit", "ffffffff", "--weight", "60"], "ffffffff"),
        (&["weight", "edit", "ffffffff"], "--weight"),
        (&["weight", "delete", "../x"], "../x"),
        (&["weight", "checkup", "900"], "2 and 500 kg"),
        (&["goal", "weight", "1"], "2 and 500 kg"),
        (&["goal", "steps", "0"], "between 1 and 1,000,000"),
        (&["goal", "steps", "many"], "whole number"),
        (&["settings", "unit", "pood"], "pood"),
        (&["settings", "trend-days", "0"], "0.1 to 1000"),
        (&["settings", "day-start", "24:00"], "HH:MM"),
        (&["steps", "--days", "0"], "1..=3660"),
        (&["steps", "adjust", "2026-04-01", "-1"], "-1"),
        (
            &["steps", "adjust", "2026-04-01", "1000001"],
            "nothing was changed: the steps are not 0 to 1,000,000",
        ),
        (&["steps", "adjust", "1999-12-31", "5"], "years 2000 to 2099"),
        (&["steps", "adjust", "2100-01-01", "none"], "years 2000 to 2099"),
        (
            &["steps", "exclude", "2026-04-01T08:00:00Z", "2026-04-01T07:00:00Z"],
            "nothing was changed: the end is not after the start",
        ),
        (
            &["steps", "pause", "--at", "1970-01-01T00:00:00Z"],
            "nothing was changed: the time is not in the years 2000 to 2099",
        ),
        (
            &["steps", "resume"],
            "nothing was changed: counting is not paused",
        ),
        (&["steps", "priority", ""], "not empty"),
        (&["steps", "priority", "watch", "watch"], "named twice"),
        (&["steps", "priority", &"a".repeat(201)], "at most 200 characters"),
        (&["steps", "pause", "--at", "yesterday"], "--at"),
        (&["chart", "steps", "--out", "a.gif"], "a.gif"),
        (&["chart", "steps", "--out", "missing/a.svg"], "missing/a.svg"),
        (&["chart", "sleep", "--out", "a.svg"], "sleep"),
        (
            &["chart", "steps", "--out", "a.svg", "--width", "10"],
            "240..=4000",
        ),
        (&["home", "--zone", "Asia/Kyoto"], "Asia/Kyoto"),
        (&["home", "--today", "tomorrow"], "tomorrow"),
        (&["dance"], "dance"),
    ] {
        let (status, said) = person.failure(arguments);
        assert!(said.contains(reason), "{arguments:?} said: {said}");
        assert_eq!(
            status,
            Some(2),
            "{arguments:?} can be corrected at the command line"
        );
    }
}

#[test]
fn a_moment_is_kept_to_the_digit_with_the_offset_that_was_typed() {
    let person = Person::new();
    for moment in ["2026-04-01T07:00:00.123456789+09:00", "2026-04-02T07:00:00+02:00"] {
        person.says(&["weight", "add", "63.5", "--at", moment]);
        assert!(person.state().contains(moment), "{moment}");
        assert!(
            person.says(&["weight", "list", "--json"]).contains(moment),
            "{moment}"
        );
    }
}
