//! Verifying the audit: every row against its hash, every chain against its end, every digest against the chains.
//!
//! It reads in portions, beside a server that serves: what is appended meanwhile is verified too.

use std::collections::BTreeSet;
use std::fmt;

use ayumi_protocol::hash::Sha256 as Sum;
use uuid::Uuid;

use super::digest::{Digester, PORTION, START, after, read_ends};
use super::{Columns, sql};
use crate::server::{Server, boxed};
use crate::store::{Fault, Row, StoreError, Value};

/// What was found. There is nothing of a person in it but ids.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Chains of cases.
    pub cases: u64,
    /// Chains of accounts, and the one of the server.
    pub others: u64,
    /// Rows.
    pub rows: u64,
    /// Digests.
    pub digests: u64,
    /// Number and value of the last digest, for keeping elsewhere.
    pub last_digest: Option<(i64, Sum)>,
    /// What does not verify: the first of each chain, and the digests.
    pub findings: Vec<Finding>,
    /// Findings beyond [`FINDINGS`].
    pub left_out: u64,
    /// Chains with a finding.
    damaged: BTreeSet<Uuid>,
}

/// Findings that a report tells at most.
pub const FINDINGS: usize = 1000;

/// Something that does not verify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A row is missing in the middle or at the end of a chain.
    Missing {
        /// The chain.
        chain_id: Uuid,
        /// The row.
        seq: i64,
    },
    /// A row does not have the hash that follows from it and the row before.
    Changed {
        /// The chain.
        chain_id: Uuid,
        /// The row.
        seq: i64,
    },
    /// The last row is not the one that the end of the chain names.
    OtherEnd {
        /// The chain.
        chain_id: Uuid,
        /// The last row.
        seq: i64,
    },
    /// A chain has rows and no end.
    NoEnd {
        /// The chain.
        chain_id: Uuid,
    },
    /// A row was there when a digest was made, and is gone or another one by now.
    NotAsDigested {
        /// The chain.
        chain_id: Uuid,
        /// The row.
        seq: i64,
        /// The digest.
        digest_seq: i64,
    },
    /// A digest is missing.
    DigestMissing {
        /// The digest.
        digest_seq: i64,
    },
    /// A digest, one of the ends that it was made of, or the digest before it was changed.
    DigestChanged {
        /// The digest.
        digest_seq: i64,
    },
    /// The digest that was kept elsewhere has another value here.
    DigestNotAsKept {
        /// The digest.
        digest_seq: i64,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { chain_id, seq } => write!(f, "chain {chain_id}: row {seq} is missing"),
            Self::Changed { chain_id, seq } => {
                write!(
                    f,
                    "chain {chain_id}: row {seq}, or the one before it, was changed"
                )
            }
            Self::OtherEnd { chain_id, seq } => {
                write!(
                    f,
                    "chain {chain_id}: row {seq} is the last, and the end names another"
                )
            }
            Self::NoEnd { chain_id } => write!(f, "chain {chain_id}: it has rows and its end is missing"),
            Self::NotAsDigested {
                chain_id,
                seq,
                digest_seq,
            } => write!(
                f,
                "chain {chain_id}: row {seq} is not as it was at digest {digest_seq}"
            ),
            Self::DigestMissing { digest_seq } => write!(f, "digest {digest_seq} is missing"),
            Self::DigestChanged { digest_seq } => {
                write!(f, "digest {digest_seq}, or what it was made of, was changed")
            }
            Self::DigestNotAsKept { digest_seq } => {
                write!(f, "digest {digest_seq} is not the one that was kept elsewhere")
            }
        }
    }
}

impl Report {
    fn add(&mut self, finding: Finding) {
        let chain = match &finding {
            Finding::Missing { chain_id, .. }
            | Finding::Changed { chain_id, .. }
            | Finding::OtherEnd { chain_id, .. }
            | Finding::NoEnd { chain_id }
            | Finding::NotAsDigested { chain_id, .. } => Some(*chain_id),
            Finding::DigestMissing { .. }
            | Finding::DigestChanged { .. }
            | Finding::DigestNotAsKept { .. } => None,
        };
        if chain.is_some_and(|chain_id| !self.damaged.insert(chain_id)) {
            return;
        }
        if self.findings.len() < FINDINGS {
            self.findings.push(finding);
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }
}

/// Verifies everything. `kept` is a digest that was kept elsewhere: its number and its value.
///
/// Errors: the store's. What does not verify is no error but part of the report.
pub async fn verify(server: &Server, kept: Option<(i64, Sum)>) -> Result<Report, Fault> {
    let mut report = Report::default();
    for (heads, head) in [
        (sql::CASE_HEADS, sql::CASE_HEAD),
        (sql::CHAIN_HEADS, sql::CHAIN_HEAD),
    ] {
        let mut from = Some(Uuid::nil());
        while let Some(first) = from {
            let ids = read_ids(server, heads, first).await?;
            from = ids.last().copied().and_then(after);
            for chain_id in ids {
                verify_chain(server, head, chain_id, &mut report).await?;
                let chains = if head == sql::CASE_HEAD {
                    &mut report.cases
                } else {
                    &mut report.others
                };
                *chains = chains.saturating_add(1);
            }
        }
    }
    let mut from = Some(Uuid::nil());
    while let Some(first) = from {
        let chains = read_chains(server, first).await?;
        from = chains.next;
        for chain_id in chains.without_end {
            report.add(Finding::NoEnd { chain_id });
        }
    }
    verify_digests(server, kept, &mut report).await?;
    Ok(report)
}

async fn read_ids(server: &Server, statement: &'static str, first: Uuid) -> Result<Vec<Uuid>, Fault> {
    server
        .read((statement, first), |tx, (statement, first)| {
            boxed(async move {
                let from: [Value; 2] = [(*first).into(), PORTION.into()];
                let rows = tx.query(statement, &from).await?;
                let ids = rows.iter().map(|row| row.get(0));
                Ok(ids.collect::<Result<_, StoreError>>()?)
            })
        })
        .await
}

/// Chains that one transaction looks at: each of them takes three statements.
const CHAINS: usize = 100;

/// Some chains that have rows.
#[derive(Default)]
struct Chains {
    /// Those that have no end.
    without_end: Vec<Uuid>,
    /// Where it goes on; `None`: there are no more.
    next: Option<Uuid>,
}

async fn read_chains(server: &Server, first: Uuid) -> Result<Chains, Fault> {
    server
        .read(first, |tx, first| {
            boxed(async move {
                let mut chains = Chains {
                    next: Some(*first),
                    ..Chains::default()
                };
                for _ in 0..CHAINS {
                    let Some(from) = chains.next else { break };
                    let Some(row) = tx.row(sql::NEXT_CHAIN, &[from.into()]).await? else {
                        chains.next = None;
                        break;
                    };
                    let chain_id: Uuid = row.get(0)?;
                    chains.next = after(chain_id);
                    // The end comes with the first row, so it is seen by whoever saw the row before.
                    if tx.row(sql::CASE_HEAD, &[chain_id.into()]).await?.is_none()
                        && tx.row(sql::CHAIN_HEAD, &[chain_id.into()]).await?.is_none()
                    {
                        chains.without_end.push(chain_id);
                    }
                }
                Ok(chains)
            })
        })
        .await
}

/// Some rows of a chain, and its end at the same moment.
struct Portion {
    head: Option<(i64, Vec<u8>)>,
    rows: Vec<Row>,
}

async fn verify_chain(
    server: &Server,
    head: &'static str,
    chain_id: Uuid,
    report: &mut Report,
) -> Result<(), Fault> {
    let mut last: i64 = 0;
    let mut hash = START.to_vec();
    loop {
        let portion = server.read((head, chain_id, last), |tx, (head, chain_id, last)| {
            boxed(async move {
                let from: [Value; 3] = [(*chain_id).into(), (*last).into(), PORTION.into()];
                let rows = tx.query(sql::ROWS, &from).await?;
                let head = match tx.row(head, &[(*chain_id).into()]).await? {
                    None => None,
                    Some(row) => Some((row.get(0)?, row.get(1)?)),
                };
                Ok(Portion { head, rows })
            })
        });
        let portion = portion.await?;
        for row in &portion.rows {
            report.rows = report.rows.saturating_add(1);
            let seq: i64 = row.get(0)?;
            let expected = last.saturating_add(1);
            if seq != expected {
                report.add(Finding::Missing {
                    chain_id,
                    seq: expected,
                });
                return Ok(());
            }
            let stored: Vec<u8> = row.get(12)?;
            // A column that cannot even be read was changed.
            if row_hash(chain_id, row, &hash).ok().as_ref() != Some(&stored) {
                report.add(Finding::Changed { chain_id, seq });
                return Ok(());
            }
            (last, hash) = (seq, stored);
        }
        if !portion.rows.is_empty() {
            continue;
        }
        match portion.head {
            None => report.add(Finding::NoEnd { chain_id }),
            Some((end, _)) if end > last => report.add(Finding::Missing {
                chain_id,
                seq: last.saturating_add(1),
            }),
            Some((end, end_hash)) if end < last || end_hash != hash => {
                report.add(Finding::OtherEnd { chain_id, seq: last });
            }
            Some(_) => {}
        }
        return Ok(());
    }
}

/// The hash of a row, in the order of the columns of [`sql::ROWS`].
fn row_hash(chain_id: Uuid, row: &Row, before: &[u8]) -> Result<Vec<u8>, StoreError> {
    let text = |column: usize| row.get::<String>(column);
    let audience: Option<String> = row.get(7)?;
    let columns = Columns {
        chain_id,
        seq: row.get(0)?,
        at_ms: row.get(1)?,
        actor_id: row.get(2)?,
        actor_role: &text(3)?,
        device_id: row.get(4)?,
        act: &text(5)?,
        outcome: &text(6)?,
        audience: audience.as_deref(),
        from_seq: row.get(8)?,
        to_seq: row.get(9)?,
        object_id: row.get(10)?,
        request_id: &text(11)?,
    };
    Ok(columns.hash(before).to_vec())
}

async fn verify_digests(server: &Server, kept: Option<(i64, Sum)>, report: &mut Report) -> Result<(), Fault> {
    let mut before = START.to_vec();
    let mut last: i64 = 0;
    loop {
        let rows = server.read(last, |tx, last| {
            boxed(async move {
                let from: [Value; 2] = [(*last).into(), PORTION.into()];
                Ok(tx.query(sql::DIGESTS, &from).await?)
            })
        });
        let rows = rows.await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            let (seq, at_ms, chains): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let stored: Vec<u8> = row.get(3)?;
            let expected = last.saturating_add(1);
            if seq != expected {
                report.add(Finding::DigestMissing { digest_seq: expected });
            }
            let mut digester = Digester::new(&before, seq, at_ms);
            verify_ends(server, seq, &mut digester, report).await?;
            let (counted, digest) = digester.finish();
            // After a missing one nothing follows from what is before.
            let is_same = counted == chains && digest.as_bytes().as_slice() == stored;
            if seq == expected && !is_same {
                report.add(Finding::DigestChanged { digest_seq: seq });
            }
            if let Some((_, kept)) = kept.filter(|(kept_seq, _)| *kept_seq == seq)
                && kept.as_bytes().as_slice() != stored
            {
                report.add(Finding::DigestNotAsKept { digest_seq: seq });
            }
            report.digests = report.digests.saturating_add(1);
            report.last_digest = <[u8; 32]>::try_from(stored.as_slice())
                .ok()
                .map(|digest| (seq, Sum::from_bytes(digest)));
            (last, before) = (seq, stored);
        }
    }
    if let Some((digest_seq, _)) = kept.filter(|(kept_seq, _)| *kept_seq > last) {
        report.add(Finding::DigestMissing { digest_seq });
    }
    Ok(())
}

/// The ends of a digest: what it was made of, and whether the chains still have them.
async fn verify_ends(
    server: &Server,
    digest_seq: i64,
    digester: &mut Digester,
    report: &mut Report,
) -> Result<(), Fault> {
    let mut from = Some(Uuid::nil());
    while let Some(first) = from {
        from = None;
        for row in &read_ends(server, digest_seq, first).await? {
            let (chain_id, seq): (Uuid, i64) = (row.get(0)?, row.get(1)?);
            let digested: Vec<u8> = row.get(2)?;
            digester.add(chain_id, seq, &digested);
            if row.get::<Option<Vec<u8>>>(3)? != Some(digested) {
                report.add(Finding::NotAsDigested {
                    chain_id,
                    seq,
                    digest_seq,
                });
            }
            from = after(chain_id);
        }
    }
    Ok(())
}
