//! One set of promises, held by the embedded engine in one thread, by the embedded engine on threads, and by `PostgreSQL`.

use std::sync::Arc;

use ayumi_protocol::problem::ProblemCode;
use ayumi_server::host::Host;
use ayumi_server::server::boxed;
use ayumi_server::store::{Fault, Running, SqliteStore, Store, StoreError, Value, read, write};
use futures_util::future::join_all;
use tempfile::TempDir;
use uuid::Uuid;

/// A store, and a second handle on the same data, as another node has it.
pub struct Bench {
    pub store: Arc<dyn Store>,
    pub other: Arc<dyn Store>,
    _folder: Option<TempDir>,
}

pub fn sqlite(running: Running) -> Bench {
    let folder = TempDir::new().unwrap();
    let open = || -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(folder.path(), running, &Host::system()).unwrap())
    };
    Bench {
        store: open(),
        other: open(),
        _folder: Some(folder),
    }
}

pub async fn postgresql() -> Bench {
    let database = ayumi_server::testing::postgres::database().await;
    Bench {
        store: database.connect().await,
        other: database.connect().await,
        _folder: None,
    }
}

macro_rules! on_all_engines {
    ($($promise:ident),+ $(,)?) => {
        mod sqlite_in_one_thread {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise(super::sqlite(super::Running::Inline)).await;
            })+
        }
        mod sqlite_on_threads {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                super::$promise(super::sqlite(super::Running::OnThreads { readers: 2 })).await;
            })+
        }
        mod postgresql {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                super::$promise(super::postgresql().await).await;
            })+
        }
    };
}

on_all_engines![
    what_is_committed_is_read_by_everybody,
    a_refusal_rolls_everything_back,
    a_work_that_fails_disturbs_no_neighbour,
    a_work_that_goes_on_after_a_failed_statement_is_rolled_back,
    a_reading_work_sees_one_state,
    a_reading_work_that_has_to_write_runs_again_in_a_writing_transaction,
    a_reading_transaction_writes_nothing,
    sixteen_writers_of_one_counter_count_exactly,
    every_value_comes_back_as_it_went_in,
    a_failure_tells_nothing_of_the_values,
    what_was_acknowledged_before_the_end_is_there_after_it,
];

const COUNT_UP: &str = "
    INSERT INTO attempt (scope, hour, count)
    VALUES ($1, $2, 1)
    ON CONFLICT (scope, hour) DO UPDATE
    SET count = attempt.count + 1
    RETURNING count";
const ADD: &str = "
    UPDATE attempt
    SET count = count + $2
    WHERE scope = $1";
const COUNTS: &str = "
    SELECT scope, count
    FROM attempt
    ORDER BY hour, scope";
const COUNT: &str = "
    SELECT count
    FROM attempt
    WHERE scope = $1";
const INSERT: &str = "
    INSERT INTO attempt (scope, hour, count)
    VALUES ($1, $2, $3)";

/// Counts up in a transaction of its own; refused after the write if the number is one to refuse.
async fn count_up(store: &dyn Store, scope: &str, hour: i64, is_refused: bool) -> Result<i64, Fault> {
    write(store, (scope.to_owned(), hour, is_refused), |tx, input| {
        boxed(async move {
            let (scope, hour, is_refused) = input;
            let row = tx.row(COUNT_UP, &[scope.as_str().into(), (*hour).into()]).await?;
            if *is_refused {
                return Err(ProblemCode::Forbidden.into());
            }
            Ok(row.unwrap().get(0)?)
        })
    })
    .await
}

async fn counts(store: &dyn Store) -> Vec<(String, i64)> {
    let rows = read(store, (), |tx, ()| {
        boxed(async move { Ok(tx.query(COUNTS, &[]).await?) })
    });
    let rows = rows.await.unwrap();
    rows.iter()
        .map(|row| (row.get(0).unwrap(), row.get(1).unwrap()))
        .collect()
}

async fn what_is_committed_is_read_by_everybody(bench: Bench) {
    assert_eq!(count_up(&*bench.store, "a", 1, false).await.unwrap(), 1);
    assert_eq!(count_up(&*bench.other, "a", 1, false).await.unwrap(), 2);
    for store in [&bench.store, &bench.other] {
        assert_eq!(counts(&**store).await, [("a".to_owned(), 2)]);
    }
}

async fn a_refusal_rolls_everything_back(bench: Bench) {
    let refused = count_up(&*bench.store, "a", 1, true).await;
    assert!(matches!(refused, Err(Fault::Refused(_))));
    assert_eq!(counts(&*bench.store).await, []);
}

async fn a_work_that_fails_disturbs_no_neighbour(bench: Bench) {
    let all: Vec<String> = (0..96).map(|number| format!("{number:03}")).collect();
    let works = all.iter().zip(0..).map(|(scope, number)| {
        let store = &*bench.store;
        async move {
            (
                scope.clone(),
                count_up(store, scope, number, number % 3 == 0).await,
            )
        }
    });
    let mut expected = Vec::new();
    for (number, (scope, result)) in join_all(works).await.into_iter().enumerate() {
        assert_eq!(result.is_err(), number % 3 == 0);
        if result.is_ok() {
            expected.push((scope, 1));
        }
    }
    assert_eq!(counts(&*bench.store).await, expected);
}

async fn a_work_that_goes_on_after_a_failed_statement_is_rolled_back(bench: Bench) {
    let went_on = write(&*bench.store, (), |tx, ()| {
        boxed(async move {
            let row = [Value::from("a"), Value::from(1_i64), Value::from(1_i64)];
            tx.execute(INSERT, &row).await?;
            assert!(
                tx.execute(INSERT, &row).await.is_err(),
                "the key is there already"
            );
            Ok(())
        })
    });
    assert!(matches!(went_on.await, Err(Fault::Store(StoreError::Bug { .. }))));
    assert_eq!(counts(&*bench.store).await, []);
}

async fn a_reading_work_sees_one_state(bench: Bench) {
    for scope in ["a", "b"] {
        count_up(&*bench.store, scope, 1, false).await.unwrap();
    }
    let moves = async {
        for _ in 0..60 {
            let moved = write(&*bench.other, (), |tx, ()| {
                boxed(async move {
                    tx.execute(ADD, &["a".into(), 1_i64.into()]).await?;
                    tx.execute(ADD, &["b".into(), (-1_i64).into()]).await?;
                    Ok(())
                })
            });
            moved.await.unwrap();
        }
    };
    let looks = async {
        for _ in 0..60 {
            let sum = read(&*bench.store, (), |tx, ()| {
                boxed(async move {
                    let mut sum = 0;
                    for scope in ["a", "b"] {
                        let row = tx.row(COUNT, &[scope.into()]).await?;
                        sum += row.unwrap().get::<i64>(0)?;
                    }
                    Ok(sum)
                })
            });
            assert_eq!(sum.await.unwrap(), 2);
        }
    };
    tokio::join!(moves, looks);
}

async fn a_reading_work_that_has_to_write_runs_again_in_a_writing_transaction(bench: Bench) {
    let counted = read(&*bench.store, (), |tx, ()| {
        boxed(async move {
            if !tx.is_writing() {
                return Err(Fault::NeedsWrite);
            }
            let row = tx.row(COUNT_UP, &["a".into(), 1_i64.into()]).await?;
            Ok(row.unwrap().get::<i64>(0)?)
        })
    });
    assert_eq!(counted.await.unwrap(), 1);
    assert_eq!(counts(&*bench.other).await, [("a".to_owned(), 1)]);
}

async fn a_reading_transaction_writes_nothing(bench: Bench) {
    let written = read(&*bench.store, (), |tx, ()| {
        boxed(async move { Ok(tx.execute(COUNT_UP, &["a".into(), 1_i64.into()]).await?) })
    });
    assert!(matches!(written.await, Err(Fault::Store(_))));
    assert_eq!(counts(&*bench.store).await, []);
}

async fn sixteen_writers_of_one_counter_count_exactly(bench: Bench) {
    let writers = (0..16).map(|writer| {
        let store = if writer % 2 == 0 {
            &bench.store
        } else {
            &bench.other
        };
        async move {
            for _ in 0..10 {
                count_up(&**store, "a", 1, false).await.unwrap();
            }
        }
    });
    join_all(writers).await;
    assert_eq!(counts(&*bench.store).await, [("a".to_owned(), 160)]);
}

const INSERT_ACCOUNT: &str = "
    INSERT INTO account (account_id, is_staff, name, name_reading, totp_secret, totp_last_step, status, created_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, 'active', 0)";
const ACCOUNT: &str = "
    SELECT account_id, is_staff, name, name_reading, totp_secret, totp_last_step
    FROM account
    WHERE account_id = $1";

async fn every_value_comes_back_as_it_went_in(bench: Bench) {
    let rows = [
        (
            i64::MAX,
            "𠮷野家の𩸽 \u{1f468}\u{200d}\u{1f469}",
            Some(""),
            Some(vec![]),
            Some(i64::MIN),
        ),
        (i64::MIN, "", None, None, None),
        (
            0,
            "'; -- \u{301}\"\\",
            Some("\u{10ffff}"),
            Some(vec![0, 255, 0]),
            Some(-1),
        ),
    ];
    for (number, (is_staff, name, reading, secret, step)) in rows.into_iter().enumerate() {
        let id = Uuid::from_u128(u128::MAX - number as u128);
        let values = vec![
            Value::from(id),
            Value::from(is_staff),
            Value::from(name),
            Value::from(reading),
            secret.map_or(Value::Null, Value::Bytes),
            Value::from(step),
        ];
        let row = write(&*bench.store, (id, values.clone()), |tx, (id, values)| {
            boxed(async move {
                tx.execute(INSERT_ACCOUNT, values).await?;
                Ok(tx.row(ACCOUNT, &[(*id).into()]).await?.unwrap())
            })
        });
        let row = row.await.unwrap();
        assert_eq!(row.get::<Uuid>(0).unwrap(), id);
        assert_eq!(row.0[1..], values[1..]);
    }
}

async fn a_failure_tells_nothing_of_the_values(bench: Bench) {
    let failed = write(&*bench.store, (), |tx, ()| {
        boxed(async move {
            for _ in 0..2 {
                let row = [
                    Value::from("Yamada"),
                    Value::from(481_516_i64),
                    Value::from(1_i64),
                ];
                tx.execute(INSERT, &row).await?;
            }
            Ok(())
        })
    });
    let fault = failed.await.unwrap_err();
    for text in [format!("{fault}"), format!("{fault:?}")] {
        assert!(!text.contains("Yamada") && !text.contains("481516"), "{text}");
    }
}

async fn what_was_acknowledged_before_the_end_is_there_after_it(bench: Bench) {
    let works: Vec<_> = (0..40)
        .map(|number| {
            let store = Arc::clone(&bench.store);
            tokio::spawn(async move { count_up(&*store, "a", number, false).await })
        })
        .collect();
    tokio::task::yield_now().await;
    bench.store.close().await;
    let mut acknowledged = 0;
    for work in works {
        match work.await.unwrap() {
            Ok(_) => acknowledged += 1,
            Err(Fault::Store(StoreError::Closed)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(counts(&*bench.other).await.len(), acknowledged);
    let late = count_up(&*bench.store, "a", 99, false).await;
    assert!(matches!(late, Err(Fault::Store(StoreError::Closed))));
}
