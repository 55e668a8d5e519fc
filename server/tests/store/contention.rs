//! Two processes over one SQLite folder: a second server is kept away, a command of the operator is waited for. Source: faults.md F67.

use std::pin::pin;
use std::process::{Command, Output};
use std::time::Duration;

use ayumi_protocol::problem::ProblemCode;
use ayumi_server::host::ManualTime;
use ayumi_server::server::boxed;
use ayumi_server::store::{Fault, FolderLock, Running, SqliteStore, StoreError, Value, write};
use ayumi_server::testing::seeded_host;
use futures_util::FutureExt as _;
use rusqlite::Connection;
use tempfile::TempDir;

/// A store in virtual time, and another process with the lock of its file.
fn locked() -> (TempDir, SqliteStore, ManualTime, Connection) {
    let folder = TempDir::new().unwrap();
    let (host, time) = seeded_host(1);
    let store = SqliteStore::open(folder.path(), Running::Inline, &host).unwrap();
    let other = Connection::open(store.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    (folder, store, time, other)
}

async fn take_lease(store: &SqliteStore) -> Result<(), Fault> {
    write(store, (), |tx, ()| {
        boxed(async move {
            let sql = "INSERT INTO lease (name, holder, until_at_ms) VALUES ('simulated', $1, 1)";
            let holder = Value::Uuid(uuid::Uuid::from_u128(1));
            tx.execute(sql, &[holder]).await?;
            Ok(())
        })
    })
    .await
}

#[test]
fn a_write_waits_until_another_process_lets_go_of_the_file() {
    let (_folder, store, time, other) = locked();
    let mut lease = pin!(take_lease(&store));
    assert!(lease.as_mut().now_or_never().is_none());
    time.advance(Duration::from_millis(4));
    assert!(lease.as_mut().now_or_never().is_none(), "it is still held");
    other.execute_batch("ROLLBACK").unwrap();
    time.advance(Duration::from_millis(8));
    lease.now_or_never().unwrap().unwrap();
    let count: i64 = other
        .query_row("SELECT COUNT(*) FROM lease", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 1);
    assert_eq!(ayumi_server::store::Store::figures(&store).repeats, 2);
}

#[test]
fn a_write_gives_up_after_some_tries_and_a_phone_is_told_to_come_back_f67() {
    let (_folder, store, time, other) = locked();
    let mut lease = pin!(take_lease(&store));
    let mut pauses = 0;
    let fault = loop {
        if let Some(result) = lease.as_mut().now_or_never() {
            break result.unwrap_err();
        }
        pauses += 1;
        time.advance(time.next_timer().unwrap());
    };
    assert_eq!(pauses, 7);
    assert!(matches!(fault, Fault::Store(StoreError::Contended)), "{fault}");
    let refused = fault.to_refused();
    assert_eq!(refused.code, ProblemCode::Unavailable);
    assert!(refused.retry_after_ms.is_some());
    other.execute_batch("ROLLBACK").unwrap();
    take_lease(&store).now_or_never().unwrap().unwrap();
}

#[tokio::test]
async fn a_work_that_panics_fails_alone() {
    let folder = TempDir::new().unwrap();
    let (host, _time) = seeded_host(1);
    let store = SqliteStore::open(folder.path(), Running::OnThreads { readers: 1 }, &host).unwrap();
    let panicking = write(&store, (), |tx, ()| {
        boxed(async move {
            tx.execute("DELETE FROM server_state", &[]).await?;
            panic!("a simulated mistake");
        })
    });
    let panicked: Result<(), Fault> = panicking.await;
    let fault = panicked.unwrap_err();
    assert_eq!(fault.to_refused().code, ProblemCode::InternalFault);
    take_lease(&store).await.unwrap();
    let epoch = ayumi_server::store::read(&store, (), |tx, ()| {
        boxed(async move { Ok(ayumi_server::store::state::epoch(tx).await?) })
    });
    epoch.await.unwrap();
}

#[test]
fn a_second_server_on_a_folder_says_what_to_do_and_the_operator_still_works_beside_the_first() {
    let folder = TempDir::new().unwrap();
    let _serving = FolderLock::take(folder.path()).unwrap();
    let run = |arguments: &[&str]| -> Output {
        Command::new(env!("CARGO_BIN_EXE_ayumi-server"))
            .args([
                "--data",
                folder.path().to_str().unwrap(),
                "--listen",
                "127.0.0.1:0",
            ])
            .args(arguments)
            .output()
            .unwrap()
    };
    let second = run(&["serve"]);
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(!second.status.success());
    assert!(
        said.contains("another server serves") && said.contains("--store"),
        "{said}"
    );
    assert!(
        !folder.path().join("ayumi.db").exists(),
        "it did not touch the store"
    );
    let society = run(&["admin", "society-create", "here", "Simulated"]);
    let said = String::from_utf8(society.stderr).unwrap();
    assert!(society.status.success(), "{said}");
}
