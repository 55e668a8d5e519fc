//! `ayumi settings`: what the person chose.

use std::io::Write as _;

use crate::arguments::SettingsAction;
use crate::context::Context;
use crate::failure::Failure;
use crate::text::{cells, left};
use crate::words::Word;

pub(crate) fn run(context: &Context, action: Option<&SettingsAction>) -> Result<(), Failure> {
    match action {
        Some(SettingsAction::Unit { unit }) => context.app.weight().set_display_unit((*unit).into())?,
        Some(SettingsAction::TrendDays { days }) => context.app.weight().set_tau(*days)?,
        Some(SettingsAction::DayStart { at }) => context.app.set_day_start(*at)?,
        None => {}
    }
    let labels = context.labels;
    let rows = [
        (
            Word::Unit,
            context.app.weight().display_unit()?.symbol().to_owned(),
        ),
        (
            Word::TrendDays,
            labels.say(Word::Days, &[("days", &context.app.weight().tau()?.days())]),
        ),
        (Word::DayStart, context.app.day_start()?.to_string()),
    ];
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
