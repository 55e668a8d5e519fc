//! A phone: the shell with a folder of its own, one process for each command.

use std::io::Read;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::processes::judge::Side;
use crate::processes::server::{BORN, LOGIN, NAME, Society};

/// Longer than any command takes: its own limits are shorter.
const COMMAND_MOST: Duration = Duration::from_mins(3);
/// How long nobody looks whether a process has ended.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// A folder, and whose it is.
#[derive(Debug, Clone)]
pub struct PhoneProcess {
    program: PathBuf,
    folder: PathBuf,
    /// Whose it is.
    pub side: Side,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// What it said before it ended.
    pub said: String,
    /// What it complained about.
    pub complained: String,
    /// The status.
    pub status: ExitStatus,
    /// How long it lived.
    pub lived: Duration,
}

impl Ended {
    /// SIGKILL ended it.
    #[must_use]
    pub fn was_killed(&self) -> bool {
        self.status.signal() == Some(9)
    }

    /// It ended by itself, and well.
    ///
    /// # Panics
    /// Otherwise.
    #[must_use]
    pub fn succeeded(self) -> Self {
        assert!(self.status.success(), "{}: {}", self.status, self.complained);
        self
    }
}

impl PhoneProcess {
    /// A phone in an empty folder.
    #[must_use]
    pub fn new(program: &Path, folder: &Path, side: Side) -> Self {
        Self {
            program: program.to_owned(),
            folder: folder.to_owned(),
            side,
        }
    }

    /// Where the app keeps its files.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        for name in ["AYUMI_FOLDER", "AYUMI_ZONE", "AYUMI_SERVER", "AYUMI_CODE"] {
            command.env_remove(name);
        }
        command
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .args(["--folder", "data", "--zone", "Asia/Tokyo", "--language", "en"])
            .args(arguments);
        command
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// If it cannot be started, or does not end.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Ended {
        run(&mut self.command(arguments), None)
    }

    /// Runs a command, which gets SIGKILL after a time unless it has ended before.
    ///
    /// # Panics
    /// As [`Self::run`].
    #[must_use]
    pub fn run_struck(&self, arguments: &[&str], strike: Option<Duration>) -> Ended {
        run(&mut self.command(arguments), strike)
    }

    /// Signs its owner in: her with the invitation and her consent, the dietitian with her password.
    ///
    /// # Panics
    /// If a command fails.
    pub fn sign_in(&self, society: &Society, url: &str) {
        match self.side {
            Side::Her => {
                let mut command = self.command(&["enrol", "--birth-date", BORN, "--server", url]);
                drop(run(command.env("AYUMI_CODE", &society.invitation), None).succeeded());
                drop(self.run(&["consent", "--agree"]).succeeded());
            }
            Side::Dietitian => {
                let (password, code) = society.credentials();
                let mut command = self.command(&["staff", "sign-in", LOGIN, "--server", url]);
                command
                    .env("AYUMI_PASSWORD", password)
                    .env("AYUMI_ONE_TIME_CODE", code);
                drop(run(&mut command, None).succeeded());
            }
        }
    }

    /// The words that begin each command about the conversation.
    #[must_use]
    pub fn chat(&self) -> Vec<&'static str> {
        match self.side {
            Side::Her => vec!["chat"],
            Side::Dietitian => vec!["staff", "chat", NAME],
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "it strikes after a time")]
fn run(command: &mut Command, strike: Option<Duration>) -> Ended {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("a started program");
    let begun = Instant::now();
    let readers = reading(&mut child);
    let status = loop {
        if let Some(status) = child.try_wait().expect("a process of ours") {
            break status;
        }
        let lived = begun.elapsed();
        if strike.is_some_and(|strike| lived >= strike) || lived > COMMAND_MOST {
            let _ = child.kill();
            break child.wait().expect("a process of ours");
        }
        std::thread::sleep(LOOK_EVERY);
    };
    let lived = begun.elapsed();
    assert!(lived <= COMMAND_MOST, "a command that does not end");
    let [said, complained] = readers.map(|reader| reader.join().expect("no panic"));
    Ended {
        said,
        complained,
        status,
        lived,
    }
}

type Reading = std::thread::JoinHandle<String>;

/// Reads standard output and standard error of a process while it lives.
fn reading(child: &mut Child) -> [Reading; 2] {
    fn read(mut from: impl Read + Send + 'static) -> Reading {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // A process that was killed may have left half a letter.
            let _ = from.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        })
    }
    [
        read(child.stdout.take().expect("a pipe")),
        read(child.stderr.take().expect("a pipe")),
    ]
}
