//! Pragmas and limits, read back.

use rusqlite::Connection;
use rusqlite::limits::Limit;

use super::super::connection::{CONNECTION_PRAGMAS, NEW_FILE_PRAGMAS, Role, read};
use super::super::{State, StoreError};
use super::new_store;

fn assert_configured(connection: &Connection, role: Role) {
    for pragma in NEW_FILE_PRAGMAS.iter().chain(CONNECTION_PRAGMAS) {
        let found = read(connection, pragma.name).unwrap();
        assert_eq!(found, pragma.value(role), "{} of {role:?}", pragma.name);
    }
    for (limit, value) in [
        (Limit::SQLITE_LIMIT_LENGTH, 16 << 20),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 1 << 20),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
    ] {
        assert_eq!(connection.limit(limit).unwrap(), value, "{limit:?} of {role:?}");
    }
}

#[test]
fn every_pragma_is_read_back_on_writer_and_readers() {
    let (_folder, store) = new_store();
    for round in ["new", "opened again"] {
        if round == "opened again" {
            store.pause().unwrap();
        }
        store.resume().unwrap();
        store
            .write::<_, StoreError>(|tx| {
                assert_configured(tx.connection(), Role::UserWriter);
                Ok(())
            })
            .unwrap();
        let State::Open(session) = &*store.state() else {
            panic!("{round}: not open");
        };
        let session = std::sync::Arc::clone(session);
        let mut first = session.lend(Role::UserReader).unwrap();
        assert_configured(first.connection().unwrap(), Role::UserReader);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut second = session.lend(Role::UserReader).unwrap();
                assert_configured(second.connection().unwrap(), Role::UserReader);
            });
        });
        drop(first);
        for role in [Role::CacheWriter, Role::CacheReader] {
            let mut lent = session.lend(role).unwrap();
            assert_configured(lent.connection().unwrap(), role);
        }
        drop(session);
    }
}

#[test]
fn every_pragma_says_why() {
    for pragma in NEW_FILE_PRAGMAS.iter().chain(CONNECTION_PRAGMAS) {
        assert!(pragma.why.len() > 20, "{}", pragma.name);
    }
}

#[test]
fn a_reader_cannot_write() {
    let (_folder, store) = new_store();
    let refused = store.read::<_, StoreError>(|reader| {
        reader
            .connection()
            .execute("DELETE FROM setting", [])
            .map_err(StoreError::from)
    });
    assert!(matches!(refused, Err(StoreError::Sqlite(_))));
    let refused = store.read_cache::<_, StoreError>(|reader| {
        reader
            .connection()
            .execute("DELETE FROM search_position", [])
            .map_err(StoreError::from)
    });
    assert!(matches!(refused, Err(StoreError::Sqlite(_))));
}

#[test]
fn a_full_disk_is_a_typed_error_and_the_next_write_works() {
    let (_folder, store) = new_store();
    let fill = |tx: &super::super::WriteTransaction<'_>| {
        super::super::settings::set(tx, "big", Some(&"x".repeat(1 << 20)))
    };
    let set_limit = |pages: i64| {
        store
            .write::<_, StoreError>(|tx| {
                tx.connection()
                    .pragma_update(None, "max_page_count", pages)
                    .map_err(StoreError::from)
            })
            .unwrap();
    };
    set_limit(60);
    assert!(matches!(
        store.write::<_, StoreError>(fill),
        Err(StoreError::StorageFull)
    ));
    set_limit(1_000_000);
    store.write::<_, StoreError>(fill).unwrap();
}
