//! Two terminals and the real server: the whole way of a participant and her dietitian through the commands of the shell.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;

use ayumi_tests::processes::programs::Programs;
use ayumi_tests::real_server::{CONSENT, Certificates, RealServer};

/// The built shell, which stands beside the programs of this package.
fn program() -> &'static Path {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    let built = || Programs::beside(Path::new(env!("CARGO_BIN_EXE_opener")));
    &PROGRAMS.get_or_init(built).shell
}

/// Somebody at a terminal.
struct Terminal {
    folder: tempfile::TempDir,
}

impl Terminal {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        for name in ["AYUMI_FOLDER", "AYUMI_ZONE", "AYUMI_SERVER", "AYUMI_CODE"] {
            command.env_remove(name);
        }
        command
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .args(["--folder", "data", "--zone", "Asia/Tokyo", "--language", "en"])
            .args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Standard output of a command that succeeds without a word on standard error.
    fn says(&self, arguments: &[&str]) -> String {
        succeeded(self.run(arguments))
    }

    /// Exit status and standard error of a command that fails.
    fn fails(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?} succeeded");
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    fn enrol(&self, server: &RealServer, url: &str) {
        let enrol = ["enrol", "--birth-date", "1975-04-01", "--server", url];
        let output = self
            .command(&enrol)
            .env("AYUMI_CODE", server.invitation())
            .output();
        succeeded(output.unwrap());
        let text = self.says(&["consent"]);
        assert!(
            text.contains(CONSENT) && text.contains("ayumi consent --agree"),
            "{text}"
        );
        self.says(&["consent", "--agree"]);
    }

    fn sign_in(&self, server: &RealServer, url: &str) {
        let (password, code) = server.credentials();
        let output = self
            .command(&["staff", "sign-in", "dietitian", "--server", url])
            .env("AYUMI_PASSWORD", password)
            .env("AYUMI_ONE_TIME_CODE", code)
            .output();
        succeeded(output.unwrap());
    }

    fn watch(&self, arguments: &[&str]) -> Watch {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Watch {
            keyboard: child.stdin.take(),
            screen: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }
}

fn succeeded(output: Output) -> String {
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && error.is_empty(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

/// A live view.
struct Watch {
    child: Child,
    keyboard: Option<ChildStdin>,
    screen: BufReader<ChildStdout>,
}

impl Watch {
    fn types(&mut self, line: &str) {
        writeln!(self.keyboard.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Reads until the screen shows a line that contains a text.
    fn shows(&mut self, text: &str) {
        for line in self.screen.by_ref().lines() {
            if line.unwrap().contains(text) {
                return;
            }
        }
        panic!("the view ended without {text}");
    }

    fn ends(mut self) {
        drop(self.keyboard.take());
        // What it still says has to go somewhere.
        for line in self.screen.by_ref().lines() {
            line.unwrap();
        }
        assert!(self.child.wait().unwrap().success());
    }
}

/// The id that a conversation shows in the line before a text.
fn id_of(conversation: &str, text: &str) -> String {
    let lines: Vec<&str> = conversation.lines().collect();
    let place = lines.iter().position(|line| line.trim() == text).unwrap();
    let head = lines[place - 1];
    let id = head
        .split_whitespace()
        .find(|word| word.starts_with('#'))
        .unwrap();
    id.to_owned()
}

#[test]
fn a_participant_and_her_dietitian_talk_from_two_terminals() {
    let server = RealServer::start();
    let (her, dietitian) = (Terminal::new(), Terminal::new());
    her.enrol(&server, &server.url());
    dietitian.sign_in(&server, &server.url());

    her.says(&["weight", "add", "63.2"]);
    let photo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/tests/support/grey.jpg");
    her.says(&["chat", "send", "食べました", "--photo", photo.to_str().unwrap()]);
    let conversation = her.says(&["chat"]);
    assert!(
        conversation.contains("sent") && conversation.contains("[picture 8 x 8"),
        "{conversation}"
    );
    assert!(conversation.contains("平日 10時から16時"), "{conversation}");

    let cases = dietitian.says(&["staff", "cases"]);
    assert!(
        cases.contains("試用 歩子") && cases.contains("waits for an answer"),
        "{cases}"
    );
    dietitian.says(&["staff", "chat", "試用歩子", "send", "よいですね"]);
    dietitian.says(&["staff", "chat", "試用", "read"]);
    dietitian.says(&["staff", "note", "試用", "add", "初回の食事"]);
    let picture = dietitian.says(&["staff", "case", "試用"]);
    for expected in ["試用 歩子", "63.2 kg", "食べました", "よいですね", "初回の食事"] {
        assert!(picture.contains(expected), "{expected}: {picture}");
    }
    let cases = dietitian.says(&["staff", "cases"]);
    assert!(cases.contains("nothing to do"), "{cases}");

    let conversation = her.says(&["chat"]);
    assert!(
        conversation.contains("read") && conversation.contains("試用 栄子"),
        "{conversation}"
    );
    assert!(
        !conversation.contains("初回の食事"),
        "a note is not hers: {conversation}"
    );
    let id = id_of(&conversation, "食べました");
    her.says(&["chat", "edit", &id, "昼に食べました"]);
    let answer = id_of(&conversation, "よいですね");
    let (status, error) = her.fails(&["chat", "edit", &answer, "x"]);
    assert_eq!(
        (status, error.contains("somebody else")),
        (Some(2), true),
        "{error}"
    );
    let conversation = dietitian.says(&["staff", "chat", "試用"]);
    assert!(
        conversation.contains("昼に食べました") && conversation.contains("edited"),
        "{conversation}"
    );

    let (status, error) = her.fails(&["staff", "cases"]);
    assert_eq!((status, error.contains("ayumi chat")), (Some(2), true), "{error}");
    let (status, error) = dietitian.fails(&["chat"]);
    assert_eq!(
        (status, error.contains("ayumi staff")),
        (Some(2), true),
        "{error}"
    );
}

#[test]
fn a_live_view_shows_what_the_other_types() {
    let server = RealServer::start();
    let (her, dietitian) = (Terminal::new(), Terminal::new());
    her.enrol(&server, &server.url());
    dietitian.sign_in(&server, &server.url());
    her.says(&["chat", "send", "一"]);
    let mut hers = her.watch(&["chat", "--watch"]);
    hers.shows("一");
    let mut theirs = dietitian.watch(&["staff", "chat", "試用", "--watch"]);
    theirs.shows("一");
    hers.shows("  read");
    theirs.types("二");
    hers.shows("二");
    hers.types("三");
    theirs.shows("三");
    // Another command of the same folder says why it cannot work now.
    let (_, error) = her.fails(&["chat", "--offline"]);
    assert!(error.contains("data"), "{error}");
    hers.ends();
    theirs.ends();
    let conversation = her.says(&["chat"]);
    for text in ["  一", "  二", "  三"] {
        assert_eq!(conversation.matches(text).count(), 1, "{conversation}");
    }
}

#[test]
fn what_is_written_without_a_network_waits_and_is_not_thrown_away_by_a_sign_out() {
    let her = Terminal::new();
    let server = RealServer::start();
    her.enrol(&server, &server.url());
    drop(server);
    let output = her.run(&["chat", "send", "電波がない", "--limit", "1"]);
    assert!(output.status.success());
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("cannot be reached")
    );
    let conversation = her.says(&["chat", "--offline"]);
    assert!(conversation.contains("waiting"), "{conversation}");
    let (status, error) = her.fails(&["sign-out", "--limit", "1"]);
    assert_eq!((status, error.contains("1 thing")), (Some(2), true), "{error}");
    assert!(her.says(&["chat", "--offline"]).contains("電波がない"));
}

#[test]
fn a_code_of_the_old_terminal_moves_the_conversation_to_a_new_one() {
    let server = RealServer::start();
    let (old, new) = (Terminal::new(), Terminal::new());
    old.enrol(&server, &server.url());
    old.says(&["chat", "send", "前の端末から"]);
    old.says(&["weight", "add", "63.2"]);
    let told = old.says(&["transfer-code"]);
    let code = told.lines().next().unwrap().rsplit(' ').next().unwrap();
    let url = server.url();
    let enrol = [
        "enrol",
        "--transfer",
        "--birth-date",
        "1975-04-01",
        "--server",
        &url,
    ];
    succeeded(new.command(&enrol).env("AYUMI_CODE", code).output().unwrap());
    new.says(&["sync"]);
    assert!(new.says(&["chat"]).contains("前の端末から"));
    let output = old.run(&["chat"]);
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("session has ended")
    );
    let used = new_terminal_with(code, &url);
    assert!(used.contains("ask for another one"), "{used}");
}

/// What somebody reads who uses a code a second time.
fn new_terminal_with(code: &str, url: &str) -> String {
    let terminal = Terminal::new();
    let enrol = [
        "enrol",
        code,
        "--transfer",
        "--birth-date",
        "1975-04-01",
        "--server",
        url,
    ];
    terminal.fails(&enrol).1
}

#[test]
fn a_server_of_ones_own_is_reached_with_its_root_certificate_alone() {
    let files = Certificates::of_repository();
    let authority = files.authority.to_str().unwrap().to_owned();
    let server = RealServer::start_with(Some(files));
    let url = format!("https://localhost:{}", server.address.port());
    let her = Terminal::new();
    let enrol = ["enrol", "0000", "--birth-date", "1975-04-01", "--server", &url];
    let (_, error) = her.fails(&enrol);
    assert!(error.contains("--root-certificate"), "{error}");
    let code = server.invitation();
    let enrol = [
        "enrol",
        &code,
        "--birth-date",
        "1975-04-01",
        "--server",
        &url,
        "--root-certificate",
        &authority,
    ];
    her.says(&enrol);
    assert!(her.says(&["consent"]).contains(CONSENT));
}
