//! `ayumi home`: today at a glance.

use std::fmt::Display;
use std::io::Write as _;

use ayumi_core::app::Home;
use ayumi_core::charts::{LabelFormatter as _, ValueLabel};
use ayumi_core::time::{DateRange, NaiveDate};
use ayumi_core::weight::{GoalDistance, GoalReason, ReachedGoal};
use serde::Serialize;

use crate::arguments::Shown;
use crate::commands::print_json;
use crate::context::Context;
use crate::failure::Failure;
use crate::labels::Labels;
use crate::text::{cells, left, thousands};
use crate::words::Word;

pub(crate) fn run(context: &Context, shown: Shown) -> Result<(), Failure> {
    let home = context.app.home(context.today)?;
    if shown.json {
        return print_json(&HomeInJson::of(&home));
    }
    let labels = context.labels;
    writeln!(std::io::stdout(), "{}\n", labels.weekday_and_date(home.today))?;
    let rows = step_rows(&home, labels)
        .into_iter()
        .chain(weight_rows(&home, labels));
    print_rows(&rows.collect::<Vec<HomeRow>>())
}

/// The lines of the home screen in a terminal.
pub(crate) fn print_rows(rows: &[HomeRow]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let width = rows.iter().map(|row| cells(row.name)).max().unwrap_or(0);
    for row in rows {
        writeln!(out, "{}  {}", left(row.name, width), row.text)?;
    }
    Ok(())
}

/// One line of the home screen.
pub(crate) struct HomeRow {
    pub name: &'static str,
    pub text: String,
}

/// What the home screen says about steps.
pub(crate) fn step_rows(home: &Home, labels: Labels) -> Vec<HomeRow> {
    let row = |name: Word, text: String| HomeRow {
        name: labels.word(name),
        text,
    };
    let days = u32::try_from(home.week.len()).unwrap_or(0);
    let week = DateRange::ending_on(home.today, days);
    let mut rows = vec![
        row(Word::StepsToday, steps_today(home, labels)),
        row(
            Word::LastSevenDays,
            labels.mean_of_days(&home.week, week, home.today),
        ),
    ];
    if home.step_goal.is_some() {
        let streak = home.streak.map_or_else(
            || labels.word(Word::NoStreak).to_owned(),
            |streak| {
                let (days, date) = (labels.days(streak.days), labels.date(streak.from));
                labels.say(Word::StreakSince, &[("days", &days), ("date", &date)])
            },
        );
        rows.push(row(Word::Streak, streak));
    }
    rows
}

/// What the home screen says about weight.
pub(crate) fn weight_rows(home: &Home, labels: Labels) -> Vec<HomeRow> {
    let row = |name: Word, text: String| HomeRow {
        name: labels.word(name),
        text,
    };
    let mut rows = vec![row(Word::WeightTrend, weight_trend(home, labels))];
    if home.weight.latest.is_some() {
        rows.push(row(Word::Change, change(home, labels)));
    }
    if let Some(goal) = &home.weight.goal {
        let goal = labels.typed_weight(&goal.typed.typed, goal.typed.unit);
        rows.push(row(Word::WeightGoal, weight_goal(home, &goal, labels)));
    }
    rows.extend(programme_rows(home, labels));
    rows
}

fn steps_today(home: &Home, labels: Labels) -> String {
    let Some(steps) = home.steps.steps else {
        return labels.word(Word::NoData).to_owned();
    };
    let Some(goal) = home.step_goal else {
        return labels.steps(steps);
    };
    let (done, wanted) = (thousands(steps), labels.steps(goal));
    let of_goal = labels.say(Word::OfGoal, &[("number", &done), ("goal", &wanted)]);
    let state = match home.steps.missing_to(goal) {
        Some(missing) if missing > 0 => labels.say(Word::ToGo, &[("amount", &labels.steps(missing))]),
        _ => labels.word(Word::GoalMet).to_owned(),
    };
    format!("{of_goal}{}{state}", labels.word(Word::Comma))
}

fn weight_trend(home: &Home, labels: Labels) -> String {
    let (Some(day), Some(weigh_in)) = (&home.weight.latest, &home.weight.latest_weigh_in) else {
        return labels.word(Word::NoWeighIn).to_owned();
    };
    let trend = labels.value(&ValueLabel::of_kilograms(day.trend_kg, 1, home.unit));
    let weight = labels.weigh_in(weigh_in, home.unit);
    let date = labels.date(weigh_in.date);
    labels.say(
        Word::TrendAndLatest,
        &[("trend", &trend), ("weight", &weight), ("date", &date)],
    )
}

fn change(home: &Home, labels: Labels) -> String {
    let Some(slope) = &home.weight.slope else {
        return labels.word(Word::ChangeUnknown).to_owned();
    };
    let word = if home.weight.is_plateau {
        Word::ChangePlateau
    } else if slope.is_real_change() {
        Word::ChangeReal
    } else {
        Word::ChangeNotReal
    };
    let change = labels.change(&ValueLabel::of_kilograms_difference(
        slope.kg_per_week(),
        2,
        home.unit,
    ));
    labels.say(word, &[("change", &change)])
}

fn weight_goal(home: &Home, goal: &str, labels: Labels) -> String {
    let status = &home.weight.goal_status;
    let say = |word: Word| labels.say(word, &[("goal", &goal)]);
    match status.reason {
        GoalReason::Ok => match status.date_to_show(home.today) {
            Some(date) => labels.say(
                Word::GoalExpected,
                &[("goal", &goal), ("date", &labels.date(date))],
            ),
            None => say(Word::GoalExpectedPast),
        },
        GoalReason::NoGoal => labels.word(Word::NoGoal).to_owned(),
        GoalReason::NoData => say(Word::GoalNoData),
        GoalReason::Stale => say(Word::GoalStale),
        GoalReason::Reached => say(Word::GoalReached),
        GoalReason::TooFewReadings => say(Word::GoalTooFew),
        GoalReason::Flat | GoalReason::WrongDirection | GoalReason::TooFar => say(Word::GoalNotAtThisRate),
    }
}

/// The distance to the goals of the programme; nothing before the values of a checkup are known.
fn programme_rows(home: &Home, labels: Labels) -> Vec<HomeRow> {
    let goals = &home.weight.programme;
    let row = |name: Word, text: String| HomeRow {
        name: labels.word(name),
        text,
    };
    let is_unknown =
        |goal: &GoalDistance| goal.remaining_weight_10g.is_none() && goal.remaining_waist_mm.is_none();
    if is_unknown(&goals.main) {
        return Vec::new();
    }
    let mut rows = vec![
        row(Word::ProgrammeMain, distance(&goals.main, labels)),
        row(Word::ProgrammeRelative, distance(&goals.main_relative, labels)),
    ];
    // Main and minor goal exclude each other.
    if goals.reached() != Some(ReachedGoal::Main) {
        rows.push(row(Word::ProgrammeMinor, distance(&goals.minor, labels)));
    }
    rows
}

fn distance(goal: &GoalDistance, labels: Labels) -> String {
    if goal.is_reached() == Some(true) {
        return labels.word(Word::ProgrammeReached).to_owned();
    }
    let part = |what: Word, remaining: Option<u32>, shown: fn(Labels, u32) -> String| {
        let value: Box<dyn Display> = match remaining {
            None => Box::new(labels.word(Word::Unknown)),
            Some(0) => Box::new(labels.word(Word::ProgrammeReached)),
            Some(rest) => Box::new(labels.say(Word::ToGo, &[("amount", &shown(labels, rest))])),
        };
        labels.say(what, &[("value", &value)])
    };
    let weight = part(Word::PartWeight, goal.remaining_weight_10g, Labels::ten_grams);
    let waist = part(Word::PartWaist, goal.remaining_waist_mm, Labels::millimetres);
    format!("{weight}{}{waist}", labels.word(Word::Comma))
}

#[derive(Serialize)]
struct HomeInJson {
    today: NaiveDate,
    /// `null` if nothing was measured yet.
    steps: Option<i64>,
    step_goal: Option<i64>,
    streak_days: Option<u32>,
    /// Mean of the measured days of the seven that end today, without today.
    week_mean_steps: Option<i64>,
    latest_weigh_in_on: Option<NaiveDate>,
    latest_weight_kg: Option<f64>,
    trend_kg: Option<f64>,
    change_kg_per_week: Option<f64>,
    is_real_change: Option<bool>,
    is_plateau: bool,
    goal_kg: Option<f64>,
    goal_reason: GoalReason,
    goal_on: Option<NaiveDate>,
    main_goal: DistanceInJson,
    main_goal_relative: DistanceInJson,
    minor_goal: DistanceInJson,
}

/// `null` is unknown, 0 is reached.
#[derive(Serialize)]
struct DistanceInJson {
    remaining_weight_10g: Option<u32>,
    remaining_waist_mm: Option<u32>,
}

impl HomeInJson {
    fn of(home: &Home) -> Self {
        let weight = &home.weight;
        let distance = |goal: &GoalDistance| DistanceInJson {
            remaining_weight_10g: goal.remaining_weight_10g,
            remaining_waist_mm: goal.remaining_waist_mm,
        };
        Self {
            today: home.today,
            steps: home.steps.steps,
            step_goal: home.step_goal,
            streak_days: home.streak.map(|streak| streak.days),
            week_mean_steps: home.week_mean,
            latest_weigh_in_on: weight.latest_weigh_in.as_ref().map(|weigh_in| weigh_in.date),
            latest_weight_kg: weight
                .latest_weigh_in
                .as_ref()
                .map(|weigh_in| weigh_in.weight.kilograms()),
            trend_kg: weight.latest.map(|day| day.trend_kg),
            change_kg_per_week: weight.slope.map(|slope| slope.kg_per_week()),
            is_real_change: weight.slope.map(|slope| slope.is_real_change()),
            is_plateau: weight.is_plateau,
            goal_kg: weight.goal.as_ref().map(|goal| goal.weight.kilograms()),
            goal_reason: weight.goal_status.reason,
            goal_on: weight.goal_status.date_to_show(home.today),
            main_goal: distance(&weight.programme.main),
            main_goal_relative: distance(&weight.programme.main_relative),
            minor_goal: distance(&weight.programme.minor),
        }
    }
}
