//! Charts over a real store: what is stored is what is drawn, whatever zone the phone is in.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]

use ayumi_core::app::{App, ChartRequest};
use ayumi_core::charts::{Chart, Found, GapReason, MarkKind, Role, Span, TimeLabel, ValueLabel};
use ayumi_core::steps::{IntervalRecord, StepEvent};
use ayumi_core::time::{DateRange, NaiveDate, Tz, UtcMillis, WeekStart, parse_date};
use ayumi_core::weight::{MassUnit, NewWeighIn, TypedWeight, WeighInTime};
use ayumi_tests::phone::open;
use ayumi_tests::scenario::local_ms;

fn date(text: &str) -> NaiveDate {
    parse_date(text).unwrap()
}

fn request(span: Span, end: &str) -> ChartRequest {
    ChartRequest {
        span,
        end: date(end),
        today: date(end),
        week_start: WeekStart::Monday,
        conceal_values: false,
    }
}

fn app() -> (tempfile::TempDir, App) {
    let folder = tempfile::tempdir().unwrap();
    let app = open(folder.path());
    (folder, app)
}

fn walk(zone: Tz, day: &str, start: &str, end: &str, steps: i64) -> StepEvent {
    let at = |clock: &str| UtcMillis(local_ms(zone.name(), &format!("{day} {clock}")));
    StepEvent::Interval(IntervalRecord {
        source: "watch".to_owned(),
        id: format!("{day} {start}"),
        start: at(start),
        end: at(end),
        steps,
        modified: UtcMillis(0),
        zone: Some(zone),
    })
}

fn weigh_in(day: &str, typed: &str) -> NewWeighIn {
    NewWeighIn {
        when: WeighInTime::DateOnly(date(day)),
        typed: typed.to_owned(),
        unit: MassUnit::Kilogram,
        waist: None,
        source: "typed".to_owned(),
    }
}

fn timed_weigh_in(day: &str, clock: &str, typed: &str) -> NewWeighIn {
    NewWeighIn {
        when: WeighInTime::Timed {
            at: UtcMillis(local_ms("Asia/Tokyo", &format!("{day} {clock}"))),
            sub_ms_ns: 0,
            offset_s: 9 * 3600,
            zone: Some(Tz::Asia__Tokyo),
        },
        ..weigh_in(day, typed)
    }
}

fn values(chart: &Chart, role: Role) -> Vec<(usize, f64)> {
    chart
        .series
        .iter()
        .filter(|series| series.role == role)
        .flat_map(|series| &series.runs)
        .flat_map(|run| &run.points)
        .map(|point| (point.index as usize, point.value.unwrap()))
        .collect()
}

#[test]
fn a_week_of_steps_is_drawn_from_what_was_stored() {
    let (_folder, app) = app();
    let zone = Tz::Asia__Tokyo;
    app.steps()
        .record(&[
            walk(zone, "2016-04-01", "10:00", "11:00", 6000),
            walk(zone, "2016-04-03", "10:00", "11:00", 0),
            walk(zone, "2016-04-04", "10:00", "11:00", 9000),
            StepEvent::Adjust {
                date: date("2016-04-04"),
                steps: Some(9500),
            },
        ])
        .unwrap();
    app.steps().set_goal(Some(9000)).unwrap();
    let chart = app.step_chart(&request(Span::Week, "2016-04-05")).unwrap();
    assert_eq!(values(&chart, Role::Bar), [(2, 6000.0), (4, 0.0), (5, 9000.0)]);
    assert_eq!(values(&chart, Role::CorrectionAdded), [(5, 500.0)]);
    assert_eq!(chart.facts.goal_days, Some(1));
    let reasons: Vec<_> = chart.gaps.iter().map(|gap| (gap.from, gap.reason)).collect();
    assert_eq!(
        reasons,
        [
            (0, GapReason::BeforeFirst),
            (3, GapReason::NoData),
            (6, GapReason::NoData)
        ]
    );
    let all = app.step_chart(&request(Span::All, "2016-04-05")).unwrap();
    assert_eq!(all.buckets.len(), 5);
}

#[test]
fn one_date_by_the_hour_has_its_pause_shaded_and_its_correction_marked() {
    let (_folder, app) = app();
    let zone = Tz::Asia__Tokyo;
    let at = |clock: &str| UtcMillis(local_ms(zone.name(), &format!("2016-04-01 {clock}")));
    app.steps()
        .record(&[
            walk(zone, "2016-04-01", "10:00", "12:00", 600),
            StepEvent::Pause { at: at("13:00") },
            StepEvent::Resume { at: at("15:00") },
            StepEvent::Adjust {
                date: date("2016-04-01"),
                steps: Some(1000),
            },
        ])
        .unwrap();
    let chart = app.step_chart(&request(Span::Day, "2016-04-01")).unwrap();
    assert_eq!(values(&chart, Role::Bar), [(10, 300.0), (11, 300.0)]);
    assert_eq!(
        (chart.shades[0].from_x * 24.0, chart.shades[0].to_x * 24.0),
        (13.0, 15.0)
    );
    assert!(chart.marks.iter().any(|mark| mark.kind == MarkKind::Corrected));
    assert_eq!(chart.facts.total, Some(ValueLabel::Steps { steps: 1000 }));
    assert!(chart.gaps.iter().any(|gap| gap.reason == GapReason::Paused));
}

#[test]
fn a_date_that_was_paused_from_end_to_end_is_no_missing_one() {
    let (_folder, app) = app();
    // The phone was in UTC all the time.
    let at = |text: &str| UtcMillis(local_ms("UTC", text));
    app.steps()
        .record(&[
            walk(Tz::UTC, "2016-03-28", "10:00", "11:00", 6000),
            StepEvent::Pause {
                at: at("2016-03-29 12:00"),
            },
            StepEvent::Resume {
                at: at("2016-03-31 12:00"),
            },
            StepEvent::Pause {
                at: at("2016-03-31 12:00"),
            },
            StepEvent::Resume {
                at: at("2016-04-01 12:00"),
            },
            StepEvent::Pause {
                at: at("2016-04-03 00:00"),
            },
        ])
        .unwrap();
    let chart = app.step_chart(&request(Span::Week, "2016-04-03")).unwrap();
    let gaps: Vec<_> = chart
        .gaps
        .iter()
        .map(|gap| (gap.from, gap.to, gap.reason))
        .collect();
    assert_eq!(
        gaps,
        [
            (1, 1, GapReason::NoData),
            (2, 3, GapReason::Paused),
            (4, 5, GapReason::NoData),
            (6, 6, GapReason::Paused)
        ]
    );
}

#[test]
fn a_date_before_anything_was_stored_is_an_empty_chart_and_no_failure() {
    let (_folder, app) = app();
    for span in [
        Span::Day,
        Span::Week,
        Span::Month,
        Span::Quarter,
        Span::Year,
        Span::All,
    ] {
        let request = request(span, "2001-02-03");
        for chart in [
            app.step_chart(&request).unwrap(),
            app.weight_chart(&request).unwrap(),
        ] {
            assert!(chart.is_empty() && chart.value_ticks.is_empty());
            assert!(chart.gaps[0].is_all_of(chart.buckets.len()));
        }
    }
}

#[test]
fn the_chart_is_the_same_after_the_phone_moves_to_another_zone() {
    let (_folder, app) = app();
    let zone = Tz::Asia__Tokyo;
    app.steps()
        .record(&[
            walk(zone, "2016-04-01", "00:10", "00:50", 600),
            walk(zone, "2016-04-02", "23:10", "23:50", 700),
        ])
        .unwrap();
    app.weight()
        .record(&timed_weigh_in("2016-04-02", "23:30", "70.0"))
        .unwrap();
    let drawn = || {
        [Span::Day, Span::Week].map(|span| {
            let request = request(span, "2016-04-02");
            let steps = serde_json::to_string(&app.step_chart(&request).unwrap()).unwrap();
            let weight = serde_json::to_string(&app.weight_chart(&request).unwrap()).unwrap();
            (steps, weight)
        })
    };
    let at_home = drawn();
    app.report_zone(Tz::America__Los_Angeles).unwrap();
    assert_eq!(drawn(), at_home);
}

#[test]
fn the_trend_of_a_short_window_is_that_of_all_time() {
    let (_folder, app) = app();
    for day in 1..=28 {
        let typed = format!("{:.1}", 72.0 - f64::from(day) * 0.1);
        app.weight()
            .record(&weigh_in(&format!("2016-02-{day:02}"), &typed))
            .unwrap();
    }
    let week = app.weight_chart(&request(Span::Week, "2016-02-28")).unwrap();
    let month = app.weight_chart(&request(Span::Month, "2016-02-28")).unwrap();
    let last_seven = |chart: &Chart| -> Vec<f64> {
        let values = values(chart, Role::Trend);
        values[values.len() - 7..]
            .iter()
            .map(|(_, value)| *value)
            .collect()
    };
    assert_eq!(last_seven(&week), last_seven(&month));
    assert_eq!(week.facts.change_per_week, month.facts.change_per_week);
    assert_eq!(week.facts.change_days, Some(28));
}

#[test]
fn a_projection_is_drawn_only_behind_the_last_reading_and_only_if_there_is_a_date() {
    let (_folder, app) = app();
    for day in 1..=28 {
        let typed = format!("{:.1}", 72.0 - f64::from(day) * 0.1);
        app.weight()
            .record(&weigh_in(&format!("2016-02-{day:02}"), &typed))
            .unwrap();
    }
    let has_projection_on = |today: &str, end: &str| {
        let request = ChartRequest {
            today: date(today),
            ..request(Span::Month, end)
        };
        let chart = app.weight_chart(&request).unwrap();
        chart.series.iter().any(|series| series.role == Role::Projection)
    };
    let has_projection = |end: &str| has_projection_on(end, end);
    assert!(!has_projection("2016-02-28"), "no goal yet");
    let goal = TypedWeight {
        typed: "69".to_owned(),
        unit: MassUnit::Kilogram,
    };
    app.weight().set_goal(Some(&goal)).unwrap();
    assert!(has_projection("2016-02-28"));
    assert!(
        !has_projection_on("2016-02-28", "2016-02-20"),
        "the last reading is not visible"
    );
    assert!(!has_projection("2016-03-20"), "too long ago");
    app.weight().record(&weigh_in("2062-02-28", "69.2")).unwrap();
    assert!(has_projection("2016-02-28"), "a date far ahead hides nothing");
}

#[test]
fn one_date_of_weights_shows_every_reading_at_its_own_clock() {
    let (_folder, app) = app();
    app.weight()
        .record(&timed_weigh_in("2016-04-02", "07:00", "70.0"))
        .unwrap();
    app.weight()
        .record(&timed_weigh_in("2016-04-02", "21:30", "71.2"))
        .unwrap();
    app.weight().record(&weigh_in("2016-04-02", "70.4")).unwrap();
    app.weight().set_display_unit(MassUnit::Stone).unwrap();
    let chart = app.weight_chart(&request(Span::Day, "2016-04-02")).unwrap();
    let evening = chart.select(21.5 / 24.0).unwrap();
    assert_eq!(evening.when, TimeLabel::Hour { hour: 21 });
    let Found::Value(value) = evening.found else {
        panic!("a gap")
    };
    assert_eq!(
        value.value,
        Some(ValueLabel::Stone {
            stone: 11,
            pounds: 3.0,
            decimals: 1
        })
    );
    assert_eq!(chart.untimed.len(), 1);
}

#[test]
fn concealed_weights_are_in_no_part_of_the_answer() {
    let (_folder, app) = app();
    app.weight().record(&weigh_in("2016-04-02", "77.7")).unwrap();
    for span in [Span::Day, Span::Month] {
        let chart = app
            .weight_chart(&ChartRequest {
                conceal_values: true,
                ..request(span, "2016-04-02")
            })
            .unwrap();
        assert!(!serde_json::to_string(&chart).unwrap().contains("77.7"));
    }
}

#[test]
fn weeks_add_up_to_their_days() {
    let (_folder, app) = app();
    let dates = DateRange {
        from: date("2016-01-01"),
        until: date("2016-05-01"),
    };
    let events: Vec<StepEvent> = dates
        .dates()
        .zip(1_i64..)
        .map(|(date, steps)| walk(Tz::Asia__Tokyo, &date.to_string(), "10:00", "11:00", steps))
        .collect();
    app.steps().record(&events).unwrap();
    let chart = app.step_chart(&request(Span::All, "2016-04-30")).unwrap();
    let shown: i64 = chart
        .buckets
        .iter()
        .filter_map(|bucket| match bucket.total? {
            ValueLabel::Steps { steps } => Some(steps),
            _ => None,
        })
        .sum();
    assert_eq!(shown, 121 * 122 / 2);
}
