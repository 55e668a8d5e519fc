//! The steps of any case, from what her phones reported, by the rules that her own phone uses.

use std::collections::{BTreeMap, BTreeSet};

use ayumi_protocol::id::CaseId;
use chrono::NaiveDate;
use chrono_tz::Tz;

use super::merge::{PhoneDay, day_by_hour, merged};
use super::paused_dates::is_paused;
use super::report::correction_of_case;
use super::{DayByHour, DaySteps, StepError, Streak, streak_alive};
use crate::case::reported::{self, StepReport};
use crate::settings::CaseSettings;
use crate::store::Reader;
use crate::time::{DateRange, DayStart, ZoneCache, date_is_skipped};

/// The steps of a case within a read.
pub(crate) struct CaseSteps<'a> {
    reader: &'a Reader<'a>,
    case_id: CaseId,
    day_start: DayStart,
    goal: Option<i64>,
    zones: ZoneCache,
}

impl<'a> CaseSteps<'a> {
    pub(crate) fn new(reader: &'a Reader<'a>, case_id: CaseId, chosen: &CaseSettings) -> Self {
        Self {
            reader,
            case_id,
            day_start: chosen.day_start,
            goal: chosen.step_goal,
            zones: ZoneCache::default(),
        }
    }

    /// Measured or corrected dates of a range, in order.
    pub(crate) fn days(&mut self, range: DateRange) -> Result<Vec<DaySteps>, StepError> {
        let by_date = self.by_date(range)?;
        let days = by_date
            .iter()
            .filter_map(|(date, reports)| self.day(*date, reports));
        Ok(days.collect())
    }

    fn by_date(&self, range: DateRange) -> Result<BTreeMap<NaiveDate, Vec<StepReport>>, StepError> {
        let mut by_date: BTreeMap<NaiveDate, Vec<StepReport>> = BTreeMap::new();
        for report in reported::step_reports(self.reader, self.case_id, range)? {
            by_date.entry(report.date).or_default().push(report);
        }
        Ok(by_date)
    }

    fn phones(&mut self, reports: &[StepReport]) -> Option<PhoneDay> {
        let days: Vec<PhoneDay> = reports
            .iter()
            .map(|report| PhoneDay::of_report(&report.day))
            .collect();
        merged(&days, self.day_start, &mut self.zones)
    }

    /// What is known about a date; `None` for one that is neither measured nor corrected.
    fn day(&mut self, date: NaiveDate, reports: &[StepReport]) -> Option<DaySteps> {
        let phones = self.phones(reports)?;
        let day = DaySteps::new(
            date,
            phones.sensor_steps(),
            correction_of_case(reports),
            if phones.is_measured {
                phones.quarantined_steps
            } else {
                0
            },
            phones.is_measured && phones.is_travel_day,
        );
        day.steps.is_some().then_some(day)
    }

    /// Hands over the known dates of a range in one direction until `more` says no.
    fn walk(
        &mut self,
        range: DateRange,
        is_backwards: bool,
        mut more: impl FnMut(DaySteps, &PhoneDay) -> bool,
    ) -> Result<(), StepError> {
        let mut of_date: Vec<StepReport> = Vec::new();
        let mut goes_on = true;
        let (reader, case_id) = (self.reader, self.case_id);
        let mut close = |of_date: &mut Vec<StepReport>| -> bool {
            let reports = std::mem::take(of_date);
            let Some(first) = reports.first() else { return true };
            let (Some(day), Some(phones)) = (self.day(first.date, &reports), self.phones(&reports)) else {
                return true;
            };
            more(day, &phones)
        };
        reported::each_step_report(reader, case_id, range, is_backwards, |report| {
            if of_date.first().is_some_and(|first| first.date != report.date) {
                goes_on = close(&mut of_date);
            }
            of_date.push(report);
            goes_on
        })?;
        if goes_on {
            close(&mut of_date);
        }
        Ok(())
    }

    /// The first date that is measured or corrected.
    pub(crate) fn first_known(&mut self) -> Result<Option<NaiveDate>, StepError> {
        let mut first = None;
        self.walk(DateRange::ALL, false, |day, _| {
            first = Some(day.date);
            false
        })?;
        Ok(first)
    }

    /// The zone in which she was on a date without a measurement: that of the last measured date before, else the first one after.
    pub(crate) fn zone_near(&mut self, date: NaiveDate) -> Result<Tz, StepError> {
        let single = DateRange::single(date);
        let before = DateRange {
            from: NaiveDate::MIN,
            until: single.from,
        };
        let behind = DateRange {
            from: single.until,
            until: DateRange::ALL.until,
        };
        for (range, is_backwards) in [(before, true), (behind, false)] {
            let mut zone = None;
            self.walk(range, is_backwards, |_, phones| {
                zone = phones.is_measured.then_some(phones.zone);
                zone.is_none()
            })?;
            if let Some(zone) = zone {
                return Ok(zone);
            }
        }
        Ok(Tz::Asia__Tokyo)
    }

    /// One date by the hour.
    pub(crate) fn day_by_hour(&mut self, date: NaiveDate) -> Result<DayByHour, StepError> {
        let reports = reported::step_reports(self.reader, self.case_id, DateRange::single(date))?;
        let phones = match self.phones(&reports) {
            Some(phones) => phones,
            None => PhoneDay::unmeasured(self.zone_near(date)?),
        };
        let day = self
            .day(date, &reports)
            .unwrap_or_else(|| DaySteps::unknown(date));
        Ok(day_by_hour(date, &phones, day, self.day_start, &mut self.zones))
    }

    /// Dates of a range on which counting was paused from first to last.
    pub(crate) fn paused_dates(&mut self, range: DateRange) -> Result<BTreeSet<NaiveDate>, StepError> {
        let mut dates = BTreeSet::new();
        for (date, reports) in self.by_date(range)? {
            if let Some(phones) = self.phones(&reports)
                && is_paused(phones.paused, date, phones.zone, self.day_start, &mut self.zones)
            {
                dates.insert(date);
            }
        }
        Ok(dates)
    }

    /// The streak that is alive on `today`.
    pub(crate) fn current_streak(&mut self, today: NaiveDate) -> Result<Option<Streak>, StepError> {
        let Some(goal) = self.goal else {
            return Ok(None);
        };
        let zone = self.zone_near(today)?;
        let range = DateRange {
            from: NaiveDate::MIN,
            until: DateRange::single(today).until,
        };
        streak_alive(goal, today, &|date| date_is_skipped(zone, date), |more| {
            self.walk(range, true, |day, _| more(day))
        })
    }
}
