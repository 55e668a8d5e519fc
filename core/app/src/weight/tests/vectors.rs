//! The vectors of weight.md section 11 that a person's own way takes: typed or imported, stored, read back.

use super::*;

/// The TrendWeight person, pounds fed as kilogram numbers.
fn trendweight() -> Vec<NewWeighIn> {
    let rows = data("trendweight/readings.csv");
    rows.lines()
        .skip(1)
        .map(|row| {
            let fields: Vec<&str> = row.split(',').collect();
            kilograms(on(fields[0]), fields[1])
        })
        .collect()
}

#[test]
fn f4o_half_a_year_of_real_weigh_ins_typed_one_by_one_ends_where_the_vector_says() {
    let phone = Phone::new();
    for weigh_in in trendweight() {
        phone.weight().record(&weigh_in).unwrap();
    }
    let days = phone.days();
    assert_eq!(days.len(), 184);
    for (index, expected) in [
        (0, 219.3),
        (1, 219.18),
        (2, 219.032),
        (3, 218.9688),
        (4, 218.841_92),
        (50, 209.596_906),
        (100, 205.140_968),
        (150, 201.085_348),
        (183, 196.252_617),
    ] {
        assert_near(days[index].trend_kg, expected, 1e-6);
    }
    phone
        .weight()
        .set_goal(Some(&typed("195", MassUnit::Kilogram)))
        .unwrap();
    let last = phone.weight().span().unwrap().unwrap().1;
    let summary = phone.weight().summary(last).unwrap();
    let slope = summary.slope.unwrap();
    assert_eq!(slope.reading_days, 26);
    assert_near(slope.kg_per_day, -0.128_813_533, 1e-9);
    assert!(slope.is_real_change());
    assert_eq!(summary.goal_status.reason, GoalReason::Ok);
    assert_eq!(summary.goal_status.date, Some(date("2011-11-13")));
}

#[test]
fn f5_a_week_as_time_constant_derives_the_same_person_again_and_back() {
    let phone = Phone::new();
    phone.import(&trendweight()).unwrap();
    phone
        .weight()
        .set_goal(Some(&typed("195", MassUnit::Kilogram)))
        .unwrap();
    let before = phone.derived();
    phone.weight().set_tau(Tau::ONE_WEEK).unwrap();
    let days = phone.days();
    for (index, expected) in [
        (0, 219.3),
        (1, 219.140_253),
        (4, 218.719_018),
        (50, 209.547_808_508_1),
        (100, 204.836_342_055_6),
        (183, 196.012_945_402_0),
    ] {
        assert_near(days[index].trend_kg, expected, 1e-6);
    }
    let summary = phone.weight().summary(days[183].date).unwrap();
    assert_eq!(summary.goal_status.date, Some(date("2011-11-12")));
    phone.weight().set_tau(Tau::DEFAULT).unwrap();
    assert_eq!(phone.derived(), before);
}

#[test]
fn f12_a_slip_is_asked_about_before_and_after_it_is_stored() {
    let phone = Phone::new();
    phone.add(at(1, 7, 0), "80");
    for (typed, question) in [
        ("176.4", Some(PlausibilityQuestion::PoundsAsKilograms)),
        ("36.3", Some(PlausibilityQuestion::KilogramsAsPounds)),
        ("8.0", Some(PlausibilityQuestion::DecimalPoint)),
        ("83.4", Some(PlausibilityQuestion::UnusualChange)),
        ("82.9", None),
    ] {
        let weigh_in = kilograms(at(2, 7, 0), typed);
        assert_eq!(phone.weight().question(&weigh_in).unwrap(), question, "{typed}");
        assert_eq!(phone.list().len(), 1, "asking stores nothing");
        let recorded = phone.weight().record(&weigh_in).unwrap();
        assert_eq!(recorded.question, question, "{typed}");
        assert_eq!(phone.list().len(), 2, "the reading is kept whatever the answer");
        phone.weight().undo().unwrap();
    }
    let later = kilograms(on("2026-05-31"), "83.4");
    assert_eq!(
        phone.weight().question(&later).unwrap(),
        Some(PlausibilityQuestion::FutureDate)
    );
}

#[test]
fn f12_after_a_long_pause_the_same_change_is_not_asked_about() {
    let phone = Phone::new();
    phone.add(on("2026-02-14"), "80");
    assert_eq!(phone.add(on("2026-04-15"), "83.4").question, None);
}

#[test]
fn f12_a_weight_out_of_range_is_refused_with_what_was_probably_meant() {
    let phone = Phone::new();
    let refused = |when, typed| match phone.weight().record(&kilograms(when, typed)) {
        Err(WeightError::OutOfRange { question }) => question,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(at(1, 7, 0), "660"), None, "nothing to compare with");
    phone.add(at(1, 7, 0), "66");
    assert_eq!(
        refused(at(2, 7, 0), "660"),
        Some(PlausibilityQuestion::DecimalPoint)
    );
    assert_eq!(phone.list().len(), 1);
}

#[test]
fn f13_the_first_timed_reading_is_the_day_value_and_a_date_alone_keeps_no_time() {
    let mut phone = Phone::new();
    phone.add(on("2026-04-01"), "69");
    assert_eq!(phone.days()[0].weight.ten_grams(), 6900);
    phone.add(at(1, 20, 0), "71");
    phone.add(on("2026-04-01"), "68");
    assert_eq!(phone.days()[0].weight.ten_grams(), 7100);
    phone.add(at(1, 7, 0), "70");
    phone.restart();
    let days = phone.days();
    assert_eq!((days[0].weight.ten_grams(), days[0].readings), (7000, 4));
    let weigh_ins = phone.weight().weigh_ins(ALWAYS).unwrap();
    let order: Vec<&str> = weigh_ins.iter().map(|weigh_in| weigh_in.typed.as_str()).collect();
    assert_eq!(order, ["70", "71", "69", "68"]);
    assert_eq!(weigh_ins[0].when, at(1, 7, 0));
    assert_eq!(weigh_ins[2].when, on("2026-04-01"));
}

#[test]
fn f15_a_month_of_a_fitbit_person_ends_at_the_vector() {
    let phone = Phone::new();
    let log = data("fitabase/weightLogInfo_merged.csv");
    let weigh_ins: Vec<NewWeighIn> = log
        .lines()
        .filter(|row| row.starts_with("6962181067,"))
        .map(|row| {
            let fields: Vec<&str> = row.split(',').collect();
            let date: Vec<&str> = fields[1].split([' ', '/']).collect();
            imported(
                on(&format!("{}-{:0>2}-{:0>2}", date[2], date[0], date[1])),
                fields[2],
            )
        })
        .collect();
    assert_eq!(phone.import(&weigh_ins).unwrap(), 30);
    let days = phone.days();
    assert_eq!(days[29].weight.ten_grams(), 6190);
    assert_near(days[29].trend_kg, 61.626_163, 1e-6);
    let summary = phone.weight().summary(days[29].date).unwrap();
    assert_near(summary.slope.unwrap().kg_per_week(), -0.2012, 5e-5);
    let typed = summary.latest_weigh_in.unwrap().typed;
    assert_eq!(typed, "61.9000015258789", "the digits stay as they came");
}
