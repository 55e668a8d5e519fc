#![allow(
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]

use super::layout::Layout;
use super::missing::drawn_gaps;
use super::theme::Palette;
use super::*;
use crate::charts::hours::{HourChartInput, hour_chart};
use crate::charts::samples::{
    date, dates, day, steps_input, steps_of_a_month, steps_of_a_week, steps_of_ten_years, weight_of_a_month,
    weight_without_a_time, weights_of_one_date,
};
use crate::charts::test_words::PlainWords;
use crate::charts::{
    DatedValue, Facts, GapReason, LineKind, MarkKind, Role, Shade, Span, StepChartInput, Subject, TimeLabel,
    TimeTick, ValueLabel, step_chart,
};
use crate::steps::{DayByHour, DaySteps, HourOfDay};
use crate::time::{DayStart, Tz, UtcMillis, ZoneOffsets};

/// Long words in full-width characters, and markup.
struct WideWords;

impl LabelFormatter for WideWords {
    fn time_tick(&self, tick: &TimeTick) -> String {
        format!("令和{}", PlainWords.time_tick(tick))
    }
    fn time(&self, _: &TimeLabel) -> String {
        "二〇二六年四月一日から二〇二六年四月三十日まで".to_owned()
    }
    fn value_tick(&self, label: &ValueLabel) -> String {
        format!("{}歩", PlainWords.value_tick(label))
    }
    fn value(&self, label: &ValueLabel) -> String {
        self.value_tick(label)
    }
    fn line(&self, kind: LineKind, value: Option<&ValueLabel>) -> String {
        format!("目標の値は{}", PlainWords.line(kind, value))
    }
    fn title(&self, _: &Chart) -> String {
        "歩数 <script>&\"'".to_owned()
    }
    fn summary(&self, _: &Facts) -> String {
        "要約 <b>".to_owned()
    }
    fn gap(&self, _: GapReason) -> String {
        "データなし".to_owned()
    }
    fn series(&self, _: Role) -> String {
        "手で加えた歩数の長い長い名前".to_owned()
    }
    fn shade(&self, _: bool) -> String {
        "一時停止".to_owned()
    }
    fn without_time_of_day(&self) -> String {
        "この記録には時刻がありません".to_owned()
    }
    fn untimed(&self, _: Option<&ValueLabel>) -> String {
        "時刻なし".to_owned()
    }
    fn mark(&self, _: &MarkKind, _: Subject) -> String {
        "移動した日の長い説明がここに入ります".to_owned()
    }
    fn dated(&self, _: &DatedValue) -> String {
        "日付と値".to_owned()
    }
}

fn charts() -> Vec<Chart> {
    let mut empty = steps_of_a_month();
    empty.series.clear();
    vec![
        steps_of_a_month(),
        steps_of_a_week(),
        steps_of_ten_years(),
        weight_of_a_month(false),
        weight_of_a_month(true),
        weights_of_one_date(),
        weight_without_a_time(false),
        weight_without_a_time(true),
        goal_and_average_at_the_bottom(),
        empty,
    ]
}

/// Today's many steps leave goal and average next to each other on the axis.
fn goal_and_average_at_the_bottom() -> Chart {
    let days = [
        day("2026-04-01", Some(0), None),
        day("2026-04-02", Some(30_000), None),
    ];
    step_chart(&StepChartInput {
        goal: Some(1),
        today: date("2026-04-02"),
        ..steps_input(Span::Week, dates("2026-03-29", "2026-04-05"), &days)
    })
}

fn attribute<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let after = element.split_once(&format!(" {name}=\""))?.1;
    Some(after.split_once('"')?.0)
}

/// Every text of a picture: its words and the frame it takes.
fn texts(svg: &str) -> Vec<(String, Frame)> {
    svg.lines()
        .filter(|line| line.starts_with("<text"))
        .map(|line| {
            let number = |name| attribute(line, name).unwrap().parse::<f64>().unwrap();
            let (words, _) = line.split_once('>').unwrap().1.split_once('<').unwrap();
            let words = words.replace("&lt;", "<").replace("&amp;", "&");
            let words = words.replace("&quot;", "\"").replace("&#39;", "'");
            let size = number("font-size");
            let width = text::width(&words, size);
            let left = match attribute(line, "text-anchor") {
                Some("middle") => number("x") - width / 2.0,
                Some("end") => number("x") - width,
                _ => number("x"),
            };
            let frame = Frame {
                left,
                right: left + width,
                top: number("y") - size * 0.75,
                bottom: number("y"),
            };
            (words, frame)
        })
        .collect()
}

fn touches(one: &Frame, other: &Frame) -> bool {
    one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom
}

#[test]
fn no_text_leaves_the_picture_or_covers_another_at_any_size_in_any_script() {
    let words: [&dyn LabelFormatter; 2] = [&PlainWords, &WideWords];
    for (which, chart) in charts().iter().enumerate() {
        for words in words {
            for (width_px, height_px) in [(240, 180), (360, 300), (640, 320), (880, 440), (1600, 900)] {
                let options = SvgOptions {
                    width_px,
                    height_px,
                    ..SvgOptions::default()
                };
                let texts = texts(&write(chart, words, &options));
                assert!(texts.len() > 1);
                for (index, (one, frame)) in texts.iter().enumerate() {
                    let place = format!("chart {which}, {width_px} x {height_px}: {one}");
                    assert!(frame.left >= 0.0 && frame.right <= f64::from(width_px), "{place}");
                    assert!(
                        frame.top >= 0.0 && frame.bottom <= f64::from(height_px),
                        "{place}"
                    );
                    for (other, taken) in texts.iter().skip(index + 1) {
                        assert!(!touches(frame, taken), "{place} covers {other}");
                    }
                }
            }
        }
    }
}

fn layout(chart: &Chart, words: &dyn LabelFormatter, (width, height): (u32, u32)) -> Layout {
    Layout::new(chart, words, f64::from(width), f64::from(height))
}

fn picture(chart: &Chart, words: &dyn LabelFormatter, (width_px, height_px): (u32, u32)) -> String {
    let options = SvgOptions {
        width_px,
        height_px,
        ..SvgOptions::default()
    };
    write(chart, words, &options)
}

#[test]
fn without_room_beside_the_plot_goal_and_average_stand_below_it_and_over_no_bar() {
    let size = (360, 300);
    let chart = steps_of_a_month();
    let layout = layout(&chart, &PlainWords, size);
    assert!(!layout.has_gutter);
    let texts = texts(&picture(&chart, &PlainWords, size));
    for name in ["Goal 8,000", "Average "] {
        let (_, frame) = texts.iter().find(|(words, _)| words.starts_with(name)).unwrap();
        assert!(frame.top > layout.plot.bottom, "{name}");
    }
}

#[test]
fn the_plot_keeps_45_percent_of_a_phones_picture_whatever_the_legend_would_say() {
    let words: [&dyn LabelFormatter; 2] = [&PlainWords, &WideWords];
    for chart in charts() {
        for words in words {
            for size in [(360, 300), (360, 320), (360, 640), (550, 340), (880, 440)] {
                let layout = layout(&chart, words, size);
                let share = layout.plot.height() / layout.picture.height();
                assert!(share >= 0.45, "{size:?}: {share}");
            }
        }
    }
}

#[test]
fn hatching_without_room_for_its_word_is_named_in_the_legend() {
    let no_data = |chart: &Chart| {
        let size = (880, 440);
        let plot = layout(chart, &PlainWords, size).plot;
        let inside = |frame: &Frame| frame.bottom < plot.bottom;
        let texts = texts(&picture(chart, &PlainWords, size));
        let found = texts.into_iter().filter(|(words, _)| words == "no data");
        let (in_plot, in_legend): (Vec<_>, Vec<_>) = found.partition(|(_, frame)| inside(frame));
        (in_plot.len(), in_legend.len())
    };
    // Two days wide and one day wide.
    assert_eq!(no_data(&steps_of_a_month()), (0, 1));
    assert_eq!(no_data(&steps_of_a_week()), (2, 0));
    assert_eq!(no_data(&weight_of_a_month(false)), (1, 0));
}

#[test]
fn the_word_for_a_gap_stands_clear_of_the_line_across_it() {
    let chart = weight_of_a_month(false);
    let bridge = chart.gaps.iter().find_map(|gap| gap.bridge).unwrap();
    for size in [(480, 340), (880, 440), (1600, 900)] {
        let plot = layout(&chart, &PlainWords, size).plot;
        let gap = drawn_gaps(&chart, &PlainWords, plot).remove(0);
        let (centre, baseline) = gap.word_at.unwrap();
        let half = text::width(&gap.words, LABEL_PX) / 2.0;
        let ((from_x, from_y), (to_x, to_y)) = bridge;
        let is_crossed = (0..=100).any(|share| {
            let share = f64::from(share) / 100.0;
            let x = plot.x(from_x + share * (to_x - from_x));
            let y = plot.y(from_y + share * (to_y - from_y));
            (x - centre).abs() <= half && (baseline - LABEL_PX..=baseline + 3.0).contains(&y)
        });
        assert!(!is_crossed, "{size:?}");
    }
}

#[test]
fn a_pause_leans_the_other_way_than_missing_data_and_what_is_left_out_is_not_missing() {
    let leans = |svg: &str, words: &str| -> f64 {
        let (_, group) = svg.split_once(&format!("<title>{words}</title>")).unwrap();
        let (_, path) = group.split_once("d=\"M").unwrap();
        let numbers: Vec<f64> = path
            .split(['M', 'L', ' ', '"'])
            .take(4)
            .map(|number| number.parse().unwrap())
            .collect();
        ((numbers[3] - numbers[1]) / (numbers[2] - numbers[0])).signum()
    };
    let mut chart = steps_of_a_week();
    chart.gaps[1].reason = GapReason::Paused;
    let svg = picture(&chart, &PlainWords, (880, 440));
    let missing = leans(&svg, "no data");
    assert!((missing + leans(&svg, "paused")).abs() < 1e-9);
    chart.shades = vec![Shade {
        from_x: 0.6,
        to_x: 1.0,
        is_paused: true,
    }];
    let svg = picture(&chart, &PlainWords, (880, 440));
    assert!((missing + leans(&svg, "Paused")).abs() < 1e-9);

    let mut chart = steps_of_a_week();
    let gap = chart.gaps[1];
    let (from_x, to_x) = (chart.x_of(gap.from as f64 - 0.5), chart.x_of(gap.to as f64 + 0.5));
    let plot = layout(&chart, &PlainWords, (880, 440)).plot;
    let hatched = |chart: &Chart| -> f64 {
        let gaps = drawn_gaps(chart, &PlainWords, plot);
        gaps.iter().flat_map(|gap| &gap.stretches).map(Frame::width).sum()
    };
    let all = hatched(&chart);
    let is_paused = false;
    chart.shades = vec![Shade {
        from_x,
        to_x,
        is_paused,
    }];
    let rest = hatched(&chart);
    assert!((all - rest - (to_x - from_x) * plot.width()).abs() < 1e-9);
}

#[test]
fn a_few_pixels_lie_between_the_symbol_of_today_and_its_date() {
    let svg = picture(&steps_of_a_week(), &PlainWords, (360, 320));
    let (_, group) = svg.split_once("<title>Today so far</title>").unwrap();
    let lowest = attribute(group, "points")
        .unwrap()
        .split([' ', ','])
        .skip(1)
        .step_by(2)
        .map(|y| y.parse::<f64>().unwrap())
        .fold(0.0, f64::max);
    let texts = texts(&svg);
    let (_, frame) = texts.iter().find(|(words, _)| words == "12").unwrap();
    assert!(frame.top - lowest >= 5.0, "{lowest} {frame:?}");
}

#[test]
fn a_weight_without_a_time_of_day_is_told_in_large_digits_with_the_reason() {
    let svg = picture(&weight_without_a_time(false), &PlainWords, (880, 440));
    let value = svg.lines().find(|line| line.contains(">70.5 kg<")).unwrap();
    assert_eq!(attribute(value, "font-size"), Some("32"));
    assert!(svg.contains(">no time of day in these data<"));
    let concealed = picture(&weight_without_a_time(true), &PlainWords, (880, 440));
    assert!(concealed.contains(">without a time<") && !concealed.contains("70.5"));
}

#[test]
fn the_same_chart_gives_the_same_bytes_without_ids_and_numbers_that_are_none() {
    for chart in charts() {
        let options = SvgOptions::default();
        let svg = write(&chart, &PlainWords, &options);
        assert_eq!(svg, write(&chart, &PlainWords, &options));
        assert!(
            !svg.contains("NaN") && !svg.contains("inf") && !svg.contains(" id="),
            "{svg}"
        );
        assert_eq!(svg.matches("<g>").count(), svg.matches("</g>").count());
    }
}

#[test]
fn words_are_never_markup() {
    let svg = write(&steps_of_a_month(), &WideWords, &SvgOptions::default());
    assert!(svg.contains("aria-label=\"歩数 &lt;script&gt;&amp;&quot;&#39;\""));
    assert!(svg.contains("<desc>要約 &lt;b&gt;</desc>"));
    assert!(!svg.contains("<script>"));
}

#[cfg(feature = "import")]
#[test]
fn every_picture_is_well_formed_xml() {
    for chart in charts() {
        let svg = write(&chart, &WideWords, &SvgOptions::default());
        let mut reader = quick_xml::Reader::from_str(&svg);
        while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
    }
}

#[test]
fn a_missing_day_is_hatched_and_named_and_a_measured_zero_is_a_bar() {
    let svg = write(&steps_of_a_month(), &PlainWords, &SvgOptions::default());
    assert!(svg.contains("<g><title>no data</title>"));
    assert!(svg.contains("<title>3 Apr 2026 0 steps</title>"));
}

/// From Dubai at 7:00 to Tokyo, where it was 12:00.
fn travel_day() -> Chart {
    let on = date("2026-04-01");
    let slots = |zone: Tz| ZoneOffsets::new(zone).slots_of(on, DayStart::MIDNIGHT);
    let (dubai, tokyo) = (slots(Tz::Asia__Dubai), slots(Tz::Asia__Tokyo));
    let hours = dubai.into_iter().take(7).chain(tokyo.into_iter().skip(12));
    let view = DayByHour {
        hours: hours
            .map(|slot| HourOfDay {
                slot,
                steps: Some(100),
            })
            .collect(),
        paused: Vec::new(),
        excluded: Vec::new(),
        day: DaySteps::new(on, Some(1900), None, 0, true),
    };
    hour_chart(&HourChartInput {
        date: on,
        view: &view,
        today: date("2026-04-02"),
        now: UtcMillis::YEAR_2100,
        first_measured: Some(on),
    })
}

#[test]
fn on_a_travel_day_only_the_label_of_an_hour_falls_out_that_would_touch_its_neighbour() {
    let shown = |width_px: u32| -> Vec<String> {
        let options = SvgOptions {
            width_px,
            ..SvgOptions::default()
        };
        let texts = texts(&write(&travel_day(), &PlainWords, &options));
        let words = texts.into_iter().map(|(words, _)| words);
        words.filter(|words| words.ends_with(":00")).collect()
    };
    assert_eq!(shown(1600), ["0:00", "6:00", "12:00", "18:00"]);
    assert_eq!(shown(400), ["0:00", "6:00", "18:00"]);
}

#[test]
fn an_empty_picture_says_why_it_is_empty() {
    let said = |today: &str, first_measured: Option<&str>, is_paused: bool| -> Vec<String> {
        let chart = step_chart(&StepChartInput {
            today: date(today),
            first_measured: first_measured.map(date),
            is_paused: &|_| is_paused,
            ..steps_input(Span::Week, dates("2026-04-01", "2026-04-08"), &[])
        });
        let texts = texts(&write(&chart, &PlainWords, &SvgOptions::default()));
        texts.into_iter().map(|(words, _)| words).skip(2).collect()
    };
    let measured = Some("2026-03-01");
    assert_eq!(said("2026-04-07", measured, false), ["no data"]);
    assert_eq!(
        said("2026-04-04", measured, true),
        ["paused"],
        "and three days to come"
    );
    assert_eq!(said("2026-03-31", measured, false), ["to come"]);
    assert_eq!(said("2026-04-04", None, false), ["not yet measured"]);
}

#[test]
fn two_days_and_a_gap_are_this_picture() {
    let days = [
        day("2026-04-01", Some(600), None),
        day("2026-04-03", Some(400), Some(100)),
    ];
    let chart = step_chart(&StepChartInput {
        today: date("2026-04-03"),
        ..steps_input(Span::All, dates("2026-04-01", "2026-04-04"), &days)
    });
    let options = SvgOptions {
        width_px: 320,
        height_px: 300,
        ..SvgOptions::default()
    };
    insta::assert_snapshot!(write(&chart, &PlainWords, &options), @r##"
    <svg xmlns="http://www.w3.org/2000/svg" width="320" height="300" viewBox="0 0 320 300" role="img" aria-label="Steps" font-family="Inter, &#39;Noto Sans JP&#39;, &#39;Hiragino Sans&#39;, &#39;Noto Sans&#39;, sans-serif">
    <title>Steps</title>
    <desc>1 Apr 2026 – 3 Apr 2026: 2 of 3 days, mean 600 steps</desc>
    <rect x="0" y="0" width="320" height="300" rx="14" fill="#ffffff"/>
    <text x="24" y="36" font-size="18" fill="#1d2730" font-weight="600">Steps</text>
    <text x="24" y="57" font-size="12.5" fill="#5a6773">1 Apr 2026 – 3 Apr 2026</text>
    <path d="M57.3 232L296 232" fill="none" stroke="#e9edf0" stroke-width="1"/>
    <text x="47.3" y="236.5" font-size="12.5" fill="#5a6773" text-anchor="end">0</text>
    <path d="M57.3 185L296 185" fill="none" stroke="#e9edf0" stroke-width="1"/>
    <text x="47.3" y="189.5" font-size="12.5" fill="#5a6773" text-anchor="end">200</text>
    <path d="M57.3 138L296 138" fill="none" stroke="#e9edf0" stroke-width="1"/>
    <text x="47.3" y="142.5" font-size="12.5" fill="#5a6773" text-anchor="end">400</text>
    <path d="M57.3 91L296 91" fill="none" stroke="#e9edf0" stroke-width="1"/>
    <text x="47.3" y="95.5" font-size="12.5" fill="#5a6773" text-anchor="end">600</text>
    <g><title>no data</title>
    <path d="M136.8 95.5L141.3 91M136.8 104.5L150.3 91M136.8 113.5L159.3 91M136.8 122.5L168.3 91M136.8 131.5L177.3 91M136.8 140.5L186.3 91M136.8 149.5L195.3 91M136.8 158.5L204.3 91M136.8 167.5L213.3 91M136.8 176.5L216.4 96.9M136.8 185.5L216.4 105.9M136.8 194.5L216.4 114.9M136.8 203.5L216.4 123.9M136.8 212.5L216.4 132.9M136.8 221.5L216.4 141.9M136.8 230.5L216.4 150.9M144.3 232L216.4 159.9M153.3 232L216.4 168.9M162.3 232L216.4 177.9M171.3 232L216.4 186.9M180.3 232L216.4 195.9M189.3 232L216.4 204.9M198.3 232L216.4 213.9M207.3 232L216.4 222.9M216.3 232L216.4 231.9" fill="none" stroke="#dde3e8" stroke-width="1.2"/>
    </g>
    <g><title>1 Apr 2026 600 steps</title>
    <path d="M71 232V96Q71 91 76 91H118Q123 91 123 96V232Z" fill="#2c8a80"/>
    </g>
    <g><title>3 Apr 2026 400 steps</title>
    <path d="M231 232V138.8Q231 138.8 231 138.8H281.4Q281.4 138.8 281.4 138.8V232Z" fill="#d5ebe8" stroke="#2c8a80" stroke-width="1.6"/>
    </g>
    <g><title>3 Apr 2026 100 steps</title>
    <path d="M230.2 138V119.5Q230.2 114.5 235.2 114.5H277.2Q282.2 114.5 282.2 119.5V138Z" fill="#ffffff" stroke="#b9731c" stroke-width="1.4"/>
    <path d="M230.9 118.8L233.2 116.5M230.9 123.3L237.7 116.5M230.9 127.8L242.2 116.5M230.9 132.3L246.7 116.5M230.9 136.8L251.2 116.5M234.2 138L255.7 116.5M238.7 138L260.2 116.5M243.2 138L264.7 116.5M247.7 138L269.2 116.5M252.2 138L273.7 116.5M256.7 138L278.2 116.5M261.2 138L281.5 117.6M265.7 138L281.5 122.1M270.2 138L281.5 126.6M274.7 138L281.5 131.1M279.2 138L281.5 135.6" fill="none" stroke="#b9731c" stroke-width="1.4"/>
    </g>
    <path d="M57.3 91L296 91" fill="none" stroke="#5a6773" stroke-width="1.6" stroke-dasharray="1.5 4"/>
    <text x="176.6" y="166" font-size="12.5" fill="#5a6773" text-anchor="middle" stroke="#ffffff" stroke-width="4" stroke-linejoin="round" paint-order="stroke">no data</text>
    <path d="M57.3 232L296 232" fill="none" stroke="#b4bec7" stroke-width="1.2"/>
    <path d="M97 232L97 236" fill="none" stroke="#b4bec7" stroke-width="1.2"/>
    <text x="97" y="256" font-size="12.5" fill="#5a6773" text-anchor="middle">1 Apr</text>
    <path d="M176.6 232L176.6 236" fill="none" stroke="#b4bec7" stroke-width="1.2"/>
    <text x="176.6" y="256" font-size="12.5" fill="#5a6773" text-anchor="middle">2</text>
    <path d="M256.2 232L256.2 236" fill="none" stroke="#b4bec7" stroke-width="1.2"/>
    <text x="256.2" y="256" font-size="12.5" fill="#5a6773" text-anchor="middle">3</text>
    <g><title>Corrected</title>
    <polygon points="256.2,78 261.2,83 256.2,88 251.2,83" fill="#b9731c" stroke="#b9731c" stroke-width="1" stroke-linejoin="round"/>
    </g>
    <g><title>Today so far</title>
    <polygon points="251.7,240.5 260.7,240.5 256.2,233.5" fill="#1d2730" stroke="#1d2730" stroke-width="1" stroke-linejoin="round"/>
    </g>
    <path d="M24 273L42 273" fill="none" stroke="#5a6773" stroke-width="1.6" stroke-dasharray="1.5 4"/>
    <text x="49" y="277.5" font-size="12.5" fill="#5a6773">Average 600</text>
    <rect x="152.5" y="267" width="12" height="12" rx="3" fill="#2c8a80"/>
    <text x="174.5" y="277.5" font-size="12.5" fill="#5a6773">Measured</text>
    </svg>
    "##);
}

#[test]
fn concealed_values_are_in_no_word_of_the_picture() {
    let svg = write(&weight_of_a_month(true), &PlainWords, &SvgOptions::default());
    for (words, _) in texts(&svg) {
        assert!(!words.contains('.') && !words.contains("kg"), "{words}");
    }
    assert!(!svg.contains(" kg"));
}

/// Contrast of two colours. Source: WCAG 2.2, "relative luminance" and "contrast ratio".
fn contrast(one: &str, other: &str) -> f64 {
    let luminance = |colour: &str| {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(colour.get(at..at + 2).unwrap(), 16).unwrap()) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn both_themes_have_enough_contrast() {
    for theme in [Theme::Light, Theme::Dark] {
        let Palette {
            ground,
            ink,
            faint_ink,
            bar,
            correction,
            goal,
            average,
            trend,
            raw_point,
            ..
        } = *theme.palette();
        for text in [ink, faint_ink, goal, average] {
            assert!(contrast(text, ground) >= 4.5, "{theme:?} {text}");
        }
        for shape in [bar, correction, trend, raw_point] {
            assert!(contrast(shape, ground) >= 3.0, "{theme:?} {shape}");
        }
    }
}
