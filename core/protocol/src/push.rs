//! Pushing: one log, one lane, in order.

use serde::{Deserialize, Serialize};

use crate::cursor::{Epoch, Lane, LogName, Seq};
use crate::id::OpId;
use crate::limits::{self, LimitError, check};
use crate::operation::RawOperation;
use crate::problem::Refusal;
use crate::time::UtcMillis;
use crate::wire::Wire;

/// Operations of one lane, in their order.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PushRequest {
    /// The log to append to.
    pub log: LogName,
    /// The incarnation that the phone's replica of it was read from. A server of another one answers `epoch_changed`: what the
    /// phone would send may depend on entries that are no longer there.
    pub epoch: Epoch,
    /// The lane.
    pub lane: Lane,
    /// 1 to 50 operations.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 50))]
    pub operations: Vec<RawOperation>,
}

impl Wire for PushRequest {
    const MOST_BYTES: usize = limits::PUSH_BYTES;

    fn check(&self) -> Result<(), LimitError> {
        if self.operations.is_empty() {
            return check::fail("operations", limits::LimitReason::Empty);
        }
        check::length("operations", self.operations.len(), limits::PUSH_OPERATIONS)
    }
}

/// What became of the operations of a push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PushAnswer {
    /// The server's clock.
    pub server_time_ms: UtcMillis,
    /// Incarnation of the server's store.
    pub epoch: Epoch,
    /// One result for each operation, in their order. After the first that is neither stored nor a duplicate all are `not_tried`,
    /// so that the phone can put that one aside before the next is sent.
    #[cfg_attr(feature = "openapi", schema(max_items = 50))]
    pub results: Vec<OperationResult>,
}

/// What became of one operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OperationResult {
    /// The operation; absent if its id could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op_id: Option<OpId>,
    /// The result.
    #[serde(flatten)]
    pub outcome: OperationOutcome,
}

/// What became of one operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum OperationOutcome {
    /// It is an entry now.
    Stored {
        /// Its place.
        seq: Seq,
        /// The server's clock.
        recorded_at_ms: UtcMillis,
    },
    /// It was an entry already, with the same bytes; a success.
    Duplicate {
        /// Its place.
        seq: Seq,
        /// The server's clock of then.
        recorded_at_ms: UtcMillis,
    },
    /// It is no entry.
    Refused(Refusal),
    /// An earlier one of the batch was refused.
    NotTried,
    /// A word of a later server: as if no answer had come.
    #[serde(other)]
    Unknown,
}

impl OperationOutcome {
    /// The place of its entry, if there is one.
    #[must_use]
    pub const fn seq(&self) -> Option<Seq> {
        match self {
            Self::Stored { seq, .. } | Self::Duplicate { seq, .. } => Some(*seq),
            Self::Refused(_) | Self::NotTried | Self::Unknown => None,
        }
    }
}

impl Wire for PushAnswer {
    const MOST_BYTES: usize = limits::SMALL_ANSWER_BYTES;

    fn check(&self) -> Result<(), LimitError> {
        check::length("results", self.results.len(), limits::PUSH_OPERATIONS)
    }
}
