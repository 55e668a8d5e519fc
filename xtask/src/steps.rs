//! A list of steps, each run and timed, none left out in silence.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::repository::Repository;

/// One thing to be shown.
pub(crate) struct Step {
    /// As it stands in the closing table.
    pub name: &'static str,
    /// Does it.
    pub run: fn(&Repository) -> Outcome,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// What it should show was shown.
    Passed,
    /// With the reason.
    Failed(String),
    /// It could not run here, with the reason.
    Skipped(String),
}

impl From<Result<(), String>> for Outcome {
    fn from(result: Result<(), String>) -> Self {
        result.map_or_else(Self::Failed, |()| Self::Passed)
    }
}

/// An outcome with the step it belongs to and the time it took.
struct Record {
    name: &'static str,
    took: Duration,
    outcome: Outcome,
}

/// Runs all steps, also those after a failed one, and closes with a table and a line of counts.
#[expect(
    clippy::disallowed_methods,
    reason = "a stopwatch for a person; no result depends on it"
)]
pub(crate) fn run_all<'s>(repository: &Repository, steps: impl IntoIterator<Item = &'s Step>) -> ExitCode {
    let mut records = Vec::new();
    for step in steps {
        eprintln!("\n=== {}", step.name);
        let start = Instant::now();
        let outcome = (step.run)(repository);
        if let Outcome::Failed(reason) | Outcome::Skipped(reason) = &outcome {
            eprintln!("{reason}");
        }
        records.push(Record {
            name: step.name,
            took: start.elapsed(),
            outcome,
        });
    }
    print!("\n{}", table(&records));
    if records
        .iter()
        .any(|record| matches!(record.outcome, Outcome::Failed(_)))
    {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// The closing table: step, seconds, result, and a last line `N passed, N failed, N skipped`.
fn table(records: &[Record]) -> String {
    let width = records
        .iter()
        .map(|record| record.name.len())
        .max()
        .unwrap_or(0)
        .max("step".len());
    let mut text = format!("{:width$}  seconds  result\n", "step");
    let (mut passed, mut failed, mut skipped) = (0_u32, 0_u32, 0_u32);
    for Record { name, took, outcome } in records {
        let (count, result) = match outcome {
            Outcome::Passed => (&mut passed, "passed".to_owned()),
            Outcome::Failed(reason) => (&mut failed, format!("FAILED: {}", first_line(reason))),
            Outcome::Skipped(reason) => (&mut skipped, format!("skipped: {}", first_line(reason))),
        };
        *count = count.saturating_add(1);
        let _ = writeln!(text, "{name:width$}  {:7.1}  {result}", took.as_secs_f64());
    }
    let _ = writeln!(text, "\n{passed} passed, {failed} failed, {skipped} skipped");
    text
}

fn first_line(reason: &str) -> &str {
    reason.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_closes_with_the_counts_alone_on_the_last_line() {
        let record = |name, outcome| Record {
            name,
            took: Duration::from_millis(1_250),
            outcome,
        };
        let text = table(&[
            record("format", Outcome::Passed),
            record(
                "encrypted engine",
                Outcome::Skipped("needs perl\nand more".into()),
            ),
            record("lint", Outcome::Failed("`cargo clippy` ended".into())),
            record("docs", Outcome::Passed),
        ]);
        assert_eq!(
            text,
            "step              seconds  result\n\
             format                1.2  passed\n\
             encrypted engine      1.2  skipped: needs perl\n\
             lint                  1.2  FAILED: `cargo clippy` ended\n\
             docs                  1.2  passed\n\
             \n\
             2 passed, 1 failed, 1 skipped\n"
        );
    }
}
