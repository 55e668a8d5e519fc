//! The commands of an operator, run with the real program in an empty folder.

#![allow(missing_docs, reason = "a test")]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::path::Path;
use std::process::Command;

/// What a command printed, and whether it succeeded.
fn admin(folder: &Path, words: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_ayumi-server"))
        .arg("admin")
        .args(words)
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(printed).unwrap())
}

fn done(folder: &Path, words: &[&str]) -> String {
    let (is_done, printed) = admin(folder, words);
    assert!(is_done, "{words:?}: {printed}");
    printed
}

fn refused(folder: &Path, words: &[&str]) -> String {
    let (is_done, printed) = admin(folder, words);
    assert!(!is_done, "{words:?}: {printed}");
    printed
}

#[test]
fn an_operator_sets_a_society_up_and_moves_it_to_another_store() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    done(here, &["society-create", "simulated", "Simulated society"]);
    done(
        here,
        &["staff-create", "simulated", "dietitian", "sato", "Simulated"],
    );
    done(
        here,
        &["staff-create", "simulated", "dietitian", "suzuki", "Simulated"],
    );
    fs::write(
        here.join("people.csv"),
        "name,birth_date,reference,dietitian\nSimulated One,1975-04-01,A-1,sato\nSimulated Two,1968-11-30,A-2,\n",
    )
    .unwrap();
    let printed = done(
        here,
        &["invitation-import", "simulated", "people.csv", "codes.csv"],
    );
    assert!(printed.starts_with("2 invited"), "{printed}");
    let codes = fs::read_to_string(here.join("codes.csv")).unwrap();
    assert_eq!(codes.lines().count(), 3);
    // The same file again invites nobody twice.
    let printed = done(
        here,
        &["invitation-import", "simulated", "people.csv", "more.csv"],
    );
    assert!(printed.contains("2 had been invited before"), "{printed}");
    assert!(!here.join("more.csv").exists());
    let listed = done(here, &["invitation-list", "simulated"]);
    assert_eq!(listed.matches("\topen\t").count(), 2, "{listed}");
    assert!(!listed.contains(codes.lines().nth(1).unwrap().rsplit(',').next().unwrap()));

    done(here, &["backup", "kept"]);
    done(here, &["--data", "other", "restore", "kept"]);
    assert_eq!(
        done(here, &["--data", "other", "invitation-list", "simulated"]),
        listed
    );
    let again = refused(here, &["--data", "other", "restore", "kept"]);
    assert!(again.contains("not empty"), "{again}");
}

#[test]
fn demonstration_data_is_made_once_and_says_that_it_is_simulated() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let printed = done(here, &["demo-data"]);
    assert!(
        printed.contains("simulated") && printed.contains("otpauth://"),
        "{printed}"
    );
    let cases = done(here, &["case-list", "demo"]);
    assert_eq!(cases.matches("\tgiven\t").count(), 3, "{cases}");
    let case = cases.lines().nth(1).unwrap().split('\t').next().unwrap();
    done(
        here,
        &["staff-create", "demo", "dietitian", "suzuki", "Simulated"],
    );
    done(
        here,
        &["assign", case, "suzuki", "--substitute", "demo-dietitian"],
    );
    assert!(refused(here, &["demo-data"]).contains("already"));
}

#[test]
fn a_mistake_is_answered_with_what_to_do_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    done(here, &["society-create", "simulated", "Simulated society"]);
    done(
        here,
        &["staff-create", "simulated", "adviser", "sato", "Simulated"],
    );
    fs::write(
        here.join("bad.csv"),
        "name,birth_date\nSimulated,1975-04-01\nSimulated,1975-02-30\n",
    )
    .unwrap();
    for (words, hint) in [
        (&["staff-list", "elsewhere"][..], "society-list"),
        (&["staff-renew", "suzuki"], "staff-list"),
        (
            &["staff-create", "simulated", "boss", "x", "X"],
            "dietitian, adviser",
        ),
        (&["staff-create", "simulated", "adviser", "sato", "X"], "taken"),
        (
            &["staff-create", "simulated", "adviser", "佐藤", "X"],
            "lower-case",
        ),
        (&["society-create", "simulated", "X"], "already"),
        (&["society-create", "", "X"], "empty"),
        (
            &["invitation-create", "simulated", "X", "1975-02-30"],
            "1975-04-01",
        ),
        (
            &[
                "invitation-create",
                "simulated",
                "X",
                "1975-02-28",
                "--dietitian",
                "sato",
            ],
            "no dietitian",
        ),
        (
            &["invitation-import", "simulated", "bad.csv", "codes.csv"],
            "line 3",
        ),
        (
            &["invitation-import", "simulated", "none.csv", "codes.csv"],
            "none.csv",
        ),
        (&["assign", "nothing", "sato"], "case-list"),
        (&["restore", "nothing"], "complete"),
        (&["consent-text", "simulated", "1", "none.txt"], "none.txt"),
        (&["migrate"], "--store"),
    ] {
        let printed = refused(here, words);
        assert!(printed.contains(hint), "{words:?}: {printed}");
    }
    assert_eq!(done(here, &["invitation-list", "simulated"]).lines().count(), 1);
    assert!(!here.join("codes.csv").exists());
}

#[test]
fn an_operator_verifies_the_audit_and_sees_what_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    done(here, &["society-create", "simulated", "Simulated society"]);
    let printed = done(here, &["audit-verify"]);
    assert!(
        printed.starts_with("verified: 0 chains of cases, 1 other chains"),
        "{printed}"
    );
    let printed = done(here, &["audit-show", "server"]);
    assert!(printed.starts_with("seq\tat_ms\tactor"), "{printed}");
    assert!(printed.lines().count() > 1, "{printed}");
    refused(here, &["audit-show", "018f0000-0000-7000-8000-000000000001"]);
    let kept = format!("1:{}", "0".repeat(64));
    let printed = refused(here, &["audit-verify", "--digest-at-least", &kept]);
    assert!(printed.contains("digest 1 is missing"), "{printed}");

    let store = rusqlite::Connection::open(here.join("ayumi-data/ayumi.db")).unwrap();
    store
        .execute("UPDATE audit SET outcome = 'x' WHERE seq = 1", [])
        .unwrap();
    let printed = refused(here, &["audit-verify"]);
    assert!(
        printed.contains("row 1, or the one before it, was changed"),
        "{printed}"
    );
}

#[test]
fn an_operator_is_told_what_cannot_be_erased() {
    let folder = tempfile::tempdir().unwrap();
    let case = "018f0000-0000-7000-8000-000000000001";
    let printed = refused(folder.path(), &["entry-erase", case, "care", "1"]);
    assert!(printed.contains("no such entry"), "{printed}");
    refused(folder.path(), &["entry-erase", case, "everything", "1"]);
}
