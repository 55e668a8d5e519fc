//! Weigh-ins through the log: what this phone reports, and what it takes over from other phones. Source: sync.md 3.2, 6.4, 6.7.
//!
//! ```text
//! journal ── outcome of each touched weigh-in ──▶ outbox            weight.recorded, weight.deleted
//! log ── last word about a weigh-in ── differs, and nothing of it waits ──▶ journal, as a change of the kind 'log'
//! ```

use ayumi_protocol::body::{Body, Measured, WeightDeleted, WeightRecorded, WeightSource};
use ayumi_protocol::cursor::Seq;
use ayumi_protocol::id::WeighInId as LoggedId;
use ayumi_protocol::time::{LocalDate, UtcMillis as LoggedMillis, ZoneName};
use chrono_tz::Tz;

use super::entry::Entry;
use super::journal::Journal;
use super::sql::{self, ChangeKind};
use super::{MassUnit, Waist, WeighInId, WeighInTime, Weight, WeightError};
use crate::case::reported::{self, WeighInWord};
use crate::readings::{self, OwnCase};
use crate::store::{StoreError, WriteTransaction};
use crate::sync::outbox::Moment;
use crate::time::{UtcMillis, format_date, parse_date, parse_zone};

/// A source whose name cannot travel.
const OTHER_SOURCE: &str = "other";

/// Reports what some weigh-ins are now, in the transaction that changed them.
pub(super) fn report(
    tx: &WriteTransaction<'_>,
    moment: Moment<'_>,
    own: OwnCase,
    ids: impl IntoIterator<Item = WeighInId>,
) -> Result<(), WeightError> {
    for id in ids {
        let body = match sql::outcome(tx, id)? {
            Some(outcome) => match recorded(id, &outcome.entry) {
                Some(body) => Body::from(body),
                None => continue,
            },
            None => Body::from(WeightDeleted {
                weight_id: logged_id(id)?,
            }),
        };
        readings::enqueue(tx, moment, own, body, readings::weight_subject(&id))?;
    }
    Ok(())
}

/// Reports every weigh-in that is present, in the order of arrival.
pub(crate) fn report_everything(
    tx: &WriteTransaction<'_>,
    moment: Moment<'_>,
    own: OwnCase,
) -> Result<(), WeightError> {
    let ids = sql::present_ids(tx)?;
    report(tx, moment, own, ids)
}

/// Takes over what the log says behind a place.
///
/// `derives_readings` derives every reading again, after a change of the day start; `derives_days` every day, after another one that
/// the trend depends on.
pub(crate) fn take_over(
    tx: &WriteTransaction<'_>,
    own: OwnCase,
    after: Seq,
    derives_readings: bool,
    derives_days: bool,
) -> Result<(), WeightError> {
    let mut journal = Journal::open(tx, UtcMillis(0))?;
    for word in reported::weigh_ins_after(tx, own.case_id, after)? {
        take_over_word(tx, &mut journal, own, &word)?;
    }
    if derives_readings {
        journal.rebuild()?;
    } else if derives_days {
        journal.touch(chrono::NaiveDate::MIN);
    }
    journal.derive()
}

/// Takes over the last word about one weigh-in.
pub(crate) fn take_over_one(tx: &WriteTransaction<'_>, own: OwnCase, id: &str) -> Result<(), WeightError> {
    let Some(id) = LoggedId::parse(id) else {
        return Ok(());
    };
    let Some(word) = reported::weigh_in(tx, own.case_id, id)? else {
        return Ok(());
    };
    let mut journal = Journal::open(tx, UtcMillis(0))?;
    take_over_word(tx, &mut journal, own, &word)?;
    journal.derive()
}

fn take_over_word(
    tx: &WriteTransaction<'_>,
    journal: &mut Journal<'_>,
    own: OwnCase,
    word: &WeighInWord,
) -> Result<(), WeightError> {
    let Ok(id) = word.weigh_in_id.to_string().parse::<WeighInId>() else {
        return Ok(());
    };
    let present = sql::outcome(tx, id)?.map(|outcome| outcome.entry);
    let entry = match &word.recorded {
        Some(recorded) => match entry(recorded) {
            Some(entry) => Some(entry),
            // Beyond what this app keeps, or of a later one: it stays in the log.
            None => return Ok(()),
        },
        None => None,
    };
    // A detail that does not travel is no difference.
    let as_reported = present.as_ref().and_then(|present| recorded(id, present));
    let is_same = present == entry || (as_reported.is_some() && as_reported == word.recorded);
    if is_same || readings::is_waiting(tx, own, &readings::weight_subject(&id))? {
        return Ok(());
    }
    journal.append_from_log(id, word.occurred_at, entry.as_ref())
}

fn logged_id(id: WeighInId) -> Result<LoggedId, WeightError> {
    LoggedId::parse(&id.to_string()).ok_or_else(|| {
        StoreError::Bug {
            where_: "both forms of a weigh-in's id are the same text",
        }
        .into()
    })
}

/// A weigh-in as it travels; `None` if a part of it has no form there, which no accepted one has.
pub(crate) fn recorded(id: WeighInId, entry: &Entry) -> Option<WeightRecorded> {
    Some(WeightRecorded {
        weight_id: LoggedId::parse(&id.to_string())?,
        measured: match entry.when {
            WeighInTime::Timed {
                at,
                sub_ms_ns,
                offset_s,
                zone,
            } => Measured::At {
                at_ms: LoggedMillis(at.0),
                sub_ms_ns,
                utc_offset_s: offset_s,
                zone: zone.map(Tz::name).and_then(ZoneName::parse),
            },
            WeighInTime::DateOnly(date) => Measured::On(LocalDate::parse(&format_date(date))?),
        },
        typed: entry.typed.clone(),
        unit: ayumi_protocol::body::MassUnit::from_word(entry.unit.symbol())?,
        weight_10g: u32::try_from(entry.weight.ten_grams()).ok()?,
        waist_mm: entry.waist.map(Waist::millimetres),
        source: WeightSource::from_word(&entry.source).or_else(|| WeightSource::from_word(OTHER_SOURCE))?,
    })
}

/// A weigh-in of the log as this app keeps it; `None` if it would never have accepted it.
///
/// The weight is the one that the other phone read from what was typed: two versions may read a text differently.
pub(crate) fn entry(recorded: &WeightRecorded) -> Option<Entry> {
    let when = match &recorded.measured {
        Measured::At {
            at_ms,
            sub_ms_ns,
            utc_offset_s,
            zone,
        } => WeighInTime::Timed {
            at: UtcMillis(at_ms.0),
            sub_ms_ns: *sub_ms_ns,
            offset_s: *utc_offset_s,
            zone: zone.as_ref().and_then(|zone| parse_zone(zone.as_str())),
        },
        Measured::On(date) => WeighInTime::DateOnly(parse_date(&date.to_string())?),
    };
    let waist = match recorded.waist_mm {
        Some(mm) => Some(Waist::from_millimetres(mm)?),
        None => None,
    };
    when.is_plausible().then_some(())?;
    Some(Entry {
        when,
        typed: recorded.typed.clone(),
        unit: MassUnit::from_symbol(recorded.unit.as_str())?,
        weight: Weight::from_ten_grams(i32::try_from(recorded.weight_10g).ok()?)?,
        waist,
        source: recorded.source.as_str().to_owned(),
    })
}

impl Journal<'_> {
    /// Appends what the log says; undo passes over it.
    fn append_from_log(
        &mut self,
        id: WeighInId,
        occurred_at: UtcMillis,
        entry: Option<&Entry>,
    ) -> Result<(), WeightError> {
        self.append_at(id, ChangeKind::Log, occurred_at, entry)
    }
}
