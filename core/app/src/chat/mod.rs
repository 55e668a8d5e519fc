//! The conversation between a participant and her dietitians.
//!
//! ```text
//!   draft ── send ──▶ outbox ──▶ … the log … ──▶ fold ──▶ message, read_mark
//!                        │                                   │
//!                        └── what waits, drawn over it ──────┴──▶ timeline ──▶ page
//!                        └── what was not sent ─────────────────▶ tray
//! ```
//!
//! | File | What it is |
//! | --- | --- |
//! | `fold.rs`, `sql.rs` | what entries amount to |
//! | `timeline`, `item.rs`, `message.rs` | what a screen shows |
//! | `compose.rs`, `tray.rs`, `draft`, `read_marks.rs` | what a person does |
//! | `files.rs` | pictures on this phone |
//! | `find.rs` | search in a conversation |
//!
//! Invariants:
//!
//! - A message and its operation are one row, of the outbox until its entry is folded and of the fold from then on. So it is never
//!   there twice, and never gone in between.
//! - Own edits and deletions that wait are drawn over what is read; the fold never knows of them.
//! - A message exists only after the files of its pictures are safe.
//!
//! Source: sync.md 3.2, 4, 6.3, 8, 9.1.

mod compose;
mod draft;
mod error;
mod files;
mod find;
pub(crate) mod fold;
mod item;
mod message;
mod overview;
mod read_marks;
mod sql;
#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "tests: an overflow is a failed test"
)]
mod tests;
mod timeline;
mod tray;

use std::collections::BTreeSet;

use ayumi_protocol::body::ActingStaff;
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::{CaseId, OpId};

pub use compose::NewMessage;
pub use draft::Draft;
pub use error::ChatError;
pub(crate) use files::{ChatFiles, files_to_keep};
pub use find::{Found, FoundPage};
pub use item::{
    Attention, Author, Delivery, ItemPicture, NotSent, NotSentKind, PageFrom, PictureFile, Place,
    ReplyPreview, TimelineItem, TimelinePage,
};
#[cfg(test)]
pub(crate) use overview::HOT_STATEMENTS as OVERVIEW_STATEMENTS;
pub(crate) use overview::states;
pub(crate) use read_marks::{MarkTimes, unread_in};
pub use read_marks::{Marked, UNREAD_MOST, Unread};

use crate::case;
use crate::clock::{Clock, Random};
use crate::store::{Reader, Store, Topic};
use crate::sync::outbox::Moment;
use crate::sync::pictures;
use message::care;
use timeline::Conversation;

/// Most items of one page.
pub const PAGE_ITEMS: usize = 200;

/// The conversations on this phone: her own, or those of the cases of a dietitian.
#[derive(Debug, Clone, Copy)]
pub struct Chat<'a> {
    store: &'a Store,
    clock: &'a dyn Clock,
    random: &'a dyn Random,
    files: &'a ChatFiles,
    marks: &'a MarkTimes,
}

impl<'a> Chat<'a> {
    pub(crate) const fn new(
        store: &'a Store,
        clock: &'a dyn Clock,
        random: &'a dyn Random,
        files: &'a ChatFiles,
        marks: &'a MarkTimes,
    ) -> Self {
        Self {
            store,
            clock,
            random,
            files,
            marks,
        }
    }

    fn moment(&self) -> Moment<'a> {
        Moment {
            now: self.clock.now(),
            random: self.random,
        }
    }

    /// A part of a conversation, oldest first: what the log holds, then what was written here and is not in it yet.
    ///
    /// `limit`: at most [`PAGE_ITEMS`]. `sending`: the operations that are on their way at this moment.
    /// Errors: `SignedOut`; `Store`. A case that is not on this phone has no items.
    pub fn timeline(
        &self,
        case_id: CaseId,
        from: PageFrom,
        limit: usize,
        sending: &BTreeSet<OpId>,
    ) -> Result<TimelinePage, ChatError> {
        self.store
            .read(|reader| self.timeline_in(reader, case_id, from, limit, sending))
    }

    /// The same, from the state of the data that a reader sees.
    pub(crate) fn timeline_in(
        &self,
        reader: &Reader<'_>,
        case_id: CaseId,
        from: PageFrom,
        limit: usize,
        sending: &BTreeSet<OpId>,
    ) -> Result<TimelinePage, ChatError> {
        let limit = limit.min(PAGE_ITEMS);
        Conversation::open(reader, case_id)?.page(from, limit, sending, self.files)
    }

    /// Has a picture fetched before others, because somebody looks at it. Nothing happens if it is here.
    ///
    /// Errors: `Store`.
    pub fn fetch_picture(&self, case_id: CaseId, sha256: Sha256) -> Result<(), ChatError> {
        if matches!(self.files.file(sha256)?, PictureFile::Here(_)) {
            return Ok(());
        }
        self.store.write(|tx| {
            pictures::want_opened(tx, care(case_id), sha256)?;
            tx.notify(Topic::Sync);
            Ok(())
        })
    }

    /// Who may answer, the dietitian first, each with name, profession and reply hours; empty until the log has told.
    ///
    /// Errors: `Store`.
    pub fn who_answers(&self, case_id: CaseId) -> Result<Vec<ActingStaff>, ChatError> {
        self.store.read(|reader| {
            let record = case::record(reader, case_id)?;
            Ok(record.map_or_else(Vec::new, |record| record.acting))
        })
    }

    /// When an answer can be expected, in the words of who answers first; `None` if nobody is assigned or nothing was said.
    ///
    /// Errors: `Store`.
    pub fn reply_hours(&self, case_id: CaseId) -> Result<Option<String>, ChatError> {
        let acting = self.who_answers(case_id)?;
        let hours = acting.into_iter().next().map(|staff| staff.reply_hours);
        Ok(hours.filter(|hours| !hours.is_empty()))
    }
}
