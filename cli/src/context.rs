//! What every command starts from: the opened app, today, the language.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ayumi_core::app::{App, Config};
use ayumi_core::clock::{Clock as _, Random, SystemClock};
use ayumi_core::store::Recovery;
use ayumi_core::time::{NaiveDate, Tz, UtcMillis, WeekStart, ZoneOffsets, parse_zone};
use ayumi_core::weight::{MassUnit, WeighInTime};
use ayumi_protocol::id::CaseId;

use crate::arguments::{Common, Language, Unit, WeekStartChoice};
use crate::connection::Connection;
use crate::failure::Failure;
use crate::labels::Labels;
use crate::text::thousands;
use crate::words::Word;

/// An opened app and how to show it.
pub(crate) struct Context {
    pub app: App,
    /// The date that is taken for today.
    pub today: NaiveDate,
    /// Whether that date was given, and is not the clock's.
    pub is_today_given: bool,
    /// The clock's instant at the start of the command.
    pub now: UtcMillis,
    pub zone: Tz,
    pub labels: Labels,
}

/// Randomness of the operating system.
#[derive(Debug)]
pub(crate) struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // Ids also carry the time, so a machine without randomness still makes different ones.
        let _ = getrandom::fill(bytes);
    }
}

impl Context {
    /// Opens the app in the person's folder, does the work, and closes the files in an orderly way, also after a failure.
    pub(crate) fn with(
        common: &Common,
        work: impl FnOnce(&Self) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        Self::with_folder(common, &Self::folder(common)?, work)
    }

    /// The folder asked for, else that of the person.
    pub(crate) fn folder(common: &Common) -> Result<PathBuf, Failure> {
        match &common.folder {
            Some(folder) => Ok(folder.clone()),
            None => default_folder(),
        }
    }

    /// As [`Self::with`], in a folder of the caller's choice, and with what the work brings.
    pub(crate) fn with_folder<T>(
        common: &Common,
        folder: &Path,
        work: impl FnOnce(&Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let context = Self::open(common, folder)?;
        let result = work(&context);
        let closed = context.app.close();
        // What the work failed with is what the person has to know.
        let brought = result?;
        closed?;
        Ok(brought)
    }

    fn open(common: &Common, folder: &Path) -> Result<Self, Failure> {
        let zone = zone(common)?;
        let config = Config {
            folder: folder.to_owned(),
            key: None,
            zone,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            server: Connection::of_folder(folder)?
                .map(|connection| connection.config(folder))
                .transpose()?,
        };
        let app = App::open(config).map_err(|error| Failure::file(folder, &Failure::from(error)))?;
        let labels = Labels::new(language(common));
        if let Some(recovery) = app.recovery() {
            tell_recovery(labels, &recovery)?;
        }
        let today = match common.today {
            Some(today) => today,
            None => app.today()?,
        };
        Ok(Self {
            app,
            today,
            is_today_given: common.today.is_some(),
            now: SystemClock.now(),
            zone,
            labels,
        })
    }
}

impl Context {
    /// The week start asked for, else that of the language.
    pub(crate) const fn week_start(&self, choice: Option<WeekStartChoice>) -> WeekStart {
        match (choice, self.labels.language()) {
            (Some(WeekStartChoice::Monday), _) | (None, Language::En) => WeekStart::Monday,
            (Some(WeekStartChoice::Sunday), _) | (None, Language::Ja) => WeekStart::Sunday,
            (Some(WeekStartChoice::Saturday), _) => WeekStart::Saturday,
        }
    }
}

/// What is typed and shown in the person's own unit and zone.
impl Context {
    /// The case of the participant who is signed in.
    pub(crate) fn own_case(&self) -> Result<CaseId, Failure> {
        match self.app.account()? {
            Some(account) => account.case_id.ok_or_else(|| {
                Failure::Usage("a member of the staff is signed in here: see ayumi staff --help".to_owned())
            }),
            None => Err(Failure::Usage(
                "nobody is signed in: ayumi enrol --birth-date DATE --server URL".to_owned(),
            )),
        }
    }

    /// `YYYY-MM-DD HH:MM` on the clocks of where the person is.
    pub(crate) fn date_and_time(&self, at: UtcMillis) -> String {
        let local_ms = at.plus(i64::from(offset_s(self.zone, at)).saturating_mul(1000)).0;
        chrono::DateTime::from_timestamp_millis(local_ms)
            .map_or_else(String::new, |local| local.format("%Y-%m-%d %H:%M").to_string())
    }

    /// The unit named, else the one she chose for all weights.
    pub(crate) fn unit(&self, named: Option<Unit>) -> Result<MassUnit, Failure> {
        match named {
            Some(unit) => Ok(unit.into()),
            None => Ok(self.app.weight().display_unit()?),
        }
    }

    /// An instant with the offset of her zone.
    pub(crate) fn local_time(&self, at: UtcMillis) -> WeighInTime {
        WeighInTime::Timed {
            at,
            sub_ms_ns: 0,
            offset_s: offset_s(self.zone, at),
            zone: Some(self.zone),
        }
    }
}

/// Local time minus UTC in a zone at an instant, in seconds.
pub(crate) fn offset_s(zone: Tz, at: UtcMillis) -> i32 {
    let offset_ms = ZoneOffsets::new(zone).period(at).offset_ms;
    i32::try_from(offset_ms / 1000).unwrap_or(0) // a zone is less than a day away from UTC
}

/// On standard error, so that the answer itself stays what a program expects.
fn tell_recovery(labels: Labels, recovery: &Recovery) -> Result<(), Failure> {
    let rows = thousands(i64::try_from(recovery.salvaged_rows).unwrap_or(i64::MAX));
    let line = labels.say(
        Word::Recovered,
        &[("rows", &rows), ("file", &recovery.set_aside.display())],
    );
    writeln!(std::io::stderr(), "{line}")?;
    Ok(())
}

/// The zone asked for, else that of the environment, else the computer's, else Japan's.
fn zone(common: &Common) -> Result<Tz, Failure> {
    if let Some(zone) = common.zone {
        return Ok(zone);
    }
    if let Some(name) = std::env::var("AYUMI_ZONE").ok().filter(|name| !name.is_empty()) {
        return parse_zone(&name).ok_or_else(|| {
            Failure::Usage("AYUMI_ZONE is not an IANA zone name; Asia/Tokyo is one".to_owned())
        });
    }
    Ok(iana_time_zone::get_timezone()
        .ok()
        .and_then(|name| parse_zone(&name))
        .unwrap_or(Tz::Asia__Tokyo))
}

pub(crate) fn language(common: &Common) -> Language {
    common.language.unwrap_or_else(|| {
        let wants_japanese = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
            .is_some_and(|locale| locale.starts_with("ja"));
        if wants_japanese {
            Language::Ja
        } else {
            Language::En
        }
    })
}

fn default_folder() -> Result<PathBuf, Failure> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("XDG_DATA_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".local/share")))
        .or_else(|| set("LOCALAPPDATA"))
        .map(|folder| folder.join("ayumi"))
        .ok_or_else(|| Failure::Usage("no data folder is known: say --folder DIR".to_owned()))
}
