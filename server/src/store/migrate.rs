//! Brings the schema up to date. Steps are numbered files, applied in order, each once.
//!
//! The embedded file is brought up to date by the process that opens it. On PostgreSQL only `ayumi-server admin migrate` does it, so that
//! several nodes that start together do not race.

use super::StoreError;

mod sqlite_steps {
    refinery::embed_migrations!("src/store/migrations/sqlite");
}

/// Applies what is missing to an embedded file.
///
/// Errors: `Schema`, if a step fails or the file was made by a newer program; nothing of that step is kept.
pub(super) fn sqlite(connection: &mut rusqlite::Connection) -> Result<(), StoreError> {
    sqlite_steps::migrations::runner()
        .set_abort_missing(true)
        .set_abort_divergent(true)
        .run(connection)
        .map(|_| ())
        .map_err(|error| StoreError::Schema(error.to_string()))
}
