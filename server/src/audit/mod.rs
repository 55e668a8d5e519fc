//! Who did what: rows in chains, each with the hash of the one before.
//!
//! There is one chain per case, one per account for acts outside a case, and one (nil) of the server itself. A row is written in the
//! transaction of the act. Never text, never values: who, what, when, which entries, with what outcome.

pub(crate) mod sql;

use ayumi_protocol::cursor::{Audience, Seq};
use ayumi_protocol::id::{AccountId, CaseId, DeviceId};
use ayumi_protocol::session::Role;
use ayumi_protocol::time::UtcMillis;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::accounts::principal::Principal;
use crate::store::{StoreError, Transaction, Value};

/// Whose chain a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// A case.
    Case(CaseId),
    /// An account.
    Account(AccountId),
    /// The server.
    Server,
}

/// One act.
#[derive(Debug, Clone)]
pub struct Act {
    /// When.
    pub at: UtcMillis,
    /// Who; nil for the server.
    pub actor_id: AccountId,
    /// In which role.
    pub actor_role: Role,
    /// With which device; nil for none.
    pub device_id: DeviceId,
    /// What: one of the words of `docs/running.md`, such as `entries.read`.
    pub act: &'static str,
    /// `done`, or the code of the refusal.
    pub outcome: String,
    /// Which log.
    pub audience: Option<Audience>,
    /// From which entry.
    pub from_seq: Option<Seq>,
    /// To which entry.
    pub to_seq: Option<Seq>,
    /// Which account, device, invitation or upload.
    pub object_id: Option<Uuid>,
    /// Of the request.
    pub request_id: String,
}

impl Act {
    /// Something that was done by somebody.
    #[must_use]
    pub fn done(principal: &Principal, role: Role, act: &'static str) -> Self {
        Self {
            at: principal.now,
            actor_id: principal.account_id,
            actor_role: role,
            device_id: principal.device_id,
            act,
            outcome: "done".to_owned(),
            audience: None,
            from_seq: None,
            to_seq: None,
            object_id: None,
            request_id: principal.request_id.clone(),
        }
    }

    /// Something that the server did, or an operator at its command line.
    #[must_use]
    pub fn by_server(at: UtcMillis, act: &'static str, request_id: &str) -> Self {
        Self {
            at,
            actor_id: AccountId::SYSTEM,
            actor_role: Role::System,
            device_id: DeviceId::from_uuid(Uuid::nil()),
            act,
            outcome: "done".to_owned(),
            audience: None,
            from_seq: None,
            to_seq: None,
            object_id: None,
            request_id: request_id.to_owned(),
        }
    }
}

/// Writes a row at the end of a chain. The transaction holds the lock of the chain from here on.
pub async fn record(tx: &mut dyn Transaction, chain: Chain, act: &Act) -> Result<(), StoreError> {
    let chain_id = match chain {
        Chain::Case(case_id) => *case_id.as_uuid(),
        Chain::Account(account_id) => *account_id.as_uuid(),
        Chain::Server => Uuid::nil(),
    };
    let (advance, set) = if let Chain::Case(_) = chain {
        (sql::ADVANCE_CASE, sql::SET_CASE_HASH)
    } else {
        let start: [Value; 2] = [chain_id.into(), [0_u8; 32].into()];
        tx.execute(sql::START_CHAIN, &start).await?;
        (sql::ADVANCE_CHAIN, sql::SET_CHAIN_HASH)
    };
    let row = tx
        .row(advance, &[chain_id.into()])
        .await?
        .ok_or(StoreError::Bug {
            what: "an audit chain has no head",
        })?;
    let (seq, before): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
    let hash = row_hash(&before, chain_id, seq, act);
    tx.execute(
        sql::INSERT_ROW,
        &[
            chain_id.into(),
            seq.into(),
            act.at.into(),
            act.actor_id.into(),
            act.actor_role.as_str().into(),
            act.device_id.into(),
            act.act.into(),
            act.outcome.as_str().into(),
            act.audience.into(),
            act.from_seq.into(),
            act.to_seq.into(),
            act.object_id.into(),
            act.request_id.as_str().into(),
            hash.into(),
        ],
    )
    .await?;
    tx.execute(set, &[chain_id.into(), hash.into()]).await?;
    Ok(())
}

/// Hash of a row: over the hash before it and every column, each with its length, so that no two rows give one input.
fn row_hash(before: &[u8], chain_id: Uuid, seq: i64, act: &Act) -> [u8; 32] {
    let number = |number: Option<i64>| number.map(i64::to_be_bytes);
    let mut hasher = Sha256::new();
    let mut add = |part: Option<&[u8]>| {
        // Nothing and an empty text are different.
        hasher.update([u8::from(part.is_some())]);
        let part = part.unwrap_or_default();
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    };
    add(Some(before));
    add(Some(chain_id.as_bytes()));
    add(Some(&seq.to_be_bytes()));
    add(Some(&act.at.0.to_be_bytes()));
    add(Some(act.actor_id.as_uuid().as_bytes()));
    add(Some(act.actor_role.as_str().as_bytes()));
    add(Some(act.device_id.as_uuid().as_bytes()));
    add(Some(act.act.as_bytes()));
    add(Some(act.outcome.as_bytes()));
    add(act.audience.map(|audience| audience.as_str().as_bytes()));
    add(number(act.from_seq.map(Seq::number))
        .as_ref()
        .map(<[u8; 8]>::as_slice));
    add(number(act.to_seq.map(Seq::number))
        .as_ref()
        .map(<[u8; 8]>::as_slice));
    add(act.object_id.as_ref().map(|id| id.as_bytes().as_slice()));
    add(Some(act.request_id.as_bytes()));
    hasher.finalize().into()
}
