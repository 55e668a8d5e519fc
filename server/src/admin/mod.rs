//! `ayumi-server admin ...`: what an operator does at the command line.
//!
//! The commands work on the store itself. Each is one transaction, or says how far it came.

mod audits;
mod backups;
mod cases;
mod demo;
mod invitations;
mod people;
mod societies;

use std::path::PathBuf;

use ayumi_protocol::body::{ErasureReason, Qualification};
use ayumi_protocol::cursor::{Audience, Epoch};
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::session::Role;
use ayumi_protocol::time::LocalDate;
use clap::Subcommand;

use crate::audit::{self, Act, Chain};
use crate::host::Host;
use crate::server::{Server, boxed};
use crate::settings::Place;
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
    /// Lists the societies.
    SocietyList,
    /// Puts a version of a society's consent text in force: `admin consent-text fujikura 2026-04 text.txt`.
    ConsentText {
        /// Code of the society.
        society: String,
        /// Name of the version: lower-case letters, digits and `_ . - / +`.
        version: String,
        /// The text, in UTF-8.
        file: PathBuf,
    },
    /// Makes an account of staff and prints its first password and second factor, once: `admin staff-create fujikura dietitian sato "佐藤美咲"`.
    StaffCreate {
        /// Code of the society.
        society: String,
        /// dietitian, adviser, coordinator or administrator.
        #[arg(value_parser = staff_role)]
        role: Role,
        /// The name to sign in with: lower-case letters, digits and `. _ - @ +`.
        login: String,
        /// The name for people.
        name: String,
        /// `physician`, `public_health_nurse`, `registered_dietitian` or `other`.
        #[arg(long, value_parser = qualification)]
        qualification: Option<Qualification>,
        /// When an answer can be expected, in their own words.
        #[arg(long)]
        reply_hours: Option<String>,
    },
    /// Prints a new password and second factor of somebody who lost theirs, once, and ends their sessions.
    StaffRenew {
        /// The name they sign in with.
        login: String,
    },
    /// Gives a role in a society, or takes it away with `--remove`.
    StaffRole {
        /// The name they sign in with.
        login: String,
        /// Code of the society.
        society: String,
        /// dietitian, adviser, coordinator or administrator.
        #[arg(value_parser = staff_role)]
        role: Role,
        /// Takes the role away.
        #[arg(long)]
        remove: bool,
    },
    /// Lists the staff of a society.
    StaffList {
        /// Code of the society.
        society: String,
    },
    /// Invites one person and prints the code for her letter, once: `admin invitation-create fujikura "山田花子" 1975-04-01`.
    InvitationCreate {
        /// Code of the society.
        society: String,
        /// Her name.
        name: String,
        /// Her birth date, as 1975-04-01.
        #[arg(value_parser = local_date)]
        birth_date: LocalDate,
        /// How her name is read.
        #[arg(long)]
        name_reading: Option<String>,
        /// Login of the dietitian who guides her from the start.
        #[arg(long)]
        dietitian: Option<String>,
        /// The society's own reference.
        #[arg(long)]
        reference: Option<String>,
    },
    /// Invites everybody in a CSV file and writes their codes into another: `admin invitation-import fujikura people.csv codes.csv`.
    ///
    /// The first line names the columns: `name` and `birth_date`, and if they are known `name_reading`, `reference` and `dietitian`
    /// (a login). The file is checked as a whole first; with one bad line nobody is invited. A reference that was invited before is
    /// passed over, so the same file can be imported again after an interruption.
    InvitationImport {
        /// Code of the society.
        society: String,
        /// The people, in UTF-8.
        file: PathBuf,
        /// Where the codes are written; must not exist.
        codes: PathBuf,
    },
    /// Lists the invitations of a society, without their codes.
    InvitationList {
        /// Code of the society.
        society: String,
    },
    /// Lists the cases of a society with their consent and who acts for each.
    CaseList {
        /// Code of the society.
        society: String,
    },
    /// Sets who acts for a case: `admin assign CASE sato --substitute suzuki`.
    Assign {
        /// Id of the case.
        case: String,
        /// Login of her dietitian.
        dietitian: String,
        /// Login of a substitute; may stand several times.
        #[arg(long)]
        substitute: Vec<String>,
    },
    /// Erases the body of one entry for good, here and in every replica; its place stays: `admin entry-erase CASE care 17`.
    ///
    /// An edited text stands in the log once for each edit: erase each of them. Backups of before still hold it.
    EntryErase {
        /// Id of the case.
        case: String,
        /// The log: `care`, `staff` or `advice`.
        #[arg(value_parser = audience)]
        audience: Audience,
        /// Place of the entry.
        seq: i64,
        /// Why: `requested`, `accidental` or `term_ended`.
        #[arg(long, default_value = "requested", value_parser = erasure_reason)]
        reason: ErasureReason,
    },
    /// Stops an account for now. Nothing is lost.
    AccountSuspend {
        /// Its login or id.
        account: String,
    },
    /// Lets a suspended account go on.
    AccountResume {
        /// Its login or id.
        account: String,
    },
    /// Ends all sessions of an account, such as after a phone was lost.
    SessionEnd {
        /// Its login or id.
        account: String,
    },
    /// Verifies the audit: every row of every chain, the ends of the chains, and the daily digests.
    ///
    /// Prints the last digest. Keep it outside this server, and hand it in the next time: then not even somebody who wrote the
    /// whole audit anew goes unnoticed.
    AuditVerify {
        /// A digest that was printed before, such as `17:5b3c…`: the store must still have it.
        #[arg(long, value_name = "NUMBER:HASH", value_parser = digest)]
        digest_at_least: Option<(i64, Sha256)>,
    },
    /// Prints the audit rows of a case or an account, or of the server itself, separated by tabs.
    AuditShow {
        /// Id of the case or the account, or the word `server`.
        chain: String,
    },
    /// Writes a backup into a new folder, while the server serves. It holds health data: encrypt where you keep it.
    Backup {
        /// The folder; must not exist.
        folder: PathBuf,
    },
    /// Restores a backup into an empty store, of either kind. It becomes another incarnation: every phone reads its logs again and
    /// offers once more what it wrote since the backup.
    Restore {
        /// The folder.
        folder: PathBuf,
    },
    /// Makes a society with simulated staff and people, and prints how each signs in.
    DemoData,
    /// Makes the store another incarnation, after it was restored by the tools of its database: every phone reads its logs again and
    /// offers once more what it wrote and the store no longer has.
    NewEpoch,
}

fn staff_role(word: &str) -> Result<Role, String> {
    match Role::from_word(word) {
        Some(role @ (Role::Dietitian | Role::Adviser | Role::Coordinator | Role::Administrator)) => Ok(role),
        _ => Err("it is dietitian, adviser, coordinator or administrator".to_owned()),
    }
}

fn qualification(word: &str) -> Result<Qualification, String> {
    let why = "it is physician, public_health_nurse, registered_dietitian or other";
    Qualification::from_word(word).ok_or_else(|| why.to_owned())
}

fn digest(text: &str) -> Result<(i64, Sha256), String> {
    let digest = text.split_once(':').and_then(|(seq, digest)| {
        let seq = seq.parse().ok().filter(|seq| *seq > 0)?;
        Some((seq, Sha256::parse(digest)?))
    });
    digest.ok_or_else(|| "it is a number, a colon, and 64 digits, as `audit-verify` prints it".to_owned())
}

fn audience(word: &str) -> Result<Audience, String> {
    Audience::from_word(word).ok_or_else(|| "it is care, staff or advice".to_owned())
}

fn erasure_reason(word: &str) -> Result<ErasureReason, String> {
    match ErasureReason::from_word(word) {
        Some(reason) if ErasureReason::KNOWN.contains(&reason) => Ok(reason),
        _ => Err("it is requested, accidental or term_ended".to_owned()),
    }
}

fn local_date(text: &str) -> Result<LocalDate, String> {
    LocalDate::parse(text).ok_or_else(|| "it is no date: write it as 1975-04-01".to_owned())
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
        AdminCommand::SocietyCreate { code, name } => societies::create(server, &code, &name).await,
        AdminCommand::SocietyList => societies::list(server).await,
        AdminCommand::ConsentText {
            society,
            version,
            file,
        } => societies::consent_text(server, &society, &version, &file).await,
        AdminCommand::StaffCreate {
            society,
            role,
            login,
            name,
            qualification,
            reply_hours,
        } => {
            let new = crate::accounts::staff::NewStaff {
                login,
                name,
                roles: vec![(societies::find(server, &society).await?, role)],
                qualification,
                reply_hours,
            };
            people::create_staff(server, new).await
        }
        AdminCommand::StaffRenew { login } => people::renew_staff(server, &login).await,
        AdminCommand::StaffRole {
            login,
            society,
            role,
            remove,
        } => people::set_role(server, &login, &society, role, !remove).await,
        AdminCommand::StaffList { society } => people::list_staff(server, &society).await,
        AdminCommand::InvitationCreate {
            society,
            name,
            birth_date,
            name_reading,
            dietitian,
            reference,
        } => {
            let person = invitations::Person {
                name,
                name_reading,
                birth_date,
                reference,
                dietitian,
            };
            invitations::create(server, &society, person).await
        }
        AdminCommand::InvitationImport { society, file, codes } => {
            invitations::import(server, &society, &file, &codes).await
        }
        AdminCommand::InvitationList { society } => invitations::list(server, &society).await,
        AdminCommand::CaseList { society } => people::list_cases(server, &society).await,
        AdminCommand::Assign {
            case,
            dietitian,
            substitute,
        } => people::assign(server, &case, &dietitian, &substitute).await,
        AdminCommand::EntryErase {
            case,
            audience,
            seq,
            reason,
        } => cases::erase(server, &case, audience, seq, reason).await,
        AdminCommand::AccountSuspend { account } => people::set_status(server, &account, false).await,
        AdminCommand::AccountResume { account } => people::set_status(server, &account, true).await,
        AdminCommand::SessionEnd { account } => people::end_sessions(server, &account).await,
        AdminCommand::AuditVerify { digest_at_least } => audits::verify(server, digest_at_least).await,
        AdminCommand::AuditShow { chain } => audits::show(server, &chain).await,
        AdminCommand::Backup { folder } => backups::write(server, &folder).await,
        AdminCommand::Restore { folder } => backups::restore(server, &folder).await,
        AdminCommand::DemoData => demo::make(server).await,
        AdminCommand::NewEpoch => {
            let epoch = Epoch::from_uuid(server.host.random_uuid());
            let renewed = server.write((epoch, server.host.now()), |tx, (epoch, now)| {
                boxed(async move {
                    state::renew(tx, *epoch).await?;
                    let act = Act::by_server(*now, "epoch.renewed", "");
                    Ok(audit::record(tx, Chain::Server, &act).await?)
                })
            });
            renewed.await.map_err(|fault| failed(&fault))?;
            Ok(epoch.to_string())
        }
    }
}

/// What a refusal means here; any other fault speaks for itself.
fn explain(fault: &Fault, code: &ProblemCode, why: &str) -> String {
    match fault {
        Fault::Refused(refused) if refused.code == *code => why.to_owned(),
        other => failed(other),
    }
}

fn failed(fault: &Fault) -> String {
    format!("failed to {fault}")
}

/// Lines of cells with tabs between them, under a line of titles.
fn table(titles: &[&str], lines: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = titles.join("\t");
    for cells in lines {
        text.push('\n');
        // A tab or line break in a name would shift everything after it.
        let cells: Vec<String> = cells
            .into_iter()
            .map(|cell| cell.replace(char::is_control, " "))
            .collect();
        text.push_str(&cells.join("\t"));
    }
    text
}
