//! The job that makes snapshots.
//!
//! It goes through all cases, some at a time, and remembers where it stopped: a log that cannot be made into a snapshot keeps no
//! other from its turn.

use std::collections::BTreeMap;
use std::time::Duration;

use ayumi_protocol::cursor::{Audience, Epoch, LogName, Seq};
use ayumi_protocol::entry::Entry;
use ayumi_protocol::id::{CaseId, SnapshotId};
use ayumi_protocol::limits;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::time::UtcMillis;
use object_store::MultipartUpload;
use uuid::Uuid;

use super::encoder::{Encoder, File, Ranks};
use super::sql;
use crate::cases::pull::read_entry;
use crate::server::{Server, boxed};
use crate::store::{Fault, StoreError, Transaction, Value, state};
use crate::uploads::collect::{ago, announce, take_from_garbage};
use crate::uploads::{self, objects};

const NAME: &str = "make_snapshots";
/// Cases that are looked at in one transaction.
const CASES: i64 = 200;
/// Entries that are read in one transaction: a few megabytes at the most.
const ENTRIES: i64 = 50;
/// Bytes of a part of the file: the smallest that every service takes.
const PART_BYTES: usize = 5 * 1024 * 1024;
/// Bytes of the bodies of a log that is read at all: what is left of it after thinning has to fit into a snapshot.
const READ_BYTES: usize = 4 * limits::SNAPSHOT_BYTES;
/// A run ends after so long and leaves the rest to the next one: well before its lease does.
const RUN: Duration = Duration::from_mins(3);
/// A snapshot is offered no more once there is a newer one, and kept so long: a slow phone ends its download.
const OLD_KEPT: Duration = Duration::from_hours(24);

/// Makes at most `most` snapshots, of logs that grew by as many entries as the policy says, and takes old ones away. The logs of a
/// case are done together, which may be two more.
///
/// Errors: the last one that happened; every other log was tried all the same.
pub async fn make_snapshots(server: &Server, most: usize) -> Result<(), Fault> {
    let started = server.host.time.monotonic();
    let mut after = server
        .read((), |tx, ()| {
            boxed(async move { Ok(state::position(tx, NAME).await?) })
        })
        .await?
        .unwrap_or_default();
    let mut tried: usize = 0;
    let mut result = Ok(());
    'all: loop {
        let page = look(server, after).await?;
        let Some(last) = page.last else {
            // The end; the next run begins at the front.
            after = Uuid::nil();
            break;
        };
        let mut begun = None;
        for (log, found) in page.logs {
            let case_id = *log.case_id.as_uuid();
            if begun != Some(case_id) {
                // The position is that of a whole case: only between two of them a run may end.
                after = begun.unwrap_or(after);
                let is_over = server.host.time.monotonic().saturating_sub(started) >= RUN;
                if tried >= most || is_over {
                    break 'all;
                }
                begun = Some(case_id);
            }
            if !found.old.is_empty() {
                take_away(server, log, found.old).await?;
            }
            if found.is_due {
                tried = tried.saturating_add(1);
                if let Err(fault) = make(server, log, found.head_seq, page.epoch).await {
                    tracing::warn!(case = %log.case_id, audience = log.audience.as_str(), %fault, "a snapshot was not made");
                    result = Err(fault);
                }
            }
        }
        after = last;
    }
    server
        .write(after, |tx, after| {
            boxed(async move { Ok(state::set_position(tx, NAME, *after).await?) })
        })
        .await?;
    result
}

/// Some cases, in the order of their ids.
#[derive(Debug)]
struct Page {
    epoch: Epoch,
    /// The last of them; `None` if there are no more.
    last: Option<Uuid>,
    /// Their logs that need something.
    logs: BTreeMap<LogName, Found>,
}

#[derive(Debug)]
struct Found {
    head_seq: Seq,
    is_due: bool,
    old: Vec<SnapshotId>,
}

struct Look {
    after: Uuid,
    every: i64,
    old_before: UtcMillis,
}

async fn look(server: &Server, after: Uuid) -> Result<Page, Fault> {
    let look = Look {
        after,
        every: server.policy.snapshot_every.max(1),
        old_before: ago(server.host.now(), OLD_KEPT),
    };
    server.read(look, |tx, look| boxed(look_in(tx, look))).await
}

/// A snapshot that is there.
struct Ready {
    snapshot_id: SnapshotId,
    epoch: Epoch,
    up_to_seq: Seq,
    made_at: UtcMillis,
}

async fn look_in(tx: &mut dyn Transaction, look: &Look) -> Result<Page, Fault> {
    let epoch = state::epoch(tx).await?;
    let heads = tx
        .query(sql::HEADS_AFTER, &[look.after.into(), CASES.into()])
        .await?;
    let mut page = Page {
        epoch,
        last: None,
        logs: BTreeMap::new(),
    };
    let mut ends = Vec::new();
    for row in &heads {
        let case_id: CaseId = row.get(0)?;
        page.last = Some(*case_id.as_uuid());
        for (audience, column) in [(Audience::Care, 1), (Audience::Staff, 2), (Audience::Advice, 3)] {
            ends.push((LogName { case_id, audience }, row.get::<Seq>(column)?));
        }
    }
    let Some(last) = page.last else {
        return Ok(page);
    };
    let mut made: BTreeMap<LogName, Vec<Ready>> = BTreeMap::new();
    for row in tx
        .query(sql::SNAPSHOTS_BETWEEN, &[look.after.into(), last.into()])
        .await?
    {
        let log = LogName {
            case_id: row.get(0)?,
            audience: row.get(1)?,
        };
        made.entry(log).or_default().push(Ready {
            snapshot_id: row.get(2)?,
            epoch: row.get(3)?,
            up_to_seq: row.get(4)?,
            made_at: row.get(5)?,
        });
    }
    for (log, head_seq) in ends {
        let made = made.remove(&log).unwrap_or_default();
        let newest = made
            .iter()
            .filter(|made| made.epoch == epoch)
            .map(|made| made.up_to_seq);
        let newest = newest.max().unwrap_or(Seq::START);
        // What was replaced long ago is what a replacement of long ago says more than.
        let replaced = made
            .iter()
            .filter(|made| made.epoch == epoch && made.made_at <= look.old_before)
            .map(|made| made.up_to_seq)
            .max();
        let old = made
            .iter()
            .filter(|made| made.epoch != epoch || Some(made.up_to_seq) < replaced)
            .map(|made| made.snapshot_id)
            .collect::<Vec<_>>();
        let is_due = head_seq.number().saturating_sub(newest.number()) >= look.every;
        if is_due || !old.is_empty() {
            let found = Found {
                head_seq,
                is_due,
                old,
            };
            page.logs.insert(log, found);
        }
    }
    Ok(page)
}

async fn take_away(server: &Server, log: LogName, old: Vec<SnapshotId>) -> Result<(), Fault> {
    let now = server.host.now();
    server
        .write((log, old, now), |tx, (log, old, now)| {
            boxed(async move {
                for snapshot_id in old {
                    let name: [Value; 3] = [log.case_id.into(), log.audience.into(), (*snapshot_id).into()];
                    if let Some(row) = tx.row(sql::DELETE, &name).await? {
                        let garbage: [Value; 2] = [row.get::<String>(0)?.into(), (*now).into()];
                        tx.execute(uploads::sql::INSERT_GARBAGE, &garbage).await?;
                    }
                }
                Ok(())
            })
        })
        .await
}

/// A snapshot on its way from the object store into the table.
struct Finished {
    log: LogName,
    snapshot_id: SnapshotId,
    epoch: Epoch,
    up_to_seq: Seq,
    key: String,
    file: File,
    now: UtcMillis,
}

/// Makes one snapshot of the entries up to `head_seq`. Nothing is left of one that fails.
///
/// Errors: of both stores; `too_large` for a log that no phone would take.
async fn make(server: &Server, log: LogName, head_seq: Seq, epoch: Epoch) -> Result<(), Fault> {
    let key = objects::new_key_under(&server.host, objects::SNAPSHOTS_PREFIX);
    announce(server, &key).await?;
    let ranks = read_ranks(server, log, head_seq).await?;
    let mut object = Object {
        server,
        key: &key,
        upload: None,
    };
    let file = match write(server, log, head_seq, ranks, &mut object).await {
        Ok(file) => file,
        Err(fault) => {
            object.abort().await;
            return Err(fault);
        }
    };
    let finished = Finished {
        log,
        snapshot_id: SnapshotId::from_uuid(server.host.random_uuid()),
        epoch,
        up_to_seq: head_seq,
        key,
        file,
        now: server.host.now(),
    };
    server
        .write(finished, |tx, finished| boxed(insert(tx, finished)))
        .await
}

/// Entries of a log after a place, at most [`ENTRIES`] and none behind the end of the snapshot.
async fn read_portion(server: &Server, log: LogName, after: Seq, to: Seq) -> Result<Vec<Entry>, Fault> {
    let rows = server.read((log, after), |tx, (log, after)| {
        boxed(async move {
            let from: [Value; 4] = [
                log.case_id.into(),
                log.audience.into(),
                (*after).into(),
                ENTRIES.into(),
            ];
            Ok(tx.query(crate::cases::sql::PAGE, &from).await?)
        })
    });
    let mut entries = Vec::new();
    for row in rows.await? {
        let entry = read_entry(&row)?;
        if entry.seq <= to {
            entries.push(entry);
        }
    }
    if entries.is_empty() {
        return Err(StoreError::Bug {
            what: "a log ends before its head",
        }
        .into());
    }
    Ok(entries)
}

async fn read_ranks(server: &Server, log: LogName, to: Seq) -> Result<Ranks, Fault> {
    let mut ranks = Ranks::default();
    let mut bytes: usize = 0;
    let mut last = Seq::START;
    while last < to {
        let entries = read_portion(server, log, last, to).await?;
        for entry in &entries {
            let length = entry.body.as_ref().map_or(0, |body| body.as_str().len());
            bytes = bytes.saturating_add(length);
            last = entry.seq;
        }
        if bytes > READ_BYTES {
            return Err(ProblemCode::TooLarge.into());
        }
        ranks = server
            .host
            .compute(move || {
                for entry in &entries {
                    ranks.note(entry);
                }
                ranks
            })
            .await
            .ok_or(ProblemCode::InternalFault)?;
    }
    Ok(ranks)
}

/// An object that is begun in parts only when it has more than one.
struct Object<'a> {
    server: &'a Server,
    key: &'a str,
    upload: Option<Box<dyn MultipartUpload>>,
}

impl Object<'_> {
    async fn put_part(&mut self, part: axum::body::Bytes) -> Result<(), Fault> {
        if self.upload.is_none() {
            self.upload = Some(objects::begin(self.server, self.key).await?);
        }
        let Some(upload) = &mut self.upload else {
            return Ok(());
        };
        let put = upload.put_part(part.into()).await;
        put.map_err(|error| objects::unavailable(&error))
    }

    async fn finish(&mut self, rest: axum::body::Bytes) -> Result<(), Fault> {
        if self.upload.is_none() {
            return objects::put(self.server, self.key, rest).await;
        }
        self.put_part(rest).await?;
        if let Some(upload) = &mut self.upload {
            let completed = upload.complete().await;
            completed.map_err(|error| objects::unavailable(&error))?;
        }
        Ok(())
    }

    async fn abort(&mut self) {
        if let Some(upload) = &mut self.upload {
            // What cannot be removed now, the service's own rule for unfinished uploads removes.
            let _ = upload.abort().await;
        }
    }
}

async fn write(
    server: &Server,
    log: LogName,
    to: Seq,
    mut ranks: Ranks,
    object: &mut Object<'_>,
) -> Result<File, Fault> {
    let mut encoder = Encoder::new();
    let mut last = Seq::START;
    while last < to {
        let entries = read_portion(server, log, last, to).await?;
        last = entries.last().map_or(to, |entry| entry.seq);
        let encoded = server.host.compute(move || {
            for entry in entries {
                encoder.add(&ranks.item(entry))?;
            }
            Ok::<_, StoreError>((encoder, ranks))
        });
        (encoder, ranks) = encoded.await.ok_or(ProblemCode::InternalFault)??;
        if encoder.decompressed_bytes > limits::SNAPSHOT_BYTES as u64 {
            return Err(ProblemCode::TooLarge.into());
        }
        while let Some(part) = encoder.take(PART_BYTES) {
            object.put_part(part).await?;
        }
    }
    let (rest, file) = encoder.finish()?;
    object.finish(rest).await?;
    Ok(file)
}

/// Makes the row of a finished file; does nothing if the store became another incarnation meanwhile, if a body was erased that the
/// file may hold, or if it took so long that the file may have been removed.
async fn insert(tx: &mut dyn Transaction, finished: &Finished) -> Result<(), Fault> {
    if state::epoch(tx).await? != finished.epoch {
        return Ok(());
    }
    // An erasure holds this lock.
    let case_id = finished.log.case_id;
    tx.execute(uploads::sql::LOCK_CASE, &[case_id.into()]).await?;
    let audience = finished.log.audience;
    let after: [Value; 3] = [case_id.into(), audience.into(), finished.up_to_seq.into()];
    if tx.row(sql::ERASURE_AFTER, &after).await?.is_some() {
        return Ok(());
    }
    if !take_from_garbage(tx, &finished.key, finished.now).await? {
        return Ok(());
    }
    let bytes = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let row: [Value; 10] = [
        case_id.into(),
        audience.into(),
        finished.snapshot_id.into(),
        finished.epoch.into(),
        finished.up_to_seq.into(),
        bytes(finished.file.length_bytes).into(),
        bytes(finished.file.decompressed_bytes).into(),
        finished.file.sha256.into(),
        finished.key.as_str().into(),
        finished.now.into(),
    ];
    tx.execute(sql::INSERT, &row).await?;
    Ok(())
}
