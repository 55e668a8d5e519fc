//! Entries: what stands in a log.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::body::{Body, BodyReading, RawBody};
use crate::cursor::Seq;
use crate::id::{AccountId, DeviceId, OpId};
use crate::kind::KindName;
use crate::operation::Operation;
use crate::session::Role;
use crate::time::{UtcMillis, UtcOffset, ZoneName};
use crate::unknown::{KeepUnknown, UnknownFields};
use crate::version::AppVersion;
use crate::wire::ParseError;

/// One row of a log. The log is named by what carries the entry: a page or a snapshot.
///
/// Reading and writing gives the same bytes: known fields in the order below, then the unknown ones in theirs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(remote = "Self")] // the traits below wrap what is derived, in order to keep unknown fields
pub struct Entry {
    /// Its place.
    pub seq: Seq,
    /// The operation that it came from, by which its author's phone knows it again.
    pub op_id: OpId,
    /// Who wrote it; [`AccountId::SYSTEM`] for the server itself.
    pub author_id: AccountId,
    /// In which role.
    pub author_role: Role,
    /// On which device.
    pub device_id: DeviceId,
    /// What it is.
    pub kind: KindName,
    /// Version of the body, from 1.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 65535))]
    pub body_version: u16,
    /// What the author's clock said. Shown until the server's time is known, never ordered by.
    pub occurred_at_ms: UtcMillis,
    /// The author's zone at that moment.
    pub zone: ZoneName,
    /// The author's local time minus UTC at that moment.
    pub utc_offset_min: UtcOffset,
    /// The server's clock when it was appended.
    pub recorded_at_ms: UtcMillis,
    /// An older app says that it needs an update to show this entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_app_version: Option<AppVersion>,
    /// The body, as bytes; null after it was erased.
    #[serde(deserialize_with = "crate::word::nullable")]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub body: Option<RawBody>,
    /// Fields of a later server.
    #[serde(flatten, skip_deserializing)]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    pub unknown: UnknownFields,
}

/// What the server adds to an operation when it appends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The place it got.
    pub seq: Seq,
    /// Author, from the session.
    pub author_id: AccountId,
    /// The author's role, from the session.
    pub author_role: Role,
    /// Device, from the session.
    pub device_id: DeviceId,
    /// The server's clock.
    pub recorded_at_ms: UtcMillis,
}

impl Entry {
    /// The entry of an operation.
    #[must_use]
    pub fn of(operation: Operation, recorded: Recorded) -> Self {
        Self {
            seq: recorded.seq,
            op_id: operation.op_id,
            author_id: recorded.author_id,
            author_role: recorded.author_role,
            device_id: recorded.device_id,
            kind: operation.kind,
            body_version: operation.body_version,
            occurred_at_ms: operation.occurred_at_ms,
            zone: operation.zone,
            utc_offset_min: operation.utc_offset_min,
            recorded_at_ms: recorded.recorded_at_ms,
            min_app_version: operation.min_app_version,
            body: Some(operation.body),
            unknown: UnknownFields::default(),
        }
    }

    /// The operation of an entry, for offering it again to a server that was restored; `None` once it was erased.
    ///
    /// Its bytes are those that its author sent.
    #[must_use]
    pub fn to_operation(&self) -> Option<Operation> {
        self.body.as_ref().map(|body| Operation {
            op_id: self.op_id,
            kind: self.kind.clone(),
            body_version: self.body_version,
            occurred_at_ms: self.occurred_at_ms,
            zone: self.zone.clone(),
            utc_offset_min: self.utc_offset_min,
            min_app_version: self.min_app_version,
            body: body.clone(),
        })
    }

    /// What the body means; `None` once it was erased.
    ///
    /// Errors: as [`Body::read`].
    pub fn read_body(&self) -> Result<Option<BodyReading>, ParseError> {
        let read = |raw| Body::read(&self.kind, self.body_version, raw);
        self.body.as_ref().map(read).transpose()
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The derived function of the same name.
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut unknown = UnknownFields::default();
        // The derived function of the same name.
        let mut entry = Self::deserialize(KeepUnknown {
            inner: deserializer,
            unknown: &mut unknown,
        })?;
        entry.unknown = unknown;
        Ok(entry)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("seq", &self.seq)
            .field("op_id", &self.op_id)
            .field("kind", &self.kind)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}
