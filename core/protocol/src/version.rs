//! Versions of the protocol and of the app, and the header fields of the protocol.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::cursor::Epoch;
use crate::kind::KindName;
use crate::limits::{self, LimitError, check};
use crate::time::UtcMillis;
use crate::wire::Wire;
use crate::word::Text;

/// Version of the requests and answers of this crate. It rises when an old reader would misunderstand a new message; a new
/// kind, word or optional field is no reason.
pub const PROTOCOL_VERSION: u16 = 1;

/// Oldest version that a server of this version still serves: the newest and the two before it, once there are that many.
pub const OLDEST_PROTOCOL_VERSION: u16 = 1;

/// Whether a server of this version serves a phone of that one. Otherwise it answers `upgrade_required`.
#[must_use]
pub const fn is_served(protocol_version: u16) -> bool {
    protocol_version >= OLDEST_PROTOCOL_VERSION && protocol_version <= PROTOCOL_VERSION
}

/// Names of header fields, in lower case as HTTP/2 sends them.
pub mod headers {
    /// Request: the phone's [`PROTOCOL_VERSION`](super::PROTOCOL_VERSION), as a decimal number.
    pub const PROTOCOL: &str = "ayumi-protocol";
    /// Request: a UUID under which the answer to a request that appends nothing to a log is remembered.
    pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
    /// Request and answer: one id from the phone's log through the server's log to the audit.
    pub const REQUEST_ID: &str = "ayumi-request-id";
    /// Request and answer: bytes that the server has, in decimal.
    pub const UPLOAD_OFFSET: &str = "upload-offset";
    /// Answer: bytes of the whole upload, in decimal.
    pub const UPLOAD_LENGTH: &str = "upload-length";
}

/// Content types of the protocol.
pub mod media_types {
    /// Requests and answers.
    pub const JSON: &str = "application/json";
    /// Problem documents (RFC 9457).
    pub const PROBLEM: &str = "application/problem+json";
    /// A part of an upload.
    pub const UPLOAD_PART: &str = "application/offset+octet-stream";
    /// A snapshot: the file itself is compressed, so that its ranges and its hash are those of the compressed bytes.
    pub const SNAPSHOT: &str = "application/gzip";
}

/// The version of an app: three numbers, ordered as numbers; travels as `1.4.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppVersion {
    /// Rises when the app is another one.
    pub major: u16,
    /// Rises with what it can do.
    pub minor: u16,
    /// Rises with repairs.
    pub patch: u16,
}

impl AppVersion {
    /// Reads three decimal numbers below 65,536 without leading zeros; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let mut number = || -> Option<u16> {
            let part = parts.next()?;
            let is_plain =
                part.bytes().all(|byte| byte.is_ascii_digit()) && (part == "0" || !part.starts_with('0'));
            is_plain.then(|| part.parse().ok())?
        };
        let version = Self {
            major: number()?,
            minor: number()?,
            patch: number()?,
        };
        parts.next().is_none().then_some(version)
    }
}

impl fmt::Display for AppVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl Text for AppVersion {
    const EXPECTED: &'static str = "the version of an app";

    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Serialize for AppVersion {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AppVersion {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::word::deserialize(deserializer)
    }
}

schema_of!(AppVersion => crate::schema::text(
    "The version of an app: three numbers below 65,536.",
    r"^(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})$",
));

/// What a server says about itself before anybody signs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerAnswer {
    /// The server's clock.
    pub server_time_ms: UtcMillis,
    /// Oldest version of the protocol that it serves.
    pub oldest_protocol: u16,
    /// Newest version of the protocol that it serves.
    pub newest_protocol: u16,
    /// Incarnation of its store.
    pub epoch: Epoch,
    /// The kinds it accepts. A phone holds back an operation of another kind or a newer version, and does not give it up.
    pub kinds: Vec<AcceptedKind>,
}

/// A kind that a server accepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AcceptedKind {
    /// The kind.
    pub kind: KindName,
    /// Newest version of its body that the server can check; it accepts all older ones.
    pub newest_body_version: u16,
}

impl ServerAnswer {
    /// Whether the server can take an operation of this kind and version.
    #[must_use]
    pub fn accepts(&self, kind: &KindName, body_version: u16) -> bool {
        self.kinds
            .iter()
            .any(|accepted| accepted.kind == *kind && body_version <= accepted.newest_body_version)
    }
}

impl Wire for ServerAnswer {
    const MOST_BYTES: usize = limits::SMALL_ANSWER_BYTES;

    fn check(&self) -> Result<(), LimitError> {
        check::agree("oldest_protocol", self.oldest_protocol <= self.newest_protocol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_numbers() {
        assert!(AppVersion::parse("1.10.0") > AppVersion::parse("1.9.12"));
        for text in [
            "",
            "1",
            "1.2",
            "1.2.3.4",
            "01.2.3",
            "1.2.x",
            "1.2.65536",
            "1..3",
            "+1.2.3",
        ] {
            assert_eq!(AppVersion::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_phone_of_the_same_version_is_served() {
        assert!(is_served(PROTOCOL_VERSION) && is_served(OLDEST_PROTOCOL_VERSION));
        assert!(!is_served(0) && !is_served(PROTOCOL_VERSION + 1));
    }
}
