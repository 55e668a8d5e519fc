//! The one object a shell holds: opens the files and hands out the modules.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;

use crate::clock::{Clock, Random};
use crate::settings;
use crate::steps::Steps;
use crate::store::{Store, StoreConfig, StoreError, zones as zone_table};
use crate::time::{UtcMillis, ZoneOffsets};

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
}

impl App {
    /// Opens the folder and reports the phone's zone.
    pub fn open(config: Config) -> Result<Self, StoreError> {
        let (store, _) = Store::open(StoreConfig {
            folder: config.folder,
            key: None,
        })?;
        let app = Self {
            store,
            clock: config.clock,
        };
        app.report_zone(config.zone)?;
        Ok(app)
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
