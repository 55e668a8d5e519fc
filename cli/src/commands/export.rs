//! `ayumi export`: everything the person entered, in files that other programs read.

use std::path::Path;

use ayumi_core::app::Export;
use serde::Serialize;
use serde_json::Value;

use std::io::Write as _;

use crate::arguments::{ExportArguments, ExportForm};
use crate::context::Context;
use crate::failure::Failure;
use crate::files::write_whole;
use crate::words::Word;

pub(crate) fn run(context: &Context, arguments: &ExportArguments) -> Result<(), Failure> {
    let export = context.app.export()?;
    let folder = &arguments.into;
    std::fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))?;
    let mut files = Vec::new();
    if arguments.form != Some(ExportForm::Csv) {
        files.push(("ayumi.json", json(&export)?));
    }
    if arguments.form != Some(ExportForm::Json) {
        files.extend(tables(&export)?);
    }
    for (name, bytes) in files {
        write(context, &folder.join(name), &bytes)?;
    }
    Ok(())
}

fn write(context: &Context, file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_whole(file, bytes)?;
    let line = context.labels.say(Word::Exported, &[("file", &file.display())]);
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

fn json(export: &Export) -> Result<Vec<u8>, Failure> {
    let mut bytes = serde_json::to_vec_pretty(export).map_err(unwritable)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// One table for each kind of entry, each with its header even if it is empty.
fn tables(export: &Export) -> Result<Vec<(&'static str, Vec<u8>)>, Failure> {
    Ok(vec![
        (
            "weigh-ins.csv",
            table(
                &["id", "at", "typed", "unit", "weight_kg", "waist_mm", "source"],
                &export.weigh_ins,
            )?,
        ),
        (
            "step-days.csv",
            table(&["date", "steps", "sensor_steps"], &export.step_days)?,
        ),
        (
            "step-corrections.csv",
            table(
                &["date", "requested_steps", "correction"],
                &export.step_corrections,
            )?,
        ),
        (
            "step-pauses.csv",
            table(&["start_ms", "end_ms"], &export.step_pauses)?,
        ),
        (
            "step-exclusions.csv",
            table(&["start_ms", "end_ms", "reason"], &export.step_exclusions)?,
        ),
        ("settings.csv", table(&["setting", "value"], &settings(export)?)?),
    ])
}

fn table(header: &[&str], rows: &[impl Serialize]) -> Result<Vec<u8>, Failure> {
    let mut writer = csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(Vec::new());
    writer.write_record(header).map_err(unwritable)?;
    for row in rows {
        writer.serialize(row).map_err(unwritable)?;
    }
    writer.into_inner().map_err(unwritable)
}

/// What she chose, as names and values; what is not set has an empty value, a list has its parts separated by semicolons.
fn settings(export: &Export) -> Result<Vec<(String, String)>, Failure> {
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let Value::Object(settings) = serde_json::to_value(&export.settings).map_err(unwritable)? else {
        return Ok(Vec::new());
    };
    Ok(settings
        .into_iter()
        .map(|(name, value)| {
            let value = match &value {
                Value::Array(parts) => parts.iter().map(text).collect::<Vec<_>>().join(";"),
                other => text(other),
            };
            (name, value)
        })
        .collect())
}

/// Numbers and texts can always be written; the text names what failed all the same.
fn unwritable(error: impl std::fmt::Display) -> Failure {
    Failure::Core(format!("write the export: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_table_still_names_its_columns() {
        let rows: [(i32, i32); 0] = [];
        assert_eq!(table(&["a", "b"], &rows).unwrap(), b"a,b\n");
    }

    #[test]
    fn what_is_missing_is_an_empty_field_and_commas_are_quoted() {
        let rows = [(Some(1), "a, b"), (None, "c")];
        assert_eq!(table(&["n", "t"], &rows).unwrap(), b"n,t\n1,\"a, b\"\n,c\n");
    }
}
