//! Statements over `step_report`, `step_report_due` and `step_log_correction`.

use std::collections::BTreeMap;

use ayumi_protocol::body::StepsDay;
use chrono::NaiveDate;
use rusqlite::{OptionalExtension as _, Result as SqlResult, params};

use super::OwnWord;
use crate::store::{Reader, WriteTransaction};
use crate::sync::columns::parsed;
use crate::time::{DateRange, format_date, parse_date};

/// Has a date reported.
pub(in crate::steps) fn set_due(
    tx: &WriteTransaction<'_>,
    date: NaiveDate,
    is_corrected: bool,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO step_report_due (date, is_corrected)
             VALUES (?1, ?2)
             ON CONFLICT (date) DO UPDATE
             SET is_corrected = MAX(is_corrected, excluded.is_corrected)",
        )?
        .execute(params![format_date(date), is_corrected])?;
    Ok(())
}

/// Has the dates of a range reported that are measured or were reported before.
pub(in crate::steps) fn set_range_due(tx: &WriteTransaction<'_>, range: DateRange) -> SqlResult<()> {
    let [first, last] = range.text_ends();
    for statement in [
        "INSERT INTO step_report_due (date, is_corrected)
         SELECT date, 0 FROM step_day WHERE date BETWEEN ?1 AND ?2
         ON CONFLICT DO NOTHING",
        "INSERT INTO step_report_due (date, is_corrected)
         SELECT date, 0 FROM step_report WHERE date BETWEEN ?1 AND ?2
         ON CONFLICT DO NOTHING",
    ] {
        tx.connection()
            .prepare_cached(statement)?
            .execute([&first, &last])?;
    }
    Ok(())
}

/// Has every measured, corrected or paused date reported.
pub(super) fn set_everything_due(tx: &WriteTransaction<'_>) -> SqlResult<()> {
    for statement in [
        "INSERT INTO step_report_due (date, is_corrected)
         SELECT date, 1 FROM step_adjustment WHERE true
         ON CONFLICT (date) DO UPDATE SET is_corrected = 1",
        "INSERT INTO step_report_due (date, is_corrected)
         SELECT date, 0 FROM step_day WHERE true
         ON CONFLICT DO NOTHING",
    ] {
        tx.connection().prepare_cached(statement)?.execute([])?;
    }
    Ok(())
}

/// Dates that are due, the latest first, each with whether its correction changed.
pub(super) fn due(reader: &Reader<'_>, most: usize) -> SqlResult<Vec<(NaiveDate, bool)>> {
    reader
        .connection()
        .prepare_cached("SELECT date, is_corrected FROM step_report_due ORDER BY date DESC LIMIT ?1")?
        .query_map([i64::try_from(most).unwrap_or(i64::MAX)], |row| {
            Ok((parsed(row, 0, "a date", parse_date)?, row.get(1)?))
        })?
        .collect()
}

pub(super) fn set_reported(tx: &WriteTransaction<'_>, date: NaiveDate) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("DELETE FROM step_report_due WHERE date = ?1")?
        .execute([format_date(date)])?;
    Ok(())
}

/// Revision and text of the last report about a date.
pub(super) fn last_report(reader: &Reader<'_>, date: NaiveDate) -> SqlResult<Option<(u32, String)>> {
    reader
        .connection()
        .prepare_cached("SELECT revision, body FROM step_report WHERE date = ?1")?
        .query_row([format_date(date)], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

pub(super) fn put_report(
    tx: &WriteTransaction<'_>,
    date: NaiveDate,
    revision: u32,
    body: &str,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO step_report (date, revision, body)
             VALUES (?1, ?2, ?3)
             ON CONFLICT (date) DO UPDATE
             SET revision = excluded.revision,
                 body = excluded.body",
        )?
        .execute(params![format_date(date), revision, body])?;
    Ok(())
}

/// Keeps the report of an earlier life of this phone.
pub(super) fn put_base(
    tx: &WriteTransaction<'_>,
    date: NaiveDate,
    revision: u32,
    body: &str,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO step_report (date, revision, body, base)
             VALUES (?1, ?2, ?3, ?3)
             ON CONFLICT (date) DO UPDATE
             SET revision = excluded.revision,
                 body = excluded.body,
                 base = excluded.base",
        )?
        .execute(params![format_date(date), revision, body])?;
    Ok(())
}

/// Keeps what joins the reports of this phone from here on, beside what it said last.
pub(super) fn put_adopted(
    tx: &WriteTransaction<'_>,
    date: NaiveDate,
    revision: u32,
    body: &str,
    base: &str,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO step_report (date, revision, body, base)
             VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (date) DO UPDATE
             SET revision = excluded.revision,
                 body = excluded.body,
                 base = excluded.base",
        )?
        .execute(params![format_date(date), revision, body, base])?;
    Ok(())
}

/// The bases of a range of dates.
pub(super) fn bases(reader: &Reader<'_>, range: DateRange) -> SqlResult<BTreeMap<NaiveDate, StepsDay>> {
    let mut statement = reader.connection().prepare_cached(
        "SELECT date, base
         FROM step_report
         WHERE date BETWEEN ?1 AND ?2 AND base IS NOT NULL",
    )?;
    let mut rows = statement.query(range.text_ends())?;
    let mut bases = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let date = parsed(row, 0, "a date", parse_date)?;
        if let Ok(day) = serde_json::from_str(row.get_ref(1)?.as_str()?) {
            bases.insert(date, day);
        }
    }
    Ok(bases)
}

/// What this phone itself says about the correction of a date.
pub(super) fn own_word(reader: &Reader<'_>, date: NaiveDate) -> SqlResult<OwnWord> {
    let date_text = format_date(date);
    let connection = reader.connection();
    let is_corrected = connection
        .prepare_cached("SELECT is_corrected FROM step_report_due WHERE date = ?1")?
        .query_row([&date_text], |row| row.get(0))
        .optional()?;
    let adjustment = connection
        .prepare_cached("SELECT correction FROM step_adjustment WHERE date = ?1")?
        .query_row([&date_text], |row| row.get(0))
        .optional()?;
    let last = last_report(reader, date)?
        .and_then(|(revision, body)| Some((revision, serde_json::from_str(&body).ok()?)));
    Ok(OwnWord {
        last,
        is_corrected: is_corrected.unwrap_or(false),
        adjustment,
    })
}

/// Replaces the corrections of other phones that count in a range of dates.
pub(in crate::steps) fn replace_log_corrections(
    tx: &WriteTransaction<'_>,
    range: DateRange,
    corrections: &[(NaiveDate, i64)],
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("DELETE FROM step_log_correction WHERE date BETWEEN ?1 AND ?2")?
        .execute(range.text_ends())?;
    for (date, correction) in corrections {
        tx.connection()
            .prepare_cached("INSERT INTO step_log_correction (date, correction) VALUES (?1, ?2)")?
            .execute(params![format_date(*date), correction])?;
    }
    Ok(())
}
