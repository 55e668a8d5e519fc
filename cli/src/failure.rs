//! What a command can fail with, as the person at the terminal should read it.

use ayumi_core::app::AppError;
use ayumi_core::steps::StepError;
use ayumi_core::store::StoreError;
use ayumi_core::weight::{PlausibilityQuestion, WeightError, WeightTextError};

use crate::picture::PictureError;

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
    /// The core refused or failed; a fragment that fits after "failed to".
    #[error("failed to {0}")]
    Core(String),
    /// Standard output was closed by its reader.
    #[error("the reader of the output went away")]
    ReaderGone,
}

impl Failure {
    /// An error of the core with everything behind it.
    fn core(error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        Self::Core(text)
    }

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
            Self::Core(format!("write the answer: {error}"))
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::core(&error)
    }
}

impl From<StepError> for Failure {
    fn from(error: StepError) -> Self {
        Self::core(&error)
    }
}

impl From<WeightError> for Failure {
    fn from(error: WeightError) -> Self {
        match error {
            WeightError::OutOfRange {
                question: Some(question),
            } => Self::Core(format!("{error}; {}", hint(question))),
            other => Self::core(&other),
        }
    }
}

/// What was probably meant by a weight outside the accepted range.
const fn hint(question: PlausibilityQuestion) -> &'static str {
    match question {
        PlausibilityQuestion::PoundsAsKilograms => "were pounds meant? name the unit with --unit lb",
        PlausibilityQuestion::KilogramsAsPounds => "were kilograms meant? name the unit with --unit kg",
        PlausibilityQuestion::StoneMixUp => "was another unit meant? name it with --unit",
        PlausibilityQuestion::DecimalPoint => "is the decimal point in the right place?",
        PlausibilityQuestion::UnusualChange | PlausibilityQuestion::FutureDate => "is the number right?",
    }
}

impl From<WeightTextError> for Failure {
    fn from(error: WeightTextError) -> Self {
        Self::core(&error)
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        Self::core(&error)
    }
}

impl From<PictureError> for Failure {
    fn from(error: PictureError) -> Self {
        Self::core(&error)
    }
}
