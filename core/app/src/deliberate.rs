//! Deliberate bugs, one at a time and in one thread: with them the simulator proves that its checker can fail.
//!
//! Only builds with the feature `deliberate-bugs` can make one, and nothing that ships turns it on. Without it every question below is
//! answered `false` by the compiler.

/// A bug that can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bug {
    /// A failed try removes the operation (I1).
    LosesOnFailure,
    /// The second try of an operation has another id (I2).
    NewIdAtSecondTry,
    /// A lane is sent from its end (I3).
    LastFirst,
    /// A page moves the cursor without its last entry (I4).
    CursorAhead,
    /// After a while logs are not read any more (I6).
    StopsReading,
    /// What waits is sent although consent was withdrawn (I7).
    SendsWithoutConsent,
    /// The steps that two phones of one person counted in an hour are added (I8).
    AddsPhones,
    /// What is read of a date after it was reported is not reported (I8).
    ReportsOnce,
    /// A failed try is repeated at once (I9).
    Spins,
    /// A text stands in a line of the log (I11).
    LogsTheText,
    /// The file of a picture goes before it was sent (I12).
    RemovesPictureEarly,
    /// What a server stored before it was set back counts after it (I6).
    TakesLateAnswers,
}

#[cfg(feature = "deliberate-bugs")]
mod switch {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        static PRESENT: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Makes a bug in this thread from here on, instead of the one before; `None` for none.
    pub fn make(bug: Option<Bug>) {
        PRESENT.set(bug);
    }

    pub(crate) fn is_made(bug: Bug) -> bool {
        PRESENT.get() == Some(bug)
    }
}

#[cfg(feature = "deliberate-bugs")]
pub(crate) use switch::is_made;
#[cfg(feature = "deliberate-bugs")]
pub use switch::make;

#[cfg(not(feature = "deliberate-bugs"))]
pub(crate) const fn is_made(_bug: Bug) -> bool {
    false
}
