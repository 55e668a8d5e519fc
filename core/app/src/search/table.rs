//! An index over the texts of one module: documents by their ids, what a query finds, and how far the index has followed
//! the logs that its documents come from.
//!
//! Invariants:
//!
//! - An index holds tokens, never texts. Who owns the texts shows them; the index can be lost at any time.
//! - A position is written in the transaction of the documents up to it, and only if the index still stands where the caller
//!   believed it to be: the cache may have been made again in between.
//! - An index that was made by another normaliser, or that followed a log which is no longer there, is built again beside the
//!   old one, which answers until the new one has caught up.
//!
//! Source: content.md 12.

use std::collections::BTreeMap;
use std::fmt;

use uuid::Uuid;

use super::normalise::{NORMALISER_VERSION, normalise};
use super::query::Query;
use super::sql;
use super::tokens::document_tokens;
use crate::store::{CacheReader, CacheTransaction, StoreError};

/// Messages of conversations, by the ids of their rows in `user.db`.
///
/// The words of a removed or replaced message leave the file with the next checkpoint.
pub const MESSAGES: SearchTable<1> = SearchTable {
    name: "message_fts",
    columns: ["body"],
    weights: [1.0],
    follows_logs: true,
    is_private: true,
};

/// Articles, by the ids of their rows in `cache.db`: title, then body.
pub const ARTICLES: SearchTable<2> = SearchTable {
    name: "article_fts",
    columns: ["title", "body"],
    weights: [5.0, 1.0],
    follows_logs: false,
    is_private: false,
};

/// Documents that are indexed in one step, so that a step is short and a cancelled one loses little.
pub const BATCH: usize = 50;

/// An index whose documents have `COLUMNS` texts.
#[derive(Debug, Clone, Copy)]
pub struct SearchTable<const COLUMNS: usize> {
    name: &'static str,
    columns: [&'static str; COLUMNS],
    /// How much a hit in each column counts.
    weights: [f64; COLUMNS],
    /// Whether the documents come from logs in `user.db`; else their rows are written in the same transaction.
    follows_logs: bool,
    /// Whether tokens must leave the file together with their document.
    is_private: bool,
}

/// A place in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The incarnation of the log, compared for equality only: in another one the log begins anew.
    pub epoch: Uuid,
    /// Number of the last entry up to here.
    pub seq: i64,
}

/// One of the two indexes that there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edition {
    /// The one that answers.
    Live,
    /// The one that is being built.
    Next,
}

impl Edition {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Next => "next",
        }
    }
}

/// What an index lacks: the documents of `log` after a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    edition: Edition,
    log: String,
    after: Option<Position>,
}

impl Due {
    /// The log, by the name under which its head was given.
    pub fn log(&self) -> &str {
        &self.log
    }

    /// Documents up to here are in the index. `None`: begin with the first one.
    pub fn after(&self) -> Option<Position> {
        self.after
    }
}

/// What happened to a document.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Change<'t, const COLUMNS: usize> {
    /// It is new or has another text now.
    Put {
        /// Its id, the same for ever.
        id: i64,
        /// One text per column.
        texts: [&'t str; COLUMNS],
    },
    /// It is gone.
    Remove {
        /// Its id.
        id: i64,
    },
}

impl<const COLUMNS: usize> fmt::Debug for Change<'_, COLUMNS> {
    /// Without the texts: they are what a person wrote.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put { id, .. } => write!(f, "Put({id})"),
            Self::Remove { id } => write!(f, "Remove({id})"),
        }
    }
}

/// A document that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Its id.
    pub id: i64,
    /// Lower is better; of no other meaning, and comparable within one search only.
    pub weight: f64,
}

/// What is known about an edition that exists.
struct State {
    normaliser_version: i64,
    reached: BTreeMap<String, Position>,
}

impl<const COLUMNS: usize> SearchTable<COLUMNS> {
    /// Makes the empty index, in a new `cache.db`.
    pub(super) fn create(&self, connection: &rusqlite::Connection) -> Result<(), StoreError> {
        sql::create(
            connection,
            self.name,
            &self.columns,
            Edition::Live,
            NORMALISER_VERSION,
        )
    }

    /// Puts a document into the index, in the place of one with the same id.
    pub fn put(
        &self,
        transaction: &CacheTransaction<'_>,
        id: i64,
        texts: [&str; COLUMNS],
    ) -> Result<(), StoreError> {
        self.apply(transaction, &[Change::Put { id, texts }])
    }

    /// Removes documents from the index. Those that are not there are skipped.
    pub fn remove(&self, transaction: &CacheTransaction<'_>, ids: &[i64]) -> Result<(), StoreError> {
        let changes: Vec<_> = ids.iter().map(|id| Change::Remove { id: *id }).collect();
        self.apply(transaction, &changes)
    }

    /// Changes both editions.
    fn apply(
        &self,
        transaction: &CacheTransaction<'_>,
        changes: &[Change<'_, COLUMNS>],
    ) -> Result<(), StoreError> {
        for edition in [Edition::Live, Edition::Next] {
            if sql::normaliser_version(transaction.connection(), self.name, edition)?.is_some() {
                self.apply_to(transaction, edition, changes)?;
            }
        }
        Ok(())
    }

    fn apply_to(
        &self,
        transaction: &CacheTransaction<'_>,
        edition: Edition,
        changes: &[Change<'_, COLUMNS>],
    ) -> Result<(), StoreError> {
        let connection = transaction.connection();
        let table = sql::table_name(self.name, edition);
        let mut leaves_words = false;
        for change in changes {
            match change {
                Change::Put { id, texts } => {
                    leaves_words |= sql::delete(connection, &table, *id)?;
                    let tokens = texts.map(|text| document_tokens(normalise(text).text()));
                    sql::insert(connection, &table, &self.columns, *id, &tokens)?;
                }
                Change::Remove { id } => leaves_words |= sql::delete(connection, &table, *id)?,
            }
        }
        // FTS5's own `secure-delete` does nothing here: a contentless table does not know the words of what it deletes,
        // notes the id as deleted and keeps them. A test looks for them in the bytes of the file.
        if leaves_words && self.is_private {
            sql::purge(connection, &table)?;
        }
        Ok(())
    }

    /// What the index lacks, given the ends of all logs that it is to follow, or `None` once it has caught up.
    ///
    /// Begins to build the index again when that is necessary, and puts the new one in place when it has caught up. An index
    /// over rows of `cache.db` has one log of its own naming, whose positions are ids (`epoch` nil): it lacks documents only
    /// while it is built again.
    pub fn due(
        &self,
        transaction: &CacheTransaction<'_>,
        heads: &BTreeMap<String, Position>,
    ) -> Result<Option<Due>, StoreError> {
        let connection = transaction.connection();
        let live = self.state(transaction, Edition::Live)?;
        let live_fits = live.as_ref().is_some_and(|live| self.fits(live, heads));
        if let Some(live) = &live
            && self.follows_logs
        {
            // Before anything else, or what was just written would be found only after the index is built again.
            let behind = heads.iter().find_map(|(log, head)| {
                let after = live.reached.get(log).copied();
                let is_behind = after.map_or(live_fits, |at| at.epoch == head.epoch && at.seq < head.seq);
                is_behind.then(|| Due {
                    edition: Edition::Live,
                    log: log.clone(),
                    after,
                })
            });
            if behind.is_some() {
                return Ok(behind);
            }
        }
        let next = self.state(transaction, Edition::Next)?;
        if live_fits {
            if next.is_some() {
                sql::drop_edition(connection, self.name, Edition::Next)?;
            }
            return Ok(None);
        }
        let reached = match next {
            Some(next) if self.fits(&next, heads) => next.reached,
            _ => {
                tracing::info!(index = self.name, "search index is built again");
                sql::drop_edition(connection, self.name, Edition::Next)?;
                sql::create(
                    connection,
                    self.name,
                    &self.columns,
                    Edition::Next,
                    NORMALISER_VERSION,
                )?;
                BTreeMap::new()
            }
        };
        for (log, head) in heads {
            let after = reached.get(log).copied();
            if after.is_none_or(|at| at.seq < head.seq) {
                return Ok(Some(Due {
                    edition: Edition::Next,
                    log: log.clone(),
                    after,
                }));
            }
        }
        sql::swap(connection, self.name)?;
        if !self.follows_logs {
            sql::forget_positions(connection, self.name, Edition::Live)?;
        }
        tracing::info!(index = self.name, "search index was built again");
        Ok(None)
    }

    /// Indexes what [`Self::due`] asked for: what happened in its log after its position, up to `reached`.
    ///
    /// `changes` give each document once, as it is now; [`BATCH`] of them are a good step. `reached` must lie behind the
    /// position asked for, or the next question is the same; with nothing left it is the head of the log.
    /// Answers `false`, and changes nothing, if the index no longer stands at that position: ask again what is due.
    pub fn index(
        &self,
        transaction: &CacheTransaction<'_>,
        due: &Due,
        changes: &[Change<'_, COLUMNS>],
        reached: Position,
    ) -> Result<bool, StoreError> {
        let stands_there = self
            .state(transaction, due.edition)?
            .is_some_and(|state| state.reached.get(&due.log).copied() == due.after);
        if !stands_there {
            return Ok(false);
        }
        self.apply_to(transaction, due.edition, changes)?;
        sql::set_position(
            transaction.connection(),
            self.name,
            due.edition,
            &due.log,
            reached,
        )?;
        Ok(true)
    }

    /// Ids of documents that match, the highest first, below `before` if it is given: the way to the next page.
    pub fn newest(
        &self,
        reader: &CacheReader<'_>,
        query: &Query,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<i64>, StoreError> {
        let before = before.unwrap_or(i64::MAX);
        sql::newest(reader.connection(), self.name, query.expression(), before, limit)
    }

    /// Documents that match, the best first; those of one weight by id, the highest first.
    ///
    /// A search for one single kanji or kana matches nearly everything, so it weighs nothing: 0 for a hit in the first column,
    /// 1 for any other, and all of them, since only the caller knows which are the newest.
    pub fn ranked(
        &self,
        reader: &CacheReader<'_>,
        query: &Query,
        limit: u32,
    ) -> Result<Vec<Hit>, StoreError> {
        let connection = reader.connection();
        let expression = query.expression();
        if !query.is_single_character() {
            let found = sql::by_bm25(connection, self.name, &self.weights, expression, limit)?;
            return Ok(found.into_iter().map(|(id, weight)| Hit { id, weight }).collect());
        }
        let first_column = self.columns.first().copied().unwrap_or_default();
        let mut titles = sql::all(connection, self.name, &format!("{first_column} : {expression}"))?;
        let others = sql::all(connection, self.name, expression)?;
        let mut hits: Vec<Hit> = titles.iter().map(|id| Hit { id: *id, weight: 0.0 }).collect();
        titles.reverse();
        hits.extend(
            others
                .into_iter()
                .filter(|id| titles.binary_search(id).is_err())
                .map(|id| Hit { id, weight: 1.0 }),
        );
        Ok(hits)
    }

    fn state(&self, reader: &CacheReader<'_>, edition: Edition) -> Result<Option<State>, StoreError> {
        let connection = reader.connection();
        let Some(normaliser_version) = sql::normaliser_version(connection, self.name, edition)? else {
            return Ok(None);
        };
        Ok(Some(State {
            normaliser_version,
            reached: sql::positions(connection, self.name, edition)?,
        }))
    }

    /// Whether an edition can go on: made by this normaliser, and every log it followed is still there and not shorter.
    fn fits(&self, state: &State, heads: &BTreeMap<String, Position>) -> bool {
        let may_follow = |(log, at): (&String, &Position)| {
            heads
                .get(log)
                .is_some_and(|head| at.epoch == head.epoch && at.seq <= head.seq)
        };
        state.normaliser_version == NORMALISER_VERSION
            && (!self.follows_logs || state.reached.iter().all(may_follow))
    }
}
