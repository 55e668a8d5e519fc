//! Databases of every released version, opened by today's code: what they show is what they showed when they were frozen.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a panic in a test is a failed test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use ayumi_core::app::App;
use ayumi_core::store::MIGRATIONS;
use ayumi_core::sync::outbox::OperationState;
use ayumi_tests::{fixture, old_file};
use serde_json::Value;

/// Each frozen database: its number, its bytes, and what its own version showed.
fn frozen() -> Vec<(usize, Vec<u8>, Value)> {
    let entries = fs::read_dir(fixture::folder()).unwrap();
    let mut frozen = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "db") {
            continue;
        }
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let number = stem.strip_prefix("user-").unwrap().parse().unwrap();
        let shown = serde_json::from_slice(&fs::read(path.with_extension("json")).unwrap()).unwrap();
        frozen.push((number, fs::read(&path).unwrap(), shown));
    }
    frozen.sort_by_key(|(number, ..)| *number);
    frozen
}

#[test]
fn every_frozen_database_shows_what_it_showed() {
    for (number, bytes, expected) in frozen() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("user")).unwrap();
        fs::write(folder.path().join("user/user.db"), &bytes).unwrap();
        let app = fixture::open(folder.path());
        assert_eq!(app.recovery(), None, "user-{number}.db");
        let shown = fixture::shown(&app);
        // Later versions may show more; what was shown then must be the same now.
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&shown[name], value, "{name} of user-{number}.db");
        }
        app.steps().rebuild().unwrap();
        app.weight().rebuild().unwrap();
        assert_eq!(fixture::shown(&app), shown, "user-{number}.db, derived again");
        app.close().unwrap();
    }
}

#[test]
fn a_frozen_database_is_small_and_complete_by_itself() {
    for (number, bytes, _) in frozen() {
        assert!(
            bytes.len() < 500_000,
            "user-{number}.db has {} bytes",
            bytes.len()
        );
        assert!(
            (1..=MIGRATIONS.len()).contains(&number),
            "user-{number}.db is of no version"
        );
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("user")).unwrap();
        fs::write(folder.path().join("user/user.db"), &bytes).unwrap();
        assert_eq!(old_file::look(folder.path()).0, number, "user-{number}.db");
        assert_eq!(old_file::empty_tables(folder.path()), [""; 0], "user-{number}.db");
    }
}

#[test]
fn the_life_to_be_frozen_fills_every_table_and_is_the_same_each_time() {
    let lives: Vec<(Vec<u8>, Value)> = (0..2)
        .map(|_| {
            let folder = tempfile::tempdir().unwrap();
            let app = fixture::open(folder.path());
            fixture::live(&app);
            app.close().unwrap();
            fixture::converse(folder.path());
            assert_eq!(old_file::empty_tables(folder.path()), [""; 0]);
            let bytes = fs::read(folder.path().join("user/user.db")).unwrap();
            let app = fixture::open(folder.path());
            let shown = fixture::shown(&app);
            app.close().unwrap();
            (bytes, shown)
        })
        .collect();
    assert_eq!(lives[0].1, lives[1].1);
    assert!(lives[0].0 == lives[1].0, "the files differ");
}

/// Folders with each frozen database that has an outbox, and with the life that the next one freezes.
fn with_an_outbox() -> Vec<(String, tempfile::TempDir)> {
    let folder_with = |bytes: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("user")).unwrap();
        fs::write(folder.path().join("user/user.db"), bytes).unwrap();
        folder
    };
    let mut folders: Vec<(String, tempfile::TempDir)> = frozen()
        .iter()
        .map(|(number, bytes, _)| (format!("user-{number}.db"), folder_with(bytes)))
        .filter(|(_, folder)| old_file::rows(folder.path()).contains_key("outbox"))
        .collect();
    let next = tempfile::tempdir().unwrap();
    let app = fixture::open(next.path());
    fixture::live(&app);
    app.close().unwrap();
    fixture::converse(next.path());
    folders.push(("the life to be frozen".to_owned(), next));
    folders
}

#[test]
fn every_row_of_an_old_database_is_there_after_it_was_opened() {
    for (name, folder) in with_an_outbox() {
        let before = tempfile::tempdir().unwrap();
        fs::create_dir(before.path().join("user")).unwrap();
        fs::copy(
            folder.path().join("user/user.db"),
            before.path().join("user/user.db"),
        )
        .unwrap();
        fixture::open(folder.path()).close().unwrap();
        let now = old_file::rows_as_in(folder.path(), before.path());
        for (table, rows) in old_file::rows(before.path()) {
            // What is derived may be derived otherwise; files that nothing names are deleted.
            if ["derived_view", "picture_to_delete"].contains(&table.as_str()) {
                continue;
            }
            let lost: Vec<&String> = rows.iter().filter(|row| !now[&table].contains(row)).collect();
            assert!(lost.is_empty(), "{name} lost of {table}: {lost:?}");
        }
    }
}

#[test]
fn the_engine_goes_on_with_an_outbox_in_every_state_of_an_old_database() {
    for (name, folder) in with_an_outbox() {
        let state_of = |app: &App| -> BTreeMap<String, OperationState> {
            let outbox = app.outbox().unwrap().into_iter();
            outbox
                .map(|row| (row.operation.op_id.to_string(), row.state))
                .collect()
        };
        let bodies = bodies(folder.path());
        let app = fixture::open(folder.path());
        let before = state_of(&app);
        let states: BTreeSet<&str> = before.values().map(|state| word(*state)).collect();
        assert_eq!(states.len(), 4, "{name} has every state: {states:?}");
        let pushed = fixture::exchange(&app);
        let after = state_of(&app);
        for (op_id, state) in &before {
            let times = pushed.iter().filter(|pushed| pushed.op_id == *op_id).count();
            match state {
                OperationState::Queued => {
                    assert_eq!(times, 1, "{name}: {op_id} is sent");
                    assert_eq!(after.get(op_id), None, "{name}: {op_id} was read back");
                    let sent = pushed.iter().find(|pushed| pushed.op_id == *op_id).unwrap();
                    assert!(
                        sent.request.contains(&bodies[op_id]),
                        "{name}: as it was written, byte for byte"
                    );
                }
                OperationState::Sent => {
                    assert_eq!(times, 0, "{name}: {op_id} is in the log already");
                    assert_eq!(after.get(op_id), None, "{name}: {op_id} was read back");
                }
                OperationState::Parked | OperationState::NeedsConfirmation => {
                    assert_eq!(times, 0, "{name}: {op_id} waits for its author");
                    assert_eq!(after.get(op_id), Some(state), "{name}: {op_id}");
                }
            }
        }
        app.close().unwrap();
    }
}

/// What was written, by the id of its operation, read past the app.
fn bodies(folder: &Path) -> BTreeMap<String, String> {
    let connection = rusqlite::Connection::open(folder.join("user/user.db")).unwrap();
    let mut statement = connection.prepare("SELECT op_id, body FROM outbox").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

const fn word(state: OperationState) -> &'static str {
    match state {
        OperationState::Queued => "queued",
        OperationState::Sent => "sent",
        OperationState::Parked => "parked",
        OperationState::NeedsConfirmation => "needs_confirmation",
    }
}

#[test]
fn a_file_of_every_age_opens_and_climbs() {
    for height in 1..=MIGRATIONS.len() {
        let folder = tempfile::tempdir().unwrap();
        old_file::make(folder.path(), height, 50);
        fixture::open(folder.path()).close().unwrap();
        assert_eq!(
            old_file::look(folder.path()),
            (MIGRATIONS.len(), 50),
            "from {height}"
        );
    }
}

#[test]
fn a_damaged_life_shows_its_days_again_after_the_salvage() {
    let folder = tempfile::tempdir().unwrap();
    let app = fixture::open(folder.path());
    fixture::live(&app);
    let shown = fixture::shown(&app);
    app.close().unwrap();
    let path = folder.path().join("user/user.db");
    let mut bytes = fs::read(&path).unwrap();
    // The root page of a derived table: nothing that was entered stands there.
    let root: u32 = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'step_hour'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    bytes[(root as usize - 1) * 4096..][..16].fill(0xff);
    fs::write(&path, bytes).unwrap();
    fs::write(folder.path().join("dirty"), "").unwrap();
    let app = fixture::open(folder.path());
    assert!(app.recovery().is_some());
    assert_eq!(fixture::shown(&app), shown);
}
