//! Reading, writing, notices, settings and zones.

use std::sync::{Arc, Mutex};

use super::super::{StoreError, Topic, settings, zones};
use super::{new_store, open};
use crate::time::{Tz, UtcMillis};

#[test]
fn what_was_written_is_there_after_a_restart() {
    let (folder, store) = new_store();
    store
        .write::<_, StoreError>(|tx| settings::set(tx, "name", Some("値")))
        .unwrap();
    store.close().unwrap();
    let store = open(folder.path());
    let value = store
        .read::<_, StoreError>(|reader| settings::get(reader, "name"))
        .unwrap();
    assert_eq!(value.as_deref(), Some("値"));
}

#[test]
fn a_failed_write_changes_nothing_and_tells_nobody() {
    let (_folder, store) = new_store();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&heard);
    let _subscription = store.subscribe(move |topic| listener.lock().unwrap().push(topic));
    let result: Result<(), StoreError> = store.write(|tx| {
        settings::set(tx, "name", Some("value"))?;
        tx.notify(Topic::Settings);
        Err(StoreError::Bug { where_: "a test" })
    });
    assert!(matches!(result, Err(StoreError::Bug { .. })));
    let value = store
        .read::<_, StoreError>(|reader| settings::get(reader, "name"))
        .unwrap();
    assert_eq!(value, None);
    assert_eq!(*heard.lock().unwrap(), [Topic::Everything]);
}

#[test]
fn a_panic_inside_a_write_takes_it_back_and_the_store_goes_on() {
    let (_folder, store) = new_store();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        store.write::<(), StoreError>(|tx| {
            settings::set(tx, "name", Some("value"))?;
            panic!("on purpose");
        })
    }));
    assert!(panicked.is_err());
    store
        .write::<_, StoreError>(|tx| {
            assert_eq!(settings::get(tx, "name")?, None);
            settings::set(tx, "name", Some("second"))
        })
        .unwrap();
}

#[test]
fn a_reader_sees_one_state_while_others_write() {
    let (_folder, store) = new_store();
    let (first, second) = store
        .read::<_, StoreError>(|reader| {
            let first = settings::get(reader, "name")?;
            std::thread::scope(|scope| {
                scope
                    .spawn(|| store.write::<_, StoreError>(|tx| settings::set(tx, "name", Some("new"))))
                    .join()
                    .unwrap()
            })?;
            Ok((first, settings::get(reader, "name")?))
        })
        .unwrap();
    assert_eq!((first, second), (None, None));
    let after = store
        .read::<_, StoreError>(|reader| settings::get(reader, "name"))
        .unwrap();
    assert_eq!(after.as_deref(), Some("new"));
}

#[test]
fn a_call_inside_a_call_is_an_error_and_not_a_deadlock() {
    let (_folder, store) = new_store();
    let inner = store
        .write::<_, StoreError>(|_| Ok(store.write::<(), StoreError>(|_| Ok(()))))
        .unwrap();
    assert!(matches!(inner, Err(StoreError::Bug { .. })));
    let inner = store.read::<_, StoreError>(|_| Ok(store.pause())).unwrap();
    assert!(matches!(inner, Err(StoreError::Bug { .. })));
    store.read::<(), StoreError>(|_| Ok(())).unwrap();
}

#[test]
fn writers_on_many_threads_queue_and_none_is_lost() {
    let (_folder, store) = new_store();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let store = &store;
            scope.spawn(move || {
                for n in 0..10 {
                    store
                        .write::<_, StoreError>(|tx| {
                            settings::set(tx, &format!("{thread}.{n}"), Some("here"))
                        })
                        .unwrap();
                    store
                        .read::<_, StoreError>(|reader| settings::get(reader, &format!("{thread}.{n}")))
                        .unwrap()
                        .unwrap();
                }
            });
        }
    });
    let count: i64 = store
        .read::<_, StoreError>(|reader| {
            Ok(reader
                .connection()
                .query_row("SELECT count(*) FROM setting", [], |row| row.get(0))?)
        })
        .unwrap();
    assert_eq!(count, 40);
}

#[test]
fn notices_come_after_the_commit_once_per_topic() {
    let (_folder, store) = new_store();
    let store = Arc::new(store);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (listener, reading) = (Arc::clone(&heard), Arc::downgrade(&store));
    let subscription = store.subscribe(move |topic| {
        // Reading from inside a notice proves that no lock and no connection is held.
        let value = reading
            .upgrade()
            .unwrap()
            .read::<_, StoreError>(|reader| settings::get(reader, "name"))
            .unwrap();
        listener.lock().unwrap().push((topic, value));
    });
    store
        .write::<_, StoreError>(|tx| {
            tx.notify(Topic::Settings);
            tx.notify(Topic::Steps);
            tx.notify(Topic::Settings);
            settings::set(tx, "name", Some("new"))
        })
        .unwrap();
    let new = Some("new".to_owned());
    assert_eq!(
        heard.lock().unwrap().split_off(0),
        [
            (Topic::Everything, None),
            (Topic::Steps, new.clone()),
            (Topic::Settings, new)
        ]
    );
    drop(subscription);
    store
        .write::<_, StoreError>(|tx| {
            tx.notify(Topic::Weight);
            Ok(())
        })
        .unwrap();
    assert_eq!(*heard.lock().unwrap(), []);
}

#[test]
fn everything_covers_the_other_topics() {
    let (_folder, store) = new_store();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&heard);
    let _subscription = store.subscribe(move |topic| listener.lock().unwrap().push(topic));
    store
        .write::<_, StoreError>(|tx| {
            tx.notify(Topic::Weight);
            tx.notify(Topic::Everything);
            Ok(())
        })
        .unwrap();
    assert_eq!(*heard.lock().unwrap(), [Topic::Everything, Topic::Everything]);
}

#[test]
fn a_setting_can_be_changed_and_taken_back() {
    let (_folder, store) = new_store();
    store
        .write::<_, StoreError>(|tx| {
            settings::set(tx, "a", Some("1"))?;
            settings::set(tx, "a", Some("2"))?;
            assert_eq!(settings::get(tx, "a")?.as_deref(), Some("2"));
            settings::set(tx, "a", None)?;
            settings::set(tx, "a", None)?;
            assert_eq!(settings::get(tx, "a")?, None);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_zone_has_one_id() {
    let (_folder, store) = new_store();
    store
        .write::<_, StoreError>(|tx| {
            let tokyo = zones::zone_id(tx, Tz::Asia__Tokyo)?;
            let berlin = zones::zone_id(tx, Tz::Europe__Berlin)?;
            assert_ne!(tokyo, berlin);
            assert_eq!(zones::zone_id(tx, Tz::Asia__Tokyo)?, tokyo);
            let zones = zones::zones(tx)?;
            assert_eq!(zones.get(&berlin), Some(&Tz::Europe__Berlin));
            assert_eq!(zones.len(), 2);
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_zone_history_grows_only_when_the_zone_changes() {
    let (_folder, store) = new_store();
    store
        .write::<_, StoreError>(|tx| {
            assert_eq!(zones::history(tx)?.at(UtcMillis(5)), None);
            for (at, zone) in [
                (1_000, Tz::Asia__Tokyo),
                (2_000, Tz::Asia__Tokyo),
                (3_000, Tz::Europe__Berlin),
                (4_000, Tz::Europe__Berlin),
                (5_000, Tz::Asia__Tokyo),
            ] {
                zones::report_zone(tx, UtcMillis(at), zone)?;
            }
            let count: i64 = tx
                .connection()
                .query_row("SELECT count(*) FROM zone_history", [], |row| row.get(0))?;
            assert_eq!(count, 3);
            for (at, zone) in [
                (-1, Tz::Asia__Tokyo),
                (1_000, Tz::Asia__Tokyo),
                (2_999, Tz::Asia__Tokyo),
                (3_000, Tz::Europe__Berlin),
                (4_999, Tz::Europe__Berlin),
                (5_000, Tz::Asia__Tokyo),
                (9_000, Tz::Asia__Tokyo),
            ] {
                assert_eq!(zones::history(tx)?.at(UtcMillis(at)), Some(zone), "{at}");
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_zone_name_that_cannot_be_read_stands_for_the_latest_zone() {
    let (_folder, store) = new_store();
    store
        .write::<_, StoreError>(|tx| {
            zones::zone_id(tx, Tz::Europe__Berlin)?;
            zones::report_zone(tx, UtcMillis(0), Tz::Asia__Tokyo)?;
            tx.connection()
                .execute("INSERT INTO zone (zone_id, name) VALUES (77, 'lost-77')", [])?;
            assert_eq!(zones::zones(tx)?.get(&77), Some(&Tz::Asia__Tokyo));
            Ok(())
        })
        .unwrap();
}
