//! What the staff keeps to itself, in the staff log.

use serde::{Deserialize, Serialize};

use super::Check;
use crate::cursor::Seq;
use crate::id::OpId;
use crate::limits::{self, LimitError, check};

open_words! {
    /// What a note is for.
    pub enum NoteTopic: "the topic of a note" {
        /// Something to remember.
        Note = "note",
        /// For whoever takes over.
        Handover = "handover",
        /// A sign that needs attention, and what was done about it.
        Triage = "triage",
    }
}

/// `note.posted`: a private note of the staff.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NotePosted {
    /// What it is for.
    pub topic: NoteTopic,
    /// The text.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 5000))]
    pub text: String,
    /// The entry of the care log that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about_seq: Option<Seq>,
}

impl Check for NotePosted {
    fn check(&self) -> Result<(), LimitError> {
        check::text("text", &self.text, limits::TEXT_CHARS)
    }
}

/// `note.edited`: another text for an own note.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoteEdited {
    /// The operation of the note.
    pub target: OpId,
    /// The whole new text.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 5000))]
    pub text: String,
}

impl Check for NoteEdited {
    fn check(&self) -> Result<(), LimitError> {
        check::text("text", &self.text, limits::TEXT_CHARS)
    }
}

/// `note.deleted`: an own note is gone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoteDeleted {
    /// The operation of the note.
    pub target: OpId,
}

impl Check for NoteDeleted {}

silent_debug!(NotePosted, NoteEdited, NoteDeleted);
