//! What a command can fail with, as the person at the terminal should read it.

use ayumi_core::steps::StepError;
use ayumi_core::store::StoreError;

/// A failed command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A file cannot be read or written; names the file and the reason.
    #[error("{file}: {reason}")]
    File { file: String, reason: String },
    /// A file does not say what it should; names file, line and reason.
    #[error("{file}:{line}: {reason}")]
    Malformed { file: String, line: u64, reason: String },
    /// The arguments contradict each other or the data.
    #[error("{0}")]
    Usage(String),
    /// The core refused or failed.
    #[error("{0}")]
    Core(String),
    /// Standard output was closed by its reader.
    #[error("the reader of the output went away")]
    ReaderGone,
}

impl Failure {
    pub(crate) fn file(file: &std::path::Path, reason: &impl std::fmt::Display) -> Self {
        Self::File {
            file: file.display().to_string(),
            reason: reason.to_string(),
        }
    }

    /// 1 for content, 2 for what the caller can correct at the command line (as clap does).
    pub(crate) const fn exit_status(&self) -> u8 {
        match self {
            Self::Malformed { .. } | Self::Core(_) | Self::ReaderGone => 1,
            Self::File { .. } | Self::Usage(_) => 2,
        }
    }
}

impl From<std::io::Error> for Failure {
    /// Errors of standard output only; files are wrapped with their name where they are opened.
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Self::ReaderGone
        } else {
            Self::Core(error.to_string())
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Core(error.to_string())
    }
}

impl From<StepError> for Failure {
    fn from(error: StepError) -> Self {
        Self::Core(error.to_string())
    }
}
