//! A small language for step scenarios: it writes lines of the replay format and runs them through the real store.

use ayumi_core::steps::{ReplayOutput, ReplayRun, parse_replay};
use ayumi_core::time::{DayStart, parse_zone};
use chrono::{NaiveDateTime, TimeZone as _};
use serde_json::{Value, json};

/// Uptime of every boot at its first mention, so that boots without a stated start are long running.
const DEFAULT_UPTIME_MS: i64 = 200 * 3_600_000;

/// Lines of a replay file in the making.
#[derive(Debug, Clone)]
pub struct Scenario {
    zone: String,
    day_start: String,
    lines: Vec<Value>,
}

impl Scenario {
    /// A scenario whose local times are of `zone`.
    #[must_use]
    pub fn in_zone(zone: &str) -> Self {
        Self {
            zone: zone.to_owned(),
            day_start: "00:00".to_owned(),
            lines: Vec::new(),
        }
    }

    /// A scenario on ordinary days in Berlin.
    #[must_use]
    pub fn berlin() -> Self {
        Self::in_zone("Europe/Berlin")
    }

    /// The person's day starts at `HH:MM`.
    #[must_use]
    pub fn with_day_start(mut self, day_start: &str) -> Self {
        day_start.clone_into(&mut self.day_start);
        self
    }

    /// Epoch milliseconds of a local time, `YYYY-MM-DD HH:MM[:SS]`; a time without a date is on 2026-04-15, `+1 HH:MM` on
    /// the day after. Of a time that comes twice the first one.
    #[must_use]
    pub fn at(&self, local: &str) -> i64 {
        local_ms(&self.zone, local)
    }

    /// Adds any line.
    #[must_use]
    pub fn line(mut self, line: Value) -> Self {
        self.lines.push(line);
        self
    }

    /// S(boot, time, count): a sample at that event time, received at once, of a phone that runs for long.
    #[must_use]
    pub fn sample(self, boot: &str, time: &str, count: i64) -> Self {
        let at = self.at(time);
        let booted = self.at("2026-04-14 00:00") - DEFAULT_UPTIME_MS + boot_shift(boot);
        self.sample_at(boot, booted, at, at, count)
    }

    /// As [`Self::sample`], of a phone that was started at a stated local time.
    #[must_use]
    pub fn sample_since(self, boot: &str, booted: &str, time: &str, count: i64) -> Self {
        let (booted, at) = (self.at(booted), self.at(time));
        self.sample_at(boot, booted, at, at, count)
    }

    /// A sample by its instants: when the phone was started, when the step was, when it was received.
    #[must_use]
    pub fn sample_at(self, boot: &str, booted: i64, event: i64, received: i64, count: i64) -> Self {
        let zone = self.zone.clone();
        self.line(
            json!({"type": "counter", "source": "phone", "boot": boot, "count": count,
            "event_elapsed_ms": event - booted, "received_elapsed_ms": received - booted,
            "received_at_ms": received, "zone": zone}),
        )
    }

    /// I[start, end) = steps of the source `watch`, each with an identity of its own.
    #[must_use]
    pub fn interval(self, start: &str, end: &str, steps: i64) -> Self {
        let id = format!("r{}", self.lines.len());
        self.record("watch", &id, start, end, steps, 1)
    }

    /// An interval record with everything stated.
    #[must_use]
    pub fn record(self, source: &str, id: &str, start: &str, end: &str, steps: i64, modified: i64) -> Self {
        let (start, end) = (self.at(start), self.at(end));
        let zone = self.zone.clone();
        self.line(
            json!({"type": "interval", "source": source, "id": id, "start_ms": start, "end_ms": end,
            "steps": steps, "modified_ms": modified, "zone": zone}),
        )
    }

    /// A platform bucket of the source `healthkit`.
    #[must_use]
    pub fn bucket(
        self,
        start: &str,
        end: &str,
        steps: Option<i64>,
        queried: &str,
        retained: Option<&str>,
    ) -> Self {
        let (start, end, queried) = (self.at(start), self.at(end), self.at(queried));
        let retained = retained.map(|at| self.at(at));
        let zone = self.zone.clone();
        self.line(
            json!({"type": "bucket", "source": "healthkit", "start_ms": start, "end_ms": end, "steps": steps,
            "queried_at_ms": queried, "retained_from_ms": retained, "zone": zone}),
        )
    }

    /// The process is killed and opened again.
    #[must_use]
    pub fn restart(self) -> Self {
        self.line(json!({"type": "restart"}))
    }

    /// The file as text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            text.push_str(&line.to_string());
            text.push('\n');
        }
        text
    }

    /// The lines, for tests that reorder or repeat them.
    #[must_use]
    pub fn lines(&self) -> &[Value] {
        &self.lines
    }

    /// The same scenario with other lines.
    #[must_use]
    pub fn with_lines(&self, lines: Vec<Value>) -> Self {
        Self {
            lines,
            ..self.clone()
        }
    }

    /// Runs the file through the real store.
    #[must_use]
    pub fn run(&self) -> Outcome {
        replay(self.text().as_bytes(), &self.zone, &self.day_start)
    }
}

/// Runs a replay file. Panics on malformed files: tests that want the error parse themselves.
#[must_use]
pub fn replay(file: &[u8], zone: &str, day_start: &str) -> Outcome {
    let lines = parse_replay(file).expect("a well-formed file");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = ReplayRun {
        zone: parse_zone(zone).expect("a zone"),
        day_start: DayStart::parse(day_start).expect("a day start"),
    };
    Outcome {
        zone: zone.to_owned(),
        output: run.run(folder.path(), &lines).expect("a run"),
    }
}

/// What a scenario came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    zone: String,
    /// The output of the replay.
    pub output: ReplayOutput,
}

impl Outcome {
    /// Total steps.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.output.total_steps
    }

    /// Steps of a date, `None` for null or a date that is not listed.
    #[must_use]
    pub fn day(&self, date: &str) -> Option<i64> {
        self.output
            .days
            .iter()
            .find(|day| day.date == date)
            .and_then(|day| day.steps)
    }

    /// Listed dates.
    #[must_use]
    pub fn dates(&self) -> Vec<&str> {
        self.output.days.iter().map(|day| day.date.as_str()).collect()
    }

    /// (local `HH:MM` of the slot's first instant, steps) of every slot.
    #[must_use]
    pub fn hours(&self) -> Vec<(String, i64)> {
        let zone = parse_zone(&self.zone).expect("a zone");
        self.output
            .hours
            .iter()
            .map(|hour| {
                let local = zone
                    .timestamp_millis_opt(hour.start_ms)
                    .single()
                    .expect("an instant");
                (local.format("%H:%M").to_string(), hour.steps)
            })
            .collect()
    }

    /// (line, code) of every note.
    #[must_use]
    pub fn notes(&self) -> Vec<(usize, &'static str)> {
        self.output
            .notes
            .iter()
            .map(|note| (note.line, note.code))
            .collect()
    }
}

/// Epoch milliseconds of a local time; see [`Scenario::at`].
#[must_use]
pub fn local_ms(zone: &str, local: &str) -> i64 {
    let full = match local.strip_prefix("+1 ") {
        Some(time) => format!("2026-04-16 {time}"),
        None if local.contains('-') => local.to_owned(),
        None => format!("2026-04-15 {local}"),
    };
    let full = if full.matches(':').count() == 1 {
        format!("{full}:00")
    } else {
        full
    };
    let naive = NaiveDateTime::parse_from_str(&full, "%Y-%m-%d %H:%M:%S%.f").expect("a local time");
    let zone = parse_zone(zone).expect("a zone");
    zone.from_local_datetime(&naive)
        .earliest()
        .expect("a time that exists")
        .timestamp_millis()
}

/// Boots of different names were started at different times.
fn boot_shift(boot: &str) -> i64 {
    boot.bytes().map(i64::from).sum::<i64>() * 1_000_000
}
