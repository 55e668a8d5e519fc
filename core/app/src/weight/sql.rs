//! Every statement over the tables of weight.
//!
//! Values come from a file that may have been salvaged from a damaged one, so a row that cannot be read is left out
//! instead of failing the whole list; it stays in the table.

use std::cell::Cell;

use chrono::NaiveDate;
use rusqlite::{OptionalExtension as _, Row, params};

use super::entry::Entry;
use super::goal::{self, GoalWeight};
use super::{MassUnit, Reading, Waist, WaistReading, WeighIn, WeighInId, WeighInTime, Weight, WeightDay};
use crate::store::{Reader, WriteTransaction};
use crate::time::{DateRange, UtcMillis, format_date, last_text, parse_date, parse_zone};

type SqlResult<T> = Result<T, rusqlite::Error>;

/// What a change of a weigh-in is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChangeKind {
    Add,
    Edit,
    Delete,
    Import,
    Log,
}

impl ChangeKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Edit => "edit",
            Self::Delete => "delete",
            Self::Import => "import",
            Self::Log => "log",
        }
    }
}

// Changes ---------------------------------------------------------------------------------------------------------

/// Appends a change; `entry` is what the weigh-in is from now on, `None` if it is deleted.
pub(super) fn insert_change(
    tx: &WriteTransaction<'_>,
    id: WeighInId,
    kind: ChangeKind,
    changed_at: UtcMillis,
    zone_id: Option<i64>,
    entry: Option<&Entry>,
) -> SqlResult<()> {
    let (weighed_on, moment) = match entry.map(|entry| entry.when) {
        Some(WeighInTime::DateOnly(date)) => (Some(format_date(date)), None),
        Some(WeighInTime::Timed {
            at,
            sub_ms_ns,
            offset_s,
            ..
        }) => (None, Some((at.0, sub_ms_ns, offset_s))),
        None => (None, None),
    };
    tx.connection()
        .prepare_cached(
            "INSERT INTO weight_change
                 (weigh_in_id, kind, changed_at_ms, weighed_on, weighed_at_ms, sub_ms_ns, offset_s, zone_id,
                  typed, unit, weight_10g, waist_mm, source)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            id.to_string(),
            kind.as_str(),
            changed_at.0,
            weighed_on,
            moment.map(|(at_ms, _, _)| at_ms),
            moment.map(|(_, sub_ms_ns, _)| sub_ms_ns),
            moment.map(|(_, _, offset_s)| offset_s),
            zone_id,
            entry.map(|entry| entry.typed.as_str()),
            entry.map(|entry| entry.unit.symbol()),
            entry.map(|entry| entry.weight.ten_grams()),
            entry.and_then(|entry| entry.waist).map(Waist::millimetres),
            entry.map(|entry| entry.source.as_str()),
        ])?;
    Ok(())
}

const IS_KNOWN: &str = "SELECT EXISTS (SELECT 1 FROM weight_change WHERE weigh_in_id = ?1)";

/// Whether any change, taken back or not, belongs to the id.
pub(super) fn is_known(reader: &Reader<'_>, id: WeighInId) -> SqlResult<bool> {
    reader
        .connection()
        .prepare_cached(IS_KNOWN)?
        .query_row([id.to_string()], |row| row.get(0))
}

const WAS_EVER_AT: &str = "SELECT EXISTS (
         SELECT 1 FROM weight_change
         WHERE weighed_at_ms = ?1 AND weight_10g = ?2 AND sub_ms_ns = ?3 AND taken_back_at_ms IS NULL)";
const WAS_EVER_ON: &str = "SELECT EXISTS (
         SELECT 1 FROM weight_change
         WHERE weighed_on = ?1 AND weight_10g = ?2 AND taken_back_at_ms IS NULL)";

/// Whether some weigh-in has, or had before the person changed it, this moment and weight.
///
/// A moment is its instant, whatever the offset: many files carry instants alone, and the offset beside them is that of
/// the zone in which the file was read.
pub(super) fn was_ever_there(reader: &Reader<'_>, when: WeighInTime, weight: Weight) -> SqlResult<bool> {
    let connection = reader.connection();
    match when {
        WeighInTime::Timed { at, sub_ms_ns, .. } => connection
            .prepare_cached(WAS_EVER_AT)?
            .query_row(params![at.0, weight.ten_grams(), sub_ms_ns], |row| row.get(0)),
        WeighInTime::DateOnly(date) => connection
            .prepare_cached(WAS_EVER_ON)?
            .query_row(params![format_date(date), weight.ten_grams()], |row| row.get(0)),
    }
}

const NEWEST_TO_UNDO: &str = "SELECT change_id, weigh_in_id
     FROM weight_change
     WHERE taken_back_at_ms IS NULL AND kind <> 'import' AND kind <> 'log'
       AND NOT EXISTS (
           SELECT 1 FROM weight_change AS later
           WHERE later.weigh_in_id = weight_change.weigh_in_id
             AND later.change_id > weight_change.change_id
             AND later.kind = 'log')
     ORDER BY change_id DESC
     LIMIT 1";

/// The newest change that undo may take back: not one after which another phone has changed the weigh-in.
pub(super) fn newest_to_undo(reader: &Reader<'_>) -> SqlResult<Option<(i64, WeighInId)>> {
    reader
        .connection()
        .prepare_cached(NEWEST_TO_UNDO)?
        .query_row([], |row| Ok((row.get(0)?, id_at(row, 1)?)))
        .optional()
}

pub(super) fn take_back(tx: &WriteTransaction<'_>, change_id: i64, now: UtcMillis) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("UPDATE weight_change SET taken_back_at_ms = ?2 WHERE change_id = ?1")?
        .execute([change_id, now.0])?;
    Ok(())
}

/// Every weigh-in that ever was.
pub(super) fn every_id(reader: &Reader<'_>) -> SqlResult<Vec<WeighInId>> {
    let mut statement = reader
        .connection()
        .prepare_cached("SELECT DISTINCT weigh_in_id FROM weight_change ORDER BY weigh_in_id")?;
    let mut rows = statement.query([])?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        let id: Option<WeighInId> = row.get_ref(0)?.as_str().ok().and_then(|text| text.parse().ok());
        if id.is_none() {
            tracing::warn!("the id of a weigh-in cannot be read");
        }
        ids.extend(id);
    }
    Ok(ids)
}

/// Every weigh-in that is present, in the order of arrival.
pub(super) fn present_ids(reader: &Reader<'_>) -> SqlResult<Vec<WeighInId>> {
    reader
        .connection()
        .prepare_cached("SELECT weigh_in_id FROM weight_reading ORDER BY arrival")?
        .query_map([], |row| id_at(row, 0))?
        .collect()
}

/// What the changes of a weigh-in come to.
pub(super) struct Outcome {
    /// The change that decides.
    pub change_id: i64,
    /// Its first change, which gives its place in the order of arrival.
    pub arrival: i64,
    pub entry: Entry,
}

const OUTCOME: &str = "SELECT c.weighed_on, c.weighed_at_ms, c.sub_ms_ns, c.offset_s, z.name,
            c.typed, c.unit, c.weight_10g, c.waist_mm, c.source, c.change_id,
            (SELECT min(first.change_id) FROM weight_change AS first WHERE first.weigh_in_id = ?1)
     FROM weight_change AS c LEFT JOIN zone AS z ON z.zone_id = c.zone_id
     WHERE c.weigh_in_id = ?1 AND c.taken_back_at_ms IS NULL
     ORDER BY c.change_id DESC
     LIMIT 1";

/// What the changes of a weigh-in come to; `None` if it is deleted, taken back or unreadable.
pub(super) fn outcome(reader: &Reader<'_>, id: WeighInId) -> SqlResult<Option<Outcome>> {
    reader
        .connection()
        .prepare_cached(OUTCOME)?
        .query_row([id.to_string()], |row| {
            let Some(entry) = entry(row)? else {
                return Ok(None);
            };
            Ok(Some(Outcome {
                change_id: row.get(10)?,
                arrival: row.get(11)?,
                entry,
            }))
        })
        .optional()
        .map(Option::flatten)
}

/// The content of a change, from the first ten columns of a row; `None` if the change is a deletion or cannot be read.
fn entry(row: &Row<'_>) -> SqlResult<Option<Entry>> {
    let text = |column: usize| -> SqlResult<Option<String>> { row.get(column) };
    let number = |column: usize| -> SqlResult<Option<i64>> { row.get(column) };
    let weight = number(7)?
        .and_then(|units| i32::try_from(units).ok())
        .and_then(Weight::from_ten_grams);
    let when = match (text(0)?, number(1)?) {
        (Some(date), _) => parse_date(&date).map(WeighInTime::DateOnly),
        (None, Some(at_ms)) => Some(WeighInTime::Timed {
            at: UtcMillis(at_ms),
            sub_ms_ns: number(2)?.and_then(|ns| u32::try_from(ns).ok()).unwrap_or(0),
            offset_s: number(3)?.and_then(|s| i32::try_from(s).ok()).unwrap_or(0),
            zone: text(4)?.as_deref().and_then(parse_zone),
        }),
        (None, None) => None,
    };
    let unit = text(6)?.as_deref().and_then(MassUnit::from_symbol);
    let (Some(weight), Some(when), Some(typed), Some(unit)) = (weight, when, text(5)?, unit) else {
        return Ok(None);
    };
    Ok(Some(Entry {
        when,
        typed,
        unit,
        weight,
        waist: number(8)?
            .and_then(|mm| u32::try_from(mm).ok())
            .and_then(Waist::from_millimetres),
        source: text(9)?.unwrap_or_default(),
    }))
}

fn id_at(row: &Row<'_>, column: usize) -> SqlResult<WeighInId> {
    let text: String = row.get(column)?;
    text.parse().map_err(|_| rusqlite::Error::InvalidQuery)
}

fn date_at(row: &Row<'_>, column: usize) -> SqlResult<NaiveDate> {
    let text: String = row.get(column)?;
    parse_date(&text).ok_or(rusqlite::Error::InvalidQuery)
}

// Readings --------------------------------------------------------------------------------------------------------

pub(super) fn insert_reading(
    tx: &WriteTransaction<'_>,
    id: WeighInId,
    date: NaiveDate,
    outcome: &Outcome,
) -> SqlResult<()> {
    let (is_date_only, at_ms, sub_ms_ns) = match outcome.entry.when {
        WeighInTime::Timed { at, sub_ms_ns, .. } => (false, at.0, sub_ms_ns),
        WeighInTime::DateOnly(_) => (true, 0, 0),
    };
    tx.connection()
        .prepare_cached(
            "INSERT INTO weight_reading
                 (date, is_date_only, weighed_at_ms, sub_ms_ns, arrival, change_id, weigh_in_id, has_waist)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            format_date(date),
            is_date_only,
            at_ms,
            sub_ms_ns,
            outcome.arrival,
            outcome.change_id,
            id.to_string(),
            outcome.entry.waist.is_some(),
        ])?;
    Ok(())
}

const REMOVE_READING: &str = "DELETE FROM weight_reading WHERE weigh_in_id = ?1 RETURNING date";

/// Removes a weigh-in from the present ones and gives back its date, if it was there.
pub(super) fn remove_reading(tx: &WriteTransaction<'_>, id: WeighInId) -> SqlResult<Option<NaiveDate>> {
    tx.connection()
        .prepare_cached(REMOVE_READING)?
        .query_row([id.to_string()], |row| date_at(row, 0))
        .optional()
}

pub(super) fn remove_every_reading(tx: &WriteTransaction<'_>) -> SqlResult<()> {
    tx.connection()
        .prepare_cached("DELETE FROM weight_reading")?
        .execute([])?;
    Ok(())
}

/// The present readings from a date on, by date; within a date in the order that makes the first one the day value.
pub(super) fn readings_from(reader: &Reader<'_>, date: NaiveDate) -> SqlResult<Vec<Reading>> {
    let mut statement = reader.connection().prepare_cached(READINGS_FROM)?;
    let mut rows = statement.query([format_date(date)])?;
    let mut readings = Vec::new();
    while let Some(row) = rows.next()? {
        readings.extend(entry(row)?.map(|entry| Reading {
            when: entry.when,
            weight: entry.weight,
        }));
    }
    Ok(readings)
}

/// A statement that gives present weigh-ins: the content, then id and date.
macro_rules! weigh_ins {
    ($rest:literal) => {
        concat!(
            "SELECT c.weighed_on, c.weighed_at_ms, c.sub_ms_ns, c.offset_s, z.name,
                    c.typed, c.unit, c.weight_10g, c.waist_mm, c.source, r.weigh_in_id, r.date
             FROM weight_reading AS r
                 CROSS JOIN weight_change AS c ON c.change_id = r.change_id
                 LEFT JOIN zone AS z ON z.zone_id = c.zone_id
             ",
            $rest
        )
    };
}

const READINGS_FROM: &str = weigh_ins!(
    "WHERE r.date >= ?1
     ORDER BY r.date, r.is_date_only, r.weighed_at_ms, r.sub_ms_ns, r.arrival"
);
const WEIGH_INS: &str = weigh_ins!(
    "WHERE r.date BETWEEN ?1 AND ?2
     ORDER BY r.date, r.is_date_only, r.weighed_at_ms, r.sub_ms_ns, r.arrival"
);
const NEWEST: &str = weigh_ins!(
    "ORDER BY r.date DESC, r.is_date_only DESC, r.weighed_at_ms DESC, r.sub_ms_ns DESC, r.arrival DESC
     LIMIT ?1"
);
const LATEST: &str = weigh_ins!(
    "WHERE r.date <= ?1
     ORDER BY r.date DESC, r.is_date_only DESC, r.weighed_at_ms DESC, r.sub_ms_ns DESC, r.arrival DESC
     LIMIT 1"
);
const BY_ID: &str = weigh_ins!("WHERE r.weigh_in_id = ?1");
const BY_PART_OF_ID: &str = weigh_ins!(
    "WHERE r.weigh_in_id LIKE ?1 || '%' OR r.weigh_in_id LIKE '%' || ?1
     ORDER BY r.date, r.is_date_only, r.weighed_at_ms, r.sub_ms_ns, r.arrival"
);

fn read_weigh_ins(
    reader: &Reader<'_>,
    statement: &'static str,
    values: impl rusqlite::Params,
) -> SqlResult<Vec<WeighIn>> {
    let mut statement = reader.connection().prepare_cached(statement)?;
    let mut rows = statement.query(values)?;
    let mut weigh_ins = Vec::new();
    while let Some(row) = rows.next()? {
        if let Some(entry) = entry(row)? {
            weigh_ins.push(entry.into_weigh_in(id_at(row, 10)?, date_at(row, 11)?));
        }
    }
    Ok(weigh_ins)
}

pub(crate) fn weigh_ins(reader: &Reader<'_>, range: DateRange) -> SqlResult<Vec<WeighIn>> {
    read_weigh_ins(reader, WEIGH_INS, range.text_ends())
}

pub(super) fn newest(reader: &Reader<'_>, limit: u32) -> SqlResult<Vec<WeighIn>> {
    read_weigh_ins(reader, NEWEST, [limit])
}

/// The last weigh-in up to a date.
pub(super) fn latest_weigh_in(reader: &Reader<'_>, today: NaiveDate) -> SqlResult<Option<WeighIn>> {
    Ok(read_weigh_ins(reader, LATEST, [last_text(today)])?.pop())
}

pub(super) fn weigh_in(reader: &Reader<'_>, id: WeighInId) -> SqlResult<Option<WeighIn>> {
    Ok(read_weigh_ins(reader, BY_ID, [id.to_string()])?.pop())
}

/// Present weigh-ins whose id begins or ends with `part`, which holds hexadecimal digits and hyphens only.
///
/// Looks at every id: a person at a terminal asks this once in a while.
pub(super) fn by_part_of_id(reader: &Reader<'_>, part: &str) -> SqlResult<Vec<WeighIn>> {
    read_weigh_ins(reader, BY_PART_OF_ID, [part])
}

pub(super) const LATEST_WAIST: &str = "SELECT r.date, c.waist_mm
     FROM weight_reading AS r CROSS JOIN weight_change AS c ON c.change_id = r.change_id
     WHERE r.has_waist = 1 AND r.date <= ?1
     ORDER BY r.date DESC, r.is_date_only DESC, r.weighed_at_ms DESC, r.sub_ms_ns DESC, r.arrival DESC
     LIMIT 1";

/// The last waist up to a date.
pub(super) fn latest_waist(reader: &Reader<'_>, today: NaiveDate) -> SqlResult<Option<WaistReading>> {
    let found = reader
        .connection()
        .prepare_cached(LATEST_WAIST)?
        .query_row([last_text(today)], |row| {
            Ok((date_at(row, 0)?, row.get::<_, u32>(1)?))
        })
        .optional()?;
    Ok(found.and_then(|(date, mm)| Waist::from_millimetres(mm).map(|waist| WaistReading { date, waist })))
}

// Days ------------------------------------------------------------------------------------------------------------

const DAYS: &str = "SELECT date, readings, weight_10g, trend_kg
     FROM weight_day
     WHERE date BETWEEN ?1 AND ?2
     ORDER BY date";
const DAY_BEFORE: &str = "SELECT date, readings, weight_10g, trend_kg
     FROM weight_day
     WHERE date < ?1
     ORDER BY date DESC
     LIMIT 1";
const LAST_DAY: &str = "SELECT date, readings, weight_10g, trend_kg
     FROM weight_day
     WHERE date <= ?1
     ORDER BY date DESC
     LIMIT 1";

fn day(row: &Row<'_>) -> SqlResult<WeightDay> {
    Ok(WeightDay {
        date: date_at(row, 0)?,
        readings: row.get(1)?,
        weight: Weight::from_ten_grams(row.get(2)?).ok_or(rusqlite::Error::InvalidQuery)?,
        trend_kg: row.get(3)?,
    })
}

pub(super) fn days(reader: &Reader<'_>, range: DateRange) -> SqlResult<Vec<WeightDay>> {
    reader
        .connection()
        .prepare_cached(DAYS)?
        .query_map(range.text_ends(), day)?
        .collect()
}

/// The last day with a reading before a date.
pub(super) fn day_before(reader: &Reader<'_>, date: NaiveDate) -> SqlResult<Option<WeightDay>> {
    reader
        .connection()
        .prepare_cached(DAY_BEFORE)?
        .query_row([format_date(date)], day)
        .optional()
}

/// The last day with a reading up to a date.
pub(super) fn last_day(reader: &Reader<'_>, today: NaiveDate) -> SqlResult<Option<WeightDay>> {
    reader
        .connection()
        .prepare_cached(LAST_DAY)?
        .query_row([last_text(today)], day)
        .optional()
}

const SPAN: &str = "SELECT (SELECT min(date) FROM weight_day), (SELECT max(date) FROM weight_day)";

pub(super) fn span(reader: &Reader<'_>) -> SqlResult<Option<(NaiveDate, NaiveDate)>> {
    let ends: (Option<String>, Option<String>) = reader
        .connection()
        .prepare_cached(SPAN)?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let date = |text: Option<String>| text.as_deref().and_then(parse_date);
    Ok(date(ends.0).zip(date(ends.1)))
}

const REMOVE_DAYS: &str = "DELETE FROM weight_day WHERE date >= ?1";

/// Replaces the days from a date on.
pub(super) fn replace_days(tx: &WriteTransaction<'_>, from: NaiveDate, days: &[WeightDay]) -> SqlResult<()> {
    let connection = tx.connection();
    connection
        .prepare_cached(REMOVE_DAYS)?
        .execute([format_date(from)])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO weight_day (date, readings, weight_10g, trend_kg) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for day in days {
        insert.execute(params![
            format_date(day.date),
            day.readings,
            day.weight.ten_grams(),
            day.trend_kg
        ])?;
    }
    Ok(())
}

const TRENDS_OLDEST_FIRST: &str = "SELECT trend_kg FROM weight_day WHERE date <= ?1 ORDER BY date";
const TRENDS_NEWEST_FIRST: &str = "SELECT trend_kg FROM weight_day WHERE date <= ?1 ORDER BY date DESC";

/// Whether the goal is reached by the days up to `today`, reading no more of them than decide it; mostly that is one from
/// either end.
pub(super) fn is_reached(reader: &Reader<'_>, goal: GoalWeight, today: NaiveDate) -> SqlResult<bool> {
    let connection = reader.connection();
    let today = last_text(today);
    let mut oldest = connection.prepare_cached(TRENDS_OLDEST_FIRST)?;
    let mut newest = connection.prepare_cached(TRENDS_NEWEST_FIRST)?;
    let failed = Cell::new(None);
    let value_of = |row: SqlResult<f64>| row.map_err(|error| failed.set(Some(error))).ok();
    let is_reached = goal::is_reached(
        goal,
        oldest.query_map([&today], |row| row.get(0))?.map_while(value_of),
        newest.query_map([&today], |row| row.get(0))?.map_while(value_of),
    );
    match failed.into_inner() {
        Some(error) => Err(error),
        None => Ok(is_reached),
    }
}

/// The statements behind a screen or an entry, whose plans a test pins.
#[cfg(test)]
pub(super) const HOT_STATEMENTS: &[(&str, &str)] = &[
    ("is known", IS_KNOWN),
    ("was ever at", WAS_EVER_AT),
    ("was ever on", WAS_EVER_ON),
    ("newest to undo", NEWEST_TO_UNDO),
    ("outcome", OUTCOME),
    ("remove reading", REMOVE_READING),
    ("readings from", READINGS_FROM),
    ("weigh-ins", WEIGH_INS),
    ("newest", NEWEST),
    ("latest", LATEST),
    ("by id", BY_ID),
    ("latest waist", LATEST_WAIST),
    ("days", DAYS),
    ("day before", DAY_BEFORE),
    ("last day", LAST_DAY),
    ("span", SPAN),
    ("remove days", REMOVE_DAYS),
    ("trends oldest first", TRENDS_OLDEST_FIRST),
    ("trends newest first", TRENDS_NEWEST_FIRST),
];

/// Those of them that walk along an index from an end and stop early.
#[cfg(test)]
pub(super) const WALKS: &[&str] = &["newest", "newest to undo"];
