//! The one object a shell holds: opens the files and hands out the modules.

mod charts;

use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;

pub use charts::ChartRequest;

use crate::clock::{Clock, Random};
use crate::settings;
use crate::steps::{self, StepError, Steps};
use crate::store::{
    Recovery, Store, StoreConfig, StoreError, Topic, WriteTransaction, derived, zones as zone_table,
};
use crate::time::{DayStart, UtcMillis, ZoneOffsets};
use crate::weight::{WeightError, Weights};

/// What the core needs from a shell to open.
#[derive(Debug)]
pub struct Config {
    /// A private folder of this app; made if it is missing.
    pub folder: PathBuf,
    /// The zone the phone is in now. The shell reports it again whenever it changes.
    pub zone: Tz,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives randomness for new ids.
    pub random: Arc<dyn Random>,
}

/// An opened app. Every read and every local write is a plain call that never waits for a network.
#[derive(Debug)]
pub struct App {
    store: Store,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    recovery: Option<Recovery>,
}

impl App {
    /// Opens the folder, reports the phone's zone, and derives again what a damaged file has lost.
    ///
    /// Errors: as [`Store::open`].
    pub fn open(config: Config) -> Result<Self, StoreError> {
        let (store, recovery) = Store::open(StoreConfig {
            folder: config.folder,
            key: None,
        })?;
        let app = Self {
            store,
            clock: config.clock,
            random: config.random,
            recovery,
        };
        app.report_zone(config.zone)?;
        if app.store.read(derived::are_stale)? {
            app.store.write(|tx| {
                app.derive_everything(tx)?;
                derived::set_fresh(tx)
            })?;
        }
        Ok(app)
    }

    /// What became of a damaged database while opening, if it was damaged. The person is told plainly.
    #[must_use]
    pub const fn recovery(&self) -> Option<&Recovery> {
        self.recovery.as_ref()
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
    pub const fn steps(&self) -> Steps<'_> {
        Steps::new(&self.store)
    }

    /// Weight.
    #[must_use]
    pub fn weight(&self) -> Weights<'_> {
        Weights::new(&self.store, self.clock.as_ref(), self.random.as_ref())
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
        steps::rebuild(tx).map_err(|error| match error {
            StepError::Store(error) => error,
            _ => READ_FROM_THE_STORE,
        })?;
        self.weight().rebuild_in(tx).map_err(|error| match error {
            WeightError::Store(error) => error,
            _ => READ_FROM_THE_STORE,
        })
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
