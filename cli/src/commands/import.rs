//! `ayumi import`: readings of another app, with a bar that shows how far it is.

use std::fs::File;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use ayumi_core::import::weight_csv::WeightColumns;
use ayumi_core::import::{
    ImportChoice, ImportChoices, ImportError, ImportFailure, ImportProgress, ImportReason, ImportReport,
    ImportStage, plan,
};
use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments::ImportArguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::labels::Labels;
use crate::text::thousands;
use crate::words::Word;

pub(crate) fn run(context: &Context, arguments: &ImportArguments) -> Result<(), Failure> {
    let choices = ImportChoices {
        format: arguments.format.map(Into::into),
        person: arguments.person.clone(),
        unit: arguments.unit.map(Into::into),
        columns: columns(context, arguments)?,
        zone: arguments.file_zone,
    };
    let report = import_file(context, &arguments.file, &choices)?;
    tell(context.labels, &report)
}

/// Imports one file; an error names it, and the line if one is to blame.
pub(crate) fn import_file(
    context: &Context,
    file: &Path,
    choices: &ImportChoices,
) -> Result<ImportReport, Failure> {
    let failure = |failure: ImportFailure| import_failure(file, failure);
    let open = || File::open(file);
    // The system's own words about a file that cannot be opened are better than the importer's.
    open().map_err(|error| Failure::file(file, &error))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let plan = plan(open, &name, context.zone, choices).map_err(failure)?;
    let bar = Bar::new(context.labels);
    let report = context
        .app
        .import(open, &plan, &mut |progress| bar.show(progress));
    bar.bar.finish_and_clear();
    report.map_err(failure)
}

/// The columns named on the command line, if any.
fn columns(context: &Context, arguments: &ImportArguments) -> Result<Option<WeightColumns>, Failure> {
    let columns = &arguments.columns;
    let (Some(date), Some(weight)) = (&columns.date_column, &columns.weight_column) else {
        return Ok(None);
    };
    Ok(Some(WeightColumns {
        date: date.clone(),
        time: columns.time_column.clone(),
        weight: weight.clone(),
        unit: context.unit(arguments.unit)?,
        waist: columns
            .waist_column
            .clone()
            .map(|name| (name, columns.waist_unit.into())),
        dates: columns.date_order.into(),
        zone: Some(context.zone),
    }))
}

fn import_failure(file: &Path, failure: ImportFailure) -> Failure {
    let named = |reason: String| Failure::file(file, &reason);
    let content = |reason: String| Failure::Content {
        file: file.display().to_string(),
        reason,
    };
    match failure {
        ImportFailure::File(ImportError {
            line: Some(line),
            reason,
        }) => Failure::Malformed {
            file: file.display().to_string(),
            line,
            reason: reason.to_string(),
        },
        ImportFailure::File(ImportError { line: None, reason }) => match reason {
            ImportReason::Io(_) => named(reason.to_string()),
            _ => content(reason.to_string()),
        },
        ImportFailure::UnknownFormat => {
            named("its content is of no known format; name one with --format".to_owned())
        }
        ImportFailure::WhichPerson(persons) => named(format!(
            "it holds several persons; choose one with --person: {}",
            persons.join(", ")
        )),
        ImportFailure::NoSuchPerson(persons) => named(format!(
            "it does not hold that person; choose one with --person: {}",
            persons.join(", ")
        )),
        ImportFailure::WhichColumns(columns) => named(format!(
            "name the columns with --date-column and --weight-column; there are: {}",
            columns.join(", ")
        )),
        ImportFailure::NoSuchColumn { chosen, columns } => named(format!(
            "it has no column {chosen}; there are: {}",
            columns.join(", ")
        )),
        ImportFailure::WhichUnit => {
            named("it does not say in which unit its weights are; name one with --unit".to_owned())
        }
        ImportFailure::WithoutEffect(choice) => {
            let option = match choice {
                ImportChoice::Person => "--person",
                ImportChoice::Unit => "--unit",
                ImportChoice::Columns => "--date-column",
                ImportChoice::Zone => "--file-zone",
            };
            named(format!("{option} decides nothing about this file; leave it out"))
        }
        other => content(Failure::core(&other).to_string()),
    }
}

/// The progress of one import on standard error; nothing is drawn if that is not a terminal.
struct Bar {
    bar: ProgressBar,
    labels: Labels,
}

impl Bar {
    fn new(labels: Labels) -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:40}] {bytes} / {total_bytes} {eta}") {
            bar.set_style(style.progress_chars("█▌ "));
        }
        Self { bar, labels }
    }

    fn show(&self, progress: ImportProgress) -> ControlFlow<()> {
        let word = match progress.stage {
            ImportStage::Recognising => Word::Recognising,
            ImportStage::Checking => Word::Checking,
            ImportStage::Storing => Word::Storing,
        };
        self.bar.set_message(self.labels.word(word));
        self.bar.set_length(progress.total_bytes);
        self.bar.set_position(progress.bytes);
        ControlFlow::Continue(())
    }
}

fn tell(labels: Labels, report: &ImportReport) -> Result<(), Failure> {
    let number = |count: u64| thousands(i64::try_from(count).unwrap_or(i64::MAX));
    let mut out = std::io::stdout().lock();
    let records = number(report.records);
    if report.was_complete {
        writeln!(
            out,
            "{}",
            labels.say(Word::ImportedBefore, &[("records", &records)])
        )?;
        return Ok(());
    }
    if report.resumed_after > 0 {
        let earlier = number(report.resumed_after);
        writeln!(out, "{}", labels.say(Word::Resumed, &[("records", &earlier)]))?;
    }
    let (steps, weights) = (number(report.new_steps), number(report.new_weigh_ins));
    let line = labels.say(
        Word::Imported,
        &[("records", &records), ("steps", &steps), ("weights", &weights)],
    );
    writeln!(out, "{line}")?;
    for (word, count) in [
        (Word::LeftOutRejected, report.rejected),
        (Word::LeftOutWaists, report.skipped.waists_without_weight),
        (Word::LeftOutTwins, report.skipped.midnight_twins),
        (Word::LeftOutRows, report.skipped.rows_without_weight),
        (Word::LeftOutPoints, report.skipped.other_data_points),
    ] {
        if count > 0 {
            let what = labels.word(word);
            let line = labels.say(Word::LeftOut, &[("count", &number(count)), ("what", &what)]);
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
