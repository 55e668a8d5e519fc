//! The real server on a real socket in this process, with a simulated society, and real apps that reach it.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ayumi_core::app::{App, Config};
use ayumi_core::clock::{Clock as _, ManualClock, SystemClock};
use ayumi_core::secret::MemorySecretStore;
use ayumi_core::server::{ServerAddress, ServerConfig};
use ayumi_core::time::Tz;
use ayumi_protocol::body::Qualification;
use ayumi_protocol::id::{AccountId, CaseId};
use ayumi_protocol::session::{DeviceDescription, Platform, Role};
use ayumi_protocol::time::LocalDate;
use ayumi_protocol::version::AppVersion;
use ayumi_server::accounts::second_factor;
use ayumi_server::accounts::staff::{self, NewStaff};
use ayumi_server::serve::serve;
use ayumi_server::server::Server;
use ayumi_server::settings::{LogForm, Notify, Place, Rates, Serving};
use ayumi_server::societies;
use ayumi_server::societies::invitations::{self, Invitation};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::phone::SeededRandom;

/// Longer than anything takes; nothing waits for it unless a test fails.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// The text to which simulated participants agree.
pub const CONSENT: &str = "A simulated text of consent.";

/// A certificate for `localhost`, its key, and the authority that signed it: those of the tests of the server.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// In PEM.
    pub authority: PathBuf,
    /// In PEM.
    pub certificate: PathBuf,
    /// In PEM.
    pub key: PathBuf,
}

impl Certificates {
    /// The files of the repository.
    #[must_use]
    pub fn of_repository() -> Self {
        let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../server/tests/tls"));
        Self {
            authority: folder.join("authority.pem"),
            certificate: folder.join("localhost.pem"),
            key: folder.join("localhost.key.pem"),
        }
    }
}

/// A server with one dietitian. It ends with this value.
pub struct RealServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// The node.
    pub server: Server,
    /// Its dietitian.
    pub dietitian_id: AccountId,
    society_id: ayumi_protocol::id::SocietyId,
    password: String,
    totp_secret: Vec<u8>,
    runtime: Option<Runtime>,
    _folder: TempDir,
}

impl Drop for RealServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl RealServer {
    /// Speaks HTTP/1.1 without TLS.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// Over TLS if there are certificates.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start_with(certificates: Option<Certificates>) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let folder = TempDir::new().expect("a folder");
        let place = Place {
            data: folder.path().join("data"),
            store: "sqlite".to_owned(),
            objects: "folder".to_owned(),
            rates: Rates {
                pushes_per_minute: u32::MAX,
                push_burst: u32::MAX,
                sign_ins_per_hour: u32::MAX,
            },
        };
        let server = runtime.block_on(place.open()).expect("a server");
        let (society_id, made) = runtime.block_on(async {
            let society_id = societies::create(&server, "simulated", "Simulated")
                .await
                .expect("a society");
            societies::add_consent_text(&server, society_id, "1", CONSENT)
                .await
                .expect("a text");
            let new = NewStaff {
                login: "dietitian".to_owned(),
                name: "試用 栄子".to_owned(),
                roles: vec![(society_id, Role::Dietitian)],
                qualification: Some(Qualification::RegisteredDietitian),
                reply_hours: Some("平日 10時から16時".to_owned()),
            };
            (
                society_id,
                staff::create(&server, new).await.expect("a dietitian"),
            )
        });
        let address = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port");
        let serving = Serving {
            listen: address,
            internal_listen: None,
            tls_certificate: certificates.as_ref().map(|files| files.certificate.clone()),
            tls_key: certificates.map(|files| files.key),
            notify: Notify::Off,
            trusted_proxies: Vec::new(),
            header_seconds: 15,
            request_seconds: 30,
            taking_seconds: 60,
            log: LogForm::Text,
        };
        let node = server.clone();
        runtime.spawn(async move { serve(node, &serving).await.expect("it serves") });
        while std::net::TcpStream::connect(address).is_err() {
            std::thread::yield_now();
        }
        Self {
            address,
            server,
            dietitian_id: made.account_id,
            society_id,
            password: made.password.0.as_str().to_owned(),
            totp_secret: base32(made.second_factor.0.as_str()),
            runtime: Some(runtime),
            _folder: folder,
        }
    }

    /// Where apps connect without a proxy.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("it runs")
    }

    /// Runs something of the server to its end.
    pub fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime().block_on(work)
    }

    /// A code for one more participant of the dietitian, born on [`born`].
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn invitation(&self) -> String {
        let invitation = Invitation {
            society_id: self.society_id,
            name: "試用 歩子".to_owned(),
            name_reading: None,
            birth_date: born(),
            dietitian_id: Some(self.dietitian_id),
            external_ref: None,
        };
        self.runtime()
            .block_on(invitations::make(&self.server, invitation))
            .expect("an invitation")
    }

    /// Password and one-time code of the dietitian, as she types them now. Each code serves once in half a minute.
    ///
    /// # Panics
    /// If there is no code.
    #[must_use]
    pub fn credentials(&self) -> (String, String) {
        let digits = second_factor::digits(&self.totp_secret, SystemClock.now().0).expect("a second factor");
        (self.password.clone(), digits)
    }

    /// Signs the dietitian in on a phone. Each of the six digits serves once in half a minute, so once for each server.
    ///
    /// # Panics
    /// If it fails.
    pub fn sign_dietitian_in(&self, phone: &RealPhone) {
        let digits = second_factor::digits(&self.totp_secret, SystemClock.now().0).expect("a second factor");
        phone
            .app
            .sync()
            .staff_sign_in("dietitian", &self.password, &digits, PATIENCE)
            .expect("a session");
    }
}

/// The secret in the address that an authenticator reads.
pub(crate) fn base32(address: &str) -> Vec<u8> {
    let start = address.find("secret=").expect("a secret") + "secret=".len();
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for letter in address[start..].bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => break,
        };
        bits = (bits << 5) | u32::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).expect("a byte"));
        }
    }
    bytes
}

/// When simulated participants are born.
#[must_use]
pub fn born() -> LocalDate {
    LocalDate::new(1975, 4, 1).expect("a date")
}

/// A real app in a folder of its own.
pub struct RealPhone {
    /// The app.
    pub app: App,
    /// Its wall clock: the real time at its start, then as told.
    pub clock: Arc<ManualClock>,
    /// Its tokens.
    pub secrets: Arc<MemorySecretStore>,
    /// Its folder.
    pub folder: TempDir,
}

impl RealPhone {
    /// A phone that reaches the server at an address.
    #[must_use]
    pub fn new(url: &str, seed: u64) -> Self {
        Self::with(url, seed, |_| {})
    }

    /// The same, with changes to how it reaches the server.
    ///
    /// # Panics
    /// If it cannot be opened.
    #[must_use]
    pub fn with(url: &str, seed: u64, change: impl FnOnce(&mut ServerConfig)) -> Self {
        let folder = TempDir::new().expect("a folder");
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        let secrets = Arc::new(MemorySecretStore::default());
        let device = DeviceDescription {
            platform: Platform::Android,
            model: "simulated".to_owned(),
            app_version: AppVersion::parse("1.0.0").expect("a version"),
        };
        let address = ServerAddress::parse(url).expect("an address");
        let mut server = ServerConfig::new(address, Arc::<MemorySecretStore>::clone(&secrets), device);
        change(&mut server);
        let app = App::open(Config {
            folder: folder.path().join("app"),
            key: None,
            zone: Tz::Asia__Tokyo,
            clock: Arc::<ManualClock>::clone(&clock),
            random: Arc::new(SeededRandom::new(seed)),
            server: Some(server),
        })
        .expect("an app");
        Self {
            app,
            clock,
            secrets,
            folder,
        }
    }

    /// Enrols with a new invitation, agrees to the text, and exchanges that. Returns her case.
    ///
    /// # Panics
    /// If anything fails.
    pub fn enrol(&self, server: &RealServer) -> CaseId {
        let sync = self.app.sync();
        sync.enrol(&server.invitation(), born(), PATIENCE)
            .expect("a session");
        let text = sync.consent_text(PATIENCE).expect("the text");
        self.app
            .cases()
            .give_consent(text.version, text.text_sha256)
            .expect("consent");
        assert!(sync.sync_now(PATIENCE).expect("an exchange").is_complete);
        let account = self.app.account().expect("an account").expect("an account");
        account.case_id.expect("a case")
    }
}
