//! Opening the folder: lock, unclean end, key, version, migrations, readers.

use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, InterruptHandle};

use super::cache::{self, Cache};
use super::connection::{Role, configure, connect, is_empty, is_sound};
use super::folder::{Folder, LastEnd, has_content, is_stump};
use super::migrations::{MIGRATIONS, has_expected_schema, migrate, version};
use super::recovery::{self, Recovery};
use super::session::Session;
use super::{DatabaseKey, StoreConfig, StoreError};

/// Connections that only read. Two, so that a long chart query does not keep the home screen waiting.
const READERS: usize = 2;

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
    let last_end = folder.mark_dirty()?;
    let opened = open_databases(&folder, config.key.as_ref(), last_end, opening);
    opening.works_with(None);
    let Databases {
        user_writer,
        user_readers,
        cache,
        recovery,
    } = opened?;
    tracing::info!(?last_end, recovered = recovery.is_some(), "store opened");
    let session = Session::new(folder, lock, config.key.clone(), user_writer, user_readers, cache);
    Ok((session, recovery))
}

struct Databases {
    user_writer: Connection,
    user_readers: Vec<Connection>,
    cache: Cache,
    recovery: Option<Recovery>,
}

fn open_databases(
    folder: &Folder,
    key: Option<&DatabaseKey>,
    last_end: LastEnd,
    opening: &Opening,
) -> Result<Databases, StoreError> {
    let was_there = has_content(&folder.user_db())?;
    let mut recovery = recovery::finish(folder, key)?;
    // The damage that was met went away with the file that a finished recovery replaced.
    let last_end = if recovery.is_some() {
        LastEnd::Clean
    } else {
        last_end
    };
    let writer = match open_writer(folder, key, last_end, opening) {
        Err(StoreError::Damaged) => {
            recovery = Some(recovery::recover(folder, key, opening)?);
            open_writer(folder, key, LastEnd::Clean, opening)?
        }
        other => other?,
    };
    if recovery.is_some() {
        folder.mark_repaired()?;
    }
    let mut user_readers = Vec::with_capacity(READERS);
    for _ in 0..READERS {
        let reader = connect(&folder.user_db(), Role::UserReader, key)?;
        configure(&reader, Role::UserReader)?;
        user_readers.push(reader);
    }
    // The cache names rows of `user.db`, and those of a new one are others.
    let cache = if was_there && recovery.is_none() {
        cache::prepare(folder, key, last_end != LastEnd::Clean)?
    } else {
        cache::make_again(folder, key)?
    };
    Ok(Databases {
        user_writer: writer,
        user_readers,
        cache,
        recovery,
    })
}

/// Opens the writer of `user.db`, makes the file if there is none, and climbs the ladder.
///
/// Errors: `KeyLost`, `TooNew` and `MigrationFailed` leave the file as it is; `Damaged` asks for a recovery.
fn open_writer(
    folder: &Folder,
    key: Option<&DatabaseKey>,
    last_end: LastEnd,
    opening: &Opening,
) -> Result<Connection, StoreError> {
    let path = folder.user_db();
    let fingerprint = key.map(DatabaseKey::fingerprint);
    let is_known_key = folder.stored_fingerprint()? == fingerprint;
    if !has_content(&path)? && !is_known_key {
        // Before the file exists: a start killed in between must not leave an encrypted file without it.
        folder.store_fingerprint(fingerprint.as_deref())?;
    }
    let connected = if is_stump(&path)? {
        Err(StoreError::Damaged)
    } else {
        connect(&path, Role::UserWriter, key)
    };
    let mut writer = match connected {
        // A wrong key looks exactly like damage. Only a key that is known to fit proves damage.
        Err(StoreError::Damaged) if !is_known_key => return Err(StoreError::KeyLost),
        other => other?,
    };
    if !is_known_key {
        folder.store_fingerprint(fingerprint.as_deref())?;
    }
    opening.works_with(Some(&writer));
    let found = version(&writer, MIGRATIONS)?;
    if found == 0 && !is_empty(&writer)? {
        tracing::warn!("the database was not made by this app, or has lost its version");
        return Err(StoreError::Damaged);
    }
    let is_damaged = match last_end {
        LastEnd::Clean => false,
        // A damaged page can look sound and yet name a column that no statement knows.
        LastEnd::Unclean => !(is_sound(&writer)? && has_expected_schema(&writer, MIGRATIONS, found)?),
        // A quick look compares no index with its table and reads no text. What was met there is there still.
        LastEnd::Damaged => true,
    };
    if is_damaged {
        return Err(StoreError::Damaged);
    }
    configure(&writer, Role::UserWriter)?;
    migrate(&mut writer, MIGRATIONS)?;
    Ok(writer)
}
