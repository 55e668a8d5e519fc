//! The phone that is killed: `ayumi chat --watch` in a process of its own, which ends in the middle and closes nothing.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;

use super::stage::{PATIENCE, Stage};
use crate::exchange_words::Said;
use crate::failure::Failure;
use crate::words::Word;

/// Types lines into the participant's phone until its screen shows that all of them wait, then kills it.
pub(super) fn write_and_be_killed(stage: &Stage, lines: &[&str]) -> Result<(), Failure> {
    let mut phone = start(stage).map_err(|error| failed(&error))?;
    let pipes = phone.stdin.take().zip(phone.stdout.take());
    let shown = match pipes {
        Some((keyboard, screen)) => type_and_watch(stage, lines, keyboard, screen),
        None => Err(failed(&"it has no keyboard or screen")),
    };
    // SIGKILL on Unix. Also after a failure: a phone that runs on would hold its folder.
    let ended = phone.kill().and_then(|()| phone.wait());
    shown?;
    ended.map(drop).map_err(|error| failed(&error))
}

fn failed(why: &dyn std::fmt::Display) -> Failure {
    Failure::Core(format!("run the phone that is killed: {why}"))
}

fn start(stage: &Stage) -> std::io::Result<Child> {
    let zone = stage.common.zone.map(|zone| ["--zone", zone.name()]);
    Command::new(std::env::current_exe()?)
        .arg("--folder")
        .arg(&stage.participant)
        .args(zone.into_iter().flatten())
        .args(["--language", stage.labels.word(Word::LanguageTag)])
        .args(["chat", "--watch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}

fn type_and_watch(
    stage: &Stage,
    lines: &[&str],
    mut keyboard: ChildStdin,
    screen: ChildStdout,
) -> Result<(), Failure> {
    for line in lines {
        writeln!(keyboard, "{line}").map_err(|error| failed(&error))?;
    }
    let (shows, shown) = channel();
    thread::spawn(move || {
        for line in BufReader::new(screen).lines().map_while(Result::ok) {
            if shows.send(line).is_err() {
                return;
            }
        }
    });
    let waiting = stage.labels.word(Said::Waiting);
    let (mut waits, mut before) = (0_usize, String::new());
    // Each picture of the screen begins anew with a line of dashes.
    while waits < lines.len() {
        let line = match shown.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => return Err(failed(&"it does not show what was typed")),
            Err(RecvTimeoutError::Disconnected) => return Err(failed(&"it ended by itself")),
        };
        if line == "--" {
            waits = 0;
        } else if lines.contains(&line.trim()) && before.contains(waiting) {
            waits = waits.saturating_add(1);
        }
        before = line;
    }
    Ok(())
}
