//! One phone: the real app with its engine, over files that outlive the process.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ayumi_core::app::{App, Config};
use ayumi_core::clock::ManualClock;
use ayumi_core::store::StoreError;
use ayumi_core::store::Subscription;
use ayumi_core::sync::engine::{Engine, EngineConfig, Input, Instruction, Now, Phase};
use ayumi_core::time::{Tz, UtcMillis};
use ayumi_protocol::id::{CaseId, DeviceId};
use ayumi_protocol::session::Tokens;
use ayumi_protocol::version::AppVersion;

use super::backend::copy_folder;
use super::random::SharedDice;
use crate::oracle::FileCheck;

/// The version of the simulated app.
pub const APP_VERSION: AppVersion = AppVersion {
    major: 1,
    minor: 0,
    patch: 0,
};

/// A phone.
#[expect(
    clippy::struct_excessive_bools,
    reason = "conditions that come and go independently"
)]
pub struct Phone {
    /// For the trace.
    pub name: &'static str,
    /// The installation of the app, for the history: its first device id.
    pub device: u128,
    /// The device as the server knows it; another one after each sign-in.
    pub device_id: DeviceId,
    /// The account of its owner.
    pub account: u128,
    /// Cases whose conversation its owner takes part in.
    pub cases: Vec<CaseId>,
    /// Its owner guides.
    pub is_staff: bool,
    /// Its files.
    pub folder: PathBuf,
    /// The process, if it runs.
    pub process: Option<Process>,
    /// Counts processes: what was meant for an earlier one is not delivered.
    pub incarnation: u64,
    /// What the wall clock is wrong by.
    pub wall_error_ms: i64,
    /// The Keychain: outlives the process, and is not part of a backup.
    pub secrets: Arc<Mutex<Option<Tokens>>>,
    /// The network reaches the server.
    pub is_connected: bool,
    /// Its disk is full.
    pub is_full: bool,
    /// Its owner has to sign in again.
    pub has_to_sign_in: bool,
    /// A copy of its files.
    pub backup: Option<(PathBuf, u64)>,
    random: SharedDice,
}

/// A running app.
pub struct Process {
    /// The app.
    pub app: App,
    /// Its engine.
    pub engine: Engine,
    /// Its wall clock.
    pub clock: Arc<ManualClock>,
    /// When its timer ends.
    pub timer: Option<Duration>,
    /// The app is in front.
    pub is_in_front: bool,
    /// Something changed since this was last looked at.
    pub has_changed: Arc<AtomicBool>,
    _subscription: Subscription,
}

impl Process {
    /// Whether the engine says that nothing can be exchanged until somebody does something.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        use ayumi_core::clock::Clock as _;
        let now = Now {
            monotonic: Duration::MAX,
            wall: self.clock.now(),
        };
        let status = self.app.status(&self.engine, now).expect("a status");
        matches!(status.phase, Phase::Blocked(_))
    }
}

impl Phone {
    /// A phone with the files of a folder.
    #[must_use]
    pub fn new(name: &'static str, folder: PathBuf, tokens: Option<Tokens>, random: SharedDice) -> Self {
        Self {
            name,
            device: 0,
            device_id: DeviceId::SYSTEM,
            account: 0,
            cases: Vec::new(),
            is_staff: false,
            folder,
            process: None,
            incarnation: 0,
            wall_error_ms: 0,
            secrets: Arc::new(Mutex::new(tokens)),
            is_connected: true,
            is_full: false,
            has_to_sign_in: false,
            backup: None,
            random,
        }
    }

    /// Starts the app. The engine has heard nothing yet.
    ///
    /// # Panics
    /// If its files do not open.
    pub fn start(&mut self, wall: UtcMillis) {
        self.try_start(wall).expect("the files of a phone open");
    }

    /// The same where the disk may be full.
    ///
    /// Errors: those of opening.
    pub fn try_start(&mut self, wall: UtcMillis) -> Result<(), StoreError> {
        let clock = Arc::new(ManualClock::new(wall.plus(self.wall_error_ms)));
        let app = App::open(Config {
            folder: self.folder.clone(),
            key: None,
            zone: Tz::Asia__Tokyo,
            clock: clock.clone(),
            random: Arc::new(self.random.clone()),
            server: None,
        })?;
        let has_changed = Arc::new(AtomicBool::new(true));
        let flag = Arc::clone(&has_changed);
        let subscription = app.subscribe(move |_| flag.store(true, Ordering::Relaxed));
        self.incarnation += 1;
        self.process = Some(Process {
            app,
            engine: Engine::new(EngineConfig {
                app_version: APP_VERSION,
                asks_about_old_messages: true,
                // Simulated logs are short.
                snapshot_worth_entries: 10,
            }),
            clock,
            timer: None,
            is_in_front: true,
            has_changed,
            _subscription: subscription,
        });
        Ok(())
    }

    /// Ends the process without a word: nothing is closed.
    pub fn kill(&mut self) {
        self.process = None;
        self.incarnation += 1;
    }

    /// The tokens in the Keychain.
    #[must_use]
    pub fn tokens(&self) -> Option<Tokens> {
        self.secrets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Puts tokens into the Keychain, or takes them out.
    pub fn set_tokens(&self, tokens: Option<Tokens>) {
        *self.secrets.lock().unwrap_or_else(PoisonError::into_inner) = tokens;
    }

    /// Hands an input to the engine of a running app.
    pub fn step(&mut self, monotonic: Duration, wall: UtcMillis, input: Input) -> Vec<Instruction> {
        let (instructions, stepped) = self.try_step(monotonic, wall, input);
        stepped.expect("the store of a phone works");
        instructions
    }

    /// The same where the store may fail.
    ///
    /// Errors: those of the step; the instructions are to be carried out all the same.
    pub fn try_step(
        &mut self,
        monotonic: Duration,
        wall: UtcMillis,
        input: Input,
    ) -> (Vec<Instruction>, Result<(), StoreError>) {
        let error_ms = self.wall_error_ms;
        let Some(process) = self.process.as_mut() else {
            return (Vec::new(), Ok(()));
        };
        let wall = wall.plus(error_ms);
        process.clock.set(wall);
        process
            .app
            .step(&mut process.engine, Now { monotonic, wall }, input)
    }

    /// Examines the files: what SQLite says of them, and whether the pictures of what was sent are there.
    #[must_use]
    pub fn examine(&self) -> FileCheck {
        let user = self.folder.join("user");
        let connection = rusqlite::Connection::open(user.join("user.db")).expect("the file of a phone");
        let integrity: String = connection
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .expect("an answer");
        let mut keys = connection
            .prepare("PRAGMA foreign_key_check")
            .expect("a statement");
        let has_orphans = keys.query([]).expect("rows").next().expect("a row").is_some();
        let mut needed = connection
            .prepare(
                // The pictures of what the other device of a person wrote and a restored server lost are offered here without their bytes:
                // the server has them, or the other device brings them.
                "SELECT file.sha256 FROM outbox_file AS file
                 JOIN outbox ON outbox.op_id = file.op_id
                 WHERE outbox.is_reoffered = 0
                 UNION
                 SELECT sha256 FROM upload
                 WHERE kept_until_ms IS NOT NULL AND NOT EXISTS (
                     SELECT 1 FROM log_entry
                     WHERE log_entry.device_id <> ?1 AND instr(log_entry.body, upload.sha256) > 0)",
            )
            .expect("a statement");
        let device = self.device_id.to_string();
        let needed: Vec<String> = needed
            .query_map([device], |row| row.get(0))
            .expect("rows")
            .collect::<Result<_, _>>()
            .expect("hashes");
        let missing = needed
            .iter()
            .filter(|sha256| !user.join("attachments").join(sha256).exists())
            .count();
        FileCheck {
            integrity: integrity == "ok",
            foreign_keys: !has_orphans,
            missing_files: u32::try_from(missing).unwrap_or(u32::MAX),
            ..FileCheck::SOUND
        }
    }

    /// Copies the files of a phone that does not run.
    pub fn back_up(&mut self, to: PathBuf, number: u64) {
        copy_folder(&self.folder, &to);
        self.backup = Some((to, number));
    }

    /// Sets the files of a phone that does not run back to its copy. Returns the number of the copy.
    pub fn set_back(&mut self) -> Option<u64> {
        let (from, number) = self.backup.clone()?;
        std::fs::remove_dir_all(&self.folder).expect("the files of a phone");
        copy_folder(&from, &self.folder);
        Some(number)
    }
}
