//! The table.

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

/// Begins the table on standard output.
pub(crate) fn begin() {
    println!(
        "| what | measured | bare limit | ratio | median | p99 | CPU of the server for each | target | |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
}

impl Row {
    /// Adds the row, at once: what comes later may fail.
    pub(crate) fn print(&self) {
        let (target, is_met) = match &self.target {
            None => ("", ""),
            Some((target, true)) => (target.as_str(), "met"),
            Some((target, false)) => (target.as_str(), "MISSED"),
        };
        println!(
            "| {} | {} | {} | {} | {} | {} | {} | {target} | {is_met} |",
            self.what,
            self.measured,
            self.bare,
            self.ratio,
            show(self.median),
            show(self.p99),
            self.cpu,
        );
    }
}

fn show(duration: Duration) -> String {
    if duration.is_zero() {
        return String::new();
    }
    format!("{:.1} ms", duration.as_secs_f64() * 1e3)
}
