//! The tables of the store itself: settings, zones and versions of derived tables.

/// Settings: a text per name. Their owners give them meaning.
pub mod settings {
    use rusqlite::OptionalExtension as _;

    use crate::store::{Reader, StoreError, WriteTransaction};

    /// The value of a setting, or `None` if it was never set.
    pub fn get(reader: &Reader<'_>, key: &str) -> Result<Option<String>, StoreError> {
        let value = reader
            .connection()
            .prepare_cached("SELECT value FROM setting WHERE key = ?1")?
            .query_row([key], |row| row.get(0))
            .optional()?;
        Ok(value)
    }

    /// Sets a setting, or takes it back with `None`. Whoever sets it gives the notice.
    pub fn set(transaction: &WriteTransaction<'_>, key: &str, value: Option<&str>) -> Result<(), StoreError> {
        let connection = transaction.connection();
        if let Some(value) = value {
            connection
                .prepare_cached(
                    "INSERT INTO setting (key, value) VALUES (?1, ?2) \
                     ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                )?
                .execute([key, value])?;
        } else {
            connection
                .prepare_cached("DELETE FROM setting WHERE key = ?1")?
                .execute([key])?;
        }
        Ok(())
    }
}

/// Derived views: by which version of its rules each was derived.
pub mod derived {
    use rusqlite::OptionalExtension as _;

    use crate::store::{Reader, StoreError, WriteTransaction};

    /// The version a view was derived by, or `None` if it has to be derived: in a new file, and after a salvage.
    pub fn version(reader: &Reader<'_>, view: &str) -> Result<Option<i64>, StoreError> {
        let version = reader
            .connection()
            .prepare_cached("SELECT version FROM derived_view WHERE name = ?1")?
            .query_row([view], |row| row.get(0))
            .optional()?;
        Ok(version)
    }

    /// Notes that a view was derived by `version` of its rules, in the transaction that derived it.
    pub fn set_version(
        transaction: &WriteTransaction<'_>,
        view: &str,
        version: i64,
    ) -> Result<(), StoreError> {
        transaction
            .connection()
            .prepare_cached(
                "INSERT INTO derived_view (name, version) VALUES (?1, ?2) \
                 ON CONFLICT (name) DO UPDATE SET version = excluded.version",
            )?
            .execute((view, version))?;
        Ok(())
    }
}

/// Zones: names interned to small ids, and which zone was in force when.
pub mod zones {
    use std::collections::BTreeMap;

    use chrono::NaiveDate;
    use rusqlite::OptionalExtension as _;

    use crate::store::{Reader, StoreError, WriteTransaction};
    use crate::time::{HOUR_MS, Tz, UtcMillis, date_is_skipped, parse_zone};

    /// The id of a zone, made when the zone is met for the first time.
    pub fn zone_id(transaction: &WriteTransaction<'_>, zone: Tz) -> Result<i64, StoreError> {
        let connection = transaction.connection();
        let known = connection
            .prepare_cached("SELECT zone_id FROM zone WHERE name = ?1")?
            .query_row([zone.name()], |row| row.get(0))
            .optional()?;
        if let Some(id) = known {
            return Ok(id);
        }
        connection
            .prepare_cached("INSERT INTO zone (name) VALUES (?1)")?
            .execute([zone.name()])?;
        Ok(connection.last_insert_rowid())
    }

    /// Every zone by its id.
    ///
    /// A name that this build cannot read (renamed in the time-zone database, or lost to a damaged page) stands for the
    /// zone reported last: a date that is probably right serves a person better than no date.
    pub fn zones(reader: &Reader<'_>) -> Result<BTreeMap<i64, Tz>, StoreError> {
        let mut statement = reader
            .connection()
            .prepare_cached("SELECT zone_id, name FROM zone")?;
        let mut rows = statement.query([])?;
        let mut zones = BTreeMap::new();
        let mut unreadable = Vec::new();
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            match row.get_ref(1)?.as_str().ok().and_then(parse_zone) {
                Some(zone) => drop(zones.insert(id, zone)),
                None => unreadable.push(id),
            }
        }
        if !unreadable.is_empty() {
            tracing::warn!(zones = unreadable.len(), "zone names cannot be read");
            let stand_in = latest(reader)?
                .and_then(|id| zones.get(&id).copied())
                .or_else(|| zones.values().next().copied())
                .unwrap_or(Tz::UTC);
            zones.extend(unreadable.into_iter().map(|id| (id, stand_in)));
        }
        Ok(zones)
    }

    /// Notes the zone that the shell sees now; a zone that is already in force adds nothing.
    ///
    /// If the clock was set back behind the latest entry, the new one stands before it. The next report after the
    /// clock has caught up puts that right.
    pub fn report_zone(
        transaction: &WriteTransaction<'_>,
        at: UtcMillis,
        zone: Tz,
    ) -> Result<(), StoreError> {
        let id = zone_id(transaction, zone)?;
        if latest(transaction)? == Some(id) {
            return Ok(());
        }
        transaction
            .connection()
            .prepare_cached(
                "INSERT INTO zone_history (from_ms, zone_id) VALUES (?1, ?2) \
                 ON CONFLICT (from_ms) DO UPDATE SET zone_id = excluded.zone_id",
            )?
            .execute([at.0, id])?;
        Ok(())
    }

    /// Which zone was in force when, in memory: a batch of readings asks once for each.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct ZoneHistory {
        entries: Vec<(UtcMillis, Tz)>,
    }

    impl ZoneHistory {
        /// The zone in force at an instant; before the first entry the first zone, `None` without any.
        #[must_use]
        pub fn at(&self, at: UtcMillis) -> Option<Tz> {
            let later = self.entries.partition_point(|(from, _)| *from <= at);
            self.entries.get(later.saturating_sub(1)).map(|(_, zone)| *zone)
        }

        /// The zone in force on a date, at noon UTC: that instant has the date in nearly every zone.
        #[must_use]
        pub fn on(&self, date: NaiveDate) -> Option<Tz> {
            let midnight = date.and_time(chrono::NaiveTime::MIN).and_utc();
            self.at(UtcMillis(midnight.timestamp_millis()).plus(12 * HOUR_MS))
        }

        /// Whether the zone in force on a date left that date out of its calendar.
        #[must_use]
        pub fn is_skipped(&self, date: NaiveDate) -> bool {
            self.on(date).is_some_and(|zone| date_is_skipped(zone, date))
        }

        /// The zone reported last.
        #[must_use]
        pub fn latest(&self) -> Option<Tz> {
            self.entries.last().map(|(_, zone)| *zone)
        }
    }

    /// The whole zone history.
    pub fn history(reader: &Reader<'_>) -> Result<ZoneHistory, StoreError> {
        let zones = zones(reader)?;
        let entries = reader
            .connection()
            .prepare_cached("SELECT from_ms, zone_id FROM zone_history ORDER BY from_ms")?
            .query_map([], |row| Ok((UtcMillis(row.get(0)?), row.get::<_, i64>(1)?)))?
            .collect::<Result<Vec<_>, _>>()?;
        let entries = entries
            .into_iter()
            .filter_map(|(from, id)| Some((from, *zones.get(&id)?)))
            .collect();
        Ok(ZoneHistory { entries })
    }

    fn latest(reader: &Reader<'_>) -> Result<Option<i64>, StoreError> {
        let id = reader
            .connection()
            .prepare_cached("SELECT zone_id FROM zone_history ORDER BY from_ms DESC LIMIT 1")?
            .query_row([], |row| row.get(0))
            .optional()?;
        Ok(id)
    }
}
