//! `cargo xtask fixture`: freezes a database of this version, and what today's app shows of it, for later versions to open.
//! `cargo xtask fixture transcript`: records the requests of this version and their answers, for later servers to answer as well.
//!
//! A fixture is made once by the version it belongs to and never again: what is there is not written over.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a tool of developers")]

use std::process::ExitCode;

use ayumi_core::store::MIGRATIONS;
use ayumi_tests::{fixture, old_file, transcript};

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("transcript") {
        return freeze_transcript();
    }
    let name = format!("user-{}", MIGRATIONS.len());
    let databases = fixture::folder();
    let file = databases.join(format!("{name}.db"));
    if file.exists() {
        println!(
            "{} is frozen; a new one comes with the next step of the ladder",
            file.display()
        );
        return ExitCode::FAILURE;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let app = fixture::open(folder.path());
    fixture::live(&app);
    app.close().expect("a closed app");
    fixture::converse(folder.path());
    let empty = old_file::empty_tables(folder.path());
    if !empty.is_empty() {
        println!(
            "no rows in {}: let the life in tests/src/fixture.rs fill them",
            empty.join(", ")
        );
        return ExitCode::FAILURE;
    }
    std::fs::create_dir_all(&databases).expect("the folder of fixtures");
    std::fs::copy(folder.path().join("user/user.db"), &file).expect("a copy");
    let app = fixture::open(folder.path());
    let shown = fixture::shown(&app);
    app.close().expect("a closed app");
    let text = serde_json::to_string_pretty(&shown).expect("a text") + "\n";
    std::fs::write(databases.join(format!("{name}.json")), text).expect("what it shows");
    println!("{}", file.display());
    ExitCode::SUCCESS
}

fn freeze_transcript() -> ExitCode {
    let version = env!("CARGO_PKG_VERSION");
    let folder = transcript::folder();
    let file = folder.join(format!("app-{version}.json"));
    if file.exists() {
        println!(
            "{} is recorded; a new one comes with the next version",
            file.display()
        );
        return ExitCode::FAILURE;
    }
    let text = transcript::written(version, &transcript::record());
    std::fs::create_dir_all(&folder).expect("the folder of transcripts");
    std::fs::write(&file, text).expect("a transcript");
    println!("{}", file.display());
    ExitCode::SUCCESS
}
