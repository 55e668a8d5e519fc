//! What holds for every format: detection, fingerprint, progress, bounded memory, no panic.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::format_push_string,
    reason = "small numbers and short texts of tests"
)]

use std::io::{self, BufRead, BufReader, Cursor, Read};

use proptest::prelude::*;

use super::apple_health::{AppleHealth, HealthArchive};
use super::fitabase::MinuteSteps;
use super::google_fit::GoogleFit;
use super::libra::Libra;
use super::*;
use crate::time::{NaiveDate, Tz, UtcMillis, format_date};
use crate::weight::{MassUnit, WeighInTime};

const ZONE: Tz = Tz::Europe__Berlin;

type Parser<'a> = Result<Box<dyn Records + 'a>, ImportError>;

/// Every text parser over the same input.
fn parsers<'a, R: BufRead + 'a>(input: impl Fn() -> R) -> Vec<(&'static str, Parser<'a>)> {
    fn boxed<'a>(records: Result<impl Records + 'a, ImportError>) -> Parser<'a> {
        records.map(|records| Box::new(records) as Box<dyn Records + 'a>)
    }
    let columns = weight_csv::WeightColumns {
        date: "date".to_owned(),
        time: None,
        weight: "weight".to_owned(),
        unit: MassUnit::Pound,
        waist: None,
        dates: DateOrder::MonthFirst,
        zone: Some(ZONE),
    };
    vec![
        ("apple health", boxed(Ok(AppleHealth::new(input(), ZONE)))),
        ("google fit", boxed(Ok(GoogleFit::new(input())))),
        ("fitabase steps", boxed(MinuteSteps::open(input(), "1", ZONE))),
        ("fitabase weight", boxed(fitabase::weights(input(), "1", ZONE))),
        ("libra", boxed(Ok(Libra::new(input(), ZONE)))),
        (
            "trendweight",
            boxed(trendweight::open(input(), ZONE, Some(MassUnit::Pound))),
        ),
        ("weight csv", boxed(weight_csv::plain(input()))),
        ("chosen columns", boxed(weight_csv::chosen(input(), &columns))),
    ]
}

fn first_error(parser: Parser<'_>) -> ImportError {
    match parser {
        Err(error) => error,
        Ok(mut records) => records
            .find_map(Result::err)
            .expect("the input is not acceptable"),
    }
}

#[test]
fn an_empty_file_is_an_error_in_every_format() {
    for input in ["", "\u{feff}", "\n\n", " \r\n"] {
        for (name, parser) in parsers(|| input.as_bytes()) {
            let error = first_error(parser);
            assert!(error.line.is_some(), "{name}: {error}");
        }
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_an_error_with_a_line() {
    for (name, input) in [
        (
            "apple health",
            &b"<HealthData>\n<Record type='\xff'/></HealthData>"[..],
        ),
        (
            "fitabase weight",
            b"Id,Date,WeightKg,IsManualReport\n1,\xff,60,True\n",
        ),
        ("libra", b"#Version: 6\n\xff\n"),
        ("trendweight", b"date,weight\n2026-04-01,\xff\n"),
        ("weight csv", b"at,weight_kg\n\xff,60\n"),
    ] {
        let (_, parser) = parsers(|| input)
            .into_iter()
            .find(|(known, _)| *known == name)
            .unwrap();
        let error = first_error(parser);
        assert_eq!(
            (error.line, error.to_string()),
            (Some(2), "not UTF-8 text".to_owned()),
            "{name}"
        );
    }
}

/// A file that goes on for ever in the middle of one piece.
fn endless(start: &str) -> impl BufRead {
    BufReader::new(Cursor::new(start.as_bytes().to_vec()).chain(io::repeat(b'a')))
}

#[test]
fn a_piece_that_never_ends_is_refused_without_being_held_in_memory() {
    for start in [
        "",
        "<HealthData><Record type=\"",
        "<!DOCTYPE HealthData [",
        "<HealthData>",
        "<",
        "{\"Data Points\":[{\"x\":\"",
        "{\"x\":\"",
        "{\"",
        "#Version: 6\n#Units: kg\n",
        "Id,Date,WeightKg,IsManualReport\n1,",
        "date,weight\n\"",
        "at,weight_kg\n",
    ] {
        for (name, parser) in parsers(|| endless(start)) {
            // Most formats give up earlier because the start is not theirs.
            let error = first_error(parser);
            assert!(
                !matches!(error.reason, ImportReason::Io(_)),
                "{name} {start}: {error}"
            );
        }
    }
    for start in [
        "<HealthData><Record type=\"",
        "<!DOCTYPE HealthData [",
        "<HealthData>",
    ] {
        let error = first_error(Ok(Box::new(AppleHealth::new(endless(start), ZONE))));
        assert_eq!(error.to_string(), "one record is longer than 1 MiB", "{start}");
    }
    for start in ["{\"Data Points\":[{\"x\":\"", "{\"x\":\"", "{\""] {
        let error = first_error(Ok(Box::new(GoogleFit::new(endless(start)))));
        assert_eq!(error.to_string(), "one record is longer than 1 MiB", "{start}");
    }
}

#[test]
fn a_format_is_recognised_by_its_content() {
    use Format::*;
    for (bytes, name, format) in [
        (&b"PK\x03\x04rest"[..], "export.zip", Some(AppleHealthZip)),
        (
            b"<?xml version=\"1.0\"?>\n<!DOCTYPE HealthData [",
            "x",
            Some(AppleHealthXml),
        ),
        (
            b"\xEF\xBB\xBF\r\n<HealthData locale=\"ja\">",
            "x",
            Some(AppleHealthXml),
        ),
        (b"<html>", "export.xml", None),
        (
            b"{\"Data Source\": \"x\", \"Data Points\": [",
            "x",
            Some(GoogleFitJson),
        ),
        (
            b"{\"point\":[{\"dataTypeName\":\"com.google.step_count.delta\"",
            "x",
            Some(GoogleFitJson),
        ),
        (b"{}", "x.json", None),
        (b"#Version: 6\r\n#Units: kg\r\n", "x", Some(Libra)),
        (b"Id,ActivityHour,Steps00,Steps01", "x", Some(FitabaseSteps)),
        (
            b"Id,Date,WeightKg,WeightPounds,Fat,BMI,IsManualReport,LogId\r\n",
            "x",
            Some(FitabaseWeight),
        ),
        (b"at,weight_kg\n", "x", Some(WeightCsv)),
        (b"date,weight_lb,fat_ratio\n", "x", Some(TrendWeight)),
        (b"Date,Time,Weight,Body Fat %\n", "x", Some(TrendWeight)),
        (
            b"Date,Actual Weight,Weight Is Interpolated,Trend Weight",
            "x",
            Some(TrendWeight),
        ),
        (b"Datum;Gewicht\n1.4.2026;70.5\n", "Export.CSV", Some(OtherCsv)),
        (b"Datum;Gewicht\n1.4.2026;70.5\n", "photo.jpg", None),
        (b"one column\n", "x.csv", None),
        (b"", "x.csv", None),
        (b"\x00\xff\xfe", "x.csv", None),
    ] {
        let text = String::from_utf8_lossy(bytes);
        assert_eq!(detect(bytes, name), format, "{text}");
    }
}

#[test]
fn progress_follows_the_reader_while_a_parser_owns_it() {
    let text = format!("at,weight_kg\n{}", "2026-04-01,70\n".repeat(2000));
    let (counted, progress) = Counted::new(text.as_bytes());
    let mut records = weight_csv::plain(BufReader::new(counted)).unwrap();
    assert!(progress.bytes() < text.len() as u64);
    assert_eq!(check(&mut records), Ok(2000));
    assert_eq!(progress.bytes(), text.len() as u64);
}

#[test]
fn a_run_taken_up_again_goes_on_with_the_next_record() {
    let text = "at,weight_kg\n2026-04-01,70\n2026-04-02,71\n2026-04-03,72\n";
    let all: Vec<_> = weight_csv::plain(text.as_bytes()).unwrap().collect();
    let rest: Vec<_> = weight_csv::plain(text.as_bytes()).unwrap().skip(2).collect();
    assert_eq!(rest, all[2..]);
}

#[test]
fn errors_never_repeat_what_stood_in_the_file() {
    let secret = "7353";
    for input in [
        format!(
            "<HealthData><Record type='HKQuantityTypeIdentifierBodyMass' unit='{secret}' value='{secret}' startDate='{secret}'/></HealthData>"
        ),
        format!(
            "<HealthData><Record type='HKQuantityTypeIdentifierBodyMass' unit='{secret}' value='{secret}' startDate='2026-04-01 07:00:00 +0900'/></HealthData>"
        ),
        format!("<HealthData>&{secret};</{secret}>"),
        format!("{{\"Data Points\":[{{\"startTimeNanos\":\"{secret}x\"}}]}}"),
        format!("#Version: {secret}\n"),
        format!("date,weight,{secret}\n{secret},{secret},1\n"),
        format!("at,weight_kg\n2026-04-01,{secret}\n"),
    ] {
        for (name, parser) in parsers(|| input.as_bytes()) {
            let error = first_error(parser);
            assert!(!error.to_string().contains(secret), "{name}: {error}");
            assert!(!format!("{error:?}").contains(secret), "{name}: {error:?}");
        }
    }
}

/// Pieces that bring random input past the first checks.
fn likely_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<HealthData>"),
        Just("</HealthData>"),
        Just("<!DOCTYPE HealthData ["),
        Just("]>"),
        Just("<Record type=\"HKQuantityTypeIdentifierStepCount\" value=\"5\" "),
        Just("<Record type='HKQuantityTypeIdentifierBodyMass' unit='kg' value='60' "),
        Just("startDate=\"2026-04-01 07:00:00 +0900\" "),
        Just("endDate=\"2026-04-01 07:01:00 +0900\" "),
        Just("/>"),
        Just(">"),
        Just("</Record>"),
        Just("<MetadataEntry key=\"HKTimeZone\" value=\"Asia/Tokyo\"/>"),
        Just("&amp;"),
        Just("&x;"),
        Just("<!--"),
        Just("-->"),
        Just("<![CDATA["),
        Just("]]>"),
        Just("{\"Data Points\":["),
        Just("{\"startTimeNanos\":1672531200000000000,"),
        Just("\"endTimeNanos\":\"1672531260000000000\","),
        Just("\"fitValue\":[{\"value\":{\"intVal\":5}}]}"),
        Just("]}"),
        Just(","),
        Just("\"x\":1e5"),
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just("\""),
        Just("\\u"),
        Just("#Version: 6\n"),
        Just("#Units: st\n"),
        Just("2018-01-18T23:00:00.000Z;61.5\n"),
        Just("at,weight_kg\n"),
        Just("2026-03-29 02:30,70\n"),
        Just("date,weight\n"),
        Just("3/29/2026 2:30 AM,150\n"),
        Just("\r\n"),
        Just("\n"),
        Just(";"),
        Just("é"),
        Just("\u{feff}"),
        Just("Id,Date,WeightKg,IsManualReport\n"),
        Just("1,3/29/2026 2:30:00 AM,60,True\n"),
        Just("9999999999"),
        Just("-"),
        Just("."),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn assert_sound(records: &mut dyn Records) {
    for record in records.flatten() {
        match record {
            Record::Steps(record) => {
                assert!(!record.source.is_empty() && !record.id.is_empty());
                assert!(record.start <= record.end && (0..=MAX_STEPS).contains(&record.steps));
            }
            Record::WeighIn(weigh_in) => assert!(!weigh_in.typed.is_empty() && !weigh_in.source.is_empty()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn no_parser_panics_on_arbitrary_bytes(bytes: Vec<u8>) {
        let _ = detect(&bytes, "x.csv");
        for (_, parser) in parsers(|| bytes.as_slice()) {
            if let Ok(mut records) = parser { assert_sound(&mut *records); }
        }
        assert!(HealthArchive::open(Cursor::new(bytes)).is_err());
    }

    #[test]
    fn no_parser_panics_on_text_that_looks_right(text in likely_text(), capacity in 1usize..40) {
        let _ = detect(text.as_bytes(), "x.csv");
        for (_, parser) in parsers(|| BufReader::with_capacity(capacity, text.as_bytes())) {
            if let Ok(mut records) = parser { assert_sound(&mut *records); }
        }
    }

    #[test]
    fn weigh_ins_written_as_csv_come_back(
        rows in prop::collection::vec((0i32..36_000, prop::option::of((0u32..86_400, -23i32..=23)), 200u32..50_000), 0..20),
        crlf: bool,
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let mut text = format!("at,weight_kg{end}");
        let mut expected = Vec::new();
        for (day, time, hundredths) in rows {
            let date = NaiveDate::from_num_days_from_ce_opt(730_120 + day).unwrap();
            let typed = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            let (at, when) = match time {
                None => (format_date(date), WeighInTime::DateOnly(date)),
                Some((second, hours)) => {
                    let clock = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
                    let sign = if hours < 0 { '-' } else { '+' };
                    let local = date.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp_millis() + i64::from(second) * 1000;
                    let when = WeighInTime::Timed {
                        at: UtcMillis(local - i64::from(hours) * 3_600_000), sub_ms_ns: 0, offset_s: hours * 3600, zone: None,
                    };
                    (format!("{}T{clock}{sign}{:02}:00", format_date(date), hours.abs()), when)
                }
            };
            text.push_str(&format!("{at},{typed}{end}"));
            expected.push(NewWeighIn { when, typed, unit: MassUnit::Kilogram, waist: None, source: "csv".to_owned() });
        }
        let found: Result<Vec<_>, _> = weight_csv::plain(text.as_bytes()).unwrap().collect();
        let expected: Vec<_> = expected.into_iter().map(Record::WeighIn).collect();
        prop_assert_eq!(found, Ok(expected));
    }

    #[test]
    fn minutes_written_as_fitabase_csv_come_back(hours in prop::collection::vec(prop::collection::vec(0i64..3, 60), 1..6)) {
        let names: Vec<_> = (0..60).map(|minute| format!("Steps{minute:02}")).collect();
        let mut text = format!("Id,ActivityHour,{}\r\n", names.join(","));
        for (hour, minutes) in hours.iter().enumerate() {
            let minutes: Vec<_> = minutes.iter().map(ToString::to_string).collect();
            text.push_str(&format!("1,4/13/2016 {}:00:00 AM,{}\r\n", if hour == 0 { 12 } else { hour }, minutes.join(",")));
        }
        let first = UtcMillis(1_460_498_400_000);
        let mut next = first;
        let mut found = Vec::new();
        for record in MinuteSteps::open(text.as_bytes(), "1", ZONE).unwrap() {
            let Ok(Record::Steps(record)) = record else { panic!("{record:?}") };
            prop_assert_eq!(record.start, next, "records follow each other without gap or overlap");
            prop_assert!(record.steps == 0 || record.end.since(record.start) == 60_000);
            let minutes = record.end.since(record.start) / 60_000;
            found.extend(std::iter::repeat_n(record.steps, minutes as usize));
            next = record.end;
        }
        prop_assert_eq!(found, hours.concat());
    }
}
