//! What only an engine with several writers at once can do to a work.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ayumi_server::host::Boxed;
use ayumi_server::store::{Fault, Transaction, Value, Work, read, write};
use tokio::sync::Barrier;

use crate::conformance::postgresql;
use ayumi_server::server::boxed;

const ADD: &str = "
    UPDATE attempt
    SET count = count + 1
    WHERE scope = $1";

/// Locks two rows, and waits between them for the other: only the first time it runs.
struct Crossing {
    order: [&'static str; 2],
    meeting: Arc<Barrier>,
    runs: AtomicU32,
}

impl Work for Crossing {
    fn run<'t>(&'t self, tx: &'t mut dyn Transaction) -> Boxed<'t, Result<(), Fault>> {
        Box::pin(async move {
            let [first, second] = self.order;
            tx.execute(ADD, &[Value::from(first)]).await?;
            if self.runs.fetch_add(1, Ordering::SeqCst) == 0 {
                self.meeting.wait().await;
            }
            tx.execute(ADD, &[Value::from(second)]).await?;
            Ok(())
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_works_that_block_each_other_are_both_done_once_f67() {
    let bench = postgresql().await;
    let prepared = write(&*bench.store, (), |tx, ()| {
        boxed(async move {
            for scope in ["a", "b"] {
                let sql = "INSERT INTO attempt (scope, hour, count) VALUES ($1, 1, 0)";
                tx.execute(sql, &[scope.into()]).await?;
            }
            Ok(())
        })
    });
    prepared.await.unwrap();
    let meeting = Arc::new(Barrier::new(2));
    let crossing = |order| {
        Arc::new(Crossing {
            order,
            meeting: Arc::clone(&meeting),
            runs: AtomicU32::new(0),
        })
    };
    let (one, other) = (crossing(["a", "b"]), crossing(["b", "a"]));
    let (first, second) = tokio::join!(
        bench.store.run_write(Arc::clone(&one) as Arc<dyn Work>),
        bench.other.run_write(Arc::clone(&other) as Arc<dyn Work>),
    );
    first.unwrap();
    second.unwrap();
    let runs = one.runs.load(Ordering::SeqCst) + other.runs.load(Ordering::SeqCst);
    assert!(
        runs >= 3,
        "the database broke the knot, and one of them ran again"
    );
    let rows = read(&*bench.store, (), |tx, ()| {
        boxed(async move { Ok(tx.query("SELECT count FROM attempt ORDER BY scope", &[]).await?) })
    });
    let counts: Vec<i64> = rows
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0).unwrap())
        .collect();
    assert_eq!(counts, [2, 2]);
}
