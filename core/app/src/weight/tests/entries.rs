//! Adding, back-dating, editing and deleting; waist, goals and settings.

use super::*;

#[test]
fn what_was_typed_is_kept_to_the_letter_in_its_unit_over_a_restart() {
    let mut phone = Phone::new();
    for (day, text, unit, units) in [
        (1, "70.04", MassUnit::Kilogram, 7004),
        (2, "160", MassUnit::Pound, 7257),
        (3, "11 st 0.5", MassUnit::Stone, 7008),
    ] {
        let weigh_in = NewWeighIn {
            unit,
            ..kilograms(at(day, 7, 0), &format!(" {text} "))
        };
        phone.weight().record(&weigh_in).unwrap();
        phone.restart();
        let stored = phone.weight().newest(1).unwrap().remove(0);
        assert_eq!((stored.typed.as_str(), stored.unit), (text, unit));
        assert_eq!(stored.weight.ten_grams(), units);
        assert_eq!((stored.when, stored.source.as_str()), (at(day, 7, 0), "typed"));
    }
}

#[test]
fn a_back_dated_weigh_in_moves_the_trend_from_its_date_on() {
    let phone = Phone::new();
    phone.add(at(1, 7, 0), "70");
    phone.add(at(10, 7, 0), "69");
    let before = phone.days();
    phone.add(at(5, 7, 0), "72");
    let after = phone.days();
    assert_eq!((after.len(), after[0]), (3, before[0]));
    assert!(after[2].trend_kg > before[1].trend_kg);

    let in_order = Phone::new();
    for (day, typed) in [(1, "70"), (5, "72"), (10, "69")] {
        in_order.add(at(day, 7, 0), typed);
    }
    assert_eq!(in_order.days(), after);
}

#[test]
fn an_edit_moves_a_weigh_in_to_another_date_in_either_direction() {
    let phone = Phone::new();
    let id = phone.add(at(5, 7, 0), "70").id;
    phone.add(at(6, 7, 0), "71");
    for (day, first) in [(2, "70"), (9, "71")] {
        let edit = WeighInEdit {
            when: Some(at(day, 8, 0)),
            ..WeighInEdit::default()
        };
        assert_eq!(phone.weight().edit(id, &edit).unwrap().id, id);
        assert_eq!(phone.list()[0].1, first);
        assert_eq!(phone.days().len(), 2);
        let incremental = phone.derived();
        phone.weight().rebuild().unwrap();
        assert_eq!(phone.derived(), incremental);
    }
}

#[test]
fn an_edit_changes_what_it_names_and_nothing_else() {
    let phone = Phone::new();
    let weigh_in = with_waist(at(5, 7, 0), "70.0", 850);
    let id = phone.weight().record(&weigh_in).unwrap().id;
    let weight = phone.weight();
    let edit = WeighInEdit {
        weight: Some(typed("150", MassUnit::Pound)),
        ..WeighInEdit::default()
    };
    weight.edit(id, &edit).unwrap();
    let now = weight.weigh_in(id).unwrap();
    assert_eq!((now.typed.as_str(), now.unit), ("150", MassUnit::Pound));
    assert_eq!((now.when, now.waist), (weigh_in.when, weigh_in.waist));
    for (waist, expected) in [
        (WaistEdit::Keep, Some(850)),
        (WaistEdit::Remove, None),
        (WaistEdit::Set(Waist::from_millimetres(840).unwrap()), Some(840)),
    ] {
        let edit = WeighInEdit {
            waist,
            ..WeighInEdit::default()
        };
        weight.edit(id, &edit).unwrap();
        assert_eq!(
            weight.weigh_in(id).unwrap().waist.map(Waist::millimetres),
            expected
        );
    }
}

#[test]
fn an_edit_that_changes_nothing_says_so_and_is_no_step_of_undo() {
    let phone = Phone::new();
    let first = phone.add(at(1, 7, 0), "70").id;
    let second = phone.add(at(2, 7, 0), "71");
    assert!(second.is_changed);
    let edit_to = |text| WeighInEdit {
        weight: Some(typed(text, MassUnit::Kilogram)),
        ..WeighInEdit::default()
    };
    assert!(!phone.weight().edit(first, &edit_to("70")).unwrap().is_changed);
    assert!(phone.weight().edit(first, &edit_to("70.0")).unwrap().is_changed);
    phone.weight().undo().unwrap();
    assert_eq!(phone.list(), [(1, "70".to_owned()), (2, "71".to_owned())]);
}

#[test]
fn an_edited_weigh_in_is_not_compared_with_itself() {
    let phone = Phone::new();
    phone.add(at(1, 7, 0), "70");
    let id = phone.add(at(2, 7, 0), "170").id;
    let edit = WeighInEdit {
        when: Some(at(3, 7, 0)),
        weight: Some(typed("70.2", MassUnit::Kilogram)),
        ..WeighInEdit::default()
    };
    assert_eq!(phone.weight().edit(id, &edit).unwrap().question, None);
}

#[test]
fn an_edit_keeps_the_place_in_the_order_of_arrival() {
    let phone = Phone::new();
    let first = phone.add(on("2026-04-01"), "70").id;
    phone.add(on("2026-04-01"), "71");
    let edit = WeighInEdit {
        weight: Some(typed("69", MassUnit::Kilogram)),
        ..WeighInEdit::default()
    };
    phone.weight().edit(first, &edit).unwrap();
    assert_eq!(phone.days()[0].weight.ten_grams(), 6900);
}

#[test]
fn a_deleted_weigh_in_is_gone_and_cannot_be_changed_any_more() {
    let phone = Phone::new();
    let id = phone.add(at(1, 7, 0), "70").id;
    let weight = phone.weight();
    weight.delete(id).unwrap();
    assert_eq!(phone.list(), []);
    assert_eq!(phone.days(), []);
    assert_eq!(weight.span().unwrap(), None);
    assert!(matches!(weight.delete(id), Err(WeightError::NotFound)));
    assert!(matches!(weight.weigh_in(id), Err(WeightError::NotFound)));
    assert!(matches!(
        weight.edit(id, &WeighInEdit::default()),
        Err(WeightError::NotFound)
    ));
}

#[test]
fn what_is_no_weight_or_no_time_is_refused_and_nothing_is_stored() {
    let phone = Phone::new();
    let refused = |weigh_in: &NewWeighIn| phone.weight().record(weigh_in).unwrap_err();
    for text in ["", "seventy", "-70", "70,4", "7e1", "1".repeat(101).as_str()] {
        let error = refused(&kilograms(at(1, 7, 0), text));
        assert!(
            matches!(error, WeightError::Text(WeightTextError::Malformed)),
            "{text}"
        );
    }
    let timed = |at_ms, sub_ms_ns, offset_s| WeighInTime::Timed {
        at: UtcMillis(at_ms),
        sub_ms_ns,
        offset_s,
        zone: None,
    };
    for when in [
        on("1999-12-31"),
        on("2100-01-01"),
        timed(0, 0, 0),
        timed(i64::MAX, 0, 0),
        timed(i64::MIN, 0, -3600),
        timed(NOW.0, 1_000_000, 0),
        timed(NOW.0, 0, 86_400),
        timed(NOW.0, 0, i32::MIN),
        timed(UtcMillis::YEAR_2100.0, 0, 0),
    ] {
        assert!(
            matches!(refused(&kilograms(when, "70")), WeightError::TimeOutOfRange),
            "{when:?}"
        );
    }
    assert_eq!(phone.list(), []);
    // The first morning of the century in Tokyo, which is the evening before in UTC.
    phone.add(timed(UtcMillis::YEAR_2000.0 - 3_600_000, 0, 9 * 3600), "70");
    assert_eq!(phone.days()[0].date, date("2000-01-01"));
}

#[test]
fn a_date_more_than_a_day_ahead_is_a_question_and_is_stored() {
    let phone = Phone::new();
    assert_eq!(phone.add(on("2026-04-16"), "70").question, None);
    assert_eq!(phone.add(at(16, 9, 0), "70").question, None);
    assert_eq!(
        phone.add(at(16, 9, 1), "70").question,
        Some(PlausibilityQuestion::FutureDate)
    );
    assert_eq!(
        phone.add(on("2026-04-17"), "70").question,
        Some(PlausibilityQuestion::FutureDate)
    );
    assert_eq!(phone.list().len(), 4);
}

#[test]
fn two_weigh_ins_stay_two_when_the_random_source_repeats_itself() {
    #[derive(Debug)]
    struct Stuck;
    impl Random for Stuck {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0xff);
        }
    }
    let phone = Phone::with(Arc::new(Stuck));
    let ids: Vec<_> = (1..=3).map(|hour| phone.add(at(1, hour, 0), "70").id).collect();
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    assert_eq!(phone.list().len(), 3);
}

#[test]
fn a_weigh_in_is_found_by_either_end_of_its_id() {
    let phone = Phone::new();
    let first = phone.add(at(1, 7, 0), "70").id;
    let second = phone.add(at(2, 7, 0), "71").id;
    let found = |part: &str| -> Vec<WeighInId> {
        let weigh_ins = phone.weight().find(part).unwrap();
        weigh_ins.into_iter().map(|weigh_in| weigh_in.id).collect()
    };
    assert_eq!(found(&second.to_string()), [second]);
    assert_eq!(found(&second.short().to_uppercase()), [second]);
    assert_eq!(found("019"), [first, second]);
    for part in ["", "%", "_", "weigh-in", "0190"] {
        assert_eq!(found(part), [], "{part}");
    }
}

#[test]
fn the_newest_come_first_by_their_date_and_not_by_their_arrival() {
    let phone = Phone::new();
    phone.add(at(10, 7, 0), "70");
    phone.add(at(2, 7, 0), "72");
    phone.add(at(10, 6, 0), "71");
    let newest = phone.weight().newest(2).unwrap();
    let texts: Vec<&str> = newest.iter().map(|weigh_in| weigh_in.typed.as_str()).collect();
    assert_eq!(texts, ["70", "71"]);
    assert_eq!(
        phone.weight().span().unwrap(),
        Some((date("2026-04-02"), date("2026-04-10")))
    );
}

#[test]
fn the_day_start_moves_an_early_weigh_in_to_the_day_before_and_a_plain_date_not() {
    let phone = Phone::new();
    phone.add(at(2, 2, 30), "70");
    phone.add(on("2026-04-02"), "71");
    let before = phone.shown();
    phone
        .app()
        .set_day_start(crate::time::DayStart::parse("03:00").unwrap())
        .unwrap();
    assert_eq!(phone.list(), [(1, "70".to_owned()), (2, "71".to_owned())]);
    assert_eq!(phone.days().len(), 2);
    phone
        .app()
        .set_day_start(crate::time::DayStart::MIDNIGHT)
        .unwrap();
    assert_eq!(phone.shown(), before);
}

#[test]
fn the_programme_counts_from_the_checkup_to_the_latest_day_value_and_waist() {
    let phone = Phone::new();
    let weight = phone.weight();
    let programme = || weight.summary(date("2026-04-15")).unwrap().programme;
    assert_eq!(programme().main.remaining_weight_10g, None);
    let checkup = BodyMeasures {
        weight_10g: Some(8000),
        waist_mm: Some(900),
    };
    weight.set_checkup(checkup).unwrap();
    assert_eq!(weight.checkup().unwrap(), checkup);
    assert_eq!(programme().main.remaining_weight_10g, None);

    weight.record(&with_waist(at(1, 7, 0), "79.5", 885)).unwrap();
    phone.add(at(8, 7, 0), "78.0");
    phone.add(at(8, 20, 0), "79.0");
    let summary = weight.summary(date("2026-04-15")).unwrap();
    assert_eq!(summary.programme.main.remaining_weight_10g, Some(0));
    assert!(
        summary.latest.unwrap().trend_kg > 78.0,
        "the trend is not there yet"
    );
    assert_eq!(summary.programme.main.remaining_waist_mm, Some(5));
    assert_eq!(summary.programme.reached(), Some(ReachedGoal::Minor));
    let waist = summary.latest_waist.unwrap();
    assert_eq!((waist.date, waist.waist.millimetres()), (date("2026-04-01"), 885));
    assert_eq!(summary.latest_weigh_in.unwrap().typed, "79.0");

    for checkup in [
        BodyMeasures {
            weight_10g: Some(199),
            waist_mm: None,
        },
        BodyMeasures {
            weight_10g: Some(u32::MAX),
            waist_mm: None,
        },
        BodyMeasures {
            weight_10g: None,
            waist_mm: Some(99),
        },
    ] {
        assert!(matches!(
            weight.set_checkup(checkup),
            Err(WeightError::CheckupOutOfRange)
        ));
    }
    weight.set_checkup(BodyMeasures::default()).unwrap();
    assert_eq!(programme().minor.remaining_waist_mm, None);
}

#[test]
fn goal_unit_and_time_constant_are_kept_as_chosen_over_a_restart() {
    let mut phone = Phone::new();
    let weight = phone.weight();
    assert_eq!(weight.goal().unwrap(), None);
    assert_eq!(weight.display_unit().unwrap(), MassUnit::Kilogram);
    assert_eq!(weight.tau().unwrap(), Tau::DEFAULT);
    let goal = typed("10 st 4", MassUnit::Stone);
    weight.set_goal(Some(&goal)).unwrap();
    weight.set_display_unit(MassUnit::Stone).unwrap();
    weight.set_tau(Tau::from_days(0.1 + 0.2).unwrap()).unwrap();
    phone.restart();
    let weight = phone.weight();
    let kept = weight.goal().unwrap().unwrap();
    assert_eq!((kept.typed, kept.weight.ten_grams()), (goal, 6532));
    assert_eq!(weight.display_unit().unwrap(), MassUnit::Stone);
    assert_eq!(weight.tau().unwrap().days().to_bits(), (0.1_f64 + 0.2).to_bits());
    assert!(matches!(
        weight.set_goal(Some(&typed("1.9", MassUnit::Kilogram))),
        Err(WeightError::OutOfRange { question: None })
    ));
    assert!(matches!(
        weight.set_goal(Some(&typed("slim", MassUnit::Kilogram))),
        Err(WeightError::Text(WeightTextError::Malformed))
    ));
    assert!(weight.goal().unwrap().is_some());
    weight.set_goal(None).unwrap();
    assert_eq!(weight.goal().unwrap(), None);
}

#[test]
fn a_roll_up_is_the_whole_week_or_month_also_at_the_ends_of_the_range() {
    use crate::time::{CalendarUnit, WeekStart};
    let phone = Phone::new();
    for (day, typed) in [(6, "70"), (8, "72"), (12, "71"), (13, "60")] {
        phone.add(at(day, 7, 0), typed);
    }
    // 2026-04-08 is a Wednesday; its week has three readings.
    let wednesday = DateRange::single(date("2026-04-08"));
    let weeks = phone
        .weight()
        .roll_ups(wednesday, CalendarUnit::Week(WeekStart::Monday))
        .unwrap();
    assert_eq!((weeks.len(), weeks[0].days), (1, 3));
    assert_near(weeks[0].mean_kg, 71.0, 1e-12);
    let months = phone.weight().roll_ups(wednesday, CalendarUnit::Month).unwrap();
    assert_eq!((months[0].days, months[0].minimum.ten_grams()), (4, 6000));
    let nothing = DateRange {
        from: date("2026-04-08"),
        until: date("2026-04-08"),
    };
    assert_eq!(phone.weight().roll_ups(nothing, CalendarUnit::Month).unwrap(), []);
}

#[test]
fn without_data_the_summary_says_so_and_invents_nothing() {
    let phone = Phone::new();
    let weight = phone.weight();
    weight.set_goal(Some(&typed("60", MassUnit::Kilogram))).unwrap();
    let summary = weight.summary(date("2026-04-15")).unwrap();
    assert_eq!(summary.goal_status.reason, GoalReason::NoData);
    assert_eq!(
        (summary.latest, summary.latest_weigh_in, summary.latest_waist),
        (None, None, None)
    );
    assert_eq!((summary.slope, summary.volatility), (None, None));
    assert!(!summary.is_plateau);
}

#[test]
fn a_weigh_in_dated_decades_ahead_hides_nothing_of_today() {
    let phone = Phone::new();
    let weight = phone.weight();
    weight.set_goal(Some(&typed("71.5", MassUnit::Kilogram))).unwrap();
    for day in 1..=14 {
        let kilograms = format!("{}.0", 80 - day / 4);
        weight
            .record(&with_waist(at(day, 7, 0), &kilograms, 850))
            .unwrap();
    }
    let before = weight.summary(date("2026-04-15")).unwrap();
    assert_eq!(before.goal_status.reason, GoalReason::Ok);
    let ahead = with_waist(on("2062-04-14"), "71", 700);
    let ahead = weight.record(&ahead).unwrap().id;
    assert_eq!(weight.summary(date("2026-04-15")).unwrap(), before);
    assert_eq!(weight.newest(1).unwrap()[0].id, ahead, "the list shows it");
    let then = weight.summary(date("2062-04-14")).unwrap();
    assert_eq!(then.latest_weigh_in.unwrap().id, ahead);
    assert_eq!(then.goal_status.reason, GoalReason::Reached);
    assert_eq!(weight.summary(NaiveDate::MAX).unwrap().latest, then.latest);
    let earlier = weight.summary(date("2026-04-02")).unwrap();
    assert_eq!(earlier.latest.map(|day| day.date), Some(date("2026-04-02")));
    assert_eq!(weight.summary(date("2026-03-31")).unwrap().latest, None);
}

#[test]
fn the_goal_is_reached_by_touching_it_and_open_again_beyond_the_band() {
    let phone = Phone::new();
    let weight = phone.weight();
    weight.set_tau(Tau::from_days(0.1).unwrap()).unwrap();
    weight.set_goal(Some(&typed("60", MassUnit::Kilogram))).unwrap();
    let reason = || weight.summary(date("2026-04-15")).unwrap().goal_status.reason;
    phone.add(at(1, 7, 0), "62");
    assert_eq!(reason(), GoalReason::TooFewReadings);
    phone.add(at(2, 7, 0), "59.9");
    assert_eq!(reason(), GoalReason::Reached);
    phone.add(at(3, 7, 0), "61");
    assert_eq!(reason(), GoalReason::Reached);
    phone.add(at(4, 7, 0), "61.5");
    assert_eq!(reason(), GoalReason::TooFewReadings);
}
