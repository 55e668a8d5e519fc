//! Why something was not done.

use ayumi_protocol::problem::ProblemCode;

/// The store failed. The texts fit after "failed to ..." and hold no value of anybody.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is busy or unreachable; nothing was written.
    #[error("reach the store: {0}")]
    Unavailable(String),
    /// Other transactions won again and again; nothing was written.
    #[error("commit: other transactions came first")]
    Contended,
    /// The connection was lost while committing: written or not, nobody knows. A repeat with the same ids finds out.
    #[error("learn whether a commit was done")]
    OutcomeUnknown,
    /// The disk is full; nothing was written.
    #[error("write: the disk is full")]
    Full,
    /// The engine refused a statement or the data broke a rule of the schema: a fault of ours.
    #[error("run a statement: {0}")]
    Statement(String),
    /// The schema is older or newer than this program.
    #[error("use the store: {0}")]
    Schema(String),
    /// It was closed.
    #[error("use the store: it is closed")]
    Closed,
    /// An impossible case.
    #[error("go on: {what}")]
    Bug {
        /// What was found.
        what: &'static str,
    },
}

impl StoreError {
    /// A work ended well although one of its statements had failed (rule 3 of works); it is rolled back.
    pub(super) const WENT_ON: Self = Self::Bug {
        what: "a work went on after a failed statement",
    };

    /// What a phone is told. Everything is transient: it repeats with the same ids.
    #[must_use]
    pub const fn problem_code(&self) -> ProblemCode {
        match self {
            Self::Unavailable(_) | Self::Contended | Self::OutcomeUnknown | Self::Closed => {
                ProblemCode::Unavailable
            }
            Self::Full => ProblemCode::StorageFull,
            Self::Statement(_) | Self::Schema(_) | Self::Bug { .. } => ProblemCode::InternalFault,
        }
    }
}

/// A refusal: what a phone or a person is told, and nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The reason.
    pub code: ProblemCode,
    /// How long to wait before another try, if that is known.
    pub retry_after_ms: Option<u64>,
}

impl From<ProblemCode> for Refused {
    fn from(code: ProblemCode) -> Self {
        Self {
            code,
            retry_after_ms: None,
        }
    }
}

/// Why a work did not end well. Whatever it is, the transaction is rolled back.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It must not be done.
    #[error("accept the request: {}", .0.code)]
    Refused(Refused),
    /// It could not be done.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It found something to write in a transaction that only reads; [`read`](super::read) runs it again in one that may.
    #[error("write in a transaction that only reads")]
    NeedsWrite,
}

/// What a phone waits at least after a failure of the store: others are just being repeated. It draws its own pause beyond it.
const RETRY_AFTER_MS: u64 = 2000;

impl Fault {
    /// The refusal that leaves the server.
    #[must_use]
    pub fn to_refused(&self) -> Refused {
        match self {
            Self::Refused(refused) => refused.clone(),
            Self::Store(error) => {
                let code = error.problem_code();
                let retry_after_ms = (code == ProblemCode::Unavailable).then_some(RETRY_AFTER_MS);
                Refused { code, retry_after_ms }
            }
            Self::NeedsWrite => ProblemCode::InternalFault.into(),
        }
    }
}

impl From<ProblemCode> for Fault {
    fn from(code: ProblemCode) -> Self {
        Self::Refused(code.into())
    }
}
