//! `ayumi steps`: the days in a table, and what the person may correct.

use std::io::Write as _;

use ayumi_core::steps::{DaySteps, NoteSubject, StepEvent, with_unknown_dates};
use ayumi_core::time::{DateRange, NaiveDate, format_date};
use serde::Serialize;

use crate::arguments::{Moment, StepsAction, StepsArguments};
use crate::commands::print_json;
use crate::context::Context;
use crate::failure::Failure;
use crate::text::{bar, right, thousands};
use crate::words::Word;

pub(crate) fn run(context: &Context, arguments: &StepsArguments) -> Result<(), Failure> {
    let labels = context.labels;
    let at = |moment: &Moment| moment.at.map_or(context.now, |stamp| stamp.at);
    let tell = |line: String| Ok(writeln!(std::io::stdout(), "{line}")?);
    match &arguments.action {
        None => show(context, arguments),
        Some(StepsAction::Adjust { date, steps }) => {
            record(
                context,
                StepEvent::Adjust {
                    date: *date,
                    steps: steps.0,
                },
            )?;
            let range = DateRange::single(*date);
            Ok(print_days(context, &context.app.steps().days(range)?, range)?)
        }
        Some(StepsAction::Pause(moment)) => {
            let at = at(moment);
            record(context, StepEvent::Pause { at })?;
            tell(labels.say(Word::StepsPaused, &[("time", &context.date_and_time(at))]))
        }
        Some(StepsAction::Resume(moment)) => {
            let at = at(moment);
            record(context, StepEvent::Resume { at })?;
            tell(labels.say(Word::StepsResumed, &[("time", &context.date_and_time(at))]))
        }
        Some(StepsAction::Exclude { start, end, reason }) => {
            let (start, end) = (start.at, end.at);
            record(
                context,
                StepEvent::Exclude {
                    start,
                    end,
                    reason: reason.clone(),
                },
            )?;
            let (from, to) = (context.date_and_time(start), context.date_and_time(end));
            tell(labels.say(Word::StepsExcluded, &[("from", &from), ("to", &to)]))
        }
        Some(StepsAction::Priority { sources }) => {
            if !sources.is_empty() {
                record(context, StepEvent::Priority(sources.clone()))?;
            }
            let order = context.app.steps().priority()?;
            if order.is_empty() {
                return tell(labels.word(Word::NoSourceOrder).to_owned());
            }
            tell(labels.word(Word::SourceOrder).to_owned())?;
            for (position, source) in (1..).zip(order) {
                tell(format!("{position}. {source}"))?;
            }
            Ok(())
        }
    }
}

/// Stores one event; what the core rejects is an error of the command.
fn record(context: &Context, event: StepEvent) -> Result<(), Failure> {
    let report = context.app.steps().record(&[event])?;
    match report
        .notes
        .iter()
        .find(|note| note.about == NoteSubject::Event(0))
    {
        Some(note) => Err(Failure::Usage(format!("nothing was changed: {}", note.detail))),
        None => Ok(()),
    }
}

fn show(context: &Context, arguments: &StepsArguments) -> Result<(), Failure> {
    let range = DateRange::ending_on(arguments.end.unwrap_or(context.today), arguments.days);
    let known = context.app.steps().days(range)?;
    if arguments.shown.json {
        let days: Vec<DayInJson> = with_unknown_dates(&known, range)
            .iter()
            .map(DayInJson::of)
            .collect();
        return print_json(&days);
    }
    print_days(context, &known, range)?;
    let mean = context.labels.mean_of_days(&known, range, context.today);
    writeln!(std::io::stdout(), "{mean}")?;
    Ok(())
}

/// One line for each date of the range: `known` are the days with data, in order.
pub(crate) fn print_days(context: &Context, known: &[DaySteps], range: DateRange) -> Result<(), Failure> {
    let labels = context.labels;
    let goal = context.app.steps().goal()?;
    let largest = known
        .iter()
        .filter_map(|day| day.steps)
        .chain(goal)
        .max()
        .unwrap_or(0);
    let mut out = std::io::stdout().lock();
    for day in with_unknown_dates(known, range) {
        let date = format!("{} {}", format_date(day.date), labels.weekday(day.date));
        let number = day
            .steps
            .map_or_else(|| labels.word(Word::NoData).to_owned(), thousands);
        let drawn = day.steps.map_or_else(String::new, |steps| bar(steps, largest));
        let is_met = goal.is_some_and(|goal| day.meets(goal));
        let met = if is_met { " ✓" } else { "" };
        let corrected = if day.correction.is_some() { " ✎" } else { "" };
        let line = format!("{date}  {}  {drawn}{met}{corrected}", right(&number, 9));
        writeln!(out, "{}", line.trim_end())?;
        if day.quarantined_steps > 0 {
            let steps = labels.steps(day.quarantined_steps);
            writeln!(out, "    {}", labels.say(Word::NotCounted, &[("steps", &steps)]))?;
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct DayInJson {
    date: NaiveDate,
    /// `null` on a date that was not measured.
    steps: Option<i64>,
    sensor_steps: Option<i64>,
    correction: Option<i64>,
    quarantined_steps: i64,
    is_travel_day: bool,
}

impl DayInJson {
    fn of(day: &DaySteps) -> Self {
        Self {
            date: day.date,
            steps: day.steps,
            sensor_steps: day.sensor_steps,
            correction: day.correction,
            quarantined_steps: day.quarantined_steps,
            is_travel_day: day.is_travel_day,
        }
    }
}
