//! `TrendWeight`: its two CSV downloads, and tables with the unit in the name of the weight column.
//!
//! Known headers (upper and lower case do not matter):
//! - `date,weight_lb,fat_ratio`, also with `weight_kg` or `weight_st`;
//! - `Date,Time,Weight,Body Fat %` (scale readings), unit not named;
//! - `Date,Actual Weight,Weight Is Interpolated,…` (computed values), unit not named. Interpolated rows were never
//!   measured and are left out.

use std::io::BufRead;

use super::ImportError;
use super::table::{Header, Table};
use super::weight_csv::{Plan, WeightRows};
use crate::time::Tz;
use crate::weight::MassUnit;

/// Opens a `TrendWeight` file.
///
/// Units: `unit` is used where the header names none. Dates without a time stay dates; times are of `zone`.
/// Errors: no header; no date or weight column; a unit neither in the header nor given.
pub fn open<R: BufRead>(reader: R, zone: Tz, unit: Option<MassUnit>) -> Result<WeightRows<R>, ImportError> {
    let table = Table::open(reader)?;
    let header = table.header();
    let date = header.required("date")?;
    let (weight, named) = weight_column(header).ok_or_else(|| header.lacks("the column weight"))?;
    let unit = named.or(unit).ok_or_else(|| header.lacks("the unit of weight"))?;
    let mut plan = Plan::new(date, weight, unit, "trendweight");
    plan.time = header.column("time");
    plan.interpolated = header.column("weight is interpolated");
    plan.weight_may_be_empty = true;
    Ok(WeightRows::new(table, plan, Some(zone)))
}

/// Whether the header names the unit of the weights. Errors: no header.
pub(super) fn names_unit(reader: impl BufRead) -> Result<bool, ImportError> {
    let table = Table::open(reader)?;
    // A header without a weight column lacks more than a unit, which `open` says.
    Ok(weight_column(table.header()).is_none_or(|(_, unit)| unit.is_some()))
}

pub(super) fn is_trendweight(header: &Header) -> bool {
    let has = |name: &str| header.column(name).is_some();
    let is_known = has("fat_ratio") || has("body fat %") || has("weight is interpolated");
    has("date") && is_known && weight_column(header).is_some()
}

/// The weight column and the unit that its name holds, if any.
fn weight_column(header: &Header) -> Option<(usize, Option<MassUnit>)> {
    use MassUnit::{Kilogram, Pound, Stone};
    const NAMES: [(&str, Option<MassUnit>); 12] = [
        ("weight_kg", Some(Kilogram)),
        ("weight_lb", Some(Pound)),
        ("weight_st", Some(Stone)),
        ("weight (kg)", Some(Kilogram)),
        ("weight (lb)", Some(Pound)),
        ("weight (lbs)", Some(Pound)),
        ("weight (st)", Some(Stone)),
        ("weight kg", Some(Kilogram)),
        ("weight lb", Some(Pound)),
        ("weight lbs", Some(Pound)),
        ("actual weight", None),
        ("weight", None),
    ];
    NAMES
        .iter()
        .find_map(|(name, unit)| Some((header.column(name)?, *unit)))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::BufReader;

    use super::*;
    use crate::import::{Record, Records as _};
    use crate::time::parse_date;
    use crate::weight::{NewWeighIn, WeighInTime};

    fn weigh_ins(text: &str, unit: Option<MassUnit>) -> (Vec<(String, MassUnit, WeighInTime)>, u64) {
        let mut records = open(text.as_bytes(), Tz::Asia__Tokyo, unit).unwrap();
        let found = records
            .by_ref()
            .map(|record| match record {
                Ok(Record::WeighIn(NewWeighIn {
                    typed, unit, when, ..
                })) => (typed, unit, when),
                other => panic!("{other:?}"),
            })
            .collect();
        (found, records.skipped().rows_without_weight)
    }

    #[test]
    fn the_unit_is_taken_from_the_header_where_it_names_one() {
        let date = WeighInTime::DateOnly(parse_date("2026-04-01").unwrap());
        for (name, unit) in [
            ("weight_lb", MassUnit::Pound),
            ("weight_kg", MassUnit::Kilogram),
            ("Weight (lbs)", MassUnit::Pound),
            ("Weight (st)", MassUnit::Stone),
        ] {
            let text = format!("Date,{name},fat_ratio\r\n2026-04-01,70.25,0.3\r\n");
            let expected = (vec![("70.25".to_owned(), unit, date)], 0);
            assert_eq!(weigh_ins(&text, Some(MassUnit::Kilogram)), expected, "{name}");
        }
    }

    #[test]
    fn scale_readings_have_a_time_apart_and_may_lack_a_weight() {
        let text = "Date,Time,Weight,Body Fat %\n2026-04-01,07:05:00,70.2,31\n2026-04-02,,70.1,\n2026-04-03,07:00,,31\n";
        let (found, skipped) = weigh_ins(text, Some(MassUnit::Kilogram));
        assert_eq!((found.len(), skipped), (2, 1));
        let at = crate::time::UtcMillis(1_774_994_700_000);
        let timed = WeighInTime::Timed {
            at,
            sub_ms_ns: 0,
            offset_s: 32_400,
            zone: Some(Tz::Asia__Tokyo),
        };
        assert_eq!(found[0].2, timed);
        assert_eq!(
            found[1].2,
            WeighInTime::DateOnly(parse_date("2026-04-02").unwrap())
        );
    }

    #[test]
    fn interpolated_values_were_never_measured_and_stay_out() {
        let text = "Date,Actual Weight,Weight Is Interpolated,Trend Weight\n2026-04-01,70.2,No,70\n2026-04-02,70.1,Yes,70\n";
        let (found, skipped) = weigh_ins(text, Some(MassUnit::Kilogram));
        assert_eq!((found.len(), found[0].0.as_str(), skipped), (1, "70.2", 1));
    }

    #[test]
    fn a_header_without_a_unit_asks_for_one() {
        let text = "Date,Time,Weight,Body Fat %\n";
        let error = open(text.as_bytes(), Tz::UTC, None).err().unwrap();
        assert_eq!(error.to_string(), "the unit of weight is missing");
        let error = open("date,mass\n".as_bytes(), Tz::UTC, None).err().unwrap();
        assert_eq!(error.to_string(), "the column weight is missing");
    }

    #[test]
    fn the_real_file_gives_184_weigh_ins_in_pounds_as_written() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/data/trendweight/readings.csv"
        );
        let file = BufReader::new(File::open(path).unwrap());
        let found: Vec<_> = open(file, Tz::UTC, None).unwrap().map(Result::unwrap).collect();
        let first = NewWeighIn {
            when: WeighInTime::DateOnly(parse_date("2011-03-23").unwrap()),
            typed: "219.3".to_owned(),
            unit: MassUnit::Pound,
            waist: None,
            source: "trendweight".to_owned(),
        };
        assert_eq!((found.len(), &found[0]), (184, &Record::WeighIn(first)));
    }
}
