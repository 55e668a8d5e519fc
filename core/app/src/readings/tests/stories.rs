//! Stories.

use std::collections::BTreeMap;

use super::*;
use crate::app::ChartRequest;
use crate::charts::Span;
use crate::sync::replica;
use crate::time::WeekStart;
use crate::weight::{TypedWeight, WeighInEdit};

#[test]
fn f80_the_day_of_a_change_of_phones_is_never_counted_twice() {
    let mut server = Server::default();
    let (old, new) = (Phone::hers(1), Phone::hers(2));
    old.walk("a", START, 1000);
    old.walk("b", START.plus(HOUR_MS), 500);
    old.sync(&mut server);
    // The watch tells the new phone the same walks again, and one more.
    new.walk("b", START.plus(HOUR_MS), 700);
    new.walk("c", START.plus(2 * HOUR_MS), 300);
    new.sync(&mut server);
    old.sync(&mut server);
    for phone in [&old, &new] {
        assert_eq!(phone.total("2026-04-01"), Some(2000));
        let hours = phone.app.steps().hours(DateRange::ALL).unwrap();
        assert_eq!(
            hours.iter().map(|hour| hour.steps).collect::<Vec<_>>(),
            [1000, 700, 300]
        );
        let view = phone.app.steps().day_by_hour(date("2026-04-01")).unwrap();
        assert_eq!(view.hours.len(), 24);
        assert_eq!(view.hours.iter().filter_map(|hour| hour.steps).sum::<i64>(), 2000);
    }
    let dietitian = Phone::dietitians(3);
    dietitian.pull(&server);
    let home = dietitian.app.case_home(CASE, date("2026-04-01")).unwrap();
    assert_eq!(home.steps.steps, Some(2000));
}

#[test]
fn f70_f80_what_a_restored_server_lost_of_one_phone_hides_nothing_of_another_and_is_not_lost() {
    for is_gone in [false, true] {
        let mut server = Server::default();
        let (old, new) = (Phone::hers(1), Phone::hers(2));
        new.walk("b", START.plus(HOUR_MS), 300);
        new.sync(&mut server);
        old.pull(&server);
        // The old phone's report has the higher revision.
        old.walk("a", START, 1000);
        old.sync(&mut server);
        new.pull(&server);
        assert_eq!(new.total("2026-04-01"), Some(1300));
        server.log.truncate(1);
        server.epoch = Epoch::from_uuid(Uuid::from_u128(10));
        // The new phone is the first to hear of it.
        for _ in 0..2 {
            new.pull(&server);
            new.sync(&mut server);
            if !is_gone {
                old.pull(&server);
                old.sync(&mut server);
            }
        }
        let dietitian = Phone::dietitians(3);
        dietitian.pull(&server);
        let home = dietitian.app.case_home(CASE, date("2026-04-01")).unwrap();
        assert_eq!(home.steps.steps, Some(1300), "{is_gone}");
        new.pull(&server);
        assert_eq!(new.total("2026-04-01"), Some(1300), "{is_gone}");
        let another = Phone::hers(4);
        another.pull(&server);
        assert_eq!(another.total("2026-04-01"), Some(1300), "{is_gone}");
    }
}

#[test]
fn a_correction_of_a_phone_that_is_gone_outlives_a_restored_server() {
    let mut server = Server::default();
    let (old, new) = (Phone::hers(1), Phone::hers(2));
    new.walk("b", START.plus(HOUR_MS), 300);
    new.sync(&mut server);
    old.pull(&server);
    old.correct("2026-04-01", Some(5000));
    old.sync(&mut server);
    new.pull(&server);
    server.log.truncate(1);
    server.epoch = Epoch::from_uuid(Uuid::from_u128(10));
    new.pull(&server);
    new.sync(&mut server);
    let dietitian = Phone::dietitians(3);
    dietitian.pull(&server);
    let home = dietitian.app.case_home(CASE, date("2026-04-01")).unwrap();
    assert_eq!(home.steps.steps, Some(5000));
}

#[test]
fn a_correction_that_was_taken_back_before_it_was_there_does_not_hide_that_of_another_phone() {
    let mut server = Server::default();
    let (one, two) = (Phone::hers(1), Phone::hers(2));
    one.correct("2026-04-02", Some(0));
    two.correct("2026-04-02", None);
    one.send(&mut server);
    two.pull(&server);
    two.sync(&mut server);
    one.sync(&mut server);
    assert_eq!(one.total("2026-04-02"), Some(0));
    assert_eq!(two.total("2026-04-02"), Some(0));
}

#[test]
fn what_a_phone_said_before_it_signed_in_again_it_says_again_under_its_old_id() {
    let mut server = Server::default();
    let phone = Phone::hers(1);
    phone.walk("a", START, 1000);
    phone.sync(&mut server);
    let said = server.log.last().unwrap().op_id;
    let present = phone.app.account().unwrap().unwrap();
    phone.write(|tx| {
        account::write(
            tx,
            &Account {
                device_id: DeviceId::from_uuid(Uuid::from_u128(77)),
                ..present.clone()
            },
        )
    });
    server.log.truncate(1);
    server.epoch = Epoch::from_uuid(Uuid::from_u128(10));
    phone.pull(&server);
    phone.sync(&mut server);
    assert_eq!(server.log.last().unwrap().op_id, said);
    assert_eq!(phone.total("2026-04-01"), Some(1000));
}

#[test]
fn a_phone_reports_its_own_readings_alone() {
    let mut server = Server::default();
    let (old, new) = (Phone::hers(1), Phone::hers(2));
    old.walk("a", START, 1000);
    old.sync(&mut server);
    new.pull(&server);
    new.walk("c", START.plus(2 * HOUR_MS), 300);
    new.send(&mut server);
    let last: ayumi_protocol::body::StepsDay =
        serde_json::from_str(server.log.last().unwrap().body.as_ref().unwrap().as_str()).unwrap();
    assert_eq!((last.sensor_steps, last.hours.len()), (Some(300), 1));
    assert_eq!(last.revision, 2, "one more than any that is known");
}

#[test]
fn f30_on_days_of_23_and_25_hours_nothing_is_counted_twice() {
    let mut server = Server::default();
    let (phone, dietitian) = (Phone::hers(1), Phone::dietitians(3));
    let berlin = Tz::Europe__Berlin;
    phone.app.report_zone(berlin).unwrap();
    // 2026-03-29 has 23 hours there and 2026-10-25 has 25; one walk in every hour of UTC around them.
    for (day, name) in [
        (UtcMillis(1_774_738_800_000), "spring"),
        (UtcMillis(1_792_879_200_000), "autumn"),
    ] {
        for hour in 0..26 {
            phone.walk_in(&format!("{name}{hour}"), day.plus(hour * HOUR_MS), 100, berlin);
        }
    }
    phone.sync(&mut server);
    dietitian.pull(&server);
    for (on, steps) in [("2026-03-29", 2300), ("2026-10-25", 2500)] {
        assert_eq!(phone.total(on), Some(steps));
        assert_eq!(same_charts(&phone, &dietitian, Span::Day, date(on)), steps);
    }
}

#[test]
fn f82_what_is_corrected_or_deleted_reaches_the_dietitian() {
    let mut server = Server::default();
    let (phone, dietitian) = (Phone::hers(1), Phone::dietitians(3));
    phone.walk("a", START, 1000);
    let (first, second) = (phone.weigh("70.0"), phone.weigh("80.0"));
    phone.sync(&mut server);
    phone.clock.advance(HOUR_MS);
    phone.walk("a", START, 900);
    let edit = WeighInEdit {
        weight: Some(TypedWeight {
            typed: "71.0".to_owned(),
            unit: MassUnit::Kilogram,
        }),
        ..WeighInEdit::default()
    };
    phone.app.weight().edit(first, &edit).unwrap();
    phone.app.weight().delete(second).unwrap();
    phone.sync(&mut server);
    dietitian.pull(&server);
    let home = dietitian.app.case_home(CASE, date("2026-04-01")).unwrap();
    assert_eq!(home.steps.steps, Some(900));
    assert_eq!(home.weight, phone.app.home(date("2026-04-01")).unwrap().weight);
    assert_eq!(home.weight.latest.unwrap().weight.ten_grams(), 7100);
    // The reading is withdrawn by its source: the day is unknown again, which is not 0.
    let gone = StepEvent::Delete {
        source: "watch".to_owned(),
        id: "a".to_owned(),
    };
    phone.app.steps().record(&[gone]).unwrap();
    phone.sync(&mut server);
    dietitian.pull(&server);
    let home = dietitian.app.case_home(CASE, date("2026-04-01")).unwrap();
    assert_eq!(home.steps.steps, None);
}

#[test]
fn c6_weeks_without_a_network_leave_one_operation_for_each_date() {
    let phone = Phone::hers(1);
    for hour in 0..(21 * 24) {
        phone.walk(&hour.to_string(), START.plus(hour * HOUR_MS), 10);
        phone.clock.advance(HOUR_MS);
        if hour % 5 == 0 {
            phone.gather();
        }
    }
    phone.gather();
    let mut by_body: BTreeMap<String, usize> = BTreeMap::new();
    for outgoing in phone.app.outbox().unwrap() {
        let day: ayumi_protocol::body::StepsDay =
            serde_json::from_str(outgoing.operation.body.as_str()).unwrap();
        *by_body.entry(day.date.to_string()).or_default() += 1;
    }
    assert!(by_body.len() >= 21, "{}", by_body.len());
    assert!(by_body.values().all(|count| *count == 1));
}

#[test]
fn a_report_that_says_the_same_is_not_sent_again() {
    let mut server = Server::default();
    let phone = Phone::hers(1);
    phone.walk("a", START, 1000);
    phone.sync(&mut server);
    let entries = server.log.len();
    phone.derive_everything();
    phone.app.steps().rebuild().unwrap();
    phone.sync(&mut server);
    assert_eq!(server.log.len(), entries);
}

#[test]
fn what_was_entered_before_sign_in_is_reported() {
    let mut server = Server::default();
    let phone = Phone::unsigned(1);
    phone.walk("a", START, 1000);
    phone.correct("2026-04-02", Some(4000));
    phone.weigh("70.0");
    phone.app.steps().set_goal(Some(8000)).unwrap();
    assert_eq!(phone.app.outbox().unwrap(), []);
    phone.sign_in(HER, Some(CASE));
    phone.sync(&mut server);
    phone.sync(&mut server);
    let dietitian = Phone::dietitians(3);
    dietitian.pull(&server);
    let home = dietitian.app.case_home(CASE, date("2026-04-02")).unwrap();
    assert_eq!(
        (home.steps.steps, home.step_goal, home.weight.latest.is_some()),
        (Some(4000), Some(8000), true)
    );
    assert_eq!(home, phone.app.home(date("2026-04-02")).unwrap());
}

#[test]
fn a_phone_that_lost_its_file_gets_everything_back_and_goes_on() {
    let mut server = Server::default();
    let lost = Phone::hers(1);
    lost.walk("a", START, 1000);
    lost.weigh("70.0");
    lost.app.steps().set_goal(Some(8000)).unwrap();
    lost.correct("2026-04-02", Some(4000));
    lost.sync(&mut server);
    // The same device with an empty file: it reports no date before it has read the log.
    let again = Phone::unsigned(1);
    again.sign_in(HER, Some(CASE));
    again.clock.advance(2 * HOUR_MS);
    again.walk("later", START.plus(HOUR_MS), 200);
    again.sync(&mut server);
    assert_eq!(again.total("2026-04-01"), Some(1200));
    assert_eq!(again.total("2026-04-02"), Some(4000));
    assert_eq!(again.app.steps().goal().unwrap(), Some(8000));
    assert_eq!(again.weigh_ins(), lost.weigh_ins());
    again.sync(&mut server);
    let dietitian = Phone::dietitians(3);
    dietitian.pull(&server);
    let home = dietitian.app.case_home(CASE, date("2026-04-01")).unwrap();
    assert_eq!(
        home.steps.steps,
        Some(1200),
        "what it reports keeps what it once measured"
    );
}

#[test]
fn an_own_change_that_waits_wins_until_it_is_discarded() {
    let mut server = Server::default();
    let (phone, other) = (Phone::hers(1), Phone::hers(2));
    let id = phone.weigh("70.0");
    phone.sync(&mut server);
    other.pull(&server);
    let edit = |typed: &str| WeighInEdit {
        weight: Some(TypedWeight {
            typed: typed.to_owned(),
            unit: MassUnit::Kilogram,
        }),
        ..WeighInEdit::default()
    };
    phone.app.weight().edit(id, &edit("71.0")).unwrap();
    phone.app.steps().set_goal(Some(7000)).unwrap();
    other.app.weight().edit(id, &edit("72.0")).unwrap();
    other.app.steps().set_goal(Some(9000)).unwrap();
    other.sync(&mut server);
    phone.pull(&server);
    assert_eq!(phone.app.weight().weigh_in(id).unwrap().typed, "71.0");
    assert_eq!(phone.app.steps().goal().unwrap(), Some(7000));
    let waiting = phone.app.outbox().unwrap()[0].operation.op_id;
    phone.write(|tx| {
        outbox::park(tx, waiting, "refused")?;
        outbox::discard(tx, waiting).map_err(|_| StoreError::Bug { where_: "test" })
    });
    assert_eq!(phone.app.weight().weigh_in(id).unwrap().typed, "72.0");
    phone.sync(&mut server);
    other.pull(&server);
    assert_eq!(other.app.steps().goal().unwrap(), Some(7000), "the later word");
}

#[test]
fn undo_passes_over_what_another_phone_did() {
    let mut server = Server::default();
    let (phone, other) = (Phone::hers(1), Phone::hers(2));
    phone.weigh("70.0");
    phone.clock.advance(HOUR_MS);
    other.clock.advance(2 * HOUR_MS);
    other.weigh("71.0");
    other.sync(&mut server);
    phone.pull(&server);
    assert_eq!(phone.weigh_ins().len(), 2);
    let undone = phone.app.weight().undo().unwrap().unwrap();
    assert_eq!(undone.before.unwrap().typed, "70.0");
    assert_eq!(phone.app.weight().undo().unwrap(), None);
    phone.sync(&mut server);
    other.sync(&mut server);
    assert_eq!(other.weigh_ins(), phone.weigh_ins());
}

#[test]
fn an_undone_weigh_in_that_was_never_sent_reaches_nobody() {
    let mut server = Server::default();
    let phone = Phone::hers(1);
    phone.weigh("70.0");
    phone.app.weight().undo().unwrap();
    assert_eq!(phone.app.outbox().unwrap().len(), 1);
    phone.sync(&mut server);
    let dietitian = Phone::dietitians(3);
    dietitian.pull(&server);
    assert_eq!(
        dietitian
            .app
            .case_home(CASE, date("2026-04-01"))
            .unwrap()
            .weight
            .latest,
        None
    );
}

#[test]
fn the_correction_that_was_said_last_counts_on_every_phone_and_can_be_taken_back() {
    let mut server = Server::default();
    let (old, new, dietitian) = (Phone::hers(1), Phone::hers(2), Phone::dietitians(3));
    old.walk("a", START, 1000);
    old.correct("2026-04-01", Some(3000));
    old.sync(&mut server);
    new.pull(&server);
    assert_eq!(new.total("2026-04-01"), Some(3000));
    new.correct("2026-04-01", Some(5000));
    new.sync(&mut server);
    old.pull(&server);
    // New steps of the old phone do not bring its old word back.
    old.walk("b", START.plus(HOUR_MS), 10);
    old.sync(&mut server);
    let expect = |steps: i64| {
        new.pull(&server);
        dietitian.pull(&server);
        let home = dietitian.app.case_home(CASE, date("2026-04-01")).unwrap();
        assert_eq!(
            (old.total("2026-04-01"), new.total("2026-04-01"), home.steps.steps),
            (Some(steps), Some(steps), Some(steps))
        );
    };
    expect(5010);
    old.correct("2026-04-01", None);
    assert_eq!(old.total("2026-04-01"), Some(1010));
    old.sync(&mut server);
    new.pull(&server);
    dietitian.pull(&server);
    assert_eq!(new.total("2026-04-01"), Some(1010));
    let home = dietitian.app.case_home(CASE, date("2026-04-01")).unwrap();
    assert_eq!(home.steps.steps, Some(1010));
}

#[test]
fn a_pause_reaches_the_dietitian_as_a_reason_for_an_empty_day() {
    let mut server = Server::default();
    let (phone, dietitian) = (Phone::hers(1), Phone::dietitians(3));
    phone.walk("a", START, 1000);
    phone
        .app
        .steps()
        .record(&[StepEvent::Pause {
            at: START.plus(2 * HOUR_MS),
        }])
        .unwrap();
    phone.clock.advance(3 * 24 * HOUR_MS);
    phone.sync(&mut server);
    dietitian.pull(&server);
    assert_eq!(
        same_charts(&phone, &dietitian, Span::Week, date("2026-04-03")),
        1000
    );
}

#[test]
fn f83_a_weight_beyond_the_limits_stays_in_the_log_and_out_of_the_journal() {
    let mut server = Server::default();
    let phone = Phone::hers(1);
    phone.weigh("70.0");
    phone.send(&mut server);
    let entry = server.log.last_mut().unwrap();
    let body = entry.body.as_ref().unwrap().as_str().replace("7000", "70000");
    entry.body = Some(ayumi_protocol::body::RawBody::from_text(&body).unwrap());
    let other = Phone::hers(2);
    other.pull(&server);
    assert_eq!(other.weigh_ins(), []);
    let dietitian = Phone::dietitians(3);
    dietitian.pull(&server);
    assert_eq!(
        dietitian
            .app
            .case_home(CASE, date("2026-04-01"))
            .unwrap()
            .weight
            .latest,
        None
    );
}

/// The dietitian's charts are hers; gives the steps of the dates shown.
fn same_charts(phone: &Phone, dietitian: &Phone, span: Span, end: NaiveDate) -> i64 {
    dietitian.clock.set(phone.clock.now());
    let request = ChartRequest {
        span,
        end,
        today: phone.app.today().unwrap(),
        week_start: WeekStart::Monday,
        conceal_values: false,
    };
    let chart = phone.app.step_chart(&request).unwrap();
    assert_eq!(
        dietitian.app.case_step_chart(CASE, &request).unwrap(),
        chart,
        "steps {span:?} {end}"
    );
    assert_eq!(
        dietitian.app.case_weight_chart(CASE, &request).unwrap(),
        phone.app.weight_chart(&request).unwrap(),
        "weight {span:?} {end}"
    );
    assert_eq!(
        dietitian.app.case_home(CASE, end).unwrap(),
        phone.app.home(end).unwrap(),
        "home {end}"
    );
    let dates = span.dates(end, None);
    let days = phone.app.steps().days(dates).unwrap();
    days.iter().filter_map(|day| day.steps).sum()
}

/// The published hours of one real person, from the measurements that the tests of the repository use.
fn real_hours() -> Option<Vec<(UtcMillis, i64)>> {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/data/fitabase/hourlySteps_merged.csv");
    let text = std::fs::read_to_string(file).ok()?;
    let mut hours = Vec::new();
    let mut first = None;
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        if *first.get_or_insert(fields[0]) != fields[0] {
            break;
        }
        let at = chrono::NaiveDateTime::parse_from_str(fields[1], "%m/%d/%Y %I:%M:%S %p").unwrap();
        hours.push((
            UtcMillis(at.and_utc().timestamp_millis()),
            fields[2].trim().parse().unwrap(),
        ));
    }
    Some(hours)
}

#[test]
fn the_charts_of_a_real_month_are_the_same_on_both_sides() {
    let Some(hours) = real_hours() else {
        return; // without the measurements
    };
    let mut server = Server::default();
    let (phone, dietitian) = (Phone::hers(1), Phone::dietitians(3));
    phone.app.steps().set_goal(Some(9000)).unwrap();
    let goal = TypedWeight {
        typed: "150".to_owned(),
        unit: MassUnit::Pound,
    };
    phone.app.weight().set_goal(Some(&goal)).unwrap();
    for (place, (start, steps)) in (0_i64..).zip(&hours) {
        phone.clock.set(start.plus(HOUR_MS));
        phone.walk(&place.to_string(), *start, *steps);
        if place % 31 == 0 {
            phone.weigh(&format!("{}.{}", 72 - place / 200, place % 10));
        }
        if place % 97 == 0 {
            phone.sync(&mut server);
        }
    }
    phone.correct("2016-04-20", Some(12_345));
    phone.sync(&mut server);
    dietitian.page.set(37);
    dietitian.pull(&server);
    let last = phone.app.today().unwrap();
    let mut seen = 0;
    for span in [
        Span::Day,
        Span::Week,
        Span::Month,
        Span::Quarter,
        Span::Year,
        Span::All,
    ] {
        for back in [0, 3, 20] {
            let end = last.checked_sub_days(chrono::Days::new(back)).unwrap();
            seen += same_charts(&phone, &dietitian, span, end);
        }
    }
    assert!(seen > 100_000, "{seen}");
    // And a new phone has every day, weigh-in and setting.
    let new = Phone::hers(2);
    new.pull(&server);
    assert_eq!(new.days(), phone.days());
    assert_eq!(new.weigh_ins(), phone.weigh_ins());
    assert_eq!(new.app.steps().goal().unwrap(), Some(9000));
    assert_eq!(
        new.app.weight().goal().unwrap(),
        phone.app.weight().goal().unwrap()
    );
    assert_eq!(new.app.home(last).unwrap(), phone.app.home(last).unwrap());
    let journal = new.rows("weight_change");
    new.derive_everything();
    new.write(replica::refold);
    assert_eq!(new.rows("weight_change"), journal);
    assert_eq!(new.days(), phone.days());
}

#[test]
fn an_import_of_thousands_is_reported_whole_and_in_its_order() {
    let mut server = Server::default();
    let phone = Phone::hers(1);
    let file: Vec<NewWeighIn> = (0..3000_i64)
        .map(|place| NewWeighIn {
            when: WeighInTime::DateOnly(
                date("2010-01-01")
                    .checked_add_days(chrono::Days::new(u64::try_from(place / 2).unwrap()))
                    .unwrap(),
            ),
            typed: format!("{}.{}", 60 + place % 20, place % 10),
            unit: MassUnit::Kilogram,
            waist: None,
            source: "libra".to_owned(),
        })
        .collect();
    let added = phone
        .app
        .store()
        .write(|tx| phone.app.weight().import(tx, &file))
        .unwrap();
    assert_eq!(added, 3000);
    assert_eq!(phone.app.outbox().unwrap().len(), 3000);
    phone.send(&mut server);
    let (new, dietitian) = (Phone::hers(2), Phone::dietitians(3));
    new.pull(&server);
    dietitian.pull(&server);
    assert_eq!(new.weigh_ins(), phone.weigh_ins());
    let end = date("2014-02-01");
    assert_eq!(
        dietitian.app.case_home(CASE, end).unwrap().weight,
        phone.app.home(end).unwrap().weight
    );
}
