//! Schemas of the types that write and read themselves by hand, for the description of the interface. The others derive theirs.
//!
//! A derived schema takes numbers and no constants, so the limits stand twice; the tests below hold them together.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AnyOfBuilder, KnownFormat, Object, ObjectBuilder, Ref, Schema, SchemaFormat, Type,
};

use crate::limits;

type Described = RefOr<Schema>;

/// Words with what each means.
type Words<'w> = &'w [(&'w str, &'w str)];

/// The form of every word, known or not.
const WORD: &str = "^[a-z0-9_./+-]{1,64}$";

fn string(description: &str) -> ObjectBuilder {
    let description = Some(description.trim().to_owned());
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(description)
}

/// Doc comments keep the space after their slashes.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn with_meanings(description: &str, words: Words<'_>) -> String {
    let lines = words
        .iter()
        .map(|(word, meaning)| format!("\n- `{word}`: {}", one_line(meaning)));
    format!("{}\n{}", one_line(description), lines.collect::<String>())
}

fn known(words: Words<'_>) -> Vec<String> {
    words.iter().map(|(word, _)| (*word).to_owned()).collect()
}

/// An enumeration that takes no other word.
pub(crate) fn closed_words(description: &str, words: Words<'_>) -> Described {
    string(&with_meanings(description, words))
        .enum_values(Some(known(words)))
        .into()
}

/// An enumeration that a later version may add words to.
pub(crate) fn open_words(description: &str, words: Words<'_>) -> Described {
    let description = with_meanings(description, words) + "\n\nA later version may add words.";
    AnyOfBuilder::new()
        .description(Some(description))
        .item(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .enum_values(Some(known(words))),
        )
        .item(ObjectBuilder::new().schema_type(Type::String).pattern(Some(WORD)))
        .into()
}

/// A text in the form of a word.
pub(crate) fn word(description: &str) -> Described {
    string(&one_line(description)).pattern(Some(WORD)).into()
}

/// A UUID of 36 characters.
pub(crate) fn uuid(description: &str) -> Described {
    let format = SchemaFormat::KnownFormat(KnownFormat::Uuid);
    string(&one_line(description)).format(Some(format)).into()
}

/// A calendar date as `YYYY-MM-DD`.
pub(crate) fn date(description: &str) -> Described {
    let format = SchemaFormat::KnownFormat(KnownFormat::Date);
    string(description).format(Some(format)).into()
}

/// A text of a form.
pub(crate) fn text(description: &str, pattern: &str) -> Described {
    string(description).pattern(Some(pattern)).into()
}

/// What nobody may see.
pub(crate) fn secret(description: &str) -> Described {
    string(description)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
        .min_length(Some(1))
        .max_length(Some(limits::SECRET_BYTES))
        .into()
}

/// A whole number within `least..=most`.
pub(crate) fn integer(description: &str, least: i64, most: i64) -> Described {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .description(Some(description.to_owned()))
        .minimum(Some(least))
        .maximum(Some(most))
        .into()
}

/// The body of an entry: one of `bodies` (kind, name of its schema), or one of a later version.
pub(crate) fn any_body(bodies: &[(&str, Cow<'static, str>)]) -> Described {
    let description =
        "The body of an entry, kept and sent on byte for byte. What it has to hold follows from the kind.";
    let mut any = AnyOfBuilder::new().description(Some(description.to_owned()));
    for (kind, name) in bodies {
        let mut body = Ref::from_schema_name(name.as_ref());
        body.description = format!("The body of `{kind}`.");
        any = any.item(body);
    }
    any.item(Object::with_type(Type::Object)).into()
}

#[cfg(test)]
mod tests {
    use utoipa::{PartialSchema, ToSchema};

    use super::*;

    fn json<T: PartialSchema>() -> serde_json::Value {
        serde_json::to_value(T::schema()).unwrap()
    }

    #[test]
    fn numbers_of_a_schema_are_those_of_the_limits() {
        use crate::{body, caseload, coordination, pull, push, session, upload};
        let limit = |value: usize| i64::try_from(value).unwrap();
        let (texts, lines) = (limit(limits::TEXT_CHARS), limit(limits::LINE_CHARS));
        let edge = i64::from(limits::PICTURE_EDGE_PX);
        let table = [
            (
                json::<push::PushRequest>(),
                "operations",
                "maxItems",
                limit(limits::PUSH_OPERATIONS),
            ),
            (
                json::<push::PushAnswer>(),
                "results",
                "maxItems",
                limit(limits::PUSH_OPERATIONS),
            ),
            (
                json::<pull::PullRequest>(),
                "logs",
                "maxItems",
                limit(limits::PULL_LOGS),
            ),
            (
                json::<pull::PullRequest>(),
                "page_entries",
                "maximum",
                limit(limits::PAGE_ENTRIES),
            ),
            (
                json::<pull::PullRequest>(),
                "wait_ms",
                "maximum",
                i64::try_from(limits::LONG_POLL_MOST.as_millis()).unwrap(),
            ),
            (
                json::<caseload::CaseloadAnswer>(),
                "cases",
                "maxItems",
                limit(limits::PULL_LOGS),
            ),
            (json::<session::DeviceDescription>(), "model", "maxLength", lines),
            (json::<session::StaffSignInRequest>(), "login", "maxLength", lines),
            (
                json::<upload::UploadRequest>(),
                "length_bytes",
                "maximum",
                limits::PICTURE_BYTES.into(),
            ),
            (json::<upload::UploadRequest>(), "width_px", "maximum", edge),
            (
                json::<body::Attachment>(),
                "length_bytes",
                "maximum",
                limits::PICTURE_BYTES.into(),
            ),
            (json::<body::Attachment>(), "height_px", "maximum", edge),
            (
                json::<body::Thumbnail>(),
                "height_px",
                "maximum",
                limits::THUMBNAIL_EDGE_PX.into(),
            ),
            (json::<body::MessagePosted>(), "text", "maxLength", texts),
            (
                json::<body::MessagePosted>(),
                "attachments",
                "maxItems",
                limit(limits::PICTURES),
            ),
            (
                json::<body::MessagePosted>(),
                "triage",
                "maxItems",
                limit(limits::SHORT_LIST),
            ),
            (json::<body::CaseOpened>(), "name", "maxLength", lines),
            (
                json::<body::AssignmentChanged>(),
                "acting",
                "maxItems",
                limit(limits::ACTING_STAFF),
            ),
            (json::<body::StepsDay>(), "sensor_steps", "maximum", limits::STEPS),
            (
                json::<body::StepsDay>(),
                "hours",
                "maxItems",
                limit(limits::HOUR_SLOTS),
            ),
            (
                json::<body::StepsDay>(),
                "paused",
                "maxItems",
                limit(limits::SPANS),
            ),
            (json::<body::HourSlot>(), "steps", "maximum", limits::STEPS),
            (
                json::<body::WeightRecorded>(),
                "typed",
                "maxLength",
                limit(limits::TYPED_CHARS),
            ),
            (
                json::<body::WeightRecorded>(),
                "weight_10g",
                "minimum",
                limits::WEIGHT_LEAST_10G.into(),
            ),
            (
                json::<body::WeightRecorded>(),
                "weight_10g",
                "maximum",
                limits::WEIGHT_MOST_10G.into(),
            ),
            (
                json::<body::WeightRecorded>(),
                "waist_mm",
                "minimum",
                limits::WAIST_LEAST_MM.into(),
            ),
            (
                json::<body::WeightRecorded>(),
                "waist_mm",
                "maximum",
                limits::WAIST_MOST_MM.into(),
            ),
            (
                json::<body::SettingsChanged>(),
                "value",
                "maxLength",
                limit(limits::SETTING_BYTES),
            ),
            (
                json::<body::InterviewRecorded>(),
                "minutes",
                "maximum",
                limits::CONTACT_MOST_MIN.into(),
            ),
            (
                json::<body::SupportClosed>(),
                "group_size",
                "maximum",
                limits::GROUP_MOST.into(),
            ),
            (
                json::<body::PlanSet>(),
                "goals",
                "maxItems",
                limit(limits::SHORT_LIST),
            ),
            (json::<body::QuestionAnswered>(), "text", "maxLength", texts),
            (json::<body::NotePosted>(), "text", "maxLength", texts),
            (
                json::<coordination::InvitationRequest>(),
                "name",
                "maxLength",
                lines,
            ),
            (
                json::<coordination::AssignmentRequest>(),
                "acting",
                "maxItems",
                limit(limits::ACTING_STAFF),
            ),
        ];
        for (schema, field, bound, expected) in table {
            assert_eq!(
                schema["properties"][field][bound], expected,
                "{field} {bound} in {schema}"
            );
        }
    }

    #[test]
    fn a_field_that_may_be_null_and_not_missing_is_required_and_takes_null() {
        let schema = json::<crate::session::PushTokenRequest>();
        assert_eq!(
            schema["required"],
            serde_json::json!(["service", "token"]),
            "{schema}"
        );
        let token = schema["properties"]["token"].to_string();
        assert!(token.contains(r#""null""#), "{token}");
    }

    #[test]
    fn what_an_old_reader_does_not_know_is_left_open() {
        for schema in [
            json::<crate::entry::Entry>(),
            json::<crate::operation::Operation>(),
            json::<crate::push::PushAnswer>(),
        ] {
            assert!(!schema.to_string().contains("additionalProperties"), "{schema}");
        }
        let code = json::<crate::problem::ProblemCode>().to_string();
        assert!(
            code.contains("token_expired") && code.contains(r"{1,64}"),
            "{code}"
        );
    }

    #[test]
    fn every_body_stands_among_the_schemas_of_an_operation() {
        let mut schemas = Vec::new();
        crate::push::PushRequest::schemas(&mut schemas);
        for name in [
            "Operation",
            "RawBody",
            "MessagePosted",
            "QuestionFaqApproved",
            "Thumbnail",
            "OpId",
        ] {
            assert!(schemas.iter().any(|(known, _)| known == name), "{name}");
        }
    }
}
