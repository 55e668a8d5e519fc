//! What is set on the command line or in the environment.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use ayumi_protocol::limits;
use clap::{Args, Parser, Subcommand, ValueEnum};
use object_store::ObjectStore;

use crate::admin::AdminCommand;
use crate::host::Host;
use crate::policy::Policy;
use crate::server::{Parts, Server};
use crate::store::{FolderLock, PostgresSettings, PostgresStore, Running, SqliteStore, Store, StoreError};
use crate::uploads::objects;

/// The backend of Ayumi. Without a command it serves.
#[derive(Debug, Parser)]
#[command(name = "ayumi-server", version, about)]
pub struct CommandLine {
    /// Where everything is kept.
    #[command(flatten)]
    pub place: Place,
    /// How it serves.
    #[command(flatten)]
    pub serving: Serving,
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serves until it is told to stop (SIGTERM or Ctrl-C).
    Serve,
    /// Societies, invitations, and the upkeep of the store.
    ///
    /// It works on the store itself and can run while a server serves.
    Admin {
        /// Which of them.
        #[command(subcommand)]
        command: AdminCommand,
    },
}

/// Where everything is kept.
#[derive(Debug, Args)]
pub struct Place {
    /// Folder for pictures, and for the store unless it is elsewhere.
    #[arg(
        long,
        env = "AYUMI_DATA",
        default_value = "ayumi-data",
        value_name = "FOLDER",
        global = true
    )]
    pub data: PathBuf,
    /// `sqlite` for a file in the folder, or the address of a PostgreSQL database, such as `postgresql://ayumi@localhost/ayumi`.
    /// TLS follows its `sslmode` (disable, prefer, require) and `sslrootcert` (a file in PEM).
    #[arg(
        long,
        env = "AYUMI_STORE",
        default_value = "sqlite",
        value_name = "STORE",
        hide_env_values = true,
        global = true
    )]
    pub store: String,
    /// `folder` for pictures in the folder, or `s3://BUCKET` for a service that speaks S3. Where that is and who asks comes from
    /// `AWS_ENDPOINT`, `AWS_REGION`, `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`; `AWS_ALLOW_HTTP=true` for one on the same machine.
    #[arg(
        long,
        env = "AYUMI_OBJECTS",
        default_value = "folder",
        value_name = "OBJECTS",
        global = true
    )]
    pub objects: String,
    /// Rates.
    #[command(flatten)]
    pub rates: Rates,
}

/// How much one device or one address may do. A benchmark or a test raises them.
#[derive(Debug, Args)]
pub struct Rates {
    /// Pushes of one device in a minute.
    #[arg(long, env = "AYUMI_PUSHES_PER_MINUTE", default_value_t = limits::PUSHES_PER_MINUTE, value_name = "COUNT")]
    pub pushes_per_minute: u32,
    /// Pushes of one device at once.
    #[arg(long, env = "AYUMI_PUSH_BURST", default_value_t = limits::PUSH_BURST, value_name = "COUNT")]
    pub push_burst: u32,
    /// Tries to sign in, enrol or move to a new telephone in an hour, from one address and for one login or code.
    #[arg(long, env = "AYUMI_SIGN_INS_PER_HOUR", default_value_t = limits::SIGN_INS_PER_HOUR, value_name = "COUNT")]
    pub sign_ins_per_hour: u32,
}

impl Rates {
    fn policy(&self) -> Policy {
        Policy {
            pushes_per_minute: self.pushes_per_minute,
            push_burst: self.push_burst,
            sign_ins_per_hour: self.sign_ins_per_hour,
            ..Policy::default()
        }
    }
}

/// How a node serves.
#[derive(Debug, Args)]
pub struct Serving {
    /// Address for phones.
    #[arg(
        long,
        env = "AYUMI_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS"
    )]
    pub listen: SocketAddr,
    /// Address for health checks and metrics; not for the public.
    #[arg(long, env = "AYUMI_INTERNAL_LISTEN", value_name = "ADDRESS")]
    pub internal_listen: Option<SocketAddr>,
    /// Certificate chain in PEM, for TLS without a proxy in front.
    #[arg(
        long,
        env = "AYUMI_TLS_CERTIFICATE",
        value_name = "FILE",
        requires = "tls_key"
    )]
    pub tls_certificate: Option<PathBuf>,
    /// Its private key in PEM.
    #[arg(
        long,
        env = "AYUMI_TLS_KEY",
        value_name = "FILE",
        requires = "tls_certificate"
    )]
    pub tls_key: Option<PathBuf>,
    /// Whether nodes over one PostgreSQL database tell each other about news. Without it news from another node takes some seconds.
    #[arg(long, env = "AYUMI_NOTIFY", default_value = "on", value_name = "on|off")]
    pub notify: Notify,
    /// Address of a proxy in front that tells by `X-Forwarded-For` where a request came from. May be given more than once.
    #[arg(
        long = "trusted-proxy",
        env = "AYUMI_TRUSTED_PROXIES",
        value_name = "ADDRESS",
        value_delimiter = ','
    )]
    pub trusted_proxies: Vec<IpAddr>,
    /// Seconds in which a connection has to say what it wants, also between two requests.
    #[arg(long, env = "AYUMI_HEADER_SECONDS", default_value_t = 15, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub header_seconds: u64,
    /// Seconds that a request may take with its answer, unless it is a long poll or sends a picture.
    #[arg(long, env = "AYUMI_REQUEST_SECONDS", default_value_t = limits::REQUEST_DEADLINE.as_secs(), value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub request_seconds: u64,
    /// Seconds after which a connection ends on which the other side takes nothing of an answer.
    #[arg(long, env = "AYUMI_TAKING_SECONDS", default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub taking_seconds: u64,
    /// Form of the log on standard error.
    #[arg(long, env = "AYUMI_LOG", default_value = "text")]
    pub log: LogForm,
}

/// Whether nodes tell each other about news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Notify {
    /// By LISTEN and NOTIFY, on one more connection of each node.
    On,
    /// Not at all: for a pooler that hands out connections by transaction.
    Off,
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogForm {
    /// For a person.
    Text,
    /// One JSON object a line.
    Json,
}

impl Place {
    /// The address of the database, if the store is one.
    ///
    /// Errors: `Unavailable`, if it is neither `sqlite` nor an address.
    pub fn postgres(&self) -> Result<Option<PostgresSettings>, StoreError> {
        if self.store == "sqlite" {
            return Ok(None);
        }
        PostgresSettings::parse(&self.store).map(Some)
    }

    /// Keeps a second server away from the folder, while the lock is held, if the store is in it.
    ///
    /// Errors: a sentence that says what to do.
    pub fn lock(&self) -> Result<Option<FolderLock>, String> {
        let is_embedded = self.postgres().map_err(|error| error.to_string())?.is_none();
        is_embedded.then(|| FolderLock::take(&self.data)).transpose()
    }

    fn objects(&self) -> Result<Arc<dyn ObjectStore>, String> {
        if let Some(bucket) = self.objects.strip_prefix("s3://") {
            return objects::s3(bucket.trim_end_matches('/'))
                .map_err(|error| format!("cannot use {}: {error}", self.objects));
        }
        if self.objects != "folder" {
            return Err("--objects is `folder` or an address such as s3://BUCKET".to_owned());
        }
        let pictures = self.data.join("objects");
        objects::in_folder(&pictures).map_err(|_| {
            format!(
                "cannot make the folder {}: choose another by --data",
                pictures.display()
            )
        })
    }

    /// Opens everything.
    ///
    /// Errors: a sentence that says what to do.
    pub async fn open(&self) -> Result<Server, String> {
        let host = Host::system();
        let folder = &self.data;
        let objects = self.objects()?;
        let store: Arc<dyn Store> = match self.postgres().map_err(|error| error.to_string())? {
            None => {
                let running = Running::OnThreads { readers: 4 };
                let store = SqliteStore::open(folder, running, &host);
                Arc::new(
                    store
                        .map_err(|error| format!("cannot open the store in {}: {error}", folder.display()))?,
                )
            }
            Some(settings) => {
                let store = PostgresStore::open(&settings, host.clone()).await;
                Arc::new(store.map_err(|error| format!("cannot open the database: {error}"))?)
            }
        };
        Ok(Server::new(Parts::new(host, store, objects, self.rates.policy())))
    }
}
