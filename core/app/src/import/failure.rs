//! Why an import could not be planned or carried through.

use super::{ImportChoice, ImportError};
use crate::steps::StepError;
use crate::store::StoreError;
use crate::weight::WeightError;

/// Why an import could not be planned or carried through.
#[derive(Debug, thiserror::Error)]
pub enum ImportFailure {
    /// The file, or a record in it, cannot be read; nothing of it was stored by this run.
    #[error("read the file: {0}")]
    File(#[from] ImportError),
    /// The content is that of no known format: name the format, or choose the columns of a table.
    #[error("recognise the format of the file")]
    UnknownFormat,
    /// The table holds several persons: choose one of them.
    #[error("tell which of {} persons is meant", .0.len())]
    WhichPerson(Vec<String>),
    /// The table holds nobody of the chosen id.
    #[error("find the chosen person in the table")]
    NoSuchPerson(Vec<String>),
    /// The table's columns have to be chosen.
    #[error("tell which column holds what")]
    WhichColumns(Vec<String>),
    /// The table has no column of a chosen name: choose another.
    #[error("find a chosen column in the table")]
    NoSuchColumn {
        /// The name that was chosen.
        chosen: String,
        /// The columns there are.
        columns: Vec<String>,
    },
    /// The file does not say in which unit its weights are: choose one.
    #[error("tell the unit of the weights: the file does not name it, choose one")]
    WhichUnit,
    /// A choice decides nothing about this file, which may not be the one that was meant: leave the choice out.
    #[error("use the chosen {0}: the file needs no such choice, leave it out")]
    WithoutEffect(ImportChoice),
    /// Steps were refused.
    #[error(transparent)]
    Steps(#[from] StepError),
    /// A weigh-in was refused.
    #[error(transparent)]
    Weight(#[from] WeightError),
    /// The store failed; complete batches stay, and the import can be taken up again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The watcher stopped it; complete batches stay, and the import can be taken up again.
    #[error("finish the import: it was stopped, and goes on from there when it is started again")]
    Stopped,
}

impl From<rusqlite::Error> for ImportFailure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}
