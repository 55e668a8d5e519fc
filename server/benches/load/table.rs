//! The table.

use std::fmt;
use std::time::Duration;

/// One figure.
#[derive(Debug)]
pub(crate) struct Row {
    pub what: String,
    pub measured: String,
    pub bare: String,
    pub ratio: String,
    /// Zero: not measured.
    pub median: Duration,
    /// Zero: not measured.
    pub p99: Duration,
    pub cpu: String,
    /// The target of the design, and whether it was met.
    pub target: Option<(String, bool)>,
}

#[derive(Debug, Default)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    pub(crate) fn add(&mut self, row: Row) {
        self.0.push(row);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| what | measured | bare limit | ratio | median | p99 | CPU of the server for each | target | |"
        )?;
        writeln!(f, "| --- | --- | --- | --- | --- | --- | --- | --- | --- |")?;
        for row in &self.0 {
            let (target, is_met) = match &row.target {
                None => ("", ""),
                Some((target, true)) => (target.as_str(), "met"),
                Some((target, false)) => (target.as_str(), "MISSED"),
            };
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {} | {} | {target} | {is_met} |",
                row.what,
                row.measured,
                row.bare,
                row.ratio,
                show(row.median),
                show(row.p99),
                row.cpu,
            )?;
        }
        Ok(())
    }
}

fn show(duration: Duration) -> String {
    if duration.is_zero() {
        return String::new();
    }
    format!("{:.1} ms", duration.as_secs_f64() * 1e3)
}
