//! For stories about phones and logs: a log as a server would hand it out, and phones that read it without a network.
//!
//! What a phone sends goes through the outbox's own steps: claimed, appended, acknowledged, pulled; each is a call, so that a story can
//! stop between any two of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ayumi_protocol::body::{Body, BodyReading, EntryErased, ErasureReason};
use ayumi_protocol::cursor::{Audience, Cursor, Epoch, Lane, LogName, Seq};
use ayumi_protocol::entry::{Entry, Recorded};
use ayumi_protocol::id::{AccountId, CaseId, DeviceId, OpId};
use ayumi_protocol::kind::{Kind, KindName};
use ayumi_protocol::operation::Operation;
use ayumi_protocol::pull::Page;
use ayumi_protocol::session::Role;
use ayumi_protocol::snapshot::SnapshotItem;
use ayumi_protocol::thinning::{ThinningKey, thinning};
use ayumi_protocol::time::{UtcOffset, ZoneName};
use tempfile::TempDir;
use uuid::Uuid;

use super::account::{Account, SessionState};
use super::snapshots::{LogSnapshot, SnapshotState};
use super::{account, outbox, replica, snapshots};
use crate::app::{App, Config};
use crate::clock::{ManualClock, Random};
use crate::store::{Store, StoreError};
use crate::time::{Tz, UtcMillis};

/// 2026-04-15T00:00:00Z, nine in the morning in Tokyo.
pub(crate) const NOW: UtcMillis = UtcMillis(1_776_211_200_000);

fn uuid(kind: u64, number: u64) -> Uuid {
    Uuid::from_u64_pair(0x019d_4000_0000_7000 | kind, 0x8000_0000_0000_0000 | number)
}

pub(crate) fn case(number: u64) -> CaseId {
    CaseId::from_uuid(uuid(1, number))
}

pub(crate) fn seq(number: i64) -> Seq {
    Seq::new(number).unwrap()
}

/// Somebody on a device.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub account_id: AccountId,
    pub device_id: DeviceId,
    pub role: Role,
    /// Her own case.
    pub case_id: Option<CaseId>,
}

impl Person {
    fn new(number: u64, role: Role, case_id: Option<CaseId>) -> Self {
        Self {
            account_id: AccountId::from_uuid(uuid(2, number)),
            device_id: DeviceId::from_uuid(uuid(3, number)),
            role,
            case_id,
        }
    }

    /// Of the case with the same number.
    pub(crate) fn participant(number: u64) -> Self {
        Self::new(number, Role::Participant, Some(case(number)))
    }

    pub(crate) fn dietitian(number: u64) -> Self {
        Self::new(1_000 + number, Role::Dietitian, None)
    }

    pub(crate) fn server() -> Self {
        Self {
            account_id: AccountId::SYSTEM,
            device_id: DeviceId::SYSTEM,
            role: Role::System,
            case_id: None,
        }
    }

    /// The same person on another device.
    pub(crate) fn on_device(&self, number: u64) -> Self {
        Self {
            device_id: DeviceId::from_uuid(uuid(4, number)),
            ..self.clone()
        }
    }
}

/// Other bytes at each call, the same in each run, and others for each seed.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    seed: u8,
    calls: AtomicU64,
}

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.calls.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        bytes.fill(self.seed);
        for (byte, digit) in bytes.iter_mut().rev().zip(number.iter().rev()) {
            *byte = *digit;
        }
    }
}

/// A log of a server.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    pub name: LogName,
    pub epoch: Epoch,
    pub entries: Vec<Entry>,
}

impl Log {
    /// The empty care log of a case.
    pub(crate) fn care(case_id: CaseId) -> Self {
        Self {
            name: LogName {
                case_id,
                audience: Audience::Care,
            },
            epoch: Epoch::from_uuid(uuid(5, 1)),
            entries: Vec::new(),
        }
    }

    /// What a server has after it was restored from a backup that ended with entry `kept`.
    pub(crate) fn restored(&self, kept: usize) -> Self {
        Self {
            name: self.name,
            epoch: Epoch::from_uuid(uuid(5, 2 + kept as u64)),
            entries: self.entries[..kept].to_vec(),
        }
    }

    pub(crate) fn head(&self) -> Seq {
        seq(i64::try_from(self.entries.len()).unwrap())
    }

    /// Appends what somebody did, under an id of its own.
    pub(crate) fn append(&mut self, who: &Person, body: impl Into<Body>) -> OpId {
        let body = body.into();
        let number = self.entries.len() as u64;
        let op_id = OpId::from_uuid(uuid(6, number));
        let operation = Operation {
            op_id,
            kind: KindName::from(body.kind()),
            body_version: 1,
            occurred_at_ms: NOW.plus(self.head().number() * 1_000).into(),
            zone: ZoneName::parse("Asia/Tokyo").unwrap(),
            utc_offset_min: UtcOffset::from_minutes(540).unwrap(),
            min_app_version: None,
            body: body.to_raw().unwrap(),
        };
        self.append_operation(who, operation);
        op_id
    }

    /// Appends an operation once: a repeat is answered with the place that it has.
    pub(crate) fn append_operation(&mut self, who: &Person, operation: Operation) -> Seq {
        let known = self
            .entries
            .iter()
            .find(|entry| entry.op_id == operation.op_id && entry.author_id == who.account_id);
        if let Some(known) = known {
            return known.seq;
        }
        let place = self.head().next().unwrap();
        let recorded = Recorded {
            seq: place,
            author_id: who.account_id,
            author_role: who.role.clone(),
            device_id: who.device_id,
            recorded_at_ms: NOW.plus(place.number() * 1_000 + 500).into(),
        };
        self.entries.push(Entry::of(operation, recorded));
        place
    }

    /// Erases the body of an entry, and says so.
    pub(crate) fn erase(&mut self, target: Seq) {
        let entry = &mut self.entries[target.number() as usize - 1];
        // The server refuses to erase an erasure: nobody who reads it later would know of it.
        if entry.kind == KindName::from(Kind::EntryErased) {
            return;
        }
        entry.body = None;
        let erased = EntryErased {
            target_seq: target,
            reason: ErasureReason::Requested,
        };
        self.append(&Person::server(), erased);
    }

    /// The place of an operation.
    pub(crate) fn place_of(&self, op_id: OpId) -> Option<Seq> {
        let entry = self.entries.iter().find(|entry| entry.op_id == op_id);
        entry.map(|entry| entry.seq)
    }

    /// What a snapshot holds of it: without what a later entry makes superfluous. The rule of the server, straight from its definition.
    pub(crate) fn items(&self) -> Vec<SnapshotItem> {
        let of = |entry: &Entry| match entry.read_body() {
            Ok(Some(BodyReading::Known(body))) => thinning(entry, &body),
            _ => None,
        };
        let mut highest: BTreeMap<ThinningKey, (i64, Seq)> = BTreeMap::new();
        for entry in &self.entries {
            if let Some(about) = of(entry) {
                let known = highest.entry(about.key).or_insert((about.rank, entry.seq));
                *known = (about.rank, entry.seq).max(*known);
            }
        }
        let is_superfluous = |entry: &Entry| {
            of(entry).is_some_and(|about| {
                let (rank, last) = highest[&about.key];
                rank > about.rank && last > entry.seq
            })
        };
        self.entries
            .iter()
            .map(|entry| {
                if is_superfluous(entry) {
                    SnapshotItem::Thinned {
                        seq: entry.seq,
                        kind: entry.kind.clone(),
                    }
                } else {
                    SnapshotItem::Entry(Box::new(entry.clone()))
                }
            })
            .collect()
    }

    /// At most `most` entries after a place.
    pub(crate) fn page(&self, after: Seq, most: usize) -> Page {
        let from = after.number() as usize;
        let to = self.entries.len().min(from + most);
        Page {
            after: Cursor {
                epoch: self.epoch,
                seq: after,
            },
            entries: self.entries[from..to].to_vec(),
            head_seq: self.head(),
            has_more: to < self.entries.len(),
        }
    }
}

/// A phone in Tokyo, with a folder that goes when the test ends.
pub(crate) struct Phone {
    pub who: Person,
    pub clock: Arc<ManualClock>,
    folder: TempDir,
    app: Option<App>,
    random: Arc<Counting>,
}

impl Phone {
    /// A phone on which somebody signed in, and which reads the logs of these cases.
    pub(crate) fn new(who: &Person, logs: &[&Log]) -> Self {
        let mut phone = Self {
            who: who.clone(),
            clock: Arc::new(ManualClock::new(NOW)),
            folder: TempDir::new().unwrap(),
            app: None,
            // Two devices never make the same id.
            random: Arc::new(Counting {
                seed: who
                    .device_id
                    .as_uuid()
                    .as_bytes()
                    .iter()
                    .fold(0, |sum: u8, byte| sum.wrapping_mul(31).wrapping_add(*byte)),
                calls: AtomicU64::default(),
            }),
        };
        phone.restart();
        let account = Account {
            account_id: who.account_id,
            device_id: who.device_id,
            case_id: who.case_id,
            session: SessionState::Active,
            consent_version: None,
            signed_in_at: NOW,
        };
        phone
            .store()
            .write::<_, StoreError>(|tx| {
                account::write(tx, &account)?;
                for log in logs {
                    replica::add(tx, log.name, log.epoch)?;
                }
                Ok(())
            })
            .unwrap();
        phone
    }

    /// As after a kill: nothing is closed in an orderly way.
    pub(crate) fn restart(&mut self) {
        drop(self.app.take());
        let app = App::open(Config {
            folder: self.folder.path().to_owned(),
            key: None,
            zone: Tz::Asia__Tokyo,
            clock: self.clock.clone(),
            random: self.random.clone(),
            server: None,
        });
        self.app = Some(app.unwrap());
    }

    pub(crate) fn app(&self) -> &App {
        self.app.as_ref().unwrap()
    }

    pub(crate) fn store(&self) -> &Store {
        self.app().store()
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Applies the next page; `false` if nothing was new.
    pub(crate) fn pull_page(&self, log: &Log, most: usize) -> bool {
        self.store()
            .write::<_, replica::ApplyError>(|tx| {
                let mut growing = replica::growing(tx, log.name)?.unwrap();
                if growing.cursor.epoch != log.epoch {
                    replica::restart(tx, log.name, log.epoch)?;
                    growing = replica::growing(tx, log.name)?.unwrap();
                }
                let page = log.page(growing.cursor.seq, most);
                if page.entries.is_empty() && growing.is_shown {
                    return Ok(false);
                }
                replica::apply_page(tx, NOW, log.name, &page)?;
                Ok(true)
            })
            .unwrap()
    }

    /// Applies what a snapshot holds, `most` items in a transaction.
    pub(crate) fn apply_snapshot(&self, log: &Log, items: &[SnapshotItem], most: usize) {
        let up_to = items.last().unwrap().seq();
        self.store()
            .write::<_, StoreError>(|tx| {
                let replica = replica::shown(tx, log.name)?.unwrap();
                let sha256 = crate::pictures::sha256_of(b"a snapshot");
                let snapshot = LogSnapshot {
                    replica_id: replica.id,
                    state: SnapshotState::Applied,
                    snapshot_id: ayumi_protocol::id::SnapshotId::from_uuid(uuid(7, 1)),
                    up_to_seq: up_to,
                    sha256,
                    length_bytes: 1,
                    decompressed_bytes: 1,
                    fetched_bytes: 1,
                    applied_bytes: 1,
                };
                Ok(snapshots::sql::insert(tx, &snapshot)?)
            })
            .unwrap();
        for portion in items.chunks(most.max(1)) {
            self.store()
                .write::<_, replica::ItemsError>(|tx| {
                    let replica = replica::shown(tx, log.name)?.unwrap();
                    replica::apply_items(tx, NOW, &replica, up_to, portion)
                })
                .unwrap();
        }
    }

    /// Reads a log to its end.
    pub(crate) fn pull(&self, log: &Log) {
        while self.pull_page(log, 100) {}
    }

    /// What is sent next.
    pub(crate) fn next(&self, log: &Log, lane: Lane) -> Option<outbox::Outgoing> {
        self.store()
            .read::<_, StoreError>(|reader| {
                Ok(outbox::sql::next_of_lane(reader, log.name, lane, 1)?
                    .into_iter()
                    .next())
            })
            .unwrap()
    }

    /// Counts an attempt, as before the bytes leave.
    pub(crate) fn claim(&self, op_id: OpId) {
        self.store()
            .write::<_, StoreError>(|tx| Ok(outbox::sql::claim(tx, op_id)?))
            .unwrap();
    }

    /// Notes that the server has an operation.
    pub(crate) fn acknowledge(&self, log: &Log, op_id: OpId) {
        let place = log.place_of(op_id).unwrap();
        let at = log.entries[place.number() as usize - 1].recorded_at_ms;
        self.store()
            .write::<_, StoreError>(|tx| Ok(outbox::sql::set_sent(tx, op_id, place, at.into())?))
            .unwrap();
    }

    /// Sends the next operation of a lane and hears the answer; the entry is not pulled yet.
    pub(crate) fn send_next(&self, log: &mut Log, lane: Lane) -> Option<OpId> {
        let outgoing = self.next(log, lane)?;
        let op_id = outgoing.operation.op_id;
        self.claim(op_id);
        log.append_operation(&self.who, outgoing.operation);
        self.acknowledge(log, op_id);
        Some(op_id)
    }

    /// Sends everything of both lanes, and pulls.
    pub(crate) fn sync(&self, log: &mut Log) {
        for lane in [Lane::Talk, Lane::Readings] {
            while self.send_next(log, lane).is_some() {}
        }
        self.pull(log);
    }

    /// The server refuses an operation for good.
    pub(crate) fn park(&self, op_id: OpId, reason: &str) {
        self.store()
            .write::<_, StoreError>(|tx| outbox::park(tx, op_id, reason))
            .unwrap();
    }

    /// A message has become old.
    pub(crate) fn ask(&self, op_id: OpId) {
        self.store()
            .write::<_, StoreError>(|tx| outbox::ask(tx, op_id))
            .unwrap();
    }

    /// Every row of a query, as text.
    pub(crate) fn rows(&self, statement: &str) -> Vec<String> {
        self.store()
            .read::<_, StoreError>(|reader| {
                let mut statement = reader.connection().prepare(statement)?;
                let columns = statement.column_count();
                let rows = statement.query_map([], |row| {
                    (0..columns)
                        .map(|column| Ok(format!("{:?}", row.get_ref(column)?)))
                        .collect::<Result<Vec<_>, rusqlite::Error>>()
                })?;
                let rows: Result<Vec<_>, _> = rows.collect();
                Ok(rows?.into_iter().map(|row| row.join(" ")).collect())
            })
            .unwrap()
    }

    /// Steps of SQLite's plan for a statement.
    pub(crate) fn plan(&self, statement: &str) -> Vec<String> {
        self.store()
            .read::<_, StoreError>(|reader| {
                let mut explain = reader
                    .connection()
                    .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))?;
                let mut rows = explain.raw_query();
                let mut steps = Vec::new();
                while let Some(row) = rows.next()? {
                    steps.push(row.get(3)?);
                }
                Ok(steps)
            })
            .unwrap()
    }
}
