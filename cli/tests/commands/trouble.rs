//! Trouble around the program: readers that go away, folders and databases that cannot be used; and help.

use std::process::Stdio;

use super::{Person, with_weights};

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let person = Person::new();
    let mut child = person
        .command(&["steps", "--days", "3660"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_files_are_closed_in_an_orderly_way_also_after_a_failure() {
    let person = Person::new();
    person.says(&["home"]);
    assert!(!person.folder.path().join("data/dirty").exists());
    person.fails(&["weight", "add", "heavy"]);
    assert!(!person.folder.path().join("data/dirty").exists());
}

#[test]
fn a_folder_that_cannot_be_used_is_named_with_the_reason() {
    let person = Person::new();
    person.write("data", "a file stands where the folder should be");
    let output = person.run(&["home"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        said.starts_with("data: failed to use the data folder: "),
        "{said}"
    );
}

#[test]
fn a_damaged_database_is_saved_and_the_person_is_told() {
    let person = Person::new();
    with_weights(&person);
    let database = person.folder.path().join("data/user/user.db");
    let mut bytes = std::fs::read(&database).unwrap();
    bytes[..16].fill(b'x');
    std::fs::write(&database, bytes).unwrap();
    let output = person.run(&["weight"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.starts_with("The database was damaged."), "{said}");
}

#[test]
fn every_command_has_help() {
    let person = Person::new();
    for command in [
        "home",
        "steps",
        "weight",
        "goal",
        "chart",
        "settings",
        "enrol",
        "consent",
        "chat",
        "sync",
        "transfer-code",
        "sign-out",
        "staff",
        "import",
        "export",
        "demo",
        "replay",
    ] {
        assert!(
            person.says(&[command, "--help"]).contains("Usage: ayumi"),
            "{command}"
        );
    }
}
