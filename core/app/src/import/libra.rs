//! Libra CSV, version 6. Source: weight.md 9.2.
//!
//! Whether a row at midnight is a placeholder depends on the other rows of its day, which may stand anywhere in the
//! file. So the rows, a few bytes each, are held until all are read; nothing else of the file is.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::vec;

use chrono::NaiveDate;

use super::decimal::{canonical, typed_weight};
use super::input::Metered;
use super::table::read_line;
use super::when::{in_zone, moment, parse_written};
use super::{DateOrder, ImportError, ImportReason, Record, Records, Skipped, checked_time};
use crate::time::{DAY_MS, DayStart, Tz, UtcMillis, ZoneOffsets};
use crate::weight::{MassUnit, NewWeighIn, WeighInTime};

/// Five weigh-ins a day for a hundred years.
const MAX_ROWS: usize = 200_000;

/// Weigh-ins of a Libra file, in the order of its rows.
pub struct Libra<R> {
    input: Metered<R>,
    zone: ZoneOffsets,
    unit: Option<MassUnit>,
    is_version_known: bool,
    is_read: bool,
    rows: Vec<Row>,
    result: vec::IntoIter<NewWeighIn>,
    skipped: Skipped,
}

struct Row {
    at: UtcMillis,
    sub_ms_ns: u32,
    date: NaiveDate,
    is_midnight: bool,
    typed: String,
    unit: MassUnit,
}

impl<R: BufRead> Libra<R> {
    /// Reads a Libra file of a person whose phone was in `zone`.
    pub fn new(reader: R, zone: Tz) -> Self {
        Self {
            input: Metered::new(reader),
            zone: ZoneOffsets::new(zone),
            unit: None,
            is_version_known: false,
            is_read: false,
            rows: Vec::new(),
            result: Vec::new().into_iter(),
            skipped: Skipped::default(),
        }
    }

    /// Reads lines up to the next bad one; `Ok` when all are read.
    fn read(&mut self) -> Result<(), ImportError> {
        if self.input.line() == 1 {
            self.input
                .skip_byte_order_mark()
                .map_err(|reason| self.fail(reason, 1))?;
        }
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let line = self.input.line();
            let is_there =
                read_line(&mut self.input, &mut bytes, true).map_err(|reason| self.fail(reason, line))?;
            if !is_there {
                self.is_read = true;
                return if self.is_version_known {
                    Ok(())
                } else {
                    Err(ImportReason::missing("the line #Version:").at(line))
                };
            }
            let text = std::str::from_utf8(&bytes).map_err(|_| self.fail(ImportReason::NotUtf8, line))?;
            self.line(text.trim(), line)?;
        }
    }

    /// An error after which reading on makes no sense.
    fn fail(&mut self, reason: ImportReason, line: u64) -> ImportError {
        self.is_read = true;
        self.rows.clear();
        reason.at(line)
    }

    fn line(&mut self, text: &str, line: u64) -> Result<(), ImportError> {
        if let Some(comment) = text.strip_prefix('#') {
            return self.comment(comment, line);
        }
        if text.is_empty() {
            return Ok(());
        }
        if !self.is_version_known {
            return Err(self.fail(ImportReason::missing("the line #Version:"), line));
        }
        let Some(unit) = self.unit else {
            return Err(self.fail(ImportReason::missing("the line #Units:"), line));
        };
        if self.rows.len() >= MAX_ROWS {
            return Err(self.fail(ImportReason::TooLarge("more than 200,000 weigh-ins"), line));
        }
        let row = self.row(text, unit).map_err(|reason| reason.at(line))?;
        self.rows.push(row);
        Ok(())
    }

    fn comment(&mut self, comment: &str, line: u64) -> Result<(), ImportError> {
        match comment
            .split_once(':')
            .map(|(key, value)| (key.trim(), value.trim()))
        {
            Some(("Version", "6")) => self.is_version_known = true,
            Some(("Version", _)) => {
                return Err(self.fail(ImportReason::bad("#Version", "is not 6"), line));
            }
            Some(("Units", "kg")) => self.unit = Some(MassUnit::Kilogram),
            Some(("Units", "lb" | "lbs")) => self.unit = Some(MassUnit::Pound),
            Some(("Units", "st")) => self.unit = Some(MassUnit::Stone),
            Some(("Units", _)) => {
                return Err(self.fail(ImportReason::bad("#Units", "is not kg, lb or st"), line));
            }
            _ => {}
        }
        Ok(())
    }

    fn row(&mut self, text: &str, unit: MassUnit) -> Result<Row, ImportReason> {
        let mut fields = text.split(';').map(str::trim);
        let (date, weight) = (fields.next().unwrap_or(""), fields.next().unwrap_or(""));
        let written = parse_written(date, DateOrder::YearFirst)
            .filter(|written| written.offset_s == Some(0))
            .ok_or_else(|| ImportReason::bad("date", "is not a time in UTC"))?;
        let WeighInTime::Timed { at, sub_ms_ns, .. } = moment("date", written, None)? else {
            return Err(ImportReason::bad("date", "is not a time in UTC"));
        };
        checked_time(in_zone(at, sub_ms_ns, &mut self.zone))?;
        let local_ms = at.plus(self.zone.period(at).offset_ms).0;
        Ok(Row {
            at,
            sub_ms_ns,
            date: self.zone.date_of(at, DayStart::MIDNIGHT),
            is_midnight: local_ms.rem_euclid(DAY_MS) == 0 && sub_ms_ns == 0,
            typed: typed_weight("weight", weight, unit, false)?,
            unit,
        })
    }

    /// Drops the midnight twins; other rows at midnight are dates without a time.
    fn without_twins(&mut self) -> vec::IntoIter<NewWeighIn> {
        let rows = std::mem::take(&mut self.rows);
        let with_time: BTreeSet<(NaiveDate, &str)> = rows
            .iter()
            .filter(|row| !row.is_midnight)
            .map(|row| (row.date, canonical(&row.typed)))
            .collect();
        let mut kept = Vec::with_capacity(rows.len());
        for row in &rows {
            let when = if !row.is_midnight {
                in_zone(row.at, row.sub_ms_ns, &mut self.zone)
            } else if with_time.contains(&(row.date, canonical(&row.typed))) {
                self.skipped.midnight_twins = self.skipped.midnight_twins.saturating_add(1);
                continue;
            } else {
                WeighInTime::DateOnly(row.date)
            };
            kept.push(NewWeighIn {
                when,
                typed: row.typed.clone(),
                unit: row.unit,
                waist: None,
                source: "libra".to_owned(),
            });
        }
        kept.into_iter()
    }
}

impl<R: BufRead> Iterator for Libra<R> {
    type Item = Result<Record, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        if !self.is_read {
            match self.read() {
                Ok(()) => self.result = self.without_twins(),
                Err(error) => return Some(Err(error)),
            }
        }
        self.result.next().map(Record::WeighIn).map(Ok)
    }
}

impl<R: BufRead> Records for Libra<R> {
    fn skipped(&self) -> Skipped {
        self.skipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_date;

    const BERLIN: Tz = Tz::Europe__Berlin;

    fn read(rows: &str) -> (Vec<Result<NewWeighIn, String>>, Skipped) {
        let text = format!("#Version: 6\r\n#Units: kg\r\n\r\n#date;weight;weight trend;body fat\r\n{rows}");
        let mut records = Libra::new(text.as_bytes(), BERLIN);
        let found = records
            .by_ref()
            .map(|record| match record {
                Ok(Record::WeighIn(weigh_in)) => Ok(weigh_in),
                Ok(Record::Steps(_)) => Err("steps".to_owned()),
                Err(error) => Err(format!("{:?} {error}", error.line)),
            })
            .collect();
        (found, records.skipped())
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "compared with outcomes that may be errors"
    )]
    fn weigh_in(when: WeighInTime, typed: &str) -> Result<NewWeighIn, String> {
        Ok(NewWeighIn {
            when,
            typed: typed.to_owned(),
            unit: MassUnit::Kilogram,
            waist: None,
            source: "libra".to_owned(),
        })
    }

    fn timed(at: i64, sub_ms_ns: u32) -> WeighInTime {
        WeighInTime::Timed {
            at: UtcMillis(at),
            sub_ms_ns,
            offset_s: 3600,
            zone: Some(BERLIN),
        }
    }

    #[test]
    fn vector_f14_midnight_twins_three_of_four_rows_stay() {
        let (found, skipped) = read(
            "2018-01-18T23:00:00.000Z;61.5;61.2;;\r\n\
             2018-01-19T17:53:00.000Z;61.5;61.2;;\r\n\
             2018-01-19T23:00:00.000Z;60.2;61.1;;\r\n\
             2023-01-13T22:19:24.978691Z;64.0;64.0;;comment\r\n",
        );
        let expected = vec![
            weigh_in(timed(1_516_384_380_000, 0), "61.5"),
            weigh_in(WeighInTime::DateOnly(parse_date("2018-01-20").unwrap()), "60.2"),
            weigh_in(timed(1_673_648_364_978, 691_000), "64.0"),
        ];
        assert_eq!(found, expected);
        assert_eq!(skipped.midnight_twins, 1);
    }

    #[test]
    fn a_twin_is_found_anywhere_in_the_file_and_with_other_zeros() {
        let (found, skipped) =
            read("2018-01-19T17:53:00Z;61.50\n2018-01-20T08:00:00Z;61.5\n2018-01-18T23:00:00Z;61.5\n");
        assert_eq!((found.len(), skipped.midnight_twins), (2, 1));
    }

    #[test]
    fn a_midnight_row_with_another_weight_than_its_day_stays_as_a_date() {
        let (found, skipped) = read("2018-01-18T23:00:00Z;61.4\n2018-01-19T17:53:00Z;61.5\n");
        let date = WeighInTime::DateOnly(parse_date("2018-01-19").unwrap());
        assert_eq!(found[0], weigh_in(date, "61.4"));
        assert_eq!((found.len(), skipped.midnight_twins), (2, 0));
    }

    #[test]
    fn a_bad_row_is_named_with_its_line() {
        let (found, _) = read(
            "2018-01-18T23:00:00;61.5\nyesterday;61.5\n2018-01-18;61.5\n2018-01-18T23:00:00Z\n2018-01-18T23:00:00Z;0.5\n",
        );
        let problem = |line: u64, problem: &str| Err(format!("Some({line}) {problem}"));
        let expected = vec![
            problem(5, "date is not a time in UTC"),
            problem(6, "date is not a time in UTC"),
            problem(7, "date is not a time in UTC"),
            problem(8, "weight is not a decimal number"),
            problem(9, "weight is outside 2 to 500 kg"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn the_head_has_to_name_version_6_and_a_known_unit() {
        let row = "2018-01-18T23:00:00Z;161.5";
        for (text, line, problem) in [
            (format!("#Version: 5\n#Units: kg\n{row}"), 1, "#Version is not 6"),
            (
                format!("#Version: 6\n#Units: oz\n{row}"),
                2,
                "#Units is not kg, lb or st",
            ),
            (format!("#Version: 6\n{row}"), 2, "the line #Units: is missing"),
            (format!("#Units: kg\n{row}"), 2, "the line #Version: is missing"),
        ] {
            let found: Vec<_> = Libra::new(text.as_bytes(), BERLIN).collect();
            let [Err(error)] = found.as_slice() else {
                panic!("{found:?}")
            };
            assert_eq!((error.line, error.to_string()), (Some(line), problem.to_owned()));
        }
        let text = format!("\u{feff}#Version: 6\n#Units: lb\n{row}");
        let found: Vec<_> = Libra::new(text.as_bytes(), BERLIN).collect();
        assert!(matches!(
            found.as_slice(),
            [Ok(Record::WeighIn(NewWeighIn {
                unit: MassUnit::Pound,
                ..
            }))]
        ));
    }
}
