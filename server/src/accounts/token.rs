//! Tokens: random texts of which only hashes are kept.
//!
//! The answer to a refresh can be lost on its way. The repeat must bring the same pair, and the server has only its hashes. So a pair is
//! not drawn but *derived*: from what the phone presents (its refresh token, or the code of its invitation) and a random salt in the
//! row of the pair. Whoever has the rows alone can derive nothing.
//!
//! Source: sync.md 12.2 and 12.3; the derivation is HMAC-SHA256 (RFC 2104).

use ayumi_protocol::hash::Sha256 as Sum;
use ayumi_protocol::session::{Secret, Tokens};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::http::extract::sha256;
use crate::store::StoreError;

/// A pair as it leaves the server.
#[derive(Debug)]
pub(crate) struct Pair {
    access: String,
    refresh: String,
}

impl Pair {
    /// The pair that follows from what was presented and the salt of its row.
    pub(crate) fn derive(presented: &str, salt: &[u8]) -> Result<Self, StoreError> {
        Ok(Self {
            access: derive(presented, "access", salt)?,
            refresh: derive(presented, "refresh", salt)?,
        })
    }

    pub(crate) fn access_hash(&self) -> Sum {
        sha256(self.access.as_bytes())
    }

    pub(crate) fn refresh_hash(&self) -> Sum {
        sha256(self.refresh.as_bytes())
    }

    /// What the phone gets. Units: milliseconds.
    pub(crate) fn into_tokens(self, access_expires_in_ms: u64) -> Tokens {
        Tokens {
            access_token: Secret::new(self.access),
            access_expires_in_ms,
            refresh_token: Secret::new(self.refresh),
        }
    }
}

/// 256 bits, as 64 hexadecimal digits.
fn derive(presented: &str, label: &str, salt: &[u8]) -> Result<String, StoreError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(presented.as_bytes()).map_err(|_| StoreError::Bug {
        what: "a token cannot be a key",
    })?;
    mac.update(label.as_bytes());
    mac.update(&[0]);
    mac.update(salt);
    let bytes: [u8; 32] = mac.finalize().into_bytes().into();
    Ok(Sum::from_bytes(bytes).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_follows_from_what_was_presented_and_from_its_salt() {
        let pair = |presented, salt: &[u8]| Pair::derive(presented, salt).unwrap();
        let first = pair("presented", b"salt");
        assert_eq!(first.access, pair("presented", b"salt").access);
        assert_ne!(first.access, first.refresh);
        assert_ne!(first.access, pair("presented", b"other").access);
        assert_ne!(first.refresh, pair("other", b"salt").refresh);
    }
}
