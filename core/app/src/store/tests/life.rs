//! Opening, pausing, resuming, closing, wiping: from any thread, twice, and in the middle of one another.

use std::collections::BTreeSet;
use std::sync::mpsc;

use proptest::prelude::*;
use tempfile::TempDir;

use super::super::{Store, StoreError, settings};
use super::{new_store, open, try_open};
use crate::search::MESSAGES;

#[test]
fn a_second_instance_on_the_folder_is_refused() {
    let (folder, store) = new_store();
    assert!(matches!(try_open(folder.path()), Err(StoreError::InUse)));
    store.pause().unwrap();
    let second = open(folder.path());
    assert!(matches!(store.resume(), Err(StoreError::InUse)));
    second.close().unwrap();
    store.resume().unwrap();
    store.read::<(), StoreError>(|_| Ok(())).unwrap();
}

#[test]
fn a_paused_store_refuses_work_until_it_is_resumed() {
    let (folder, store) = new_store();
    store.pause().unwrap();
    store.pause().unwrap();
    assert!(matches!(
        store.read::<(), StoreError>(|_| Ok(())),
        Err(StoreError::Closed)
    ));
    assert!(matches!(
        store.write::<(), StoreError>(|_| Ok(())),
        Err(StoreError::Closed)
    ));
    assert!(!folder.path().join("user/user.db-wal").exists());
    assert!(!folder.path().join("dirty").exists());
    store.resume().unwrap();
    store.resume().unwrap();
    assert!(folder.path().join("dirty").exists());
    store
        .write::<_, StoreError>(|tx| settings::set(tx, "name", Some("value")))
        .unwrap();
}

#[test]
fn a_closed_store_stays_closed() {
    let (folder, store) = new_store();
    store.close().unwrap();
    store.close().unwrap();
    store.pause().unwrap();
    assert!(matches!(store.resume(), Err(StoreError::Closed)));
    open(folder.path()).close().unwrap();
}

#[test]
fn a_call_that_ends_the_store_inside_a_call_is_refused_and_the_store_goes_on() {
    type Call<'a> = &'a dyn Fn(&Store) -> Result<(), StoreError>;
    let calls: [(&str, Call<'_>); 3] = [
        ("pause", &Store::pause),
        ("close", &Store::close),
        ("wipe", &Store::wipe),
    ];
    let (_folder, store) = new_store();
    for (name, call) in calls {
        let refused = store.write::<_, StoreError>(|_| Ok(call(&store))).unwrap();
        assert!(
            matches!(refused, Err(StoreError::Bug { .. })),
            "{name}: {refused:?}"
        );
        store
            .write::<_, StoreError>(|tx| settings::set(tx, "name", Some(name)))
            .unwrap();
    }
    store.pause().unwrap();
    store.resume().unwrap();
    let value = store
        .read::<_, StoreError>(|reader| settings::get(reader, "name"))
        .unwrap();
    assert_eq!(value.as_deref(), Some("wipe"));
}

/// A statement that never ends by itself.
const ENDLESS: &str =
    "WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up) SELECT max(n) FROM up";

#[test]
fn a_pause_in_the_middle_of_a_write_takes_it_back() {
    let (_folder, store) = new_store();
    let (began, has_begun) = mpsc::channel();
    let written = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            store.write::<_, StoreError>(|tx| {
                settings::set(tx, "half", Some("written"))?;
                began.send(()).unwrap();
                let _: i64 = tx.connection().query_row(ENDLESS, [], |row| row.get(0))?;
                Ok(())
            })
        });
        has_begun.recv().unwrap();
        store.pause().unwrap();
        writing.join().unwrap()
    });
    assert!(matches!(written, Err(StoreError::Closed)), "{written:?}");
    store.resume().unwrap();
    assert_eq!(
        store
            .read::<_, StoreError>(|reader| settings::get(reader, "half"))
            .unwrap(),
        None
    );
}

#[test]
fn a_pause_in_the_middle_of_reads_ends_them_and_whoever_waits_behind_them() {
    let (folder, store) = new_store();
    let (began, has_begun) = mpsc::channel();
    std::thread::scope(|scope| {
        let endless = |began: mpsc::Sender<()>| {
            let store = &store;
            move || {
                store.read::<i64, StoreError>(|reader| {
                    began.send(()).unwrap();
                    Ok(reader.connection().query_row(ENDLESS, [], |row| row.get(0))?)
                })
            }
        };
        let reading = [
            scope.spawn(endless(began.clone())),
            scope.spawn(endless(began.clone())),
        ];
        has_begun.recv().unwrap();
        has_begun.recv().unwrap();
        // Both readers are lent, so this one waits, or comes too late: refused either way.
        let waiting = scope.spawn(|| store.read::<_, StoreError>(|reader| settings::get(reader, "name")));
        store.pause().unwrap();
        for read in reading {
            assert!(matches!(read.join().unwrap(), Err(StoreError::Closed)));
        }
        assert!(matches!(waiting.join().unwrap(), Err(StoreError::Closed)));
    });
    assert!(
        !folder.path().join("dirty").exists(),
        "an interrupted read is no unclean end"
    );
    store.resume().unwrap();
}

#[test]
fn work_that_does_not_end_keeps_the_folder_until_it_does() {
    let (folder, store) = new_store();
    let (began, has_begun) = mpsc::channel();
    let (end, may_end) = mpsc::channel();
    std::thread::scope(|scope| {
        let store = &store;
        let stuck = scope.spawn(move || {
            store.write::<_, StoreError>(|tx| {
                settings::set(tx, "name", Some("late"))?;
                began.send(()).unwrap();
                may_end.recv().unwrap();
                Ok(())
            })
        });
        has_begun.recv().unwrap();
        store.pause().unwrap();
        assert!(matches!(store.resume(), Err(StoreError::InUse)));
        assert!(matches!(try_open(folder.path()), Err(StoreError::InUse)));
        end.send(()).unwrap();
        stuck.join().unwrap().unwrap();
    });
    assert!(
        folder.path().join("dirty").exists(),
        "the next start looks more closely"
    );
    store.resume().unwrap();
    let value = store
        .read::<_, StoreError>(|reader| settings::get(reader, "name"))
        .unwrap();
    assert_eq!(
        value.as_deref(),
        Some("late"),
        "what was answered with Ok is there"
    );
}

/// What a shell may do with a store, from any thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Read,
    Write,
    ReadCache,
    WriteCache,
    Pause,
    Resume,
    Close,
    Wipe,
    Backup,
}

/// Calls that end the store for good are rare, or little would happen after them.
fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        4 => Just(Call::Read),
        6 => Just(Call::Write),
        1 => Just(Call::ReadCache),
        2 => Just(Call::WriteCache),
        4 => Just(Call::Pause),
        5 => Just(Call::Resume),
        1 => Just(Call::Backup),
    ]
}

fn last_call() -> impl Strategy<Value = Option<Call>> {
    prop::sample::select(vec![None, None, Some(Call::Close), Some(Call::Wipe)])
}

/// Two settings with one name, or none of them: a half is a broken transaction.
fn write_pair(store: &Store, name: &str) -> Result<(), StoreError> {
    store.write(|tx| {
        settings::set(tx, &format!("{name} a"), Some(name))?;
        settings::set(tx, &format!("{name} b"), Some(name))
    })
}

fn perform(store: &Store, call: Call, name: &str, copies: &TempDir) -> Result<(), StoreError> {
    match call {
        Call::Read => store.read(|reader| settings::get(reader, name)).map(drop),
        Call::Write => write_pair(store, name),
        Call::ReadCache => store.read_cache(|_| Ok(())),
        Call::WriteCache => store.write_cache(|tx| MESSAGES.put(tx, 1, [name])),
        Call::Pause => store.pause(),
        Call::Resume => store.resume().map(|recovery| assert_eq!(recovery, None)),
        Call::Close => store.close(),
        Call::Wipe => store.wipe(),
        Call::Backup => store.backup_to(&copies.path().join(name)),
    }
}

fn pairs_in(store: &Store) -> BTreeSet<String> {
    store
        .read::<_, StoreError>(|reader| {
            let all = super::strings(reader.connection(), "SELECT key FROM setting ORDER BY key");
            let firsts = all
                .iter()
                .filter_map(|key| key.strip_suffix(" a").map(str::to_owned));
            let seconds: Vec<String> = all
                .iter()
                .filter_map(|key| key.strip_suffix(" b").map(str::to_owned))
                .collect();
            let firsts: Vec<String> = firsts.collect();
            assert_eq!(firsts, seconds, "half a write");
            Ok(firsts.into_iter().collect())
        })
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_after_the_other_calls_answer_by_the_state(
        calls in prop::collection::vec(prop_oneof![12 => call(), 1 => Just(Call::Close), 1 => Just(Call::Wipe)], 1..24),
    ) {
        #[derive(PartialEq)]
        enum Expected { Open, Paused, Closed }
        let (folder, store) = new_store();
        let copies = TempDir::new().unwrap();
        let (mut state, mut written) = (Expected::Open, BTreeSet::new());
        for (number, call) in calls.iter().enumerate() {
            let name = number.to_string();
            let result = perform(&store, *call, &name, &copies);
            let is_refused = matches!(result, Err(StoreError::Closed));
            let expects_refusal = match call {
                Call::Read | Call::Write | Call::ReadCache | Call::WriteCache | Call::Backup => {
                    state != Expected::Open
                }
                Call::Resume => state == Expected::Closed,
                Call::Pause | Call::Close | Call::Wipe => false,
            };
            prop_assert_eq!(is_refused, expects_refusal, "{}: {:?} answered {:?}", number, call, &result);
            prop_assert!(is_refused || result.is_ok(), "{}: {:?} answered {:?}", number, call, &result);
            match call {
                Call::Write if !is_refused => { written.insert(name); }
                Call::Pause if state == Expected::Open => state = Expected::Paused,
                Call::Resume if !is_refused => state = Expected::Open,
                Call::Close => state = Expected::Closed,
                Call::Wipe => {
                    state = Expected::Closed;
                    written.clear();
                }
                _ => {}
            }
            prop_assert_eq!(folder.path().join("dirty").exists(), state == Expected::Open);
        }
        store.close().unwrap();
        prop_assert_eq!(pairs_in(&open(folder.path())), written);
    }

    #[test]
    fn from_several_threads_nothing_that_was_answered_is_lost_and_nobody_waits_for_ever(
        scripts in prop::collection::vec((prop::collection::vec(call(), 1..14), last_call()), 2..5),
    ) {
        let (folder, store) = new_store();
        let copies = TempDir::new().unwrap();
        let results: Vec<(String, Call, Result<(), StoreError>)> = std::thread::scope(|scope| {
            let threads: Vec<_> = scripts
                .iter()
                .enumerate()
                .map(|(thread, (calls, last))| {
                    let (store, copies) = (&store, &copies);
                    scope.spawn(move || {
                        let calls = calls.iter().copied().chain(*last).enumerate();
                        calls
                            .map(|(number, call)| {
                                let name = format!("{thread}-{number}");
                                let result = perform(store, call, &name, copies);
                                (name, call, result)
                            })
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        for (name, call, result) in &results {
            let is_fine = match call {
                Call::Pause | Call::Close | Call::Wipe => result.is_ok(),
                _ => matches!(result, Ok(()) | Err(StoreError::Closed)),
            };
            prop_assert!(is_fine, "{}: {:?} answered {:?}", name, call, result);
        }
        store.close().unwrap();
        let is_wiped = results.iter().any(|(_, call, _)| *call == Call::Wipe);
        let answered: BTreeSet<String> = results
            .iter()
            .filter(|(_, call, result)| *call == Call::Write && result.is_ok())
            .map(|(name, ..)| name.clone())
            .collect();
        let kept = pairs_in(&open(folder.path()));
        if is_wiped {
            prop_assert_eq!(kept, BTreeSet::new());
        } else {
            prop_assert_eq!(kept, answered);
        }
    }
}
