//! The second factor of staff: six digits that change every 30 seconds (TOTP, RFC 6238), each usable once.

use totp_rs::{Builder, Totp};

use crate::host::Host;
use crate::store::StoreError;

/// Bytes of a secret: the length of a SHA-1 sum (RFC 4226, 4).
pub const SECRET_BYTES: usize = 20;
/// Seconds of a step.
const STEP_SECONDS: u64 = 30;
/// Steps before and after the present one that are accepted: a clock may be wrong by half a minute.
const SKEW: u16 = 1;

/// A new secret.
#[must_use]
pub fn new_secret(host: &Host) -> [u8; SECRET_BYTES] {
    host.random_bytes()
}

fn totp(secret: &[u8], login: &str) -> Result<Totp, StoreError> {
    Builder::new()
        .with_secret(secret)
        .with_skew(SKEW)
        .with_step_duration(STEP_SECONDS)
        .with_account_name(login)
        .with_issuer(Some("Ayumi"))
        .build()
        .map_err(|_| StoreError::Bug {
            what: "a second factor has no valid secret or name",
        })
}

/// The time step to which some digits belong; `None` if they do not fit now.
///
/// Units: milliseconds since 1970.
/// Errors: `Bug`, for a stored secret that cannot be one.
pub fn matching_step(secret: &[u8], digits: &str, now_ms: i64) -> Result<Option<i64>, StoreError> {
    // The name has no part in the digits.
    let totp = totp(secret, "staff")?;
    let seconds = u64::try_from(now_ms.div_euclid(1000)).unwrap_or(0);
    let step = totp.check(digits.trim(), seconds);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// The digits of this moment, as the authenticator of a member of the staff shows them.
///
/// Units: milliseconds since 1970.
/// Errors: as [`matching_step`].
pub fn digits(secret: &[u8], now_ms: i64) -> Result<String, StoreError> {
    let seconds = u64::try_from(now_ms.div_euclid(1000)).unwrap_or(0);
    Ok(totp(secret, "staff")?.generate(seconds).to_string())
}

/// The digits of this moment, from the address that an authenticator reads: for who plays a member of the staff.
///
/// Units: milliseconds since 1970.
/// Errors: `Bug`, for an address that [`address`] did not make.
pub fn digits_of(address: &str, now_ms: i64) -> Result<String, StoreError> {
    let seconds = u64::try_from(now_ms.div_euclid(1000)).unwrap_or(0);
    let totp = Totp::from_url(address).map_err(|_| StoreError::Bug {
        what: "a second factor has an address that cannot be read",
    })?;
    Ok(totp.generate(seconds).to_string())
}

/// The address that an authenticator reads, usually as a QR code.
///
/// Errors: `Bug`, for a name that it cannot have.
pub fn address(secret: &[u8], login: &str) -> Result<String, StoreError> {
    totp(secret, login)?.to_url().map_err(|_| StoreError::Bug {
        what: "a second factor has no address",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B.
    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn the_digits_are_those_of_the_standard() {
        // RFC 6238, appendix B, SHA-1, the last six of eight digits.
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (2_000_000_000, "279037"),
        ] {
            assert_eq!(digits(SECRET, seconds * 1000).unwrap(), expected);
            let step = matching_step(SECRET, expected, seconds * 1000).unwrap();
            assert_eq!(step, Some(seconds / 30));
        }
    }

    #[test]
    fn digits_of_the_step_before_and_after_are_accepted_and_no_others() {
        let shown = digits(SECRET, 1_000_000_000).unwrap();
        let at = |seconds: i64| matching_step(SECRET, &shown, 1_000_000_000 + seconds * 1000).unwrap();
        assert_eq!(at(30), at(0));
        assert_eq!(at(-30), at(0));
        assert!(at(90).is_none() && at(-90).is_none());
        assert_eq!(matching_step(SECRET, "not digits", 0).unwrap(), None);
    }

    #[test]
    fn an_authenticator_gets_an_address_with_the_name() {
        let address = address(SECRET, "sato").unwrap();
        assert!(address.starts_with("otpauth://totp/Ayumi:sato?"), "{address}");
        assert!(
            address.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),
            "{address}"
        );
        assert_eq!(digits_of(&address, 59_000).unwrap(), "287082");
        assert!(digits_of("otpauth://", 59_000).is_err());
    }
}
