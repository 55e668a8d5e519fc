//! The one object a shell holds: opens the files, hands out the modules, and answers what needs several of them at once.

mod charts;
mod export;
mod home;
mod reports;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ayumi_protocol::cursor::{LogName, Seq};
use ayumi_protocol::entry::Entry;
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::CaseId;
use chrono::NaiveDate;
use chrono_tz::Tz;

pub use charts::ChartRequest;

use crate::case::Cases;
use crate::chat::{self, Chat, ChatFiles, MarkTimes};
use crate::clock::{Clock, Random};
#[cfg(feature = "net")]
use crate::net::{self, Driver};
use crate::server::ServerConfig;
use crate::settings;
use crate::staff::Staff;
use crate::steps::{self, StepError, Steps};
use crate::store::{
    DatabaseKey, Reader, Recovery, Store, StoreConfig, StoreError, Subscription, Topic, WriteTransaction,
    derived, zones as zone_table,
};
use crate::sync;
use crate::sync::account::{self, Account};
use crate::sync::engine::{Engine, Input, Instruction, Now, SyncStatus};
use crate::sync::outbox::{self, Outgoing};
use crate::sync::replica::{self, Replica};
use crate::sync::uploads;
use crate::time::{DayStart, UtcMillis, ZoneOffsets};
use crate::weight::{self, WeightError, Weights};

pub use export::{
    Export, ExportedCorrection, ExportedDay, ExportedExclusion, ExportedPause, ExportedSettings,
    ExportedWeighIn,
};
pub use home::Home;
pub(crate) use home::home_of_case;
pub(crate) use reports::{report_due, report_everything};

/// Why a question to several modules was not answered.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Steps failed.
    #[error(transparent)]
    Steps(#[from] StepError),
    /// Weight failed.
    #[error(transparent)]
    Weight(#[from] WeightError),
}

impl From<rusqlite::Error> for AppError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What the core needs from a shell to open.
#[derive(Debug)]
pub struct Config {
    /// A private folder of this app; made if it is missing.
    pub folder: PathBuf,
    /// Key of the database files; `None` leaves them plain. Only builds with the feature `sqlcipher` take one.
    pub key: Option<DatabaseKey>,
    /// The zone the phone is in now. The shell reports it again whenever it changes.
    pub zone: Tz,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives randomness for new ids.
    pub random: Arc<dyn Random>,
    /// The server; `None` for an app that exchanges nothing. Only builds with the feature `net` make use of it.
    pub server: Option<ServerConfig>,
}

/// An opened app. Every read and every local write is a plain call that never waits for a network.
#[derive(Debug)]
pub struct App {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    recovery: Mutex<Option<Recovery>>,
    chat_files: ChatFiles,
    mark_times: MarkTimes,
    #[cfg(feature = "net")]
    driver: Option<Driver>,
}

/// The derived views, each with the version of the rules that lead to it.
const DERIVED_VIEWS: [(&str, i64); 3] = [
    ("steps", steps::RULES_VERSION),
    ("weight", weight::RULES_VERSION),
    ("logs", sync::fold::RULES_VERSION),
];

impl App {
    /// Opens the folder, reports the phone's zone, and derives again what a damaged file has lost or other rules derived.
    /// [`Self::recovery`] says whether a damaged file had to be replaced.
    ///
    /// Errors: as [`Store::open`].
    pub fn open(config: Config) -> Result<Self, StoreError> {
        let chat_files = ChatFiles::new(&config.folder);
        let (store, recovery) = Store::open(StoreConfig {
            folder: config.folder,
            key: config.key,
        })?;
        let store = Arc::new(store);
        #[cfg(feature = "net")]
        let driver = config.server.map(|server| {
            Driver::new(
                server,
                Arc::clone(&store),
                chat_files.clone(),
                Arc::clone(&config.clock),
                Arc::clone(&config.random),
            )
        });
        let app = Self {
            store,
            clock: config.clock,
            random: config.random,
            recovery: Mutex::new(recovery),
            chat_files,
            mark_times: MarkTimes::default(),
            #[cfg(feature = "net")]
            driver,
        };
        app.report_zone(config.zone)?;
        app.catch_up()?;
        Ok(app)
    }

    /// What has to be done after the files were opened; small reads if there is nothing to do.
    ///
    /// Price: the start after a change of rules takes as long as deriving everything.
    fn catch_up(&self) -> Result<(), StoreError> {
        self.store.drop_old_quarantine(self.clock.now())?;
        self.collect_files()?;
        let is_outdated = |reader: &Reader<'_>| {
            for (view, version) in DERIVED_VIEWS {
                if derived::version(reader, view)? != Some(version) {
                    return Ok(true);
                }
            }
            Ok::<_, StoreError>(false)
        };
        if !self.store.read(is_outdated)? {
            return Ok(());
        }
        self.store.write(|tx| {
            tx.notify(Topic::Everything);
            self.derive_everything(tx)?;
            for (view, version) in DERIVED_VIEWS {
                derived::set_version(tx, view, version)?;
            }
            Ok(())
        })
    }

    /// What was saved when the latest `open` or `resume` met a damaged file. The person is told plainly.
    #[must_use]
    pub fn recovery(&self) -> Option<Recovery> {
        self.recovery
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Takes back what is exchanged with the server and closes the files until [`Self::resume`], because the app goes to the
    /// background. Twice is once.
    ///
    /// Errors: as [`Store::pause`].
    pub fn pause(&self) -> Result<(), StoreError> {
        #[cfg(feature = "net")]
        if let Some(driver) = &self.driver {
            return driver.pause(|| self.store.pause());
        }
        self.store.pause()
    }

    /// Opens the files of a paused app again; an app that is not paused stays as it is.
    ///
    /// Errors: as [`Store::resume`].
    pub fn resume(&self) -> Result<(), StoreError> {
        if let Some(recovery) = self.store.resume()? {
            *self.recovery.lock().unwrap_or_else(PoisonError::into_inner) = Some(recovery);
        }
        self.catch_up()?;
        #[cfg(feature = "net")]
        if let Some(driver) = &self.driver {
            driver.resume();
        }
        Ok(())
    }

    /// Closes the app for good. Later calls answer `Closed`; closing again does nothing.
    ///
    /// Errors: as [`Store::close`].
    pub fn close(&self) -> Result<(), StoreError> {
        #[cfg(feature = "net")]
        if let Some(driver) = &self.driver {
            return driver.close(|| self.store.close());
        }
        self.store.close()
    }

    /// Deletes everything in the folder and closes the app, after a sign-out or when the account was deleted.
    ///
    /// Errors: as [`Store::wipe`].
    pub fn wipe(&self) -> Result<(), StoreError> {
        #[cfg(feature = "net")]
        if let Some(driver) = &self.driver {
            return driver.wipe(|| self.store.wipe());
        }
        self.store.wipe()
    }

    /// Writes a copy of what the person entered to a file that does not exist yet, under the same key.
    ///
    /// Errors: as [`Store::backup_to`].
    pub fn backup_to(&self, path: &Path) -> Result<(), StoreError> {
        self.store.backup_to(path)
    }

    /// Calls `listener` once with [`Topic::Everything`], then after each change. Dropping the subscription stops it.
    pub fn subscribe(&self, listener: impl Fn(Topic) + Send + Sync + 'static) -> Subscription {
        self.store.subscribe(listener)
    }

    /// Tells the core that the phone is in `zone` from now on. What is already stored stays where it was.
    pub fn report_zone(&self, zone: Tz) -> Result<(), StoreError> {
        let now = self.clock.now();
        if self.store.read(zone_table::history)?.latest() == Some(zone) {
            return Ok(());
        }
        self.store.write(|tx| zone_table::report_zone(tx, now, zone))
    }

    /// Steps.
    #[must_use]
    pub fn steps(&self) -> Steps<'_> {
        Steps::new(&self.store)
    }

    /// The exchange with the server.
    #[cfg(feature = "net")]
    #[must_use]
    pub fn sync(&self) -> net::Sync<'_> {
        net::Sync::new(self.driver.as_ref(), &self.store)
    }

    /// Weight.
    #[must_use]
    pub fn weight(&self) -> Weights<'_> {
        Weights::new(&self.store, self.clock.as_ref(), self.random.as_ref())
    }

    /// The store, for stories that look below.
    #[cfg(test)]
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Conversations.
    #[must_use]
    pub fn chat(&self) -> Chat<'_> {
        Chat::new(
            &self.store,
            self.clock.as_ref(),
            self.random.as_ref(),
            &self.chat_files,
            &self.mark_times,
        )
    }

    /// The work of a dietitian: her caseload, one participant, templates, notes.
    #[must_use]
    pub fn staff(&self) -> Staff<'_> {
        Staff::new(
            &self.store,
            self.clock.as_ref(),
            self.random.as_ref(),
            self.chat(),
        )
    }

    /// Deletes files of own pictures that nothing names any more.
    fn collect_files(&self) -> Result<(), StoreError> {
        self.chat().delete_pictures_of_the_gone()?;
        let now = self.clock.now();
        self.store
            .write::<_, StoreError>(|tx| Ok(uploads::sql::forget_old_uploads(tx, now)?))?;
        let keep = self.store.read(|reader| chat::files_to_keep(reader, now))?;
        // An upload of the system may go on over this start: its slice stays as long as the picture is to be sent.
        let to_do = self.store.read(uploads::hashes_to_do)?;
        self.chat_files.slices.keep_only(&to_do)?;
        let deleted = self.chat_files.attachments.collect(&keep, now)?;
        if deleted > 0 {
            tracing::info!(deleted, "files of pictures that nothing names");
        }
        Ok(())
    }

    /// The cases on this phone, and her consent.
    #[must_use]
    pub fn cases(&self) -> Cases<'_> {
        Cases::new(&self.store, self.clock.as_ref(), self.random.as_ref())
    }

    /// Who is signed in on this phone.
    pub fn account(&self) -> Result<Option<Account>, StoreError> {
        self.store.read(account::read)
    }

    /// Hands an input to an engine, for a driver that carries out what it answers. See [`Engine::step`].
    pub fn step(
        &self,
        engine: &mut Engine,
        now: Now,
        input: Input,
    ) -> (Vec<Instruction>, Result<(), StoreError>) {
        let (instructions, result) =
            engine.step(&self.store, &self.chat_files, now, self.random.as_ref(), input);
        let result = result.and_then(|()| self.chat().delete_pictures_of_the_gone());
        (instructions, result)
    }

    /// What a screen shows of an engine. See [`Engine::status`].
    pub fn status(&self, engine: &Engine, now: Now) -> Result<SyncStatus, StoreError> {
        self.store.read(|reader| engine.status(reader, now))
    }

    /// Bytes of a part of an own picture, for a driver that sends it.
    ///
    /// Errors: `Io` if the file is gone or shorter; `Locked`.
    pub fn read_part(
        &self,
        sha256: Sha256,
        offset_bytes: u32,
        length_bytes: u32,
    ) -> Result<Vec<u8>, StoreError> {
        self.chat_files.read_part(sha256, offset_bytes, length_bytes)
    }

    /// What waits to be sent, in its order: an inspection, not a screen.
    pub fn outbox(&self) -> Result<Vec<Outgoing>, StoreError> {
        self.store.read(|reader| Ok(outbox::sql::all(reader)?))
    }

    /// Every log on this phone, with how far it was read: an inspection, not a screen.
    pub fn replicas(&self) -> Result<Vec<Replica>, StoreError> {
        self.store.read(replica::all_growing)
    }

    /// The copy of a log that screens show: an inspection, not a screen.
    pub fn shown_replica(&self, log: LogName) -> Result<Option<Replica>, StoreError> {
        self.store.read(|reader| replica::shown(reader, log))
    }

    /// Entries of a shown log after a place, at most `most`, in their order: an inspection, not a screen.
    pub fn entries(&self, log: LogName, after: Seq, most: usize) -> Result<Vec<Entry>, StoreError> {
        self.store.read(|reader| match replica::shown(reader, log)? {
            Some(replica) => Ok(replica::sql::entries_after(reader, replica.id, after, most)?),
            None => Ok(Vec::new()),
        })
    }

    /// Moves the start of the person's day and derives steps and weight again, both or neither.
    pub fn set_day_start(&self, day_start: DayStart) -> Result<(), StoreError> {
        self.store.write(|tx| {
            settings::set_day_start(tx, day_start)?;
            for topic in [Topic::Settings, Topic::Steps, Topic::Weight] {
                tx.notify(topic);
            }
            self.derive_everything(tx)
        })
    }

    /// Derives every derived table again.
    fn derive_everything(&self, tx: &WriteTransaction<'_>) -> Result<(), StoreError> {
        const READ_FROM_THE_STORE: StoreError = StoreError::Bug {
            where_: "deriving again refuses nothing that is stored",
        };
        sync::replica::refold(tx)?;
        steps::rebuild(tx).map_err(|error| match error {
            StepError::Store(error) => error,
            _ => READ_FROM_THE_STORE,
        })?;
        self.weight().rebuild_in(tx).map_err(|error| match error {
            WeightError::Store(error) => error,
            _ => READ_FROM_THE_STORE,
        })
    }

    /// Everything the home screen shows on `today`, from one state of the data.
    pub fn home(&self, today: NaiveDate) -> Result<Home, AppError> {
        self.store.read(|reader| home::home(reader, today))
    }

    /// What the home screen of a case shows on `today`, her date, as its log tells it: for her dietitian.
    ///
    /// A case that is not on this phone has no data.
    pub fn case_home(&self, case_id: CaseId, today: NaiveDate) -> Result<Home, AppError> {
        self.store
            .read(|reader| home::home_of_case(reader, case_id, today))
    }

    /// Everything the person entered, from one state of the data, with the day totals beside it.
    pub fn export(&self) -> Result<Export, AppError> {
        self.store.read(|reader| export::export(reader, self.clock.now()))
    }

    /// Imports a file: checks all of it, then stores it in batches. The same file twice changes nothing, and an import that
    /// was broken off goes on where it stopped.
    ///
    /// Shapes: `open` gives the file from its start each time it is called, `plan` comes from [`crate::import::plan`], `watch` is told
    /// how far it is and can stop it.
    /// Errors: as [`ImportFailure`](crate::import::ImportFailure). A bad record stores nothing of the file.
    #[cfg(feature = "import")]
    pub fn import<R: std::io::Read + std::io::Seek>(
        &self,
        open: impl Fn() -> std::io::Result<R>,
        plan: &crate::import::ImportPlan,
        watch: &mut dyn FnMut(crate::import::ImportProgress) -> std::ops::ControlFlow<()>,
    ) -> Result<crate::import::ImportReport, crate::import::ImportFailure> {
        crate::import::run(&self.store, self.weight(), self.clock.now(), open, plan, watch)
    }

    /// The person's start of the day; midnight unless she chose otherwise.
    pub fn day_start(&self) -> Result<DayStart, StoreError> {
        self.store.read(settings::day_start)
    }

    /// The person's date at an instant: in the zone she was in last, with her start of the day.
    pub fn date_of(&self, at: UtcMillis) -> Result<NaiveDate, StoreError> {
        self.store.read(|reader| {
            let zone = zone_table::history(reader)?.latest().unwrap_or(Tz::Asia__Tokyo);
            Ok(ZoneOffsets::new(zone).date_of(at, settings::day_start(reader)?))
        })
    }

    /// The person's date now.
    pub fn today(&self) -> Result<NaiveDate, StoreError> {
        self.date_of(self.clock.now())
    }
}
