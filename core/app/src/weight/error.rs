//! What can go wrong with weigh-ins, by what the caller can do about it.

use super::{PlausibilityQuestion, WeightTextError};
use crate::store::StoreError;

/// Why something about weight could not be done. Nothing was stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The typed text is not a weight: let the person type it again. Never [`WeightTextError::OutOfRange`].
    #[error(transparent)]
    Text(WeightTextError),
    /// Below 2 kg or above 500 kg: ask the question, if there is one, and let the person type it again.
    #[error("accept the weight: it is not between 2 and 500 kg")]
    OutOfRange {
        /// What was probably meant: 660 at a trend of 66 kg is a decimal point.
        question: Option<PlausibilityQuestion>,
    },
    /// A date outside the years 2000 to 2099, or a time with an impossible part: ask for the time again.
    #[error("accept the time of the weigh-in: it is not in the years 2000 to 2099")]
    TimeOutOfRange,
    /// There is no such weigh-in, or it was deleted: read the list again.
    #[error("find the weigh-in: it is not there any more")]
    NotFound,
    /// A checkup value outside 2 to 500 kg or 100 to 3,000 mm: ask for it again.
    #[error(
        "accept the checkup: its weight is not between 2 and 500 kg, or its waist not between 10 and 300 cm"
    )]
    CheckupOutOfRange,
}

impl From<rusqlite::Error> for WeightError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}
