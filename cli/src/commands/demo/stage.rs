//! Where the story of the two phones plays: a folder for each phone and one for the server, the server, and the network before the
//! participant's phone.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ayumi_core::sync::engine::Signal;
use ayumi_protocol::id::CaseId;

use super::network::Network;
use super::server::DemoServer;
use crate::arguments::Common;
use crate::commands::exchange::trouble;
use crate::connection::Connection;
use crate::context::{Context, language};
use crate::failure::Failure;
use crate::labels::Labels;

/// Longer than anything takes on this computer; nothing waits for it unless something is wrong.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// How long somebody looks whether a try without a network has failed yet.
const GLANCE: Duration = Duration::from_millis(50);
/// How often at most: as long as [`PATIENCE`].
const GLANCES: u32 = 600;

/// The three programs of the story and what is between them.
pub(super) struct Stage {
    pub common: Common,
    pub labels: Labels,
    /// Of the participant, where her measurements are imported.
    pub participant: PathBuf,
    pub dietitian: PathBuf,
    /// The participant's second phone.
    pub new_phone: PathBuf,
    pub server: DemoServer,
    pub network: Network,
}

impl Stage {
    /// Starts the server and gives each phone its folder and its way to the server: the participant through the network that can be
    /// taken away, the dietitian and the later phone without.
    pub(super) fn set_up(common: &Common, folder: &Path) -> Result<Self, Failure> {
        let labels = Labels::new(language(common));
        let part = |name: &str| folder.join(name);
        let (participant, server_data) = (part("participant"), part("server"));
        for taken in [&participant, &server_data] {
            if taken.exists() {
                return Err(Failure::file(
                    taken,
                    &"a demonstration was here before: name another folder with --database, or delete this one",
                ));
            }
        }
        let server = DemoServer::start(&server_data, labels)?;
        let network = Network::before(server.address)
            .map_err(|error| Failure::Core(format!("make the network of the demonstration: {error}")))?;
        let stage = Self {
            common: common.clone(),
            labels,
            participant,
            dietitian: part("dietitian"),
            new_phone: part("new-phone"),
            server,
            network,
        };
        for (phone, address) in [
            (&stage.participant, stage.network.address),
            (&stage.dietitian, stage.server.address),
            (&stage.new_phone, stage.server.address),
        ] {
            let connection = Connection {
                address: format!("http://{address}"),
                root_certificates: None,
            };
            connection.keep(phone)?;
        }
        Ok(stage)
    }

    /// Opens a phone, does something with it, and closes it in an orderly way.
    pub(super) fn with_phone<T>(
        &self,
        folder: &Path,
        work: impl FnOnce(&Context) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        Context::with_folder(&self.common, folder, work)
    }
}

/// Exchanges everything there is; brings how many operations were sent and how many entries came.
pub(super) fn exchange(phone: &Context) -> Result<(u64, u64), Failure> {
    let outcome = phone.app.sync().sync_now(PATIENCE)?;
    match (outcome.is_complete, trouble(phone.labels, &outcome.status)) {
        (true, None) => Ok((outcome.sent, outcome.received)),
        (_, Some(trouble)) => Err(failed(trouble)),
        (false, None) => Err(failed("it takes longer than the limit")),
    }
}

/// Tries to exchange without a network. Brings what the phone then says of it.
pub(super) fn exchange_in_vain(phone: &Context) -> Result<&'static str, Failure> {
    // The phone tries a second and a third time some seconds later. What the first try found is enough.
    for _ in 0..GLANCES {
        let status = phone.app.sync().sync_now(GLANCE)?.status;
        if let Some(trouble) = trouble(phone.labels, &status) {
            return Ok(trouble);
        }
    }
    Err(failed("it notices nothing of a network that is away"))
}

/// As the platform would when the network is back.
pub(super) fn tell_network_is_back(phone: &Context) {
    phone.app.sync().signal(Signal::Connectivity);
}

fn failed(why: &str) -> Failure {
    Failure::Core(format!("exchange with the server of the demonstration: {why}"))
}

/// The one case of the dietitian.
pub(super) fn case_of(dietitian: &Context) -> Result<CaseId, Failure> {
    match dietitian.app.staff().caseload()?.as_slice() {
        [line] => Ok(line.case_id),
        _ => Err(Failure::Core(
            "find the one case of the demonstration's dietitian".to_owned(),
        )),
    }
}
