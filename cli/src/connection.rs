//! Where the server is and where the session is kept: two files beside the data, of which the second is a secret.

use std::fmt;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ayumi_core::secret::{SecretError, SecretStore};
use ayumi_core::server::{ServerAddress, ServerConfig};
use ayumi_protocol::session::{DeviceDescription, Platform};
use ayumi_protocol::version::AppVersion;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use crate::failure::Failure;

const SERVER_FILE: &str = "server.json";
const SESSION_FILE: &str = "session";

/// The server to which the data of a folder belong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Connection {
    /// Its address.
    pub address: String,
    /// Root certificates in PEM that are trusted in place of the built-in ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_certificates: Option<String>,
}

impl Connection {
    /// The server of a folder, if one was ever named.
    pub(crate) fn of_folder(folder: &Path) -> Result<Option<Self>, Failure> {
        let path = folder.join(SERVER_FILE);
        match std::fs::read(&path) {
            Ok(json) => serde_json::from_slice(&json)
                .map(Some)
                .map_err(|_| Failure::Content {
                    file: path.display().to_string(),
                    reason: "does not name a server: delete the file and name it again with --server"
                        .to_owned(),
                }),
            // What is no folder is told when the app opens it.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(Failure::file(&path, &error)),
        }
    }

    /// Names the server of a folder. One that holds a session belongs to its server already.
    pub(crate) fn keep(&self, folder: &Path) -> Result<(), Failure> {
        let known = Self::of_folder(folder)?;
        if known.as_ref() == Some(self) {
            return Ok(());
        }
        if let Some(known) = known
            && folder.join(SESSION_FILE).exists()
        {
            return Err(Failure::Usage(format!(
                "these data belong to {}: sign out first (ayumi sign-out), or name another --folder",
                known.address
            )));
        }
        let path = folder.join(SERVER_FILE);
        let json = serde_json::to_string_pretty(self)
            .map_err(|error| Failure::Core(format!("write the server address: {error}")))?;
        write_whole(folder, &path, json.as_bytes()).map_err(|error| Failure::file(&path, &error))
    }

    /// What the app is told of it.
    pub(crate) fn config(&self, folder: &Path) -> Result<ServerConfig, Failure> {
        let address = ServerAddress::parse(&self.address).map_err(|error| Failure::core(&error))?;
        let secrets = Arc::new(FileSecretStore::new(folder));
        let mut config = ServerConfig::new(address, secrets, device()?);
        config.root_certificates = self.root_certificates.clone().map(String::into_bytes);
        Ok(config)
    }
}

fn device() -> Result<DeviceDescription, Failure> {
    let app_version = AppVersion::parse(env!("CARGO_PKG_VERSION"))
        .ok_or_else(|| Failure::Core("tell the version of this program".to_owned()))?;
    Ok(DeviceDescription {
        platform: Platform::Desktop,
        model: std::env::consts::OS.to_owned(),
        app_version,
    })
}

/// The session in a file that only its owner can read. A computer has no Keychain that works everywhere; who can read this file can
/// read the data beside it as well.
pub(crate) struct FileSecretStore {
    folder: PathBuf,
}

impl FileSecretStore {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(SESSION_FILE)
    }
}

impl fmt::Debug for FileSecretStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileSecretStore")
    }
}

impl SecretStore for FileSecretStore {
    fn load(&self) -> Result<Option<Zeroizing<String>>, SecretError> {
        match std::fs::read_to_string(self.path()) {
            Ok(secret) => Ok(Some(Zeroizing::new(secret))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(_) => Err(SecretError::Failed),
        }
    }

    fn save(&self, secret: &str) -> Result<(), SecretError> {
        write_whole(&self.folder, &self.path(), secret.as_bytes()).map_err(|_| SecretError::Failed)
    }

    fn delete(&self) -> Result<(), SecretError> {
        match std::fs::remove_file(self.path()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(_) => Err(SecretError::Failed),
        }
    }
}

/// Old or new, never half: a file beside it, mode 0600 from its start, takes its place once it is on the disk.
fn write_whole(folder: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(address: &str) -> Connection {
        Connection {
            address: address.to_owned(),
            root_certificates: None,
        }
    }

    #[test]
    fn a_session_is_kept_whole_for_its_owner_alone_and_goes_when_told() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileSecretStore::new(&folder.path().join("new"));
        assert_eq!(store.load().unwrap(), None);
        store.save("eins").unwrap();
        store.save("two").unwrap();
        assert_eq!(store.load().unwrap().as_deref().map(String::as_str), Some("two"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(store.path()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let files = std::fs::read_dir(folder.path().join("new")).unwrap().count();
        assert_eq!(files, 1, "nothing is left beside it");
        store.delete().unwrap();
        store.delete().unwrap();
        assert_eq!(store.load().unwrap(), None);
        assert_eq!(format!("{store:?}"), "FileSecretStore");
    }

    #[test]
    fn a_folder_with_a_session_stays_with_its_server() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        assert_eq!(Connection::of_folder(folder).unwrap(), None);
        connection("https://a.example").keep(folder).unwrap();
        connection("https://b.example").keep(folder).unwrap();
        FileSecretStore::new(folder).save("x").unwrap();
        connection("https://b.example").keep(folder).unwrap();
        let refused = connection("https://a.example").keep(folder).unwrap_err();
        assert!(refused.to_string().contains("https://b.example"), "{refused}");
        assert_eq!(
            Connection::of_folder(folder).unwrap(),
            Some(connection("https://b.example"))
        );
    }

    #[test]
    fn a_damaged_file_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(SERVER_FILE), "{").unwrap();
        let failure = Connection::of_folder(folder.path()).unwrap_err();
        assert!(failure.to_string().contains("--server"), "{failure}");
    }
}
