//! What a shell hands in, and what the core remarks about it.

use chrono::NaiveDate;
use chrono_tz::Tz;

use crate::time::UtcMillis;

/// Most characters in the name of a source that comes from outside, from a file or from what a person typed; every reading
/// that is shown or exported repeats it. Names that a shell chose are not measured.
pub const LONGEST_SOURCE_NAME: usize = 200;

/// One sample of a phone's cumulative step counter (Android `TYPE_STEP_COUNTER`). Source: steps.md 3.
#[derive(Debug, Clone, PartialEq)]
pub struct CounterSample {
    /// Name of the source, not empty, stable for one phone.
    pub source: String,
    /// Identity of the boot, not empty, if the platform knows one (`Settings.Global.BOOT_COUNT`).
    pub boot: Option<String>,
    /// Steps since boot as the sensor said; `None` for "not a number". A fraction is cut off.
    pub count: Option<f64>,
    /// Time of the last step, in milliseconds since boot.
    pub event_elapsed_ms: i64,
    /// Time of receipt, in milliseconds since boot.
    pub received_elapsed_ms: i64,
    /// Time of receipt by the wall clock.
    pub received_at: UtcMillis,
    /// Zone at receipt; `None` takes it from the zone history.
    pub zone: Option<Tz>,
}

/// Steps between two instants as a watch, another app or an import recorded them. Source: steps.md 5.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntervalRecord {
    /// Name of the source, not empty.
    pub source: String,
    /// Identity within the source, not empty.
    pub id: String,
    /// First instant.
    pub start: UtcMillis,
    /// First instant after the record; equal to `start` for a record without duration.
    pub end: UtcMillis,
    /// Steps, 0 to 1,000,000.
    pub steps: i64,
    /// Last modification; of several versions of one identity the latest counts.
    pub modified: UtcMillis,
    /// Zone in which the steps were walked; `None` takes it from the zone history.
    pub zone: Option<Tz>,
}

/// A total over `[start, end)` that the platform computed (CMPedometer, HealthKit, Health Connect). Source: steps.md 5.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformBucket {
    /// Name of the source, not empty.
    pub source: String,
    /// First instant.
    pub start: UtcMillis,
    /// First instant after the bucket, later than `start`.
    pub end: UtcMillis,
    /// Steps, 0 to 1,000,000; `None` is a failed read, never 0.
    pub steps: Option<i64>,
    /// When the platform was asked.
    pub queried_at: UtcMillis,
    /// How far back the platform still remembers, if it says so.
    pub retained_from: Option<UtcMillis>,
    /// Zone in which the steps were walked; `None` takes it from the zone history.
    pub zone: Option<Tz>,
}

/// Everything that can happen to a person's steps, in the order in which it arrived.
#[derive(Debug, Clone, PartialEq)]
pub enum StepEvent {
    /// A sample of a cumulative counter.
    Counter(CounterSample),
    /// A record of another source.
    Interval(IntervalRecord),
    /// A total of the platform.
    Bucket(PlatformBucket),
    /// A source withdrew one of its interval records.
    Delete {
        /// Name of the source.
        source: String,
        /// Identity of the record.
        id: String,
    },
    /// The order of the sources, best first, no name empty; sources not named come last in byte order.
    Priority(Vec<String>),
    /// Counting stops.
    Pause {
        /// First instant that does not count.
        at: UtcMillis,
    },
    /// Counting goes on.
    Resume {
        /// First instant that counts again.
        at: UtcMillis,
    },
    /// Steps in `[start, end)` do not count, for example in a vehicle. The raw data stay.
    Exclude {
        /// First instant that does not count.
        start: UtcMillis,
        /// First instant that counts again.
        end: UtcMillis,
        /// Why, in a word the shell chose.
        reason: Option<String>,
    },
    /// The person corrects a day to a number of steps, or takes the correction back with `None`.
    Adjust {
        /// Her date.
        date: NaiveDate,
        /// The number she says it was, 0 to 1,000,000.
        steps: Option<i64>,
    },
}

/// What the core remarks about a reading. Source: steps.md 3.2, 9.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoteCode {
    /// The wall clock or the event time could not be trusted.
    ClockSuspect,
    /// Already known.
    Duplicate,
    /// The counter slipped back for no good reason; nothing was counted.
    Glitch,
    /// More steps than a person can walk in the time; kept, not counted.
    Quarantined,
    /// The phone was restarted since the last sample.
    Reboot,
    /// Impossible content; nothing was stored.
    Rejected,
    /// The counter reached the end of its precision.
    Saturated,
    /// The sensor began again from 0 without a reboot.
    SensorRestart,
    /// Older than what is known; nothing was changed.
    Stale,
}

impl NoteCode {
    /// The code in the replay format and in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClockSuspect => "clock_suspect",
            Self::Duplicate => "duplicate",
            Self::Glitch => "glitch",
            Self::Quarantined => "quarantined",
            Self::Reboot => "reboot",
            Self::Rejected => "rejected",
            Self::Saturated => "saturated",
            Self::SensorRestart => "sensor_restart",
            Self::Stale => "stale",
        }
    }
}

/// A remark about one event of a batch, or about a sample that was held back earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadingNote {
    /// Which reading.
    pub about: NoteSubject,
    /// What about it.
    pub code: NoteCode,
    /// Why, in one English phrase for logs and developers; holds no measured value.
    pub detail: &'static str,
}

/// The reading that a note is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteSubject {
    /// Position in the batch that was handed in, from 0.
    Event(usize),
    /// A sample held back by an earlier call, by the number that call reported.
    Held(i64),
}
