//! STUB
use rusqlite::Connection;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Mutex;
pub struct StoreConfig {
    pub folder: PathBuf,
    pub key: Option<()>,
}
#[derive(Debug)]
pub struct Store {
    c: Mutex<Connection>,
}
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}
pub struct Reader<'c>(&'c Connection);
impl<'c> Reader<'c> {
    pub(crate) fn connection(&self) -> &'c Connection {
        self.0
    }
}
pub struct WriteTransaction<'c>(Reader<'c>);
impl<'c> Deref for WriteTransaction<'c> {
    type Target = Reader<'c>;
    fn deref(&self) -> &Reader<'c> {
        &self.0
    }
}
impl WriteTransaction<'_> {
    pub fn notify(&self, _t: Topic) {}
}
#[derive(Clone, Copy)]
pub enum Topic {
    Steps,
    Settings,
}
impl Store {
    pub fn open(config: StoreConfig) -> Result<(Store, Option<()>), StoreError> {
        std::fs::create_dir_all(&config.folder).unwrap();
        let c = Connection::open(config.folder.join("user.db"))?;
        c.set_prepared_statement_cache_capacity(100);
        c.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")?;
        c.execute_batch("CREATE TABLE IF NOT EXISTS setting(key TEXT PRIMARY KEY, value TEXT) STRICT;
 CREATE TABLE IF NOT EXISTS zone(zone_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
 CREATE TABLE IF NOT EXISTS zone_history(from_ms INTEGER PRIMARY KEY, zone_id INTEGER NOT NULL) STRICT;
 CREATE TABLE IF NOT EXISTS step_source(source_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL) STRICT;
 CREATE TABLE IF NOT EXISTS step_priority(position INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
 CREATE TABLE IF NOT EXISTS step_counter_state(source_id INTEGER PRIMARY KEY REFERENCES step_source, boot TEXT, boot_wall_ms INTEGER NOT NULL, count INTEGER NOT NULL, event_elapsed_ms INTEGER NOT NULL) STRICT;
 CREATE TABLE IF NOT EXISTS step_past_boot(source_id INTEGER NOT NULL, boot TEXT NOT NULL, PRIMARY KEY(source_id, boot)) STRICT, WITHOUT ROWID;
 CREATE TABLE IF NOT EXISTS step_held_sample(held_id INTEGER PRIMARY KEY AUTOINCREMENT, source_id INTEGER NOT NULL, boot TEXT, count INTEGER NOT NULL, event_elapsed_ms INTEGER NOT NULL, received_elapsed_ms INTEGER NOT NULL, received_at_ms INTEGER NOT NULL, zone_id INTEGER NOT NULL) STRICT;
 CREATE TABLE IF NOT EXISTS step_counter_sample(sample_id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, zone_id INTEGER NOT NULL, boot TEXT, count INTEGER, event_elapsed_ms INTEGER, received_elapsed_ms INTEGER, received_at_ms INTEGER, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, steps INTEGER NOT NULL, quarantined_steps INTEGER NOT NULL DEFAULT 0, length_class INTEGER NOT NULL) STRICT;
 CREATE INDEX IF NOT EXISTS a ON step_counter_sample(length_class, to_ms);
 CREATE TABLE IF NOT EXISTS step_interval(interval_id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, record_id TEXT NOT NULL, start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL, steps INTEGER NOT NULL, modified_ms INTEGER NOT NULL, zone_id INTEGER NOT NULL, is_deleted INTEGER NOT NULL DEFAULT 0, length_class INTEGER NOT NULL, UNIQUE(source_id, record_id)) STRICT;
 CREATE INDEX IF NOT EXISTS b ON step_interval(length_class, end_ms) WHERE is_deleted = 0;
 CREATE TABLE IF NOT EXISTS step_bucket(bucket_id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL, steps INTEGER NOT NULL, queried_at_ms INTEGER NOT NULL, is_partial INTEGER NOT NULL, zone_id INTEGER NOT NULL, length_class INTEGER NOT NULL, UNIQUE(source_id,start_ms,end_ms)) STRICT;
 CREATE INDEX IF NOT EXISTS c ON step_bucket(length_class, end_ms);
 CREATE TABLE IF NOT EXISTS step_pause(pause_id INTEGER PRIMARY KEY AUTOINCREMENT, start_ms INTEGER NOT NULL, end_ms INTEGER) STRICT;
 CREATE TABLE IF NOT EXISTS step_exclusion(exclusion_id INTEGER PRIMARY KEY AUTOINCREMENT, start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL, reason TEXT) STRICT;
 CREATE TABLE IF NOT EXISTS step_adjustment(date TEXT PRIMARY KEY, correction INTEGER NOT NULL, requested_steps INTEGER NOT NULL) STRICT, WITHOUT ROWID;
 CREATE TABLE IF NOT EXISTS step_hour(date TEXT NOT NULL, start_ms INTEGER NOT NULL, steps INTEGER NOT NULL, PRIMARY KEY(date, start_ms)) STRICT, WITHOUT ROWID;
 CREATE TABLE IF NOT EXISTS step_day(date TEXT PRIMARY KEY, sensor_steps INTEGER NOT NULL, quarantined_steps INTEGER NOT NULL, zone_id INTEGER NOT NULL, is_travel_day INTEGER NOT NULL) STRICT, WITHOUT ROWID;")?;
        Ok((Store { c: Mutex::new(c) }, None))
    }
    pub fn read<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Reader<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let c = self.c.lock().unwrap();
        work(&Reader(&c))
    }
    pub fn write<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&WriteTransaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let c = self.c.lock().unwrap();
        c.execute_batch("BEGIN IMMEDIATE").map_err(StoreError::from)?;
        match work(&WriteTransaction(Reader(&c))) {
            Ok(v) => {
                c.execute_batch("COMMIT").map_err(StoreError::from)?;
                Ok(v)
            }
            Err(e) => {
                c.execute_batch("ROLLBACK").ok();
                Err(e)
            }
        }
    }
}
pub mod settings {
    use super::*;
    use rusqlite::OptionalExtension;
    pub fn get(r: &Reader<'_>, k: &str) -> Result<Option<String>, StoreError> {
        Ok(r.0
            .prepare_cached("SELECT value FROM setting WHERE key=?1")?
            .query_row([k], |r| r.get(0))
            .optional()?)
    }
    pub fn set(t: &WriteTransaction<'_>, k: &str, v: Option<&str>) -> Result<(), StoreError> {
        match v {
            Some(v) => t.0.0.execute(
                "INSERT INTO setting VALUES(?1,?2) ON CONFLICT DO UPDATE SET value=excluded.value",
                [k, v],
            )?,
            None => t.0.0.execute("DELETE FROM setting WHERE key=?1", [k])?,
        };
        Ok(())
    }
}
pub mod zones {
    use super::*;
    use crate::time::UtcMillis;
    use chrono_tz::Tz;
    use rusqlite::OptionalExtension;
    use std::collections::BTreeMap;
    pub fn zones(r: &Reader<'_>) -> Result<BTreeMap<i64, Tz>, StoreError> {
        Ok(r.0
            .prepare_cached("SELECT zone_id, name FROM zone")?
            .query_map([], |r| {
                Ok((
                    r.get(0)?,
                    crate::time::parse_zone(&r.get::<_, String>(1)?).unwrap(),
                ))
            })?
            .collect::<Result<_, _>>()?)
    }
    pub fn zone_id(t: &WriteTransaction<'_>, z: Tz) -> Result<i64, StoreError> {
        t.0.0
            .execute("INSERT OR IGNORE INTO zone(name) VALUES(?1)", [z.name()])?;
        Ok(t.0
            .0
            .query_row("SELECT zone_id FROM zone WHERE name=?1", [z.name()], |r| r.get(0))?)
    }
    pub fn report_zone(t: &WriteTransaction<'_>, at: UtcMillis, z: Tz) -> Result<(), StoreError> {
        let id = zone_id(t, z)?;
        t.0.0
            .execute("INSERT OR IGNORE INTO zone_history VALUES(?1,?2)", [at.0, id])?;
        Ok(())
    }
    pub fn zone_at(r: &Reader<'_>, at: UtcMillis) -> Result<Option<Tz>, StoreError> {
        let n: Option<String> = r.0.query_row("SELECT name FROM zone_history JOIN zone USING(zone_id) ORDER BY from_ms > ?1, CASE WHEN from_ms <= ?1 THEN -from_ms ELSE from_ms END LIMIT 1", [at.0], |r| r.get(0)).optional()?;
        Ok(n.and_then(|n| crate::time::parse_zone(&n)))
    }
    pub fn latest_zone(r: &Reader<'_>) -> Result<Option<Tz>, StoreError> {
        let n: Option<String> =
            r.0.query_row(
                "SELECT name FROM zone_history JOIN zone USING(zone_id) ORDER BY from_ms DESC LIMIT 1",
                [],
                |r| r.get(0),
            )
            .optional()?;
        Ok(n.and_then(|n| crate::time::parse_zone(&n)))
    }

    /// x
    #[derive(Debug)]
    pub struct ZoneHistory(Vec<(UtcMillis, Tz)>);
    impl ZoneHistory {
        /// x
        pub fn at(&self, at: UtcMillis) -> Option<Tz> {
            let n = self.0.partition_point(|(from, _)| *from <= at);
            self.0.get(n.saturating_sub(1)).map(|(_, z)| *z)
        }
    }
    /// x
    pub fn history(r: &Reader<'_>) -> Result<ZoneHistory, StoreError> {
        Ok(ZoneHistory(
            r.0.prepare_cached(
                "SELECT from_ms, name FROM zone_history JOIN zone USING(zone_id) ORDER BY from_ms",
            )?
            .query_map([], |r| {
                Ok((
                    UtcMillis(r.get(0)?),
                    crate::time::parse_zone(&r.get::<_, String>(1)?).unwrap(),
                ))
            })?
            .collect::<Result<_, _>>()?,
        ))
    }
}
