//! What needs a session.

use std::process::Stdio;

use super::Person;

#[test]
fn what_needs_a_session_says_how_to_get_one_and_changes_nothing() {
    let person = Person::new();
    for (arguments, hint) in [
        (&["chat"][..], "ayumi enrol"),
        (&["chat", "send", "hello"], "ayumi enrol"),
        (&["chat", "--watch"], "ayumi enrol"),
        (&["consent", "--agree"], "ayumi enrol"),
        (&["sync"], "--server URL"),
        (&["transfer-code"], "--server URL"),
        (&["sign-out"], "Nobody is signed in"),
        (&["enrol", "CODE", "--birth-date", "1975-04-01"], "--server URL"),
        (&["staff", "chat", "somebody"], "ayumi staff sign-in"),
        (&["staff", "cases", "--offline"], "ayumi staff sign-in"),
        (
            &["staff", "note", "somebody", "add", "text", "--offline"],
            "ayumi staff sign-in",
        ),
    ] {
        let (status, said) = person.failure(arguments);
        assert_eq!(
            (status, said.contains(hint)),
            (Some(2), true),
            "{arguments:?}: {said}"
        );
    }
}

#[test]
fn an_address_without_encryption_is_refused_and_not_kept() {
    let person = Person::new();
    let enrol = [
        "enrol",
        "CODE",
        "--birth-date",
        "1975-04-01",
        "--server",
        "http://ayumi.example",
    ];
    assert!(person.fails(&enrol).contains("https://"));
    assert!(!person.folder.path().join("data/server.json").exists());
}

#[test]
fn a_password_is_asked_for_and_never_taken_from_the_command_line() {
    let person = Person::new();
    let sign_in = ["staff", "sign-in", "sato", "--server", "http://127.0.0.1:9"];
    let output = person.command(&sign_in).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("AYUMI_PASSWORD"), "{said}");
    let help = person.says(&["staff", "sign-in", "--help"]);
    assert!(!help.contains("--password"), "{help}");
}
