//! Schemas of the types that are read and written by hand. They say what a reader accepts, as far as a schema can say it.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};

use crate::body::RawBody;
use crate::cursor::{Epoch, Seq};
use crate::hash::Sha256;
use crate::id::OpId;
use crate::limits;
use crate::operation::{Operation, RawOperation};
use crate::problem::ProblemCode;
use crate::push::OperationResult;
use crate::session::Secret;
use crate::time::{LocalDate, UtcMillis, UtcOffset, ZoneName};
use crate::version::AppVersion;

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn integer(least: i64, most: i64) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(least))
        .maximum(Some(most))
        .into()
}

/// One of some words and no other.
pub(crate) fn one_of(words: &[&str]) -> RefOr<Schema> {
    text().enum_values(Some(words.iter().copied())).into()
}

/// One of some words, or another of a later version.
pub(crate) fn open_word(words: &[&str]) -> RefOr<Schema> {
    let known = (!words.is_empty()).then(|| format!("Known today: {}.", words.join(", ")));
    text()
        .pattern(Some("^[a-z0-9_.\\-/+]{1,64}$"))
        .description(known)
        .into()
}

/// A UUID with hyphens.
pub(crate) fn uuid() -> RefOr<Schema> {
    text()
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
        .into()
}

schema!(Epoch, uuid());
schema!(Seq, integer(0, (1 << 53) - 1));
schema!(Sha256, text().pattern(Some("^[0-9a-f]{64}$")).into());
schema!(UtcMillis, integer(-(1 << 53) + 1, (1 << 53) - 1));
schema!(
    LocalDate,
    text()
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
        .into()
);
schema!(
    ZoneName,
    text()
        .description(Some("A name of the time zone database, such as Asia/Tokyo."))
        .into()
);
schema!(UtcOffset, integer(-24 * 60, 24 * 60));
schema!(
    AppVersion,
    text()
        .pattern(Some("^(0|[1-9][0-9]{0,4})(\\.(0|[1-9][0-9]{0,4})){2}$"))
        .into()
);
schema!(
    Secret,
    text()
        .min_length(Some(1))
        .max_length(Some(limits::SECRET_BYTES))
        .into()
);
schema!(
    RawBody,
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("The body, by kind and version."))
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .into()
);
// An operation that cannot be read gets a result of its own, so the batch takes any object here.
schema!(RawOperation, Operation::schema());
schema!(
    OperationResult,
    ObjectBuilder::new()
        .property("op_id", OpId::schema())
        .property(
            "outcome",
            one_of(&["stored", "duplicate", "refused", "not_tried"])
        )
        .required("outcome")
        .property("seq", Seq::schema())
        .property("recorded_at_ms", UtcMillis::schema())
        .property("code", ProblemCode::schema())
        .property("retry_after_ms", integer(0, i64::MAX))
        .into()
);
