//! The connections of an open store, lent to one thread at a time.
//!
//! One writer and two readers. Two writers would only wait for each other inside SQLite, with time-outs instead of a
//! queue; a read that turns into a write fails whatever the time-out. So the type of what is lent says what may be done.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

use rusqlite::{Connection, InterruptHandle};

use super::StoreError;
use super::connection::Role;
use super::folder::{Folder, FolderLock};

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
    interrupts: Vec<InterruptHandle>,
    is_damaged: AtomicBool,
}

#[derive(Debug)]
struct Slots {
    is_open: bool,
    writer: Option<Connection>,
    readers: Vec<Connection>,
    /// Who holds a connection. Nobody holds two: a writer that waits for itself waits for ever.
    holders: Vec<ThreadId>,
    /// Closed while somebody was still at work: what is returned now is closed at once.
    is_abandoned: bool,
    /// Given back only after the last connection is closed.
    lock: Option<FolderLock>,
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
        writer: Connection,
        readers: Vec<Connection>,
    ) -> Self {
        let interrupts = readers
            .iter()
            .chain([&writer])
            .map(Connection::get_interrupt_handle)
            .collect();
        Self {
            folder,
            slots: Mutex::new(Slots {
                is_open: true,
                writer: Some(writer),
                readers,
                holders: Vec::new(),
                is_abandoned: false,
                lock: Some(lock),
            }),
            returned: Condvar::new(),
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
    /// Errors: `Closed`; `Bug` if this thread holds a connection already.
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
            let free = if role == Role::UserWriter {
                slots.writer.take()
            } else {
                slots.readers.pop()
            };
            if let Some(connection) = free {
                slots.holders.push(me);
                return Ok(Lent {
                    session: self,
                    role,
                    connection: Some(connection),
                });
            }
            slots = self.returned.wait(slots).unwrap_or_else(PoisonError::into_inner);
        }
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
            for handle in &self.interrupts {
                handle.interrupt();
            }
        }
        slots.readers.clear();
        let writer = slots.writer.take();
        if !slots.holders.is_empty() {
            slots.is_abandoned = true;
            tracing::warn!("closed the store without a checkpoint: work did not end in time");
            return Ok(());
        }
        let checkpointed = writer.as_ref().map_or(Ok(()), checkpoint);
        drop(writer);
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
    connection: Option<Connection>,
}

impl Lent<'_> {
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
        if slots.is_abandoned {
            drop(connection);
            if slots.holders.is_empty() {
                slots.lock = None;
            }
        } else if self.role == Role::UserWriter {
            slots.writer = connection;
        } else {
            slots.readers.extend(connection);
        }
        drop(slots);
        self.session.returned.notify_all();
    }
}
