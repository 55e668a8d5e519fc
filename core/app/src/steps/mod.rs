//! Steps: raw readings in, hours and days out.
//!
//! What was measured is kept (counter samples, interval records, platform buckets); hours and days are derived from it
//! and can be dropped and rebuilt at any time. Source of every rule here: steps.md.

mod reading;

pub use reading::{
    CounterSample, IntervalRecord, NoteCode, NoteSubject, PlatformBucket, ReadingNote, StepEvent,
};
