//! Work that nobody asks for: collecting, expiring. Of several nodes one does it, by a lease in the store.

pub(crate) mod sql;

use std::collections::BTreeMap;
use std::time::Duration;

use ayumi_protocol::limits;
use ayumi_protocol::time::UtcMillis;
use uuid::Uuid;

use crate::audit::digest::digest_audit;
use crate::cases::snapshots::make::make_snapshots;
use crate::host::{Boxed, Host};
use crate::server::{Server, boxed};
use crate::store::{Fault, Transaction, Value};
use crate::uploads;
use crate::uploads::collect::{ago, collect_uploads, empty_garbage};

/// Something that is done again and again.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    /// Name of its lease.
    pub name: &'static str,
    /// Time between two runs of a node.
    pub every: Duration,
    /// Does it once, and not for long: what is left, the next run does.
    pub run: fn(&Server) -> Boxed<'_, Result<(), Fault>>,
}

/// Rows of one run.
const BATCH: i64 = 200;
/// Sessions whose tokens are deleted in one transaction.
const SESSIONS: i64 = 200;
/// Such transactions of one run: well within its lease, and as many sessions as a large store ends in a day.
const SESSION_PORTIONS: usize = 25;
/// Snapshots of one run.
const SNAPSHOTS: usize = 50;
const LEASE: Duration = Duration::from_mins(10);
/// How long a phone is told why its session ended, and not only that it does not know the token.
const OVER_SESSION_KEPT: Duration = Duration::from_hours(30 * 24);

/// All jobs.
pub const JOBS: &[Job] = &[
    Job {
        name: "collect_uploads",
        every: Duration::from_hours(1),
        run: |server| Box::pin(collect_uploads(server, BATCH)),
    },
    Job {
        name: "empty_garbage",
        every: Duration::from_mins(10),
        run: |server| Box::pin(empty_garbage(server, BATCH)),
    },
    Job {
        name: "make_snapshots",
        every: Duration::from_hours(1),
        run: |server| Box::pin(make_snapshots(server, SNAPSHOTS)),
    },
    Job {
        name: "digest_audit",
        // It writes once a day; a node that was just started must not wait a day for it.
        every: Duration::from_hours(1),
        run: |server| Box::pin(digest_audit(server)),
    },
    Job {
        name: "expire",
        every: Duration::from_hours(6),
        run: |server| Box::pin(expire(server)),
    },
];

/// When this node did which job, and under which name it holds leases.
#[derive(Debug)]
pub struct Schedule {
    holder: Uuid,
    last: BTreeMap<&'static str, Duration>,
}

impl Schedule {
    /// A node that has done nothing yet.
    #[must_use]
    pub fn new(host: &Host) -> Self {
        Self {
            holder: host.random_uuid(),
            last: BTreeMap::new(),
        }
    }
}

/// Runs every job that is due and whose lease is free. A job that fails is logged and tried again at its next time.
pub async fn run_due(server: &Server, schedule: &mut Schedule) {
    for job in JOBS {
        let now = server.host.time.monotonic();
        let is_due = schedule
            .last
            .get(job.name)
            .is_none_or(|last| now.saturating_sub(*last) >= job.every);
        if !is_due {
            continue;
        }
        schedule.last.insert(job.name, now);
        let done = match take_lease(server, job.name, schedule.holder).await {
            Ok(true) => (job.run)(server).await,
            Ok(false) => Ok(()),
            Err(fault) => Err(fault),
        };
        if let Err(error) = done {
            server.metrics.job_failed(job.name);
            tracing::error!(job = job.name, %error, "a job failed");
        }
    }
}

/// Runs jobs for ever.
pub async fn keep_running(server: Server) {
    let mut schedule = Schedule::new(&server.host);
    loop {
        run_due(&server, &mut schedule).await;
        server.host.time.sleep(Duration::from_mins(1)).await;
    }
}

struct Lease {
    name: &'static str,
    holder: Uuid,
    now: UtcMillis,
}

async fn take_lease(server: &Server, name: &'static str, holder: Uuid) -> Result<bool, Fault> {
    let now = server.host.now();
    server
        .write(Lease { name, holder, now }, |tx, lease| {
            boxed(async move {
                let length_ms = i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX);
                let values: [Value; 4] = [
                    lease.name.into(),
                    lease.holder.into(),
                    lease.now.0.saturating_add(length_ms).into(),
                    lease.now.into(),
                ];
                Ok(tx.execute(sql::TAKE_LEASE, &values).await? == 1)
            })
        })
        .await
}

/// Deletes what is kept for a time only: remembered answers, counted tries, transfer codes, quotas, and tokens of sessions that are over.
/// Of those at most 25 portions of 200; the next run goes on.
///
/// Errors: the store's.
pub async fn expire(server: &Server) -> Result<(), Fault> {
    server
        .write(server.host.now(), |tx, now| {
            boxed(async move {
                const HOUR_MS: i64 = 3600 * 1000;
                let day_ago = ago(*now, Duration::from_hours(24));
                let answers = ago(*now, limits::IDEMPOTENCY_KEPT);
                let hour: i64 = day_ago.0.div_euclid(HOUR_MS);
                let day: i64 = day_ago.0.div_euclid(HOUR_MS * 24);
                tx.execute(sql::EXPIRE_ANSWERS, &[answers.into()]).await?;
                tx.execute(sql::EXPIRE_ATTEMPTS, &[hour.into()]).await?;
                tx.execute(sql::EXPIRE_TRANSFER_CODES, &[day_ago.into()]).await?;
                tx.execute(uploads::sql::EXPIRE_QUOTAS, &[day.into()]).await?;
                Ok(())
            })
        })
        .await?;
    let before = ago(server.host.now(), OVER_SESSION_KEPT);
    let mut after = (Uuid::nil(), Uuid::nil());
    for _ in 0..SESSION_PORTIONS {
        let sessions = over_sessions(server, after, before).await?;
        let Some(last) = sessions.last() else {
            break;
        };
        after = *last;
        server
            .write(sessions, |tx, sessions| boxed(expire_sessions(tx, sessions)))
            .await?;
    }
    Ok(())
}

/// Account and id of some sessions that were over before an instant and still have tokens, in their order.
async fn over_sessions(
    server: &Server,
    after: (Uuid, Uuid),
    before: UtcMillis,
) -> Result<Vec<(Uuid, Uuid)>, Fault> {
    server
        .read((after, before), |tx, (after, before)| {
            boxed(async move {
                let from: [Value; 4] = [after.0.into(), after.1.into(), (*before).into(), SESSIONS.into()];
                let rows = tx.query(sql::OVER_SESSIONS, &from).await?;
                let ids = rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?)));
                ids.collect::<Result<_, Fault>>()
            })
        })
        .await
}

/// None of them can go on again: what is over is not refreshed.
async fn expire_sessions(tx: &mut dyn Transaction, sessions: &[(Uuid, Uuid)]) -> Result<(), Fault> {
    for (account_id, session_id) in sessions {
        let name: [Value; 2] = [(*account_id).into(), (*session_id).into()];
        for sql in [sql::DELETE_TOKENS, sql::DELETE_TOKEN_PAIRS, sql::CLEAR_PUSH_TOKEN] {
            tx.execute(sql, &name).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
