//! The server inside the demonstration: the same code as the program `ayumi-server`, over an embedded store in a folder that goes
//! away, on a free port of this computer. Everybody on it is simulated.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use ayumi_core::clock::{Clock as _, SystemClock};
use ayumi_protocol::body::Qualification;
use ayumi_protocol::limits;
use ayumi_protocol::session::Role;
use ayumi_protocol::time::LocalDate;
use ayumi_server::accounts::second_factor;
use ayumi_server::accounts::staff::{self, FirstCredentials, NewStaff};
use ayumi_server::serve::serve_on;
use ayumi_server::server::Server;
use ayumi_server::settings::{LogForm, Notify, Place, Rates, Serving};
use ayumi_server::societies;
use ayumi_server::societies::invitations::{self, Invitation};
use tokio::runtime::Runtime;

use crate::demo_words::Told;
use crate::failure::Failure;
use crate::labels::Labels;

/// What the dietitian signs in with.
pub(super) const LOGIN: &str = "demo-dietitian";

/// A serving server; it ends with this value.
pub(super) struct DemoServer {
    pub address: SocketAddr,
    /// The code of the participant's invitation.
    pub invitation: String,
    dietitian: FirstCredentials,
    runtime: Option<Runtime>,
}

impl Drop for DemoServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl DemoServer {
    /// Serves from an empty folder, with one society, one dietitian, and an invitation of one participant assigned to her.
    pub(super) fn start(folder: &Path, labels: Labels) -> Result<Self, Failure> {
        let failed = |why: &dyn std::fmt::Display| {
            Failure::Core(format!("start the server of the demonstration: {why}"))
        };
        let runtime = Runtime::new().map_err(|error| failed(&error))?;
        let place = Place {
            data: folder.to_owned(),
            store: "sqlite".to_owned(),
            objects: "folder".to_owned(),
            rates: Rates {
                pushes_per_minute: limits::PUSHES_PER_MINUTE,
                push_burst: limits::PUSH_BURST,
                sign_ins_per_hour: limits::SIGN_INS_PER_HOUR,
            },
        };
        let server = runtime.block_on(place.open()).map_err(|error| failed(&error))?;
        let (dietitian, invitation) = runtime
            .block_on(people(&server, labels))
            .map_err(|fault| failed(&fault))?;
        // Bound before anybody is told the address: nobody else ever answers there. Who connects before it serves waits a moment.
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| failed(&error))?;
        let address = listener.local_addr().map_err(|error| failed(&error))?;
        let serving = serving(address);
        // Should it end, the phones cannot reach it, and say so.
        runtime.spawn(async move { serve_on(server, listener, &serving).await });
        Ok(Self {
            address,
            invitation,
            dietitian,
            runtime: Some(runtime),
        })
    }

    /// Password and one-time code of the dietitian, as she types them now. The code serves once.
    pub(super) fn credentials(&self) -> Result<(&str, String), Failure> {
        let address = self.dietitian.second_factor.0.as_str();
        let code =
            second_factor::digits_of(address, SystemClock.now().0).map_err(|error| Failure::core(&error))?;
        Ok((self.dietitian.password.0.as_str(), code))
    }
}

/// When the simulated participant is born.
pub(super) fn born() -> Result<LocalDate, Failure> {
    LocalDate::new(1975, 4, 1).ok_or_else(|| Failure::Core("make a date of birth".to_owned()))
}

async fn people(
    server: &Server,
    labels: Labels,
) -> Result<(FirstCredentials, String), Box<dyn std::error::Error>> {
    let word = |word: Told| labels.word(word).to_owned();
    let society_id = societies::create(server, "demo", &word(Told::Society)).await?;
    societies::add_consent_text(server, society_id, "1", &word(Told::ConsentText)).await?;
    let dietitian = NewStaff {
        login: LOGIN.to_owned(),
        name: word(Told::DietitianName),
        roles: vec![(society_id, Role::Dietitian)],
        qualification: Some(Qualification::RegisteredDietitian),
        reply_hours: Some(word(Told::ReplyHours)),
    };
    let dietitian = staff::create(server, dietitian).await?;
    let birth_date = born()?;
    let participant = Invitation {
        society_id,
        name: word(Told::ParticipantName),
        name_reading: None,
        birth_date,
        dietitian_id: Some(dietitian.account_id),
        external_ref: None,
    };
    let invitation = invitations::make(server, participant).await?;
    Ok((dietitian, invitation))
}

const fn serving(listen: SocketAddr) -> Serving {
    Serving {
        listen,
        internal_listen: None,
        tls_certificate: None,
        tls_key: None,
        notify: Notify::Off,
        trusted_proxies: Vec::new(),
        header_seconds: 15,
        request_seconds: limits::REQUEST_DEADLINE.as_secs(),
        taking_seconds: 60,
        log: LogForm::Text,
    }
}
