//! The connections of an open store, lent to one thread at a time.
//!
//! One writer and two readers of `user.db`, one of each for `cache.db`. Two writers would only wait for each other inside SQLite, with time-outs instead of a
//! queue; a read that turns into a write fails whatever the time-out. So the type of what is lent says what may be done.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

use rusqlite::{Connection, InterruptHandle};

use super::cache::{self, Cache};
use super::connection::Role;
use super::folder::{Folder, FolderLock};
use super::{DatabaseKey, StoreError};

/// Time that work in progress has to end by itself when the store closes.
const GRACE: Duration = Duration::from_millis(250);
/// Between two interruptions: work that was between two statements is caught in its next one.
const INTERRUPT_EVERY: Duration = Duration::from_millis(20);
/// Interruptions before the store closes without the work, together with [`GRACE`] about 4.5 s: iOS grants 5 s.
const INTERRUPTIONS: u32 = 212;

pub(super) struct Session {
    folder: Folder,
    slots: Mutex<Slots>,
    returned: Condvar,
    /// For a cache that has to be made again.
    key: Option<DatabaseKey>,
    /// Of the connections to `user.db`.
    interrupts: Vec<InterruptHandle>,
    is_damaged: AtomicBool,
}

#[derive(Debug)]
struct Slots {
    is_open: bool,
    writer: Option<Connection>,
    readers: Vec<Connection>,
    cache: CacheSlots,
    /// Who holds a connection. Nobody holds two: a writer that waits for itself waits for ever.
    holders: Vec<ThreadId>,
    /// Closed while somebody was still at work: what is returned now is closed at once.
    is_abandoned: bool,
    /// Given back only after the last connection is closed.
    lock: Option<FolderLock>,
}

/// The connections to `cache.db`, which may be replaced while the store is open.
#[derive(Default)]
struct CacheSlots {
    writer: Option<Connection>,
    reader: Option<Connection>,
    interrupts: Vec<InterruptHandle>,
    /// Connections that are lent at present. With none lent and none here the cache is lost.
    lent: usize,
    /// How often it was made again. Whoever met damage in an older one has nothing to do.
    generation: u64,
    /// Somebody waits until no connection is lent, to make the cache again.
    is_renewing: bool,
}

impl CacheSlots {
    fn fill(&mut self, cache: Cache) {
        self.interrupts = vec![
            cache.writer.get_interrupt_handle(),
            cache.reader.get_interrupt_handle(),
        ];
        self.writer = Some(cache.writer);
        self.reader = Some(cache.reader);
    }

    fn is_lost(&self) -> bool {
        self.lent == 0 && self.writer.is_none() && self.reader.is_none() && !self.is_renewing
    }
}

impl fmt::Debug for CacheSlots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CacheSlots({} lent)", self.lent)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session")
    }
}

impl Session {
    pub(super) fn new(
        folder: Folder,
        lock: FolderLock,
        key: Option<DatabaseKey>,
        writer: Connection,
        readers: Vec<Connection>,
        cache: Cache,
    ) -> Self {
        let interrupts = readers
            .iter()
            .chain([&writer])
            .map(Connection::get_interrupt_handle)
            .collect();
        let mut cache_slots = CacheSlots::default();
        cache_slots.fill(cache);
        Self {
            folder,
            slots: Mutex::new(Slots {
                is_open: true,
                writer: Some(writer),
                readers,
                cache: cache_slots,
                holders: Vec::new(),
                is_abandoned: false,
                lock: Some(lock),
            }),
            returned: Condvar::new(),
            key,
            interrupts,
            is_damaged: AtomicBool::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that damage was met, so that the next start replaces the file.
    pub(super) fn note_damage(&self) {
        if self.is_damaged.swap(true, Ordering::SeqCst) {
            return;
        }
        tracing::warn!("a damaged page was met: the next start replaces the file");
        if let Err(error) = self.folder.mark_damaged() {
            // The empty note stays, and with it a look at every page.
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the damage could not be noted"
            );
        }
    }

    /// Waits for a connection of the role and borrows it.
    ///
    /// Errors: `Closed`; `Bug` if this thread holds a connection already, of whichever file; what making a lost cache again
    /// answers.
    pub(super) fn lend(&self, role: Role) -> Result<Lent<'_>, StoreError> {
        let me = std::thread::current().id();
        let mut slots = self.lock();
        if slots.holders.contains(&me) {
            return Err(StoreError::Bug {
                where_: "a store call inside a store call of the same thread",
            });
        }
        loop {
            if !slots.is_open {
                return Err(StoreError::Closed);
            }
            if role.is_of_cache() && slots.cache.is_lost() {
                let cache = cache::prepare(&self.folder, self.key.as_ref(), false)?;
                slots.cache.fill(cache);
            }
            let free = match role {
                Role::UserWriter => slots.writer.take(),
                Role::UserReader => slots.readers.pop(),
                Role::CacheWriter => slots.cache.writer.take(),
                Role::CacheReader => slots.cache.reader.take(),
            };
            if let Some(connection) = free {
                slots.holders.push(me);
                if role.is_of_cache() {
                    slots.cache.lent = slots.cache.lent.saturating_add(1);
                }
                return Ok(Lent {
                    session: self,
                    role,
                    cache_generation: slots.cache.generation,
                    connection: Some(connection),
                });
            }
            slots = self.returned.wait(slots).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Deletes the cache and makes it again, after damage was met in the one of `generation`. Waits until nobody uses it.
    ///
    /// Whoever comes later than another waits for the same new one.
    /// Errors: `Closed`; what making it answers, the next call that needs the cache then tries again.
    pub(super) fn renew_cache(&self, generation: u64) -> Result<(), StoreError> {
        let mut slots = self
            .returned
            .wait_while(self.lock(), |slots| slots.is_open && slots.cache.is_renewing)
            .unwrap_or_else(PoisonError::into_inner);
        if !slots.is_open {
            return Err(StoreError::Closed);
        }
        if slots.cache.generation != generation {
            return Ok(());
        }
        slots.cache.is_renewing = true;
        slots.cache.reader = None;
        slots.cache.writer = None;
        slots = self
            .returned
            .wait_while(slots, |slots| slots.is_open && slots.cache.lent > 0)
            .unwrap_or_else(PoisonError::into_inner);
        slots.cache.is_renewing = false;
        slots.cache.generation = slots.cache.generation.wrapping_add(1);
        // The lock is held meanwhile: nobody may close the store, and give the folder to another instance, in between.
        let renewed = if slots.is_open {
            tracing::info!("damage was met in the cache: made again");
            cache::make_again(&self.folder, self.key.as_ref()).map(|cache| slots.cache.fill(cache))
        } else {
            Err(StoreError::Closed)
        };
        drop(slots);
        self.returned.notify_all();
        renewed
    }

    /// Refuses new work, lets the present work end or interrupts it, and closes every connection.
    ///
    /// Work that does not end in time keeps its connection, and with it the folder's lock, until it does; it can no
    /// longer touch anything else.
    /// Errors: `Bug` if this thread holds a connection; what the checkpoint or the file system answers, the connections
    /// are closed all the same.
    pub(super) fn close(&self) -> Result<(), StoreError> {
        let mut slots = self.lock();
        if slots.holders.contains(&std::thread::current().id()) {
            return Err(StoreError::Bug {
                where_: "closing the store inside a store call",
            });
        }
        slots.is_open = false;
        self.returned.notify_all();
        let mut wait = GRACE;
        for _ in 0..=INTERRUPTIONS {
            slots = self
                .returned
                .wait_timeout_while(slots, wait, |slots| !slots.holders.is_empty())
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            if slots.holders.is_empty() {
                break;
            }
            wait = INTERRUPT_EVERY;
            for handle in self.interrupts.iter().chain(&slots.cache.interrupts) {
                handle.interrupt();
            }
        }
        slots.readers.clear();
        let writer = slots.writer.take();
        // Before the writer: only the last connection that may write removes the write-ahead log.
        slots.cache.reader = None;
        let cache_writer = slots.cache.writer.take();
        if !slots.holders.is_empty() {
            slots.is_abandoned = true;
            tracing::warn!("closed the store without a checkpoint: work did not end in time");
            return Ok(());
        }
        let checkpointed = writer.as_ref().map_or(Ok(()), checkpoint);
        drop(writer);
        if let Some(Err(error)) = cache_writer.as_ref().map(checkpoint) {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "closing the cache without a checkpoint"
            );
        }
        drop(cache_writer);
        let cleared = if checkpointed.is_ok() && !self.is_damaged.load(Ordering::SeqCst) {
            self.folder.clear_dirty()
        } else {
            Ok(())
        };
        slots.lock = None;
        checkpointed.and(cleared)
    }
}

/// Moves the write-ahead log into the file and empties it, so that the file is complete by itself.
pub(super) fn checkpoint(writer: &Connection) -> Result<(), StoreError> {
    writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

/// A borrowed connection. It returns to its place when dropped, also when the work panics.
#[derive(Debug)]
pub(super) struct Lent<'s> {
    session: &'s Session,
    role: Role,
    cache_generation: u64,
    connection: Option<Connection>,
}

impl Lent<'_> {
    /// Which cache there was when the connection was lent.
    pub(super) fn cache_generation(&self) -> u64 {
        self.cache_generation
    }

    pub(super) fn connection(&mut self) -> Result<&mut Connection, StoreError> {
        self.connection.as_mut().ok_or(StoreError::Bug {
            where_: "a borrowed connection is there until it is returned",
        })
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let me = std::thread::current().id();
        let mut slots = self.session.lock();
        slots.holders.retain(|holder| *holder != me);
        let connection = self.connection.take();
        if self.role.is_of_cache() {
            slots.cache.lent = slots.cache.lent.saturating_sub(1);
        }
        if slots.is_abandoned {
            drop(connection);
            if slots.holders.is_empty() {
                slots.lock = None;
            }
        } else {
            match self.role {
                Role::UserWriter => slots.writer = connection,
                Role::UserReader => slots.readers.extend(connection),
                // A cache that is about to be deleted has no use for it.
                Role::CacheWriter | Role::CacheReader if slots.cache.is_renewing => drop(connection),
                Role::CacheWriter => slots.cache.writer = connection,
                Role::CacheReader => slots.cache.reader = connection,
            }
        }
        drop(slots);
        self.session.returned.notify_all();
    }
}
