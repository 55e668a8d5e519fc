//! Statements over `case_record`, `case_step_day`, `case_weigh_in` and `case_setting`.

use ayumi_protocol::body::{CaseOpened, SettingsChanged, StepsDay};
use ayumi_protocol::cursor::Seq;
use ayumi_protocol::entry::Entry;
use ayumi_protocol::id::{CaseId, SocietyId, WeighInId};
use ayumi_protocol::session::ConsentVersion;
use rusqlite::{OptionalExtension as _, Result as SqlResult, Row};

use super::{CaseRecord, Consent, acting_of};
use crate::store::{Reader, WriteTransaction};
use crate::sync::columns::{parsed, parsed_option};
use crate::time::UtcMillis;

macro_rules! columns {
    () => {
        "case_id, name, name_reading, society_id, society_name, consent, consent_version, acting,
         last_participant_at_ms, last_staff_at_ms"
    };
}

fn record(row: &Row<'_>) -> SqlResult<CaseRecord> {
    let consent: String = row.get(5)?;
    let version = parsed_option(row, 6, "a version", ConsentVersion::from_word)?;
    let acting: Option<String> = row.get(7)?;
    Ok(CaseRecord {
        case_id: parsed(row, 0, "a case", CaseId::parse)?,
        name: row.get(1)?,
        name_reading: row.get(2)?,
        society_id: parsed_option(row, 3, "a society", SocietyId::parse)?,
        society_name: row.get(4)?,
        consent: match (consent.as_str(), version) {
            ("given", Some(version)) => Consent::Given(version),
            ("withdrawn", _) => Consent::Withdrawn,
            _ => Consent::None,
        },
        acting: acting_of(acting.as_deref()),
        last_participant_at: row.get::<_, Option<i64>>(8)?.map(UtcMillis),
        last_staff_at: row.get::<_, Option<i64>>(9)?.map(UtcMillis),
    })
}

pub(super) fn find(reader: &Reader<'_>, case_id: CaseId) -> SqlResult<Option<CaseRecord>> {
    reader
        .connection()
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM case_record WHERE case_id = ?1"
        ))?
        .query_row([case_id.to_string()], record)
        .optional()
}

pub(super) fn all(reader: &Reader<'_>) -> SqlResult<Vec<CaseRecord>> {
    reader
        .connection()
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM case_record ORDER BY case_id"
        ))?
        .query_map([], record)?
        .collect()
}

pub(super) fn note_participant(tx: &WriteTransaction<'_>, case_id: CaseId, at_ms: i64) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO case_record (case_id, last_participant_at_ms)
             VALUES (?1, ?2)
             ON CONFLICT (case_id) DO UPDATE
             SET last_participant_at_ms = MAX(excluded.last_participant_at_ms, IFNULL(last_participant_at_ms, 0))",
        )?
        .execute((case_id.to_string(), at_ms))?;
    Ok(())
}

pub(super) fn note_staff(tx: &WriteTransaction<'_>, case_id: CaseId, at_ms: i64) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO case_record (case_id, last_staff_at_ms)
             VALUES (?1, ?2)
             ON CONFLICT (case_id) DO UPDATE
             SET last_staff_at_ms = MAX(excluded.last_staff_at_ms, IFNULL(last_staff_at_ms, 0))",
        )?
        .execute((case_id.to_string(), at_ms))?;
    Ok(())
}

pub(super) fn set_opened(tx: &WriteTransaction<'_>, case_id: CaseId, opened: &CaseOpened) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO case_record (case_id, name, name_reading, society_id, society_name)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (case_id) DO UPDATE
             SET name = excluded.name,
                 name_reading = excluded.name_reading,
                 society_id = excluded.society_id,
                 society_name = excluded.society_name",
        )?
        .execute((
            case_id.to_string(),
            &opened.name,
            &opened.name_reading,
            opened.society_id.to_string(),
            &opened.society_name,
        ))?;
    Ok(())
}

pub(super) fn set_acting(tx: &WriteTransaction<'_>, case_id: CaseId, body: &str) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO case_record (case_id, acting)
             VALUES (?1, ?2)
             ON CONFLICT (case_id) DO UPDATE
             SET acting = excluded.acting",
        )?
        .execute((case_id.to_string(), body))?;
    Ok(())
}

pub(super) fn set_consent(
    tx: &WriteTransaction<'_>,
    case_id: CaseId,
    consent: &str,
    version: Option<&str>,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO case_record (case_id, consent, consent_version)
             VALUES (?1, ?2, ?3)
             ON CONFLICT (case_id) DO UPDATE
             SET consent = excluded.consent,
                 consent_version = excluded.consent_version",
        )?
        .execute((case_id.to_string(), consent, version))?;
    Ok(())
}

/// Keeps the report of the highest revision of each device; of two with the same revision the earlier one.
pub(super) fn report_steps(
    tx: &WriteTransaction<'_>,
    case_id: CaseId,
    day: &StepsDay,
    entry: &Entry,
    body: &str,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO case_step_day (case_id, date, device_id, revision, seq, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (case_id, date, device_id) DO UPDATE
             SET revision = excluded.revision,
                 seq = excluded.seq,
                 body = excluded.body
             WHERE excluded.revision > revision",
        )?
        .execute((
            case_id.to_string(),
            day.date.to_string(),
            entry.device_id.to_string(),
            day.revision,
            entry.seq.number(),
            body,
        ))?;
    Ok(())
}

pub(super) fn report_weigh_in(
    tx: &WriteTransaction<'_>,
    case_id: CaseId,
    weigh_in_id: WeighInId,
    entry: &Entry,
    body: Option<&str>,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO case_weigh_in (case_id, weigh_in_id, seq, device_id, occurred_at_ms, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (case_id, weigh_in_id) DO UPDATE
             SET seq = excluded.seq,
                 device_id = excluded.device_id,
                 occurred_at_ms = excluded.occurred_at_ms,
                 body = excluded.body",
        )?
        .execute((
            case_id.to_string(),
            weigh_in_id.to_string(),
            entry.seq.number(),
            entry.device_id.to_string(),
            entry.occurred_at_ms.0,
            body,
        ))?;
    Ok(())
}

/// Removes the weigh-in that an erased entry told, and names it.
pub(super) fn erase_weigh_in(
    tx: &WriteTransaction<'_>,
    case_id: CaseId,
    seq: Seq,
) -> SqlResult<Vec<WeighInId>> {
    tx.connection()
        .prepare_cached(
            "UPDATE case_weigh_in
             SET body = NULL
             WHERE case_id = ?1 AND seq = ?2
             RETURNING weigh_in_id",
        )?
        .query_map((case_id.to_string(), seq.number()), |row| {
            parsed(row, 0, "a weigh-in", WeighInId::parse)
        })?
        .collect()
}

pub(super) fn report_setting(
    tx: &WriteTransaction<'_>,
    case_id: CaseId,
    setting: &SettingsChanged,
    entry: &Entry,
) -> SqlResult<()> {
    tx.connection()
        .prepare_cached(
            "INSERT INTO case_setting (case_id, key, value, seq, device_id)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (case_id, key) DO UPDATE
             SET value = excluded.value,
                 seq = excluded.seq,
                 device_id = excluded.device_id",
        )?
        .execute((
            case_id.to_string(),
            setting.key.as_str(),
            &setting.value,
            entry.seq.number(),
            entry.device_id.to_string(),
        ))?;
    Ok(())
}

pub(super) fn clear(tx: &WriteTransaction<'_>, case_id: CaseId) -> SqlResult<()> {
    let id = case_id.to_string();
    for statement in [
        "DELETE FROM case_record WHERE case_id = ?1",
        "DELETE FROM case_step_day WHERE case_id = ?1",
        "DELETE FROM case_weigh_in WHERE case_id = ?1",
        "DELETE FROM case_setting WHERE case_id = ?1",
    ] {
        tx.connection().prepare_cached(statement)?.execute([&id])?;
    }
    Ok(())
}
