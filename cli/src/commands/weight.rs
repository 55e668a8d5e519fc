//! `ayumi weight`: weigh-ins in, corrected, taken back, and listed with their trend.

use std::io::Write as _;

use ayumi_core::charts::{LabelFormatter as _, ValueLabel};
use ayumi_core::time::{DateRange, NaiveDate, Tz, format_date};
use ayumi_core::weight::{
    NewWeighIn, PlausibilityQuestion, Recorded, TypedWeight, Undone, Waist, WaistEdit, WeighIn, WeighInEdit,
    WeighInTime, Weight, WeightDay,
};
use serde::Serialize;

use crate::arguments::{Checkup, Stamp, WeightAction, WeightAdd, WeightArguments, WeightEdit, WeightList};
use crate::commands::print_json;
use crate::context::{Context, offset_s};
use crate::failure::Failure;
use crate::text::{left, right};
use crate::words::Word;

/// How a weigh-in of the person herself is marked; others carry the name of their import.
const TYPED: &str = "typed";

pub(crate) fn run(context: &Context, arguments: &WeightArguments) -> Result<(), Failure> {
    match &arguments.action {
        None => list(context, arguments.list),
        Some(WeightAction::List(options)) => list(context, *options),
        Some(WeightAction::Add(entry)) => add(context, entry),
        Some(WeightAction::Edit(change)) => edit(context, change),
        Some(WeightAction::Delete { id }) => {
            let found = find(context, id)?;
            context.app.weight().delete(found.id)?;
            let id = found.id.short();
            writeln!(
                std::io::stdout(),
                "{}",
                context.labels.say(Word::Deleted, &[("id", &id)])
            )?;
            Ok(())
        }
        Some(WeightAction::Undo) => undo(context),
        Some(WeightAction::Checkup(new)) => checkup(context, new),
    }
}

fn add(context: &Context, entry: &WeightAdd) -> Result<(), Failure> {
    let weights = context.app.weight();
    let unit = match entry.unit {
        Some(unit) => unit.into(),
        None => weights.display_unit()?,
    };
    let when = when(context.zone, entry.date, entry.at).unwrap_or_else(|| {
        if context.is_today_given {
            WeighInTime::DateOnly(context.today)
        } else {
            context.local_time(context.now)
        }
    });
    let recorded = weights.record(&NewWeighIn {
        when,
        typed: entry.weight.clone(),
        unit,
        waist: entry.waist,
        source: TYPED.to_owned(),
    })?;
    tell_recorded(context, Word::Recorded, recorded)
}

fn edit(context: &Context, change: &WeightEdit) -> Result<(), Failure> {
    let found = find(context, &change.id)?;
    let unit = change.unit.map_or(found.unit, Into::into);
    let edit = WeighInEdit {
        when: when(context.zone, change.date, change.at),
        weight: change.weight.clone().map(|typed| TypedWeight { typed, unit }),
        waist: match &change.waist {
            None => WaistEdit::Keep,
            Some(waist) => waist.0.map_or(WaistEdit::Remove, WaistEdit::Set),
        },
    };
    let recorded = context.app.weight().edit(found.id, &edit)?;
    tell_recorded(context, Word::Edited, recorded)
}

fn undo(context: &Context) -> Result<(), Failure> {
    let labels = context.labels;
    let undone = context.app.weight().undo()?;
    let mut out = std::io::stdout().lock();
    let (word, weigh_in) = match undone {
        None => {
            writeln!(out, "{}", labels.word(Word::NothingToUndo))?;
            return Ok(());
        }
        Some(Undone {
            before: Some(_),
            now: Some(now),
        }) => (Word::UndoneEdit, Some(now)),
        Some(Undone {
            before: None,
            now: Some(now),
        }) => (Word::UndoneDelete, Some(now)),
        Some(Undone { before, now: None }) => (Word::UndoneAdd, before),
    };
    if let Some(weigh_in) = weigh_in {
        let what = [
            weigh_in.id.short(),
            format_date(weigh_in.date),
            context.labels.typed_weight(&weigh_in.typed, weigh_in.unit),
        ]
        .join(" ");
        writeln!(out, "{}", labels.say(word, &[("id", &what)]))?;
    }
    Ok(())
}

/// Sets what is named, keeps the rest, and shows both values.
fn checkup(context: &Context, new: &Checkup) -> Result<(), Failure> {
    let labels = context.labels;
    let weights = context.app.weight();
    let mut checkup = weights.checkup()?;
    if let Some(typed) = &new.weight {
        let weight = match &typed.0 {
            Some(typed) => Some(Weight::parse(typed, context.unit(new.unit)?)?),
            None => None,
        };
        checkup.weight_10g = weight.map(|weight| weight.ten_grams().unsigned_abs());
    }
    if let Some(waist) = &new.waist {
        checkup.waist_mm = waist.0.map(Waist::millimetres);
    }
    if new.weight.is_some() || new.waist.is_some() {
        weights.set_checkup(checkup)?;
    }
    let weight = checkup.weight_10g.map(|units| labels.ten_grams(units));
    let waist = checkup.waist_mm.map(|mm| labels.millimetres(mm));
    let unknown = || labels.word(Word::Unknown).to_owned();
    let line = labels.say(
        Word::CheckupValues,
        &[
            ("weight", &weight.unwrap_or_else(unknown)),
            ("waist", &waist.unwrap_or_else(unknown)),
        ],
    );
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

/// Says what was stored, and the question about it if there is one; undo is offered only if there is something to take back.
fn tell_recorded(context: &Context, word: Word, recorded: Recorded) -> Result<(), Failure> {
    let labels = context.labels;
    let weigh_in = context.app.weight().weigh_in(recorded.id)?;
    let what = [
        recorded.id.short(),
        format_date(weigh_in.date),
        context.labels.typed_weight(&weigh_in.typed, weigh_in.unit),
    ]
    .join(" ");
    let mut out = std::io::stdout().lock();
    if !recorded.is_changed {
        writeln!(out, "{}", labels.say(Word::Unchanged, &[("id", &what)]))?;
        return Ok(());
    }
    writeln!(out, "{}", labels.say(word, &[("id", &what)]))?;
    if let Some(question) = recorded.question {
        let word = match question {
            PlausibilityQuestion::PoundsAsKilograms => Word::AskPoundsAsKilograms,
            PlausibilityQuestion::KilogramsAsPounds => Word::AskKilogramsAsPounds,
            PlausibilityQuestion::StoneMixUp => Word::AskStoneMixUp,
            PlausibilityQuestion::DecimalPoint => Word::AskDecimalPoint,
            PlausibilityQuestion::UnusualChange => Word::AskUnusualChange,
            PlausibilityQuestion::FutureDate => Word::AskFutureDate,
        };
        writeln!(
            out,
            "{}",
            labels.say(
                word,
                &[(
                    "weight",
                    &context.labels.typed_weight(&weigh_in.typed, weigh_in.unit)
                )]
            )
        )?;
        writeln!(out, "{}", labels.word(Word::KeptAnyway))?;
    }
    Ok(())
}

fn list(context: &Context, options: WeightList) -> Result<(), Failure> {
    let labels = context.labels;
    let mut newest = context.app.weight().newest(options.newest)?;
    newest.reverse();
    let rows = rows(context, newest)?;
    if options.shown.json {
        let weigh_ins: Vec<WeighInInJson> = rows.iter().map(WeighInInJson::of).collect();
        return print_json(&weigh_ins);
    }
    let mut out = std::io::stdout().lock();
    if rows.is_empty() {
        writeln!(out, "{}", labels.word(Word::NoWeighIn))?;
    }
    let unit = context.unit(None)?;
    for (weigh_in, day) in rows {
        let time = match weigh_in.when {
            WeighInTime::Timed { at, offset_s, .. } => {
                clock_time(at.plus(i64::from(offset_s).saturating_mul(1000)).0)
            }
            WeighInTime::DateOnly(_) => String::new(),
        };
        let trend = day.map_or_else(String::new, |day| {
            labels.value(&ValueLabel::of_kilograms(day.trend_kg, 1, unit))
        });
        let waist = weigh_in.waist.map_or_else(String::new, |waist| {
            labels.say(Word::Centimetres, &[("value", &waist)])
        });
        let line = [
            weigh_in.id.short(),
            format_date(weigh_in.date),
            left(&time, 5),
            right(&context.labels.typed_weight(&weigh_in.typed, weigh_in.unit), 11),
            right(&trend, 12),
            right(&waist, 8),
        ]
        .join("  ");
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Each weigh-in with its day.
fn rows(context: &Context, weigh_ins: Vec<WeighIn>) -> Result<Vec<(WeighIn, Option<WeightDay>)>, Failure> {
    let (Some(first), Some(last)) = (weigh_ins.first(), weigh_ins.last()) else {
        return Ok(Vec::new());
    };
    let range = DateRange {
        from: first.date,
        until: DateRange::single(last.date).until,
    };
    let days = context.app.weight().days(range)?;
    let day_of = |date: NaiveDate| {
        let index = days.binary_search_by_key(&date, |day| day.date).ok()?;
        days.get(index).copied()
    };
    Ok(weigh_ins
        .into_iter()
        .map(|weigh_in| {
            let day = day_of(weigh_in.date);
            (weigh_in, day)
        })
        .collect())
}

/// The one weigh-in that is meant by a part of its id.
fn find(context: &Context, part: &str) -> Result<WeighIn, Failure> {
    let mut found = context.app.weight().find(part)?;
    match (found.pop(), found.len()) {
        (Some(one), 0) => Ok(one),
        (None, _) => Err(Failure::Usage(format!(
            "no weigh-in has the id {part}: ayumi weight list shows them"
        ))),
        (Some(_), others) => Err(Failure::Usage(format!(
            "{} weigh-ins have an id with {part}: type more of it",
            others.saturating_add(1)
        ))),
    }
}

fn when(zone: Tz, date: Option<NaiveDate>, at: Option<Stamp>) -> Option<WeighInTime> {
    match (date, at) {
        (Some(date), _) => Some(WeighInTime::DateOnly(date)),
        (None, Some(stamp)) => Some(WeighInTime::Timed {
            at: stamp.at,
            sub_ms_ns: stamp.sub_ms_ns,
            offset_s: stamp.offset_s,
            // She may type a moment of a place where she is no more; which one it was, the offset does not say.
            zone: (offset_s(zone, stamp.at) == stamp.offset_s).then_some(zone),
        }),
        (None, None) => None,
    }
}

/// `HH:MM` of a local time in milliseconds.
fn clock_time(local_ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(local_ms)
        .map_or_else(String::new, |time| time.format("%H:%M").to_string())
}

#[derive(Serialize)]
struct WeighInInJson {
    id: String,
    date: NaiveDate,
    /// RFC 3339 with the offset of the place, or `null` for an entry without a time.
    at: Option<String>,
    typed: String,
    unit: &'static str,
    weight_kg: f64,
    waist_cm: Option<String>,
    /// Trend of the date, unrounded.
    trend_kg: Option<f64>,
    source: String,
}

impl WeighInInJson {
    fn of((weigh_in, day): &(WeighIn, Option<WeightDay>)) -> Self {
        Self {
            id: weigh_in.id.to_string(),
            date: weigh_in.date,
            at: match weigh_in.when {
                WeighInTime::Timed {
                    at,
                    sub_ms_ns,
                    offset_s,
                    ..
                } => rfc3339(at.0, sub_ms_ns, offset_s),
                WeighInTime::DateOnly(_) => None,
            },
            typed: weigh_in.typed.clone(),
            unit: weigh_in.unit.symbol(),
            weight_kg: weigh_in.weight.kilograms(),
            waist_cm: weigh_in.waist.map(|waist| waist.to_string()),
            trend_kg: day.map(|day| day.trend_kg),
            source: weigh_in.source.clone(),
        }
    }
}

fn rfc3339(at_ms: i64, sub_ms_ns: u32, offset_s: i32) -> Option<String> {
    let offset = chrono::FixedOffset::east_opt(offset_s)?;
    let sub_ms = chrono::TimeDelta::nanoseconds(i64::from(sub_ms_ns));
    let time = chrono::DateTime::from_timestamp_millis(at_ms)?.checked_add_signed(sub_ms)?;
    Some(time.with_timezone(&offset).to_rfc3339())
}

#[cfg(test)]
mod tests {
    use ayumi_core::time::UtcMillis;

    use super::*;

    #[test]
    fn a_moment_typed_with_the_offset_of_another_place_gets_no_zone() {
        let zone_of = |offset_s| {
            let stamp = Stamp {
                at: UtcMillis(1_775_001_600_000),
                sub_ms_ns: 0,
                offset_s,
            };
            match when(Tz::Asia__Tokyo, None, Some(stamp)) {
                Some(WeighInTime::Timed { zone, .. }) => zone,
                other => panic!("{other:?} has no time"),
            }
        };
        assert_eq!(zone_of(9 * 3600), Some(Tz::Asia__Tokyo));
        assert_eq!(zone_of(2 * 3600), None);
    }
}
