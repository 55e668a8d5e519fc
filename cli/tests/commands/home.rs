//! The home screen.

use insta::assert_snapshot;

use super::{Person, with_weights};

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
