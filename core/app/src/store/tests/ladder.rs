//! Climbing: in order, all or nothing, never down.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use tempfile::TempDir;

use super::super::StoreError;
use super::super::connection::Role;
use super::super::migrations::{MIGRATIONS, Migration, migrate, newest, version};
use super::super::open::Opening;
use super::{bytes_of, connection_to, contents, make_file, mark_unclean, open, strings, try_open};

const fn step(sql: &'static str) -> Migration {
    Migration {
        why: "a step that only tests climb",
        sql,
    }
}

/// The real ladder with steps of a test on top.
fn ladder_with(steps: &[Migration]) -> Vec<Migration> {
    MIGRATIONS.iter().chain(steps).copied().collect()
}

/// A file at the top of the real ladder, and its bytes.
fn file_with_rows() -> (TempDir, Vec<u8>) {
    let folder = TempDir::new().unwrap();
    make_file(folder.path(), MIGRATIONS, 20);
    let bytes = bytes_of(folder.path())["user/user.db"].clone();
    (folder, bytes)
}

fn climb(folder: &Path, steps: &[Migration]) -> Result<(), StoreError> {
    migrate(&mut connection_to(folder, Role::UserWriter), steps)
}

#[test]
fn steps_are_climbed_in_order_and_each_once() {
    let steps = [
        step("CREATE TABLE climbed (step INTEGER NOT NULL) STRICT; INSERT INTO climbed (step) VALUES (1)"),
        step("INSERT INTO climbed (step) SELECT max(step) + 1 FROM climbed"),
        step("INSERT INTO climbed (step) SELECT max(step) * 10 FROM climbed"),
    ];
    for first in 0..=steps.len() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &steps[..first]).unwrap();
        migrate(&mut connection, &steps).unwrap();
        migrate(&mut connection, &steps).unwrap();
        assert_eq!(version(&connection, &steps).unwrap(), 3);
        assert_eq!(
            strings(&connection, "SELECT CAST(step AS TEXT) FROM climbed"),
            ["1", "2", "20"]
        );
    }
}

#[test]
fn a_failed_step_leaves_the_file_as_it_was() {
    let (folder, before) = file_with_rows();
    let steps = ladder_with(&[
        step("CREATE TABLE good (a INTEGER) STRICT; DELETE FROM setting"),
        step("CREATE TABLE good (a INTEGER) STRICT"),
    ]);
    let failed = climb(folder.path(), &steps).unwrap_err();
    let known = newest(MIGRATIONS);
    assert!(
        matches!(failed, StoreError::MigrationFailed { from, to, source: Some(_), .. } if (from, to) == (known, known + 2)),
        "{failed:?}"
    );
    assert_eq!(bytes_of(folder.path())["user/user.db"], before);
    open(folder.path()).close().unwrap();
}

#[test]
fn a_step_that_leaves_a_reference_without_its_row_is_taken_back() {
    let (folder, before) = file_with_rows();
    let failed = climb(
        folder.path(),
        &ladder_with(&[step("DELETE FROM zone WHERE zone_id = 1")]),
    )
    .unwrap_err();
    assert!(
        matches!(failed, StoreError::MigrationFailed { source: None, .. }),
        "{failed:?}"
    );
    assert_eq!(bytes_of(folder.path())["user/user.db"], before);
}

#[test]
fn a_table_that_others_refer_to_can_be_rebuilt() {
    let (folder, _) = file_with_rows();
    let mut writer = connection_to(folder.path(), Role::UserWriter);
    let rebuild = step(
        "CREATE TABLE zone_new (zone_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, note TEXT) STRICT;
         INSERT INTO zone_new (zone_id, name) SELECT zone_id, name FROM zone;
         DROP TABLE zone;
         ALTER TABLE zone_new RENAME TO zone",
    );
    migrate(&mut writer, &ladder_with(&[rebuild])).unwrap();
    assert_eq!(
        strings(&writer, "SELECT CAST(count(*) AS TEXT) FROM zone"),
        ["20"]
    );
    let keys_are_on: bool = writer
        .pragma_query_value(None, "foreign_keys", |row| row.get(0))
        .unwrap();
    assert!(keys_are_on);
    let refused = writer.execute("DELETE FROM zone WHERE zone_id = 1", []);
    assert_eq!(
        refused.unwrap_err().sqlite_error_code(),
        Some(rusqlite::ErrorCode::ConstraintViolation)
    );
}

#[test]
fn a_file_from_a_newer_version_is_refused_and_not_a_byte_of_it_changes() {
    let (folder, _) = file_with_rows();
    climb(
        folder.path(),
        &ladder_with(&[step("CREATE TABLE future (a INTEGER) STRICT")]),
    )
    .unwrap();
    // With a log beside it, as a killed newer app leaves it.
    let killed = TempDir::new().unwrap();
    {
        let writer = connection_to(folder.path(), Role::UserWriter);
        writer.execute("INSERT INTO future (a) VALUES (1)", []).unwrap();
        super::copy_folder(folder.path(), killed.path());
    }
    std::fs::remove_file(killed.path().join("user/user.db-shm")).unwrap();
    for is_unclean in [false, true] {
        if is_unclean {
            mark_unclean(killed.path());
        }
        let before = bytes_of(killed.path());
        assert!(!before["user/user.db-wal"].is_empty());
        let refused = try_open(killed.path()).unwrap_err();
        let known = newest(MIGRATIONS);
        assert!(
            matches!(refused, StoreError::TooNew { found, known: k } if (found, k) == (known + 1, known)),
            "{refused:?}"
        );
        let after = bytes_of(killed.path());
        for name in ["user/user.db", "user/user.db-wal"] {
            assert_eq!(after[name], before[name], "{name}");
        }
    }
}

#[test]
fn a_negative_version_is_damage() {
    let connection = Connection::open_in_memory().unwrap();
    connection.pragma_update(None, "user_version", -1).unwrap();
    assert!(matches!(
        version(&connection, MIGRATIONS),
        Err(StoreError::Damaged)
    ));
}

#[test]
fn a_disk_that_is_full_in_the_middle_of_a_migration_leaves_the_old_file() {
    for height in 1..MIGRATIONS.len() {
        let folder = TempDir::new().unwrap();
        make_file(folder.path(), &MIGRATIONS[..height], 20);
        let before = bytes_of(folder.path())["user/user.db"].clone();
        let mut writer = connection_to(folder.path(), Role::UserWriter);
        let pages: i64 = writer
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .unwrap();
        writer.pragma_update(None, "max_page_count", pages).unwrap();
        assert!(
            matches!(migrate(&mut writer, MIGRATIONS), Err(StoreError::StorageFull)),
            "from {height}"
        );
        assert_eq!(
            version(&writer, MIGRATIONS).unwrap(),
            i64::try_from(height).unwrap()
        );
        assert_eq!(std::fs::read(folder.path().join("user/user.db")).unwrap(), before);
        writer.pragma_update(None, "max_page_count", 1_000_000).unwrap();
        migrate(&mut writer, MIGRATIONS).unwrap();
    }
}

#[test]
fn a_migration_that_is_interrupted_leaves_the_old_file_and_can_be_begun_again() {
    let (folder, before) = file_with_rows();
    let endless = ladder_with(&[step(
        "CREATE TABLE counted (n INTEGER) STRICT;
         WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up)
         INSERT INTO counted (n) SELECT max(n) FROM up",
    )]);
    let opening = Opening::default();
    let is_over = AtomicBool::new(false);
    let result = std::thread::scope(|scope| {
        let climbing = scope.spawn(|| {
            let mut writer = connection_to(folder.path(), Role::UserWriter);
            opening.works_with(Some(&writer));
            let result = migrate(&mut writer, &endless);
            is_over.store(true, Ordering::SeqCst);
            opening.works_with(None);
            result
        });
        while !is_over.load(Ordering::SeqCst) {
            opening.interrupt();
            std::thread::yield_now();
        }
        climbing.join().unwrap()
    });
    assert!(matches!(result, Err(StoreError::Closed)), "{result:?}");
    assert_eq!(bytes_of(folder.path())["user/user.db"], before);
    climb(
        folder.path(),
        &ladder_with(&[step("CREATE TABLE counted (n INTEGER) STRICT")]),
    )
    .unwrap();
}

const VICTIM_FOLDER: &str = "AYUMI_VICTIM_FOLDER";
const VICTIM_STOPS_AT: &str = "AYUMI_VICTIM_STOPS_AT";

/// The process that the next test kills: it climbs, and waits for its end at one operation of SQLite's machine.
#[test]
#[ignore = "started by killed_at_any_moment_of_a_migration_the_file_is_the_old_or_the_new_one"]
fn victim() {
    let (Ok(folder), Ok(stop)) = (std::env::var(VICTIM_FOLDER), std::env::var(VICTIM_STOPS_AT)) else {
        return;
    };
    let stop: u64 = stop.parse().unwrap();
    let mut writer = connection_to(folder.as_ref(), Role::UserWriter);
    let counted = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counter = std::sync::Arc::clone(&counted);
    writer
        .progress_handler(
            1,
            Some(move || {
                if counter.fetch_add(1, Ordering::SeqCst) == stop {
                    println!("\nstopped");
                    loop {
                        std::thread::park();
                    }
                }
                false
            }),
        )
        .unwrap();
    migrate(&mut writer, MIGRATIONS).unwrap();
    println!("\noperations {}", counted.load(Ordering::SeqCst));
}

/// Runs the victim until it stops or ends. Answers how many operations a whole migration has, if it ended.
fn run_victim(folder: &Path, stop: u64) -> Option<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "store::tests::ladder::victim",
            "--ignored",
            "--nocapture",
        ])
        .env(VICTIM_FOLDER, folder)
        .env(VICTIM_STOPS_AT, stop.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let mut operations = None;
    for line in lines {
        if line == "stopped" {
            child.kill().unwrap(); // SIGKILL
            break;
        }
        operations = operations.or_else(|| line.strip_prefix("operations ")?.parse().ok());
    }
    child.wait().unwrap();
    operations
}

#[test]
fn killed_at_any_moment_of_a_migration_the_file_is_the_old_or_the_new_one() {
    const KILLS: u64 = 24;
    for height in 0..MIGRATIONS.len() {
        let original = TempDir::new().unwrap();
        make_file(
            original.path(),
            &MIGRATIONS[..height],
            if height == 0 { 0 } else { 20 },
        );
        let before = contents(&connection_to(original.path(), Role::UserReader));
        let copy = || {
            let folder = TempDir::new().unwrap();
            super::copy_folder(original.path(), folder.path());
            folder
        };
        let operations = run_victim(copy().path(), u64::MAX).expect("a migration that ended");
        assert!(operations > KILLS, "{operations}");
        for kill in 0..KILLS {
            let folder = copy();
            let ended = run_victim(folder.path(), operations * kill / KILLS);
            assert_eq!(ended, None, "it ended before it was killed");
            {
                let reader = connection_to(folder.path(), Role::UserReader);
                let found = version(&reader, MIGRATIONS).unwrap();
                assert_eq!(
                    found,
                    i64::try_from(height).unwrap(),
                    "killed before the commit, at {kill}"
                );
                assert_eq!(contents(&reader), before);
            }
            mark_unclean(folder.path());
            let store = open(folder.path());
            let after = store
                .read::<_, StoreError>(|reader| Ok(contents(reader.connection())))
                .unwrap();
            for (table, rows) in &before {
                assert_eq!(&after[table], rows, "{table}, killed at {kill}");
            }
        }
    }
}
