//! Once a day: a digest over the ends of all chains and the digest before.
//!
//! The ends are kept beside it, about sixty bytes for each chain and day, so that a chain which vanished is known by its name.
//!
//! Source: sync.md 15.5.

use ayumi_protocol::hash::Sha256 as Sum;
use ayumi_protocol::time::UtcMillis;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::sql;
use crate::server::{Server, boxed};
use crate::store::{Fault, Row, StoreError, Value};

/// Ends that are read or written in one transaction.
pub(super) const PORTION: i64 = 500;
const DAY_MS: i64 = 24 * 3_600_000;

/// What comes before the first digest.
pub(super) const START: [u8; 32] = [0; 32];

/// Computes a digest, end by end.
pub(super) struct Digester {
    hasher: Sha256,
    chains: i64,
}

impl Digester {
    pub(super) fn new(before: &[u8], seq: i64, at_ms: i64) -> Self {
        let mut hasher = Sha256::new();
        hasher.update((before.len() as u64).to_be_bytes());
        hasher.update(before);
        hasher.update(seq.to_be_bytes());
        hasher.update(at_ms.to_be_bytes());
        Self { hasher, chains: 0 }
    }

    /// Takes the end of one chain, in the order of their ids.
    pub(super) fn add(&mut self, chain_id: Uuid, audit_seq: i64, audit_hash: &[u8]) {
        self.hasher.update(chain_id.as_bytes());
        self.hasher.update(audit_seq.to_be_bytes());
        self.hasher.update((audit_hash.len() as u64).to_be_bytes());
        self.hasher.update(audit_hash);
        self.chains = self.chains.saturating_add(1);
    }

    /// The number of chains and the digest.
    pub(super) fn finish(mut self) -> (i64, Sum) {
        self.hasher.update(self.chains.to_be_bytes());
        (self.chains, Sum::from_bytes(self.hasher.finalize().into()))
    }
}

/// The id after this one; `None` after the last.
pub(super) fn after(id: Uuid) -> Option<Uuid> {
    id.as_u128().checked_add(1).map(Uuid::from_u128)
}

/// The end of a chain.
struct End {
    chain_id: Uuid,
    audit_seq: i64,
    audit_hash: Vec<u8>,
}

impl End {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            chain_id: row.get(0)?,
            audit_seq: row.get(1)?,
            audit_hash: row.get(2)?,
        })
    }
}

/// Writes the digest of a day (UTC), if it has none yet. A run that was cut off is finished by the next.
///
/// Errors: the store's.
pub async fn digest_audit(server: &Server) -> Result<(), Fault> {
    let now = server.host.now();
    let last = server
        .read((), |tx, ()| {
            boxed(async move { Ok(tx.row(sql::LAST_DIGEST, &[]).await?) })
        })
        .await?;
    let (seq, before) = match last {
        None => (1, START.to_vec()),
        Some(row) => {
            let (seq, at): (i64, UtcMillis) = (row.get(0)?, row.get(1)?);
            if at.0.div_euclid(DAY_MS) >= now.0.div_euclid(DAY_MS) {
                return Ok(());
            }
            (seq.saturating_add(1), row.get(2)?)
        }
    };
    for heads in [sql::CASE_HEADS, sql::CHAIN_HEADS] {
        copy_ends(server, heads, seq).await?;
    }
    // What was written is what counts: a chain goes on while its end is copied.
    let mut digester = Digester::new(&before, seq, now.0);
    let mut from = Some(Uuid::nil());
    while let Some(first) = from {
        let rows = read_ends(server, seq, first).await?;
        from = None;
        for row in &rows {
            let end = End::read(row)?;
            digester.add(end.chain_id, end.audit_seq, &end.audit_hash);
            from = after(end.chain_id);
        }
    }
    let (chains, digest) = digester.finish();
    server
        .write((seq, now, chains, digest), |tx, (seq, now, chains, digest)| {
            boxed(async move {
                let row: [Value; 4] = [(*seq).into(), (*now).into(), (*chains).into(), (*digest).into()];
                tx.execute(sql::INSERT_DIGEST, &row).await?;
                Ok(())
            })
        })
        .await?;
    // A log that is kept elsewhere holds it too.
    tracing::info!(seq, chains, %digest, "the audit has its digest of the day");
    Ok(())
}

/// The ends of a digest from one on, each with the hash that its row has now.
pub(super) async fn read_ends(server: &Server, digest_seq: i64, first: Uuid) -> Result<Vec<Row>, Fault> {
    server
        .read((digest_seq, first), |tx, (digest_seq, first)| {
            boxed(async move {
                let from: [Value; 3] = [(*digest_seq).into(), (*first).into(), PORTION.into()];
                Ok(tx.query(sql::DIGEST_CHAINS, &from).await?)
            })
        })
        .await
}

/// Copies the ends that a statement brings. They are read and written in two transactions, so that nobody who appends has to wait.
async fn copy_ends(server: &Server, heads: &'static str, digest_seq: i64) -> Result<(), Fault> {
    let mut from = Some(Uuid::nil());
    while let Some(first) = from {
        let rows = server.read((heads, first), |tx, (heads, first)| {
            boxed(async move {
                let from: [Value; 2] = [(*first).into(), PORTION.into()];
                Ok(tx.query(heads, &from).await?)
            })
        });
        let ends = rows.await?.iter().map(End::read).collect::<Result<Vec<_>, _>>()?;
        from = ends.last().and_then(|end| after(end.chain_id));
        server
            .write((digest_seq, ends), |tx, (digest_seq, ends)| {
                boxed(async move {
                    // A chain without a row has no end.
                    for end in ends.iter().filter(|end| end.audit_seq > 0) {
                        let row: [Value; 4] = [
                            (*digest_seq).into(),
                            end.chain_id.into(),
                            end.audit_seq.into(),
                            end.audit_hash.as_slice().into(),
                        ];
                        tx.execute(sql::INSERT_DIGEST_CHAIN, &row).await?;
                    }
                    Ok(())
                })
            })
            .await?;
    }
    Ok(())
}
