//! Writing: every change of a weigh-in is appended, and what is derived follows in the same transaction.
//!
//! ```text
//! record, edit, delete, import ── append ──┐
//! undo ── mark the newest as taken back ───┤ weight_change
//!                                          ▼
//!                 outcome of the touched weigh-ins ──▶ weight_reading
//!                                                          │ from the first touched date on
//!                                                          ▼
//!                                                      weight_day
//! ```
//!
//! Nothing is overwritten, so undo is exact: it takes a change out of the list, and what is left gives the state before.

use std::cell::Cell;

use chrono::NaiveDate;

use super::entry::Entry;
use super::sql::{self, ChangeKind};
use super::{Tau, WeighInId, WeightError, day_values, log, trend};
use crate::clock::Random;
use crate::store::{Topic, WriteTransaction, zones as zone_table};
use crate::sync::outbox::Moment;
use crate::time::{DayStart, UtcMillis};
use crate::{readings, settings};

/// The changes of one transaction.
pub(super) struct Journal<'t> {
    tx: &'t WriteTransaction<'t>,
    now: UtcMillis,
    pub(super) day_start: DayStart,
    tau: Tau,
    /// The first date whose readings changed.
    touched_from: Option<NaiveDate>,
    /// Weigh-ins that the person changed, in the order in which she did.
    changed: Vec<WeighInId>,
    /// The id made last: those of one transaction ascend, so that their order tells the order of arrival.
    last_id: Cell<Option<WeighInId>>,
}

impl<'t> Journal<'t> {
    pub(super) fn open(tx: &'t WriteTransaction<'t>, now: UtcMillis) -> Result<Self, WeightError> {
        Ok(Self {
            tx,
            now,
            day_start: settings::day_start(tx)?,
            tau: settings::weight_tau(tx)?,
            touched_from: None,
            changed: Vec::new(),
            last_id: Cell::new(None),
        })
    }

    /// An id for a new weigh-in.
    ///
    /// A random source that repeats itself must not make one weigh-in of two, so an id that is taken is counted on.
    pub(super) fn new_id(&self, random: &dyn Random) -> Result<WeighInId, WeightError> {
        let mut bytes = [0; 10];
        if let Some(last) = self.last_id.get() {
            bytes = last.random_bytes();
        } else {
            random.fill(&mut bytes);
        }
        loop {
            let id = WeighInId::new(self.now, &bytes);
            if !sql::is_known(self.tx, id)? {
                self.last_id.set(Some(id));
                return Ok(id);
            }
            for byte in bytes.iter_mut().rev() {
                *byte = byte.wrapping_add(1);
                if *byte != 0 {
                    break;
                }
            }
        }
    }

    /// Appends a change; `entry` is what the weigh-in is from now on, `None` if it is deleted.
    pub(super) fn append(
        &mut self,
        id: WeighInId,
        kind: ChangeKind,
        entry: Option<&Entry>,
    ) -> Result<(), WeightError> {
        self.append_at(id, kind, self.now, entry)?;
        self.changed.push(id);
        Ok(())
    }

    /// [`Self::append`] for a change that nobody has to be told of.
    pub(super) fn append_at(
        &mut self,
        id: WeighInId,
        kind: ChangeKind,
        changed_at: UtcMillis,
        entry: Option<&Entry>,
    ) -> Result<(), WeightError> {
        let zone_id = match entry.and_then(|entry| entry.when.zone()) {
            Some(zone) => Some(zone_table::zone_id(self.tx, zone)?),
            None => None,
        };
        sql::insert_change(self.tx, id, kind, changed_at, zone_id, entry)?;
        self.follow(id)
    }

    /// Takes a change back.
    pub(super) fn take_back(&mut self, change_id: i64, id: WeighInId) -> Result<(), WeightError> {
        sql::take_back(self.tx, change_id, self.now)?;
        self.changed.push(id);
        self.follow(id)
    }

    /// Brings the reading of a weigh-in to what its changes say.
    fn follow(&mut self, id: WeighInId) -> Result<(), WeightError> {
        let old = sql::remove_reading(self.tx, id)?;
        let outcome = sql::outcome(self.tx, id)?;
        let new = outcome
            .as_ref()
            .map(|outcome| outcome.entry.when.date(self.day_start));
        if let (Some(outcome), Some(date)) = (&outcome, new) {
            sql::insert_reading(self.tx, id, date, outcome)?;
        }
        for date in [old, new].into_iter().flatten() {
            self.touch(date);
        }
        Ok(())
    }

    /// Days from `date` on are derived again.
    pub(super) fn touch(&mut self, date: NaiveDate) {
        self.touched_from = Some(self.touched_from.map_or(date, |from| from.min(date)));
    }

    /// Derives the readings of every weigh-in, and with them every day, from the changes.
    pub(super) fn rebuild(&mut self) -> Result<(), WeightError> {
        sql::remove_every_reading(self.tx)?;
        for id in sql::every_id(self.tx)? {
            self.follow(id)?;
        }
        self.touch(NaiveDate::MIN);
        Ok(())
    }

    /// Derives what follows from the changes, and reports them if there is an own case.
    pub(super) fn finish(mut self, random: &dyn Random) -> Result<(), WeightError> {
        self.derive()?;
        if !self.changed.is_empty()
            && let Some(own) = readings::own_case(self.tx)?
        {
            let moment = Moment {
                now: self.now,
                random,
            };
            log::report(self.tx, moment, own, self.changed)?;
        }
        Ok(())
    }

    /// Derives the days from the first touched date on, and tells listeners.
    pub(super) fn derive(&mut self) -> Result<(), WeightError> {
        let Some(from) = self.touched_from.take() else {
            return Ok(());
        };
        let before = sql::day_before(self.tx, from)?.map(|day| (day.date, day.trend_kg));
        let readings = sql::readings_from(self.tx, from)?;
        let days = trend(before, &day_values(&readings, self.day_start), self.tau);
        sql::replace_days(self.tx, from, &days)?;
        self.tx.notify(Topic::Weight);
        Ok(())
    }
}
