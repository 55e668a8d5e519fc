//! What happened in one run, as plain data: what each phone did and could show, and what the server held.
//!
//! Nothing here is a type of the core, the protocol or the server: whoever drives them translates, and a mistake of theirs
//! cannot hide in a shared definition. No field holds what a person wrote or measured; bodies are known by their fingerprints.

use std::collections::BTreeMap;

/// Virtual time of the run in milliseconds. It never goes back inside a history.
pub type Millis = u64;
/// An operation's id, for ever.
pub type OpId = u128;
/// One installation of the app. A new registration (new phone, restored backup) is a new device.
pub type Device = u128;
/// One person's account.
pub type Account = u128;
/// One participant's case.
pub type Case = u128;
/// One incarnation of the server's store, compared for equality only.
pub type Epoch = u128;
/// The first eight bytes of the SHA-256 of raw bytes: enough to tell bodies apart, too little to be one.
pub type Fingerprint = u64;

/// Who may read a log (sync.md 3.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// Participant and dietitians.
    Care,
    /// Staff only.
    Staff,
    /// Participant and advisers.
    Advice,
}

/// One log: a case and an audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Log {
    /// Whose case it is.
    pub case: Case,
    /// Who may read it.
    pub audience: Audience,
}

/// An ordered sub-queue of one device's outbox inside one case (sync.md 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Messages, edits, deletions, consent, plans.
    Talk,
    /// Steps, weights, read marks, bookmarks, settings.
    Readings,
}

/// What an operation does, as far as an invariant asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A message, which becomes an item on screens.
    Message,
    /// Anything that changes what is there: an edit, a deletion, a reading, a read mark.
    Other,
    /// Consent is given: what was held back may go, behind it.
    ConsentGiven,
    /// Consent is withdrawn: this operation goes ahead of both lanes and nothing else goes at all (sync.md 4.10).
    ConsentWithdrawn,
    /// Written by the server itself, without an operation of a phone.
    System,
}

/// An enqueue: the domain row, its attachments and the operation were committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enqueue {
    /// The operation.
    pub op: OpId,
    /// The log that its entry belongs to.
    pub log: Log,
    /// Its lane.
    pub lane: Lane,
    /// What it does.
    pub kind: Kind,
    /// Its place in the device's own order, larger is later. What the core calls `local_seq`.
    pub local_order: u64,
    /// The final bytes.
    pub payload: Fingerprint,
    /// Photos that belong to it.
    pub attachments: u32,
    /// Operations with equal keys replace each other while never sent: a day's steps, a read mark.
    pub coalescing_key: Option<u64>,
    /// The never-sent operation whose place it takes; its own id when the body was rewritten in place.
    pub replaces: Option<OpId>,
    /// The own operation that has to be in the log before this one.
    pub depends_on: Option<OpId>,
    /// False when the call did not return (killed, failed, or unknown): the operation may exist, and nothing is owed.
    pub returned: bool,
}

/// How an attempt ended, as the phone understood it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Stored, or a duplicate with equal bytes.
    Stored,
    /// Refused for good.
    Refused,
}

/// What requests are counted by: back-off is kept per lane and per pull (sync.md 4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A push of one lane of one case, or an upload that the head of that lane waits for.
    Lane(Case, Lane),
    /// The pull of all cases.
    Pull,
    /// What everything else waits for: a token refresh, a registration.
    Session,
}

/// How a request ended for the one who made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestEnd {
    /// Something was stored, read or decided.
    Progress,
    /// No answer, or one that asks to come again.
    Failure {
        /// What `Retry-After` asked, milliseconds, bounded as the core bounds it; 0 without the header.
        asked_wait_ms: Millis,
    },
}

/// State of an outbox row, durable ones only (sync.md 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowState {
    /// To be sent.
    Queued,
    /// Acknowledged with this number, not yet pulled.
    Sent(u64),
    /// Refused for good, waiting for its author.
    Parked,
    /// Too old to go without being asked about.
    NeedsConfirmation,
}

/// One row of a device's outbox as a screen could show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// The operation.
    pub op: OpId,
    /// Its state.
    pub state: RowState,
    /// Its place in the device's own order.
    pub local_order: u64,
    /// Claims so far.
    pub attempts: u32,
    /// True when it was put back after the server had lost it.
    pub reoffered: bool,
}

/// What a replica holds of an entry's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// All of it.
    Whole(Fingerprint),
    /// Left out by a snapshot, because later entries replace it (sync.md 6.7).
    Thinned,
    /// Blanked by an erasure (sync.md 3.3).
    Erased,
}

/// One entry that a device has folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoldedEntry {
    /// Its number in the log.
    pub seq: u64,
    /// The operation that it came from; not looked at for a thinned one.
    pub op: OpId,
    /// What is left of its body.
    pub body: Body,
}

/// How an item of the conversation is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemState {
    /// From the log, with its number.
    Settled(u64),
    /// From the outbox.
    Pending,
    /// In the tray of what was not sent.
    NotSent,
}

/// One item of the conversation, in the order of the screen, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// The message's operation.
    pub op: OpId,
    /// How it is drawn.
    pub state: ItemState,
}

/// One log as one device could show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogView {
    /// Which log.
    pub log: Log,
    /// Epoch half of the cursor.
    pub epoch: Epoch,
    /// Number half of the cursor.
    pub cursor: u64,
    /// Every folded entry from number 1 on, in order.
    pub entries: Vec<FoldedEntry>,
    /// The conversation.
    pub items: Vec<Item>,
    /// Fingerprint of the folded state without the overlay; `None` when the driver does not take it.
    pub folded: Option<Fingerprint>,
}

/// Everything that one device could show after one step. What is missing here is invisible to its owner.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    /// Replicated logs.
    pub logs: Vec<LogView>,
    /// The whole outbox.
    pub outbox: Vec<OutboxRow>,
}

/// What became of a device's stores when its account left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    /// They wait, encrypted, for the same account: a revoked session, a sign-out that keeps.
    Kept,
    /// They were removed after the owner was warned of so many unsent operations; 0 without a warning.
    ErasedAfterWarning(usize),
    /// They were removed because the account was erased, or its policy says so: nothing is owed any more.
    AccountErased,
}

/// What a step source says about a part of one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Whose steps they are.
    pub case: Case,
    /// The local date, `20260415` for 15 April 2026.
    pub date: u32,
    /// The hour of that date. No reading reaches out of its hour, and no two of one hour overlap.
    pub hour: u32,
    /// Names the source and the reading in it; the same reading read again has the same name.
    pub name: u64,
    /// The steps, or `None`: the source has withdrawn it.
    pub steps: Option<u32>,
}

/// What one phone did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhoneEvent {
    /// An account signed in, for the first time or again over its own files. The app runs in the foreground from here on.
    SignedIn(Account),
    /// Nobody is signed in any more.
    SignedOut(Departure),
    /// An enqueue; also a rewrite in place.
    Enqueued(Enqueue),
    /// The bytes of an operation left in a request.
    Attempted {
        /// The operation.
        op: OpId,
        /// The bytes that left.
        payload: Fingerprint,
        /// Its attempt counter.
        attempt: u32,
    },
    /// An attempt got a final answer. Left out when no answer came, and when the network may still carry a copy of the request.
    Answered {
        /// The operation.
        op: OpId,
        /// The attempt that is answered.
        attempt: u32,
        /// What was answered.
        answer: Answer,
    },
    /// What a screen could show after a step. Taken at least after every step that changed something.
    Shown(Shown),
    /// The author gave an operation up, or cancelled one that was never sent.
    Discarded(OpId),
    /// The author sent a parked operation, or one held back by withdrawn consent, again under its old id.
    SentAgain {
        /// The operation.
        op: OpId,
        /// Its new place, at the tail.
        local_order: u64,
    },
    /// The author confirmed an old message.
    Confirmed {
        /// The operation.
        op: OpId,
        /// Its new place, at the tail.
        local_order: u64,
    },
    /// The phone has folded that its owner consented again, on another of her devices: what it held may go.
    ConsentSeen(Case),
    /// The process ended without notice.
    Killed,
    /// A process runs again over the same files.
    Restarted,
    /// A copy of the files was taken.
    BackedUp {
        /// Names the copy; unique in the history.
        backup: u64,
    },
    /// The files were replaced by a copy, on this device or on another. What was enqueued since the copy is given up by that.
    /// A name that no copy has means that the files were gone.
    RestoredFromBackup {
        /// Names the copy.
        backup: u64,
    },
    /// A damaged file was set aside and its readable unsent rows saved; the logs are pulled again.
    Salvaged,
    /// The replica of a case was dropped because its dietitian no longer has it.
    CaseLost(Case),
    /// Sending is not allowed at present: suspended, consent withdrawn, too old a version, storage locked or full.
    Blocked(bool),
    /// The app is in the foreground, or no longer: without it no timer runs.
    Foreground(bool),
    /// The network works as far as the phone could find out, or not.
    Network(bool),
    /// A request left.
    RequestStarted {
        /// What for.
        target: Target,
        /// Its total deadline.
        deadline_ms: Millis,
    },
    /// That request ended.
    RequestEnded {
        /// What for.
        target: Target,
        /// How.
        end: RequestEnd,
    },
    /// Someone looked at the photos of a message.
    PhotoVisible {
        /// The message.
        op: OpId,
        /// Every photo was there with all its bytes.
        complete: bool,
        /// The bytes had the hash that the message names.
        hash_matches: bool,
    },
    /// A day's steps as a screen draws them, beside the truth, by a driver that knows it: the source after its last reading was taken in and sent.
    StepsOfDay {
        /// The local date, `20260415` for 15 April 2026.
        date: u32,
        /// What the source says; `None` is not measured, which differs from 0.
        source: Option<u32>,
        /// What is shown.
        shown: Option<u32>,
    },
    /// A reading of a step source was stored, for the first time or again: the call returned.
    HasRead(Reading),
    /// A day's steps as a screen draws them; held against every [`PhoneEvent::HasRead`]. The last one of each day has to be written
    /// down after everything has settled.
    DayDrawn {
        /// Whose steps they are.
        case: Case,
        /// The local date, `20260415` for 15 April 2026.
        date: u32,
        /// What is drawn; `None` is not measured.
        steps: Option<u32>,
    },
    /// The cache was measured.
    CacheSize {
        /// Its size.
        bytes: u64,
        /// Its budget.
        budget: u64,
        /// Its largest item.
        largest_item: u64,
    },
    /// The files were examined.
    FileCheck(FileCheck),
    /// A scan found a marked text where none may be.
    Leak(Place),
    /// A scan after sign-out or erasure found something of an account that is gone.
    Remains(Account),
    /// A panic reached the border of the library.
    Panicked,
}

/// Findings of an examination of one device's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileCheck {
    /// `integrity_check` answered ok.
    pub integrity: bool,
    /// `foreign_key_check` found nothing.
    pub foreign_keys: bool,
    /// The schema equals that of a new file.
    pub schema_equal: bool,
    /// Files without a row, after the collector ran.
    pub orphan_files: u32,
    /// Rows without a file.
    pub missing_files: u32,
}

impl FileCheck {
    /// An examination without findings.
    pub const SOUND: Self = Self {
        integrity: true,
        foreign_keys: true,
        schema_equal: true,
        orphan_files: 0,
        missing_files: 0,
    };
}

/// Where a marked text was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A line of a log.
    LogLine,
    /// The text of an error.
    ErrorText,
    /// Debug output.
    DebugOutput,
    /// A crash string.
    CrashString,
    /// A file name.
    FileName,
    /// A push payload.
    PushPayload,
}

/// A photo of an entry at the moment of its append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attachment {
    /// The server has all its bytes.
    pub complete: bool,
    /// They have the hash that the message names.
    pub hash_matches: bool,
}

/// One entry as the server appended it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The log.
    pub log: Log,
    /// Its number.
    pub seq: u64,
    /// The operation; an id made by the server for its own entries.
    pub op: OpId,
    /// Account of the session that sent it; `None` for the server itself.
    pub author: Option<Account>,
    /// Device of that session; `None` for the server itself.
    pub device: Option<Device>,
    /// What it does.
    pub kind: Kind,
    /// The stored bytes.
    pub payload: Fingerprint,
    /// Its photos.
    pub attachments: Vec<Attachment>,
}

/// What the server's store did, at its commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerEvent {
    /// The store began with this epoch. First event of the server.
    Created(Epoch),
    /// An entry was committed.
    Appended(Entry),
    /// The store went back to a backup.
    Restored {
        /// Its new epoch.
        epoch: Epoch,
        /// The last number of each log in the backup; a log that is missing here is empty.
        heads: BTreeMap<Log, u64>,
    },
    /// The body of an entry was blanked; `by_seq` is the number of the `entry.erased` that tells the replicas.
    Erased {
        /// The log.
        log: Log,
        /// The blanked entry.
        target_seq: u64,
        /// The entry that says so, appended before this event.
        by_seq: u64,
    },
    /// An account may read a log from now on, or no longer.
    Access {
        /// Who.
        account: Account,
        /// What.
        log: Log,
        /// May, or may not.
        granted: bool,
        /// Its phones replicate the log by themselves (an adviser's do not).
        replicates: bool,
    },
    /// Content of a log went out to an account.
    Served {
        /// To whom.
        account: Account,
        /// Of which log.
        log: Log,
    },
}

/// What the surroundings did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorldEvent {
    /// A fault that lasts: a partition, a server that is down. Faults of one moment are `FaultEnded` alone.
    FaultBegan,
    /// A fault ended.
    FaultEnded,
}

/// One event of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// On a phone.
    Phone(Device, PhoneEvent),
    /// In the server's store.
    Server(ServerEvent),
    /// Around them.
    World(WorldEvent),
}

/// One event and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// When.
    pub at_ms: Millis,
    /// What.
    pub what: Happening,
}

/// The bounds that time is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// `T` of I6 after the last fault, the last input and the last wait that a server asked for.
    pub converge_ms: Millis,
    /// The longest back-off of one lane with its jitter, and one request deadline (I9).
    pub try_again_ms: Millis,
    /// How much later than its deadline a request may be seen to end.
    pub grace_ms: Millis,
    /// Failed requests of one target in one minute that are still no storm: kicks are coalesced to one per second.
    pub failures_per_minute: usize,
    /// How long a request that its sender gave up may still reach the server.
    pub wandering_ms: Millis,
}

impl Default for Bounds {
    /// The numbers of faults.md, section 1, with the default schedule of sync.md, section 4.5.
    fn default() -> Self {
        Self {
            converge_ms: 600_000,
            try_again_ms: 375_000 + 30_000,
            grace_ms: 1_000,
            failures_per_minute: 90,
            wandering_ms: 120_000,
        }
    }
}

/// Both histories of one run in one list, in the order in which things happened.
///
/// One thread of a simulator has that order by itself. Real processes merge their lists by time, the server's commit before
/// what a phone shows in the same millisecond.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// Everything that happened.
    pub records: Vec<Record>,
    /// When the run ended; later than the last record when nothing happened any more.
    pub ended_at_ms: Millis,
    /// What time is judged by.
    pub bounds: Bounds,
}

impl History {
    /// Adds what a phone did.
    pub fn phone(&mut self, at_ms: Millis, device: Device, event: PhoneEvent) {
        self.add(at_ms, Happening::Phone(device, event));
    }

    /// Adds what the server did.
    pub fn server(&mut self, at_ms: Millis, event: ServerEvent) {
        self.add(at_ms, Happening::Server(event));
    }

    /// Adds what the surroundings did.
    pub fn world(&mut self, at_ms: Millis, event: WorldEvent) {
        self.add(at_ms, Happening::World(event));
    }

    fn add(&mut self, at_ms: Millis, what: Happening) {
        self.ended_at_ms = self.ended_at_ms.max(at_ms);
        self.records.push(Record { at_ms, what });
    }
}
