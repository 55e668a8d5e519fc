//! The beginning of a log in one piece, for a replica that has little of it yet: asked for, fetched by ranges, applied.
//!
//! ```text
//!   far behind ─▶ offer ─▶ none of use ────────────────────────────────────────────────▶ pages
//!                   └─▶ parts ─▶ hash ─▶ 1,000 entries a step ─▶ applied ─▶ pages behind it
//!                         └────────┴────────┴── failure ─▶ given up ───────────────────▶ pages
//! ```
//!
//! Invariants:
//!
//! - One log at a time, and while it is its turn no page of it is asked for. The others go on by pages.
//! - Every failure ends in pages, which bring the same: what was given up or refused is not asked for again. Only an unreachable server
//!   is waited for without an end.
//! - Entries that are applied stay applied. A snapshot that breaks off in the middle leaves a cursor from which pages go on.
//! - What was fetched is in memory alone. A process that dies leaves the rest to pages, which go on wherever they were.
//!
//! Source: sync.md 6.7.

use std::collections::BTreeSet;
use std::time::Duration;

use ayumi_protocol::limits;
use ayumi_protocol::snapshot::{SnapshotAnswer, SnapshotItem, SnapshotRequest, read_items};
use ayumi_protocol::version::media_types;

use super::memory::{Flight, SnapshotOfferFlight, SnapshotPartFlight};
use super::request::{HttpAnswer, Method, NoAnswer, RequestBody, Trouble};
use super::verdict::{self, Verdict};
use super::{Call, Step};
use crate::store::StoreError;
use crate::sync::account::Account;
use crate::sync::replica::{self, ItemsError, Replica};
use crate::sync::snapshots::{LogSnapshot, SnapshotState, sql};

/// So many failures in a row, without a part in between, and pages are tried instead: they are shorter.
const MOST_FAILURES: u32 = 5;
/// The same while nobody looks at the app: its time is short, and the next tries would come only with the next job of the system.
const MOST_FAILURES_BEHIND: u32 = 2;

/// The status of an answer with a part of a file.
const PARTIAL_CONTENT: u16 = 206;

/// Longer ones are not held in memory, packed as they come: a log of ten years is expected to take a tenth of this.
const MOST_PACKED_BYTES: u64 = 8 * 1024 * 1024;

/// What is next.
enum Turn {
    Ask(Replica),
    Go(Replica, LogSnapshot),
}

/// A wait that is not kept for a snapshot.
const LONG_WAIT: Duration = Duration::from_secs(30);

impl Step<'_> {
    /// The next step of a snapshot, if there is one to read.
    pub(super) fn read_snapshot(&mut self, account: &Account) -> Result<(), StoreError> {
        if !self.memory.snapshots.is_to_be_looked_at {
            return Ok(());
        }
        let turn = self.turn(account)?;
        self.forget_bytes()?;
        let log = match &turn {
            Some(Turn::Ask(replica) | Turn::Go(replica, _)) => Some(replica.log),
            None => None,
        };
        self.take_turn(log);
        let is_flying = self
            .memory
            .flights
            .values()
            .any(|flight| matches!(flight, Flight::SnapshotOffer(_) | Flight::SnapshotPart(_)));
        if is_flying {
            return Ok(());
        }
        match turn {
            None => {
                self.memory.snapshots.is_to_be_looked_at = false;
                Ok(())
            }
            Some(Turn::Go(replica, snapshot)) if snapshot.is_fetched() => {
                self.apply_portion(&replica, snapshot)
            }
            Some(_) if !self.is_due(self.memory.snapshots.retry) => Ok(()),
            Some(Turn::Ask(replica)) => self.ask_for_snapshot(&replica),
            Some(Turn::Go(_, snapshot)) => {
                self.fetch_part(snapshot);
                Ok(())
            }
        }
    }

    fn turn(&self, account: &Account) -> Result<Option<Turn>, StoreError> {
        for snapshot in sql::open(self.tx)? {
            let of = replica::by_id(self.tx, snapshot.replica_id)?;
            if let Some(replica) = of {
                // While the log is read again, there is no use for a beginning of the old one.
                let grows =
                    replica::growing(self.tx, replica.log)?.is_some_and(|growing| growing.id == replica.id);
                let is_here = self.files.snapshots().length(snapshot.sha256) >= snapshot.fetched_bytes;
                if grows && is_here {
                    return Ok(Some(Turn::Go(replica, snapshot)));
                }
                self.end(snapshot, SnapshotState::GivenUp)?;
            }
        }
        for replica in self.in_wanted_order(account)? {
            if self.is_far_behind(&replica)
                && !self.memory.snapshots.refused.contains(&replica.log)
                && sql::find(self.tx, replica.id)?.is_none()
            {
                return Ok(Some(Turn::Ask(replica)));
            }
        }
        Ok(None)
    }

    /// A replica that has its first page at most, and misses much. One that is read again has to have every entry whole.
    fn is_far_behind(&self, replica: &Replica) -> bool {
        let has = replica.cursor.seq.number();
        let misses = replica.head.number().saturating_sub(has);
        let is_new = usize::try_from(has).is_ok_and(|has| has <= limits::PAGE_ENTRIES);
        replica.is_shown && is_new && misses >= self.config.snapshot_worth_entries
    }

    /// Pages of the log whose turn it is rest; those of the one before go on.
    fn take_turn(&mut self, log: Option<ayumi_protocol::cursor::LogName>) {
        let snapshots = &mut self.memory.snapshots;
        if snapshots.turn == log {
            return;
        }
        if snapshots.turn.is_some() {
            self.memory.pull.is_wanted = true;
            self.interrupt_long_poll();
        }
        let snapshots = &mut self.memory.snapshots;
        snapshots.turn = log;
        snapshots.failures = 0;
        snapshots.progress = 0;
        snapshots.retry.succeed();
    }

    /// Forgets the bytes that no open snapshot needs.
    fn forget_bytes(&self) -> Result<(), StoreError> {
        let keep: BTreeSet<_> = sql::open(self.tx)?
            .into_iter()
            .map(|snapshot| snapshot.sha256)
            .collect();
        self.files.snapshots().keep_only(&keep);
        Ok(())
    }

    fn end(&self, mut snapshot: LogSnapshot, state: SnapshotState) -> Result<(), StoreError> {
        tracing::info!(
            state = state.as_str(),
            up_to = snapshot.up_to_seq.number(),
            "a snapshot is over"
        );
        snapshot.state = state;
        Ok(sql::save(self.tx, &snapshot)?)
    }

    /// Ends the turn of a snapshot. What has been applied stays.
    fn finish(&mut self, snapshot: LogSnapshot, state: SnapshotState) -> Result<(), StoreError> {
        self.end(snapshot, state)?;
        self.forget_bytes()?;
        self.take_turn(None);
        // Another log may be next, and this one goes on by pages: both at the next look, which is at once.
        self.memory.snapshots.is_to_be_looked_at = true;
        self.wake(self.now.monotonic);
        Ok(())
    }

    fn ask_for_snapshot(&mut self, replica: &Replica) -> Result<(), StoreError> {
        let request = SnapshotRequest { log: replica.log };
        let call = Call::post::<_, SnapshotAnswer>("/v1/snapshot", &request)?;
        let flight = SnapshotOfferFlight {
            log: replica.log,
            replica_id: replica.id,
            generation: self.memory.generation(),
        };
        self.send(Flight::SnapshotOffer(flight), call);
        Ok(())
    }

    pub(super) fn snapshot_offered(
        &mut self,
        flight: SnapshotOfferFlight,
        result: &Result<HttpAnswer, NoAnswer>,
    ) -> Result<(), StoreError> {
        match verdict::of_json::<SnapshotAnswer>(result, self.now.wall) {
            Verdict::Done(answer) => {
                self.note_success();
                let replica = replica::by_id(self.tx, flight.replica_id)?;
                let offered = answer.snapshot.zip(replica).filter(|(offered, replica)| {
                    let saves = offered
                        .up_to_seq
                        .number()
                        .saturating_sub(replica.cursor.seq.number());
                    let is_sound = |bytes: u64, most: u64| bytes > 0 && bytes <= most;
                    offered.epoch == replica.cursor.epoch
                        && saves >= self.config.snapshot_worth_entries
                        && is_sound(offered.length_bytes, MOST_PACKED_BYTES)
                        && is_sound(offered.decompressed_bytes, limits::SNAPSHOT_BYTES as u64)
                });
                let Some((offered, replica)) = offered else {
                    self.refuse_snapshot(flight);
                    return Ok(());
                };
                let snapshot = LogSnapshot {
                    replica_id: replica.id,
                    state: SnapshotState::Open,
                    snapshot_id: offered.snapshot_id,
                    up_to_seq: offered.up_to_seq,
                    sha256: offered.sha256,
                    length_bytes: offered.length_bytes,
                    decompressed_bytes: offered.decompressed_bytes,
                    fetched_bytes: 0,
                    applied_bytes: 0,
                };
                sql::insert(self.tx, &snapshot)?;
                self.memory.snapshots.is_to_be_looked_at = true;
                self.memory.snapshots.failures = 0;
                self.memory.snapshots.retry.succeed();
                Ok(())
            }
            Verdict::Again { trouble, asked } => {
                if self.snapshot_failed(result, trouble, asked) {
                    self.refuse_snapshot(flight);
                }
                Ok(())
            }
            Verdict::Refused { code } => {
                if !self.is_about_session(&code, flight.generation)? {
                    self.refuse_snapshot(flight);
                }
                Ok(())
            }
        }
    }

    fn refuse_snapshot(&mut self, flight: SnapshotOfferFlight) {
        self.memory.snapshots.refused.insert(flight.log);
        self.memory.snapshots.is_to_be_looked_at = true;
    }

    fn fetch_part(&mut self, snapshot: LogSnapshot) {
        let offset_bytes = snapshot.fetched_bytes;
        let last = offset_bytes
            .saturating_add(u64::from(limits::SNAPSHOT_PART_BYTES))
            .min(snapshot.length_bytes)
            .saturating_sub(1);
        let call = Call {
            method: Method::Get,
            path: format!("/v1/snapshots/{}", snapshot.snapshot_id),
            headers: vec![("range", format!("bytes={offset_bytes}-{last}"))],
            body: RequestBody::Empty,
            deadline: limits::REQUEST_DEADLINE,
            most_answer_bytes: limits::SNAPSHOT_PART_BYTES as usize,
        };
        let flight = SnapshotPartFlight {
            replica_id: snapshot.replica_id,
            snapshot_id: snapshot.snapshot_id,
            offset_bytes,
            generation: self.memory.generation(),
        };
        self.send(Flight::SnapshotPart(flight), call);
    }

    pub(super) fn snapshot_part_arrived(
        &mut self,
        flight: SnapshotPartFlight,
        result: &Result<HttpAnswer, NoAnswer>,
    ) -> Result<(), StoreError> {
        self.memory.snapshots.is_to_be_looked_at = true;
        let open = sql::find(self.tx, flight.replica_id)?.filter(|snapshot| {
            snapshot.state == SnapshotState::Open && snapshot.snapshot_id == flight.snapshot_id
        });
        // The log was lost, or is read again.
        let Some(mut snapshot) = open else {
            return Ok(());
        };
        let left = snapshot.length_bytes.saturating_sub(flight.offset_bytes);
        let is_part = |answer: &HttpAnswer| {
            let length = answer.body.len() as u64;
            let is_right = match answer.status {
                PARTIAL_CONTENT => length > 0 && length <= left,
                // A server that does not know ranges sends the whole.
                _ => flight.offset_bytes == 0 && length == snapshot.length_bytes,
            };
            is_right.then(|| answer.body.clone())
        };
        match verdict::judge(result, self.now.wall, media_types::SNAPSHOT, is_part) {
            Verdict::Done(bytes) => {
                self.note_success();
                let snapshots = &mut self.memory.snapshots;
                snapshots.failures = 0;
                snapshots.retry.succeed();
                let held = self.files.snapshots();
                held.write(snapshot.sha256, flight.offset_bytes, &bytes);
                snapshot.fetched_bytes = flight.offset_bytes.saturating_add(bytes.len() as u64);
                self.memory.snapshots.progress = snapshot.fetched_bytes;
                sql::save(self.tx, &snapshot)?;
                Ok(())
            }
            Verdict::Again { trouble, asked } => {
                if self.snapshot_failed(result, trouble, asked) {
                    self.finish(snapshot, SnapshotState::GivenUp)?;
                }
                Ok(())
            }
            Verdict::Refused { code } => {
                // Also a newer one that took its place, and another incarnation of the server: pages find out.
                if !self.is_about_session(&code, flight.generation)? {
                    self.finish(snapshot, SnapshotState::GivenUp)?;
                }
                Ok(())
            }
        }
    }

    /// Waits a while. Returns whether that was once too often.
    fn snapshot_failed(
        &mut self,
        result: &Result<HttpAnswer, NoAnswer>,
        trouble: Trouble,
        asked: Option<Duration>,
    ) -> bool {
        self.memory.trouble = Some(trouble);
        let (now, random) = (self.now.monotonic, self.random);
        let snapshots = &mut self.memory.snapshots;
        snapshots
            .retry
            .fail(now, random, asked, trouble != Trouble::ServerTrouble);
        // Without a connection pages do not come either.
        if !matches!(result, Err(NoAnswer::Unreachable)) {
            snapshots.failures = snapshots.failures.saturating_add(1);
        }
        // A server that knows no ranges sends the whole for every part, and no more of it is read than a part: it would do so again.
        if matches!(result, Err(NoAnswer::TooLong)) {
            return true;
        }
        // Pages are quicker than a long wait that a server asks for.
        if asked.is_some_and(|wait| wait > LONG_WAIT) {
            return true;
        }
        let most = if self.may_wait() {
            MOST_FAILURES
        } else {
            MOST_FAILURES_BEHIND
        };
        self.memory.snapshots.failures >= most
    }

    /// Applies the next entries. The hash is compared once in each process, before the first of them.
    fn apply_portion(&mut self, replica: &Replica, mut snapshot: LogSnapshot) -> Result<(), StoreError> {
        let held = self.files.snapshots();
        if self.memory.snapshots.verified != Some(snapshot.sha256) {
            if !held.is_whole(snapshot.sha256) {
                return self.finish(snapshot, SnapshotState::GivenUp);
            }
            self.memory.snapshots.verified = Some(snapshot.sha256);
        }
        let left = snapshot.decompressed_bytes.saturating_sub(snapshot.applied_bytes);
        let most = left.min(limits::PAGE_BYTES as u64);
        let Ok(bytes) = held.unpack(snapshot.sha256, snapshot.applied_bytes, most) else {
            return self.finish(snapshot, SnapshotState::GivenUp);
        };
        let mut reading = read_items(&bytes);
        // An item that does not end within these bytes begins the next portion. One that never does leaves that one empty.
        let items: Vec<SnapshotItem> = reading
            .by_ref()
            .map_while(Result::ok)
            .take(limits::SNAPSHOT_TRANSACTION_ENTRIES)
            .collect();
        if items.is_empty() {
            return self.finish(snapshot, SnapshotState::GivenUp);
        }
        let applied = replica::apply_items(self.tx, self.now.wall, replica, snapshot.up_to_seq, &items);
        let (seq, count) = match applied {
            Ok(applied) => applied,
            Err(ItemsError::Gap) => return self.finish(snapshot, SnapshotState::GivenUp),
            Err(ItemsError::Store(error)) => return Err(error),
        };
        let received = &mut self.memory.exchanged.received;
        *received = received.saturating_add(count);
        snapshot.applied_bytes = snapshot.applied_bytes.saturating_add(reading.read_bytes() as u64);
        self.memory.snapshots.progress = snapshot.length_bytes.saturating_add(snapshot.applied_bytes);
        if seq >= snapshot.up_to_seq {
            return self.finish(snapshot, SnapshotState::Applied);
        }
        sql::save(self.tx, &snapshot)?;
        // The next portion is the next step.
        self.memory.snapshots.is_applying = true;
        self.wake(self.now.monotonic);
        Ok(())
    }
}
