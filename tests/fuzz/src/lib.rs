//! What the fuzz targets do with their input, one function for each. `tests/tests/fuzz_corpus.rs` runs the same functions
//! over the committed corpus with the stable compiler.

use std::io::Cursor;

use ayumi_core::import::apple_health::{AppleHealth, HealthArchive};
use ayumi_core::import::fitabase::{self, MinuteSteps};
use ayumi_core::import::google_fit::GoogleFit;
use ayumi_core::import::libra::Libra;
use ayumi_core::import::weight_csv::{self, WeightColumns};
use ayumi_core::import::{DateOrder, ImportError, LengthUnit, Record, Records, detect, trendweight};
use ayumi_core::time::Tz;
use ayumi_core::weight::MassUnit;

/// A zone with clock changes of an hour.
const ZONE: Tz = Tz::Europe__Berlin;

/// Apple Health, as an archive if it is one, else as XML.
pub fn apple_health(data: &[u8]) {
    let _ = detect(data, "export.xml");
    if data.starts_with(b"PK") {
        if let Ok(mut archive) = HealthArchive::open(Cursor::new(data))
            && let Ok(xml) = archive.xml()
        {
            drain(Ok(AppleHealth::new(xml, ZONE)));
        }
    } else {
        drain(Ok(AppleHealth::new(data, ZONE)));
    }
}

/// Google Fit Takeout.
pub fn google_fit(data: &[u8]) {
    let _ = detect(data, "steps.json");
    drain(Ok(GoogleFit::new(data)));
}

/// Both Fitabase tables, for the first person named in the input.
pub fn fitabase(data: &[u8]) {
    let Ok(persons) = fitabase::persons(data) else {
        return;
    };
    let person = persons.first().map_or("", String::as_str);
    drain(MinuteSteps::open(data, person, ZONE));
    // A zone that skipped a whole day, and one that changes by half an hour.
    drain(MinuteSteps::open(data, person, Tz::Pacific__Apia));
    drain(MinuteSteps::open(data, person, Tz::Australia__Lord_Howe));
    drain(fitabase::weights(data, person, ZONE));
}

/// Libra.
pub fn libra(data: &[u8]) {
    drain(Ok(Libra::new(data, ZONE)));
}

/// The plain weight format, `TrendWeight`, and chosen columns: the first is the date, the last the weight.
pub fn weight_csv(data: &[u8]) {
    let _ = detect(data, "weights.csv");
    drain(weight_csv::plain(data));
    drain(trendweight::open(data, ZONE, Some(MassUnit::Stone)));
    let Ok(names) = weight_csv::columns(data) else {
        return;
    };
    for dates in [DateOrder::MonthFirst, DateOrder::DayFirst] {
        let columns = WeightColumns {
            date: names.first().cloned().unwrap_or_default(),
            time: names.get(1).cloned(),
            weight: names.last().cloned().unwrap_or_default(),
            unit: MassUnit::Pound,
            waist: names.get(2).cloned().map(|name| (name, LengthUnit::Inch)),
            dates,
            zone: Some(ZONE),
        };
        drain(weight_csv::chosen(data, &columns));
    }
}

/// Reads to the end and checks what holds for every record, whatever the file says.
fn drain(records: Result<impl Records, ImportError>) {
    let Ok(records) = records else { return };
    for record in records {
        match record {
            Ok(Record::Steps(record)) => {
                assert!(!record.source.is_empty() && !record.id.is_empty());
                assert!(record.start <= record.end && (0..=1_000_000).contains(&record.steps));
                assert!(record.start.is_plausible() && record.end.is_plausible());
            }
            Ok(Record::WeighIn(weigh_in)) => {
                assert!(
                    weigh_in
                        .typed
                        .bytes()
                        .all(|byte| byte.is_ascii_digit() || byte == b'.')
                );
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}
