//! Messages between a participant and her dietitian.

use serde::{Deserialize, Serialize};

use super::{Check, each};
use crate::cursor::Seq;
use crate::hash::Sha256;
use crate::id::OpId;
use crate::limits::{self, LimitError, check};

open_words! {
    /// Who wrote a text. No bot poses as a person, and automated support earns no points.
    pub enum AuthoredBy: "who wrote a text" {
        /// A person.
        Human = "human",
        /// Software.
        Automated = "automated",
    }
}

open_words! {
    /// The format of a picture.
    pub enum PictureType: "the type of a picture" {
        /// JPEG, the only format that is sent.
        Jpeg = "image/jpeg",
    }
}

word_type! {
    /// A rule of the triage that matched a text on the phone. The server applies its own rules again.
    pub struct TriageRule: "a rule of the triage"
}

/// A picture of a message: its bytes travel apart and are found by their hash.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attachment {
    /// Hash of the bytes that are uploaded.
    pub sha256: Sha256,
    /// Their format.
    pub media_type: PictureType,
    /// How many there are.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 10_485_760))]
    pub length_bytes: u32,
    /// Width after the orientation was applied.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 2048))]
    pub width_px: u32,
    /// Height after the orientation was applied.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 2048))]
    pub height_px: u32,
    /// The small copy that a list shows.
    pub thumbnail: Thumbnail,
}

/// A small copy of a picture, of the same format.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Thumbnail {
    /// Hash of its bytes.
    pub sha256: Sha256,
    /// How many there are.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 10_485_760))]
    pub length_bytes: u32,
    /// Width.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 320))]
    pub width_px: u32,
    /// Height.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 320))]
    pub height_px: u32,
}

impl Check for Attachment {
    fn check(&self) -> Result<(), LimitError> {
        let Self {
            length_bytes,
            width_px,
            height_px,
            thumbnail,
            ..
        } = self;
        check::range("length_bytes", *length_bytes, 1, limits::PICTURE_BYTES)?;
        check::range("width_px", *width_px, 1, limits::PICTURE_EDGE_PX)?;
        check::range("height_px", *height_px, 1, limits::PICTURE_EDGE_PX)?;
        check::range("length_bytes", thumbnail.length_bytes, 1, limits::PICTURE_BYTES)?;
        check::range("width_px", thumbnail.width_px, 1, limits::THUMBNAIL_EDGE_PX)?;
        check::range("height_px", thumbnail.height_px, 1, limits::THUMBNAIL_EDGE_PX)
    }
}

/// A text with its pictures: one of the two must be there.
pub(super) fn check_content(text: &str, attachments: &[Attachment]) -> Result<(), LimitError> {
    each("attachments", attachments, limits::PICTURES, Attachment::check)?;
    if attachments.is_empty() {
        check::text("text", text, limits::TEXT_CHARS)
    } else {
        check::chars("text", text, limits::TEXT_CHARS)
    }
}

/// `message.posted`: something said.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessagePosted {
    /// The text; may be empty beside a picture.
    #[cfg_attr(feature = "openapi", schema(max_length = 5000))]
    pub text: String,
    /// Pictures in the order in which they are shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 4))]
    pub attachments: Vec<Attachment>,
    /// The message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<OpId>,
    /// Who wrote the text.
    pub authored_by: AuthoredBy,
    /// Rules of the triage that matched on the phone, before it was sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 32))]
    pub triage: Vec<TriageRule>,
}

impl Check for MessagePosted {
    fn check(&self) -> Result<(), LimitError> {
        check_content(&self.text, &self.attachments)?;
        check::length("triage", self.triage.len(), limits::SHORT_LIST)
    }
}

/// `message.edited`: another text for an own message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessageEdited {
    /// The operation of the message. Not its place: a message may be edited before it was sent.
    pub target: OpId,
    /// The whole new text. Pictures and the quoted message stay.
    #[cfg_attr(feature = "openapi", schema(max_length = 5000))]
    pub text: String,
    /// Rules of the triage that matched on the phone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 32))]
    pub triage: Vec<TriageRule>,
}

impl Check for MessageEdited {
    fn check(&self) -> Result<(), LimitError> {
        // May be empty: the message may have pictures, which only its own entry tells.
        check::chars("text", &self.text, limits::TEXT_CHARS)?;
        check::length("triage", self.triage.len(), limits::SHORT_LIST)
    }
}

/// `message.deleted`: an own message is gone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessageDeleted {
    /// The operation of the message.
    pub target: OpId,
}

impl Check for MessageDeleted {}

/// `message.read`: everything up to a place was seen on an open screen.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessageRead {
    /// The last place that was seen.
    pub up_to_seq: Seq,
}

impl Check for MessageRead {
    fn check(&self) -> Result<(), LimitError> {
        check::range("up_to_seq", self.up_to_seq.number(), 1, i64::MAX)
    }
}

silent_debug!(
    Attachment,
    Thumbnail,
    MessagePosted,
    MessageEdited,
    MessageDeleted,
    MessageRead
);

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> MessagePosted {
        MessagePosted {
            text: text.into(),
            attachments: Vec::new(),
            reply_to: None,
            authored_by: AuthoredBy::Human,
            triage: Vec::new(),
        }
    }

    #[test]
    fn a_message_says_something() {
        assert_eq!(message("はい").check(), Ok(()));
        assert!(message(" \n").check().is_err());
        assert!(message(&"歩".repeat(limits::TEXT_CHARS + 1)).check().is_err());
    }

    #[test]
    fn what_is_said_does_not_show_in_debug_output() {
        assert_eq!(format!("{:?}", message("headache")), "MessagePosted { .. }");
    }
}
