//! Every command of the built program, with good and bad input, in a folder of its own.

#![allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use std::fmt::Write as _;
use std::process::{Command, Output, Stdio};

use insta::assert_snapshot;

/// Where the repository keeps the measurements of the demonstration.
const MEASUREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data");

/// A person at a terminal: her data, her files, a fixed date, zone and language.
struct Person {
    folder: tempfile::TempDir,
    language: &'static str,
}

impl Person {
    fn new() -> Self {
        Self::speaking("en")
    }

    fn speaking(language: &'static str) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            language,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ayumi"));
        command
            .current_dir(self.folder.path())
            .env_remove("AYUMI_FOLDER")
            .env_remove("AYUMI_ZONE")
            .env_remove("AYUMI_SERVER")
            .env_remove("AYUMI_PASSWORD")
            .args([
                "--folder",
                "data",
                "--zone",
                "Asia/Tokyo",
                "--today",
                "2026-04-10",
            ])
            .args(["--language", self.language])
            .args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Standard output of a command that succeeds.
    fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?} failed: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Standard error of a command that fails, prints nothing else, and changes nothing.
    fn fails(&self, arguments: &[&str]) -> String {
        self.failure(arguments).1
    }

    /// The exit status and standard error of such a command.
    fn failure(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let before = self.state();
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?} succeeded");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "",
            "{arguments:?} printed"
        );
        assert_eq!(before, self.state(), "{arguments:?} changed something");
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    /// Everything that was entered, as the program itself exports it, and the names of the files beside it.
    fn state(&self) -> String {
        let export = tempfile::tempdir().unwrap();
        let folder = export.path().to_str().unwrap();
        self.says(&["export", folder, "--form", "csv"]);
        let mut state = String::new();
        for entry in [
            "weigh-ins",
            "step-days",
            "step-corrections",
            "step-pauses",
            "step-exclusions",
            "settings",
        ] {
            let table = std::fs::read_to_string(export.path().join(format!("{entry}.csv"))).unwrap();
            let _ = writeln!(state, "{entry}\n{table}");
        }
        let mut names: Vec<String> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        state + &names.join("\n")
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.folder.path().join(name), content).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(name)).unwrap()
    }

    /// A text with the random ids of weigh-ins made equal.
    fn without_ids(text: &str) -> String {
        let mut result = text.to_owned();
        for word in text.split(|character: char| !character.is_ascii_alphanumeric()) {
            let is_id = word.len() == 8
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
            if is_id && result.contains(word) {
                result = result.replace(word, "#the-id#");
            }
        }
        result
    }
}

/// Two weeks of weigh-ins, one a day, with a slow loss.
fn with_weights(person: &Person) {
    let mut table = "at,weight_kg\n".to_owned();
    for day in 1..=10 {
        let _ = writeln!(
            table,
            "2026-04-{day:02}T07:00:00+09:00,{}",
            64.0 - f64::from(day) / 10.0
        );
    }
    person.write("weights.csv", table);
    person.says(&["import", "weights.csv"]);
}

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

#[test]
fn home_answers_in_both_languages() {
    let english = Person::new();
    let japanese = Person::speaking("ja");
    for person in [&english, &japanese] {
        with_weights(person);
        person.says(&["goal", "steps", "8000"]);
        person.says(&["goal", "weight", "62.5"]);
        person.says(&["weight", "checkup", "66", "--waist", "90"]);
        person.says(&["steps", "adjust", "2026-04-09", "8100"]);
        person.says(&["steps", "adjust", "2026-04-10", "5000"]);
    }
    assert_snapshot!(english.says(&["home"]), @r"
    Fri 10 Apr 2026

    Steps today                 5,000 of 8,000 steps, 3,000 steps to go
    Last 7 days                 8,100 steps a day on average without today, 2 of 7 days measured
    Streak                      1 day since 9 Apr 2026
    Weight trend                63.6 kg (weighed 63 kg on 10 Apr 2026)
    Change                      -0.28 kg a week, more than chance
    Weight goal                 62.5 kg, expected on 7 May 2026
    Main goal (2 kg and 2 cm)   weight reached, waist unknown
    or 2.4 % of the weight      weight reached, waist unknown
    Minor goal (1 kg and 1 cm)  weight reached, waist unknown
    ");
    assert_snapshot!(japanese.says(&["home"]), @r"
    2026年4月10日(金)

    今日の歩数            5,000歩（目標8,000歩）、あと3,000歩
    直近7日間             今日を除く1日平均8,100歩（7日のうち2日を計測）
    連続達成              1日（2026年4月9日から）
    体重の傾向            63.6 kg（2026年4月10日の計測値 63 kg）
    変化                  週あたり-0.28 kg（偶然とはいえない変化）
    体重の目標            62.5 kg（2026年5月7日ごろの見込み）
    主目標（2 kg・2 cm）  体重達成、腹囲不明
    または体重の2.4 %     体重達成、腹囲不明
    準目標（1 kg・1 cm）  体重達成、腹囲不明
    ");
}

#[test]
fn an_empty_app_says_that_nothing_is_known() {
    assert_snapshot!(Person::new().says(&["home"]), @r"
    Fri 10 Apr 2026

    Steps today   no data
    Last 7 days   Nothing was measured in these 7 days.
    Weight trend  no weigh-in yet
    ");
    assert_snapshot!(Person::speaking("ja").says(&["weight"]), @"計測がまだありません");
    assert_snapshot!(Person::new().says(&["goal"]), @r"
    Step goal    none set
    Weight goal  none set
    ");
    assert_snapshot!(Person::new().says(&["settings"]), @r"
    Unit of weights             kg
    Time constant of the trend  9.4912216 days
    Day starts at               00:00
    ");
}

#[test]
fn json_holds_null_for_what_is_unknown() {
    let person = Person::new();
    let home: serde_json::Value = serde_json::from_str(&person.says(&["home", "--json"])).unwrap();
    assert_eq!(home["steps"], serde_json::Value::Null);
    assert_eq!(home["goal_reason"], "no_goal");
    with_weights(&person);
    let listed: serde_json::Value =
        serde_json::from_str(&person.says(&["weight", "list", "--json"])).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 10);
    assert_eq!(listed[0]["typed"], "63.9");
    let days: serde_json::Value = serde_json::from_str(&person.says(&["steps", "--json"])).unwrap();
    assert_eq!(days[0]["steps"], serde_json::Value::Null);
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
fn the_demonstration_writes_every_chart_and_one_page_that_needs_nothing_else() {
    let person = Person::speaking("ja");
    let said = person.says(&["demo", "--out", "out", "--measurements", MEASUREMENTS]);
    // How often a phone tries without a network is up to the computer.
    let (before, after) = said.split_once("（その間の試行").unwrap();
    let (tries, after) = after.split_once("回）").unwrap();
    assert!(tries.parse::<u32>().unwrap() > 0);
    let said = format!("{before}{after}");
    assert_snapshot!(said, @r"
    Ayumi：実際の計測による歩数と体重

    歩数12,847件と体重184件を読み込みました。

    ある人の歩数 2016年4月13日〜5月12日

    2016年5月12日のホーム画面
    今日の歩数  9,995歩（目標8,000歩）、目標達成
    直近7日間   今日を除く1日平均7,588歩（7日のうち7日を計測）
    連続達成    2日（2016年5月11日から）

    最後の1週間
    2016-05-06 金      3,755  █████████▊
    2016-05-07 土      8,237  █████████████████████▌ ✓
    2016-05-08 日      6,543  █████████████████▏
    2016-05-09 月     11,451  ██████████████████████████████ ✓
    2016-05-10 火      6,435  ████████████████▊
    2016-05-11 水      9,108  ███████████████████████▊ ✓
    2016-05-12 木      9,995  ██████████████████████████▏ ✓

    別の人の体重 2011年3月23日〜11月3日

    2011年11月3日のホーム画面
    体重の傾向  89.0 kg（2011年11月3日の計測値 88.6 kg）
    変化        週あたり-0.41 kg（偶然とはいえない変化）
    体重の目標  88 kg（2011年11月21日ごろの見込み）

    最近の計測と傾向
    2011-10-28 金     89.5 kg     89.3 kg
    2011-10-29 土     88.5 kg     89.2 kg
    2011-10-30 日     88.7 kg     89.2 kg
    2011-10-31 月     88.5 kg     89.1 kg
    2011-11-01 火     89.0 kg     89.1 kg
    2011-11-02 水     88.9 kg     89.1 kg
    2011-11-03 木     88.6 kg     89.0 kg

    2台の端末とサーバー：登場人物は架空、計測データは実際のものです

    サーバー      このプログラムの中で、空のSQLiteから起動。組合・管理栄養士・招待を作成
    参加者        招待コードで登録し、同意書に同意
    参加者        計測データを送信（216件）
    管理栄養士    パスワードとワンタイムコードでサインイン（担当1人）
    管理栄養士    もう1台にも計測データが到着（歩数30日、最新の体重88.6 kg）
    参加者        昼食の絵を付けて送信（52 kB）
    管理栄養士    1通を受信して既読に。絵も到着
    管理栄養士    返信
    参加者        返信を受信。自分のメッセージの表示は「既読」
    ネットワーク  参加者の端末から切断（端末の前の中継がすべての接続を切る）
    参加者        別プロセスの端末（ayumi chat --watch）で3通を書く。表示はすべて「送信待ち」
    参加者        端末を強制終了（プロセスを即座に停止し、後始末なし）
    参加者        端末を再び開く：3通が残り、表示は「送信待ち」
    参加者        端末の表示：サーバーに接続できません。書いたものはここで待ちます。
    ネットワーク  復旧
    参加者        3通を送信、送信待ち0通
    管理栄養士    3通をまとめて受信して返信
    参加者        返信を受信し、もう1通送信
    管理栄養士    すべて既読に（未読0）
    参加者        引き継ぎコードで空の新しい端末へ。最初の記録から読み直し、7通と歩数30日を取得

    メッセージ：書いた数 7、サーバー上 7、消失 0、重複 0、順序違い 0
    2台のやり取りは、IDと番号まで同じです。
    2台の図は同じです。

    歩数と体重は別々の人の、異なる年の記録です。それぞれの図は、その記録の最後の日で終わります。
    表示の目標は例です（1日8,000歩、88 kg）。

    計測データの出典
    Steps: R. Furberg, J. Brinton, M. Keating, A. Ortiz: Crowd-sourced Fitbit datasets 03.12.2016-05.12.2016, Zenodo, record 53894 (doi 10.5281/zenodo.53894), CC BY 4.0 (creativecommons.org/licenses/by/4.0); re-published on Kaggle as arashnic/fitbit (FitBit Fitness Tracker Data, Mobius), CC0 1.0.
    Weight: demonstration data of TrendWeight, github.com/trendweight/trendweight, copyright (c) 2020 Erv Walter, MIT licence.

    図とページ：out/index.html
    ");
    let page = String::from_utf8(person.read("out/index.html")).unwrap();
    assert_eq!(
        page.matches("src=").count(),
        page.matches("src=\"data:image/jpeg;base64,").count()
    );
    for foreign in ["<script", "<link", "@import", "url(", MEASUREMENTS] {
        assert!(!page.contains(foreign), "the page has {foreign}");
    }
    for due in [
        "lang=\"ja\"",
        "prefers-color-scheme",
        "zenodo.53894",
        "Erv Walter",
        "<title>",
        "<desc>",
        "scope=\"row\"",
    ] {
        assert!(page.contains(due), "the page lacks {due}");
    }
    for subject in ["steps", "weight"] {
        for range in ["day", "week", "month", "quarter", "year", "all"] {
            for ending in ["svg", "png"] {
                assert!(!person.read(&format!("out/{subject}-{range}.{ending}")).is_empty());
            }
        }
    }
    assert!(
        !person.folder.path().join("data").exists(),
        "the person's own data are left alone"
    );
}

#[test]
fn a_demonstration_without_measurements_names_the_file_that_is_missing() {
    let person = Person::new();
    let said = person.fails(&["demo", "--out", "out", "--measurements", "nowhere"]);
    assert!(said.starts_with("nowhere/"), "{said}");
    assert!(!person.folder.path().join("out").exists());
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

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let person = Person::new();
    let mut child = person
        .command(&["steps", "--days", "3660"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_files_are_closed_in_an_orderly_way_also_after_a_failure() {
    let person = Person::new();
    person.says(&["home"]);
    assert!(!person.folder.path().join("data/dirty").exists());
    person.fails(&["weight", "add", "heavy"]);
    assert!(!person.folder.path().join("data/dirty").exists());
}

#[test]
fn a_folder_that_cannot_be_used_is_named_with_the_reason() {
    let person = Person::new();
    person.write("data", "a file stands where the folder should be");
    let output = person.run(&["home"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        said.starts_with("data: failed to use the data folder: "),
        "{said}"
    );
}

#[test]
fn a_damaged_database_is_saved_and_the_person_is_told() {
    let person = Person::new();
    with_weights(&person);
    let database = person.folder.path().join("data/user/user.db");
    let mut bytes = std::fs::read(&database).unwrap();
    bytes[..16].fill(b'x');
    std::fs::write(&database, bytes).unwrap();
    let output = person.run(&["weight"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.starts_with("The database was damaged."), "{said}");
}

#[test]
fn what_needs_a_session_says_how_to_get_one_and_changes_nothing() {
    let person = Person::new();
    for (arguments, hint) in [
        (&["chat"][..], "ayumi enrol"),
        (&["chat", "send", "hello"], "ayumi enrol"),
        (&["chat", "--watch"], "ayumi enrol"),
        (&["consent", "--agree"], "ayumi enrol"),
        (&["sync"], "--server URL"),
        (&["transfer-code"], "--server URL"),
        (&["sign-out"], "Nobody is signed in"),
        (&["enrol", "CODE", "--birth-date", "1975-04-01"], "--server URL"),
        (&["staff", "chat", "somebody"], "ayumi staff sign-in"),
        (&["staff", "cases", "--offline"], "ayumi staff sign-in"),
        (
            &["staff", "note", "somebody", "add", "text", "--offline"],
            "ayumi staff sign-in",
        ),
    ] {
        let (status, said) = person.failure(arguments);
        assert_eq!(
            (status, said.contains(hint)),
            (Some(2), true),
            "{arguments:?}: {said}"
        );
    }
}

#[test]
fn an_address_without_encryption_is_refused_and_not_kept() {
    let person = Person::new();
    let enrol = [
        "enrol",
        "CODE",
        "--birth-date",
        "1975-04-01",
        "--server",
        "http://ayumi.example",
    ];
    assert!(person.fails(&enrol).contains("https://"));
    assert!(!person.folder.path().join("data/server.json").exists());
}

#[test]
fn a_password_is_asked_for_and_never_taken_from_the_command_line() {
    let person = Person::new();
    let sign_in = ["staff", "sign-in", "sato", "--server", "http://127.0.0.1:9"];
    let output = person.command(&sign_in).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("AYUMI_PASSWORD"), "{said}");
    let help = person.says(&["staff", "sign-in", "--help"]);
    assert!(!help.contains("--password"), "{help}");
}

#[test]
fn every_command_has_help() {
    let person = Person::new();
    for command in [
        "home",
        "steps",
        "weight",
        "goal",
        "chart",
        "settings",
        "enrol",
        "consent",
        "chat",
        "sync",
        "transfer-code",
        "sign-out",
        "staff",
        "import",
        "export",
        "demo",
        "replay",
    ] {
        assert!(
            person.says(&[command, "--help"]).contains("Usage: ayumi"),
            "{command}"
        );
    }
}
