//! From bytes to a request or an answer and back: one way in, with every limit on it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::limits::LimitError;
use crate::problem::ProblemCode;

/// A request or an answer.
pub trait Wire: Serialize + DeserializeOwned {
    /// Bytes of the longest text that is read.
    const MOST_BYTES: usize;

    /// Holds the values to [`limits`](crate::limits).
    ///
    /// Errors: the first field that is beyond a limit.
    fn check(&self) -> Result<(), LimitError> {
        Ok(())
    }

    /// Reads a whole text, from anybody: the size first, then the form, then the values.
    ///
    /// Errors: `TooLarge`, `NotJson`, `WrongShape`, `Limit`; none repeats anything of the text.
    fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        if bytes.len() > Self::MOST_BYTES {
            return Err(ParseError::TooLarge {
                most_bytes: Self::MOST_BYTES,
            });
        }
        let value: Self = serde_json::from_slice(bytes)?;
        value.check()?;
        Ok(value)
    }

    /// Writes the text, without white space.
    ///
    /// Errors: `WriteError`, which no value of this crate causes.
    fn write(&self) -> Result<Vec<u8>, WriteError> {
        Ok(serde_json::to_vec(self)?)
    }
}

/// Why a text was not accepted. Positions count from 1; nothing of the text is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Longer than anything that would be accepted, and therefore not looked at.
    #[error("read a message: it is longer than {most_bytes} bytes")]
    TooLarge {
        /// The limit.
        most_bytes: usize,
    },
    /// Not JSON, or cut off.
    #[error("read a message: it is not JSON from line {line}, column {column} on")]
    NotJson {
        /// Line of the first fault.
        line: usize,
        /// Column of the first fault, in bytes.
        column: usize,
    },
    /// JSON of another form: a field is missing, stands twice, or holds something else.
    #[error("read a message: a field is missing or holds something else, near line {line}, column {column}")]
    WrongShape {
        /// Line where it was noticed.
        line: usize,
        /// Column where it was noticed, in bytes.
        column: usize,
    },
    /// A value beyond a limit.
    #[error(transparent)]
    Limit(#[from] LimitError),
}

impl ParseError {
    /// What the server answers.
    #[must_use]
    pub const fn problem_code(&self) -> ProblemCode {
        match self {
            Self::TooLarge { .. } => ProblemCode::TooLarge,
            Self::NotJson { .. } | Self::WrongShape { .. } => ProblemCode::Malformed,
            Self::Limit(_) => ProblemCode::InvalidValue,
        }
    }
}

/// The library's own text is dropped: it quotes what it could not read.
impl From<serde_json::Error> for ParseError {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            Category::Data => Self::WrongShape { line, column },
            Category::Syntax | Category::Eof | Category::Io => Self::NotJson { line, column },
        }
    }
}

/// A value could not be written as JSON.
#[derive(Debug, thiserror::Error)]
#[error("write a message: a value has no form in JSON")]
pub struct WriteError(#[from] serde_json::Error);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cursor::LogName;
    use crate::pull::PullRequest;

    #[test]
    fn an_error_tells_the_place_and_not_the_text() {
        let secret = br#"{"logs": "secret"}"#;
        let error = PullRequest::parse(secret).unwrap_err();
        assert!(matches!(error, ParseError::WrongShape { line: 1, .. }));
        assert!(!format!("{error} {error:?}").contains("secret"));
        assert_eq!(error.problem_code(), ProblemCode::Malformed);
        let cut_off = PullRequest::parse(br#"{"logs": ["#).unwrap_err();
        assert!(matches!(cut_off, ParseError::NotJson { .. }));
    }

    #[test]
    fn what_is_too_large_is_not_looked_at() {
        let bytes = vec![b' '; PullRequest::MOST_BYTES + 1];
        let error = PullRequest::parse(&bytes).unwrap_err();
        assert_eq!(error.problem_code(), ProblemCode::TooLarge);
    }

    #[test]
    fn text_after_the_message_is_an_error() {
        assert!(serde_json::from_slice::<LogName>(b"{} {}").is_err());
        assert!(PullRequest::parse(br#"{"logs":[]}x"#).is_err());
    }
}
