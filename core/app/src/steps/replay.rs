//! The inspection format of steps: a file of events in, the derived view out, through the real store.
//!
//! Parsing is complete before anything is applied, so a malformed file changes nothing. Between two `restart` lines
//! everything shares one transaction. Source: steps.md section 9.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono_tz::Tz;
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::reading::{CounterSample, IntervalRecord, NoteCode, NoteSubject, PlatformBucket, StepEvent};
use super::summary::with_unknown_dates;
use super::{StepError, Steps};
use crate::settings;
use crate::store::{Store, StoreConfig, zones as zone_table};
use crate::time::{DateRange, DayStart, NaiveDate, UtcMillis, format_date, parse_date, parse_zone};

/// Largest absolute value of an integer in the format: what every JSON reader can hold exactly.
const LARGEST_INTEGER: i64 = 9_007_199_254_740_991;

/// One line of a replay file that says something.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayLine {
    /// Line number, from 1; blank lines count.
    pub line: usize,
    /// The event, or `None` for a `restart`.
    pub event: Option<StepEvent>,
}

/// Why a file is malformed: the first offending line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}: {reason}")]
pub struct ReplayError {
    /// Line number, from 1.
    pub line: usize,
    /// What is wrong; names the key, never its value.
    pub reason: String,
}

/// The derived view of a replayed file, as steps.md 9.3 wants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplayOutput {
    /// Sum of the days' steps.
    pub total_steps: i64,
    /// Every calendar date from the first to the last that is measured or corrected.
    pub days: Vec<ReplayDay>,
    /// Hour slots with steps.
    pub hours: Vec<ReplayHour>,
    /// Remarks about lines.
    pub notes: Vec<ReplayNote>,
}

/// One date of the output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplayDay {
    /// `YYYY-MM-DD`.
    pub date: String,
    /// What is shown, or null.
    pub steps: Option<i64>,
    /// What the sensors counted, or null.
    pub sensor_steps: Option<i64>,
    /// The correction, 0 without one.
    pub adjustment_steps: i64,
}

/// One hour slot of the output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplayHour {
    /// First instant of the slot, epoch milliseconds.
    pub start_ms: i64,
    /// `YYYY-MM-DD`.
    pub date: String,
    /// Sensor steps, more than 0.
    pub steps: i64,
}

/// One remark of the output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplayNote {
    /// Line number, from 1.
    pub line: usize,
    /// The code.
    pub code: &'static str,
    /// Free text.
    pub detail: &'static str,
}

/// How to replay.
#[derive(Debug, Clone, Copy)]
pub struct ReplayRun {
    /// Zone of items that carry none.
    pub zone: Tz,
    /// Start of the day.
    pub day_start: DayStart,
}

impl ReplayRun {
    /// Feeds the lines to a store in `folder`, which must be empty or absent, and reads the derived view back.
    pub fn run(self, folder: &Path, lines: &[ReplayLine]) -> Result<ReplayOutput, StepError> {
        let open = || {
            Store::open(StoreConfig {
                folder: folder.to_owned(),
                key: None,
            })
            .map(|(store, _)| store)
        };
        let mut store = open()?;
        store.write(|tx| {
            zone_table::report_zone(tx, UtcMillis(0), self.zone)?;
            settings::set_day_start(tx, self.day_start)
        })?;
        let mut notes: BTreeMap<(usize, NoteCode), &'static str> = BTreeMap::new();
        let mut held_lines: BTreeMap<i64, usize> = BTreeMap::new();
        let mut segments = lines.split(|line| line.event.is_none()).peekable();
        while let Some(segment) = segments.next() {
            let events: Vec<StepEvent> = segment.iter().filter_map(|line| line.event.clone()).collect();
            let report = Steps::new(&store).record(&events)?;
            let line_of = |position: usize| segment.get(position).map(|line| line.line);
            for (position, held_id) in report.held {
                held_lines.extend(line_of(position).map(|line| (held_id, line)));
            }
            for note in report.notes {
                let line = match note.about {
                    NoteSubject::Event(position) => line_of(position),
                    NoteSubject::Held(held_id) => held_lines.get(&held_id).copied(),
                };
                if let Some(line) = line {
                    notes.entry((line, note.code)).or_insert(note.detail);
                }
            }
            if segments.peek().is_some() {
                drop(store); // as if killed: nothing is closed in an orderly way
                store = open()?;
            }
        }
        output(Steps::new(&store), notes)
    }
}

fn output(
    steps: Steps<'_>,
    notes: BTreeMap<(usize, NoteCode), &'static str>,
) -> Result<ReplayOutput, StepError> {
    let range = steps.span()?.map_or(
        DateRange {
            from: NaiveDate::MIN,
            until: NaiveDate::MIN,
        },
        |(first, last)| DateRange {
            from: first,
            until: DateRange::single(last).until,
        },
    );
    let days = with_unknown_dates(&steps.days(range)?, range);
    let mut notes: Vec<ReplayNote> = notes
        .into_iter()
        .map(|((line, code), detail)| ReplayNote {
            line,
            code: code.as_str(),
            detail,
        })
        .collect();
    notes.sort_by_key(|note| (note.line, note.code));
    Ok(ReplayOutput {
        total_steps: days
            .iter()
            .filter_map(|day| day.steps)
            .fold(0i64, i64::saturating_add),
        days: days
            .iter()
            .map(|day| ReplayDay {
                date: format_date(day.date),
                steps: day.steps,
                sensor_steps: day.sensor_steps,
                adjustment_steps: day.correction.unwrap_or(0),
            })
            .collect(),
        hours: steps
            .hours(range)?
            .iter()
            .map(|hour| ReplayHour {
                start_ms: hour.start.0,
                date: format_date(hour.date),
                steps: hour.steps,
            })
            .collect(),
        notes,
    })
}

/// Reads a replay file; nothing is applied. Errors: the first malformed line.
pub fn parse_replay(file: &[u8]) -> Result<Vec<ReplayLine>, ReplayError> {
    let mut lines = Vec::new();
    for (line, bytes) in (1usize..).zip(file.split(|byte| *byte == b'\n')) {
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        if bytes.iter().all(|byte| matches!(byte, b' ' | b'\t')) {
            continue;
        }
        let parsed = parse_line(bytes).map_err(|reason| ReplayError { line, reason })?;
        lines.push(ReplayLine { line, event: parsed });
    }
    Ok(lines)
}

fn parse_line(bytes: &[u8]) -> Result<Option<StepEvent>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())?;
    serde_json::from_str::<NoRepeatedKeys>(text).map_err(|error| json_reason(&error))?;
    let keys: BTreeMap<String, &RawValue> =
        serde_json::from_str(text).map_err(|_| "not a JSON object".to_owned())?;
    let object = Object { keys };
    let event = match object.text("type")?.as_str() {
        "counter" => StepEvent::Counter(CounterSample {
            source: object.text("source")?,
            boot: object.optional_text("boot")?,
            count: object.number_or_null("count")?,
            event_elapsed_ms: object.integer("event_elapsed_ms")?,
            received_elapsed_ms: object.integer("received_elapsed_ms")?,
            received_at: object.instant("received_at_ms")?,
            zone: object.zone()?,
        }),
        "interval" => StepEvent::Interval(IntervalRecord {
            source: object.text("source")?,
            id: object.text("id")?,
            start: object.instant("start_ms")?,
            end: object.instant("end_ms")?,
            steps: object.integer("steps")?,
            modified: object.instant("modified_ms")?,
            zone: object.zone()?,
        }),
        "bucket" => StepEvent::Bucket(PlatformBucket {
            source: object.text("source")?,
            start: object.instant("start_ms")?,
            end: object.instant("end_ms")?,
            steps: object.integer_or_null("steps")?,
            queried_at: object.instant("queried_at_ms")?,
            retained_from: object.optional_integer("retained_from_ms")?.map(UtcMillis),
            zone: object.zone()?,
        }),
        "delete" => StepEvent::Delete {
            source: object.text("source")?,
            id: object.text("id")?,
        },
        "priority" => StepEvent::Priority(object.texts("sources")?),
        "pause" => StepEvent::Pause {
            at: object.instant("at_ms")?,
        },
        "resume" => StepEvent::Resume {
            at: object.instant("at_ms")?,
        },
        "exclude" => StepEvent::Exclude {
            start: object.instant("start_ms")?,
            end: object.instant("end_ms")?,
            reason: object.optional_string("reason")?,
        },
        "adjust" => StepEvent::Adjust {
            date: object.date("date")?,
            steps: object.integer_or_null("steps")?,
        },
        "restart" => return Ok(None),
        _ => return Err("unknown type".to_owned()),
    };
    Ok(Some(event))
}

fn json_reason(error: &serde_json::Error) -> String {
    // serde_json quotes keys and values of unexpected types in its own words; only the kind of mistake is told.
    if error.to_string().contains(REPEATED_KEY) {
        REPEATED_KEY.to_owned()
    } else if error.is_eof() {
        "not JSON: it ends too early".to_owned()
    } else {
        format!("not JSON, at column {}", error.column())
    }
}

/// The keys of one line with the text of their values, so that `1` and `1.0` can be told apart.
struct Object<'a> {
    keys: BTreeMap<String, &'a RawValue>,
}

impl Object<'_> {
    /// The value as text, or `None` if it is absent or null.
    fn raw(&self, key: &str) -> Option<&str> {
        self.keys
            .get(key)
            .map(|value| value.get())
            .filter(|text| *text != "null")
    }

    fn required(&self, key: &str) -> Result<&str, String> {
        match self.keys.get(key).map(|value| value.get()) {
            None => Err(format!("{key} is missing")),
            Some("null") => Err(format!("{key} must not be null")),
            Some(text) => Ok(text),
        }
    }

    fn text(&self, key: &str) -> Result<String, String> {
        not_empty(key, string(key, self.required(key)?)?)
    }

    fn optional_string(&self, key: &str) -> Result<Option<String>, String> {
        self.raw(key).map(|text| string(key, text)).transpose()
    }

    fn optional_text(&self, key: &str) -> Result<Option<String>, String> {
        self.optional_string(key)?
            .map(|text| not_empty(key, text))
            .transpose()
    }

    fn texts(&self, key: &str) -> Result<Vec<String>, String> {
        let texts: Vec<String> = serde_json::from_str(self.required(key)?)
            .map_err(|_| format!("{key} must be a list of strings"))?;
        texts.into_iter().map(|text| not_empty(key, text)).collect()
    }

    fn integer(&self, key: &str) -> Result<i64, String> {
        integer(key, self.required(key)?)
    }

    fn optional_integer(&self, key: &str) -> Result<Option<i64>, String> {
        self.raw(key).map(|text| integer(key, text)).transpose()
    }

    fn integer_or_null(&self, key: &str) -> Result<Option<i64>, String> {
        if self.keys.contains_key(key) {
            self.optional_integer(key)
        } else {
            Err(format!("{key} is missing"))
        }
    }

    fn number_or_null(&self, key: &str) -> Result<Option<f64>, String> {
        if !self.keys.contains_key(key) {
            return Err(format!("{key} is missing"));
        }
        self.raw(key)
            .map(|text| serde_json::from_str(text).map_err(|_| format!("{key} must be a number or null")))
            .transpose()
    }

    fn instant(&self, key: &str) -> Result<UtcMillis, String> {
        self.integer(key).map(UtcMillis)
    }

    fn date(&self, key: &str) -> Result<NaiveDate, String> {
        parse_date(&self.text(key)?).ok_or_else(|| format!("{key} must be an existing date YYYY-MM-DD"))
    }

    fn zone(&self) -> Result<Option<Tz>, String> {
        let Some(name) = self.optional_text("zone")? else {
            return Ok(None);
        };
        parse_zone(&name)
            .map(Some)
            .ok_or_else(|| "zone is not an IANA zone name".to_owned())
    }
}

fn string(key: &str, text: &str) -> Result<String, String> {
    serde_json::from_str(text).map_err(|_| format!("{key} must be a string"))
}

fn not_empty(key: &str, text: String) -> Result<String, String> {
    if text.is_empty() {
        Err(format!("{key} must not be empty"))
    } else {
        Ok(text)
    }
}

fn integer(key: &str, text: &str) -> Result<i64, String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("{key} must be an integer without fraction and exponent"));
    }
    text.parse()
        .ok()
        .filter(|value| (-LARGEST_INTEGER..=LARGEST_INTEGER).contains(value))
        .ok_or_else(|| format!("{key} is beyond 2^53 - 1"))
}

const REPEATED_KEY: &str = "a key stands twice in one object";

/// Accepts any JSON object in which no object, at any depth, has a key twice.
struct NoRepeatedKeys;

impl<'de> Deserialize<'de> for NoRepeatedKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = NoRepeatedKeys;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut keys = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if !keys.insert(key) {
                return Err(serde::de::Error::custom(REPEATED_KEY));
            }
            map.next_value::<NoRepeatedKeys>()?;
        }
        Ok(NoRepeatedKeys)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<NoRepeatedKeys>()?.is_some() {}
        Ok(NoRepeatedKeys)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(NoRepeatedKeys)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(NoRepeatedKeys)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(NoRepeatedKeys)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(NoRepeatedKeys)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(NoRepeatedKeys)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(NoRepeatedKeys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(line: &str) -> String {
        parse_replay(line.as_bytes()).unwrap_err().reason
    }

    #[test]
    fn the_examples_of_the_format_are_read() {
        let file = r#"{"type":"counter","source":"phone","boot":"7","count":48213,"event_elapsed_ms":93600000,"received_elapsed_ms":93600250,"received_at_ms":1775010000250,"zone":"Asia/Tokyo"}
{"type":"interval","source":"watch","id":"A","start_ms":1775001600000,"end_ms":1775002500000,"steps":812,"modified_ms":1775003000000,"zone":"Asia/Tokyo"}
{"type":"bucket","source":"healthkit","start_ms":1775001600000,"end_ms":1775005200000,"steps":640,"queried_at_ms":1775005300000,"retained_from_ms":1774400500000,"zone":"Asia/Tokyo"}
{"type":"delete","source":"watch","id":"A"}
{"type":"priority","sources":["watch","phone"]}
{"type":"pause","at_ms":1775006000000}
{"type":"resume","at_ms":1775009000000}
{"type":"exclude","start_ms":1775001600000,"end_ms":1775002000000,"reason":"vehicle"}
{"type":"adjust","date":"2026-04-01","steps":7000}
{"type":"restart"}
"#;
        let lines = parse_replay(file.as_bytes()).unwrap();
        assert_eq!(lines.len(), 10);
        assert!(lines[9].event.is_none());
    }

    #[test]
    fn blank_lines_and_carriage_returns_are_skipped_but_counted() {
        let lines = parse_replay(b"\r\n \t \n{\"type\":\"restart\"}\r\n\n").unwrap();
        assert_eq!(lines, [ReplayLine { line: 3, event: None }]);
        let error = parse_replay(b"\n\n{\"type\":\"restart\"}\n{}\n").unwrap_err();
        assert_eq!(error.to_string(), "4: type is missing");
        assert_eq!(parse_replay(b"").unwrap(), []);
    }

    #[test]
    fn malformed_lines_are_named_with_their_key() {
        for (line, expected) in [
            (r"[1]", "not a JSON object"),
            (r"nonsense", "not JSON, at column 2"),
            (r#"{"type":"restart""#, "not JSON: it ends too early"),
            (r#"{"type":"restart","type":"restart"}"#, REPEATED_KEY),
            (r#"{"type":"restart","x":{"a":1,"a":1}}"#, REPEATED_KEY),
            (r#"{"type":"restart","x":NaN}"#, "not JSON, at column 23"),
            (r#"{"type":"walk"}"#, "unknown type"),
            (r#"{"type":7}"#, "type must be a string"),
            (r#"{"type":"pause"}"#, "at_ms is missing"),
            (r#"{"type":"pause","at_ms":null}"#, "at_ms must not be null"),
            (
                r#"{"type":"pause","at_ms":1.0}"#,
                "at_ms must be an integer without fraction and exponent",
            ),
            (
                r#"{"type":"pause","at_ms":1e3}"#,
                "at_ms must be an integer without fraction and exponent",
            ),
            (
                r#"{"type":"pause","at_ms":"1"}"#,
                "at_ms must be an integer without fraction and exponent",
            ),
            (
                r#"{"type":"pause","at_ms":9007199254740992}"#,
                "at_ms is beyond 2^53 - 1",
            ),
            (
                r#"{"type":"adjust","date":"2026-02-29","steps":1}"#,
                "date must be an existing date YYYY-MM-DD",
            ),
            (r#"{"type":"adjust","date":"2026-02-28"}"#, "steps is missing"),
            (
                r#"{"type":"delete","source":"","id":"A"}"#,
                "source must not be empty",
            ),
            (
                r#"{"type":"priority","sources":["a",1]}"#,
                "sources must be a list of strings",
            ),
            (
                r#"{"type":"exclude","start_ms":1,"end_ms":2,"reason":5}"#,
                "reason must be a string",
            ),
        ] {
            assert_eq!(reason(line), expected, "{line}");
        }
        let counter = |count: &str, zone: &str| {
            reason(&format!(
                r#"{{"type":"counter","source":"p","count":{count},"event_elapsed_ms":1,"received_elapsed_ms":1,"received_at_ms":1,"zone":{zone}}}"#
            ))
        };
        assert_eq!(counter("true", "null"), "count must be a number or null");
        assert!(counter("1e999", "null").starts_with("not JSON"));
        assert_eq!(counter("1", r#""Asia/Edo""#), "zone is not an IANA zone name");
        assert_eq!(parse_replay(&[b'{', 0xff, b'}']).unwrap_err().reason, "not UTF-8");
    }

    #[test]
    fn a_number_beyond_a_float_is_judged_by_its_exact_value() {
        let line = |number: &str| parse_replay(format!(r#"{{"type":"restart","x":{number}}}"#).as_bytes());
        assert!(
            line("1.7976931348623158e308").is_ok(),
            "it rounds to the largest float"
        );
        assert!(line("1.7976931348623159e308").is_err());
        assert!(line(&"9".repeat(308)).is_ok());
        assert!(line(&"9".repeat(309)).is_err());
    }

    #[test]
    fn an_integer_may_be_minus_zero_and_a_count_may_have_a_fraction() {
        let line = r#"{"type":"counter","source":"p","boot":null,"count":10.5,"event_elapsed_ms":-0,"received_elapsed_ms":0,"received_at_ms":0}"#;
        let lines = parse_replay(line.as_bytes()).unwrap();
        assert!(matches!(&lines[0].event, Some(StepEvent::Counter(sample))
            if sample.count == Some(10.5) && sample.event_elapsed_ms == 0));
    }
}
