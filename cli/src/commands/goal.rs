//! `ayumi goal`: what the person aims at.

use std::io::Write as _;

use ayumi_core::weight::TypedWeight;

use crate::arguments::GoalAction;
use crate::context::Context;
use crate::failure::Failure;
use crate::text::{cells, left};
use crate::words::Word;

pub(crate) fn run(context: &Context, action: Option<&GoalAction>) -> Result<(), Failure> {
    match action {
        Some(GoalAction::Steps { goal }) => context.app.steps().set_goal(goal.0)?,
        Some(GoalAction::Weight { goal, unit }) => {
            let unit = context.unit(*unit)?;
            let goal = goal.0.clone().map(|typed| TypedWeight { typed, unit });
            context.app.weight().set_goal(goal.as_ref())?;
        }
        None => {}
    }
    show(context)
}

fn show(context: &Context) -> Result<(), Failure> {
    let labels = context.labels;
    let none = || labels.word(Word::NoGoal).to_owned();
    let steps = context.app.steps().goal()?.map_or_else(none, |goal| {
        labels.say(Word::StepGoalOf, &[("steps", &labels.steps(goal))])
    });
    let weight = context.app.weight().goal()?.map_or_else(none, |goal| {
        labels.typed_weight(&goal.typed.typed, goal.typed.unit)
    });
    let rows = [(Word::StepGoal, steps), (Word::WeightGoal, weight)];
    let width = rows
        .iter()
        .map(|(word, _)| cells(labels.word(*word)))
        .max()
        .unwrap_or(0);
    let mut out = std::io::stdout().lock();
    for (word, value) in rows {
        writeln!(out, "{}  {value}", left(labels.word(word), width))?;
    }
    Ok(())
}
