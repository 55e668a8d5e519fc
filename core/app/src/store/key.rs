//! The key of an encrypted database, and the fingerprint that tells a wrong key from a damaged file.

use std::fmt;

use zeroize::Zeroizing;

/// 256 random bits from the operating system. Overwritten in memory when dropped; never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseKey(Zeroizing<[u8; 32]>);

impl DatabaseKey {
    /// Takes the raw key. It is not a passphrase: nothing is derived from it.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The key in hexadecimal digits.
    #[cfg(feature = "sqlcipher")]
    pub(super) fn hex(&self) -> Zeroizing<String> {
        Zeroizing::new(to_hex(self.0.as_slice()))
    }

    /// A text that is the same for the same key and tells nothing about it: the key is random, so its hash cannot be
    /// searched for.
    #[cfg(feature = "sqlcipher")]
    pub(super) fn fingerprint(&self) -> String {
        use sha2::{Digest as _, Sha256};

        let mut hash = Sha256::new();
        hash.update(b"ayumi database key\0");
        hash.update(self.0.as_slice());
        to_hex(hash.finalize().as_slice())
    }

    /// Builds without encryption refuse a key before they would need its fingerprint.
    #[cfg(not(feature = "sqlcipher"))]
    pub(super) fn fingerprint(&self) -> String {
        let _ = self;
        String::new()
    }
}

#[cfg(feature = "sqlcipher")]
fn to_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0x0f])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}

impl fmt::Debug for DatabaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_does_not_print_itself() {
        let key = DatabaseKey::new([7; 32]);
        assert_eq!(format!("{key:?}"), "DatabaseKey(…)");
    }
}
