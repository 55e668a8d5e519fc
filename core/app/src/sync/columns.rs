//! Typed values from columns of text.

use rusqlite::types::Type;
use rusqlite::{Result as SqlResult, Row};

/// The column does not hold what the schema says.
#[derive(Debug, thiserror::Error)]
#[error("read a column: it does not hold {expected}")]
struct Unexpected {
    expected: &'static str,
}

/// Reads a column of text as a value.
pub(crate) fn parsed<T>(
    row: &Row<'_>,
    column: usize,
    expected: &'static str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> SqlResult<T> {
    let text: String = row.get(column)?;
    parse(&text).ok_or_else(|| unexpected(column, expected))
}

/// Reads a column of text or NULL as a value.
pub(crate) fn parsed_option<T>(
    row: &Row<'_>,
    column: usize,
    expected: &'static str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> SqlResult<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| parse(&text).ok_or_else(|| unexpected(column, expected)))
        .transpose()
}

/// The error for a column that holds something else.
pub(crate) fn unexpected(column: usize, expected: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(Unexpected { expected }))
}
