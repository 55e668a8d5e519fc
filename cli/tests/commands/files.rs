//! Files that come in and go out: imports, replays, charts, exports.

use std::process::Command;

use insta::assert_snapshot;

use super::{Person, with_weights};

#[test]
fn a_file_that_cannot_be_imported_is_named_with_line_and_reason_and_leaves_nothing() {
    let person = Person::new();
    person.write("bad.csv", "at,weight_kg\n2026-04-01,63.5\n2026-04-02,63.5 kg\n");
    person.write("empty.csv", "");
    person.write("strange.csv", "when;how much\n1;2\n");
    person.write("photo.jpg", [0xff, 0xd8, 0xff, 0xe0, 0, 0]);
    person.write(
        "cut.xml",
        "<?xml version=\"1.0\"?><!DOCTYPE HealthData []><HealthData>",
    );
    person.write(
        "two.csv",
        "Id,ActivityHour,Steps00\n1,4/1/2026 8:00:00 AM,5\n2,4/1/2026 8:00:00 AM,5\n",
    );
    person.write(
        "scale.csv",
        "Date,Time,Weight,Body Fat %\n2026-04-01,07:05:00,63.5,31\n",
    );
    person.write("good.csv", "at,weight_kg\n2026-04-01,63.5\n");
    for (content_or_choice, file, reason) in [
        (2, "missing.csv", "missing.csv"),
        (1, "bad.csv", "bad.csv:3: "),
        (2, "empty.csv", "empty.csv"),
        (2, "strange.csv", "--date-column"),
        (2, "photo.jpg", "no known format"),
        (1, "cut.xml", "cut.xml"),
        (2, "two.csv", "1, 2"),
        (2, "scale.csv", "--unit"),
        (2, ".", "."),
    ] {
        let (status, said) = person.failure(&["import", file]);
        assert!(said.contains(reason), "{file} said: {said}");
        assert_eq!(status, Some(content_or_choice), "{file} said: {said}");
    }
    let columns = ["--date-column", "when", "--weight-column", "mass"];
    for (arguments, reason) in [
        (&["strange.csv"][..], "no column mass; there are: when, how much"),
        (
            &["good.csv", "--format", "weight-csv"],
            "--date-column decides nothing",
        ),
    ] {
        let (status, said) = person.failure(&[&["import"], arguments, &columns].concat());
        assert!(said.contains(reason), "{said}");
        assert_eq!(status, Some(2), "{said}");
    }
    for (arguments, reason) in [
        (&["two.csv", "--person", "3"], "1, 2"),
        (&["good.csv", "--person", "3"], "--person decides nothing"),
        (&["good.csv", "--unit", "lb"], "--unit decides nothing"),
        (&["good.csv", "--file-zone", "UTC"], "--file-zone decides nothing"),
    ] {
        let (status, said) = person.failure(&[&["import"], &arguments[..]].concat());
        assert!(said.contains(reason), "{said}");
        assert_eq!(status, Some(2), "{said}");
    }
}

#[test]
fn the_zone_of_a_file_is_not_where_the_person_is() {
    let person = Person::new();
    person.write(
        "scale.csv",
        "Date,Time,Weight_kg,Body Fat %\n2026-04-01,23:30:00,63.5,31\n",
    );
    person.says(&["import", "scale.csv", "--file-zone", "America/New_York"]);
    assert!(person.state().contains("2026-04-01T23:30:00-04:00"));
    person.says(&["export", "out", "--form", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&person.read("out/ayumi.json")).unwrap();
    assert_eq!(json["zone"], "Asia/Tokyo");
    // The same instant from another app, read in another zone.
    person.write(
        "libra.csv",
        "#Version: 6\n#Units: kg\n2026-04-02T03:30:00.000Z;63.5;;\n",
    );
    let said = person.says(&["import", "libra.csv"]);
    assert!(said.contains("0 new weigh-ins"), "{said}");
}

#[test]
fn the_same_file_twice_changes_nothing() {
    let person = Person::new();
    with_weights(&person);
    let before = person.state();
    assert_snapshot!(person.says(&["import", "weights.csv"]), @"All 10 records were imported before; nothing changed.");
    assert_eq!(before, person.state());
}

#[test]
fn a_table_of_unknown_origin_is_read_by_the_columns_named() {
    let person = Person::new();
    person.write(
        "table.csv",
        "Tag;Gewicht;Bauch\n1.4.2026;63.5;84\n2.4.2026;63.4;\n",
    );
    let said = person.says(&[
        "import",
        "table.csv",
        "--date-column",
        "Tag",
        "--weight-column",
        "Gewicht",
        "--waist-column",
        "Bauch",
        "--date-order",
        "dmy",
    ]);
    assert_snapshot!(said, @"Imported 2 records: 0 new step records, 2 new weigh-ins.");
    assert!(person.says(&["weight"]).contains("84.0 cm"));
}

#[test]
fn charts_become_svg_and_png_files() {
    let person = Person::speaking("ja");
    with_weights(&person);
    for range in ["day", "week", "month", "quarter", "year", "all"] {
        for subject in ["steps", "weight"] {
            person.says(&[
                "chart", subject, "--range", range, "--out", "a.svg", "--theme", "dark",
            ]);
            let svg = String::from_utf8(person.read("a.svg")).unwrap();
            assert!(
                svg.starts_with("<svg ") && svg.contains("<title>"),
                "{subject} {range}"
            );
            person.says(&[
                "chart", subject, "--range", range, "--out", "a.png", "--scale", "1",
            ]);
            assert!(person.read("a.png").starts_with(b"\x89PNG"), "{subject} {range}");
        }
    }
    let concealed = [
        "chart",
        "weight",
        "--range",
        "week",
        "--out",
        "b.svg",
        "--conceal",
    ];
    person.says(&concealed);
    assert!(!String::from_utf8(person.read("b.svg")).unwrap().contains("63"));
}

#[test]
fn everything_entered_is_exported_in_both_forms() {
    let person = Person::new();
    person.says(&["weight", "add", "10 st 4", "--unit", "st", "--date", "2026-04-01"]);
    person.says(&["settings", "unit", "lb"]);
    assert_snapshot!(person.says(&["export", "out"]), @r"
    Wrote out/ayumi.json
    Wrote out/weigh-ins.csv
    Wrote out/step-days.csv
    Wrote out/step-corrections.csv
    Wrote out/step-pauses.csv
    Wrote out/step-exclusions.csv
    Wrote out/settings.csv
    ");
    let json: serde_json::Value = serde_json::from_slice(&person.read("out/ayumi.json")).unwrap();
    assert_eq!(json["weigh_ins"][0]["typed"], "10 st 4");
    assert_eq!(json["settings"]["weight_unit"], "lb");
    let table = String::from_utf8(person.read("out/weigh-ins.csv")).unwrap();
    assert!(table.contains(",2026-04-01,10 st 4,st,65.32,,typed"), "{table}");
}

#[test]
fn replay_names_the_line_that_is_wrong() {
    let person = Person::new();
    person.write("good.csv", "at,weight_kg\n2026-04-01,63.5\n");
    person.write("bad.csv", "at,weight_kg\n2026-04-01,.5\n");
    person.write("bad.jsonl", "{}\n");
    assert!(
        person
            .says(&["replay", "weight", "good.csv"])
            .contains("\"trend_kg\":63.5")
    );
    assert!(
        person
            .fails(&["replay", "weight", "bad.csv"])
            .starts_with("bad.csv:2: ")
    );
    assert!(
        person
            .fails(&["replay", "steps", "bad.jsonl"])
            .starts_with("bad.jsonl:1: ")
    );
    assert!(person.fails(&["replay", "steps", "missing"]).contains("missing"));
}

#[test]
fn a_replay_does_not_depend_on_the_zone_of_the_computer() {
    let person = Person::new();
    // 2026-03-31T15:30:00Z is 1 April in Tokyo, the default of a replay.
    person.write(
        "walk.jsonl",
        r#"{"type":"interval","source":"w","id":"a","start_ms":1774971000000,"end_ms":1774971060000,"steps":60,"modified_ms":1}"#,
    );
    let output = Command::new(env!("CARGO_BIN_EXE_ayumi"))
        .args(["replay", "steps", "walk.jsonl"])
        .current_dir(person.folder.path())
        .env("AYUMI_ZONE", "America/New_York")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(r#""date":"2026-04-01""#), "{said}");
    let elsewhere = Command::new(env!("CARGO_BIN_EXE_ayumi"))
        .args(["home", "--folder", "data"])
        .current_dir(person.folder.path())
        .env("AYUMI_ZONE", "Atlantis")
        .output()
        .unwrap();
    assert!(!elsewhere.status.success());
    assert!(String::from_utf8_lossy(&elsewhere.stderr).contains("AYUMI_ZONE"));
}
