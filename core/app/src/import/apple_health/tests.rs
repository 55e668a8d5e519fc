use std::io::{Cursor, Write as _};

use zip::write::{SimpleFileOptions, ZipWriter};

use super::*;
use crate::time::HOUR_MS;
use crate::weight::WeighInTime;

const BERLIN: Tz = Tz::Europe__Berlin;
const TOKYO: Tz = Tz::Asia__Tokyo;

/// The start of a real file as iOS 16 writes it: one declaration is never closed, another once too often.
const PROLOGUE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE HealthData [
<!-- HealthKit Export Version: 12 -->
<!ELEMENT HealthData (ExportDate,Me,(Record|Correlation)*)>
<!ATTLIST Record
  type CDATA #REQUIRED
>
<!ATTLIST VisionPrescription
  type CDATA #REQUIRED
  brand CDATA #IMPLIED
<!ELEMENT RightEye EMPTY>
>
<!ENTITY boom "boom">
]>
"#;

fn read(body: &str) -> (Vec<Result<Record, String>>, Skipped) {
    let text = format!("{PROLOGUE}<HealthData locale=\"ja_JP\">\n{body}</HealthData>\n");
    read_text(&text)
}

fn read_text(text: &str) -> (Vec<Result<Record, String>>, Skipped) {
    let mut records = AppleHealth::new(text.as_bytes(), BERLIN);
    let found = records
        .by_ref()
        .map(|record| record.map_err(|error| format!("{:?} {error}", error.line)))
        .collect();
    (found, records.skipped())
}

fn record(kind: &str, attributes: &str) -> String {
    format!("<Record type=\"HKQuantityTypeIdentifier{kind}\" sourceName=\"Phone\" {attributes}/>\n")
}

fn walk(value: &str) -> String {
    record("StepCount", &format!("unit=\"count\" value=\"{value}\" {TIMES}"))
}

const TIMES: &str = "creationDate=\"2026-04-01 08:00:00 +0900\" startDate=\"2026-04-01 07:00:00 +0900\" \
     endDate=\"2026-04-01 07:10:00 +0900\"";
/// 2026-04-01T07:00:00+09:00.
const SEVEN: i64 = 1_774_994_400_000;
const EIGHT: i64 = SEVEN + HOUR_MS;
const TEN_MINUTES: i64 = 600_000;

#[test]
fn a_long_name_of_a_source_is_cut_between_characters_and_the_same_each_time() {
    let body = walk("5").replace("\"Phone\"", &format!("\"{}\"", "歩".repeat(10_000)));
    let (found, _) = read(&body);
    let Some(Ok(Record::Steps(record))) = found.first() else {
        panic!("{found:?}")
    };
    assert_eq!(record.source.chars().count(), 200);
    assert!(record.source.ends_with('歩'));
    assert_eq!(read(&body).0, found);
}

fn steps_record(steps: i64) -> IntervalRecord {
    IntervalRecord {
        source: "apple-health:Phone".to_owned(),
        id: format!("{SEVEN}-{}", SEVEN + TEN_MINUTES),
        start: UtcMillis(SEVEN),
        end: UtcMillis(SEVEN + TEN_MINUTES),
        steps,
        modified: UtcMillis(EIGHT),
        zone: None,
    }
}

fn weigh_in(at: i64, offset_s: i32, zone: Tz, typed: &str, unit: MassUnit, waist_mm: Option<u32>) -> Record {
    Record::WeighIn(NewWeighIn {
        when: WeighInTime::Timed {
            at: UtcMillis(at),
            sub_ms_ns: 0,
            offset_s,
            zone: Some(zone),
        },
        typed: typed.to_owned(),
        unit,
        waist: waist_mm.and_then(crate::weight::Waist::from_millimetres),
        source: "apple-health:Phone".to_owned(),
    })
}

#[test]
fn step_counts_become_interval_records_behind_a_broken_dtd() {
    let other = record("HeartRate", &format!("value=\"60\" {TIMES}"));
    let (found, skipped) = read(&format!(
        "<ExportDate value=\"x\"/>\n{}{other}{}",
        walk("123"),
        walk("4.9")
    ));
    let expected = vec![
        Ok(Record::Steps(steps_record(123))),
        Ok(Record::Steps(steps_record(4))),
    ];
    assert_eq!((found, skipped), (expected, Skipped::default()));
}

#[test]
fn a_record_carries_the_zone_of_its_metadata_and_an_unknown_one_is_ignored() {
    for (name, zone) in [("Asia/Tokyo", Some(TOKYO)), ("Mars/Olympus", None)] {
        let open = walk("5").replace("/>", ">");
        let body = format!(
            "{open}<MetadataEntry key=\"HKWasUserEntered\" value=\"1\"/>\
             <MetadataEntry key=\"HKTimeZone\" value=\"{name}\"></MetadataEntry></Record>"
        );
        let expected = IntervalRecord {
            zone,
            ..steps_record(5)
        };
        assert_eq!(read(&body).0, [Ok(Record::Steps(expected))], "{name}");
    }
}

#[test]
fn records_inside_correlations_and_workouts_are_there_a_second_time_and_left_out() {
    let body = format!(
        "<Correlation>{0}</Correlation><Workout><MetadataEntry key=\"HKTimeZone\" value=\"Asia/Tokyo\"/>{0}</Workout>{0}",
        walk("5")
    );
    assert_eq!(read(&body).0, [Ok(Record::Steps(steps_record(5)))]);
}

#[test]
fn weigh_ins_come_at_the_end_with_the_waist_of_their_moment() {
    let at = |time: &str| {
        format!("startDate=\"2026-04-01 {time}:00 +0900\" endDate=\"2026-04-01 {time}:00 +0900\"")
    };
    let body = [
        record(
            "WaistCircumference",
            &format!("unit=\"cm\" value=\"84.5\" {}", at("07:00")),
        ),
        record(
            "WaistCircumference",
            &format!("unit=\"in\" value=\"33\" {}", at("09:00")),
        ),
        record(
            "BodyMass",
            &format!("unit=\"kg\" value=\"6.35e+01\" {}", at("08:00")),
        ),
        record(
            "BodyMass",
            &format!("unit=\"lb\" value=\"140.2\" {}", at("07:00")),
        ),
        walk("5"),
    ]
    .concat();
    let (found, skipped) = read(&body);
    // Berlin was two hours ahead of UTC, whatever offset the exporting phone had.
    let expected = vec![
        Ok(Record::Steps(steps_record(5))),
        Ok(weigh_in(EIGHT, 7200, BERLIN, "63.5", MassUnit::Kilogram, None)),
        Ok(weigh_in(SEVEN, 7200, BERLIN, "140.2", MassUnit::Pound, Some(845))),
    ];
    assert_eq!((found, skipped.waists_without_weight), (expected, 1));
}

#[test]
fn a_weigh_in_with_a_zone_of_its_own_is_shown_in_the_local_time_of_that_zone() {
    let open = record("BodyMass", &format!("unit=\"st\" value=\"10.5\" {TIMES}")).replace("/>", ">");
    let body = format!("{open}<MetadataEntry key=\"HKTimeZone\" value=\"Asia/Tokyo\"/></Record>");
    let expected = weigh_in(SEVEN, 32_400, TOKYO, "10.5", MassUnit::Stone, None);
    assert_eq!(read(&body).0, [Ok(expected)]);
}

#[test]
fn names_keep_their_characters_and_only_the_entities_of_xml_are_resolved() {
    let name = "sourceName=\"Yoko&#8217;s &lt;i&gt; &amp; 歩\u{a0}\u{b}\"";
    let body = walk("5").replace("sourceName=\"Phone\"", name);
    let expected = IntervalRecord {
        source: "apple-health:Yoko’s <i> & 歩\u{a0}\u{b}".to_owned(),
        ..steps_record(5)
    };
    assert_eq!(read(&body).0, [Ok(Record::Steps(expected))]);
    let body = walk("5").replace("sourceName=\"Phone\"", "sourceName=\"&boom;\"");
    assert_eq!(read(&body).0, [Err("Some(16) not well-formed XML".to_owned())]);
}

#[test]
fn a_record_with_impossible_content_is_named_and_the_next_one_still_read() {
    let mass =
        |unit: &str, value: &str| record("BodyMass", &format!("unit=\"{unit}\" value=\"{value}\" {TIMES}"));
    let body = [
        walk("-5"),
        walk("many"),
        walk("1000001"),
        walk("5").replace("07:10:00", "06:59:59"),
        walk("5").replace("2026-04-01 07:1", "2026-06-01 07:1"),
        walk("5").replace("startDate", "begin"),
        walk("5").replace("07:00:00 +0900", "07:00:00"),
        walk("5").replace("value", "amount"),
        mass("g", "63500"),
        mass("kg", "0.5"),
        record("WaistCircumference", &format!("unit=\"cm\" value=\"1\" {TIMES}")),
        walk("5"),
    ]
    .concat();
    let problem = |line: u64, problem: &str| Err(format!("Some({line}) {problem}"));
    let expected = vec![
        problem(16, "value is not a number of steps from 0 to 1,000,000"),
        problem(17, "value is not a number of steps from 0 to 1,000,000"),
        problem(18, "value is not a number of steps from 0 to 1,000,000"),
        problem(19, "the end lies before the start"),
        problem(20, "the record is longer than 31 days"),
        problem(21, "startDate is missing"),
        problem(22, "startDate is not a time with an offset"),
        problem(23, "value is missing"),
        problem(24, "unit is not kg, lb or st"),
        problem(25, "value is outside 2 to 500 kg"),
        problem(26, "value is outside 10 cm to 3 m"),
        Ok(Record::Steps(steps_record(5))),
    ];
    assert_eq!(read(&body).0, expected);
}

#[test]
fn broken_xml_ends_the_import_after_the_records_before_it() {
    let good = walk("5");
    for tail in [
        "",
        "<Record",
        "</Record>",
        "</Wrong></HealthData>",
        "<Record a='1",
        "<Record a=1/>",
        "<!-- ",
    ] {
        let (found, _) = read_text(&format!("<HealthData>{good}{tail}"));
        let [Ok(_), Err(error)] = found.as_slice() else {
            panic!("{tail}: {found:?}")
        };
        assert_eq!(error, "Some(2) not well-formed XML", "{tail}");
    }
    for text in ["<html></html>", "", "text", "<!DOCTYPE HealthData []>"] {
        assert_eq!(
            read_text(text).0,
            [Err("Some(1) HealthData is missing".to_owned())],
            "{text}"
        );
    }
}

#[test]
fn nesting_and_attributes_are_limited() {
    let deep = "<a>".repeat(100_000);
    let wide = format!("<Record {}/>", "a=\"1\" ".repeat(1000));
    for (body, problem) in [
        (deep, "the XML is nested too deeply"),
        (wide, "an XML element has too many attributes"),
    ] {
        let found = read_text(&format!("<HealthData>{body}")).0;
        assert_eq!(found, [Err(format!("Some(1) {problem}"))]);
    }
}

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn read_archive(bytes: &[u8]) -> Result<Vec<Record>, ImportError> {
    let mut archive = HealthArchive::open(Cursor::new(bytes))?;
    AppleHealth::new(archive.xml()?, BERLIN).collect()
}

#[test]
fn the_export_is_found_in_the_archive_under_any_name() {
    let data = format!("{PROLOGUE}<HealthData>\n{}</HealthData>", walk("5"));
    let clinical = ("apple_health_export/export_cda.xml", "<ClinicalDocument/>");
    for name in [
        "apple_health_export/export.xml",
        "apple_health_export/書き出したデータ.xml",
        "ヘルスケア/export.xml",
        "exportar.xml",
        "a/Export.XML",
    ] {
        let bytes = archive(&[
            ("apple_health_export/workout-routes/r.xml", "<gpx/>"),
            clinical,
            (name, &data),
        ]);
        assert_eq!(
            read_archive(&bytes),
            Ok(vec![Record::Steps(steps_record(5))]),
            "{name}"
        );
    }
    let error = read_archive(&archive(&[clinical])).unwrap_err();
    assert_eq!(error.to_string(), "the health data is missing");
}

#[test]
fn an_archive_cut_off_or_damaged_anywhere_is_an_error() {
    let data = format!("{PROLOGUE}<HealthData>\n{}</HealthData>", walk("5").repeat(50));
    let bytes = archive(&[("apple_health_export/export.xml", &data)]);
    assert_eq!(read_archive(&bytes).map(|records| records.len()), Ok(50));
    for end in 0..bytes.len() {
        assert!(read_archive(&bytes[..end]).is_err(), "{end}");
    }
    // Behind the local header of 30 bytes and the name stands the compressed content, guarded by a checksum.
    for place in 70..200 {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x10;
        assert!(read_archive(&damaged).is_err(), "{place}");
    }
}
