//! Opening the folder: lock, unclean end, key, version, migrations, readers.

use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, InterruptHandle};

use super::connection::{Role, configure, connect, is_sound, read};
use super::folder::{Folder, has_content};
use super::migrations::{MIGRATIONS, migrate, version};
use super::recovery::{self, Recovery};
use super::session::Session;
use super::{DatabaseKey, StoreConfig, StoreError};

/// Connections that only read. Two, so that a long chart query does not keep the home screen waiting.
const READERS: usize = 2;

/// Version of the layout of `cache.db`. Another one in the file means delete and refill.
const CACHE_VERSION: i64 = 1;

/// The connection that opening works with at present, so that `pause` can interrupt a long migration or salvage.
#[derive(Default)]
pub(super) struct Opening {
    handle: Mutex<Option<InterruptHandle>>,
}

impl Opening {
    pub(super) fn interrupt(&self) {
        let handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = handle.as_ref() {
            handle.interrupt();
        }
    }

    pub(super) fn works_with(&self, connection: Option<&Connection>) {
        *self.handle.lock().unwrap_or_else(PoisonError::into_inner) =
            connection.map(Connection::get_interrupt_handle);
    }
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opening")
    }
}

/// Opens the folder. An error leaves `dirty` behind, so that the next start looks more closely.
pub(super) fn open(
    config: &StoreConfig,
    opening: &Opening,
) -> Result<(Session, Option<Recovery>), StoreError> {
    if config.key.is_some() && !cfg!(feature = "sqlcipher") {
        return Err(StoreError::KeyNotSupported);
    }
    let folder = Folder::new(&config.folder);
    let lock = folder.lock()?;
    folder.create()?;
    let ended_badly = folder.mark_dirty()?;
    let opened = open_databases(&folder, config.key.as_ref(), ended_badly, opening);
    opening.works_with(None);
    let (writer, readers, recovery) = opened?;
    tracing::info!(ended_badly, recovered = recovery.is_some(), "store opened");
    Ok((Session::new(folder, lock, writer, readers), recovery))
}

fn open_databases(
    folder: &Folder,
    key: Option<&DatabaseKey>,
    ended_badly: bool,
    opening: &Opening,
) -> Result<(Connection, Vec<Connection>, Option<Recovery>), StoreError> {
    let mut recovery = recovery::finish(folder, key)?;
    let writer = match open_writer(folder, key, ended_badly, opening) {
        Err(StoreError::Damaged) => {
            recovery = Some(recovery::recover(folder, key, opening)?);
            open_writer(folder, key, false, opening)?
        }
        other => other?,
    };
    let mut readers = Vec::with_capacity(READERS);
    for _ in 0..READERS {
        let reader = connect(&folder.user_db(), Role::UserReader, key)?;
        configure(&reader, Role::UserReader)?;
        readers.push(reader);
    }
    prepare_cache(folder, key, ended_badly)?;
    Ok((writer, readers, recovery))
}

/// Opens the writer of `user.db`, makes the file if there is none, and climbs the ladder.
///
/// Errors: `KeyLost`, `TooNew` and `MigrationFailed` leave the file as it is; `Damaged` asks for a recovery.
fn open_writer(
    folder: &Folder,
    key: Option<&DatabaseKey>,
    examine: bool,
    opening: &Opening,
) -> Result<Connection, StoreError> {
    let path = folder.user_db();
    let fingerprint = key.map(DatabaseKey::fingerprint);
    let is_known_key = folder.stored_fingerprint()? == fingerprint;
    if !has_content(&path)? && !is_known_key {
        // Before the file exists: a start killed in between must not leave an encrypted file without it.
        folder.store_fingerprint(fingerprint.as_deref())?;
    }
    let mut writer = match connect(&path, Role::UserWriter, key) {
        // A wrong key looks exactly like damage. Only a key that is known to fit proves damage.
        Err(StoreError::Damaged) if !is_known_key => return Err(StoreError::KeyLost),
        other => other?,
    };
    if !is_known_key {
        folder.store_fingerprint(fingerprint.as_deref())?;
    }
    opening.works_with(Some(&writer));
    version(&writer, MIGRATIONS)?;
    if examine && !is_sound(&writer)? {
        return Err(StoreError::Damaged);
    }
    configure(&writer, Role::UserWriter)?;
    migrate(&mut writer, MIGRATIONS)?;
    Ok(writer)
}

/// Makes sure that `cache.db` is there, sound and of today's layout. Whatever is wrong with it, it is made again.
fn prepare_cache(folder: &Folder, key: Option<&DatabaseKey>, examine: bool) -> Result<(), StoreError> {
    match open_cache(folder, key, examine) {
        Ok(()) => Ok(()),
        Err(StoreError::StorageFull) => Err(StoreError::StorageFull),
        Err(error) => {
            tracing::info!(error = &error as &dyn std::error::Error, "cache made again");
            folder.erase_cache()?;
            open_cache(folder, key, false)
        }
    }
}

/// Nothing is kept in the cache yet, so the connection is not kept either.
fn open_cache(folder: &Folder, key: Option<&DatabaseKey>, examine: bool) -> Result<(), StoreError> {
    let path = folder.cache_db();
    let is_new = !has_content(&path)?;
    let cache = connect(&path, Role::Cache, key)?;
    let found: i64 = read(&cache, "user_version")?.parse().unwrap_or(-1);
    if is_new {
        configure(&cache, Role::Cache)?;
        cache.pragma_update(None, "user_version", CACHE_VERSION)?;
    } else if found != CACHE_VERSION || (examine && !is_sound(&cache)?) {
        return Err(StoreError::Damaged);
    } else {
        configure(&cache, Role::Cache)?;
    }
    Ok(())
}
