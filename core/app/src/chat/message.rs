//! A message on its way to a screen, and the changes that are drawn over it.

use ayumi_protocol::body::{Attachment, AuthoredBy, Body, BodyReading, MessagePosted};
use ayumi_protocol::cursor::{Audience, LogName, Seq};
use ayumi_protocol::entry::Entry;
use ayumi_protocol::id::{AccountId, CaseId, OpId};
use ayumi_protocol::session::Role;
use ayumi_protocol::version::AppVersion;

use super::item::Place;
use crate::sync::outbox::{OperationState, Outgoing};
use crate::time::UtcMillis;

/// The log in which conversations are.
pub(super) const fn care(case_id: CaseId) -> LogName {
    LogName {
        case_id,
        audience: Audience::Care,
    }
}

/// A message of the fold, of the outbox, or one that a restored server lost.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Message {
    pub place: Place,
    pub seq: Option<Seq>,
    pub op_id: OpId,
    pub author_id: AccountId,
    pub author_role: Role,
    pub text: Option<String>,
    pub pictures: Vec<Attachment>,
    pub reply_to: Option<OpId>,
    pub occurred_at: UtcMillis,
    pub utc_offset_min: i16,
    pub recorded_at: Option<UtcMillis>,
    pub is_deleted: bool,
    pub is_erased: bool,
    pub is_edited: bool,
    pub is_automated: bool,
    pub is_lost: bool,
    pub has_unsent_change: bool,
    pub needs_app: Option<AppVersion>,
    /// The operation, while it is in the outbox.
    pub outgoing: Option<Box<Outgoing>>,
}

impl Message {
    /// An own message of the outbox.
    pub(super) fn of_outgoing(
        outgoing: &Outgoing,
        posted: MessagePosted,
        author_id: AccountId,
        author_role: Role,
    ) -> Self {
        let operation = &outgoing.operation;
        Self {
            place: Place::own(outgoing.local_seq),
            seq: outgoing.server_seq,
            op_id: operation.op_id,
            author_id,
            author_role,
            text: Some(posted.text),
            pictures: posted.attachments,
            reply_to: posted.reply_to,
            occurred_at: operation.occurred_at_ms.into(),
            utc_offset_min: operation.utc_offset_min.minutes(),
            recorded_at: outgoing.recorded_at,
            is_deleted: false,
            is_erased: false,
            is_edited: false,
            is_automated: posted.authored_by == AuthoredBy::Automated,
            is_lost: false,
            has_unsent_change: false,
            needs_app: None,
            outgoing: Some(Box::new(outgoing.clone())),
        }
    }

    /// A message that a restored server lost, and behind which entry it stood.
    pub(super) fn of_lost(after: Seq, entry: &Entry, posted: MessagePosted) -> Self {
        Self {
            place: Place::lost(after, entry.seq),
            seq: None,
            op_id: entry.op_id,
            author_id: entry.author_id,
            author_role: entry.author_role.clone(),
            text: Some(posted.text),
            pictures: posted.attachments,
            reply_to: posted.reply_to,
            occurred_at: entry.occurred_at_ms.into(),
            utc_offset_min: entry.utc_offset_min.minutes(),
            recorded_at: None,
            is_deleted: false,
            is_erased: false,
            is_edited: false,
            is_automated: posted.authored_by == AuthoredBy::Automated,
            is_lost: true,
            has_unsent_change: false,
            needs_app: None,
            outgoing: None,
        }
    }

    /// Whether an edit can still show on it.
    pub(super) fn can_change(&self) -> bool {
        !self.is_deleted && !self.is_erased && self.needs_app.is_none()
    }

    /// Draws a change over it, by the rules of the fold: only its author's, and a deletion wins for ever.
    pub(super) fn apply(&mut self, change: &Change) {
        if change.author_id != self.author_id || !self.can_change() {
            return;
        }
        self.has_unsent_change |= change.is_unsent;
        if let Some(text) = &change.text {
            self.text = Some(text.clone());
            self.is_edited = true;
        } else {
            self.text = None;
            self.pictures.clear();
            self.is_deleted = true;
        }
    }
}

/// An edit or a deletion.
pub(super) struct Change {
    pub target: OpId,
    pub author_id: AccountId,
    /// `None`: a deletion.
    pub text: Option<String>,
    /// An own one that the log does not have yet.
    pub is_unsent: bool,
}

/// What an operation of the talk lane does to the conversation.
pub(super) enum Talk {
    Posted(MessagePosted),
    Edited { target: OpId, text: String },
    Deleted { target: OpId },
}

impl Talk {
    /// `None`: something else, or of a later version of the app.
    pub(super) fn of(outgoing: &Outgoing) -> Option<Self> {
        let operation = &outgoing.operation;
        match Body::read(&operation.kind, operation.body_version, &operation.body) {
            Ok(BodyReading::Known(body)) => Self::of_body(body),
            _ => None,
        }
    }

    pub(super) fn of_entry(entry: &Entry) -> Option<Self> {
        match entry.read_body() {
            Ok(Some(BodyReading::Known(body))) => Self::of_body(body),
            _ => None,
        }
    }

    fn of_body(body: Body) -> Option<Self> {
        match body {
            Body::MessagePosted(posted) => Some(Self::Posted(posted)),
            Body::MessageEdited(edited) => Some(Self::Edited {
                target: edited.target,
                text: edited.text,
            }),
            Body::MessageDeleted(deleted) => Some(Self::Deleted {
                target: deleted.target,
            }),
            _ => None,
        }
    }

    /// As a change by an author; `None` for a message.
    pub(super) fn into_change(self, author_id: AccountId, is_unsent: bool) -> Option<Change> {
        let (target, text) = match self {
            Self::Posted(_) => return None,
            Self::Edited { target, text } => (target, Some(text)),
            Self::Deleted { target } => (target, None),
        };
        Some(Change {
            target,
            author_id,
            text,
            is_unsent,
        })
    }
}

/// Whether an operation stands in the conversation, and not in the tray of what was not sent.
pub(super) fn is_in_conversation(outgoing: &Outgoing) -> bool {
    matches!(outgoing.state, OperationState::Queued | OperationState::Sent)
}
