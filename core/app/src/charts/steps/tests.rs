#![allow(
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]

use super::*;
use crate::charts::samples::{date, dates, day, many_days, steps_input, steps_of_a_month};
use crate::charts::{Gap, GapReason};
use crate::time::CalendarUnit;
use proptest::prelude::*;

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

fn week_of(days: &[DaySteps]) -> Chart {
    step_chart(&steps_input(Span::Week, dates("2026-04-01", "2026-04-08"), days))
}

fn steps(label: Option<ValueLabel>) -> Option<i64> {
    label.map(|label| match label {
        ValueLabel::Steps { steps } => steps,
        other => panic!("{other:?}"),
    })
}

#[test]
fn a_missing_day_is_a_gap_and_a_measured_zero_is_a_bar() {
    let chart = week_of(&[
        day("2026-04-01", Some(6000), None),
        day("2026-04-03", Some(0), None),
        day("2026-04-04", Some(9000), None),
    ]);
    assert_eq!(values(&chart, Role::Bar), [(0, 6000.0), (2, 0.0), (3, 9000.0)]);
    assert_eq!(chart.series[0].runs.len(), 2);
    let gap = |from, to| Gap {
        from,
        to,
        reason: GapReason::NoData,
        bridge: None,
    };
    assert_eq!(chart.gaps, [gap(1, 1), gap(4, 6)]);
}

#[test]
fn row_72_the_mean_divides_by_measured_days() {
    let chart = week_of(&[
        day("2026-04-01", Some(6000), None),
        day("2026-04-03", Some(0), None),
        day("2026-04-04", Some(9000), None),
    ]);
    assert_eq!(steps(chart.facts.mean), Some(5000));
    assert_eq!(steps(chart.facts.total), Some(15_000));
    assert_eq!((chart.facts.measured_days, chart.facts.days), (3, 7));
    let average = chart
        .lines
        .iter()
        .find(|line| line.kind == LineKind::Average)
        .unwrap();
    assert_eq!(steps(average.label), Some(5000));
}

#[test]
fn corrections_are_parts_of_their_own_on_top_of_or_cut_from_the_bar() {
    let chart = week_of(&[
        day("2026-04-01", Some(5000), Some(2000)),
        day("2026-04-02", Some(5000), Some(-1000)),
        day("2026-04-03", None, Some(700)),
        day("2026-04-04", Some(300), Some(-900)),
    ]);
    assert_eq!(values(&chart, Role::Bar), [(0, 5000.0), (1, 4000.0), (3, 0.0)]);
    assert_eq!(values(&chart, Role::CorrectionAdded), [(0, 2000.0), (2, 700.0)]);
    assert_eq!(values(&chart, Role::CorrectionRemoved), [(1, 1000.0), (3, 300.0)]);
    let added = &chart.series[1].runs[0].points[0];
    let bar = &chart.series[0].runs[0].points[0];
    assert!((added.base_y - bar.y).abs() < 1e-12 && added.y > added.base_y);
    let corrected = chart.marks.iter().filter(|mark| mark.kind == MarkKind::Corrected);
    assert_eq!(corrected.map(|mark| mark.index).collect::<Vec<_>>(), [0, 1, 2, 3]);
}

#[test]
fn today_is_incomplete_and_out_of_the_mean_unless_it_is_the_only_day() {
    let today = date("2026-04-02");
    let with = |days: &[DaySteps]| {
        step_chart(&StepChartInput {
            today,
            ..steps_input(Span::Week, dates("2026-04-01", "2026-04-08"), days)
        })
    };
    let both = with(&[
        day("2026-04-01", Some(6000), None),
        day("2026-04-02", Some(10), None),
    ]);
    assert_eq!(steps(both.facts.mean), Some(6000));
    assert_eq!(
        both.facts.minimum.map(|dated| dated.when),
        Some(TimeLabel::Day {
            date: date("2026-04-01")
        })
    );
    assert!(!both.buckets[0].is_incomplete && both.buckets[1].is_incomplete);
    assert_eq!(
        both.marks,
        [Mark {
            index: 1,
            kind: MarkKind::Today
        }]
    );
    assert_eq!(both.gaps[0].reason, GapReason::Future);
    let alone = with(&[day("2026-04-02", Some(10), None)]);
    assert_eq!(steps(alone.facts.mean), Some(10));
    assert_eq!(alone.gaps[0].reason, GapReason::BeforeFirst);
}

#[test]
fn days_and_weeks_that_were_paused_from_end_to_end_say_so() {
    let days = [
        day("2026-04-01", Some(6000), None),
        day("2026-04-03", None, Some(700)),
    ];
    let paused = |span: Span, range: DateRange, today: &str| -> Vec<(usize, usize, GapReason)> {
        let chart = step_chart(&StepChartInput {
            today: date(today),
            is_paused: &|day| dates("2026-04-02", "2026-04-06").contains(day) || day >= date("2026-04-13"),
            ..steps_input(span, range, &days)
        });
        chart
            .gaps
            .iter()
            .map(|gap| (gap.from, gap.to, gap.reason))
            .collect()
    };
    // A day entered by hand is known, paused or not.
    assert_eq!(
        paused(Span::Week, dates("2026-04-01", "2026-04-08"), "2026-04-07"),
        [
            (1, 1, GapReason::Paused),
            (3, 4, GapReason::Paused),
            (5, 6, GapReason::NoData)
        ]
    );
    // From Monday, 30 March: a week with data, one without, one paused from its Monday on, one to come.
    assert_eq!(
        paused(Span::Quarter, dates("2026-03-30", "2026-05-04"), "2026-04-15"),
        [
            (1, 1, GapReason::NoData),
            (2, 2, GapReason::Paused),
            (3, 4, GapReason::Future)
        ]
    );
}

#[test]
fn steps_that_were_not_believed_are_a_mark_and_never_a_bar() {
    let quarantined = DaySteps::new(date("2026-04-02"), Some(100), None, 90_000, true);
    let chart = week_of(&[quarantined]);
    assert_eq!(values(&chart, Role::Bar), [(1, 100.0)]);
    let kinds: Vec<MarkKind> = chart.marks.iter().map(|mark| mark.kind).collect();
    assert_eq!(
        kinds,
        [MarkKind::ZoneChange, MarkKind::Quarantined { steps: 90_000 }]
    );
    assert!(chart.value_ends.unwrap().1 <= 1000.0);
}

#[test]
fn the_goal_is_a_line_within_the_axis_and_its_days_are_counted() {
    let days = [
        day("2026-04-01", Some(8000), None),
        day("2026-04-02", Some(8001), None),
        day("2026-04-03", Some(7999), None),
        day("2026-04-04", Some(9000), None),
    ];
    let chart = step_chart(&StepChartInput {
        goal: Some(8000),
        ..steps_input(Span::Week, dates("2026-04-01", "2026-04-08"), &days)
    });
    assert_eq!(
        (chart.facts.goal_days, chart.facts.longest_streak_days),
        (Some(3), Some(2))
    );
    assert_eq!(chart.lines[0].kind, LineKind::Goal);
    assert!((0.0..=1.0).contains(&chart.lines[0].y.unwrap()));
}

#[test]
fn windows_without_data_of_one_day_of_a_zero_or_of_gaps_have_no_nonsense() {
    let empty = week_of(&[]);
    assert!(empty.is_empty() && empty.value_ticks.is_empty() && empty.lines.is_empty());
    assert_eq!((empty.value_ends, empty.facts.mean), (None, None));
    assert_eq!(empty.gaps.len(), 1);

    let zero = week_of(&[day("2026-04-05", Some(0), None)]);
    assert_eq!(zero.value_ends, Some((0.0, 1000.0)));
    assert_eq!(values(&zero, Role::Bar), [(4, 0.0)]);

    let one_date = step_chart(&steps_input(
        Span::All,
        dates("2026-04-01", "2026-04-02"),
        &[day("2026-04-01", Some(8000), None)],
    ));
    assert_eq!((one_date.buckets.len(), one_date.time_ticks.len()), (1, 1));
    assert_eq!(one_date.value_ends, Some((0.0, 8000.0)));
    let bar = one_date.series[0].runs[0].points[0];
    assert!((bar.x - 0.5).abs() < 1e-12 && (bar.y - 1.0).abs() < 1e-12);
}

#[test]
fn row_70_weeks_of_every_week_start_are_half_open_and_add_up_to_their_days() {
    let range = dates("2026-12-01", "2027-02-15");
    let days = many_days(range);
    let sum: i64 = days.iter().filter_map(|day| day.steps).sum();
    for (week_start, first_of_w53) in [
        (WeekStart::Monday, "2026-12-28"),
        (WeekStart::Sunday, "2026-12-27"),
        (WeekStart::Saturday, "2026-12-26"),
    ] {
        let chart = step_chart(&StepChartInput {
            week_start,
            ..steps_input(Span::Quarter, range, &days)
        });
        assert_eq!(chart.bucket_unit, BucketUnit::Week);
        assert_eq!(chart.buckets[0].dates.from, range.from);
        for pair in chart.buckets.windows(2) {
            assert_eq!(pair[0].dates.until, pair[1].dates.from);
        }
        assert_eq!(chart.buckets.last().unwrap().dates.until, range.until);
        // The week over the turn of the year is one bucket of seven dates.
        let turn = chart
            .buckets
            .iter()
            .find(|bucket| bucket.dates.contains(date("2026-12-31")))
            .unwrap();
        assert_eq!((turn.dates.from, turn.dates.len()), (date(first_of_w53), 7));
        let totals: i64 = chart
            .buckets
            .iter()
            .filter_map(|bucket| steps(bucket.total))
            .sum();
        assert_eq!((totals, steps(chart.facts.total)), (sum, Some(sum)));
    }
}

#[test]
fn row_71_steps_on_the_first_are_in_the_new_month_only() {
    let days = [day("2026-03-01", Some(400), None)];
    let chart = step_chart(&steps_input(Span::Year, dates("2025-09-01", "2026-04-01"), &days));
    assert_eq!(chart.bucket_unit, BucketUnit::Month);
    let with_data: Vec<_> = chart
        .buckets
        .iter()
        .filter(|bucket| bucket.measured_days > 0)
        .collect();
    assert_eq!(with_data.len(), 1);
    assert_eq!(with_data[0].label, TimeLabel::Month { year: 2026, month: 3 });
    assert_eq!(steps(with_data[0].total), Some(400));
}

#[test]
fn a_week_shows_the_mean_of_its_measured_days() {
    let range = dates("2026-03-02", "2026-05-04");
    let days = [
        day("2026-03-03", Some(6000), None),
        day("2026-03-05", Some(0), None),
        day("2026-03-06", Some(9000), None),
    ];
    let chart = step_chart(&steps_input(Span::Quarter, range, &days));
    assert_eq!(values(&chart, Role::Bar), [(0, 5000.0)]);
    assert_eq!(chart.buckets[0].measured_days, 3);
    assert_eq!((chart.gaps[0].from, chart.gaps[0].to), (1, 8));
}

#[test]
fn a_chart_of_three_days_is_this_model() {
    let days = [
        day("2026-04-01", Some(6000), Some(500)),
        day("2026-04-03", Some(0), None),
    ];
    let chart = step_chart(&StepChartInput {
        goal: Some(5000),
        today: date("2026-04-03"),
        ..steps_input(Span::All, dates("2026-04-01", "2026-04-04"), &days)
    });
    insta::assert_snapshot!(crate::charts::samples::model(&chart), @r#"
    bucket_unit: "day"
    buckets: {"is_incomplete":false,"label":{"date":"2026-04-01","key":"day"},"measured_days":1,"total":{"key":"steps","steps":6500}}
    buckets: {"is_incomplete":false,"label":{"date":"2026-04-02","key":"day"},"measured_days":0,"total":null}
    buckets: {"is_incomplete":true,"label":{"date":"2026-04-03","key":"day"},"measured_days":1,"total":{"key":"steps","steps":0}}
    facts: {"change_days":null,"change_per_week":null,"days":3,"direction":null,"gaps":1,"goal_days":1,"is_real_change":null,"longest_streak_days":1,"marks":[],"maximum":{"value":{"key":"steps","steps":6500},"when":{"date":"2026-04-01","key":"day"}},"mean":{"key":"steps","steps":6500},"measured_days":2,"minimum":{"value":{"key":"steps","steps":6500},"when":{"date":"2026-04-01","key":"day"}},"period":{"from":"2026-04-01","key":"dates","to":"2026-04-03"},"total":{"key":"steps","steps":6500}}
    gaps: {"bridge":null,"from":1,"reason":"no_data","to":1}
    lines: {"kind":"goal","label":{"key":"steps","steps":5000},"place":"inside","value":5000.0,"y":0.625}
    lines: {"kind":"average","label":{"key":"steps","steps":6500},"place":"inside","value":6500.0,"y":0.8125}
    marks: {"index":0,"kind":{"key":"corrected"}}
    marks: {"index":2,"kind":{"key":"today"}}
    series: {"is_continuous":false,"role":"bar","runs":[{"points":[{"base_y":0.0,"index":0.0,"label":{"key":"steps","steps":6000},"spread":null,"value":6000.0,"x":0.16666666666666666,"y":0.75}]},{"points":[{"base_y":0.0,"index":2.0,"label":{"key":"steps","steps":0},"spread":null,"value":0.0,"x":0.8333333333333334,"y":0.0}]}]}
    series: {"is_continuous":false,"role":"correction_added","runs":[{"points":[{"base_y":0.75,"index":0.0,"label":{"key":"steps","steps":500},"spread":null,"value":500.0,"x":0.16666666666666666,"y":0.8125}]}]}
    shades: []
    span: "all"
    subject: "steps"
    time_ticks: {"index":0,"is_first_of_unit":true,"label":{"date":"2026-04-01","key":"day"},"x":0.16666666666666666}
    time_ticks: {"index":1,"is_first_of_unit":false,"label":{"date":"2026-04-02","key":"day"},"x":0.5}
    time_ticks: {"index":2,"is_first_of_unit":false,"label":{"date":"2026-04-03","key":"day"},"x":0.8333333333333334}
    untimed: []
    value_ends: 0.0
    value_ends: 8000.0
    value_ticks: {"label":{"key":"steps","steps":0},"y":0.0}
    value_ticks: {"label":{"key":"steps","steps":2000},"y":0.25}
    value_ticks: {"label":{"key":"steps","steps":4000},"y":0.5}
    value_ticks: {"label":{"key":"steps","steps":6000},"y":0.75}
    value_ticks: {"label":{"key":"steps","steps":8000},"y":1.0}
    value_unit: "steps"
    "#);
}

fn any_days() -> impl Strategy<Value = Vec<DaySteps>> {
    let day = (
        proptest::option::of(0..60_000_i64),
        proptest::option::weighted(0.1, -60_000..60_000_i64),
        proptest::bool::weighted(0.05),
    );
    prop::collection::vec(day, 0..420).prop_map(|days| {
        dates("2024-01-15", "2026-01-15")
            .dates()
            .zip(days)
            .map(|(date, (sensor, correction, is_travel_day))| {
                DaySteps::new(date, sensor, correction, 0, is_travel_day)
            })
            .filter(|day| day.steps.is_some())
            .collect()
    })
}

fn any_window() -> impl Strategy<Value = DateRange> {
    (0..400_u64, 1..420_u32).prop_map(|(offset, length)| {
        let last = date("2024-01-15") + chrono::Days::new(offset);
        DateRange::ending_on(last, length)
    })
}

proptest! {
    #[test]
    fn whatever_the_days_every_position_is_inside_and_labels_differ(
        days in any_days(), range in any_window(), goal in proptest::option::of(1..1_000_000_i64)
    ) {
        let chart = step_chart(&StepChartInput {
            goal,
            today: date("2024-12-24"),
            ..steps_input(Span::All, range, &days)
        });
        crate::charts::samples::assert_sound(&chart);
    }

    #[test]
    fn cutting_the_window_changes_no_day_and_no_unit_inside(days in any_days(), range in any_window()) {
        for unit in [CalendarUnit::Week(WeekStart::Sunday), CalendarUnit::Month] {
            let unit = unit.dates_around(range.from);
            let cut: Vec<DaySteps> = days.iter().copied().filter(|day| unit.contains(day.date)).collect();
            prop_assert_eq!(
                roll_up_steps(&days, unit, date("2030-01-01")),
                roll_up_steps(&cut, unit, date("2030-01-01"))
            );
        }
        let chart = step_chart(&steps_input(Span::All, range, &days));
        let shown: i64 = chart.buckets.iter().filter_map(|bucket| steps(bucket.total)).sum();
        let inside: i64 = days.iter().filter(|day| range.contains(day.date)).filter_map(|day| day.steps).sum();
        prop_assert_eq!(shown, inside);
    }
}

#[test]
fn the_month_with_everything_is_sound() {
    crate::charts::samples::assert_sound(&steps_of_a_month());
}
