//! The store that fails on purpose fails as it says.

use std::sync::Arc;

use ayumi_server::server::boxed;
use ayumi_server::store::{Fault, Store, StoreError, read, write};
use ayumi_server::testing::{Faulty, Rates};

async fn insert(store: &dyn Store, hour: i64) -> Result<(), Fault> {
    write(store, hour, |tx, hour| {
        boxed(async move {
            let sql = "INSERT INTO attempt (scope, hour, count) VALUES ('a', $1, 0)";
            tx.execute(sql, &[(*hour).into()]).await?;
            Ok(())
        })
    })
    .await
}

async fn hours(store: &dyn Store) -> Vec<i64> {
    let rows = read(store, (), |tx, ()| {
        boxed(async move { Ok(tx.query("SELECT hour FROM attempt ORDER BY hour", &[]).await?) })
    });
    rows.await
        .unwrap()
        .iter()
        .map(|row| row.get(0).unwrap())
        .collect()
}

/// What became of 300 works, and which of them are in the store.
async fn run(seed: u64) -> (String, Vec<i64>, Vec<i64>, Vec<i64>) {
    let (_folder, inner) = ayumi_server::testing::sqlite();
    let rates = Rates {
        contended: 30,
        unavailable: 30,
        unknown_but_done: 30,
        unknown_and_not_done: 30,
    };
    let store = Faulty::new(Arc::clone(&inner), seed, rates);
    let (mut story, mut done, mut unknown) = (String::new(), Vec::new(), Vec::new());
    for hour in 0..300 {
        story.push(match insert(&store, hour).await {
            Ok(()) => {
                done.push(hour);
                '.'
            }
            Err(Fault::Store(StoreError::Contended)) => 'c',
            Err(Fault::Store(StoreError::Unavailable(_))) => 'u',
            Err(Fault::Store(StoreError::OutcomeUnknown)) => {
                unknown.push(hour);
                '?'
            }
            Err(other) => panic!("{other:?}"),
        });
    }
    (story, done, unknown, hours(&*inner).await)
}

#[tokio::test]
async fn each_failure_comes_and_says_the_truth_about_what_was_written() {
    let (story, done, unknown, kept) = run(7).await;
    for letter in ['.', 'c', 'u', '?'] {
        assert!(story.contains(letter), "{story}");
    }
    assert!(done.iter().all(|hour| kept.contains(hour)));
    assert!(
        kept.iter()
            .all(|hour| done.contains(hour) || unknown.contains(hour))
    );
    assert!(unknown.iter().any(|hour| kept.contains(hour)));
    assert!(unknown.iter().any(|hour| !kept.contains(hour)));
}

#[tokio::test]
async fn a_seed_gives_the_same_failures_again_and_another_seed_others() {
    let (first, again, other) = (run(7).await, run(7).await, run(8).await);
    assert_eq!(first, again);
    assert_ne!(first.0, other.0);
}
