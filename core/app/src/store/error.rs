//! What can go wrong with the store, by what the caller can do about it.

use std::cell::Cell;

use rusqlite::ErrorCode;

thread_local! {
    /// Whether a damaged page was met on this thread since [`forget_damage`].
    ///
    /// The closures of `Store::read` and `Store::write` return error types the store knows nothing about, yet it must
    /// learn that a page was damaged in order to check the file at the next start.
    static DAMAGE_MET: Cell<bool> = const { Cell::new(false) };

    /// Whether a statement did not fit the file since [`forget_damage`]: a table, a column or a type that is not there, or a length beyond
    /// all memory.
    ///
    /// In `cache.db` that is damage like any other. In `user.db` it is not: nothing is set aside on a suspicion.
    static MISFIT_MET: Cell<bool> = const { Cell::new(false) };
}

pub(super) fn forget_damage() {
    DAMAGE_MET.set(false);
    MISFIT_MET.set(false);
}

pub(super) fn unusable_cache_was_met() -> bool {
    DAMAGE_MET.get() || MISFIT_MET.get()
}

pub(super) fn damage_was_met() -> bool {
    DAMAGE_MET.get()
}

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another instance or process has the folder open.
    #[error("open the data folder: another instance uses it")]
    InUse,
    /// The file was written by a newer version of the app. Not a byte of it was changed.
    #[error("open the database: it has version {found}, this app knows {known}")]
    TooNew {
        /// Version of the file.
        found: i64,
        /// Newest version this build can read.
        known: i64,
    },
    /// A step of the ladder failed. The file is as it was.
    #[error("migrate the database from version {from} to {to} ({why})")]
    MigrationFailed {
        /// Version of the file, before and after.
        from: i64,
        /// Version it was meant to have.
        to: i64,
        /// The sentence of the step that failed.
        why: &'static str,
        /// What SQLite said, if it was SQLite.
        source: Option<rusqlite::Error>,
    },
    /// The database is there, but not its key: the key given is another one, or none was given. Nothing was changed.
    #[error("open the database: its key is missing")]
    KeyLost,
    /// A key was given to a build without encryption.
    #[error("open the database: this build cannot encrypt")]
    KeyNotSupported,
    /// The disk is full. Nothing was half done; the same call works once there is space.
    #[error("write: the disk is full")]
    StorageFull,
    /// A page of the database is damaged. Closing and opening the store sets the file aside and saves what is readable.
    #[error("read the database: it is damaged")]
    Damaged,
    /// The store was paused, closed or wiped, before or during the call.
    #[error("use the store: it is closed")]
    Closed,
    /// The files cannot be read at present, for example before the phone's first unlock. Nothing is lost.
    #[error("open the data folder: the system refuses access")]
    Locked,
    /// The file system failed.
    #[error("use the data folder")]
    Io(#[source] std::io::Error),
    /// SQLite failed in another way.
    #[error("use the database")]
    Sqlite(#[source] rusqlite::Error),
    /// Something impossible happened.
    #[error("keep a promise of the code in {where_}")]
    Bug {
        /// Which promise.
        where_: &'static str,
    },
}

/// `SQLITE_IOERR_SHMSIZE`: the index of the write-ahead log could not grow. SQLite does not call that a full disk.
const SHARED_MEMORY_CANNOT_GROW: i32 = 0x0a | (19 << 8);

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        if error.sqlite_extended_error_code() == Some(SHARED_MEMORY_CANNOT_GROW) {
            return Self::StorageFull;
        }
        // Only text is ever written into a column of text.
        if matches!(error, rusqlite::Error::Utf8Error(..)) {
            DAMAGE_MET.set(true);
            return Self::Damaged;
        }
        if matches!(
            error,
            rusqlite::Error::SqlInputError { .. }
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
        ) || matches!(
            error.sqlite_error_code(),
            // A length that is damaged asks for more memory than there is: FTS5 believes what it reads.
            Some(ErrorCode::Unknown | ErrorCode::OutOfMemory)
        ) {
            MISFIT_MET.set(true);
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::StorageFull,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                DAMAGE_MET.set(true);
                Self::Damaged
            }
            // Only `pause` and its kin interrupt.
            Some(ErrorCode::OperationInterrupted) => Self::Closed,
            // One writer per file: only another process can keep it busy for the whole timeout.
            Some(ErrorCode::DatabaseBusy) => Self::InUse,
            Some(ErrorCode::PermissionDenied) => Self::Locked,
            _ => Self::Sqlite(error),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::StorageFull,
            std::io::ErrorKind::PermissionDenied => Self::Locked,
            _ => Self::Io(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    fn from_code(code: i32) -> StoreError {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None).into()
    }

    #[test]
    fn errors_are_told_apart_by_what_the_caller_can_do() {
        assert!(matches!(from_code(ffi::SQLITE_FULL), StoreError::StorageFull));
        assert!(matches!(
            from_code(ffi::SQLITE_IOERR_SHMSIZE),
            StoreError::StorageFull
        ));
        assert!(matches!(from_code(ffi::SQLITE_CORRUPT), StoreError::Damaged));
        assert!(matches!(from_code(ffi::SQLITE_NOTADB), StoreError::Damaged));
        assert!(matches!(from_code(ffi::SQLITE_INTERRUPT), StoreError::Closed));
        assert!(matches!(from_code(ffi::SQLITE_BUSY), StoreError::InUse));
        assert!(matches!(from_code(ffi::SQLITE_CANTOPEN), StoreError::Sqlite(_)));
        let io = |kind| StoreError::from(std::io::Error::from(kind));
        assert!(matches!(
            io(std::io::ErrorKind::PermissionDenied),
            StoreError::Locked
        ));
        assert!(matches!(
            io(std::io::ErrorKind::StorageFull),
            StoreError::StorageFull
        ));
    }
}
