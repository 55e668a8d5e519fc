//! Who did what: rows in chains, each with the hash of the one before.
//!
//! There is one chain per case, one per account for acts outside a case, and one (nil) of the server itself. A row is written in the
//! transaction of the act. Never text, never values: who, what, when, which entries, with what outcome.
//!
//! A chain shows a changed or missing row, [`digest`] that a whole chain or its end is missing, and a digest that is kept elsewhere that
//! somebody wrote all of it anew. [`verify`] looks.

pub mod digest;
pub mod show;
pub(crate) mod sql;
pub mod verify;

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
    let hash = Columns {
        chain_id,
        seq,
        at_ms: act.at.0,
        actor_id: *act.actor_id.as_uuid(),
        actor_role: act.actor_role.as_str(),
        device_id: *act.device_id.as_uuid(),
        act: act.act,
        outcome: &act.outcome,
        audience: act.audience.as_ref().map(Audience::as_str),
        from_seq: act.from_seq.map(Seq::number),
        to_seq: act.to_seq.map(Seq::number),
        object_id: act.object_id,
        request_id: &act.request_id,
    }
    .hash(&before);
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

/// The columns of a row as they are hashed, whatever they hold.
struct Columns<'a> {
    chain_id: Uuid,
    seq: i64,
    at_ms: i64,
    actor_id: Uuid,
    actor_role: &'a str,
    device_id: Uuid,
    act: &'a str,
    outcome: &'a str,
    audience: Option<&'a str>,
    from_seq: Option<i64>,
    to_seq: Option<i64>,
    object_id: Option<Uuid>,
    request_id: &'a str,
}

impl Columns<'_> {
    /// Hash of a row: over the hash before it and every column, each with its length, so that no two rows give one input.
    fn hash(&self, before: &[u8]) -> [u8; 32] {
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
        add(Some(self.chain_id.as_bytes()));
        add(Some(&self.seq.to_be_bytes()));
        add(Some(&self.at_ms.to_be_bytes()));
        add(Some(self.actor_id.as_bytes()));
        add(Some(self.actor_role.as_bytes()));
        add(Some(self.device_id.as_bytes()));
        add(Some(self.act.as_bytes()));
        add(Some(self.outcome.as_bytes()));
        add(self.audience.map(str::as_bytes));
        add(number(self.from_seq).as_ref().map(<[u8; 8]>::as_slice));
        add(number(self.to_seq).as_ref().map(<[u8; 8]>::as_slice));
        add(self.object_id.as_ref().map(|id| id.as_bytes().as_slice()));
        add(Some(self.request_id.as_bytes()));
        hasher.finalize().into()
    }
}
