//! The bare limit: the same engine, asked to keep rows of an entry's size and nothing else.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ayumi_server::host::Host;
use ayumi_server::testing::postgres::Cluster;
use futures_util::future::join_all;
use tokio_postgres::NoTls;

/// Where bare rows go.
#[derive(Debug)]
pub(crate) enum Raw {
    Sqlite(PathBuf),
    Postgres(String),
}

const TABLE: &str =
    "CREATE TABLE bare (case_id BYTEA, seq BIGINT, op_id BYTEA, body TEXT, PRIMARY KEY (case_id, seq))";
const INSERT: &str = "INSERT INTO bare (case_id, seq, op_id, body) VALUES ($1, $2, $3, $4)";
/// As long as an entry with everything around its body.
const BODY: [u8; 300] = [b'x'; 300];

impl Raw {
    pub(crate) fn sqlite(folder: &Path) -> Self {
        let path = folder.join("bare.db");
        let connection = rusqlite::Connection::open(&path).expect("a file");
        connection
            .execute_batch(&format!(
                "PRAGMA journal_mode = WAL; {}",
                TABLE.replace("BYTEA", "BLOB")
            ))
            .expect("a table");
        Self::Sqlite(path)
    }

    pub(crate) async fn postgres(cluster: &Cluster) -> Self {
        let address = cluster.database("bare").await.address().to_owned();
        let (client, connection) = tokio_postgres::connect(&address, NoTls)
            .await
            .expect("a database");
        tokio::spawn(connection);
        client.batch_execute(TABLE).await.expect("a table");
        Self::Postgres(address)
    }

    /// Durable rows a second of this many connections with so many rows in each transaction.
    pub(crate) async fn rows_per_second(
        &self,
        host: &Host,
        rows: usize,
        writers: usize,
        time: Duration,
    ) -> f64 {
        let start = host.time.monotonic();
        let transactions = match self {
            Self::Sqlite(path) => sqlite(path, host, rows, start + time),
            Self::Postgres(address) => {
                let writing = (0..writers).map(|_| postgres(address, host, rows, start + time));
                join_all(writing).await.into_iter().sum()
            }
        };
        (transactions * rows) as f64 / host.time.monotonic().saturating_sub(start).as_secs_f64()
    }
}

fn sqlite(path: &Path, host: &Host, rows: usize, end: Duration) -> usize {
    let connection = rusqlite::Connection::open(path).expect("the file");
    connection
        .execute_batch("PRAGMA synchronous = FULL")
        .expect("a setting");
    let body = String::from_utf8_lossy(&BODY).into_owned();
    let case_id = host.random_bytes::<16>();
    let (mut transactions, mut seq) = (0, 0_i64);
    while host.time.monotonic() < end {
        connection
            .execute_batch("BEGIN IMMEDIATE")
            .expect("a transaction");
        for _ in 0..rows {
            seq += 1;
            let op_id = host.random_bytes::<16>();
            connection
                .prepare_cached(INSERT)
                .and_then(|mut insert| insert.execute((case_id, seq, op_id, &body)))
                .expect("a row");
        }
        connection.execute_batch("COMMIT").expect("a commit");
        transactions += 1;
    }
    transactions
}

async fn postgres(address: &str, host: &Host, rows: usize, end: Duration) -> usize {
    let (mut client, connection) = tokio_postgres::connect(address, NoTls).await.expect("a database");
    tokio::spawn(connection);
    client
        .batch_execute("SET synchronous_commit = on")
        .await
        .expect("a setting");
    let insert = client.prepare(INSERT).await.expect("a statement");
    let body = String::from_utf8_lossy(&BODY).into_owned();
    let case_id = host.random_bytes::<16>().to_vec();
    let (mut transactions, mut seq) = (0, 0_i64);
    while host.time.monotonic() < end {
        let transaction = client.transaction().await.expect("a transaction");
        for _ in 0..rows {
            seq += 1;
            let op_id = host.random_bytes::<16>().to_vec();
            transaction
                .execute(&insert, &[&case_id, &seq, &op_id, &body])
                .await
                .expect("a row");
        }
        transaction.commit().await.expect("a commit");
        transactions += 1;
    }
    transactions
}
