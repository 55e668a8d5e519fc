use super::*;
use crate::charts::samples::{assert_sound, date};
use crate::charts::{Found, SpokenPart};
use crate::steps::DaySteps;
use crate::time::{DayStart, HOUR_MS, Tz, ZoneOffsets};

/// A date of a zone with a step count on each of its slots.
fn view(zone: Tz, text: &str, steps: impl Fn(usize) -> Option<i64>) -> DayByHour {
    let slots = ZoneOffsets::new(zone).slots_of(date(text), DayStart::MIDNIGHT);
    DayByHour {
        hours: slots
            .into_iter()
            .enumerate()
            .map(|(index, slot)| HourOfDay {
                slot,
                steps: steps(index),
            })
            .collect(),
        paused: Vec::new(),
        excluded: Vec::new(),
        day: DaySteps::new(date(text), Some(1000), None, 0, false),
    }
}

fn chart_of(view: &DayByHour) -> Chart {
    hour_chart(&HourChartInput {
        date: view.day.date,
        view,
        today: date("2100-01-01"),
        now: UtcMillis::YEAR_2100,
        first_measured: Some(view.day.date),
    })
}

fn ticks(chart: &Chart) -> Vec<(usize, u8)> {
    chart
        .time_ticks
        .iter()
        .map(|tick| match tick.label {
            TimeLabel::Hour { hour } => (tick.index, hour),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn the_day_the_clock_goes_forward_in_berlin_has_23_bars_and_ticks_by_the_label() {
    let chart = chart_of(&view(Tz::Europe__Berlin, "2026-03-29", |_| Some(10)));
    assert_eq!(chart.series[0].runs[0].points.len(), 23);
    assert_eq!(ticks(&chart), [(0, 0), (5, 6), (11, 12), (17, 18)]);
    assert!(
        chart
            .buckets
            .iter()
            .all(|bucket| bucket.dates.from == date("2026-03-29"))
    );
    assert_sound(&chart);
}

#[test]
fn the_day_the_clock_goes_back_in_new_york_has_25_bars_and_one_hour_twice() {
    let chart = chart_of(&view(Tz::America__New_York, "2026-11-01", |_| Some(10)));
    assert_eq!(chart.series[0].runs[0].points.len(), 25);
    assert_eq!(ticks(&chart), [(0, 0), (7, 6), (13, 12), (19, 18)]);
    assert_eq!(chart.buckets[1].label, chart.buckets[2].label);
    assert!(
        chart
            .buckets
            .iter()
            .all(|bucket| bucket.dates.from == date("2026-11-01"))
    );
    assert_sound(&chart);
}

#[test]
fn an_hour_that_a_zone_skips_has_no_tick() {
    // Cairo went from 0:00 to 1:00 on this date.
    let chart = chart_of(&view(Tz::Africa__Cairo, "2026-04-24", |_| Some(10)));
    assert_eq!(ticks(&chart), [(5, 6), (11, 12), (17, 18)]);
}

#[test]
fn an_unmeasured_hour_is_a_gap_a_paused_one_says_so_and_later_ones_are_to_come() {
    let mut view = view(Tz::Asia__Tokyo, "2026-04-01", |index| {
        (!(2..5).contains(&index) && index < 12).then_some(0)
    });
    let at = |index: usize| view.hours[index].slot.from;
    let (pause, now) = ((at(4), at(5)), at(13));
    view.paused = vec![pause];
    let chart = hour_chart(&HourChartInput {
        date: date("2026-04-01"),
        view: &view,
        today: date("2026-04-01"),
        now,
        first_measured: Some(date("2026-03-01")),
    });
    let gaps: Vec<_> = chart
        .gaps
        .iter()
        .map(|gap| (gap.from, gap.to, gap.reason))
        .collect();
    assert_eq!(
        gaps,
        [
            (2, 3, GapReason::NoData),
            (4, 4, GapReason::Paused),
            (12, 13, GapReason::NoData),
            (14, 23, GapReason::Future)
        ]
    );
    assert!(!chart.buckets[12].is_incomplete && chart.buckets[13].is_incomplete);
    let gap = chart.select_bucket(3).unwrap();
    assert_eq!(gap.when, TimeLabel::Hours { from: 2, to: 3 });
    let zero = chart.select_bucket(0).unwrap();
    assert!(zero.spoken.contains(&SpokenPart::Zero) && matches!(zero.found, Found::Value(_)));
}

#[test]
fn paused_and_excluded_stretches_are_shaded_and_cut_to_the_date() {
    let mut view = view(Tz::Asia__Tokyo, "2026-04-01", |_| Some(5));
    let start = view.hours[0].slot.from;
    view.paused = vec![(start.plus(-HOUR_MS), start.plus(6 * HOUR_MS))];
    view.excluded = vec![
        (start.plus(12 * HOUR_MS), start.plus(12 * HOUR_MS + HOUR_MS / 2)),
        (start.plus(18 * HOUR_MS), start.plus(90 * HOUR_MS)),
    ];
    let shades: Vec<_> = chart_of(&view)
        .shades
        .iter()
        .map(|shade| (shade.from_x * 24.0, shade.to_x * 24.0, shade.is_paused))
        .collect();
    assert_eq!(
        shades,
        [(0.0, 6.0, true), (12.0, 12.5, false), (18.0, 24.0, false)]
    );
}

#[test]
fn a_correction_of_the_day_is_said_but_in_no_hour() {
    let mut view = view(Tz::Asia__Tokyo, "2026-04-01", |_| Some(5));
    view.day = DaySteps::new(date("2026-04-01"), Some(120), Some(500), 70_000, true);
    let chart = chart_of(&view);
    let kinds: Vec<MarkKind> = chart.marks.iter().map(|mark| mark.kind).collect();
    assert_eq!(
        kinds,
        [
            MarkKind::ZoneChange,
            MarkKind::Corrected,
            MarkKind::Quarantined { steps: 70_000 }
        ]
    );
    assert_eq!(chart.series.len(), 1);
    assert_eq!(chart.facts.total, Some(ValueLabel::Steps { steps: 620 }));
}

#[test]
fn marks_of_the_day_are_heard_where_its_first_hour_is_a_gap_and_in_the_summary() {
    let mut view = view(Tz::Asia__Tokyo, "2026-04-01", |index| (index == 9).then_some(120));
    view.day = DaySteps::new(date("2026-04-01"), Some(120), Some(500), 70_000, true);
    let chart = chart_of(&view);
    let kinds = [
        MarkKind::ZoneChange,
        MarkKind::Corrected,
        MarkKind::Quarantined { steps: 70_000 },
    ];
    let night = chart.select_bucket(3).unwrap();
    assert!(matches!(night.found, Found::Gap { .. }));
    assert!(
        night
            .spoken
            .ends_with(&kinds.map(|mark| SpokenPart::Mark { mark }))
    );
    assert_eq!(chart.facts.marks, kinds);
    let evening = chart.select_bucket(20).unwrap();
    assert_eq!(evening.spoken.len(), 2, "{:?}", evening.spoken);
}

#[test]
fn the_date_that_is_asked_for_says_what_is_to_come_and_the_clock_only_for_today() {
    let empty = view(Tz::Asia__Tokyo, "2026-04-02", |_| None);
    let noon = empty.hours[12].slot.from;
    let on = |today: &str, now: UtcMillis| {
        let chart = hour_chart(&HourChartInput {
            date: date("2026-04-02"),
            view: &empty,
            today: date(today),
            now,
            first_measured: Some(date("2026-03-01")),
        });
        let gaps: Vec<_> = chart.gaps.iter().map(|gap| (gap.to, gap.reason)).collect();
        let incomplete = chart.buckets.iter().filter(|bucket| bucket.is_incomplete).count();
        (gaps, incomplete, chart.marks)
    };
    let today = Mark {
        index: 12,
        kind: MarkKind::Today,
    };
    let (no_data, future) = (GapReason::NoData, GapReason::Future);
    assert_eq!(
        on("2026-04-01", UtcMillis::YEAR_2100),
        (vec![(23, future)], 24, vec![])
    );
    assert_eq!(
        on("2026-04-02", noon),
        (vec![(12, no_data), (23, future)], 12, vec![today])
    );
    assert_eq!(on("2026-04-03", UtcMillis(0)), (vec![(23, no_data)], 0, vec![]));
}

#[test]
fn a_date_without_data_is_one_gap_with_the_name_of_the_date() {
    let mut empty = view(Tz::Asia__Tokyo, "2026-04-01", |_| None);
    empty.day = DaySteps::unknown(date("2026-04-01"));
    let chart = chart_of(&empty);
    assert!(chart.is_empty());
    assert_eq!(chart.gaps.len(), 1);
    assert_eq!(
        chart.select(0.4).unwrap().when,
        TimeLabel::Day {
            date: date("2026-04-01")
        }
    );
    assert_sound(&chart);
}
