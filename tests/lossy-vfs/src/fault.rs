//! Which call fails, and how.

use std::ffi::c_int;

use rusqlite::ffi;

/// What SQLite asks of a file layer. Closing and unlocking are not listed: they never fail here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// Opens a file.
    Open,
    /// Deletes a file.
    Delete,
    /// Asks whether a file exists.
    Access,
    /// Reads bytes.
    Read,
    /// Writes bytes.
    Write,
    /// Cuts a file.
    Truncate,
    /// Waits until writes are safe.
    Sync,
    /// Asks for the size.
    Size,
    /// Locks the file.
    Lock,
    /// Maps the index of the write-ahead log.
    IndexMap,
    /// Locks a part of that index.
    IndexLock,
}

impl Call {
    pub(crate) fn error(self) -> c_int {
        match self {
            Self::Open => ffi::SQLITE_CANTOPEN,
            Self::Delete => ffi::SQLITE_IOERR_DELETE,
            Self::Access => ffi::SQLITE_IOERR_ACCESS,
            Self::Read => ffi::SQLITE_IOERR_READ,
            Self::Write => ffi::SQLITE_IOERR_WRITE,
            Self::Truncate => ffi::SQLITE_IOERR_TRUNCATE,
            Self::Sync => ffi::SQLITE_IOERR_FSYNC,
            Self::Size => ffi::SQLITE_IOERR_FSTAT,
            Self::Lock => ffi::SQLITE_IOERR_LOCK,
            Self::IndexMap => ffi::SQLITE_IOERR_SHMMAP,
            Self::IndexLock => ffi::SQLITE_IOERR_SHMLOCK,
        }
    }
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// With the I/O error of its kind; opening with `SQLITE_CANTOPEN`.
    Io,
    /// With `SQLITE_FULL`.
    Full,
    /// Power is lost before the call takes effect, with what the seed makes of it.
    PowerLoss(u64),
}

/// A failure to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub(crate) call: Option<Call>,
    pub(crate) nth: u64,
    pub(crate) failure: Failure,
    pub(crate) lasts: bool,
    pub(crate) under: String,
}

impl Fault {
    /// The `nth` call of any kind fails with its I/O error, once. The first call is 1; 0 never fails.
    #[must_use]
    pub fn at(nth: u64) -> Self {
        Self {
            call: None,
            nth,
            failure: Failure::Io,
            lasts: false,
            under: String::new(),
        }
    }

    /// Counts calls of this kind only.
    #[must_use]
    pub fn of(mut self, call: Call) -> Self {
        self.call = Some(call);
        self
    }

    /// Counts calls on files whose full path begins like this. Power is lost for those files only.
    #[must_use]
    pub fn under(mut self, path_prefix: &str) -> Self {
        path_prefix.clone_into(&mut self.under);
        self
    }

    /// Fails in another way.
    #[must_use]
    pub fn with(mut self, failure: Failure) -> Self {
        self.failure = failure;
        self
    }

    /// Every later call that it counts fails too.
    #[must_use]
    pub fn from_then_on(mut self) -> Self {
        self.lasts = true;
        self
    }

    /// Whether this call is the one. Counts it.
    pub(crate) fn strikes(&mut self, call: Call, path: &str) -> bool {
        if self.nth == 0 || self.call.is_some_and(|wanted| wanted != call) || !path.starts_with(&self.under) {
            return false;
        }
        if self.nth > 1 {
            self.nth = self.nth.saturating_sub(1);
            return false;
        }
        if !self.lasts {
            self.nth = 0;
        }
        true
    }
}
