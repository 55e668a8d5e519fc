//! What a screen shows of the engine.

use std::time::Duration;

use ayumi_protocol::cursor::{LogName, Seq};
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::CaseId;

use super::Now;
use super::memory::{Memory, Mode, Session};
use super::request::Trouble;
use crate::store::{Reader, StoreError};
use crate::sync::account::{self, SessionState};
use crate::sync::outbox::{self, Waiting};
use crate::sync::{replica, snapshots, uploads};
use crate::time::UtcMillis;

/// What the engine is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing is to be done.
    Idle,
    /// Something is being exchanged.
    Syncing,
    /// The last try failed, and the next one comes at a later moment.
    Waiting {
        /// From now on.
        after: Duration,
    },
    /// Nothing can be exchanged until somebody does something.
    Blocked(Blocked),
}

/// What stops everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked {
    /// Nobody is signed in.
    SignedOut,
    /// The session was ended: the same person may sign in again and goes on where she was.
    SessionOver,
    /// The account is suspended.
    Suspended,
    /// The app is too old for the server.
    UpdateNeeded,
    /// She has to agree to a text.
    ConsentNeeded,
    /// The phone has no room, or its files cannot be read at present.
    Storage,
}

/// How far a picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadProgress {
    /// Whose conversation.
    pub case_id: CaseId,
    /// The picture.
    pub sha256: Sha256,
    /// Bytes that the server has.
    pub sent_bytes: u32,
    /// Bytes in all.
    pub length_bytes: u32,
}

/// How far the beginning of a log is that comes as one file: shown on a new phone until its conversation is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotProgress {
    /// The log.
    pub log: LogName,
    /// Bytes of the file that are here.
    pub fetched_bytes: u64,
    /// Bytes of the file.
    pub length_bytes: u64,
    /// Entries of the log that are here.
    pub applied_entries: u64,
    /// Entries of the log that will be here once it is applied.
    pub entries: u64,
}

/// The status of the exchange with the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncStatus {
    /// What the engine is doing.
    pub phase: Phase,
    /// What is wrong with the connection; `None` after a success.
    pub trouble: Option<Trouble>,
    /// How much waits.
    pub waiting: Waiting,
    /// When something was last exchanged, in this run of the app.
    pub last_success_at: Option<UtcMillis>,
    /// Pictures on their way.
    pub uploads: Vec<UploadProgress>,
    /// The beginning of a log on its way here: one at the most.
    pub snapshot: Option<SnapshotProgress>,
    /// Answers that were dropped because entries were missing in them. A server never sends such answers.
    pub dropped_pages: u64,
}

pub(super) fn status(memory: &Memory, reader: &Reader<'_>, now: Now) -> Result<SyncStatus, StoreError> {
    let mut uploads = Vec::new();
    for upload in uploads::sql::uploads_to_do(reader)? {
        let sent = memory.offsets.get(&(upload.log, upload.sha256));
        uploads.push(UploadProgress {
            case_id: upload.log.case_id,
            sha256: upload.sha256,
            sent_bytes: sent.copied().unwrap_or(0),
            length_bytes: upload.length_bytes,
        });
    }
    Ok(SyncStatus {
        phase: phase(memory, reader, now)?,
        trouble: memory.trouble,
        waiting: outbox::waiting(reader)?,
        last_success_at: memory.last_success_at,
        uploads,
        snapshot: snapshot(reader)?,
        dropped_pages: memory.pull.gaps,
    })
}

fn snapshot(reader: &Reader<'_>) -> Result<Option<SnapshotProgress>, StoreError> {
    let open = snapshots::sql::open(reader)?;
    let Some(snapshot) = open.first() else {
        return Ok(None);
    };
    let count = |seq: Seq| u64::try_from(seq.number()).unwrap_or(0);
    let of = replica::by_id(reader, snapshot.replica_id)?;
    Ok(of.map(|replica| SnapshotProgress {
        log: replica.log,
        fetched_bytes: snapshot.fetched_bytes,
        length_bytes: snapshot.length_bytes,
        applied_entries: count(replica.cursor.seq),
        entries: count(snapshot.up_to_seq),
    }))
}

fn phase(memory: &Memory, reader: &Reader<'_>, now: Now) -> Result<Phase, StoreError> {
    if !memory.storage.is_due(now.monotonic) {
        return Ok(Phase::Blocked(Blocked::Storage));
    }
    if memory.needs_update {
        return Ok(Phase::Blocked(Blocked::UpdateNeeded));
    }
    let blocked = match account::read(reader)?.map(|account| account.session) {
        None => Some(Blocked::SignedOut),
        Some(SessionState::Revoked) => Some(Blocked::SessionOver),
        Some(SessionState::Suspended) => Some(Blocked::Suspended),
        Some(SessionState::Active) if matches!(memory.session, Session::None) => Some(Blocked::SessionOver),
        Some(SessionState::Active) => memory.needs_consent.then_some(Blocked::ConsentNeeded),
    };
    if let Some(blocked) = blocked {
        return Ok(Phase::Blocked(blocked));
    }
    if memory.is_busy() {
        return Ok(Phase::Syncing);
    }
    Ok(match memory.timer {
        Some(at) if memory.trouble.is_some() && memory.mode != Mode::Stopped => Phase::Waiting {
            after: at.saturating_sub(now.monotonic),
        },
        _ => Phase::Idle,
    })
}
