//! Weigh-ins in tables: the plain format of the replay command, and tables whose columns the person names.
//!
//! Source: weight.md 9.1, 10.1.

use std::io::BufRead;

use chrono::NaiveTime;

use super::decimal::{typed_weight, waist};
use super::table::{Header, Row, Table};
use super::when::{moment, parse_written};
use super::{DateOrder, ImportError, ImportReason, LengthUnit, Record, Records, Skipped, checked_time};
use crate::time::{Tz, ZoneOffsets};
use crate::weight::{MassUnit, NewWeighIn, WeighInTime};

/// Which columns of a table hold what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightColumns {
    /// Name of the column with the date, or with date and time.
    pub date: String,
    /// Name of a column with the time of day, if it stands apart. An empty field there is a date without a time.
    pub time: Option<String>,
    /// Name of the column with the weight.
    pub weight: String,
    /// Unit of the weights.
    pub unit: MassUnit,
    /// Name and unit of a column with the waist circumference. An empty field there is no measurement.
    pub waist: Option<(String, LengthUnit)>,
    /// How dates are written.
    pub dates: DateOrder,
    /// Zone of times that carry no offset; `None` refuses them.
    pub zone: Option<Tz>,
}

/// Weigh-ins of a table, row by row.
pub struct WeightRows<R> {
    table: Table<R>,
    plan: Plan,
    zone: Option<ZoneOffsets>,
    skipped: Skipped,
}

/// [`WeightColumns`] with the names looked up, and the habits of the apps we know.
pub(super) struct Plan {
    pub(super) date: usize,
    pub(super) time: Option<usize>,
    pub(super) weight: usize,
    pub(super) unit: MassUnit,
    pub(super) waist: Option<(usize, LengthUnit)>,
    pub(super) dates: DateOrder,
    pub(super) source: &'static str,
    /// Only rows with this text in this column are meant (one person of several).
    pub(super) only: Option<(usize, String)>,
    /// Rows with `Yes` in this column hold no measured weight.
    pub(super) interpolated: Option<usize>,
    /// Rows without a weight are left out instead of refused.
    pub(super) weight_may_be_empty: bool,
    /// Rows with `True` in this column were entered by hand; stamped 23:59:59 they are dates without a time.
    pub(super) manual: Option<usize>,
}

/// Opens a CSV file with exactly the columns `at,weight_kg`.
///
/// Units: `at` is a date-time with an offset or a plain date, `weight_kg` kilograms.
/// Errors: another header, or none.
pub fn plain<R: BufRead>(reader: R) -> Result<WeightRows<R>, ImportError> {
    let table = Table::open(reader)?;
    if !is_plain(table.header()) {
        return Err(table.header().lacks("the header at,weight_kg"));
    }
    let plan = Plan::new(0, 1, MassUnit::Kilogram, "csv");
    Ok(WeightRows::new(table, plan, None))
}

pub(super) fn is_plain(header: &Header) -> bool {
    header.names().eq(["at", "weight_kg"])
}

/// Opens a table with the columns that the person chose.
///
/// Errors: no header; a chosen column that is not there.
pub fn chosen<R: BufRead>(reader: R, columns: &WeightColumns) -> Result<WeightRows<R>, ImportError> {
    let table = Table::open(reader)?;
    let header = table.header();
    let mut plan = Plan::new(
        header.required(&columns.date)?,
        header.required(&columns.weight)?,
        columns.unit,
        "csv",
    );
    plan.time = columns
        .time
        .as_deref()
        .map(|name| header.required(name))
        .transpose()?;
    plan.dates = columns.dates;
    if let Some((name, unit)) = &columns.waist {
        plan.waist = Some((header.required(name)?, *unit));
    }
    Ok(WeightRows::new(table, plan, columns.zone))
}

/// The column names of a table, so that a shell can ask which are which.
///
/// Errors: no header.
pub fn columns(reader: impl BufRead) -> Result<Vec<String>, ImportError> {
    Ok(Table::open(reader)?.header().names().map(str::to_owned).collect())
}

/// The first chosen column that a table lacks, with the columns it has; `None` if all are there. Errors: no header.
pub(super) fn missing_column(
    reader: impl BufRead,
    chosen: &WeightColumns,
) -> Result<Option<(String, Vec<String>)>, ImportError> {
    let table = Table::open(reader)?;
    let header = table.header();
    let waist = chosen.waist.as_ref().map(|(name, _)| name);
    let missing = [
        Some(&chosen.date),
        chosen.time.as_ref(),
        Some(&chosen.weight),
        waist,
    ]
    .into_iter()
    .flatten()
    .find(|name| header.column(name).is_none());
    Ok(missing.map(|name| (name.clone(), header.names().map(str::to_owned).collect())))
}

impl Plan {
    pub(super) const fn new(date: usize, weight: usize, unit: MassUnit, source: &'static str) -> Self {
        Self {
            date,
            time: None,
            weight,
            unit,
            waist: None,
            dates: DateOrder::YearFirst,
            source,
            only: None,
            interpolated: None,
            weight_may_be_empty: false,
            manual: None,
        }
    }

    fn when(
        &self,
        row: &Row,
        name: &str,
        zone: Option<&mut ZoneOffsets>,
    ) -> Result<WeighInTime, ImportReason> {
        let time = self.time.map_or("", |column| row.field(column));
        let text = format!("{} {time}", row.field(self.date));
        let written = parse_written(&text, self.dates)
            .ok_or_else(|| ImportReason::bad(name.to_owned(), "is not a date or time"))?;
        let is_manual = self
            .manual
            .is_some_and(|column| row.field(column).eq_ignore_ascii_case("true"));
        if is_manual && written.time == NaiveTime::from_hms_opt(23, 59, 59) {
            return Ok(WeighInTime::DateOnly(written.date));
        }
        moment(name, written, zone)
    }
}

impl<R: BufRead> WeightRows<R> {
    pub(super) fn new(table: Table<R>, plan: Plan, zone: Option<Tz>) -> Self {
        Self {
            table,
            plan,
            zone: zone.map(ZoneOffsets::new),
            skipped: Skipped::default(),
        }
    }

    /// The weigh-in of a row; `None` for a row that is left out.
    fn weigh_in(&mut self, row: &Row) -> Result<Option<NewWeighIn>, ImportReason> {
        let plan = &self.plan;
        let header = self.table.header();
        if let Some((column, person)) = &plan.only
            && row.field(*column) != person
        {
            return Ok(None);
        }
        let is_interpolated = plan
            .interpolated
            .is_some_and(|column| row.field(column).eq_ignore_ascii_case("yes"));
        if is_interpolated || (plan.weight_may_be_empty && row.field(plan.weight).is_empty()) {
            self.skipped.rows_without_weight = self.skipped.rows_without_weight.saturating_add(1);
            return Ok(None);
        }
        let typed = typed_weight(header.name(plan.weight), row.field(plan.weight), plan.unit, false)?;
        let waist = match plan.waist {
            Some((column, unit)) if !row.field(column).is_empty() => {
                Some(waist(header.name(column), row.field(column), unit)?)
            }
            _ => None,
        };
        Ok(Some(NewWeighIn {
            when: checked_time(plan.when(row, header.name(plan.date), self.zone.as_mut())?)?,
            typed,
            unit: plan.unit,
            waist,
            source: plan.source.to_owned(),
        }))
    }
}

impl<R: BufRead> Iterator for WeightRows<R> {
    type Item = Result<Record, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let row = match self.table.next_row()? {
                Ok(row) => row,
                Err(error) => return Some(Err(error)),
            };
            match self.weigh_in(&row) {
                Ok(None) => {}
                Ok(Some(weigh_in)) => return Some(Ok(Record::WeighIn(weigh_in))),
                Err(reason) => return Some(Err(reason.at(row.line))),
            }
        }
    }
}

impl<R: BufRead> Records for WeightRows<R> {
    fn skipped(&self) -> Skipped {
        self.skipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{UtcMillis, parse_date};

    fn outcome(
        records: impl Iterator<Item = Result<Record, ImportError>>,
    ) -> Vec<Result<NewWeighIn, String>> {
        records
            .map(|record| match record {
                Ok(Record::WeighIn(weigh_in)) => Ok(weigh_in),
                Ok(Record::Steps(_)) => Err("steps".to_owned()),
                Err(error) => Err(format!("{:?} {error}", error.line)),
            })
            .collect()
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "compared with outcomes that may be errors"
    )]
    fn weigh_in(
        when: WeighInTime,
        typed: &str,
        unit: MassUnit,
        waist_mm: Option<u32>,
    ) -> Result<NewWeighIn, String> {
        Ok(NewWeighIn {
            when,
            typed: typed.to_owned(),
            unit,
            waist: waist_mm.and_then(crate::weight::Waist::from_millimetres),
            source: "csv".to_owned(),
        })
    }

    fn date(text: &str) -> WeighInTime {
        WeighInTime::DateOnly(parse_date(text).unwrap())
    }

    #[test]
    fn the_plain_format_is_read_with_and_without_times() {
        let text = "\u{feff}\r\n at,weight_kg\r\n2026-04-01T07:00:00+09:00,70.0\r\n\r\n 2026-04-04 , 69\r\n";
        let morning = WeighInTime::Timed {
            at: UtcMillis(1_774_994_400_000),
            sub_ms_ns: 0,
            offset_s: 32_400,
            zone: None,
        };
        let expected = vec![
            weigh_in(morning, "70.0", MassUnit::Kilogram, None),
            weigh_in(date("2026-04-04"), "69", MassUnit::Kilogram, None),
        ];
        assert_eq!(outcome(plain(text.as_bytes()).unwrap()), expected);
    }

    #[test]
    fn every_bad_row_is_named_with_its_line_and_reason() {
        let text = "at,weight_kg\n2026-04-31,70\n2026-04-01T07:00:00,70\n\n2026-04-01,501\n2026-04-01,1.99\n\
            2026-04-01,-70\n2026-04-01,7e1\n2026-04-01\n2026-04-01,70,1\n,70\n1999-12-31,70\n";
        let problem = |line: u64, problem: &str| Err(format!("Some({line}) {problem}"));
        let width = "not well-formed CSV: the row has another number of columns than the header";
        let expected = vec![
            problem(2, "at is not a date or time"),
            problem(3, "at has neither an offset nor a zone"),
            problem(5, "weight_kg is outside 2 to 500 kg"),
            problem(6, "weight_kg is outside 2 to 500 kg"),
            problem(7, "weight_kg is not a decimal number"),
            problem(8, "weight_kg is not a decimal number"),
            problem(9, width),
            problem(10, width),
            problem(11, "at is not a date or time"),
            problem(12, "the time lies outside the years 2000 to 2099"),
        ];
        assert_eq!(outcome(plain(text.as_bytes()).unwrap()), expected);
        let error = plain("weight_kg,at\n".as_bytes()).err().unwrap();
        assert_eq!(
            (error.line, error.to_string()),
            (Some(1), "the header at,weight_kg is missing".to_owned())
        );
    }

    #[test]
    fn columns_are_chosen_by_name_in_any_place_with_their_units_and_date_order() {
        let columns = WeightColumns {
            date: "Datum".to_owned(),
            time: Some("Uhrzeit".to_owned()),
            weight: "Gewicht".to_owned(),
            unit: MassUnit::Stone,
            waist: Some(("Bauch".to_owned(), LengthUnit::Centimetre)),
            dates: DateOrder::DayFirst,
            zone: Some(Tz::Europe__Berlin),
        };
        let text = "Bauch;Notiz;Gewicht;Datum;Uhrzeit\n84.5;\"a;b\";11.5;1.4.2026;07:00\n;;11.4;2.4.2026;\n";
        let at = UtcMillis(1_775_019_600_000);
        let morning = WeighInTime::Timed {
            at,
            sub_ms_ns: 0,
            offset_s: 7200,
            zone: Some(Tz::Europe__Berlin),
        };
        let expected = vec![
            weigh_in(morning, "11.5", MassUnit::Stone, Some(845)),
            weigh_in(date("2026-04-02"), "11.4", MassUnit::Stone, None),
        ];
        assert_eq!(outcome(chosen(text.as_bytes(), &columns).unwrap()), expected);
        let missing = WeightColumns {
            weight: "Masse".to_owned(),
            ..columns
        };
        let error = chosen(text.as_bytes(), &missing).err().unwrap();
        assert_eq!(error.to_string(), "the column Masse is missing");
    }

    #[test]
    fn the_columns_of_an_unknown_table_can_be_asked_for() {
        let found = super::columns("\"Date, local\", Weight\n".as_bytes());
        assert_eq!(found, Ok(vec!["Date, local".to_owned(), "Weight".to_owned()]));
    }
}
