//! The bodies of entries: raw bytes, and what they mean when this version knows their kind and version.
//!
//! ```text
//!  typed body ── RawBody::of ──▶ raw bytes ──▶ outbox ──▶ server ──▶ entry ── Body::read ──▶ typed body
//!                (once, when the input is confirmed)                          (as often as wanted)
//! ```
//!
//! There is no way back from an entry's typed body into the entry: what was received is kept as bytes.

mod case;
mod conversation;
mod course;
mod note;
mod question;
mod reading;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use case::{
    ActingStaff, AssignmentChanged, CaseOpened, ConsentGiven, ConsentWithdrawn, EntryErased, ErasureReason,
};
pub use conversation::{
    Attachment, AuthoredBy, MessageDeleted, MessageEdited, MessagePosted, MessageRead, PictureType,
    Thumbnail, TriageRule,
};
pub use course::{
    ContactForm, EvaluationRecorded, GuidanceLevel, Habit, InterviewPart, InterviewRecorded, KeptHabit,
    PlanGoal, PlanSet, Qualification, ReasonCode, SupportClosed, SupportOpened, SupportType,
};
pub use note::{NoteDeleted, NoteEdited, NotePosted, NoteTopic};
pub use question::{
    QuestionAnswered, QuestionAsked, QuestionAssigned, QuestionClosed, QuestionFaqApproved,
    QuestionFaqProposed, QuestionFollowedUp, QuestionMarkedUrgent, QuestionShared,
};
pub use reading::{
    ArticleBookmarked, ArticleRead, HourSlot, MassUnit, Measured, SettingKey, SettingsChanged, Span,
    StepsDay, WeightDeleted, WeightRecorded, WeightSource,
};

use crate::kind::{Kind, KindName};
use crate::limits::{self, LimitError, check};
use crate::wire::{ParseError, WriteError};

/// A body as bytes: a JSON object, exactly as its author's phone wrote it, white space included.
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct RawBody(Box<RawValue>);

impl RawBody {
    /// Writes a typed body. Done once for each operation; from then on the bytes are the body.
    ///
    /// Errors: `WriteError`, which no body of this crate causes.
    pub fn of<T: Serialize>(body: &T) -> Result<Self, WriteError> {
        Ok(Self(serde_json::value::to_raw_value(body)?))
    }

    /// Takes bytes that were stored.
    ///
    /// Errors: `NotJson`; `WrongShape` if it is not an object.
    pub fn from_text(text: &str) -> Result<Self, ParseError> {
        Ok(serde_json::from_str(text)?)
    }

    /// The bytes, as text: what is hashed, stored and sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

impl<'de> Deserialize<'de> for RawBody {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if raw.get().starts_with('{') {
            Ok(Self(raw))
        } else {
            Err(serde::de::Error::custom("a body is an object"))
        }
    }
}

impl PartialEq for RawBody {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for RawBody {}

/// Only the length.
impl fmt::Debug for RawBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.as_str().len())
    }
}

/// What a reader makes of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyReading {
    /// A body of a known kind and version.
    Known(Body),
    /// A kind of a later version: kept, skipped by the fold, read after an update.
    UnknownKind,
    /// A known kind with a later version of its body: as an unknown kind.
    NewerVersion,
}

/// Declares [`Body`] with one variant for each kind; the compiler finds a kind without a body.
macro_rules! bodies {
    ($($kind:ident),+ $(,)?) => {
        /// A typed body; each kind has one of its own name.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each variant is the kind of its name")]
        pub enum Body {
            $($kind($kind),)+
        }

        impl Body {
            /// Its kind.
            #[must_use]
            pub const fn kind(&self) -> Kind {
                match self {
                    $(Self::$kind(_) => Kind::$kind,)+
                }
            }

            /// Writes it. Done once for each operation.
            ///
            /// Errors: as [`RawBody::of`].
            pub fn to_raw(&self) -> Result<RawBody, WriteError> {
                match self {
                    $(Self::$kind(body) => RawBody::of(body),)+
                }
            }

            /// Holds its values to [`limits`](crate::limits). A reader of a log does without: what is in a log stays readable.
            ///
            /// Errors: the first field that is beyond a limit.
            pub fn check(&self) -> Result<(), LimitError> {
                match self {
                    $(Self::$kind(body) => body.check(),)+
                }
            }

            fn read_version_1(kind: Kind, text: &str) -> Result<Self, ParseError> {
                Ok(match kind {
                    $(Kind::$kind => Self::$kind(serde_json::from_str(text)?),)+
                })
            }
        }

        /// Any object, and for each kind the body that it has.
        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for RawBody {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                crate::schema::any_body(&[
                    $((Kind::$kind.as_str(), <$kind as utoipa::ToSchema>::name()),)+
                ])
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for RawBody {
            fn schemas(
                schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>,
            ) {
                $(
                    let name = <$kind as utoipa::ToSchema>::name().into_owned();
                    schemas.push((name, <$kind as utoipa::PartialSchema>::schema()));
                    <$kind as utoipa::ToSchema>::schemas(schemas);
                )+
            }
        }

        $(impl From<$kind> for Body {
            fn from(body: $kind) -> Self {
                Self::$kind(body)
            }
        })+
    };
}

bodies!(
    MessagePosted,
    MessageEdited,
    MessageDeleted,
    MessageRead,
    StepsDay,
    WeightRecorded,
    WeightDeleted,
    ArticleBookmarked,
    ArticleRead,
    SettingsChanged,
    ConsentGiven,
    ConsentWithdrawn,
    PlanSet,
    InterviewRecorded,
    SupportOpened,
    SupportClosed,
    EvaluationRecorded,
    CaseOpened,
    AssignmentChanged,
    EntryErased,
    NotePosted,
    NoteEdited,
    NoteDeleted,
    QuestionAsked,
    QuestionFollowedUp,
    QuestionMarkedUrgent,
    QuestionAssigned,
    QuestionAnswered,
    QuestionClosed,
    QuestionShared,
    QuestionFaqProposed,
    QuestionFaqApproved,
);

impl Body {
    /// Reads a body from a log. Tolerant: unknown fields are passed over, and limits are not applied.
    ///
    /// Errors: `WrongShape` for a body that its kind and version do not have; the fold passes over such an entry.
    pub fn read(kind: &KindName, body_version: u16, raw: &RawBody) -> Result<BodyReading, ParseError> {
        let Some(kind) = kind.known() else {
            return Ok(BodyReading::UnknownKind);
        };
        match body_version {
            1 => Self::read_version_1(kind, raw.as_str()).map(BodyReading::Known),
            0 => Err(ParseError::WrongShape { line: 1, column: 1 }),
            _ => Ok(BodyReading::NewerVersion),
        }
    }

    /// Reads a body that is about to be appended: as [`read`](Self::read), and held to the limits.
    ///
    /// Errors: `TooLarge`, `WrongShape`, `Limit`.
    pub fn accept(kind: &KindName, body_version: u16, raw: &RawBody) -> Result<BodyReading, ParseError> {
        if raw.as_str().len() > limits::BODY_BYTES {
            return Err(ParseError::TooLarge {
                most_bytes: limits::BODY_BYTES,
            });
        }
        let reading = Self::read(kind, body_version, raw)?;
        if let BodyReading::Known(body) = &reading {
            body.check()?;
        }
        Ok(reading)
    }
}

/// Holds a body to the limits; most short bodies are held by their types alone.
trait Check {
    fn check(&self) -> Result<(), LimitError> {
        Ok(())
    }
}

/// Each element of a list that has at most `most`.
fn each<T>(
    field: &'static str,
    list: &[T],
    most: usize,
    one: impl Fn(&T) -> Result<(), LimitError>,
) -> Result<(), LimitError> {
    check::length(field, list.len(), most)?;
    list.iter().try_for_each(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> RawBody {
        RawBody::from_text(text).unwrap()
    }

    #[test]
    fn a_body_is_an_object() {
        for text in ["1", "null", "[]", "\"{\"", "true", "", "{", "{}{}"] {
            assert!(RawBody::from_text(text).is_err(), "{text}");
        }
        assert_eq!(raw(" { \"a\" : 1.0 } ").as_str(), "{ \"a\" : 1.0 }");
    }

    #[test]
    fn a_field_of_a_later_version_is_passed_over() {
        let body = raw(r#"{"up_to_seq":7,"mood":{"deep":[1]}}"#);
        let reading = Body::read(&Kind::MessageRead.into(), 1, &body).unwrap();
        assert!(
            matches!(reading, BodyReading::Known(Body::MessageRead(MessageRead { up_to_seq })) if up_to_seq.number() == 7)
        );
    }

    #[test]
    fn a_later_version_and_a_later_kind_are_no_faults() {
        let body = raw("{}");
        let newer = Body::read(&Kind::MessageRead.into(), 2, &body);
        assert_eq!(newer, Ok(BodyReading::NewerVersion));
        let kind = KindName::from_word("meal.recorded").unwrap();
        assert_eq!(Body::accept(&kind, 1, &body), Ok(BodyReading::UnknownKind));
    }

    #[test]
    fn a_body_without_what_its_kind_needs_is_a_fault() {
        for (version, text) in [(1, "{}"), (1, r#"{"up_to_seq":-1}"#), (0, r#"{"up_to_seq":1}"#)] {
            let reading = Body::read(&Kind::MessageRead.into(), version, &raw(text));
            assert!(
                matches!(reading, Err(ParseError::WrongShape { .. })),
                "{version} {text}"
            );
        }
    }

    #[test]
    fn a_long_body_is_accepted_by_nobody() {
        let text = format!(r#"{{"up_to_seq":1,"x":"{}"}}"#, "y".repeat(limits::BODY_BYTES));
        let accepted = Body::accept(&Kind::MessageRead.into(), 1, &raw(&text));
        assert!(matches!(accepted, Err(ParseError::TooLarge { .. })));
    }
}
