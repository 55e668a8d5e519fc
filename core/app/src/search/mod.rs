//! Search in Japanese and other languages, without a dictionary and without a tokenizer in C. Source: content.md 9–12.
//!
//! Japanese has no spaces, and most words that people look for have two characters. So kanji and kana are indexed as
//! overlapping pairs, in an index of FTS5 that holds no texts and lives in `cache.db`, where it may be lost at any time.
//!
//! ```text
//!   text ── normalise ──▶ tokens ──▶ table          index: put, remove, due, index
//!                                      │
//!   typed ─ normalise ──▶ query ───────┴──▶ ids     search: newest, ranked
//!                           │
//!   text of a hit ──────────┴──▶ snippet, places    marks, from the text that its owner keeps
//! ```
//!
//! How a module uses it. One that owns texts has a constant [`SearchTable`] in `table.rs` and an id for each text that never
//! stands for another one.
//!
//! - *Searching*: [`Query::parse`] (`None`: there is nothing to search for), [`SearchTable::newest`] or
//!   [`SearchTable::ranked`] inside `Store::read_cache`; then, after that call, the texts by their ids from `user.db` (a thread
//!   has one file at a time), and [`Query::snippet`] of each. A hit without a text or without a snippet is left out: the index
//!   may be ahead of the texts or behind them.
//! - *Texts in `cache.db`*: [`SearchTable::put`] and [`SearchTable::remove`] in the transaction that writes their rows.
//! - *Texts of logs in `user.db`*: in a loop, after every change and at the start,
//!   1. the end of every log, in `Store::read`;
//!   2. [`SearchTable::due`] in `Store::write_cache`: the log and the position that the index lacks, or `None`: done;
//!   3. what happened after that position, at most [`BATCH`] documents as they are now, in `Store::read`;
//!   4. [`SearchTable::index`] in `Store::write_cache`, which writes tokens and position together; `false` means that the cache
//!      was made again meanwhile, and the loop goes on with 2.
//!
//! Invariants:
//!
//! - Index and query pass the same [`normalise`]; its version stands beside the index, and another one builds it again while
//!   the old one answers.
//! - No input is an error of FTS5 or SQL: expressions are built from tokens, each in quotes.
//! - What a person wrote or typed is in no `Debug` output, error or log line.

mod normalise;
mod query;
mod snippet;
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
pub use snippet::Snippet;
pub use table::{ARTICLES, BATCH, Change, Due, Hit, MESSAGES, Position, SearchTable};

use rusqlite::Connection;

use crate::store::StoreError;

/// Makes the tables of search in a new `cache.db`.
pub(crate) fn create_tables(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch(sql::BOOKKEEPING)?;
    MESSAGES.create(connection)?;
    ARTICLES.create(connection)
}
