//! Slow hashes, for what people choose or type: passwords and short codes. Argon2id, in PHC form.

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::host::Host;
use crate::policy::Policy;
use crate::store::StoreError;

/// Slow hashes of a node at a time: each takes the memory that the policy says, 19 MiB by default.
static HASHES: Semaphore = Semaphore::const_new(4);

const FAILED: StoreError = StoreError::Bug {
    what: "a slow hash cannot be computed",
};

fn hasher(policy: &Policy) -> Result<Argon2<'static>, StoreError> {
    let params = Params::new(policy.hash_memory_kib, policy.hash_passes, 1, None).map_err(|_| FAILED)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Computes when it is its turn. The turn ends with the work, even if nobody waits for its result any more.
async fn compute<T: Send + 'static>(
    host: &Host,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    let turn = HASHES.acquire().await.map_err(|_| FAILED)?;
    let computed = host.compute(move || {
        let _turn = turn;
        work()
    });
    computed.await.ok_or(FAILED)
}

/// The hash of a secret, with a random salt.
///
/// Errors: `Bug`, for costs that the function does not have.
pub(crate) async fn hash(host: &Host, policy: &Policy, secret: &str) -> Result<String, StoreError> {
    let (hasher, salt) = (hasher(policy)?, host.random_bytes::<16>());
    let secret = secret.to_owned();
    let hash = compute(host, move || {
        hasher.hash_password_with_salt(secret.as_bytes(), &salt)
    });
    Ok(hash.await?.map_err(|_| FAILED)?.to_string())
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
    compute(host, move || hashes.iter().position(fits)).await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;
    use crate::host::{Boxed, Executor};
    use crate::testing::seeded_host;

    /// Begins with a work only after some rounds, and notes how many wait here for it at once.
    #[derive(Debug, Default)]
    struct Slowly {
        now: AtomicUsize,
        most: AtomicUsize,
    }

    #[derive(Debug)]
    struct Shared(Arc<Slowly>);

    impl Executor for Shared {
        fn run(&self, work: Box<dyn FnOnce() + Send>) -> Boxed<'static, ()> {
            let slowly = Arc::clone(&self.0);
            Box::pin(async move {
                let now = slowly.now.fetch_add(1, Ordering::SeqCst).saturating_add(1);
                slowly.most.fetch_max(now, Ordering::SeqCst);
                for _ in 0..50 {
                    tokio::task::yield_now().await;
                }
                slowly.now.fetch_sub(1, Ordering::SeqCst);
                work();
            })
        }
    }

    #[tokio::test]
    async fn few_slow_hashes_are_computed_at_once_and_all_are_in_the_end() {
        let slowly = Arc::new(Slowly::default());
        let (mut host, _) = seeded_host(1);
        host.executor = Arc::new(Shared(Arc::clone(&slowly)));
        let policy = Policy {
            hash_memory_kib: 8,
            hash_passes: 1,
            ..Policy::default()
        };
        let hashes = join_all((0..40).map(|_| hash(&host, &policy, "simulated"))).await;
        assert!(hashes.iter().all(Result::is_ok));
        let most = slowly.most.load(Ordering::SeqCst);
        assert!((1..=4).contains(&most), "{most} at once");
    }
}
