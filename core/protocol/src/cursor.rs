//! Logs, places in them, and how far a reader has come.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::CaseId;
use crate::time::LARGEST_EXACT;
use crate::word::{Text, bounded};

words! {
    /// Who replicates a log. A case has up to three logs, and each has its own numbering.
    ///
    /// A log is never filtered by reader: numbers would have gaps, and two replicas at one cursor would differ.
    pub enum Audience: "an audience" {
        /// The participant and her dietitians: "the case log" without a qualifier.
        Care = "care",
        /// Dietitians only: notes, handover, triage.
        Staff = "staff",
        /// The participant and the health advisers: questions and answers.
        Advice = "advice",
    }
}

words! {
    /// An ordered queue of one phone inside one case. Operations of a lane are sent and stored in their order.
    pub enum Lane: "a lane" {
        /// What is said and agreed: its order carries meaning.
        Talk = "talk",
        /// What is measured and marked: a picture that uploads for twenty minutes must not hold back a weight.
        Readings = "readings",
    }
}

/// The name of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogName {
    /// Whose record it is.
    pub case_id: CaseId,
    /// Who replicates it.
    pub audience: Audience,
}

/// The place of an entry in its log: 1, 2, 3 and so on without a gap. [`Seq::START`] is the place before the first entry.
///
/// Units: below 2^53, so that a JSON number holds it exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Seq(i64);

impl Seq {
    /// Before the first entry; no entry has it.
    pub const START: Self = Self(0);

    /// The place with this number; `None` if it is negative or 2^53 or more.
    #[must_use]
    pub const fn new(number: i64) -> Option<Self> {
        if number < 0 || number > LARGEST_EXACT {
            return None;
        }
        Some(Self(number))
    }

    /// The number; a signed one because databases have no other.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The next place; `None` after the last number.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(number) => Self::new(number),
            None => None,
        }
    }
}

impl<'de> Deserialize<'de> for Seq {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bounded(deserializer, &(0..=LARGEST_EXACT)).map(Self)
    }
}

schema_of!(Seq => crate::schema::integer(
    "The place of an entry in its log: 1, 2, 3 and so on without a gap; 0 is the place before the first entry.",
    0,
    LARGEST_EXACT,
));

/// The incarnation of the server's store: random, made when the store is created and again by a restore.
///
/// Compared for equality only, which is why it has no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Epoch(Uuid);

impl Epoch {
    /// The epoch of a random UUID made elsewhere.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID.
    #[must_use]
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }

    /// Reads 36 characters with hyphens; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let uuid = Uuid::try_parse(text).ok();
        uuid.filter(|_| text.len() == 36).map(Self)
    }
}

impl Text for Epoch {
    const EXPECTED: &'static str = "an epoch";

    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

/// Lower case with hyphens.
impl std::fmt::Display for Epoch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl Serialize for Epoch {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Epoch {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::word::deserialize(deserializer)
    }
}

schema_of!(Epoch => crate::schema::uuid("The incarnation of the store of the server."));

/// How far a reader has replicated one log: everything up to and including `seq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cursor {
    /// The incarnation that the replica was read from.
    pub epoch: Epoch,
    /// The last entry that was applied; [`Seq::START`] for none.
    pub seq: Seq,
}

impl Cursor {
    /// A reader that has nothing yet.
    #[must_use]
    pub const fn start(epoch: Epoch) -> Self {
        Self {
            epoch,
            seq: Seq::START,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_on_to_the_largest_number_that_json_keeps() {
        assert_eq!(Seq::START.next(), Seq::new(1));
        let last = Seq::new(LARGEST_EXACT).unwrap();
        assert_eq!(last.next(), None);
        assert_eq!(Seq::new(-1), None);
        for text in ["-1", "9007199254740992", "1.0", "\"1\""] {
            assert!(serde_json::from_str::<Seq>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_cursor_is_read_as_it_is_written() {
        let json = r#"{"epoch":"5f8c1f0e-8f5e-4c3a-9d61-0b7c2a9e4d10","seq":17}"#;
        let cursor: Cursor = serde_json::from_str(json).unwrap();
        assert_eq!(cursor.seq.number(), 17);
        assert_eq!(serde_json::to_string(&cursor).unwrap(), json);
    }
}
