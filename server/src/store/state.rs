//! What holds for the whole store: its epoch.

use ayumi_protocol::cursor::Epoch;
use uuid::Uuid;

use super::{StoreError, Transaction, Value, sql};

const EPOCH: &str = "epoch";

/// The incarnation of the store. It is read in every transaction that names it, because an operator may change it while nodes serve.
///
/// Errors: `Bug`, if the store has none: opening it for the first time makes one.
pub async fn epoch(tx: &mut dyn Transaction) -> Result<Epoch, StoreError> {
    let row = tx.row(sql::STATE, &[EPOCH.into()]).await?;
    let row = row.ok_or(StoreError::Bug {
        what: "the store has no epoch",
    })?;
    row.get(0)
}

/// Gives a new store its first epoch; one that has an epoch keeps it.
pub async fn begin(tx: &mut dyn Transaction, epoch: Epoch) -> Result<(), StoreError> {
    let state: [Value; 2] = [EPOCH.into(), epoch.into()];
    tx.execute(sql::INSERT_STATE, &state).await?;
    Ok(())
}

/// Makes it another incarnation: every phone reads its logs again. For a store that was restored by the tools of its engine.
pub async fn renew(tx: &mut dyn Transaction, epoch: Epoch) -> Result<(), StoreError> {
    let state: [Value; 2] = [EPOCH.into(), epoch.into()];
    tx.execute(sql::SET_STATE, &state).await?;
    Ok(())
}

/// How far a job has come that goes through the whole store in several runs; `None` before its first.
pub(crate) async fn position(tx: &mut dyn Transaction, job: &str) -> Result<Option<Uuid>, StoreError> {
    let row = tx.row(sql::STATE, &[position_key(job)]).await?;
    let text: Option<String> = row.map(|row| row.get(0)).transpose()?;
    Ok(text.and_then(|text| Uuid::try_parse(&text).ok()))
}

/// Remembers how far a job has come.
pub(crate) async fn set_position(
    tx: &mut dyn Transaction,
    job: &str,
    position: Uuid,
) -> Result<(), StoreError> {
    let state: [Value; 2] = [position_key(job), position.to_string().into()];
    tx.execute(sql::SET_STATE, &state).await?;
    Ok(())
}

fn position_key(job: &str) -> Value {
    format!("position/{job}").into()
}
