//! Steps through the log: what this phone reports about each date, and how the reports of other phones join its own readings.
//!
//! ```text
//! derived dates, corrections, pauses ──▶ step_report_due ── report_due ──▶ outbox      own readings alone
//!
//! reports of other phones ──┐
//! base of an earlier life ──┼── merge.rs ──▶ step_hour, step_day, step_log_correction
//! own readings ─────────────┘
//! ```
//!
//! A revision is one more than any that is known about the date, so that what was said last counts, whichever phone said it. A
//! **base** is the last report of an earlier life of this phone (its file was lost, or an old copy of it came back): its readings are
//! gone, so the report is kept and goes into the reports that follow. What a restored server has lost of another phone joins the base too.
//!
//! A correction is a word and not a measurement: of all reports that have one the highest revision counts. This phone reports its own
//! only while it is the one that counts, so that an old word does not come back with new steps.

pub(super) mod sql;

use std::collections::{BTreeMap, BTreeSet};

use ayumi_protocol::body::{HourSlot, Span, StepsDay};
use ayumi_protocol::cursor::Seq;
use ayumi_protocol::limits;
use ayumi_protocol::time::{LocalDate, UtcMillis as LoggedMillis, ZoneName};
use chrono::NaiveDate;

use super::derive::{DerivedDay, DerivedSteps};
use super::merge::{PhoneDay, ReportedCorrection, correction_of, merged};
use super::paused_dates::is_paused;
use super::{DayByHour, StepError, apply, day_by_hour};
use crate::case::reported::{self, StepReport};
use crate::deliberate::{Bug, is_made};
use crate::readings::{self, OwnCase, Reported};
use crate::settings;
use crate::store::{Reader, StoreError, WriteTransaction};
use crate::sync::outbox::Moment;
use crate::time::{DateRange, DayStart, UtcMillis, ZoneCache, format_date, parse_date};

/// A correction of this phone ranks by the revision of the report that told it.
pub(super) struct OwnWord {
    /// The revision and body of the last report; `None` before the first.
    pub last: Option<(u32, StepsDay)>,
    /// The correction changed since.
    pub is_corrected: bool,
    /// The correction as it stands on this phone.
    pub adjustment: Option<i64>,
}

/// The correction of a date that counts, and whether it is this phone's own.
fn effective(own: OwnCase, word: &OwnWord, others: &[StepReport]) -> (Option<i64>, bool) {
    if word.is_corrected {
        return (word.adjustment, true);
    }
    let of_own = word.last.as_ref().and_then(|(revision, day)| {
        let correction: Option<i64> = day.correction_steps;
        correction.map(|correction| (*revision, own.device_id, correction))
    });
    let of_others = corrections_of(others);
    match correction_of(of_own.into_iter().chain(of_others)) {
        Some((_, device_id, correction)) => (Some(correction), device_id == own.device_id),
        None => (word.adjustment, true),
    }
}

fn corrections_of(reports: &[StepReport]) -> impl Iterator<Item = ReportedCorrection> {
    reports.iter().filter_map(|report| {
        let correction = report.day.correction_steps?;
        Some((report.revision, report.device_id, correction))
    })
}

/// The correction of a case that counts. Shapes: `reports` of one date.
pub(crate) fn correction_of_case(reports: &[StepReport]) -> Option<i64> {
    correction_of(corrections_of(reports)).map(|(_, _, correction)| correction)
}

/// What joins the own readings of some dates.
pub(super) struct Others {
    own: OwnCase,
    /// Newest reports of other phones by date.
    reports: BTreeMap<NaiveDate, Vec<StepReport>>,
    /// Bases by date.
    bases: BTreeMap<NaiveDate, StepsDay>,
}

impl Others {
    pub(super) fn load(reader: &Reader<'_>, own: OwnCase, range: DateRange) -> Result<Self, StoreError> {
        let mut reports: BTreeMap<NaiveDate, Vec<StepReport>> = BTreeMap::new();
        for report in reported::step_reports(reader, own.case_id, range)? {
            if report.device_id != own.device_id {
                reports.entry(report.date).or_default().push(report);
            }
        }
        Ok(Self {
            own,
            reports,
            bases: sql::bases(reader, range)?,
        })
    }

    /// The dates about which there is anything.
    pub(super) fn dates(&self) -> BTreeSet<NaiveDate> {
        self.reports.keys().chain(self.bases.keys()).copied().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.reports.is_empty() && self.bases.is_empty()
    }

    /// The dates on which a report says that counting was paused from first to last.
    pub(super) fn paused_dates(&self, day_start: DayStart, zones: &mut ZoneCache) -> BTreeSet<NaiveDate> {
        let mut dates = BTreeSet::new();
        for date in self.dates() {
            if let Some(day) = self.join(date, None, day_start, zones)
                && is_paused(day.paused, date, day.zone, day_start, zones)
            {
                dates.insert(date);
            }
        }
        dates
    }

    fn of(&self, date: NaiveDate) -> &[StepReport] {
        self.reports.get(&date).map_or(&[], Vec::as_slice)
    }

    /// A date of this phone with its base, and with what the other phones say.
    pub(super) fn join(
        &self,
        date: NaiveDate,
        own: Option<PhoneDay>,
        day_start: DayStart,
        zones: &mut ZoneCache,
    ) -> Option<PhoneDay> {
        let base = self.bases.get(&date).map(PhoneDay::of_report);
        let of_others = self
            .of(date)
            .iter()
            .map(|report| PhoneDay::of_report(&report.day));
        let days: Vec<PhoneDay> = own.into_iter().chain(base).chain(of_others).collect();
        merged(&days, day_start, zones)
    }

    /// Joins every date of `derived`, and the dates that only others measured.
    pub(super) fn join_derived(
        &self,
        derived: &mut DerivedSteps,
        day_start: DayStart,
        zones: &mut ZoneCache,
    ) {
        for date in self.dates() {
            let first = (date, UtcMillis(i64::MIN));
            let last = (date, UtcMillis(i64::MAX));
            let hours = derived.hours.range(first..=last);
            let own = derived.days.get(&date).map(|day| PhoneDay {
                hours: hours.map(|((_, start), steps)| (*start, *steps)).collect(),
                is_measured: true,
                quarantined_steps: day.quarantined_steps,
                zone: day.zone,
                is_travel_day: day.is_travel_day,
                paused: Vec::new(),
                excluded: Vec::new(),
            });
            let Some(joined) = self.join(date, own, day_start, zones) else {
                continue;
            };
            derived.hours.retain(|(of, _), _| *of != date);
            let Some(sensor_steps) = joined.sensor_steps() else {
                derived.days.remove(&date);
                continue;
            };
            let walked = joined.hours.into_iter().filter(|(_, steps)| *steps > 0);
            derived
                .hours
                .extend(walked.map(|(start, steps)| ((date, start), steps)));
            derived.days.insert(
                date,
                DerivedDay {
                    sensor_steps,
                    quarantined_steps: joined.quarantined_steps,
                    zone: joined.zone,
                    is_travel_day: joined.is_travel_day,
                },
            );
        }
    }

    /// The corrections of other phones that count, by date.
    pub(super) fn corrections(&self, reader: &Reader<'_>) -> Result<Vec<(NaiveDate, i64)>, StoreError> {
        let mut found = Vec::new();
        for date in self.dates() {
            let word = sql::own_word(reader, date)?;
            let (correction, _) = effective(self.own, &word, self.of(date));
            if let Some(correction) = correction.filter(|_| correction != word.adjustment) {
                found.push((date, correction));
            }
        }
        Ok(found)
    }
}

/// Whether another phone, or an earlier life of this one, said something about a date.
pub(super) fn others_of(reader: &Reader<'_>, range: DateRange) -> Result<Option<Others>, StoreError> {
    let Some(own) = readings::own_case(reader)? else {
        return Ok(None);
    };
    let others = Others::load(reader, own, range)?;
    Ok((!others.is_empty()).then_some(others))
}

/// Whether a correction of another phone would come back if this one took its own away.
pub(super) fn others_correct(reader: &Reader<'_>, own: OwnCase, date: NaiveDate) -> Result<bool, StoreError> {
    let others = Others::load(reader, own, DateRange::single(date))?;
    Ok(correction_of_case(others.of(date)).is_some())
}

/// Has every date reported that is known on this phone, after sign-in.
pub(crate) fn report_everything(tx: &WriteTransaction<'_>) -> Result<(), StepError> {
    Ok(sql::set_everything_due(tx)?)
}

/// Puts at most `most` dates into the outbox that changed since they were last reported, the latest first. A report that says what
/// the last one said is left out; one beyond the limits of the protocol too, and nothing waits for it.
///
/// Nothing is reported before the own log was read once: it may know revisions that this phone has lost.
/// While counting is paused each date up to `today` is due once, so that the log tells why it is empty.
pub(crate) fn report_due(
    tx: &WriteTransaction<'_>,
    moment: Moment<'_>,
    today: NaiveDate,
    most: usize,
) -> Result<Reported, StepError> {
    let Some(own) = readings::own_case(tx)? else {
        return Ok(Reported::default());
    };
    if !readings::has_read_log(tx, own)? {
        return Ok(Reported::default());
    }
    due_while_paused(tx, today)?;
    let due = sql::due(tx, most)?;
    let mut reported = Reported {
        operations: 0,
        has_more: due.len() >= most,
    };
    let mut unsaid = BTreeSet::new();
    for (date, is_corrected) in due {
        if report_date(tx, moment, own, date, is_corrected)? {
            reported.operations = reported.operations.saturating_add(1);
        } else if is_corrected {
            unsaid.insert(date);
        }
        sql::set_reported(tx, date)?;
    }
    if !unsaid.is_empty() {
        // A word that came to nothing hides that of another phone no longer.
        apply::StepBatch::new(tx, settings::day_start(tx)?)?.derive_dates(&unsaid)?;
    }
    Ok(reported)
}

fn due_while_paused(tx: &WriteTransaction<'_>, today: NaiveDate) -> Result<(), StepError> {
    let Some((_, start)) = super::sql::open_pause(tx)? else {
        return Ok(());
    };
    // From the date on which it began in any zone: one more costs a look.
    let from = crate::time::date_of_local(start);
    let dates = DateRange {
        from,
        until: DateRange::single(today).until,
    };
    for date in dates.dates() {
        if sql::last_report(tx, date)?.is_none() {
            sql::set_due(tx, date, false)?;
        }
    }
    Ok(())
}

/// Reports one date. Returns whether there was something to say.
fn report_date(
    tx: &WriteTransaction<'_>,
    moment: Moment<'_>,
    own: OwnCase,
    date: NaiveDate,
    is_corrected: bool,
) -> Result<bool, StepError> {
    let Some(mut day) = own_day(tx, own, date, is_corrected)? else {
        return Ok(false);
    };
    let last = sql::last_report(tx, date)?;
    let body = text(&day)?;
    let is_empty = day.sensor_steps.is_none()
        && day.correction_steps.is_none()
        && day.paused.is_empty()
        && day.quarantined_steps == 0;
    match &last {
        Some((_, last)) if *last == body || is_made(Bug::ReportsOnce) => return Ok(false),
        None if is_empty => return Ok(false),
        _ => {}
    }
    let known = last.map_or(0, |(revision, _)| revision);
    let highest = reported::highest_revision(tx, own.case_id, date)?.max(known);
    day.revision = highest.saturating_add(1);
    let revision = day.revision;
    let subject = format!("steps:{}", format_date(date));
    if !readings::enqueue(tx, moment, own, day, subject)? {
        return Ok(false);
    }
    sql::put_report(tx, date, revision, &body)?;
    Ok(true)
}

/// The report as text, to compare it with another one.
fn text(day: &StepsDay) -> Result<String, StoreError> {
    let unrevised = StepsDay {
        revision: 0,
        ..day.clone()
    };
    serde_json::to_string(&unrevised).map_err(|_| StoreError::Bug {
        where_: "every report has a form in JSON",
    })
}

/// What this phone says about a date: its own readings, with its base; `None` for a date that does not travel.
fn own_day(
    tx: &WriteTransaction<'_>,
    own: OwnCase,
    date: NaiveDate,
    is_corrected: bool,
) -> Result<Option<StepsDay>, StepError> {
    let day_start = settings::day_start(tx)?;
    let mut zones = ZoneCache::default();
    let measured = phone_day(tx, date)?;
    let others = Others::load(tx, own, DateRange::single(date))?;
    let base = others.bases.get(&date).map(PhoneDay::of_report);
    let days: Vec<PhoneDay> = [measured].into_iter().chain(base).collect();
    let Some(phone) = merged(&days, day_start, &mut zones) else {
        return Ok(None);
    };
    let mut word = sql::own_word(tx, date)?;
    word.is_corrected = is_corrected;
    let (correction, is_own) = effective(own, &word, others.of(date));
    Ok(as_report(
        phone,
        date,
        correction.filter(|_| is_own),
        day_start,
        &mut zones,
    ))
}

/// A date as it travels, without a revision; `None` for one that does not.
fn as_report(
    mut phone: PhoneDay,
    date: NaiveDate,
    correction_steps: Option<i64>,
    day_start: DayStart,
    zones: &mut ZoneCache,
) -> Option<StepsDay> {
    let local = LocalDate::parse(&format_date(date))?;
    let end = zones
        .get(phone.zone)
        .stretches_of(date, day_start)
        .last()
        .map(|(_, until)| *until);
    shorten(&mut phone);
    let zone = ZoneName::parse(phone.zone.name())?;
    Some(StepsDay {
        date: local,
        revision: 0,
        sensor_steps: phone.sensor_steps(),
        correction_steps,
        quarantined_steps: phone.quarantined_steps,
        zone,
        is_travel_day: phone.is_travel_day,
        hours: phone
            .hours
            .into_iter()
            .map(|(start, steps)| HourSlot {
                start_at_ms: LoggedMillis(start.0),
                steps,
            })
            .collect(),
        paused: spans(&phone.paused, end),
        excluded: spans(&phone.excluded, end),
    })
}

/// Keeps what another phone of hers had reported and a restored server has lost.
///
/// That phone may be gone, so somebody has to say it again. Under the name of this phone it would hide what this one measured; so it
/// joins the base, and is told with the next report. Its correction, if it is the last word, becomes the word of this phone.
pub(crate) fn adopt(tx: &WriteTransaction<'_>, lost: &StepsDay) -> Result<(), StepError> {
    let Some(date) = parse_date(lost.date.to_string().as_str()) else {
        return Ok(());
    };
    let day_start = settings::day_start(tx)?;
    let mut zones = ZoneCache::default();
    let base = sql::bases(tx, DateRange::single(date))?.remove(&date);
    let days: Vec<PhoneDay> = base.iter().chain([lost]).map(PhoneDay::of_report).collect();
    let joined = merged(&days, day_start, &mut zones)
        .and_then(|phone| as_report(phone, date, None, day_start, &mut zones));
    let Some(joined) = joined else { return Ok(()) };
    let (revision, mut said) = sql::own_word(tx, date)?.last.unwrap_or((0, joined.clone()));
    if lost.correction_steps.is_some() && lost.revision > revision {
        said.correction_steps = lost.correction_steps;
    }
    // No report equals a text with a space in front: it is told even if this phone has said the same before.
    let said = format!(" {}", text(&said)?);
    sql::put_adopted(tx, date, revision.max(lost.revision), &said, &text(&joined)?)?;
    sql::set_due(tx, date, false)?;
    let mut batch = apply::StepBatch::new(tx, day_start)?;
    batch.derive_dates(&BTreeSet::from([date]))?;
    Ok(())
}

/// Hours without steps give way where a date has more hours than a report may hold.
fn shorten(phone: &mut PhoneDay) {
    while phone.hours.len() > limits::HOUR_SLOTS {
        let quiet = phone.hours.iter().rev().find(|(_, steps)| **steps == 0);
        let Some(start) = quiet.map(|(start, _)| *start) else {
            return;
        };
        phone.hours.remove(&start);
    }
}

/// Stretches as they travel. One that has not ended is told to the end of its date.
fn spans(windows: &[(UtcMillis, UtcMillis)], end_of_date: Option<UtcMillis>) -> Vec<Span> {
    windows
        .iter()
        .map(|(from, to)| match end_of_date {
            Some(end) if *to == UtcMillis(i64::MAX) => (*from, end),
            _ => (*from, *to),
        })
        .filter(|(from, to)| from < to)
        .take(limits::SPANS)
        .map(|(from, to)| Span {
            from_at_ms: LoggedMillis(from.0),
            to_at_ms: LoggedMillis(to.0),
        })
        .collect()
}

/// A date as the readings of this phone tell it, with the hours in which nothing was walked.
pub(super) fn phone_day(reader: &Reader<'_>, date: NaiveDate) -> Result<PhoneDay, StepError> {
    let (
        DayByHour {
            hours,
            paused,
            excluded,
            ..
        },
        derived,
    ) = day_by_hour::of_own_readings(reader, date)?;
    let zone = match &derived {
        Some(day) => day.zone,
        None => day_by_hour::zone_here(reader, date)?,
    };
    Ok(PhoneDay {
        hours: hours
            .iter()
            .filter_map(|hour| Some((hour.slot.from, hour.steps?)))
            .collect(),
        is_measured: derived.is_some(),
        quarantined_steps: derived.map_or(0, |day| day.quarantined_steps),
        zone,
        is_travel_day: derived.is_some_and(|day| day.is_travel_day),
        paused,
        excluded,
    })
}

/// Takes over the reports behind a place in the own log. `derives_everything` derives every date, after a setting that all depend on.
pub(crate) fn take_over(
    tx: &WriteTransaction<'_>,
    own: OwnCase,
    after: Seq,
    derives_everything: bool,
) -> Result<(), StepError> {
    let mut dates = BTreeSet::new();
    for report in reported::step_reports_after(tx, own.case_id, after)? {
        if report.device_id != own.device_id {
            dates.insert(report.date);
            continue;
        }
        let last = sql::last_report(tx, report.date)?;
        if last.is_none_or(|(revision, _)| revision < report.revision) {
            // This phone does not know what it said: it was said in an earlier life.
            let body = text(&report.day)?;
            sql::put_base(tx, report.date, report.revision, &body)?;
            dates.insert(report.date);
        }
    }
    let mut batch = apply::StepBatch::new(tx, settings::day_start(tx)?)?;
    if derives_everything {
        batch.rebuild()?;
        return Ok(());
    }
    if !dates.is_empty() {
        batch.derive_dates(&dates)?;
    }
    Ok(())
}

/// Every date about which another phone, or an earlier life of this one, said something.
pub(super) fn dates_of_others(reader: &Reader<'_>, own: OwnCase) -> Result<BTreeSet<NaiveDate>, StoreError> {
    Ok(Others::load(reader, own, DateRange::ALL)?.dates())
}
