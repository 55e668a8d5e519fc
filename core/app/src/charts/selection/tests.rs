#![allow(
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]

use super::*;
use crate::charts::samples::{
    date, dates, day, many_days, steps_input, steps_of_a_month, weight_input, weight_of_a_month, weights,
    weights_of_one_date,
};
use crate::charts::{Span, StepChartInput, WeightChartInput, step_chart, weight_chart};
use crate::weight::GoalWeight;
use proptest::prelude::*;

fn value(selection: &Selection) -> SelectedValue {
    match selection.found {
        Found::Value(value) => value,
        Found::Gap { reason } => panic!("{reason:?}"),
    }
}

fn steps(steps: i64) -> ValueLabel {
    ValueLabel::Steps { steps }
}

fn week() -> Chart {
    let days = [
        day("2026-04-01", Some(6000), Some(500)),
        day("2026-04-02", Some(6000), Some(-500)),
        day("2026-04-05", Some(0), None),
        day("2026-04-06", None, Some(300)),
        day("2026-04-07", Some(8000), None),
    ];
    step_chart(&StepChartInput {
        goal: Some(7000),
        today: date("2026-04-07"),
        ..steps_input(Span::Week, dates("2026-04-01", "2026-04-08"), &days)
    })
}

#[test]
fn a_position_on_bars_finds_the_bucket_that_contains_it() {
    let chart = week();
    for (x, bucket) in [(0.0, 0), (0.142, 0), (0.143, 1), (0.99, 6), (1.0, 6)] {
        assert_eq!(chart.select(x).unwrap().buckets, (bucket, bucket), "{x}");
    }
}

#[test]
fn dragging_beyond_an_end_stays_at_the_end() {
    for chart in [week(), weight_of_a_month(false), weights_of_one_date()] {
        let (first, last) = (chart.select(0.0).unwrap(), chart.select(1.0).unwrap());
        assert_eq!(chart.select(-3.0).unwrap(), first);
        assert_eq!(chart.select(f64::NAN).unwrap(), first);
        assert_eq!(chart.select(7.0).unwrap(), last);
        assert_eq!(chart.previous(&first).unwrap().stop, 0);
        let end = chart.spoken().len() - 1;
        let at_end = chart.spoken().pop().unwrap();
        assert_eq!(chart.next(&at_end).unwrap().stop, end);
    }
}

#[test]
fn a_day_answers_with_its_total_its_correction_and_the_way_to_the_goal() {
    let chart = week();
    let first = value(&chart.select_bucket(0).unwrap());
    assert_eq!(
        (first.value, first.correction, first.difference_to_goal),
        (Some(steps(6500)), Some(steps(500)), Some(steps(-500)))
    );
    let second = value(&chart.select_bucket(1).unwrap());
    assert_eq!(
        (second.value, second.correction),
        (Some(steps(5500)), Some(steps(-500)))
    );
    let by_hand = value(&chart.select_bucket(5).unwrap());
    assert_eq!(
        (by_hand.value, by_hand.correction),
        (Some(steps(300)), Some(steps(300)))
    );
    let today = value(&chart.select_bucket(6).unwrap());
    assert_eq!(
        (today.difference_to_goal, today.correction, today.is_incomplete),
        (Some(steps(1000)), None, true)
    );
    assert_eq!(chart.select_bucket(7), None);
}

#[test]
fn a_gap_answers_with_all_its_dates_and_is_spoken_otherwise_than_zero() {
    let chart = week();
    let gap = chart.select_bucket(3).unwrap();
    assert_eq!(gap.buckets, (2, 3));
    let when = TimeLabel::Dates {
        from: date("2026-04-03"),
        to: date("2026-04-04"),
    };
    let reason = GapReason::NoData;
    assert_eq!(
        gap.spoken,
        [SpokenPart::Time { when }, SpokenPart::NoValue { reason }]
    );
    let zero = chart.select_bucket(4).unwrap();
    assert_eq!(zero.spoken[1], SpokenPart::Zero);
}

#[test]
fn keys_step_over_values_and_gaps_alike() {
    let chart = week();
    let stops = chart.spoken();
    assert_eq!(stops.len(), 6);
    let mut walked = vec![chart.select(0.0).unwrap()];
    while walked.len() < stops.len() {
        walked.push(chart.next(walked.last().unwrap()).unwrap());
    }
    assert_eq!(walked, stops);
    assert_eq!(chart.previous(&stops[3]).unwrap(), stops[2]);
}

#[test]
fn a_position_on_a_line_finds_the_nearest_reading_and_the_earlier_of_two() {
    let days = weights(&[(0, 70.0), (4, 70.4), (10, 70.1)]);
    let chart = weight_chart(&weight_input(Span::All, dates("2026-03-01", "2026-03-12"), &days));
    for (index, bucket) in [(0.0, 0), (1.9, 0), (2.0, 0), (2.1, 4), (7.0, 4), (7.1, 10)] {
        assert_eq!(chart.select(index / 10.0).unwrap().buckets.0, bucket, "{index}");
    }
    let at = value(&chart.select(0.4).unwrap());
    assert_eq!(
        at.value,
        Some(ValueLabel::Kilograms {
            value: 70.4,
            decimals: 1
        })
    );
    assert!(at.trend.is_some() && at.trend != at.value);
}

#[test]
fn inside_a_gap_the_gap_answers_from_half_a_bucket_on() {
    let days = weights(&[(0, 70.0), (10, 70.1)]);
    let chart = weight_chart(&weight_input(Span::All, dates("2026-03-01", "2026-03-12"), &days));
    assert!(matches!(chart.select(0.05).unwrap().found, Found::Value(_)));
    let gap = chart.select(0.051).unwrap();
    assert!(matches!(gap.found, Found::Gap { .. }));
    assert_eq!(
        gap.when,
        TimeLabel::Dates {
            from: date("2026-03-02"),
            to: date("2026-03-10")
        }
    );
    assert!((gap.x - 0.5).abs() < 1e-12);
    assert!(matches!(chart.select(0.949).unwrap().found, Found::Gap { .. }));
    assert!(matches!(chart.select(0.951).unwrap().found, Found::Value(_)));
}

#[test]
fn the_distance_to_a_goal_weight_has_a_sign_and_is_told_in_pounds_for_stone() {
    let days = weights(&[(0, 70.0)]);
    let difference = |unit: MassUnit| {
        let chart = weight_chart(&WeightChartInput {
            unit,
            goal: GoalWeight::from_kilograms(72.0),
            ..weight_input(Span::Week, dates("2026-03-01", "2026-03-08"), &days)
        });
        value(&chart.select(0.0).unwrap()).difference_to_goal
    };
    assert_eq!(
        difference(MassUnit::Kilogram),
        Some(ValueLabel::Kilograms {
            value: -2.0,
            decimals: 1
        })
    );
    let pounds = Some(ValueLabel::Pounds {
        value: -4.4,
        decimals: 1,
    });
    assert_eq!(difference(MassUnit::Stone), pounds);
}

#[test]
fn a_mean_says_over_how_many_days_and_carries_the_sum() {
    let days = [
        day("2026-03-03", Some(6000), None),
        day("2026-03-05", Some(0), None),
        day("2026-03-06", Some(9000), None),
    ];
    let chart = step_chart(&steps_input(
        Span::Quarter,
        dates("2026-03-02", "2026-05-04"),
        &days,
    ));
    let week = chart.select(0.0).unwrap();
    assert!(week.spoken.contains(&SpokenPart::MeanOf { measured_days: 3 }));
    assert_eq!(
        (value(&week).value, value(&week).total),
        (Some(steps(5000)), Some(steps(15_000)))
    );
}

#[test]
fn readings_of_one_date_are_found_by_their_time() {
    let chart = weights_of_one_date();
    let evening = chart.select(21.0 / 24.0).unwrap();
    assert_eq!(evening.when, TimeLabel::Hour { hour: 21 });
    assert_eq!(chart.select_bucket(0).unwrap().when, TimeLabel::Hour { hour: 7 });
    assert_eq!(chart.spoken().len(), 2);
}

#[test]
fn every_bucket_of_a_step_chart_answers_for_itself() {
    let range = dates("2025-11-20", "2026-04-16");
    let days = many_days(range);
    for chart in [
        steps_of_a_month(),
        step_chart(&steps_input(Span::All, range, &days)),
    ] {
        for bucket in 0..chart.buckets.len() {
            let (from, to) = chart.select_bucket(bucket).unwrap().buckets;
            assert!((from..=to).contains(&bucket));
        }
    }
}

proptest! {
    #[test]
    fn any_position_has_an_answer_among_the_stops(x in -0.5..1.5_f64) {
        for chart in [week(), weight_of_a_month(false), weight_of_a_month(true), weights_of_one_date()] {
            let selection = chart.select(x).unwrap();
            let stops = chart.spoken();
            prop_assert_eq!(Some(&selection), stops.get(selection.stop));
        }
    }
}
