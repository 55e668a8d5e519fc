#![allow(
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]

use super::*;
use crate::charts::samples::{assert_sound, date, dates, model, weight_input, weight_of_a_month, weights};
use crate::weight::slope;
use proptest::prelude::*;

fn series(chart: &Chart, role: Role) -> Option<&Series> {
    chart.series.iter().find(|series| series.role == role)
}

/// Indexes of the points of a role, by run.
fn runs(chart: &Chart, role: Role) -> Vec<Vec<usize>> {
    series(chart, role)
        .map(|series| {
            series
                .runs
                .iter()
                .map(|run| run.points.iter().map(|point| point.index as usize).collect())
                .collect()
        })
        .unwrap_or_default()
}

fn march(days: &[WeightDay]) -> Chart {
    weight_chart(&weight_input(
        Span::Month,
        dates("2026-03-01", "2026-03-31"),
        days,
    ))
}

#[test]
fn readings_seven_days_apart_are_joined_and_eight_days_apart_are_not() {
    let days = weights(&[(0, 70.0), (7, 70.5), (15, 70.2), (29, 70.0)]);
    let chart = march(&days);
    for role in [Role::RawPoint, Role::Trend] {
        assert_eq!(runs(&chart, role), [vec![0, 7], vec![15], vec![29]]);
    }
    let gaps: Vec<_> = chart.gaps.iter().map(|gap| (gap.from, gap.to)).collect();
    assert_eq!(gaps, [(8, 14), (16, 28)]);
    assert_eq!(chart.facts.gaps, 2);
}

#[test]
fn weeks_and_months_are_joined_up_to_seven_days_from_reading_to_reading() {
    let joined_in = |range: DateRange, values: &[(u64, f64)]| {
        let days = weights(values);
        let chart = weight_chart(&weight_input(Span::All, range, &days));
        assert_sound(&chart);
        for gap in &chart.gaps {
            assert!(gap.is_between_buckets() && gap.bridge.is_some(), "{gap:?}");
        }
        let gaps: Vec<_> = chart.gaps.iter().map(|gap| (gap.to, gap.from)).collect();
        assert_eq!(chart.facts.gaps as usize, gaps.len());
        assert_eq!(runs(&chart, Role::RawPoint), runs(&chart, Role::Trend));
        (runs(&chart, Role::Trend), gaps)
    };
    // Weeks begin on 2, 9 and 16 March: days 1, 8 and 15.
    let weeks = dates("2026-03-02", "2026-04-06");
    let joined = joined_in(weeks, &[(1, 70.0), (8, 70.5), (15, 70.2), (22, 70.0), (29, 70.0)]);
    assert_eq!(joined, (vec![vec![0, 1, 2, 3, 4]], vec![]));
    let broken = joined_in(weeks, &[(1, 70.0), (9, 70.5), (16, 70.2), (22, 70.0), (29, 70.0)]);
    assert_eq!(broken, (vec![vec![0], vec![1, 2, 3, 4]], vec![(0, 1)]));
    // Months: one reading in each is more than 7 days from the next, and four in each are not.
    let months = dates("2026-03-01", "2026-10-01");
    let every_month: Vec<(u64, f64)> = (0..7).map(|month| (month * 31 + 3, 70.0)).collect();
    let broken = joined_in(months, &every_month);
    let alone: Vec<Vec<usize>> = (0..7).map(|month| vec![month]).collect();
    assert_eq!(broken.0, alone);
    let every_week: Vec<(u64, f64)> = (0..31).map(|week| (week * 7, 70.0)).collect();
    assert_eq!(joined_in(months, &every_week).0, [vec![0, 1, 2, 3, 4, 5, 6]]);
}

#[test]
fn a_running_week_without_a_reading_is_no_gap_until_the_last_reading_is_more_than_seven_days_old() {
    let days = weights(&[(1, 70.0), (7, 70.0), (14, 70.0), (21, 70.0), (28, 70.0)]);
    let gaps = |today: &str| {
        let until = DateRange::single(date(today)).until;
        let range = DateRange {
            from: date("2026-03-02"),
            until,
        };
        weight_chart(&WeightChartInput {
            today: date(today),
            ..weight_input(Span::All, range, &days)
        })
        .gaps
    };
    // The last reading is on Sunday 29 March.
    assert_eq!(gaps("2026-04-05"), []);
    assert_eq!((gaps("2026-04-06")[0].from, gaps("2026-04-06")[0].to), (4, 5));
}

#[test]
fn a_bridge_joins_the_ends_of_the_trend_and_adds_no_value() {
    let days = weights(&[(0, 70.0), (7, 70.5), (20, 68.0)]);
    let chart = march(&days);
    let trend = series(&chart, Role::Trend).unwrap();
    let (before, after) = (trend.runs[0].points[1], trend.runs[1].points[0]);
    assert_eq!(
        chart.gaps[0].bridge,
        Some(((before.x, before.y), (after.x, after.y)))
    );
    let points: usize = trend.runs.iter().map(|run| run.points.len()).sum();
    assert_eq!(points, 3);
}

#[test]
fn the_trend_ends_at_the_last_reading_and_what_follows_is_a_gap_after_a_week() {
    let days = weights(&[(0, 70.0), (2, 70.5)]);
    let with_today = |today: &str| {
        weight_chart(&WeightChartInput {
            today: date(today),
            ..weight_input(Span::Month, dates("2026-03-01", "2026-03-31"), &days)
        })
    };
    let soon = with_today("2026-03-10");
    assert_eq!(runs(&soon, Role::Trend), [[0, 2]]);
    assert_eq!(
        (soon.gaps.len(), soon.gaps[0].from, soon.gaps[0].reason),
        (1, 10, GapReason::Future)
    );
    let later = with_today("2026-03-11");
    assert_eq!(
        (later.gaps[0].from, later.gaps[0].to, later.gaps[0].reason),
        (3, 10, GapReason::NoData)
    );
    assert_eq!(later.gaps[0].bridge, None);
}

#[test]
fn a_reading_just_outside_the_window_keeps_its_edge_from_being_a_gap() {
    let near = weights(&[(0, 70.0), (7, 70.1), (9, 70.2)]);
    let window = dates("2026-03-04", "2026-03-10");
    let chart = |days: &[WeightDay]| weight_chart(&weight_input(Span::Week, window, days));
    assert_eq!(chart(&near).gaps, []);
    // Without it nothing is known before the first reading.
    assert_eq!(chart(&near[1..]).gaps[0].reason, GapReason::BeforeFirst);
}

#[test]
fn axes_are_those_of_the_vectors_in_the_unit_of_display() {
    let ends = |values: &[(u64, f64)], unit: MassUnit| {
        let days = weights(values);
        let chart = weight_chart(&WeightChartInput {
            unit,
            ..weight_input(Span::Month, dates("2026-03-01", "2026-03-31"), &days)
        });
        assert_sound(&chart);
        chart.value_ends.unwrap()
    };
    assert_eq!(ends(&[(0, 52.6)], MassUnit::Kilogram), (51.5, 54.0));
    assert_eq!(
        ends(&[(0, 72.4), (9, 72.4), (200, 99.0)], MassUnit::Kilogram),
        (71.0, 73.5)
    );
    // 115.96 lb and 2 lb to either side.
    assert_eq!(ends(&[(0, 52.6)], MassUnit::Pound), (113.0, 118.0));
    assert_eq!(ends(&[(0, 52.6)], MassUnit::Stone), (113.0, 118.0));
}

#[test]
fn stone_have_ticks_at_whole_pounds_and_labels_in_stone() {
    let days = weights(&[(0, 63.5), (1, 64.5)]);
    let chart = weight_chart(&WeightChartInput {
        unit: MassUnit::Stone,
        goal: GoalWeight::from_kilograms(63.5),
        ..weight_input(Span::Week, dates("2026-03-01", "2026-03-08"), &days)
    });
    let labels: Vec<_> = chart.value_ticks.iter().filter_map(|tick| tick.label).collect();
    assert!(labels.contains(&ValueLabel::Stone {
        stone: 10,
        pounds: 0.0,
        decimals: 0
    }));
    // 63.5 kg are 139.99 lb: ten stone, never nine stone and fourteen pounds.
    let ten_stone = Some(ValueLabel::Stone {
        stone: 10,
        pounds: 0.0,
        decimals: 1,
    });
    assert_eq!(chart.series[0].runs[0].points[0].label, ten_stone);
    assert_eq!(chart.lines[0].label, ten_stone);
    assert_eq!(chart.value_unit, ValueUnit::Stone);
}

#[test]
fn a_goal_far_away_has_a_place_instead_of_a_position() {
    let days = weights(&[(0, 70.0), (1, 71.0)]);
    let line = |kg: f64| {
        let chart = weight_chart(&WeightChartInput {
            goal: GoalWeight::from_kilograms(kg),
            ..weight_input(Span::Week, dates("2026-03-01", "2026-03-08"), &days)
        });
        (chart.lines[0].place, chart.lines[0].y.is_some())
    };
    assert_eq!(line(69.0), (GoalPlace::Inside, true));
    assert_eq!(line(60.0), (GoalPlace::Below, false));
    assert_eq!(line(80.0), (GoalPlace::Above, false));
}

#[test]
fn weeks_and_months_show_mean_and_spread_and_the_trend_at_their_last_reading() {
    let days = weights(&[(1, 70.0), (2, 71.0), (7, 72.0), (20, 70.0)]);
    let chart = weight_chart(&weight_input(
        Span::Quarter,
        dates("2026-03-02", "2026-05-04"),
        &days,
    ));
    assert_eq!(chart.bucket_unit, BucketUnit::Week);
    assert_eq!(runs(&chart, Role::RawPoint), [vec![0], vec![2]]);
    let first = series(&chart, Role::RawPoint).unwrap().runs[0].points[0];
    assert!((first.value.unwrap() - 71.0).abs() < 1e-12);
    let spread = first.spread.unwrap();
    let kilograms = |value| Some(ValueLabel::Kilograms { value, decimals: 1 });
    assert_eq!(
        (spread.lowest, spread.highest),
        (kilograms(70.0), kilograms(72.0))
    );
    let trend = series(&chart, Role::Trend).unwrap().runs[0].points[0];
    assert_eq!(trend.value, Some(days[2].trend_kg));
    assert_eq!(chart.buckets[0].measured_days, 3);
    assert_eq!((chart.gaps[0].from, chart.gaps[0].to), (1, 1));
}

#[test]
fn the_projection_is_a_line_from_the_last_trend_to_the_goal_on_its_date() {
    let days = weights(&[(0, 70.0), (10, 69.5), (20, 69.0)]);
    let with_goal = |goal_date: &str| {
        weight_chart(&WeightChartInput {
            goal: GoalWeight::from_kilograms(68.5),
            goal_date: Some(date(goal_date)),
            today: date("2026-03-21"),
            ..weight_input(Span::Month, dates("2026-02-20", "2026-03-22"), &days)
        })
    };
    let near = with_goal("2026-04-01");
    let ends = &series(&near, Role::Projection).unwrap().runs[0].points;
    assert_eq!((ends[0].index as usize, ends[1].index as usize), (29, 40));
    assert_eq!(near.buckets.len(), 41);
    assert_eq!(near.gaps.last().unwrap().reason, GapReason::Future);
    assert!((ends[1].value.unwrap() - 68.5).abs() < 1e-9 && (ends[1].x - 1.0).abs() < 1e-9);
    assert!((ends[1].y - near.lines[0].y.unwrap()).abs() < 1e-9);

    // Further ahead than half the window: the line is cut at the edge, where it has no value.
    let far = with_goal("2026-06-01");
    assert_eq!(far.buckets.len(), 45);
    let end = series(&far, Role::Projection).unwrap().runs[0].points[1];
    assert!((end.x - 1.0).abs() < 1e-9 && end.y > far.lines[0].y.unwrap());
    assert_eq!((end.value, end.label), (None, None));
}

#[test]
fn a_projection_to_a_goal_beyond_the_axis_is_cut_at_its_end() {
    let days = weights(&[(0, 70.0), (10, 69.5), (20, 69.0)]);
    let chart = weight_chart(&WeightChartInput {
        goal: GoalWeight::from_kilograms(55.0),
        goal_date: Some(date("2026-03-30")),
        today: date("2026-03-21"),
        ..weight_input(Span::Month, dates("2026-02-20", "2026-03-22"), &days)
    });
    let end = series(&chart, Role::Projection).unwrap().runs[0].points[1];
    assert!(end.y.abs() < 1e-9 && end.index < 38.0 && end.value.is_none());
    assert_sound(&chart);
}

#[test]
fn without_a_goal_date_no_bucket_lies_behind_the_window() {
    let days = weights(&[(0, 70.0), (10, 69.5)]);
    let chart = weight_chart(&WeightChartInput {
        goal: GoalWeight::from_kilograms(68.5),
        ..weight_input(Span::Month, dates("2026-03-01", "2026-03-31"), &days)
    });
    assert_eq!(chart.buckets.len(), 30);
    assert!(series(&chart, Role::Projection).is_none());
}

#[test]
fn the_change_told_is_that_of_the_trend_with_its_days() {
    let falling: Vec<(u64, f64)> = (0..28).map(|day| (day, 72.0 - day as f64 * 0.1)).collect();
    let days = weights(&falling);
    let slope = slope(&days).unwrap();
    let facts = |unit: MassUnit| {
        weight_chart(&WeightChartInput {
            slope: Some(&slope),
            unit,
            ..weight_input(Span::Month, dates("2026-03-01", "2026-03-31"), &days)
        })
        .facts
    };
    let told = facts(MassUnit::Kilogram);
    assert_eq!(
        (told.direction, told.change_days, told.is_real_change),
        (Some(Direction::Falling), Some(28), Some(true))
    );
    let Some(ValueLabel::Kilograms { value, decimals: 2 }) = told.change_per_week else {
        panic!("{told:?}")
    };
    assert!((-0.7..-0.4).contains(&value));
    // A difference in stone is told in pounds, with its sign.
    let Some(ValueLabel::Pounds { value, .. }) = facts(MassUnit::Stone).change_per_week else {
        panic!("no pounds")
    };
    assert!((-1.6..-0.9).contains(&value));
}

#[test]
fn windows_without_data_of_one_reading_or_of_equal_readings_have_no_nonsense() {
    let empty = march(&[]);
    assert!(empty.is_empty() && empty.value_ticks.is_empty() && empty.value_ends.is_none());
    assert_eq!(empty.gaps[0].reason, GapReason::BeforeFirst);
    assert!(empty.gaps[0].is_all_of(30));

    let one = march(&weights(&[(4, 70.0)]));
    assert_eq!(runs(&one, Role::Trend), [[4]]);
    let point = series(&one, Role::RawPoint).unwrap().runs[0].points[0];
    assert!(point.y > 0.0 && point.y < 1.0);

    let equal = march(&weights(&[(4, 70.0), (5, 70.0)]));
    assert_eq!(equal.value_ends, one.value_ends);

    let days = weights(&[(0, 70.0)]);
    let one_date = weight_chart(&weight_input(Span::All, dates("2026-03-01", "2026-03-02"), &days));
    assert!((one_date.series[0].runs[0].points[0].x - 0.5).abs() < 1e-12);
    for chart in [empty, one, equal, one_date] {
        assert_sound(&chart);
    }
}

/// Every number of a serialised model.
fn numbers_in(value: &serde_json::Value) -> Vec<f64> {
    match value {
        serde_json::Value::Number(number) => number.as_f64().into_iter().collect(),
        serde_json::Value::Array(items) => items.iter().flat_map(numbers_in).collect(),
        serde_json::Value::Object(fields) => fields.values().flat_map(numbers_in).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn values_that_are_concealed_are_not_in_the_serialised_model() {
    let open = weight_of_a_month(false);
    let concealed = weight_of_a_month(true);
    let numbers: Vec<f64> = open
        .series
        .iter()
        .flat_map(|series| &series.runs)
        .flat_map(|run| &run.points)
        .filter_map(|point| point.value)
        .chain(open.lines.iter().filter_map(|line| line.value))
        .collect();
    assert!(numbers.len() > 40);
    let is_one_of_them = |found: &f64| {
        numbers.iter().any(|number| {
            (number - found).abs() < 1e-9 || ((number * 10.0).round() / 10.0 - found).abs() < 1e-9
        })
    };
    let told = numbers_in(&serde_json::to_value(&concealed).unwrap());
    assert_eq!(told.iter().find(|found| is_one_of_them(found)), None);
    let words = serde_json::to_string(&concealed).unwrap();
    assert!(!words.contains("\"decimals\""));
    assert_eq!(concealed.facts.direction, Some(Direction::Falling));
    // The shape stays.
    assert_eq!(concealed.series.len(), open.series.len());
    assert_eq!(concealed.gaps, open.gaps);
    for selection in concealed.spoken() {
        let text = serde_json::to_string(&selection).unwrap();
        assert!(!text.contains("\"decimals\""), "{text}");
    }
}

#[test]
fn a_chart_of_three_days_is_this_model() {
    let days = weights(&[(0, 70.0), (2, 69.25)]);
    let chart = weight_chart(&weight_input(Span::All, dates("2026-03-01", "2026-03-04"), &days));
    insta::assert_snapshot!(model(&chart), @r#"
    bucket_unit: "day"
    buckets: {"is_incomplete":false,"label":{"date":"2026-03-01","key":"day"},"measured_days":1,"total":null}
    buckets: {"is_incomplete":false,"label":{"date":"2026-03-02","key":"day"},"measured_days":0,"total":null}
    buckets: {"is_incomplete":false,"label":{"date":"2026-03-03","key":"day"},"measured_days":1,"total":null}
    facts: {"change_days":null,"change_per_week":null,"days":3,"direction":null,"gaps":0,"goal_days":null,"is_real_change":null,"longest_streak_days":null,"marks":[],"maximum":{"value":{"decimals":1,"key":"kilograms","value":70.0},"when":{"date":"2026-03-01","key":"day"}},"mean":{"decimals":1,"key":"kilograms","value":69.6},"measured_days":2,"minimum":{"value":{"decimals":1,"key":"kilograms","value":69.3},"when":{"date":"2026-03-03","key":"day"}},"period":{"from":"2026-03-01","key":"dates","to":"2026-03-03"},"total":null}
    gaps: []
    lines: []
    marks: []
    series: {"is_continuous":false,"role":"raw_point","runs":[{"points":[{"base_y":0.0,"index":0.0,"label":{"decimals":1,"key":"kilograms","value":70.0},"spread":null,"value":70.0,"x":0.0,"y":0.6666666666666666},{"base_y":0.0,"index":2.0,"label":{"decimals":1,"key":"kilograms","value":69.3},"spread":null,"value":69.25,"x":1.0,"y":0.4166666666666667}]}]}
    series: {"is_continuous":true,"role":"trend","runs":[{"points":[{"base_y":0.0,"index":0.0,"label":{"decimals":1,"key":"kilograms","value":70.0},"spread":null,"value":70.0,"x":0.0,"y":0.6666666666666666},{"base_y":0.0,"index":2.0,"label":{"decimals":1,"key":"kilograms","value":69.9},"spread":null,"value":69.85750000025585,"x":1.0,"y":0.6191666667519513}]}]}
    shades: []
    span: "all"
    subject: "weight"
    time_ticks: {"index":0,"is_first_of_unit":true,"label":{"date":"2026-03-01","key":"day"},"x":0.0}
    time_ticks: {"index":1,"is_first_of_unit":false,"label":{"date":"2026-03-02","key":"day"},"x":0.5}
    time_ticks: {"index":2,"is_first_of_unit":false,"label":{"date":"2026-03-03","key":"day"},"x":1.0}
    untimed: []
    value_ends: 68.0
    value_ends: 71.0
    value_ticks: {"label":{"decimals":1,"key":"kilograms","value":68.0},"y":0.0}
    value_ticks: {"label":{"decimals":1,"key":"kilograms","value":68.5},"y":0.16666666666666666}
    value_ticks: {"label":{"decimals":1,"key":"kilograms","value":69.0},"y":0.3333333333333333}
    value_ticks: {"label":{"decimals":1,"key":"kilograms","value":69.5},"y":0.5}
    value_ticks: {"label":{"decimals":1,"key":"kilograms","value":70.0},"y":0.6666666666666666}
    value_ticks: {"label":{"decimals":1,"key":"kilograms","value":70.5},"y":0.8333333333333334}
    value_ticks: {"label":{"decimals":1,"key":"kilograms","value":71.0},"y":1.0}
    value_unit: "kilograms"
    "#);
}

fn any_weights() -> impl Strategy<Value = Vec<WeightDay>> {
    prop::collection::vec((1..30_u64, 200..50_000_i32), 0..80).prop_map(|steps| {
        let mut day = 0;
        let values: Vec<(u64, f64)> = steps
            .into_iter()
            .map(|(distance, ten_grams)| {
                day += distance;
                (day, f64::from(ten_grams) / 100.0)
            })
            .collect();
        weights(&values)
    })
}

fn any_window() -> impl Strategy<Value = DateRange> {
    (0..900_u64, 1..800_u32).prop_map(|(offset, length)| {
        DateRange::ending_on(date("2026-03-01") + chrono::Days::new(offset), length)
    })
}

fn any_unit() -> impl Strategy<Value = MassUnit> {
    prop::sample::select(vec![MassUnit::Kilogram, MassUnit::Pound, MassUnit::Stone])
}

proptest! {
    #[test]
    fn whatever_the_weights_every_position_is_inside_and_labels_differ(
        days in any_weights(), range in any_window(), unit in any_unit(),
        goal in 2.0..500.0_f64, ahead in proptest::option::of(0..300_u64), conceal_values in any::<bool>()
    ) {
        let goal_date = days.last().zip(ahead).map(|(last, ahead)| last.date + chrono::Days::new(ahead));
        let chart = weight_chart(&WeightChartInput {
            unit,
            goal: GoalWeight::from_kilograms(goal),
            goal_date,
            conceal_values,
            today: date("2027-08-01"),
            ..weight_input(Span::All, range, &days)
        });
        assert_sound(&chart);
    }

    #[test]
    fn a_line_is_solid_exactly_where_readings_are_at_most_seven_days_apart(
        days in any_weights(), range in any_window()
    ) {
        let chart = weight_chart(&weight_input(Span::All, range, &days));
        let column_of = |day: &WeightDay| {
            chart.buckets.iter().position(|bucket| bucket.dates.contains(day.date))
        };
        let shown: Vec<&WeightDay> = days.iter().filter(|day| range.contains(day.date)).collect();
        let breaks = shown
            .windows(2)
            .filter(|pair| column_of(pair[0]) != column_of(pair[1]))
            .filter(|pair| (pair[1].date - pair[0].date).num_days() > 7)
            .count();
        let bridges = chart.gaps.iter().filter(|gap| gap.bridge.is_some()).count();
        let runs = runs(&chart, Role::Trend).len();
        prop_assert_eq!((bridges, runs), (breaks, breaks + usize::from(!shown.is_empty())));
    }

    #[test]
    fn cutting_the_window_changes_no_day_value_and_no_trend(
        days in any_weights(), offset in 0..900_u64, length in 1..32_u32
    ) {
        let range = DateRange::ending_on(date("2026-03-01") + chrono::Days::new(offset), length);
        let chart = weight_chart(&weight_input(Span::Month, range, &days));
        let shown = |role: Role| -> Vec<f64> {
            series(&chart, role)
                .into_iter()
                .flat_map(|series| &series.runs)
                .flat_map(|run| &run.points)
                .filter_map(|point| point.value)
                .collect()
        };
        let inside: Vec<&WeightDay> = days.iter().filter(|day| range.contains(day.date)).collect();
        let trend: Vec<f64> = inside.iter().map(|day| day.trend_kg).collect();
        let values: Vec<f64> = inside.iter().map(|day| day.weight.kilograms()).collect();
        prop_assert_eq!((shown(Role::Trend), shown(Role::RawPoint)), (trend, values));
    }

    #[test]
    fn cutting_the_window_changes_no_month_that_lies_wholly_inside(days in any_weights()) {
        let wide = weight_chart(&weight_input(Span::All, dates("2026-03-01", "2029-03-01"), &days));
        let narrow = weight_chart(&weight_input(Span::All, dates("2026-05-11", "2027-05-11"), &days));
        let months = |chart: &Chart| -> Vec<(NaiveDate, Option<f64>, Option<f64>)> {
            let value = |role: Role, index: usize| {
                series(chart, role)?
                    .runs
                    .iter()
                    .flat_map(|run| &run.points)
                    .find(|point| point.index as usize == index)?
                    .value
            };
            (0..chart.buckets.len())
                .map(|index| {
                    let from = chart.buckets[index].dates.from;
                    (from, value(Role::RawPoint, index), value(Role::Trend, index))
                })
                .collect()
        };
        let wide = months(&wide);
        let whole = months(&narrow);
        for month in &whole[1..whole.len() - 1] {
            prop_assert!(wide.contains(month), "{month:?}");
        }
    }
}
