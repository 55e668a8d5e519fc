use super::*;
use crate::charts::samples::{assert_sound, date, weights_of_one_date};
use crate::charts::{Found, GapReason};
use proptest::prelude::*;

fn weigh_in(clock_ms: Option<i64>, ten_grams: i32) -> ClockedWeight {
    ClockedWeight {
        clock_ms,
        weight: Weight::from_ten_grams(ten_grams).unwrap(),
    }
}

fn input(weigh_ins: &[ClockedWeight]) -> WeighInChartInput<'_> {
    WeighInChartInput {
        date: date("2026-04-01"),
        weigh_ins,
        first_reading: Some(date("2026-03-01")),
        goal: None,
        unit: MassUnit::Kilogram,
        today: date("2026-05-01"),
        day_start: DayStart::MIDNIGHT,
        conceal_values: false,
    }
}

#[test]
fn every_reading_stands_at_its_time_of_day() {
    let chart = weights_of_one_date();
    let indexes: Vec<f64> = chart.series[0].runs[0]
        .points
        .iter()
        .map(|point| point.index * 60.0)
        .collect();
    assert_eq!(indexes, [7.0 * 60.0 + 5.0, 21.0 * 60.0 + 30.0]);
    assert_eq!(chart.buckets.len(), 24);
    assert_eq!(chart.time_ticks.len(), 4);
    assert_sound(&chart);
}

#[test]
fn a_reading_without_a_time_is_listed_and_has_no_place() {
    let chart = weights_of_one_date();
    assert_eq!(
        chart.untimed,
        [Some(ValueLabel::Kilograms {
            value: 70.5,
            decimals: 1
        })]
    );
    let untimed = [weigh_in(None, 7050)];
    let alone = weigh_in_chart(&input(&untimed));
    assert!(alone.is_empty() && alone.gaps.is_empty());
    assert_eq!(alone.facts.measured_days, 1);
    let concealed = weigh_in_chart(&WeighInChartInput {
        conceal_values: true,
        ..input(&untimed)
    });
    assert_eq!(concealed.untimed, [None]);
}

#[test]
fn a_day_that_starts_inside_an_hour_has_25_places_and_runs_over_midnight() {
    let weigh_ins = [weigh_in(Some(HOUR_MS), 7000), weigh_in(Some(6 * HOUR_MS), 7010)];
    let chart = weigh_in_chart(&WeighInChartInput {
        day_start: DayStart::parse("05:30").unwrap(),
        ..input(&weigh_ins)
    });
    assert_eq!(chart.buckets.len(), 25);
    assert_eq!(chart.buckets[0].label, TimeLabel::Hour { hour: 5 });
    assert_eq!(chart.buckets[24].label, TimeLabel::Hour { hour: 5 });
    let indexes: Vec<f64> = chart.series[0].runs[0]
        .points
        .iter()
        .map(|point| point.index)
        .collect();
    assert_eq!(indexes, [1.0, 20.0]);
}

#[test]
fn a_date_without_a_reading_is_one_gap() {
    let chart = weigh_in_chart(&input(&[]));
    assert_eq!((chart.gaps.len(), chart.gaps[0].reason), (1, GapReason::NoData));
    let selection = chart.select(1.0).unwrap();
    assert_eq!(
        selection.when,
        TimeLabel::Day {
            date: date("2026-04-01")
        }
    );
    assert!(matches!(selection.found, Found::Gap { .. }));
}

#[test]
fn more_readings_than_a_picture_can_show_keep_their_shape() {
    let weigh_ins: Vec<ClockedWeight> = (0..5000)
        .map(|index| weigh_in(Some(i64::from(index) * 17_000), 7000 + index * 37 % 900))
        .collect();
    let chart = weigh_in_chart(&input(&weigh_ins));
    let points = &chart.series[0].runs[0].points;
    assert_eq!(points.len(), MOST_DRAWN);
    assert_eq!(
        points[0].label,
        Some(ValueLabel::of_weight(weigh_ins[0].weight, MassUnit::Kilogram))
    );
}

proptest! {
    #[test]
    fn whatever_the_readings_every_position_is_inside(
        readings in prop::collection::vec((proptest::option::of(0..DAY_MS), 200..50_000_i32), 0..30),
        start in 0..1440_u16, goal in 2.0..500.0_f64
    ) {
        let weigh_ins: Vec<ClockedWeight> = readings.iter().map(|(clock, weight)| weigh_in(*clock, *weight)).collect();
        let chart = weigh_in_chart(&WeighInChartInput {
            day_start: DayStart::from_minutes(start).unwrap(),
            goal: GoalWeight::from_kilograms(goal),
            unit: MassUnit::Stone,
            ..input(&weigh_ins)
        });
        assert_sound(&chart);
        let timed = readings.iter().filter(|(clock, _)| clock.is_some()).count();
        prop_assert_eq!(chart.series.iter().flat_map(|series| &series.runs).map(|run| run.points.len()).sum::<usize>(), timed);
    }
}
