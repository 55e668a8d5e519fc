//! What a dietitian works with: her cases in the order in which they need her, one participant's whole picture, templates, notes.
//!
//! ```text
//!   care logs ──▶ case, chat ──┐
//!   staff logs ──▶ notes ──────┼──▶ caseload, participant      no request: all of it is on this phone
//!   what the server told ──────┘    only about cases of which nothing has arrived
//! ```
//!
//! | File | What it is |
//! | --- | --- |
//! | `caseload.rs` | one line for each case, and the order |
//! | `participant.rs` | one case |
//! | `templates.rs` | beginnings of messages |
//! | `notes.rs`, `fold.rs` | the staff log |
//!
//! Invariants:
//!
//! - Everything here answers `NotStaff` on a participant's phone, and no staff log is ever on one.
//! - A note and its operation are one row, as with messages: of the outbox until its entry is folded, of the fold from then on.
//!
//! Source: sync.md 3.5, 3.6, 6.5.

mod caseload;
mod error;
pub(crate) mod fold;
mod notes;
mod participant;
mod sql;
mod templates;
#[cfg(test)]
mod tests;

use ayumi_protocol::cursor::{Audience, LogName};
use ayumi_protocol::id::CaseId;

pub use caseload::{CaseloadLine, Need, SILENT_DAYS};
pub(crate) use caseload::{forget_summary, keep_summaries};
pub use error::StaffError;
pub use notes::{NewNote, Note, RefusedChange};
pub use participant::ParticipantPicture;
pub use templates::{MessageTemplate, TemplateLimits};

use crate::chat::Chat;
use crate::clock::{Clock, Random};
use crate::store::{Reader, Store};
use crate::sync::account::{self, Account};
use crate::sync::outbox::Moment;

/// The work of a dietitian on her phone.
#[derive(Debug, Clone, Copy)]
pub struct Staff<'a> {
    store: &'a Store,
    clock: &'a dyn Clock,
    random: &'a dyn Random,
    chat: Chat<'a>,
}

impl<'a> Staff<'a> {
    pub(crate) const fn new(
        store: &'a Store,
        clock: &'a dyn Clock,
        random: &'a dyn Random,
        chat: Chat<'a>,
    ) -> Self {
        Self {
            store,
            clock,
            random,
            chat,
        }
    }

    fn moment(&self) -> Moment<'a> {
        Moment {
            now: self.clock.now(),
            random: self.random,
        }
    }
}

/// Who is signed in, if that is a member of the staff.
fn signed_in(reader: &Reader<'_>) -> Result<Account, StaffError> {
    let account = account::read(reader)?.ok_or(StaffError::SignedOut)?;
    if account.is_staff() {
        Ok(account)
    } else {
        Err(StaffError::NotStaff)
    }
}

/// The log that participants never have.
const fn staff_log(case_id: CaseId) -> LogName {
    LogName {
        case_id,
        audience: Audience::Staff,
    }
}
