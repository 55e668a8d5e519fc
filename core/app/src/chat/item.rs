//! What a screen shows of a conversation.

use std::fmt;
use std::path::PathBuf;

use ayumi_protocol::body::Attachment;
use ayumi_protocol::cursor::Seq;
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::{AccountId, OpId};
use ayumi_protocol::session::Role;
use ayumi_protocol::version::AppVersion;

use crate::sync::outbox::{OperationState, Outgoing, park_reason};
use crate::time::UtcMillis;

/// Where an item stands in its conversation. Given back to ask for what is before or after it; means nothing else.
///
/// First what the log holds, each followed by what a restored server lost behind it; then own messages that wait, in the order
/// in which they were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    seq: i64,
    old_seq: i64,
    local_seq: i64,
}

impl Place {
    pub(super) const END: Self = Self {
        seq: i64::MAX,
        old_seq: i64::MAX,
        local_seq: i64::MAX,
    };

    pub(super) const fn recorded(seq: Seq) -> Self {
        Self {
            seq: seq.number(),
            old_seq: 0,
            local_seq: 0,
        }
    }

    /// `old` is at least 1, so it stands behind the entry at `after`.
    pub(super) const fn lost(after: Seq, old: Seq) -> Self {
        Self {
            seq: after.number(),
            old_seq: old.number(),
            local_seq: 0,
        }
    }

    pub(super) const fn own(local_seq: i64) -> Self {
        Self {
            seq: i64::MAX,
            old_seq: 0,
            local_seq,
        }
    }

    /// What the log holds before this place has a lower number than the answer.
    pub(super) const fn recorded_before(self) -> i64 {
        if self.old_seq > 0 {
            self.seq.saturating_add(1)
        } else {
            self.seq
        }
    }

    /// What the log holds after this place has a higher number than the answer.
    pub(super) const fn recorded_after(self) -> i64 {
        self.seq
    }
}

/// Which part of a conversation is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageFrom {
    /// Its end.
    Newest,
    /// What stands before an item, the nearest of it.
    Before(Place),
    /// What stands after an item, the nearest of it.
    After(Place),
}

/// A part of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelinePage {
    /// In the order in which they are read. Each operation is there once at most.
    pub items: Vec<TimelineItem>,
    /// Whether something stands before the first one.
    pub has_older: bool,
    /// Whether something stands after the last one.
    pub has_newer: bool,
    /// How many wait in the tray of what was not sent; see [`Chat::not_sent`](super::Chat::not_sent).
    pub not_sent: u32,
}

/// Who wrote something.
#[derive(Clone, PartialEq, Eq)]
pub struct Author {
    /// The account.
    pub account_id: AccountId,
    /// In which role.
    pub role: Role,
    /// The name, if the log tells it: hers, or that of somebody who acts for her now.
    pub name: Option<String>,
    /// It is who is signed in on this phone.
    pub is_own: bool,
}

/// How far an own message has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// On this phone only, until there is a connection.
    Waiting,
    /// On its way now.
    Sending,
    /// In the log.
    Sent,
    /// In the log, and the other side has seen it.
    Read,
    /// Its author has to look at it.
    NeedsAttention(Attention),
}

/// Why an author has to look at something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attention {
    /// The server refused it for good, with this code.
    Refused(String),
    /// The file of a picture is gone from this phone.
    PictureMissing,
    /// What it belongs to was not sent.
    ParentNotSent,
    /// The case is no longer assigned to its author.
    NoLongerAssigned,
    /// It is older than a day: its author says whether it is still meant. See [`Chat::confirm`](super::Chat::confirm).
    TooOld,
    /// Trying to send it has ended this app again and again. It is still tried, ever more slowly.
    KeepsFailing,
}

impl Attention {
    /// Why an operation needs its author, if it does.
    pub(crate) fn of(outgoing: &Outgoing) -> Option<Self> {
        if !outgoing.needs_attention() {
            return None;
        }
        Some(match outgoing.state {
            OperationState::NeedsConfirmation => Self::TooOld,
            OperationState::Queued | OperationState::Sent => Self::KeepsFailing,
            OperationState::Parked => match outgoing.park_reason.as_deref().unwrap_or_default() {
                park_reason::ATTACHMENT_MISSING => Self::PictureMissing,
                park_reason::PARENT_PARKED => Self::ParentNotSent,
                park_reason::NO_LONGER_ASSIGNED => Self::NoLongerAssigned,
                code => Self::Refused(code.to_owned()),
            },
        })
    }
}

/// A picture of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemPicture {
    /// What the message says of it.
    pub attachment: Attachment,
    /// Its small copy.
    pub thumbnail: PictureFile,
    /// The picture itself.
    pub original: PictureFile,
}

/// Whether a file of a picture is on this phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PictureFile {
    /// It lies here.
    Here(PathBuf),
    /// It is fetched when there is a connection. One that a screen waits for is fetched first:
    /// [`Chat::fetch_picture`](super::Chat::fetch_picture).
    ToBeFetched(Sha256),
}

/// The message that another one answers.
#[derive(Clone, PartialEq, Eq)]
pub struct ReplyPreview {
    /// The message.
    pub op_id: OpId,
    /// Who wrote it; `None` if it is not on this phone.
    pub author: Option<Author>,
    /// The first [`ReplyPreview::CHARACTERS`] of its text as it reads now; `None` if there is none to show.
    pub text: Option<String>,
    /// It has pictures.
    pub has_pictures: bool,
}

impl ReplyPreview {
    /// Most characters of a preview.
    pub const CHARACTERS: usize = 120;
}

/// One message of a conversation.
#[derive(Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own that a screen shows"
)]
pub struct TimelineItem {
    /// Its identity, from the moment it was written on, whatever happens to it.
    pub op_id: OpId,
    /// Where it stands now.
    pub place: Place,
    /// Its number in the log; `None`: not there.
    pub seq: Option<Seq>,
    /// Who wrote it.
    pub author: Author,
    /// The text as it reads now. `None`: deleted, erased, or to be read by a newer app.
    pub text: Option<String>,
    /// Its pictures in their order.
    pub pictures: Vec<ItemPicture>,
    /// What it answers.
    pub reply_to: Option<ReplyPreview>,
    /// The author's clock when it was written.
    pub occurred_at: UtcMillis,
    /// The author's local time minus UTC at that moment, in minutes.
    pub utc_offset_min: i16,
    /// The server's clock when it was recorded; `None`: not sent yet, or lost.
    pub recorded_at: Option<UtcMillis>,
    /// How far an own message has come; `None` for those of others.
    pub delivery: Option<Delivery>,
    /// Its author has changed it after it was recorded.
    pub is_edited: bool,
    /// An own edit or deletion that is shown already is not in the log yet.
    pub has_unsent_change: bool,
    /// Deleted by its author.
    pub is_deleted: bool,
    /// Its content was removed on the server.
    pub is_erased: bool,
    /// Not written by a person.
    pub is_automated: bool,
    /// A restored server lost it; it comes back when its author's phone offers it again.
    pub is_lost: bool,
    /// The app that is needed to read it; `None`: this one reads it.
    pub needs_app: Option<AppVersion>,
}

/// Something that stays on this phone until its author decides.
#[derive(Clone, PartialEq, Eq)]
pub struct NotSent {
    /// The operation, for [`Chat::retry`](super::Chat::retry), [`Chat::edit_and_send_again`](super::Chat::edit_and_send_again),
    /// [`Chat::confirm`](super::Chat::confirm) and [`Chat::discard`](super::Chat::discard).
    pub op_id: OpId,
    /// What it is.
    pub kind: NotSentKind,
    /// What was written; `None` for a deletion, and for a message that its author has deleted meanwhile.
    pub text: Option<String>,
    /// Its pictures.
    pub pictures: Vec<ItemPicture>,
    /// When it was written, by this phone's clock.
    pub occurred_at: UtcMillis,
    /// Local time minus UTC at that moment, in minutes.
    pub utc_offset_min: i16,
    /// Why it was not sent.
    pub reason: Attention,
}

/// What was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSentKind {
    /// A message.
    Message,
    /// Another text for a message.
    Edit {
        /// The message.
        target: OpId,
    },
    /// The deletion of a message.
    Deletion {
        /// The message.
        target: OpId,
    },
}

macro_rules! silent_debug {
    ($($name:ident { $($field:ident),* })+) => {
        $(
            /// Without names and texts.
            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.debug_struct(stringify!($name))
                        $(.field(stringify!($field), &self.$field))*
                        .finish_non_exhaustive()
                }
            }
        )+
    };
}

silent_debug! {
    Author { account_id, role, is_own }
    ReplyPreview { op_id, has_pictures }
    TimelineItem { op_id, place, seq, author, delivery, is_edited, is_deleted, is_erased, is_lost }
    NotSent { op_id, kind, reason }
}
