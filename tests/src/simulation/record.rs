//! What happened, written down as the oracle reads it. Types of the core and the server end here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use ayumi_core::chat::PageFrom;
use ayumi_core::sync::engine::{HttpRequest, RequestBody};
use ayumi_core::sync::outbox::{OperationState, Outgoing};
use ayumi_protocol::body::{Body, BodyReading, RawBody};
use ayumi_protocol::cursor::{self, Audience, LogName};
use ayumi_protocol::hash;
use ayumi_protocol::id::{CaseId, OpId};
use ayumi_protocol::push::PushRequest;
use ayumi_protocol::upload::UploadRequest;
use ayumi_protocol::wire::Wire as _;
use ayumi_server::server::boxed;
use ayumi_server::store::Value;
use sha2::{Digest as _, Sha256};

use super::backend::{Backend, at_once};
use super::phone::Phone;
use super::walks::number_of;
use crate::oracle::{
    self, Attachment, Enqueue, Entry, FoldedEntry, History, Item, ItemState, Kind, Lane, Log, LogView,
    OutboxRow, PhoneEvent, RowState, ServerEvent, Shown, Target,
};

/// The history of a run, with what is needed to tell what is new.
#[derive(Clone, Default)]
pub struct Recorder {
    /// What was written down.
    pub history: History,
    /// The outbox of each phone as it was last seen.
    outboxes: BTreeMap<u128, BTreeMap<OpId, Outgoing>>,
    /// Operations of each phone that were written down as enqueued.
    enqueued: BTreeMap<u128, BTreeSet<OpId>>,
    /// The last number of each log of the server that was written down.
    pub heads: BTreeMap<Log, u64>,
    /// Operations that people caused.
    pub operations: u64,
    /// Pictures that a device has announced, with their case.
    uploads: BTreeMap<(u128, hash::Sha256), u128>,
    /// Phones that know of a withdrawal.
    withdrawn: BTreeMap<u128, bool>,
    /// Phones that may not send at present.
    blocked: BTreeMap<u128, bool>,
    /// Phones whose files were set back and that were not opened since.
    set_back: BTreeSet<u128>,
    /// Installations of the app by the devices that the server knows: another one after each sign-in.
    installations: BTreeMap<u128, u128>,
    /// Cases that a phone of the staff has a replica of.
    held_cases: BTreeMap<u128, BTreeSet<u128>>,
    /// Who of the staff acts for a case, as it was written down.
    acting: BTreeSet<(u128, u128)>,
}

/// Why the outbox of a phone may have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Somebody did something.
    Person,
    /// A step of the engine.
    Engine,
    /// The process started over files that were set back.
    SetBack,
}

fn id(op_id: OpId) -> u128 {
    op_id.as_uuid().as_u128()
}

pub(super) fn fingerprint(body: &str) -> u64 {
    let sum: [u8; 32] = Sha256::digest(body.as_bytes()).into();
    u64::from_be_bytes(sum[..8].try_into().expect("eight bytes"))
}

/// The oracle's name of a log.
#[must_use]
pub fn log_of(log: LogName) -> Log {
    Log {
        case: log.case_id.as_uuid().as_u128(),
        audience: match log.audience {
            Audience::Care => oracle::Audience::Care,
            Audience::Staff => oracle::Audience::Staff,
            Audience::Advice => oracle::Audience::Advice,
        },
    }
}

fn lane_of(lane: cursor::Lane) -> Lane {
    match lane {
        cursor::Lane::Talk => Lane::Talk,
        cursor::Lane::Readings => Lane::Readings,
    }
}

fn kind_of(kind: &str) -> Kind {
    match kind {
        "message.posted" => Kind::Message,
        "consent.given" => Kind::ConsentGiven,
        "consent.withdrawn" => Kind::ConsentWithdrawn,
        "case.opened" | "assignment.changed" | "entry.erased" => Kind::System,
        _ => Kind::Other,
    }
}

/// A place in a phone's own order, which may be negative, as a number that is not.
fn order(local_seq: i64) -> u64 {
    u64::try_from(local_seq.saturating_add(1 << 40)).unwrap_or(0)
}

fn pictures(outgoing: &Outgoing) -> u32 {
    let operation = &outgoing.operation;
    match Body::read(&operation.kind, operation.body_version, &operation.body) {
        Ok(BodyReading::Known(Body::MessagePosted(message))) => {
            u32::try_from(message.attachments.len()).unwrap_or(u32::MAX)
        }
        _ => 0,
    }
}

/// What a coalesced operation is about: the kinds of which a newer one takes the place of one that was never sent.
fn coalescing_key(outgoing: &Outgoing) -> Option<u64> {
    let operation = &outgoing.operation;
    let about = match Body::read(&operation.kind, operation.body_version, &operation.body) {
        Ok(BodyReading::Known(Body::MessageRead(_))) => "read".to_owned(),
        Ok(BodyReading::Known(Body::StepsDay(day))) => format!("steps {}", day.date),
        _ => return None,
    };
    Some(fingerprint(&format!("{about} {}", log_of(outgoing.log).case)))
}

impl Recorder {
    /// Compares the outbox of a phone with what was last seen, and writes down who did what.
    pub fn outbox(&mut self, at_ms: u64, phone: &Phone, cause: Cause) {
        let Some(process) = &phone.process else { return };
        let rows = process.app.outbox().expect("an outbox");
        let device = phone.device;
        let now: BTreeMap<OpId, Outgoing> = rows
            .into_iter()
            .map(|outgoing| (outgoing.operation.op_id, outgoing))
            .collect();
        let before = self.outboxes.insert(device, now.clone()).unwrap_or_default();
        if cause == Cause::SetBack {
            return;
        }
        let mut in_order: Vec<&Outgoing> = now.values().collect();
        in_order.sort_by_key(|outgoing| outgoing.local_seq);
        for outgoing in in_order {
            let op_id = outgoing.operation.op_id;
            let known = self.enqueued.entry(device).or_default();
            match before.get(&op_id) {
                // Put back after the server lost it: enqueued long ago.
                None if known.contains(&op_id) || outgoing.is_reoffered => {}
                None => {
                    known.insert(op_id);
                    self.operations += 1;
                    self.enqueue(at_ms, device, outgoing, None);
                }
                Some(old) if old.operation.body != outgoing.operation.body => {
                    self.enqueue(at_ms, device, outgoing, Some(op_id));
                }
                Some(old) if old.local_seq != outgoing.local_seq && cause == Cause::Person => {
                    let event = if old.state == OperationState::NeedsConfirmation {
                        PhoneEvent::Confirmed {
                            op: id(op_id),
                            local_order: order(outgoing.local_seq),
                        }
                    } else {
                        PhoneEvent::SentAgain {
                            op: id(op_id),
                            local_order: order(outgoing.local_seq),
                        }
                    };
                    self.history.phone(at_ms, device, event);
                }
                Some(_) => {}
            }
        }
        if cause == Cause::Person {
            for op_id in before.keys().filter(|op_id| !now.contains_key(op_id)) {
                self.history
                    .phone(at_ms, device, PhoneEvent::Discarded(id(*op_id)));
            }
        }
    }

    /// The files of a phone were set back: what its outbox holds next was not done then.
    pub fn set_back(&mut self, device: u128) {
        self.set_back.insert(device);
        self.held_cases.remove(&device);
    }

    /// Whether the files of a phone were set back since it was last opened.
    pub fn was_set_back(&mut self, device: u128) -> bool {
        self.set_back.remove(&device)
    }

    /// Another device of the server is this phone from now on.
    pub fn signed_in(&mut self, at_ms: u64, phone: &Phone) {
        let device = phone.device_id.as_uuid().as_u128();
        self.installations.insert(device, phone.device);
        self.history
            .phone(at_ms, phone.device, PhoneEvent::SignedIn(phone.account));
        let is_in_front = phone.process.as_ref().is_some_and(|process| process.is_in_front);
        self.history
            .phone(at_ms, phone.device, PhoneEvent::Foreground(is_in_front));
    }

    /// Writes down who of the staff came to a case, and who left it, since this was last looked at.
    pub fn assignments(&mut self, at_ms: u64, backend: &Backend) {
        let rows = at_once(backend.server.read((), |tx, ()| {
            boxed(async move {
                Ok(tx
                    .query("SELECT case_id, account_id FROM assignment", &[])
                    .await?)
            })
        }))
        .expect("the assignments of the server");
        let acting: BTreeSet<(u128, u128)> = rows
            .iter()
            .map(|row| {
                let case_id: CaseId = row.get(0).expect("a case");
                let account_id: ayumi_protocol::id::AccountId = row.get(1).expect("an account");
                (case_id.as_uuid().as_u128(), account_id.as_uuid().as_u128())
            })
            .collect();
        let before = std::mem::replace(&mut self.acting, acting.clone());
        for (case, account) in before.symmetric_difference(&acting) {
            for audience in [oracle::Audience::Care, oracle::Audience::Staff] {
                let access = ServerEvent::Access {
                    account: *account,
                    log: Log {
                        case: *case,
                        audience,
                    },
                    granted: acting.contains(&(*case, *account)),
                    replicates: true,
                };
                self.history.server(at_ms, access);
            }
        }
    }

    /// The body of an entry is gone, and the last entry of its log says so.
    pub fn erased(&mut self, at_ms: u64, log: LogName, target: u64, by: u64) {
        let erased = ServerEvent::Erased {
            log: log_of(log),
            target_seq: target,
            by_seq: by,
        };
        self.history.server(at_ms, erased);
    }

    fn enqueue(&mut self, at_ms: u64, device: u128, outgoing: &Outgoing, replaces: Option<OpId>) {
        let enqueue = Enqueue {
            op: id(outgoing.operation.op_id),
            log: log_of(outgoing.log),
            lane: lane_of(outgoing.lane),
            kind: kind_of(outgoing.operation.kind.as_str()),
            local_order: order(outgoing.local_seq),
            payload: fingerprint(outgoing.operation.body.as_str()),
            attachments: pictures(outgoing),
            coalescing_key: coalescing_key(outgoing),
            replaces: replaces.map(id),
            depends_on: outgoing.depends_on.map(id),
            returned: true,
        };
        self.history.phone(at_ms, device, PhoneEvent::Enqueued(enqueue));
    }

    /// Writes down everything that a phone could show, if anything changed.
    pub fn shown(&mut self, at_ms: u64, phone: &Phone) {
        let Some(process) = &phone.process else { return };
        if !process.has_changed.swap(false, Ordering::Relaxed) {
            return;
        }
        let app = &process.app;
        self.blocked(at_ms, phone);
        let mut logs = Vec::new();
        for replica in app.replicas().expect("replicas") {
            // A log that is being read again is not shown; the one that is shown has its own cursor.
            let Some(shown) = app.shown_replica(replica.log).expect("a replica") else {
                continue;
            };
            let entries = app
                .entries(shown.log, cursor::Seq::START, usize::MAX)
                .expect("entries");
            let items = if shown.log.audience == Audience::Care {
                items(app, shown.log.case_id, shown.cursor.seq)
            } else {
                Vec::new()
            };
            logs.push(LogView {
                log: log_of(shown.log),
                epoch: shown.cursor.epoch.as_uuid().as_u128(),
                cursor: u64::try_from(shown.cursor.seq.number()).unwrap_or(0),
                entries: entries
                    .iter()
                    .map(|entry| FoldedEntry {
                        seq: u64::try_from(entry.seq.number()).unwrap_or(0),
                        op: id(entry.op_id),
                        body: match &entry.body {
                            Some(body) => oracle::Body::Whole(fingerprint(body.as_str())),
                            None if entry.body_version == 0 => oracle::Body::Thinned,
                            None => oracle::Body::Erased,
                        },
                    })
                    .collect(),
                items,
                folded: None,
            });
        }
        let outbox = app.outbox().expect("an outbox").iter().map(row).collect();
        if phone.is_staff {
            let held = logs.iter().map(|view| view.log.case).collect();
            let before = self.held_cases.insert(phone.device, held).unwrap_or_default();
            let held = &self.held_cases[&phone.device];
            for case in before.difference(held) {
                self.history
                    .phone(at_ms, phone.device, PhoneEvent::CaseLost(*case));
            }
        }
        self.history
            .phone(at_ms, phone.device, PhoneEvent::Shown(Shown { logs, outbox }));
    }

    /// Writes down the steps of the last days as a phone draws them.
    pub fn days(&mut self, at_ms: u64, phone: &Phone, today: chrono::NaiveDate) {
        let Some(process) = &phone.process else { return };
        for case_id in &phone.cases {
            let log = LogName {
                case_id: *case_id,
                audience: Audience::Care,
            };
            if process.app.shown_replica(log).expect("a replica").is_none() {
                continue;
            }
            let home = if phone.is_staff {
                process.app.case_home(*case_id, today)
            } else {
                process.app.home(today)
            };
            for day in home.expect("a home screen").week {
                let drawn = PhoneEvent::DayDrawn {
                    case: case_id.as_uuid().as_u128(),
                    date: number_of(day.date),
                    steps: day.steps.map(|steps| u32::try_from(steps).unwrap_or(u32::MAX)),
                };
                self.history.phone(at_ms, phone.device, drawn);
            }
        }
    }

    /// Writes down whether sending is not allowed at present.
    pub fn blocked(&mut self, at_ms: u64, phone: &Phone) {
        let Some(process) = &phone.process else { return };
        let own = process
            .app
            .account()
            .expect("a store")
            .and_then(|account| account.case_id);
        let is_withdrawn = own.is_some_and(|case_id| {
            process
                .app
                .cases()
                .record(case_id)
                .expect("a record")
                .is_some_and(|record| record.consent == ayumi_core::case::Consent::Withdrawn)
        });
        let was_withdrawn = self.withdrawn.insert(phone.device, is_withdrawn).unwrap_or(false);
        if let Some(case_id) = own
            && was_withdrawn
            && !is_withdrawn
        {
            let seen = PhoneEvent::ConsentSeen(case_id.as_uuid().as_u128());
            self.history.phone(at_ms, phone.device, seen);
        }
        let is_blocked = is_withdrawn || phone.is_full || process.is_blocked();
        if self.blocked.insert(phone.device, is_blocked).unwrap_or(false) != is_blocked {
            self.history
                .phone(at_ms, phone.device, PhoneEvent::Blocked(is_blocked));
        }
    }

    /// What a request is counted by, uploads included.
    fn target_with_uploads(&mut self, device: u128, request: &HttpRequest) -> Option<Target> {
        match &request.body {
            RequestBody::Json(bytes) if request.path.starts_with("/v1/uploads") => {
                let upload = UploadRequest::parse(bytes).ok()?;
                let case = log_of(upload.log).case;
                self.uploads.insert((device, upload.sha256), case);
                Some(Target::Lane(case, Lane::Talk))
            }
            // A part follows its announcement in the same process.
            RequestBody::FilePart { sha256, .. } => {
                let case = self.uploads.get(&(device, *sha256))?;
                Some(Target::Lane(*case, Lane::Talk))
            }
            _ => target_of(request),
        }
    }

    /// Writes down which bytes leave with a request, and that it leaves.
    pub fn request(&mut self, at_ms: u64, phone: &Phone, request: &HttpRequest) -> Option<Target> {
        let target = self.target_with_uploads(phone.device, request)?;
        if let (Target::Lane(..), RequestBody::Json(bytes)) = (target, &request.body)
            && let Ok(push) = PushRequest::parse(bytes)
        {
            for raw in &push.operations {
                let operation = raw.read().expect("an operation of the engine");
                let attempt = self
                    .outboxes
                    .get(&phone.device)
                    .and_then(|outbox| outbox.get(&operation.op_id))
                    .map_or(0, |outgoing| outgoing.attempts);
                let event = PhoneEvent::Attempted {
                    op: id(operation.op_id),
                    payload: fingerprint(operation.body.as_str()),
                    attempt,
                };
                self.history.phone(at_ms, phone.device, event);
            }
        }
        let deadline_ms = u64::try_from(request.deadline.as_millis()).unwrap_or(u64::MAX);
        let event = PhoneEvent::RequestStarted { target, deadline_ms };
        self.history.phone(at_ms, phone.device, event);
        Some(target)
    }

    /// Writes down what was enqueued before the run began: everything that the server has of phones.
    pub fn past(&mut self, backend: &Backend, cases: &[CaseId]) {
        for case_id in cases {
            for audience in Audience::ALL {
                let log = LogName {
                    case_id: *case_id,
                    audience: *audience,
                };
                for (entry, _) in read_entries(backend, log, 0) {
                    let Some(device) = entry.device else { continue };
                    self.installations.insert(device, device);
                    let enqueue = Enqueue {
                        op: entry.op,
                        log: entry.log,
                        lane: Lane::Talk,
                        kind: entry.kind,
                        local_order: entry.seq,
                        payload: entry.payload,
                        attachments: 0,
                        coalescing_key: None,
                        replaces: None,
                        depends_on: None,
                        returned: true,
                    };
                    self.history.phone(0, device, PhoneEvent::Enqueued(enqueue));
                    self.enqueued
                        .entry(device)
                        .or_default()
                        .insert(OpId::from_uuid(uuid::Uuid::from_u128(entry.op)));
                }
            }
        }
    }

    /// Writes down what the server appended since it was last looked at.
    pub fn server(&mut self, at_ms: u64, backend: &Backend, cases: &[CaseId]) {
        for case_id in cases {
            for audience in Audience::ALL {
                let log = LogName {
                    case_id: *case_id,
                    audience: *audience,
                };
                let name = log_of(log);
                let head = self.heads.get(&name).copied().unwrap_or(0);
                for (entry, body) in read_entries(backend, log, head) {
                    let attachments = attachments(backend, log, body.as_ref());
                    self.heads.insert(name, entry.seq);
                    let installation =
                        |device: u128| self.installations.get(&device).copied().unwrap_or(device);
                    let entry = Entry {
                        attachments,
                        device: entry.device.map(installation),
                        ..entry
                    };
                    self.history.server(at_ms, ServerEvent::Appended(entry));
                }
            }
        }
    }
}

fn row(outgoing: &Outgoing) -> OutboxRow {
    OutboxRow {
        op: id(outgoing.operation.op_id),
        state: match (outgoing.state, outgoing.server_seq) {
            (OperationState::Sent, seq) => {
                RowState::Sent(seq.map_or(0, |seq| u64::try_from(seq.number()).unwrap_or(0)))
            }
            (OperationState::Queued, _) => RowState::Queued,
            (OperationState::Parked, _) => RowState::Parked,
            (OperationState::NeedsConfirmation, _) => RowState::NeedsConfirmation,
        },
        local_order: order(outgoing.local_seq),
        attempts: outgoing.attempts,
        reoffered: outgoing.is_reoffered,
    }
}

/// The conversation as it is drawn, with the tray behind it.
fn items(app: &ayumi_core::app::App, case_id: CaseId, cursor: cursor::Seq) -> Vec<Item> {
    let chat = app.chat();
    let mut items = Vec::new();
    let mut from = PageFrom::Newest;
    loop {
        let page = chat
            .timeline(case_id, from, ayumi_core::chat::PAGE_ITEMS, &BTreeSet::new())
            .expect("a page");
        let mut older: Vec<Item> = page
            .items
            .iter()
            .filter(|item| !item.is_lost)
            .map(|item| Item {
                op: id(item.op_id),
                state: match item.seq.filter(|seq| *seq <= cursor) {
                    Some(seq) => ItemState::Settled(u64::try_from(seq.number()).unwrap_or(0)),
                    // Acknowledged, and drawn as waiting until its entry is pulled.
                    None => ItemState::Pending,
                },
            })
            .collect();
        older.append(&mut items);
        items = older;
        match page.items.first() {
            Some(first) if page.has_older => from = PageFrom::Before(first.place),
            _ => break,
        }
    }
    for not_sent in chat.not_sent(case_id).expect("the tray") {
        if not_sent.kind == ayumi_core::chat::NotSentKind::Message {
            items.push(Item {
                op: id(not_sent.op_id),
                state: ItemState::NotSent,
            });
        }
    }
    items
}

/// What a request is counted by that is no upload.
#[must_use]
pub fn target_of(request: &HttpRequest) -> Option<Target> {
    if request.path.starts_with("/v1/pull") {
        return Some(Target::Pull);
    }
    if request.path.starts_with("/v1/session/refresh") {
        return Some(Target::Session);
    }
    if request.path.starts_with("/v1/push")
        && let RequestBody::Json(bytes) = &request.body
        && let Ok(push) = PushRequest::parse(bytes)
    {
        return Some(Target::Lane(log_of(push.log).case, lane_of(push.lane)));
    }
    None
}

fn read_entries(backend: &Backend, log: LogName, after: u64) -> Vec<(Entry, Option<RawBody>)> {
    let input = (log, i64::try_from(after).unwrap_or(i64::MAX));
    let rows = at_once(backend.server.read(input, |tx, (log, after)| {
        boxed(async move {
            Ok(tx
                .query(
                    "SELECT seq, op_id, author_id, author_role, device_id, kind, body, payload_sha256
                     FROM entry WHERE case_id = $1 AND audience = $2 AND seq > $3 ORDER BY seq",
                    &[log.case_id.into(), log.audience.into(), Value::from(*after)],
                )
                .await?)
        })
    }))
    .expect("the entries of the server");
    rows.iter()
        .map(|row| {
            let role: String = row.get(3).expect("a role");
            let kind: String = row.get(5).expect("a kind");
            let author: ayumi_protocol::id::AccountId = row.get(2).expect("an author");
            let device: ayumi_protocol::id::DeviceId = row.get(4).expect("a device");
            let hash: ayumi_protocol::hash::Sha256 = row.get(7).expect("a hash");
            let is_system = role == "system" || role == "coordinator";
            let op_id: OpId = row.get(1).expect("an operation");
            let seq: i64 = row.get(0).expect("a place");
            let body: Option<String> = row.get(6).expect("a body");
            let entry = Entry {
                log: log_of(log),
                seq: u64::try_from(seq).unwrap_or(0),
                op: id(op_id),
                author: (!is_system).then(|| author.as_uuid().as_u128()),
                device: (!is_system).then(|| device.as_uuid().as_u128()),
                kind: kind_of(&kind),
                payload: u64::from_be_bytes(hash.as_bytes()[..8].try_into().expect("eight bytes")),
                attachments: Vec::new(),
            };
            let body = (kind == "message.posted")
                .then_some(body)
                .flatten()
                .and_then(|text| RawBody::from_text(&text).ok());
            (entry, body)
        })
        .collect()
}

/// What the server has of the pictures of a message: its objects are read, whatever its rows say of them.
fn attachments(backend: &Backend, log: LogName, body: Option<&RawBody>) -> Vec<Attachment> {
    let Some(body) = body else { return Vec::new() };
    let message: ayumi_protocol::body::MessagePosted =
        serde_json::from_str(body.as_str()).expect("a message");
    message
        .attachments
        .iter()
        .map(|picture| {
            let mut kept = Attachment {
                complete: true,
                hash_matches: true,
            };
            for (sha256, length) in [
                (picture.sha256, picture.length_bytes),
                (picture.thumbnail.sha256, picture.thumbnail.length_bytes),
            ] {
                let bytes = object_of(backend, log, sha256).unwrap_or_default();
                let sum: [u8; 32] = Sha256::digest(&bytes).into();
                kept.complete &= u64::try_from(bytes.len()).ok() == Some(u64::from(length));
                kept.hash_matches &= hash::Sha256::from_bytes(sum) == sha256;
            }
            kept
        })
        .collect()
}

/// The object of a picture; `None` for one that is not complete.
fn object_of(backend: &Backend, log: LogName, sha256: hash::Sha256) -> Option<Vec<u8>> {
    let found = at_once(backend.server.read((log, sha256), |tx, (log, sha256)| {
        boxed(async move {
            Ok(tx
                .row(
                    "SELECT object_key FROM upload WHERE case_id = $1 AND audience = $2 AND sha256 = $3",
                    &[log.case_id.into(), log.audience.into(), (*sha256).into()],
                )
                .await?)
        })
    }))
    .expect("the uploads of the server");
    let key: String = found?.get::<Option<String>>(0).expect("a key")?;
    let read = at_once(ayumi_server::uploads::objects::read(&backend.server, &key));
    read.ok().map(|bytes| bytes.to_vec())
}
