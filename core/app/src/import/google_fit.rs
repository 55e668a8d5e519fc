//! Step counts of Google Fit, as Google Takeout writes them.
//!
//! ```json
//! {"Data Source": "derived:com.google.step_count.delta:…",
//!  "Data Points": [{"fitValue": [{"value": {"intVal": 12}}], "startTimeNanos": 1672531200000000000,
//!                   "endTimeNanos": 1672531260000000000, "dataTypeName": "com.google.step_count.delta",
//!                   "originDataSourceId": "…", "modifiedTimeMillis": 1672531300000}]}
//! ```
//!
//! The answers of the former web interface are read as well: the list is called `point`, the value is
//! `"value": [{"intVal": 12}]`, and numbers are strings.
//!
//! A list is long, so serde never sees it: the outer object and the commas are walked by hand, and each data point is
//! deserialised by itself. That turns serde's push into the pull that [`Iterator`] asks for.

use std::io::BufRead;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, DeserializeOwned, Deserializer, IgnoredAny, SeqAccess, Visitor};

use super::input::Metered;
use super::{ImportError, ImportReason, Record, Records, Skipped, checked_interval, millis_of_nanos};
use crate::steps::IntervalRecord;
use crate::time::UtcMillis;

/// The only data type that is imported; the cumulative one would count every step many times.
const STEP_DELTA: &str = "com.google.step_count.delta";

/// Interval records of a Google Fit file.
pub struct GoogleFit<R> {
    input: Metered<R>,
    place: Place,
    /// Where the latest data point starts.
    point_line: u64,
    skipped: Skipped,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nothing was read.
    Start,
    /// Inside the list; whether a comma has to come before the next point.
    List { is_first: bool },
    /// Behind the last record or a broken place.
    End,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Point {
    start_time_nanos: Option<Number>,
    end_time_nanos: Option<Number>,
    modified_time_millis: Option<Number>,
    data_type_name: Option<String>,
    fit_value: Option<OneOrMany<Value>>,
    value: Option<OneOrMany<Value>>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Value {
    int_val: Option<Number>,
    value: Option<InnerValue>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct InnerValue {
    int_val: Option<Number>,
}

impl<R: BufRead> GoogleFit<R> {
    /// Reads a Google Fit file.
    pub const fn new(reader: R) -> Self {
        Self {
            input: Metered::new(reader),
            place: Place::Start,
            point_line: 1,
            skipped: Skipped {
                waists_without_weight: 0,
                midnight_twins: 0,
                rows_without_weight: 0,
                other_data_points: 0,
            },
        }
    }

    /// The next data point that counts steps, or `None` behind the end of the file. The outer error is one of the file,
    /// the inner one is about the content of the point alone.
    fn read(&mut self) -> Result<Option<Result<IntervalRecord, ImportReason>>, ImportReason> {
        if self.place == Place::Start {
            self.input.skip_byte_order_mark()?;
            self.expect(b'{')?;
            self.find_list()?;
        }
        while let Place::List { is_first } = self.place {
            let byte = self.next_token()?;
            if byte == b']' {
                self.input.consume(1);
                self.place = Place::End;
                self.finish()?;
                break;
            }
            if !is_first {
                self.expect(b',')?;
            }
            self.place = Place::List { is_first: false };
            if self.next_token()? != b'{' {
                return Err(MALFORMED);
            }
            self.point_line = self.input.line();
            let point: Point = self.parse()?;
            if point
                .data_type_name
                .as_deref()
                .is_some_and(|name| name != STEP_DELTA)
            {
                self.skipped.other_data_points = self.skipped.other_data_points.saturating_add(1);
                continue;
            }
            return Ok(Some(point.into_record()));
        }
        Ok(None)
    }

    /// Walks over the keys of the outer object up to the list.
    fn find_list(&mut self) -> Result<(), ImportReason> {
        if self.next_token()? == b'}' {
            return Err(ImportReason::missing("Data Points"));
        }
        loop {
            if self.next_token()? != b'"' {
                return Err(MALFORMED);
            }
            let key: String = self.parse()?;
            self.expect(b':')?;
            if key == "Data Points" || key == "point" {
                self.place = Place::List { is_first: true };
                return self.expect(b'[');
            }
            self.skip_value()?;
            if self.next_token()? == b'}' {
                return Err(ImportReason::missing("Data Points"));
            }
            self.expect(b',')?;
        }
    }

    /// The rest of the outer object and nothing behind it. A second list would be lost, so it is an error.
    fn finish(&mut self) -> Result<(), ImportReason> {
        while self.next_token()? != b'}' {
            self.expect(b',')?;
            if self.next_token()? != b'"' {
                return Err(MALFORMED);
            }
            let key: String = self.parse()?;
            if key == "Data Points" || key == "point" {
                return Err(ImportReason::bad("Data Points", "occurs twice"));
            }
            self.expect(b':')?;
            self.skip_value()?;
        }
        self.input.consume(1);
        self.skip_blanks()?;
        match self.input.peek()? {
            None => Ok(()),
            Some(_) => Err(MALFORMED),
        }
    }

    fn skip_value(&mut self) -> Result<(), ImportReason> {
        if matches!(self.next_token()?, b'{' | b'[' | b'"') {
            self.parse::<IgnoredAny>()?;
            return Ok(());
        }
        // A number or a word does not say where it ends, and serde would eat the byte behind it.
        let mut word = Vec::new();
        while let Some(byte) = self.input.peek()? {
            if matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n') {
                break;
            }
            word.push(byte);
            self.input.consume(1);
        }
        serde_json::from_slice::<IgnoredAny>(&word).map_err(|_| MALFORMED)?;
        Ok(())
    }

    /// One value that says itself where it ends: an object, a list or a string.
    fn parse<T: DeserializeOwned>(&mut self) -> Result<T, ImportReason> {
        self.input.begin();
        let mut json = serde_json::Deserializer::from_reader(&mut self.input);
        T::deserialize(&mut json).map_err(|error| match error.io_error_kind() {
            Some(kind) => self.input.reason(kind),
            None if error.is_data() => ImportReason::bad("the data point", "has a value of the wrong type"),
            None => MALFORMED,
        })
    }

    fn skip_blanks(&mut self) -> Result<(), ImportReason> {
        self.input.begin();
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.input.peek()? {
            self.input.consume(1);
            self.input.begin();
        }
        Ok(())
    }

    /// The next byte that is not blank, left in place.
    fn next_token(&mut self) -> Result<u8, ImportReason> {
        self.skip_blanks()?;
        self.input.peek()?.ok_or(MALFORMED)
    }

    fn expect(&mut self, token: u8) -> Result<(), ImportReason> {
        if self.next_token()? != token {
            return Err(MALFORMED);
        }
        self.input.consume(1);
        Ok(())
    }
}

const MALFORMED: ImportReason = ImportReason::Malformed("JSON");

impl Point {
    fn into_record(self) -> Result<IntervalRecord, ImportReason> {
        let missing = ImportReason::missing;
        let start = self.start_time_nanos.ok_or_else(|| missing("startTimeNanos"))?.0;
        let end = self.end_time_nanos.ok_or_else(|| missing("endTimeNanos"))?.0;
        let value = self.fit_value.or(self.value).and_then(|list| list.first);
        let steps = value
            .and_then(|value| value.int_val.or(value.value.and_then(|inner| inner.int_val)))
            .ok_or_else(|| missing("intVal"))?;
        checked_interval(IntervalRecord {
            source: "google-fit".to_owned(),
            id: format!("{start}-{end}"),
            start: millis_of_nanos(start),
            end: millis_of_nanos(end),
            steps: steps.0,
            modified: self
                .modified_time_millis
                .map_or_else(|| millis_of_nanos(end), |modified| UtcMillis(modified.0)),
            zone: None,
        })
    }
}

impl<R: BufRead> Iterator for GoogleFit<R> {
    type Item = Result<Record, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.read() {
            Ok(point) => Some(match point? {
                Ok(record) => Ok(Record::Steps(record)),
                Err(reason) => Err(reason.at(self.point_line)),
            }),
            Err(reason) => {
                self.place = Place::End;
                Some(Err(reason.at(self.input.line())))
            }
        }
    }
}

impl<R: BufRead> Records for GoogleFit<R> {
    fn skipped(&self) -> Skipped {
        self.skipped
    }
}

/// A whole number, or a string that holds one.
struct Number(i64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Number;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a whole number")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Number, E> {
                Ok(Number(number))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Number, E> {
                i64::try_from(number).map(Number).map_err(E::custom)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
                text.parse().map(Number).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// A list of which only the first element matters, or that element by itself.
struct OneOrMany<T> {
    first: Option<T>,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a value or a list of values")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMany<T>, A::Error> {
                let first = list.next_element()?;
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(OneOrMany { first })
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<OneOrMany<T>, A::Error> {
                let first = T::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(OneOrMany { first: Some(first) })
            }
        }
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<Result<IntervalRecord, String>>, Skipped) {
        let mut records = GoogleFit::new(text.as_bytes());
        let found = records
            .by_ref()
            .map(|record| match record {
                Ok(Record::Steps(record)) => Ok(record),
                Ok(Record::WeighIn(_)) => Err("a weigh-in".to_owned()),
                Err(error) => Err(format!("{:?} {error}", error.line)),
            })
            .collect();
        (found, records.skipped())
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "compared with outcomes that may be errors"
    )]
    fn record(start: i64, end: i64, steps: i64, modified: i64) -> Result<IntervalRecord, String> {
        Ok(IntervalRecord {
            source: "google-fit".to_owned(),
            id: format!("{start}-{end}"),
            start: UtcMillis(start / 1_000_000),
            end: UtcMillis(end / 1_000_000),
            steps,
            modified: UtcMillis(modified),
            zone: None,
        })
    }

    const START: i64 = 1_672_531_200_000_000_000;
    const END: i64 = 1_672_531_260_123_456_789;

    /// One data point in the form of Takeout.
    fn point(start: i64, end: i64, steps: &str) -> String {
        format!(
            r#"{{"fitValue": [{{"value": {{"intVal": {steps}}}}}], "originDataSourceId": "raw:x",
            "endTimeNanos": {end}, "dataTypeName": "com.google.step_count.delta", "startTimeNanos": {start},
            "modifiedTimeMillis": 1672531300000, "rawTimestampNanos": 0}}"#
        )
    }

    #[test]
    fn takeout_points_become_records() {
        let text = format!(
            "\u{feff}{{\n \"Data Source\": \"derived:x\", \"n\": -1.5e3 , \"l\": [1, {{\"x\": null}}],\n \"Data Points\" : [{}, {}] , \"z\": true}}\n",
            point(START, END, "12"),
            point(END, END, "0")
        );
        let expected = vec![
            record(START, END, 12, 1_672_531_300_000),
            record(END, END, 0, 1_672_531_300_000),
        ];
        assert_eq!(read(&text), (expected, Skipped::default()));
    }

    #[test]
    fn the_other_forms_of_a_value_are_understood() {
        for value in [
            r#""value": [{"intVal": 12}]"#,
            r#""value": [{"intVal": 12}, {"fpVal": 1.5}]"#,
            r#""value": {"intVal": "12"}"#,
            r#""fitValue": [{"intVal": 12}]"#,
            r#""fitValue": {"value": {"intVal": 12}}"#,
        ] {
            let text =
                format!(r#"{{"point":[{{"startTimeNanos":"{START}","endTimeNanos":"{END}",{value}}}]}}"#);
            assert_eq!(
                read(&text).0,
                [record(START, END, 12, END / 1_000_000)],
                "{value}"
            );
        }
    }

    #[test]
    fn points_of_another_type_are_counted_and_left_out() {
        let other = point(START, END, "5000").replace("step_count.delta", "step_count.cumulative");
        let text = format!("{{\"Data Points\":[{other},{}]}}", point(START, END, "12"));
        let (found, skipped) = read(&text);
        assert_eq!((found.len(), skipped.other_data_points), (1, 1));
    }

    #[test]
    fn an_empty_list_is_an_empty_file_and_no_error() {
        assert_eq!(read("{\"Data Points\":[]}").0, []);
    }

    #[test]
    fn a_point_with_impossible_content_is_named_and_the_next_one_still_read() {
        let text = format!(
            "{{\"Data Points\":[\n{},\n{},\n{},\n{},\n{{}},\n{}]}}",
            point(START, END, "-1"),
            point(END, START, "1"),
            point(0, 1, "1"),
            point(START, START + 32 * 86_400_000_000_000, "1"),
            point(START, END, "12"),
        );
        let problem = |line: u64, problem: &str| Err(format!("Some({line}) {problem}"));
        let expected = vec![
            problem(2, "the number of steps is outside 0 to 1,000,000"),
            problem(5, "the end lies before the start"),
            problem(8, "the time lies outside the years 2000 to 2099"),
            problem(11, "the record is longer than 31 days"),
            problem(14, "startTimeNanos is missing"),
            record(START, END, 12, 1_672_531_300_000),
        ];
        assert_eq!(read(&text).0, expected);
    }

    #[test]
    fn a_value_of_the_wrong_type_ends_the_import() {
        for value in ["1.5", "\"many\"", "[]", "true", "99999999999999999999", "\"\""] {
            let text = format!(
                "{{\"Data Points\":[{},{}]}}",
                point(START, END, value),
                point(START, END, "1")
            );
            let expected = [Err(
                "Some(1) the data point has a value of the wrong type".to_owned()
            )];
            let found = read(&text).0;
            assert_eq!(found, expected, "{value}");
        }
    }

    #[test]
    fn what_is_not_well_formed_ends_the_import_after_the_points_before_it() {
        let good = point(START, END, "12");
        for (tail, records) in [
            ("", 1),
            ("]", 1),
            ("]}x", 1),
            (",]}", 1),
            (" {}]}", 1),
            (",7]}", 1),
            (",{\"x\":}]}", 1),
            ("],\"Data Points\":[]}", 1),
            ("],\"x\":01}", 1),
        ] {
            let found = read(&format!("{{\"Data Points\":[{good}{tail}")).0;
            assert_eq!(
                found.iter().filter(|record| record.is_ok()).count(),
                records,
                "{tail}"
            );
            assert_eq!(found.len(), records + 1, "{tail}");
        }
        for text in [
            "",
            "[]",
            "{",
            "{}",
            "{\"x\":1}",
            "{x",
            "{\"Data Points\":{}}",
            "nul",
            "{\"a\" 1}",
        ] {
            let found = read(text).0;
            assert!(matches!(found.as_slice(), [Err(_)]), "{text}: {found:?}");
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        for inner in ["[", "{\"x\":"] {
            let text = format!("{{\"Data Points\":[{{\"value\":{}", inner.repeat(100_000));
            assert_eq!(read(&text).0.len(), 1);
            let text = format!("{{\"x\":{}", inner.repeat(100_000));
            assert_eq!(read(&text).0.len(), 1);
        }
    }
}
