//! A real `PostgreSQL` for tests: one cluster per test process, started on first use, a new database for each caller.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tempfile::TempDir;

use crate::host::Host;
use crate::store::{PostgresSettings, PostgresStore, Store, migrate_postgres};

/// A cluster of its own in a temporary folder, reached through a socket in that folder.
#[derive(Debug)]
pub struct Cluster {
    folder: TempDir,
    keeper: Child,
    port: u16,
}

/// A database of a cluster, with the schema of this program.
#[derive(Debug, Clone)]
pub struct Database {
    settings: PostgresSettings,
    address: String,
}

impl Database {
    /// Its address, for a program.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// How a node reaches it.
    #[must_use]
    pub fn settings(&self) -> PostgresSettings {
        self.settings.clone()
    }

    /// A store over it, as one more node has it.
    ///
    /// # Panics
    /// If the database cannot be reached.
    pub async fn connect(&self) -> Arc<dyn Store> {
        let store = PostgresStore::open(&self.settings, Host::system()).await;
        Arc::new(store.expect("a migrated database"))
    }
}

/// A new database of the cluster of this process.
///
/// # Panics
/// Without `PostgreSQL` on the machine, with a sentence that names the package.
pub async fn database() -> Database {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let cluster = CLUSTER.get_or_init(Cluster::start);
    cluster
        .database(&format!("test{}", NEXT.fetch_add(1, Ordering::SeqCst)))
        .await
}

impl Cluster {
    /// Makes and starts a cluster.
    ///
    /// # Panics
    /// If `PostgreSQL` is missing or does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::start_on(5432, None)
    }

    /// One that also listens on a port of this machine, with TLS: a certificate and its key, in PEM.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_with_tls(certificate: &Path, key: &Path) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        drop(listener);
        Self::start_on(port, Some([certificate, key]))
    }

    fn start_on(port: u16, tls: Option<[&Path; 2]>) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let data = folder.path().join("data");
        // PostgreSQL refuses to run as root; its own user has to reach the folder.
        let is_root = Command::new("id")
            .arg("-u")
            .output()
            .is_ok_and(|answer| answer.stdout.starts_with(b"0\n"));
        if is_root {
            run(Command::new("chown").arg("postgres").arg(folder.path()));
            run(Command::new("chmod").arg("755").arg(folder.path()));
        }
        let program = |name: &str| {
            let path = find(name);
            if is_root {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
                command.arg(path);
                command
            } else {
                Command::new(path)
            }
        };
        run(program("initdb")
            .args([
                "--no-sync",
                "--encoding=UTF8",
                "--locale=C",
                "--auth=trust",
                "--username=ayumi",
            ])
            .arg("--pgdata")
            .arg(&data)
            .current_dir("/"));
        let mut server = program("postgres");
        server.arg("-D").arg(&data).arg("-k").arg(folder.path());
        let mut settings = vec![format!("port={port}"), "max_connections=200".to_owned()];
        if let Some([certificate, key]) = tls {
            // The key has to belong to the server alone, so both are copied.
            let copies = [
                (certificate, "certificate.pem", "ssl_cert_file"),
                (key, "key.pem", "ssl_key_file"),
            ];
            for (from, name, setting) in copies {
                let to = folder.path().join(name);
                std::fs::copy(from, &to).expect("a copied file");
                run(Command::new("chmod").arg("600").arg(&to));
                if is_root {
                    run(Command::new("chown").arg("postgres").arg(&to));
                }
                settings.push(format!("{setting}={}", to.display()));
            }
            settings.extend(["listen_addresses=127.0.0.1".to_owned(), "ssl=on".to_owned()]);
        } else {
            settings.push("listen_addresses=".to_owned());
        }
        for setting in settings {
            server.args(["-c", &setting]);
        }
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .arg(folder.path())
            .arg(server.get_program())
            .args(server.get_args())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a started PostgreSQL");
        let socket = folder.path().join(format!(".s.PGSQL.{port}"));
        for _ in 0..200 {
            if socket.exists() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { folder, keeper, port }
    }

    /// The port of its socket, and of this machine if it has TLS.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder with its data and its socket.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends the server at once, as `pg_ctl stop -m immediate` does: nothing is written any more, and the next start recovers from
    /// the log. It is started again by itself.
    ///
    /// # Panics
    /// If no server runs.
    pub fn crash(&self) {
        let pid = self.server_pid().expect("a running server");
        run(Command::new("kill").args(["-QUIT", &pid]));
    }

    /// Process of the server, while there is one.
    #[must_use]
    pub fn server_pid(&self) -> Option<String> {
        let file = self.folder.path().join("data").join("postmaster.pid");
        let text = std::fs::read_to_string(file).ok()?;
        text.lines().next().map(str::to_owned)
    }

    /// Makes a database and its schema.
    ///
    /// # Panics
    /// If that fails.
    pub async fn database(&self, name: &str) -> Database {
        let socket = self.folder.path().display();
        let address = |name: &str| format!("host={socket} port={} user=ayumi dbname={name}", self.port);
        let config: tokio_postgres::Config = address("postgres").parse().expect("an address");
        // The socket may be there a moment before the server answers.
        let mut tries = 0;
        let (client, connection) = loop {
            match config.connect(tokio_postgres::NoTls).await {
                Ok(connected) => break connected,
                Err(error) => {
                    tries += 1;
                    assert!(tries < 200, "PostgreSQL does not answer: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        };
        tokio::spawn(connection);
        let statement = format!("CREATE DATABASE {name}");
        client.batch_execute(&statement).await.expect("a new database");
        let settings = PostgresSettings::parse(&address(name)).expect("an address");
        migrate_postgres(&settings, &Host::system())
            .await
            .expect("the schema");
        Database {
            settings,
            address: address(name),
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Keeps a server running until its own input ends, which is when the process that started it has ended, however that happened:
/// one that is killed is started again. Then it stops the server and removes the folder.
const KEEPER: &str = r#"
folder=$1
shift
{
    until [ -e "$folder/is-over" ]; do
        "$@"
        sleep 0.05
    done
    touch "$folder/has-ended"
} &
read -r _
touch "$folder/is-over"
until [ -e "$folder/has-ended" ]; do
    kill -INT "$(head -n 1 "$folder/data/postmaster.pid")"
    sleep 0.05
done
rm -rf "$folder"
"#;

/// Debian keeps the programs of the server out of the search path.
fn find(name: &str) -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut found: Vec<PathBuf> = folders
        .map(|folder| folder.path().join("bin").join(name))
        .filter(|path| path.exists())
        .collect();
    found.sort();
    found.pop().unwrap_or_else(|| PathBuf::from(name))
}

fn run(command: &mut Command) {
    let output = command.output();
    let is_done = output.as_ref().is_ok_and(|output| output.status.success());
    assert!(
        is_done,
        "cannot run {command:?}: {output:?}\nthese tests need PostgreSQL: apt-get install postgresql",
    );
}
