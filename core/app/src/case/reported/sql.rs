//! Statements over `case_step_day`, `case_weigh_in` and `case_setting` that read.

use ayumi_protocol::body::{StepsDay, WeightRecorded};
use ayumi_protocol::cursor::Seq;
use ayumi_protocol::id::{CaseId, DeviceId, WeighInId};
use rusqlite::{OptionalExtension as _, Result as SqlResult, Row};

use crate::store::Reader;
use crate::sync::columns::parsed;
use crate::time::{DateRange, NaiveDate, UtcMillis, format_date, parse_date};

/// The newest report of one phone about one date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StepReport {
    pub date: NaiveDate,
    pub device_id: DeviceId,
    pub revision: u32,
    pub day: StepsDay,
}

fn step_report(row: &Row<'_>) -> SqlResult<Option<StepReport>> {
    let body: Option<StepsDay> = serde_json::from_str(row.get_ref(3)?.as_str()?).ok();
    let (date, device_id) = (
        parsed(row, 0, "a date", parse_date)?,
        parsed(row, 1, "a device", DeviceId::parse)?,
    );
    let revision = row.get(2)?;
    Ok(body.map(|day| StepReport {
        date,
        device_id,
        revision,
        day,
    }))
}

const STEP_REPORTS: &str = "SELECT date, device_id, revision, body
     FROM case_step_day
     WHERE case_id = ?1 AND date BETWEEN ?2 AND ?3
     ORDER BY date, device_id";
const STEP_REPORTS_BACKWARDS: &str = "SELECT date, device_id, revision, body
     FROM case_step_day
     WHERE case_id = ?1 AND date BETWEEN ?2 AND ?3
     ORDER BY date DESC, device_id";
const STEP_REPORTS_AFTER: &str = "SELECT date, device_id, revision, body
     FROM case_step_day
     WHERE case_id = ?1 AND seq > ?2
     ORDER BY date, device_id";

/// The reports about a range of dates, by date, then phone.
pub(crate) fn step_reports(
    reader: &Reader<'_>,
    case_id: CaseId,
    range: DateRange,
) -> SqlResult<Vec<StepReport>> {
    let mut found = Vec::new();
    each_step_report(reader, case_id, range, false, |report| {
        found.push(report);
        true
    })?;
    Ok(found)
}

/// Hands over the reports about a range of dates, by date in one direction, until `more` says no.
pub(crate) fn each_step_report(
    reader: &Reader<'_>,
    case_id: CaseId,
    range: DateRange,
    is_backwards: bool,
    mut more: impl FnMut(StepReport) -> bool,
) -> SqlResult<()> {
    let [first, last] = range.text_ends();
    let statement = if is_backwards {
        STEP_REPORTS_BACKWARDS
    } else {
        STEP_REPORTS
    };
    let mut statement = reader.connection().prepare_cached(statement)?;
    let mut rows = statement.query((case_id.to_string(), first, last))?;
    while let Some(row) = rows.next()? {
        if let Some(report) = step_report(row)?
            && !more(report)
        {
            break;
        }
    }
    Ok(())
}

/// The reports that stand behind a place in the log.
pub(crate) fn step_reports_after(
    reader: &Reader<'_>,
    case_id: CaseId,
    after: Seq,
) -> SqlResult<Vec<StepReport>> {
    let found: Vec<Option<StepReport>> = reader
        .connection()
        .prepare_cached(STEP_REPORTS_AFTER)?
        .query_map((case_id.to_string(), after.number()), step_report)?
        .collect::<SqlResult<_>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// The highest revision of any phone about a date, 0 without a report.
pub(crate) fn highest_revision(reader: &Reader<'_>, case_id: CaseId, date: NaiveDate) -> SqlResult<u32> {
    let highest: Option<u32> = reader
        .connection()
        .prepare_cached("SELECT MAX(revision) FROM case_step_day WHERE case_id = ?1 AND date = ?2")?
        .query_row((case_id.to_string(), format_date(date)), |row| row.get(0))?;
    Ok(highest.unwrap_or(0))
}

/// The last word about a weigh-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WeighInWord {
    pub weigh_in_id: WeighInId,
    /// When she said so, by her phone's clock.
    pub occurred_at: UtcMillis,
    /// What it is; `None`: deleted.
    pub recorded: Option<WeightRecorded>,
}

/// `None` for a body that cannot be read.
fn weigh_in_word(row: &Row<'_>) -> SqlResult<Option<WeighInWord>> {
    let body: Option<String> = row.get(2)?;
    let recorded = match body {
        None => None,
        Some(body) => match serde_json::from_str(&body) {
            Ok(recorded) => Some(recorded),
            Err(_) => return Ok(None),
        },
    };
    Ok(Some(WeighInWord {
        weigh_in_id: parsed(row, 0, "a weigh-in", WeighInId::parse)?,
        occurred_at: UtcMillis(row.get(1)?),
        recorded,
    }))
}

/// The last words about weigh-ins that stand behind a place in the log, by the id of the weigh-in.
pub(crate) fn weigh_ins_after(
    reader: &Reader<'_>,
    case_id: CaseId,
    after: Seq,
) -> SqlResult<Vec<WeighInWord>> {
    let found: Vec<Option<WeighInWord>> = reader
        .connection()
        .prepare_cached(
            "SELECT weigh_in_id, occurred_at_ms, body
             FROM case_weigh_in
             WHERE case_id = ?1 AND seq > ?2
             ORDER BY weigh_in_id",
        )?
        .query_map((case_id.to_string(), after.number()), weigh_in_word)?
        .collect::<SqlResult<_>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// The last word about one weigh-in.
pub(crate) fn weigh_in(
    reader: &Reader<'_>,
    case_id: CaseId,
    weigh_in_id: WeighInId,
) -> SqlResult<Option<WeighInWord>> {
    let found = reader
        .connection()
        .prepare_cached(
            "SELECT weigh_in_id, occurred_at_ms, body
             FROM case_weigh_in
             WHERE case_id = ?1 AND weigh_in_id = ?2",
        )?
        .query_row((case_id.to_string(), weigh_in_id.to_string()), weigh_in_word)
        .optional()?;
    Ok(found.flatten())
}

/// The settings of a case that changed behind a place in the log, with their values; `None`: taken back.
pub(crate) fn settings_after(
    reader: &Reader<'_>,
    case_id: CaseId,
    after: Seq,
) -> SqlResult<Vec<(String, Option<String>)>> {
    reader
        .connection()
        .prepare_cached(
            "SELECT key, value
             FROM case_setting
             WHERE case_id = ?1 AND seq > ?2
             ORDER BY key",
        )?
        .query_map((case_id.to_string(), after.number()), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect()
}

/// The value of a setting of a case; `None` if it was never set or was taken back.
pub(crate) fn setting(reader: &Reader<'_>, case_id: CaseId, key: &str) -> SqlResult<Option<String>> {
    let value = reader
        .connection()
        .prepare_cached("SELECT value FROM case_setting WHERE case_id = ?1 AND key = ?2")?
        .query_row((case_id.to_string(), key), |row| row.get(0))
        .optional()?;
    Ok(value.flatten())
}
