//! From what was typed to what is stored: every check that can refuse a weigh-in stands here.

use chrono::NaiveDate;

use super::plausibility::{Before, PlausibilityQuestion, lies_ahead, question};
use super::unit::approximate_kilograms;
use super::{
    MassUnit, NewWeighIn, Waist, WaistEdit, WeighIn, WeighInEdit, WeighInId, WeighInTime, Weight,
    WeightError, WeightTextError, sql,
};
use crate::store::Reader;
use crate::time::{DayStart, UtcMillis};

/// More than any scale shows or any person types; every character is kept for ever.
const LONGEST_TEXT_BYTES: usize = 100;

/// The content of a weigh-in, read and found acceptable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub when: WeighInTime,
    pub typed: String,
    pub unit: MassUnit,
    pub weight: Weight,
    pub waist: Option<Waist>,
    pub source: String,
}

impl Entry {
    /// Reads a new weigh-in.
    ///
    /// Errors: `Text`, `OutOfRange` with the question beside it, `TimeOutOfRange`, `Store`.
    pub(super) fn read(
        reader: &Reader<'_>,
        new: &NewWeighIn,
        day_start: DayStart,
    ) -> Result<Self, WeightError> {
        if !new.when.is_plausible() {
            return Err(WeightError::TimeOutOfRange);
        }
        let typed = new.typed.trim();
        if typed.len() > LONGEST_TEXT_BYTES {
            return Err(WeightError::Text(WeightTextError::Malformed));
        }
        let weight = match Weight::parse(typed, new.unit) {
            Ok(weight) => weight,
            Err(WeightTextError::OutOfRange) => {
                let kg = approximate_kilograms(typed, new.unit);
                let before = before(reader, new.when.date(day_start))?;
                return Err(WeightError::OutOfRange {
                    question: kg.zip(before).and_then(|(kg, before)| question(kg, before)),
                });
            }
            Err(error) => return Err(WeightError::Text(error)),
        };
        Ok(Self {
            when: new.when,
            typed: typed.to_owned(),
            unit: new.unit,
            weight,
            waist: new.waist,
            source: new.source.clone(),
        })
    }

    /// The entry after an edit. Errors: as [`Self::read`].
    pub(super) fn edited(
        self,
        reader: &Reader<'_>,
        edit: &WeighInEdit,
        day_start: DayStart,
    ) -> Result<Self, WeightError> {
        let (typed, unit) = match &edit.weight {
            Some(weight) => (weight.typed.clone(), weight.unit),
            None => (self.typed, self.unit),
        };
        let edited = NewWeighIn {
            when: edit.when.unwrap_or(self.when),
            typed,
            unit,
            waist: match edit.waist {
                WaistEdit::Keep => self.waist,
                WaistEdit::Remove => None,
                WaistEdit::Set(waist) => Some(waist),
            },
            source: self.source,
        };
        Self::read(reader, &edited, day_start)
    }

    pub(super) fn into_weigh_in(self, id: WeighInId, date: NaiveDate) -> WeighIn {
        WeighIn {
            id,
            date,
            when: self.when,
            typed: self.typed,
            unit: self.unit,
            weight: self.weight,
            waist: self.waist,
            source: self.source,
        }
    }

    /// What to ask about an entry, given the days before its date. Source: weight.md section 7.
    pub(super) fn question(
        &self,
        reader: &Reader<'_>,
        day_start: DayStart,
        now: UtcMillis,
    ) -> Result<Option<PlausibilityQuestion>, WeightError> {
        let before = before(reader, self.when.date(day_start))?;
        Ok(before
            .and_then(|before| question(self.weight.kilograms(), before))
            .or_else(|| lies_ahead(self.when, now).then_some(PlausibilityQuestion::FutureDate)))
    }
}

impl From<WeighIn> for Entry {
    fn from(weigh_in: WeighIn) -> Self {
        Self {
            when: weigh_in.when,
            typed: weigh_in.typed,
            unit: weigh_in.unit,
            weight: weigh_in.weight,
            waist: weigh_in.waist,
            source: weigh_in.source,
        }
    }
}

fn before(reader: &Reader<'_>, date: NaiveDate) -> Result<Option<Before>, WeightError> {
    Ok(sql::day_before(reader, date)?.map(|day| Before {
        trend_kg: day.trend_kg,
        days: date.signed_duration_since(day.date).num_days(),
    }))
}
