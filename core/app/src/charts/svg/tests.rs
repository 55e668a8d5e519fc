#![allow(
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]

use super::theme::Palette;
use super::*;
use crate::charts::samples::{
    date, dates, day, steps_input, steps_of_a_month, steps_of_ten_years, weight_of_a_month,
    weight_without_a_time, weights_of_one_date,
};
use crate::charts::test_words::PlainWords;
use crate::charts::{
    DatedValue, Facts, GapReason, LineKind, MarkKind, Role, Span, StepChartInput, Subject, TimeLabel,
    TimeTick, ValueLabel, step_chart,
};

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
                        assert!(!frame.touches(taken), "{place} covers {other}");
                    }
                }
            }
        }
    }
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
        height_px: 220,
        ..SvgOptions::default()
    };
    insta::assert_snapshot!(write(&chart, &PlainWords, &options), @r##"
    <svg xmlns="http://www.w3.org/2000/svg" width="320" height="220" viewBox="0 0 320 220" role="img" aria-label="Steps" font-family="Inter, &#39;Noto Sans JP&#39;, &#39;Hiragino Sans&#39;, &#39;Noto Sans&#39;, sans-serif">
    <title>Steps</title>
    <desc>1 Apr 2026 – 3 Apr 2026: 2 of 3 days, mean 600 steps</desc>
    <rect x="0" y="0" width="320" height="220" rx="14" fill="#ffffff"/>
    <text x="24" y="36" font-size="18" fill="#1d2730" font-weight="600">Steps</text>
    <text x="24" y="57" font-size="12.5" fill="#5a6773">1 Apr 2026 – 3 Apr 2026</text>
    <path d="M57.3 154L296 154" fill="none" stroke="#e9edf0" stroke-width="1"/>
    <text x="47.3" y="158.5" font-size="12.5" fill="#5a6773" text-anchor="end">0</text>
    <path d="M57.3 135.3L296 135.3" fill="none" stroke="#e9edf0" stroke-width="1"/>
    <text x="47.3" y="139.8" font-size="12.5" fill="#5a6773" text-anchor="end">200</text>
    <path d="M57.3 116.7L296 116.7" fill="none" stroke="#e9edf0" stroke-width="1"/>
    <text x="47.3" y="121.2" font-size="12.5" fill="#5a6773" text-anchor="end">400</text>
    <path d="M57.3 98L296 98" fill="none" stroke="#e9edf0" stroke-width="1"/>
    <text x="47.3" y="102.5" font-size="12.5" fill="#5a6773" text-anchor="end">600</text>
    <g><title>no data</title>
    <path d="M136.8 102.5L141.3 98M136.8 111.5L150.3 98M136.8 120.5L159.3 98M136.8 129.5L168.3 98M136.8 138.5L177.3 98M136.8 147.5L186.3 98M139.3 154L195.3 98M148.3 154L204.3 98M157.3 154L213.3 98M166.3 154L216.4 103.9M175.3 154L216.4 112.9M184.3 154L216.4 121.9M193.3 154L216.4 130.9M202.3 154L216.4 139.9M211.3 154L216.4 148.9" fill="none" stroke="#dde3e8" stroke-width="1.2"/>
    </g>
    <g><title>1 Apr 2026 600 steps</title>
    <path d="M71 154V103Q71 98 76 98H118Q123 98 123 103V154Z" fill="#2c8a80"/>
    </g>
    <g><title>3 Apr 2026 400 steps</title>
    <path d="M231 154V117.5Q231 117.5 231 117.5H281.4Q281.4 117.5 281.4 117.5V154Z" fill="#d5ebe8" stroke="#2c8a80" stroke-width="1.6"/>
    </g>
    <g><title>3 Apr 2026 100 steps</title>
    <path d="M230.2 116.7V112.3Q230.2 107.3 235.2 107.3H277.2Q282.2 107.3 282.2 112.3V116.7Z" fill="#ffffff" stroke="#b9731c" stroke-width="1.4"/>
    <path d="M230.9 111.6L233.2 109.3M230.9 116.1L237.7 109.3M234.8 116.7L242.2 109.3M239.3 116.7L246.7 109.3M243.8 116.7L251.2 109.3M248.3 116.7L255.7 109.3M252.8 116.7L260.2 109.3M257.3 116.7L264.7 109.3M261.8 116.7L269.2 109.3M266.3 116.7L273.7 109.3M270.8 116.7L278.2 109.3M275.3 116.7L281.5 110.5M279.8 116.7L281.5 115" fill="none" stroke="#b9731c" stroke-width="1.4"/>
    </g>
    <path d="M57.3 98L296 98" fill="none" stroke="#5a6773" stroke-width="1.6" stroke-dasharray="1.5 4"/>
    <text x="288" y="102" font-size="12.5" fill="#5a6773" font-weight="600" text-anchor="end" stroke="#ffffff" stroke-width="4" stroke-linejoin="round" paint-order="stroke">Average 600</text>
    <text x="176.6" y="126" font-size="12.5" fill="#5a6773" text-anchor="middle" stroke="#ffffff" stroke-width="4" stroke-linejoin="round" paint-order="stroke">no data</text>
    <path d="M57.3 154L296 154" fill="none" stroke="#b4bec7" stroke-width="1.2"/>
    <path d="M97 154L97 158" fill="none" stroke="#b4bec7" stroke-width="1.2"/>
    <text x="97" y="176" font-size="12.5" fill="#5a6773" text-anchor="middle">1 Apr</text>
    <path d="M176.6 154L176.6 158" fill="none" stroke="#b4bec7" stroke-width="1.2"/>
    <text x="176.6" y="176" font-size="12.5" fill="#5a6773" text-anchor="middle">2</text>
    <path d="M256.2 154L256.2 158" fill="none" stroke="#b4bec7" stroke-width="1.2"/>
    <text x="256.2" y="176" font-size="12.5" fill="#5a6773" text-anchor="middle">3</text>
    <g><title>Corrected</title>
    <polygon points="256.2,85 261.2,90 256.2,95 251.2,90" fill="#b9731c" stroke="#b9731c" stroke-width="1" stroke-linejoin="round"/>
    </g>
    <g><title>Today so far</title>
    <polygon points="251.7,163.5 260.7,163.5 256.2,156.5" fill="#1d2730" stroke="#1d2730" stroke-width="1" stroke-linejoin="round"/>
    </g>
    <rect x="27" y="187" width="12" height="12" rx="3" fill="#2c8a80"/>
    <text x="49" y="197.5" font-size="12.5" fill="#5a6773">Measured</text>
    <path d="M135.6 199V190Q135.6 187 138.6 187H144.6Q147.6 187 147.6 190V199Z" fill="#ffffff" stroke="#b9731c" stroke-width="1.4"/>
    <path d="M136.3 190.5L138.6 188.2M136.3 195L143.1 188.2M136.8 199L146.9 188.8M141.3 199L146.9 193.3M145.8 199L146.9 197.8" fill="none" stroke="#b9731c" stroke-width="1.4"/>
    <text x="157.6" y="197.5" font-size="12.5" fill="#5a6773">Added by hand</text>
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
