//! Small charts that several tests look at.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]

use std::fmt::Write as _;

use chrono::Days;

use super::{
    Chart, ClockedWeight, Span, StepChartInput, WeighInChartInput, WeightChartInput, step_chart,
    weigh_in_chart, weight_chart,
};
use crate::steps::DaySteps;
use crate::time::{DateRange, DayStart, NaiveDate, WeekStart, parse_date};
use crate::weight::{DayValue, GoalWeight, MassUnit, Tau, Weight, WeightDay, slope, trend};

pub(super) fn date(text: &str) -> NaiveDate {
    parse_date(text).unwrap()
}

pub(super) fn dates(from: &str, until: &str) -> DateRange {
    DateRange {
        from: date(from),
        until: date(until),
    }
}

pub(super) fn day(text: &str, sensor_steps: Option<i64>, correction: Option<i64>) -> DaySteps {
    DaySteps::new(date(text), sensor_steps, correction, 0, false)
}

/// A step chart of all days in `dates`, weeks from Monday, without a goal, long after.
pub(super) fn steps_input(span: Span, dates: DateRange, days: &[DaySteps]) -> StepChartInput<'_> {
    StepChartInput {
        span,
        dates,
        days,
        goal: None,
        today: date("2030-01-01"),
        first_measured: days.first().map(|day| day.date),
        week_start: WeekStart::Monday,
        is_skipped: &|_| false,
        is_paused: &|_| false,
    }
}

/// April 2026 with everything that a day can have.
pub(super) fn steps_of_a_month() -> Chart {
    let days: Vec<DaySteps> = dates("2026-04-01", "2026-04-30")
        .dates()
        .zip(0_i64..)
        .filter(|(_, index)| ![5, 6, 12].contains(index))
        .map(|(date, index)| {
            let sensor = if index == 2 { 0 } else { 2000 + index * 7919 % 9000 };
            let correction = match index {
                8 => Some(1800),
                15 => Some(-1500),
                _ => None,
            };
            let quarantined = if index == 18 { 12_000 } else { 0 };
            DaySteps::new(date, Some(sensor), correction, quarantined, index == 21)
        })
        .collect();
    step_chart(&StepChartInput {
        goal: Some(8000),
        today: date("2026-04-29"),
        ..steps_input(Span::Month, dates("2026-04-01", "2026-05-01"), &days)
    })
}

pub(super) fn many_days(range: DateRange) -> Vec<DaySteps> {
    range
        .dates()
        .zip(0_i64..)
        .filter(|(_, index)| index % 11 != 3)
        .map(|(date, index)| {
            let correction = (index % 40 == 9).then_some(500);
            DaySteps::new(
                date,
                Some(2000 + index * 7919 % 9000),
                correction,
                0,
                index % 50 == 0,
            )
        })
        .collect()
}

pub(super) fn steps_of_ten_years() -> Chart {
    let range = dates("2016-04-16", "2026-04-16");
    let days = many_days(range);
    step_chart(&StepChartInput {
        goal: Some(8000),
        today: date("2026-04-15"),
        ..steps_input(Span::All, range, &days)
    })
}

/// Day values given as (days since 2026-03-01, kilograms), with their trend.
pub(super) fn weights(values: &[(u64, f64)]) -> Vec<WeightDay> {
    let days: Vec<DayValue> = values
        .iter()
        .map(|(day, kg)| DayValue {
            date: date("2026-03-01") + Days::new(*day),
            readings: 1,
            weight: Weight::from_ten_grams((kg * 100.0).round() as i32).unwrap(),
        })
        .collect();
    trend(None, &days, Tau::DEFAULT)
}

/// A weight chart in kilograms without a goal, long after.
pub(super) fn weight_input(span: Span, dates: DateRange, days: &[WeightDay]) -> WeightChartInput<'_> {
    WeightChartInput {
        span,
        dates,
        days,
        first_reading: days.first().map(|day| day.date),
        goal: None,
        goal_date: None,
        slope: None,
        unit: MassUnit::Kilogram,
        today: date("2030-01-01"),
        week_start: WeekStart::Monday,
        conceal_values: false,
    }
}

/// A falling month with a gap and a projection.
pub(super) fn weight_of_a_month(conceal_values: bool) -> Chart {
    let values: Vec<(u64, f64)> = (0..30)
        .filter(|day| !(9..19).contains(day))
        .map(|day| (day, 72.0 - day as f64 * 0.08 + (day * 7 % 5) as f64 * 0.1))
        .collect();
    let days = weights(&values);
    let slope = slope(&days);
    weight_chart(&WeightChartInput {
        goal: GoalWeight::from_kilograms(69.0),
        goal_date: Some(date("2026-04-12")),
        slope: slope.as_ref(),
        today: date("2026-03-30"),
        conceal_values,
        ..weight_input(Span::Month, dates("2026-03-01", "2026-03-31"), &days)
    })
}

pub(super) fn weights_of_one_date() -> Chart {
    let weigh_in = |clock_ms: Option<i64>, ten_grams: i32| ClockedWeight {
        clock_ms,
        weight: Weight::from_ten_grams(ten_grams).unwrap(),
    };
    let minutes = |hours: i64, minutes: i64| Some((hours * 60 + minutes) * 60_000);
    weigh_in_chart(&WeighInChartInput {
        date: date("2026-04-01"),
        weigh_ins: &[
            weigh_in(minutes(7, 5), 7010),
            weigh_in(minutes(21, 30), 7120),
            weigh_in(None, 7050),
        ],
        first_reading: Some(date("2026-03-01")),
        goal: GoalWeight::from_kilograms(68.0),
        unit: MassUnit::Kilogram,
        today: date("2026-04-02"),
        day_start: DayStart::MIDNIGHT,
        conceal_values: false,
    })
}

/// One date of which only the date is known.
pub(super) fn weight_without_a_time(conceal_values: bool) -> Chart {
    weigh_in_chart(&WeighInChartInput {
        date: date("2026-04-01"),
        weigh_ins: &[ClockedWeight {
            clock_ms: None,
            weight: Weight::from_ten_grams(7050).unwrap(),
        }],
        first_reading: Some(date("2026-03-01")),
        goal: None,
        unit: MassUnit::Kilogram,
        today: date("2026-04-02"),
        day_start: DayStart::MIDNIGHT,
        conceal_values,
    })
}

/// A week up to today, with corrections, a gap of one day and a longer one.
pub(super) fn steps_of_a_week() -> Chart {
    let days = [
        day("2026-04-06", Some(7000), Some(1200)),
        day("2026-04-08", Some(5200), Some(-700)),
        day("2026-04-11", Some(9100), None),
        day("2026-04-12", Some(3100), None),
    ];
    step_chart(&StepChartInput {
        goal: Some(8000),
        today: date("2026-04-12"),
        ..steps_input(Span::Week, dates("2026-04-06", "2026-04-13"), &days)
    })
}

/// The model as it is serialised, one part a line.
pub(super) fn model(chart: &Chart) -> String {
    let serde_json::Value::Object(parts) = serde_json::to_value(chart).unwrap() else {
        panic!("a chart is a record")
    };
    let mut text = String::new();
    for (name, part) in parts {
        match part {
            serde_json::Value::Array(items) if !items.is_empty() => {
                for item in items {
                    let _ = writeln!(text, "{name}: {item}");
                }
            }
            part => {
                let _ = writeln!(text, "{name}: {part}");
            }
        }
    }
    text
}

/// What holds for every chart: positions inside, in order, no two equal labels on one axis, each bucket a value or a gap at most.
#[track_caller]
pub(super) fn assert_sound(chart: &Chart) {
    let is_inside = |position: f64| (-1e-9..=1.0 + 1e-9).contains(&position);
    for series in &chart.series {
        let mut previous = -1.0;
        for run in &series.runs {
            assert!(!run.points.is_empty());
            for point in &run.points {
                assert!(
                    is_inside(point.x) && is_inside(point.y) && is_inside(point.base_y),
                    "{point:?}"
                );
                assert!(point.index > previous || chart.bucket_unit == super::BucketUnit::Hour);
                previous = point.index;
                for y in point
                    .spread
                    .iter()
                    .flat_map(|spread| [spread.low_y, spread.high_y])
                {
                    assert!(is_inside(y), "{point:?}");
                }
            }
        }
    }
    assert!(chart.value_ticks.iter().all(|tick| is_inside(tick.y)));
    assert!(chart.time_ticks.iter().all(|tick| is_inside(tick.x)));
    assert!(chart.lines.iter().filter_map(|line| line.y).all(is_inside));
    assert!(
        chart
            .shades
            .iter()
            .all(|shade| is_inside(shade.from_x) && is_inside(shade.to_x))
    );
    for (index, one) in chart.value_ticks.iter().enumerate() {
        for other in &chart.value_ticks[index + 1..] {
            assert!(one.label.is_none() || one.label != other.label, "{one:?} twice");
        }
    }
    for (index, one) in chart.time_ticks.iter().enumerate() {
        assert!(
            chart.time_ticks[index + 1..]
                .iter()
                .all(|other| other.label != one.label)
        );
    }
    let mut covered = vec![false; chart.buckets.len()];
    for gap in &chart.gaps {
        assert!(gap.from <= gap.to || gap.from == gap.to + 1, "{gap:?}");
        assert!(gap.from.max(gap.to) < chart.buckets.len(), "{gap:?}");
        assert!(!gap.is_between_buckets() || gap.bridge.is_some(), "{gap:?}");
        for bucket in covered.iter_mut().take(gap.to + 1).skip(gap.from) {
            assert!(!std::mem::replace(bucket, true), "two gaps in one bucket");
        }
        if let Some((from, to)) = gap.bridge {
            assert!(from.0 < to.0 && [from.0, from.1, to.0, to.1].into_iter().all(is_inside));
        }
    }
    for selection in chart.spoken() {
        assert!(is_inside(selection.x));
    }
}
