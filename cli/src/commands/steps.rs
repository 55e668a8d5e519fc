//! `ayumi steps`: the days in a table, and what the person may correct.

use std::io::Write as _;

use ayumi_core::steps::{NoteSubject, StepEvent, mean_of_known_days, with_unknown_dates};
use ayumi_core::time::{DateRange, NaiveDate, format_date};

use crate::arguments::{Common, StepsAction, StepsArguments};
use crate::context::Context;
use crate::failure::Failure;
use crate::text::{bar, thousands};

pub(crate) fn run(common: &Common, arguments: &StepsArguments) -> Result<(), Failure> {
    let context = Context::open(common)?;
    let steps = context.app.steps();
    match &arguments.action {
        None => show(&context, arguments.days, arguments.end.unwrap_or(context.today)),
        Some(StepsAction::Adjust { date, steps }) => {
            record(&context, StepEvent::Adjust { date: *date, steps: *steps })?;
            show(&context, 1, *date)
        }
        Some(StepsAction::Pause) => record(&context, StepEvent::Pause { at: context.now }),
        Some(StepsAction::Resume) => record(&context, StepEvent::Resume { at: context.now }),
        Some(StepsAction::Exclude { start, end, reason }) => {
            let (start, end) = (context.instant(start)?, context.instant(end)?);
            record(&context, StepEvent::Exclude { start, end, reason: reason.clone() })
        }
        Some(StepsAction::Priority { sources }) if sources.is_empty() => {
            for (position, source) in (1..).zip(steps.priority()?) {
                writeln!(std::io::stdout().lock(), "{position}. {source}")?;
            }
            Ok(())
        }
        Some(StepsAction::Priority { sources }) => record(&context, StepEvent::Priority(sources.clone())),
        Some(StepsAction::DayStart { at }) => Ok(context.app.set_day_start(*at)?),
    }
}

/// Stores one event; what the core rejects is an error of the command.
fn record(context: &Context, event: StepEvent) -> Result<(), Failure> {
    let report = context.app.steps().record(&[event])?;
    match report.notes.iter().find(|note| note.about == NoteSubject::Event(0)) {
        Some(note) => Err(Failure::Usage(format!("nothing was changed: {}", note.detail))),
        None => Ok(()),
    }
}

fn show(context: &Context, days: u32, end: NaiveDate) -> Result<(), Failure> {
    let range = DateRange::ending_on(end, days);
    let known = context.app.steps().days(range)?;
    let goal = context.app.steps().goal()?;
    let largest = known.iter().filter_map(|day| day.steps).chain(goal).max().unwrap_or(0);
    let labels = context.labels();
    let mut out = std::io::stdout().lock();
    for day in with_unknown_dates(&known, range) {
        let date = labels.date(day.date);
        match day.steps {
            None => writeln!(out, "{date}  {:>8}", labels.no_data())?,
            Some(steps) => {
                let goal_mark = if goal.is_some_and(|goal| steps >= goal) { " ✓" } else { "" };
                let corrected = if day.correction.is_some() { " ✎" } else { "" };
                writeln!(out, "{date}  {:>8}  {}{goal_mark}{corrected}", thousands(steps), bar(steps, largest))?;
            }
        }
        if day.quarantined_steps > 0 {
            writeln!(out, "{:>width$}", labels.not_counted(day.quarantined_steps), width = 40)?;
        }
    }
    if let Some(mean) = mean_of_known_days(&known) {
        let measured = known.iter().filter(|day| day.steps.is_some()).count();
        writeln!(out, "{}", labels.mean_of_days(mean, measured, range.len()))?;
    } else {
        writeln!(out, "{} {}", labels.no_data(), format_date(end))?;
    }
    Ok(())
}
