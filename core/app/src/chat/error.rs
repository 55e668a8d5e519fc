//! What can go wrong in a conversation, by what the caller can do about it.

use ayumi_protocol::limits::LimitError;

use crate::pictures::PictureError;
use crate::store::StoreError;
use crate::sync::outbox::EnqueueError;

/// Why something in a conversation could not be done. Nothing was changed, and the draft is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChatError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too long, too many pictures, or nothing said: let the person change it.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The file is no picture that can be sent: let the person choose another one.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The file of a picture is gone from this phone: let the person choose it again.
    #[error("send the message: the file of a picture is gone")]
    PictureMissing,
    /// Nobody is signed in.
    #[error("take part in a conversation: nobody is signed in")]
    SignedOut,
    /// The case is not on this phone, or no longer.
    #[error("take part in a conversation: this phone has no such case")]
    NoSuchCase,
    /// The message is not in the conversation, was deleted, or is past the point where this can be done: read the page again.
    #[error("find the message: it is not there, or not in that state any more")]
    NoSuchMessage,
    /// Only its author changes a message.
    #[error("change the message: somebody else wrote it")]
    NotOwn,
    /// A template is a beginning: what she gets must have been written for her.
    #[error("send the message: it is the unchanged template")]
    TemplateUnchanged,
}

impl From<rusqlite::Error> for ChatError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<EnqueueError> for ChatError {
    fn from(error: EnqueueError) -> Self {
        match error {
            EnqueueError::Store(error) => Self::Store(error),
            EnqueueError::Limit(error) => Self::Limit(error),
            EnqueueError::SignedOut => Self::SignedOut,
            EnqueueError::NoSuchCase => Self::NoSuchCase,
            EnqueueError::Gone => Self::NoSuchMessage,
        }
    }
}
