//! What goes into a statement and comes out of it, the same for both engines.
//!
//! The columns of both schemas have five types: 64-bit integers (`INTEGER`, `BIGINT`), text, bytes (`BLOB`, `BYTEA`) and UUIDs
//! (`BLOB`, `UUID`). A truth value is 0 or 1.

use ayumi_protocol::cursor::{Audience, Epoch, Seq};
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::{AccountId, CaseId, DeviceId, InvitationId, OpId, SnapshotId, SocietyId, UploadId};
use ayumi_protocol::time::UtcMillis;
use uuid::Uuid;

use super::StoreError;

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// An integer, an instant, or a truth value.
    Integer(i64),
    /// Text.
    Text(String),
    /// Bytes. A UUID that SQLite brings back is 16 of them.
    Bytes(Vec<u8>),
    /// A UUID.
    Uuid(Uuid),
}

/// A row of an answer, by the order of the columns in the statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// The value of a column, counted from 0.
    ///
    /// Errors: `Bug`, if the statement has no such column or it holds another type.
    pub fn get<T: FromValue>(&self, column: usize) -> Result<T, StoreError> {
        self.0.get(column).and_then(T::from_value).ok_or(StoreError::Bug {
            what: "a column holds another type than the code reads",
        })
    }
}

/// A type that a column can be read as.
pub trait FromValue: Sized {
    /// The value; `None` if it is of another type.
    fn from_value(value: &Value) -> Option<Self>;
}

impl FromValue for i64 {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }
}

macro_rules! small_integers {
    ($($kind:ty),+) => {
        $(
            impl FromValue for $kind {
                fn from_value(value: &Value) -> Option<Self> {
                    i64::from_value(value)?.try_into().ok()
                }
            }
        )+
    };
}

small_integers!(u16, i16, u32, u64, usize);

impl FromValue for bool {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).map(|number| number != 0)
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes.clone()),
            _ => None,
        }
    }
}

impl FromValue for Uuid {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Uuid(uuid) => Some(*uuid),
            Value::Bytes(bytes) => Self::from_slice(bytes).ok(),
            _ => None,
        }
    }
}

impl FromValue for Sha256 {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => <[u8; 32]>::try_from(bytes.as_slice()).ok().map(Self::from_bytes),
            _ => None,
        }
    }
}

impl FromValue for UtcMillis {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).map(UtcMillis)
    }
}

impl FromValue for Seq {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).and_then(Self::new)
    }
}

impl FromValue for Audience {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Self::from_word(text),
            _ => None,
        }
    }
}

impl FromValue for Epoch {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Self::parse(text),
            _ => None,
        }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            other => T::from_value(other).map(Some),
        }
    }
}

macro_rules! ids {
    ($($id:ty),+) => {
        $(
            impl FromValue for $id {
                fn from_value(value: &Value) -> Option<Self> {
                    Uuid::from_value(value).map(Self::from_uuid)
                }
            }

            impl From<$id> for Value {
                fn from(id: $id) -> Self {
                    Self::Uuid(*id.as_uuid())
                }
            }
        )+
    };
}

ids!(
    AccountId,
    CaseId,
    DeviceId,
    InvitationId,
    OpId,
    SnapshotId,
    SocietyId,
    UploadId
);

macro_rules! integers {
    ($($kind:ty),+) => {
        $(
            impl From<$kind> for Value {
                fn from(number: $kind) -> Self {
                    Self::Integer(i64::from(number))
                }
            }
        )+
    };
}

integers!(i64, u16, i16, u32, bool);

impl From<UtcMillis> for Value {
    fn from(instant: UtcMillis) -> Self {
        Self::Integer(instant.0)
    }
}

impl From<Seq> for Value {
    fn from(seq: Seq) -> Self {
        Self::Integer(seq.number())
    }
}

impl From<Audience> for Value {
    fn from(audience: Audience) -> Self {
        Self::Text(audience.as_str().to_owned())
    }
}

impl From<Epoch> for Value {
    fn from(epoch: Epoch) -> Self {
        Self::Text(epoch.to_string())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(bytes: [u8; N]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<Sha256> for Value {
    fn from(hash: Sha256) -> Self {
        Self::Bytes(hash.as_bytes().to_vec())
    }
}

impl From<Uuid> for Value {
    fn from(uuid: Uuid) -> Self {
        Self::Uuid(uuid)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
