//! The demonstration as a person runs it: two phones, a server between them, and the page that shows what became of every message.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic in a test is a failed test"
)]

use std::path::Path;
use std::process::{Command, Output};

const MEASUREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data");

/// What each of the two wrote, in the order of writing; `true`: the participant.
const WRITTEN: [(bool, &str); 7] = [
    (true, "This was my lunch. I walked to the shop and back."),
    (false, "Thank you for the picture. How was the walk?"),
    (true, "It was fine. I am on the train home now."),
    (true, "We are in a tunnel and there is no signal."),
    (true, "I will get off one station early and walk."),
    (false, "Your three messages came together. Enjoy the walk!"),
    (true, "I am home now. 20 minutes on foot."),
];

fn demo(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ayumi"));
    for name in ["AYUMI_FOLDER", "AYUMI_ZONE", "AYUMI_SERVER"] {
        command.env_remove(name);
    }
    command
        .current_dir(folder)
        .args([
            "--language",
            "en",
            "demo",
            "--out",
            "out",
            "--measurements",
            MEASUREMENTS,
        ])
        .args(arguments)
        .output()
        .unwrap()
}

/// A message as the page shows it.
#[derive(Debug, PartialEq, Eq)]
struct Bubble<'a> {
    is_own: bool,
    text: &'a str,
    state: Option<&'a str>,
    /// The data of its picture.
    picture: Option<&'a str>,
}

/// What stands between two texts.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split_once(before)?
        .1
        .split_once(after)
        .map(|(inner, _)| inner)
}

/// The conversations of the participant and of the dietitian in a part of the page.
fn conversations<'a>(page: &'a str, part: &str) -> [Vec<Bubble<'a>>; 2] {
    let start = format!("<div class=\"phones\" id=\"{part}\">");
    let mut talks = page
        .split_once(&start)
        .unwrap()
        .1
        .split("<ol class=\"talk\"")
        .skip(1);
    let mut talk = || -> Vec<Bubble<'a>> {
        let talk = talks.next().unwrap().split_once("</ol>").unwrap().0;
        let bubble = |item: &'a str| Bubble {
            is_own: item.starts_with("own"),
            text: between(item, "<span class=\"text\">", "</span>").unwrap(),
            state: between(item, "<span class=\"state\">", "</span>"),
            picture: between(item, "src=\"data:image/jpeg;base64,", "\""),
        };
        talk.split("<li class=\"").skip(1).map(bubble).collect()
    };
    [talk(), talk()]
}

#[test]
fn two_phones_talk_through_a_server_and_the_page_shows_both_conversations_and_both_charts() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo(folder.path(), &["--database", "kept"]);
    let said = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && error.is_empty(), "{said}{error}");
    for line in [
        "Participant   writes 3 in a terminal of its own (ayumi chat --watch); each shows: waiting",
        "Participant   phone is opened again: 3 still there, waiting",
        "Participant   phone says: The server cannot be reached; what is written waits here.",
        "Participant   phone sends 3; still waiting: 0",
        "Dietitian     reads everything; unread: 0",
        "Messages: written 7, on the server 7, lost 0, doubled 0, out of order 0",
        "Both conversations are equal, with the same ids and numbers.",
        "Both phones draw the same charts.",
    ] {
        assert!(said.lines().any(|said| said == line), "{line}: {said}");
    }
    let page = std::fs::read_to_string(folder.path().join("out/index.html")).unwrap();

    let [hers, theirs] = conversations(&page, "tunnel");
    let states: Vec<Option<&str>> = hers.iter().map(|bubble| bubble.state).collect();
    let waits = Some("waiting");
    assert_eq!(states, [Some("read"), None, waits, waits, waits]);
    assert_eq!(theirs.len(), 2, "nothing of the tunnel is there: {theirs:?}");

    let [hers, theirs] = conversations(&page, "end");
    for (conversation, is_hers) in [(&hers, true), (&theirs, false)] {
        let shown: Vec<(bool, &str)> = conversation
            .iter()
            .map(|bubble| (bubble.is_own == is_hers, bubble.text))
            .collect();
        assert_eq!(shown, WRITTEN);
        for bubble in conversation {
            assert_eq!(bubble.state, bubble.is_own.then_some("read"), "{bubble:?}");
        }
    }
    let pictures = [&hers, &theirs].map(|conversation| conversation[0].picture.unwrap());
    assert!(pictures[0] == pictures[1] && pictures[0].len() > 1000);
    assert!(pictures[0].starts_with("/9j/"), "a JPEG");
    assert_eq!(page.matches("<img").count(), 4, "only the lunch is a picture");

    let charts = page.split_once("<div class=\"charts pairs\">").unwrap().1;
    let charts: Vec<&str> = charts
        .split_once("</section>")
        .unwrap()
        .0
        .split("<figure")
        .skip(1)
        .collect();
    assert_eq!(charts.len(), 6, "steps, and weight twice, from each phone");
    for pair in charts.chunks(2) {
        let parts = [pair[0], pair[1]].map(|chart| chart.split_once("</figcaption>").unwrap());
        assert!(parts[0].0.ends_with("the participant (simulated)"));
        assert!(parts[1].0.ends_with("the dietitian (simulated)"));
        assert!(parts[0].1.contains("<svg"));
        let drawn = parts.map(|(_, drawn)| drawn.split_once("</figure>").unwrap().0);
        assert_eq!(drawn[0], drawn[1]);
    }

    // What was kept is what the terminal shows afterwards, and is not written over.
    let phone = Command::new(env!("CARGO_BIN_EXE_ayumi"))
        .current_dir(folder.path())
        .args(["--folder", "kept/dietitian", "--language", "en"])
        .args(["staff", "chat", "Ayuko", "--offline"])
        .output()
        .unwrap();
    let conversation = String::from_utf8(phone.stdout).unwrap();
    for (_, text) in WRITTEN {
        assert_eq!(conversation.matches(text).count(), 1, "{conversation}");
    }
    let again = demo(folder.path(), &["--database", "kept"]);
    let error = String::from_utf8(again.stderr).unwrap();
    assert_eq!(again.status.code(), Some(2), "{error}");
    assert!(error.starts_with("kept/participant: "), "{error}");
}
