//! Plain English, for the tests of this module.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]

use chrono::Datelike as _;

use super::labels::LabelFormatter;
use super::model::{
    Chart, Facts, GapReason, LineKind, MarkKind, Role, Subject, TimeLabel, TimeTick, ValueLabel,
};
use crate::time::NaiveDate;

pub(super) struct PlainWords;

fn grouped(steps: i64) -> String {
    let digits = steps.unsigned_abs().to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if steps < 0 { format!("-{text}") } else { text }
}

fn day(date: NaiveDate) -> String {
    date.format("%-d %b %Y").to_string()
}

fn month(month: u32) -> &'static str {
    [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ][month as usize - 1]
}

impl LabelFormatter for PlainWords {
    fn time_tick(&self, tick: &TimeTick) -> String {
        match tick.label {
            TimeLabel::Day { date } if tick.is_first_of_unit => {
                format!("{} {}", date.day(), month(date.month()))
            }
            TimeLabel::Day { date } => date.day().to_string(),
            TimeLabel::Month { year, month: number } if tick.is_first_of_unit => {
                format!("{} {year}", month(number))
            }
            TimeLabel::Month { month: number, .. } => month(number).to_owned(),
            label => self.time(&label),
        }
    }

    fn time(&self, label: &TimeLabel) -> String {
        match *label {
            TimeLabel::Hour { hour } => format!("{hour}:00"),
            TimeLabel::Hours { from, to } => format!("{from}:00 to {to}:59"),
            TimeLabel::Day { date } => day(date),
            TimeLabel::Month { year, month: number } => format!("{} {year}", month(number)),
            TimeLabel::Year { year } => year.to_string(),
            TimeLabel::Dates { from, to } => format!("{} – {}", day(from), day(to)),
        }
    }

    fn value_tick(&self, label: &ValueLabel) -> String {
        match *label {
            ValueLabel::Steps { steps } => grouped(steps),
            ValueLabel::Kilograms { value, decimals } | ValueLabel::Pounds { value, decimals } => {
                format!("{value:.*}", usize::from(decimals))
            }
            ValueLabel::Stone {
                stone,
                pounds,
                decimals,
            } => format!("{stone} st {pounds:.*}", usize::from(decimals)),
        }
    }

    fn value(&self, label: &ValueLabel) -> String {
        let unit = match label {
            ValueLabel::Steps { .. } => " steps",
            ValueLabel::Kilograms { .. } => " kg",
            ValueLabel::Pounds { .. } => " lb",
            ValueLabel::Stone { .. } => "",
        };
        format!("{}{unit}", self.value_tick(label))
    }

    fn line(&self, kind: LineKind, value: Option<&ValueLabel>) -> String {
        let name = match kind {
            LineKind::Goal => "Goal",
            LineKind::Average => "Average",
        };
        value.map_or(name.to_owned(), |value| {
            format!("{name} {}", self.value_tick(value))
        })
    }

    fn title(&self, chart: &Chart) -> String {
        match chart.subject {
            Subject::Steps => "Steps",
            Subject::Weight => "Weight",
        }
        .to_owned()
    }

    fn summary(&self, facts: &Facts) -> String {
        let mean = facts.mean.map(|mean| format!(", mean {}", self.value(&mean)));
        format!(
            "{}: {} of {} days{}",
            self.time(&facts.period),
            facts.measured_days,
            facts.days,
            mean.unwrap_or_default()
        )
    }

    fn gap(&self, reason: GapReason) -> String {
        match reason {
            GapReason::NoData => "no data",
            GapReason::Paused => "paused",
            GapReason::BeforeFirst => "not yet measured",
            GapReason::Future => "to come",
        }
        .to_owned()
    }

    fn series(&self, role: Role) -> String {
        match role {
            Role::Bar => "Measured",
            Role::CorrectionAdded => "Added by hand",
            Role::CorrectionRemoved => "Taken away by hand",
            Role::RawPoint => "Readings",
            Role::Trend => "Trend",
            Role::Projection => "At this rate",
        }
        .to_owned()
    }

    fn shade(&self, is_paused: bool) -> String {
        if is_paused { "Paused" } else { "Left out" }.to_owned()
    }

    fn without_time_of_day(&self) -> String {
        "no time of day in these data".to_owned()
    }

    fn untimed(&self, value: Option<&ValueLabel>) -> String {
        value.map_or("without a time".to_owned(), |value| {
            format!("{}, without a time", self.value(value))
        })
    }

    fn mark(&self, kind: &MarkKind, subject: Subject) -> String {
        match kind {
            MarkKind::Today if subject == Subject::Steps => "Today so far".to_owned(),
            MarkKind::Today => "Today".to_owned(),
            MarkKind::ZoneChange => "Travel day".to_owned(),
            MarkKind::Corrected => "Corrected".to_owned(),
            MarkKind::Quarantined { steps } => format!("{} steps not counted", grouped(*steps)),
        }
    }
}
