//! The real server as a process, on SQLite, in a folder and on a port that it keeps from life to life.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ayumi_core::clock::{Clock as _, SystemClock};
use ayumi_server::accounts::second_factor;

use crate::real_server::{CONSENT, base32};

/// The name of the simulated participant.
pub const NAME: &str = "試用 歩子";
/// When she is born, as it is typed.
pub const BORN: &str = "1975-04-01";
/// The login of her dietitian.
pub const LOGIN: &str = "dietitian";

/// A server and its folder. Dropping it kills it.
#[derive(Debug)]
pub struct ServerProcess {
    program: PathBuf,
    folder: PathBuf,
    address: SocketAddr,
    child: Option<Child>,
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.end();
    }
}

impl ServerProcess {
    /// A server that does not run yet, in an empty folder, on a port that nobody listens on.
    ///
    /// # Panics
    /// If there is no port.
    #[must_use]
    pub fn new(program: &Path, folder: &Path) -> Self {
        let address = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port");
        Self {
            program: program.to_owned(),
            folder: folder.to_owned(),
            address,
            child: None,
        }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its database and its pictures are.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg("--data")
            .arg(self.data())
            .args(["--store", "sqlite"])
            // What it says about clients that are torn away is no news here.
            .env("AYUMI_LOG_LEVEL", "off")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command of the operator and brings what it printed.
    ///
    /// # Panics
    /// If it fails.
    #[must_use]
    pub fn admin(&self, words: &[&str]) -> String {
        let output = self.command().arg("admin").args(words).output();
        let output = output.expect("a started program");
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout)
            .expect("a text")
            .trim()
            .to_owned()
    }

    /// Starts it, and does not wait until it answers.
    ///
    /// # Panics
    /// If it runs, or cannot be started.
    pub fn start(&mut self) {
        assert!(self.child.is_none(), "one life at a time");
        let unlimited = [
            "--pushes-per-minute",
            "1000000",
            "--push-burst",
            "1000000",
            "--sign-ins-per-hour",
            "1000000",
        ];
        let child = self
            .command()
            .args(unlimited)
            .env("AYUMI_LISTEN", self.address.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.child = Some(child.expect("a started server"));
    }

    /// Waits until it takes connections.
    ///
    /// # Panics
    /// If it has ended, or does not within a minute.
    pub fn wait_until_ready(&mut self) {
        for _ in 0..3000 {
            let child = self.child.as_mut().expect("it runs");
            let ended = child.try_wait().expect("a process of ours");
            assert!(ended.is_none(), "the server ended by itself with {ended:?}");
            if TcpStream::connect(self.address).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        unreachable!("the server does not answer");
    }

    /// SIGKILL.
    ///
    /// # Panics
    /// If it does not run, or had ended by itself.
    pub fn kill(&mut self) {
        let child = self.child.as_mut().expect("it runs");
        let ended = child.try_wait().expect("a process of ours");
        assert!(ended.is_none(), "the server ended by itself with {ended:?}");
        self.end();
    }

    fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Makes a society with a dietitian and an invitation of one participant, by commands of the operator.
    ///
    /// # Panics
    /// If a command fails.
    #[must_use]
    pub fn found(&self) -> Society {
        let consent = self.folder.join("consent.txt");
        std::fs::write(&consent, CONSENT).expect("a file");
        let consent = consent.display().to_string();
        drop(self.admin(&["society-create", "simulated", "Simulated"]));
        drop(self.admin(&["consent-text", "simulated", "1", &consent]));
        let printed = self.admin(&["staff-create", "simulated", "dietitian", LOGIN, "試用 栄子"]);
        let value = |name: &str| {
            let line = printed.lines().find_map(|line| line.strip_prefix(name));
            line.expect("a line of credentials").trim().to_owned()
        };
        let invitation = ["invitation-create", "simulated", NAME, BORN, "--dietitian", LOGIN];
        Society {
            invitation: self.admin(&invitation),
            password: value("password\t"),
            totp_secret: base32(&value("second factor\t")),
        }
    }
}

/// Who may sign in at a server.
pub struct Society {
    /// The code of the participant, which serves once.
    pub invitation: String,
    password: String,
    totp_secret: Vec<u8>,
}

impl Society {
    /// Password and one-time code of the dietitian as she types them now.
    ///
    /// # Panics
    /// If there is no code.
    #[must_use]
    pub fn credentials(&self) -> (String, String) {
        let digits = second_factor::digits(&self.totp_secret, SystemClock.now().0);
        (self.password.clone(), digits.expect("a second factor"))
    }
}
