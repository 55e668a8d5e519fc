//! Where many conversations stand, in a few statements for all of them together.

mod sql;

use std::collections::BTreeSet;

use ayumi_protocol::id::{AccountId, CaseId};

use super::message::{Talk, care, is_in_conversation};
use super::{ChatError, read_marks, tray};
use crate::store::Reader;
use crate::sync::outbox;
use crate::time::UtcMillis;

#[cfg(test)]
pub(crate) use sql::HOT_STATEMENTS;

/// Where the conversation of a case stands, as a dietitian sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConversationState {
    /// The case.
    pub case_id: CaseId,
    /// Messages of others that were not read, at most [`UNREAD_MOST`](super::UNREAD_MOST).
    pub unread: u32,
    /// When the participant's first message was recorded that no person has answered. An answer that waits to be sent is one.
    pub waiting_since: Option<UtcMillis>,
    /// Own messages in the tray of what was not sent.
    pub not_sent: u32,
}

/// Where the conversations of these cases stand, ascending by case. `own`: who is signed in.
pub(crate) fn states(
    reader: &Reader<'_>,
    cases: &BTreeSet<CaseId>,
    own: AccountId,
) -> Result<Vec<ConversationState>, ChatError> {
    let asked = sql::asked(cases);
    let mut states = sql::states(reader, &asked, own)?;
    let with_outbox = outbox::sql::cases_with_work(reader, &asked)?;
    for state in states
        .iter_mut()
        .filter(|state| with_outbox.contains(&state.case_id))
    {
        let talk = outbox::sql::talk_of_log(reader, care(state.case_id))?;
        state.not_sent = tray::count(&talk);
        let is_message = |talk: Talk| matches!(talk, Talk::Posted(_));
        if talk
            .iter()
            .filter(|outgoing| is_in_conversation(outgoing))
            .any(|outgoing| Talk::of(outgoing).is_some_and(is_message))
        {
            state.waiting_since = None;
        }
        state.unread = read_marks::unread(reader, state.case_id, own)?;
    }
    Ok(states)
}
