//! What the modules have to tell the server, put into the outbox in the transaction of a step of the engine.

use crate::clock::Random;
use crate::store::{StoreError, WriteTransaction};
use crate::time::UtcMillis;

/// Reports what changed since it was last reported.
pub(crate) fn report_due(
    _tx: &WriteTransaction<'_>,
    _now: UtcMillis,
    _random: &dyn Random,
) -> Result<(), StoreError> {
    Ok(())
}

/// Reports everything that was entered before she signed in.
pub(crate) fn report_everything(
    _tx: &WriteTransaction<'_>,
    _now: UtcMillis,
    _random: &dyn Random,
) -> Result<(), StoreError> {
    Ok(())
}
