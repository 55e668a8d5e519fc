//! Deliberate bugs of the server, one at a time and in one thread: with them the simulator proves that its checker finds what a server
//! can do wrong.
//!
//! Only builds with the feature `deliberate-bugs` can make one, and nothing that ships turns it on. Without it every question below is
//! answered `false` by the compiler.

/// A bug that can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bug {
    /// An announced picture counts as complete before its bytes are there (I5).
    AnnouncedIsComplete,
    /// The object of a picture ends in the middle of it (I5).
    KeepsHalfPictures,
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
