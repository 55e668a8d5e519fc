//! Timing and the table.

use std::time::{Duration, Instant};

/// The rows of one run.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<[String; 6]>,
}

/// One figure beside the bare limit.
pub(crate) struct Figure<'a> {
    pub what: &'a str,
    pub measured: Duration,
    /// The bare limit and what it is.
    pub limit: Option<(Duration, &'a str)>,
    /// The target of the design, as text, and whether it was met.
    pub target: &'a str,
    pub is_met: bool,
}

impl Table {
    pub(crate) fn add(&mut self, figure: &Figure<'_>) {
        let ratio = figure.limit.map_or_else(String::new, |(limit, _)| {
            format!(
                "{:.2}",
                figure.measured.as_secs_f64() / limit.as_secs_f64().max(1e-9)
            )
        });
        self.rows.push([
            figure.what.to_owned(),
            show(figure.measured),
            figure
                .limit
                .map_or_else(String::new, |(limit, what)| format!("{} {what}", show(limit))),
            ratio,
            figure.target.to_owned(),
            if figure.is_met {
                "met".to_owned()
            } else {
                "MISSED".to_owned()
            },
        ]);
    }

    pub(crate) fn note(&mut self, what: &str, value: String) {
        self.rows.push([
            what.to_owned(),
            value,
            String::new(),
            String::new(),
            String::new(),
            String::new(),
        ]);
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "| what | measured | bare limit | ratio | target | |")?;
        writeln!(f, "| --- | --- | --- | --- | --- | --- |")?;
        for row in &self.rows {
            writeln!(f, "| {} |", row.join(" | "))?;
        }
        Ok(())
    }
}

fn show(duration: Duration) -> String {
    let micros = duration.as_secs_f64() * 1e6;
    if micros < 1000.0 {
        format!("{micros:.0} µs")
    } else {
        format!("{:.2} ms", micros / 1000.0)
    }
}

/// Median time of `runs` calls; `work` gets the number of the run.
pub(crate) fn median(runs: usize, mut work: impl FnMut(usize)) -> Duration {
    let mut times: Vec<Duration> = (0..runs)
        .map(|run| {
            let start = Instant::now();
            work(run);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}
