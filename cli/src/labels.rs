//! Numbers, dates and chart labels in the words of one language.

use std::fmt::Display;

use ayumi_core::charts::{
    BucketUnit, Chart, DatedValue, Direction, Facts, GapReason, LabelFormatter, LineKind, MarkKind, Role,
    Subject, TimeLabel, TimeTick, ValueLabel,
};
use ayumi_core::steps::{DaySteps, roll_up_steps};
use ayumi_core::time::{DateRange, NaiveDate};
use ayumi_core::weight::{MassUnit, ShownWeight, WeighIn, Weight};
use chrono::{Datelike as _, Weekday};

use crate::arguments::Language;
use crate::text::{signed, thousands};
use crate::words::{Text, Word, say};

/// Puts keys into words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Labels {
    language: Language,
}

impl Labels {
    pub(crate) const fn new(language: Language) -> Self {
        Self { language }
    }

    pub(crate) const fn language(self) -> Language {
        self.language
    }

    /// The text of a key with its places filled.
    pub(crate) fn say(self, word: impl Text, arguments: &[(&str, &dyn Display)]) -> String {
        say(self.language, word, arguments)
    }

    /// The text of a key that has no place.
    pub(crate) fn word(self, word: impl Text) -> &'static str {
        word.template(self.language)
    }

    /// A date with its weekday.
    pub(crate) fn weekday_and_date(self, date: NaiveDate) -> String {
        self.date_in(Word::WeekdayAndDate, date)
    }

    /// A date with its year.
    pub(crate) fn date(self, date: NaiveDate) -> String {
        self.date_in(Word::Date, date)
    }

    /// The weekday of a date, short.
    pub(crate) fn weekday(self, date: NaiveDate) -> &'static str {
        self.word(match date.weekday() {
            Weekday::Mon => Word::Monday,
            Weekday::Tue => Word::Tuesday,
            Weekday::Wed => Word::Wednesday,
            Weekday::Thu => Word::Thursday,
            Weekday::Fri => Word::Friday,
            Weekday::Sat => Word::Saturday,
            Weekday::Sun => Word::Sunday,
        })
    }

    /// Several dates, both ends included; the year is named once if it is the same.
    pub(crate) fn dates(self, from: NaiveDate, to: NaiveDate) -> String {
        // The year stands first in Japanese and last in English.
        let is_same_year = from.year() == to.year();
        let (from_word, to_word) = match self.language {
            Language::En if is_same_year => (Word::DateWithoutYear, Word::Date),
            Language::Ja if is_same_year => (Word::Date, Word::DateWithoutYear),
            _ => (Word::Date, Word::Date),
        };
        let (from, to) = (self.date_in(from_word, from), self.date_in(to_word, to));
        self.say(Word::FromTo, &[("from", &from), ("to", &to)])
    }

    pub(crate) fn steps(self, steps: i64) -> String {
        if steps == 1 {
            self.word(Word::Step).to_owned()
        } else {
            self.say(Word::Steps, &[("steps", &thousands(steps))])
        }
    }

    pub(crate) fn days(self, days: u32) -> String {
        if days == 1 {
            self.word(Word::Day).to_owned()
        } else {
            self.say(Word::Days, &[("days", &thousands(i64::from(days)))])
        }
    }

    /// The mean of some days, which leaves today out if another day was measured.
    pub(crate) fn mean_of_days(self, known: &[DaySteps], range: DateRange, today: NaiveDate) -> String {
        let days = self.days(range.len());
        let roll_up = roll_up_steps(known, range, today);
        let Some(mean) = roll_up.mean else {
            return self.say(Word::NothingMeasured, &[("days", &days)]);
        };
        let is_today_measured = known.iter().any(|day| day.date == today && day.steps.is_some());
        let word = if is_today_measured && roll_up.measured_days > 1 {
            Word::MeanWithoutToday
        } else {
            Word::MeanOfDays
        };
        let mean = self.steps(mean);
        self.say(
            word,
            &[
                ("mean", &mean),
                ("measured", &roll_up.measured_days),
                ("days", &days),
            ],
        )
    }

    /// A weight as it was typed, with its unit.
    pub(crate) fn typed_weight(self, typed: &str, unit: MassUnit) -> String {
        // `10 st 4` names its unit itself.
        if typed.contains(unit.symbol()) {
            return typed.to_owned();
        }
        match unit {
            MassUnit::Kilogram => self.say(Word::Kilograms, &[("value", &typed)]),
            MassUnit::Pound => self.say(Word::Pounds, &[("value", &typed)]),
            MassUnit::Stone => self.say(Word::StoneAlone, &[("value", &typed)]),
        }
    }

    /// A stored weight in a unit of display.
    pub(crate) fn weight(self, weight: Weight, unit: MassUnit) -> String {
        let shown = weight.shown_in(unit);
        match shown {
            ShownWeight::Kilogram { .. } => self.say(Word::Kilograms, &[("value", &shown)]),
            ShownWeight::Pound { .. } | ShownWeight::Stone { .. } => {
                self.say(Word::Pounds, &[("value", &shown)])
            }
        }
    }

    /// A weigh-in exactly as it was typed, converted only if another unit was chosen since.
    pub(crate) fn weigh_in(self, weigh_in: &WeighIn, unit: MassUnit) -> String {
        if weigh_in.unit == unit {
            self.typed_weight(&weigh_in.typed, weigh_in.unit)
        } else {
            self.weight(weigh_in.weight, unit)
        }
    }

    /// Kilograms with the two decimals in which the programme counts.
    pub(crate) fn ten_grams(self, units: u32) -> String {
        let value = format!("{}.{:02}", units / 100, units % 100);
        self.say(Word::Kilograms, &[("value", &value)])
    }

    /// Centimetres with the one decimal in which the programme counts.
    pub(crate) fn millimetres(self, mm: u32) -> String {
        let value = format!("{}.{}", mm / 10, mm % 10);
        self.say(Word::Centimetres, &[("value", &value)])
    }

    fn date_in(self, word: Word, date: NaiveDate) -> String {
        let (year, day) = (date.year(), date.day());
        let weekday = self.weekday(date);
        let month = self.month(date.month());
        self.say(
            word,
            &[
                ("weekday", &weekday),
                ("year", &year),
                ("month", &month),
                ("day", &day),
            ],
        )
    }

    fn month(self, month: u32) -> &'static str {
        self.word(match month {
            1 => Word::January,
            2 => Word::February,
            3 => Word::March,
            4 => Word::April,
            5 => Word::May,
            6 => Word::June,
            7 => Word::July,
            8 => Word::August,
            9 => Word::September,
            10 => Word::October,
            11 => Word::November,
            _ => Word::December,
        })
    }

    /// A change per week with its sign.
    pub(crate) fn change(self, change: &ValueLabel) -> String {
        let (word, value, decimals) = match *change {
            ValueLabel::Kilograms { value, decimals } => (Word::Kilograms, value, decimals),
            ValueLabel::Pounds { value, decimals } => (Word::Pounds, value, decimals),
            ValueLabel::Stone { .. } | ValueLabel::Steps { .. } => return self.value(change),
        };
        self.say(word, &[("value", &signed(value, usize::from(decimals)))])
    }
}

fn decimal(value: f64, decimals: u8) -> String {
    format!("{value:.0$}", usize::from(decimals))
}

impl LabelFormatter for Labels {
    fn time_tick(&self, tick: &TimeTick) -> String {
        match tick.label {
            TimeLabel::Hour { hour } => self.say(Word::Hour, &[("hour", &hour)]),
            TimeLabel::Day { date } | TimeLabel::Dates { from: date, .. } if tick.is_first_of_unit => {
                self.date_in(Word::DateWithoutYear, date)
            }
            TimeLabel::Day { date } | TimeLabel::Dates { from: date, .. } => {
                self.date_in(Word::DayOfMonth, date)
            }
            TimeLabel::Month { year, month } if tick.is_first_of_unit => self.say(
                Word::MonthAndYear,
                &[("year", &year), ("month", &self.month(month))],
            ),
            TimeLabel::Month { month, .. } => self.month(month).to_owned(),
            TimeLabel::Hours { .. } | TimeLabel::Year { .. } => self.time(&tick.label),
        }
    }

    fn time(&self, label: &TimeLabel) -> String {
        match *label {
            TimeLabel::Hour { hour } => self.say(Word::HourLong, &[("hour", &hour)]),
            TimeLabel::Hours { from, to } => self.say(Word::HoursLong, &[("from", &from), ("to", &to)]),
            TimeLabel::Day { date } => self.date(date),
            TimeLabel::Month { year, month } => self.say(
                Word::MonthAndYear,
                &[("year", &year), ("month", &self.month(month))],
            ),
            TimeLabel::Year { year } => self.say(Word::Year, &[("year", &year)]),
            TimeLabel::Dates { from, to } => self.dates(from, to),
        }
    }

    fn value_tick(&self, label: &ValueLabel) -> String {
        match *label {
            ValueLabel::Steps { steps } => thousands(steps),
            ValueLabel::Kilograms { value, decimals } | ValueLabel::Pounds { value, decimals } => {
                decimal(value, decimals)
            }
            ValueLabel::Stone {
                stone,
                pounds,
                decimals,
            } => self.say(
                Word::Stone,
                &[("stone", &stone), ("pounds", &decimal(pounds, decimals))],
            ),
        }
    }

    fn value(&self, label: &ValueLabel) -> String {
        match *label {
            ValueLabel::Steps { steps } => self.steps(steps),
            ValueLabel::Kilograms { value, decimals } => {
                self.say(Word::Kilograms, &[("value", &decimal(value, decimals))])
            }
            ValueLabel::Pounds { value, decimals } => {
                self.say(Word::Pounds, &[("value", &decimal(value, decimals))])
            }
            ValueLabel::Stone {
                stone,
                pounds,
                decimals,
            } => self.say(
                Word::StoneAndUnit,
                &[("stone", &stone), ("pounds", &decimal(pounds, decimals))],
            ),
        }
    }

    fn line(&self, kind: LineKind, value: Option<&ValueLabel>) -> String {
        match (kind, value) {
            (LineKind::Goal, Some(value)) => self.say(Word::GoalLine, &[("value", &self.value_tick(value))]),
            (LineKind::Average, Some(value)) => {
                self.say(Word::AverageLine, &[("value", &self.value_tick(value))])
            }
            (LineKind::Goal, None) => self.word(Word::GoalLineConcealed).to_owned(),
            (LineKind::Average, None) => self.word(Word::AverageLineConcealed).to_owned(),
        }
    }

    fn title(&self, chart: &Chart) -> String {
        let word = match (chart.subject, chart.bucket_unit) {
            (Subject::Steps, BucketUnit::Hour) => Word::StepsByHour,
            (Subject::Steps, BucketUnit::Day) => Word::StepsByDay,
            (Subject::Steps, BucketUnit::Week) => Word::StepsByWeek,
            (Subject::Steps, BucketUnit::Month) => Word::StepsByMonth,
            (Subject::Weight, BucketUnit::Hour | BucketUnit::Day) => Word::WeightByDay,
            (Subject::Weight, BucketUnit::Week) => Word::WeightByWeek,
            (Subject::Weight, BucketUnit::Month) => Word::WeightByMonth,
        };
        let title = self.word(word);
        let unit = match chart.value_ticks.first().and_then(|tick| tick.label) {
            Some(ValueLabel::Kilograms { .. }) => MassUnit::Kilogram.symbol(),
            Some(ValueLabel::Pounds { .. }) => MassUnit::Pound.symbol(),
            // Ticks in stone name the unit themselves; steps are in the title; concealed values have no unit.
            Some(ValueLabel::Stone { .. } | ValueLabel::Steps { .. }) | None => return title.to_owned(),
        };
        self.say(Word::TitleWithUnit, &[("title", &title), ("unit", &unit)])
    }

    fn summary(&self, facts: &Facts) -> String {
        let mut sentences = Vec::new();
        let mut tell =
            |word: Word, arguments: &[(&str, &dyn Display)]| sentences.push(self.say(word, arguments));
        // The sum of one day is what it is about; of several days the mean says more.
        let is_one_day = matches!(facts.period, TimeLabel::Day { .. });
        if let Some(total) = facts.total.as_ref().filter(|_| is_one_day) {
            tell(Word::FactTotal, &[("value", &self.value(total))]);
        }
        tell(
            Word::MeasuredDays,
            &[
                ("measured", &facts.measured_days),
                ("days", &self.days(facts.days)),
            ],
        );
        let is_steps = |value: &DatedValue| matches!(value.value, ValueLabel::Steps { .. });
        if let Some(mean) = &facts.mean {
            tell(Word::FactMean, &[("value", &self.value(mean))]);
        }
        if let Some(least) = &facts.minimum {
            let word = if is_steps(least) {
                Word::FactLeast
            } else {
                Word::FactLowest
            };
            tell(word, &[("value", &LabelFormatter::dated(self, least))]);
        }
        if let Some(most) = &facts.maximum {
            let word = if is_steps(most) {
                Word::FactMost
            } else {
                Word::FactHighest
            };
            tell(word, &[("value", &LabelFormatter::dated(self, most))]);
        }
        if let Some(direction) = facts.direction {
            let word = match direction {
                Direction::Falling => Word::FactFalling,
                Direction::Rising => Word::FactRising,
                Direction::Steady => Word::FactSteady,
            };
            tell(word, &[]);
        }
        if let Some(change) = &facts.change_per_week {
            tell(Word::FactChange, &[("value", &self.change(change))]);
        }
        if let Some(is_real) = facts.is_real_change {
            tell(
                if is_real {
                    Word::FactReal
                } else {
                    Word::FactNotReal
                },
                &[],
            );
        }
        if let Some(days) = facts.goal_days {
            tell(Word::FactGoalDays, &[("days", &self.days(days))]);
        }
        if let Some(days) = facts.longest_streak_days {
            tell(Word::FactStreak, &[("days", &self.days(days))]);
        }
        if facts.gaps > 0 {
            tell(Word::FactGaps, &[("gaps", &facts.gaps)]);
        }
        let (separator, stop) = match self.language {
            Language::En => (" ", "."),
            Language::Ja => ("", "。"),
        };
        // Only hour charts have marks that belong to no hour, and those are of steps.
        let marks = facts.marks.iter().map(|mark| self.mark(mark, Subject::Steps));
        sentences.extend(marks.map(|mark| format!("{mark}{stop}")));
        sentences.join(separator)
    }

    fn gap(&self, reason: GapReason) -> String {
        let word = match reason {
            GapReason::NoData => Word::NoData,
            GapReason::Paused => Word::Paused,
            GapReason::BeforeFirst => Word::BeforeFirst,
            GapReason::Future => Word::Future,
        };
        self.word(word).to_owned()
    }

    fn series(&self, role: Role) -> String {
        let word = match role {
            Role::Bar => Word::SeriesSteps,
            Role::CorrectionAdded => Word::SeriesAdded,
            Role::CorrectionRemoved => Word::SeriesRemoved,
            Role::RawPoint => Word::SeriesWeight,
            Role::Trend => Word::SeriesTrend,
            Role::Projection => Word::SeriesProjection,
        };
        self.word(word).to_owned()
    }

    fn shade(&self, is_paused: bool) -> String {
        self.word(if is_paused { Word::Paused } else { Word::Excluded })
            .to_owned()
    }

    fn without_time_of_day(&self) -> String {
        self.word(Word::NoTimeOfDay).to_owned()
    }

    fn untimed(&self, value: Option<&ValueLabel>) -> String {
        match value {
            Some(value) => self.say(Word::Untimed, &[("value", &self.value(value))]),
            None => self.word(Word::UntimedConcealed).to_owned(),
        }
    }

    fn mark(&self, kind: &MarkKind, subject: Subject) -> String {
        match *kind {
            MarkKind::Today => {
                let word = match subject {
                    Subject::Steps => Word::MarkTodayUnfinished,
                    Subject::Weight => Word::MarkToday,
                };
                self.word(word).to_owned()
            }
            MarkKind::ZoneChange => self.word(Word::MarkZoneChange).to_owned(),
            MarkKind::Corrected => self.word(Word::MarkCorrected).to_owned(),
            MarkKind::Quarantined { steps } => {
                self.say(Word::MarkQuarantined, &[("steps", &self.steps(steps))])
            }
        }
    }

    fn dated(&self, value: &DatedValue) -> String {
        let (word, place) = match value.when {
            TimeLabel::Hour { .. } | TimeLabel::Hours { .. } => (Word::ValueAtHour, "hour"),
            _ => (Word::DatedValue, "date"),
        };
        let (when, value) = (self.time(&value.when), LabelFormatter::value(self, &value.value));
        self.say(word, &[(place, &when), ("value", &value)])
    }
}

#[cfg(test)]
mod tests {
    use ayumi_core::charts::{Span, StepChartInput, step_chart};
    use ayumi_core::time::{WeekStart, parse_date};
    use insta::assert_snapshot;

    use super::*;

    const ENGLISH: Labels = Labels::new(Language::En);
    const JAPANESE: Labels = Labels::new(Language::Ja);

    fn date(text: &str) -> NaiveDate {
        parse_date(text).unwrap()
    }

    #[test]
    fn a_range_of_dates_names_its_year_once_if_it_can() {
        let (from, to) = (date("2026-04-01"), date("2026-05-10"));
        assert_eq!(ENGLISH.dates(from, to), "1 Apr – 10 May 2026");
        assert_eq!(JAPANESE.dates(from, to), "2026年4月1日〜5月10日");
        let from = date("2025-12-31");
        assert_eq!(ENGLISH.dates(from, to), "31 Dec 2025 – 10 May 2026");
        assert_eq!(JAPANESE.dates(from, to), "2025年12月31日〜2026年5月10日");
    }

    #[test]
    fn a_tick_names_the_larger_unit_where_it_begins() {
        let tick = |is_first_of_unit: bool, label: TimeLabel| TimeTick {
            index: 0,
            x: 0.0,
            label,
            is_first_of_unit,
        };
        let day = TimeLabel::Day {
            date: date("2026-04-05"),
        };
        let month = TimeLabel::Month { year: 2026, month: 4 };
        for (label, is_first, english, japanese) in [
            (day, true, "5 Apr", "4月5日"),
            (day, false, "5", "5日"),
            (month, true, "Apr 2026", "2026年4月"),
            (month, false, "Apr", "4月"),
            (TimeLabel::Year { year: 2026 }, true, "2026", "2026年"),
            (TimeLabel::Hour { hour: 6 }, false, "6:00", "6時"),
        ] {
            assert_eq!(ENGLISH.time_tick(&tick(is_first, label)), english);
            assert_eq!(JAPANESE.time_tick(&tick(is_first, label)), japanese);
        }
    }

    #[test]
    fn weights_carry_their_unit_and_changes_their_sign() {
        let stone = ValueLabel::of_kilograms(63.5, 1, MassUnit::Stone);
        assert_eq!(ENGLISH.value(&stone), "10 st 0.0 lb");
        let change =
            |kg: f64, unit: MassUnit| ENGLISH.change(&ValueLabel::of_kilograms_difference(kg, 2, unit));
        assert_eq!(change(-0.409, MassUnit::Kilogram), "-0.41 kg");
        assert_eq!(change(0.409, MassUnit::Stone), "+0.90 lb");
        assert_eq!(change(-0.001, MassUnit::Kilogram), "0.00 kg");
    }

    #[test]
    fn what_was_typed_is_shown_as_it_was_typed() {
        for (typed, unit, shown) in [
            ("63.50", MassUnit::Kilogram, "63.50 kg"),
            ("140", MassUnit::Pound, "140 lb"),
            ("10 st 4", MassUnit::Stone, "10 st 4"),
            ("10.5", MassUnit::Stone, "10.5 st"),
        ] {
            assert_eq!(ENGLISH.typed_weight(typed, unit), shown);
        }
    }

    #[test]
    fn the_summary_of_a_day_begins_with_its_total_and_names_hours_at_which() {
        let at = |hour: u8, steps: i64| {
            Some(DatedValue {
                when: TimeLabel::Hour { hour },
                value: ValueLabel::Steps { steps },
            })
        };
        let facts = Facts {
            period: TimeLabel::Day {
                date: date("2026-04-05"),
            },
            measured_days: 1,
            days: 1,
            minimum: at(3, 1),
            maximum: at(8, 2100),
            mean: None,
            total: Some(ValueLabel::Steps { steps: 9000 }),
            direction: None,
            change_per_week: None,
            change_days: None,
            is_real_change: None,
            goal_days: None,
            longest_streak_days: None,
            gaps: 0,
            marks: vec![MarkKind::Corrected],
        };
        assert_snapshot!(ENGLISH.summary(&facts), @"9,000 steps in all. 1 of 1 day measured. Least: 1 step at 3:00 to 3:59. Most: 2,100 steps at 8:00 to 8:59. Corrected by hand.");
        assert_snapshot!(JAPANESE.summary(&facts), @"合計は9,000歩。1日のうち1日を計測。最少は3時台の1歩。最多は8時台の2,100歩。手入力で修正。");
    }

    #[test]
    fn a_weight_of_today_is_over_and_steps_of_today_are_not() {
        let today = |subject: Subject| ENGLISH.mark(&MarkKind::Today, subject);
        assert_eq!(today(Subject::Weight), "Today");
        assert_eq!(today(Subject::Steps), "Today, not over yet");
    }

    #[test]
    fn the_summary_of_a_chart_tells_missing_days_and_zero_apart() {
        let day = |text: &str, steps: i64| DaySteps {
            date: date(text),
            sensor_steps: Some(steps),
            correction: None,
            steps: Some(steps),
            quarantined_steps: 0,
            is_travel_day: false,
        };
        let days = [
            day("2026-04-04", 9000),
            day("2026-04-05", 0),
            day("2026-04-09", 1),
        ];
        let end = date("2026-04-10");
        let chart = step_chart(&StepChartInput {
            span: Span::Week,
            dates: Span::Week.dates(end, None),
            days: &days,
            goal: Some(8000),
            today: end,
            first_measured: Some(date("2026-04-01")),
            week_start: WeekStart::Sunday,
            is_skipped: &|_| false,
            is_paused: &|_| false,
        });
        assert_snapshot!(ENGLISH.summary(&chart.facts), @"3 of 7 days measured. 3,000 steps on average. Least: 0 steps on 5 Apr 2026. Most: 9,000 steps on 4 Apr 2026. Goal met on 1 day. Longest streak: 1 day. Gaps: 2.");
        assert_snapshot!(JAPANESE.summary(&chart.facts), @"7日のうち3日を計測。平均は3,000歩。最少は2026年4月5日の0歩。最多は2026年4月4日の9,000歩。目標達成は1日。最長連続は1日。記録のない期間は2か所。");
    }
}
