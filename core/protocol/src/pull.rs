//! Pulling: from each cursor on, page by page.

use serde::{Deserialize, Serialize};

use crate::cursor::{Cursor, Epoch, LogName, Seq};
use crate::entry::Entry;
use crate::limits::{self, LimitError, check};
use crate::problem::{ProblemCode, Refusal};
use crate::time::UtcMillis;
use crate::wire::Wire;

/// Asks for what is new in all logs that a phone replicates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PullRequest {
    /// The logs in the order in which the phone wants them: the open case, those with something unread, the rest.
    #[cfg_attr(feature = "openapi", schema(max_items = 1000))]
    pub logs: Vec<LogCursor>,
    /// Most entries of one page.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 500))]
    pub page_entries: u32,
    /// How long the server may wait for news before it answers that there are none; 0 for an answer at once.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(maximum = 25000))]
    pub wait_ms: u32,
}

/// How far a phone has replicated one log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogCursor {
    /// The log.
    pub log: LogName,
    /// Everything up to here is there. A log that is new to the phone starts with the epoch of its session.
    pub cursor: Cursor,
}

impl Wire for PullRequest {
    const MOST_BYTES: usize = limits::PULL_BYTES;

    fn check(&self) -> Result<(), LimitError> {
        check::length("logs", self.logs.len(), limits::PULL_LOGS)?;
        let entries = limits::PAGE_ENTRIES as u32; // 500
        check::range("page_entries", self.page_entries, 1, entries)?;
        let wait = limits::LONG_POLL_MOST.as_millis() as u32; // 25,000
        check::range("wait_ms", self.wait_ms, 0, wait)
    }
}

/// What is new. A log that is not listed has nothing new, or had no room: then another one has more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PullAnswer {
    /// The server's clock.
    pub server_time_ms: UtcMillis,
    /// Incarnation of the server's store.
    pub epoch: Epoch,
    /// The logs with news, at most once each.
    #[cfg_attr(feature = "openapi", schema(max_items = 1000))]
    pub logs: Vec<LogAnswer>,
    /// Logs were left out for want of room: ask again at once.
    #[serde(default)]
    pub has_more: bool,
}

impl Wire for PullAnswer {
    const MOST_BYTES: usize = limits::PULL_ANSWER_BYTES;

    fn check(&self) -> Result<(), LimitError> {
        check::length("logs", self.logs.len(), limits::PULL_LOGS)
    }
}

/// News of one log: a page or a refusal. One that fails does not hold up the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogAnswer {
    /// The log.
    pub log: LogName,
    /// What follows the cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<Page>,
    /// `epoch_changed`: read the log again from its start. `not_found`: no longer assigned, or never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
}

impl LogAnswer {
    /// Why there is no page, if a reason was given.
    #[must_use]
    pub fn refusal_code(&self) -> Option<&ProblemCode> {
        self.refusal.as_ref().map(|refusal| &refusal.code)
    }
}

/// Consecutive entries of one log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page {
    /// The cursor that was asked from.
    pub after: Cursor,
    /// Entries `after.seq + 1` and on, without a gap.
    pub entries: Vec<Entry>,
    /// Place of the last entry of the log when the page was made.
    pub head_seq: Seq,
    /// More follows: ask again at once.
    pub has_more: bool,
}

/// A page must not be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// It does not begin where the replica ends: a late or repeated answer. Drop it; nothing is wrong.
    #[error("apply a page: it begins at another place than the replica ends")]
    OtherBase,
    /// Its entries are not consecutive. Drop it, pull the log again, and count it: a server never sends this.
    #[error("apply a page: entry {expected:?} is missing")]
    Gap {
        /// The place that should have come.
        expected: Seq,
    },
}

impl Page {
    /// The gap check: whether the page follows a replica at `cursor`, and where the replica will be.
    ///
    /// Errors: `OtherBase`, `Gap`. Nothing of such a page may be applied.
    /// Source: sync.md 3.4 and 6.2.
    pub fn follow(&self, cursor: Cursor) -> Result<Cursor, PageError> {
        if self.after != cursor {
            return Err(PageError::OtherBase);
        }
        let mut last = cursor.seq;
        for entry in &self.entries {
            let expected = last.next().filter(|expected| *expected == entry.seq);
            last = expected.ok_or(PageError::Gap {
                expected: last.next().unwrap_or(last),
            })?;
        }
        Ok(Cursor {
            epoch: cursor.epoch,
            seq: last,
        })
    }
}
