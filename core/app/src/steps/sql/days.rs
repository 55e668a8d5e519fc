//! Statements over the derived view: hours and days.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rusqlite::{OptionalExtension as _, params};

use super::{SqlResult, date_of};
use crate::steps::derive::{DerivedDay, DerivedSteps};
use crate::steps::summary::{DaySteps, HourSteps};
use crate::store::{Reader, WriteTransaction};
use crate::time::{DateRange, UtcMillis, format_date, parse_date};

pub(crate) fn clear_derived(tx: &WriteTransaction<'_>) -> SqlResult<()> {
    let connection = tx.connection();
    connection.prepare_cached("DELETE FROM step_hour")?.execute([])?;
    connection.prepare_cached("DELETE FROM step_day")?.execute([])?;
    connection
        .prepare_cached("DELETE FROM step_log_correction")?
        .execute([])?;
    Ok(())
}

pub(crate) fn replace_derived(
    tx: &WriteTransaction<'_>,
    range: DateRange,
    derived: &DerivedSteps,
    zone_ids: &BTreeMap<&'static str, i64>,
) -> SqlResult<()> {
    let connection = tx.connection();
    connection
        .prepare_cached("DELETE FROM step_hour WHERE date BETWEEN ?1 AND ?2")?
        .execute(range.text_ends())?;
    connection
        .prepare_cached("DELETE FROM step_day WHERE date BETWEEN ?1 AND ?2")?
        .execute(range.text_ends())?;
    let mut insert_hour =
        connection.prepare_cached("INSERT INTO step_hour (date, start_ms, steps) VALUES (?1, ?2, ?3)")?;
    for ((date, start), steps) in &derived.hours {
        insert_hour.execute(params![format_date(*date), start.0, steps])?;
    }
    let mut insert_day = connection.prepare_cached(
        "INSERT INTO step_day (date, sensor_steps, quarantined_steps, zone_id, is_travel_day)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (
        date,
        DerivedDay {
            sensor_steps,
            quarantined_steps,
            zone,
            is_travel_day,
        },
    ) in &derived.days
    {
        let zone_id = zone_ids
            .get(zone.name())
            .ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        insert_day.execute(params![
            format_date(*date),
            sensor_steps,
            quarantined_steps,
            zone_id,
            is_travel_day
        ])?;
    }
    Ok(())
}

pub(crate) fn sensor_steps(reader: &Reader<'_>, date: NaiveDate) -> SqlResult<Option<i64>> {
    reader
        .connection()
        .prepare_cached("SELECT sensor_steps FROM step_day WHERE date = ?1")?
        .query_row([format_date(date)], |row| row.get(0))
        .optional()
}

const DAYS_IN_RANGE: &str = "
    SELECT step_day.date, sensor_steps, quarantined_steps, is_travel_day,
           ifnull(step_log_correction.correction, step_adjustment.correction)
    FROM step_day
        LEFT JOIN step_adjustment ON step_adjustment.date = step_day.date
        LEFT JOIN step_log_correction ON step_log_correction.date = step_day.date
    WHERE step_day.date BETWEEN ?1 AND ?2
    UNION ALL
    SELECT step_adjustment.date, NULL, 0, 0, correction
    FROM step_adjustment
    WHERE step_adjustment.date BETWEEN ?1 AND ?2
      AND NOT EXISTS (SELECT 1 FROM step_day WHERE step_day.date = step_adjustment.date)
      AND NOT EXISTS (SELECT 1 FROM step_log_correction WHERE step_log_correction.date = step_adjustment.date)
    UNION ALL
    SELECT step_log_correction.date, NULL, 0, 0, correction
    FROM step_log_correction
    WHERE step_log_correction.date BETWEEN ?1 AND ?2
      AND NOT EXISTS (SELECT 1 FROM step_day WHERE step_day.date = step_log_correction.date)";

fn day_of(row: &rusqlite::Row<'_>) -> SqlResult<DaySteps> {
    Ok(DaySteps::new(
        date_of(row)?,
        row.get(1)?,
        row.get(4)?,
        row.get(2)?,
        row.get(3)?,
    ))
}

/// Dates of a range that are measured or corrected, in order.
///
/// Two plain reads and a merge: a join would search the corrections once for each of ten years of days, and few are corrected.
pub(crate) fn days(reader: &Reader<'_>, range: DateRange) -> SqlResult<Vec<DaySteps>> {
    let connection = reader.connection();
    let mut corrections: BTreeMap<NaiveDate, i64> = connection
        .prepare_cached("SELECT date, correction FROM step_adjustment WHERE date BETWEEN ?1 AND ?2")?
        .query_map(range.text_ends(), |row| Ok((date_of(row)?, row.get(1)?)))?
        .collect::<SqlResult<_>>()?;
    let of_other_phones: Vec<(NaiveDate, i64)> = connection
        .prepare_cached("SELECT date, correction FROM step_log_correction WHERE date BETWEEN ?1 AND ?2")?
        .query_map(range.text_ends(), |row| Ok((date_of(row)?, row.get(1)?)))?
        .collect::<SqlResult<_>>()?;
    corrections.extend(of_other_phones);
    let mut days: Vec<DaySteps> = connection
        .prepare_cached(
            "SELECT date, sensor_steps, quarantined_steps, is_travel_day
             FROM step_day
             WHERE date BETWEEN ?1 AND ?2
             ORDER BY date",
        )?
        .query_map(range.text_ends(), |row| {
            let date = date_of(row)?;
            let correction = corrections.remove(&date);
            Ok(DaySteps::new(
                date,
                row.get(1)?,
                correction,
                row.get(2)?,
                row.get(3)?,
            ))
        })?
        .collect::<SqlResult<_>>()?;
    if !corrections.is_empty() {
        let unmeasured = corrections.into_iter();
        days.extend(
            unmeasured.map(|(date, correction)| DaySteps::new(date, None, Some(correction), 0, false)),
        );
        days.sort_unstable_by_key(|day| day.date);
    }
    Ok(days)
}

/// Hands over the dates of a range that are measured or corrected, latest first, until `more` says no.
pub(crate) fn days_backwards(
    reader: &Reader<'_>,
    range: DateRange,
    mut more: impl FnMut(DaySteps) -> bool,
) -> SqlResult<()> {
    let mut statement = reader
        .connection()
        .prepare_cached(&format!("{DAYS_IN_RANGE} ORDER BY 1 DESC"))?;
    let mut rows = statement.query(range.text_ends())?;
    while let Some(row) = rows.next()? {
        if !more(day_of(row)?) {
            break;
        }
    }
    Ok(())
}

/// First and last date that is measured or corrected.
pub(crate) fn span_of_days(reader: &Reader<'_>) -> SqlResult<Option<(NaiveDate, NaiveDate)>> {
    reader
        .connection()
        .prepare_cached(
            // One aggregate per SELECT: SQLite finds min or max at one end of the index, but scans for both at once.
            "SELECT min(first), max(last)
             FROM (
                 SELECT
                     (SELECT min(date) FROM step_day) AS first,
                     (SELECT max(date) FROM step_day) AS last
                 UNION ALL
                 SELECT
                     (SELECT min(date) FROM step_adjustment),
                     (SELECT max(date) FROM step_adjustment)
                 UNION ALL
                 SELECT
                     (SELECT min(date) FROM step_log_correction),
                     (SELECT max(date) FROM step_log_correction)
             )",
        )?
        .query_row([], |row| {
            let ends: (Option<String>, Option<String>) = (row.get(0)?, row.get(1)?);
            Ok(ends
                .0
                .as_deref()
                .and_then(parse_date)
                .zip(ends.1.as_deref().and_then(parse_date)))
        })
}

/// Hour slots with steps whose date lies in the range, ascending by first instant, then date.
pub(crate) fn hours(reader: &Reader<'_>, range: DateRange) -> SqlResult<Vec<HourSteps>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT date, start_ms, steps FROM step_hour WHERE date BETWEEN ?1 AND ?2 ORDER BY start_ms, date",
        )?
        .query_map(range.text_ends(), |row| {
            Ok(HourSteps { date: date_of(row)?, start: UtcMillis(row.get(1)?), steps: row.get(2)? })
        })?
        .collect()
}

/// The zone of the last measured date before `date`, or of the first one after it.
pub(crate) fn zone_of_nearest_day(reader: &Reader<'_>, date: NaiveDate) -> SqlResult<Option<i64>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT zone_id
             FROM step_day
             WHERE date = ifnull((SELECT max(date) FROM step_day WHERE date < ?1),
                                 (SELECT min(date) FROM step_day WHERE date > ?1))",
        )?
        .query_row([format_date(date)], |row| row.get(0))
        .optional()
}
