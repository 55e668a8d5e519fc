//! The weight of any case, from the weigh-ins that its log tells, by the rules that her own phone uses.
//!
//! Two weigh-ins of one instant, or of one plain date, stand in the order in which they were made; the log tells it by their ids.

use ayumi_protocol::cursor::Seq;
use ayumi_protocol::id::CaseId;
use chrono::NaiveDate;

use super::summary::{SummaryParts, summarise};
use super::{
    Reading, WINDOW_DAYS, WaistReading, WeighIn, WeighInId, WeighInTime, WeightDay, WeightError,
    WeightSummary, day_values, goal, log, trend,
};
use crate::case::reported;
use crate::settings::CaseSettings;
use crate::store::Reader;
use crate::time::DateRange;

/// Everything a case weighed, in memory: ten years are some thousand weigh-ins.
pub(crate) struct CaseWeights<'a> {
    chosen: &'a CaseSettings,
    /// In the order of a list of weigh-ins.
    weigh_ins: Vec<WeighIn>,
    days: Vec<WeightDay>,
}

impl<'a> CaseWeights<'a> {
    pub(crate) fn load(
        reader: &Reader<'_>,
        case_id: CaseId,
        chosen: &'a CaseSettings,
    ) -> Result<Self, WeightError> {
        let mut weigh_ins = Vec::new();
        for word in reported::weigh_ins_after(reader, case_id, Seq::START)? {
            let entry = word.recorded.as_ref().and_then(log::entry);
            let id: Option<WeighInId> = word.weigh_in_id.to_string().parse().ok();
            if let (Some(entry), Some(id)) = (entry, id) {
                let date = entry.when.date(chosen.day_start);
                weigh_ins.push(entry.into_weigh_in(id, date));
            }
        }
        weigh_ins.sort_by_key(|weigh_in| {
            let (is_date_only, at_ms, sub_ms_ns) = match weigh_in.when {
                WeighInTime::Timed { at, sub_ms_ns, .. } => (false, at.0, sub_ms_ns),
                WeighInTime::DateOnly(_) => (true, 0, 0),
            };
            (weigh_in.date, is_date_only, at_ms, sub_ms_ns, weigh_in.id)
        });
        let readings: Vec<Reading> = weigh_ins
            .iter()
            .map(|weigh_in| Reading {
                when: weigh_in.when,
                weight: weigh_in.weight,
            })
            .collect();
        let days = trend(None, &day_values(&readings, chosen.day_start), chosen.weight_tau);
        Ok(Self {
            chosen,
            weigh_ins,
            days,
        })
    }

    pub(crate) fn first_reading(&self) -> Option<NaiveDate> {
        self.days.first().map(|day| day.date)
    }

    pub(crate) fn weigh_ins(&self, range: DateRange) -> Vec<WeighIn> {
        let inside = |weigh_in: &&WeighIn| range.contains(weigh_in.date);
        self.weigh_ins.iter().filter(inside).cloned().collect()
    }

    pub(crate) fn days(&self, range: DateRange) -> &[WeightDay] {
        let from = self.days.partition_point(|day| day.date < range.from);
        let until = self.days.partition_point(|day| day.date < range.until);
        self.days.get(from..until.max(from)).unwrap_or(&[])
    }

    pub(crate) fn summary(&self, today: NaiveDate) -> WeightSummary {
        let until_today = DateRange {
            from: NaiveDate::MIN,
            until: DateRange::single(today).until,
        };
        let days = self.days(until_today);
        let latest = days.last().copied();
        let window = latest.map_or(&[][..], |latest| {
            self.days(DateRange::ending_on(latest.date, WINDOW_DAYS))
        });
        let mut past = self
            .weigh_ins
            .iter()
            .filter(|weigh_in| weigh_in.date <= today)
            .rev();
        let latest_weigh_in = past.clone().next().cloned();
        let latest_waist = past.find_map(|weigh_in| {
            weigh_in.waist.map(|waist| WaistReading {
                date: weigh_in.date,
                waist,
            })
        });
        let parts = SummaryParts {
            today,
            latest,
            days: window,
            latest_weigh_in,
            latest_waist,
            goal: self.chosen.weight_goal.clone(),
            checkup: self.chosen.checkup,
        };
        summarise(parts, |goal| {
            let oldest = days.iter().map(|day| day.trend_kg);
            let newest = days.iter().rev().map(|day| day.trend_kg);
            goal::is_reached(goal, oldest, newest)
        })
    }
}
