//! Slow hashes, for what people choose or type: passwords and short codes. Argon2id, in PHC form.

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::host::Host;
use crate::policy::Policy;
use crate::store::StoreError;

const FAILED: StoreError = StoreError::Bug {
    what: "a slow hash cannot be computed",
};

fn hasher(policy: &Policy) -> Result<Argon2<'static>, StoreError> {
    let params = Params::new(policy.hash_memory_kib, policy.hash_passes, 1, None).map_err(|_| FAILED)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The hash of a secret, with a random salt.
///
/// Errors: `Bug`, for costs that the function does not have.
pub(crate) async fn hash(host: &Host, policy: &Policy, secret: &str) -> Result<String, StoreError> {
    let (hasher, salt) = (hasher(policy)?, host.random_bytes::<16>());
    let secret = secret.to_owned();
    let hash = host
        .compute(move || hasher.hash_password_with_salt(secret.as_bytes(), &salt))
        .await;
    let hash = hash.and_then(Result::ok).ok_or(FAILED)?;
    Ok(hash.to_string())
}

/// Which of some hashes a secret has; `None` for none of them.
///
/// Without any it computes one all the same, so that the time tells nobody whether there was one.
///
/// Errors: as [`hash`].
pub(crate) async fn find(
    host: &Host,
    policy: &Policy,
    secret: &str,
    hashes: Vec<String>,
) -> Result<Option<usize>, StoreError> {
    if hashes.is_empty() {
        hash(host, policy, secret).await?;
        return Ok(None);
    }
    let (hasher, secret) = (hasher(policy)?, secret.to_owned());
    let fits = move |hash: &String| {
        // The costs are those of the hash, which may be older than the policy.
        PasswordHash::new(hash).is_ok_and(|hash| hasher.verify_password(secret.as_bytes(), &hash).is_ok())
    };
    let found = host.compute(move || hashes.iter().position(fits)).await;
    found.ok_or(FAILED)
}
