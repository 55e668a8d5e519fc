//! What the modules have to tell the server, put into the outbox in the transaction of a step of the engine.

use chrono_tz::Tz;

use crate::clock::Random;
use crate::store::{StoreError, WriteTransaction, zones as zone_table};
use crate::sync::outbox::Moment;
use crate::time::{UtcMillis, ZoneOffsets};
use crate::{readings, settings};

/// Dates of steps reported in one step. Ten years are reported once, at sign-in, and must not hold the writer in one piece.
const DATES_AT_ONCE: usize = 50;

/// Reports what changed since it was last reported.
pub(crate) fn report_due(
    tx: &WriteTransaction<'_>,
    now: UtcMillis,
    random: &dyn Random,
) -> Result<(), StoreError> {
    let zone = zone_table::history(tx)?.latest().unwrap_or(Tz::Asia__Tokyo);
    let today = ZoneOffsets::new(zone).date_of(now, settings::day_start(tx)?);
    readings::report_due(tx, Moment { now, random }, today, DATES_AT_ONCE)?;
    Ok(())
}

/// Reports everything that was entered before she signed in.
pub(crate) fn report_everything(
    tx: &WriteTransaction<'_>,
    now: UtcMillis,
    random: &dyn Random,
) -> Result<(), StoreError> {
    readings::report_everything(tx, Moment { now, random })
}
