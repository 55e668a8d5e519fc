//! What can go wrong in the work of the staff, by what the caller can do about it.

use ayumi_protocol::limits::LimitError;

use crate::app::AppError;
use crate::chat::ChatError;
use crate::store::StoreError;
use crate::sync::outbox::EnqueueError;

/// Why something was not done. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StaffError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too long, or nothing said: let the person change it.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The conversation refused it.
    #[error(transparent)]
    Chat(#[from] ChatError),
    /// Her steps or her weight cannot be read.
    #[error(transparent)]
    Readings(AppError),
    /// Nobody is signed in.
    #[error("read the caseload: nobody is signed in")]
    SignedOut,
    /// A participant is signed in on this phone.
    #[error("read the caseload: who is signed in is no member of the staff")]
    NotStaff,
    /// The case is not on this phone, or no longer.
    #[error("find the case: this phone has no such case")]
    NoSuchCase,
    /// The note is not there, was deleted, or is past the point where this can be done: read the notes again.
    #[error("find the note: it is not there, or not in that state any more")]
    NoSuchNote,
    /// Only its author changes a note.
    #[error("change the note: somebody else wrote it")]
    NotOwn,
    /// The templates on this phone cannot be read; setting them again replaces them.
    #[error("read the templates: they are not in the form in which they are kept")]
    Templates,
}

impl From<rusqlite::Error> for StaffError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<AppError> for StaffError {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Store(error) => Self::Store(error),
            other => Self::Readings(other),
        }
    }
}

impl From<EnqueueError> for StaffError {
    fn from(error: EnqueueError) -> Self {
        match error {
            EnqueueError::Store(error) => Self::Store(error),
            EnqueueError::Limit(error) => Self::Limit(error),
            EnqueueError::SignedOut => Self::SignedOut,
            EnqueueError::NoSuchCase => Self::NoSuchCase,
            EnqueueError::Gone => Self::NoSuchNote,
        }
    }
}
