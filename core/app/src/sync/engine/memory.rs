//! Everything the engine remembers itself. All of it is forgotten with the process, and nothing is lost by that: a restart is a kick.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ayumi_protocol::cursor::{Epoch, Lane, LogName};
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::{CaseId, OpId, SnapshotId};
use ayumi_protocol::session::{SessionAnswer, Tokens};

use super::Exchanged;
use super::request::{Question, RequestId, Trouble};
use super::retry::{Kick, Retry};
use crate::sync::pictures::WantedPicture;
use crate::time::UtcMillis;

/// How much the engine does by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub(super) enum Mode {
    /// Nothing.
    #[default]
    Stopped,
    /// One exchange, then idle.
    Once,
    /// Stays in touch while the app is in front.
    Live,
}

/// The tokens, as far as this process knows.
#[derive(Debug, Clone, Default)]
pub(super) enum Session {
    /// Not told yet, or none.
    #[default]
    None,
    /// Good, as far as is known. `generation` rises with each pair, so that a late refusal of an old token is recognised.
    Ready { tokens: Tokens, generation: u64 },
    /// The access token was refused: a refresh comes first.
    Stale { tokens: Tokens, generation: u64 },
    /// A new pair that is not used before the secret store has it. `answer` is that of a sign-in.
    Saving {
        tokens: Tokens,
        generation: u64,
        answer: Option<Box<SessionAnswer>>,
    },
    /// The newer pair of the secret store was asked for; `tokens` is the one that was refused.
    Loading { tokens: Tokens, generation: u64 },
}

/// A push in flight.
#[derive(Debug, Clone)]
pub(super) struct PushFlight {
    pub log: LogName,
    pub lane: Lane,
    pub op_ids: Vec<OpId>,
    /// The incarnation of the server's store that it was sent to.
    pub epoch: Epoch,
    pub generation: u64,
    /// How often consent had been taken by the server when it left.
    pub consents: u64,
}

/// A pull in flight.
#[derive(Debug, Clone)]
pub(super) struct PullFlight {
    /// Which pull it is, counted from the start.
    pub number: u64,
    pub waits: bool,
    pub logs: Vec<LogName>,
    pub generation: u64,
}

/// One request of an upload in flight.
#[derive(Debug, Clone)]
pub(super) struct UploadFlight {
    pub log: LogName,
    pub sha256: Sha256,
    /// Bytes that are sent with it: 0 for the announcement.
    pub part_bytes: u32,
    pub generation: u64,
}

/// A request in flight.
#[derive(Debug, Clone)]
pub(super) enum Flight {
    /// A session begins. `kept`: the account that was on the phone.
    SignIn {
        kept: Option<ayumi_protocol::id::AccountId>,
    },
    Refresh,
    /// `is_second`: an older token was refused before.
    Errand {
        errand: Errand,
        generation: u64,
        is_second: bool,
    },
    Pull(PullFlight),
    Push(PushFlight),
    Upload(UploadFlight),
    /// The announcement of an upload that the operating system is to make.
    UploadPlan(UploadFlight),
    Picture(PictureFlight),
    Caseload {
        generation: u64,
    },
    SnapshotOffer(SnapshotOfferFlight),
    SnapshotPart(SnapshotPartFlight),
}

/// A question for the snapshot of a log.
#[derive(Debug, Clone, Copy)]
pub(super) struct SnapshotOfferFlight {
    pub log: LogName,
    pub replica_id: i64,
    pub generation: u64,
}

/// A part of a snapshot on its way here.
#[derive(Debug, Clone, Copy)]
pub(super) struct SnapshotPartFlight {
    pub replica_id: i64,
    pub snapshot_id: SnapshotId,
    pub offset_bytes: u64,
    pub generation: u64,
}

/// Something that is asked once, and whose answer somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errand {
    Ask(Question),
    SignOut,
    PlanUpload,
}

/// A picture on its way here.
#[derive(Debug, Clone, Copy)]
pub(super) struct PictureFlight {
    pub picture: WantedPicture,
    pub generation: u64,
}

/// Reading logs.
#[derive(Debug, Clone, Default)]
pub(super) struct Pulling {
    pub retry: Retry,
    /// There is a reason to ask for news at once, and not only to wait for them.
    pub is_wanted: bool,
    /// Pulls so far.
    pub started: u64,
    /// The last pull that asked for a log, unless the log failed in it.
    pub asked: BTreeMap<LogName, u64>,
    /// The last pull after which a log was at its end.
    pub completed: BTreeMap<LogName, u64>,
    /// The old message at the head of a log that was tried before, and the pull from which on the log has to be at its end before
    /// its author is asked.
    pub looked_for: BTreeMap<LogName, (OpId, u64)>,
    /// Answers that a server never gives: pages with a gap.
    pub gaps: u64,
    /// Logs that failed alone, each with its own delay.
    pub by_log: BTreeMap<LogName, Retry>,
}

/// Reading the beginnings of logs from snapshots, one at a time.
#[derive(Debug, Clone, Default)]
pub(super) struct Snapshots {
    /// A log may have become one that a snapshot helps, or a snapshot is open.
    pub is_to_be_looked_at: bool,
    /// The log whose turn it is: pages of it would come twice.
    pub turn: Option<LogName>,
    pub retry: Retry,
    /// Failures of the log whose turn it is since something of it arrived last.
    pub failures: u32,
    /// Logs that have none of use.
    pub refused: BTreeSet<LogName>,
    /// More of it is to be applied at once.
    pub is_applying: bool,
    /// The one whose hash was compared in this process.
    pub verified: Option<Sha256>,
    /// How far the present one is, for the screen to notice.
    pub progress: u64,
}

/// The memory.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own that the server or the host told; no two of them exclude each other"
)]
pub(super) struct Memory {
    pub mode: Mode,
    pub is_in_front: bool,
    pub started_at: Duration,
    last_id: u64,
    pub flights: BTreeMap<RequestId, Flight>,
    pub timer: Option<Duration>,
    pub session: Session,
    pub refresh: Retry,
    /// Errands that wait for a usable token.
    pub errands: Vec<Errand>,
    /// The same, once their first token was refused.
    pub second_errands: Vec<Errand>,
    /// The present access token has worked once.
    pub token_is_proven: bool,
    /// The server no longer serves this version of the app.
    pub needs_update: bool,
    /// A suspended account is asked about again.
    pub probes_suspension: bool,
    /// When it is due without a reason.
    pub probe_due_at: Option<Duration>,
    /// She has to agree to a text before anything else is taken from her.
    pub needs_consent: bool,
    /// How often the server took her consent in this process.
    pub consents: u64,
    /// A push of this round has come to an end.
    pub has_pushed: bool,
    pub storage: Retry,
    pub lanes: BTreeMap<(LogName, Lane), Retry>,
    /// Operations that were claimed again in this process: the slow first try after a start is over.
    pub tried: BTreeSet<OpId>,
    pub pull: Pulling,
    pub uploads: BTreeMap<(LogName, Sha256), Retry>,
    /// Uploads that the operating system was given since the app came to the front.
    pub planned: BTreeSet<(LogName, Sha256)>,
    /// Bytes of each upload that the server has, once it has told.
    pub offsets: BTreeMap<(LogName, Sha256), u32>,
    pub pictures: Retry,
    pub snapshots: Snapshots,
    pub caseload: Retry,
    pub caseload_due: Option<Duration>,
    pub open_case: Option<CaseId>,
    pub last_kick_at: Option<Duration>,
    pub later_kick: Option<(Duration, Kick)>,
    pub last_reset_at: Option<Duration>,
    pub trouble: Option<Trouble>,
    pub last_success_at: Option<UtcMillis>,
    pub exchanged: Exchanged,
}

/// What of the memory a screen can see, to notice that it changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    sending: BTreeSet<OpId>,
    is_busy: bool,
    trouble: Option<Trouble>,
    offsets: BTreeMap<(LogName, Sha256), u32>,
    needs: (bool, bool),
    has_session: bool,
    snapshot_progress: u64,
}

impl Memory {
    /// The next number of a request.
    pub(super) const fn next_id(&mut self) -> RequestId {
        self.last_id = self.last_id.saturating_add(1);
        RequestId(self.last_id)
    }

    /// Sets the number that was given last.
    #[cfg(feature = "state-search")]
    pub(super) const fn set_last_id(&mut self, last_id: u64) {
        self.last_id = last_id;
    }

    /// The generation of the tokens in use.
    pub(super) const fn generation(&self) -> u64 {
        match &self.session {
            Session::None => 0,
            Session::Ready { generation, .. }
            | Session::Stale { generation, .. }
            | Session::Saving { generation, .. }
            | Session::Loading { generation, .. } => *generation,
        }
    }

    /// Whether errands wait.
    pub(super) const fn has_errands(&self) -> bool {
        !self.errands.is_empty() || !self.second_errands.is_empty()
    }

    /// Operations in flight.
    pub(super) fn sending(&self) -> BTreeSet<OpId> {
        self.flights
            .values()
            .filter_map(|flight| match flight {
                Flight::Push(push) => Some(&push.op_ids),
                _ => None,
            })
            .flatten()
            .copied()
            .collect()
    }

    /// Everything that waits after a failure.
    fn retries(&mut self) -> impl Iterator<Item = &mut Retry> {
        self.lanes
            .values_mut()
            .chain(self.uploads.values_mut())
            .chain(self.pull.by_log.values_mut())
            .chain([
                &mut self.storage,
                &mut self.pull.retry,
                &mut self.refresh,
                &mut self.pictures,
                &mut self.caseload,
                &mut self.snapshots.retry,
            ])
    }

    pub(super) fn kick_all(&mut self, kick: Kick, now: Duration) {
        for retry in self.retries() {
            retry.kick(kick, now);
        }
    }

    /// Whether something waits that a kick would let try at once.
    pub(super) fn is_moved_by(&mut self, kick: Kick, now: Duration) -> bool {
        self.retries().any(|retry| retry.is_moved_by(kick, now))
    }

    pub(super) fn shown(&self) -> Shown {
        Shown {
            sending: self.sending(),
            is_busy: self.is_busy(),
            trouble: self.trouble,
            offsets: self.offsets.clone(),
            needs: (self.needs_update, self.needs_consent),
            has_session: !matches!(self.session, Session::None),
            snapshot_progress: self.snapshots.progress,
        }
    }

    /// Whether something is in flight that is not just waiting for news.
    pub(super) fn is_busy(&self) -> bool {
        self.snapshots.is_applying
            || self
                .flights
                .values()
                .any(|flight| !matches!(flight, Flight::Pull(PullFlight { waits: true, .. })))
    }
}
