//! Why a request was refused: problem documents (RFC 9457) with a stable code, and what a phone does about each.

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::time::UtcMillis;
use crate::wire::Wire;

open_words! {
    /// The reason of a refusal, stable for ever. It says what a phone or a person can do, and nothing about the inside of the server.
    pub enum ProblemCode: "the code of a problem" {
        /// The access token is too old, or the server does not know it: refresh.
        TokenExpired = "token_expired",
        /// The refresh token has a successor that was used: take the newer pair from storage.
        TokenRotated = "token_rotated",
        /// The request carries no token.
        TokenMissing = "token_missing",
        /// The session was ended, by its owner, by staff, or because a token was used twice: sign in again.
        SessionRevoked = "session_revoked",
        /// The account is gone: remove everything local.
        AccountDeleted = "account_deleted",
        /// The account is stopped for now: keep the data readable and ask once a day.
        AccountSuspended = "account_suspended",
        /// No consent was given yet, or only to an older text.
        ConsentRequired = "consent_required",
        /// Consent was withdrawn.
        ConsentWithdrawn = "consent_withdrawn",
        /// The server no longer serves this version of the protocol: update the app.
        UpgradeRequired = "upgrade_required",
        /// Unknown, used, expired and not matching the birth date: one answer for all, so that nobody can try codes out.
        CodeRefused = "code_refused",
        /// Name, password and second factor do not fit together; which of them is not said.
        CredentialsRefused = "credentials_refused",

        /// A picture of the message is not complete on the server: finish its upload, then send the message again.
        AttachmentIncomplete = "attachment_incomplete",
        /// The cursor is of another incarnation of the store, or beyond the end of the log: read the log again first.
        EpochChanged = "epoch_changed",
        /// The server is older than the operation: hold it back until the server knows its kind and version.
        KindUnknown = "kind_unknown",
        /// The server has another number of bytes of the upload: ask for it and go on from there.
        OffsetMismatch = "offset_mismatch",

        /// The same request is being worked on.
        InProgress = "in_progress",
        /// Too many requests.
        RateLimited = "rate_limited",
        /// The account has uploaded as much as it may in a day.
        UploadQuotaReached = "upload_quota_reached",
        /// The request took too long to arrive.
        RequestTimeout = "request_timeout",
        /// The server cannot answer now, or does not know whether it stored: repeat with the same ids.
        Unavailable = "unavailable",
        /// The server has no room.
        StorageFull = "storage_full",
        /// A fault of the server.
        InternalFault = "internal_fault",

        /// Not JSON, or not of the form of this request.
        Malformed = "malformed",
        /// A request that needs the header field `Idempotency-Key` came without it.
        IdempotencyKeyMissing = "idempotency_key_missing",
        /// The role or the session does not allow it.
        Forbidden = "forbidden",
        /// There is no such thing, or not for this person: both look the same.
        NotFound = "not_found",
        /// The address exists and does something else.
        MethodNotAllowed = "method_not_allowed",
        /// Longer than the limit.
        TooLarge = "too_large",
        /// Of another content type than the address takes.
        UnsupportedMediaType = "unsupported_media_type",
        /// The range begins behind the end of the file: what was downloaded so far is not this file.
        RangeUnsatisfiable = "range_unsatisfiable",
        /// Of the right form, with a value beyond a limit.
        InvalidValue = "invalid_value",
        /// The id of the operation belongs to one with other bytes.
        OperationReused = "operation_reused",
        /// The `Idempotency-Key` belongs to a request with other bytes.
        IdempotencyKeyReused = "idempotency_key_reused",
        /// What is edited, deleted, closed or shared does not exist or belongs to somebody else.
        TargetUnknown = "target_unknown",
        /// The plan was changed meanwhile: read it and agree again.
        PlanBaseStale = "plan_base_stale",
        /// The course does not allow this step now, such as an evaluation without a plan.
        TransitionImpossible = "transition_impossible",
        /// The uploaded bytes are not those that were announced.
        HashMismatch = "hash_mismatch",
        /// The picture carries a place, a camera or other metadata, which the phone takes out before hashing.
        MetadataPresent = "metadata_present",
        /// Not a picture of the accepted formats, or of other dimensions than announced.
        PictureRefused = "picture_refused",
    }
}

/// What a phone does about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemClass {
    /// Try again later with the same id, for ever.
    Transient,
    /// Nothing of this session can be sent until something about the session changes; the queue is kept.
    Blocked,
    /// Something else has to be done first; the operation keeps its place.
    Dependency,
    /// It will never be accepted: park it visibly, with this code as the reason.
    Permanent,
}

impl ProblemCode {
    /// What a phone does about it. Source: sync.md 4.7.
    ///
    /// A code that this version does not know is transient: only what is understood may park or stop anything. A server
    /// answers each phone with the codes of the version that its header names.
    #[must_use]
    pub const fn class(&self) -> ProblemClass {
        match self {
            Self::TokenExpired
            | Self::TokenRotated
            | Self::TokenMissing
            | Self::SessionRevoked
            | Self::AccountDeleted
            | Self::AccountSuspended
            | Self::ConsentRequired
            | Self::ConsentWithdrawn
            | Self::UpgradeRequired => ProblemClass::Blocked,
            Self::AttachmentIncomplete | Self::EpochChanged | Self::KindUnknown | Self::OffsetMismatch => {
                ProblemClass::Dependency
            }
            Self::InProgress
            | Self::RateLimited
            | Self::UploadQuotaReached
            | Self::RequestTimeout
            | Self::Unavailable
            | Self::StorageFull
            | Self::InternalFault
            | Self::Other(_) => ProblemClass::Transient,
            Self::CodeRefused
            | Self::CredentialsRefused
            | Self::Malformed
            | Self::IdempotencyKeyMissing
            | Self::Forbidden
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::TooLarge
            | Self::UnsupportedMediaType
            | Self::RangeUnsatisfiable
            | Self::InvalidValue
            | Self::OperationReused
            | Self::IdempotencyKeyReused
            | Self::TargetUnknown
            | Self::PlanBaseStale
            | Self::TransitionImpossible
            | Self::HashMismatch
            | Self::MetadataPresent
            | Self::PictureRefused => ProblemClass::Permanent,
        }
    }

    /// The HTTP status. For an unknown code it is 500, which no server of this version sends with one.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed | Self::IdempotencyKeyMissing => 400,
            Self::TokenExpired
            | Self::TokenRotated
            | Self::TokenMissing
            | Self::SessionRevoked
            | Self::AccountDeleted
            | Self::CredentialsRefused => 401,
            Self::AccountSuspended
            | Self::ConsentRequired
            | Self::ConsentWithdrawn
            | Self::CodeRefused
            | Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::RequestTimeout => 408,
            Self::AttachmentIncomplete
            | Self::EpochChanged
            | Self::OffsetMismatch
            | Self::InProgress
            | Self::PlanBaseStale
            | Self::TransitionImpossible => 409,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::RangeUnsatisfiable => 416,
            Self::KindUnknown
            | Self::InvalidValue
            | Self::OperationReused
            | Self::IdempotencyKeyReused
            | Self::TargetUnknown
            | Self::HashMismatch
            | Self::MetadataPresent
            | Self::PictureRefused => 422,
            Self::UpgradeRequired => 426,
            Self::RateLimited | Self::UploadQuotaReached => 429,
            Self::InternalFault | Self::Other(_) => 500,
            Self::Unavailable => 503,
            Self::StorageFull => 507,
        }
    }

    /// The title of the document: for somebody who reads an answer by eye. It says no more than the code.
    #[must_use]
    pub const fn title(&self) -> &'static str {
        match self {
            Self::TokenExpired => "The access token has expired",
            Self::TokenRotated => "The refresh token has a successor",
            Self::TokenMissing => "The request carries no token",
            Self::SessionRevoked => "The session has ended",
            Self::AccountDeleted => "The account has been deleted",
            Self::AccountSuspended => "The account is suspended",
            Self::ConsentRequired => "Consent has not been given",
            Self::ConsentWithdrawn => "Consent has been withdrawn",
            Self::UpgradeRequired => "This version of the app is no longer served",
            Self::CodeRefused => "The code was not accepted",
            Self::CredentialsRefused => "The sign-in was not accepted",
            Self::AttachmentIncomplete => "A picture has not been uploaded completely",
            Self::EpochChanged => "The log has to be read again",
            Self::KindUnknown => "The server does not know this kind or version",
            Self::OffsetMismatch => "The upload continues at another offset",
            Self::InProgress => "The same request is being worked on",
            Self::RateLimited => "Too many requests",
            Self::UploadQuotaReached => "The daily amount of uploads has been reached",
            Self::RequestTimeout => "The request took too long",
            Self::Unavailable => "The server cannot answer now",
            Self::StorageFull => "The server has no room",
            Self::InternalFault => "The server has failed",
            Self::Malformed => "The request cannot be read",
            Self::IdempotencyKeyMissing => "The request needs an idempotency key",
            Self::Forbidden => "Not allowed",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Another method is needed",
            Self::TooLarge => "The request is too large",
            Self::UnsupportedMediaType => "The content type is not accepted",
            Self::RangeUnsatisfiable => "The range begins behind the end",
            Self::InvalidValue => "A value is not accepted",
            Self::OperationReused => "The operation id belongs to another operation",
            Self::IdempotencyKeyReused => "The idempotency key belongs to another request",
            Self::TargetUnknown => "The target does not exist",
            Self::PlanBaseStale => "The plan has changed meanwhile",
            Self::TransitionImpossible => "The course does not allow this step",
            Self::HashMismatch => "The bytes are not those announced",
            Self::MetadataPresent => "The picture carries metadata",
            Self::PictureRefused => "The picture is not accepted",
            Self::Other(_) => "Refused",
        }
    }
}

/// A refusal inside an answer that is otherwise a success: of one operation of a batch, or of one log of a pull.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Refusal {
    /// The reason.
    pub code: ProblemCode,
    /// How long to wait before another try, if the server knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl From<ProblemCode> for Refusal {
    fn from(code: ProblemCode) -> Self {
        Self {
            code,
            retry_after_ms: None,
        }
    }
}

/// A problem document.
///
/// An answer counts as one of ours only if it parses as this with a known code; a bare 403 comes from a proxy.
/// Source: RFC 9457, with the extension members `code`, `retry_after_ms` and `server_time_ms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// A name of the kind of problem that is not meant to be opened.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// For a reader's eye.
    pub title: String,
    /// The HTTP status, repeated.
    pub status: u16,
    /// The reason, for programs.
    pub code: ProblemCode,
    /// How long to wait before another try, if the server knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The server's clock.
    pub server_time_ms: UtcMillis,
}

impl Problem {
    /// The document of a code. Units: `retry_after_ms` in milliseconds.
    #[must_use]
    pub fn new(code: ProblemCode, retry_after_ms: Option<u64>, server_time_ms: UtcMillis) -> Self {
        Self {
            type_uri: format!("urn:ayumi:problem:{code}"),
            title: code.title().to_owned(),
            status: code.status(),
            code,
            retry_after_ms,
            server_time_ms,
        }
    }
}

impl Wire for Problem {
    const MOST_BYTES: usize = limits::PROBLEM_BYTES;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_refused_with_a_status_of_its_class() {
        for code in ProblemCode::KNOWN {
            let is_plausible = match code.class() {
                ProblemClass::Transient => {
                    matches!(code.status(), 408 | 425 | 429 | 500..=599) || *code == ProblemCode::InProgress
                }
                ProblemClass::Blocked => matches!(code.status(), 401 | 403 | 426),
                ProblemClass::Dependency => matches!(code.status(), 409 | 422),
                ProblemClass::Permanent => (400..=422).contains(&code.status()),
            };
            assert!(is_plausible, "{code}: {:?} with {}", code.class(), code.status());
        }
    }

    #[test]
    fn a_code_of_a_later_server_is_kept_and_stops_nothing() {
        let text = r#"{"type":"about:blank","title":"x","status":403,"code":"moon_phase","server_time_ms":1,"detail":"y"}"#;
        let problem = Problem::parse(text.as_bytes()).unwrap();
        assert_eq!(problem.code.as_str(), "moon_phase");
        assert_eq!(problem.code.class(), ProblemClass::Transient);
    }

    #[test]
    fn a_page_of_a_proxy_is_no_problem_of_ours() {
        for text in [
            "<html>403</html>",
            "{}",
            r#"{"error":"forbidden"}"#,
            r#"{"code":403,"title":"x"}"#,
        ] {
            assert!(Problem::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
