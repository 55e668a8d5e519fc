//! What a screen shows of the engine.

use std::time::Duration;

use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::CaseId;

use super::Now;
use super::memory::{Memory, Mode, Session};
use super::request::Trouble;
use crate::store::{Reader, StoreError};
use crate::sync::account::{self, SessionState};
use crate::sync::outbox::{self, Waiting};
use crate::sync::uploads;
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
        dropped_pages: memory.pull.gaps,
    })
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
