//! Operations: what a phone asks to have appended.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::body::RawBody;
use crate::id::OpId;
use crate::kind::KindName;
use crate::limits::{self, LimitError, check};
use crate::time::{UtcMillis, UtcOffset, ZoneName};
use crate::version::AppVersion;
use crate::wire::{ParseError, Wire, WriteError};

/// A request to append one entry. Its id is made once, and its body never changes after the first try.
///
/// It does not say who asks: that is taken from the session. Fields that the reader does not know are dropped here and not kept,
/// because a phone must not be able to plant a field that a later server gives a meaning. What is new goes into the body.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Operation {
    /// Its id, for ever.
    pub op_id: OpId,
    /// What the entry will be.
    pub kind: KindName,
    /// Version of the body, from 1.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 65535))]
    pub body_version: u16,
    /// What the phone's clock said when the input was confirmed. Shown, never ordered by.
    pub occurred_at_ms: UtcMillis,
    /// The zone at that moment.
    pub zone: ZoneName,
    /// Local time minus UTC at that moment.
    pub utc_offset_min: UtcOffset,
    /// An older app must not pass the entry over in silence, but say that it needs an update to show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_app_version: Option<AppVersion>,
    /// The body, as bytes.
    pub body: RawBody,
}

impl Wire for Operation {
    const MOST_BYTES: usize = limits::OPERATION_BYTES;

    fn check(&self) -> Result<(), LimitError> {
        check::range("body_version", self.body_version, 1, u16::MAX)?;
        check::length("body", self.body.as_str().len(), limits::BODY_BYTES)
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation")
            .field("op_id", &self.op_id)
            .field("kind", &self.kind)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

/// An operation that was not looked at yet. In a batch each is read on its own, so that one that cannot be read does not stop
/// those before it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawOperation(Box<RawValue>);

impl RawOperation {
    /// Writes an operation; its body stays as it is, byte for byte.
    ///
    /// Errors: `WriteError`, which no operation causes.
    pub fn of(operation: &Operation) -> Result<Self, WriteError> {
        Ok(Self(serde_json::value::to_raw_value(operation)?))
    }

    /// Reads it.
    ///
    /// Errors: as [`Wire::parse`].
    pub fn read(&self) -> Result<Operation, ParseError> {
        Operation::parse(self.0.get().as_bytes())
    }

    /// Its length in bytes, for filling a batch.
    #[must_use]
    pub fn length_bytes(&self) -> usize {
        self.0.get().len()
    }

    /// The id that it claims, as far as it can be read, for an answer about one that cannot.
    #[must_use]
    pub fn op_id(&self) -> Option<OpId> {
        #[derive(Deserialize)]
        struct Id {
            op_id: OpId,
        }
        serde_json::from_str::<Id>(self.0.get()).ok().map(|id| id.op_id)
    }
}

/// Only the length.
impl fmt::Debug for RawOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawOperation of {} bytes", self.length_bytes())
    }
}

/// Described as what it has to be.
#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for RawOperation {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        <Operation as utoipa::PartialSchema>::schema()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for RawOperation {
    fn name() -> std::borrow::Cow<'static, str> {
        <Operation as utoipa::ToSchema>::name()
    }

    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>) {
        <Operation as utoipa::ToSchema>::schemas(schemas);
    }
}
