//! Search in Japanese and other languages, without a dictionary and without a tokenizer in C. Source: content.md 9–12.

mod normalise;
mod query;
mod sql;
mod table;
#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "tests: an overflow is a failed test"
)]
mod tests;
mod tokens;

pub use normalise::{NORMALISER_VERSION, Normalised, normalise};
pub use query::{QUERY_CHARACTERS, Query};
pub use table::{ARTICLES, BATCH, Change, Due, Hit, MESSAGES, Position, SearchTable};

use rusqlite::Connection;

use crate::store::StoreError;

/// Makes the tables of search in a new `cache.db`.
pub(crate) fn create_tables(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch(sql::BOOKKEEPING)?;
    MESSAGES.create(connection)?;
    ARTICLES.create(connection)
}
