//! Where the tokens are kept: the Keychain or Keystore of the platform, behind a trait that the shell implements.

use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

/// Why the secret store did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It cannot be read at present, for example before the phone's first unlock. That it is empty must not be concluded.
    #[error("use the secret store: it is locked")]
    Locked,
    /// It failed.
    #[error("use the secret store")]
    Failed,
}

/// Keeps one secret of this installation: the session, as text that only the core understands. At most 4 KiB.
///
/// It must survive the death of the process once `save` has returned, must not travel in a backup to another phone, and must not
/// outlive the app's data: iOS keeps such items over an uninstall, so the core deletes one that it finds without an account.
/// The calls come from one thread at a time, and may take as long as the platform needs.
pub trait SecretStore: Send + Sync + Debug {
    /// The secret; `None` only if there is certainly none.
    fn load(&self) -> Result<Option<Zeroizing<String>>, SecretError>;

    /// Keeps the secret in place of the one before. All or nothing.
    fn save(&self, secret: &str) -> Result<(), SecretError>;

    /// Removes the secret; there need not be one.
    fn delete(&self) -> Result<(), SecretError>;
}

/// A secret store that is forgotten with its value: for tests and demonstrations.
#[derive(Default)]
pub struct MemorySecretStore(Mutex<Option<Zeroizing<String>>>);

impl Debug for MemorySecretStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MemorySecretStore")
    }
}

impl MemorySecretStore {
    fn set(&self, secret: Option<Zeroizing<String>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = secret;
    }
}

impl SecretStore for MemorySecretStore {
    fn load(&self) -> Result<Option<Zeroizing<String>>, SecretError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn save(&self, secret: &str) -> Result<(), SecretError> {
        self.set(Some(Zeroizing::new(secret.to_owned())));
        Ok(())
    }

    fn delete(&self) -> Result<(), SecretError> {
        self.set(None);
        Ok(())
    }
}
