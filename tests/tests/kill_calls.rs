//! SIGKILL at each write and each sync of a call: of one that enqueues a message, and of one that sends it. Source: faults.md F01, F04.
//!
//! strace strikes the real shell at the n-th system call, so no moment between two writes is left to chance. Without strace these tests
//! say so and show nothing. `AYUMI_FAULTS=all` strikes at every call instead of a few.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a panic in a test is a failed test"
)]

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use ayumi_tests::processes::programs::Programs;
use ayumi_tests::real_server::RealServer;

/// System calls after which the files of an app are other ones.
const CALLS: [&str; 3] = ["pwrite64", "fdatasync", "ftruncate"];
/// Strikes at each kind of call, unless all are asked for.
const FEW: usize = 6;

fn has_strace() -> bool {
    let works = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !works {
        println!("not run: strace is not here, or may not trace");
    }
    works
}

fn shell() -> &'static Path {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    let built = || Programs::beside(Path::new(env!("CARGO_BIN_EXE_opener")));
    &PROGRAMS.get_or_init(built).shell
}

/// Her phone: the shell with a folder.
struct Phone {
    folder: tempfile::TempDir,
}

impl Phone {
    /// A phone whose owner has signed in and agreed.
    fn enrolled(server: &RealServer) -> Self {
        let phone = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let url = server.url();
        let mut enrol = phone.command(
            shell(),
            &["enrol", "--birth-date", "1975-04-01", "--server", &url],
        );
        succeeded(&enrol.env("AYUMI_CODE", server.invitation()).output().unwrap());
        phone.says(&["consent", "--agree"]);
        phone.says(&["sync"]);
        phone
    }

    fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        for name in ["AYUMI_FOLDER", "AYUMI_ZONE", "AYUMI_SERVER", "AYUMI_CODE"] {
            command.env_remove(name);
        }
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        if program != shell() {
            return command;
        }
        command.args(Self::SPOKEN).args(arguments);
        command
    }

    const SPOKEN: [&str; 6] = ["--folder", "data", "--zone", "Asia/Tokyo", "--language", "en"];

    fn says(&self, arguments: &[&str]) -> String {
        succeeded(&self.command(shell(), arguments).output().unwrap())
    }

    /// Runs a command of the shell under strace.
    fn traced(&self, options: &[&str], arguments: &[&str]) -> Output {
        let mut command = self.command(Path::new("strace"), &[]);
        command.args(["-f", "-qq"]).args(options).arg(shell());
        command.args(Self::SPOKEN).args(arguments).output().unwrap()
    }

    /// How many calls of a kind a command makes, all its threads together.
    fn calls(&self, kind: &str, arguments: &[&str]) -> usize {
        let log = tempfile::NamedTempFile::new().unwrap();
        let (path, what) = (log.path().display().to_string(), format!("trace={kind}"));
        succeeded(&self.traced(&["-e", "signal=none", "-o", &path, "-e", &what], arguments));
        let text = std::fs::read_to_string(log.path()).unwrap();
        text.lines()
            .filter(|line| line.contains(&format!("{kind}(")))
            .count()
    }

    /// The command is killed at its n-th call of a kind. Returns what it had said, and whether it was killed.
    fn struck(&self, kind: &str, number: usize, arguments: &[&str]) -> (String, bool) {
        let what = format!("trace={kind}");
        let strike = format!("inject={kind}:signal=SIGKILL:when={number}");
        let output = self.traced(&["-o", "/dev/null", "-e", &what, "-e", &strike], arguments);
        // strace ends as the program did.
        let was_killed = output.status.signal() == Some(9) || output.status.code() == Some(128 + 9);
        assert!(was_killed || output.status.success(), "{output:?}");
        (String::from_utf8_lossy(&output.stdout).into_owned(), was_killed)
    }

    /// How often her conversation shows a text, once everything was exchanged.
    fn shown(&self, text: &str) -> usize {
        let conversation = self.says(&["chat", "--items", "200"]);
        conversation.lines().filter(|line| line.trim() == text).count()
    }
}

fn succeeded(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {error}", output.status);
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Which of the calls are struck.
fn chosen(count: usize) -> Vec<usize> {
    if std::env::var("AYUMI_FAULTS").is_ok_and(|value| value == "all") {
        return (1..=count).collect();
    }
    let few = count.min(FEW);
    (0..few)
        .map(|place| 1 + (count - 1) * place / few.max(2).saturating_sub(1))
        .collect()
}

/// Strikes a command of a phone at its calls. `before` prepares it; `after` is told what was said and how often the message is at the server.
fn strike(
    phone: &Phone,
    name: &str,
    command: impl Fn(&str) -> Vec<String>,
    before: impl Fn(&str),
    after: impl Fn(&str, &str, usize),
) -> usize {
    let mut kills = 0;
    for kind in CALLS {
        let counted = format!("simulated {name} {kind} counted");
        before(&counted);
        let words = command(&counted);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let count = phone.calls(kind, &words);
        assert!(count > 0 || kind != "pwrite64", "{name} writes something");
        for number in chosen(count) {
            let text = format!("simulated {name} {kind} {number}");
            before(&text);
            let words = command(&text);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let (said, was_killed) = phone.struck(kind, number, &words);
            kills += usize::from(was_killed);
            phone.says(&["sync"]);
            after(&text, &said, phone.shown(&text));
        }
    }
    kills
}

#[test]
fn f01_killed_at_any_write_of_the_call_a_message_is_there_whole_or_not_at_all() {
    if !has_strace() {
        return;
    }
    let server = RealServer::start();
    let phone = Phone::enrolled(&server);
    let send = |text: &str| ["chat", "send", text, "--offline"].map(str::to_owned).to_vec();
    let kills = strike(
        &phone,
        "enqueue",
        send,
        |_| {},
        |text, said, shown| {
            assert!(shown <= 1, "{text} is doubled");
            assert!(
                shown == 1 || !said.contains("Kept as "),
                "{text} was kept, and is lost"
            );
        },
    );
    println!("{kills} kills");
    assert!(kills >= FEW);
}

#[test]
fn f04_killed_at_any_write_of_an_exchange_a_message_is_sent_once() {
    if !has_strace() {
        return;
    }
    let server = RealServer::start();
    let phone = Phone::enrolled(&server);
    let sync = |_: &str| vec!["sync".to_owned()];
    let write = |text: &str| drop(phone.says(&["chat", "send", text, "--offline"]));
    let kills = strike(&phone, "claim", sync, write, |text, _, shown| {
        assert_eq!(shown, 1, "{text}");
    });
    println!("{kills} kills");
    assert!(kills >= FEW);
    // Her dietitian's phone has nothing but what the server has.
    let dietitian = Phone {
        folder: tempfile::tempdir().unwrap(),
    };
    let url = server.url();
    let (password, code) = server.credentials();
    let mut sign_in = dietitian.command(shell(), &["staff", "sign-in", "dietitian", "--server", &url]);
    let sign_in = sign_in
        .env("AYUMI_PASSWORD", password)
        .env("AYUMI_ONE_TIME_CODE", code);
    succeeded(&sign_in.output().unwrap());
    let theirs = dietitian.says(&["staff", "chat", "試用", "--items", "200"]);
    let hers = phone.says(&["chat", "--items", "200"]);
    let texts = |conversation: &str| {
        let lines = conversation.lines().map(str::trim);
        lines
            .filter(|line| line.starts_with("simulated "))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert!(!texts(&hers).is_empty());
    assert_eq!(texts(&theirs), texts(&hers));
}
