//! SHA-256 sums, which name pictures and snapshots. They are computed elsewhere: nothing here reads files.

use std::fmt;

use crate::word::Text;

/// A SHA-256 sum; travels as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256([u8; 32]);

const DIGITS: &[u8; 16] = b"0123456789abcdef";

impl Sha256 {
    /// The sum of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 64 lower-case hexadecimal digits; `None` for anything else, capitals included: one sum has one spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return None;
        }
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => byte.checked_sub(b'0'),
            b'a'..=b'f' => byte.checked_sub(b'a')?.checked_add(10),
            _ => None,
        };
        let mut bytes = [0; 32];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = (digit(*high)? << 4) | digit(*low)?;
        }
        Some(Self(bytes))
    }
}

impl Text for Sha256 {
    const EXPECTED: &'static str = "64 lower-case hexadecimal digits";

    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            for digit in [byte >> 4, byte & 15] {
                let digit = DIGITS.get(usize::from(digit)).copied().unwrap_or(b'0');
                fmt::Write::write_char(f, char::from(digit))?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Sha256 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Sha256 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::word::deserialize(deserializer)
    }
}

schema_of!(Sha256 => crate::schema::text("A SHA-256 sum: 64 lower-case hexadecimal digits.", "^[0-9a-f]{64}$"));

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_sum_has_one_spelling() {
        let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Sha256::parse(text).unwrap().to_string(), text);
        for wrong in [
            "",
            "e3",
            &text.to_uppercase(),
            &format!("{text}00"),
            &text.replace('e', "g"),
        ] {
            assert_eq!(Sha256::parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_sum_is_read_as_it_is_written(bytes: [u8; 32]) {
            let sum = Sha256::from_bytes(bytes);
            prop_assert_eq!(Sha256::parse(&sum.to_string()), Some(sum));
        }
    }
}
