//! What a command can fail with, as the person at the terminal should read it.

use ayumi_core::app::AppError;
use ayumi_core::chat::ChatError;
use ayumi_core::net::SyncError;
use ayumi_core::staff::StaffError;
use ayumi_core::steps::StepError;
use ayumi_core::store::StoreError;
use ayumi_core::sync::engine::{CommandError, Trouble};
use ayumi_core::sync::outbox::EnqueueError;
use ayumi_core::weight::{PlausibilityQuestion, WeightError, WeightTextError};

use ayumi_protocol::problem::ProblemCode;

use crate::picture::PictureError;

/// A failed command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A file or folder of the command line cannot be used, or not in this way; names it and the reason.
    #[error("{file}: {reason}")]
    File { file: String, reason: String },
    /// A file as a whole does not hold what it should; names the file and the reason.
    #[error("{file}: {reason}")]
    Content { file: String, reason: String },
    /// A file does not say what it should; names file, line and reason.
    #[error("{file}:{line}: {reason}")]
    Malformed { file: String, line: u64, reason: String },
    /// The arguments contradict each other or the data.
    #[error("{0}")]
    Usage(String),
    /// The core refused a value of the command line; a fragment that fits after "failed to".
    #[error("failed to {0}")]
    Refused(String),
    /// The core failed; a fragment that fits after "failed to".
    #[error("failed to {0}")]
    Core(String),
    /// Standard output was closed by its reader.
    #[error("the reader of the output went away")]
    ReaderGone,
}

impl Failure {
    /// An error of the core with everything behind it.
    pub(crate) fn core(error: &dyn std::error::Error) -> Self {
        Self::Core(with_causes(error))
    }

    pub(crate) fn file(file: &std::path::Path, reason: &impl std::fmt::Display) -> Self {
        Self::File {
            file: file.display().to_string(),
            reason: reason.to_string(),
        }
    }

    /// 2 for what the caller can correct at the command line (as clap does), 1 for the rest: content of files, failures.
    pub(crate) const fn exit_status(&self) -> u8 {
        match self {
            Self::Content { .. } | Self::Malformed { .. } | Self::Core(_) | Self::ReaderGone => 1,
            Self::File { .. } | Self::Usage(_) | Self::Refused(_) => 2,
        }
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
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
        match error {
            StepError::GoalOutOfRange => Self::Refused(with_causes(&error)),
            other => Self::core(&other),
        }
    }
}

impl From<WeightError> for Failure {
    fn from(error: WeightError) -> Self {
        match error {
            WeightError::OutOfRange {
                question: Some(question),
            } => Self::Refused(format!("{error}; {}", hint(question))),
            WeightError::Store(error) => error.into(),
            // Every other one is about a value that was typed.
            other => Self::Refused(with_causes(&other)),
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
        Self::Refused(with_causes(&error))
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Store(error) => error.into(),
            AppError::Steps(error) => error.into(),
            AppError::Weight(error) => error.into(),
        }
    }
}

impl From<PictureError> for Failure {
    fn from(error: PictureError) -> Self {
        Self::core(&error)
    }
}

/// What somebody does who is not signed in.
const SIGN_IN: &str = "nobody is signed in: ayumi enrol, or ayumi staff sign-in LOGIN";

impl From<ChatError> for Failure {
    fn from(error: ChatError) -> Self {
        match error {
            ChatError::Store(error) => error.into(),
            ChatError::SignedOut => Self::Usage(SIGN_IN.to_owned()),
            // Every other one is about what was typed or chosen.
            other => Self::Refused(with_causes(&other)),
        }
    }
}

impl From<StaffError> for Failure {
    fn from(error: StaffError) -> Self {
        match error {
            StaffError::Store(error) => error.into(),
            StaffError::Chat(error) => error.into(),
            StaffError::Readings(error) => error.into(),
            StaffError::SignedOut => Self::Usage("nobody is signed in: ayumi staff sign-in LOGIN".to_owned()),
            StaffError::NotStaff => Self::Usage(
                "a participant is signed in here: her own conversation is ayumi chat; staff use another --folder".to_owned(),
            ),
            other => Self::Refused(with_causes(&other)),
        }
    }
}

impl From<EnqueueError> for Failure {
    fn from(error: EnqueueError) -> Self {
        match error {
            EnqueueError::Store(error) => error.into(),
            EnqueueError::SignedOut => Self::Usage(SIGN_IN.to_owned()),
            other => Self::Refused(with_causes(&other)),
        }
    }
}

impl From<SyncError> for Failure {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Store(error) => error.into(),
            SyncError::NoServer => Self::Usage(
                "no server is known yet: name it once with --server URL, at ayumi enrol or ayumi staff sign-in".to_owned(),
            ),
            SyncError::LimitReached => {
                Self::Core(format!("{error}; say the command again, or allow more with --limit"))
            }
            SyncError::Command(error) => error.into(),
            other => Self::core(&other),
        }
    }
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Unreachable(trouble) => {
                Self::Core(format!("reach the server: {}", unreachable_hint(trouble)))
            }
            CommandError::Refused(code) => Self::Refused(refused_hint(&code)),
            CommandError::SignedOut => Self::Usage(SIGN_IN.to_owned()),
            CommandError::AnotherAccount => Self::Refused(format!(
                "{error}; sign out first (ayumi sign-out), or name another --folder"
            )),
            other => Self::core(&other),
        }
    }
}

const fn unreachable_hint(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Offline => "it does not answer; check the network and the address, then try again",
        Trouble::CaptivePortal => "something else answers in its place; sign in to the network first",
        Trouble::Tls => "it could not prove who it is; a server of your own needs --root-certificate FILE",
        Trouble::ClockSuspect => "the clock of this computer is wrong; set it",
        Trouble::ServerTrouble => "it cannot answer now; try again later",
    }
}

/// A fragment that fits after "failed to".
fn refused_hint(code: &ProblemCode) -> String {
    match code {
        ProblemCode::CodeRefused => {
            "sign in: code and birth date do not fit, or the code was used or has expired; ask for another one".to_owned()
        }
        ProblemCode::CredentialsRefused => {
            "sign in: login, password and one-time code do not fit together; each one-time code serves once".to_owned()
        }
        ProblemCode::RateLimited => "do that: too many tries; wait some minutes".to_owned(),
        ProblemCode::ConsentRequired => "do that: consent comes first, see ayumi consent".to_owned(),
        other => format!("do that: the server answers {other}"),
    }
}
