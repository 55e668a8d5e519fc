//! Every statement over the tables of steps.
//!
//! | File | Statements over |
//! | --- | --- |
//! | `sources.rs` | sources and their order |
//! | `counter.rs` | counters, their boots and samples |
//! | `records.rs` | interval records and platform buckets |
//! | `controls.rs` | pauses, exclusions, corrections |
//! | `stretches.rs` | every kind of stored reading alike |
//! | `days.rs` | the derived hours and days |

mod controls;
mod counter;
mod days;
mod records;
mod sources;
mod stretches;

use chrono::NaiveDate;

use crate::time::{DAY_MS, HOUR_MS, UtcMillis, parse_date};

pub(crate) use controls::{corrections, exclusions, pauses};
pub(super) use controls::{
    end_pause, insert_exclusion, insert_pause, open_pause, put_adjustment, remove_adjustment, windows,
};
pub(super) use counter::{
    counter_state, drop_raw_samples, drop_tombstones, held_samples, hold_sample, insert_counter_sample,
    insert_past_boot, past_boots, release_held, store_counter_state,
};
pub(crate) use days::days;
pub(super) use days::{
    clear_derived, days_backwards, hours, replace_derived, sensor_steps, span_of_days, zone_of_nearest_day,
};
pub(super) use records::{bucket, interval, mark_interval_deleted, put_bucket, put_interval};
pub(super) use sources::{insert_source, source};
pub(crate) use sources::{priority, replace_priority};
pub(super) use stretches::{readings, span_of_readings};

type SqlResult<T> = Result<T, rusqlite::Error>;

/// The kind of a source, fixed by its first reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SourceKind {
    Counter,
    Interval,
    Bucket,
}

impl SourceKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Interval => "interval",
            Self::Bucket => "bucket",
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        [Self::Counter, Self::Interval, Self::Bucket]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// Longest reading of each length class, in ms. Readings are indexed by `(length_class, end)`, so those that touch a
/// window end between its start and its end plus this length: a bounded scan, however long other readings are.
const LENGTH_CLASSES: [(i64, i64); 4] = [(0, HOUR_MS), (1, DAY_MS), (2, 31 * DAY_MS), (3, 3_651 * DAY_MS)];

fn length_class(from: UtcMillis, to: UtcMillis) -> i64 {
    let length = to.since(from);
    LENGTH_CLASSES
        .iter()
        .find(|(_, longest)| length <= *longest)
        .map_or(3, |(class, _)| *class)
}

/// The date in the first column.
fn date_of(row: &rusqlite::Row<'_>) -> SqlResult<NaiveDate> {
    let text = row.get_ref(0)?.as_str().ok();
    text.and_then(parse_date).ok_or(rusqlite::Error::InvalidQuery)
}
