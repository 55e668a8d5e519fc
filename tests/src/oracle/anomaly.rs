//! What the checker objects to.

use std::fmt;

use super::history::{Device, Log, Millis, OpId};

/// The invariants of faults.md, section 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// No loss.
    I1,
    /// No duplicate.
    I2,
    /// No reordering.
    I3,
    /// A prefix, always.
    I4,
    /// Whole photos.
    I5,
    /// Convergence.
    I6,
    /// Isolation.
    I7,
    /// Readings are idempotent.
    I8,
    /// Liveness.
    I9,
    /// Budget.
    I10,
    /// Silence.
    I11,
    /// Sound files.
    I12,
}

/// What kind of anomaly it is; Jepsen's words where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// It was promised and is nowhere.
    Lost,
    /// It is there more than once.
    Duplicated,
    /// It is there and nobody made it, or its author had given it up.
    Unexpected,
    /// Its bytes are not the ones that were promised.
    Altered,
    /// It comes before something that it has to follow.
    Reordered,
    /// A number, or an entry, was passed over.
    Skipped,
    /// What was known before is no longer known.
    NonMonotonic,
    /// Two that have to be equal differ.
    Diverged,
    /// It is older than it may be.
    Stale,
    /// A photo is not whole.
    Incomplete,
    /// Someone can see what is not for him.
    Leaked,
    /// Nothing happens although something has to.
    Stalled,
    /// Far too much happens.
    Spinning,
    /// A request never ended.
    Hung,
    /// Larger than its budget.
    Oversized,
    /// A file is damaged, missing or superfluous, or the library panicked.
    Damaged,
}

/// One breach of an invariant. It names ids and times, never what a person wrote or measured.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Anomaly {
    /// Which invariant.
    pub invariant: Invariant,
    /// How it was broken.
    pub word: Word,
    /// When it was first seen, in virtual milliseconds.
    pub at_ms: Millis,
    /// Where it was seen; `None` on the server.
    pub device: Option<Device>,
    /// In which log, when it concerns one.
    pub log: Option<Log>,
    /// The operations concerned, the broken one first.
    pub ops: Vec<OpId>,
    /// The rule that was broken, one constant sentence.
    pub rule: &'static str,
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?} at {} ms", self.invariant, self.word, self.at_ms)?;
        match self.device {
            Some(device) => write!(f, " on device {device:x}")?,
            None => write!(f, " on the server")?,
        }
        for op in &self.ops {
            write!(f, " op {op:x}")?;
        }
        write!(f, ": {}", self.rule)
    }
}
