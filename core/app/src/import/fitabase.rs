//! Fitabase exports of Fitbit data: `minuteStepsWide` and `weightLogInfo`, each with several persons in one file.
//!
//! Times in these files are wall-clock times without a zone; the caller names the zone. Where the clock was changed:
//! - **Autumn**: an hour that the clock shows twice is the first pass in its first row and the second pass in a row
//!   with the same hour directly behind it. A file that has such an hour only once puts it into the first pass.
//! - **Spring**: minutes with steps that the clock skipped cannot have happened at that time. They become records
//!   without duration, one millisecond apart, just after the clock was put forward, so that no two records
//!   overlap and no step is lost (steps.md 5.3 counts such a record beside the minute it falls into, because it ranks
//!   above it: it is the later one). Skipped minutes without steps say nothing and give nothing.

use std::collections::{BTreeSet, VecDeque};
use std::io::BufRead;

use chrono::NaiveDateTime;

use super::decimal::steps;
use super::table::{Row, Table};
use super::weight_csv::{Plan, WeightRows};
use super::when::{Located, local_millis, locate, parse_written};
use super::{DateOrder, ImportError, ImportReason, Record, Records, checked_interval};
use crate::steps::IntervalRecord;
use crate::time::{MINUTE_MS, Tz, UtcMillis, ZoneOffsets};
use crate::weight::MassUnit;

/// More persons than any study; beyond it the file is something else.
const MAX_PERSONS: usize = 100_000;

/// The ids of the persons in either file, in the order in which they first appear.
///
/// Errors: no header; no column `Id`; a row that cannot be read.
pub fn persons(reader: impl BufRead) -> Result<Vec<String>, ImportError> {
    let mut table = Table::open(reader)?;
    let id = table.header().required("Id")?;
    let mut known = BTreeSet::new();
    let mut ids = Vec::new();
    while let Some(row) = table.next_row() {
        let row = row?;
        let person = row.field(id);
        if known.contains(person) {
            continue;
        }
        if known.len() >= MAX_PERSONS {
            return Err(ImportReason::TooLarge("more than 100,000 persons").at(row.line));
        }
        known.insert(person.to_owned());
        ids.push(person.to_owned());
    }
    Ok(ids)
}

/// Opens `weightLogInfo` for one person.
///
/// Units: kilograms with the digits of the file; times are of `zone`. Manual entries stamped 23:59:59 are dates without
/// a time (weight.md 9.3). Errors: no header; a column is missing.
pub fn weights<R: BufRead>(reader: R, person: &str, zone: Tz) -> Result<WeightRows<R>, ImportError> {
    let table = Table::open(reader)?;
    let header = table.header();
    let mut plan = Plan::new(
        header.required("Date")?,
        header.required("WeightKg")?,
        MassUnit::Kilogram,
        "fitabase",
    );
    plan.dates = DateOrder::MonthFirst;
    plan.only = Some((header.required("Id")?, person.to_owned()));
    plan.manual = Some(header.required("IsManualReport")?);
    Ok(WeightRows::new(table, plan, Some(zone)))
}

/// Minutes of one person: a record for each minute with steps, and one for each run of minutes without steps inside an
/// hour, so that these minutes count as measured.
///
/// Ids are the wall-clock time of the first minute (`2016-04-13T00:05`), with `/2` behind it in the second pass of a
/// repeated hour. `modified` is the start, because the file does not say.
pub struct MinuteSteps<R> {
    table: Table<R>,
    person: String,
    columns: Columns,
    zone: ZoneOffsets,
    previous_hour: Option<NaiveDateTime>,
    waiting: VecDeque<IntervalRecord>,
}

struct Columns {
    id: usize,
    hour: usize,
    minutes: Vec<usize>,
}

/// One minute of a row, found on the time line.
struct Minute {
    start: UtcMillis,
    end: UtcMillis,
    steps: i64,
    id: String,
}

impl<R: BufRead> MinuteSteps<R> {
    /// Opens `minuteStepsWide` for one person whose clock showed `zone`.
    ///
    /// Errors: no header; one of the columns `Id`, `ActivityHour`, `Steps00` to `Steps59` is missing.
    pub fn open(reader: R, person: &str, zone: Tz) -> Result<Self, ImportError> {
        let table = Table::open(reader)?;
        let header = table.header();
        let columns = Columns {
            id: header.required("Id")?,
            hour: header.required("ActivityHour")?,
            minutes: (0..60)
                .map(|minute| header.required(&format!("Steps{minute:02}")))
                .collect::<Result<_, _>>()?,
        };
        Ok(Self {
            table,
            person: person.to_owned(),
            columns,
            zone: ZoneOffsets::new(zone),
            previous_hour: None,
            waiting: VecDeque::new(),
        })
    }

    fn hour(&mut self, row: &Row) -> Result<(), ImportReason> {
        let written = parse_written(row.field(self.columns.hour), DateOrder::MonthFirst);
        let hour = written
            .filter(|written| written.offset_s.is_none())
            .and_then(|written| Some(written.date.and_time(written.time?)))
            .filter(|hour| local_millis(*hour).rem_euclid(60 * MINUTE_MS) == 0)
            .ok_or_else(|| ImportReason::bad("ActivityHour", "is not the start of an hour"))?;
        let is_second_pass = self.previous_hour == Some(hour);
        // Every field is looked at before any record is made.
        let counts = self
            .columns
            .minutes
            .iter()
            .map(|column| steps(self.table.header().name(*column), row.field(*column)))
            .collect::<Result<Vec<_>, _>>()?;
        self.previous_hour = Some(hour);
        let mut local_ms = local_millis(hour);
        let mut run: Option<Minute> = None;
        for steps in counts {
            let minute = self.minute(local_ms, steps, is_second_pass);
            local_ms = local_ms.saturating_add(MINUTE_MS);
            match (&mut run, minute) {
                (_, None) => {}
                (Some(run), Some(minute)) if steps == 0 && run.steps == 0 && run.end == minute.start => {
                    run.end = minute.end;
                }
                (_, Some(minute)) => {
                    if let Some(finished) = run.replace(minute) {
                        self.push(finished)?;
                    }
                }
            }
        }
        match run {
            Some(finished) => self.push(finished),
            None => Ok(()),
        }
    }

    /// `None` for a minute without steps that never was.
    fn minute(&mut self, local_ms: i64, steps: i64, is_second_pass: bool) -> Option<Minute> {
        let (start, end, suffix) = match locate(&mut self.zone, local_ms) {
            Located::Twice(_, second) if is_second_pass => (second, second.plus(MINUTE_MS), "/2"),
            Located::Once(start) | Located::Twice(start, _) => (start, start.plus(MINUTE_MS), ""),
            Located::Never { .. } if steps == 0 => return None,
            Located::Never { at, late_ms } => {
                // From 1 ms on: at 0 it would share its start with the minute that is really there, and lose to it.
                let start = at.plus(late_ms.div_euclid(MINUTE_MS).saturating_add(1));
                (start, start, "")
            }
        };
        let written = chrono::DateTime::from_timestamp_millis(local_ms)?.naive_utc();
        Some(Minute {
            start,
            end,
            steps,
            id: format!("{}{suffix}", written.format("%Y-%m-%dT%H:%M")),
        })
    }

    fn push(&mut self, minute: Minute) -> Result<(), ImportReason> {
        self.waiting.push_back(checked_interval(IntervalRecord {
            source: "fitabase".to_owned(),
            id: minute.id,
            start: minute.start,
            end: minute.end,
            steps: minute.steps,
            modified: minute.start,
            zone: Some(self.zone.zone()),
        })?);
        Ok(())
    }
}

impl<R: BufRead> Iterator for MinuteSteps<R> {
    type Item = Result<Record, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.waiting.pop_front() {
                return Some(Ok(Record::Steps(record)));
            }
            let row = match self.table.next_row()? {
                Ok(row) => row,
                Err(error) => return Some(Err(error)),
            };
            if row.field(self.columns.id) != self.person {
                continue;
            }
            if let Err(reason) = self.hour(&row) {
                self.waiting.clear();
                return Some(Err(reason.at(row.line)));
            }
        }
    }
}

impl<R: BufRead> Records for MinuteSteps<R> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::NaiveDate;
    use crate::weight::WeighInTime;

    const TOKYO: Tz = Tz::Asia__Tokyo;
    const BERLIN: Tz = Tz::Europe__Berlin;

    fn header() -> String {
        let minutes: Vec<_> = (0..60).map(|minute| format!("Steps{minute:02}")).collect();
        format!("Id,ActivityHour,{}\r\n", minutes.join(","))
    }

    /// A row of zeros but for some minutes.
    fn row(id: &str, hour: &str, steps: &[(usize, &str)]) -> String {
        let mut minutes = vec!["0"; 60];
        for (minute, steps) in steps {
            minutes[*minute] = steps;
        }
        format!("{id},{hour},{}\r\n", minutes.join(","))
    }

    fn records(rows: &[String], zone: Tz) -> Vec<Result<IntervalRecord, String>> {
        let text = header() + &rows.concat();
        MinuteSteps::open(text.as_bytes(), "7", zone)
            .unwrap()
            .map(|record| match record {
                Ok(Record::Steps(record)) => Ok(record),
                Ok(Record::WeighIn(_)) => Err("a weigh-in".to_owned()),
                Err(error) => Err(format!("{:?} {error}", error.line)),
            })
            .collect()
    }

    /// Id, minutes since the first record, length in minutes, steps.
    fn shape(records: &[Result<IntervalRecord, String>]) -> Vec<(String, i64, i64, i64)> {
        let records: Vec<_> = records.iter().map(|record| record.as_ref().unwrap()).collect();
        let first = records[0].start;
        records
            .iter()
            .map(|record| {
                let minutes = |ms: i64| ms / MINUTE_MS;
                (
                    record.id.clone(),
                    minutes(record.start.since(first)),
                    minutes(record.end.since(record.start)),
                    record.steps,
                )
            })
            .collect()
    }

    #[test]
    fn minutes_with_steps_and_runs_without_become_records_that_tile_the_hour() {
        let rows = [
            row("8", "4/13/2016 12:00:00 AM", &[(0, "9")]),
            row("7", "4/13/2016 12:00:00 AM", &[(5, "12"), (6, "1"), (59, "3")]),
            row("7", "4/13/2016 1:00:00 AM", &[]),
        ];
        let found = records(&rows, TOKYO);
        let expected = [
            ("2016-04-13T00:00", 0, 5, 0),
            ("2016-04-13T00:05", 5, 1, 12),
            ("2016-04-13T00:06", 6, 1, 1),
            ("2016-04-13T00:07", 7, 52, 0),
            ("2016-04-13T00:59", 59, 1, 3),
            ("2016-04-13T01:00", 60, 60, 0),
        ];
        assert_eq!(
            shape(&found),
            expected.map(|(id, start, length, steps)| (id.to_owned(), start, length, steps))
        );
        let first = found[0].clone().unwrap();
        assert_eq!(first.start, UtcMillis(1_460_473_200_000));
        assert_eq!(
            (first.modified, first.zone, first.source.as_str()),
            (first.start, Some(TOKYO), "fitabase")
        );
    }

    #[test]
    fn an_hour_that_the_clock_shows_twice_fills_both_passes() {
        let hour = |hour: &str, steps: &str| row("7", &format!("10/30/2016 {hour}:00:00 AM"), &[(10, steps)]);
        let found = records(
            &[hour("1", "1"), hour("2", "2"), hour("2", "3"), hour("3", "4")],
            BERLIN,
        );
        let walked: Vec<_> = shape(&found).into_iter().filter(|record| record.3 > 0).collect();
        let expected = [
            ("2016-10-30T01:10", 10, 1, 1),
            ("2016-10-30T02:10", 70, 1, 2),
            ("2016-10-30T02:10/2", 130, 1, 3),
            ("2016-10-30T03:10", 190, 1, 4),
        ];
        assert_eq!(
            walked,
            expected.map(|(id, start, length, steps)| (id.to_owned(), start, length, steps))
        );
    }

    #[test]
    fn steps_in_an_hour_that_the_clock_skipped_are_kept_just_behind_the_change_and_nothing_overlaps() {
        let rows = [
            row("7", "3/27/2016 1:00:00 AM", &[(59, "1")]),
            row("7", "3/27/2016 2:00:00 AM", &[(0, "5"), (10, "20"), (59, "30")]),
            row("7", "3/27/2016 3:00:00 AM", &[(0, "7")]),
        ];
        let found: Vec<_> = records(&rows, BERLIN).into_iter().map(Result::unwrap).collect();
        assert_eq!(found.iter().map(|record| record.steps).sum::<i64>(), 63);
        let change = UtcMillis(1_459_040_400_000);
        let squeezed: Vec<_> = found.iter().filter(|record| record.start == record.end).collect();
        let places: Vec<_> = squeezed
            .iter()
            .map(|record| (record.start.since(change), record.steps))
            .collect();
        assert_eq!(places, [(1, 5), (11, 20), (60, 30)]);
        let mut intervals: Vec<_> = found.iter().filter(|record| record.start < record.end).collect();
        intervals.sort_by_key(|record| record.start);
        assert!(intervals.windows(2).all(|pair| pair[0].end <= pair[1].start));
        // steps.md 5.3: a record without duration counts if it ranks above every record that contains it.
        for point in squeezed {
            let hosts = intervals
                .iter()
                .filter(|host| host.start <= point.start && point.start <= host.end);
            assert!(hosts.into_iter().all(|host| host.modified < point.modified));
        }
    }

    #[test]
    fn a_bad_row_is_named_and_gives_no_record_at_all() {
        let good = "4/13/2016 1:00:00 AM";
        let rows = [
            row("7", good, &[(0, "4"), (59, "-1")]),
            row("7", good, &[(0, "1000001")]),
            row("7", good, &[(30, "x")]),
            row("7", "4/13/2016 1:30:00 AM", &[]),
            row("7", "4/31/2016 1:00:00 AM", &[]),
            row("7", "4/13/1999 1:00:00 AM", &[]),
            row("8", "whatever", &[]),
        ];
        let problem = |line: u64, problem: &str| Err(format!("Some({line}) {problem}"));
        let expected = vec![
            problem(2, "Steps59 is not a number of steps from 0 to 1,000,000"),
            problem(3, "Steps00 is not a number of steps from 0 to 1,000,000"),
            problem(4, "Steps30 is not a number of steps from 0 to 1,000,000"),
            problem(5, "ActivityHour is not the start of an hour"),
            problem(6, "ActivityHour is not the start of an hour"),
            problem(7, "the time lies outside the years 2000 to 2099"),
        ];
        assert_eq!(records(&rows, TOKYO), expected);
    }

    #[test]
    fn a_missing_column_is_named() {
        let text = header().replace("Steps59", "Steps60");
        let error = MinuteSteps::open(text.as_bytes(), "7", TOKYO).err().unwrap();
        assert_eq!(
            (error.line, error.to_string()),
            (Some(1), "the column Steps59 is missing".to_owned())
        );
        let error = weights("Id,Date\n".as_bytes(), "7", TOKYO).err().unwrap();
        assert_eq!(error.to_string(), "the column WeightKg is missing");
    }

    #[test]
    fn persons_are_listed_in_the_order_of_the_file() {
        let hour = "4/13/2016 1:00:00 AM";
        let text = header() + &row("8", hour, &[]) + &row("7", hour, &[]) + &row("8", hour, &[]);
        assert_eq!(persons(text.as_bytes()), Ok(vec!["8".to_owned(), "7".to_owned()]));
    }

    #[test]
    fn a_manual_weight_is_a_date_and_a_scale_keeps_its_time_and_all_its_digits() {
        let text = "Id,Date,WeightKg,WeightPounds,Fat,BMI,IsManualReport,LogId\r\n\
            7,5/2/2016 11:59:59 PM,52.5999984741211,115.96,22,22.6,True,1\r\n\
            7,5/3/2016 11:59:59 PM,52.5,115.7,,22.6,False,2\r\n\
            8,5/3/2016 11:59:59 PM,99,1,,1,False,3\r\n\
            7,5/4/2016 6:15:00 AM,52.4,115.5,,22.6,True,4\r\n";
        let found: Vec<_> = weights(text.as_bytes(), "7", TOKYO)
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let weigh_in = |when, typed: &str| {
            Record::WeighIn(crate::weight::NewWeighIn {
                when,
                typed: typed.to_owned(),
                unit: MassUnit::Kilogram,
                waist: None,
                source: "fitabase".to_owned(),
            })
        };
        let timed = |at| WeighInTime::Timed {
            at: UtcMillis(at),
            sub_ms_ns: 0,
            offset_s: 32_400,
            zone: Some(TOKYO),
        };
        let expected = [
            weigh_in(
                WeighInTime::DateOnly(NaiveDate::from_ymd_opt(2016, 5, 2).unwrap()),
                "52.5999984741211",
            ),
            weigh_in(timed(1_462_287_599_000), "52.5"),
            weigh_in(timed(1_462_310_100_000), "52.4"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn the_real_files_are_read_to_the_end() {
        let open = |name: &str| {
            let path = format!("{}/../../tests/data/fitabase/{name}", env!("CARGO_MANIFEST_DIR"));
            std::io::BufReader::new(std::fs::File::open(path).unwrap())
        };
        let minutes = "minuteStepsWide_merged.csv";
        let ids = persons(open(minutes)).unwrap();
        assert_eq!(ids.len(), 33);
        let mut steps = 0;
        let mut covered = 0;
        for record in MinuteSteps::open(open(minutes), &ids[0], TOKYO).unwrap() {
            let Ok(Record::Steps(record)) = record else {
                panic!("{record:?}")
            };
            steps += record.steps;
            covered += record.end.since(record.start) / MINUTE_MS;
        }
        assert_eq!((steps, covered % 60), (SUM_OF_THE_FIRST_PERSON, 0));

        let log = "weightLogInfo_merged.csv";
        let count = |id: &String| super::super::check(weights(open(log), id, TOKYO).unwrap()).unwrap();
        let ids = persons(open(log)).unwrap();
        assert_eq!((ids.len(), ids.iter().map(count).sum::<u64>()), (8, 67));
    }

    /// Counted with another tool.
    const SUM_OF_THE_FIRST_PERSON: i64 = 369_089;
}
