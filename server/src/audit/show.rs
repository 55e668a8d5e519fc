//! The rows of one chain, for a person.

use uuid::Uuid;

use super::sql;
use crate::server::{Server, boxed};
use crate::store::{Fault, Row, StoreError, Value};

/// What the cells of a line are.
pub const TITLES: &[&str] = &[
    "seq", "at_ms", "actor", "role", "device", "act", "outcome", "audience", "from", "to", "object",
    "request",
];

/// Rows that are read in one transaction.
const PORTION: i64 = 500;

/// All rows of a chain as cells, in their order; an empty cell is nothing.
///
/// Errors: the store's.
pub async fn rows(server: &Server, chain_id: Uuid) -> Result<Vec<Vec<String>>, Fault> {
    let mut lines = Vec::new();
    let mut last: i64 = 0;
    loop {
        let portion = server.read((chain_id, last), |tx, (chain_id, last)| {
            boxed(async move {
                let from: [Value; 3] = [(*chain_id).into(), (*last).into(), PORTION.into()];
                Ok(tx.query(sql::ROWS, &from).await?)
            })
        });
        let portion = portion.await?;
        if portion.is_empty() {
            return Ok(lines);
        }
        for row in &portion {
            last = row.get(0)?;
            lines.push(cells(row)?);
        }
    }
}

fn cells(row: &Row) -> Result<Vec<String>, StoreError> {
    let number = |column: usize| {
        let number = row.get::<Option<i64>>(column)?;
        Ok::<_, StoreError>(number.map(|number| number.to_string()).unwrap_or_default())
    };
    let id = |column: usize| {
        let id = row.get::<Option<Uuid>>(column)?;
        Ok::<_, StoreError>(id.map(|id| id.to_string()).unwrap_or_default())
    };
    let text = |column: usize| Ok::<_, StoreError>(row.get::<Option<String>>(column)?.unwrap_or_default());
    Ok(vec![
        number(0)?,
        number(1)?,
        id(2)?,
        text(3)?,
        id(4)?,
        text(5)?,
        text(6)?,
        text(7)?,
        number(8)?,
        number(9)?,
        id(10)?,
        text(11)?,
    ])
}
