//! `ayumi-server admin ...`: what an operator does at the command line.

use std::fs;
use std::path::PathBuf;

use ayumi_protocol::cursor::Epoch;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::time::LocalDate;
use clap::Subcommand;

use crate::audit::{self, Act, Chain};
use crate::host::Host;
use crate::server::{Server, boxed};
use crate::settings::Place;
use crate::societies::invitations::Invitation;
use crate::societies::{self, invitations};
use crate::store::{Fault, migrate_postgres, state};

/// A command of the operator.
#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Makes the schema of a PostgreSQL database, or brings it up to date. The embedded store needs no such step.
    Migrate,
    /// Makes a society: `admin society-create fujikura "フジクラ健康保険組合"`.
    SocietyCreate {
        /// Its short name in commands.
        code: String,
        /// Its name for people.
        name: String,
    },
    /// Puts a version of a society's consent text in force: `admin consent-text fujikura 2026-04 text.txt`.
    ConsentText {
        /// Code of the society.
        society: String,
        /// Name of the version: lower-case letters, digits and `_ . - / +`.
        version: String,
        /// The text, in UTF-8.
        file: PathBuf,
    },
    /// Invites one person and prints the code for her letter, once: `admin invitation-create fujikura "山田花子" 1975-04-01`.
    InvitationCreate {
        /// Code of the society.
        society: String,
        /// Her name.
        name: String,
        /// Her birth date, as 1975-04-01.
        birth_date: String,
        /// How her name is read.
        #[arg(long)]
        name_reading: Option<String>,
    },
    /// Makes the store another incarnation, after it was restored by the tools of its database: every phone reads its logs again and
    /// offers once more what it wrote and the store no longer has.
    NewEpoch,
}

/// Runs a command and brings what it prints.
///
/// Errors: a sentence that says what to do.
pub async fn run(place: &Place, command: AdminCommand) -> Result<String, String> {
    if let AdminCommand::Migrate = command {
        return migrate(place).await;
    }
    let server = place.open().await?;
    let printed = run_on(&server, command).await;
    server.store.close().await;
    printed
}

async fn migrate(place: &Place) -> Result<String, String> {
    let settings = place.postgres().map_err(|error| error.to_string())?;
    let settings = settings
        .ok_or("the embedded store is brought up to date when it is opened; name a database by --store")?;
    migrate_postgres(&settings, &Host::system())
        .await
        .map_err(|error| format!("cannot {error}"))?;
    Ok("the schema is up to date".to_owned())
}

async fn run_on(server: &Server, command: AdminCommand) -> Result<String, String> {
    match command {
        AdminCommand::Migrate => Ok(String::new()),
        AdminCommand::SocietyCreate { code, name } => {
            let society_id = societies::create(server, &code, &name).await.map_err(|fault| {
                explain(
                    &fault,
                    &ProblemCode::InvalidValue,
                    "there is a society with this code already",
                )
            })?;
            Ok(society_id.to_string())
        }
        AdminCommand::ConsentText {
            society,
            version,
            file,
        } => {
            let text = fs::read_to_string(&file)
                .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
            let society_id = find(server, &society).await?;
            societies::add_consent_text(server, society_id, &version, &text)
                .await
                .map_err(|fault| {
                    let why = "the society has this version already, or its name is not made of lower-case letters, digits and `_ . - / +`";
                    explain(&fault, &ProblemCode::InvalidValue, why)
                })?;
            Ok(format!("version {version} is in force"))
        }
        AdminCommand::InvitationCreate {
            society,
            name,
            birth_date,
            name_reading,
        } => {
            let birth_date =
                LocalDate::parse(&birth_date).ok_or("the birth date is no date: write it as 1975-04-01")?;
            let invitation = Invitation {
                society_id: find(server, &society).await?,
                name,
                name_reading,
                birth_date,
                dietitian_id: None,
                external_ref: None,
            };
            let code = invitations::make(server, invitation).await;
            code.map_err(|fault| fault.to_string())
        }
        AdminCommand::NewEpoch => {
            let epoch = Epoch::from_uuid(server.host.random_uuid());
            let renewed = server.write((epoch, server.host.now()), |tx, (epoch, now)| {
                boxed(async move {
                    state::renew(tx, *epoch).await?;
                    let act = Act::by_server(*now, "epoch.renewed", "");
                    Ok(audit::record(tx, Chain::Server, &act).await?)
                })
            });
            renewed.await.map_err(|fault| fault.to_string())?;
            Ok(epoch.to_string())
        }
    }
}

async fn find(server: &Server, code: &str) -> Result<ayumi_protocol::id::SocietyId, String> {
    societies::find(server, code).await.map_err(|fault| {
        let why = "there is no society with this code: make it by `admin society-create`";
        explain(&fault, &ProblemCode::NotFound, why)
    })
}

/// What a refusal means here; any other fault speaks for itself.
fn explain(fault: &Fault, code: &ProblemCode, why: &str) -> String {
    match fault {
        Fault::Refused(refused) if refused.code == *code => why.to_owned(),
        other => format!("failed to {other}"),
    }
}
