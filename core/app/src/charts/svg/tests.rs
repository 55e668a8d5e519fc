use super::theme::Palette;
use super::*;
use crate::charts::samples::{
    date, dates, day, steps_input, steps_of_a_month, steps_of_ten_years, weight_of_a_month,
    weights_of_one_date,
};
use crate::charts::test_words::PlainWords;
use crate::charts::{
    DatedValue, Facts, GapReason, LineKind, MarkKind, Role, Span, StepChartInput, TimeLabel, TimeTick,
    ValueLabel, step_chart,
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
    fn untimed(&self, _: Option<&ValueLabel>) -> String {
        "時刻なし".to_owned()
    }
    fn mark(&self, _: &MarkKind) -> String {
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
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
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
