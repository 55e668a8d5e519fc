//! The identity of a weigh-in.

use std::fmt;
use std::str::FromStr;

use uuid::{Builder, Uuid};

use crate::time::UtcMillis;

/// Names a weigh-in for ever, also in other places than this phone: a `UUIDv7`, which sorts by the time it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WeighInId(Uuid);

/// The text is not the id of a weigh-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("read the id of a weigh-in: it is not a UUID")]
pub struct WeighInIdError;

impl WeighInId {
    /// An id made at `now` from ten random bytes.
    pub(super) fn new(now: UtcMillis, random: &[u8; 10]) -> Self {
        // A clock before 1970 was never set; all such ids carry 1970 and differ by their random part.
        let millis = u64::try_from(now.0).unwrap_or(0);
        Self(Builder::from_unix_timestamp_millis(millis, random).into_uuid())
    }

    /// The bytes behind the time, from which [`Self::new`] makes the same id.
    pub(super) fn random_bytes(&self) -> [u8; 10] {
        let [_, _, _, _, _, _, random @ ..] = *self.0.as_bytes();
        random
    }

    /// The last eight digits, for a terminal: they are random, while the first ones are the time and alike for neighbours.
    #[must_use]
    pub fn short(&self) -> String {
        let text = self.to_string();
        text.split_at_checked(28)
            .map_or(String::new(), |(_, end)| end.to_owned())
    }
}

/// Lower case with hyphens.
impl fmt::Display for WeighInId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for WeighInId {
    type Err = WeighInIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text).map(Self).map_err(|_| WeighInIdError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_carries_its_time_and_is_read_as_it_is_written() {
        let id = WeighInId::new(UtcMillis(1_775_001_600_000), &[0xab; 10]);
        assert_eq!(id.to_string(), "019d4657-0000-7bab-abab-abababababab");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.short(), "abababab");
        assert!(id < WeighInId::new(UtcMillis(1_775_001_600_001), &[0; 10]));
    }

    #[test]
    fn a_text_that_is_no_id_is_refused() {
        for text in ["", "1", "weigh-in", "019d4657-0000-7bab-abab-ababababab"] {
            assert_eq!(text.parse::<WeighInId>(), Err(WeighInIdError), "{text}");
        }
    }
}
