//! Weight: what a person typed, exactly, and the trend behind it. Source of every rule here: weight.md.
//!
//! This is the module to read first: it is small and has every part that a module has. [`Weights`] below is its object, which
//! holds nothing but the way to the store; each call is one transaction.
//!
//! ```text
//!   typed text ── entry ──▶ journal ──▶ weight_change          every change, for ever
//!                                            │ outcome of each weigh-in
//!                                            ▼
//!                                       weight_reading          the present ones, in order (derived)
//!                                            │ day_value, trend
//!                                            ▼
//!   summary ◀── slope, goal, plateau ◀── weight_day             one per date (derived)
//! ```
//!
//! | File | What it teaches |
//! | --- | --- |
//! | `mod.rs` | the object: one method per thing a shell asks, one transaction per method |
//! | `error.rs` | failures by what the caller can do |
//! | `reading.rs`, `id.rs`, `waist.rs` | what goes in and out, as types that cannot be mixed up |
//! | `entry.rs` | every check that can refuse something |
//! | `journal.rs` | appending changes and deriving what follows from them |
//! | `log.rs` | what goes to the log, and what is taken over from other phones |
//! | `case.rs` | the same values for any case, from its log |
//! | `summary.rs` | answering a screen from little |
//! | `sql.rs` | every statement; the schema is `store/migrations/weight.sql` |
//! | `unit.rs`, `day_value.rs`, `trend.rs`, `slope.rs`, `goal.rs`, `plateau.rs`, `plausibility.rs` | one rule each, pure, its vectors beside it |
//! | `replay.rs` | the rules over a file, without a store |
//! | `tests/` | stories and laws of the whole module over a real store |
//!
//! Invariants:
//!
//! - No row of `weight_change` is deleted or rewritten; undo marks a change as taken back.
//! - The derived tables follow in the transaction of the change, and a rebuild gives the same bytes.

mod case;
mod day_value;
mod entry;
mod error;
mod goal;
mod id;
mod journal;
mod log;
mod plateau;
mod plausibility;
mod reading;
mod replay;
mod slope;
mod sql;
mod summary;
#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]
mod tests;
mod trend;
mod unit;
mod waist;

use chrono::NaiveDate;

pub use ayumi_guidance::goals::{BodyMeasures, GoalDistance, ProgrammeGoals, ReachedGoal};
pub(crate) use case::CaseWeights;
pub use day_value::{DayValue, Reading, day_values};
pub use error::WeightError;
pub(crate) use goal::FLAT_KG_PER_WEEK;
pub use goal::{GoalReason, GoalStatus, GoalWeight, Latest, goal_status, is_reached};
pub use id::{WeighInId, WeighInIdError};
pub(crate) use log::{report_everything, take_over, take_over_one};
pub use plateau::{RollUp, Volatility, VolatilityLevel, is_plateau, roll_up, volatility, weekday_pattern};
pub use plausibility::{Before, PlausibilityQuestion, question};
pub use reading::{MassUnit, NewWeighIn, TypedWeight, WaistEdit, WeighIn, WeighInEdit, WeighInTime};
pub use replay::{
    ReplayDay, ReplayError, ReplayOptions, ReplayOutput, ReplayReason, ReplaySummary, parse_replay, replay,
};
pub use slope::{Slope, WINDOW_DAYS, slope, window};
pub(crate) use sql::weigh_ins;
pub(crate) use summary::summary;
pub use summary::{WaistReading, WeightGoal, WeightSummary};
pub use trend::{Tau, WeightDay, trend};
pub use unit::{ShownWeight, Weight, WeightTextError};
pub use waist::{Waist, WaistTextError};

use entry::Entry;
use journal::Journal;
use sql::ChangeKind;

use crate::clock::{Clock, Random};
use crate::settings;
use crate::store::{Store, Topic, WriteTransaction};
use crate::time::{CalendarUnit, DateRange};

/// Version of the rules of this module that lead from changes to readings, days and trend. Raised with every change of one,
/// so that each file is derived again at its next start.
pub(crate) const RULES_VERSION: i64 = 1;

/// A weigh-in that was stored, and what to ask about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// Its name.
    pub id: WeighInId,
    /// A question, if the value or the time is surprising. It is stored whatever the answer.
    pub question: Option<PlausibilityQuestion>,
    /// Whether anything was stored. An edit to what the weigh-in was already is no step of undo, so a shell that offers to
    /// take it back would take back something else.
    pub is_changed: bool,
}

/// A change that was taken back, by the weigh-in before and after. An addition leaves none, a deletion had none, an edit has
/// both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// The weigh-in as it stood until now.
    pub before: Option<WeighIn>,
    /// The weigh-in as it stands now.
    pub now: Option<WeighIn>,
}

/// The weigh-ins of the person whose store this is.
#[derive(Debug, Clone, Copy)]
pub struct Weights<'a> {
    store: &'a Store,
    clock: &'a dyn Clock,
    random: &'a dyn Random,
}

impl<'a> Weights<'a> {
    pub(crate) const fn new(store: &'a Store, clock: &'a dyn Clock, random: &'a dyn Random) -> Self {
        Self { store, clock, random }
    }

    /// Stores a weigh-in, back-dated or not, and says what to ask about it.
    ///
    /// Errors: `Text`, `OutOfRange`, `TimeOutOfRange`, `Store`. Source: weight.md sections 2 and 7.
    pub fn record(&self, new: &NewWeighIn) -> Result<Recorded, WeightError> {
        let now = self.clock.now();
        self.store.write(|tx| {
            let mut journal = Journal::open(tx, now)?;
            let entry = Entry::read(tx, new, journal.day_start)?;
            let id = journal.new_id(self.random)?;
            let day_start = journal.day_start;
            journal.append(id, ChangeKind::Add, Some(&entry))?;
            journal.finish(self.random)?;
            let question = entry.question(tx, day_start, now)?;
            Ok(Recorded {
                id,
                question,
                is_changed: true,
            })
        })
    }

    /// What [`Self::record`] would ask, without storing anything. Errors: as there.
    pub fn question(&self, new: &NewWeighIn) -> Result<Option<PlausibilityQuestion>, WeightError> {
        let now = self.clock.now();
        self.store.read(|reader| {
            let day_start = settings::day_start(reader)?;
            Entry::read(reader, new, day_start)?.question(reader, day_start, now)
        })
    }

    /// Changes a weigh-in. Its place in the order of arrival stays. An edit that changes nothing is no step of undo.
    ///
    /// Errors: `NotFound`, and those of [`Self::record`].
    pub fn edit(&self, id: WeighInId, edit: &WeighInEdit) -> Result<Recorded, WeightError> {
        let now = self.clock.now();
        self.store.write(|tx| {
            let mut journal = Journal::open(tx, now)?;
            let old = Entry::from(sql::weigh_in(tx, id)?.ok_or(WeightError::NotFound)?);
            let day_start = journal.day_start;
            let entry = old.clone().edited(tx, edit, day_start)?;
            let is_changed = entry != old;
            if is_changed {
                journal.append(id, ChangeKind::Edit, Some(&entry))?;
                journal.finish(self.random)?;
            }
            let question = entry.question(tx, day_start, now)?;
            Ok(Recorded {
                id,
                question,
                is_changed,
            })
        })
    }

    /// Deletes a weigh-in. Every value it had is kept, and undo brings it back. Errors: `NotFound`, `Store`.
    pub fn delete(&self, id: WeighInId) -> Result<(), WeightError> {
        let now = self.clock.now();
        self.store.write(|tx| {
            sql::weigh_in(tx, id)?.ok_or(WeightError::NotFound)?;
            let mut journal = Journal::open(tx, now)?;
            journal.append(id, ChangeKind::Delete, None)?;
            journal.finish(self.random)
        })
    }

    /// Takes back the newest addition, edit or deletion that was not taken back yet, and says which; `None` if there is none.
    ///
    /// Repeating it goes back to the first change, over restarts too. Imports are no steps.
    pub fn undo(&self) -> Result<Option<Undone>, WeightError> {
        let now = self.clock.now();
        self.store.write(|tx| {
            let Some((change_id, id)) = sql::newest_to_undo(tx)? else {
                return Ok(None);
            };
            let before = sql::weigh_in(tx, id)?;
            let mut journal = Journal::open(tx, now)?;
            journal.take_back(change_id, id)?;
            journal.finish(self.random)?;
            let now = sql::weigh_in(tx, id)?;
            Ok(Some(Undone { before, now }))
        })
    }

    /// Stores what an import brings, in a transaction of the importer, and counts what was new.
    ///
    /// Skipped is what is there, or was there until the person edited or deleted it: a value that she took away does not
    /// come back with a file. What is there has the same instant, to the nanosecond, or the same plain date, and the same
    /// weight; the offset does not matter, so a file that is read again in another zone adds nothing.
    /// The date may lie ahead: the clock of the other device may be right and this one's wrong.
    /// Errors: as [`Self::record`].
    pub fn import(&self, tx: &WriteTransaction<'_>, weigh_ins: &[NewWeighIn]) -> Result<u64, WeightError> {
        let mut journal = Journal::open(tx, self.clock.now())?;
        let mut added = 0_u64;
        for new in weigh_ins {
            let entry = Entry::read(tx, new, journal.day_start)?;
            if sql::was_ever_there(tx, entry.when, entry.weight)? {
                continue;
            }
            let id = journal.new_id(self.random)?;
            journal.append(id, ChangeKind::Import, Some(&entry))?;
            added = added.saturating_add(1);
        }
        journal.finish(self.random)?;
        Ok(added)
    }

    /// The weigh-ins of a range of dates, ascending by date, then time; those without a time come last on their date, in the
    /// order of arrival.
    pub fn weigh_ins(&self, range: DateRange) -> Result<Vec<WeighIn>, WeightError> {
        self.store.read(|reader| Ok(sql::weigh_ins(reader, range)?))
    }

    /// The last weigh-ins by date and time, newest first: the order of [`Self::weigh_ins`] backwards.
    pub fn newest(&self, limit: u32) -> Result<Vec<WeighIn>, WeightError> {
        self.store.read(|reader| Ok(sql::newest(reader, limit)?))
    }

    /// The weigh-in of this id. Errors: `NotFound`, `Store`.
    pub fn weigh_in(&self, id: WeighInId) -> Result<WeighIn, WeightError> {
        self.store
            .read(|reader| sql::weigh_in(reader, id)?.ok_or(WeightError::NotFound))
    }

    /// The weigh-ins whose id begins or ends with `part`, for a terminal; [`WeighInId::short`] is an end.
    ///
    /// Shapes: ascending by date, then time; empty if `part` is empty or no part of an id. More than one: ask for more digits.
    pub fn find(&self, part: &str) -> Result<Vec<WeighIn>, WeightError> {
        let part = part.to_ascii_lowercase();
        let is_part = part.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        if part.is_empty() || !is_part {
            return Ok(Vec::new());
        }
        self.store.read(|reader| Ok(sql::by_part_of_id(reader, &part)?))
    }

    /// The dates of a range that have a reading, ascending, each with its day value and trend.
    pub fn days(&self, range: DateRange) -> Result<Vec<WeightDay>, WeightError> {
        self.store.read(|reader| Ok(sql::days(reader, range)?))
    }

    /// First and last date with a reading.
    pub fn span(&self) -> Result<Option<(NaiveDate, NaiveDate)>, WeightError> {
        self.store.read(|reader| Ok(sql::span(reader)?))
    }

    /// The weeks or months that touch a range, as [`roll_up`] makes them; each is whole, also at the ends of the range.
    pub fn roll_ups(&self, range: DateRange, unit: CalendarUnit) -> Result<Vec<RollUp>, WeightError> {
        let Some(last) = range.last() else {
            return Ok(Vec::new());
        };
        let whole = DateRange {
            from: unit.dates_around(range.from).from,
            until: unit.dates_around(last).until,
        };
        Ok(roll_up(&self.days(whole)?, unit))
    }

    /// Everything the home screen says about weight on `today`, as if no later date had a reading.
    pub fn summary(&self, today: NaiveDate) -> Result<WeightSummary, WeightError> {
        self.store.read(|reader| summary::summary(reader, today))
    }

    /// The person's own goal, if one is set.
    pub fn goal(&self) -> Result<Option<WeightGoal>, WeightError> {
        self.store.read(|reader| Ok(settings::weight_goal(reader)?))
    }

    /// Sets the goal as typed, or takes it away. Errors: `Text`, `OutOfRange` without a question, `Store`.
    pub fn set_goal(&self, goal: Option<&TypedWeight>) -> Result<(), WeightError> {
        if let Some(goal) = goal {
            Weight::parse(&goal.typed, goal.unit).map_err(|error| match error {
                WeightTextError::OutOfRange => WeightError::OutOfRange { question: None },
                other => WeightError::Text(other),
            })?;
        }
        self.store.write(|tx| {
            tx.notify(Topic::Weight);
            Ok(settings::set_weight_goal(tx, goal)?)
        })
    }

    /// The unit in which weights are shown, kilograms unless she chose another.
    pub fn display_unit(&self) -> Result<MassUnit, WeightError> {
        self.store.read(|reader| Ok(settings::weight_unit(reader)?))
    }

    /// Sets the unit in which weights are shown. What was typed keeps its own.
    pub fn set_display_unit(&self, unit: MassUnit) -> Result<(), WeightError> {
        self.store.write(|tx| {
            tx.notify(Topic::Settings);
            Ok(settings::set_weight_unit(tx, unit)?)
        })
    }

    /// The time constant of the trend.
    pub fn tau(&self) -> Result<Tau, WeightError> {
        self.store.read(|reader| Ok(settings::weight_tau(reader)?))
    }

    /// Sets the time constant and derives every day again.
    pub fn set_tau(&self, tau: Tau) -> Result<(), WeightError> {
        let now = self.clock.now();
        self.store.write(|tx| {
            settings::set_weight_tau(tx, tau)?;
            tx.notify(Topic::Settings);
            let mut journal = Journal::open(tx, now)?;
            journal.touch(NaiveDate::MIN);
            journal.derive()
        })
    }

    /// Weight and waist of the checkup from which the programme counts; each is `None` until it is set.
    pub fn checkup(&self) -> Result<BodyMeasures, WeightError> {
        self.store.read(|reader| Ok(settings::checkup(reader)?))
    }

    /// Sets weight and waist of the checkup, or takes them away. Errors: `CheckupOutOfRange`, `Store`.
    pub fn set_checkup(&self, checkup: BodyMeasures) -> Result<(), WeightError> {
        let is_weight = |units: u32| {
            i32::try_from(units)
                .ok()
                .and_then(Weight::from_ten_grams)
                .is_some()
        };
        let is_possible = checkup.weight_10g.is_none_or(is_weight)
            && checkup
                .waist_mm
                .is_none_or(|mm| Waist::from_millimetres(mm).is_some());
        if !is_possible {
            return Err(WeightError::CheckupOutOfRange);
        }
        self.store.write(|tx| {
            tx.notify(Topic::Weight);
            Ok(settings::set_checkup(tx, checkup)?)
        })
    }

    /// Drops readings and days and derives them again from the changes; the result is the same to the byte.
    pub fn rebuild(&self) -> Result<(), WeightError> {
        self.store.write(|tx| self.rebuild_in(tx))
    }

    /// [`Self::rebuild`] in a transaction that does more.
    pub(crate) fn rebuild_in(&self, tx: &WriteTransaction<'_>) -> Result<(), WeightError> {
        let mut journal = Journal::open(tx, self.clock.now())?;
        journal.rebuild()?;
        journal.derive()
    }
}
